"""Starting an import from a request: its file goes to the object store, then its row is written, then its workflow."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.files.uploads import Upload
from api.request_context import RequestContext
from api.shapes.documents import OpsgenieImport
from application.documents import imports
from domain.documents.attachments import clean_filename
from domain.documents.jobs import archive_key
from domain.errors import Malformed, reason
from integrations.documents.opsgenie import ids_in
from models.base import derived_id, new_id
from models.documents import Job

_YES, _NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", ""}


async def start_import(
    context: RequestContext, request: Request, *, dry_run: bool | None, keep: bool | None = None
) -> Job:
    """Of the file that the route has received, or of what its JSON body asks for. Raises Malformed,
    StorageUnavailable."""
    asked: bytes | None = getattr(request.state, "asked", None)
    if asked is not None:
        return await start_opsgenie_import(context, _read_asked(asked))
    upload: Upload = request.state.upload
    wants_dry_run = await _said(request, "dryRun") if dry_run is None else dry_run
    keeps = await _said(request, "keep") if keep is None else keep
    job_id = derived_id("imp", context.request_id) if context.key else new_id("imp")
    await context.outside(lambda: context.parts.objects.put(archive_key(job_id), upload.path))
    job = await imports.request_import(
        context.session,
        context.viewer,
        job_id,
        clean_filename(upload.filename, "import"),
        dry_run=wants_dry_run,
        keep=keeps,
        now=context.now,
    )
    context.after_commit.append(lambda: context.parts.dispatch.start_import(job_id))
    return job


async def start_opsgenie_import(context: RequestContext, given: OpsgenieImport) -> Job:
    """Raises Malformed, StorageUnavailable."""
    ids, strange = ids_in(given.ids)
    if strange or not ids:
        words = f"'{strange[0][:60]}' isn't an ID or a URL of a postmortem." if strange else "Enter at least one."
        raise Malformed(reasons=[reason("value_error", words, where="body.ids")])
    job_id = derived_id("imp", context.request_id) if context.key else new_id("imp")
    job = await imports.request_opsgenie_import(
        context.session,
        context.viewer,
        context.parts.keyring,
        job_id,
        address=given.base_url,
        key=given.api_key.get_secret_value(),
        ids=ids,
        dry_run=given.dry_run,
        now=context.now,
    )
    context.after_commit.append(lambda: context.parts.dispatch.start_import(job_id))
    return job


def _read_asked(body: bytes) -> OpsgenieImport:
    try:
        return OpsgenieImport.model_validate_json(body)
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in told]) from None


async def _said(request: Request, name: str) -> bool:
    if not request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return False
    given = (await request.form()).get(name) or ""
    said = given.strip().lower() if isinstance(given, str) else "?"
    if said not in _YES | _NO:
        raise Malformed(reasons=[reason("bool_parsing", "Send true or false.", where=f"body.{name}")])
    return said in _YES
