"""Refusals: a person must act before the same request can succeed.

Every refusal is a :class:`DomainError`; its class name is the ``code`` on the wire; it is never retried
(``REFUSALS`` goes into each retry policy). A refusal takes facts: ``says`` is a whole sentence, or two, that the facts
fill in. Facts are JSON values and never hold a secret.
"""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, ClassVar

Fact = str | int | float | bool | None | Sequence["Fact"] | Mapping[str, "Fact"]


class DomainError(Exception):
    """A refusal. ``facts`` are JSON values; ``reasons``, where there are several, is a list of code and words."""

    title: ClassVar[str] = "Refused"
    says: ClassVar[str] = "This can't be done."

    def __init__(self, **facts: Fact) -> None:
        self.facts: dict[str, Fact] = facts
        super().__init__(_finished(_PROSE.vformat(self.says, (), _Blank(facts))))

    @property
    def code(self) -> str:
        return type(self).__name__


class _Blank(dict[str, Fact]):
    def __missing__(self, key: str) -> str:
        return "?"


class _Prose(Formatter):
    """``{status!w}`` writes a code as people read it: ``IN_REVIEW`` becomes ``in review``.

    ``{detail!e}`` ends it with a period, which a vendor's own words often lack.
    """

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "w":
            text = str(value).replace("_", " ").replace("WONT", "WON'T")
            return text.lower() if text.isupper() else text
        if conversion == "e":
            return _finished(str(value))
        return super().convert_field(value, conversion)


_PROSE = _Prose()


def _finished(sentence: str) -> str:
    """With a period at its end."""
    text = sentence.rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text.rstrip(':;,')}."


class Unauthenticated(DomainError):
    """Nobody is signed in, or the signature is wrong."""


class Forbidden(DomainError):
    """The person may see it but not do this."""


class Missing(DomainError):
    """It doesn't exist, or the person may not know of it."""


class WrongMethod(DomainError):
    """The path exists, but not with this method."""


class Unreadable(DomainError):
    """The body isn't what its sender's kind of webhook looks like."""


class Invalid(DomainError):
    """The input is malformed or makes no sense."""


class TooLarge(DomainError):
    """The body is larger than allowed."""


class TooSlow(DomainError):
    """The body didn't arrive in time."""


class ConflictingState(DomainError):
    """The current state rules it out."""


class Stale(DomainError):
    """Someone else changed it first."""


class Gone(DomainError):
    """It existed and was removed for good."""


class Throttled(DomainError):
    """The person or address asks too much at once: the same request succeeds later."""


class Unavailable(DomainError):
    """Something that Afterword needs is away or busy: the same request succeeds later."""


class Unanswered(DomainError):
    """The command was accepted, and its answer didn't arrive in time."""


def reason(code: str, message: str, **facts: Fact) -> dict[str, Fact]:
    """One of several reasons: machine-readable and in words."""
    return {"code": code, "message": message, **facts}
