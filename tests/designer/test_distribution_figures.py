"""What a distribution looks like, over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from scipy import stats


def ask(distribution: Any) -> Any:
    return Client().post("/api/distributions/", {"distribution": distribution}, content_type="application/json")


def test_mean_and_percentiles_are_those_of_theory() -> None:
    found = ask({"type": "gamma", "mean_s": 2.0, "coefficient_of_variation": 0.5}).json()
    assert found["mean_s"] == 2.0
    assert found["deviation_s"] == pytest.approx(1.0)
    for point in found["percentiles"]:
        assert point["value_s"] == pytest.approx(stats.gamma.ppf(point["share"], 4, scale=0.5))
    assert [point["share"] for point in found["percentiles"]] == [0.5, 0.95, 0.99]


def test_a_long_tail_is_drawn_on_a_logarithmic_scale() -> None:
    assert ask({"type": "lognormal", "p50_s": 0.1, "p99_s": 0.5}).json()["bins"]["scale"] == "linear"
    assert ask({"type": "lognormal", "p50_s": 0.1, "p99_s": 10}).json()["bins"]["scale"] == "log"


@pytest.mark.parametrize(
    ("distribution", "words"),
    [({"type": "lognormal", "p50_s": 1, "p99_s": 0.5}, "must not be below the median"), ({"type": "exponential", "mean_s": -1}, "mean_s"), ({"type": "zipf"}, "zipf"), ("constant", "")])
def test_a_faulty_one_is_refused_by_name(distribution: Any, words: str) -> None:
    answered = ask(distribution)
    assert answered.status_code == 400
    assert words in answered.json()["error"]["message"]
