"""E-mail, SMS and mobile push behind a topic: what they take, refuse and lose, and how the topic tries again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

DOWN = {"time_s": 0, "action": "fault", "node": "people", "fault": "unavailable", "value": {}}
PRESENT = {"offline_share": 0, "token_expiry_share": 0}


def subscribed(kind: str, source: dict[str, Any], people: dict[str, Any], wire: dict[str, Any] | None = None, *controls: Any, dead: bool = False, **run: Any) -> Outcome:
    nodes: dict[str, Any] = {"source": ("traffic", source), "topic": ("sns", {}), "people": (kind, {"delivery_time": constant(2)} | people)}
    wires: dict[str, Any] = {"source.out -> topic.in": {}, "topic.people -> people.in": {"delivery_latency": INSTANT} | (wire or {})}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["topic.dlq -> dead.in"] = {}
    return outcome(drawing(nodes, wires, **run), *controls)


# -- all of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["email", "sms", "mobile_push"])
def test_people_are_tried_50_times_over_6_hours(kind: str) -> None:
    """Then the message is lost: a service that is down for longer takes it with it."""
    seen = subscribed(kind, at_times(1), {}, None, DOWN, dead=True, duration_s=36_000)
    assert seen.total("topic", "DeliveryRetries") == 49
    assert seen.total("dead", "NumberOfMessagesSent") == seen.total("topic", "NumberOfNotificationsFailed") == 1
    assert seen.total("source", "MessagesAccepted") == 1


@pytest.mark.parametrize("kind", ["email", "sms", "mobile_push"])
def test_a_message_arrives_after_its_delivery_time(kind: str) -> None:
    calm = {"email": {}, "sms": {"failure_probability": 0}, "mobile_push": PRESENT}[kind]
    seen = subscribed(kind, at_times(1, 2), calm, duration_s=10)
    assert seen.path("source", "topic", "people")["latency"]["mean"] == pytest.approx(2)
    assert seen.waits("people") == pytest.approx({"delivery_time": 4})


# -- e-mail ---------------------------------------------------------------------------------------------------------


def test_email_above_10_a_second_deactivates_the_subscription() -> None:
    seen = subscribed("email", {"load": rate(11), "arrivals": "even"}, {}, duration_s=60)
    taken = seen.total("people", "MailTaken")
    assert 10 < taken < 200, "the burst of 10 is used up within 10 s, at 1 a second"
    assert seen.lost("topic") == {"deactivated": seen.total("topic", "NumberOfMessagesPublished") - taken}
    below = subscribed("email", {"load": rate(9.9), "arrivals": "even"}, {}, duration_s=60)
    assert below.total("topic", "NotificationsToDeactivated") == 0


def test_a_deactivated_subscription_gets_mail_again_once_it_is_confirmed() -> None:
    seen = subscribed("email", at_times(*[1.0] * 11, 50, 120), {}, {"confirmed_again_after_s": 100}, duration_s=130)
    assert seen.total("people", "MailTaken") == 10 + 1
    assert seen.total("topic", "NotificationsToDeactivated") == 2


def test_hard_bounces_are_not_retried_and_soft_bounces_are() -> None:
    hard = subscribed("email", at_times(1), {"bounce_share": 1}, dead=True, duration_s=60)
    assert (hard.total("people", "HardBounces"), hard.total("dead", "NumberOfMessagesSent")) == (1, 1)
    soft = subscribed("email", at_times(1), {"failure_probability": 1}, duration_s=26)
    assert 2 <= soft.total("people", "SoftBounces") <= 4, "10 s apart, with jitter"


# -- SMS ------------------------------------------------------------------------------------------------------------


def test_texts_wait_for_the_rate_of_their_origination() -> None:
    """Toll-free: 3 parts a second. Of 31 texts at once the last is sent after 10 s."""
    seen = subscribed("sms", at_times(*[1.0] * 31) | {"message_types": [{"size_bytes": 100}]}, {"origination": "toll_free", "failure_probability": 0, "monthly_spend_limit_usd": 100}, {"raw_message_delivery": True}, duration_s=30)
    assert seen.metric("people", "DeliveryTime")["max"] == pytest.approx(10 + 2)
    assert seen.waits("people")["rate"] == pytest.approx(sum(place / 3 for place in range(31)))


def test_texts_above_the_rate_can_be_refused_and_are_tried_again() -> None:
    seen = subscribed("sms", at_times(*[1.0] * 5) | {"message_types": [{"size_bytes": 100}]}, {"rate_per_s": 2, "over_rate": "throttles", "failure_probability": 0}, duration_s=60)
    assert seen.total("people", "MessagesThrottled") >= 3
    assert seen.total("people", "MessagesDelivered") == 5


@pytest.mark.parametrize(("size_bytes", "parts"), [(140, 1), (141, 2), (1600, 12)])
def test_each_part_of_140_bytes_is_billed(size_bytes: int, parts: int) -> None:
    seen = subscribed("sms", at_times(1) | {"message_types": [{"size_bytes": size_bytes}]}, {"failure_probability": 0, "price_per_part_usd": 0.01}, duration_s=10)
    assert seen.quantity("people", "Message parts") == parts
    assert seen.last("people", "SMSMonthToDateSpentUSD") == pytest.approx(parts * 0.01)


def test_a_text_over_1600_characters_is_refused() -> None:
    seen = subscribed("sms", at_times(1) | {"message_types": [{"size_bytes": 1601}]}, {}, duration_s=10)
    assert seen.lost("topic") == {"too_long": 1}


def test_sending_stops_some_minutes_after_the_spend_limit() -> None:
    """1 USD at 1 cent each is reached with the 100th text, at 100 s; 60 s later sending stops."""
    limit = {"price_per_part_usd": 0.01, "monthly_spend_limit_usd": 1, "spend_stop_delay_s": 60, "failure_probability": 0}
    seen = subscribed("sms", at_times(*range(1, 201)) | {"message_types": [{"size_bytes": 100}]}, limit, dead=True, duration_s=220)
    assert seen.total("people", "MessagesSent") == 159
    assert seen.total("people", "MessagesOverSpend") == seen.total("dead", "NumberOfMessagesSent") == 41
    assert seen.last("people", "SMSMonthToDateSpentUSD") == pytest.approx(1.59)


def test_what_the_carrier_does_not_deliver_is_lost_and_billed() -> None:
    seen = subscribed("sms", {"load": rate(10), "message_types": [{"size_bytes": 100}]}, {"failure_probability": 0.2, "monthly_spend_limit_usd": 1000}, duration_s=200)
    lost = seen.lost("people")["carrier"]
    assert lost / seen.total("people", "MessagesSent") == pytest.approx(0.2, rel=0.15)
    assert seen.last("people", "SMSSuccessRate") == pytest.approx(1 - lost / (lost + seen.total("people", "MessagesDelivered")))
    assert seen.quantity("people", "Message parts") == seen.total("people", "MessagesSent")


# -- mobile push ----------------------------------------------------------------------------------------------------


def test_an_endpoint_whose_app_is_gone_takes_no_more() -> None:
    seen = subscribed("mobile_push", at_times(1, 2, 3), {"token_expiry_share": 1}, dead=True, duration_s=20)
    assert seen.lost("people") == {"app_removed": 1}
    assert seen.total("people", "EndpointDisabled") == seen.total("dead", "NumberOfMessagesSent") == 2
    again = subscribed("mobile_push", at_times(1, 2, 30), {"token_expiry_share": 1, "enabled_again_after_s": 10}, duration_s=60)
    assert again.total("people", "EndpointDisabled") == 1


def test_endpoints_are_devices_not_the_whole_platform() -> None:
    keys = {"load": rate(20), "message_types": [{"key": {"keys": "uniform", "number": 50}}]}
    seen = subscribed("mobile_push", keys, {"token_expiry_share": 0.01, "offline_share": 0}, duration_s=60)
    assert 0 < seen.last("people", "DisabledEndpoints") < 50
    assert seen.total("people", "NotificationsShown") > 100


def test_what_is_not_delivered_within_its_time_to_live_is_dropped() -> None:
    away = {"offline_share": 1, "offline_time": constant(30), "token_expiry_share": 0}
    dropped = subscribed("mobile_push", at_times(1), away | {"ttl_s": 20}, duration_s=60)
    assert dropped.lost("people") == {"ttl": 1}
    shown = subscribed("mobile_push", at_times(1), away | {"ttl_s": 40}, duration_s=60)
    assert shown.path("source", "topic", "people")["latency"]["mean"] == pytest.approx(32)
    assert shown.waits("people") == pytest.approx({"offline": 30, "delivery_time": 2})


def test_a_platform_that_throttles_is_tried_again() -> None:
    seen = subscribed("mobile_push", at_times(*[1.0] * 5), PRESENT | {"rate_limit_per_s": 2}, duration_s=90)
    assert seen.total("people", "NotificationsThrottled") >= 3
    assert seen.total("people", "NotificationsShown") == 5


def test_deliveries_to_people_are_billed_by_protocol() -> None:
    mail = subscribed("email", at_times(1, 2), {}, duration_s=10)
    assert mail.quantity("topic", "Deliveries by e-mail") == 2
    push = subscribed("mobile_push", at_times(1, 2, 3), PRESENT, duration_s=10)
    assert push.quantity("topic", "Deliveries by mobile push") == 3
