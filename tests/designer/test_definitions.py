"""Definitions over the API: what is wrong with them, and what they describe."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client


def ask(body: Any) -> Any:
    return Client().post("/api/definitions/", body, content_type="application/json")


def test_a_definition_is_checked_and_drawn() -> None:
    answered = ask({"language": "states-language", "text": "StartAt: Pay\nStates:\n  Pay: {Type: Task, Resource: x, Next: Shpi}\n  Ship: {Type: Pass, End: true}\n"})
    assert answered.status_code == 200
    found = answered.json()
    assert found["problems"][0] == {"path": "$.States.Pay.Next", "message": "there is no state 'Shpi' here; there are: Pay, Ship", "severity": "error", "line": 3, "column": 34}
    assert [node["name"] for node in found["graph"]["nodes"]] == ["Pay", "Ship"]


@pytest.mark.parametrize("text", ["", "{", "a: [", "- 1", '{"States": {"A": {"Type": "Task"}}}', "StartAt: [1]\nStates: {A: {Choices: x, Branches: 7, Iterator: 5}}"])
def test_what_cannot_be_read_is_a_problem_and_not_an_error(text: str) -> None:
    answered = ask({"language": "states-language", "text": text})
    assert answered.status_code == 200
    assert answered.json()["problems"]
    assert set(answered.json()["graph"]) == {"nodes", "edges"}


@pytest.mark.parametrize("body", [{"language": "basic", "text": "10"}, {"language": "states-language"}, {"language": "states-language", "text": {"a": 1}}, {"language": "states-language", "text": "x" * 1_100_000}, []])
def test_other_shapes_are_refused(body: Any) -> None:
    answered = ask(body)
    assert answered.status_code in (400, 413)
    assert answered.json()["error"]["message"]
