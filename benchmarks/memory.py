"""Memory does not grow with the number of messages that are done with.

The pipeline is run with 200,000 and with 2,000,000 messages, each in a fresh process; compared is the most memory that the
process ever occupied (resident set).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable

from benchmarks import scenarios
from benchmarks.tables import Table

SIZES = (200_000, 2_000_000)


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield one table: peak memory at each size."""
    sizes = [size // 10 for size in SIZES] if quick else list(SIZES)
    figures = [_in_a_fresh_process(size) for size in sizes]
    rows = [[f"{size:,}", f"{before:.1f} MB", f"{peak:.1f} MB", f"{peak - before:.1f} MB"] for size, (before, peak) in zip(sizes, figures, strict=True)]
    growth = figures[-1][1] / figures[0][1]
    yield Table(
        "Memory, pipeline, exact", ("Messages", "Before the run", "Peak, with the report", "Of the run"), rows,
        f"{sizes[-1] // sizes[0]} times the messages need {growth:.2f} times the memory. Each message is two copies. Resident set of a fresh process. A longer run has longer frames, and what is noted of their messages is kept until the frame ends, or 50,000 calls at most.")


def _in_a_fresh_process(messages: int) -> tuple[float, float]:
    answer = subprocess.run([sys.executable, "-m", "benchmarks.memory", str(messages)], check=True, capture_output=True, text=True)
    before, peak = map(float, answer.stdout.split())
    return before, peak


def _run(messages: int) -> None:
    from simulator.run import simulate

    before = _resident("VmRSS")
    simulate(scenarios.pipeline(messages))
    print(before, _resident("VmHWM"))


def _resident(which: str) -> float:
    """Memory of this process in MB: what it occupies (VmRSS), or the most it ever did (VmHWM). ru_maxrss would count what its parent occupied."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(which)) * 1024 / 1e6


if __name__ == "__main__":
    _run(int(sys.argv[1]))
