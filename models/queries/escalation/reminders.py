"""The ladder at work: whoever is to be asked by now is asked, each for each step once; and when to look again.

Everything is read anew each time: what was met, waived, extended or settled meanwhile is not asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.escalation.plan import Facts, Nudge, Sent, ladder, looked_until, occasion
from domain.escalation.policy import Asked, RungKind
from models.action_item import ActionItem
from models.escalation import LadderAlarm, LadderStep
from models.notification import Notice
from models.postmortem import Postmortem
from models.queries.escalation.pending import Debt, Thing, read_debt, read_item_debt
from models.queries.notifications.notices import notify, notify_teams

BEYOND = timedelta(days=30)
"""How far after the last due time nudges are looked for; where none is found, that is when to look again."""
LEADING = frozenset({Asked.TEAM_CHANNEL, Asked.TEAM_LEAD, Asked.ADMINISTRATORS})


# For a workflow


async def look_at_postmortem(session: AsyncSession, postmortem_id: str, now: datetime) -> None:
    """Sets when its workflow looks again, after anything about it changed. Asks nobody."""
    postmortem = await session.get(Postmortem, postmortem_id)
    if postmortem is not None:
        await _look(session, await read_debt(session, postmortem), now, ask=False)


async def look_at_item(session: AsyncSession, item_id: str, now: datetime) -> None:
    item = await session.get(ActionItem, item_id)
    if item is not None:
        await _look(session, await read_item_debt(session, item), now, ask=False)


async def nudge_for_postmortem(session: AsyncSession, postmortem_id: str, now: datetime) -> list[Nudge]:
    """Asks whoever is to be asked by ``now``; those messages. The row is held meanwhile."""
    postmortem = await session.get(Postmortem, postmortem_id, with_for_update=True, populate_existing=True)
    return await _look(session, await read_debt(session, postmortem), now, ask=True) if postmortem else []


async def nudge_for_item(session: AsyncSession, item_id: str, now: datetime) -> list[Nudge]:
    item = await session.get(ActionItem, item_id, with_for_update=True, populate_existing=True)
    return await _look(session, await read_item_debt(session, item), now, ask=True) if item else []


async def _look(session: AsyncSession, debt: Debt, now: datetime, *, ask: bool) -> list[Nudge]:
    alarm = await session.get(LadderAlarm, debt.subject_id, populate_existing=True)
    things = [_since(one, alarm, debt) for one in debt.things if not one.owed.is_settled]
    sent = await _sent(session, debt.subject_id, things)
    until = max([now, *(one.owed.due_at for one in things)]) + BEYOND
    plans = [(one, _plan(one, debt, sent, now, until)) for one in things]
    due = [(thing, nudge) for thing, plan in plans for nudge in plan if ask and nudge.at <= now]
    if due:
        await _ask(session, debt, due, now)
        plans = [(thing, [one for one in plan if one.at > now]) for thing, plan in plans]
    await _set_alarm(session, debt, plans, now, until)
    return [nudge for _, nudge in due]


def _plan(thing: Thing, debt: Debt, sent: frozenset[Sent], now: datetime, until: datetime) -> list[Nudge]:
    facts = Facts(now=now, until=until, owed=(thing.owed,), asked=debt.cast.asked, sent=sent)
    return ladder(facts, debt.policy, debt.calendars)


def _since(thing: Thing, alarm: LadderAlarm | None, debt: Debt) -> Thing:
    """What holds since an earlier look was looked at until then; what is new holds since the last look, or since there
    is anything at all to be asked for."""
    owed = thing.owed
    known = {(one["target"], one["due_at"]): one for one in alarm.looks} if alarm else {}
    look = known.get((owed.target, owed.due_at.isoformat()))
    if look is not None:
        at = datetime.fromisoformat
        return replace(thing, owed=replace(owed, since=at(look["since"]), looked_at=at(look["looked_at"])))
    begun = alarm.looked_at if alarm else (debt.item or debt.postmortem).created_at
    return replace(thing, owed=replace(owed, since=begun))


async def _sent(session: AsyncSession, subject_id: str, things: Sequence[Thing]) -> frozenset[Sent]:
    if not things:
        return frozenset()
    columns = (LadderStep.target, LadderStep.due_at, LadderStep.step, LadderStep.receiver_id)
    statement = select(*columns).where(
        LadderStep.subject_id == subject_id, LadderStep.due_at.in_({one.owed.due_at for one in things})
    )
    return frozenset(Sent(*row) for row in (await session.execute(statement)).all())


async def _ask(session: AsyncSession, debt: Debt, due: Sequence[tuple[Thing, Nudge]], now: datetime) -> None:
    steps: list[dict[str, Any]] = []
    for thing, nudge in due:
        key = occasion(debt.subject_id, nudge.target, nudge.due_at, nudge.step)
        said: dict[str, Any] = {
            "at": now,
            "postmortem_id": debt.postmortem.id,
            "action_item_id": debt.item.id if debt.item else None,
            "target": None if debt.item else nudge.target,
            "rung": nudge.rung,
            "is_escalation": is_escalation(nudge, thing, debt),
        }
        kind = thing.kind_for(nudge.to, early=nudge.rung == RungKind.BEFORE_DUE.value.lower())
        if nudge.to in debt.cast.channels:
            await notify_teams(session, [nudge.to], kind, key, **said)
        else:
            await notify(session, [nudge.to], kind, key, comment_id=thing.comment_id, **said)
        common = {
            "subject_id": debt.subject_id,
            "target": nudge.target,
            "due_at": nudge.due_at,
            "receiver_id": nudge.to,
            "is_escalation": is_escalation(nudge, thing, debt),
            "occasion": key,
            "sent_at": now,
            "postmortem_id": debt.postmortem.id,
            "action_item_id": debt.item.id if debt.item else None,
        }
        steps += [
            common
            | {"step": step, "rung": step.partition(":")[0], "covered_by": None if step == nudge.step else nudge.step}
            for step in (nudge.step, *nudge.covers)
        ]
    await session.execute(insert(LadderStep).values(steps).on_conflict_do_nothing())
    await _miss_leads(session, debt, [nudge for _, nudge in due], now)


def is_escalation(nudge: Nudge, thing: Thing, debt: Debt) -> bool:
    """It reaches somebody who neither owes it nor wrote the postmortem: a lead, an administrator."""
    rung = next((one for one in debt.policy.ladder if one.name == nudge.rung), None)
    asks = set(rung.asks if rung else ())
    own = {one.id for one in thing.owed.owners} if Asked.OWNER in asks else set()
    own |= {one.id for one in debt.cast.asked[Asked.AUTHOR]} if Asked.AUTHOR in asks else set()
    return bool(asks & LEADING) and nudge.to not in own


async def _miss_leads(session: AsyncSession, debt: Debt, due: Iterable[Nudge], now: datetime) -> None:
    """Where a rung asked for the lead of a team that has none, its administrators are told so, once for each lead."""
    leading = {one.name for one in debt.policy.ladder if Asked.TEAM_LEAD in one.asks}
    if any(one.rung in leading for one in due):
        await tell_of_leaderless(session, debt.cast.leaderless, debt.cast.administrators, now)


async def tell_of_leaderless(
    session: AsyncSession, teams: Mapping[str, str | None], administrators: Sequence[str], now: datetime
) -> None:
    """``teams`` with the id of whoever led last."""
    for team_id, lead_id in sorted(teams.items()):
        occasion = f"{team_id}:without_lead:{lead_id or ''}"
        await notify(session, administrators, "team_without_lead", occasion, at=now, about_team_id=team_id)


async def _set_alarm(
    session: AsyncSession,
    debt: Debt,
    plans: Sequence[tuple[Thing, Sequence[Nudge]]],
    now: datetime,
    until: datetime,
) -> None:
    later = [(one.at, one.target) for _, plan in plans for one in plan]
    if debt.policy.ladder and plans:
        later.append((until, plans[0][0].owed.target))
    if debt.policy.ladder and debt.look_within is not None:
        later.append((now + debt.look_within, "what rests"))
    rings_at, rings_for = min(later, default=(None, "nothing"))
    looks = [
        {
            "target": thing.owed.target,
            "due_at": thing.owed.due_at.isoformat(),
            "since": (thing.owed.since or now).isoformat(),
            "looked_at": max(_reached(plan, now), thing.owed.looked_at or thing.owed.since or now).isoformat(),
        }
        for thing, plan in plans
    ]
    values = {"rings_at": rings_at, "rings_for": rings_for, "looked_at": now, "looks": looks}
    link = {"action_item_id": debt.item.id} if debt.item else {"postmortem_id": debt.postmortem.id}
    statement = insert(LadderAlarm).values(subject_id=debt.subject_id, **link, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["subject_id"], set_=values))


def _reached(plan: Sequence[Nudge], now: datetime) -> datetime:
    """As :func:`looked_until`; what is due now and was not asked for, since nobody was to be asked yet, waits too."""
    waiting = [one.reached_at for one in plan if one.at <= now and one.reached_at]
    return min([looked_until(plan, now), *waiting])


# For the outbox


async def list_overlooked_unscoped(session: AsyncSession, before: datetime, limit: int) -> tuple[list[str], list[str]]:
    """Postmortems and action items whose alarm rang before that instant and at which nobody looked: their workflow may
    be lost."""
    columns = (LadderAlarm.postmortem_id, LadderAlarm.action_item_id)
    statement = select(*columns).where(LadderAlarm.rings_at < before).order_by(LadderAlarm.rings_at).limit(limit)
    rows = (await session.execute(statement)).all()
    return [one for one, _ in rows if one], [one for _, one in rows if one]


# For those who may see the postmortem


@dataclass(frozen=True, slots=True)
class Escalation:
    """One message of the ladder, to everybody whom it reached at once. ``covers`` are lower rungs that it said too."""

    target: str
    rung: str
    at: datetime
    to: tuple[str, ...]
    channel: str
    covers: tuple[str, ...] = ()


async def list_escalations(session: AsyncSession, postmortem_id: str) -> list[Escalation]:
    """Of the postmortem itself, oldest first. The channel is the one that the notice went through."""
    told = func.coalesce(Notice.person_id, Notice.team_id)
    statement = (
        select(LadderStep, func.coalesce(Notice.channel, "inbox"))
        .outerjoin(Notice, (Notice.dedupe_key == LadderStep.occasion) & (told == LadderStep.receiver_id))
        .where(LadderStep.postmortem_id == postmortem_id, LadderStep.action_item_id.is_(None))
        .order_by(LadderStep.sent_at, LadderStep.receiver_id, LadderStep.step)
    )
    rows = (await session.execute(statement)).all()
    found: dict[tuple[str, datetime, str, datetime, str], tuple[list[str], set[str]]] = {}
    for step, channel in rows:
        if step.covered_by is None:
            key = (step.target, step.due_at, step.step, step.sent_at, channel)
            found.setdefault(key, ([], set()))[0].append(step.receiver_id)
    for step, channel in rows:
        if step.covered_by is not None:
            key = (step.target, step.due_at, step.covered_by, step.sent_at, channel)
            found[key][1].add(step.rung)
    return [
        Escalation(target, step.partition(":")[0], at, tuple(to), channel, tuple(sorted(covers)))
        for (target, _, step, at, channel), (to, covers) in found.items()
    ]
