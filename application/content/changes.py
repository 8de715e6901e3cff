"""What every change of a postmortem's content leads to: a new version, and approvals that became stale."""

from datetime import datetime

from application.notifications.notices import notify
from domain.access import Viewer
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from models.queries.escalation.targets import meet_targets
from models.queries.postmortems.postmortems import VisiblePostmortem, list_approvers
from models.session import Session


async def record_change(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, now: datetime, *, is_content: bool = True
) -> bool:
    """Counts the version up, and for content its revision; asks again for approvals that this made stale.

    True if this started the draft. The row must be locked.
    """
    postmortem = visible.postmortem
    postmortem.version += 1
    postmortem.updated_at = now
    if not is_content:
        return False
    approvers = await list_approvers(session, postmortem) if postmortem.status == Status.IN_REVIEW else []
    postmortem.content_revision += 1
    if approvers:
        occasion = f"{postmortem.id}:review_stale:{postmortem.content_revision}"
        await notify(
            session,
            approvers,
            NoticeKind.REVIEW_STALE,
            occasion,
            at=now,
            postmortem_id=postmortem.id,
            actor_id=viewer.person_id,
        )
    if postmortem.draft_started_at is not None:
        return False
    postmortem.draft_started_at = now
    await meet_targets(session, postmortem.id, [TargetName.DRAFT_STARTED], now)
    return True
