"""Comments on words, mentions, editors, reviewers who are away, and similar postmortems, in pages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.api.writing import SECTIONS, draft, in_review, ok, published, ready, with_item
from tests.pages.visiting import buttons, visitor
from tests.stack import Person, Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"


def handle(person: Person) -> str:
    return str(ok(person.get("/api/me"))["handle"])


def commented(person: Person, postmortem: Any, **fields: Any) -> Any:
    return ok(person.post(f"/api/postmortems/{postmortem['id']}/comments", json=fields), 201)


def test_words_that_are_marked_in_the_page_are_found_in_its_markdown(stack: Stack) -> None:
    author = stack.person()
    made = draft(
        author, summary="It **broke** [here](https://x.example) & \\*there\\*.\n\n- [ ] then again: broke here"
    )
    address, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    mine.done(f"{address}/comments", address, section="summary", body="Which?", quote="broke here", **{"from": "20"})
    (comment,) = ok(author.get(f"/api{address}/comments"))["items"]
    assert comment["anchor"]["quote"] == "broke here"
    mine.done(f"{address}/comments", address, section="summary", body="Where?", quote="broke  here", **{"from": "2"})
    comment = ok(author.get(f"/api{address}/comments"))["items"][1]
    assert comment["anchor"]["quote"] == "broke** [here"
    page = mine.get(address)
    assert f'<strong><mark class="about" id="m-{comment["id"]}" data-thread="{comment["id"]}">broke</mark>' in page
    assert f'href="#m-{comment["id"]}"' in page
    refused = mine.send(
        f"{address}/comments", address, section="summary", body="What?", quote="no such words", form="comment-summary"
    )
    assert refused.status_code == 422
    assert "no such words" in refused.text
    assert "What?" in refused.text


def test_a_thread_tells_what_became_of_its_words(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, summary="The pool was exhausted at noon. Retries doubled the load. Somebody restarted it.")
    quotes = ("pool was exhausted", "Retries doubled the load", "Somebody restarted it")
    ids = [commented(author, made, body=one, section="summary", anchor={"quote": one})["id"] for one in quotes]
    address, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    assert "since</span>" not in mine.get(address)
    text = "Early. The pool was exhausted at noon. Retries tripled the load."
    ok(author.patch(f"/api{address}", json={"summary": text}))
    page = mine.get(address)
    assert '<span class="tag">moved</span>' in page
    assert "text changed" in page
    assert "Now: Retries tripled the load" in page
    assert "text removed" in page
    assert [f'id="m-{one}"' in page for one in ids] == [True, True, False]
    mine.done(f"{address}/comments/{ids[0]}/resolve", address, resolved="yes")
    assert f'id="m-{ids[0]}"' not in mine.get(address)


def test_quotes_and_mentions_stay_text(stack: Stack) -> None:
    author, friend = stack.person(), stack.person(name=f"<b>{uuid4().hex}</b>")
    body = f"You @{handle(friend)}: {XSS} `@{handle(friend)}` and @nobody-{uuid4().hex[:6]}"
    made = draft(author, summary=f"Before {XSS} after", visibility="ORGANIZATION")
    commented(author, made, body=body, section="summary", anchor={"quote": XSS})
    page = visitor(stack, author).get(f"/postmortems/{made['id']}")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert page.count('<span class="mention"') == 1
    assert "@&lt;b&gt;" in page
    assert f"<code>@{handle(friend)}</code>" in page


def test_a_change_request_is_told_from_a_question(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = in_review(author, [reviewer])
    address, theirs = f"/postmortems/{made['id']}", visitor(stack, reviewer)
    theirs.done(f"{address}/comments", address, body="A question.")
    assert "Changes requested" not in theirs.get(address)
    theirs.done(f"{address}/request-changes", address, comment="Say more.")
    assert "Changes requested" in theirs.get(address)


def test_editors_come_and_go(stack: Stack) -> None:
    author, friend, member = stack.person(), stack.person(), stack.person()
    body = {"name": f"Team {uuid4().hex[:8]}", "memberIds": [member.id]}
    team = ok(stack.client().post("/api/teams", json=body), 201)
    made = draft(author)
    address, mine, theirs = f"/postmortems/{made['id']}", visitor(stack, author), visitor(stack, friend)
    theirs.get(address, 404)
    mine.done(f"{address}/editors", address, person=f"@{handle(friend)}", level="COMMENT")
    assert "can comment" in theirs.get(address)
    assert f'href="{address}/edit"' not in theirs.get(address)
    mine.done(f"{address}/editors/{friend.id}", address, level="EDIT")
    assert f'href="{address}/edit"' in theirs.get(address)
    mine.done(f"{address}/editors", address, person="", team=team["id"], level="EDIT")
    editors = {one["userId"] for one in ok(author.get(f"/api{address}/editors"))["items"]}
    assert editors == {friend.id, member.id}
    refused = mine.send(f"{address}/editors", address, form="editor", person="@nobody-at-all")
    assert refused.status_code == 422
    assert "nobody-at-all" in refused.text
    assert theirs.send(f"{address}/editors/{friend.id}", address, level="OWNER").status_code == 422
    theirs.send(f"{address}/editors/{friend.id}/remove", address)
    theirs.get(address, 404)


def test_whoever_manages_nothing_is_offered_nothing(stack: Stack) -> None:
    author, friend = stack.person(), stack.person()
    made = ready(author, [stack.person()], visibility="ORGANIZATION")
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": stack.person().id}), 201)
    address, outsider = f"/postmortems/{made['id']}", visitor(stack, friend)
    assert buttons(outsider.get(address)) & {"Add editor", "Request review", "Replace", "Remove", "Save"} == set()
    for path in ("editors", "reviewers", f"reviewers/{author.id}/replace", f"editors/{author.id}"):
        answer = outsider.send(f"{address}/{path}", address, person=f"@{handle(friend)}", level="EDIT")
        assert answer.status_code == 403, path


def test_somebody_reviews_for_one_who_is_away(stack: Stack) -> None:
    author, away, instead, member = stack.person(), stack.person(), stack.person(), stack.person()
    body = {"name": f"Team {uuid4().hex[:8]}", "memberIds": [member.id]}
    team = ok(stack.client().post("/api/teams", json=body), 201)
    made = ready(author, [away])
    address, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    assert "is away" not in mine.get(address)
    until = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    ok(away.patch("/api/me", json={"awayUntil": until}))
    assert f"is away until {until[:10]}" in mine.get(address)
    mine.done(f"{address}/reviewers/{away.id}/replace", address, person=f"@{handle(instead)}")
    mine.done(f"{address}/reviewers", address, team=team["id"])
    reviewers = [one["userId"] for one in ok(author.get(f"/api{address}/reviewers"))["items"]]
    assert set(reviewers) == {instead.id, member.id}
    assert "is away" not in mine.get(address)


def test_what_was_promised_last_time_stands_beside(stack: Stack) -> None:
    author, reviewer, word = stack.person(), stack.person(), f"aq{uuid4().hex[:8]}"
    texts = dict.fromkeys(SECTIONS, f"The {word} queue of {word} was full.")
    earlier = ready(author, [reviewer], visibility="ORGANIZATION", title=f"Earlier {XSS}", **texts)
    with_item(author, earlier["id"], author.id, description=f"Watch {word} {XSS}", dueDate="2026-01-01")
    hidden = published(author, [reviewer], visibility="PRIVATE", title=f"Hidden {word}", **texts)
    made = draft(stack.person(), visibility="ORGANIZATION", title=f"The {word} queue", **texts)  # no other test's title
    mine, address = visitor(stack, stack.person()), f"/postmortems/{made['id']}/similar"
    assert f'<a href="{address}">' in mine.get(f"/postmortems/{made['id']}"), "without scripts, a link leads there"
    page = mine.get(address)
    assert "Similar postmortems" in page
    assert "Action items still open from last time" in page
    assert f'<span class="word">{word}</span>' in page
    assert "overdue" in page
    assert hidden["id"] not in page
    assert "Hidden" not in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_remarks_on_the_wording_are_counted_for_who_may_act_on_them(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, visibility="ORGANIZATION", rootCause="It was human error.")
    address = f"/postmortems/{made['id']}"
    assert " on wording</a>" in visitor(stack, author).get(address)
    assert " on wording</a>" not in visitor(stack, stack.person()).get(address)
