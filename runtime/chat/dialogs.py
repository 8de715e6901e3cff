"""Dialogs: opened while somebody waits, since Slack takes one only within three seconds; checked when they return."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from domain.errors import DomainError
from integrations.notifier import Act
from integrations.slack.actions import Asked, Captured, Pressed, Submitted
from integrations.slack.blocks import (
    ADD_TO_TIMELINE,
    DIALOG_ACTS,
    Choice,
    reason_dialog,
    snooze_dialog,
    timeline_dialog,
)
from integrations.slack.errors import SlackRefused, SlackUnavailable
from models.queries.chat import chat
from runtime.chat.acts import Wanted, check, read_act, today
from runtime.chat.desk import Known, Request, Stranger
from runtime.chat.people import identify

PATIENCE = 1.8
"""Seconds for all of it: Slack's three, less the way here and back."""
LONGEST = timedelta(days=366)
CHOICES_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Left:
    """What we leave in a dialog: which request opened it (a delivery's number), and about what."""

    delivery: int
    entity_id: str = ""

    def packed(self) -> str:
        return json.dumps({"delivery": self.delivery, "entity": self.entity_id})

    @classmethod
    def unpacked(cls, text: str) -> "Left | None":
        try:
            told = json.loads(text)
            return cls(int(told["delivery"]), str(told["entity"]))
        except (ValueError, TypeError, KeyError, RecursionError):
            return None


def wants_dialog(asked: Asked) -> bool:
    """Whether there may be a dialog: a message that was picked has one only in a channel that is not bound."""
    if isinstance(asked, Captured):
        return asked.callback == ADD_TO_TIMELINE
    return isinstance(asked, Pressed) and read_act(asked.action) in DIALOG_ACTS


async def open_dialog(request: Request, asked: Asked) -> bool:
    """Opens it, in time or not at all. False leaves the request to be answered in words: why it was not opened."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _open(request, asked)
    except (TimeoutError, SlackUnavailable, SlackRefused, Stranger, DomainError):
        return False


async def _open(request: Request, asked: Asked) -> bool:
    if isinstance(asked, Captured):
        view = await _timeline_view(request, asked)
    elif isinstance(asked, Pressed):
        view = await _act_view(request, asked)
    else:
        return False
    if view is None:
        return False
    await asyncio.to_thread(request.connection.slack(PATIENCE).open_dialog, asked.trigger_id, view)
    return True


async def _act_view(request: Request, asked: Pressed) -> Mapping[str, Any] | None:
    act = read_act(asked.action)
    if act not in DIALOG_ACTS or act is None:
        return None
    known = await identify(request.desk, request.connection, asked.asker, patience=PATIENCE)
    about = await check_before(request, known, act, asked.value)
    left = Left(request.delivery, asked.value).packed()
    if act is Act.SNOOZE:
        return snooze_dialog(about, left, today(request.now, known.person.time_zone) + timedelta(days=1))
    return reason_dialog(act, about, left)


async def check_before(request: Request, known: Known, act: Act, entity_id: str) -> str:
    """Raises what would be refused whatever is entered; answers with what it is about."""
    async with request.desk.sessions.begin() as session:
        return await check(session, request, known, Wanted(act, entity_id, reason="(to come)"))


async def _timeline_view(request: Request, asked: Captured) -> Mapping[str, Any] | None:
    known = await identify(request.desk, request.connection, asked.asker, patience=PATIENCE)
    async with request.desk.sessions.begin() as session:
        if await chat.find_here(session, request.connection.id, asked.channel) is not None:
            return None
        found = await chat.list_editable(session, known.viewer, CHOICES_LIMIT)
    if not found:
        return None
    choices = [Choice(one.id, f"#{one.number} {one.title}") for one in found]
    return timeline_dialog(choices, Left(request.delivery).packed(), may_bind=not asked.channel.startswith("D"))


# What comes back


def problems(request: Request, asked: Submitted) -> dict[str, str]:
    """What is wrong with what was entered, by the dialog's fields: said at once, in the dialog."""
    if asked.callback == ADD_TO_TIMELINE:
        return {} if asked.values.get("postmortem") else {"postmortem": "Choose one."}
    act = read_act(asked.callback)
    if act is Act.SNOOZE:
        until = read_day(asked.values.get("until", ""))
        first = request.now.date()
        if until is None or not first - timedelta(days=1) < until <= first + LONGEST:
            return {"until": "Choose a day within the next year."}
    elif act in DIALOG_ACTS and not asked.values.get("reason", "").strip():
        return {"reason": "Say why, in a word or two."}
    return {}


def read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def wanted_by(asked: Submitted, left: Left) -> Wanted | None:
    """The act that a dialog was about; None for a dialog that is none of ours."""
    act = read_act(asked.callback)
    if act is None or act not in DIALOG_ACTS:
        return None
    if act is Act.SNOOZE:
        return Wanted(act, left.entity_id, until=read_day(asked.values.get("until", "")))
    return Wanted(act, left.entity_id, reason=asked.values.get("reason", "").strip())
