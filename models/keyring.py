"""Credentials at rest: a Fernet token over the JSON of a connection's secrets."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from domain.errors import CredentialsLocked


class Keyring:
    """Keys are any texts, separated by commas, newest first: the first one encrypts, each one decrypts."""

    def __init__(self, keys: str) -> None:
        texts = [one.strip() for one in keys.split(",") if one.strip()]
        self._texts = texts
        self._fernet = MultiFernet([Fernet(_fernet_key(one)) for one in texts])

    def seal(self, secrets: Mapping[str, object]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, sealed: bytes | None) -> dict[str, object]:
        """Raises :class:`CredentialsLocked`."""
        if not sealed:
            return {}
        try:
            opened: dict[str, object] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise CredentialsLocked() from None
        return opened

    def rotate(self, sealed: bytes) -> bytes:
        """The same, sealed anew with the first key. Raises :class:`CredentialsLocked`."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise CredentialsLocked() from None

    def sign(self, purpose: str, text: str) -> str:
        """``text`` with a signature that holds for that purpose alone."""
        return f"{text}.{_signature(self._texts[0], purpose, text)}"

    def unsign(self, purpose: str, token: str) -> str | None:
        """The text, None where it was not signed here for that purpose."""
        text, _, signature = token.rpartition(".")
        given = signature.encode(errors="replace")
        known = [_signature(one, purpose, text).encode() for one in self._texts]
        fits = [hmac.compare_digest(one, given) for one in known]
        return text if any(fits) else None


def _signature(key: str, purpose: str, text: str) -> str:
    message = f"{purpose}\x00{text}".encode(errors="replace")
    return hmac.new(hashlib.sha256(b"afterword signatures\x00" + key.encode()).digest(), message, "sha256").hexdigest()


def _fernet_key(text: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"afterword credentials\x00" + text.encode()).digest())
