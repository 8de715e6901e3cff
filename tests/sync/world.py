"""One item, its ticket, all that happened to them, and a push that waits before each of its transactions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from application.action_items.items import add_item
from application.people.people import add_person
from application.postmortems import opening
from application.postmortems.opening import NewPostmortem
from domain.access import Role, Viewer
from integrations import registry
from integrations.ticket import Ticket as TheirTicket
from integrations.tracker import Tracker
from models.action_item import Ticket
from models.integration import Integration, PersonAccount
from models.keyring import Keyring
from models.queries.postmortems import postmortems
from models.session import Session, Sessions

SECRET = "a console's secret"

KEYRING = Keyring("schedules")


class Doorkeeper:
    """Transactions for one push, which waits before each of them until it is let in."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._let_in = asyncio.Semaphore(0)
        self.waits = asyncio.Event()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Session]:
        self.waits.set()
        await self._let_in.acquire()
        self.waits.clear()
        async with self._sessions.begin() as session:
            yield session

    def let_one_in(self) -> None:
        self.waits.clear()
        self._let_in.release()


@dataclass
class World:
    """One item, one ticket, and all that happened to them."""

    sessions: Sessions
    config: dict[str, Any]
    integration_id: str
    item_id: str
    ticket_id: str
    people: dict[str, str]
    shown: dict[tuple[str, str], list[str | None]] = field(default_factory=dict)
    """Side and field: each value that it has shown, in order."""
    edits: dict[tuple[str, str], tuple[str | None, frozenset[str | None]]] = field(default_factory=dict)
    """Side and field: the last edit there, and what that side had shown before it."""

    def board(self, account: str = "afterword") -> Tracker:
        return registry.connect("console", self.config | {"account": account}, {})

    def card(self) -> TheirTicket | None:
        return self.board().find(self.ticket_id)


async def new_world(sessions: Sessions) -> World:
    mark, now = uuid4().hex[:10], datetime.now(UTC)
    names = {f"u_{one}_{mark}": one for one in ("ada", "bo")}
    async with sessions.begin() as session:
        for person, name in names.items():
            await add_person(
                session,
                person_id=person,
                email=f"{person}@example.com",
                name=name,
                handle=f"{name}{mark}",
                role=Role.RESPONDER,
            )
        author = next(iter(names))
        new = NewPostmortem(f"pm_{mark}", "A schedule", author, started_by_person=False)
        assert await opening.open_postmortem(session, None, new, now)
        seen = await postmortems.get_visible(session, Viewer(author, Role.RESPONDER), new.id)
        values = {"description": "title 0", "details": "body 0", "owner_id": author, "priority": "HIGH"}
        await add_item(session, Viewer(author, Role.RESPONDER), seen, f"ai_{mark}", values, now)
        config = {"project": f"S{mark[:8].upper()}"}
        secrets = KEYRING.seal({"webhookSecret": SECRET})
        session.add(Integration(id=f"int_{mark}", kind="console", name="c", config=config, secrets=secrets))
        await session.flush()
        for person, name in names.items():
            session.add(
                PersonAccount(
                    id=f"pa_{person}", integration_id=f"int_{mark}", person_id=person, account=name, source="MANUAL"
                )
            )
        session.add(
            Ticket(
                id=f"tkt_{mark}",
                action_item_id=f"ai_{mark}",
                integration_id=f"int_{mark}",
                tracker="console",
                link_state="pending",
                created_at=now,
            )
        )
    return World(sessions, config, f"int_{mark}", f"ai_{mark}", f"tkt_{mark}", names)
