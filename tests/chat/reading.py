"""What an action item and an audit trail say after something was done in Slack."""

from tests.api import writing
from tests.api.writing import ok
from tests.chat.workspace import Json, Workspace


def trail_of(workspace: Workspace, postmortem_id: str) -> list[tuple[str, str, str | None]]:
    path = f"/api/postmortems/{postmortem_id}/audit"
    listed = ok(workspace.stack.client().get(path, params={"limit": 100}))["items"]
    return [(one["action"], one["origin"], one["actorId"]) for one in listed]


def item_of(workspace: Workspace, owner: str = "bob", **fields: str) -> Json:
    jane = workspace.people["jane"]
    made = writing.with_item(jane, writing.draft(jane)["id"], workspace.people[owner].id, **fields)
    return dict(made)


def read_item(workspace: Workspace, item: Json) -> Json:
    return dict(ok(workspace.stack.client().get(f"/api/action-items/{item['id']}")))
