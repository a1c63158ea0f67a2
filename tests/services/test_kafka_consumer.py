"""Kafka consumer groups on a cluster, counted where records are processed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from simulator.run import Simulation
from tests.drawing import Outcome, at_times, constant, drawing, outcome, rate
from tests.services.test_kinesis import codes

KEYS = {"keys": "uniform", "number": 200}
QUICK = {"initial_rebalance_delay_s": 0}


def group(put: dict[str, Any], partitions: int, consumer: dict[str, Any] | None = None, reading: dict[str, Any] | None = None, topic: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """A source, a topic and a group. The group has committed offsets at the start, and does not wait before its first assignment."""
    return drawing(
        {"source": ("traffic", put), "cluster": ("msk", {"topics": [{"name": "events", "partitions": partitions} | (topic or {})]}), "app": ("kafka_consumer", {"duration": constant(0.001)} | (consumer or {}))},
        {"source.out -> cluster.in": {"linger_s": 0}, "cluster.out -> app.topics": {"has_offsets": True} | QUICK | (reading or {})}, **run)


def steady(per_s: float, **more: Any) -> dict[str, Any]:
    return {"load": rate(per_s), "arrivals": "even", "message_types": [{"key": KEYS} | more]}


def for_a_while(per_s: float, seconds: float, **more: Any) -> dict[str, Any]:
    """A load that ends, so that everything can be processed."""
    return at_times(*(number / per_s for number in range(int(per_s * seconds)))) | {"message_types": [{"key": KEYS} | more]}


def fault(at_s: float, name: str, **value: Any) -> dict[str, Any]:
    return {"time_s": at_s, "action": "fault", "node": "app", "fault": name, "value": value}


def clear(at_s: float, name: str) -> dict[str, Any]:
    return {"time_s": at_s, "action": "clear_fault", "node": "app", "fault": name}


def members(at_s: float, number: int) -> dict[str, Any]:
    return {"time_s": at_s, "action": "parameter", "node": "app", "parameter": "members", "value": number}


class Work(NamedTuple):
    """A record that was processed."""

    at_s: float
    partition: int
    offset: int


def worked(scenario: dict[str, Any], *controls: dict[str, Any]) -> list[Work]:
    """What was processed, in order, written down at the application."""
    simulation = Simulation(scenario, controls)
    app: Any = simulation.network.nodes["app"]
    seen: list[Work] = []
    settled = app.settled

    def noting(slot: Any, token: Any) -> None:
        seen.append(Work(app.agenda.now, slot.key.partition, token.position))
        settled(slot, token)

    app.settled = noting
    for _ in simulation.frames():
        pass
    simulation.report()
    return seen


def unique(seen: Outcome) -> float:
    return seen.total("app", "RecordsProcessed") - seen.total("app", "DuplicatesProcessed")


# -- sharing out ------------------------------------------------------------------------------------------------------


def test_members_beyond_the_partitions_are_idle_and_do_not_help() -> None:
    """20 ms a record: two partitions are worked on at 100 a second, by two members or by six."""
    two, six = (outcome(group(steady(300), 2, {"members": number, "duration": constant(0.02)}, duration_s=60)) for number in (2, 6))
    for seen in (two, six):
        assert seen.total("app", "RecordsProcessed") == pytest.approx(60 * 100, rel=0.03)
    assert six.last("app", "MembersIdle") == 4
    assert "idle-members" in codes(group(steady(1), 2, {"members": 6}, duration_s=1))


def test_more_members_work_on_more_partitions_at_once() -> None:
    rates = [outcome(group(steady(500), 6, {"members": number, "duration": constant(0.02)}, duration_s=30)).total("app", "RecordsProcessed") for number in (1, 3, 6)]
    assert rates == [pytest.approx(30 * 50 * number, rel=0.05) for number in (1, 3, 6)]


def test_threads_of_a_member_work_on_partitions_not_on_records() -> None:
    one = outcome(group(steady(500), 6, {"members": 1, "threads": 3, "duration": constant(0.02)}, {"max_poll_records": 2000}, duration_s=60))
    assert one.total("app", "RecordsProcessed") > 60 * 100
    hot = outcome(group({"load": rate(200), "message_types": [{"key": {"keys": "uniform", "number": 1}}]}, 6, {"members": 1, "threads": 6, "duration": constant(0.02)}, duration_s=60))
    assert hot.total("app", "RecordsProcessed") == pytest.approx(60 * 50, rel=0.05), "one key is one partition"


def test_a_hot_key_fills_one_partition_and_members_do_not_help() -> None:
    put = {"load": rate(200), "message_types": [{"name": "hot", "share": 8, "key": {"keys": "uniform", "number": 1}}, {"share": 2, "key": KEYS}]}
    seen = outcome(group(put, 6, {"members": 6, "duration": constant(0.01)}, duration_s=60))
    assert seen.last("app", "MaxOffsetLag") > 0.9 * seen.last("app", "SumOffsetLag") > 1000


@pytest.mark.parametrize("reading", [{}, {"partition_assignment_strategy": "cooperative-sticky"}, {"group_protocol": "consumer"}, {"static_members": True}])
def test_records_of_a_partition_are_processed_in_order_and_none_is_left_out(reading: dict[str, Any]) -> None:
    """Members come, go, die and come back: after a loss a partition goes back to its commit, but it never skips."""
    scenario = group(for_a_while(60, 50), 5, {"members": 2, "threads": 2, "duration": constant(0.005)}, reading, duration_s=200)
    seen = worked(scenario, members(10, 4), fault(25, "members_die", members=1), clear(60, "members_die"), members(90, 1))
    done: dict[int, int] = {}
    for work in seen:
        assert work.offset <= done.get(work.partition, -1) + 1, "a record was left out"
        done[work.partition] = max(work.offset, done.get(work.partition, -1))
    assert sum(last + 1 for last in done.values()) == 3000
    result = outcome(scenario, members(10, 4), fault(25, "members_die", members=1), clear(60, "members_die"), members(90, 1))
    assert unique(result) == 3000
    assert result.path("source", "cluster", "app")["messages"] == 3000


def test_groups_read_the_same_records_each_at_its_own_pace() -> None:
    scenario = group(for_a_while(50, 30), 3, duration_s=60)
    scenario["nodes"].append({"id": "slow", "kind": "kafka_consumer", "parameters": {"duration": constant(0.1), "members": 1}})
    scenario["wires"].append({"id": "w9", "from": {"node": "cluster", "port": "out"}, "to": {"node": "slow", "port": "topics"}, "parameters": {"has_offsets": True, "max_poll_records": 50}})
    seen = outcome(scenario)
    assert seen.total("app", "RecordsProcessed") == 1500
    assert seen.total("slow", "RecordsProcessed") == pytest.approx(570, abs=20)
    assert seen.last("slow", "SumOffsetLag") == pytest.approx(930, abs=90)


# -- deaths, restarts, duplicates -------------------------------------------------------------------------------------


def test_partitions_of_a_dead_member_stand_still_until_its_session_ends() -> None:
    seen = worked(group(steady(30), 2, {"members": 2}, duration_s=120), fault(20, "members_die", members=1))
    stood = {partition: max(after - before for before, after in pairwise(work.at_s for work in seen if work.partition == partition)) for partition in (0, 1)}
    assert max(stood.values()) == pytest.approx(45, abs=4.5), "45 s after its last heartbeat, and the other hears of it with its next one"
    assert min(stood.values()) < 1.5, "the other partition stands still for the rebalance only"


def test_what_was_not_committed_comes_again() -> None:
    """Auto-commits each 5 s: up to 5 s of records are processed twice. commitSync after each poll leaves the batch in hand."""
    def duplicates(**reading: Any) -> float:
        scenario = group(for_a_while(100, 60), 1, {"members": 2}, {"partition_assignment_strategy": "range"} | reading, duration_s=150)
        runs = [outcome(scenario, fault(at_s, "members_die", members=1)) for at_s in (28.0, 33.5)]
        assert all(unique(seen) == 6000 for seen in runs)
        return max(seen.total("app", "DuplicatesProcessed") for seen in runs)

    assert 100 < duplicates() <= 500
    assert duplicates(auto_commit_interval_s=30) > 500
    assert duplicates(enable_auto_commit=False) <= 5
    assert duplicates(enable_auto_commit=False, commit_each="record") <= 1


def test_commits_after_each_record_cost_a_round_trip_each() -> None:
    """5 ms of work, and 2 ms for a commit."""
    reading = {"enable_auto_commit": False, "commit_each": "record"}
    seen = outcome(group(steady(300), 1, {"members": 1, "duration": constant(0.005)}, reading, duration_s=60))
    assert seen.total("app", "RecordsProcessed") == pytest.approx(60 / 0.007, rel=0.03)


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
@pytest.mark.parametrize("number", [1, 4])
def test_members_that_come_or_leave_in_good_order_cost_nothing_and_repeat_nothing(strategy: str, number: int) -> None:
    seen = outcome(group(for_a_while(60, 40), 4, {"members": 2}, {"partition_assignment_strategy": strategy}, duration_s=80), members(20, number))
    assert seen.total("app", "RecordsProcessed") == 2400
    assert seen.total("app", "DuplicatesProcessed") == 0
    assert seen.total("app", "SessionsExpired") == 0


def test_a_deployment_rebalances_twice_for_each_member_and_not_at_all_if_they_are_static() -> None:
    deploys = fault(40, "deploys", restart_s=20, pause_s=10)
    plain = outcome(group(steady(50), 6, {"members": 3}, duration_s=200), deploys)
    static = outcome(group(steady(50), 6, {"members": 3}, {"static_members": True}, duration_s=200), deploys)
    first = outcome(group(steady(50), 6, {"members": 3}, duration_s=30)).total("app", "Rebalances")
    assert plain.total("app", "Rebalances") - first == 6
    assert static.total("app", "Rebalances") == first
    assert static.total("app", "DuplicatesProcessed") == plain.total("app", "DuplicatesProcessed") == 0
    planned = outcome(group(steady(50), 6, {"members": 3, "rolling_restarts": [{"at_s": 40, "restart_s": 20, "pause_s": 10}]}, duration_s=200))
    assert planned.total("app", "Rebalances") == plain.total("app", "Rebalances")


def test_a_member_that_takes_too_long_to_end_is_killed_and_its_records_come_again() -> None:
    seen = outcome(group(for_a_while(100, 30), 1, {"members": 1, "duration": constant(0.05), "shutdown_grace_s": 5}, duration_s=400), fault(20, "deploys", restart_s=10))
    assert seen.total("app", "DuplicatesProcessed") > 50
    assert unique(seen) == 3000


# -- rebalances and slow processing -----------------------------------------------------------------------------------


def processed_between(seen: list[Work], from_s: float, to_s: float) -> int:
    return sum(from_s <= work.at_s < to_s for work in seen)


def test_an_eager_rebalance_stops_everybody_for_the_slowest_batch_and_a_cooperative_one_does_not() -> None:
    """A record of one key takes 60 s. While it is worked on, a member is added."""
    put = steady(40) | {"message_types": [{"key": KEYS}]}
    moved = {}
    for strategy in ("range", "cooperative-sticky"):
        simulation_scenario = group(put, 6, {"members": 3, "batch_duration": constant(0)}, {"partition_assignment_strategy": strategy}, duration_s=100)
        simulation = Simulation(simulation_scenario, [members(30, 4)])
        app: Any = simulation.network.nodes["app"]
        plain = app.work_s
        slowed: list[float] = []

        def once(message: Any, plain: Any = plain, slowed: list[float] = slowed, app: Any = app) -> float:
            if app.agenda.now > 25 and not slowed:
                slowed.append(app.agenda.now)
                return 60.0
            return float(plain(message))

        app.work_s = once
        seen: list[float] = []
        settled = app.settled

        def noting(slot: Any, token: Any, settled: Any = settled, seen: list[float] = seen, app: Any = app) -> None:
            seen.append(app.agenda.now)
            settled(slot, token)

        app.settled = noting
        for _ in simulation.frames():
            pass
        moved[strategy] = sum(40 <= at_s < 80 for at_s in seen)
    assert moved["range"] < 20, "all stand still for the one that does not poll"
    assert moved["cooperative-sticky"] > 40 * 40 * 0.5, "the others go on with what they keep"


def test_slow_processing_makes_members_leave_and_begin_again_for_ever() -> None:
    """500 records of 1 s each, and 300 s between polls: the commit comes too late, and the same records are worked on again."""
    seen = outcome(group(at_times(*(1 + 0.001 * number for number in range(1500))) | {"message_types": [{"key": KEYS}]}, 2, {"members": 2, "duration": constant(1.0)}, {"enable_auto_commit": False}, duration_s=3000))
    assert seen.total("app", "PollIntervalsExceeded") >= 6
    assert seen.total("app", "CommitsFailed") >= 4
    assert seen.total("app", "DuplicatesProcessed") > 1000
    cured = outcome(group(at_times(*(1 + 0.001 * number for number in range(1500))) | {"message_types": [{"key": KEYS}]}, 2, {"members": 2, "duration": constant(1.0)},
                          {"enable_auto_commit": False, "max_poll_records": 100}, duration_s=3000))
    assert cured.total("app", "PollIntervalsExceeded") == cured.total("app", "DuplicatesProcessed") == 0
    assert cured.total("app", "RecordsProcessed") == 1500
    assert "poll-interval" in codes(group(steady(1), 2, {"duration": constant(1.0)}, duration_s=1))


def test_lag_has_gaps_during_rebalances_and_before_the_first_commit() -> None:
    scenario = group(steady(50), 4, {"members": 2}, {"has_offsets": False, "auto_offset_reset": "earliest", "auto_commit_interval_s": 10}, duration_s=90, frame_interval_s=0.5)
    lag = outcome(scenario, fault(30, "members_die", members=1)).series("app", "SumOffsetLag")
    assert lag[5.0] is None, "nothing committed yet"
    assert lag[12.0] is not None
    gone = [time_s for time_s, value in lag.items() if value is None and time_s > 20]
    assert 72 < min(gone) < 77, "the rebalance after the session has ended"
    assert max(gone) < 80
    assert lag[89.5] is not None


# -- failures ---------------------------------------------------------------------------------------------------------

POISON = {"load": rate(20), "arrivals": "even", "message_types": [{"share": 299, "key": KEYS}, {"name": "poison", "failure_probability": 1, "key": KEYS}]}


def test_a_record_that_always_fails_blocks_its_partition_and_in_the_end_its_member_leaves() -> None:
    seen = outcome(group(POISON, 2, {"members": 2, "on_failure": "retry"}, {"max_poll_interval_s": 60}, duration_s=300))
    assert seen.total("app", "PollIntervalsExceeded") > 0
    assert seen.last("app", "MaxOffsetLag") if seen.last("app", "MaxOffsetLag") is not None else True
    assert seen.last("app", "BehindLatest") > 100
    assert "record_retry" in seen.waits("cluster")


def test_skipping_loses_the_record_alone() -> None:
    seen = outcome(group(POISON, 2, {"members": 2, "on_failure": "skip", "retries": 2, "retry_pause_s": 0.1}, duration_s=300))
    assert seen.total("app", "RecordsSkipped") == seen.lost("cluster")["skipped_record"] > 5
    assert seen.total("app", "Errors") == pytest.approx(3 * seen.total("app", "RecordsSkipped"), abs=3)
    assert seen.last("app", "BehindLatest") < 2


def test_dead_letters_go_to_a_queue_of_their_own() -> None:
    scenario = group(POISON, 2, {"members": 2, "on_failure": "dead_letter"}, duration_s=300)
    assert "dead-letters-nowhere" in codes(scenario)
    scenario["nodes"].append({"id": "dead", "kind": "sqs", "parameters": {}})
    scenario["wires"].append({"id": "w9", "from": {"node": "app", "port": "dead_letters"}, "to": {"node": "dead", "port": "in"}, "parameters": {}})
    assert "dead-letters-nowhere" not in codes(scenario)
    seen = outcome(scenario)
    assert seen.total("app", "DeadLetters") == seen.total("dead", "NumberOfMessagesSent") > 5
    assert seen.lost("cluster") == {}


def test_a_crash_comes_back_to_the_same_record() -> None:
    seen = outcome(group(POISON, 2, {"members": 2, "on_failure": "crash", "restart_s": 10}, duration_s=400))
    assert seen.total("app", "SessionsExpired") >= 3
    assert seen.total("app", "DuplicatesProcessed") > 0
    assert seen.last("app", "BehindLatest") > 100


# -- offsets ----------------------------------------------------------------------------------------------------------


def test_where_a_group_without_offsets_begins() -> None:
    """Records come for 10 s from the start, and the members are there 20 s later: earliest reads all, latest and none nothing."""
    late = {"has_offsets": False, "initial_rebalance_delay_s": 20}
    put = for_a_while(50, 10)
    earliest, latest, none = (outcome(group(put, 2, None, late | {"auto_offset_reset": reset}, duration_s=60)) for reset in ("earliest", "latest", "none"))
    assert earliest.total("app", "RecordsProcessed") == 500
    assert latest.total("app", "RecordsProcessed") == none.total("app", "RecordsProcessed") == 0
    assert latest.path("source", "cluster", "app")["end"] == "before the starting position"
    assert none.report["conservation"]["unfinished"] == 500
    assert "no-offset" in codes(group(put, 2, None, {"has_offsets": False, "auto_offset_reset": "none"}, duration_s=1))


@pytest.mark.parametrize(("reset", "lost"), [("earliest", "retention"), ("latest", "offset_reset")])
def test_records_that_retention_takes_before_they_are_read_are_lost_and_the_reset_says_where_to_go_on(reset: str, lost: str) -> None:
    topic = {"retention_s": 60, "segment_s": 10, "segment_bytes": 20_000}
    seen = outcome(group(steady(50, size_bytes=500), 1, {"members": 1, "duration": constant(0.05)}, {"auto_offset_reset": reset}, topic, duration_s=900))
    assert seen.total("app", "OffsetResets") >= 1
    assert seen.lost("cluster")[lost] > 1000
    assert seen.total("app", "RecordsProcessed") == pytest.approx(900 * 20, rel=0.06)


# -- fetching ---------------------------------------------------------------------------------------------------------


def test_a_least_fetch_trades_latency_for_requests() -> None:
    def latency_s(**reading: Any) -> float:
        return float(outcome(group(steady(100, size_bytes=1000), 1, {"members": 1}, reading, duration_s=60)).path("source", "cluster", "app")["latency"]["mean"])

    assert latency_s() < 0.02
    assert latency_s(fetch_min_bytes=1_000_000) == pytest.approx(0.25, abs=0.05), "half of the longest wait"
    assert latency_s(fetch_min_bytes=20_000) == pytest.approx(0.1, abs=0.03), "until 20 records are there"


def test_a_poll_returns_no_more_than_its_limit() -> None:
    simulation = Simulation(group(steady(1000), 4, {"members": 1, "duration": constant(0.01)}, {"max_poll_records": 7}, duration_s=20))
    app: Any = simulation.network.nodes["app"]
    sizes: list[int] = []
    for _ in simulation.frames():
        sizes.extend(sum(len(lane.tokens) for lane in member._lanes) for member in app.members)
    assert 0 < max(sizes) <= 7


def test_a_quota_slows_a_group_down_and_refuses_nothing() -> None:
    seen = outcome(group(steady(200, size_bytes=1000), 3, {"members": 3}, {"consumer_byte_rate": 20_000}, duration_s=120))
    assert seen.total("app", "RecordsProcessed") == pytest.approx(120 * 60, rel=0.3), "three brokers, 20 kB a second each"
    assert seen.waits("cluster")["fetch_throttle"] > 0
    assert seen.lost("cluster") == {}


def test_a_quota_of_request_time_slows_a_group_down_too() -> None:
    """A tenth of a per cent of a thread is 1 ms a second; a fetch takes 0.1 ms and more."""
    quick, slow = (outcome(group(steady(100, size_bytes=1000), 1, {"members": 1}, {"request_percentage": share}, duration_s=60)) for share in (None, 0.1))
    assert slow.waits("cluster")["fetch_throttle"] > 0
    assert slow.path("source", "cluster", "app")["latency"]["mean"] > 3 * quick.path("source", "cluster", "app")["latency"]["mean"]
    assert slow.total("app", "RecordsProcessed") == pytest.approx(quick.total("app", "RecordsProcessed"), rel=0.05)


def test_a_topic_that_is_not_there_is_an_error() -> None:
    assert "no-such-topic" in codes(group(steady(1), 1, None, {"topics": ["nothing"]}, duration_s=1))
    assert "no-such-topic" not in codes(group(steady(1), 1, None, {"topics": ["events"]}, duration_s=1))
    assert "heartbeat-interval" in codes(group(steady(1), 1, None, {"session_timeout_s": 6}, duration_s=1))


# -- a wire that is cut ----------------------------------------------------------------------------------------------------


def cut(from_s: float, to_s: float) -> tuple[dict[str, Any], dict[str, Any]]:
    return ({"time_s": from_s, "action": "fault", "wire": "w1", "fault": "cut", "value": {}}, {"time_s": to_s, "action": "clear_fault", "wire": "w1", "fault": "cut"})


@pytest.mark.parametrize(("seconds", "evicted"), [(20, 0), (80, 2)])
def test_a_group_that_cannot_reach_the_cluster_reads_on_where_it_was(seconds: float, evicted: int) -> None:
    """A short cut is not noticed; after a long one both members join again, and repeat what they had not committed in the last second. Meanwhile records wait for the network."""
    scenario = group(for_a_while(50, 100), 4, {"members": 2}, {"auto_commit_interval_s": 1}, duration_s=300)
    seen = outcome(scenario, *cut(30, 30 + seconds))
    repeated = seen.total("app", "DuplicatesProcessed")
    assert seen.total("app", "RecordsProcessed") - repeated == 5000
    assert repeated == 0 if evicted == 0 else 0 < repeated <= 100
    assert seen.total("app", "SessionsExpired") == evicted
    assert seen.waits("cluster")["partition"] > 0.8 * 50 * 20 * 20 / 2
    assert not [work for work in worked(scenario, *cut(30, 30 + seconds)) if 31 < work.at_s < 30 + seconds]


@pytest.mark.parametrize("protocol", [{"partition_assignment_strategy": "cooperative-sticky"}, {"group_protocol": "consumer"}])
def test_what_a_cut_off_member_could_not_commit_comes_again(protocol: dict[str, Any]) -> None:
    """What was fetched before 30 s is worked on until 40 s, and cannot be committed; the sessions end at 75 s or so."""
    scenario = group(for_a_while(40, 60), 4, {"members": 2, "duration": constant(0.2), "threads": 1}, {"max_poll_records": 50} | protocol, duration_s=900)
    seen = outcome(scenario, *cut(30, 120))
    assert seen.total("app", "DuplicatesProcessed") > 10
    assert seen.total("app", "RecordsProcessed") - seen.total("app", "DuplicatesProcessed") == 2400
