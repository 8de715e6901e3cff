"""A busy database, a locked record and a database that is away are told apart."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from api import errors
from models.session import StoreError
from tests.stack import Stack


async def no_connection_free(engine: AsyncEngine) -> None:
    async with engine.connect(), engine.connect():
        pass


async def row_locked(engine: AsyncEngine) -> None:
    other = create_async_engine(engine.url)
    try:
        async with engine.begin() as one, other.begin() as two:
            await one.execute(text("lock table command_argument"))
            await two.execute(text("set local lock_timeout = '10ms'"))
            await two.execute(text("select 1 from command_argument"))
    finally:
        await other.dispose()


async def away(engine: AsyncEngine) -> None:
    gone = create_async_engine(engine.url.set(query={"host": "/nowhere"}))
    async with gone.connect():
        pass


@pytest.mark.parametrize(
    ("problem", "code"),
    [(no_connection_free, "DatabaseBusy"), (row_locked, "RecordLocked"), (away, "StoreUnavailable")],
)
def test_each_has_its_own_code_and_sentence(stack: Stack, problem: object, code: str) -> None:
    async def ask() -> httpx.Response:
        engine = create_async_engine(stack.database_url, pool_size=1, max_overflow=0, pool_timeout=0.01)
        app = FastAPI()
        errors.install(app)

        @app.get("/api/problem")
        async def fail() -> None:
            await problem(engine)  # type: ignore[operator]

        try:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
                return await client.get("/api/problem")
        except (StoreError, OSError, DBAPIError) as error:
            raise AssertionError(f"{error!r} is no refusal") from error
        finally:
            await engine.dispose()

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["Retry-After"]
