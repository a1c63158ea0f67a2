"""SQS fair queue: who is noisy, who goes first, and when a tenant is quiet again; encryption and batched sends on the bill."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.engine.message import GONE, IN_FLIGHT, VISIBLE, Message, MessageType
from simulator.engine.network import Path
from simulator.mechanics.queues.fair_share import FairShare
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate


class Bench:
    """A fair order by itself, fed and asked by hand."""

    def __init__(self, **rules: Any) -> None:
        self.order = FairShare(**({"share": 0.1, "least_in_flight": 30, "quiet_after_s": 300, "recent_s": 60} | rules))

    def put(self, tenant: int, count: int, now_s: float = 0.0) -> None:
        for _ in range(count):
            message = Message(1, MessageType("any"), now_s, Path(), key=tenant)
            message.place, message.since_s, message.attempt = VISIBLE, now_s, 0
            self.order.append(message)

    def take(self, count: int, now_s: float = 0.0) -> list[Message]:
        self.order.begin(None, now_s)  # type: ignore[arg-type]
        taken = []
        while self.order and len(taken) < count:
            message = self.order.popleft()
            message.place, message.received_s = IN_FLIGHT, now_s
            message.attempt += 1
            taken.append(message)
        self.order.end(taken, now_s)
        return taken

    def delete(self, messages: list[Message], now_s: float) -> None:
        for message in messages:
            message.place = GONE
        self.order.gone(messages, now_s)


def keys(messages: list[Message]) -> list[int]:
    return [message.key for message in messages]


def test_a_tenant_with_30_in_flight_and_more_than_a_tenth_of_all_is_noisy() -> None:
    bench = Bench()
    bench.put(1, 100)
    bench.take(29)
    assert bench.order.noisy() == 0
    bench.take(1)
    assert bench.order.noisy() == 1


def test_a_tenant_with_30_in_flight_among_many_is_not() -> None:
    bench = Bench()
    for tenant in range(20):
        bench.put(tenant, 50)
    bench.take(20 * 30)
    assert bench.order.noisy() < 20
    crowd = Bench()
    for _ in range(40):
        for tenant in range(20):
            crowd.put(tenant, 1)
    crowd.take(20 * 35)
    assert crowd.order.noisy() == 0


def test_quiet_tenants_go_first_and_noisy_ones_when_no_one_else_waits() -> None:
    bench = Bench()
    bench.put(1, 100)
    bench.take(30)
    bench.put(2, 2)
    bench.put(3, 1)
    assert keys(bench.take(5)) == [2, 2, 3, 1, 1]


def test_of_several_noisy_tenants_the_one_with_the_fewest_in_flight_goes_first() -> None:
    bench = Bench()
    bench.put(1, 200)
    bench.take(60)
    bench.put(2, 200)
    bench.take(30)
    assert bench.order.noisy() == 2
    assert keys(bench.take(30)) == [2] * 30
    assert sorted(keys(bench.take(10))) == [1] * 5 + [2] * 5


def test_a_large_share_of_the_processing_time_makes_a_tenant_noisy_too() -> None:
    bench = Bench()
    for tenant in range(2, 22):
        bench.put(tenant, 5)
    bench.put(1, 50)
    others = bench.take(60)
    bench.delete(others, 1.0)
    slow = [message for message in bench.take(45, 1.0) if message.key == 1]
    bench.delete(slow, 20.0)
    bench.put(1, 1, 20.0)
    bench.take(1, 20.0)
    assert bench.order.noisy() == 1


def test_a_noisy_tenant_is_quiet_when_nothing_of_it_waits() -> None:
    bench = Bench()
    bench.put(1, 40)
    bench.take(30)
    assert bench.order.noisy() == 1
    bench.take(10)
    assert bench.order.noisy() == 0


@pytest.mark.parametrize(("pause_s", "noisy"), [(299, 1), (300, 0)])
def test_a_noisy_tenant_is_quiet_after_five_minutes_with_nothing_in_flight(pause_s: float, noisy: int) -> None:
    bench = Bench()
    bench.put(1, 100)
    bench.delete(bench.take(30), 1.0)
    bench.put(2, 5, 1.0)
    bench.take(1, 1.0 + pause_s)
    assert bench.order.noisy() == noisy


# -- in a run -------------------------------------------------------------------------------------------------------


def shared(fair: bool, **run: Any) -> Outcome:
    """Twenty quiet tenants at 4/s together, and one that sends 900 messages at once to ten workers of one second."""
    nodes = {
        "many": ("traffic", {"load": rate(4), "message_types": [{"name": "quiet", "key": {"keys": "uniform", "number": 20}}]}),
        "one": ("traffic", at_times(*[60] * 900) | {"message_types": [{"name": "noisy", "key": {"keys": "single", "value": 99}}]}),
        "queue": ("sqs", {"fair": fair, "visibility_timeout_s": 600}),
        "workers": ("worker", {"workers": 40, "duration": constant(2)}),
    }
    wires = {"many.out -> queue.in": {}, "one.out -> queue.in": {}, "queue.out -> workers.source": {"request_latency": INSTANT}}
    return outcome(drawing(nodes, wires, duration_s=300, **run))


def test_a_noisy_tenant_does_not_make_the_others_wait() -> None:
    unfair, fair = shared(False), shared(True)
    waited, quick = (seen.path("many", "queue", "workers")["latency"] for seen in (unfair, fair))
    assert waited["max"] > 30
    assert quick["max"] < 8
    assert fair.total("workers", "MessagesProcessed") == unfair.total("workers", "MessagesProcessed")
    assert fair.metric("queue", "ApproximateNumberOfNoisyGroups")["max"] >= 1
    assert unfair.metric("queue", "ApproximateNumberOfNoisyGroups")["max"] == 0


def test_metrics_tell_quiet_tenants_from_noisy_ones() -> None:
    seen = shared(True)
    everyone, quiet = (seen.metric("queue", name)["max"] for name in ("ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesVisibleInQuietGroups"))
    assert everyone > 800
    assert quiet < 100
    assert seen.metric("queue", "ApproximateAgeOfOldestMessageInQuietGroups")["mean"] < seen.metric("queue", "ApproximateAgeOfOldestMessage")["mean"] / 2
    assert seen.metric("queue", "MessageWaitInQuietGroups")["p99"] < seen.metric("queue", "MessageWait")["p99"] / 2


def test_no_tenant_is_held_back_while_no_one_else_waits() -> None:
    alone = {"one": ("traffic", at_times(*[1] * 200)), "queue": ("sqs", {"fair": True, "visibility_timeout_s": 600}), "workers": ("worker", {"workers": 40, "duration": constant(2)})}
    seen = outcome(drawing(alone, {"one.out -> queue.in": {}, "queue.out -> workers.source": {"request_latency": INSTANT}}, duration_s=60))
    assert seen.path("one", "queue", "workers")["latency"]["max"] == pytest.approx(10)


def test_a_fair_queue_costs_a_tenth_of_a_dollar_more_for_a_million() -> None:
    fair = shared(True).report["nodes"]["queue"]
    lines = {line["line"]: line for line in fair["cost"]}
    assert lines["Fair queue, on top"]["quantity"] == lines["Requests, standard queue"]["quantity"] > 1000
    assert fair["cost_usd"] == pytest.approx(lines["Requests, standard queue"]["quantity"] * 0.5e-6)


# -- sending --------------------------------------------------------------------------------------------------------


def sent(parameters: dict[str, Any], size_bytes: int = 1024, **queue: Any) -> Outcome:
    nodes = {"source": ("traffic", at_times(*[1] * 100) | {"message_types": [{"size_bytes": size_bytes}]}), "queue": ("sqs", queue)}
    return outcome(drawing(nodes, {"source.out -> queue.in": parameters}, duration_s=650))


@pytest.mark.parametrize(("per_call", "size_bytes", "requests"), [(1, 1024, 100), (10, 1024, 10), (10, 6553, 10), (10, 6554, 20), (4, 1024, 25)])
def test_the_messages_of_a_batch_share_a_request_of_64_kilobytes(per_call: int, size_bytes: int, requests: int) -> None:
    assert sent({"messages_per_call": per_call}, size_bytes).quantity("queue", "Requests, standard queue") == requests


def test_a_message_can_have_a_delay_of_its_own() -> None:
    seen = sent({"delay_s": 100}, delay_s=900)
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") == 100
    assert seen.metric("queue", "ApproximateNumberOfMessagesDelayed")["mean"] == pytest.approx(100 * 100 / 650)
    assert sent({}, delay_s=900).last("queue", "ApproximateNumberOfMessagesVisible") == 0


def test_a_key_of_ones_own_is_asked_for_in_every_reuse_period() -> None:
    """One producer, no consumer: two requests in each of the three periods of 300 s that 650 s touch."""
    assert sent({}, encryption="SSE-KMS").quantity("queue", "Requests to KMS") == 3 * 2
    assert sent({}, encryption="SSE-KMS", kms_data_key_reuse_period_s=60).quantity("queue", "Requests to KMS") == 11 * 2
    assert "Requests to KMS" not in {line["line"] for line in sent({}).report["nodes"]["queue"]["cost"]}
