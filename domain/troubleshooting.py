"""Checks of what has to hold before something works, each with its state and how to mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do, and the page where it is done, if there is one."""

    words: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """``name`` says what has to hold. One that failed says how to mend it, step by step."""

    name: str
    passed: bool
    mends: tuple[Mend, ...] = ()


def check(name: str, passed: bool, *mends: Mend) -> Check:
    return Check(name, passed, () if passed else mends)
