"""Short-lived tokens of calendars and video services: RFC 6749, 4.4 and 6; RFC 7523.

A token lives as long as the instance that asked for it, which serves one task, and is never kept or logged.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel

from domain.errors import CredentialsRejected
from integrations.outbound.client import HttpClient, Vendor


class _Token(BaseModel):
    access_token: str


def fetch_token(
    vendor: Vendor,
    label: str,
    url: str,
    form: Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    hidden: list[str],
) -> str:
    """Raises CredentialsRejected, and the vendor's own stumbles and refusals."""
    parts = urlsplit(url)
    client = HttpClient(vendor, f"{parts.scheme}://{parts.netloc}", headers or {}, hidden=hidden)
    try:
        answer = client.send("POST", parts.path, form=form)
        if answer.status_code in {400, 401, 403}:
            raise CredentialsRejected(tracker=label)
        if answer.status_code != 200:
            raise vendor.refused(f"status {answer.status_code}")
        return client.decoded(answer, _Token).access_token
    finally:
        client.close()


def origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
