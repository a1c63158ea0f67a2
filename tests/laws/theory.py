"""Closed formulas of queueing theory, in their textbook form; nothing here knows the simulator.

Rates are per second, times in seconds. ``W`` is the time in the system, ``Wq`` the time before service begins.
"""

from __future__ import annotations

import math


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
