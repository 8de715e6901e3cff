"""Pages of attachments, exports, imports and sharing, for the pictures."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from playwright.sync_api import Page
from sqlalchemy import insert

from domain.sharing.mailing import UNKNOWN, MailState, RecipientState
from domain.sharing.publications import PublicationState, PublicationTrigger
from models.base import new_id
from models.keyring import Keyring
from models.sharing import CustomerEmail, CustomerEmailRecipient, Publication
from tests.api import writing
from tests.api.documents.pictures import picture
from tests.api.sharing.sharing import approve, save, share
from tests.api.writing import ok
from tests.pages.pictures.texts import LONG, TEXT
from tests.stack import SECRET_KEY, Person, eventually


def unfold(which: str) -> Callable[[Page], object]:
    return lambda page: page.evaluate(
        "(which) => document.querySelectorAll(which).forEach((one) => one.open = true)", which
    )


def attach(author: Person, path: str) -> None:
    """A picture in the text, and a file in none."""
    chart, log = ("connections in the pool.png", picture(size=(900, 420))), (f"{LONG}.log", b"FATAL")
    made = [ok(author.post(f"{path}/attachments", files={"file": one}), 201) for one in (chart, log)]
    ok(author.patch(path, json={"impact": f"Orders failed.\n\n{made[0]['markdown']}"}))


def add_imports(scene: Any) -> None:
    """One that ended; a picture of one that runs would never be the same."""
    admin = scene.people["administrator"]
    text = f"# The pool of {LONG} ran dry\n\nShort.\n\n## Timeline\n\n- sooner or later\n\n## Attendees\n\n- Jo\n"
    job = ok(admin.post("/api/imports", files=[("file", (f"{LONG}.md", text.encode()))], data={"dryRun": "1"}), 202)
    eventually(lambda: ok(admin.get(f"/api/imports/{job['id']}"))["state"] == "DONE")
    author = scene.people["author"]
    archive = ok(author.post("/api/exports", json={"postmortemIds": [writing.draft(author)["id"]]}), 202)
    eventually(lambda: ok(author.get(f"/api/exports/{archive['id']}"))["state"] == "DONE")
    scene.add("exports", "/exports", "author", "administrator")
    scene.add("export the list", "/postmortems", "author", prepare=unfold(".add"))
    scene.add("imports", "/settings/imports")
    scene.add("import", f"/settings/imports/{job['id']}")
    scene.add("import whole", f"/settings/imports/{job['id']}?show=all")


def add_sharing(scene: Any) -> None:
    """A summary with findings, and one that is approved and shared; and what outsiders see."""
    author, people = scene.people["author"], scene.people
    draft = writing.draft(author, visibility="ORGANIZATION")
    save(author, draft, f"# {LONG}\n\nJane Doe restarted pay-db-03.internal (10.1.2.3). Write to help@example.com.")
    scene.add("share draft", f"/postmortems/{draft['id']}/share", "author", "administrator")
    fields = {"visibility": "ORGANIZATION", "summary": TEXT, "title": "The checkout failed, and is shared"}
    shared = writing.published(author, [people["reviewer"]], **fields)
    scene.add("share new", f"/postmortems/{shared['id']}/share", "author")
    save(author, shared)
    approve(author, shared)
    links = [share(author, shared), share(author, shared, scope="POSTMORTEM"), share(author, shared, password="secret")]
    scene.add("share approved", f"/postmortems/{shared['id']}/share", "author", "reviewer", prepare=unfold(".add"))
    for name, link in zip(("summary", "postmortem", "password"), links, strict=True):
        scene.add(f"outside {name}", httpx.URL(link["url"]).path, "stranger")
    scene.add("outside nothing", f"/p/{'A' * 22}", "stranger")
    scene.add("sharing settings", "/settings/sharing")


def add_customer_emails(scene: Any) -> None:
    """One with a recipient in each state. Written directly, since there is no mail server to talk to."""
    author, people = scene.people["author"], scene.people
    fields = {"visibility": "ORGANIZATION", "title": "The checkout failed, and customers know"}
    made = writing.published(author, [people["reviewer"]], **fields)
    save(author, made)
    approve(author, made)
    at, now = f"/postmortems/{made['id']}/customer-emails", datetime.now(UTC)
    scene.add("customer emails none", at, "author")
    mail = new_id("mail")  # a scene of its own for each file of tests
    email = {
        "id": mail,
        "postmortem_id": made["id"],
        "subject": f"What happened to {LONG}",
        "text": TEXT,
        "summary_version": 1,
        "state": MailState.SENDING,
        "problem": "Suspended. The public summary isn't approved. Approve it first.",
        "created_by_id": author.id,
        "workflow_started": True,
    }
    scene.stack.direct.write(insert(CustomerEmail).values(**email))
    for place, state in enumerate(RecipientState):
        row = {
            "email_id": mail,
            "ordinal": place,
            "address": Keyring(SECRET_KEY).seal({"address": f"{LONG.lower()[:50]}@customers.example"}),
            "address_hash": state.encode(),
            "state": state,
            "reason": UNKNOWN if state is RecipientState.FAILED else None,
            "tries": 0,
            "at": now,
        }
        scene.stack.direct.write(insert(CustomerEmailRecipient).values(**row))
    scene.add("customer emails", at, "author", "administrator")
    scene.add("customer email", f"{at}/{mail}", "author")


def add_publications(scene: Any) -> None:
    """One in each state. Written directly, since there is no Confluence to talk to."""
    author, admin, people = scene.people["author"], scene.people["administrator"], scene.people
    settings = {"baseUrl": "https://wiki.example.com", "email": "bot@example.com", "space": "OPS"}
    fields = {"visibility": "ORGANIZATION", "title": "The checkout failed, and is published elsewhere"}
    made = writing.published(author, [people["reviewer"]], **fields)
    scene.add("publications none", f"/postmortems/{made['id']}/publications", "author", "reader")
    for state in PublicationState:
        body = {"kind": "confluence", "name": f"Wiki of {LONG} {state.lower()}", "config": settings}
        connection = ok(admin.post("/api/integrations", json=body), 201)["id"]
        is_there = state in {PublicationState.OK, PublicationState.CHANGED_THERE}
        row = {
            "id": f"pub_{connection}",
            "postmortem_id": made["id"],
            "integration_id": connection,
            "target": "confluence",
            "state": state,
            "trigger": PublicationTrigger.POLICY if state is PublicationState.OK else PublicationTrigger.MANUAL,
            "request": 1,
            "wants_withdrawal": False,
            "overwrites": False,
            "url": "https://wiki.example.com/wiki/1" if is_there else None,
            "content_revision": 1 if is_there else None,
            "problem": None if state in {PublicationState.OK, PublicationState.WITHDRAWN} else f"It said: {TEXT}"[:300],
            "requested_at": datetime.now(UTC),
            "published_at": datetime.now(UTC) if is_there else None,
            "workflow_started": True,
        }
        scene.stack.direct.write(insert(Publication).values(**row))
    scene.add("publications", f"/postmortems/{made['id']}/publications", "author", "reader")
    scene.add("publications unfolded", f"/postmortems/{made['id']}/publications", "author", prepare=unfold("details"))
