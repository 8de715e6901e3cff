"""The client that trackers share: what is a stumble, how long to wait, and that no credential shows."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.errors import TrackerRefused
from integrations.connection import ConnectionModel
from integrations.outbound.client import WORDS_LIMIT, Address, HttpClient, Token
from integrations.registry import connect
from integrations.tracker import Tracker, TrackerUnavailable
from tests.peers.scripted import Answer, ScriptedVendor

TOKEN = "a-token-that-nobody-sees"


class Card(BaseModel):
    id: int


@pytest.fixture
def tracker() -> Tracker:
    """Any tracker: it lends the client its name and its counters."""
    return connect("console", {}, {})


@pytest.fixture
def client(tracker: Tracker, scripted_vendor: ScriptedVendor) -> Iterator[HttpClient]:
    made = HttpClient(tracker, scripted_vendor.url, {"Authorization": f"Bearer {TOKEN}"}, hidden=[TOKEN])
    yield made
    made.close()


def test_an_answer_comes_back_counted_and_with_its_id(
    client: HttpClient, tracker: Tracker, scripted_vendor: ScriptedVendor
) -> None:
    scripted_vendor.answers = [Answer(404, {"id": 7}, {"X-Request-Id": "r-1"}), Answer(200, [{"id": 8}])]
    answer = client.send("PATCH", "/cards", params={"a": "b c", "n": 2}, json={"id": 1})
    assert (answer.status_code, client.decoded(answer, Card)) == (404, Card(id=7))
    assert (tracker.calls, tracker.request_id) == (1, "r-1")
    cards = client.decoded(client.send("GET", "/cards"), TypeAdapter(list[Card]))
    assert (cards, tracker.calls, tracker.request_id) == ([Card(id=8)], 2, None)
    assert scripted_vendor.requests == ["PATCH /cards?a=b+c&n=2", "GET /cards"]
    assert scripted_vendor.bodies == [{"id": 1}, None]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize(("told", "least", "most"), [("7", 7, 7), ("date", 50, 60), (None, None, None), ("soon",) * 3])
def test_a_limit_and_an_outage_are_stumbles(
    client: HttpClient, scripted_vendor: ScriptedVendor, status: int, told: str | None, least: object, most: object
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    headers = {} if told is None else {"Retry-After": date if told == "date" else told}
    scripted_vendor.answers = [Answer(status, b"<html>", headers)]
    with pytest.raises(TrackerUnavailable, match=f"Console is unavailable: status {status}") as caught:
        client.send("GET", "/")
    if isinstance(least, int) and isinstance(most, int):
        assert caught.value.retry_after is not None
        assert least <= caught.value.retry_after <= most
    else:
        assert caught.value.retry_after is None
    assert len(scripted_vendor.requests) == 1


def test_nobody_there_is_a_stumble(tracker: Tracker) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        client = HttpClient(tracker, f"http://127.0.0.1:{taken.getsockname()[1]}", {"X": TOKEN})
        with pytest.raises(TrackerUnavailable, match="ConnectError") as caught:
            client.send("POST", "/cards")
        client.close()
    assert caught.value.__cause__ is None
    assert tracker.calls == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b'{"id": "x"}', b"\xff", b"[" * 10_000])
def test_what_is_not_of_its_api_is_a_stumble(client: HttpClient, scripted_vendor: ScriptedVendor, body: bytes) -> None:
    scripted_vendor.answers = [Answer(200, body)]
    with pytest.raises(TrackerUnavailable, match="it sent an unexpected answer"):
        client.decoded(client.send("GET", "/"), Card)


def test_a_redirection_is_not_followed(client: HttpClient, scripted_vendor: ScriptedVendor) -> None:
    scripted_vendor.answers = [Answer(302, b"", {"Location": f"{scripted_vendor.url}/elsewhere"})]
    with pytest.raises(TrackerRefused, match="redirects"):
        client.send("GET", "/")
    assert scripted_vendor.requests == ["GET /"]


def test_words_are_short_and_without_credentials(client: HttpClient) -> None:
    assert client.shown(f"no\n{TOKEN}\0 here") == "no *** here"
    assert len(client.shown("x" * 9_000)) == WORDS_LIMIT


class Settings(ConnectionModel):
    address: Address = "https://api.example.com"
    token: Token = None


@pytest.mark.parametrize("wrong", ["ftp://x", "x", "https://", "https://jane:pw@example.com", "https://x/?a=b", ""])
def test_an_address_is_one(wrong: str) -> None:
    assert Settings.model_validate({"address": "http://x:8/api/"}).address == "http://x:8/api"
    with pytest.raises(ValidationError):
        Settings.model_validate({"address": wrong})


@pytest.mark.parametrize("wrong", ["", "a b", "a\nb", "é"])
def test_a_token_fits_a_header(wrong: str) -> None:
    token = Settings.model_validate({"token": " abc "}).token
    assert token is not None
    assert token.get_secret_value() == "abc"
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"token": wrong})
    assert "input_value" not in str(caught.value)
