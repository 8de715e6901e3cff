"""Planning when a receiver is notified next, and composing the message that is sent then.

Both lock the receiver's state first, so that they never run twice at once for the same receiver.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from application.notifications.delegation import delegate_notices
from application.notifications.details import read_details, settle_outdated
from application.notifications.receivers import Receiver, find_receiver
from domain.notifications import timing
from domain.notifications.meanings import is_direct
from domain.notifications.notices import kind_of
from domain.notifications.timing import DeliveryPlan
from models.base import derived_id, new_id
from models.notification import Message, Notice
from models.queries.notifications import messages, notices, outbox, receivers
from models.session import Session

SENDING_LASTS = timedelta(hours=2)
"""Longer than all attempts to send a message take together: a workflow that has not acted again by then is lost."""


async def plan(session: Session, receiver_id: str, now: datetime) -> DeliveryPlan:
    """Takes the receiver's notices out of the outbox and plans when to act on them."""
    receiver = await find_receiver(session, receiver_id)
    await outbox.take_out(session, receiver_id)
    if receiver is None:
        state = await receivers.lock_state(session, receiver_id)
        state.next_at = state.digest_at = None
        await notices.settle_all_of_receiver(session, receiver_id, now)
        await messages.void_unsent(session, receiver_id)
        return DeliveryPlan()
    if receiver.person:
        await delegate_notices(session, receiver, now)
    planned = await _plan(session, receiver, now)
    receiver.state.next_at, receiver.state.digest_at = planned.at, planned.digest_at
    return planned


async def _plan(session: Session, receiver: Receiver, now: datetime) -> DeliveryPlan:
    settings = receiver.settings
    unsent = await _list_unsent(session, receiver, now)
    pending = await notices.list_pending(session, receiver.id, is_team=receiver.team is not None)
    escalations = [one.created_at for one in pending if one.is_escalation]
    told, asked, reminders = _times(receiver, pending)
    digest_at = timing.next_digest(min(reminders), now, settings) if reminders else None
    has_prompt = any(kind_of(one.kind).is_prompt for one in pending)
    at = timing.earliest(
        now if has_prompt else None,
        timing.earliest(*(_sent_at(one, receiver, now) for one in unsent)),
        timing.next_escalation(min(escalations), now, settings) if escalations else None,
        timing.next_direct(min(told), now, settings) if told else None,
        timing.next_reminder(min(asked), now, settings) if asked else None,
        digest_at,
        _absence_starts_at(receiver, now) if pending else None,
        _weekly_summary_at(receiver, now),
    )
    return DeliveryPlan(at, digest_at)


def _times(receiver: Receiver, pending: Sequence[Notice]) -> tuple[list[datetime], list[datetime], list[datetime]]:
    """When there was something to tell soon, something to remind of soon, and something for the digest."""
    found: dict[str, list[datetime]] = {"DIRECT": [], "REMINDER": [], "DIGEST": []}
    for one in pending:
        if not one.is_escalation:
            found[_kind_of(receiver, one)].append(one.created_at)
    return found["DIRECT"], found["REMINDER"], found["DIGEST"]


def _kind_of(receiver: Receiver, notice: Notice) -> str:
    """The kind of message that takes it."""
    if not receiver.way_of(notice).at_once:
        return "DIGEST"
    return "DIRECT" if is_direct(notice.kind, by_a_person=notice.actor_id is not None) else "REMINDER"


def _absence_starts_at(receiver: Receiver, now: datetime) -> datetime | None:
    """When pending notices go to the delegate."""
    person = receiver.person
    if person is None or person.delegate_id is None or person.away_from is None:
        return None
    return person.away_from if person.away_from > now else None


def _weekly_summary_at(receiver: Receiver, now: datetime) -> datetime | None:
    """A team gets its first summary at the end of the current week."""
    if receiver.team is None:
        return None
    zone = ZoneInfo(receiver.settings.calendar.zone)
    receiver.state.reported_on = reported = receiver.state.reported_on or _monday(now, zone)
    week_start = datetime(reported.year, reported.month, reported.day, tzinfo=zone)
    due = timing.report_at(week_start, receiver.settings)
    return timing.next_delivery(max(due, now), receiver.settings) if due else None


def _monday(at: datetime, zone: ZoneInfo) -> date:
    today = at.astimezone(zone).date()
    return today - timedelta(days=today.weekday())


async def _list_unsent(session: Session, receiver: Receiver, now: datetime) -> Sequence[Message]:
    """The messages that are still to be sent, oldest first. Withdraws the digests of a receiver who is snoozed: their
    notices wait again."""
    found = await messages.list_unsent(session, receiver.id)
    if not receiver.is_snoozed(now):
        return found
    for one in found:
        if one.kind == "DIGEST":
            one.state = "VOID"
            await notices.release_from_message(session, one.id)
    await session.flush()
    return [one for one in found if one.kind != "DIGEST"]


def _sent_at(message: Message, receiver: Receiver, now: datetime) -> datetime | None:
    """When a message that was composed before is sent, if a worker died in between."""
    if message.kind == "PROMPT":
        return now
    if message.kind == "DIRECT":
        return timing.next_direct(now - timing.PAUSE, now, receiver.settings)
    return timing.next_delivery(now, receiver.settings)


# The message


async def compose(session: Session, receiver_id: str, now: datetime) -> str | None:
    """The id of the message to send now, made of the notices that are still worth sending; None if there is none.

    A message that was composed before and not sent yet comes first, so that this may run twice.
    """
    receiver = await find_receiver(session, receiver_id)
    if receiver is None:
        return None
    unsent = await messages.list_unsent(session, receiver.id)
    message_id = next((one.id for one in unsent if _sent_at(one, receiver, now) == now), None)
    if message_id is None:
        pending = await notices.list_pending(session, receiver.id, is_team=receiver.team is not None)
        message_id = await _compose_prompt(session, receiver, pending, now)
        message_id = message_id or await _compose_direct(session, receiver, pending, now)
        if message_id is None and timing.may_deliver(now, receiver.settings):
            message_id = await _compose(session, receiver, pending, now)
    if message_id is not None:
        receiver.state.next_at = now + SENDING_LASTS
    return message_id


async def _compose_prompt(session: Session, receiver: Receiver, pending: Sequence[Notice], now: datetime) -> str | None:
    """What is of use only now: it goes before everything else, and at any hour."""
    if not any(kind_of(one.kind).is_prompt for one in pending):
        return None
    prompts = [one for one in await _list_relevant(session, receiver, pending, now) if kind_of(one.kind).is_prompt]
    return await _add_message(session, receiver, "PROMPT", prompts, now) if prompts else None


async def _compose_direct(session: Session, receiver: Receiver, pending: Sequence[Notice], now: datetime) -> str | None:
    """What people did to one postmortem that addresses the receiver: at any hour that isn't quiet."""
    if not timing.may_deliver_direct(now, receiver.settings):
        return None
    told, _, _ = _times(receiver, pending)
    due = timing.next_direct(min(told), now, receiver.settings) if told else None
    if due is None or due > now:
        return None
    relevant = await _list_relevant(session, receiver, pending, now)
    direct = [one for one in relevant if not one.is_escalation and _kind_of(receiver, one) == "DIRECT"]
    return await _add_message(session, receiver, "DIRECT", _alike(receiver, direct), now) if direct else None


def _alike(receiver: Receiver, found: Sequence[Notice]) -> list[Notice]:
    """Those that are about what the first is about, and go the same way."""

    def about(one: Notice) -> tuple[object, ...]:
        return one.postmortem_id or one.action_item_id or one.id, receiver.way_of(one).channels

    return [one for one in found if about(one) == about(found[0])]


async def _compose(session: Session, receiver: Receiver, pending: Sequence[Notice], now: datetime) -> str | None:
    relevant = await _list_relevant(session, receiver, pending, now)
    escalations = [one for one in relevant if one.is_escalation]
    if escalations and timing.next_escalation(now, now, receiver.settings) == now:
        return await _add_message(session, receiver, "ESCALATION", escalations, now)
    if receiver.team and (published := [one for one in relevant if one.kind == "published"]):
        return await _add_message(session, receiver, "PUBLISHED", published[:1], now)
    waiting = [one for one in relevant if not one.is_escalation]
    asked = [one for one in waiting if _kind_of(receiver, one) == "REMINDER"]
    due = timing.next_reminder(min(one.created_at for one in asked), now, receiver.settings) if asked else None
    if due is not None and due <= now:
        return await _add_message(session, receiver, "REMINDER", _by_way(receiver, asked)[0], now)
    if reminders := [one for one in waiting if _kind_of(receiver, one) == "DIGEST"]:
        due = timing.next_digest(min(one.created_at for one in reminders), now, receiver.settings)
        if due is not None and due <= now:
            receiver.state.last_digest_at, receiver.state.digest_at = now, None
            parts = _by_way(receiver, reminders)
            first, *_ = [await _add_message(session, receiver, "DIGEST", part, now) for part in parts]
            return first
    return await _add_weekly_summary(session, receiver, now)


def _by_way(receiver: Receiver, found: Sequence[Notice]) -> list[list[Notice]]:
    """Apart by the channels that may take them."""
    parts: dict[tuple[str, ...], list[Notice]] = {}
    for one in found:
        parts.setdefault(receiver.way_of(one).channels, []).append(one)
    return list(parts.values())


async def _list_relevant(
    session: Session, receiver: Receiver, pending: Sequence[Notice], now: datetime
) -> list[Notice]:
    """Those that are still worth sending; the others are settled."""
    details = await read_details(
        session,
        pending,
        now,
        viewer=receiver.viewer,
        team_id=receiver.team.id if receiver.team else None,
        muted_kinds=receiver.muted_kinds,
    )
    return [one.notice for one in settle_outdated(details, now)]


async def _add_message(
    session: Session, receiver: Receiver, kind: str, included: Sequence[Notice], now: datetime
) -> str:
    message = Message(id=new_id("msg"), receiver_id=receiver.id, kind=kind, state="WAITING", created_at=now)
    session.add(message)
    await session.flush()
    for one in included:
        one.message_id = message.id
    return message.id


async def _add_weekly_summary(session: Session, receiver: Receiver, now: datetime) -> str | None:
    """Once for each week, about the week before."""
    monday = _monday(now, ZoneInfo(receiver.settings.calendar.zone))
    if receiver.team is None or receiver.state.reported_on in {None, monday}:
        return None
    receiver.state.reported_on = monday
    message_id = derived_id("msg", receiver.id, "report", monday.isoformat())
    await messages.insert_message(session, message_id, receiver.id, "REPORT", now)
    return message_id
