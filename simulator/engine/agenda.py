"""The clock and the agenda: SimPy's environment, with bare calls beside its events."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import repeat
from typing import Any

import simpy

from simulator.engine.errors import SimulationError

DEFAULT_RANK = 1
RANK_OF_END = -1
"""The end of a slice comes before everything else of its instant."""

CALLS_BETWEEN_CHECKS = 50_000
CHECKS_AT_ONE_INSTANT = 20


class Agenda(simpy.Environment):
    """A `simpy.Environment` that also takes bare calls: ``at(time, call, argument)``.

    A bare call sits on SimPy's own heap as a tuple (time, rank, running number, call, argument); an event of SimPy's is there as a call to
    carry it out. A bare call costs a third of an event with a callback, and ordinary SimPy processes work beside it. Calls at one instant run
    in order of rank, then of booking. ``housekeeping`` is called now and then while it runs, however long a slice is, and must not
    change the model.
    """

    def __init__(self, housekeeping: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.housekeeping = housekeeping
        self._checked_s = -1.0
        self._checks = 0
        self._until_check = repeat(None, CALLS_BETWEEN_CHECKS)  # goes on from slice to slice: short ones must not put off the housekeeping for ever

    def at(self, time_s: float, call: Callable[[Any], Any], argument: Any = None, rank: int = DEFAULT_RANK) -> None:
        """Book ``call(argument)`` for the simulated time ``time_s``; raise `SimulationError` if that has passed."""
        if time_s >= self._now:
            heappush(self._queue, (time_s, rank, next(self._eid), call, argument))
        else:
            raise SimulationError(f"{_name_of(call)} was booked for {time_s} s, which is before now", time_s=self._now)

    def schedule(self, event: simpy.Event, priority: Any = DEFAULT_RANK, delay: float = 0) -> None:
        heappush(self._queue, (self._now + delay, priority, next(self._eid), _carry_out, event))

    def step(self) -> None:
        try:
            self._now, _, _, call, argument = heappop(self._queue)
        except IndexError:
            raise simpy.core.EmptySchedule from None
        call(argument)

    def run_before(self, end_s: float) -> None:
        """Carry out everything booked before ``end_s`` (exclusive), then put the clock there.

        Raise `SimulationError` if a million calls pass without the clock moving on.
        """
        queue: list[Any] = self._queue
        heappush(queue, (end_s, RANK_OF_END, next(self._eid), _end, None))
        try:
            while True:
                for _ in self._until_check:
                    self._now, _, _, call, argument = heappop(queue)
                    call(argument)
                self._until_check = repeat(None, CALLS_BETWEEN_CHECKS)
                self._check()
        except _Ended:
            self._now = end_s

    def _check(self) -> None:
        self._checks = self._checks + 1 if self._now == self._checked_s else 0
        self._checked_s = self._now
        if self._checks >= CHECKS_AT_ONE_INSTANT:
            raise SimulationError("time stands still: messages go round without any delay", time_s=self._now)
        if self.housekeeping is not None:
            self.housekeeping()


def _carry_out(event: simpy.Event) -> None:
    """Call whoever waits for this event; raise its error if it failed and nobody dealt with that (see `simpy.Environment.step`)."""
    callbacks, event.callbacks = event.callbacks, None
    for callback in callbacks:
        callback(event)
    if not event.ok and not event.defused:
        raise event.value


class _Ended(Exception):
    """The slice is over."""


def _end(_: None) -> None:
    raise _Ended


def _name_of(call: Callable[..., Any]) -> str:
    owner = getattr(call, "__self__", None)
    name = getattr(call, "__qualname__", repr(call))
    return f"{getattr(owner, 'id', '')} {name}".strip()
