"""Amazon MQ for ActiveMQ: one test for each rule of how a broker takes, pushes, keeps and loses messages, counted at the consumers."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.run import Simulation
from tests.drawing import at_times, constant, drawing, outcome, rate

NOW = {"network_latency_s": 0}
FAST = {"sync_latency_s": 0}


def broker(
    source: dict[str, Any], consumer: dict[str, Any] | None = None, mq: dict[str, Any] | None = None, subscription: dict[str, Any] | None = None,
    producing: dict[str, Any] | None = None, **run: Any,
) -> dict[str, Any]:
    """A source, a broker and an application of one consumer that needs a second."""
    return drawing(
        {"source": ("traffic", source), "mq": ("mq", FAST | (mq or {})), "app": ("jms_consumer", {"consumers": 1, "duration": constant(1)} | (consumer or {}))},
        {"source.out -> mq.in": producing or {}, "mq.out -> app.source": NOW | (subscription or {})}, **run)


def two_applications(source: dict[str, Any], first: dict[str, Any], second: dict[str, Any], mq: dict[str, Any] | None = None, producing: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """Two applications of one consumer each, on one broker; each is (parameters of the application) | (those of its wire)."""
    own = ("consumers", "duration", "start_s", "failure_probability")
    nodes: dict[str, Any] = {"source": ("traffic", source), "mq": ("mq", FAST | (mq or {}))}
    wires: dict[str, Any] = {"source.out -> mq.in": producing or {}}
    for name, values in (("a", first), ("b", second)):
        nodes[name] = ("jms_consumer", {"consumers": 1, "duration": constant(1)} | {key: value for key, value in values.items() if key in own})
        wires[f"mq.out -> {name}.source"] = NOW | {key: value for key, value in values.items() if key not in own}
    return drawing(nodes, wires, **run)


def fault(name: str, time_s: float, node: str = "app", **value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "fault", "node": node, "fault": name, "value": value}


def clear(name: str, time_s: float, node: str = "app") -> dict[str, Any]:
    return {"time_s": time_s, "action": "clear_fault", "node": node, "fault": name}


POISON = {"message_types": [{"name": "poison", "failure_probability": 1}]}
BURST = [1.0] * 100


# -- dispatch and prefetch ------------------------------------------------------------------------------------------


def test_the_broker_pushes_as_many_as_the_prefetch_before_any_is_acknowledged() -> None:
    seen = outcome(broker(at_times(*BURST), subscription={"prefetch": 30}, duration_s=5.5))
    assert seen.metric("mq", "InFlightCount")["max"] == 30
    assert seen.total("mq", "DispatchCount") == 30 + 4
    assert seen.last("mq", "QueueSize") == 100 - 4
    assert seen.total("app", "MessagesProcessed") == 4


def test_the_default_prefetch_of_a_queue_is_a_thousand() -> None:
    seen = outcome(broker(at_times(*[1.0] * 1500), duration_s=1.5))
    assert seen.last("mq", "InFlightCount") == 1000


def test_a_late_consumer_is_sent_a_page_at_a_time() -> None:
    """1,500 at 1 s: the first consumer has a thousand. The second, from 2 s, gets a page of 200, and more only when something moves."""
    stuck = {"duration": constant(1000)}
    seen = outcome(two_applications(at_times(*[1.0] * 1500), stuck, stuck | {"start_s": 2}, duration_s=5))
    assert seen.last("mq", "InFlightCount") == 1000 + 200
    moved = outcome(two_applications(at_times(*[1.0] * 1500, 3), stuck, stuck | {"start_s": 2}, duration_s=5))
    assert moved.last("mq", "InFlightCount") == 1000 + 400


def test_the_expiry_scan_brings_a_page_too() -> None:
    """As a real broker showed: a consumer that finds 1,000 messages and acknowledges none has 200 at once, and 200 more at each scan."""
    scenario = broker(at_times(*[1.0] * 1000), {"duration": constant(1000), "start_s": 2}, duration_s=70, frame_interval_s=1)
    in_flight = outcome(scenario).series("mq", "InFlightCount")
    assert (in_flight[29], in_flight[31], in_flight[59], in_flight[61]) == (200, 400, 400, 600)


def test_consumers_that_are_there_take_turns() -> None:
    seen = outcome(broker(at_times(*BURST), {"consumers": 4}, duration_s=1.5))
    assert seen.metric("app", "LongestPrefetch")["max"] <= 100 / 4
    assert seen.last("app", "PrefetchedMessages") == 96


def test_a_consumer_that_comes_later_finds_the_messages_taken_by_the_first() -> None:
    """100 messages at 1 s are pushed to the first consumer; the second, there from 2 s, gets none of them."""
    seen = outcome(two_applications(at_times(*BURST), {}, {"start_s": 2}, duration_s=60))
    assert (seen.total("a", "MessagesProcessed"), seen.total("b", "MessagesProcessed")) == (58, 0)
    cured = outcome(two_applications(at_times(*BURST), {"prefetch": 1}, {"start_s": 2, "prefetch": 1}, duration_s=60))
    assert (cured.total("a", "MessagesProcessed"), cured.total("b", "MessagesProcessed")) == (50, 50)


def test_with_a_prefetch_of_zero_a_consumer_asks_for_each_message() -> None:
    seen = outcome(broker(at_times(*BURST), subscription={"prefetch": 0}, duration_s=10.5))
    assert seen.metric("mq", "InFlightCount")["max"] == 1
    assert seen.total("app", "MessagesProcessed") == 9


def test_a_round_trip_to_the_broker_is_hidden_by_a_prefetch_and_not_without_it() -> None:
    """0.1 s there, 1 s of work, 0.1 s back."""
    for prefetch, processed in ((1, 25), (2, 30)):
        seen = outcome(broker(at_times(*BURST), subscription={"prefetch": prefetch, "network_latency_s": 0.1}, duration_s=31.15))
        assert seen.total("app", "MessagesProcessed") == processed


def test_strict_order_fills_the_first_consumer_first() -> None:
    seen = outcome(broker(at_times(*BURST), {"consumers": 2}, {"strict_order_dispatch": True}, {"prefetch": 60}, duration_s=1.5))
    assert seen.metric("app", "LongestPrefetch")["max"] == 60 - 1


def test_a_consumer_of_higher_priority_is_filled_first() -> None:
    seen = outcome(two_applications(at_times(*BURST), {"prefetch": 60, "priority": 0}, {"prefetch": 60, "priority": 1}, duration_s=1.5))
    assert (seen.last("a", "PrefetchedMessages"), seen.last("b", "PrefetchedMessages")) == (39, 59)
    level = outcome(two_applications(at_times(*BURST), {"prefetch": 60}, {"prefetch": 60, "priority": 1}, {"use_consumer_priority": False}, duration_s=1.5))
    assert (level.last("a", "PrefetchedMessages"), level.last("b", "PrefetchedMessages")) == (49, 49)


def test_an_exclusive_consumer_gets_all_until_it_fails() -> None:
    scenario = broker(at_times(*BURST), {"consumers": 3}, subscription={"exclusive": True, "prefetch": 5}, duration_s=20.5)
    seen = outcome(scenario)
    assert seen.metric("app", "BusyConsumers")["max"] == 1
    assert outcome(scenario, fault("crashes", 10.5, consumers=1)).total("app", "MessagesProcessed") == 9 + 9


def test_messages_of_a_group_go_to_one_consumer_in_order() -> None:
    """Twenty of one key at once and two consumers: only one works, and keeps doing so."""
    one_key = {**at_times(*[1.0] * 20), "message_types": [{"key": {"keys": "single", "value": 7}}]}
    seen = outcome(broker(one_key, {"consumers": 2}, producing={"uses_groups": True}, duration_s=30))
    assert seen.metric("app", "BusyConsumers")["max"] == 1
    assert outcome(broker(one_key, {"consumers": 2}, duration_s=30)).metric("app", "BusyConsumers")["max"] == 2


# -- acknowledging --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "acknowledged"),
    [({}, 20), ({"acknowledge_mode": "DUPS_OK_ACKNOWLEDGE"}, 15), ({"acknowledge_mode": "CLIENT_ACKNOWLEDGE", "acknowledge_every": 8}, 16),
     ({"acknowledge_mode": "SESSION_TRANSACTED", "acknowledge_every": 7}, 14), ({"optimize_acknowledge": True, "prefetch": 10}, 20)])
def test_each_mode_acknowledges_after_so_many(mode: dict[str, Any], acknowledged: int) -> None:
    """Twenty are processed; half of a prefetch of 10 is five, and those are acknowledged together. 300 ms end the optimized wait."""
    seen = outcome(broker(at_times(*[1.0] * 40), subscription={"prefetch": 10} | mode, duration_s=21.5))
    assert seen.total("app", "MessagesProcessed") == 20
    assert seen.total("mq", "DequeueCount") == (20 if mode.get("acknowledge_mode") == "DUPS_OK_ACKNOWLEDGE" else acknowledged)


def test_dups_ok_acknowledges_when_half_of_the_prefetch_is_processed() -> None:
    seen = outcome(broker(at_times(*[1.0] * 40), subscription={"prefetch": 16, "acknowledge_mode": "DUPS_OK_ACKNOWLEDGE"}, duration_s=22.5))
    assert (seen.total("app", "MessagesProcessed"), seen.total("mq", "DequeueCount")) == (21, 16)


def test_optimized_acknowledgement_waits_for_sixty_five_per_cent_of_the_prefetch() -> None:
    fast = {"duration": constant(0.001)}
    seen = outcome(broker(at_times(*[1.0] * 40), fast, subscription={"prefetch": 20, "optimize_acknowledge": True}, duration_s=1.1))
    assert seen.total("mq", "DequeueCount") == 3 * 13
    assert outcome(broker(at_times(*[1.0] * 40), fast, subscription={"prefetch": 20, "optimize_acknowledge": True}, duration_s=2)).total("mq", "DequeueCount") == 40


def test_a_client_that_acknowledges_late_is_sent_more_than_its_prefetch() -> None:
    """Half of the prefetch is reported as processed at a time: 10 dispatched, and 5 for each report; nothing is acknowledged yet."""
    late = {"prefetch": 10, "acknowledge_mode": "CLIENT_ACKNOWLEDGE", "acknowledge_every": 50}
    seen = outcome(broker(at_times(*BURST), subscription=late, duration_s=12.5))
    assert seen.total("mq", "DispatchCount") == 10 + 2 * 5
    assert seen.last("mq", "InFlightCount") == 20


# -- redelivery and dead letters ------------------------------------------------------------------------------------


def test_a_poison_message_is_delivered_seven_times_and_stops_its_consumer_meanwhile() -> None:
    """Seven tries of 0.1 s, six pauses of a second; then the other message, which had been pushed behind it."""
    types = {"message_types": [{"name": "poison", "failure_probability": 1}]}
    scenario = drawing(
        {"bad": ("traffic", {**at_times(1), **types}), "good": ("traffic", at_times(1.01)), "mq": ("mq", FAST), "app": ("jms_consumer", {"consumers": 1, "duration": constant(0.1)})},
        {"bad.out -> mq.in": {}, "good.out -> mq.in": {}, "mq.out -> app.source": NOW}, duration_s=20)
    seen = outcome(scenario)
    assert seen.total("app", "Errors") == 7
    assert (seen.total("mq", "DeadLetters"), seen.last("mq", "DeadLetterQueueSize")) == (1, 1)
    assert seen.path("good", "mq", "app")["latency"]["mean"] == pytest.approx(1 + 7 * 0.1 + 6 + 0.1 - 1.01, abs=0.01)
    assert seen.waits("mq")["redelivery_delay"] == pytest.approx(12, abs=0.1)


@pytest.mark.parametrize(("policy", "last_s"), [
    ({}, 1 + 7 * 0.1 + 6), ({"maximum_redeliveries": 2}, 1 + 3 * 0.1 + 2), ({"initial_redelivery_delay_s": 3}, 1 + 0.7 + 3 + 5), ({"maximum_redeliveries": 0}, 1.1),
    ({"use_exponential_back_off": True, "maximum_redeliveries": 3}, 1 + 0.4 + 1 + 5 + 25),
    ({"use_exponential_back_off": True, "maximum_redeliveries": 3, "maximum_redelivery_delay_s": 7}, 1 + 0.4 + 1 + 5 + 7)])
def test_the_pauses_follow_the_redelivery_policy(policy: dict[str, Any], last_s: float) -> None:
    scenario = broker({**at_times(1), **POISON}, {"duration": constant(0.1)}, subscription=policy, duration_s=60)
    assert outcome({**scenario, "run": {"duration_s": last_s - 0.001}}).total("mq", "DeadLetters") == 0
    assert outcome({**scenario, "run": {"duration_s": last_s + 0.02}}).total("mq", "DeadLetters") == 1


def test_without_an_end_a_poison_message_never_leaves() -> None:
    seen = outcome(broker({**at_times(1), **POISON}, {"duration": constant(0.1)}, subscription={"maximum_redeliveries": -1}, duration_s=112))
    assert (seen.total("app", "Errors"), seen.total("mq", "DeadLetters"), seen.last("mq", "QueueSize")) == (101, 0, 1)


def test_non_blocking_redelivery_lets_others_pass() -> None:
    source = {**at_times(*[1.0] * 50), "message_types": [{"name": "poison", "failure_probability": 1}, {"name": "good", "share": 9}]}
    stands, passes = (
        outcome(broker(source, {"duration": constant(0.01)}, subscription={"non_blocking_redelivery": flag}, duration_s=60)).path("source", "mq", "app")["latency"]["p90"]
        for flag in (False, True))
    assert passes < 1
    assert stands > 6


def test_a_rolled_back_transaction_brings_back_all_of_it() -> None:
    """Nine good and a bad one in a transaction of ten: all ten come again, seven times, and become dead letters together."""
    scenario = drawing(
        {"good": ("traffic", at_times(*[1.0] * 9)), "bad": ("traffic", {**at_times(1.5), **POISON}), "mq": ("mq", FAST), "app": ("jms_consumer", {"consumers": 1, "duration": constant(0.001)})},
        {"good.out -> mq.in": {}, "bad.out -> mq.in": {}, "mq.out -> app.source": NOW | {"acknowledge_mode": "SESSION_TRANSACTED", "acknowledge_every": 10}}, duration_s=20)
    seen = outcome(scenario)
    assert seen.total("app", "Errors") == 7
    assert seen.total("app", "DuplicatesProcessed") == 9 * 6
    assert seen.total("mq", "DeadLetters") == 10


@pytest.mark.parametrize(("settings", "producing", "kept"), [
    ({}, {}, 1), ({"dead_letter_strategy": "individual"}, {}, 1), ({"dead_letter_strategy": "discarding"}, {}, 0),
    ({}, {"delivery_mode": "non_persistent"}, 0), ({"process_non_persistent": True}, {"delivery_mode": "non_persistent"}, 1)])
def test_what_becomes_of_a_poison_message(settings: dict[str, Any], producing: dict[str, Any], kept: int) -> None:
    seen = outcome(broker({**at_times(1), **POISON}, {"duration": constant(0.1)}, settings, {"maximum_redeliveries": 1}, producing, duration_s=10))
    assert (seen.last("mq", "DeadLetterQueueSize"), seen.last("mq", "QueueSize")) == (kept, 0)
    assert seen.lost("mq") == ({} if kept else {"poison": 1})


def test_dead_letters_can_be_consumed() -> None:
    nodes = {"source": ("traffic", {**at_times(1), **POISON}), "mq": ("mq", FAST), "app": ("jms_consumer", {"duration": constant(0.1)}), "look": ("jms_consumer", {"duration": constant(0.1)})}
    seen = outcome(drawing(nodes, {"source.out -> mq.in": {}, "mq.out -> app.source": {"maximum_redeliveries": 0}, "mq.out -> look.source": {"destination": "ActiveMQ.DLQ", "maximum_redeliveries": 0}}, duration_s=5))
    assert seen.total("look", "Errors") == 1


def test_a_message_that_outlives_its_time_to_live_is_a_dead_letter() -> None:
    """One is worked on, a second has been pushed; the others expire while they wait, found at the next scan or dispatch."""
    seen = outcome(broker(at_times(*[1.0] * 10), {"duration": constant(100)}, {"expire_messages_period_s": 10}, {"prefetch": 2}, {"time_to_live_s": 5}, duration_s=50))
    assert (seen.total("mq", "ExpiredCount"), seen.total("mq", "DeadLetters")) == (8, 8)


# -- consumers that crash -------------------------------------------------------------------------------------------


def test_a_crashed_consumer_gives_all_it_had_prefetched_to_the_others() -> None:
    """Two share a hundred; one crashes at 10.5 s, with 9 done, one in work and 40 prefetched."""
    scenario = broker(at_times(*BURST), {"consumers": 2}, duration_s=200)
    seen = outcome(scenario, fault("crashes", 10.5, consumers=1))
    assert seen.total("mq", "MessagesReturned") == 41
    assert seen.total("app", "MessagesProcessed") == 100
    assert seen.total("app", "DuplicatesProcessed") == 0
    assert seen.path("source", "mq", "app")["latency"]["max"] == pytest.approx(9 + 100 - 18, abs=1)


def test_what_was_processed_and_not_acknowledged_is_done_twice_after_a_crash() -> None:
    late = {"acknowledge_mode": "CLIENT_ACKNOWLEDGE", "acknowledge_every": 50}
    seen = outcome(broker(at_times(*BURST), {"consumers": 1}, subscription=late, duration_s=200), fault("crashes", 21.2), clear("crashes", 30))
    assert seen.total("app", "DuplicatesProcessed") == 20


# -- topics ---------------------------------------------------------------------------------------------------------

TOPIC = {"destination": "prices", "destination_type": "topic"}


def test_each_subscriber_of_a_topic_gets_a_copy() -> None:
    seen = outcome(two_applications(at_times(*[1.0] * 10), TOPIC, TOPIC, producing=TOPIC, duration_s=20))
    assert (seen.total("a", "MessagesProcessed"), seen.total("b", "MessagesProcessed")) == (10, 10)


def test_a_topic_without_subscribers_forgets_what_is_sent() -> None:
    seen = outcome(two_applications(at_times(*[1.0] * 10), TOPIC | {"start_s": 2}, TOPIC | {"start_s": 2}, producing=TOPIC, duration_s=20))
    assert seen.lost("mq") == {"no_subscriber": 10}


def test_a_durable_subscriber_gets_what_was_sent_while_it_was_away() -> None:
    away = {"network_latency_s": 0, **TOPIC}
    scenario = two_applications(at_times(5, 6, 7), away | {"durable": True}, away, producing=TOPIC, duration_s=30)
    seen = outcome(scenario, fault("crashes", 2, "a"), fault("crashes", 2, "b"), clear("crashes", 10, "a"), clear("crashes", 10, "b"))
    assert (seen.total("a", "MessagesProcessed"), seen.total("b", "MessagesProcessed")) == (3, 0)
    assert seen.metric("mq", "InactiveDurableTopicSubscribersCount")["max"] == 1


def test_only_one_consumer_is_connected_to_a_durable_subscription() -> None:
    seen = outcome(broker(at_times(*[1.0] * 10), {"consumers": 3}, subscription=TOPIC | {"durable": True}, producing=TOPIC, duration_s=5))
    assert seen.metric("app", "BusyConsumers")["max"] == 1


def test_a_slow_subscriber_that_is_not_durable_loses_the_oldest() -> None:
    """Two are pushed, a thousand wait, and what comes then discards the oldest of those."""
    seen = outcome(broker(at_times(*[1.0] * 1500), subscription=TOPIC | {"prefetch": 2}, producing=TOPIC, duration_s=1.5))
    assert seen.total("mq", "MessagesDiscarded") == 1500 - 1000 - 2
    unbounded = {"constant_pending_message_limit": None}
    assert outcome(broker(at_times(*[1.0] * 1500), {}, unbounded, TOPIC | {"prefetch": 2}, TOPIC, duration_s=1.5)).total("mq", "MessagesDiscarded") == 0


def test_a_virtual_topic_feeds_a_queue_of_each_application() -> None:
    """Two consumers of one application share a queue of their own; a second application has another."""
    scenario = two_applications(
        at_times(*[1.0] * 10), {"consumers": 2, "destination": "Consumer.billing.VirtualTopic.orders"}, {"destination": "Consumer.audit.VirtualTopic.orders"},
        producing={"destination": "VirtualTopic.orders", "destination_type": "topic"}, duration_s=6.5)
    seen = outcome(scenario)
    assert (seen.total("a", "MessagesProcessed"), seen.total("b", "MessagesProcessed")) == (10, 5)


# -- producers and flow control -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("storage", "producing", "per_s"), [
    ("EBS", {}, 500), ("EFS", {}, 80), ("EFS", {"delivery_mode": "non_persistent"}, 5000), ("EFS", {"use_async_send": True}, 5000),
    ("EFS", {"messages_per_transaction": 10}, 10 / (1 / 80 + 9 / 5000))])
def test_one_producer_sends_as_many_a_second_as_aws_says(storage: str, producing: dict[str, Any], per_s: float) -> None:
    settings = {"storage_type": storage, "sync_latency_s": None}
    seen = outcome(broker({"load": rate(9000), "arrivals": "even"}, {"consumers": 1, "duration": constant(0)}, settings, {}, {"producers": 1} | producing, duration_s=4))
    assert seen.total("mq", "EnqueueCount") / 4 == pytest.approx(per_s, rel=0.01)


def test_two_producers_send_twice_as_much() -> None:
    settings = {"storage_type": "EBS", "sync_latency_s": None}
    seen = outcome(broker({"load": rate(2000), "arrivals": "even"}, {"duration": constant(0)}, settings, {}, {"producers": 2}, duration_s=4))
    assert seen.total("mq", "EnqueueCount") / 4 == pytest.approx(1000, rel=0.01)


def test_large_messages_are_limited_by_the_throughput_of_the_store() -> None:
    """1 MB on EFS at 8 MB/s: eight a second, however many producers."""
    source = {"load": rate(20), "arrivals": "even", "message_types": [{"size_bytes": 1_000_000}]}
    seen = outcome(broker(source, {"duration": constant(0)}, {"storage_type": "EFS", "sync_latency_s": None}, {}, {"producers": 10}, duration_s=20))
    assert seen.total("mq", "EnqueueCount") / 20 == pytest.approx(8, rel=0.05)


ROOM = {"message_overhead_bytes": 0, "journal_record_overhead_bytes": 0, "journal_file_bytes": 1024}
KB = {"message_types": [{"size_bytes": 1000}]}


def test_persistent_producers_block_when_the_store_is_full_and_go_on_when_it_is_cleaned() -> None:
    """Room for ten; one is acknowledged each second, and a file of one message is deleted when the journal is cleaned."""
    settings = {**ROOM, "storage_quota_bytes": 10_000, "journal_cleanup_s": 0.5, "journal_keeps_acknowledgements": False}
    source = {**at_times(*[1.0] * 30), **KB}
    seen = outcome(broker(source, {}, settings, {}, {"producers": 1}, duration_s=4.8))
    assert seen.total("mq", "EnqueueCount") == 10 + 3
    assert (seen.last("mq", "BlockedSends"), seen.last("mq", "WaitingSends")) == (1, 30 - 13 - 1)
    assert seen.last("mq", "StorePercentUsage") == 1
    assert seen.total("app", "MessagesProcessed") == 3
    done = outcome(broker(source, {}, settings, {}, {"producers": 1}, duration_s=60))
    assert done.total("app", "MessagesProcessed") == 30
    assert done.waits("mq")["store"] > 100


def test_other_messages_overflow_to_the_temporary_store_and_block_when_it_is_full() -> None:
    """Memory for 10 is used up to 70 %: 7 in memory, of which the prefetch takes 1; the temporary store has room for 5."""
    settings = {**ROOM, "memory_limit_bytes": 10_000, "temporary_quota_bytes": 5_000}
    seen = outcome(broker({**at_times(*[1.0] * 30), **KB}, {"duration": constant(100)}, settings, {"prefetch": 1}, {"producers": 1, "delivery_mode": "non_persistent"}, duration_s=20))
    assert seen.total("mq", "EnqueueCount") == 7 + 5
    assert seen.last("mq", "TempPercentUsage") == 1
    assert seen.last("mq", "MemoryUsage") == pytest.approx(0.7)
    assert seen.waits("mq").get("memory") is None


def test_with_a_store_cursor_persistent_messages_never_fill_the_memory() -> None:
    seen = outcome(broker({**at_times(*[1.0] * 500), **KB}, {"duration": constant(0.001)}, {**ROOM, "memory_limit_bytes": 10_000}, {"prefetch": 5}, duration_s=20))
    assert seen.metric("mq", "MemoryUsage")["max"] < 1
    assert seen.total("app", "MessagesProcessed") == 500
    assert seen.metric("mq", "BlockedSends")["max"] == 0


def test_with_a_memory_cursor_producers_block_at_the_memory_limit() -> None:
    settings = {**ROOM, "cursor": "vmQueueCursor", "memory_limit_bytes": 10_000}
    source = {**at_times(*[1.0] * 30), **KB}
    seen = outcome(broker(source, {}, settings, {}, {"producers": 1}, duration_s=5.5))
    assert seen.total("mq", "EnqueueCount") == 10 + 4
    off = outcome(broker(source, {}, {**settings, "producer_flow_control": False}, {}, {"producers": 1}, duration_s=5.5))
    assert off.total("mq", "EnqueueCount") == 30


@pytest.mark.parametrize(("settings", "producing", "cause"), [
    ({"send_fail_if_no_space": True}, {}, "no_memory"), ({"send_fail_if_no_space_after_timeout_s": 2}, {}, "no_memory"), ({}, {"send_timeout_s": 2}, "no_memory")])
def test_sends_without_room_can_fail_instead_of_blocking(settings: dict[str, Any], producing: dict[str, Any], cause: str) -> None:
    limited = {**ROOM, "cursor": "vmQueueCursor", "memory_limit_bytes": 10_000, **settings}
    seen = outcome(broker({**at_times(*[1.0] * 15), **KB}, {"duration": constant(100)}, limited, {}, {"producers": 15, **producing}, duration_s=10))
    assert seen.lost("mq") == {cause: 5}
    assert seen.total("mq", "SendsFailed") == 5


def test_a_send_that_no_one_waits_for_stalls_all_of_its_connection_unless_it_has_a_window() -> None:
    """The queue 'full' has no room; the same application also sends to 'free'."""
    def to_free(window_bytes: int) -> float:
        types = [{"size_bytes": 1000}]
        asynchronous = {"use_async_send": True, "producer_window_size_bytes": window_bytes}
        nodes = {"source": ("traffic", {"load": rate(10), "arrivals": "even", "message_types": types}), "mq": ("mq", {**FAST, **ROOM, "cursor": "vmQueueCursor", "memory_limit_bytes": 10_000}),
                 "app": ("jms_consumer", {"duration": constant(0.01)})}
        wires = {"source.out -> mq.in": {"destination": "full", **asynchronous}, "mq.out -> app.source": {"destination": "free"}}
        scenario = drawing(nodes, wires, duration_s=20)
        scenario["wires"].append({"id": "free", "from": {"node": "source", "port": "out"}, "to": {"node": "mq", "port": "in"}, "parameters": {"destination": "free", **asynchronous}})
        return outcome(scenario).total("app", "MessagesProcessed")

    assert to_free(0) < 15
    assert to_free(5000) > 190


def test_one_old_message_pins_the_journal_behind_it() -> None:
    """The first message is never acknowledged, a thousand others are, each when a later file is written: with acknowledgements kept, no file is deleted."""
    bad, good = {"destination": "stuck"}, {"destination": "flow"}
    def files(keeps: bool) -> float:
        nodes = {"old": ("traffic", {**at_times(0.5), **KB}), "new": ("traffic", {"load": rate(20), **KB}), "mq": ("mq", {**FAST, **ROOM, "journal_file_bytes": 10_000, "journal_keeps_acknowledgements": keeps}),
                 "app": ("jms_consumer", {"consumers": 20, "duration": constant(0.6)})}
        scenario = drawing(nodes, {"old.out -> mq.in": bad, "new.out -> mq.in": good, "mq.out -> app.source": good}, duration_s=50)
        return outcome(scenario).last("mq", "JournalFilesForFullRecovery")

    assert files(True) > 90
    assert files(False) < 70


def test_clients_beyond_the_connection_limit_are_refused() -> None:
    seen = outcome(broker({"load": rate(1)}, {"consumers": 10}, {"wire_level_connections": 8}, {}, {"producers": 5}, duration_s=20))
    assert (seen.last("mq", "TotalProducerCount"), seen.last("mq", "TotalConsumerCount")) == (5, 3)
    assert outcome(broker({"load": rate(1)}, {"consumers": 4}, {"host_instance_type": "mq.t3.micro"}, {}, {"producers": 400}, duration_s=5)).last("mq", "CurrentConnectionsCount") == 300


# -- failover -------------------------------------------------------------------------------------------------------

PAIR = {"deployment_mode": "ACTIVE_STANDBY_MULTI_AZ", "failover": constant(12), "recovery_per_file_s": 0}


def test_a_failover_pauses_sends_and_clients_return_by_their_back_off() -> None:
    """Down at 10 s, up at 22 s. Tries after 10 ms, 20 ms, 40 ms ... fall at 10 + 0.01 (2^n - 1): the first after 22 s is at 30.47 s."""
    seen = outcome(broker(at_times(9, 15), {"duration": constant(0.1)}, PAIR | {"interruptions": [{"at_s": 10}]}, duration_s=60))
    assert seen.total("app", "MessagesProcessed") == 2
    assert seen.path("source", "mq", "app")["latency"]["max"] == pytest.approx(10 + 0.01 * (2**11 - 1) + 0.1 - 15, abs=0.01)
    assert seen.waits("mq")["broker_down"] == pytest.approx(10 + 0.01 * (2**11 - 1) - 15, abs=0.01)


def test_what_was_in_flight_is_delivered_again_and_done_twice() -> None:
    """Ten at 1 s; at 3.5 s two are done and acknowledged, the third is in work: its acknowledgement goes nowhere."""
    seen = outcome(broker(at_times(*[1.0] * 10), {}, PAIR | {"interruptions": [{"at_s": 3.5}]}, duration_s=60))
    assert seen.total("mq", "MessagesReturned") == 8
    assert seen.total("app", "DuplicatesProcessed") == 1
    assert seen.total("mq", "DequeueCount") == 10
    assert seen.last("mq", "QueueSize") == 0


def test_what_is_not_persistent_is_gone_after_a_restart() -> None:
    for mode, lost in (("persistent", 0), ("non_persistent", 8)):
        seen = outcome(broker(at_times(*[1.0] * 10), {}, PAIR | {"interruptions": [{"at_s": 3.5}]}, {}, {"delivery_mode": mode}, duration_s=60))
        assert seen.lost("mq").get("broker_restart", 0) == lost


def test_a_journal_that_is_synced_each_second_loses_the_last_one() -> None:
    settings = PAIR | {"journal_disk_sync_strategy": "periodic", "interruptions": [{"at_s": 3.5}]}
    seen = outcome(broker(at_times(1, 2.2, 3.2, 3.3), {"duration": constant(100)}, settings, {}, duration_s=60))
    assert seen.lost("mq") == {"broker_restart": 2}


def test_a_single_broker_is_away_until_it_is_replaced() -> None:
    for mode, pause_s in (("SINGLE_INSTANCE", 100), ("ACTIVE_STANDBY_MULTI_AZ", 12)):
        settings = PAIR | {"deployment_mode": mode, "restart": constant(100), "max_reconnect_delay_s": 0.01}
        seen = outcome(broker(at_times(15), {"duration": constant(0)}, settings | {"interruptions": [{"at_s": 10}]}, duration_s=200))
        assert seen.path("source", "mq", "app")["latency"]["mean"] == pytest.approx(10 + pause_s - 15, abs=0.05)


def test_recovery_grows_with_the_journal() -> None:
    settings = PAIR | ROOM | {"recovery_per_file_s": 1, "max_reconnect_delay_s": 0.01, "interruptions": [{"at_s": 10}]}
    seen = outcome(broker({**at_times(*[1.0] * 20, 11), **KB}, {"duration": constant(1000)}, settings, {"prefetch": 1}, {"producers": 30}, duration_s=100))
    assert seen.waits("mq")["broker_down"] == pytest.approx(12 + 20 - 1, abs=0.1)


def test_the_bill_counts_both_brokers_of_a_pair() -> None:
    single, pair = (outcome(broker(at_times(1), {}, {"deployment_mode": mode}, duration_s=3600)).quantity("mq", "Broker, mq.m5.large") for mode in ("SINGLE_INSTANCE", "ACTIVE_STANDBY_MULTI_AZ"))
    assert (single, pair) == (1, 2)


def test_an_application_that_loses_its_broker_forever_blocks() -> None:
    scenario = broker(at_times(*range(1, 20)), {"duration": constant(0.1)}, duration_s=30)
    simulation = Simulation(scenario, [fault("unavailable", 5.5, "mq")])
    for _ in simulation.frames():
        pass
    report = simulation.report().to_json()
    assert report["nodes"]["mq"]["metrics"]["WaitingSends"]["last"] == 14
    assert report["conservation"]["residual"] == 0
