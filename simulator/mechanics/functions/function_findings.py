"""What is wrong with a function as it is drawn: its concurrency, its timeout, and the mappings that feed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.engine.placement import Link, Placed
from simulator.languages.event_patterns import pattern_problems
from simulator.mechanics.functions.batch_payload import STREAMED_BYTES, SYNCHRONOUS_BYTES
from simulator.mechanics.functions.cold_starts import INIT_LIMIT_S, SNAP_START_RUNTIMES, duration_factor
from simulator.mechanics.publishing import check_published
from simulator.mechanics.work_calls import check_calls
from simulator.units import format_duration
from simulator.vocabulary import Finding

BROKER_TIMEOUT_S = 840
"""Longest timeout of a function that a message broker or a Kafka cluster feeds."""
KEPT_UNRESERVED = 100
"""Of the account's concurrency, AWS lets functions reserve all but so much."""


def check_function(placed: Placed) -> Iterator[Finding]:
    """Findings of a function and its neighbours."""
    values = placed.parameters
    for link in placed.into("source"):
        yield from check_mapping(placed, link)
    for link in placed.into("stream"):
        yield from check_stream_mapping(placed, link)
    for link in placed.into("kafka"):
        yield from check_kafka_mapping(placed, link)
    for link in placed.into("broker"):
        yield from check_broker_mapping(placed, link)
    yield from check_payload(placed)
    yield from check_calls(placed, values.timeout_s)
    yield from check_environments(placed)
    if values.duration.expected_s() * duration_factor(values) > values.timeout_s:
        yield Finding("timeout-below-duration", "warning", f"'{placed.name}' needs more time on average than its timeout allows", "Raise the timeout", node=placed.id, parameter="timeout_s")
    if placed.into("events") and not placed.out_of("dlq") and not placed.out_of("on_failure"):
        yield Finding("no-failure-destination", "note", f"Asynchronous events that '{placed.name}' cannot process are lost", "Wire one of its ports for failed events to a queue or topic", node=placed.id)


def check_stream_mapping(placed: Placed, link: Link) -> Iterator[Finding]:
    """Findings of a mapping between a stream and the function."""
    mapping, stream, values = link.parameters, link.other, placed.parameters
    if 0 <= mapping.maximum_record_age_s < 60 or -1 < mapping.maximum_record_age_s < 0:
        yield Finding("record-age", "error", f"The maximum record age of the mapping to '{placed.name}' is 60 s at least, or -1 for none", "Set it to 60 s or more, or to -1", node=placed.id, wire=link.id, parameter="maximum_record_age_s")
    for problem in (f"pattern {place + 1}: {problem}" for place, pattern in enumerate(mapping.filter_criteria) for problem in pattern_problems(pattern)):
        yield Finding("filter-criteria", "error", f"Filter criteria of the mapping to '{placed.name}', {problem}", "Correct the pattern", node=placed.id, wire=link.id, parameter="filter_criteria")
    endless = mapping.maximum_retry_attempts < 0 and mapping.maximum_record_age_s < 0
    if endless:
        yield Finding("poison-blocks-shard", "note", f"A record of '{stream.name}' that '{placed.name}' always fails at blocks its shard until it expires",
                      "Set retry attempts or a record age, bisect, and wire the port for discarded batches", node=placed.id, wire=link.id, parameter="maximum_retry_attempts", related=(stream.id,))
    elif not placed.out_of("discarded"):
        yield Finding("discarded-without-trace", "note", f"Batches of '{stream.name}' that '{placed.name}' gives up vanish", "Wire the port for discarded batches to a queue, topic or bucket", node=placed.id, wire=link.id)
    lanes = getattr(stream.parameters, "shard_count", 1) * mapping.parallelization_factor
    if values.reserved_concurrency is not None and values.reserved_concurrency < lanes:
        yield Finding("reserved-below-lanes", "warning", f"'{placed.name}' reserves {values.reserved_concurrency}, but '{stream.name}' is read with {lanes} batches at once: shards wait for each other, unevenly",
                      "Reserve as many, or lower the parallelization factor", node=placed.id, parameter="reserved_concurrency", related=(stream.id,))


def check_broker_mapping(placed: Placed, link: Link) -> Iterator[Finding]:
    """Findings of a mapping between a queue of a message broker and the function."""
    mapping, broker, values = link.parameters, link.other, placed.parameters
    if values.timeout_s > BROKER_TIMEOUT_S:
        yield Finding("timeout-for-broker", "error", f"The timeout of '{placed.name}' is over 14 minutes, which a mapping of a message broker does not allow", "Set it to 840 s or less", node=placed.id, parameter="timeout_s", related=(broker.id,))
    for problem in (f"pattern {place + 1}: {problem}" for place, pattern in enumerate(mapping.filter_criteria) for problem in pattern_problems(pattern)):
        yield Finding("filter-criteria", "error", f"Filter criteria of the mapping to '{placed.name}', {problem}", "Correct the pattern", node=placed.id, wire=link.id, parameter="filter_criteria")
    if values.reserved_concurrency is not None and values.reserved_concurrency < mapping.concurrency:
        yield Finding("reserved-below-batches", "warning", f"'{placed.name}' reserves {values.reserved_concurrency}, but the mapping of '{broker.name}' has {mapping.concurrency} batches in progress at once: surplus batches are throttled",
                      "Reserve as many", node=placed.id, parameter="reserved_concurrency", related=(broker.id,))


def check_kafka_mapping(placed: Placed, link: Link) -> Iterator[Finding]:
    """Findings of a mapping between a Kafka topic and the function."""
    mapping, cluster, values = link.parameters, link.other, placed.parameters
    topics = [topic.name for topic in getattr(cluster.parameters, "topics", ())]
    if mapping.topic and mapping.topic not in topics:
        yield Finding("no-such-topic", "error", f"'{cluster.name}' has no topic '{mapping.topic}'", f"One of {', '.join(topics)}", node=placed.id, wire=link.id, parameter="topic")
    if values.timeout_s > BROKER_TIMEOUT_S:
        yield Finding("timeout-for-broker", "error", f"The timeout of '{placed.name}' is over 14 minutes, which a mapping of a Kafka topic does not allow", "Set it to 840 s or less", node=placed.id, parameter="timeout_s", related=(cluster.id,))
    yield from check_provisioned_kafka(placed, link)
    if mapping.maximum_retry_attempts < 0 and mapping.maximum_record_age_s < 0 and not (mapping.provisioned_mode and placed.out_of("discarded")):
        yield Finding("poison-blocks-partition", "note", f"A record of '{cluster.name}' that '{placed.name}' always fails at blocks its partition until it expires",
                      "Provisioned mode with retry attempts or a record age, bisect, and a wire at the port for discarded batches", node=placed.id, wire=link.id, parameter="maximum_retry_attempts", related=(cluster.id,))
    for problem in (f"pattern {place + 1}: {problem}" for place, pattern in enumerate(mapping.filter_criteria) for problem in pattern_problems(pattern)):
        yield Finding("filter-criteria", "error", f"Filter criteria of the mapping to '{placed.name}', {problem}", "Correct the pattern", node=placed.id, wire=link.id, parameter="filter_criteria")
    for target in placed.out_of("discarded") if placed.into("stream") else ():
        if hasattr(target.parameters, "linger_s"):
            yield Finding("destination-for-kafka", "error", f"'{placed.name}' sends discarded batches to a Kafka topic, which takes only those of Kafka topics, and it reads a stream too", "Send them to a queue, a topic of SNS or a bucket", node=placed.id, wire=target.id)


def check_provisioned_kafka(placed: Placed, link: Link) -> Iterator[Finding]:
    """Findings of the mode of a mapping of a Kafka topic."""
    mapping, cluster = link.parameters, link.other
    if not mapping.provisioned_mode:
        for name, rest in (("bisect_batch_on_function_error", False), ("maximum_retry_attempts", -1), ("maximum_record_age_s", -1), ("report_batch_item_failures", False)):
            if getattr(mapping, name) != rest:
                yield Finding("provisioned-only", "error", f"The mapping from '{cluster.name}' to '{placed.name}' is on demand: this is for provisioned mode", "Switch provisioned mode on, or leave it out", node=placed.id, wire=link.id, parameter=name)
    elif mapping.minimum_pollers > mapping.maximum_pollers:
        yield Finding("pollers-bounds", "error", f"The mapping from '{cluster.name}' to '{placed.name}' has more pollers at least ({mapping.minimum_pollers}) than at most ({mapping.maximum_pollers})", "Raise the maximum", node=placed.id, wire=link.id, parameter="maximum_pollers")
    if 0 <= mapping.maximum_record_age_s < 60 or -1 < mapping.maximum_record_age_s < 0:
        yield Finding("record-age", "error", f"The maximum record age of the mapping to '{placed.name}' is 60 s at least, or -1 for none", "Set it to 60 s or more, or to -1", node=placed.id, wire=link.id, parameter="maximum_record_age_s")


def check_environments(placed: Placed) -> Iterator[Finding]:
    """Findings of provisioned concurrency, SnapStart and initialisation."""
    values = placed.parameters
    provisioned, reserved = max(values.provisioned_concurrency, values.provisioned_maximum or 0), values.reserved_concurrency
    if reserved is not None and provisioned > reserved:
        yield Finding("provisioned-over-reserved", "error", f"'{placed.name}' has more provisioned concurrency ({provisioned}) than it reserves ({reserved})", "Reserve as much, or nothing", node=placed.id, parameter="provisioned_concurrency")
    if values.provisioned_maximum is not None and values.provisioned_maximum < values.provisioned_concurrency:
        yield Finding("provisioned-bounds", "error", f"'{placed.name}' scales provisioned concurrency up to {values.provisioned_maximum}, but starts with {values.provisioned_concurrency}", "Raise the maximum", node=placed.id, parameter="provisioned_maximum")
    if values.snap_start:
        yield from check_snap_start(placed, provisioned)
    elif not provisioned and values.init_code.quantile_s(0.5) > INIT_LIMIT_S:
        yield Finding("init-over-10-s", "warning", f"'{placed.name}' initialises for more than 10 s: an on-demand environment gives up then, and starts over inside its first invocation", "Initialise less, use SnapStart, or provisioned concurrency", node=placed.id, parameter="init_code")


def check_snap_start(placed: Placed, provisioned: int) -> Iterator[Finding]:
    """What SnapStart does not go with."""
    values = placed.parameters
    if provisioned:
        yield Finding("snap-start-provisioned", "error", f"'{placed.name}' has SnapStart and provisioned concurrency; AWS allows one of the two", "Switch one off", node=placed.id, parameter="snap_start")
    if values.runtime not in SNAP_START_RUNTIMES or values.package != "zip":
        yield Finding("snap-start-runtime", "error", f"SnapStart is for {', '.join(sorted(SNAP_START_RUNTIMES))} in zip packages, not for '{placed.name}' ({values.runtime}, {values.package})", "Switch it off, or choose another runtime", node=placed.id, parameter="snap_start")
    if values.ephemeral_storage_mb > 512:
        yield Finding("snap-start-storage", "error", f"SnapStart does not go with more than 512 MB of ephemeral storage, which '{placed.name}' has", "Use 512 MB", node=placed.id, parameter="ephemeral_storage_mb")


def check_account(account: Any, functions: Sequence[Placed]) -> Iterator[Finding]:
    """What all functions together take from the account: 100 of its concurrency must stay unreserved."""
    limit = account.concurrent_executions
    reserving = [placed for placed in functions if placed.parameters.reserved_concurrency]
    holding = [placed for placed in functions if placed.parameters.reserved_concurrency is None and placed.parameters.provisioned_concurrency]
    taken = sum(placed.parameters.reserved_concurrency for placed in reserving) + sum(placed.parameters.provisioned_concurrency for placed in holding)
    takers = [*reserving, *holding]
    if not takers or taken <= limit - KEPT_UNRESERVED:
        return
    names = ", ".join(f"'{placed.name}'" for placed in takers)
    words = f"reserve or provision {taken} together" if len(takers) > 1 else f"reserves or provisions {taken}"
    yield Finding("reserved-over-account", "warning", f"{names} {words}; the account must keep {KEPT_UNRESERVED} of its {limit} unreserved",
                  "Reserve or provision less, or raise the account's concurrency", node=takers[0].id, parameter="reserved_concurrency" if reserving else "provisioned_concurrency",
                  related=tuple(placed.id for placed in takers[1:]))


def check_payload(placed: Placed) -> Iterator[Finding]:
    """Findings of the size of what a function answers and publishes."""
    values = placed.parameters
    limit_bytes, words = (STREAMED_BYTES, "200 MB streamed") if values.response_streaming else (SYNCHRONOUS_BYTES, "6 MB")
    if placed.into("requests") and values.response_bytes > limit_bytes:
        yield Finding("response-too-large", "error", f"Answers of '{placed.name}' are larger than {words}: every synchronous invocation fails", "Make them smaller, stream them, or store them in a bucket", node=placed.id, parameter="response_bytes")
    yield from check_published(placed)


def check_mapping(placed: Placed, link: Link) -> Iterator[Finding]:
    """Findings of the mapping between a queue and a function."""
    mapping, queue, values = link.parameters, link.other, placed.parameters
    if mapping.batch_size > 10 and mapping.batching_window_s < 1:
        yield Finding("batch-needs-window", "error", f"A batch size of {mapping.batch_size} needs a batching window of at least 1 s", "Set the window, or a batch size of 10 or less", wire=link.id, node=placed.id, parameter="batch_size")
    if getattr(queue.parameters, "fifo", False) and (mapping.batch_size > 10 or mapping.batching_window_s > 0):
        name = "batching_window_s" if mapping.batching_window_s > 0 else "batch_size"
        yield Finding("fifo-batching", "error", f"'{queue.name}' is a FIFO queue: its mapping takes batches of 10 at most, and no batching window",
                      "Use a batch size of 10 or less and no window", wire=link.id, node=placed.id, parameter=name)
    yield from check_filters(placed, link)
    yield from check_pollers(placed, link)
    visibility_s = queue.parameters.visibility_timeout_s
    if visibility_s < values.timeout_s:
        yield Finding("visibility-below-timeout", "warning",
                      f"The visibility timeout of '{queue.name}' ({format_duration(visibility_s)}) is shorter than the timeout of '{placed.name}' ({format_duration(values.timeout_s)}): AWS refuses such a mapping, and messages are processed twice",
                      f"AWS recommends six times the function's timeout: {format_duration(6 * values.timeout_s + mapping.batching_window_s)}", node=queue.id, parameter="visibility_timeout_s", related=(placed.id,))
    elif visibility_s < 6 * values.timeout_s + mapping.batching_window_s:
        yield Finding("visibility-below-recommended", "note", f"The visibility timeout of '{queue.name}' is less than six times the timeout of '{placed.name}'",
                      f"AWS recommends {format_duration(6 * values.timeout_s + mapping.batching_window_s)}", node=queue.id, parameter="visibility_timeout_s", related=(placed.id,))
    reserved = values.reserved_concurrency
    if reserved is not None and not mapping.provisioned_mode and reserved < (mapping.maximum_concurrency or mapping.pollers_at_start):
        yield Finding("reserved-below-pollers", "warning",
                      f"'{placed.name}' reserves {reserved}, but the mapping polls with {mapping.maximum_concurrency or mapping.pollers_at_start} batches or more: surplus batches are throttled and use up receives",
                      "Set the mapping's maximum concurrency to the reserved concurrency or less", node=placed.id, wire=link.id, parameter="maximum_concurrency", related=(queue.id,))
    if queue.out_of("dlq") and queue.parameters.max_receive_count < 5:
        yield Finding("receive-count-below-recommended", "note", f"'{queue.name}' gives a message {queue.parameters.max_receive_count} receives; throttled batches use them up too",
                      "AWS recommends a max receive count of at least 5", node=queue.id, parameter="max_receive_count")


def check_filters(placed: Placed, link: Link) -> Iterator[Finding]:
    """Findings of the filter criteria of a mapping."""
    criteria, queue = link.parameters.filter_criteria, link.other
    for number, pattern in enumerate(criteria, 1):
        for problem in pattern_problems(pattern):
            yield Finding("event-pattern", "error", f"Filter {number} of the mapping from '{queue.name}' to '{placed.name}': {problem}", "Correct the pattern", node=placed.id, wire=link.id, parameter="filter_criteria")
    if len(criteria) > 5:
        yield Finding("filter-quota", "warning", f"The mapping from '{queue.name}' to '{placed.name}' has {len(criteria)} filters; the quota is 5", "Ask AWS for up to 10, or join some of them", node=placed.id, wire=link.id, parameter="filter_criteria")
    if criteria and queue.out_of("dlq"):
        yield Finding("filtered-not-dead-lettered", "note", f"Messages of '{queue.name}' that match no filter of '{placed.name}' are deleted; they never reach its dead-letter queue", "Try the filters on messages", node=placed.id, wire=link.id, parameter="filter_criteria")


def check_pollers(placed: Placed, link: Link) -> Iterator[Finding]:
    """Findings of the provisioned pollers of a mapping."""
    mapping, queue, reserved = link.parameters, link.other, placed.parameters.reserved_concurrency
    if not mapping.provisioned_mode:
        return
    if mapping.maximum_concurrency is not None:
        yield Finding("provisioned-mode-maximum", "error", f"The mapping from '{queue.name}' to '{placed.name}' has provisioned pollers and a maximum concurrency; AWS allows one of the two", "Leave the maximum concurrency empty", node=placed.id, wire=link.id, parameter="maximum_concurrency")
    if mapping.minimum_pollers > mapping.maximum_pollers:
        yield Finding("pollers-bounds", "error", f"The mapping from '{queue.name}' to '{placed.name}' has more pollers at least ({mapping.minimum_pollers}) than at most ({mapping.maximum_pollers})", "Raise the maximum", node=placed.id, wire=link.id, parameter="maximum_pollers")
    if reserved is not None and reserved < 10 * mapping.minimum_pollers:
        yield Finding("reserved-below-pollers", "warning", f"'{placed.name}' reserves {reserved}, but {mapping.minimum_pollers} provisioned pollers invoke up to {10 * mapping.minimum_pollers} at once: surplus batches are throttled and use up receives",
                      "Reserve more, or have fewer pollers", node=placed.id, wire=link.id, parameter="minimum_pollers", related=(queue.id,))
