"""RDS and Aurora: connections that run out, a proxy that lets queries wait, pauses; counted at the database and its callers."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings import check
from simulator.scenario import Scenario
from tests.drawing import Outcome, at_times, constant, drawing, outcome, rate


def queried(source: dict[str, Any], database: dict[str, Any], *controls: Any, **run: Any) -> Outcome:
    return outcome(drawing({"app": ("traffic", source), "db": ("rds", {"duration": constant(1), "cores": 100} | database)}, {"app.requests -> db.in": {}}, **run), *controls)


@pytest.mark.parametrize(("database", "connections"), [
    ({"memory_gib": 1}, 112), ({"memory_gib": 8}, 901), ({"memory_gib": 64}, 5000), ({"memory_gib": 1, "engine": "mysql"}, 85), ({"max_connections": 17}, 17), ({"serverless": True, "max_capacity_acu": 2}, 450),
])  # fmt: skip
def test_connections_follow_from_memory(database: dict[str, Any], connections: int) -> None:
    (limit,) = (entry for entry in queried(at_times(1), database, duration_s=3).report["nodes"]["db"]["limits"] if entry["name"] == "connections")
    assert limit["limit"] == connections


def test_one_connection_more_is_refused_not_queued() -> None:
    seen = queried(at_times(*[1.0] * 13), {"max_connections": 10}, duration_s=5)
    assert seen.lost("app") == {"too_many_connections": 3}
    assert seen.metric("db", "QueryTime")["max"] == pytest.approx(1)
    assert seen.metric("db", "DatabaseConnections")["max"] == 10


def test_callers_keep_their_connections_and_use_them_again() -> None:
    """Two callers, ten connections: what the first keeps idle, the second cannot have, until it is given back."""
    graph = drawing(
        {"one": ("traffic", at_times(*[1.0] * 10, *[5.0] * 10)), "two": ("traffic", at_times(*[10.0] * 4, *[100.0] * 4)), "db": ("rds", {"duration": constant(1), "cores": 100, "max_connections": 10, "idle_timeout_s": 60})},
        {"one.requests -> db.in": {}, "two.requests -> db.in": {}}, duration_s=120)
    seen = outcome(graph)
    assert seen.total("one", "MessagesAccepted") == 20
    assert seen.lost("two") == {"too_many_connections": 4}
    assert seen.total("two", "MessagesAccepted") == 4


def test_a_proxy_lets_queries_wait_and_fails_those_that_wait_too_long() -> None:
    seen = queried(at_times(*[1.0] * 40), {"max_connections": 10, "proxy": True, "connection_borrow_timeout_s": 2.5}, duration_s=20)
    assert seen.total("app", "MessagesAccepted") == 30, "three rounds of ten"
    assert seen.lost("app") == {"borrow_timeout": 10}
    assert seen.waits("db")["borrow"] == pytest.approx(10 * 1 + 10 * 2 + 10 * 2.5)
    half = queried(at_times(*[1.0] * 40), {"max_connections": 10, "proxy": True, "max_connections_percent": 50}, duration_s=20)
    assert half.metric("db", "DatabaseConnections")["max"] == 5
    assert half.total("app", "MessagesAccepted") == 40


def test_queries_share_the_cores() -> None:
    seen = queried(at_times(*[1.0] * 6), {"cores": 2}, duration_s=10)
    assert seen.metric("db", "QueryTime")["max"] == pytest.approx(3)
    assert seen.metric("db", "CPUUtilization")["max"] == 1
    more = queried(at_times(*[1.0] * 6), {"cores": 2}, {"time_s": 1.5, "action": "parameter", "node": "db", "parameter": "cores", "value": 6}, duration_s=10, frame_interval_s=0.5)
    assert more.metric("db", "QueryTime")["max"] == pytest.approx(1.5, abs=0.01)


def test_a_paused_database_makes_the_first_queries_wait() -> None:
    paused = {"serverless": True, "min_capacity_acu": 0}
    seen = queried(at_times(1, 400, 405, 500), paused, duration_s=600)
    assert seen.total("db", "Resumes") == 1
    assert seen.waits("db")["resuming"] == pytest.approx(15 + 10)
    assert seen.metric("app", "ResponseTime")["max"] == pytest.approx(16)
    for awake in ({"min_capacity_acu": 0.5}, {"proxy": True}):
        assert queried(at_times(1, 400), paused | awake, duration_s=600).total("db", "Resumes") == 0


def test_errors_grow_with_the_scale_of_the_callers() -> None:
    """The third failure mode: more callers at once, more refusals; the same number through a proxy only waits."""
    small, large = (queried({"load": rate(per_s)}, {"max_connections": 50}, duration_s=60) for per_s in (30, 80))
    assert small.total("app", "MessagesRefused") < 30 < 1000 < large.total("app", "MessagesRefused")
    assert queried({"load": rate(45)}, {"max_connections": 50, "proxy": True}, duration_s=60).total("app", "MessagesRefused") == 0


def test_the_bill_has_the_price_that_is_set_and_says_when_there_is_none() -> None:
    priced = queried(at_times(1), {"price_usd_per_h": 0.5}, duration_s=7200)
    (line,) = priced.report["nodes"]["db"]["cost"]
    assert (line["quantity"], line["usd"]) == (pytest.approx(2), pytest.approx(1))
    unpriced = queried(at_times(1), {}, duration_s=3)
    assert unpriced.report["nodes"]["db"]["cost"] == []
    assert [finding.code for finding in check(Scenario.from_json(drawing({"db": ("rds", {})}, {}, duration_s=3))) if finding.node == "db" and finding.parameter == "price_usd_per_h"] == ["no-price"]
