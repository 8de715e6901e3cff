"""Asana's HTML: what is written is what Asana takes, what was there and back stays, and no text makes trouble."""

import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.trackers.asana.html import to_html, to_markdown
from integrations.trackers.asana.reduction import JOINT
from tests.nightly import tried

TAGS = {"body", "h1", "h2", "hr", "strong", "em", "s", "code", "pre", "ol", "ul", "li", "a", "blockquote"}
WORDS = (
    "a¦b c¦*¦**¦_¦`¦``¦```\n¦[¦]¦(¦)¦https://example.com/x¦\n¦\n\n¦- ¦1. ¦10. ¦  ¦    ¦> ¦# ¦### ¦|¦~~¦\\¦<¦&amp;¦&¦!"
    "¦---¦é¦.¦+¦=¦<https://q.example>¦\t¦https://app.asana.com/0/9¦x@y.example¦@jane¦[x](https://q.example/a_b)¦[y](z.md)"
    "¦![i](https://i.example)¦| a | b |\n| --- | --- |\n| c | d |\n"
)
MARKDOWN = st.lists(st.sampled_from(WORDS.split("¦")) | st.text(max_size=3), max_size=16).map("".join)
PIECES = (
    "<b>¦</b>¦<strong>¦</strong>¦<em>¦</em>¦<s>¦</s>¦<u>¦</u>¦<ul>¦</ul>¦<ol>¦</ol>¦<li>¦</li>¦<a href='https://x.y/(a'>¦</a>"
    "¦<a data-asana-type='user' href='https://app.asana.com/0/3'>¦<pre>¦</pre>¦<code>¦</code>¦<blockquote>¦</blockquote>"
    "¦<h1>¦</h1>¦<h3>¦</h3>¦<table><tr><td>¦</td><td>¦</td></tr></table>¦<hr>¦<br/>¦<img src='https://i'>¦<p>¦</p>¦<new>"
    "¦</new>¦<object data='https://e'>¦</object>¦<!--¦-->¦<![CDATA[¦]]>¦<!DOCTYPE x>¦x¦y ¦*¦_¦`¦\n¦\n\n¦ ¦- ¦# ¦1. ¦|"
    "¦&lt;¦&amp;amp;¦[z](q)¦\\¦***¦~~¦&bomb;"
)
HTML = st.lists(st.sampled_from(PIECES.split("¦")), max_size=16).map("".join)


def checked(html: str) -> str:
    """``html``, if Asana would take it: XML of the known tags, with attributes on links only."""
    root = ET.fromstring(html)
    assert root.tag == "body"
    for node in root.iter():
        assert node.tag in TAGS
        assert set(node.attrib) <= ({"href"} if node.tag == "a" else set())
        if node.tag == "li":
            assert {one.tag for one in node.iter()} <= {"li", "ul", "ol", "strong", "em", "s", "code", "a"}
        if node.tag == "a":
            assert node.attrib["href"].startswith(("https://", "http://", "mailto:"))
    return html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("", ""),
        ("Plain words.", "Plain words."),
        ("One line\nand another.\n\nA paragraph.", "One line\nand another.\n\nA paragraph."),
        ("# First\n\n## Second", "<h1>First</h1><h2>Second</h2>"),
        ("*so* **and** ~~not~~ `x < y`", "<em>so</em> <strong>and</strong> <s>not</s> <code>x &lt; y</code>"),
        ("**all *of* it**", "<strong>all <em>of</em> it</strong>"),
        (
            "- one\n- two\n  - deeper\n- three",
            "<ul><li>one</li><li>two<ul><li>deeper</li></ul></li><li>three</li></ul>",
        ),
        ("1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"),
        ("Before\n\n- it", "Before\n<ul><li>it</li></ul>"),
        ("```\nif a < b:\n    pass\n```", "<pre>if a &lt; b:\n    pass</pre>"),
        ("> said\n>\n> twice", "<blockquote>said\n\ntwice</blockquote>"),
        ("---", "<hr/>"),
        ("[runbook](https://example.com/r?a=1&b=2)", '<a href="https://example.com/r?a=1&amp;b=2">runbook</a>'),
        ("https://example.com/a_b_c", "https://example.com/a_b_c"),
        ("| a | b |\n| --- | --- |\n| `x` | d |", "| a | b |\n| --- | --- |\n| <code>x</code> | d |"),
        ("a_b 2 * 3 [x] <i> & #1 1) ok", "a_b 2 * 3 [x] &lt;i&gt; &amp; #1 1) ok"),
        ("\\- no list", "- no list"),
    ],
)
def test_what_stays_as_it_is(markdown: str, html: str) -> None:
    assert checked(to_html(markdown)) == f"<body>{html}</body>"
    assert to_markdown(f"<body>{html}</body>") == markdown


@pytest.mark.parametrize(
    ("markdown", "becomes"),
    [
        ("### Third", "**Third**"),
        ("```python\nx\n```", "```\nx\n```"),
        ("* one\n* two", "- one\n- two"),
        ("- one\n\n- two", "- one\n- two"),
        ("3. three", "1. three"),
        ("> - a\n> - b", "> • a\n>\n> • b"),
        ("- a\n\n  ```\n  code\n  ```", "- a\n  `code`"),
        ("![Graph](https://example.com/g.png)", "[Graph](https://example.com/g.png)"),
        ("[here](../x.md)", "here (../x.md)"),
        ("[click](javascript:alert(1))", "[click](javascript:alert(1))"),
        ("<https://example.com>", "https://example.com"),
        ("<b>raw</b>", "<b>raw</b>"),
        ("two  \nlines", "two\nlines"),
    ],
)
def test_what_asana_lacks_becomes_text(markdown: str, becomes: str) -> None:
    assert to_markdown(checked(to_html(markdown))) == becomes


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<body>a<br/>b</body>", "a\nb"),
        ("<body><u>under</u> <new-tag>new</new-tag></body>", "under new"),
        ("<body><table><tr><td>a</td><td>b|c</td></tr><tr><td>d</td></tr></table></body>", None),
        ("<body><object data='https://e'><a href='https://e'>https://e</a></object></body>", "https://e"),
        ('<body><img data-asana-gid="1" src="https://s3/x" alt="plot.png"/></body>', "[plot.png](https://s3/x)"),
        ("<body><script>alert(1)</script>kept</body>", "kept"),
        ("no body", "no body"),
        ("", ""),
    ],
)
def test_whatever_asana_sends_is_read(html: str, markdown: str | None) -> None:
    assert to_markdown(html) == (markdown if markdown is not None else "| a | b\\|c |\n| --- | --- |\n| d |  |")


class TestNobodyIsPinged:
    def test_a_mention_comes_in_as_text(self) -> None:
        html = (
            '<body>Ask <a href="https://app.asana.com/0/4168466/list" data-asana-accessible="true" '
            'data-asana-dynamic="true" data-asana-type="user" data-asana-gid="4168112">@Tim Bizzaro</a>.</body>'
        )
        assert to_markdown(html) == "Ask @Tim Bizzaro."
        assert to_html(to_markdown(html)) == "<body>Ask @Tim Bizzaro.</body>"

    @pytest.mark.parametrize(
        "address", ["https://app.asana.com/0/4168466/list", "https://app.asana.com/0/profile/4", "app.asana.com/0/4"]
    )
    def test_asanas_own_addresses_are_broken_and_mended(self, address: str) -> None:
        for text in (f"See {address} now.", f"See [her]({address}) now.", f"<{address}>"):
            html = checked(to_html(text))
            assert "app.asana.com" not in html
            assert "<a " not in html
            assert address in to_markdown(html)
            assert JOINT not in to_markdown(html)

    @pytest.mark.parametrize("path", ["0/1/2", "0/1/2/f", "1/9/project/1/task/2", "1/9/task/2"])
    def test_a_tasks_address_stays(self, path: str) -> None:
        address = f"https://app.asana.com/{path}"
        assert to_html(f"As in {address}.") == f"<body>As in {address}.</body>"
        assert to_html(f"[that]({address})") == f'<body><a href="{address}">that</a></body>'

    def test_no_markdown_makes_a_reference(self) -> None:
        assert "data-asana" not in ET.tostring(
            ET.fromstring(to_html('<a data-asana-gid="4168112"/> [x](https://x.y "data-asana-gid=1")'))
        ).decode().replace("&lt;a data-asana-gid", "")


class TestHostile:
    @pytest.mark.parametrize(
        "html",
        [
            '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><body>&c;</body>',
            '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><body>&x;</body>',
            "<ul><li>" * 20_000 + "deep",
            "<strong>" * 50_000,
            "</li>" * 50_000,
            "<" * 50_000,
            "&" * 50_000,
            "*" * 5_000,
            "[" * 5_000,
            "\n" * 50_000,
            "<body>" + " " * 50_000 + "x</body>",
        ],
        ids=["bomb", "file", "deep", "open", "close", "angles", "ands", "stars", "brackets", "lines", "blanks"],
    )
    def test_it_is_read_in_time_and_as_text(self, html: str) -> None:
        began = time.process_time()
        text = to_markdown(html)
        assert "root:" not in text
        assert len(text) <= 2 * len(html) + 10
        assert time.process_time() - began < 20  # seconds; a bound against explosion, not a measure

    def test_controls_do_not_break_the_xml(self) -> None:
        assert checked(to_html("a\0b\x08c\ud800d\ufffee\x85f\u2028g")) == "<body>abcdef\u2028g</body>"


class TestAnyText:
    @settings(max_examples=tried(100, 300), deadline=None)
    @given(MARKDOWN)
    def test_markdown_is_taken_and_stays_from_then_on(self, markdown: str) -> None:
        html = checked(to_html(markdown))
        again = to_markdown(html)
        assert to_html(again) == html
        assert to_markdown(to_html(again)) == again
        comment = checked(to_html(markdown, comment=True))
        assert not {"h1", "h2", "hr"} & {node.tag for node in ET.fromstring(comment).iter()}

    @settings(max_examples=tried(100, 300), deadline=None)
    @given(HTML)
    def test_html_is_read_and_stays_from_then_on(self, html: str) -> None:
        markdown = to_markdown(html)
        assert to_markdown(checked(to_html(markdown))) == markdown

    def test_the_check_itself_catches_what_asana_refuses(self) -> None:
        for wrong in ("<body><p>x</p></body>", "<body><strong class='x'/></body>", "<body><a href='q'/></body>"):
            with pytest.raises(AssertionError):
                checked(wrong)
        with pytest.raises(ET.ParseError):
            checked("<body><hr></body>")
