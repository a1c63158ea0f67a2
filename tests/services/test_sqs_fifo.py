"""SQS FIFO queue: order by message group, deduplication, look-ahead and throughput, counted at the queue and at the worker."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest

from simulator import findings
from simulator.mechanics.queues.partitioned_limit import PartitionedLimit
from simulator.run import Simulation
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

FIFO = {"fifo": True, "content_based_deduplication": True, "visibility_timeout_s": 10}


def keyed(number: int, **more: Any) -> dict[str, Any]:
    return {"message_types": [{"name": "any", "key": {"keys": "uniform", "number": number}, **more}]}


def lanes(
    sources: dict[str, dict[str, Any]], queue: dict[str, Any] | None = None, worker: dict[str, Any] | None = None, receiving: dict[str, Any] | None = None, *,
    dead: dict[str, Any] | None = None, **run: Any,
) -> dict[str, Any]:
    """Sources, a FIFO queue and a worker whose calls take no time."""
    nodes: dict[str, Any] = {name: ("traffic", parameters) for name, parameters in sources.items()}
    nodes["queue"] = ("sqs", FIFO | (queue or {}))
    nodes["worker"] = ("worker", {"workers": 10, "duration": constant(1)} | (worker or {}))
    wires: dict[str, Any] = {f"{name}.out -> queue.in": {} for name in sources}
    wires["queue.out -> worker.source"] = {"request_latency": INSTANT} | (receiving or {})
    if dead is not None:
        nodes["dead"] = ("sqs", {"fifo": True} | dead)
        wires["queue.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


class Received:
    """What a queue handed out in a run: (time, group, number of the message, attempt), and the outcome."""

    def __init__(self, scenario: dict[str, Any], *controls: Any) -> None:
        simulation = Simulation(scenario, controls)
        queue: Any = simulation.network.nodes["queue"]
        self.seen: list[tuple[float, int, int, int]] = []
        receive = queue.receive

        def noting(*given: Any) -> Any:
            taken = receive(*given)
            self.seen.extend((queue.agenda.now, message.key, message.number, message.attempt) for message in taken)
            return taken

        queue.receive = noting
        for _ in simulation.frames():
            pass
        self.outcome = Outcome(simulation.report().to_json())

    def by_group(self) -> dict[int, list[int]]:
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for _, key, number, _ in self.seen:
            groups[key].append(number)
        return groups


# -- order ----------------------------------------------------------------------------------------------------------


def test_each_group_is_delivered_in_order_and_one_batch_at_a_time() -> None:
    """Sixty messages of five groups, ten workers that need between half a second and two for each: never two of a group at once."""
    slow = {"duration": {"type": "uniform", "low_s": 0.5, "high_s": 2}}
    seen = Received(lanes({"source": at_times(*[1] * 60) | keyed(5)}, {"visibility_timeout_s": 60}, slow, duration_s=100))
    groups = seen.by_group()
    assert len(groups) == 5
    assert all(numbers == sorted(numbers) for numbers in groups.values())
    assert seen.outcome.metric("queue", "ApproximateNumberOfMessagesNotVisible")["max"] == 5
    assert seen.outcome.total("worker", "MessagesProcessed") == 60
    assert seen.outcome.metric("queue", "ApproximateNumberOfGroupsWithInflightMessages")["max"] == 5


def test_a_standard_queue_works_on_one_key_as_often_as_there_are_workers() -> None:
    """The same load on a standard queue: what the test above sees comes from the groups."""
    seen = outcome(lanes({"source": at_times(*[1] * 60)}, {"fifo": False}, duration_s=100))
    assert seen.metric("worker", "BusyWorkers")["max"] == 10


def test_a_receive_takes_as_many_as_it_can_from_one_group_then_from_others() -> None:
    seen = Received(lanes({"source": at_times(*[1] * 40) | keyed(3)}, {"visibility_timeout_s": 600}, {"workers": 1}, {"max_number_of_messages": 10}, duration_s=80))
    second = [key for _, key, _, _ in seen.seen[1:11]]
    changes = sum(before != after for before, after in pairwise(second))
    assert changes <= 2
    assert len(seen.seen) == 40


def test_a_group_waits_while_a_message_of_it_is_in_flight_and_the_wait_says_so() -> None:
    seen = outcome(lanes({"source": at_times(1, 1, 1)}, {"visibility_timeout_s": 60}, duration_s=20))
    assert seen.path("source", "queue", "worker")["latency"]["max"] == pytest.approx(3)
    assert seen.waits("queue") == pytest.approx({"message_group": 0 + 1 + 2})


def test_a_failing_head_blocks_its_group_and_no_other() -> None:
    """Group 0: a poison message at 1 s, hidden for 10 s after each of three receives; what follows it waits until 31 s."""
    poison = at_times(1) | {"message_types": [{"name": "bad", "failure_probability": 1}]}
    good = at_times(2, 3, 4) | keyed(1)
    others = {"load": rate(2), "arrivals": "even", **keyed(50)}
    seen = Received(lanes({"bad": poison, "good": good, "others": others}, {"max_receive_count": 3}, {"duration": INSTANT}, dead={}, duration_s=60))
    report = seen.outcome
    assert report.total("queue", "MessagesMovedToDeadLetterQueue") == 1
    assert report.path("good", "queue", "worker")["latency"]["max"] == pytest.approx(29)
    slowest = report.path("others", "queue", "worker")["latency"]
    assert slowest["p50"] == 0
    blocked = [time_s for time_s, key, _, _ in seen.seen if key == 0 and 1 < time_s < 31]
    assert blocked == [11, 21]


def test_what_a_worker_took_of_a_group_after_a_failed_message_is_given_back() -> None:
    """Ten of one group in a batch, the first fails: none of them is deleted, and the order stays."""
    failing = {"time_s": 0, "action": "fault", "node": "worker", "fault": "fails", "value": {"share": 1}}
    seen = Received(lanes({"source": at_times(*[1] * 10)}, {}, {"workers": 1, "duration": constant(0.1)}, {"max_number_of_messages": 10}, duration_s=40), failing,
                    {"time_s": 5, "action": "clear_fault", "node": "worker", "fault": "fails"})
    assert [number for _, _, number, _ in seen.seen[:1]] == [1]
    assert [number for _, _, number, attempt in seen.seen if attempt > 1] == [1]
    assert [number for _, _, number, _ in seen.seen] == [1, *range(1, 11)]
    assert seen.outcome.total("queue", "NumberOfMessagesDeleted") == 10


def test_a_message_received_three_times_does_not_go_to_the_back() -> None:
    poison = at_times(1) | {"message_types": [{"name": "bad", "failure_probability": 1}]}
    seen = Received(lanes({"bad": poison, "good": at_times(*[1.5] * 30) | keyed(1)}, {"visibility_timeout_s": 2}, {"duration": INSTANT}, duration_s=60))
    assert {number for _, _, number, _ in seen.seen} == {1}
    assert seen.outcome.last("queue", "ApproximateNumberOfMessagesVisible") >= 30
    assert seen.outcome.last("queue", "ApproximateAgeOfOldestMessage") == pytest.approx(59)


def test_a_delete_after_the_visibility_timeout_fails() -> None:
    """One worker needs 15 s, the timeout is 10 s; a standard queue would accept the delete, because no one received it again."""
    ask = {"workers": 1, "duration": constant(15)}
    assert outcome(lanes({"source": at_times(1)}, {"fifo": False}, ask, duration_s=30)).total("queue", "NumberOfMessagesDeleted") == 1
    seen = outcome(lanes({"source": at_times(1)}, {}, ask, duration_s=30))
    assert (seen.total("queue", "NumberOfMessagesDeleted"), seen.total("queue", "StaleDeletes")) == (0, 1)


def test_order_survives_receipts_that_end_at_different_times() -> None:
    """Poisson arrivals, failures and timeouts that are too short: within a group a message is never first received before an older one."""
    work = {"workers": 8, "duration": {"type": "exponential", "mean_s": 2}, "failure_probability": 0.2}
    seen = Received(lanes({"source": {"load": rate(8), **keyed(6)}}, {"visibility_timeout_s": 3}, work, {"max_number_of_messages": 4}, duration_s=300))
    first: defaultdict[int, list[int]] = defaultdict(list)
    for _, key, number, attempt in seen.seen:
        if attempt == 1:
            first[key].append(number)
    assert sum(map(len, first.values())) > 40
    assert all(numbers == sorted(numbers) for numbers in first.values())


# -- look-ahead -----------------------------------------------------------------------------------------------------


def test_groups_beyond_the_look_ahead_wait_until_what_is_before_them_is_gone() -> None:
    """Twenty of one group fill the look-ahead of 20; another group's message comes to be seen when the first is deleted."""
    hog, other = at_times(*[1] * 20), at_times(2) | keyed(1_000_000)
    seen = outcome(lanes({"hog": hog, "other": other}, {"fifo_look_ahead": 20, "visibility_timeout_s": 60}, {"duration": constant(5)}, duration_s=30))
    assert seen.path("other", "queue", "worker")["latency"]["mean"] == pytest.approx(4 + 5)
    assert seen.waits("queue")["look_ahead"] == pytest.approx(4)
    assert outcome(lanes({"hog": hog, "other": other}, {"visibility_timeout_s": 60}, {"duration": constant(5)}, duration_s=30)).path("other", "queue", "worker")["latency"]["mean"] == pytest.approx(5)


# -- deduplication --------------------------------------------------------------------------------------------------


def repeated(after_s: float, *, keep: bool = True, **queue: Any) -> Outcome:
    source = at_times(1, 2, 3) | keyed(10, repeated_share=1, repeated_after_s=after_s, repeats_keep_id=keep)
    return outcome(lanes({"source": source}, queue, duration_s=after_s + 30))


@pytest.mark.parametrize(("after_s", "absorbed"), [(299, 3), (301, 0)])
def test_a_send_that_repeats_another_is_absorbed_for_five_minutes(after_s: float, absorbed: int) -> None:
    seen = repeated(after_s)
    assert seen.total("source", "MessagesAccepted") == 6
    assert seen.total("queue", "NumberOfDeduplicatedSentMessages") == absorbed
    assert seen.total("queue", "NumberOfMessagesSent") == seen.total("worker", "MessagesProcessed") == 6 - absorbed
    assert seen.quantity("queue", "Requests, FIFO queue") >= 6


def test_a_standard_queue_stores_the_second_copy() -> None:
    seen = repeated(5, fifo=False)
    assert seen.total("queue", "NumberOfMessagesSent") == seen.total("worker", "MessagesProcessed") == 6


@pytest.mark.parametrize(("by_content", "keep", "absorbed"), [(False, True, 3), (False, False, 0), (True, False, 3)])
def test_a_new_deduplication_id_is_only_recognised_by_content(by_content: bool, keep: bool, absorbed: int) -> None:
    assert repeated(5, keep=keep, content_based_deduplication=by_content).total("queue", "NumberOfDeduplicatedSentMessages") == absorbed


def test_dead_letters_are_not_deduplicated_and_start_their_retention_anew() -> None:
    """Moved at 31 s: gone 60 s later, while in a standard queue it would be gone 60 s after it was sent."""
    poison = at_times(1) | {"message_types": [{"name": "bad", "failure_probability": 1}]}
    how = ({"bad": poison}, {"max_receive_count": 3}, {"duration": INSTANT})
    assert outcome(lanes(*how, dead={"message_retention_period_s": 60}, duration_s=90.5)).last("dead", "ApproximateNumberOfMessagesVisible") == 1
    assert outcome(lanes(*how, dead={"message_retention_period_s": 60}, duration_s=91.5)).lost("dead") == {"retention": 1}


# -- throughput -----------------------------------------------------------------------------------------------------


def sends(per_s: float, per_call: int, keys: int = 1000, **queue: Any) -> Outcome:
    source = {"load": rate(per_s), "arrivals": "even", **keyed(keys)}
    scenario = lanes({"source": source}, {"visibility_timeout_s": 60} | queue, {"workers": 1}, duration_s=10)
    scenario["wires"][0]["parameters"] = {"messages_per_call": per_call}
    return outcome(scenario)


@pytest.mark.parametrize(("per_call", "most_per_s"), [(1, 300), (10, 3000)])
def test_a_fifo_queue_takes_300_calls_a_second_with_ten_messages_each_at_most(per_call: int, most_per_s: int) -> None:
    """In ten seconds, and with the second's worth that is there at the start."""
    seen = sends(2 * most_per_s, per_call)
    assert seen.total("queue", "NumberOfMessagesSent") == pytest.approx(11 * most_per_s, rel=0.01)
    assert seen.total("queue", "SendsThrottled") == seen.lost("source")["fifo_throughput"]
    assert sends(0.9 * most_per_s, per_call).total("queue", "SendsThrottled") == 0


def test_high_throughput_is_for_each_partition_and_partitions_are_added_under_load() -> None:
    high = {"fifo_throughput_limit": "perMessageGroupId", "deduplication_scope": "messageGroup"}
    assert sends(2000, 1, partitions_at_start=16, **high).total("queue", "SendsThrottled") == 0
    growing = sends(2000, 1, partition_split_s=1, **high)
    assert 0 < growing.total("queue", "SendsThrottled") < sends(2000, 1, partition_split_s=3600, **high).total("queue", "SendsThrottled")


def test_one_message_group_gets_no_more_than_one_partition() -> None:
    high = {"fifo_throughput_limit": "perMessageGroupId", "deduplication_scope": "messageGroup", "partitions_at_start": 64}
    assert sends(600, 1, keys=1, **high).total("queue", "NumberOfMessagesSent") == pytest.approx(11 * 300, rel=0.01)


def test_partitions_stop_at_the_quota_of_the_region() -> None:
    limit = PartitionedLimit(300, partitions=1, most_partitions=4, split_after_s=0)
    for call in range(100_000):
        limit.take(call, 1, call / 10_000)
    assert limit.partitions == 4


def test_receives_run_into_the_limit_of_calls_too() -> None:
    """A thousand workers that are done at once receive 300 times a second, and the wait says why."""
    source = {"load": rate(1500), "arrivals": "even", **keyed(100_000)}
    scenario = lanes({"source": source}, {"visibility_timeout_s": 60}, {"workers": 1000, "duration": constant(0.01)}, duration_s=10)
    scenario["wires"][0]["parameters"] = {"messages_per_call": 10}
    seen = outcome(scenario)
    assert seen.total("queue", "NumberOfMessagesReceived") == pytest.approx(11 * 300, rel=0.02)
    assert max(seen.waits("queue"), key=lambda cause: seen.waits("queue")[cause]) == "fifo_throughput"


# -- the rest -------------------------------------------------------------------------------------------------------


def test_a_new_delay_acts_on_messages_that_are_delayed_already() -> None:
    """On a FIFO queue a change of the delay is retroactive, shorter or longer."""
    shorter = {"time_s": 2, "action": "parameter", "after_s": 0, "node": "queue", "parameter": "delay_s", "value": 5}
    longer = {**shorter, "value": 30}
    scenario = lanes({"source": at_times(1)}, {"delay_s": 20}, {"duration": INSTANT}, duration_s=60)
    assert outcome(scenario, shorter).path("source", "queue", "worker")["latency"]["mean"] == pytest.approx(5)
    assert outcome(scenario, longer).path("source", "queue", "worker")["latency"]["mean"] == pytest.approx(30)


def test_retention_frees_the_group_it_takes_a_message_from() -> None:
    """The worker holds the head for longer than the retention; then the next of its group can be received."""
    seen = Received(lanes({"source": at_times(1, 40)}, {"message_retention_period_s": 60, "visibility_timeout_s": 3600}, {"duration": constant(500)}, duration_s=99))
    assert [(time_s, number) for time_s, _, number, _ in seen.seen] == [(1, 1), (61, 2)]


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario)) if finding.severity == "error"}


def test_what_a_fifo_queue_cannot_have_is_refused() -> None:
    assert codes(lanes({"source": at_times(1)}, dead={"fifo": False}, duration_s=10)) == {"dead-letter-type"}
    assert codes(lanes({"source": at_times(1)}, {"fair": True}, duration_s=10)) == {"fair-and-fifo"}
    assert codes(lanes({"source": at_times(1)}, {"fifo_throughput_limit": "perMessageGroupId"}, duration_s=10)) == {"throughput-needs-scope"}
    delayed = lanes({"source": at_times(1)}, duration_s=10)
    delayed["wires"][0]["parameters"] = {"delay_s": 5}
    assert codes(delayed) == {"message-delay-on-fifo"}


def mapping(source: dict[str, Any], wire: dict[str, Any], function: dict[str, Any], queue: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    nodes = {"source": ("traffic", source), "queue": ("sqs", FIFO | {"visibility_timeout_s": 60} | (queue or {})), "function": ("lambda", {"sandbox_start_s": 0, "timeout_s": 10} | function)}
    return drawing(nodes, {"source.out -> queue.in": {}, "queue.out -> function.source": wire}, **run)


def test_a_mapping_runs_as_many_invocations_as_there_are_groups() -> None:
    """Six groups: six invocations at most, whatever the backlog."""
    seen = outcome(mapping({"load": rate(60), **keyed(6)}, {"batch_size": 1}, {"duration": constant(1)}, duration_s=120))
    assert seen.metric("function", "ConcurrentExecutions")["max"] == 6
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") > 5000


def test_a_partial_batch_stops_at_the_first_failure_and_returns_the_rest() -> None:
    """Ten of one group; the fourth is poison. The first three are deleted, the rest is tried again, and only it."""
    types = {"message_types": [{"name": "good"}]}
    scenario = mapping(at_times(1, 1, 1) | types, {"batch_size": 10, "report_batch_item_failures": True, "fifo_delivery_latency": INSTANT}, {"duration": constant(0.1)}, {"delay_s": 5}, duration_s=60)
    for place, (name, times, poison) in enumerate((("bad", [2], 1), ("late", [3] * 6, 0))):
        scenario["nodes"].append({"id": name, "kind": "traffic", "parameters": at_times(*times) | {"message_types": [{"name": name, "failure_probability": poison}]}})
        scenario["wires"].append({"id": f"more{place}", "from": {"node": name, "port": "out"}, "to": {"node": "queue", "port": "in"}, "parameters": {}})
    hold = {"time_s": 0, "action": "parameter", "after_s": 0, "wire": "w1", "parameter": "enabled", "value": False}
    seen = Received(scenario, hold, {**hold, "time_s": 20, "value": True})
    assert seen.outcome.total("queue", "NumberOfMessagesDeleted") == 3
    assert seen.outcome.total("function", "MessagesProcessed") == 3
    assert seen.outcome.total("function", "FailedInvokeEventCount") == 7


def test_a_fifo_mapping_takes_small_batches_and_no_window() -> None:
    assert codes(mapping(at_times(1), {"batch_size": 11, "batching_window_s": 1}, {}, duration_s=10)) == {"fifo-batching"}
    assert codes(mapping(at_times(1), {"batching_window_s": 1}, {}, duration_s=10)) == {"fifo-batching"}


@pytest.mark.parametrize(
    ("fifo", "p50_s", "p90_s", "p99_s"), [(False, 0.0162, 0.0338, 0.105), (True, 0.0281, 0.0612, 0.645)])
def test_the_default_latency_from_producer_to_function_is_the_measured_one(fifo: bool, p50_s: float, p90_s: float, p99_s: float) -> None:
    """Published percentiles (eu-west-1, September 2022), warm; held within 8 %."""
    source = {"load": rate(20), "arrivals": "even", **keyed(1_000_000)}
    seen = outcome(mapping(source, {"batch_size": 1}, {"duration": INSTANT}, {"fifo": fifo}, duration_s=600, warm_up_s=60))
    latency = seen.path("source", "queue", "function")["latency"]
    assert (latency["p50"], latency["p90"], latency["p99"]) == pytest.approx((p50_s, p90_s, p99_s), rel=0.08)
