"""Saying that one's page of a postmortem is open, and reading who else has it open."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.access import Viewer
from domain.live.presence import Here
from models.queries.live import receivers
from models.queries.postmortems.postmortems import get_visible
from models.session import Session


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody else who has the postmortem open and may see it."""

    person_id: str
    name: str
    sections: tuple[str, ...]


async def check_may_be_here(session: Session, viewer: Viewer, postmortem_id: str) -> None:
    """Raises NotFound."""
    await get_visible(session, viewer, postmortem_id)


async def list_present(session: Session, viewer: Viewer, postmortem_id: str, here: Sequence[Here]) -> list[Present]:
    """Of those who are ``here``, all but the viewer, who must be one who may see the postmortem."""
    others = [one for one in here if one.person_id != viewer.person_id]
    if not others:
        return []
    names = await receivers.read_names_of_seeing(session, postmortem_id, [one.person_id for one in others])
    return [Present(one.person_id, names[one.person_id], one.sections) for one in others if one.person_id in names]
