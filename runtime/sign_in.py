"""One-time links to the web pages, for whoever runs Afterword."""

import hashlib
import secrets
from datetime import UTC, datetime

from models.queries.access import sign_in
from models.queries.people import people
from runtime.connections import open_database
from runtime.processes import CannotStart
from runtime.settings import Settings


async def make_link(settings: Settings, name: str) -> str:
    """The address; only a hash of its code is kept. Raises CannotStart where nobody active has that name."""
    code = secrets.token_urlsafe(24)
    database = open_database(settings)
    async with database.sessions.begin() as session:
        person = await people.find_by_name(session, name)
        if person is None or not person.is_active:
            raise CannotStart(f"there is no active person called '{name}'")
        await sign_in.add_link(session, person.id, hashlib.sha256(code.encode()).digest(), datetime.now(UTC))
    await database.close()
    return f"{settings.base_url}/sign-in?code={code}"
