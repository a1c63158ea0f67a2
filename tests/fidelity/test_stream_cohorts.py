"""Streams in cohorts: what they must not change, and how close they come to every record by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from simulator.engine.key_space import KeySpace
from simulator.mechanics.streams.cohort_rows import Row, Rows
from simulator.mechanics.streams.key_shares import shares_of_keys, shares_of_ranges
from simulator.mechanics.streams.shards import even_ranges, hash_key_of
from simulator.run import Simulation
from tests.drawing import Outcome, constant, drawing, outcome

pytestmark = pytest.mark.xdist_group("stream cohorts")

FUNCTION = {"duration": {"type": "lognormal", "p50_s": 0.05, "p99_s": 0.15}, "batch_work": "single"}
OVERLOAD = {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 800}, {"at_s": 8, "rate_per_s": 2600}, {"at_s": 32, "rate_per_s": 400}]}
COUNT = 300


def stream_of(
    shards: int, load: Any, readers: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]], fidelity: Any, *, keys: Any = None, producer: Any = None, stream: Any = None,
    size_bytes: int = 200, arrivals: str = "poisson", **run: Any,
) -> dict[str, Any]:
    """Clicks, a stream, and its consumers: (kind, parameters, parameters of the wire)."""
    message = {"name": "click", "size_bytes": size_bytes, "key": keys or {"keys": "uniform", "number": 100_000}}
    nodes: dict[str, Any] = {
        "clicks": ("traffic", {"load": load if isinstance(load, dict) else {"shape": "constant", "rate_per_s": load}, "arrivals": arrivals, "message_types": [message]}),
        "stream": ("kinesis", {"shard_count": shards} | (stream or {})),
    }
    wires: dict[str, Any] = {"clicks.out -> stream.in": producer or {}}
    for name, (kind, parameters, wire) in readers.items():
        nodes[name] = (kind, parameters)
        wires[f"stream.out -> {name}.stream"] = wire
    return drawing(nodes, wires, fidelity=fidelity, account={"lambda": {"concurrent_executions": 10_000}}, **run)


def kcl(mean_s: float = 0.001, **wire: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return ("kcl_application", {"duration": constant(mean_s)}, wire)


def function(**wire: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return ("lambda", FUNCTION, wire)


REGIMES: dict[str, dict[str, Any]] = {
    "polled": {"shards": 6, "load": 1500, "readers": {"app": kcl(0.002), "function": function()}, "duration_s": 30},
    "pushed": {"shards": 6, "load": 1500, "readers": {"app": kcl(0.002, enhanced_fan_out=True), "function": function(enhanced_fan_out=True)}, "duration_s": 30},
    "lanes": {"shards": 4, "load": 1600, "readers": {"function": function(parallelization_factor=2, batch_size=50)}, "duration_s": 30},
    "overload": {"shards": 20, "load": OVERLOAD, "readers": {"app": kcl(0.01)}, "duration_s": 60, "arrivals": "even"},
    "hot": {"shards": 4, "load": 2200, "readers": {"app": kcl(0.0005)}, "duration_s": 25, "keys": {"keys": "zipf", "number": 500, "exponent": 1.2}},
    "batches": {"shards": 4, "load": 1500, "readers": {"app": kcl()}, "duration_s": 30, "producer": {"producer": "put_records"}},
}


@cache
def both(name: str, seed: int = 1) -> tuple[Outcome, Outcome]:
    """The regime record by record, and in cohorts."""
    regime = dict(REGIMES[name])
    shards, load, readers = regime.pop("shards"), regime.pop("load"), regime.pop("readers")
    seen = tuple(outcome(stream_of(shards, load, readers, fidelity, seed=seed, **regime)) for fidelity in ("exact", COUNT))
    assert [each.report["fidelity"]["used"] for each in seen] == ["exact", "cohorts"]
    return seen[0], seen[1]


# -- keys and shards ------------------------------------------------------------------------------------------------


class Range:
    """A shard's hash keys."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high


def test_shares_are_those_of_hashing_each_key_by_itself() -> None:
    keys, shards = KeySpace(2000, 1.1), [Range(*each) for each in even_ranges(7)]
    counted = np.zeros(7)
    for key, chance in enumerate(keys.chances()):
        hashed = hash_key_of(str(key))
        counted[next(place for place, shard in enumerate(shards) if shard.low <= hashed <= shard.high)] += chance
    assert shares_of_keys(keys, 0, shards) == pytest.approx(counted)  # type: ignore[arg-type]


def test_a_salted_key_is_spread_and_a_random_one_goes_by_the_ranges() -> None:
    shards = [Range(*each) for each in [*even_ranges(2, 0, 2**127 - 1), *even_ranges(1, 2**127, 2**128 - 1)]]
    assert shares_of_keys(KeySpace(), 0, shards).max() == 1  # type: ignore[arg-type]
    assert shares_of_keys(KeySpace(), 1000, shards) == pytest.approx([0.25, 0.25, 0.5], abs=0.05)  # type: ignore[arg-type]
    assert shares_of_ranges(shards) == pytest.approx([0.25, 0.25, 0.5])  # type: ignore[arg-type]


def test_rows_give_each_record_once_and_in_order() -> None:
    rows = Rows(2)
    for counts in ([3, 0], [2, 5], [0, 1]):
        rows.append(Row(None, sum(counts), (0, 1), (1, 2)), np.array(counts))  # type: ignore[arg-type]
    pointers, done = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
    seen: list[tuple[int, int, int, int]] = []
    for upto in ([4, 0], [4, 5], [5, 6]):
        pieces = rows.take(pointers, done, np.array(upto))
        seen += list(zip(pieces.rows.tolist(), pieces.shards.tolist(), pieces.firsts.tolist(), pieces.counts.tolist(), strict=True))
        done = np.array(upto)
    assert sorted(seen) == [(0, 0, 0, 3), (1, 0, 3, 1), (1, 0, 4, 1), (1, 1, 0, 5), (2, 1, 5, 1)]
    assert pointers.tolist() == [3, 3]


# -- against every record by itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("regime", "consumer"), [
    ("polled", "app"), ("polled", "function"), ("pushed", "app"), ("pushed", "function"), ("lanes", "function"), ("overload", "app"), ("hot", "app"), ("batches", "app")])
def test_latencies_are_those_of_single_records(regime: str, consumer: str) -> None:
    # when the overload begins, chance decides how long until each of the few shards is polled: a per cent of the mean latency
    seeds = (1, 2, 3) if regime == "overload" else (1,)
    for figure, error in (("mean", 0.03), ("p50", 0.03), ("p95", 0.03), ("p99", 0.06)):
        exact, cohorts = (sum(both(regime, seed)[place].path("clicks", "stream", consumer)["latency"][figure] for seed in seeds) / len(seeds) for place in (0, 1))
        assert cohorts == pytest.approx(exact, rel=error), figure


@pytest.mark.parametrize("regime", list(REGIMES))
def test_what_is_written_and_processed_is_the_same_but_for_the_last_step(regime: str) -> None:
    for figure in ("IncomingRecords",):
        exact, cohorts = (each.total("stream", figure) for each in both(regime))
        assert cohorts == pytest.approx(exact, rel=0.04)


def test_a_function_is_invoked_as_often_and_for_as_long() -> None:
    for regime in ("polled", "pushed", "lanes"):
        exact, cohorts = both(regime)
        assert cohorts.total("function", "Invocations") == pytest.approx(exact.total("function", "Invocations"), rel=0.04)
        assert cohorts.metric("function", "Duration")["mean"] == pytest.approx(exact.metric("function", "Duration")["mean"], rel=0.04)
        assert cohorts.metric("function", "ConcurrentExecutions")["mean"] == pytest.approx(exact.metric("function", "ConcurrentExecutions")["mean"], rel=0.06)
        assert cohorts.metric("function", "IteratorAge")["mean"] == pytest.approx(exact.metric("function", "IteratorAge")["mean"], rel=0.06)


def test_an_overload_builds_the_same_backlog() -> None:
    exact, cohorts = both("overload")
    for each in (exact, cohorts):
        assert each.metric("stream", "RecordsNotProcessed")["max"] > 14_000
    assert cohorts.metric("stream", "RecordsNotProcessed")["max"] == pytest.approx(exact.metric("stream", "RecordsNotProcessed")["max"], rel=0.04)
    assert cohorts.metric("stream", "GetRecords.IteratorAgeMilliseconds")["mean"] == pytest.approx(exact.metric("stream", "GetRecords.IteratorAgeMilliseconds")["mean"], rel=0.25)


def test_a_hot_shard_refuses_as_much_and_as_much_is_lost() -> None:
    exact, cohorts = both("hot")
    shares = [each.lost("stream")["not_retried"] / each.report["conservation"]["created"] for each in (exact, cohorts)]
    assert shares[0] > 0.03
    assert shares[1] == pytest.approx(shares[0], rel=0.06)
    tries = [each.total("stream", "WriteProvisionedThroughputExceeded") / each.total("stream", "IncomingRecords") for each in (exact, cohorts)]
    assert tries[1] == pytest.approx(tries[0], rel=0.06)
    assert cohorts.metric("stream", "HottestShardWriteShare")["mean"] == pytest.approx(exact.metric("stream", "HottestShardWriteShare")["mean"], rel=0.06)
    waits = [each.path("clicks", "stream", "app")["latency"]["max"] for each in (exact, cohorts)]
    assert waits[1] == pytest.approx(waits[0], rel=0.2)


def test_waits_have_the_same_causes() -> None:
    for consumer in ("app", "function"):
        exact, cohorts = ({entry["cause"]: entry["mean_s"] for entry in each.path("clicks", "stream", consumer)["split"]} for each in both("polled"))
        for cause, seconds in exact.items():
            if cause != "cold_start":
                assert cohorts[cause] == pytest.approx(seconds, rel=0.06, abs=0.02), cause


# -- what happens in a run ------------------------------------------------------------------------------------------


def fault(time_s: float, node: str, name: str, **value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "fault", "node": node, "fault": name, "value": value}


def clear(time_s: float, node: str, name: str) -> dict[str, Any]:
    return {"time_s": time_s, "action": "clear_fault", "node": node, "fault": name}


def conserved(scenario: Mapping[str, Any], *controls: Mapping[str, Any]) -> Outcome:
    """Run in cohorts; every slice checks that no message is lost or invented."""
    seen = outcome(scenario, *controls)
    assert seen.report["fidelity"]["nodes"]["stream"]["used"] == "cohorts"
    assert seen.report["conservation"]["residual"] == 0
    return seen


def test_a_function_that_is_stopped_catches_up_when_its_batches_are_tried_again() -> None:
    controls = (fault(10, "function", "stops"), clear(18, "function", "stops"))
    seen = conserved(stream_of(20, 4000, {"function": function()}, COUNT, duration_s=40), *controls)
    single = outcome(stream_of(20, 4000, {"function": function()}, COUNT, duration_s=9))
    latency = seen.path("clicks", "stream", "function")["latency"]
    assert 8 < latency["max"] < 8 + 8
    assert seen.total("function", "Throttles") == pytest.approx(20 * 4, abs=20)
    assert seen.waits("stream")["stopped"] > 20 * single.waits("stream").get("stopped", 0)
    assert seen.last("stream", "RecordsNotProcessed") == pytest.approx(4000 * 0.6, rel=0.3)


def test_puts_that_fail_are_lost_after_their_attempts() -> None:
    seen = conserved(stream_of(8, 2000, {"app": kcl()}, COUNT, duration_s=30), fault(10, "stream", "unavailable"), clear(15, "stream", "unavailable"))
    assert seen.lost("stream")["not_retried"] == pytest.approx(2000 * 5, rel=0.1)
    assert seen.total("stream", "WriteProvisionedThroughputExceeded") == 0


def test_shards_of_a_lost_worker_wait_for_the_failover() -> None:
    seen = conserved(stream_of(8, 2000, {"app": kcl()}, COUNT, duration_s=40), fault(10, "app", "workers_die", workers=1))
    assert (seen.total("app", "LostLeases"), seen.total("app", "LeasesMoved")) == (4, 4)
    assert 10 < seen.path("clicks", "stream", "app")["latency"]["max"] < 13
    assert seen.last("app", "LeasesHeld") == 8


def test_children_of_a_split_are_read_after_their_parents() -> None:
    stream = {"reshards": [{"at_s": 10, "action": "update_shard_count", "target_shard_count": 4}], "reshard_duration_s": 5}
    seen = conserved(stream_of(2, 800, {"app": kcl(0.0028)}, COUNT, stream=stream, duration_s=60))
    exact = outcome(stream_of(2, 800, {"app": kcl(0.0028)}, "exact", stream=stream, duration_s=60))
    for each in (seen, exact):
        assert each.last("stream", "OpenShardCount") == each.last("app", "LeasesHeld") == 4
        assert 0.05 < each.waits("stream")["parent_shard"] / each.total("app", "RecordsProcessed") < 0.2
        assert each.total("stream", "WriteProvisionedThroughputExceeded") == 0
    latencies = [each.path("clicks", "stream", "app")["latency"] for each in (seen, exact)]
    assert latencies[0]["mean"] == pytest.approx(latencies[1]["mean"], rel=0.06)
    assert latencies[0]["p99"] == pytest.approx(latencies[1]["p99"], rel=0.2)


def test_what_skips_a_batch_loses_what_single_records_lose() -> None:
    exact, cohorts = (outcome(stream_of(4, 1200, {"app": kcl()}, fidelity, duration_s=40), fault(5, "app", "fails", share=0.005)) for fidelity in ("exact", COUNT))
    assert cohorts.total("app", "RecordsSkipped") == pytest.approx(exact.total("app", "RecordsSkipped"), rel=0.06)
    assert cohorts.total("app", "Exceptions") == pytest.approx(exact.total("app", "Exceptions"), rel=0.15)
    assert cohorts.report["conservation"]["residual"] == 0


def retained(fidelity: Any, readers: Mapping[str, Any], retention_s: float) -> Simulation:
    """A stream whose retention is shorter than any that one may set, so that a short run sees it."""
    simulation = Simulation(stream_of(4, 1000, readers, fidelity, duration_s=60))
    simulation.network.nodes["stream"].retention_s = retention_s  # type: ignore[attr-defined]
    for _ in simulation.frames():
        simulation.network.check_conservation()
    return simulation


def test_retention_takes_what_a_slow_consumer_has_not_processed() -> None:
    """500 of 1,000 a second are processed: after 40 s the oldest was written 20 s ago."""
    slow = {"function": ("lambda", {"duration": constant(0.8), "batch_work": "single"}, {})}
    # a batch that retention has thinned out takes the function as long as a full one
    lost = [retained(fidelity, slow, 20.0).network.nodes["stream"].losses["retention"].messages for fidelity in ("exact", COUNT)]
    assert 500 * 20 < lost[0] < 1000 * 20
    assert lost[1] == pytest.approx(lost[0], rel=0.1)


def test_what_nobody_reads_stays_until_retention_takes_it() -> None:
    stream = retained(COUNT, {}, 20.0).network.nodes["stream"]
    assert stream.losses["retention"].messages == pytest.approx(40 * 1000, rel=0.05)
    assert stream.holding() == pytest.approx(20 * 1000, rel=0.1)


def test_the_same_seed_gives_the_same_report() -> None:
    def report() -> dict[str, Any]:
        seen = outcome(stream_of(8, 3000, {"app": kcl(), "function": function()}, COUNT, duration_s=10)).report
        return {key: value for key, value in seen.items() if not key.startswith(("wall", "messages_per"))}

    assert report() == report()


def test_results_of_a_function_go_on_as_cohorts() -> None:
    scenario = stream_of(4, 1500, {"app": kcl()}, COUNT, duration_s=30)
    scenario["nodes"] += [{"id": "queue", "kind": "sqs", "parameters": {}}]
    scenario["wires"] += [{"id": "published", "from": {"node": "app", "port": "out"}, "to": {"node": "queue", "port": "in"}, "parameters": {"share": 0.5}}]
    seen = conserved(scenario)
    assert seen.total("queue", "NumberOfMessagesSent") == pytest.approx(0.5 * seen.total("app", "RecordsProcessed"), rel=0.02)


# -- where single records stay --------------------------------------------------------------------------------------


def cases() -> Iterator[Any]:
    yield pytest.param({"stream": {"stream_mode": "ON_DEMAND"}}, "on-demand", id="on demand")
    yield pytest.param({"producer": {"producer": "kpl"}}, "packs", id="kpl")
    yield pytest.param({"producer": {"producer": "service"}}, "answered", id="service")
    yield pytest.param({"producer": {"strict_order": True}}, "after the one before", id="strict order")
    yield pytest.param({"readers": {"function": function(batching_window_s=5)}}, "windows", id="window")
    yield pytest.param({"readers": {"function": ("lambda", FUNCTION | {"reserved_concurrency": 2}, {})}}, "throttled", id="throttles")
    yield pytest.param({"readers": {"function": ("lambda", FUNCTION | {"failure_probability": 0.1}, {})}}, "fails", id="failures")
    yield pytest.param({"readers": {"app": ("kcl_application", {"shards_at_once": 1}, {})}}, "processors", id="processors")
    yield pytest.param({"readers": {"app": kcl(starting_position="LATEST")}}, "oldest", id="position")
    yield pytest.param({"readers": {name: kcl(idle_time_between_reads_s=0.3) for name in ("a", "b")}}, "more often", id="polls")
    yield pytest.param({"size_bytes": 2_000_000, "stream": {"max_record_size_kib": 4096}}, "tank", id="large records")


@pytest.mark.parametrize(("settings", "why"), list(cases()))
def test_records_come_one_by_one_where_each_matters(settings: dict[str, Any], why: str) -> None:
    settings = {"readers": {"app": kcl()}} | settings
    readers = settings.pop("readers")
    report = outcome(stream_of(4, 100, readers, COUNT, duration_s=3, **settings)).report
    assert report["fidelity"]["nodes"]["stream"]["used"] == "exact"
    assert why in report["fidelity"]["nodes"]["stream"]["why"]
