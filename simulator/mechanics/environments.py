"""Execution environments of a function: warm ones are reused, new ones need a scaling token and start cold."""

from __future__ import annotations

import math
from collections.abc import Callable

from simulator.engine.streams import Stream
from simulator.mechanics.token_bucket import TokenBucket


class Environments:
    """The pool of one function. One environment serves one invocation at a time; the latest used is used next.

    New ones are limited to ``at_once``, and then to ``per_10_s`` in 10 s; what is not used does not accumulate beyond that.
    Idle environments live for a geometric number of half-lives: of many, half are gone after each ``half_life_s``.
    """

    __slots__ = ("_idle", "_lifetime_s", "bucket", "half_life_s")

    def __init__(self, stream: Stream, half_life_s: float, per_10_s: float, at_once: float) -> None:
        self._idle: list[float] = []
        self.half_life_s = half_life_s
        self.bucket = TokenBucket(per_10_s / 10, at_once)
        self._lifetime_s: Callable[[], float] = stream.draws(lambda generator: generator.geometric(0.5, 2048) * half_life_s)

    def warm(self, now_s: float) -> bool:
        """Take an idle environment, if one is still alive."""
        idle = self._idle
        while idle:
            if idle.pop() > now_s:
                return True
        return False

    def start(self, now_s: float) -> bool:
        """Take a scaling token for a new environment; false if there is none."""
        return self.bucket.take(1, now_s) == 1

    def release(self, now_s: float) -> None:
        """An invocation ended well: its environment stays warm for a while."""
        self._idle.append(now_s + self._lifetime_s())

    def idle(self, now_s: float) -> int:
        """How many warm environments wait."""
        self._idle = [end_s for end_s in self._idle if end_s > now_s]
        return len(self._idle)


class FleetOfEnvironments:
    """The pool of one function as a number, for cohorts: so many are warm, the idle ones of them thin out."""

    __slots__ = ("_environments", "_looked_s", "warm")

    def __init__(self, environments: Environments) -> None:
        self._environments = environments
        self._looked_s = 0.0
        self.warm = 0.0

    def grow(self, busy: float, now_s: float) -> int:
        """On average ``busy`` environments work now: how many had to be started for that."""
        environments = self._environments
        idle = max(0.0, self.warm - busy)
        self.warm -= idle * (1 - 0.5 ** ((now_s - self._looked_s) / environments.half_life_s))
        self._looked_s = now_s
        missing = busy - self.warm
        if missing <= 0:
            return 0
        started = environments.bucket.take(math.ceil(missing), now_s)
        self.warm += started
        return started
