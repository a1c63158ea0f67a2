"""MSER-5 finds where a series settles and says when it does not; growth is told from wandering."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.measures.steadiness import Truncation, lasting_growth, mser_5


def settling(settle: int, length: int = 600, seed: int = 1) -> np.ndarray:
    """A series that rises to its level within about ``settle`` values, with noise."""
    places = np.arange(length)
    return 100 * (1 - np.exp(-4 * places / settle)) + np.random.default_rng(seed).normal(0, 2, length)


@pytest.mark.parametrize("settle", [50, 100, 200])
def test_the_cut_is_near_where_the_series_settles(settle: int) -> None:
    found = mser_5(settling(settle))
    assert found.settled
    assert 0.6 * settle <= found.values <= 1.5 * settle


def test_a_series_that_is_settled_from_the_start_loses_almost_nothing() -> None:
    cuts = [mser_5(np.random.default_rng(seed).normal(10, 1, 600)).values for seed in range(20)]
    assert np.median(cuts) <= 30


def test_the_statistic_is_the_definition() -> None:
    series = np.random.default_rng(3).exponential(1, 100)
    batches = series.reshape(20, 5).mean(axis=1)
    slow = [((batches[cut:] - batches[cut:].mean()) ** 2).sum() / (20 - cut) ** 2 for cut in range(15)]
    best = int(np.argmin(slow))
    assert mser_5(series) == (Truncation(5 * best, True) if best <= 10 else Truncation(50, False))


def test_a_series_that_keeps_rising_has_no_cut() -> None:
    found = mser_5(np.arange(600.0))
    assert found == Truncation(300, False)


def test_a_series_too_short_to_say() -> None:
    assert mser_5([1.0] * 20) == Truncation(0, False)


def queue(used: float, seconds: int, seed: int, per_s: float = 10.0) -> tuple[list[float], list[float], list[float]]:
    """Times, backlog and arrivals of a single server, second by second."""
    generator = np.random.default_rng(seed)
    arrivals, served = generator.poisson(used * per_s, seconds), generator.poisson(per_s, seconds)
    level, levels = 0.0, []
    for came, could in zip(arrivals, served, strict=True):
        level = max(0.0, level + came - could)
        levels.append(level)
    return [float(second) for second in range(seconds)], levels, np.cumsum(arrivals).tolist()


def test_an_overloaded_queue_grows_at_the_rate_of_its_overload() -> None:
    found = lasting_growth(*queue(1.2, 600, 1))
    assert found is not None
    assert found.per_s == pytest.approx(2.0, rel=0.2)


def test_queues_in_equilibrium_are_rarely_taken_for_growing() -> None:
    mistaken = sum(lasting_growth(*queue(used, 600, seed)) is not None for used in (0.5, 0.8, 0.9, 0.95) for seed in range(50))
    assert mistaken <= 2


def test_slight_overload_is_seen_when_the_run_is_long() -> None:
    assert sum(lasting_growth(*queue(1.05, 6000, seed)) is not None for seed in range(20)) >= 18


def test_nothing_is_said_of_a_handful_of_values() -> None:
    assert lasting_growth([0, 1, 2], [0, 100, 200], [0, 100, 200]) is None
    assert lasting_growth([], [], []) is None
