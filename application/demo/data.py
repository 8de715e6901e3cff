"""Demo data: a small organization, its incidents of today, and the product document's example of a postmortem."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from application.action_items.items import add_item
from application.demo import stories
from application.demo.history import insert_history
from application.incidents.reports import receive_report
from application.people.people import add_person
from application.people.services import add_service
from application.people.teams import add_team
from application.postmortems.editing import edit_postmortem
from domain.access import Role, Viewer
from domain.escalation.targets import TargetName
from domain.incidents.incident import IncidentReport, IncidentStatus, Responder, TimelineMark, Urgency
from domain.postmortems.lifecycle import Status
from models.queries.escalation.targets import list_targets
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.reviewers import insert_reviewers
from models.session import Session

PEOPLE = (
    ("user_jane", "jane", "Jane Doe", Role.RESPONDER),
    ("user_bob", "bob", "Bob Marsh", Role.RESPONDER),
    ("user_alice", "alice", "Alice Ng", Role.RESPONDER),
    ("user_maya", "maya", "Maya Okafor", Role.ADMIN),
    ("user_tomas", "tomas", "Tomas Silva", Role.MEMBER),
)
Item = tuple[str, str, str, int, str]
"""Id, description, owner, days until it is due, priority."""

TEAM_ID = "team_payments"
JANE, BOB = Responder("jane@example.com", "Jane Doe"), Responder("bob@example.com", "Bob Marsh")
SERVICES = (("svc_payments_api", "payments-api"), ("svc_checkout", "checkout"), ("svc_search", "search"))


async def insert_demo_data(session: Session, now: datetime) -> None:
    """Dates lie before and after ``now``."""
    for person_id, handle, name, role in PEOPLE:
        email = f"{handle}@example.com"
        await add_person(session, person_id=person_id, email=email, name=name, handle=handle, role=role)
    members = [person_id for person_id, *_ in PEOPLE]
    await add_team(session, team_id=TEAM_ID, name="Payments", lead_id="user_maya", member_ids=members)
    for service_id, name in SERVICES:
        await add_service(session, service_id=service_id, name=name, team_id=TEAM_ID)
    for team_id, name in stories.TEAMS.items():
        await add_team(session, team_id=team_id, name=name, lead_id="user_maya", member_ids=members)
    for service_id, name, team_id in stories.SERVICES:
        await add_service(session, service_id=service_id, name=name, team_id=team_id)
    known = {name: service_id for service_id, name in SERVICES}
    known |= {name: service_id for service_id, name, _ in stories.SERVICES}
    await insert_history(session, known, now)
    await _earlier_outage(session, now)
    await _payment_outage(session, now)
    await _report(session, _failover(now - timedelta(days=3)), "inc_cachefail", "pm_cachefail", now)
    await _report(session, _slow_exports(now - timedelta(hours=5)), "inc_slowexports", None, now)
    await _report(session, _lagging_search(now - timedelta(minutes=35)), "inc_searchlag", None, now)


async def _report(
    session: Session, report: IncidentReport, incident_id: str, postmortem_id: str | None, now: datetime
) -> None:
    await receive_report(
        session, None, report, now, incident_id=incident_id, postmortem_id=postmortem_id, origin="demo"
    )


async def _earlier_outage(session: Session, now: datetime) -> None:
    """A published one about the same service, with action items that are still open."""
    start = now - timedelta(days=61)
    await _report(session, _timeouts(start), "inc_pooltimeouts", "pm_pooltimeouts", now)
    jane = Viewer("user_jane", Role.RESPONDER, frozenset({TEAM_ID}), origin="demo")
    await edit_postmortem(session, jane, "pm_pooltimeouts", TIMEOUT_SECTIONS, expected_version=None, now=now)
    await session.flush()
    seen = await postmortems.get_visible(session, jane, "pm_pooltimeouts", lock=True)
    await _add_items(session, jane, seen, TIMEOUT_ITEMS, now)
    row = seen.postmortem
    row.created_at, row.draft_started_at = start + timedelta(hours=1), start + timedelta(hours=3)
    row.submitted_at, row.reviewed_at = start + timedelta(hours=40), start + timedelta(days=4)
    row.status, row.published_at, row.updated_at = Status.PUBLISHED.value, start + timedelta(days=5), now
    for target in await list_targets(session, row.id):
        target.met_at = {
            TargetName.DRAFT_STARTED: row.draft_started_at,
            TargetName.DRAFT_COMPLETED: row.submitted_at,
            TargetName.REVIEW_COMPLETED: row.reviewed_at,
            TargetName.PUBLISHED: row.published_at,
        }[TargetName(target.name)]
    await session.flush()


async def _payment_outage(session: Session, now: datetime) -> None:
    """The product document's example, with the same ids: written, and not yet sent to its two reviewers."""
    await _report(session, _outage(now - timedelta(hours=20)), "inc_abc123", "pm_xyz", now)
    jane = Viewer("user_jane", Role.RESPONDER, frozenset({TEAM_ID}), origin="demo")
    await edit_postmortem(session, jane, "pm_xyz", PAYMENT_SECTIONS, expected_version=None, now=now)
    await session.flush()
    await insert_reviewers(session, "pm_xyz", ["user_bob", "user_alice"], now)
    seen = await postmortems.get_visible(session, jane, "pm_xyz", lock=True)
    await _add_items(session, jane, seen, PAYMENT_ITEMS, now)


async def _add_items(
    session: Session, viewer: Viewer, seen: VisiblePostmortem, items: Sequence[Item], now: datetime
) -> None:
    for item_id, description, owner_id, days, priority in items:
        values = {
            "description": description,
            "owner_id": owner_id,
            "due_on": now.date() + timedelta(days=days),
            "priority": priority,
        }
        await add_item(session, viewer, seen, item_id, values, now)


def _timeouts(start: datetime) -> IncidentReport:
    return _resolved(
        start,
        external_id="payment-api-timeouts",
        title="Payment API timeouts",
        description="Payments timed out for 18 minutes because requests waited for a database connection.",
        service="payments-api",
        acknowledged=2,
        resolved=18,
        responders=(JANE,),
        events=((0, "Alert triggered: Payment API latency is above its limit", None),),
    )


def _outage(start: datetime) -> IncidentReport:
    return _resolved(
        start,
        external_id="payment-api-outage",
        title="Payment API outage",
        description="Payments failed for 45 minutes because the database connection pool was exhausted.",
        service="payments-api",
        acknowledged=3,
        resolved=45,
        responders=(JANE, BOB),
        customer_impact=True,
        events=(
            (0, "Monitoring alert triggered: Payment API latency is above its limit", None),
            (3, "Acknowledged by the on-call engineer", "Jane Doe"),
            (8, "First finding: unusually many database connections", "Jane Doe"),
            (15, "Cause found: the connection pool is exhausted", "Bob Marsh"),
            (22, "Mitigation: pool size raised, affected pods restarted", "Bob Marsh"),
            (30, "Service restored; watching the dashboards", "Jane Doe"),
            (45, "Resolved; follow-up tasks created", "Jane Doe"),
        ),
    )


def _failover(start: datetime) -> IncidentReport:
    return _resolved(
        start,
        external_id="cache-failover",
        title="Checkout slow after a cache failover",
        description="A cache replica took over with a cold cache, and checkout pages took up to nine seconds.",
        service="checkout",
        acknowledged=6,
        resolved=72,
        responders=(BOB, Responder("tomas@example.com", "Tomas Silva")),
        events=((0, "Alert triggered: checkout p95 above 5 s", None),),
    )


def _slow_exports(start: datetime) -> IncidentReport:
    """Nothing requires its postmortem, so that people may decide."""
    return _resolved(
        start,
        external_id="slow-exports",
        title="Order exports were slow",
        description="Exports of orders took 20 minutes instead of one. No customer was affected.",
        service="orders",
        acknowledged=7,
        resolved=34,
        responders=(BOB,),
        urgency=Urgency.LOW,
        near_miss=True,
        events=(
            (0, "Alert triggered: an export has run for 20 minutes", None),
            (7, "Acknowledged by the on-call engineer", "Bob Marsh"),
            (19, "Cause found: an index is missing since the last release", "Bob Marsh"),
            (34, "Index created; exports take one minute again", "Bob Marsh"),
        ),
    )


def _resolved(
    start: datetime,
    *,
    external_id: str,
    title: str,
    description: str,
    service: str,
    acknowledged: int,
    resolved: int,
    responders: tuple[Responder, ...],
    events: Sequence[tuple[int, str, str | None]],
    customer_impact: bool | None = None,
    urgency: Urgency = Urgency.HIGH,
    near_miss: bool | None = None,
) -> IncidentReport:
    """An incident of the demo team. Times are minutes after ``start``; the first responder acknowledges it."""

    def after(minutes: int) -> datetime:
        return start + timedelta(minutes=minutes)

    return IncidentReport(
        source="generic",
        external_id=external_id,
        occurred_at=after(resolved),
        title=title,
        description=description,
        urgency=urgency,
        near_miss=near_miss,
        status=IncidentStatus.RESOLVED,
        started_at=start,
        acknowledged_at=after(acknowledged),
        acknowledged_by=responders[0].email,
        resolved_at=after(resolved),
        services=(service,),
        team_id=TEAM_ID,
        responders=responders,
        customer_impact=customer_impact,
        timeline=tuple(TimelineMark(after(minutes), words, actor) for minutes, words, actor in events),
    )


def _lagging_search(start: datetime) -> IncidentReport:
    return IncidentReport(
        source="generic",
        external_id="search-lag",
        occurred_at=start,
        title="Search index is behind",
        description="New products appear in search half an hour late.",
        urgency=Urgency.LOW,
        status=IncidentStatus.ACKNOWLEDGED,
        started_at=start,
        acknowledged_at=start + timedelta(minutes=4),
        acknowledged_by="alice@example.com",
        services=("search",),
        team_id=TEAM_ID,
        responders=(Responder("alice@example.com", "Alice Ng"),),
    )


TIMEOUT_SECTIONS = {
    "summary": "The Payment API timed out for 18 minutes: requests waited for a free database connection.",
    "impact": "About 300 payments were retried. None was lost.",
    "root_cause": "A slow report held most of the database connection pool.",
    "resolution": "The report was stopped.",
}
TIMEOUT_ITEMS: Sequence[Item] = (
    ("ai_reportreplica", "Run reports on a read replica, not on the Payment API's database", "user_bob", 10, "HIGH"),
    ("ai_poolmetric", "Measure how full the database connection pool is", "user_jane", 5, "MEDIUM"),
)
PAYMENT_SECTIONS = {
    "summary": "The Payment API was down for 45 minutes: its database connection pool was exhausted. About 2,300 "
    "transactions failed. Raising the pool's limit and restarting the affected pods brought it back.",
    "impact": "- 45 minutes of failed payments, about 2,300 customers\n- 2,347 failed transactions\n"
    "- missed the monthly SLO of 99.9%\n- 47 support tickets",
    "root_cause": "The pool allowed 50 connections, a value from the first deployment two years ago. Traffic had grown "
    "from 30 to 48 connections at a time; a marketing campaign pushed it over the limit, and requests queued until "
    "they timed out.\n\nNothing measured how full the pool was, so no one noticed the slow growth.",
    "resolution": "1. Raised the pool to 100 connections\n2. Restarted three API pods\n"
    "3. Watched payments for 15 minutes",
    "lessons_learned": "**Went well**: the alert came within three minutes.\n\n"
    "**Could be better**: the runbook doesn't cover connection pools.\n\n"
    "**Lucky**: the peak was a small one.",
    "impact_metrics": {
        "durationMinutes": 45,
        "affectedUsers": 2300,
        "failedTransactions": 2347,
        "revenueImpact": {"amount": "12500.00", "currency": "USD"},
        "slaBreach": "99.9% missed",
        "supportTickets": 47,
    },
}
PAYMENT_ITEMS: Sequence[Item] = (
    ("ai_poolalerts", "Alert at 80% of the connection pool", "user_jane", 7, "HIGH"),
    ("ai_poolreview", "Review the connection limits of every service", "user_bob", 14, "MEDIUM"),
    ("ai_poolrunbook", "Describe connection pools in the runbook", "user_alice", 21, "LOW"),
)
