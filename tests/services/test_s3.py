"""S3: the rates of prefixes, 503 Slow Down, events, and the bill."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate


def bucket(source: dict[str, Any], parameters: dict[str, Any], *, queue: bool = False, port: str = "out -> bucket.in", **run: Any) -> Outcome:
    nodes: dict[str, Any] = {"source": ("traffic", source), "bucket": ("s3", parameters)}
    wires: dict[str, Any] = {f"source.{port}": {}}
    if queue:
        nodes["queue"] = ("sqs", {})
        wires["bucket.out -> queue.in"] = {}
    return outcome(drawing(nodes, wires, **run))


def test_a_prefix_answers_503_above_its_rate() -> None:
    seen = bucket({"load": rate(100), "arrivals": "even"}, {"writes_per_s": 60}, duration_s=50)
    assert seen.total("bucket", "PutRequests") == pytest.approx(60 * 50 + 60, abs=2), "the rate, and a burst of one second"
    assert seen.lost("source") == {"slow_down": seen.total("bucket", "5xxErrors")}


def test_more_prefixes_take_more() -> None:
    keys = {"load": rate(100), "message_types": [{"key": {"keys": "uniform", "number": 1000}}]}
    assert bucket(keys, {"writes_per_s": 60, "prefixes": 4}, duration_s=50).total("bucket", "5xxErrors") == 0


def test_a_prefix_that_stays_over_its_rate_is_split() -> None:
    seen = bucket({"load": rate(100), "arrivals": "even"}, {"writes_per_s": 60, "split_after_s": 20}, duration_s=60)
    assert seen.total("bucket", "PrefixesSplit") == 1
    errors = seen.series("bucket", "5xxErrors")
    assert errors[60] == errors[30] > 0, "at 120 a second there is room again"


def test_each_object_is_told_to_each_target_after_the_event_latency() -> None:
    nodes: dict[str, Any] = {"source": ("traffic", at_times(1, 2) | {"message_types": [{"size_bytes": 200_000}]}), "bucket": ("s3", {"event_latency": constant(3)}), "a": ("sqs", {}), "b": ("sqs", {})}
    seen = outcome(drawing(nodes, {"source.out -> bucket.in": {}, "bucket.out -> a.in": {}, "bucket.out -> b.in": {}}, duration_s=10))
    assert [seen.total(queue, "NumberOfMessagesSent") for queue in "ab"] == [2, 2]
    assert seen.metric("a", "SentMessageSize")["max"] == 1000, "an event names the object"
    assert seen.waits("bucket") == pytest.approx({"event_latency": 4 * 3})
    assert seen.last("bucket", "BucketSizeBytes") == 400_000


def test_an_event_that_is_refused_is_tried_again() -> None:
    nodes: dict[str, Any] = {"source": ("traffic", at_times(1)), "bucket": ("s3", {"event_latency": INSTANT}), "queue": ("sqs", {})}
    down = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable", "value": {}}
    up = {"time_s": 5, "action": "clear_fault", "node": "queue", "fault": "unavailable"}
    seen = outcome(drawing(nodes, {"source.out -> bucket.in": {}, "bucket.out -> queue.in": {}}, duration_s=20, frame_interval_s=1), down, up)
    assert seen.total("queue", "NumberOfMessagesSent") == seen.total("bucket", "EventsDelivered") == 1
    assert seen.waits("bucket") == pytest.approx({"event_retry": 1 + 2 + 4})


def test_reads_take_the_first_byte_latency_and_have_a_rate_of_their_own() -> None:
    seen = bucket({"load": rate(100), "arrivals": "even"}, {"first_byte_latency": constant(0.15), "reads_per_s": 40, "split_after_s": None}, port="requests -> bucket.reads", duration_s=20)
    assert seen.metric("bucket", "FirstByteLatency")["mean"] == pytest.approx(0.15)
    assert seen.total("bucket", "GetRequests") == pytest.approx(40 * 20 + 40 - 6, abs=3)


def test_the_default_latency_lies_where_it_was_published() -> None:
    seen = bucket({"load": rate(200)}, {}, port="requests -> bucket.reads", duration_s=60)
    assert 0.1 <= seen.metric("bucket", "FirstByteLatency")["p50"] <= 0.2


def test_requests_and_storage_are_billed() -> None:
    seen = bucket(at_times(0, 0) | {"message_types": [{"size_bytes": 500_000_000 // 2}]}, {}, duration_s=86400)
    assert seen.quantity("bucket", "PUT requests") == 2
    assert seen.quantity("bucket", "Storage, Standard") == pytest.approx(0.5 / 30, rel=0.01)


def test_a_slow_bucket_answers_reads_and_tells_of_objects_so_many_times_later() -> None:
    slow = {"time_s": 0, "action": "fault", "node": "bucket", "fault": "slows", "value": {"factor": 4}, "for_s": 10}
    parameters = {"first_byte_latency": constant(0.1), "event_latency": constant(0.5)}
    nodes = {"source": ("traffic", at_times(1, 12)), "bucket": ("s3", parameters), "queue": ("sqs", {})}
    reads = outcome(drawing({key: nodes[key] for key in ("source", "bucket")}, {"source.requests -> bucket.reads": {}}, duration_s=20, frame_interval_s=1), slow)
    assert reads.metric("bucket", "FirstByteLatency")["mean"] == pytest.approx((0.4 + 0.1) / 2)
    events = outcome(drawing(nodes, {"source.out -> bucket.in": {}, "bucket.out -> queue.in": {}}, duration_s=20, frame_interval_s=1), slow)
    assert events.waits("bucket") == pytest.approx({"event_latency": 2.0 + 0.5})


def test_a_reader_waits_for_the_last_byte() -> None:
    seen = bucket(at_times(1, 2), {"first_byte_latency": constant(0.2), "transfer": constant(1.5)}, port="requests -> bucket.reads", duration_s=10)
    assert seen.metric("bucket", "FirstByteLatency")["max"] == pytest.approx(0.2)
    assert seen.metric("bucket", "TotalRequestLatency")["max"] == seen.metric("source", "ResponseTime")["max"] == pytest.approx(1.7)
    assert seen.waits("bucket") == {"first_byte": pytest.approx(0.4), "transfer": pytest.approx(3)}
