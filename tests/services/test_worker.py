"""Worker application: one test for each rule of how its workers receive, work, delete and fail, counted at queues on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, at_times, by_type, constant, deliveries, drawing, outcome, rate

AT_ONCE = {"request_latency": INSTANT}


def working(source: dict[str, Any], worker: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, receiving: dict[str, Any] | None = None, *, dead: bool = False, **run: Any) -> dict[str, Any]:
    """A source, a queue and workers; by default one worker that needs a second and calls that take no time."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "queue": ("sqs", queue or {}), "worker": ("worker", {"workers": 1, "duration": constant(1)} | (worker or {}))}
    wires: dict[str, Any] = {"source.out -> queue.in": {}, "queue.out -> worker.source": AT_ONCE | (receiving or {})}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["queue.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def fault(name: str, time_s: float, **value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "fault", "node": "worker", "fault": name, "value": value}


def clear(name: str, time_s: float) -> dict[str, Any]:
    return {"time_s": time_s, "action": "clear_fault", "node": "worker", "fault": name}


# -- receive, work, delete ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("workers", "last_s"), [(1, 7), (2, 4), (3, 3), (6, 2), (10, 2)])
def test_each_worker_has_one_message_at_a_time(workers: int, last_s: float) -> None:
    """Six messages of a second each, all there at 1 s."""
    seen = outcome(working(at_times(*[1] * 6), {"workers": workers}, duration_s=20))
    assert seen.path("source", "queue", "worker")["latency"]["max"] == pytest.approx(last_s - 1)
    assert seen.metric("worker", "BusyWorkers")["max"] == min(workers, 6)
    assert seen.metric("worker", "BusyWorkers")["mean"] == pytest.approx(6 / 20)


def test_every_call_takes_its_round_trip() -> None:
    """0.2 s to receive, 1 s of work, 0.2 s to delete: 1.4 s for each, and a message is done before its delete returns."""
    seen = outcome(working(at_times(*[1] * 5), {}, {}, {"request_latency": constant(0.2)}, duration_s=20))
    assert seen.path("source", "queue", "worker")["latency"]["max"] == pytest.approx(4 * 1.4 + 1.2)
    assert seen.metric("worker", "BusyWorkers")["mean"] == pytest.approx(5 * 1.4 / 20)
    assert seen.waits("queue")["request_latency"] == pytest.approx(5 * 0.2)


def test_a_batch_is_worked_on_one_message_after_the_other_and_deleted_in_one_call() -> None:
    """The worker waits for its first message until 1 s; the others came at that moment, and it takes them as one batch at 2 s."""
    seen = outcome(working(at_times(*[1] * 11), {}, {"visibility_timeout_s": 60}, {"max_number_of_messages": 10}, duration_s=15))
    assert (seen.metric("worker", "Duration")["count"], seen.metric("worker", "Duration")["max"]) == (2, 10)
    assert seen.quantity("queue", "Requests, standard queue") == 11 + 2 + 2
    assert seen.path("source", "queue", "worker")["latency"]["p50"] == pytest.approx(11)


def test_workers_serve_their_queues_in_turn() -> None:
    scenario = drawing(
        {"source": ("traffic", {"load": rate(10)}), "a": ("sqs", {}), "b": ("sqs", {}), "worker": ("worker", {"workers": 4, "duration": constant(1)})},
        {"source.out -> a.in": {}, "source.out -> b.in": {}, "a.out -> worker.source": AT_ONCE, "b.out -> worker.source": AT_ONCE}, duration_s=100)
    seen = outcome(scenario)
    assert seen.total("worker", "MessagesProcessed") == pytest.approx(4 * 100, abs=5)
    assert seen.total("a", "NumberOfMessagesDeleted") == pytest.approx(seen.total("b", "NumberOfMessagesDeleted"), rel=0.05)


def test_more_workers_can_be_added_and_taken_away() -> None:
    """One worker until 10 s, five until 20 s, none more than two after."""
    more, fewer = ({"time_s": at_s, "action": "parameter", "node": "worker", "parameter": "workers", "value": value} for at_s, value in ((10, 5), (20, 2)))
    seen = outcome(working(at_times(*[0.5] * 200), {}, {"visibility_timeout_s": 600}, duration_s=30, frame_interval_s=0.5), more, fewer)
    busy = seen.series("worker", "BusyWorkers")
    assert (busy[5], busy[15], busy[25]) == (1, 5, 2)


def test_a_new_duration_holds_from_the_next_message() -> None:
    slower = {"time_s": 10, "action": "parameter", "node": "worker", "parameter": "duration", "value": constant(5)}
    seen = outcome(working(at_times(*[0.5] * 20), {}, {"visibility_timeout_s": 600}, duration_s=32), slower)
    assert seen.total("worker", "MessagesProcessed") == 10 + 4


# -- failures -------------------------------------------------------------------------------------------------------


def test_a_failed_message_stays_hidden_until_its_visibility_timeout() -> None:
    """Fails at 2 s; received again at 1 + 10 s, when the fault is gone."""
    seen = outcome(working(at_times(1), {}, {"visibility_timeout_s": 10}, duration_s=20), fault("fails", 0, share=1), clear("fails", 5))
    assert seen.total("worker", "Errors") == 1
    assert seen.path("source", "queue", "worker")["latency"]["mean"] == pytest.approx(11)
    assert seen.waits("queue") == pytest.approx({"visibility": 9})


@pytest.mark.parametrize(("own", "of_type", "share"), [(0.3, 0, 0.3), (0, 0.3, 0.3), (0.5, 0.5, 0.75), (1, 0, 1), (0, 0, 0)])
def test_attempts_fail_with_the_chance_of_the_worker_and_of_the_message(own: float, of_type: float, share: float) -> None:
    source = {"load": rate(50), "message_types": [{"failure_probability": of_type}]}
    seen = outcome(working(source, {"workers": 50, "duration": constant(0.1), "failure_probability": own}, {"visibility_timeout_s": 600}, duration_s=60))
    attempts = seen.total("worker", "Errors") + seen.total("worker", "MessagesProcessed")
    assert attempts > 2500
    assert seen.total("worker", "Errors") / attempts == pytest.approx(share, abs=4 * (share * (1 - share) / attempts) ** 0.5)


def test_only_the_failed_message_of_a_batch_returns() -> None:
    """A worker deletes message by message; nothing else of the batch is done twice."""
    types = {"message_types": [{"name": "good", "share": 9}, {"name": "bad", "failure_probability": 1}]}
    scenario = working({"load": rate(20), **types}, {"workers": 40, "duration": constant(0.1)}, {"visibility_timeout_s": 5, "max_receive_count": 2}, {"max_number_of_messages": 10}, dead=True, duration_s=100)
    seen = outcome(scenario)
    assert set(by_type(deliveries(scenario, "dead"))) == {"bad"}
    assert seen.total("worker", "DuplicatesProcessed") == 0
    assert seen.total("worker", "Errors") == pytest.approx(2 * seen.total("queue", "MessagesMovedToDeadLetterQueue"), rel=0.1)


def test_a_slow_dependency_multiplies_durations() -> None:
    seen = outcome(working(at_times(1, 20), duration_s=40), fault("slows", 10, factor=4))
    assert (seen.metric("worker", "Duration")["p50"], seen.metric("worker", "Duration")["max"]) == pytest.approx((1, 4), rel=0.01)


def test_stopped_workers_receive_nothing_and_lose_what_they_were_working_on() -> None:
    """The first message is received at 1 s and lost with its worker at 1.5 s; it is there again at 31 s, and the second at once when the worker is back."""
    seen = outcome(working(at_times(1, 5), duration_s=60), fault("stops", 1.5), clear("stops", 10))
    assert seen.total("worker", "MessagesProcessed") == 2
    assert seen.total("worker", "Errors") == 1
    assert seen.waits("queue")["stopped"] == pytest.approx(5)
    assert seen.path("source", "queue", "worker")["latency"]["max"] == pytest.approx(31)


def test_an_attempt_that_ends_after_another_succeeded_is_a_duplicate() -> None:
    """The first attempt takes 20 s; at 6 s its timeout is over, and a second worker needs 1 s. The message ended once, at 7 s."""
    scenario = working(at_times(1), {"workers": 2}, {"visibility_timeout_s": 5}, duration_s=40)
    seen = outcome(scenario, fault("slows", 0, factor=20), clear("slows", 3))
    assert seen.total("queue", "NumberOfMessagesReceived") == seen.total("worker", "MessagesProcessed") == 2
    assert seen.total("worker", "DuplicatesProcessed") == seen.total("queue", "StaleDeletes") == seen.total("queue", "NumberOfMessagesDeleted") == 1
    path = seen.path("source", "queue", "worker")
    assert (path["messages"], path["latency"]["max"]) == (1, pytest.approx(6))


def test_a_receive_whose_answer_is_lost_uses_up_a_receive() -> None:
    """The worker goes down while the answer is on its way: with one receive allowed, the message is dead without having been worked on."""
    scenario = working(at_times(1), {}, {"max_receive_count": 1}, {"request_latency": constant(0.4)}, dead=True, duration_s=60)
    seen = outcome(scenario, fault("stops", 1.2), clear("stops", 20))
    assert seen.total("queue", "NumberOfMessagesReceived") == 1
    assert seen.report["nodes"]["dead"]["ledger"]["entered"] == seen.total("queue", "MessagesMovedToDeadLetterQueue") == 1
    assert seen.total("worker", "MessagesProcessed") == seen.total("worker", "Errors") == seen.metric("worker", "Duration")["count"] == 0


# -- extending the visibility timeout -------------------------------------------------------------------------------


def extending(extends: bool, duration_s: float = 60, work_s: float = 25, **worker: Any) -> Outcome:
    """Work of 25 s under a timeout of 10 s, with a second worker free to receive what comes back."""
    return outcome(working(at_times(1), {"workers": 2, "duration": constant(work_s), "extends_visibility": extends} | worker, {"visibility_timeout_s": 10}, duration_s=duration_s))


def test_extending_the_visibility_timeout_avoids_duplicates() -> None:
    kept, lapsed = extending(True), extending(False)
    assert (kept.total("queue", "NumberOfMessagesReceived"), kept.total("worker", "DuplicatesProcessed")) == (1, 0)
    assert lapsed.total("queue", "NumberOfMessagesReceived") > 1
    assert lapsed.total("worker", "DuplicatesProcessed") + lapsed.total("queue", "StaleDeletes") > 0


def test_what_failed_under_an_extended_timeout_returns_after_the_timeout_of_the_queue() -> None:
    """Fails at 26 s, 10 s later it is received again."""
    seen = extending(True, 40, failure_probability=1)
    assert seen.total("queue", "NumberOfMessagesReceived") == 2
    assert seen.waits("queue") == pytest.approx({"visibility": 10})


def test_a_timeout_can_be_extended_to_twelve_hours_and_no_further() -> None:
    seen = extending(True, 50_000, 45_000)
    assert seen.total("queue", "VisibilityTimeoutsExpired") == 1
    assert seen.total("queue", "NumberOfMessagesReceived") == 2


def test_every_extension_is_a_call_and_is_billed() -> None:
    """25 s of work under a timeout of 10 s: extended at half of it, after 5, 10, 15 and 20 s; and a send, a receive, a delete."""
    kept = extending(True)
    assert kept.quantity("queue", "Requests, standard queue") - kept.total("queue", "NumberOfEmptyReceives") == 3 + 4


# -- what is published ----------------------------------------------------------------------------------------------


def passing_on(share: float, *controls: Any, **source: Any) -> Outcome:
    scenario = drawing(
        {"source": ("traffic", source or {"load": rate(50)}), "queue": ("sqs", {}), "worker": ("worker", {"workers": 50, "duration": constant(0.1)}), "next": ("sqs", {})},
        {"source.out -> queue.in": {}, "queue.out -> worker.source": AT_ONCE, "worker.out -> next.in": {"share": share}}, duration_s=60)
    return outcome(scenario, *controls)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_processing_publishes_for_a_share_of_the_messages(share: float) -> None:
    seen = passing_on(share)
    done, sent = seen.total("worker", "MessagesProcessed"), seen.total("next", "NumberOfMessagesSent")
    assert done > 2500
    assert sent / done == pytest.approx(share, abs=4 * (share * (1 - share) / done) ** 0.5)
    assert seen.report["nodes"]["worker"]["ledger"]["created"] == sent


def test_processing_fails_while_its_result_cannot_be_published() -> None:
    down = {"time_s": 0, "action": "fault", "node": "next", "fault": "unavailable"}
    seen = passing_on(1.0, down, {**down, "time_s": 20, "action": "clear_fault"}, **at_times(1))
    assert seen.total("worker", "Errors") == 1
    assert seen.total("worker", "MessagesProcessed") == seen.total("next", "NumberOfMessagesSent") == 1
    assert seen.total("queue", "NumberOfMessagesReceived") == 2
