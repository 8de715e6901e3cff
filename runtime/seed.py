"""The first start: default policy, templates, the administrator of the bootstrap token, demo data. Safe to repeat."""

from datetime import UTC, datetime

from application.access.tokens import hash_token
from application.content.templates import ensure_starting_templates
from application.demo import data as demo
from application.people.people import add_person
from domain.access import Role
from models.base import derived_id
from models.queries.access.tokens import insert_token
from models.queries.escalation import policies
from models.queries.people import people
from models.session import Session
from runtime.connections import open_database
from runtime.settings import Settings

ADMIN_ID = "user_admin"


async def seed(settings: Settings) -> None:
    database = open_database(settings)
    now = datetime.now(UTC)
    async with database.sessions.begin() as session:
        await policies.ensure_default_policy(session)
        await ensure_starting_templates(session)
        token = settings.bootstrap_token.get_secret_value().strip() if settings.bootstrap_token else ""
        if token:
            await _administrator(session, token)
        if settings.demo and await people.find_person(session, demo.PEOPLE[0][0]) is None:
            await demo.insert_demo_data(session, now)
    await database.close()


async def _administrator(session: Session, token: str) -> None:
    if await people.find_person(session, ADMIN_ID) is None:
        await add_person(
            session,
            person_id=ADMIN_ID,
            email="admin@afterword.localhost",
            name="Administrator",
            handle="admin",
            role=Role.ADMIN,
        )
    hashed = hash_token(token)
    await insert_token(
        session,
        token_id=derived_id("tok", "bootstrap", hashed.hex()),
        person_id=ADMIN_ID,
        name="Bootstrap",
        token_hash=hashed,
        scopes=["read", "write", "admin"],
        expires_at=None,
    )
