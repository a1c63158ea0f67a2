"""How the shards of a stream change while it runs: split, merge, UpdateShardCount, and what an on-demand stream does by itself."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Literal

from simulator.mechanics.streams.shards import Shard, even_ranges
from simulator.mechanics.token_bucket import TokenBucket
from simulator.vocabulary import ParameterSet, Source, parameter

API = Source("Kinesis service model (botocore 1.43.11), UpdateShardCount", "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html", "2026-11")
DAY_S = 86400.0
UPDATES_A_DAY = 10
MOST_SHARDS = 10_000
LOOK_S = 60.0
HOT_BYTES_PER_S = 500_000.0
"""An on-demand stream splits a shard above this."""


class Reshard(ParameterSet):
    """A change of the shards at a planned time."""

    at_s: float = parameter(60.0, "Seconds from the start of the run.", title="At", unit="s", section="Resharding", ge=0, le=31_536_000)
    action: Literal["update_shard_count", "split", "merge"] = parameter(
        "update_shard_count", "update_shard_count: so many shards of even ranges, from half to twice as many as there are, 10 times in 24 h. split: one shard in two halves."
        " merge: one shard and its neighbour become one.", title="Action", section="Resharding", source=API)
    target_shard_count: int = parameter(2, "For update_shard_count.", title="Target shard count", unit="count", section="Resharding", aws="TargetShardCount", ge=1, le=MOST_SHARDS, source=API)
    shard: int | None = parameter(
        None, "For split and merge: the number of the shard. Empty: the one that was written to most (split), or least (merge, with its neighbour).", title="Shard", unit="count", section="Resharding", ge=0)


class Resharding:
    """Carries out changes of a stream's shards: they act after a while, one change at a time, and parents are read before children."""

    def __init__(self, stream: Any, duration_s: float) -> None:
        self.stream = stream
        self.duration_s = duration_s
        self.done = self.refused = 0
        self.busy = False
        self._updates: deque[float] = deque()

    def plan(self, reshards: tuple[Reshard, ...]) -> None:
        """Book the planned changes."""
        for reshard in reshards:
            self.stream.agenda.at(max(reshard.at_s, self.stream.agenda.now), self._begin, reshard)

    def update_shard_count(self, target: int) -> None:
        """What a user who changes the number of shards in a run asks for."""
        self._begin(Reshard(action="update_shard_count", target_shard_count=target))

    def _refuse(self, text: str) -> None:
        self.refused += 1
        self.stream.log("warning", text)

    def _begin(self, reshard: Reshard) -> None:
        stream, now_s = self.stream, self.stream.agenda.now
        if self.busy:
            self._refuse("ResourceInUseException: the stream is being resharded.")
            return
        count = len(stream.map.open)
        if reshard.action == "update_shard_count":
            while self._updates and self._updates[0] <= now_s - DAY_S:
                self._updates.popleft()
            if len(self._updates) >= UPDATES_A_DAY:
                self._refuse("LimitExceededException: UpdateShardCount was called 10 times in 24 hours.")
                return
            if not math.ceil(count / 2) <= reshard.target_shard_count <= min(2 * count, MOST_SHARDS):
                self._refuse(f"LimitExceededException: {reshard.target_shard_count} shards are not between half and twice the present {count}.")
                return
            self._updates.append(now_s)
        self.busy = True
        stream.agenda.at(now_s + self.duration_s, self._finish, reshard)

    def _finish(self, reshard: Reshard) -> None:
        self.busy = False
        if reshard.action == "update_shard_count":
            self._even_out(reshard.target_shard_count)
        elif reshard.action == "split":
            shard = self._chosen(reshard, most=True)
            if shard is not None:
                self.split(shard)
        else:
            shard = self._chosen(reshard, most=False)
            if shard is not None:
                self._merge(shard)

    def _chosen(self, reshard: Reshard, *, most: bool) -> Shard | None:
        self.stream.note_shards()
        shards: list[Shard] = self.stream.map.open
        if reshard.shard is None:
            chosen: Shard = (max if most else min)(shards, key=lambda shard: (shard.bytes_in, -shard.number))
            return chosen
        found = next((shard for shard in shards if shard.number == reshard.shard), None)
        if found is None:
            self._refuse(f"ResourceNotFoundException: there is no open shard {reshard.shard}.")
        return found

    def split(self, shard: Shard) -> None:
        """One shard becomes two, at the middle of its hash keys."""
        if shard.low == shard.high:
            self._refuse("A shard with one hash key cannot be split.")
            return
        self._replace([shard], even_ranges(2, shard.low, shard.high))

    def _merge(self, shard: Shard) -> None:
        shards = self.stream.map.open
        if len(shards) == 1:
            self._refuse("The only shard cannot be merged.")
            return
        place = shards.index(shard)
        other = shards[place + 1] if place + 1 < len(shards) else shards[place - 1]
        self._replace([shard, other], [(min(shard.low, other.low), max(shard.high, other.high))])

    def _even_out(self, target: int) -> None:
        wanted = even_ranges(target)
        kept = {(shard.low, shard.high) for shard in self.stream.map.open} & set(wanted)
        closed = [shard for shard in self.stream.map.open if (shard.low, shard.high) not in kept]
        self._replace(closed, [entry for entry in wanted if entry not in kept])

    def _replace(self, closed: list[Shard], ranges: list[tuple[int, int]]) -> None:
        stream, now_s = self.stream, self.stream.agenda.now
        opened = []
        for shard in closed:
            shard.closed_s = now_s
        for low, high in ranges:
            parents = [shard for shard in closed if shard.low <= high and shard.high >= low]
            opened.append(stream.add_shard(low, high, parents))
        for shard in closed:
            shard.children = tuple(child for child in opened if shard in child.parents)
        stream.map.replace(closed, opened)
        self.done += 1
        stream.shards_changed()
        for subscription in stream.subscriptions:
            for child in opened:
                subscription.try_open(subscription.feeds[child.number])


class OnDemand:
    """An on-demand stream: it takes twice its peak so far (4 MB/s at least), and grows and splits some time after it was needed."""

    def __init__(self, stream: Any, resharding: Resharding, start_bytes_per_s: float, ceiling_bytes_per_s: float, reaction_s: float) -> None:
        self.stream, self.resharding = stream, resharding
        self.capacity_bytes_per_s = min(start_bytes_per_s, ceiling_bytes_per_s)
        self._ceiling = ceiling_bytes_per_s
        self._reaction_s = reaction_s
        self._bucket = TokenBucket(self.capacity_bytes_per_s, self.capacity_bytes_per_s)
        self._seen: dict[int, int] = {}
        self._splitting: set[int] = set()

    def start(self) -> None:
        """Begin to watch the stream."""
        self.stream.agenda.at(self.stream.agenda.now + LOOK_S, self._look)

    def admits(self, size_bytes: int, now_s: float) -> bool:
        """Whether the stream as a whole takes so much now."""
        return self._bucket.available(now_s) >= size_bytes

    def took(self, size_bytes: int, now_s: float) -> None:
        """So much was written."""
        self._bucket.charge(size_bytes, now_s)

    def _look(self, _: Any) -> None:
        """Each minute: what was written, and which shards are hot."""
        now_s = self.stream.agenda.now
        written = 0
        for shard in list(self.stream.map.open):
            new = shard.bytes_in - self._seen.get(shard.number, 0)
            self._seen[shard.number] = shard.bytes_in
            written += new
            if new / LOOK_S > HOT_BYTES_PER_S and shard.number not in self._splitting:
                self._splitting.add(shard.number)
                self.stream.agenda.at(now_s + self._reaction_s, self._split, shard)
        wanted = min(self._ceiling, 2 * written / LOOK_S)
        if wanted > self.capacity_bytes_per_s:
            self.stream.agenda.at(now_s + self._reaction_s, self._grow, wanted)
        self.stream.agenda.at(now_s + LOOK_S, self._look)

    def _grow(self, wanted: float) -> None:
        if wanted > self.capacity_bytes_per_s:
            self._bucket.available(self.stream.agenda.now)
            self.capacity_bytes_per_s = self._bucket.rate_per_s = self._bucket.burst = wanted

    def _split(self, shard: Shard) -> None:
        if shard.is_open:
            self.resharding.split(shard)
