"""What is measured of messages that have ended stays bounded, however many frames a run has."""

from __future__ import annotations

import pytest

from benchmarks import scenarios
from simulator.engine import agenda
from simulator.run import Simulation

CALLS = 500


def test_samples_of_ended_messages_are_folded_though_every_frame_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "CALLS_BETWEEN_CHECKS", CALLS)
    simulation = Simulation(scenarios.pipeline(5_000, frame_interval_s=0.1))
    most = 0
    for _ in simulation.frames():
        ends = [end for path in simulation.network.root.walk() for end in path.ends.values()]
        most = max(most, *(len(end.latency.singles) for end in ends), 0) if ends else most
    assert sum(end.messages for end in ends) > 5_000
    assert 0 < most <= CALLS
