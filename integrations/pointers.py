"""Addresses that a person pasted from a browser: with a query, a fragment, or parts that lead deeper into the page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Page:
    """``scheme`` and ``host`` are in small letters, the host with its port if it names one; ``path`` has its segments;
    ``query`` each name, in small letters, with its last value."""

    scheme: str
    host: str
    path: tuple[str, ...]
    query: dict[str, str] = field(default_factory=dict)

    def after(self, *names: str) -> Iterator[str]:
        """Each segment behind one of these names, the last first."""
        for place in range(len(self.path) - 1, 0, -1):
            if self.path[place - 1].lower() in names:
                yield self.path[place]


def page_at(pointer: str, *schemes: str) -> Page | None:
    """The page that an address names; None if it is no address with one of the schemes, ``http`` and ``https`` among
    them."""
    text = pointer.strip().strip("<>").strip()
    if re.search(r"[\s\0]", text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https", *schemes} or not parts.netloc or "@" in parts.netloc:
        return None
    path = tuple(unquote(one) for one in parts.path.split("/") if one)
    query = {name.lower(): value for name, value in parse_qsl(parts.query)}
    return Page(parts.scheme.lower(), parts.netloc.lower().removeprefix("www."), path, query)


def host_of(address: str) -> str:
    """The host of a connection's address, as :class:`Page` has it."""
    return urlsplit(address).netloc.lower().removeprefix("www.")
