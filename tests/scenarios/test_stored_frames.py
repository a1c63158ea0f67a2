"""Frames merged in pairs: totals are exact, levels are averages with their peaks, and what is stored stays bounded."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.run import Simulation
from simulator.storage import LOG_LINES_KEPT, Thinning, merge
from tests.scenarios.test_controls import pipeline

GAUGES = {"queue": ["ApproximateNumberOfMessagesVisible"]}


def frames_of(**run: Any) -> list[dict[str, Any]]:
    graph = pipeline("worker", {"workers": 1}, per_s=3, **run)
    return [dict(frame.to_json()) for frame in Simulation(graph).frames()]


def thinned(frames: list[dict[str, Any]], most: int, most_bytes: int = 10**12) -> list[dict[str, Any]]:
    stored: dict[int, dict[str, Any]] = {}
    thinning = Thinning(most, most_bytes)
    for frame in frames:
        stored[frame["seq"]] = frame
        thinning.add(frame["seq"], 1000)
        while thinning.too_many:
            first, second = thinning.next_pair()
            assert not [seq for seq in stored if first < seq < second], "only neighbours are merged"
            stored[second] = merge(stored.pop(first), stored[second], GAUGES)
            thinning.merged(second, 1000)
    return [stored[seq] for seq in sorted(stored)]


def test_no_total_is_lost_and_no_stretch_of_time_is_missing() -> None:
    frames = frames_of(duration_s=600)
    kept = thinned(frames, 60)
    assert len(kept) <= 60
    assert kept[-1] == frames[-1], "the latest frames are whole"
    expected = 0
    for frame in kept:
        whole = frames[frame["seq"]]
        assert frame.get("first_seq", frame["seq"]) == expected
        expected = frame["seq"] + 1
        assert (frame["totals"], frame["wires"], frame["time_s"]) == (whole["totals"], whole["wires"], whole["time_s"])
        assert frame["nodes"]["queue"]["waits"] == whole["nodes"]["queue"]["waits"]
        assert frame["nodes"]["queue"]["metrics"]["NumberOfMessagesSent"] == whole["nodes"]["queue"]["metrics"]["NumberOfMessagesSent"]
    assert expected == len(frames)
    assert waited(kept) == pytest.approx(waited(frames))
    assert waited(frames)[0] > 100


def waited(frames: list[dict[str, Any]]) -> tuple[float, float]:
    """How many waits the frames tell of, and how long they were together."""
    spreads = [spread for frame in frames if (spread := frame["nodes"]["queue"]["metrics"]["MessageWait"]) and spread["count"]]
    return sum(spread["count"] for spread in spreads), sum(spread["count"] * spread["mean"] for spread in spreads)


def test_a_level_is_the_average_of_its_stretch_and_remembers_its_peak() -> None:
    frames = frames_of(duration_s=600)
    name = "ApproximateNumberOfMessagesVisible"
    for frame in thinned(frames, 30):
        stretch = [one["nodes"]["queue"]["metrics"][name] for one in frames[frame.get("first_seq", frame["seq"]) : frame["seq"] + 1]]
        assert frame["nodes"]["queue"]["metrics"][name] == pytest.approx(sum(stretch) / len(stretch))
        if len(stretch) > 1:
            assert frame["nodes"]["queue"]["peaks"][name] == max(stretch)


def test_resolution_falls_with_age_and_the_bound_holds_at_any_length() -> None:
    frames = frames_of(duration_s=60)
    long = [{**frames[1 + number % 60], "seq": number, "time_s": float(number)} for number in range(20_000)]
    kept = thinned(long, 200)
    spans = [frame["seq"] - frame.get("first_seq", frame["seq"]) + 1 for frame in kept]
    assert len(kept) <= 200
    assert spans == sorted(spans, reverse=True)
    assert (spans[-1], sum(spans)) == (1, 20_000)
    assert len(thinned(long[:3000], 10**9, most_bytes=50_000)) <= 50


def test_grave_lines_of_the_log_outlive_others() -> None:
    def frame(seq: int, *lines: tuple[str, str]) -> dict[str, Any]:
        return {"seq": seq, "time_s": seq, "nodes": {}, "log": [{"time_s": seq, "level": level, "node": None, "text": text} for level, text in lines]}

    merged = merge(frame(0, ("error", "broke"), *[("info", str(number)) for number in range(40)]), frame(1, ("info", "last")), {})
    assert len(merged["log"]) == LOG_LINES_KEPT
    assert (merged["log"][0]["text"], merged["log"][-1]["text"]) == ("broke", "last")
