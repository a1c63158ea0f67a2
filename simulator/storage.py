"""Frames of a long run at falling resolution: old ones are merged in pairs, so that what is stored stays bounded.

A merged frame stands for a stretch of time: counters, ledgers and causes are those at its end, so no total is lost; a gauge is its
time-average and carries its greatest value beside it; a spread is that of all samples (percentiles weighted by count).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LOG_LINES_KEPT = 40
"""Lines of the event log that a merged frame keeps: warnings and errors first, then the latest."""
WEIGHTED = ("mean", "p50", "p90", "p95", "p99")


def merge(first: Mapping[str, Any], second: Mapping[str, Any], gauges: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """One frame in place of two that follow each other. ``gauges`` names, by node, the metrics that are levels."""
    weights = _stretch(first), _stretch(second)
    nodes = {}
    for node_id, node in second["nodes"].items():
        before = first["nodes"].get(node_id)
        nodes[node_id] = node if before is None else _merged_node(before, node, weights, set(gauges.get(node_id, ())))
    return {
        **second, "nodes": nodes, "first_seq": first.get("first_seq", first["seq"]), "first_time_s": _begin(first),
        "log": _merged_log(first["log"], second["log"]),
    }


def _begin(frame: Mapping[str, Any]) -> float:
    """When the stretch that a frame stands for begins; a single frame stands for its instant."""
    return float(frame.get("first_time_s", frame["time_s"]))


def _stretch(frame: Mapping[str, Any]) -> int:
    """How many single frames a frame stands for."""
    return int(frame["seq"] - frame.get("first_seq", frame["seq"]) + 1)


def _merged_node(before: Mapping[str, Any], node: Mapping[str, Any], weights: tuple[int, int], gauges: set[str]) -> dict[str, Any]:
    metrics, peaks = {}, {}
    old_peaks, new_peaks = before.get("peaks", {}), node.get("peaks", {})
    for name, value in node["metrics"].items():
        old = before["metrics"].get(name)
        if name in gauges and isinstance(value, (int, float)) and isinstance(old, (int, float)):
            metrics[name] = (old * weights[0] + value * weights[1]) / sum(weights)
            peaks[name] = max(old_peaks.get(name, old), new_peaks.get(name, value))
        elif isinstance(value, dict) or isinstance(old, dict):
            metrics[name] = _merged_spread(old, value)
        else:
            metrics[name] = value
    return {**node, "metrics": metrics, "peaks": peaks}


def _merged_spread(one: Any, other: Any) -> Any:
    if not isinstance(one, dict) or not one["count"]:
        return other
    if not isinstance(other, dict) or not other["count"]:
        return one
    count = one["count"] + other["count"]
    merged: dict[str, Any] = {"count": count}
    for name in WEIGHTED:
        if one.get(name) is not None and other.get(name) is not None:
            merged[name] = (one[name] * one["count"] + other[name] * other["count"]) / count
    return {**other, **merged, "max": max(one["max"], other["max"])}


def _merged_log(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    lines = [*first, *second]
    if len(lines) <= LOG_LINES_KEPT:
        return lines
    grave = [place for place, line in enumerate(lines) if line["level"] != "info"][-LOG_LINES_KEPT:]
    rest = [place for place, line in enumerate(lines) if line["level"] == "info"]
    kept = {*grave, *rest[len(rest) - (LOG_LINES_KEPT - len(grave)) :]} if len(grave) < LOG_LINES_KEPT else set(grave)
    return [lines[place] for place in sorted(kept)]


@dataclass(frozen=True, slots=True)
class Stored:
    """A frame that is stored: its number, and the bytes it takes."""

    seq: int
    size_bytes: int


class Thinning:
    """Says which frames to merge so that no more than so many frames and bytes are stored.

    Frames stand in levels: those of level n stand for 2 to the n frames each, the oldest in the highest level. Two frames are merged where
    most of one level are, so all levels come to hold about as many: resolution falls by half again and again towards the beginning.
    """

    def __init__(self, most_frames: int, most_bytes: int) -> None:
        self.most_frames = max(4, most_frames)
        self.most_bytes = most_bytes
        self.levels: list[deque[Stored]] = [deque()]
        self.frames = self.size_bytes = 0

    def add(self, seq: int, size_bytes: int) -> None:
        """A frame was stored."""
        self.levels[0].append(Stored(seq, size_bytes))
        self.frames += 1
        self.size_bytes += size_bytes

    @property
    def too_many(self) -> bool:
        """Whether frames have to be merged."""
        return (self.frames > self.most_frames or self.size_bytes > self.most_bytes) and any(len(held) > 1 for held in self.levels)

    def next_pair(self) -> tuple[int, int]:
        """The numbers of the two frames to merge next, which follow each other; they are taken out until `merged` is told."""
        level = max((place for place, held in enumerate(self.levels) if len(held) > 1), key=lambda place: (len(self.levels[place]), -place))
        self._level = level
        first, second = self.levels[level].popleft(), self.levels[level].popleft()
        self.frames -= 2
        self.size_bytes -= first.size_bytes + second.size_bytes
        return first.seq, second.seq

    def merged(self, seq: int, size_bytes: int) -> None:
        """The pair given last is one frame now."""
        if self._level + 1 == len(self.levels):
            self.levels.append(deque())
        self.levels[self._level + 1].append(Stored(seq, size_bytes))
        self.frames += 1
        self.size_bytes += size_bytes
