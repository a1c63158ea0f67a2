"""Firehose and EventBridge Pipes as consumers of a Kinesis stream, counted at their targets."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import catalog, findings
from simulator.mechanics.mappings.pipe_parameters import StreamSourceParameters
from simulator.scenario import Scenario
from tests.drawing import INSTANT, by_type, deliveries, drawing, outcome, rate
from tests.services.test_kinesis import codes, for_a_while

KEYS = {"keys": "uniform", "number": 5}


def delivered(per_s: float = 100, firehose: dict[str, Any] | None = None, reading: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    return drawing(
        {"source": ("traffic", for_a_while(per_s, 30, 200, KEYS)), "stream": ("kinesis", {"shard_count": 3}), "firehose": ("firehose", {"buffer_interval_s": 10} | (firehose or {})), "lake": ("s3", {})},
        {"source.out -> stream.in": {"put_latency": INSTANT}, "stream.out -> firehose.stream": reading or {}, "firehose.bucket -> lake.in": {}}, **run)


def test_firehose_reads_every_record_and_stores_them_in_batches() -> None:
    graph = delivered(duration_s=60)
    seen = outcome(graph)
    assert seen.total("firehose", "IncomingRecords") == seen.total("firehose", "DeliveryToDestination.Records") == 3000
    stored = deliveries(graph, "lake")
    assert sum(delivery.size_bytes for delivery in stored) == 3000 * 200
    assert len(stored) == pytest.approx(4, abs=1)


def test_firehose_buffers_each_key_by_itself_with_dynamic_partitioning() -> None:
    stored = deliveries(delivered(firehose={"buffer_interval_s": 60, "dynamic_partitioning": True}, duration_s=120), "lake")
    assert {delivery.key for delivery in stored} == {0, 1, 2, 3, 4}
    assert len(stored) == 5


def test_the_quotas_of_direct_put_do_not_count_for_a_stream() -> None:
    assert outcome(delivered(300, {"requests_per_s": 10}, duration_s=60)).total("firehose", "ThrottledRecords") == 0
    assert "not-offered" in codes(delivered(reading={"enhanced_fan_out": True}, duration_s=1))


def piped(pipe: dict[str, Any] | None = None, reading: dict[str, Any] | None = None, target: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    put = {"load": rate(40), "message_types": [{"name": "click", "body": {"kind": "click"}}, {"name": "view", "body": {"kind": "view"}}]}
    return drawing(
        {"source": ("traffic", put), "stream": ("kinesis", {"shard_count": 1}), "pipe": ("pipe", pipe or {}), "target": ("sqs", target or {})},
        {"source.out -> stream.in": {"put_latency": INSTANT}, "stream.out -> pipe.stream": reading or {}, "pipe.out -> target.in": {}}, **run)


def test_a_pipe_filters_records_by_their_data_and_hands_on_the_others() -> None:
    graph = piped({"filter_pattern": {"data": {"kind": ["click"]}}}, duration_s=30)
    taken = by_type(deliveries(graph, "target"))
    assert set(taken) == {"click"}
    assert outcome(graph).total("pipe", "EventsFiltered") == pytest.approx(taken["click"], rel=0.2)


def test_a_pipe_whose_target_fails_blocks_the_shard_and_loses_nothing() -> None:
    broken = {"time_s": 5, "action": "fault", "node": "target", "fault": "unavailable", "value": {}}
    mended = {"time_s": 20, "action": "clear_fault", "node": "target", "fault": "unavailable"}
    seen = outcome(piped(duration_s=60), broken, mended)
    assert seen.total("pipe", "ExecutionFailed") > 2
    assert seen.lost("stream") == {}
    assert seen.total("target", "NumberOfMessagesSent") > 0.9 * 40 * 60
    assert seen.waits("stream")["batch_retry"] > 100


def test_a_pipe_gives_up_after_its_retries() -> None:
    broken = {"time_s": 5, "action": "fault", "node": "target", "fault": "unavailable", "value": {}}
    seen = outcome(piped(reading={"maximum_retry_attempts": 1}, duration_s=40), broken)
    assert seen.lost("stream")["retries_exhausted"] > 100


@pytest.mark.parametrize(("name", "value", "rest"), [
    ("enhanced_fan_out", True, False), ("push_latency", {"type": "constant", "value_s": 0.1}, None), ("filter_criteria", [{"data": {"kind": ["click"]}}], []),
    ("report_batch_item_failures", True, False), ("tumbling_window_s", 30, 0),
])
def test_what_a_pipe_does_not_have_at_its_wire_is_found_unless_it_asks_for_nothing(name: str, value: Any, rest: Any) -> None:
    assert name not in StreamSourceParameters.model_fields
    (found,) = [finding for finding in findings.check(Scenario.from_json(piped(reading={name: value}, duration_s=1))) if finding.severity == "error"]
    assert (found.code, found.parameter, found.wire) == ("not-offered", name, piped()["wires"][1]["id"])
    assert outcome(piped(reading={name: rest}, duration_s=5)).total("pipe", "MessagesDelivered") > 0


@pytest.mark.parametrize("port", ["source", "kafka", "broker"])
def test_no_source_of_a_pipe_has_a_filter_at_its_wire(port: str) -> None:
    declared = catalog.port("pipe", port)
    assert declared is not None
    assert declared.wire_parameters is not None
    assert "filter_criteria" not in declared.wire_parameters.model_fields
    assert declared.wire_parameters.not_offered["filter_criteria"].hint.startswith("Give the pattern as the filter of the pipe")
