"""The sync log of a connection, filtered, and a button that makes an attempt again."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query, Response

from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.shapes.connections.connections import integration_out
from api.shapes.connections.sync_log import attempt_out
from application.tickets.replays import replay_attempt
from domain.errors import DomainError, Malformed, reason
from models.queries.connections import connections, sync_log
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
    context.require_admin("see the sync log")
    row = await connections.get_integration(context.session, integration_id)
    found = await sync_log.list_attempts(context.session, integration_id, wanted, page)
    how = {None: "", True: "errors", False: "well"}[wanted.errors]
    chosen = {"direction": wanted.direction or "", "how": how, "item": wanted.action_item_id or ""}
    return await show(
        visit,
        "connections/sync_log.html",
        refusal,
        one=integration_out(context, row),
        attempts=[attempt_out(one) for one in found.items],
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
        context, parts = visit.context, visit.context.parts
        context.require_admin("replay a delivery")
        found = await replay_attempt(
            context.session, context.viewer, parts.keyring, integration_id, int(number), context.now
        )
        context.after_commit.append(lambda: found.signal(parts.dispatch))

    if refusal := await attempted(visit, work()):
        return await _shown(visit, integration_id, LogFilters(), Ask(50), refusal)
    return to(f"/settings/integrations/{integration_id}/log")
