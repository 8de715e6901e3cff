"""Ending the sessions of people who signed out at their identity provider, which sends us a logout token."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from application.access.sign_in import SESSION_PREFIX
from application.audit.audit_log import audit
from domain.errors import CredentialsLocked
from domain.identities import SignedOut, claims_in
from models.keyring import Keyring
from models.person import ApiToken
from models.queries.access import tokens
from models.session import Session

AT_ONCE = 200
LEEWAY = timedelta(seconds=60)
"""By how much the provider's clock and ours may differ."""


async def end_sessions_at_provider(
    session: Session, keyring: Keyring, provider: str, signed_out: SignedOut, now: datetime
) -> int:
    """Ends the sessions that began with that account and, if it says so, in that session there; how many these were.

    Those that began after the provider said so go on, so that it can say so twice.
    """
    begun_by, count, after = signed_out.at + LEEWAY, 0, ""
    while page := await tokens.list_sessions_of_provider(
        session, provider, SESSION_PREFIX, now, begun_by, after=after, limit=AT_ONCE
    ):
        count += _end(session, keyring, page, signed_out, now)
        after = page[-1].id
    return count


def _end(session: Session, keyring: Keyring, page: Sequence[ApiToken], signed_out: SignedOut, now: datetime) -> int:
    over = [one for one in page if signed_out.ends(claims_in(_id_token(keyring, one)))]
    for one in over:
        one.revoked_at = now
        after = {"userId": one.person_id, "provider": one.provider}
        audit(session, None, "session.ended", "token", one.id, origin="web", after=after)
    return len(over)


def _id_token(keyring: Keyring, token: ApiToken) -> str:
    """Empty where the secret key has changed: such a session can only be ended from here."""
    try:
        return str(keyring.open(token.id_token).get("idToken", ""))
    except CredentialsLocked:
        return ""
