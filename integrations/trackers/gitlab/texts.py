"""Titles and descriptions as GitLab takes them, with our marker at the end."""

import re

from domain.tickets import texts
from integrations.text.mentions import disable_mentions, outside_code, restore_mentions

TITLE_LIMIT = 255
BODY_LIMIT = 1_048_576
"""In bytes."""
MARK_ROOM = 100
"""What our marker takes of it."""
_MARK = re.compile(r"\s*<!-- afterword:([A-Za-z0-9_.:-]+) -->")
_COMMAND = re.compile(r"^(\s*)/(?=\w)", re.MULTILINE)
_MENDED_COMMAND = re.compile("^(\\s*)\u2060/", re.MULTILINE)


def size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def short(title: str) -> str:
    line = " ".join(title.replace("\0", "").split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def marked(body: str, marker: str | None, there: str = "") -> str:
    """``body`` as it is sent, with our marker at its end and no other, without any where ``marker`` is None.

    It mentions nobody whom the text ``there`` does not. Commands are always broken, since GitLab would carry them
    out as ours.
    """
    mark = "" if marker is None else f"\n\n<!-- afterword:{marker} -->"
    if mark and not _MARK.fullmatch(mark):
        raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
    text = disable_mentions(_MARK.sub("", body), there)
    text = outside_code(text, lambda part: _COMMAND.sub("\\1\u2060/", part))
    text = texts.shortened(text, BODY_LIMIT - len(mark), size)
    return f"{text}{mark}".lstrip("\n")


def plain(body: str | None) -> str:
    """A description as it was before :func:`marked`."""
    return _MENDED_COMMAND.sub(r"\1/", restore_mentions(_MARK.sub("", unix(body))))


def unix(body: str | None) -> str:
    return (body or "").replace("\r\n", "\n").replace("\0", "")


def mark_in(body: str | None) -> str | None:
    marks = _MARK.findall(body or "")
    return str(marks[-1]) if marks else None
