"""Cases 14, 16, 17, 19 and 20: who may say what, noise, pull requests, and what vendors take away."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from integrations import registry
from tests.api.writing import ok
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Fault, Kind
from tests.stack import eventually
from tests.sync import particular
from tests.sync.cases import external_id, is_partial
from tests.sync.scene import Scene


def test_case_14_authenticity(scene: Scene) -> None:
    """Our webhook is registered, with a handshake if the vendor has one. A webhook that is unsigned, wrongly signed, or
    altered is refused, and nothing of it is applied."""
    item = scene.item()
    scene.reconcile()
    assert ok(scene.admin.get(scene.path))["registration"], "ours, or adopted"
    scene.lose()
    scene.peer.edit(external_id(scene, item), title="Forged")
    (news, *_) = scene.fresh()
    changed = Delivery(news.headers, news.body + b" ")
    unsigned = {name: value for name, value in news.headers.items() if "signature" not in name.lower()}
    for one in (changed, Delivery(unsigned, news.body)):
        answer = scene.post(one)
        assert (answer.status_code, answer.json()["code"]) == (401, "BadSignature"), answer.text
    other = httpx.post(
        scene.made["webhookUrl"].replace(scene.id, "int_nobody"), content=news.body, headers=news.headers, timeout=30
    )
    assert other.status_code == 404
    scene.quiet()
    assert scene.shown(item)["description"] == item["description"]
    assert scene.post(news).is_success
    scene.becomes(item, description="Forged")


def test_case_16_permissions_and_a_revoked_token(scene: Scene) -> None:
    """A test names each permission. A revoked token marks the connection once, notifies an administrator once, and
    burns no retries; waiting changes continue when it is renewed."""
    checks = ok(scene.admin.post(f"{scene.path}/test"))["checks"]
    assert checks
    assert all(one["name"] and one["detail"] for one in checks)
    first, second = scene.item(), scene.item()
    scene.quiet()
    scene.peer.revoke()
    assert not ok(scene.admin.post(f"{scene.path}/test"))["ok"]
    scene.change(first, description="While revoked 1")
    eventually(lambda: ok(scene.admin.get(scene.path))["needsAttention"])
    scene.quiet()
    asked = len(scene.peer.requests)
    scene.change(second, description="While revoked 2")
    third = scene.item(linked=False)
    scene.quiet()
    assert len(scene.peer.requests) == asked, "nobody asks a vendor that has shown us the door"
    assert scene.link(third)["linkState"] == "pending"
    assert len(scene.notices(scene.admin, "connection_needs_attention")) == 1
    scene.peer.restore()
    ok(scene.admin.patch(scene.path, json={"secrets": dict(scene.peer.secrets)}))
    scene.says(first, title="While revoked 1")
    scene.says(second, title="While revoked 2")
    scene.linked(third["id"])
    scene.quiet()
    assert len(scene.notices(scene.admin, "connection_well_again")) == 1
    assert ok(scene.admin.get(scene.path))["needsAttention"] is None


def test_case_17_noise(scene: Scene) -> None:
    """We write only on a real change, and there is at most one comment of ours, edited in place."""
    item = scene.item(details="Some words")
    eventually(lambda: scene.ticket(item).comments, 40)  # our last write: the owner has no account there
    scene.quiet()
    writes = len(scene.writes())
    scene.change(item, description=item["description"])
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    ok(scene.author.post(f"/api/action-items/{item['id']}/snooze", json={"until": until}))
    scene.deliver()
    scene.reconcile()
    scene.reconcile()
    assert len(scene.writes()) == writes
    assert len(scene.ticket(item).comments) == 1
    friend = scene.stack.person()
    scene.change(item, ownerId=friend.id)
    name = ok(scene.admin.get(f"/api/users/{friend.id}"))["name"]
    eventually(lambda: name in scene.ticket(item).comments[0])
    assert len(scene.ticket(item).comments) == 1


def test_case_19_pull_requests(scene: Scene) -> None:
    """A pull request that closes or mentions the ticket appears on the item with its state; merging alone completes
    nothing."""
    item = scene.item()
    there = external_id(scene, item)
    scene.lose()
    if is_partial(scene, 19):
        assert scene.link(item)["pullRequests"] == []
        return
    for state in ("open", "merged"):
        particular.pull_request(scene.peer, there, state, "Alert sooner")
        for one in scene.deliver():
            assert one.is_success, one.text

        def shows(wanted: str = state) -> bool:
            (request,) = scene.link(item)["pullRequests"]
            return bool(request["state"] == wanted and request["title"] == "Alert sooner" and request["url"])

        eventually(shows)
    scene.quiet()
    assert scene.shown(item)["status"] == "OPEN"
    scene.reconcile()
    assert [one["state"] for one in scene.link(item)["pullRequests"]] == ["merged"]


def test_case_20_what_vendors_take_away(scene: Scene) -> None:
    """An API that the vendor removed (410) is not a deleted ticket: nothing is lost, and the log says so."""
    item = scene.item()
    scene.peer.order(Fault.GONE, Kind.LIST)
    scene.reconcile()
    assert not scene.peer.faults, "it was asked"
    assert scene.link(item)["linkState"] == "ok"
    assert scene.log(operation="reconcile", errors=True), "it is said"
    assert not [one for one in scene.peer.requests if one.path.endswith("/rest/api/3/search")], "as Jira's was"
    scene.change(item, description="Goes on")
    scene.says(item, title="Goes on")


@pytest.mark.parametrize("kind", registry.tracker_kinds())
def test_each_tracker_caps_its_rate(kind: str) -> None:
    assert 0 < registry.tracker(kind).calls_per_second <= 100
