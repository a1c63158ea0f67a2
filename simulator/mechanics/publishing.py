"""What is published for messages that were processed: how many messages, of which type and size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from simulator.engine.message import Message, MessageType
from simulator.engine.placement import Link, Placed
from simulator.mechanics.message_attributes import Attribute
from simulator.vocabulary import Finding, ParameterSet, Values, parameter


class PublishParameters(ParameterSet):
    """What is published on a wire for what was processed."""

    share: float = parameter(
        1.0, "Share of the processed messages (or invocations) for which something is sent here.", title="Share", unit="share", ge=0, le=1, changeable=True)
    messages: int = parameter(1, "Messages sent each time.", title="Messages each time", unit="messages", ge=1, le=1000, changeable=True)
    per: Literal["message", "invocation"] = parameter(
        "message", "For each message processed, or once for each invocation or batch, however many messages it carries.", title="Sent for each", changeable=True)
    message_type: str = parameter(
        "", "Name of what is sent; on an event bus it is the detail type. Empty: the message goes on as it is.", title="Message type", section="Content", max_length=100)
    size_bytes: int | None = parameter(None, "Size of what is sent. Empty: as large as what was processed.", title="Size", unit="bytes", section="Content", ge=1, le=268_435_456)
    body: dict[str, Any] | None = parameter(
        None, 'JSON body of what is sent, which filters look at; on an event bus the detail, or a whole event with "source" and "detail-type". Only with a message type.',
        title="Body", section="Content", widget="json")
    attributes: dict[str, Attribute] = parameter(dict, "Message attributes of what is sent. Only with a message type.", title="Attributes", section="Content", widget="json")


class Publication:
    """What goes out on one wire. Types are made once for each type of message processed."""

    def __init__(self, settings: Values) -> None:
        self.settings = settings
        self._types: dict[MessageType, MessageType] = {}

    def result_of(self, message: Message, count: int) -> Message:
        """What is sent for ``count`` of the messages of this token, which is a message of its own."""
        settings = self.settings
        result = message.copy()
        result.count = count
        if settings.message_type:
            made = self._types.get(message.type)
            if made is None:
                made = self._types[message.type] = self._made_of(message.type)
            result.type = made
        if settings.size_bytes is not None:
            result.size_bytes = settings.size_bytes
        return result

    def _made_of(self, original: MessageType) -> MessageType:
        settings = self.settings
        attributes = {name: attribute.model_dump() for name, attribute in settings.attributes.items()}
        return MessageType(settings.message_type, settings.size_bytes or original.size_bytes, attributes, settings.body, draw_key=original.draw_key)


def check_published(placed: Placed) -> Iterator[Finding]:
    """What is wrong with what a node publishes."""
    for link in placed.out_of("out"):
        settings = link.parameters
        if settings.message_type:
            continue
        if settings.body is not None or settings.attributes:
            yield Finding("published-without-type", "error", f"What '{placed.name}' publishes to '{link.other.name}' has a body or attributes, but no message type", "Name the message type", node=placed.id, wire=link.id, parameter="message_type")
        if settings.messages * settings.share > 1 and leads_back(placed, link):
            yield Finding("multiplying-loop", "error", f"What '{placed.name}' publishes to '{link.other.name}' comes back to it, {settings.messages} for each: the messages would multiply without end", "Publish one for each, another message type, or to somewhere else",
                          node=placed.id, wire=link.id, parameter="messages")


def leads_back(placed: Placed, first: Link) -> bool:
    """Whether what leaves on this wire can come back to the node."""
    ahead, seen = [first.other], {first.other.id}
    while ahead:
        node = ahead.pop()
        if node is placed:
            return True
        for link in node.outgoing:
            if link.other.id not in seen:
                seen.add(link.other.id)
                ahead.append(link.other)
    return False
