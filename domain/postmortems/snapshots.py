"""What a postmortem's workflow keeps of its row: ids, states and instants; never a text, never a credential."""

from dataclasses import dataclass

from domain.escalation.deadlines import Alarm, Deadline
from domain.postmortems.lifecycle import Status


@dataclass(frozen=True, slots=True)
class PostmortemSnapshot:
    """``deadlines`` are the targets that are not settled, earliest first. ``alarm`` is None in histories from before
    there was an escalation policy: a workflow then waited for its next deadline, and reminded once of each."""

    id: str
    number: int
    version: int
    status: Status
    team_ids: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    exists: bool = True
    alarm: Alarm | None = None

    @property
    def is_over(self) -> bool:
        return not self.exists or self.status is Status.ARCHIVED

    @property
    def next_look(self) -> Deadline | None:
        """What the one timer of the workflow is for."""
        if self.alarm is None:
            return self.next_deadline
        return None if self.is_over else self.alarm.deadline

    @property
    def next_deadline(self) -> Deadline | None:
        return self.deadlines[0] if self.deadlines and not self.is_over else None
