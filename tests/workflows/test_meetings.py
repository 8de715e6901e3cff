"""Review meetings with a clock of their own: who is told what, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from domain.meetings.meeting import CHECK_ROW, DAY_BEFORE, RIGHT_BEFORE
from models.integration import Integration
from models.notification import Notice
from models.postmortem import Postmortem
from tests.workflows.documents import worker_of
from tests.workflows.lab import Lab
from tests.workflows.meetings import meeting, row_of
from workflows.meeting import MeetingWorkflow
from workflows.queues import MEETINGS_QUEUE


@pytest.fixture(autouse=True)
async def without_mail(lab: Lab) -> None:
    """Other tests leave connections to servers that are gone."""
    async with lab.sessions.begin() as session:
        await session.execute(update(Integration).where(Integration.kind == "email").values(is_enabled=False))


async def notices(lab: Lab, key: str) -> dict[str, list[datetime]]:
    """By kind, when each receiver's came."""
    found: dict[str, list[datetime]] = {}
    async with lab.sessions.begin() as session:
        rows = await session.execute(select(Notice).where(Notice.meeting_id == key).order_by(Notice.created_at))
        for one in rows.scalars():
            found.setdefault(one.kind, []).append(one.created_at)
    return found


async def test_people_are_reminded_once_at_the_right_times(lab: Lab) -> None:
    async with worker_of(lab, MEETINGS_QUEUE):
        case, key, handle = await meeting(lab, timedelta(days=2, minutes=7), guests=2)
        await lab.fast_forward(handle, timedelta(days=3))
        await handle.result()
    row, told = await row_of(lab, key), await notices(lab, key)
    assert {kind: len(times) for kind, times in told.items()} == {
        "meeting_scheduled": 2,
        "meeting_tomorrow": 3,
        "meeting_begins": 3,
        "meeting_ended": 1,
    }
    due = {
        "meeting_tomorrow": row.starts_at - DAY_BEFORE,
        "meeting_begins": row.starts_at - RIGHT_BEFORE,
        "meeting_ended": row.starts_at + timedelta(minutes=row.minutes),
    }
    for kind, when in due.items():
        assert all(timedelta(0) <= one - when < timedelta(minutes=1) for one in told[kind]), (kind, when, told[kind])
    assert row.next_at is None
    assert case.id


async def test_a_meeting_that_is_moved_is_reminded_of_anew(lab: Lab) -> None:
    async with worker_of(lab, MEETINGS_QUEUE):
        _, key, handle = await meeting(lab, timedelta(hours=2))
        await lab.fast_forward(handle, timedelta(minutes=30))
        assert set(await notices(lab, key)) == {"meeting_scheduled", "meeting_tomorrow"}
        async with lab.sessions.begin() as session:
            row = await session.merge(await row_of(lab, key))
            row.starts_at += timedelta(days=3)
        await handle.signal(MeetingWorkflow.look_again)
        await lab.fast_forward(handle, timedelta(hours=2))
        assert "meeting_begins" not in await notices(lab, key)
        await lab.fast_forward(handle, timedelta(days=4))
        await handle.result()
    told = await notices(lab, key)
    assert (len(told["meeting_tomorrow"]), len(told["meeting_begins"]), len(told["meeting_ended"])) == (4, 2, 1)


async def test_it_looks_again_though_nothing_is_due(lab: Lab) -> None:
    """At the title, say: an invitation shows the one of today."""
    async with worker_of(lab, MEETINGS_QUEUE):
        case, key, handle = await meeting(lab, timedelta(days=5))
        await lab.fast_forward(handle, timedelta(minutes=1))
        before = await row_of(lab, key)
        async with lab.sessions.begin() as session:
            found = (await session.execute(select(Postmortem).where(Postmortem.id == case.id))).scalar_one()
            found.title = "Checkout outage"
        await lab.fast_forward(handle, CHECK_ROW + timedelta(minutes=1))
        after = await row_of(lab, key)
        assert after.title == "Postmortem review: Checkout outage"
        assert (after.sequence, after.told_request) == (before.sequence + 1, after.request)
        assert after.next_at is not None
        assert after.next_at > datetime.now(UTC)
        await handle.terminate()
