"""Advice on what is written. It blocks nothing, and each line of it can be set aside."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from api.request_context import Context
from api.shapes.base import PathId, Shape, StrictlyGiven
from api.v1.routing import router
from domain.content.sections import TEXT_LIMIT
from domain.errors import UnknownReference
from domain.style.rules import Kind
from domain.style.suggestions import FINDINGS_LIMIT, RULE_IDS, Finding, advise_metrics, adviser, fingerprint
from integrations.fields import Words
from models.advice import AdviceIgnore
from models.queries import style
from models.queries.postmortems.postmortems import get_visible
from models.queries.style import Written

routes: APIRouter = router("advice", prefix="")

Fingerprint = Annotated[str, Words(32, shape=r"^[0-9a-f]{32}$", says="Send the fingerprint of a finding")]
PathFingerprint = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
RuleName = Annotated[str, Words(100, one_line=True)]


class FindingOut(Shape):
    """``line`` counts from 1; ``start`` and ``end`` are code points in that line; ``words`` is the text between them.

    ``id`` is that of the event or the action item. ``fingerprint`` identifies the rule and the line's text: ignoring it
    applies as long as the line stays the same, wherever it is.
    """

    rule: str
    kind: Literal["section", "timeline", "actionItem", "impactMetrics"]
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


class AdviceAsk(StrictlyGiven):
    """Unsaved text. ``section`` is the section it belongs to, such as ``impact``."""

    kind: Kind
    text: Annotated[str, Field(max_length=TEXT_LIMIT)]
    section: Annotated[str, Words(100, one_line=True)] | None = None


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


class AdviceIgnoreOut(Shape):
    rule: str
    fingerprint: str
    person_id: str
    at: datetime


def _out(
    finding: Finding,
    kind: Literal["section", "timeline", "actionItem", "impactMetrics"],
    section: str | None,
    entity_id: str | None = None,
) -> FindingOut:
    return FindingOut(
        rule=finding.rule,
        kind=kind,
        section=section,
        id=entity_id,
        line=finding.line,
        start=finding.start,
        end=finding.end,
        words=finding.words,
        reason=finding.reason,
        suggestion=finding.suggestion,
        fingerprint=finding.fingerprint,
    )


def _findings(written: Written) -> Iterator[FindingOut]:
    told = adviser(written.people)
    for section, text in written.sections.items():
        for one in told.advise(Kind.SECTION, text, section=section):
            yield _out(one, "section", section)
    for one in advise_metrics(written.metrics):
        yield _out(one, "impactMetrics", "impact")
    for item_id, text in written.items:
        for one in told.advise(Kind.ACTION_ITEM, text):
            yield _out(one, "actionItem", "actionItems", item_id)
    for event_id, text in written.events:
        for one in told.advise(Kind.TIMELINE, text):
            yield _out(one, "timeline", "timeline", event_id)


def _advice(written: Written, *, include_ignored: bool) -> AdviceOut:
    shown: list[FindingOut] = []
    ignored = 0
    for one in _findings(written):
        if one.fingerprint in written.ignored:
            ignored += 1
            one.ignored = True
        if include_ignored or not one.ignored:
            shown.append(one)
    return AdviceOut(items=shown[:FINDINGS_LIMIT], ignored=ignored, more=len(shown) > FINDINGS_LIMIT)


@routes.get("/postmortems/{postmortem_id}/advice")
async def list_advice(
    context: Context, postmortem_id: PathId, include_ignored: Annotated[bool, Query(alias="includeIgnored")] = False
) -> AdviceOut:
    """Lists wording suggestions for sections, impact metrics, action items, and the timeline, in this order."""
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    written = await style.get_written(context.session, seen)
    return await asyncio.to_thread(_advice, written, include_ignored=include_ignored)


@routes.post("/postmortems/{postmortem_id}/advice/ignore", status_code=201)
async def ignore_advice(context: Context, postmortem_id: PathId, given: AdviceIgnoreIn) -> AdviceIgnoreOut:
    """Ignores one suggestion on one line, for everyone. Anyone who can edit the postmortem can ignore it."""
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    if given.rule not in RULE_IDS:
        raise UnknownReference(field="rule", kind="rule", id=given.rule)
    kept = await style.ignore_advice(
        context.session, context.viewer, seen, rule=given.rule, fingerprint=given.named(), now=context.now
    )
    return _ignore_out(kept)


def _ignore_out(kept: AdviceIgnore) -> AdviceIgnoreOut:
    return AdviceIgnoreOut(rule=kept.rule, fingerprint=kept.fingerprint, person_id=kept.person_id, at=kept.created_at)


@routes.delete("/postmortems/{postmortem_id}/advice/ignore/{fingerprint}", status_code=204)
async def heed_advice(context: Context, postmortem_id: PathId, fingerprint: PathFingerprint) -> None:
    """Shows an ignored suggestion again."""
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    await style.heed_advice(context.session, context.viewer, seen, fingerprint)


@routes.post("/advice")
async def advise_on_text(given: AdviceAsk) -> AdviceOut:
    """Returns wording suggestions for unsaved text. Nothing is stored."""
    kind = given.kind
    found = await asyncio.to_thread(adviser().advise, kind, given.text, section=given.section)
    items = [_out(one, kind.value, given.section) for one in found]
    return AdviceOut(items=items, ignored=0, more=len(found) >= FINDINGS_LIMIT)
