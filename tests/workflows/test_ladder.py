"""A year of one postmortem in three time zones, by the workflow's own clock: outages, edits, snoozes."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from sqlalchemy import select, update

from application.escalation import policies as policy_use_cases
from application.escalation import policy_changes
from domain.access import Role
from domain.action_items.commands import ActionItemAction
from domain.escalation.policy import Policy, Recipient, Span, Step, StepKind
from domain.escalation.targets import TargetName
from domain.postmortems.commands import PostmortemAction
from integrations import public_holidays
from models.action_item import ActionItem
from models.content import Section
from models.escalation import ReminderAlarm, SentReminder
from models.notification import Notice
from models.person import Person
from models.postmortem import Comment, Postmortem, PostmortemTarget
from models.queries.people import calendars
from tests.workflows.case import Case
from tests.workflows.lab import ADMIN, ALWAYS, AT_DUE, Lab
from workflows.postmortem import PostmortemWorkflow

DEFAULT = Policy("As it comes")
INSTANTS = ("due_at", "since", "looked_at")
RUNGS = {"before_due", "due", "+1", "+3", "+5", "weekly"}


@dataclass(frozen=True)
class Place:
    """Where somebody works, as ``holidays`` itself knows it."""

    zone: str
    country: str
    region: str | None

    def rests(self, at: datetime) -> bool:
        """Whether a message at that instant is one too many: told without our own calendar."""
        local = at.astimezone(ZoneInfo(self.zone))
        free = holidays.country_holidays(self.country, subdiv=self.region, years=local.year)
        return local.isoweekday() > 5 or local.date() in free or not 9 <= local.hour < 17


KOLKATA, LOS_ANGELES, MUNICH = (
    Place("Asia/Kolkata", "IN", None),
    Place("America/Los_Angeles", "US", "CA"),
    Place("Europe/Berlin", "DE", "BY"),
)


async def settle(lab: Lab, place: Place, role: Role = Role.RESPONDER) -> str:
    region = (place.country, place.region or "")
    async with lab.sessions.begin() as session:
        known = public_holidays.dates(place.country, place.region, datetime.now(UTC).year)
        await calendars.insert_holidays(session, region, known)
    return await lab.person(role, time_zone=place.zone, country=place.country, region=place.region)


def assert_never_twice(steps: Sequence[SentReminder]) -> None:
    seen = Counter((one.subject_id, one.target, one.due_at, one.step, one.receiver_id) for one in steps)
    assert max(seen.values(), default=1) == 1
    messages = Counter((one.occasion, one.receiver_id) for one in steps if one.covered_by is None)
    assert max(messages.values(), default=1) == 1


async def test_a_year_in_three_zones(lab: Lab) -> None:
    where = {
        await settle(lab, KOLKATA): KOLKATA,
        await settle(lab, LOS_ANGELES): LOS_ANGELES,
        await settle(lab, MUNICH, Role.ADMIN): MUNICH,
    }
    author, lead, admin = where
    policy = replace(DEFAULT, targets={TargetName.DRAFT_COMPLETED: Span(48), TargetName.PUBLISHED: Span(14 * 24)})
    case = await lab.postmortem(policy, [await lab.team(lead, author)], author)
    for weeks in range(4, 53, 4):
        await case.let_pass(weeks=weeks, hours=1)  # when nothing is due
    steps = await case.steps()
    ours = [one for one in steps if one.receiver_id in where]
    for one in ours:
        assert not where[one.receiver_id].rests(one.sent_at), (one.receiver_id, one.step, one.sent_at)
    assert_never_twice(steps)
    for name in policy.targets:
        found = [one for one in ours if one.target == name]
        assert {one.rung for one in found} == RUNGS, name
        assert {one.receiver_id for one in found if one.rung == "+5"} == {admin}, "the top of its ladder"
        assert {one.receiver_id for one in found if one.rung == "+3"} == {lead}
        assert {one.receiver_id for one in found if one.rung == "+1"} == {author}
        weekly = [one for one in found if one.rung == "weekly" and one.receiver_id == author]
        assert 46 <= len(weekly) <= 52
        said = [one.sent_at for one in weekly if one.covered_by is None]
        assert all(late - early >= timedelta(days=1) for early, late in itertools.pairwise(said))
    assert len(await case.notices()) == len([one for one in steps if one.covered_by is None])
    assert set((await case.states(await case.now())).values()) == {"MISSED"}


async def test_the_check_itself_finds_weekends_holidays_and_nights() -> None:
    assert MUNICH.rests(datetime(2026, 11, 28, 11, tzinfo=UTC)), "a Saturday"
    assert MUNICH.rests(datetime(2027, 1, 6, 11, tzinfo=UTC)), "Epiphany, in Bavaria"
    assert MUNICH.rests(datetime(2026, 11, 24, 16, 30, tzinfo=UTC)), "half past five there"
    assert not MUNICH.rests(datetime(2026, 11, 24, 15, 30, tzinfo=UTC))
    assert LOS_ANGELES.rests(datetime(2026, 11, 26, 20, tzinfo=UTC)), "Thanksgiving"


async def lose_a_week(case: Case) -> None:
    """Everything that the database knows lies a week further back: as if for a week nobody had looked."""
    week = timedelta(days=7)
    async with case.lab.sessions.begin() as session:
        row = await session.get_one(Postmortem, case.id)
        row.created_at -= week
        row.incident_resolved_at = case.resolved_at - week
        of_target, of_step = PostmortemTarget.postmortem_id == case.id, SentReminder.postmortem_id == case.id
        moved = {"due_at": PostmortemTarget.due_at - week}
        await session.execute(update(PostmortemTarget).where(of_target).values(**moved))
        moved = {"due_at": SentReminder.due_at - week, "sent_at": SentReminder.sent_at - week}
        await session.execute(update(SentReminder).where(of_step).values(**moved))
        alarm = await session.get_one(ReminderAlarm, case.id)
        alarm.looked_at -= week
        back = {name: lambda said: (datetime.fromisoformat(said) - week).isoformat() for name in INSTANTS}
        alarm.looks = [{name: back.get(name, str)(said) for name, said in look.items()} for look in alarm.looks]
    await case.handle.signal(PostmortemWorkflow.look_again)


async def test_after_a_week_without_a_worker_each_is_asked_once_and_late(lab: Lab) -> None:
    admin, lead, author = await lab.person(Role.ADMIN), await lab.person(), await lab.person()
    policy = replace(DEFAULT, targets={TargetName.DRAFT_COMPLETED: Span(48)})
    case = await lab.postmortem(policy, [await lab.team(lead, author)], author)
    await case.let_pass(hours=40)  # the warning may be out, the rest is not
    before = await case.steps()
    assert {one.rung for one in before} <= {"before_due"}
    await lose_a_week(case)
    now = await case.let_pass(hours=41)
    await case.let_pass(days=5)  # over a weekend, whatever day it is
    fresh = [one for one in await case.steps() if one.sent_at >= now - timedelta(hours=1)]
    late = [one for one in fresh if one.covered_by is None and one.rung != "weekly"]
    assert {one.receiver_id for one in late} >= {author, lead, admin}
    assert max(Counter((one.receiver_id, one.sent_at) for one in late).values()) == 1, "one message each, no storm"
    first = min(one.sent_at for one in late)
    at_once = Counter(one.receiver_id for one in late if one.sent_at == first)
    assert at_once[author] == 1
    assert {"due", "+1"} <= {one.rung for one in fresh if one.receiver_id == author}, "the lower one is in the higher"
    assert_never_twice(await case.steps())
    await case.let_pass(days=14)
    assert {one.rung for one in await case.steps()} == RUNGS
    assert_never_twice(await case.steps())


async def test_a_policy_that_is_edited_meanwhile(lab: Lab) -> None:
    case = await lab.postmortem()
    await case.let_pass(hours=30)
    assert await case.nudged() == ["draft_started"]
    policy_id, now = (await case.row()).policy_id, await case.now()
    steps = (*AT_DUE.steps, Step(StepKind.WORKING_DAYS, 1, (Recipient.OWNER,)))
    spans = {TargetName.DRAFT_STARTED: Span(24), TargetName.DRAFT_COMPLETED: Span(96)}
    async with lab.sessions.begin() as session:
        changes = {"steps": steps, "targets": spans}
        latest = await policy_use_cases.change_policy(session, ADMIN, policy_id, changes, None, now)
        assert latest.version == 2
    await case.let_pass(hours=31)
    assert (await case.row()).policy_version == 1, "it is pinned"
    async with lab.sessions.begin() as session:
        await policy_changes.apply_policy(session, ADMIN, policy_id, None, now)
    await case.handle.signal(PostmortemWorkflow.look_again)  # as the outbox does
    await case.let_pass(hours=95)
    told = [(one.target, one.rung) for one in await case.notices()]
    assert told == [("draft_started", "due"), ("draft_started", "+1")]
    await case.let_pass(hours=97)
    assert (await case.nudged())[-1] == "draft_completed"
    await case.let_pass(days=20)
    told = [(one.target, one.rung) for one in await case.notices()]
    assert told[2:] == [("draft_completed", "due"), ("draft_completed", "+1")], "and nothing of the old ones"


async def test_a_snooze_outlives_its_worker(lab: Lab) -> None:
    case = await lab.postmortem()
    item_id = await case.ready(case.resolved_at.date())
    handle = await case.start_item(item_id)
    until = case.after(days=6)
    await case.command_item(handle, item_id, ActionItemAction.SNOOZE, until=until)
    await lab.crew.go()
    await lab.crew.come()
    await lab.fast_forward(handle, timedelta(days=5))
    assert await case.notices("action_item_overdue") == []
    await lab.fast_forward(handle, timedelta(days=10))
    (notice,) = await case.notices("action_item_overdue")
    assert until <= notice.created_at <= until + timedelta(minutes=1)


async def test_an_item_climbs_from_before_it_is_due_to_the_administrators(lab: Lab) -> None:
    admin, lead, author, owner = (
        await lab.person(Role.ADMIN),
        await lab.person(),
        await lab.person(),
        await lab.person(),
    )
    case = await lab.postmortem(replace(DEFAULT, office=ALWAYS), [await lab.team(lead, author, owner)], author)
    due_on = case.after(days=10).date()
    item_id, low_id = await case.ready(due_on), await case.ready(due_on)
    async with lab.sessions.begin() as session:
        (await session.get_one(ActionItem, item_id)).owner_id = owner
        (await session.get_one(ActionItem, low_id)).priority = "LOW"
    for one in (item_id, low_id):
        handle = await case.start_item(one)
        await lab.fast_forward(handle, timedelta(days=33))
    steps = await case.steps()
    asked = {(one.rung, one.receiver_id) for one in steps if one.action_item_id == item_id}
    asked = {one for one in asked if one[1] in {admin, lead, author, owner}}
    assert asked >= {("before_due", owner), ("due", owner), ("+1", owner), ("+1", author), ("+3", lead), ("+5", admin)}
    assert {("weekly", owner), ("weekly", admin)} <= asked
    low = [(one.rung, one.receiver_id) for one in steps if one.action_item_id == low_id]
    assert low == [("due", author)] + [("weekly", author)] * 3, "its owner alone, and weekly"
    warned = await case.notices("action_item_due")
    assert [one.person_id for one in warned] == [owner]
    assert [one.is_escalation for one in steps if one.receiver_id == lead] == [True]
    assert not any(one.is_escalation for one in steps if one.receiver_id == owner)
    assert_never_twice(steps)


async def test_a_draft_that_rests_is_asked_for_until_somebody_edits_it(lab: Lab) -> None:
    case = await lab.postmortem(replace(AT_DUE, targets={TargetName.PUBLISHED: Span(8000)}, stale_after_days=5))
    async with lab.sessions.begin() as session:
        (await session.get_one(Postmortem, case.id)).draft_started_at = case.after(hours=1)
    await case.let_pass(days=4)
    async with lab.sessions.begin() as session:
        await session.execute(
            update(Section)
            .where(Section.postmortem_id == case.id, Section.name == "summary")
            .values(updated_at=case.after(days=4), updated_by=case.author_id)
        )
    await case.let_pass(days=8)
    assert await case.notices("draft_stale") == []
    await case.let_pass(days=30)
    (notice,) = await case.notices("draft_stale")
    assert case.after(days=9) <= notice.created_at <= case.after(days=9, minutes=1)
    assert (notice.target, notice.person_id) == ("stale_draft", case.author_id)


async def test_a_reviewer_who_has_not_decided_on_what_is_there_now(lab: Lab) -> None:
    """The review was completed once, so that its target asks nobody; then the text was changed."""
    case, bob, eve = await lab.postmortem(), await lab.person(), await lab.person()
    await case.submit(bob, eve)
    for one in (bob, eve):
        await case.command(PostmortemAction.APPROVE, actor_id=one)
    async with lab.sessions.begin() as session:
        (await session.get_one(Postmortem, case.id)).content_revision += 1
    await case.handle.signal(PostmortemWorkflow.look_again)
    await case.let_pass(hours=1)
    await case.command(PostmortemAction.APPROVE, actor_id=eve)
    await case.let_pass(days=12)
    assert [one.person_id for one in await case.notices("review_pending")] == [bob]
    assert [one.target for one in await case.notices()] == [], "its own targets are met, or not due yet"


async def test_whoever_does_not_review_is_told_that_a_review_is_waited_for(lab: Lab) -> None:
    case, bob = await lab.postmortem(replace(DEFAULT, office=ALWAYS)), await lab.person()
    await case.submit(bob)
    await case.command(PostmortemAction.APPROVE, actor_id=bob)
    async with lab.sessions.begin() as session:
        (await session.get_one(Postmortem, case.id)).content_revision += 1
    await case.handle.signal(PostmortemWorkflow.look_again)
    await case.let_pass(days=8)
    assert {one.person_id for one in await case.notices("review_pending")} == {bob}
    assert case.author_id in {one.person_id for one in await case.notices("review_awaited")}, "the day after"


async def test_threads_are_one_question_to_whoever_has_the_next_word(lab: Lab) -> None:
    case, bob = await lab.postmortem(replace(AT_DUE, stale_after_days=3)), await lab.person()
    await case.submit(bob)
    for hours in (1, 2):
        await case.comment(bob, case.after(hours=hours))
    answered = await case.comment(bob, case.after(hours=1))
    await case.comment(case.author_id, case.after(hours=3), parent_id=answered)
    await case.let_pass(days=3, hours=4)
    asked = {(one.person_id, one.created_at.replace(second=0)) for one in await case.notices("threads_unresolved")}
    assert {one for one, _ in asked} == {bob, case.author_id}
    assert len(asked) == 2, "two threads that wait for the author are one question"
    async with lab.sessions.begin() as session:
        resolved = {"resolved_at": case.after(days=4), "resolved_by_id": bob}
        await session.execute(update(Comment).where(Comment.postmortem_id == case.id).values(**resolved))
    await case.let_pass(days=30)
    assert len(await case.notices("threads_unresolved")) == 2


async def test_nobody_is_asked_on_their_day_off_though_the_timer_was_set_before_it(lab: Lab) -> None:
    """Guarded again when sent: away since the timer was armed."""
    case = await lab.postmortem()
    back = case.after(hours=60)
    async with lab.sessions.begin() as session:
        person = await session.get_one(Person, case.author_id)
        person.away_from, person.away_until = case.after(hours=20), back
    await case.let_pass(hours=59)
    assert await case.notices() == []
    await case.let_pass(hours=61)
    assert {one.target for one in await case.notices()} == {"draft_started", "draft_completed"}
    assert all(back <= one.created_at <= back + timedelta(minutes=1) for one in await case.notices())


async def test_whoever_is_away_with_a_delegate_is_asked_in_time(lab: Lab) -> None:
    """Their voice hands it over: nothing waits until they are back."""
    case = await lab.postmortem()
    delegate = await lab.person()
    async with lab.sessions.begin() as session:
        person = await session.get_one(Person, case.author_id)
        person.away_from, person.away_until = case.after(hours=20), case.after(hours=60)
        person.delegate_id = delegate
    await case.let_pass(hours=25)
    assert [one.target for one in await case.notices()] == ["draft_started"]


async def test_a_target_that_slips_twice_is_shown_to_the_lead_once(lab: Lab) -> None:
    lead, author = await lab.person(), await lab.person()
    case = await lab.postmortem(team_ids=[await lab.team(lead, author)], author_id=author)
    for days in (3, 5, 6):
        words = {"reason": "The vendor's report is late"}
        extend, until = PostmortemAction.EXTEND_TARGET, case.after(days=days)
        await case.command(extend, target="draft_completed", until=until, words=words)
        told = [one.person_id for one in await case.notices("target_slipped")]
        assert told == ([] if days == 3 else [lead])


async def test_a_team_without_a_lead_falls_to_the_administrators_who_are_told_once(lab: Lab) -> None:
    admin = await lab.person(Role.ADMIN)
    team_id = await lab.team(None)
    for _ in range(2):
        case = await lab.postmortem(replace(DEFAULT, office=ALWAYS), [team_id])
        await case.let_pass(days=9)
        assert admin in {one.receiver_id for one in await case.steps() if one.rung == "+3"}
    async with lab.sessions.begin() as session:
        told = select(Notice).where(Notice.person_id == admin, Notice.kind == "team_without_lead")
        assert len((await session.execute(told)).scalars().all()) == 1


async def test_the_check_itself_finds_what_was_sent_twice(lab: Lab) -> None:
    case = await lab.postmortem()
    await case.let_pass(hours=30)
    steps = await case.steps()
    assert_never_twice(steps)
    with pytest.raises(AssertionError):
        assert_never_twice(steps * 2)
