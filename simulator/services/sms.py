"""SMS: text messages to phones, sent on by carriers.

Longer texts are sent in parts, each of which is billed. The rate depends on what the messages are sent from; the monthly
spend limit stops them some minutes after it is reached. Registration of senders and opt-outs are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Culprit, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.topics.last_mile import LastMile
from simulator.units import format_rate
from simulator.vocabulary import Direction, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, Picture, Port, Price, Quota, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-phone-number-as-subscriber.html"
QUOTAS = Source("AWS General Reference, Amazon SNS endpoints and quotas", "https://docs.aws.amazon.com/general/latest/gr/sns.html", "2026-11")
API = Source("Amazon SNS API Reference, SetSMSAttributes", "https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html", "2026-11")
METRICS = Source("SNS Developer Guide, Monitoring with CloudWatch", "https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html", "2026-11")
RATES = Source("From memory: messages a second by origination identity in the United States", "https://docs.aws.amazon.com/sms-voice/latest/userguide/sms-limitations-mps.html", "2026-11", "M")
CARRIERS = Source("From memory: price of one part to the United States, without carrier fees", "https://aws.amazon.com/sns/sms-pricing/", "2026-11", "M")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", GUIDE, "2026-11", "M")

RATES_PER_S = {"shared": 20.0, "short_code": 100.0, "toll_free": 3.0, "10dlc": 1.0, "long_code": 1.0}
PART_BYTES, MOST_CHARACTERS = 140, 1600


class SmsParameters(ParameterSet):
    """How texts are sent, and what they cost."""

    origination: Literal["shared", "short_code", "toll_free", "10dlc", "long_code"] = parameter(
        "shared", "What messages are sent from. It sets the rate: 20 a second for the account and type if it is shared; 100 from a short code, 3 from a toll-free"
        " number, 1 from a long code or a 10DLC number of a new campaign.", title="Origination", section="Rate", source=RATES)
    rate_per_s: float | None = parameter(
        None, "Parts sent a second. Empty: as the origination says. A soft quota: AWS raises it on request.", title="Rate", unit="per_s", section="Rate", gt=0, le=100_000,
        source=QUOTAS, changeable=True)
    over_rate: Literal["waits", "throttles"] = parameter(
        "waits", "What happens above the rate: messages wait at the carrier's door, or are refused and tried again by the sender. AWS does not say.", title="Above the rate",
        section="Rate", source=UNPUBLISHED, advanced=True)
    monthly_spend_limit_usd: float = parameter(
        1.0, "Sending stops when the month's bill reaches this. 1 USD is what a new account has.", title="Monthly spend limit", unit="usd", section="Spend",
        aws="MonthlySpendLimit", ge=0, le=10_000_000, source=API, changeable=True)
    already_spent_usd: float = parameter(0.0, "What the month's bill was before the run.", title="Already spent", unit="usd", section="Spend", ge=0, le=10_000_000)
    spend_stop_delay_s: float = parameter(
        300, "Sending goes on for so long after the limit is reached: AWS says within minutes.", title="Stops after", unit="s", section="Spend", ge=0, le=86400,
        source=UNPUBLISHED, advanced=True)
    price_per_part_usd: float = parameter(
        0.00645, "Price of one part of 140 bytes; it depends on country and carrier.", title="Price of a part", unit="usd", section="Spend", ge=0, le=10, source=CARRIERS)
    delivery_time: Distribution = parameter(
        lambda: Lognormal(p50_s=2.0, p99_s=30.0), "Time from sending until the phone has it. AWS publishes no figure.", title="Delivery time", unit="s", section="Delivery",
        widget="distribution", source=UNPUBLISHED, changeable=True)
    failure_probability: float = parameter(
        0.02, "Share of the messages that the carrier takes and does not deliver: phone off, number gone, filtered as spam. They are billed all the same.",
        title="Carrier failures", unit="share", section="Delivery", ge=0, le=1, source=UNPUBLISHED, changeable=True)


class Sms(LastMile):
    """Text messages to phones."""

    kind = "sms"
    title = "SMS"
    short_title = "SMS"
    neutral_title = "Text message"
    group = "Receivers"
    icon = "architecture-service/AWSEndUserMessaging"
    summary = "Phones that get messages as text, at the rate and up to the spend that the account has."
    documentation_url = GUIDE
    Parameters = SmsParameters
    ports = (Port("in", "Texts", Direction.IN, Verb.SEND, frozenset({"sms:Send"}), "Subscriptions of topics with the protocol sms."),)
    quotas = (
        Quota("rate", "SMS messages a second, each of promotional and transactional", 20, "per_s", "account and Region", True, QUOTAS, "what happens above it is not documented"),
        Quota("part", "Size of a part", PART_BYTES, "bytes", "message", False, QUOTAS),
        Quota("length", "Length of a message", MOST_CHARACTERS, "count", "message", False, QUOTAS, "characters"),
    )
    metrics = (
        Metric("MessagesSent", "Sent", "messages", "sum", "Messages that a carrier took. CloudWatch has no such metric.", "handed_over", None, True, "rates"),
        Metric("MessagesDelivered", "Delivered", "messages", "sum", "Messages that reached the phone. CloudWatch has no such metric.", "arrived", None, True, "rates"),
        Metric("PartsSent", "Parts", "count", "sum", "Parts sent, each of which is billed. CloudWatch has no such metric.", "parts", None, False, "rates"),
        Metric("SMSMonthToDateSpentUSD", "Spent this month", "usd", "gauge", "What text messages have cost since the start of the month.", "spent_usd", METRICS, True, "spend"),
        Metric("SMSSuccessRate", "Success rate", "share", "gauge", "Share of the messages sent that were delivered.", "success_share", METRICS, True, "success"),
        Metric("MessagesThrottled", "Throttled", "messages", "sum", "Messages refused above the rate. CloudWatch has no such metric.", "throttled", None, True, "trouble"),
        Metric("MessagesOverSpend", "Over the spend limit", "messages", "sum", "Messages refused because the month's spend is used up. CloudWatch has no such metric.", "over_spend", None, True, "trouble"),
        Metric("MessagesWaiting", "Waiting", "messages", "gauge", "Messages on their way or waiting for the rate. CloudWatch has no such metric.", "on_the_way", None, True, "backlog"),
        Metric("DeliveryTime", "Delivery time", "s", "spread", "Time from handing over to the phone. CloudWatch has no such metric.", "delivery_times", None, True, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"delivery_time": "On the way to people", "rate": "Waiting for the sending rate"}
    overlay = Overlay(
        "MessagesWaiting", (Figure("MessagesDelivered"), Figure("SMSMonthToDateSpentUSD", "spent"), Figure("MessagesThrottled", "throttled", quiet=True)),
        picture=Picture("tank", (Fill("MessagesWaiting"),)),
    )
    faults = (LastMile.unavailable_fault,)
    prices = (Price("part", "Message parts, United States", 0.00645, "part", CARRIERS),)
    fidelity = Fidelity(
        modelled=(
            "Parts of 140 bytes, each billed; texts over 1,600 characters are refused.",
            "The rate of the origination; the monthly spend limit, which stops sending some minutes late.",
            "Carriers that take a message, bill it, and do not deliver it.",
        ),
        approximated=("Above the rate messages wait or are refused: AWS does not say which.", "One byte is one character, because messages have sizes and no text; texts in other alphabets need more."),
        ignored=("Promotional and transactional routes, opt-outs, registration, carrier fees, and prices by country beyond the parameter: they differ by country and carrier, and no one table was found.",),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Codes by SMS",
        "nodes": [
            {"id": "logins", "kind": "traffic", "name": "Logins", "parameters": {"load": {"shape": "constant", "rate_per_s": 2}, "message_types": [{"name": "code", "size_bytes": 60}]}},
            {"id": "phones", "kind": "sms", "name": "Phones", "parameters": {"monthly_spend_limit_usd": 500}},
        ],
        "wires": [{"id": "w1", "from": {"node": "logins", "port": "out"}, "to": {"node": "phones", "port": "in"}}],
        "run": {"duration_s": 300},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.parts = self.over_spend = 0
        self._limit_reached_s = math.inf
        self._next_s = 0.0
        self._failures = self.stream("failures")
        self._paced = self.cause("rate", "Waiting for the sending rate", Culprit(id, "rate_per_s"))

    def start(self) -> None:
        super().start()
        self._apply_rate()

    def _apply_rate(self) -> None:
        given = self.parameters.rate_per_s
        self._parts_per_s = float(RATES_PER_S[self.parameters.origination] if given is None else given)
        self._bucket = TokenBucket(self._parts_per_s, max(1.0, self._parts_per_s), self.agenda._now)

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        down = self.unavailable(message)
        if down is not None:
            return down
        if message.size_bytes > MOST_CHARACTERS:
            return self.refuse(message, "too_long", f"A text may have {MOST_CHARACTERS:,} characters", retryable=False)
        now_s = self.agenda._now
        if now_s >= self._limit_reached_s + self.parameters.spend_stop_delay_s:
            self.over_spend += message.count
            return self.refuse(message, "spend_limit", "Monthly SMS spend limit reached", retryable=False)
        parts = message.count * max(1, math.ceil(message.size_bytes / PART_BYTES))
        wait_s = 0.0
        if self.parameters.over_rate == "waits":
            wait_s = max(0.0, self._next_s - now_s)
            self._next_s = now_s + wait_s + parts / self._parts_per_s
        elif self._bucket.available(now_s) <= 0 or not self._bucket.take_all(min(parts, int(self._bucket.burst)), now_s):
            return self.refuse(message, "rate", "SMS rate of the account reached", retryable=True, throttled=True)
        self.parts += parts
        self._note_spend()
        failed = self._failures.binomial(1, self.parameters.failure_probability)
        self.hand_over(message, ("carrier", "Not delivered by the carrier") if failed else None, wait_s)
        return None

    def _note_spend(self) -> None:
        if self.spent_usd() < self.parameters.monthly_spend_limit_usd:
            self._limit_reached_s = math.inf
        elif self._limit_reached_s == math.inf:
            self._limit_reached_s = self.agenda._now
            self.log("warning", f"The monthly SMS spend limit of {self.parameters.monthly_spend_limit_usd:g} USD is reached")

    def book_wait(self, message: Message, from_s: float, to_s: float) -> None:
        if to_s > from_s:
            spend(message, self._paced, from_s, to_s)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def spent_usd(self) -> float:
        """What text messages have cost this month."""
        return float(self.parameters.already_spent_usd + self.parts * self.parameters.price_per_part_usd)

    def success_share(self) -> float:
        """Share of the messages that ended well; 1 before any ended."""
        ended = self.arrived + self.lost
        return self.arrived / ended if ended else 1.0

    def parameter_changed(self, name: str) -> None:
        if name == "rate_per_s":
            self._apply_rate()
        elif name == "monthly_spend_limit_usd":
            self._note_spend()
        else:
            super().parameter_changed(name)

    def backlog(self) -> float:
        return max(0.0, (self._next_s - self.agenda._now) * self._parts_per_s - 1) if self.parameters.over_rate == "waits" else 0.0

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield Price("part", "Message parts", self.parameters.price_per_part_usd, "part", CARRIERS), self.parts

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if values.already_spent_usd >= values.monthly_spend_limit_usd:
            yield Finding("spend-limit", "warning", f"The SMS spend limit of '{placed.name}' is reached before the run", "Raise the monthly spend limit", node=placed.id, parameter="monthly_spend_limit_usd")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["MessagesOverSpend"] > 0:
            return f"{format_rate(rates['MessagesOverSpend'])} are refused: the monthly spend limit is reached.", Culprit(self.id, "monthly_spend_limit_usd")
        if rates["MessagesThrottled"] > 0:
            return f"{format_rate(rates['MessagesThrottled'])} are refused: {format_rate(self._parts_per_s)} may be sent.", Culprit(self.id, "rate_per_s")
        if self.backlog() >= 1:
            return f"Messages wait: {format_rate(self._parts_per_s)} may be sent.", Culprit(self.id, "rate_per_s")
        return None
