"""Advice through HTTP: found in everything that is written, set aside by line, never in the way."""

from typing import Any

import pytest

from domain.style.suggestions import fingerprint
from tests.api.writing import draft, ok, ready, with_item
from tests.stack import Person, Stack

LINE = "- The outage was caused by human error."


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


def advice(person: Person, postmortem: Any, **params: Any) -> Any:
    return ok(person.get(f"/api/postmortems/{postmortem['id']}/advice", params=params))


def ignore(person: Person, postmortem: Any, **body: Any) -> Any:
    return person.post(f"/api/postmortems/{postmortem['id']}/advice/ignore", json=body)


def rules(answer: Any) -> list[str]:
    return [one["rule"] for one in answer["items"]]


def test_everything_that_is_written_is_advised_on(stack: Stack, author: Person) -> None:
    colleague = stack.person()
    me = ok(author.get("/api/me"))
    made = draft(
        author,
        summary="Fine.",
        impact="Some users could not pay.\n\nIt began at 14:03.",
        rootCause=f"# Human error\n\n`human error`\n\n{LINE}",
        impactMetrics={"affectedUsers": 0},
        timeline=[{"at": "2024-01-15T14:00:00Z", "event": f"The table was dropped because of {me['name']}"}],
    )
    item = with_item(author, made["id"], colleague.id, description="Improve monitoring")
    answer = advice(author, made)
    assert [(one["rule"], one["kind"], one["section"], one["line"]) for one in answer["items"]] == [
        ("impact.vague-number", "section", "impact", 1),
        ("time.zone", "section", "impact", 3),
        ("blameless.human-error", "section", "rootCause", 5),
        ("impact.zero", "impactMetrics", "impact", 1),
        ("action.vague", "actionItem", "actionItems", 1),
        ("blameless.named-cause", "timeline", "timeline", 1),
    ]
    found = answer["items"][2]
    assert (found["words"], found["start"], found["end"]) == ("human error", LINE.index("human"), len(LINE) - 1)
    assert found["reason"]
    assert found["suggestion"]
    event = ok(author.get(f"/api/postmortems/{made['id']}/timeline"))["items"][0]
    assert [one["id"] for one in answer["items"][-2:]] == [item["id"], event["id"]]


def test_a_line_is_set_aside_and_stays_so_when_it_moves_but_not_when_its_words_change(author: Person) -> None:
    made = draft(author, rootCause=LINE, impactMetrics={"affectedUsers": 3}, timeline=[])
    found = advice(author, made)["items"][0]
    kept = ok(ignore(author, made, rule=found["rule"], fingerprint=found["fingerprint"]), 201)
    assert kept["personId"] == author.id
    assert (rules(advice(author, made)), advice(author, made)["ignored"]) == ([], 1)
    assert [one["ignored"] for one in advice(author, made, includeIgnored=True)["items"]] == [True]

    page = f"/api/postmortems/{made['id']}"
    ok(author.patch(page, json={"rootCause": None, "summary": f"First.\n\n  {LINE.removeprefix('- ')}\n"}))
    assert (rules(advice(author, made)), advice(author, made)["ignored"]) == ([], 1)
    ok(author.patch(page, json={"summary": "Plain human error."}))
    assert (rules(advice(author, made)), advice(author, made)["ignored"]) == (["blameless.human-error"], 0)

    ok(author.patch(page, json={"summary": LINE}))
    ok(author.delete(f"{page}/advice/ignore/{found['fingerprint']}"), 204)
    assert rules(advice(author, made)) == ["blameless.human-error"]
    assert author.delete(f"{page}/advice/ignore/{found['fingerprint']}").status_code == 404
    actions = [one["action"] for one in ok(author.get(f"{page}/audit"))["items"]]
    assert (actions.count("advice.ignored"), actions.count("advice.heeded")) == (1, 1)


def test_a_line_may_be_named_by_its_text_and_ignoring_twice_is_once(stack: Stack, author: Person) -> None:
    made = draft(author, rootCause=LINE)
    version = made["version"]
    one = ok(ignore(author, made, rule="blameless.human-error", line=LINE), 201)
    assert one["fingerprint"] == fingerprint("blameless.human-error", LINE)
    assert ok(ignore(stack.client(), made, rule=one["rule"], fingerprint=one["fingerprint"]), 201) == one
    assert advice(author, made)["ignored"] == 1
    page = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert page["version"] == version, "setting advice aside changes no content"
    audit = ok(author.get(f"/api/postmortems/{made['id']}/audit"))["items"]
    assert [entry["action"] for entry in audit].count("advice.ignored") == 1


@pytest.mark.parametrize(
    "body",
    [
        {"rule": "no.such-rule", "line": LINE},
        {"rule": "time.zone"},
        {"rule": "time.zone", "line": LINE, "fingerprint": "0" * 32},
        {"rule": "time.zone", "fingerprint": "xyz"},
        {"rule": "time.zone", "line": " "},
        {"line": LINE},
    ],
)
def test_what_names_no_line_of_a_rule_is_refused(author: Person, body: dict[str, str]) -> None:
    assert ignore(author, draft(author), **body).status_code == 422


def test_who_may_not_see_gets_no_advice_and_who_may_not_edit_sets_none_aside(stack: Stack, author: Person) -> None:
    reader = stack.person()
    hidden = draft(author, visibility="PRIVATE", rootCause=LINE)
    assert reader.get(f"/api/postmortems/{hidden['id']}/advice").status_code == 404
    assert ignore(reader, hidden, rule="time.zone", line=LINE).status_code == 404
    shown = draft(author, visibility="ORGANIZATION", rootCause=LINE)
    assert "blameless.human-error" in rules(advice(reader, shown))
    assert ignore(reader, shown, rule="time.zone", line=LINE).json()["code"] == "EditingClosed"
    gone = f"/api/postmortems/{shown['id']}/advice/ignore/{'0' * 32}"
    assert reader.delete(gone).json()["code"] == "EditingClosed"


def test_words_that_are_not_saved_are_advised_on(author: Person) -> None:
    answer = ok(author.post("/api/advice", json={"kind": "actionItem", "text": "Be more careful"}))
    assert rules(answer) == ["action.careful"]
    asked = {"kind": "section", "section": "impact", "text": "Some users\r\nwaited, \U0001f600 obviously"}
    answer = ok(author.post("/api/advice", json=asked))
    assert [(one["rule"], one["line"], one["start"]) for one in answer["items"]] == [
        ("impact.vague-number", 1, 0),
        ("wording.certainty", 2, 10),
    ]
    assert author.post("/api/advice", json={"kind": "poem", "text": "x"}).status_code == 422
    assert ok(author.post("/api/advice", json={"kind": "section", "text": ""}))["items"] == []


def test_advice_blocks_nothing(stack: Stack, author: Person) -> None:
    made = ready(author, [stack.person()], rootCause=LINE, summary="TODO obviously at 14:03")
    assert len(rules(advice(author, made))) >= 4
    assert ok(author.post(f"/api/postmortems/{made['id']}/submit", json={}))["status"] == "IN_REVIEW"
