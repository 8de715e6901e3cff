"""The visible letters of Markdown, and highlights and names placed into its HTML."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.comments.highlighting import Marked, with_marks, with_names
from domain.content.markdown import render
from domain.content.visible_text import is_letter, read

EVERYTHING = """# A *heading*
The **checkout** failed [here](http://x.example/failed) and `in code` &amp; \\*there\\* <script>alert(1)</script>

- [ ] to do
- [x] done *twice* ![pic](http://e.example/p.png)

> quoted &copy; text

| a | b |
|:--|--:|
| x `1` | ~~y~~ z |

```py
return "<b>"
```

    indented

<http://auto.example> https://bare.example/a_b hard\\
break<br>again <!-- unseen --> <img alt="graph" src="http://e.example/g.png"> noted[^n]

[^n]: in a footnote"""


def letters_of(html: str) -> str:
    found: list[str] = []
    parser = HTMLParser(convert_charrefs=True)
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.feed(html)
    parser.close()
    return "".join(one for text in found for one in text if is_letter(one))


def test_everything_that_is_rendered_is_seen() -> None:
    seen = read(EVERYTHING)
    assert seen.letters == letters_of(render(EVERYTHING))
    assert list(seen.places) == sorted(seen.places)


@pytest.mark.parametrize(
    ("words", "source"),
    [
        ("checkout failed", "checkout** failed"),
        ("here and in code", "here](http://x.example/failed) and `in code"),
        ("& *there*", "&amp; \\*there\\*"),
        ("\u2610 to do", "to do"),
        ("y z", "y~~ z"),
        ('return "<b>"', 'return "<b>"'),
    ],
)
def test_words_of_the_page_are_found_in_the_markdown(words: str, source: str) -> None:
    found = read(EVERYTHING).source_of(words, 0)
    assert found is not None
    taken = EVERYTHING[slice(*found)]
    assert taken.strip("\\;") in source
    assert source.startswith(taken[:3])


def test_the_nearest_of_several_is_taken() -> None:
    text = "one two one two one"
    assert read(text).source_of("one", 0) == (0, 3)
    assert read(text).source_of("one", 6) == (8, 11)
    assert read(text).source_of("one", 99) == (16, 19)
    assert read(text).source_of("three", 0) is None
    assert read(text).source_of(" \n", 0) is None


def test_marks_stand_around_the_words_across_tags() -> None:
    text = "The **big checkout** failed & died."
    html = with_marks(render(text), read(text), [Marked(6, 27, "cmt_1")])
    assert html.count("<mark") == 2
    assert html.count('id="m-cmt_1"') == 1
    assert re.sub("</?mark[^>]*>", "", html) == render(text)


@given(st.text(alphabet="ab*_`[]()<>&\\\"'#-| \n!", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_marks_change_nothing_else(text: str, start: int, length: int) -> None:
    html = with_marks(render(text), read(text), [Marked(start, start + length, 'x"<')])
    bare = re.sub("</?mark[^>]*>", "", html)
    assert unescape(bare) == unescape(render(text))
    assert letters_of(html) == letters_of(render(text))


def test_names_stand_for_handles_outside_code_and_links() -> None:
    text = "@ada, @ada-x, a@ada.example `@ada` [@ada](http://x.example) <b>@Ada</b>"
    html = with_names(render(text), {"ada": "<i>Ada</i>"})
    assert html.count('class="mention"') == 2
    assert "<i>" not in html
    assert "<code>@ada</code>" in html
    assert with_names(render(text), {}) == render(text)
