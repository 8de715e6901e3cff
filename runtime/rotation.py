"""Re-encrypts stored credentials after ``AFTERWORD_SECRET_KEY`` gets a new first key. Safe to run twice."""

from application.audit.audit_log import audit
from domain.errors import CredentialsLocked
from models.queries.connections import connections
from runtime.connections import open_database, open_keyring
from runtime.settings import Settings

AT_ONCE = 100


async def rotate_keys(settings: Settings) -> tuple[int, list[str]]:
    """Returns how many connections' credentials were re-encrypted, and the ids of those that no key can decrypt."""
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
                    audit(session, None, "integration.key_rotated", "integration", row.id, origin="cli")
                    done += 1
            if not rows:
                return done, locked
            after = rows[-1].id
    finally:
        await database.close()
