"""The warm-up that is found, and systems that have no steady state."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.replications import Replications
from simulator.run import Simulation, simulate
from simulator.scenario import Scenario
from tests.drawing import INSTANT, constant, drawing, rate
from tests.laws.systems import exponential, station
from tests.statistics.test_replications import Inline


def slow_start(**run: Any) -> dict[str, Any]:
    """A hundred servers with work of about 100 s: the number in the system needs some 300 s to reach 50."""
    return drawing(
        {"source": ("traffic", {"load": rate(0.5)}), "queue": ("sqs", {"visibility_timeout_s": 43200}), "server": ("worker", {"workers": 200, "duration": exponential(100.0)})},
        {"source.out -> queue.in": {}, "queue.out -> server.source": {"request_latency": INSTANT}}, **{"duration_s": 6000, "frame_interval_s": 10, "seed": 3} | run,
    )


def test_a_warm_up_is_found_where_the_system_fills_slowly() -> None:
    report = simulate(slow_start(warm_up_s="auto")).to_json()
    found = report["steady_state"]["warm_up"]
    assert found == {"s": report["warm_up_s"], "method": "MSER-5", "settled": True, "pilots": 1}
    assert 100 <= found["s"] <= 1500


def test_it_takes_the_bias_out() -> None:
    """Busy servers: 0.5/s x 100 s = 50 in equilibrium. Without a warm-up the mean of a short run is too low by the empty start."""
    def busy(**run: Any) -> float:
        made = Replications(Scenario.from_json(slow_start(duration_s=1500, replications=12, **run)), Inline(), 1)
        list(made.advance())
        mean: float = made.report()["replications"]["nodes"]["server"]["metrics"]["BusyWorkers"]["mean"]["mean"]
        return mean

    assert busy(warm_up_s=0) < 47.5
    assert busy(warm_up_s="auto") == pytest.approx(50, abs=1.5)


def test_it_is_the_same_as_the_time_it_finds() -> None:
    found = simulate(slow_start(warm_up_s="auto")).to_json()
    fixed = simulate(slow_start(warm_up_s=found["warm_up_s"])).to_json()
    assert found["nodes"] == fixed["nodes"]


def test_replications_share_one_warm_up_found_in_the_mean_of_several_pilots() -> None:
    made = Replications(Scenario.from_json(slow_start(warm_up_s="auto", replications=6)), Inline(), 1)
    list(made.advance())
    report = made.report()
    assert report["steady_state"]["warm_up"]["pilots"] == 5
    assert report["steady_state"]["warm_up"]["s"] == report["warm_up_s"]


def test_the_pilot_tells_how_far_it_is_and_can_be_stopped() -> None:
    simulation = Simulation(slow_start(warm_up_s="auto"))
    told: list[float] = []

    def look(time_s: float) -> None:
        told.append(time_s)
        if time_s >= 100:
            simulation.stop()

    simulation.on_pilot = look
    frames = list(simulation.frames())
    assert told[-1] == 100
    assert [frame.time_s for frame in frames] == [0]
    assert simulation.report().to_json()["stopped"]


# -- no steady state ------------------------------------------------------------------------------------------------


def overloaded(**run: Any) -> dict[str, Any]:
    made = station(1.5, 1, constant(1.0), messages=2000, message_retention_period_s=3600)
    return {**made, "run": {**made["run"], "warm_up_s": 0, "frame_interval_s": 5, **run}}


def test_growth_and_the_time_to_retention() -> None:
    report = simulate(overloaded()).to_json()
    (entry,) = report["steady_state"]["growing"]
    assert entry["node"] == "queue"
    assert entry["unstable"]
    assert entry["growth_per_s"] == pytest.approx(0.5, rel=0.1)
    # The oldest waits as long as a third of the arrivals so far took; it ages by a third of a second a second.
    (limit,) = entry["limits"]
    assert "retention" in limit["title"]
    age_s = report["nodes"]["queue"]["metrics"]["ApproximateAgeOfOldestMessage"]["last"]
    assert limit["in_s"] == pytest.approx((3600 - age_s) / (1 / 3), rel=0.1)
    assert any("has no steady state" in sentence and "retention period in" in sentence for sentence in report["explanation"])


def test_the_forecast_comes_true() -> None:
    """Run on until the first message is dropped: it is when the shorter run said."""
    forecast = simulate(overloaded()).to_json()
    at_s = forecast["simulated_s"] + forecast["steady_state"]["growing"][0]["limits"][0]["in_s"]
    longer = Simulation(overloaded(duration_s=1.3 * at_s))
    first_s = next(frame.time_s for frame in longer.frames() if frame.content["nodes"]["queue"]["losses"].get("retention"))
    assert first_s == pytest.approx(at_s, rel=0.1)


def test_detection_says_that_it_found_nothing() -> None:
    found = simulate(overloaded(warm_up_s="auto")).to_json()["steady_state"]["warm_up"]
    assert not found["settled"]


def test_a_burst_that_is_still_being_worked_off_is_growth_but_no_instability() -> None:
    scenario = overloaded(duration_s=600)
    scenario["nodes"][0]["parameters"]["load"] = {"shape": "ramp", "from_per_s": 0.5, "to_per_s": 10, "over_s": 600}
    report = simulate(scenario).to_json()
    assert [entry["unstable"] for entry in report["steady_state"]["growing"]] == [False]
    assert not any("no steady state" in sentence for sentence in report["explanation"])


@pytest.mark.parametrize("used", [0.5, 0.9])
def test_a_stable_system_is_left_alone(used: float) -> None:
    assert simulate(station(used, 1, exponential(1.0), messages=5000)).to_json()["steady_state"]["growing"] == []
