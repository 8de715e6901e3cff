"""Decides which linked postmortems everyone in a channel may see."""

from collections.abc import Mapping, Sequence

from domain.chat import Channel, linked_postmortem, may_preview
from domain.postmortems.lifecycle import Status
from models.queries.chat.channels import list_team_ids
from models.queries.chat.postmortems import LinkedPostmortem, list_linked_unscoped
from models.session import Session, Sessions

LINKS_LIMIT = 10


def find_linked(links: Sequence[str], base_url: str) -> dict[str, str]:
    """The first links to pages of postmortems, with the postmortems' ids."""
    found = {url: one for url in links if (one := linked_postmortem(url, base_url))}
    return dict(list(found.items())[:LINKS_LIMIT])


async def describe_channel(
    session: Session, integration_id: str, channel: str, *, is_outside: bool, is_private: bool
) -> Channel:
    return Channel(is_outside, is_private, await list_team_ids(session, integration_id, channel))


async def list_previews(
    sessions: Sessions, linked: Mapping[str, str], channel: Channel
) -> dict[str, LinkedPostmortem | None]:
    """By link; None if not everyone in the channel may see the postmortem, or if it does not exist."""
    async with sessions.begin() as session:
        found = await list_linked_unscoped(session, list(linked.values()))
    return {url: _if_allowed(found.get(postmortem_id), channel) for url, postmortem_id in linked.items()}


def _if_allowed(found: LinkedPostmortem | None, channel: Channel) -> LinkedPostmortem | None:
    if found is None:
        return None
    is_allowed = may_preview(Status(found.postmortem.status), found.visibility, found.team_ids, channel)
    return found if is_allowed else None
