"""What changed in a postmortem since a review: the text of its sections, and everything else."""

from typing import Annotated

from fastapi import Query, Response

from api.pages.audit_entries import ORIGINS, Names, changes_of, person_ids, shortened
from api.pages.postmortems.reading import titles_of
from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.shapes.base import PathId
from application import text_work
from application.review.changes import read_changes
from domain.content.diffs import compare_for_page
from models.queries.content.templates import get_postmortem_template
from models.queries.people import people

routes = router()


@routes.get("/postmortems/{postmortem_id}/changes")
async def show_changes(
    visit: Visiting, postmortem_id: PathId, since: Annotated[str, Query(min_length=1, max_length=100)]
) -> Response:
    session, viewer = visit.context.session, visit.context.viewer
    found = await read_changes(session, viewer, postmortem_id, since)
    titles = titles_of(await get_postmortem_template(session, found.postmortem))
    order = list(titles)
    sections = sorted(found.sections, key=lambda one: order.index(one.name) if one.name in titles else len(order))
    differences = [
        await text_work.run(compare_for_page, one.older, one.newer, length=len(one.older) + len(one.newer))
        for one in sections
    ]
    who = {id_ for one in found.entries for id_ in person_ids([one.actor_id, one.before, one.after])}
    named = await people.people_by_id(
        session, [*who, found.baseline.person_id, *(one.person_id for one in found.reviews)]
    )
    names = Names({one.id: one.name for one in named.values()}, titles)
    told = [(one, [it for it in changes_of(one, names) if it.section is None]) for one in found.entries]
    return await show(
        visit,
        "review/changes.html",
        postmortem=found.postmortem,
        baseline=found.baseline,
        reviews=found.reviews,
        since=since,
        sections=[(one.name, titles.get(one.name, one.name)) for one in sections],
        differences=differences,
        entries=[(one, its) for one, its in told if its or not (one.before or one.after)],
        people=named,
        origins=ORIGINS,
        short=shortened,
    )
