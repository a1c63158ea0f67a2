"""The clock and the agenda: SimPy's environment, with bare calls beside its events."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import simpy

from simulator.engine.errors import SimulationError

DEFAULT_RANK = 1
CALLS_BETWEEN_CHECKS = 50_000
CHECKS_AT_ONE_INSTANT = 20


class Agenda(simpy.Environment):
    """A `simpy.Environment` that also takes bare calls: ``at(time, call, argument)``.

    A bare call sits on SimPy's own heap as a 5-tuple beside the events' 4-tuples (the third place, a running
    number, is unique, so that tuples of different length never compare further). It costs a third of an event with a
    callback, and ordinary SimPy processes work beside it. Calls at one instant run in order of rank, then of booking.
    ``housekeeping`` is called now and then while it runs, however long a slice is, and must not change the model.
    """

    def __init__(self, housekeeping: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._housekeeping = housekeeping
        self._checked_s = -1.0
        self._checks = 0
        self._calls = 0

    def at(self, time_s: float, call: Callable[[Any], Any], argument: Any = None, rank: int = DEFAULT_RANK) -> None:
        """Book ``call(argument)`` for the simulated time ``time_s``; raise `SimulationError` if that has passed."""
        if not time_s >= self._now:
            raise SimulationError(f"{_name_of(call)} was booked for {time_s} s, which is before now", time_s=self._now)
        heappush(self._queue, (time_s, rank, next(self._eid), call, argument))

    def run_before(self, end_s: float) -> None:
        """Carry out everything booked before ``end_s`` (exclusive), then put the clock there.

        Raise `SimulationError` if a million calls pass without the clock moving on.
        """
        queue: list[Any] = self._queue
        calls = self._calls  # goes on from slice to slice: short ones must not put off the housekeeping for ever
        while queue:
            entry = heappop(queue)
            if entry[0] >= end_s:
                heappush(queue, entry)
                break
            try:
                self._now, _, _, call, argument = entry
            except ValueError:
                heappush(queue, entry)
                self.step()
                continue
            call(argument)
            calls += 1
            if calls == CALLS_BETWEEN_CHECKS:
                calls = 0
                self._check()
        self._calls = calls
        self._now = end_s

    def _check(self) -> None:
        self._checks = self._checks + 1 if self._now == self._checked_s else 0
        self._checked_s = self._now
        if self._checks >= CHECKS_AT_ONE_INSTANT:
            raise SimulationError("time stands still: messages go round without any delay", time_s=self._now)
        if self._housekeeping is not None:
            self._housekeeping()


def _name_of(call: Callable[..., Any]) -> str:
    owner = getattr(call, "__self__", None)
    name = getattr(call, "__qualname__", repr(call))
    return f"{getattr(owner, 'id', '')} {name}".strip()
