"""Independent runs of one scenario, side by side, and the confidence interval of every figure over them.

Replication 1 is the plain run. Each further one has a seed of its own, spawned from the run's seed by its number, so any of
them can be run again alone. Whether there are enough is judged on replications 1 to n in order, never on whichever ended
first: the same scenario gives the same result on any machine.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.figures import Figure, figure_named, figure_title, figure_unit, is_amount
from simulator.measures import Histogram
from simulator.measures.intervals import Interval, interval
from simulator.replication import Allowance, Replication, pilot, replicate_once, with_seed
from simulator.run import WarmUp, find_warm_up
from simulator.scenario import Scenario

PILOTS = 5
LOOK_EVERY_S = 0.1
WORTHY_PATH_SHARE = 0.01
"""Paths that fewer messages take are not asked to reach the precision unless they are named."""

Ending = Literal["count", "precision", "limit", "stopped"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: replications done in order, how many it looks like being, and the widest of the chosen intervals."""

    done: int
    expected: int
    precision: float | None

    def to_json(self) -> dict[str, Any]:
        precision = self.precision if self.precision is None or math.isfinite(self.precision) else None
        return {"done": self.done, "expected": self.expected, "precision": precision}


@dataclass(slots=True)
class Replications:
    """The replications of one scenario: iterate `advance`, then ask for the `report`.

    ``width`` is how many the executor carries out at once. ``should_stop`` is asked ten times a second.
    """

    scenario: Scenario
    executor: Executor
    width: int
    allowance: Allowance = field(default_factory=Allowance)
    should_stop: Callable[[], bool] = lambda: False
    done: list[Replication] = field(default_factory=list)
    ending: Ending = "stopped"
    warm_up: WarmUp | None = None
    _early: dict[int, Replication] = field(default_factory=dict)

    def advance(self) -> Iterator[Progress]:
        """Carry the replications out; one `Progress` each time that one more is done in order. Asked for more later, it goes on from those done."""
        run = self.scenario.run
        if run.warm_up_s == "auto" and self.warm_up is None:
            self.warm_up = self.find_warm_up()
            if self.warm_up is None:
                return
        saved = with_seed(self.scenario, run.seed, self.warm_up.s if self.warm_up else None).to_json()
        most = run.max_replications if run.precision is not None else run.replications
        running: dict[Future[Replication], int] = {}
        try:
            number = len(self.done)
            while True:
                while len(running) < self.width and number < most:
                    number += 1
                    running[self.executor.submit(replicate_once, saved, number, self.allowance)] = number
                if not self._collect(running):
                    return
                while len(self.done) + 1 in self._early:
                    self.done.append(self._early.pop(len(self.done) + 1))
                    yield self.progress()
                    if self._enough(most):
                        return
        finally:
            for future in running:
                future.cancel()

    def _collect(self, running: dict[Future[Replication], int]) -> bool:
        """Wait until one has ended; false if it is time to stop."""
        while not self.should_stop():
            ended, _ = wait(running, timeout=LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            for future in ended:
                self._early[running.pop(future)] = future.result()
            if ended:
                return True
        return False

    def find_warm_up(self) -> WarmUp | None:
        """The warm-up that MSER-5 finds in the mean of some pilot runs; None if it was stopped meanwhile."""
        saved = self.scenario.to_json()
        most = self.scenario.run.max_replications if self.scenario.run.precision is not None else self.scenario.run.replications
        numbers = range(1, min(PILOTS, most) + 1)
        waiting: deque[Future[list[float]]] = deque(self.executor.submit(pilot, saved, number, self.allowance) for number in numbers)
        series: list[list[float]] = []
        while waiting:
            if self.should_stop():
                for future in waiting:
                    future.cancel()
                return None
            wait([waiting[0]], timeout=LOOK_EVERY_S)
            if waiting[0].done():
                series.append(waiting.popleft().result())
        return find_warm_up(series, self.scenario.run)

    def _enough(self, most: int) -> bool:
        run = self.scenario.run
        if run.precision is not None and len(self.done) >= run.fewest_replications and all(
            entry.relative is not None and entry.relative <= run.precision for entry in self.chosen().values()
        ):
            self.ending = "precision"
            return True
        if len(self.done) >= most:
            self.ending = "count" if run.precision is None else "limit"
            return True
        return False

    # -- what came of it --------------------------------------------------------------------------------------------

    def chosen(self) -> dict[Figure, Interval]:
        """The figures whose precision matters: those named, else the mean latency of each path, else every rate."""
        samples = {figure: self.samples(figure) for figure in self.chosen_figures()}
        return {figure: interval(values, self.scenario.run.confidence) for figure, values in samples.items() if values}

    def chosen_figures(self) -> Sequence[Figure]:
        """The figures of `chosen`, measured or not."""
        return [figure_named(text, self.scenario) for text in self.scenario.run.precision_of] or self._usual_figures()

    def _usual_figures(self) -> list[Figure]:
        first = self.done[0].figures
        ended = sum(value or 0 for figure, value in first.items() if figure[0] == "paths" and figure[-1] == "messages")
        worthy = [figure[1] for figure, value in first.items() if figure[0] == "paths" and figure[-1] == "messages" and value and value >= WORTHY_PATH_SHARE * ended]
        rates = [figure for figure, value in first.items() if figure[-1] == "per_s" and value]
        return [("paths", path, "latency", "mean") for path in worthy] or rates

    def samples(self, figure: Figure) -> list[float]:
        """A figure in each replication that has it, in order."""
        absent = 0.0 if is_amount(figure) else None
        values = (replication.figures.get(figure, absent) for replication in self.done)
        return [value for value in values if value is not None]

    def told(self) -> list[dict[str, Any]]:
        """The chosen figures as they stand, with titles and units."""
        report = self.done[0].report if self.done else None
        if report is None:
            return []
        return [{"figure": list(figure), "title": figure_title(figure, report), "unit": figure_unit(figure, report), **entry.to_json()} for figure, entry in self.chosen().items()]

    def progress(self) -> Progress:
        """How far it is now."""
        run, done = self.scenario.run, len(self.done)
        if run.precision is None:
            return Progress(done, run.replications, None)
        widths = [entry.relative for entry in self.chosen().values() if entry.relative is not None]
        widest = max(widths, default=None)
        if widest is None or not math.isfinite(widest):
            return Progress(done, run.max_replications, widest)
        # The width falls with the square root of the number.
        needed = math.ceil(done * (widest / run.precision) ** 2)
        return Progress(done, min(max(needed, run.fewest_replications, done), run.max_replications), widest)

    def report(self) -> dict[str, Any]:
        """The report of replication 1 with ``replications`` added; raise `ValueError` if not even that was done."""
        first = self.done[0].report if self.done else None
        if first is None:
            raise ValueError("no replication was completed")
        if self.warm_up is not None:
            first = {**first, "steady_state": {**first["steady_state"], "warm_up": self.warm_up.to_json()}}
        return {**first, "replications": self.summary(first)}

    def summary(self, report: Mapping[str, Any]) -> dict[str, Any]:
        """Every figure with its interval (docs/reference/contracts.md, section 5), named by ``report`` of any of the runs."""
        run = self.scenario.run
        precise = [
            {"figure": list(figure), "title": figure_title(figure, report), "relative": entry.relative if entry.relative is None or math.isfinite(entry.relative) else None,
             "reached": run.precision is not None and entry.relative is not None and entry.relative <= run.precision}
            for figure, entry in self.chosen().items()
        ] if run.precision is not None else []
        content: dict[str, Any] = {
            "count": len(self.done), "confidence": run.confidence, "asked": {"replications": run.replications, "precision": run.precision, "max_replications": run.max_replications},
            "ended": {"by": self.ending, "sentence": self._sentence(precise)}, "precision": precise, "seeds": [replication.seed for replication in self.done],
            "unstable": self._unstable(report), "nodes": {}, "paths": {},
        }
        figures = {figure for replication in self.done for figure in replication.figures}
        for figure in sorted(figures, key=lambda figure: (figure[:2], figure)):
            samples = self.samples(figure)
            if samples:
                _put(content, figure, interval(samples, run.confidence).to_json())
        for place in {place for replication in self.done for place in replication.spreads}:
            pooled = Histogram()
            for replication in self.done:
                if place in replication.spreads:
                    pooled.merge(replication.spreads[place])
            if pooled.count:
                _put(content, (*place, "pooled"), pooled.summary())
        return content

    def _unstable(self, report: Mapping[str, Any]) -> list[dict[str, Any]]:
        counts: dict[str, int] = {}
        for replication in self.done:
            for node in replication.growing:
                counts[node] = counts.get(node, 0) + 1
        return [{"node": node, "name": report["nodes"][node]["name"], "replications": count} for node, count in counts.items()]

    def _sentence(self, precise: Sequence[Mapping[str, Any]]) -> str:
        run, done = self.scenario.run, len(self.done)
        if self.ending == "precision":
            return f"The precision of {100 * (run.precision or 0):g} % is reached after {done} replications."
        if self.ending == "limit":
            missing = ", ".join(f"{entry['title']}{_give_or_take(entry['relative'])}" for entry in precise if not entry["reached"])
            return f"Ended by the limit of {run.max_replications} replications. Not as precise as asked: {missing or 'nothing was measured'}."
        if self.ending == "stopped":
            return f"Stopped after {done} {'replication' if done == 1 else 'replications'}."
        return f"{done} replications, as asked."


def _put(content: dict[str, Any], figure: Figure, value: Any) -> None:
    place = content
    for key in figure[:-1]:
        place = place.setdefault(key, {})
    place[figure[-1]] = value


def _give_or_take(relative: float | None) -> str:
    return "" if relative is None else f" (± {100 * relative:.2g} %)"
