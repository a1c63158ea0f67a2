"""Requests to a function whose callers wait for the answer: their payloads, and answers that are streamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simulator.engine.message import Message
from simulator.engine.node import Reply
from simulator.engine.outcomes import Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.mechanics.functions.batch_payload import STREAMED_BYTES, STREAMED_BYTES_PER_S, SYNCHRONOUS_BYTES
from simulator.mechanics.functions.function_bill import FunctionBill
from simulator.mechanics.functions.invocation import HandlerFailure, InvocationDone
from simulator.vocabulary import Values

ENDS = {HandlerFailure.NO: "failed", HandlerFailure.ERROR: "failed", HandlerFailure.CRASH: "crashed", HandlerFailure.TIMEOUT: "ran into its timeout"}


class RequestedFunction(Protocol):
    """The function that answers."""

    name: str
    parameters: Values
    bill: FunctionBill
    errors: int
    payloads_refused: int

    def run(self, batch: Sequence[Message], done: InvocationDone, *, synchronous: bool, partial: bool = False, extra_s: float = 0.0, behalf: tuple[Wire, Message] | None = None) -> Refusal | None:
        """Start an invocation, or say why not."""

    def passed(self, message: Message, first: bool) -> None:
        """The message was processed."""


class Requests:
    """The requests to one function."""

    def __init__(self, function: RequestedFunction) -> None:
        self.function = function

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        """Answer one request."""

        def done(succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: HandlerFailure) -> None:
            refusal = self._answer() if succeeded else Refusal(Outcome.FAILED, (handler_failed or HandlerFailure.ERROR).value, f"{self.function.name} {ENDS[handler_failed]}")
            in_time = wire.answered(message, refusal)
            if refusal is None:
                self.function.passed(message, first=in_time)
            reply(message, refusal)

        refusal = self._too_large(message) or self.function.run((message,), done, synchronous=True, extra_s=self._streaming_s(), behalf=(wire, message))
        if refusal is not None:
            wire.answered(message, refusal)
            reply(message, refusal)

    def _too_large(self, message: Message) -> Refusal | None:
        if message.size_bytes <= SYNCHRONOUS_BYTES:
            return None
        self.function.payloads_refused += message.count
        return Refusal(Outcome.REJECTED, "payload_size", f"Requests to {self.function.name} may have 6 MB", retryable=False, status=413)

    def _streaming_s(self) -> float:
        """What streaming the answer adds to the time of an invocation."""
        values = self.function.parameters
        if not values.response_streaming:
            return 0.0
        return float(max(0, min(values.response_bytes, STREAMED_BYTES) - SYNCHRONOUS_BYTES) / STREAMED_BYTES_PER_S)

    def _answer(self) -> Refusal | None:
        """Whether the answer is too large to be given: the function has failed then, after its work."""
        values = self.function.parameters
        size_bytes: int = values.response_bytes
        if size_bytes <= (STREAMED_BYTES if values.response_streaming else SYNCHRONOUS_BYTES):
            self.function.bill.streamed_bytes += max(0, size_bytes - SYNCHRONOUS_BYTES)
            return None
        self.function.errors += 1
        self.function.payloads_refused += 1
        return Refusal(Outcome.FAILED, "response_size", f"The answer of {self.function.name} is too large", retryable=False, status=413)
