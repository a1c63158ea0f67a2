"""What the shards of a stream hold, for cohorts: a row for what came together, with a number of records for each shard.

A record is known by its place in the order of writing of its shard. Rows say which places are whose, and when they were written.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.engine.message import Message

COMPACT_AT = 256
"""Rows that nobody needs any more are dropped when there are so many."""


class Refusals:
    """Records that were tried until their shard took them: each try was refused with the same chance, which is the shard's."""

    def __init__(self, chances: np.ndarray, pauses_s: np.ndarray) -> None:
        self._chances = chances
        self._pauses_s = pauses_s
        """Time from the first try to each."""

    def draw(self, shards: np.ndarray, samples: int, chance: np.random.Generator) -> np.ndarray:
        """How long records of these shards waited that were written at last."""
        refused = np.clip(self._chances[shards], 1e-12, 1 - 1e-9)[:, None]
        uniform = chance.random((shards.size, samples)) * (1 - refused ** len(self._pauses_s))
        tries = np.minimum(np.floor(np.log1p(-uniform) / np.log(refused)).astype(np.int64), len(self._pauses_s) - 1)
        return np.asarray(self._pauses_s[tries] * (2 / 3 + 2 / 3 * chance.random(tries.shape)))


class Row:
    """Records of one cohort: its messages, and when they were born and written; both run in a line over the records of each shard."""

    __slots__ = ("born_s", "born_to_s", "count", "from_s", "message", "refusals", "to_s")

    def __init__(self, message: Message, count: int, born: tuple[float, float], written: tuple[float, float], refusals: Refusals | None = None) -> None:
        self.message = message
        self.count = count
        self.born_s, self.born_to_s = born
        self.from_s, self.to_s = written
        self.refusals = refusals
        """How records of each shard were refused before; None: they were not."""


class Pieces(NamedTuple):
    """Records taken from rows: of each row and shard, the first place and how many (arrays of one length)."""

    rows: np.ndarray
    shards: np.ndarray
    firsts: np.ndarray
    counts: np.ndarray
    starts: np.ndarray
    """The place of the first record of the row in the shard, and how many it has there."""
    sizes: np.ndarray


class Rows:
    """All rows that a reader may still need, in the order of writing."""

    def __init__(self, shards: int) -> None:
        self.rows: list[Row] = []
        self.base = 0
        """The number of the first row that is still here."""
        self._ends = np.zeros((64, shards), dtype=np.int64)
        """Line 0: the records of each shard before the first row; then those up to the end of each row."""

    @property
    def next(self) -> int:
        """The number of the next row."""
        return self.base + len(self.rows)

    def written(self) -> np.ndarray:
        """Records ever written to each shard."""
        ends: np.ndarray = self._ends[len(self.rows)]
        return ends

    def widen(self, shards: int) -> None:
        """There are so many shards now."""
        lines, width = self._ends.shape
        self._ends = np.hstack([self._ends, np.zeros((lines, shards - width), dtype=np.int64)])

    def append(self, row: Row, counts: np.ndarray) -> None:
        """Write a row, with so many records for each shard."""
        line = len(self.rows) + 1
        if line == self._ends.shape[0]:
            self._ends = np.vstack([self._ends, np.zeros_like(self._ends)])
        np.add(self._ends[line - 1], counts, out=self._ends[line])
        self.rows.append(row)

    def forget(self, before: int) -> None:
        """Nobody needs the rows before this number any more."""
        gone = min(before, self.next) - self.base
        if gone >= COMPACT_AT:
            kept = len(self.rows) - gone
            self._ends[: kept + 1] = self._ends[gone : gone + kept + 1].copy()
            del self.rows[:gone]
            self.base += gone

    def row(self, number: int) -> Row:
        """The row of this number."""
        return self.rows[number - self.base]

    def end(self, number: int) -> np.ndarray:
        """Records of each shard up to the end of this row."""
        ends: np.ndarray = self._ends[number - self.base + 1]
        return ends

    def written_at(self, times_s: np.ndarray) -> np.ndarray:
        """Records written to each shard up to its own time (a fraction too)."""
        line = len(self.rows)
        earliest_s = float(times_s.min())
        while line > 0 and self.rows[line - 1].to_s > earliest_s:
            line -= 1
        total: np.ndarray = self._ends[line].astype(np.float64)
        for place in range(line, len(self.rows)):
            row = self.rows[place]
            share = np.clip((times_s - row.from_s) / max(row.to_s - row.from_s, 1e-9), 0.0, 1.0)
            total += share * (self._ends[place + 1] - self._ends[place])
        return total

    def take(self, pointers: np.ndarray, done: np.ndarray, upto: np.ndarray) -> Pieces:
        """The records of each shard from ``done`` to ``upto``; ``pointers`` (the row of each shard's next record) go along."""
        found: list[tuple[np.ndarray, ...]] = []
        place = done.copy()
        active = np.flatnonzero(upto > place)
        while active.size:
            lines = pointers[active] - self.base
            starts, ends = self._ends[lines, active], self._ends[lines + 1, active]
            stops = np.minimum(ends, upto[active])
            here = stops - place[active]
            some = here > 0
            found.append((pointers[active][some], active[some], place[active][some], here[some], starts[some], (ends - starts)[some]))
            place[active] = stops
            pointers[active[stops >= ends]] += 1
            active = active[stops < upto[active]]
        pointers[upto >= self.written()] = self.next
        if not found:
            empty = np.zeros(0, dtype=np.int64)
            return Pieces(empty, empty, empty, empty, empty, empty)
        return Pieces(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def rows_of(self, pointers: np.ndarray, places: np.ndarray) -> np.ndarray:
        """The row of the record at this place of each shard, which is not before that of ``pointers``."""
        lines = np.minimum(pointers - self.base, len(self.rows))
        ahead = np.arange(places.size)
        while True:
            on = (lines < len(self.rows)) & (self._ends[np.minimum(lines + 1, len(self.rows)), ahead] <= places)
            if not on.any():
                return np.asarray(lines + self.base)
            lines = lines + on

    def time_of(self, pointers: np.ndarray, places: np.ndarray) -> np.ndarray:
        """When the record at this place of each shard was written; infinity where it is not written yet."""
        times = np.full(places.shape, np.inf)
        there = np.flatnonzero((places < self.written()) & (pointers < self.next))
        if there.size:
            lines = pointers[there] - self.base
            starts, ends = self._ends[lines, there], self._ends[lines + 1, there]
            first_s = np.array([row.from_s for row in self.rows])[lines]
            last_s = np.array([row.to_s for row in self.rows])[lines]
            times[there] = first_s + (last_s - first_s) * np.clip((places[there] - starts) / np.maximum(ends - starts, 1), 0.0, 1.0)
        return np.asarray(times)
