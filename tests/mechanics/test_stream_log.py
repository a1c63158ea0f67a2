"""A log and its readers: order, positions, what comes again, what is lost; and a ledger that balances whatever happens."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.message import Message, MessageType
from simulator.engine.network import Network
from simulator.engine.node import Node
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.stream_log import Log, Reader
from simulator.vocabulary import NoParameters

RECORD = MessageType("record", 100)


class Tape(Node):
    """A node that is one log."""

    ports = ()
    metrics = ()

    def __init__(self, network: Network, id: str, name: str, parameters: Any) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.log_of_records = Log(self)

    def holding(self) -> int:
        return self.log_of_records.holding()


def tape(readers: int) -> tuple[Tape, list[Reader]]:
    node = Network(seed=1).add_node(Tape, "tape", "Tape", NoParameters())
    assert isinstance(node, Tape)
    return node, [node.log_of_records.reader(f"reader-{place}", Bottleneck(node.cause("waiting", "Waiting"))) for place in range(readers)]


def write(node: Tape, now_s: float = 0.0, messages: int = 1) -> None:
    node.entered += messages
    node.log_of_records.append([Message(1, RECORD, now_s, node.network.root.to("tape"), number=node.entered + place) for place in range(messages)], now_s)


def positions(tokens: list[Message]) -> list[int]:
    return [token.position for token in tokens]


def test_each_reader_has_a_position_of_its_own_and_gets_every_record_in_order() -> None:
    node, (fast, slow) = tape(2)
    for _ in range(5):
        write(node)
    assert positions(fast.read(1, 10)) == [0, 1, 2, 3, 4]
    assert positions(slow.read(1, 2)) == [0, 1]
    assert positions(slow.read(1, 2)) == [2, 3]
    assert (fast.unread, slow.unread, node.copied) == (0, 1, 5)
    assert node.residual() == 0


def test_a_read_ends_at_its_bytes_but_returns_one_record_at_least() -> None:
    node, (reader,) = tape(1)
    write(node, messages=4)
    write(node)
    write(node)
    assert positions(reader.read(1, 10, 150)) == [0, 0, 0, 0], "one record of four messages is larger, and comes whole"
    assert positions(reader.read(1, 10, 150)) == [1]


def test_what_all_are_done_with_is_forgotten_and_what_one_still_needs_is_not() -> None:
    node, (fast, slow) = tape(2)
    for _ in range(2000):
        write(node)
    fast.delete(fast.read(1, 2000))
    fast.commit(2000)
    assert node.log_of_records.at(0) is not None
    slow.delete(slow.read(1, 1500))
    slow.commit(1500)
    assert node.log_of_records.base == 1500
    assert positions(slow.read(1, 1)) == [1500]
    assert node.residual() == 0


def test_after_a_rewind_records_come_again_and_old_tokens_are_void() -> None:
    node, (reader,) = tape(1)
    for _ in range(6):
        write(node)
    first = reader.read(1, 4)
    reader.delete(first[:2])
    reader.note_worked_to(2)
    reader.commit(1)
    assert reader.rewind() == 1, "the record at 1 had been settled after the checkpoint"
    assert node.residual() == 0
    assert reader.delete(first[2:]) == [], "what a lost worker had in its hands is not its any more"
    again = reader.read(2, 10)
    assert positions(again) == [1, 2, 3, 4, 5]
    assert [token.worked for token in again] == [True, False, False, False, False]
    assert node.residual() == 0


def test_retention_takes_what_a_reader_has_not_read_and_leaves_what_it_holds() -> None:
    node, (reader,) = tape(1)
    for second in range(6):
        write(node, float(second))
    held = reader.read(6, 2)
    node.agenda._now = 10.0
    assert node.log_of_records.expire(3.0) == 2, "the records of 2 s and 3 s"
    assert node.losses["retention"].messages == 2
    assert len(reader.delete(held)) == 2
    assert positions(reader.read(10, 10)) == [4, 5]
    assert node.residual() == 0


def test_without_a_reader_records_stay_until_retention_takes_them() -> None:
    node, _ = tape(0)
    write(node, 1.0)
    write(node, 2.0)
    assert node.holding() == 2
    node.agenda._now = 5.0
    assert node.log_of_records.expire(1.5) == 1
    assert (node.holding(), node.lost, node.residual()) == (1, 1, 0)


def test_a_reader_that_waits_is_woken_once() -> None:
    node, (reader,) = tape(1)
    woken: list[int] = []
    reader.wait(lambda: woken.append(reader.unread))
    write(node)
    write(node)
    assert woken == [1]


STEPS = st.lists(st.tuples(st.sampled_from(["write", "pack", "read", "settle", "discard", "commit", "rewind", "expire"]), st.integers(0, 2), st.integers(1, 5)), max_size=60)


@given(steps=STEPS, readers=st.integers(0, 3))
@settings(max_examples=300)
def test_whatever_readers_do_the_ledger_balances(steps: list[tuple[str, int, int]], readers: int) -> None:
    node, all_readers = tape(readers)
    seen: list[list[int]] = [[] for _ in all_readers]
    for now_s, (step, which, count) in enumerate(steps):
        node.agenda._now = float(now_s)
        if step in ("write", "pack"):
            write(node, float(now_s), count if step == "pack" else 1)
        elif step == "expire":
            node.log_of_records.expire(now_s - 3.0 * count)
        elif which < readers:
            _act(node, all_readers[which], step, count, seen[which], float(now_s))
        assert node.residual() == 0
        for reader in all_readers:
            assert reader.unread == sum(1 for message in node.log_of_records._messages if message.position >= reader.position)
    for order in seen:
        assert order == sorted(order)


def _act(node: Tape, reader: Reader, step: str, count: int, seen: list[int], now_s: float) -> None:
    if step == "read":
        seen.extend(positions(reader.read(now_s, count)))
    elif step == "settle":
        reader.delete(list(reader.out)[:count])
    elif step == "discard":
        for token in reader.discard(list(reader.out)[:count]):
            node.lose(token, "discarded", "Discarded")
    elif step == "commit":
        reader.commit(min([reader.position, *(token.position for token in reader.out)]))
    else:
        reader.rewind()
        seen.clear()
