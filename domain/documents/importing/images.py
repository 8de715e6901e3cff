"""Images and other files that lie beside a document in its archive, and how its texts refer to them."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from domain.documents.importing.document import ReadDocument

_LINK = re.compile(r"(!?\[[^\]\n]{0,1000}\]\(\s{0,9}<?)([^)\s<>]{1,1000})(>?(?:\s[^)\n]{0,1000})?\))")
_PAGE = re.compile(r"\.(?:md|markdown|html?|json)$|/$", re.I)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.I)


@dataclass(frozen=True, slots=True)
class Beside:
    """A file where a text expects it. ``is_image``: it is shown, not linked."""

    path: str
    is_image: bool


def files_beside(read: ReadDocument, name: str) -> dict[str, Beside]:
    """By how the texts of the document ``name`` refer to them: images, and what is linked and is no page itself."""
    found: dict[str, Beside] = {}
    for reference in read.restored.attachments if read.restored else ():
        found[reference] = Beside(_path(name, reference), is_image=True)
    for text in _texts(read):
        for before, reference, _ in _LINK.findall(text):
            is_image = before.startswith("!")
            if not _ELSEWHERE.match(reference) and (is_image or not _PAGE.search(reference)):
                path = _path(name, reference)
                found[reference] = Beside(path, is_image or (reference in found and found[reference].is_image))
    return found


def _path(document: str, reference: str) -> str:
    plain = unquote(reference.partition("?")[0].partition("#")[0])
    folder = "" if plain.startswith("/") else posixpath.dirname(document)
    return posixpath.normpath(posixpath.join(folder, plain.lstrip("/")))


def with_images(read: ReadDocument, attachments: Mapping[str, str]) -> ReadDocument:
    """The document with its texts referring to attachments, whose ids are by how the texts referred to them before."""

    def changed(text: str) -> str:
        return _LINK.sub(
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
