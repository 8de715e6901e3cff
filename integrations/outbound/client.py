"""What vendors that we speak HTTP with by ourselves share: one client that never shows a credential.

A stumble of any vendor (no network, no answer, 429, 5xx, an answer that is not of its API) becomes the vendor's own
``unavailable``, with the seconds to wait where the vendor told them; what a refusal means only the vendor's package
knows, so every other answer comes back to it. Nothing is sent twice: Temporal retries.

https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, cached_property
from typing import Annotated, Protocol, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, BaseModel, SecretStr, TypeAdapter, ValidationError

from integrations.outbound.bounded import exchange, trouble_in_words
from integrations.outbound.policy import AddressRefused, guarded

SECONDS = 10.0
"""How long one request may take to connect, and how long an answer may be silent."""
WORDS_LIMIT = 500

Params = Mapping[str, str | int | bool | Sequence[str]]
M = TypeVar("M")


def plain_token(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    token = value.get_secret_value().strip()
    if not re.fullmatch(r"[!-~]+", token):  # a line break would come back in the HTTP library's error text
        raise ValueError("a token can't contain spaces or special characters")
    return SecretStr(token)


def _plain_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("expected an address such as https://api.example.com, without credentials")
    return value.rstrip("/")


Token = Annotated[SecretStr | None, AfterValidator(plain_token)]
"""A credential that fits into a header."""
Address = Annotated[str, AfterValidator(_plain_address)]
"""Where an API is, without a slash at its end."""


def basic_authorization(account: str, secret: SecretStr) -> str:
    """What follows ``Authorization:`` (https://www.rfc-editor.org/rfc/rfc7617)."""
    return f"Basic {b64encode(f'{account}:{secret.get_secret_value()}'.encode()).decode()}"


def retry_after(answer: httpx.Response) -> float | None:
    """Seconds to wait by ``Retry-After``, in either of its forms; None where it is absent or neither."""
    told = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", told):
        return float(told)
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)


class Vendor(Protocol):
    """Whose requests they are, and what errors it knows."""

    kept_host: str | None
    calls: int
    request_id: str | None

    def unavailable(self, detail: str, retry_after: float | None = None) -> Exception:
        """A stumble, to be tried again."""

    def refused(self, detail: str) -> Exception:
        """What a person must correct."""


class HttpClient:
    """One vendor's requests: counted in its ``calls``, the last one's id in its ``request_id``.

    ``headers`` go with each request; ``hidden`` are the credentials that no text may show; ``request_id`` is the header
    that carries the vendor's id of a request; ``wait`` reads the seconds to wait out of a 429 or a 5xx.
    """

    def __init__(
        self,
        vendor: Vendor,
        base_url: str,
        headers: Mapping[str, str],
        *,
        hidden: Sequence[str] = (),
        request_id: str = "X-Request-Id",
        wait: Callable[[httpx.Response], float | None] = retry_after,
    ) -> None:
        self._vendor = vendor
        self._base_url = base_url
        self._headers = {"User-Agent": "afterword", "Accept": "application/json", **headers}
        self._hidden = [one for one in hidden if one]
        self._request_id = request_id
        self._wait = wait

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(
            headers=self._headers, timeout=SECONDS, verify=tls_for(self._base_url), follow_redirects=False
        )

    def close(self) -> None:
        """Safe to call twice, and without a request before."""
        if "_client" in self.__dict__:
            self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer to one request; ``path`` follows the base address. Its body is ``json``, a ``form``, or
        ``content``; without them there is none.

        Raises ``unavailable`` for a stumble and ``refused`` for a redirection, which is not followed:
        it may lead anywhere, and would take the credentials there.
        """
        self._vendor.calls += 1
        self._vendor.request_id = None
        asked: dict[str, object] = {"params": None if params is None else dict(params), "json": json}
        asked |= {"data": form, "content": content, "headers": headers}
        try:
            with guarded(self._base_url, self._vendor.kept_host):
                answer = exchange(self._client, method, f"{self._base_url}{path}", **asked)
        except AddressRefused as refused:
            raise self._vendor.refused(str(refused)) from None
        except Exception as error:
            raise self._vendor.unavailable(trouble_in_words(error)) from None
        self._vendor.request_id = answer.headers.get(self._request_id)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise self._vendor.unavailable(f"status {answer.status_code}", self._wait(answer))
        if answer.is_redirect:
            detail = "it redirects to another address. Correct the API address of this connection."
            raise self._vendor.refused(detail)
        return answer

    def decoded(self, answer: httpx.Response, shape: type[M] | TypeAdapter[M]) -> M:
        """The answer's JSON as ``shape``; raises ``unavailable`` where it is of another one: a proxy's page."""
        try:
            if isinstance(shape, TypeAdapter):
                return shape.validate_json(answer.content)
            if issubclass(shape, BaseModel):
                return shape.model_validate_json(answer.content)
            return TypeAdapter(shape).validate_json(answer.content)
        except (ValidationError, RecursionError):
            words = "it sent an unexpected answer. Check the API address of this connection."
            raise self._vendor.unavailable(words) from None

    def shown(self, words: str) -> str:
        """A vendor's words as an error may show them: short, on one line, without our credentials."""
        for secret in self._hidden:
            words = words.replace(secret, "***")
        return " ".join(words.replace("\0", "").split())[:WORDS_LIMIT]


def tls_for(url: str) -> ssl.SSLContext | bool:
    return False if urlsplit(url).scheme == "http" else _tls()


@cache
def _tls() -> ssl.SSLContext:
    """One for all: to make it takes 30 ms."""
    return httpx.create_ssl_context()
