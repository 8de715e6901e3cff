"""The organization always has an active administrator."""

from collections.abc import Mapping
from typing import Any

from domain.access import Role
from domain.errors import LastAdministrator
from models.queries.people import people
from models.session import Session


async def check_one_stays(session: Session, person_id: str, changes: Mapping[str, Any]) -> None:
    """Raises LastAdministrator if these changes would leave the organization without an active administrator.

    Locks all of them, so that of two people who demote each other at the same time the second is refused. Call it
    before the person is locked: everyone locks administrators in the same order.
    """
    stays = changes.get("role", Role.ADMIN) == Role.ADMIN and changes.get("is_active") is not False
    if not stays and await people.lock_administrators(session) == [person_id]:
        raise LastAdministrator()
