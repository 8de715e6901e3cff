"""Filling in the attachments of formatted text, which is kept and the same for every reader."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape

_PLACEHOLDER = re.compile(r'<a data-(image|file)="(att_[a-z0-9]{1,60})"[^>]*>(.*?)</a>', re.S)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class ShownFile:
    """An attachment that the reader may see, at ``url``. ``width`` and ``height`` are an image's."""

    id: str
    url: str
    filename: str
    width: int | None = None
    height: int | None = None


def fill_in(html: str, files: Mapping[str, ShownFile]) -> str:
    """Images are drawn, other files are linked. Of what is not among ``files``, only its words are shown."""
    return _PLACEHOLDER.sub(lambda found: _filled(found[1], files.get(found[2]), found[3]), html)


def _filled(kind: str, file: ShownFile | None, inner: str) -> str:
    if file is None:
        return f'<span class="attachment--missing">{inner}</span>'
    address = escape(file.url)
    if kind == "file":
        return f'<a href="{address}" class="attachment">{inner or escape(file.filename)}</a>'
    words = escape(unescape(_TAG.sub("", inner)) or file.filename)
    if file.width is None:
        return f'<a href="{address}" class="attachment">{words}</a>'
    size = f'width="{file.width}" height="{file.height}"'
    return f'<a href="{address}" class="attachment"><img src="{address}" alt="{words}" {size} loading="lazy"></a>'


def has_places(html: str) -> bool:
    """Quickly: whether there is anything to fill in."""
    return "<a data-" in html
