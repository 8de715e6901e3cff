"""What people put into a task's description in Asana, and Markdown has no word for, stays when we change it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.text.keeping import CannotKeep
from integrations.trackers.asana.html import normal, rewritten, to_markdown

MENTION = (
    '<a href="https://app.asana.com/0/123" data-asana-gid="123" data-asana-accessible="true"'
    ' data-asana-type="user" data-asana-dynamic="true">@Jane</a>'
)
IMAGE = '<img data-asana-gid="5" src="https://asana.example/y.png" data-asana-type="attachment"/>'
UNKNOWN = '<newtag foo="1">New</newtag>'
OBJECT = '<object type="application/vnd.asana" data-asana-gid="7">Brief</object>'
HTML = f"""<body>Hello {MENTION} please &amp; <u>look</u>

{IMAGE}

<h1>Head {UNKNOWN}</h1><ul><li>one {OBJECT}</li><li>two<ul><li>three</li></ul></li></ul>
<blockquote>quoted <strong>Ask {MENTION}</strong></blockquote>
Last &lt;words&gt;</body>"""
FOREIGN = (MENTION, IMAGE, UNKNOWN, OBJECT)


def test_a_line_added_by_us_leaves_the_rest_as_it_is() -> None:
    markdown = to_markdown(HTML)
    assert rewritten(HTML, f"{markdown}\n\nMore") == HTML.replace("</body>", "\n\nMore</body>")
    assert rewritten(HTML, f"First\n\n{markdown}") == HTML.replace("<body>", "<body>First\n\n")


@pytest.mark.parametrize(
    ("old", "new", "there"),
    [
        ("please", "now", "Hello {MENTION} now &amp; <u>look</u>"),
        ("Head", "Header", "<h1>Header {UNKNOWN}</h1>"),
        ("- two", "- twofold", "<li>twofold<ul><li>three</li></ul></li>"),
        ("- two", "- new\n- two", "<li>one {OBJECT}</li><li>new</li><li>two<ul>"),
        ("quoted", "cited", "{MENTION}"),
        ("  - three", "  - three\n  - four", "<li>three</li><li>four</li>"),
    ],
)
def test_an_edit_within_keeps_the_rest(old: str, new: str, there: str) -> None:
    wanted = to_markdown(HTML).replace(old, new)
    made = rewritten(HTML, wanted)
    assert there.format(MENTION=MENTION, UNKNOWN=UNKNOWN, OBJECT=OBJECT) in made
    assert all(made.count(one) == HTML.count(one) for one in FOREIGN)
    assert to_markdown(made) == normal(wanted)


@pytest.mark.parametrize("old", ["@Jane", "New", "Brief"])
def test_what_would_be_lost_is_not_written(old: str) -> None:
    with pytest.raises(CannotKeep):
        rewritten(HTML, to_markdown(HTML).replace(old, "nobody"))


def test_what_markdown_can_say_may_go() -> None:
    assert rewritten("<body>One\n\n<ul><li><s>two</s></li></ul></body>", "Three") == "<body>Three</body>"


PIECES = st.sampled_from(
    [
        "Words",
        f"Ask {MENTION}",
        "<h1>Head</h1>",
        "<ul><li>one</li><li>two</li></ul>",
        f"<ol><li>{MENTION}</li></ol>",
        IMAGE,
        "<blockquote>quoted</blockquote>",
        "<pre>code</pre>",
        "<hr/>",
        f"<strong>bold {UNKNOWN}</strong>",
        OBJECT,
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(PIECES, max_size=6).map("\n\n".join),
    st.lists(st.tuples(st.sampled_from(["add", "change", "take"]), st.integers(0, 20)), max_size=3),
)
def test_no_edit_of_ours_loses_what_is_theirs(inside: str, edits: list[tuple[str, int]]) -> None:
    html = f"<body>{inside}</body>"
    parts = to_markdown(html).split("\n\n")
    for number, (kind, place) in enumerate(edits):
        at = place % max(len(parts), 1)
        if kind == "add":
            parts.insert(at, f"added {number}")
        elif kind == "change" and parts:
            parts[at] += " changed" if "```" not in parts[at] and parts[at] != "---" else ""
        elif parts:
            del parts[at]
    wanted = "\n\n".join(parts)
    try:
        made = rewritten(html, wanted)
    except CannotKeep:
        return
    assert to_markdown(made) == normal(wanted)
    assert all(made.count(one) == html.count(one) for one in FOREIGN)
