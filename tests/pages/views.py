"""Every page, in every status and for every role, as ``make screenshots`` pictures it and tests measure it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page

from tests.api import writing
from tests.api.writing import ok
from tests.pages.visiting import sign_in_link
from tests.stack import Person, Stack

WIDTHS = (390, 768, 1024, 1440)
SCHEMES = ("light", "dark")
STATUSES = ("DRAFT", "IN_REVIEW", "APPROVED", "PUBLISHED", "ARCHIVED")
ROLES = ("author", "editor", "commenter", "reviewer", "responder", "administrator", "reader")
LONG = "Error-budget-policy-for-checkout-and-payments-and-everything-that-depends-on-them"
TEXT = f"""The **checkout** failed for 40 minutes, because the pool of connections was exhausted.

| step | action | result |
| --- | --- | --- |
| 1 | Raised the limit of `max_connections` on the primary | recovered within a minute |
| 2 | Restarted every worker in all three regions, one after the other | no further errors |

- [x] Alert on the pool
- [ ] Find out who else uses {LONG}

```
FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute, as always when it matters
```
"""


@dataclass(frozen=True, slots=True)
class View:
    """A page as one person sees it; ``opens`` is what is unfolded before it is looked at."""

    name: str
    role: str
    path: str
    opens: str = ""


@dataclass(slots=True)
class Scene:
    """People in each role, and postmortems in each status."""

    stack: Stack
    people: dict[str, Person] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)

    def add(self, name: str, path: str, *roles: str, opens: str = "") -> None:
        self.views += [View(name, role, path, opens) for role in roles or ("administrator",)]

    @contextmanager
    def signed_in(self, browser: Browser, role: str, **how: Any) -> Iterator[Page]:
        context = browser.new_context(**how)
        page = context.new_page()
        if role != "stranger":
            page.goto(sign_in_link(self.stack, self.people[role].id))
            page.get_by_role("button", name="Sign in with this link").click()
            page.wait_for_url(f"{self.stack.url}/")
        yield page
        context.close()

    def open(self, page: Page, view: View) -> None:
        page.goto(f"{self.stack.url}{view.path}")
        if view.opens:
            page.evaluate("(which) => document.querySelectorAll(which).forEach((one) => one.open = true)", view.opens)


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
    _settings(scene)
    return scene


def _postmortems(scene: Scene, team: str) -> None:
    people, admin = scene.people, scene.people["administrator"]
    for status in STATUSES:
        made = _written(scene, team, status)
        path = f"/postmortems/{made}"
        scene.add(f"postmortem {status.lower()}", path, *ROLES)
        if status == "DRAFT":
            scene.add("postmortem with forms", path, "author", opens="main details")
            for name, more in (("edit", "/edit"), ("edit advice", "/edit?advice=1"), ("paste", "/timeline/paste")):
                scene.add(name, f"{path}{more}", "author", "administrator")
        scene.add(f"history {status.lower()}", f"{path}/history/summary", "author")
    scene.add("audit", f"{path}/audit")
    empty = ok(people["author"].post("/api/postmortems", json={"title": "Nothing is written yet"}), 201)["id"]
    ok(admin.patch(f"/api/postmortems/{empty}", json={"visibility": "ORGANIZATION"}))
    scene.add("postmortem empty", f"/postmortems/{empty}", "author", "reader")
    scene.add("postmortems", "/postmortems", "author", "reader")
    scene.add("postmortems none", "/postmortems?q=nothinglikethis", "reader")
    scene.add("new postmortem", "/postmortems/new", "author")
    scene.add("home", "/", *ROLES)
    scene.add("home menu", "/", "author", opens=".menu")
    scene.add("search", "/search?q=checkout", "reader")
    scene.add("search empty", "/search", "reader")
    scene.add("inbox", "/inbox", "author", "reviewer", "reader")
    scene.add("not found", "/postmortems/pm_nothing", "reader")


def _written(scene: Scene, team: str, status: str) -> str:
    people = scene.people
    author, reviewer = people["author"], people["reviewer"]
    incident = _incident(scene, f"Checkout failed while {status.lower()}", status="RESOLVED")
    fields = {
        "title": f"The checkout failed while a postmortem was {status.lower()}, for everybody in Europe",
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
    if status in {"APPROVED", "PUBLISHED", "ARCHIVED"}:
        ok(author.patch(f"{path}/comments/{thread}", json={"resolved": True}))
        ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    if status in {"PUBLISHED", "ARCHIVED"}:
        ok(author.post(f"{path}/publish"))
    if status == "ARCHIVED":
        ok(scene.stack.client().post(f"{path}/archive"))
    if status == "DRAFT":
        scene.add("action item", f"/action-items/{item['id']}", "author", "reader")
    return str(made)


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
    for name, fields in {
        "open": {"status": "OPEN"},
        "resolved": {"status": "RESOLVED", "customerImpact": True, "description": TEXT},
        "skip": {"status": "RESOLVED", "falsePositive": True, "urgency": "LOW"},
    }.items():
        incident = _incident(scene, f"Payments are slow ({name})", **fields)
        scene.add(f"incident {name}", f"/incidents/{incident}", "administrator", "responder", "reader")
    scene.add("incidents", "/incidents", "reader")


def _items(scene: Scene) -> None:
    made = writing.draft(scene.people["author"], visibility="ORGANIZATION")
    path = f"/api/postmortems/{made['id']}/action-items"
    bare = ok(scene.people["author"].post(path, json={"description": "Nobody does this yet"}), 201)
    scene.add("action item without owner", f"/action-items/{bare['id']}", "author", "reader")
    for shown in ("open", "overdue", "done", "all"):
        scene.add(f"action items {shown}", f"/action-items?show={shown}", "author")


def _settings(scene: Scene) -> None:
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
    for name, path in {"connection": "", "sync log": "/log", "accounts": "/accounts"}.items():
        scene.add(name, f"/settings/integrations/{made}{path}")
    scene.add("integrations", "/settings/integrations")
    scene.add("disconnected", "/settings/integrations?disconnected=true")
    for kind in ("jira", "slack", "email", "pagerduty"):
        scene.add(f"connect {kind}", f"/settings/integrations/new?kind={kind}")
    scene.add("sign in", "/sign-in", "stranger")


MEASURE = """() => {
  const faults = [];
  const name = (one) => one.tagName.toLowerCase() + [...one.classList].map((c) => "." + c).join("");
  const seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim()) continue;
    const parent = node.parentElement;
    if (!parent.checkVisibility({opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true}))
      continue;
    if (parent.closest(".unseen, option, script, noscript, datalist, svg")) continue;
    let scrolls = false, floats = false;
    for (let one = parent; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (one !== document.documentElement && one !== document.body && /auto|scroll/.test(style.overflowX))
        scrolls = true;
      if (/sticky|fixed/.test(style.position) || one.matches(".menu__sheet")) floats = one;
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      const text = node.data.trim().slice(0, 40);
      if (!scrolls && (box.left < -1 || box.right > innerWidth + 1))
        faults.push(`outside the window: "${text}" in ${name(parent)}`);
      seen.push({box, text, parent, floats, scrolls});
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than the window");
  seen.sort((a, b) => a.box.top - b.box.top);
  seen.forEach((one, place) => {
    for (let next = place + 1; next < seen.length && seen[next].box.top < one.box.bottom - 3; next++) {
      const other = seen[next];
      if (other.parent === one.parent || other.floats !== one.floats || one.scrolls || other.scrolls) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
      if (wide > 2 && high > 4)
        faults.push(`overlap: "${one.text}" in ${name(one.parent)} and "${other.text}" in ${name(other.parent)}`);
    }
  });
  for (const one of document.querySelectorAll("button, .button, .tag, .status, summary, label, h1, h2, h3")) {
    if (!one.checkVisibility() || one.closest(".unseen") || one.matches(".unseen")) continue;
    if (one.scrollWidth > one.clientWidth + 2 && one.clientWidth && getComputedStyle(one).display !== "inline")
      faults.push(`wider than its box: ${name(one)} "${one.textContent.trim().slice(0, 40)}"`);
  }
  const box = (one) => one.getBoundingClientRect();
  for (const one of document.querySelectorAll("main .card, main form, main table, main button, main input, header *")) {
    if (!one.checkVisibility() || one.closest(".unseen")) continue;
    const inside = one.closest(".scroll, .tabs, nav, pre");
    if (!inside && (box(one).right > innerWidth + 1 || box(one).left < -1)) faults.push(`box outside: ${name(one)}`);
  }
  const bar = document.querySelector("header.top .bar");
  const rows = innerWidth < 740 ? 3 : innerWidth < 900 ? 2 : 1;
  if (bar && box(bar).height > 20 + 52 * rows) faults.push(`header is ${box(bar).height} high`);
  return [...new Set(faults)];
}"""
"""Text and boxes that lie over each other or outside of the window, as sentences."""
