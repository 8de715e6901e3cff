"""Checking a logout token: OpenID Connect Back-Channel Logout 1.0, 2.6."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.identities import SignedOut
from integrations.sign_in.id_token import LEEWAY, Rejected, number_in

EVENT = "http://schemas.openid.net/event/backchannel-logout"
NEWEST_SECONDS = 600
"""How old a token without an end may be."""
LONGEST_ID = 255


def read_logout(claims: Mapping[str, Any], *, issuer: str, client_id: str, now: float | None = None) -> SignedOut:
    """Who signed out. Raises Rejected.

    Tokens are not remembered by their ids: one that is sent again ends no session that began after it.
    """
    now = time.time() if now is None else now
    audiences, events = claims.get("aud"), claims.get("events")
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if claims.get("iss") != issuer:
        raise Rejected("comes from another issuer")
    if not isinstance(audiences, list) or client_id not in audiences:
        raise Rejected("is meant for another application")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise Rejected("says nothing about signing out")
    if "nonce" in claims:
        raise Rejected("has a nonce, so it is an ID token")
    if _id_in(claims, "jti") is None:
        raise Rejected("lacks the claim 'jti'")
    issued = number_in(claims, "iat")
    ends = number_in(claims, "exp") if "exp" in claims else issued + NEWEST_SECONDS
    if ends <= now - LEEWAY:
        raise Rejected("has expired")
    if issued > now + LEEWAY:
        raise Rejected("is from the future: the clocks differ")
    subject, session_id = _id_in(claims, "sub"), _id_in(claims, "sid")
    if subject is None and session_id is None:
        raise Rejected("doesn't say who signed out")
    return SignedOut(issuer, subject, session_id, datetime.fromtimestamp(issued, UTC))


def _id_in(claims: Mapping[str, Any], name: str) -> str | None:
    """Raises Rejected for one that is there and no usable text: ignoring it would sign out others, too."""
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
        raise Rejected(f"has an unusable claim '{name}'")
    return value
