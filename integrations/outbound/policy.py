"""Which hosts a connection may reach: one policy for every client, whatever library it speaks with.

People type hosts into connections, so a connection must not become a way into the network where Afterword runs. An
address is refused unless everybody on the internet could reach it, or ``AFTERWORD_OUTBOUND_ALLOW`` names it. What is
checked is the address that a socket is about to connect to (an audit hook, PEP 578): a name that resolves to something
else the second time, a decimal address or an IPv4 address inside an IPv6 one make no difference. One guard reaches one
host and port, so that no library follows a redirection elsewhere. The check applies within :func:`guarded` only, so
that it does not concern the database, Temporal or the object store.
"""

import ipaddress
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK = "127.0.0.0/8, ::1"
ANY_HOST = "*"
"""As a kept host: the connection's address is a secret, so the upgrade could not read its host."""
_HOST = re.compile(r"(\*?\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """Its text says which host, and what an administrator of the installation can do."""


def _private(host: str) -> str:
    return (
        f"{host} has a private address, which connections can't reach. Enter a public address, or add it to"
        " AFTERWORD_OUTBOUND_ALLOW."
    )


_ELSEWHERE = "it redirects to another address. Correct the address of this connection."


@dataclass(frozen=True, slots=True)
class Allowed:
    """Private networks and hosts that connections may reach all the same."""

    networks: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()

    def has_host(self, host: str) -> bool:
        """By its name. ``*.example.com`` allows the hosts below ``example.com``."""
        return any(host == one or (one.startswith(".") and host.endswith(one)) for one in self.hosts)

    def has_address(self, address: Address) -> bool:
        return any(address.version == one.version and address in one for one in self.networks)


def read_allowed(words: str) -> Allowed:
    """Networks, addresses and hosts, separated by commas or spaces. Raises ValueError with the one that is none."""
    networks: list[Network] = []
    hosts: list[str] = []
    for word in words.replace(",", " ").lower().split():
        try:
            networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            if not _HOST.fullmatch(word) or re.fullmatch(r"[0-9.]+(/.*)?", word):
                raise ValueError(f"'{word}' is neither a network such as 10.0.0.0/8 nor a host name") from None
            hosts.append(word.removeprefix("*"))
    return Allowed(tuple(networks), tuple(hosts))


_allowed = read_allowed(LOOPBACK)


def allow(allowed: Allowed) -> None:
    """Sets what this process allows. Until then it is this machine, as for an installation that nobody else reaches."""
    global _allowed  # noqa: PLW0603 - one policy for each process
    _allowed = allowed


@dataclass(slots=True)
class Guard:
    """What may be reached. ``is_named``: the host is allowed by its name, whatever its address. ``origin`` is the host
    and port that were looked up first: no other is reached. ``problem`` is set by the first refusal, in words.

    Both checks raise OSError, so that every library closes its socket and tries the host's next address.
    """

    host: str
    is_named: bool
    allowed: Allowed
    origin: tuple[object, object] | None = None
    problem: str | None = None

    def check_look_up(self, host: object, port: object) -> None:
        self.origin = self.origin or (host, port)
        if self.origin != (host, port):
            self.problem = self.problem or _ELSEWHERE
            raise ConnectionRefusedError("another origin")

    def check_connect(self, target: object) -> None:
        if self.is_named:
            return
        host = target[0] if isinstance(target, tuple) and target else None  # a path is a Unix socket
        address = _read_address(host) if isinstance(host, str) else None
        if address is None or not (is_public(address) or self.allowed.has_address(address)):
            self.problem = self.problem or _private(self.host or str(host))
            raise ConnectionRefusedError("a private address")


_GUARD: ContextVar[Guard | None] = ContextVar("outbound_guard", default=None)


def _check(event: str, arguments: tuple[object, ...]) -> None:
    """https://docs.python.org/3/library/audit_events.html"""
    if event == "socket.connect" and (guard := _GUARD.get()):
        guard.check_connect(arguments[1])
    elif event == "socket.getaddrinfo" and (guard := _GUARD.get()):
        guard.check_look_up(arguments[0], arguments[1])


sys.addaudithook(_check)


@contextmanager
def guarded(address: str, kept_host: str | None = None) -> Iterator[Guard]:
    """Connections that this thread or task makes inside reach ``address``, a URL or a host, only if that is allowed.

    ``kept_host`` is one that was entered before this policy existed. Raises :class:`AddressRefused`, whatever a library
    made of the refusal; a library that raises nothing leaves it as the guard's ``problem``.
    """
    host = host_of(address)
    guard = Guard(host, _is_named(host, kept_host), _allowed)
    outer = _GUARD.get()
    _GUARD.set(guard)
    try:
        yield guard
    except Exception:
        if guard.problem:
            raise AddressRefused(guard.problem) from None
        raise
    finally:
        if _GUARD.get() is guard:  # a generator may be closed somewhere else
            _GUARD.set(outer)


def is_private_literal(host: str) -> bool:
    """Whether the host is written as an address that is not allowed, or is this machine by name: no look-up needed."""
    address = _read_address(host)
    if address is None and (host == "localhost" or host.endswith(".localhost")):
        address = ipaddress.IPv4Address("127.0.0.1")
    return address is not None and not (is_public(address) or _allowed.has_address(address))


def check_host(address: str, kept_host: str | None = None) -> None:
    """Raises :class:`AddressRefused` for what can be refused without a look-up; connecting checks the rest."""
    host = host_of(address)
    if not _is_named(host, kept_host) and is_private_literal(host):
        raise AddressRefused(_private(host))


def _is_named(host: str, kept_host: str | None) -> bool:
    return _allowed.has_host(host) or (kept_host is not None and kept_host in {host, ANY_HOST})


def host_of(address: str) -> str:
    """Of a URL, or of a host as it is."""
    host = (urlsplit(address).hostname or "") if "://" in address else address.strip("[]")
    return host.lower().rstrip(".")


def is_public(address: Address) -> bool:
    """Whether everybody on the internet means the same host by it."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not special and not site_local


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _read_address(host: str) -> Address | None:
    """Also in the forms that resolvers accept: ``2130706433``, ``0x7f.1``, ``fe80::1%eth0``."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _read_loose(host)


def _read_loose(host: str) -> ipaddress.IPv4Address | None:
    """As ``inet_aton``: up to four numbers, decimal, octal or hexadecimal; the last one fills the rest."""
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(re.fullmatch(r"0x[0-9a-f]*|[0-9]+", one) for one in parts):
        return None
    try:
        numbers = [_number(one) for one in parts]
        packed = b"".join(one.to_bytes(1, "big") for one in numbers[:-1])
        return ipaddress.IPv4Address(packed + numbers[-1].to_bytes(4 - len(packed), "big"))
    except (ValueError, OverflowError):
        return None


def _number(written: str) -> int:
    if written.startswith("0x"):
        return int(written[2:] or "0", 16)
    return int(written, 8) if len(written) > 1 and written.startswith("0") else int(written)
