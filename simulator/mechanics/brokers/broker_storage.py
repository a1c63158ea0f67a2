"""Where a message broker keeps its messages: memory, a journal on disk, and temporary files. Each can be full."""

from __future__ import annotations

from collections.abc import Callable

from simulator.engine.limits import Limit
from simulator.engine.message import Message

MEMORY, STORE, TEMP = "memory", "store", "temp"
"""What can be lacking when a message comes."""


class Stored:
    """A message as the broker keeps it, from its arrival until it is acknowledged.

    ``message`` is the token of the latest attempt; ``redeliveries`` counts deliveries that were rolled back. ``done`` says
    that some consumer has processed it, whether or not the broker knows.
    """

    __slots__ = ("done", "enqueued_s", "expires_s", "file", "in_memory", "memory_bytes", "message", "persistent", "redeliveries", "since_s", "spooled_bytes", "written_s")

    def __init__(self, message: Message, persistent: bool, memory_bytes: int, now_s: float, expires_s: float) -> None:
        self.message = message
        self.persistent = persistent
        self.memory_bytes = memory_bytes
        self.enqueued_s = self.since_s = self.written_s = now_s
        self.expires_s = expires_s
        self.redeliveries = 0
        self.done = False
        self.in_memory = False
        self.spooled_bytes = 0
        self.file: JournalFile | None = None


class JournalFile:
    """One file of the journal: it can be deleted when no message in it is left, and no file needs the acknowledgements in it."""

    __slots__ = ("acknowledges", "live", "number", "written_bytes")

    def __init__(self, number: int) -> None:
        self.number = number
        self.written_bytes = 0
        self.live = 0
        self.acknowledges: set[int] = set()


class Journal:
    """A journal of files that are appended to and deleted whole (KahaDB).

    ``used`` is the limit that counts its bytes. With ``keeps_acknowledgements`` a file also stays while an earlier file
    whose messages were acknowledged in it is there: one old message then pins all that was written after it.
    """

    def __init__(self, used: Limit, file_bytes: int, keeps_acknowledgements: bool) -> None:
        self.used = used
        self.file_bytes = file_bytes
        self.keeps_acknowledgements = keeps_acknowledgements
        self._files: dict[int, JournalFile] = {0: JournalFile(0)}
        self._current = self._files[0]

    def __len__(self) -> int:
        return len(self._files)

    def write(self, size_bytes: int, now_s: float) -> JournalFile:
        """Append a message; the file in which it is now."""
        current = self._current
        if current.written_bytes > 0 and current.written_bytes + size_bytes > self.file_bytes:
            current = self._current = JournalFile(current.number + 1)
            self._files[current.number] = current
        current.written_bytes += size_bytes
        current.live += 1
        self.used.add(size_bytes, now_s)
        return current

    def forget(self, file: JournalFile) -> None:
        """A message in ``file`` is gone, and this is noted in the current file."""
        file.live -= 1
        if file is not self._current:
            self._current.acknowledges.add(file.number)

    def clean(self, now_s: float) -> int:
        """Delete the files that nothing needs; the bytes that were freed."""
        kept: set[int] = set()
        freed = 0
        for number, file in list(self._files.items()):
            needed = self.keeps_acknowledgements and not kept.isdisjoint(file.acknowledges)
            if file is self._current or file.live > 0 or needed:
                kept.add(number)
            else:
                freed += file.written_bytes
                del self._files[number]
        if freed:
            self.used.add(-freed, now_s)
        return freed


class BrokerStorage:
    """The three spaces that all destinations of a broker share, and what to do when one of them gets room again."""

    def __init__(self, memory: Limit, temp: Limit, journal: Journal, high_water_share: float, overhead_bytes: int, record_overhead_bytes: int, freed: Callable[[], None]) -> None:
        self.memory = memory
        self.temp = temp
        self.journal = journal
        self.high_water_share = high_water_share
        self.overhead_bytes = overhead_bytes
        self.record_overhead_bytes = record_overhead_bytes
        self._freed = freed

    def in_memory_bytes(self, message: Message) -> int:
        """What a message takes in memory."""
        return message.size_bytes + self.overhead_bytes

    def store(self, stored: Stored, now_s: float) -> None:
        """Write a persistent message to the journal."""
        stored.file = self.journal.write(stored.message.size_bytes + self.record_overhead_bytes, now_s)

    def spool(self, stored: Stored, now_s: float) -> None:
        """Write a message that is not persistent to a temporary file."""
        stored.spooled_bytes = stored.memory_bytes
        self.temp.add(stored.spooled_bytes, now_s)

    def release(self, stored: Stored, now_s: float) -> None:
        """A message is gone from disk: its temporary file is free at once, the journal when it is cleaned."""
        if stored.file is not None:
            self.journal.forget(stored.file)
            stored.file = None
        self.unspool(stored, now_s)

    def unspool(self, stored: Stored, now_s: float) -> None:
        """A message has left its temporary file."""
        if stored.spooled_bytes:
            self.temp.add(-stored.spooled_bytes, now_s)
            stored.spooled_bytes = 0
            self._freed()

    def clean(self, now_s: float) -> None:
        """Delete what the journal no longer needs."""
        if self.journal.clean(now_s):
            self._freed()

    def memory_freed(self) -> None:
        """Some memory is free again."""
        self._freed()


def is_full(space: Limit, share: float = 1.0) -> bool:
    """Whether a space is used up to this share of it."""
    return space.limit is not None and space.value >= space.limit * share
