"""The facts behind notices, read again: what each is about, and whether it is still worth telling to its receiver."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer, Visibility
from domain.action_items.action_item import ActionItemStatus, asked_from, is_overdue
from domain.escalation.plan import ACTION_ITEM, occasion
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind, SettledBy, kind_of
from domain.notifications.timing import Outcome
from domain.people.absence import absence
from domain.postmortems.lifecycle import ReviewerState, Status
from models.action_item import ActionItem
from models.integration import Integration
from models.person import Person
from models.postmortem import Comment, Postmortem, PostmortemReviewer, PostmortemTarget, PostmortemTeam
from models.queries.access.visibility import effective_visibility, visible_to
from models.queries.postmortems.postmortems import state_of
from models.record import Notice
from models.section import Section
from models.team import Team

OWED_BY_WRITERS = {SettledBy.TARGET, SettledBy.EDIT}
WAITS_TO_BE_REVIEWED = {ReviewerState.PENDING, ReviewerState.STALE}


@dataclass(frozen=True, slots=True)
class Fact:
    """``outcome`` None: still worth telling. ``names`` are those of people whom its sentence mentions."""

    notice: Notice
    outcome: Outcome | None
    title: str
    due_at: datetime | None = None
    due_on: date | None = None
    detail: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def is_past(self, now: datetime) -> bool:
        """The instant at which it was due lies behind."""
        return self.due_at is not None and self.due_at <= now


@dataclass(frozen=True, slots=True)
class _Known:
    receiver_id: str
    postmortems: Mapping[str, Postmortem]
    items: Mapping[str, ActionItem]
    targets: Mapping[tuple[str, str], PostmortemTarget]
    reviewers: Mapping[tuple[str, str], PostmortemReviewer]
    threads: Mapping[str, bool]
    written: Mapping[str, datetime]
    integrations: Mapping[str, Integration]
    teams: Mapping[str, Team]
    people: Mapping[str, Person]
    muted: Collection[str]
    now: datetime


def visible_to_team(team_id: str) -> ColumnElement[bool]:
    """What every member of the team may see, whoever they are: less than some of them do."""
    theirs = exists().where(PostmortemTeam.postmortem_id == Postmortem.id, PostmortemTeam.team_id == team_id)
    visibility = effective_visibility()
    return or_(
        visibility == Visibility.ORGANIZATION.value,
        and_(visibility == Visibility.TEAM.value, theirs.correlate(Postmortem)),
    )


async def read_facts(
    session: AsyncSession,
    notices: Sequence[Notice],
    now: datetime,
    *,
    viewer: Viewer | None,
    team_id: str | None,
    muted: Collection[str] = (),
) -> list[Fact]:
    """In the order of ``notices``. Exactly one of ``viewer`` and ``team_id`` is given."""
    if not notices:
        return []
    may_see = visible_to(viewer) if viewer else visible_to_team(team_id or "")
    ids = {one.postmortem_id for one in notices if one.postmortem_id}
    item_ids = {one.action_item_id for one in notices if one.action_item_id}
    comment_ids = {one.comment_id for one in notices if one.comment_id}
    person_ids = {one.on_behalf_of_id for one in notices if one.on_behalf_of_id}
    if viewer:
        person_ids.add(viewer.person_id)
    postmortems = await _all(session, select(Postmortem).where(Postmortem.id.in_(ids), may_see))
    targets = await _all(session, select(PostmortemTarget).where(PostmortemTarget.postmortem_id.in_(ids)))
    reviewing = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id.in_(ids))
    reviewers = await _all(session, reviewing)
    items = await _all(session, select(ActionItem).where(ActionItem.id.in_(item_ids)))
    team_ids = {one.about_team_id for one in notices if one.about_team_id}
    teams = await _all(session, select(Team).where(Team.id.in_(team_ids)))
    owners = {one.owner_id for one in items} | {one.author_id for one in postmortems}
    owners |= {one.person_id for one in reviewers} | {one.lead_id for one in teams}
    named = await _named(session, ids, person_ids | {one for one in owners if one})
    people = await _all(session, select(Person).where(Person.id.in_(named)))
    integrations = {one.integration_id for one in notices if one.integration_id}
    known = _Known(
        receiver_id=viewer.person_id if viewer else team_id or "",
        postmortems={one.id: one for one in postmortems},
        items={one.id: one for one in items},
        targets={(one.postmortem_id, one.name): one for one in targets},
        reviewers={(one.postmortem_id, one.person_id): one for one in reviewers},
        threads=await _threads(session, comment_ids),
        written=await _written(session, {one.postmortem_id for one in notices if one.kind == NoticeKind.DRAFT_STALE}),
        integrations={
            one.id: one for one in await _all(session, select(Integration).where(Integration.id.in_(integrations)))
        },
        teams={one.id: one for one in teams},
        people={one.id: one for one in people},
        muted=muted,
        now=now,
    )
    return [_fact(one, known) for one in notices]


async def _all(session: AsyncSession, statement: Any) -> list[Any]:
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def _named(session: AsyncSession, postmortem_ids: Collection[str], person_ids: Collection[str]) -> set[str]:
    """Those who are away, and whoever stands in for them."""
    away = select(Person.delegate_id).where(Person.id.in_(person_ids), Person.delegate_id.is_not(None))
    delegates = (await session.execute(away)).scalars()
    return {*person_ids, *(one for one in delegates if one)} if postmortem_ids else set(person_ids)


async def _threads(session: AsyncSession, comment_ids: Collection[str]) -> dict[str, bool]:
    """Whether the thread of each comment is resolved."""
    if not comment_ids:
        return {}
    thread = select(Comment.id, Comment.parent_id, Comment.resolved_at).where(Comment.id.in_(comment_ids))
    rows = (await session.execute(thread)).all()
    parents = {one.parent_id for one in rows if one.parent_id}
    above = select(Comment.id).where(Comment.id.in_(parents), Comment.resolved_at.is_not(None))
    resolved = set((await session.execute(above)).scalars())
    return {one.id: one.resolved_at is not None or one.parent_id in resolved for one in rows}


async def _written(session: AsyncSession, postmortem_ids: Collection[str | None]) -> dict[str, datetime]:
    """When somebody last wrote in each."""
    if not postmortem_ids:
        return {}
    last = select(Section.postmortem_id, func.max(Section.updated_at)).where(
        Section.postmortem_id.in_(postmortem_ids), Section.updated_by.is_not(None)
    )
    return {key: at for key, at in (await session.execute(last.group_by(Section.postmortem_id))).all() if at}


def _fact(notice: Notice, known: _Known) -> Fact:
    postmortem = known.postmortems.get(notice.postmortem_id or "")
    item = known.items.get(notice.action_item_id or "")
    target = known.targets.get((notice.postmortem_id or "", notice.target or ""))
    integration = known.integrations.get(notice.integration_id or "")
    team = known.teams.get(notice.about_team_id or "")
    away = known.people.get(notice.on_behalf_of_id or "")
    delegate = known.people.get(away.delegate_id or "") if away else None
    return Fact(
        notice,
        _outcome(notice, postmortem, item, target, known),
        title=_title(postmortem, item, integration, team),
        due_at=(target.extended_to or target.due_at) if target else None,
        due_on=item.due_on if item else None,
        detail=(integration.needs_attention or "") if integration else "",
        names={"person": away.name if away else "", "delegate": delegate.name if delegate else ""},
    )


def _title(
    postmortem: Postmortem | None, item: ActionItem | None, integration: Integration | None, team: Team | None
) -> str:
    if item is not None:
        return item.description
    if postmortem is not None:
        return postmortem.title
    return integration.name if integration else team.name if team else ""


def _outcome(
    notice: Notice,
    postmortem: Postmortem | None,
    item: ActionItem | None,
    target: PostmortemTarget | None,
    known: _Known,
) -> Outcome | None:
    owns = item is not None and item.owner_id == known.receiver_id
    if notice.postmortem_id and postmortem is None and not owns:
        return Outcome.HIDDEN
    if not notice.is_escalation and notice.kind in known.muted:
        return Outcome.MUTED
    if notice.read_at is not None and not notice.is_escalation:
        return Outcome.READ
    if item is not None:
        return _item_outcome(notice, item, known)
    if postmortem is None:
        return _team_outcome(notice, known) if notice.about_team_id else _connection_outcome(notice, known)
    return Outcome.DONE if _is_done(notice, postmortem, target, known) else None


def _item_outcome(notice: Notice, item: ActionItem, known: _Known) -> Outcome | None:
    status = ActionItemStatus(item.status)
    rule = kind_of(notice.kind).settled_by
    if rule is SettledBy.NEW_OWNER:
        owner = known.people.get(item.owner_id or "")
        return Outcome.DONE if status.is_settled or (owner is not None and owner.is_active) else None
    if rule is not SettledBy.ITEM:
        return None
    postmortem = known.postmortems.get(item.postmortem_id)
    writes = postmortem.author_id if postmortem and notice.kind != NoticeKind.ACTION_ITEM_ASSIGNED else None
    if _was_passed_on(notice, item.owner_id, known, writes):
        return Outcome.DONE
    moved = notice.kind == NoticeKind.ACTION_ITEM_OVERDUE and not is_overdue(status, item.due_on, known.now)
    if item.due_on is not None:
        moved = moved or _was_due_else(notice, item.id, ACTION_ITEM, asked_from(item.due_on, item.snoozed_until))
    snoozed = item.snoozed_until is not None and item.snoozed_until > known.now
    return Outcome.DONE if status.is_settled or moved or snoozed else None


def _connection_outcome(notice: Notice, known: _Known) -> Outcome | None:
    integration = known.integrations.get(notice.integration_id or "")
    recovered = integration is None or integration.needs_attention is None
    return Outcome.DONE if recovered and kind_of(notice.kind).settled_by is SettledBy.RECOVERY else None


def _team_outcome(notice: Notice, known: _Known) -> Outcome | None:
    """Done where somebody leads the team by now."""
    team = known.teams.get(notice.about_team_id or "")
    lead = known.people.get(team.lead_id or "") if team else None
    return Outcome.DONE if lead is not None and lead.is_active else None


def _is_done(notice: Notice, postmortem: Postmortem, target: PostmortemTarget | None, known: _Known) -> bool:
    if postmortem.status == Status.ARCHIVED or (notice.comment_id and known.threads.get(notice.comment_id, True)):
        return True
    rule = kind_of(notice.kind).settled_by
    reviews = (postmortem.id, _meant(notice, known)) in known.reviewers
    if rule in OWED_BY_WRITERS and not reviews and _was_passed_on(notice, postmortem.author_id, known):
        return True
    match rule:
        case SettledBy.REVIEW:
            done = not _is_review_owed(notice, postmortem, known)
        case SettledBy.TARGET:
            done = target is not None and _is_met(notice, postmortem, target, known)
        case SettledBy.EDIT:
            written_at = known.written.get(postmortem.id, notice.created_at)
            done = postmortem.status != Status.DRAFT or written_at > notice.created_at
        case SettledBy.RESUBMISSION:
            done = postmortem.status != Status.DRAFT
        case SettledBy.END_OF_REVIEW:
            done = postmortem.status != Status.IN_REVIEW
        case SettledBy.NEW_AUTHOR:
            author = known.people.get(postmortem.author_id or "")
            done = author is not None and author.is_active
        case SettledBy.NEW_REVIEWER:
            theirs = [known.people.get(person_id) for key, person_id in known.reviewers if key == postmortem.id]
            done = all(one is not None and one.is_active for one in theirs)
        case SettledBy.RETURN:
            away = known.people.get(notice.on_behalf_of_id or "")
            done = away is not None and absence(away.is_active, away.away_from, away.away_until, known.now) is None
        case _:
            done = False
    return done


def _is_review_owed(notice: Notice, postmortem: Postmortem, known: _Known) -> bool:
    """By the reviewer to whom it was said, or by anybody where it was said to somebody else."""
    theirs = [row for (key, _), row in known.reviewers.items() if key == postmortem.id]
    if notice.kind != NoticeKind.REVIEW_AWAITED:
        theirs = [one for one in theirs if one.person_id == _meant(notice, known)]
    waiting = any(state_of(one, postmortem) in WAITS_TO_BE_REVIEWED for one in theirs)
    return postmortem.status == Status.IN_REVIEW and waiting


def _is_met(notice: Notice, postmortem: Postmortem, target: PostmortemTarget, known: _Known) -> bool:
    """Met, waived, or due at another time since; or a review that this reviewer has given while others have not."""
    if target.met_at is not None or target.waived_at is not None:
        return True
    if _was_due_else(notice, postmortem.id, target.name, target.extended_to or target.due_at):
        return True
    asked = known.reviewers.get((postmortem.id, _meant(notice, known)))
    if target.name != TargetName.REVIEW_COMPLETED or asked is None or postmortem.author_id == known.receiver_id:
        return False
    return postmortem.status == Status.IN_REVIEW and state_of(asked, postmortem) not in WAITS_TO_BE_REVIEWED


def _was_passed_on(notice: Notice, owner_id: str | None, known: _Known, also: str | None = None) -> bool:
    """Somebody else who is there owes it by now; whoever is asked ``also`` is still asked."""
    owner = known.people.get(owner_id or "")
    others = owner is not None and owner.is_active
    return others and not notice.is_escalation and _meant(notice, known) not in {owner_id, also}


def _meant(notice: Notice, known: _Known) -> str:
    """Whom it was written for first: whoever is away, where somebody stands in."""
    return notice.on_behalf_of_id or known.receiver_id


def _was_due_else(notice: Notice, subject_id: str, target: str, due_at: datetime) -> bool:
    """It was written for another due time than the one that holds; the ladder asks anew for that one."""
    return notice.rung is not None and not notice.dedupe_key.startswith(occasion(subject_id, target, due_at))
