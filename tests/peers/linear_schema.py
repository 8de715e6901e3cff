"""Linear's GraphQL schema, rebuilt from the types of its own SDK (npm ``@linear/sdk``), as a judge of what we send.

The SDK's types are generated from the schema, one to one: an object carries ``__typename``, a field that may be null
is optional, the arguments of ``Query.issues`` are the type ``QueryIssuesArgs``. What they do not say (default values,
which scalar checks what) the judge does not know.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    build_schema,
    parse,
    validate,
    validate_schema,
)
from graphql.execution.values import get_variable_values

from tests.peers.npm import once, packed_file
from tests.peers.tracker_peer import Request

PACKAGE = "@linear/sdk"
VERSION = "98.0.0"
TYPES = "dist/index-D2pH4Pk9.d.mts"
BUILT_IN = {"ID", "String", "Boolean", "Int", "Float"}

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_OBJECT = re.compile(r"^type (\w+) = ((?:\w+ & )*)\{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
_UNION = re.compile(r"^type (\w+) = ([\w |]+);", re.MULTILINE)
_ENUM = re.compile(r"^declare enum (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+)\??: (.+);", re.MULTILINE)
_VALUE = re.compile(r'= "(\w+)"')
_NAME = re.compile(r'Scalars\["(\w+)"\]|(\w+)')


@cache
def linear_schema() -> GraphQLSchema:
    """Built once a process, from the schema's text in the ignored cache."""
    return build_schema(_text().read_text(), assume_valid=True)


def _text() -> Path:
    types = packed_file(PACKAGE, VERSION, TYPES)

    def write(into: Path) -> None:
        sdl = rebuilt(types.read_text())
        errors = validate_schema(build_schema(sdl))
        assert not errors, errors[:3]
        (into / "schema.graphql").write_text(sdl)

    return once(f"linear-schema-{VERSION}", write) / "schema.graphql"


def rebuilt(types: str) -> str:
    """The schema definition that these TypeScript types came from, as far as queries and mutations reach."""
    text = _COMMENT.sub("", types)
    objects = {name: (parents.split(" & ")[:-1], body) for name, parents, body in _OBJECT.findall(text)}
    unions = {name: members.split(" | ") for name, members in _UNION.findall(text)}
    enums = {name: _VALUE.findall(body) for name, body in _ENUM.findall(text)}
    interfaces = {parent for parents, _ in objects.values() for parent in parents}
    scalars: set[str] = set()
    parts: dict[str, str] = {}
    waiting = ["Query", "Mutation"]

    def of(written: str) -> str:
        """A GraphQL type from a TypeScript one, its names queued."""
        if (inner := _inside(written, "Maybe") or _inside(written, "InputMaybe")) is not None:
            return of(inner).removesuffix("!")
        if (inner := _inside(written, "Array")) is not None:
            return f"[{of(inner)}]!"
        found = _NAME.fullmatch(written)
        assert found, written
        if found[1]:
            scalars.add(found[1])
            return f"{found[1]}!"
        waiting.append(found[2])
        return f"{found[2]}!"

    def fields(name: str, body: str) -> Iterator[str]:
        for key, written in _FIELD.findall(body):
            if key == "__typename":
                continue
            given = objects.get(f"{name}{key[0].upper()}{key[1:]}Args")
            arguments = [f"{one}: {of(what)}" for one, what in _FIELD.findall(given[1])] if given else []
            yield f"  {key}{'(' + ', '.join(arguments) + ')' if arguments else ''}: {of(written)}"

    while waiting:
        name = waiting.pop()
        if name in parts:
            continue
        parts[name] = ""
        if name in enums:
            parts[name] = f"enum {name} {{ {' '.join(enums[name])} }}"
        elif name in unions:
            waiting.extend(unions[name])
            parts[name] = f"union {name} = {' | '.join(unions[name])}"
        else:
            parents, body = objects[name]
            kind = "interface" if name in interfaces else "type" if "__typename" in body else "input"
            waiting.extend(parents)
            head = f"{kind} {name}{' implements ' + ' & '.join(parents) if parents else ''}"
            parts[name] = "\n".join([f"{head} {{", *fields(name, body), "}"])
    return "\n".join(
        [*(f"scalar {name}" for name in sorted(scalars - BUILT_IN)), *(parts[one] for one in sorted(parts))]
    )


def _inside(written: str, generic: str) -> str | None:
    return written[len(generic) + 1 : -1] if written.startswith(f"{generic}<") else None


WEIGHT_LIMIT = 10_000
"""Points that one query may weigh: https://linear.app/developers/rate-limiting"""


def judge(request: Request) -> None:
    """Raises ``AssertionError`` where Linear does not know the request, or finds it too heavy."""
    assert (request.method, request.path) == ("POST", "/graphql"), request.path
    assert request.headers.get("content-type") == "application/json"
    asked = request.json()
    assert isinstance(asked, dict), asked
    assert asked.keys() == {"query", "variables"}, asked.keys()
    check(asked["query"], asked["variables"])


@cache
def known(query: str) -> DocumentNode:
    """The document, which Linear's schema allows; raises ``AssertionError``."""
    document = parse(query)
    errors = validate(linear_schema(), document)
    assert not errors, errors[0].message
    return document


def check(query: str, variables: Mapping[str, object]) -> None:
    document = known(query)
    (operation,) = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    given = get_variable_values(linear_schema(), operation.variable_definitions or (), dict(variables))
    assert not isinstance(given, list), given
    unknown = variables.keys() - {one.variable.name.value for one in operation.variable_definitions or ()}
    assert not unknown, unknown
    assert weight(query, variables) <= WEIGHT_LIMIT


def weight(query: str, variables: Mapping[str, object]) -> int:
    """What Linear reckons a query to weigh: 0.1 a field, 1 an object, a list's children times ``first`` (else 50)."""
    document = parse(query)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}

    def weigh(selections: SelectionSetNode) -> float:
        total = 0.0
        for one in selections.selections:
            if isinstance(one, FragmentSpreadNode):
                total += weigh(fragments[one.name.value].selection_set)
            elif isinstance(one, FieldNode) and one.selection_set is None:
                total += 0.1
            elif isinstance(one, FieldNode):
                assert one.selection_set is not None
                total += 1 + weigh(one.selection_set) * _times(one, variables)
        return total

    (operation,) = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    return math.ceil(weigh(operation.selection_set))


def _times(field: FieldNode, variables: Mapping[str, object]) -> int:
    assert field.selection_set is not None
    inner = {one.name.value for one in field.selection_set.selections if isinstance(one, FieldNode)}
    if not inner & {"nodes", "edges"}:
        return 1
    for argument in field.arguments or ():
        if argument.name.value == "first":
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            assert isinstance(argument.value, VariableNode)
            return int(str(variables[argument.value.name.value]))
    return 50
