"""What a process finds out about its database before it works: whether it can hold our text, whether it is migrated,
and whether this process has the keys that the others have."""

import asyncio
from pathlib import Path

import structlog

from domain.errors import CredentialsLocked
from models.keyring import Keyring
from models.queries import installation
from models.queries.installation import DatabaseState
from models.session import LOCK_TIMEOUT, Session, Sessions, SettingsRefused, StoreError
from runtime.processes import CannotStart

log = structlog.get_logger()

VERSIONS = Path(__file__).resolve().parents[1] / "migrations" / "versions"
SCHEMA_VERSION = max(one.name.partition("_")[0] for one in VERSIONS.glob("[0-9]*.py"))
"""The newest migration of this version of Afterword; a test holds it to Alembic's head."""

SAMPLE = 20
"""How many stored credentials are tried when no check value exists yet."""

_POOLER = (
    "the database doesn't keep the settings of our connections, as behind a pooler like PgBouncer. Set"
    " AFTERWORD_DATABASE_URL to the address of PostgreSQL (15 or newer) itself; Afterword has a pool of its own"
    " (AFTERWORD_DATABASE_CONNECTIONS)."
)
_KNOWN = {"afterword": "key check"}


class SchemaBehind(Exception):
    """The database lacks migrations that this version needs; somebody will run ``afterword migrate``."""

    def __init__(self, version: str | None) -> None:
        found = f"is at version {version}" if version else "has no tables yet"
        super().__init__(
            f"the database {found}, but this version needs {SCHEMA_VERSION}: run `afterword migrate` first"
        )


async def require_fit(sessions: Sessions, keyring: Keyring) -> None:
    """Raises :class:`CannotStart` for what stays wrong until somebody changes a setting, :class:`SchemaBehind` for what
    a migration changes, and an error of the database where it is away."""
    async with sessions.begin() as session:
        state = await read_usable(session)
        _require_schema(state.schema_version)
        await _require_keys(session, keyring)


async def wait_until_fit(sessions: Sessions, keyring: Keyring) -> None:
    """:func:`require_fit`, asked every second until the database and its migration are there. Raises CannotStart."""
    while True:
        try:
            await require_fit(sessions, keyring)
        except (SchemaBehind, StoreError, OSError) as passing:
            log.warning("waiting for the database", reason=str(passing)[:200])
            await asyncio.sleep(1)
        else:
            return


async def read_usable(session: Session) -> DatabaseState:
    """Raises :class:`CannotStart` if it can't hold our text, or doesn't keep the settings of our connections."""
    try:
        state = await installation.read_state(session)
    except SettingsRefused as refusal:
        raise CannotStart(f"{_POOLER} It says: {refusal}") from None
    if state.encoding != "UTF8":
        raise CannotStart(
            f"the database's encoding is {state.encoding}, which can't hold every text. "
            "Create one with `createdb --encoding UTF8 --template template0` and use that"
        )
    if state.lock_timeout != LOCK_TIMEOUT:
        raise CannotStart(_POOLER)
    return state


async def require_migrated(session: Session) -> None:
    """Raises :class:`SchemaBehind`."""
    _require_schema(await installation.find_schema_version(session))


def _require_schema(version: str | None) -> None:
    """A newer schema is fine: during an upgrade the old version's processes go on until they are replaced."""
    if version is None or version < SCHEMA_VERSION:
        raise SchemaBehind(version)


async def _require_keys(session: Session, keyring: Keyring) -> None:
    check = await installation.find_key_check(session)
    if check is None:
        # an older version left credentials without a check value: the keys must open at least one of them
        stored = await installation.list_some_sealed(session, SAMPLE)
        if not stored or any(_opens(keyring, one) for one in stored):
            await installation.insert_key_check(session, seal_check(keyring))
            check = await installation.find_key_check(session)
    if check is None or not _opens(keyring, check):
        raise CannotStart(
            "AFTERWORD_SECRET_KEY can't decrypt what this database's other processes encrypted. Set it to the key that"
            " they have. If it is lost, run `afterword rotate-keys --discard-unreadable`; then everyone signs in again,"
            " and the credentials of each connection must be entered again"
        )


def seal_check(keyring: Keyring) -> bytes:
    return keyring.seal(_KNOWN)


def _opens(keyring: Keyring, sealed: bytes) -> bool:
    try:
        keyring.open(sealed)
    except CredentialsLocked:
        return False
    return True
