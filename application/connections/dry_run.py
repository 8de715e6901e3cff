"""Shows what a tracker would store for an action item, field by field. It reads from the tracker and writes nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from application import text_work
from application.connections.checks import problem_of_value
from application.connections.connections import check_is_tracker
from application.outside import Outside
from domain.access import Viewer
from domain.action_items.action_item import ActionItemStatus, Priority
from domain.errors import DomainError
from domain.tickets import texts
from domain.tickets.projection import Projection, read_projection
from domain.tickets.status import wanted_standing
from integrations import registry
from integrations.ticket import Ticket, TicketRef
from integrations.tracker import RequiredField, Tracker, TrackerUnavailable
from models.action_item import ActionItem
from models.integration import Integration
from models.keyring import Keyring
from models.queries import action_items
from models.queries.connections import accounts
from models.queries.connections.connections import get_connected
from models.queries.people import people
from models.queries.tickets import tickets
from models.session import Session


@dataclass(frozen=True, slots=True)
class Sample:
    """An action item that does not exist."""

    description: str
    details: str | None
    owner_id: str | None
    due_on: date | None
    priority: Priority
    status: ActionItemStatus
    team_ids: tuple[str, ...]
    service_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldPreview:
    """``value`` is ours, in the tracker's words; ``now`` what the ticket says, None if there is no ticket."""

    field: str
    name: str
    value: Any
    now: str | None
    differs: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class MissingField:
    """A required field without a valid value. ``options`` maps allowed values to their names."""

    id: str
    name: str
    kind: str
    options: dict[str, str]
    message: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """``ok``: nothing prevents it. ``key`` is the ticket's to be updated, ``problems`` what the tracker refused."""

    ok: bool
    operation: Literal["create", "update"]
    key: str | None
    fields: Sequence[FieldPreview]
    missing: Sequence[MissingField]
    unmatched_owner: str | None
    problems: Sequence[str]


@dataclass(frozen=True, slots=True)
class Subject:
    """Our side of the action item or sample, and where its ticket goes."""

    title: str
    body: str
    status: ActionItemStatus
    owner_id: str | None
    owner_name: str | None
    account: str | None
    due_on: date | None
    project: str | None
    issue_type: str | None
    projection: Projection
    linked: TicketRef | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the tracker said."""

    required: Sequence[RequiredField] = ()
    ticket: Ticket | None = None
    problems: Sequence[str] = ()


async def run_dry(
    session: Session,
    outside: Outside,
    viewer: Viewer,
    keyring: Keyring,
    integration_id: str,
    chosen: str | Sample,
    base_url: str,
) -> DryRun:
    """For the action item with the id ``chosen``, or for a sample. Raises NotFound, Disconnected or NoTracker."""
    row = await get_connected(session, integration_id)
    check_is_tracker(row)
    subject = await _read_subject(session, viewer, row, chosen, base_url)
    asked = row.kind, row.config, keyring.open(row.secrets), row.kept_host, subject
    answers = await outside(lambda: asyncio.to_thread(_ask_tracker, *asked))
    return _result(registry.tracker(row.kind), subject, answers)


async def _read_subject(
    session: Session, viewer: Viewer, row: Integration, chosen: str | Sample, base_url: str
) -> Subject:
    projection = read_projection(row.projection)
    if isinstance(chosen, Sample):
        item = ActionItem(
            id="ai_sample",
            postmortem_id="pm_sample",
            description=chosen.description,
            details=chosen.details,
            owner_id=chosen.owner_id,
            due_on=chosen.due_on,
            priority=chosen.priority.value,
            status=chosen.status.value,
        )
        places, linked = (chosen.team_ids, chosen.service_ids), None
    else:
        item = (await action_items.get_visible_item(session, viewer, chosen)).item
        places = await tickets.destination_of(session, item)
        ticket = next((one for one in item.tickets if one.integration_id == row.id and one.external_id), None)
        linked = TicketRef(ticket.external_id or "", ticket.key or "") if ticket else None
    where = projection.destination(*places)
    owner = await people.get_person(session, item.owner_id) if item.owner_id else None
    account = await accounts.find_account(session, row.id, owner.id) if owner else None
    own_due = None if registry.tracker(row.kind).knows_due else item.due_on
    link = f"{base_url}/postmortems/{item.postmortem_id}"
    footer = texts.footer_of(link, item.priority, own_due)
    body = await text_work.run(texts.body_of, item.details, footer, length=len(item.details or ""))
    return Subject(
        title=texts.title_of(item.description),
        body=body,
        status=ActionItemStatus(item.status),
        owner_id=item.owner_id,
        owner_name=owner.name if owner else None,
        account=account.account if account else None,
        due_on=item.due_on,
        project=where.project,
        issue_type=where.issue_type,
        projection=projection,
        linked=linked,
    )


def _ask_tracker(
    kind: str, config: dict[str, Any], secrets: dict[str, object], kept_host: str | None, subject: Subject
) -> Answers:
    """Runs on a thread. What the tracker refuses, and that it is unavailable, are answers too."""
    try:
        with registry.connect(kind, config, secrets, kept_host) as tracker:
            if subject.linked is not None:
                return Answers(ticket=tracker.fetch(subject.linked))
            return Answers(required=tracker.required_fields(subject.project, subject.issue_type))
    except (DomainError, TrackerUnavailable) as problem:
        return Answers(problems=[str(problem)])


def _result(tracker: type[Tracker], subject: Subject, answers: Answers) -> DryRun:
    missing = [
        MissingField(id=one.id, name=one.name, kind=one.kind, options=dict(one.options), message=why)
        for one in answers.required
        if (why := problem_of_value(one, subject.projection.fields.get(one.id)))
    ]
    unmatched = subject.owner_name if subject.owner_id and subject.account is None else None
    return DryRun(
        ok=not missing and not answers.problems,
        operation="update" if subject.linked else "create",
        key=subject.linked.key if subject.linked else None,
        fields=_fields(tracker, subject, answers),
        missing=missing,
        unmatched_owner=unmatched,
        problems=list(answers.problems),
    )


def _fields(tracker: type[Tracker], subject: Subject, answers: Answers) -> list[FieldPreview]:
    there = answers.ticket
    standing = wanted_standing(subject.status)
    status = subject.projection.statuses.get(subject.status)
    words = status or standing.state.value.lower()
    found = [
        _field("title", "Title", subject.title, there.title if there else None),
        _text_field(tracker, tracker.shortened(subject.body), there.body if there else None),
        _field("status", "Status", words, there.status if there else None, _status_note(subject, status)),
        _field("assignee", "Assignee", subject.account, there.assignee if there else None, _owner_note(subject)),
    ]
    if tracker.knows_due:
        due = subject.due_on.isoformat() if subject.due_on else None
        now = there.due_on.isoformat() if there and there.due_on else None
        found.append(_field("due", "Due date", due, now))
    if there is not None:
        same_state = there.state is standing.state
        return [replace(one, differs=not same_state) if one.field == "status" else one for one in found]
    found += [
        _field("project", "Project", subject.project, None, _place_note(subject.project)),
        _field("issueType", "Issue type", subject.issue_type, None, _place_note(subject.issue_type)),
        _field("labels", "Labels", list(subject.projection.labels), None),
    ]
    names = {one.id: one.name for one in answers.required}
    for one, value in subject.projection.fields.items():
        found.append(_field(one, names.get(one, one), value, None))
    return found


def _field(name: str, label: str, value: Any, now: str | None, note: str | None = None) -> FieldPreview:
    differs = value not in (None, []) and value != now
    return FieldPreview(field=name, name=label, value=value, now=now, differs=differs, note=note)


def _text_field(tracker: type[Tracker], text: str, now: str | None) -> FieldPreview:
    """What the tracker cannot tell apart is no difference."""
    shown = _field("body", "Text", text, now)
    return replace(shown, differs=now is None or tracker.canonical(text) != tracker.canonical(now))


def _place_note(place: str | None) -> str | None:
    return None if place else "The connection's default."


def _status_note(subject: Subject, status: str | None) -> str | None:
    if subject.linked is None and subject.status is not ActionItemStatus.OPEN:
        return "The ticket is created open, then moved to this status."
    return None if status else "Matched by category."


def _owner_note(subject: Subject) -> str | None:
    if subject.owner_id is None:
        return "The action item has no owner."
    if subject.account is None:
        return f"{subject.owner_name} has no linked account: the ticket stays unassigned and a comment names them."
    return None
