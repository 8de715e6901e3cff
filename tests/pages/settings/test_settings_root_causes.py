"""The page of root-cause categories, and choosing one where a postmortem is edited."""

import re
from html import unescape
from uuid import uuid4

import pytest

from tests.api.writing import draft, ok
from tests.pages.settings.test_settings_people import XSS
from tests.pages.visiting import Visitor, fields_of, told, visitor
from tests.stack import Stack

LIST = "/settings/root-causes"


@pytest.fixture
def admin(stack: Stack) -> Visitor:
    return visitor(stack)


def offered(page: str) -> list[str]:
    found = re.search(r'<datalist id="root-causes">(.*?)</datalist>', page, re.DOTALL)
    assert found
    return [unescape(one) for one in re.findall(r'value="([^"]*)"', found[1])]


def test_categories_are_added_renamed_hidden_and_merged(stack: Stack, admin: Visitor) -> None:
    author, client, mark = stack.person(), stack.client(), uuid4().hex[:8]
    names = [f"first {mark}", f"second {mark}"]
    for name in names:
        assert admin.done(LIST, LIST, form="category", name=name, description="About") == f"{LIST}?saved=1"
    known = {one["name"]: one["id"] for one in ok(client.get("/api/root-cause-categories?limit=200"))["items"]}
    first, second = (f"{LIST}/{known[name]}" for name in names)
    made = draft(author, visibility="ORGANIZATION", rootCauseCategory=names[0])
    writer = visitor(stack, author)
    edit = f"/postmortems/{made['id']}/edit"
    assert set(names) <= set(offered(writer.get(edit)))
    renamed = f"renamed {mark}"
    admin.done(first, LIST, name=renamed, description="", active="yes", version="1")
    page = writer.get(edit)
    assert f'name="rootCauseCategory" type="text" list="root-causes" autocomplete="off" value="{renamed}"' in page
    admin.done(second, LIST, name=names[1], description="", version="1")
    assert names[1] not in offered(writer.get(edit)), "authors are not offered what is not active"
    writer.done(edit, edit, **(fields_of(page) | {"rootCauseCategory": "my own words", "done": "yes"}))
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["rootCauseCategory"] == "my own words"
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"rootCauseCategory": renamed}))
    admin.done(f"{first}/merge", LIST, into=known[names[1]])
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["rootCauseCategory"] == names[1]
    assert renamed not in admin.get(LIST)
    stale = admin.send(second, LIST, form=f"category-{known[names[1]]}", name="typed", description="", version="1")
    assert stale.status_code == 412
    assert 'value="typed"' in stale.text


def test_what_is_wrong_is_said_and_kept(admin: Visitor) -> None:
    answer = admin.send(LIST, LIST, form="category", name="", description=f"kept {XSS}")
    assert answer.status_code == 422
    assert told(answer.text)[0].startswith("Name: ")
    assert "kept &lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert admin.send(LIST, LIST, form="category", name="Capacity", description="").status_code == 409


def test_everyone_sees_them_and_administrators_change_them(stack: Stack, admin: Visitor) -> None:
    name = f"odd {uuid4().hex[:6]} {XSS}"
    admin.done(LIST, LIST, form="category", name=name, description=XSS)
    for role in ("RESPONDER", "MEMBER"):
        reader = visitor(stack, stack.person(role))
        page = reader.get(LIST)
        assert "capacity" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'method="post"' not in page.split("<main")[1]
        for path in (LIST, f"{LIST}/rcc_capacity", f"{LIST}/rcc_capacity/merge"):
            assert reader.send(path, "/settings/tokens", name="x", into="rcc_data").status_code == 403, path
    assert admin.send(f"{LIST}/rcc_nothing", LIST, name="x").status_code == 404
