"""The first draft of a postmortem: what its incidents already tell, and who should write the rest."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.incidents.incident import Incident, Responder, covering

TITLE_LIMIT = 300


class EntryType(StrEnum):
    DETECTION = "DETECTION"
    ESCALATION = "ESCALATION"
    DIAGNOSIS = "DIAGNOSIS"
    MITIGATION = "MITIGATION"
    RESOLUTION = "RESOLUTION"
    OTHER = "OTHER"


class EntrySource(StrEnum):
    INCIDENT = "incident"
    CHAT = "chat"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class DraftEntry:
    """One entry of a postmortem's timeline.

    ``incident`` is the source and external id of the first one that reported it; what two incidents report alike is
    one entry.
    """

    at: datetime
    event: str
    type: EntryType
    actor: str | None
    source: EntrySource = EntrySource.INCIDENT
    incident: tuple[str, str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a postmortem starts with. ``summary`` is Markdown, None where no incident has a description."""

    title: str
    summary: str | None
    timeline: tuple[DraftEntry, ...]
    services: tuple[str, ...]
    participants: tuple[Responder, ...]
    started_at: datetime | None
    resolved_at: datetime | None
    duration_minutes: int | None


def prefill(incidents: Sequence[Incident]) -> Draft:
    """The draft for one or several incidents, in the order in which they started; their order here is no matter.

    Raises ``ValueError`` without any: a postmortem from scratch has nothing to be filled with.
    """
    if not incidents:
        raise ValueError("there is no incident to draft from")
    ordered = sorted(incidents, key=lambda one: (one.started_at, one.source, one.external_id))
    span = covering(one.span for one in ordered)
    return Draft(
        title=_title(ordered),
        summary=_summary(ordered),
        timeline=_timeline(ordered),
        services=tuple(dict.fromkeys(name for one in ordered for name in one.services)),
        participants=_participants(ordered),
        started_at=span.started_at,
        resolved_at=span.resolved_at,
        duration_minutes=span.minutes,
    )


def _title(ordered: Sequence[Incident]) -> str:
    others = len(ordered) - 1
    suffix = f" (and {others} related incident{'s' if others > 1 else ''})" if others else ""
    return ordered[0].title[: TITLE_LIMIT - len(suffix)] + suffix


def _summary(ordered: Sequence[Incident]) -> str | None:
    if len(ordered) == 1:
        return ordered[0].description
    parts = [f"**{one.title}**\n\n{one.description}" for one in ordered if one.description]
    return "\n\n".join(parts) or None


def _participants(ordered: Sequence[Incident]) -> tuple[Responder, ...]:
    known: dict[str, Responder] = {}
    for responder in (one for incident in ordered for one in incident.responders):
        before = known.get(responder.email)
        known[responder.email] = before if before and before.name else responder
    return tuple(known.values())


# The timeline

_KINDS = {
    EntryType.DETECTION: r"triggered|detected|alerted|fired",
    EntryType.ESCALATION: r"(?:un)?acknowledged|escalated|reassigned|delegated|responder",
    EntryType.RESOLUTION: r"(?<!not )(?<!partially )resolved",
}
_TELLING = re.compile(
    "|".join(rf"(?P<{kind}>\b(?:{words})\b)" for kind, words in _KINDS.items()),
    re.IGNORECASE,
)


def entry_type(event: str) -> EntryType:
    """The kind of moment that a source's text describes, by the first word of it that tells.

    Only text before a colon counts, since what follows it is a quotation: a note, a message.
    """
    found = _TELLING.search(event.partition(":")[0])
    return EntryType(found.lastgroup) if found and found.lastgroup else EntryType.OTHER


def _timeline(ordered: Sequence[Incident]) -> tuple[DraftEntry, ...]:
    several = len(ordered) > 1
    found = dict.fromkeys(entry for one in ordered for entry in entries(one, named=several))
    return tuple(sorted(found, key=lambda entry: (entry.at, entry.event, entry.actor or "")))


def entries(incident: Incident, *, named: bool) -> Iterable[DraftEntry]:
    """The incident's own timeline, and its start, acknowledgement and resolution if they are not in it.

    ``named`` adds the incident's title to those, for postmortems about several incidents.
    """
    key = (incident.source, incident.external_id)
    of = f" ({incident.title})" if named else ""
    reported = [
        DraftEntry(one.at, one.event, entry_type(one.event), one.actor, incident=key) for one in incident.timeline
    ]
    yield from reported
    types = {entry.type for entry in reported}
    milestones = (
        (incident.started_at, "Incident started", EntryType.DETECTION),
        (incident.acknowledged_at, "Incident acknowledged", EntryType.ESCALATION),
        (incident.resolved_at, "Incident resolved", EntryType.RESOLUTION),
    )
    for at, words, kind in milestones:
        if at is not None and kind not in types:
            yield DraftEntry(at, words + of, kind, actor=None, incident=key)


# The author


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who could write it. ``order`` ranks them: as a responder, as an administrator oldest first."""

    person_id: str
    active: bool
    order: int = 0
    acknowledged_first: bool = False


def choose_author(
    responders: Iterable[Candidate], leads: Iterable[Candidate] = (), administrators: Iterable[Candidate] = ()
) -> str | None:
    """The person who should write the postmortem; None if there is no candidate.

    The one who acknowledged first, else the first responder, else the team's lead, else the oldest administrator, each
    only if active; else an inactive responder, to be claimed, by the same order.
    """
    theirs = sorted(responders, key=lambda one: (not one.acknowledged_first, one.order, one.person_id))
    ranked = [*theirs, *_by_order(leads), *_by_order(administrators)]
    return next((one.person_id for one in (*(it for it in ranked if it.active), *theirs)), None)


def _by_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (one.order, one.person_id))
