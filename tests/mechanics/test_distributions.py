"""Distributions of durations against theory: moments, quantiles, draws, bounds, and what a draw costs."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from simulator.engine.streams import Stream
from simulator.mechanics.distribution_figure import distribution_figure
from simulator.mechanics.distributions import Distribution, DurationDistribution, Gamma, Lognormal, Percentiles

ADAPTER: TypeAdapter[Any] = TypeAdapter(Distribution)
DRAWS = 60_000

SAMPLES = [
    {"type": "constant", "value_s": 0.25},
    {"type": "exponential", "mean_s": 0.05},
    {"type": "lognormal", "p50_s": 0.1, "p99_s": 0.5},
    {"type": "lognormal", "p50_s": 0.1, "p99_s": 0.1},
    {"type": "gamma", "mean_s": 2.0, "coefficient_of_variation": 0.5},
    {"type": "gamma", "mean_s": 2.0, "coefficient_of_variation": 2.0},
    {"type": "uniform", "low_s": 1.0, "high_s": 3.0},
    {"type": "empirical", "samples_s": [0.1, 0.2, 0.2, 0.9]},
    {"type": "percentiles", "points": [{"share": 0.0, "value_s": 0.01}, {"share": 0.5, "value_s": 0.1}, {"share": 0.99, "value_s": 0.5}, {"share": 1.0, "value_s": 2.0}]},
    {"type": "percentiles", "points": [{"share": 0.5, "value_s": 0.1}, {"share": 0.99, "value_s": 0.1}]},
]


def made(given: dict[str, Any]) -> DurationDistribution:
    distribution: DurationDistribution = ADAPTER.validate_python(given)
    return distribution


def drawn(distribution: DurationDistribution, seed: int = 1) -> np.ndarray:
    draw = distribution.sampler(Stream(seed, "node", "duration"))
    return np.array([draw() for _ in range(DRAWS)])


@pytest.mark.parametrize("given", SAMPLES, ids=lambda given: given["type"])
class TestEvery:
    def test_mean_of_draws_is_the_expectation(self, given: dict[str, Any]) -> None:
        distribution = made(given)
        error_s = math.sqrt(distribution.variance_s2() / DRAWS)
        assert abs(drawn(distribution).mean() - distribution.expected_s()) <= 4 * error_s + 1e-12

    def test_variance_of_draws_is_the_variance(self, given: dict[str, Any]) -> None:
        distribution = made(given)
        assert drawn(distribution).var() == pytest.approx(distribution.variance_s2(), rel=0.1, abs=1e-12)

    def test_the_share_of_draws_within_a_duration_is_that_share(self, given: dict[str, Any]) -> None:
        distribution = made(given)
        draws = drawn(distribution)
        for share in (0.02, 0.3, 0.6, 0.9, 0.98):
            for duration_s in (distribution.quantile_s(share) * (1 + 1e-9), distribution.quantile_s(share) * 1.01):
                assert (draws <= duration_s).mean() == pytest.approx(distribution.share_within(duration_s), abs=0.01)

    def test_the_figure_holds_all_but_the_ends(self, given: dict[str, Any]) -> None:
        figure = distribution_figure(given)
        bins = figure["bins"]
        assert 0.985 <= sum(bins["shares"]) <= 1 + 1e-9
        assert min(bins["shares"]) >= 0
        assert len(bins["edges_s"]) == len(bins["shares"]) + 1
        counted = np.diff(np.searchsorted(np.sort(drawn(made(given))), bins["edges_s"], side="right"))
        assert counted / DRAWS == pytest.approx(np.array(bins["shares"]), abs=0.012)

    def test_quantiles_of_draws_are_the_quantiles(self, given: dict[str, Any]) -> None:
        distribution = made(given)
        draws = np.sort(drawn(distribution))
        for share in (0.02, 0.3, 0.6, 0.9, 0.98):
            low, high = (draws[int(DRAWS * (share + sign * 4 * math.sqrt(share * (1 - share) / DRAWS)))] for sign in (-1, 1))
            assert low * (1 - 1e-9) <= distribution.quantile_s(share) <= high * (1 + 1e-9)

    def test_block_draws_from_the_same_distribution(self, given: dict[str, Any]) -> None:
        distribution = made(given)
        block = np.concatenate([distribution.block(np.random.default_rng(seed)) for seed in range(10)])
        error_s = math.sqrt(distribution.variance_s2() / block.size)
        assert abs(block.mean() - distribution.expected_s()) <= 4 * error_s + 1e-12

    def test_draws_depend_on_the_seed_alone(self, given: dict[str, Any]) -> None:
        first, second = (made(given).sampler(Stream(3, "node", "duration")) for _ in range(2))
        assert [first() for _ in range(5000)] == [second() for _ in range(5000)]

    def test_json_goes_round(self, given: dict[str, Any]) -> None:
        distribution = made(given)
        assert ADAPTER.validate_json(ADAPTER.dump_json(distribution)) == distribution

    def test_a_draw_comes_from_a_block_drawn_before(self, given: dict[str, Any]) -> None:
        """NumPy is fast for many numbers at once only: a draw that called it would cost ten times as much."""
        draw = made(given).sampler(Stream(1, "node", "duration"))
        draws, calls = 20_000, 0

        def count(_frame: Any, event: str, _argument: Any) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            for _ in range(draws):
                draw()
        finally:
            sys.setprofile(None)
        assert calls < 1.5 * draws


class TestAgainstTextbooks:
    def test_lognormal_hits_its_percentiles(self) -> None:
        distribution = Lognormal(p50_s=0.1, p99_s=0.5)
        assert distribution.quantile_s(0.5) == pytest.approx(0.1)
        assert distribution.quantile_s(0.99) == pytest.approx(0.5)
        reference = stats.lognorm(s=distribution.sigma, scale=0.1)
        assert distribution.expected_s() == pytest.approx(reference.mean())
        assert distribution.variance_s2() == pytest.approx(reference.var())

    @given(st.floats(0.05, 20), st.floats(0.001, 0.999))
    def test_gamma_quantiles(self, coefficient: float, share: float) -> None:
        shape = coefficient**-2
        ours = Gamma(mean_s=3.0, coefficient_of_variation=coefficient).quantile_s(share)
        assert ours == pytest.approx(float(stats.gamma.ppf(share, shape, scale=3.0 / shape)), rel=1e-6, abs=1e-250)

    @pytest.mark.parametrize(("given", "reference"), [(SAMPLES[1], stats.expon(scale=0.05)), (SAMPLES[4], stats.gamma(4, scale=0.5)), (SAMPLES[5], stats.gamma(0.25, scale=8)), (SAMPLES[6], stats.uniform(1, 2))])
    def test_draws_pass_kolmogorov_and_smirnov(self, given: dict[str, Any], reference: Any) -> None:
        assert stats.kstest(drawn(made(given), seed=2), reference.cdf).pvalue > 0.001

    def test_percentiles_are_met_and_interpolated_on_a_log_scale(self) -> None:
        distribution = made(SAMPLES[8])
        assert distribution.quantile_s(0.5) == pytest.approx(0.1)
        assert distribution.quantile_s(0.25) == pytest.approx(math.sqrt(0.01 * 0.1))
        assert distribution.quantile_s(0.995) == pytest.approx(1.0)

    def test_percentiles_end_at_the_last_point(self) -> None:
        distribution = Percentiles.model_validate({"points": [{"share": 0.5, "value_s": 0.1}, {"share": 0.9, "value_s": 0.3}]})
        assert distribution.quantile_s(0.01) == pytest.approx(0.1)
        assert drawn(distribution).max() == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"type": "lognormal", "p50_s": 0.5, "p99_s": 0.1}, "the 99th percentile (0.1 s) must not be below the median (0.5 s)"),
        ({"type": "lognormal", "p50_s": 0, "p99_s": 1}, "greater than 0"),
        ({"type": "exponential", "mean_s": 0}, "greater than 0"),
        ({"type": "exponential", "mean_s": float("nan")}, "mean_s"),
        ({"type": "exponential", "mean_s": float("inf")}, "mean_s"),
        ({"type": "constant", "value_s": -1}, "greater than or equal to 0"),
        ({"type": "gamma", "mean_s": 1, "coefficient_of_variation": 0}, "greater than or equal to 0.001"),
        ({"type": "uniform", "low_s": 2, "high_s": 1}, "the upper bound (1.0 s) must not be below the lower (2.0 s)"),
        ({"type": "empirical", "samples_s": []}, "at least 1 item"),
        ({"type": "empirical", "samples_s": [0.1, -2]}, "greater than or equal to 0"),
        ({"type": "percentiles", "points": [{"share": 0.5, "value_s": 1}]}, "at least 2 items"),
        ({"type": "percentiles", "points": [{"share": 0.9, "value_s": 1}, {"share": 0.5, "value_s": 2}]}, "the shares must increase, but 0.5 follows 0.9"),
        ({"type": "percentiles", "points": [{"share": 0.5, "value_s": 1}, {"share": 0.99, "value_s": 0.5}]}, "p99 (0.5 s) must not be below p50 (1 s)"),
        ({"type": "weibull", "mean_s": 1}, "weibull"),
        ({"type": "constant", "value_s": 1, "unit": "ms"}, "unit"),
        ({"mean_s": 1}, "type"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        made(given)
    assert named in str(refused.value)
