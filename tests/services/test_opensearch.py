"""OpenSearch: thread pools and their queues, hot shards, a processor that searches and writes share; counted at the domain."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import Outcome, at_times, constant, drawing, outcome

ONE = {"data_nodes": 1, "shards": 1, "cores": 2, "search_time": constant(1), "write_time": constant(1)}


def asked(source: dict[str, Any], domain: dict[str, Any], port: str = "requests", **run: Any) -> Outcome:
    way = {"requests": "app.requests -> index.requests", "in": "app.out -> index.in"}[port]
    return outcome(drawing({"app": ("traffic", source), "index": ("opensearch", ONE | domain)}, {way: {}}, **run))


def at_once(number: int, name: str, keys: dict[str, Any] | None = None) -> dict[str, Any]:
    return at_times(*[1.0] * number) | {"message_types": [{"name": name, "key": keys or {"keys": "single"}}]}


@pytest.mark.parametrize(("name", "threads", "metric"), [("GET search", 4, "ThreadpoolSearchRejected"), ("write", 2, "ThreadpoolWriteRejected")])
def test_a_full_queue_answers_429(name: str, threads: int, metric: str) -> None:
    """Two cores: four search threads, two write threads; three more may wait."""
    seen = asked(at_once(threads + 3 + 5, name), {"search_queue": 3, "write_queue": 3}, duration_s=20)
    assert seen.total("index", metric) == 5
    assert seen.lost("app") == {"queue_full": 5}
    assert seen.metric("index", "RequestsWaiting")["max"] == 3
    assert seen.metric("index", "ThreadsBusy")["max"] == threads


def test_more_threads_than_cores_run_slower() -> None:
    assert asked(at_once(2, "GET s"), {}, duration_s=20).metric("index", "SearchLatency")["max"] == pytest.approx(1)
    assert asked(at_once(4, "GET s"), {}, duration_s=20).metric("index", "SearchLatency")["max"] == pytest.approx(2)


def test_searches_starve_writes_of_the_processor() -> None:
    graph = drawing(
        {"readers": ("traffic", at_times(*[1.0] * 4) | {"message_types": [{"name": "GET s"}]}), "feeds": ("traffic", at_times(1.5)), "index": ("opensearch", ONE)},
        {"readers.requests -> index.requests": {}, "feeds.out -> index.in": {}}, duration_s=20)
    assert outcome(graph).metric("index", "WriteTime")["max"] == pytest.approx(2.5)


def test_a_hot_shard_rejects_while_other_nodes_are_idle() -> None:
    domain = {"data_nodes": 4, "shards": 4, "write_queue": 0}
    assert asked(at_once(8, "w"), domain, duration_s=20).total("index", "ThreadpoolWriteRejected") == 6
    spread = at_times(*[1.0] * 8) | {"message_types": [{"name": f"w{key}", "key": {"keys": "single", "value": key}} for key in range(4)]}
    assert asked(spread, domain | {"cores": 8}, duration_s=20).total("index", "ThreadpoolWriteRejected") == 0


def test_documents_sent_one_way_are_refused_too() -> None:
    seen = asked(at_once(10, "w"), {"write_queue": 3}, "in", duration_s=20)
    assert seen.lost("app") == {"queue_full": 5}
    assert seen.report["nodes"]["index"]["ledger"]["finished"] == 5


def test_each_data_node_is_billed_at_the_price_that_is_set() -> None:
    seen = asked(at_once(1, "GET s"), {"data_nodes": 3, "shards": 3, "price_usd_per_h": 0.2}, duration_s=3600)
    (line,) = seen.report["nodes"]["index"]["cost"]
    assert (line["quantity"], line["usd"]) == (pytest.approx(3), pytest.approx(0.6))
    assert asked(at_once(1, "GET s"), {}, duration_s=3).report["nodes"]["index"]["cost"] == []
