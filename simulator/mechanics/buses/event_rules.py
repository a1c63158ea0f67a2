"""What the checks of buses share: patterns on wires, and dead-letter queues of targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from simulator.engine.placement import Link, Placed
from simulator.languages.event_patterns import QUOTA_CHARACTERS, compile_pattern, event_of, pattern_length, pattern_problems
from simulator.vocabulary import Finding


def targets_of(placed: Placed) -> list[Link]:
    """The wires to targets."""
    return [link for link in placed.outgoing if link.port != "dlq"]


def check_pattern(placed: Placed, link: Link) -> Iterator[Finding]:
    """What is wrong with the pattern on a wire to a target; that it matches nothing is no error to AWS, but hardly meant."""
    pattern = link.parameters.event_pattern
    problems = pattern_problems(pattern)
    for problem in problems:
        yield Finding("event-pattern", "error", f"Event pattern of the wire to '{link.other.name}': {problem}", "Correct the pattern", node=placed.id, wire=link.id, parameter="event_pattern")
    if pattern is None or problems:
        return
    if pattern_length(pattern) > QUOTA_CHARACTERS:
        yield Finding("event-pattern-quota", "warning", f"The event pattern of the wire to '{link.other.name}' has {pattern_length(pattern):,} characters; the quota is {QUOTA_CHARACTERS:,}",
                      "Ask AWS for more, or shorten it", node=placed.id, wire=link.id, parameter="event_pattern")
    sources = [getattr(source.other.parameters, "message_types", None) for source in placed.into("in")]
    if not sources or None in sources:
        return
    matches = compile_pattern(pattern)
    if not any(matches(event_of(entry.name, entry.parsed_body())) for entries in sources if entries for entry in entries):
        yield Finding("rule-matches-nothing", "warning", f"The pattern of the wire to '{link.other.name}' matches no message type that is sent to '{placed.name}': nothing will come, and AWS gives no error",
                      "Try the pattern on a message", node=placed.id, wire=link.id, parameter="event_pattern")


def check_loop(placed: Placed) -> Iterator[Finding]:
    """Events that can come back to the bus and match the same rule again."""
    for first in targets_of(placed):
        matches = _matcher_of(first)
        if matches is not None and any(_matches_again(link, matches) for link in _ways_back(placed, first)):
            yield Finding("event-loop", "warning", f"Events can come back to '{placed.name}': what its patterns match again goes round for ever, and each round costs",
                          "Let the pattern exclude what comes back, or publish it to another bus", node=placed.id, wire=first.id, parameter="event_pattern")
            return


def _matcher_of(link: Link) -> Callable[[Any], bool] | None:
    """What the pattern of a wire matches; None if the pattern is not valid, which is a finding of its own."""
    pattern = getattr(link.parameters, "event_pattern", None)
    return None if pattern_problems(pattern) else compile_pattern(pattern)


def _ways_back(placed: Placed, first: Link) -> Iterator[Link]:
    """The wires into ``placed`` that can be reached over ``first``."""
    ahead, seen = [first], {first.id}
    while ahead:
        link = ahead.pop()
        if link.other is placed:
            yield link
            continue
        for following in targets_of(link.other):
            if following.id not in seen:
                seen.add(following.id)
                ahead.append(following)


def _matches_again(link: Link, matches: Callable[[Any], bool]) -> bool:
    """Whether what comes back over ``link`` may match; it does not if its publisher names a type that does not."""
    name = getattr(link.parameters, "message_type", "")
    return not name or matches(event_of(name, getattr(link.parameters, "body", None)))


def check_fifo_targets(placed: Placed) -> Iterator[Finding]:
    """A FIFO queue as a target needs deduplication by content: events carry no deduplication id."""
    for link in targets_of(placed):
        values = link.other.parameters
        if getattr(values, "fifo", False) and not getattr(values, "content_based_deduplication", True):
            yield Finding("fifo-target-deduplication", "error", f"'{link.other.name}' is a FIFO target of '{placed.name}' without content-based deduplication: events carry no deduplication id",
                          "Turn on its content-based deduplication", node=link.other.id, wire=link.id, parameter="content_based_deduplication", related=(placed.id,))


def check_dead_letters(placed: Placed) -> Iterator[Finding]:
    """Whether each dead-letter queue belongs to a target, and each target has one."""
    targets = {link.other.id for link in targets_of(placed)}
    covered = {link.parameters.target for link in placed.out_of("dlq")}
    for link in placed.out_of("dlq"):
        if link.parameters.target and link.parameters.target not in targets:
            yield Finding("unknown-target", "error", f"'{link.parameters.target}' is no target of '{placed.name}'", f"Targets: {', '.join(sorted(targets)) or 'none'}",
                          node=placed.id, wire=link.id, parameter="target")
        if getattr(link.other.parameters, "fifo", False):
            yield Finding("dead-letter-type", "error", f"'{link.other.name}' is a FIFO queue, but undeliverable events go to standard queues only", "Take a standard queue",
                          node=placed.id, wire=link.id, related=(link.other.id,))
    if targets and "" not in covered and targets - covered:
        yield Finding("no-target-dead-letter-queue", "note", f"Events that '{placed.name}' cannot deliver in time are lost", "Wire its port for undeliverable events to a queue", node=placed.id)
