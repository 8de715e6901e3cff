"""Changing where and when a person works."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from application.people.people import change_person
from domain.access import Viewer
from models.queries.escalation.responsibilities import restart_workflows
from models.queries.notifications.outbox import requeue
from models.queries.people import calendars
from models.queries.people.calendars import Region
from models.session import Session


async def change_calendar(
    session: Session,
    viewer: Viewer,
    person_id: str,
    changes: Mapping[str, Any],
    expected: int | None,
    *,
    holidays: tuple[Region, frozenset[date]] | None,
) -> None:
    """Replaces the calendar; pending reminders are planned again.

    ``holidays`` are the public holidays of the person's region, if they have one. Raises NotFound or StaleVersion.
    """
    await change_person(session, viewer, person_id, changes, expected)
    if holidays is not None:
        await calendars.insert_holidays(session, *holidays)
    await restart_workflows(session, person_id)
    await requeue(session, person_id)
