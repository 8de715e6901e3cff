"""Random schedules: a meeting is changed here and in the calendar, connections break, and at last both say the same."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from application.meetings import telling
from application.meetings.planning import ask_to_tell
from application.people.people import add_person
from application.postmortems.opening import NewPostmortem, open_postmortem
from domain.access import Role
from domain.meetings.meeting import Response
from integrations.meetings.calendar import CalendarUnavailable
from models.integration import Integration
from models.keyring import Keyring
from models.meeting import Meeting, MeetingAttendee
from models.queries.escalation import policies
from models.session import Sessions, make_engine, make_sessions
from tests.nightly import tried
from tests.peers.calendars.google import GooglePeer
from tests.peers.calendars.microsoft import MicrosoftPeer
from tests.peers.calendars.peer import CalendarPeer
from tests.peers.calendars.radicale import RadicalePeer
from tests.peers.tracker_peer import Fault
from tests.servers import servers

SCHEDULES = tried(12, 70)
"""For each of three calendars; each has ten steps."""
STEPS = 10
KEYRING = Keyring("both sides")
BASE = "https://afterword.example.com"
AT = (datetime.now(UTC) + timedelta(days=30)).replace(minute=0, second=0, microsecond=0)


class Both:
    """A meeting here, and its event there."""

    def __init__(self, sessions: Sessions, peer: CalendarPeer, meeting_id: str, dice: random.Random) -> None:
        self.sessions, self.peer, self.id, self.dice = sessions, peer, meeting_id, dice
        self.answered: dict[str, Response] = {}

    async def row(self) -> Meeting:
        async with self.sessions.begin() as session:
            return (await session.execute(select(Meeting).where(Meeting.id == self.id))).scalar_one()

    async def change_here(self) -> None:
        async with self.sessions.begin() as session:
            row = (await session.execute(select(Meeting).where(Meeting.id == self.id).with_for_update())).scalar_one()
            if self.dice.random() < 0.5:
                row.starts_at = AT + timedelta(hours=self.dice.randrange(48))
            else:
                row.location = self.dice.choice([None, "Room 4", "Room 5"])
            row.sequence += 1
            ask_to_tell(row)

    async def change_there(self) -> None:
        if self.peer.events():
            at = AT + timedelta(hours=self.dice.randrange(48), minutes=30)
            self.peer.someone_moves(at, self.dice.choice([30, 45, 60]))

    async def answer_there(self) -> None:
        if self.peer.events():
            address = self.dice.choice(["bob@acme.example", "cy@acme.example"])
            response = self.dice.choice([Response.ACCEPTED, Response.DECLINED, Response.TENTATIVE])
            self.peer.someone_answers(address, response)
            self.answered[address] = response

    async def tell(self) -> None:
        row = await self.row()
        if row.told_request < row.request:
            await telling.tell(self.sessions, KEYRING, self.id, datetime.now(UTC), BASE)

    async def check(self) -> None:
        await telling.check(self.sessions, KEYRING, self.id, datetime.now(UTC), BASE)

    async def interrupted(self) -> None:
        self.peer.cut_off(self.dice.randint(1, 4), self.dice.choice([Fault.LOST_ANSWER, Fault.RESET, Fault.LIMITED]))
        with suppress(CalendarUnavailable):
            await self.dice.choice([self.tell, self.check])()
        self.peer.cut = None
        self.peer.faults.clear()

    def steps(self) -> list[Callable[[], Awaitable[None]]]:
        kinds = [self.change_here, self.change_there, self.answer_there, self.tell, self.check, self.interrupted]
        return [self.dice.choice(kinds) for _ in range(STEPS)]


async def new_meeting(sessions: Sessions, peer: CalendarPeer, mark: str) -> str:
    connection = f"int_{mark}"
    async with sessions.begin() as session:
        await policies.ensure_default_policy(session)
        name = f"a{mark}"
        ann = f"user_{name}"
        await add_person(
            session, person_id=ann, email=f"{name}@acme.example", name="Ann", handle=name, role=Role.RESPONDER
        )
        assert await open_postmortem(session, None, NewPostmortem(f"pm_{mark}", "Both", ann), datetime.now(UTC))
        secrets = KEYRING.seal(dict(peer.secrets))
        session.add(Integration(id=connection, kind=peer.kind, name=mark, config=dict(peer.config), secrets=secrets))
        await session.flush()
        session.add(
            Meeting(
                id=f"mtg_{mark}",
                postmortem_id=f"pm_{mark}",
                title="Postmortem review: Both",
                starts_at=AT,
                minutes=45,
                time_zone="Europe/Berlin",
                organizer_id=ann,
                created_by_id=ann,
                integration_id=connection,
                calendar_state="PENDING",
                created_at=datetime.now(UTC),
            )
        )
        await session.flush()
        for address in ("bob@acme.example", "cy@acme.example"):
            session.add(MeetingAttendee(meeting_id=f"mtg_{mark}", address=address, name=address))
    return f"mtg_{mark}"


@pytest.fixture(scope="module")
def database() -> str:
    """One that no worker knows of."""
    return servers().database()


@pytest.fixture(params=[GooglePeer, MicrosoftPeer, RadicalePeer], ids=lambda one: one.kind)
def peer(request: pytest.FixtureRequest) -> Iterator[CalendarPeer]:
    made: CalendarPeer = request.param()
    with made.running():
        yield made


async def play(database: str, peer: CalendarPeer, seed: int) -> None:
    engine = make_engine(database)
    sessions = make_sessions(engine)
    dice = random.Random(seed)
    both = Both(sessions, peer, await new_meeting(sessions, peer, uuid4().hex[:12]), dice)
    said: list[str] = []
    for step in both.steps():
        said.append(step.__name__)
        await step()
    for _ in range(6):
        await both.tell()
        await both.check()
    row = await both.row()
    (event,) = peer.events()
    here = (row.starts_at, row.minutes, row.location or "")
    assert here == (event.starts_at, event.minutes, event.location), (seed, said)
    assert row.told_request == row.request, (seed, said)
    async with sessions.begin() as session:
        guests = await session.execute(select(MeetingAttendee).where(MeetingAttendee.meeting_id == row.id))
        known = {one.address: Response(one.response) for one in guests.scalars()}
    assert known == dict(event.guests) == dict.fromkeys(known, Response.NEEDS_ACTION) | both.answered, (seed, said)
    assert [one.what for one in peer.notices].count("invited") <= 1, (seed, said)
    await engine.dispose()


def test_both_sides_end_up_the_same(database: str, peer: CalendarPeer) -> None:
    for seed in range(SCHEDULES):
        asyncio.run(play(database, peer, seed))
        clear(peer)


def clear(peer: Any) -> None:
    """The next meeting finds an empty calendar."""
    if isinstance(peer, RadicalePeer):
        peer.someone_deletes()
    else:
        peer.held.clear()
    peer.notices.clear()
