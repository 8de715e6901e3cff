"""Who is who in a tracker, as a table: entered one by one, pasted as CSV, or taken from suggestions by e-mail."""

from typing import Annotated, Any

from fastapi import Depends, Response

from api.pages.postmortems.form_answers import person_id
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.shapes.connections.accounts import (
    AccountIn,
    ImportIn,
    SuggestionsOut,
    account_out,
    import_rows,
    suggestions_out,
)
from api.shapes.connections.connections import integration_out
from application.connections import accounts
from domain.errors import DomainError
from integrations import registry
from models.queries.connections import accounts as account_queries
from models.queries.connections import connections
from models.queries.pagination import Ask

routes = router()

CHANGE = "change linked accounts"


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
    context.require_admin("see linked accounts")
    row = await connections.get_integration(context.session, integration_id)
    found = await account_queries.list_accounts(context.session, integration_id, page)
    return await show(
        visit,
        "connections/accounts.html",
        refusal,
        one=integration_out(context, row),
        label=registry.kind_of(row.kind).label,
        accounts=[account_out(one) for one in found.items],
        next_cursor=found.next_cursor,
        suggested=suggested,
    )


async def _answered(visit: Visit, integration_id: str, work: Any) -> Response:
    if refusal := await attempted(visit, work):
        return await _shown(visit, integration_id, Ask(50), refusal)
    return to(f"/settings/integrations/{integration_id}/accounts")


async def _import(visit: Visit, integration_id: str, fields: dict[str, Any]) -> None:
    context, given = visit.context, read_form(ImportIn, fields)
    context.require_admin(CHANGE)
    rows, unread = await import_rows(given)
    await accounts.import_accounts(
        context.session,
        context.viewer,
        integration_id,
        rows,
        unread,
        given.source,
        skip_problems=given.skip_problems,
    )


@routes.post("/settings/integrations/{integration_id}/accounts")
async def set_account(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        context = visit.context
        chosen = await person_id(visit, "person")
        given = read_form(AccountIn, {"account": visit.form.get("account", "")})
        context.require_admin(CHANGE)
        await accounts.set_account(context.session, context.viewer, integration_id, chosen, given.account, given.label)

    return await _answered(visit, integration_id, work())


@routes.post("/settings/integrations/{integration_id}/accounts/{user_id}/remove")
async def drop_account(visit: Visiting, integration_id: PathId, user_id: PathId) -> Response:
    async def work() -> None:
        visit.context.require_admin(CHANGE)
        await accounts.remove_account(visit.context.session, visit.context.viewer, integration_id, user_id)

    return await _answered(visit, integration_id, work())


@routes.post("/settings/integrations/{integration_id}/accounts/import")
async def take_csv(visit: Visiting, integration_id: PathId) -> Response:
    async def work() -> None:
        given = {"csv": visit.form.get("csv", ""), "skipProblems": visit.form.get("skip") == "yes"}
        await _import(visit, integration_id, given)

    return await _answered(visit, integration_id, work())


@routes.post("/settings/integrations/{integration_id}/accounts/suggest")
async def suggest(visit: Visiting, integration_id: PathId) -> Response:
    """Asks the vendor; the page shows what it found, to be ticked."""
    found: list[SuggestionsOut] = []

    async def work() -> None:
        visit.context.require_admin(CHANGE)
        keyring = visit.context.parts.keyring
        found.append(
            suggestions_out(
                await accounts.suggest_accounts(visit.context.session, visit.context.outside, keyring, integration_id)
            )
        )

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
        await _import(visit, integration_id, {"pairs": pairs, "source": "EMAIL"})

    return await _answered(visit, integration_id, work())
