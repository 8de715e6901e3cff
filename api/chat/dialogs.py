"""Opens dialogs while a person waits, since Slack takes one only within three seconds, and checks what they return."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from application.chat.actions import DialogState, check_before_dialog, read_act, today
from application.chat.channels import find_channel_subject
from application.chat.people import ChatPerson, UnknownChatPerson, identify
from application.chat.postmortems import list_editable
from domain.errors import DomainError
from integrations.notifier import Act
from integrations.slack.actions import Asked, Asker, Captured, Pressed, Submitted
from integrations.slack.blocks import (
    ADD_TO_TIMELINE,
    DIALOG_ACTS,
    Choice,
    reason_dialog,
    snooze_dialog,
    timeline_dialog,
)
from integrations.slack.connection import SlackConnection
from integrations.slack.errors import SlackRefused, SlackUnavailable
from integrations.slack.mrkdwn import cut, linked
from integrations.slack.settings import KIND
from models.session import Sessions

PATIENCE = 1.8
"""Seconds for all of it: Slack's three, less the way here and back."""
LONGEST = timedelta(days=366)
CHOICES_LIMIT = 100


@dataclass(frozen=True, slots=True)
class DialogRequest:
    """``delivery`` is the number of the recorded request's row."""

    sessions: Sessions
    base_url: str
    connection: SlackConnection
    delivery: int
    now: datetime


def wants_dialog(asked: Asked) -> bool:
    """Whether there may be a dialog: a picked message has one only in a channel that is not bound."""
    if isinstance(asked, Captured):
        return asked.callback == ADD_TO_TIMELINE
    return isinstance(asked, Pressed) and read_act(asked.action) in DIALOG_ACTS


async def open_dialog(request: DialogRequest, asked: Asked) -> bool:
    """Opens it, in time or not at all. False leaves it to the request's workflow to say why it was not opened."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _open(request, asked)
    except (TimeoutError, SlackUnavailable, SlackRefused, UnknownChatPerson, DomainError):
        return False


async def _open(request: DialogRequest, asked: Asked) -> bool:
    if isinstance(asked, Captured):
        view = await _timeline_view(request, asked)
    elif isinstance(asked, Pressed):
        view = await _act_view(request, asked)
    else:
        return False
    if view is None:
        return False
    await asyncio.to_thread(request.connection.client(PATIENCE).open_dialog, asked.trigger_id, view)
    return True


async def _act_view(request: DialogRequest, asked: Pressed) -> Mapping[str, Any] | None:
    act = read_act(asked.action)
    if act not in DIALOG_ACTS or act is None:
        return None
    person = await _identify(request, asked.asker)
    async with request.sessions.begin() as session:
        subject = await check_before_dialog(session, person, act, asked.value, request.now)
    about = f"*{linked(cut(subject.title, 200), f'{request.base_url}{subject.path}')}*"
    state = DialogState(request.delivery, asked.value).packed()
    if act is Act.SNOOZE:
        return snooze_dialog(about, state, today(request.now, person.person.time_zone) + timedelta(days=1))
    return reason_dialog(act, about, state)


async def _timeline_view(request: DialogRequest, asked: Captured) -> Mapping[str, Any] | None:
    person = await _identify(request, asked.asker)
    async with request.sessions.begin() as session:
        if await find_channel_subject(session, request.connection.id, asked.channel) is not None:
            return None
        found = await list_editable(session, person.viewer, CHOICES_LIMIT)
    if not found:
        return None
    choices = [Choice(one.id, f"#{one.number} {one.title}") for one in found]
    return timeline_dialog(choices, DialogState(request.delivery).packed(), may_bind=not asked.channel.startswith("D"))


async def _identify(request: DialogRequest, asker: Asker) -> ChatPerson:
    find_user = partial(request.connection.client(PATIENCE).find_user, asker.id)
    return await identify(request.sessions, request.connection.id, asker.id, KIND, find_user)


# What comes back


def problems(asked: Submitted, now: datetime) -> dict[str, str]:
    """What is wrong with the entered values, by the dialog's fields: shown at once, in the dialog."""
    if asked.callback == ADD_TO_TIMELINE:
        return {} if asked.values.get("postmortem") else {"postmortem": "Choose a postmortem."}
    act = read_act(asked.callback)
    if act is Act.SNOOZE:
        if not _is_within_a_year(asked.values.get("until", ""), now.date()):
            return {"until": "Choose a day within the next year."}
    elif act in DIALOG_ACTS and not asked.values.get("reason", "").strip():
        return {"reason": "Enter a reason."}
    return {}


def _is_within_a_year(text: str, first: date) -> bool:
    try:
        until = date.fromisoformat(text)
    except ValueError:
        return False
    return first - timedelta(days=1) < until <= first + LONGEST
