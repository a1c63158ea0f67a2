"""The event source mapping of a Kinesis stream: one test for each documented rule, counted at the function."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from simulator.run import Simulation
from tests.drawing import INSTANT, Outcome, at_times, by_type, constant, deliveries, drawing, outcome, rate
from tests.services.test_kinesis import codes, for_a_while

KEYS = {"keys": "uniform", "number": 1000}
AT_ONCE = {"get_records_latency": INSTANT, "polling_interval_s": 0.2}
WARM = {"sandbox_start_s": 0, "runtime": "rust", "duration": constant(0.01)}


def mapped(put: dict[str, Any], mapping: dict[str, Any] | None = None, function: dict[str, Any] | None = None, shards: int = 1, destination: str | None = None, **run: Any) -> dict[str, Any]:
    """A source, a stream, and a function; with a destination for what it gives up."""
    nodes: dict[str, Any] = {"source": ("traffic", put), "stream": ("kinesis", {"shard_count": shards}), "function": ("lambda", WARM | (function or {}))}
    wires: dict[str, Any] = {"source.out -> stream.in": {"put_latency": INSTANT}, "stream.out -> function.stream": AT_ONCE | (mapping or {})}
    if destination is not None:
        nodes["destination"] = (destination, {})
        wires["function.discarded -> destination.in"] = {}
    return drawing(nodes, wires, **run)


def batches(graph: dict[str, Any], *controls: Any) -> list[tuple[float, list[int], list[int]]]:
    """Each invocation by a mapping that was not throttled: (when, numbers of its messages, their keys)."""
    simulation = Simulation(graph, controls)
    function: Any = simulation.network.nodes["function"]
    run_batch, seen = function.run_batch, []

    def noting(batch: Any, done: Any, partial: bool) -> Any:
        refusal = run_batch(batch, done, partial)
        if refusal is None:
            seen.append((function.agenda.now, [message.number for message in batch], [message.key for message in batch]))
        return refusal

    function.run_batch = noting
    for _ in simulation.frames():
        pass
    simulation.report()
    return seen


def poisoned(at_s: float = 5.0, others_per_s: float = 20.0, until_s: float = 20.0) -> dict[str, Any]:
    """Good records at a steady rate, and one that always fails, the one at ``at_s``."""
    count = int(others_per_s * until_s)
    times = sorted([*((place + 1) / others_per_s + 0.001 for place in range(count)), at_s])
    return at_times(*times) | {"message_types": [{"key": KEYS}]}


def with_poison(graph: dict[str, Any], number: int) -> Simulation:
    """The message of this number always fails."""
    simulation = Simulation(graph)
    function: Any = simulation.network.nodes["function"]
    function.failing = lambda message: int(message.number == number)
    function.parameters.failure_probability = 1e-9
    return simulation


def finish(simulation: Simulation) -> Outcome:
    for _ in simulation.frames():
        pass
    return Outcome(simulation.report().to_json())


def poison(mapping: dict[str, Any], number: int = 101, destination: str | None = None, duration_s: float = 120) -> Outcome:
    return finish(with_poison(mapped(poisoned(), {"batch_size": 16, "retry_base_s": 0.5, "retry_max_s": 2} | mapping, destination=destination, duration_s=duration_s), number))


# -- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_has_its_size_at_most_and_is_of_one_shard() -> None:
    seen = batches(mapped({"load": rate(300), "message_types": [{"key": KEYS}]}, {"batch_size": 40}, {"duration": constant(0.2)}, shards=2, duration_s=20))
    sizes = [len(numbers) for _, numbers, _ in seen]
    assert max(sizes) == 40
    shard_of: dict[int, int] = {}
    simulation = Simulation(mapped({"load": rate(1)}, shards=2, duration_s=1))
    stream: Any = simulation.network.nodes["stream"]
    for _, _, keys in seen:
        assert len({shard_of.setdefault(key, stream.map.of_key(str(key)).number) for key in keys}) == 1


def test_a_window_gathers_until_it_ends_and_begins_again_when_the_batch_is_done() -> None:
    seen = batches(mapped({"load": rate(20), "arrivals": "even"}, {"batching_window_s": 3}, {"duration": constant(1), "batch_work": "single"}, duration_s=30))
    starts = [at_s for at_s, _, _ in seen]
    assert all(after - before == pytest.approx(4, abs=0.01) for before, after in pairwise(starts[1:])), "3 s of window after 1 s of work"
    assert outcome(mapped({"load": rate(20)}, {"batching_window_s": 3, "batch_size": 10}, duration_s=30)).metric("function", "IteratorAge")["max"] < 1.5, "a full batch does not wait"


def test_a_batch_closes_at_6_mb() -> None:
    """A megabyte is 1.33 MB in the payload: four fit."""
    seen = batches(mapped(for_a_while(0.9, 20, 1_000_000), {"batching_window_s": 10}, duration_s=60))
    assert max(len(numbers) for _, numbers, _ in seen) == 4
    assert sum(len(numbers) for _, numbers, _ in seen) == 18


def test_batches_do_not_span_a_tumbling_window() -> None:
    seen = batches(mapped({"load": rate(10), "arrivals": "even"}, {"tumbling_window_s": 5, "batching_window_s": 3}, duration_s=40))
    assert len(seen) > 10
    assert all(numbers[0] // 50 == (numbers[-1] - 1) // 50 or (numbers[0] - 1) // 50 == (numbers[-1] - 1) // 50 for _, numbers, _ in seen)


@pytest.mark.parametrize("factor", [1, 4])
def test_the_parallelization_factor_multiplies_the_batches_of_a_shard_and_keeps_keys_in_order(factor: int) -> None:
    graph = mapped({"load": rate(150), "message_types": [{"key": {"keys": "uniform", "number": 40}}]}, {"batch_size": 5, "parallelization_factor": factor}, {"duration": constant(0.02)}, duration_s=40)
    seen = outcome(graph)
    assert seen.metric("function", "ConcurrentExecutions")["max"] == factor
    assert seen.total("function", "MessagesProcessed") == pytest.approx(40 * min(150, 50 * factor), rel=0.05)
    order: dict[int, list[int]] = {}
    for _, numbers, keys in batches(graph):
        for number, key in zip(numbers, keys, strict=True):
            order.setdefault(key, []).append(number)
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_what_does_not_match_counts_as_processed() -> None:
    put = {"load": rate(50), "message_types": [{"name": "click", "body": {"kind": "click"}}, {"name": "view", "body": {"kind": "view"}}]}
    graph = mapped(put, {"filter_criteria": [{"data": {"kind": ["click"]}}]}, duration_s=20)
    seen = outcome(graph)
    assert seen.total("function", "FilteredOutEventCount") + seen.total("function", "MessagesProcessed") == pytest.approx(1000, rel=0.1)
    assert seen.total("function", "FilteredOutEventCount") == pytest.approx(500, rel=0.2)
    assert seen.lost("stream") == {}


def test_a_disabled_mapping_keeps_its_position() -> None:
    off = {"time_s": 5, "action": "parameter", "after_s": 0, "node": "w1", "wire": "w1", "parameter": "enabled", "value": False}
    on = {**off, "time_s": 25, "value": True}
    controls = [{key: value for key, value in control.items() if key != "node"} for control in (off, on)]
    seen = outcome(mapped(for_a_while(20, 20), duration_s=40), *controls)
    assert seen.series("function", "MessagesProcessed")[24.0] == seen.series("function", "MessagesProcessed")[6.0]
    assert seen.total("function", "MessagesProcessed") == 400


@pytest.mark.parametrize(("position", "processed"), [("TRIM_HORIZON", 400), ("LATEST", 200), ("AT_TIMESTAMP", 300)])
@pytest.mark.parametrize("fan_out", [False, True])
def test_a_mapping_that_is_enabled_late_begins_at_its_starting_position(position: str, processed: int, fan_out: bool) -> None:
    """20 records a second for 20 s, and a mapping that is enabled after 10 s; the timestamp is 5 s."""
    enabled = {"time_s": 10, "action": "parameter", "after_s": 0, "wire": "w1", "parameter": "enabled", "value": True}
    mapping = {"enabled": False, "starting_position": position, "starting_timestamp_s": 5, "enhanced_fan_out": fan_out}
    seen = outcome(mapped(for_a_while(20, 20), mapping, duration_s=40), enabled)
    assert seen.total("function", "MessagesProcessed") == pytest.approx(processed, abs=3)
    assert seen.lost("stream") == {}
    assert seen.last("stream", "RecordsNotProcessed") == 0


# -- errors ---------------------------------------------------------------------------------------------------------


def test_by_default_a_poison_record_blocks_its_shard_and_the_age_grows_a_second_each_second() -> None:
    seen = poison({})
    assert seen.total("function", "MessagesProcessed") <= 101
    assert seen.metric("function", "IteratorAge")["max"] == pytest.approx(115, abs=4)
    assert seen.total("function", "Errors") > 30
    assert seen.lost("stream") == {}
    assert seen.last("stream", "RecordsNotProcessed") >= 300
    assert "fails at" in seen.report["nodes"]["stream"]["sentence"]


def test_other_shards_go_on() -> None:
    graph = mapped(poisoned(), {"batch_size": 16, "retry_max_s": 2}, shards=4, duration_s=60)
    seen = finish(with_poison(graph, 101))
    assert 0.6 * 401 < seen.total("function", "MessagesProcessed") < 0.95 * 401


def test_a_blocked_shard_goes_on_when_retention_takes_the_poison_with_all_that_expired() -> None:
    day_s = 86_400
    put = at_times(*(600.0 * place + 1 for place in range(150)))
    graph = mapped(put, {"retry_base_s": 60, "retry_max_s": 600, "polling_interval_s": 30}, duration_s=day_s + 4000, frame_interval_s=600)
    seen = finish(with_poison(graph, 3))
    assert 1 <= seen.lost("stream")["retention"] <= 3
    assert seen.total("stream", "RecordsExpired") == seen.lost("stream")["retention"]
    assert seen.total("function", "MessagesProcessed") >= 140
    assert seen.total("function", "DroppedEventCount") == 0, "retention is not counted as dropped"


def test_retries_are_counted_and_then_the_batch_is_given_up_whole() -> None:
    seen = poison({"maximum_retry_attempts": 3})
    assert seen.total("function", "Errors") == 4
    lost = seen.lost("stream")["retries_exhausted"]
    assert 1 < lost <= 16, "the good ones of the batch with the bad one"
    assert seen.total("function", "MessagesProcessed") == 401 - lost
    assert seen.total("function", "DroppedEventCount") == lost


def test_bisecting_isolates_the_poison_and_halving_is_no_retry() -> None:
    seen = poison({"maximum_retry_attempts": 2, "bisect_batch_on_function_error": True, "batching_window_s": 5})
    assert seen.lost("stream") == {"retries_exhausted": 1}
    assert seen.total("function", "MessagesProcessed") == 400
    assert seen.total("function", "Errors") == 4 + 3, "log2(16) halvings of the batch, then the record and its two retries"


def test_a_partial_response_tries_again_from_the_first_failure() -> None:
    seen = poison({"maximum_retry_attempts": 1, "report_batch_item_failures": True, "bisect_batch_on_function_error": False, "batching_window_s": 5})
    assert seen.total("function", "DuplicatesProcessed") == 0
    assert seen.total("function", "MessagesProcessed") + seen.lost("stream")["retries_exhausted"] == 401
    both = poison({"maximum_retry_attempts": 1, "report_batch_item_failures": True, "bisect_batch_on_function_error": True, "batching_window_s": 5})
    assert both.lost("stream") == {"retries_exhausted": 1}, "cut at the failure, then halved until the record is alone"
    assert both.total("function", "MessagesProcessed") == 400


def test_a_record_older_than_the_maximum_age_is_given_up() -> None:
    seen = poison({"maximum_record_age_s": 60})
    assert 57 <= seen.metric("function", "IteratorAge")["max"] <= 60
    assert seen.lost("stream").keys() == {"record_age"}
    assert seen.waits("stream")["batch_retry"] > 0.8 * 15 * 20 * 50, "those behind it waited for it"
    assert seen.total("function", "MessagesProcessed") + seen.lost("stream")["record_age"] == 401


def test_throttles_use_up_no_retries() -> None:
    stops = {"time_s": 5, "action": "fault", "node": "function", "fault": "stops", "value": {}}
    goes_on = {"time_s": 30, "action": "clear_fault", "node": "function", "fault": "stops"}
    seen = outcome(mapped(for_a_while(20, 20), {"maximum_retry_attempts": 0}, duration_s=90), stops, goes_on)
    assert seen.total("function", "Throttles") > 4
    assert seen.total("function", "MessagesProcessed") == 400
    assert seen.waits("stream")["stopped"] > 0


@pytest.mark.parametrize(("destination", "with_records"), [("sqs", False), ("s3", True)])
def test_a_destination_hears_of_what_is_given_up_and_only_a_bucket_gets_the_records(destination: str, with_records: bool) -> None:
    mapping = {"batch_size": 16, "maximum_retry_attempts": 0}
    graph = mapped(poisoned(), mapping, destination=destination, duration_s=60)
    seen = finish(with_poison(graph, 101))
    assert seen.total("function", "OnFailureDestinationDeliveredEventCount") >= 1
    assert seen.total("function", "DroppedEventCount") == 0
    assert seen.lost("stream") == {}
    told = deliveries(mapped({"load": rate(50), "arrivals": "even", "message_types": [{"failure_probability": 1}]}, mapping, destination=destination, duration_s=10), "destination")
    assert by_type(told)["discarded batch"] == len(told) > 10
    assert all((delivery.size_bytes > 2000) is with_records for delivery in told)


def test_a_function_slower_than_its_shard_falls_behind_and_more_lanes_or_larger_batches_cure_it() -> None:
    def age(**mapping: Any) -> float:
        graph = mapped({"load": rate(100), "message_types": [{"key": KEYS}]}, {"batch_size": 5} | mapping, {"duration": constant(0.1), "batch_work": "single"}, duration_s=120)
        return float(outcome(graph).metric("function", "IteratorAge")["max"])

    assert age() == pytest.approx(60, rel=0.1), "50 a second of 100"
    assert age(parallelization_factor=4) < 2
    assert age(batch_size=50) < 2


def test_reserved_concurrency_below_the_shards_makes_all_of_them_lag() -> None:
    graph = mapped({"load": rate(400), "message_types": [{"key": KEYS}]}, {"batch_size": 10}, {"duration": constant(0.1), "batch_work": "single", "reserved_concurrency": 2}, shards=8, duration_s=60)
    seen = outcome(graph)
    assert seen.total("function", "Throttles") > 50
    assert seen.metric("function", "IteratorAge")["max"] > 10
    assert seen.waits("stream")["reserved_concurrency"] > 0
    assert "reserved-below-lanes" in codes(graph)


def test_findings_tell_of_endless_retries_and_of_bad_ages() -> None:
    assert "poison-blocks-shard" in codes(mapped({"load": rate(1)}, duration_s=1))
    assert "discarded-without-trace" in codes(mapped({"load": rate(1)}, {"maximum_retry_attempts": 1}, duration_s=1))
    assert "record-age" in codes(mapped({"load": rate(1)}, {"maximum_record_age_s": 30}, duration_s=1))
    assert "filter-criteria" in codes(mapped({"load": rate(1)}, {"filter_criteria": [{"data": "x"}]}, duration_s=1))
