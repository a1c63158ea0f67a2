"""Runs side by side, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import constant, drawing, rate
from tests.serving import Server
from tests.visitors import Visitor, error_of


@pytest.fixture
def visitor(server: Server) -> Visitor:
    return Visitor(server.url)


def desk(name: str, workers: int, **run: Any) -> dict[str, Any]:
    graph = drawing(
        {"jobs": ("traffic", {"load": rate(8)}), "queue": ("sqs", {}), "desk": ("worker", {"workers": workers, "duration": constant(0.5)})},
        {"jobs.out -> queue.in": {}, "queue.out -> desk.source": {}}, **{"duration_s": 120, **run})
    return {**graph, "name": name}


def ended(visitor: Visitor, graph: dict[str, Any]) -> str:
    run = visitor.start(graph)
    assert visitor.ended(run)["state"] == "finished"
    return run


def figure(compared: dict[str, Any], *keys: str) -> dict[str, Any]:
    return next(row for row in compared["figures"] if row["figure"] == list(keys))


def test_replications_from_one_seed_are_compared_pair_by_pair(visitor: Visitor) -> None:
    few, many = (ended(visitor, desk(name, workers, replications=6)) for name, workers in (("few", 5), ("many", 8)))
    compared = visitor.get(f"/api/compare/?runs={few},{many}").json()
    assert compared["pairs"] == [0, 6]
    assert [difference["title"] for difference in compared["differences"]] == ["desk: Workers"]
    assert compared["differences"][0]["values"] == [5, 8]
    wait = figure(compared, "nodes", "queue", "metrics", "MessageWait", "mean")
    first, second = wait["cells"]
    assert first["difference"] is None
    assert second["difference"] == pytest.approx(second["mean"] - first["mean"])
    assert 0 < second["difference_half_width"] < first["half_width"] + second["half_width"], "pairs are narrower than two studies"
    assert (second["verdict"], wait["primary"]) == ("lower", True)
    made = figure(compared, "nodes", "jobs", "metrics", "MessagesCreated", "total")
    assert made["cells"][1]["verdict"] == "equal", "both met the same arrivals"
    assert "With “many”" in compared["verdict"]
    assert "p99 latency of jobs → queue → desk (processed)" in compared["verdict"]
    assert "in 6 pairs of runs with the same random numbers" in compared["verdict"]


def test_one_run_each_says_that_chance_is_not_excluded(visitor: Visitor) -> None:
    few, many = (ended(visitor, desk("desk", workers, warm_up_s=warm_up_s)) for workers, warm_up_s in ((3, 0), (8, 5)))
    compared = visitor.get(f"/api/compare/?runs={few},{many}").json()
    assert [difference["title"] for difference in compared["differences"]] == ["desk: Workers", "Run: Warm-up"]
    assert compared["pairs"] == [0, 0]
    wait = figure(compared, "nodes", "queue", "metrics", "MessageWait", "mean")
    assert wait["cells"][1]["difference_half_width"] is None
    assert wait["cells"][1]["verdict"] == "lower"
    assert "chance is not excluded" in compared["verdict"]
    assert "messages are left over at the end instead of" in compared["verdict"]
    same = visitor.get(f"/api/compare/?runs={few},{few}").json()
    assert "nothing that matters differs" in same["verdict"]
    assert same["verdict"].startswith("In run B, ")
    assert "from run A" in same["verdict"]
    assert {cell["verdict"] for row in same["figures"] for cell in row["cells"][1:]} <= {"equal", None}


def test_what_cannot_be_compared_is_told(visitor: Visitor, server: Server) -> None:
    run = ended(visitor, desk("desk", 5))
    key = visitor.run(run)["view_url"].split("key=")[1]
    going = visitor.start(desk("slow", 5), speed=1)
    assert visitor.get(f"/api/compare/?runs={run}").status_code == 400
    assert visitor.get(f"/api/compare/?runs={run},nonsense").status_code == 400
    late = visitor.get(f"/api/compare/?runs={run},{going}")
    assert (late.status_code, error_of(late)["code"]) == (409, "report-not-ready")
    stranger = Visitor(server.url)
    assert stranger.get(f"/api/compare/?runs={run},{run}").status_code == 404
    assert stranger.get(f"/api/compare/?runs={run},{run}&keys={key},{key}").status_code == 200
    visitor.control(going, action="stop")
