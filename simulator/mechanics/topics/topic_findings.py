"""What can be wrong with a topic as it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simulator.engine.placement import Link, Placed
from simulator.languages.filter_policies import policy_problems
from simulator.mechanics.topics.webhook_delivery import policy_problems as delivery_policy_problems
from simulator.vocabulary import Finding

LARGEST_TO_ALL_BYTES = 262144
LARGE_SUBSCRIPTIONS, FIREHOSE_SUBSCRIPTIONS = 100, 5


def check_topic(placed: Placed, subscriptions: Sequence[Link]) -> Iterable[Finding]:
    """Findings about a topic, its subscriptions and their dead-letter queues."""
    if not subscriptions:
        yield Finding("no-subscription", "warning", f"'{placed.name}' has no subscriptions: what is published is gone", "Wire it to a queue or a function", node=placed.id)
    for link in subscriptions:
        for problem in policy_problems(link.parameters.filter_policy, link.parameters.filter_policy_scope):
            yield Finding("filter-policy", "error", f"Filter policy of the subscription to '{link.other.name}': {problem}", "Correct the policy", wire=link.id, node=placed.id, parameter="filter_policy")
    subscribers = {link.other.id for link in subscriptions}
    if placed.parameters.fifo:
        for link in subscriptions:
            if link.other.kind != "sqs":
                yield Finding("fifo-subscriber", "error", f"'{placed.name}' is a FIFO topic, and '{link.other.name}' is no queue: only queues can subscribe", "Put a queue between them", wire=link.id, node=placed.id, parameter="fifo")
        if len(subscriptions) > 100:
            yield Finding("fifo-subscriptions", "error", f"'{placed.name}' has {len(subscriptions)} subscriptions; a FIFO topic has at most 100", "Use several topics", node=placed.id, parameter="fifo")
    dead_letters = placed.out_of("dlq")
    for link in dead_letters:
        if placed.parameters.fifo and not link.other.parameters.fifo:
            yield Finding("dead-letter-type", "error", f"'{placed.name}' is a FIFO topic, so the dead-letter queue '{link.other.name}' must be a FIFO queue", "Make it one", wire=link.id, node=link.other.id, parameter="fifo", related=(placed.id,))
        if link.parameters.subscriber and link.parameters.subscriber not in subscribers:
            yield Finding("unknown-subscriber", "error", f"'{link.parameters.subscriber}' does not subscribe to '{placed.name}'", f"Subscribers: {', '.join(sorted(subscribers)) or 'none'}", wire=link.id, node=placed.id, parameter="subscriber")
    if placed.parameters.maximum_message_size_bytes > LARGEST_TO_ALL_BYTES and len(subscriptions) > LARGE_SUBSCRIPTIONS:
        yield Finding("large-message-subscriptions", "error", f"'{placed.name}' takes messages above 256 KiB and has {len(subscriptions)} subscriptions; such a topic has at most {LARGE_SUBSCRIPTIONS}", "Lower the maximum message size, or use several topics", node=placed.id, parameter="maximum_message_size_bytes")
    streams = sum(link.other.kind == "firehose" for link in subscriptions)
    if streams > FIREHOSE_SUBSCRIPTIONS:
        yield Finding("firehose-subscriptions", "warning", f"'{placed.name}' has {streams} Firehose subscriptions; the quota is {FIREHOSE_SUBSCRIPTIONS} a topic", "Ask AWS for more, or use several topics", node=placed.id)
    policies = sum(link.parameters.filter_policy is not None for link in subscriptions)
    if policies > 200:
        yield Finding("filter-policy-quota", "warning", f"'{placed.name}' has {policies} filter policies; the quota is 200 a topic", "Ask AWS for more, or use several topics", node=placed.id)
    for link in placed.out_of("http"):
        for name, problem in delivery_policy_problems(link.parameters):
            yield Finding("delivery-policy", "error", f"Delivery policy of the subscription to '{link.other.name}': {problem}", "Correct the policy", wire=link.id, node=placed.id, parameter=name)
        if not any(queue.parameters.subscriber in ("", link.other.id) for queue in dead_letters):
            yield Finding("webhook-without-dead-letters", "note", f"'{link.other.name}' is tried for a minute or so, then its messages are lost", "Wire a dead-letter queue", wire=link.id, node=placed.id)
    too_large = [link for port in ("http", "people") for link in placed.out_of(port)] if placed.parameters.maximum_message_size_bytes > LARGEST_TO_ALL_BYTES else []
    for link in too_large:
        yield Finding("large-messages", "error", f"'{placed.name}' takes messages above 256 KiB, so '{link.other.name}' cannot subscribe: only queues, functions and Firehose can", "Lower the maximum message size", wire=link.id, node=placed.id, parameter="maximum_message_size_bytes")
