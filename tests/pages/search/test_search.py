"""The search page: where words were found, what stays hidden, and text that stays text."""

import re
from uuid import uuid4

from tests.api.writing import draft, ok, with_item
from tests.pages.visiting import visitor
from tests.stack import Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"


def test_words_are_marked_where_they_stand_and_linked(stack: Stack) -> None:
    author, word = stack.person(), f"zq{uuid4().hex[:8]}"
    made = draft(author, title=f"Title {word}", summary=f"{XSS} then {word} {XSS}", timeline=[])
    address = f"/postmortems/{made['id']}"
    item = with_item(author, made["id"], author.id, description=f"{word} {XSS}")
    event = {"at": "2026-11-20T10:30:00Z", "event": f"{XSS} {word}"}
    event = ok(author.post(f"/api{address}/timeline", json=event), 201)
    comment = ok(author.post(f"/api{address}/comments", json={"body": f"{word}? {XSS}", "section": "impact"}), 201)
    mine = visitor(stack, author)
    spots = {
        "title": address,
        "section": f"{address}#summary",
        "timeline": f"{address}#e-{event['id']}",
        "comment": f"{address}#c-{comment['id']}",
        "actionItem": f"/action-items/{item['id']}",
    }
    page = mine.get(address)
    for kind, spot in spots.items():
        found = mine.get(f"/search?q={word}&kind={kind}")
        assert f'href="{spot}"' in found, kind
        assert f"<mark>{word}</mark>" in found, kind
        assert "<script>alert" not in found, kind
        assert "<img src=x" not in found, kind
        assert "#" not in spot or f'id="{spot.split("#")[1]}"' in page, kind
    assert "Comment on Impact" in mine.get(f"/search?q={word}&kind=comment")


def test_nobody_finds_what_they_may_not_see(stack: Stack) -> None:
    author, word = stack.person(), f"zq{uuid4().hex[:8]}"
    made = draft(author, visibility="PRIVATE", title="Not for everybody", summary=f"About {word}.")
    assert made["id"] in visitor(stack, author).get(f"/search?q={word}")
    page = visitor(stack, stack.person()).get(f"/search?q={word}")
    assert "No matches" in page
    assert made["id"] not in page
    assert "Not for everybody" not in page


def test_odd_searches_are_answered(stack: Stack) -> None:
    mine = visitor(stack, stack.person())
    assert "every postmortem that you can see" in mine.get("/search")
    assert "every postmortem that you can see" in mine.get("/search?q=%20")
    assert "No matches" in mine.get("/search?q=-only")
    assert "<script>" not in re.sub(r"<script src=[^>]*>", "", mine.get("/search?q=%3Cscript%3E%22%27"))
    mine.get("/search?q=x&cursor=nonsense", 422)
    mine.get("/search?q=x&kind=nowhere", 422)
    mine.get(f"/search?q={'x' * 501}", 422)


def test_the_box_stands_on_every_page(stack: Stack) -> None:
    assert 'action="/search"' in visitor(stack, stack.person()).get("/")
