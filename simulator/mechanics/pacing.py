"""A rate that delays what exceeds it, instead of refusing it: first come, first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from simulator.engine.agenda import Agenda


class Pacer:
    """Lets calls go at ``rate_per_s``, up to ``burst`` of them at once after a pause; the others wait in line.

    The generic cell rate algorithm: each call moves the time at which the line is clear by one interval. A call that returns
    False did nothing, and leaves its turn to the next in line.
    """

    __slots__ = ("_agenda", "_booked", "_burst", "_clear_s", "_line", "_rate_per_s")

    def __init__(self, agenda: Agenda, rate_per_s: float, burst: float) -> None:
        self._agenda = agenda
        self._rate_per_s = rate_per_s
        self._burst = max(1.0, burst)
        self._clear_s = 0.0
        self._line: deque[tuple[Callable[[Any], Any], Any, float]] = deque()
        self._booked = 0

    def __len__(self) -> int:
        return len(self._line)

    @property
    def rate_per_s(self) -> float:
        """Calls a second, in the long run."""
        return self._rate_per_s

    def go(self, call: Callable[[Any], Any], argument: Any, weight: float = 1.0) -> bool:
        """Make the call now (True), or when its turn comes (False). ``weight``: how many calls it counts for."""
        now_s = self._agenda._now
        if not self._line and self._due_s() <= now_s:
            if call(argument) is not False:
                self._take(weight, now_s)
            return True
        self._line.append((call, argument, weight))
        if len(self._line) == 1:
            self._book()
        return False

    def change_rate(self, rate_per_s: float, burst: float) -> None:
        """From now on, this rate; those in line feel it at once."""
        self._rate_per_s, self._burst = rate_per_s, max(1.0, burst)
        self._clear_s = min(self._clear_s, self._agenda._now + self._burst / rate_per_s)
        if self._line:
            self._book()

    def _due_s(self) -> float:
        return self._clear_s - (self._burst - 1.0) / self._rate_per_s

    def _take(self, weight: float, now_s: float) -> None:
        self._clear_s = max(self._clear_s, now_s) + weight / self._rate_per_s

    def _book(self) -> None:
        self._booked += 1
        self._agenda.at(max(self._agenda._now, self._due_s()), self._next, self._booked)

    def _next(self, number: int) -> None:
        if number != self._booked:
            return
        while self._line:
            call, argument, weight = self._line.popleft()
            if call(argument) is not False:
                self._take(weight, self._agenda._now)
                break
        if self._line:
            self._book()
