"""The page of the laws (docs/reference/laws.md): written from runs of the same systems that the tests check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.laws.documented import DOCUMENTED, Documented
from tests.laws.replications import FIRST_SEED, LEVEL, Interval
from tests.laws.systems import SYSTEMS, System

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "laws.md"

HEAD = f"""# Held to theory

<!-- Made by `make laws` from tests/laws; change that instead. -->

Every figure below is predicted by a formula or documented by AWS, and simulated by Backwater with the services anyone can draw:
a traffic source, a queue and workers are M/M/c, a function at its concurrency is Erlang's loss system. The interval is that of
Student at {LEVEL:.0%}, over independent runs with the seeds from {FIRST_SEED} on; one in a hundred misses by its nature. The tests fail when
a prediction lies outside of its interval, or when the interval is too wide to show anything; and they slow the servers by a
tenth, or make arrivals too regular, to see that this is caught.

`a` is the rate of arrivals, `m` the rate of service, `s` its mean time, `c` the number of servers. `W` is the time in the system,
`Wq` the wait before service, `L` and `Lq` the numbers of messages there, `C` the share that waits, `B` the share that is blocked.
Times are in seconds, rates in messages a second.
"""

TAIL = """## Not here

- **Priority queues.** No service has priorities between messages, so no diagram can be held to their formulas.
- **The steady state close to 100 %.** At 99 % a tenth of exactness would need tens of millions of messages. What is checked instead is the exact
  prediction of the first stretch of time from an empty start, which also holds where there is no steady state.
- **M/G/c with c above 1 and general durations.** There is no exact formula; the exact cases are M/D/c, M/G/c/c and M/G/infinity.
"""


def number(value: float) -> str:
    """Four significant digits, without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def law_row(name: str, figure: str, expected: float, found: Interval, runs: int) -> str:
    """One figure of one system."""
    low, high = found.mean - found.half_width, found.mean + found.half_width
    return f"| {name} | {figure} | {number(expected)} | {number(found.mean)} | {number(low)} to {number(high)} | {runs} |"


def rows_of(name: str, system: System, found: Mapping[str, Interval]) -> Iterator[str]:
    """The rows of one system."""
    for figure, expected in system.expected.items():
        yield law_row(name, figure, expected, found[figure], system.runs)


def documented_rows(name: str, documented: Documented, measured: Mapping[str, float]) -> Iterator[str]:
    """The rows of one behaviour that AWS documents."""
    for figure, expected in documented.expected.items():
        yield f"| {name} | {documented.says} | {figure} | {number(expected)} | {number(measured[figure])} | {documented.source} |"


def page(found: Mapping[str, Mapping[str, Interval]], measured: Mapping[str, Mapping[str, float]]) -> str:
    """The whole page."""
    lines = [HEAD, "## Queueing theory", "", "| System | Figure | Predicted | Simulated | Interval | Runs |", "|---|---|--:|--:|--:|--:|"]
    for name, system in SYSTEMS.items():
        lines += rows_of(name, system, found[name])
    lines += ["", "## The laws", "", "| System | What it is held to |", "|---|---|", *(f"| {name} | {system.law} |" for name, system in SYSTEMS.items())]
    lines += ["", "## What AWS documents", "", "| Behaviour | In words | Figure | Documented | Simulated | Where |", "|---|---|---|--:|--:|---|"]
    for name, documented in DOCUMENTED.items():
        lines += documented_rows(name, documented, measured[name])
    return "\n".join([*lines, "", TAIL])


def printed(text: str) -> dict[tuple[str, str], tuple[float, float, float, float]]:
    """What a page says: by system and figure, (predicted, simulated, low, high)."""
    rows = {}
    for line in text.splitlines():
        row = re.fullmatch(r"\| (.+) \| (.+) \| ([\d.,e-]+) \| ([\d.,e-]+) \| ([\d.,e-]+) to ([\d.,e-]+) \| \d+ \|", line)
        if row:
            rows[row[1], row[2]] = tuple(float(cell.replace(",", "")) for cell in row.groups()[2:])
    return rows  # type: ignore[return-value]
