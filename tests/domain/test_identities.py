"""Who someone is who signs in at an identity provider: every combination, and what groups make of them."""

from itertools import product

import pytest

from domain.access import Role
from domain.browsers import browser_name
from domain.identities import Claims, Joining, Namesake, ProviderRules, decide, role_by_groups, teams_by_groups

RULES = ProviderRules("okta", "Okta", trusted=True)
PROVED = Claims("https://okta.example.com", "1", "jane@example.com", email_verified=True)
ROLES = {"sre": Role.ADMIN, "on-call": Role.RESPONDER}


def namesake(role: Role = Role.MEMBER, *, active: bool = True, left: bool = False, linked: bool = False) -> Namesake:
    return Namesake(role, active, left, linked)


@pytest.mark.parametrize(
    ("someone", "proved", "otherwise"),
    [
        (None, Joining.CREATE, Joining.REFUSE),
        (namesake(), Joining.JOIN, Joining.ASK),
        (namesake(Role.RESPONDER), Joining.JOIN, Joining.ASK),
        (namesake(Role.ADMIN), Joining.ASK, Joining.ASK),
        (namesake(linked=True), Joining.ASK, Joining.ASK),
        (namesake(active=False), Joining.CLAIM, Joining.REFUSE),
        (namesake(Role.ADMIN, active=False), Joining.REFUSE, Joining.REFUSE),
        (namesake(active=False, left=True), Joining.LEFT, Joining.REFUSE),
    ],
)
def test_an_address_is_worth_what_proves_it(someone: Namesake | None, proved: Joining, otherwise: Joining) -> None:
    assert decide(PROVED, RULES, someone) is proved
    doubtful = [
        (Claims("i", "1", "jane@example.com", email_verified=False), RULES),
        (Claims("i", "1", None, email_verified=True), RULES),
        (PROVED, ProviderRules("okta", "Okta", trusted=False)),
        (PROVED, ProviderRules("okta", "Okta", trusted=True, domains=frozenset({"example.org"}))),
    ]
    assert {decide(claims, rules, someone) for claims, rules in doubtful} == {otherwise}


def test_administrators_and_leavers_are_never_let_in_by_an_address() -> None:
    flags = (False, True)
    for active, left, linked, verified, trusted in product(flags, repeat=5):
        claims = Claims("i", "1", "jane@example.com", email_verified=verified)
        rules = ProviderRules("okta", "Okta", trusted=trusted)
        inside = {Joining.JOIN, Joining.CLAIM, Joining.CREATE}
        assert decide(claims, rules, Namesake(Role.ADMIN, active, left, linked)) not in inside
        if left and not active:
            assert decide(claims, rules, Namesake(Role.MEMBER, active, left, linked)) not in inside


def test_the_highest_role_of_the_groups_counts() -> None:
    assert role_by_groups({"on-call", "sre"}, ROLES) is Role.ADMIN
    assert role_by_groups({"on-call", "other"}, ROLES) is Role.RESPONDER
    assert role_by_groups(set(), ROLES) is Role.MEMBER


def test_only_the_teams_that_groups_name_are_changed() -> None:
    teams, ids = {"pay": "Payments", "web": "Web", "gone": "No such team"}, {"Payments": "t1", "Web": "t2"}
    assert teams_by_groups({"pay", "gone"}, teams, ids, {"t2", "t9"}) == {"t1", "t9"}
    assert teams_by_groups(set(), teams, ids, {"t1", "t2"}) == set()


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
                " Safari/537.36 Edg/140.0.0.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
                " Version/18.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown browser"),
        (None, "Unknown browser"),
    ],
)
def test_browsers_have_the_names_that_people_know(user_agent: str | None, name: str) -> None:
    assert browser_name(user_agent) == name
