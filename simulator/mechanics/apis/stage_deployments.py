"""Deployments of an API's stage: what is published when, and the share of the requests that a canary release takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from simulator.engine.agenda import Agenda
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.apis.api_routes import GUIDE
from simulator.vocabulary import ParameterSet, Source, parameter

CANARY = Source("From memory: canary release deployments of REST APIs", f"{GUIDE}/canary-release.html", "2026-11", "M")
PUBLISHING = Source("From memory: AWS publishes no figure", f"{GUIDE}/how-to-deploy-api.html", "2026-11", "M")

Release = Literal["stage", "canary"]


class Deployment(ParameterSet):
    """A deployment that is created during the run, and published on the stage."""

    name: str = parameter("v2", "What it is called in the log.", title="Name", section="Deployment", min_length=1, max_length=100)
    at_s: float = parameter(60, "When it is created.", title="At", unit="s", section="Deployment", ge=0, le=31_536_000)
    canary_share: float = parameter(
        0.1, "Share of the requests that go to the integrations of the canary from then on: little for a trial, 1 to publish it for all, 0 to take it back.", title="Share of the canary", unit="share",
        section="Deployment", aws="canarySettings.percentTraffic", ge=0, le=1, source=CANARY)
    publish_s: float = parameter(
        5, "Time from its creation until requests meet it.", title="Time to publish", unit="s", section="Deployment", ge=0, le=3600, source=PUBLISHING)


class Releases:
    """Which integration a request meets: that of the stage, or, for a share of the requests, that of the canary."""

    def __init__(self, stream: Stream, share: float) -> None:
        self._chance = stream.uniform
        self.share = share
        self.requests = self.server_errors = 0
        self._stage: dict[str, Wire] = {}
        self._canary: dict[str, Wire] = {}

    def serve(self, wires: Iterable[Wire]) -> None:
        """These are the integrations; the first wire that names a route serves it."""
        for wire in wires:
            served = self._canary if wire.parameters.release == "canary" else self._stage
            for route in wire.parameters.routes:
                served.setdefault(route, wire)

    def plan(self, deployments: Sequence[Deployment], agenda: Agenda, publish: Callable[[Deployment], None]) -> None:
        """Book the deployments of the run."""
        for deployment in deployments:
            agenda.at(deployment.at_s + deployment.publish_s, publish, deployment)

    def draws_canary(self) -> bool:
        """Whether this request is one of the canary's."""
        if not self._canary or self.share <= 0 or (self.share < 1 and self._chance() >= self.share):
            return False
        self.requests += 1
        return True

    def of(self, route: str, canary: bool = False) -> Wire | None:
        """The integration of a route; None where the API answers by itself."""
        return (self._canary.get(route) if canary else None) or self._stage.get(route)

    def is_unknown(self, route: str, canary: bool) -> bool:
        """Whether only the canary has the route, and this request is not one of its."""
        return not canary and route in self._canary and route not in self._stage
