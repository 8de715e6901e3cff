"""Use cases of the timeline: add, change, remove and import events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Protocol

from application import text_work
from application.audit.audit_log import audit_postmortem, json_values
from application.content.changes import record_change
from domain import access
from domain.access import Viewer
from domain.errors import NotFound, StaleVersion, TimelineNotRead, reason
from domain.people.time_zones import Zone
from domain.postmortems.first_draft import EntrySource
from domain.postmortems.lifecycle import Status
from domain.timeline.duplicates import Duplicates, find_duplicates
from domain.timeline.event_types import guess_type
from domain.timeline.moments import Precision
from domain.timeline.pasted import EVENT_LIMIT, Parsed, parse_timeline
from domain.timeline.remarks import Remark
from models.postmortem import TimelineEvent
from models.queries import timeline
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.timeline import NewTimelineEvent, insert_events
from models.session import Session

AUDITED_IDS = 100
"""How many ids the audit row of many events names; their text is in the timeline itself."""
REASONS_LIMIT = 200


async def add_timeline_events(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, events: Sequence[NewTimelineEvent], now: datetime
) -> tuple[list[TimelineEvent], bool]:
    """Add the events in the order given. The postmortem's row must be locked.

    Returns the events, and whether the postmortem's draft was started by this. Raises EditingClosed.
    """
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    if not events:
        return [], False
    ids = await insert_events(session, visible.postmortem.id, events)
    times = [one.at for one in events]
    after = {"count": len(ids), "ids": ids[:AUDITED_IDS], "from": min(times), "to": max(times)}
    audit_postmortem(session, viewer, visible, "timeline.added", None, json_values(after))
    started = await record_change(session, viewer, visible, now)
    return await timeline.list_events(session, ids), started


async def change_timeline_event(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    event_id: str,
    changes: Mapping[str, Any],
    expected: int | None,
    now: datetime,
) -> tuple[TimelineEvent, bool]:
    """Change the given fields; every other one stays, its actor and source too. The postmortem's row must be locked.

    Returns the event, and whether the postmortem's draft was started by this. Raises EditingClosed, NotFound,
    StaleVersion.
    """
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    event = await timeline.get_event(session, visible, event_id)
    if expected is not None and expected != event.version:
        raise StaleVersion(expected=str(expected), current=event.version)
    before = {name: getattr(event, name) for name, value in changes.items() if getattr(event, name) != value}
    if not before:
        return event, False
    for name in before:
        setattr(event, name, changes[name])
    event.version += 1
    after = {name: changes[name] for name in before}
    audit_postmortem(
        session, viewer, visible, "timeline.changed", json_values(before), {"eventId": event_id, **json_values(after)}
    )
    return event, await record_change(session, viewer, visible, now)


async def remove_timeline_event(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, event_id: str, now: datetime
) -> bool:
    """Return whether the postmortem's draft was started by this. Its row must be locked.

    Raises EditingClosed, NotFound.
    """
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    event = await timeline.get_event(session, visible, event_id)
    audit_postmortem(session, viewer, visible, "timeline.removed", json_values(timeline.values_of(event)), None)
    await timeline.delete_event(session, event)
    return await record_change(session, viewer, visible, now)


async def restore_timeline_event(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, event_id: str, now: datetime
) -> bool:
    """Undo a removal: the event comes back as it was, with its source. The postmortem's row must be locked.

    Restoring it twice changes nothing. Return whether the postmortem's draft was started by this. Raises EditingClosed,
    and NotFound for an event that was not removed.
    """
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    if await timeline.exists(session, event_id):
        return False
    removed = await timeline.find_removed(session, visible, event_id)
    if removed is None:
        raise NotFound(kind="removed timeline event", id=event_id)
    at = await timeline.insert_removed(session, visible, removed)
    after = {"count": 1, "ids": [event_id], "from": at, "to": at, "restored": True}
    audit_postmortem(session, viewer, visible, "timeline.added", None, json_values(after))
    return await record_change(session, viewer, visible, now)


# Importing


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What applies to pasted text until it says otherwise, and what was decided about its ambiguous lines."""

    day: date | None
    zone: Zone
    choices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would read from pasted text. ``duplicates`` are places in ``parsed.events``."""

    parsed: Parsed
    duplicates: frozenset[int]


@dataclass(frozen=True, slots=True)
class Imported:
    """``started``: the postmortem's draft was started by this."""

    events: Sequence[TimelineEvent]
    preview: Preview
    started: bool


async def preview_pasted(session: Session, visible: VisiblePostmortem, text: str, read_as: ReadAs) -> Preview:
    """Read pasted text without saving anything."""
    parsed = await _parse(text, read_as)
    return Preview(parsed, (await _without_duplicates(session, visible, _new_events(parsed))).places)


async def import_pasted(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    text: str,
    read_as: ReadAs,
    *,
    skip_problems: bool,
    now: datetime,
) -> Imported:
    """Add every event of the pasted text that the timeline does not have. The postmortem's row must be locked.

    Raises EditingClosed, and TimelineNotRead for lines that were not understood unless ``skip_problems``.
    """
    parsed = await _parse(text, read_as)
    if parsed.problems and not skip_problems:
        raise TimelineNotRead(
            count=len(parsed.problems),
            reasons=[_reason(one) for one in parsed.problems[:REASONS_LIMIT]],
        )
    found = await _without_duplicates(session, visible, _new_events(parsed))
    events, started = await add_timeline_events(session, viewer, visible, found.new, now)
    return Imported(events, Preview(parsed, found.places), started)


def _reason(problem: Remark) -> Mapping[str, Any]:
    """As the preview shows it, with the possible readings of an ambiguous line."""
    facts: dict[str, Any] = {"line": problem.line, "text": problem.text}
    if problem.choice:
        readings = [{"value": one.value, "at": one.at.isoformat()} for one in problem.readings]
        facts |= {"choice": problem.choice, "readings": readings}
    return reason(problem.code, problem.message, **facts)


class ChatMessage(Protocol):
    """A message of a chat. ``event`` is its text as Markdown; ``key`` is the same each time it is read."""

    @property
    def at(self) -> datetime: ...

    @property
    def event(self) -> str: ...

    @property
    def actor(self) -> str | None: ...

    @property
    def key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ImportedMessages:
    """``duplicates`` counts the messages that the timeline has already; ``started`` is that of :class:`Imported`."""

    events: Sequence[TimelineEvent]
    duplicates: int
    started: bool


async def import_chat_messages(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, messages: Sequence[ChatMessage], now: datetime
) -> ImportedMessages:
    """Add the messages that the timeline does not have, each at its own time. The postmortem's row must be locked.

    Raises EditingClosed.
    """
    found = await _without_duplicates(session, visible, [event_of_message(one) for one in messages])
    events, started = await add_timeline_events(session, viewer, visible, found.new, now)
    return ImportedMessages(events, len(found.places), started)


def event_of_message(message: ChatMessage, link: str | None = None) -> NewTimelineEvent:
    """``link`` is Markdown that goes below the text, if there is room for it."""
    text = f"{message.event}\n\n{link}" if link else message.event
    return NewTimelineEvent(
        message.at,
        text if len(text) <= EVENT_LIMIT else message.event,
        guess_type(message.event).value,
        message.actor,
        EntrySource.CHAT.value,
        precision=Precision.SECOND.value,
        external_id=message.key,
    )


async def _parse(text: str, read_as: ReadAs) -> Parsed:
    work = partial(parse_timeline, text, day=read_as.day, zone=read_as.zone, choices=read_as.choices)
    return await text_work.run(work, length=len(text))


async def _without_duplicates(
    session: Session, visible: VisiblePostmortem, events: Sequence[NewTimelineEvent]
) -> Duplicates[NewTimelineEvent]:
    return find_duplicates(events, await timeline.list_event_keys(session, visible))


def _new_events(parsed: Parsed) -> list[NewTimelineEvent]:
    return [
        NewTimelineEvent(one.at, one.event, one.type.value, one.actor, precision=one.precision.value)
        for one in parsed.events
    ]
