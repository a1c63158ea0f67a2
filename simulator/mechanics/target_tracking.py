"""Target tracking of Application Auto Scaling: alarms look at a metric minute by minute, and move a capacity toward its target."""

from __future__ import annotations

import math
from collections.abc import Callable

from simulator.engine.agenda import Agenda

MINUTE_S = 60.0
SCALES_IN_BELOW = 0.9
"""Some capacity is taken away below this share of the target: 63 % for a target of 70 %."""


class TargetTracking:
    """Scales by a metric. ``measure`` gives its mean over the last minute and the capacity it belongs to (None: not now).

    ``scale(capacity)`` is called with what would bring the metric to ``target``, after it was above for ``out_after_s``, or well
    below for ``in_after_s``; it keeps within its own bounds.
    """

    def __init__(self, agenda: Agenda, target: float, out_after_s: float, in_after_s: float, measure: Callable[[float], tuple[float, float] | None], scale: Callable[[int], None]) -> None:
        self._agenda = agenda
        self._target = target
        self._out_after_s = out_after_s
        self._in_after_s = in_after_s
        self._measure = measure
        self._scale = scale
        self._above = self._below = 0

    def start(self) -> None:
        """Begin to look."""
        self._agenda.at(self._agenda._now + MINUTE_S, self._look)

    def _look(self, _: None) -> None:
        now_s: float = self._agenda._now
        self._agenda.at(now_s + MINUTE_S, self._look)
        measured = self._measure(now_s)
        if measured is None:
            return
        value, capacity = measured
        self._above = self._above + 1 if value > self._target else 0
        self._below = self._below + 1 if value < SCALES_IN_BELOW * self._target else 0
        wanted = math.ceil(capacity * value / self._target - 1e-9)
        if self._above * MINUTE_S >= self._out_after_s:
            self._above = 0
            self._scale(max(wanted, math.ceil(capacity)))
        elif self._below * MINUTE_S >= self._in_after_s:
            self._below = 0
            self._scale(min(wanted, math.ceil(capacity)))
