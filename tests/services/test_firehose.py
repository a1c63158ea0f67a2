"""Data Firehose: buffers by size and time, partitions, retries, backup and quotas, counted at the destination."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings import check
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

SMALL = {"message_types": [{"size_bytes": 1000}]}


def drawn(source: dict[str, Any], stream: dict[str, Any], *, bucket: dict[str, Any] | None = None, endpoint: dict[str, Any] | None = None, backup: bool = False, **run: Any) -> dict[str, Any]:
    nodes: dict[str, Any] = {"source": ("traffic", source), "stream": ("firehose", stream)}
    wires: dict[str, Any] = {"source.out -> stream.in": {}}
    if bucket is not None:
        nodes["bucket"] = ("s3", bucket)
        wires["stream.bucket -> bucket.in"] = {}
    if endpoint is not None:
        nodes["webhook"] = ("http_endpoint", {"latency": constant(0.1)} | endpoint)
        wires["stream.endpoint -> webhook.in"] = {}
    if backup:
        nodes["failed"] = ("s3", {})
        wires["stream.backup -> failed.in"] = {}
    return drawing(nodes, wires, **run)


def delivered(*arguments: Any, controls: tuple[Any, ...] = (), **how: Any) -> Outcome:
    return outcome(drawn(*arguments, **how), *controls)


def test_a_buffer_is_delivered_when_it_is_old_enough() -> None:
    """Records at 1, 2 and 30 s; the buffer that opened at 1 s is stored at 61 s as one object."""
    seen = delivered(at_times(1, 2, 30) | SMALL, {"buffer_interval_s": 60}, bucket={}, duration_s=100)
    assert seen.total("bucket", "PutRequests") == seen.total("stream", "BatchesDelivered") == 1
    assert seen.last("bucket", "BucketSizeBytes") == 3000
    assert seen.path("source", "stream")["latency"]["mean"] == pytest.approx((60 + 59 + 31) / 3)
    assert seen.metric("stream", "DataFreshness")["max"] >= 59


def test_a_buffer_is_delivered_when_it_is_full() -> None:
    """A megabyte each second and 5 MB in a buffer: an object every 5 s."""
    seen = delivered({"load": rate(10), "arrivals": "even", "message_types": [{"size_bytes": 100_000}]}, {"buffer_size_mb": 5, "buffer_interval_s": 900}, bucket={}, duration_s=51)
    assert seen.total("bucket", "PutRequests") == 10
    assert seen.metric("stream", "BatchSize")["max"] == 5_000_000


def test_without_an_interval_each_record_is_delivered_by_itself() -> None:
    seen = delivered(at_times(1, 2, 3), {"buffer_interval_s": 0}, bucket={}, duration_s=10)
    assert seen.total("bucket", "PutRequests") == 3


def test_partitions_have_buffers_of_their_own_and_the_rest_goes_to_the_error_prefix() -> None:
    keys = {"load": rate(50), "message_types": [{"size_bytes": 1000, "key": {"keys": "uniform", "number": 10}}]}
    split = delivered(keys, {"dynamic_partitioning": True, "buffer_interval_s": 60}, bucket={}, duration_s=60)
    assert split.metric("stream", "ActivePartitionsCount")["max"] == 10
    few = delivered(keys, {"dynamic_partitioning": True, "buffer_interval_s": 60, "active_partitions": 4}, bucket={}, duration_s=60)
    exceeded = few.total("stream", "PartitionCountExceeded")
    assert exceeded / few.total("stream", "IncomingRecords") == pytest.approx(0.6, rel=0.15)


def test_a_bucket_that_is_down_gets_the_records_later() -> None:
    down = {"time_s": 0, "action": "fault", "node": "bucket", "fault": "unavailable", "value": {}}
    up = {"time_s": 120, "action": "clear_fault", "node": "bucket", "fault": "unavailable"}
    seen = delivered({"load": rate(10)} | SMALL, {"buffer_interval_s": 10}, bucket={}, duration_s=300, controls=(down, up))
    assert seen.total("stream", "DeliveryFailures") > 10
    assert seen.report["conservation"]["lost"] == 0
    assert seen.total("stream", "DeliveryToDestination.Records") > 0.9 * seen.total("stream", "IncomingRecords")


def test_an_endpoint_that_stays_down_is_tried_for_the_retry_duration_then_the_backup_gets_the_batch() -> None:
    """Pauses of 1, 2, 4 and 8 s fit into 20 s: five attempts."""
    broken = {"latency": INSTANT, "failure_probability": 1}
    seen = delivered(at_times(1, 2) | SMALL, {"buffer_interval_s": 10, "retry_duration_s": 20}, endpoint=broken, backup=True, duration_s=60)
    assert seen.total("webhook", "Requests") == seen.total("stream", "DeliveryFailures") == 5
    assert seen.total("stream", "BackupToS3.Records") == 2
    assert seen.last("failed", "BucketSizeBytes") == 2000
    lost = delivered(at_times(1, 2) | SMALL, {"buffer_interval_s": 10, "retry_duration_s": 20}, endpoint=broken, duration_s=60)
    assert lost.lost("stream") == {"http_500": 2}


def test_batches_reach_an_endpoint_as_one_request() -> None:
    seen = delivered(at_times(1, 2, 3) | SMALL, {"buffer_interval_s": 10}, endpoint={}, duration_s=30)
    assert seen.total("webhook", "Successes") == 1
    assert seen.waits("stream") == pytest.approx({"buffering": 10 + 9 + 8, "delivery": 3 * 0.1})


@pytest.mark.parametrize(("quota", "taken_per_s"), [({"requests_per_s": 20}, 20), ({"requests_per_s": 2, "records_a_request": 15}, 30), ({"records_per_s": 25}, 25)])
def test_above_its_quotas_the_stream_refuses_records(quota: dict[str, Any], taken_per_s: float) -> None:
    seen = delivered({"load": rate(100), "arrivals": "even"} | SMALL, {"buffer_interval_s": 10} | quota, bucket={}, duration_s=40)
    assert seen.total("stream", "IncomingRecords") == pytest.approx(taken_per_s * 41, rel=0.02)
    assert seen.lost("source") == {"stream_quota": seen.total("stream", "ThrottledRecords")}


def test_throughput_is_a_quota_too() -> None:
    seen = delivered({"load": rate(10), "arrivals": "even", "message_types": [{"size_bytes": 1024 * 1000}]}, {"throughput_mb_per_s": 2}, bucket={}, duration_s=40)
    assert seen.total("stream", "IncomingBytes") / 1024**2 == pytest.approx(2 * 41, rel=0.03)


def test_a_topic_tries_a_throttling_stream_as_rarely_as_a_customer() -> None:
    nodes: dict[str, Any] = {"source": ("traffic", at_times(1, 1, 1)), "topic": ("sns", {}), "stream": ("firehose", {"requests_per_s": 1}), "bucket": ("s3", {})}
    seen = outcome(drawing(nodes, {"source.out -> topic.in": {}, "topic.out -> stream.in": {"delivery_latency": INSTANT}, "stream.bucket -> bucket.in": {}}, duration_s=4))
    assert seen.total("stream", "IncomingRecords") == 1
    assert seen.total("stream", "ThrottledRecords") == 2, "10 s between attempts, not 1 s"


@pytest.mark.parametrize(("size_bytes", "steps"), [(1, 1), (5120, 1), (5121, 2)])
def test_records_are_rounded_up_to_5_kilobytes_for_the_bill(size_bytes: int, steps: int) -> None:
    seen = delivered(at_times(1, 2) | {"message_types": [{"size_bytes": size_bytes}]}, {}, bucket={}, duration_s=10)
    assert seen.quantity("stream", "Ingestion, each record rounded up to 5 KB") == pytest.approx(2 * steps * 5120 / 1e9)


def test_a_record_over_1000_kib_is_refused() -> None:
    seen = delivered(at_times(1) | {"message_types": [{"size_bytes": 1_024_001}]}, {}, bucket={}, duration_s=10)
    assert seen.lost("source") == {"too_large": 1}


def test_a_stream_has_one_destination_and_partitions_need_a_bucket() -> None:
    def errors(graph: dict[str, Any]) -> set[str]:
        return {finding.code for finding in check(Scenario.from_json(graph)) if finding.severity == "error"}

    assert errors(drawn(at_times(1), {}, bucket={}, endpoint={}, duration_s=10)) == {"two-destinations"}
    assert errors(drawn(at_times(1), {"dynamic_partitioning": True}, endpoint={}, duration_s=10)) == {"partitions-need-a-bucket"}
    assert errors(drawn(at_times(1), {"dynamic_partitioning": True, "buffer_interval_s": 10}, bucket={}, duration_s=10)) == {"partition-buffer"}
