"""Which hosts a connection may reach: by what a socket connects to, whatever was typed and whatever a name means."""

import ipaddress
import socket
from collections.abc import Iterator

import pytest

from domain.errors import InvalidIntegrationConfig
from integrations import registry
from integrations.outbound import policy as outbound
from integrations.outbound.policy import AddressRefused, guarded, is_public, read_allowed

PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "2002:a00:1::"),
    *("64:ff9b::a00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
)
SPELLED = {
    "decimal": "2130706433",
    "hexadecimal": "0x7f000001",
    "octal": "0177.0.0.1",
    "short": "127.1",
    "mapped": "[::ffff:127.0.0.1]",
    "mapped in hexadecimal": "[::ffff:7f00:1]",
    "name of this machine": "localhost",
    "with a dot": "localhost.",
    "below localhost": "jira.localhost",
    "metadata service": "169.254.169.254",
}


@pytest.fixture
def nothing_allowed() -> Iterator[None]:
    before = outbound._allowed
    outbound.allow(read_allowed(""))
    yield
    outbound.allow(before)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "140.82.121.4", "2606:50c0:8000::154", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.usefixtures("nothing_allowed")
@pytest.mark.parametrize("host", SPELLED.values(), ids=SPELLED)
@pytest.mark.parametrize("kind", ["github", "gitlab", "jira", "linear", "asana", "slack"])
def test_a_connection_with_a_private_address_is_not_saved(kind: str, host: str) -> None:
    with pytest.raises(InvalidIntegrationConfig) as refused:
        registry.check_connection(kind, {"baseUrl": f"http://{host}:8080"}, {})
    (reason,) = [one for one in refused.value.facts["reasons"] if one["code"] == "private_address"]
    assert reason["field"] == "baseUrl"
    assert "AFTERWORD_OUTBOUND_ALLOW" in reason["message"]


@pytest.mark.usefixtures("nothing_allowed")
def test_a_name_that_leads_to_a_private_address_is_refused_at_its_socket(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    port = listener.getsockname()[1]
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: real("127.0.0.1", *rest, **named))
    with (
        pytest.raises(AddressRefused, match=r"innocent\.example has a private address"),
        guarded(f"http://innocent.example:{port}"),
    ):
        socket.create_connection(("innocent.example", port))
    with guarded(f"http://innocent.example:{port}", kept_host="innocent.example"):
        socket.create_connection(("innocent.example", port)).close()


@pytest.mark.usefixtures("nothing_allowed")
@pytest.mark.parametrize("words", ["127.0.0.0/8", "10.0.0.0/8, 127.0.0.1", "inner.example", "*.example"])
def test_what_the_setting_names_is_reached(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket, words: str
) -> None:
    port = listener.getsockname()[1]
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: real("127.0.0.1", *rest, **named))
    outbound.allow(read_allowed(words))
    with guarded("https://inner.example"):
        socket.create_connection(("inner.example", port)).close()
    outbound.allow(read_allowed("192.168.0.0/16, other.example.org"))
    with pytest.raises(AddressRefused), guarded("https://inner.example"):
        socket.create_connection(("inner.example", port))


def test_one_guard_reaches_one_origin(listener: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        places = [listener.getsockname(), elsewhere.getsockname()]
        with pytest.raises(AddressRefused, match="redirects"), guarded("http://127.0.0.1"):
            _reach(places)
        _reach(places)


@pytest.mark.parametrize("words", ["10.0.0.0/33", "10.0.0", "http://a", "a b/c", "300.1.1.1"])
def test_a_setting_that_cannot_be_read_names_the_word(words: str) -> None:
    with pytest.raises(ValueError, match="neither a network"):
        read_allowed(words)


def _reach(places: list[tuple[str, int]]) -> None:
    for one in places:
        socket.create_connection(one).close()
