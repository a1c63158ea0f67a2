"""The example of each service, run once for all tests that look at that run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pytest

from simulator import catalog
from simulator.run import Simulation


@dataclass(frozen=True)
class ExampleRun:
    """What a run told, as JSON; tests only read it."""

    frames: list[dict[str, Any]]
    report: dict[str, Any]


def kinds() -> list[Any]:
    """All kinds, each in a group of its own, so that the tests that share its run share a process too."""
    return [pytest.param(kind, marks=pytest.mark.xdist_group(f"example of {kind}")) for kind in sorted(catalog.kinds())]


@lru_cache(maxsize=4)
def example_run(kind: str) -> ExampleRun:
    """The frames and the report of a service's own example."""
    simulation = Simulation(dict(catalog.service(kind).example))
    frames = [json.loads(json.dumps(frame.to_json(), allow_nan=False)) for frame in simulation.frames()]
    return ExampleRun(frames, simulation.report().to_json())
