"""What parts of a policy are called on pages."""

from collections.abc import Mapping

from domain.escalation.policy import Counted, Policy, Recipient, Span, Step, StepKind
from domain.people.calendar import Calendar

KINDS: Mapping[StepKind, str] = {
    StepKind.BEFORE_DUE: "At this percentage of the time",
    StepKind.DUE: "When it is due",
    StepKind.WORKING_DAYS: "This many working days after it was due",
    StepKind.EVERY_DAYS: "Then every so many days",
}
RECIPIENTS: Mapping[Recipient, str] = {
    Recipient.OWNER: "The person who has to act",
    Recipient.AUTHOR: "Author",
    Recipient.TEAM_CHANNEL: "Team channel",
    Recipient.TEAM_LEAD: "Team lead",
    Recipient.ADMINISTRATORS: "Administrators",
}
COUNTED: Mapping[Counted, str] = {Counted.ELAPSED: "hours", Counted.WORKING: "working hours"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
URGENCIES = {"HIGH": "High urgency", "LOW": "Low urgency"}


def step_in_words(step: Step) -> str:
    match step.kind:
        case StepKind.BEFORE_DUE:
            return f"At {step.amount}% of the time"
        case StepKind.DUE:
            return "When it is due"
        case StepKind.WORKING_DAYS:
            return f"{step.amount} working day{'' if step.amount == 1 else 's'} after it was due"
        case StepKind.EVERY_DAYS:
            return f"Then every {step.amount} day{'' if step.amount == 1 else 's'}"


def step_of(name: str) -> str:
    """A step by the name that reminders have: ``before_due``, ``+3``, ``weekly``."""
    if name.startswith("+"):
        return f"{name[1:]} working day{'' if name == '+1' else 's'} after"
    return {"before_due": "soon due", "due": "due", "weekly": "every week"}.get(name, name.replace("_", " "))


def span_in_words(span: Span) -> str:
    unit = COUNTED[span.counted]
    days, hours = divmod(span.hours, 24)
    if span.counted is Counted.ELAPSED and hours == 0:
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{span.hours} {unit if span.hours != 1 else unit.removesuffix('s')}"


def days_in_words(hours: Calendar) -> str:
    return ", ".join(WEEKDAYS[day - 1] for day in hours.days)


def scope_in_words(policy: Policy, services: Mapping[str, str], teams: Mapping[str, str]) -> str:
    """Whose incidents it is for."""
    parts = [
        f"service {services.get(policy.service_id, policy.service_id)}" if policy.service_id else "",
        f"team {teams.get(policy.team_id, policy.team_id)}" if policy.team_id else "",
        URGENCIES.get(policy.urgency or "", "").lower(),
    ]
    return ", ".join(one for one in parts if one) or "Everything that no other policy is for"
