"""Who somebody in Slack is here."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from models.integration import PersonAccount
from tests.api.writing import ok
from tests.chat.reading import item_of
from tests.chat.workspace import Json, Workspace
from tests.peers.slack import Scripted


def test_a_stranger_is_told_what_to_do(workspace: Workspace) -> None:
    told = workspace.says("mallory", "mine")
    assert "can't tell who you are" in told.fields["text"]
    assert workspace.accounts["mallory"] in told.fields["text"], "what to give an administrator"


def test_the_explicit_table_goes_before_the_email(workspace: Workspace, slack_domain: str) -> None:
    """Carol has Eve's e-mail in Slack, but the table says who she is; and whose account Eve's is."""
    carol, eve = workspace.stack.person(name="Carol"), workspace.stack.person(email=f"eve@{slack_domain}", name="Eve")
    accounts = {"carol": f"U{uuid4().hex[:9].upper()}", "eve": f"U{uuid4().hex[:9].upper()}"}
    workspace.accounts |= accounts
    item = item_of(workspace)
    for person, account in ((carol, accounts["carol"]), (eve, "U0OTHER")):
        keep_account(workspace, person.id, account)
    assert "You have no" in workspace.says("carol", "mine").fields["text"]
    user = {"id": accounts["eve"], "team_id": "T000000001", "name": "eve", "profile": {"email": f"eve@{slack_domain}"}}
    workspace.peer.scripted["users.info"] = [Scripted(200, {"ok": True, "user": user})]
    assert "can't tell who you are" in workspace.says("eve", "mine").fields["text"], "another account is Eve's"
    assert "There is no action item" in workspace.presses("carol", "START", item["id"]).fields["text"]


def keep_account(workspace: Workspace, person_id: str, account: str) -> None:
    """As an administrator writes it down."""

    async def write() -> None:
        engine = create_async_engine(workspace.stack.database_url)
        async with AsyncSession(engine) as session, session.begin():
            session.add(
                PersonAccount(
                    id=f"acc_{uuid4().hex}",
                    integration_id=workspace.integration["id"],
                    person_id=person_id,
                    account=account,
                    source="MANUAL",
                )
            )
        await engine.dispose()

    asyncio.run(write())


def test_whoever_left_is_refused(workspace: Workspace) -> None:
    leaver = workspace.people["alice"]
    admin = workspace.stack.client()
    assert "You have no" in workspace.says("alice", "mine").fields["text"]
    ok(admin.patch(f"/api/users/{leaver.id}", json={"active": False}))
    assert "deactivated" in workspace.says("alice", "mine").fields["text"]
    ok(admin.patch(f"/api/users/{leaver.id}", json={"active": True}))
    assert "You have no" in workspace.says("alice", "mine").fields["text"]


@pytest.mark.parametrize(
    "change",
    [
        {"is_bot": True},
        {"is_stranger": True},
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_email_confirmed": False},
        {"team_id": "T000000009"},
        {"deleted": True},
    ],
    ids=str,
)
def test_guests_and_strangers_are_not_matched_by_email(workspace: Workspace, change: Json) -> None:
    email = f"new-{uuid4().hex[:8]}@example.com"
    person, account = workspace.stack.person(email=email), f"U{uuid4().hex[:9].upper()}"
    user = {"id": account, "team_id": "T000000001", "name": "new", "profile": {"email": email}}
    workspace.accounts["new"], method = account, "users.info"
    workspace.peer.scripted[method] = [Scripted(200, {"ok": True, "user": {**user, **change}})]
    assert "can't tell who you are" in workspace.says("new", "mine").fields["text"]
    workspace.peer.scripted[method] = [Scripted(200, {"ok": True, "user": {**user, "is_email_confirmed": True}})]
    assert "You have no" in workspace.says("new", "mine").fields["text"], person.id
