"""Closed formulas of queueing theory, for the report to put beside what was simulated. Pure functions of plain numbers.

Rates are per second, times in seconds. ``erlangs`` is arrivals a second times mean service time: the servers that would be busy if
nothing ever waited. Waiting formulas hold below a utilisation of 1; at or above it they raise `Unstable`.
"""

from __future__ import annotations

import math


class Unstable(ValueError):
    """The servers get more work than they can do: there is no steady state, and a mean wait does not exist."""


def erlang_b(erlangs: float, servers: int) -> float:
    """The share of arrivals lost when all servers are busy and nobody waits (M/G/c/c; Erlang 1917)."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = erlangs * blocked / (count + erlangs * blocked)
    return blocked


def erlang_c(erlangs: float, servers: int) -> float:
    """The share of arrivals that wait (M/M/c; Erlang 1917)."""
    used = _utilisation(erlangs, servers)
    blocked = erlang_b(erlangs, servers)
    return blocked / (1 - used * (1 - blocked))


def mmc_wait_s(arrivals_per_s: float, mean_s: float, servers: int) -> float:
    """Mean wait before service (M/M/c)."""
    erlangs = arrivals_per_s * mean_s
    return erlang_c(erlangs, servers) * mean_s / (servers - erlangs)


def mmc_wait_quantile_s(share: float, arrivals_per_s: float, mean_s: float, servers: int) -> float:
    """The wait that a ``share`` of the messages does not exceed (M/M/c, first come first served): 0 for those who find a free server."""
    erlangs = arrivals_per_s * mean_s
    waits = erlang_c(erlangs, servers)
    return 0.0 if waits <= 1 - share else math.log(waits / (1 - share)) * mean_s / (servers - erlangs)


def mg1_wait_s(arrivals_per_s: float, mean_s: float, variance_s2: float) -> float:
    """Mean wait before service at one server (M/G/1; Pollaczek 1930, Khinchine 1932)."""
    used = _utilisation(arrivals_per_s * mean_s, 1)
    return arrivals_per_s * (variance_s2 + mean_s**2) / (2 * (1 - used))


def mgc_wait_s(arrivals_per_s: float, mean_s: float, variance_s2: float, servers: int) -> float:
    """Mean wait before service, approximately (M/G/c; Lee and Longton 1959): exact for one server and for exponential work."""
    if mean_s <= 0:
        return 0.0
    return (1 + variance_s2 / mean_s**2) / 2 * mmc_wait_s(arrivals_per_s, mean_s, servers)


def _utilisation(erlangs: float, servers: int) -> float:
    used = erlangs / servers
    if used >= 1:
        raise Unstable(f"{erlangs:g} erlangs for {servers} servers")
    return used
