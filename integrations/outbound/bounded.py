"""Answers of other people's servers are read up to a size, and within a time, whatever they send.

``exchange`` does it for httpx, and an :class:`Adapter` for the libraries that speak with ``requests``. Neither follows
a redirection.
"""

import io
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import requests
import requests.adapters
import urllib3
import urllib3.exceptions

ANSWER_LIMIT = 10 * 1024 * 1024
"""Bytes of one answer, unpacked."""
ANSWER_SECONDS = 30.0
"""From the request to the last byte."""
CHUNK = 65_536


class AnswerTooLarge(OSError):
    """Its text continues "GitHub is unavailable: "."""

    def __init__(self) -> None:
        super().__init__(f"its answer is larger than {ANSWER_LIMIT // 1024**2} MB")


class AnswerTooSlow(OSError):
    def __init__(self) -> None:
        super().__init__(f"its answer takes longer than {ANSWER_SECONDS:.0f} seconds")


def trouble_in_words(error: Exception) -> str:
    """Why there was no answer, without anything of what came: our own words, or the class of a library's error."""
    return str(error) if isinstance(error, AnswerTooLarge | AnswerTooSlow) else type(error).__name__


def exchange(client: httpx.Client, method: str, url: str, **request: Any) -> httpx.Response:
    """The whole answer. Raises :class:`AnswerTooLarge`, :class:`AnswerTooSlow`, and what httpx raises."""
    deadline = time.monotonic() + ANSWER_SECONDS
    with client.stream(method, url, follow_redirects=False, **request) as answer:
        body = _collect(answer.iter_bytes(), deadline)
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in _OF_TRANSPORT]
        return httpx.Response(answer.status_code, headers=headers, content=body, request=answer.request)


_OF_TRANSPORT = {"content-encoding", "content-length", "transfer-encoding"}


class Adapter(requests.adapters.HTTPAdapter):
    """To be mounted in a session of ``requests``."""

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, *rest: Any, **named: Any
    ) -> requests.Response:
        del stream
        deadline = time.monotonic() + ANSWER_SECONDS
        response = super().send(request, True, *rest, **named)
        try:
            body = _collect(_parts(response.raw), deadline)
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(type(error).__name__) from None
        finally:
            response.raw.close()
        response.raw = io.BytesIO(body)
        return response


def _parts(raw: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """As they come: ``stream`` would wait for a whole chunk, however slowly it comes."""
    while part := raw.read1(CHUNK, decode_content=True):
        yield part


def _collect(chunks: Iterable[bytes], deadline: float) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > ANSWER_LIMIT:
            raise AnswerTooLarge
        if time.monotonic() > deadline:
            raise AnswerTooSlow
    return bytes(body)
