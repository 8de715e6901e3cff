"""No text of a caller is parsed on the event loop: what parses or compares texts is given to ``application.text_work``.

What is heavy is found from its roots, which are the libraries that parse, through everything in ``domain`` that refers
to them. ``api`` and ``application`` may hand such a function on, but never call it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.cli.running import ROOT

ROOTS = {
    "domain.markdown.parser",
    "integrations.text.markdown_reader.BlockReader",
    "nh3",
    "merge3.Merge3",
    "rapidfuzz.distance.Indel",
    "zipfile",
    "csv.reader",
    "csv.DictReader",
} | {"domain.content.matching.matching_blocks"}
WHERE = ("domain", "integrations/documents", "integrations/slack", "integrations/text")
DOORS = ("api", "application")
Names = dict[str, str]
QUICK = {
    "domain.comments.anchors.anchor_for": "finds a quote by str.find",
    "domain.markdown.normal_address": "takes one address",
}
"""Refers to what is heavy, and takes no time for any text; why."""


def _modules(*folders: str) -> dict[str, ast.Module]:
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {_name(path): ast.parse(path.read_text()) for path in files}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(tree: ast.Module) -> Names:
    """What each imported name stands for."""
    names: Names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        if isinstance(node, ast.Import):
            names |= {one.asname or one.name: one.name for one in node.names}
    return names


def _meant(node: ast.AST, names: Names) -> str | None:
    """The full name of ``name`` or ``module.name``."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
        return f"{names[node.value.id]}.{node.attr}"
    return None


def _defined(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield from ((one.id, node) for one in node.targets if isinstance(one, ast.Name))


def heavy_names(modules: dict[str, ast.Module]) -> set[str]:
    refers: dict[str, set[str]] = {}
    for module, tree in modules.items():
        own = {name: f"{module}.{name}" for name, _ in _defined(tree)}
        names = _imported(tree) | own
        for name, node in _defined(tree):
            refers[f"{module}.{name}"] = {said for one in ast.walk(node) if (said := _meant(one, names))}
    heavy = set(ROOTS)
    candidates = refers.keys() - QUICK.keys()
    while more := {name for name in candidates - heavy if _touches(refers[name], heavy)}:
        heavy |= more
    return heavy


def _touches(said: set[str], heavy: set[str]) -> bool:
    return any(one in heavy or one.partition(".")[0] in heavy for one in said)


def called_on_the_loop(modules: dict[str, ast.Module], heavy: set[str]) -> list[str]:
    found: list[str] = []
    for module, tree in modules.items():
        names = _imported(tree)
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _meant(node.func, names) in heavy]
        found += [f"{module}:{one.lineno} calls {_meant(one.func, names)}" for one in calls]
    return found


def test_no_text_is_parsed_on_the_event_loop() -> None:
    heavy = heavy_names(_modules(*WHERE))
    assert {"domain.content.markdown.render", "domain.content.diffs.compare", "domain.content.merging.merge"} <= heavy
    assert {"domain.comments.anchors.locate_each", "domain.comments.mentions.mentions"} <= heavy
    assert {"domain.timeline.pasted.parse_timeline", "integrations.slack.export.read_export"} <= heavy
    assert {"integrations.documents.html.write", "integrations.documents.layout.lay_out"} <= heavy
    assert {"domain.style.advice.advise_postmortem", "domain.comments.formatting.format_passages"} <= heavy
    assert called_on_the_loop(_modules(*DOORS), heavy) == []


def test_a_call_on_the_event_loop_is_found() -> None:
    bad = ast.parse("from domain.content.markdown import render\n\nasync def page(text):\n    return render(text)\n")
    good = ast.parse(
        "from domain.content.markdown import render\n\nasync def page(text):\n    return await run(render)\n"
    )
    heavy = {"domain.content.markdown.render"}
    assert called_on_the_loop({"api.bad": bad, "api.good": good}, heavy) == [
        "api.bad:4 calls domain.content.markdown.render"
    ]
