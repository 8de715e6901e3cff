"""Files of a message that is picked in Slack become attachments of the postmortem, where the app may read them."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from activities.chat.requests import ChatRequest
from application.chat.people import ChatPerson
from application.documents import attachments
from application.documents.attachments import NewFile
from domain.documents.attachments import clean_filename, markdown_for
from domain.errors import DomainError
from integrations.outbound.bounded import ANSWER_LIMIT
from integrations.slack.errors import SlackUnavailable
from models.base import derived_id

FILES_LIMIT = 5


async def attach_files(
    request: ChatRequest, person: ChatPerson, postmortem_id: str, message: Mapping[str, Any]
) -> list[str]:
    """The Markdown by which a text refers to them. A file that can't be attached is left in Slack: the link to the
    message leads there. May run twice."""
    found = []
    for file in _files(message):
        name, url = str(file.get("name") or "file"), str(file["url_private"])
        attachment_id = derived_id("att", postmortem_id, str(file.get("id") or url))
        try:
            media_type = str(file.get("mimetype") or "")
            content = await asyncio.to_thread(request.connection.client().download, url, media_type)
            if content:
                found.append(await _attach(request, person, postmortem_id, attachment_id, name, content))
        except (DomainError, SlackUnavailable):
            continue
    return found


def _files(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those that Slack keeps itself, and that aren't too large to be read here."""
    listed = message.get("files")
    kept = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    for one in kept[:FILES_LIMIT]:
        size = one.get("size")
        if isinstance(one.get("url_private"), str) and isinstance(size, int) and 0 < size <= ANSWER_LIMIT:
            yield one


async def _attach(
    request: ChatRequest, person: ChatPerson, postmortem_id: str, attachment_id: str, name: str, content: bytes
) -> str:
    """Raises what the use case refuses."""
    file = NewFile(clean_filename(name, "file"), len(content), is_for_comment=False)
    async with request.sessions.begin() as session:
        await attachments.check_upload(session, person.viewer, postmortem_id, file)
    with tempfile.TemporaryDirectory(prefix="afterword-slack-") as folder:
        path = Path(folder) / "file"
        await asyncio.to_thread(path.write_bytes, content)
        examined = await attachments.examine_file(path, len(content))
        async with request.sessions.begin() as session:
            await attachments.begin_upload(
                session, person.viewer, postmortem_id, attachment_id, file, examined, request.now
            )
        await attachments.store_file(request.store, attachment_id, examined)
    async with request.sessions.begin() as session:
        await attachments.finish_upload(session, person.viewer, attachment_id, request.now)
    return markdown_for(attachment_id, file.filename, examined.media_type)
