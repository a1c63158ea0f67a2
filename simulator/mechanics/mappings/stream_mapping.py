"""The event source mapping of a stream: it reads each shard in order and invokes a function with batches of it.

A batch that fails blocks its shard (or its lane, with a parallelization factor) until it succeeds, is cut in two, is given up,
or expires. Shards of a stream and partitions of a broker are read by feeds of their own kind; this is what they have in common.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol, cast
from zlib import crc32

from simulator.engine.agenda import Agenda
from simulator.engine.limits import Limit
from simulator.engine.message import Message, MessageType
from simulator.engine.node import Node
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import data_record_of
from simulator.measures import Spread
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.functions.batch_payload import SYNCHRONOUS_BYTES
from simulator.mechanics.mappings.event_source_mapping import BatchDone
from simulator.mechanics.mappings.mapping_filter import MappingFilter
from simulator.mechanics.streams.shard_reading import MOST_RECORDS, ShardFeed, Subscription
from simulator.mechanics.streams.sharded_storage import spend_until

MOST_DOUBLINGS = 40
READ_AHEAD = 1000
"""So many records of a shard at most wait in the mapping, or two batches for each lane: a second of what a shard takes."""
KAFKA_WRITE = "kafka-cluster:WriteData"
REPORT_BYTES = 1024
"""Size of what an on-failure destination gets of a batch; from memory."""
CONDITIONS = {"retries_exhausted": "RetryAttemptsExhausted", "record_age": "RecordAgeExceeded"}
"""AWS's words for why a batch was given up; the second is from memory."""


class StreamFunction(Protocol):
    """What a mapping invokes."""

    id: str
    name: str

    def run_batch(self, batch: list[Message], done: BatchDone, partial: bool) -> Refusal | None:
        """Start an invocation; a refusal means that it was throttled and nothing started."""

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        """These messages were processed: settle them."""

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        """What to change so that such a refusal does not happen."""

    def report_discarded(self, wire: Wire, batch: Sequence[Message], condition: str) -> bool | None:
        """Tell the on-failure destination of a batch that was given up; None if there is none, False if it refused."""


def records_of(tokens: Sequence[Message]) -> int:
    """How many records these messages are: those at one position are one."""
    count, position = 0, -1
    for token in tokens:
        if token.position != position:
            count, position = count + 1, token.position
    return count


def report_discarded(node: Node, destinations: Sequence[Wire], wire: Wire, batch: Sequence[Message], condition: str) -> bool | None:
    """Send word of a batch that ``node`` gave up: what it was and why; a bucket gets the records themselves too."""
    if not destinations:
        return None
    target = destinations[0]
    first = batch[0]
    if KAFKA_WRITE in target.target_port.actions:
        return _send_records(node, target, batch)
    size_bytes = REPORT_BYTES + (sum(token.size_bytes * token.count for token in batch) if "s3:PutObject" in target.target_port.actions else 0)
    body = {
        "requestContext": {"functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{node.name}", "condition": CONDITIONS[condition]},
        "KinesisBatchInfo": {"shardId": wire.source.name, "startSequenceNumber": str(first.position), "endSequenceNumber": str(batch[-1].position), "batchSize": records_of(batch)},
    }
    report = Message(1, MessageType("discarded batch", size_bytes, {}, body), first.born_s, first.path, None, first.key, first.number, first.legs)
    if target.send(report) is not None:
        return False
    node.created += 1
    return True


def _send_records(node: Node, target: Wire, batch: Sequence[Message]) -> bool:
    """A Kafka topic gets the records themselves; false if it refused one."""
    for record in batch:
        if target.send(record.copy()) is not None:
            return False
        node.created += record.count
    return True


class Piece:
    """A batch, or what is left of one: it is tried until it succeeds or is given up."""

    __slots__ = ("failures", "throttles", "tokens", "tries")

    def __init__(self, tokens: list[Message], tries: int = 0, failures: int = 0) -> None:
        self.tokens = tokens
        self.tries = tries
        self.failures = failures
        self.throttles = 0


class StreamMapping:
    """One mapping: a lane for each shard and place of the parallelization factor."""

    record_of = staticmethod(data_record_of)
    lane_parameter = "parallelization_factor"
    """What decides how many batches of a shard are in progress."""

    def __init__(self, wire: Wire, function: StreamFunction, agenda: Agenda, ages: Spread, jitter: Stream) -> None:
        self.wire = wire
        self.function = function
        self.agenda = agenda
        self.settings = wire.parameters
        self.stream = cast(Any, wire.source)
        self.polled = self.invoked = self.failed = self.filtered = self.throttled_batches = self.dropped = self.reported = 0
        self.refused = self.deleted = 0
        self.provisioned = None
        self.ages = ages
        self.jitter = jitter
        self.active = Limit(f"lanes:{wire.id}", f"Concurrent batches from {wire.source.name}", None, None)
        self.readers: list[ShardReader] = []
        self.filter = MappingFilter(self.settings.filter_criteria, self.record_of) if self.settings.filter_criteria else None
        name = function.name
        self.window = self._cause("batching_window", f"Batching window of {name}", "batching_window_s", capacity=False)
        self.busy = self._cause("function_busy", f"Behind the batch that {name} works on", self.lane_parameter)
        self.blocked = self._cause("batch_retry", f"Behind a batch that {name} fails at", "maximum_retry_attempts")
        self.retry = self._cause("retry_pause", "Pause before a failed batch is tried again", "retry_base_s")
        self.most_retries: int = self.settings.maximum_retry_attempts
        self.subscription: Subscription = self.subscribe()

    def subscribe(self) -> Subscription:
        """Register with the stream."""
        subscription: Subscription = self.stream.subscribe(self.wire, self)
        return subscription

    def _cause(self, name: str, title: str, parameter: str, *, capacity: bool = True) -> Cause:
        cause: Cause = self.stream.cause(name, title, Culprit(self.wire.target.id, parameter, self.wire.id), capacity=capacity)
        return cause

    @property
    def allowed(self) -> float:
        """Batches it may have in progress."""
        return float(sum(len(reader.lanes) for reader in self.readers))

    def start(self) -> None:
        """Begin to read."""
        self.subscription.begin()

    def open_shard(self, feed: ShardFeed) -> None:
        """A shard can be read."""
        reader = ShardReader(self, feed)
        self.readers.append(reader)
        self.active.change_limit(self.allowed, self.agenda._now)
        feed.start(reader, self.settings.polling_interval_s, phase_s=self.jitter.uniform() * self.settings.polling_interval_s)

    def settings_changed(self) -> None:
        """A setting of the wire was changed while the run goes on."""
        self.most_retries = self.settings.maximum_retry_attempts
        if self.settings.enabled != self.subscription.enabled:
            self.subscription.enable(self.settings.enabled)
        for reader in self.readers:
            reader.make_lanes()

    def book_idle_polls(self) -> None:
        """Polls that return nothing cost nothing."""

    # -- giving up --------------------------------------------------------------------------------------------------

    def discard(self, tokens: Sequence[Message], condition: str, title: str) -> None:
        """A batch is given up; the on-failure destination hears of it."""
        count = sum(token.count for token in tokens)
        told = self.function.report_discarded(self.wire, tokens, condition)
        if told:
            self.reported += count
            self.stream.skip(self.subscription, tokens, f"given up, and reported: {title.lower()}")
        else:
            self.dropped += count
            self.refused += told is False
            self.stream.give_up(self.subscription, tokens, condition, title)

    def too_old(self, token: Message) -> bool:
        """Whether the mapping gives the record up for its age."""
        age_s = self.settings.maximum_record_age_s
        return bool(age_s > 0 and self.agenda._now - token.sent_s > age_s)


class ShardReader:
    """What was read of one shard, and its lanes."""

    def __init__(self, mapping: StreamMapping, feed: ShardFeed) -> None:
        self.mapping = mapping
        self.feed = feed
        self.lanes: list[Lane] = []
        self.make_lanes()

    def make_lanes(self) -> None:
        """As many lanes as the parallelization factor says; those that are there stay until they are empty."""
        while len(self.lanes) < self.mapping.settings.parallelization_factor:
            self.lanes.append(Lane(self))

    def room(self) -> int:
        ahead = max(READ_AHEAD, 2 * self.mapping.settings.batch_size * len(self.lanes))
        return int(min(MOST_RECORDS, ahead)) - sum(len(lane.waiting) for lane in self.lanes)

    def take(self, tokens: list[Message]) -> None:
        mapping = self.mapping
        mapping.polled += sum(token.count for token in tokens)
        if mapping.filter is not None:
            tokens, filtered = mapping.filter.split(tokens)
            mapping.filtered += sum(token.count for token in filtered)
            mapping.stream.skip(mapping.subscription, filtered, "filtered out")
            if filtered and not tokens:
                self.settled()
        lanes = self.lanes[: mapping.settings.parallelization_factor]
        if len(lanes) == 1:
            lanes[0].waiting.extend(tokens)
        else:
            first = tokens[0] if tokens else None
            for token in tokens:
                if first is None or token.position != first.position:
                    first = token
                lanes[crc32(str(first.key).encode()) % len(lanes)].waiting.append(token)
        for lane in lanes:
            lane.pump()

    def settled(self) -> None:
        """Records were settled: the checkpoint is the prefix that all lanes are done with."""
        reader = self.feed.reader
        reader.commit(min((token.position for token in reader.out), default=reader.position))
        self.mapping.subscription.settled(self.feed)
        self.feed.resume()
        if not any(lane.is_held_up for lane in self.lanes):
            self.feed.released()
            if all(lane.is_idle for lane in self.lanes):
                self.feed.to_rest()  # what came meanwhile waits for the next poll, not for the function


class Lane:
    """Batches of one shard, one after the other."""

    def __init__(self, reader: ShardReader) -> None:
        self.reader = reader
        self.mapping = reader.mapping
        self.agenda = reader.mapping.agenda
        self.waiting: deque[Message] = deque()
        self.pieces: deque[Piece] = deque()
        self.working = self.paused = self.is_held_up = False
        self._window_from_s = self.agenda.now
        self._bottleneck = Bottleneck(self.mapping.busy, self.agenda.now)
        self._window_booked_s = -1.0

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do."""
        return not (self.working or self.paused or self.waiting or self.pieces)

    # -- gathering --------------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Start the next invocation if it is time."""
        while not self.working and not self.paused:
            if not self.pieces:
                batch = self._gathered()
                if not batch:
                    return
                self.pieces.append(Piece(batch))
            if self._weed(self.pieces[0]):
                self._invoke(self.pieces[0])
            else:
                self._done_with_first()

    def _gathered(self) -> list[Message]:
        """The next batch, if it is full or its window has ended."""
        waiting = self.waiting
        if not waiting:
            return []
        now_s = self.agenda._now
        batch, full = self._first_batch()
        window_s = self.mapping.settings.batching_window_s
        if not full and window_s > 0:
            due_s = self._window_from_s + window_s
            if due_s <= waiting[0].received_s:
                due_s = waiting[0].received_s + window_s  # the window before had ended empty
            if now_s < due_s - 1e-9:
                if self._window_booked_s != due_s:
                    self._window_booked_s = due_s
                    self.agenda.at(due_s, self._window_over)
                return []
        for _ in batch:
            waiting.popleft()
        self.reader.feed.resume()
        return batch

    def _window_over(self, _: None) -> None:
        self.pump()

    def _first_batch(self) -> tuple[list[Message], bool]:
        """What would go into the next batch: so many records, 6 MB, one tumbling window; whether nothing more fits."""
        settings = self.mapping.settings
        batch: list[Message] = []
        records, size_bytes = 0, 0.0
        for token in self.waiting:
            new = not batch or token.position != batch[-1].position
            size_bytes += token.size_bytes * 4 / 3 + (settings.record_overhead_bytes if new else 0)
            if batch and new and (records >= settings.batch_size or size_bytes > SYNCHRONOUS_BYTES or self._other_window(batch[0], token)):
                return batch, True
            records += new
            batch.append(token)
        return batch, records >= settings.batch_size

    def _other_window(self, first: Message, token: Message) -> bool:
        window_s = self.mapping.settings.tumbling_window_s
        return bool(window_s > 0 and first.sent_s // window_s != token.sent_s // window_s)

    # -- invoking ---------------------------------------------------------------------------------------------------

    def _invoke(self, piece: Piece) -> None:
        mapping = self.mapping
        now_s = self.agenda._now
        if not piece.failures and not piece.throttles:
            self._book_wait(piece.tokens, now_s)
        else:
            spend_until(piece.tokens, mapping.busy, now_s)
        refusal = mapping.function.run_batch(piece.tokens, self._done, mapping.settings.report_batch_item_failures)
        if refusal is not None:
            self._throttled(piece, refusal)
            return
        self.working = True
        mapping.active.add(1, now_s)
        mapping.invoked += sum(token.count for token in piece.tokens)
        mapping.ages.add(now_s - piece.tokens[-1].sent_s)
        if not self.is_held_up:
            self.reader.feed.bind(mapping.busy)
            self._bottleneck.change(mapping.busy, now_s)

    def _book_wait(self, tokens: Sequence[Message], now_s: float) -> None:
        """What records waited for in the mapping before their first invocation."""
        for token in tokens:
            from_s = token.legs[3] if token.legs is not None else token.received_s
            if now_s > from_s:
                self._bottleneck.charge(token, from_s, now_s)

    def _weed(self, piece: Piece) -> bool:
        """Drop what is too old; whether anything is left."""
        mapping = self.mapping
        piece.tokens = mapping.stream.drop_expired(mapping.subscription, piece.tokens)
        old = [token for token in piece.tokens if mapping.too_old(token)]
        if old:
            piece.tokens = [token for token in piece.tokens if token not in old]
            mapping.discard(old, "record_age", "Older than the maximum record age")
        return bool(piece.tokens)

    def _throttled(self, piece: Piece, refusal: Refusal) -> None:
        """The function takes no more now: tried again until the records expire, without using up retries."""
        mapping = self.mapping
        mapping.throttled_batches += 1
        piece.throttles += 1
        cause = mapping.stream.cause(refusal.cause, refusal.title, mapping.function.throttle_culprit(refusal))
        self._pause(cause, piece.throttles)

    def _pause(self, cause: Cause, times: int) -> None:
        settings = self.mapping.settings
        self.paused = self.is_held_up = True
        self.reader.feed.bind(cause, held_up=True)
        self._bottleneck.change(cause, self.agenda._now)
        wait_s = min(settings.retry_base_s * 2 ** min(times - 1, MOST_DOUBLINGS), settings.retry_max_s) * (0.5 + 0.5 * self.mapping.jitter.uniform())
        self.agenda.at(self.agenda._now + wait_s, self._again, cause)

    def _again(self, cause: Cause) -> None:
        self.paused = False
        if self.pieces:
            spend_until(self.pieces[0].tokens, self.mapping.retry if cause is self.mapping.blocked else cause, self.agenda._now)
        self.pump()

    def _done(self, succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: bool | str) -> None:
        mapping = self.mapping
        piece = self.pieces[0]
        self.working = False
        mapping.active.add(-1, self.agenda._now)
        if succeeded:
            mapping.function.take_over(mapping.wire, succeeded)
        if not failed:
            self._next()
            return
        mapping.failed += sum(token.count for token in failed)
        piece.tokens = sorted(failed, key=lambda token: token.position)
        piece.failures += 1
        self._failed(piece, cut=bool(succeeded))

    def _failed(self, piece: Piece, cut: bool) -> None:
        """A batch failed: halve it, try it again, or give it up."""
        mapping = self.mapping
        settings = mapping.settings
        if settings.bisect_batch_on_function_error and (cut or records_of(piece.tokens) > 1):
            if not cut:
                self._halve(piece)
        else:
            piece.tries += 1
            if 0 <= mapping.most_retries < piece.tries:
                mapping.discard(piece.tokens, "retries_exhausted", "Retry attempts exhausted")
                self._next()
                return
        self._pause(mapping.blocked, piece.failures)
        if cut:
            self.reader.settled()

    def _halve(self, piece: Piece) -> None:
        records = records_of(piece.tokens)
        middle = piece.tokens[0].position
        seen = 0
        for token in piece.tokens:
            if token.position != middle:
                seen, middle = seen + 1, token.position
            if seen == (records + 1) // 2:
                break
        first = [token for token in piece.tokens if token.position < middle]
        second = [token for token in piece.tokens if token.position >= middle]
        self.pieces.popleft()
        self.pieces.extendleft([Piece(second, piece.tries, piece.failures), Piece(first, piece.tries, piece.failures)])

    def _next(self) -> None:
        self._done_with_first()
        self.pump()

    def _done_with_first(self) -> None:
        """The first piece is processed, or given up."""
        self.pieces.popleft()
        if not self.pieces:
            self.is_held_up = False
            self._window_from_s = self.agenda._now
            self._bottleneck.change(self.mapping.window, self.agenda._now)
        self.reader.settled()
