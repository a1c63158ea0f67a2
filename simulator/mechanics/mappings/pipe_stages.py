"""What an EventBridge pipe does with a batch: filter, enrichment and target, one after the other, until the batch is done or comes back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Cause, Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import compile_pattern, queue_record_of
from simulator.measures import Gauge, Spread
from simulator.mechanics.mappings.event_source_mapping import BatchDone
from simulator.mechanics.mappings.pipe_parameters import AccountExecutions
from simulator.mechanics.redelivery import jittered
from simulator.vocabulary import ParameterSet

if TYPE_CHECKING:
    from simulator.engine.network import Network

CHUNK_BYTES = 65536
FIRST_PAUSE_S = 1.0
MOST_DOUBLINGS = 8
"""Pauses before a throttled stage is tried again; from memory, as their number."""


class Executions:
    """Executions in progress of all pipes of the account."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.running = 0


class Execution:
    """One batch on its way through the stages."""

    __slots__ = ("batch", "done", "failed", "filtered", "left", "stage_s", "started_s", "taken", "throttles", "waits_for")

    def __init__(self, batch: list[Message], filtered: list[Message], done: BatchDone, now_s: float) -> None:
        self.batch = batch
        self.filtered = filtered
        self.done = done
        self.started_s = self.stage_s = now_s
        self.left: Sequence[Message] = batch
        """What the target has still to get."""
        self.taken: list[Message] = []
        self.failed: list[Message] = []
        self.throttles = 0
        """How often the present stage was throttled."""
        self.waits_for: Cause | None = None
        """What held the present stage up; None for the pipe itself."""


def _is_single(execution: Execution) -> bool:
    """Whether the batch is one message, which then goes on by itself."""
    return len(execution.batch) == 1 and execution.batch[0].count == 1


class PipeStages(Node):
    """The executions of a pipe. Where batches come from and go back to, its subclass says."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        quota = network.account.get(self.kind) or AccountExecutions()
        self.account = network.shared("pipe executions", lambda: Executions(quota.concurrent_executions))  # type: ignore[attr-defined]
        self.concurrency = self.limit("executions", "Pipe executions of the account", self.account.limit)
        self.events = self.filtered = self.executions = self.delivered = 0
        self.throttled = self.failed = self.partially_failed = self.timed_out = self.requests_billed = self.stage_retries = 0
        self.durations, self.enrichment_durations, self.target_durations = Spread(), Spread(), Spread()
        self.outstanding = Gauge()
        self.ends: dict[Message, str] = {}
        """How messages end that are done with here."""
        self.client_errors = 0
        """Client errors in a row."""
        self.record_of: Callable[[Mapping[str, Any], Any], Any] = queue_record_of
        """What the filter sees of a message, by its attributes and body."""
        self._passes: dict[MessageType, bool] = {}
        self._matches = compile_pattern(self.parameters.filter_pattern)
        self._without_failures: dict[MessageType, MessageType] = {}
        self._reported, self._jitter = self.stream("reported failures"), self.stream("jitter").uniform
        self._stage_s = self.parameters.stage_latency.sampler(self.stream("stage"))
        self._stage_cause = self.cause("stage", "Stages of the pipe", Culprit(id, "stage_latency"), capacity=False)

    def enable(self, enabled: bool) -> None:
        """Read, or stop reading."""
        raise NotImplementedError

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        """These messages are done with: delete them; return how many are the pipe's now."""
        raise NotImplementedError

    def run_batch(self, batch: list[Message], done: BatchDone, partial: bool) -> Refusal | None:
        now_s = self.agenda._now
        passing = [message for message in batch if self._passes_filter(message.type)]
        filtered = [message for message in batch if not self._passes_filter(message.type)] if len(passing) < len(batch) else []
        execution = Execution(passing, filtered, done, now_s)
        if not passing:
            self.agenda.at(now_s, self._all_filtered, execution)
            return None
        if self.account.running >= self.account.limit:
            self.throttled += 1
            return Refusal(Outcome.THROTTLED, "pipe_executions", "Pipe executions of the account used up")
        self.account.running += 1
        self.concurrency.add(1, now_s)
        self.executions += 1
        self.events += sum(message.count for message in passing)
        self.requests_billed += max(1, math.ceil(sum(message.size_bytes * message.count for message in passing) / CHUNK_BYTES))
        enriched = bool(self.wires_out["enrichment"])
        self.agenda.at(now_s + self._stage_s(), self._enrich if enriched else self._deliver, execution)
        return None

    def _passes_filter(self, message_type: MessageType) -> bool:
        passes = self._passes.get(message_type)
        if passes is None:
            passes = self._passes[message_type] = self._matches(self.record_of(message_type.attributes, message_type.body))
        return passes

    def _all_filtered(self, execution: Execution) -> None:
        self._settle(execution)

    def discard(self, wire: Wire, attempts: Sequence[Message]) -> None:
        self.ends.update(dict.fromkeys(attempts, "filtered out"))
        self.take_over(wire, attempts)

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        return Culprit(self.id)

    def _begin_stage(self, execution: Execution) -> float:
        now_s = self.agenda._now
        cause, execution.waits_for = execution.waits_for or self._stage_cause, None
        for message in execution.batch:
            spend(message, cause, execution.stage_s, now_s)
        execution.stage_s = now_s
        return float(execution.started_s + self.parameters.timeout_s - now_s)

    def _is_tried_again(self, execution: Execution, refusal: Refusal, stage: Callable[[Execution], None], wire: Wire) -> bool:
        """Whether a stage that was throttled is tried again; then that is booked."""
        if refusal.outcome is not Outcome.THROTTLED or execution.throttles >= self.parameters.throttle_retries:
            return False
        again_s = self.agenda._now + jittered(FIRST_PAUSE_S * 2 ** min(execution.throttles, MOST_DOUBLINGS), self._jitter)
        if again_s > execution.started_s + self.parameters.timeout_s:
            return False
        execution.throttles += 1
        self.stage_retries += 1
        execution.waits_for = self.cause("throttled", f"{wire.target.name} throttles", Culprit(wire.target.id))
        self.agenda.at(again_s, stage, execution)
        return True

    def _enrich(self, execution: Execution) -> None:
        left_s = self._begin_stage(execution)
        wire = self.wires_out["enrichment"][0]

        def answered(request: Message, refusal: Refusal | None) -> None:
            self._answered(execution, request, refusal, self.enrichment_durations, "enrichment", wire)
            if refusal is None:
                self._take_out_reported(execution, "enrichment")
                execution.throttles = 0
                self.agenda.at(self.agenda._now + self._stage_s(), self._deliver, execution)
            elif not self._is_tried_again(execution, refusal, self._enrich, wire):
                self._fail(execution, refusal)

        self._ask(wire, self._request(execution, "enrichment"), answered, left_s)

    def _deliver(self, execution: Execution) -> None:
        left_s = self._begin_stage(execution)
        if not execution.left:
            self._settle(execution)
        elif self.wires_out["out"]:
            self._send(execution, self.wires_out["out"][0])
        elif self.wires_out["requests"]:
            self._invoke(execution, self.wires_out["requests"][0], left_s)
        else:
            self.ends.update(dict.fromkeys(execution.left, "no target"))
            execution.taken.extend(execution.left)
            self._settle(execution)

    def _send(self, execution: Execution, wire: Wire) -> None:
        throttled: list[Message] = []
        refused: list[tuple[Message, Refusal]] = []
        for message in execution.left:
            copy = self._copy(message)
            refusal = wire.send(copy)
            if refusal is None:
                self.created += copy.count
                execution.taken.append(message)
            else:
                refused.append((message, refusal))
        throttle = next((refusal for _, refusal in refused if refusal.outcome is Outcome.THROTTLED), None)
        if throttle is not None and self._is_tried_again(execution, throttle, self._deliver, wire):
            throttled = [message for message, refusal in refused if refusal.outcome is Outcome.THROTTLED]
        for message, refusal in refused:
            if message not in throttled:
                execution.failed.append(message)
                self._note_error(refusal)
        execution.left = throttled
        if not throttled:
            self.target_durations.add(self.agenda._now - execution.stage_s)
            self._settle(execution)

    def _invoke(self, execution: Execution, wire: Wire, left_s: float) -> None:
        def answered(request: Message, refusal: Refusal | None) -> None:
            self._answered(execution, request, refusal, self.target_durations, "target", wire)
            if refusal is not None:
                if not self._is_tried_again(execution, refusal, self._deliver, wire):
                    self._fail(execution, refusal)
                return
            self._take_out_reported(execution, "target")
            if not _is_single(execution):
                self.ends.update(dict.fromkeys(execution.left, f"handed to {wire.target.name}"))
            execution.taken.extend(execution.left)
            self._settle(execution)

        self._ask(wire, self._request(execution, "target"), answered, left_s)

    def _reports(self, execution: Execution, stage: str) -> bool:
        """Whether this stage says which messages of the batch failed."""
        return bool(self.parameters.reports_failures == stage and not _is_single(execution) and not self.wires_in["broker"])

    def _take_out_reported(self, execution: Execution, stage: str) -> None:
        """What the stage reports as failed goes no further; nor does, of an ordered source, what follows it (in the same group, of a queue)."""
        if not self._reports(execution, stage):
            return
        in_stream = not self.wires_in["source"]
        left: list[Message] = []
        stopped: set[int | None] = set()
        for message in tuple(execution.left):
            chance = 1 - (1 - self.parameters.reported_share) * (1 - message.type.failure_probability)
            count = 0 if None in stopped or message.key in stopped else self._reported.binomial(message.count, chance) if chance > 0 else 0
            failed = message
            if 0 < count < message.count and not in_stream:
                failed = message.source.split_attempt(message, count)
                left.append(message)
                execution.batch.append(failed)
            elif not count and not (None in stopped or message.key in stopped):
                left.append(message)
                continue
            execution.failed.append(failed)
            if in_stream or message.source.in_order:
                stopped.add(None if in_stream else message.key)
        execution.left = left

    def _ask(self, wire: Wire, request: Message, answered: Any, left_s: float) -> None:
        self.created += 1
        self.outstanding.add(1, self.agenda._now)
        wire.invoke(request, answered, max(0.0, left_s))

    def _request(self, execution: Execution, stage: str) -> Message:
        """What is sent for the batch: to the target the message itself if it is one, else a request of the size of all."""
        first = execution.left[0]
        if stage == "target" and _is_single(execution):
            return self._copy(first)
        size_bytes = sum(message.size_bytes * message.count for message in execution.left)
        message_type = self._type_without_failures(first.type) if self._reports(execution, stage) else first.type
        return Message(1, message_type, self.agenda._now, first.path, size_bytes, first.key, first.number)

    def _type_without_failures(self, message_type: MessageType) -> MessageType:
        """For a request whose failed messages are reported: its answer succeeds."""
        if message_type.failure_probability == 0:
            return message_type
        return self._without_failures.setdefault(message_type, replace(message_type, failure_probability=0.0))

    def _copy(self, message: Message) -> Message:
        copy = message.copy()
        if self.parameters.input_bytes is not None:
            copy.size_bytes = self.parameters.input_bytes
        return copy

    def _answered(self, execution: Execution, request: Message, refusal: Refusal | None, spread: Spread, name: str, wire: Wire) -> None:
        now_s = self.agenda._now
        self.outstanding.add(-1, now_s)
        spread.add(now_s - execution.stage_s)
        cause = self.cause(name, f"{name.capitalize()}: {wire.target.name}", Culprit(wire.target.id))
        carried = wire.source_port.name == "requests" and _is_single(execution)
        for message in execution.batch:
            if not carried or (refusal is not None and refusal.outcome is Outcome.TIMED_OUT):
                spend(message, cause, execution.stage_s, now_s)
            elif refusal is not None:
                message.legs = request.legs
        execution.stage_s = now_s
        if refusal is not None:
            self.finished += 1

    def _fail(self, execution: Execution, refusal: Refusal) -> None:
        if refusal.outcome is Outcome.TIMED_OUT:
            self.timed_out += 1
        self._note_error(refusal)
        execution.failed.extend(execution.left)
        self._settle(execution)

    def _note_error(self, refusal: Refusal) -> None:
        self.client_errors = 0 if refusal.retryable else self.client_errors + 1
        limit = self.parameters.stops_after_client_errors
        if limit and self.client_errors >= limit:
            self.log("warning", f"The pipe stops: {self.client_errors} client errors in a row ({refusal.title}).")
            self.enable(False)

    def _settle(self, execution: Execution) -> None:
        now_s = self.agenda._now
        succeeded, failed = execution.taken, execution.failed
        if execution.batch:
            self.account.running -= 1
            self.concurrency.add(-1, now_s)
            self.durations.add(now_s - execution.started_s)
        if succeeded:
            self.client_errors = 0
        if succeeded and failed:
            self.partially_failed += 1
        elif failed:
            self.failed += 1
        self.delivered += sum(message.count for message in succeeded)
        self.filtered += sum(message.count for message in execution.filtered)
        if not (failed and self.wires_in["broker"]):  # a broker delivers all of the batch again
            self.ends.update(dict.fromkeys(execution.filtered, "filtered out"))
        execution.done([*succeeded, *execution.filtered], failed, bool(failed))
