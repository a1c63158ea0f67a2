"""What a function's destinations get: a record of the invocation, with the event and the answer in it."""

from __future__ import annotations

from simulator.engine.message import Message, MessageType
from simulator.engine.wire import Wire
from simulator.vocabulary import Values

CONDITIONS = {"retries": "RetriesExhausted", "event_age": "EventAgeExceeded", "stopped": "ZeroReservedConcurrency", "recursion": "RecursiveInvocation"}
"""Why an event failed for good, by the name of the loss. The first two are AWS's words."""


class InvocationRecords:
    """Makes the records of one function; types are made once for each type of message and condition."""

    def __init__(self, name: str, parameters: Values) -> None:
        self._name = name
        self._parameters = parameters
        self._types: dict[tuple[MessageType, str, bool], MessageType] = {}

    def record_of(self, message: Message, condition: str, wire: Wire) -> Message:
        """The record of ``message`` for the destination at ``wire``; ``condition`` is ``Success``, or why it failed."""
        record = message.copy()
        on_bus = "events:PutEvents" in wire.target_port.actions
        key = (message.type, condition, on_bus)
        made = self._types.get(key)
        if made is None:
            made = self._types[key] = self._made_of(message.type, condition, on_bus)
        record.type = made
        record.size_bytes = message.size_bytes + self._parameters.response_bytes + self._parameters.invocation_record_bytes
        return record

    def _made_of(self, original: MessageType, condition: str, on_bus: bool) -> MessageType:
        succeeded = condition == "Success"
        body = {
            "version": "1.0",
            "requestContext": {"functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{self._name}:$LATEST", "condition": condition},
            "requestPayload": original.body,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"} | ({} if succeeded else {"functionError": "Unhandled"}),
        }
        word = "Success" if succeeded else "Failure"
        if on_bus:
            body = {"source": "lambda", "detail-type": f"Lambda Function Invocation Result - {word}", "detail": body}
        return MessageType(f"{original.name}: {word.lower()}", original.size_bytes, {}, body, draw_key=original.draw_key)
