"""Replications from the command line, and what is wrong with them said in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.__main__ import main
from tests.statistics.test_replications import queue


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(queue().to_json()))
    return str(file)


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_prints_means_with_their_intervals(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", scenario, "--replications", "3", "--processes", "2", "--confidence", "90%", "--progress"]) == 0
    told = capsys.readouterr()
    assert "3 replications, mean ± 90 % interval" in told.out
    for part in ("Figures", "Latency of paths", "Cost of a run"):
        assert part in told.out
    assert "3 of 3 replications" in told.err


def test_precision_from_the_command_line(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", scenario, "--precision", "0.1%", "--of", "queue.MessageWait.p99", "--max-replications", "10", "--warm-up", "auto", "--json"]) == 0
    report = answer(capsys)
    seen = report["replications"]
    assert (seen["ended"]["by"], seen["count"]) == ("limit", 10)
    assert seen["precision"][0]["figure"] == ["nodes", "queue", "metrics", "MessageWait", "p99"]
    assert report["steady_state"]["warm_up"]["method"] == "MSER-5"


def test_the_file_can_ask_for_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(queue(replications=2).to_json()))
    assert main(["run", str(file), "--json", "--processes", "1"]) == 0
    assert answer(capsys)["replications"]["count"] == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--of", "nobody.MessageWait", "--precision", "3%"], "must begin with the id of a node"),
        (["--of", "queue.Wait", "--precision", "3%"], "'queue' has no metric 'Wait'"),
        (["--of", "queue.MessageWait.p42", "--precision", "3%"], "has no figure 'p42'"),
        (["--replications", "0"], "greater than or equal to 1"),
        (["--replications", "50", "--precision", "3%", "--max-replications", "20"], "At most 20 replications"),
        (["--confidence", "1", "--replications", "2"], "less than 1"),
    ],
)
def test_what_is_wrong_is_named(scenario: str, given: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", scenario, *given]) == 1
    assert told in capsys.readouterr().err


def test_a_share_that_is_none(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", scenario, "--precision", "high"])
    assert "'high' is not a share" in capsys.readouterr().err


def test_a_cluster_that_is_away(scenario: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("simulator.executors.CLUSTER_TIMEOUT_S", 0.5)
    monkeypatch.setenv("DASK_SCHEDULER", "tcp://127.0.0.1:1")
    assert main(["run", scenario, "--replications", "2"]) == 2
    assert "unset DASK_SCHEDULER" in capsys.readouterr().err
