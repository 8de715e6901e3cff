"""The editor of a postmortem: one form, saved section by section.

Only fields that the reader changed are saved. If someone else changed the same lines of a section, the form is shown
again with both texts, and nothing is overwritten.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Response

from api.pages.postmortems.reading import texts_of, titles_of, visible_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.rendering import fingerprint
from api.shapes.base import PathId
from api.shapes.content import SectionPut
from api.shapes.postmortems import PostmortemPatch
from api.shapes.style import AdviceIgnoreIn, AdviceOut, FindingOut, advice_out
from application import style, text_work
from application.content.sections import SavedSection, save_section
from application.postmortems.editing import check_may_manage, edit_postmortem
from domain import access
from domain.access import Visibility
from domain.content.custom_fields import CustomField, FieldType
from domain.content.diffs import Difference
from domain.content.diffs import compare_for_page as difference
from domain.content.templates import LISTS, Template
from domain.errors import Conflict, DomainError, NotAllowed, SectionConflict, TextTooComplex
from domain.postmortems.lifecycle import Status
from models.postmortem import Postmortem
from models.queries.content import root_causes
from models.queries.content.templates import template_of
from models.queries.pagination import Ask
from models.queries.people import people, teams
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import FullPostmortem

routes = router()

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
        "team": ", ".join(sorted(one.team_id for one in row.teams)),
    }


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


@routes.get("/postmortems/{postmortem_id}/edit")
async def edit(visit: Visiting, postmortem_id: PathId) -> Response:
    full = await _editable(visit, postmortem_id)
    return await _editor(visit, full, _current_fields(full))


def _current_fields(full: FullPostmortem) -> dict[str, EditorField]:
    template, revisions = template_of(full.postmortem.template), _revisions(full.postmortem)
    return {
        name: EditorField(text, _base(text, revisions.get(name, 0)))
        for name, text in field_texts(full.postmortem, template).items()
    }


async def _advice(visit: Visit, full: FullPostmortem) -> dict[str, list[FindingOut]]:
    return by_section(advice_out(await style.list_advice(visit.context.session, visible_of(full))))


def by_section(advice: AdviceOut) -> dict[str, list[FindingOut]]:
    found: dict[str, list[FindingOut]] = {}
    for one in advice.items:
        found.setdefault(one.section or "", []).append(one)
    return found


def _revisions(row: Postmortem) -> dict[str, int]:
    return {one.name: one.revision for one in row.sections}


def _base(text: str, revision: int) -> str:
    """Names the text that a field is based on, and a section's revision."""
    return f"{revision}.{fingerprint(text.strip())}"


async def _editable(visit: Visit, postmortem_id: str) -> FullPostmortem:
    full = await postmortems.get_full(visit.context.session, visit.context.viewer, postmortem_id, visit.context.now)
    access.check_edit(Status(full.postmortem.status), full.relations)
    return full


async def _editor(
    visit: Visit, full: FullPostmortem, shown: Mapping[str, EditorField], refusal: DomainError | None = None
) -> Response:
    may_manage = True
    query = visit.request.query_params
    template = template_of(full.postmortem.template)
    try:
        check_may_manage(visible_of(full), "change the visibility of this postmortem")
    except NotAllowed:
        may_manage = False
    return await show(
        visit,
        "content/edit.html",
        refusal,
        postmortem=full.postmortem,
        visibility=full.visibility.value,
        visibilities=[one.value for one in Visibility],
        shown={name: await _compared(one) for name, one in shown.items()},
        sections=[one for one in template.sections if one.key not in LISTS],
        section_titles=titles_of(template),
        fields=template.fields,
        everybody=(await people.list_people(visit.context.session, Ask(200), active=True)).items
        if template.fields
        else [],
        metrics=METRICS,
        root_causes=await root_causes.list_offered_names(visit.context.session),
        may_manage=may_manage,
        teams=(await teams.list_teams(visit.context.session, Ask(200))).items,
        saved=query.get("saved") == "1",
        advising="advice" in query,
        merged=[one for one in query.get("merged", "").split(",") if one in template.text_keys],
        remarks=await _advice(visit, full) if query else {},
        conflicts=[name for name, one in shown.items() if one.theirs is not None],
    )


async def _compared(field: EditorField) -> EditorField:
    if field.theirs is None:
        return field
    length = len(field.theirs) + len(field.text)
    try:
        between = await text_work.run(difference, field.theirs, field.text, length=length)
    except TextTooComplex:
        return field
    return replace(field, between=between)


@routes.post("/postmortems/{postmortem_id}/edit")
async def save(visit: Visiting, postmortem_id: PathId) -> Response:
    """Saves the fields that are no sections with one edit, and each section by itself; others' changes are merged."""
    full = await _editable(visit, postmortem_id)
    sections = template_of(full.postmortem.template).text_keys
    current = _current_fields(full)
    changed, shown = compare(visit.form, current, sections)
    refusal = await _ignore_advice(visit, postmortem_id)
    fields = {name: text for name, text in changed.items() if name not in sections}
    if fields and refusal is None:
        refusal = await attempted(visit, _save(visit, full, fields, {name: one.text for name, one in current.items()}))
    merged: list[str] = []
    for name in [one for one in sections if one in changed] if refusal is None else ():
        found = await _save_section(visit, postmortem_id, name, changed[name])
        if isinstance(found, SectionConflict):
            theirs, revision = str(found.facts["current"]), int(str(found.facts["currentRevision"]))
            shown[name] = EditorField(changed[name], _base(theirs, revision), theirs=theirs)
        elif isinstance(found, DomainError):
            refusal = found
        elif found:
            merged.append(name)
    conflicts = any(one.theirs is not None for one in shown.values())
    if refusal is None and not conflicts:
        query = f"&merged={','.join(merged)}" if merged else ""
        done = visit.form.get("done") == "yes" and not merged
        at = visit.form.get("at", "")
        spot = f"#f-{at}" if at in sections else ""
        return to(
            f"/postmortems/{postmortem_id}" if done else f"/postmortems/{postmortem_id}/edit?saved=1{query}{spot}"
        )
    full = await _editable(visit, postmortem_id)
    if refusal is None:
        current = _current_fields(full)
        shown = {name: one if one.theirs is not None else current[name] for name, one in shown.items()}
        refusal = Conflict()
    return await _editor(visit, full, shown, refusal)


async def _ignore_advice(visit: Visit, postmortem_id: str) -> DomainError | None:
    """Ignores the suggestion whose button was pressed, if one was: its rule and the fingerprint of its line."""
    rule, _, line = visit.form.get("ignore", "").partition(":")
    if not rule:
        return None

    async def work() -> None:
        context, asked = visit.context, read_form(AdviceIgnoreIn, {"rule": rule, "fingerprint": line})
        visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
        await style.ignore_advice(
            context.session, context.viewer, visible, rule=asked.rule, fingerprint=asked.named(), now=context.now
        )

    return await attempted(visit, work())


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


async def _save_section(visit: Visit, postmortem_id: str, name: str, text: str) -> DomainError | bool:
    """Whether someone else's changes were merged into it, or why it was not saved."""
    revision = visit.form.get(f"base.{name}", "").partition(".")[0]
    given = {"body": text, "baseRevision": int(revision) if re.fullmatch("[0-9]{1,15}", revision) else 0}
    saved: list[SavedSection] = []

    async def work() -> None:
        context, put = visit.context, read_form(SectionPut, given)
        section = await save_section(
            context.session,
            context.viewer,
            postmortem_id,
            name,
            put.body,
            base_revision=put.base_revision,
            now=context.now,
        )
        context.start_workflow_if(section.started, postmortem_id)
        saved.append(section)

    refusal = await attempted(visit, work())
    return refusal if refusal is not None else saved[0].merged


async def _save(visit: Visit, full: FullPostmortem, changed: Mapping[str, str], current: Mapping[str, str]) -> None:
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
    if "tags" in changed:
        patch["tags"] = _parts(changed["tags"])
    if "team" in changed:
        patch["teamIds"] = _parts(changed["team"])
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


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _metrics(fields: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {name: fields[f"metric.{name}"].strip() or None for name in METRICS}
    amount, currency = given.pop("revenueAmount"), given.pop("revenueCurrency")
    if amount or currency:
        given["revenueImpact"] = {"amount": amount or "0", "currency": (currency or "USD").upper()}
    return given
