"""A message says what its reader sees in Slack, whichever part of it holds the words."""

import json
from typing import Any

import pytest

from integrations.slack.export import read_export
from integrations.slack.markdown import to_markdown
from integrations.slack.message_words import is_gone, words_of


def section(text: str, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": "section", "text": {"type": kind, "text": text}}


def rich(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(parts)}


def part(kind: str, *runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"rich_text_{kind}", "elements": list(runs)}


def run(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


@pytest.mark.parametrize(
    ("message", "markdown"),
    [
        ({"text": "plain"}, "plain"),
        ({"text": "", "blocks": [section("*Alert*: pool is full")]}, "**Alert**: pool is full"),
        ({"text": "This content can't be displayed.", "blocks": [section("a < b", "plain_text")]}, "a \\< b"),
        (
            {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Down"}}, {"type": "divider"}]},
            "**Down**",
        ),
        (
            {
                "blocks": [
                    {"type": "section", "fields": [{"type": "mrkdwn", "text": "a"}, {"type": "mrkdwn", "text": "b"}]}
                ]
            },
            "a  \nb",
        ),
        (
            {
                "blocks": [
                    {
                        "type": "context",
                        "elements": [
                            {"type": "image", "alt_text": "logo", "image_url": "https://x.example"},
                            {"type": "mrkdwn", "text": "by <@U1>"},
                        ],
                    }
                ]
            },
            "logo by @Jane",
        ),
        (
            {
                "blocks": [
                    rich(
                        part("section", run("see "), {"type": "link", "url": "https://x.example/a?b&c", "text": "it"}),
                        {
                            "type": "rich_text_list",
                            "elements": [part("section", run("one", bold=True)), part("section", run("two"))],
                        },
                        part("preformatted", run("x = 1 < 2")),
                        part("quote", run("said")),
                    )
                ]
            },
            "see [it](https://x.example/a?b&c)  \n\u2022 **one**  \n\u2022 two  \n\n```\nx = 1 < 2\n```\n  \n> said",
        ),
        (
            {
                "blocks": [
                    rich(
                        part("section", {"type": "user", "user_id": "U1"}, run(" "), {"type": "emoji", "name": "fire"})
                    )
                ]
            },
            "@Jane :fire:",
        ),
        ({"blocks": [{"type": "image", "alt_text": "a graph", "image_url": "https://x.example"}]}, "a graph"),
        (
            {
                "attachments": [
                    {"fallback": "f", "pretext": "p", "title": "T", "title_link": "https://x.example", "text": "t"}
                ]
            },
            "p  \n[T](https://x.example)  \nt",
        ),
        ({"attachments": [{"fields": [{"title": "Severity", "value": "SEV1"}]}]}, "Severity: SEV1"),
        ({"attachments": [{"fallback": "only this"}]}, "only this"),
        ({"attachments": [{"blocks": [section("inside")]}]}, "inside"),
        ({"attachments": [{"message_blocks": [{"message": {"blocks": [section("shared")]}}]}]}, "shared"),
        ({"files": [{"name": "a.png", "title": "Graph"}, {"name": "b.log"}]}, "Graph  \nb.log"),
        ({"files": [{"mode": "tombstone"}]}, ""),
        (
            {
                "blocks": [
                    {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]}
                ]
            },
            "a | b",
        ),
        ({"blocks": [{"type": "unheard_of", "text": {"type": "plain_text", "text": "new"}}]}, "new"),
    ],
)
def test_the_words_of_a_message(message: dict[str, Any], markdown: str) -> None:
    assert to_markdown(words_of(message), {"U1": "Jane"}) == markdown


@pytest.mark.parametrize("odd", [None, 1, "x", [1], {}, [{}], [{"type": 5, "text": [], "elements": "x", "fields": 3}]])
def test_odd_shapes_say_nothing(odd: Any) -> None:
    assert (
        words_of({"text": odd if not isinstance(odd, str) else "", "blocks": odd, "attachments": odd, "files": odd})
        == ""
    )


@pytest.mark.parametrize("gone", [{"subtype": "tombstone"}, {"hidden": True}, {"subtype": "message_deleted"}])
def test_a_deleted_message_is_left_out_of_an_import(gone: dict[str, Any]) -> None:
    assert is_gone({"text": "This message was deleted.", **gone})
    marked = {"ts": "1764000000.000100", "pinned_to": ["C1"], "user": "U1"}
    alert = {**marked, "ts": "1764000001.000100", "subtype": "bot_message", "text": "", "blocks": [section("Alert")]}
    day = [{**marked, "text": "This message was deleted.", **gone}, alert]
    read = read_export([("2025-11-24.json", json.dumps(day).encode())])
    assert [one.event for one in read.messages] == ["Alert"]
    assert not read.unread
