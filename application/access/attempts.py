"""Guessing codes and tokens is limited for each address, over all API processes.

An IPv6 network of one customer (/64) counts as one address. The limit is far above what people mistype.
"""

import hashlib
import ipaddress
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import TooManyAttempts, TooManyLinks
from models.queries.access import attempts
from models.session import Session

WINDOW = timedelta(minutes=5)


class Guess(StrEnum):
    """What was wrong: the code or token of a form, a link in a mail, the token of a request to the API, or a link for
    outsiders."""

    FORM = "form"
    REQUEST = "request"
    LINK = "link"


LIMITS = {Guess.FORM: 20, Guess.REQUEST: 60, Guess.LINK: 60}
"""Wrong guesses in one window; more are refused until the next window."""


async def check_attempts(session: Session, guess: Guess, address: str, now: datetime) -> None:
    """Call it before you check a code. Raises TooManyAttempts."""
    if await attempts.count_attempts(session, _source(guess, address), _window(now)) >= LIMITS[guess]:
        raise TooManyAttempts()


async def count_wrong_attempt(session: Session, guess: Guess, address: str, now: datetime) -> bool:
    """Counts one; true if it was one too many. Commit the session in either case."""
    return await attempts.add_attempt(session, _source(guess, address), _window(now)) > LIMITS[guess]


TRIES = 10
TRIES_WITHIN = timedelta(minutes=15)


async def count_try(session: Session, what: str, address: str, now: datetime) -> bool:
    """Counts one try at what has a password; false, and not counted, if there were 10 in the last 15 minutes.

    Call it before you check the password, in a transaction of its own.
    """
    source = _source(f"password {what}", address)
    if await attempts.count_since(session, source, now - TRIES_WITHIN) >= TRIES:
        return False
    await attempts.add_attempt(session, source, now)
    return True


LINKS_FOR_ACCOUNT, LINKS_FROM_ADDRESS = 5, 30


async def count_link(session: Session, email: str, address: str, now: datetime) -> bool:
    """Counts a request for a sign-in link. False if that e-mail address had five in the last 15 minutes.

    It makes no difference whether anyone has that address. Call it in a transaction of its own. Raises TooManyLinks if
    the client's address asked for 30.
    """
    source = _source("link mail", address)
    account = f"link mail {hashlib.sha256(email.lower().encode()).hexdigest()}"
    if await attempts.count_since(session, source, now - TRIES_WITHIN) >= LINKS_FROM_ADDRESS:
        raise TooManyLinks()
    await attempts.add_attempt(session, source, now)
    if await attempts.count_since(session, account, now - TRIES_WITHIN) >= LINKS_FOR_ACCOUNT:
        return False
    await attempts.add_attempt(session, account, now)
    return True


def seconds_left(now: datetime) -> int:
    """Until the next window begins."""
    return int((_window(now) + WINDOW - now).total_seconds()) + 1


def _window(now: datetime) -> datetime:
    seconds = now.timestamp()
    return datetime.fromtimestamp(seconds - seconds % WINDOW.total_seconds(), now.tzinfo)


def _source(guess: str, address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"{guess} unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return f"{guess} {ipaddress.ip_network((found, 64), strict=False)}"
    return f"{guess} {getattr(found, 'ipv4_mapped', None) or found}"
