"""The snapshot of a postmortem that its workflow decides from, of what was read to plan its reminders."""

from application.escalation.reminders import Planned
from domain.escalation.deadlines import Deadline
from domain.postmortems.lifecycle import Status
from domain.postmortems.snapshots import PostmortemSnapshot


def snapshot_of(postmortem_id: str, planned: Planned | None) -> PostmortemSnapshot:
    """``exists`` is false if the row is gone."""
    if planned is None:
        return PostmortemSnapshot(postmortem_id, 0, 0, Status.DRAFT, exists=False)
    row = planned.facts.postmortem
    open_targets = [one for one in planned.facts.targets if not one.is_settled]
    deadlines = [Deadline(one.name.value, one.effective_due_at) for one in open_targets]
    return PostmortemSnapshot(
        id=row.id,
        number=row.number,
        version=row.version,
        status=Status(row.status),
        team_ids=tuple(one.id for one in planned.facts.teams),
        deadlines=tuple(sorted(deadlines, key=lambda one: (one.at, one.name))),
        alarm=planned.alarm,
    )
