"""Setting up an installation without administrators: who has the code from the server's log becomes the first."""

import hmac
from datetime import datetime

from application.access.sign_in import Browser, start_session
from application.audit.audit_log import audit
from application.people.people import add_person
from application.people.teams import create_team
from domain.access import Role, Viewer
from domain.errors import AlreadySetUp, WrongSetUpCode
from models.base import new_id
from models.keyring import Keyring
from models.queries.people import people
from models.queries.people.identities import lock_sign_in
from models.session import Session

PURPOSE = "first administrator"
CODE_LENGTH = 24


def set_up_code(keyring: Keyring) -> str:
    """The same in all processes and after each start, because it follows from the secret key."""
    signature = keyring.sign(PURPOSE, "").rpartition(".")[2][:CODE_LENGTH]
    return "-".join(signature[at : at + 6] for at in range(0, CODE_LENGTH, 6))


async def needs_set_up(session: Session) -> bool:
    return not await people.has_administrator(session)


async def create_first_administrator(
    session: Session,
    keyring: Keyring,
    *,
    code: str,
    name: str,
    email: str,
    handle: str,
    team: str,
    time_zone: str,
    now: datetime,
    browser: Browser,
) -> str:
    """The id of their session. ``team`` is a name, empty for none.

    Raises AlreadySetUp, WrongSetUpCode, AlreadyExists.
    """
    await lock_sign_in(session, PURPOSE)
    if not await needs_set_up(session):
        raise AlreadySetUp()
    if not hmac.compare_digest(code.strip().lower().encode(), set_up_code(keyring).encode()):
        raise WrongSetUpCode()
    person = await add_person(session, person_id=new_id("user"), email=email, name=name, handle=handle, role=Role.ADMIN)
    person.time_zone = time_zone
    await session.flush()
    viewer = Viewer(person.id, Role.ADMIN, origin="web")
    after = {"role": person.role, "email": person.email}
    audit(session, viewer, "user.first_administrator", "user", person.id, after=after)
    if team:
        await create_team(session, viewer, name=team, lead_id=person.id, member_ids=[])
    return (await start_session(session, person, now, browser)).id
