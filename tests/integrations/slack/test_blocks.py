"""Every block and view that we send, judged by ``slack_sdk``'s own models; the judge, by what Slack would refuse."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notifications.headlines import begin, headline
from domain.notifications.notices import KINDS, kind_of
from integrations.notifier import Act, Entry, Fact, Group, Link, Message, MessageKind
from integrations.slack.blocks import (
    METADATA_LIMIT,
    Choice,
    Face,
    entry_blocks,
    fallback,
    message_blocks,
    neutral_blocks,
    preview_blocks,
    reason_dialog,
    section,
    settled,
    snooze_dialog,
    timeline_dialog,
)
from integrations.slack.mrkdwn import escaped, linked, to_mrkdwn
from tests.peers.slack import Misshapen, judged, judged_view

Json = dict[str, Any]
NASTY = "<!channel> & <@U1> *b* _i_ ~s~ `c` ```x``` | <https://a|b> \n > q 🦆"


def entry(number: int = 1, **fields: Any) -> Entry:
    told: dict[str, Any] = {
        "id": f"ntc_{number}",
        "kind": "overdue",
        "group": Group.OVERDUE,
        "text": f"It is late, {NASTY}",
        "title": f"Alert at 80 % {NASTY}",
        "link": f"https://afterword.example/action-items/ai_{number}",
        "action_item_id": f"ai_{number}",
        "quote": NASTY,
        "facts": (Fact("Due", f"Tue, Dec 1 {NASTY}"),),
        "why": f"Automatic reminder, because {NASTY}.",
        "action": Link("Open action item", f"https://afterword.example/action-items/ai_{number}"),
        "acts": tuple(Act),
    }
    return Entry(**{**told, **fields})


def message(*entries: Entry, **fields: Any) -> Message:
    told: dict[str, Any] = {
        "id": "msg_1",
        "kind": MessageKind.DIGEST,
        "subject": f"Three things {NASTY}",
        "entries": entries,
        "zone": "Asia/Kolkata",
        "created_at": datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
        "preferences_url": "https://afterword.example/me",
    }
    return Message(**{**told, **fields})


def whole(blocks: list[Json]) -> str:
    return json.dumps(blocks)


@pytest.mark.parametrize("count", [0, 1, 7, 60, 500])
def test_messages_are_of_slack_s_shape(count: int) -> None:
    groups = list(Group)
    entries = [entry(number, group=groups[number % len(groups)]) for number in range(count)]
    told = message(*entries, intro=NASTY)
    blocks = message_blocks(told)
    judged(blocks)
    assert len(fallback(told)) <= 2000
    if count == 500:
        assert "more" in whole(blocks[-2:])
    if 0 < count <= 7:
        assert all(f"ai_{number}.{place}" in whole(blocks) for place, number in [(1, 0)])


def test_long_texts_are_cut() -> None:
    judged(entry_blocks(entry(title="x" * 10_000, text="<" * 10_000), 1))
    judged(message_blocks(message(subject="s" * 1000, intro="i" * 9000)))
    judged([section("y" * 9000)])


@pytest.mark.parametrize("act", list(Act))
def test_the_buttons_of_an_entry(act: Act) -> None:
    told, row, why = entry_blocks(entry(acts=(act,)), 3)
    judged([told, row, why])
    button, opened = row["elements"]
    assert (button["action_id"], button["value"]) == (act.value, "ai_1")
    assert opened["url"] == "https://afterword.example/action-items/ai_1"


@pytest.mark.parametrize("kind", [*KINDS, "something_new"])
def test_each_kind_of_notice(kind: str) -> None:
    """The title is the link, once; the facts are fields; the button is a link."""
    text = begin(headline(kind, target="published", due="due Wed", detail=NASTY))
    acts = tuple(Act(one) for one in kind_of(kind).acts)
    told = entry(kind=kind, text=text, title="Checkout failed", acts=acts, group=Group(kind_of(kind).group))
    blocks = entry_blocks(told, 1)
    judged(blocks)
    assert [one["type"] for one in blocks] == ["section", "actions", "context"]
    words = blocks[0]["text"]["text"]
    assert words.count("Checkout failed") == 1
    assert words.startswith(f"*<{told.link}|Checkout failed>*\n")
    assert [one["text"].partition("\n")[0] for one in blocks[0]["fields"]] == ["*Due*"]


def test_the_fallback_says_what_was_said() -> None:
    alone = entry(quote="Can you check?", title="Checkout failed", facts=(Fact("Due", "Tue, Dec 1 (18 days late)"),))
    said = fallback(message(alone, subject="Checkout failed: Jane Doe mentioned you"))
    assert said == "Checkout failed: Jane Doe mentioned you. “Can you check?”. Due: Tue, Dec 1 (18 days late)"
    two = fallback(message(alone, alone, subject="2 overdue"))
    assert two.startswith("2 overdue. Checkout failed: It is late")


def test_nobody_is_mentioned_by_what_people_wrote() -> None:
    """A header is plain text, which Slack shows as it is."""
    told = whole(message_blocks(message(entry(), subject="Two", intro=NASTY)))
    told += fallback(message(entry()))
    for word in ("<!channel>", "<@U1>", "<https://a|b>"):
        assert word not in told
    assert escaped("<!here> a & b snake_case 2*3") == "&lt;!here&gt; a &amp; b snake_case 2*3"
    assert linked("a|b <c>", "https://x.example/1") == "<https://x.example/1|a/b &lt;c&gt;>"


def test_dialogs_are_of_slack_s_shape() -> None:
    judged_view(reason_dialog(Act.REQUEST_CHANGES, "*about*", "{}"))
    judged_view(reason_dialog(Act.WONT_DO, NASTY, "m" * METADATA_LIMIT))
    judged_view(snooze_dialog("x" * 5000, "{}", date(2026, 12, 1)))
    for count in (1, 100, 300):
        choices = [Choice(f"pm_{one}", f"#{one} {NASTY * 5}") for one in range(count)]
        judged_view(timeline_dialog(choices, "{}", may_bind=True))
        judged_view(timeline_dialog(choices, "{}", may_bind=False))
    with pytest.raises(ValueError, match="3,000"):
        reason_dialog(Act.WONT_DO, "x", "m" * (METADATA_LIMIT + 1))


def test_previews_are_of_slack_s_shape() -> None:
    judged(preview_blocks(Face(7, NASTY * 30, "IN_REVIEW", "https://x.example/pm_1", NASTY * 200, ("2 open",))))
    judged(preview_blocks(Face(7, "t", "PUBLISHED", "https://x.example/pm_1", None)))
    judged(neutral_blocks())


def test_a_pressed_row_gives_way_to_what_happened() -> None:
    blocks = message_blocks(message(entry(1), entry(2)))
    after = settled(blocks, "ai_2.2", "Done, says <@U1>")
    judged(after)
    assert len(after) == len(blocks)
    assert [one["type"] for one in after if one.get("block_id") == "ai_2.2"] == ["context"]
    assert [one["type"] for one in after if one.get("block_id") == "ai_1.1"] == ["actions"]
    judged(settled(blocks, "unknown", "Done"))
    judged(settled([section("x") for _ in range(50)], "", "Done"))


@given(st.text(max_size=4000))
def test_any_markdown_becomes_a_section(text: str) -> None:
    words = to_mrkdwn(text, 1200)
    assert len(words) <= 1200
    assert "<!" not in words
    assert "<@" not in words
    if words:
        judged([section(words)])


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**bold** and *it* and ~~not~~", "*bold* and _it_ and ~not~"),
        ("# Head", "*Head*"),
        ("- one\n- two\n  1. three", "• one\n• two\n    1. three"),
        ("[here](https://x.example/a)", "<https://x.example/a|here>"),
        ("[here](javascript:alert(1))", "[here](javascript:alert(1))"),
        ("`a<b`", "`a&lt;b`"),
        ("```\nx < y\n```", "```x &lt; y```"),
        ("> said", "> said"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a   b\n1   2"),
    ],
)
def test_markdown_as_slack_writes_it(markdown: str, expected: str) -> None:
    assert to_mrkdwn(markdown, 1000).replace("\u200b", "") == expected


# The judge


def _button(**fields: Any) -> Json:
    return {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}, **fields}


def _actions(*elements: Json, **fields: Any) -> Json:
    return {"type": "actions", "block_id": "b", "elements": list(elements), **fields}


REFUSED: dict[str, Callable[[], list[Json]]] = {
    "an unknown block": lambda: [{"type": "sektion", "text": {"type": "mrkdwn", "text": "x"}}],
    "an unknown element": lambda: [_actions({"type": "knob", "action_id": "a"})],
    "an unknown field": lambda: [{**section("x"), "colour": "red"}],
    "a long text": lambda: [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
    "a long button": lambda: [_actions(_button(text={"type": "plain_text", "text": "x" * 76}))],
    "a long value": lambda: [_actions(_button(value="x" * 2001))],
    "a long header": lambda: [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
    "an unknown style": lambda: [_actions(_button(style="loud"))],
    "too many elements": lambda: [_actions(*[_button(action_id=str(one)) for one in range(26)])],
    "too many blocks": lambda: [section("x")] * 51,
    "an id twice": lambda: [_actions(_button()), _actions(_button())],
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_judge_refuses(name: str) -> None:
    with pytest.raises(Misshapen):
        judged(REFUSED[name]())


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"private_metadata": "x" * 3001},
        {"blocks": [{"type": "unknown"}]},
        {"type": "sheet"},
        {"colour": "red"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_the_judge_refuses_views(change: Json) -> None:
    view = reason_dialog(Act.WONT_DO, "x", "{}")
    judged_view(view)
    with pytest.raises(Misshapen):
        judged_view({**view, **change})
