"""How long a new execution environment of a function needs before its handler can run, and what its first run adds."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Protocol

from simulator.engine.streams import Stream
from simulator.mechanics.distributions import Lognormal
from simulator.mechanics.functions.environments import Environment
from simulator.vocabulary import Values

INIT_MS = {
    "python3.13": {"zip": (84, 117), "image": (162, 397)},
    "nodejs24.x": {"zip": (134, 181), "image": (269, 729)},
    "java21": {"zip": (239, 618), "image": (354, 802)},
    "dotnet8": {"zip": (251, 629), "image": (402, 888)},
    "ruby3.4": {"zip": (229, 542), "image": (263, 537)},
    "go": {"zip": (50, 63), "image": (48, 128)},
    "rust": {"zip": (16, 49), "image": (35, 98)},
}
"""Init duration, p50 and p99 in ms, by runtime and package (source: `lambda_sources.BENCHMARK`)."""

FIRST_RUN_MS = {"dotnet8": (712, 164, 74), "java21": (96, 32, 7), "nodejs24.x": (11, 3, 3)}
"""What the first run of the handler takes at 128, 512 and 1,024 MB, in ms; other runtimes were not measured (source: BENCHMARK)."""

FIRST_RUN_MB = (128, 512, 1024)
INIT_LIMIT_S = 10.0
"""An on-demand environment that has not initialised by then does so again inside its first invocation."""

VCPU_MB = 1769
"""Memory with which a function has one virtual CPU."""

Runtime = Literal["python3.13", "nodejs24.x", "java21", "dotnet8", "ruby3.4", "go", "rust"]
SNAP_START_RUNTIMES = frozenset({"python3.13", "java21", "dotnet8"})


class ColdStart(NamedTuple):
    """What an invocation has to wait for: ``before_s`` its handler starts, of which ``billed_s`` are billed; ``inside_s`` is part of its duration.

    The first run of the handler takes ``first_run_s`` longer.
    """

    before_s: float
    billed_s: float
    inside_s: float
    first_run_s: float


WARM = ColdStart(0.0, 0.0, 0.0, 0.0)


class StreamOwner(Protocol):
    """The function whose cold starts they are."""

    parameters: Values

    def stream(self, purpose: str) -> Stream:
        """A random stream of the function's own."""


class ColdStarts:
    """Draws cold starts of one function."""

    def __init__(self, function: StreamOwner) -> None:
        values = self._values = function.parameters
        p50_ms, p99_ms = INIT_MS[values.runtime][values.package]
        self._runtime_s = Lognormal(p50_s=p50_ms / 1000, p99_s=p99_ms / 1000).sampler(function.stream("init"))
        self._code_s = values.init_code.sampler(function.stream("init code"))
        self._restore_s = values.restore.sampler(function.stream("restore"))
        self._sandbox_s: float = values.sandbox_start_s + values.package_mb * 1_000_000 / values.code_fetch_bytes_per_s
        self.restores, self.restored_gb = 0, 0.0

    def of(self, environment: Environment) -> ColdStart:
        """What the next invocation in this environment has to wait for."""
        if environment.needs_init:
            return ColdStart(0.0, 0.0, self._ready_s(), first_run_s(self._values))
        if not environment.fresh:
            return WARM
        return self.fresh()

    def fresh(self) -> ColdStart:
        """What the first invocation in a new environment has to wait for."""
        first_s = first_run_s(self._values)
        if self._values.snap_start:
            self.restored(1)
            return ColdStart(self._sandbox_s + self._restore_s(), 0.0, 0.0, first_s)
        init_s = self._init_s()
        if init_s > INIT_LIMIT_S:
            return ColdStart(self._sandbox_s + INIT_LIMIT_S, INIT_LIMIT_S, init_s, first_s)
        return ColdStart(self._sandbox_s + init_s, init_s, 0.0, first_s)

    def restored(self, number: int) -> None:
        """So many environments are restored from a snapshot, which is as large as the memory is now."""
        self.restores += number
        self.restored_gb += number * self._values.memory_mb / 1024

    def _init_s(self) -> float:
        return float(self._runtime_s() + self._code_s())

    def _ready_s(self) -> float:
        return float(self._restore_s() if self._values.snap_start else self._init_s())


def first_run_s(values: Values) -> float:
    """What the first run of the handler in an environment takes longer, at this memory (linear between logarithms of what was measured)."""
    if values.first_run_s is not None:
        return float(values.first_run_s)
    measured = FIRST_RUN_MS.get(values.runtime)
    if measured is None:
        return 0.0
    memory = min(max(values.memory_mb, FIRST_RUN_MB[0]), FIRST_RUN_MB[-1])
    place = 0 if memory <= FIRST_RUN_MB[1] else 1
    low_mb, high_mb = FIRST_RUN_MB[place : place + 2]
    low_ms, high_ms = measured[place : place + 2]
    way = math.log(memory / low_mb) / math.log(high_mb / low_mb)
    return float(math.exp(math.log(low_ms) + way * math.log(high_ms / low_ms)) / 1000)


def duration_factor(values: Values) -> float:
    """By what durations change because memory is not what they were measured with.

    The share of the time that a handler computes shrinks with its share of a processor: one virtual CPU at 1,769 MB, more
    only as far as it has threads to use them. Waiting for others does not change.
    """
    measured_mb, share = values.measured_at_memory_mb, values.cpu_bound_share
    if measured_mb is None or share == 0:
        return 1.0
    return float(1 - share + share * _processors(measured_mb, values.threads) / _processors(values.memory_mb, values.threads))


def _processors(memory_mb: float, threads: int) -> float:
    return min(memory_mb / VCPU_MB, threads)
