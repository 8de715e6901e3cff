"""Which reminders a policy would send for one postmortem if nobody did anything, by the roles of its people."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.escalation.policy import Policy, Recipient, due_instants
from domain.escalation.reminders import Channel, PendingTarget, Receiver, Reminder, ReminderFacts, plan_reminders

ROLES: Mapping[Recipient, Receiver] = {
    Recipient.OWNER: Receiver("owner"),
    Recipient.AUTHOR: Receiver("author"),
    Recipient.TEAM_CHANNEL: Receiver("team-channel", Channel.SLACK),
    Recipient.TEAM_LEAD: Receiver("team-lead"),
    Recipient.ADMINISTRATORS: Receiver("administrators"),
}


def simulate(policy: Policy, start: datetime, days: int) -> list[Reminder]:
    """Every reminder of that many days, for a postmortem whose time begins at ``start``, in the policy's working hours.

    There is none of a stale draft: nobody started one.
    """
    owners = (ROLES[Recipient.OWNER],)
    facts = ReminderFacts(
        now=start,
        until=start + timedelta(days=days),
        pending=tuple(
            PendingTarget(name.value, start, due, owners) for name, due in due_instants(start, policy).items()
        ),
        receivers={role: (receiver,) for role, receiver in ROLES.items()},
    )
    return plan_reminders(facts, policy, {})
