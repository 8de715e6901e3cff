"""What axe-core finds wrong with a page, told as sentences: https://github.com/dequelabs/axe-core"""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.peers.npm import packed_file

VERSION = "4.14.1"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NOT_OURS = "#reference"
"""Swagger UI's own markup, which nests links in buttons and skips levels of headings."""

RUN = """async ([tags, left_out]) => {
  scrollTo(0, 0); // the header stays in place, and covers what is scrolled below it
  const found = await axe.run({include: document, exclude: [left_out]}, {
    runOnly: {type: "tag", values: tags},
    resultTypes: ["violations"],
  });
  const plain = (nodes) => nodes.map(({html, failureSummary}) => ({html, failureSummary}));
  return found.violations.map(({id, help, nodes}) => ({id, help, nodes: plain(nodes)}));
}"""


@cache
def axe_script() -> str:
    return packed_file("axe-core", VERSION, "axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """Rule by rule, with the first elements that break it. The script is evaluated by the browser's own tools, so that
    the page keeps its content security policy."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(axe_script())
    found: list[dict[str, Any]] = page.evaluate(RUN, [list(RULES), NOT_OURS])
    return [_sentence(one) for one in found]


def _sentence(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    why = " ".join(nodes[0]["failureSummary"].split())
    places = "; ".join(one["html"][:160] for one in nodes[:3])
    return f"{violation['id']} ({len(nodes)}): {violation['help']}: {places} [{why}]"
