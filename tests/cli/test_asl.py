"""``python -m simulator asl``: one execution of a definition, its history, and what is said when something is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.__main__ import main

PAY = {"StartAt": "Pay", "States": {"Pay": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Ship"}, "Ship": {"Type": "Wait", "Seconds": 3, "End": True}}}


def write(folder: Path, name: str, content: Any) -> str:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return str(folder / name)


def test_prints_the_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stubs = write(tmp_path, "stubs.json", {"Pay": {"Return": {"paid": True}, "AfterSeconds": 2}})
    assert main(["asl", write(tmp_path, "pay.json", PAY), "--input", '{"order": 7}', "--stubs", stubs]) == 0
    told = capsys.readouterr().out
    assert told.index("ExecutionStarted") < told.index("TaskStateEntered") < told.index("TaskSucceeded") < told.index("WaitStateExited") < told.index("ExecutionSucceeded")
    assert "SUCCEEDED after 5 s, 2 state transitions, 9 events" in told
    assert '"paid": true' in told


def test_json_is_the_history_as_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, stubs = write(tmp_path, "input.json", {"order": 7}), write(tmp_path, "stubs.json", {"*": {"Throw": {"Error": "Declined", "Cause": "no money"}}})
    assert main(["asl", write(tmp_path, "pay.json", PAY), "--input", f"@{given}", "--stubs", stubs, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["error"], told["cause"], told["transitions"]) == ("FAILED", "Declined", "no money", 1)
    assert told["history"][0] == {"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "time_s": 0.0, "input": {"order": 7}}


def test_yaml_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("StartAt: A\nStates:\n  A: {Type: Wait, Seconds: 400, End: true}\n"))
    assert main(["asl", "-", "--express"]) == 0
    assert "TIMED_OUT after 5 min" in capsys.readouterr().out


def test_all_faults_of_a_definition_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "wrong.yaml", "StartAt: Pya\nStates:\n  Pay: {Type: Task}\n")
    assert main(["asl", file, "--json"]) == 1
    told = capsys.readouterr()
    assert "error: $.StartAt (line 1, column 1): there is no state 'Pya' here; there are: Pay" in told.err
    assert "error: $.States.Pay.Resource (line 3, column 3): must be" in told.err
    assert json.loads(told.out)["error"]["code"] == "invalid-definition"


@pytest.mark.parametrize(("definition", "arguments", "words"), [
    (PAY, [], "no stub for the task 'Pay'"), (PAY, ["--input", "{"], "The input is not JSON"), (PAY, ["--stubs", "/nowhere.json"], "Cannot read the stubs '/nowhere.json'"), (PAY, ["--input", "@/nowhere"], "Cannot read the input"),
    ({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}}}, ["never"], "never comes")])
def test_what_cannot_be_done_is_one_sentence(definition: Any, arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if arguments == ["never"]:
        arguments = ["--stubs", write(tmp_path, "stubs.json", {"*": {"Return": 1, "AfterSeconds": "never"}})]
    assert main(["asl", write(tmp_path, "given.json", definition), *arguments]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


@pytest.mark.parametrize("stubs", [[], {"Pay": {"Say": 1}}, {"Pay": {"Return": 1, "AfterSeconds": -1}}, {"Pay": {"Throw": "x"}}, {"Pay": []}])
def test_a_stub_of_no_use_is_named(stubs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["asl", write(tmp_path, "pay.json", PAY), "--stubs", write(tmp_path, "stubs.json", stubs)]) == 2
    assert "stub" in capsys.readouterr().err


def test_a_long_input_leaves_the_other_columns_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long_name = "A state whose name goes on and on " * 2
    definition = {"StartAt": long_name, "States": {long_name: {"Type": "Pass", "End": True}}}
    assert main(["asl", write(tmp_path, "pass.json", definition), "--input", json.dumps({"order": "x" * 500})]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["Time", "Event", "After", "Type", "State", "Data"]
    assert lines[2].split()[:6] == ["0", "s", "2", "0", "PassStateEntered", "A"]
    assert '{"order":"xxx' in lines[2]
    assert lines[2].rstrip().endswith("…")
