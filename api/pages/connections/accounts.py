"""Who is who in a tracker, as a table: entered one by one, pasted as CSV, or taken from suggestions by e-mail."""

from typing import Annotated, Any

from fastapi import Depends, Response

from api.pages.review.lifecycle import person_id
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.v1.connections import accounts as api
from api.v1.connections.accounts import AccountIn, ImportIn, SuggestionsOut
from api.v1.connections.connections import integration_out
from domain.errors import DomainError
from integrations import kinds
from models.queries.connections import connections
from models.queries.pagination import Ask
from models.queries.people import people

routes = router()


@routes.get("/settings/integrations/{integration_id}/accounts")
async def read(visit: Visiting, integration_id: PathId, page: Annotated[Ask, Depends(ask)]) -> Response:
    return await _shown(visit, integration_id, page)


async def _shown(
    visit: Visit,
    integration_id: str,
    page: Ask,
    refusal: DomainError | None = None,
    suggested: SuggestionsOut | None = None,
) -> Response:
    context = visit.context
    found = await api.list_accounts(context, integration_id, page)
    row = await connections.get_integration(context.session, integration_id)
    return await show(
        visit,
        "connections/accounts.html",
        refusal,
        one=integration_out(context, row),
        label=kinds.kind_of(row.kind).label,
        accounts=found.items,
        next_cursor=found.next_cursor,
        suggested=suggested,
        everybody=(await people.list_people(context.session, Ask(200), active=True)).items,
    )


async def _answered(visit: Visit, integration_id: str, work: Any) -> Response:
    if refusal := await attempted(visit, work):
        return await _shown(visit, integration_id, Ask(50), refusal)
    return to(f"/settings/integrations/{integration_id}/accounts")


@routes.post("/settings/integrations/{integration_id}/accounts")
async def set_account(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        who = await person_id(visit, "person")
        given = read_form(AccountIn, {"account": visit.form.get("account", "")})
        await api.set_account(visit.context, integration_id, who, given)

    return await _answered(visit, integration_id, work())


@routes.post("/settings/integrations/{integration_id}/accounts/{user_id}/remove")
async def drop_account(visit: Visiting, integration_id: PathId, user_id: PathId) -> Response:
    return await _answered(visit, integration_id, api.drop_account(visit.context, integration_id, user_id))


@routes.post("/settings/integrations/{integration_id}/accounts/import")
async def take_csv(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        given = {"csv": visit.form.get("csv", ""), "skipProblems": visit.form.get("skip") == "yes"}
        await api.import_accounts(visit.context, integration_id, read_form(ImportIn, given))

    return await _answered(visit, integration_id, work())


@routes.post("/settings/integrations/{integration_id}/accounts/suggest")
async def suggest(visit: Visiting, integration_id: PathId) -> Response:
    """Asks the vendor; the page shows what it found, to be ticked."""
    found: list[SuggestionsOut] = []

    async def work() -> None:
        found.append(await api.suggest_accounts(visit.context, integration_id))

    refusal = await attempted(visit, work())
    return await _shown(visit, integration_id, Ask(50), refusal, found[0] if found else None)


@routes.post("/settings/integrations/{integration_id}/accounts/take")
async def take_suggested(visit: Visiting, integration_id: PathId) -> Response:
    """Those that were ticked: ``t.<user id>`` is the account, ``l.<user id>`` its label."""

    async def work() -> None:
        pairs = [
            {"userId": name[2:], "account": account, "label": visit.form.get(f"l.{name[2:]}") or None}
            for name, account in visit.form.items()
            if name.startswith("t.")
        ]
        await api.import_accounts(
            visit.context, integration_id, read_form(ImportIn, {"pairs": pairs, "source": "EMAIL"})
        )

    return await _answered(visit, integration_id, work())
