"""A run that takes long says so before it is started, and why."""

from __future__ import annotations

from typing import Any

from simulator import findings
from simulator.scenario import Scenario


def found(rate_per_s: float, *, api: bool, **run: Any) -> list[findings.Finding]:
    """What is said of computing time: traffic into an API before a function, or into a queue before workers."""
    first, port, into = ("api_gateway", "requests", "in") if api else ("sqs", "out", "in")
    leaves, last, enters = ("integrations", "lambda", "requests") if api else ("out", "worker", "source")
    settings = {} if api else {"workers": 100_000, "duration": {"type": "exponential", "mean_s": 0.02}}
    graph = {
        "version": 1, "name": "effort",
        "nodes": [
            {"id": "clients", "kind": "traffic", "name": "Clients", "parameters": {"load": {"shape": "constant", "rate_per_s": rate_per_s}}},
            {"id": "first", "kind": first, "name": "First", "parameters": {} if api else {"in_flight_quota": 10_000_000}},
            {"id": "last", "kind": last, "name": "Last", "parameters": settings},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "clients", "port": port}, "to": {"node": "first", "port": into}, "parameters": {}},
            {"id": "w2", "from": {"node": "first", "port": leaves}, "to": {"node": "last", "port": enters}, "parameters": {}},
        ],
        "run": {"duration_s": 100, **run},
    }
    every = findings.check(Scenario.from_json(graph))
    assert [finding for finding in every if finding.severity == "error"] == []
    return [finding for finding in every if finding.code == "long-computing"]


def test_single_messages_at_a_high_rate_are_announced_with_the_node_that_needs_them() -> None:
    [finding] = found(60_000, api=True)
    assert finding.severity == "warning"
    assert finding.node == "clients"
    assert "'Clients' is simulated message by message (its requests wait for answers, one by one)" in finding.message
    assert "about 5 min of computing" in finding.message  # 60,000/s for 100 s at three nodes, 60,000 visits a second


def test_cohorts_are_not_announced_whatever_the_rate() -> None:
    assert found(1_000_000, api=False) == []


def test_asking_for_exact_at_a_high_rate_is_announced() -> None:
    [finding] = found(60_000, api=False, fidelity="exact")
    assert "as the fidelity asks" in finding.message
    assert finding.parameter == "token_budget"


def test_what_the_token_budget_allows_is_not_announced() -> None:
    assert found(5_000, api=True) == []
    assert found(7_000, api=True) != []
    assert found(7_000, api=True, token_budget=10_000_000) == []
