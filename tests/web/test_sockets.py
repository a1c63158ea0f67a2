"""Watching a run over a websocket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from simulator.web.consumers import MOST_UNSEEN
from tests.drawing import drawing, rate
from tests.serving import Server
from tests.visitors import PATIENCE_S, Visitor, frames_until, messages
from tests.web.test_runs import pipeline


@pytest.fixture
def visitor(server: Server) -> Visitor:
    return Visitor(server.url)


def test_frames_come_in_order_and_the_end_is_told(visitor: Visitor) -> None:
    run = visitor.start(pipeline(duration_s=20), speed=20)
    seen, states = [], []
    with visitor.socket(run) as socket:
        for message in messages(socket):
            if message["type"] == "frames":
                seen.extend(frame["seq"] for frame in message["frames"])
            if message["type"] == "run":
                states.append(message["run"]["state"])
                if states[-1] == "finished":
                    break
    assert seen == list(range(21))
    assert states[-1] == "finished"


def test_a_viewer_who_comes_back_misses_nothing(visitor: Visitor) -> None:
    run = visitor.start(pipeline(duration_s=60), speed=20)
    with visitor.socket(run) as socket:
        first = frames_until(socket, 10)
    with visitor.socket(run, f"from={first[-1]['seq'] + 1}") as socket:
        rest = frames_until(socket, 60)
    assert [frame["seq"] for frame in [*first, *rest]] == list(range(61))
    stored = visitor.get(f"/api/runs/{run}/frames/").json()["frames"]
    assert [*first, *rest] == stored


def test_two_viewers_see_the_same_and_only_the_owner_controls(visitor: Visitor, server: Server) -> None:
    run = visitor.start(pipeline(duration_s=3600), speed=20)
    key = visitor.run(run)["view_url"].split("key=")[1]
    guest = Visitor(server.url)
    with visitor.socket(run) as mine, guest.socket(run, f"from=0&key={key}") as theirs:
        assert frames_until(mine, 10)[:11] == frames_until(theirs, 10)[:11]
        theirs.send(json.dumps({"type": "control", "control": {"action": "stop"}}))
        refusal = next(message for message in messages(theirs) if message["type"] == "error")
        assert refusal["error"]["code"] == "not-owner"
        mine.send(json.dumps({"type": "control", "control": {"action": "stop"}}))
        for socket in (mine, theirs):
            end = next(message for message in messages(socket) if message["type"] == "run" and message["run"]["state"] == "stopped")
            assert end["run"]["is_owner"] is (socket is mine)


def test_a_slow_viewer_may_skip_ahead(visitor: Visitor) -> None:
    run = visitor.start(pipeline(duration_s=60))
    visitor.ended(run)
    with visitor.socket(run, "from=0&skip=1") as socket:
        frames = frames_until(socket, 60)
    assert len(frames) == 1
    conservation = visitor.get(f"/api/runs/{run}/report/").json()["conservation"]
    assert frames[0]["totals"] == {name: conservation[name] for name in ("created", "finished", "lost", "unfinished")}, "what was skipped is in the totals"


def frames_of(socket: ClientConnection) -> dict[str, Any]:
    """The next message with frames."""
    return next(message for message in messages(socket) if message["type"] == "frames")


def test_no_more_than_a_few_messages_are_on_their_way_to_a_viewer_who_says_what_was_seen(visitor: Visitor) -> None:
    run = visitor.start(pipeline(duration_s=2000))
    visitor.ended(run)
    seen: list[int] = []
    with visitor.socket(run, "from=0&seen=1") as socket:
        for _ in range(MOST_UNSEEN):
            seen.extend(frame["seq"] for frame in frames_of(socket)["frames"])
        with pytest.raises(TimeoutError):
            socket.recv(timeout=1)
        while seen[-1] < 2000:
            socket.send(json.dumps({"type": "seen", "seq": seen[-1]}))
            message = frames_of(socket)
            assert "skipped" not in message, "a run that is over is sent whole"
            seen.extend(frame["seq"] for frame in message["frames"])
    assert seen == list(range(2001))


def test_a_viewer_who_was_slow_for_long_goes_on_at_the_latest_frame_and_loses_no_total(visitor: Visitor) -> None:
    run = visitor.start(pipeline(duration_s=3600), speed=200)
    with visitor.socket(run, "from=0&seen=1") as socket:
        for _ in range(MOST_UNSEEN):
            last = frames_of(socket)["frames"][-1]["seq"]
        # 800 frames take four seconds at this speed: twice as long as makes a viewer slow.
        visitor.wait_for(run, "running", last_seq=last + 800)
        socket.send(json.dumps({"type": "seen", "seq": last}))
        message = frames_of(socket)
        first = message["frames"][0]
        assert message["skipped"]
        assert first["seq"] >= last + 800
        assert first == visitor.get(f"/api/runs/{run}/frames/?from={first['seq']}&limit=1").json()["frames"][0]
        visitor.control(run, action="stop")


def test_what_makes_no_sense_is_answered_and_the_socket_stays_open(visitor: Visitor) -> None:
    run = visitor.start(pipeline(duration_s=3600), speed=20)
    with visitor.socket(run) as socket:
        for sent, code in [("{", "malformed-json"), ('{"type": "greeting"}', "invalid-message"), ('{"type": "control", "control": {"action": "explode"}}', "invalid-control")]:
            socket.send(sent)
            answer = next(message for message in messages(socket) if message["type"] == "error")
            assert answer["error"]["code"] == code
        socket.send(json.dumps({"type": "control", "control": {"action": "fault", "node": "nowhere", "fault": "fails"}}))
        answer = next(message for message in messages(socket) if message["type"] == "error")
        assert "nowhere" in answer["error"]["message"]
        socket.send(json.dumps({"type": "control", "control": {"action": "stop"}}))
        assert next(message for message in messages(socket) if message["type"] == "control")["control"]["action"] == "stop"


def test_a_stranger_is_shown_the_door(visitor: Visitor, server: Server) -> None:
    run = visitor.start(pipeline(duration_s=1))
    with Visitor(server.url).socket(run) as socket:
        assert json.loads(socket.recv(timeout=PATIENCE_S))["error"]["code"] == "not-found"
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=PATIENCE_S)


def test_frames_of_a_large_diagram_come_in_messages_that_the_server_can_send(visitor: Visitor) -> None:
    queues = {f"queue{number}": ("sqs", {}) for number in range(60)}
    graph = drawing({"jobs": ("traffic", {"load": rate(1)}), **queues}, {f"jobs.out -> {queue}.in": {} for queue in queues}, duration_s=60, frame_interval_s=1.0)
    run = visitor.start(graph)
    visitor.ended(run)
    size = len(visitor.get(f"/api/runs/{run}/frames/").content)
    assert size > 1_048_576, "smaller than what Daphne takes, so this shows nothing"
    with visitor.socket(run) as socket:
        assert [frame["seq"] for frame in frames_until(socket, 60)] == list(range(61))
