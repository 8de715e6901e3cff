"""Signing in with a certified provider, as a process: there and back, and whatever must not work."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.writing import ok
from tests.pages.access.installation import TEAM, Installation, refusal
from tests.pages.visiting import HTML, stranger


def test_new_person_becomes_a_member_and_returns_to_where_they_were(at: Installation) -> None:
    email = at.fresh()
    subject = f"sub-{email}"
    at.keycloak.has(subject, email=email, email_verified=True, name="Nora New", preferred_username="nora")
    visit = stranger(at.stack)
    wanted = "/postmortems?status=DRAFT"
    answer = at.sign_in("keycloak", subject, visit=visit, wanted=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, wanted), refusal(answer)
    assert "Nora New" in visit.get("/")
    person = at.person(email)
    assert (person.role, person.is_active, person.handle[:4]) == ("MEMBER", True, "nora")
    again = stranger(at.stack)
    at.keycloak.has(subject, email=at.fresh(), email_verified=True, name="Nora Newer")
    assert at.sign_in("keycloak", subject, visit=again).status_code == 303
    assert "Nora New" in again.get("/"), "joined by subject, whatever the address is now"
    actions = {one["action"] for one in ok(at.stack.client().get("/api/audit", params={"actorId": person.id}))["items"]}
    assert {"user.created", "identity.joined", "session.started"} <= actions


def test_request_has_a_challenge_and_the_exact_redirect_uri(at: Installation) -> None:
    query = parse_qs(urlsplit(at.begin(stranger(at.stack), "keycloak")).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"{at.stack.url}/sign-in/keycloak/callback"]
    assert query["response_type"] == ["code"]
    assert len(query["state"][0]) >= 20
    assert len(query["nonce"][0]) >= 20


def test_code_of_another_sign_in_is_worth_nothing(at: Installation) -> None:
    """An injected code: the verifier that we send is not the one that its challenge was made of."""
    email = at.fresh()
    at.keycloak.has(f"sub-{email}", email=email, email_verified=True)
    attacker, victim = stranger(at.stack), stranger(at.stack)
    stolen = parse_qs(urlsplit(at.answer("keycloak", at.begin(attacker, "keycloak"), f"sub-{email}")).query)
    begun = parse_qs(urlsplit(at.begin(victim, "keycloak")).query)
    path = "/sign-in/keycloak/callback"
    params = {"code": stolen["code"][0], "state": begun["state"][0], "iss": at.keycloak.issuer}
    answer = victim.http.get(path, params=params)
    assert answer.status_code == 403
    assert "invalid_grant" in refusal(answer)


def test_replayed_answer_signs_nobody_in(at: Installation) -> None:
    email = at.fresh()
    at.keycloak.has(f"sub-{email}", email=email, email_verified=True)
    visit = stranger(at.stack)
    back = at.answer("keycloak", at.begin(visit, "keycloak"), f"sub-{email}")
    cookies = dict(visit.http.cookies)
    assert at.sign_in("keycloak", visit=visit, answer=back).status_code == 303
    assert "didn't start the sign-in" in refusal(visit.http.get(back.removeprefix(at.stack.url)))
    with httpx.Client(base_url=at.stack.url, cookies=cookies, headers=HTML) as thief:
        answer = thief.get(back.removeprefix(at.stack.url))
    assert "invalid_grant" in refusal(answer), "the provider takes a code once"


def test_answer_in_another_browser_signs_nobody_in(at: Installation) -> None:
    email = at.fresh()
    at.keycloak.has(f"sub-{email}", email=email, email_verified=True)
    back = at.answer("keycloak", at.begin(stranger(at.stack), "keycloak"), f"sub-{email}")
    answer = at.sign_in("keycloak", answer=back)
    assert answer.status_code == 403
    assert "didn't start the sign-in" in refusal(answer)
    other = back.replace("/keycloak/", "/okta/")
    assert "didn't start" in refusal(at.sign_in("okta", answer=other))


def test_two_tabs_sign_in_side_by_side(at: Installation) -> None:
    email = at.fresh()
    at.keycloak.has(f"sub-{email}", email=email, email_verified=True)
    visit = stranger(at.stack)
    first, second = at.begin(visit, "keycloak", "/inbox"), at.begin(visit, "keycloak", "/search")
    for start, wanted in ((second, "/search"), (first, "/inbox")):
        back = at.answer("keycloak", start, f"sub-{email}")
        assert at.sign_in("keycloak", visit=visit, answer=back).headers["location"] == wanted


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_sign_in_leads_nowhere_else(at: Installation, elsewhere: str) -> None:
    email = at.fresh()
    at.keycloak.has(f"sub-{email}", email=email, email_verified=True)
    assert at.sign_in("keycloak", f"sub-{email}", wanted=elsewhere).headers["location"] == "/"


def test_whoever_cancels_is_back_on_the_sign_in_page(at: Installation) -> None:
    visit = stranger(at.stack)
    query = parse_qs(urlsplit(at.begin(visit, "okta", "/inbox")).query)
    params = {"error": "access_denied", "state": query["state"][0], "iss": at.okta.issuer}
    answer = visit.http.get("/sign-in/okta/callback", params=params)
    assert answer.status_code == 403
    assert "you canceled" in refusal(answer)
    assert "/sign-in/okta?next=/inbox" in answer.text


def test_unknown_provider_is_not_found(at: Installation) -> None:
    assert stranger(at.stack).http.get("/sign-in/nothing").status_code == 404
    assert stranger(at.stack).http.get("/sign-in/nothing/callback").status_code == 404


def test_groups_decide_about_role_and_teams_at_each_sign_in(at: Installation) -> None:
    email = at.fresh()
    subject, about = f"sub-{email}", {"email": email, "email_verified": True}
    own_team = ok(at.stack.client().post("/api/teams", json={"name": f"By hand {email}"}), 201)["id"]
    (governed,) = [one["id"] for one in ok(at.stack.client().get("/api/teams"))["items"] if one["name"] == TEAM]
    at.okta.has(subject, **about, groups=["on-call", "payments-eng", "unrelated"])
    assert at.sign_in("okta", subject).status_code == 303
    assert at.person(email).role == "RESPONDER"
    assert at.teams_of(email) == [governed]
    ok(at.stack.client().patch(f"/api/users/{at.person(email).id}", json={"teamIds": [governed, own_team]}))
    at.okta.has(subject, **about, groups=["sre"])
    assert at.sign_in("okta", subject).status_code == 303
    assert at.person(email).role == "ADMIN"
    assert at.teams_of(email) == [own_team], "only the team that groups decide about"
    at.okta.has(subject, **about)
    visit = stranger(at.stack)
    assert at.sign_in("okta", subject, visit=visit).status_code == 303
    assert at.person(email).role == "MEMBER"
    assert visit.http.get("/settings/sign-in").status_code == 403


def test_signing_out_there_too(at: Installation) -> None:
    email = at.fresh()
    at.keycloak.has(f"sub-{email}", email=email, email_verified=True)
    visit = stranger(at.stack)
    at.sign_in("keycloak", f"sub-{email}", visit=visit)
    answer = visit.send("/sign-out", "/")
    assert answer.status_code == 200
    assert "Sign out of Keycloak" in answer.text
    assert visit.http.get("/").headers["location"] == "/sign-in"
    url = answer.text.split('wide" href="')[1].split('"')[0].replace("&amp;", "&")
    query = parse_qs(urlsplit(url).query)
    assert query["post_logout_redirect_uri"] == [f"{at.stack.url}/sign-in"]
    assert query["id_token_hint"][0].count(".") == 2
    there = httpx.get(url, trust_env=False, verify=False)
    assert there.status_code == 200, there.text
    assert "id_token_hint" not in there.text


def test_page_offers_the_providers_first(at: Installation) -> None:
    page = stranger(at.stack).get("/sign-in?next=/inbox")
    for label in ("Okta", "Keycloak", "Forger", "Partner"):
        assert f"Sign in with {label}" in page
    assert page.index("Sign in with Okta") < page.index("Use an API token instead")
    assert 'href="/sign-in/okta?next=/inbox"' in page
