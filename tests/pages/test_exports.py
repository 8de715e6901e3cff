"""The Export menu of a postmortem's page: files by session, and comments for those who work on it."""

import re

import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.pages.visiting import stranger, visitor
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


def test_the_menu_offers_each_format_and_gives_its_file(stack: Stack, author: Person) -> None:
    made = writing.draft(author, title="Exported from its page", visibility="ORGANIZATION")
    ok(author.post(f"/api/postmortems/{made['id']}/comments", json={"body": "A remark from the page"}), 201)
    path, visit = f"/postmortems/{made['id']}", visitor(stack, author)
    page = visit.get(path)
    assert re.findall(r'name="format" value="(\w+)"', page) == ["pdf", "docx", "html", "md", "json"]
    assert 'name="comments"' in page
    for query, said in (("format=md", False), ("format=md&comments=true", True)):
        answer = visit.http.get(f"{path}/export?{query}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].endswith('-exported-from-its-page.md"')
        assert ("A remark from the page" in answer.text) is said


def test_others_get_no_comments_and_strangers_nothing(stack: Stack, author: Person) -> None:
    made, other = writing.draft(author, visibility="ORGANIZATION"), visitor(stack, stack.person())
    path = f"/postmortems/{made['id']}"
    page = other.get(path)
    assert 'value="pdf"' in page
    assert 'name="comments"' not in page
    assert other.http.get(f"{path}/export?format=md").status_code == 200
    assert other.http.get(f"{path}/export?format=md&comments=true").status_code == 403
    assert other.http.get(f"{path}/export?format=odt").status_code == 422
    private = writing.draft(author, visibility="PRIVATE")
    assert other.http.get(f"/postmortems/{private['id']}/export?format=md").status_code == 404
    assert stranger(stack).http.get(f"{path}/export?format=md").status_code == 303
    token = author.http.headers["Authorization"]
    assert stranger(stack).http.get(f"{path}/export?format=md", headers={"Authorization": token}).status_code == 303
