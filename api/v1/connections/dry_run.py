"""What would become of an action item in a tracker, field by field. The tracker is asked, and nothing is written."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from api.request_context import Context, RequestContext
from api.shapes.base import Day, PathId, Ref, Shape, StrictlyGiven, Text
from api.v1.connections.checks import lacks
from api.v1.connections.connections import need_tracker
from api.v1.routing import router
from domain.action_items.action_item import ActionItemStatus, Priority
from domain.errors import DomainError
from domain.tickets import texts
from domain.tickets.projection import Projection, read_projection
from domain.tickets.status import wanted_standing
from integrations import registry
from integrations.fields import Words
from integrations.ticket import Ticket, TicketRef
from integrations.tracker import RequiredField, Tracker, TrackerUnavailable
from models.action_item import ActionItem
from models.integration import Integration
from models.queries import action_items
from models.queries.connections import accounts, connections
from models.queries.people import people
from models.queries.tickets import tickets

routes: APIRouter = router("integrations", prefix="/integrations")


class SampleIn(StrictlyGiven):
    """An action item that is not there."""

    description: Annotated[str, Words(2000)] = "Try the connection"
    details: Text = None
    owner_id: Ref | None = None
    due_date: Day | None = None
    priority: Priority = Priority.MEDIUM
    status: ActionItemStatus = ActionItemStatus.OPEN
    team_ids: Annotated[list[Ref], Field(max_length=20)] = Field(default_factory=list)
    service_ids: Annotated[list[Ref], Field(max_length=20)] = Field(default_factory=list)


class DryRunIn(StrictlyGiven):
    """An item that is there, or a sample; without either, a sample of our own."""

    action_item_id: Ref | None = None
    sample: SampleIn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "DryRunIn":
        if self.action_item_id and self.sample:
            raise PydanticCustomError("both", "Give an actionItemId or a sample, not both")
        return self


class FieldOut(Shape):
    """``value`` is ours, in the tracker's words; ``now`` what the ticket says, null where there is none yet. ``note``
    says what people should know."""

    field: str
    name: str
    value: JsonValue
    now: str | None = None
    differs: bool
    note: str | None = None


class LackingOut(Shape):
    """A required field without a fitting value. ``options``: allowed value to its name."""

    id: str
    name: str
    kind: str
    options: dict[str, str]
    message: str


class DryRunOut(Shape):
    """``ok``: nothing stands in the way. ``operation`` is ``create``, or ``update`` of the ticket ``key``: of two
    values that differ, the one that was changed since both agreed will hold. ``problems`` are what the tracker
    refused."""

    ok: bool
    operation: Literal["create", "update"]
    key: str | None
    fields: list[FieldOut]
    missing: list[LackingOut]
    unmatched_owner: str | None
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: our side of an item, and where it goes."""

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


@routes.post("/{integration_id}/dry-run")
async def dry_run(context: Context, integration_id: PathId, given: DryRunIn | None = None) -> DryRunOut:
    """What would be written for this action item: every field, what is required and has no value, and an owner who has
    no account there."""
    context.require_admin("try the connections of")
    given = given or DryRunIn()
    row = await connections.get_connected(context.session, integration_id)
    need_tracker(row)
    trial = await _trial(context, row, given)
    secrets = context.parts.keyring.open(row.secrets)
    answers = await asyncio.to_thread(_ask, row.kind, row.config, secrets, trial)
    return _told(registry.tracker(row.kind), trial, answers)


async def _trial(context: RequestContext, row: Integration, given: DryRunIn) -> Trial:
    projection = read_projection(row.projection)
    if given.action_item_id is None:
        sample = given.sample or SampleIn()
        item = ActionItem(
            id="ai_sample",
            postmortem_id="pm_sample",
            description=sample.description,
            details=sample.details,
            owner_id=sample.owner_id,
            due_on=sample.due_date,
            priority=sample.priority.value,
            status=sample.status.value,
        )
        places, linked = (tuple(sample.team_ids), tuple(sample.service_ids)), None
    else:
        item = (await action_items.get_visible_item(context.session, context.viewer, given.action_item_id)).item
        places = await tickets.destination_of(context.session, item)
        ticket = next((one for one in item.tickets if one.integration_id == row.id and one.external_id), None)
        linked = TicketRef(ticket.external_id or "", ticket.key or "") if ticket else None
    where = projection.destination(*places)
    owner = await people.get_person(context.session, item.owner_id) if item.owner_id else None
    account = await accounts.find_account(context.session, row.id, owner.id) if owner else None
    own_due = None if registry.tracker(row.kind).knows_due else item.due_on
    link = f"{context.parts.settings.base_url}/postmortems/{item.postmortem_id}"
    return Trial(
        title=texts.title_of(item.description),
        body=texts.body_of(item.details, texts.footer_of(link, item.priority, own_due)),
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


def _ask(kind: str, config: dict[str, Any], secrets: dict[str, object], trial: Trial) -> Answers:
    """On a thread. What the tracker refuses, and that it is away, is an answer too."""
    try:
        with registry.connect(kind, config, secrets) as tracker:
            if trial.linked is not None:
                return Answers(ticket=tracker.fetch(trial.linked))
            return Answers(required=tracker.required_fields(trial.project, trial.issue_type))
    except (DomainError, TrackerUnavailable) as problem:
        return Answers(problems=[str(problem)])


def _told(tracker: type[Tracker], trial: Trial, answers: Answers) -> DryRunOut:
    missing = [
        LackingOut(id=one.id, name=one.name, kind=one.kind, options=dict(one.options), message=why)
        for one in answers.required
        if (why := lacks(one, trial.projection.fields.get(one.id)))
    ]
    unmatched = trial.owner_name if trial.owner_id and trial.account is None else None
    return DryRunOut(
        ok=not missing and not answers.problems,
        operation="update" if trial.linked else "create",
        key=trial.linked.key if trial.linked else None,
        fields=_fields(tracker, trial, answers),
        missing=missing,
        unmatched_owner=unmatched,
        problems=list(answers.problems),
    )


def _fields(tracker: type[Tracker], trial: Trial, answers: Answers) -> list[FieldOut]:
    there = answers.ticket
    standing = wanted_standing(trial.status)
    status = trial.projection.statuses.get(trial.status)
    words = status or standing.state.value.lower()
    found = [
        _field("title", "Title", trial.title, there.title if there else None),
        _field("body", "Text", trial.body, there.body if there else None),
        _field("status", "Status", words, there.status if there else None, _status_note(trial, status)),
        _field("assignee", "Assignee", trial.account, there.assignee if there else None, _owner_note(trial)),
    ]
    if tracker.knows_due:
        due = trial.due_on.isoformat() if trial.due_on else None
        now = there.due_on.isoformat() if there and there.due_on else None
        found.append(_field("due", "Due date", due, now))
    if there is not None:
        same_state = there.state is standing.state
        return [one.model_copy(update={"differs": not same_state}) if one.field == "status" else one for one in found]
    found += [
        _field("project", "Project", trial.project, None, _place_note(trial.project)),
        _field("issueType", "Issue type", trial.issue_type, None, _place_note(trial.issue_type)),
        _field("labels", "Labels", list(trial.projection.labels), None),
    ]
    names = {one.id: one.name for one in answers.required}
    for one, value in trial.projection.fields.items():
        plain: Any = value
        found.append(_field(one, names.get(one, one), plain, None))
    return found


def _field(name: str, label: str, value: JsonValue, now: str | None, note: str | None = None) -> FieldOut:
    differs = value not in (None, []) and value != now
    return FieldOut(field=name, name=label, value=value, now=now, differs=differs, note=note)


def _place_note(place: str | None) -> str | None:
    return None if place else "The connection's own."


def _status_note(trial: Trial, status: str | None) -> str | None:
    if trial.linked is None and trial.status is not ActionItemStatus.OPEN:
        return "It is made open, and moved then."
    return None if status else "By category: whatever the tracker calls it."


def _owner_note(trial: Trial) -> str | None:
    if trial.owner_id is None:
        return "The item has no owner."
    if trial.account is None:
        return f"{trial.owner_name} has no account here: nobody is assigned, and a comment names them."
    return None
