"""Headers that are written whole: addresses of pages and names of messages, however long.

The standard library folds a word that is longer than a line into encoded words, which programs that read an address
from ``List-Unsubscribe`` (RFC 2369) or a thread from ``References`` (RFC 5322, 3.6.4) don't decode. A line may have 998
characters (RFC 5322, 2.1.1).
"""

from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy, Policy
from typing import Any
from urllib.parse import quote

LINE = 76
"""Characters after which a line is continued on the next one, where there is a space. With 78, the standard library
writes encoded words of 76 characters; more than 75 are not allowed (RFC 2047, 2)."""
LONGEST = 900
"""Characters of a word that are written without a break."""
SAFE = ":/?#[]@!$&'()*+,;=%-._~"
_WHOLE = ("list-unsubscribe", "references", "in-reply-to", "message-id")


class WholeHeader(UnstructuredHeader, BaseHeader):
    """Its words are never broken or encoded; its value is ASCII. It begins on the line of its name."""

    def fold(self, *, policy: "Policy[Any]") -> str:
        lines = [f"{self.name}:"]
        for word in str(self).split():
            if len(lines[-1]) + 1 + len(word) > LINE and not lines[-1].endswith(":"):
                lines.append("")
            lines[-1] += f" {word}"
        return policy.linesep.join(lines) + policy.linesep


class SubjectHeader(WholeHeader):
    """In encoded words where it isn't ASCII, or where a word is longer than a line may be."""

    def fold(self, *, policy: "Policy[Any]") -> str:
        is_plain = str(self).isascii() and all(len(one) < LONGEST for one in str(self).split())
        return super().fold(policy=policy) if is_plain else BaseHeader.fold(self, policy=policy)


def _registry() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in _WHOLE:
        registry.map_to_type(name, WholeHeader)
    registry.map_to_type("subject", SubjectHeader)
    return registry


PLAIN = SMTP.clone(cte_type="7bit", max_line_length=LINE, header_factory=_registry())
"""For addresses in ASCII."""
INTERNATIONAL = SMTPUTF8.clone(cte_type="7bit", max_line_length=LINE, header_factory=_registry())
"""For a server that takes others (RFC 6531)."""


def policy_for(*addresses: str) -> "EmailPolicy[EmailMessage[Any, Any]]":
    return PLAIN if "".join(addresses).isascii() else INTERNATIONAL


def page_address(url: str) -> str:
    """``<https://…>``, in ASCII."""
    return f"<{quote(url, safe=SAFE)}>"
