"""Traffic sources: one test for each shape, trace, message type and answer, counted at the queue that the source sends to."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from simulator import catalog
from simulator.findings import InvalidScenario
from simulator.languages.event_patterns import event_of
from tests.drawing import INSTANT, at_times, by_type, constant, deliveries, drawing, outcome, rate


def sending(source: dict[str, Any], queue: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """A source and the queue it sends to; every message by itself."""
    return drawing({"source": ("traffic", source), "queue": ("sqs", queue or {})}, {"source.out -> queue.in": {}}, **({"fidelity": "exact"} | run))


def within(expected: float) -> Any:
    """A Poisson count: four standard deviations round what is expected."""
    return pytest.approx(expected, abs=4 * math.sqrt(expected) + 1e-9)


def arrived(source: dict[str, Any], duration_s: float, *controls: Any) -> list[float]:
    """When messages came to the queue."""
    return [entry.at_s for entry in deliveries(sending(source, duration_s=duration_s), "queue", *controls) for _ in range(entry.count)]


def between(times_s: list[float], from_s: float, to_s: float) -> int:
    return sum(from_s <= time_s < to_s for time_s in times_s)


# -- shapes ---------------------------------------------------------------------------------------------------------


def test_poisson_arrivals_come_at_random() -> None:
    """Exponential gaps: mean and standard deviation are equal, and e^-2 of them are longer than twice the mean."""
    times_s = arrived({"load": rate(50)}, 200)
    gaps = [later - earlier for earlier, later in pairwise(times_s)]
    mean = sum(gaps) / len(gaps)
    assert len(times_s) == within(50 * 200)
    assert math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) == pytest.approx(mean, rel=0.05)
    assert sum(gap > 2 * mean for gap in gaps) / len(gaps) == pytest.approx(math.exp(-2), abs=0.015)


def test_even_arrivals_come_at_equal_distances() -> None:
    assert arrived({"load": rate(4), "arrivals": "even"}, 2.1) == pytest.approx([0.25 * place for place in range(1, 9)])


@pytest.mark.parametrize(("load", "counts"), [
    ({"shape": "ramp", "from_per_s": 0, "to_per_s": 100, "over_s": 60}, [(0, 30, 750), (30, 60, 2250), (60, 90, 3000)]),
    ({"shape": "burst", "base_per_s": 10, "peak_per_s": 200, "start_s": 30, "length_s": 10}, [(0, 30, 300), (30, 40, 2000), (40, 90, 500)]),
    ({"shape": "burst", "base_per_s": 0, "peak_per_s": 100, "start_s": 5, "length_s": 5, "repeat_s": 30}, [(0, 5, 0), (5, 10, 500), (10, 35, 0), (35, 40, 500), (65, 70, 500)]),
    ({"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 20}, {"at_s": 30, "rate_per_s": 100}, {"at_s": 60, "rate_per_s": 0}]}, [(0, 30, 600), (30, 60, 3000), (60, 90, 0)]),
    ({"shape": "sine", "mean_per_s": 100, "amplitude": 1, "cycle_s": 60, "peak_at_s": 15}, [(0, 30, 3000 + 100 * 60 / math.pi), (30, 60, 3000 - 100 * 60 / math.pi), (60, 90, 3000 + 100 * 60 / math.pi)]),
], ids=["ramp", "burst", "bursts", "steps", "sine"])
def test_the_rate_follows_its_shape(load: dict[str, Any], counts: list[tuple[float, float, float]]) -> None:
    times_s = arrived({"load": load}, 90)
    for from_s, to_s, expected in counts:
        assert between(times_s, from_s, to_s) == within(expected)


# -- recorded loads -------------------------------------------------------------------------------------------------

COUNTS = {"kind": "counts", "interval_s": 10, "counts": [300, 0, 1200]}


@pytest.mark.parametrize(("how", "counts"), [
    ({}, [(0, 10, 300), (10, 20, 0), (20, 30, 1200), (30, 60, 0)]),
    ({"after": "hold"}, [(20, 30, 1200), (30, 60, 3600)]),
    ({"after": "repeat"}, [(30, 40, 300), (40, 50, 0), (50, 60, 1200)]),
    ({"scale": 2.5}, [(0, 10, 750), (20, 30, 3000)]),
])
def test_recorded_counts_are_replayed(how: dict[str, Any], counts: list[tuple[float, float, float]]) -> None:
    times_s = arrived({"load": {"shape": "trace", "trace": COUNTS, **how}}, 60)
    for from_s, to_s, expected in counts:
        assert between(times_s, from_s, to_s) == within(expected)


def test_recorded_counts_are_met_exactly_when_arrivals_are_even() -> None:
    times_s = arrived({"load": {"shape": "trace", "trace": COUNTS}, "arrivals": "even"}, 60)
    assert [between(times_s, *span) for span in ((0, 10.0001), (10.0001, 20), (20, 30.0001))] == [300, 0, 1200]


def test_recorded_times_are_replayed_to_the_moment() -> None:
    assert arrived(at_times(0, 0.5, 0.5, 7.25), 10) == [0, 0.5, 0.5, 7.25]


def test_a_trace_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(InvalidScenario, match="must not decrease"):
        outcome(sending(at_times(2, 1), duration_s=10))


# -- what is sent ---------------------------------------------------------------------------------------------------


def test_types_come_in_proportion_to_their_shares() -> None:
    types = [{"name": "small", "share": 3, "size_bytes": 10}, {"name": "large", "share": 1, "size_bytes": 5000}]
    seen = deliveries(sending({"load": rate(100), "message_types": types}, duration_s=60), "queue")
    counts = by_type(seen)
    whole = counts["small"] + counts["large"]
    assert whole == within(6000)
    assert counts["small"] / whole == pytest.approx(0.75, abs=4 * math.sqrt(0.75 * 0.25 / whole))
    assert {(entry.type, entry.size_bytes) for entry in seen} == {("small", 10), ("large", 5000)}


@pytest.mark.parametrize(("keys", "shares"), [
    ({"keys": "single"}, [1]),
    ({"keys": "uniform", "number": 4}, [0.25] * 4),
    ({"keys": "zipf", "number": 4, "exponent": 1}, [12 / 25, 6 / 25, 4 / 25, 3 / 25]),
    ({"keys": "zipf", "number": 3, "exponent": 0}, [1 / 3] * 3),
], ids=["single", "uniform", "zipf", "flat zipf"])
def test_keys_are_distributed_as_said(keys: dict[str, Any], shares: list[float]) -> None:
    counts = Counter(entry.key for entry in deliveries(sending({"load": rate(100), "message_types": [{"key": keys}]}, duration_s=60), "queue"))
    whole = sum(counts.values())
    assert set(counts) == set(range(len(shares)))
    for key, share in enumerate(shares):
        assert counts[key] / whole == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / whole))


def test_every_wire_gets_every_message() -> None:
    scenario = drawing({"source": ("traffic", {"load": rate(20)}), "a": ("sqs", {}), "b": ("sqs", {})}, {"source.out -> a.in": {}, "source.out -> b.in": {}}, duration_s=30)
    seen = outcome(scenario)
    made = seen.total("source", "MessagesCreated")
    assert seen.total("a", "NumberOfMessagesSent") == seen.total("b", "NumberOfMessagesSent") == made > 400
    assert seen.report["nodes"]["source"]["ledger"]["created"] == 2 * made


def test_a_source_without_a_wire_counts_what_it_makes() -> None:
    seen = outcome(drawing({"source": ("traffic", at_times(1, 2))}, {}, duration_s=10))
    assert seen.total("source", "MessagesCreated") == seen.path("source")["messages"] == 2


# -- answers --------------------------------------------------------------------------------------------------------


def test_what_is_refused_is_lost_with_its_reason() -> None:
    types = [{"name": "small"}, {"name": "large", "size_bytes": 2000}]
    seen = outcome(sending({"load": rate(50), "message_types": types}, {"maximum_message_size_bytes": 1500}, duration_s=60))
    refused = seen.total("source", "MessagesRefused")
    assert seen.lost("source") == {"too_large": refused}
    assert refused == within(1500)
    assert seen.total("source", "MessagesAccepted") == seen.total("queue", "NumberOfMessagesSent") == seen.total("source", "MessagesCreated") - refused


def test_callers_wait_for_their_answers() -> None:
    """Five requests of 2 s at once, of which the function can take three."""
    function = {"duration": constant(2), "reserved_concurrency": 3, "sandbox_start_s": 0, "runtime": "rust"}
    scenario = drawing({"source": ("traffic", at_times(*[1] * 5)), "function": ("lambda", function)}, {"source.requests -> function.requests": {}}, duration_s=10, frame_interval_s=0.5)
    seen = outcome(scenario)
    assert (seen.total("source", "MessagesAccepted"), seen.total("source", "MessagesRefused")) == (3, 2)
    waiting = seen.metric("source", "RequestsOutstanding")
    assert (waiting["max"], waiting["last"]) == (3, 0)
    unfinished = outcome({**scenario, "run": {"duration_s": 2}})
    assert unfinished.last("source", "RequestsOutstanding") == unfinished.report["conservation"]["unfinished"] == 3


# -- controls -------------------------------------------------------------------------------------------------------


def test_the_load_can_be_multiplied_during_a_run() -> None:
    times_s = arrived({"load": rate(50)}, 60, {"time_s": 20, "action": "load", "value": 4}, {"time_s": 40, "action": "load", "value": 0})
    assert [between(times_s, *span) for span in ((0, 20), (20, 40))] == [within(1000), within(4000)]
    assert between(times_s, 40, 60) == 0


def test_the_load_can_be_replaced_during_a_run() -> None:
    times_s = arrived({"load": rate(50)}, 60, {"time_s": 30, "action": "parameter", "node": "source", "parameter": "load", "value": rate(10)})
    assert [between(times_s, *span) for span in ((0, 30), (30, 60))] == [within(1500), within(300)]


def test_a_silent_source_sends_nothing_until_it_is_cleared() -> None:
    fault = {"time_s": 20, "action": "fault", "node": "source", "fault": "silent"}
    times_s = arrived({"load": rate(50)}, 60, fault, {**fault, "time_s": 40, "action": "clear_fault"})
    assert [between(times_s, *span) for span in ((0, 20), (40, 60))] == [within(1000), within(1000)]
    assert between(times_s, 20, 40) == 0


def test_the_offered_load_is_shown() -> None:
    seen = outcome(sending({"load": {"shape": "ramp", "from_per_s": 0, "to_per_s": 60, "over_s": 60}}, duration_s=90, frame_interval_s=1), {"time_s": 60, "action": "load", "value": 2})
    offered = seen.series("source", "OfferedLoad")
    assert [offered[second] for second in (0, 30, 59, 80)] == pytest.approx([0, 30, 59, 120])


@pytest.mark.parametrize("preset", catalog.describe("traffic")["presets"], ids=lambda preset: preset["name"])
def test_presets_send_each_of_their_types_in_proportion_and_patterns_see_real_events(preset: dict[str, Any]) -> None:
    """Each type goes to a queue of its own, chosen by a pattern on what its body says."""
    types = preset["parameters"]["message_types"]
    patterns = [pattern_of(event_of(entry["name"], entry["body"])) for entry in types]
    nodes: dict[str, Any] = {"source": ("traffic", {**preset["parameters"], "load": rate(200)}), "bus": ("eventbridge", {"delivery_latency": INSTANT})}
    nodes |= {f"q{place}": ("sqs", {}) for place in range(len(types))}
    wires = {"source.out -> bus.in": {}} | {f"bus.out -> q{place}.in": {"event_pattern": pattern} for place, pattern in enumerate(patterns)}
    seen = outcome(drawing(nodes, wires, duration_s=60))
    came, shares = seen.total("source", "MessagesCreated"), sum(entry["share"] for entry in types)
    received = [seen.total(f"q{place}", "NumberOfMessagesSent") for place in range(len(types))]
    assert sum(received) == came
    for entry, count in zip(types, received, strict=True):
        expected = came * entry["share"] / shares
        assert count == pytest.approx(expected, abs=4 * expected**0.5 + 3), entry["name"]


def pattern_of(event: Any) -> Any:
    """The pattern that asks for every value of the event."""
    if isinstance(event, dict):
        return {key: pattern_of(value) for key, value in event.items() if value not in ([], {})}
    if isinstance(event, list):
        return pattern_of(event[0]) if isinstance(event[0], dict) else event
    return [event]
