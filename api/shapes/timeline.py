"""Requests and answers about the timeline: its events, pasted text, and chat exports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.shapes.base import Day, Shape, StrictlyGiven
from api.shapes.postmortems import TimelineEventOut
from application.timeline import Imported, ImportedMessages, Preview, ReadAs
from domain.errors import Malformed, reason
from domain.people.time_zones import NoZone, Zone, ZoneProblem, read_zone
from domain.postmortems.first_draft import EntryType
from domain.timeline.moments import Precision
from domain.timeline.pasted import EVENTS_LIMIT
from domain.timeline.remarks import Remark
from integrations.fields import Words
from integrations.slack.export import Export
from models.postmortem import TimelineEvent

PASTE_LIMIT = 2_000_000


def event_out(event: TimelineEvent) -> TimelineEventOut:
    return TimelineEventOut(
        id=event.id,
        at=event.at,
        precision=Precision(event.precision),
        event=event.event,
        type=EntryType(event.type),
        actor=event.actor,
        source=event.source,
    )


# Pasted text


_ChoiceText = Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]


class TimelinePaste(StrictlyGiven):
    """A Markdown table, tab-separated or CSV rows, or lines and headings that start with a time.

    ``date`` and ``timeZone`` (an IANA name or an offset) apply until the text says otherwise. ``choices`` settle what
    an earlier preview found ambiguous: for the ``choice`` of a problem, the ``value`` of one of its ``readings``.
    """

    text: Annotated[str, Field(min_length=1, max_length=PASTE_LIMIT, pattern=r"^[^\x00]*$")]
    date: Day | None = None
    time_zone: Annotated[str, Words(60, one_line=True)] = "UTC"
    choices: Annotated[dict[_ChoiceText, _ChoiceText], Field(max_length=EVENTS_LIMIT)] = Field(default_factory=dict)

    def zone(self) -> Zone:
        """Raises Malformed."""
        zone = read_zone(self.time_zone)
        if isinstance(zone, NoZone):
            message = "Enter an IANA name such as Europe/Berlin, or an offset such as +01:00."
            if zone.why is ZoneProblem.AMBIGUOUS:
                message = f"This can mean several time zones: {', '.join(zone.choices)}. Choose one of them."
            problem = reason(zone.why.value, message, where="body.timeZone", choices=list(zone.choices))
            raise Malformed(reasons=[problem])
        return zone

    def read_as(self) -> ReadAs:
        """Raises Malformed."""
        return ReadAs(self.date, self.zone(), self.choices)


class TimelineImport(TimelinePaste):
    skip_problems: bool = False


class ReadingOut(Shape):
    """What an ambiguous line can mean, and the ``value`` to send in ``choices`` for it."""

    value: str
    at: datetime


class RemarkOut(Shape):
    """A message about one line of the text, counted from 1.

    If the line is ambiguous, ``readings`` are its possible instants, and ``choice`` is the key for ``choices``. Lines
    that one decision settles have the same key.
    """

    line: int
    text: str
    code: str
    message: str
    choice: str | None = None
    readings: list[ReadingOut] = Field(default_factory=list)


class PreviewEventOut(Shape):
    """``duplicate``: the timeline, or a line above, has the same text at the same time."""

    line: int
    at: datetime
    precision: Precision
    event: str
    type: EntryType
    actor: str | None
    duplicate: bool


class TimelinePreviewOut(Shape):
    """``problems`` are lines that couldn't be read; ``warnings`` explain how ambiguous lines were read."""

    events: list[PreviewEventOut]
    problems: list[RemarkOut]
    warnings: list[RemarkOut]


class TimelineImportOut(Shape):
    """``items`` are the events added, ``duplicates`` those already in the timeline."""

    items: list[TimelineEventOut]
    duplicates: list[PreviewEventOut]
    problems: list[RemarkOut]
    warnings: list[RemarkOut]


def preview_out(preview: Preview) -> TimelinePreviewOut:
    return TimelinePreviewOut(
        events=_events(preview),
        problems=_remarks(preview.parsed.problems),
        warnings=_remarks(preview.parsed.warnings),
    )


def import_out(imported: Imported) -> TimelineImportOut:
    parsed = imported.preview.parsed
    return TimelineImportOut(
        items=[event_out(one) for one in imported.events],
        duplicates=[one for one in _events(imported.preview) if one.duplicate],
        problems=_remarks(parsed.problems),
        warnings=_remarks(parsed.warnings),
    )


def _events(preview: Preview) -> list[PreviewEventOut]:
    return [
        PreviewEventOut(
            line=one.line,
            at=one.at,
            precision=one.precision,
            event=one.event,
            type=one.type,
            actor=one.actor,
            duplicate=place in preview.duplicates,
        )
        for place, one in enumerate(preview.parsed.events)
    ]


def _remarks(remarks: Sequence[Remark]) -> list[RemarkOut]:
    return [RemarkOut.model_validate(one) for one in remarks]


# Chat exports


class UnreadMessageOut(Shape):
    """A starred message that couldn't be imported; ``place`` counts from 1 in its file."""

    file: str
    place: int
    message: str


class SlackImportOut(Shape):
    """``seen`` counts all messages of the export, ``duplicates`` the starred ones already in the timeline."""

    items: list[TimelineEventOut]
    duplicates: int
    seen: int
    problems: list[UnreadMessageOut]


def slack_import_out(export: Export, imported: ImportedMessages) -> SlackImportOut:
    return SlackImportOut(
        items=[event_out(one) for one in imported.events],
        duplicates=imported.duplicates,
        seen=export.seen,
        problems=[UnreadMessageOut.model_validate(one) for one in export.unread],
    )
