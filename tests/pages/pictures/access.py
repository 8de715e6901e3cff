"""Pages of signing in and of sessions, for the pictures."""

from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from models.base import new_id
from models.person import PersonIdentity
from tests.api.writing import ok
from tests.pages.pictures.texts import LONG
from tests.stack import Person

PROVIDERS = {
    f"AFTERWORD_OIDC__{name}__{field}": value
    for name, label in (("OKTA", "Okta"), ("ENTRA", "Microsoft Entra ID"))
    for field, value in (
        ("ISSUER", f"https://{name.lower()}.example.com"),
        ("CLIENT_ID", "afterword"),
        ("LABEL", label),
    )
}
"""Settings of a stack whose sign-in page offers everything. Nothing speaks with them: only their buttons are seen."""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def add_access(scene: Any) -> None:
    """Accounts that wait and that are linked, and sessions in several browsers."""
    people = scene.people
    for role, provider, confirmed in (
        ("administrator", "okta", False),
        ("reviewer", "entra", False),
        ("author", "okta", True),
        ("editor", "entra", True),
    ):
        _identity(scene, people[role], provider, confirmed=confirmed)
    scene.add("sign-in settings", "/settings/sign-in")
    for browser, address in ((FIREFOX, "2001:db8:4d2:1::8a2e"), (f"{LONG}/1.0", "203.0.113.9")):
        _session(scene, people["author"], browser, address)
    scene.add("sessions", "/settings/sessions", "author", "reader")
    if scene.stack.settings:
        config = {"host": "mail.example.com", "fromAddress": "afterword@example.com"}
        body = {"kind": "email", "name": f"Mail {uuid4().hex[:4]}", "config": config}
        ok(scene.stack.client().post("/api/integrations", json=body), 201)


def _identity(scene: Any, person: Person, provider: str, *, confirmed: bool) -> None:
    values = {
        "id": new_id("idn"),
        "provider": provider,
        "issuer": f"https://{provider}.example.com",
        "subject": uuid4().hex,
        "person_id": person.id,
        "email": ok(person.get("/api/me"))["email"],
    }
    scene.stack.direct.write(insert(PersonIdentity).values(values))
    if confirmed:
        now = text("update person_identity set confirmed_at = now(), last_used_at = now() where id = :id")
        scene.stack.direct.write(now, id=values["id"])


def _session(scene: Any, person: Person, user_agent: str, address: str) -> None:
    made = text(
        "insert into api_token (id, person_id, name, token_hash, scopes, address, user_agent, last_used_at)"
        " values (:id, :person, 'Web session', :hash, '{read}', :address, :agent, now() - interval '3 hours')"
    )
    values = {"id": new_id("ses"), "person": person.id, "hash": uuid4().bytes, "address": address, "agent": user_agent}
    scene.stack.direct.write(made, **values)
