"""Every kind of notice and every receiver: what a mail server and Slack get, compared with what is kept."""

import re

import pytest

from domain.notifications.headlines import HEADLINES, headline
from domain.notifications.meanings import GROUPS
from domain.notifications.notices import KINDS, NoticeKind, SettledBy
from integrations.notifier import Entry, Group, Message
from integrations.slack.blocks import message_blocks
from tests.messages import goldens
from tests.messages.examples import Example, all_examples, of_kind
from tests.messages.scene import BASE, ITEM, PM, TITLE
from tests.peers.slack import judged

EXAMPLES = all_examples()
SAY_NO_MORE = "All times are in Europe/Berlin."


def example(name: str) -> Message:
    return next(one.message for one in EXAMPLES if one.name == name)


def test_mails_are_as_kept() -> None:
    """What arrived at a real server, read with a strict policy."""
    received = goldens.letters(EXAMPLES)
    for letter in received:
        assert not letter.defects
        assert not [one for part in letter.walk() for one in part.defects]
    assert goldens.mails(EXAMPLES, received) == goldens.MAILS.read_text(), "python -m tests.messages.goldens"
    by_kind = dict(zip(NoticeKind, received, strict=False))
    assert goldens.document(by_kind) == goldens.DOCUMENT.read_text(), "python -m tests.messages.goldens"


def test_blocks_are_as_kept() -> None:
    assert goldens.blocks(EXAMPLES) == goldens.BLOCKS.read_text(), "python -m tests.messages.goldens"


@pytest.mark.parametrize("one", EXAMPLES, ids=lambda one: one.name)
def test_slack_takes_the_blocks(one: Example) -> None:
    judged(message_blocks(one.message))


@pytest.mark.parametrize("kind", NoticeKind)
def test_no_kind_is_without_a_sentence_a_group_or_a_rule(kind: NoticeKind) -> None:
    assert kind in KINDS
    assert kind in HEADLINES
    assert len([one for one in GROUPS.values() if kind in one.kinds]) == 1
    assert KINDS[kind].group in set(Group)
    assert KINDS[kind].settled_by in SettledBy


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_says_who_why_and_what_to_do(kind: NoticeKind) -> None:
    (entry,) = of_kind(kind).message.entries
    assert "…" not in entry.text, "a fact is missing"
    assert re.search(r"^(?:You get this|Sent automatically,|Automatic reminder,) because .+\.$", entry.why)
    assert entry.action is not None
    assert entry.action.url.startswith(f"{BASE}/")
    if KINDS[kind].told_of and KINDS[kind].told_of != KINDS[kind].says and kind is not NoticeKind.REVIEW_PENDING:
        assert re.match(r"Jane Doe|Bob Marsh", entry.text)


@pytest.mark.parametrize("kind", NoticeKind)
def test_what_is_told_without_its_actor_is_a_clause(kind: NoticeKind) -> None:
    said = headline(kind, target="published", person="Lee", delegate="Bob", when="today")
    assert "…" not in said.replace("{", "…")
    assert not said.endswith(".")


@pytest.mark.parametrize(
    "kind", [NoticeKind.MENTIONED, NoticeKind.COMMENT_ADDED, NoticeKind.COMMENT_REPLIED, NoticeKind.CHANGES_REQUESTED]
)
def test_a_comment_is_quoted_and_linked(kind: NoticeKind) -> None:
    (entry,) = of_kind(kind).message.entries
    assert entry.quote
    assert entry.action is not None
    assert entry.action.url == f"{BASE}/postmortems/{PM}#c-cmt_1"


def test_late_steps_of_one_postmortem_are_one_entry() -> None:
    message = example("escalation_of_a_postmortem")
    (entry,) = message.entries
    assert message.subject == f"{TITLE}: 4 steps are late, the first by 18 days (author: Jane Doe)"
    assert entry.points[0].text.startswith("The first draft is 18 days late (was due ")
    assert {one.label: one.url.removeprefix(f"{BASE}/postmortems/{PM}") for one in entry.links} == {
        "Reassign": "?edit=author#fact-author",
        "Extend": "#extend-draft_started",
        "Waive": "#waive-draft_started",
    }
    assert facts(entry)["Reminded before"] == "Jane Doe on Tue, Nov 10 and on Thu, Nov 12"
    assert "Reminded before" in facts(example("escalation_without_earlier_reminders").entries[0])


def facts(entry: Entry) -> dict[str, str]:
    return {one.label: one.value for one in entry.facts}


def test_counts_agree() -> None:
    assert example("digest_of_many").subject.startswith("2 overdue, 1 waiting for others: ")
    assert example("escalation_of_both").subject == f"{TITLE} and 1 more are still not done"


def test_a_second_round_says_what_changed() -> None:
    (entry,) = example("second_round").entries
    assert facts(entry)["Changed since your review"] == "Summary and Impact"
    assert entry.links[0].url == f"{BASE}/postmortems/{PM}/changes?since=rev_1"


def test_an_outsider_learns_nothing_of_a_private_postmortem() -> None:
    """Neither in the mail nor in Slack, though everything was there to be quoted."""
    message = example("outsider_of_a_private_one")
    (letter,) = goldens.letters([one for one in EXAMPLES if one.message is message])
    everything = letter.as_string() + str(message_blocks(message))
    assert ITEM in everything
    for secret in (TITLE, "Jane Doe", "connection pool", "95 minutes", "Summary"):
        assert secret not in everything


def test_the_zone_is_named_once() -> None:
    for one in EXAMPLES:
        (letter,) = goldens.letters([one]) if one.name == "digest_of_many" else [None]
        if letter is not None:
            assert goldens.text_of(letter).count("Europe/Berlin") == 1
            assert SAY_NO_MORE in goldens.text_of(letter)
