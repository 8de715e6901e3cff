"""The sync log and recorded webhooks don't grow forever; what may still be needed stays."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, event, func, insert, select, text

from integrations.object_store import ObjectStore
from models.integration import Integration, SyncAttempt, WebhookDelivery
from models.queries.connections.deliveries import NewDelivery, insert_delivery
from models.session import make_engine, make_sessions
from runtime.background.retention import BATCH_SIZE, KEEP_ATTEMPTS, KEEP_DELIVERIES, Retention

DAY = timedelta(days=1)


async def with_retention(database: str, check: Any) -> None:
    engine = make_engine(database)
    sessions, statements = make_sessions(engine), []

    def note(_: Connection, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await check(sessions, Retention(sessions, ObjectStore("file:///tmp/afterword-nothing-here")), statements)
    finally:
        await engine.dispose()


def delivery(integration: str, received: datetime, handled: datetime | None) -> dict[str, Any]:
    row = {"kind": "console", "integration_id": integration, "headers": {}, "body": b"{}", "attempts": 0}
    return row | {"delivery_id": uuid4().hex, "received_at": received, "handled_at": handled, "result": "applied"}


def attempt(integration: str, at: datetime) -> dict[str, Any]:
    return {"integration_id": integration, "direction": "IN", "operation": "webhook", "result": "ok", "at": at}


def test_old_rows_go_in_batches_and_others_stay(database: str) -> None:
    async def check(sessions: Any, retention: Retention, statements: list[str]) -> None:
        now, here = datetime.now(UTC), f"int_{uuid4().hex}"
        old, young = now - KEEP_DELIVERIES - DAY, now - KEEP_DELIVERIES + DAY
        settled = [delivery(here, old, old) for _ in range(BATCH_SIZE + 5)]
        kept = [
            delivery(here, old - 100 * DAY, None),  # never settled
            delivery(here, old, young),  # settled late, or once more
            delivery(here, young, young),
        ]
        attempts = [attempt(here, now - KEEP_ATTEMPTS - DAY) for _ in range(2 * BATCH_SIZE + 5)]
        recent = [attempt(here, now - KEEP_ATTEMPTS + DAY), attempt(here, now)]
        async with sessions.begin() as session:
            await session.execute(text("truncate sync_attempt, webhook_delivery"))
            session.add(Integration(id=here, kind="console", name="c", config={}))
            await session.flush()
            await session.execute(insert(WebhookDelivery), settled + kept)
            await session.execute(insert(SyncAttempt), attempts + recent)
        statements.clear()
        await retention.delete_old()
        deletes = [one.partition(" WHERE")[0] for one in statements if one.startswith("DELETE")]
        assert deletes.count("DELETE FROM sync_attempt") == 3
        assert deletes.count("DELETE FROM webhook_delivery") == 2

        async with sessions.begin() as session:
            left = set((await session.execute(select(WebhookDelivery.delivery_id))).scalars())
            assert left == {one["delivery_id"] for one in kept}
            assert (await session.execute(select(func.count()).select_from(SyncAttempt))).scalar_one() == len(recent)
            for one, is_new in ((kept[2], False), (settled[0], True)):
                again = await insert_delivery(session, NewDelivery("console", here, one["delivery_id"], {}, b"{}"), now)
                assert (again is not None) is is_new

    asyncio.run(with_retention(database, check))
