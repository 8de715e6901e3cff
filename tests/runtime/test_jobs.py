"""Whatever number of workers there is, one of them does each background job."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from models.session import Sessions, make_engine, make_sessions
from runtime.background.jobs import HOLD, MARGIN, OnceOverAllWorkers
from tests.servers import servers


class Counted:
    def __init__(self) -> None:
        self.rounds = 0
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()

    async def round(self) -> None:
        self.rounds += 1
        self.begun.set()
        await self.may_end.wait()


@pytest.fixture
async def sessions() -> AsyncIterator[Sessions]:
    engine = make_engine(servers().database())
    yield make_sessions(engine)
    await engine.dispose()


async def test_one_worker_does_a_job(sessions: Sessions) -> None:
    counted = Counted()
    workers = [OnceOverAllWorkers(sessions, f"wrk_{one}", 1.0, counted.round) for one in range(3)]
    for _ in range(4):
        await asyncio.gather(*(one() for one in workers))
    assert counted.rounds == 4


async def test_nobody_takes_a_job_while_its_round_takes(sessions: Sessions) -> None:
    counted = Counted()
    counted.may_end.clear()
    first, second = (OnceOverAllWorkers(sessions, f"wrk_{one}", 1.0, counted.round) for one in range(2))
    running = asyncio.create_task(first())
    await counted.begun.wait()
    await second()
    assert counted.rounds == 1
    counted.may_end.set()
    await running


async def test_another_worker_takes_over_when_a_hold_has_ended(sessions: Sessions) -> None:
    """A worker asks again when its hold ends by its own clock: nobody else can have the job before that."""
    counted = Counted()
    first, again, second = (
        OnceOverAllWorkers(sessions, one, 1.0, counted.round) for one in ("wrk_0", "wrk_0", "wrk_1")
    )
    await first()
    await second()
    assert counted.rounds == 1
    async with sessions.begin() as session:
        await session.execute(text("update background_job set held_until = now() - interval '1 second'"))
    await second()
    await again()
    assert counted.rounds == 2


async def test_a_hold_is_asked_for_again_shortly_before_it_ends(sessions: Sessions) -> None:
    counted = Counted()
    job = OnceOverAllWorkers(sessions, "wrk_0", 1.0, counted.round)

    async def held_until() -> Any:
        async with sessions.begin() as session:
            return (await session.execute(text("select held_until from background_job"))).scalar_one()

    await job()
    first = await held_until()
    await job()
    assert await held_until() == first
    await asyncio.sleep(1.0 + HOLD - MARGIN + 0.1)
    await job()
    assert await held_until() > first
    assert counted.rounds == 3
