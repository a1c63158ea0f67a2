"""Ports that follow from a node's parameters: wired, checked, told over the API, and used in a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.test import Client

from simulator import catalog, findings
from simulator.engine.message import Message
from simulator.engine.node import Node
from simulator.engine.outcomes import Refusal
from simulator.engine.wire import Wire
from simulator.scenario import Scenario
from simulator.vocabulary import ANY_ACTION, Direction, Fidelity, Figure, Metric, Overlay, ParameterSet, Port, Verb, parameter
from tests.drawing import drawing, outcome, rate


class SwitchParameters(ParameterSet):
    """A switch with outlets to name."""

    outlets: tuple[str, ...] = parameter((), "Names of the outlets.", title="Outlets", max_length=5)


class Switch(Node):
    """Sends what comes to each of its outlets in turn."""

    kind, title, short_title, neutral_title, group, summary = "switch", "Switch", "Switch", "Switch", "Tests", "Sends each message to the next outlet."
    Parameters = SwitchParameters
    ports = (Port("in", "In", Direction.IN, Verb.SEND, frozenset({ANY_ACTION}), "What comes."),)
    ports_follow = ("outlets",)
    metrics = (Metric("Switched", "Switched", "messages", "sum", "What came.", "entered", primary=True),)
    overlay = Overlay("Switched", (Figure("Switched"), Figure("Switched")))
    fidelity = Fidelity(modelled=("Turns.",))

    @classmethod
    def ports_for(cls, parameters: Any) -> Sequence[Port]:
        return (*cls.ports, *(Port(f"outlet:{name}", name, Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage"}), f"What leaves at {name}.") for name in parameters.outlets))

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        self.entered += message.count
        outlets = [wires[0] for wires in self.wires_out.values() if wires]
        return outlets[self.entered % len(outlets)].send(message)


@pytest.fixture(autouse=True)
def switch() -> Iterator[None]:
    catalog.kinds()["switch"] = Switch
    yield
    del catalog.kinds()["switch"]


def scenario(*outlets: str) -> dict[str, Any]:
    return drawing(
        {"source": ("traffic", {"load": rate(10)}), "switch": ("switch", {"outlets": outlets}), "left": ("sqs", {}), "right": ("sqs", {})},
        {"source.out -> switch.in": {}, "switch.outlet:left -> left.in": {}, "switch.outlet:right -> right.in": {}}, duration_s=60)


def test_messages_leave_at_ports_that_follow_from_parameters() -> None:
    run = outcome(scenario("left", "right"))
    sent = [run.total(queue, "NumberOfMessagesSent") for queue in ("left", "right")]
    assert abs(sent[0] - sent[1]) <= 1
    assert sum(sent) == run.total("source", "MessagesAccepted")


def test_a_wire_at_a_port_that_does_not_follow_is_a_finding() -> None:
    found = [finding for finding in findings.check(Scenario.from_json(scenario("left"))) if finding.severity == "error"]
    assert [(finding.code, finding.wire) for finding in found] == [("missing-port", "w2")]
    assert "'outlet:left'" in found[0].hint


def test_faulty_parameters_are_one_finding_and_not_one_for_each_wire() -> None:
    found = [finding for finding in findings.check(Scenario.from_json(scenario(*"abcdefgh"))) if finding.severity == "error"]
    assert [(finding.code, finding.parameter) for finding in found] == [("invalid-parameter", "outlets")]


@pytest.mark.parametrize(("parameters", "names"), [({}, ["in"]), ({"outlets": ["a", "b"]}, ["in", "outlet:a", "outlet:b"]), ({"outlets": 7}, ["in"])])
def test_the_api_lists_the_ports_of_a_node_and_says_whether_its_parameters_are_valid(parameters: dict[str, Any], names: list[str]) -> None:
    answered = Client().post("/api/ports/", {"kind": "switch", "parameters": parameters}, content_type="application/json")
    assert answered.status_code == 200
    assert [port["name"] for port in answered.json()["ports"]] == names
    assert answered.json()["valid"] is (parameters.get("outlets") != 7)
    assert set(answered.json()["ports"][0]) == set(catalog.describe("sqs")["ports"][0])


@pytest.mark.parametrize(("body", "status"), [({"kind": "nothing"}, 404), ({"kind": ["switch"]}, 404), ({"kind": "switch", "parameters": []}, 400), ([], 400)])
def test_the_api_refuses_other_shapes(body: Any, status: int) -> None:
    answered = Client().post("/api/ports/", body, content_type="application/json")
    assert answered.status_code == status
    assert answered.json()["error"]["message"]
