"""Links to postmortems in a channel: a preview if everyone there may see it, else a neutral card."""

import json
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.writing import SECTIONS, ok
from tests.chat.workspace import Json, Workspace, acknowledged
from tests.peers.slack import Scripted
from tests.stack import eventually

NEUTRAL = "A postmortem in Afterword"


def unfurled(workspace: Workspace, channel: str, *urls: str, **more: str) -> dict[str, str]:
    """The words of each preview."""
    before = len(workspace.peer.called("chat.unfurl"))
    event = {
        "type": "link_shared",
        "channel": channel,
        "is_bot_user_member": True,
        "user": workspace.accounts["jane"],
        "message_ts": "1360782400.498405",
        "unfurl_id": "C123456.123456789.987501.abc",
        "source": "conversations_history",
        "event_ts": "1360782400.498405",
        "links": [{"domain": "127.0.0.1", "url": url} for url in urls],
        **more,
    }
    acknowledged(workspace.event(event))
    eventually(lambda: len(workspace.peer.called("chat.unfurl")) == before + 1)
    return {
        url: json.dumps(one["blocks"]) for url, one in workspace.peer.called("chat.unfurl")[-1].json("unfurls").items()
    }


@pytest.fixture(scope="module")
def published(workspace: Workspace) -> Json:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    return dict(writing.published(jane, [bob]))


def test_what_everybody_may_see_is_shown(workspace: Workspace, published: Json) -> None:
    for url in (published["url"], f"{published['url']}?from=slack#impact"):
        shown = unfurled(workspace, workspace.general, url)[url]
        assert published["title"] in shown
        assert SECTIONS["summary"] in shown
        assert SECTIONS["rootCause"] not in shown


def test_everything_else_is_a_neutral_card(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    kinds = [
        writing.draft(jane, visibility="ORGANIZATION"),
        writing.in_review(jane, [bob], visibility="ORGANIZATION"),
        writing.published(jane, [bob], visibility="PRIVATE"),
        writing.published(jane, [bob], visibility="TEAM"),
    ]
    missing = f"{workspace.stack.url}/postmortems/pm_{uuid4().hex}"
    shown = unfurled(workspace, workspace.general, *(one["url"] for one in kinds), missing)
    assert len(shown) == 5
    assert len(set(shown.values())) == 1, "alike, also where there is none"
    assert NEUTRAL in shown[missing]


def test_a_team_s_own_private_channel_shows_what_is_the_team_s(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    admin = workspace.stack.client()
    names = [uuid4().hex[:8] for _ in range(2)]
    private, public = (
        workspace.peer.new_channel(f"p-{names[0]}", private=True),
        workspace.peer.new_channel(f"q-{names[1]}"),
    )
    teams = [
        ok(admin.post("/api/teams", json={"name": f"T {one}", "memberIds": [jane.id, bob.id]}), 201) for one in names
    ]
    declare(workspace, teams[0], private)
    declare(workspace, teams[1], public)
    postmortems = [writing.draft(jane, visibility="TEAM", teamIds=[one["id"]]) for one in teams]
    for channel, place, expected in ((private, 0, True), (private, 1, False), (public, 1, False), (public, 0, False)):
        url = postmortems[place]["url"]
        shown = unfurled(workspace, channel, url)[url]
        assert (postmortems[place]["title"] in shown) is expected
        assert (NEUTRAL in shown) is not expected


def declare(workspace: Workspace, team: Json, channel: str) -> None:
    """As an administrator does: this channel is that team's."""
    path = f"/api/teams/{team['id']}"
    body = {"channel": {"integrationId": workspace.integration["id"], "address": channel}}
    answer = workspace.stack.client().patch(path, json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "told",
    [{"is_ext_shared": True}, {"is_pending_ext_shared": True}, {"is_shared": True, "is_org_shared": False}],
    ids=str,
)
def test_nothing_is_shown_where_others_read_along(workspace: Workspace, published: Json, told: Json) -> None:
    info = {"ok": True, "channel": {"id": workspace.general, **told}}
    workspace.peer.scripted["conversations.info"] = [Scripted(200, info)]
    assert NEUTRAL in unfurled(workspace, workspace.general, published["url"])[published["url"]]
    info["channel"] = {"id": workspace.general, "is_shared": True, "is_org_shared": True}
    workspace.peer.scripted["conversations.info"] = [Scripted(200, info)]
    assert published["title"] in unfurled(workspace, workspace.general, published["url"])[published["url"]]


def test_nothing_is_shown_where_we_cannot_tell(workspace: Workspace, published: Json) -> None:
    url = published["url"]
    assert NEUTRAL in unfurled(workspace, "C999999999", url)[url]
    assert NEUTRAL in unfurled(workspace, "COMPOSER", url, source="composer")[url]
    assert workspace.peer.called("chat.unfurl")[-1].fields["source"] == "composer"


def test_other_links_are_left_alone(workspace: Workspace, published: Json) -> None:
    before = len(workspace.peer.called("chat.unfurl"))
    workspace.rest()
    results = len(workspace.results())
    others = [
        "https://evil.example/postmortems/pm_x",
        f"{workspace.stack.url}/templates",
        f"{published['url']}@evil.example",
    ]
    event = {
        "type": "link_shared",
        "channel": workspace.general,
        "message_ts": "1360782400.498405",
        "links": [{"url": one} for one in others],
    }
    acknowledged(workspace.event(event))
    eventually(lambda: len(workspace.results()) == results + 1)
    assert len(workspace.peer.called("chat.unfurl")) == before


def test_previews_can_be_switched_off(workspace: Workspace, published: Json) -> None:
    path, config = f"/api/integrations/{workspace.integration['id']}", workspace.integration["config"]
    admin = workspace.stack.client()
    ok(admin.patch(path, json={"config": {**config, "previews": False}}))
    try:
        assert NEUTRAL in unfurled(workspace, workspace.general, published["url"])[published["url"]]
    finally:
        ok(admin.patch(path, json={"config": config}))
