"""What a message adds to a notice: quotes, what changed since a review, who was reminded before, what was published.

Everything is read for postmortems that the receiver may see: the caller passes only those.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.action_items.action_item import ActionItemStatus
from domain.content.templates import TITLES
from domain.notifications.notices import NoticeKind
from domain.notifications.timing import Outcome
from models.action_item import ActionItem
from models.content import Section
from models.notification import Notice
from models.person import Person
from models.postmortem import Comment, Postmortem, PostmortemTeam, Review
from models.queries.content.templates import get_content
from models.team import Team

REVIEWS = frozenset({NoticeKind.REVIEW_REQUESTED, NoticeKind.REVIEW_PENDING, NoticeKind.REVIEW_STALE})
DECISIONS = {
    NoticeKind.CHANGES_REQUESTED.value: "REQUEST_CHANGES",
    NoticeKind.REVIEW_COMPLETED.value: "APPROVE",
}
REMINDED = (Outcome.TOLD.value, Outcome.READ.value)


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment: who wrote it, in which section by its title."""

    author: str
    body: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class OwnReview:
    """The receiver's last decision, and the titles of the sections whose text differs since."""

    id: str
    decision: str
    comment: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierReminder:
    """Whom the same was asked of before, and when it was sent or read."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PublishedItem:
    description: str
    owner: str
    due_on: date | None


@dataclass(frozen=True, slots=True)
class Publication:
    summary: str
    items: tuple[PublishedItem, ...] = ()
    item_count: int = 0


@dataclass(frozen=True, slots=True)
class Background:
    """``remarks`` by comment, ``words`` (of a reviewer's decision) by notice, ``reviews``, ``led`` (the name of the
    team that the receiver leads) and ``publications`` by postmortem, ``reminders`` by item, or postmortem and target.
    """

    remarks: Mapping[str, Remark] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    reviews: Mapping[str, OwnReview] = field(default_factory=dict)
    led: Mapping[str, str] = field(default_factory=dict)
    reminders: Mapping[tuple[str, str | None], Sequence[EarlierReminder]] = field(default_factory=dict)
    publications: Mapping[str, Publication] = field(default_factory=dict)


async def read_background(
    session: AsyncSession, notices: Sequence[Notice], postmortems: Collection[Postmortem], person_id: str | None
) -> Background:
    """``postmortems`` are those that the receiver may see. ``person_id`` None: the receiver is a team's channel."""
    rows = {one.id: one for one in postmortems}
    seen = [one for one in notices if one.postmortem_id in rows]
    if not seen:
        return Background()
    published = {one.postmortem_id for one in seen if one.kind == NoticeKind.PUBLISHED and one.postmortem_id}
    return Background(
        remarks=await _remarks(session, {one.comment_id for one in seen if one.comment_id}, rows),
        words=await _words(session, seen),
        reviews=await _reviews(session, seen, rows, person_id) if person_id else {},
        led=await _led(session, rows, person_id) if person_id else {},
        reminders=await _reminders(session, seen),
        publications={key: await _publication(session, key) for key in published},
    )


async def _titles(session: AsyncSession, postmortem: Postmortem, names: Collection[str]) -> dict[str, str]:
    """Titles of sections; those of custom ones are in the template."""
    if all(one in TITLES for one in names):
        return {one: TITLES[one] for one in names}
    template = await get_content(session, postmortem.template_id, postmortem.template_version)
    known = {one.key: one.title for one in template.sections}
    return {one: known.get(one) or TITLES.get(one, one) for one in names}


async def _remarks(
    session: AsyncSession, comment_ids: Collection[str], postmortems: Mapping[str, Postmortem]
) -> dict[str, Remark]:
    if not comment_ids:
        return {}
    statement = select(Comment.id, Comment.postmortem_id, Comment.section, Comment.body, Person.name)
    statement = statement.join(Person, Person.id == Comment.author_id)
    statement = statement.where(Comment.id.in_(comment_ids), Comment.postmortem_id.in_(postmortems))
    found = {}
    for row in (await session.execute(statement)).all():
        names = [row.section] if row.section else []
        titles = await _titles(session, postmortems[row.postmortem_id], names)
        found[row.id] = Remark(row.name, row.body, titles.get(row.section or "", ""))
    return found


async def _words(session: AsyncSession, notices: Sequence[Notice]) -> dict[str, str]:
    """What was said with a decision, the last one that its reviewer had made by then."""
    found = {}
    for notice in notices:
        decision = DECISIONS.get(notice.kind)
        if decision and notice.actor_id:
            statement = select(Review.comment).where(
                Review.postmortem_id == notice.postmortem_id,
                Review.person_id == notice.actor_id,
                Review.decision == decision,
                Review.created_at <= notice.created_at,
            )
            said = (await session.execute(statement.order_by(Review.id.desc()).limit(1))).scalar()
            if said:
                found[notice.id] = said
    return found


async def _reviews(
    session: AsyncSession, notices: Sequence[Notice], postmortems: Mapping[str, Postmortem], person_id: str
) -> dict[str, OwnReview]:
    """Of those whose review is asked for, or of those they stand in for."""
    asked = {one.postmortem_id: one.on_behalf_of_id or person_id for one in notices if one.kind in REVIEWS}
    found: dict[str, OwnReview] = {}
    for key, reviewer in asked.items():
        last = select(Review).where(Review.postmortem_id == key, Review.person_id == reviewer)
        review = (await session.execute(last.order_by(Review.id.desc()).limit(1))).scalar()
        if key and review is not None:
            changed: list[str] = []
            if review.section_revisions is not None:
                current = select(Section.name, Section.revision).where(Section.postmortem_id == key)
                known = review.section_revisions
                now = (await session.execute(current)).all()
                changed = [name for name, revision in now if revision != known.get(name)]
            titles = await _titles(session, postmortems[key], changed)
            order = {name: place for place, name in enumerate(TITLES)}
            changed.sort(key=lambda one: (order.get(one, len(order)), one))
            found[key] = OwnReview(
                review.id, review.decision, review.comment or "", tuple(titles[one] for one in changed)
            )
    return found


async def _led(session: AsyncSession, postmortem_ids: Collection[str], person_id: str) -> dict[str, str]:
    statement = select(PostmortemTeam.postmortem_id, func.min(Team.name)).join(Team, Team.id == PostmortemTeam.team_id)
    statement = statement.where(PostmortemTeam.postmortem_id.in_(postmortem_ids), Team.lead_id == person_id)
    rows = (await session.execute(statement.group_by(PostmortemTeam.postmortem_id))).all()
    return {row[0]: row[1] for row in rows}


async def _reminders(
    session: AsyncSession, notices: Sequence[Notice]
) -> dict[tuple[str, str | None], list[EarlierReminder]]:
    """By the record: reminders of the same that were delivered or read, to people who are still active."""
    escalations = [one for one in notices if one.is_escalation]
    if not escalations:
        return {}
    items = {one.action_item_id for one in escalations if one.action_item_id}
    whole = {one.postmortem_id for one in escalations if one.postmortem_id and not one.action_item_id}
    since = case((Notice.outcome == Outcome.READ.value, func.coalesce(Notice.read_at, Notice.settled_at)))
    at = func.coalesce(since, Notice.settled_at)
    statement = select(Notice.action_item_id, Notice.postmortem_id, Notice.target, Person.name, at.label("at"))
    statement = statement.join(Person, Person.id == Notice.person_id).where(
        or_(Notice.action_item_id.in_(items), Notice.postmortem_id.in_(whole) & Notice.action_item_id.is_(None)),
        Notice.rung.is_not(None),
        Notice.outcome.in_(REMINDED),
        ~Notice.is_escalation,
        Person.is_active,
        Notice.created_at < max(one.created_at for one in escalations),
    )
    found: dict[tuple[str, str | None], list[EarlierReminder]] = {}
    for row in (await session.execute(statement.order_by(at, Person.name))).all():
        key = (row.action_item_id or row.postmortem_id, None if row.action_item_id else row.target)
        found.setdefault(key, []).append(EarlierReminder(row.name, row.at))
    return found


LISTED_ITEMS = 3


async def _publication(session: AsyncSession, postmortem_id: str) -> Publication:
    section = await session.get(Section, (postmortem_id, "summary"))
    open_statuses = (ActionItemStatus.OPEN.value, ActionItemStatus.IN_PROGRESS.value)
    statement = select(ActionItem.description, ActionItem.due_on, Person.name)
    statement = statement.outerjoin(Person, (Person.id == ActionItem.owner_id) & Person.is_active)
    statement = statement.where(ActionItem.postmortem_id == postmortem_id, ActionItem.status.in_(open_statuses))
    rows = (await session.execute(statement.order_by(ActionItem.due_on.nulls_last(), ActionItem.id))).all()
    items = tuple(PublishedItem(one.description, one.name or "", one.due_on) for one in rows[:LISTED_ITEMS])
    return Publication(section.body if section else "", items, len(rows))
