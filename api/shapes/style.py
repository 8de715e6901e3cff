"""Requests and answers about writing suggestions."""

from typing import Annotated

from pydantic import model_validator

from api.shapes.base import Shape, StrictlyGiven
from domain.content.sections import TEXT_LIMIT
from domain.style.advice import Advice, FindingKind, PlacedFinding
from domain.style.suggestions import fingerprint
from integrations.fields import Words

Fingerprint = Annotated[str, Words(32, shape=r"^[0-9a-f]{32}$", says="Send the fingerprint of a finding")]
RuleName = Annotated[str, Words(100, one_line=True)]


class FindingOut(Shape):
    """``line`` counts from 1; ``start`` and ``end`` are code points in that line; ``words`` is the text between them.

    ``id`` is that of the event or the action item. ``fingerprint`` identifies the rule and the line's text: ignoring it
    applies as long as the line stays the same, wherever it is.
    """

    rule: str
    kind: FindingKind
    section: str | None
    id: str | None
    line: int
    start: int
    end: int
    words: str
    reason: str
    suggestion: str
    fingerprint: str
    ignored: bool = False


class AdviceOut(Shape):
    """``ignored`` counts ignored findings; ``more`` is true if there are further ones."""

    items: list[FindingOut]
    ignored: int
    more: bool


class AdviceIgnoreIn(StrictlyGiven):
    """A finding, by its ``fingerprint`` or by the text of its ``line``."""

    rule: RuleName
    fingerprint: Fingerprint | None = None
    line: Annotated[str, Words(TEXT_LIMIT)] | None = None

    @model_validator(mode="after")
    def _names_a_line(self) -> "AdviceIgnoreIn":
        if (self.fingerprint is None) == (self.line is None):
            raise ValueError("send either the fingerprint or the line")
        return self

    def named(self) -> str:
        return self.fingerprint or fingerprint(self.rule, self.line or "")


def advice_out(advice: Advice) -> AdviceOut:
    return AdviceOut(items=[_finding(one) for one in advice.items], ignored=advice.ignored, more=advice.more)


def _finding(placed: PlacedFinding) -> FindingOut:
    finding = placed.finding
    return FindingOut(
        rule=finding.rule,
        kind=placed.kind,
        section=placed.section,
        id=placed.entity_id,
        line=finding.line,
        start=finding.start,
        end=finding.end,
        words=finding.words,
        reason=finding.reason,
        suggestion=finding.suggestion,
        fingerprint=finding.fingerprint,
        ignored=placed.ignored,
    )
