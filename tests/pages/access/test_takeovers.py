"""Nobody becomes someone else: an address joins people only once, only as proof, and never to an administrator."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from models.person import Person as PersonRow
from models.person import PersonIdentity
from tests.api.writing import ok
from tests.pages.access.installation import Installation, refusal
from tests.pages.visiting import stranger, visitor
from tests.stack import Person

ASKS = "An administrator must let you in"


def known(at: Installation, role: str = "RESPONDER", **fields: Any) -> tuple[Person, str]:
    email = at.fresh()
    return at.stack.person(role, email=email, **fields), email


def says(at: Installation, provider: str, email: str, *, verified: bool = True, **more: Any) -> str:
    """The subject of an account with that address."""
    subject = f"{provider}-{email}-{uuid4().hex[:6]}"
    getattr(at, provider).has(subject, email=email, email_verified=verified, **more)
    return subject


def test_verified_address_of_a_trusted_provider_joins(at: Installation) -> None:
    person, email = known(at)
    subject = says(at, "keycloak", email.upper())
    visit = stranger(at.stack)
    assert at.sign_in("keycloak", subject, visit=visit).status_code == 303
    assert at.person(email).id == person.id
    assert at.person(email).role == "RESPONDER", "without groups, a provider leaves roles alone"


def test_unverified_address_asks(at: Installation) -> None:
    person, email = known(at)
    answer = at.sign_in("keycloak", says(at, "keycloak", email, verified=False))
    assert answer.status_code == 403
    assert ASKS in refusal(answer)
    (waiting,) = [one for one in at.waiting() if one["userId"] == person.id]
    assert (waiting["email"], waiting["provider"]) == (email, "keycloak")


@pytest.mark.parametrize("verified", [True, False])
def test_untrusted_provider_asks_whatever_it_says(at: Installation, verified: bool) -> None:
    person, email = known(at)
    at.partner.claims = {"sub": email, "email": email, "email_verified": verified}
    assert ASKS in refusal(at.sign_in("partner"))
    assert [one["provider"] for one in at.waiting() if one["userId"] == person.id] == ["partner"]


def test_untrusted_provider_adds_nobody(at: Installation) -> None:
    email = at.fresh()
    at.partner.claims = {"sub": email, "email": email}
    assert ASKS in refusal(at.sign_in("partner"))
    assert at.stack.direct is not None
    assert at.stack.direct.rows(select(PersonRow).where(PersonRow.email == email)) == []


def test_account_without_a_verified_address_adds_nobody(at: Installation) -> None:
    email = at.fresh()
    assert ASKS in refusal(at.sign_in("keycloak", says(at, "keycloak", email, verified=False)))
    at.keycloak.has(f"bare-{email}", name="No Address")
    assert ASKS in refusal(at.sign_in("keycloak", f"bare-{email}"))
    assert at.stack.direct is not None
    assert at.stack.direct.rows(select(PersonRow).where(PersonRow.email == email)) == []


def test_second_provider_with_the_same_address_asks(at: Installation) -> None:
    _, email = known(at)
    assert at.sign_in("keycloak", says(at, "keycloak", email)).status_code == 303
    second = says(at, "okta", email)
    assert ASKS in refusal(at.sign_in("okta", second))
    confirm(at, email)
    assert at.sign_in("okta", second).status_code == 303


def test_second_account_of_the_same_provider_asks(at: Installation) -> None:
    """An address that was given to someone else there."""
    _, email = known(at)
    assert at.sign_in("keycloak", says(at, "keycloak", email)).status_code == 303
    assert ASKS in refusal(at.sign_in("keycloak", says(at, "keycloak", email)))


def test_administrator_is_joined_by_an_administrators_confirmation_alone(at: Installation) -> None:
    admin, email = known(at, "ADMIN")
    subject = says(at, "keycloak", email)
    for _ in range(2):
        assert ASKS in refusal(at.sign_in("keycloak", subject))
    assert len([one for one in at.waiting() if one["userId"] == admin.id]) == 1
    member = at.stack.person("RESPONDER")
    (waiting,) = [one for one in at.waiting() if one["userId"] == admin.id]
    assert member.post(f"/api/identities/{waiting['id']}/confirm").status_code == 403
    assert member.get("/api/identities").status_code == 403
    assert visitor(at.stack, member).http.get("/settings/sign-in").status_code == 403
    confirm(at, email)
    visit = stranger(at.stack)
    assert at.sign_in("keycloak", subject, visit=visit).status_code == 303
    assert visit.http.get("/settings/sign-in").status_code == 200


def confirm(at: Installation, email: str) -> None:
    """As an administrator does it on the page."""
    (waiting,) = [one for one in at.waiting() if one["userEmail"] == email]
    visit, path = visitor(at.stack), "/settings/sign-in"
    assert email in visit.get(path)
    assert visit.done(f"{path}/{waiting['id']}/confirm", path, version=str(waiting["version"])) == path


def test_nobody_confirms_what_they_have_not_seen(at: Installation) -> None:
    """Between the administrator's look and press, the account takes another person's address."""
    _, harmless = known(at)
    _, target = known(at, "ADMIN")
    at.partner.claims = {"sub": harmless, "email": harmless}
    at.sign_in("partner")
    (seen,) = [one for one in at.waiting() if one["subject"] == harmless]
    at.partner.claims = {"sub": harmless, "email": target}
    at.sign_in("partner")
    headers = {"If-Match": f'"{seen["version"]}"'}
    path = f"/api/identities/{seen['id']}"
    assert at.stack.client().post(f"{path}/confirm", headers=headers).status_code == 412
    visit = visitor(at.stack)
    sent = visit.send(f"/settings/sign-in/{seen['id']}/confirm", "/settings/sign-in", version=str(seen["version"]))
    assert sent.status_code == 412
    ok(at.stack.client().delete(path), 204)
    assert [one for one in at.waiting() if one["subject"] == harmless] == []


def test_unlinked_account_no_longer_signs_in_by_itself(at: Installation) -> None:
    person, email = known(at)
    subject = says(at, "keycloak", email)
    assert at.sign_in("keycloak", subject).status_code == 303
    ok(at.stack.client().patch(f"/api/users/{person.id}", json={"role": "ADMIN"}))
    found = ok(at.stack.client().get("/api/identities"))["items"]
    (mine,) = [one for one in found if one["subject"] == subject]
    ok(at.stack.client().delete(f"/api/identities/{mine['id']}"), 204)
    assert ASKS in refusal(at.sign_in("keycloak", subject))


def placeholder(at: Installation, email: str) -> None:
    assert at.stack.direct is not None
    at.stack.direct.write(
        text(
            "insert into person (id, version, email, name, handle, role, is_active, time_zone,"
            " notification_preferences) values (:id, 1, :email, 'Pat', :id, 'MEMBER', false, 'UTC', '{}')"
        ),
        id=f"user_{uuid4().hex}",
        email=email,
    )


def test_placeholder_is_claimed_by_verified_address(at: Installation) -> None:
    email = at.fresh()
    placeholder(at, email)
    before = at.person(email).id
    assert ASKS in refusal(at.sign_in("keycloak", says(at, "keycloak", email, verified=False)))
    at.partner.claims = {"sub": email, "email": email}
    assert ASKS in refusal(at.sign_in("partner"))
    assert not at.person(email).is_active
    assert at.sign_in("keycloak", says(at, "keycloak", email, name="Pat Real")).status_code == 303
    claimed = at.person(email)
    assert (claimed.id, claimed.name, claimed.role, claimed.is_active) == (before, "Pat Real", "MEMBER", True)


def test_leaver_stays_out(at: Installation) -> None:
    person, email = known(at)
    subject = says(at, "keycloak", email)
    visit = stranger(at.stack)
    assert at.sign_in("keycloak", subject, visit=visit).status_code == 303
    ok(at.stack.client().patch(f"/api/users/{person.id}", json={"active": False}))
    assert visit.http.get("/").status_code == 303, "at once"
    for name, one in (
        ("keycloak", subject),
        ("keycloak", says(at, "keycloak", email)),
        ("okta", says(at, "okta", email)),
    ):
        answer = at.sign_in(name, one)
        assert "Your account is deactivated" in refusal(answer)
    assert not at.person(email).is_active
    ok(at.stack.client().patch(f"/api/users/{person.id}", json={"active": True}))
    assert at.sign_in("keycloak", subject).status_code == 303


def test_person_who_never_signed_in_with_a_provider_and_left_stays_out(at: Installation) -> None:
    person, email = known(at)
    ok(at.stack.client().patch(f"/api/users/{person.id}", json={"active": False}))
    assert "Your account is deactivated" in refusal(at.sign_in("keycloak", says(at, "keycloak", email)))


def test_first_sign_ins_of_one_person_at_once_are_one_person(at: Installation) -> None:
    email = at.fresh()
    subjects = [says(at, "keycloak", email)] * 3 + [says(at, "okta", email)]
    names = ["keycloak"] * 3 + ["okta"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(at.sign_in, names, subjects))
    assert {one.status_code for one in answers} <= {303, 403}
    assert at.stack.direct is not None
    assert len(at.stack.direct.rows(select(PersonRow).where(PersonRow.email == email))) == 1
    linked = at.stack.direct.rows(select(PersonIdentity).where(PersonIdentity.email == email))
    assert len([one for one in linked if one.confirmed_at is not None]) == 1, "the other provider asks"


@pytest.fixture
def only_two(at: Installation) -> Any:
    """Every administrator but two is set aside meanwhile."""
    assert at.stack.direct is not None
    two = []
    for _ in range(2):
        email = at.fresh()
        subject = says(at, "okta", email, groups=["sre"])
        assert at.sign_in("okta", subject).status_code == 303
        two.append((email, subject))
    ids = [at.person(email).id for email, _ in two]
    aside = [
        one.id for one in at.stack.direct.rows(select(PersonRow).where(PersonRow.role == "ADMIN")) if one.id not in ids
    ]
    at.stack.direct.write(text("update person set role = 'MEMBER' where id = any(:ids)"), ids=aside)
    yield two
    at.stack.direct.write(text("update person set role = 'ADMIN' where id = any(:ids)"), ids=aside)


def test_last_administrator_is_never_demoted(at: Installation, only_two: Any) -> None:
    """Both lose their group, and sign in at the same time."""
    for email, subject in only_two:
        at.okta.has(subject, email=email, email_verified=True, groups=[])
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: at.sign_in("okta", one[1]), only_two))
    assert [one.status_code for one in answers] == [303, 303]
    assert sorted(at.person(email).role for email, _ in only_two) == ["ADMIN", "MEMBER"]
    for _, subject in only_two:
        at.sign_in("okta", subject)
    assert sorted(at.person(email).role for email, _ in only_two) == ["ADMIN", "MEMBER"]


def test_last_administrator_is_kept_by_the_api(at: Installation, only_two: Any) -> None:
    (first, _), (second, _) = only_two
    assert at.stack.direct is not None
    visit = stranger(at.stack)
    at.sign_in("okta", only_two[0][1], visit=visit)
    at.stack.direct.write(text("update person set role = 'MEMBER' where email = :email"), email=second)
    helper = at.stack.person("ADMIN")
    at.stack.direct.write(text("update person set is_active = false where email = :email"), email=first)
    for change in ({"role": "MEMBER"}, {"active": False}):
        answer = helper.patch(f"/api/users/{helper.id}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "LastAdministrator")
    at.stack.direct.write(text("update person set is_active = true where email = :email"), email=first)
    ok(helper.patch(f"/api/users/{helper.id}", json={"role": "MEMBER"}))
