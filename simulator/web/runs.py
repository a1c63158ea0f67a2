"""Starting, reading, controlling and deleting runs, with their limits and permissions."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from simulator import __version__
from simulator.findings import prepare
from simulator.frames import ControlError, read_control
from simulator.scenario import Scenario
from simulator.web.errors import ApiError, not_there
from simulator.web.execution import fail_abandoned, slots
from simulator.web.models import ACTIVE, Controllers, ControlRow, Run


def start_run(owner: str, graph: Any, *, speed: float | None, overrides: Mapping[str, Any] | None = None, diagram: uuid.UUID | None = None, version: int | None = None) -> Run:
    """Freeze ``graph`` and execute it; raise `ScenarioError` if it has errors, `ApiError` beyond a limit."""
    if overrides and isinstance(graph, dict):
        graph = {**graph, "run": {**(graph.get("run") or {}), **overrides}}
    scenario = check_size(graph)
    prepare(scenario)
    if scenario.run.duration_s > settings.MAX_SIMULATED_S:
        raise ApiError(422, "limit-reached", f"A run may simulate at most {settings.MAX_SIMULATED_S:g} s here", "Shorten the duration")
    if scenario.run.duration_s / scenario.run.interval_s() > settings.MAX_FRAMES_PER_RUN:
        raise ApiError(422, "limit-reached", f"A run may have at most {settings.MAX_FRAMES_PER_RUN:,} frames here", "Use a longer frame interval")
    asked = scenario.run.max_replications if scenario.run.precision is not None else scenario.run.replications
    if asked > settings.MAX_REPLICATIONS:
        raise ApiError(422, "limit-reached", f"A run may have at most {settings.MAX_REPLICATIONS:,} replications here", "Ask for fewer, or for less precision")
    mine = Run.objects.filter(owner=owner)
    if mine.filter(state__in=ACTIVE).count() >= settings.MAX_ACTIVE_RUNS_PER_OWNER:
        raise ApiError(429, "too-many-runs", f"You have {settings.MAX_ACTIVE_RUNS_PER_OWNER} runs going on already", "Stop one of them, or wait")
    if Run.objects.filter(state__in=ACTIVE).count() >= settings.MAX_WAITING_RUNS:
        raise ApiError(503, "server-busy", "The server has as many runs as it takes", "Try again in a minute")
    for old in list(mine.exclude(state__in=ACTIVE).order_by("-created_at")[settings.MAX_RUNS_PER_OWNER - 1 :]):
        old.delete()
    run = Run.objects.create(
        owner=owner, diagram=diagram, diagram_version=version, name=scenario.name, scenario=scenario.to_json(), engine_version=__version__,
        speed=speed, duration_s=scenario.run.duration_s, frame_interval_s=scenario.run.interval_s(),
    )
    slots().submit(str(run.pk))
    return run


def check_size(graph: Any) -> Scenario:
    """Read a graph, within the limits of this server."""
    scenario = Scenario.from_json(graph)
    for count, most, what in ((len(scenario.nodes), settings.MAX_NODES, "nodes"), (len(scenario.wires), settings.MAX_WIRES, "wires")):
        if count > most:
            raise ApiError(413, "too-large", f"The diagram has {count:,} {what}; this server takes {most:,}", "Split it into several diagrams")
    return scenario


def may_view(run: Run, owner: str | None, key: str) -> bool:
    """Whether this visitor, or whoever has this key, may watch the run."""
    return run.owner == owner or (bool(key) and hmac.compare_digest(run.view_key.encode(), key.encode()))


def find_run(run_id: uuid.UUID | str, owner: str | None, key: str = "", *, to_change: bool = False) -> Run:
    """A run that this visitor may watch (or, ``to_change``, owns); otherwise it is not there."""
    run = Run.objects.filter(pk=run_id).first()
    if run is None or not (run.owner == owner if to_change else may_view(run, owner, key)):
        raise not_there("run")
    fail_abandoned(run)
    run.note_place()
    return run


def may_control(run: Run, owner: str | None, key: str) -> bool:
    """Whether this visitor may control the run: its owner, or, if the owner lets them, whoever has the key."""
    return run.owner == owner or (run.controllers == Controllers.LINK and may_view(run, owner, key))


def give_control(run: Run, control: Any, owner: str | None, key: str = "") -> ControlRow:
    """Append a control to the run's log; raise `ApiError` if it is none, comes too late, or is not for this visitor to give."""
    if not may_control(run, owner, key):
        raise ApiError(403, "not-owner", "Only the owner of this run may control it", "Ask the owner to let everyone with the link do so, or open the diagram yourself and run it")
    try:
        read = read_control(control)
    except ControlError as error:
        raise ApiError(400, "invalid-control", str(error), "See the reference of controls") from None
    if not run.is_active:
        raise ApiError(409, "run-ended", "The run has ended, so it cannot be controlled any more", "Run again")
    return ControlRow.objects.create(run=run, control=read)


def run_json(run: Run, owner: str | None, key: str = "") -> dict[str, Any]:
    """A run as the API shows it to this visitor, who may have come with a key."""
    is_owner = run.owner == owner
    return {
        "id": str(run.pk), "diagram": str(run.diagram) if run.diagram and is_owner else None, "diagram_version": run.diagram_version, "name": run.name,
        "state": run.state, "ahead": run.ahead, "error": run.error, "speed": run.speed, "paused": run.paused, "simulated_s": run.simulated_s, "duration_s": run.duration_s,
        "last_seq": run.last_seq, "frame_interval_s": run.frame_interval_s, "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None, "engine_version": run.engine_version, "is_owner": is_owner,
        "controllers": run.controllers, "may_control": may_control(run, owner, key),
        "replications": run.replications,
        "view_url": f"/runs/{run.pk}/?key={run.view_key}" if is_owner else None,
    }
