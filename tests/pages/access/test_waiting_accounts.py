"""Administrators see on the home page and beside Sign-in that accounts wait for them; nobody else does."""

import pytest

from tests.pages.access.installation import Installation
from tests.pages.visiting import visitor
from tests.statements import counted_app

SETTINGS = ("/settings", "/settings/people")


def waiting_account(at: Installation) -> None:
    """One whose address somebody here has."""
    email = at.fresh()
    at.stack.person(email=email)
    at.partner.claims = {"sub": email, "email": email}
    assert at.sign_in("partner").status_code == 403


def test_administrators_see_how_many_accounts_wait(at: Installation) -> None:
    waiting_account(at)
    admin = visitor(at.stack)
    count = len(at.waiting())
    words = f"{count} account waits for" if count == 1 else f"{count} accounts wait for"
    assert words in admin.get("/")
    for path in SETTINGS:
        assert f'{count}<span class="unseen"> waiting for you</span>' in admin.get(path)
    for one in at.waiting():
        path = f"/settings/sign-in/{one['id']}/remove"
        admin.done(path, "/settings/sign-in", version=str(one["version"]))
    assert at.waiting() == []
    for path in ("/", *SETTINGS):
        assert "for your confirmation" not in admin.get(path)
        assert "waiting for you</span>" not in admin.get(path)


@pytest.mark.parametrize(("role", "queries"), [("ADMIN", 1), ("RESPONDER", 0), ("MEMBER", 0)])
async def test_others_neither_see_nor_count_them(at: Installation, role: str, queries: int) -> None:
    waiting_account(at)
    person = at.stack.person(role)
    visit = visitor(at.stack, person)
    async with counted_app(at.stack, person) as (client, counter):
        client.headers.pop("Authorization", None)
        client.cookies.update(dict(visit.http.cookies))
        for path in ("/", *SETTINGS):
            counter.clear()
            answer = await client.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 200, answer.text
            found = [one for one in counter.statements if "person_identity" in one]
            assert len(found) == queries, path
            assert ("your confirmation" in answer.text or "waiting for you</span>" in answer.text) is bool(queries)
