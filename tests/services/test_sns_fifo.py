"""SNS FIFO topics: order by group, duplicates, throughput, subscribers; counted at the queue behind the topic."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from simulator import catalog
from simulator.engine.message import Message
from simulator.engine.outcomes import Refusal
from simulator.engine.wire import Wire
from simulator.findings import check
from simulator.scenario import Scenario
from tests.drawing import INSTANT, at_times, constant, drawing, outcome, rate

KEYS = {"message_types": [{"key": {"keys": "uniform", "number": 5}}]}
UNSTEADY = {"delivery_latency": {"type": "lognormal", "p50_s": 0.1, "p99_s": 5}}
Arrival = tuple[int, int, bool]


@pytest.fixture
def arrivals(monkeypatch: pytest.MonkeyPatch) -> list[Arrival]:
    """Every attempt at handing a message to a queue: (group, number, whether it was taken)."""
    seen: list[Arrival] = []
    service = catalog.service("sqs")
    accept = service.accept

    def spy(queue: Any, message: Message, wire: Wire) -> Refusal | None:
        refusal = accept(queue, message, wire)
        seen.append((message.key, message.number, refusal is None))
        return refusal

    monkeypatch.setattr(service, "accept", spy)
    return seen


def drawn(source: dict[str, Any], topic: dict[str, Any], wire: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    nodes = {"source": ("traffic", source), "topic": ("sns", topic), "queue": ("sqs", {})}
    return drawing(nodes, {"source.out -> topic.in": {}, "topic.out -> queue.in": {"delivery_latency": INSTANT} | (wire or {})}, **run)


def in_order(arrivals: list[Arrival]) -> bool:
    groups: dict[int, list[int]] = defaultdict(list)
    for key, number, taken in arrivals:
        if taken:
            groups[key].append(number)
    return all(numbers == sorted(numbers) for numbers in groups.values())


def test_a_fifo_topic_keeps_the_order_of_each_group_and_a_standard_topic_does_not(arrivals: list[Arrival]) -> None:
    seen = outcome(drawn({"load": rate(50)} | KEYS, {"fifo": True}, UNSTEADY, duration_s=60))
    assert in_order(arrivals)
    assert seen.total("queue", "NumberOfMessagesSent") > 2500
    assert seen.waits("topic")["group_order"] > seen.waits("topic")["delivery_latency"] / 10 > 0
    arrivals.clear()
    outcome(drawn({"load": rate(50)} | KEYS, {}, UNSTEADY, duration_s=60))
    assert not in_order(arrivals)


def test_a_message_that_fails_holds_back_its_group(arrivals: list[Arrival]) -> None:
    down = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable", "value": {}}
    up = {"time_s": 20, "action": "clear_fault", "node": "queue", "fault": "unavailable"}
    seen = outcome(drawn({"load": rate(20)} | KEYS, {"fifo": True}, duration_s=60, frame_interval_s=1), down, up)
    assert {(key, number) for key, number, taken in arrivals if not taken} == {min((key, number) for key, number, _ in arrivals if key == group) for group in range(5)}, "only the first of each group"
    assert in_order(arrivals)
    assert seen.total("queue", "NumberOfMessagesSent") == seen.total("topic", "NumberOfMessagesPublished")


def test_what_is_published_again_within_five_minutes_is_dropped() -> None:
    """A worker that is slower than its visibility timeout publishes the result of the same message twice, at 16 and at 26 s."""
    for fifo, sent in ((True, 1), (False, 2)):
        nodes = {"source": ("traffic", at_times(1)), "jobs": ("sqs", {"visibility_timeout_s": 10}), "worker": ("worker", {"workers": 2, "duration": constant(15)}), "topic": ("sns", {"fifo": fifo}), "queue": ("sqs", {})}
        wires = {"source.out -> jobs.in": {}, "jobs.out -> worker.source": {"request_latency": INSTANT}, "worker.out -> topic.in": {}, "topic.out -> queue.in": {}}
        seen = outcome(drawing(nodes, wires, duration_s=28))
        assert seen.total("queue", "NumberOfMessagesSent") == sent
        assert seen.total("topic", "MessagesDeduplicated") == 2 - sent


@pytest.mark.parametrize(("topic", "taken_per_s"), [
    ({"fifo_messages_per_s": 30}, 30),
    ({"fifo_group_messages_per_s": 4}, 5 * 4),
    ({"fifo_messages_per_s": 30, "fifo_throughput_scope": "MessageGroup"}, 100),
])
def test_above_the_throughput_of_topic_or_group_publishes_are_throttled(topic: dict[str, Any], taken_per_s: float) -> None:
    seen = outcome(drawn({"load": rate(100), "arrivals": "even"} | KEYS, {"fifo": True} | topic, duration_s=40))
    assert seen.total("topic", "NumberOfMessagesPublished") == pytest.approx(min(4000, taken_per_s * 41), rel=0.02)
    assert seen.total("topic", "PublishesThrottled") == sum(seen.lost("source").values())


def test_only_queues_subscribe_to_a_fifo_topic() -> None:
    nodes = {"source": ("traffic", at_times(1)), "topic": ("sns", {"fifo": True}), "webhook": ("http_endpoint", {}), "function": ("lambda", {})}
    graph = drawing(nodes, {"source.out -> topic.in": {}, "topic.http -> webhook.in": {}, "topic.out -> function.events": {}}, duration_s=10)
    assert [finding.code for finding in check(Scenario.from_json(graph)) if finding.severity == "error"] == ["fifo-subscriber"] * 2


def test_a_fifo_topic_has_a_bill_of_its_own() -> None:
    seen = outcome(drawn(at_times(1, 2) | {"message_types": [{"size_bytes": 100_000}]}, {"fifo": True}, duration_s=10))
    assert seen.quantity("topic", "Publishes, FIFO topic") == 4
    assert seen.quantity("topic", "Deliveries of a FIFO topic") == 2
    assert seen.quantity("topic", "Data published to a FIFO topic") == pytest.approx(200_000 / 1e9)
