"""Where people are signed in: listed, and ended at once."""

from uuid import uuid4

import httpx
from sqlalchemy import text

from tests.api.writing import ok
from tests.pages.visiting import HTML, Visitor, stranger, visitor
from tests.stack import NO_TLS, Person, Stack, eventually

PATH = "/settings/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sessions(person: Person) -> list[dict[str, object]]:
    found: list[dict[str, object]] = ok(person.get("/api/me/sessions"))["items"]
    return found


def with_firefox(stack: Stack, person: Person) -> Visitor:
    headers = {**HTML, "User-Agent": FIREFOX}
    client = httpx.Client(base_url=stack.url, headers=headers, timeout=30, verify=NO_TLS)
    stack.clients.append(client)
    visit = Visitor(client)
    token = person.http.headers["Authorization"].removeprefix("Bearer ")
    assert visit.done("/sign-in", "/sign-in", token=token) == "/"
    return visit


def test_sessions_are_listed_with_where_they_are_used(stack: Stack) -> None:
    person = stack.person()
    assert sessions(person) == []
    visit = with_firefox(stack, person)
    (one,) = sessions(person)
    assert one.keys() == {"id", "createdAt", "lastSeenAt", "address", "userAgent", "current"}
    assert (one["address"], one["userAgent"], one["current"]) == ("127.0.0.1", FIREFOX, False)
    assert str(one["id"]).startswith("ses_")
    page = visit.get(PATH)
    assert "Firefox on Linux" in page
    assert "This session" in page


def test_last_use_is_recorded_with_its_browser_once_a_minute(stack: Stack) -> None:
    person = stack.person()
    visit = visitor(stack, person)
    visit.get("/")
    (before,) = sessions(person)
    visit.http.headers["User-Agent"] = FIREFOX
    visit.get("/")
    assert sessions(person) == [before]
    assert stack.direct is not None
    past = text("update api_token set last_used_at = now() - interval '2 minutes' where id = :id")
    stack.direct.write(past, id=before["id"])
    visit.get("/")
    (after,) = sessions(person)
    assert after["userAgent"] == FIREFOX
    assert str(after["lastSeenAt"]) >= str(before["lastSeenAt"])


def test_one_session_is_ended_at_once(stack: Stack) -> None:
    person = stack.person()
    here, there = visitor(stack, person), with_firefox(stack, person)
    (elsewhere,) = [one for one in sessions(person) if one["userAgent"] == FIREFOX]
    assert here.done(f"{PATH}/{elsewhere['id']}/end", PATH) == f"{PATH}?ended=1"
    assert there.http.get("/").status_code == 303
    assert "1 session was ended" in here.get(f"{PATH}?ended=1")
    assert len(sessions(person)) == 1
    actions = [one["action"] for one in ok(stack.client().get("/api/audit", params={"actorId": person.id}))["items"]]
    assert "session.ended" in actions


def test_session_is_ended_by_api_for_its_owner_alone(stack: Stack) -> None:
    person, other = stack.person(), stack.person("ADMIN")
    visit = visitor(stack, person)
    (one,) = sessions(person)
    path = f"/api/me/sessions/{one['id']}"
    assert other.delete(path).status_code == 404
    assert person.delete("/api/me/sessions/ses_nothing").status_code == 404
    (token,) = ok(person.get("/api/tokens"))["items"]
    assert person.delete(f"/api/me/sessions/{token['id']}").status_code == 404, "a token is no session"
    assert visit.http.get("/").status_code == 200
    headers = {"Idempotency-Key": uuid4().hex}
    for _ in range(2):
        assert person.delete(path, headers=headers).status_code == 204
    assert visit.http.get("/").status_code == 303
    assert ok(person.get("/api/me"))["id"] == person.id, "the token itself stays valid"


def test_all_other_sessions_are_ended(stack: Stack) -> None:
    person = stack.person()
    here, others = visitor(stack, person), [visitor(stack, person) for _ in range(2)]
    bystander = visitor(stack, stack.person())
    assert here.done(f"{PATH}/end-others", PATH) == f"{PATH}?ended=2"
    assert {one.http.get("/").status_code for one in others} == {303}
    assert here.http.get("/").status_code == bystander.http.get("/").status_code == 200


def test_ending_the_own_session_signs_out(stack: Stack) -> None:
    person = stack.person()
    visit = visitor(stack, person)
    (one,) = sessions(person)
    assert visit.done(f"{PATH}/{one['id']}/end", PATH) == "/sign-in"
    assert visit.http.get("/").status_code == 303


def test_cookie_of_an_ended_session_is_worth_nothing(stack: Stack) -> None:
    person = stack.person()
    visit = visitor(stack, person)
    kept = dict(visit.http.cookies)
    (one,) = sessions(person)
    ok(person.delete(f"/api/me/sessions/{one['id']}"), 204)
    with httpx.Client(base_url=stack.url, cookies=kept, headers=HTML, verify=NO_TLS) as thief:
        assert thief.get("/").status_code == 303
        assert thief.get("/api/me/sessions").status_code == 401


def test_administrator_ends_all_sessions_of_a_person(stack: Stack) -> None:
    person, admin = stack.person(), stack.person("ADMIN")
    visits = [visitor(stack, person) for _ in range(2)]
    assert person.delete(f"/api/users/{admin.id}/sessions").status_code == 403
    assert admin.delete("/api/users/user_nobody/sessions").status_code == 404
    ok(admin.delete(f"/api/users/{person.id}/sessions"), 204)
    assert {one.http.get("/").status_code for one in visits} == {303}
    assert ok(person.get("/api/me"))["id"] == person.id
    again, page = visitor(stack, person), "/settings/sign-in"
    office = visitor(stack, admin)
    assert office.done(f"{page}/end-sessions", page, person=ok(person.get("/api/me"))["handle"]) == f"{page}?ended=1"
    assert again.http.get("/").status_code == 303
    assert office.send(f"{page}/end-sessions", page, person="no one at all").status_code == 422
    assert visitor(stack, person).send(f"{page}/end-sessions", "/", person="jane").status_code == 403


def test_ended_sessions_are_not_listed(stack: Stack) -> None:
    person = stack.person()
    visit = visitor(stack, person)
    assert len(sessions(person)) == 1
    visit.done("/sign-out", "/")
    eventually(lambda: sessions(person) == [])
    assert stranger(stack).http.get(PATH).status_code == 303
