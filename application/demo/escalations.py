"""The reminders of the demo's history: those that its policy would have sent, had it been there."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from domain.escalation.policy import Policy, Recipient
from domain.escalation.reminders import (
    PendingTarget,
    Receiver,
    Reminder,
    ReminderFacts,
    plan_reminders,
    reminder_key,
)
from domain.escalation.targets import TargetName

LEAD = "user_maya"


def reminder_rows(
    postmortem_id: str,
    author: str,
    started_at: datetime,
    due: Mapping[TargetName, datetime],
    met: Mapping[TargetName, datetime],
    policy: Policy,
) -> Iterator[dict[str, Any]]:
    """Of each target that was met late, from its due time until it was met."""
    owner, lead = (Receiver(author),), (Receiver(LEAD),)
    receivers = {Recipient.OWNER: owner, Recipient.AUTHOR: owner, Recipient.TEAM_LEAD: lead}
    for name, due_at in due.items():
        if met[name] <= due_at:
            continue
        pending = PendingTarget(name.value, started_at, due_at, owner, has_warning=False)
        facts = ReminderFacts(started_at, met[name], (pending,), receivers)
        for one in plan_reminders(facts, policy, {}):
            if one.at < met[name]:
                yield from _rows(postmortem_id, one)


def _rows(postmortem_id: str, reminder: Reminder) -> Iterator[dict[str, Any]]:
    """Of its step, and of those that it covers."""
    for step in (reminder.occurrence, *reminder.covers):
        yield {
            "subject_id": postmortem_id,
            "target": reminder.target,
            "due_at": reminder.due_at,
            "step": step,
            "receiver_id": reminder.to,
            "rung": step.partition(":")[0],
            "is_escalation": reminder.to == LEAD,
            "covered_by": None if step == reminder.occurrence else reminder.occurrence,
            "occasion": reminder_key(postmortem_id, reminder.target, reminder.due_at, reminder.occurrence),
            "sent_at": reminder.at,
            "postmortem_id": postmortem_id,
            "action_item_id": None,
        }
