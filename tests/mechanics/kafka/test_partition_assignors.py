"""Assignors against the results that Kafka's own documentation of each of them shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hypothesis import given, settings
from hypothesis import strategies as some

from simulator.mechanics.kafka.partition_assignors import ASSIGNORS, Assignment, Subscriber, TopicPartition, without_moves


def shown(made: Assignment) -> dict[int, str]:
    """As Kafka writes it: t0p1."""
    return {number: " ".join(f"{which.topic}p{which.partition}" for which in sorted(had)) for number, had in made.items()}


def parsed(text: str) -> list[TopicPartition]:
    return [TopicPartition(word[:2], int(word[3:])) for word in text.split()]


def members(*topics: Collection[str], had: Mapping[int, str] | None = None) -> list[Subscriber]:
    return [Subscriber(number, read, parsed((had or {}).get(number, ""))) for number, read in enumerate(topics)]


ALL = ("t0", "t1", "t2", "t3")


def test_range_gives_the_first_members_one_more_of_each_topic() -> None:
    assert shown(ASSIGNORS["range"](members(("t0", "t1"), ("t0", "t1")), {"t0": 3, "t1": 3})) == {0: "t0p0 t0p1 t1p0 t1p1", 1: "t0p2 t1p2"}


def test_round_robin_goes_on_from_topic_to_topic() -> None:
    assert shown(ASSIGNORS["roundrobin"](members(("t0", "t1"), ("t0", "t1")), {"t0": 3, "t1": 3})) == {0: "t0p0 t0p2 t1p1", 1: "t0p1 t1p0 t1p2"}


def test_round_robin_with_unequal_subscriptions() -> None:
    made = ASSIGNORS["roundrobin"](members(("t0",), ("t0", "t1"), ("t0", "t1", "t2")), {"t0": 1, "t1": 2, "t2": 3})
    assert shown(made) == {0: "t0p0", 1: "t1p0", 2: "t1p1 t2p0 t2p1 t2p2"}


def test_sticky_begins_as_round_robin_and_keeps_what_it_can_when_a_member_goes() -> None:
    first = ASSIGNORS["sticky"](members(ALL, ALL, ALL), dict.fromkeys(ALL, 2))
    assert shown(first) == {0: "t0p0 t1p1 t3p0", 1: "t0p1 t2p0 t3p1", 2: "t1p0 t2p1"}
    left = [Subscriber(number, ALL, first[number]) for number in (0, 2)]
    assert shown(ASSIGNORS["sticky"](left, dict.fromkeys(ALL, 2))) == {0: "t0p0 t1p1 t2p0 t3p0", 2: "t0p1 t1p0 t2p1 t3p1"}


def test_sticky_with_unequal_subscriptions() -> None:
    partitions = {"t0": 1, "t1": 2, "t2": 3}
    read = (("t0",), ("t0", "t1"), ("t0", "t1", "t2"))
    first = ASSIGNORS["sticky"](members(*read), partitions)
    assert shown(first) == {0: "t0p0", 1: "t1p0 t1p1", 2: "t2p0 t2p1 t2p2"}
    left = [Subscriber(number, read[number], first[number]) for number in (1, 2)]
    assert shown(ASSIGNORS["sticky"](left, partitions)) == {1: "t0p0 t1p0 t1p1", 2: "t2p0 t2p1 t2p2"}


def test_a_newcomer_takes_no_more_than_evenness_asks() -> None:
    made = ASSIGNORS["sticky"](members(("t0",), ("t0",), ("t0",), had={0: "t0p0 t0p2 t0p4", 1: "t0p1 t0p3 t0p5"}), {"t0": 6})
    assert shown(made) == {0: "t0p0 t0p2", 1: "t0p1 t0p3", 2: "t0p4 t0p5"}


def test_cooperative_gives_nobody_what_another_still_has() -> None:
    had = {0: parsed("t0p0 t0p2"), 1: parsed("t0p1 t0p3"), 2: []}
    target = {0: parsed("t0p0"), 1: parsed("t0p1 t0p3"), 2: parsed("t0p2")}
    assert shown(without_moves(target, had)) == {0: "t0p0", 1: "t0p1 t0p3", 2: ""}


@given(
    some.lists(some.sets(some.sampled_from(ALL), min_size=1), min_size=1, max_size=6), some.dictionaries(some.sampled_from(ALL), some.integers(1, 7), min_size=1),
    some.sampled_from(sorted(ASSIGNORS)), some.dictionaries(some.integers(0, 5), some.lists(some.tuples(some.sampled_from(ALL), some.integers(0, 8)), max_size=8), max_size=6))
@settings(deadline=None, derandomize=True)
def test_each_partition_goes_to_one_member_that_reads_it(read: list[set[str]], partitions: dict[str, int], name: str, had: dict[int, list[tuple[str, int]]]) -> None:
    group = [Subscriber(number, topics, [TopicPartition(*which) for which in had.get(number, ())]) for number, topics in enumerate(read)]
    made = ASSIGNORS[name](group, partitions)
    given_out = sorted(which for got in made.values() for which in got)
    wanted = sorted(TopicPartition(topic, partition) for topic, count in partitions.items() if any(topic in topics for topics in read) for partition in range(count))
    assert given_out == wanted
    assert all(which.topic in read[number] for number, got in made.items() for which in got)
    if len({frozenset(topics) for topics in read}) == 1 and name not in ("range",):
        sizes = [len(got) for got in made.values()]
        assert max(sizes) - min(sizes) <= 1
