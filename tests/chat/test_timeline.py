"""Messages that become timeline events: by shortcut, by pin, in a bound channel, or by choice."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.documents.pictures import picture
from tests.api.writing import ok
from tests.chat.workspace import TEAM, Json, Workspace, acknowledged
from tests.peers.slack import BOT_TOKEN, Call
from tests.stack import eventually

CHAT = "chat"


@pytest.fixture
def channel(workspace: Workspace) -> str:
    return workspace.peer.new_channel(f"inc-{uuid4().hex[:8]}")


def chat_events(workspace: Workspace, postmortem_id: str) -> list[Json]:
    listed = ok(workspace.stack.client().get(f"/api/postmortems/{postmortem_id}/timeline"))["items"]
    return [one for one in listed if one["source"] == CHAT]


def shortcut(workspace: Workspace, who: str, channel: str, message: Json, trigger: str = "1.2.x") -> tuple[Json, str]:
    address = workspace.peer.answering_address()
    payload = {
        "type": "message_action",
        "callback_id": "add_to_timeline",
        "trigger_id": trigger if trigger != "1.2.x" else f"{uuid4().int}.4",
        "response_url": address,
        "token": "outdated",
        "action_ts": "1548261231.000200",
        "message_ts": message["ts"],
        "team": {"id": TEAM, "domain": "acme"},
        "user": {"id": workspace.accounts[who], "name": who},
        "channel": {"id": channel, "name": "inc"},
        "message": message,
    }
    return payload, address


def said(workspace: Workspace, text: str, at: datetime, author: str = "jane") -> Json:
    stamp = f"{int(at.timestamp())}.{at.microsecond:06}"
    return {"type": "message", "user": workspace.accounts[author], "ts": stamp, "text": text}


def pin(workspace: Workspace, who: str, channel: str, ts: str, reaction: str = "pushpin") -> str:
    """What the sync log says of it."""
    named = f"Ev{uuid4().hex[:12]}"
    event = {
        "type": "reaction_added",
        "user": workspace.accounts[who],
        "reaction": reaction,
        "item_user": workspace.accounts["jane"],
        "item": {"type": "message", "channel": channel, "ts": ts},
        "event_ts": "1360782804.083113",
    }
    acknowledged(workspace.event(event, named))
    (result,) = eventually(lambda: workspace.results(deliveryId=named))
    return str(result)


def last_whisper(workspace: Workspace) -> Call:
    return workspace.peer.called("chat.postEphemeral")[-1]


def test_a_pin_in_a_bound_channel(workspace: Workspace, channel: str) -> None:
    made = writing.draft(workspace.people["jane"])
    ts = workspace.peer.say(channel, f"<@{workspace.accounts['bob']}> rolled back &lt;v41&gt;: errors are *gone*")
    assert pin(workspace, "jane", channel, ts) == "not bound"
    assert "added to the timeline" in workspace.says("jane", f"bind {made['number']}", channel).words
    assert made["title"] in workspace.says("jane", "status", channel).words
    assert pin(workspace, "jane", channel, ts, "eyes") == "ignored"
    assert not chat_events(workspace, made["id"])

    assert pin(workspace, "jane", channel, ts) == "added"
    (event,) = chat_events(workspace, made["id"])
    seconds = int(ts.partition(".")[0])
    assert int(datetime.fromisoformat(event["at"]).timestamp()) == seconds, "its own time, not that of the pin"
    assert event["actor"].lower() == "jane"
    assert event["event"].lower().startswith("@bob rolled back \\<v41>: errors are **gone**")
    assert f"[In Slack]({workspace.peer.behind}/archives/{channel}/p" in event["event"]
    assert event["type"] == "MITIGATION"
    assert made["title"] in last_whisper(workspace).words

    assert pin(workspace, "jane", channel, ts) == "there already"
    ok(workspace.people["jane"].patch(f"/api/postmortems/{made['id']}/timeline/{event['id']}", json={"event": "Back."}))
    assert pin(workspace, "jane", channel, ts) == "there already", "also where its words were changed since"
    assert len(chat_events(workspace, made["id"])) == 1
    trail = ok(workspace.people["jane"].get(f"/api/postmortems/{made['id']}/audit"))["items"]
    assert {one["action"]: one["origin"] for one in trail}["timeline.added"] == "slack"
    assert {one["action"]: one["origin"] for one in trail}["channel.bound"] == "slack"


def test_files_of_a_message_become_attachments(workspace: Workspace, channel: str) -> None:
    """Those that the app may read; the others stay in Slack, and the link leads there."""
    jane, made = workspace.people["jane"], writing.draft(workspace.people["jane"])
    workspace.says("jane", f"bind {made['number']}", channel)
    graph, log = picture(size=(64, 48)), b"12:00 pool exhausted"
    here = f"/files-pri/T1-{uuid4().hex}"
    workspace.peer.files |= {f"{here}/graph.png": ("image/png", graph), f"{here}/pool.log": ("text/plain", log)}
    message = said(workspace, "See the graph", datetime.now(UTC)) | {
        "files": [
            file_of(workspace.peer.url + f"{here}/graph.png", "graph.png", "image/png", len(graph)),
            file_of(workspace.peer.url + f"{here}/pool.log", "pool.log", "text/plain", len(log)),
            file_of(workspace.peer.url + f"{here}/hidden.png", "hidden.png", "image/png", 10),
            file_of("http://127.0.0.1:9/stolen.png", "stolen.png", "image/png", 10),
            {"id": "F9", "name": "no address"},
        ]
    }
    payload, address = shortcut(workspace, "jane", channel, message)
    acknowledged(workspace.interact(payload))
    workspace.answer(address)
    (event,) = chat_events(workspace, made["id"])
    kept = {one["filename"]: one for one in ok(jane.get(f"/api/postmortems/{made['id']}/attachments"))["items"]}
    assert set(kept) == {"graph.png", "pool.log"}
    assert f"![graph.png](attachment:{kept['graph.png']['id']})" in event["event"]
    assert f"(attachment:{kept['pool.log']['id']})" in event["event"]
    assert kept["graph.png"]["uploadedBy"] == jane.id
    payload, address = shortcut(workspace, "jane", channel, message)
    acknowledged(workspace.interact(payload))
    workspace.answer(address)
    assert len(chat_events(workspace, made["id"])) == 1
    assert len(ok(jane.get(f"/api/postmortems/{made['id']}/attachments"))["items"]) == 2


def file_of(url: str, name: str, media_type: str, size: int) -> Json:
    return {"id": f"F{uuid4().hex[:8]}", "name": name, "mimetype": media_type, "size": size, "url_private": url}


def test_who_may_not_write_does_not_pin(workspace: Workspace, channel: str) -> None:
    made = writing.draft(workspace.people["jane"], visibility="ORGANIZATION")
    hidden = writing.draft(workspace.people["jane"], visibility="PRIVATE")
    told = workspace.says("bob", f"bind {made['id']}", channel)
    assert "author" in told.fields["text"]
    assert "There is no postmortem" in workspace.says("bob", f"bind {hidden['number']}", channel).fields["text"]
    workspace.says("jane", f"bind {made['id']}", channel)
    ts = workspace.peer.say(channel, "The alert fired")
    assert pin(workspace, "bob", channel, ts) == "EditingClosed"
    assert last_whisper(workspace).fields["user"] == workspace.accounts["bob"]
    assert pin(workspace, "mallory", channel, ts) == "unknown person"
    assert "can't tell who you are" in last_whisper(workspace).fields["text"]
    assert not chat_events(workspace, made["id"])
    assert "EditingClosed" not in workspace.says("bob", "unbind", channel).fields["text"]
    assert pin(workspace, "jane", channel, ts) == "added", "Bob did not unbind it"
    assert "no longer linked" in workspace.says("jane", "unbind", channel).fields["text"]
    assert pin(workspace, "jane", channel, ts) == "not bound"


def test_a_deleted_message_is_no_event(workspace: Workspace, channel: str) -> None:
    made = writing.draft(workspace.people["jane"])
    workspace.says("jane", f"bind {made['id']}", channel)
    ts = workspace.peer.say(channel, "Never mind")
    workspace.peer.api("chat.delete", channel=channel, ts=ts)
    assert pin(workspace, "jane", channel, ts) == "message gone"
    gone = {**said(workspace, "This message was deleted.", datetime.now(UTC)), "subtype": "tombstone"}
    payload, address = shortcut(workspace, "jane", channel, gone)
    acknowledged(workspace.interact(payload))
    assert "can't add a deleted message" in workspace.answer(address).fields["text"]
    assert not chat_events(workspace, made["id"])


# Before there is a postmortem


def open_incident(workspace: Workspace, channel: str) -> tuple[str, Json]:
    """Its id and its report, with Jane among the responders; Bob has bound the channel to it."""
    at = datetime.now(UTC) - timedelta(minutes=10)
    report: Json = {"externalId": uuid4().hex, "title": "Slow login", "urgency": "HIGH", "startedAt": at.isoformat()}
    report["responders"] = [{"email": ok(workspace.people["jane"].get("/api/me"))["email"]}]
    made = ok(workspace.stack.client().post("/api/incidents", json={**report, "status": "OPEN"}), 201)
    assert "Slow login" in workspace.says("bob", f"bind {made['id']}", channel).words
    return str(made["id"]), report


def resolve(workspace: Workspace, report: Json) -> Json:
    resolved = {**report, "status": "RESOLVED", "resolvedAt": datetime.now(UTC).isoformat()}
    return dict(ok(workspace.stack.client().post("/api/incidents", json=resolved)))


def test_what_is_picked_before_there_is_a_postmortem_is_kept_for_it(workspace: Workspace, channel: str) -> None:
    incident, report = open_incident(workspace, channel)
    ts = workspace.peer.say(channel, "Database failed over")
    assert pin(workspace, "jane", channel, ts) == "kept"
    assert last_whisper(workspace).fields["user"] == workspace.accounts["jane"]
    assert "Saved" in last_whisper(workspace).words
    assert "“Slow login”, which hasn't started yet" in last_whisper(workspace).fields["text"]
    assert pin(workspace, "bob", channel, ts) == "kept already"
    assert "already saved" in last_whisper(workspace).fields["text"]

    at = datetime(2026, 11, 20, 9, 30, 15, 250, UTC)
    dialogs = len(workspace.peer.called("views.open"))
    payload, address = shortcut(workspace, "bob", channel, said(workspace, "The alert fired", at, "alice"))
    acknowledged(workspace.interact(payload))
    assert "Saved" in workspace.answer(address).fields["text"]
    assert len(workspace.peer.called("views.open")) == dialogs, "nobody is asked where to"
    assert "no postmortem" in workspace.says("bob", "status", channel).fields["text"]

    (postmortem_id,) = resolve(workspace, report)["postmortemIds"]
    first, second = chat_events(workspace, postmortem_id)
    assert datetime.fromisoformat(first["at"]) == at, "its own time"
    assert (first["event"].split("\n")[0], first["actor"].lower()) == ("The alert fired", "alice")
    assert int(datetime.fromisoformat(second["at"]).timestamp()) == int(ts.partition(".")[0])
    assert (second["precision"], second["source"]) == ("SECOND", CHAT)
    targets = ok(workspace.stack.client().get(f"/api/postmortems/{postmortem_id}/targets"))["items"]
    assert {one["name"]: one["metAt"] for one in targets}["draft_started"] is None, "nobody has begun to write yet"
    trail = ok(workspace.stack.client().get("/api/audit", params={"entityId": incident}))["items"]
    assert [one["origin"] for one in trail if one["action"] == "message.kept"] == ["slack", "slack"]

    resolve(workspace, {**report, "description": "It was the database."})
    assert len(chat_events(workspace, postmortem_id)) == 2, "a draft that follows its incident keeps them"
    assert pin(workspace, "jane", channel, ts) == "there already"
    assert len(chat_events(workspace, postmortem_id)) == 2


def test_who_may_open_it_may_pick_for_it(workspace: Workspace, channel: str) -> None:
    incident, _ = open_incident(workspace, channel)
    ts = workspace.peer.say(channel, "Database failed over")
    admin, alice = workspace.stack.client(), f"/api/users/{workspace.people['alice'].id}"
    ok(admin.patch(alice, json={"role": "MEMBER"}))
    try:
        assert pin(workspace, "alice", channel, ts) == "NotAllowed"
        assert "responder" in last_whisper(workspace).fields["text"]
    finally:
        ok(admin.patch(alice, json={"role": "RESPONDER"}))
    assert pin(workspace, "mallory", channel, ts) == "unknown person"
    trail = ok(admin.get("/api/audit", params={"entityId": incident}))["items"]
    assert "message.kept" not in {one["action"] for one in trail}
    assert pin(workspace, "alice", channel, ts) == "kept"


def test_what_was_kept_comes_with_an_incident_that_is_linked_later(workspace: Workspace, channel: str) -> None:
    incident, report = open_incident(workspace, channel)
    ts = workspace.peer.say(channel, "Database failed over")
    assert pin(workspace, "jane", channel, ts) == "kept"
    resolved = resolve(workspace, {**report, "falsePositive": True})
    assert resolved["postmortemIds"] == []
    made = writing.draft(workspace.people["jane"])
    assert pin(workspace, "jane", channel, ts) == "kept already"
    ok(workspace.people["jane"].post(f"/api/postmortems/{made['id']}/incidents", json={"incidentId": incident}), 201)
    (event,) = chat_events(workspace, made["id"])
    assert event["event"].startswith("Database failed over")
    assert pin(workspace, "jane", channel, ts) == "there already"


def test_the_shortcut_in_a_bound_channel(workspace: Workspace, channel: str) -> None:
    made = writing.draft(workspace.people["jane"])
    workspace.says("jane", f"bind {made['url']}", channel)
    at = datetime(2026, 11, 20, 9, 30, 15, 250, UTC)
    payload, address = shortcut(workspace, "jane", channel, said(workspace, "Traffic is back", at, "bob"))
    for _ in range(2):
        acknowledged(workspace.interact(payload))
    assert "Added to the timeline" in workspace.answer(address).fields["text"]
    (event,) = chat_events(workspace, made["id"])
    assert datetime.fromisoformat(event["at"]) == at
    assert event["actor"] == "Bob"
    again, address = shortcut(workspace, "jane", channel, said(workspace, "Traffic is back", at, "bob"))
    acknowledged(workspace.interact(again))
    assert "already" in workspace.answer(address).fields["text"]
    assert len(chat_events(workspace, made["id"])) == 1


def test_the_shortcut_asks_where_to(workspace: Workspace, channel: str) -> None:
    author = workspace.people["alice"]
    mine, other = writing.draft(author), writing.draft(author)
    foreign = writing.draft(workspace.people["jane"], visibility="ORGANIZATION")
    at = datetime(2026, 11, 20, 9, 30, 15, 0, UTC)
    message = said(workspace, "Paged the database people", at)
    before = len(workspace.peer.called("views.open"))
    trigger = workspace.peer.trigger(workspace.accounts["alice"])
    payload, address = shortcut(workspace, "alice", channel, message, trigger)
    acknowledged(workspace.interact(payload))
    (opened,) = workspace.peer.called("views.open")[before:]
    view = opened.json("view")
    options = {one["value"] for one in view["blocks"][0]["element"]["options"]}
    assert {mine["id"], other["id"]} <= options
    assert foreign["id"] not in options
    assert "Paged the database" not in json.dumps(view), "the message stays where it is recorded"

    def chosen(postmortem_id: str | None, *ticked: str) -> Json:
        option = {"text": {"type": "plain_text", "text": "x"}, "value": postmortem_id} if postmortem_id else None
        return {
            "postmortem": {"type": "static_select", "selected_option": option},
            "bind": {"type": "checkboxes", "selected_options": [{"value": one} for one in ticked]},
        }

    wrong = ok(workspace.submits("alice", view, **chosen(None)))
    assert list(wrong["errors"]) == ["postmortem"]
    acknowledged(workspace.submits("alice", view, **chosen(foreign["id"], "yes")))
    assert "You can't edit this postmortem" in workspace.answer(address).fields["text"]
    acknowledged(workspace.submits("alice", view, **chosen(mine["id"], "yes")))
    eventually(lambda: len(workspace.peer.answered(address)) == 2)
    (event,) = chat_events(workspace, mine["id"])
    assert (event["event"].split("\n")[0], event["actor"]) == ("Paged the database people", "Jane")
    assert not chat_events(workspace, foreign["id"])
    ts = workspace.peer.say(channel, "They are on it")
    assert pin(workspace, "alice", channel, ts) == "added", "the channel is bound from now on"


def test_the_shortcut_of_somebody_who_writes_nothing(workspace: Workspace, channel: str) -> None:
    payload, address = shortcut(workspace, "mallory", channel, said(workspace, "x", datetime.now(UTC)))
    acknowledged(workspace.interact(payload))
    assert "can't tell who you are" in workspace.answer(address).fields["text"]


def test_a_direct_message_is_bound_to_nothing(workspace: Workspace) -> None:
    made = writing.draft(workspace.people["jane"])
    direct = workspace.peer.api("conversations.open", BOT_TOKEN, users=workspace.accounts["jane"])["channel"]["id"]
    assert "but not direct messages" in workspace.says("jane", f"bind {made['id']}", direct).fields["text"]
