"""One person's notifications: what is sent when, by the workflow's own clock, by mail that a real server accepted."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.access import Role
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.postmortem import Postmortem, PostmortemReviewer
from models.team import Team
from tests.peers.smtp import running_smtp
from tests.workflows.listening import Room, at, eventually, plain

PROMPT = timedelta(minutes=2)


pytestmark = pytest.mark.usefixtures("mail")


def assert_at(said: datetime | None, when: datetime) -> None:
    assert said is not None
    assert when <= said <= when + PROMPT, (said, when)


async def test_what_comes_together_is_told_together(room: Room) -> None:
    jane = await room.listener()
    first, second = await room.postmortem(jane.id, "First"), await room.postmortem(jane.id, "Second")
    await jane.is_told("changes_requested", at(0, 10), postmortem_id=first)
    await jane.is_told("comment_added", at(0, 10, 5), postmortem_id=second)
    await jane.is_told("changes_requested", at(0, 10, 10), postmortem_id=second)
    await jane.until(at(0, 10, 14))
    assert jane.letters() == []
    await jane.until(at(0, 10, 16))
    (letter,) = jane.letters()
    assert letter["Subject"] == "2 waiting for you: First and 1 more"
    words = plain(letter)
    assert words.startswith("FOR YOUR ATTENTION\r\n\r\nFirst\r\nChanges were requested\r\n")
    second = words.index("Second\r\nChanges were requested, and 1 more update\r\n- Changes were requested\r\n")
    assert second < words.index("- New comment\r\n"), "what is about one postmortem is one entry"
    assert await jane.outcomes() == ["TOLD", "TOLD", "TOLD"]
    assert {one.channel for one in await jane.notices()} == {"email"}
    (message,) = await jane.messages()
    assert_at(message.sent_at, at(0, 10, 15))
    assert letter["Message-ID"] == message.external_id == f"<{message.id}@acme.example>"


async def test_one_digest_a_day_and_escalations_at_once(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id)
    for hour in (9, 11, 12):
        await jane.is_told("changes_requested", at(0, hour), postmortem_id=mine)
        await jane.until(at(0, hour, 30))
    assert len(jane.letters()) == 1
    await jane.is_told("author_away", at(0, 14), postmortem_id=mine, is_escalation=True)
    await jane.until(at(0, 14, 5))
    assert [one.kind for one in await jane.messages()] == ["DIGEST", "ESCALATION"]
    await jane.until(at(1, 12))
    digests = [one.sent_at for one in await jane.messages() if one.kind == "DIGEST"]
    assert len(digests) == 2
    assert_at(digests[1], at(1, 9))
    assert await jane.outcomes() == ["TOLD"] * 4


async def test_nothing_in_the_evening_on_a_weekend_or_holiday(room: Room) -> None:
    jane = await room.listener(away_from=at(7, 0), away_until=at(8, 0))
    mine = await room.postmortem(jane.id)
    await jane.is_told("changes_requested", at(4, 16, 59), postmortem_id=mine)
    await jane.is_told("changes_requested", at(5, 12), postmortem_id=mine, is_escalation=True)
    await jane.until(at(8, 8, 59))
    assert jane.letters() == []
    await jane.until(at(8, 10))
    assert [one.kind for one in await jane.messages()] == ["ESCALATION", "DIGEST"]
    for one in await jane.messages():
        assert_at(one.sent_at, at(8, 9))


async def test_a_preferred_hour_and_quiet_hours(room: Room) -> None:
    jane = await room.listener(
        preferred_minute=13 * 60, quiet_from=9 * 60, quiet_until=11 * 60, time_zone="Asia/Kolkata"
    )
    mine = await room.postmortem(jane.id)
    await jane.is_told("changes_requested", at(0, 5), postmortem_id=mine)
    await jane.is_told("changes_requested", at(0, 4), postmortem_id=mine, is_escalation=True)
    await jane.until(at(0, 12))
    urgent, digest = await jane.messages()
    assert_at(urgent.sent_at, at(0, 5, 30))
    assert_at(digest.sent_at, at(0, 7, 30))
    assert "All times are in Asia/Kolkata." in plain(jane.letters()[0])


async def test_a_muted_kind_is_not_told_but_as_an_escalation(room: Room) -> None:
    jane = await room.listener(muted_kinds=["changes_requested"])
    mine = await room.postmortem(jane.id)
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    await jane.until(at(0, 12))
    assert jane.letters() == []
    assert await jane.outcomes() == ["MUTED"]
    await jane.is_told("changes_requested", at(0, 12), postmortem_id=mine, is_escalation=True)
    await jane.until(at(0, 13))
    assert len(jane.letters()) == 1


async def test_what_was_done_read_or_hidden_meanwhile_is_not_told(room: Room) -> None:
    jane, bob = await room.listener(), await room.listener()
    reviewed, hidden = await room.postmortem(bob.id, "Reviewed"), await room.postmortem(bob.id, "Hidden")
    kept = await room.postmortem(bob.id, "Kept")
    async with room.lab.sessions.begin() as session:
        for one in (reviewed, hidden, kept):
            row = await session.get_one(Postmortem, one)
            row.status = Status.IN_REVIEW.value
            reviewer = PostmortemReviewer(postmortem_id=one, person_id=jane.id, added_at=datetime.now(UTC))
            session.add(reviewer)
    for one in (reviewed, hidden, kept):
        await jane.is_told("review_requested", at(0, 9), postmortem_id=one)
    await jane.is_told("comment_added", at(0, 9, 1), postmortem_id=kept)
    await jane.until(at(0, 9, 5))
    async with room.lab.sessions.begin() as session:
        approved = await session.get_one(PostmortemReviewer, (reviewed, jane.id))
        approved.decision, approved.decided_revision, approved.decided_at = "APPROVE", 1, datetime.now(UTC)
        await session.delete(await session.get_one(PostmortemReviewer, (hidden, jane.id)))
    for notice in await jane.notices():
        if notice.kind == "comment_added":
            async with room.lab.sessions.begin() as session:
                (await session.merge(notice)).read_at = datetime.now(UTC)
    await jane.until(at(0, 10))
    (letter,) = jane.letters()
    assert "Kept\r\n" in plain(letter)
    assert "Reviewed" not in plain(letter)
    assert "Hidden" not in plain(letter)
    assert await jane.outcomes() == ["DONE", "HIDDEN", "TOLD", "READ"]


async def test_what_is_done_between_composing_and_sending_is_not_told(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id)
    await room.stop_workers()
    await room.start_workers(sending=False)
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    await jane.wake()
    await jane.pass_to(at(0, 9, 15))
    await eventually(jane.messages)
    async with room.lab.sessions.begin() as session:
        (await session.get_one(Postmortem, mine)).status = Status.IN_REVIEW.value
    await room.stop_workers()
    await room.start_workers()
    await jane.until(at(0, 12))
    assert [one.state for one in await jane.messages()] == ["VOID"]
    assert jane.letters() == []
    assert await jane.outcomes() == ["DONE"]


async def test_a_snooze_outlasts_the_worker(room: Room) -> None:
    jane = await room.listener(snoozed_until=at(2, 0))
    mine = await room.postmortem(jane.id)
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    await jane.until(at(0, 17))
    await room.stop_workers()
    await room.start_workers()
    await jane.until(at(2, 8))
    assert jane.letters() == []
    await jane.until(at(2, 10))
    (message,) = await jane.messages()
    assert_at(message.sent_at, at(2, 9))


async def test_away_without_a_delegate_waits_and_the_author_is_told(room: Room) -> None:
    bob = await room.listener()
    jane = await room.listener(away_from=datetime.now(UTC) - timedelta(days=1), away_until=at(2, 0))
    theirs = await room.postmortem(bob.id, status=Status.IN_REVIEW.value)
    async with room.lab.sessions.begin() as session:
        session.add(PostmortemReviewer(postmortem_id=theirs, person_id=jane.id, added_at=datetime.now(UTC)))
    await jane.is_told("review_requested", at(0, 9), postmortem_id=theirs, actor_id=bob.id)
    await jane.until(at(2, 10))
    (message,) = await jane.messages()
    assert_at(message.sent_at, at(2, 9))
    assert [one.kind for one in await bob.notices()] == ["away_waits"]


async def test_away_with_a_delegate(room: Room) -> None:
    bob, kim = await room.listener(), await room.listener()
    now = datetime.now(UTC)
    jane = await room.listener(away_from=now - timedelta(days=1), away_until=at(9, 0), delegate_id=kim.id)
    theirs = await room.postmortem(bob.id, "Theirs", visibility="ORGANIZATION", status=Status.IN_REVIEW.value)
    secret = await room.postmortem(bob.id, "Secret", visibility="PRIVATE", status=Status.IN_REVIEW.value)
    async with room.lab.sessions.begin() as session:
        for one in (theirs, secret):
            session.add(PostmortemReviewer(postmortem_id=one, person_id=jane.id, added_at=now))
    await jane.is_told("review_requested", at(0, 9), postmortem_id=theirs, actor_id=bob.id)
    await jane.is_told("review_requested", at(0, 9), postmortem_id=secret)
    await jane.until(at(0, 9, 30))
    assert jane.letters() == []
    assert await jane.outcomes() == ["DELEGATED", None]
    assert [one.kind for one in await bob.notices()] == ["away_delegated", "away_waits"]
    await kim.until(at(0, 10))
    await bob.until(at(0, 10))
    (letter,) = kim.letters()
    name = jane.id.removeprefix("user_")
    asks = bob.id.removeprefix("user_")
    assert f"Theirs On behalf of {name} (away): {asks} asked for your review" in " ".join(plain(letter).split())
    assert "Secret" not in plain(letter)
    told = plain(bob.letters()[0])
    assert f"Theirs\r\n{kim.id.removeprefix('user_')} is covering for {name}, who is away" in told
    assert f"Secret\r\nWaiting for {name}, who is away" in told


async def test_a_refused_recipient_falls_back_and_shows(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id)
    room.box.replies[jane.address] = ["550 no such user"]
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    await jane.until(at(0, 10))
    (message,) = await jane.messages()
    assert (message.state, message.channel) == ("SENT", "inbox")
    assert await jane.outcomes() == ["TOLD"]
    voice = await jane.voice()
    assert_at(voice.unreachable_since, at(0, 9, 15))
    assert "no such user" in (voice.unreachable_why or "")
    with running_smtp() as other:
        second = await room.connect_mail(other)
        await jane.is_told("changes_requested", at(1, 9), postmortem_id=mine)
        await jane.until(at(1, 10))
        await room.disconnect(second)
    assert len(other.letters) == 1
    assert (await jane.voice()).unreachable_since is None
    assert jane.letters() == []


async def test_a_broken_connection_is_told_once_and_once_when_it_is_well(room: Room) -> None:
    admin, jane, bob = await room.listener(Role.ADMIN), await room.listener(), await room.listener()
    mine, bobs = await room.postmortem(jane.id), await room.postmortem(bob.id)
    with running_smtp() as other:
        broken = await room.connect_mail(other)
        async with room.lab.sessions.begin() as session:
            row = await session.merge(await room.integration(broken))
            row.created_by_id = admin.id
        for listener in (jane, bob):
            room.box.replies[listener.address] = ["550 not here"]
        other.on_data = lambda _: "554 5.7.1 your account is suspended"
        for listener, postmortem_id in ((jane, mine), (bob, bobs)):
            await listener.is_told("changes_requested", at(0, 9), postmortem_id=postmortem_id)
            await listener.until(at(0, 10))
        assert "suspended" in ((await room.integration(broken)).needs_attention or "")
        assert [one.kind for one in await admin.notices()] == ["connection_needs_attention"]
        other.on_data = lambda _: None
        await jane.is_told("changes_requested", at(1, 9), postmortem_id=mine)
        await jane.until(at(1, 10))
        await room.disconnect(broken)
    assert len(other.letters) == 1
    assert (await room.integration(broken)).needs_attention is None
    assert [one.kind for one in await admin.notices()] == ["connection_needs_attention", "connection_well_again"]


async def test_an_item_that_was_done_is_not_overdue(room: Room) -> None:
    jane = await room.listener()
    mine = await room.postmortem(jane.id)
    items = [f"ai_{mine}_{one}" for one in range(2)]
    async with room.lab.sessions.begin() as session:
        for one in items:
            session.add(
                ActionItem(id=one, postmortem_id=mine, description=one, owner_id=jane.id, due_on=at(-3, 0).date())
            )
    for one in items:
        await jane.is_told("action_item_overdue", at(0, 9), postmortem_id=mine, action_item_id=one)
    async with room.lab.sessions.begin() as session:
        (await session.get_one(ActionItem, items[0])).status = "COMPLETED"
    await jane.until(at(0, 10))
    (letter,) = jane.letters()
    assert letter["Subject"] == f"{items[1]}: 3 days late"
    assert "(3 days late)" in plain(letter)


async def test_a_team_that_nobody_leads_is_named_while_nobody_does(room: Room) -> None:
    admin, lead = await room.listener(Role.ADMIN), await room.listener()
    left, led = await room.team("json://127.0.0.1:9"), await room.team("json://127.0.0.1:9")
    async with room.lab.sessions.begin() as session:
        (await session.get_one(Team, left.id)).name = "Payments"
        (await session.get_one(Team, led.id)).lead_id = lead.id
    for team in (left, led):
        await admin.is_told("team_without_lead", at(0, 9), about_team_id=team.id)
    await admin.until(at(0, 10))
    (letter,) = admin.letters()
    assert letter["Subject"] == "Payments: The team has no lead, so its escalations go to administrators"
    assert await admin.outcomes() == ["TOLD", "DONE"]


async def test_a_person_who_left_hears_nothing(room: Room) -> None:
    jane = await room.listener(is_active=False)
    mine = await room.postmortem(jane.id)
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    await jane.wake()
    await jane.handle.result()
    assert await jane.outcomes() == ["LEFT"]


async def test_a_letter_names_who_did_it(room: Room) -> None:
    bob, jane = await room.listener(), await room.listener(name="Jane Doe")
    asked = await room.postmortem(jane.id, "Asked", status=Status.IN_REVIEW.value)
    async with room.lab.sessions.begin() as session:
        session.add(PostmortemReviewer(postmortem_id=asked, person_id=bob.id, added_at=datetime.now(UTC)))
    await bob.is_told("review_requested", at(0, 10), postmortem_id=asked, actor_id=jane.id)
    await bob.until(at(0, 12))
    (letter,) = bob.letters()
    assert letter["Subject"] == "Asked: Jane Doe asked for your review"
    assert plain(letter).startswith("Asked\r\nJane Doe asked for your review\r\n")
