"""Loops in a definition in which nothing takes time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.languages.asl.checks import following
from simulator.languages.asl.local import scopes

INSTANT = ("Pass", "Choice")


def loop_without_time(machine: Mapping[str, Any]) -> tuple[str, ...]:
    """The states of a loop of Pass and Choice states alone, the first one named again at its end; empty if there is none."""
    for scope in scopes(machine):
        ways = {name: following(state) for name, state in scope["States"].items() if state["Type"] in INSTANT}
        while dead := [name for name, nexts in ways.items() if not any(found in ways for found in nexts)]:
            for name in dead:
                del ways[name]
        if ways:
            return _walk(ways)
    return ()


def _walk(ways: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Go on from state to state, each of which leads to another, until one comes again."""
    path = [next(iter(ways))]
    while True:
        name = next(found for found in ways[path[-1]] if found in ways)
        if name in path:
            return (*path[path.index(name):], name)
        path.append(name)
