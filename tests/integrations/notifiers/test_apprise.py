"""Apprise against a web server of ours, by its own json:// scheme."""

import json

import pytest

from domain.errors import NotifierRefused
from integrations import registry
from integrations.notifier import Notifier, NotifierUnavailable, Recipient
from tests.cli.running import free_port
from tests.integrations.notifiers.test_email import message
from tests.peers.receiver import Receiver, receiver

__all__ = ["receiver"]
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
TEAM = Recipient("", "Payments", team_id="team_payments")


def notifier(url: str) -> Notifier:
    return registry.connect_notifier("apprise", {}, {"url": url})


async def test_a_message_arrives(receiver: Receiver) -> None:
    async with notifier(receiver.url.replace("http://", "json://")) as channel:
        assert (await channel.send(message(title="Zürich 🔥"), TEAM)).external_id == "msg_1"
    sent = json.loads(receiver.next().body)
    assert sent["title"] == "Zürich 🔥: Bob Marsh asked for your review"
    assert "https://a/postmortems/pm_1" in sent["message"]


async def test_nobody_there_is_a_stumble() -> None:
    async with notifier(f"json://127.0.0.1:{free_port()}/secret-path") as channel:
        with pytest.raises(NotifierUnavailable) as told:
            await channel.send(message(), TEAM)
    assert "secret-path" not in str(told.value)


@pytest.mark.parametrize("url", ["nonsense", "nothing://secret-token", "json://a json://b"])
async def test_an_address_that_cannot_be_read(url: str) -> None:
    async with notifier(url) as channel:
        (check,) = await channel.check_permissions()
        assert not check.granted
        with pytest.raises(NotifierRefused) as told:
            await channel.send(message(), TEAM)
    assert "secret-token" not in str(told.value)


async def test_it_reaches_no_person() -> None:
    assert not registry.notifier("apprise").reaches_people
    assert await notifier("json://localhost").find_address("jane@example.com") is None
