"""The producers of a message broker: they send one message after the other, and block when the broker has no room."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Literal, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck
from simulator.vocabulary import ParameterSet, Source, Values, parameter

GUIDE = "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide"
CLIENT = Source("Apache ActiveMQ source, 6.4.0-SNAPSHOT", "https://github.com/apache/activemq", "2026-08-21")
WEB = Source("Apache ActiveMQ Classic website", "https://activemq.apache.org/components/classic/documentation", "2026-08-03")
THROUGHPUT = Source("Amazon MQ Developer Guide, storage: throughput by storage type, for each producer", f"{GUIDE}/broker-storage.html", "2022-05")
LONGEST_S = 31_536_000.0


class ProducerParameters(ParameterSet):
    """The producers at this wire, and how they send."""

    destination: str = parameter(
        "", "Name of the queue or topic. Empty: the broker's default destination. A topic whose name begins with VirtualTopic. also feeds each queue"
        " Consumer.<application>.VirtualTopic.<name>.", title="Destination", section="Destination", max_length=200, source=WEB)
    destination_type: Literal["queue", "topic"] = parameter(
        "queue", "A queue gives each message to one consumer, a topic to each of its subscribers.", title="Type", section="Destination", source=WEB)
    producers: int = parameter(
        10, "Producers of the application, each with a connection of its own, that send one message after the other.", title="Producers", unit="count",
        section="Producers", ge=1, le=10_000, changeable=True, capacity=True)
    delivery_mode: Literal["persistent", "non_persistent"] = parameter(
        "persistent", "Persistent messages are on disk before the send returns. Others are lost when the broker restarts.", title="Delivery mode",
        section="Producers", aws="deliveryMode", source=WEB)
    use_async_send: bool = parameter(
        False, "A persistent send does not wait for the broker's answer either; messages on their way are lost when the broker fails.", title="Asynchronous sends",
        section="Producers", aws="useAsyncSend", source=WEB)
    producer_window_size_bytes: int = parameter(
        0, "A producer that sends asynchronously has at most so many bytes unanswered. 0: no limit, and a send for which there is no room stalls its connection.",
        title="Producer window", unit="bytes", section="Producers", aws="producerWindowSize", ge=0, le=1_073_741_824, source=CLIENT)
    messages_per_transaction: int = parameter(
        1, "Messages that a producer commits together, at most: they wait for the disk once.", title="Messages a transaction", unit="messages", section="Producers",
        ge=1, le=10_000, source=THROUGHPUT)
    send_timeout_s: float = parameter(
        0, "A send that is not answered within this time fails, and the message is lost. 0: it waits for ever.", title="Send timeout", unit="s", section="Producers",
        aws="sendTimeout", ge=0, le=86400, source=CLIENT)
    time_to_live_s: float = parameter(
        0, "A message that waits longer expires. 0: never.", title="Time to live", unit="s", section="Producers", aws="timeToLive", ge=0, le=LONGEST_S, source=WEB)
    uses_groups: bool = parameter(
        False, "Messages carry their key as JMSXGroupID: those of one group go to one consumer, in order.", title="Message groups", section="Destination", aws="JMSXGroupID",
        source=WEB)


class SendTarget(Protocol):
    """The broker, as its producers see it."""

    is_up: bool
    per_message_s: float
    """Time that a producer needs for a send that waits for nothing."""

    def write_s(self, messages: Sequence[Message], persistent: bool) -> float:
        """Time until these messages, sent now, are where they must be before a send returns."""

    def lacks(self, producers: Producers) -> Cause | None:
        """Why the broker has no room for a message of these producers; None if it has."""

    def store(self, message: Message, producers: Producers) -> None:
        """Take a message for which there is room."""

    def refuse(self, message: Message, cause: str, title: str) -> None:
        """A send failed for good: the application has an exception, and no one the message."""


class Slot:
    """A producer that waits for an answer: free when all messages of its send are stored."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


class Parked:
    """A message that the broker does not take for lack of space, while its producer, or the whole connection, waits."""

    __slots__ = ("cause", "ended", "message", "since_s", "slot")

    def __init__(self, message: Message, slot: Slot, cause: Cause, since_s: float) -> None:
        self.message = message
        self.slot = slot
        self.cause = cause
        self.since_s = since_s
        self.ended = False


class Connection:
    """What the producers of one application share: a send without room, whose answer no one waits for, stalls them all."""

    def __init__(self) -> None:
        self.stalls = 0
        self.producers: list[Producers] = []

    def stall(self, change: int) -> None:
        """So many sends more (or less) stall the connection."""
        self.stalls += change
        if self.stalls == 0:
            for producers in self.producers:
                producers.advance()


class Producers:
    """The producers at one wire, with what the application has handed them and they have not sent yet.

    ``fails_after_s``: time after which a send without room fails; 0 at once, None never.
    """

    def __init__(self, wire: Wire, settings: Values, target: SendTarget, agenda: Agenda, connection: Connection, fails_after_s: float | None) -> None:
        broker = wire.target
        self.wire = wire
        self.settings = settings
        self.target = target
        self.agenda = agenda
        self.connection = connection
        self.fails_after_s = fails_after_s
        self.allowed: int = settings.producers
        """Producers that have a connection."""
        self.persistent: bool = settings.delivery_mode == "persistent"
        self.asynchronous: bool = settings.use_async_send or not self.persistent
        self.waiting: deque[tuple[Message, float]] = deque()
        self.parked: deque[Parked] = deque()
        self.blocked = 0
        """Messages that are parked."""
        self.sending = 0
        self._busy = 0
        self._next_s = 0.0
        self._booked = False
        self._flights: dict[int, tuple[list[Message], float]] = {}
        self._number = 0
        self.busy_cause = broker.cause("producers_busy", f"All producers of {wire.source.name} are sending", Culprit(broker.id, "producers", wire.id))
        self.down_cause = broker.cause("broker_down", f"{broker.name} is down, or its clients have not reconnected", Culprit(broker.id, "deployment_mode"))
        self._send_cause = broker.cause("sending", "Sending, and writing to disk", Culprit(broker.id, "storage_type"), capacity=False)
        self._bottleneck = Bottleneck(self.busy_cause)
        connection.producers.append(self)

    def count(self) -> int:
        """Messages that the application has handed over and the broker has not stored."""
        return sum(message.count for message, _ in self.waiting) + self.sending + self.blocked

    def offer(self, message: Message) -> None:
        """The application wants to send this."""
        self.waiting.append((message, self.agenda._now))
        self.advance()

    def _slots(self, message: Message) -> float:
        """Sends that may wait for an answer at once."""
        if not self.asynchronous:
            return self.allowed
        window_bytes = self.settings.producer_window_size_bytes
        return self.allowed * max(1, window_bytes // max(1, message.size_bytes)) if window_bytes else math.inf

    def advance(self) -> None:
        """Send what waits, as far as producers are free."""
        now_s = self.agenda._now
        while self.waiting and self.allowed and self.target.is_up and not self.connection.stalls:
            if self.asynchronous and self._next_s > now_s:
                self._book(self._next_s)
                return
            if self._busy >= self._slots(self.waiting[0][0]):
                return
            self._start(now_s)

    def _book(self, when_s: float) -> None:
        if not self._booked:
            self._booked = True
            self.agenda.at(when_s, self._again)

    def _again(self, _: None) -> None:
        self._booked = False
        self.advance()

    def _start(self, now_s: float) -> None:
        batch = []
        for _ in range(min(self.settings.messages_per_transaction, len(self.waiting))):
            message, since_s = self.waiting.popleft()
            if now_s > since_s:
                self._bottleneck.charge(message, since_s, now_s)
            batch.append(message)
        self._busy += 1
        self._number += 1
        self.sending += len(batch)
        self._flights[self._number] = (batch, now_s)
        took_s = self.target.write_s(batch, self.persistent)
        if self.asynchronous:
            self._next_s = max(self._next_s, now_s) + self.target.per_message_s * len(batch) / self.allowed
        self.agenda.at(now_s + took_s, self._arrived, self._number)

    def _arrived(self, number: int) -> None:
        """A send has reached the broker, and is on disk if it must be: now the broker needs room for it."""
        flight = self._flights.pop(number, None)
        if flight is None:
            return
        batch, since_s = flight
        now_s = self.agenda._now
        self.sending -= len(batch)
        slot = Slot(len(batch))
        for message in batch:
            spend(message, self._send_cause, since_s, now_s)
            lacking = self.target.lacks(self) if not self.blocked else self.parked[-1].cause
            if lacking is None:
                self.target.store(message, self)
                self._placed(slot)
            else:
                self._park(Parked(message, slot, lacking, now_s))
        self.advance()

    def _placed(self, slot: Slot) -> None:
        slot.left -= 1
        if slot.left == 0:
            self._busy -= 1

    # -- no room ----------------------------------------------------------------------------------------------------

    @property
    def _stalls(self) -> bool:
        """Whether a send without room stalls the whole connection."""
        return self.asynchronous and not self.settings.producer_window_size_bytes

    def _park(self, parked: Parked) -> None:
        if self.fails_after_s == 0:
            self._fail(parked)
            return
        now_s = self.agenda._now
        self.parked.append(parked)
        self.blocked += 1
        self._bottleneck.change(parked.cause, now_s)
        if self._stalls:
            self.connection.stall(1)
        after_s = self.settings.send_timeout_s or math.inf
        after_s = min(after_s, math.inf if self.fails_after_s is None else self.fails_after_s)
        if after_s < math.inf:
            self.agenda.at(now_s + after_s, self._timed_out, parked)

    def retry(self) -> None:
        """The broker may have room again: store what is parked, in order."""
        now_s = self.agenda._now
        while self.parked:
            parked = self.parked[0]
            if not parked.ended:
                if self.target.lacks(self) is not None:
                    return
                self._unpark(parked, now_s)
                self.target.store(parked.message, self)
                self._placed(parked.slot)
            if self.parked and self.parked[0] is parked:
                self.parked.popleft()
        self._bottleneck.change(self.busy_cause, now_s)
        self.advance()

    def _unpark(self, parked: Parked, now_s: float) -> None:
        parked.ended = True
        self.blocked -= 1
        spend(parked.message, parked.cause, parked.since_s, now_s)
        if self._stalls:
            self.connection.stall(-1)

    def _timed_out(self, parked: Parked) -> None:
        if not parked.ended:
            self._unpark(parked, self.agenda._now)
            self._fail(parked)
            if self.blocked == 0:
                self._bottleneck.change(self.busy_cause, self.agenda._now)
            self.advance()

    def _fail(self, parked: Parked) -> None:
        self.target.refuse(parked.message, f"no_{parked.cause.name}", f"Send failed: {parked.cause.title.lower()}")
        self._placed(parked.slot)

    # -- the broker goes and comes ----------------------------------------------------------------------------------

    def connection_lost(self) -> None:
        """The broker is gone. Sends that wait for an answer are made again later; the others are lost with it."""
        now_s = self.agenda._now
        again: list[Message] = []
        for batch, since_s in self._flights.values():
            for message in batch:
                spend(message, self._send_cause, since_s, now_s)
                again.append(message)
        for parked in self.parked:
            if not parked.ended:
                self._unpark(parked, now_s)
                again.append(parked.message)
        self._flights.clear()
        self.parked.clear()
        self.sending = self._busy = 0
        if self.asynchronous:
            for message in again:
                self.target.refuse(message, "connection_lost", "On its way when the broker failed, and no one waited for the answer")
        else:
            self.waiting.extendleft((message, now_s) for message in reversed(again))
        self._bottleneck.change(self.down_cause, now_s)

    def reconnected(self) -> None:
        """The broker is there again."""
        self._bottleneck.change(self.busy_cause, self.agenda._now)
        self.advance()

    def settings_changed(self, allowed: int) -> None:
        """The number of producers is now another."""
        self.allowed = allowed
        self.advance()
