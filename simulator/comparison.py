"""Two variants of one scenario with common random numbers: every figure's difference, with the interval of the pairs.

Replication n of both variants has the same seed, and every node draws from streams of its own by its id. So both variants
meet the same arrivals and the same work, and the interval of their difference is narrower than that of two separate studies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any

from simulator import __version__
from simulator.figures import Figure, figure_title, figure_unit
from simulator.measures.intervals import interval, unpaired
from simulator.replication import Allowance, with_seed
from simulator.replications import Ending, Progress, Replications
from simulator.scenario import Scenario

COMPARISON_VERSION = 1


class Comparison:
    """``base`` and ``variant`` side by side: iterate `advance`, then ask for the `report`.

    Both run with the replications, the confidence and the seed of ``base``; if one of them has its warm-up detected, both
    begin their statistics at the later of the two. With a precision in ``base``, pairs are added until half the interval of each
    chosen figure's difference is within that share of the figure in ``base``.
    """

    def __init__(self, base: Scenario, variant: Scenario, executor: Executor, width: int, should_stop: Callable[[], bool] = lambda: False) -> None:
        settings = {name: getattr(base.run, name) for name in ("seed", "replications", "confidence", "precision_of")} | {"precision": None}
        self.precision = base.run.precision
        self.limits = (base.run.fewest_replications, base.run.max_replications)
        self.ending: Ending = "stopped"
        self.should_stop = should_stop
        self.sides = [
            Replications(side.model_copy(update={"run": side.run.model_copy(update=settings)}), executor, width, Allowance(), should_stop) for side in (base, variant)
        ]

    def advance(self) -> Iterator[Progress]:
        """Carry both out; one `Progress` for each replication of either."""
        if any(side.scenario.run.warm_up_s == "auto" for side in self.sides):
            found = [side.find_warm_up() if side.scenario.run.warm_up_s == "auto" else None for side in self.sides]
            latest_s = max(warm_up.s if warm_up else side.scenario.run.fixed_warm_up_s for warm_up, side in zip(found, self.sides, strict=True))
            for side in self.sides:
                side.scenario = with_seed(side.scenario, side.scenario.run.seed, latest_s)
        if self.precision is None:
            yield from self._up_to(self.sides[0].scenario.run.replications)
            self.ending = "stopped" if self.should_stop() else "count"
            return
        fewest, most = self.limits
        pairs = min(fewest, most)
        while True:
            yield from self._up_to(pairs)
            if len(self.sides[1].done) < pairs:
                return
            widest = self._widest()
            if widest <= self.precision or pairs >= most:
                self.ending = "precision" if widest <= self.precision else "limit"
                return
            # The width falls with the square root of the number; a second look at a first guess costs little.
            pairs = most if math.isinf(widest) else min(most, max(pairs + 1, math.ceil(pairs * min(4.0, (widest / self.precision) ** 2))))

    def _up_to(self, pairs: int) -> Iterator[Progress]:
        before = [len(side.done) for side in self.sides]
        for place, side in enumerate(self.sides):
            side.scenario = side.scenario.model_copy(update={"run": side.scenario.run.model_copy(update={"replications": pairs})})
            for progress in side.advance():
                done = progress.done + (pairs if place else before[1])
                yield Progress(done, 2 * pairs, None)

    def _widest(self) -> float:
        """The widest half interval of a chosen figure's difference, as a share of the figure in the base; infinite if one cannot be told."""
        return max((self._width(figure) for figure in self.sides[0].chosen_figures()), default=math.inf)

    def _width(self, figure: Figure) -> float:
        pairs = self._pairs(figure)
        if len(pairs) < 2:
            return math.inf
        confidence = self.sides[0].scenario.run.confidence
        half_width = interval([other - one for one, other in pairs], confidence).half_width or 0.0
        mean = interval([one for one, _ in pairs], confidence).mean
        return half_width / abs(mean) if mean else math.inf if half_width else 0.0

    def _pairs(self, figure: Figure) -> list[tuple[float, float]]:
        """A figure in each pair of replications in which both variants have it."""
        values = [(one.figures.get(figure), other.figures.get(figure)) for one, other in zip(self.sides[0].done, self.sides[1].done, strict=False)]
        return [(one, other) for one, other in values if one is not None and other is not None]

    def _precise(self, report: dict[str, Any]) -> list[dict[str, Any]]:
        """The chosen figures and how precisely their differences are known."""
        if self.precision is None:
            return []
        widths = [(figure, self._width(figure)) for figure in self.sides[0].chosen_figures()]
        return [
            {"figure": list(figure), "title": figure_title(figure, report), "relative": width if math.isfinite(width) else None, "reached": width <= self.precision}
            for figure, width in widths
        ]

    def report(self) -> dict[str, Any]:
        """Every figure that both variants have, its difference and what can be said of it (docs/reference/contracts.md)."""
        first, second = self.sides
        pairs = min(len(first.done), len(second.done))
        if pairs < 2:
            raise ValueError("a comparison needs two replications of each variant at least")
        for side in self.sides:
            del side.done[pairs:]
        report = second.done[0].report or {}
        shared = sorted({figure for one in first.done for figure in one.figures} & {figure for one in second.done for figure in one.figures})
        run = first.scenario.run
        return {
            "version": COMPARISON_VERSION, "engine_version": __version__, "a": first.scenario.name, "b": second.scenario.name, "seed": run.seed,
            "replications": pairs, "confidence": run.confidence, "warm_up_s": [side.scenario.run.fixed_warm_up_s for side in self.sides],
            "ended": {"by": self.ending}, "precision": self._precise(report),
            "figures": [told for figure in shared if (told := self._told(figure, report)) is not None],
        }

    def _told(self, figure: Figure, report: dict[str, Any]) -> dict[str, Any] | None:
        both = self._pairs(figure)
        if len(both) < 2:
            return None
        confidence = self.sides[0].scenario.run.confidence
        before, after = [one for one, _ in both], [other for _, other in both]
        difference = interval([other - one for one, other in both], confidence)
        base = interval(before, confidence)
        half_width = difference.half_width or 0.0
        verdict = "equal" if difference.mean == 0 and half_width == 0 else "open" if 0 in difference else "higher" if difference.mean > 0 else "lower"
        return {
            "figure": list(figure), "title": figure_title(figure, report), "unit": figure_unit(figure, report), "a": base.to_json(),
            "b": interval(after, confidence).to_json(), "difference": difference.to_json(), "relative": difference.mean / base.mean if base.mean else None,
            "unpaired_half_width": unpaired(before, after, confidence), "verdict": verdict,
        }
