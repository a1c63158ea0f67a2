"""Student's t against SciPy, Welch's interval, and what an interval says of few samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulator.measures.intervals import interval, student_t, unpaired


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("freedom", [1, 2, 3.7, 9, 29, 199, 5000])
def test_students_t_is_what_scipy_says(confidence: float, freedom: float) -> None:
    assert student_t(confidence, freedom) == pytest.approx(float(stats.t.ppf((1 + confidence) / 2, freedom)), rel=1e-9)


def test_printed_values() -> None:
    """From the table in every textbook: 95 %, two-sided."""
    assert [round(student_t(0.95, freedom), 3) for freedom in (1, 4, 9, 29)] == [12.706, 2.776, 2.262, 2.045]


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        student_t(confidence, 3)


def test_the_interval_is_scipys() -> None:
    samples = [1.0, 2.0, 3.0, 4.0, 7.0]
    found = interval(samples, 0.95)
    low, high = stats.t.interval(0.95, 4, np.mean(samples), stats.sem(samples))
    assert (found.mean - found.half_width, found.mean + found.half_width) == pytest.approx((low, high))  # type: ignore[operator]
    assert (found.lowest, found.highest, found.samples) == (1.0, 7.0, 5)


def test_one_sample_has_no_interval_and_none_is_refused() -> None:
    single = interval([3.0], 0.95)
    assert (single.mean, single.half_width, single.relative) == (3.0, None, None)
    assert 3.0 not in single
    with pytest.raises(ValueError, match="at least one"):
        interval([], 0.95)


def test_relative_width_of_what_is_zero() -> None:
    assert interval([0.0, 0.0], 0.95).relative == 0.0
    assert interval([-1.0, 1.0], 0.95).relative == math.inf


def test_equal_samples_have_exactly_their_mean() -> None:
    found = interval([0.1] * 7, 0.95)
    assert (found.mean, found.half_width) == (0.1, 0.0)


def test_the_unpaired_width_is_welchs() -> None:
    first, second = [1.0, 2.0, 4.0, 8.0], [3.0, 3.5, 3.1, 3.3, 3.0]
    tested = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert unpaired(first, second, 0.95) == pytest.approx((tested.high - tested.low) / 2)
    assert unpaired([1.0, 1.0], [2.0, 2.0], 0.95) == 0.0
