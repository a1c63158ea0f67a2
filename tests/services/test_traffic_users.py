"""Closed loads: users who ask, wait for the answer, think, and ask again, counted at the endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, constant, drawing, outcome

EXACT = {"latency": constant(1), "workers": None}


def users(number: int, think: dict[str, Any], endpoint: dict[str, Any] | None = None, policy: dict[str, Any] | None = None, *controls: Any, types: list[dict[str, Any]] | None = None, **run: Any) -> Outcome:
    """So many users of an endpoint that takes a second."""
    source: dict[str, Any] = {"load": {"shape": "users", "users": number, "think_time": think}, **({"message_types": types} if types else {})}
    nodes = {"people": ("traffic", source), "site": ("http_endpoint", EXACT | (endpoint or {}))}
    return outcome(drawing(nodes, {"people.requests -> site.in": policy or {}}, **({"duration_s": 100} | run)), *controls)


def test_each_user_asks_again_when_the_answer_came_and_the_thinking_is_over() -> None:
    """A round of 4 s of thinking and 1 s of waiting: the first answer at 5 s, the 20th at 100 s."""
    seen = users(3, constant(4), duration_s=101)
    assert seen.total("site", "Requests") == 3 * 20
    assert seen.metric("people", "Users")["mean"] == 3
    assert seen.metric("people", "UsersThinking")["mean"] == pytest.approx(3 * (20 * 4 + 1) / 101)
    assert seen.metric("people", "RequestsOutstanding")["max"] == 3


def test_a_saturated_server_gets_no_more_than_it_answers() -> None:
    """One worker, a second a request: 100 users wait in a line of 100, nobody is refused, and each waits 100 s less the thinking."""
    seen = users(100, constant(10), {"workers": 1, "queue_limit": 1000}, duration_s=2000, warm_up_s=500)
    assert seen.metric("site", "Requests")["per_s"] == pytest.approx(1, rel=0.01)
    assert seen.metric("people", "ResponseTime")["mean"] == pytest.approx(90, rel=0.01), "N / X - Z"
    assert seen.lost("people") == {}


def test_the_users_time_is_the_response_time_law() -> None:
    seen = users(20, {"type": "exponential", "mean_s": 3}, {"latency": {"type": "exponential", "mean_s": 0.5}, "workers": 2, "queue_limit": 1000}, duration_s=3000, warm_up_s=300)
    rate = seen.metric("people", "MessagesAccepted")["per_s"]
    assert rate * (3 + seen.metric("people", "ResponseTime")["mean"]) == pytest.approx(20, rel=0.03)
    assert seen.metric("people", "OfferedLoad")["mean"] == pytest.approx(rate, rel=0.03), "those who think ask, one in a mean time of thinking"


def test_failed_requests_and_retries_are_part_of_a_round() -> None:
    down = {"outages": [{"start_s": 0, "length_s": 1000}]}
    seen = users(1, constant(4), down, {"attempts": 2, "backoff": "exponential", "backoff_base_s": 0.5}, duration_s=100.5)
    assert seen.total("people", "RequestAttempts") == 2 * 20, "a round is 4 s of thinking and 1 s of pausing"
    assert sum(seen.lost("people").values()) == 20


def test_several_answers_that_come_at_once_end_one_round() -> None:
    down = {**EXACT, "outages": [{"start_s": 0, "length_s": 1000}]}
    nodes = {"people": ("traffic", {"load": {"shape": "users", "users": 2, "think_time": constant(4)}}), **dict.fromkeys(("one", "two", "three"), ("http_endpoint", down))}
    seen = outcome(drawing(nodes, {f"people.requests -> {name}.in": {"attempts": 1} for name in ("one", "two", "three")}, duration_s=100.5))
    assert seen.total("people", "RequestAttempts") == 2 * 3 * 25
    assert seen.metric("people", "Users")["mean"] == 2


def test_a_timeout_of_the_client_ends_the_wait() -> None:
    seen = users(1, constant(4), {"latency": constant(60)}, {"timeout_s": 1}, duration_s=100.5)
    assert seen.total("people", "RequestsTimedOut") == 20


def test_the_network_is_waited_for_both_ways() -> None:
    assert users(1, constant(4), {}, {"network_latency": constant(0.5)}, duration_s=121).total("site", "Requests") == 20


def test_who_does_not_think_and_is_answered_at_once_does_not_stop_the_clock() -> None:
    seen = users(2, INSTANT, {"latency": INSTANT}, duration_s=1)
    assert seen.total("site", "Requests") == pytest.approx(2 * 1000, abs=4)
    assert users(2, INSTANT, {"latency": INSTANT, "outages": [{"start_s": 0, "length_s": 10}]}, duration_s=1).total("site", "ConnectionsRefused") == pytest.approx(2 * 1000, abs=4)


def test_the_load_multiplier_and_a_parameter_change_the_number_of_users() -> None:
    more = {"time_s": 50, "action": "load", "value": 2}
    assert users(10, constant(1), {}, {}, more).last("people", "Users") == 20
    fewer = {"time_s": 50, "action": "load", "value": 0.5}
    seen = users(10, constant(1), {}, {}, fewer)
    assert seen.last("people", "Users") == 5
    assert seen.total("site", "Requests") == pytest.approx(10 * 25 + 5 * 25, abs=10)
    opened = {"time_s": 50, "action": "parameter", "node": "people", "parameter": "load", "value": {"shape": "constant", "rate_per_s": 100}}
    seen = users(10, constant(1), {}, {}, opened, duration_s=60)
    assert seen.last("people", "Users") == 0
    assert seen.total("site", "Requests") == pytest.approx(10 * 25 + 1000, rel=0.15)


def test_a_silent_source_sends_its_users_away() -> None:
    silent = {"time_s": 50, "action": "fault", "node": "people", "fault": "silent", "value": {}}
    back = {"time_s": 60, "action": "clear_fault", "node": "people", "fault": "silent"}
    seen = users(10, constant(1), {}, {}, silent, back)
    assert seen.last("people", "Users") == 10
    assert seen.series("site", "Requests")[60] == pytest.approx(seen.series("site", "Requests")[53], abs=1)


def test_each_user_has_a_key_and_a_connection_of_their_own() -> None:
    nodes = {"people": ("traffic", {"load": {"shape": "users", "users": 7, "think_time": constant(4)}, "message_types": [{"name": "say"}]}), "chat": ("api_gateway", {"api_type": "WEBSOCKET"}),
             "answers": ("http_endpoint", EXACT)}
    seen = outcome(drawing(nodes, {"people.requests -> chat.in": {}, "chat.integrations -> answers.in": {}}, duration_s=60))
    assert seen.metric("chat", "OpenConnections")["max"] == 7


@pytest.mark.parametrize(("per", "opened"), [("application", True), ("user", False)])
def test_a_breaker_for_each_user_keeps_the_others_out_of_it(per: str, opened: bool) -> None:
    """Half of all requests fail, at random: three in a row come soon for all together, and much later for one of many users."""
    half = {"failure_probability": 0.5, "latency": constant(0.1)}
    seen = users(200, constant(20), half, {"breaker_failures": 4, "breaker_open_s": 1000, "breaker_per": per}, duration_s=90)
    assert (seen.total("people", "RequestsFailedFast") > 200) is opened


def test_one_way_messages_are_not_waited_for() -> None:
    nodes = {"people": ("traffic", {"load": {"shape": "users", "users": 2, "think_time": constant(1)}}), "queue": ("sqs", {})}
    assert outcome(drawing(nodes, {"people.out -> queue.in": {}}, duration_s=10.5)).total("queue", "NumberOfMessagesSent") == 20
