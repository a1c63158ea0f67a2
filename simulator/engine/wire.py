"""A wire between two ports, drawn the way messages flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.engine.cohorts import take_some
from simulator.engine.outcomes import Outcome, Refusal
from simulator.vocabulary import Port, Values

if TYPE_CHECKING:
    from simulator.engine.message import Message
    from simulator.engine.node import Node, Reply


class Wire:
    """Carries messages from ``source`` to ``target``; counts what was sent, delivered and refused.

    A message belongs to its sender until the receiver accepts it: whatever time the way takes, the sender spends.
    On a poll wire an attempt is sent when the consumer receives it, and delivered or refused when it is settled. At
    every instant ``sent == delivered + refused + in_transit``. ``parameters`` are those the owning port declares. For a poll wire the consumer at ``target`` does the work.
    """

    __slots__ = ("abandoned", "delivered", "id", "in_transit", "parameters", "refused", "sent", "source", "source_port", "target", "target_port")

    def __init__(
        self, id: str, source: Node, source_port: Port, target: Node, target_port: Port, parameters: Values  # noqa: A002
    ) -> None:
        self.id = id
        self.source = source
        self.source_port = source_port
        self.target = target
        self.target_port = target_port
        self.parameters = parameters
        self.sent = self.delivered = self.refused = self.in_transit = 0
        self.abandoned: set[Message] = set()
        """Requests the target still works on although their callers gave up waiting."""

    def send(self, message: Message) -> Refusal | None:
        """Hand ``message`` to the target now. None: it has it. A refusal: the sender still has it."""
        count = message.count
        self.sent += count
        target = self.target
        path = message.path
        message.path = path.steps.get(target.id) or path.to(target.id)
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

    def offer(self, message: Message) -> tuple[Message | None, Refusal | None]:
        """`send` for a cohort: the target takes what it has room for; the rest comes back, with the reason."""
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
        self.sent += count
        self.in_transit += count

    def arrive(self, message: Message) -> Refusal | None:
        """`send` for what departed before."""
        self.in_transit -= message.count
        self.sent -= message.count
        return self.send(message)

    def settle(self, ended: int, delivered: int) -> None:
        """Attempts at so many pulled messages ended; the consumer has so many of them now, the queue the others."""
        self.in_transit -= ended
        self.delivered += delivered
        self.refused += ended - delivered

    def invoke(self, message: Message, reply: Reply, timeout_s: float | None = None) -> None:
        """Send a request; ``reply(message, refusal)`` is called once, when the target has answered.

        ``refusal`` None: the target did the work and has the message now. After ``timeout_s`` the caller waits no longer:
        its reply says `Outcome.TIMED_OUT` and it still has the message, while the target, which cannot know, works on.
        """
        self.depart(message.count)
        if timeout_s is None:
            self.target.invoke(message, self, reply)
            return
        call = _TimedCall(self, message, reply)
        self.target.invoke(call.attempt, self, call.answered)
        if call.waits:
            agenda = self.source.agenda
            agenda.at(agenda._now + timeout_s, call.expire)

    def answered(self, message: Message, refusal: Refusal | None) -> bool:
        """Count the answer to a request; the target calls it before it replies, and has the message if it did the work.

        False: the caller had given up. The work was done all the same, and what the target has now is a duplicate.
        """
        count = message.count
        self.in_transit -= count
        waited = message not in self.abandoned
        if refusal is None:
            message.path = message.path.to(self.target.id)
            self.target.entered += count
            self.delivered += count
            self.source.forwarded += count
            if not waited:
                self.source.copied += count
        else:
            self.refused += count
        if not waited:
            self.abandoned.discard(message)
        return waited


class _TimedCall:
    """A request whose caller waits for a limited time. The target works on a token of its own, the ``attempt``."""

    __slots__ = ("attempt", "message", "reply", "waits", "wire")

    def __init__(self, wire: Wire, message: Message, reply: Reply) -> None:
        self.wire = wire
        self.message = message
        self.reply = reply
        self.attempt = message.copy()
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
