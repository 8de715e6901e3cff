"""Pages that import many events at once: from pasted text, with a preview, and from the export of a Slack channel."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from starlette.datastructures import UploadFile

from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.rendering import zone_of
from api.shapes.base import PathId
from api.shapes.timeline import (
    SlackImportOut,
    TimelineImport,
    TimelinePaste,
    TimelinePreviewOut,
    preview_out,
    slack_import_out,
)
from application import text_work, timeline
from domain import access
from domain.errors import DomainError, Malformed, reason
from domain.postmortems.lifecycle import Status
from domain.timeline.pasted import NO_CHOICES
from integrations.slack.export import read_export
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible

routes = router()

CHOICE = "choice "
"""How the names of form fields begin that settle an ambiguous line."""


@routes.get("/postmortems/{postmortem_id}/timeline/paste")
async def paste(visit: Visiting, postmortem_id: PathId) -> Response:
    return await _shown(visit, postmortem_id)


async def _shown(
    visit: Visit,
    postmortem_id: str,
    refusal: DomainError | None = None,
    preview: TimelinePreviewOut | None = None,
    slack: SlackImportOut | None = None,
    choices: Mapping[str, str] = NO_CHOICES,
) -> Response:
    """Raises NotFound, EditingClosed."""
    context = visit.context
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    began = seen.postmortem.incident_resolved_at or seen.postmortem.created_at
    return await show(
        visit,
        "timeline/paste.html",
        refusal,
        postmortem=seen.postmortem,
        preview=preview,
        slack=slack,
        here="here" in visit.request.query_params,
        choices=choices,
        day=began.astimezone(zone_of(context.person.time_zone)).date().isoformat(),
    )


@routes.post("/postmortems/{postmortem_id}/timeline/paste")
async def read_pasted(visit: Visiting, postmortem_id: PathId) -> Response:
    """Show what would be added; add it if that button was pressed."""
    context, form = visit.context, visit.form
    given: dict[str, Any] = {"text": form.get("text", ""), "timeZone": form.get("zone") or context.person.time_zone}
    given |= {"date": form["date"]} if form.get("date") else {}
    choices = {name.removeprefix(CHOICE): value for name, value in form.items() if name.startswith(CHOICE) and value}
    given |= {"choices": choices}
    refusal = None
    if form.get("do") == "import":

        async def add() -> None:
            asked = read_form(TimelineImport, given | {"skipProblems": form.get("skip") == "yes"})
            await _import(visit, postmortem_id, asked)

        refusal = await attempted(visit, add())
        if refusal is None:
            return to(f"/postmortems/{postmortem_id}#timeline")
    previews: list[TimelinePreviewOut] = []

    async def preview() -> None:
        asked = read_form(TimelinePaste, given)
        seen = await get_visible(context.session, context.viewer, postmortem_id)
        read = await timeline.preview_pasted(context.session, seen, asked.text, asked.read_as())
        previews.append(preview_out(read))

    refusal = await attempted(visit, preview()) or refusal
    return await _shown(visit, postmortem_id, refusal, previews[0] if previews else None, choices=choices)


async def _import(visit: Visit, postmortem_id: str, asked: TimelineImport) -> None:
    context = visit.context
    imported = await timeline.import_pasted(
        context.session,
        context.viewer,
        await _locked(visit, postmortem_id),
        asked.text,
        asked.read_as(),
        skip_problems=asked.skip_problems,
        now=context.now,
    )
    context.start_workflow_if(imported.started, postmortem_id)


async def _locked(visit: Visit, postmortem_id: str) -> VisiblePostmortem:
    return await get_visible(visit.context.session, visit.context.viewer, postmortem_id, lock=True)


@routes.post("/postmortems/{postmortem_id}/timeline/slack")
async def read_slack(visit: Visiting, postmortem_id: PathId) -> Response:
    context = visit.context
    uploads = (await visit.request.form()).getlist("files")
    files = [one for one in uploads if isinstance(one, UploadFile) and one.filename]
    done: list[SlackImportOut] = []

    async def work() -> None:
        if not files:
            raise Malformed(reasons=[reason("files", "Choose the export files first.", where="files")])
        seen = await _locked(visit, postmortem_id)
        sent = [(one.filename or "upload", await one.read()) for one in files]
        export = await text_work.run(read_export, sent, length=sum(len(data) for _, data in sent))
        imported = await timeline.import_chat_messages(
            context.session, context.viewer, seen, export.messages, context.now
        )
        context.start_workflow_if(imported.started, postmortem_id)
        done.append(slack_import_out(export, imported))

    refusal = await attempted(visit, work())
    return await _shown(visit, postmortem_id, refusal, slack=done[0] if done else None)
