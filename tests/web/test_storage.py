"""A long run is stored in bounded space, and can still be looked through from its beginning to its end."""

from __future__ import annotations

from pathlib import Path

from tests.serving import migrate, serving
from tests.visitors import Visitor, frames_until
from tests.web.test_runs import pipeline


def test_old_frames_are_merged_and_no_stretch_of_the_run_is_missing(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "REDIS_URL": "", "MAX_STORED_FRAMES_PER_RUN": "50", "LOG_LEVEL": "ERROR"}
    migrate(environment)
    with serving(tmp_path, **environment) as server:
        visitor = Visitor(server.url)
        run = visitor.start(pipeline(duration_s=800))
        assert visitor.ended(run)["state"] == "finished"
        stored = visitor.get(f"/api/runs/{run}/frames/?limit=1000").json()["frames"]
        report = visitor.get(f"/api/runs/{run}/report/").json()
        late_comer = []
        with visitor.socket(run, "from=10") as socket:
            late_comer = frames_until(socket, 800)
    assert len(stored) <= 150, "50, and those of the last look"
    expected = 0
    for frame in stored:
        assert frame.get("first_seq", frame["seq"]) == expected
        expected = frame["seq"] + 1
    assert expected == 801
    assert stored[-1]["totals"] == {name: report["conservation"][name] for name in ("created", "finished", "lost", "unfinished")}
    assert late_comer == [frame for frame in stored if frame["seq"] >= 10], "a viewer who comes later sees the same"
