"""Moves, reviewers and targets, as forms. Each is the command that the JSON API sends; a refusal is said beside it."""

from collections.abc import Awaitable
from typing import Any

from fastapi import Response

from api import commands
from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted
from api.shapes.base import PathId
from api.v1.review import lifecycle as api
from api.v1.review.lifecycle import CommentIn, ReplacementIn, ReviewersIn
from domain.errors import UnknownReference
from domain.postmortems.commands import PostmortemAction
from models.queries.people import people

routes = router()


async def answered(visit: Visit, postmortem_id: str, work: Awaitable[Any], spot: str) -> Response:
    if refusal := await attempted(visit, work):
        return await show_postmortem(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}{spot}")


@routes.post("/postmortems/{postmortem_id}/submit")
async def submit(visit: Visiting, postmortem_id: PathId) -> Response:
    publishes = visit.form.get("publish_on_approval") == "yes"
    work = commands.run_postmortem_command(
        visit.context, postmortem_id, PostmortemAction.SUBMIT, publish_on_approval=publishes
    )
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/approve")
async def approve(visit: Visiting, postmortem_id: PathId) -> Response:
    words = {"comment": read_form(CommentIn, {"comment": visit.form.get("comment")}).comment}
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.APPROVE, words)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/request-changes")
async def request_changes(visit: Visiting, postmortem_id: PathId) -> Response:
    words = {"comment": read_form(CommentIn, {"comment": visit.form.get("comment")}).comment}
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.REQUEST_CHANGES, words)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/publish")
async def publish(visit: Visiting, postmortem_id: PathId) -> Response:
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.PUBLISH)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/archive")
async def archive(visit: Visiting, postmortem_id: PathId) -> Response:
    work = commands.run_postmortem_command(visit.context, postmortem_id, PostmortemAction.ARCHIVE)
    return await answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/reviewers")
async def add_reviewer(visit: Visiting, postmortem_id: PathId) -> Response:
    async def work() -> None:
        team = visit.form.get("team") or None
        who = {"teamId": team} if team else {"userId": await person_id(visit, "person")}
        await api.add_reviewers(visit.context, postmortem_id, read_form(ReviewersIn, who))

    return await answered(visit, postmortem_id, work(), "#reviewers")


@routes.post("/postmortems/{postmortem_id}/reviewers/{user_id}/replace")
async def replace_reviewer(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    """Replaces a reviewer, such as one who left or is away. If the postmortem is in review, the new reviewer is
    notified right away."""

    async def work() -> None:
        instead = ReplacementIn(user_id=await person_id(visit, "person"))
        await api.replace_reviewer(visit.context, postmortem_id, user_id, instead)

    return await answered(visit, postmortem_id, work(), "#reviewers")


@routes.post("/postmortems/{postmortem_id}/reviewers/{user_id}/remove")
async def remove_reviewer(visit: Visiting, postmortem_id: PathId, user_id: PathId) -> Response:
    work = commands.run_postmortem_command(
        visit.context, postmortem_id, PostmortemAction.REMOVE_REVIEWER, person_ids=(user_id,)
    )
    return await answered(visit, postmortem_id, work, "#reviewers")


async def person_id(visit: Visit, field: str) -> str:
    """Whoever the field names by handle, e-mail or id. Raises UnknownReference."""
    word = visit.form.get(field, "")
    person = await people.find_by_name(visit.context.session, word)
    if person is None:
        raise UnknownReference(field=field, kind="person", id=word[:100])
    return person.id
