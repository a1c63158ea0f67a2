"""WebSocket APIs: connections that open, age and break, messages and posts; counted at the client, the API and the backend."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

SOCKET = {"api_type": "WEBSOCKET", "http_overhead": INSTANT, "rest_overhead": INSTANT}


def said(source: dict[str, Any], api: dict[str, Any], *controls: Any, connect: dict[str, Any] | None = None, policy: dict[str, Any] | None = None, **run: Any) -> Outcome:
    """A client, an API, a backend for messages, and one for $connect and $disconnect."""
    nodes = {
        "client": ("traffic", source), "api": ("api_gateway", SOCKET | api), "backend": ("http_endpoint", {"latency": constant(0.1), "workers": None}),
        "door": ("http_endpoint", {"latency": constant(0.5), "workers": None} | (connect or {})),
    }
    wires = {"client.requests -> api.in": policy or {}, "api.integrations -> backend.in": {"routes": ["$default"]}, "api.integrations -> door.in": {"routes": ["$connect", "$disconnect"]}}
    return outcome(drawing(nodes, wires, **run), *controls)


def test_the_first_message_waits_for_connect_and_the_next_does_not() -> None:
    seen = said(at_times(1, 5), {}, duration_s=20)
    assert seen.total("api", "ConnectCount") == 1
    assert seen.total("door", "Requests") == 1
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.6)
    assert seen.waits("api")["connecting"] == pytest.approx(0.5)
    assert seen.last("api", "OpenConnections") == 1


def test_messages_while_the_connection_opens_wait_for_the_same_one() -> None:
    seen = said(at_times(1, 1.1, 1.2), {}, duration_s=20)
    assert seen.total("api", "ConnectCount") == 1
    assert seen.total("backend", "Requests") == 3


def test_a_refused_connect_refuses_the_connection() -> None:
    seen = said(at_times(1, 5), {}, connect={"failure_probability": 1}, duration_s=20)
    assert seen.lost("client") == {"connect_failed": 2}
    assert seen.total("backend", "Requests") == 0
    assert seen.total("api", "ConnectionsRefused") == 2


def test_connections_end_after_ten_idle_minutes_and_two_hours() -> None:
    idle = said(at_times(1, 500, 1200), {}, duration_s=2000, frame_interval_s=100)
    assert idle.total("api", "ConnectCount") == 2, "699 s idle"
    assert idle.total("door", "Requests") == 2 + 2, "$disconnect, and the second end at 1,800 s"
    busy = said({"load": rate(0.1), "arrivals": "even"}, {}, duration_s=7400)
    assert busy.total("api", "ConnectCount") == 2


def test_new_connections_are_limited_and_a_cut_brings_a_storm() -> None:
    """Of what comes at once, as many as the bucket holds get a connection."""
    seen = said({"load": rate(200), "message_types": [{"name": "x", "key": {"keys": "uniform", "number": 100}}]}, {"connection_rate_per_s": 20}, duration_s=60)
    assert seen.total("api", "ConnectionsRefused") > 50
    assert seen.total("api", "ConnectCount") == 100
    cut = {"time_s": 40, "action": "fault", "node": "api", "fault": "cache_flushed", "value": {}}
    storm = said({"load": rate(200), "message_types": [{"name": "x", "key": {"keys": "uniform", "number": 100}}]}, {"connection_rate_per_s": 20}, cut, duration_s=60)
    assert storm.total("api", "ConnectCount") == 200
    assert storm.total("api", "ConnectionsRefused") > 1.6 * seen.total("api", "ConnectionsRefused")


def test_a_message_above_128_kb_closes_the_connection() -> None:
    source = {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [1.0, 3.0, 5.0]}}, "message_types": [{"name": "x", "size_bytes": 131_073}]}
    seen = said(source, {}, duration_s=20)
    assert seen.lost("client") == {"message_too_large": 3}


def test_the_lambda_authorizer_is_asked_at_connect_alone() -> None:
    graph = drawing(
        {"client": ("traffic", at_times(1, 5, 9)), "api": ("api_gateway", SOCKET | {"routes": [{"route": "$connect", "authorization": "lambda"}]}),
         "auth": ("lambda", {"duration": constant(0.1)}), "backend": ("http_endpoint", {"latency": constant(0.1)})},
        {"client.requests -> api.in": {}, "api.authorizer -> auth.requests": {}, "api.integrations -> backend.in": {}}, duration_s=20)
    seen = outcome(graph)
    assert seen.total("auth", "Invocations") == 1
    assert seen.total("backend", "Requests") == 3


def posting(api: dict[str, Any], times_s: tuple[float, ...], account: Any = None, **run: Any) -> Outcome:
    """Four clients are connected from 1 s on; a function's messages are posted to them at these times."""
    nodes = {
        "client": ("traffic", {"load": rate(20), "message_types": [{"name": "x", "key": {"keys": "uniform", "number": 4}}]}), "api": ("api_gateway", SOCKET | api),
        "backend": ("http_endpoint", {"latency": INSTANT}), "news": ("traffic", at_times(*times_s) | {"message_types": [{"name": "news", "size_bytes": 40_000}]}), "writer": ("lambda", {"duration": constant(0.01)}),
    }
    wires = {"client.requests -> api.in": {}, "api.integrations -> backend.in": {}, "news.out -> writer.events": {}, "writer.out -> api.callbacks": {}}
    return outcome(drawing(nodes, wires, account=account, **run))


def test_posts_go_to_one_connection_or_to_all() -> None:
    one, every = posting({}, (10, 11), duration_s=30), posting({"posts_to": "all"}, (10, 11), duration_s=30)
    posted = one.total("api", "MessageCount") - one.total("client", "MessagesAccepted")
    assert posted == pytest.approx(2, abs=1)
    assert every.total("api", "MessageCount") - every.total("client", "MessagesAccepted") == pytest.approx(8, abs=1)
    assert every.quantity("api", "WebSocket messages") - every.total("api", "MessageCount") == 8, "40,000 bytes are two units"


def test_posts_to_what_is_gone_are_410_and_use_tokens() -> None:
    seen = said(at_times(1), {"disconnect_lost_share": 1}, duration_s=2000)
    assert seen.total("door", "Requests") == 1, "no $disconnect came"
    nodes = {"api": ("api_gateway", SOCKET), "news": ("traffic", at_times(1, 2)), "writer": ("lambda", {"duration": constant(0.01)})}
    gone = outcome(drawing(nodes, {"news.out -> writer.events": {}, "writer.out -> api.callbacks": {}}, duration_s=30))
    assert gone.total("api", "PostsGone") == 2
    assert gone.lost("api") == {"gone": 2}


def test_the_bill_counts_minutes_and_messages() -> None:
    seen = said(at_times(0, 300, 600), {}, connect={"latency": INSTANT}, duration_s=900)
    assert seen.quantity("api", "Connection minutes") == pytest.approx(15, rel=0.01)
    assert seen.quantity("api", "WebSocket messages") == 3


def test_errors_are_told_apart_by_where_they_arise() -> None:
    """Of 30 messages ten fit the route's bucket; the backend fails them, or answers too late. Each error is counted in one place."""
    limited = {"routes": [{"route": "$default", "throttling_rate_limit_per_s": 0.001, "throttling_burst_limit": 10}]}
    kinds = ("IntegrationError", "ClientError", "ExecutionError")

    def errors(backend: dict[str, Any], policy: dict[str, Any] | None = None) -> list[float]:
        nodes = {"client": ("traffic", at_times(*[float(second) for second in range(1, 31)])), "api": ("api_gateway", SOCKET | limited), "backend": ("http_endpoint", {"workers": None} | backend)}
        seen = outcome(drawing(nodes, {"client.requests -> api.in": {}, "api.integrations -> backend.in": {"routes": ["$default"]} | (policy or {})}, duration_s=90))
        assert sum(seen.total("api", kind) for kind in kinds) == seen.total("api", "4XXError") + seen.total("api", "5XXError")
        return [seen.total("api", kind) for kind in kinds]

    assert errors({"latency": constant(0.1)}) == [0, 20, 0]
    assert errors({"latency": constant(0.1), "failure_probability": 1}) == [10, 20, 0]
    assert errors({"latency": constant(20)}, {"timeout_s": 5}) == [0, 20, 10]
    assert sum(said(at_times(1, 5), {}, connect={"failure_probability": 1}, duration_s=20).total("api", kind) for kind in kinds) == 2
