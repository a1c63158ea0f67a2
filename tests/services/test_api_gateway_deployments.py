"""API Gateway: deployments during a run, canary releases, access logs and periods of quotas, counted at the backends."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

FAST = {"rest_overhead": INSTANT, "http_overhead": INSTANT}
BOTH = {"routes": ["GET /a"]}


def released(api: dict[str, Any], *controls: Any, source: dict[str, Any] | None = None, canary: dict[str, Any] | None = None, canary_routes: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """A client, an API, the stage's backend and the canary's."""
    nodes = {"client": ("traffic", {"message_types": [{"name": "GET /a"}]} | (source or {"load": rate(50), "arrivals": "even"})), "api": ("api_gateway", FAST | api),
             "old": ("http_endpoint", {"latency": constant(0.1)}), "new": ("http_endpoint", {"latency": constant(0.1)} | (canary or {}))}
    return drawing(nodes, {"client.requests -> api.in": {}, "api.integrations -> old.in": BOTH, "api.integrations -> new.in": (canary_routes or BOTH) | {"release": "canary"}}, **({"duration_s": 200} | run))


def codes(scenario: dict[str, Any]) -> dict[str, str]:
    return {finding.code: finding.severity for finding in findings.check(Scenario.from_json(scenario))}


def seen(*given: Any, **run: Any) -> Outcome:
    return outcome(released(*given[:1], **run), *given[1:])


# -- canary releases ----------------------------------------------------------------------------------------------------


def test_a_canary_takes_its_share_of_the_requests() -> None:
    run = seen({"canary_share": 0.1})
    assert run.total("new", "Requests") == run.total("api", "CanaryRequests") == pytest.approx(1000, rel=0.15)
    assert run.total("old", "Requests") + run.total("new", "Requests") == run.total("api", "Count")


def test_what_is_wrong_with_a_canary_hurts_its_share_alone() -> None:
    run = seen({"canary_share": 0.1}, canary={"failure_probability": 1})
    assert run.total("api", "CanaryServerErrors") == run.total("api", "5XXError") == pytest.approx(run.total("new", "Requests"), abs=8), "but for those under way"
    assert run.total("client", "MessagesAccepted") == pytest.approx(run.total("old", "Requests"), abs=8)


def test_deployments_try_publish_and_take_back() -> None:
    """2 % from 50 s, published at 100 s, taken back at 150 s; each is 5 s on its way."""
    api = {"deployments": [{"name": "trial", "at_s": 45, "canary_share": 0.02}, {"name": "all", "at_s": 95, "canary_share": 1}, {"name": "back", "at_s": 145, "canary_share": 0}]}
    run = seen(api, frame_interval_s=1)
    new = run.series("new", "Requests")
    assert new[50] == 0
    assert new[100] == pytest.approx(50, abs=25)
    assert new[150] - new[100] == pytest.approx(2500, abs=60)
    assert new[200] == new[151]
    assert run.last("api", "CanaryShare") == 0


def test_the_share_can_be_changed_by_hand() -> None:
    run = outcome(released({"canary_share": 0.5}), {"time_s": 100, "action": "parameter", "node": "api", "parameter": "canary_share", "value": 0})
    assert run.total("new", "Requests") == pytest.approx(2500, rel=0.1)


def test_a_canary_has_entries_of_its_own_in_the_cache() -> None:
    """One key and a TTL longer than the run: each release asks its backend until its first answer is there."""
    api = {"canary_share": 0.5, "cache_cluster_size": "0.5", "routes": [{"route": "GET /a", "caching_enabled": True, "cache_ttl_s": 3600}]}
    run = seen(api, source={"load": rate(1), "arrivals": "even"}, duration_s=600)
    assert (run.total("old", "Requests"), run.total("new", "Requests")) == (1, 1)
    assert run.total("api", "CacheHitCount") == run.total("api", "Count") - 2


def test_a_route_of_the_canary_alone_is_unknown_to_the_others() -> None:
    run = seen({"canary_share": 0.5}, source={"load": rate(20), "message_types": [{"name": "GET /b"}]}, canary_routes={"routes": ["GET /b"]})
    assert run.total("old", "Requests") == 0
    assert set(run.lost("client")) == {"no_route"}
    assert run.total("new", "Requests") == pytest.approx(2000, rel=0.15)


@pytest.mark.parametrize(("api", "code", "severity"), [
    ({}, "idle-canary", "note"), ({"canary_share": 0.1}, None, None), ({"deployments": [{"canary_share": 1}]}, None, None), ({"api_type": "HTTP", "canary_share": 0.1}, "rest-only", "error")])
def test_findings_of_canaries(api: dict[str, Any], code: str | None, severity: str | None) -> None:
    told = codes(released(api))
    assert "duplicate-route" not in told, "two releases may serve one route"
    assert told.get(code) == severity if code else not {"idle-canary", "no-canary", "rest-only"} & set(told)


def test_a_share_without_a_canary_is_found() -> None:
    nodes = {"client": ("traffic", {}), "api": ("api_gateway", {"canary_share": 0.1}), "old": ("http_endpoint", {})}
    assert codes(drawing(nodes, {"client.requests -> api.in": {}, "api.integrations -> old.in": {}}))["no-canary"] == "warning"


# -- logs and quotas ------------------------------------------------------------------------------------------------------


def test_access_logs_are_billed_by_the_size_of_an_entry() -> None:
    run = seen({"access_log_bytes": 500})
    assert run.quantity("api", "Access logs, CloudWatch Logs") == pytest.approx(run.total("api", "Count") * 500 / 1e9)
    assert "Access logs, CloudWatch Logs" not in {line["line"] for line in seen({}).report["nodes"]["api"]["cost"]}


@pytest.mark.parametrize(("period", "days"), [("DAY", 1), ("WEEK", 7), ("MONTH", 730 / 24)])
def test_a_quota_is_there_again_when_its_period_ends(period: str, days: float) -> None:
    """Ten requests just before the end of a period and ten after it, with a quota of 5."""
    end_s = days * 86_400
    source = at_times(*[end_s - 10.0] * 10, *[end_s + 10.0] * 10) | {"message_types": [{"name": "GET /a", "attributes": {"x-api-key": {"Type": "String", "Value": "k"}}}]}
    api = {"usage_plans": [{"api_keys": ["k"], "quota_limit": 5, "quota_period": period}], "routes": [{"route": "GET /a", "api_key_required": True}]}
    nodes = {"client": ("traffic", source), "api": ("api_gateway", FAST | api), "old": ("http_endpoint", {"latency": INSTANT})}
    run = outcome(drawing(nodes, {"client.requests -> api.in": {}, "api.integrations -> old.in": BOTH}, duration_s=end_s + 100))
    assert run.total("old", "Requests") == 10
    assert run.lost("client") == {"quota_exceeded": 10}
