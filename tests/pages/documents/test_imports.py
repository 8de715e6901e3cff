"""The pages of imports: upload, follow, run for real, undo."""

from html import unescape
from uuid import uuid4

from tests.api.writing import ok
from tests.pages.visiting import Visitor, visitor
from tests.stack import Person, Stack, eventually


def ended(admin: Person, visit: Visitor, path: str) -> str:
    import_id = path.rpartition("/")[2]
    eventually(lambda: ok(admin.get(f"/api/imports/{import_id}"))["state"] == "DONE")
    return unescape(visit.get(path))


def test_an_import_from_the_page(stack: Stack) -> None:
    admin, mark = stack.person("ADMIN"), uuid4().hex[:8]
    visit = visitor(stack, admin)
    text = f"# Stalled {mark}\n\nWords.\n\n## Weather\n\nIt rained <b>hard</b>.\n"
    page = "/settings/imports"
    files = [("file", ("a.md", text)), ("file", ("b.md", f"# Second {mark}\n\nMore"))]
    answer = visit.http.post(page, data={**visit.hidden(page), "form": "import", "dry": "yes"}, files=files)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    shown = ended(admin, visit, path)
    for said in ("Dry run: done", "2 of 2 documents", "In the section Imported", "Import for real"):
        assert said in shown
    assert "It rained <b>hard</b>." in shown
    assert "<b>hard</b>" not in visit.get(path)
    assert "data-reloads" not in shown
    assert visit.done(f"{path}/run", path) == path
    shown = ended(admin, visit, path)
    assert "Import: done" in shown
    assert f"Stalled {mark}" in unescape(visit.get("/postmortems"))
    assert "Placed: summary" in unescape(visit.get(f"{path}?show=all"))
    assert visit.done(f"{path}/undo", path) == path
    assert "Undone: done" in ended(admin, visit, path)
    assert f"Stalled {mark}" not in unescape(visit.get("/postmortems"))
    assert "a.md" not in visit.get(page)
    assert "2 files" in visit.get(page)
    refused = visit.http.post(page, data={**visit.hidden(page), "form": "import"}, files=[("file", ("a.md", b""))])
    assert (refused.status_code, "The file is empty" in refused.text) == (422, True)
    twice = visit.send(f"{path}/undo", path)
    assert (twice.status_code, "There is nothing to undo" in twice.text) == (409, True)


def test_only_administrators_see_imports(stack: Stack) -> None:
    visit = visitor(stack, stack.person())
    assert "/settings/imports" not in visit.get("/")
    visit.get("/settings/imports", 403)
    visit.get("/settings/imports/imp_nope", 403)
