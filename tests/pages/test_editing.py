"""The editor: templates, writing suggestions, sections that two people change, and the history of each."""

from typing import Any
from uuid import uuid4

from tests.api.writing import draft, in_review, ok
from tests.pages.visiting import buttons, fields_of, told, visitor
from tests.stack import Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"
LINES = "First line.\n\nSecond line.\n\nThird line."


def test_a_draft_begins_with_the_chosen_template(stack: Stack) -> None:
    author = stack.person()
    mine = visitor(stack, author)
    body = {
        "name": f"Of our own {XSS}",
        "description": f"For what {XSS} is",
        "sections": [
            *({"key": key} for key in ("summary", "timeline", "impact", "rootCause", "resolution", "actionItems")),
            {"key": "luck", "title": f"Where we got lucky {XSS}", "prompt": f"Think {XSS}", "defaultText": "- "},
        ],
    }
    template = ok(stack.client().post("/api/templates", json=body), 201)
    page = mine.get("/postmortems/new")
    assert "For what &lt;script&gt;" in page
    assert "<script>alert" not in page
    address = mine.done("/postmortems", "/postmortems/new", title="Chosen", template=template["id"])
    page = mine.get(address)
    assert "Where we got lucky &lt;script&gt;" in page
    assert "Think &lt;script&gt;" in page
    assert "<script>alert" not in page
    refused = mine.send("/postmortems", "/postmortems/new", title="Chosen", template="tpl_nobodys")
    assert refused.status_code == 422


def test_changes_of_two_people_in_one_section_are_merged(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, summary=LINES)
    address = f"/postmortems/{made['id']}/edit"
    first, second = visitor(stack, author), visitor(stack)
    one, two = fields_of(first.get(address)), fields_of(second.get(address))
    first.done(address, address, **(one | {"summary": LINES.replace("First", "My first")}))
    led = second.done(address, address, **(two | {"summary": LINES.replace("Third", "Their third")}), done="yes")
    assert "Both changes" in second.get(led) or "Both changes are saved" in second.get(led)
    summary = ok(author.get(f"/api/postmortems/{made['id']}"))["summary"]
    assert summary == "My first line.\n\nSecond line.\n\nTheir third line."
    history = second.get(f"/postmortems/{made['id']}/history/summary")
    assert "merged with someone else" in history


def test_what_cannot_be_merged_is_shown_with_both_texts(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, summary=LINES)
    address = f"/postmortems/{made['id']}/edit"
    first, second = visitor(stack, author), visitor(stack)
    one, two = fields_of(first.get(address)), fields_of(second.get(address))
    first.done(address, address, **(one | {"summary": f"Mine {XSS}", "impact": "All of it."}))
    page = second.send(address, address, **(two | {"summary": f"Theirs {XSS}", "response": "Calm."}))
    assert page.status_code == 409
    assert "the same lines" in page.text
    assert "<script>alert" not in page.text
    assert fields_of(page.text)["summary"] == f"Theirs {XSS}"
    assert "<del>" in page.text
    now = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert (now["impact"], now["response"]) == ("All of it.", "Calm.")
    again = fields_of(page.text) | {"summary": "Of both."}
    second.done(address, address, **again)
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["summary"] == "Of both."


def test_what_was_not_touched_is_not_saved(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, summary="  Blanks around.  \n\n")
    address = f"/postmortems/{made['id']}/edit"
    mine = visitor(stack, author)
    before = ok(author.get(f"/api/postmortems/{made['id']}"))
    mine.done(address, address, **fields_of(mine.get(address)))
    after = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert (after["version"], after["summary"]) == (before["version"], before["summary"])


def test_remarks_stand_under_their_section_until_set_aside(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, rootCause=f"It was human error {XSS}", impact="Many orders.")
    address = f"/postmortems/{made['id']}/edit"
    mine = visitor(stack, author)
    assert "Ignore here" not in mine.get(address)
    page = mine.get(f"{address}?advice=1")
    assert "Ignore here" in page
    assert "<script>alert" not in page
    (remark,) = _remarks(author, made, "rootCause")
    value = f"{remark['rule']}:{remark['fingerprint']}"
    assert f'value="{value}"' in page
    led = mine.done(address, address, **(fields_of(page) | {"response": "Typed meanwhile."}), ignore=value)
    assert f'value="{value}"' not in mine.get(led)
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["response"] == "Typed meanwhile."
    assert _remarks(author, made, "rootCause") == []
    assert mine.send(address, address, ignore="no_such_rule:" + "0" * 32).status_code == 422


def _remarks(author: Any, made: Any, section: str) -> list[Any]:
    items = ok(author.get(f"/api/postmortems/{made['id']}/advice"))["items"]
    return [one for one in items if one["section"] == section]


def test_a_revision_is_compared_and_restored(stack: Stack) -> None:
    author, reader = stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION", summary=f"One word {XSS}.\n\nKept.")
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"summary": f"Two words {XSS}.\n\nKept."}))
    address, mine = f"/postmortems/{made['id']}/history/summary", visitor(stack, author)
    assert f'href="{address}"' in mine.get(f"/postmortems/{made['id']}")
    page = mine.get(address)
    assert "<del>One" in page
    assert "<ins>Two" in page
    assert "<script>alert" not in page
    assert "Restore" in buttons(page)
    whole = mine.get(f"{address}?from=0&to=2")
    assert "Changes from version 0 to 2" in whole
    assert "Restore" not in buttons(visitor(stack, reader).get(address))
    assert visitor(stack, reader).send(f"{address}/restore", address, revision="1", current="2").status_code == 403
    stale = mine.send(f"{address}/restore", address, revision="1", current="1")
    assert stale.status_code == 412
    mine.done(f"{address}/restore", address, revision="1", current="2")
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["summary"].startswith("One word")
    assert "restored version 1" in mine.get(address)
    for odd in ("from=9&to=1", "from=x", f"to={2**60}"):
        answer = mine.http.get(f"{address}?{odd}")
        assert answer.status_code in {404, 422}, odd


def test_a_page_says_how_much_of_a_long_difference_it_leaves_out(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, summary="- a\n" * 20_000)
    ok(author.put(f"/api/postmortems/{made['id']}/sections/summary", json={"body": "- b\n\n" * 20_000}))
    page = visitor(stack, author).get(f"/postmortems/{made['id']}/history/summary")
    assert page.count('class="diff__sign"') == 2_000
    assert "58,001 more lines aren\u2019t shown." in page.replace("&#39;", "\u2019").replace("'", "\u2019")


def test_nobody_looks_back_at_what_they_may_not_see(stack: Stack) -> None:
    author, other = stack.person(), stack.person()
    made = draft(author, visibility="PRIVATE", summary=f"Secret {uuid4().hex}")
    stranger = visitor(stack, other)
    stranger.get(f"/postmortems/{made['id']}/history/summary", 404)
    answer = stranger.send(
        f"/postmortems/{made['id']}/history/summary/restore", "/postmortems", revision="1", current="1"
    )
    assert answer.status_code == 404
    visitor(stack, author).get(f"/postmortems/{made['id']}/history/nothing", 404)


def test_what_nobody_wrote_has_no_history(stack: Stack) -> None:
    author = stack.person()
    made = in_review(author, [stack.person()])
    assert "This section has no text yet" in visitor(stack, author).get(f"/postmortems/{made['id']}/history/detection")
    assert told(visitor(stack, author).get(f"/postmortems/{made['id']}/history/detection")) == []


def test_a_person_of_a_custom_field_is_found_by_name(stack: Stack) -> None:
    author, lead = stack.person(), stack.person(name=f"Ingrid {uuid4().hex[:8]}")
    name, handle = (ok(lead.get("/api/me"))[one] for one in ("name", "handle"))
    fields = [{"key": "lead", "label": "Incident lead", "type": "PERSON"}]
    sections = [{"key": key} for key in ("summary", "timeline", "impact", "rootCause", "resolution", "actionItems")]
    body = {"name": f"Led {uuid4().hex[:6]}", "sections": sections, "customFields": fields}
    template = ok(stack.client().post("/api/templates", json=body), 201)["id"]
    made = draft(author, templateId=template)
    mine, address = visitor(stack, author), f"/postmortems/{made['id']}/edit"
    form = fields_of(mine.get(address))
    refused = mine.send(address, address, **(form | {"field.lead": "Nobody of that name"}))
    assert refused.status_code == 422
    assert 'value="Nobody of that name"' in refused.text
    mine.done(address, address, **(form | {"field.lead": name, "summary": "Led well."}))
    saved = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert (saved["customFields"], saved["summary"]) == ({"lead": lead.id}, "Led well.")
    assert f'value="{name} (@{handle})"' in mine.get(address)
    mine.done(address, address, **(fields_of(mine.get(address)) | {"field.lead": f"{name} (@{handle})"}))
    mine.done(address, address, **(fields_of(mine.get(address)) | {"field.lead": ""}))
    assert not ok(author.get(f"/api/postmortems/{made['id']}"))["customFields"].get("lead")
