"""Prints the history of an execution of a state machine, and what is wrong with a definition, for people who read a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.languages.asl.errors import Problem
from simulator.languages.asl.interpreter import Event, Execution
from simulator.units import format_count, format_duration

SHOWN_CHARACTERS = 90
STATUS_STYLES = {"SUCCEEDED": "green", "FAILED": "red", "TIMED_OUT": "red", "ABORTED": "yellow"}


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print what is wrong with a definition, one line for each."""
    for problem in problems:
        console.print(f"{problem.severity}: {problem}", markup=False, soft_wrap=True)


def print_execution(console: Console, execution: Execution) -> None:
    """Print the history of an execution, and how it ended."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title, justify in (("Time", "right"), ("Event", "right"), ("After", "right"), ("Type", "left"), ("State", "left"), ("Data", "left")):
        table.add_column(title, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for event in execution.history:
        table.add_row(format_duration(event.time_s), str(event.id), str(event.previous_id), event.type, Text(str(event.details.get("name", ""))), Text(_data_of(event)))
    console.print(table)
    console.print()
    took = format_duration((execution.ended_s or 0.0) - execution.started_s)
    ending = Text(execution.status, style=STATUS_STYLES.get(execution.status, ""))
    ending.append(f" after {took}, {format_count(execution.transitions)} state transitions, {format_count(execution.events)} events", style="default")
    console.print(ending)
    if execution.status == "SUCCEEDED":
        console.print(json.dumps(execution.output, ensure_ascii=False, indent=2), markup=False, soft_wrap=True)
    elif execution.error or execution.cause:
        console.print(f"{execution.error or 'no error name'}: {execution.cause or 'no cause'}", markup=False, soft_wrap=True)


def _data_of(event: Event) -> str:
    for name in ("input", "output", "parameters"):
        if name in event.details:
            return _short(event.details[name])
    return ": ".join(str(event.details[name]) for name in ("error", "cause") if event.details.get(name))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
