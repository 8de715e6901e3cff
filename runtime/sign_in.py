"""One-time sign-in links, for the operator of Afterword."""

from datetime import UTC, datetime

from application.access import sign_in
from models.queries.people import people
from runtime.connections import open_database
from runtime.processes import CannotStart
from runtime.settings import Settings


async def make_link(settings: Settings, name: str) -> str:
    """The link's address. Raises CannotStart if no active person has that name."""
    database = open_database(settings)
    async with database.sessions.begin() as session:
        person = await people.find_by_name(session, name)
        if person is None or not person.is_active:
            raise CannotStart(f"there is no active person called '{name}'")
        link = await sign_in.create_link(session, person.id, datetime.now(UTC))
    await database.close()
    return f"{settings.base_url}/sign-in?code={link.code}"
