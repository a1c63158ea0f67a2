"""Redrive tasks of a dead-letter queue: counted where the messages arrive."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from simulator import findings
from simulator.mechanics.queues import redrive_task
from simulator.run import Simulation
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, deliveries, drawing, outcome, rate

ALWAYS = {"message_types": [{"failure_probability": 1}]}
TENTHS = [place / 10 for place in range(1, 101)]


def redriving(
    source: dict[str, Any], dead: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, *, to: str = "again", worker: dict[str, Any] | None = None,
    again: dict[str, Any] | None = None, **run: Any,
) -> dict[str, Any]:
    """Every message fails once and goes to the dead-letter queue, whose redrive task moves it to the queue ``to``."""
    nodes: dict[str, Any] = {
        "source": ("traffic", source), "queue": ("sqs", {"max_receive_count": 1, "visibility_timeout_s": 1} | (queue or {})),
        "worker": ("worker", {"workers": 10, "duration": INSTANT} | (worker or {})), "dead": ("sqs", dead or {}),
    }
    wires: dict[str, Any] = {
        "source.out -> queue.in": {}, "queue.out -> worker.source": {"request_latency": INSTANT}, "queue.dlq -> dead.in": {}, f"dead.redrive -> {to}.in": {},
    }
    if to == "again":
        nodes["again"] = ("sqs", again or {})
    return drawing(nodes, wires, **run)


def logged(scenario: dict[str, Any], *controls: dict[str, Any]) -> list[str]:
    """What the run writes into its log about redrive tasks."""
    lines = [line["text"] for frame in Simulation(scenario, controls).frames() for line in frame.content["log"]]
    return [text for text in lines if "redrive task" in text]


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario))}


def start(time_s: float, **value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "fault", "node": "dead", "fault": "redrive", "value": value}


def test_a_task_moves_messages_at_its_rate_oldest_first() -> None:
    """A hundred dead letters; at 5 a second from 60 s on they arrive 0.2 s apart, and the queue they left is empty."""
    scenario = redriving(at_times(*TENTHS) | ALWAYS, {"redrive_start_s": 60, "redrive_messages_per_s": 5}, duration_s=100)
    seen = deliveries(scenario, "again")
    assert [delivery.at_s for delivery in seen] == pytest.approx([60 + place / 5 for place in range(100)])
    report = outcome(scenario)
    assert report.total("dead", "MessagesRedriven") == report.total("again", "NumberOfMessagesSent") == report.last("again", "ApproximateNumberOfMessagesVisible") == 100
    assert report.last("dead", "ApproximateNumberOfMessagesVisible") == report.last("dead", "ApproximateNumberOfMessagesToMove") == 0
    assert report.waits("dead")["dead_letters"] == pytest.approx(report.metric("dead", "ApproximateNumberOfMessagesVisible")["mean"] * 100, rel=1e-6)


def test_a_task_without_a_rate_follows_the_backlog_and_never_exceeds_500_a_second() -> None:
    def arrivals(drain_s: float) -> list[float]:
        return [delivery.at_s for delivery in deliveries(redriving(at_times(*TENTHS) | ALWAYS, {"redrive_start_s": 60, "redrive_drain_s": drain_s}, duration_s=200), "again")]

    slow = arrivals(50)
    gaps = [later - earlier for earlier, later in itertools.pairwise(slow)]
    assert gaps[0] == pytest.approx(50 / 99)
    assert gaps[-1] == pytest.approx(1.0), "never below one a second"
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(gaps))
    many = redriving({"load": rate(100)} | ALWAYS, {"redrive_start_s": 60, "redrive_drain_s": 1}, duration_s=70)
    per_second = [delivery.at_s for delivery in deliveries(many, "again") if delivery.at_s < 61]
    assert len(per_second) == pytest.approx(500, abs=1)


def test_a_redriven_message_is_new() -> None:
    """It fails a second time after one more receive, although it was received before; and its retention begins anew."""
    loop = redriving(at_times(1) | ALWAYS, {"redrive_start_s": 30}, {"max_receive_count": 3}, to="queue", duration_s=60)
    report = outcome(loop)
    assert report.total("queue", "NumberOfMessagesReceived") == 6
    assert report.total("queue", "MessagesMovedToDeadLetterQueue") == 2
    kept = redriving(at_times(1) | ALWAYS, {"redrive_start_s": 100}, {"message_retention_period_s": 120}, again={"message_retention_period_s": 60}, duration_s=159)
    assert outcome(kept).lost("again") == {}, "100 s old when it came, and kept for 60 s more"
    kept["run"]["duration_s"] = 162
    assert outcome(kept).lost("again") == {"retention": 1}


def test_a_queue_has_one_active_task() -> None:
    scenario = redriving(at_times(*TENTHS) | ALWAYS, {"redrive_start_s": 60, "redrive_messages_per_s": 2}, duration_s=200)
    report = outcome(scenario, start(70))
    assert report.total("dead", "RedriveTasksRefused") == 1
    assert report.total("again", "NumberOfMessagesSent") == 100
    assert [text for text in logged(scenario, start(70)) if "refused" in text] == ["A redrive task of dead is refused: one is active already."]
    assert outcome(scenario, start(150)).total("dead", "RedriveTasksRefused") == 0, "the first has ended by then"


def test_an_operator_starts_and_cancels_a_task_and_what_has_moved_stays_moved() -> None:
    scenario = redriving(at_times(*TENTHS) | ALWAYS, duration_s=200)
    cancel = {"time_s": 70, "action": "clear_fault", "node": "dead", "fault": "redrive"}
    report = outcome(scenario, start(60, messages_per_s=3), cancel)
    assert report.total("again", "NumberOfMessagesSent") == pytest.approx(30, abs=1)
    assert report.last("dead", "ApproximateNumberOfMessagesVisible") == 100 - report.total("again", "NumberOfMessagesSent")


def test_a_planned_task_can_be_cancelled_and_its_times_changed_while_the_run_goes_on() -> None:
    def moved(dead: dict[str, Any], *controls: dict[str, Any]) -> float:
        return outcome(redriving(at_times(*TENTHS) | ALWAYS, {"redrive_messages_per_s": 2} | dead, duration_s=200), *controls).total("again", "NumberOfMessagesSent")

    def changed(time_s: float, name: str, value: float | None) -> dict[str, Any]:
        return {"time_s": time_s, "action": "parameter", "after_s": 0, "node": "dead", "parameter": name, "value": value}

    assert moved({"redrive_start_s": 60, "redrive_cancel_s": 70}) == pytest.approx(20, abs=1)
    assert moved({"redrive_start_s": 60, "redrive_cancel_s": 70}, changed(65, "redrive_cancel_s", None)) == 100
    assert moved({"redrive_start_s": 60}, changed(50, "redrive_start_s", None)) == 0
    assert moved({"redrive_start_s": 60}, changed(50, "redrive_start_s", 180)) == pytest.approx(40, abs=1)


def test_a_task_stops_after_36_hours() -> None:
    scenario = redriving(at_times(*TENTHS) | ALWAYS, {"redrive_start_s": 60, "redrive_messages_per_s": 1, "redrive_limit_s": 40.5}, duration_s=200)
    assert outcome(scenario).total("again", "NumberOfMessagesSent") == 41
    assert logged(scenario)[-1] == "The redrive task is stopped after 40.5 s: 41 messages moved, 59 not."


def test_each_message_goes_back_to_the_queue_it_came_from() -> None:
    nodes: dict[str, Any] = {"dead": ("sqs", {"redrive_start_s": 60, "redrive_messages_per_s": 100}), "worker": ("worker", {"workers": 10, "duration": INSTANT})}
    wires: dict[str, Any] = {}
    for name, count in (("a", 7), ("b", 3)):
        nodes |= {f"source-{name}": ("traffic", at_times(*TENTHS[:count]) | ALWAYS), name: ("sqs", {"max_receive_count": 1, "visibility_timeout_s": 1})}
        wires |= {f"source-{name}.out -> {name}.in": {}, f"{name}.out -> worker.source": {"request_latency": INSTANT}, f"{name}.dlq -> dead.in": {}, f"dead.redrive -> {name}.in": {}}
    report = outcome(drawing(nodes, wires, duration_s=100))
    assert report.total("a", "NumberOfMessagesSent") == 14
    assert report.total("b", "NumberOfMessagesSent") == 6
    assert report.last("dead", "ApproximateNumberOfMessagesVisible") == 10, "they failed again"


def test_a_message_from_nowhere_ends_a_task_to_the_sources() -> None:
    """Among several destinations, one that was put into the dead-letter queue directly has no queue to go back to."""
    scenario = redriving(at_times(*TENTHS) | ALWAYS, {"redrive_start_s": 60}, to="queue", duration_s=100)
    scenario["nodes"] += [{"id": "other", "kind": "sqs", "parameters": {"max_receive_count": 1}}, {"id": "direct", "kind": "traffic", "parameters": at_times(0)}]
    scenario["wires"] += [
        {"id": "x1", "from": {"node": "other", "port": "dlq"}, "to": {"node": "dead", "port": "in"}},
        {"id": "x2", "from": {"node": "dead", "port": "redrive"}, "to": {"node": "other", "port": "in"}},
        {"id": "x3", "from": {"node": "direct", "port": "out"}, "to": {"node": "dead", "port": "in"}},
    ]
    assert outcome(scenario).total("dead", "MessagesRedriven") == 0
    assert logged(scenario)[-1] == "The redrive task is failed (a message comes from no queue that is wired): 0 messages moved, 101 not."


def test_redrive_onto_a_broken_consumer_returns_everything_to_the_dead_letter_queue_once() -> None:
    """The failure mode: 500 a second, as fast as a task can be, and all of them come back. The task ends all the same."""
    report = outcome(redriving({"load": rate(100)} | ALWAYS, {"redrive_start_s": 300, "redrive_messages_per_s": 500}, to="queue", worker={"workers": 1000}, duration_s=600))
    moved = report.total("dead", "MessagesRedriven")
    assert moved == pytest.approx(100 * 300, rel=0.02)
    sent = report.total("queue", "NumberOfMessagesSent")
    assert sent == pytest.approx(100 * 600 + moved, rel=0.02)
    assert report.total("queue", "MessagesMovedToDeadLetterQueue") == pytest.approx(sent, abs=200)
    assert report.last("dead", "ApproximateNumberOfMessagesVisible") == report.total("queue", "MessagesMovedToDeadLetterQueue") - moved


KEYED = {"message_types": [{"failure_probability": 1, "key": {"keys": "uniform", "number": 20}}]}


def lanes(scenario: dict[str, Any], *nodes: str) -> list[dict[int, list[int]]]:
    """The numbers of the messages that each of these queues took, by message group."""
    simulation = Simulation(scenario)
    seen: list[dict[int, list[int]]] = []
    for name in nodes:
        queue, groups = simulation.network.nodes[name], dict[int, list[int]]()
        seen.append(groups)

        def noting(message: Any, wire: Any, accept: Any = queue.accept, groups: dict[int, list[int]] = groups) -> Any:
            key, number = message.key, message.number
            refusal = accept(message, wire)
            if refusal is None:
                groups.setdefault(key, []).append(number)
            return refusal

        queue.accept = noting  # type: ignore[method-assign]
    for _ in simulation.frames():
        pass
    return seen


def test_a_fifo_queue_redrives_each_group_in_order() -> None:
    scenario = redriving(at_times(*TENTHS) | KEYED, {"fifo": True, "redrive_start_s": 60, "redrive_messages_per_s": 100}, {"fifo": True}, again={"fifo": True}, duration_s=100)
    dead, again = lanes(scenario, "dead", "again")
    assert sum(len(numbers) for numbers in dead.values()) == 100
    assert len(dead) > 15
    assert again == dead


def test_a_redriven_message_is_no_duplicate_although_it_came_within_the_window() -> None:
    back = redriving(at_times(*TENTHS) | KEYED, {"fifo": True, "redrive_start_s": 60, "redrive_messages_per_s": 100}, {"fifo": True, "content_based_deduplication": True}, to="queue", duration_s=120)
    report = outcome(back)
    assert report.total("queue", "NumberOfDeduplicatedSentMessages") == 0
    assert report.total("queue", "MessagesMovedToDeadLetterQueue") == 200


def test_a_destination_that_throttles_slows_the_task_and_loses_nothing() -> None:
    scenario = redriving(at_times(*TENTHS) | KEYED, {"fifo": True, "redrive_start_s": 60, "redrive_messages_per_s": 100}, {"fifo": True}, again={"fifo": True, "fifo_calls_per_s": 2}, duration_s=200)
    report = outcome(scenario)
    assert report.total("again", "SendsThrottled") > 100
    assert report.total("again", "NumberOfMessagesSent") == 100
    assert report.series("again", "NumberOfMessagesSent")[90.0] == pytest.approx(2 * 30, abs=4)


def test_the_bill_counts_a_receive_and_a_delete_here_and_a_send_there() -> None:
    report = outcome(redriving(at_times(*TENTHS) | ALWAYS, {"redrive_start_s": 60, "redrive_messages_per_s": 50}, duration_s=100))
    assert report.quantity("dead", "Requests, standard queue") == 1 + 2 * 100
    assert report.quantity("again", "Requests, standard queue") == 100


def test_little_holds_for_a_queue_whose_messages_leave_otherwise_than_by_a_receive() -> None:
    """Redriven, dead-lettered or expired: what waited has waited, received or not."""
    redriven = outcome(redriving(at_times(*TENTHS) | ALWAYS, {"redrive_start_s": 60, "redrive_messages_per_s": 5}, duration_s=100))
    expired = outcome(drawing(
        {"source": ("traffic", {"load": rate(5)}), "queue": ("sqs", {"message_retention_period_s": 60}), "worker": ("worker", {"workers": 1, "duration": constant(1)})},
        {"source.out -> queue.in": {}, "queue.out -> worker.source": {}}, duration_s=600, warm_up_s=200))
    assert expired.lost("queue")["retention"] > 1000
    for report, node in ((redriven, "dead"), (expired, "queue")):
        assert abs(report.report["nodes"][node]["littles_law"]["residual"]) < 0.02


class TestFindings:
    def scenario(self, **dead: Any) -> dict[str, Any]:
        return redriving(at_times(1), dead, duration_s=10)

    def test_a_task_needs_a_destination(self) -> None:
        scenario = self.scenario(redrive_start_s=5)
        assert "redrive-without-destination" not in codes(scenario)
        scenario["wires"] = [wire for wire in scenario["wires"] if wire["from"]["port"] != "redrive"]
        assert "redrive-without-destination" in codes(scenario)

    def test_only_dead_letter_queues_of_queues_redrive(self) -> None:
        scenario = self.scenario()
        scenario["wires"] = [wire for wire in scenario["wires"] if wire["from"]["port"] != "dlq"]
        assert "redrive-of-no-dead-letter-queue" in codes(scenario)

    def test_both_queues_are_of_one_type(self) -> None:
        assert "redrive-type" not in codes(redriving(at_times(1), {"fifo": True}, {"fifo": True}, again={"fifo": True}))
        assert "redrive-type" in codes(redriving(at_times(1), {"fifo": True}, {"fifo": True}))

    def test_several_destinations_are_all_sources(self) -> None:
        scenario = self.scenario()
        scenario["wires"].append({"id": "x", "from": {"node": "dead", "port": "redrive"}, "to": {"node": "queue", "port": "in"}})
        assert "redrive-destination" in codes(scenario)

    def test_no_faster_than_500_a_second(self) -> None:
        assert "500" in str([finding.message for finding in findings.check(Scenario.from_json(self.scenario(redrive_messages_per_s=501)))])


def test_a_queue_with_a_redrive_still_works_in_cohorts_and_its_dead_letters_are_told_apart() -> None:
    """Every tenth attempt fails, one receive is allowed, and the task returns the dead letters once: all but a hundredth are processed in the end."""
    scenario = redriving({"load": rate(2000)} | {"message_types": [{"failure_probability": 0.1}]}, {"redrive_start_s": 40, "redrive_messages_per_s": 500}, {"in_flight_quota": 1_000_000},
                         to="queue", worker={"workers": 4000, "duration": constant(0.5)}, duration_s=80)
    reports = {}
    for fidelity in ("exact", 500):
        scenario["run"]["fidelity"] = fidelity
        reports[fidelity] = outcome(scenario)
    exact, cohorts = reports["exact"], reports[500]
    used = {node: entry["used"] for node, entry in cohorts.report["fidelity"]["nodes"].items()}
    assert (used["queue"], used["dead"]) == ("cohorts", "exact")
    for node, metric in (("queue", "MessagesMovedToDeadLetterQueue"), ("dead", "MessagesRedriven"), ("worker", "MessagesProcessed"), ("queue", "NumberOfMessagesReceived")):
        assert cohorts.total(node, metric) == pytest.approx(exact.total(node, metric), rel=0.03), metric
    assert cohorts.total("dead", "MessagesRedriven") > 5000
    assert cohorts.report["conservation"]["residual"] == 0


def test_dead_letters_of_a_run_with_many_messages_are_still_counted_one_by_one() -> None:
    report: Outcome = outcome(redriving({"load": rate(200)} | ALWAYS, {"redrive_start_s": 5}, duration_s=20, fidelity=100))
    assert report.report["fidelity"]["nodes"]["dead"]["used"] == "exact"
    assert report.total("again", "NumberOfMessagesSent") > 0


def test_an_account_has_a_limited_number_of_active_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one instead of a hundred: the second queue's task is refused while the first goes on, and starts once that has ended."""
    monkeypatch.setattr(redrive_task, "TASKS_OF_AN_ACCOUNT", 1)
    nodes: dict[str, Any] = {"worker": ("worker", {"workers": 10, "duration": INSTANT}), "again": ("sqs", {})}
    wires: dict[str, Any] = {}
    for name, start_s in (("a", 60), ("b", 70)):
        nodes |= {f"source-{name}": ("traffic", at_times(*TENTHS) | ALWAYS), name: ("sqs", {"max_receive_count": 1, "visibility_timeout_s": 1}), f"dead-{name}": ("sqs", {"redrive_start_s": start_s, "redrive_messages_per_s": 5})}
        wires |= {f"source-{name}.out -> {name}.in": {}, f"{name}.out -> worker.source": {"request_latency": INSTANT}, f"{name}.dlq -> dead-{name}.in": {}, f"dead-{name}.redrive -> again.in": {}}
    report = outcome(drawing(nodes, wires, duration_s=150))
    assert (report.total("dead-a", "MessagesRedriven"), report.total("dead-b", "MessagesRedriven")) == (100, 0)
    assert report.total("dead-b", "RedriveTasksRefused") == 1
    later = {"time_s": 65, "action": "parameter", "after_s": 0, "node": "dead-b", "parameter": "redrive_start_s", "value": 90}
    assert outcome(drawing(nodes, wires, duration_s=150), later).total("dead-b", "MessagesRedriven") == 100
