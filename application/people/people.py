"""Adding and changing people."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit, change_row
from application.people import administrators, teams
from domain.access import Role, Viewer
from domain.errors import AlreadyExists
from models.base import new_id
from models.person import Person
from models.queries.notifications.outbox import requeue
from models.queries.people import people
from models.session import Session

OnDeactivation = Callable[[Session, Viewer, str, datetime], Awaitable[None]]
"""What happens to the work of someone who leaves: ``application.escalation`` decides that, and is above this area."""


async def create_person(
    session: Session,
    viewer: Viewer,
    *,
    email: str,
    name: str,
    handle: str,
    role: Role,
    time_zone: str,
    team_ids: Iterable[str],
) -> str:
    """The id of the new person. Raises AlreadyExists or UnknownReference."""
    person = await add_person(session, person_id=new_id("user"), email=email, name=name, handle=handle, role=role)
    person.time_zone = time_zone
    await teams.set_teams_of(session, viewer, person.id, team_ids)
    audit(session, viewer, "user.created", "user", person.id, after={"role": role.value})
    return person.id


async def add_person(
    session: Session, *, person_id: str, email: str, name: str, handle: str, role: Role, active: bool = True
) -> Person:
    """Adds a person, or completes the placeholder that a webhook made for this e-mail address.

    Raises AlreadyExists if the handle or the e-mail address is taken.
    """
    email = email.lower()
    placeholder = await people.find_inactive_by_email(session, email)
    await _check_handle(session, handle, placeholder)
    if placeholder is not None:
        placeholder.name, placeholder.handle, placeholder.role, placeholder.is_active = name, handle, role.value, active
        placeholder.left_at = None
        placeholder.version += 1
        await session.flush()
        return placeholder
    person = await people.insert_person(
        session, person_id=person_id, email=email, name=name, handle=handle, role=role, is_active=active
    )
    if person is None:
        raise AlreadyExists(kind="user", field="email", value=email)
    return person


async def _check_handle(session: Session, handle: str, owner: Person | None) -> None:
    holder = await people.find_id_by_handle(session, handle)
    if holder is not None and (owner is None or holder != owner.id):
        raise AlreadyExists(kind="user", field="handle", value=handle)


async def change_person(
    session: Session, viewer: Viewer, person_id: str, changes: Mapping[str, Any], expected: int | None
) -> Person:
    """Raises NotFound, StaleVersion or AlreadyExists (the handle)."""
    person = await people.get_person_for_update(session, person_id)
    if handle := changes.get("handle"):
        await _check_handle(session, handle, person)
    change_row(session, viewer, "user", person, changes, expected)
    await session.flush()
    return person


async def manage_person(
    session: Session,
    viewer: Viewer,
    person_id: str,
    changes: Mapping[str, Any],
    expected: int | None,
    *,
    team_ids: Iterable[str] | None,
    now: datetime,
    on_deactivation: OnDeactivation,
) -> None:
    """What an administrator changes about somebody; ``team_ids=None`` leaves their teams alone.

    Raises NotFound, StaleVersion, UnknownReference, AlreadyExists or LastAdministrator.
    """
    await administrators.check_one_stays(session, person_id, changes)
    was_active = (await people.get_person(session, person_id)).is_active
    person = await change_person(session, viewer, person_id, changes, expected)
    if "is_active" in changes:
        person.left_at = None if person.is_active else person.left_at or now
    if was_active and changes.get("is_active") is False:
        await on_deactivation(session, viewer, person_id, now)
    await requeue(session, person_id)
    if team_ids is not None:
        await teams.set_teams_of(session, viewer, person_id, team_ids)
