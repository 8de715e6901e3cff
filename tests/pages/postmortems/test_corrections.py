"""Events of the timeline and comments are corrected and deleted in the browser, too."""

from tests.api.writing import draft, ok
from tests.pages.visiting import visitor
from tests.stack import Stack


def test_an_event_is_corrected(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, visibility="ORGANIZATION")
    (event,) = ok(author.get(f"/api/postmortems/{made['id']}/timeline"))["items"]
    path, page = f"/postmortems/{made['id']}/timeline/{event['id']}", visitor(stack, author)
    assert f'href="{path}#e-{event["id"]}"' in page.get(f"/postmortems/{made['id']}")
    assert page.done(path, path, event="Alert for the pool", at=event["at"][:16], type="DETECTION") == (
        f"/postmortems/{made['id']}#e-{event['id']}"
    )
    (after,) = ok(author.get(f"/api/postmortems/{made['id']}/timeline"))["items"]
    assert (after["event"], after["at"]) == ("Alert for the pool", event["at"])
    page.done(path, path, event="Alert for the pool", at="2026-11-20T10:30", precision="MINUTE")
    (after,) = ok(author.get(f"/api/postmortems/{made['id']}/timeline"))["items"]
    assert after["at"].startswith("2026-11-20T10:30:00")
    assert page.send(path, path, event="", at="2026-11-20T10:30").status_code == 422
    visitor(stack, stack.person()).get(path, 403)


def test_a_comment_is_reworded_and_deleted_by_its_author(stack: Stack) -> None:
    author, other = stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION")
    comment = ok(author.post(f"/api/postmortems/{made['id']}/comments", json={"body": "Frist"}), 201)
    path, page = f"/postmortems/{made['id']}/comments/{comment['id']}", visitor(stack, author)
    assert f'href="{path}"' in page.get(f"/postmortems/{made['id']}")
    assert f'href="{path}"' not in visitor(stack, other).get(f"/postmortems/{made['id']}")
    page.done(path, path, body="First")
    assert ok(author.get(f"/api{path}"))["body"] == "First"
    theirs = visitor(stack, other)
    assert theirs.send(path, path, body="Mine").status_code == 403
    assert theirs.send(f"{path}/delete", path).status_code == 403
    assert page.done(f"{path}/delete", path) == f"/postmortems/{made['id']}"
    assert author.get(f"/api{path}").status_code == 404
