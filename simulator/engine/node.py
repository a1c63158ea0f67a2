"""A node: what every service is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.limits import Limit
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit, Loss, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Flow, Into, Station
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.vocabulary import (
    Fault,
    Fidelity,
    Finding,
    Metric,
    NoParameters,
    Overlay,
    ParameterSet,
    PartFigure,
    Port,
    Preset,
    Price,
    Quota,
    Values,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

Reply = Callable[[Message, Refusal | None], None]


class Node:
    """One placed service. Subclasses declare what they are (class attributes) and behave (methods).

    The ledger: ``entered + created + copied == forwarded + finished + lost + holding()`` at every instant between
    calls, once all nodes have settled (`settle`). The receiver counts ``entered``; ``holding()`` counts the messages that really are in the node.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    short_title: ClassVar[str]
    neutral_title: ClassVar[str]
    group: ClassVar[str]
    icon: ClassVar[str] = ""
    summary: ClassVar[str]
    documentation_url: ClassVar[str] = ""
    version: ClassVar[int] = 1
    Parameters: ClassVar[type[ParameterSet]] = NoParameters
    AccountParameters: ClassVar[type[ParameterSet] | None] = None
    presets: ClassVar[Sequence[Preset]] = ()
    ports: ClassVar[Sequence[Port]] = ()
    """Ports that every node of the kind has; see `ports_for`."""
    ports_follow: ClassVar[Sequence[str]] = ()
    """Names of the parameters from which more ports follow."""
    quotas: ClassVar[Sequence[Quota]] = ()
    metrics: ClassVar[Sequence[Metric]] = ()
    overlay: ClassVar[Overlay]
    parts_title: ClassVar[str] = ""
    """What the parts are called that `part_counts` tells of (shards, states), if the node has parts."""
    part_figures: ClassVar[Sequence[PartFigure]] = ()
    """The numbers that `part_counts` tells of each part."""
    faults: ClassVar[Sequence[Fault]] = ()
    when_lost: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Faults, with what they need, that together are the loss of the whole node; empty: its first fault of the sort ``stops``."""
    prices: ClassVar[Sequence[Price]] = ()
    fidelity: ClassVar[Fidelity]
    wait_titles: ClassVar[Mapping[str, str]] = {}
    """Titles of the causes of waiting that a run may book at such a node, by name, without the names of neighbours."""
    keeps_lineage: ClassVar[bool] = False
    """Whether what goes through carries on a message's `lineage`, as services do that pass AWS's tracing header on."""
    example: ClassVar[Mapping[str, Any]]
    upgrades: ClassVar[Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
    """Functions that turn saved parameters of version n into those of version n + 1."""

    __slots__ = (
        "agenda", "causes", "copied", "created", "entered", "finished", "forwarded", "id", "largest_cohort", "limits", "losses", "lost", "name",
        "network", "own_ports", "parameters", "rates_over_s", "takes_cohorts", "wires_in", "wires_out",
    )  # fmt: skip
    # Services may add any attribute. What all have is in slots, because Python finds methods faster at instances with at most 30 others.

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        self.network = network
        self.agenda = network.agenda
        self.id = id
        self.name = name
        self.parameters = Values(parameters)
        self.own_ports = tuple(self.ports_for(parameters))
        """The ports of this very node."""
        self.wires_out: dict[str, list[Wire]] = {port.name: [] for port in self.own_ports if port.direction == "out"}
        self.wires_in: dict[str, list[Wire]] = {port.name: [] for port in self.own_ports if port.direction == "in"}
        self.entered = self.created = self.copied = self.forwarded = self.finished = self.lost = 0
        self.causes: dict[tuple[str, Culprit | None], Cause] = {}
        self.losses: dict[str, Loss] = {}
        self.limits: dict[str, Limit] = {}
        self.takes_cohorts = False
        """Whether tokens with a span may come; set before the start, from `needs_singles`."""
        self.largest_cohort = 1
        self.rates_over_s = 0.0
        """Simulated seconds that the rates given to `sentence` are taken over."""

    # -- what a service may override ------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to act; called once, when all nodes and wires are there."""

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        """Take ``message`` from a ``send`` wire (None), or refuse it and leave it with the sender."""
        raise NotImplementedError(f"{type(self).__name__} has no port that takes messages")

    def needs_singles(self) -> str | None:
        """Why only single messages may come to this node (a sentence for the report); None if it takes cohorts.

        Asked once all wires are laid; `Node.takes_cohorts` of the neighbours is not known yet, but may be asked for.
        """
        return "This service works message by message."

    def pulls_singles(self, wire: Wire) -> str | None:
        """Why single messages must wait in the queue at this ``poll`` wire, for this consumer; None if cohorts may."""
        return f"{self.name} works message by message."

    def pulls_cohorts(self) -> bool:
        """Whether this consumer pulls from a queue that stores cohorts for it."""
        return any(wire.source.takes_cohorts for wires in self.wires_in.values() for wire in wires if wire.source_port.verb == "poll")

    def room(self, message: Message) -> int:
        """How many messages of this cohort `accept` would take now."""
        return message.count

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        """Answer a request from an ``invoke`` wire, now or later, by ``wire.answered`` and then ``reply``."""
        raise NotImplementedError(f"{type(self).__name__} has no port that takes requests")

    def holding(self) -> int:
        """How many messages are in this node now, counted in its containers."""
        return 0

    def parameter_changed(self, name: str) -> None:
        """React to a parameter that was changed while the run goes on."""

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        """The lines of the bill: (price, quantity) after ``elapsed_s`` seconds."""
        return ()

    def trouble(self) -> tuple[int, int]:
        """Cumulative counts of (failures, throttles): whatever makes this node look failing or throttled."""
        return self.lost, 0

    def backlog(self) -> float:
        """Messages that wait here for something scarce, now."""
        return 0

    def part_counts(self) -> Mapping[str, Mapping[str, float]] | None:
        """The `part_figures` of each part of the node, by its name (shards, queues of a broker, states of a workflow). None: no parts."""
        return None

    def consumer_behind(self, wire: Wire) -> tuple[float, float] | None:
        """How far the consumer at this ``poll`` wire is behind in a log: (messages it has not read, age in seconds of the last it has read; 0 when all is read). None: no log."""
        return None

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        """What limits this node now, in words, given what its counters and levels change by a second, taken over `rates_over_s`."""
        return None

    def limits_ahead(self, growth_per_s: float, rates: Mapping[str, float]) -> Iterable[tuple[str, float]]:
        """What a backlog that keeps growing by ``growth_per_s`` runs into: (what happens, in how many seconds from now).

        ``rates`` are those of the primary ``sum`` metrics, a second, while it grew.
        """
        return ()

    def load_changed(self, factor: float) -> None:
        """The load of all sources is now ``factor`` times what they say."""

    def expected_messages(self, duration_s: float) -> float:
        """Messages that this node makes by itself in the first ``duration_s`` seconds, as far as can be told before."""
        return 0.0

    def batch_service_s(self) -> float:
        """Mean time that this node works on what it pulls at once, in seconds; 0 if it pulls nothing."""
        return 0.0

    def housekeep(self) -> None:
        """Drop what is no longer needed; called between slices, and now and then in a long one."""

    def settle(self) -> None:
        """Account for what ended since the last time; called before anyone reads ledgers and counters, and now and then in a long slice.

        A node that ends many messages may keep them until then, and count them together.
        """

    def before_slice(self) -> None:
        """Bring what is counted lazily up to date; called before metrics are read."""

    def wire_changed(self, wire: Wire) -> None:
        """React to a parameter of a wire at this node that was changed while the run goes on."""

    def wire_cut(self, wire: Wire) -> None:
        """React to `Wire.cut` of a ``poll`` wire at this node, which has changed."""

    def littles_law(self, elapsed_s: float) -> tuple[float, float, float] | None:
        """(mean number waiting or inside, arrivals a second, mean time there), measured independently; None if it has none."""
        return None

    @classmethod
    def ports_for(cls, parameters: Any) -> Sequence[Port]:
        """The ports of a node with these (valid) parameters; more than `ports` only where `ports_follow` names parameters."""
        return cls.ports

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        """Findings that span fields or neighbours."""
        return ()

    @classmethod
    def check_together(cls, account: Any, placed: Sequence[Placed]) -> Iterable[Finding]:
        """Findings that span all nodes of this kind, which share an ``account``."""
        return ()

    @classmethod
    def flow(cls, placed: Placed, link: Link, into: Into) -> Flow:
        """What goes out on a wire, as queueing theory sees it, given what comes ``into`` a port."""
        return Flow(None, (f"what {placed.name} sends is not known to be Poisson",))

    @classmethod
    def station(cls, placed: Placed, into: Into) -> Station | None:
        """This node as servers that formulas speak of; None if it is nothing of the kind."""
        return None

    @classmethod
    def passes_at_once(cls, parameters: ParameterSet) -> bool:
        """Whether a message can go through without any simulated time passing."""
        return False

    # -- what a service uses ----------------------------------------------------------------------------------------

    def stream(self, purpose: str) -> Stream:
        """The random stream of this node for ``purpose``."""
        return Stream(self.network.seed, self.id, purpose)

    def cause(self, name: str, title: str, culprit: Culprit | None = None, *, capacity: bool = True) -> Cause:
        """The reason for waiting of this name (and culprit); made at first use."""
        cause = self.causes.get((name, culprit))
        if cause is None:
            cause = self.causes[name, culprit] = Cause(self.id, name, title, culprit, capacity)
        return cause

    def limit(self, name: str, title: str, limit: float | None, parameter: str | None = None, unit: str = "count") -> Limit:
        """Declare a limit whose use is measured and reported."""
        made = self.limits[name] = Limit(name, title, limit, parameter, unit)
        return made

    def lose(self, message: Message, name: str, title: str) -> None:
        """``message`` is gone for good, for this reason."""
        self.lost += message.count
        loss = self.losses.get(name)
        if loss is None:
            loss = self.losses[name] = Loss(self.id, name, title)
        loss.messages += message.count
        self.network.ended(message, f"lost: {self.network.inside(title)}")

    def finish(self, message: Message, end: str) -> None:
        """``message`` reached the end of its way here, as it should."""
        self.finished += message.count
        self.network.ended(message, end)

    def residual(self) -> int:
        """Messages that the ledger misses (positive) or invents (negative); zero if the node is sound."""
        into = self.entered + self.created + self.copied
        return into - self.forwarded - self.finished - self.lost - self.holding()

    def log(self, level: str, text: str) -> None:
        """Write a line into the run's event log."""
        self.network.log(level, self.id, text)
