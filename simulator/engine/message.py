"""The message token, its type, and the path it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from simulator.engine.cohorts import Span
from simulator.engine.key_space import SINGLE_KEY, KeySpace
from simulator.engine.outcomes import Cause
from simulator.measures import Spread

Leg = tuple[Any, Cause, float, float]
"""One stretch of a message's time: (the legs before, what it was spent on, from_s, to_s)."""


@dataclass(frozen=True, slots=True, eq=False)
class MessageType:
    """What messages of one kind have in common; filters are evaluated once per type, not per message.

    ``attributes`` are SNS message attributes, ``{"name": {"Type": "String", "Value": "x"}}``; ``body`` is the JSON
    body, or None for an opaque one; ``failure_probability`` is the chance that one attempt at processing it fails.
    """

    name: str
    size_bytes: int = 1024
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    body: Any = None
    failure_probability: float = 0.0
    draw_key: Callable[[], int] = int
    """Draws the partition or group key of a message; a cohort has none, its messages draw theirs when they are told apart."""
    keys: KeySpace = SINGLE_KEY
    """What ``draw_key`` draws from."""
    renews_id: bool = False
    """A send that repeats another, with a deduplication id of its own."""


class Place(IntEnum):
    """Where a message is in the queue that stores it."""

    NEW = 0
    MOVED = 1
    DELAYED = 2
    VISIBLE = 3
    IN_FLIGHT = 4
    HIDDEN = 5
    STALE = 6
    GONE = 7


class Message:
    """A token that stands for ``count`` identical messages born at ``born_s`` (simulated seconds).

    Without a ``span`` all of them are here now; with one it is a cohort, whose messages were born and came here over a
    stretch of time (`simulator.engine.cohorts`).

    It is one message however often it is attempted. ``legs`` is a chain of what its time was spent on, shared by the
    copies of a fan-out; ``path`` is the way it took so far; ``lineage`` counts how often functions ran for the messages that
    led to it (None where nobody looks). The second group of fields belongs to the queue that stores
    the message: there the token is also the receipt of one attempt, so that a late delete can name the attempt it means
    (a message that outlives an attempt goes on as a ``successor``).
    """

    __slots__ = (
        "answer",
        "attempt",
        "born_s",
        "carried",
        "count",
        "deadline_s",
        "key",
        "legs",
        "lineage",
        "number",
        "path",
        "place",
        "position",
        "received_s",
        "sent_s",
        "since_s",
        "size_bytes",
        "source",
        "span",
        "successor",
        "type",
        "worked",
    )  # fmt: skip

    answer: Any
    """What whoever worked on this request answered, as JSON; there is none where the answer's content is not known."""
    attempt: int
    carried: bool
    deadline_s: float
    position: int
    received_s: float
    sent_s: float
    since_s: float
    source: Any
    successor: Message | None
    worked: bool

    def __init__(
        self,
        count: int,
        type: MessageType,  # noqa: A002
        born_s: float,
        path: Path,
        size_bytes: int | None = None,
        key: int = 0,
        number: int = 0,
        legs: Leg | None = None,
    ) -> None:
        self.count = count
        self.type = type
        self.born_s = born_s
        self.path = path
        self.size_bytes = type.size_bytes if size_bytes is None else size_bytes
        self.key = key
        self.number = number
        self.legs = legs
        self.lineage: Mapping[str, int] | None = None
        self.span: Span | None = None
        self.place: int = NEW

    def copy(self) -> Message:
        """An independent copy, as a topic makes for each subscription."""
        twin = Message.__new__(Message)
        twin.count = self.count
        twin.type = self.type
        twin.born_s = self.born_s
        twin.path = self.path
        twin.size_bytes = self.size_bytes
        twin.key = self.key
        twin.number = self.number
        twin.legs = self.legs
        twin.lineage = self.lineage
        twin.span = self.span
        twin.place = NEW
        return twin

    def stored_copy(self, count: int) -> Message:
        """A copy of ``count`` of the messages, with what the queue knows of them."""
        twin = self.copy()
        twin.count = count
        twin.place = self.place
        twin.attempt = self.attempt
        twin.deadline_s = self.deadline_s
        twin.received_s = self.received_s
        twin.sent_s = self.sent_s
        twin.since_s = self.since_s
        twin.source = self.source
        twin.successor = None
        twin.worked = self.worked
        return twin

    def split(self, count: int) -> Message:
        """Take ``count`` of the messages this token stands for into a token of their own."""
        part = self.copy()
        part.count = count
        self.count -= count
        return part


NEW, MOVED, DELAYED, VISIBLE, IN_FLIGHT, HIDDEN, STALE, GONE = (int(place) for place in Place)
"""`Place` as plain integers, for the hot path."""


def spend(message: Message, cause: Cause, from_s: float, to_s: float) -> None:
    """Book the time from ``from_s`` to ``to_s`` of ``message`` to ``cause``."""
    cause.message_s += message.count * (to_s - from_s)
    message.legs = (message.legs, cause, from_s, to_s)


class PathEnd:
    """All messages that ended in one way at the end of one path: how many, their latency, and where it was spent (message-seconds)."""

    __slots__ = ("end", "latency", "messages", "note", "split")

    def __init__(self, end: str) -> None:
        self.end = end
        self.messages = 0
        self.latency = Spread()
        self.note = self.latency.singles.append
        self.split: defaultdict[Cause, float] = defaultdict(float)

    def restart(self) -> None:
        """Forget the past (the end of a warm-up)."""
        self.messages = 0
        self.latency.restart()
        self.split.clear()


class Path:
    """The nodes a message went through, as a place in the tree of all ways taken in a run."""

    __slots__ = ("before", "ends", "nodes", "steps")

    def __init__(self, nodes: tuple[str, ...] = (), before: Path | None = None) -> None:
        self.nodes = nodes
        self.before = before
        self.steps: dict[str, Path] = {}
        self.ends: dict[str, PathEnd] = {}

    def to(self, node: str) -> Path:
        """The path that goes on to ``node``. Coming back to a node of the path is no new way: a message that goes round
        in a circle is where it was the first time, so that paths stay few and short however long it goes on."""
        step = self.steps.get(node)
        if step is None:
            step = self.steps[node] = self._back_to(node) or Path((*self.nodes, node), self)
        return step

    def _back_to(self, node: str) -> Path | None:
        place: Path | None = self
        while place is not None and place.nodes:
            if place.nodes[-1] == node:
                return place
            place = place.before
        return None

    def end(self, end: str) -> PathEnd:
        """The record of messages that ended here in this way."""
        record = self.ends.get(end)
        if record is None:
            record = self.ends[end] = PathEnd(end)
        return record

    def walk(self) -> list[Path]:
        """This path and all that go on from it."""
        found = [self]
        for step in self.steps.values():
            if step.before is self:
                found.extend(step.walk())
        return found
