"""The editor of a postmortem: one form, saved section by section.

Only fields that the reader changed are saved. If someone else changed the same lines of a section, the form is shown
again with both texts, and nothing is overwritten.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from fastapi import Response

from api.pages.postmortems.fields import METRICS, EditorField, base_of, compare, current_fields, save_fields
from api.pages.postmortems.form_answers import find_people, people_fields
from api.pages.postmortems.reading import titles_of, visible_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.content import SectionPut
from api.shapes.style import AdviceIgnoreIn, AdviceOut, FindingOut, advice_out
from application import style, text_work
from application.content.autosaving import discard_drafts, list_drafts
from application.content.sections import SavedSection, save_section
from application.postmortems.editing import check_may_manage
from domain import access
from domain.access import Visibility
from domain.content.diffs import compare_for_page as difference
from domain.content.templates import LISTS
from domain.errors import Conflict, DomainError, NotAllowed, SectionConflict, TextTooComplex
from domain.postmortems.lifecycle import Status
from models.queries.content import root_causes
from models.queries.content.templates import template_of
from models.queries.pagination import Ask
from models.queries.people import people, teams
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import FullPostmortem

routes = router()

OWN_COPY = "draft"
"""In place of the fingerprint of a field's text: it is based on a revision, and shows its writer's own copy."""


@routes.get("/postmortems/{postmortem_id}/edit")
async def edit(visit: Visiting, postmortem_id: PathId) -> Response:
    """With ``drafts=1``, the sections of which the reader has a copy of their own show that."""
    full = await _editable(visit, postmortem_id)
    shown = dict(current_fields(full))
    if visit.request.query_params.get("drafts") == "1":
        for one in await list_drafts(visit.context.session, visit.context.viewer, visible_of(full)):
            if one.name in shown:
                shown[one.name] = EditorField(one.body, f"{one.base_revision}.{OWN_COPY}")
    return await _editor(visit, full, shown)


async def _advice(visit: Visit, full: FullPostmortem) -> dict[str, list[FindingOut]]:
    return by_section(advice_out(await style.list_advice(visit.context.session, visible_of(full))))


def by_section(advice: AdviceOut) -> dict[str, list[FindingOut]]:
    found: dict[str, list[FindingOut]] = {}
    for one in advice.items:
        found.setdefault(one.section or "", []).append(one)
    return found


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
        people=await people.people_by_id(
            visit.context.session, [shown[one].text for one in people_fields(template) if one in shown]
        ),
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
    template = template_of(full.postmortem.template)
    sections = template.text_keys
    current = current_fields(full)
    form = dict(visit.form)
    people_named = find_people(visit, form, people_fields(template))
    refusal = await attempted(visit, people_named) or await _ignore_advice(visit, postmortem_id)
    changed, shown = compare(form, current, sections)
    fields = {name: text for name, text in changed.items() if name not in sections}
    if fields and refusal is None:
        refusal = await attempted(
            visit, save_fields(visit, full, fields, {name: one.text for name, one in current.items()})
        )
    merged: list[str] = []
    for name in [one for one in sections if one in changed] if refusal is None else ():
        found = await _save_section(visit, postmortem_id, name, changed[name])
        if isinstance(found, SectionConflict):
            theirs, revision = str(found.facts["current"]), int(str(found.facts["currentRevision"]))
            shown[name] = EditorField(changed[name], base_of(theirs, revision), theirs=theirs)
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
        current = current_fields(full)
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
        if visit.form.get(f"base.{name}", "").endswith(f".{OWN_COPY}"):
            await discard_drafts(context.session, context.viewer, postmortem_id, [name])
        saved.append(section)

    refusal = await attempted(visit, work())
    return refusal if refusal is not None else saved[0].merged
