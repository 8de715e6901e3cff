"""Who gets the answer that was kept for a repeated request: only those who may still make the request."""

import re

from fastapi import Request

from domain import access
from domain.access import OrganizationVerb, Relation, Verb, Viewer
from domain.errors import NotAllowed, ScopeMissing
from models.audit import IdempotencyRecord
from models.queries import action_items
from models.queries.postmortems import postmortems
from models.session import Session

_ENTITY = re.compile(r"/api/(postmortems|action-items)/([A-Za-z0-9_-]+)(?:/(timeline/parse|[a-z-]+))?")
_ADMINISTRATION = re.compile(r"/api/(users|teams|services|integrations|policies)\b")
_REPORTING = re.compile(r"/api/incidents(/[A-Za-z0-9_-]+)?$")
_VERBS = {
    "": Verb.EDIT,
    "action-items": Verb.ADD_ITEM,
    "advice": Verb.EDIT,
    "archive": Verb.ARCHIVE,
    "comments": Verb.COMMENT,
    "duration": Verb.TAKE_INCIDENT_TIMES,
    "editors": Verb.MANAGE,
    "incidents": Verb.EDIT,
    "participants": Verb.MANAGE,
    "publish": Verb.PUBLISH,
    "request-changes": Verb.REQUEST_CHANGES,
    "reviewers": Verb.ASK_REVIEWERS,
    "reviews": Verb.APPROVE,
    "sections": Verb.EDIT,
    "submit": Verb.SUBMIT,
    "targets": Verb.CHANGE_TARGETS,
    "teams": Verb.MANAGE,
    "tickets": Verb.CHANGE_ITEM,
    "timeline": Verb.EDIT,
    "withdraw": Verb.WITHDRAW,
}
"""What a request to this part of a postmortem does. Parsing a timeline is for everyone who sees it."""


async def check_may_repeat(session: Session, viewer: Viewer, request: Request, kept: IdempotencyRecord) -> None:
    """Raises NotFound, NotAllowed, ScopeMissing. An answer without a body tells nothing, and goes to whoever asks."""
    if not kept.body:
        return
    _check_organization(viewer, request.url.path)
    made = _ENTITY.match(kept.headers.get("location", ""))
    asked = _ENTITY.match(request.url.path)
    for found in filter(None, (asked, made)):
        held = await _relations(session, viewer, found[1], found[2])
        if found is asked and found[1] == "postmortems" and (verb := _VERBS.get(found[3] or "")):
            access.check_ever(verb, held)
        elif found is asked and found[1] == "action-items":
            access.check_ever(Verb.CHANGE_ITEM, held)


def _check_organization(viewer: Viewer, path: str) -> None:
    held = access.organization_relations(viewer)
    if _ADMINISTRATION.match(path):
        if not access.may_in_organization(OrganizationVerb.ADMINISTER, held):
            raise NotAllowed(action="repeat this request", who="an administrator")
        if "admin" not in viewer.scopes:
            raise ScopeMissing(scope="admin")
    if _REPORTING.match(path) and not access.may_in_organization(OrganizationVerb.REPORT, held):
        raise NotAllowed(action="report incidents", who="a responder or an administrator")


async def _relations(session: Session, viewer: Viewer, kind: str, entity_id: str) -> frozenset[Relation]:
    if kind == "postmortems":
        return (await postmortems.get_visible(session, viewer, entity_id)).relations
    seen = await action_items.get_visible_item(session, viewer, entity_id)
    return seen.relations | {Relation.OWNER} if seen.is_owner else seen.relations
