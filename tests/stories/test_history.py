"""What numbers are made from later is written with each change, whichever way it came."""

from datetime import date
from typing import Any

from sqlalchemy import select

from domain.tickets.status import CloseReason, TicketState
from models.action_item import ActionItem, ActionItemHistory
from models.postmortem import Postmortem
from tests.api.writing import in_review, ok, published, with_item
from tests.pages.visiting import visitor
from tests.stack import Stack
from tests.sync.cases import external_id
from tests.sync.scene import playing

FIRST, SECOND, THIRD = "2027-03-01", "2027-04-01", "2027-05-01"


def rows(stack: Stack, statement: Any) -> list[Any]:
    assert stack.direct is not None
    return stack.direct.rows(statement)


def history(stack: Stack, item_id: str) -> list[tuple[str, str | None]]:
    statement = select(ActionItemHistory).where(ActionItemHistory.action_item_id == item_id)
    found = rows(stack, statement.order_by(ActionItemHistory.id))
    assert all(one.known for one in found)
    return [(one.status, one.due_on and one.due_on.isoformat()) for one in found]


def test_every_door_keeps_the_history_of_an_item(stack: Stack) -> None:
    """The API, a page, and a tracker."""
    author, admin = stack.person(), stack.person("ADMIN")
    with playing(stack, "gitlab", admin, author) as scene:
        item = scene.item(dueDate=FIRST)
        assert history(stack, item["id"]) == [("OPEN", FIRST)]
        scene.change(item, dueDate=SECOND, reason="A freeze")
        scene.change(item, description="Alert sooner")
        visit, address = visitor(stack, author), f"/action-items/{item['id']}"
        form = {"description": "Alert sooner", "priority": "HIGH", "dueDate": THIRD, "status": "IN_PROGRESS"}
        visit.done(address, address, **form, reason="A second freeze")
        scene.says(item, state=TicketState.STARTED)
        scene.quiet()
        scene.peer.edit(external_id(scene, item), state=TicketState.DONE, reason=CloseReason.COMPLETED)
        scene.deliver()
        scene.becomes(item, status="COMPLETED")
        expected = [("OPEN", FIRST), ("OPEN", SECOND), ("IN_PROGRESS", THIRD), ("COMPLETED", THIRD)]
        assert history(stack, item["id"]) == expected
        first = rows(stack, select(ActionItem.first_due_on).where(ActionItem.id == item["id"]))
        assert first == [date.fromisoformat(FIRST)]


def test_first_due_date_of_an_item_that_had_none(stack: Stack) -> None:
    author = stack.person()
    made = ok(author.post("/api/postmortems", json={"title": "No date yet"}), 201)
    item = with_item(author, made["id"], author.id, dueDate=None)
    for due in (SECOND, FIRST):
        ok(author.patch(f"/api/action-items/{item['id']}", json={"dueDate": due, "reason": "Planned"}))
    assert history(stack, item["id"]) == [("OPEN", None), ("OPEN", SECOND), ("OPEN", FIRST)]
    first = rows(stack, select(ActionItem.first_due_on).where(ActionItem.id == item["id"]))
    assert first == [date.fromisoformat(SECOND)]


def test_first_publication_stays(stack: Stack) -> None:
    """It is published, taken back, and published again."""
    author, reviewer = stack.person(), stack.person()
    made = published(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    row = select(Postmortem.first_published_at).where(Postmortem.id == made["id"])
    (first,) = rows(stack, row)
    assert first is not None
    ok(stack.client().post(f"{path}/request-changes", json={"comment": "A name is in it"}))
    (request,) = ok(author.get(f"{path}/comments"))["items"]
    ok(author.patch(f"{path}/comments/{request['id']}", json={"resolved": True}))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    again = ok(author.post(f"{path}/publish"))
    assert again["publishedAt"] > made["publishedAt"]
    assert rows(stack, row) == [first]
    draft = in_review(author, [reviewer])
    assert rows(stack, select(Postmortem.first_published_at).where(Postmortem.id == draft["id"])) == [None]
