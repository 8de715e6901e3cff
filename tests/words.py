"""Every string that people read, in one place: ``make words`` writes it to ``.cache/words.txt``.

Collected from where it is written: templates, scripts, refusals (with example facts), notices, sentences in the code
(reasons, messages, errors of the command line), help of the command line, and descriptions of the API.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import typer.main

from api.app import create_app
from api.document.problems import example
from cli.commands import app
from domain.errors import BY_CODE
from domain.notifications.notices import KINDS, sentence
from tests.cli.running import ROOT

FILE = ROOT / ".cache" / "words.txt"
ROOMS = ("domain", "application", "models", "integrations", "activities", "workflows", "runtime", "api", "cli")


@dataclass(frozen=True, slots=True)
class Said:
    """A text that people read, and where it comes from."""

    where: str
    text: str


def collect() -> list[Said]:
    """Everything, in the order of its sources. A text is listed once for each place."""
    found = [*templates(), *scripts(), *refusals(), *notices(), *code(), *help_texts(), *descriptions()]
    return list(dict.fromkeys(one for one in found if re.search(r"[A-Za-z]{2}", one.text)))


def refusals() -> Iterator[Said]:
    for code_name, refusal in BY_CODE.items():
        yield Said(f"refusal {code_name}", f"{refusal.title} | {example(refusal)}")


def notices() -> Iterator[Said]:
    names = {"person": "Jane Doe", "delegate": "Bob Marsh", "detail": "Jira rejected its credentials."}
    for kind in KINDS:
        text = sentence(kind, title="Checkout failed", target="published", due="Tue, Dec 1, 2026", **names)
        yield Said(f"notice {kind}", text)


# Templates and scripts


class _Visible(HTMLParser):
    """The text of a page, and of the attributes that people see or hear."""

    SHOWN = frozenset({"aria-label", "alt", "placeholder", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(self.getpos()[0], value) for name, value in attrs if name in self.SHOWN and value]

    def handle_data(self, data: str) -> None:
        self.found += [(self.getpos()[0], line) for line in data.splitlines()]


def templates() -> Iterator[Said]:
    for file in sorted((ROOT / "web" / "templates").rglob("*.html")):
        where, source = str(file.relative_to(ROOT)), file.read_text()
        parser = _Visible()
        parser.feed(re.sub(r"\{\{.*?\}\}", "…", re.sub(r"\{%.*?%\}", "", source, flags=re.DOTALL), flags=re.DOTALL))
        for line, text in parser.found:
            if words := " ".join(text.replace("\u2026", "…").split()).strip("…·,.#@ "):
                yield Said(f"{where}:{line}", words)
        for block in re.finditer(r"\{[{%](.*?)[%}]\}", source, flags=re.DOTALL):
            line = source.count("\n", 0, block.start()) + 1
            for literal in re.findall(r'"((?:[^"\\]|\\.)*)"', block[1]):
                if re.search(r"[A-Za-z]{2,} [a-z]|^[A-Z][a-z]+$", literal) and "%" not in literal:
                    yield Said(f"{where}:{line}", literal)


def scripts() -> Iterator[Said]:
    for file in sorted((ROOT / "web" / "static").rglob("*.js")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for literal in re.findall(r'"([A-Z][^"]* [^"]*)"', line):
                yield Said(f"{file.relative_to(ROOT)}:{number}", literal)


# Code


def code() -> Iterator[Said]:
    """Literals that read like sentences; not docstrings, log events, or patterns."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            if "embedded" not in file.parts and file.name not in {"errors.py", "notices.py"}:
                yield from _literals(file)


def _literals(file: Path) -> Iterator[Said]:
    tree = ast.parse(file.read_text())
    silent = set(_silent(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) not in silent and (text := _text(node)) and _reads(text):
            yield Said(f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", text)


def _silent(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        logs = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOGGING
        defect = isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and "ValueError" in ast.dump(node.exc)
        if logs or defect:
            yield from (id(part) for part in ast.walk(node))


_LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "compile", "execute"})


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.Constant) else "…" for one in node.values]
        return "".join(str(one) for one in parts)
    return ""


def _reads(text: str) -> bool:
    """It has two words beside each other, and nothing of SQL, GraphQL, HTML, or a regular expression."""
    odd = re.search(r"\\|\(\?|\[\^|</|&lt;|\bselect\b|\bis (?:not )?null\b|\bin \('|::|\$id|query[ (]|\{\n", text)
    label = re.fullmatch(r"[A-Z][a-z]{3,}", text)
    return not odd and (label or re.search(r"[A-Za-z\u2019']{2,},? [a-z…A-Z]", text)) is not None and len(text) < 1000


# The command line and the API


def help_texts() -> Iterator[Said]:
    group: Any = typer.main.get_command(app)
    yield Said("cli --help", str(group.help))
    for name, command in group.commands.items():
        yield Said(f"cli {name}", str(command.help))
        yield from (Said(f"cli {name} {one.name}", one.help) for one in command.params if getattr(one, "help", None))


def descriptions() -> Iterator[Said]:
    document = create_app().openapi()
    yield Said("openapi", document["info"]["description"])
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            text = f"{operation.get('summary', '')} | {operation.get('description', '')}"
            yield Said(f"openapi {method.upper()} {path}", " ".join(text.split()))
    for name, schema in document["components"]["schemas"].items():
        yield from _described(f"openapi {name}", schema)


def _described(where: str, part: Any) -> Iterator[Said]:
    if isinstance(part, dict):
        if isinstance(part.get("description"), str):
            yield Said(where, " ".join(part["description"].split()))
        for value in part.values():
            yield from _described(where, value)
    elif isinstance(part, list):
        for value in part:
            yield from _described(where, value)


def main() -> None:
    found = collect()
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("".join(f"{one.where}\t{one.text}\n" for one in found))
    sys.stdout.write(f"{len(found)} texts in {FILE}\n")


if __name__ == "__main__":
    main()
