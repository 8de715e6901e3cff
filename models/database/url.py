"""The address of the database as people have it: SQLAlchemy's spelling, or the one that managed databases print."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SCHEMES = ("postgresql+asyncpg", "postgresql", "postgres")

NOT_OURS = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "prepared_statement_cache_size",
        "requirepeer",
        "tcp_user_timeout",
    }
)
"""Options of libpq and SQLAlchemy that asyncpg would send to the server, which refuses what it doesn't know. What they
ask for is what asyncpg does anyway, or a time limit that we set ourselves."""


class BadDatabaseUrl(ValueError):
    """Its text says what is wrong, without the address, which contains a password."""


def driver_url(given: str) -> str:
    """The same address for asyncpg, which reads libpq's options (``sslmode``, ``sslrootcert``, ``host``) by itself.

    See https://magicstack.github.io/asyncpg/current/api/index.html#connection. Raises :class:`BadDatabaseUrl`.
    """
    try:
        parts = urlsplit(given.strip())
        _ = parts.port
    except ValueError:
        raise BadDatabaseUrl("isn't a URL: percent-encode special characters in the password") from None
    if parts.scheme not in SCHEMES:
        raise BadDatabaseUrl("must start with postgresql+asyncpg://, postgresql://, or postgres://")
    options = parse_qsl(parts.query, keep_blank_values=True)
    kept = [("sslmode" if name == "ssl" else name, value) for name, value in options if name not in NOT_OURS]
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(kept, safe="/"), ""))
