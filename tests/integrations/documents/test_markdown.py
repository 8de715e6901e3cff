"""Markdown files: front matter that parses, and a text that reads as it is."""

from datetime import UTC
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from integrations.documents import markdown
from integrations.text.blocks import Heading
from integrations.text.markdown_reader import read
from tests.integrations.documents.samples import IMAGES, NOW, SCRIPTS, sample


def parts(content: bytes) -> tuple[dict[str, Any], str]:
    _, front, text = content.decode().split("---\n", 2)
    return yaml.safe_load(front), text


def test_its_facts_are_yaml() -> None:
    facts, _ = parts(markdown.write(sample(), {}))
    assert facts["title"] == sample().title
    assert facts["services"] == ["payments-api"]
    assert facts["customFields"] == {"budget": 12.5, "lead": "user_1"}
    assert facts["publishedAt"].astimezone(UTC) == NOW
    assert "archivedAt" not in facts


@pytest.mark.parametrize("title", ["---", "a: b", "'", "#", "{x}", "\u2028", "yes", "a\x01b", *SCRIPTS.values()])
def test_any_title_is_kept(title: str) -> None:
    facts, text = parts(markdown.write(sample(title=title), {}))
    assert facts["title"] == title.replace("\x01", "")
    assert isinstance(read(text)[0], Heading)


def test_it_reads_as_it_is() -> None:
    _, text = parts(markdown.write(sample(), {}))
    for one in (
        "\n## Summary\n\nThe **checkout** *failed*, ~~twice~~, see [#12](http://afterword.example/postmortems/pm_12), ",
        "#13, `#12`, and \\<b>raw\\</b> <https://example.com/x?a=1&b=2>.",
        "\n### What broke\n\n#### In detail\n",
        "\n- [x] alert\n- [ ] find out\n  1. nested\n",
        "\n3. third\n4. fourth\n",
        "(image: the graph) and [elsewhere](https://elsewhere.example/x.png)",
        "| 2026-11-29, time unknown | Called \\| Bob | Other |  |",
        "[acme/api#12](https://github.com/acme/api/issues/12) (open)",
    ):
        assert one in text, one


def test_an_image_is_at_the_end() -> None:
    _, text = parts(markdown.write(sample(), IMAGES))
    assert "![the graph][att_1] and" in text
    assert "\n[att_1]: data:image/png;base64,iVBOR" in text[-300:]


@given(st.text("<!-/b>`~ \n#*[](\\", max_size=40))
def test_no_text_swallows_what_follows(text: str) -> None:
    """Not even for a reader that knows HTML: nothing that looks like it is left."""
    _, written = parts(markdown.write(sample(text, title="Title"), {}))
    titles = [one.runs[0].text for one in read(written) if isinstance(one, Heading) and one.level == 2]
    assert titles == ["Summary", "Timeline", "Impact", "Root cause", "Resolution", "Action items", "Comments"]
