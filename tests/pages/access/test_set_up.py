"""The first page of an installation that has no administrator."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from models.person import Person as PersonRow
from tests.api.writing import ok
from tests.pages.access.installation import forget_attempts, refusal
from tests.pages.visiting import Visitor, stranger
from tests.stack import Stack, eventually, shared_stack


@pytest.fixture
def empty() -> Iterator[Stack]:
    with shared_stack() as one:
        assert one.direct is not None
        one.direct.write(text("update person set role = 'MEMBER', is_active = false"))
        yield one


def form(code: str, name: str = "ada") -> dict[str, str]:
    return {"code": code, "name": f"{name} Lovelace", "email": f"{name}@example.com", "handle": name, "team": ""}


def administrators(stack: Stack) -> list[PersonRow]:
    assert stack.direct is not None
    statement = select(PersonRow).where(PersonRow.role == "ADMIN", PersonRow.is_active)
    return list(stack.direct.rows(statement))


def test_first_administrator(empty: Stack) -> None:
    """One test of one installation: its only administrator is made, and then the page is closed."""
    visit = stranger(empty)
    assert visit.http.get("/").headers["location"] == "/sign-in"
    assert visit.http.get("/sign-in").headers["location"] == "/setup"
    assert "Set up Afterword" in visit.get("/setup")
    code = empty.run("setup-code").strip()
    wrong = visit.send("/setup", "/setup", **form("0" * 24))
    assert wrong.status_code == 403
    assert "isn't the setup code" in refusal(wrong)
    assert 'value="ada@example.com"' in wrong.text, "what was typed is kept"
    bad = visit.send("/setup", "/setup", **form(code) | {"email": "nobody"})
    assert bad.status_code == 422
    for _ in range(19):
        visit.send("/setup", "/setup", **form("0" * 24))
    assert visit.send("/setup", "/setup", **form(code)).status_code == 429, "guessing is limited"
    forget_attempts(empty)
    visitors = [stranger(empty) for _ in range(4)]
    for one in visitors:
        one.get("/setup")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda pair: sent(pair[1], code, pair[0]), enumerate(visitors)))
    assert sorted(one.status_code for one in answers) == [303, 409, 409, 409]
    (made,) = administrators(empty)
    winner = visitors[[one.status_code for one in answers].index(303)]
    assert made.name in winner.get("/")
    assert winner.http.get("/settings/sign-in").status_code == 200
    assert stranger(empty).http.get("/setup").headers["location"] == "/sign-in"
    assert stranger(empty).http.get("/sign-in").status_code == 200
    late = stranger(empty).send("/setup", "/sign-in", **form(code, "late"))
    assert late.status_code == 409
    assert "set up already" in refusal(late)


def sent(visit: Visitor, code: str, number: int) -> object:
    return visit.send("/setup", "/setup", **form(code, f"ada{number}") | {"team": f"Team {number}"})


def test_log_names_the_code_only_while_there_is_no_administrator(empty: Stack) -> None:
    code = empty.run("setup-code").strip()
    assert code not in empty.log("api")
    empty.kill("api")
    empty.revive("api")
    empty.wait_until_ready()

    def told() -> bool:
        lines = [json.loads(one) for one in empty.log("api").splitlines() if "no administrator yet" in one]
        return any(one["setup_code"] == code and one["create_one_at"].endswith("/setup") for one in lines)

    eventually(told)


def test_it_is_not_offered_once_there_is_an_administrator(stack: Stack) -> None:
    assert ok(stack.client().get("/api/me"))["role"] == "ADMIN"
    assert stranger(stack).http.get("/setup").headers["location"] == "/sign-in"
    answer = stranger(stack).send("/setup", "/sign-in", **form(stack.run("setup-code").strip()))
    assert answer.status_code == 409
