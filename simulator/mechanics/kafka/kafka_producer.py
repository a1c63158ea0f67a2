"""The Kafka producer: it gathers records in batches for each partition, and a sender brings them to the brokers that lead these.

It belongs to a wire into a cluster, and holds the messages until a leader has them or they have failed. Nothing is refused for
lack of capacity: batches wait, memory runs out, send() blocks, and at last records time out.
"""

from __future__ import annotations

from simulator.engine.message import Message, spend
from simulator.mechanics.kafka.kafka_batches import BATCH_HEADER_BYTES, RECORD_OVERHEAD_BYTES, Batch, Lane
from simulator.mechanics.kafka.kafka_partitioner import partition_of
from simulator.mechanics.kafka.kafka_sending import Blocked, KafkaSending, Sender

KEYS_KEPT = 1_000_000
OVERDUE_S = 1.0


class KafkaProducer(KafkaSending):
    """The producer of one wire into a cluster: send(), batches and memory. What the sender does with batches stands in `kafka_sending`."""

    # -- what is here -----------------------------------------------------------------------------------------------

    def holding(self) -> int:
        """Messages that no leader has yet."""
        return sum(batch.count for batch in self._held) + self.blocked() + self.in_line()

    def blocked(self) -> int:
        """Messages whose send() waits for memory."""
        return sum(entry.message.count for sender in self.senders for entry in sender.blocked if not entry.is_over)

    def in_line(self) -> int:
        """Messages for which every thread is blocked."""
        return sum(message.count for sender in self.senders for message, _ in sender.line)

    def waiting(self) -> int:
        """Messages that wait in the application for memory or a thread."""
        return self._blocked + self._line

    def overdue(self) -> int:
        """Messages of batches that should have been sent a second ago."""
        due_s = self.agenda._now - self.settings.linger_s - OVERDUE_S
        count = 0
        for batch in self._held:
            if batch.created_s > due_s:
                break
            count += batch.count
        return count

    # -- send() -----------------------------------------------------------------------------------------------------

    def record_bytes(self, message: Message) -> int:
        """What a message takes in a batch."""
        return int(message.size_bytes * message.count * self.settings.ratio) + RECORD_OVERHEAD_BYTES

    def is_too_large(self, message: Message) -> bool:
        """Whether the record alone is larger than a request may be (before it is compressed, as the client checks it)."""
        return bool(message.size_bytes + RECORD_OVERHEAD_BYTES + BATCH_HEADER_BYTES > self.settings.max_request_size_bytes)

    def offer(self, message: Message) -> None:
        """The application calls send()."""
        sender = self.senders[self._turn]
        self._turn = self._turn + 1 if self._turn + 1 < len(self.senders) else 0
        if len(sender.blocked) >= self.settings.send_threads:
            sender.line.append((message, self.agenda._now))
            self._line += message.count
        else:
            self._call(sender, message)

    def _call(self, sender: Sender, message: Message) -> None:
        """A thread calls send(): the record gets into a batch, or the thread blocks."""
        if not self._append(sender, message):
            now_s = self.agenda._now
            entry = Blocked(sender, message, now_s)
            sender.blocked.append(entry)
            self._blocked += message.count
            self.agenda.at(now_s + self.settings.max_block_s, self._block_over, entry)
            for link in list(sender.links.values()):
                self._send_ready(sender, link)

    def _append(self, sender: Sender, message: Message) -> bool:
        """Put the record into the open batch of its partition, or into a new one if there is memory for it."""
        now_s = self.agenda._now
        size_bytes = self.record_bytes(message)
        lane = self._lane(sender, self._partition(sender, message))
        queue = lane.queue
        batch = queue[-1] if queue else None
        if batch is not None and (batch.tries or batch.is_full or batch.size_bytes + size_bytes > self.settings.batch_size_bytes):
            if not batch.tries and not batch.is_full:
                batch.is_full, batch.ready_s = True, min(batch.ready_s, now_s)
            batch = None
        if batch is None:
            memory_bytes = max(self.settings.batch_size_bytes, size_bytes + BATCH_HEADER_BYTES)
            if sender.free_bytes < memory_bytes and sender.free_bytes < self.settings.buffer_memory_bytes:
                return False
            sender.free_bytes -= memory_bytes
            batch = self._open(lane, memory_bytes, now_s)
            batch.add(message, size_bytes)
            self._stick(sender, size_bytes)
            self._opened(sender, lane, batch, now_s)
        else:
            batch.add(message, size_bytes)
            self._stick(sender, size_bytes)
        if batch.size_bytes >= self.settings.batch_size_bytes and not batch.is_full and not batch.tries and not batch.is_written:
            batch.is_full, batch.ready_s = True, min(batch.ready_s, now_s)
            self._send_lane(lane)
        return True

    def _open(self, lane: Lane, memory_bytes: int, now_s: float) -> Batch:
        batch = Batch(self, lane, memory_bytes, now_s)
        batch.ready_s = now_s + self.settings.linger_s
        self._held[batch] = None
        lane.queue.append(batch)
        self._expire_later(batch)
        return batch

    def _opened(self, sender: Sender, lane: Lane, batch: Batch, now_s: float) -> None:
        self._attach(lane)
        if len(lane.queue) > 1:
            self._send_lane(lane)
        if self.settings.linger_s > 0:
            self.agenda.at(batch.ready_s, self._linger_over, batch)
        else:
            self._send_lane(lane)

    def _lane(self, sender: Sender, number: int) -> Lane:
        lane = sender.lanes.get(number)
        if lane is None:
            lane = sender.lanes[number] = Lane(sender, self.partitions[number])
        return lane

    def _partition(self, sender: Sender, message: Message) -> int:
        """The number of the partition that the record goes to."""
        kind = self.settings.record_key
        count = len(self.partitions)
        if kind == "none":
            if sender.sticky < 0:
                sender.sticky = int(self._draw.uniform() * count)
            return sender.sticky
        if kind == "salted":
            return partition_of(b"%d-%d" % (message.key, int(self._draw.uniform() * self.settings.salts)), count)
        number = self._keys.get(message.key)
        if number is None:
            if len(self._keys) >= KEYS_KEPT:
                self._keys.clear()
            number = self._keys[message.key] = partition_of(b"%d" % message.key, count)
        return number

    def _stick(self, sender: Sender, size_bytes: int) -> None:
        """Without keys: after so many bytes as a batch has, go on to another partition that has a leader."""
        if self.settings.record_key == "none":
            sender.sticky_bytes += size_bytes
            if sender.sticky_bytes >= self.settings.batch_size_bytes:
                led = [partition.number for partition in self.partitions if partition.leader is not None]
                sender.sticky = led[int(self._draw.uniform() * len(led))] if led else -1
                sender.sticky_bytes = 0

    # -- memory -----------------------------------------------------------------------------------------------------

    def release(self, batch: Batch) -> None:
        """The batch is over: its memory is free, and blocked calls go on in turn."""
        sender = batch.lane.sender
        sender.free_bytes += batch.memory_bytes
        batch.memory_bytes = 0
        now_s = self.agenda._now
        while sender.blocked:
            entry = sender.blocked[0]
            if not entry.is_over:
                if not self._append(sender, entry.message):
                    return
                self._unblock(entry, now_s)
            if sender.blocked and sender.blocked[0] is entry:
                sender.blocked.popleft()
            self._next_in_line(sender, now_s)

    def _unblock(self, entry: Blocked, now_s: float) -> None:
        entry.is_over = True
        self._blocked -= entry.message.count
        if now_s > entry.since_s:
            spend(entry.message, self._memory, entry.since_s, now_s)

    def _block_over(self, entry: Blocked) -> None:
        """max.block.ms: send() fails with a TimeoutException."""
        if entry.is_over:
            return
        now_s = self.agenda._now
        self._unblock(entry, now_s)
        entry.sender.blocked.remove(entry)
        self.failed += entry.message.count
        self.timeouts += entry.message.count
        self.target.drop(entry.message, "max_block", "Blocked in send() for max.block.ms (TimeoutException)")
        self._next_in_line(entry.sender, now_s)

    def _next_in_line(self, sender: Sender, now_s: float) -> None:
        while sender.line and len(sender.blocked) < self.settings.send_threads:
            message, since_s = sender.line.popleft()
            self._line -= message.count
            if now_s > since_s:
                spend(message, self._threads, since_s, now_s)
            self._call(sender, message)
