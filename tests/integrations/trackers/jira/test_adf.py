"""Markdown and Atlassian Document Format: each document is judged by Atlassian's schema, each text settles at once."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import ValidationError

from integrations.trackers.jira.adf import to_adf, to_markdown
from tests.peers.jira_openapi import JiraJudge


def normal(markdown: str) -> str:
    """How a text comes back from Jira."""
    return to_markdown(to_adf(markdown))


Json = dict[str, Any]

SAME = [
    "",
    "One line.",
    "Two lines\nof one paragraph.",
    "Page before the queue is full.\n\n- [runbook](https://example.com/runbook)\n- `queue_depth > 1000`",
    "snake_case, 2 * 3 * 4, a < b, C# and C++, 50% [sic] & more | or less",
    "**bold**, *slanted*, ~~gone~~, ***both***, **bold with *slanted* in it**",
    "**bold [with a link](https://example.com/a_b) in it**",
    "`code`, ``a`b`` and [`linked code`](https://example.com)",
    "<https://example.com/a?b=c&d=e>",
    "# One\n\n## Two\n\n###### Six",
    "- one\n  - two\n    - three\n- four",
    "3. three\n4. four\n   - inner\n5. five",
    "1. a\n\n   second paragraph\n\n   ```sh\n   make test\n   ```\n2. b",
    "- one\n\n* another list\n\n- and another",
    "- [ ] to do\n- [x] done\n  - [ ] smaller",
    "- [ ] to do\n- no task",
    "```python\ndef f():\n    return '```'\n```".replace("'```'", "'``'"),
    "````\n```\n````",
    "> quoted\n> twice\n>\n> - listed",
    "| a | b |\n| --- | --- |\n| 1 | `x \\| y` |\n| **2** |  |",
    "above\n\n---\n\nbelow",
    "@jane, [~accountid:5b10ac8d82e05b22cc7d4ef5] and <@U123> are words",
]


@pytest.mark.parametrize("markdown", SAME)
def test_a_plain_text_comes_back_as_it_was(jira_judge: JiraJudge, markdown: str) -> None:
    document = to_adf(markdown)
    jira_judge.check_document(document)
    assert to_markdown(document) == markdown


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("* a\n* b", "- a\n- b"),
        ("Title\n=====", "# Title"),
        ("a  \nb\\\nc", "a\nb\nc"),
        ("    code", "```\ncode\n```"),
        ("![diagram](https://example.com/d.png)", "[diagram](https://example.com/d.png)"),
        ("[home](/home) and [js](javascript:alert)", "home and [js](javascript:alert)"),
        ("**`bold code`**", "`bold code`"),
        ("> # Heading in a quote", "> **Heading in a quote**"),
        ("> outer\n> > inner", "> outer\n>\n> inner"),
        ("- # Heading in a list", "- **Heading in a list**"),
        ("- > quote in a list", "- quote in a list"),
        ("| a |\n| :-: |\n| 1 |", "| a |\n| --- |\n| 1 |"),
        ("- | a | b |\n  |---|---|\n  | 1 | 2 |", "- a | b\n  1 | 2"),
        ("a\0b\r\nc", "ab\nc"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("&lt;b&gt; \\*not slanted\\*", "\\<b> \\*not slanted\\*"),
    ],
)
def test_what_the_format_cannot_say_keeps_its_words(jira_judge: JiraJudge, markdown: str, expected: str) -> None:
    document = to_adf(markdown)
    jira_judge.check_document(document)
    assert to_markdown(document) == expected
    assert normal(expected) == expected


def test_nobody_is_ever_mentioned() -> None:
    document = json.dumps(to_adf("@jane @[Jane](https://x.example) [~accountid:1] [~jane] <@1> {mention:1}"))
    assert '"mention"' not in document


@pytest.mark.parametrize(
    "document",
    [
        {"version": 1, "type": "doc", "content": [{"type": "heading", "content": []}]},
        {"version": 2, "type": "doc", "content": []},
        {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]},
        {"version": 1, "type": "doc", "content": [{"type": "listItem", "content": []}]},
        {
            "version": 1,
            "type": "doc",
            "content": [{"type": "blockquote", "content": [{"type": "heading", "attrs": {"level": 1}}]}],
        },
        {
            "version": 1,
            "type": "doc",
            "content": [
                {
                    "type": "paragraph",
                    "content": [{"type": "text", "text": "a", "marks": [{"type": "code"}, {"type": "strong"}]}],
                }
            ],
        },
        {"type": "doc", "content": []},
    ],
)
def test_a_wrong_document_is_caught(jira_judge: JiraJudge, document: Json) -> None:
    with pytest.raises(ValidationError):
        jira_judge.check_document(document)


def _doc(*content: Json) -> Json:
    return {"version": 1, "type": "doc", "content": list(content)}


def _paragraph(*content: Json) -> Json:
    return {"type": "paragraph", "content": list(content)}


def _text(text: str, *marks: Json) -> Json:
    return {"type": "text", "text": text, **({"marks": list(marks)} if marks else {})}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (_paragraph(_text("ask "), {"type": "mention", "attrs": {"id": "5b", "text": "@Jane Doe"}}), "ask @Jane Doe"),
        (_paragraph({"type": "mention", "attrs": {"id": "5b"}}), "@5b"),
        (_paragraph({"type": "emoji", "attrs": {"shortName": ":tada:", "text": "🎉"}}), "🎉"),
        (_paragraph({"type": "emoji", "attrs": {"shortName": ":acme:"}}), ":acme:"),
        (_paragraph({"type": "date", "attrs": {"timestamp": "1795392000000"}}), "2026-11-23"),
        (_paragraph({"type": "status", "attrs": {"text": "At risk", "color": "red"}}), "At risk"),
        (_paragraph({"type": "inlineCard", "attrs": {"url": "https://a.example/x"}}), "<https://a.example/x>"),
        ({"type": "blockCard", "attrs": {"url": "https://a.example/x"}}, "<https://a.example/x>"),
        ({"type": "panel", "attrs": {"panelType": "info"}, "content": [_paragraph(_text("note"))]}, "> note"),
        (
            {"type": "expand", "attrs": {"title": "More"}, "content": [_paragraph(_text("inside"))]},
            "**More**\n\ninside",
        ),
        (
            {
                "type": "layoutSection",
                "content": [{"type": "layoutColumn", "attrs": {"width": 50}, "content": [_paragraph(_text("column"))]}],
            },
            "column",
        ),
        ({"type": "mediaSingle", "content": [{"type": "media", "attrs": {"alt": "a graph", "id": "1"}}]}, "a graph"),
        ({"type": "newKind", "content": [{"type": "newInline", "attrs": {"text": "kept"}}]}, "kept"),
        ({"type": "newKind", "attrs": {"text": "kept"}}, "kept"),
        (_paragraph(_text("red", {"type": "textColor", "attrs": {"color": "#ff0000"}})), "red"),
        (_paragraph(_text(" padded ", {"type": "strong"}), _text("x")), "**padded** x"),
        (_paragraph(_text("1. no list"), {"type": "hardBreak"}, _text("- nor this")), "1\\. no list\n\\- nor this"),
        (_paragraph(_text("a\nb")), "a\nb"),
        (
            {
                "type": "decisionList",
                "attrs": {"localId": "1"},
                "content": [{"type": "decisionItem", "attrs": {"localId": "2"}, "content": [_text("we do it")]}],
            },
            "- we do it",
        ),
        (
            {
                "type": "table",
                "content": [
                    {
                        "type": "tableRow",
                        "content": [
                            {"type": "tableCell", "content": [_paragraph(_text("a|b")), _paragraph(_text("c"))]},
                            {"type": "tableCell", "content": [{"type": "codeBlock", "content": [_text("x\ny")]}]},
                        ],
                    }
                ],
            },
            "| a\\|b c | `x y` |\n| --- | --- |",
        ),
    ],
)
def test_what_people_write_in_jira_is_read(content: Json, expected: str) -> None:
    read = to_markdown(_doc(content))
    assert read == expected
    assert normal(read) == read


@pytest.mark.parametrize("document", [None, {}, "text", [], 1, {"content": "x"}, {"content": [None, 1, {"type": 1}]}])
def test_what_is_no_document_is_nothing(document: object) -> None:
    assert to_markdown(document) == ""


def test_a_document_may_be_deep() -> None:
    node = _paragraph(_text("deep"))
    for _ in range(400):
        node = {"type": "blockquote", "content": [node]}
    assert to_markdown(_doc(_paragraph(_text("top")), node)) == "top"


PIECES = st.sampled_from(
    [
        *["*", "**", "_", "~~", "`", "``", "```", "[", "](", "http://a.b/c_d", ")", "<", ">", "<http://q.r/s>"],
        *["# ", "- ", "1. ", "3) ", "+ ", "> ", "| a | b |\n|---|---|\n", "|", "---", "=", "[ ] ", "[x] ", "!"],
        *["\n", "\n\n", "    ", "  ", "\t", " ", "  \n", "\\", "&amp;", "&", "~", "\r\n", "\u00a0", "\u2028", "\x0b"],
        *["a", "word", "snake_case", "é", "1", ".", ":", "@jane", "mailto:x@y.z", "![i](http://x.y)", "\0"],
    ]
)
MARKDOWN = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=80)


@settings(max_examples=200, deadline=None)
@given(markdown=MARKDOWN)
def test_any_text_is_a_valid_document_and_settles_at_once(jira_judge: JiraJudge, markdown: str) -> None:
    document = to_adf(markdown)
    jira_judge.check_document(document)
    once = to_markdown(document)
    assert normal(once) == once


@settings(max_examples=100, deadline=None)
@given(markdown=MARKDOWN)
def test_no_word_is_lost(markdown: str) -> None:
    """Letters and digits, in order, but for a link's address and what are only signs of a list."""
    before = _letters(to_adf(markdown))
    assert _letters(to_adf(normal(markdown))) == before


def _letters(node: Any) -> str:
    if isinstance(node, list):
        return "".join(_letters(one) for one in node)
    if not isinstance(node, dict):
        return ""
    own = node.get("text", "")
    return "".join(letter for letter in own if letter.isalnum()) + _letters(node.get("content", []))


MARKS = st.lists(st.sampled_from(["strong", "em", "strike", "code", "underline"]), max_size=2, unique=True)
LEAVES = st.one_of(
    st.builds(
        lambda text, marks: _text(text, *({"type": one} for one in marks)), st.text(min_size=1, max_size=8), MARKS
    ),
    st.builds(
        lambda text: _text(text, {"type": "link", "attrs": {"href": "https://a.example/(b)_c"}}),
        st.text(min_size=1, max_size=8),
    ),
    st.just({"type": "hardBreak"}),
    st.just({"type": "mention", "attrs": {"id": "1", "text": "@Jane *Doe*"}}),
    st.just({"type": "emoji", "attrs": {"shortName": ":x:"}}),
)
INLINE = st.lists(LEAVES, max_size=5)
BLOCKS = st.recursive(
    st.one_of(
        st.builds(lambda content: {"type": "paragraph", "content": content}, INLINE),
        st.builds(lambda content: {"type": "heading", "attrs": {"level": 2}, "content": content}, INLINE),
        st.builds(lambda text: {"type": "codeBlock", "content": [_text(text)]}, st.text(min_size=1, max_size=12)),
        st.just({"type": "rule"}),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda kind, blocks: {"type": kind, "content": blocks},
            st.sampled_from(["blockquote", "panel"]),
            st.lists(inner, max_size=3),
        ),
        st.builds(
            lambda kind, items: {"type": kind, "content": [{"type": "listItem", "content": one} for one in items]},
            st.sampled_from(["bulletList", "orderedList"]),
            st.lists(st.lists(inner, max_size=2), max_size=3),
        ),
        st.builds(
            lambda rows: {
                "type": "table",
                "content": [
                    {"type": "tableRow", "content": [{"type": "tableCell", "content": cell} for cell in row]}
                    for row in rows
                ],
            },
            st.lists(st.lists(st.lists(inner, max_size=1), max_size=2), max_size=2),
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(blocks=st.lists(BLOCKS, max_size=4))
def test_any_document_can_be_read_and_settles_at_once(jira_judge: JiraJudge, blocks: list[Json]) -> None:
    read = to_markdown(_doc(*blocks))
    assert normal(read) == read
    jira_judge.check_document(to_adf(read))
