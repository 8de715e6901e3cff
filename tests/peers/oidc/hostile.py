"""A provider that forges: its ID tokens say, and are signed with, whatever a test wants."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "afterword"


@dataclass(slots=True)
class Hostile:
    """``claims`` replace those of a correct ID token (None removes one); ``parameters`` those of the way back. With
    ``secret``, tokens are signed with that by HS256; an empty one stands for no signature."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    published: list[RSAKey] = field(default_factory=list)
    secret: bytes | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str | None] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    key_requests: int = 0
    _nonces: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Honest again, with a key that everyone may know."""
        self.key = self.published[0] if self.published else self.key
        self.published = [self.key]
        self.claims, self.parameters, self.metadata, self.secret = {}, {}, {}, None
        self.userinfo = None

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": ["none"],
            **self.metadata,
        }

    def redirected(self, query: dict[str, str]) -> str:
        code = f"code{len(self._nonces)}"
        self._nonces[code] = query["nonce"]
        answer: dict[str, str | None] = {"code": code, "state": query["state"], "iss": self.issuer, **self.parameters}
        return f"{query['redirect_uri']}?{urlencode({name: one for name, one in answer.items() if one is not None})}"

    def tokens(self, code: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "mallory",
            "nonce": self._nonces[code],
            "iat": now,
            "exp": now + 300,
            "email": "mallory@example.com",
            "email_verified": True,
            **self.claims,
        }
        id_token = self._signed(claims)
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": id_token}

    def logout_token(self, **claims: Any) -> str:
        """As it would tell us that Mallory signed out; ``claims`` as in ``self.claims``."""
        now = int(time.time())
        plain = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "mallory",
            "iat": now,
            "exp": now + 120,
            "jti": f"{time.time_ns()}",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        return self._signed({**plain, **claims})

    def _signed(self, claims: dict[str, Any]) -> str:
        known = {name: one for name, one in claims.items() if one is not None}
        if self.secret is not None:
            return _signed_by_hand(known, self.secret)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, known, self.key)


def _signed_by_hand(claims: dict[str, Any], secret: bytes) -> str:
    """As no library does it any more."""
    header = {"alg": "HS256" if secret else "none", "typ": "JWT"}
    text = b".".join(_encoded(json.dumps(one).encode()) for one in (header, claims))
    signature = hmac.new(secret, text, "sha256").digest() if secret else b""
    return (text + b"." + _encoded(signature)).decode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _handler(hostile: Hostile) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
            if path == "/authorize":
                self.send_response(302)
                self.send_header("Location", hostile.redirected({name: one[0] for name, one in query.items()}))
                self.end_headers()
            elif path == "/keys":
                hostile.key_requests += 1
                self._send({"keys": [one.as_dict(private=False) for one in hostile.published]})
            elif path == "/userinfo":
                self._send(hostile.userinfo or {})
            else:
                self._send(hostile.described())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._send(hostile.tokens(form["code"][0]))

        def _send(self, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    return Handler


@contextmanager
def running_hostile() -> Iterator[Hostile]:
    hostile = Hostile()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hostile))
    hostile.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hostile
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
