"""What functions and applications share: they work on messages, fail at some, and publish what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from simulator.engine.cohorts import span_of
from simulator.engine.message import Message
from simulator.engine.node import Node
from simulator.engine.wire import Wire
from simulator.mechanics.cohort_station import Work
from simulator.vocabulary import Fault, ParameterSet, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network


class PublishParameters(ParameterSet):
    """What is published on a wire for each message processed."""

    share: float = parameter(
        1.0, "Share of the processed messages for which one message is sent here.", title="Share of messages", unit="share", ge=0, le=1, changeable=True)


class FailsParameters(ParameterSet):
    """How much fails."""

    share: float = parameter(1.0, "Share of the attempts that fail.", title="Share that fails", unit="share", ge=0, le=1)


class SlowsParameters(ParameterSet):
    """How much slower."""

    factor: float = parameter(3.0, "Durations are multiplied by this.", title="Factor", unit="times", gt=0, le=1000)


class Processor(Node):
    """A node that processes messages: counts successes and duplicates, and publishes results on its ``out`` wires.

    A message belongs to whoever sent or stored it until its processing succeeded; then it passes to the processor.
    """

    processing_faults: ClassVar[tuple[Fault, ...]] = (
        Fault("fails", "Processing fails", "A share of the attempts ends in an error.", FailsParameters),
        Fault("slows", "Processing slows down", "A dependency is slow: durations grow by a factor.", SlowsParameters),
    )

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.processed = self.duplicates = 0
        self.fails_share, self.slow_factor = 0.0, 1.0
        self.publishes = False
        """Whether processing a message results in others; known when all wires are laid."""
        self.failure_stream = self.stream("failure")
        self._publish_stream = self.stream("publish")

    def start(self) -> None:
        self.publishes = bool(self.wires_out["out"])

    def fault_fails(self, value: FailsParameters | None) -> None:
        """A share of the attempts fails, until cleared (None)."""
        self.fails_share = value.share if value else 0.0

    def fault_slows(self, value: SlowsParameters | None) -> None:
        """Durations are multiplied, until cleared (None)."""
        self.slow_factor = value.factor if value else 1.0

    def failure_chance(self, message: Message) -> float:
        """Chance that one attempt at one message of this token fails."""
        succeeds: float = 1.0 - self.parameters.failure_probability
        if message.type.failure_probability:
            succeeds *= 1.0 - message.type.failure_probability
        if self.fails_share:
            succeeds *= 1.0 - self.fails_share
        return 1.0 - succeeds

    def failing(self, message: Message) -> int:
        """Draw how many of the messages of this token fail at this attempt."""
        chance = self.failure_chance(message)
        return self.failure_stream.binomial(message.count, chance) if chance > 0.0 else 0

    def publish(self, message: Message) -> bool:
        """Send what processing ``message`` results in; false if a service refused it."""
        for wire in self.wires_out["out"]:
            count = self._publish_stream.binomial(message.count, wire.parameters.share)
            if count == 0:
                continue
            result = message.copy()
            result.count = count
            if result.span is not None:
                self.created += count - self._offer(wire, result)
                continue
            refusal = wire.send(result)
            if refusal is not None:
                self.log("warning", f"Publishing to {wire.target.name} was refused: {refusal.title}")
                return False
            self.created += count
        return True

    def _offer(self, wire: Wire, cohort: Message) -> int:
        """Send a cohort; how many of its messages were refused."""
        rest, refusal = wire.offer(cohort)
        if rest is None or refusal is None:
            return 0
        self.log("warning", f"Publishing to {wire.target.name} was refused for {rest.count} of {cohort.count} messages: {refusal.title}")
        return rest.count

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        """These messages of the queue at ``wire`` were processed: delete them; return how many are the processor's now."""
        owned = attempts[0].source.delete(attempts)
        ends_here = not self.publishes
        ended = 0
        for attempt in attempts:
            if attempt.successor is None and not attempt.worked:
                first = attempt.worked = True
            else:
                first = attempt.source.worked(attempt)
            ended += attempt.count
            if not first:
                self.duplicates += attempt.count
            elif ends_here:
                self.network.ended(attempt, "processed")
        self.processed += ended
        passed = ended if owned is attempts else sum(attempt.count for attempt in owned)
        self.entered += passed
        self.finished += passed
        wire.settle(ended, passed)
        return passed

    def take_over_cohort(self, wire: Wire, work: Work) -> None:
        """These messages were processed and deleted, and are the processor's: they end here, or lead to others."""
        attempt = work.attempt
        if attempt is None:
            return
        count = attempt.count
        first = not attempt.worked
        attempt.worked = True
        if not first:
            self.duplicates += count
        elif not self.publishes:
            self.network.ended_cohort(attempt, "processed", work.ramps, span_of(attempt).middle_s)
        if self.publishes:
            self.publish(attempt)
        self.processed += count
        self.entered += count
        self.finished += count
        wire.settle(count, count)

    def publishes_singles(self) -> str | None:
        """Why single messages must be processed: what they lead to goes where single ones matter. None if cohorts may."""
        for wire in self.wires_out.get("out", ()):
            if self.network.why_singles(wire.target) is not None:
                return f"It publishes to {wire.target.name}, where single messages matter."
        return None

    def passed(self, message: Message, first: bool) -> None:
        """``message`` is this node's own now, and done; its latency counts when it is done for the ``first`` time."""
        self.processed += message.count
        if first and not self.publishes:
            self.finish(message, "processed")
        else:
            self.finished += message.count
