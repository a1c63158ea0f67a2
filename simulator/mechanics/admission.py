"""A line before a token bucket: who finds no token waits until there is one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simulator.engine.agenda import Agenda
from simulator.mechanics.token_bucket import TokenBucket

SLACK_S = 1e-9
"""Added to the time at which a token is due, so that rounding does not find it a hair short."""


class Admission:
    """Lets callers through one by one, in the order in which they came, each for one token."""

    def __init__(self, agenda: Agenda, rate_per_s: float, burst: float) -> None:
        self.agenda = agenda
        self.bucket = TokenBucket(rate_per_s, burst, agenda.now)
        self._line: deque[Callable[[], None]] = deque()
        self._awake = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def enter(self, go_on: Callable[[], None]) -> bool:
        """Call ``go_on`` when there is a token: now (True), or later (False)."""
        if not self._line and self.bucket.take_all(1, self.agenda.now):
            go_on()
            return True
        self._line.append(go_on)
        self._wake()
        return False

    def _wake(self) -> None:
        if self._awake or not self._line:
            return
        self._awake = True
        missing = max(0.0, 1.0 - self.bucket.available(self.agenda.now))
        self.agenda.at(self.agenda.now + missing / self.bucket.rate_per_s + SLACK_S, self._admit)

    def _admit(self, _: None) -> None:
        self._awake = False
        while self._line and self.bucket.take_all(1, self.agenda.now):
            self._line.popleft()()
        self._wake()
