"""The form of a policy: as it is drawn, and as it is sent. A step is ``step.<place>.<name>`` in it, a target
``target.<name>.<part>``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.shapes.policies import WEEK, clock_of
from domain.errors import Malformed, reason
from domain.escalation.policy import Policy, Recipient, Step, StepKind
from domain.escalation.targets import TargetName

PLAIN = (
    *("name", "urgency", "service", "team", "timeZone", "opens", "closes", "country", "region", "closedOn"),
    *("staleAfterDays", "minReviewers"),
)
MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class PolicyForm:
    """Every field as text. ``targets`` are by name and part, ``steps`` in their order."""

    plain: Mapping[str, str]
    days: frozenset[str]
    targets: Mapping[str, Mapping[str, str]]
    steps: tuple[Mapping[str, str], ...]


def stored_form(policy: Policy) -> PolicyForm:
    office, hours = policy.office, policy.office.hours
    return PolicyForm(
        plain={
            "name": policy.name,
            "urgency": policy.urgency or "",
            "service": policy.service_id or "",
            "team": policy.team_id or "",
            "timeZone": hours.zone,
            "opens": clock_of(hours.opens),
            "closes": clock_of(hours.closes),
            "country": office.country or "",
            "region": office.region or "",
            "closedOn": "\n".join(sorted(day.isoformat() for day in office.closed_on)),
            "staleAfterDays": "" if policy.stale_after_days is None else str(policy.stale_after_days),
            "minReviewers": str(policy.min_reviewers),
        },
        days=frozenset(WEEK[day - 1].value for day in hours.days),
        targets={
            name.value: {"hours": str(span.hours), "counted": span.counted.value}
            for name, span in policy.targets.items()
        },
        steps=tuple(_stored_step(one) for one in policy.steps),
    )


def _stored_step(step: Step) -> dict[str, str]:
    asks = {f"ask.{one.value}": "yes" for one in step.recipients}
    return {"kind": step.kind.value, "amount": "" if step.kind is StepKind.DUE else str(step.amount), **asks}


def typed_form(form: Mapping[str, str]) -> PolicyForm:
    """What was sent, with a step more or less if a button asked for that."""
    steps = [_typed_step(form, place) for place in range(MOST_STEPS) if f"step.{place}.kind" in form]
    do, _, place_text = form.get("do", "").rpartition(".")
    if form.get("do") == "step.add" and len(steps) < MOST_STEPS:
        steps.append(_new_step(steps))
    if do == "step.remove" and place_text.isascii() and place_text.isdigit() and int(place_text[:3]) < len(steps):
        del steps[int(place_text[:3])]
    return PolicyForm(
        plain={name: form.get(name, "").strip() for name in PLAIN},
        days=frozenset(one.value for one in WEEK if form.get(f"day.{one}") == "yes"),
        targets={
            name.value: {part: form.get(f"target.{name}.{part}", "").strip() for part in ("hours", "counted")}
            for name in TargetName
        },
        steps=tuple(sorted(steps, key=_order)),
    )


def _new_step(steps: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Two working days after the last of those that are counted in working days."""
    kind = StepKind.WORKING_DAYS.value
    last = max((_order(one)[1] for one in steps if one["kind"] == kind), default=-1)
    return {"kind": kind, "amount": str(last + 2), f"ask.{Recipient.OWNER.value}": "yes"}


def _typed_step(form: Mapping[str, str], place: int) -> dict[str, str]:
    names = ("kind", "amount", *(f"ask.{one.value}" for one in Recipient))
    return {name: form.get(f"step.{place}.{name}", "").strip() for name in names}


def _order(step: Mapping[str, str]) -> tuple[int, int]:
    """As in a saved policy, so that what is wrong with a step names the place where it is shown."""
    kinds, amount = [one.value for one in StepKind], step["amount"]
    place = kinds.index(step["kind"]) if step["kind"] in kinds else len(kinds)
    return place, int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 6 else 0


def content_sent(form: PolicyForm) -> dict[str, Any]:
    """In the API's shape, which says what is wrong with it. Raises Malformed."""
    plain = form.plain
    return {
        "name": plain["name"],
        "urgency": plain["urgency"] or None,
        "serviceId": plain["service"] or None,
        "teamId": plain["team"] or None,
        "targets": {
            name: {"hours": parts["hours"], "counted": parts["counted"]}
            for name, parts in form.targets.items()
            if parts["hours"]
        },
        "ladder": [_step_sent(one) for one in form.steps],
        "calendar": {
            "timeZone": plain["timeZone"],
            "workingDays": [one.value for one in WEEK if one.value in form.days],
            "opens": plain["opens"],
            "closes": plain["closes"],
            "country": plain["country"] or None,
            "region": plain["region"] or None,
            "closedOn": plain["closedOn"].split(),
        },
        "staleAfterDays": plain["staleAfterDays"] or None,
        "minReviewers": _number(plain["minReviewers"], "minReviewers"),
    }


def _step_sent(step: Mapping[str, str]) -> dict[str, Any]:
    is_due = step["kind"] == StepKind.DUE.value
    return {
        "kind": step["kind"],
        "amount": "0" if is_due else step["amount"],
        "asks": [one.value for one in Recipient if step.get(f"ask.{one.value}") == "yes"],
    }


def _number(text: str, where: str) -> str:
    if not text:
        raise Malformed(reasons=[reason("missing", "Enter a number. 0 asks for no reviewer.", where=where)])
    return text


def labels_of(form: PolicyForm) -> dict[str, str]:
    """What the form calls the places that refusals name."""
    labels = {
        "name": "Name",
        "urgency": "Urgency",
        "serviceId": "Service",
        "teamId": "Team",
        "targets": "Targets",
        "calendar": "Working hours",
        "calendar.timeZone": "Time zone",
        "calendar.workingDays": "Working days",
        "calendar.opens": "Working hours, from",
        "calendar.closes": "Working hours, until",
        "calendar.country": "Country",
        "calendar.region": "Region",
        "staleAfterDays": "Days without edits",
        "minReviewers": "Reviewers",
    }
    labels |= {f"calendar.closedOn.{place}": f"Days off, line {place + 1}" for place in range(100)}
    named = {
        "draft_started": "First draft",
        "draft_completed": "Draft",
        "review_completed": "Review",
        "published": "Publication",
    }
    labels |= {f"targets.{name}.{part}": label for name, label in named.items() for part in ("hours", "counted")}
    for place in range(len(form.steps)):
        step = f"Step {place + 1}"
        labels |= {f"ladder.{place}": step, f"ladder.{place}.kind": step, f"ladder.{place}.amount": f"{step}, number"}
        labels |= {f"ladder.{place}.asks": f"{step}, recipients"}
    return labels
