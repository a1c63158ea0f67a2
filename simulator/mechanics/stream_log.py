"""A log: records in the order they were written, read by any number of consumers, each from a position of its own.

Streams and brokers share it: a shard or a partition is a `Log`, and each consumer (an application, a mapping, a consumer
group) has a `Reader` at it. Reading deletes nothing. The ledger counts what is in a log once for each reader that has not
settled it yet, so that a record every reader is done with is gone for the model, although the service still stores it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import TYPE_CHECKING

from simulator.engine.message import GONE, IN_FLIGHT, STALE, Message
from simulator.mechanics.bottleneck import Bottleneck

if TYPE_CHECKING:
    from simulator.engine.node import Node

TRIM_AT = 512
"""So many settled messages at the head of a log are dropped together."""


class Log:
    """The records of one shard or partition. ``end`` is the position that the next record gets.

    A record is one message, or several that a producer put into one record: those have the same `Message.position`.
    All readers are there from the start (`Log.reader`), because each one keeps a copy of every record.
    """

    __slots__ = ("_base", "_messages", "_singles", "end", "gaps", "owner", "readers", "truncated", "written")

    def __init__(self, owner: Node, start: int = 0) -> None:
        self.owner = owner
        self.end = start
        self.written = 0
        """Messages written here, without those that were truncated."""
        self.truncated = 0
        self.readers: list[Reader] = []
        self.gaps: list[tuple[int, int]] = []
        """Positions whose records were lost although they had been written: from, to (excluded)."""
        self._messages: list[Message] = []
        self._singles = True
        """Whether each of them stands for one message."""
        self._base = 0

    def reader(self, path_to: str, bottleneck: Bottleneck) -> Reader:
        """A reader that begins at the end of the log; ``path_to`` is the node that reads."""
        made = Reader(self, path_to, bottleneck)
        self.readers.append(made)
        return made

    def append(self, messages: Sequence[Message], now_s: float) -> int:
        """Write one record, made of ``messages`` that the owner has already counted in; its position."""
        position = self.end
        count = 0
        for message in messages:
            message.position = position
            message.sent_s = now_s
            count += message.count
        self._messages.extend(messages)
        self._singles = self._singles and count == len(messages)
        self.written += count
        self.end = position + 1
        readers = self.readers
        if readers:
            self.owner.copied += (len(readers) - 1) * count
            for reader in readers:
                if reader.wakes is not None:
                    reader.wake()
        return position

    def extend(self, messages: Sequence[Message], now_s: float) -> None:
        """Write each of ``messages``, which the owner has already counted in, as a record of its own; whoever waits is called when all are there."""
        position, count = self.end, 0
        for message in messages:
            message.position = position
            message.sent_s = now_s
            position += 1
            count += message.count
        self._messages.extend(messages)
        self._singles = self._singles and count == len(messages)
        self.written += count
        self.end = position
        readers = self.readers
        self.owner.copied += max(0, len(readers) - 1) * count
        for reader in readers:
            if reader.wakes is not None:
                reader.wake()

    def oldest_s(self) -> float | None:
        """When the oldest record was written that someone still has to read; None if there is none."""
        return self._messages[0].sent_s if self._messages else None

    def expire(self, before_s: float, name: str = "retention", title: str = "Retention period ran out") -> int:
        """Records written before ``before_s`` (or then) can be read no more; how many messages were lost for it, each for each reader."""
        messages = self._messages
        count = 0
        while count < len(messages) and messages[count].sent_s <= before_s:
            count += 1
        return self.drop(count, name, title) if count else 0

    def drop(self, count: int, name: str, title: str) -> int:
        """Drop the first ``count`` messages; how many were lost for it."""
        gone = self._messages[:count]
        lost = sum(reader.miss(gone, self._base, name, title) for reader in self.readers)
        if not self.readers:
            for message in gone:
                lost += message.count
                self.owner.lose(message, name, title)
        self._shorten(count)
        return lost

    def drop_before(self, position: int, name: str, title: str) -> int:
        """Drop the records before ``position``; how many messages were lost for it."""
        count = self.index_of(position) - self._base
        return self.drop(count, name, title) if count else 0

    def truncate(self, position: int, name: str, title: str) -> int:
        """Drop the records from ``position`` on; how many messages were lost to readers that had not read them. Positions are not given out again."""
        index = max(self.index_of(position), self._base)
        gone = self._messages[index - self._base :]
        if not gone:
            return 0
        self.gaps.append((gone[0].position, self.end))
        lost = sum(reader.miss_end(gone, index, name, title) for reader in self.readers)
        if not self.readers:
            for message in gone:
                lost += message.count
                self.owner.lose(message, name, title)
        del self._messages[index - self._base :]
        count = sum(message.count for message in gone)
        self.written -= count
        self.truncated += count
        return lost

    @property
    def ever_written(self) -> int:
        """Messages ever written here, those that were truncated too."""
        return self.written + self.truncated

    def trim(self) -> None:
        """Forget what every reader is done with."""
        if self.readers:
            settled = min(reader.settled_index() for reader in self.readers) - self._base
            if settled >= TRIM_AT or settled == len(self._messages):
                self._shorten(settled)

    def _shorten(self, count: int) -> None:
        if count:
            del self._messages[:count]
            self._base += count

    # -- for readers ------------------------------------------------------------------------------------------------

    def at(self, index: int) -> Message | None:
        """The message at this place of the order of writing; None if it is not written yet."""
        place = index - self._base
        return self._messages[place] if place < len(self._messages) else None

    def index_of(self, position: int) -> int:
        """The place of the first message of the record at ``position`` (of the first still there, if it is gone)."""
        return self._base + bisect_left(self._messages, position, key=lambda message: message.position)

    def between(self, start: int, stop: int) -> Iterable[Message]:
        """The messages at these places."""
        return self._messages[start - self._base : stop - self._base]

    @property
    def base(self) -> int:
        """The place of the first message that is still there."""
        return self._base

    def holding(self) -> int:
        """Messages that are here: once for each reader that is not done with them, once if nobody reads."""
        if not self.readers:
            return len(self._messages) if self._singles else sum(message.count for message in self._messages)
        return sum(reader.holding() for reader in self.readers)


class Reader:
    """Where one consumer stands in one log: what it reads next (``position``), and what it need not read again (``committed``).

    It is the `Message.source` of the tokens it hands out. A token stays the log's until the consumer settles it: `delete` when
    it was processed, `discard` when the consumer gives it up. `rewind` goes back to what was committed, as after the
    loss of a worker: tokens handed out since then are void, and what was settled since then comes again.
    """

    __slots__ = (
        "_index", "_passed", "_worked_to", "bottleneck", "committed", "in_order", "last_read_s", "log", "out", "path_to", "position", "wakes",
    )  # fmt: skip

    def __init__(self, log: Log, path_to: str, bottleneck: Bottleneck) -> None:
        self.log = log
        self.path_to = path_to
        self.bottleneck = bottleneck
        self.in_order = True
        self.position = self.committed = log.end
        self.out: dict[Message, None] = {}
        """Tokens handed out and not settled, in order."""
        self.last_read_s: float = log.owner.agenda.now
        """When the latest record read was written; before the first, when reading began."""
        self.wakes: Callable[[], None] | None = None
        self._index = log.base + len(log._messages)
        self._passed = log.written
        self._worked_to = log.end

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def unread(self) -> int:
        """Messages that wait to be read."""
        return self.log.written - self._passed

    @property
    def lag(self) -> int:
        """Records written but not committed."""
        return self.log.end - self.committed

    def age_s(self, now_s: float) -> float:
        """The iterator's age: how long ago the latest record read was written; 0 when all is read."""
        return now_s - self.last_read_s if self.log.end > self.position else 0.0

    def waiting_s(self, now_s: float) -> float:
        """How long ago the record was written that comes next; 0 when all is read."""
        first = self.log.at(self._index)
        return now_s - first.sent_s if first is not None else 0.0

    def wait(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` once, when the next record is written."""
        self.wakes = wake

    def wake(self) -> None:
        """A record was written: call whoever waits."""
        wakes, self.wakes = self.wakes, None
        if wakes is not None:
            wakes()

    def next_bytes(self) -> int:
        """Size of the record that would be read next; 0 if there is none."""
        size_bytes, index = 0, self._index
        while (message := self.log.at(index)) is not None and message.position == self.position:
            size_bytes += message.size_bytes * message.count
            index += 1
        return size_bytes

    def read(self, now_s: float, limit: int, limit_bytes: float = inf) -> list[Message]:
        """Up to ``limit`` records, as tokens; no more than ``limit_bytes`` together unless the first alone is larger."""
        log = self.log
        taken: list[Message] = []
        records = size_bytes = 0
        while records < limit:
            record = self._record()
            if not record:
                break
            size_bytes += sum(message.size_bytes * message.count for message in record)
            if size_bytes > limit_bytes and taken:
                break
            self.position = record[0].position + 1
            self._index += len(record)
            self.last_read_s = record[0].sent_s
            records += 1
            for message in record:
                self._passed += message.count
                taken.append(self._token(message, now_s))
        if not taken and self._index == log.base + len(log._messages):
            self.position = log.end
        return taken

    def _record(self) -> list[Message]:
        """The messages of the next record."""
        first = self.log.at(self._index)
        if first is None:
            return []
        record = [first]
        while (more := self.log.at(self._index + len(record))) is not None and more.position == first.position:
            record.append(more)
        return record

    def _token(self, message: Message, now_s: float) -> Message:
        token = message.copy()
        token.place = IN_FLIGHT
        token.source = self
        token.position = message.position
        token.sent_s = token.since_s = message.sent_s
        token.received_s = now_s
        token.attempt = 1
        token.deadline_s = inf
        token.worked = message.position < self._worked_to
        token.successor = None
        token.path = token.path.to(self.path_to)
        if now_s > message.sent_s:
            self.bottleneck.charge(token, message.sent_s, now_s)
        self.out[token] = None
        return token

    # -- settling ---------------------------------------------------------------------------------------------------

    def delete(self, attempts: Sequence[Message]) -> Sequence[Message]:
        """These were processed: those whose tokens are still valid pass to the consumer."""
        owned = [attempt for attempt in attempts if attempt.place == IN_FLIGHT]
        for attempt in owned:
            del self.out[attempt]
            attempt.place = GONE
            self.log.owner.forwarded += attempt.count
        return attempts if len(owned) == len(attempts) else owned

    def worked(self, attempt: Message) -> bool:
        """Note that an attempt succeeded; True if no attempt at its record did before."""
        first = not attempt.worked
        attempt.worked = True
        return first

    def discard(self, attempts: Iterable[Message]) -> list[Message]:
        """The consumer gives these up: they are the log's owner's to lose or to finish. Only those whose tokens are valid."""
        dropped = [attempt for attempt in attempts if attempt.place == IN_FLIGHT]
        for attempt in dropped:
            del self.out[attempt]
            attempt.place = GONE
        return dropped

    def commit(self, position: int) -> None:
        """Records before ``position`` need not be read again: a checkpoint, a committed offset."""
        if position > self.committed:
            self.committed = position
            self._worked_to = max(self._worked_to, position)
            self.log.trim()

    @property
    def worked_to(self) -> int:
        """Records before this position were processed once."""
        return self._worked_to

    def note_worked_to(self, position: int) -> None:
        """Records before ``position`` were processed once; whatever comes of them again is a duplicate."""
        self._worked_to = max(self._worked_to, position)

    def settled_index(self) -> int:
        """The place of the first message that may still be needed."""
        return self._index if self.committed >= self.position and not self.out else self.log.index_of(self.committed)

    # -- going back, and losing -------------------------------------------------------------------------------------

    def rewind(self, name: str = "retention", title: str = "Retention period ran out") -> int:
        """Go back to what was committed; how many messages come again although they had been settled.

        Tokens handed out are void (stale): what is done with them does not count any more.
        """
        log, now_void = self.log, list(self.out)
        self.out.clear()
        index = log.index_of(self.committed)
        again = sum(message.count for message in log.between(index, self._index))
        first_kept = log.at(index)
        from_position = first_kept.position if first_kept is not None else log.end
        returned = 0
        for token in now_void:
            token.place = STALE
            if token.position >= from_position and not any(low <= token.position < high for low, high in log.gaps):
                returned += token.count
            else:
                log.owner.lose(token.copy(), name, title)
        log.owner.copied += again - returned
        self._passed -= again
        self._index = index
        self.position = from_position
        return again - returned

    def miss(self, gone: Sequence[Message], base: int, name: str, title: str) -> int:
        """Messages from the place ``base`` on are dropped: those not read yet are lost to this reader; how many."""
        unread = gone[max(0, self._index - base) :]
        lost = 0
        for message in unread:
            lost += message.count
            now_s = self.log.owner.agenda._now
            token = message.copy()
            if now_s > message.sent_s:
                self.bottleneck.charge(token, message.sent_s, now_s)
            self.log.owner.lose(token, name, title)
        if unread:
            self._passed += lost
            self._index = base + len(gone)
            self.position = unread[-1].position + 1
            self.last_read_s = unread[-1].sent_s
            self.committed = max(self.committed, self.position) if not self.out else self.committed
        return lost

    def miss_end(self, gone: Sequence[Message], index: int, name: str, title: str) -> int:
        """Messages from the place ``index`` to the end are gone: those not read yet are lost to this reader; how many."""
        read = max(0, self._index - index)
        lost = 0
        for message in gone[read:]:
            lost += message.count
            self.log.owner.lose(message.copy(), name, title)
        self._passed -= sum(message.count for message in gone[:read])
        self._index = min(self._index, index)
        if self._index == index:
            self.position = self.log.end
        return lost

    def holding(self) -> int:
        """Messages that are the log's for this reader: not read yet, or read and not settled."""
        return self.unread + sum(token.count for token in self.out)
