"""Finds writing suggestions in a text, line by line. The rules are data, in ``domain.style.rules``.

Code, quotes, links, HTML and headings are not advised on: they are blanked out first, so that offsets stay true.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from domain.markdown import parser
from domain.people.time_zones import stated_zone
from domain.style.action_item_rules import ITEM_RULES
from domain.style.metric_rules import METRIC_RULES
from domain.style.rules import TEXT_RULES, Context, Kind, Rule, named_causes

RULES: Mapping[str, Rule] = {one.id: one for one in (*TEXT_RULES, *ITEM_RULES)}
RULE_IDS = frozenset({*RULES, *(one.id for one in METRIC_RULES)})
FINDINGS_LIMIT = 500
"""The most findings in one text: nobody reads more."""
LINE_LIMIT = 20
"""The most findings of one rule in one line."""

_NOT_PROSE = frozenset({"fence", "code_block", "html_block", "blockquote_open", "heading_open"})
_INLINE = tuple(
    (mark, re.compile(pattern, re.S))
    for mark, pattern in (
        ("`", r"(`+)(?!`).+?(?<!`)\1(?!`)"),
        ("<!", r"<!--(?:.*?-->|.*\Z)"),
        ("<", r"</?[a-zA-Z][^<>\n]{0,2000}>|<(?:https?|mailto):[^<>\s]{1,2000}>"),
        (
            "](",
            r"!?\[(?:[^\[\]\n]|\[[^\[\]\n]*\]){0,1000}\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)",
        ),
        ("][", r"!?\[(?:[^\[\]\n]|\[[^\[\]\n]*\]){0,1000}\]\[[^\[\]\n]*\]"),
        ("]:", r"(?m:^\s{0,3}\[[^\]\n]+\]:[^\n]*$)"),
        ("://", r"https?://[^\s)>\]]+"),
        ('"', r"\"[^\"\n]{1,500}\""),
        ("\u201d", r"\u201c[^\u201d\n]{1,500}\u201d"),
        ("\u00bb", r"\u00ab[^\u00bb\n]{1,500}\u00bb"),
        ("'", r"(?<!\w)'[^'\n]{3,300}'(?!\w)"),
    )
)
"""Each with a mark that a text must hold to be searched for it."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_OF_TIMES = re.compile(r"\btimes?\b|zone", re.I)
_MAY_BE_BLOCK = re.compile(r"[\s#>`~<*+\d-]")
_MARKER = re.compile(r"^[\s>#|]*(?:(?:[-*+]|\d{1,3}[.)])\s+)?(?:\[[ xX]\]\s+)?")


@dataclass(frozen=True, slots=True)
class Finding:
    """``line`` counts from 1; ``start`` and ``end`` are code points of that line; ``words`` are what lies between.

    ``fingerprint`` is of the rule and the line's words: it stays when other lines change, or the line is moved.
    """

    rule: str
    line: int
    start: int
    end: int
    words: str
    reason: str
    suggestion: str
    fingerprint: str


def fingerprint(rule: str, line: str) -> str:
    """32 hexadecimal digits; blanks, capitals and list marks do not count."""
    plain = " ".join(_MARKER.sub("", line).split()).casefold()
    return hashlib.sha256(f"{rule}\0{plain}".encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Adviser:
    """Reads texts of one postmortem, in which ``causes`` are sentences that name somebody as a cause."""

    causes: tuple[re.Pattern[str], ...]

    def advise(self, kind: Kind, text: str, *, section: str | None = None) -> list[Finding]:
        """The findings in a text; of one family of rules only the first in the same words."""
        rules = _rules(kind, section)
        lines = _LINE_END.split(text)
        blanked = _blanked(lines)
        zoned = any(stated_zone(line) and _OF_TIMES.search(line) for line in lines)
        context = Context(self.causes, zoned)
        found = [
            one for place, line in enumerate(lines) for one in _in_line(rules, context, place, line, blanked[place])
        ]
        return found[:FINDINGS_LIMIT]


@lru_cache(maxsize=64)
def _rules(kind: Kind, section: str | None) -> tuple[Rule, ...]:
    """Without a section, the rules of all sections."""
    return tuple(one for one in RULES.values() if kind in one.kinds and (section is None or one.holds_in(section)))


def adviser(people: Iterable[str] = ()) -> Adviser:
    """``people`` are the participants' names and handles: a sentence that names one as a cause is a finding."""
    return Adviser(named_causes(people))


def _in_line(rules: Sequence[Rule], context: Context, place: int, line: str, prose: str) -> Iterator[Finding]:
    if not prose.strip():
        return
    taken: list[tuple[str, int, int]] = []
    for rule in rules:
        family = rule.id.partition(".")[0]
        mark = ""
        for start, end in islice(rule.find(prose, context), LINE_LIMIT):
            if any(family == other and start < stop and begin < end for other, begin, stop in taken):
                continue
            taken.append((family, start, end))
            mark = mark or fingerprint(rule.id, line)
            yield Finding(rule.id, place + 1, start, end, line[start:end], rule.reason, rule.suggestion, mark)


def advise_metrics(metrics: Mapping[str, Any]) -> list[Finding]:
    """On the numbers of the impact: each field is a line of its own, such as ``affectedUsers: 0``."""
    return [
        Finding(rule.id, 1, 0, len(line), line, rule.reason, rule.suggestion, fingerprint(rule.id, line))
        for rule in METRIC_RULES
        for line in rule.find(metrics)
    ]


# What is not prose

_BLOCKS = parser("strikethrough", "inline", html=True)


def _blanked(given: Sequence[str]) -> list[str]:
    """The lines with blanks in place of everything that is not prose, each as long as it was."""
    lines = list(given)
    if len(lines) > 1 or _MAY_BE_BLOCK.match(lines[0]):
        for token in _BLOCKS.parse("\n".join(lines).replace("\0", " ")):
            if token.type in _NOT_PROSE and token.map:
                for place in range(token.map[0], min(token.map[1], len(lines))):
                    lines[place] = " " * len(lines[place])
    whole = "\n".join(lines)
    for mark, pattern in _INLINE:
        if mark in whole:
            whole = pattern.sub(_blanks, whole)
    return whole.split("\n")


def _blanks(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found.group())
