"""Statements about trackers' webhooks: what one delivery tells is recorded in one statement, and so is what became of
it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, any_, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from models.integration import WebhookDelivery
from models.queries.prebuilt import Prebuilt, number_of, text_of
from models.queries.rows import columns_of, read_rows


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event of a delivery. ``external_id`` is that of the ticket that it is about, None if it is about none;
    ``result`` is what became of it, if that is known already."""

    delivery_id: str
    news: bytes | None = None
    external_id: str | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One that was not received before: ``number`` is its row's."""

    delivery_id: str
    number: int
    action_item_id: str | None
    result: str | None


_RECORD = Prebuilt(
    text(
        """
    with arrived as (
        select * from unnest(
            cast(:delivery_ids as text[]), cast(:news as bytea[]), cast(:external_ids as text[]),
            cast(:results as text[])
        ) with ordinality as one (delivery_id, news, external_id, result, place)
    ), found as (
        select arrived.delivery_id, arrived.news, arrived.place, ticket.action_item_id,
            case when arrived.result is null and arrived.external_id is not null and ticket.id is null
                then 'unlinked' else arrived.result end as result
        from arrived left join ticket
            on ticket.integration_id = :integration_id and ticket.external_id = arrived.external_id
    ), added as (
        insert into webhook_delivery (
            kind, integration_id, delivery_id, headers, body, received_at, attempts,
            action_item_id, news, handled_at, result
        )
        select cast(:kind as text), cast(:integration_id as text), delivery_id, cast(:headers as jsonb),
            cast(:body as bytea), cast(:now as timestamptz), 0,
            action_item_id, news, case when result is not null then cast(:now as timestamptz) end, result
        from found order by place
        on conflict do nothing
        returning id, delivery_id, action_item_id, result
    ), logged as (
        insert into sync_attempt (integration_id, direction, operation, result, delivery_id)
        select :integration_id, 'IN', 'webhook', result, delivery_id from added where result is not null
    ), heard as (
        update integration set last_webhook_at = :now where id = (
            select id from integration
            where id = :integration_id and :is_heard and (last_webhook_at is null or last_webhook_at < :outdated)
            for no key update skip locked
        )
    )
    select delivery_id, id, action_item_id, result from added order by id
    """
    )
)


async def record_events(
    session: AsyncSession,
    *,
    kind: str,
    integration_id: str,
    headers: Mapping[str, str],
    body: bytes,
    events: Sequence[NewEvent],
    now: datetime,
    outdated: datetime | None,
) -> list[RecordedEvent]:
    """Stores a row for each event that was not received before, and its result if it has one; one of an unknown ticket
    is unlinked. With ``outdated``, the connection's last webhook is now, unless it was later than that."""
    values = {
        "kind": kind,
        "integration_id": integration_id,
        "headers": json.dumps(dict(headers)),
        "body": bytes(body),
        "now": now,
        "is_heard": outdated is not None,
        "outdated": outdated or now,
        "delivery_ids": [one.delivery_id for one in events],
        "news": [one.news for one in events],
        "external_ids": [one.external_id for one in events],
        "results": [one.result for one in events],
    }
    return [RecordedEvent(*row) for row in await _RECORD.write(session, **values)]


_WAITING = Prebuilt(
    select(*columns_of(WebhookDelivery))
    .where(
        or_(
            WebhookDelivery.action_item_id == text_of("item_id"),
            WebhookDelivery.id == any_(bindparam("numbers", type_=ARRAY(BigInteger()))),
        ),
        WebhookDelivery.handled_at.is_(None),
    )
    .order_by(WebhookDelivery.id)
    .limit(number_of("limit"))
    .with_for_update()
)


async def lock_waiting_unscoped(
    session: AsyncSession, item_id: str, numbers: Sequence[int], limit: int
) -> list[WebhookDelivery]:
    """What waits for an action item, and the deliveries with these numbers that wait; locked, in the order in which
    they came."""
    values = {"item_id": item_id, "numbers": list(numbers), "limit": limit}
    return await read_rows(session, WebhookDelivery, _WAITING, **values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery, and what the sync log calls it."""

    number: int
    result: str
    operation: str = "webhook"
    action_item_id: str | None = None


_SETTLE = Prebuilt(
    text(
        """
    with outcome as (
        select * from unnest(
            cast(:numbers as bigint[]), cast(:results as text[]), cast(:operations as text[]), cast(:items as text[])
        ) as one (number, result, operation, action_item_id)
    ), settled as (
        update webhook_delivery delivery set handled_at = :now, result = outcome.result
        from outcome where delivery.id = outcome.number and delivery.handled_at is null
        returning delivery.id, delivery.integration_id, delivery.delivery_id, outcome.*
    )
    insert into sync_attempt (integration_id, direction, operation, result, action_item_id, delivery_id)
    select integration_id, 'IN', operation, result, action_item_id, delivery_id from settled order by id
    """
    )
)


async def settle_deliveries(session: AsyncSession, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Marks them as handled, and writes what became of each to the sync log."""
    if not outcomes:
        return
    values = {
        "now": now,
        "numbers": [one.number for one in outcomes],
        "results": [one.result for one in outcomes],
        "operations": [one.operation for one in outcomes],
        "items": [one.action_item_id for one in outcomes],
    }
    await _SETTLE.write(session, **values)


@dataclass(frozen=True, slots=True)
class NewPullRequest:
    """What the delivery with that number tells of a pull request that names these tickets."""

    number: int
    names: Sequence[str]
    url: str
    title: str
    state: str
    at: datetime | None


_PULL_REQUESTS = Prebuilt(
    text(
        """
    with told as (
        select * from unnest(
            cast(:numbers as bigint[]), cast(:names as text[]), cast(:urls as text[]), cast(:titles as text[]),
            cast(:states as text[]), cast(:instants as timestamptz[])
        ) as one (number, name, url, title, state, at)
    ), named as (
        select told.*, ticket.id as ticket_id, ticket.action_item_id from told join ticket
            on ticket.integration_id = :integration_id and (ticket.key = told.name or ticket.external_id = told.name)
    ), latest as (
        select distinct on (ticket_id, url) * from named order by ticket_id, url, at desc nulls last, number desc
    ), written as (
        insert into pull_request (id, ticket_id, url, title, state, seen_at, created_at)
        select 'pr_' || encode(substr(sha256(convert_to(ticket_id || ' ' || url, 'UTF8')), 1, 16), 'hex'),
            ticket_id, url, title, state, at, cast(:now as timestamptz)
        from latest order by ticket_id, url
        on conflict (ticket_id, url) do update set title = excluded.title, state = excluded.state,
            seen_at = excluded.seen_at
        where pull_request.seen_at is null or excluded.seen_at is null or pull_request.seen_at <= excluded.seen_at
    ), outcome as (
        select number, state, min(action_item_id) as action_item_id from (
            select told.number, told.state, named.action_item_id
            from told left join named on named.number = told.number
        ) each group by number, state
    ), settled as (
        update webhook_delivery delivery set handled_at = :now,
            result = case when outcome.action_item_id is null then 'unlinked' else 'pull request ' || outcome.state end
        from outcome where delivery.id = outcome.number and delivery.handled_at is null
        returning delivery.id, delivery.delivery_id, delivery.result, outcome.action_item_id
    ), logged as (
        insert into sync_attempt (integration_id, direction, operation, result, action_item_id, delivery_id)
        select :integration_id, 'IN', 'webhook', result, action_item_id, delivery_id from settled order by id
    )
    select id, result from settled
    """
    )
)


async def apply_pull_requests(
    session: AsyncSession, integration_id: str, told: Sequence[NewPullRequest], now: datetime
) -> dict[int, str]:
    """Writes each pull request to the tickets that it names, unless newer news of it is there, and settles the
    deliveries. Returns what became of each."""
    pairs = [(one, name) for one in told for name in one.names]
    values = {
        "integration_id": integration_id,
        "now": now,
        "numbers": [one.number for one, _ in pairs],
        "names": [name for _, name in pairs],
        "urls": [one.url for one, _ in pairs],
        "titles": [one.title for one, _ in pairs],
        "states": [one.state for one, _ in pairs],
        "instants": [one.at for one, _ in pairs],
    }
    return dict(await _PULL_REQUESTS.write(session, **values))
