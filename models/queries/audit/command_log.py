"""Commands that were carried out, and the texts of commands on their way to their activity."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role, Viewer
from domain.errors import NotFound
from models.audit import CommandArgument, CommandLog
from models.queries.prebuilt import Prebuilt


async def find_command(session: AsyncSession, entity_id: str, request_id: str) -> CommandLog | None:
    return await session.get(CommandLog, (entity_id, request_id))


_STAGE = Prebuilt(
    text(
        """
        with waiting as (
            select count(*) as places from command_argument
            where person_id = :person_id and claimed_until > now() and request_id <> :request_id
        ), staged as (
            insert into command_argument (request_id, arguments, person_id, claimed_until)
            select :request_id, cast(:arguments as jsonb), :person_id, now() + make_interval(secs => :seconds)
            from waiting where places < cast(:most as integer) or cast(:most as integer) is null
            on conflict (request_id) do update set claimed_until = excluded.claimed_until
            where command_argument.claimed_until is null or command_argument.claimed_until <= now()
            returning 1
        )
        select places, exists (select from staged) as is_staged from waiting
        """
    )
)


async def stage_command(
    session: AsyncSession,
    request_id: str,
    person_id: str,
    arguments: Mapping[str, Any],
    *,
    seconds: float | None,
    most: int | None,
) -> tuple[bool, int]:
    """Stores a command for its activity, and claims its request for so many seconds.

    Nothing is stored while another request claims it, or once the person has ``most`` others waiting: whether it was
    stored, and how many others wait. If the same request was staged before, its texts stay as they are. Where the
    session has written nothing yet, it is committed at once, without the trips to begin and to commit.
    """
    values = {"request_id": request_id, "person_id": person_id, "arguments": json.dumps(dict(arguments))}
    ((places, is_staged),) = await _STAGE.rows(session, **values, seconds=seconds, most=most)
    return is_staged, places


async def delete_staged(session: AsyncSession, request_id: str) -> None:
    await session.execute(delete(CommandArgument).where(CommandArgument.request_id == request_id))


async def release_claim(session: AsyncSession, request_id: str) -> None:
    """The request may be repeated at once. Its texts stay, for an activity that still carries it out."""
    statement = update(CommandArgument).where(CommandArgument.request_id == request_id)
    await session.execute(statement.values(claimed_until=None))


@dataclass(frozen=True, slots=True)
class TakenCommand:
    """A command's texts, and who gave it: their role and teams. The role is None if there is no such person."""

    arguments: Mapping[str, Any]
    role: str | None
    team_ids: Sequence[str]


def _take(lock: str) -> Prebuilt:
    return Prebuilt(
        text(
            f"""
            with taken as (delete from command_argument where request_id = :request_id returning arguments),
            locked as (select id from {lock} where id = :entity_id for no key update)
            select
                (select cast(arguments as text) from taken),
                (select id from locked),
                (select role from person where id = :actor_id),
                array(select team_id from team_member where person_id = :actor_id)
            """  # noqa: S608 - the table is one of ours
        )
    )


_TAKE_OF_POSTMORTEM, _TAKE_OF_ITEM = _take("postmortem"), _take("action_item")


async def take_command(
    session: AsyncSession,
    request_id: str,
    actor_id: str,
    *,
    postmortem_id: str | None = None,
    action_item_id: str | None = None,
) -> TakenCommand:
    """Locks the row that the command is about, and takes its texts: they are deleted with this transaction.

    What is decided about the row is read afterwards, so that it includes what another transaction had locked it for.
    """
    statement = _TAKE_OF_POSTMORTEM if postmortem_id else _TAKE_OF_ITEM
    values = {"request_id": request_id, "actor_id": actor_id, "entity_id": postmortem_id or action_item_id}
    ((arguments, _, role, team_ids),) = await statement.write(session, **values)
    return TakenCommand(json.loads(arguments or "{}"), role, team_ids)


def viewer_of(taken: TakenCommand, person_id: str, origin: str) -> Viewer:
    """A person as a viewer with every scope, for the activity that acts on their behalf. Raises NotFound."""
    if taken.role is None:
        raise NotFound(kind="person", id=person_id)
    return Viewer(person_id, Role(taken.role), frozenset(taken.team_ids), origin=origin)


async def delete_arguments(session: AsyncSession, before: datetime) -> None:
    """Deletes texts that no activity has taken."""
    await session.execute(delete(CommandArgument).where(CommandArgument.created_at < before))
