"""A wire between two ports, drawn the way messages flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.engine.cohorts import take_some
from simulator.engine.message import Message, Path
from simulator.engine.outcomes import Outcome, Refusal
from simulator.engine.streams import Stream
from simulator.vocabulary import Port, Values

if TYPE_CHECKING:
    from simulator.engine.node import Node, Reply


@dataclass(frozen=True, slots=True)
class Interference:
    """What a fault does to what goes over a wire: a ``share`` of it is refused, as ``refusal`` says.

    A caller that waits for an answer learns of it after ``noticed_s``.
    """

    share: float
    refusal: Refusal
    stream: Stream
    noticed_s: float = 0.0

    def hits(self, count: int) -> int:
        """How many of ``count`` messages are refused."""
        return count if self.share >= 1.0 else self.stream.binomial(count, self.share)


class Wire:
    """Carries messages from ``source`` to ``target``; counts what was sent, delivered and refused.

    A message belongs to its sender until the receiver accepts it: whatever time the way takes, the sender spends.
    On a poll wire an attempt is sent when the consumer receives it, and delivered or refused when it is settled. At
    every instant ``sent == delivered + refused + in_transit``. ``parameters`` are those the owning port declares. For a poll wire the consumer at ``target`` does the work.
    """

    __slots__ = ("_after", "_before", "abandoned", "behalf", "cut", "delayed_s", "delivered", "handed_over", "id", "in_transit", "interferences", "late", "parameters", "refused", "source", "source_port", "target", "target_port")

    def __init__(
        self, id: str, source: Node, source_port: Port, target: Node, target_port: Port, parameters: Values  # noqa: A002
    ) -> None:
        self.id = id
        self.source = source
        self.source_port = source_port
        self.target = target
        self.target_port = target_port
        self.parameters = parameters
        self.delivered = self.refused = self.in_transit = 0
        self.handed_over = 0
        """What was sent and is no longer in transit: the target took it or refused it."""
        self.interferences: Sequence[Interference] = ()
        """What faults do to what is sent here."""
        self.cut = False
        """Whether a consumer that pulls over this wire cannot reach the queue."""
        self.delayed_s = 0.0
        """How much longer requests are on their way, because of a fault."""
        self._before = self._after = Path()
        """The path of the message sent last, before and after: mostly that of the next one too."""
        self.abandoned: set[Message] = set()
        """Requests the target still works on although their callers gave up waiting."""
        self.behalf: dict[Message, tuple[Wire, Message]] = {}
        """For requests made on behalf of another: the wire and the request on it that wait for them."""
        self.late = 0
        """Requests on which the target did the work after their caller had given up."""

    @property
    def sent(self) -> int:
        """Messages sent, those in transit too."""
        return self.handed_over + self.in_transit

    def send(self, message: Message) -> Refusal | None:
        """Hand ``message`` to the target now. None: it has it. A refusal: the sender still has it."""
        if self.interferences and (hit := self._turned_away(message.count)) is not None:
            return hit.refusal
        count = message.count
        self.handed_over += count
        target = self.target
        path = message.path
        if path is not self._before:
            self._before, self._after = path, path.to(target.id)
        message.path = self._after
        if message.span is not None and count > target.largest_cohort:
            target.largest_cohort = count
        refusal = target.accept(message, self)
        if refusal is None:
            self.delivered += count
            self.source.forwarded += count
        else:
            self.refused += count
            message.path = path
        return refusal

    def _turned_away(self, count: int) -> Interference | None:
        """The fault that keeps a token of so many messages from the target, all of it or nothing; None if it gets through."""
        for interference in self.interferences:
            if interference.hits(1):
                self.handed_over += count
                self.refused += count
                return interference
        return None

    def _offer_through(self, message: Message) -> tuple[Message | None, Refusal | None]:
        """`offer` while faults refuse some of the messages."""
        kept, self.interferences = self.interferences, ()
        through, refusal = message, None
        for interference in kept:
            hit = interference.hits(through.count)
            if not hit:
                continue
            refusal = interference.refusal
            self.handed_over += hit
            self.refused += hit
            if hit == through.count:
                self.interferences = kept
                return (message if through is message else _joined(message, through)), refusal
            if through is message:
                through = take_some(message, message.count - hit)
            else:
                through.count -= hit
                message.count += hit
        rest, why = self.offer(through)
        self.interferences = kept
        if through is message:
            return rest, why
        return (message if rest is None else _joined(message, rest)), why or refusal

    def offer(self, message: Message) -> tuple[Message | None, Refusal | None]:
        """`send` for a cohort: the target takes what it has room for; the rest comes back, with the reason."""
        if self.interferences:
            return self._offer_through(message)
        room = min(message.count, self.target.room(message))
        rest = None
        if 0 < room < message.count:
            rest = message
            message = take_some(message, room)
        refusal = self.send(message)
        if refusal is not None:
            return (message, refusal) if rest is None else (_joined(rest, message), refusal)
        return (rest, self.send(rest)) if rest is not None else (None, None)

    def depart(self, count: int) -> None:
        """So many messages are on their way; they stay the sender's until they `arrive`."""
        self.in_transit += count

    def arrive(self, message: Message) -> Refusal | None:
        """`send` for what departed before."""
        self.in_transit -= message.count
        return self.send(message)

    def settle(self, ended: int, delivered: int) -> None:
        """Attempts at so many pulled messages ended; the consumer has so many of them now, the queue the others."""
        self.in_transit -= ended
        self.handed_over += ended
        self.delivered += delivered
        if ended != delivered:
            self.refused += ended - delivered

    def invoke(self, message: Message, reply: Reply, timeout_s: float | None = None, behalf: tuple[Wire, Message] | None = None) -> None:
        """Send a request; ``reply(message, refusal)`` is called once, when the target has answered.

        ``refusal`` None: the target did the work and has the message now. After ``timeout_s`` the caller waits no longer:
        its reply says `Outcome.TIMED_OUT` and it still has the message, while the target, which cannot know, works on.
        ``behalf`` is the request, and the wire it came on, for which this one is made.
        """
        self.depart(message.count)
        if self.interferences and self._unreached(message, reply, timeout_s):
            return
        if timeout_s is None:
            if behalf is not None:
                self.behalf[message] = behalf
            self._ask(message, reply)
            return
        call = _TimedCall(self, message, reply)
        if behalf is not None:
            self.behalf[call.attempt] = behalf
        self._ask(call.attempt, call.answered)
        if call.waits:
            agenda = self.source.agenda
            agenda.at(agenda._now + timeout_s, call.expire)

    def _ask(self, message: Message, reply: Reply) -> None:
        if self.delayed_s > 0:
            agenda = self.source.agenda
            agenda.at(agenda._now + self.delayed_s, lambda _: self.target.invoke(message, self, reply))
        else:
            self.target.invoke(message, self, reply)

    def _unreached(self, message: Message, reply: Reply, timeout_s: float | None) -> bool:
        """Whether a fault keeps this request from the target; then its caller learns of it, or gives up before."""
        hit = next((interference for interference in self.interferences if interference.hits(1)), None)
        if hit is None:
            return False
        refusal, noticed_s = hit.refusal, hit.noticed_s
        if timeout_s is not None and timeout_s <= noticed_s:
            refusal, noticed_s = Refusal(Outcome.TIMED_OUT, "timeout", f"{self.target.name} did not answer in time"), timeout_s

        def notice(_: None) -> None:
            self.in_transit -= message.count
            self.handed_over += message.count
            self.refused += message.count
            reply(message, refusal)

        agenda = self.source.agenda
        agenda.at(agenda._now + noticed_s, notice)
        return True

    def answered(self, message: Message, refusal: Refusal | None) -> bool:
        """Count the answer to a request; the target calls it before it replies, and has the message if it did the work.

        False: the caller, or whoever it asked for, had given up. The work was done all the same, and what the target has now is a duplicate.
        """
        count = message.count
        self.in_transit -= count
        self.handed_over += count
        waited = message not in self.abandoned
        behalf = self.behalf.pop(message, None)
        if refusal is None:
            message.path = message.path.to(self.target.id)
            self.target.entered += count
            self.delivered += count
            self.source.forwarded += count
            if not waited:
                self.source.copied += count
                self.late += count
        else:
            self.refused += count
        if not waited:
            self.abandoned.discard(message)
        return waited and (behalf is None or behalf[0].waits(behalf[1]))

    def waits(self, message: Message) -> bool:
        """Whether someone still waits for the answer to this request: its caller, and whoever that asks for."""
        wire: Wire = self
        while message not in wire.abandoned:
            behalf = wire.behalf.get(message)
            if behalf is None:
                return True
            wire, message = behalf
        return False


class _TimedCall:
    """A request whose caller waits for a limited time. The target works on a token of its own, the ``attempt``."""

    __slots__ = ("attempt", "message", "reply", "waits", "wire")

    def __init__(self, wire: Wire, message: Message, reply: Reply) -> None:
        self.wire = wire
        self.message = message
        self.reply = reply
        self.attempt = message.copy()
        if hasattr(message, "deadline_s"):
            self.attempt.deadline_s = message.deadline_s
        self.waits = True

    def answered(self, attempt: Message, refusal: Refusal | None) -> None:
        """The target has answered: too late, if the caller gave up."""
        if self.waits:
            self.waits = False
            self.reply(attempt, refusal)

    def expire(self, _: None) -> None:
        """The caller gives up, unless it was answered."""
        if self.waits:
            self.waits = False
            self.wire.abandoned.add(self.attempt)
            self.reply(self.message, Refusal(Outcome.TIMED_OUT, "timeout", f"{self.wire.target.name} did not answer in time"))


def _joined(rest: Message, part: Message) -> Message:
    rest.count += part.count
    return rest
