"""How many pollers a mapping has, how fast they come and go, and how fast each of them reads.

Without provisioned mode a mapping starts with five concurrent batches; with it, pollers are always there, each good for ten
concurrent invocations, ten calls and one megabyte a second.
"""

from __future__ import annotations

from typing import Any

from simulator.measures import Gauge
from simulator.vocabulary import Values

CONCURRENCY_OF_A_POLLER = 10
POLLS_OF_A_POLLER_PER_S = 10.0
BYTES_OF_A_POLLER_PER_S = 1_048_576.0
PATIENCE_S = 0.1
"""Calls are this far ahead of their pace at most: a poller makes ten a second, one after the other."""
PROFILES = {"until_2023": (60.0, 1000.0), "until_2023_blog": (60.0, 1250.0), "sqs_page": (60.0, 1000.0), "as_lambda": (300.0, 1250.0)}
"""Concurrent batches added each minute, and their ceiling, where AWS's pages differ from one another or from what they said before."""


def ramp_per_min(settings: Any) -> float:
    """Concurrent batches added each minute while a backlog remains."""
    return PROFILES[settings.scaling_profile][0] if settings.scaling_profile in PROFILES else float(settings.poller_ramp_per_min)


def ceiling_of(settings: Any) -> float:
    """Concurrent batches at most, of pollers that are not provisioned."""
    own = PROFILES[settings.scaling_profile][1] if settings.scaling_profile in PROFILES else settings.poller_ceiling
    return float(settings.maximum_concurrency or own)


class Scaling:
    """The numbers of concurrent batches between which a mapping scales, and how fast."""

    __slots__ = ("ceiling", "floor", "provisioned", "ramp_per_min", "start", "step")

    def __init__(self, settings: Values) -> None:
        self.provisioned: bool = settings.provisioned_mode
        if self.provisioned:
            self.ceiling = float(CONCURRENCY_OF_A_POLLER * max(settings.maximum_pollers, settings.minimum_pollers))
            self.floor = self.start = float(CONCURRENCY_OF_A_POLLER * settings.minimum_pollers)
            self.ramp_per_min: float = settings.provisioned_ramp_per_min
            self.step = float(CONCURRENCY_OF_A_POLLER)
        else:
            self.ceiling = ceiling_of(settings)
            self.floor = self.start = float(min(settings.pollers_at_start, self.ceiling))
            self.ramp_per_min = ramp_per_min(settings)
            self.step = 1.0


class ProvisionedPollers:
    """The pollers of a mapping in provisioned mode: what they cost, and the pace at which they read together."""

    def __init__(self, batches: float) -> None:
        self._held = Gauge()
        self._calls_due_s = self._bytes_due_s = 0.0
        self.number = 0
        self.hold(batches, 0.0)

    def hold(self, batches: float, now_s: float) -> None:
        """There are pollers for so many concurrent batches now."""
        self.number = -int(-batches // CONCURRENCY_OF_A_POLLER)
        self._held.set(self.number, now_s)

    def hours(self, now_s: float) -> float:
        """Poller-hours since the start."""
        return self._held.area(now_s) / 3600

    def ready_s(self, now_s: float) -> float:
        """When the next call may be made; not after ``now_s`` if it may be made now."""
        return max(self._calls_due_s, self._bytes_due_s) - PATIENCE_S

    def read(self, calls: float, payload_bytes: float, now_s: float) -> None:
        """So many calls read so much."""
        self._calls_due_s = max(now_s, self._calls_due_s) + calls / (POLLS_OF_A_POLLER_PER_S * self.number)
        self._bytes_due_s = max(now_s, self._bytes_due_s) + payload_bytes / (BYTES_OF_A_POLLER_PER_S * self.number)
