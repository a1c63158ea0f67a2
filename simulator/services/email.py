"""E-mail: mailboxes of people who subscribed with their address.

Mail is handed to the mail server of the address and arrives after a while. A bounce for good is a client-side error; a
server that is down or busy is tried again. Reading, replies and spam folders are not modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message
from simulator.engine.outcomes import Culprit, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.topics.last_mile import LastMile
from simulator.units import format_rate
from simulator.vocabulary import Direction, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, Picture, Port, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html"
UNPUBLISHED = Source("Not published by AWS; an assumption to change", GUIDE, "2026-11", "M")


class MailboxParameters(ParameterSet):
    """The mailboxes behind the address."""

    delivery_time: Distribution = parameter(
        lambda: Lognormal(p50_s=3.0, p99_s=60.0), "Time from handing the mail over until it is in the mailbox. AWS publishes no figure.", title="Delivery time", unit="s",
        section="Delivery", widget="distribution", source=UNPUBLISHED, changeable=True)
    bounce_share: float = parameter(
        0.0, "Share of the mail that is refused for good: no such address, blocked, too large.", title="Hard bounces", unit="share", section="Failures", ge=0, le=1, changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that the mail server does not take a mail at the moment (greylisted, busy, down). The sender tries again.", title="Soft bounces", unit="share",
        section="Failures", ge=0, le=1, changeable=True)


class Mailbox(LastMile):
    """A mailbox."""

    kind = "email"
    title = "E-mail"
    short_title = "E-mail"
    neutral_title = "E-mail"
    group = "Receivers"
    icon = "resource/Email"
    summary = "People who get the messages of a topic as e-mail."
    documentation_url = GUIDE
    Parameters = MailboxParameters
    ports = (Port("in", "Mail", Direction.IN, Verb.SEND, frozenset({"email:Send"}), "Subscriptions of topics with the protocol email or email-json."),)
    metrics = (
        Metric("MailTaken", "Taken", "messages", "sum", "Mail that the mail server took. CloudWatch has no such metric.", "handed_over", None, True, "rates"),
        Metric("MailDelivered", "Delivered", "messages", "sum", "Mail that is in the mailbox. CloudWatch has no such metric.", "arrived", None, True, "rates"),
        Metric("HardBounces", "Hard bounces", "messages", "sum", "Attempts refused for good. CloudWatch has no such metric.", "hard_bounces", None, True, "trouble"),
        Metric("SoftBounces", "Soft bounces", "messages", "sum", "Attempts that failed for the moment. CloudWatch has no such metric.", "soft_bounces", None, True, "trouble"),
        Metric("MailOnTheWay", "On the way", "messages", "gauge", "Mail taken and not yet in the mailbox. CloudWatch has no such metric.", "on_the_way", None, False, "backlog"),
        Metric("DeliveryTime", "Delivery time", "s", "spread", "Time from handing over to the mailbox. CloudWatch has no such metric.", "delivery_times", None, True, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"delivery_time": "On the way to people"}
    overlay = Overlay(
        "MailOnTheWay", (Figure("MailDelivered"), Figure("DeliveryTime", "p99"), Figure("HardBounces", "bounced", quiet=True)),
        picture=Picture("rates", (Fill("MailTaken"), Fill("SoftBounces", "warn"), Fill("HardBounces", "bad"))),
    )
    faults = (LastMile.unavailable_fault,)
    fidelity = Fidelity(
        modelled=("Mail takes its time; hard bounces are client-side errors, soft bounces are tried again by the sender's schedule.",),
        approximated=("The delivery time is an assumption: AWS publishes none.",),
        ignored=("Reading, replies, spam folders, and confirmation of the subscription: people are not simulated.",),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Alarms by e-mail",
        "nodes": [
            {"id": "alarms", "kind": "traffic", "name": "Alarms", "parameters": {"load": {"shape": "constant", "rate_per_s": 1}}},
            {"id": "mail", "kind": "email", "name": "On call", "parameters": {}},
        ],
        "wires": [{"id": "w1", "from": {"node": "alarms", "port": "out"}, "to": {"node": "mail", "port": "in"}}],
        "run": {"duration_s": 300},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.hard_bounces = self.soft_bounces = 0
        self._failures = self.stream("failures")

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        down = self.unavailable(message)
        if down is not None:
            return down
        if self._failures.binomial(1, self.parameters.bounce_share):
            self.hard_bounces += message.count
            return self.refuse(message, "bounce", f"Mail to {self.name} bounced", retryable=False)
        if self._failures.binomial(1, self.parameters.failure_probability):
            self.soft_bounces += message.count
            return self.refuse(message, "soft_bounce", f"The mail server of {self.name} is busy", retryable=True)
        self.hand_over(message)
        return None

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        if placed.parameters.bounce_share > 0.05:
            yield Finding("bounces", "warning", f"{placed.parameters.bounce_share:.0%} of the mail to '{placed.name}' bounces; AWS may pause an account that bounces more than 5 %",
                          "Remove addresses that bounce", node=placed.id, parameter="bounce_share")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self._unavailable:
            return "The mail server is down.", Culprit(self.id)
        if rates["HardBounces"] > 0:
            return f"{format_rate(rates['HardBounces'])} bounce for good.", Culprit(self.id, "bounce_share")
        return None
