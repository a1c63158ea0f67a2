"""EventBridge Pipes: one test for each documented rule, counted at the queue and at the target."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import catalog, findings
from simulator.run import Simulation
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

TYPES = {"message_types": [{"name": "paid", "share": 3, "body": {"status": "paid"}, "attributes": {"tier": {"Type": "String", "Value": "gold"}}}, {"name": "draft", "body": {"status": "draft"}}]}


def piped(
    source: dict[str, Any], pipe: dict[str, Any] | None = None, reading: dict[str, Any] | None = None, *, queue: dict[str, Any] | None = None, target: dict[str, Any] | None = None,
    enrichment: dict[str, Any] | None = None, function: dict[str, Any] | None = None, dead: bool = False, **run: Any,
) -> dict[str, Any]:
    """A source, a queue, a pipe without latencies, and as its target a queue, or the ``function`` with these parameters; with ``enrichment`` a function that is asked."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "queue": ("sqs", queue or {}), "pipe": ("pipe", {"stage_latency": INSTANT} | (pipe or {}))}
    wires: dict[str, Any] = {"source.out -> queue.in": {}, "queue.out -> pipe.source": {"delivery_latency": INSTANT} | (reading or {})}
    if function is not None:
        nodes["target"] = ("lambda", {"duration": constant(0.1), "sandbox_start_s": 0} | function)
        wires["pipe.requests -> target.requests"] = {}
    else:
        nodes["target"] = ("sqs", target or {})
        wires["pipe.out -> target.in"] = {}
    if enrichment is not None:
        nodes["ask"] = ("lambda", {"duration": constant(0.5), "sandbox_start_s": 0} | enrichment)
        wires["pipe.enrichment -> ask.requests"] = {}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["queue.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def got(seen: Outcome, node: str = "target") -> int:
    return int(seen.report["nodes"][node]["ledger"]["entered"])


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario))}


def test_messages_go_to_the_target_and_are_deleted_from_the_source() -> None:
    seen = outcome(piped(at_times(1, 2, 3), duration_s=10))
    assert got(seen) == seen.total("pipe", "MessagesDelivered") == seen.total("queue", "NumberOfMessagesDeleted") == 3
    assert seen.last("queue", "ApproximateNumberOfMessagesNotVisible") == 0
    assert seen.total("pipe", "Invocations") == 3


@pytest.mark.parametrize("pattern", [{"body": {"status": ["paid"]}}, {"messageAttributes": {"tier": {"stringValue": ["gold"]}}}], ids=["body", "attributes"])
def test_what_the_filter_does_not_match_is_deleted_and_costs_nothing(pattern: dict[str, Any]) -> None:
    seen = outcome(piped(at_times(*range(200)) | TYPES, {"filter_pattern": pattern}, duration_s=300))
    assert seen.total("queue", "NumberOfMessagesDeleted") == 200
    assert 125 < got(seen) < 175
    assert seen.total("pipe", "EventsFiltered") == 200 - got(seen)
    assert seen.quantity("pipe", "Pipe requests, after the filter") == got(seen)
    assert next(path for path in seen.report["paths"] if path["end"] == "filtered out")["messages"] == 200 - got(seen)


def test_the_enrichment_is_asked_once_for_each_batch_before_the_target() -> None:
    seen = outcome(piped(at_times(*[1] * 10), enrichment={}, duration_s=30))
    assert seen.total("ask", "Invocations") == seen.total("pipe", "Invocations")
    assert got(seen) == 10
    assert seen.metric("pipe", "EnrichmentStageDuration")["p50"] >= 0.5
    assert seen.waits("pipe")["enrichment"] >= 5
    many = outcome(piped(at_times(*[1] * 10), reading={"batching_window_s": 1}, enrichment={}, duration_s=30))
    assert many.total("ask", "Invocations") == 1


def test_a_failed_enrichment_leaves_the_batch_in_the_queue_until_its_visibility_ends() -> None:
    seen = outcome(piped(at_times(1), queue={"visibility_timeout_s": 10}, enrichment={"failure_probability": 1}, duration_s=35))
    assert got(seen) == 0
    assert seen.total("pipe", "ExecutionFailed") == seen.total("queue", "NumberOfMessagesReceived") == 4
    assert seen.total("ask", "Errors") in (3, 4)


def test_what_fails_too_often_goes_to_the_queues_own_dead_letter_queue() -> None:
    seen = outcome(piped(at_times(1), queue={"visibility_timeout_s": 10, "max_receive_count": 2}, enrichment={"failure_probability": 1}, dead=True, duration_s=60))
    assert got(seen, "dead") == 1
    assert seen.total("ask", "Errors") == 2


def test_only_the_messages_a_one_way_target_refuses_come_back() -> None:
    sizes = {"message_types": [{"name": "small", "size_bytes": 500}, {"name": "large", "size_bytes": 5000}]}
    seen = outcome(piped(at_times(*[1] * 40) | sizes, reading={"batching_window_s": 1, "batch_size": 40}, target={"maximum_message_size_bytes": 1024}, duration_s=20))
    assert 10 < got(seen) < 30
    assert seen.total("pipe", "ExecutionPartiallyFailed") == 1
    assert seen.last("queue", "ApproximateNumberOfMessagesNotVisible") == 40 - got(seen)
    assert seen.total("pipe", "DuplicatesDelivered") == 0


def test_a_function_as_target_gets_one_request_for_a_batch_and_the_message_itself_alone() -> None:
    alone = outcome(piped(at_times(1, 3, 5), function={}, duration_s=20))
    assert alone.total("target", "Invocations") == 3
    assert alone.path("source", "queue", "pipe", "target")["messages"] == 3
    batch = outcome(piped(at_times(*[1] * 10), reading={"batching_window_s": 1}, function={}, duration_s=20))
    assert batch.total("target", "Invocations") == 1
    assert batch.total("pipe", "MessagesDelivered") == batch.total("queue", "NumberOfMessagesDeleted") == 10
    assert next(path for path in batch.report["paths"] if path["end"] == "handed to target")["messages"] == 10


def test_a_function_that_fails_fails_the_batch() -> None:
    seen = outcome(piped(at_times(1), queue={"visibility_timeout_s": 10}, function={"failure_probability": 1}, duration_s=15))
    assert seen.total("pipe", "ExecutionFailed") == 2
    assert seen.total("queue", "NumberOfMessagesDeleted") == 0


def test_an_execution_ends_at_its_timeout_and_the_message_is_delivered_again() -> None:
    seen = outcome(piped(at_times(1), {"timeout_s": 2}, queue={"visibility_timeout_s": 10}, function={"duration": constant(3), "timeout_s": 10}, duration_s=15))
    assert seen.total("pipe", "ExecutionTimeout") == 2
    assert seen.total("target", "MessagesProcessed") == 2


def test_concurrency_starts_at_five_and_grows_by_sixty_a_minute() -> None:
    source = at_times(*[0] * 2000)
    seen = outcome(piped(source, reading={"batch_size": 1}, queue={"visibility_timeout_s": 600}, function={"duration": constant(10), "timeout_s": 20}, duration_s=61, frame_interval_s=1))
    allowed = seen.series("pipe", "ConcurrentExecutions")
    assert allowed[1] in (5, 6)
    assert allowed[60] == pytest.approx(65, abs=2)


def test_all_pipes_of_the_account_share_their_executions() -> None:
    account = {"pipe": {"concurrent_executions": 3}}
    seen = outcome(piped({"load": rate(20)}, reading={"batch_size": 1}, function={"duration": constant(1), "timeout_s": 5}, account=account, duration_s=30))
    assert seen.metric("pipe", "ConcurrentExecutions")["max"] == 3
    assert seen.total("pipe", "ExecutionThrottled") > 0
    assert seen.waits("queue")["pipe_executions"] > 0


def test_client_errors_in_a_row_stop_the_pipe() -> None:
    scenario = piped({"load": rate(5)}, {"stops_after_client_errors": 5}, reading={"batch_size": 1}, target={"maximum_message_size_bytes": 1024}, queue={"visibility_timeout_s": 30}, duration_s=30)
    scenario["nodes"][0]["parameters"]["message_types"] = [{"size_bytes": 5000}]
    seen = outcome(scenario)
    assert seen.total("pipe", "ExecutionFailed") == 5
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") > 100
    assert seen.report["nodes"]["pipe"]["sentence"] == "The pipe is stopped."


def test_a_stopped_pipe_reads_nothing_until_it_runs_again() -> None:
    stop, go = ({"time_s": at_s, "action": action, "node": "pipe", "fault": "stops"} for at_s, action in ((2, "fault"), (20, "clear_fault")))
    stopped = outcome(piped(at_times(1, 5, 6), duration_s=19), stop)
    assert got(stopped) == 1
    assert got(outcome(piped(at_times(1, 5, 6), duration_s=40), stop, go)) == 3


def test_requests_are_billed_by_64_kb_of_a_batch() -> None:
    source = at_times(*[1] * 10) | {"message_types": [{"size_bytes": 20_000}]}
    together = outcome(piped(source, reading={"batching_window_s": 1}, duration_s=10))
    assert together.quantity("pipe", "Pipe requests, after the filter") == 4
    assert outcome(piped(source, reading={"batch_size": 1}, duration_s=30)).quantity("pipe", "Pipe requests, after the filter") == 10


def test_a_transformer_changes_the_size_the_target_sees() -> None:
    seen = outcome(piped(at_times(1), {"input_bytes": 77}, duration_s=5))
    assert seen.metric("target", "SentMessageSize")["max"] == pytest.approx(77, rel=0.02)


def test_findings() -> None:
    assert "event-pattern" in codes(piped(at_times(1), {"filter_pattern": {"body": "x"}}, duration_s=5))
    assert "batch-needs-window" in codes(piped(at_times(1), reading={"batch_size": 100}, duration_s=5))
    bare = piped(at_times(1), duration_s=5)
    bare["wires"].pop()
    assert "no-target" in codes(bare)
    seen = outcome(bare)
    assert next(path for path in seen.report["paths"] if path["nodes"][-1] == "pipe")["end"] == "no target"
    two = piped(at_times(1), function={}, duration_s=5)
    two["nodes"].append({"id": "more", "kind": "sqs", "parameters": {}})
    two["wires"].append({"id": "w9", "from": {"node": "pipe", "port": "out"}, "to": {"node": "more", "port": "in"}, "parameters": {}})
    assert "pipe-targets" in codes(two)


def test_a_pipe_that_is_free_reads_as_fast_as_was_measured_for_functions() -> None:
    """Published percentiles of producer to function (eu-west-1, September 2022), before the pipe's own stages; held within 8 %."""
    seen = outcome(drawing(
        {"source": ("traffic", {"load": rate(20), "arrivals": "even"}), "queue": ("sqs", {}), "pipe": ("pipe", {"stage_latency": INSTANT}), "end": ("sqs", {}), "worker": ("worker", {"duration": INSTANT})},
        {"source.out -> queue.in": {}, "queue.out -> pipe.source": {"batch_size": 1}, "pipe.out -> end.in": {}, "end.out -> worker.source": {"request_latency": INSTANT}},
        duration_s=600, warm_up_s=60))
    latency = seen.path("source", "queue", "pipe", "end", "worker")["latency"]
    assert (latency["p50"], latency["p90"], latency["p99"]) == pytest.approx((0.0162, 0.0338, 0.105), rel=0.08)


# -- other sources --------------------------------------------------------------------------------------------------

FROM = {
    "table": ({"table": ("dynamodb", {})}, "app.requests -> table.requests", "table.stream -> pipe.stream"),
    "topic": ({"cluster": ("msk", {"topics": [{"name": "events", "partitions": 3}]})}, "app.out -> cluster.in", "cluster.out -> pipe.kafka"),
    "broker": ({"broker": ("mq", {"host_instance_type": "mq.m5.large"})}, "app.out -> broker.in", "broker.out -> pipe.broker"),
}
KINDS = {"message_types": [{"name": "keep", "share": 3, "body": {"kind": "keep"}, "key": {"keys": "uniform", "number": 50}}, {"name": "drop", "body": {"kind": "drop"}, "key": {"keys": "uniform", "number": 50}}]}


def drawn_from(source: str, put: dict[str, Any], pipe: dict[str, Any] | None = None, *, target: tuple[str, dict[str, Any]] | None = None, **run: Any) -> dict[str, Any]:
    """A source of one kind, a pipe, and a queue or ``(kind, parameters)`` of a function as its target."""
    nodes, into, reading = FROM[source]
    answers = target is not None and target[0] == "lambda"
    wires: dict[str, Any] = {into: {}, reading: {}, "pipe.requests -> target.requests" if answers else "pipe.out -> target.in": {}}
    return drawing({"app": ("traffic", put), **nodes, "pipe": ("pipe", pipe or {}), "target": target or ("sqs", {})}, wires, **run)


@pytest.mark.parametrize(("source", "field"), [("table", "data"), ("topic", "value"), ("broker", "data")])
def test_streams_of_tables_topics_and_brokers_are_read_filtered_and_handed_on(source: str, field: str) -> None:
    port = FROM[source][2].rpartition(".")[2]
    assert catalog.schema(catalog.service("pipe").Parameters)["properties"]["filter_pattern"]["widget_by_port"][port] == f"{field}_pattern", "the tester sees what the pipe does"
    put = {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [5 + 0.05 * place for place in range(400)]}}} | KINDS
    seen = outcome(drawn_from(source, put, {"filter_pattern": {field: {"kind": ["keep"]}}}, duration_s=60))
    filtered = seen.total("pipe", "EventsFiltered")
    assert 60 < filtered < 140
    assert got(seen) == seen.total("pipe", "MessagesDelivered") == 400 - filtered
    assert seen.report["nodes"]["pipe"]["ledger"]["entered"] == 400
    assert seen.total("pipe", "DuplicatesDelivered") == 0


@pytest.mark.parametrize("source", ["table", "topic"])
def test_an_ordered_source_waits_for_a_target_that_is_down_and_loses_nothing(source: str) -> None:
    down = [{"time_s": at_s, "action": action, "node": "target", "fault": "unavailable", "value": {}} for at_s, action in ((10, "fault"), (40, "clear_fault"))]
    seen = outcome(drawn_from(source, {"load": rate(10), "arrivals": "even"} | KINDS, {"stops_after_client_errors": 0}, duration_s=120), *down)
    assert seen.total("pipe", "ExecutionFailed") > 1
    assert got(seen) == pytest.approx(1200, abs=40)
    assert seen.total("pipe", "DuplicatesDelivered") == 0


def test_a_batch_of_a_broker_at_which_the_target_fails_is_delivered_again_and_dead_in_the_end() -> None:
    put = at_times(*[5 + 0.001 * place for place in range(20)])
    seen = outcome(drawn_from("broker", put, target=("lambda", {"failure_probability": 1, "duration": constant(0.1)}), duration_s=60))
    assert seen.total("pipe", "ExecutionFailed") == seen.total("target", "Errors") == 7
    assert seen.last("broker", "DeadLetterQueueSize") == 20
    assert seen.total("pipe", "MessagesDelivered") == 0


def test_a_pipe_has_one_source() -> None:
    two = drawn_from("topic", {"load": rate(1)}, duration_s=5)
    two["nodes"].append({"id": "queue", "kind": "sqs", "parameters": {}})
    two["wires"].append({"id": "w9", "from": {"node": "queue", "port": "out"}, "to": {"node": "pipe", "port": "source"}, "parameters": {}})
    assert "pipe-sources" in codes(two)


# -- failures in part, and throttles --------------------------------------------------------------------------------

HALF_BAD = {"message_types": [{"name": "good"}, {"name": "bad", "failure_probability": 1}]}


def test_messages_that_the_target_reports_as_failed_come_back_alone() -> None:
    seen = outcome(piped(at_times(*[1] * 40) | HALF_BAD, {"reports_failures": "target"}, {"batching_window_s": 1, "batch_size": 40}, function={}, duration_s=20))
    assert seen.total("target", "Errors") == seen.total("pipe", "ExecutionFailed") == 0
    assert seen.total("pipe", "ExecutionPartiallyFailed") == 1
    good = seen.total("pipe", "MessagesDelivered")
    assert 10 < good < 30
    assert seen.total("queue", "NumberOfMessagesDeleted") == good
    assert seen.last("queue", "ApproximateNumberOfMessagesNotVisible") == 40 - good
    whole = outcome(piped(at_times(*[1] * 40) | HALF_BAD, {"reports_failures": "nothing"}, {"batching_window_s": 1, "batch_size": 40}, function={"failure_probability": 1}, duration_s=20))
    assert whole.total("pipe", "MessagesDelivered") == 0
    assert whole.total("pipe", "ExecutionFailed") == 1


def test_messages_that_the_enrichment_reports_as_failed_do_not_reach_the_target() -> None:
    seen = outcome(piped(at_times(*[1] * 40) | HALF_BAD, {"reports_failures": "enrichment"}, {"batching_window_s": 1, "batch_size": 40}, enrichment={}, duration_s=20))
    assert got(seen) == seen.total("pipe", "MessagesDelivered") == seen.total("queue", "NumberOfMessagesDeleted")
    assert 10 < got(seen) < 30


def test_in_a_shard_all_that_follows_a_reported_record_fails_too() -> None:
    """Five batches of ten records, of which one in ten is bad: what is delivered is delivered in order, and never past the bad record at which the shard stands."""
    scenario = drawing(
        {"app": ("traffic", at_times(*[1 + 0.01 * place for place in range(50)]) | {"message_types": [{"name": "good", "share": 9}, {"name": "bad", "failure_probability": 1}]}),
         "stream": ("kinesis", {"shard_count": 1}), "pipe": ("pipe", {"reports_failures": "target"}), "target": ("lambda", {"duration": constant(0.1)})},
        {"app.out -> stream.in": {"put_latency": INSTANT}, "stream.out -> pipe.stream": {"batch_size": 10}, "pipe.requests -> target.requests": {}}, duration_s=60)
    simulation = Simulation(scenario)
    pipe: Any = simulation.network.nodes["pipe"]
    delivered: list[tuple[int, str]] = []
    take_over = pipe.take_over

    def noting(wire: Any, attempts: Any) -> Any:
        delivered.extend((attempt.position, attempt.type.name) for attempt in attempts)
        return take_over(wire, attempts)

    pipe.take_over = noting
    for _ in simulation.frames():
        pass
    assert 0 < len(delivered) < 50
    assert [position for position, _ in delivered] == list(range(len(delivered)))
    assert {name for _, name in delivered} == {"good"}


@pytest.mark.parametrize(("retries", "executions"), [(0, 4), (6, 0)])
def test_a_throttled_target_is_tried_again_within_the_execution(retries: int, executions: int) -> None:
    """The function may not run until 20 s have passed. Without retries its message comes back every 6 s; with them it waits in one execution."""
    stopped = [{"time_s": at_s, "action": action, "node": "target", "fault": "stops", "value": {}} for at_s, action in ((0, "fault"), (20, "clear_fault"))]
    seen = outcome(piped(at_times(1), {"throttle_retries": retries}, queue={"visibility_timeout_s": 6 if retries == 0 else 600}, function={}, duration_s=90), *stopped)
    assert seen.total("pipe", "MessagesDelivered") == seen.total("target", "MessagesProcessed") == 1
    assert seen.total("pipe", "ExecutionFailed") == executions
    assert (seen.total("pipe", "StageRetries") > 3) == (retries > 0)
    assert (seen.waits("pipe").get("throttled", 0) > 15) == (retries > 0)


def test_only_what_a_one_way_target_throttles_is_sent_again() -> None:
    """40 records at once into a shard that takes 10 a second: none is sent twice, none fails."""
    scenario = drawing(
        {"app": ("traffic", at_times(*[1] * 40)), "queue": ("sqs", {"visibility_timeout_s": 600}), "pipe": ("pipe", {"throttle_retries": 20}), "stream": ("kinesis", {"shard_count": 1, "shard_records_per_s": 10})},
        {"app.out -> queue.in": {}, "queue.out -> pipe.source": {"batching_window_s": 1, "batch_size": 40}, "pipe.out -> stream.in": {}}, duration_s=120)
    seen = outcome(scenario)
    assert seen.total("pipe", "MessagesDelivered") == got(seen, "stream") == 40
    assert seen.total("pipe", "ExecutionFailed") == seen.total("pipe", "ExecutionPartiallyFailed") == 0
    assert seen.total("pipe", "StageRetries") >= 3


@pytest.mark.parametrize(("profile", "after_a_minute"), [("sqs_page", 65), ("as_lambda", 305)])
def test_batches_grow_as_the_chosen_page_says(profile: str, after_a_minute: int) -> None:
    source = at_times(*[0] * 6000)
    seen = outcome(piped(source, reading={"batch_size": 1, "scaling_profile": profile, "delivery_latency": INSTANT}, queue={"visibility_timeout_s": 600}, function={"duration": constant(10), "timeout_s": 20}, duration_s=61, frame_interval_s=1))
    assert seen.series("pipe", "ConcurrentExecutions")[60] == pytest.approx(after_a_minute, abs=3)
