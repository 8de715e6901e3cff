"""One identity provider: where people are sent, and who comes back. Authorization code with PKCE (RFC 7636, S256).

Its metadata and keys are kept for an hour, and the keys are fetched again, once, for a token of an unknown key. All of
it blocks: call it in a thread.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.errors import LogoutTokenRejected, ProviderUnavailable, SignInFailed
from domain.identities import Claims, ProviderRules, SignedOut
from integrations.sign_in.exchange import Requests
from integrations.sign_in.id_token import Rejected, UnknownKey, check_claims, check_signature
from integrations.sign_in.logout_token import read_logout
from integrations.sign_in.settings import Provider

KEPT_SECONDS = 3600.0
AWAY_SECONDS = 5.0
"""Until a provider that did not answer is asked again: meanwhile nobody else waits for it."""
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in that has begun. ``url`` is where the browser goes; the rest is needed when it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Who came back, and the ID token, which the provider may ask for at the end."""

    claims: Claims
    id_token: str


class IdentityProvider:
    """Raises ProviderUnavailable and SignInFailed."""

    def __init__(self, name: str, settings: Provider, base_url: str) -> None:
        self.name = name
        self.rules: ProviderRules = settings.rules(name)
        self.redirect_uri = f"{base_url}/sign-in/{name}/callback"
        self._settings = settings
        self._base_url = base_url
        self._secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
        self._lock = threading.Lock()
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._away_until = 0.0

    def start(self) -> Started:
        verifier, nonce = generate_token(64), generate_token(32)
        url, state = self._client().create_authorization_url(
            self._endpoint("authorization_endpoint"), code_verifier=verifier, nonce=nonce
        )
        return Started(url, state, nonce, verifier)

    def finish(self, answer: Mapping[str, str], started: Started) -> Answered:
        """``answer`` are the parameters that the browser brought back; the caller has compared ``state``."""
        self._check_answer(answer)
        tokens = self._redeem(answer["code"], started.verifier)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise self._failed("it sent no ID token. Check that its scopes contain 'openid'.")
        try:
            claims = dict(self._claims_of(id_token))
            check_claims(claims, issuer=self._settings.issuer, client_id=self._settings.client_id, nonce=started.nonce)
        except Rejected as wrong:
            raise self._failed(f"the ID token {wrong}") from None
        return Answered(self._read(self._completed(claims, tokens)), id_token)

    def read_logout(self, token: str) -> SignedOut:
        """Who signed out there, from what it sends us by itself. Raises LogoutTokenRejected and ProviderUnavailable."""
        try:
            claims = self._claims_of(token)
            return read_logout(claims, issuer=self._settings.issuer, client_id=self._settings.client_id)
        except Rejected as wrong:
            raise LogoutTokenRejected(detail=str(wrong)) from None

    def sign_out_url(self, id_token: str | None) -> str | None:
        """Where the session there is ended, and the browser sent back. None where the provider has no such page.

        https://openid.net/specs/openid-connect-rpinitiated-1_0.html
        """
        address = self._known().get("end_session_endpoint")
        if not isinstance(address, str) or not self._is_safe(address):
            return None
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": f"{self._base_url}/sign-in"}
        asked |= {"id_token_hint": id_token} if id_token else {}
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            Requests(self.rules.label, self._secret),
            client_id=self._settings.client_id,
            client_secret=self._secret or None,
            token_endpoint_auth_method=self._authentication(),
            scope=self._settings.scopes,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def _authentication(self) -> str:
        if not self._secret:
            return "none"
        known = self._known().get("token_endpoint_auth_methods_supported") or []
        return "client_secret_post" if "client_secret_post" in known else "client_secret_basic"

    def _check_answer(self, answer: Mapping[str, str]) -> None:
        """``iss`` says which provider answered, so that none can answer for another (RFC 9207)."""
        told = answer.get("iss")
        is_promised = self._known().get("authorization_response_iss_parameter_supported") is True
        if (told is not None or is_promised) and told != self._settings.issuer:
            raise self._failed("the answer comes from another provider.")
        if "error" in answer:
            words = "you canceled." if answer["error"] == "access_denied" else f"it answered '{answer['error'][:60]}'."
            raise self._failed(words)
        if not answer.get("code"):
            raise self._failed("its answer is incomplete.")

    def _redeem(self, code: str, verifier: str) -> Mapping[str, Any]:
        try:
            tokens: Mapping[str, Any] = self._client().fetch_token(
                self._endpoint("token_endpoint"), code=code, code_verifier=verifier, grant_type="authorization_code"
            )
        except OAuth2Error as error:
            raise self._failed(f"it answered '{str(error.error)[:60]}'.") from None
        except (ValueError, TypeError, httpx.HTTPError):
            raise self._failed("it sent an unexpected answer.") from None
        return tokens

    def _claims_of(self, id_token: str) -> Mapping[str, Any]:
        try:
            return check_signature(id_token, self._known_keys())
        except UnknownKey:
            return check_signature(id_token, self._known_keys(again=True))

    def _completed(self, claims: dict[str, Any], tokens: Mapping[str, Any]) -> dict[str, Any]:
        """With what only the provider's user information says. It is about the same person, or is not read."""
        wanted = {"email", self._settings.groups_claim} if self.rules.roles or self.rules.teams else {"email"}
        address, access_token = self._known().get("userinfo_endpoint"), tokens.get("access_token")
        if wanted <= claims.keys() or not isinstance(address, str) or not isinstance(access_token, str):
            return claims
        if not self._is_safe(address):
            return claims
        more = Requests(self.rules.label, access_token).get_json(address, access_token)
        if more.get("sub") != claims["sub"]:
            raise self._failed("it described someone else.")
        if "email" not in claims:  # an address and whether it is verified belong together
            claims.pop("email_verified", None)
        elif "email_verified" not in claims:
            more.pop("email_verified", None)
        return {**more, **claims}

    def _read(self, claims: Mapping[str, Any]) -> Claims:
        email = _text(claims.get("email")).lower()
        groups = claims.get(self._settings.groups_claim)
        groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        verified = claims.get("email_verified")
        if verified is None:
            verified = claims.get("xms_edov")  # Entra ID's word for it
        return Claims(
            issuer=self._settings.issuer,
            subject=claims["sub"],
            email=email if _is_address(email) else None,
            email_verified=str(verified).lower() in {"true", "1"},
            name=_text(claims.get("name")) or None,
            user_name=_text(claims.get("preferred_username")) or None,
            groups=frozenset(one for one in groups if isinstance(one, str)),
        )

    def _known(self) -> dict[str, Any]:
        """The provider's metadata: OpenID Connect Discovery."""
        with self._lock:
            if self._metadata is None or time.monotonic() - self._metadata[0] > KEPT_SECONDS:
                if time.monotonic() < self._away_until:
                    raise ProviderUnavailable(provider=self.rules.label, detail="it didn't answer just now.")
                try:
                    self._metadata = (time.monotonic(), self._described())
                except ProviderUnavailable:
                    self._away_until = time.monotonic() + AWAY_SECONDS
                    raise
            return self._metadata[1]

    def _described(self) -> dict[str, Any]:
        issuer = self._settings.issuer
        found = self._requests().get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise self._failed("its metadata names another issuer. Correct the issuer in the settings.")
        return found

    def _known_keys(self, *, again: bool = False) -> KeySet:
        address = self._endpoint("jwks_uri")
        with self._lock:
            if again or self._keys is None or time.monotonic() - self._keys[0] > KEPT_SECONDS:
                self._keys = (time.monotonic(), _key_set(self._requests().get_json(address)))
            return self._keys[1]

    def _endpoint(self, name: str) -> str:
        address = self._known().get(name)
        if not isinstance(address, str) or not self._is_safe(address):
            raise self._failed(f"its metadata has no usable '{name}'.")
        return address

    def _is_safe(self, address: str) -> bool:
        """Encrypted, unless the issuer itself isn't, which only this machine may be."""
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.scheme in {"https", urlsplit(self._settings.issuer).scheme}

    def _requests(self) -> Requests:
        return Requests(self.rules.label)

    def _failed(self, detail: str) -> SignInFailed:
        return SignInFailed(provider=self.rules.label, detail=detail)


def _key_set(found: Mapping[str, Any]) -> KeySet:
    """Those that can be read: a provider may have others for other things."""
    listed = found.get("keys")
    keys = []
    for one in listed if isinstance(listed, list) else []:
        try:
            keys += KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, ValueError, TypeError, AttributeError):
            continue
    return KeySet(keys)


def _text(value: object) -> str:
    return " ".join(value.replace("\0", "").split())[:LONGEST_NAME] if isinstance(value, str) else ""


def _is_address(email: str) -> bool:
    local, sign, domain = email.rpartition("@")
    return bool(sign and local and domain and " " not in email and len(email) <= 254)
