"""What a button in a message does: the same command as the API's, checked by the same rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from application import commands
from application.chat.people import ChatPerson
from application.commands import Commands, is_to_send, stage_again
from domain.action_items.commands import ActionItemAction, ActionItemCommand
from domain.people.time_zones import UTC_ZONE, Zone, instant, read_zone
from domain.postmortems.commands import PostmortemAction, PostmortemCommand
from integrations.notifier import Act
from models.base import derived_id
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session, Sessions

POSTMORTEM_ACTIONS = {Act.APPROVE: PostmortemAction.APPROVE, Act.REQUEST_CHANGES: PostmortemAction.REQUEST_CHANGES}
STATUSES = {Act.START: "IN_PROGRESS", Act.MARK_DONE: "COMPLETED", Act.WONT_DO: "WONT_DO"}


@dataclass(frozen=True, slots=True)
class ButtonAction:
    """A button's action on one postmortem or action item, with what its dialog asked for."""

    act: Act
    entity_id: str
    reason: str | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ActionSubject:
    """What an action is about. ``path`` is that of its page."""

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class DialogState:
    """What a dialog keeps for us: the request that opened it (a delivery's number), and what it is about."""

    delivery: int
    entity_id: str = ""

    def packed(self) -> str:
        return json.dumps({"delivery": self.delivery, "entity": self.entity_id})

    @classmethod
    def unpacked(cls, text: str) -> "DialogState | None":
        try:
            state = json.loads(text)
            return cls(int(state["delivery"]), str(state["entity"]))
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


def read_act(action: str) -> Act | None:
    return Act(action) if action in Act.__members__ else None


def request_id(integration_id: str, delivery: int) -> str:
    """Names what a recorded request does among commands: the same each time it is done."""
    return derived_id("req", "chat", integration_id, str(delivery))


async def check_before_dialog(
    session: Session, person: ChatPerson, act: Act, entity_id: str, now: datetime
) -> ActionSubject:
    """Raises the refusal that comes whatever is entered in the dialog."""
    action = ButtonAction(act, entity_id, reason="(to come)")
    command, arguments = _command(person, action, "")
    found = await commands.check(session, person.viewer, command, arguments, now)
    if isinstance(found, VisiblePostmortem):
        return ActionSubject(found.postmortem.title, f"/postmortems/{entity_id}")
    return ActionSubject(found.item.description, f"/action-items/{entity_id}")


async def carry_out(
    sessions: Sessions, sender: Commands, person: ChatPerson, action: ButtonAction, request: str, now: datetime
) -> None:
    """Have the workflow do it, once for each ``request``. Raises the refusal, and what ``sender`` raises."""
    command, arguments = _command(person, action, request)
    async with sessions.begin() as session:
        is_new = await is_to_send(session, person.viewer, command, arguments, now, may_be_repeat=True)
        if is_new:
            await stage_again(session, command, arguments)
    if is_new:
        await sender.send(command)


def _command(
    person: ChatPerson, action: ButtonAction, request: str
) -> tuple[PostmortemCommand | ActionItemCommand, Mapping[str, Any]]:
    """With the arguments that are staged for it."""
    if action.act in POSTMORTEM_ACTIONS:
        comment = {"comment": action.reason} if action.reason else {}
        return _postmortem_command(person, action, request, has_arguments=bool(comment)), comment
    changes: dict[str, Any] = {"status": STATUSES[action.act]} if action.act in STATUSES else {}
    if changes and action.reason:
        changes["justification"] = action.reason
    arguments = {"changes": changes} if changes else {}
    return _item_command(person, action, request, has_arguments=bool(arguments)), arguments


def _postmortem_command(
    person: ChatPerson, action: ButtonAction, request: str, *, has_arguments: bool
) -> PostmortemCommand:
    return PostmortemCommand(
        postmortem_id=action.entity_id,
        action=POSTMORTEM_ACTIONS[action.act],
        request_id=request,
        actor_id=person.viewer.person_id,
        origin=person.viewer.origin,
        has_words=has_arguments,
    )


def _item_command(person: ChatPerson, action: ButtonAction, request: str, *, has_arguments: bool) -> ActionItemCommand:
    return ActionItemCommand(
        action_item_id=action.entity_id,
        action=ActionItemAction.CHANGE if has_arguments else ActionItemAction.SNOOZE,
        request_id=request,
        actor_id=person.viewer.person_id,
        origin=person.viewer.origin,
        until=_midnight(action.until, person.person.time_zone) if action.until else None,
        has_words=has_arguments,
    )


def _midnight(day: date, zone: str) -> datetime:
    """When that day begins in the zone, in UTC."""
    return instant(datetime.combine(day, time(0)), zone_of(zone))[0]


def today(now: datetime, zone: str) -> date:
    return now.astimezone(zone_of(zone).rules).date()


def zone_of(written: str) -> Zone:
    """UTC if the zone cannot be read."""
    found = read_zone(written)
    return found if isinstance(found, Zone) else UTC_ZONE
