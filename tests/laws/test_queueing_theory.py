"""The engine against closed formulas: the theoretical mean lies in the 99 % interval, and that interval is narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.mechanics import distributions
from tests.laws import theory
from tests.laws.replications import Interval, interval, replicate
from tests.laws.systems import SYSTEMS, System, station

SHARPNESS = 0.1
FEWER_RUNS = 4


def missed(system: System, **how: Any) -> dict[str, tuple[Interval, float]]:
    """The figures whose theoretical value lies outside of the interval."""
    found = replicate(system.scenario, system.figures, **how)
    return {name: (found[name], value) for name, value in system.expected.items() if value not in found[name]}


def alter_durations(monkeypatch: pytest.MonkeyPatch, alter: Callable[[float], float]) -> None:
    """Let every server take a time other than the one that was drawn."""
    for kind in (distributions.Exponential, distributions.Constant, distributions.Gamma, distributions.Lognormal):
        def sampler(self: Any, stream: Any, original: Any = kind.sampler) -> Callable[[], float]:
            draw = original(self, stream)
            return lambda: alter(draw())

        monkeypatch.setattr(kind, "sampler", sampler)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_mean_is_what_theory_says(name: str) -> None:
    system = SYSTEMS[name]
    found = replicate(system.scenario, system.figures)
    for figure, value in system.expected.items():
        assert value in found[figure], f"{figure}: theory says {value:.5g}, the runs {found[figure].mean:.5g} ± {found[figure].half_width:.2g}"
        assert found[figure].relative < SHARPNESS, f"{figure}: the interval is too wide to show anything ({found[figure].relative:.1%})"


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_server_a_tenth_too_slow_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alter_durations(monkeypatch, lambda drawn_s: 1.1 * drawn_s)
    assert missed(SYSTEMS[name], runs=FEWER_RUNS)


def test_a_server_that_cuts_off_long_services_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one service in fifty is longer than four times the mean, but the wait hangs on those."""
    alter_durations(monkeypatch, lambda drawn_s: min(drawn_s, 4.0))
    assert "Wq" in missed(SYSTEMS["M/M/1"])


def test_arrivals_that_are_too_regular_are_caught() -> None:
    scenario = station(0.8, 1, {"type": "exponential", "mean_s": 1.0})
    scenario["nodes"][0]["parameters"]["arrivals"] = "even"
    system = System(scenario, SYSTEMS["M/M/1"].figures, SYSTEMS["M/M/1"].expected)
    assert "Wq" in missed(system, runs=FEWER_RUNS)


def test_one_worker_too_many_is_caught() -> None:
    system = System(station(4.0, 6, {"type": "exponential", "mean_s": 1.0}), SYSTEMS["M/M/5"].figures, SYSTEMS["M/M/5"].expected)
    assert "Wq" in missed(system, runs=FEWER_RUNS)


# -- the measure itself ---------------------------------------------------------------------------------------------


def test_formulas_that_overlap_agree() -> None:
    assert theory.mmc_wait_s(0.8, 1.0, 1) == pytest.approx(theory.mm1_wait_s(0.8, 1.0))
    assert theory.mg1_wait_s(0.8, 1.0, 1.0) == pytest.approx(theory.mm1_wait_s(0.8, 1.0))
    assert theory.mg1_wait_s(0.8, 1.0, 0.0) == pytest.approx(theory.md1_wait_s(0.8, 1.0)) == pytest.approx(theory.mm1_wait_s(0.8, 1.0) / 2)
    assert theory.mmck_shares(8.0, 1.0, 10, 10)[-1] == pytest.approx(theory.erlang_b(8.0, 10))
    assert sum(theory.mmck_shares(0.8, 1.0, 1, 200)[1:]) == pytest.approx(theory.erlang_c(0.8, 1)) == pytest.approx(0.8)
    assert sum(theory.mmck_shares(4.25, 1.0, 5, 500)[5:]) == pytest.approx(theory.erlang_c(4.25, 5))
    assert theory.mm1_late_share(0.8, 1.0, 0.0) == pytest.approx(1.0)


def test_formulas_give_printed_values() -> None:
    """From Erlang's tables as they are reprinted everywhere: 10 erlangs offered to 10 servers, and 2 servers at 1 erlang."""
    assert theory.erlang_b(10.0, 10) == pytest.approx(0.2146, abs=5e-5)
    assert theory.erlang_b(1.0, 2) == pytest.approx(1 / 5)
    assert theory.erlang_c(1.0, 2) == pytest.approx(1 / 3)


def test_the_interval_is_students() -> None:
    """Five numbers with mean 3 and variance 2.5; the 99.5 % point of Student's t with four degrees of freedom is 4.604."""
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.mean == 3.0
    assert found.half_width == pytest.approx(4.6041 * (2.5 / 5) ** 0.5, rel=1e-4)
    assert 3.0 + found.half_width * 0.999 in found
    assert 3.0 + found.half_width * 1.001 not in found
