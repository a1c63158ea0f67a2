"""SQS standard queue: one test for each documented rule, counted at the queue and at the worker behind it."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import catalog
from simulator.findings import InvalidScenario
from simulator.run import simulate
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

POISON = {"message_types": [{"failure_probability": 1}]}


def queue_and_worker(
    source: dict[str, Any], queue: dict[str, Any] | None = None, worker: dict[str, Any] | None = None, receiving: dict[str, Any] | None = None, *,
    dead: dict[str, Any] | None = None, **run: Any,
) -> dict[str, Any]:
    """A source, a queue and a worker whose calls take no time; with ``dead``, a dead-letter queue with these parameters."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "queue": ("sqs", queue or {}), "worker": ("worker", {"workers": 1, "duration": constant(1)} | (worker or {}))}
    wires: dict[str, Any] = {"source.out -> queue.in": {}, "queue.out -> worker.source": {"request_latency": INSTANT} | (receiving or {})}
    if dead is not None:
        nodes["dead"] = ("sqs", dead)
        wires["queue.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def queue_alone(source: dict[str, Any], queue: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    return drawing({"source": ("traffic", source), "queue": ("sqs", queue or {})}, {"source.out -> queue.in": {}}, **run)


def poisoned(dead: dict[str, Any] | None, duration_s: float, *controls: Any, **queue: Any) -> Outcome:
    """One message that always fails at once, hidden for 10 s after each attempt: received at 1, 11, 21 s and so on."""
    return outcome(queue_and_worker(at_times(1) | POISON, {"visibility_timeout_s": 10} | queue, {"duration": INSTANT}, dead=dead, duration_s=duration_s), *controls)


# -- delay and visibility -------------------------------------------------------------------------------------------


def test_a_delay_queue_hides_new_messages_for_its_delay() -> None:
    seen = outcome(queue_and_worker(at_times(1), {"delay_s": 5}, {"duration": constant(2)}, duration_s=20))
    assert seen.path("source", "queue", "worker")["latency"]["mean"] == pytest.approx(7)
    assert seen.waits("queue") == pytest.approx({"delay": 5})
    assert seen.metric("queue", "ApproximateNumberOfMessagesDelayed")["mean"] == pytest.approx(5 / 20)


def test_what_is_not_deleted_in_time_is_received_again() -> None:
    seen = poisoned(None, 35)
    assert seen.total("queue", "NumberOfMessagesReceived") == seen.total("worker", "Errors") == 4
    assert seen.total("queue", "VisibilityTimeoutsExpired") == 3
    assert seen.total("queue", "NumberOfMessagesDeleted") == 0
    assert seen.last("queue", "ApproximateNumberOfMessagesNotVisible") == 1


def test_a_timeout_shorter_than_the_work_makes_duplicates() -> None:
    """Received at 1, 11 and 21 s by two workers that need 15 s; the deletes at 16 and 26 s come with outdated receipts."""
    seen = outcome(queue_and_worker(at_times(1), {"visibility_timeout_s": 10}, {"workers": 2, "duration": constant(15)}, duration_s=27))
    assert seen.total("queue", "NumberOfMessagesReceived") == 3
    assert seen.total("queue", "StaleDeletes") == 2
    assert seen.total("queue", "NumberOfMessagesDeleted") == 0
    assert seen.total("worker", "MessagesProcessed") == 2
    assert seen.total("worker", "DuplicatesProcessed") == 1


def test_a_new_delay_does_not_move_messages_that_are_delayed_already() -> None:
    """On a standard queue a change of the delay is not retroactive."""
    none = {"time_s": 2, "action": "parameter", "after_s": 0, "node": "queue", "parameter": "delay_s", "value": 0}
    seen = outcome(queue_and_worker(at_times(1, 3), {"delay_s": 20}, {"duration": constant(0.5)}, duration_s=40), none)
    assert seen.path("source", "queue", "worker")["latency"]["max"] == pytest.approx(20.5)
    assert seen.waits("queue") == pytest.approx({"delay": 20})


def test_a_new_visibility_timeout_holds_from_the_next_receive() -> None:
    """Received at 1 s under 10 s, at 11 s under 3 s, and then every 3 s."""
    shorter = {"time_s": 5, "action": "parameter", "after_s": 0, "node": "queue", "parameter": "visibility_timeout_s", "value": 3}
    assert poisoned(None, 18.5, shorter).total("queue", "NumberOfMessagesReceived") == 4


def test_a_message_received_three_times_goes_to_the_back() -> None:
    """A poison message ahead of 60 good ones is tried three times in a row, and again when the good ones are done."""
    types = {"message_types": [{"name": "bad", "failure_probability": 1}]}
    scenario = queue_and_worker(at_times(1) | types, {"visibility_timeout_s": 2}, {"duration": constant(1)}, duration_s=100)
    scenario["nodes"].append({"id": "good", "kind": "traffic", "parameters": at_times(*[1.5] * 60)})
    scenario["wires"].append({"id": "more", "from": {"node": "good", "port": "out"}, "to": {"node": "queue", "port": "in"}})
    errors = Outcome(simulate({**scenario, "run": {"duration_s": 100, "frame_interval_s": 1}}).to_json()).series("worker", "Errors")
    assert (errors[10], errors[60]) == (3, 3)
    assert errors[70] > 3


def test_a_late_delete_counts_while_no_one_has_received_the_message_again() -> None:
    seen = outcome(queue_and_worker(at_times(1), {"visibility_timeout_s": 10}, {"duration": constant(15)}, duration_s=60))
    assert seen.total("queue", "VisibilityTimeoutsExpired") == 1
    assert seen.total("queue", "NumberOfMessagesReceived") == seen.total("queue", "NumberOfMessagesDeleted") == 1
    assert seen.total("worker", "DuplicatesProcessed") == seen.total("queue", "StaleDeletes") == 0


# -- dead letters ---------------------------------------------------------------------------------------------------


def test_a_message_over_its_receive_count_moves_to_the_dead_letter_queue() -> None:
    seen = poisoned({}, 200, max_receive_count=3)
    assert seen.total("queue", "NumberOfMessagesReceived") == 3
    assert seen.total("queue", "MessagesMovedToDeadLetterQueue") == 1
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") == seen.last("queue", "ApproximateNumberOfMessagesNotVisible") == 0
    assert seen.last("dead", "ApproximateNumberOfMessagesVisible") == 1
    assert seen.report["nodes"]["dead"]["ledger"]["entered"] == 1


def test_moving_a_dead_letter_is_not_a_send() -> None:
    seen = poisoned({}, 200, max_receive_count=1)
    assert seen.report["nodes"]["dead"]["ledger"]["entered"] == 1
    assert seen.total("dead", "NumberOfMessagesSent") == seen.quantity("dead", "Requests, standard queue") == 0


def test_a_dead_letter_moves_at_the_next_receive_and_not_before() -> None:
    """Hidden until 31 s after its third receive; the workers stop at 25 s and come back at 60 s."""
    stop, resume = ({"time_s": at_s, "action": action, "node": "worker", "fault": "stops"} for at_s, action in ((25, "fault"), (60, "clear_fault")))
    waiting = poisoned({}, 59, stop, max_receive_count=3)
    assert waiting.last("queue", "ApproximateNumberOfMessagesVisible") == 1
    assert waiting.total("queue", "MessagesMovedToDeadLetterQueue") == 0
    assert poisoned({}, 61, stop, resume, max_receive_count=3).total("queue", "MessagesMovedToDeadLetterQueue") == 1


def test_without_a_dead_letter_queue_a_message_is_tried_for_ever() -> None:
    seen = poisoned(None, 205, max_receive_count=3)
    assert seen.total("queue", "NumberOfMessagesReceived") == 21
    assert seen.total("queue", "MessagesMovedToDeadLetterQueue") == 0


def test_a_message_stays_while_its_dead_letter_queue_refuses_it() -> None:
    unavailable = {"time_s": 0, "action": "fault", "node": "dead", "fault": "unavailable"}
    seen = poisoned({}, 45, unavailable, max_receive_count=2)
    assert seen.total("queue", "MessagesMovedToDeadLetterQueue") == 0
    assert seen.total("queue", "NumberOfMessagesReceived") == 5


# -- retention and age ----------------------------------------------------------------------------------------------


def test_messages_older_than_the_retention_vanish() -> None:
    seen = outcome(queue_alone(at_times(1, 30), {"message_retention_period_s": 60}, duration_s=80))
    assert seen.lost("queue") == {"retention": 1}
    assert seen.total("queue", "MessagesExpired") == 1
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") == 1


@pytest.mark.parametrize(("duration_s", "lost"), [(60.9, {}), (61.1, {"retention": 1})])
def test_the_dead_letter_queue_counts_retention_from_the_first_enqueue(duration_s: float, lost: dict[str, int]) -> None:
    """Sent at 1 s, moved at 31 s, kept for 60 s: gone at 61 s, not at 91 s."""
    seen = poisoned({"message_retention_period_s": 60}, duration_s, max_receive_count=3)
    assert seen.total("queue", "MessagesMovedToDeadLetterQueue") == 1
    assert seen.lost("dead") == lost


def test_a_drain_slower_than_the_arrivals_loses_the_oldest_when_retention_runs_out() -> None:
    """Two come and one is served a second; the wait grows by half a second a second until it reaches the retention."""
    seen = outcome(queue_and_worker({"load": rate(2), "arrivals": "even"}, {"message_retention_period_s": 60, "visibility_timeout_s": 30}, duration_s=600))
    sent, deleted, expired = (seen.total("queue", name) for name in ("NumberOfMessagesSent", "NumberOfMessagesDeleted", "MessagesExpired"))
    left = seen.last("queue", "ApproximateNumberOfMessagesVisible") + seen.last("queue", "ApproximateNumberOfMessagesNotVisible")
    assert seen.lost("queue") == {"retention": expired}
    assert expired == sent - deleted - left > 400
    assert seen.metric("queue", "MessageWait")["max"] == pytest.approx(60, abs=1.5)
    assert seen.last("queue", "ApproximateAgeOfOldestMessage") == pytest.approx(60, abs=1)


def test_a_shorter_retention_acts_on_what_is_there() -> None:
    shorter = {"time_s": 100, "action": "parameter", "after_s": 0, "node": "queue", "parameter": "message_retention_period_s", "value": 60}
    seen = outcome(queue_alone(at_times(1, 30, 70), duration_s=120), shorter)
    assert seen.lost("queue") == {"retention": 2}


def test_retention_ends_while_a_worker_works_on_the_message() -> None:
    seen = outcome(queue_and_worker(at_times(1), {"message_retention_period_s": 60, "visibility_timeout_s": 3600}, {"duration": constant(100)}, duration_s=120))
    assert seen.lost("queue") == {"retention": 1}
    assert seen.total("queue", "StaleDeletes") == seen.total("worker", "MessagesProcessed") == 1


def test_the_age_of_the_oldest_message_counts_from_its_enqueue() -> None:
    ages = outcome(queue_alone(at_times(1, 5), duration_s=21, frame_interval_s=1)).series("queue", "ApproximateAgeOfOldestMessage")
    assert [ages[second] for second in (0, 1, 2, 11, 21)] == pytest.approx([0, 0, 1, 10, 20])


def test_the_age_skips_messages_received_three_times() -> None:
    ages = poisoned(None, 26).series("queue", "ApproximateAgeOfOldestMessage")
    assert (ages[15], ages[25]) == pytest.approx((14, 0))


def test_the_age_in_a_dead_letter_queue_counts_from_the_move() -> None:
    assert poisoned({}, 41, max_receive_count=3).last("dead", "ApproximateAgeOfOldestMessage") == pytest.approx(10)


# -- receiving ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("receiving", "queue", "calls"),
    [
        ({"wait_time_s": 20}, {}, 5),
        ({"wait_time_s": 0, "poll_pause_s": 0.5}, {}, 209),
        ({"wait_time_s": None}, {"receive_message_wait_time_s": 10}, 10),
        ({"wait_time_s": None, "poll_pause_s": 2}, {"receive_message_wait_time_s": 0}, 52),
    ],
)
def test_an_idle_worker_makes_empty_receives(receiving: dict[str, Any], queue: dict[str, Any], calls: int) -> None:
    """In 104.9 s without a message, a receive that has not come to its end is not billed yet."""
    seen = outcome(queue_and_worker(at_times(500), queue, {}, receiving, duration_s=104.9))
    assert seen.total("queue", "NumberOfEmptyReceives") == seen.quantity("queue", "Requests, standard queue") == calls


def test_a_long_poll_returns_at_the_first_message_and_a_short_one_at_the_next_poll() -> None:
    """A short poll every second meets a message after half a second on average."""
    source = {"load": rate(0.1), "arrivals": "even"}
    long, short = (
        outcome(queue_and_worker(source, {"short_poll_sees_share": 1}, {"duration": constant(0.1)}, {"wait_time_s": wait_s, "poll_pause_s": 1}, duration_s=10_000))
        for wait_s in (20, 0)
    )
    assert long.metric("queue", "MessageWait")["max"] == 0
    assert short.metric("queue", "MessageWait")["mean"] == pytest.approx(0.5, abs=0.03)
    assert short.metric("queue", "MessageWait")["max"] <= 1


def test_a_short_poll_may_miss_a_message_and_a_long_one_does_not() -> None:
    source = {"load": rate(0.02), "arrivals": "even"}
    sharp, blurred, long = (
        outcome(queue_and_worker(source, {"short_poll_sees_share": share}, {}, {"wait_time_s": wait_s, "poll_pause_s": 1}, duration_s=20_000)).metric("queue", "MessageWait")
        for share, wait_s in ((1, 0), (0.25, 0), (0.25, 20))
    )
    assert sharp["max"] <= 1 < blurred["mean"]
    assert long["max"] == 0


def test_a_short_poll_misses_nothing_among_a_thousand_messages() -> None:
    """Below a thousand each poll misses three times in four, above it never: 1,100 messages, one worker, a poll after each."""
    how = ({"short_poll_sees_share": 0.25, "visibility_timeout_s": 600}, {"duration": INSTANT}, {"wait_time_s": 0, "poll_pause_s": 1})
    many = outcome(queue_and_worker(at_times(*[1] * 1100), *how, duration_s=95))
    few = outcome(queue_and_worker(at_times(*[1] * 900), *how, duration_s=95))
    assert many.total("queue", "NumberOfMessagesReceived") > 2 * few.total("queue", "NumberOfMessagesReceived")


def test_the_in_flight_quota_makes_receives_empty() -> None:
    source = at_times(*[1] * 10)
    seen = outcome(queue_and_worker(source, {"in_flight_quota": 3, "visibility_timeout_s": 3600}, {"workers": 10, "duration": constant(100)}, duration_s=100.5))
    assert seen.total("queue", "NumberOfMessagesReceived") == seen.metric("queue", "ApproximateNumberOfMessagesNotVisible")["max"] == 3
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") == 7
    later = outcome(queue_and_worker(source, {"in_flight_quota": 3, "visibility_timeout_s": 3600}, {"workers": 10, "duration": constant(100)}, duration_s=150))
    assert later.total("queue", "NumberOfMessagesReceived") == 6
    assert later.waits("queue")["in_flight_quota"] == pytest.approx(3 * 100)


def test_a_receive_returns_ten_messages_at_most() -> None:
    """The first message comes alone; then the worker finds 24 and takes 10, 10 and 4."""
    seen = outcome(queue_and_worker(at_times(*[1] * 25), {"visibility_timeout_s": 600}, {}, {"max_number_of_messages": 10}, duration_s=46))
    durations = seen.metric("worker", "Duration")
    assert (durations["count"], durations["max"]) == (4, 10)
    assert seen.total("worker", "MessagesProcessed") == 25


def test_documented_limits_are_the_defaults_and_bounds() -> None:
    described = catalog.describe("sqs")
    parameters = described["parameters"]["properties"]
    assert [(parameters[name]["default"], parameters[name].get("minimum"), parameters[name].get("maximum")) for name in (
        "visibility_timeout_s", "delay_s", "message_retention_period_s", "receive_message_wait_time_s", "maximum_message_size_bytes", "max_receive_count")
    ] == [(30, 0, 43200), (0, 0, 900), (345600, 60, 1209600), (0, 0, 20), (1048576, 1024, 1048576), (10, 1, 1000)]
    assert parameters["in_flight_quota"]["default"] == 120_000
    with pytest.raises(InvalidScenario):
        outcome(queue_and_worker(at_times(1), receiving={"max_number_of_messages": 11}, duration_s=10))


# -- sending and the bill -------------------------------------------------------------------------------------------


def test_a_message_over_the_maximum_size_is_rejected() -> None:
    sizes = {"message_types": [{"name": "big", "size_bytes": 1025}]}
    seen = outcome(queue_alone(at_times(1, 2) | sizes, {"maximum_message_size_bytes": 1024}, duration_s=10))
    assert seen.total("queue", "MessagesRejected") == seen.total("source", "MessagesRefused") == 2
    assert seen.total("queue", "NumberOfMessagesSent") == 0
    assert seen.lost("source") == {"too_large": 2}


@pytest.mark.parametrize(("size_bytes", "requests"), [(1, 1), (65536, 1), (65537, 2), (1048576, 16)])
def test_a_send_is_billed_for_each_64_kilobytes(size_bytes: int, requests: int) -> None:
    seen = outcome(queue_alone(at_times(1) | {"message_types": [{"size_bytes": size_bytes}]}, duration_s=10))
    assert seen.quantity("queue", "Requests, standard queue") == requests
    assert seen.report["nodes"]["queue"]["cost_usd"] == pytest.approx(requests * 0.4e-6)


def test_every_call_is_billed() -> None:
    """25 sends, 4 receives, 4 deletes in batches of up to ten, and one empty long poll in 21 idle seconds."""
    seen = outcome(queue_and_worker(at_times(*[1] * 25), {"visibility_timeout_s": 600}, {}, {"max_number_of_messages": 10}, duration_s=46))
    assert seen.quantity("queue", "Requests, standard queue") == 25 + 4 + 4 + 1


def test_a_queue_that_is_unavailable_takes_nothing() -> None:
    fault = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable"}
    seen = outcome(queue_alone(at_times(1, 2, 3), duration_s=10), fault, {**fault, "time_s": 2.5, "action": "clear_fault"})
    assert seen.lost("source") == {"unavailable": 2}
    assert seen.total("queue", "NumberOfMessagesSent") == 1


def test_a_batch_larger_than_1_mib_is_refused() -> None:
    """Each message is small enough, ten of them are not."""
    scenario = queue_alone(at_times(1) | {"message_types": [{"size_bytes": 104_858}]}, duration_s=10)
    scenario["wires"][0]["parameters"] = {"messages_per_call": 10}
    assert outcome(scenario).lost("source") == {"batch_too_long": 1}
    scenario["wires"][0]["parameters"] = {"messages_per_call": 9}
    assert outcome(scenario).total("queue", "NumberOfMessagesSent") == 1


# -- lost receives --------------------------------------------------------------------------------------------------


def test_a_lost_receive_with_no_visibility_timeout_is_repeated_after_a_second_and_not_at_once() -> None:
    seen = outcome(queue_and_worker(at_times(1), {"visibility_timeout_s": 0, "lost_receive_share": 1}, {"duration": INSTANT}, duration_s=10.5))
    assert seen.total("queue", "NumberOfMessagesReceived") == 10


def test_a_lost_receive_hides_the_messages_for_a_full_timeout_and_uses_up_a_receive() -> None:
    """Every answer is lost: received at 1, 11, 21 and 31 s, never worked on."""
    seen = outcome(queue_and_worker(at_times(1), {"visibility_timeout_s": 10, "lost_receive_share": 1}, {"duration": INSTANT}, duration_s=35))
    assert seen.total("queue", "NumberOfMessagesReceived") == seen.total("queue", "MessagesOfLostReceives") == 4
    assert seen.total("worker", "MessagesProcessed") == 0
    assert seen.last("queue", "ApproximateNumberOfMessagesNotVisible") == 1


def test_with_one_receive_allowed_a_lost_one_dead_letters_a_message_that_was_never_processed() -> None:
    queue = {"visibility_timeout_s": 10, "lost_receive_share": 0.3, "max_receive_count": 1}
    seen = outcome(queue_and_worker({"load": rate(5)}, queue, {"workers": 10, "duration": constant(0.01)}, {"max_number_of_messages": 1}, dead={}, duration_s=1000))
    lost = seen.total("queue", "MessagesOfLostReceives")
    assert lost == pytest.approx(0.3 * seen.total("queue", "NumberOfMessagesReceived"), rel=0.1)
    assert seen.total("dead", "NumberOfMessagesSent") == 0
    assert seen.total("queue", "MessagesMovedToDeadLetterQueue") == pytest.approx(lost, abs=60)
    assert seen.last("dead", "ApproximateNumberOfMessagesVisible") == seen.total("queue", "MessagesMovedToDeadLetterQueue")
    assert seen.total("worker", "Errors") == 0


# -- who is woken ---------------------------------------------------------------------------------------------------

STOPPED = {"time_s": 5, "action": "fault", "node": "first", "fault": "stops", "value": {}}
CUT_OFF = {"time_s": 5, "action": "fault", "wire": "w1", "fault": "cut", "value": {}}
SWITCHED_OFF = {"time_s": 5, "action": "parameter", "after_s": 0, "wire": "w1", "parameter": "enabled", "value": False}
NO_TASKS = {"time_s": 5, "action": "parameter", "after_s": 0, "node": "first", "parameter": "desired_count", "value": 0}


@pytest.mark.parametrize(("kind", "parameters", "port", "control"), [
    ("worker", {"workers": 1}, "source", STOPPED), ("worker", {"workers": 1}, "source", CUT_OFF),
    ("lambda", {}, "source", CUT_OFF), ("lambda", {}, "source", SWITCHED_OFF),
    ("fargate", {"desired_count": 1}, "source", CUT_OFF), ("fargate", {"desired_count": 1, "maximum_tasks": 1, "minimum_tasks": 0}, "source", NO_TASKS),
])
def test_a_consumer_that_cannot_receive_is_passed_over(kind: str, parameters: dict[str, Any], port: str, control: dict[str, Any]) -> None:
    """It waits before the other when the message comes at 10 s, and would keep the wake-up for itself."""
    scenario = drawing(
        {"source": ("traffic", at_times(10)), "queue": ("sqs", {}), "first": (kind, parameters), "second": ("worker", {"workers": 1, "duration": constant(1)})},
        {"source.out -> queue.in": {}, f"queue.out -> first.{port}": {}, "queue.out -> second.source": {"request_latency": INSTANT}}, duration_s=60)
    seen = outcome(scenario, control)
    assert seen.total("second", "MessagesProcessed") == 1
    assert seen.path("source", "queue", "second")["latency"]["max"] == pytest.approx(1)


def two_queues(*wires: tuple[str, str], first_s: tuple[float, ...], other_s: tuple[float, ...]) -> dict[str, Any]:
    """Two queues and the workers that pull from them as ``wires`` say: one each, which needs 10 s for a message."""
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "source": ("traffic", at_times(*first_s)), "more": ("traffic", at_times(*other_s)), "queue": ("sqs", {}), "other": ("sqs", {}),
        "first": ("worker", {"workers": 1, "duration": constant(10)}), "second": ("worker", {"workers": 1, "duration": constant(10)}),
    }
    laid: dict[str, dict[str, Any]] = {"source.out -> queue.in": {}, "more.out -> other.in": {}}
    laid |= {f"{queue}.out -> {worker}.source": {"request_latency": INSTANT} for queue, worker in wires}
    return drawing(nodes, laid, duration_s=100)


def test_a_worker_that_is_busy_with_another_queue_is_passed_over() -> None:
    """``first`` waits at both queues before ``second`` does, and works for the other one from 1 s on."""
    seen = outcome(two_queues(("queue", "first"), ("other", "first"), ("queue", "second"), first_s=(5,), other_s=(1,)))
    assert seen.path("source", "queue", "second")["latency"]["max"] == pytest.approx(10)


def test_a_worker_that_is_free_again_looks_at_all_its_queues() -> None:
    """Busy from 1 to 21 s, it cannot take the message of 12 s; nothing comes any more to wake it."""
    seen = outcome(two_queues(("queue", "first"), ("other", "first"), first_s=(1, 2), other_s=(12,)))
    assert seen.path("more", "other", "first")["latency"]["max"] == pytest.approx(21 + 10 - 12)


def test_short_polls_of_two_applications_find_a_message_as_soon_as_those_of_one_with_all_their_workers() -> None:
    """Uniform phases of 2 x 5 workers, a poll a second each: the first of ten comes after 1/11 s on average, that of five after 1/6 s."""
    polling = {"wait_time_s": 0, "poll_pause_s": 1, "request_latency": INSTANT}
    worker = {"workers": 5, "duration": constant(0.1)}
    scenario = drawing(
        {"source": ("traffic", {"load": {"shape": "constant", "rate_per_s": 0.5}}), "queue": ("sqs", {"short_poll_sees_share": 1}), "first": ("worker", worker), "second": ("worker", worker)},
        {"source.out -> queue.in": {}, "queue.out -> first.source": polling, "queue.out -> second.source": polling}, duration_s=4000)
    waits = [entry["message_s"] for entry in outcome(scenario).report["nodes"]["queue"]["waits"] if entry["cause"] == "polling"]
    assert len(waits) == 2
    assert sum(waits) / 2000 == pytest.approx(1 / 11, rel=0.12)
