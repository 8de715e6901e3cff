"""What people put into a description in Jira, and Markdown has no word for, stays byte for byte when we change it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.text.keeping import CannotKeep
from integrations.trackers.jira.adf import normal, rewritten, to_markdown
from tests.peers.jira_openapi import JiraJudge

Json = dict[str, Any]


def _text(text: str, *marks: Json) -> Json:
    return {"type": "text", "text": text, **({"marks": list(marks)} if marks else {})}


def _paragraph(*content: Json) -> Json:
    return {"type": "paragraph", "content": list(content)}


def _doc(*content: Json) -> Json:
    return {"version": 1, "type": "doc", "content": list(content)}


def _item(*content: Json) -> Json:
    return {"type": "listItem", "content": list(content)}


MENTION = {"type": "mention", "attrs": {"id": "5b10", "text": "@Jane Doe", "accessLevel": ""}}
STATUS = {"type": "status", "attrs": {"text": "At risk", "color": "red", "localId": "s1", "style": ""}}
DATE = {"type": "date", "attrs": {"timestamp": "1795392000000"}}
EMOJI = {"type": "emoji", "attrs": {"shortName": ":tada:", "id": "1f389", "text": "🎉"}}
CARD = {"type": "inlineCard", "attrs": {"url": "https://acme.example/x"}}
MEDIA = {"type": "media", "attrs": {"id": "6e7c", "type": "file", "collection": "c", "width": 200, "height": 183}}
IMAGE = {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [MEDIA]}
GROUP = {"type": "mediaGroup", "content": [MEDIA]}
MACRO = {"type": "extension", "attrs": {"extensionType": "com.atlassian", "extensionKey": "toc", "layout": "default"}}
BLOCK_CARD = {"type": "blockCard", "attrs": {"url": "https://acme.example/board"}}
PANEL = {"type": "panel", "attrs": {"panelType": "warning"}, "content": [_paragraph(_text("Careful here"))]}
EXPAND = {"type": "expand", "attrs": {"title": "More"}, "content": [_paragraph(_text("inside it"))]}
DECISIONS = {
    "type": "decisionList",
    "attrs": {"localId": "d"},
    "content": [
        {"type": "decisionItem", "attrs": {"localId": "e", "state": "DECIDED"}, "content": [_text("we do it")]}
    ],
}
COLUMNS = {
    "type": "layoutSection",
    "content": [
        {"type": "layoutColumn", "attrs": {"width": 50}, "content": [_paragraph(_text("left side"))]},
        {"type": "layoutColumn", "attrs": {"width": 50}, "content": [_paragraph(_text("right side"))]},
    ],
}
TABLE = {
    "type": "table",
    "attrs": {"isNumberColumnEnabled": True, "layout": "wide", "localId": "t"},
    "content": [
        {
            "type": "tableRow",
            "content": [
                {"type": "tableHeader", "attrs": {"background": "#eee"}, "content": [_paragraph(_text("what"))]}
            ],
        },
        {
            "type": "tableRow",
            "content": [
                {"type": "tableCell", "attrs": {"colwidth": [80]}, "content": [_paragraph(_text("queue "), EMOJI)]}
            ],
        },
    ],
}
TASKS = {
    "type": "taskList",
    "attrs": {"localId": "q"},
    "content": [
        {"type": "taskItem", "attrs": {"localId": "a", "state": "TODO"}, "content": [_text("ask "), MENTION]},
        {"type": "taskItem", "attrs": {"localId": "b", "state": "DONE"}, "content": [_text("look")]},
    ],
}
COLOR = {"type": "textColor", "attrs": {"color": "#ff5630"}}

FOREIGN = [IMAGE, GROUP, MACRO, BLOCK_CARD, PANEL, EXPAND, DECISIONS, COLUMNS, TABLE, TASKS]
FOREIGN += [_paragraph(_text("Ask "), one, _text(" about it")) for one in (MENTION, STATUS, DATE, EMOJI, CARD)]


@pytest.mark.parametrize(
    "node", FOREIGN, ids=lambda node: node["content"][1]["type"] if node["type"] == "paragraph" else node["type"]
)
def test_a_line_added_by_us_removes_nothing(jira_judge: JiraJudge, node: Json) -> None:
    document = _doc(_paragraph(_text("Before")), node, _paragraph(_text("After")))
    markdown = to_markdown(document)
    for wanted in (f"{markdown}\n\nOne more", f"First\n\n{markdown}", markdown.replace("Before", "Much before")):
        made: Json = rewritten(document, wanted)
        jira_judge.check_document(made)
        place = made["content"].index(node)
        assert [to_markdown(_doc(one)) for one in made["content"][place - 1 : place + 2 : 2]][1] == "After"
        assert to_markdown(made) == normal(wanted)


@pytest.mark.parametrize("edge", ["first", "last", "alone"])
def test_an_image_at_the_edge_stays_there(edge: str) -> None:
    words = _paragraph(_text("Words"))
    document = _doc(*{"first": (IMAGE, words), "last": (words, IMAGE), "alone": (IMAGE,)}[edge])
    made: Json = rewritten(document, "Words\n\nMore words")
    assert made["content"].index(IMAGE) == {"first": 0, "last": 1, "alone": 0}[edge]


@pytest.mark.parametrize(
    ("node", "old", "new", "kept"),
    [
        (_paragraph(_text("Ask "), MENTION, _text(" now")), "now", "today, please", MENTION),
        (_paragraph(_text("Due "), DATE, _text(" and "), DATE), "Due", "It's due", DATE),
        (_paragraph(_text("red", COLOR), _text(" and plain")), "plain", "simple", _text("red", COLOR)),
        (PANEL, "Careful here", "Careful there", {"panelType": "warning"}),
        (PANEL, "> Careful here", "> Careful here\n>\n> and there", {"panelType": "warning"}),
        (EXPAND, "**More**", "**Details**", _paragraph(_text("inside it"))),
        (EXPAND, "inside it", "within it", "expand"),
        (DECISIONS, "- we do it", "- we do it\n- and more", DECISIONS["content"][0]),
        (COLUMNS, "right side", "right-hand side", COLUMNS["content"][0]),
        (COLUMNS, "left side", "left side\n\nbelow it", COLUMNS["content"][1]),
        (COLUMNS, "left side", "left side\n\n- one\n- two\n\n> said", COLUMNS["content"][1]),
        (EXPAND, "inside it", "inside it\n\n| a |\n| --- |\n| 1 |", _paragraph(_text("inside it"))),
        (TABLE, "queue", "long queue", EMOJI),
        (TABLE, "| queue 🎉 |", "| queue 🎉 |\n| depth |", TABLE["content"][1]),
        (TASKS, "[ ] ask", "[x] ask", MENTION),
        (TASKS, "- [x] look", "- [x] look\n- [ ] act", TASKS["content"][0]),
        (TASKS, "- [x] look", "", TASKS["content"][0]),
        (
            {
                "type": "bulletList",
                "content": [_item(_paragraph(_text("one")), IMAGE), _item(_paragraph(_text("two")))],
            },
            "two",
            "too\n- three",
            _item(_paragraph(_text("one")), IMAGE),
        ),
        (
            {
                "type": "bulletList",
                "content": [_item(_paragraph(_text("one")), IMAGE), _item(_paragraph(_text("two")))],
            },
            "one",
            "the first one",
            IMAGE,
        ),
    ],
)
def test_an_edit_within_keeps_the_rest(jira_judge: JiraJudge, node: Json, old: str, new: str, kept: object) -> None:
    document = _doc(_paragraph(_text("Before")), node, IMAGE)
    markdown = to_markdown(document)
    assert old in markdown
    wanted = markdown.replace(old, new)
    made = rewritten(document, wanted)
    jira_judge.check_document(made)
    assert to_markdown(made) == normal(wanted)
    assert json.dumps(kept) in json.dumps(made)
    assert json.dumps(IMAGE) in json.dumps(made)


@pytest.mark.parametrize(
    ("node", "old", "new"),
    [
        (_paragraph(_text("Ask "), MENTION), "@Jane Doe", "somebody"),
        (PANEL, "> Careful here", ""),
        (EXPAND, "**More**\n\ninside it", "Nothing"),
        (TABLE, "| what |\n| --- |\n| queue 🎉 |", "No table"),
        (BLOCK_CARD, "<https://acme.example/board>", "the board"),
    ],
)
def test_what_would_be_lost_is_not_written(node: Json, old: str, new: str) -> None:
    document = _doc(_paragraph(_text("Before")), node)
    markdown = to_markdown(document)
    assert old in markdown
    with pytest.raises(CannotKeep):
        rewritten(document, markdown.replace(old, new))


def test_a_new_task_has_an_id_of_its_own() -> None:
    once: Json = rewritten(_doc(_paragraph(_text("Words"))), "Words\n\n- [ ] one\n- [ ] two")
    twice = rewritten(once, "Words\n\n- [ ] one\n- [ ] new\n- [ ] two\n\nAnd\n\n- [x] three")
    assert twice["content"][1]["content"][::2] == once["content"][1]["content"]
    ids = [part.partition('"')[0] for part in json.dumps(twice).split('"localId": "')[1:]]
    assert len(set(ids)) == len(ids) == 6


def test_what_markdown_can_say_may_go() -> None:
    document = _doc(_paragraph(_text("One")), _paragraph(_text("Two", COLOR)), {"type": "rule"})
    assert to_markdown(rewritten(document, "Three")) == "Three"


BLOCKS = st.one_of(
    st.sampled_from(FOREIGN),
    st.builds(
        lambda words: _paragraph(_text(" ".join(words))), st.lists(st.sampled_from(["a", "bc", "*d*"]), min_size=1)
    ),
    st.just(
        {"type": "bulletList", "content": [_item(_paragraph(_text("one"))), _item(_paragraph(_text("two")), IMAGE)]}
    ),
    st.just({"type": "codeBlock", "attrs": {"language": "sh"}, "content": [_text("make test")]}),
)
EDITS = st.lists(st.tuples(st.sampled_from(["add", "change", "take", "tick"]), st.integers(0, 30)), max_size=3)


def edited(markdown: str, edits: list[tuple[str, int]]) -> str:
    for number, (kind, place) in enumerate(edits):
        parts = markdown.split("\n\n")
        at = place % len(parts)
        match kind:
            case "add":
                parts.insert(at, f"added {number}")
            case "change":
                parts[at] += f" changed {number}" if "|" not in parts[at] and "```" not in parts[at] else ""
            case "take":
                del parts[at]
            case _:
                parts[at] = parts[at].replace("[ ]", "[x]")
        markdown = "\n\n".join(parts)
    return markdown


def foreign_in(node: Any) -> list[str]:
    found = [json.dumps(one) for one in (IMAGE, GROUP, MACRO, BLOCK_CARD, MENTION, STATUS, DATE, EMOJI, CARD)]
    text = json.dumps(node)
    kinds = [f'"type": "{kind}"' for kind in ("panel", "expand", "decisionList", "layoutSection")]
    return sorted(one for one in (*found, *kinds) for _ in range(text.count(one)))


@settings(max_examples=150, deadline=None)
@given(blocks=st.lists(BLOCKS, max_size=6), edits=EDITS)
def test_no_edit_of_ours_loses_what_is_theirs(
    jira_judge: JiraJudge, blocks: list[Json], edits: list[tuple[str, int]]
) -> None:
    document = _doc(*blocks)
    wanted = edited(to_markdown(document), edits)
    try:
        made = rewritten(document, wanted)
    except CannotKeep:
        return
    jira_judge.check_document(made)
    assert to_markdown(made) == normal(wanted)
    assert foreign_in(made) == foreign_in(document)
    assert rewritten(made, wanted) == made, "said again it is the same"
