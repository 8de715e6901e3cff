"""What a provider's answer must not say: each forgery is refused, and the honest answer beside it is not."""

import time
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tests.pages.access.installation import Installation, refusal
from tests.pages.visiting import stranger


@pytest.fixture
def honest(at: Installation) -> Installation:
    """Mallory is somebody here, so that only the forgery can be the reason."""
    assert at.sign_in("forger").status_code == 303
    return at


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"nonce": "another"}, "belongs to another sign-in"),
        ({"nonce": None}, "belongs to another sign-in"),
        ({"iss": "https://elsewhere.example"}, "comes from another issuer"),
        ({"iss": None}, "comes from another issuer"),
        ({"aud": "someone-else"}, "is meant for another application"),
        ({"aud": ["afterword", "someone-else"]}, "is meant for another application"),
        ({"aud": ["afterword", "other"], "azp": "other"}, "is meant for another application"),
        ({"aud": None}, "is meant for another application"),
        ({"sub": None}, "doesn't say who signed in"),
        ({"sub": ""}, "doesn't say who signed in"),
        ({"exp": None}, "lacks the claim 'exp'"),
        ({"exp": "tomorrow"}, "lacks the claim 'exp'"),
        ({"iat": None}, "lacks the claim 'iat'"),
    ],
)
def test_wrong_claim_is_refused(honest: Installation, claims: dict[str, Any], words: str) -> None:
    honest.forger.claims = claims
    answer = honest.sign_in("forger")
    assert answer.status_code == 403
    assert words in refusal(answer)
    assert stranger(honest.stack).http.get("/").status_code == 303


@pytest.mark.parametrize(
    ("name", "seconds", "words"),
    [
        ("exp", -30, ""),
        ("exp", -90, "has expired"),
        ("iat", 30, ""),
        ("iat", 120, "is from the future"),
        ("nbf", 30, ""),
        ("nbf", 120, "is from the future"),
    ],
)
def test_clocks_may_differ_by_a_minute(honest: Installation, name: str, seconds: int, words: str) -> None:
    honest.forger.claims = {name: int(time.time()) + seconds}
    answer = honest.sign_in("forger")
    assert answer.status_code == (403 if words else 303), refusal(answer)
    assert words in refusal(answer)


def test_unknown_key_is_asked_for_once(honest: Installation) -> None:
    before = honest.forger.key_requests
    honest.forger.key = RSAKey.generate_key(2048, {"kid": "stranger"})
    assert "unknown key" in refusal(honest.sign_in("forger"))
    assert honest.forger.key_requests == before + 1


def test_new_key_of_the_provider_is_found(honest: Installation) -> None:
    honest.forger.key = RSAKey.generate_key(2048, {"kid": "second"})
    honest.forger.published.append(honest.forger.key)
    assert honest.sign_in("forger").status_code == 303


def test_wrong_signature_under_a_known_name_is_refused(honest: Installation) -> None:
    honest.forger.key = RSAKey.generate_key(2048, {"kid": "first"})
    assert "wrong signature" in refusal(honest.sign_in("forger"))


def test_secret_of_a_client_signs_nothing(honest: Installation) -> None:
    """Nor does a public key that is taken for a secret, nor nothing at all."""
    for secret in (b"0" * 32, honest.forger.published[0].as_pem(private=False), b""):
        honest.forger.secret = secret
        assert "algorithm that isn't allowed" in refusal(honest.sign_in("forger"))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"iss": "https://elsewhere.example"}, "comes from another provider"),
        ({"iss": None}, "comes from another provider"),
        ({"state": "made-up"}, "didn't start the sign-in"),
        ({"state": None}, "didn't start the sign-in"),
        ({"code": None}, "its answer is incomplete"),
    ],
)
def test_wrong_answer_of_the_browser_is_refused(
    honest: Installation, parameters: dict[str, str | None], words: str
) -> None:
    """``iss`` was promised by the metadata (RFC 9207)."""
    honest.forger.parameters = parameters
    assert words in refusal(honest.sign_in("forger"))


def test_user_information_about_someone_else_is_refused(honest: Installation) -> None:
    honest.forger.claims = {"email": None, "email_verified": None}
    honest.forger.userinfo = {"sub": "alice", "email": "alice@example.com", "email_verified": True}
    assert "described someone else" in refusal(honest.sign_in("forger"))


def test_address_is_not_verified_by_what_another_source_says(at: Installation) -> None:
    """The ID token names an address without verifying it; user information verifies another one."""
    email = at.fresh()
    at.forger.claims = {"sub": email, "email": email, "email_verified": None}
    at.forger.userinfo = {"sub": email, "email": "other@example.com", "email_verified": True}
    assert "administrator" in refusal(at.sign_in("forger"))


def test_wrong_answers_are_limited(honest: Installation) -> None:
    honest.forger.claims = {"nonce": "another"}
    for _ in range(20):
        assert honest.sign_in("forger").status_code == 403
    honest.forger.claims = {}
    assert honest.sign_in("forger").status_code == 429


def test_provider_that_is_away_says_so(at: Installation) -> None:
    """Of one that nobody has reached since the start; the others go on."""
    answer = stranger(at.stack).http.get("/sign-in/gone", params={"next": "/inbox"})
    assert answer.status_code == 503
    assert "Gone can't be reached" in refusal(answer)
    assert "/sign-in/keycloak?next=/inbox" in answer.text


def test_private_network_is_not_reached(at: Installation) -> None:
    """The policy for outbound connections holds for whatever the metadata names."""
    answer = stranger(at.stack).http.get("/sign-in/inside")
    assert answer.status_code == 403
    assert "private address" in refusal(answer)
