"""Everything that people read is plain American English, and every refusal is a sentence that helps."""

import re
from collections.abc import Iterator

import pytest

from domain.errors import BY_CODE
from domain.notifications.notices import KINDS, NoticeKind, sentence
from tests import words
from tests.cli.running import ROOT
from tests.words import Said

DOCUMENTS: tuple[str, ...] = ("web/**/*.html", "web/**/*.js", ".env.example", "*.md", "docs/**/*.md")
"""Files whose whole text is checked besides what is collected; add ``README.md`` and ``docs/**/*.md`` here."""

PHRASES = (
    "Nothing to remark",
    "remarks on the wording",
    "Everything is there",
    "Only its author writes",
    "Nobody waits for your review",
    "You are writing nothing at the moment",
    "Ask a whole team",
    "Ask somebody to review",
    "Who reviews instead",
    "Give them one",
    "Account there",
    "From theirs to yours",
    "Their names that mean one of ours",
    "Who wins where both changed a field",
    "Disconnect for good",
    "Those that were given up",
    "It needs attention",
    "It is well again",
    "Read like this",
    "look whether it is right",
    "Take those that are ticked",
    "Take the starred messages",
    "changed the same lines meanwhile",
    "Use theirs instead",
    "Add a word to reach older ones",
    "Not everything was saved",
    "Begin the draft",
    "Begin a new one with this",
    "Which section to add",
    "A section of our own",
    "A field is a fact of one kind",
    "What was promised",
    "Promised then, still open",
    "The week of",
    ", who is away: ",
    "waits for the review of",
    "asked for before, and is not done",
    "A target that slipped twice",
)
"""The whole phrases in the left-hand column of words.md."""

STRANGE = re.compile(r"\b(?:somebody|everybody|anybody|nobody|whoever|meanwhile|rungs?|nudges?|cannot|anew)\b", re.I)
EXAMPLES_OF_PEOPLE = re.compile(r"domain/(?:style|timeline|people|incidents)/|tests/")
"""Where sentences are quoted as people write them."""

ADVICE = re.compile(
    r"(?:^|[.:;,] |\bor |\band )(?:Send|Ask|Create|Check|Reload|See|Fix|Start|Choose|Select|Correct|Complete|Describe"
    r"|Give|Explain|Resolve|Fetch|Edit|Make|Add|Remove|Use|Try|Link|Unlink|Enter|Stop|Change|Submit|nothing|combine)\b"
)
FINAL = frozenset(
    {
        *("TargetSettled", "TrackerRefused", "NotifierRefused", "PublisherRefused", "MalformedWebhook"),
        *("NothingToReplay", "CalendarRefused", "ConferenceRefused"),
    }
)
"""Refusals that end with what a vendor said, or that no one can do anything about."""


@pytest.fixture(scope="module")
def said() -> list[Said]:
    return words.collect()


@pytest.mark.parametrize("code", BY_CODE)
def test_a_refusal_is_a_whole_sentence(code: str) -> None:
    refusal = words.example(BY_CODE[code])
    text = str(refusal)
    assert re.match(r"['A-Z]", text), text
    assert text.endswith("."), text
    assert not re.search(r"[{}?]|\.\.|  ", text), text
    assert not re.search(r"\b[a-z]+_[a-z_]+\b", text), f"{text}: a name of the code"
    assert not any(re.search(rf"\b{one}\b", text) for one in BY_CODE if re.search(r"[a-z][A-Z]", one)), text
    assert code in FINAL or ADVICE.search(text), f"{text}: what can people do?"
    assert refusal.title, code
    assert not refusal.title.endswith("."), refusal.title


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_is_a_sentence(kind: NoticeKind) -> None:
    text = sentence(kind, title="Checkout", target="published", due="then", person="Jane", delegate="Bob", detail="x")
    assert "Checkout" in text
    assert re.match(r"[“A-Z]", text), text
    assert not re.search(r"[{}…]|[.]$", text), text


@pytest.mark.parametrize("kind", [one for one in NoticeKind if KINDS[one].told_of])
def test_a_notice_says_who_did_it(kind: NoticeKind) -> None:
    text = sentence(kind, title="Checkout", due="Tue, Dec 1, 2026", actor="Jane Doe", detail="was reopened")
    assert text.startswith("Jane Doe ")
    assert "“Checkout”" in text
    assert not re.search(r"[{}…]|[.]$", text), text


def test_nothing_is_due_without_a_date() -> None:
    for kind in NoticeKind:
        assert not re.search(r"due (?:now|$)", sentence(kind, title="Checkout", person="Jane", detail="x")), kind
    assert sentence(NoticeKind.ACTION_ITEM_DUE, title="Checkout") == "“Checkout” no longer has a due date"


def test_every_kind_of_notice_is_described() -> None:
    """That only these kinds are written, mypy checks: ``notify`` takes nothing else."""
    assert KINDS.keys() == set(NoticeKind)


def test_nothing_reads_as_it_once_did(said: list[Said]) -> None:
    found = [(one.where, phrase) for one in [*said, *_documents()] for phrase in PHRASES if phrase in one.text]
    assert found == []


def test_people_are_spoken_to_in_plain_words(said: list[Said]) -> None:
    found = [one for one in said if STRANGE.search(one.text) and not EXAMPLES_OF_PEOPLE.match(one.where)]
    found = [one for one in found if one.text != "Cannot Reproduce"]  # Jira's own word
    assert found == []


def test_labels_are_no_sentences(said: list[Said]) -> None:
    """Buttons, headings and table heads end without a period."""
    titles = [one for one in said if one.where.startswith("web/") and re.fullmatch(r"[A-Z][\w' ]{1,18}\.", one.text)]
    assert titles == []


def test_the_list_holds_every_kind_of_text(said: list[Said]) -> None:
    places = "\n".join(one.where for one in said)
    for source in ("web/templates/home/", "web/static/", "refusal Not", "notice pub", "domain/", "cli/", "openapi"):
        assert source in places, source
    assert len(said) > 1500


def _documents() -> Iterator[Said]:
    for pattern in DOCUMENTS:
        for file in sorted(ROOT.glob(pattern)):
            yield Said(str(file.relative_to(ROOT)), " ".join(file.read_text().split()))
