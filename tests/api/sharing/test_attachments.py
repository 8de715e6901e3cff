"""Attachments behind links for outsiders: exactly those that the shared text refers to."""

from typing import Any
from uuid import uuid4

from tests.api.documents.pictures import picture, read
from tests.api.sharing.sharing import local, outsider, page_of, share
from tests.api.writing import ok, ready
from tests.stack import Person, Stack


def attached(author: Person, made: Any, name: str) -> Any:
    return ok(author.post(f"/api/postmortems/{made['id']}/attachments", files={"file": (name, picture())}), 201)


def test_outsiders_get_what_the_shared_text_refers_to(stack: Stack) -> None:
    author, reviewer, admin = stack.person(), stack.person(), stack.client()
    made = ready(author, [reviewer], visibility="ORGANIZATION", title=f"Shared {uuid4().hex[:8]}")
    names = ("shown", "response", "comment", "unused")
    files = {name: attached(author, made, f"{name}.png") for name in names}
    path = f"/api/postmortems/{made['id']}"
    ok(author.put(f"{path}/sections/summary", json={"body": f"Look: {files['shown']['markdown']}"}))
    ok(author.put(f"{path}/sections/response", json={"body": f"Inside: {files['response']['markdown']}"}))
    ok(author.post(f"{path}/submit"))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    ok(author.post(f"{path}/publish"))
    ok(author.post(f"{path}/comments", json={"body": files["comment"]["markdown"]}), 201)
    link = share(author, made, scope="POSTMORTEM")
    address = local(stack, link["url"])
    page = page_of(stack, link)
    assert f'src="/p/{address.rpartition("/")[2]}/attachments/{files["shown"]["id"]}"' in page
    with outsider(stack) as visitor:
        image = visitor.get(f"{address}/attachments/{files['shown']['id']}")
        assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
        assert read(image.content).size == (60, 40)
        assert image.headers["x-content-type-options"] == "nosniff"
        assert image.headers["cache-control"] == "no-store"
        assert "set-cookie" not in image.headers
        for name in names[1:]:
            assert files[name]["id"] not in page
            assert visitor.get(f"{address}/attachments/{files[name]['id']}").status_code == 404, name
        guarded = share(author, made, scope="POSTMORTEM", password="correct horse")
        there = f"{local(stack, guarded['url'])}/attachments/{files['shown']['id']}"
        assert visitor.get(there).status_code == 401
        ok(author.delete(f"{path}/share-links/{link['id']}"), 204)
        assert visitor.get(f"{address}/attachments/{files['shown']['id']}").status_code == 404
    assert admin.get(f"/attachments/{files['shown']['id']}").status_code == 303
