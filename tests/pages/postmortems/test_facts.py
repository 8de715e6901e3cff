"""Facts about a postmortem are changed where its page shows them; what others saved in between is never overwritten."""

import pytest
from playwright.sync_api import Browser, expect

from tests.api.writing import draft, ok, published
from tests.pages.test_browser import visiting
from tests.pages.visiting import visitor
from tests.stack import Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}"


@pytest.mark.parametrize("scripts", [True, False])
def test_facts_are_changed_in_place(browser: Browser, stack: Stack, scripts: bool) -> None:
    author, colleague = stack.person(), stack.person()
    admin = stack.client()
    team = ok(admin.post("/api/teams", json={"name": f"Trains {author.id[-5:]}"}), 201)
    service = ok(admin.post("/api/services", json={"name": f"rails-{author.id[-5:].lower()}"}), 201)
    handle = ok(colleague.get("/api/me"))["handle"]
    made = draft(author)
    with visiting(browser, stack, author, java_script_enabled=scripts) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        loads: list[str] = []
        page.on("framenavigated", lambda frame: loads.append(frame.url))

        page.get_by_role("link", name="Edit title").click()
        page.locator("#fact-title").get_by_label("Title").fill("Trains stood still")
        page.locator("#fact-title").get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Trains stood still")

        page.get_by_role("link", name="Edit tags").click()
        page.locator("#fact-tags").get_by_label("Tags").fill("rails, winter")
        page.locator("#fact-tags").get_by_role("button", name="Save").click()
        expect(page.locator("#fact-tags .tag")).to_have_text(["rails", "winter"])

        page.get_by_role("link", name="Edit root cause category").click()
        page.locator("#fact-rootCauseCategory input[name=rootCauseCategory]").fill("capacity")
        page.keyboard.press("Enter")
        expect(page.locator("#fact-rootCauseCategory")).to_contain_text("capacity")

        page.get_by_role("link", name="Edit visibility").click()
        page.locator("#fact-visibility select").select_option("ORGANIZATION")
        page.locator("#fact-visibility").get_by_role("button", name="Save").click()
        expect(page.locator("#fact-visibility")).to_contain_text("Organization")

        for fact, choice, add in (("teams", team, "Add team"), ("services", service, "Add service")):
            part = page.locator(f"#fact-{fact}")
            part.get_by_role("link", name="Edit").click()
            part.locator("select").select_option(choice["id"])
            part.get_by_role("button", name=add).click()
            expect(part.get_by_role("listitem")).to_have_count(1)
            part.get_by_role("link", name="Done").click()
            expect(part.locator(".tag")).to_have_text([choice["name"]])

        part = page.locator("#fact-participants")
        part.get_by_role("link", name="Edit").click()
        part.get_by_label("Person").fill(f"@{handle}")
        part.get_by_role("button", name="Add participant").click()
        expect(part.get_by_role("listitem")).to_have_count(1)
        part.get_by_role("button", name="Remove").click()
        expect(part.get_by_role("listitem")).to_have_count(0)
        part.get_by_role("link", name="Done").click()
        expect(part).to_contain_text("none")

        page.get_by_role("link", name="Add impact metrics").click()
        if scripts:  # the first field takes the focus in a moment, and what is typed until then
            expect(page.locator("#fact-metrics input[name^=metric]").first).to_be_focused()
        page.locator("#fact-metrics").get_by_label("Affected users").fill("800")
        page.locator("#fact-metrics").get_by_role("button", name="Save").click()
        expect(page.locator("#fact-metrics .tiles")).to_contain_text("800")
        assert scripts is False or loads == []
    now = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert (now["title"], now["tags"], now["visibility"]) == ("Trains stood still", ["rails", "winter"], "ORGANIZATION")
    assert (now["teamIds"], [one["id"] for one in now["services"]]) == ([team["id"]], [service["id"]])
    assert now["impactMetrics"]["affectedUsers"] == 800


def test_what_someone_else_saved_is_shown_and_kept_until_you_decide(browser: Browser, stack: Stack) -> None:
    author, editor = stack.person(), stack.person()
    made = draft(author, tags=["old"])
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.get_by_role("link", name="Edit tags").click()
        page.get_by_label("Tags").fill("mine")
        ok(editor.patch(path, json={"tags": ["theirs"]}))
        page.locator("#fact-tags").get_by_role("button", name="Save").click()
        expect(page.locator("#fact-tags")).to_contain_text("Someone else saved: theirs.")
        expect(page.get_by_label("Tags")).to_have_value("mine")
        assert ok(author.get(path))["tags"] == ["theirs"]
        page.locator("#fact-tags").get_by_role("button", name="Save").click()
        expect(page.locator("#fact-tags .tag")).to_have_text(["mine"])


def test_other_facts_that_someone_else_saved_stay(stack: Stack) -> None:
    author, editor = stack.person(), stack.person()
    made = draft(author, impactMetrics={"affectedUsers": 5})
    api, path, mine = f"/api/postmortems/{made['id']}", f"/postmortems/{made['id']}", visitor(stack, author)
    ok(author.post(f"{api}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    shown = mine.get(f"{path}?edit=metrics")
    bases = {
        f"base.metric.{name}": shown.split(f'name="base.metric.{name}" value="')[1].split('"')[0]
        for name in ("affectedUsers", "supportTickets")
    }
    ok(editor.patch(api, json={"impactMetrics": {"affectedUsers": 5, "supportTickets": 9}}))
    sent = {"form": "fact-metrics", "metric.affectedUsers": "7", "metric.supportTickets": "", **bases}
    mine.done(f"{path}/facts/metrics", path, **sent)
    kept = ok(author.get(api))["impactMetrics"]
    assert (kept["affectedUsers"], kept["supportTickets"]) == (7, 9)


def test_incidents_are_linked_and_unlinked(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    body = {"externalId": f"fact-{author.id}", "title": "Rails froze", "urgency": "LOW", "status": "RESOLVED"}
    incident = ok(stack.client().post("/api/incidents", json=body), 201)["id"]
    path, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    assert "Rails froze" in mine.get(f"{path}?edit=incidents")
    led = mine.done(f"{path}/facts/incidents", path, form="fact-incidents", add=incident)
    assert led == f"{path}?edit=incidents#fact-incidents"
    assert f'href="/incidents/{incident}"' in mine.get(path)
    mine.done(f"{path}/facts/incidents", path, form="fact-incidents", remove=incident)
    assert ok(author.get(f"/api/postmortems/{made['id']}/incidents"))["items"] == []


def test_only_who_may_sees_and_sends_the_forms(stack: Stack) -> None:
    author, reviewer, reader = stack.person(), stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION")
    ok(author.post(f"/api/postmortems/{made['id']}/reviewers", json={"userIds": [reviewer.id]}), 201)
    done = published(author, [reviewer], visibility="ORGANIZATION")
    path = f"/postmortems/{made['id']}"
    theirs = visitor(stack, reader)
    page = theirs.get(f"{path}?edit=title")
    assert "fact__edit" not in page
    assert "fact__form" not in page
    for fact in ("title", "author", "visibility", "tags", "metrics", "teams", "services", "participants", "incidents"):
        sent = {"title": "Mine", "visibility": "PRIVATE", "tags": "x", "add": reader.id, "author": reader.id}
        answer = theirs.send(f"{path}/facts/{fact}", path, form=f"fact-{fact}", **sent, **{"metric.affectedUsers": "3"})
        assert answer.status_code in {403, 404, 409, 422}, fact
    assert ok(author.get(f"/api{path}"))["title"] == made["title"]
    assert visitor(stack, author).get(f"/postmortems/{done['id']}?edit=title").count("fact__form") == 0
    assert theirs.http.post(f"{path}/facts/nothing", data=theirs.hidden(path)).status_code in {404, 422}


def test_refusals_are_in_the_form_with_what_was_typed(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    path, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    for fact, fields in {
        "title": {"title": XSS + "x" * 400},
        "metrics": {"metric.affectedUsers": XSS},
        "tags": {"tags": ",".join(f"{XSS}{n}" for n in range(60))},
        "author": {"author": XSS},
        "participants": {"add": XSS},
        "teams": {"add": XSS},
        "services": {"add": XSS},
        "incidents": {"add": XSS},
        "visibility": {"visibility": XSS},
    }.items():
        shown = mine.get(f"{path}?edit={fact}")
        bases = {
            f"base.{name}": shown.split(f'name="base.{name}" value="')[1].split('"')[0]
            for name in fields
            if f"base.{name}" in shown
        }
        refused = mine.send(f"{path}/facts/{fact}", path, form=f"fact-{fact}", **fields, **bases)
        assert refused.status_code in {404, 409, 422}, fact
        assert "<script>alert" not in refused.text, fact
        assert "<img src=x" not in refused.text, fact
        if refused.status_code != 404:
            assert f'id="fact-{fact}"' in refused.text, fact
            assert 'role="alert"' in refused.text, fact
    assert mine.send(f"{path}/facts/teams", path, form="fact-teams").status_code == 422


def test_the_outline_says_what_is_missing_and_open(stack: Stack) -> None:
    author = stack.person()
    made = ok(author.post("/api/postmortems", json={"title": "Empty"}), 201)
    ok(author.post(f"/api/postmortems/{made['id']}/comments", json={"body": "Why?", "section": "summary"}), 201)
    page = visitor(stack, author).get(f"/postmortems/{made['id']}")
    outline = page[page.index('<nav class="contents"') : page.index("</nav>", page.index('<nav class="contents"'))]
    assert outline.count('class="contents__missing"') > 3
    assert "1<span" in outline
    assert "open thread on Summary" in outline
