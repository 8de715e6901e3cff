"""The audit log of a postmortem: who changed what, when and from where, with the values before and after."""

from typing import Annotated

from fastapi import Depends, Response

from api.pages.audit_entries import ORIGINS, Names, changes_of, person_ids, shortened
from api.pages.postmortems.reading import titles_of
from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.shapes.base import PathId, ask
from models.queries.audit import audit_log
from models.queries.audit.audit_log import AuditFilters
from models.queries.content.templates import get_postmortem_template
from models.queries.pagination import Ask
from models.queries.people import people
from models.queries.postmortems.postmortems import get_visible

routes = router()


@routes.get("/postmortems/{postmortem_id}/audit")
async def show_audit_log(visit: Visiting, postmortem_id: PathId, page: Annotated[Ask, Depends(ask)]) -> Response:
    session, viewer = visit.context.session, visit.context.viewer
    seen = await get_visible(session, viewer, postmortem_id)
    found = await audit_log.list_audit(session, viewer, AuditFilters(postmortem_id=postmortem_id), page)
    await audit_log.note_reads(session, viewer, {postmortem_id})
    ids = {id_ for one in found.items for id_ in person_ids([one.actor_id, one.before, one.after])}
    named = await people.people_by_id(session, ids)
    titles = titles_of(await get_postmortem_template(session, seen.postmortem))
    names = Names({one.id: one.name for one in named.values()}, titles)
    return await show(
        visit,
        "audit/audit.html",
        postmortem=seen.postmortem,
        entries=[(one, list(changes_of(one, names))) for one in found.items],
        next_cursor=found.next_cursor,
        people=named,
        origins=ORIGINS,
        short=shortened,
    )
