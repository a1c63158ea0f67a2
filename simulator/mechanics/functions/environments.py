"""Execution environments of a function: warm ones are reused, new ones need a scaling token and start cold."""

from __future__ import annotations

import math
from collections.abc import Callable

from simulator.engine.streams import Stream
from simulator.mechanics.token_bucket import TokenBucket


class Environment:
    """One execution environment; it serves one invocation at a time.

    ``fresh``: it has not run yet. ``needs_init``: its last invocation timed out or crashed, so that the next one begins with the
    initialisation. ``provisioned``: it belongs to provisioned concurrency. It is taken away at ``retires_s`` at the latest.
    """

    __slots__ = ("fresh", "needs_init", "provisioned", "retires_s")

    def __init__(self, retires_s: float = math.inf, *, fresh: bool = True, provisioned: bool = False) -> None:
        self.retires_s = retires_s
        self.fresh = fresh
        self.needs_init = False
        self.provisioned = provisioned


class Environments:
    """The on-demand pool of one function; the latest used is used next, and one that has to initialise again only if no other is idle.

    New ones are limited to ``at_once``, and then to ``per_10_s`` in 10 s; what is not used does not accumulate beyond that.
    Idle environments live for a geometric number of half-lives: of many, half are gone after each ``half_life_s``. None lives
    longer than about ``life_s`` (between half and three halves of it).
    """

    __slots__ = ("_idle", "_life_s", "_lifetime_s", "_reset", "bucket", "half_life_s")

    def __init__(self, stream: Stream, half_life_s: float, life_s: float, per_10_s: float, at_once: float) -> None:
        self._idle: list[tuple[float, Environment]] = []
        self._reset: list[tuple[float, Environment]] = []
        self.half_life_s = half_life_s
        self.bucket = TokenBucket(per_10_s / 10, at_once)
        self._lifetime_s: Callable[[], float] = stream.draws(lambda generator: generator.geometric(0.5, 2048) * half_life_s)
        self._life_s: Callable[[], float] = stream.draws(lambda generator: generator.uniform(0.5, 1.5, 256) * life_s)

    def warm(self, now_s: float) -> Environment | None:
        """Take an idle environment, if one is still alive."""
        for idle in (self._idle, self._reset):
            while idle:
                end_s, environment = idle.pop()
                if end_s > now_s:
                    return environment
        return None

    def start(self, now_s: float) -> Environment | None:
        """Take a scaling token for a new environment; None if there is none."""
        return Environment(now_s + self._life_s()) if self.bucket.take(1, now_s) == 1 else None

    def release(self, environment: Environment, now_s: float, *, reset: bool = False) -> None:
        """An invocation ended: its environment stays for a while, to be initialised again if it was ``reset``."""
        environment.fresh = False
        environment.needs_init = reset
        end_s = min(now_s + self._lifetime_s(), environment.retires_s)
        if end_s > now_s:
            (self._reset if reset else self._idle).append((end_s, environment))

    def idle(self, now_s: float) -> int:
        """How many environments wait."""
        self._idle = [entry for entry in self._idle if entry[0] > now_s]
        self._reset = [entry for entry in self._reset if entry[0] > now_s]
        return len(self._idle) + len(self._reset)


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
