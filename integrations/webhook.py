"""What every vendor's webhook has: headers in any case, a signature over the raw bytes, a body of a known shape."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import from_json

from domain.errors import BadSignature, MalformedWebhook

M = TypeVar("M", bound=BaseModel)
GENERIC_SIGNATURE_HEADERS = ("X-Hub-Signature-256", "X-Afterword-Signature")


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header by its name in any case; None where it is absent or empty."""
    return next((value for key, value in headers.items() if key.lower() == name.lower() and value), None)


def needed_header(headers: Mapping[str, str], name: str) -> str:
    """As :func:`header`; raises ``MalformedWebhook`` where it is absent."""
    value = header(headers, name)
    if value is None:
        raise MalformedWebhook(where=name, what="the header is missing")
    return value


def sha256_signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 of ``body`` in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def check_signature(signature: str | None, body: bytes, secret: SecretStr | None) -> None:
    """Raises ``BadSignature`` unless ``signature`` is the hexadecimal HMAC-SHA256 of ``body``.

    ``secret`` may hold several, separated by commas, while one is being replaced. Takes the same time wherever the
    signatures differ; fails closed without a signature or a secret.
    """
    if not signature:
        raise BadSignature(detail="the request has no signature.")
    keys = secret_list(secret)
    if not keys:
        raise BadSignature(detail="this connection has no webhook secret.")
    given = signature.encode(errors="replace")
    matches = [hmac.compare_digest(sha256_signature(key, body).encode(), given) for key in keys]
    if not any(matches):
        raise BadSignature(detail="no secret of this connection matches it.")


def check_signatures(given: Iterable[str], body: bytes, secrets: Sequence[str]) -> None:
    """Raises ``BadSignature`` unless one of ``given`` is the hexadecimal HMAC-SHA256 of ``body`` under a secret.

    The time taken does not tell how near a guess came.
    """
    signatures = [one.strip().lower().encode(errors="replace") for one in given]
    keys = [one for one in secrets if one.strip()]
    if not signatures:
        raise BadSignature(detail="the request has no signature in this source's format.")
    if not keys:
        raise BadSignature(detail="this connection has no webhook secret.")
    expected = [sha256_signature(key, body).encode() for key in keys]
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures):
        raise BadSignature(detail="no secret of this connection matches it.")


def check_generic_signature(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    """As :func:`check_signatures`, for a delivery in this project's own form: signed as GitHub signs its own."""
    given = (header(headers, name) or "" for name in GENERIC_SIGNATURE_HEADERS)
    parts = (part.strip() for value in given for part in value.split(","))
    check_signatures([part.removeprefix("sha256=") for part in parts if part.startswith("sha256=")], body, secrets)


def secret_list(secret: SecretStr | None) -> Sequence[str]:
    """The secrets in a comma-separated list, without blanks."""
    given = secret.get_secret_value() if secret else ""
    return [one for one in (part.strip() for part in given.split(",")) if one]


class Body(bytes):
    """A webhook's bytes as they came. Their JSON is parsed once, however many shapes are tried on it."""

    @cached_property
    def document(self) -> Any:
        """Raises ``MalformedWebhook``."""
        try:
            return from_json(self)
        except ValueError as error:
            raise MalformedWebhook(where="body", what=f"Invalid JSON: {error}") from None


def form_payload(headers: Mapping[str, str], body: bytes) -> bytes:
    """The JSON in the field ``payload`` of a form, as some vendors send it if asked to; ``body`` where it is no form.
    Raises ``MalformedWebhook``."""
    kind = (header(headers, "Content-Type") or "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return body
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        fields = {}
    if len(fields.get("payload", ())) != 1:
        raise MalformedWebhook(where="payload", what="the form has no such field")
    return Body(fields["payload"][0].encode(errors="replace"))


def payload(model: type[M], body: bytes) -> M:
    """``body`` as ``model``; raises ``MalformedWebhook`` that names the first place that does not fit."""
    document = body.document if isinstance(body, Body) else Body(body).document
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise MalformedWebhook(where=where, what=first["msg"]) from None
