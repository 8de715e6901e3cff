"""Who somebody is: by the table of accounts, else by the e-mail address that Slack vouches for."""

import asyncio

from domain.access import Viewer
from integrations.slack.actions import Asker
from models.person import Person
from models.queries.chat import chat
from models.queries.people.people import get_viewer_unscoped
from models.session import Session
from runtime.chat.desk import ORIGIN, Connection, Desk, Known, Stranger


async def identify(desk: Desk, connection: Connection, asker: Asker, *, patience: float = 10.0) -> Known:
    """Raises :class:`Stranger`, CredentialsRejected, SlackRefused or SlackUnavailable."""
    async with desk.sessions.begin() as session:
        person = await chat.find_person(session, connection.id, asker.id)
        if person is not None:
            return await _known(session, person, asker)
    user = await asyncio.to_thread(connection.slack(patience).find_user, asker.id)
    if user is None:
        raise Stranger(asker, "Slack says that there is no such account.")
    if user.trusted_email is None:
        raise Stranger(asker, "guests, bots and people of other organisations are not matched by e-mail.")
    async with desk.sessions.begin() as session:
        person = await chat.match_person(session, connection.id, asker.id, user.trusted_email, user.name)
        if person is None:
            raise Stranger(asker, "nobody active has your e-mail address there.")
        return await _known(session, person, asker)


async def _known(session: Session, person: Person, asker: Asker) -> Known:
    if not person.is_active:
        raise Stranger(asker, "your account there is deactivated.")
    viewer: Viewer = await get_viewer_unscoped(session, person.id, ORIGIN)
    return Known(person, viewer, asker.id)
