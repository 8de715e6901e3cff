"""Review meetings in the lab, and their recorded histories."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update
from temporalio.client import WorkflowHandle

from application.meetings.planning import cancel_all
from domain.access import Visibility
from models.integration import Integration
from models.meeting import Meeting, MeetingAttendee
from models.postmortem import Postmortem
from tests.workflows.case import Case
from tests.workflows.documents import worker_of
from tests.workflows.lab import KEYRING, Lab
from workflows.meeting import MeetingStart, MeetingWorkflow
from workflows.queues import MEETINGS_QUEUE, TASK_QUEUE

Recorded = AsyncIterator[tuple[str, WorkflowHandle[Any, Any]]]


async def meeting(
    lab: Lab, starts_in: timedelta, *, connection: Integration | None = None, guests: int = 1
) -> tuple[Case, str, WorkflowHandle[Any, Any]]:
    """Of a draft that everyone sees; the workflow of the postmortem itself is over. Its organizer is the author."""
    case, key = await lab.postmortem(), f"mtg_{uuid4().hex}"
    await case.handle.terminate()
    people = [case.author_id, *[await lab.person() for _ in range(guests)]]
    async with lab.sessions.begin() as session:
        seen = update(Postmortem).where(Postmortem.id == case.id).values(visibility=Visibility.ORGANIZATION.value)
        await session.execute(seen)
        if connection is not None:
            session.add(connection)
            await session.flush()
        now = datetime.now(UTC).replace(microsecond=0)
        row = Meeting(
            id=key,
            postmortem_id=case.id,
            title="Postmortem review: Payment API outage",
            starts_at=now + starts_in,
            minutes=45,
            time_zone="UTC",
            organizer_id=case.author_id,
            created_by_id=case.author_id,
            integration_id=connection.id if connection else None,
            calendar_state="PENDING" if connection else None,
        )
        session.add(row)
        await session.flush()
        for one in people:
            session.add(MeetingAttendee(meeting_id=key, address=f"{one}@example.com", person_id=one, name=one))
    handle = await lab.client.start_workflow(
        MeetingWorkflow.run, MeetingStart(key), id=f"meeting-{key}", task_queue=TASK_QUEUE
    )
    return case, key, handle


async def row_of(lab: Lab, key: str) -> Meeting:
    async with lab.sessions.begin() as session:
        return (await session.execute(select(Meeting).where(Meeting.id == key))).scalar_one()


async def meeting_reminded(lab: Lab) -> Recorded:
    """Nothing is connected: people are reminded, and the organizer is asked at the end."""
    async with worker_of(lab, MEETINGS_QUEUE):
        _, _, handle = await meeting(lab, timedelta(hours=1))
        await lab.fast_forward(handle, timedelta(hours=3))
        await handle.result()
    yield "meeting_reminded", handle


async def meeting_untold(lab: Lab) -> Recorded:
    """Its calendar doesn't answer, until it is canceled and the connection is gone."""
    key = f"int_{uuid4().hex}"
    config = {"baseUrl": "http://localhost:9/calendar"}
    connection = Integration(id=key, kind="caldav", name="Calendar", config=config, secrets=KEYRING.seal({}))
    async with worker_of(lab, MEETINGS_QUEUE):
        case, _, handle = await meeting(lab, timedelta(days=3), connection=connection)
        await lab.fast_forward(handle, timedelta(minutes=30))
        async with lab.sessions.begin() as session:
            await session.execute(
                update(Integration).where(Integration.id == key).values(disconnected_at=datetime.now(UTC))
            )
            await cancel_all(session, None, case.id, "The postmortem was archived.")
        await handle.signal(MeetingWorkflow.look_again)
        await lab.fast_forward(handle, timedelta(minutes=30))
        await handle.result()
    yield "meeting_untold", handle
