"""A ticket's text as an action item's details: what was changed there, and all of ours that was not."""

from typing import Protocol

from domain.content import merging
from domain.tickets import texts
from domain.tickets.merge import Agreed


class Dialect(Protocol):
    """What a tracker can express, and how much: see ``integrations.tracker.Tracker``."""

    def canonical(self, text: str) -> str: ...

    def shortened(self, body: str) -> str: ...


def details_from(body: str, ours: str, base: Agreed | None, footer: str, dialect: Dialect) -> str:
    """Our details if the tracker cannot tell its text from them, else ours with what was changed there.

    ``base`` is what both sides last agreed on, ``footer`` what we last wrote below our details.
    """
    if base is not None and base.seen and (base.ours, base.theirs) == (ours, body):
        return ours
    theirs = texts.details_in(body)
    sent = texts.details_in(dialect.shortened(texts.body_of(ours, footer)))
    if sent == theirs or dialect.canonical(sent) == dialect.canonical(theirs):
        return ours
    if base is None or not base.seen or base.theirs is None or base.ours != ours:
        return theirs
    before = texts.details_in(base.theirs)
    head = sent.rpartition(texts.CUT)[0]
    if sent != ours and head and ours.startswith(head):
        return _follow_cut(before, theirs, head, ours[len(head) :])
    followed = merging.merge(before, theirs, ours, limit=len(ours) + len(theirs) + 2)
    return followed if followed and dialect.canonical(followed) == dialect.canonical(theirs) else theirs


def _follow_cut(before: str, theirs: str, head: str, rest: str) -> str:
    """What there was no room for stays, whatever they did to the rest."""
    there, sign, below = theirs.rpartition(texts.CUT)
    if not sign:
        there, below = theirs, ""
    limit = len(head) + len(theirs) + 2
    merged = merging.merge(before.rpartition(texts.CUT)[0], there, head, limit=limit)
    return (there if merged is None else merged) + rest + below.rstrip("`~\n")
