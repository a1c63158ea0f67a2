"""Replications: independent, in order, merged without loss, ended by what was asked; and intervals that cover the truth."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from simulator import executors
from simulator.engine.errors import SimulationError
from simulator.executors import ClusterError, open_executor
from simulator.figures import figures_of
from simulator.measures import Histogram
from simulator.measures.intervals import interval
from simulator.replication import Allowance, TooLarge, replicate_once, replication_seed
from simulator.replications import Replications
from simulator.run import simulate
from simulator.scenario import Scenario
from tests.laws import theory
from tests.laws.systems import exponential, station


class Inline(Executor):
    """Carries a task out at once, in this process."""

    def submit(self, task: Any, /, *given: Any, **named: Any) -> Future[Any]:  # type: ignore[override]
        future: Future[Any] = Future()
        try:
            future.set_result(task(*given, **named))
        except Exception as error:
            future.set_exception(error)
        return future


def queue(per_s: float = 0.5, *, messages: float = 400, **run: Any) -> Scenario:
    made = station(per_s, 1, exponential(1.0), messages=messages)
    return Scenario.from_json({**made, "run": {**made["run"], **run}})


def replicate(scenario: Scenario, executor: Executor | None = None, width: int = 1, **more: Any) -> Replications:
    made = Replications(scenario, executor or Inline(), width, **more)
    for _ in made.advance():
        pass
    return made


def test_the_first_replication_is_the_plain_run_and_the_others_can_be_run_again_alone() -> None:
    scenario = queue(replications=3)
    made = replicate(scenario)
    plain = simulate(scenario.model_copy(update={"run": scenario.run.model_copy(update={"replications": 1})})).to_json()
    assert {**made.done[0].report, "wall_s": 0, "messages_per_wall_s": 0} == {**plain, "wall_s": 0, "messages_per_wall_s": 0}  # type: ignore[dict-item]
    again = scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": made.done[2].seed})})
    assert figures_of(simulate(again).to_json()) == made.done[2].figures


def test_seeds_are_spawned_by_number() -> None:
    seeds = [replication_seed(1, number) for number in range(1, 1001)]
    assert seeds[0] == 1
    assert len(set(seeds)) == 1000
    assert not set(seeds[1:]) & {replication_seed(2, number) for number in range(2, 1001)}
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_replications_are_independent() -> None:
    """Neighbouring replications are uncorrelated, as the mean waits of 200 runs show."""
    waits = np.array(replicate(queue(messages=200, replications=200)).samples(("nodes", "queue", "metrics", "MessageWait", "mean")))
    assert len(set(waits)) == 200
    assert abs(np.corrcoef(waits[:-1], waits[1:])[0, 1]) < 0.2


def test_the_interval_of_every_figure_is_that_of_its_values() -> None:
    made = replicate(queue(replications=5, confidence=0.9))
    seen = made.report()["replications"]
    for figure in (("metrics", "MessageWait", "p95"), ("metrics", "NumberOfMessagesSent", "per_s"), ("metrics", "ApproximateNumberOfMessagesVisible", "mean"), ("cost_usd",)):
        told = seen["nodes"]["queue"]
        for key in figure:
            told = told[key]
        samples = [one.figures["nodes", "queue", *figure] for one in made.done]
        assert told == interval([sample for sample in samples if sample is not None], 0.9).to_json()
    assert seen["paths"]["source > queue > server: processed"]["latency"]["mean"]["samples"] == 5
    assert seen["count"] == 5
    assert seen["ended"]["by"] == "count"


def test_distributions_are_pooled() -> None:
    made = replicate(queue(replications=4))
    pooled = made.report()["replications"]["nodes"]["queue"]["metrics"]["MessageWait"]["pooled"]
    parts = [one.figures for one in made.done]
    counts = [part["nodes", "queue", "metrics", "MessageWait", "count"] or 0 for part in parts]
    means = [part["nodes", "queue", "metrics", "MessageWait", "mean"] or 0 for part in parts]
    assert pooled["count"] == sum(counts)
    assert pooled["mean"] == pytest.approx(sum(count * mean for count, mean in zip(counts, means, strict=True)) / sum(counts))
    assert pooled["max"] == max(part["nodes", "queue", "metrics", "MessageWait", "max"] or 0 for part in parts)


def test_what_goes_between_processes_is_small_and_whole() -> None:
    histogram = Histogram()
    histogram.add_block(np.random.default_rng(1).lognormal(0, 0.5, 100_000))
    histogram.add_block(np.array([0.0, 0.0]))
    sent = pickle.dumps(histogram)
    assert len(sent) < 6000
    received = pickle.loads(sent)  # noqa: S301 - our own
    assert received.summary() == histogram.summary()
    received.add_block(np.array([3.0]))
    assert received.count == histogram.count + 1
    assert pickle.loads(pickle.dumps(Histogram())).summary() == Histogram().summary()  # noqa: S301 - our own
    later = replicate_once(queue(messages=2000).to_json(), 2, Allowance())
    assert len(pickle.dumps(later)) < 60_000


def test_a_loss_that_did_not_happen_counts_as_none() -> None:
    scenario = station(0.03, 1, exponential(10.0), messages=40, message_retention_period_s=60)
    made = replicate(Scenario.from_json({**scenario, "run": {**scenario["run"], "replications": 6, "warm_up_s": 0}}))
    counts = [one.figures.get(("nodes", "queue", "losses", "retention", "messages"), 0) for one in made.done]
    assert 0 in counts
    assert max(counts) > 0  # type: ignore[type-var, operator]
    assert made.report()["replications"]["nodes"]["queue"]["losses"]["retention"]["messages"]["mean"] == pytest.approx(np.mean(counts))  # type: ignore[arg-type]


# -- when it ends ---------------------------------------------------------------------------------------------------


def test_goes_on_until_precise() -> None:
    made = replicate(queue(precision=0.1, max_replications=200))
    seen = made.report()["replications"]
    assert seen["ended"]["by"] == "precision"
    assert "10 % is reached" in seen["ended"]["sentence"]
    assert 10 <= seen["count"] < 200
    assert all(entry["reached"] and entry["relative"] <= 0.1 for entry in seen["precision"])
    del made.done[-1]
    if seen["count"] > 10:
        assert any(entry.relative > 0.1 for entry in made.chosen().values())  # type: ignore[operator]


def test_a_limit_ends_it_and_says_which_figures_fall_short() -> None:
    seen = replicate(queue(precision=0.001, max_replications=12, precision_of=["queue.MessageWait.p99", "queue.NumberOfMessagesSent"])).report()["replications"]
    assert (seen["count"], seen["ended"]["by"]) == (12, "limit")
    assert "limit of 12 replications" in seen["ended"]["sentence"]
    assert "queue: Wait, p99 (±" in seen["ended"]["sentence"]
    assert [entry["figure"][-1] for entry in seen["precision"]] == ["p99", "per_s"]


def test_stopping_keeps_what_is_done() -> None:
    calls = iter(range(1000))
    made = replicate(queue(replications=50), should_stop=lambda: next(calls) >= 3)
    assert 1 <= len(made.done) <= 4
    assert made.report()["replications"]["ended"]["by"] == "stopped"


def test_nothing_done_is_no_report() -> None:
    with pytest.raises(ValueError, match="no replication"):
        replicate(queue(replications=5), should_stop=lambda: True).report()


def test_the_result_does_not_hang_on_which_ends_first() -> None:
    """Threads end in any order; the prefix that is judged does not change."""
    scenario = queue(messages=100, precision=0.2, max_replications=60)
    alone = replicate(scenario).report()["replications"]
    with ThreadPoolExecutor(4) as executor:
        crowded = replicate(scenario, executor, 4).report()["replications"]
    assert crowded == alone


def test_progress_counts_up_and_foresees() -> None:
    made = Replications(queue(precision=0.1, max_replications=100), Inline(), 1)
    seen = list(made.advance())
    assert [progress.done for progress in seen] == list(range(1, len(seen) + 1))
    assert all(progress.done <= progress.expected <= 100 for progress in seen)
    assert seen[-1].precision is not None
    assert seen[-1].precision <= 0.1


def test_a_replication_beyond_its_allowance_ends_them_all() -> None:
    with pytest.raises(TooLarge, match="memory"):
        replicate(queue(replications=2), allowance=Allowance(memory_bytes=1))
    with pytest.raises(TooLarge, match="real time"):
        replicate(queue(replications=2), allowance=Allowance(wall_s=-1))


def test_a_defect_in_one_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.engine.network import Network

    def broken(self: Network) -> None:
        raise SimulationError("2 messages lost", node="queue")

    monkeypatch.setattr(Network, "check_conservation", broken)
    with pytest.raises(SimulationError, match="2 messages lost"):
        replicate(queue(replications=2))


# -- where it is carried out ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A Dask cluster of two workers, each a process."""
    distributed = pytest.importorskip("distributed")
    import dask

    patience = {"distributed.comm.timeouts.connect": "120s", "distributed.comm.timeouts.tcp": "120s", "distributed.scheduler.worker-ttl": None}
    with dask.config.set(patience), distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made:
        yield made.scheduler_address


def test_processes_give_what_one_gives() -> None:
    scenario = queue(replications=4)
    with open_executor(processes=2) as (executor, width):
        assert width == 2
        found = replicate(scenario, executor, width).report()["replications"]
    assert found == replicate(scenario).report()["replications"]


def test_a_dask_cluster_gives_what_one_gives(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "CLUSTER_TIMEOUT_S", 120.0)
    scenario = queue(replications=5)
    with open_executor(cluster) as (executor, width):
        assert width == 2
        found = replicate(scenario, executor, width).report()["replications"]
    assert found == replicate(scenario).report()["replications"]


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(executors, "CLUSTER_TIMEOUT_S", 0.5)
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:1 cannot be reached"), open_executor("tcp://127.0.0.1:1"):
        pass


# -- what the intervals are worth -----------------------------------------------------------------------------------


def test_95_of_100_intervals_cover_the_truth() -> None:
    """100 studies of M/M/1 at half load, each of 8 short runs: the 95 % interval of the mean wait covers theory in about 95.

    With 100 studies the share wanders by 2.2 points; from 89 on, less than 1 in 100 of correct programs fails.
    """
    truth_s = theory.mm1_wait_s(0.5, 1.0)
    figure = ("nodes", "queue", "metrics", "MessageWait", "mean")
    covered = 0
    saved = copy.deepcopy(queue(messages=250).to_json())
    saved["run"]["frame_interval_s"] = 300
    for study in range(100):
        saved["run"]["seed"] = 7000 + study
        waits = [replicate_once(saved, number, Allowance()).figures[figure] for number in range(1, 9)]
        covered += truth_s in interval([wait for wait in waits if wait is not None], 0.95)
    assert 89 <= covered <= 100
