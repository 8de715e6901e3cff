"""An installation with identity providers: two certified ones that it trusts, one of them with groups, one that forges,
and one that it doesn't trust."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import select, text

from models.person import Person as PersonRow
from tests.api.writing import ok
from tests.cli.running import free_port
from tests.pages.visiting import Visitor, stranger
from tests.peers.oidc.hostile import Hostile, running_hostile
from tests.peers.oidc.npm_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, running_provider
from tests.stack import Stack, shared_stack

TEAM = "Payments by group"


@dataclass(slots=True)
class Installation:
    stack: Stack
    okta: OidcProvider
    """Trusted; its groups decide about roles and one team."""
    keycloak: OidcProvider
    """Trusted, without groups."""
    forger: Hostile
    """Trusted, for what its tokens say."""
    partner: Hostile
    """Not trusted."""

    def sign_in(
        self, name: str, subject: str = "", *, visit: Visitor | None = None, wanted: str = "/", answer: str = ""
    ) -> httpx.Response:
        """The last answer: a redirection to where one was, or the sign-in page with the reason."""
        visit = visit or stranger(self.stack)
        back = answer or self.answer(name, self.begin(visit, name, wanted), subject)
        return visit.http.get(back.removeprefix(self.stack.url))

    def begin(self, visit: Visitor, name: str, wanted: str = "/") -> str:
        """Where the browser is sent."""
        answer = visit.http.get(f"/sign-in/{name}", params={"next": wanted})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def answer(self, name: str, start: str, subject: str = "") -> str:
        """Where the provider sends it back."""
        provider = getattr(self, name)
        if isinstance(provider, OidcProvider):
            return provider.answer(start, subject)
        return str(httpx.get(start, trust_env=False, verify=False).headers["location"])

    def person(self, email: str) -> PersonRow:
        assert self.stack.direct is not None
        (row,) = self.stack.direct.rows(select(PersonRow).where(PersonRow.email == email))
        found: PersonRow = row
        return found

    def teams_of(self, email: str) -> list[str]:
        user = ok(self.stack.client().get(f"/api/users/{self.person(email).id}"))
        return list(user["teamIds"])

    def waiting(self) -> list[dict[str, Any]]:
        found = ok(self.stack.client().get("/api/identities"))["items"]
        return [one for one in found if one["confirmedAt"] is None]

    def fresh(self) -> str:
        """An e-mail address that nobody has, and its beginning as a subject."""
        return f"p{uuid4().hex[:10]}@example.com"


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as parts:
        okta, keycloak = (
            parts.enter_context(
                running_provider(folder / name, f"{url}/sign-in/{name}/callback", signed_out=f"{url}/sign-in")
            )
            for name in ("okta", "keycloak")
        )
        forger, partner = (parts.enter_context(running_hostile()) for _ in range(2))
        settings: dict[str, str] = {
            "AFTERWORD_OIDC__OKTA__ROLES": "sre=ADMIN, on-call=RESPONDER",
            "AFTERWORD_OIDC__OKTA__TEAMS": f"payments-eng={TEAM}",
            "AFTERWORD_OIDC__OKTA__SCOPES": "openid email profile groups",
        }
        for name, issuer, trusted in (
            ("okta", okta.issuer, "1"),
            ("keycloak", keycloak.issuer, "1"),
            ("forger", forger.issuer, "1"),
            ("partner", partner.issuer, "0"),
            ("gone", f"http://127.0.0.1:{free_port()}", "1"),
            ("inside", "https://10.255.255.1", "1"),
        ):
            begin = f"AFTERWORD_OIDC__{name.upper()}"
            settings |= {f"{begin}__ISSUER": issuer, f"{begin}__CLIENT_ID": CLIENT_ID, f"{begin}__TRUSTED": trusted}
        for name in ("OKTA", "KEYCLOAK"):
            settings[f"AFTERWORD_OIDC__{name}__CLIENT_SECRET"] = CLIENT_SECRET
        stack = parts.enter_context(shared_stack(api_port=port, settings=settings))
        assert stack.api_port == port, "another process took the port in the moment before its use: run it again"
        ok(stack.client().post("/api/teams", json={"name": TEAM}), 201)
        yield Installation(stack, okta, keycloak, forger, partner)


def forget_attempts(stack: Stack) -> None:
    assert stack.direct is not None
    stack.direct.write(text("delete from wrong_attempts"))


def refusal(answer: httpx.Response) -> str:
    """What the page says, without markup."""
    found = re.search(r'<div class="refusal".*?</div>', answer.text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split()) if found else json.dumps(answer.text[:300])
