"""How a Kafka consumer group shares partitions out: the assignors that Kafka's consumer and its broker have.

Pure functions of who subscribes to what and who had what; without a clock. Members come in the order in which Kafka sorts them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple


class TopicPartition(NamedTuple):
    """One partition of a topic."""

    topic: str
    partition: int


class Subscriber(NamedTuple):
    """A member as an assignor sees it: its place in the order, the topics it reads, and the partitions it had."""

    number: int
    topics: Collection[str]
    had: Collection[TopicPartition] = ()


Assignment = dict[int, list[TopicPartition]]
"""Partitions by the number of the member."""

Assignor = Callable[[Sequence[Subscriber], Mapping[str, int]], Assignment]
"""(members, number of partitions by topic) -> who gets what."""


def assign_range(members: Sequence[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """RangeAssignor: topic by topic, a run of neighbouring partitions for each member; the first ones get one more."""
    made: Assignment = {member.number: [] for member in members}
    for topic in sorted(partitions):
        readers = [member.number for member in members if topic in member.topics]
        if not readers:
            continue
        each, more = divmod(partitions[topic], len(readers))
        first = 0
        for place, number in enumerate(readers):
            last = first + each + (place < more)
            made[number].extend(TopicPartition(topic, partition) for partition in range(first, last))
            first = last
    return made


def assign_round_robin(members: Sequence[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """RoundRobinAssignor: all partitions of all topics in a row, dealt to the members in turn; who does not read a topic is passed over."""
    made: Assignment = {member.number: [] for member in members}
    place = 0
    for which in _in_a_row(members, partitions):
        while which.topic not in members[place % len(members)].topics:
            place += 1
        made[members[place % len(members)].number].append(which)
        place += 1
    return made


def assign_sticky(members: Sequence[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """StickyAssignor, and the broker's uniform assignor: as even as can be, and whoever had a partition keeps it if it may."""
    made = _kept(members, partitions)
    taken = {which for had in made.values() for which in had}
    readers = {topic: [member.number for member in members if topic in member.topics] for topic in partitions}
    order = {member.number: place for place, member in enumerate(members)}
    free = [which for which in _in_a_row(members, partitions) if which not in taken]
    for which in sorted(free, key=lambda which: (len(readers[which.topic]), which)):
        made[min(readers[which.topic], key=lambda number: (len(made[number]), order[number]))].append(which)
    _even_out(made, readers, order)
    return made


def without_moves(made: Assignment, owned: Mapping[int, Collection[TopicPartition]]) -> Assignment:
    """CooperativeStickyAssignor's second step: what another member still has is given to nobody yet; it is revoked first."""
    owner = {which: number for number, had in owned.items() for which in had}
    return {number: [which for which in given if owner.get(which, number) == number] for number, given in made.items()}


ASSIGNORS: Mapping[str, Assignor] = {
    "range": assign_range, "roundrobin": assign_round_robin, "sticky": assign_sticky, "cooperative-sticky": assign_sticky, "uniform": assign_sticky,
}
"""By Kafka's names."""


def _in_a_row(members: Sequence[Subscriber], partitions: Mapping[str, int]) -> list[TopicPartition]:
    """All partitions that somebody reads, by topic and number."""
    read = {topic for member in members for topic in member.topics}
    return [TopicPartition(topic, partition) for topic in sorted(partitions) if topic in read for partition in range(partitions[topic])]


def _kept(members: Sequence[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """What each member had and still reads; of two that claim a partition the first has it."""
    made: Assignment = {}
    claimed: set[TopicPartition] = set()
    for member in members:
        made[member.number] = [
            which for which in sorted(set(member.had)) if which.topic in member.topics and which.partition < partitions.get(which.topic, 0) and which not in claimed
        ]
        claimed.update(made[member.number])
    return made


def _even_out(made: Assignment, readers: Mapping[str, Sequence[int]], order: Mapping[int, int]) -> None:
    """Move partitions from those who have more to those who have less by two at least, until no move makes it more even."""
    moved = True
    while moved:
        moved = False
        for giver in sorted(made, key=lambda number: (-len(made[number]), order[number])):
            for which in sorted(made[giver], reverse=True):
                taker = min(readers[which.topic], key=lambda number: (len(made[number]), order[number]))
                if len(made[giver]) - len(made[taker]) >= 2:
                    made[giver].remove(which)
                    made[taker].append(which)
                    moved = True
