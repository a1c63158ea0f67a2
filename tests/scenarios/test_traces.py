"""The messages that a report tells of one by one."""

from __future__ import annotations

from simulator.engine.network import SAMPLES_KEPT
from tests.drawing import constant, drawing, outcome, rate


def test_samples_are_spread_evenly_over_the_run_however_many_messages_there_are() -> None:
    seen = outcome(drawing({"source": ("traffic", {"load": rate(100), "arrivals": "even"}), "queue": ("sqs", {}), "worker": ("worker", {"workers": 50, "duration": constant(0.1)})},
                           {"source.out -> queue.in": {}, "queue.out -> worker.source": {}}, duration_s=600, trace_one_in=1))
    samples = [trace for trace in seen.report["traces"] if trace["sampled"]]
    assert SAMPLES_KEPT / 2 <= len(samples) <= SAMPLES_KEPT
    assert all(trace["messages"] == 1 for trace in samples)
    ends = [trace["ended_s"] for trace in samples]
    assert ends == sorted(ends)
    for quarter in range(4):
        within = [end for end in ends if 150 * quarter <= end < 150 * (quarter + 1)]
        assert abs(len(within) - len(samples) / 4) <= 1
