"""The engine against closed formulas: the theoretical mean lies in the 99 % interval, and that interval is narrow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from simulator.mechanics import distributions
from tests.laws import theory
from tests.laws.documented import DOCUMENTED
from tests.laws.page import PAGE, number, printed
from tests.laws.replications import Interval, interval, replicate
from tests.laws.systems import SYSTEMS, System, station

FEWER_RUNS = 4
ON_PAGE = printed(PAGE.read_text(encoding="utf-8"))


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
    found = replicate(system.scenario, system.figures, system.runs)
    for figure, value in system.expected.items():
        assert value in found[figure], f"{figure}: theory says {value:.5g}, the runs {found[figure].mean:.5g} ± {found[figure].half_width:.2g}"
        assert found[figure].relative < system.sharpness, f"{figure}: the interval is too wide to show anything ({found[figure].relative:.1%})"
        _, _, low, high = ON_PAGE[name, figure]
        assert max(low, found[figure].mean - found[figure].half_width) <= min(high, found[figure].mean + found[figure].half_width), f"the page is out of date; run: make laws ({name}, {figure})"


CAUGHT = (
    "M/M/1", "M/M/5", "M/D/1", "M/D/5", "M/G/1, gamma, steady", "M/G/1, lognormal", "M/M/1, no longer than 60 s", "M/M/10/10, reserved", "M/D/10/10", "M/M/3/8",
    "M/G/infinity, lognormal", "two in a row", "20 machines, 2 repairers",
)
"""One of each kind of drawing."""


@pytest.mark.parametrize("name", CAUGHT)
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


# -- the page of the documentation ----------------------------------------------------------------------------------


def test_the_page_lists_every_law_with_its_prediction_inside_the_interval() -> None:
    assert set(ON_PAGE) == {(name, figure) for name, system in SYSTEMS.items() for figure in system.expected}, "run: make laws"
    for (name, figure), (predicted, simulated, low, high) in ON_PAGE.items():
        assert predicted == pytest.approx(SYSTEMS[name].expected[figure], rel=1e-3), f"{name}, {figure}; run: make laws"
        assert low <= simulated <= high
        assert low * 0.999 <= predicted <= high * 1.001, f"{name}, {figure}"


def test_the_page_says_what_each_law_is_and_what_aws_documents() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, system in SYSTEMS.items():
        assert f"| {name} | {system.law} |" in text, f"{name}; run: make laws"
        assert system.law, name
    for name, documented in DOCUMENTED.items():
        for figure, expected in documented.expected.items():
            assert f"| {name} | {documented.says} | {figure} | {number(expected)} |" in text, f"{name}; run: make laws"


# -- the measure itself ---------------------------------------------------------------------------------------------


def test_formulas_that_overlap_agree() -> None:
    assert theory.mmc_wait_s(0.8, 1.0, 1) == pytest.approx(theory.mm1_wait_s(0.8, 1.0))
    assert theory.mg1_wait_s(0.8, 1.0, 1.0) == pytest.approx(theory.mm1_wait_s(0.8, 1.0))
    assert theory.mg1_wait_s(0.8, 1.0, 0.0) == pytest.approx(theory.md1_wait_s(0.8, 1.0)) == pytest.approx(theory.mm1_wait_s(0.8, 1.0) / 2)
    assert theory.mmck_shares(8.0, 1.0, 10, 10)[-1] == pytest.approx(theory.erlang_b(8.0, 10))
    assert sum(theory.mmck_shares(0.8, 1.0, 1, 200)[1:]) == pytest.approx(theory.erlang_c(0.8, 1)) == pytest.approx(0.8)
    assert sum(theory.mmck_shares(4.25, 1.0, 5, 500)[5:]) == pytest.approx(theory.erlang_c(4.25, 5))
    assert theory.mm1_late_share(0.8, 1.0, 0.0) == pytest.approx(1.0)
    assert theory.mdc_wait_s(0.8, 1.0, 1) == pytest.approx(theory.md1_wait_s(0.8, 1.0))
    assert theory.bulk_wait_s(0.8, 1.0, 1) == pytest.approx(theory.mm1_wait_s(0.8, 1.0))
    assert theory.finite_source_wait_s(5000, 5000 / 0.8, 1.0, 1)[0] == pytest.approx(theory.mm1_wait_s(0.8, 1.0), rel=0.01), "many machines are a Poisson stream"
    assert theory.mmc_mean_waiting(4.0, 1.0, 5, 3000.0, 300) == pytest.approx(4.0 * theory.mmc_wait_s(4.0, 1.0, 5), rel=0.01), "after a long time the start is forgotten"
    assert theory.mm1_time_quantile_s(0.8, 1.0, 1 - math.exp(-1)) == pytest.approx(1 / 0.2)
    assert theory.dm1_wait_s(0.8, 1.0) < theory.mm1_wait_s(0.8, 1.0)


def test_formulas_give_printed_values() -> None:
    """From Erlang's tables as they are reprinted everywhere."""
    assert theory.erlang_b(8.108, 15) == pytest.approx(0.01, abs=5e-7), "1 % is lost with 15 lines at 8.108 E"
    assert theory.erlang_c(20.0, 26) < 0.15 < theory.erlang_c(20.0, 25), "20 E need 26 servers if 15 % may wait"
    assert theory.erlang_c(2.0, 3) == pytest.approx(4 / 9)
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
