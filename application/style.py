"""Use cases of writing suggestions: list them, ignore one for a line, and show it again."""

import hashlib
from collections import OrderedDict
from contextlib import suppress
from datetime import datetime
from functools import partial

import orjson

from application import text_work
from application.audit.audit_log import audit_postmortem
from domain import access
from domain.access import Viewer
from domain.errors import NotFound, TextTooComplex, TooMuchText, UnknownReference
from domain.postmortems.lifecycle import Status
from domain.style.advice import Advice, PostmortemText, advise_postmortem, advise_text
from domain.style.rules import Kind
from domain.style.suggestions import RULE_IDS
from models.content import AdviceIgnore
from models.queries import style
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session

KEPT = 200
"""Postmortems whose advice a process keeps for as long as nothing in them changes: most who open one only read."""
_kept: OrderedDict[bytes, Advice] = OrderedDict()


async def list_advice(session: Session, visible: VisiblePostmortem, *, include_ignored: bool = False) -> Advice:
    text = await style.get_text(session, visible)
    key = _key(text, include_ignored)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    with suppress(TextTooComplex, TooMuchText):  # suggestions never stand in the way
        found = await text_work.run(
            partial(advise_postmortem, text, include_ignored=include_ignored), length=text.length
        )
        _kept[key] = found
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
        return found
    return Advice([], 0, more=False)


def _key(text: PostmortemText, include_ignored: bool) -> bytes:
    return hashlib.sha256(orjson.dumps([text, include_ignored], default=sorted)).digest()


async def advise_unsaved(kind: Kind, text: str, section: str | None) -> Advice:
    """On a text that is not saved yet. Nothing is kept."""
    return await text_work.run(advise_text, kind, text, section, length=len(text))


async def ignore_advice(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, *, rule: str, fingerprint: str, now: datetime
) -> AdviceIgnore:
    """Ignore a finding for everyone; the first person who did so stays named.

    Raises EditingClosed, UnknownReference.
    """
    if rule not in RULE_IDS:
        raise UnknownReference(field="rule", kind="rule", id=rule)
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    postmortem_id = visible.postmortem.id
    if await style.insert_ignore(session, postmortem_id, rule, fingerprint, viewer.person_id, now):
        audit_postmortem(session, viewer, visible, "advice.ignored", after={"rule": rule, "fingerprint": fingerprint})
    return await style.get_ignore(session, postmortem_id, fingerprint)


async def stop_ignoring_advice(session: Session, viewer: Viewer, visible: VisiblePostmortem, fingerprint: str) -> None:
    """Show an ignored finding again. Raises EditingClosed, NotFound."""
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    rule = await style.delete_ignore(session, visible.postmortem.id, fingerprint)
    if rule is None:
        raise NotFound(kind="ignored advice", id=fingerprint)
    audit_postmortem(session, viewer, visible, "advice.heeded", before={"rule": rule, "fingerprint": fingerprint})
