"""Names of the project's code and what they stand for, read from its files without importing them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ("api", "runtime", "application", "integrations", "models", "domain")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Class:
    name: str
    module: "Module"
    node: ast.ClassDef
    functions: dict[str, Function] = field(default_factory=dict)
    annotations: dict[str, ast.expr] = field(default_factory=dict)


@dataclass
class Module:
    name: str
    tree: ast.Module
    is_package: bool
    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)


@cache
def modules() -> dict[str, Module]:
    found = {}
    for layer in LAYERS:
        for file in (ROOT / layer).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found[name] = _read(Module(name, ast.parse(file.read_text()), is_package))
    return found


def _read(module: Module) -> Module:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                module.imports[one.asname or one.name.partition(".")[0]] = one.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                module.imports[one.asname or one.name] = f"{node.module}.{one.name}"
    for node in module.tree.body:
        if isinstance(node, Function):
            module.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            module.classes[node.name] = _class(node, module)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            module.values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            module.values[node.target.id] = node.value
    return module


def _class(node: ast.ClassDef, module: Module) -> Class:
    made = Class(f"{module.name}.{node.name}", module, node)
    for one in node.body:
        if isinstance(one, Function):
            made.functions[one.name] = one
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            made.annotations[one.target.id] = one.annotation
    for method in made.functions.values():
        parameters = {one.arg: one.annotation for one in (*method.args.args, *method.args.kwonlyargs)}
        for one in ast.walk(method):
            if not (isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Attribute)):
                continue
            if isinstance(one.value, ast.Name) and (given := parameters.get(one.value.id)) is not None:
                made.annotations.setdefault(one.targets[0].attr, given)
            elif isinstance(one.value, ast.Call):
                made.annotations.setdefault(one.targets[0].attr, one.value.func)
    return made


Symbol = Module | Class | tuple[Module, str]
"""A module, a class, or the name of a function or value in a module."""


def find(module: Module, name: str) -> Symbol | None:
    """What a bare name stands for in a module."""
    if name in module.classes:
        return module.classes[name]
    if name in module.functions or name in module.values:
        return (module, name)
    return by_path(module.imports[name]) if name in module.imports else None


def by_path(path: str) -> Symbol | None:
    """What ``package.module.name`` stands for, through packages that import it from elsewhere."""
    if path in modules():
        return modules()[path]
    parent, _, name = path.rpartition(".")
    return find(modules()[parent], name) if parent in modules() else None


def bases(one: Class) -> Iterator[Class]:
    """The class and its bases, nearest first."""
    yield one
    for base in one.node.bases:
        inner = base.value if isinstance(base, ast.Subscript) else base
        if isinstance(inner, ast.Name) and isinstance(found := find(one.module, inner.id), Class):
            yield from bases(found)
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            owner = find(one.module, inner.value.id)
            if isinstance(owner, Module) and isinstance(found := find(owner, inner.attr), Class):
                yield from bases(found)


@cache
def subclasses() -> dict[str, list[Class]]:
    found: dict[str, list[Class]] = {}
    for module in modules().values():
        for one in module.classes.values():
            for base in list(bases(one))[1:]:
                found.setdefault(base.name, []).append(one)
    return found


def methods(one: Class, name: str) -> list[tuple[Class, Function]]:
    """The method of that name, with those of subclasses that replace it."""
    own = next(((base, base.functions[name]) for base in bases(one) if name in base.functions), None)
    others = [(sub, sub.functions[name]) for sub in subclasses().get(one.name, []) if name in sub.functions]
    return ([own] if own else []) + others


def is_protocol(one: Class) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in one.node.bases)


@cache
def methods_called(name: str) -> list[tuple[Class, Function]]:
    """Of every class."""
    every = (one for module in modules().values() for one in module.classes.values())
    return [(one, one.functions[name]) for one in every if name in one.functions]
