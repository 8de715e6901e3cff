"""Pages of connections: forms built from a kind's schema, tests, the log, accounts, and tickets for all items."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from models.action_item import Ticket
from models.queries.tickets.pull_requests import upsert_pull_request
from tests.api import writing
from tests.api.connections.connecting import Connected, connected
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.cli.running import free_port
from tests.pages.readable import faults
from tests.pages.test_browser import visiting
from tests.pages.visiting import Visitor, told, visitor
from tests.stack import Stack, eventually

SETTINGS = "/settings/integrations"


@pytest.fixture
def board(stack: Stack, tmp_path: Path) -> Connected:
    return connected(stack, tmp_path, required={"severity": ["minor", "major"]})


@pytest.fixture
def visit(stack: Stack, board: Connected) -> Visitor:
    return visitor(stack, board.admin)


def address(board: Connected, more: str = "") -> str:
    return f"{SETTINGS}/{board.id}{more}"


def shown(page: str) -> dict[str, str]:
    """What the fields of a page hold."""
    values = {
        unescape(n): unescape(v) for n, v in re.findall(r'<input id="[^"]*" name="([^"]+)"[^>]* value="([^"]*)"', page)
    }
    for name, text in re.findall(r'<textarea id="[^"]*" name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        values[name] = unescape(text)
    return values


def test_a_connection_is_made_with_the_form_of_its_kind(visit: Visitor, board: Connected) -> None:
    page = visit.get(f"{SETTINGS}/new?kind=github")
    assert "As owner/name, such as acme/api." in page
    assert shown(page)["c.baseUrl"] == "https://api.github.com"
    assert 'name="s.token" type="password"' in page
    new = f"{SETTINGS}/new"
    wrong = {"kind": "github", "name": "Ours", "c.repository": "not a repository", "s.token": "ghp_very-secret"}
    answer = visit.send(new, f"{new}?kind=github", **wrong)
    assert answer.status_code == 422
    assert told(answer.text)
    assert shown(answer.text)["c.repository"] == "not a repository", "what was typed is still there"
    assert "ghp_very-secret" not in answer.text, "but for what nobody may see"
    right = wrong | {"c.repository": "acme/api", "c.labels": "one\n two ", "c.secondsBetweenWrites": "0.5"}
    where = visit.done(new, f"{new}?kind=github", **right)
    made = ok(board.admin.get(where.replace("/settings", "/api")))
    assert made["config"] == {
        "repository": "acme/api",
        "labels": ["one", "two"],
        "secondsBetweenWrites": 0.5,
    }
    assert made["secretNames"] == ["token"]
    for path in (SETTINGS, where, f"{where}/log", f"{where}/accounts"):
        assert "ghp_very-secret" not in visit.get(path)
    visit.done(
        where, where, name="Renamed", **{"c.repository": "acme/web", "s-.token": "yes", "s.webhookSecret": "new"}
    )
    changed = ok(board.admin.get(where.replace("/settings", "/api")))
    assert (changed["name"], changed["config"]["repository"]) == ("Renamed", "acme/web")
    assert changed["secretNames"] == ["webhookSecret"]


def test_how_items_become_tickets_is_a_form(visit: Visitor, board: Connected) -> None:
    on = address(board)
    given = {
        "status.OPEN": "To Do",
        "names": "In QA = IN_PROGRESS\n\nDropped=WONT_DO",
        "winner.title": "theirs",
        "winner.status": "theirs",
        "d.0.place": "else",
        "d.0.project": "OPS",
        "d.1.place": "else",
        "fields": 'severity = minor\npoints = 3\nteam = {"id": "7"}',
        "labels": "postmortem, later ",
    }
    visit.done(f"{on}/projection", on, **given)
    kept = {
        "statuses": {"OPEN": "To Do"},
        "names": {"In QA": "IN_PROGRESS", "Dropped": "WONT_DO"},
        "winners": {"title": "theirs"},
        "destinations": [{"project": "OPS"}],
        "fields": {"severity": "minor", "points": 3, "team": {"id": "7"}},
        "labels": ["postmortem", "later"],
    }
    assert ok(board.admin.get(board.path))["projection"] == kept
    fields = shown(visit.get(on))
    assert (fields["d.0.project"], fields["status.OPEN"], fields["labels"]) == ("OPS", "To Do", "postmortem, later")
    again = {name: fields[name] for name in ("names", "fields", "labels", "status.OPEN", "d.0.project")}
    visit.done(f"{on}/projection", on, **again, **{"d.0.place": "else", "winner.title": "theirs"})
    assert ok(board.admin.get(board.path))["projection"] == kept, "what was shown is what was kept"
    answer = visit.send(f"{on}/projection", on, **(given | {"names": "In QA is something"}))
    assert answer.status_code == 422
    assert "name = value" in " ".join(told(answer.text))
    answer = visit.send(
        f"{on}/projection", on, **(given | {"names": "In QA = BLOCKED", "labels": "typed", "form": "projection"})
    )
    assert answer.status_code == 422
    assert shown(answer.text)["labels"] == "typed"


def is_listed(visit: Visitor, path: str, words: str) -> bool:
    """On any page of the list: other tests fill it, too."""
    page = visit.get(path)
    while words not in page:
        more = re.search(r'href="(\?[^"]*cursor=[^"]*)"', page)
        if more is None:
            return False
        page = visit.get(f"{path.partition('?')[0]}{unescape(more[1])}")
    return True


def test_trying_pausing_and_giving_up(visit: Visitor, board: Connected) -> None:
    on = address(board)
    page = visit.send(f"{on}/test", on).text
    assert "Some permissions are missing" in page
    assert "Required field Severity" in page
    page = visit.send(f"{on}/dry-run", on).text
    assert "Dry run: a new ticket" in page
    assert "Severity is required." in page
    assert visit.send(f"{on}/dry-run", on, item="ai_nope").status_code == 404
    visit.done(f"{on}/enabled", on, enabled="")
    assert "paused" in visit.get(on)
    visit.done(f"{on}/enabled", on, enabled="yes")
    assert ok(board.admin.get(board.path))["enabled"]
    visit.done(f"{on}/disconnect", on)
    page = visit.get(on)
    assert "disconnected" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0], "there is nothing left to do"
    assert address(board) not in visit.get(SETTINGS)
    assert is_listed(visit, f"{SETTINGS}?disconnected=true", address(board))
    visit.get(f"{on}/log")
    visit.get(f"{on}/accounts")


def test_the_log_can_be_filtered_and_replayed(stack: Stack, visit: Visitor, board: Connected) -> None:
    author = stack.person()
    item = writing.with_item(author, writing.draft(author)["id"], author.id)
    ok(author.post(f"/api/action-items/{item['id']}/tickets", json={"integrationId": board.id}), 201)
    (refused,) = eventually(lambda: board.log(result="refused"))
    log = address(board, "/log")
    page = visit.get(f"{log}?how=errors&direction=OUT&item={item['id']}")
    assert "the field &#39;severity&#39; is required." in page
    assert f"/action-items/{item['id']}" in page
    assert "No matching entries. Each webhook and each request to the tracker appears here." in visit.get(
        f"{log}?direction=IN&item={item['id']}"
    )
    ok(board.admin.patch(board.path, json={"projection": {"fields": {"severity": "minor"}}}))
    visit.done(f"{log}/replay", log, number=str(refused["id"]))
    eventually(lambda: board.log(operation="create", result="ok"))
    assert visit.send(f"{log}/replay", log, number="x").status_code == 422
    page = visit.get(f"/action-items/{item['id']}")
    assert ok(author.get(f"/api/action-items/{item['id']}"))["tickets"][0]["key"] in page


def test_the_table_of_accounts(stack: Stack, tmp_path: Path) -> None:
    ada, bo = stack.person(), stack.person()
    mail = ok(stack.client().get(f"/api/users/{bo.id}"))["email"]
    board = connected(stack, tmp_path, members={"acc-bo": mail})
    visit, on = visitor(stack, board.admin), address(board, "/accounts")
    handle = ok(ada.get("/api/me"))["handle"]
    visit.done(on, on, person=f"@{handle}", account="acc-ada")
    assert visit.send(on, on, person="@nobody-here", account="x").status_code == 422
    page = visit.send(f"{on}/suggest", on).text
    assert f'name="t.{bo.id}" value="acc-bo" checked' in page
    visit.done(f"{on}/take", on, **{f"t.{bo.id}": "acc-bo", f"l.{bo.id}": "Bo"})
    table = {
        one["userId"]: (one["account"], one["source"]) for one in ok(board.admin.get(f"{board.path}/accounts"))["items"]
    }
    assert table == {ada.id: ("acc-ada", "MANUAL"), bo.id: ("acc-bo", "EMAIL")}
    answer = visit.send(f"{on}/import", on, csv=f"email,account\n{mail},acc-ada", form="import")
    assert answer.status_code == 422
    assert ada.id in " ".join(told(answer.text))
    visit.done(f"{on}/{ada.id}/remove", on)
    visit.done(f"{on}/import", on, csv=f"email,account\n{mail},acc-ada")
    (left,) = ok(board.admin.get(f"{board.path}/accounts"))["items"]
    assert (left["userId"], left["account"], left["source"]) == (bo.id, "acc-ada", "IMPORT")


def test_they_are_for_administrators(stack: Stack, board: Connected) -> None:
    other = visitor(stack, stack.person())
    for path in (address(board), address(board, "/log"), address(board, "/accounts"), f"{SETTINGS}/new?kind=github"):
        other.get(path, 403)
    for path in ("", "/projection", "/enabled", "/disconnect", "/test", "/dry-run", "/log/replay", "/accounts"):
        assert other.send(address(board, path), "/").status_code == 403, path
    assert ok(board.admin.get(board.path))["enabled"]


def test_tickets_for_all_items_from_the_page(stack: Stack, board: Connected) -> None:
    author = stack.person()
    pm = writing.draft(author)["id"]
    items = [writing.with_item(author, pm, author.id, description=f"Do {one}")["id"] for one in range(3)]
    visit, on = visitor(stack, author), f"/postmortems/{pm}"
    assert "Create tickets for all open items" in visit.get(on)
    visit.done(f"{on}/tickets", on, integration=board.id)

    def refused() -> str:
        page = visit.get(on)
        assert page.count("the field &#39;severity&#39; is required.") >= len(items)
        return page

    assert "0 of 3 created" in eventually(refused)
    ok(board.admin.patch(board.path, json={"projection": {"fields": {"severity": "minor"}}}))
    visit.done(f"{on}/tickets", on, integration=board.id)
    eventually(lambda: "3 of 3 created" in visit.get(on))
    reader = visitor(stack, stack.person("ADMIN"))
    assert "3 of 3 created" in reader.get(on)


async def test_pull_requests_and_dead_links_are_shown_on_the_item(stack: Stack, board: Connected) -> None:
    ok(board.admin.patch(board.path, json={"projection": {"fields": {"severity": "minor"}}}))
    author = stack.person()
    item = board.item(author)
    (link,) = item["tickets"]
    url = "https://github.com/acme/api/pull/7"
    board.pause()
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        now = datetime.now(UTC)
        await upsert_pull_request(session, link["id"], url, "Raise <the> limit", "merged", now, now)
        await session.execute(
            update(Ticket).where(Ticket.id == link["id"]).values(link_state="deleted", detail="It was deleted there.")
        )
    visit = visitor(stack, author)
    for path in (f"/action-items/{item['id']}", f"/postmortems/{item['postmortemId']}", "/action-items?whose=mine"):
        page = visit.get(path)
        assert f'<a href="{url}"' in page, path
        assert "Raise &lt;the&gt; limit" in page
        assert '<span class="tag tag--merged">merged</span>' in page
        assert "deleted there" in page
    assert "It was deleted there." in visit.get(f"/action-items/{item['id']}")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_pages_are_readable_by_everybody(
    browser: Browser, stack: Stack, board: Connected, width: int, scheme: str
) -> None:
    item = board_with_a_life(stack, board)
    how = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with visiting(browser, stack, board.admin, **how) as page:
        for path in (
            SETTINGS, f"{SETTINGS}/new?kind=github", f"{SETTINGS}/new?kind=pagerduty", address(board),
            address(board, "/log"), address(board, "/accounts"), f"/action-items/{item['id']}",
            f"/postmortems/{item['postmortemId']}",
        ):  # fmt: skip
            page.goto(f"{stack.url}{path}")
            assert faults(page) == [], path
        page.goto(f"{stack.url}{address(board)}")
        expect(page.get_by_role("img", name="Attempts in each of the last 48 hours")).to_be_visible()
        page.get_by_role("button", name="Test connection").click()
        expect(page.get_by_role("heading", name="All permissions granted")).to_be_visible()
        page.get_by_label("ID or URL of an action item").fill(item["id"])
        page.get_by_role("button", name="Dry run").click()
        expect(page.get_by_role("heading", name="Dry run: changes to")).to_be_visible()
        assert faults(page) == []


def board_with_a_life(stack: Stack, board: Connected) -> dict[str, str]:
    """A ticket that is there, one that was refused, and a webhook."""
    author = stack.person()
    ok(board.admin.put(f"{board.path}/accounts/{author.id}", json={"account": "jane"}))
    postmortem = writing.draft(author, visibility="ORGANIZATION")["id"]
    refused = writing.with_item(author, postmortem, author.id)
    ok(author.post(f"/api/action-items/{refused['id']}/tickets", json={"integrationId": board.id}), 201)
    eventually(lambda: board.log(result="refused"))
    ok(board.admin.patch(board.path, json={"projection": {"fields": {"severity": "minor"}}}))
    item: dict[str, str] = board.item(author)
    board.closed_elsewhere(board.ticket(item))
    eventually(lambda: board.log(direction="IN"))
    return item


def test_a_connection_is_not_working_before_something_showed_it(stack: Stack) -> None:
    administrator = stack.person("ADMIN")
    visit, new = visitor(stack, administrator), f"{SETTINGS}/new"
    nowhere = f"http://127.0.0.1:{free_port()}"
    typed = {"kind": "github", "name": "Made up", "c.repository": "acme/api", "c.baseUrl": nowhere}
    where = visit.done(new, f"{new}?kind=github", **typed, **{"s.token": "ghp_made-up"})
    page = visit.get(where)
    assert "needs attention" in page, "it was tested at once"
    assert ">working<" not in page
    body: dict[str, object] = {
        "kind": "github",
        "name": "By API",
        "config": {"repository": "acme/api", "baseUrl": nowhere},
        "secrets": {"token": "ghp_made-up"},
    }
    made = ok(administrator.post("/api/integrations", json=body), 201)
    assert ok(administrator.get(f"/api/integrations/{made['id']}/health"))["state"] != "ok"
    source = {"kind": "pagerduty", "name": "Silent", "secrets": {"webhookSecret": "s" * 32}}
    silent = ok(administrator.post("/api/integrations", json=source), 201)
    assert ok(administrator.get(f"/api/integrations/{silent['id']}/health"))["state"] == "untested"
    assert "not tested yet" in visit.get(f"{SETTINGS}/{silent['id']}")
