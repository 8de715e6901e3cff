"""Action items as CSV: all that the filters match, readable by spreadsheets, and nothing that they would run."""

import csv
import io
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.stack import Person, Stack

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", " =HYPERLINK(1)", "\uff1d1+1")


def export(person: Person, **filters: Any) -> Any:
    answer = person.get("/api/action-items", params={"format": "csv", **filters})
    assert answer.status_code == 200, answer.text
    return answer


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


def test_the_whole_filtered_list_is_exported_whatever_the_page_size(stack: Stack, author: Person) -> None:
    mark = f"zx{uuid4().hex[:8]}"
    made = writing.draft(author, visibility="ORGANIZATION")
    for number in range(60):
        writing.with_item(author, made["id"], author.id, description=f"{mark} \u00fcber {number}")
    writing.with_item(author, made["id"], author.id, description="of no interest")
    answer = export(author, q=mark, limit=5)
    assert answer.content.startswith(b"\xef\xbb\xbfid,postmortemId,")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="action-items.csv"'
    assert {one["description"] for one in rows(answer)} == {f"{mark} \u00fcber {number}" for number in range(60)}
    hidden = writing.draft(author, visibility="PRIVATE")
    writing.with_item(author, hidden["id"], author.id, description=f"{mark} private")
    assert len(rows(export(author, q=mark))) == 61
    assert len(rows(export(stack.person(), q=mark))) == 60


def test_no_cell_is_run_as_a_formula(author: Person) -> None:
    made = writing.draft(author)
    for formula in FORMULAS:
        writing.with_item(author, made["id"], author.id, description=formula)
    own = [one["description"] for one in rows(export(author)) if one["postmortemId"] == made["id"]]
    assert sorted(own) == sorted(f"'{one.strip(' ')}" for one in FORMULAS)
