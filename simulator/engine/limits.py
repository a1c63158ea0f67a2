"""A limit that something runs into, and how close it is kept to it."""

from __future__ import annotations

import sys

from simulator.measures.gauge import Gauge

UNREACHABLE = sys.maxsize


class Limit(Gauge):
    """How much of a limit is used: a gauge that also measures the time spent at the limit.

    ``limit`` None means there is none at present (nothing is ever at it).
    """

    __slots__ = ("_ceiling", "_full_s", "_full_since_s", "limit", "name", "parameter", "title", "unit")

    def __init__(self, name: str, title: str, limit: float | None, parameter: str | None = None, unit: str = "count") -> None:
        super().__init__()
        self.name = name
        self.title = title
        self.parameter = parameter
        self.unit = unit
        self.limit = limit
        self._ceiling = UNREACHABLE if limit is None else limit
        self._full_s = 0.0
        self._full_since_s = 0.0 if self._ceiling <= 0 else -1.0

    def add(self, change: float, now_s: float) -> None:
        """Use ``change`` more (less, if negative) from ``now_s`` on."""
        self._moment += change * now_s
        self.value = value = self.value + change
        if value > self.maximum:
            self.maximum = value
        if value >= self._ceiling:
            if self._full_since_s < 0.0:
                self._full_since_s = now_s
        elif self._full_since_s >= 0.0:
            self._full_s += now_s - self._full_since_s
            self._full_since_s = -1.0

    def fill(self, seconds: float) -> None:
        """Count ``seconds`` as spent at the limit: for cohorts, whose changes of level are not seen one by one."""
        self._full_s += seconds

    def move_limit(self, limit: float) -> None:
        """Move the limit without counting time at it; `fill` does that for cohorts."""
        self.limit = self._ceiling = limit

    def change_limit(self, limit: float | None, now_s: float) -> None:
        """Move the limit; what is used already stays."""
        self.limit = limit
        self._ceiling = UNREACHABLE if limit is None else limit
        self.add(0, now_s)

    def full_s(self, now_s: float) -> float:
        """Seconds spent at the limit since the last restart."""
        return self._full_s + (now_s - self._full_since_s if self._full_since_s >= 0 else 0.0)

    def restart(self, now_s: float) -> None:
        super().restart(now_s)
        self._full_s = 0.0
        if self._full_since_s >= 0:
            self._full_since_s = now_s
