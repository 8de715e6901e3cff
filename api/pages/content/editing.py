"""The editor of a postmortem. One form, saved section by section: only what differs from what was shown is written,
and a section that somebody else changed meanwhile is shown with both texts rather than overwritten."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from api.pages.postmortems.reading import seen_of, texts_of, titles_of
from api.pages.rendering import fingerprint
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.content import SectionPut
from api.shapes.postmortems import PostmortemPatch
from api.shapes.style import AdviceIgnoreIn, AdviceOut, FindingOut, advice_out
from application import style
from application.content.sections import SavedSection, save_section
from application.postmortems.editing import check_may_manage, edit_postmortem
from domain import access
from domain.access import Visibility
from domain.content.custom_fields import CustomField, FieldType
from domain.content.diffs import Difference
from domain.content.diffs import compare as difference
from domain.content.templates import LISTS, Template
from domain.errors import Conflict, DomainError, NotAllowed, SectionConflict
from domain.postmortems.lifecycle import Status
from models.postmortem import Postmortem
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
class Shown:
    """A field as it is shown: the text, and a name for what it was based on. ``theirs`` is what somebody else wrote
    there meanwhile; ``between`` tells theirs and one's own apart, line by line."""

    text: str
    base: str
    theirs: str | None = None

    @property
    def between(self) -> Difference:
        return difference(self.theirs or "", self.text)


def written(row: Postmortem, kept: Template) -> dict[str, str]:
    """Every field of the editor, as text."""
    metrics = dict(row.impact_metrics)
    money = metrics.pop("revenueImpact", None) or {}
    metrics |= {"revenueAmount": money.get("amount"), "revenueCurrency": money.get("currency")}
    return {
        "title": row.title,
        **texts_of(row, kept),
        **{f"field.{one.key}": _plain(row.custom_fields.get(one.key)) for one in kept.fields},
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
    return await _editor(visit, full, _as_it_is(full))


def _as_it_is(full: FullPostmortem) -> dict[str, Shown]:
    kept, revisions = template_of(full.postmortem.template), _revisions(full.postmortem)
    return {
        name: Shown(text, _base(text, revisions.get(name, 0))) for name, text in written(full.postmortem, kept).items()
    }


async def _advice(visit: Visit, full: FullPostmortem) -> dict[str, list[FindingOut]]:
    return by_section(advice_out(await style.list_advice(visit.context.session, seen_of(full))))


def by_section(advice: AdviceOut) -> dict[str, list[FindingOut]]:
    found: dict[str, list[FindingOut]] = {}
    for one in advice.items:
        found.setdefault(one.section or "", []).append(one)
    return found


def _revisions(row: Postmortem) -> dict[str, int]:
    return {one.name: one.revision for one in row.sections}


def _base(text: str, revision: int) -> str:
    """Names what a field was based on: the text, and of a section its revision."""
    return f"{revision}.{fingerprint(text.strip())}"


async def _editable(visit: Visit, postmortem_id: str) -> FullPostmortem:
    full = await postmortems.get_full(visit.context.session, visit.context.viewer, postmortem_id, visit.context.now)
    access.check_edit(Status(full.postmortem.status), full.relations)
    return full


async def _editor(
    visit: Visit, full: FullPostmortem, shown: Mapping[str, Shown], refusal: DomainError | None = None
) -> Response:
    may_manage = True
    asked = visit.request.query_params
    kept = template_of(full.postmortem.template)
    try:
        check_may_manage(seen_of(full), "change the visibility of this postmortem")
    except NotAllowed:
        may_manage = False
    return await show(
        visit,
        "content/edit.html",
        refusal,
        postmortem=full.postmortem,
        visibility=full.visibility.value,
        visibilities=[one.value for one in Visibility],
        shown=shown,
        sections=[one for one in kept.sections if one.key not in LISTS],
        section_titles=titles_of(kept),
        fields=kept.fields,
        everybody=(await people.list_people(visit.context.session, Ask(200), active=True)).items if kept.fields else [],
        metrics=METRICS,
        may_manage=may_manage,
        teams=(await teams.list_teams(visit.context.session, Ask(200))).items,
        saved=asked.get("saved") == "1",
        advising="advice" in asked,
        merged=[one for one in asked.get("merged", "").split(",") if one in kept.text_keys],
        remarks=await _advice(visit, full) if asked else {},
        conflicts=[name for name, one in shown.items() if one.theirs is not None],
    )


@routes.post("/postmortems/{postmortem_id}/edit")
async def save(visit: Visiting, postmortem_id: PathId) -> Response:
    """What is neither a section's text nor disputed is one PATCH; each section is saved, or merged, for itself."""
    full = await _editable(visit, postmortem_id)
    sections = template_of(full.postmortem.template).text_keys
    there = _as_it_is(full)
    changed, shown = compare(visit.form, there, sections)
    refusal = await _set_aside(visit, postmortem_id)
    fields = {name: text for name, text in changed.items() if name not in sections}
    if fields and refusal is None:
        refusal = await attempted(visit, _save(visit, full, fields, {name: one.text for name, one in there.items()}))
    merged: list[str] = []
    for name in [one for one in sections if one in changed] if refusal is None else ():
        found = await _save_section(visit, postmortem_id, name, changed[name])
        if isinstance(found, SectionConflict):
            current, revision = str(found.facts["current"]), int(str(found.facts["currentRevision"]))
            shown[name] = Shown(changed[name], _base(current, revision), theirs=current)
        elif isinstance(found, DomainError):
            refusal = found
        elif found:
            merged.append(name)
    conflicts = any(one.theirs is not None for one in shown.values())
    if refusal is None and not conflicts:
        told = f"&merged={','.join(merged)}" if merged else ""
        done = visit.form.get("done") == "yes" and not merged
        return to(f"/postmortems/{postmortem_id}" if done else f"/postmortems/{postmortem_id}/edit?saved=1{told}")
    full = await _editable(visit, postmortem_id)
    if refusal is None:
        there = _as_it_is(full)
        shown = {name: one if one.theirs is not None else there[name] for name, one in shown.items()}
        refusal = Conflict()
    return await _editor(visit, full, shown, refusal)


async def _set_aside(visit: Visit, postmortem_id: str) -> DomainError | None:
    """The remark whose button was pressed, if one was: its rule and the fingerprint of its line."""
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
    form: Mapping[str, str], there: Mapping[str, Shown], sections: Sequence[str]
) -> tuple[dict[str, str], dict[str, Shown]]:
    """What to write, and how every field is shown again. ``base.<field>`` in the form names what was shown before.

    A section that somebody else changed, too, is written all the same: saving merges it, or says that it cannot.
    """
    changed: dict[str, str] = {}
    shown: dict[str, Shown] = {}
    for name, now in there.items():
        base = form.get(f"base.{name}", "")
        mine = form.get(name, now.text).strip()
        if name not in form or fingerprint(mine) in {base.partition(".")[2], fingerprint(now.text.strip())}:
            shown[name] = now
        elif base == now.base or name in sections:
            changed[name] = mine
            shown[name] = Shown(mine, base)
        else:
            shown[name] = Shown(mine, now.base, theirs=now.text)
    return changed, shown


async def _save_section(visit: Visit, postmortem_id: str, name: str, text: str) -> DomainError | bool:
    """Whether somebody else's changes were merged into it, or why it was not saved."""
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


async def _save(visit: Visit, full: FullPostmortem, changed: Mapping[str, str], there: Mapping[str, str]) -> None:
    patch = read_form(PostmortemPatch, _patch(changed, there, template_of(full.postmortem.template)))
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


def _patch(changed: Mapping[str, str], there: Mapping[str, str], kept: Template) -> dict[str, Any]:
    """The body that the API's PATCH would get."""
    patch: dict[str, Any] = {}
    if "rootCauseCategory" in changed:
        patch["rootCauseCategory"] = changed["rootCauseCategory"] or None
    if any(name.startswith("field.") for name in changed):
        patch["customFields"] = _fields(kept.fields, {**there, **changed})
    if "title" in changed:
        patch["title"] = changed["title"]
    if "visibility" in changed:
        patch["visibility"] = changed["visibility"] or None
    if "tags" in changed:
        patch["tags"] = _parts(changed["tags"])
    if "team" in changed:
        patch["teamIds"] = _parts(changed["team"])
    if any(name.startswith("metric.") for name in changed):
        patch["impactMetrics"] = _metrics({**there, **changed})
    return patch


def _fields(fields: Sequence[CustomField], given: Mapping[str, str]) -> dict[str, Any]:
    """What cannot be read as its type is sent as it was typed, so that the refusal says what is wrong with it."""
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
