"""The sentences that say what happened: their figures are those of what came, whoever refused it."""

from __future__ import annotations

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
