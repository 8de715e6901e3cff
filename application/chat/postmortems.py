"""Finds, describes and opens postmortems for people who ask in a chat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.chat.channels import find_channel_subject
from application.chat.people import ChatPerson
from application.escalation.targets import TargetProgress, list_target_progress
from application.incidents.opening import open_from_incident
from application.postmortems.opening import NewPostmortem, open_postmortem
from domain import access
from domain.access import Verb, Viewer
from domain.chat import read_pointer, shorten
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.base import derived_id
from models.postmortem import Postmortem
from models.queries.chat import postmortems as queries
from models.queries.incidents import incidents
from models.queries.people import people
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import FullPostmortem, VisiblePostmortem
from models.session import Session

TITLE_LIMIT = 300


@dataclass(frozen=True, slots=True)
class PostmortemStatus:
    """``names`` are those of the author and the reviewers by their ids."""

    full: FullPostmortem
    targets: Sequence[TargetProgress]
    names: Mapping[str, str]


def is_incident(words: str) -> bool:
    pointer = read_pointer(words)
    return pointer is not None and (pointer.id or "").startswith("inc_")


async def get_named_id(session: Session, viewer: Viewer, words: str) -> str:
    """The id of the postmortem that ``words`` name by number, id or address, or by its incident. Raises NotFound."""
    pointer = read_pointer(words)
    if pointer is None:
        raise NotFound(kind="postmortem", id=shorten(words, 60))
    if pointer.number is not None:
        return await queries.get_id_by_number(session, viewer, pointer.number)
    found = pointer.id or ""
    if found.startswith("inc_"):
        covering = (await incidents.list_postmortem_ids(session, viewer, [found])).get(found)
        if not covering:
            raise NotFound(kind="postmortem of incident", id=found)
        return covering[0]
    return found


async def get_id_in_channel(
    session: Session, viewer: Viewer, words: str, integration_id: str, channel: str | None
) -> str:
    """As :func:`get_named_id`; without words it is the channel's postmortem. Raises NotFound."""
    if words:
        return await get_named_id(session, viewer, words)
    subject = await find_channel_subject(session, integration_id, channel) if channel else None
    if subject is None or subject.postmortem_id is None:
        raise NotFound(kind="postmortem linked to", id="this channel")
    return subject.postmortem_id


async def get_status(session: Session, viewer: Viewer, postmortem_id: str, now: datetime) -> PostmortemStatus:
    """Raises NotFound."""
    full = await postmortems.get_full(session, viewer, postmortem_id, now)
    visible = VisiblePostmortem(full.postmortem, full.relations, full.visibility)
    targets = await list_target_progress(session, visible, now)
    ids = [full.postmortem.author_id, *(one.person_id for one in full.postmortem.reviewers)]
    named = await people.people_by_id(session, ids)
    return PostmortemStatus(full, targets, {one.id: one.name for one in named.values()})


async def create_postmortem(session: Session, person: ChatPerson, words: str, request: str, now: datetime) -> str:
    """Open a draft with that title, or from the incident that ``words`` name. Returns its id.

    ``request`` makes a repeat open the same one. Raises the refusals of opening one, PostmortemExists among them.
    """
    if is_incident(words):
        pointer = read_pointer(words)
        return await open_from_incident(session, person.viewer, (pointer and pointer.id) or "", now)
    postmortem_id = derived_id("pm", "chat", request)
    new = NewPostmortem(postmortem_id, shorten(words, TITLE_LIMIT), person.viewer.person_id)
    await open_postmortem(session, person.viewer, new, now)
    return postmortem_id


async def list_editable(session: Session, viewer: Viewer, limit: int) -> list[Postmortem]:
    """Open postmortems whose content the viewer may change, the last changed first."""
    found = await queries.list_open(session, viewer, limit * 5)
    return [one for one, held in found if access.may(Verb.EDIT, Status(one.status), held)][:limit]
