"""A provider says that someone signed out there: their sessions end here, and nobody else's."""

import time
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.api.writing import ok
from tests.pages.access.installation import Installation
from tests.pages.visiting import Visitor, stranger, visitor
from tests.stack import eventually

HERE = "/sign-in/forger/back-channel-logout"


def signed_in(at: Installation, **claims: Any) -> Visitor:
    """Somebody new to the forger, or whoever ``sub`` says."""
    email = at.fresh()
    at.forger.claims = {"sub": email, "email": email, **claims}
    visit = stranger(at.stack)
    assert at.sign_in("forger", visit=visit).status_code == 303
    return visit


def tell(at: Installation, token: str, path: str = HERE) -> httpx.Response:
    return at.stack.client(None).post(path, data={"logout_token": token})


def is_in(visit: Visitor) -> bool:
    return visit.http.get("/").status_code == 200


def test_certified_provider_ends_the_session_that_began_there(at: Installation) -> None:
    email = at.fresh()
    at.keycloak.has(email, email=email, email_verified=True)
    laptop, phone = stranger(at.stack), stranger(at.stack)
    with httpx.Client(trust_env=False, verify=False, timeout=30) as browser:
        back = at.keycloak.answer(at.begin(laptop, "keycloak"), email, browser)
        at.sign_in("keycloak", visit=laptop, answer=back)
        at.sign_in("keycloak", email, visit=phone)
        assert is_in(laptop)
        assert is_in(phone)
        at.keycloak.end_session(browser)
    eventually(lambda: not is_in(laptop))
    assert is_in(phone), "which began in another session there"
    person = at.person(email)
    found = ok(at.stack.client().get("/api/audit", params={"action": "session.ended"}))["items"]
    (entry,) = [one for one in found if (one["after"] or {}).get("userId") == person.id]
    assert entry["actorId"] is None
    assert entry["after"]["provider"] == "keycloak"


def test_sessions_of_that_account_end_in_all_browsers(at: Installation) -> None:
    laptop = signed_in(at)
    subject = at.forger.claims["sub"]
    phone, other = signed_in(at, **at.forger.claims), signed_in(at)
    by_token = visitor(at.stack)
    answer = tell(at, at.forger.logout_token(sub=subject))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert [is_in(one) for one in (laptop, phone, other, by_token)] == [False, False, True, True]


def test_one_session_there_is_told_by_its_id_alone(at: Installation) -> None:
    laptop = signed_in(at, sid="one")
    subject = at.forger.claims["sub"]
    phone = signed_in(at, sub=subject, email=at.forger.claims["email"], sid="two")
    assert tell(at, at.forger.logout_token(sub=None, sid="one")).status_code == 200
    assert [is_in(one) for one in (laptop, phone)] == [False, True]
    assert tell(at, at.forger.logout_token(sub="another", sid="two")).status_code == 200
    assert is_in(phone), "a session and an account that don't belong together"


def test_token_that_is_sent_again_ends_no_later_session(at: Installation) -> None:
    laptop = signed_in(at)
    claims = at.forger.claims
    token = at.forger.logout_token(sub=claims["sub"], iat=int(time.time()) - 100)
    assert tell(at, token).status_code == 200
    assert is_in(laptop), "it began after that"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://elsewhere.example"}, "comes from another issuer"),
        ({"aud": "someone-else"}, "is meant for another application"),
        ({"aud": None}, "is meant for another application"),
        ({"events": None}, "says nothing about signing out"),
        ({"events": {"http://schemas.openid.net/event/other": {}}}, "says nothing about signing out"),
        ({"nonce": "n"}, "has a nonce"),
        ({"jti": None}, "lacks the claim 'jti'"),
        ({"iat": None}, "lacks the claim 'iat'"),
        ({"iat": 10**10}, "is from the future"),
        ({"exp": 1000}, "has expired"),
        ({"exp": None, "iat": 1000}, "has expired"),
        ({"sub": None}, "doesn't say who signed out"),
        ({"sid": 7}, "has an unusable claim 'sid'"),
        ({"sid": ""}, "has an unusable claim 'sid'"),
    ],
)
def test_wrong_token_signs_nobody_out(at: Installation, claims: dict[str, Any], words: str) -> None:
    visit = signed_in(at)
    answer = tell(at, at.forger.logout_token(**{"sub": at.forger.claims["sub"], **claims}))
    assert answer.status_code == 400
    assert answer.json()["code"] == "LogoutTokenRejected"
    assert words in answer.json()["detail"]
    assert is_in(visit)


def test_only_the_providers_own_signature_counts(at: Installation) -> None:
    visit = signed_in(at)
    subject = at.forger.claims["sub"]
    at.forger.key = RSAKey.generate_key(2048, {"kid": "first"})
    forged = [at.forger.logout_token(sub=subject)]
    for secret in (b"", b"a-secret+of/the client%"):
        at.forger.secret = secret
        forged.append(at.forger.logout_token(sub=subject))
    for token in (*forged, "", "no.token.at-all", "x" * 200_000):
        assert tell(at, token).status_code == 400
    assert is_in(visit)
    at.forger.reset()
    assert tell(at, at.forger.logout_token(sub=subject), "/sign-in/okta/back-channel-logout").status_code == 400
    assert tell(at, "", "/sign-in/nobody/back-channel-logout").status_code == 404
    assert is_in(visit)


def test_wrong_tokens_are_limited(at: Installation) -> None:
    for _ in range(20):
        assert tell(at, "no.token.at-all").status_code == 400
    assert tell(at, at.forger.logout_token()).status_code == 429
