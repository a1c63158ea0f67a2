"""The sentences that say what happened: their figures are those of what came, whoever refused it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.examples import examples
from simulator.observer import RATE_FRAMES
from simulator.run import Simulation
from simulator.units import format_duration, format_rate
from tests.drawing import at_times, constant, drawing, outcome, rate


def test_requests_that_were_refused_have_arrived_all_the_same() -> None:
    """An endpoint that lets 100 requests wait refuses most of a burst; what arrived is the burst, not what was answered."""
    burst = {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 5}, {"at_s": 120, "rate_per_s": 100}, {"at_s": 180, "rate_per_s": 5}]}}
    seen = outcome(drawing(
        {"source": ("traffic", burst), "site": ("http_endpoint", {"workers": 1, "latency": constant(0.1), "queue_limit": 100, "failure_probability": 0})},
        {"source.requests -> site.in": {}}, duration_s=300))
    [told] = [sentence for sentence in seen.report["explanation"] if sentence.startswith("The backlog of site peaked")]
    assert "when 81/s arrived instead of 5.45/s" in told, "100 a second, over frames that begin a little earlier"
    answered = seen.report["nodes"]["site"]["ledger"]["entered"]
    assert answered < 300 * 11, "had it been counted by answers, 10 a second arrived"


def test_one_is_singular_and_none_is_not_told() -> None:
    poison = at_times(1) | {"message_types": [{"failure_probability": 1}]}
    nodes = {"source": ("traffic", poison), "queue": ("sqs", {"max_receive_count": 1, "visibility_timeout_s": 1}), "worker": ("worker", {}), "dead": ("sqs", {"redrive_start_s": 60})}
    wires = {"source.out -> queue.in": {}, "queue.out -> worker.source": {}, "queue.dlq -> dead.in": {}, "dead.redrive -> again.in": {}}
    told = outcome(drawing(nodes | {"again": ("sqs", {})}, wires, duration_s=100)).report["explanation"]
    assert "1 message is left in again, which nothing consumes." in told
    assert "worker, errors: 1 message." in told
    assert not any("left in dead" in sentence for sentence in told)


def test_a_system_that_keeps_pace_is_told_so() -> None:
    seen = outcome(drawing({"source": ("traffic", {"load": rate(1)}), "queue": ("sqs", {}), "worker": ("worker", {"workers": 20, "duration": constant(0.1)})},
                           {"source.out -> queue.in": {}, "queue.out -> worker.source": {}}, duration_s=60))
    assert seen.report["explanation"][0] == "Nothing backed up: every node kept pace with its load."


def sentences_of(scenario: dict[str, Any], node: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What a node says at each moment: its sentence, the frame, and the frame that rates are measured from."""
    frames: list[dict[str, Any]] = []
    for frame in Simulation(scenario).frames():
        content: Any = frame.to_json()
        frames.append(content)
        said = content["nodes"][node]["sentence"]
        if said and len(frames) > RATE_FRAMES:
            yield said, content, frames[-1 - RATE_FRAMES]


VISIBLE = "ApproximateNumberOfMessagesVisible"


def test_a_backlog_grows_by_what_it_grew_by_and_not_by_what_was_sent_less_what_was_received() -> None:
    """Workers that always fail take thrice what comes: it all comes back, and the backlog never shrinks."""
    failing = drawing(
        {"source": ("traffic", {"load": rate(10)}), "queue": ("sqs", {"visibility_timeout_s": 5}), "workers": ("worker", {"workers": 12, "duration": constant(0.4), "failure_probability": 1})},
        {"source.out -> queue.in": {}, "queue.out -> workers.source": {}}, duration_s=120, frame_interval_s=1)
    growing = 0
    for said, now, before in sentences_of(failing, "queue"):
        change = (now["nodes"]["queue"]["metrics"][VISIBLE] - before["nodes"]["queue"]["metrics"][VISIBLE]) / (now["time_s"] - before["time_s"])
        if "grows by" in said:
            growing += 1
            assert f"grows by {format_rate(change)}" in said
        if "shrinks" in said:
            assert f"shrinks by {format_rate(-change)}" in said
        if now["time_s"] > 20:
            assert "come back undeleted" in said
    assert growing > 50
    # What is held against chance: as many come as go, and the backlog is told to go nowhere most of the time.
    busy = drawing(
        {"source": ("traffic", {"load": rate(9)}), "queue": ("sqs", {}), "workers": ("worker", {"workers": 10, "duration": {"type": "exponential", "mean_s": 1}})},
        {"source.out -> queue.in": {}, "queue.out -> workers.source": {}}, duration_s=900, frame_interval_s=1)
    told = [said for said, _, _ in sentences_of(busy, "queue")]
    assert len(told) > 50
    assert sum("grows" in said or "shrinks" in said for said in told) < 0.25 * len(told)


def test_a_fifo_queue_says_that_groups_are_locked_and_not_that_idle_workers_are_busy() -> None:
    one_group = drawing(
        {"source": ("traffic", {"load": rate(10), "message_types": [{"name": "any", "key": {"keys": "single", "value": 7}}]}), "queue": ("sqs", {"fifo": True, "content_based_deduplication": True}), "workers": ("worker", {"workers": 10, "duration": constant(1)})},
        {"source.out -> queue.in": {}, "queue.out -> workers.source": {}}, duration_s=30, frame_interval_s=1)
    told = [said for said, _, _ in sentences_of(one_group, "queue")]
    assert len(told) > 20
    assert all("What waits is behind a message of its group." in said for said in told)


def test_what_waits_in_a_busy_consumers_buffer_is_no_keeping_pace() -> None:
    [example] = [example for example in examples() if example.slug == "slow-consumer-large-prefetch"]
    seen = outcome(example.graph)
    first = seen.report["explanation"][0]
    broker = seen.report["nodes"]["broker"]
    mean_s = broker["waits"][0]["message_s"] / broker["ledger"]["entered"]
    assert first == f"Messages waited for {format_duration(mean_s)} on average at broker: pushed to a consumer of First consumer that is busy."


def test_a_backlog_grows_by_one_figure_in_all_sentences() -> None:
    seen = outcome(drawing({"source": ("traffic", {"load": rate(20)}), "queue": ("sqs", {}), "workers": ("worker", {"workers": 1, "duration": constant(0.1)})},
                           {"source.out -> queue.in": {}, "queue.out -> workers.source": {}}, duration_s=300))
    [grown] = seen.report["steady_state"]["growing"]
    text = format_rate(grown["growth_per_s"])
    assert f"was still growing at the end, by {text}." in seen.report["explanation"][0]
    assert f"its backlog grows by {text}" in seen.report["explanation"][-1]


def test_the_cause_that_is_told_is_the_greatest_or_stands_beside_it() -> None:
    """Too short a visibility timeout: nearly all of the time goes into hiding, little into waiting for workers."""
    [example] = [example for example in examples() if example.slug == "visibility-timeout-too-short"]
    told = outcome(example.graph).report["explanation"]
    [about] = [sentence for sentence in told if "time spent at reports" in sentence]
    assert about == "Of the time spent at reports, 98 % has this cause: hidden after a failed attempt; 2 % this one: all workers of Report makers are busy."
