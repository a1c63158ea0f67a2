"""Requests whose callers wait for a limited time: the answer that comes too late, the work that is done all the same."""

from __future__ import annotations

from typing import Any

from simulator import catalog
from simulator.engine.message import Message, MessageType
from simulator.engine.network import Network
from simulator.engine.node import Node
from simulator.engine.outcomes import Outcome, Refusal
from simulator.vocabulary import Direction, NoParameters, Port, Verb


class Caller(Node):
    """Sends one request at the start, and again whenever its patience ends, up to a number of attempts."""

    kind = "caller"
    ports = (Port("out", "Requests", Direction.OUT, Verb.INVOKE, frozenset({"*"}), "Requests"),)
    attempts, timeout_s = 1, 5.0

    def start(self) -> None:
        self.replies: list[tuple[float, Refusal | None]] = []
        self.message = Message(1, MessageType("request"), 0.0, self.network.root.to(self.id))
        self.created += 1
        self.held = 1
        self.agenda.at(0.0, self._call)

    def _call(self, _: None = None) -> None:
        self.wires_out["out"][0].invoke(self.message, self._answered, self.timeout_s)

    def _answered(self, message: Message, refusal: Refusal | None) -> None:
        self.replies.append((self.agenda.now, refusal))
        self.message = message
        if refusal is None:
            self.held = 0
        elif len(self.replies) < self.attempts:
            self._call()

    def holding(self) -> int:
        return self.held


def run(endpoint: dict[str, Any], *, attempts: int = 1, until_s: float = 100) -> tuple[Caller, Any]:
    network = Network(seed=1)
    caller = network.add_node(Caller, "caller", "caller", NoParameters())
    assert isinstance(caller, Caller)
    caller.attempts = attempts
    service = catalog.service("http_endpoint")
    target = network.add_node(service, "target", "target", service.Parameters.model_validate(endpoint))
    network.add_wire("w", "caller", "out", "target", "in", NoParameters())
    network.start()
    for second in range(int(until_s)):
        network.agenda.run_before(second + 0.5)
        network.check_conservation()
        wire = network.wires["w"]
        assert wire.sent == wire.delivered + wire.refused + wire.in_transit
    return caller, target


def test_an_answer_in_time_is_the_only_reply() -> None:
    caller, target = run({"latency": {"type": "constant", "value_s": 3}})
    assert caller.replies == [(3.0, None)]
    assert (target.too_late, target.finished, caller.forwarded) == (0, 1, 1)


def test_an_answer_at_the_very_end_of_the_timeout_is_in_time() -> None:
    caller, _ = run({"latency": {"type": "constant", "value_s": 5}})
    assert caller.replies == [(5.0, None)]


def test_a_caller_gives_up_and_keeps_the_message_while_the_target_works_on() -> None:
    caller, target = run({"latency": {"type": "constant", "value_s": 12}})
    (when_s, refusal), = caller.replies
    assert when_s == 5.0
    assert refusal is not None
    assert refusal.outcome is Outcome.TIMED_OUT
    assert refusal.retryable
    assert (target.successes, target.too_late, target.finished) == (1, 1, 1)
    assert (caller.held, caller.copied, caller.forwarded) == (1, 1, 1), "the duplicate went over, the message stayed"


def test_every_attempt_at_a_slow_target_is_worked_on() -> None:
    caller, target = run({"latency": {"type": "constant", "value_s": 12}}, attempts=4)
    assert [when_s for when_s, _ in caller.replies] == [5.0, 10.0, 15.0, 20.0]
    assert target.requests == target.too_late == target.finished == 4
    assert caller.network.root.steps["caller"].steps.get("target") is None or not caller.network.root.steps["caller"].steps["target"].ends, "no message arrived in the eyes of its caller"


def test_a_late_failure_leaves_no_trace_in_the_ledger() -> None:
    caller, target = run({"latency": {"type": "constant", "value_s": 12}, "failure_probability": 1})
    assert (caller.held, caller.copied, caller.forwarded, target.finished) == (1, 0, 0, 0)


def test_a_server_that_looks_skips_what_no_one_waits_for() -> None:
    """One worker busy until 12 s; the second attempt, made at 5 s, is abandoned at 10 s, before a worker is free."""
    caller, target = run({"latency": {"type": "constant", "value_s": 12}, "workers": 1, "skips_abandoned": True}, attempts=2)
    assert len(caller.replies) == 2
    assert (target.skipped, target.too_late) == (1, 1)
