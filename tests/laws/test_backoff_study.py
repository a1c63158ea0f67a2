"""The published study of back-off and jitter comes out: a hundred clients that each change one item, with optimistic locking.

Its simulator (aws-samples/aws-arch-backoff-simulator) counts the writes that a hundred clients need until each has changed the
item once, with pauses from 5 ms to 2 s and a network of 10 ms, 2 ms of standard deviation, each way; mean of 100 runs. Here a table,
clients and their network do the same. The network's latency is gamma instead of a normal distribution folded at zero, and 30 runs are averaged.
"""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any

import pytest

from tests.drawing import INSTANT, at_times, drawing, outcome

PUBLISHED = {"none": 2425, "exponential": 1846, "decorrelated": 998, "equal": 812, "full": 796}
RUNS = 30
pytestmark = pytest.mark.xdist_group("backoff-study")


def spread(mean_s: float, sd_s: float) -> dict[str, Any]:
    return {"type": "gamma", "mean_s": mean_s, "coefficient_of_variation": sd_s / mean_s}


def calls(backoff: str, seed: int) -> float:
    """Writes until a hundred clients have each changed the item."""
    table = {"billing_mode": "PAY_PER_REQUEST", "latency": INSTANT, "partition_write_units_per_s": 1e6, "partition_read_units_per_s": 1e6,
             "accesses": [{"operation": "OptimisticUpdate", "read_to_write": spread(0.02, 0.002 * 2**0.5)}]}
    client = {"attempts": 1000, "backoff": backoff, "backoff_base_s": 0.005, "backoff_cap_s": 2, "network_latency": spread(0.01, 0.002)}
    seen = outcome(drawing({"clients": ("traffic", at_times(*[0.0] * 100)), "row": ("dynamodb", table)}, {"clients.requests -> row.requests": client}, duration_s=200, frame_interval_s=50, seed=seed))
    assert seen.total("clients", "MessagesAccepted") == 100
    assert seen.total("row", "ConditionalCheckFailedRequests") == seen.total("clients", "RequestAttempts") - 100
    return seen.total("clients", "RequestAttempts")


@pytest.fixture(scope="module")
def simulated() -> dict[str, list[float]]:
    return {backoff: [calls(backoff, seed) for seed in range(1, RUNS + 1)] for backoff in PUBLISHED}


def test_the_ranking_comes_out(simulated: dict[str, list[float]]) -> None:
    ranked = sorted(simulated, key=lambda backoff: -mean(simulated[backoff]))
    assert ranked == list(PUBLISHED)


@pytest.mark.parametrize("backoff", PUBLISHED)
def test_and_the_numbers_do(backoff: str, simulated: dict[str, list[float]]) -> None:
    """Within four standard errors of both means, or 1 %, whichever is more."""
    error = stdev(simulated[backoff]) / RUNS**0.5
    assert mean(simulated[backoff]) == pytest.approx(PUBLISHED[backoff], abs=max(4 * error * (1 + RUNS / 100) ** 0.5, 0.01 * PUBLISHED[backoff]))
