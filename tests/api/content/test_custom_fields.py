"""Custom fields through HTTP: values of every type, and refusals that name all bad ones at once."""

from typing import Any

import httpx
import pytest

from tests.api import writing
from tests.api.content.templates import made, opened, refused
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def admin(stack: Stack) -> httpx.Client:
    return stack.client()


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


# Every type of field


FIELDS = [
    {"key": "words", "label": "Words", "type": "TEXT"},
    {"key": "count", "label": "Count", "type": "NUMBER"},
    {"key": "day", "label": "Day", "type": "DATE"},
    {"key": "grade", "label": "Grade", "type": "CHOICE", "choices": ["A", "B c"]},
    {"key": "lead", "label": "Lead", "type": "PERSON"},
    {"key": "told", "label": "Told", "type": "YES_NO"},
]


@pytest.fixture(scope="module")
def typed(admin: httpx.Client) -> str:
    return str(made(admin, customFields=FIELDS)["id"])


def test_good_values_of_every_type(author: Person, typed: str) -> None:
    values = {
        "words": "Ünï\n\ncode",
        "count": -2.5,
        "day": "2026-12-01",
        "grade": "B c",
        "lead": author.id,
        "told": False,
    }
    begun = opened(author, templateId=typed, customFields=values)
    assert begun["customFields"] == values
    path = f"/api/postmortems/{begun['id']}"
    for key, value in (("words", "x"), ("count", 2**53), ("count", 0), ("day", "1970-01-01"), ("grade", "A")):
        assert ok(author.patch(path, json={"customFields": {key: value}}))["customFields"] == {key: value}
    assert ok(author.patch(path, json={"customFields": {**values, "words": " ", "day": None}}))["customFields"] == {
        key: value for key, value in values.items() if key not in {"words", "day"}
    }
    assert ok(author.patch(path, json={"customFields": None}))["customFields"] == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("words", 1),
        ("words", ["x"]),
        ("words", "x" * 10_001),
        ("count", "1"),
        ("count", True),
        ("count", 2**53 + 1),
        ("count", 10**400),
        ("count", 1e300),
        ("day", "2026-02-30"),
        ("day", "1.12.2026"),
        ("day", "2026-12-01T00:00:00Z"),
        ("day", 20261201),
        ("grade", "C"),
        ("grade", ["A"]),
        ("lead", "user_nobody"),
        ("lead", "Jane"),
        ("lead", {"id": "user_admin"}),
        ("told", "yes"),
        ("told", 0),
        ("other", "x"),
    ],
)
def test_bad_values_of_every_type(author: Person, typed: str, key: str, value: Any) -> None:
    body = {"title": "x", "templateId": typed, "customFields": {"told": True, key: value}}
    problem = refused(author.post("/api/postmortems", json=body), 422, "InvalidCustomFields")
    assert [(one["field"], one["where"]) for one in problem["reasons"]] == [(key, f"customFields.{key}")]


def test_all_bad_values_are_told_at_once_and_nothing_is_saved(author: Person, typed: str) -> None:
    begun = opened(author, templateId=typed, customFields={"told": True})
    path = f"/api/postmortems/{begun['id']}"
    bad = {"words": 1, "count": "1", "day": "never", "grade": "Z", "lead": "user_nobody", "told": 1, "a": 1, "b": None}
    problem = refused(author.patch(path, json={"title": "Not this", "customFields": bad}), 422, "InvalidCustomFields")
    assert sorted(one["field"] for one in problem["reasons"]) == sorted(bad)
    assert ok(author.get(path)) == begun
    refused(author.patch(path, json={"customFields": {"a": 1}}), 422, "InvalidCustomFields")
    by_default = writing.draft(author)
    refused(
        author.patch(f"/api/postmortems/{by_default['id']}", json={"customFields": {"a": 1}}),
        422,
        "InvalidCustomFields",
    )
