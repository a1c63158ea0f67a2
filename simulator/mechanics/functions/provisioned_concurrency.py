"""Provisioned concurrency: environments that are initialised before they are needed, and the scaling of their number."""

from __future__ import annotations

from collections.abc import Callable

from simulator.engine.agenda import Agenda
from simulator.measures import Gauge
from simulator.mechanics.functions.environments import Environment
from simulator.mechanics.target_tracking import MINUTE_S, TargetTracking
from simulator.mechanics.token_bucket import TokenBucket
from simulator.vocabulary import Values

REQUESTS_PER_S = 10.0


class ProvisionedConcurrency:
    """The provisioned environments of one function: ``allocated`` are held and paid, ``ready`` can run, ``running`` do."""

    def __init__(self, parameters: Values, agenda: Agenda, changed: Callable[[], None]) -> None:
        self._parameters = parameters
        self._agenda = agenda
        self._changed = changed
        self.allocated = self.ready = 0
        self.invocations = self.spillovers = self.initialised = 0
        self.executions = Gauge()
        self.share = Gauge()
        self._held, self._held_gb, self._busy = Gauge(), Gauge(), Gauge()
        self._bucket = TokenBucket(0.0, 0.0)
        self._reset = self._orders = 0

    @property
    def running(self) -> int:
        """Invocations in provisioned environments, now."""
        return int(self.executions.value)

    def start(self, number: int) -> None:
        """The run begins with so many."""
        if number and self._parameters.provisioned_at_start:
            self._hold(number, 0.0)
            self._have_ready(number)
        else:
            self.allocate(number)

    def allocate(self, number: int) -> None:
        """From now on there are to be so many. New ones can be used when all of them are ready."""
        if number == self.allocated:
            return
        now_s: float = self._agenda._now
        self._hold(number, now_s)
        if number <= self.ready:
            self._have_ready(number)
            return
        values = self._parameters
        wait_s = values.provisioned_start_s + MINUTE_S * (number - self.ready) / values.provisioned_per_min
        self._agenda.at(now_s + wait_s, self._initialised, self._orders)

    def _hold(self, number: int, now_s: float) -> None:
        self._orders += 1
        self.allocated = number
        self._held.set(number, now_s)
        self.memory_changed()
        self._changed()

    def memory_changed(self) -> None:
        """From now on those that are held have the memory of the parameters."""
        self._held_gb.set(self.allocated * self._parameters.memory_mb / 1024, self._agenda._now)

    def _initialised(self, order: int) -> None:
        if order == self._orders:
            self.initialised += self.allocated - self.ready
            self._have_ready(self.allocated)

    def _have_ready(self, number: int) -> None:
        self.ready = number
        rate = REQUESTS_PER_S * number
        self._bucket = TokenBucket(rate, rate, self._agenda._now)
        self._note()

    def _note(self) -> None:
        self.share.set(min(1.0, self.running / self.allocated) if self.allocated else 0.0, self._agenda._now)

    def take(self, now_s: float) -> Environment | None:
        """Take an idle environment; None if there is none, or they get more than 10 requests a second each."""
        if not self.ready or self.running >= self.ready or self._bucket.take(1, now_s) < 1:
            return None
        environment = Environment(fresh=False, provisioned=True)
        if self._reset >= self.ready - self.running:  # those that need no initialisation come first
            self._reset -= 1
            environment.needs_init = True
        self.invocations += 1
        self._run(1, now_s)
        return environment

    def release(self, now_s: float, *, reset: bool) -> None:
        """An invocation ended in one of them."""
        self._reset = min(self._reset + reset, self.allocated)
        self._run(-1, now_s)

    def _run(self, change: int, now_s: float) -> None:
        self.executions.add(change, now_s)
        self._busy.add(change, now_s)
        self._note()

    def held_s(self, now_s: float) -> float:
        """Environment-seconds that were held since the start of the run."""
        return self._held.area(now_s)

    def held_gb_s(self, now_s: float) -> float:
        """GB-seconds that were held since the start of the run."""
        return self._held_gb.area(now_s)

    def busy_s(self, now_s: float) -> float:
        """Environment-seconds in which they ran."""
        return self._busy.area(now_s)


class ProvisionedScaling:
    """Application Auto Scaling of provisioned concurrency: follows a target utilisation, minute by minute."""

    def __init__(self, parameters: Values, provisioned: ProvisionedConcurrency, agenda: Agenda) -> None:
        self._parameters = parameters
        self._provisioned = provisioned
        self._busy_before_s = 0.0
        self._tracking = TargetTracking(agenda, parameters.provisioned_target, parameters.provisioned_out_after_s, parameters.provisioned_in_after_s, self._used, self._scale)

    def start(self) -> None:
        """Begin to look."""
        self._tracking.start()

    def _used(self, now_s: float) -> tuple[float, float] | None:
        """Utilisation in the last minute, and of how many; None while more are being allocated."""
        busy_s = self._provisioned.busy_s(now_s)
        running, self._busy_before_s = (busy_s - self._busy_before_s) / MINUTE_S, busy_s
        allocated = self._provisioned.allocated
        return (running / allocated, allocated) if allocated and self._provisioned.ready >= allocated else None

    def _scale(self, wanted: int) -> None:
        values = self._parameters
        self._provisioned.allocate(min(values.provisioned_maximum, max(values.provisioned_concurrency, wanted)))
