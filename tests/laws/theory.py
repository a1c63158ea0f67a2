"""Closed formulas of queueing theory, in their textbook form; nothing here knows the simulator.

Rates are per second, times in seconds. ``W`` is the time in the system, ``Wq`` the time before service begins.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, stats


def erlang_b(erlangs: float, servers: int) -> float:
    """The share of arrivals that find all servers busy when nobody can wait (M/G/c/c), by the usual recursion."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = erlangs * blocked / (count + erlangs * blocked)
    return blocked


def erlang_c(erlangs: float, servers: int) -> float:
    """The share of arrivals that have to wait in M/M/c."""
    blocked = erlang_b(erlangs, servers)
    used = erlangs / servers
    return blocked / (1 - used * (1 - blocked))


def mm1_wait_s(arrivals_per_s: float, served_per_s: float) -> float:
    """Mean Wq of M/M/1."""
    used = arrivals_per_s / served_per_s
    return used / (served_per_s - arrivals_per_s)


def mmc_wait_s(arrivals_per_s: float, served_per_s: float, servers: int) -> float:
    """Mean Wq of M/M/c."""
    return erlang_c(arrivals_per_s / served_per_s, servers) / (servers * served_per_s - arrivals_per_s)


def mg1_wait_s(arrivals_per_s: float, mean_s: float, variance_s2: float) -> float:
    """Mean Wq of M/G/1, by Pollaczek and Khinchine."""
    return arrivals_per_s * (variance_s2 + mean_s**2) / (2 * (1 - arrivals_per_s * mean_s))


def md1_wait_s(arrivals_per_s: float, service_s: float) -> float:
    """Mean Wq of M/D/1."""
    used = arrivals_per_s * service_s
    return used * service_s / (2 * (1 - used))


def mmck_shares(arrivals_per_s: float, served_per_s: float, servers: int, room: int) -> list[float]:
    """How likely 0, 1, ... ``room`` messages are in M/M/c/K; the last is the share that is blocked."""
    weights = [1.0]
    for inside in range(1, room + 1):
        weights.append(weights[-1] * arrivals_per_s / (served_per_s * min(inside, servers)))
    return [weight / sum(weights) for weight in weights]


def mm1_late_share(arrivals_per_s: float, served_per_s: float, limit_s: float) -> float:
    """The share not done within ``limit_s`` in M/M/1 when whoever has waited so long is not served any more.

    The density of the work found is ``a p e^-(m-a)x`` up to the limit and falls as ``e^-mx`` beyond it, where ``p`` is the
    chance of an idle server (Barrer 1957). Late is who finds more than the limit, or is still being served when it ends.
    """
    slack, used = served_per_s - arrivals_per_s, arrivals_per_s / served_per_s
    tail = math.exp(-slack * limit_s)
    idle = 1 / (1 + arrivals_per_s * (1 - tail) / slack + used * tail)
    return idle * (1 + used) * tail


def mm1_time_quantile_s(arrivals_per_s: float, served_per_s: float, share: float) -> float:
    """The time in M/M/1 that a ``share`` does not exceed: it is exponential."""
    return -math.log(1 - share) / (served_per_s - arrivals_per_s)


def mmc_mean_waiting(arrivals_per_s: float, served_per_s: float, servers: int, span_s: float, states: int = 1500) -> float:
    """Mean number waiting in M/M/c over the first ``span_s`` from an empty start, also where there is no steady state.

    Uniformisation: the chain of arrivals and departures seen at the moments of a Poisson process that is fast enough.
    """
    inside = np.arange(states)
    speed_per_s = arrivals_per_s + servers * served_per_s
    up, down = arrivals_per_s / speed_per_s, np.minimum(inside, servers) * served_per_s / speed_per_s
    waiting = np.maximum(inside - servers, 0)
    events = speed_per_s * span_s
    likely = np.zeros(states)
    likely[0] = 1.0
    total = 0.0
    for step, weight in enumerate(stats.poisson.sf(np.arange(int(events + 10 * math.sqrt(events) + 20)), events)):
        total += weight * float(likely @ waiting)
        moved = likely * (1 - up - down)
        moved[1:] += likely[:-1] * up
        moved[:-1] += likely[1:] * down[1:]
        likely = moved
        if step % 500 == 0 and likely[-1] > 1e-9:
            raise ValueError("too few states")
    return total / events


def mdc_wait_s(arrivals_per_s: float, service_s: float, servers: int, states: int = 400) -> float:
    """Mean Wq of M/D/c (Crommelin 1932): who is in service now has gone a service time later, and nobody else has.

    So the numbers in the system at moments that far apart are a chain, whose steady state is also that of any moment.
    """
    come = stats.poisson.pmf(np.arange(states), arrivals_per_s * service_s)
    step = np.zeros((states, states))
    for inside in range(states):
        left = max(inside - servers, 0)
        step[inside, left:] = come[: states - left]
    step[:, -1] += 1 - step.sum(axis=1)
    likely = np.linalg.matrix_power(step, 4096)[0]
    return float(likely @ np.arange(states)) / arrivals_per_s - service_s


def dm1_wait_s(arrivals_per_s: float, served_per_s: float) -> float:
    """Mean Wq of D/M/1: the root of ``r = e^(-(1 - r) m / a)`` is the share that waits."""
    waits = float(optimize.brentq(lambda share: share - math.exp(-(1 - share) * served_per_s / arrivals_per_s), 0.0, 1 - 1e-9))
    return waits / (served_per_s * (1 - waits))


def bulk_wait_s(arrivals_per_s: float, batches_per_s: float, batch: int) -> float:
    """Mean Wq of M/M/1 whose server takes up to ``batch`` of those who wait, at least one, and lets nobody join later.

    While it serves, n wait with chance ``A r^n``; ``r`` is the root below 1 of ``m r^(b+1) - (a + m) r + a = 0``.
    """
    def balance(root: float) -> float:
        return batches_per_s * root ** (batch + 1) - (arrivals_per_s + batches_per_s) * root + arrivals_per_s

    root = float(optimize.brentq(balance, 0.0, 1 - 1e-6))
    nobody_waits = 1 / (batches_per_s / arrivals_per_s + 1 / (1 - root))
    return nobody_waits * root / (1 - root) ** 2 / arrivals_per_s


def finite_source_wait_s(machines: int, up_s: float, repair_s: float, repairers: int) -> tuple[float, float]:
    """Machines that run for ``up_s`` and need a repair of ``repair_s``: mean Wq for a repairer, and repairs a second."""
    weights = [1.0]
    for down in range(1, machines + 1):
        weights.append(weights[-1] * (machines - down + 1) / up_s * repair_s / min(down, repairers))
    shares = [weight / sum(weights) for weight in weights]
    per_s = sum(share * (machines - down) / up_s for down, share in enumerate(shares))
    return sum(share * max(0, down - repairers) for down, share in enumerate(shares)) / per_s, per_s
