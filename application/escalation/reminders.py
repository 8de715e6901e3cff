"""Sends reminders that are due, each step once to each receiver, and sets when the workflow looks again.

Everything is read again each time: what was met, waived, extended or settled since then gets no reminder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from application.escalation.leads import notify_of_missing_leads
from application.escalation.pending import Pending, PendingWork, item_pending, postmortem_pending
from application.notifications.notices import notify, notify_teams
from domain.escalation.deadlines import Alarm
from domain.escalation.policy import Recipient, StepKind
from domain.escalation.reminders import (
    Reminder,
    ReminderFacts,
    SentStep,
    looked_until,
    plan_reminders,
    planned_until,
    reminder_key,
)
from models.queries.escalation import reminders
from models.queries.escalation.pending import Look, PendingFacts, find_item_facts, find_postmortem_facts
from models.session import Session

ABOVE_OWNERS = frozenset({Recipient.TEAM_CHANNEL, Recipient.TEAM_LEAD, Recipient.ADMINISTRATORS})
Plan = tuple[PendingWork, Sequence[Reminder]]


# For workflows


@dataclass(frozen=True, slots=True)
class Planned:
    """What was read about the subject, and when its workflow looks again."""

    facts: PendingFacts
    alarm: Alarm
    sent: Sequence[Reminder] = ()


async def plan_postmortem_reminders(session: Session, postmortem_id: str, now: datetime) -> Planned | None:
    """Sets when the workflow looks again, after anything about the postmortem changed. Sends nothing.

    None if the postmortem is gone."""
    facts = await find_postmortem_facts(session, postmortem_id)
    return await _look(session, facts, postmortem_pending(facts), now, send=False) if facts else None


async def plan_item_reminders(session: Session, item_id: str, now: datetime) -> Planned | None:
    """As :func:`plan_postmortem_reminders`, for an action item."""
    facts = await find_item_facts(session, item_id)
    if facts is None or facts.item is None:
        return None
    return await _look(session, facts, item_pending(facts, facts.item), now, send=False)


async def send_postmortem_reminders(session: Session, postmortem_id: str, now: datetime) -> Sequence[Reminder]:
    """Sends every reminder that is due by ``now``, and returns them. The row is locked meanwhile."""
    await reminders.lock_postmortem(session, postmortem_id)
    facts = await find_postmortem_facts(session, postmortem_id)
    return (await _look(session, facts, postmortem_pending(facts), now, send=True)).sent if facts else []


async def send_item_reminders(session: Session, item_id: str, now: datetime) -> Sequence[Reminder]:
    """As :func:`send_postmortem_reminders`, for an action item."""
    await reminders.lock_item(session, item_id)
    facts = await find_item_facts(session, item_id)
    if facts is None or facts.item is None:
        return []
    return (await _look(session, facts, item_pending(facts, facts.item), now, send=True)).sent


async def _look(session: Session, facts: PendingFacts, pending: Pending, now: datetime, *, send: bool) -> Planned:
    work = [_since(one, facts.last_look, pending) for one in pending.work if not one.target.is_settled]
    due_at = {one.target.due_at for one in work} if facts.was_reminded else set[datetime]()
    sent = await reminders.list_sent_steps(session, pending.subject_id, due_at)
    until = planned_until(now, [one.target.due_at for one in work])
    plans: list[Plan] = [(one, _plan(one, pending, sent, now, until)) for one in work]
    due = [(one, reminder) for one, plan in plans for reminder in plan if send and reminder.at <= now]
    if due:
        await _send(session, pending, due, now)
        plans = [(one, [reminder for reminder in plan if reminder.at > now]) for one, plan in plans]
    alarm = await _set_alarm(session, pending, plans, now, until)
    return Planned(facts, alarm, [reminder for _, reminder in due])


def _plan(
    work: PendingWork, pending: Pending, sent: frozenset[SentStep], now: datetime, until: datetime
) -> list[Reminder]:
    facts = ReminderFacts(
        now=now, until=until, pending=(work.target,), receivers=pending.participants.receivers, sent=sent
    )
    return plan_reminders(facts, pending.policy, pending.calendars)


def _since(work: PendingWork, last: Look | None, pending: Pending) -> PendingWork:
    """What was pending at an earlier look was handled until then. What is new is pending since the last look, or, if
    there was none, since its subject exists."""
    target = work.target
    looks = {(one["target"], one["due_at"]): one for one in last.looks} if last else {}
    look = looks.get((target.target, target.due_at.isoformat()))
    if look is not None:
        at = datetime.fromisoformat
        return replace(work, target=replace(target, since=at(look["since"]), looked_at=at(look["looked_at"])))
    since = last.looked_at if last else (pending.item or pending.postmortem).created_at
    return replace(work, target=replace(target, since=since))


# Sending


async def _send(session: Session, pending: Pending, due: Sequence[tuple[PendingWork, Reminder]], now: datetime) -> None:
    rows: list[dict[str, Any]] = []
    for work, reminder in due:
        key = reminder_key(pending.subject_id, reminder.target, reminder.due_at, reminder.occurrence)
        await _notify(session, pending, work, reminder, key, now)
        rows += _sent_rows(pending, work, reminder, key, now)
    await reminders.insert_sent_reminders(session, rows)
    await _report_missing_leads(session, pending, [reminder for _, reminder in due], now)


async def _notify(
    session: Session, pending: Pending, work: PendingWork, reminder: Reminder, key: str, now: datetime
) -> None:
    details: dict[str, Any] = {
        "at": now,
        "postmortem_id": pending.postmortem.id,
        "action_item_id": pending.item.id if pending.item else None,
        "target": None if pending.item else reminder.target,
        "rung": reminder.step,
        "is_escalation": is_escalation(reminder, work, pending),
    }
    kind = work.kind_for(reminder.to, early=reminder.step == StepKind.BEFORE_DUE.value.lower())
    if reminder.to in pending.participants.channels:
        await notify_teams(session, [reminder.to], kind, key, **details)
    else:
        await notify(session, [reminder.to], kind, key, comment_id=work.comment_id, **details)


def _sent_rows(
    pending: Pending, work: PendingWork, reminder: Reminder, key: str, now: datetime
) -> list[dict[str, Any]]:
    """One row for the reminder's own step, and one for each step that it covers."""
    common = {
        "subject_id": pending.subject_id,
        "target": reminder.target,
        "due_at": reminder.due_at,
        "receiver_id": reminder.to,
        "is_escalation": is_escalation(reminder, work, pending),
        "occasion": key,
        "sent_at": now,
        "postmortem_id": pending.postmortem.id,
        "action_item_id": pending.item.id if pending.item else None,
    }
    own = reminder.occurrence
    return [
        common | {"step": one, "rung": one.partition(":")[0], "covered_by": None if one == own else own}
        for one in (own, *reminder.covers)
    ]


def is_escalation(reminder: Reminder, work: PendingWork, pending: Pending) -> bool:
    """It reaches a lead or an administrator who is neither an owner of the target nor the author."""
    step = next((one for one in pending.policy.steps if one.name == reminder.step), None)
    recipients = set(step.recipients if step else ())
    own = {one.id for one in work.target.owners} if Recipient.OWNER in recipients else set()
    if Recipient.AUTHOR in recipients:
        own |= {one.id for one in pending.participants.receivers[Recipient.AUTHOR]}
    return bool(recipients & ABOVE_OWNERS) and reminder.to not in own


async def _report_missing_leads(session: Session, pending: Pending, due: Iterable[Reminder], now: datetime) -> None:
    """If a step was for the lead of a team that has none, administrators are notified once for each last lead."""
    to_leads = {one.name for one in pending.policy.steps if Recipient.TEAM_LEAD in one.recipients}
    if any(one.step in to_leads for one in due):
        participants = pending.participants
        await notify_of_missing_leads(session, participants.teams_without_lead, participants.administrators, now)


# When to look again


async def _set_alarm(
    session: Session, pending: Pending, plans: Sequence[Plan], now: datetime, until: datetime
) -> Alarm:
    later = [(one.at, one.target) for _, plan in plans for one in plan]
    if pending.policy.steps and plans:
        later.append((until, plans[0][0].target.target))
    if pending.policy.steps and pending.look_within is not None:
        later.append((now + pending.look_within, "what rests"))
    rings_at, rings_for = min(later, default=(None, "nothing"))
    looks = [
        {
            "target": one.target.target,
            "due_at": one.target.due_at.isoformat(),
            "since": (one.target.since or now).isoformat(),
            "looked_at": max(_reached(plan, now), one.target.looked_at or one.target.since or now).isoformat(),
        }
        for one, plan in plans
    ]
    values = {"rings_at": rings_at, "rings_for": rings_for, "looked_at": now, "looks": looks}
    await reminders.upsert_alarm(session, pending.subject_id, values, of_item=pending.item is not None)
    return Alarm(rings_at, rings_for)


def _reached(plan: Sequence[Reminder], now: datetime) -> datetime:
    """As :func:`looked_until`; what is due now but was not sent, since this look sends nothing, is included too."""
    waiting = [one.reached_at for one in plan if one.at <= now and one.reached_at]
    return min([looked_until(plan, now), *waiting])
