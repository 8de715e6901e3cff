"""What a button does: the same command as the API's, checked by the same table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from domain.people.time_zones import UTC_ZONE, Zone, instant, read_zone
from domain.postmortems.commands import ActionItemAction, ActionItemCommand, PostmortemAction, PostmortemCommand
from integrations.notifier import Act
from integrations.slack.actions import Origin
from integrations.slack.blocks import settled
from integrations.slack.mrkdwn import cut, linked
from models.queries import action_items
from models.queries.postmortems import postmortems
from models.queries.review import commands as moves
from models.session import Session
from runtime.chat.desk import ORIGIN, Known, Reply, Request

MOVES = {Act.APPROVE: PostmortemAction.APPROVE, Act.REQUEST_CHANGES: PostmortemAction.REQUEST_CHANGES}
STATUSES = {Act.START: "IN_PROGRESS", Act.MARK_DONE: "COMPLETED", Act.WONT_DO: "WONT_DO"}
DONE = {
    Act.APPROVE: ":white_check_mark: Approved by",
    Act.REQUEST_CHANGES: ":leftwards_arrow_with_hook: Changes requested by",
    Act.START: ":arrow_forward: Started by",
    Act.MARK_DONE: ":white_check_mark: Done, says",
    Act.SNOOZE: ":zzz: No reminder before",
    Act.WONT_DO: ":no_entry_sign: Will not be done, says",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An act upon one postmortem or action item, with what a dialog asked for."""

    act: Act
    entity_id: str
    reason: str | None = None
    until: date | None = None


def read_act(action: str) -> Act | None:
    return Act(action) if action in Act.__members__ else None


async def check(session: Session, request: Request, known: Known, wanted: Wanted) -> str:
    """Raises the refusal of an act, whose dialog may still be to come; answers with what it is about, in mrkdwn."""
    if wanted.act in MOVES:
        move, words = _move(request, known, wanted)
        seen = await postmortems.get_visible(session, known.viewer, wanted.entity_id)
        await moves.check(moves.Asked(session, known.viewer, seen, move, words, request.now))
        return _about(seen.postmortem.title, f"{request.desk.base_url}/postmortems/{seen.postmortem.id}")
    change, words = _change(request, known, wanted)
    found = await action_items.get_visible_item(session, known.viewer, wanted.entity_id)
    await action_items.check(action_items.Asked(session, known.viewer, found, change, words, request.now))
    return _about(found.item.description, f"{request.desk.base_url}/action-items/{found.item.id}")


def _about(title: str, url: str) -> str:
    return f"*{linked(cut(title, 200), url)}*"


async def carry_out(request: Request, known: Known, wanted: Wanted, origin: Origin, block_id: str) -> Reply:
    """Has the workflow do it. Raises the refusal, or what says that it is to be tried again."""
    commands, sessions = request.desk.commands, request.desk.sessions
    if wanted.act in MOVES:
        move, words = _move(request, known, wanted)
        async with sessions.begin() as session:
            is_new = await commands.is_to_move(session, known.viewer, move, words, request.now, may_be_repeat=True)
        if is_new:
            await commands.run_postmortem(move, words)
    else:
        change, words = _change(request, known, wanted)
        async with sessions.begin() as session:
            is_new = await commands.is_to_change(session, known.viewer, change, words, request.now, may_be_repeat=True)
        if is_new:
            await commands.run_action_item(change, words)
    told = outcome(known, wanted)
    if not origin.blocks:
        return Reply("done", told)
    return Reply("done", told, settled(origin.blocks, block_id, told), replace=True)


def outcome(known: Known, wanted: Wanted) -> str:
    """What happened, by whom. A reason is read in Afterword: others may read the message."""
    until = f" {wanted.until.isoformat()}, says" if wanted.until else ""
    return f"{DONE[wanted.act]}{until} <@{known.account}>"


def _move(request: Request, known: Known, wanted: Wanted) -> tuple[PostmortemCommand, Mapping[str, Any]]:
    words = {"comment": wanted.reason} if wanted.reason else {}
    command = PostmortemCommand(
        postmortem_id=wanted.entity_id,
        action=MOVES[wanted.act],
        request_id=request.id,
        actor_id=known.viewer.person_id,
        origin=ORIGIN,
        has_words=bool(words),
    )
    return command, words


def _change(request: Request, known: Known, wanted: Wanted) -> tuple[ActionItemCommand, Mapping[str, Any]]:
    words: dict[str, Any] = {}
    if wanted.act in STATUSES:
        words = {"changes": {"status": STATUSES[wanted.act]}}
        if wanted.reason:
            words["changes"]["justification"] = wanted.reason
    command = ActionItemCommand(
        action_item_id=wanted.entity_id,
        action=ActionItemAction.CHANGE if words else ActionItemAction.SNOOZE,
        request_id=request.id,
        actor_id=known.viewer.person_id,
        origin=ORIGIN,
        until=_midnight(wanted.until, known.person.time_zone) if wanted.until else None,
        has_words=bool(words),
    )
    return command, words


def _midnight(day: date, zone: str) -> datetime:
    """When that day begins for them, in UTC."""
    return instant(datetime.combine(day, time(0)), _zone(zone))[0]


def today(now: datetime, zone: str) -> date:
    return now.astimezone(_zone(zone).rules).date()


def _zone(written: str) -> Zone:
    found = read_zone(written)
    return found if isinstance(found, Zone) else UTC_ZONE
