"""Sending a message: what is in it now, through which connections it may go, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.notifications.details import NoticeDetails, read_details, settle_outdated
from application.notifications.receivers import Receiver, find_receiver
from domain.notifications import timing
from domain.notifications.relevance import is_awaiting_review
from models.integration import Integration
from models.notification import ChannelAddress, Message
from models.queries.connections.sync_log import insert_attempt
from models.queries.notifications import addresses, messages, notices, receivers
from models.queries.notifications.background import Background, read_background
from models.queries.notifications.weekly_summary import WeeklySummary, read_weekly_summary
from models.session import Session

REFUSAL_LASTS = timedelta(days=7)
"""How long an address that did not work is not tried again."""
MAX_PENDING_REVIEWS = 5
"""How many postmortems that wait for other people's reviews a digest lists at most."""


@dataclass(frozen=True, slots=True)
class PendingReview:
    """A postmortem of the receiver that waits for reviews by the people with these names."""

    postmortem_id: str
    title: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """A message with its contents as they are now. ``background`` is what it says about its notices.

    ``may_send`` is false if the receiver must not be notified at this time.
    """

    message: Message
    receiver: Receiver
    details: list[NoticeDetails]
    may_send: bool
    pending_reviews: list[PendingReview]
    weekly_summary: WeeklySummary | None
    background: Background
    shared_subject: str | None = None
    """Of an earlier mail about the same postmortem, if this message is about one."""

    @property
    def is_empty(self) -> bool:
        return not self.details and (self.weekly_summary is None or self.weekly_summary.is_empty)


async def prepare_message(session: Session, message_id: str, now: datetime) -> PreparedMessage | None:
    """Reads everything again and settles notices that are no longer worth sending.

    None if the message was sent before, or if nothing in it is worth sending any more.
    """
    message = await messages.find_message(session, message_id)
    if message is None or message.state != "WAITING":
        return None
    receiver = await find_receiver(session, message.receiver_id)
    if receiver is None:
        message.state = "VOID"
        return None
    prepared = await _prepare(session, message, receiver, now)
    if prepared.is_empty:
        message.state = "VOID"
        return None
    return prepared


async def _prepare(session: Session, message: Message, receiver: Receiver, now: datetime) -> PreparedMessage:
    person, team = receiver.person, receiver.team
    details = await read_details(
        session,
        await notices.list_unsettled_of_message(session, message.id),
        now,
        viewer=receiver.viewer,
        team_id=team.id if team else None,
        muted_kinds=receiver.muted_kinds,
    )
    is_digest = message.kind == "DIGEST"
    relevant = settle_outdated(details, now)
    about = {one.notice.postmortem_id for one in relevant}
    only = about.pop() if person and len(about) == 1 else None
    return PreparedMessage(
        message,
        receiver,
        relevant,
        _may_send(message.kind, receiver, now),
        pending_reviews=await _list_pending_reviews(session, receiver) if is_digest else [],
        weekly_summary=await read_weekly_summary(session, team, now) if team and message.kind == "REPORT" else None,
        background=await read_background(
            session,
            [one.notice for one in relevant],
            [one.postmortem for one in relevant if one.postmortem],
            person.id if person else None,
        ),
        shared_subject=await messages.find_shared_subject(session, receiver.id, only) if only else None,
    )


def _may_send(kind: str, receiver: Receiver, now: datetime) -> bool:
    if kind == "PROMPT":
        return True
    if kind == "DIRECT":
        return timing.may_deliver_direct(now, receiver.settings)
    waits = kind in {"DIGEST", "REMINDER"} and receiver.is_snoozed(now)
    return timing.may_deliver(now, receiver.settings) and not waits


async def _list_pending_reviews(session: Session, receiver: Receiver) -> list[PendingReview]:
    if receiver.viewer is None:
        return []
    found: dict[str, tuple[str, list[str]]] = {}
    rows = await messages.list_reviewers_of_author(session, receiver.viewer, receiver.id)
    for postmortem, reviewer, name in rows:
        if is_awaiting_review(reviewer, postmortem):
            found.setdefault(postmortem.id, (postmortem.title, []))[1].append(name)
    reviews = [PendingReview(key, title, tuple(names)) for key, (title, names) in found.items()]
    return reviews[:MAX_PENDING_REVIEWS]


# Routes


@dataclass(frozen=True, slots=True)
class Route:
    """A connection and the receiver's address in it; ``address`` None has to be looked up there."""

    integration: Integration
    address: str | None


async def list_routes(session: Session, prepared: PreparedMessage, kinds: Sequence[str], now: datetime) -> list[Route]:
    """In the order in which they are tried: the preferred channel first, then as in ``kinds``. A team has one route.

    Only those in which the person wants what the message says; an escalation may take each of them.
    """
    team, person = prepared.receiver.team, prepared.receiver.person
    if team is not None:
        integration = await addresses.find_connection(session, team.channel_id) if team.channel_id else None
        is_usable = integration is not None and integration.is_enabled
        return [Route(integration, team.channel_address or "")] if integration is not None and is_usable else []
    if person is None or (person.preferred_channel == "inbox" and prepared.message.kind != "ESCALATION"):
        return []
    if prepared.message.kind != "ESCALATION":
        wanted = [set(prepared.receiver.way_of(one.notice).channels) for one in prepared.details]
        kinds = [one for one in kinds if all(one in channels for channels in wanted)]
    rows = await addresses.list_connections_of_person(session, person.id, kinds)
    routes = [route for row in rows if (route := _route(*row, now)) is not None]
    order = {kind: place for place, kind in enumerate(kinds)}
    first = person.preferred_channel
    return sorted(routes, key=lambda one: (one.integration.kind != first, order[one.integration.kind]))


def _route(integration: Integration, known: ChannelAddress | None, account: str | None, now: datetime) -> Route | None:
    """None if the address did not work lately. A linked account takes precedence over an address that was looked up,
    which is looked up again once its refusal is old."""
    if known is None or known.refused_at is None:
        return Route(integration, known.address if known and (known.is_chosen or account is None) else account)
    if known.refused_at > now - REFUSAL_LASTS:
        return None
    return Route(integration, known.address if known.is_chosen else account)


async def list_refusals(session: Session, person_id: str, now: datetime) -> list[str]:
    """Why some of the person's addresses were not tried."""
    return await addresses.list_refusals(session, person_id, now - REFUSAL_LASTS)


# What became of it


async def record_sent(
    session: Session,
    message_id: str,
    now: datetime,
    *,
    integration: Integration | None,
    address: str | None,
    external_id: str | None,
    unreachable: str | None,
    thread: str | None = None,
    subject: str | None = None,
) -> None:
    """Settles the notices in the transaction that stores the receipt, so that nobody is notified twice.

    Without ``integration`` the message stays in the inbox; ``unreachable`` says why no connection took it.
    """
    message = await messages.find_message(session, message_id, for_update=True)
    if message is None or message.state != "WAITING":
        return
    channel = integration.kind if integration else "inbox"
    message.state, message.sent_at, message.channel = "SENT", now, channel
    message.integration_id = integration.id if integration else None
    message.address, message.external_id, message.thread = address, external_id, thread
    message.detail, message.subject = unreachable, subject
    await notices.settle_sent(session, message_id, now, channel)
    state = await receivers.find_state(session, message.receiver_id)
    if state is not None and unreachable:
        state.unreachable_since = state.unreachable_since or now
        state.unreachable_why = unreachable[:500]
    elif state is not None and integration is not None:
        state.unreachable_since = state.unreachable_why = None
    if integration is not None:
        insert_attempt(
            session, integration.id, "OUT", f"message {message.kind.lower()}", "ok", detail=message.id, at=now
        )
