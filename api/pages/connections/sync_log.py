"""The sync log of a connection, filtered, and a button that makes an attempt again."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query, Response

from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.v1.connections import sync_log as api
from api.v1.connections.connections import integration_out
from domain.errors import DomainError, Malformed, reason
from models.queries.connections import connections
from models.queries.connections.sync_log import LogFilters
from models.queries.pagination import Ask

routes = router()

Word = Annotated[str, Query(max_length=200)]


@routes.get("/settings/integrations/{integration_id}/log")
async def read(
    visit: Visiting,
    integration_id: PathId,
    page: Annotated[Ask, Depends(ask)],
    direction: Literal["IN", "OUT"] | None = None,
    how: Literal["errors", "well"] | None = None,
    item: Word = "",
) -> Response:
    wanted = LogFilters(direction, errors=None if how is None else how == "errors", action_item_id=item or None)
    return await _shown(visit, integration_id, wanted, page)


async def _shown(
    visit: Visit, integration_id: str, wanted: LogFilters, page: Ask, refusal: DomainError | None = None
) -> Response:
    context = visit.context
    found = await api.list_deliveries(context, integration_id, wanted, page)
    row = await connections.get_integration(context.session, integration_id)
    how = {None: "", True: "errors", False: "well"}[wanted.errors]
    chosen = {"direction": wanted.direction or "", "how": how, "item": wanted.action_item_id or ""}
    return await show(
        visit,
        "connections/sync_log.html",
        refusal,
        one=integration_out(context, row),
        attempts=found.items,
        next_cursor=found.next_cursor,
        chosen=chosen,
        query=urlencode({name: value for name, value in chosen.items() if value}),
    )


@routes.post("/settings/integrations/{integration_id}/log/replay")
async def replay(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        number = visit.form.get("number", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise Malformed(reasons=[reason("number", "There is no such entry in the log.", where="number")])
        await api.replay(visit.context, integration_id, int(number))

    if refusal := await attempted(visit, work()):
        return await _shown(visit, integration_id, LogFilters(), Ask(50), refusal)
    return to(f"/settings/integrations/{integration_id}/log")
