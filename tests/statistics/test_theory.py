"""Formulas against published values; and theory beside simulation: which formula, which value, which assumption breaks."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import theory
from simulator.__main__ import main
from simulator.replications import Replications
from simulator.run import Simulation, simulate
from simulator.scenario import Scenario
from tests.drawing import INSTANT, constant, drawing, rate
from tests.laws.systems import QUEUE, SYSTEMS, exponential, loss, station
from tests.statistics.test_replications import Inline

# -- formulas -------------------------------------------------------------------------------------------------------


def test_published_values_of_erlang() -> None:
    """Erlang B: 1 % loss with 15 lines at 8.108 erlangs, 10 erlangs on 10 lines; Erlang C: 20 erlangs and 26 servers, C(3, 2) = 4/9."""
    assert theory.erlang_b(8.108, 15) == pytest.approx(0.01, abs=2e-5)
    assert theory.erlang_b(10.0, 10) == pytest.approx(0.2146, abs=5e-5)
    assert theory.erlang_c(20.0, 26) == pytest.approx(0.15, abs=0.01)
    assert theory.erlang_c(2.0, 3) == pytest.approx(4 / 9)
    assert theory.erlang_c(1.0, 2) == pytest.approx(1 / 3)


def test_mm1_and_its_relatives() -> None:
    """M/M/1 at 0.8: a wait of 4 service times; constant service halves it."""
    assert theory.mmc_wait_s(0.8, 1.0, 1) == pytest.approx(4.0)
    assert theory.mg1_wait_s(0.8, 1.0, 0.0) == pytest.approx(2.0)
    assert theory.mg1_wait_s(0.8, 1.0, 1.0) == pytest.approx(4.0)
    assert theory.mgc_wait_s(4.0, 1.0, 1.0, 5) == pytest.approx(theory.mmc_wait_s(4.0, 1.0, 5))
    assert theory.mgc_wait_s(0.7, 1.0, 0.3, 1) == pytest.approx(theory.mg1_wait_s(0.7, 1.0, 0.3))


def test_the_wait_has_the_quantiles_of_its_distribution() -> None:
    """P(Wq > t) = C e^-(c/E[S] - a)t, so at the quantile it is what is left."""
    wait_s = theory.mmc_wait_quantile_s(0.99, 4.0, 1.0, 5)
    assert theory.erlang_c(4.0, 5) * 2.718281828459045 ** -wait_s == pytest.approx(0.01)
    assert theory.mmc_wait_quantile_s(0.1, 4.0, 1.0, 5) == 0.0


@pytest.mark.parametrize("erlangs", [5.0, 6.0])
def test_overload_has_no_wait(erlangs: float) -> None:
    for formula in (lambda: theory.erlang_c(erlangs, 5), lambda: theory.mmc_wait_s(erlangs, 1.0, 5), lambda: theory.mg1_wait_s(erlangs, 1.0, 0.0)):
        with pytest.raises(theory.Unstable):
            formula()


# -- beside simulation ----------------------------------------------------------------------------------------------


def theory_of(scenario: dict[str, Any], node: str = "server") -> dict[str, Any]:
    found: dict[str, Any] = simulate(scenario).to_json()["nodes"][node]["theory"]
    return found


def compared(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in entry["comparisons"] if found["name"] == name)


@pytest.mark.parametrize(
    ("system", "model", "formula"),
    [
        ("M/M/1", "M/M/1", "Erlang C"), ("M/M/5", "M/M/5", "Erlang C"), ("M/D/1", "M/D/1", "Pollaczek–Khinchine"),
        ("M/G/1, gamma, bursty", "M/G/1", "Pollaczek–Khinchine"), ("two in a row", "M/M/1", "Erlang C"),
    ],
)
def test_a_station_is_recognised_and_its_wait_is_near_the_formula(system: str, model: str, formula: str) -> None:
    entry = theory_of(dict(SYSTEMS[system].scenario), "second" if system == "two in a row" else "server")
    assert (entry["model"], entry["applies"], entry["broken"]) == (model, True, [])
    wait = compared(entry, "wait")
    assert wait["formula"] == formula
    assert wait["predicted"] == pytest.approx(SYSTEMS[system].expected.get("Wq") or SYSTEMS[system].expected["Wq second"])
    assert abs(wait["difference"]) < 0.25
    assert abs(compared(entry, "busy")["difference"]) < 0.05


def test_the_queue_says_what_its_servers_say() -> None:
    nodes = simulate(SYSTEMS["M/M/1"].scenario).to_json()["nodes"]
    assert nodes["queue"]["theory"] == nodes["server"]["theory"]
    assert nodes["source"]["theory"] is None


def test_erlang_b_beside_a_function_without_room_to_wait() -> None:
    entry = theory_of(dict(loss(exponential(1.0), reserved=10).scenario))
    assert entry["model"] == "M/M/10/10"
    assert compared(entry, "lost")["predicted"] == pytest.approx(theory.erlang_b(8.0, 10))
    assert abs(compared(entry, "lost")["difference"]) < 0.1
    assert entry["notes"] == []
    early = theory_of({**loss(exponential(1.0), reserved=10).scenario, "run": {"duration_s": 100}})
    assert any("cold starts" in note for note in early["notes"])


def test_concurrency_is_rate_times_duration() -> None:
    """M/G/∞: AWS's own rule of thumb for concurrency."""
    function = {"duration": constant(2.0), "timeout_s": 900, "idle_half_life_s": 86400}
    entry = theory_of(drawing({"source": ("traffic", {"load": rate(20)}), "server": ("lambda", function)}, {"source.out -> server.events": {}}, duration_s=1000, warm_up_s=200))
    assert (entry["model"], entry["servers"], entry["utilisation"]) == ("M/D/∞", None, None)
    assert compared(entry, "busy")["predicted"] == 40.0
    assert abs(compared(entry, "busy")["difference"]) < 0.02


def test_several_servers_with_general_work_are_called_an_approximation() -> None:
    entry = theory_of(station(4.0, 5, {"type": "gamma", "mean_s": 1.0, "coefficient_of_variation": 0.5}))
    assert compared(entry, "wait")["formula"] == "Lee–Longton"
    assert not compared(entry, "wait")["exact"]
    assert abs(compared(entry, "wait")["difference"]) < 0.2


def test_poisson_through_a_topic_is_poisson_still() -> None:
    scenario = drawing(
        {"source": ("traffic", {"load": rate(0.8)}), "topic": ("sns", {}), "queue": ("sqs", QUEUE), "server": ("worker", {"workers": 1, "duration": exponential(1.0)})},
        {"source.out -> topic.in": {}, "topic.out -> queue.in": {}, "queue.out -> server.source": {"request_latency": INSTANT}}, duration_s=20_000, warm_up_s=500, frame_interval_s=500,
    )
    entry = theory_of(scenario)
    assert (entry["model"], entry["applies"], entry["arrivals_from"]) == ("M/M/1", True, "scenario")
    assert abs(compared(entry, "wait")["difference"]) < 0.2


def with_source(**parameters: Any) -> dict[str, Any]:
    scenario = station(0.8, 1, exponential(1.0), messages=500)
    scenario["nodes"][0]["parameters"] = parameters
    return scenario


TRACE = {"shape": "trace", "trace": {"kind": "counts", "interval_s": 60, "counts": [40, 60, 50] * 5}}


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        (with_source(load=TRACE), "are a trace, not Poisson"),
        (with_source(load={"shape": "ramp", "from_per_s": 0.1, "to_per_s": 0.8, "over_s": 300}), "do not have a constant rate (ramp)"),
        (with_source(load=rate(0.8), arrivals="even"), "at even distances"),
        (with_source(load=rate(0.5), message_types=[{"name": "bad", "failure_probability": 0.2}]), "attempts failed"),
        (station(0.8, 1, exponential(1.0), messages=500, visibility_timeout_s=1), "visibility timeouts ran out"),
        (station(1.2, 1, exponential(1.0), messages=500, message_retention_period_s=60), "dropped by retention"),
    ],
)
def test_a_broken_assumption_is_named(scenario: dict[str, Any], told: str) -> None:
    entry = theory_of(scenario)
    assert not entry["applies"]
    assert any(told in sentence for sentence in entry["broken"])
    assert not any(found["applies"] for found in entry["comparisons"] if found["name"] != "busy")


@pytest.mark.parametrize(("receiving", "told"), [({"max_number_of_messages": 10}, "up to 10 messages"), ({"wait_time_s": 0}, "short polling")])
def test_ways_of_receiving_break_it_too(receiving: dict[str, Any], told: str) -> None:
    scenario = station(0.8, 1, exponential(1.0), messages=200)
    scenario["wires"][1]["parameters"] |= receiving
    assert any(told in sentence for sentence in theory_of(scenario)["broken"])


def test_what_leaves_a_station_that_is_not_mmc_is_not_poisson() -> None:
    scenario = dict(SYSTEMS["two in a row"].scenario)
    scenario = {**scenario, "nodes": [{**node, "parameters": {**node["parameters"], "duration": constant(1.0)}} if node["id"] == "first" else node for node in scenario["nodes"]], "run": {"duration_s": 500}}
    assert any("only if it is M/M/c" in sentence for sentence in theory_of(scenario, "second")["broken"])


def test_copies_that_meet_again_are_not_independent() -> None:
    scenario = drawing(
        {"source": ("traffic", {"load": rate(0.3)}), "topic": ("sns", {}), "queue": ("sqs", QUEUE), "server": ("worker", {"workers": 1, "duration": exponential(1.0)})},
        {"source.out -> topic.in": {}, "topic.out -> queue.in": {}, "source.out -> queue.in": {}, "queue.out -> server.source": {"request_latency": INSTANT}}, duration_s=500,
    )
    entry = theory_of(scenario)
    assert any("by several ways" in sentence for sentence in entry["broken"])


def test_a_control_breaks_it() -> None:
    simulation = Simulation(station(0.5, 1, exponential(1.0), messages=200), [{"time_s": 100, "action": "load", "value": 2}])
    for _ in simulation.frames():
        pass
    assert simulation.report().to_json()["nodes"]["server"]["theory"]["broken"] == ["it was controlled while it ran"]


def test_overload_is_called_unstable_and_has_no_comparison() -> None:
    entry = theory_of(station(1.5, 1, exponential(1.0), messages=500))
    assert entry["unstable"]
    assert entry["utilisation"] == pytest.approx(1.5)
    assert entry["comparisons"] == []


def test_replications_give_the_simulated_side_its_interval() -> None:
    scenario = station(0.5, 1, exponential(1.0), messages=5000)
    made = Replications(Scenario.from_json({**scenario, "run": {**scenario["run"], "replications": 8, "confidence": 0.99}}), Inline(), 1)
    list(made.advance())
    report = made.report()
    entry, seen = report["nodes"]["server"]["theory"], report["replications"]["nodes"]["server"]["theory"]
    for found in entry["comparisons"]:
        told = seen[found["name"]]
        assert abs(found["predicted"] - told["mean"]) <= told["half_width"], found["title"]


def test_the_terminal_prints_both_sides(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    import json

    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(with_source(load=TRACE)))
    assert main(["run", str(file)]) == 0
    told = capsys.readouterr().out
    assert "Theory beside simulation" in told
    assert "Erlang C" in told
    assert "a trace, not Poisson" in told
