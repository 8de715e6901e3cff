"""Many events at once: a pasted timeline, looked at before it is added, and the export of a Slack channel."""

from typing import Any

from fastapi import Response
from starlette.datastructures import UploadFile

from api.pages.rendering import zone_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.v1 import timeline as api
from api.v1.timeline import SlackImportOut, TimelineImport, TimelineImportOut, TimelinePaste, TimelinePreviewOut
from domain import access
from domain.errors import DomainError, Malformed, reason
from domain.postmortems.lifecycle import Status
from models.queries.postmortems.postmortems import get_visible

routes = router()


@routes.get("/postmortems/{postmortem_id}/timeline/paste")
async def paste(visit: Visiting, postmortem_id: PathId) -> Response:
    return await _shown(visit, postmortem_id)


async def _shown(
    visit: Visit,
    postmortem_id: str,
    refusal: DomainError | None = None,
    preview: TimelinePreviewOut | None = None,
    slack: SlackImportOut | None = None,
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
        day=began.astimezone(zone_of(context.person.time_zone)).date().isoformat(),
    )


@routes.post("/postmortems/{postmortem_id}/timeline/paste")
async def read_pasted(visit: Visiting, postmortem_id: PathId) -> Response:
    """Shows what it would add; adds it where that button was pressed."""
    form = visit.form
    given: dict[str, Any] = {
        "text": form.get("text", ""),
        "timeZone": form.get("zone") or visit.context.person.time_zone,
    }
    given |= {"date": form["date"]} if form.get("date") else {}
    if form.get("do") == "import":
        added: list[TimelineImportOut] = []

        async def add() -> None:
            asked = read_form(TimelineImport, given | {"skipProblems": form.get("skip") == "yes"})
            added.append(await api.import_pasted(visit.context, postmortem_id, asked))

        refusal = await attempted(visit, add())
        if refusal is None:
            return to(f"/postmortems/{postmortem_id}#timeline")
    else:
        refusal = None
    read: list[TimelinePreviewOut] = []

    async def look() -> None:
        read.append(await api.parse_pasted(visit.context, postmortem_id, read_form(TimelinePaste, given)))

    refusal = await attempted(visit, look()) or refusal
    return await _shown(visit, postmortem_id, refusal, read[0] if read else None)


@routes.post("/postmortems/{postmortem_id}/timeline/slack")
async def read_slack(visit: Visiting, postmortem_id: PathId) -> Response:
    sent = (await visit.request.form()).getlist("files")
    files: Any = [one for one in sent if isinstance(one, UploadFile) and one.filename]
    done: list[SlackImportOut] = []

    async def work() -> None:
        if not files:
            raise Malformed(reasons=[reason("files", "Choose the export files first.", where="files")])
        done.append(await api.import_slack(visit.context, postmortem_id, files))

    refusal = await attempted(visit, work())
    return await _shown(visit, postmortem_id, refusal, slack=done[0] if done else None)
