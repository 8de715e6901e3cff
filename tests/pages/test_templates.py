"""Templates in pages: rows that buttons add, move, and remove, versions, and who may edit. And the audit log."""

import re
from html import unescape
from uuid import uuid4

from tests.api.writing import draft, ok
from tests.pages.visiting import Visitor, visitor
from tests.stack import Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>"
NEW = "/settings/templates/new"


def sent_by(page: str) -> dict[str, str]:
    """The form of a template as a browser would send it back."""
    form = page[page.index('class="editor"') :]
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] not in {"csrf", "key"} and ("checkbox" not in tag or " checked" in tag):
            sent[name[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        sent[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        sent[name] = chosen[1] if chosen else ""
    return sent


def pressed(admin: Visitor, path: str, on: str, fields: dict[str, str], do: str) -> dict[str, str]:
    answer = admin.send(path, on, **(fields | {"do": do}))
    assert answer.status_code == 200, answer.text[:500]
    return sent_by(answer.text)


def test_a_template_is_made_of_another_one(stack: Stack) -> None:
    admin, client = visitor(stack), stack.client()
    short = next(one for one in ok(client.get("/api/templates?limit=100"))["items"] if one["name"] == "Short")
    start = f"{NEW}?from={short['id']}"
    form = sent_by(admin.get(start))
    form = pressed(admin, "/settings/templates", start, form | {"add": ""}, "s.add")
    place = max(int(one.split(".")[1]) for one in form if one.startswith("s."))
    form |= {f"s.{place}.title": "Where we got lucky", f"s.{place}.defaultText": "- ", f"s.{place}.prompt": "Luck?"}
    form = pressed(admin, "/settings/templates", start, form, f"s.up.{place}")
    assert form[f"s.{place - 1}.title"] == "Where we got lucky"
    form = pressed(admin, "/settings/templates", start, form, "f.add")
    form |= {"f.0.label": "Region", "f.0.type": "CHOICE", "f.0.choices": "north\nsouth", "f.0.required": "yes"}
    form |= {"name": f"Lucky {uuid4().hex[:6]}", "description": "For luck"}
    address = admin.done("/settings/templates", start, **form, do="save")
    made = ok(client.get(f"/api/templates/{address.rsplit('/', 1)[1]}"))
    assert made["sections"][place - 1]["key"] == "whereWeGotLucky"
    assert made["customFields"][0]["choices"] == ["north", "south"]
    assert made["customFields"][0]["key"] == "region"

    form = sent_by(admin.get(f"{address}/edit"))
    form |= {f"s.{place - 1}.title": "Luck"}
    form = pressed(admin, f"{address}/edit", f"{address}/edit", form, "f.remove.0")
    assert admin.done(f"{address}/edit", f"{address}/edit", **form, do="save") == address
    made = ok(client.get(f"/api/templates/{made['id']}"))
    assert (made["version"], made["customFields"]) == (2, [])
    assert (made["sections"][place - 1]["key"], made["sections"][place - 1]["title"]) == ("whereWeGotLucky", "Luck")
    assert "Region" in admin.get(f"{address}?version=1")
    assert "Region" not in admin.get(address)
    stale = admin.send(f"{address}/edit", f"{address}/edit", **(form | {"name": "Late"}), do="save")
    assert stale.status_code == 412
    assert 'value="Late"' in stale.text
    admin.done(f"{address}/archive", address)
    assert address not in admin.get("/settings/templates")


def test_what_cannot_be_a_template_is_said_and_kept_in_the_form(stack: Stack) -> None:
    admin = visitor(stack)
    form = sent_by(admin.get(NEW)) | {"name": "Odd"}
    form = pressed(admin, "/settings/templates", NEW, form, "f.add") | {"f.0.label": "Region", "f.0.type": "CHOICE"}
    refused = admin.send("/settings/templates", NEW, **form, do="save")
    assert refused.status_code == 422
    assert "needs choices" in refused.text
    assert 'value="Region"' in refused.text
    for do in ("s.up.0", "s.down.999", "s.remove.x", "s.", "nothing", "f.up.-1", "s.remove.99999999999999999999"):
        assert admin.send("/settings/templates", NEW, **form, do=do).status_code == 200, do


def test_titles_and_help_stay_text(stack: Stack) -> None:
    admin, client = visitor(stack), stack.client()
    core = ("summary", "timeline", "impact", "rootCause", "resolution", "actionItems")
    body = {
        "name": f"Name {XSS}",
        "description": f"Description {XSS}",
        "sections": [{"key": key, "title": f"{key} {XSS}", "prompt": XSS} for key in core],
        "customFields": [{"key": "region", "label": XSS, "type": "CHOICE", "choices": [XSS], "help": XSS}],
    }
    made = ok(client.post("/api/templates", json=body), 201)
    address = f"/settings/templates/{made['id']}"
    for path in ("/settings/templates", address, f"{address}/edit", f"{NEW}?from={made['id']}", "/postmortems/new"):
        page = admin.get(path)
        assert "&lt;script&gt;" in page, path
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path


def test_who_writes_templates(stack: Stack) -> None:
    member, lead = stack.person(), stack.person()
    client = stack.client()
    body = {"name": f"Team {uuid4().hex[:8]}", "leadId": lead.id, "memberIds": [lead.id]}
    team = ok(client.post("/api/teams", json=body), 201)
    shared = ok(client.get("/api/templates"))["items"][0]["id"]
    reader, leader = visitor(stack, member), visitor(stack, lead)
    assert "New template" not in reader.get("/settings/templates")
    assert "Edit</a>" not in reader.get(f"/settings/templates/{shared}")
    reader.get(NEW, 403)
    reader.get(f"/settings/templates/{shared}/edit", 403)
    assert reader.send("/settings/templates", "/", name="x", do="save").status_code in {403, 422}
    assert reader.send(f"/settings/templates/{shared}/edit", "/", name="x", do="save").status_code == 403
    assert reader.send(f"/settings/templates/{shared}/archive", "/").status_code == 403
    form = sent_by(leader.get(NEW)) | {"name": f"Ours {uuid4().hex[:6]}"}
    assert form["team"] == team["id"]
    address = leader.done("/settings/templates", NEW, **form, do="save")
    reader.get(address, 404)
    assert form["name"] not in reader.get("/settings/templates")
    leader.get(f"/settings/templates/{shared}/edit", 403)


def test_the_trail_is_told_in_words(stack: Stack) -> None:
    author, friend = stack.person(), stack.person()
    made = draft(author, title="First title", visibility="ORGANIZATION")
    address = f"/postmortems/{made['id']}"
    ok(author.patch(f"/api{address}", json={"title": f"Second {XSS}", "impact": f"Long {XSS} " * 30}))
    ok(author.post(f"/api{address}/editors", json={"userId": friend.id, "level": "COMMENT"}), 201)
    mine = visitor(stack, author)
    assert f'href="{address}/audit"' in mine.get(address)
    page = mine.get(f"{address}/audit")
    assert "<del>First title</del>" in page
    assert "Editor set" in page
    assert ok(friend.get("/api/me"))["name"] in page
    assert "through the API" in page
    assert f'href="{address}/history/impact"' in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    mine.get(f"{address}/audit?cursor=nonsense", 422)


def test_who_looked_is_in_the_trail_and_nobody_else_sees_it(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, visibility="PRIVATE")
    visitor(stack).get(f"/postmortems/{made['id']}")
    assert "Read as administrator" in visitor(stack, author).get(f"/postmortems/{made['id']}/audit")
    visitor(stack, stack.person()).get(f"/postmortems/{made['id']}/audit", 404)
