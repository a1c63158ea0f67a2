"""Definitions as text: read from JSON or YAML, with the line and column of every part, and drawn as a graph."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from simulator.languages.asl.checks import check_definition, following
from simulator.languages.asl.errors import InvalidDefinition, Problem
from simulator.languages.asl.fields import joined

MOST_CHARACTERS = 1_048_576
"""A definition has 1 MB at most."""
MOST_LEVELS = 100
SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
Position = tuple[int, int]
"""Line and column, from 1."""


_Fastest: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Fastest):
    """YAML with the values of JSON: dates stay texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"] for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Definition:
    """A definition that was read: its value, and where each part of it stands in the text."""

    value: Any
    positions: Mapping[str, Position] = field(default_factory=dict)

    def position(self, path: str) -> Position | None:
        """Where the part at this path stands, or the nearest part around it."""
        while path not in self.positions:
            shorter = re.sub(r"(\.[^.\[\]]+|\['[^']*'\]|\[\d+\])$", "", path)
            if shorter in ("", path):
                return None
            path = shorter
        return self.positions[path]


def read_definition(text: str) -> Definition:
    """Read JSON or YAML; raises `InvalidDefinition` where it is neither."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidDefinition([Problem("$", f"has {len(text):,} characters; {MOST_CHARACTERS:,} are allowed")])
    if text.lstrip()[:1] not in ("{", "["):
        return _read_yaml(text)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidDefinition([Problem("$", f"is not JSON: {error.msg}", line=error.lineno, column=error.colno)]) from None
    except (ValueError, RecursionError):
        raise InvalidDefinition([Problem("$", "is not JSON that can be read")]) from None
    return Definition(value, _positions(text))


def _positions(text: str) -> Mapping[str, Position]:
    """Where the parts of a JSON text stand. JSON is YAML but for tabs and halves of surrogate pairs; its values are its own."""
    try:
        return _read_yaml(SURROGATE.sub(r"\\ufffd", text.replace("\t", " "))).positions
    except InvalidDefinition as error:
        if error.problems[0].path == "$":
            return {}  # JSON that YAML cannot read after all: its faults have paths, but no lines
        raise


def _read_yaml(text: str) -> Definition:
    try:
        loader = _Loader(text)
    except yaml.YAMLError as error:
        raise InvalidDefinition([Problem("$", f"is neither JSON nor YAML: {error}")]) from None
    try:
        node = loader.get_single_node()
        reader = _Reader(loader)
        value = None if node is None else reader.value(node, "$", 0)
    except InvalidDefinition:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise InvalidDefinition([Problem("$", f"is neither JSON nor YAML: {error.problem or error.context}", line=place[0], column=place[1])]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidDefinition([Problem("$", f"is neither JSON nor YAML: {error}")]) from None
    except RecursionError:
        raise InvalidDefinition([Problem("$", f"is nested more than {MOST_LEVELS} levels deep")]) from None
    finally:
        loader.dispose()
    return Definition(value, reader.positions)


class _Reader:
    """Turns nodes of YAML into values, and remembers where each stood."""

    def __init__(self, loader: _Loader) -> None:
        self.positions: dict[str, Position] = {}
        self._loader = loader
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        """The value of a node, and of all in it. Raises `InvalidDefinition`."""
        if depth > MOST_LEVELS:
            raise _fault(path, f"is nested more than {MOST_LEVELS} levels deep", node)
        self.positions.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.ScalarNode):
            if node.tag.startswith("!"):
                return f"${{{node.value}}}"  # what CloudFormation fills in: !GetAtt Function.Arn
            return self._loader.construct_object(node)
        if id(node) in self._seen:
            raise _fault(path, "is an alias of another part; write it out", node)
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, depth)
        return [self.value(entry, joined(path, index), depth + 1) for index, entry in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, entry in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault(path, "has a key that is no text", key)
            name = str(key.value)
            inner = joined(path, name)
            if name in made:
                raise _fault(inner, f"'{name}' is given twice", key)
            made[name] = self.value(entry, inner, depth + 1)
            self.positions[inner] = (key.start_mark.line + 1, key.start_mark.column + 1)
        return made


def _fault(path: str, message: str, node: yaml.Node) -> InvalidDefinition:
    return InvalidDefinition([Problem(path, message, line=node.start_mark.line + 1, column=node.start_mark.column + 1)])


def checked(text: str, express: bool = False) -> tuple[Definition | None, list[Problem]]:
    """A definition read and checked: None if it cannot be read; and what is wrong with it, each with its line and column."""
    try:
        definition = read_definition(text)
    except InvalidDefinition as error:
        return None, error.problems
    problems = []
    for problem in check_definition(definition.value, express):
        line, column = definition.position(problem.path) or (None, None)
        problems.append(Problem(problem.path, problem.message, problem.severity, line, column))
    return definition, problems


def graph_of(machine: Any, group: str = "") -> dict[str, list[dict[str, Any]]]:
    """The states of a (perhaps faulty) definition as a graph: nodes with the group they stand in, and edges with what they stand for."""
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    found = machine.get("States") if isinstance(machine, dict) else None
    states = found if isinstance(found, dict) else {}
    for name, state in states.items():
        if not isinstance(state, dict):
            continue
        nodes.append({"name": name, "type": str(state.get("Type", "")), "group": group, "start": machine.get("StartAt") == name, "end": not following(state)})
        edges.extend({"from": name, "to": to, "kind": kind} for kind, to in _ways(state) if to in states)
        for label, inner in _inner(name, state):
            below = graph_of(inner, label)
            nodes.extend(below["nodes"])
            edges.extend(below["edges"])
    return {"nodes": nodes, "edges": edges}


def _ways(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    catchers = state.get("Catch")
    caught = [entry.get("Next") for entry in catchers if isinstance(entry, dict)] if isinstance(catchers, list) else []
    for to in dict.fromkeys(following(state)):
        yield "default" if to == state.get("Default") else "catch" if to in caught and to != state.get("Next") else "next", to


def _inner(name: str, state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    branches = state.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield f"{name}[{index}]", branch
    for field_name in ("ItemProcessor", "Iterator"):
        if field_name in state:
            yield f"{name}[]", state[field_name]
