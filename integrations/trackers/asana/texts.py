"""Titles, descriptions and comments as Asana takes them, with our marker as the last line."""

import re

from integrations.trackers.asana.html import to_html, to_markdown

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


def marked(body: str, marker: str | None, *, comment: bool = False) -> str:
    """``body`` as Asana's HTML with our marker as its last line; without any where ``marker`` is None."""
    text = body if len(body) <= BODY_LIMIT else f"{body[: BODY_LIMIT - 1]}…"
    html = to_html(text, comment=comment)
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
