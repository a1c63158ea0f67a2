"""What breaks and what is changed while a run goes on, counted where it arrives."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from simulator import findings
from simulator.frames import ControlError
from simulator.run import Simulation, simulate
from simulator.scenario import Scenario
from tests.drawing import at_times, constant, deliveries, drawing, outcome, rate

CUT = {"action": "fault", "fault": "cut"}


def pipeline(consumer: str = "worker", parameters: dict[str, Any] | None = None, wire: dict[str, Any] | None = None, per_s: float = 20, **run: Any) -> dict[str, Any]:
    return drawing(
        {"jobs": ("traffic", {"load": rate(per_s), "arrivals": "even"}), "queue": ("sqs", {}), "consumer": (consumer, parameters or {})},
        {"jobs.out -> queue.in": {}, "queue.out -> consumer.source": wire or {}}, **{"duration_s": 60, "frame_interval_s": 1.0, **run})


def received_in(scenario: dict[str, Any], name: str, node: str = "queue") -> list[float]:
    """How much of a counter came in each second."""
    series = outcome(scenario).report["series"]["nodes"][node][name]
    return [after - before for before, after in pairwise(series)]


@pytest.mark.parametrize(("consumer", "parameters"), [("worker", {"duration": constant(0.1)}), ("lambda", {"duration": constant(0.1)}), ("fargate", {"duration": constant(0.1)})])
@pytest.mark.parametrize("fidelity", ["exact", 10])
def test_a_consumer_that_is_cut_off_receives_nothing_until_the_network_is_back(consumer: str, parameters: dict[str, Any], fidelity: Any) -> None:
    graph = pipeline(consumer, parameters, duration_s=180, fidelity=fidelity)
    graph["script"] = [{"time_s": 110, **CUT, "wire": "w1", "for_s": 20}]
    taken = received_in(graph, "NumberOfMessagesReceived")
    assert sum(taken[90:109]) > 300
    assert sum(taken[112:129]) == 0
    report = outcome(graph)
    assert report.waits("queue")["partition"] > 0.3 * 20 * 20 * 10
    assert report.total("queue", "NumberOfMessagesReceived") == pytest.approx(180 * 20, abs=40)


def test_a_sender_that_is_cut_off_is_refused_and_no_one_else_is() -> None:
    graph = drawing(
        {"near": ("traffic", {"load": rate(10), "arrivals": "even"}), "far": ("traffic", {"load": rate(10), "arrivals": "even"}), "queue": ("sqs", {})},
        {"near.out -> queue.in": {}, "far.out -> queue.in": {}}, duration_s=60)
    graph["script"] = [{"time_s": 10.05, **CUT, "wire": "w1", "for_s": 20}]
    seen = deliveries(graph, "queue")
    assert len(seen) == pytest.approx(600 + 400, abs=3)
    assert sum(10.05 < delivery.at_s < 30.05 for delivery in seen) == pytest.approx(200, abs=2)
    assert outcome(graph).lost("far") == {"partition": pytest.approx(200, abs=2)}
    assert outcome(graph).lost("near") == {}


def test_a_caller_notices_a_cut_when_it_gives_up_connecting_or_waiting() -> None:
    def answered(timeout_s: float) -> Any:
        graph = drawing(
            {"client": ("traffic", at_times(1.0, 5.0)), "api": ("http_endpoint", {"latency": constant(0.1)})},
            {"client.requests -> api.in": {"timeout_s": timeout_s, "attempts": 1}}, duration_s=20)
        graph["script"] = [{"time_s": 0, **CUT, "wire": "w0", "value": {"noticed_after_s": 2}, "for_s": 4}]
        return outcome(graph)

    assert answered(30).lost("client") == {"partition": 1}
    assert answered(0.5).lost("client") == {"timeout": 1}
    assert answered(30).total("client", "MessagesAccepted") == 1


def test_a_share_of_the_requests_is_throttled_and_tried_again() -> None:
    graph = drawing(
        {"client": ("traffic", {"load": rate(50)}), "api": ("http_endpoint", {"latency": constant(0.01)})},
        {"client.requests -> api.in": {"attempts": 1}}, duration_s=200)
    graph["script"] = [{"time_s": 0, "action": "fault", "node": "api", "fault": "throttled", "value": {"share": 0.3}}]
    report = outcome(graph)
    made, refused = report.total("client", "MessagesCreated"), report.total("client", "MessagesRefused")
    assert refused / made == pytest.approx(0.3, abs=0.02)
    assert report.lost("client") == {"fault_throttled": refused}


def test_a_slow_network_delays_requests_and_nothing_else() -> None:
    graph = drawing(
        {"client": ("traffic", at_times(1.0, 20.0)), "api": ("http_endpoint", {"latency": constant(0.1)})},
        {"client.requests -> api.in": {"timeout_s": 30}}, duration_s=40)
    graph["script"] = [{"time_s": 0, "action": "fault", "wire": "w0", "fault": "delayed", "value": {"delay_s": 3}, "for_s": 10}]
    times = outcome(graph).metric("client", "ResponseTime")
    assert (times["max"], times["count"]) == (pytest.approx(3.1, rel=0.02), 2)
    assert times["mean"] == pytest.approx(1.6, rel=0.05)


def test_poison_messages_are_received_again_and_again_until_they_are_dead_letters() -> None:
    graph = drawing(
        {"jobs": ("traffic", {"load": rate(10), "arrivals": "even"}), "queue": ("sqs", {"visibility_timeout_s": 2, "max_receive_count": 3}), "dead": ("sqs", {}), "worker": ("worker", {"duration": constant(0.1)})},
        {"jobs.out -> queue.in": {}, "queue.out -> worker.source": {}, "queue.dlq -> dead.in": {}}, duration_s=300)
    graph["script"] = [{"time_s": 0, "action": "fault", "node": "jobs", "fault": "poison", "value": {"share": 0.1}, "for_s": 200}]
    report = outcome(graph)
    dead = report.total("dead", "NumberOfMessagesSent") or report.last("dead", "ApproximateNumberOfMessagesVisible")
    poisoned = report.last("dead", "ApproximateNumberOfMessagesVisible")
    assert poisoned == pytest.approx(200, abs=45)
    assert dead >= 0
    assert report.total("worker", "Errors") == pytest.approx(3 * poisoned, abs=9)


def test_when_a_zone_is_lost_its_workers_stop_and_the_others_go_on() -> None:
    graph = drawing(
        {"jobs": ("traffic", {"load": rate(20), "arrivals": "even"}), "queue": ("sqs", {"visibility_timeout_s": 5}), "a": ("worker", {"duration": constant(0.1)}), "b": ("worker", {"duration": constant(0.1)})},
        {"jobs.out -> queue.in": {}, "queue.out -> a.source": {}, "queue.out -> b.source": {}}, duration_s=120, frame_interval_s=1)
    graph["view"] = {"groups": [{"id": "g", "title": "us-east-1a", "kind": "zone", "members": ["a", "gone"]}]}
    graph["script"] = [{"time_s": 40, "action": "fault", "group": "g", "fault": "lost", "for_s": 40}]
    report = outcome(graph)
    series = report.series("a", "MessagesProcessed")
    assert series[79] == pytest.approx(series[42], abs=1)
    assert series[120] > series[80] + 100
    other = report.series("b", "MessagesProcessed")
    assert other[79] - other[42] == pytest.approx(37 * 20, abs=40)


def test_a_fault_lasts_exactly_as_long_as_the_script_says_whatever_the_frames_are() -> None:
    def taken(interval_s: float) -> list[float]:
        graph = pipeline(per_s=10, frame_interval_s=interval_s)
        graph["script"] = [{"time_s": 10.03, **CUT, "wire": "w0", "for_s": 7.5}, {"time_s": 33.33, "action": "load", "value": 3, "for_s": 10}]
        return [delivery.at_s for delivery in deliveries(graph, "queue")]

    fine, coarse = taken(0.7), taken(30)
    assert fine == coarse
    assert [after - before for before, after in pairwise(fine) if after - before > 1] == [pytest.approx(7.5, abs=0.11)]
    assert sum(33.33 < moment < 43.33 for moment in fine) == pytest.approx(300, abs=3)
    assert sum(45 < moment < 55 for moment in fine) == pytest.approx(100, abs=2), "the load is what it was before"


def test_frames_tell_what_is_in_force_and_what_is_pending() -> None:
    graph = pipeline()
    graph["script"] = [
        {"time_s": 10, "action": "fault", "node": "consumer", "fault": "stops", "for_s": 20},
        {"time_s": 12, "action": "parameter", "node": "queue", "parameter": "visibility_timeout_s", "value": 7, "after_s": 5},
    ]
    frames = {frame.time_s: frame.to_json() for frame in Simulation(graph).frames()}
    assert not any("faults" in frames[time_s] for time_s in (10, 31))
    assert frames[11]["faults"] == [{"node": "consumer", "fault": "stops", "value": {}, "since_s": 10, "until_s": 30}]
    assert [time_s for time_s, frame in frames.items() if "pending" in frame] == [13, 14, 15, 16, 17]
    assert frames[13]["pending"] == [{"node": "queue", "parameter": "visibility_timeout_s", "value": 7, "at_s": 17}]


def test_a_change_acts_when_aws_has_spread_it_and_the_later_of_two_wins() -> None:
    def timeout(*changes: dict[str, Any], at_s: float) -> float:
        graph = pipeline(duration_s=200)
        graph["script"] = [{"action": "parameter", "node": "queue", "parameter": "visibility_timeout_s", **change} for change in changes]
        simulation = Simulation(graph)
        for frame in simulation.frames():
            if frame.time_s == at_s:
                return float(simulation.network.nodes["queue"].visibility_timeout_s)  # type: ignore[attr-defined]
        raise AssertionError

    change = {"time_s": 10, "value": 5}
    assert timeout(change, at_s=70) == 30
    assert timeout(change, at_s=71) == 5
    assert timeout({**change, "after_s": 0}, at_s=11) == 5
    assert timeout(change, {"time_s": 40, "value": 90}, at_s=71) == 30, "the first change was overtaken"
    assert timeout(change, {"time_s": 40, "value": 90}, at_s=101) == 90


def test_what_was_done_live_can_be_saved_as_the_script_and_gives_the_same_run() -> None:
    graph = pipeline()
    graph["script"] = [{"time_s": 5.5, "action": "load", "value": 2}]
    simulation = Simulation(graph)
    for frame in simulation.frames():
        if frame.seq == 20:
            simulation.apply({"action": "fault", "node": "consumer", "fault": "fails", "value": {"share": 0.5}, "for_s": 12})
    live = simulation.report().to_json()
    assert [control.get("scripted", False) for control in live["controls"]] == [True, False]
    replayed = simulate(graph, live["controls"]).to_json()
    assert [line["time_s"] for line in replayed["controls"]] == [5.5, 20]
    script = [{key: value for key, value in control.items() if key != "scripted"} for control in live["controls"]]
    saved = simulate({**graph, "script": script}).to_json()
    for report in (live, replayed, saved):
        for name in ("wall_s", "messages_per_wall_s", "controls"):
            del report[name]
    assert live == replayed == saved


@pytest.mark.parametrize(("line", "said"), [
    ({"action": "fault", "node": "nobody", "fault": "stops"}, "there is no node 'nobody'"),
    ({"action": "fault", "node": "consumer", "fault": "melts"}, "has no fault 'melts'"),
    ({"action": "fault", "node": "consumer", "fault": "fails", "value": {"share": 2}}, "share"),
    ({"action": "fault", "wire": "w1", "fault": "throttled"}, "has no fault 'throttled'"),
    ({"action": "fault", "group": "nowhere", "fault": "lost"}, "there is no group 'nowhere'"),
    ({"action": "fault", "fault": "cut"}, "names one node, wire or group"),
    ({"action": "parameter", "node": "queue", "parameter": "fifo", "value": True}, "cannot be changed while a run goes on"),
    ({"action": "parameter", "node": "queue", "parameter": "visibility_timeout_s", "value": -1}, "Visibility timeout"),
    ({"action": "speed", "value": 3}, "only paces a run"),
    ({"action": "explode"}, "Line 1 of the script"),
])
def test_a_line_that_makes_no_sense_is_a_finding_that_names_it(line: dict[str, Any], said: str) -> None:
    graph = pipeline()
    graph["script"] = [{"time_s": 10, **line}]
    try:
        found = findings.check(Scenario.from_json(graph))
    except findings.ScenarioError as error:
        found = error.findings
    assert [finding.severity for finding in found if said in finding.message] == ["error"], found


@pytest.mark.parametrize("kind", ["group", "context", None])
def test_a_box_that_stands_for_no_place_cannot_be_lost(kind: str | None) -> None:
    graph = pipeline()
    graph["view"] = {"groups": [{"id": "g", "title": "Our team", **({"kind": kind} if kind else {}), "members": ["queue"]}]}
    lost = {"action": "fault", "group": "g", "fault": "lost"}
    with pytest.raises(ControlError, match="'Our team' stands for nothing that fails as a whole"):
        Simulation(graph).apply(lost)
    graph["script"] = [{"time_s": 10, **lost}]
    assert [finding.severity for finding in findings.check(Scenario.from_json(graph)) if "'Our team' stands for nothing" in finding.message] == ["error"]


def test_a_fault_at_a_place_that_cannot_break_is_refused_with_what_there_is() -> None:
    simulation = Simulation(pipeline())
    with pytest.raises(ControlError, match="has no fault 'errors'; it has: cut"):
        simulation.apply({"action": "fault", "wire": "w1", "fault": "errors"})
    with pytest.raises(ControlError, match="one node, wire or group"):
        simulation.apply({"action": "fault", "wire": "w1", "node": "queue", "fault": "cut"})
