"""Fields of a postmortem as forms show and send them, so that what someone else saved in between is never overwritten.

``base.<field>`` in a form names the text that it is based on.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from api.pages.routing import Visit, read_form
from api.rendering import fingerprint
from api.shapes.postmortems import PostmortemPatch
from application.postmortems.editing import edit_postmortem
from domain.content.custom_fields import CustomField, FieldType
from domain.content.diffs import Difference
from domain.content.templates import Template
from models.postmortem import Postmortem
from models.queries.content.templates import template_of
from models.queries.postmortems.postmortems import FullPostmortem

METRICS = {
    "durationMinutes": "Duration in minutes",
    "affectedUsers": "Affected users",
    "failedTransactions": "Failed transactions",
    "supportTickets": "Support tickets",
    "revenueAmount": "Revenue impact",
    "revenueCurrency": "Currency",
    "slaBreach": "SLA breach",
}


@dataclass(frozen=True, slots=True)
class EditorField:
    """A field as the form shows it. ``base`` names the text that it is based on.

    ``theirs`` is what someone else saved in between; ``between`` compares that with the reader's own text.
    """

    text: str
    base: str
    theirs: str | None = None

    between: Difference | None = None


def texts_of(row: Postmortem, template: Template) -> dict[str, str]:
    written = {one.name: one.body for one in row.sections}
    return {key: written.get(key, "") for key in template.text_keys}


def field_texts(row: Postmortem, template: Template) -> dict[str, str]:
    """Every field of the editor, by its name in the form, as text."""
    metrics = dict(row.impact_metrics)
    money = metrics.pop("revenueImpact", None) or {}
    metrics |= {"revenueAmount": money.get("amount"), "revenueCurrency": money.get("currency")}
    return {
        "title": row.title,
        **texts_of(row, template),
        **{f"field.{one.key}": _plain(row.custom_fields.get(one.key)) for one in template.fields},
        **{f"metric.{name}": _plain(metrics.get(name)) for name in METRICS},
        "tags": ", ".join(row.tags),
        "rootCauseCategory": row.root_cause_category or "",
        "visibility": row.visibility or "",
        "author": row.author_id or "",
        "team": ", ".join(sorted(one.team_id for one in row.teams)),
    }


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def current_fields(full: FullPostmortem) -> dict[str, EditorField]:
    template, revisions = template_of(full.postmortem.template), _revisions(full.postmortem)
    return {
        name: EditorField(text, base_of(text, revisions.get(name, 0)))
        for name, text in field_texts(full.postmortem, template).items()
    }


def _revisions(row: Postmortem) -> dict[str, int]:
    return {one.name: one.revision for one in row.sections}


def base_of(text: str, revision: int) -> str:
    """Names the text that a field is based on, and a section's revision."""
    return f"{revision}.{fingerprint(text.strip())}"


def compare(
    form: Mapping[str, str], current: Mapping[str, EditorField], sections: Sequence[str]
) -> tuple[dict[str, str], dict[str, EditorField]]:
    """What to save, and how every field is shown again. ``base.<field>`` in the form names what was shown before.

    A section that someone else changed as well is saved all the same: saving merges it, or refuses.
    """
    changed: dict[str, str] = {}
    shown: dict[str, EditorField] = {}
    for name, now in current.items():
        base = form.get(f"base.{name}", "")
        mine = form.get(name, now.text).strip()
        if name not in form or fingerprint(mine) in {base.partition(".")[2], fingerprint(now.text.strip())}:
            shown[name] = now
        elif base == now.base or name in sections:
            changed[name] = mine
            shown[name] = EditorField(mine, base)
        else:
            shown[name] = EditorField(mine, now.base, theirs=now.text)
    return changed, shown


async def save_fields(
    visit: Visit, full: FullPostmortem, changed: Mapping[str, str], current: Mapping[str, str]
) -> None:
    patch = read_form(PostmortemPatch, _patch(changed, current, template_of(full.postmortem.template)))
    context, postmortem = visit.context, full.postmortem
    affects_workflow = await edit_postmortem(
        context.session,
        context.viewer,
        postmortem.id,
        patch.columns(),
        expected_version=postmortem.version,
        now=context.now,
    )
    context.start_workflow_if(affects_workflow, postmortem.id)


def _patch(changed: Mapping[str, str], current: Mapping[str, str], template: Template) -> dict[str, Any]:
    """The changes as the API's PATCH takes them."""
    patch: dict[str, Any] = {}
    if "rootCauseCategory" in changed:
        patch["rootCauseCategory"] = changed["rootCauseCategory"] or None
    if any(name.startswith("field.") for name in changed):
        patch["customFields"] = _fields(template.fields, {**current, **changed})
    if "title" in changed:
        patch["title"] = changed["title"]
    if "visibility" in changed:
        patch["visibility"] = changed["visibility"] or None
    if "author" in changed:
        patch["authorId"] = changed["author"] or None
    if "tags" in changed:
        patch["tags"] = parts(changed["tags"])
    if "team" in changed:
        patch["teamIds"] = parts(changed["team"])
    if any(name.startswith("metric.") for name in changed):
        patch["impactMetrics"] = _metrics({**current, **changed})
    return patch


def _fields(fields: Sequence[CustomField], given: Mapping[str, str]) -> dict[str, Any]:
    """A value that cannot be read as its type stays as it was typed, so that the refusal says what is wrong with it."""
    values: dict[str, Any] = {}
    for one in fields:
        text = given[f"field.{one.key}"].strip()
        if not text:
            continue
        values[one.key] = text
        if one.type is FieldType.YES_NO:
            values[one.key] = {"yes": True, "no": False}.get(text, text)
        if one.type is FieldType.NUMBER:
            with suppress(ValueError):
                number = float(text)
                values[one.key] = int(number) if number.is_integer() else number
    return values


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _metrics(fields: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: fields[f"metric.{name}"].strip() or None for name in METRICS}
    amount, currency = given.pop("revenueAmount"), given.pop("revenueCurrency")
    if amount or currency:
        given["revenueImpact"] = {"amount": amount or "0", "currency": (currency or "USD").upper()}
    return given
