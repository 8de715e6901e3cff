"""Notifications in Slack: digests with buttons, publications with a preview, and fallbacks to other channels."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest_asyncio

from application.notifications import notices
from application.people.teams import add_team
from domain.access import Visibility
from models.integration import Integration, PersonAccount
from models.postmortem import Postmortem, PostmortemReviewer
from models.team import Team
from tests.peers.slack import BOT_TOKEN, Scripted, SlackPeer
from tests.workflows.listening import Listener, Room, at

Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def slack(room: Room, slack_peer: SlackPeer) -> AsyncIterator[str]:
    """The connection's id."""
    secrets: dict[str, object] = {"token": BOT_TOKEN, "webhookSecret": "s"}
    made = await room.connect("slack", {"baseUrl": slack_peer.url}, secrets)
    yield made
    await room.disconnect(made)


def told_to(peer: SlackPeer, account: str) -> list[Json]:
    direct = peer.api("conversations.open", BOT_TOKEN, users=account)["channel"]["id"]
    return list(peer.api("conversations.history", BOT_TOKEN, channel=direct)["messages"])


async def team_with(room: Room, slack: str, channel: str) -> Listener:
    team_id = f"team_{uuid4().hex[:12]}"
    async with room.lab.sessions.begin() as session:
        await add_team(session, team_id=team_id, name=team_id, lead_id=None, member_ids=[])
        row = await session.get_one(Team, team_id)
        row.channel_id, row.channel_address = slack, channel
    return Listener(room, team_id)


async def publication(room: Room, team: Listener, postmortem_id: str, when: datetime) -> None:
    async with room.lab.sessions.begin() as session:
        told = await notices.notify_teams(
            session, [team.id], "published", uuid4().hex, at=when, postmortem_id=postmortem_id
        )
    assert told == [team.id]


async def test_a_digest_with_buttons(room: Room, slack: str, slack_peer: SlackPeer, slack_domain: str) -> None:
    """By the e-mail that Slack vouches for."""
    author, bob = await room.listener(name="Jane Doe"), await room.listener(email=f"bob@{slack_domain}")
    asked = await room.postmortem(author.id, "Checkout <failed>", status="IN_REVIEW")
    async with room.lab.sessions.begin() as session:
        session.add(PostmortemReviewer(postmortem_id=asked, person_id=bob.id, added_at=datetime.now(UTC)))
    await bob.is_told("review_requested", at(0, 10), postmortem_id=asked, actor_id=author.id)
    await bob.until(at(0, 12))
    (message,) = await bob.messages()
    (said,) = told_to(slack_peer, slack_peer.users()["bob"]["id"])
    assert message.channel == "slack"
    assert str(message.external_id).endswith(f":{said['ts']}")
    (row,) = [one for one in said["blocks"] if one["type"] == "actions"]
    assert [(one["action_id"], one.get("value"), one.get("url")) for one in row["elements"]] == [
        ("APPROVE", asked, None),
        ("REQUEST_CHANGES", asked, None),
        ("open_0", None, f"http://afterword.test/postmortems/{asked}#next-step"),
    ]
    assert "Checkout &lt;failed&gt;" in json.dumps(said["blocks"])
    assert "Checkout &lt;failed&gt;: Jane Doe asked for your review" in said["text"]
    assert await bob.outcomes() == ["TOLD"]


async def test_the_table_of_accounts_goes_first(room: Room, slack: str, slack_peer: SlackPeer) -> None:
    alice, account = await room.listener(), slack_peer.users()["alice"]["id"]
    async with room.lab.sessions.begin() as session:
        values = {"integration_id": slack, "person_id": alice.id, "account": account, "source": "MANUAL"}
        session.add(PersonAccount(id=f"acc_{uuid4().hex}", **values))
    mine = await room.postmortem(alice.id)
    await alice.is_told("changes_requested", at(0, 10), postmortem_id=mine)
    await alice.until(at(0, 12))
    assert len(told_to(slack_peer, account)) == 1


async def test_a_publication_with_its_preview(room: Room, slack: str, slack_peer: SlackPeer) -> None:
    channel, author = slack_peer.new_channel(f"team-{uuid4().hex[:6]}"), await room.listener()
    team = await team_with(room, slack, channel)
    shown = await room.postmortem(author.id, "For all", [team.id], status="PUBLISHED")
    hidden = await room.postmortem(
        author.id, "For few", [team.id], status="PUBLISHED", visibility=Visibility.PRIVATE.value
    )
    for one in (shown, hidden):
        await publication(room, team, one, at(0, 10))
    await team.until(at(0, 12))
    said = slack_peer.api("conversations.history", BOT_TOKEN, channel=channel)["messages"]
    assert "For few" not in json.dumps(said, ensure_ascii=False), "neither here nor in the week's report"
    (told,) = [one for one in said if one["text"].startswith("For all: Published")]
    (section,) = [one["text"]["text"] for one in told["blocks"] if one["type"] == "section"]
    assert section == f"*<http://afterword.test/postmortems/{shown}|For all>*\nPublished\n> S", "with its summary"


async def test_an_archived_channel_is_told_once(room: Room, slack: str, slack_peer: SlackPeer) -> None:
    channel, author = slack_peer.new_channel(f"old-{uuid4().hex[:6]}"), await room.listener()
    team = await team_with(room, slack, channel)
    slack_peer.api("conversations.archive", channel=channel)
    for _ in range(2):
        shown = await room.postmortem(author.id, "For all", [team.id], status="PUBLISHED")
        await publication(room, team, shown, at(0, 10))
    await team.until(at(0, 12))
    row = await room.integration(slack)
    assert row.attention_of == team.id
    assert "archived" in str(row.needs_attention)
    bob = await room.listener()
    mine = await room.postmortem(bob.id)
    await bob.is_told("changes_requested", at(0, 10), postmortem_id=mine)
    await bob.until(at(0, 12))
    assert await bob.outcomes() != [], "nobody else waits for it"


async def test_a_person_is_told_in_slack_else_by_mail_else_in_the_inbox(
    room: Room, slack: str, slack_peer: SlackPeer, slack_domain: str
) -> None:
    address, mail = f"jane@{slack_domain}", await room.connect_mail()
    jane = await room.listener(email=address)
    mine = await room.postmortem(jane.id)

    async def told_on(day: int) -> list[str | None]:
        await jane.is_told("changes_requested", at(day, 9), postmortem_id=mine)
        await jane.until(at(day, 12))
        return [one.channel for one in await jane.messages()]

    account = slack_peer.users()["jane"]["id"]
    assert await told_on(0) == ["slack"]
    slack_peer.scripted["conversations.open"] = [Scripted(200, {"ok": False, "error": "user_disabled"})]
    assert await told_on(1) == ["slack", "email"]
    assert (await jane.voice()).unreachable_since is None, "somebody who has left Slack is reached"
    room.box.replies[address] = ["550 5.1.1 no such user"]
    assert await told_on(2) == ["slack", "email", "inbox"]
    assert "550" in str((await jane.voice()).unreachable_why)
    del room.box.replies[address]
    assert await told_on(3) == ["slack", "email", "inbox", "inbox"], "neither is tried for a week"
    why = str((await jane.voice()).unreachable_why)
    assert "user_disabled" in why
    assert "550" in why
    assert (len(told_to(slack_peer, account)), len(room.box.to(address))) == (1, 1)
    assert await jane.outcomes() == ["TOLD"] * 4
    assert await told_on(10) == ["slack", "email", "inbox", "inbox", "slack"]
    assert (await jane.voice()).unreachable_since is None
    await room.disconnect(mail)


async def test_whom_a_paused_workspace_would_reach_is_told_by_mail_at_once(
    room: Room, slack: str, slack_peer: SlackPeer, slack_domain: str
) -> None:
    address, mail = f"mallory@{slack_domain}", await room.connect_mail()
    mallory, account = await room.listener(email=address), slack_peer.users()["mallory"]["id"]
    mine = await room.postmortem(mallory.id)
    await room.disconnect(slack)
    called = len(slack_peer.calls)
    await mallory.is_told("changes_requested", at(0, 9), postmortem_id=mine)
    await mallory.until(at(0, 9, 30))
    (message,) = await mallory.messages()
    assert message.channel == "email"
    assert len(slack_peer.calls) == called
    async with room.lab.sessions.begin() as session:
        (await session.get_one(Integration, slack)).is_enabled = True
    await mallory.is_told("changes_requested", at(1, 9), postmortem_id=mine)
    await mallory.until(at(1, 12))
    assert [one.channel for one in await mallory.messages()] == ["email", "slack"]
    assert (len(told_to(slack_peer, account)), len(room.box.to(address))) == (1, 1)
    await room.disconnect(mail)


async def test_what_is_about_one_postmortem_stands_together(room: Room, slack: str, slack_peer: SlackPeer) -> None:
    """Also what another team is told in the same channel; not the week's report, nor what is about several."""
    channel, author = slack_peer.new_channel(f"team-{uuid4().hex[:6]}"), await room.listener()
    team, others = await team_with(room, slack, channel), await team_with(room, slack, channel)
    one, other = [await room.postmortem(author.id, name, [team.id, others.id]) for name in ("One", "Other")]

    async def escalated(to: Listener, when: datetime, *ids: str) -> None:
        async with room.lab.sessions.begin() as session:
            for key in ids:
                await notices.notify_teams(
                    session, [to.id], "draft_stale", uuid4().hex, at=when, postmortem_id=key, is_escalation=True
                )
        await to.until(when + timedelta(hours=1))

    def standing() -> list[Json]:
        """Those that stand by themselves, oldest first."""
        found = slack_peer.api("conversations.history", BOT_TOKEN, channel=channel)["messages"][::-1]
        reports = [said for said in found if ": weekly summary, " in said["text"]]
        assert reports
        assert not any(under(said) for said in reports)
        return [said for said in found if said not in reports]

    def under(root: Json) -> list[str]:
        told = slack_peer.api("conversations.replies", BOT_TOKEN, channel=channel, ts=root["ts"])["messages"]
        return [said["text"] for said in told[1:]]

    await escalated(team, at(0, 10), one, other)
    await escalated(team, at(0, 12), one)
    await escalated(others, at(0, 12), one)
    await escalated(team, at(0, 14), other)
    several, first, second = standing()
    assert under(several) == []
    assert (len(under(first)), len(under(second))) == (1, 0)
    (answered,) = [call for call in slack_peer.called("chat.postMessage") if "thread_ts" in call.fields]
    assert answered.fields["reply_broadcast"] == "true"

    await publication(room, team, one, at(1, 10))
    async with room.lab.sessions.begin() as session:
        (await session.get_one(Postmortem, one)).status = "PUBLISHED"
    await team.until(at(1, 11))
    assert [one.partition(".")[0] for one in under(first)[1:]] == ["One: Published"]
    assert "reply_broadcast" not in slack_peer.called("chat.postMessage")[-1].fields

    slack_peer.api("chat.delete", BOT_TOKEN, channel=channel, ts=second["ts"])
    await escalated(team, at(1, 12), other)
    await escalated(team, at(1, 14), other)
    assert len(standing()) == 3
    assert len(under(standing()[-1])) == 1, "what came after it was deleted begins anew"
