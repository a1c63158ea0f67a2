"""Prints the history of an execution of a state machine, and what is wrong with a definition, for people who read a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.languages.asl.errors import Problem
from simulator.languages.asl.interpreter import Event, Execution
from simulator.units import format_count, format_duration

SHOWN_CHARACTERS = 90
SHOWN_OF_A_NAME = 40
LEAST_OF_DATA = 30
COLUMNS = ("Time", "Event", "After", "Type", "State", "Data")
NUMBERS = 3
"""How many of the columns, from the first on, are numbers."""
GAP = 2
STATUS_STYLES = {"SUCCEEDED": "green", "FAILED": "red", "TIMED_OUT": "red", "ABORTED": "yellow"}


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print what is wrong with a definition, one line for each."""
    for problem in problems:
        console.print(f"{problem.severity}: {problem}", markup=False, soft_wrap=True)


def print_execution(console: Console, execution: Execution) -> None:
    """Print the history of an execution, and how it ended."""
    lines = [(format_duration(event.time_s), str(event.id), str(event.previous_id), event.type, _short(str(event.details.get("name", "")), SHOWN_OF_A_NAME), _data_of(event)) for event in execution.history]
    widths = [max(len(title), *(len(line[place]) for line in lines)) for place, title in enumerate(COLUMNS)]
    widths[-1] = max(min(widths[-1], LEAST_OF_DATA), min(widths[-1], console.width - sum(widths[:-1]) - GAP * len(widths)))
    table = Table(box=None, padding=(0, GAP, 0, 0), header_style="dim")
    for place, (title, width) in enumerate(zip(COLUMNS, widths, strict=True)):
        table.add_column(title, justify="right" if place < NUMBERS else "left", no_wrap=True, overflow="ellipsis", width=width)
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console.print(table, width=sum(widths) + GAP * len(widths), crop=False, soft_wrap=True)
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
            return _short(json.dumps(event.details[name], ensure_ascii=False, separators=(",", ":")), SHOWN_CHARACTERS)
    return ": ".join(str(event.details[name]) for name in ("error", "cause") if event.details.get(name))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
