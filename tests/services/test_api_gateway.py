"""API Gateway: limits in order, authorizers, cache, timeouts and statuses, counted at the client, the API and the backend."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.mechanics.apis.api_routes import best_route
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, by_type, constant, deliveries, drawing, outcome, rate

FAST = {"rest_overhead": INSTANT, "http_overhead": INSTANT}
WARM = {"sandbox_start_s": 0, "runtime": "rust"}


def kinds(*names: str, **fields: Any) -> list[dict[str, Any]]:
    """Message types of these names, equally likely."""
    return [{"name": name, **fields} for name in names]


def api_drawing(source: dict[str, Any], api: dict[str, Any], backend: dict[str, Any], integration: dict[str, Any] | None = None, client: dict[str, Any] | None = None, *, kind: str = "http_endpoint",
                account: Any = None, **run: Any) -> dict[str, Any]:
    """A client, an API and one backend."""
    into = "requests" if kind == "lambda" else "in"
    backend = {"latency": constant(0.5)} | backend if kind == "http_endpoint" else {"duration": constant(0.5)} | WARM | backend
    return drawing({"client": ("traffic", source), "api": ("api_gateway", FAST | api), "backend": (kind, backend)},
                   {"client.requests -> api.in": client or {}, f"api.integrations -> backend.{into}": integration or {}}, account=account, **run)


def through(*given: Any, **run: Any) -> Outcome:
    return outcome(api_drawing(*given, **run))


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario))}


# -- a request and its time ---------------------------------------------------------------------------------------------


def test_a_request_takes_the_overhead_and_the_backends_time() -> None:
    seen = through(at_times(1), {"rest_overhead": constant(0.02)}, {}, duration_s=5)
    assert seen.metric("api", "Latency")["max"] == pytest.approx(0.52)
    assert seen.metric("api", "IntegrationLatency")["max"] == pytest.approx(0.5)
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.52)
    way = seen.path("client", "api", "backend")
    assert way["messages"] == 1
    assert {(leg["node"], leg["cause"]): leg["mean_s"] for leg in way["split"]} == pytest.approx({("api", "api_overhead"): 0.02, ("backend", "processing"): 0.5})
    assert seen.report["nodes"]["api"]["ledger"]["entered"] == seen.report["nodes"]["api"]["ledger"]["forwarded"] == 1


def test_an_http_api_has_an_overhead_of_its_own() -> None:
    api = {"rest_overhead": constant(0.02), "http_overhead": constant(0.005)}
    assert through(at_times(1), api | {"api_type": "HTTP"}, {}, duration_s=5).metric("api", "Latency")["max"] == pytest.approx(0.505)
    assert through({"load": rate(200)}, {"api_type": "HTTP", "http_overhead": {"type": "lognormal", "p50_s": 0.005, "p99_s": 0.01}}, {"latency": INSTANT}, duration_s=60).metric("api", "Latency")["p99"] == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize(("request_name", "route"), [
    ("GET /orders", "GET /orders"), ("GET /orders/7", "GET /orders/{id}"), ("GET /orders/new", "GET /orders/new"), ("PUT /orders/7", "ANY /orders/{id}"),
    ("GET /orders/7/lines/2", "ANY /orders/{proxy+}"), ("POST /login", "$default"), ("message", "$default"),
])  # fmt: skip
def test_the_most_specific_route_is_taken(request_name: str, route: str) -> None:
    routes = ["$default", "ANY /orders/{proxy+}", "ANY /orders/{id}", "GET /orders/{id}", "GET /orders/new", "GET /orders"]
    assert best_route(routes, request_name) == route
    assert best_route(reversed(routes), request_name) == route


def test_each_wire_gets_the_requests_of_its_routes() -> None:
    source = {"load": rate(50), "message_types": kinds("GET /a/1", "POST /b", "DELETE /c")}
    graph = drawing(
        {"client": ("traffic", source), "api": ("api_gateway", FAST), "one": ("http_endpoint", {"latency": INSTANT}), "two": ("sqs", {})},
        {"client.requests -> api.in": {}, "api.integrations -> one.in": {"routes": ["GET /a/{id}"]}, "api.services -> two.in": {"routes": ["POST /b"]}}, duration_s=60)
    assert set(by_type(deliveries(graph, "two"))) == {"POST /b"}
    seen = outcome(graph)
    assert seen.total("one", "Requests") + seen.total("two", "NumberOfMessagesSent") == seen.total("client", "MessagesAccepted")
    assert seen.lost("client") == {"no_route": seen.total("api", "4XXError")}
    assert seen.total("one", "Requests") == pytest.approx(1000, rel=0.15)


def test_a_route_without_a_wire_answers_by_itself() -> None:
    graph = drawing({"client": ("traffic", at_times(1) | {"message_types": kinds("GET /health")}), "api": ("api_gateway", FAST | {"routes": [{"route": "GET /health"}]})}, {"client.requests -> api.in": {}}, duration_s=5)
    seen = outcome(graph)
    assert seen.total("client", "MessagesAccepted") == 1
    assert seen.path("client", "api")["end"] == "answered"


# -- limits, in order ---------------------------------------------------------------------------------------------------


def test_all_apis_of_the_account_share_one_bucket() -> None:
    """Bucket of 10, hardly refilled: one API's burst leaves nothing for the other."""
    graph = drawing(
        {"first": ("traffic", at_times(*[1.0] * 10)), "second": ("traffic", at_times(*[1.5] * 5)), "a": ("api_gateway", FAST), "b": ("api_gateway", FAST), "backend": ("http_endpoint", {})},
        {"first.requests -> a.in": {}, "second.requests -> b.in": {}, "a.integrations -> backend.in": {}, "b.integrations -> backend.in": {}},
        account={"api_gateway": {"throttle_rate_limit_per_s": 2, "throttle_burst_limit": 10}}, duration_s=10)
    seen = outcome(graph)
    assert seen.total("a", "ThrottledRequests") == 0
    assert seen.total("b", "ThrottledRequests") == 4, "half a second brought one token"
    assert seen.lost("second") == {"account_throttle": 4}


def test_the_account_bucket_sustains_its_rate() -> None:
    seen = through({"load": rate(100), "arrivals": "even"}, {}, {"latency": INSTANT}, account={"api_gateway": {"throttle_rate_limit_per_s": 40, "throttle_burst_limit": 50}}, duration_s=100)
    assert seen.total("backend", "Requests") == pytest.approx(40 * 100 + 50, abs=2)


def test_a_route_is_throttled_before_the_account_and_uses_none_of_its_tokens() -> None:
    source = {"load": rate(100), "arrivals": "even", "message_types": kinds("GET /slow")}
    api = {"routes": [{"route": "GET /slow", "throttling_rate_limit_per_s": 5, "throttling_burst_limit": 5}]}
    seen = through(source, api, {"latency": INSTANT}, {"routes": ["GET /slow"]}, account={"api_gateway": {"throttle_rate_limit_per_s": 6, "throttle_burst_limit": 6}}, duration_s=100)
    assert seen.total("backend", "Requests") == pytest.approx(505, abs=2)
    assert set(seen.lost("client")) == {"route_throttle"}


def test_a_usage_plan_limits_each_key_by_itself_and_its_quota_ends() -> None:
    def client(key: str) -> dict[str, Any]:
        return {"load": rate(20), "arrivals": "even", "message_types": [{"name": "GET /a", "attributes": {"x-api-key": {"Type": "String", "Value": key}}}]}

    plans = [{"api_keys": ["gold"], "quota_limit": 300}, {"api_keys": ["free", "other"], "throttle_rate_limit_per_s": 2, "throttle_burst_limit": 2}]
    api = FAST | {"usage_plans": plans, "routes": [{"route": "GET /a", "api_key_required": True}]}
    graph = drawing(
        {"gold": ("traffic", client("gold")), "free": ("traffic", client("free")), "stranger": ("traffic", client("who")), "api": ("api_gateway", api), "backend": ("http_endpoint", {"latency": INSTANT})},
        {"gold.requests -> api.in": {}, "free.requests -> api.in": {}, "stranger.requests -> api.in": {}, "api.integrations -> backend.in": {"routes": ["GET /a"]}}, duration_s=50)
    seen = outcome(graph)
    assert seen.total("gold", "MessagesAccepted") == 300
    assert set(seen.lost("gold")) == {"quota_exceeded"}
    assert seen.total("free", "MessagesAccepted") == pytest.approx(2 * 50 + 2, abs=1)
    assert set(seen.lost("free")) == {"usage_plan_throttle"}
    assert set(seen.lost("stranger")) == {"invalid_api_key"}


def test_a_quota_begins_anew_with_its_period_and_the_offset_counts_once() -> None:
    """A quota of 10 a day, 4 of them used before: 6 requests on the first day, 10 on the second."""
    source = at_times(*[10.0] * 12, *[90_000.0] * 12) | {"message_types": [{"name": "GET /a", "attributes": {"x-api-key": {"Type": "String", "Value": "k"}}}]}
    api = {"usage_plans": [{"api_keys": ["k"], "quota_limit": 10, "quota_offset": 4, "quota_period": "DAY"}], "routes": [{"route": "GET /a", "api_key_required": True}]}
    seen = through(source, api, {"latency": INSTANT}, {"routes": ["GET /a"]}, duration_s=100_000)
    assert seen.total("client", "MessagesAccepted") == 6 + 10


def test_a_request_above_10_mb_is_too_large() -> None:
    seen = through(at_times(1) | {"message_types": [{"name": "x", "size_bytes": 10_485_761}]}, {}, {}, duration_s=5)
    assert seen.lost("client") == {"request_too_large": 1}


# -- who may call, and what ---------------------------------------------------------------------------------------------


def authorized(keys: int, ttl_s: float | None, api_type: str = "REST", **auth: Any) -> Outcome:
    source = {"load": rate(10), "arrivals": "even", "message_types": [{"name": "GET /a", "key": {"keys": "uniform", "number": keys}}]}
    api = FAST | {"api_type": api_type, "authorizer_result_ttl_s": ttl_s, "routes": [{"route": "GET /a", "authorization": "lambda"}]}
    return outcome(drawing(
        {"client": ("traffic", source), "api": ("api_gateway", api), "auth": ("lambda", {"duration": constant(0.1)} | WARM | auth), "backend": ("http_endpoint", {"latency": INSTANT})},
        {"client.requests -> api.in": {}, "api.authorizer -> auth.requests": {}, "api.integrations -> backend.in": {"routes": ["GET /a"]}}, duration_s=400))


def test_the_authorizers_answer_is_kept_for_its_ttl() -> None:
    assert authorized(1, None).total("auth", "Invocations") in (2, 3, 4), "300 s: at the start, and once more; requests meanwhile ask too"
    assert authorized(1, 0).total("auth", "Invocations") == pytest.approx(4000, abs=2)
    assert authorized(1, None, "HTTP").total("auth", "Invocations") == pytest.approx(4000, abs=2), "off unless set"
    assert authorized(50, 3600).total("auth", "Invocations") == pytest.approx(50, abs=3), "for each caller"


def test_an_authorizer_that_fails_is_500_and_the_backend_stays_idle() -> None:
    seen = authorized(1, 0, failure_probability=1)
    assert seen.total("backend", "Requests") == 0
    assert set(seen.lost("client")) == {"authorizer_failure"}
    assert seen.total("api", "5XXError") == pytest.approx(seen.total("api", "Count"), abs=2)
    assert seen.quantity("api", "REST requests") == 0


def test_denied_callers_are_401_or_403() -> None:
    for authorization, cause in (("jwt", "unauthorized"), ("iam", "access_denied")):
        api = {"routes": [{"route": "GET /a", "authorization": authorization, "denied_share": 0.25}]}
        seen = through({"load": rate(100), "message_types": kinds("GET /a")}, api, {"latency": INSTANT}, {"routes": ["GET /a"]}, duration_s=60)
        assert seen.lost("client")[cause] / seen.total("api", "Count") == pytest.approx(0.25, rel=0.1)


def test_a_body_without_a_required_field_never_reaches_the_backend() -> None:
    types = [{"name": "POST /a", "body": {"id": 1}}, {"name": "POST /a/", "body": {"no": 1}}]
    seen = through({"load": rate(20), "message_types": types}, {"routes": [{"route": "POST /a", "required_fields": ["id"]}]}, {"latency": INSTANT}, {"routes": ["POST /a"]}, duration_s=60)
    assert seen.lost("client") == {"invalid_request": seen.total("api", "Count") - seen.total("backend", "Requests")}
    assert seen.total("backend", "Requests") > 400


# -- the cache ----------------------------------------------------------------------------------------------------------


def cached(route: dict[str, Any], *controls: Any, number: int = 1, **run: Any) -> Outcome:
    source = {"load": rate(10), "arrivals": "even", "message_types": [{"name": "GET /a", "key": {"keys": "uniform", "number": number}}]}
    api = {"cache_cluster_size": "0.5", "routes": [{"route": "GET /a", "caching_enabled": True} | route]}
    return outcome(api_drawing(source, api, {"latency": INSTANT}, {"routes": ["GET /a"], "response_bytes": 1000} | run.pop("integration", {}), **run), *controls)


def test_the_backend_is_asked_once_in_a_ttl_and_for_each_key() -> None:
    assert cached({"cache_ttl_s": 50}, duration_s=195).total("backend", "Requests") == 4
    assert cached({"cache_ttl_s": 3600}, number=30, duration_s=200).total("backend", "Requests") == 30
    assert cached({"cache_ttl_s": 3600, "cache_by_key": False}, number=30, duration_s=200).total("backend", "Requests") == 1
    seen = cached({"cache_ttl_s": 50}, duration_s=195)
    assert seen.total("api", "CacheHitCount") + seen.total("api", "CacheMissCount") == seen.total("api", "Count")


def test_large_answers_are_not_kept() -> None:
    seen = cached({}, duration_s=60, integration={"response_bytes": 1_048_577})
    assert seen.total("api", "CacheHitCount") == 0


def test_after_a_flush_requests_at_once_all_miss() -> None:
    """A backend of 2 s, 10 requests a second: 20 requests ask it before the first answer is kept."""
    flush = {"time_s": 100, "action": "fault", "node": "api", "fault": "cache_flushed", "value": {}}
    source = {"load": rate(10), "arrivals": "even", "message_types": kinds("GET /a")}
    graph = api_drawing(source, {"cache_cluster_size": "0.5", "routes": [{"route": "GET /a", "caching_enabled": True, "cache_ttl_s": 3600}]}, {"latency": constant(2)}, {"routes": ["GET /a"]}, duration_s=200)
    assert outcome(graph).total("backend", "Requests") == pytest.approx(20, abs=1)
    assert outcome(graph, flush).total("backend", "Requests") == pytest.approx(40, abs=2)


def test_a_resize_empties_the_cache_for_four_minutes() -> None:
    resize = {"time_s": 100, "action": "parameter", "node": "api", "parameter": "cache_cluster_size", "value": "1.6"}
    seen = cached({"cache_ttl_s": 3600}, resize, duration_s=600, frame_interval_s=10)
    assert seen.total("backend", "Requests") == pytest.approx(1 + 240 * 10 + 1, abs=3)
    assert (seen.quantity("api", "Cache of 0.5 GB"), seen.quantity("api", "Cache of 1.6 GB")) == pytest.approx((100 / 3600, 500 / 3600)), "each size is paid for its time"


# -- what goes wrong behind it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("api_type", "waits_s", "status"), [("REST", 29, 504), ("HTTP", 30, 503)])
def test_the_api_stops_waiting_and_the_function_goes_on(api_type: str, waits_s: float, status: int) -> None:
    seen = through(at_times(1), {"api_type": api_type}, {"duration": constant(35), "timeout_s": 60}, kind="lambda", duration_s=60)
    assert seen.lost("client") == {"integration_timeout": 1}
    assert f"{status}" in seen.report["nodes"]["client"]["losses"][0]["title"]
    assert seen.metric("api", "IntegrationLatency")["max"] == pytest.approx(waits_s, rel=0.01)
    assert seen.total("api", "WorkedInVain") == 1
    assert seen.metric("backend", "Duration")["max"] == pytest.approx(35, rel=0.01)
    assert [path["end"] for path in seen.report["paths"]] != ["processed"], "no request counts as answered"


def test_a_shorter_timeout_and_streaming() -> None:
    assert through(at_times(1), {}, {"latency": constant(9)}, {"timeout_s": 4}, duration_s=20).metric("api", "Latency")["max"] == pytest.approx(4)
    streamed = through(at_times(1), {}, {"latency": constant(100), "server_timeout_s": None}, {"response_transfer_mode": "STREAM"}, duration_s=200)
    assert streamed.total("client", "MessagesAccepted") == 1


@pytest.mark.parametrize(("api_type", "backend", "title"), [
    ("REST", {"reserved_concurrency": 0}, "500"), ("REST", {"failure_probability": 1}, "502"), ("HTTP", {"failure_probability": 1}, "500"),
])  # fmt: skip
def test_how_a_functions_failure_is_relayed(api_type: str, backend: dict[str, Any], title: str) -> None:
    seen = through(at_times(1), {"api_type": api_type}, backend, kind="lambda", duration_s=20)
    assert f"answers {title}" in seen.report["nodes"]["client"]["losses"][0]["title"]
    assert seen.total("api", "5XXError") == 1
    assert seen.total("api", "4XXError") == 0


def test_what_an_http_backend_answers_is_relayed_and_nothing_is_retried() -> None:
    seen = through({"load": rate(10)}, {}, {"client_error_share": 1, "client_error_status": 404, "latency": INSTANT}, duration_s=20)
    assert set(seen.lost("client")) == {"integration_404"}
    assert seen.total("backend", "Requests") == seen.total("api", "Count")


def test_a_client_that_gave_up_is_known_to_the_work_that_goes_on() -> None:
    """The client waits 1 s, the API 29 s, the endpoint needs 3 s: it answers too late although the API took its answer."""
    seen = through(at_times(1), {}, {"latency": constant(3)}, None, {"timeout_s": 1}, duration_s=10)
    assert seen.total("api", "5XXError") == 0
    assert seen.total("api", "WorkedInVain") == 0
    assert seen.total("client", "WorkedInVain") == 1
    assert seen.total("backend", "AnsweredTooLate") == 1
    assert [path["end"] for path in seen.report["paths"]] == ["lost: api did not answer in time"]


def test_ten_thousand_a_second_against_a_thousand_environments() -> None:
    """The third failure mode, at a hundredth of the size: 100 requests/s of 0.5 s against a concurrency of 10: 80 % become 500."""
    seen = through({"load": rate(100)}, {}, {"duration": constant(0.5), "reserved_concurrency": 10}, kind="lambda", duration_s=200)
    assert seen.total("api", "5XXError") / seen.total("api", "Count") == pytest.approx(0.8, abs=0.02)


def test_an_answer_comes_back_through_a_long_chain_of_apis() -> None:
    """400 APIs, each of which asks the next: the answer, good or bad, must not need a stack as deep."""
    nodes: dict[str, Any] = {"client": ("traffic", at_times(1)), "backend": ("http_endpoint", {"latency": constant(0.5)})}
    nodes |= {f"a{place}": ("api_gateway", {"rest_overhead": constant(0.001)}) for place in range(400)}
    wires: dict[str, Any] = {"client.requests -> a0.in": {}, "a399.integrations -> backend.in": {}} | {f"a{place}.integrations -> a{place + 1}.in": {} for place in range(399)}
    seen = outcome(drawing(nodes, wires, duration_s=5, frame_interval_s=1))
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.9)
    bad = outcome(drawing(nodes | {"backend": ("http_endpoint", {"latency": constant(0.5), "failure_probability": 1})}, wires, duration_s=5, frame_interval_s=1))
    assert bad.lost("client") == {"integration_500": 1}


def test_apis_that_ask_each_other_in_a_circle_are_refused() -> None:
    apis = {"a": ("api_gateway", {}), "b": ("api_gateway", {})}
    assert "synchronous-circle" in codes(drawing(apis, {"a.integrations -> b.in": {}, "b.integrations -> a.in": {}}))
    assert "synchronous-circle" in codes(drawing(apis, {"a.integrations -> a.in": {}}))
    assert "synchronous-circle" not in codes(drawing(apis, {"a.integrations -> b.in": {}}))


# -- handing over, and the bill -----------------------------------------------------------------------------------------


def test_a_service_integration_answers_when_the_service_has_it() -> None:
    graph = drawing(
        {"client": ("traffic", {"load": rate(20), "arrivals": "even"}), "api": ("api_gateway", FAST), "queue": ("sqs", {})},
        {"client.requests -> api.in": {}, "api.services -> queue.in": {"service_latency": constant(0.02)}}, duration_s=60)
    seen = outcome(graph)
    assert seen.metric("api", "Latency")["max"] == pytest.approx(0.02)
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") == pytest.approx(1200, abs=2), "the API is healthy while the backlog grows"


def test_the_bill() -> None:
    seen = through({"load": rate(10), "arrivals": "even", "message_types": kinds("GET /a")}, {"cache_cluster_size": "6.1", "stage_rate_limit_per_s": 5, "stage_burst_limit": 1}, {"latency": INSTANT}, {"routes": ["GET /a"], "response_bytes": 1_000_000}, duration_s=100)
    assert seen.quantity("api", "REST requests") == seen.total("backend", "Requests") < seen.total("api", "Count"), "429 is not charged"
    assert seen.quantity("api", "Cache of 6.1 GB") == pytest.approx(100 / 3600)
    assert seen.quantity("api", "Data transfer out") == pytest.approx(seen.total("backend", "Requests") * 0.001)
    http = through({"load": rate(10), "arrivals": "even"}, {"api_type": "HTTP"}, {"latency": INSTANT}, {"response_bytes": 1_000_000}, duration_s=100)
    assert http.quantity("api", "HTTP requests") == 2 * http.total("api", "Count")


# -- findings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("api", "integration", "code"), [
    ({"api_type": "HTTP", "cache_cluster_size": "0.5"}, {}, "rest-only"), ({"api_type": "HTTP"}, {"timeout_s": 31}, "integration-timeout"), ({}, {"timeout_s": 60}, "integration-timeout"),
    ({}, {"routes": ["orders"]}, "route"), ({"routes": [{"route": "$default", "authorization": "lambda"}]}, {}, "no-authorizer"),
    ({"routes": [{"route": "$default", "caching_enabled": True}]}, {}, "no-cache"), ({"routes": [{"route": "$default", "api_key_required": True}]}, {}, "no-usage-plan"),
    ({}, {"routes": ["GET /a"]}, "no-route"),
])  # fmt: skip
def test_findings(api: dict[str, Any], integration: dict[str, Any], code: str) -> None:
    assert code not in codes(api_drawing(at_times(1), {}, {}, {}))
    assert code in codes(api_drawing(at_times(1), api, {}, integration))


def test_a_function_that_outlives_the_api_is_told() -> None:
    assert "function-outlives-api" in codes(api_drawing(at_times(1), {}, {"timeout_s": 60}, kind="lambda"))
