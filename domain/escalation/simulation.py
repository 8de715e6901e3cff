"""What a policy would send if nobody did anything: one postmortem, its people by their parts."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.escalation.plan import Channel, Facts, Nudge, Owed, Receiver, ladder
from domain.escalation.policy import Asked, Policy, due_instants

PARTS: Mapping[Asked, Receiver] = {
    Asked.OWNER: Receiver("owner"),
    Asked.AUTHOR: Receiver("author"),
    Asked.TEAM_CHANNEL: Receiver("team-channel", Channel.SLACK),
    Asked.TEAM_LEAD: Receiver("team-lead"),
    Asked.ADMINISTRATORS: Receiver("administrators"),
}


def simulate(policy: Policy, start: datetime, days: int) -> list[Nudge]:
    """Every nudge of that many days, for a postmortem whose time begins at ``start``; all work where the policy does.

    A stale draft is none of them: nobody began one.
    """
    owners = (PARTS[Asked.OWNER],)
    facts = Facts(
        now=start,
        until=start + timedelta(days=days),
        owed=tuple(Owed(name.value, start, due, owners) for name, due in due_instants(start, policy).items()),
        asked={part: (receiver,) for part, receiver in PARTS.items()},
    )
    return ladder(facts, policy, {})
