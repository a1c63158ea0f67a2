"""What functions and applications share: they work on messages, fail at some, and publish what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from simulator.engine.cohorts import span_of
from simulator.engine.message import Message
from simulator.engine.node import Node
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.cohort_station import Work
from simulator.mechanics.publishing import Publication
from simulator.mechanics.work_calls import WorkCalls
from simulator.vocabulary import Fault, ParameterSet, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network


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
        Fault("fails", "Processing fails", "A share of the attempts ends in an error.", FailsParameters, sort="errors"),
        Fault("slows", "Processing slows down", "A dependency is slow: durations grow by a factor.", SlowsParameters, sort="slow"),
    )

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.processed = self.duplicates = 0
        self.fails_share, self.slow_factor = 0.0, 1.0
        self.publishes = False
        """Whether processing a message results in others; known when all wires are laid."""
        self.calls: WorkCalls | None = None
        """What work here asks of others while it lasts; None: nothing."""
        self.call_times = Spread()
        self._calls_failed: set[Message] = set()
        self.failure_stream = self.stream("failure")
        self._publish_stream = self.stream("publish")

    def start(self) -> None:
        self.publishes = bool(self.wires_out["out"])
        self._publications = [(wire, Publication(wire.parameters)) for wire in self.wires_out["out"]]
        if self.wires_out.get("calls"):
            self.calls = WorkCalls(self)

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
        if self._calls_failed and message in self._calls_failed:
            self._calls_failed.discard(message)
            return message.count
        chance = self.failure_chance(message)
        return self.failure_stream.binomial(message.count, chance) if chance > 0.0 else 0

    def publish(self, message: Message, first: bool = True) -> bool:
        """Send what processing ``message`` results in; false if a service refused it.

        What is sent once for each invocation goes with the ``first`` message of its batch.
        """
        for wire, publication in self._publications:
            settings = wire.parameters
            if settings.per == "message":
                count = self._publish_stream.binomial(message.count, settings.share)
            else:
                count = self._publish_stream.binomial(1, settings.share) if first else 0
            if count == 0:
                continue
            result = publication.result_of(message, count)
            result.lineage = self.lineage_of(message, wire)
            if result.span is not None:
                result.count *= settings.messages
                self.created += result.count - self._offer(wire, result)
            elif not self._send(wire, result, settings.messages):
                return False
        return True

    def lineage_of(self, message: Message, wire: Wire) -> Mapping[str, int] | None:
        """What goes along with what is sent here for ``message``, so that functions find out that they call themselves."""
        return None

    def _send(self, wire: Wire, result: Message, times: int) -> bool:
        for _ in range(times):
            another = result if times == 1 else result.copy()
            refusal = wire.send(another)
            if refusal is not None:
                self.log("warning", f"Publishing to {wire.target.name} was refused: {refusal.title}")
                return False
            self.created += another.count
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
        return self.took_over(wire, attempts, attempts[0].source.delete(attempts))

    def took_over(self, wire: Wire, attempts: Sequence[Message], owned: Sequence[Message]) -> int:
        """These messages were processed and deleted; those ``owned`` are the processor's now. Return how many those are."""
        ends_here = not self.publishes
        ended = 0
        for attempt in attempts:
            ended += attempt.count
            if attempt.successor is None and not attempt.worked:
                attempt.worked = True
            elif not attempt.source.worked(attempt):
                self.duplicates += attempt.count
                continue
            if ends_here:
                self.network.ended(attempt, "processed")
        self.processed += ended
        passed = ended if owned is attempts else sum(attempt.count for attempt in owned)
        self.entered += passed
        self.finished += passed
        if passed == ended:  # as `Wire.settle`
            wire.in_transit -= ended
            wire.handed_over += ended
            wire.delivered += ended
        else:
            wire.settle(ended, passed)
        return passed

    def processed_one(self, message: Message, *, first: bool) -> None:
        """A message was processed, for the first time or again; whose it is, its source says later (`passed_one`)."""
        self.processed += message.count
        if not first:
            self.duplicates += message.count
        elif not self.publishes:
            self.network.ended(message, "processed")

    def passed_one(self, message: Message) -> None:
        """A message that was processed is this node's now, and done."""
        self.entered += message.count
        self.finished += message.count

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

    # -- calls while it works -------------------------------------------------------------------------------------------

    def note_failed_calls(self, messages: Iterable[Message]) -> None:
        """Calls failed that these messages need: their attempts fail when they are judged (`failing`)."""
        self._calls_failed.update(messages)

    def calls_made(self) -> int:
        """Attempts at calls."""
        return self._of_calls("attempts")

    def calls_retried(self) -> int:
        """Calls that were tried again."""
        return self._of_calls("retries")

    def calls_timed_out(self) -> int:
        """Attempts at calls that were given up."""
        return self._of_calls("timed_out")

    def calls_failed(self) -> int:
        """Calls that failed for good."""
        return self.calls.failed if self.calls is not None else 0

    def _of_calls(self, name: str) -> int:
        return sum(int(getattr(line.caller, name)) for line in self.calls.lines) if self.calls is not None else 0

    def publishes_singles(self) -> str | None:
        """Why single messages must be processed: what they lead to goes where single ones matter. None if cohorts may."""
        if self.wires_out.get("calls"):
            return f"It calls {self.wires_out['calls'][0].target.name} while it works."
        for wire in self.wires_out.get("out", ()):
            if wire.parameters.per == "invocation":
                return f"It publishes to {wire.target.name} once for each batch."
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
