"""After ``AFTERWORD_SECRET_KEY`` has a new first key: seals what the others sealed with that one. Safe to run twice."""

from domain.errors import CredentialsLocked
from models.queries.audit import records
from models.queries.connections import connections
from runtime.connections import open_database, open_keyring
from runtime.settings import Settings

AT_ONCE = 100


async def rotate_keys(settings: Settings) -> tuple[int, list[str]]:
    """How many connections' credentials were sealed anew, and the ids of those that no key opens."""
    database, keyring = open_database(settings), open_keyring(settings)
    done, locked, after = 0, [], ""
    try:
        while True:
            async with database.sessions.begin() as session:
                rows = await connections.list_sealed_unscoped(session, after, AT_ONCE)
                for row in rows:
                    try:
                        row.secrets = keyring.rotate(row.secrets or b"")
                    except CredentialsLocked:
                        locked.append(row.id)
                        continue
                    records.audit(session, None, "integration.key_rotated", "integration", row.id, origin="cli")
                    done += 1
            if not rows:
                return done, locked
            after = rows[-1].id
    finally:
        await database.close()
