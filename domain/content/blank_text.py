"""Whether a section says anything: what counts is what a reader of the page sees."""

import html
import re
import unicodedata
from functools import lru_cache

from domain.markdown import BOXES, page_parser

PARSED = 2000
"""A longer text is not parsed, but judged line by line: that takes a time that only grows with its length."""

_PARSER = page_parser()
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Zl", "Zp", "Zs"})
"""Categories of Unicode without a shape of their own: blanks, controls, joiners, marks of a missing letter."""
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by their category, but drawn as nothing."""
_PLAIN_START = re.compile(
    r"(?:[ \t]*(?:#{1,6}[ \t][^\n]*)?\n)*[ ]{0,3}(?:[-*+>][ ]|\d{1,9}[.)][ ])?[*_]{0,3}"
    r"[^\W\d_\u3164\u115f\u1160\uffa0]{2}"
)
_UNDERLINE = re.compile(r"^[ ]{0,3}(?:=+|-+)[ \t]*$", re.M)
_HEADING = re.compile(r"^[ ]{0,3}#{1,6}(?:[ \t].*)?$|^.*\n[ ]{0,3}(?:=+|-+)[ \t]*$", re.M)
_DEFINITION = re.compile(r"^[ ]{0,3}\[(?!\^)[^\]\n]{1,999}\]:.*$", re.M)
_MARKUP = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])?[ \t]*(?:\[[ xX]\])?|<br\s*/?>|[-*_`~|:=\\#>]", re.M | re.I)


def is_blank(markdown: str, *prompts: str | None) -> bool:
    """Whether a reader sees no words of its author's.

    Comments, headings, rules, empty entries of lists, definitions of links and blanks of any kind say nothing, nor does
    a text that is still one of the ``prompts`` of its template.
    """
    own = [one for one in prompts if one]
    if _is_plain(markdown) and len(markdown) > 2 * max(map(len, own), default=0):
        return False
    said = _said(markdown)
    return not said or any(said == _said(one) for one in own)


def _is_plain(markdown: str) -> bool:
    """Whether it clearly begins with words; most texts do."""
    return (
        _PLAIN_START.match(markdown) is not None
        and "<!--" not in markdown
        and "]:" not in markdown
        and _UNDERLINE.search(markdown) is None
    )


def _said(markdown: str) -> str:
    """Letters and signs of what is written below the headings."""
    if not markdown.strip():
        return ""
    return _seen_in(markdown) if len(markdown) <= PARSED else _left_of(markdown)


@lru_cache(maxsize=4096)
def _seen_in(markdown: str) -> str:
    inside_heading = False
    parts: list[str] = []
    for token in _PARSER.parse(markdown):
        if token.type in {"heading_open", "heading_close"}:
            inside_heading = token.nesting == 1
        elif token.type in {"fence", "code_block"}:
            parts.append(token.content)
        elif token.type == "inline" and not inside_heading:
            text = [child.content or str(child.attrs.get("src", "")) for child in token.children or []]
            parts += text[1:] if text and f"{text[0]} " in BOXES else text
    return "".join(one for part in parts for one in part if _is_seen(one))


def _left_of(markdown: str) -> str:
    """What is left without markup."""
    rest = _without_comments(markdown)
    for pattern in (_DEFINITION, _HEADING, _MARKUP):
        rest = pattern.sub("", rest)
    return "".join(filter(_is_seen, html.unescape(rest)))


def _without_comments(markdown: str) -> str:
    kept, *comments = markdown.split("<!--")
    for place, comment in enumerate(comments):
        _, end, after = comment.partition("-->")
        if not end:
            return kept + "<!--".join(["", *comments[place:]])
        kept += after
    return kept


def _is_seen(one: str) -> bool:
    return one not in _BLANK_LETTERS and unicodedata.category(one) not in _UNSEEN
