"""Notices whose facts changed between writing and sending."""

from datetime import UTC, datetime, timedelta

import pytest

from application.escalation.policies import add_policy
from application.notifications import notices
from domain.access import Role, Viewer
from domain.escalation.policy import Office, Policy
from domain.escalation.reminders import reminder_key
from domain.people.calendar import Calendar
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.content import Section
from models.postmortem import Postmortem, PostmortemReviewer, PostmortemTarget
from tests.workflows.listening import Room, at, eventually, plain

pytestmark = pytest.mark.usefixtures("mail")


async def extend(room: Room, postmortem_id: str, target: str, until: datetime) -> None:
    async with room.lab.sessions.begin() as session:
        (await session.get_one(PostmortemTarget, (postmortem_id, target))).extended_to = until


async def test_a_second_slip_is_told_to_the_lead(room: Room) -> None:
    lead, author = await room.listener(), await room.listener()
    theirs = await room.postmortem(author.id, "Slipping", visibility="ORGANIZATION")
    await extend(room, theirs, "draft_completed", at(20, 9))
    await lead.is_told("target_slipped", at(0, 9), postmortem_id=theirs, target="draft_completed")
    await lead.until(at(0, 10))
    assert await lead.outcomes() == ["TOLD"]


async def test_a_warning_of_a_time_that_was_extended_is_not_told(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id, "Extended")
    async with room.lab.sessions.begin() as session:
        target = await session.get_one(PostmortemTarget, (mine, "draft_completed"))
        target.due_at = due = at(0, 16)
        key = reminder_key(mine, "draft_completed", due, "before_due")
        about = {"postmortem_id": mine, "target": "draft_completed", "rung": "before_due"}
        await notices.notify(session, [jane.id], "target_due", key, at=at(0, 9), **about)
    await extend(room, mine, "draft_completed", at(20, 9))
    await jane.until(at(0, 10))
    assert await jane.outcomes() == ["DONE"]


async def test_a_warning_of_a_date_that_was_moved_is_not_told(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id)
    item = f"ai_{mine}"
    async with room.lab.sessions.begin() as session:
        due_on = at(20, 0).date()
        session.add(ActionItem(id=item, postmortem_id=mine, description="It", owner_id=jane.id, due_on=due_on))
        await session.flush()
        key = reminder_key(item, "action_item", at(1, 0), "before_due")
        about = {"postmortem_id": mine, "action_item_id": item, "rung": "before_due"}
        await notices.notify(session, [jane.id], "action_item_due", key, at=at(0, 9), **about)
    await jane.until(at(0, 10))
    assert await jane.outcomes() == ["DONE"]


async def test_what_somebody_else_owes_by_now_is_not_told(room: Room) -> None:
    jane, bob, kim = await room.listener(), await room.listener(), await room.listener()
    theirs = await room.postmortem(kim.id, visibility="ORGANIZATION")
    item = f"ai_{theirs}"
    async with room.lab.sessions.begin() as session:
        due_on = at(-3, 0).date()
        session.add(ActionItem(id=item, postmortem_id=theirs, description="It", owner_id=bob.id, due_on=due_on))
    for one in (jane, bob, kim):
        await one.is_told("action_item_overdue", at(0, 9), postmortem_id=theirs, action_item_id=item)
    for one in (jane, kim):
        await one.is_told("action_item_assigned", at(0, 9), postmortem_id=theirs, action_item_id=item)
    for one in (jane, bob):
        await one.is_told("draft_stale", at(0, 9), postmortem_id=theirs)
    for one in (jane, bob, kim):
        await one.until(at(0, 10))
    assert await jane.outcomes() == ["DONE", "DONE", "DONE"], "who owned it and wrote it before"
    assert await bob.outcomes() == ["TOLD", "DONE"]
    assert await kim.outcomes() == ["TOLD", "DONE"], "whoever writes the postmortem is asked on the day after, too"


async def in_review(room: Room, author_id: str, reviewer_id: str) -> str:
    theirs = await room.postmortem(author_id, "Reviewed", visibility="ORGANIZATION", status=Status.IN_REVIEW.value)
    async with room.lab.sessions.begin() as session:
        session.add(PostmortemReviewer(postmortem_id=theirs, person_id=reviewer_id, added_at=datetime.now(UTC)))
    return theirs


async def test_a_lead_is_told_of_somebody_elses_review(room: Room) -> None:
    lead, author, reviewer = await room.listener(), await room.listener(), await room.listener()
    theirs = await in_review(room, author.id, reviewer.id)
    await lead.is_told("review_awaited", at(0, 9), postmortem_id=theirs, rung="+3", is_escalation=True)
    await lead.until(at(0, 10))
    (letter,) = lead.letters()
    assert letter["Subject"] == f"Reviewed: Still waiting for {reviewer.id.removeprefix('user_')}"


async def test_a_lead_is_not_told_of_a_review_that_was_given(room: Room) -> None:
    lead, author, reviewer = await room.listener(), await room.listener(), await room.listener()
    theirs = await in_review(room, author.id, reviewer.id)
    await lead.is_told("review_awaited", at(0, 18), postmortem_id=theirs, rung="+3", is_escalation=True)
    async with room.lab.sessions.begin() as session:
        row = await session.get_one(PostmortemReviewer, (theirs, reviewer.id))
        row.decision, row.decided_revision, row.decided_at = "APPROVE", 1, datetime.now(UTC)
    await lead.until(at(1, 10))
    assert await lead.outcomes() == ["DONE"]


async def test_quiet_hours_over_all_of_the_offices_hours_silence_nothing(room: Room) -> None:
    jane = await room.listener(quiet_from=8 * 60, quiet_until=18 * 60)
    mine = await room.postmortem(jane.id)
    await jane.is_told("draft_stale", at(0, 9), postmortem_id=mine, is_escalation=True)
    await jane.until(at(2, 10))
    assert await jane.outcomes() == ["TOLD"]


async def test_who_says_no_hours_works_as_the_office_of_their_team(room: Room) -> None:
    jane = await room.listener()
    team = await room.team("json://127.0.0.1:9/", jane.id)
    viewer = Viewer(await room.lab.person(Role.ADMIN), Role.ADMIN)
    async with room.lab.sessions.begin() as session:
        policy = Policy("Tokyo", team_id=team.id, office=Office(Calendar("Asia/Tokyo")))
        await add_policy(session, viewer, policy, datetime.now(UTC))
    mine = await room.postmortem(jane.id)
    await jane.is_told("draft_stale", at(0, 1), postmortem_id=mine, is_escalation=True)
    await jane.until(at(0, 2))
    assert await jane.outcomes() == ["TOLD"], "it is eleven o'clock there"


async def test_nobody_is_away_who_is_back(room: Room) -> None:
    bob = await room.listener()
    now = datetime.now(UTC)
    jane = await room.listener(away_from=now - timedelta(days=2), away_until=now - timedelta(days=1))
    theirs = await in_review(room, bob.id, jane.id)
    await bob.is_told("away_waits", at(0, 9), postmortem_id=theirs, on_behalf_of_id=jane.id)
    await bob.until(at(0, 10))
    assert await bob.outcomes() == ["DONE"]


async def test_a_snooze_holds_a_digest_that_was_made_and_not_sent(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id)
    await room.stop_workers()
    await room.start_workers(sending=False)
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    await jane.wake()
    await jane.pass_to(at(0, 9, 15))
    await eventually(jane.messages)
    await jane.change(snoozed_until=at(3, 0))
    await room.stop_workers()
    await room.start_workers()
    await jane.until(at(0, 12))
    assert jane.letters() == []
    await jane.is_told("draft_stale", at(1, 9), postmortem_id=mine, is_escalation=True)
    await jane.until(at(1, 10))
    assert len(jane.letters()) == 1, "an escalation does not wait behind it"
    await jane.until(at(3, 10))
    assert [(one.kind, one.state) for one in await jane.messages()] == [
        ("DIGEST", "VOID"),
        ("ESCALATION", "SENT"),
        ("DIGEST", "SENT"),
    ]


async def test_what_is_escalated_after_an_outage_is_two_messages(room: Room) -> None:
    """Each workflow asks when it wakes up, one after the other."""
    jane = await room.listener()
    for one in range(8):
        mine, when = await room.postmortem(jane.id, f"P{one}"), at(0, 9) + timedelta(seconds=3 * one)
        await jane.is_told("draft_stale", when, postmortem_id=mine, is_escalation=True)
        await jane.until(when)
    await jane.until(at(0, 9, 14))
    assert len(jane.letters()) == 1
    await jane.until(at(0, 9, 17))
    _, second = jane.letters()
    assert "P7" in plain(second)
    assert await jane.outcomes() == ["TOLD"] * 8
    await jane.is_told("changes_requested", at(0, 9, 50), postmortem_id=mine, is_escalation=True)
    await jane.until(at(0, 9, 51))
    assert len(jane.letters()) == 3, "at once again"


async def test_what_was_due_is_not_due(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id, "Late")
    async with room.lab.sessions.begin() as session:
        (await session.get_one(PostmortemTarget, (mine, "draft_completed"))).due_at = at(0, 8)
        (await session.get_one(PostmortemTarget, (mine, "published"))).due_at = at(0, 16)
    for target in ("draft_completed", "published"):
        await jane.is_told("target_due", at(0, 9), postmortem_id=mine, target=target)
    await jane.until(at(0, 10))
    words = plain(jane.letters()[0])
    assert words.startswith("Late\r\nThe completed draft is 1 hour late, and 1 more update\r\n")
    assert "- The completed draft is 1 hour late (was due today, 8:00 AM)\r\n" in words
    assert "- The publication is due today, 4:00 PM\r\n" in words


async def test_whoever_left_and_was_replaced_is_not_told_of(room: Room) -> None:
    lead, author, gone = await room.listener(), await room.listener(), await room.listener(is_active=False)
    wanting, mended = await in_review(room, author.id, gone.id), await in_review(room, author.id, lead.id)
    orphan = await room.postmortem(gone.id, visibility="ORGANIZATION")
    for one in (wanting, mended):
        await lead.is_told("reviewer_left", at(0, 9), postmortem_id=one)
    for one in (orphan, mended):
        await lead.is_told("author_left", at(0, 9), postmortem_id=one)
    await lead.until(at(0, 10))
    assert sorted(zip([one.kind for one in await lead.notices()], await lead.outcomes(), strict=True)) == [
        ("author_left", "DONE"),
        ("author_left", "TOLD"),
        ("reviewer_left", "DONE"),
        ("reviewer_left", "TOLD"),
    ]


async def test_a_draft_rests_until_somebody_writes_in_it(room: Room) -> None:
    jane = await room.listener()
    renamed, written = await room.postmortem(jane.id, "Renamed"), await room.postmortem(jane.id, "Written")
    async with room.lab.sessions.begin() as session:
        (await session.get_one(Postmortem, renamed)).updated_at = at(0, 9, 5)
        section = await session.get_one(Section, (written, "summary"))
        section.updated_at, section.updated_by = at(0, 9, 5), jane.id
    for one in (renamed, written):
        await jane.is_told("draft_stale", at(0, 9), postmortem_id=one)
    await jane.until(at(0, 10))
    assert sorted(str(one) for one in await jane.outcomes()) == ["DONE", "TOLD"]
    assert "Renamed" in plain(jane.letters()[0])
