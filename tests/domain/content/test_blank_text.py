"""A section is written if a reader sees something in it that its author wrote."""

import pytest

from domain.content.blank_text import is_blank

PROMPT = "## What happened\n\nDescribe it in two sentences.\n\n- who\n- when"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\n",
        "<!-- a template's comment -->",
        "<!--\nseveral\n\nlines -->",
        "<!-- one --> <!-- two -->",
        "> <!-- quoted -->",
        "- <!-- in a list -->",
        "#",
        "## \n\n###",
        "## What happened\n\n## Why",
        "What happened\n=============",
        "&nbsp;",
        "&nbsp; &#8203; \u00a0\u200b\ufeff\u2060\u00ad",
        "\u3164\u2800",
        "\u202b\u202c",
        "-",
        "- \n- \n",
        "1.\n2.",
        "- [ ] \n- [x] ",
        "> \n> ",
        "[a]: https://example.com\n[b]: <x> 'title'",
        "---\n***",
        "<br>\n<br/>",
        "**&nbsp;** _\u200b_",
        "```\n\n```",
        "|  |  |\n|--|--|\n|  |  |",
        PROMPT,
        PROMPT.replace("\n", "\r\n") + "  \n",
        PROMPT + "\n\n<!-- still nothing -->",
    ],
)
def test_what_a_reader_does_not_see_says_nothing(text: str) -> None:
    assert is_blank(text, PROMPT)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "5",
        "\u969c\u5bb3",
        "\U0001f525",
        "N/A",
        "# Heading\n\nand a word",
        "- a",
        "<div>",
        "![](https://example.com/a.png)",
        "<img src='https://example.com/a.png'>",
        "https://example.com",
        "`code`",
        "```\nlog\n```",
        "[a](https://example.com)",
        "<!-- not closed",
        "&lt;!-- shown --&gt;",
        "`<!-- code -->`",
        "<!-- c --> word",
        "[^1]: a footnote",
        PROMPT + "\nIt broke.",
        "- [ ] call them",
        "|a|\n|-|",
    ],
)
def test_what_a_reader_sees_counts(text: str) -> None:
    assert not is_blank(text, PROMPT)


@pytest.mark.parametrize("text", ["<!-- c -->", "- ", "&nbsp;", "## Heading", "[a]: b", "| |", "> ", "\u200b", "---"])
def test_a_long_text_is_judged_alike(text: str) -> None:
    long = "\n\n".join([text] * 1000)
    assert is_blank(long)
    assert not is_blank(f"{long}\n\nIt broke.")
    assert not is_blank("<!-- a -->" * 300 + "word")


def test_many_comments_that_never_end_are_read_at_once() -> None:
    assert not is_blank("<!--" * 50_000)
    assert not is_blank("<!--\n" * 40_000)
