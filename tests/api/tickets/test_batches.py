"""Tickets for all action items at once: created in the background, once each, with a reason for each refusal."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from application.tickets import batches
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.connections import connections
from models.queries.postmortems import postmortems
from tests.api import writing
from tests.api.connections.connecting import Connected, connected
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually


@pytest.fixture
def board(stack: Stack, tmp_path: Path) -> Connected:
    return connected(stack, tmp_path)


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


def postmortem_with(author: Person, count: int) -> tuple[str, list[str]]:
    made = writing.draft(author)["id"]
    return made, [writing.with_item(author, made, author.id, description=f"Do {one}")["id"] for one in range(count)]


def ask(who: Person, postmortem_id: str, board: Connected, status: int = 202, **body: Any) -> Any:
    given = {"integrationId": board.id, **body}
    return ok(who.post(f"/api/postmortems/{postmortem_id}/tickets", json=given), status)


def progress(who: Person, postmortem_id: str) -> Any:
    return ok(who.get(f"/api/postmortems/{postmortem_id}/tickets"))


def settled(who: Person, postmortem_id: str) -> Any:
    def over() -> Any:
        shown = progress(who, postmortem_id)
        return shown["pending"] == 0 and all(one["finishedAt"] for one in shown["batches"]) and shown

    return eventually(over)


def test_each_open_item_gets_one_ticket_however_often_it_is_asked(board: Connected, author: Person) -> None:
    pm, items = postmortem_with(author, 12)
    ok(author.patch(f"/api/action-items/{items[0]}", json={"status": "COMPLETED"}))
    ok(author.post(f"/api/action-items/{items[1]}/tickets", json={"integrationId": board.id}), 201)
    asked = ask(author, pm, board)
    assert (asked["total"], asked["refused"]) == (11, [])
    (waiting,) = ok(author.get(f"/api/action-items/{items[-1]}"))["tickets"]
    assert waiting["linkState"] in {"pending", "ok"}, "it is on its way, and says so at once"
    assert ask(author, pm, board)["total"] == 11
    done = settled(author, pm)
    assert (done["total"], done["done"], done["pending"], done["refused"]) == (11, 11, 0, [])
    assert done["batches"][0]["integrationId"] == board.id
    keys = {ok(author.get(f"/api/action-items/{one}"))["tickets"][0]["key"] for one in items[1:]}
    assert len(keys) == 11
    assert ok(author.get(f"/api/action-items/{items[0]}"))["tickets"] == [], "what is settled needs none"
    assert len(board.log(operation="create", result="ok", limit=200)) == 11
    later = writing.with_item(author, pm, author.id, description="Later")["id"]
    assert ask(author, pm, board)["total"] == 12
    assert settled(author, pm)["done"] == 12
    assert ok(author.get(f"/api/action-items/{later}"))["tickets"][0]["linkState"] == "ok"
    assert len(board.log(operation="create", result="ok", limit=200)) == 12


def test_what_is_refused_says_why_and_is_tried_again(stack: Stack, author: Person, tmp_path: Path) -> None:
    board = connected(stack, tmp_path, required={"severity": ["minor"]})
    pm, items = postmortem_with(author, 3)
    ask(author, pm, board)
    refused = settled(author, pm)
    assert (refused["done"], {one["actionItemId"] for one in refused["refused"]}) == (0, set(items))
    assert all("severity" in one["detail"] for one in refused["refused"])
    loosened = board.config | {"required": {}}
    ok(board.admin.patch(board.path, json={"config": loosened}))
    ask(author, pm, board)
    assert settled(author, pm)["done"] == 3


def test_some_items_only(board: Connected, author: Person) -> None:
    pm, items = postmortem_with(author, 3)
    _, (stranger,) = postmortem_with(author, 1)
    assert ask(author, pm, board, itemIds=items[:2])["total"] == 2
    assert settled(author, pm)["done"] == 2
    assert ok(author.get(f"/api/action-items/{items[2]}"))["tickets"] == []
    assert ask(author, pm, board, 422, itemIds=[stranger])["code"] == "UnknownReference"


def test_who_may_not_change_the_items_may_not_ask(board: Connected, author: Person, stack: Stack) -> None:
    pm, _ = postmortem_with(author, 1)
    stranger = stack.person()
    assert ask(stranger, pm, board, 404)["code"] == "NotFound"
    ok(author.patch(f"/api/postmortems/{pm}", json={"visibility": "ORGANIZATION"}))
    assert ask(stranger, pm, board, 403)["code"] == "NotAllowed"
    assert progress(stranger, pm)["total"] == 0
    empty = writing.draft(author)["id"]
    assert ask(author, empty, board, 409)["code"] == "NoActionItems"


async def test_a_batch_that_nobody_started_is_started_by_the_sweep(
    stack: Stack, board: Connected, author: Person
) -> None:
    """Committed, and nobody told Temporal: as if the API had died in between."""
    pm, _ = postmortem_with(author, 2)
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        viewer = await get_viewer_unscoped(session, author.id, "api")
        seen = await postmortems.get_visible(session, viewer, pm, lock=True)
        integration = await connections.get_integration(session, board.id)
        await batches.open_tickets(
            session, viewer, seen.postmortem.id, [integration.kind], integration.id, None, datetime.now(UTC)
        )
    assert settled(author, pm)["done"] == 2
