"""Every page, in every status and for every role, as ``make screenshots`` pictures it and tests measure it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, StorageState
from sqlalchemy import insert

from models.base import new_id
from models.integration import PersonAccount, SyncAttempt
from tests.api import writing
from tests.api.writing import ok
from tests.pages.pictures.access import add_access
from tests.pages.pictures.documents import (
    add_customer_emails,
    add_imports,
    add_publications,
    add_sharing,
    attach,
    unfold,
)
from tests.pages.pictures.lists import add_lists
from tests.pages.pictures.meetings import add_meetings
from tests.pages.pictures.palette import add_palette
from tests.pages.pictures.review import add_review
from tests.pages.pictures.settings import add_settings
from tests.pages.pictures.texts import LONG, TEXT
from tests.pages.pictures.writing import add_writing, open_section
from tests.pages.visiting import sign_in_link
from tests.stack import Person, Stack

WIDTHS = (390, 768, 1024, 1440)
SCHEMES = ("light", "dark")
STATUSES = ("DRAFT", "IN_REVIEW", "CHANGES_REQUESTED", "APPROVED", "PUBLISHED", "ARCHIVED")
ROLES = ("author", "editor", "commenter", "reviewer", "responder", "administrator", "reader")


@dataclass(frozen=True, slots=True)
class View:
    """A page as one person sees it, after ``prepare`` has unfolded, filled in, or pressed something."""

    name: str
    role: str
    path: str
    prepare: Callable[[Page], object] | None = None


@dataclass(slots=True)
class Scene:
    """People in each role, and postmortems in each status."""

    stack: Stack
    people: dict[str, Person] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)
    sessions: dict[str, StorageState] = field(default_factory=dict)
    """By role: signing in takes longer than looking at a page."""

    def add(self, name: str, path: str, *roles: str, prepare: Callable[[Page], object] | None = None) -> None:
        self.views += [View(name, role, path, prepare) for role in roles or ("administrator",)]

    @contextmanager
    def signed_in(self, browser: Browser, role: str, **how: Any) -> Iterator[Page]:
        """Without transitions, so that no picture shows a color on its way to another one."""
        context = browser.new_context(storage_state=self.sessions.get(role), reduced_motion="reduce", **how)
        page = context.new_page()
        if role != "stranger" and role not in self.sessions:
            page.goto(sign_in_link(self.stack, self.people[role].id))
            page.get_by_role("button", name="Sign in with this link").click()
            page.wait_for_url(f"{self.stack.url}/")
            self.sessions[role] = context.storage_state()
        yield page
        context.close()

    def open(self, page: Page, view: View) -> None:
        if page.url.startswith(self.stack.url):
            page.evaluate("localStorage.clear()")  # where the text is kept that the last view typed
        page.goto(f"{self.stack.url}{view.path}")
        if view.prepare:
            view.prepare(page)


def _send(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def _submit(page: Page) -> None:
    page.get_by_role("button", name="Submit for review", exact=True).click()
    page.locator("#next-step").get_by_role("alert").first.wait_for()


def new_scene(stack: Stack) -> Scene:
    scene, admin = Scene(stack), stack.client()
    mark = uuid4().hex[:4]
    names = {
        "author": "Jane Doe",
        "editor": "Priya Raghunathan-Venkataraman",
        "commenter": "Li Wei",
        "reviewer": "Bob Marsh",
        "responder": "Grace Okafor",
        "reader": "Tom Reed",
    }
    team = ok(admin.post("/api/teams", json={"name": f"Payments {mark}"}), 201)["id"]
    for role, name in names.items():
        scene.people[role] = stack.person("MEMBER" if role == "reader" else "RESPONDER", name=name, teamIds=[team])
    scene.people["administrator"] = stack.person("ADMIN", name="Ada Lovelace")
    _postmortems(scene, team)
    _incidents(scene)
    _items(scene)
    _settings(scene, team)
    return scene


def _postmortems(scene: Scene, team: str) -> None:
    people, admin = scene.people, scene.people["administrator"]
    for status in STATUSES:
        made = _written(scene, team, status)
        path = f"/postmortems/{made}"
        scene.add(f"postmortem {status.lower()}", path, *ROLES)
        if status == "DRAFT":
            scene.add("postmortem with forms", path, "author", prepare=unfold("main details"))
            add_writing(scene, path)
        if status == "IN_REVIEW":
            scene.add("section of a postmortem in review, open", path, "author", prepare=open_section)
            scene.add("postmortem export menu", path, "author", "reader", prepare=unfold(".export"))
            scene.add("edit conflict", f"{path}/edit", "author", prepare=_conflict)
            scene.add("timeline preview", f"{path}/timeline/paste", "author", prepare=_preview)
            for name, more in (("edit", "/edit"), ("edit advice", "/edit?advice=1"), ("paste", "/timeline/paste")):
                scene.add(name, f"{path}{more}", "author")
            scene.add("history", f"{path}/history/summary", "author")
            scene.add("attachments", f"{path}/attachments", "author", "reader")
            add_palette(scene, made)
        add_review(scene, status, path)
        if status == "ARCHIVED":
            scene.add("history archived", f"{path}/history/summary", "author")
            scene.add("audit", f"{path}/audit")
            scene.add("similar", f"{path}/similar")
    add_sharing(scene)
    add_publications(scene)
    add_customer_emails(scene)
    add_meetings(scene)
    scene.add("postmortem proposals", _with_proposals(scene), "author", "reader")
    empty = ok(people["author"].post("/api/postmortems", json={"title": "Nothing is written yet"}), 201)["id"]
    ok(admin.patch(f"/api/postmortems/{empty}", json={"visibility": "ORGANIZATION"}))
    scene.add("postmortem empty", f"/postmortems/{empty}", "author", "reader")
    scene.add("postmortem refused", f"/postmortems/{empty}", "author", prepare=_submit)
    private = writing.draft(people["author"], visibility="PRIVATE")["id"]
    scene.add("forbidden", f"/postmortems/{private}/edit", "reader")
    scene.add("postmortems", "/postmortems", "author", "reader")
    scene.add("postmortems none", "/postmortems?q=nothinglikethis", "reader")
    scene.add("new postmortem", "/postmortems/new", "author")
    scene.add("home", "/", *ROLES)
    scene.add("home menu", "/", "author", "administrator", prepare=unfold(".menu"))
    scene.add("search", "/search?q=checkout", "reader")
    scene.add("search empty", "/search", "reader")
    scene.add("inbox", "/inbox", "author", "reviewer", "reader")
    if scene.stack.settings.get("AFTERWORD_DEMO") == "1":
        scene.add("style guide", "/styleguide", "reader")
    scene.add("not found", "/postmortems/pm_nothing", "reader", "stranger")
    scene.add("no such page", "/nothing/here", "reader")


def _written(scene: Scene, team: str, status: str) -> str:
    people = scene.people
    author, reviewer = people["author"], people["reviewer"]
    words = status.lower().replace("_", " ")
    incident = _incident(scene, f"Checkout failed while {words}", status="RESOLVED")
    fields = {
        "title": f"The checkout failed while a postmortem was {words}, for every customer in Europe",
        "summary": TEXT,
        "teamIds": [team],
        "incidentIds": [incident],
        "visibility": "ORGANIZATION",
        "tags": ["pool", LONG[:40]],
        "impactMetrics": {
            "affectedUsers": 128_000,
            "failedTransactions": 2347,
            "supportTickets": 47,
            "revenueImpact": {"amount": "1250000.00", "currency": "USD"},
            "slaBreach": "99.9% missed in the second week",
        },
        "timeline": [
            {
                "at": (datetime.now(UTC) - timedelta(hours=3 - n)).isoformat(),
                "event": event,
                "type": kind,
                "actor": actor,
            }
            for n, (event, kind, actor) in enumerate(
                (
                    ("Alert triggered for the pool of the checkout", "DETECTION", "PagerDuty"),
                    (f"Escalated to {LONG}", "ESCALATION", "Grace Okafor"),
                    ("Limit raised", "RESOLUTION", None),
                )
            )
        ],
    }
    made = writing.draft(author, **fields)["id"]
    path = f"/api/postmortems/{made}"
    ok(author.patch(path, json={"summary": TEXT.replace("40 minutes", "about 40 minutes")}))
    ok(author.patch(path, json={"summary": TEXT}))
    attach(author, path)
    item = writing.with_item(author, made, author.id, description=f"Watch {LONG} at 80 %")
    writing.with_item(author, made, people["editor"].id, description="Late", dueDate="2026-01-01", priority="LOW")
    ok(author.post(f"{path}/reviewers", json={"userIds": [reviewer.id]}), 201)
    for role, level in (("editor", "EDIT"), ("commenter", "COMMENT")):
        ok(author.post(f"{path}/editors", json={"userId": people[role].id, "level": level}), 201)
    said = {"body": f"How do we know? See {LONG}", "section": "summary", "anchor": {"quote": "failed for 40 minutes"}}
    thread = ok(people["commenter"].post(f"{path}/comments", json=said), 201)["id"]
    ok(author.post(f"{path}/comments", json={"body": "By the dashboard.", "parentId": thread}), 201)
    if status in {"DRAFT", "IN_REVIEW"}:
        writing.ok(author.post(f"{path}/action-items", json={"description": "Nobody does this yet"}), 201)
    if status != "DRAFT":
        ok(author.post(f"{path}/submit", json={}))
    if status == "CHANGES_REQUESTED":
        refused = {"decision": "REQUEST_CHANGES", "comment": "How many customers wrote to us? Say it in the impact."}
        ok(reviewer.post(f"{path}/reviews", json=refused), 201)
    if status in {"APPROVED", "PUBLISHED", "ARCHIVED"}:
        ok(author.patch(f"{path}/comments/{thread}", json={"resolved": True}))
        ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    if status in {"PUBLISHED", "ARCHIVED"}:
        ok(author.post(f"{path}/publish"))
    if status == "ARCHIVED":
        ok(scene.stack.client().post(f"{path}/archive"))
    if status == "DRAFT":
        scene.add("action item", f"/action-items/{item['id']}", "author", "reader")
        scene.add("edit comment", f"/postmortems/{made}/comments/{thread}", "commenter")
        event = ok(author.get(f"{path}/timeline"))["items"][0]["id"]
        scene.add("edit event", f"/postmortems/{made}/timeline/{event}", "author")
        for fact in ("title", "teams", "metrics", "visibility", "participants", "incidents", "tags"):
            scene.add(f"edit {fact}", f"/postmortems/{made}?edit={fact}", "author")
        scene.add("paste in place", f"/postmortems/{made}", "author", prepare=_paste)
        scene.add("event removed", f"/postmortems/{_removed(scene, made)}", "author")
        scene.add("outline", f"/postmortems/{made}", "author", prepare=unfold(".contents details"))
    return str(made)


def _with_proposals(scene: Scene) -> str:
    """An incident report that names people and a team whom nobody has let in, and that was corrected since."""
    incident = _incident(scene, "Refunds failed", status="RESOLVED", urgency="LOW")
    made = writing.draft(scene.people["author"], incidentId=incident, visibility="ORGANIZATION")["id"]
    team = ok(scene.stack.client().post("/api/teams", json={"name": f"Refunds and chargebacks {made[-4:]}"}), 201)["id"]
    emails = [ok(scene.people[one].get("/api/me"))["email"] for one in ("editor", "reader")]
    corrected = {"responders": emails, "teamId": team, "resolvedAt": datetime.now(UTC).isoformat()}
    ok(scene.people["responder"].patch(f"/api/incidents/{incident}", json=corrected))
    return f"/postmortems/{made}"


def _conflict(page: Page) -> None:
    """Someone else has saved the same line since the page was opened."""
    page.locator("[name='base.summary']").evaluate("(one) => { one.value = '2.' + one.value.split('.')[1] + '0'; }")
    page.get_by_label("Summary").fill("The **checkout** failed for 41 minutes.")
    _send(page, "Save and close")


def _preview(page: Page) -> None:
    page.get_by_label("Timeline", exact=True).fill(
        f"14:03 Alarm for the checkout\n14:1? {LONG}\n15:?? Restarted\n26:00 No"
    )
    _send(page, "Preview")


def _paste(page: Page) -> None:
    page.get_by_role("link", name="Paste timeline").click()
    page.get_by_label("Paste a timeline").fill(f"14:03 Alarm for the checkout\n14:1? {LONG}\n26:00 No")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Add to the timeline").wait_for()


def _removed(scene: Scene, made: str) -> str:
    """The page after an event was removed, which offers to undo it."""
    path, author = f"/api/postmortems/{made}/timeline", scene.people["author"]
    body = {"at": datetime.now(UTC).isoformat(), "event": f"Called {LONG}"}
    event = ok(author.post(path, json=body), 201)["id"]
    ok(author.delete(f"{path}/{event}"), 204)
    return f"{made}?removed={event}#timeline"


def _incident(scene: Scene, title: str, **fields: Any) -> str:
    start = datetime.now(UTC) - timedelta(hours=5)
    at = {"startedAt": start.isoformat()}
    if fields.get("status") == "RESOLVED":
        at["resolvedAt"] = (start + timedelta(minutes=40)).isoformat()
    email = ok(scene.people["responder"].get("/api/me"))["email"]
    body = {
        "externalId": uuid4().hex,
        "source": "generic",
        "title": title,
        "urgency": "HIGH",
        "services": ["payments-api", LONG[:60]],
        "responders": [email],
        "url": f"https://incidents.example.com/{LONG}",
        **at,
        **fields,
    }
    return str(ok(scene.stack.client().post("/api/incidents", json=body), 201)["id"])


def _incidents(scene: Scene) -> None:
    cases: dict[str, dict[str, Any]] = {
        "open": {"status": "OPEN"},
        "resolved": {"status": "RESOLVED", "customerImpact": True, "description": TEXT},
        "skip": {"status": "RESOLVED", "falsePositive": True, "urgency": "LOW"},
    }
    for name, fields in cases.items():
        incident = _incident(scene, f"Payments are slow ({name})", **fields)
        scene.add(f"incident {name}", f"/incidents/{incident}", "administrator", "responder", "reader")
        if name == "resolved":
            scene.add("link incident", f"/incidents/{incident}?find=checkout", "author")
            scene.add("edit incident", f"/incidents/{incident}/edit", "responder")
    scene.add("report incident", "/incidents/new", "responder")
    scene.add("incidents", "/incidents", "reader", "responder")
    scene.add("incidents filtered", "/incidents?q=payments&hasPostmortem=false&startedFrom=2026-01-01", "reader")
    scene.add("incidents none", "/incidents?status=ACKNOWLEDGED", "reader")


def _items(scene: Scene) -> None:
    made = writing.draft(scene.people["author"], visibility="ORGANIZATION")
    path = f"/api/postmortems/{made['id']}/action-items"
    bare = ok(scene.people["author"].post(path, json={"description": "Nobody does this yet"}), 201)
    scene.add("action item without owner", f"/action-items/{bare['id']}", "author", "reader")
    for shown in ("open", "overdue", "done", "all"):
        scene.add(f"action items {shown}", f"/action-items?show={shown}", "author")
    add_lists(scene)
    scene.add("analytics", "/analytics", "administrator", "reader")
    scene.add("analytics none", "/analytics?from=1980-01-01&to=1980-12-31", "reader")
    scene.add("analytics process", "/analytics/process", "administrator", "reader")
    scene.add("action items none", "/action-items?q=nothinglikethis", "reader")


def _settings(scene: Scene, team: str) -> None:
    admin = scene.people["administrator"]
    template = ok(admin.get("/api/templates"))["items"][0]["id"]
    for name, path in {
        "templates": "",
        "template": f"/{template}",
        "new template": "/new",
        "edit template": f"/{template}/edit",
    }.items():
        scene.add(name, f"/settings/templates{path}", "administrator")
    scene.add("notification settings", "/settings/notifications", "author")
    body = {
        "kind": "github",
        "name": "GitHub of Payments",
        "config": {"repository": "acme/api"},
        "secrets": {"token": "ghp_made-up"},
    }
    made = ok(admin.post("/api/integrations", json=body), 201)["id"]
    _history_of(scene, made)
    for name, path in {"connection": "", "sync log": "/log", "accounts": "/accounts"}.items():
        scene.add(name, f"/settings/integrations/{made}{path}")
    scene.add("integrations", "/settings/integrations")
    scene.add("disconnected", "/settings/integrations?disconnected=true")
    for kind in ("jira", "slack", "email", "pagerduty", "google"):
        scene.add(f"connect {kind}", f"/settings/integrations/new?kind={kind}")
    add_settings(scene, team)
    add_imports(scene)
    add_access(scene)
    scene.add("sign in", "/sign-in", "stranger")
    link = sign_in_link(scene.stack, scene.people["reader"].id)
    scene.add("sign in by link", link.removeprefix(scene.stack.url), "stranger")
    scene.add("sign in refused", "/sign-in", "stranger", prepare=_wrong_token)
    scene.add("API reference", "/docs", "reader", prepare=lambda page: page.locator(".opblock").first.wait_for())


def _wrong_token(page: Page) -> None:
    page.locator("#token").evaluate("(one) => { if (one.closest('details')) one.closest('details').open = true; }")
    page.get_by_label("API token").fill("aft_made-up")
    _send(page, "Sign in")


def _history_of(scene: Scene, integration: str) -> None:
    """Entries of its sync log, and linked accounts. Written directly, since there is no GitHub to talk to."""
    database = scene.stack.direct
    assert database is not None
    for direction, operation, result, detail in (
        ("OUT", "create", "ok", None),
        ("OUT", "update", "retry", "GitHub answered 502. It's tried again in 2 minutes."),
        ("IN", "issues.edited", "ok", None),
        ("OUT", "create", "refused", f"The label {LONG} doesn't exist in this repository."),
    ):
        values = {
            "integration_id": integration,
            "direction": direction,
            "operation": operation,
            "result": result,
            "detail": detail,
            "request_id": f"C0DE:{uuid4().hex}" if direction == "OUT" else None,
            "delivery_id": str(uuid4()) if direction == "IN" else None,
        }
        database.write(insert(SyncAttempt).values(values))
    for role, source in (("author", "MANUAL"), ("editor", "EMAIL")):
        row = {"person_id": scene.people[role].id, "account": f"{role}-at-acme", "label": None, "source": source}
        database.write(insert(PersonAccount).values({"id": new_id("acc"), "integration_id": integration, **row}))
