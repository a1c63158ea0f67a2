"""Mobile push: notifications to apps through a platform such as FCM or APNs.

Each message goes to one device (its key). The platform throttles, drops what could not be delivered in time, and marks the
endpoints of apps that were removed as disabled. The topics of the platforms themselves are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Culprit, Refusal
from simulator.engine.wire import Wire
from simulator.mechanics.distributions import Distribution, Exponential, Lognormal
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.topics.last_mile import LastMile
from simulator.units import format_rate
from simulator.vocabulary import Direction, Fidelity, Figure, Fill, Metric, Overlay, ParameterSet, Picture, Port, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-application-as-subscriber.html"
TTL = Source("SNS Developer Guide, mobile push TTL", "https://docs.aws.amazon.com/sns/latest/dg/sns-ttl.html", "2026-11")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", GUIDE, "2026-11", "M")
LARGEST_BYTES = 4096


class PushParameters(ParameterSet):
    """The platform and the devices."""

    delivery_time: Distribution = parameter(
        lambda: Lognormal(p50_s=0.3, p99_s=3.0), "Time from the platform taking a notification to the device showing it, if the device is on.", title="Delivery time", unit="s",
        section="Delivery", widget="distribution", source=UNPUBLISHED, changeable=True)
    offline_share: float = parameter(
        0.1, "Share of the notifications whose device is off or without network at the moment.", title="Devices off", unit="share", section="Delivery", ge=0, le=1,
        source=UNPUBLISHED, changeable=True)
    offline_time: Distribution = parameter(
        lambda: Exponential(mean_s=3600), "How long such a device stays off.", title="Off for", unit="s", section="Delivery", widget="distribution", source=UNPUBLISHED, advanced=True)
    ttl_s: int = parameter(
        2_419_200, "A notification that could not be delivered for so long is dropped by the platform, silently; 0: it is delivered now or never.",
        title="Time to live", unit="s", section="Delivery", aws="AWS.SNS.MOBILE.*.TTL", ge=0, le=2_419_200, source=TTL, changeable=True)
    rate_limit_per_s: float | None = parameter(
        None, "Notifications a second that the platform takes; others are throttled and tried again by the sender. Empty: no limit.", title="Platform rate limit", unit="per_s",
        section="Platform", gt=0, le=10_000_000, source=UNPUBLISHED, changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that the platform answers with a server error. The sender tries again.", title="Platform errors", unit="share", section="Platform", ge=0, le=1, changeable=True)
    token_expiry_share: float = parameter(
        0.001, "Chance that a notification finds the app removed: the platform marks the device's endpoint as disabled, and it takes no more.", title="Tokens that expire",
        unit="share", section="Endpoints", ge=0, le=1, source=UNPUBLISHED, changeable=True)
    enabled_again_after_s: float | None = parameter(
        None, "A disabled endpoint is enabled again after so long, when the app registers anew. Empty: never.", title="Enabled again after", unit="s", section="Endpoints", ge=0,
        le=31_536_000, source=UNPUBLISHED)


class MobilePush(LastMile):
    """Devices behind a push platform."""

    kind = "mobile_push"
    title = "Mobile push"
    short_title = "Mobile push"
    neutral_title = "Push notification"
    group = "Receivers"
    icon = "resource/Mobileclient"
    summary = "Apps on phones and tablets that get notifications through the platform of their maker."
    documentation_url = GUIDE
    Parameters = PushParameters
    ports = (Port("in", "Notifications", Direction.IN, Verb.SEND, frozenset({"push:Send"}), "Subscriptions of topics with the protocol application; a message's key is the device."),)
    metrics = (
        Metric("NotificationsTaken", "Taken", "messages", "sum", "Notifications that the platform took. CloudWatch has no such metric.", "handed_over", None, True, "rates"),
        Metric("NotificationsShown", "Delivered", "messages", "sum", "Notifications that reached their device. CloudWatch has no such metric.", "arrived", None, True, "rates"),
        Metric("NotificationsThrottled", "Throttled", "messages", "sum", "Attempts over the platform's rate limit. CloudWatch has no such metric.", "throttled", None, True, "trouble"),
        Metric("EndpointDisabled", "Endpoint disabled", "messages", "sum", "Attempts refused because the endpoint is disabled. CloudWatch has no such metric.", "to_disabled", None, True, "trouble"),
        Metric("DisabledEndpoints", "Disabled endpoints", "count", "gauge", "Endpoints that are disabled now. CloudWatch has no such metric.", "disabled_now", None, True, "endpoints"),
        Metric("NotificationsOnTheWay", "On the way", "messages", "gauge", "Notifications taken and not yet delivered. CloudWatch has no such metric.", "on_the_way", None, True, "backlog"),
        Metric("DeliveryTime", "Delivery time", "s", "spread", "Time from handing over to the device. CloudWatch has no such metric.", "delivery_times", None, True, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"delivery_time": "On the way to people", "offline": "The device is off"}
    overlay = Overlay(
        "NotificationsOnTheWay", (Figure("NotificationsShown"), Figure("DeliveryTime", "p99"), Figure("NotificationsThrottled", "throttled", quiet=True)),
        picture=Picture("rates", (Fill("NotificationsTaken"), Fill("NotificationsThrottled", "warn"), Fill("EndpointDisabled", "bad"))),
    )
    faults = (LastMile.unavailable_fault,)
    fidelity = Fidelity(
        modelled=(
            "The platform's rate limit and server errors, which the sender tries again.",
            "Endpoints: when the app is gone the platform disables it, and further notifications to the device are client-side errors.",
            "Time to live: what cannot be delivered in time is dropped.",
            f"Notifications over {LARGEST_BYTES:,} bytes are refused.",
        ),
        approximated=("Rates, shares and times are assumptions: neither AWS nor the platforms publish them.", "What disables an endpoint is a chance at each notification: platforms do not say when they do."),
        ignored=("Collapsing of notifications, priorities, and topics of the platforms: what happens on a device is not simulated.",),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "News to phones",
        "nodes": [
            {"id": "news", "kind": "traffic", "name": "News", "parameters": {"load": {"shape": "constant", "rate_per_s": 20}, "message_types": [{"name": "headline", "size_bytes": 400, "key": {"keys": "uniform", "number": 500}}]}},
            {"id": "phones", "kind": "mobile_push", "name": "Phones", "parameters": {"offline_share": 0}},
        ],
        "wires": [{"id": "w1", "from": {"node": "news", "port": "out"}, "to": {"node": "phones", "port": "in"}}],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.to_disabled = 0
        self._disabled_until_s: dict[int, float] = {}
        self._chance = self.stream("chance")
        self._off = self.cause("offline", "The device is off", Culprit(id, "offline_share"), capacity=False)

    def start(self) -> None:
        super().start()
        self._draw_offline_s = self.parameters.offline_time.sampler(self.stream("offline"))
        self._apply_rate()

    def _apply_rate(self) -> None:
        limit_per_s = self.parameters.rate_limit_per_s
        self._bucket = None if limit_per_s is None else TokenBucket(limit_per_s, max(1.0, limit_per_s), self.agenda._now)

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        now_s = self.agenda._now
        down = self.unavailable(message)
        if down is not None:
            return down
        if message.size_bytes > LARGEST_BYTES:
            return self.refuse(message, "too_large", f"A notification may have {LARGEST_BYTES:,} bytes", retryable=False)
        if self._disabled_until_s.get(message.key, -1.0) > now_s:
            self.to_disabled += message.count
            return self.refuse(message, "endpoint_disabled", "The endpoint of the device is disabled", retryable=False)
        if self._bucket is not None and not self._bucket.take_all(message.count, now_s):
            return self.refuse(message, "platform_rate", f"Rate limit of {self.name} reached", retryable=True, throttled=True)
        if self._chance.binomial(1, self.parameters.failure_probability):
            return self.refuse(message, "platform_error", f"{self.name} answers with a server error", retryable=True)
        self._take(message, now_s)
        return None

    def _take(self, message: Message, now_s: float) -> None:
        wait_s, lost = 0.0, None
        if self._chance.binomial(1, self.parameters.token_expiry_share):
            again_s = self.parameters.enabled_again_after_s
            self._disabled_until_s[message.key] = math.inf if again_s is None else now_s + again_s
            lost = ("app_removed", "The app was removed from the device")
        elif self._chance.binomial(1, self.parameters.offline_share):
            wait_s = self._draw_offline_s()
            if wait_s > self.parameters.ttl_s:
                wait_s, lost = float(self.parameters.ttl_s), ("ttl", "Not delivered within its time to live")
        self.hand_over(message, lost, wait_s)

    def book_wait(self, message: Message, from_s: float, to_s: float) -> None:
        if to_s > from_s:
            spend(message, self._off, from_s, to_s)

    def disabled_now(self) -> int:
        """Endpoints that are disabled now."""
        now_s = self.agenda._now
        return sum(until_s > now_s for until_s in self._disabled_until_s.values())

    def parameter_changed(self, name: str) -> None:
        if name == "rate_limit_per_s":
            self._apply_rate()
        else:
            super().parameter_changed(name)

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["NotificationsThrottled"] > 0:
            return f"{format_rate(rates['NotificationsThrottled'])} are throttled by the platform.", Culprit(self.id, "rate_limit_per_s")
        if rates["EndpointDisabled"] > 0:
            return f"{format_rate(rates['EndpointDisabled'])} go to endpoints that are disabled.", Culprit(self.id, "token_expiry_share")
        return None
