"""The public summary of a postmortem: a text for outsiders, checked and approved before anyone outside sees it."""

from fastapi import APIRouter, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, PathId, expected_version, tag
from api.shapes.sharing.sharing import (
    FindingsOut,
    PublicSummaryOut,
    SummaryApprove,
    SummaryCheck,
    SummaryPut,
    findings_out,
    own_host,
    summary_out,
)
from api.v1.routing import router
from application.sharing import findings, summaries
from application.sharing.summaries import LoadedSummary
from domain.access import Verb
from domain.errors import Malformed, reason
from domain.sharing.findings import Finding

routes: APIRouter = router("sharing", prefix="/postmortems/{postmortem_id}/public-summary")


@routes.get("")
async def get_public_summary(context: Context, postmortem_id: PathId, response: Response) -> PublicSummaryOut:
    """Returns the public summary with what its text should not say. Until one is saved, the text is one to start with,
    and its version is 0."""
    loaded = await _load(context, postmortem_id, Verb.READ_SUMMARY)
    found = await _find(context, loaded, loaded.summary.text)
    tag(response, loaded.summary.version)
    return summary_out(loaded.summary, found)


@routes.put("")
async def update_public_summary(
    context: Context, postmortem_id: PathId, given: SummaryPut, response: Response, if_match: IfMatch = None
) -> PublicSummaryOut:
    """Saves the text. Another text takes the approval back, and outsiders no longer see the summary."""
    loaded = await _load(context, postmortem_id, Verb.WRITE_SUMMARY)
    found = await _find(context, loaded, loaded.summary.text if given.text is None else given.text)
    saved = await summaries.save_summary(
        context.session,
        context.viewer,
        postmortem_id,
        text=given.text,
        listed=given.listed,
        expected_version=expected_version(if_match),
        now=context.now,
    )
    tag(response, saved.version)
    return summary_out(saved, found)


@routes.post("/check")
async def check_public_summary(
    context: Context, postmortem_id: PathId, given: SummaryCheck | None = None
) -> FindingsOut:
    """Returns what a text should not say to outsiders. Saves nothing."""
    loaded = await _load(context, postmortem_id, Verb.READ_SUMMARY)
    is_other = given is not None and given.text is not None
    text = given.text or "" if given is not None and is_other else loaded.summary.text
    found = await _find(context, loaded, text)
    return FindingsOut(findings=findings_out(found, loaded.summary.acknowledged))


@routes.post("/approve")
async def approve_public_summary(
    context: Context, postmortem_id: PathId, given: SummaryApprove, response: Response, if_match: IfMatch = None
) -> PublicSummaryOut:
    """Approves the text of that version: links and the feed show it from now on. 412 if the text has changed since, 409
    ``FindingsNotAcknowledged`` with each finding that blocks it."""
    version = expected_version(if_match) if given.version is None else given.version
    if version is None:
        words = "Send the version of the text that you read, here or as If-Match."
        raise Malformed(reasons=[reason("missing", words, where="body.version")])
    loaded = await _load(context, postmortem_id, Verb.APPROVE_SUMMARY)
    summaries.check_approvable(loaded.summary, version)
    found = await _find(context, loaded, loaded.summary.text)
    approved = await summaries.approve_summary(
        context.session,
        context.viewer,
        postmortem_id,
        version=version,
        found=found,
        acknowledged=given.acknowledged_finding_ids,
        now=context.now,
    )
    tag(response, approved.version)
    return summary_out(approved, found)


@routes.delete("/approve", status_code=204)
async def withdraw_public_summary_approval(context: Context, postmortem_id: PathId) -> None:
    """Takes the approval back: outsiders no longer see the summary. Its text stays."""
    await summaries.take_back_approval(context.session, context.viewer, postmortem_id, context.now)


@routes.delete("", status_code=204)
async def delete_public_summary(context: Context, postmortem_id: PathId, if_match: IfMatch = None) -> None:
    """Deletes the summary with its approval. The next one starts from the postmortem again."""
    await summaries.delete_summary(
        context.session, context.viewer, postmortem_id, expected_version(if_match), context.now
    )


async def _load(context: RequestContext, postmortem_id: str, verb: Verb) -> LoadedSummary:
    host = own_host(context.parts.settings)
    return await summaries.load_summary(context.session, context.viewer, postmortem_id, host, verb)


async def _find(context: RequestContext, loaded: LoadedSummary, text: str) -> list[Finding]:
    """Without a connection of the database meanwhile."""
    return await context.outside(lambda: findings.find(text, loaded.known))
