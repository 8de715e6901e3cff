"""Postmortems in pages: who sees them, what buttons do, what a refusal says, and that text stays text."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.api.writing import approved, draft, in_review, ok, published, ready, with_item
from tests.pages.visiting import buttons, fields_of, stranger, told, visitor
from tests.stack import Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>"
MARKDOWN = f"{XSS}\n\n[go](javascript:alert(1)) ![pixel](https://evil.example/p.png) <b onclick=alert(1)>b</b>"


def test_what_one_may_not_see_is_nowhere(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    secret = published(author, [reviewer], visibility="PRIVATE", title="Zanzibar incident")
    outsider, insider = visitor(stack, stack.person("MEMBER")), visitor(stack, reviewer)
    assert "Zanzibar" in insider.get(f"/postmortems/{secret['id']}")
    assert "Zanzibar" in insider.get("/postmortems?q=zanzibar")
    page = outsider.get(f"/postmortems/{secret['id']}", 404)
    assert "Zanzibar" not in page
    for path in ("/", "/postmortems", "/postmortems?q=zanzibar", "/action-items?show=all"):
        assert "Zanzibar incident</a>" not in outsider.get(path)
        assert secret["id"] not in outsider.get(path)
    for path in ("edit", "submit", "comments", "action-items", "reviewers"):
        answer = outsider.send(
            f"/postmortems/{secret['id']}/{path}", "/postmortems", body="x", person="x", description="x"
        )
        assert answer.status_code == 404, path


def test_the_life_of_a_postmortem_in_pages(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    mine, theirs, admin = visitor(stack, author), visitor(stack, reviewer), visitor(stack)
    address = mine.done("/postmortems", "/postmortems/new", title="Made in a page").removesuffix("/edit")
    postmortem_id = address.rsplit("/", 1)[1]
    refused = mine.send(f"{address}/submit", address, form="submit")
    assert refused.status_code == 409
    reasons = told(refused.text)
    assert len(reasons) == 7
    assert {"The section “Summary” is still empty.", "The section “Root cause” is still empty."} <= set(reasons)
    assert "It needs at least 1 reviewer." in reasons

    shown = fields_of(mine.get(f"{address}/edit"))
    filled = shown | {"summary": "It broke.", "impact": "All.", "rootCause": "A limit.", "resolution": "Raised it."}
    assert mine.done(f"{address}/edit", f"{address}/edit", **filled, done="yes") == address
    mine.done(f"{address}/timeline", address, at="2026-11-20T10:30", event="Alarm", type="DETECTION")
    mine.done(
        f"{address}/action-items", address, description="Watch it", owner=f"@{_handle(author)}", dueDate="2027-01-01"
    )
    mine.done(f"{address}/reviewers", address, person=f"@{_handle(reviewer)}")
    assert "Ready for review" in mine.get(address)
    assert mine.done(f"{address}/submit", address) == address

    assert "Made in a page" in theirs.get("/")
    assert {"Approve", "Send back to draft"} <= buttons(theirs.get(address))
    assert "Publish" not in buttons(theirs.get(address))
    refused = theirs.send(f"{address}/request-changes", address, form="request-changes", comment=" ")
    assert refused.status_code == 422
    assert "A comment is required" in refused.text
    theirs.done(f"{address}/request-changes", address, comment="Say more about the limit.")
    assert "Submit for review" in buttons(mine.get(address))
    mine.done(f"{address}/submit", address)
    mine.done(f"{address}/comments", address, body="Is that all?", section="impact")
    refused = mine.send(f"{address}/publish", address, form="publish")
    assert refused.status_code == 409
    assert len(told(refused.text)) == 2
    assert any(one.endswith("hasn't reviewed yet.") and "user_" not in one for one in told(refused.text))

    theirs.done(f"{address}/approve", address)
    request, comment = ok(author.get(f"/api/postmortems/{postmortem_id}/comments"))["items"]
    for thread in (request, comment):
        mine.done(f"{address}/comments/{thread['id']}/resolve", address, resolved="yes")
    assert mine.done(f"{address}/publish", address) == address
    assert ok(author.get(f"/api/postmortems/{postmortem_id}"))["status"] == "PUBLISHED"
    assert "Archive" not in buttons(mine.get(address))
    admin.done(f"{address}/archive", address)
    assert ok(author.get(f"/api/postmortems/{postmortem_id}"))["status"] == "ARCHIVED"
    origins = {one["origin"] for one in ok(author.get(f"/api/postmortems/{postmortem_id}/audit"))["items"]}
    assert origins == {"web"}


def _handle(person: Any) -> str:
    return str(ok(person.get("/api/me"))["handle"])


def test_only_moves_that_are_ones_own_are_offered(stack: Stack) -> None:
    author, reviewer, colleague = stack.person(), stack.person(), stack.person()
    made = in_review(author, [reviewer], visibility="ORGANIZATION")
    address = f"/postmortems/{made['id']}"
    moves = {"Submit for review", "Approve", "Publish", "Send back to draft", "Archive"}
    assert buttons(visitor(stack, author).get(address)) & moves == {"Publish"}
    assert buttons(visitor(stack, reviewer).get(address)) & moves == {"Approve", "Send back to draft"}
    outsider = visitor(stack, colleague)
    assert buttons(outsider.get(address)) & moves == set()
    assert f'href="{address}/edit"' not in outsider.get(address)
    assert "Editing is closed" in outsider.get(f"{address}/edit", 403)
    refused = outsider.send(f"{address}/approve", address, form="approve")
    assert refused.status_code == 403
    assert "Not allowed" in refused.text or "You can't" in refused.text


def test_an_administrator_reopens_a_published_one(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = published(author, [reviewer])
    address = f"/postmortems/{made['id']}"
    visitor(stack).done(f"{address}/request-changes", address, comment="A number is wrong.")
    assert ok(author.get(f"/api{address}"))["status"] == "IN_REVIEW"


def test_a_reviewer_is_let_go(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = ready(author, [reviewer])
    address = f"/postmortems/{made['id']}"
    visitor(stack, author).done(f"{address}/reviewers/{reviewer.id}/remove", address)
    assert ok(author.get(f"/api{address}"))["reviewers"] == []
    refused = visitor(stack, author).send(f"{address}/reviewers", address, form="reviewer", person="@nobody-at-all")
    assert refused.status_code == 422
    assert "nobody-at-all" in refused.text


def test_two_people_edit_and_nothing_is_lost(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    address = f"/postmortems/{made['id']}/edit"
    first, second = visitor(stack, author), visitor(stack)
    one, two = fields_of(first.get(address)), fields_of(second.get(address))
    first.done(address, address, **(one | {"summary": "First wrote this.", "detection": "By alarm."}))
    other = second.send(address, address, **(two | {"summary": "Second wrote that.", "response": "Calm."}))
    assert other.status_code == 409
    assert "First wrote this." in other.text
    assert "Second wrote that." in other.text
    now = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert (now["summary"], now["detection"], now["response"]) == ("First wrote this.", "By alarm.", "Calm.")
    again = fields_of(other.text)
    assert again["summary"] == "Second wrote that."
    second.done(address, address, **(again | {"summary": "Both wrote this."}))
    now = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert (now["summary"], now["detection"], now["response"]) == ("Both wrote this.", "By alarm.", "Calm.")


def test_text_that_cannot_be_saved_is_shown_again(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    address = f"/postmortems/{made['id']}/edit"
    visit = visitor(stack, author)
    sent = fields_of(visit.get(address)) | {"summary": "Typed for an hour", "metric.affectedUsers": "many"}
    refused = visit.send(address, address, **sent)
    assert refused.status_code == 422
    assert "Typed for an hour" in refused.text
    assert "affectedUsers" in refused.text


class Dangers(HTMLParser):
    """Whatever in a page would run, or would load something from elsewhere."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get("src") or "/static/"
        address = given.get("href") or given.get("action") or "/"
        drawn = "data-picture" in given  # the picture of a timeline
        fine = (
            (tag != "svg" or drawn) and tag not in {"iframe", "object", "style", "b"} and source.startswith("/static/")
        )
        fine = fine and (tag != "script" or "src" in given) and "style" not in given
        fine = fine and not any(name.startswith("on") for name in given)
        if not fine or not re.match(r"/|\?|#|https?://", address):
            self.found.append(str(self.get_starttag_text()))


def test_what_people_write_stays_text(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    names = dict.fromkeys(("summary", "impact", "rootCause", "resolution", "lessonsLearned"), MARKDOWN)
    names |= dict.fromkeys(("contributingFactors", "detection", "response"), MARKDOWN)
    made = draft(
        author,
        title=XSS,
        **names,
        tags=[XSS[:50]],
        rootCauseCategory=XSS,
        impactMetrics={"slaBreach": XSS},
        timeline=[{"at": "2026-11-20T10:00:00Z", "event": XSS, "actor": XSS}],
        visibility="ORGANIZATION",
    )
    postmortem_id = made["id"]
    item = with_item(author, postmortem_id, author.id, description=XSS, details=MARKDOWN)
    ok(author.post(f"/api/postmortems/{postmortem_id}/comments", json={"body": MARKDOWN, "section": "impact"}), 201)
    incident = {
        "externalId": f"{XSS}{postmortem_id}", "title": XSS, "description": MARKDOWN, "urgency": "LOW",
        "status": "RESOLVED", "services": [XSS[:60]],
        "startedAt": "2026-11-23T07:00:00Z", "resolvedAt": "2026-11-23T07:10:00Z",
        "timeline": [{"at": "2026-11-23T07:01:00Z", "event": XSS, "actor": XSS}],
    }  # fmt: skip
    reported = ok(author.post("/api/incidents", json=incident), 201)
    ok(stack.client().patch(f"/api/users/{reviewer.id}", json={"name": XSS[:100]}))
    ok(author.post(f"/api/postmortems/{postmortem_id}/reviewers", json={"userId": reviewer.id}), 201)
    visit = visitor(stack, author)
    pages = [
        "/", "/postmortems", f"/postmortems/{postmortem_id}", f"/postmortems/{postmortem_id}/edit", "/postmortems/new",
        "/action-items", f"/action-items/{item['id']}", "/incidents", f"/incidents/{reported['id']}",
        "/action-items?q=%3Cscript%3Ealert(1)%3C/script%3E", "/postmortems?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/sign-in?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    ]  # fmt: skip
    for path in pages:
        page = visit.get(path)
        assert not Dangers(page).found, path
    assert 'href="https://evil.example/p.png" rel="nofollow noopener noreferrer"' in visit.get(pages[2])


def test_filters_tabs_and_pages_of_the_list(stack: Stack) -> None:
    author = stack.person()
    word = f"quokka{author.id[-6:]}"
    made = [draft(author, title=f"{word} {number}") for number in range(3)]
    visit = visitor(stack, author)
    assert all(one["title"] in visit.get(f"/postmortems?q={word}&status=DRAFT") for one in made)
    assert made[0]["title"] not in visit.get(f"/postmortems?q={word}&status=PUBLISHED")
    page = visit.get(f"/postmortems?q={word}&limit=2")
    assert made[0]["title"] not in page
    more = re.search(r'href="/postmortems(\?[^"]*cursor=[^"]*)"', page)
    assert more
    assert made[0]["title"] in visit.get("/postmortems" + more[1].replace("&amp;", "&"))
    visit.get("/postmortems?cursor=nonsense", 422)
    visit.get("/postmortems?status=NONSENSE", 422)


def test_an_action_item_is_changed(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    item = with_item(author, made["id"], author.id)
    visit, address = visitor(stack, author), f"/action-items/{item['id']}"
    shown = {"description": item["description"], "priority": "HIGH", "dueDate": item["dueDate"], "status": "OPEN"}
    refused = visit.send(address, address, **(shown | {"status": "WONT_DO"}))
    assert refused.status_code == 422
    assert "A justification is required" in refused.text
    refused = visit.send(address, address, **(shown | {"dueDate": "2027-05-01"}))
    assert "A reason is required" in refused.text
    assert visit.done(address, address, **(shown | {"status": "COMPLETED"})) == address
    assert ok(author.get(f"/api{address}"))["status"] == "COMPLETED"
    outsider = visitor(stack, stack.person())
    outsider.get(address, 404)


def test_an_incident_opens_its_postmortem(stack: Stack) -> None:
    author = stack.person()
    body = {
        "externalId": f"page-{author.id}", "title": "Slow in a page", "urgency": "LOW", "status": "RESOLVED",
        "startedAt": "2026-11-23T07:00:00Z", "resolvedAt": "2026-11-23T07:10:00Z", "nearMiss": True,
    }  # fmt: skip
    incident = ok(author.post("/api/incidents", json=body), 201)
    address = f"/incidents/{incident['id']}"
    member = visitor(stack, stack.person("MEMBER"))
    assert "Create postmortem" not in buttons(member.get(address))
    assert member.send(f"{address}/postmortem", address).status_code == 403
    visit = visitor(stack, author)
    assert "recommended" in visit.get(address)
    where = visit.done(f"{address}/postmortem", address)
    assert "Slow in a page" in visit.get(where)
    assert "Create postmortem" not in buttons(visit.get(address))


def test_notices_are_read_in_the_inbox(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = in_review(author, [reviewer])
    visit = visitor(stack, reviewer)
    page = visit.get("/inbox")
    assert made["title"] in page
    assert "Review requested" in page
    notice = re.search(r"/inbox/(ntc_[a-z0-9]+)/read", page)
    assert notice
    visit.done(f"/inbox/{notice[1]}/read", "/inbox")
    assert "Mark as read" not in visit.get("/inbox")


def test_integrations_are_for_administrators(stack: Stack) -> None:
    made = ok(
        stack.client().post(
            "/api/integrations", json={"kind": "pagerduty", "name": "PD", "secrets": {"webhookSecret": "s3cret-words"}}
        ),
        201,
    )
    visit, more = visitor(stack), ""
    while made["webhookUrl"] not in (page := visit.get(f"/settings/integrations{more}")):
        assert "s3cret-words" not in page
        more = next(re.finditer(r'href="(\?cursor=[^"]+)"', page))[1]
    assert "s3cret-words" not in page
    visitor(stack, stack.person()).get("/settings/integrations", 403)


def test_programs_get_problem_documents_and_people_pages(stack: Stack) -> None:
    visit = visitor(stack)
    assert "<h1>Not found</h1>" in visit.get("/nothing/here", 404)
    answer = visit.http.get("/nothing/here", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert visit.http.get("/api/postmortems/pm_x").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"\xff", b"csrf=%00", b"a=1&" * 900])
def test_a_broken_form_is_a_clear_refusal(stack: Stack, body: bytes) -> None:
    visit = visitor(stack)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert visit.http.post("/postmortems", content=body, headers=headers).status_code == 422
    assert visit.http.post("/postmortems", json={}).status_code == 422


def test_an_approval_of_an_earlier_text_is_asked_for_again(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = approved(author, [reviewer])
    address = f"/postmortems/{made['id']}"
    ok(author.patch(f"/api{address}", json={"summary": "Changed"}))
    page = visitor(stack, reviewer).get(address)
    assert "The content has changed since you approved it." in page
    assert "Approve" in buttons(page)


def test_a_token_that_may_only_read_is_offered_nothing_else(stack: Stack) -> None:
    author = stack.person()
    made = in_review(author, [stack.person()])
    token = ok(author.post("/api/tokens", json={"name": "reads", "scopes": ["read"]}), 201)["token"]
    visit = stranger(stack)
    visit.done("/sign-in", "/sign-in", token=token)
    page = visit.get(f"/postmortems/{made['id']}")
    assert buttons(page) == {"Sign out", "PDF", "Word", "HTML", "Markdown", "JSON"}
    refused = visit.send(f"/postmortems/{made['id']}/publish", f"/postmortems/{made['id']}")
    assert refused.status_code == 403


def test_a_page_that_is_not_there_still_leads_on(stack: Stack) -> None:
    page = visitor(stack).get("/postmortems/pm_nothing", 404)
    assert 'href="/action-items"' in page
    assert buttons(page) == {"Sign out"}
