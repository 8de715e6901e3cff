"""Incident reports that came in by webhook: applied at once, or later from the recorded delivery."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from application.connections.deliveries import DeliveryReceipt, ReceivedWebhook, finish_delivery, record_delivery
from application.incidents.reports import lock_reported, receive_report
from domain.errors import DomainError
from domain.incidents.incident import IncidentReport
from integrations import registry
from models.integration import WebhookDelivery
from models.session import Session

log = structlog.get_logger()


async def receive_reports(
    session: Session, webhook: ReceivedWebhook, delivery_id: str, reports: Sequence[IncidentReport]
) -> DeliveryReceipt:
    """Records and applies reports in one transaction. If they cannot be applied now, the worker tries again later."""
    delivery = await record_delivery(session, webhook, delivery_id)
    if delivery is None:
        return DeliveryReceipt("duplicate", delivery_id)
    if webhook.is_paused or not reports:
        result = "paused" if webhook.is_paused else "ignored"
        await finish_delivery(session, webhook, delivery, result, delivery_id)
        return DeliveryReceipt("ignored", delivery_id)
    touched: list[str] = []
    try:
        async with session.begin_nested():
            touched += await apply_reports(session, webhook.kind, reports, webhook.now)
        await finish_delivery(session, webhook, delivery, "applied", delivery_id)
    except DomainError as refusal:
        log.warning("report not applied; the worker will try again", delivery_id=delivery_id, code=refusal.code)
    return DeliveryReceipt("accepted", delivery_id, postmortem_ids=touched)


async def apply_recorded_reports(session: Session, delivery: WebhookDelivery) -> list[str]:
    """Like :func:`apply_reports`, from the recorded delivery."""
    source = registry.incident_source(delivery.kind)
    parsed = source.parse(delivery.headers, delivery.body, delivery.received_at)
    return await apply_reports(session, delivery.kind, parsed.reports, delivery.received_at)


async def apply_reports(
    session: Session, kind: str, reports: Sequence[IncidentReport], received_at: datetime
) -> list[str]:
    """Applies an incident source's reports. Returns the postmortems that this opened or refreshed.

    Rows are always locked in the same order, so that two deliveries never wait for each other.
    """
    touched: list[str] = []
    if len(reports) > 1:
        await lock_reported(session, reports, received_at)
    for report in sorted(reports, key=lambda one: (one.source, one.external_id, one.occurred_at)):
        received = await receive_report(session, None, report, received_at, origin=kind)
        if received.postmortem_id:
            touched.append(received.postmortem_id)
            log.info(
                "incident requires a postmortem",
                incident_id=received.incident.id,
                postmortem_id=received.postmortem_id,
                opened=received.opened,
            )
    return touched
