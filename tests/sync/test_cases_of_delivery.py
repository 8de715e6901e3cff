"""Cases 1 to 4, 13, 15 and 18: one ticket, whatever is lost, doubled, limited, down or broken."""

import json

import pytest

from domain.tickets.status import CloseReason, TicketState
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Fault, Kind
from tests.stack import eventually
from tests.sync.cases import external_id
from tests.sync.scene import Scene


def test_case_01_exactly_one_ticket(scene: Scene) -> None:
    """A create times out after the vendor committed it, or the worker is killed before it recorded the answer: there is
    exactly one ticket."""
    scene.peer.order(Fault.LOST_ANSWER, Kind.CREATE)
    lost = scene.item(linked=False)
    eventually(lambda: len(scene.peer.tickets()) == 1)
    scene.peer.order(Fault.SLOW, Kind.CREATE)
    killed = scene.item(linked=False)
    eventually(lambda: len(scene.peer.tickets()) == 2)
    scene.stack.kill("worker")
    scene.stack.revive("worker")
    scene.stack.wait_until_ready()
    for item in (lost, killed):
        scene.linked(item["id"])
    keys = {scene.link(item)["key"] for item in (lost, killed)}
    assert {one.key for one in scene.peer.tickets()} == keys
    assert len(scene.peer.tickets()) == 2


def test_case_02_our_own_change_comes_back(scene: Scene) -> None:
    """Our own change comes back as a webhook: no second write, no loop."""
    item = scene.item()
    scene.change(item, description="Alert sooner", status="COMPLETED")
    scene.says(item, title="Alert sooner", state=TicketState.DONE)
    scene.quiet()
    version, writes = scene.shown(item)["version"], len(scene.writes())
    answers = scene.deliver()
    assert answers
    assert {one.status_code for one in answers} <= {200, 202}, [one.text for one in answers]
    scene.quiet()
    scene.reconcile()
    assert len(scene.writes()) == writes
    assert (scene.shown(item)["version"], scene.health()["healed"]) == (version, 0)
    assert not scene.trail(item, "ticket.conflict")


def test_case_03_webhooks_lost_doubled_and_out_of_order(scene: Scene) -> None:
    """Webhooks are lost, duplicated, or out of order: the end state is the tracker's, and each is applied at most
    once."""
    item = scene.item()
    there = external_id(scene, item)
    scene.lose()
    scene.peer.edit(there, title="First")
    scene.peer.edit(there, title="Second")
    scene.peer.edit(there, state=TicketState.DONE, reason=CloseReason.COMPLETED)
    news = scene.fresh()
    for one in reversed([*news, *news]):
        assert scene.post(one).is_success
    scene.becomes(item, description="Second", status="COMPLETED")
    scene.quiet()
    version = scene.shown(item)["version"]
    assert all(scene.post(one).json()["status"] in {"duplicate", "ignored"} for one in news)
    scene.quiet()
    assert scene.shown(item)["version"] == version
    scene.peer.edit(there, title="Third, which nobody tells us")
    assert scene.lose()
    scene.reconcile()
    scene.becomes(item, description="Third, which nobody tells us")


@pytest.mark.parametrize("scene", ["linear"], indirect=True)
@pytest.mark.parametrize("slow", [Kind.READ, Kind.UPDATE, Kind.OTHER])
def test_a_webhook_overtakes_a_push(scene: Scene, slow: Kind) -> None:
    """A push has read the ticket (or written it, or comments on it), and before it goes on a webhook brings a newer
    state: what the push knows of the ticket undoes none of that."""
    item = scene.item()
    there = external_id(scene, item)
    eventually(lambda: scene.log(operation="update"))  # with that the first comment is there
    scene.quiet()
    scene.lose()
    scene.peer.order(Fault.SLOW, slow)
    asked = scene.calls(slow)
    if slow is Kind.OTHER:
        scene.change(item, ownerId=scene.stack.person().id)  # who has no account: a comment says so
    else:
        scene.change(item, dueDate="2027-01-01", reason="It takes longer")
    eventually(lambda: scene.calls(slow) > asked)
    scene.lose()
    scene.peer.edit(there, title="Second", state=TicketState.DONE, reason=CloseReason.COMPLETED)
    assert scene.deliver()
    scene.becomes(item, description="Second", status="COMPLETED")
    eventually(lambda: len(scene.log(operation="update")) == 2)
    scene.quiet()
    changes = [one.after for one in scene.trail(item, "action_item.updated") if "status" in (one.after or {})]
    assert changes == [{"description": "Second", "status": "COMPLETED"}]
    scene.says(item, title="Second", state=TicketState.DONE)


def test_case_04_reconciliation(scene: Scene) -> None:
    """Reconciliation reads tickets in pages, repairs drift, and counts every repair as a lost webhook."""
    items = [scene.item() for _ in range(3)]
    scene.reconcile()
    for number, item in enumerate(items[:2]):
        scene.peer.edit(external_id(scene, item), title=f"Nobody told us {number}")
    scene.lose()
    before = {one["id"] for one in scene.log(operation="reconcile", result="ok")}
    health = scene.reconcile()
    for number, item in enumerate(items[:2]):
        scene.becomes(item, description=f"Nobody told us {number}")
    runs = [one["detail"] for one in scene.log(operation="reconcile", result="ok") if one["id"] not in before]
    assert runs
    assert all(one.endswith(" 1 calls") for one in runs), "one page, and nothing for each ticket"
    assert health["healed"] == 2
    metrics = scene.stack.client(None).get("/metrics").text
    assert f'integration="{scene.id}"' in metrics
    assert scene.reconcile()["healed"] == 2, "healed once"
    assert [one["result"] for one in scene.log(operation="reconcile")].count("healed") == 2


def test_case_13_rate_limits(scene: Scene) -> None:
    """When rate limited, we wait as long as the vendor asks and continue: nothing is lost, and nothing is doubled."""
    scene.peer.order(Fault.LIMITED, Kind.CREATE)
    item = scene.item()
    assert len(scene.peer.tickets()) == 1
    scene.peer.order(Fault.LIMITED, Kind.UPDATE)
    scene.change(item, description="After the limit")
    scene.says(item, title="After the limit")
    scene.quiet()
    retries = scene.log(result="retry")
    assert len(retries) >= 2
    assert scene.link(item)["linkState"] == "ok"


def test_case_15_the_tracker_is_down(scene: Scene) -> None:
    """While the tracker is down, an item is created anyway, shows that its ticket is pending, and arrives by itself."""
    scene.peer.order(Fault.SERVER_ERROR, times=2)
    scene.peer.order(Fault.RESET)
    item = scene.item(linked=False)
    assert scene.link(item)["linkState"] == "pending"
    scene.linked(item["id"])
    assert len(scene.peer.tickets()) == 1
    assert any(one["result"] == "retry" for one in scene.log())


def test_case_18_unknown_and_broken_webhooks(scene: Scene) -> None:
    """A known event that we don't use is 200, another shape 400, a bad signature 401; all are in the log with their
    delivery's ID, and none is applied."""
    item = scene.item()
    scene.lose()
    version = scene.shown(item)["version"]
    unused = scene.post(scene.peer.unused())
    assert (unused.status_code, unused.json()["status"]) == (200, "ignored"), unused.text
    heard = scene.log(deliveryId=unused.json()["deliveryId"])
    assert [one["result"] for one in heard] == ["ignored"]
    malformed = scene.post(scene.peer.signed(b'{"neither": "fish", "nor": '))
    assert (malformed.status_code, malformed.json()["code"]) == (400, "MalformedWebhook"), malformed.text
    signed = scene.peer.signed(json.dumps({"some": "thing"}).encode())
    bad = scene.post(Delivery(signed.headers, signed.body + b" "))
    assert (bad.status_code, bad.json()["code"]) == (401, "BadSignature"), bad.text
    told = [json.loads(one) for one in scene.stack.log("api").splitlines() if '"webhook refused"' in one]
    assert {one["source"] for one in told[-2:]} == {scene.peer.kind}
    assert all("delivery_id" in one for one in told[-2:])
    scene.quiet()
    assert scene.shown(item)["version"] == version
