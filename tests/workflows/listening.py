"""People who receive messages: workers that can be stopped, an SMTP server, and one person's notifications workflow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import select
from temporalio.client import WorkflowHandle

from application.notifications import notices
from application.people.teams import add_team
from application.postmortems import opening
from application.postmortems.opening import NewPostmortem
from domain.access import Role
from models.integration import Integration
from models.keyring import Keyring
from models.notification import Message, Notice, ReceiverState
from models.person import Person
from models.postmortem import Postmortem
from models.queries.escalation import policies
from models.queries.notifications import outbox
from models.session import make_engine, make_sessions
from models.team import Team
from runtime.dispatch import Dispatch
from tests.peers.smtp import Mailbox
from tests.workflows.lab import SECTIONS, STORE, Crew, Lab, _environment, alive, own_client
from worker import build_workers

KEYRING = Keyring("k")
BASE_URL = "http://afterword.test"

T = TypeVar("T")


def monday() -> date:
    """The Monday after the next one, so that there is time before it."""
    today = datetime.now(UTC).date()
    return today + timedelta(days=14 - today.weekday())


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """``day`` 0 is that Monday; UTC."""
    return datetime.combine(monday() + timedelta(days=day), time(hour, minute), tzinfo=UTC)


@dataclass(slots=True)
class Room:
    """Everybody works Monday to Friday, 9 to 17 UTC, unless they say otherwise."""

    lab: Lab
    box: Mailbox
    workers: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start_workers(self, *, sending: bool = True) -> None:
        self.workers = AsyncExitStack()
        known = build_workers(await own_client(self.lab.env), self.lab.sessions, KEYRING, STORE, BASE_URL)
        for one in known[: 2 if sending else 1]:
            await self.workers.enter_async_context(one)

    async def stop_workers(self) -> None:
        await self.workers.aclose()

    async def connect(self, kind: str, config: dict[str, Any], secrets: dict[str, object], **columns: Any) -> str:
        integration_id = f"int_{uuid4().hex[:12]}"
        async with self.lab.sessions.begin() as session:
            row = Integration(id=integration_id, kind=kind, name=f"A {kind}", config=config, **columns)
            row.secrets = KEYRING.seal(secrets)
            session.add(row)
        return integration_id

    async def connect_mail(self, box: Mailbox | None = None, **secrets: object) -> str:
        box = box or self.box
        config = {"host": box.host, "port": box.port, "security": "NONE", "fromAddress": "afterword@acme.example"}
        return await self.connect("email", config, secrets)

    async def disconnect(self, integration_id: str) -> None:
        async with self.lab.sessions.begin() as session:
            (await session.get_one(Integration, integration_id)).is_enabled = False

    async def integration(self, integration_id: str) -> Integration:
        async with self.lab.sessions.begin() as session:
            return await session.get_one(Integration, integration_id)

    async def listener(self, role: Role = Role.RESPONDER, **columns: Any) -> "Listener":
        person_id = await self.lab.person(role)
        listener = Listener(self, person_id)
        await listener.change(**columns)
        return listener

    async def team(self, url: str, *member_ids: str) -> "Listener":
        """Its channel is an address of apprise."""
        channel_id = await self.connect("apprise", {}, {"url": url})
        team_id = f"team_{uuid4().hex[:12]}"
        async with self.lab.sessions.begin() as session:
            await add_team(session, team_id=team_id, name=team_id, lead_id=None, member_ids=member_ids)
            row = await session.get_one(Team, team_id)
            row.channel_id, row.channel_address = channel_id, ""
        return Listener(self, team_id)

    async def postmortem(
        self, author_id: str, title: str = "Outage", team_ids: Sequence[str] = (), **columns: Any
    ) -> str:
        """A draft, without a workflow."""
        new = NewPostmortem(
            id=f"pm_{uuid4().hex[:12]}",
            title=title,
            author_id=author_id,
            columns=SECTIONS,
            timeline=[],
            resolved_at=None,
            started_by_person=True,
            team_ids=team_ids,
        )
        async with self.lab.sessions.begin() as session:
            assert await opening.open_postmortem(session, None, new, datetime.now(UTC))
            row = await session.get_one(Postmortem, new.id)
            for name, value in columns.items():
                setattr(row, name, value)
        return new.id


@dataclass(frozen=True, slots=True)
class Listener:
    """A person or a team, and the workflow that speaks to them."""

    room: Room
    id: str

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        return self.room.lab.client.get_workflow_handle(f"voice-{self.id}")

    @property
    def address(self) -> str:
        return f"{self.id.removeprefix('user_')}@example.com"

    async def change(self, **columns: Any) -> None:
        async with self.room.lab.sessions.begin() as session:
            person = await session.get_one(Person, self.id)
            for name, value in columns.items():
                setattr(person, name, value)
            await session.flush()
            await outbox.requeue(session, self.id)

    async def is_told(self, kind: str, when: datetime, **facts: Any) -> None:
        """The row is committed; nobody has woken the workflow."""
        async with self.room.lab.sessions.begin() as session:
            await notices.notify(session, [self.id], kind, uuid4().hex, at=when, **facts)

    async def wake(self) -> None:
        assert await Dispatch(self.room.lab.client, alive).wake_notifications(self.id)

    async def until(self, when: datetime) -> None:
        """Wakes the workflow and lets its clock go to that instant; a workflow that has ended stays so."""
        await self.wake()
        await self.pass_to(when)

    async def pass_to(self, when: datetime) -> None:
        ahead = when - await self.room.lab.env.get_current_time(self.handle)
        await self.room.lab.fast_forward(self.handle, ahead)

    # What came of it

    def letters(self) -> list[EmailMessage]:
        return self.room.box.to(self.address)

    async def messages(self) -> list[Message]:
        async with self.room.lab.sessions.begin() as session:
            statement = select(Message).where(Message.receiver_id == self.id).order_by(Message.created_at, Message.id)
            return list((await session.execute(statement)).scalars())

    async def notices(self) -> list[Notice]:
        async with self.room.lab.sessions.begin() as session:
            statement = select(Notice).where(Notice.person_id == self.id).order_by(Notice.created_at, Notice.id)
            return list((await session.execute(statement)).scalars())

    async def outcomes(self) -> list[str | None]:
        return [one.outcome for one in await self.notices()]

    async def voice(self) -> ReceiverState:
        async with self.room.lab.sessions.begin() as session:
            return await session.get_one(ReceiverState, self.id)


async def eventually(check: Callable[[], Awaitable[T]], seconds: float = 90) -> T:
    """The first answer of ``check`` that holds."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await check():
                return found
            await asyncio.sleep(0.02)


def plain(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@asynccontextmanager
async def opened_room(database_url: str, box: Mailbox, *settings: str) -> AsyncIterator[Room]:
    engine = make_engine(database_url)
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        await policies.ensure_default_policy(session)
    async with await _environment(settings) as env:
        room = Room(Lab(env, sessions, database_url, Crew(env, sessions)), box)
        await room.start_workers()
        try:
            yield room
        finally:
            await room.stop_workers()
    await engine.dispose()
