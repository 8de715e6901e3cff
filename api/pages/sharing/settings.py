"""The settings of sharing: names of internal tools, and the public feed."""

from fastapi import Response

from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import expected_version
from api.shapes.sharing.sharing import SharingSettingsPut, settings_out
from application.sharing import settings
from domain.errors import DomainError
from models.queries.sharing.summaries import get_settings

routes = router()


@routes.get("/settings/sharing")
async def show_settings(visit: Visiting) -> Response:
    return await _shown(visit)


async def _shown(visit: Visit, refusal: DomainError | None = None) -> Response:
    context = visit.context
    context.require_admin("see the settings of sharing")
    row = await get_settings(context.session)
    kept = settings_out(row, context.parts.settings.base_url)
    written = visit.form.get("tools") if refusal else None
    return await show(
        visit,
        "sharing/settings.html",
        refusal,
        kept=kept,
        tools="\n".join(kept.internal_tools) if written is None else written,
        enabled=visit.form.get("feed") == "yes" if refusal else kept.feed_enabled,
        saved=visit.request.query_params.get("saved") == "1",
    )


@routes.post("/settings/sharing")
async def save_settings(visit: Visiting) -> Response:
    context, form = visit.context, visit.form
    context.require_admin("change the settings of sharing")

    async def work() -> None:
        tools = [line.strip() for line in form.get("tools", "").split("\n") if line.strip()]
        given = read_form(SharingSettingsPut, {"internalTools": tools, "feedEnabled": form.get("feed") == "yes"})
        await settings.change_settings(
            context.session,
            context.viewer,
            internal_tools=given.internal_tools,
            feed_enabled=given.feed_enabled,
            expected_version=expected_version(form.get("version", "")),
            now=context.now,
        )

    if refusal := await attempted(visit, work()):
        return await _shown(visit, refusal)
    return to("/settings/sharing?saved=1")
