"""The command log makes every command safe to repeat: it is written in the transaction that carries the command out."""

from collections.abc import Mapping
from typing import Any

from domain.action_items.commands import ActionItemCommand
from domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused, TooManyCommands
from domain.postmortems.commands import PostmortemCommand
from models.audit import CommandLog
from models.queries.audit import command_log
from models.session import Session

PLACES = 20
"""How many commands of one person may wait for their answers, over all processes."""
CLAIM_LASTS = 15.0
"""Seconds, longer than any request waits for its command: so long a request that was killed keeps its key."""


async def claim_request(session: Session, person_id: str, request_id: str, arguments: Mapping[str, Any]) -> None:
    """Stores what the request is about to have carried out, for as long as its transaction is over and it waits.

    Raises :class:`IdempotencyKeyInUse` while another one with the same key waits, and :class:`TooManyCommands`.
    """
    is_staged, others = await command_log.stage_command(
        session, request_id, person_id, arguments, seconds=CLAIM_LASTS, most=PLACES
    )
    if not is_staged:
        raise TooManyCommands(limit=PLACES) if others >= PLACES else IdempotencyKeyInUse()


async def drop_claim(session: Session, request_id: str) -> None:
    """The request has ended; nothing was staged with its claim."""
    await command_log.delete_staged(session, request_id)


async def is_committed(session: Session, entity_id: str, request_id: str, fingerprint: str) -> bool:
    """Whether this request was carried out before.

    Raises :class:`IdempotencyKeyReused` if that request asked for something else.
    """
    logged = await command_log.find_command(session, entity_id, request_id)
    return is_repeat(logged.fingerprint if logged else None, fingerprint)


def is_repeat(carried_out: str | None, fingerprint: str) -> bool:
    """As :func:`is_committed`, of the fingerprint that was carried out under this request."""
    if carried_out is not None and carried_out != fingerprint:
        raise IdempotencyKeyReused()
    return carried_out is not None


async def was_carried_out(session: Session, entity_id: str, request_id: str) -> bool:
    return await command_log.find_command(session, entity_id, request_id) is not None


def log_command(session: Session, entity_id: str, command: PostmortemCommand | ActionItemCommand) -> None:
    """Records that the command is carried out in this transaction."""
    session.add(
        CommandLog(
            entity_id=entity_id,
            request_id=command.request_id,
            name=command.action.value,
            actor_id=command.actor_id,
            fingerprint=command.fingerprint,
        )
    )
