"""``python -m bench.year``: a year of an organisation of 40 people, 300 postmortems and 1,500 action items.

The ladder's own database functions over a real PostgreSQL, with a clock that jumps from one alarm or deed to the next:
what a workflow does when its timer fires, without Temporal in between. Tells what each person got on each day, with
and without one digest a day, and whether every target and item that was missed climbed to the top of its ladder.
People are as people are: most do what they owe in time, a quarter late, a few never. What they do to each other, at any
hour, is told at once and counted apart: reviews that are asked for, comments, items that are assigned.
"""

import asyncio
import heapq
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import select, text, update

from application.escalation import reminders
from application.notifications import notices
from application.people.people import add_person
from application.people.teams import add_team
from application.postmortems import opening
from application.postmortems.opening import NewPostmortem
from domain.access import Role
from domain.escalation.targets import TargetName
from domain.notifications.meanings import is_direct
from domain.notifications.notices import NoticeKind
from domain.notifications.timing import PAUSE
from integrations import public_holidays
from models.action_item import ActionItem
from models.escalation import ReminderAlarm, SentReminder
from models.notification import Notice
from models.person import Person
from models.postmortem import Postmortem, PostmortemTarget
from models.queries.escalation import policies, targets
from models.queries.people import calendars
from models.session import Session, Sessions, make_engine, make_sessions
from tests.workflows.lab import migrated_postgres

PEOPLE, TEAMS, POSTMORTEMS, ITEMS, AT_ONCE = 40, 5, 300, 1500, 12
COMMENTS = 4
"""Of the reviewers on each postmortem."""
BEGIN = datetime(2027, 1, 4, tzinfo=UTC)
END = BEGIN + timedelta(days=365)
PLACES = (("Europe/Berlin", "DE", "BY"), ("America/New_York", "US", "NY"), ("Asia/Kolkata", "IN", None))
DAY = timedelta(days=1)

Deed = Callable[[Session, datetime], Coroutine[Any, Any, str]]


@cache
def free_days(country: str, region: str | None, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, subdiv=region, years=year))


@dataclass(frozen=True)
class Worker:
    id: str
    zone: str
    country: str
    region: str | None

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def rests(self, at: datetime) -> bool:
        """Told without our own calendar."""
        local = self.local(at)
        return local.isoweekday() > 5 or local.date() in free_days(self.country, self.region, local.year)

    def working_days(self, until: datetime) -> int:
        days = [BEGIN + DAY * one + timedelta(hours=12) for one in range((until - BEGIN).days)]
        return sum(not self.rests(one) for one in days)


class Timeline:
    """Of one postmortem and its items: what is planned, in order. No other one's depends on it."""

    def __init__(self, sessions: Sessions, number: int) -> None:
        self.sessions = sessions
        self.random = random.Random(number)  # a year that can be told again
        self.queue: list[tuple[datetime, int, str, Deed | None]] = []
        self.alarms: dict[str, datetime | None] = {}
        self.count = 0
        self.looks = 0

    def plan(self, at: datetime, subject: str, deed: Deed | None = None) -> None:
        self.count += 1
        heapq.heappush(self.queue, (at, self.count, subject, deed))

    async def run(self) -> None:
        while self.queue and self.queue[0][0] < END:
            at, _, subject, deed = heapq.heappop(self.queue)
            if deed is None and self.alarms.get(subject) != at:
                continue
            async with self.sessions.begin() as session:
                if deed is not None:
                    subject = await deed(session, at)
                    await session.flush()
                    look = (
                        reminders.plan_item_reminders
                        if subject.startswith("ai_")
                        else reminders.plan_postmortem_reminders
                    )
                    await look(session, subject, at)
                elif subject.startswith("ai_"):
                    await reminders.send_item_reminders(session, subject, at)
                else:
                    await reminders.send_postmortem_reminders(session, subject, at)
                alarm = await session.get(ReminderAlarm, subject, populate_existing=True)
                rings_at = alarm.rings_at if alarm else None
            self.looks += 1
            if rings_at is not None and rings_at <= at and deed is None:
                raise AssertionError(f"{subject} looks at {at} again and again")
            self.alarms[subject] = rings_at
            if rings_at is not None:
                self.plan(rings_at, subject)

    def after(self, due: datetime, since: datetime) -> datetime | None:
        """When somebody does what is due then: in time, late, very late, or never."""
        luck = self.random.random()
        if luck < 0.70:
            return since + (due - since) * self.random.uniform(0.1, 0.98)
        if luck < 0.90:
            return due + timedelta(days=self.random.expovariate(1 / 3))
        return due + timedelta(days=self.random.uniform(10, 60)) if luck < 0.96 else None


async def settle(session: Session) -> list[Worker]:
    found = []
    for _, country, region in PLACES:
        known = public_holidays.dates(country, region, BEGIN.year - 1)
        await calendars.insert_holidays(session, (country, region or ""), known)
    for number in range(PEOPLE):
        zone, country, region = PLACES[number % len(PLACES)]
        role = Role.ADMIN if number < 2 else Role.RESPONDER
        one = Worker(f"user_y{number:02}", zone, country, region)
        name = f"y{number:02}"
        await add_person(session, person_id=one.id, email=f"{name}@example.com", name=name, handle=name, role=role)
        where = {"time_zone": zone, "country": country, "region": region}
        await session.execute(update(Person).where(Person.id == one.id).values(**where))
        found.append(one)
    for number in range(TEAMS):
        members = [one.id for place, one in enumerate(found) if place % TEAMS == number]
        await add_team(session, team_id=f"team_y{number}", name=f"Y{number}", lead_id=members[1], member_ids=members)
    return found


def open_postmortem(year: Timeline, number: int, workers: list[Worker]) -> None:
    team = year.random.randrange(TEAMS)
    members = [one for place, one in enumerate(workers) if place % TEAMS == team]
    author, *reviewers = year.random.sample(members, 3)
    at = BEGIN + timedelta(seconds=year.random.uniform(0, 330 * 86400))
    postmortem_id = f"pm_y{number:03}"

    async def begin(session: Session, now: datetime) -> str:
        new = NewPostmortem(
            id=postmortem_id,
            title=f"Incident {number}",
            author_id=author.id,
            team_ids=[f"team_y{team}"],
            resolved_at=now,
            started_by_person=False,
        )
        assert await opening.open_postmortem(session, None, new, now)
        await session.execute(update(Postmortem).where(Postmortem.id == postmortem_id).values(created_at=now))
        return postmortem_id

    year.plan(at, postmortem_id, begin)
    due = {name: at + timedelta(hours=hours) for name, hours in zip(TargetName, (24, 48, 168, 336), strict=True)}
    done, steps = at, {}
    for name in TargetName:
        reached = year.after(due[name], done) if done is not None else None
        done = max(done, reached) if reached and done else None
        steps[name] = done

    def reach(name: TargetName) -> Deed:
        async def work(session: Session, now: datetime) -> str:
            row = await session.get_one(Postmortem, postmortem_id)
            if name is TargetName.DRAFT_STARTED:
                row.draft_started_at = now
            elif name is TargetName.DRAFT_COMPLETED:
                row.status, row.submitted_at = "IN_REVIEW", now
                await session.execute(
                    text("insert into postmortem_reviewer (postmortem_id, person_id, added_at) values (:pm, :id, :at)"),
                    [{"pm": postmortem_id, "id": one.id, "at": now} for one in reviewers],
                )
                asked, key = [one.id for one in reviewers], f"{postmortem_id}:asked"
                about = {"postmortem_id": postmortem_id, "actor_id": author.id}
                await notices.notify(session, asked, NoticeKind.REVIEW_REQUESTED, key, at=now, **about)
            elif name is TargetName.REVIEW_COMPLETED:
                row.reviewed_at = now
                await session.execute(
                    text(
                        "update postmortem_reviewer set decision = 'APPROVE', decided_revision = :revision"
                        " where postmortem_id = :pm"
                    ),
                    {"pm": postmortem_id, "revision": row.content_revision},
                )
            else:
                row.status, row.published_at = "PUBLISHED", now
            await targets.meet_targets(session, postmortem_id, [name], now)
            return postmortem_id

        return work

    def comment(place: int) -> Deed:
        async def work(session: Session, now: datetime) -> str:
            about = {"postmortem_id": postmortem_id, "actor_id": reviewers[place % len(reviewers)].id}
            key = f"{postmortem_id}:comment:{place}"
            await notices.notify(session, [author.id], NoticeKind.COMMENT_ADDED, key, at=now, **about)
            return postmortem_id

        return work

    for name, instant in steps.items():
        if instant is not None:
            year.plan(instant, postmortem_id, reach(name))
    submitted, reviewed = steps[TargetName.DRAFT_COMPLETED], steps[TargetName.REVIEW_COMPLETED]
    if submitted and reviewed:
        for place in range(COMMENTS):
            share = year.random.uniform(0.05, 0.95)
            year.plan(submitted + (reviewed - submitted) * share, postmortem_id, comment(place))
    for place in range(ITEMS // POSTMORTEMS):
        owner = year.random.choice(members)
        add_item(year, f"ai_y{number:03}{place}", postmortem_id, at + timedelta(hours=1), owner, author)


def add_item(year: Timeline, item_id: str, postmortem_id: str, at: datetime, owner: Worker, by: Worker) -> None:
    due_on = (at + timedelta(days=year.random.choice((7, 14, 30, 60)))).date()
    priority = year.random.choice(("HIGH", "MEDIUM", "MEDIUM", "LOW"))

    async def begin(session: Session, now: datetime) -> str:
        words = {"description": "Do it", "owner_id": owner.id, "due_on": due_on, "priority": priority}
        session.add(ActionItem(id=item_id, postmortem_id=postmortem_id, created_at=now, updated_at=now, **words))
        if owner.id != by.id:
            await session.flush()
            about = {"postmortem_id": postmortem_id, "action_item_id": item_id, "actor_id": by.id}
            key = f"{item_id}:assigned"
            await notices.notify(session, [owner.id], NoticeKind.ACTION_ITEM_ASSIGNED, key, at=now, **about)
        return item_id

    async def finish(session: Session, now: datetime) -> str:
        row = await session.get_one(ActionItem, item_id)
        row.status, row.completed_at = "COMPLETED", now
        return item_id

    year.plan(at, item_id, begin)
    done = year.after(datetime.combine(due_on, time(), tzinfo=UTC), at)
    if done is not None:
        year.plan(done, item_id, finish)


@dataclass(frozen=True)
class Message:
    """Something that reached somebody unasked: of the ladder, or ``is_direct`` of a person."""

    person_id: str
    at: datetime
    is_escalation: bool
    is_direct: bool
    about: str | None


async def messages(session: Session) -> list[Message]:
    escalations = select(SentReminder.occasion, SentReminder.receiver_id).where(SentReminder.is_escalation)
    high = {tuple(row) for row in (await session.execute(escalations)).all()}
    columns = (
        Notice.person_id,
        Notice.created_at,
        Notice.dedupe_key,
        Notice.kind,
        Notice.actor_id,
        Notice.postmortem_id,
    )
    return [
        Message(person_id, at, (key, person_id) in high, is_direct(kind, by_a_person=actor is not None), about)
        for person_id, at, key, kind, actor, about in (await session.execute(select(*columns))).all()
    ]


def coalesced(found: list[Message]) -> list[Message]:
    """What people did to one postmortem within a minute is one message."""
    kept: list[Message] = []
    last: dict[tuple[str, str | None], datetime] = {}
    for one in sorted(found, key=lambda message: message.at):
        key = one.person_id, one.about
        if key not in last or one.at - last[key] >= PAUSE:
            last[key] = one.at
            kept.append(one)
    return kept


def per_day(found: list[Message], workers: dict[str, Worker], days: int) -> str:
    """Over each person's working days, those without any message too."""
    got = Counter((one.person_id, workers[one.person_id].local(one.at).date()) for one in found)
    counts = sorted([*got.values(), *([0] * (days - len(got)))])
    late = [counts[int(len(counts) * share)] for share in (0.95, 0.99)]
    mean = sum(counts) / len(counts)
    return f"median {statistics.median(counts):g}, mean {mean:.2f}, p95 {late[0]}, p99 {late[1]}, most {counts[-1]}"


def digests(found: list[Message], workers: dict[str, Worker]) -> list[Message]:
    """One a person and day of what is no escalation: what one voice makes of it."""
    first: dict[tuple[str, date], Message] = {}
    for one in sorted(found, key=lambda message: message.at):
        first.setdefault((one.person_id, workers[one.person_id].local(one.at).date()), one)
    return list(first.values())


async def missed(session: Session, now: datetime) -> tuple[int, int, int, int]:
    """Targets that stayed open for long after they were due, and those of them at the top of the ladder; items, too."""
    tops = select(SentReminder.subject_id, SentReminder.target).where(SentReminder.rung == "+5")
    top = {tuple(row) for row in (await session.execute(tops)).all()}
    rows = (await session.execute(select(PostmortemTarget))).scalars()
    open_long = [one for one in rows if min(one.met_at or now, now) - one.due_at > timedelta(days=12)]
    climbed = sum((one.postmortem_id, one.name) in top for one in open_long)
    items = (await session.execute(select(ActionItem).where(ActionItem.priority != "LOW"))).scalars()
    late = [
        one
        for one in items
        if one.due_on
        and min(one.completed_at or now, now) - datetime.combine(one.due_on, time(), tzinfo=UTC) > timedelta(days=13)
    ]
    return len(open_long), climbed, len(late), sum((one.id, "action_item") in top for one in late)


async def report(sessions: Sessions, workers: list[Worker], now: datetime) -> None:
    known = {one.id: one for one in workers}
    async with sessions.begin() as session:
        every = await messages(session)
        targets, climbed, items, items_climbed = await missed(session, now)
        rows = (await session.execute(select(Notice.person_id, Notice.dedupe_key))).all()
    found = [one for one in every if not one.is_direct]
    direct = coalesced([one for one in every if one.is_direct])
    days = sum(one.working_days(now) for one in workers)
    print(f"\nuntil {now:%Y-%m-%d}:")
    print(f"{len(found)} messages to {PEOPLE} people on {days} working days; twice: {len(rows) - len(set(rows))}")
    print(f"on a weekend or holiday of their receiver: {sum(known[one.person_id].rests(one.at) for one in found)}")
    hours = [known[one.person_id].local(one.at).hour for one in found]
    print(f"outside of 9 to 17 there: {sum(not 9 <= hour < 17 for hour in hours)}")
    print(f"direct messages, apart from those: {len(direct)}")
    print(f"- on a weekend or holiday: {sum(known[one.person_id].rests(one.at) for one in direct)}")
    by_day = [one for one in direct if not known[one.person_id].rests(one.at)]
    print(f"- a person and working day: {per_day(by_day, known, days)}")
    quiet = [one for one in found if not one.is_escalation]
    print(f"a person and day, as the ladder says it: {per_day(quiet, known, days)}")
    print(f"- as one digest: {per_day(digests(quiet, known), known, days)}")
    print(f"- escalations: {per_day([one for one in found if one.is_escalation], known, days)}")
    print(f"targets missed for 12 days: {targets}, of which at the top of their ladder: {climbed}")
    told = f"items of high and medium priority overdue for 12 days: {items}, of which at the top: {items_climbed}"
    print(told, flush=True)


def time_now() -> float:
    return asyncio.get_running_loop().time()


async def live(url: str) -> None:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        await policies.ensure_default_policy(session)
        workers = await settle(session)
    begun, looks, waiting = time_now(), 0, iter(range(POSTMORTEMS))

    async def live_some() -> None:
        nonlocal looks
        for number in waiting:
            one = Timeline(sessions, number)
            open_postmortem(one, number, workers)
            await one.run()
            looks += one.looks
            if number % 25 == 24:
                print(f"{number + 1} postmortems after {time_now() - begun:.0f} s", flush=True)

    await asyncio.gather(*(live_some() for _ in range(AT_ONCE)))
    print(f"{looks} looks and deeds in {time_now() - begun:.0f} s")
    await report(sessions, workers, END)
    await engine.dispose()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, migrated_postgres(Path(folder) / "home") as url:
        asyncio.run(live(url))


if __name__ == "__main__":
    main()
