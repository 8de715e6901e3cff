"""Titles, descriptions and comments as Asana takes them, with our marker as the last line."""

import re

from domain.tickets import texts
from integrations.trackers.asana.html import normal, rewritten, to_html, to_markdown

TITLE_LIMIT = 1_024
BODY_LIMIT = 60_000
"""Characters of Markdown; Asana documents no limit, and refuses a description that is far longer."""
MARKER = re.compile(r"[A-Za-z0-9_.:-]+")
_MARK = re.compile(
    rf"(?<!\s)\s*(?:<code>afterword:({MARKER.pattern})</code>|(?<=[\n>])afterword:({MARKER.pattern})(?=\s*(?:<|$)))"
)


def one_line(title: str) -> str:
    line = " ".join(title.replace("\0", "").split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def marked(body: str, marker: str | None, *, comment: bool = False, there: str | None = None) -> str:
    """``body`` as Asana's HTML with our marker as its last line; without any where ``marker`` is None.

    What stands in the description ``there`` and is not touched stays as it is; raises ``CannotKeep``.
    """
    text = texts.shortened(body, BODY_LIMIT)
    html = to_html(text, comment=comment) if there is None else rewritten(_MARK.sub("", there), text)
    if marker is None:
        return html
    if not MARKER.fullmatch(marker):
        raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
    inside = html.removeprefix("<body>").removesuffix("</body>")
    between = "\n\n" if inside else ""
    return f"<body>{inside}{between}<code>afterword:{marker}</code></body>"


def body_of(html: str) -> str:
    return to_markdown(_MARK.sub("", html))


def mark_in(html: str) -> str | None:
    marks = [one for pair in _MARK.findall(html) for one in pair if one]
    return str(marks[-1]) if marks else None


def canonical(body: str) -> str:
    """What Asana can express of a text."""
    return normal(body)
