"""Where the exact engine spends its time: the pipeline is sampled, and the functions it was found in are listed.

A signal stops the run every few milliseconds of processor time (as often as the system's clock ticks), and notes the function that runs (its own time) and all that led to it.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterable
from types import FrameType

from benchmarks import scenarios
from benchmarks.tables import Table
from simulator.run import simulate

EVERY_S = 0.001
SHOWN = 16


class Sampler:
    """While it is entered, counts samples: those in a function itself, and those in it or in what it called."""

    def __init__(self) -> None:
        self.own: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self._note)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)

    def _note(self, _: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            stack.append(f"{frame.f_globals.get('__name__', '?').removeprefix('simulator.')}: {frame.f_code.co_qualname}")
            frame = frame.f_back
        self.own[stack[0]] += 1
        self.whole.update(set(stack))


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield a table for each setting: the functions with the most samples."""
    messages = 20_000 if quick else 200_000
    for title, scenario in (("no latencies", scenarios.pipeline(messages)), ("default latencies", scenarios.default_pipeline(messages))):
        with Sampler() as sampler:
            simulate(scenario)
        total = sampler.own.total()
        rows = [[f"`{name}`", f"{count / total:.1%}", f"{sampler.whole[name] / total:.1%}"] for name, count in sampler.own.most_common(SHOWN)]
        yield Table(f"Main entries of the profile, {messages:,} messages, {title}", ("Function", "Own time", "With what it calls"), rows, f"{total:,} samples.")
