"""What a team's channel gets: what every member may see, in working hours, and a weekly summary."""

import json
from datetime import timedelta

import pytest

from application.audit.audit_log import audit
from application.notifications import notices
from models.postmortem import PostmortemTarget
from tests.cli.running import free_port
from tests.peers.receiver import Receiver, receiver
from tests.workflows.listening import Listener, Room, at

__all__ = ["receiver"]
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


def channel(receiver: Receiver) -> str:
    return receiver.url.replace("http://", "json://")


def heard(receiver: Receiver) -> tuple[str, str]:
    sent = json.loads(receiver.next().body)
    return sent["title"], sent["message"]


async def tell(team: Listener, kind: str, postmortem_id: str, **facts: bool) -> None:
    async with team.room.lab.sessions.begin() as session:
        told = await notices.notify_teams(
            session, [team.id], kind, f"{postmortem_id}:{kind}", at=at(0, 10), postmortem_id=postmortem_id, **facts
        )
        assert told == [team.id]


async def test_a_channel_hears_what_every_member_may_see(room: Room, receiver: Receiver) -> None:
    jane = await room.listener()
    team = await room.team(channel(receiver), jane.id)
    shown = await room.postmortem(jane.id, "Shown", team_ids=[team.id], visibility="TEAM")
    theirs = await room.postmortem(jane.id, "Theirs", visibility="TEAM")
    secret = await room.postmortem(jane.id, "Secret", team_ids=[team.id], visibility="PRIVATE")
    for one in (shown, theirs, secret):
        await tell(team, "draft_stale", one, is_escalation=True)
    await tell(team, "published", shown)
    await team.until(at(0, 12))
    said = dict(heard(receiver) for _ in await team.messages())
    words = next(text for title, text in said.items() if "Shown: The draft hasn't been edited for " in title)
    assert "Theirs" not in str(said)
    assert "Secret" not in str(said)
    assert words.rstrip().endswith("All times are in UTC.")
    assert "\n> S\n" in said["Shown: Published"], "with its summary"
    assert [one.kind for one in await team.messages() if one.kind != "REPORT"] == ["ESCALATION", "PUBLISHED"]


async def test_a_week_of_a_team(room: Room, receiver: Receiver) -> None:
    jane = await room.listener()
    team = await room.team(channel(receiver), jane.id)
    shown = await room.postmortem(jane.id, "Shown", team_ids=[team.id], visibility="TEAM")
    secret = await room.postmortem(jane.id, "Secret", team_ids=[team.id], visibility="PRIVATE")
    async with room.lab.sessions.begin() as session:
        for one in (shown, secret):
            told = {"target": "review_completed", "reason": "Holidays"}
            row = await session.get_one(PostmortemTarget, (one, "published"))
            row.due_at = at(-4, 8)
            for number, action in enumerate(("postmortem.submitted", "target.waived")):
                when = at(-4, 10) + timedelta(minutes=number)
                audit(session, None, action, "postmortem", one, postmortem_id=one, after=told, at=when)
            audit(session, None, "postmortem.published", "postmortem", one, postmortem_id=one, at=at(-9, 10))
    await team.until(at(-1, 12))
    for one in await team.messages():
        assert one.kind == "REPORT", "of the week before"
        heard(receiver)
    await team.until(at(0, 9, 5))
    title, words = heard(receiver)
    assert title.startswith(f"{team.id}: weekly summary, ")
    assert "Shown\nSubmitted for review " in words
    assert "The review was waived\n> Holidays" in words
    assert "Shown\n3 steps are late\n" in words
    assert "- The publication is 4 days late\n" in words
    assert "was published" not in words, "that was the week before"
    assert "Secret" not in words
    reports = [one for one in await team.messages() if one.kind == "REPORT" and one.created_at >= at(0, 0)]
    assert [one.created_at.hour for one in reports] == [9]
    await team.until(at(4, 16))
    assert len([one for one in await team.messages() if one.created_at >= at(0, 0)]) == 1


async def test_a_channel_that_is_away_does_not_hold_the_team_for_ever(room: Room) -> None:
    jane = await room.listener()
    team = await room.team(f"json://127.0.0.1:{free_port()}/", jane.id)
    shown = await room.postmortem(jane.id, "Shown", team_ids=[team.id], visibility="TEAM")
    await tell(team, "draft_stale", shown, is_escalation=True)
    await team.until(at(0, 12))
    (message,) = [one for one in await team.messages() if one.kind == "ESCALATION"]
    assert (message.state, message.channel) == ("SENT", "inbox")
    assert "didn't accept the message" in ((await team.voice()).unreachable_why or "")
