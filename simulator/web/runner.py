"""Executes one run in a process of its own: paces it, writes its frames, obeys its controls, keeps within its limits."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from simulator.engine.errors import SimulationError
from simulator.executors import ClusterError
from simulator.frames import ControlError, Frame
from simulator.replication import TooLarge, memory_used_bytes
from simulator.run import Simulation
from simulator.storage import Thinning, merge
from simulator.web.errors import error_shape
from simulator.web.models import ControlRow, FrameRow, Run, RunState
from simulator.web.study import Study, StudyBroken

FLUSH_EVERY_S = 0.05
FLUSH_AT_FRAMES = 200
LOOK_EVERY_S = 0.05
HEARTBEAT_EVERY_S = 2.0
TELL_EVERY_S = 0.2
MERGE_AFTER_FRAMES = 100
"""How often old frames are looked at: so many more than allowed may be stored meanwhile."""


class RunDeleted(Exception):
    """The run was deleted while it went on."""


class LimitReached(Exception):
    """The run went beyond a limit of this server; the message names it."""


class StoredFrames:
    """Keeps what is stored of a run within bounds: merges old frames in pairs (see `simulator.storage`)."""

    def __init__(self, run: Run, gauges: Mapping[str, Sequence[str]]) -> None:
        self._run = run
        self._gauges = gauges
        self._thinning = Thinning(settings.MAX_STORED_FRAMES_PER_RUN, settings.MAX_STORED_BYTES_PER_RUN)
        self._until_look = MERGE_AFTER_FRAMES

    def added(self, rows: Sequence[FrameRow]) -> None:
        """These frames were stored; merge old ones if that makes too many."""
        for row in rows:
            self._thinning.add(row.seq, len(row.payload))
        self._until_look -= len(rows)
        if self._until_look <= 0:
            self._until_look = MERGE_AFTER_FRAMES
            self._merge()

    def _merge(self) -> None:
        known: dict[int, str] = {}
        changed: dict[int, dict[str, Any]] = {}
        gone: list[int] = []
        while self._thinning.too_many:
            pair = self._thinning.next_pair()
            if any(seq not in known and seq not in changed for seq in pair):
                known |= dict(FrameRow.objects.filter(run=self._run, seq__gte=pair[0]).values_list("seq", "payload")[: 2 * MERGE_AFTER_FRAMES])
            first, second = (changed.pop(seq, None) or json.loads(known[seq]) for seq in pair)
            merged = merge(first, second, self._gauges)
            changed[pair[1]] = merged
            gone.append(pair[0])
            self._thinning.merged(pair[1], len(json.dumps(merged, separators=(",", ":"))))
        if gone:
            FrameRow.objects.filter(run=self._run, seq__in=gone).delete()
            rows = list(FrameRow.objects.filter(run=self._run, seq__in=list(changed)))
            for row in rows:
                row.payload = json.dumps(changed[row.seq], separators=(",", ":"))
            FrameRow.objects.bulk_update(rows, ["payload"], batch_size=100)


class FrameWriter:
    """Appends frames to the log in batches, and nudges whoever watches."""

    def __init__(self, run: Run, gauges: Mapping[str, Sequence[str]]) -> None:
        self.run = run
        self._stored = StoredFrames(run, gauges)
        self._rows: list[FrameRow] = []
        self._flushed_at = 0.0
        self._heartbeat_at = 0.0
        self._layer = get_channel_layer() if settings.REDIS_URL else None

    def add(self, frame: Frame) -> None:
        """Append a frame; it is written at once if the last batch is old enough."""
        self._rows.append(FrameRow(run=self.run, seq=frame.seq, time_s=frame.time_s, payload=json.dumps(frame.to_json(), separators=(",", ":"))))
        if len(self._rows) >= FLUSH_AT_FRAMES or time.monotonic() - self._flushed_at >= FLUSH_EVERY_S:
            self.flush()

    def flush(self, **more: Any) -> None:
        """Write what is waiting, the run's progress, and ``more`` fields; raise `RunDeleted` if the run is gone."""
        now = time.monotonic()
        values = dict(more)
        if self._rows:
            values |= {"simulated_s": self._rows[-1].time_s, "last_seq": self._rows[-1].seq}
        if now - self._heartbeat_at >= HEARTBEAT_EVERY_S:
            values["heartbeat_at"] = timezone.now()
            self._heartbeat_at = now
        if not values:
            return
        try:
            with transaction.atomic():
                FrameRow.objects.bulk_create(self._rows)
                self._stored.added(self._rows)
                written = self.run.change(**values) if more else Run.objects.filter(pk=self.run.pk).update(**values)
        except IntegrityError:
            raise RunDeleted from None
        if not written:
            raise RunDeleted
        self._rows.clear()
        self._flushed_at = now
        self.nudge()

    def nudge(self) -> None:
        """Tell viewers in other processes that there is something new (only with Redis; they look by themselves otherwise)."""
        if self._layer is not None:
            async_to_sync(self._layer.group_send)(f"run-{self.run.pk}", {"type": "run.nudge"})


class Pace:
    """Keeps simulated time in step with wall time: ``speed`` simulated seconds a second, or as fast as possible (None)."""

    def __init__(self, speed: float | None) -> None:
        self.speed = speed
        self.paused = False
        self.steps = 0
        self._wall_s = time.monotonic()
        self._simulated_s = 0.0

    def restart(self, simulated_s: float) -> None:
        """Count from here, after a pause or a change of speed."""
        self._wall_s = time.monotonic()
        self._simulated_s = simulated_s

    def ahead_s(self, simulated_s: float) -> float:
        """Wall seconds to wait before a frame of this time is due; infinite while paused."""
        if self.paused:
            return 0.0 if self.steps > 0 else float("inf")
        if self.speed is None:
            return 0.0
        return (simulated_s - self._simulated_s) / self.speed - (time.monotonic() - self._wall_s)


class RunExecution:
    """One run, from its first frame to its report."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.simulation = Simulation(run.scenario)
        self.simulation.on_pilot = lambda time_s: self._live(self.simulation.time_s)
        self.study = Study(self.simulation.scenario) if self.simulation.run.replicated else None
        nodes = self.simulation.network.nodes.values()
        self.writer = FrameWriter(run, {node.id: [metric.name for metric in node.metrics if metric.type == "gauge"] for node in nodes})
        self.pace = Pace(run.speed)
        self._looked_at = 0.0
        self._last_control = 0
        self._deadline = time.monotonic() + settings.MAX_RUN_WALL_S
        self._time_s = 0.0
        self._told_progress: dict[str, Any] | None = None
        self._told_at = 0.0

    def go(self) -> None:
        """Run to the end, with the replications beside it if any are asked for, and store the report."""
        if self.study is not None:
            self._start_study(self.study)
        try:
            for frame in self.simulation.frames():
                self._time_s = frame.time_s
                self.writer.add(frame)
                self._within_limits()
                if frame.seq >= settings.MAX_FRAMES_PER_RUN:
                    raise LimitReached(f"It made more than the {settings.MAX_FRAMES_PER_RUN:,} frames that a run may have here")
                self._obey()
                self._tell_progress()
                self._wait(frame.time_s + self.simulation.interval_s)
            report = self.simulation.report().to_json()
            samples = ""
            if self.study is not None:
                self._finish_study(self.study)
                summary = self.study.summary(report)
                report = report if summary is None else {**report, "replications": summary}
                samples = json.dumps(self.study.samples(), separators=(",", ":"))
        finally:
            if self.study is not None:
                self.study.stop()
        state = RunState.STOPPED if self.simulation.stopped else RunState.FINISHED
        self.writer.flush(state=state, report=json.dumps(report, separators=(",", ":")), samples=samples, finished_at=timezone.now(), paused=False)

    def _start_study(self, study: Study) -> None:
        """Begin the replications; if their pilot runs find the warm-up, the run that is watched has the same."""
        study.start()
        if self.simulation.warm_up is None:
            while study.going and study.warm_up is None and not self.simulation.stopped:
                study.join(LOOK_EVERY_S)
                self._live(0.0)
            self.simulation.warm_up = study.warm_up

    def _finish_study(self, study: Study) -> None:
        """Wait for the replications, obeying controls meanwhile; a stop ends them."""
        while study.going:
            if self.simulation.stopped:
                study.stop()
            study.join(LOOK_EVERY_S)
            self._live(self._time_s)
        self._tell_progress()

    def _live(self, time_s: float) -> None:
        """Show signs of life and obey, while no frame comes."""
        self._time_s = time_s
        self.writer.flush()
        self._within_limits()
        self._obey()
        self._tell_progress()

    def _tell_progress(self) -> None:
        """Write how far the replications are, if that has changed; raise what ended them early."""
        if self.study is None:
            return
        self.study.check()
        progress = self.study.progress
        if progress is not self._told_progress and (time.monotonic() - self._told_at >= TELL_EVERY_S or not self.study.going):
            self._told_progress, self._told_at = progress, time.monotonic()
            self.writer.flush(replications=progress)

    def _wait(self, due_s: float) -> None:
        """Wait until the next frame is due, obeying controls meanwhile."""
        while not self.simulation.stopped and (ahead_s := self.pace.ahead_s(min(due_s, self.simulation.run.duration_s))) > 0:
            self.writer.flush()
            if time.monotonic() > self._deadline:
                raise LimitReached(f"It took longer than the {settings.MAX_RUN_WALL_S:g} s of real time that a run may take here")
            time.sleep(min(ahead_s, LOOK_EVERY_S))
            self._obey()
            self._tell_progress()
        if self.pace.paused and self.pace.steps > 0:
            self.pace.steps -= 1

    def _obey(self) -> None:
        """Carry out the controls given since the last look."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        for row in ControlRow.objects.filter(run=self.run, id__gt=self._last_control):
            self._last_control = row.pk
            self._carry_out(row)

    def _carry_out(self, row: ControlRow) -> None:
        try:
            recorded = self.simulation.apply(row.control)
        except ControlError as error:
            ControlRow.objects.filter(pk=row.pk).update(time_s=self._time_s, error=str(error))
            self.run.change()
            return
        ControlRow.objects.filter(pk=row.pk).update(time_s=recorded["time_s"])
        action = row.control["action"]
        if action in ("pause", "resume"):
            self.pace.paused = action == "pause"
        elif action == "step":
            self.pace.paused = True
            self.pace.steps += 1
        elif action == "speed":
            self.pace.speed = row.control["value"]
        self.pace.restart(self._time_s)
        self.writer.flush(paused=self.pace.paused, speed=self.pace.speed)

    def _within_limits(self) -> None:
        if time.monotonic() > self._deadline:
            raise LimitReached(f"It took longer than the {settings.MAX_RUN_WALL_S:g} s of real time that a run may take here")
        if memory_used_bytes() > settings.MAX_RUN_MEMORY_BYTES:
            raise LimitReached(f"It needed more than the {settings.MAX_RUN_MEMORY_BYTES / 1e9:g} GB of memory that a run may use here")


def execute_run(run_id: str) -> None:
    """Execute the run of this id; whatever happens, it ends in a state that says what happened."""
    run = Run.objects.filter(pk=run_id, state=RunState.WAITING).first()
    if run is None:
        return
    now = timezone.now()
    run.change(state=RunState.RUNNING, started_at=now, heartbeat_at=now, process=os.getpid())
    try:
        RunExecution(run).go()
    except RunDeleted:
        return
    except (LimitReached, TooLarge) as error:
        _fail(run, "limit-reached", f"The run was stopped. {error}", "Simulate a shorter time or a smaller load")
    except MemoryError:
        _fail(run, "limit-reached", "The run was stopped: no memory was left", "Simulate a shorter time or a smaller load")
    except ClusterError as error:
        _fail(run, "cluster-unavailable", f"The replications could not be run. {error}", "Ask whoever runs this server, or run without replications")
    except StudyBroken as error:
        _fail(run, "process-died", str(error), "Run again; if it happens again, simulate less at a time")
    except SimulationError as error:
        _fail(run, "simulation-error", f"The simulator made a mistake: {error}", "Report it with this diagram; the result would have been wrong")


def _fail(run: Run, code: str, message: str, hint: str) -> None:
    run.change(state=RunState.FAILED, error=error_shape(code, message, hint)["error"], finished_at=timezone.now())
