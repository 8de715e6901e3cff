"""Texts as pages show them: formatted, with the words of threads highlighted, and people mentioned by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.comments.highlighting import Marked, with_marks, with_names
from domain.content import markdown, visible_text
from domain.sharing.rendering import render_for_outsiders


@dataclass(frozen=True, slots=True)
class Passage:
    """A Markdown text. ``names`` are handles, in lower case, with the name of each. With ``own_host``, it is for
    outsiders, who see neither."""

    text: str
    marks: tuple[Marked, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    own_host: str | None = None


def format_passages(passages: Sequence[Passage]) -> list[str]:
    """Each as HTML, safe to put into a page as it is."""
    return [_format(one) for one in passages]


def _format(passage: Passage) -> str:
    if passage.own_host is not None:
        return render_for_outsiders(passage.text, passage.own_host)
    html = markdown.render(passage.text)
    if passage.marks:
        html = with_marks(html, visible_text.read(passage.text), passage.marks)
    return with_names(html, dict(passage.names))
