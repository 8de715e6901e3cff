"""Images that lie beside a document in its archive, and how its texts refer to them."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import unquote

from domain.documents.importing.document import ReadDocument

_IMAGE = re.compile(r"(!\[[^\]\n]{0,1000}\]\(\s{0,9}<?)([^)\s<>]{1,1000})(>?(?:\s[^)\n]{0,1000})?\))")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.I)


def images_in(read: ReadDocument, name: str) -> dict[str, str]:
    """Where each image lies in the archive, by how the texts of the document ``name`` refer to it."""
    found = (one[1] for text in _texts(read) for one in _IMAGE.findall(text))
    return {one: _path(name, one) for one in found if not _ELSEWHERE.match(one)}


def _path(document: str, reference: str) -> str:
    plain = unquote(reference.partition("?")[0].partition("#")[0])
    folder = "" if plain.startswith("/") else posixpath.dirname(document)
    return posixpath.normpath(posixpath.join(folder, plain.lstrip("/")))


def with_images(read: ReadDocument, attachments: Mapping[str, str]) -> ReadDocument:
    """The document with its texts referring to attachments, whose ids are by how the texts referred to them before."""

    def changed(text: str) -> str:
        return _IMAGE.sub(
            lambda one: f"{one[1]}attachment:{attachments[one[2]]}{one[3]}" if one[2] in attachments else one[0], text
        )

    return replace(
        read,
        texts={name: changed(text) for name, text in read.texts.items()},
        events=tuple(replace(one, event=changed(one.event)) for one in read.events),
        items=tuple(replace(one, details=changed(one.details) if one.details else None) for one in read.items),
    )


def _texts(read: ReadDocument) -> Iterable[str]:
    yield from read.texts.values()
    for event in read.events:
        yield event.event
    for item in read.items:
        yield item.details or ""
