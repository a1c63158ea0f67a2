"""Replications of a run over HTTP: progress while they go on, intervals in the report, limits, and stopping."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from simulator.replications import Replications
from simulator.scenario import Scenario
from tests.laws.systems import exponential, station
from tests.serving import Server
from tests.statistics.test_replications import Inline
from tests.visitors import PATIENCE_S, Visitor, error_of, messages


@pytest.fixture
def visitor(server: Server) -> Visitor:
    return Visitor(server.url)


def graph(messages: float = 400, **run: Any) -> dict[str, Any]:
    made = station(0.5, 1, exponential(1.0), messages=messages)
    return {**made, "run": {**made["run"], **run}}


def test_the_report_has_the_intervals_of_the_library(visitor: Visitor) -> None:
    asked = graph()
    run = visitor.start(asked, run={"replications": 4, "confidence": 0.9})
    ended = visitor.ended(run)
    assert ended["state"] == "finished", ended["error"]
    assert (ended["replications"]["done"], ended["replications"]["expected"]) == (4, 4)
    assert ended["replications"]["figures"][0]["samples"] == 4
    report = visitor.get(f"/api/runs/{run}/report/").json()
    alone = Replications(Scenario.from_json({**asked, "run": {**asked["run"], "replications": 4, "confidence": 0.9}}), Inline(), 1)
    list(alone.advance())
    assert report["replications"] == json.loads(json.dumps(alone.report()["replications"]))
    assert report["seed"] == 1


def test_progress_comes_over_the_socket_as_they_finish(visitor: Visitor) -> None:
    run = visitor.start(graph(messages=20_000), run={"replications": 8})
    seen: list[int] = []
    with visitor.socket(run) as socket:
        for message in messages(socket):
            if message["type"] == "run" and message["run"]["replications"]:
                seen.append(message["run"]["replications"]["done"])
            if message["type"] == "run" and message["run"]["state"] == "finished":
                break
    assert seen == sorted(seen)
    assert seen[-1] == 8
    assert len(set(seen)) >= 3


def test_precision_and_the_detected_warm_up(visitor: Visitor) -> None:
    run = visitor.start(graph(messages=2000), run={"precision": 0.2, "warm_up_s": "auto", "max_replications": 40})
    assert visitor.ended(run)["state"] == "finished"
    report = visitor.get(f"/api/runs/{run}/report/").json()
    assert report["replications"]["ended"]["by"] in ("precision", "limit")
    assert report["steady_state"]["warm_up"]["method"] == "MSER-5"
    assert report["steady_state"]["warm_up"]["pilots"] == 5


def test_stopping_keeps_what_is_done(visitor: Visitor) -> None:
    run = visitor.start(graph(messages=20_000), run={"replications": 200})
    deadline = time.monotonic() + PATIENCE_S
    while not (visitor.run(run)["replications"] or {}).get("done"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert visitor.control(run, action="stop").status_code == 201
    ended = visitor.ended(run)
    assert ended["state"] == "stopped"
    seen = visitor.get(f"/api/runs/{run}/report/").json()["replications"]
    assert 1 <= seen["count"] < 200
    assert seen["ended"]["by"] == "stopped"


def test_a_run_without_replications_has_none(visitor: Visitor) -> None:
    run = visitor.start(graph())
    assert visitor.ended(run)["replications"] is None
    assert "replications" not in visitor.get(f"/api/runs/{run}/report/").json()


@pytest.mark.parametrize(
    ("run", "status", "code", "word"),
    [
        ({"replications": 5000}, 422, "limit-reached", "at most 200 replications"),
        ({"precision": 0.03, "max_replications": 5000}, 422, "limit-reached", "at most 200 replications"),
        ({"replications": 2, "precision": 0.03, "precision_of": ["queue.Nothing"]}, 422, "run-setting", "has no metric 'Nothing'"),
    ],
)
def test_what_is_too_much_or_wrong_is_refused(visitor: Visitor, run: dict[str, Any], status: int, code: str, word: str) -> None:
    answer = visitor.post("/api/runs/", {"graph": graph(), "run": run})
    assert answer.status_code == status, answer.text
    assert word in json.dumps(answer.json(), ensure_ascii=False)
    assert code in json.dumps(answer.json()), error_of(answer)
