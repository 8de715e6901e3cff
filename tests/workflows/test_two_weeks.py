"""Two weeks of a postmortem, by the workflow's own clock: who is reminded of what, when, and how often."""

import asyncio
from datetime import UTC, datetime, time, timedelta

from domain.access import Role
from domain.action_items.commands import ActionItemAction
from domain.escalation.targets import DEFAULT_HOURS, TargetName, TargetState
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.snapshots import PostmortemSnapshot
from models.notification import Notice
from tests.workflows.case import Case
from tests.workflows.lab import Lab

PROMPT = timedelta(minutes=1)
"""A timer may fire a little late, never early."""


def assert_on_time(notice: Notice, due_at: datetime) -> None:
    assert due_at <= notice.created_at <= due_at + PROMPT, (notice.target, notice.created_at, due_at)


async def test_when_nobody_does_anything_each_target_is_nudged_for_once(lab: Lab) -> None:
    case = await lab.postmortem()
    now = await case.let_pass(days=15)
    notices = await case.notices()
    assert [one.target for one in notices] == list(TargetName)
    for one in notices:
        assert_on_time(one, case.after(hours=DEFAULT_HOURS[TargetName(one.target or "")]))
        assert (one.person_id, one.rung) == (case.author_id, "due")
    assert await case.states(now) == dict.fromkeys(TargetName, TargetState.MISSED)
    await case.let_pass(days=40)
    assert len(await case.notices()) == 4


async def test_no_nudge_before_it_is_due(lab: Lab) -> None:
    case = await lab.postmortem()
    now = await case.let_pass(hours=23.9)
    assert await case.notices() == []
    assert set((await case.states(now)).values()) == {TargetState.PENDING}


async def test_submitted_in_time(lab: Lab) -> None:
    case, bob = await lab.postmortem(), await lab.person()
    await case.let_pass(hours=20)
    await case.submit(bob)
    now = await case.let_pass(hours=60)
    states = await case.states(now)
    assert states[TargetName.DRAFT_STARTED] is states[TargetName.DRAFT_COMPLETED] is TargetState.MET
    assert await case.nudged() == []
    await case.let_pass(days=15)
    owed = [(one.target, one.person_id) for one in await case.notices()]
    assert owed == [("review_completed", bob), ("published", case.author_id)]


async def test_submitted_late(lab: Lab) -> None:
    case, bob = await lab.postmortem(), await lab.person()
    await case.let_pass(hours=50)
    await case.submit(bob)
    states = await case.states(await case.now())
    assert states[TargetName.DRAFT_STARTED] is states[TargetName.DRAFT_COMPLETED] is TargetState.LATE
    await case.let_pass(days=15)
    assert await case.nudged() == list(TargetName)


async def test_published_in_time_nobody_is_nudged_and_archiving_ends_it(lab: Lab) -> None:
    case, bob = await lab.postmortem(), await lab.person()
    await case.let_pass(hours=20)
    await case.submit(bob)
    await case.let_pass(days=3)
    await case.command(PostmortemAction.APPROVE, actor_id=bob)
    await case.command(PostmortemAction.PUBLISH)
    now = await case.let_pass(days=15)
    assert await case.states(now) == dict.fromkeys(TargetName, TargetState.MET)
    assert await case.nudged() == []
    admin = await lab.person(role=Role.ADMIN)
    await case.command(PostmortemAction.ARCHIVE, actor_id=admin)
    await asyncio.wait_for(case.handle.result(), timeout=10)


async def test_a_waived_target_is_never_nudged_for(lab: Lab) -> None:
    case = await lab.postmortem()
    await _waive(case, TargetName.DRAFT_COMPLETED)
    now = await case.let_pass(days=15)
    assert await case.nudged() == ["draft_started", "review_completed", "published"]
    assert (await case.states(now))[TargetName.DRAFT_COMPLETED] is TargetState.WAIVED


async def test_with_every_target_waived_there_is_nothing_to_wait_for(lab: Lab) -> None:
    case = await lab.postmortem()
    for name in TargetName:
        snapshot = await _waive(case, name)
    assert snapshot.next_deadline is None
    await case.let_pass(days=15)
    assert await case.nudged() == []


async def test_an_extended_target_is_nudged_for_at_its_new_time_only(lab: Lab) -> None:
    case = await lab.postmortem()
    await case.let_pass(hours=30)
    await _extend(case, TargetName.DRAFT_COMPLETED, case.after(hours=72))
    now = await case.let_pass(hours=71)
    assert await case.nudged() == ["draft_started"]
    assert (await case.states(now))[TargetName.DRAFT_COMPLETED] is TargetState.PENDING
    now = await case.let_pass(hours=73)
    nudges = await case.notices()
    assert [one.target for one in nudges] == ["draft_started", "draft_completed"]
    assert_on_time(nudges[1], case.after(hours=72))
    assert (await case.states(now))[TargetName.DRAFT_COMPLETED] is TargetState.MISSED
    await case.let_pass(days=15)
    assert await case.nudged() == list(TargetName)


async def test_extended_after_its_nudge_it_is_nudged_for_once_more(lab: Lab) -> None:
    case = await lab.postmortem()
    await case.let_pass(hours=50)
    assert await case.nudged() == ["draft_started", "draft_completed"]
    await _extend(case, TargetName.DRAFT_COMPLETED, case.after(days=5))
    await case.let_pass(days=4)
    assert len(await case.notices()) == 2
    await case.let_pass(days=6)
    nudges = await case.notices()
    assert [one.target for one in nudges] == ["draft_started", "draft_completed", "draft_completed"]
    assert_on_time(nudges[2], case.after(days=5))


async def test_an_overdue_action_item_is_nudged_for_once(lab: Lab) -> None:
    case = await lab.postmortem()
    due_on = (case.resolved_at + timedelta(days=2)).date()
    item_id = await case.ready(due_on)
    handle = await case.start_item(item_id)
    overdue_at = datetime.combine(due_on + timedelta(days=1), time.min, tzinfo=UTC)
    ahead = overdue_at - await lab.env.get_current_time(handle)
    await lab.fast_forward(handle, ahead - timedelta(minutes=1))
    assert await case.notices("action_item_overdue") == []
    await lab.fast_forward(handle, timedelta(days=15))
    (notice,) = await case.notices("action_item_overdue")
    assert (notice.action_item_id, notice.person_id) == (item_id, case.author_id)
    assert_on_time(notice, overdue_at)


async def test_a_snoozed_item_is_nudged_for_when_the_snooze_ends(lab: Lab) -> None:
    case = await lab.postmortem()
    item_id = await case.ready(case.resolved_at.date())
    handle = await case.start_item(item_id)
    until = case.after(days=6)
    await case.command_item(handle, item_id, ActionItemAction.SNOOZE, until=until)
    await lab.fast_forward(handle, timedelta(days=5))
    assert await case.notices("action_item_overdue") == []
    await lab.fast_forward(handle, timedelta(days=10))
    (notice,) = await case.notices("action_item_overdue")
    assert_on_time(notice, until)


async def test_a_completed_item_is_not_nudged_for_and_its_workflow_ends(lab: Lab) -> None:
    case = await lab.postmortem()
    item_id = await case.ready((case.resolved_at + timedelta(days=2)).date())
    handle = await case.start_item(item_id)
    await lab.fast_forward(handle, timedelta(days=1))
    done = {"changes": {"status": "COMPLETED"}}
    await case.command_item(handle, item_id, ActionItemAction.CHANGE, done)
    await asyncio.wait_for(handle.result(), timeout=10)
    assert await case.notices("action_item_overdue") == []
    assert (await case.item(item_id)).status == "COMPLETED"


async def test_continuing_as_new_loses_no_command_and_no_deadline(short_lab: Lab) -> None:
    case = await short_lab.postmortem()
    crew = [await short_lab.person() for _ in range(10)]
    await _extend(case, TargetName.PUBLISHED, case.after(days=20))
    await case.let_pass(hours=25)  # one target was nudged for before the first change of runs, three are to come
    asked = 1
    for _ in range(3):
        for half in (crew[:5], crew[5:]):  # five at once
            await asyncio.gather(*(case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(one,)) for one in half))
        for one in crew[1:]:
            await case.command(PostmortemAction.REMOVE_REVIEWER, person_ids=(one,))
        await case.command(PostmortemAction.REMOVE_REVIEWER, person_ids=(crew[0],))
        asked += 20
    last = await case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(crew[3],))
    asked += 1
    assert await _runs(case) > 1
    assert await case.commands_logged() == asked
    assert last.version == (await case.row()).version == 1 + asked
    assert await case.reviewers() == {crew[3]}

    now = await case.let_pass(days=15)
    assert await case.nudged() == ["draft_started", "draft_completed", "review_completed"]
    await case.let_pass(days=21)
    nudges = await case.notices()
    assert [one.target for one in nudges] == list(TargetName)
    assert_on_time(nudges[3], case.after(days=20))
    assert now < case.after(days=20)


async def test_a_repeat_after_continuing_as_new_meets_its_first_answer(short_lab: Lab) -> None:
    case, bob = await short_lab.postmortem(), await short_lab.person()
    others = [await short_lab.person() for _ in range(15)]
    await case.command(PostmortemAction.ADD_REVIEWERS, request_id=f"{case.id}-first", person_ids=(bob,))
    for one in others:
        await case.command(PostmortemAction.ADD_REVIEWERS, person_ids=(one,))
    assert await _runs(case) > 1
    again = await case.command(PostmortemAction.ADD_REVIEWERS, request_id=f"{case.id}-first", person_ids=(bob,))
    assert again.version == 17
    assert await case.commands_logged() == 16


async def _waive(case: Case, name: TargetName) -> PostmortemSnapshot:
    return await case.command(PostmortemAction.WAIVE_TARGET, target=name.value, words={"reason": "A small one"})


async def _extend(case: Case, name: TargetName, until: datetime) -> PostmortemSnapshot:
    words = {"reason": "The vendor's report is late"}
    return await case.command(PostmortemAction.EXTEND_TARGET, target=name.value, until=until, words=words)


async def _runs(case: Case) -> int:
    """Follows the chain back from the latest run."""
    latest = case.lab.client.get_workflow_handle(case.handle.id)
    count = 0
    run_id: str | None = (await latest.describe()).run_id
    while run_id:
        count += 1
        history = await case.lab.client.get_workflow_handle(case.handle.id, run_id=run_id).fetch_history()
        started = history.events[0].workflow_execution_started_event_attributes
        run_id = started.continued_execution_run_id or None
    return count
