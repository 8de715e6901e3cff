"""What the leads of a team are notified of, once: an owner, author or reviewer left, or a target was extended twice.

Administrators get the notices of a team without a lead, and are notified of that once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from application.notifications.notices import notify
from domain.access import Viewer
from domain.notifications.notices import NoticeKind
from models.postmortem import PostmortemTarget
from models.queries.escalation import responsibilities
from models.queries.people.people import find_team_leads, list_administrators
from models.queries.postmortems.links import list_team_ids
from models.session import Session

EXTENSIONS = 2
"""From this many extensions of one target on, the leads are notified."""


async def list_leads(session: Session, postmortem_id: str) -> list[str]:
    """The leads of its teams who may see it, or else the administrators."""
    leads = await find_team_leads(session, await list_team_ids(session, postmortem_id), seeing=postmortem_id)
    return list(dict.fromkeys(leads)) or await list_administrators(session)


async def notify_of_extensions(session: Session, viewer: Viewer, target: PostmortemTarget, now: datetime) -> None:
    """Once, when the target is extended for the second time."""
    if target.slips >= EXTENSIONS:
        postmortem_id = target.postmortem_id
        leads = await list_leads(session, postmortem_id)
        key = f"{postmortem_id}:{target.name}:slipped"
        await notify(
            session,
            leads,
            NoticeKind.TARGET_SLIPPED,
            key,
            at=now,
            postmortem_id=postmortem_id,
            target=target.name,
            actor_id=viewer.person_id,
        )


async def notify_of_leaver(session: Session, viewer: Viewer, person_id: str, now: datetime) -> None:
    """After the viewer deactivated a person: for each open item that they own, and each postmortem that they write or
    review, the leads are asked once for a replacement. Their substitutes get the reminders from now on.

    The rows are locked before notices refer to them."""
    await responsibilities.restart_workflows(session, person_id)
    for item in await responsibilities.list_open_items_unscoped(session, person_id):
        key = f"{item.id}:owner_left:{person_id}"
        leads = await list_leads(session, item.postmortem_id)
        await notify(
            session,
            leads,
            NoticeKind.OWNER_LEFT,
            key,
            at=now,
            postmortem_id=item.postmortem_id,
            action_item_id=item.id,
            actor_id=viewer.person_id,
        )
    for one in await responsibilities.list_open_postmortems_unscoped(session, person_id):
        kind = NoticeKind.AUTHOR_LEFT if one.author_id == person_id else NoticeKind.REVIEWER_LEFT
        leads = await list_leads(session, one.id)
        await notify(
            session,
            leads,
            kind,
            f"{one.id}:{kind}:{person_id}",
            at=now,
            postmortem_id=one.id,
            actor_id=viewer.person_id,
        )
    led = await responsibilities.list_led_teams(session, person_id)
    administrators = await list_administrators(session)
    await notify_of_missing_leads(session, dict.fromkeys(led, person_id), administrators, now, viewer)


async def notify_of_missing_leads(
    session: Session,
    teams: Mapping[str, str | None],
    administrators: Sequence[str],
    now: datetime,
    viewer: Viewer | None = None,
) -> None:
    """``teams`` with the id of their last lead, whom the viewer deactivated, if that is why."""
    for team_id, lead_id in sorted(teams.items()):
        key = f"{team_id}:without_lead:{lead_id or ''}"
        await notify(
            session,
            administrators,
            NoticeKind.TEAM_WITHOUT_LEAD,
            key,
            at=now,
            about_team_id=team_id,
            actor_id=viewer.person_id if viewer else None,
        )
