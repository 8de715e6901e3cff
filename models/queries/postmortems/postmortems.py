"""Postmortems: opening, reading, listing, and editing their text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVarTuple

from sqlalchemy import TIMESTAMP, Select, Text, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain import access
from domain.access import Relation, Verb, Viewer, Visibility
from domain.content.sections import WIRE_NAMES, Origin
from domain.content.templates import accepted_texts, opening_texts
from domain.errors import AuthorCannotReview, NotFound, StaleVersion, UnknownReference
from domain.escalation.policy import due_instants
from domain.escalation.targets import TargetName
from domain.postmortems.first_draft import EntrySource
from domain.postmortems.lifecycle import Decision as ReviewDecision
from domain.postmortems.lifecycle import ReviewerState, Status, reviewer_state
from domain.timeline.moments import Precision
from models.action_item import ActionItem
from models.base import new_id
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemEditor,
    PostmortemIncident,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemService,
    PostmortemTarget,
    PostmortemTeam,
    TimelineEvent,
)
from models.queries.access.visibility import effective_visibility, relation_columns, relations, visible_to
from models.queries.audit.audit_log import note_reads
from models.queries.audit.records import audit
from models.queries.chat.picks import take_picks
from models.queries.content.kept_templates import accept_custom_fields, get_kept, pick_template
from models.queries.content.section_texts import UNWRITTEN, Body, read_bodies, write_bodies
from models.queries.content.templates import Versioned
from models.queries.escalation.policies import content_of, pick_policy
from models.queries.notifications.notices import notify
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.people import check_people
from models.queries.people.teams import check_teams
from models.queries.search.conditions import matching, plan_for_words
from models.team import Service

CONTENT = frozenset({"title", "impact_metrics", "custom_fields"})
"""Columns whose change makes approvals stale; sections, the timeline and the linked incidents count as well."""

MANAGED = frozenset({"visibility", "team_ids", "author_id"})
"""What the author, editors and administrators decide, not reviewers."""


@dataclass(frozen=True, slots=True)
class NewTimelineEvent:
    at: datetime
    event: str
    type: str = "OTHER"
    actor: str | None = None
    source: str = "manual"
    incident_id: str | None = None
    precision: str = Precision.MINUTE.value
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewPostmortem:
    """What a postmortem begins with. ``columns`` also holds the standard sections, by their fields' names, and custom
    ones in a map ``custom_sections``. ``template`` None is the default one of its teams. ``brought_by`` says which
    linked incident brought a team, service or participant, by their ids: nobody in it was brought by a person.

    ``started_by_person`` meets the first target at once.
    """

    id: str
    title: str
    author_id: str | None
    columns: Mapping[str, Any] = field(default_factory=dict)
    incident_ids: Sequence[str] = ()
    team_ids: Sequence[str] = ()
    service_ids: Sequence[str] = ()
    participant_ids: Sequence[str] = ()
    brought_by: Mapping[str, str] = field(default_factory=dict)
    timeline: Sequence[NewTimelineEvent] = ()
    urgency: str | None = None
    resolved_at: datetime | None = None
    started_by_person: bool = True
    template: Versioned | None = None


@dataclass(frozen=True, slots=True)
class VisiblePostmortem:
    """A postmortem that the viewer may see, and what the viewer is to it."""

    postmortem: Postmortem
    relations: frozenset[Relation]
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers beside a postmortem. ``incomplete`` are ids of items that lack an owner or a due date."""

    items: Mapping[str, int]
    overdue: int = 0
    unresolved_comments: int = 0
    has_timeline: bool = False

    @property
    def has_items(self) -> bool:
        return any(self.items.values())


@dataclass(frozen=True, slots=True)
class Full:
    """A postmortem with everything that its page shows, loaded in one statement per table."""

    postmortem: Postmortem
    visibility: Visibility
    counts: Counts
    relations: frozenset[Relation] = frozenset()


# Opening


async def open_postmortem(session: AsyncSession, viewer: Viewer | None, new: NewPostmortem, now: datetime) -> bool:
    """Inserts the postmortem with its links, timeline and targets; False where its id exists already.

    Raises SectionNotInTemplate, InvalidCustomFields.
    """
    policy = await pick_policy(session, urgency=new.urgency, service_ids=new.service_ids, team_ids=new.team_ids)
    begun = new.template or await pick_template(session, new.team_ids)
    texts, columns = split_sections(new.columns)
    texts = opening_texts(begun.content, texts)
    values = {
        **columns,
        "custom_fields": await accept_custom_fields(session, begun.content, columns.get("custom_fields", {})),
        "template_id": begun.template.id,
        "template_version": begun.row.version,
        "id": new.id,
        "title": new.title,
        "author_id": new.author_id,
        "policy_id": policy.id,
        "policy_version": policy.version,
        "incident_resolved_at": new.resolved_at,
        "draft_started_at": now if new.started_by_person else None,
        "created_at": now,
        "updated_at": now,
    }
    statement = insert(Postmortem).values(**_with_defaults(values)).on_conflict_do_nothing(index_elements=["id"])
    if (await session.execute(statement.returning(Postmortem.id))).scalar_one_or_none() is None:
        return False
    author_id = viewer.person_id if viewer else None
    await write_bodies(session, new.id, texts, {}, author_id=author_id, origin=Origin.PREFILL, now=now)
    await _link(session, PostmortemIncident, new.id, "incident_id", new.incident_ids, ordered=True)
    await add_links(session, new)
    await add_events(session, new.id, [*new.timeline, *await take_picked(session, new.incident_ids)])
    await _add_targets(session, new, due_instants(new.resolved_at or now, content_of(policy)), now)
    audit(session, viewer, "postmortem.created", "postmortem", new.id, postmortem_id=new.id, after={"title": new.title})
    return True


def split_sections(fields: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts of sections by their names, and all other fields as they are."""
    texts = {WIRE_NAMES[name]: str(value or "") for name, value in fields.items() if name in WIRE_NAMES}
    texts |= {name: str(text or "") for name, text in (fields.get("custom_sections") or {}).items()}
    others = {name: value for name, value in fields.items() if name not in {*WIRE_NAMES, "custom_sections"}}
    return texts, others


def _with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"impact_metrics": {}, "custom_fields": {}, "tags": []}
    return {**defaults, "status": Status.DRAFT.value, "content_revision": 1, **_flags(), **values}


def _flags() -> dict[str, Any]:
    return {"publish_on_approval": False, "workflow_started": False}


async def _add_targets(
    session: AsyncSession, new: NewPostmortem, due: Mapping[TargetName, datetime], now: datetime
) -> None:
    rows = [
        {
            "postmortem_id": new.id,
            "name": name.value,
            "due_at": due_at,
            "met_at": now if name is TargetName.DRAFT_STARTED and new.started_by_person else None,
            "slips": 0,
        }
        for name, due_at in due.items()
    ]
    if rows:
        await session.execute(insert(PostmortemTarget).values(rows))


async def add_links(session: AsyncSession, new: NewPostmortem) -> None:
    """Teams, services and participants that it does not have yet, each with the incident that brought it."""
    await _link(session, PostmortemTeam, new.id, "team_id", new.team_ids, new.brought_by)
    await _link(session, PostmortemService, new.id, "service_id", new.service_ids, new.brought_by)
    await _link(session, PostmortemParticipant, new.id, "person_id", new.participant_ids, new.brought_by, ordered=True)


async def _link(
    session: AsyncSession,
    table: type[Any],
    postmortem_id: str,
    column: str,
    ids: Iterable[str],
    brought_by: Mapping[str, str] | None = None,
    *,
    ordered: bool = False,
) -> None:
    rows = [
        {
            "postmortem_id": postmortem_id,
            column: one,
            **({"ordinal": place} if ordered else {}),
            **({} if brought_by is None else {"incident_id": brought_by.get(one)}),
        }
        for place, one in enumerate(dict.fromkeys(ids))
    ]
    if rows:
        await session.execute(insert(table).values(rows).on_conflict_do_nothing())


async def take_picked(session: AsyncSession, incident_ids: Sequence[str]) -> list[NewTimelineEvent]:
    """Messages that were picked for these incidents, which must be linked already, before they had a postmortem."""
    return [
        NewTimelineEvent(
            one.at,
            one.event,
            one.type,
            one.actor,
            EntrySource.CHAT.value,
            precision=Precision.SECOND.value,
            external_id=one.key,
        )
        for one in await take_picks(session, incident_ids)
    ]


async def add_events(session: AsyncSession, postmortem_id: str, events: Sequence[NewTimelineEvent]) -> list[str]:
    """One statement for any number of events; those of one instant keep the order given."""
    ids = [new_id("evt") for _ in events]
    if not events:
        return ids
    columns: dict[str, tuple[Any, list[Any]]] = {
        "id": (Text, ids),
        "at": (TIMESTAMP(timezone=True), [one.at for one in events]),
        "precision": (Text, [one.precision for one in events]),
        "event": (Text, [one.event for one in events]),
        "type": (Text, [one.type for one in events]),
        "actor": (Text, [one.actor for one in events]),
        "source": (Text, [one.source for one in events]),
        "incident_id": (Text, [one.incident_id for one in events]),
        "external_id": (Text, [one.external_id for one in events]),
    }
    given = (
        func.unnest(*(literal(values, ARRAY(kind)) for kind, values in columns.values()))
        .table_valued(*columns, with_ordinality="place", name="given")
        .render_derived()
    )
    rows = select(literal(postmortem_id), *(given.c[name] for name in columns)).order_by(given.c.place)
    await session.execute(insert(TimelineEvent).from_select(["postmortem_id", *columns], rows))
    return ids


# Reading


async def get_visible(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, *, lock: bool = False
) -> VisiblePostmortem:
    """The row, if the viewer may know of it: one statement. Raises :class:`NotFound` otherwise."""
    statement = select(Postmortem, effective_visibility(), *relation_columns(viewer).columns())
    statement = statement.where(Postmortem.id == postmortem_id, visible_to(viewer))
    if lock:
        statement = statement.with_for_update(of=Postmortem)
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound(kind="postmortem", id=postmortem_id)
    postmortem, visibility, level, reviewer, participant, team = row
    held = relations(viewer, postmortem, level, reviewer, participant, team)
    if not lock and access.sees_only_as_administrator(Visibility(visibility), held):
        await note_reads(session, viewer, [postmortem_id])
    return VisiblePostmortem(postmortem, held, Visibility(visibility))


_EVERYTHING = (
    selectinload(Postmortem.template),
    selectinload(Postmortem.sections),
    selectinload(Postmortem.incidents),
    selectinload(Postmortem.services),
    selectinload(Postmortem.teams),
    selectinload(Postmortem.participants),
    selectinload(Postmortem.editors),
    selectinload(Postmortem.reviewers),
    selectinload(Postmortem.timeline),
)


async def get_full(session: AsyncSession, viewer: Viewer, postmortem_id: str, now: datetime) -> Full:
    statement = select(Postmortem, effective_visibility(), *relation_columns(viewer).columns())
    statement = statement.where(Postmortem.id == postmortem_id, visible_to(viewer)).options(*_EVERYTHING)
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound(kind="postmortem", id=postmortem_id)
    postmortem, visibility, level, reviewer, participant, team = row
    counts = await count_beside(session, [postmortem], now)
    held = relations(viewer, postmortem, level, reviewer, participant, team)
    if access.sees_only_as_administrator(Visibility(visibility), held):
        await note_reads(session, viewer, [postmortem_id])
    return Full(postmortem, Visibility(visibility), counts[postmortem.id], held)


async def count_beside(session: AsyncSession, postmortems: Sequence[Postmortem], now: datetime) -> dict[str, Counts]:
    """Action items by status, overdue ones and unresolved comments of each: two statements for all of them."""
    ids = [one.id for one in postmortems]
    today = now.astimezone(UTC).date()
    overdue = func.count().filter(ActionItem.due_on < today, ActionItem.status.in_(("OPEN", "IN_PROGRESS")))
    items: dict[str, dict[str, int]] = {one: {} for one in ids}
    late: dict[str, int] = {}
    grouped = select(ActionItem.postmortem_id, ActionItem.status, func.count(), overdue)
    grouped = grouped.where(ActionItem.postmortem_id.in_(ids)).group_by(ActionItem.postmortem_id, ActionItem.status)
    for postmortem_id, status, count, late_ones in (await session.execute(grouped)).all():
        items[postmortem_id][status] = count
        late[postmortem_id] = late.get(postmortem_id, 0) + late_ones
    threads = select(Comment.postmortem_id, func.count()).where(Comment.postmortem_id.in_(ids), *unresolved_threads())
    comments = {row[0]: row[1] for row in (await session.execute(threads.group_by(Comment.postmortem_id))).all()}
    return {
        one.id: Counts(items[one.id], late.get(one.id, 0), comments.get(one.id, 0), bool(one.timeline))
        for one in postmortems
    }


def unresolved_threads() -> tuple[Any, ...]:
    return (Comment.parent_id.is_(None), Comment.resolved_at.is_(None))


def state_of(reviewer: PostmortemReviewer, postmortem: Postmortem) -> ReviewerState:
    decision = ReviewDecision(reviewer.decision) if reviewer.decision else None
    return reviewer_state(decision, reviewer.decided_revision, postmortem.content_revision)


# Listing

Rows = TypeVarTuple("Rows")


@dataclass(frozen=True, slots=True)
class Filters:
    status: Sequence[str] = ()
    team_id: str | None = None
    service_id: str | None = None
    author_id: str | None = None
    visibility: str | None = None
    overdue: bool | None = None
    q: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    sort: str = "-createdAt"


SORTS = {
    "-createdAt": (Postmortem.created_at, True),
    "createdAt": (Postmortem.created_at, False),
    "-updatedAt": (Postmortem.updated_at, True),
    "updatedAt": (Postmortem.updated_at, False),
    "-number": (Postmortem.number, True),
    "number": (Postmortem.number, False),
}


async def list_postmortems(
    session: AsyncSession, viewer: Viewer, filters: Filters, ask: Ask, now: datetime
) -> Page[Full]:
    if filters.q:
        await plan_for_words(session)
    column, descending = SORTS[filters.sort]
    by_number = column is Postmortem.number
    order = Order(filters.sort, column, Postmortem.number if by_number else Postmortem.id, descending)
    statement = _filtered(select(Postmortem, effective_visibility()).where(visible_to(viewer)), filters, now)
    rows, cursor = await fetch_page(
        session, statement.options(*_EVERYTHING), order, ask, tie_type=int if by_number else str
    )
    counts = await count_beside(session, [row[0] for row in rows], now)
    await note_reads(session, viewer, [row[0].id for row in rows if row[1] == Visibility.PRIVATE])
    return Page([Full(row[0], Visibility(row[1]), counts[row[0].id]) for row in rows], cursor)


def _filtered(statement: Select[*Rows], filters: Filters, now: datetime) -> Select[*Rows]:
    if filters.status:
        statement = statement.where(Postmortem.status.in_(filters.status))
    if filters.team_id:
        statement = statement.where(_has(PostmortemTeam, PostmortemTeam.team_id == filters.team_id))
    if filters.service_id:
        statement = statement.where(_has(PostmortemService, PostmortemService.service_id == filters.service_id))
    if filters.author_id:
        statement = statement.where(Postmortem.author_id == filters.author_id)
    if filters.visibility:
        statement = statement.where(effective_visibility() == filters.visibility)
    if filters.overdue is not None:
        late = _has(PostmortemTarget, *_missed(now))
        statement = statement.where(late if filters.overdue else ~late)
    if filters.q:
        statement = statement.where(matching(filters.q))
    if filters.created_from:
        statement = statement.where(Postmortem.created_at >= filters.created_from)
    if filters.created_to:
        statement = statement.where(Postmortem.created_at < filters.created_to)
    return statement


def _has(table: type[Any], *conditions: Any) -> Any:
    return exists().where(table.postmortem_id == Postmortem.id, *conditions)


def _missed(now: datetime) -> tuple[Any, ...]:
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    return (PostmortemTarget.met_at.is_(None), PostmortemTarget.waived_at.is_(None), due_at < now)


# Editing


async def edit_content(
    session: AsyncSession,
    viewer: Viewer,
    postmortem_id: str,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None,
    now: datetime,
) -> bool:
    """Changes columns, sections and teams; the row is locked first. True if this edit started the draft.

    ``changes`` names standard sections by their fields, and custom ones in a map ``custom_sections``.
    Raises NotFound, EditingClosed, NotAllowed, StaleVersion, UnknownReference, AuthorCannotReview,
    SectionNotInTemplate, InvalidCustomFields.
    """
    seen = await get_visible(session, viewer, postmortem_id, lock=True)
    postmortem = seen.postmortem
    if changes.keys() - MANAGED:
        access.check_edit(Status(postmortem.status), seen.relations)
    if changes.keys() & MANAGED:
        check_managing(seen, "change the visibility, teams or author of this postmortem")
    texts, columns = split_sections(changes)
    standing = await read_bodies(session, postmortem.id, texts.keys()) if texts else {}
    if expected_version is not None and expected_version != postmortem.version:
        raise StaleVersion(
            expected=str(expected_version), current=postmortem.version, sections=_both_texts(texts, standing)
        )
    if changes.get("author_id"):
        await check_people(session, "authorId", [changes["author_id"]])
        await _hand_over(session, postmortem, changes["author_id"], now)
    kept = await get_kept(session, postmortem)
    texts = accepted_texts(kept, texts)
    if columns.get("custom_fields", postmortem.custom_fields) != postmortem.custom_fields:
        columns["custom_fields"] = await accept_custom_fields(session, kept, columns["custom_fields"])
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, value in columns.items():
        if name in {"team_ids", "service_ids"}:
            continue
        if getattr(postmortem, name) != value:
            before[name], after[name] = getattr(postmortem, name), value
            setattr(postmortem, name, value)
    for name in ("team_ids", "service_ids"):
        if name in changes:
            await _replace_links(session, postmortem.id, name, changes[name], before, after)
    rewritten = await _rewrite(session, viewer, postmortem.id, texts, standing, now)
    for name in rewritten:
        before[name], after[name] = standing.get(name, UNWRITTEN).text or None, texts[name] or None
    if not after:
        return False
    audit_seen(session, viewer, seen, "postmortem.updated", before, after)
    return await content_changed(session, seen, now, counts=bool(rewritten or after.keys() & CONTENT))


def _both_texts(texts: Mapping[str, str], standing: Mapping[str, Body]) -> list[dict[str, str | int]] | None:
    """Of the sections that a refused change would have rewritten: the refused text beside the one that stands."""
    found = {name: standing.get(name, UNWRITTEN) for name in texts}
    return [
        {"name": name, "yours": texts[name], "current": body.text, "currentRevision": body.revision}
        for name, body in found.items()
        if body.text != texts[name]
    ] or None


async def _rewrite(
    session: AsyncSession,
    viewer: Viewer,
    postmortem_id: str,
    texts: Mapping[str, str],
    standing: Mapping[str, Body],
    now: datetime,
) -> dict[str, int]:
    return await write_bodies(
        session, postmortem_id, texts, standing, author_id=viewer.person_id, origin=Origin.EDIT, now=now
    )


async def _hand_over(session: AsyncSession, postmortem: Postmortem, author_id: str, now: datetime) -> None:
    """A reviewer does not become the author; whoever was the author may still edit."""
    if await session.get(PostmortemReviewer, (postmortem.id, author_id)) is not None:
        raise AuthorCannotReview()
    if postmortem.author_id not in {None, author_id}:
        row = {"postmortem_id": postmortem.id, "person_id": postmortem.author_id, "added_at": now}
        editor = insert(PostmortemEditor).values(**row, level=access.EditorLevel.EDIT.value)
        await session.execute(editor.on_conflict_do_nothing())


def check_managing(seen: VisiblePostmortem, action: str) -> None:
    """Published and archived ones are the administrators' alone."""
    access.check(Verb.MANAGE, Status(seen.postmortem.status), seen.relations, action)


async def content_changed(
    session: AsyncSession, seen: VisiblePostmortem, now: datetime, *, counts: bool = True
) -> bool:
    """Moves the version, and for content its revision; asks again for approvals that this made stale.

    True if the draft was started by this. The row must be locked.
    """
    postmortem = seen.postmortem
    postmortem.version += 1
    postmortem.updated_at = now
    if not counts:
        return False
    approved = await _approvers(session, postmortem)
    postmortem.content_revision += 1
    if approved and postmortem.status == Status.IN_REVIEW:
        occasion = f"{postmortem.id}:review_stale:{postmortem.content_revision}"
        await notify(session, approved, "review_stale", occasion, at=now, postmortem_id=postmortem.id)
    if postmortem.draft_started_at is not None:
        return False
    postmortem.draft_started_at = now
    await meet_targets(session, postmortem.id, [TargetName.DRAFT_STARTED], now)
    return True


def audit_seen(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    action: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """A row of the trail about the postmortem itself."""
    key = seen.postmortem.id
    audit(session, viewer, action, "postmortem", key, postmortem_id=key, before=before, after=after)


async def _approvers(session: AsyncSession, postmortem: Postmortem) -> list[str]:
    statement = select(PostmortemReviewer.person_id).where(
        PostmortemReviewer.postmortem_id == postmortem.id,
        PostmortemReviewer.decision == ReviewDecision.APPROVE.value,
        PostmortemReviewer.decided_revision == postmortem.content_revision,
    )
    return list((await session.execute(statement)).scalars())


async def meet_targets(session: AsyncSession, postmortem_id: str, names: Iterable[TargetName], now: datetime) -> None:
    """The first time counts."""
    statement = update(PostmortemTarget).where(
        PostmortemTarget.postmortem_id == postmortem_id,
        PostmortemTarget.name.in_([one.value for one in names]),
        PostmortemTarget.met_at.is_(None),
    )
    await session.execute(statement.values(met_at=now))


async def _replace_links(
    session: AsyncSession,
    postmortem_id: str,
    name: str,
    ids: Sequence[str],
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    table: type[Any] = PostmortemTeam if name == "team_ids" else PostmortemService
    column = "team_id" if name == "team_ids" else "service_id"
    if name == "team_ids":
        await check_teams(session, "teamIds", ids)
    else:
        await check_services(session, "serviceIds", ids)
    current = set(
        (await session.execute(select(getattr(table, column)).where(table.postmortem_id == postmortem_id))).scalars()
    )
    if current == set(ids):
        return
    before[name], after[name] = sorted(current), sorted(set(ids))
    dropped = getattr(table, column).not_in(list(ids))
    await session.execute(table.__table__.delete().where(table.postmortem_id == postmortem_id, dropped))
    await _link(session, table, postmortem_id, column, ids, {})


async def check_services(session: AsyncSession, name: str, ids: Sequence[str]) -> None:
    found = (
        set((await session.execute(select(Service.id).where(Service.id.in_(list(ids))))).scalars()) if ids else set()
    )
    for one in ids:
        if one not in found:
            raise UnknownReference(field=name, kind="service", id=one)


# The outbox


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    statement = select(Postmortem.id).where(~Postmortem.workflow_started).order_by(Postmortem.created_at).limit(limit)
    return list((await session.execute(statement)).scalars())
