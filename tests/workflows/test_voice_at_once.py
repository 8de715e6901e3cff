"""What people do is told soon (clock.md 5), a meeting that begins at any hour, and what a worker left unsent."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from application.notifications import planning
from application.notifications.notices import notify
from domain.notifications.notices import NoticeKind
from models.meeting import Meeting
from tests.workflows.listening import Room, at, plain
from tests.workflows.test_voice import assert_at

pytestmark = pytest.mark.usefixtures("mail")


async def test_what_people_do_is_told_within_two_minutes_by_postmortem(room: Room) -> None:
    jane, bob = await room.listener(), await room.listener()
    first, second = await room.postmortem(jane.id, "First"), await room.postmortem(jane.id, "Second")
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=first)
    await jane.until(at(0, 10))
    assert len(jane.letters()) == 1, "the clock's digest of the day"
    begun = at(0, 23)
    await jane.is_told("comment_added", begun, postmortem_id=first, actor_id=bob.id)
    await jane.is_told("changes_requested", begun + timedelta(seconds=30), postmortem_id=first, actor_id=bob.id)
    await jane.is_told("editor_added", begun + timedelta(seconds=40), postmortem_id=second, actor_id=bob.id)
    await jane.until(begun + timedelta(minutes=2))
    _, about_first, about_second = jane.letters()
    assert "requested changes" in plain(about_first)
    assert "commented" in plain(about_first)
    assert "editor" in plain(about_second)
    *_, one, two = await jane.messages()
    assert (one.kind, two.kind) == ("DIRECT", "DIRECT")
    assert_at(one.sent_at, begun + timedelta(minutes=1))
    assert two.sent_at is not None
    assert two.sent_at <= begun + timedelta(minutes=2)


async def test_quiet_hours_hold_it_and_weekends_do_not(room: Room) -> None:
    bob = await room.listener()
    jane = await room.listener(quiet_from=22 * 60, quiet_until=7 * 60, snoozed_until=at(9, 0))
    mine = await room.postmortem(jane.id)
    await jane.is_told("comment_added", at(0, 23), postmortem_id=mine, actor_id=bob.id)
    await jane.until(at(1, 6, 59))
    assert jane.letters() == []
    await jane.until(at(1, 7, 2))
    assert len(jane.letters()) == 1
    await jane.is_told("comment_added", at(5, 12), postmortem_id=mine, actor_id=bob.id)
    await jane.until(at(5, 12, 2))
    assert len(jane.letters()) == 2, "a Saturday"


async def test_what_a_worker_left_unsent_in_the_evening_goes_at_once(room: Room) -> None:
    jane, bob = await room.listener(), await room.listener()
    mine = await room.postmortem(jane.id)
    await room.stop_workers()
    evening = at(0, 23)
    await jane.is_told("comment_added", at(0, 22, 50), postmortem_id=mine, actor_id=bob.id)
    async with room.lab.sessions.begin() as session:
        composed = await planning.compose(session, jane.id, evening)
    assert composed is not None
    async with room.lab.sessions.begin() as session:
        assert (await planning.plan(session, jane.id, evening)).at == evening
    async with room.lab.sessions.begin() as session:
        assert await planning.compose(session, jane.id, evening) == composed
    await room.start_workers()


async def test_what_waits_for_the_morning_holds_up_nothing_that_goes_at_once(room: Room) -> None:
    jane, bob = await room.listener(), await room.listener()
    mine = await room.postmortem(jane.id)
    await room.stop_workers()
    await jane.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    async with room.lab.sessions.begin() as session:
        digest = await planning.compose(session, jane.id, at(0, 9, 30))
    assert digest is not None
    await jane.is_told("comment_added", at(0, 22, 50), postmortem_id=mine, actor_id=bob.id)
    async with room.lab.sessions.begin() as session:
        direct = await planning.compose(session, jane.id, at(0, 23))
    assert direct not in {None, digest}
    async with room.lab.sessions.begin() as session:
        assert await planning.compose(session, jane.id, at(1, 9)) == digest, "the oldest first"
    await room.start_workers()


async def test_what_is_wanted_daily_waits_and_what_never_stays_in_the_inbox(room: Room) -> None:
    bob = await room.listener()
    wishes = {
        "comments": {"slack": "daily", "email": "daily"},
        "reviews": {"slack": "never", "email": "never"},
        "reminders": {"slack": "at_once", "email": "at_once"},
    }
    jane = await room.listener(notice_wishes=wishes)
    mine = await room.postmortem(jane.id)
    await jane.is_told("changes_requested", at(0, 10), postmortem_id=mine, actor_id=bob.id)
    await jane.is_told("comment_added", at(0, 10), postmortem_id=mine, actor_id=bob.id)
    await jane.until(at(0, 10, 10))
    assert jane.letters() == []
    await jane.until(at(0, 10, 20))
    (digest,) = jane.letters()
    assert "commented" in plain(digest)
    assert await jane.outcomes() == ["MUTED", "TOLD"]
    await jane.is_told("threads_unresolved", at(0, 14), postmortem_id=mine)
    await jane.until(at(0, 14, 2))
    assert [one.kind for one in await jane.messages()] == ["DIGEST", "REMINDER"]
    await jane.is_told("author_away", at(0, 15), postmortem_id=mine, is_escalation=True)
    await jane.until(at(0, 15, 2))
    assert [one.kind for one in await jane.messages()][-1] == "ESCALATION"


async def test_a_digest_is_apart_by_channel_and_an_unwanted_one_takes_nothing(room: Room) -> None:
    jane = await room.listener(notice_wishes={"comments": {"slack": "daily", "email": "never"}})
    mine = await room.postmortem(jane.id)
    await jane.is_told("comment_added", at(0, 10), postmortem_id=mine)
    await jane.is_told("editor_added", at(0, 10), postmortem_id=mine)
    await jane.until(at(0, 10, 30))
    (letter,) = jane.letters()
    assert "New comment" not in plain(letter)
    assert {one.kind: one.channel for one in await jane.notices()} == {
        "comment_added": "inbox",
        "editor_added": "email",
    }


async def test_a_prompt_is_sent_at_once_at_any_hour(room: Room) -> None:
    """On a Saturday night, when everything else waits for Monday; never twice, and not once the meeting has begun."""
    jane = await room.listener()
    mine = await room.postmortem(jane.id, "Checkout")
    saturday = at(5, 23)
    keys = [await planned(room, mine, jane.id, saturday + timedelta(minutes=10 + 60 * more)) for more in range(2)]
    occasion = f"x:{(saturday + timedelta(minutes=10)).isoformat()}"
    await jane.is_told("comment_added", saturday, postmortem_id=mine)
    async with room.lab.sessions.begin() as session:
        about = {"postmortem_id": mine, "meeting_id": keys[0]}
        await notify(session, [jane.id], NoticeKind.MEETING_BEGINS, occasion, at=saturday, **about)
    await jane.until(saturday + timedelta(minutes=2))
    (letter,) = jane.letters()
    assert str(letter["Subject"]).startswith("Checkout: The review meeting begins Sat, ")
    assert f"/postmortems/{mine}/meetings#{keys[0]}" in plain(letter)
    assert [one.kind for one in await jane.messages()] == ["PROMPT"]
    begun = saturday + timedelta(minutes=70)
    async with room.lab.sessions.begin() as session:
        about = {"postmortem_id": mine, "meeting_id": keys[1]}
        late = f"y:{begun.isoformat()}"
        await notify(session, [jane.id], NoticeKind.MEETING_BEGINS, late, at=begun, **about)
    await jane.pass_to(begun + timedelta(minutes=5))
    await jane.until(begun + timedelta(minutes=10))
    assert len(jane.letters()) == 1
    await jane.until(at(7, 10))
    assert [one.kind for one in await jane.messages()] == ["PROMPT", "DIGEST"]


async def planned(room: Room, postmortem_id: str, organizer_id: str, starts_at: datetime) -> str:
    key = f"mtg_{uuid4().hex}"
    async with room.lab.sessions.begin() as session:
        row = Meeting(
            id=key,
            postmortem_id=postmortem_id,
            title="Postmortem review: Checkout",
            starts_at=starts_at,
            minutes=45,
            time_zone="UTC",
            is_additional=True,
            organizer_id=organizer_id,
            created_by_id=organizer_id,
        )
        session.add(row)
    return key
