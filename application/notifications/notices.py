"""Notifying people and teams: each notice is a row that the receiver's workflow delivers later."""

from collections.abc import Iterable
from datetime import datetime

from domain.notifications.notices import NoticeKind
from models.base import new_id
from models.queries.notifications import notices
from models.session import Session


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
    on_behalf_of_id: str | None = None,
    is_escalation: bool = False,
) -> list[str]:
    """Adds a notice to each person's inbox and returns the ids of those who did not have it yet.

    ``dedupe_key`` names the occasion: nobody is notified twice of the same one. The workflow ``voice-<person id>``
    delivers the notice with the person's next digest or, if it is an escalation, at once in their working hours.
    """
    notice = {
        "dedupe_key": dedupe_key,
        "kind": str(kind),
        "channel": "inbox",
        "target": target,
        "rung": rung,
        "postmortem_id": postmortem_id,
        "action_item_id": action_item_id,
        "comment_id": comment_id,
        "integration_id": integration_id,
        "about_team_id": about_team_id,
        "on_behalf_of_id": on_behalf_of_id,
        "is_escalation": is_escalation,
        "created_at": at,
    }
    rows = [{"id": new_id("ntc"), "person_id": person_id, **notice} for person_id in dict.fromkeys(person_ids)]
    return await notices.insert_for_people(session, rows)


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
    notice = {
        "dedupe_key": dedupe_key,
        "kind": str(kind),
        "channel": "channel",
        "target": target,
        "rung": rung,
        "postmortem_id": postmortem_id,
        "action_item_id": action_item_id,
        "is_escalation": is_escalation,
        "created_at": at,
    }
    with_channel = await notices.list_teams_with_channel(session, list(dict.fromkeys(team_ids)))
    rows = [{"id": new_id("ntc"), "team_id": team_id, **notice} for team_id in with_channel]
    return await notices.insert_for_teams(session, rows)
