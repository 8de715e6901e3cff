"""The JSON of a postmortem, from what one statement read; its shape is ``PostmortemOut``."""

from datetime import UTC
from typing import Any

import orjson
from orjson import Fragment

from domain.content.custom_fields import missing_fields
from domain.content.sections import STANDARD
from domain.content.templates import Template, missing_sections
from domain.review.reviewers import Decision, reviewer_state
from models.queries.postmortems.shown import ShownPostmortem

_METRICS = ("durationMinutes", "affectedUsers", "failedTransactions", "revenueImpact", "slaBreach", "supportTickets")
_NOT_WRITTEN = {"revision": 0, "updatedAt": None, "updatedBy": None}


def postmortem_json(row: ShownPostmortem, template: Template, base_url: str) -> dict[str, Any]:
    sections = {one["name"]: one for one in orjson.loads(row.sections_json)}
    texts = {name: one["body"] for name, one in sections.items()}
    counts = orjson.loads(row.item_counts_json)
    custom_fields = orjson.loads(row.custom_fields_json)
    missing = missing_sections(
        template, texts, has_timeline=row.timeline_json != "[]", has_items=any(counts[name] for name in _STATUSES)
    )
    return {
        "id": row.id,
        "version": row.version,
        "number": row.number,
        "title": row.title,
        "status": row.status,
        "visibility": row.visibility,
        "url": f"{base_url}/postmortems/{row.id}",
        "incidentId": row.incident_ids[0] if row.incident_ids else None,
        "incidentIds": row.incident_ids,
        "templateId": row.template_id,
        "templateVersion": row.template_version,
        "teamIds": row.team_ids,
        "services": Fragment(row.services_json),
        "authorId": row.author_id,
        "editors": Fragment(row.editors_json),
        "reviewers": _reviewers(row),
        "participants": row.participant_ids,
        **{name: texts.get(name) or None for name in STANDARD},
        "sections": [_section(name, sections.get(name, _NOT_WRITTEN)) for name in template.text_keys],
        "customSections": {name: texts[name] for name in template.text_keys if name in texts and name not in STANDARD},
        "impactMetrics": _metrics(row.impact_metrics_json),
        "timeline": Fragment(row.timeline_json),
        "customFields": Fragment(row.custom_fields_json),
        "tags": row.tags,
        "rootCauseCategory": row.root_cause_category,
        "durationMinutes": row.duration_minutes,
        "publishOnApproval": row.publish_on_approval,
        "incidentResolvedAt": row.incident_resolved_at,
        "draftStartedAt": row.draft_started_at,
        "submittedAt": row.submitted_at,
        "reviewedAt": row.reviewed_at,
        "publishedAt": row.published_at,
        "archivedAt": row.archived_at,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "missingSections": missing,
        "missingFields": missing_fields(template.fields, custom_fields),
        "unresolvedComments": row.unresolved_comments,
        "actionItemCounts": counts,
    }


_STATUSES = ("open", "inProgress", "completed", "wontDo")


def _section(name: str, written: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "revision": written["revision"],
        "updatedAt": written["updatedAt"],
        "updatedBy": written["updatedBy"],
    }


def _reviewers(row: ShownPostmortem) -> list[dict[str, Any]]:
    return [
        {
            "userId": one["userId"],
            "state": reviewer_state(
                Decision(one["decision"]) if one["decision"] else None,
                one["revision"],
                row.content_revision,
                is_waived=one["waivedAt"] is not None,
            ),
            "decidedAt": one["decidedAt"],
        }
        for one in orjson.loads(row.reviewers_json)
    ]


def _metrics(stored: str) -> dict[str, Any]:
    """Each metric, null where there is none. An amount is stored as it was validated: text with its decimals."""
    given = orjson.loads(stored)
    metrics = {name: given.get(name) for name in _METRICS}
    if revenue := metrics["revenueImpact"]:
        metrics["revenueImpact"] = {"amount": str(revenue["amount"]), "currency": revenue["currency"]}
    return metrics


CSV_COLUMNS = (
    *("number", "id", "title", "status", "visibility", "authorId", "teamIds", "services", "tags", "rootCauseCategory"),
    *("durationMinutes", "incidentResolvedAt", "createdAt", "submittedAt", "publishedAt", "archivedAt"),
    *("openActionItems", "overdueActionItems", "unresolvedComments", "url"),
)


def csv_row(row: ShownPostmortem, base_url: str) -> list[str]:
    """Several values of one column are divided by ``; ``."""
    counts = orjson.loads(row.item_counts_json)
    services = [one["name"] for one in orjson.loads(row.services_json)]
    instants = (row.incident_resolved_at, row.created_at, row.submitted_at, row.published_at, row.archived_at)
    cells = (
        *(row.number, row.id, row.title, row.status, row.visibility, row.author_id),
        *("; ".join(one) for one in (row.team_ids, services, row.tags)),
        *(row.root_cause_category, row.duration_minutes),
        *(f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else "" for at in instants),
        *(counts["open"] + counts["inProgress"], counts["overdue"], row.unresolved_comments),
        f"{base_url}/postmortems/{row.id}",
    )
    return ["" if one is None else str(one) for one in cells]
