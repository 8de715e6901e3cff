"""What axe-core finds wrong with a page, told as sentences: https://github.com/dequelabs/axe-core"""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.peers.npm import packed_file

VERSION = "4.14.1"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NOT_OURS: dict[str, str] = {}
"""Rules that are left out, each with the reason."""

RUN = """async ([tags, left_out]) => {
  const found = await axe.run(document, {
    runOnly: {type: "tag", values: tags},
    rules: Object.fromEntries(left_out.map((one) => [one, {enabled: false}])),
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
    found: list[dict[str, Any]] = page.evaluate(RUN, [list(RULES), list(NOT_OURS)])
    return [_sentence(one) for one in found]


def _sentence(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    why = " ".join(nodes[0]["failureSummary"].split())
    places = "; ".join(one["html"][:160] for one in nodes[:3])
    return f"{violation['id']} ({len(nodes)}): {violation['help']}: {places} [{why}]"
