"""Signatures of GitLab's webhooks: https://www.standardwebhooks.com"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.errors import BadSignature
from integrations.webhook import header

FRESH = timedelta(minutes=5)
"""How far the time of a signed webhook may be from ours (https://www.standardwebhooks.com)."""


def signing_key(secret: str) -> bytes:
    """The key in a signing token, 32 bytes; one made of any other secret."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return hashlib.sha256(secret.encode()).digest()


def check_standard_signature(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    number, stamp = header(headers, "webhook-id") or "", header(headers, "webhook-timestamp") or ""
    given = (header(headers, "webhook-signature") or "").encode(errors="replace").split()
    signed = f"{number}.{stamp}.".encode(errors="replace") + body
    made = [hmac.new(signing_key(secret), signed, hashlib.sha256).digest() for secret in secrets]
    wanted = [b"v1," + base64.b64encode(one) for one in made]
    matches = [hmac.compare_digest(one, other) for one in wanted for other in given]
    if not any(matches):
        raise BadSignature(detail="no secret of this connection matches it.")
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(int(stamp) - now.timestamp()) > FRESH.total_seconds():
        raise BadSignature(detail="it was signed more than five minutes ago, or its clock is wrong.")
