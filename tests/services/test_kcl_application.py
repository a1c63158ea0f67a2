"""KCL application: leases, checkpoints and worker loss, counted at the application."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, constant, drawing, outcome, rate
from tests.services.test_kinesis import codes, for_a_while, taken

KEYS = {"keys": "uniform", "number": 200}


def application(put: dict[str, Any], shards: int, workers: dict[str, Any], reading: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    return drawing(
        {"source": ("traffic", put), "stream": ("kinesis", {"shard_count": shards}), "reader0": ("kcl_application", {"duration": constant(0.001)} | workers)},
        {"source.out -> stream.in": {"put_latency": INSTANT, "max_attempts": 100}, "stream.out -> reader0.stream": {"get_records_latency": INSTANT, "idle_time_between_reads_s": 0.2} | (reading or {})}, **run)


def die(at_s: float, workers: int = 1) -> dict[str, Any]:
    return {"time_s": at_s, "action": "fault", "node": "reader0", "fault": "workers_die", "value": {"workers": workers}}


def come_back(at_s: float) -> dict[str, Any]:
    return {"time_s": at_s, "action": "clear_fault", "node": "reader0", "fault": "workers_die"}


def steady(per_s: float, **more: Any) -> dict[str, Any]:
    return {"load": rate(per_s), "message_types": [{"key": KEYS} | more]}


def test_a_shard_is_worked_on_by_one_worker_and_the_others_are_idle() -> None:
    """Each message needs 50 ms: two shards go at 40 a second together, however many workers there are."""
    two, six = (outcome(application(steady(200), 2, {"workers": workers, "duration": constant(0.05)}, duration_s=60)) for workers in (2, 6))
    for seen in (two, six):
        assert seen.total("reader0", "RecordsProcessed") == pytest.approx(60 * 40, rel=0.03)
    assert six.last("reader0", "WorkersIdle") == 4
    assert "idle-workers" in codes(application(steady(1), 2, {"workers": 6}, duration_s=1))


def test_shards_of_a_worker_share_its_processors() -> None:
    alone = outcome(application(steady(200), 4, {"workers": 1, "shards_at_once": 1, "duration": constant(0.05)}, duration_s=60))
    assert alone.total("reader0", "RecordsProcessed") == pytest.approx(60 * 20, rel=0.03)
    assert alone.metric("reader0", "BusyShards")["max"] == 1


def test_the_leases_of_a_dead_worker_are_taken_over_after_the_failover_time() -> None:
    times = [time_s for time_s, _, _ in taken(application(steady(100), 1, {"workers": 2}, duration_s=60), "reader0", die(20))]
    gap_s, from_s = max((after - before, before) for before, after in pairwise(times))
    assert from_s == pytest.approx(20, abs=0.5)
    assert gap_s == pytest.approx(10, abs=0.6)


def test_what_came_after_the_checkpoint_comes_again() -> None:
    def duplicates(interval_s: float) -> float:
        seen = outcome(application(steady(100), 1, {"workers": 2, "checkpoint_interval_s": interval_s}, duration_s=60), die(25))
        assert seen.total("reader0", "RecordsProcessed") - seen.total("reader0", "DuplicatesProcessed") == pytest.approx(6000, rel=0.05)
        return seen.total("reader0", "DuplicatesProcessed")

    assert duplicates(0) <= 25, "at most the batch in hand"
    assert duplicates(20) == pytest.approx(5 * 100, rel=0.3), "the last checkpoint was at 20 s"


def test_a_duplicate_is_one_message_whose_latency_counts_once() -> None:
    seen = outcome(application(for_a_while(50, 30, 100, KEYS), 1, {"workers": 2, "checkpoint_interval_s": 20}, duration_s=60), die(25))
    assert seen.total("reader0", "DuplicatesProcessed") > 0
    assert seen.path("source", "stream", "reader0")["messages"] == 1500


def test_without_a_worker_nothing_moves_until_one_comes_back() -> None:
    seen = outcome(application(for_a_while(50, 20, 100, KEYS), 2, {"workers": 2}, duration_s=90), die(10, 2), come_back(60))
    assert seen.series("reader0", "RecordsProcessed")[59.0] == seen.series("reader0", "RecordsProcessed")[12.0]
    assert seen.total("reader0", "RecordsProcessed") - seen.total("reader0", "DuplicatesProcessed") == 1000
    assert seen.total("reader0", "LostLeases") == 2


def test_an_exception_skips_the_rest_of_the_batch_and_a_catch_blocks_the_shard() -> None:
    poison = {"load": rate(50), "arrivals": "even", "message_types": [{"share": 499, "key": KEYS}, {"name": "poison", "failure_probability": 1, "key": KEYS}]}
    skipping = outcome(application(poison, 2, {}, {"idle_time_between_reads_s": 2.0}, duration_s=120))
    assert skipping.total("reader0", "Exceptions") == pytest.approx(12, abs=9)
    assert skipping.total("reader0", "RecordsSkipped") > 5 * skipping.total("reader0", "Exceptions"), "good messages are skipped with the bad one"
    assert skipping.lost("stream") == {"skipped_batch": skipping.total("reader0", "RecordsSkipped")}
    blocked = outcome(application(poison, 2, {"on_exception": "retry"}, duration_s=120))
    assert blocked.total("reader0", "RecordsProcessed") < 0.7 * skipping.total("reader0", "RecordsProcessed")
    assert blocked.last("reader0", "MillisBehindLatest") > 30
    assert blocked.lost("stream") == {}


def scaled(workers: int, **more: Any) -> Outcome:
    change = {"time_s": 20, "action": "parameter", "node": "reader0", "parameter": "workers", "value": workers}
    return outcome(application(for_a_while(100, 40, 100, KEYS), 4, {"workers": 2} | more, duration_s=90), change)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_planned_move_loses_nothing_and_repeats_nothing(workers: int) -> None:
    seen = scaled(workers)
    assert seen.total("reader0", "LeasesMoved") == 2
    assert seen.total("reader0", "RecordsProcessed") == 4000
    assert seen.total("reader0", "DuplicatesProcessed") == 0


def test_a_move_that_takes_longer_than_the_handoff_repeats_the_batch() -> None:
    seen = scaled(4, duration=constant(0.02), graceful_lease_handoff_timeout_s=0)
    assert seen.total("reader0", "DuplicatesProcessed") > 0
    assert seen.total("reader0", "RecordsProcessed") - seen.total("reader0", "DuplicatesProcessed") == 4000
