"""Reads arrival traces from CSV: requests in each interval, or the time of each arrival."""

from __future__ import annotations

import csv
import io
import math
from datetime import datetime
from typing import Any, Literal

from simulator.units import format_count, format_duration, format_rate

MAX_BYTES = 5_000_000
MAX_VALUES = 500_000
Kind = Literal["counts", "times"]


class TraceError(ValueError):
    """A trace that cannot be read; the message names the line and the way out."""


def parse_trace(content: str | bytes, *, name: str = "", kind: Kind = "counts", interval_s: float = 60.0, max_bytes: int = MAX_BYTES, max_values: int = MAX_VALUES) -> dict[str, Any]:
    """Read a CSV trace into the value of a ``trace`` parameter; raise `TraceError` with the line at fault.

    ``counts``: the last numeric column holds the requests of each interval of ``interval_s`` seconds. ``times``: the
    first column holds seconds from any origin, or ISO 8601 timestamps; the first arrival becomes time 0 if they are
    timestamps. A header line is skipped.
    """
    if not math.isfinite(interval_s) or interval_s <= 0:
        raise TraceError(f"The interval must be longer than 0 s, but is {interval_s}")
    rows = _rows(_text(content, max_bytes), max_values)
    if not rows:
        raise TraceError("The trace is empty; it needs one number on each line")
    if kind == "counts":
        return {"kind": "counts", "name": name, "interval_s": interval_s, "counts": [_count(line, row) for line, row in rows]}
    return {"kind": "times", "name": name, "times_s": _times(rows)}


def summary(trace: dict[str, Any]) -> dict[str, Any]:
    """What a reader wants to know of a trace: intervals, messages, duration, mean and highest rate."""
    if trace["kind"] == "times":
        times = trace["times_s"]
        duration_s = max(times[-1], 1e-9)
        total: float = len(times)
        peak_per_s = None
    else:
        counts = trace["counts"]
        duration_s = len(counts) * trace["interval_s"]
        total = sum(counts)
        peak_per_s = max(counts) / trace["interval_s"]
    mean_per_s = total / duration_s
    text = f"{format_count(total)} messages in {format_duration(duration_s)}, {format_rate(mean_per_s)} on average"
    if peak_per_s is not None:
        text += f", {format_rate(peak_per_s)} at most"
    return {"messages": total, "duration_s": duration_s, "mean_per_s": mean_per_s, "peak_per_s": peak_per_s, "text": text}


def _text(content: str | bytes, max_bytes: int) -> str:
    if len(content) > max_bytes:
        raise TraceError(f"The trace has {len(content):,} bytes; at most {max_bytes:,} are read. Use longer intervals")
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TraceError("The trace is not text in UTF-8; save it as a CSV file") from None


def _rows(text: str, max_values: int) -> list[tuple[int, list[str]]]:
    """The lines that hold something, with their numbers; without a header."""
    reader = csv.reader(io.StringIO(text))
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            rows.append((reader.line_num, cells))
            if len(rows) > max_values + 1:
                raise TraceError(f"The trace has more than {max_values:,} lines; use longer intervals")
    except csv.Error as error:
        raise TraceError(f"Line {reader.line_num}: not CSV ({error})") from None
    if rows and all(_number(cell) is None and _timestamp(cell) is None for cell in rows[0][1] if cell):
        rows = rows[1:]
    return rows


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _timestamp(cell: str) -> float | None:
    try:
        return datetime.fromisoformat(cell).timestamp()
    except ValueError:
        return None


def _count(line: int, row: list[str]) -> float:
    filled = [cell for cell in row if cell]
    count = _number(filled[-1]) if filled else None
    if count is None:
        raise TraceError(f"Line {line}: '{', '.join(row)}' holds no number; each line needs the requests of one interval")
    if not math.isfinite(count):
        raise TraceError(f"Line {line}: {filled[-1]} is not a finite number")
    if count < 0:
        raise TraceError(f"Line {line}: {filled[-1]} is negative; requests are 0 or more")
    return int(count) if count.is_integer() else count


def _times(rows: list[tuple[int, list[str]]]) -> list[float]:
    times: list[float] = []
    stamped = _number(rows[0][1][0]) is None
    for line, row in rows:
        moment = _timestamp(row[0]) if stamped else _number(row[0])
        if moment is None or not math.isfinite(moment):
            raise TraceError(f"Line {line}: '{row[0]}' is no arrival time; use seconds or timestamps such as 2026-01-31T12:00:00")
        if moment < 0 and not stamped:
            raise TraceError(f"Line {line}: {row[0]} is negative; arrival times are seconds from the start")
        if times and moment < times[-1]:
            raise TraceError(f"Line {line}: {row[0]} is earlier than the line before; sort the arrivals by time")
        times.append(moment)
    first = times[0] if stamped else 0.0
    return [round(moment - first, 9) for moment in times]
