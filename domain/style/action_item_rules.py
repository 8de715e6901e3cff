"""Rules about descriptions of action items: one task, with a verb and a visible end. The examples are the tests."""

import re
from collections.abc import Callable

from domain.style.rules import Context, Kind, Rule, Spans

ITEM = frozenset({Kind.ACTION_ITEM})

_START = re.compile(r"^[\s*_~]*(?:[-*+\u2022]\s+|\d{1,3}[.)]\s+)?(?:\[[ xX]\]\s+)?[*_]{0,3}(?:[A-Z][\w/-]{1,20}:\s+)?")
_SURE = """
add remove create write move replace upgrade migrate enable disable configure implement introduce ensure increase
decrease reduce automate set teach train define delete rename split install notify investigate publish extend improve
evaluate consider raise lower build make give send ask find turn rotate revoke expose enforce prevent separate merge
rewrite reconfigure provision decommission consolidate educate announce establish streamline
"""
"""Verbs that are never nouns."""
_OTHER = """
document update test review fix patch deploy alert monitor log limit plan change report release run use check switch
start stop drop keep bump pin lock cap scale schedule share store stress tune validate verify warn watch wire wrap
adopt adjust agree align allow apply archive assess assign audit avoid back backport block cache clean clarify close
collect communicate compare complete contact convert copy cover debug decide declare decouple deprecate describe
design detect determine develop discuss download drain draw eliminate encrypt enhance escalate estimate examine expand
explain explore export extract fail figure file filter finish follow force generate get handle harden hold identify
import inform integrate isolate learn let link list look maintain map mark measure minimize mitigate modify onboard
open optimise optimize order organise organize override perform pick prepare preserve print process propose protect
provide purchase push put raise read rebuild reconsider record recover refactor refine reject remind reorganize
reorganise repair repeat reproduce request require research reset resize resolve respond restart restore restrict
retire retry revert revisit rework roll route save scan search secure see serve setup ship show simplify simulate
speed standardise standardize strengthen submit subscribe support surface sync tag take talk throttle track transfer
trigger try understand undo unify uninstall unblock upload upstream visualise visualize wait work reflect note come
cordon cull curate have need must should will be bring do go reach rethink done
"""
_SURE_VERBS = frozenset(_SURE.split())
_VERBS = _SURE_VERBS | frozenset(_OTHER.split())
_FORM = re.compile(r"^([a-z]{2,}?)(?:ing|ed)$")
TOPIC_WORDS = 8
"""A text of at most this many words without a verb is a topic; a longer one explains itself."""
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
_MEASURED = re.compile(
    r"\d|%|\bwith\b|\bby \w+ing\b|\bso (?:that|we|it)\b|\bsuch that\b|\bwhen(?:ever)?\b|\bbefore\b|\bfrom\b.*\bto\b"
    r"|\bto (?:include|show|alert|cover|fail|page|reject|log|report|warn|detect|allow|handle|support|notify|check)\b",
    re.I,
)
_OUTCOME = re.compile(
    r"\b(?:and|then|to) (?:decide|document|write|propose|report|fix|choose|agree|recommend|implement|remove"
    r"|replace|file)\b"
    r"|\bdecide\b|\bwrite[- ]?up\b|\bproposal\b|\brecommendation\b|\bspike\b|\btime-?box\w*\b|\bdecision\b"
    r"|\bso that\b",
    re.I,
)
_VAGUE = re.compile(
    r"(?:(?:generally|continue to|further|better|also)\s+)?(?:improve|enhance|strengthen|optimi[sz]e|harden"
    r"|better|increase (?:the )?(?:awareness|visibility"
    r"|robustness|resilience|reliability|quality)|more|expand)\b[^.;\n]*",
    re.I,
)
_INTENT = re.compile(
    r"(?:let's |we (?:should|could|need to|must) |should )?(?:investigate|look (?:in)?to|explore|research"
    r"|consider|discuss|think about|evaluate|assess"
    r"|figure out|understand|talk (?:to|with|about)|have a talk|revisit|examine|reconsider|find out)\b[^.;\n]*",
    re.I,
)
_CAREFUL = re.compile(
    r"\b(?:be (?:more |extra )?(?:careful|aware|cautious|mindful|diligent|vigilant)"
    r"|pay (?:more |closer |better )?attention"
    r"|remember to|keep in mind|try (?:harder|not to)|do(?:n't| not) (?:forget|do (?:it|this|that) again)"
    r"|take more care"
    r"|more carefully|double[- ]check)\b[^.;\n]*",
    re.I,
)
_JOINED = re.compile(r"(?:,?\s+(?:and|then)|[,;])\s+(?:also\s+|then\s+)?([A-Za-z]+)(?! sure)\s+[A-Za-z]", re.I)


def _task(line: str) -> tuple[int, int]:
    """The span of the task itself, after list marks, a box and a label: the bold beginning, else the first sentence."""
    found = _START.match(line)
    start = found.end() if found else 0
    bold = line.find("**", start) if line[:start].endswith("**") else -1
    stop = re.search(r"[.;:](?=\s)", line[start:])
    end = bold if bold > start else start + stop.start() if stop else len(line.rstrip())
    return start, end


def _beginning_with(pattern: re.Pattern[str], unless: re.Pattern[str]) -> Callable[[str, Context], Spans]:
    def find(line: str, _: Context) -> Spans:
        found = pattern.match(line, *_task(line))
        if found and not unless.search(line):
            yield found.start(), found.start() + len(found.group().rstrip())

    return find


def _careful(line: str, _: Context) -> Spans:
    for found in _CAREFUL.finditer(line):
        yield found.start(), found.start() + len(found.group().rstrip())


def _several(line: str, _: Context) -> Spans:
    start, end = _task(line)
    first = _WORD.match(line, start)
    if first is None or first.group().lower() not in _VERBS:
        return
    for found in _JOINED.finditer(line, first.end(), end):
        between = line[first.end() : found.start()]
        purpose = any(one.lower() in _VERBS for one in re.findall(r"\bto (\w+)", between))
        if found[1].lower() in _SURE_VERBS and between.strip() and not purpose:
            yield found.start(1), end
            return


def _no_verb(line: str, _: Context) -> Spans:
    start, end = _task(line)
    words = [one.lower() for one in _WORD.findall(line[start:])]
    if 0 < len(words) <= TOPIC_WORDS and not any(_is_verb(one) for one in words):
        yield start, end


def _is_verb(word: str) -> bool:
    """Forms in -ing and -ed count, too."""
    word = word.removeprefix("re-")
    found = _FORM.match(word)
    return word in _VERBS or bool(found and {found[1], found[1] + "e", found[1][:-1]} & _VERBS)


ITEM_RULES = (
    Rule(
        "action.vague",
        ITEM,
        _beginning_with(_VAGUE, _MEASURED),
        "It isn't clear when this is done.",
        "Describe the result you can check, for example: Alert when the pool is above 80% for five minutes.",
        bad=("Improve monitoring", "Enhance the documentation", "**Strengthen our review process**"),
        good=(
            "Improve p99 of checkout to 300 ms",
            "Improve the dashboard by adding pool usage",
            "Add an alert at 80 %",
        ),
    ),
    Rule(
        "action.intention",
        ITEM,
        _beginning_with(_INTENT, _OUTCOME),
        "An investigation has no clear end, and its result is easily lost.",
        "Describe the outcome, for example: Decide whether to move to X, and write down why.",
        bad=("Investigate the memory leak", "Look into connection pooling", "Consider using a queue"),
        good=(
            "Investigate the memory leak and write up the cause",
            "Decide whether to use a queue",
            "Add a queue in front of the mailer",
        ),
    ),
    Rule(
        "action.careful",
        ITEM,
        _careful,
        "Asking people to be careful doesn't prevent the next incident.",
        "Change the tool or the process so that it doesn't depend on care.",
        bad=("Be more careful with migrations", "Remember to check the graphs", "Pay closer attention to alerts"),
        good=("Refuse a migration that locks a table for more than a second",),
    ),
    Rule(
        "action.several",
        ITEM,
        _several,
        "This combines several tasks, so one may be closed with the other undone.",
        "Create one action item for each, with its own owner and due date.",
        bad=(
            "Add an alert for the pool and write a runbook",
            "Upgrade the client, then remove the workaround",
        ),
        good=(
            "Add an alert for the pool and the queue",
            "Upgrade the client and check that nothing breaks",
            "Document and share the procedure",
            "Add metrics and alert rules for the pool",
            "Add a switch to disable the rollout and enable the merge",
            "Keep an eye on the first renewal and make sure that it works",
            "**Add a queue**: it takes the load, and we remove the limit later",
        ),
    ),
    Rule(
        "action.no-verb",
        ITEM,
        _no_verb,
        "This names a topic, not a task.",
        "Start with a verb: add, remove, limit, document.",
        bad=("Connection pool", "A runbook", "Alerts, alerts, alerts"),
        good=(
            "Add connection pool monitoring",
            "Connection pool: limit it to 40",
            "Monitoring the queue in Grafana",
            "Timeouts raised to 5 s",
        ),
    ),
)
