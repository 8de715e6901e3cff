"""The timing targets of a postmortem as people see them: how much time is left, and which reminders were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.escalation.targets import Target, TargetState
from domain.people.calendar import Calendar, working_time_between
from domain.postmortems.lifecycle import Status
from models.queries.escalation import targets
from models.queries.escalation.policies import content_of, get_policy
from models.queries.escalation.reminders import Escalation, list_escalations
from models.queries.escalation.targets import target_of
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.postmortems.resting import list_resting
from models.session import Session


@dataclass(frozen=True, slots=True)
class TargetProgress:
    """A target at one instant.

    ``remaining`` is elapsed time, and negative once the target is past due; ``office`` has the working hours of its
    policy.
    """

    target: Target
    state: TargetState
    remaining: timedelta
    now: datetime
    office: Calendar
    reason: str | None
    slips: int
    escalations: Sequence[Escalation]
    is_resting: bool = False
    """The incident is open again. When it is resolved, the target gets a new due time."""

    @property
    def remaining_working(self) -> timedelta:
        """As :attr:`remaining`, in working time. Computed only on demand, because it can take milliseconds."""
        return working_time_between(self.now, self.target.effective_due_at, self.office)


async def list_target_progress(session: Session, visible: VisiblePostmortem, now: datetime) -> list[TargetProgress]:
    """The one that is due first comes first."""
    rows = await targets.list_targets(session, visible.postmortem.id)
    policy = await get_policy(session, visible.postmortem.policy_id, visible.postmortem.policy_version)
    office = content_of(policy).office.calendar
    may_rest = visible.postmortem.status == Status.DRAFT and visible.postmortem.draft_started_at is None
    is_resting = may_rest and bool(await list_resting(session, [visible.postmortem.id]))
    sent = await list_escalations(session, visible.postmortem.id)
    found = [
        TargetProgress(
            target=(target := target_of(row)),
            state=target.state_if(now, is_resting=is_resting),
            is_resting=is_resting and not target.is_settled,
            remaining=target.effective_due_at - now,
            now=now,
            office=office,
            reason=row.reason,
            slips=row.slips,
            escalations=[one for one in sent if one.target == row.name],
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.target.due_at, one.target.name))
