"""One run of a function's handler: how long it takes, which messages fail, and what becomes of the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from simulator.engine.message import Message
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.functions.cold_starts import ColdStart, duration_factor
from simulator.mechanics.functions.environments import Environment
from simulator.vocabulary import Values


class HandlerFailure(StrEnum):
    """How the handler itself failed, as its callers are told; not at all is false."""

    NO = ""
    ERROR = "function_error"
    TIMEOUT = "function_timeout"
    CRASH = "function_crash"


InvocationDone = Callable[[Sequence[Message], Sequence[Message], HandlerFailure], None]
"""Called with (succeeded, failed, how the handler itself failed) when an invocation ends."""


class Invocation:
    """One run of the handler, from admission to its end."""

    __slots__ = ("batch", "behalf", "booked", "crashed", "done", "duration_s", "environment", "failed", "partial", "start", "started_s", "timed_out")

    def __init__(self, batch: Sequence[Message], done: InvocationDone, started_s: float, environment: Environment, start: ColdStart, partial: bool, behalf: tuple[Wire, Message] | None = None) -> None:
        self.batch = batch
        self.behalf = behalf
        self.booked = False
        self.done = done
        self.partial = partial
        self.started_s = started_s
        self.environment = environment
        self.start = start
        self.duration_s = 0.0
        self.crashed = False
        self.failed: list[Message] = []
        self.timed_out = False


class HandlerOwner(Protocol):
    """The function whose handler it is."""

    parameters: Values
    fails_share: float
    slow_factor: float

    def failing(self, message: Message) -> int:
        """Draw how many of the messages of this token fail at this attempt."""

    def publish(self, message: Message, first: bool = True) -> bool:
        """Send what processing ``message`` results in; false if a service refused it."""

    def stream(self, purpose: str) -> Stream:
        """A random stream of the function's own."""


class Handler:
    """The code of a function, as far as time and failures go. ``factor`` is what memory makes of its durations."""

    def __init__(self, function: HandlerOwner) -> None:
        self.function = function
        self._parameters = function.parameters
        self._crashes = function.stream("crashes")
        self.factor = 1.0
        self.duration_changed()

    def duration_changed(self) -> None:
        """The distribution of the duration, or what memory makes of it, is another from now on."""
        self.factor = duration_factor(self._parameters)
        self._draw_s: Callable[[], float] = self._parameters.duration.sampler(self.function.stream("duration"))

    def work(self, invocation: Invocation, extra_s: float = 0.0) -> None:
        """Draw how long the handler runs, and which messages fail. A handler without partial responses stops at a failure.

        ``extra_s`` is spent beside the work: an initialisation inside the invocation, or an answer that is streamed.
        """
        draw = self._draw_s
        batch = invocation.batch
        longest_s = total_s = 0.0
        may_fail = bool(self._parameters.failure_probability or self.function.fails_share)
        for message in batch:
            for _ in range(message.count):
                drawn_s = draw()
                total_s += drawn_s
                if drawn_s > longest_s:
                    longest_s = drawn_s
            if (may_fail or message.type.failure_probability) and self._fails(invocation, message):
                break
        work = self._parameters.batch_work
        duration_s = total_s if work == "sequential" else longest_s if work == "parallel" else drawn_s
        duration_s = duration_s * self.factor * self.function.slow_factor + extra_s
        if duration_s > self._parameters.timeout_s:
            invocation.timed_out = True
            duration_s = self._parameters.timeout_s
            invocation.failed = list(batch)
        elif invocation.failed and not invocation.partial:
            invocation.failed = list(batch)
            invocation.crashed = self._parameters.crash_share > 0 and self._crashes.uniform() < self._parameters.crash_share
        invocation.duration_s = duration_s

    def called(self, invocation: Invocation, failed: Sequence[Message], expired: bool, now_s: float) -> None:
        """The calls of the handler are over: they took time, some of them failed, or the time was up before."""
        invocation.duration_s = now_s - invocation.started_s - invocation.start.before_s
        if expired:
            invocation.timed_out = True
            invocation.duration_s = self._parameters.timeout_s
        if expired or (failed and not invocation.partial):
            invocation.failed = list(invocation.batch)
        elif failed and failed[0].source.in_order:
            # in a queue that keeps an order, what follows a failure has failed too
            batch = list(invocation.batch)
            first = min(batch.index(message) for message in (*failed, *invocation.failed))
            invocation.failed = batch[first:]
        else:
            invocation.failed.extend(message for message in failed if message not in invocation.failed)

    def _fails(self, invocation: Invocation, message: Message) -> bool:
        """Whether the handler stops at this message."""
        count = self.function.failing(message)
        if count == 0:
            return False
        if invocation.partial and count < message.count:
            message = message.source.split_attempt(message, count)
            invocation.batch = [*invocation.batch, message]
        invocation.failed.append(message)
        if invocation.partial and message.source.in_order:
            place = list(invocation.batch).index(message)
            invocation.failed.extend(invocation.batch[place + 1 :])
            return True
        return not invocation.partial

    def settle(self, invocation: Invocation) -> tuple[Sequence[Message], Sequence[Message], HandlerFailure]:
        """Publish what came of the messages: (succeeded, failed, how the handler itself failed)."""
        failed = invocation.failed
        how = HandlerFailure.TIMEOUT if invocation.timed_out else HandlerFailure.CRASH if invocation.crashed else HandlerFailure.ERROR
        handler_failed = how if failed and (invocation.timed_out or not invocation.partial) else HandlerFailure.NO
        succeeded: list[Message] = []
        for message in invocation.batch:
            if message not in failed:
                (succeeded if self.function.publish(message, not succeeded) else failed).append(message)
        if failed and not invocation.partial:
            return (), list(invocation.batch), how
        return succeeded, failed, handler_failed
