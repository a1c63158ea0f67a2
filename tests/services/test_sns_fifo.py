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
UNSTEADY = {key: {"type": "lognormal", "p50_s": 0.1, "p99_s": 5} for key in ("delivery_latency", "fifo_delivery_latency")}
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
    return drawing(nodes, {"source.out -> topic.in": {}, "topic.out -> queue.in": {"delivery_latency": INSTANT, "fifo_delivery_latency": INSTANT} | (wire or {})}, **run)


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


def test_the_dead_letter_queue_of_a_fifo_topic_is_a_fifo_queue() -> None:
    for fifo, codes in ((False, ["dead-letter-type"]), (True, [])):
        scenario = drawn(at_times(1), {"fifo": True}, duration_s=10)
        scenario["nodes"].append({"id": "dead", "kind": "sqs", "parameters": {"fifo": fifo}})
        scenario["wires"].append({"id": "dead", "from": {"node": "topic", "port": "dlq"}, "to": {"node": "dead", "port": "in"}})
        assert [finding.code for finding in check(Scenario.from_json(scenario)) if finding.severity == "error"] == codes


def test_a_fifo_topic_has_a_bill_of_its_own() -> None:
    seen = outcome(drawn(at_times(1, 2) | {"message_types": [{"size_bytes": 100_000}]}, {"fifo": True}, duration_s=10))
    assert seen.quantity("topic", "Publishes, FIFO topic") == 4
    assert seen.quantity("topic", "Deliveries of a FIFO topic") == 2
    assert seen.quantity("topic", "Data published to a FIFO topic") == pytest.approx(200_000 / 1e9)
    assert seen.quantity("topic", "Data delivered by a FIFO topic") == pytest.approx(2 * 100_900 / 1e9), "with the envelope"


def test_fifo_topics_have_a_publish_quota_of_their_own() -> None:
    """20 a second to each of a FIFO and a standard topic; only the FIFO quota is too small."""
    nodes = {"source": ("traffic", {"load": rate(20), "arrivals": "even"} | KEYS), "fifo": ("sns", {"fifo": True}), "standard": ("sns", {}), "a": ("sqs", {}), "b": ("sqs", {})}
    wires = {"source.out -> fifo.in": {}, "source.out -> standard.in": {}, "fifo.out -> a.in": {}, "standard.out -> b.in": {}}
    seen = outcome(drawing(nodes, wires, account={"sns": {"fifo_publish_per_s": 5}}, duration_s=60))
    assert seen.total("fifo", "NumberOfMessagesPublished") == pytest.approx(5 * 61, abs=3)
    assert seen.total("standard", "PublishesThrottled") == 0


TWICE = {"message_types": [{"key": {"keys": "uniform", "number": 5}, "repeated_share": 1, "repeated_after_s": 2, "repeats_keep_id": False}]}


def from_topic_to_function(source: dict[str, Any], topic: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, wire: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """A FIFO topic, a FIFO queue that subscribes, and a function that reads it."""
    nodes = {"source": ("traffic", source), "topic": ("sns", {"fifo": True} | (topic or {})), "queue": ("sqs", {"fifo": True} | (queue or {})),
             "function": ("lambda", {"duration": INSTANT})}
    return drawing(nodes, {"source.out -> topic.in": {}, "topic.out -> queue.in": wire or {}, "queue.out -> function.source": {"batch_size": 1}}, **run)


class TestFromTopicThroughQueueToFunction:
    def test_each_group_arrives_in_order_although_deliveries_fail_on_the_way(self, arrivals: list[Arrival]) -> None:
        """The queue is down for ten seconds: what was published meanwhile comes later, and still in order."""
        down = {"time_s": 20, "action": "fault", "node": "queue", "fault": "unavailable", "value": {}}
        up = {"time_s": 30, "action": "clear_fault", "node": "queue", "fault": "unavailable"}
        seen = outcome(from_topic_to_function({"load": rate(20)} | KEYS, wire={"fifo_delivery_latency": {"type": "lognormal", "p50_s": 0.1, "p99_s": 3}}, duration_s=120), down, up)
        assert any(not taken for _, _, taken in arrivals)
        assert in_order(arrivals)
        assert seen.total("function", "MessagesProcessed") > 0.98 * seen.total("topic", "NumberOfMessagesPublished") > 2000

    @pytest.mark.parametrize(("topic", "queue", "at_topic", "at_queue"), [
        ({"content_based_deduplication": True}, {}, 1, 0),
        ({}, {"content_based_deduplication": True}, 0, 1),
        ({}, {}, 0, 0),
    ])
    def test_what_is_published_twice_with_a_new_id_is_dropped_where_contents_are_compared(self, topic: dict[str, Any], queue: dict[str, Any], at_topic: int, at_queue: int) -> None:
        seen = outcome(from_topic_to_function(at_times(*range(1, 41)) | TWICE, topic, queue, duration_s=120))
        assert seen.total("topic", "MessagesDeduplicated") == 40 * at_topic
        assert seen.total("queue", "NumberOfDeduplicatedSentMessages") == 40 * at_queue
        assert seen.total("function", "MessagesProcessed") == 40 * (2 - at_topic - at_queue)

    def test_after_five_minutes_it_is_a_new_message(self) -> None:
        later = {"message_types": [{"repeated_share": 1, "repeated_after_s": 301, "repeats_keep_id": True}]}
        soon = {"message_types": [{"repeated_share": 1, "repeated_after_s": 299, "repeats_keep_id": True}]}
        for source, processed in ((later, 2), (soon, 1)):
            assert outcome(from_topic_to_function(at_times(1) | source, duration_s=400)).total("function", "MessagesProcessed") == processed

    def test_the_scope_of_deduplication_is_the_topic_or_the_group(self) -> None:
        """The repeat of a message keeps its id, and its group: both scopes drop it."""
        kept = {"message_types": [{"key": {"keys": "uniform", "number": 5}, "repeated_share": 1, "repeated_after_s": 2, "repeats_keep_id": True}]}
        for scope in ("Topic", "MessageGroup"):
            seen = outcome(from_topic_to_function(at_times(*range(1, 21)) | kept, {"fifo_throughput_scope": scope}, duration_s=60))
            assert seen.total("topic", "MessagesDeduplicated") == 20

    def test_the_way_takes_as_long_as_was_measured(self) -> None:
        """eu-west-1, September 2022: 32.8, 40.1 and 67.8 ms at p10, p50 and p90, held within 10 %. At p99 the two measurements that
        the defaults are from disagree (645 ms for the queue alone, 497 ms with a topic before it): ours lies above the lower one."""
        source = {"load": rate(20), "arrivals": "even", "message_types": [{"key": {"keys": "uniform", "number": 1_000_000}}]}
        seen = outcome(from_topic_to_function(source, duration_s=600, warm_up_s=60))
        latency = seen.path("source", "topic", "queue", "function")["latency"]
        assert (latency["p50"], latency["p90"]) == pytest.approx((0.0401, 0.0678), rel=0.1)
        assert 0.497 < latency["p99"] < 0.7
