"""A publication is announced once in the channels of its teams that may see it."""

import asyncio
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from models.notification import Notice
from tests.api import writing
from tests.api.writing import ok
from tests.chat.workspace import Json, Workspace


def notices(workspace: Workspace, postmortem_id: str) -> list[Any]:
    async def read() -> list[Any]:
        engine = create_async_engine(workspace.stack.database_url)
        async with AsyncSession(engine) as session:
            statement = select(Notice.team_id, Notice.channel).where(
                Notice.postmortem_id == postmortem_id, Notice.kind == "published"
            )
            found = list((await session.execute(statement)).all())
        await engine.dispose()
        return found

    return asyncio.run(read())


def new_team(workspace: Workspace, address: str | None) -> Json:
    admin, jane = workspace.stack.client(), workspace.people["jane"]
    team = ok(admin.post("/api/teams", json={"name": f"T {uuid4().hex[:8]}", "memberIds": [jane.id]}), 201)
    if address:
        channel = {"integrationId": workspace.integration["id"], "address": address}
        ok(admin.patch(f"/api/teams/{team['id']}", json={"channel": channel}))
    return dict(team)


def test_teams_with_a_channel_hear_of_it(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    with_channel, without = new_team(workspace, workspace.general), new_team(workspace, None)
    made = writing.approved(jane, [bob], teamIds=[with_channel["id"], without["id"]])
    assert notices(workspace, made["id"]) == []
    ok(jane.post(f"/api/postmortems/{made['id']}/publish"))
    found = notices(workspace, made["id"])
    assert {one[0] for one in found} == {with_channel["id"], None}, "and the reviewer"
    assert (with_channel["id"], "channel") in found


def test_the_last_approval_in_slack_publishes(workspace: Workspace) -> None:
    jane, bob = workspace.people["jane"], workspace.people["bob"]
    team = new_team(workspace, workspace.general)
    made = writing.ready(jane, [bob], teamIds=[team["id"]])
    ok(jane.post(f"/api/postmortems/{made['id']}/submit", json={"publishOnApproval": True}))
    workspace.presses("bob", "APPROVE", made["id"])
    assert ok(jane.get(f"/api/postmortems/{made['id']}"))["status"] == "PUBLISHED"
    assert (team["id"], "channel") in notices(workspace, made["id"])
