"""What people write is shown safely: no script, no handler, no style, no foreign scheme, nothing fetched."""

from html.parser import HTMLParser

import pytest

from domain.markup import render

HANDLERS = ["onerror", "onload", "onclick", "onmouseover", "onfocus", "ontoggle", "onbegin", "onanimationstart"]
ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java&#10;script:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;avascript&colon;alert(1)",
    "javascript&colon;alert(1)",
    "&#1;javascript:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=",
    "file:///etc/passwd",
    "blob:https://x/1",
    "feed:javascript:alert(1)",
    "//evil.example/x",
]
HTML = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<base href='//evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href='//evil.example/x.css'>",
    "<style>@import '//evil.example/x.css'</style>",
    "<p style='background:url(//evil.example)'>x</p>",
    "<form action='javascript:alert(1)'><button>x</button></form>",
    "<a href=x formaction=javascript:alert(1)>x</a>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    "<input autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<textarea></textarea><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;img src=x onerror=alert(1)&#62;",
    "`<script>alert(1)</script>`",
    '```"><script>alert(1)</script>\nx\n```',
    "```x onload=alert(1)\nx\n```",
    "| <img src=x onerror=alert(1)> |\n|---|\n| <script>x</script> |",
    "- [ ] <img src=x onerror=alert(1)>",
    "[x](<javascript:alert(1)> 'onclick=alert(1)')",
    '[x](https://x.example "\\"onmouseover=alert(1) x=\\"")',
    '![x" onerror="alert(1)](https://evil.example/x.png)',
    "[![a](javascript:alert(1))](javascript:alert(2))",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x]: <data:text/html,x> 'y'\n\n[x] ![x]",
    "![a](//evil.example/pixel.gif) ![b](https://evil.example/b.png)",
    "![![x](https://a.example)](https://b.example)",
]
VECTORS = [
    *HTML,
    *(f"[x]({one})" for one in ADDRESSES),
    *(f"![x]({one})" for one in ADDRESSES),
    *(f"<{one}>" for one in ADDRESSES),
    *(f"<img src=x {one}=alert(1)>" for one in HANDLERS),
    *(f"<svg {one}=alert(1)>" for one in HANDLERS),
]
TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "input", "li", "ol", "p"),
    *("pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def read(text: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(render(text))
    reader.close()
    return reader.tags


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_runs_and_nothing_is_fetched(vector: str) -> None:
    for text in (vector, f"# {vector}", f"> - {vector}", f"**{vector}**"):
        for tag, attributes in read(text):
            assert tag in TAGS
            assert set(attributes) <= {"href", "title", "start", "rel", "type", "checked", "disabled"}
            if (address := attributes.get("href")) is not None:
                assert address.startswith(("http://", "https://", "mailto:")), address


def test_what_people_write_is_there() -> None:
    html = render("# A\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n\n~~gone~~ `<b>`")
    for part in ("<h1>A</h1>", "<td>1</td>", "<s>gone</s>", "<code>&lt;b&gt;</code>", 'type="checkbox"', "checked"):
        assert part in html


def test_a_picture_is_a_link_with_its_words() -> None:
    html = render("![a graph](https://x.example/a.png) <https://y.example>")
    assert "<img" not in html
    assert ">a graph</a>" in html
    assert html.count('rel="nofollow noopener noreferrer"') == 2
