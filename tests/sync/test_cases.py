"""The twenty cases, each for every tracker that has a peer. Their numbers are those of the specification.

If a part of a case has no meaning for a tracker, ``HAS_NO_MEANING`` says so, and so does the table."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from domain.tickets.status import CloseReason, TicketState
from domain.tickets.texts import reads_alike
from integrations import registry
from tests.api.writing import ok
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Fault, Kind
from tests.stack import eventually
from tests.sync import particular
from tests.sync.scene import Scene

HAS_NO_MEANING: dict[tuple[int, str], str] = {
    (5, "github"): "GitHub's issues are open or closed: there is no in progress, and every state can be reached.",
    (5, "linear"): "Linear allows an issue to go from any state to any other: every state can be reached.",
    (5, "asana"): "Asana allows a task to go from any section and state to any other: every state can be reached.",
    (5, "gitlab"): "GitLab's issues are open or closed, and labels say the rest: every state can be reached.",
    (7, "github"): "GitHub's issues have no due date: it is written into the text.",
    (10, "asana"): "Asana's API creates a task whatever fields are empty: only its forms require them.",
    (10, "github"): "GitHub's form requires only a title: there is no field to map.",
    (10, "gitlab"): "GitLab's form requires only a title: there is no field to map.",
    (10, "linear"): "Linear requires only a title and a team: there is no field to map.",
    (19, "asana"): "Asana's API doesn't show pull requests: what other apps attach has no state in it.",
    (19, "gitlab"): "GitLab's merge requests aren't read: its webhooks don't name the issue that one closes.",
    (19, "jira"): "Jira's public API doesn't show pull requests: its development panel isn't part of it.",
}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date()


def is_partial(scene: Scene, number: int) -> bool:
    return (number, scene.peer.kind) in HAS_NO_MEANING


def external_id(scene: Scene, item: Any) -> str:
    return scene.ticket(item).external_id


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


def test_case_04_reconciliation(scene: Scene) -> None:
    """Reconciliation reads tickets in pages, repairs drift, and counts every repair as a lost webhook."""
    items = [scene.item() for _ in range(3)]
    scene.reconcile()
    for number, item in enumerate(items[:2]):
        scene.peer.edit(external_id(scene, item), title=f"Nobody told us {number}")
    scene.lose()
    before = len(scene.peer.requests)
    health = scene.reconcile()
    for number, item in enumerate(items[:2]):
        scene.becomes(item, description=f"Nobody told us {number}")
    reads = scene.peer.requests[before:]
    assert len(reads) <= 5, "one page, our webhook, and nothing for each ticket"
    assert health["healed"] == 2
    metrics = scene.stack.client(None).get("/metrics").text
    assert f'integration="{scene.id}"' in metrics
    assert scene.reconcile()["healed"] == 2, "healed once"
    assert [one["result"] for one in scene.log(operation="reconcile")].count("healed") == 2


def test_case_05_status_out(scene: Scene) -> None:
    """Our status is sent by its category, a configured name first. If the tracker has no way there, our status is kept,
    and the link is refused and says why."""
    item = scene.item()
    if scene.tracker.knows_started:
        scene.change(item, status="IN_PROGRESS")
        scene.says(item, state=TicketState.STARTED)
    scene.change(item, status="WONT_DO", justification="Not worth it")
    scene.says(item, state=TicketState.CANCELLED)
    scene.change(item, status="OPEN")
    scene.says(item, state=TicketState.OPEN)
    named = particular.another_started(scene.peer)
    if named is not None:
        scene.configure(statuses={"IN_PROGRESS": named})
        scene.change(item, status="IN_PROGRESS")
        scene.says(item, status=named)
    if not is_partial(scene, 5):
        particular.close_the_way(scene.peer)
        scene.change(item, status="COMPLETED", description="Renamed all the same")
        scene.linked(item["id"], "refused")
        assert scene.link(item)["detail"]
        scene.says(item, title="Renamed all the same")
        assert scene.shown(item)["status"] == "COMPLETED"


def test_case_06_status_in(scene: Scene) -> None:
    """Their status arrives by its category; won't-do carries the tracker's reason, and reopening notifies the owner."""
    item = scene.item()
    there = external_id(scene, item)
    if scene.tracker.knows_started:
        scene.peer.edit(there, state=TicketState.STARTED)
        scene.deliver()
        scene.becomes(item, status="IN_PROGRESS")
    scene.peer.edit(there, state=TicketState.DONE, reason=CloseReason.COMPLETED)
    scene.deliver()
    scene.becomes(item, status="COMPLETED")
    told = len(scene.notices(scene.author, "action_item_followed_ticket", item))
    scene.peer.edit(there, state=TicketState.OPEN)
    scene.deliver()
    scene.becomes(item, status="OPEN")
    assert len(scene.notices(scene.author, "action_item_followed_ticket", item)) == told + 1
    scene.peer.edit(there, state=TicketState.CANCELLED, reason=CloseReason.NOT_PLANNED)
    scene.deliver()
    assert scene.tracker.label in scene.becomes(item, status="WONT_DO")["justification"]


def test_case_07_both_sides_changed(scene: Scene) -> None:
    """Both sides changed a field: a three-way merge over what was last agreed, with the configured winner, and the
    losing value visible."""
    item = scene.item(details="Before")
    there = external_id(scene, item)
    scene.quiet()
    scene.stack.kill("worker")
    ok(scene.author.patch(f"/api/action-items/{item['id']}", json={"description": "Ours"}))
    scene.peer.edit(there, title="Theirs", body="Written there")
    scene.lose()
    scene.stack.revive("worker")
    scene.stack.wait_until_ready()
    scene.says(item, title="Ours")
    scene.becomes(item, description="Ours", details="Written there")
    (conflict,) = scene.trail(item, "ticket.conflict")
    assert (conflict.before, conflict.after["field"]) == ({"lost": "Theirs"}, "title")
    assert "Theirs" in scene.link(item)["detail"]
    assert len(scene.notices(scene.author, "ticket_conflict", item)) == 1

    scene.configure(winners={"title": "theirs"})
    scene.quiet()
    scene.stack.kill("worker")
    due = {} if is_partial(scene, 7) else {"due_on": TOMORROW}
    ok(scene.author.patch(f"/api/action-items/{item['id']}", json={"description": "Ours again"}))
    scene.peer.edit(there, title="Theirs again", **due)
    scene.lose()
    scene.stack.revive("worker")
    scene.stack.wait_until_ready()
    scene.becomes(item, description="Theirs again")
    if due:
        scene.becomes(item, dueDate=TOMORROW.isoformat())
    assert scene.ticket(item).title == "Theirs again"
    assert scene.trail(item, "ticket.conflict")[-1].before == {"lost": "Ours again"}


def test_case_08_assignee(scene: Scene) -> None:
    """Assignees follow only the table of accounts: an owner without an account is named in one comment, a person's
    choice is never cleared, and someone we don't know doesn't replace our owner."""
    item = scene.item()
    (comment,) = eventually(lambda: scene.ticket(item).comments)
    name = ok(scene.author.get("/api/me"))["name"]
    assert name in comment
    assert scene.ticket(item).assignee is None
    there = external_id(scene, item)
    scene.peer.edit(there, assignee=scene.peer.other_account)
    scene.deliver()
    scene.quiet()
    assert scene.shown(item)["ownerId"] == scene.author.id, "nobody that we know"
    scene.change(item, description="Another title")
    scene.says(item, title="Another title", assignee=scene.peer.other_account)

    friend = scene.stack.person()
    scene.knows(friend, scene.peer.other_account)
    scene.peer.unassign(there)
    scene.deliver()
    scene.quiet()
    assert scene.shown(item)["ownerId"] == scene.author.id
    scene.peer.edit(there, assignee=scene.peer.other_account)
    scene.deliver()
    scene.becomes(item, ownerId=friend.id)

    owned = scene.item()
    scene.change(owned, ownerId=friend.id)
    scene.says(owned, assignee=scene.peer.other_account)
    assert len(scene.ticket(owned).comments) == 1, "edited in place"


def test_case_09_fields_by_id(scene: Scene) -> None:
    """A field is identified by its ID: whatever a text says, no other field is read from it."""
    item = scene.item(details="As before")
    there = external_id(scene, item)
    before = scene.shown(item)
    words = f"LOW 8 {TOMORROW.isoformat()} Done {scene.peer.other_account} WONT_DO"
    scene.peer.edit(there, title=words)
    scene.deliver()
    scene.becomes(item, description=words)
    scene.peer.edit(there, body=f"{words}\n\nPriority: LOW. Due {TOMORROW.isoformat()}. Status: Done")
    scene.deliver()
    after = eventually(lambda: scene.shown(item)["details"].startswith(words) and scene.shown(item))
    for name in ("priority", "dueDate", "status", "ownerId", "justification"):
        assert after[name] == before[name], name


def test_case_10_required_fields(scene: Scene) -> None:
    """Fields that the tracker requires are asked for when it is connected, and mapped; without them the link shows the
    vendor's own words."""
    checks = ok(scene.admin.post(f"{scene.path}/test"))
    assert checks["ok"], checks
    if is_partial(scene, 10):
        return
    field_id, value, words = particular.require_field(scene.peer)
    refused = scene.item(linked=False)
    scene.linked(refused["id"], "refused")
    assert words.lower() in scene.link(refused)["detail"].lower()
    assert not ok(scene.admin.post(f"{scene.path}/test"))["ok"]
    scene.configure(fields={field_id: value})
    assert ok(scene.admin.post(f"{scene.path}/test"))["ok"]
    scene.ask_for_ticket(refused["id"])
    assert len(scene.peer.tickets()) == 1


RICH = """Page **before** the queue is *full*, see the [runbook](https://example.com/runbook).

- one
- two with `code`

1. first
2. second

```
queue_depth > 1000
```

Ask @nobody about it."""


def test_case_11_rich_text(scene: Scene) -> None:
    """Lists, code, links, and mentions survive the round trip, and nobody is mentioned by accident."""
    item = scene.item(details=RICH)
    assert reads_alike(scene.details(item), RICH)
    version = scene.shown(item)["version"]
    scene.deliver()
    scene.peer.edit(external_id(scene, item), title="Only the title")
    scene.deliver()
    shown = scene.becomes(item, description="Only the title")
    assert (shown["details"], shown["version"]) == (RICH, version + 1)
    written = "Written there:\n\n- with a list\n- and `code`"
    scene.peer.edit(external_id(scene, item), body=written)
    scene.deliver()
    eventually(lambda: reads_alike(scene.shown(item)["details"], written))
    scene.change(item, details=f"{written}\n- one more")
    eventually(lambda: reads_alike(scene.details(item), f"{written}\n- one more"))


def test_case_12_moved_deleted_hidden(scene: Scene) -> None:
    """A moved ticket is followed by its ID. If it was deleted or hidden, the item stays and its owner is asked once:
    recreate, relink, or unlink. An empty list deletes nothing."""
    moved, deleted, dropped, hidden = (scene.item() for _ in range(4))
    key, home = scene.link(moved)["key"], external_id(scene, moved)
    gone = [external_id(scene, one) for one in (deleted, dropped)]
    unseen = external_id(scene, hidden)
    scene.peer.order(Fault.EMPTY_LIST, Kind.LIST)
    scene.reconcile()
    assert {scene.link(one)["linkState"] for one in (deleted, dropped, hidden)} == {"ok"}

    scene.peer.move(home)
    scene.lose()
    scene.reconcile()
    if scene.link(moved)["key"] != key:
        assert scene.link(moved)["linkState"] == "moved"
    scene.change(moved, description="Where it lives now")
    scene.says(moved, title="Where it lives now")

    for one in gone:
        scene.peer.delete(one)
    scene.lose()
    before = scene.shown(deleted)
    scene.reconcile()
    scene.reconcile()
    assert scene.link(deleted)["linkState"] == scene.link(dropped)["linkState"] == "deleted"
    assert len(scene.notices(scene.author, "ticket_deleted", deleted)) == 1, "asked once"
    after = scene.shown(deleted)
    assert (after["status"], after["version"]) == (before["status"], before["version"])
    again = scene.ask_for_ticket(deleted["id"])
    assert scene.ticket(again).external_id not in gone
    other = scene.peer.open("One that is there", "Somebody's words")
    address = next(one.url for one in scene.peer.tickets() if one.external_id == other)
    relinked = scene.ask_for_ticket(dropped["id"], pointer=address)
    assert (scene.ticket(relinked).external_id, scene.ticket(relinked).title) == (other, "One that is there")

    scene.peer.hide(unseen)
    scene.reconcile()
    scene.reconcile()
    assert scene.link(hidden)["linkState"] == "forbidden"
    assert len(scene.notices(scene.author, "ticket_forbidden", hidden)) == 1, "asked once"
    ok(scene.author.delete(f"/api/action-items/{hidden['id']}/tickets"), 204)
    assert scene.shown(hidden)["tickets"] == []


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


def test_case_15_the_tracker_is_down(scene: Scene) -> None:
    """While the tracker is down, an item is created anyway, shows that its ticket is pending, and arrives by itself."""
    scene.peer.order(Fault.SERVER_ERROR, times=2)
    scene.peer.order(Fault.RESET)
    item = scene.item(linked=False)
    assert scene.link(item)["linkState"] == "pending"
    scene.linked(item["id"])
    assert len(scene.peer.tickets()) == 1
    assert any(one["result"] == "retry" for one in scene.log())


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
