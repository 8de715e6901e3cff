"""What a function does by itself: the refusals that it makes, the functions that it uses, the headers that it sets.

Read from annotations, which mypy has checked. ``Effect.caught`` are the refusals that something around it catches,
``Effect.only_for`` the commands for which it happens.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from tests.outcomes.symbols import Class, Function, Module, Symbol, bases, find, is_protocol, methods, methods_called

COMMANDS = {"Transition", "PostmortemAction", "ActionItemAction"}
"""Enumerations whose members choose what happens."""
TRANSPARENT = {"Annotated", "Awaitable", "Callable", "Coroutine", "AsyncIterator", "Iterator", "Iterable", "Sequence"}
MANY = TRANSPARENT | {"list", "tuple", "set", "frozenset", "dict", "Mapping", "type", "Page", "AsyncGenerator"}


@dataclass(frozen=True)
class Code:
    """A function, or a module's value, with where its names are looked up. ``path`` identifies it."""

    path: str
    module: Module
    node: ast.AST
    owner: Class | None = None

    def __hash__(self) -> int:
        return hash(self.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and other.path == self.path


@dataclass(frozen=True)
class Effect:
    """One of ``refusal``, ``uses``, ``header`` and ``command`` is set."""

    refusal: str = ""
    uses: Code | None = None
    header: str = ""
    command: str = ""
    caught: frozenset[str] = frozenset()
    only_for: frozenset[str] = frozenset()


def code_of(symbol: Symbol | None) -> Code | None:
    if not isinstance(symbol, tuple):
        return None
    module, name = symbol
    node = module.functions.get(name) or module.values[name]
    return Code(f"{module.name}.{name}", module, node)


def method_code(owner: Class, node: Function) -> Code:
    return Code(f"{owner.name}.{node.name}", owner.module, node, owner)


@cache
def refusals_under(name: str) -> frozenset[str]:
    """The classes of ``domain.errors`` that an ``except`` of this name catches."""
    from domain import errors  # noqa: PLC0415 - the only import of what is read

    known = [one for one in errors.BY_CODE.values() if one.__module__ != "domain.errors.refusal"]
    if name in {"Exception", "BaseException"}:
        return frozenset(one.__name__ for one in known)
    return frozenset(one.__name__ for one in known if name in {base.__name__ for base in one.__mro__})


@cache
def effects(code: Code) -> tuple[Effect, ...]:
    return tuple(_Reader(code).read())


class _Reader:
    def __init__(self, code: Code) -> None:
        self.code, self.module = code, code.module
        self.types: dict[str, list[Class]] = {}
        self._aliases: set[str] = set()
        if code.owner is not None:
            self.types["self"] = self.types["cls"] = [code.owner]

    def read(self) -> Iterator[Effect]:
        for node in ast.walk(self.code.node):
            if isinstance(node, (*Function.__args__, ast.Lambda)):
                for one in (*node.args.args, *node.args.kwonlyargs):
                    if one.annotation is not None:
                        self.types[one.arg] = list(self._annotated(one.annotation))
        for _ in range(2):  # what is assigned first may be read from what is assigned later in a nested function
            for node in ast.walk(self.code.node):
                self._assign(node)
        if isinstance(self.code.node, Function):
            for statement in self.code.node.body:
                yield from self._visit(statement)
        else:
            yield from self._visit(self.code.node)

    def _assign(self, node: ast.AST) -> None:
        pairs: list[tuple[ast.expr | None, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(node.targets[0], node.value)]
        elif isinstance(node, ast.NamedExpr | ast.For | ast.AsyncFor | ast.comprehension):
            pairs = [(node.target, node.value if isinstance(node, ast.NamedExpr) else node.iter)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self.types[node.target.id] = list(self._annotated(node.annotation))
        elif isinstance(node, ast.withitem):
            pairs = [(node.optional_vars, node.context_expr)]
        for target, value in pairs:
            if isinstance(target, ast.Name) and (found := list(self._types(value))):
                self.types[target.id] = found

    # Types

    def _annotated(self, node: ast.expr, module: Module | None = None) -> Iterator[Class]:
        module = module or self.module
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        if isinstance(node, ast.BinOp):
            yield from self._annotated(node.left, module)
            yield from self._annotated(node.right, module)
        elif isinstance(node, ast.Subscript):
            yield from self._annotated(node.value, module)
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            named = node.value.id if isinstance(node.value, ast.Name) else ""
            for one in inner[:1] if named == "Annotated" else inner:
                if isinstance(one, ast.expr):
                    yield from self._annotated(one, module)
        elif isinstance(node, ast.Name):
            yield from self._named(find(module, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = find(module, node.value.id)
            if isinstance(owner, Module):
                yield from self._named(find(owner, node.attr))

    def _named(self, symbol: Symbol | None) -> Iterator[Class]:
        if isinstance(symbol, Class):
            yield symbol
        elif isinstance(symbol, tuple) and symbol[1] in symbol[0].values:
            name = f"{symbol[0].name}.{symbol[1]}"
            if name not in self._aliases:  # some refer to themselves
                self._aliases.add(name)
                yield from self._annotated(symbol[0].values[symbol[1]], symbol[0])
                self._aliases.discard(name)

    def _types(self, node: ast.expr) -> Iterator[Class]:
        if isinstance(node, ast.Await | ast.Starred):
            yield from self._types(node.value)
        elif isinstance(node, ast.Name):
            if node.id in self.types:
                yield from self.types[node.id]
            elif isinstance(found := find(self.module, node.id), Class):
                yield found
        elif isinstance(node, ast.IfExp | ast.BoolOp):
            for one in node.values if isinstance(node, ast.BoolOp) else (node.body, node.orelse):
                yield from self._types(one)
        elif isinstance(node, ast.Call):
            for one in self._targets(node.func):
                if isinstance(one, Class):
                    yield one
                elif isinstance(one.node, Function) and one.node.returns is not None:
                    yield from _Reader(one)._annotated(one.node.returns)
        elif isinstance(node, ast.Attribute):
            for one in self._types(node.value):
                yield from self._attribute(one, node.attr)
        elif isinstance(node, ast.Subscript):
            yield from self._types(node.value)

    def _attribute(self, owner: Class, name: str) -> Iterator[Class]:
        for base in bases(owner):
            if name in base.annotations:
                yield from _Reader(Code(base.name, base.module, base.node))._annotated(base.annotations[name])
                return
            if name in base.functions:
                returns = base.functions[name].returns
                if returns is not None:
                    yield from _Reader(Code(base.name, base.module, base.node, base))._annotated(returns)
                return

    # Names

    def _targets(self, node: ast.expr) -> Iterator[Code | Class]:
        """The functions, values and classes that an expression may stand for."""
        if isinstance(node, ast.Name) and node.id not in self.types:
            symbol = find(self.module, node.id)
            if isinstance(symbol, Class):
                yield symbol
            elif (code := code_of(symbol)) is not None:
                yield code
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id not in self.types:
                owner = find(self.module, node.value.id)
                if isinstance(owner, Module):
                    symbol = find(owner, node.attr)
                    if isinstance(symbol, Class):
                        yield symbol
                    elif (code := code_of(symbol)) is not None:
                        yield code
                    return
            for one in self._types(node.value):
                found = methods(one, node.attr)
                if is_protocol(one):
                    found = methods_called(node.attr)
                for owner, method in found:
                    yield method_code(owner, method)

    # Effects

    def _visit(self, node: ast.AST) -> Iterator[Effect]:
        if isinstance(node, ast.Try):
            yield from self._tried(node)
        elif isinstance(node, ast.With | ast.AsyncWith) and (names := self._suppressed(node)):
            for child in node.body:
                yield from (replace(one, caught=one.caught | names) for one in self._visit(child))
        elif isinstance(node, ast.If | ast.IfExp) and (only := self._only_for(node.test)):
            yield from self._visit(node.test)
            for child in node.body if isinstance(node, ast.If) else [node.body]:
                yield from (replace(one, only_for=one.only_for or only) for one in self._visit(child))
            for child in node.orelse if isinstance(node, ast.If) else [node.orelse]:
                yield from self._visit(child)
        elif isinstance(node, ast.match_case):
            only = frozenset(filter(None, [self._member(getattr(node.pattern, "value", node))]))
            for child in node.body:
                yield from (replace(one, only_for=one.only_for or only) for one in self._visit(child))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                only = self._only_for(ast.Compare(key, [ast.Is()], [key])) if key is not None else frozenset()
                for child in filter(None, (None if only else key, value)):
                    yield from (replace(one, only_for=one.only_for or only) for one in self._visit(child))
        elif isinstance(node, ast.Name | ast.Attribute):
            yield from self._used(node)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            if isinstance(node, ast.AnnAssign) and node.value is not None:
                yield from self._visit(node.value)
        else:
            if isinstance(node, ast.Call):
                yield from self._called(node)
            elif isinstance(node, ast.Assign):
                yield from self._set_header(node)
            yield from self._of(ast.iter_child_nodes(node))

    def _of(self, nodes: Iterable[ast.AST]) -> Iterator[Effect]:
        for one in nodes:
            if not isinstance(one, ast.ExceptHandler):
                yield from self._visit(one)

    def _tried(self, node: ast.Try) -> Iterator[Effect]:
        caught: set[str] = set()
        for handler in node.handlers:
            is_raised = any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(handler))
            if not is_raised:
                for name in self._exception_names(handler.type):
                    caught |= refusals_under(name)
            yield from self._of(handler.body)
        for child in node.body:
            yield from (replace(one, caught=one.caught | caught) for one in self._visit(child))
        yield from self._of([*node.orelse, *node.finalbody])

    def _exception_names(self, node: ast.expr | None) -> list[str]:
        if node is None:
            return ["BaseException"]
        nodes = node.elts if isinstance(node, ast.Tuple) else [node]
        return [one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in nodes]

    def _suppressed(self, node: ast.With | ast.AsyncWith) -> frozenset[str]:
        found: set[str] = set()
        for one in node.items:
            call = one.context_expr
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "suppress":
                for argument in call.args:
                    for name in self._exception_names(argument):
                        found |= refusals_under(name)
        return frozenset(found)

    def _only_for(self, test: ast.AST) -> frozenset[str]:
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            return next((only for one in test.values if (only := self._only_for(one))), frozenset())
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is | ast.Eq):
            member = self._member(test.comparators[0])
            return frozenset({member} if member else ())
        return frozenset()

    def _member(self, node: ast.AST) -> str:
        is_member = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in COMMANDS
        return node.attr if is_member else ""

    def _used(self, node: ast.Name | ast.Attribute) -> Iterator[Effect]:
        if member := self._member(node):
            yield Effect(command=member)
            return
        for one in self._targets(node):
            if isinstance(one, Code):
                yield Effect(uses=one)
            elif one.module.name.startswith("domain.errors"):
                if one.node.name in refusals_under(one.node.name):
                    yield Effect(refusal=one.node.name)
            else:
                for name in ("__init__", "__post_init__"):
                    yield from (Effect(uses=method_code(*found)) for found in methods(one, name)[:1])
        if isinstance(node, ast.Attribute):
            yield from self._visit(node.value)

    def _called(self, node: ast.Call) -> Iterator[Effect]:
        for one in node.keywords:
            if one.arg in {"location", "ETag"} and not (isinstance(one.value, ast.Constant) and not one.value.value):
                yield Effect(header="Location" if one.arg == "location" else "ETag")
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in {"tag", "hashed_answer"} or (name == "json_answer" and len(node.args) > 1):
            yield Effect(header="ETag")

    def _set_header(self, node: ast.Assign) -> Iterator[Effect]:
        target = node.targets[0]
        if not (isinstance(target, ast.Subscript) and isinstance(target.value, ast.Attribute)):
            return
        if target.value.attr == "headers" and isinstance(target.slice, ast.Constant):
            yield Effect(header=str(target.slice.value))
