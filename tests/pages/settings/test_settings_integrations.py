"""Setting up an integration, step by step: what to do at the vendor, what to copy there, and whether it works."""

import re
from html import unescape
from pathlib import Path

import pytest

from integrations import registry
from tests.api.connections.connecting import connected
from tests.api.writing import ok
from tests.pages.visiting import Visitor, visitor
from tests.stack import Stack

LIST = "/settings/integrations"


@pytest.fixture
def admin(stack: Stack) -> Visitor:
    return visitor(stack)


@pytest.mark.parametrize("kind", [one.kind for one in registry.all_kinds()])
def test_each_kind_is_set_up_step_by_step(admin: Visitor, kind: str) -> None:
    found = registry.kind_of(kind)
    page = unescape(admin.get(f"{LIST}/new?kind={kind}"))
    for step in found.setup:
        assert step.text in page
        assert not step.link or f'href="{step.link}"' in page
    assert f">Connect {found.label}</button>" in page


def test_kinds_are_offered_by_what_they_are_for(admin: Visitor) -> None:
    page = admin.get(LIST)
    assert re.findall(r'<optgroup label="([^"]*)">', page) == [
        *("Trackers", "Messages", "Documents", "Calendars", "Video meetings", "Incidents"),
    ]
    assert '<option value="github">GitHub</option>' in page


def test_a_new_connection_shows_what_to_copy(stack: Stack, admin: Visitor) -> None:
    new = f"{LIST}/new"
    page = admin.done(new, f"{new}?kind=slack", kind="slack", name="Chat", **{"c.workspaceId": "T01234567"})
    made = ok(stack.client().get(page.replace("/settings", "/api")))
    shown = admin.get(page)
    assert f'readonly value="{made["webhookUrl"]}"' in shown
    manifest = re.search(r'<textarea id="copy-2"[^>]*readonly>(.*?)</textarea>', shown, re.DOTALL)
    assert manifest
    assert made["webhookUrl"] in unescape(manifest[1])
    assert 'data-copies="copy-2"' in shown
    assert "needs attention" in shown or "not tested yet" in shown
    source = admin.done(new, f"{new}?kind=pagerduty", kind="pagerduty", name="Pager")
    assert "/api/webhooks/pagerduty/" in admin.get(source)


def test_it_is_tested_and_then_it_works(stack: Stack, tmp_path: Path) -> None:
    board = connected(stack, tmp_path)
    admin, page = visitor(stack, board.admin), f"{LIST}/{board.id}"
    answer = admin.send(f"{page}/test", page)
    assert "All permissions granted" in answer.text
    assert "Working." in admin.get(page)
    assert '<details class="settings__steps">' in admin.get(page)
    broken = connected(stack, tmp_path / "other", required={"severity": ["minor", "major"]})
    admin, page = visitor(stack, broken.admin), f"{LIST}/{broken.id}"
    shown = admin.send(f"{page}/test", page).text
    assert "Some permissions are missing" in shown
    assert "Then test the connection again." in shown
    assert '<details class="settings__steps" open>' in shown
    for link in ("/log", "/accounts"):
        assert f'href="{page}{link}"' in shown
    for part in ("Health", "Ticket mapping", "Settings"):
        assert f">{part}</h2>" in shown


def test_only_administrators_set_up_integrations(stack: Stack) -> None:
    for role in ("RESPONDER", "MEMBER"):
        reader = visitor(stack, stack.person(role))
        for path in (LIST, f"{LIST}/new?kind=slack"):
            reader.get(path, 403)
        assert reader.send(f"{LIST}/new", "/settings/tokens", kind="slack", name="x").status_code == 403
