"""Arrivals against theory: counts, gaps, changes of the load while they run, recorded times, bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from scipy import integrate, stats

from simulator.mechanics.loads.arrivals import Arrivals, RateCurve
from simulator.mechanics.loads.load_shapes import Load, Shape

ADAPTER: TypeAdapter[Any] = TypeAdapter(Load)

CONSTANT = {"shape": "constant", "rate_per_s": 20}
RAMP = {"shape": "ramp", "from_per_s": 5, "to_per_s": 40, "over_s": 60}
RAMP_DOWN = {"shape": "ramp", "from_per_s": 40, "to_per_s": 0, "over_s": 90}
BURST = {"shape": "burst", "base_per_s": 4, "peak_per_s": 60, "start_s": 30, "length_s": 20}
BURSTS = {"shape": "burst", "base_per_s": 4, "peak_per_s": 60, "start_s": 10, "length_s": 5, "repeat_s": 40}
STEPS = {"shape": "steps", "steps": [{"at_s": 50, "rate_per_s": 30}, {"at_s": 10, "rate_per_s": 12}]}
SINE = {"shape": "sine", "mean_per_s": 20, "amplitude": 0.9, "cycle_s": 50, "peak_at_s": 20}
COUNTS = {"shape": "trace", "trace": {"kind": "counts", "interval_s": 20, "counts": [100, 0, 600, 40]}, "scale": 1.5}
REPEATED = {**COUNTS, "after": "repeat"}
HELD = {**COUNTS, "after": "hold"}
SHAPES = {"constant": CONSTANT, "ramp": RAMP, "ramp down": RAMP_DOWN, "burst": BURST, "bursts": BURSTS, "steps": STEPS, "sine": SINE, "counts": COUNTS, "repeated": REPEATED, "held": HELD}
HORIZON_S = 120.0


def shape(given: dict[str, Any]) -> Shape:
    made: Shape = ADAPTER.validate_python(given)
    return made


def arrivals_of(given: dict[str, Any], process: Any = "poisson", seed: int = 1) -> Arrivals:
    return Arrivals(shape(given), process, np.random.default_rng(seed))


def times_until(arrivals: Arrivals, end_s: float) -> np.ndarray:
    """All arrivals before ``end_s``, asked for as a source does."""
    blocks = []
    while len(block := arrivals.block()):
        blocks.append(block)
        if block[-1] >= end_s:
            break
    times = np.concatenate(blocks) if blocks else np.zeros(0)
    return times[times < end_s]


def rate_by_hand(name: str, time_s: float) -> float:
    """The rate as the words of the shape say it, written without the product's curves."""
    counts = [7.5, 0, 45, 3]
    match name:
        case "constant":
            return 20
        case "ramp":
            return min(40, 5 + 35 * time_s / 60)
        case "ramp down":
            return max(0, 40 - 40 * time_s / 90)
        case "burst":
            return 60 if 30 <= time_s < 50 else 4
        case "bursts":
            return 60 if 10 <= time_s % 40 < 15 else 4
        case "steps":
            return 0 if time_s < 10 else 12 if time_s < 50 else 30
        case "sine":
            return 20 * (1 + 0.9 * math.cos(2 * math.pi * (time_s - 20) / 50))
        case "counts":
            return counts[int(time_s // 20)] if time_s < 80 else 0
        case "repeated":
            return counts[int(time_s // 20) % 4]
        case _:
            return counts[min(3, int(time_s // 20))]


@pytest.mark.parametrize("name", SHAPES)
class TestShapes:
    def test_rate_is_what_the_words_say(self, name: str) -> None:
        curve = RateCurve(shape(SHAPES[name]))
        for time_s in np.linspace(0.05, 200, 397):
            assert curve.rate_per_s(float(time_s)) == pytest.approx(rate_by_hand(name, float(time_s)), rel=1e-4, abs=1e-4)

    def test_expectation_is_the_integral_of_the_rate(self, name: str) -> None:
        curve = RateCurve(shape(SHAPES[name]))
        corners = [5, 10, 15, 20, 30, 40, 50, 55, 60, 80, 90, 100, 110]
        reference = 0.0
        for start_s, end_s in zip([0, *corners], [*corners, HORIZON_S], strict=True):
            reference += integrate.quad(lambda time_s: rate_by_hand(name, time_s), start_s + 1e-9, end_s - 1e-9)[0]
        assert curve.expected(HORIZON_S) == pytest.approx(reference, rel=1e-4)

    def test_when_inverts_expected(self, name: str) -> None:
        curve = RateCurve(shape(SHAPES[name]))
        points = np.linspace(0.01, curve.expected(HORIZON_S) * 0.999, 500)
        times = curve.when(points)
        assert (np.diff(times) >= 0).all()
        assert [curve.expected(float(time_s)) for time_s in times] == pytest.approx(list(points), rel=1e-9, abs=1e-6)

    def test_poisson_counts_follow_the_rate(self, name: str) -> None:
        bins = np.linspace(0, HORIZON_S, 25)
        curve = RateCurve(shape(SHAPES[name]))
        expected = np.diff([curve.expected(edge) for edge in bins])
        counts = sum(np.histogram(times_until(arrivals_of(SHAPES[name], seed=seed), HORIZON_S), bins)[0] for seed in range(30))
        busy = expected > 0.2
        assert counts[~busy].sum() <= 30 * expected[~busy].sum() + 4 * math.sqrt(30 * expected[~busy].sum()) + 1e-9
        statistic = float(((counts[busy] - 30 * expected[busy]) ** 2 / (30 * expected[busy])).sum())
        assert 0.0005 < stats.chi2.sf(statistic, df=int(busy.sum())) < 0.9995

    def test_rescaled_poisson_gaps_are_exponential(self, name: str) -> None:
        curve = RateCurve(shape(SHAPES[name]))
        times = times_until(arrivals_of(SHAPES[name], seed=4), HORIZON_S)
        gaps = np.diff([0.0, *(curve.expected(float(time_s)) for time_s in times)])
        assert stats.kstest(gaps, stats.expon.cdf).pvalue > 0.001

    def test_even_arrivals_come_at_every_whole_expectation(self, name: str) -> None:
        curve = RateCurve(shape(SHAPES[name]))
        times = times_until(arrivals_of(SHAPES[name], "even"), HORIZON_S)
        assert [curve.expected(float(time_s)) for time_s in times] == pytest.approx(list(range(1, len(times) + 1)))
        assert abs(len(times) - curve.expected(HORIZON_S)) <= 1

    def test_the_same_seed_gives_the_same_arrivals(self, name: str) -> None:
        assert (times_until(arrivals_of(SHAPES[name]), HORIZON_S) == times_until(arrivals_of(SHAPES[name]), HORIZON_S)).all()

    def test_json_goes_round(self, name: str) -> None:
        made = shape(SHAPES[name])
        assert ADAPTER.validate_json(ADAPTER.dump_json(made)) == made


class TestEnds:
    def test_a_trace_that_stops_stops(self) -> None:
        arrivals = arrivals_of(COUNTS, "even")
        assert len(times_until(arrivals, 1e9)) in (1109, 1110)
        assert len(arrivals.block()) == 0

    def test_nothing_comes_at_rate_zero(self) -> None:
        assert len(arrivals_of({"shape": "constant", "rate_per_s": 0}).block()) == 0

    def test_a_trace_of_zeros_that_repeats_ends_the_draw(self) -> None:
        zeros = {"shape": "trace", "trace": {"kind": "counts", "interval_s": 1, "counts": [0, 0]}, "after": "repeat"}
        assert len(arrivals_of(zeros).block()) == 0

    def test_blocks_are_bounded_at_any_rate(self) -> None:
        fast = arrivals_of({"shape": "constant", "rate_per_s": 1e9})
        assert max(len(fast.block()) for _ in range(10)) <= 4096

    def test_a_year_of_daily_cycles_costs_no_memory_of_its_own(self) -> None:
        curve = RateCurve(shape({"shape": "sine", "mean_per_s": 1000, "cycle_s": 86400}))
        year_s = 365 * 86400.0
        assert curve.expected(year_s) == pytest.approx(1000 * year_s, rel=1e-9)
        assert curve.when(np.array([1000 * year_s]))[0] == pytest.approx(year_s, abs=1.0)


class TestChangingLoad:
    @pytest.mark.parametrize("name", SHAPES)
    def test_poisson_counts_follow_the_changes(self, name: str) -> None:
        changes = [(0.0, 1.0), (25.0, 3.0), (47.0, 0.0), (55.0, 0.5), (70.0, 2.0)]
        curve = RateCurve(shape(SHAPES[name]))
        edges = [at_s for at_s, _ in changes] + [HORIZON_S]
        expected = np.array([factor * (curve.expected(to_s) - curve.expected(from_s)) for (from_s, factor), to_s in zip(changes, edges[1:], strict=True)])
        counts = np.zeros(len(changes))
        for seed in range(40):
            arrivals = arrivals_of(SHAPES[name], seed=seed)
            counts += np.histogram(np.concatenate(list(_played(arrivals, changes))), edges)[0]
        assert (np.abs(counts - 40 * expected) <= 4.5 * np.sqrt(40 * expected) + 1e-9).all()

    @given(st.lists(st.tuples(st.floats(0.01, 20), st.floats(0, 4)), max_size=6), st.sampled_from(["constant", "ramp", "bursts", "sine", "counts"]))
    def test_even_arrivals_keep_their_phase(self, gaps_and_factors: list[tuple[float, float]], name: str) -> None:
        changes, at_s = [(0.0, 1.0)], 0.0
        for gap_s, factor in gaps_and_factors:
            at_s += gap_s
            changes.append((at_s, factor))
        curve = RateCurve(shape(SHAPES[name]))
        edges = [start_s for start_s, _ in changes] + [at_s + 30]
        expected = sum(factor * (curve.expected(to_s) - curve.expected(from_s)) for (from_s, factor), to_s in zip(changes, edges[1:], strict=True))
        played = np.concatenate(list(_played(arrivals_of(SHAPES[name], "even"), changes, at_s + 30)))
        assert abs(len(played) - expected) < 1 + 1e-6 * expected

    def test_an_even_arrival_that_is_due_at_the_change_is_neither_lost_nor_doubled(self) -> None:
        arrivals = arrivals_of({"shape": "constant", "rate_per_s": 1}, "even")
        changes = [(0.0, 1.0), *((float(at_s), 1.0) for at_s in range(1, 60))]
        played = np.concatenate(list(_played(arrivals, changes, 60.5)))
        assert list(played) == pytest.approx(list(range(1, 61)))

    def test_rate_and_expectation_include_the_factor(self) -> None:
        arrivals = arrivals_of(CONSTANT)
        arrivals.change_factor(2.5, 10)
        assert arrivals.rate_per_s(20) == 50
        assert arrivals.expected(10, 14) == pytest.approx(200)


def _played(arrivals: Arrivals, changes: list[tuple[float, float]], end_s: float = HORIZON_S) -> Iterator[np.ndarray]:
    """What arrives when the factor changes at these times, each change before anything due at its moment."""
    for (at_s, factor), until_s in zip(changes, [later for later, _ in changes[1:]] + [end_s], strict=True):
        arrivals.change_factor(factor, at_s)
        times = times_until(arrivals, until_s)
        # As a source has it: what was due before a pause ended arrives when it ends.
        yield np.maximum(times, at_s)


class TestRecordedTimes:
    TIMES = [0.0, 0.5, 0.5, 3.0, 9.0]

    def replay(self, process: Any = "poisson", seed: int = 1, **options: Any) -> Arrivals:
        return arrivals_of({"shape": "trace", "trace": {"kind": "times", "times_s": self.TIMES}, **options}, process, seed)

    def test_arrive_when_they_arrived_the_first_too(self) -> None:
        arrivals = self.replay()
        arrivals.change_factor(1.0, 0.0)
        assert list(times_until(arrivals, 1e9)) == self.TIMES

    def test_repeat_after_the_mean_gap(self) -> None:
        period_s = 9 + 9 / 4
        assert list(times_until(self.replay(after="repeat"), 13)) == pytest.approx([*self.TIMES, period_s, period_s + 0.5, period_s + 0.5])

    def test_whole_copies_are_made_and_one_more_by_chance(self) -> None:
        counts = np.array([len(times_until(self.replay(scale=2.3, seed=seed), 1e9)) for seed in range(2000)])
        assert counts.min() >= 10
        assert counts.max() <= 15
        assert counts.mean() == pytest.approx(11.5, abs=4 * math.sqrt(5 * 0.3 * 0.7 / 2000))

    def test_a_scale_below_one_thins(self) -> None:
        counts = [len(times_until(self.replay(scale=0.4, seed=seed), 1e9)) for seed in range(2000)]
        assert np.mean(counts) == pytest.approx(2.0, abs=4 * math.sqrt(5 * 0.24 / 2000))

    def test_a_change_of_the_factor_goes_on_where_it_was(self) -> None:
        arrivals = self.replay()
        times_until(arrivals, 0.4)
        arrivals.change_factor(2.0, 0.5)
        assert list(times_until(arrivals, 1e9)) == [0.5, 0.5, 0.5, 0.5, 3.0, 3.0, 9.0, 9.0]
        arrivals.change_factor(0.0, 1.0)
        assert len(arrivals.block()) == 0

    def test_jitter_moves_each_arrival_later_and_keeps_order_over_blocks(self) -> None:
        recorded = np.sort(np.random.default_rng(3).uniform(0, 1000, 9000)).round()
        load = {"shape": "trace", "trace": {"kind": "times", "times_s": list(recorded)}, "jitter_s": 1.0}
        times = times_until(arrivals_of(load), 1e9)
        assert len(times) == 9000
        assert (np.diff(times) >= 0).all()
        assert len(np.unique(times)) == 9000
        assert np.histogram(times, bins=np.arange(0, 1002))[0] == pytest.approx(np.histogram(recorded, bins=np.arange(0, 1002))[0])

    def test_jitter_far_longer_than_the_repeated_trace(self) -> None:
        arrivals = arrivals_of({"shape": "trace", "trace": {"kind": "times", "times_s": [0.0, 0.01]}, "after": "repeat", "jitter_s": 5_000})
        times = times_until(arrivals, 5_010)
        assert len(times) == pytest.approx(100 * 2_510, rel=0.02)
        assert (np.diff(times) >= 0).all()

    def test_a_large_scale_comes_in_blocks_that_fit_into_memory(self) -> None:
        arrivals = self.replay(scale=1e6)
        assert [len(arrivals.block()) for _ in self.TIMES] == [1_000_000] * len(self.TIMES)

    def test_expectation_counts_what_was_recorded(self) -> None:
        arrivals = self.replay(scale=2)
        assert arrivals.expected(0, 3) == 6
        assert arrivals.expected(0, 100) == 10
        assert self.replay(after="repeat").expected(0, 9 + 9 / 4 + 0.25) == 6

    def test_the_rate_is_an_average_around_the_moment(self) -> None:
        arrivals = arrivals_of({"shape": "trace", "trace": {"kind": "times", "times_s": [at / 10 for at in range(1000)]}})
        assert arrivals.rate_per_s(50) == pytest.approx(10, rel=0.1)
        assert arrivals.rate_per_s(500) == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"shape": "constant", "rate_per_s": -1}, "greater than or equal to 0"),
        ({"shape": "constant", "rate_per_s": float("nan")}, "rate_per_s"),
        ({"shape": "ramp", "over_s": 0}, "greater than or equal to 0.001"),
        ({"shape": "burst", "start_s": 60, "length_s": 60, "repeat_s": 100}, "the burst ends at 120 s"),
        ({"shape": "steps", "steps": []}, "at least 1 item"),
        ({"shape": "sine", "amplitude": 1.5}, "less than or equal to 1"),
        ({"shape": "trace", "trace": {"kind": "counts", "counts": []}}, "at least 1 item"),
        ({"shape": "trace", "trace": {"kind": "counts", "counts": [1, -2]}}, "greater than or equal to 0"),
        ({"shape": "trace", "trace": {"kind": "times", "times_s": [2, 1]}}, "must not decrease"),
        ({"shape": "trace", "trace": {"kind": "times", "times_s": [1]}, "after": "hold"}, "no last rate to hold"),
        ({"shape": "trace", "trace": {"kind": "counts", "counts": [1]}, "jitter_s": 1}, "jitter is for recorded times"),
        ({"shape": "trace", "trace": {"kind": "times", "times_s": [0, 0]}, "after": "repeat"}, "unknown after how long they repeat"),
        ({"shape": "trace", "scale": 0}, "greater than 0"),
        ({"shape": "sawtooth"}, "sawtooth"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        shape(given)
    assert named in str(refused.value)
