"""A run from its start to its end, over HTTP, executed by a real process."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from simulator.report_formats import MEDIA_TYPES, digest, write
from simulator.run import simulate
from tests.drawing import constant, drawing, rate
from tests.serving import Server
from tests.visitors import Visitor, error_of, messages


@pytest.fixture
def visitor(server: Server) -> Visitor:
    return Visitor(server.url)


def pipeline(**run: Any) -> dict[str, Any]:
    return drawing(
        {"jobs": ("traffic", {"load": rate(20)}), "queue": ("sqs", {}), "worker": ("lambda", {"duration": constant(0.1)})},
        {"jobs.out -> queue.in": {}, "queue.out -> worker.source": {}}, **{"duration_s": 60, "frame_interval_s": 1.0, **run})


def without_wall_time(report: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report.items() if "wall" not in key}


def test_a_run_ends_with_frames_in_order_and_the_report_of_the_library(visitor: Visitor) -> None:
    run = visitor.start(pipeline())
    ended = visitor.ended(run)
    assert (ended["state"], ended["last_seq"], ended["simulated_s"], ended["is_owner"]) == ("finished", 60, 60, True)
    frames = visitor.get(f"/api/runs/{run}/frames/?from=0&limit=25").json()["frames"]
    assert [frame["seq"] for frame in frames] == list(range(25))
    rest = visitor.get(f"/api/runs/{run}/frames/?from=25").json()["frames"]
    assert [frame["seq"] for frame in rest] == list(range(25, 61))
    report = visitor.get(f"/api/runs/{run}/report/").json()
    assert without_wall_time(report) == without_wall_time(simulate(pipeline()).to_json())
    assert rest[-1]["totals"]["created"] == report["conservation"]["created"]
    assert run in [entry["id"] for entry in visitor.get("/api/runs/").json()]


def test_a_run_of_a_diagram_keeps_the_version_it_began_with(visitor: Visitor) -> None:
    diagram = visitor.post("/api/diagrams/", {"graph": pipeline()}).json()
    run = visitor.post("/api/runs/", {"diagram": diagram["id"], "run": {"duration_s": 5}}).json()
    changed = {**diagram["graph"], "name": "changed"}
    visitor.http.put(f"/api/diagrams/{diagram['id']}/", json={"graph": changed, "base_version": 1}).raise_for_status()
    ended = visitor.ended(run["id"])
    assert (ended["diagram_version"], ended["duration_s"], ended["graph"]["name"]) == (1, 5, "")
    assert visitor.get(f"/api/diagrams/{diagram['id']}/").json()["latest_run"]["id"] == run["id"]


def test_controls_take_effect_between_frames_and_replay_exactly(visitor: Visitor) -> None:
    graph = pipeline(duration_s=40)
    run = visitor.start(graph, speed=20)
    visitor.wait_for(run, "running", last_seq=3)
    assert visitor.control(run, action="pause").status_code == 201
    paused = visitor.wait_for(run, "running", paused=True)
    assert visitor.control(run, action="load", value=3).status_code == 201
    assert visitor.control(run, action="fault", node="worker", fault="fails", value={"share": 0.5}).status_code == 201
    assert visitor.control(run, action="parameter", node="queue", parameter="visibility_timeout_s", value=10).status_code == 201
    assert visitor.control(run, action="speed", value=None).status_code == 201
    assert visitor.control(run, action="resume").status_code == 201
    assert visitor.ended(run)["state"] == "finished"
    report = visitor.get(f"/api/runs/{run}/report/").json()
    assert [control["action"] for control in report["controls"]] == ["pause", "load", "fault", "parameter", "speed", "resume"]
    assert all(control["time_s"] >= paused["simulated_s"] - 2 for control in report["controls"])
    assert report["nodes"]["worker"]["metrics"]["Errors"]["total"] > 0
    assert without_wall_time(simulate(graph, report["controls"]).to_json()) == without_wall_time(report)


def test_a_stopped_run_has_a_report_up_to_there(visitor: Visitor) -> None:
    run = visitor.start(pipeline(duration_s=3600), speed=20)
    visitor.wait_for(run, "running", last_seq=2)
    answer = visitor.get(f"/api/runs/{run}/report/")
    assert (answer.status_code, error_of(answer)["code"]) == (404, "report-not-ready")
    assert error_of(visitor.get(f"/api/runs/{run}/report/?format=csv"))["code"] == "report-not-ready"
    visitor.control(run, action="stop")
    ended = visitor.ended(run)
    assert ended["state"] == "stopped"
    report = visitor.get(f"/api/runs/{run}/report/").json()
    assert report["stopped"] is True
    assert 0 < report["simulated_s"] == ended["simulated_s"] < 3600
    late = visitor.control(run, action="resume")
    assert (late.status_code, error_of(late)["code"]) == (409, "run-ended")


def test_a_killed_process_fails_the_run_and_the_next_one_works(visitor: Visitor, server: Server) -> None:
    run = visitor.start(pipeline(duration_s=3600), speed=10)
    visitor.wait_for(run, "running", last_seq=2)
    for process in server.simulation_processes():
        os.kill(process, signal.SIGKILL)
    failed = visitor.ended(run)
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "process-died"
    assert "died" in failed["error"]["message"]
    assert visitor.get(f"/api/runs/{run}/frames/").json()["frames"], "what was seen is kept"
    assert visitor.ended(visitor.start(pipeline(duration_s=5)))["state"] == "finished"


def test_a_report_leaves_as_a_file_with_what_makes_it_again(visitor: Visitor) -> None:
    run = visitor.start({**pipeline(duration_s=5), "name": "Orders, à la carte"})
    ended = visitor.ended(run)
    report, key = visitor.get(f"/api/runs/{run}/report/").json(), ended["view_url"].split("key=")[1]
    address = f"{visitor.url}/runs/{run}/?key={key}"
    for style, ending in (("markdown", "md"), ("csv", "csv"), ("json", "json")):
        answer = visitor.get(f"/api/runs/{run}/report/?format={style}")
        assert answer.headers["Content-Type"] == f"{MEDIA_TYPES[style]}; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="orders-a-la-carte-report.{ending}"'
        assert answer.content.decode() == write(style, report, ended["graph"], address)
    linked = Visitor(visitor.url).get(f"/api/runs/{run}/?key={key}").json()
    assert (linked["engine_version"], linked["graph_sha256"], linked["graph"]["run"]["seed"]) == (report["engine_version"], digest(linked["graph"]), report["seed"]), "who reads the file can open the run"
    assert without_wall_time(simulate(linked["graph"]).to_json()) == without_wall_time(report), "and make it again"
    assert without_wall_time(simulate(visitor.get(f"/api/runs/{run}/report/?format=json").json()["graph"]).to_json()) == without_wall_time(report)
    refused = visitor.get(f"/api/runs/{run}/report/?format=pdf")
    assert (refused.status_code, error_of(refused)["message"], error_of(refused)["hint"]) == (400, "'pdf' is no format of a report", "Use markdown, csv, json")


def test_nobody_reads_or_changes_what_is_not_theirs(visitor: Visitor, server: Server) -> None:
    run = visitor.start(pipeline(duration_s=5))
    key = visitor.run(run)["view_url"].split("key=")[1]
    visitor.ended(run)
    stranger = Visitor(server.url)
    for path in ("?", "frames/?", "report/?", "report/?format=markdown&", "report/?format=csv&", "report/?format=json&", "controls/?"):
        assert stranger.get(f"/api/runs/{run}/{path}").status_code == 404
        assert stranger.get(f"/api/runs/{run}/{path}key=wrong").status_code == 404
        assert stranger.get(f"/api/runs/{run}/{path}key={key}").status_code == 200
    assert stranger.get(f"/api/runs/{run}/?key={key}").json()["is_owner"] is False
    assert stranger.control(run, action="stop").status_code == 404
    assert stranger.http.delete(f"/api/runs/{run}/?key={key}").status_code == 404
    assert stranger.get("/api/runs/").json() == []
    assert visitor.http.delete(f"/api/runs/{run}/").status_code == 204
    assert visitor.get(f"/api/runs/{run}/").status_code == 404


def test_the_owner_chooses_who_controls(visitor: Visitor, server: Server) -> None:
    run = visitor.start(pipeline(duration_s=3600), speed=20)
    key = visitor.run(run)["view_url"].split("key=")[1]
    guest = Visitor(server.url)
    stop = {"action": "stop"}
    refused = guest.post(f"/api/runs/{run}/controls/?key={key}", stop)
    assert (refused.status_code, error_of(refused)["code"]) == (403, "not-owner")
    assert guest.get(f"/api/runs/{run}/?key={key}").json()["may_control"] is False
    assert guest.http.patch(f"/api/runs/{run}/?key={key}", json={"controllers": "link"}).status_code == 404, "only the owner chooses"
    assert visitor.http.patch(f"/api/runs/{run}/", json={"controllers": "everyone"}).status_code == 400
    assert visitor.http.patch(f"/api/runs/{run}/", json={"controllers": "link"}).json()["controllers"] == "link"
    assert guest.get(f"/api/runs/{run}/?key={key}").json()["may_control"] is True
    assert guest.post(f"/api/runs/{run}/controls/?key=wrong", stop).status_code == 404
    assert guest.post(f"/api/runs/{run}/controls/?key={key}", stop).status_code == 201
    assert visitor.ended(run)["state"] == "stopped"


def test_a_script_in_the_graph_is_carried_out_and_checked(visitor: Visitor) -> None:
    graph = {**pipeline(duration_s=20), "script": [{"time_s": 3.5, "action": "load", "value": 4, "for_s": 5}]}
    run = visitor.start(graph)
    visitor.ended(run)
    report = visitor.get(f"/api/runs/{run}/report/").json()
    assert report["controls"] == [{"time_s": 3.5, "action": "load", "value": 4, "for_s": 5, "scripted": True}]
    assert without_wall_time(simulate(graph).to_json()) == without_wall_time(report)
    wrong = visitor.post("/api/runs/", {"graph": {**graph, "script": [{"time_s": 1, "action": "fault", "node": "worker", "fault": "melts"}]}})
    assert wrong.status_code == 422
    assert "melts" in error_of(wrong)["findings"][0]["message"]


@pytest.mark.parametrize(("control", "word"), [
    ({"action": "explode"}, "explode"), ({"action": "load", "value": -1}, "load"), ({"action": "load"}, "value"), ({}, "action"),
    ({"action": "speed", "value": "fast"}, "speed"), ({"action": "fault", "fault": "fails"}, "node"),
])
def test_a_malformed_control_is_refused_by_name(visitor: Visitor, control: dict[str, Any], word: str) -> None:
    run = visitor.start(pipeline(duration_s=3600), speed=1)
    answer = visitor.control(run, **control)
    assert answer.status_code == 400
    assert word in error_of(answer)["message"]
    visitor.control(run, action="stop")
    visitor.ended(run)


def test_runs_at_once_are_limited_and_those_that_wait_know_how_many_are_before_them(visitor: Visitor) -> None:
    started = [visitor.start(pipeline(duration_s=3600), speed=1) for _ in range(10)]
    answer = visitor.post("/api/runs/", {"graph": pipeline()})
    assert (answer.status_code, error_of(answer)["code"]) == (429, "too-many-runs")
    for run in started[:2]:
        visitor.wait_for(run, "running")
    assert [visitor.run(run)["ahead"] for run in started] == [None, None, *range(8)]
    with visitor.socket(started[3]) as socket:
        told = (message["run"] for message in messages(socket) if message["type"] == "run")
        assert next(told)["ahead"] == 1
        visitor.control(started[0], action="stop")
        assert next(told)["ahead"] == 0
        visitor.control(started[1], action="stop")
        assert next(run for run in told if run["state"] == "running")["ahead"] is None
    for run in started:
        assert visitor.http.delete(f"/api/runs/{run}/").status_code == 204
    assert visitor.ended(visitor.start(pipeline(duration_s=1)))["state"] == "finished"


@pytest.mark.parametrize(("run", "code"), [({"duration_s": 1e8}, 422), ({"duration_s": -1}, 422), ({"frame_interval_s": 1e-4}, 422), ({"seed": "x"}, 422)])
def test_a_run_beyond_the_limits_is_refused(visitor: Visitor, run: dict[str, Any], code: int) -> None:
    answer = visitor.post("/api/runs/", {"graph": pipeline(), "run": run})
    assert answer.status_code == code
    assert next(iter(run)).split("_")[0] in str(error_of(answer)).lower()
