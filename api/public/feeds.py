"""The public feed of listed summaries, as Atom (RFC 4287) and as JSON Feed 1.1; off until an administrator turns it on.

Atom is written by the standard library's ElementTree: it escapes, and a feed library would add lxml for 40 lines.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from xml.etree import ElementTree as ET

import orjson
from fastapi import Header, Request, Response

from api.answers import matches, not_modified
from api.public.routing import router
from api.public.shown import passage
from api.request_context import Parts
from application.sharing import public
from application.sharing.public import FeedEntry
from domain.sharing.summary import feed_title, split_title

routes = router()

TITLE = "Incident summaries"
ATOM = "http://www.w3.org/2005/Atom"
CHECK_EACH_TIME = {"Cache-Control": "no-cache"}
"""A summary that is taken back is gone with the next request."""
ET.register_namespace("", ATOM)

IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]


@routes.get("/p/feed.atom")
async def atom_feed(request: Request, if_none_match: IfNoneMatch = None) -> Response:
    parts: Parts = request.app.state.parts
    entries = await public.read_feed(parts.sessions)
    tag = _tag("atom", entries)
    if if_none_match is not None and matches(if_none_match, tag):
        return _unchanged(tag)
    body = _atom(entries, await _html(parts, entries), parts.settings.base_url)
    return Response(body, headers={"ETag": tag, **CHECK_EACH_TIME}, media_type="application/atom+xml; charset=utf-8")


@routes.get("/p/feed.json")
async def json_feed(request: Request, if_none_match: IfNoneMatch = None) -> Response:
    parts: Parts = request.app.state.parts
    entries = await public.read_feed(parts.sessions)
    tag = _tag("json", entries)
    if if_none_match is not None and matches(if_none_match, tag):
        return _unchanged(tag)
    body = _json(entries, await _html(parts, entries), parts.settings.base_url)
    return Response(body, headers={"ETag": tag, **CHECK_EACH_TIME}, media_type="application/feed+json")


def _unchanged(tag: str) -> Response:
    answer = not_modified(tag)
    answer.headers.update(CHECK_EACH_TIME)
    return answer


async def _html(parts: Parts, entries: Sequence[FeedEntry]) -> list[str]:
    passages = [passage(split_title(one.summary.text)[1], parts.settings) for one in entries]
    return [str(one) for one in await parts.formatter.format(passages)]


def _tag(kind: str, entries: Sequence[FeedEntry]) -> str:
    digest = hashlib.blake2b(kind.encode(), digest_size=12)
    for one in entries:
        digest.update(repr(one).encode("utf-8", "surrogatepass"))
    return f'"{digest.hexdigest()}"'


def _id(key: str) -> str:
    """Stays the same, and tells nothing of the postmortem."""
    digest = hashlib.sha256(f"afterword feed\x00{key}".encode()).digest()
    return f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _atom(entries: Sequence[FeedEntry], html: Sequence[str], base_url: str) -> bytes:
    feed = ET.Element(f"{{{ATOM}}}feed")

    def add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
        made = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
        made.text = _storable(text) or None
        return made

    address = f"{base_url}/p/feed.atom"
    add(feed, "title", TITLE)
    add(feed, "id", address)
    add(feed, "link", rel="self", href=address, type="application/atom+xml")
    add(
        feed,
        "updated",
        _written(max((one.summary.approved_at for one in entries), default=datetime(1970, 1, 1, tzinfo=UTC))),
    )
    add(add(feed, "author"), "name", "Afterword")
    for one, content in zip(entries, html, strict=True):
        entry = add(feed, "entry")
        add(entry, "title", feed_title(one.summary.text))
        add(entry, "id", _id(one.key))
        add(entry, "published", _written(one.summary.published_at))
        add(entry, "updated", _written(one.summary.approved_at))
        add(entry, "content", content, type="html")
    return bytes(ET.tostring(feed, encoding="utf-8", xml_declaration=True))


def _storable(text: str) -> str:
    """Without the control characters that XML 1.0 can't hold."""
    return "".join(one for one in text if one in "\t\n\r" or (one >= " " and one not in "\ufffe\uffff"))


def _json(entries: Sequence[FeedEntry], html: Sequence[str], base_url: str) -> bytes:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": TITLE,
        "feed_url": f"{base_url}/p/feed.json",
        "items": [
            {
                "id": _id(one.key),
                "title": feed_title(one.summary.text),
                "content_html": content,
                "date_published": _written(one.summary.published_at),
                "date_modified": _written(one.summary.approved_at),
            }
            for one, content in zip(entries, html, strict=True)
        ],
    }
    return orjson.dumps(feed)
