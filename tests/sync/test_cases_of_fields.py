"""Cases 5 to 12: states, fields, texts, and where a ticket is."""

from datetime import UTC, datetime, timedelta

from domain.tickets.status import CloseReason, TicketState
from tests.api.writing import ok
from tests.peers.tracker_peer import Fault, Kind
from tests.stack import eventually
from tests.sync import particular
from tests.sync.cases import external_id, is_partial
from tests.sync.scene import Scene

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date()


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

TASKS = """- [ ] page earlier
- [x] write it down

See the [runbook](https://example.com/runbook), ~~soon~~ now."""
SAME_LETTERS = [
    ("- [ ] page", "- [x] page"),
    ("https://example.com/runbook", "https://example.com/other"),
    ("~~soon~~", "**soon**"),
]


def test_case_11_rich_text(scene: Scene) -> None:
    """Lists, code, links, and mentions survive the round trip, and nobody is mentioned by accident. An edit that leaves
    the letters alike, such as a ticked box or a link's target, is synced in both directions."""
    item = scene.item(details=RICH)
    alike = scene.tracker.canonical
    assert alike(scene.details(item)) == alike(RICH)
    version = scene.shown(item)["version"]
    scene.deliver()
    scene.peer.edit(external_id(scene, item), title="Only the title")
    scene.deliver()
    shown = scene.becomes(item, description="Only the title")
    assert (shown["details"], shown["version"]) == (RICH, version + 1)
    written = "Written there:\n\n- with a list\n- and `code`"
    scene.peer.edit(external_id(scene, item), body=written)
    scene.deliver()
    eventually(lambda: alike(scene.shown(item)["details"]) == alike(written))
    scene.change(item, details=f"{written}\n- one more")
    eventually(lambda: alike(scene.details(item)) == alike(f"{written}\n- one more"))

    item = scene.item(details=TASKS)
    there = external_id(scene, item)
    scene.quiet()
    for old, new in SAME_LETTERS:
        before = scene.details(item)
        scene.peer.edit(there, body=before.replace(old, new))
        scene.deliver()
        scene.quiet()
        assert alike(scene.shown(item)["details"]) == alike(scene.details(item)) == alike(before.replace(old, new))
    scene.change(item, description="And is not undone")
    scene.says(item, title="And is not undone")
    for old, new in SAME_LETTERS:
        wanted = scene.shown(item)["details"].replace(new, old)
        scene.change(item, details=wanted)
        eventually(lambda: alike(scene.details(item)) == alike(wanted))  # noqa: B023 - called in this turn
    scene.quiet()
    assert alike(scene.shown(item)["details"]) == alike(scene.details(item)) == alike(TASKS)


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
