"""The share page of a postmortem: its public summary, what it should not say, its links, and previews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Response

from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.public.shown import passage, postmortem_page, summary_page
from api.rendering import zone_of
from api.shapes.base import PathId
from api.shapes.sharing.sharing import ShareLinkIn, SummaryPut, own_host
from application.sharing import findings, links, summaries
from application.sharing.summaries import WORDS, LoadedSummary, Summary
from domain import access
from domain.access import Verb
from domain.errors import DomainError, Malformed, NotFound, reason
from domain.postmortems.lifecycle import Status
from domain.sharing.findings import Finding
from domain.sharing.links import ShareScope, obstacles
from domain.sharing.summary import TEXT_LIMIT, split_title
from models.base import new_id
from models.queries.pagination import Ask
from models.queries.people import people
from models.queries.sharing.public import SharedSummary, get_as_shared
from models.queries.sharing.summaries import get_settings

routes = router()

ACKNOWLEDGE = "ack."
LINKS = Ask(200)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the text, and the finding that it is."""

    text: str
    finding: Finding | None = None


def pieces(text: str, found: Sequence[Finding]) -> list[Piece]:
    """The whole text in runs. Of findings that overlap, the first and longest is marked."""
    runs, at = [], 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start < at:
            continue
        runs += [Piece(text[at : one.start]), Piece(text[one.start : one.end], one)]
        at = one.end
    return [one for one in (*runs, Piece(text[at:])) if one.text]


@routes.get("/postmortems/{postmortem_id}/share")
async def share(visit: Visiting, postmortem_id: PathId) -> Response:
    return await _shown(visit, postmortem_id)


async def _shown(
    visit: Visit, postmortem_id: str, refusal: DomainError | None = None, written: str | None = None
) -> Response:
    """``written`` is a text that could not be saved."""
    context = visit.context
    loaded = await _load(visit, postmortem_id)
    summary, status = loaded.summary, Status(loaded.visible.postmortem.status)
    found = await context.between_transactions(lambda: findings.find(summary.text, loaded.known))
    listed = await links.list_links(
        context.session, context.viewer, context.parts.keyring, postmortem_id, LINKS, context.now
    )
    named = [summary.approved_by, *(one.row.created_by_id for one in listed.items)]
    writes = bool(visit.request.state.frame["may_write"])
    settings = context.parts.settings
    return await show(
        visit,
        "sharing/share.html",
        refusal,
        texts_to_format={"shown": {"summary": passage(split_title(summary.text)[1], settings)}},
        postmortem=loaded.visible.postmortem,
        summary=summary,
        written=summary.text if written is None else written,
        title=split_title(summary.text)[0],
        pieces=pieces(summary.text, found),
        found=found,
        blocking=[one for one in found if one.blocks],
        said=WORDS,
        links=listed.items,
        base_url=settings.base_url,
        people=await people.people_by_id(context.session, named),
        feed_enabled=(await get_settings(context.session)).feed_enabled,
        obstacles={scope.value: obstacles(scope, loaded.facts) for scope in ShareScope},
        may_write=writes and loaded.may(Verb.WRITE_SUMMARY),
        may_approve=writes and loaded.may(Verb.APPROVE_SUMMARY),
        may_share=writes and loaded.may(Verb.SHARE_SUMMARY),
        may_share_all=writes and access.may(Verb.SHARE_POSTMORTEM, status, loaded.visible.relations),
        limit=TEXT_LIMIT,
    )


async def _load(visit: Visit, postmortem_id: str, verb: Verb = Verb.READ_SUMMARY) -> LoadedSummary:
    context = visit.context
    host = own_host(context.parts.settings)
    return await summaries.load_summary(context.session, context.viewer, postmortem_id, host, verb)


def _version(form: Mapping[str, str]) -> int:
    text = form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        words = "The form can't be read. Reload the page and send it again."
        raise Malformed(reasons=[reason("version", words, where="version")])
    return int(text)


@routes.post("/postmortems/{postmortem_id}/share/summary")
async def save_summary(visit: Visiting, postmortem_id: PathId) -> Response:
    text = visit.form.get("text", "")
    refusal = await attempted(visit, _save(visit, postmortem_id, {"text": text}))
    if refusal is not None:
        return await _shown(visit, postmortem_id, refusal, text)
    return to(f"/postmortems/{postmortem_id}/share#check")


@routes.post("/postmortems/{postmortem_id}/share/listed")
async def list_in_feed(visit: Visiting, postmortem_id: PathId) -> Response:
    work = _save(visit, postmortem_id, {"listed": visit.form.get("listed") == "yes"})
    return await _answered(visit, postmortem_id, work, "#feed")


async def _save(visit: Visit, postmortem_id: str, given: Mapping[str, Any]) -> Summary:
    put, context = read_form(SummaryPut, given), visit.context
    return await summaries.save_summary(
        context.session,
        context.viewer,
        postmortem_id,
        text=put.text,
        listed=put.listed,
        expected_version=_version(visit.form),
        now=context.now,
    )


@routes.post("/postmortems/{postmortem_id}/share/findings")
async def answer_findings(visit: Visiting, postmortem_id: PathId) -> Response:
    """Puts a finding's suggestion in its place, if its button was pressed; approves the text otherwise."""
    context, form = visit.context, visit.form

    async def work() -> None:
        version = _version(form)
        chosen = form.get("replace")
        loaded = await _load(visit, postmortem_id, Verb.WRITE_SUMMARY if chosen else Verb.APPROVE_SUMMARY)
        summaries.check_approvable(loaded.summary, version)
        found = await context.outside(lambda: findings.find(loaded.summary.text, loaded.known))
        if chosen:
            await _save(visit, postmortem_id, {"text": _replaced(loaded.summary.text, found, chosen)})
            return
        await summaries.approve_summary(
            context.session,
            context.viewer,
            postmortem_id,
            version=version,
            found=found,
            acknowledged={name.removeprefix(ACKNOWLEDGE) for name in form if name.startswith(ACKNOWLEDGE)},
            now=context.now,
        )

    return await _answered(visit, postmortem_id, work(), "#check")


def _replaced(text: str, found: Sequence[Finding], finding_id: str) -> str:
    one = next((one for one in found if one.id == finding_id), None)
    if one is None:
        raise NotFound(kind="finding", id=finding_id[:40])
    return text[: one.start] + one.suggestion + text[one.end :]


@routes.post("/postmortems/{postmortem_id}/share/take-back")
async def take_back(visit: Visiting, postmortem_id: PathId) -> Response:
    context = visit.context
    work = summaries.take_back_approval(context.session, context.viewer, postmortem_id, context.now)
    return await _answered(visit, postmortem_id, work, "#check")


@routes.post("/postmortems/{postmortem_id}/share/delete")
async def delete(visit: Visiting, postmortem_id: PathId) -> Response:
    context = visit.context
    work = summaries.delete_summary(context.session, context.viewer, postmortem_id, None, context.now)
    return await _answered(visit, postmortem_id, work, "")


@routes.post("/postmortems/{postmortem_id}/share/links")
async def create_link(visit: Visiting, postmortem_id: PathId) -> Response:
    context, form = visit.context, visit.form

    async def work() -> None:
        given: dict[str, Any] = {
            "scope": form.get("scope", ShareScope.SUMMARY),
            "password": form.get("password") or None,
        }
        given["expiresAt"] = _instant(form.get("expires", ""), context.person.time_zone)
        asked = read_form(ShareLinkIn, given)
        await links.check_may_create(context.session, context.viewer, postmortem_id, asked.scope)
        password = asked.password
        hashed = await context.outside(lambda: links.hash_password(password)) if password is not None else None
        await links.create_link(
            context.session,
            context.viewer,
            context.parts.keyring,
            postmortem_id,
            new_id("shr"),
            scope=asked.scope,
            expires_at=asked.expires_at,
            password_hash=hashed,
            now=context.now,
        )

    return await _answered(visit, postmortem_id, work(), "#links")


def _instant(written: str, zone: str) -> datetime | str | None:
    """As the browser's field writes it, in the reader's own zone; anything else is refused where it is read."""
    if not written.strip():
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return written
    return at.replace(tzinfo=zone_of(zone)) if at.tzinfo is None else at


@routes.post("/postmortems/{postmortem_id}/share/links/{link_id}/revoke")
async def revoke_link(visit: Visiting, postmortem_id: PathId, link_id: PathId) -> Response:
    context = visit.context
    work = links.revoke_link(context.session, context.viewer, postmortem_id, link_id, context.now)
    return await _answered(visit, postmortem_id, work, "#links")


async def _answered(visit: Visit, postmortem_id: str, work: Any, spot: str) -> Response:
    if refusal := await attempted(visit, work):
        return await _shown(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}/share{spot}")


# Previews


@routes.get("/postmortems/{postmortem_id}/share/preview/summary")
async def preview_summary(visit: Visiting, postmortem_id: PathId) -> Response:
    """The page of a link to the summary, with the text as it is now."""
    summary, now = (await _load(visit, postmortem_id)).summary, visit.context.now
    shared = SharedSummary(summary.text, summary.published_at or now, summary.approved_at or now)
    is_shown = summary.approved_at is not None
    note = "Preview: outsiders with a link see this page." if is_shown else NOT_YET
    return summary_page(shared, visit.context.parts.settings, note=note)


NOT_YET = "Preview: outsiders will see this page once you approve the summary."


@routes.get("/postmortems/{postmortem_id}/share/preview/postmortem")
async def preview_postmortem(visit: Visiting, postmortem_id: PathId) -> Response:
    """The page of a link to the whole postmortem."""
    loaded = await _load(visit, postmortem_id)
    is_shown = not obstacles(ShareScope.POSTMORTEM, loaded.facts)
    shared = await get_as_shared(visit.context.session, postmortem_id)
    note = "Preview: outsiders with a link to the postmortem see this page." if is_shown else NOT_PUBLISHED
    return postmortem_page(shared, visit.context.parts.settings, "/attachments", note=note)


NOT_PUBLISHED = "Preview: you can share this page once the postmortem is published and not private."
