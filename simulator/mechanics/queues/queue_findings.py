"""What can be wrong with a queue as it is drawn."""

from __future__ import annotations

from collections.abc import Iterable

from simulator.engine.placement import Placed
from simulator.mechanics.queues.redrive_task import check_redrive
from simulator.vocabulary import Finding


def check_queue(placed: Placed) -> Iterable[Finding]:
    """Findings about a queue, its consumers and its dead-letter queue."""
    values = placed.parameters
    if not placed.out_of("out") and not any(link.other_port == "dlq" for link in placed.into("in")):
        yield Finding("no-consumer", "note", f"Nothing consumes from '{placed.name}': messages stay until retention deletes them", "Wire it to a consumer", node=placed.id)
    if placed.out_of("out") and not placed.out_of("dlq"):
        yield Finding("no-dead-letter-queue", "note", f"'{placed.name}' has no dead-letter queue: a message that always fails is tried until retention deletes it",
                      "Wire its dead-letter port to a queue", node=placed.id)
    yield from _check_type(placed)
    yield from check_redrive(placed)
    for link in placed.out_of("dlq"):
        if link.other is placed:
            yield Finding("own-dead-letter-queue", "error", f"'{placed.name}' is its own dead-letter queue", "Wire the port to another queue", node=placed.id, wire=link.id)
        elif not values.fifo and link.other.parameters.message_retention_period_s <= values.message_retention_period_s:
            yield Finding("dead-letter-retention", "warning",
                          f"'{link.other.name}' keeps messages no longer than '{placed.name}', and counts from the first enqueue: dead letters may vanish before anyone looks",
                          "Give the dead-letter queue a longer retention", node=link.other.id, parameter="message_retention_period_s", related=(placed.id,))


def _check_type(placed: Placed) -> Iterable[Finding]:
    """Findings about standard, fair and FIFO queues."""
    values = placed.parameters
    for link in placed.out_of("dlq"):
        if link.other.parameters.fifo != values.fifo:
            yield Finding("dead-letter-type", "error", f"The dead-letter queue '{link.other.name}' must be a {'FIFO' if values.fifo else 'standard'} queue, like '{placed.name}'",
                          "Make both queues of one type", node=link.other.id, wire=link.id, parameter="fifo", related=(placed.id,))
    if values.fifo and values.fair:
        yield Finding("fair-and-fifo", "error", f"'{placed.name}' is both FIFO and fair: fair queues are standard queues", "Turn one of the two off", node=placed.id, parameter="fair")
    if values.fifo_throughput_limit == "perMessageGroupId" and values.deduplication_scope != "messageGroup":
        yield Finding("throughput-needs-scope", "error", f"'{placed.name}': a throughput limit per message group id needs the deduplication scope messageGroup",
                      "Set the deduplication scope to messageGroup", node=placed.id, parameter="deduplication_scope")
    for link in placed.into("in"):
        if values.fifo and getattr(link.parameters, "delay_s", None) is not None:
            yield Finding("message-delay-on-fifo", "error", f"'{link.other.name}' gives its messages a delay, but FIFO queues know only a delay of the queue",
                          f"Remove it, and set the delay of '{placed.name}'", node=placed.id, wire=link.id, parameter="delay_s")
