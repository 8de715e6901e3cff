"""Guessing codes and tokens is limited for each address, over all API processes.

An IPv6 network of one customer (/64) counts as one address. The limit is far above what people mistype.
"""

import ipaddress
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import TooManyAttempts
from models.queries.access import attempts
from models.session import Session

WINDOW = timedelta(minutes=5)


class Guess(StrEnum):
    """What was wrong: the code or token of a form, a link in a mail, or the token of a request to the API."""

    FORM = "form"
    REQUEST = "request"


LIMITS = {Guess.FORM: 20, Guess.REQUEST: 60}
"""Wrong guesses in one window; more are refused until the next window."""


async def check_attempts(session: Session, guess: Guess, address: str, now: datetime) -> None:
    """Call it before you check a code. Raises TooManyAttempts."""
    if await attempts.count_attempts(session, _source(guess, address), _window(now)) >= LIMITS[guess]:
        raise TooManyAttempts()


async def count_wrong_attempt(session: Session, guess: Guess, address: str, now: datetime) -> bool:
    """Counts one; true if it was one too many. Commit the session in either case."""
    return await attempts.add_attempt(session, _source(guess, address), _window(now)) > LIMITS[guess]


def seconds_left(now: datetime) -> int:
    """Until the next window begins."""
    return int((_window(now) + WINDOW - now).total_seconds()) + 1


def _window(now: datetime) -> datetime:
    seconds = now.timestamp()
    return datetime.fromtimestamp(seconds - seconds % WINDOW.total_seconds(), now.tzinfo)


def _source(guess: Guess, address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"{guess} unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return f"{guess} {ipaddress.ip_network((found, 64), strict=False)}"
    return f"{guess} {getattr(found, 'ipv4_mapped', None) or found}"
