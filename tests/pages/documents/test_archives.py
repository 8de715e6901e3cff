"""The pages of archives: of a filtered list, and of the whole organization."""

import io
import json
import zipfile
from html import unescape
from uuid import uuid4

from tests.api.writing import draft, ok
from tests.pages.visiting import visitor
from tests.stack import Stack, eventually

FORMATS = {"format.json": "yes", "format.md": "yes"}


def test_a_filtered_list_becomes_an_archive(stack: Stack) -> None:
    author, mark = stack.person(), f"exp{uuid4().hex[:8]}"
    wanted = [draft(author, title=f"{mark} {one}", visibility="ORGANIZATION")["id"] for one in ("one", "two")]
    draft(author, title="Another one")
    visit = visitor(stack, author)
    page = f"/postmortems?q={mark}"
    assert "Change or export postmortems" in visit.get(page)
    assert visit.done("/exports", page, query=f"q={mark}&status=DRAFT", **FORMATS) == "/exports"
    (job,) = ok(author.get("/api/exports"))["items"]
    eventually(lambda: ok(author.get(f"/api/exports/{job['id']}"))["state"] == "DONE")
    shown = unescape(visit.get("/exports"))
    assert "2 postmortems as md, json" in shown
    answer = visit.http.get(f"/exports/{job['id']}/archive")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told = json.loads(archive.read("index.json"))["postmortems"]
    assert {one["id"] for one in told} == set(wanted)
    stranger = visitor(stack, stack.person())
    assert stranger.http.get(f"/exports/{job['id']}/archive").status_code == 404
    assert "No exports yet" in stranger.get("/exports")
    for fields, says in (
        ({"query": f"q={mark}"}, "Choose at least one format."),
        ({"query": f"q={mark}nothing", **FORMATS}, "No postmortem matches."),
        ({"query": "status=FUN", **FORMATS}, "status"),
    ):
        refused = visit.send("/exports", page, **fields)
        assert (refused.status_code, says in unescape(refused.text)) == (422, True), fields


def test_only_administrators_export_the_organization(stack: Stack) -> None:
    member, admin = visitor(stack, stack.person()), visitor(stack, stack.person("ADMIN"))
    assert "whole organization" not in member.get("/exports")
    assert member.send("/exports", "/postmortems", scope="ORGANIZATION", **FORMATS).status_code == 403
    assert "Export the whole organization" in admin.get("/exports")
    assert admin.done("/exports", "/exports", scope="ORGANIZATION", **{"format.json": "yes"}) == "/exports"
    assert "The whole organization" in admin.get("/exports")
