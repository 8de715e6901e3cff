"""Which person has which account in a connection."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.request_context import Context
from api.shapes.base import Listing, PathId, ask
from api.shapes.connections.accounts import (
    AccountIn,
    AccountOut,
    ImportedOut,
    ImportIn,
    SuggestionsOut,
    account_out,
    import_rows,
    imported_out,
    suggestions_out,
)
from api.v1.routing import router
from application.connections import accounts
from models.queries.connections import accounts as account_queries
from models.queries.connections import connections
from models.queries.pagination import Ask

routes: APIRouter = router("integrations", prefix="/integrations")


@routes.get("/{integration_id}/accounts")
async def list_accounts(
    context: Context, integration_id: PathId, page: Annotated[Ask, Depends(ask)]
) -> Listing[AccountOut]:
    """Lists the people who have an account at the vendor."""
    context.require_admin("see linked accounts")
    await connections.get_integration(context.session, integration_id)
    found = await account_queries.list_accounts(context.session, integration_id, page)
    return Listing(items=[account_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{integration_id}/accounts/suggestions")
async def suggest_accounts(context: Context, integration_id: PathId) -> SuggestionsOut:
    """Reads the vendor's accounts and matches them by e-mail. Confirm them with ``POST /accounts/import``."""
    context.require_admin("change linked accounts")
    found = await accounts.suggest_accounts(context.session, context.outside, context.parts.keyring, integration_id)
    return suggestions_out(found)


@routes.post("/{integration_id}/accounts/import")
async def import_accounts(context: Context, integration_id: PathId, given: ImportIn) -> ImportedOut:
    """Links people and accounts: all of them or none, unless you send ``skipProblems``. Replaces a person's previous
    account."""
    context.require_admin("change linked accounts")
    rows, unread = await import_rows(given)
    found = await accounts.import_accounts(
        context.session,
        context.viewer,
        integration_id,
        rows,
        unread,
        given.source,
        skip_problems=given.skip_problems,
    )
    return imported_out(found)


@routes.put("/{integration_id}/accounts/{user_id}")
async def set_account(context: Context, integration_id: PathId, user_id: PathId, given: AccountIn) -> AccountOut:
    """Links a person to an account in the tracker."""
    context.require_admin("change linked accounts")
    found = await accounts.set_account(
        context.session, context.viewer, integration_id, user_id, given.account, given.label
    )
    return account_out(found)


@routes.delete("/{integration_id}/accounts/{user_id}", status_code=204)
async def remove_account(context: Context, integration_id: PathId, user_id: PathId) -> None:
    """Removes the link between a person and their account at the vendor."""
    context.require_admin("change linked accounts")
    await accounts.remove_account(context.session, context.viewer, integration_id, user_id)
