"""Everything from which reminders of a postmortem or an action item are planned: one statement for each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    or_,
    outerjoin,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Role
from domain.escalation import policy as rules
from domain.escalation.deadlines import Alarm
from domain.escalation.targets import Target, TargetName
from models.action_item import ActionItem, Ticket
from models.content import Section
from models.escalation import Policy, PublicHoliday, ReminderAlarm, SentReminder
from models.person import Person
from models.postmortem import Comment, Postmortem, PostmortemReviewer, PostmortemTarget, PostmortemTeam
from models.queries.access.visibility import visible_to_person
from models.queries.escalation.policies import content_of
from models.queries.people.calendars import Region
from models.queries.postmortems.counts import unresolved_threads
from models.queries.postmortems.resting import rests
from models.queries.prebuilt import Prebuilt, json_list, json_object, text_of
from models.queries.rows import columns_of, read_row, write_rows
from models.team import Team


@dataclass(frozen=True, slots=True)
class TeamLead:
    """A team of the postmortem; ``lead_id`` may have left."""

    id: str
    lead_id: str | None
    channel_id: str | None


@dataclass(frozen=True, slots=True)
class Involved:
    """An active person who may get reminders. ``may_see``: the postmortem; the rest as in :class:`Person`."""

    id: str
    role: str
    may_see: bool
    delegate_id: str | None
    time_zone: str
    country: str | None
    region: str | None
    working_days: Sequence[int] | None
    opens: int | None
    closes: int | None
    away_from: datetime | None
    away_until: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    person_id: str
    decision: str | None
    decided_revision: int | None
    added_at: datetime
    waived_at: datetime | None


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """An unresolved thread: who started it when, and who answered last when."""

    id: str
    started_by: str
    started_at: datetime
    answered_by: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """The last look: until when each pending target was handled, and when the workflow looks again."""

    looked_at: datetime
    looks: Sequence[Mapping[str, str]]
    alarm: Alarm


@dataclass(frozen=True, slots=True)
class PendingFacts:
    """``involved`` are all active administrators and everyone who may have something to do. ``item`` and
    ``has_tickets`` are of an action item; ``targets``, ``reviewers``, ``threads`` and ``edited_at`` (when a person
    last edited a section) of a postmortem."""

    postmortem: Postmortem
    policy: rules.Policy
    teams: Sequence[TeamLead]
    involved: Sequence[Involved]
    holidays: Mapping[Region, frozenset[date]]
    last_look: Look | None
    was_reminded: bool
    item: ActionItem | None = None
    has_tickets: bool = False
    targets: Sequence[Target] = ()
    reviewers: Sequence[ReviewerRow] = ()
    threads: Sequence[ThreadRow] = ()
    edited_at: datetime | None = None
    is_resting: bool = False
    """Nobody has begun the draft, and its incident is open again."""


# The statements, built once

_POLICY = (
    *("name", "urgency", "service_id", "team_id", "hours", "working", "ladder", "office"),
    *("stale_after_days", "min_reviewers"),
)
_PERSON = (
    *("id", "role", "delegate_id", "time_zone", "country", "region", "working_days", "opens", "closes"),
    *("away_from", "away_until"),
)


def _json(statement: Select[Any], name: str) -> ColumnElement[Any]:
    return cast(statement.scalar_subquery(), Text).label(name)


def _object(table: Any, names: Iterable[str], **more: Any) -> ColumnElement[Any]:
    return json_object(**{name: getattr(table, name) for name in names}, **more)


def _listed(table: Any, value: ColumnElement[Any], *order: Any) -> Select[Any]:
    return select(json_list(value, *order)).select_from(table)


def _common(postmortem_id: Any, subject_id: Any, named: CompoundSelect[Any]) -> list[ColumnElement[Any]]:
    """Columns of :class:`PendingFacts` that both subjects have. ``named`` are the ids of people who may have something
    to do besides the teams' leads and the author."""
    policy = select(_object(Policy, _POLICY)).join(
        Postmortem, and_(Policy.id == Postmortem.policy_id, Policy.version == Postmortem.policy_version)
    )
    in_team = Team.id.in_(select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem_id))
    leads = select(Team.lead_id).where(in_team)
    author = select(Postmortem.author_id).where(Postmortem.id == postmortem_id)
    involved = Person.is_active, or_(Person.role == Role.ADMIN.value, Person.id.in_(union_all(leads, author, named)))
    person = _object(Person, _PERSON, may_see=visible_to_person(postmortem_id))
    region = func.coalesce(Person.region, "")
    regions = select(Person.country, region).where(*involved, Person.country.is_not(None))
    holiday = json_object(country=PublicHoliday.country, region=PublicHoliday.region, day=PublicHoliday.day)
    in_region = tuple_(PublicHoliday.country, PublicHoliday.region).in_(regions)
    look = _object(ReminderAlarm, ("looked_at", "looks", "rings_at", "rings_for"))
    return [
        _json(policy.where(Postmortem.id == postmortem_id), "policy"),
        _json(_listed(Team, _object(Team, ("id", "lead_id", "channel_id")), Team.id).where(in_team), "teams"),
        _json(_listed(Person, person, Person.created_at, Person.id).where(*involved), "involved"),
        _json(_listed(PublicHoliday, holiday, PublicHoliday.day).where(in_region), "holidays"),
        _json(select(look).where(ReminderAlarm.subject_id == subject_id), "last_look"),
        exists().where(SentReminder.subject_id == subject_id).label("was_reminded"),
    ]


def _of_postmortem() -> Prebuilt:
    key = text_of("id")
    answer = aliased(Comment)
    last = (
        select(answer.author_id, answer.created_at)
        .where(answer.parent_id == Comment.id)
        .order_by(answer.created_at.desc(), answer.id.desc())
        .limit(1)
        .lateral("last")
    )
    threads = Comment.postmortem_id == key, *unresolved_threads()
    reviewers = PostmortemReviewer.postmortem_id == key
    thread = json_object(
        id=Comment.id,
        started_by=Comment.author_id,
        started_at=Comment.created_at,
        answered_by=last.c.author_id,
        answered_at=last.c.created_at,
    )
    reviewer = _object(PostmortemReviewer, ("person_id", "decision", "decided_revision", "added_at", "waived_at"))
    target = _object(PostmortemTarget, ("name", "due_at", "extended_to", "met_at", "waived_at"))
    edited = select(func.max(Section.updated_at)).where(Section.postmortem_id == key, Section.updated_by.is_not(None))
    named = union_all(select(PostmortemReviewer.person_id).where(reviewers), select(Comment.author_id).where(*threads))
    listed = _listed(PostmortemTarget, target, PostmortemTarget.name).where(PostmortemTarget.postmortem_id == key)
    last_answers = outerjoin(Comment, last, last.c.author_id.is_not(None))
    statement = select(
        *columns_of(Postmortem),
        *_common(key, key, named),
        _json(listed, "targets"),
        _json(_listed(PostmortemReviewer, reviewer, PostmortemReviewer.person_id).where(reviewers), "reviewers"),
        _json(_listed(last_answers, thread, Comment.id).where(*threads), "threads"),
        edited.scalar_subquery().label("edited_at"),
        rests().label("is_resting"),
    )
    return Prebuilt(statement.where(Postmortem.id == key))


def _of_item() -> Prebuilt:
    key = text_of("id")
    postmortem_id = select(ActionItem.postmortem_id).where(ActionItem.id == key).scalar_subquery()
    owner = select(ActionItem.owner_id).where(ActionItem.id == key)
    statement = select(
        *columns_of(ActionItem),
        *columns_of(Postmortem),
        *_common(postmortem_id, key, union_all(owner)),
        exists().where(Ticket.action_item_id == key).label("has_tickets"),
    )
    return Prebuilt(statement.join(Postmortem, Postmortem.id == ActionItem.postmortem_id).where(ActionItem.id == key))


_POSTMORTEM, _ITEM = _of_postmortem(), _of_item()


async def find_postmortem_facts(session: AsyncSession, postmortem_id: str) -> PendingFacts | None:
    """None if the postmortem is gone. What the session has not written yet is written first."""
    await write_rows(session)
    row = await _POSTMORTEM.row(session, id=postmortem_id)
    if row is None:
        return None
    return PendingFacts(
        **_read_common(session, row),
        targets=[read_target(one) for one in orjson.loads(row["targets"])],
        reviewers=[ReviewerRow(**{**one, "added_at": _at(one["added_at"])}) for one in orjson.loads(row["reviewers"])],
        threads=[
            ThreadRow(**{**one, "started_at": _at(one["started_at"]), "answered_at": _instant(one["answered_at"])})
            for one in orjson.loads(row["threads"])
        ],
        edited_at=row["edited_at"],
        is_resting=row["is_resting"],
    )


async def find_item_facts(session: AsyncSession, item_id: str) -> PendingFacts | None:
    """As :func:`find_postmortem_facts`, for an action item."""
    await write_rows(session)
    row = await _ITEM.row(session, id=item_id)
    if row is None:
        return None
    item = read_row(session, ActionItem, row)
    return PendingFacts(**_read_common(session, row), item=item, has_tickets=row["has_tickets"])


# What they return


def _read_common(session: AsyncSession, row: Any) -> dict[str, Any]:
    look, holidays = orjson.loads(row["last_look"] or "null"), dict[Region, set[date]]()
    for one in orjson.loads(row["holidays"]):
        holidays.setdefault((one["country"], one["region"]), set()).add(date.fromisoformat(one["day"]))
    return {
        "postmortem": read_row(session, Postmortem, row),
        "policy": content_of(Policy(**orjson.loads(row["policy"]))),
        "teams": [TeamLead(**one) for one in orjson.loads(row["teams"])],
        "involved": [_involved(one) for one in orjson.loads(row["involved"])],
        "holidays": {region: frozenset(days) for region, days in holidays.items()},
        "last_look": look and Look(_at(look["looked_at"]), look["looks"], _alarm(look)),
        "was_reminded": row["was_reminded"],
    }


def _involved(one: dict[str, Any]) -> Involved:
    away = {"away_from": _instant(one["away_from"]), "away_until": _instant(one["away_until"])}
    return Involved(**{**one, **away})


def _alarm(look: Mapping[str, Any]) -> Alarm:
    return Alarm(_instant(look["rings_at"]), look["rings_for"])


def read_target(one: Mapping[str, Any]) -> Target:
    return Target(
        TargetName(one["name"]),
        _at(one["due_at"]),
        _instant(one["extended_to"]),
        _instant(one["met_at"]),
        _instant(one["waived_at"]),
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
