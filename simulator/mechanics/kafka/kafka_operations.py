"""What happens to the brokers of a cluster: failures, restarts in good order, patching one after the other, a zone that fails, a full disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

from simulator.engine.agenda import Agenda
from simulator.mechanics.kafka.kafka_broker import Broker
from simulator.mechanics.kafka.kafka_replication import Replication
from simulator.vocabulary import ParameterSet, parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["restart", "failure", "rolling_restart", "zone_failure"]
LONGEST_S = 31_536_000.0


class Operation(ParameterSet):
    """Something that happens to brokers at a set time. They come back by themselves."""

    at_s: float = parameter(60, "When it happens.", title="Time", unit="s", section="Operation", ge=0, le=LONGEST_S)
    kind: Kind = parameter(
        "restart", "restart: a broker hands over its partitions, stops and comes back. failure: it is gone without a word. rolling_restart: all brokers are restarted one after the other, as"
        " when MSK patches or updates them. zone_failure: all brokers of a zone fail.", title="Kind", section="Operation")
    number: int = parameter(1, "Which broker, or which zone.", title="Broker or zone", unit="count", section="Operation", ge=1, le=90)


class BrokerChoice(ParameterSet):
    """Which broker."""

    broker: int = parameter(1, "Number of the broker; brokers are numbered from 1.", title="Broker", unit="count", ge=1, le=90)


class ZoneChoice(ParameterSet):
    """Which availability zone."""

    zone: int = parameter(1, "Number of the zone; zones are numbered from 1.", title="Zone", unit="count", ge=1, le=3)


class OperatedCluster(Protocol):
    """The cluster, as its operation sees it."""

    agenda: Agenda
    brokers: dict[int, Broker]

    def connections_broken(self, broker: int) -> None:
        """Clients of this broker lose their connections."""

    def log(self, level: str, text: str) -> None:
        """Write a line into the run's event log."""


class BrokerOperations:
    """Stops and starts brokers. A broker is down as long as there is a reason for it."""

    def __init__(self, cluster: OperatedCluster, replication: Replication, restart_s: Callable[[], float]) -> None:
        self.cluster = cluster
        self.replication = replication
        self.stops = 0
        self._restart_s = restart_s
        self._reasons: dict[int, set[str]] = {number: set() for number in cluster.brokers}
        self._rolling = False

    def plan(self, operations: Sequence[Operation]) -> None:
        """Book what is to happen at set times."""
        for operation in operations:
            self.cluster.agenda.at(operation.at_s, self._operate, operation)

    def _operate(self, operation: Operation) -> None:
        if operation.kind == "rolling_restart":
            self.roll()
        elif operation.kind == "zone_failure":
            for broker in [broker for broker in self.cluster.brokers.values() if broker.zone == operation.number]:
                self.fail(broker.number)
        elif operation.number in self.cluster.brokers:
            (self.restart if operation.kind == "restart" else self.fail)(operation.number)

    def hold(self, number: int, reason: str) -> None:
        """The broker is gone without a word, for this reason, until it is released."""
        if number in self._reasons:
            self._reasons[number].add(reason)
            self._stop(number, clean=False)

    def release(self, number: int, reason: str) -> None:
        """The reason is gone: without another one the broker starts."""
        reasons = self._reasons[number]
        if reason in reasons:
            reasons.discard(reason)
            if not reasons:
                self._start(number)

    def hold_zone(self, zone: int, reason: str) -> None:
        """All brokers of a zone are gone."""
        for broker in self.cluster.brokers.values():
            if broker.zone == zone:
                self.hold(broker.number, reason)

    def release_all(self, reason: str) -> None:
        """Whatever was down for this reason alone starts."""
        for number in self.cluster.brokers:
            self.release(number, reason)

    def fail(self, number: int) -> None:
        """A broker fails; MSK replaces it."""
        self.hold(number, "failure")
        self.cluster.agenda.at(self.cluster.agenda._now + self._restart_s(), self._come_back, (number, "failure", None))

    def restart(self, number: int, changed: Callable[[Broker], None] | None = None, then: Callable[[], None] | None = None) -> None:
        """A broker hands over what it leads, stops and comes back: ``changed`` is called while it is down, ``then`` when it is back."""
        self.replication.move_leaders_away(number)
        now_s = self.cluster.agenda._now
        self.cluster.agenda.at(now_s + self.replication.settings.election_s, self._stop_in_order, (number, changed, then))

    def _stop_in_order(self, place: tuple[int, Callable[[Broker], None] | None, Callable[[], None] | None]) -> None:
        number, changed, then = place
        self._reasons[number].add("restart")
        self._stop(number, clean=True)
        if changed is not None:
            changed(self.cluster.brokers[number])
        self.cluster.agenda.at(self.cluster.agenda._now + self._restart_s(), self._come_back, (number, "restart", then))

    def _come_back(self, place: tuple[int, str, Callable[[], None] | None]) -> None:
        number, reason, then = place
        self.release(number, reason)
        if then is not None:
            then()

    def roll(self, changed: Callable[[Broker], None] | None = None) -> None:
        """Restart all brokers, one after the other."""
        if self._rolling:
            return
        self._rolling = True
        numbers = iter(sorted(self.cluster.brokers))

        def next_one() -> None:
            number = next(numbers, None)
            if number is None:
                self._rolling = False
            else:
                self.restart(number, changed, next_one)

        next_one()

    def _stop(self, number: int, *, clean: bool) -> None:
        broker = self.cluster.brokers[number]
        if not broker.is_up:
            return
        broker.stop(self.cluster.agenda._now)
        self.stops += 1
        self.cluster.log("warning", f"Broker {number} {'stops' if clean else 'fails'}")
        if clean:
            self.replication.broker_stopped(number)
        else:
            self.replication.broker_failed(number)
        self.cluster.connections_broken(number)

    def _start(self, number: int) -> None:
        broker = self.cluster.brokers[number]
        if not broker.is_up:
            broker.is_up = True
            self.cluster.log("info", f"Broker {number} is back")
            self.replication.broker_started(number)
