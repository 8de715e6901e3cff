"""Threads about an action item: who is told, what they are about, and what stays when the item is deleted."""

from tests.api import writing
from tests.api.test_comments import comment, draft, inbox, refused
from tests.api.writing import ok
from tests.stack import Stack


def test_a_thread_about_an_action_item(stack: Stack) -> None:
    author, reviewer, owner = (stack.person() for _ in range(3))
    path = draft(author, visibility="ORGANIZATION")
    postmortem = path.rsplit("/", maxsplit=1)[1]
    item, other = (writing.with_item(author, postmortem, owner.id)["id"] for _ in range(2))
    thread = comment(reviewer, path, "Is it done?", actionItemId=item)
    answer = comment(owner, path, "Tomorrow.", parentId=thread["id"])
    general = comment(reviewer, path, "Well written.")
    assert (thread["actionItemId"], thread["section"], answer["actionItemId"]) == (item, None, item)
    assert general["actionItemId"] is None

    def listed(item_id: str) -> list[str]:
        return [one["id"] for one in ok(author.get(f"{path}/comments", params={"actionItemId": item_id}))["items"]]

    assert listed(item) == [thread["id"], answer["id"]]
    assert listed(other) == []
    for who in (author, owner):  # the postmortem's author, and who has to do it
        assert ("comment_added", thread["id"]) in inbox(who, path)
    assert ("comment_replied", answer["id"]) in inbox(reviewer, path)
    exported = ok(author.get(f"{path}/export", params={"format": "json", "comments": True}))
    assert {one["id"]: one["actionItemId"] for one in exported["comments"]}[thread["id"]] == item
    elsewhere = writing.with_item(author, draft(author).rsplit("/", maxsplit=1)[1], author.id)["id"]
    for wrong in (elsewhere, "ai_none"):
        refused(author.post(f"{path}/comments", json={"body": "x", "actionItemId": wrong}), 422, "UnknownReference")
    for both in ({"section": "rootCause"}, {"parentId": thread["id"]}):
        refused(author.post(f"{path}/comments", json={"body": "x", "actionItemId": item, **both}), 422, "Malformed")
    ok(author.delete(f"/api/action-items/{item}"), 204)
    left = ok(author.get(f"{path}/comments/{thread['id']}"))
    assert (left["body"], left["actionItemId"]) == ("Is it done?", None)
