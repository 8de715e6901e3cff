"""Notifying people and teams: each notice is a row that the receiver's workflow delivers later."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain.notifications.notices import NoticeKind
from models.base import new_id
from models.queries.notifications import notices
from models.session import Session

_ABOUT_NOTHING: dict[str, Any] = {
    "target": None,
    "rung": None,
    "postmortem_id": None,
    "action_item_id": None,
    "comment_id": None,
    "integration_id": None,
    "about_team_id": None,
    "meeting_id": None,
    "on_behalf_of_id": None,
    "actor_id": None,
    "is_escalation": False,
}


async def notify(
    session: Session,
    person_ids: Iterable[str],
    kind: NoticeKind,
    dedupe_key: str,
    *,
    at: datetime,
    postmortem_id: str | None = None,
    action_item_id: str | None = None,
    target: str | None = None,
    rung: str | None = None,
    comment_id: str | None = None,
    integration_id: str | None = None,
    about_team_id: str | None = None,
    meeting_id: str | None = None,
    on_behalf_of_id: str | None = None,
    actor_id: str | None = None,
    is_escalation: bool = False,
) -> list[str]:
    """Adds a notice to each person's inbox and returns the ids of those who did not have it yet.

    ``dedupe_key`` names the occasion: nobody is notified twice of the same one. ``actor_id`` is who did it. The
    workflow ``voice-<person id>`` delivers the notice with the person's next digest or, if it is an escalation, at once
    in their working hours.
    """
    about = {
        "target": target,
        "rung": rung,
        "postmortem_id": postmortem_id,
        "action_item_id": action_item_id,
        "comment_id": comment_id,
        "integration_id": integration_id,
        "about_team_id": about_team_id,
        "meeting_id": meeting_id,
        "on_behalf_of_id": on_behalf_of_id,
        "actor_id": actor_id,
        "is_escalation": is_escalation,
    }
    return await notices.insert_for_people(session, notices_of(person_ids, kind, dedupe_key, at=at, **about))


def notices_of(
    person_ids: Iterable[str], kind: NoticeKind, dedupe_key: str, *, at: datetime, **about: Any
) -> list[dict[str, Any]]:
    """The rows of :func:`notify`, to be inserted together with others."""
    notice = {"team_id": None, "dedupe_key": dedupe_key, "kind": str(kind), "channel": "inbox", "created_at": at}
    notice |= _ABOUT_NOTHING | about
    return [{"id": new_id("ntc"), "person_id": person_id, **notice} for person_id in dict.fromkeys(person_ids)]


def channel_notices_of(
    team_ids: Iterable[str], kind: NoticeKind, dedupe_key: str, *, at: datetime, **about: Any
) -> list[dict[str, Any]]:
    """The rows of :func:`notify_teams`, for teams that have a channel."""
    notice = {"person_id": None, "dedupe_key": dedupe_key, "kind": str(kind), "channel": "channel", "created_at": at}
    notice |= _ABOUT_NOTHING | about
    return [{"id": new_id("ntc"), "team_id": team_id, **notice} for team_id in dict.fromkeys(team_ids)]


async def notify_teams(
    session: Session,
    team_ids: Iterable[str],
    kind: NoticeKind,
    dedupe_key: str,
    *,
    at: datetime,
    postmortem_id: str | None = None,
    action_item_id: str | None = None,
    target: str | None = None,
    rung: str | None = None,
    is_escalation: bool = False,
) -> list[str]:
    """As :func:`notify`, for the channels of teams. Skips teams without a channel."""
    about = {
        "target": target,
        "rung": rung,
        "postmortem_id": postmortem_id,
        "action_item_id": action_item_id,
        "is_escalation": is_escalation,
    }
    with_channel = await notices.list_teams_with_channel(session, list(dict.fromkeys(team_ids)))
    return await notices.insert_for_teams(session, channel_notices_of(with_channel, kind, dedupe_key, at=at, **about))
