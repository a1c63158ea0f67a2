"""Lambda's asynchronous events beyond retries: destinations, dead letters, payloads, long queues, and events that come twice."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings import InvalidScenario
from tests.drawing import Outcome, at_times, by_type, constant, deliveries, drawing, outcome, rate

WARM = {"sandbox_start_s": 0, "runtime": "rust", "idle_half_life_s": 86400, "duration": constant(0.1)}
FAILS_ONCE = {"failure_probability": 1, "maximum_retry_attempts": 0}
ORDER = {"message_types": [{"name": "order", "size_bytes": 2000, "body": {"status": "paid"}}]}


def told(source: dict[str, Any], function: dict[str, Any] | None = None, *, to: dict[str, str], **run: Any) -> dict[str, Any]:
    """Callers that hand over events; ``to`` names a queue for each destination."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "function": ("lambda", WARM | (function or {}))}
    wires: dict[str, Any] = {"source.out -> function.events": {}}
    for port, queue in to.items():
        nodes[queue] = ("sqs", {})
        wires[f"function.{port} -> {queue}.in"] = {}
    return drawing(nodes, wires, **run)


def unavailable(node: str) -> dict[str, Any]:
    return {"time_s": 0, "action": "fault", "node": node, "fault": "unavailable", "value": {}}


def entered(seen: Outcome, node: str) -> int:
    return int(seen.report["nodes"][node]["ledger"]["entered"])


# -- destinations ---------------------------------------------------------------------------------------------------


def test_the_destination_on_success_gets_a_record_with_event_and_answer() -> None:
    scenario = told(at_times(1, 2, 3) | ORDER, {"response_bytes": 700, "invocation_record_bytes": 400}, to={"on_success": "done", "on_failure": "failed"}, duration_s=20)
    records = deliveries(scenario, "done")
    assert [(record.at_s, record.type, record.size_bytes) for record in records] == [(pytest.approx(at_s + 0.1, abs=0.1), "order: success", 2000 + 700 + 400) for at_s in (1, 2, 3)]
    seen = outcome(scenario)
    assert seen.total("function", "MessagesProcessed") == 3
    assert entered(seen, "failed") == 0


def test_the_destination_on_failure_gets_a_record_and_the_dead_letter_queue_the_event() -> None:
    destination = deliveries(told(at_times(1) | ORDER, FAILS_ONCE, to={"on_failure": "failed"}, duration_s=20), "failed")
    assert [(record.type, record.size_bytes) for record in destination] == [("order: failure", 2000 + 256 + 500)]
    dead = deliveries(told(at_times(1) | ORDER, FAILS_ONCE, to={"dlq": "dead"}, duration_s=20), "dead")
    assert [(event.type, event.size_bytes) for event in dead] == [("order", 2000)]


def test_both_get_what_failed_if_there_are_both() -> None:
    seen = outcome(told(at_times(1, 2), FAILS_ONCE, to={"on_failure": "failed", "dlq": "dead"}, duration_s=20))
    assert (entered(seen, "failed"), entered(seen, "dead")) == (2, 2)
    assert seen.total("function", "AsyncEventsDropped") == 2


def test_nothing_goes_to_a_destination_before_the_last_try() -> None:
    seen = outcome(told(at_times(1), {"failure_probability": 1}, to={"on_failure": "failed"}, duration_s=300, frame_interval_s=1))
    arrived = seen.series("failed", "NumberOfMessagesSent")
    assert min(time_s for time_s, count in arrived.items() if count) == pytest.approx(181, abs=1.5)


def test_records_that_are_refused_are_delivery_failures_and_lose_what_failed() -> None:
    lost = outcome(told(at_times(1), FAILS_ONCE, to={"on_failure": "failed"}, duration_s=20), unavailable("failed"))
    assert lost.total("function", "DestinationDeliveryFailures") == 1
    assert lost.lost("function") == {"retries": 1}
    kept = outcome(told(at_times(1), FAILS_ONCE, to={"on_failure": "failed", "dlq": "dead"}, duration_s=20), unavailable("failed"))
    assert (entered(kept, "dead"), kept.lost("function")) == (1, {})
    done = outcome(told(at_times(1), to={"on_success": "done"}, duration_s=20), unavailable("done"))
    assert done.total("function", "DestinationDeliveryFailures") == 1
    assert done.path("source", "function")["messages"] == 1, "the event was processed all the same"


def test_a_dead_letter_queue_that_refuses_is_a_dead_letter_error() -> None:
    seen = outcome(told(at_times(1), FAILS_ONCE, to={"dlq": "dead"}, duration_s=20), unavailable("dead"))
    assert seen.total("function", "DeadLetterErrors") == 1
    assert seen.total("function", "DestinationDeliveryFailures") == 0


def test_a_rule_of_a_bus_sees_the_record_as_an_event() -> None:
    wires = {
        "source.out -> function.events": {}, "function.on_success -> bus.in": {}, "function.on_failure -> bus.in": {},
        "bus.out -> paid.in": {"event_pattern": {"source": ["lambda"], "detail-type": [{"suffix": "Success"}], "detail": {"requestPayload": {"status": ["paid"]}}}},
        "bus.out -> failed.in": {"event_pattern": {"detail": {"requestContext": {"condition": ["RetriesExhausted"]}}}},
    }
    types = {"message_types": [{"name": "paid", "body": {"status": "paid"}}, {"name": "open", "body": {"status": "open"}}, {"name": "bad", "body": {}, "failure_probability": 1}]}
    scenario = drawing(
        {"source": ("traffic", {"load": rate(10)} | types), "function": ("lambda", WARM | {"maximum_retry_attempts": 0}), "bus": ("eventbridge", {}), "paid": ("sqs", {}), "failed": ("sqs", {})},
        wires, duration_s=60)
    assert set(by_type(deliveries(scenario, "paid"))) == {"paid: success"}
    assert set(by_type(deliveries(scenario, "failed"))) == {"bad: failure"}


def test_events_of_a_stopped_function_go_to_the_destination_at_once() -> None:
    seen = outcome(told(at_times(1), {"reserved_concurrency": 0}, to={"on_failure": "failed"}, duration_s=3))
    assert entered(seen, "failed") == 1


def test_functions_that_are_each_other_s_destination_do_not_stop_time() -> None:
    """Both are stopped: an event goes to and fro, ten times a second."""
    scenario = drawing(
        {"source": ("traffic", at_times(1)), "one": ("lambda", WARM | {"reserved_concurrency": 0}), "two": ("lambda", WARM | {"reserved_concurrency": 0})},
        {"source.out -> one.events": {}, "one.on_failure -> two.events": {}, "two.on_failure -> one.events": {}}, duration_s=11.05)
    seen = outcome(scenario)
    assert seen.total("one", "AsyncEventsDropped") + seen.total("two", "AsyncEventsDropped") == pytest.approx(101, abs=1)
    assert seen.report["conservation"]["unfinished"] == 1


def test_batches_of_a_mapping_have_no_destinations() -> None:
    scenario = drawing(
        {"source": ("traffic", at_times(1)), "queue": ("sqs", {"visibility_timeout_s": 60}), "function": ("lambda", WARM), "done": ("sqs", {})},
        {"source.out -> queue.in": {}, "queue.out -> function.source": {}, "function.on_success -> done.in": {}}, duration_s=30)
    seen = outcome(scenario)
    assert seen.total("function", "MessagesProcessed") == 1
    assert entered(seen, "done") == 0


# -- payloads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size_bytes", "taken"), [(1_048_576, 1), (1_048_577, 0)])
def test_an_event_may_have_one_megabyte(size_bytes: int, taken: int) -> None:
    seen = outcome(told(at_times(1) | {"message_types": [{"size_bytes": size_bytes}]}, to={}, duration_s=5))
    assert seen.total("function", "AsyncEventsReceived") == taken
    assert seen.lost("source") == ({} if taken else {"payload_size": 1})


def called(source: dict[str, Any], function: dict[str, Any]) -> dict[str, Any]:
    return drawing({"source": ("traffic", source), "function": ("lambda", WARM | function)}, {"source.requests -> function.requests": {}}, duration_s=200)


@pytest.mark.parametrize(("size_bytes", "taken"), [(6_291_456, 1), (6_291_457, 0)])
def test_a_request_may_have_six_megabytes(size_bytes: int, taken: int) -> None:
    seen = outcome(called(at_times(1) | {"message_types": [{"size_bytes": size_bytes}]}, {}))
    assert seen.total("function", "Invocations") == taken
    assert seen.lost("source") == ({} if taken else {"payload_size": 1})


def test_an_answer_over_six_megabytes_is_an_error_unless_it_is_streamed() -> None:
    with pytest.raises(InvalidScenario, match="larger than 6 MB"):
        outcome(called(at_times(1), {"response_bytes": 7_000_000}))
    grown = {"time_s": 5, "action": "parameter", "node": "function", "parameter": "response_bytes", "value": 7_000_000}
    seen = outcome(called(at_times(1, 10), {}), grown)
    assert seen.lost("source") == {"response_size": 1}
    assert seen.total("function", "Errors") == seen.total("function", "PayloadsRefused") == 1


def test_a_streamed_answer_goes_at_two_megabytes_a_second_after_the_first_six() -> None:
    """106 MB take 50 s, and 100 MB are billed."""
    seen = outcome(called(at_times(1), {"response_bytes": 106 * 2**20, "response_streaming": True, "timeout_s": 100}))
    assert seen.metric("function", "Duration")["max"] == pytest.approx(50.1)
    assert seen.quantity("function", "Streamed beyond 6 MB a request") == pytest.approx(100 / 1024)
    assert seen.lost("source") == {}


# -- the internal queue ---------------------------------------------------------------------------------------------


def test_a_long_queue_is_read_more_slowly() -> None:
    """500 events at once, and a queue is long from 100 on: event 500 is first read after 4 s, and tries are further apart."""
    function = {"reserved_concurrency": 1, "duration": constant(1)}
    short, long = (outcome(told(at_times(*[1] * 500), function | {"long_event_queue": length}, to={}, duration_s=120)) for length in (10_000, 100))
    assert short.waits("function").get("async_long_queue", 0) == 0
    assert long.waits("function")["async_long_queue"] == pytest.approx(sum(place / 100 - 1 for place in range(101, 501)))
    assert long.total("function", "Throttles") < 0.75 * short.total("function", "Throttles")


def test_some_events_come_twice() -> None:
    seen = outcome(told({"load": rate(50)}, {"repeated_event_share": 0.1}, to={}, duration_s=100))
    received = seen.total("function", "AsyncEventsReceived")
    assert seen.total("function", "Invocations") / received == pytest.approx(1.1, abs=0.02)
    assert sum(path["messages"] for path in seen.report["paths"]) == pytest.approx(received, abs=10), "a message ends once"
