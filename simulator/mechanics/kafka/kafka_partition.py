"""A partition of a topic: a log whose leader takes records, and whose replicas on other brokers follow.

How a consumer uses it: it asks the cluster for a `Reader` at ``partition.log`` before the run starts. ``reader.position`` is what it reads
next, ``reader.commit`` the committed offset, ``reader.rewind`` goes back to it. The log holds only records below the high watermark
(``log.end``): what the leader has and not every in-sync replica waits in ``tail``, invisible to consumers, as in Kafka. Records are
read by `KafkaCluster.fetch` from ``leader`` (None: the partition is offline), which charges the broker for it; when the leader moves,
the cluster calls ``leader_changed`` of all that watch it (`KafkaCluster.watch`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.mechanics.kafka.kafka_batches import Batch
from simulator.mechanics.stream_log import Log

if TYPE_CHECKING:
    from simulator.engine.node import Node
    from simulator.mechanics.kafka.kafka_topics import TopicSettings


class Replica:
    """A partition on one broker. What it lacks of the leader's log is ``behind_bytes``; ``position`` is up to where it had the log when it left the in-sync replicas."""

    __slots__ = ("behind_bytes", "broker", "catching_up", "in_sync", "position", "stored_bytes")

    def __init__(self, broker: int) -> None:
        self.broker = broker
        self.in_sync = True
        self.catching_up = False
        self.behind_bytes = 0.0
        self.position = 0
        self.stored_bytes = 0.0


class Appended:
    """A batch that the leader has, and that not every in-sync replica has before ``ready_s``. ``copied_s`` says when each broker has it."""

    __slots__ = ("acks", "appended_s", "batch", "copied_s", "ready_s")

    def __init__(self, batch: Batch, acks: str, appended_s: float, copied_s: dict[int, float], after_s: float) -> None:
        self.batch = batch
        self.acks = acks
        self.appended_s = appended_s
        self.copied_s = copied_s
        self.ready_s = max(after_s, *copied_s.values())

    def without(self, broker: int, after_s: float) -> None:
        """``broker`` is not in sync any more: nobody waits for it."""
        self.copied_s.pop(broker, None)
        self.ready_s = max(after_s, *self.copied_s.values()) if self.copied_s else after_s


class Segment:
    """One file of the log: deleted as a whole, the active one too when all of it is old. ``end`` is the position after its last record."""

    __slots__ = ("begun_s", "end", "last_s", "size_bytes")

    def __init__(self, begun_s: float, end: int) -> None:
        self.begun_s = self.last_s = begun_s
        self.size_bytes = 0.0
        self.end = end


class Partition:
    """One partition of a topic, on the brokers of its ``replicas`` (the preferred leader first)."""

    def __init__(self, owner: Node, topic: TopicSettings, number: int, brokers: Sequence[int]) -> None:
        self.topic = topic
        self.number = number
        self.name = f"{topic.name}-{number}"
        self.log = Log(owner)
        self.replicas = [Replica(broker) for broker in brokers]
        self.leader: int | None = brokers[0]
        self.epoch = 0
        """How often the leader changed."""
        self.led_since_s = 0.0
        """When the latest leader was elected after there had been none."""
        self.tail: deque[Appended] = deque()
        self.segments: deque[Segment] = deque([Segment(0.0, 0)])
        self.stored_bytes = 0.0
        self.written_bytes = 0.0
        self.raw_bytes = 0.0
        """What was written before it was compressed."""
        self.records_per_s = 0.0
        self.seen_records = 0
        """What had been written when rates were last looked at."""

    @property
    def isr(self) -> list[int]:
        """Brokers of the in-sync replicas."""
        return [replica.broker for replica in self.replicas if replica.in_sync]

    @property
    def is_under_replicated(self) -> bool:
        """Whether some replica is not in sync."""
        return any(not replica.in_sync for replica in self.replicas)

    @property
    def is_under_min_isr(self) -> bool:
        """Whether writes with acks=all fail for want of in-sync replicas."""
        return len(self.isr) < self.topic.min_insync_replicas

    def stored_share(self) -> float:
        """Bytes stored for each byte that applications sent: less than 1 if they are compressed."""
        return self.written_bytes / self.raw_bytes if self.raw_bytes else 1.0

    def holding(self) -> int:
        """Messages that are here: in the log, and in the tail."""
        return self.log.holding() + sum(entry.batch.count for entry in self.tail)

    # -- segments ---------------------------------------------------------------------------------------------------

    def grow(self, batch: Batch, now_s: float) -> None:
        """``batch`` is in the log: note its size in the active segment, and roll that if it is full."""
        self.raw_bytes += batch.raw_bytes
        self.written_bytes += batch.size_bytes
        self.stored_bytes += batch.size_bytes
        active = self.segments[-1]
        topic = self.topic
        if active.size_bytes and (active.size_bytes + batch.size_bytes > topic.segment_bytes or now_s - active.begun_s > topic.segment_s):
            active = Segment(now_s, active.end)
            self.segments.append(active)
        active.size_bytes += batch.size_bytes
        active.last_s = now_s
        active.end = self.log.end

    def shrink(self, size_bytes: float) -> None:
        """The end of the log is gone: so much is left of it."""
        beyond = self.stored_bytes - size_bytes
        if beyond <= 0:
            return
        self.stored_bytes = size_bytes
        while beyond > 0 and self.segments:
            last = self.segments[-1]
            cut = min(beyond, last.size_bytes)
            last.size_bytes -= cut
            beyond -= cut
            if last.size_bytes > 0 or len(self.segments) == 1:
                break
            self.segments.pop()

    def delete_old(self, now_s: float) -> tuple[float, int]:
        """Delete the segments that the retention no longer keeps: (bytes freed, messages lost, each for each reader)."""
        topic, freed, end = self.topic, 0.0, 0
        while self.segments[0].size_bytes:
            first = self.segments[0]
            too_old = topic.retention_s is not None and now_s - first.last_s > topic.retention_s
            too_much = topic.retention_bytes is not None and self.stored_bytes - first.size_bytes >= topic.retention_bytes
            if not too_old and not too_much:
                break
            self.segments.popleft()
            self.stored_bytes -= first.size_bytes
            freed += first.size_bytes
            end = first.end
            if not self.segments:
                self.segments.append(Segment(now_s, end))
        lost = self.log.drop_before(end, "retention", "Retention deleted its segment") if freed else 0
        return freed, lost
