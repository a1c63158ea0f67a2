"""What is wrong with a definition: the path of the fault, its place in the text, and one clear sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.languages.asl.checks import check_definition
from simulator.languages.asl.definition import checked, graph_of, read_definition
from simulator.languages.asl.errors import InvalidDefinition

END = {"End": True}
PASS: dict[str, Any] = {"Type": "Pass", **END}
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", **END}
INNER = {"StartAt": "In", "States": {"In": PASS}}
WIDE = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **INNER}
A = "$.States.A"


def machine(state: Any, **more: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": state}, **more}


def choice(**rule: Any) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Next": "B", **rule}]}, "B": PASS}}


def jsonata(state: dict[str, Any]) -> dict[str, Any]:
    return machine(state, QueryLanguage="JSONata")


FAULTS: list[tuple[Any, str, str]] = [
    ([], "$", "object"), ({"StartAt": "A"}, "$.States", "object"), ({"StartAt": "A", "States": {}}, "$.States", "no states"), (machine(PASS) | {"StartAt": "B"}, "$.StartAt", "there are: A"),
    (machine(PASS, TimeoutSeconds=0), "$.TimeoutSeconds", "from 1"), (machine(PASS, QueryLanguage="SQL"), "$.QueryLanguage", "JSONPath"), (machine("x"), A, "object"),
    (machine({"Type": "Task2", **END}), f"{A}.Type", 'but is "Task2"'), (machine(END), f"{A}.Type", "but is missing"), (machine({"Type": "Pass"}), A, "needs Next"), (machine({"Type": "Pass", "Next": "A", "End": True}), A, "both"),
    (machine({"Type": "Pass", "End": False}), f"{A}.End", "true"), (machine({"Type": "Pass", "Next": "Z"}), f"{A}.Next", "no state 'Z'"),
    ({"StartAt": "x" * 81, "States": {"x" * 81: PASS}}, f"$.States.{'x' * 81}", "80 characters"),
    ({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [INNER, INNER], **END}}}, f"{A}.Branches[1].States.In", "two states"),
    (machine({**TASK, "Resource": None}), f"{A}.Resource", "ARN"), (machine({**TASK, "TimeoutSeconds": "5"}), f"{A}.TimeoutSeconds", "whole number"),
    (machine({**TASK, "TimeoutSeconds": "${T}"}), f"{A}.TimeoutSeconds", "filled in"), (machine({**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}), f"{A}.HeartbeatSeconds", "less than"),
    (machine({**TASK, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"}), A, "both"), (machine({**TASK, "InputPath": "x"}), f"{A}.InputPath", "begin with $"),
    (machine({**TASK, "ResultPath": "$.a[*]"}), f"{A}.ResultPath", "single place"), (machine({**TASK, "Parameters": {"deep": [{"x.$": "States.Nothing()"}]}}), f"{A}.Parameters.deep[0]['x.$']", "intrinsic"),
    (machine({**TASK, "Parameters": {"x.$": 5}}), f"{A}.Parameters['x.$']", "ends in .$"), (machine({**TASK, "Retry": {}}), f"{A}.Retry", "list"), (machine({**TASK, "Retry": [{}]}), f"{A}.Retry[0].ErrorEquals", "not empty"),
    (machine({**TASK, "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]}), f"{A}.Retry[0].ErrorEquals", "last"),
    (machine({**TASK, "Retry": [{"ErrorEquals": ["States.ALL", "E"]}]}), f"{A}.Retry[0].ErrorEquals", "alone"), (machine({**TASK, "Retry": [{"ErrorEquals": ["E"], "BackoffRate": 0.5}]}), f"{A}.Retry[0].BackoffRate", "1 or more"),
    (machine({**TASK, "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 0}]}), f"{A}.Retry[0].IntervalSeconds", "from 1"), (machine({**TASK, "Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}]}), f"{A}.Retry[0].JitterStrategy", "FULL"),
    (machine({**TASK, "Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": 40_000_000}]}), f"{A}.Retry[0].MaxDelaySeconds", "31,622,400"),
    (machine({**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "Z"}]}), f"{A}.Catch[0].Next", "no state 'Z'"), ({"StartAt": "A", "States": {"A": {"Type": "Choice"}}}, f"{A}.Choices", "not empty"),
    (choice(Variable="$.x"), f"{A}.Choices[0]", "exactly one"), (choice(Variable="$.x", StringEquals=5), f"{A}.Choices[0].StringEquals", "text"), (choice(StringEquals="x"), f"{A}.Choices[0]", "Variable"),
    (choice(Variable="$.x", TimestampEquals="now"), f"{A}.Choices[0].TimestampEquals", "timestamp"), (choice(And=[{"Variable": "$.x", "IsNull": True, "Next": "B"}]), f"{A}.Choices[0].And[0].Next", "whole rule"),
    (choice(Not={"Variable": "x", "IsNull": True}), f"{A}.Choices[0].Not.Variable", "begin with $"), (machine({"Type": "Wait", **END}), A, "exactly one of Seconds"), (machine({"Type": "Wait", "Timestamp": "soon", **END}), f"{A}.Timestamp", "timestamp"),
    (machine({"Type": "Parallel", **END}), f"{A}.Branches", "not empty"), (machine({"Type": "Map", **END}), f"{A}.ItemProcessor", "StartAt"), (machine({"Type": "Map", "ItemProcessor": INNER, "Iterator": INNER, **END}), A, "both"),
    (machine({"Type": "Map", "ItemProcessor": INNER, "ItemReader": {"Resource": "x"}, **END}), f"{A}.ItemReader", "distributed"), (machine({"Type": "Map", "ItemProcessor": WIDE, "ToleratedFailurePercentage": 101, **END}), f"{A}.ToleratedFailurePercentage", "100"),
    (machine({"Type": "Map", "ItemProcessor": {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}, **END}), f"{A}.ItemProcessor.ProcessorConfig.ExecutionType", "EXPRESS"),
    (machine({"Type": "Map", "ItemProcessor": WIDE, "ItemBatcher": {}, **END}), f"{A}.ItemBatcher", "MaxItemsPerBatch"), (machine({"Type": "Fail", "Error": 5}), f"{A}.Error", "text"),
    (jsonata({**PASS, "InputPath": "$"}), f"{A}.InputPath", "belongs to JSONPath"), (machine({**TASK, "Arguments": {}}), f"{A}.Arguments", "belongs to JSONata"), (jsonata({**PASS, "Output": {"x": "{% ( %}"}}), f"{A}.Output.x", "not JSONata"),
    (jsonata({**PASS, "Output": "{% 1 %} and"}), f"{A}.Output", "nothing beside"), (jsonata({**PASS, "QueryLanguage": "JSONPath"}), f"{A}.QueryLanguage", "no states in JSONPath"),
    ({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Condition": "x", "Next": "B"}]}, "B": PASS}}, f"{A}.Choices[0].Condition", "must be JSONata"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "path", "words"), FAULTS, ids=[f"{place}-{fault[1][:40]}" for place, fault in enumerate(FAULTS)])
def test_a_fault_has_its_path(definition: Any, path: str, words: str) -> None:
    errors = [problem for problem in check_definition(definition) if problem.severity == "error"]
    assert [problem.path for problem in errors] == [path]
    assert words in errors[0].message


def test_all_faults_come_at_once_with_their_places_in_the_text() -> None:
    text = json.dumps({"StartAt": "Q", "States": {"Pay now": {"Type": "Task", "End": True, "Retry": [{"ErrorEquals": []}]}}}, indent=2)
    _, problems = checked(text)
    assert [(problem.path, problem.line) for problem in problems if problem.severity == "error"] == [("$.StartAt", 2), ("$.States['Pay now'].Resource", 4), ("$.States['Pay now'].Retry[0].ErrorEquals", 9)]


@pytest.mark.parametrize(("definition", "path"), [
    (machine({**TASK, "Resource": "arn:aws:states:::ecs:runTask.sync"}), f"{A}.Resource"), (machine({**TASK, "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}), f"{A}.Resource"),
    (machine({**TASK, "Resource": "arn:aws:states:us-east-1:123456789012:activity:x"}), f"{A}.Resource"), (machine({"Type": "Map", "ItemProcessor": WIDE, **END}), f"{A}.ItemProcessor.ProcessorConfig.Mode")])
def test_what_an_express_machine_may_not_do(definition: Any, path: str) -> None:
    assert check_definition(definition) == []
    assert [(problem.path, "Standard" in problem.message) for problem in check_definition(definition, express=True)] == [(path, True)]


def test_a_state_that_nothing_leads_to_and_a_field_that_nothing_knows_are_warnings() -> None:
    found = check_definition({"StartAt": "A", "States": {"A": {**PASS, "Colour": "red"}, "B": PASS}})
    assert [(problem.path, problem.severity) for problem in found] == [("$.States.A.Colour", "warning"), ("$.States.B", "warning")]


@pytest.mark.parametrize(("text", "line", "words"), [
    ('{"StartAt": "A",\n "States": }', 2, "not JSON"), ("StartAt: A\nStates: [", None, "YAML"), ("StartAt: A\nStartAt: B\nStates: {}", 2, "given twice"), ('{"StartAt": "A",\n"StartAt": "B"}', 2, "given twice"),
    ("A: &x {a: 1}\nB: *x", 1, "alias"), ("? [a]\n: 1", 1, "key"), ("a: " + "[" * 200 + "]" * 200, 1, "levels"), ("{" + '"a":{' * 3000 + "}" * 3001, None, "JSON"), ("\x00", None, "YAML")])
def test_what_cannot_be_read(text: str, line: int | None, words: str) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        read_definition(text)
    assert words in caught.value.problems[0].message
    assert line is None or caught.value.problems[0].line == line


def test_yaml_has_the_values_of_json_and_what_a_template_fills_in() -> None:
    read = read_definition('a: 2026-01-01\nb: "1"\nc: 1\nd: null\ne: !GetAtt Function.Arn\nf: |\n  text\n')
    assert read.value == {"a": "2026-01-01", "b": "1", "c": 1, "d": None, "e": "${Function.Arn}", "f": "text\n"}
    assert read.position("$.c.deeper[3]") == (3, 1)


def test_json_keeps_its_own_values() -> None:
    assert read_definition('{\t"a": 1e3, "b": "\\ud83d\\ude00\\/", "c": [1, -0.5]}').value == {"a": 1000.0, "b": "😀/", "c": [1, -0.5]}


def test_the_graph_tells_groups_and_what_ways_stand_for() -> None:
    definition = {"StartAt": "A", "States": {
        "A": {"Type": "Map", "ItemProcessor": INNER, "Next": "B", "Catch": [{"ErrorEquals": ["E"], "Next": "C"}]}, "B": {"Type": "Choice", "Choices": [{"Next": "C"}, "broken"], "Default": "D"}, "C": PASS, "D": PASS}}
    graph = graph_of(definition)
    assert [(node["name"], node["group"], node["start"], node["end"]) for node in graph["nodes"]] == [("A", "", True, False), ("In", "A[]", True, True), ("B", "", False, False), ("C", "", False, True), ("D", "", False, True)]
    assert [(edge["from"], edge["to"], edge["kind"]) for edge in graph["edges"]] == [("A", "B", "next"), ("A", "C", "catch"), ("B", "D", "default"), ("B", "C", "next")]
