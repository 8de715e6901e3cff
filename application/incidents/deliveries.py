"""Incident reports that came in by webhook: applied at once, or later from the recorded delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from application.connections.deliveries import DeliveryReceipt, ReceivedWebhook, finish_delivery, record_delivery
from application.incidents.reports import lock_reported, receive_report
from domain.errors import DomainError
from domain.incidents.incident import IncidentReport
from integrations import registry
from models.integration import WebhookDelivery
from models.queries.rows import write_rows
from models.session import Session

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AppliedReports:
    """``postmortem_ids`` were opened or refreshed. ``warnings`` say what was not used or is doubtful; ``is_used`` is
    False if nothing was."""

    postmortem_ids: Sequence[str]
    warnings: tuple[str, ...]
    is_used: bool

    @property
    def result(self) -> str:
        return "applied" if self.is_used else "ignored"

    @property
    def detail(self) -> str | None:
        return " ".join(self.warnings) or None


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
    try:
        async with session.begin_nested():
            outcome = await apply_reports(session, webhook.kind, reports, webhook.now)
            await write_rows(session)
    except DomainError as refusal:
        log.warning("report not applied; the worker will try again", delivery_id=delivery_id, code=refusal.code)
        later = f"Not applied yet, and tried again later: {refusal}"
        return DeliveryReceipt("accepted", delivery_id, warnings=(later,))
    await finish_delivery(session, webhook, delivery, outcome.result, delivery_id, detail=outcome.detail)
    await write_rows(session)
    return DeliveryReceipt(
        "accepted" if outcome.is_used else "ignored",
        delivery_id,
        postmortem_ids=outcome.postmortem_ids,
        warnings=outcome.warnings,
    )


async def apply_recorded_reports(session: Session, delivery: WebhookDelivery) -> AppliedReports:
    """Like :func:`apply_reports`, from the recorded delivery."""
    source = registry.incident_source(delivery.kind)
    parsed = source.parse(delivery.headers, delivery.body, delivery.received_at)
    return await apply_reports(session, delivery.kind, parsed.reports, delivery.received_at)


async def apply_reports(
    session: Session, kind: str, reports: Sequence[IncidentReport], received_at: datetime
) -> AppliedReports:
    """Applies an incident source's reports.

    Rows are always locked in the same order, so that two deliveries never wait for each other.
    """
    touched: list[str] = []
    warnings: list[str] = []
    is_used = False
    if len(reports) > 1:
        await lock_reported(session, reports, received_at)
    for report in sorted(reports, key=lambda one: (one.source, one.external_id, one.order_at)):
        received = await receive_report(session, None, report, received_at, origin=kind)
        warnings += received.warnings
        is_used = is_used or received.is_changed or not received.warnings
        touched += received.touched
        if received.postmortem_id:
            log.info(
                "incident requires a postmortem",
                incident_id=received.incident.id,
                postmortem_id=received.postmortem_id,
                opened=received.opened,
            )
    return AppliedReports(touched, tuple(dict.fromkeys(warnings)), is_used)
