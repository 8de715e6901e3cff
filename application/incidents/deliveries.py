"""Incident reports that came in by webhook: applied at once, or later from the recorded delivery."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import structlog

from application.connections.deliveries import (
    DeliveryReceipt,
    ReceivedWebhook,
    log_delivery,
    new_delivery,
    record_delivery,
)
from application.incidents.naming import name_reports
from application.incidents.reports import NotedReports, follow_reports, note_reports
from domain.errors import DomainError
from domain.incidents.incident import IncidentReport
from integrations import registry
from models.integration import WebhookDelivery
from models.queries.connections.deliveries import settled_row
from models.queries.incidents.reported import Named
from models.queries.rows import write_rows
from models.queries.together import ChangedRow
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
    """Records and applies reports in one transaction. If they can't be applied now (DomainError), roll it back, and
    call :func:`keep_reports`."""
    if webhook.is_paused or not reports:
        result = "paused" if webhook.is_paused else "ignored"
        number = await record_delivery(session, webhook, delivery_id, result)
        return DeliveryReceipt("duplicate" if number is None else "ignored", delivery_id)
    delivery = new_delivery(webhook, delivery_id)
    named = await name_reports(session, reports, webhook.now, delivery=delivery)
    if named.delivery is None:
        return DeliveryReceipt("duplicate", delivery_id)
    noted = await _note(session, named, webhook.kind, reports, webhook.now)
    outcome = _outcome(noted)
    log_delivery(session, webhook, delivery_id, outcome.result, outcome.detail)
    changed = [] if outcome.is_used else [settled_row(named.delivery, outcome.result)]
    touched = await _write(session, named, noted, webhook.kind, webhook.now, changed)
    status: Literal["accepted", "ignored"] = "accepted" if outcome.is_used else "ignored"
    return DeliveryReceipt(status, delivery_id, postmortem_ids=touched, warnings=outcome.warnings)


async def keep_reports(
    session: Session, webhook: ReceivedWebhook, delivery_id: str, refusal: DomainError
) -> DeliveryReceipt:
    """Records reports that can't be applied now: the worker tries again later."""
    log.warning("report not applied; the worker will try again", delivery_id=delivery_id, code=refusal.code)
    if await record_delivery(session, webhook, delivery_id) is None:
        return DeliveryReceipt("duplicate", delivery_id)
    return DeliveryReceipt("accepted", delivery_id, warnings=(f"Not applied yet, and tried again later: {refusal}",))


async def apply_recorded_reports(session: Session, delivery: WebhookDelivery) -> AppliedReports:
    """Applies the reports of a recorded delivery, as :func:`receive_reports` does."""
    source = registry.incident_source(delivery.kind)
    reports = source.parse(delivery.headers, delivery.body, delivery.received_at).reports
    named = await name_reports(session, reports, delivery.received_at)
    noted = await _note(session, named, delivery.kind, reports, delivery.received_at)
    touched = await _write(session, named, noted, delivery.kind, delivery.received_at)
    return replace(_outcome(noted), postmortem_ids=touched)


async def _note(
    session: Session, named: Named, kind: str, reports: Sequence[IncidentReport], now: datetime
) -> list[NotedReports]:
    by_incident = defaultdict[tuple[str, str], list[IncidentReport]](list)
    for report in sorted(reports, key=lambda one: (one.source, one.external_id, one.order_at)):
        by_incident[report.source, report.external_id].append(report)
    noted: list[NotedReports] = []
    for own in by_incident.values():
        if noted:  # whether the next one recurs is decided by what is written
            await write_rows(session, noted[-1].links(named))
        noted.append(await note_reports(session, None, named, own, now, kind))
    return noted


def _outcome(noted: Sequence[NotedReports]) -> AppliedReports:
    warnings = dict.fromkeys(sentence for one in noted for sentence in one.warnings)
    return AppliedReports((), tuple(warnings), any(one.is_used for one in noted))


async def _write(
    session: Session,
    named: Named,
    noted: Sequence[NotedReports],
    kind: str,
    now: datetime,
    changed: Sequence[ChangedRow] = (),
) -> list[str]:
    """Writes what isn't written yet, then what follows. Returns the postmortems that were opened or refreshed."""
    await write_rows(session, noted[-1].links(named) if noted else (), changed)
    touched: list[str] = []
    for one in noted:
        received = await follow_reports(session, None, one, now, origin=kind)
        touched += received.touched
        if received.postmortem_id:
            log.info(
                "incident requires a postmortem",
                incident_id=received.incident.id,
                postmortem_id=received.postmortem_id,
                opened=received.opened,
            )
    await write_rows(session)
    return touched
