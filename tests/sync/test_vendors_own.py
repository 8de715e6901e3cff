"""What one vendor does differently, through the whole of Afterword: nodes and hooks of its own, names that change."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from domain.tickets.status import CloseReason, TicketState
from domain.tickets.texts import split_footer
from tests.api.writing import ok
from tests.peers.jira import JiraPeer
from tests.peers.linear import LinearPeer
from tests.peers.receiver import Delivery
from tests.stack import Person, Stack, eventually
from tests.sync.cases import external_id
from tests.sync.scene import Json, Scene, playing

MEDIA = {"type": "media", "attrs": {"id": "6e7c", "type": "file", "collection": "c", "width": 200, "height": 183}}
IMAGE = {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [MEDIA]}
MENTION = {"type": "mention", "attrs": {"id": JiraPeer.other_account, "text": "@Jane Doe"}}


def _paragraph(*content: Json) -> Json:
    return {"type": "paragraph", "content": list(content)}


PANEL = {
    "type": "panel",
    "attrs": {"panelType": "warning"},
    "content": [_paragraph({"type": "text", "text": "Ask "}, MENTION)],
}


@pytest.fixture
def scene(request: pytest.FixtureRequest, stack: Stack, sync_admin: Person, sync_author: Person) -> Iterator[Scene]:
    with playing(stack, request.param, sync_admin, sync_author) as one:
        yield one


def describe(scene: Scene, item: Json, *added: Json) -> Json:
    """Somebody adds these nodes to the description in Jira."""
    peer: Any = scene.peer
    with peer.lock, peer._as_somebody_else():
        issue = peer._issues[external_id(scene, item)]
        before: Json = issue.description
        peer._change(
            issue, {"description": {**before, "content": [*before["content"][:1], *added, *before["content"][1:]]}}
        )
    scene.deliver()
    scene.quiet()
    return dict(issue.description)


def description(scene: Scene, item: Json) -> Json:
    peer: Any = scene.peer
    return dict(peer._issues[external_id(scene, item)].description)


@pytest.mark.parametrize("scene", ["jira"], indirect=True)
def test_a_line_added_here_removes_nothing_there(scene: Scene) -> None:
    item = scene.item(details="First line")
    before = describe(scene, item, IMAGE, PANEL)
    details = scene.shown(item)["details"]
    assert "@Jane Doe" in details
    scene.change(item, details=f"{details}\n\nOne line more")
    eventually(lambda: "One line more" in scene.details(item))
    now = description(scene, item)["content"]
    assert now[:3] == before["content"][:3]
    assert scene.link(item)["linkState"] == "ok"
    scene.quiet()
    writes = len(scene.writes())
    scene.deliver()
    scene.quiet()
    assert len(scene.writes()) == writes


@pytest.mark.parametrize("scene", ["jira"], indirect=True)
def test_what_would_be_lost_is_written_as_a_comment_and_said(scene: Scene) -> None:
    item = scene.item(details="First line")
    before = describe(scene, item, PANEL)
    scene.change(item, details="Something else", description="Renamed all the same")
    scene.linked(item["id"], "refused")
    assert "comment" in scene.link(item)["detail"]
    ticket = scene.says(item, title="Renamed all the same")
    assert description(scene, item) == before
    assert "Something else" in "\n".join(ticket.comments)
    assert any(one["result"] == "refused" and "comment" in one["detail"] for one in scene.log())
    scene.change(item, details="Something else again")
    eventually(lambda: "Something else again" in "\n".join(scene.ticket(item).comments))
    assert len(scene.ticket(item).comments) == 1
    scene.peer.edit(external_id(scene, item), body="Something else again")
    scene.deliver()
    scene.linked(item["id"], "ok")


@pytest.mark.parametrize("scene", ["asana", "github", "gitlab", "jira", "linear"], indirect=True)
def test_what_somebody_writes_below_our_footer_is_taken_and_stays(scene: Scene) -> None:
    item = scene.item(details="Above")
    body = scene.ticket(item).body
    scene.peer.edit(external_id(scene, item), body=f"{body}\n\nBelow")
    scene.deliver()
    eventually(lambda: "Below" in scene.shown(item)["details"])
    scene.change(item, details="Above\n\nBelow\n\nAnd more")
    eventually(lambda: scene.details(item) == "Above\n\nBelow\n\nAnd more")
    assert scene.ticket(item).body.count("Action item of") == 1


@pytest.mark.parametrize("scene", ["asana", "github", "gitlab", "jira", "linear"], indirect=True)
def test_a_long_text_keeps_its_footer_there_and_its_end_here(scene: Scene) -> None:
    long = "- [ ] page earlier\n\n" + "".join(f"Line {number} of many, many lines.\n" for number in range(1_550))
    item = scene.item(details=long.strip())
    assert split_footer(scene.ticket(item).body)[1]
    scene.peer.edit(external_id(scene, item), body=scene.ticket(item).body.replace("[ ] page", "[x] page"))
    scene.deliver()
    wanted = long.strip().replace("[ ]", "[x]")
    eventually(lambda: scene.shown(item)["details"] == wanted)


@pytest.mark.parametrize("scene", ["gitlab"], indirect=True)
def test_a_work_item_is_an_issue(scene: Scene) -> None:
    item = scene.item()
    scene.lose()
    scene.peer.edit(external_id(scene, item), title="Changed on its newer page")
    told = json.loads(scene.fresh()[-1].body) | {"object_kind": "work_item", "event_type": "work_item"}
    told["object_attributes"] |= {"type": "Task"}
    assert scene.post(scene.peer.signed(json.dumps(told).encode())).status_code == 202
    scene.becomes(item, description="Changed on its newer page")


@pytest.mark.parametrize("scene", ["github"], indirect=True)
def test_a_hook_that_is_sent_as_a_form_is_read(scene: Scene) -> None:
    item = scene.item()
    scene.lose()
    scene.peer.edit(external_id(scene, item), title="Told in a form & more")
    signed = scene.peer.signed(urlencode({"payload": scene.fresh()[-1].body.decode()}).encode())
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    form = Delivery({**signed.headers, **kind}, signed.body)
    assert scene.post(Delivery(form.headers, form.body + b" ")).status_code == 401
    assert scene.post(form).status_code == 202
    scene.becomes(item, description="Told in a form & more")
    other = scene.peer.signed(b"other=1")
    assert scene.post(Delivery({**other.headers, **kind}, other.body)).status_code == 400


@pytest.mark.parametrize("scene", ["linear"], indirect=True)
def test_a_team_whose_key_was_changed_goes_on(scene: Scene) -> None:
    peer = scene.peer
    assert isinstance(peer, LinearPeer)
    item = scene.item()
    old = scene.link(item)["key"]
    scene.lose()
    with peer.lock:
        for issue in peer.issues.values():
            issue.previous.append(issue.identifier)
        peer.team.key = "PLAT"
    peer.edit(scene_id := next(iter(peer.issues)), title="After the new key")
    scene.deliver()
    scene.becomes(item, description="After the new key")
    assert eventually(lambda: scene.link(item)["key"].startswith("PLAT-"))
    made = scene.item()
    assert scene.link(made)["key"].startswith("PLAT-")
    assert peer.issues[scene_id].previous == [old]
    other = peer.open("Found by its old key", "")
    with peer.lock:
        peer.issues[other].previous.append("ENG-77")
    assert scene.ticket(scene.item(pointer="ENG-77")).external_id == other
    scene.reconcile()
    assert ok(scene.admin.get(scene.path))["config"]["team"] == "PLAT"
    assert ok(scene.admin.post(f"{scene.path}/test"))["ok"]


@pytest.mark.parametrize("scene", ["jira"], indirect=True)
def test_resolutions_in_another_language_are_read_as_the_administrator_says(scene: Scene) -> None:
    peer = scene.peer
    assert isinstance(peer, JiraPeer)
    with peer.lock:
        peer.resolutions = {"10000": "Fertig", "10001": "Wird nicht erledigt", "10002": "Duplikat"}
        statuses = {key: one for key, one in peer.flow.statuses.items() if key != "10003"}
        ways = tuple(one for one in peer.flow.ways if "10003" not in (one.to, *(one.sources or ())))
        peer.flow = type(peer.flow)(statuses, ways)
    checked = ok(scene.admin.post(f"{scene.path}/test"))
    (said,) = [one for one in checked["checks"] if one["name"] == "Resolutions"]
    assert not checked["ok"]
    assert "Wird nicht erledigt (10001)" in said["detail"]
    item = scene.item()
    names = {"notDone": ["wird nicht erledigt"], "duplicates": ["10002"]}
    config = ok(scene.admin.get(scene.path))["config"]
    ok(scene.admin.patch(scene.path, json={"config": {**config, **names}}))
    assert ok(scene.admin.post(f"{scene.path}/test"))["ok"]
    scene.change(item, status="WONT_DO", justification="Not worth it")
    scene.says(item, state=TicketState.CANCELLED, reason=CloseReason.NOT_PLANNED)
    peer.edit(external_id(scene, item), state=TicketState.OPEN)
    scene.deliver()
    scene.becomes(item, status="OPEN")
    peer.edit(external_id(scene, item), state=TicketState.CANCELLED, reason=CloseReason.DUPLICATE)
    scene.deliver()
    assert "duplicate" in scene.becomes(item, status="WONT_DO")["justification"]
