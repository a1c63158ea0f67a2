"""Consumer groups alone, with clients that do nothing but poll and work: who owns what, when, and how long nobody does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from simulator.engine.agenda import Agenda
from simulator.mechanics.kafka.classic_group import ClassicGroup
from simulator.mechanics.kafka.consumer_group import ConsumerGroup, GroupSettings
from simulator.mechanics.kafka.partition_assignors import TopicPartition
from simulator.mechanics.kafka.reconciled_group import ReconciledGroup

EAGER, COOPERATIVE, BROKER = "range", "cooperative-sticky", "uniform"


class Client:
    """Writes down what it gets and gives up."""

    def __init__(self, name: str, agenda: Agenda, seen: list[tuple[float, str, str, int]]) -> None:
        self.name, self.agenda, self.seen = name, agenda, seen
        self.has: set[TopicPartition] = set()

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        assert not self.has & set(partitions), "had already"
        self.has |= set(partitions)
        self.seen.append((self.agenda.now, self.name, "assigned", len(partitions)))

    def revoked(self, partitions: Collection[TopicPartition], *, lost: bool) -> None:
        assert self.has >= set(partitions), "never had"
        self.has -= set(partitions)
        self.seen.append((self.agenda.now, self.name, "lost" if lost else "revoked", len(partitions)))


class Play:
    """A group of six partitions, and what happens in it."""

    def __init__(self, assignor: str, partitions: int = 6, **settings: Any) -> None:
        self.agenda = Agenda()
        self.seen: list[tuple[float, str, str, int]] = []
        made = ReconciledGroup if assignor == BROKER else ClassicGroup
        self.group: ConsumerGroup = made(self.agenda, GroupSettings(assignor, **({"heartbeat_interval_s": 5.0} if assignor == BROKER else {}) | settings), {"t0": partitions})
        self.members: dict[str, Any] = {}
        self.clients: dict[str, Client] = {}

    def join(self, name: str, instance_id: str | None = None) -> None:
        self.clients[name] = Client(name, self.agenda, self.seen)
        self.members[name] = self.group.join(self.clients[name], ("t0",), instance_id)

    def at(self, time_s: float, what: str, name: str, *more: Any) -> None:
        call = getattr(self, what) if what == "join" else lambda name: getattr(self.group, what)(self.members[name])
        self.agenda.at(time_s, lambda _: call(name, *more))

    def until(self, time_s: float) -> None:
        self.agenda.run_before(time_s)
        owned = [which for name, client in self.clients.items() if self.members[name].in_group and self.members[name].alive and not self.members[name].evicted for which in client.has]
        assert len(owned) == len(set(owned)), "two members in good standing own one partition"

    def owns(self, name: str) -> int:
        return len(self.clients[name].has)

    def of(self, what: str) -> list[tuple[float, str]]:
        return [(round(time_s, 3), name) for time_s, name, did, _ in self.seen if did == what]


def two(assignor: str, **settings: Any) -> Play:
    """Two members that came together and share six partitions."""
    play = Play(assignor, **settings)
    play.join("a")
    play.join("b")
    play.until(20)
    assert (play.owns("a"), play.owns("b")) == (3, 3)
    return play


def test_an_empty_group_waits_for_more_members_before_its_first_assignment() -> None:
    """group.initial.rebalance.delay.ms, 3 s, again after each newcomer: three members that come 2 s apart are assigned once."""
    play = Play(EAGER)
    for number, name in enumerate("abc"):
        play.at(2.0 * number, "join", name)
    play.until(30)
    assert play.of("assigned") == [(9.01, name) for name in "abc"], "3 s, again until 6 s (b came), until 9 s (c came)"
    assert play.group.rebalances == 1


def test_members_beyond_the_partitions_are_idle() -> None:
    play = Play(EAGER, partitions=2)
    for name in "abc":
        play.join(name)
    play.until(20)
    assert [play.owns(name) for name in "abc"] == [1, 1, 0]


def test_eager_takes_everything_from_everybody_cooperative_only_what_moves() -> None:
    for assignor, revoked, rounds in ((EAGER, 6, 1), (COOPERATIVE, 2, 2)):
        play = two(assignor)
        play.at(20, "join", "c")
        play.until(40)
        assert [play.owns(name) for name in "abc"] == [2, 2, 2]
        assert sum(count for _, _, did, count in play.seen if did == "revoked") == revoked
        assert play.group.rebalances == 1 + rounds


def test_members_hear_of_a_rebalance_with_their_next_heartbeat() -> None:
    play = two(EAGER)
    beats = {name: play.group.next_heartbeat_s(play.members[name]) for name in "ab"}
    play.at(20, "join", "c")
    play.until(40)
    assert play.of("revoked") == [(pytest.approx(beats[name], abs=0.01), name) for name in "ab"]
    assert 20 < beats["a"] <= 23


def stopped_s(assignor: str) -> dict[str, float]:
    """How long each of a (which works until 60 s) and b (which polls) is without a partition after a third joined at 20 s."""
    play = two(assignor)
    play.group.works(play.members["a"])
    play.at(20, "join", "c")
    play.at(60, "poll", "a")
    play.until(100)
    assert sum(play.owns(name) for name in "abc") == 6
    without, stopped = {}, {}
    has = {"a": 3, "b": 3}
    for time_s, name, did, count in play.seen:
        if name in has and time_s > 19:
            has[name] += count if did == "assigned" else -count
            if has[name] == 0:
                without[name] = time_s
            elif name in without:
                stopped[name] = time_s - without.pop(name)
    return stopped


def test_eager_stops_the_world_until_the_slowest_has_joined() -> None:
    stopped = stopped_s(EAGER)
    assert stopped["b"] == pytest.approx(38, abs=2), "since its heartbeat, until a polls"
    assert stopped["a"] < 0.1


@pytest.mark.parametrize("assignor", [COOPERATIVE, BROKER])
def test_incremental_rebalances_stop_nobody(assignor: str) -> None:
    assert stopped_s(assignor) == {}


def test_the_brokers_protocol_does_not_make_members_wait_for_each_other() -> None:
    """a works until 60 s; what b gives up goes to c with c's next heartbeats, not when a polls."""
    play = two(BROKER)
    play.group.works(play.members["a"])
    play.at(20, "join", "c")
    play.until(40)
    assert play.owns("c") == 1
    assert not play.group.settled
    play.at(60, "poll", "a")
    play.until(80)
    assert play.owns("c") == 2
    assert play.group.settled


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_a_crash_is_missed_after_the_session_timeout(assignor: str) -> None:
    play = two(assignor)
    play.at(30, "crash", "a")
    play.until(72)
    assert play.owns("b") == 3
    play.until(90)
    assert play.owns("b") == 6
    late = max(time_s for time_s, name, did, _ in play.seen if name == "b" and did == "assigned")
    assert 30 + 45 - 5 <= late <= 30 + 45 + 5.1, "45 s after the last heartbeat, and b's next heartbeat"
    assert play.group.evictions["session_timeout"] == 1


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_a_member_that_is_closed_is_missed_at_once(assignor: str) -> None:
    play = two(assignor)
    play.at(30, "leave", "a")
    play.until(36)
    assert play.owns("b") == 6


def test_a_quick_restart_without_a_name_waits_for_its_own_ghost() -> None:
    """The newcomer is another member: an eager rebalance has to wait until the one that crashed is missed."""
    play = two(EAGER)
    play.at(30, "crash", "a")
    play.at(32, "join", "c")
    play.until(60)
    assert play.owns("c") == play.owns("b") == 0
    play.until(80)
    assert (play.owns("b"), play.owns("c")) == (3, 3)


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_a_static_member_that_comes_back_in_time_causes_no_rebalance(assignor: str) -> None:
    play = Play(assignor)
    play.join("a", "one")
    play.join("b", "two")
    play.until(20)
    before = play.group.rebalances
    play.at(30, "leave", "a")
    play.at(60, "join", "a", "one")
    play.until(100)
    assert (play.owns("a"), play.owns("b")) == (3, 3)
    assert play.group.rebalances == before
    assert play.of("revoked") == [(30, "a")]


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_partitions_of_a_static_member_wait_for_its_session_to_end(assignor: str) -> None:
    play = Play(assignor)
    play.join("a", "one")
    play.join("b", "two")
    play.until(20)
    play.at(30, "leave", "a")
    play.until(69)
    assert play.owns("b") == 3
    play.until(85)
    assert play.owns("b") == 6


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_a_member_that_does_not_poll_in_time_is_put_out_and_finds_out_when_it_polls(assignor: str) -> None:
    play = two(assignor, max_poll_interval_s=60.0)
    play.at(20, "works", "a")
    play.until(79)
    assert play.group.may_commit(play.members["a"])
    play.until(90)
    assert not play.group.may_commit(play.members["a"])
    assert play.owns("b") == 6, "heard of it with a heartbeat"
    assert play.owns("a") == 3, "it does not know"
    play.at(100, "poll", "a")
    play.until(101)
    assert play.of("lost") == [(100, "a")]
    play.until(115)
    assert (play.owns("a"), play.owns("b")) == (3, 3)
    assert play.group.evictions["max_poll_interval"] == 1


def test_a_static_member_that_does_not_poll_keeps_its_partitions_until_its_session_ends() -> None:
    play = Play(EAGER, max_poll_interval_s=60.0)
    play.join("a", "one")
    play.join("b", "two")
    play.until(20)
    play.at(20, "works", "a")
    play.until(80 + 40)
    assert play.owns("b") == 3
    play.until(80 + 50)
    assert play.owns("b") == 6


def test_who_does_not_rejoin_within_the_rebalance_timeout_is_out() -> None:
    """b works for 100 s when a third member joins; the poll interval is 60 s, and it left poll() 10 s before: it is out 50 s after the join."""
    play = two(EAGER, max_poll_interval_s=60.0)
    play.at(20, "works", "b")
    play.at(30, "join", "c")
    play.at(120, "poll", "b")
    play.until(79)
    assert play.owns("a") == play.owns("c") == 0
    play.until(85)
    assert (play.owns("a"), play.owns("c")) == (3, 3)
    play.until(140)
    assert [play.owns(name) for name in "abc"] == [2, 2, 2]


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_a_group_is_unsettled_while_it_rebalances(assignor: str) -> None:
    play = two(assignor)
    assert play.group.settled
    play.at(20, "join", "c")
    play.until(20.1)
    assert not play.group.settled
    play.until(40)
    assert play.group.settled
    assert play.group.durations.summary()["max"] < 12


def cut_off(play: Play, cut: bool) -> None:
    """Nobody reaches the coordinator, or everybody does again; whoever waits in poll() hears then how the group went on."""
    was = play.group.cut_off
    play.group.cut(cut)
    if was and not cut:
        for member in play.members.values():
            if member.alive and member.polling:
                play.group.poll(member)


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_a_cut_shorter_than_the_session_is_not_noticed(assignor: str) -> None:
    play = two(assignor)
    before = play.group.rebalances
    play.agenda.at(60, lambda _: cut_off(play, True))
    play.agenda.at(90, lambda _: cut_off(play, False))
    play.until(200)
    assert play.group.rebalances == before
    assert (play.owns("a"), play.owns("b")) == (3, 3)


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE, BROKER])
def test_after_a_longer_cut_members_find_out_that_they_are_out_and_join_again(assignor: str) -> None:
    play = two(assignor)
    play.agenda.at(60, lambda _: cut_off(play, True))
    play.until(110)
    assert play.group.evictions["session_timeout"] == 2
    assert not play.group.members
    assert not any(play.group.may_commit(member) for member in play.members.values())
    play.agenda.at(120, lambda _: cut_off(play, False))
    play.until(200)
    assert [entry[2] for entry in play.seen if entry[0] == 120] == ["lost", "lost"]
    assert (play.owns("a"), play.owns("b")) == (3, 3)


@given(
    some.sampled_from([EAGER, "sticky", COOPERATIVE, BROKER]), some.booleans(),
    some.lists(some.tuples(some.floats(0.001, 40), some.sampled_from(["join", "leave", "crash", "works", "poll", "back", "cut", "heal"]), some.integers(0, 5)), max_size=25))
def test_whatever_happens_no_two_members_own_a_partition_and_in_the_end_each_has_an_owner(assignor: str, static: bool, happenings: list[tuple[float, str, int]]) -> None:
    play = Play(assignor, partitions=7, max_poll_interval_s=70.0)
    names: dict[int, str] = {}
    time_s = 0.0
    for number, (after_s, what, place) in enumerate(happenings):
        time_s += after_s
        play.until(time_s)
        name = names.get(place)
        member = play.members.get(name) if name else None
        if what in ("cut", "heal"):
            cut_off(play, what == "cut")
        elif what in ("join", "back"):
            if member is None or not member.alive:
                names[place] = f"{place}-{number}"
                play.join(names[place], f"instance-{place}" if static else None)
        elif member is not None and member.alive:
            if what == "crash":
                play.clients[names[place]].has = set()  # its process is gone
            if what != "works" or play.owns(names[place]):  # poll() returns records to whoever has partitions
                getattr(play.group, what)(member)
    cut_off(play, False)
    for name in names.values():
        if play.members[name].alive:
            play.group.poll(play.members[name])
    play.until(time_s + 600)
    alive = [name for name in names.values() if play.members[name].alive]
    assert play.group.settled
    owned = sorted(which for name in alive for which in play.clients[name].has)
    assert owned == ([TopicPartition("t0", partition) for partition in range(7)] if alive else [])
    assert all(play.clients[name].has == play.members[name].owned for name in alive)
