"""What every vendor's webhook has: headers in any case, a signature over the raw bytes, a body of a known shape."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from domain.errors import BadSignature, MalformedWebhook

M = TypeVar("M", bound=BaseModel)


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


def secret_list(secret: SecretStr | None) -> Sequence[str]:
    """The secrets in a comma-separated list, without blanks."""
    given = secret.get_secret_value() if secret else ""
    return [one for one in (part.strip() for part in given.split(",")) if one]


def payload(model: type[M], body: bytes) -> M:
    """``body`` as ``model``; raises ``MalformedWebhook`` that names the first place that does not fit."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise MalformedWebhook(where=where, what=first["msg"]) from None
