"""Faults that every wire, every service that is called, and every group of nodes can have, whatever its kind."""

from __future__ import annotations

from simulator.engine.node import Node
from simulator.vocabulary import Fault, NoParameters, ParameterSet, Port, Verb, parameter


class CutParameters(ParameterSet):
    """How the sender learns of it."""

    noticed_after_s: float = parameter(
        1.0, "How long a caller that waits for an answer tries to connect before it gives up; its own timeout ends that earlier. It depends on the client.",
        title="Noticed after", unit="s", ge=0.01, le=3600)


class ShareParameters(ParameterSet):
    """How much of what is sent."""

    share: float = parameter(1.0, "Share of the messages or requests.", title="Share", unit="share", gt=0, le=1)


class DelayParameters(ParameterSet):
    """How much longer."""

    delay_s: float = parameter(1.0, "Added to the way of each request.", title="Delay", unit="s", gt=0, le=3600)


CUT = Fault(
    "cut", "The network is cut", "A partition: nothing gets through. Senders get an error, callers cannot connect, consumers that pull receive nothing until it is"
    " cleared; what they hold already is completed.", CutParameters, "network")
THROTTLED = Fault("throttled", "Throttled", "A share of what is sent is refused with a throttling error.", ShareParameters, "throttle")
ERRORS = Fault("errors", "Answered with errors", "A share of what is sent is refused with a server-side error (HTTP 500), which may be tried again.", ShareParameters, "errors")
DELAYED = Fault("delayed", "Requests take longer", "A slow network: each request is so much longer on its way.", DelayParameters, "slow")

WIRE_FAULTS = (CUT, THROTTLED, ERRORS, DELAYED)
"""What can happen on a wire."""

INBOUND_FAULTS = (
    Fault("throttled", "Callers are throttled", "A share of what is sent here is refused with a throttling error, whoever sends it.", ShareParameters, "throttle"),
    Fault("errors", "Callers get errors", "A share of what is sent here is refused with a server-side error, whoever sends it.", ShareParameters, "errors"),
)
"""What can happen at every service that is sent to or called; a service's own faults of these names come first."""

GROUP_FAULTS = (
    Fault(
        "lost", "Everything in it is lost", "As when an Availability Zone, a VPC, a Region or an account fails: every node in the box stops working, and the network to and from it is"
        " cut. What is stored there is kept; services that AWS spreads over zones do not belong into the box of one zone.", NoParameters, "network"),
)
"""What can happen to all nodes of a box that stands for something that fails as a whole."""

GROUPS_THAT_FAIL = ("zone", "vpc", "region", "account")
"""Kinds of boxes that do; the others (a plain group, a bounded context) are drawn for people, and nothing in AWS fails with them."""


def group_faults(kind: str) -> tuple[Fault, ...]:
    """What can happen to all nodes of a box of this kind."""
    return GROUP_FAULTS if kind in GROUPS_THAT_FAIL else ()


def may_break(fault: Fault, source: Port, target: Port) -> bool:
    """Whether a wire between these ports can have this fault.

    Messages given up go to their dead-letter queues inside AWS, not over a network.
    """
    if source.role == "failure":
        return False
    if source.verb is Verb.POLL:
        return fault is CUT and (source.cuttable or target.cuttable)
    return fault is not DELAYED or source.verb is Verb.INVOKE


def has_callers(service: type[Node]) -> bool:
    """Whether this service is sent to or called."""
    return any(port.direction == "in" and port.verb is not Verb.POLL for port in service.ports)
