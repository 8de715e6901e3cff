"""Checking an ID token: OpenID Connect Core, 3.1.3.7."""

import time
from collections.abc import Mapping
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

LEEWAY = 60
"""Seconds by which the provider's clock and ours may differ."""
LONGEST = 100_000
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures that only the provider can make. With the secret of a client (HS256), others could, too."""


class Rejected(Exception):
    """Its text says what is wrong, after "The ID token"."""


class UnknownKey(Rejected):
    """Signed with a key that we don't know: the provider may have a new one."""


def key_id_of(token: str) -> tuple[str | None, str]:
    """The id of the key, if it names one, and the algorithm. Raises Rejected."""
    if len(token) > LONGEST:
        raise Rejected("is too long")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        raise Rejected("can't be read") from None
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Rejected("is signed with an algorithm that isn't allowed")
    kid = header.get("kid")
    return (kid if isinstance(kid, str) else None), algorithm


def check_signature(token: str, keys: KeySet) -> Mapping[str, Any]:
    """The token's claims. Raises Rejected, and UnknownKey."""
    kid, algorithm = key_id_of(token)
    fitting = [one for one in keys.keys if _fits(one, algorithm) and (kid is None or one.kid == kid)]
    if not fitting:
        raise UnknownKey("is signed with an unknown key")
    for key in fitting:
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError):
            continue
    raise Rejected("has a wrong signature")


def _fits(key: Key, algorithm: str) -> bool:
    kind = {"R": "RSA", "P": "RSA", "E": "EC"}[algorithm[0]] if algorithm != "EdDSA" else "OKP"
    return key.key_type == kind and key.get("use") in {None, "sig"} and key.get("alg") in {None, algorithm}


def check_claims(
    claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: float | None = None
) -> None:
    """Raises Rejected."""
    now = time.time() if now is None else now
    audiences = claims.get("aud")
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if claims.get("iss") != issuer:
        raise Rejected("comes from another issuer")
    if not isinstance(audiences, list) or client_id not in audiences:
        raise Rejected("is meant for another application")
    if claims.get("azp", client_id) != client_id or (len(audiences) > 1 and "azp" not in claims):
        raise Rejected("is meant for another application")
    if not isinstance(claims.get("sub"), str) or not claims["sub"] or len(claims["sub"]) > 255:
        raise Rejected("doesn't say who signed in")
    if claims.get("nonce") != nonce:
        raise Rejected("belongs to another sign-in")
    if number_in(claims, "exp") <= now - LEEWAY:
        raise Rejected("has expired")
    if number_in(claims, "iat") > now + LEEWAY or ("nbf" in claims and number_in(claims, "nbf") > now + LEEWAY):
        raise Rejected("is from the future: the clocks differ")


def number_in(claims: Mapping[str, Any], name: str) -> float:
    """Raises Rejected."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected(f"lacks the claim '{name}'")
    return float(value)
