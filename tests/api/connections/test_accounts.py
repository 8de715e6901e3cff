"""Who is who in a tracker: entered, imported, suggested by e-mail; nobody's account is given away silently."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.api.connections.connecting import Connected, connected
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture
def board(stack: Stack, tmp_path: Path) -> Connected:
    return connected(stack, tmp_path)


def table(board: Connected) -> dict[str, tuple[str, str]]:
    listed = ok(board.admin.get(f"{board.path}/accounts", params={"limit": 200}))["items"]
    return {one["userId"]: (one["account"], one["source"]) for one in listed}


def put(board: Connected, who: Person, account: str, status: int = 200) -> Any:
    return ok(board.admin.put(f"{board.path}/accounts/{who.id}", json={"account": account}), status)


def take(board: Connected, status: int = 200, **body: Any) -> Any:
    return ok(board.admin.post(f"{board.path}/accounts/import", json=body), status)


def email(board: Connected, who: Person) -> str:
    return str(ok(board.admin.get(f"/api/users/{who.id}"))["email"])


def test_one_person_one_account(board: Connected, stack: Stack) -> None:
    ada, bo = stack.person(), stack.person()
    made = put(board, ada, "ada")
    assert (made["userId"], made["account"], made["source"]) == (ada.id, "ada", "MANUAL")
    assert put(board, ada, "ada")["createdAt"] == made["createdAt"]
    put(board, ada, "ada2")
    taken = put(board, bo, "ada2", 409)
    assert (taken["code"], taken["person_id"]) == ("AccountTaken", ada.id)
    put(board, bo, "ada")
    assert table(board) == {ada.id: ("ada2", "MANUAL"), bo.id: ("ada", "MANUAL")}
    ok(board.admin.delete(f"{board.path}/accounts/{ada.id}"), 204)
    ok(board.admin.delete(f"{board.path}/accounts/{ada.id}"), 404)
    assert table(board) == {bo.id: ("ada", "MANUAL")}
    ok(board.admin.put(f"{board.path}/accounts/user_nope", json={"account": "x"}), 404)
    for bad in ({}, {"account": ""}, {"account": "x" * 201}, {"account": "x", "source": "EMAIL"}):
        ok(board.admin.put(f"{board.path}/accounts/{ada.id}", json=bad), 422)
    trail = ok(board.admin.get("/api/audit", params={"entityId": board.id, "action": "account"}))["items"]
    assert [one["action"] for one in trail] == ["account.dropped", "account.set", "account.set", "account.set"]
    assert trail[2]["before"]["account"] == "ada"


def test_pairs_are_imported_as_json_and_csv(board: Connected, stack: Stack) -> None:
    ada, bo, cy = stack.person(), stack.person(), stack.person()
    pairs = [
        {"userId": ada.id, "account": "ada", "label": "Ada L."},
        {"email": email(board, bo).upper(), "account": "bo"},
    ]
    assert take(board, pairs=pairs) == {"taken": 2, "unchanged": 0, "problems": []}
    assert take(board, pairs=pairs) == {"taken": 0, "unchanged": 2, "problems": []}
    text = f"Email,Account,Label\n{email(board, cy)},cy,\n{email(board, bo)},bo,\n"
    assert take(board, csv=text) == {"taken": 1, "unchanged": 1, "problems": []}
    assert table(board) == {ada.id: ("ada", "IMPORT"), bo.id: ("bo", "IMPORT"), cy.id: ("cy", "IMPORT")}


def test_two_people_may_exchange_accounts(board: Connected, stack: Stack) -> None:
    ada, bo = stack.person(), stack.person()
    put(board, ada, "one")
    put(board, bo, "two")
    pairs = [{"userId": ada.id, "account": "two"}, {"userId": bo.id, "account": "one"}]
    assert take(board, pairs=pairs)["taken"] == 2
    assert {who: account for who, (account, _) in table(board).items()} == {ada.id: "two", bo.id: "one"}


def test_what_cannot_be_taken_is_named_and_nothing_is_taken(board: Connected, stack: Stack) -> None:
    ada, bo, cy, dee = (stack.person() for _ in range(4))
    put(board, ada, "ada")
    pairs = [
        {"userId": bo.id, "account": "ada"},
        {"userId": "user_nope", "account": "x"},
        {"userId": cy.id, "account": "cy"},
        {"userId": cy.id, "account": "cyril"},
        {"userId": dee.id, "account": "cy"},
    ]
    text = "email,account\nnobody@example.com,\nodd"
    problem = take(board, 422, pairs=pairs, csv=text)
    assert problem["code"] == "AccountsNotTaken"
    assert [one["where"] for one in problem["reasons"]] == [f"row {one}" for one in (1, 2, 4, 5, 6, 7)]
    assert ada.id in problem["reasons"][0]["message"]
    assert table(board) == {ada.id: ("ada", "MANUAL")}
    taken = take(board, pairs=pairs, csv=text, skipProblems=True)
    assert (taken["taken"], [one["row"] for one in taken["problems"]]) == (1, [1, 2, 4, 5, 6, 7])
    assert table(board) == {ada.id: ("ada", "MANUAL"), cy.id: ("cy", "IMPORT")}


def test_who_keeps_an_account_after_all_is_not_robbed(board: Connected, stack: Stack) -> None:
    """Ada was to give hers away; as she cannot have the one that she was to get, Bo cannot have hers."""
    ada, bo, cy = (stack.person() for _ in range(3))
    put(board, ada, "ada")
    put(board, cy, "cy")
    pairs = [{"userId": ada.id, "account": "cy"}, {"userId": bo.id, "account": "ada"}]
    taken = take(board, pairs=pairs, skipProblems=True)
    assert (taken["taken"], [one["row"] for one in taken["problems"]]) == (0, [1, 2])
    assert {who: account for who, (account, _) in table(board).items()} == {ada.id: "ada", cy.id: "cy"}


def test_a_vendors_list_suggests_and_an_administrator_confirms(stack: Stack, tmp_path: Path) -> None:
    people = {name: stack.person() for name in ("new", "known", "holder", "other")}
    mails = {name: ok(stack.client().get(f"/api/users/{one.id}"))["email"] for name, one in people.items()}
    members = {
        "acc-new": mails["new"].upper(),
        "acc-known": mails["known"],
        "acc-taken": mails["other"],
        "acc-silent": None,
        "acc-stranger": f"{uuid4().hex}@example.net",
    }
    board = connected(stack, tmp_path, members=members)
    put(board, people["known"], "acc-known")
    put(board, people["holder"], "acc-taken")
    before = table(board)
    answer = ok(board.admin.get(f"{board.path}/accounts/suggestions"))
    found = {one["account"]: one for one in answer["items"]}
    assert {account: one["state"] for account, one in found.items()} == {
        "acc-new": "new",
        "acc-known": "known",
        "acc-taken": "conflict",
    }
    assert people["holder"].id in found["acc-taken"]["message"]
    assert (answer["unmatched"], answer["complete"]) == (3, True), "the silent one, the stranger, and ourselves"
    assert table(board) == before, "a hint changes nothing"
    pairs = [{"userId": one["userId"], "account": one["account"]} for one in answer["items"] if one["state"] == "new"]
    take(board, pairs=pairs, source="EMAIL")
    assert table(board) == before | {people["new"].id: ("acc-new", "EMAIL")}


def test_an_incident_source_has_no_accounts(board: Connected) -> None:
    made = ok(board.admin.post("/api/integrations", json={"kind": "pagerduty", "name": "P"}), 201)
    path = f"/api/integrations/{made['id']}/accounts"
    assert ok(board.admin.get(f"{path}/suggestions"), 422)["code"] == "NoTracker"
    assert ok(board.admin.get(path))["items"] == []
