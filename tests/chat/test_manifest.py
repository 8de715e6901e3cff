"""The app manifest that an administrator pastes."""

from tests.api.writing import ok
from tests.chat.workspace import Workspace
from tests.peers.slack import Call, Scripted


def test_the_manifest_names_every_door_and_scope(workspace: Workspace) -> None:
    path = f"/api/integrations/{workspace.integration['id']}"
    told = ok(workspace.stack.client().get(f"{path}/manifest"))
    url = workspace.url
    assert told["settings"]["event_subscriptions"] == {
        "request_url": url,
        "bot_events": ["link_shared", "reaction_added"],
    }
    assert told["settings"]["interactivity"] == {"is_enabled": True, "request_url": url}
    (command,) = told["features"]["slash_commands"]
    assert (command["command"], command["url"]) == ("/afterword", url)
    assert told["features"]["unfurl_domains"] == ["127.0.0.1"]
    (shortcut,) = told["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", "add_to_timeline")
    assert len(told["display_information"]["description"]) <= 140
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150


def test_the_scopes_suffice_and_are_needed(workspace: Workspace) -> None:
    """The emulated workspace gives our token the manifest's scopes alone, and looks at them."""
    told = ok(workspace.stack.client().get(f"/api/integrations/{workspace.integration['id']}/manifest"))
    scopes = set(told["oauth_config"]["scopes"]["bot"])
    provided = workspace.peer.api("auth.test", "xoxb-emulated-token-of-afterword")
    assert provided["ok"]
    assert {"chat:write", "commands", "reactions:read", "links:write", "users:read.email"} <= scopes
    assert not {one for one in scopes if one.startswith("admin") or one.endswith("manage")}


def test_the_connection_is_tested(workspace: Workspace) -> None:
    told = ok(workspace.stack.client().post(f"/api/integrations/{workspace.integration['id']}/test"))
    assert told["ok"], told
    assert {one["name"] for one in told["checks"]} == {"Bot token", "Workspace"}
    workspace.peer.scripted["auth.test"] = [Scripted(200, {"ok": False, "error": "token_revoked"})]
    told = ok(workspace.stack.client().post(f"/api/integrations/{workspace.integration['id']}/test"))
    assert (told["ok"], told["checks"][0]["granted"]) == (False, False)


def test_only_administrators_and_only_slack(workspace: Workspace) -> None:
    admin = workspace.stack.client()
    path = f"/api/integrations/{workspace.integration['id']}/manifest"
    assert workspace.people["jane"].get(path).status_code == 403
    other = ok(admin.post("/api/integrations", json={"kind": "generic", "name": "Other"}), 201)
    assert admin.get(f"/api/integrations/{other['id']}/manifest").status_code == 404
    assert workspace.stack.client(None).get(path).status_code == 401


def test_what_slack_escapes_is_read_as_it_was_typed(workspace: Workspace) -> None:
    told: Call = workspace.says("jane", "a&amp;b")
    assert "`a&amp;b`" in told.fields["text"]
