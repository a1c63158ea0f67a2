"""SNS standard topic: one test for each documented rule, counted at the queues and functions that subscribe."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from simulator import catalog
from simulator.findings import InvalidScenario, check
from simulator.mechanics.retry import AWS_MANAGED
from simulator.mechanics.topics.topic_parameters import MEASURED
from simulator.scenario import Scenario
from tests.drawing import INSTANT, at_times, by_type, constant, deliveries, drawing, outcome, rate

AT_ONCE = {"delivery_latency": INSTANT}
DOWN = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable"}
UP = {"action": "clear_fault", "node": "queue", "fault": "unavailable"}


def attribute(value: Any) -> dict[str, str]:
    """An SNS message attribute of the type that the value suggests."""
    if isinstance(value, list):
        return {"Type": "String.Array", "Value": value}  # type: ignore[dict-item]
    return {"Type": "Number" if isinstance(value, (int, float)) else "String", "Value": str(value)}


def content(name: str, **fields: Any) -> dict[str, Any]:
    """A message type that says the same in its attributes and in its body (there one level deeper)."""
    return {"name": name, "attributes": {key: attribute(value) for key, value in fields.items()}, "body": {"order": fields} if fields else None}


TYPES = [
    content("eu", kind="order", region="eu-west-1", price=99.5, address="10.0.0.7", tags=["new", "vip"]),
    content("us", kind="order", region="us-east-1", price=250, address="10.0.1.7", tags=["old"]),
    content("refund", kind="refund", region="EU-WEST-1", price=-5, address="10.0.0.9"),
    content("return", kind="return", region="eu-west-2"),
    content("bare"),
]
ORDERS = {"load": rate(20), "message_types": TYPES}

OPERATORS = [
    ({"kind": ["order"]}, {"eu", "us"}),
    ({"kind": ["order", "refund"]}, {"eu", "us", "refund"}),
    ({"kind": ["order"], "region": ["us-east-1"]}, {"us"}),
    ({"price": [250]}, {"us"}),
    ({"region": [{"prefix": "eu-"}]}, {"eu", "return"}),
    ({"region": [{"suffix": "-1"}]}, {"eu", "us", "refund"}),
    ({"region": [{"equals-ignore-case": "eu-west-1"}]}, {"eu", "refund"}),
    ({"kind": [{"anything-but": ["order", "return"]}]}, {"refund"}),
    ({"region": [{"anything-but": {"prefix": "eu-"}}]}, {"us", "refund"}),
    ({"price": [{"anything-but": [250]}]}, {"eu", "refund"}),
    ({"price": [{"numeric": [">", 0]}]}, {"eu", "us"}),
    ({"price": [{"numeric": [">=", -5, "<", 250]}]}, {"eu", "refund"}),
    ({"price": [{"numeric": ["=", 99.5]}]}, {"eu"}),
    ({"address": [{"cidr": "10.0.0.0/24"}]}, {"eu", "refund"}),
    ({"price": [{"exists": True}]}, {"eu", "us", "refund"}),
    ({"tags": ["vip"]}, {"eu"}),
    ({"tags": [{"prefix": "o"}]}, {"us"}),
    ({"$or": [{"price": [{"numeric": ["<", 0]}]}, {"tags": ["old"]}]}, {"us", "refund"}),
    ({"kind": ["order"], "$or": [{"price": [{"numeric": [">", 200]}]}, {"tags": ["vip"]}]}, {"eu", "us"}),
]


def topic(source: dict[str, Any], subscription: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, *, dead: bool = False, **how: Any) -> dict[str, Any]:
    """A source, a topic and one queue that subscribes; with ``dead``, a dead-letter queue of the subscription."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "topic": ("sns", {}), "queue": ("sqs", queue or {})}
    wires: dict[str, Any] = {"source.out -> topic.in": {}, "topic.out -> queue.in": AT_ONCE | (subscription or {})}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["topic.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **how)


# -- fan-out and filters --------------------------------------------------------------------------------------------


def test_every_subscription_gets_a_copy_of_its_own() -> None:
    queues = {name: ("sqs", {}) for name in ("a", "b", "c")}
    seen = outcome(drawing({"source": ("traffic", {"load": rate(20)}), "topic": ("sns", {}), **queues}, {"source.out -> topic.in": {}, **{f"topic.out -> {name}.in": AT_ONCE for name in queues}}, duration_s=30))
    published = seen.total("topic", "NumberOfMessagesPublished")
    assert published == seen.total("source", "MessagesCreated") > 500
    assert [seen.total(name, "NumberOfMessagesSent") for name in queues] == [published] * 3
    assert seen.total("topic", "NumberOfNotificationsDelivered") == seen.report["conservation"]["created"] == 3 * published


@pytest.mark.parametrize("scope", ["MessageAttributes", "MessageBody"])
@pytest.mark.parametrize(("policy", "matching"), OPERATORS, ids=[str(policy) for policy, _ in OPERATORS])
def test_a_filter_lets_matching_messages_through_and_no_others(policy: dict[str, Any], matching: set[str], scope: str) -> None:
    """An unfiltered queue beside the filtered one says how many of each type were sent."""
    written = policy if scope == "MessageAttributes" else {"order": policy}
    scenario = drawing(
        {"source": ("traffic", ORDERS), "topic": ("sns", {}), "queue": ("sqs", {}), "all": ("sqs", {})},
        {"source.out -> topic.in": {}, "topic.out -> queue.in": AT_ONCE | {"filter_policy": written, "filter_policy_scope": scope}, "topic.out -> all.in": AT_ONCE}, duration_s=4)
    sent, filtered = by_type(deliveries(scenario, "all")), by_type(deliveries(scenario, "queue"))
    assert set(sent) == {entry["name"] for entry in TYPES}
    assert filtered == {name: count for name, count in sent.items() if name in matching}


def test_a_filter_asks_for_absence_but_a_message_without_attributes_matches_none() -> None:
    absent = {"filter_policy": {"price": [{"exists": False}]}}
    assert set(by_type(deliveries(topic(ORDERS, absent, duration_s=4), "queue"))) == {"return"}
    in_body = {"filter_policy": {"order": {"price": [{"exists": False}]}}, "filter_policy_scope": "MessageBody"}
    assert set(by_type(deliveries(topic(ORDERS, in_body, duration_s=4), "queue"))) == {"return"}


def test_what_a_filter_keeps_back_is_counted_by_reason_and_is_no_loss() -> None:
    attributes = outcome(topic(ORDERS, {"filter_policy": {"kind": ["order"]}}, duration_s=20))
    sent = by_type(deliveries(topic(ORDERS, duration_s=20), "queue"))
    assert attributes.total("topic", "NumberOfNotificationsFilteredOut-MessageAttributes") == sent["refund"] + sent["return"]
    assert attributes.total("topic", "NumberOfNotificationsFilteredOut-NoMessageAttributes") == sent["bare"]
    body = outcome(topic(ORDERS, {"filter_policy": {"order": {"kind": ["order"]}}, "filter_policy_scope": "MessageBody"}, duration_s=20))
    assert body.total("topic", "NumberOfNotificationsFilteredOut-MessageBody") == sent["refund"] + sent["return"]
    assert body.total("topic", "NumberOfNotificationsFilteredOut-InvalidMessageBody") == sent["bare"]
    for seen in (attributes, body):
        kept = sent["refund"] + sent["return"] + sent["bare"]
        assert seen.total("topic", "NumberOfNotificationsFilteredOut") == kept == seen.path("source", "topic")["messages"]
        assert seen.report["conservation"]["lost"] == 0


def test_a_filter_can_be_changed_during_a_run() -> None:
    control = {"time_s": 10, "action": "parameter", "after_s": 0, "node": "topic", "wire": "w1", "parameter": "filter_policy", "value": {"kind": ["refund"]}}
    seen = deliveries(topic(ORDERS, {"filter_policy": {"kind": ["order"]}}, duration_s=20), "queue", control)
    assert {entry.type for entry in seen if entry.at_s < 10} == {"eu", "us"}
    assert {entry.type for entry in seen if entry.at_s >= 10} == {"refund"}


def test_a_policy_that_sns_would_not_take_is_refused() -> None:
    with pytest.raises(InvalidScenario, match="wildcard"):
        outcome(topic(at_times(1), {"filter_policy": {"kind": [{"wildcard": "a*"}]}}, duration_s=10))


# -- delivery -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("raw", "size_bytes", "requests"), [(True, 65_000, 1), (False, 65_900, 2)])
def test_raw_delivery_leaves_the_envelope_away(raw: bool, size_bytes: int, requests: int) -> None:
    """Without it the JSON envelope (900 bytes here) takes the message over the 64 KB that one request carries."""
    scenario = topic(at_times(1) | {"message_types": [{"size_bytes": 65_000}]}, {"raw_message_delivery": raw}, duration_s=10)
    assert [entry.size_bytes for entry in deliveries(scenario, "queue")] == [size_bytes]
    seen = outcome(scenario)
    assert seen.metric("queue", "SentMessageSize")["max"] == size_bytes
    assert seen.quantity("queue", "Requests, standard queue") == requests
    assert seen.metric("topic", "PublishSize")["max"] == 65_000


def test_the_way_to_the_subscriber_takes_its_time() -> None:
    scenario = topic(at_times(1, 2), {"delivery_latency": constant(0.25)}, duration_s=10)
    assert [entry.at_s for entry in deliveries(scenario, "queue")] == pytest.approx([1.25, 2.25])
    seen = outcome(scenario)
    assert seen.metric("topic", "DwellTime")["max"] == pytest.approx(0.25)
    assert seen.waits("topic") == pytest.approx({"delivery_latency": 0.5})


def test_a_function_takes_events_even_when_it_cannot_run_them() -> None:
    """SNS is done when Lambda has the event; that the function is throttled shows at the function alone."""
    seen = outcome(drawing(
        {"source": ("traffic", at_times(1, 2, 3)), "topic": ("sns", {}), "busy": ("lambda", {"reserved_concurrency": 1, "duration": constant(600), "timeout_s": 900})},
        {"source.out -> topic.in": {}, "topic.out -> busy.events": AT_ONCE}, duration_s=60))
    assert seen.total("topic", "NumberOfNotificationsDelivered") == seen.total("busy", "AsyncEventsReceived") == 3
    assert seen.total("topic", "NumberOfNotificationsFailed") == seen.total("topic", "DeliveryRetries") == 0
    assert seen.total("busy", "Invocations") == 1
    assert seen.total("busy", "Throttles") > 2


# -- failed deliveries ----------------------------------------------------------------------------------------------


def test_an_unreachable_queue_is_tried_100_015_times_over_23_days() -> None:
    scenario = topic(at_times(1), dead=True, duration_s=2_100_000)
    tried = deliveries(scenario, "queue", DOWN)
    assert len(tried) == AWS_MANAGED.attempts == 100_015
    assert not any(entry.taken for entry in tried)
    assert tried[-1].at_s / 86_400 == pytest.approx(23.15, abs=0.1)


def test_what_can_never_be_delivered_goes_to_the_dead_letter_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedule with 20 last retries instead of 100,000, so that the end comes soon."""
    monkeypatch.setattr("simulator.mechanics.topics.topic_subscriptions.AWS_MANAGED", replace(AWS_MANAGED, post=20))
    seen = outcome(topic(at_times(1), dead=True, duration_s=1000), DOWN)
    assert seen.total("dead", "NumberOfMessagesSent") == seen.total("topic", "NumberOfNotificationsRedrivenToDlq") == 1
    assert seen.total("topic", "NumberOfNotificationsFailed") == 1, "counted when SNS gives up, not at each attempt"
    assert seen.total("topic", "DeliveryRetries") == 34
    assert outcome(topic(at_times(1), duration_s=1000), DOWN).lost("topic") == {"unavailable": 1}


def test_retries_follow_the_documented_phases() -> None:
    """Three at once, two after a second each, ten with pauses from 1 to 20 s, then one every 20 s; jitter moves a pause by up to half."""
    times_s = [entry.at_s for entry in deliveries(topic(at_times(1), duration_s=3000), "queue", DOWN)]
    gaps = [later - earlier for earlier, later in pairwise(times_s)]
    nominal = [0.0] * 2 + [1.0] * 2 + [20 ** (step / 9) for step in range(10)] + [20.0] * (len(gaps) - 14)
    assert len(gaps) > 50
    for gap, pause in zip(gaps, nominal, strict=True):
        assert 0.5 * pause <= gap <= 1.5 * pause
    assert sum(gaps[14:]) / len(gaps[14:]) == pytest.approx(20, rel=0.15)
    assert len(set(gaps[14:])) == len(gaps[14:]), "no jitter"


def test_a_queue_that_comes_back_gets_what_waited_for_it() -> None:
    seen = outcome(topic(at_times(1, 2, 3), duration_s=100), DOWN, UP | {"time_s": 50})
    assert seen.total("queue", "NumberOfMessagesSent") == seen.total("topic", "NumberOfNotificationsDelivered") == 3
    assert seen.total("topic", "NumberOfNotificationsFailed") == seen.last("topic", "NotificationsPending") == 0
    assert 47 <= seen.metric("topic", "DwellTime")["max"] <= 49 + 30
    assert seen.waits("topic")["delivery_retry"] == pytest.approx(3 * seen.metric("topic", "DwellTime")["mean"])


def test_a_message_that_a_queue_will_never_take_is_not_tried_again() -> None:
    scenario = topic(at_times(1, 2) | {"message_types": [{"size_bytes": 2000}]}, {}, {"maximum_message_size_bytes": 1024}, dead=True, duration_s=100)
    assert len(deliveries(scenario, "queue")) == 2
    seen = outcome(scenario)
    assert seen.total("topic", "DeliveryRetries") == 0
    assert seen.total("dead", "NumberOfMessagesSent") == seen.total("topic", "NumberOfNotificationsFailed") == 2
    lost = outcome(topic(at_times(1, 2) | {"message_types": [{"size_bytes": 2000}]}, {}, {"maximum_message_size_bytes": 1024}, duration_s=100))
    assert lost.lost("topic") == {"too_large": 2}


def test_each_subscription_has_a_dead_letter_queue_of_its_own() -> None:
    """Of four subscribers that cannot take 2,000 bytes two have a queue of their own, and the others share one."""
    small = {"maximum_message_size_bytes": 1024}
    scenario = drawing(
        {"source": ("traffic", at_times(1, 2, 3) | {"message_types": [{"size_bytes": 2000}]}), "topic": ("sns", {}),
         **dict.fromkeys(("a", "b", "c", "d"), ("sqs", small)), **{name: ("sqs", {}) for name in ("dead_a", "dead_b", "shared", "fine")}},
        {"source.out -> topic.in": {}, **{f"topic.out -> {name}.in": AT_ONCE for name in ("a", "b", "c", "d", "fine")},
         "topic.dlq -> dead_a.in": {"subscriber": "a"}, "topic.dlq -> dead_b.in": {"subscriber": "b"}, "topic.dlq -> shared.in": {}}, duration_s=10)
    seen = outcome(scenario)
    assert [seen.total(name, "NumberOfMessagesSent") for name in ("dead_a", "dead_b", "shared", "fine")] == [3, 3, 6, 3]
    assert seen.total("topic", "NumberOfNotificationsRedrivenToDlq") == 12


def test_a_dead_letter_queue_that_refuses_loses_the_message() -> None:
    scenario = topic(at_times(1, 2) | {"message_types": [{"size_bytes": 2000}]}, {}, {"maximum_message_size_bytes": 1024}, dead=True, duration_s=10)
    seen = outcome(scenario, {**DOWN, "node": "dead"})
    assert seen.total("topic", "NumberOfNotificationsFailedToRedriveToDlq") == 2
    assert seen.lost("topic") == {"too_large": 2}


def test_a_dead_letter_queue_names_a_subscriber_that_exists() -> None:
    scenario = topic(at_times(1), dead=True, duration_s=10)
    scenario["wires"][-1]["parameters"] = {"subscriber": "nobody"}
    with pytest.raises(InvalidScenario, match="does not subscribe"):
        outcome(scenario)


# -- publishing -----------------------------------------------------------------------------------------------------


def test_topics_of_an_account_share_its_publish_quota() -> None:
    """40 a second are published to two topics whose account may publish 30; the bucket holds one second's worth."""
    scenario = drawing(
        {"source": ("traffic", {"load": rate(20), "arrivals": "even"}), "one": ("sns", {}), "two": ("sns", {}), "a": ("sqs", {}), "b": ("sqs", {})},
        {"source.out -> one.in": {}, "source.out -> two.in": {}, "one.out -> a.in": AT_ONCE, "two.out -> b.in": AT_ONCE},
        account={"sns": {"publish_per_s": 30}}, duration_s=100)
    seen = outcome(scenario)
    arrived = seen.total("a", "NumberOfMessagesSent") + seen.total("b", "NumberOfMessagesSent")
    assert arrived == pytest.approx(30 * 100 + 30, abs=4)
    throttled = seen.total("one", "PublishesThrottled") + seen.total("two", "PublishesThrottled")
    assert seen.lost("source") == {"publish_quota": throttled}
    assert arrived + throttled == seen.report["nodes"]["source"]["ledger"]["created"]


@pytest.mark.parametrize(("size_bytes", "taken"), [(262_144, 1), (262_145, 0)])
def test_a_message_over_the_maximum_size_is_refused(size_bytes: int, taken: int) -> None:
    seen = outcome(topic(at_times(1) | {"message_types": [{"size_bytes": size_bytes}]}, {"raw_message_delivery": True}, duration_s=10))
    assert seen.total("queue", "NumberOfMessagesSent") == seen.total("topic", "NumberOfMessagesPublished") == taken
    assert seen.lost("source") == ({} if taken else {"too_large": 1})


@pytest.mark.parametrize(("size_bytes", "requests"), [(1, 1), (65_536, 1), (65_537, 2), (262_144, 4)])
def test_a_publish_is_billed_for_each_64_kilobytes_and_deliveries_are_free(size_bytes: int, requests: int) -> None:
    seen = outcome(topic(at_times(1, 2) | {"message_types": [{"size_bytes": size_bytes}]}, duration_s=10))
    assert seen.quantity("topic", "Publishes, standard topic") == 2 * requests
    assert seen.report["nodes"]["topic"]["cost_usd"] == pytest.approx(2 * requests * 0.5e-6)


def test_filtering_on_the_body_is_billed_by_the_gigabyte() -> None:
    """100,000 bytes, twice, looked at by one of two subscriptions; the filter on attributes costs nothing."""
    on_body = {"filter_policy": {"order": {"kind": ["order"]}}, "filter_policy_scope": "MessageBody"}
    scenario = drawing(
        {"source": ("traffic", at_times(1, 2) | {"message_types": [{"size_bytes": 100_000}]}), "topic": ("sns", {}), "queue": ("sqs", {}), "other": ("sqs", {})},
        {"source.out -> topic.in": {}, "topic.out -> queue.in": on_body, "topic.out -> other.in": {"filter_policy": {"kind": ["order"]}}}, duration_s=10)
    seen = outcome(scenario)
    assert seen.quantity("topic", "Filtering on the body") == pytest.approx(2e-4)
    assert seen.report["nodes"]["topic"]["cost_usd"] == pytest.approx(4 * 0.5e-6 + 2e-4 * 0.09)


def test_documented_limits_are_the_defaults_and_bounds() -> None:
    described = catalog.describe("sns")
    size = described["parameters"]["properties"]["maximum_message_size_bytes"]
    assert (size["default"], size["minimum"], size["maximum"]) == (262_144, 1024, 1_048_576)
    assert described["account_parameters"]["properties"]["publish_per_s"]["default"] == 30_000
    assert {quota["name"]: quota["value"] for quota in described["quotas"]} == {"publish": 30_000, "publish_fifo": 30_000, "batch": 10, "topics": 100_000, "account_filter_policies": 10_000, "subscriptions": 12_500_000, "filter_policies": 200, "attempts": 100_015,
        "people_attempts": 50, "http_retry_time": 3600, "email": 10, "firehose_subscriptions": 5,
        "fifo_topic": 3000, "fifo_group": 300, "fifo_subscriptions": 100}


@pytest.mark.parametrize(("per_call", "size_bytes", "requests"), [(1, 1000, 600), (10, 1000, 60), (10, 6553, 60), (10, 6554, 120), (4, 65_536, 600)])
def test_the_messages_of_a_batch_share_the_requests_of_a_publish(per_call: int, size_bytes: int, requests: int) -> None:
    scenario = topic({"load": rate(10), "arrivals": "even", "message_types": [{"size_bytes": size_bytes}]}, {"raw_message_delivery": True}, duration_s=60)
    scenario["wires"][0]["parameters"] = {"messages_per_call": per_call}
    seen = outcome(scenario)
    assert seen.quantity("topic", "Publishes, standard topic") == pytest.approx(requests, abs=2)
    assert seen.total("queue", "NumberOfMessagesSent") == pytest.approx(600, abs=1)


def test_a_batch_larger_than_a_message_may_be_is_refused() -> None:
    scenario = topic(at_times(1) | {"message_types": [{"size_bytes": 30_000}]}, duration_s=10)
    scenario["wires"][0]["parameters"] = {"messages_per_call": 9}
    assert outcome(scenario).lost("source") == {"batch_too_long": 1}
    scenario["wires"][0]["parameters"] = {"messages_per_call": 8}
    assert outcome(scenario).total("queue", "NumberOfMessagesSent") == 1


def test_a_removed_permission_is_not_retried_and_loses_or_dead_letters_at_once() -> None:
    """Failure mode: a queue policy or a KMS key is wrong. Only the subscriber it concerns is hit, and only meanwhile."""
    gone = {"time_s": 20, "action": "fault", "node": "topic", "fault": "permission_removed", "value": {"target": "queue"}}
    back = {"time_s": 40, "action": "clear_fault", "node": "topic", "fault": "permission_removed"}
    for dead in (False, True):
        scenario = topic({"load": rate(10), "arrivals": "even"}, dead=dead, duration_s=60)
        scenario["nodes"].append({"id": "other", "kind": "sqs", "parameters": {}})
        scenario["wires"].append({"id": "other", "from": {"node": "topic", "port": "out"}, "to": {"node": "other", "port": "in"}, "parameters": AT_ONCE})
        seen = outcome(scenario, gone, back)
        hit = seen.total("topic", "NumberOfNotificationsFailed")
        assert hit == pytest.approx(200, abs=2)
        assert seen.total("topic", "DeliveryRetries") == 0
        published = seen.total("topic", "NumberOfMessagesPublished")
        assert seen.total("queue", "NumberOfMessagesSent") == published - hit
        assert seen.total("other", "NumberOfMessagesSent") == published
        assert seen.total("topic", "NumberOfNotificationsRedrivenToDlq") == (hit if dead else 0)
        assert seen.lost("topic") == ({} if dead else {"no_permission": hit})


def test_a_delivery_that_is_retried_meets_a_removed_permission_at_its_next_attempt() -> None:
    down = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable", "value": {}}
    gone = {"time_s": 30, "action": "fault", "node": "topic", "fault": "permission_removed", "value": {}}
    seen = outcome(topic(at_times(1), duration_s=120), down, gone)
    assert seen.total("topic", "DeliveryRetries") > 3
    assert seen.lost("topic") == {"no_permission": 1}


def test_a_topic_of_large_messages_has_at_most_100_subscriptions() -> None:
    def codes(number: int, **values: Any) -> set[str]:
        nodes = {"source": ("traffic", at_times(1)), "topic": ("sns", values)} | {f"q{place}": ("sqs", {}) for place in range(number)}
        wires: dict[str, Any] = {"source.out -> topic.in": {}} | {f"topic.out -> q{place}.in": {} for place in range(number)}
        return {finding.code for finding in check(Scenario.from_json(drawing(nodes, wires)))}

    assert "large-message-subscriptions" not in codes(100, maximum_message_size_bytes=300_000) | codes(101)
    assert "large-message-subscriptions" in codes(101, maximum_message_size_bytes=300_000)


def test_the_default_latency_has_the_four_published_percentiles() -> None:
    """eu-west-1, September 2022, to a function: 62, 73, 125 and 225 ms, held within 5 %."""
    scenario = topic({"load": rate(500)}, duration_s=60)
    scenario["wires"][1]["parameters"] = {}
    dwell = outcome(scenario).metric("topic", "DwellTime")
    assert [dwell[share] for share in ("p50", "p90", "p99")] == pytest.approx([0.073, 0.125, 0.225], rel=0.05)
    assert MEASURED.quantile_s(0.1) == pytest.approx(0.062)


def test_delivery_status_logs_hold_every_failure_and_a_share_of_the_successes() -> None:
    logged = topic({"load": rate(10), "arrivals": "even"}, duration_s=100)
    logged["nodes"][1]["parameters"] |= {"delivery_log_bytes": 1000, "success_sample_rate": 0.25}
    seen = outcome(logged)
    assert seen.quantity("topic", "Delivery status logs, CloudWatch Logs") == pytest.approx(0.25 * seen.total("topic", "NumberOfNotificationsDelivered") * 1000 / 1e9, rel=0.02)
    gone = {"time_s": 0, "action": "fault", "node": "topic", "fault": "permission_removed", "value": {"target": "queue"}}
    failing = outcome(logged, gone)
    assert failing.quantity("topic", "Delivery status logs, CloudWatch Logs") == pytest.approx(failing.total("topic", "NumberOfNotificationsFailed") * 1000 / 1e9)
    logged["nodes"][1]["parameters"].pop("delivery_log_bytes")
    assert all("status" not in entry["line"] for entry in outcome(logged).report["nodes"]["topic"]["cost"])
