"""The JSON API of writing suggestions. They block nothing, and each of them can be ignored for one line."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.request_context import Context
from api.shapes.base import PathId, Shape, StrictlyGiven
from api.shapes.style import AdviceIgnoreIn, AdviceOut, advice_out
from api.v1.routing import router
from application import style
from domain.content.sections import TEXT_LIMIT
from domain.style.rules import Kind
from integrations.fields import Words
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("advice", prefix="")

PathFingerprint = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class AdviceAsk(StrictlyGiven):
    """Unsaved text. ``section`` is the section it belongs to, such as ``impact``."""

    kind: Kind
    text: Annotated[str, Field(max_length=TEXT_LIMIT)]
    section: Annotated[str, Words(100, one_line=True)] | None = None


class AdviceIgnoreOut(Shape):
    rule: str
    fingerprint: str
    person_id: str
    at: datetime


@routes.get("/postmortems/{postmortem_id}/advice")
async def list_advice(
    context: Context, postmortem_id: PathId, include_ignored: Annotated[bool, Query(alias="includeIgnored")] = False
) -> AdviceOut:
    """Lists wording suggestions for sections, impact metrics, action items, and the timeline, in this order."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    return advice_out(await style.list_advice(context.session, visible, include_ignored=include_ignored))


@routes.post("/postmortems/{postmortem_id}/advice/ignore", status_code=201)
async def ignore_advice(context: Context, postmortem_id: PathId, given: AdviceIgnoreIn) -> AdviceIgnoreOut:
    """Ignores one suggestion on one line, for everyone. Anyone who can edit the postmortem can ignore it."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    kept = await style.ignore_advice(
        context.session, context.viewer, visible, rule=given.rule, fingerprint=given.named(), now=context.now
    )
    return AdviceIgnoreOut(rule=kept.rule, fingerprint=kept.fingerprint, person_id=kept.person_id, at=kept.created_at)


@routes.delete("/postmortems/{postmortem_id}/advice/ignore/{fingerprint}", status_code=204)
async def restore_advice(context: Context, postmortem_id: PathId, fingerprint: PathFingerprint) -> None:
    """Shows an ignored suggestion again."""
    visible = await get_visible(context.session, context.viewer, postmortem_id)
    await style.stop_ignoring_advice(context.session, context.viewer, visible, fingerprint)


@routes.post("/advice")
async def check_text(given: AdviceAsk) -> AdviceOut:
    """Returns wording suggestions for unsaved text. Nothing is stored."""
    return advice_out(await style.advise_unsaved(given.kind, given.text, given.section))
