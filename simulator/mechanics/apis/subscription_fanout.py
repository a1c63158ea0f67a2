"""Subscriptions of a GraphQL API: connected clients, and what a mutation sends to them, by count."""

from __future__ import annotations

import math

from simulator.vocabulary import ParameterSet, Source, parameter

REAL_TIME = Source("AppSync Developer Guide, Using CloudWatch to monitor and log GraphQL API data (copy of 2024 to 2025)",
                   "https://docs.aws.amazon.com/appsync/latest/devguide/monitoring.html", "2026-11")
QUOTAS_TOLD = Source("Third-party fact sheets of 2025 and 2026 that quote the AppSync quotas page", "https://docs.aws.amazon.com/general/latest/gr/appsync.html", "2026", "T")
UNIT_BYTES = 5_000


class Subscribers(ParameterSet):
    """Clients that hold a subscription."""

    field: str = parameter("", "The field of type Subscription; its @aws_subscribe says which mutations feed it.", title="Subscription field", section="Subscribers", max_length=200)
    clients: int = parameter(100, "Clients that want to be connected; each has a connection with this subscription.", title="Clients", unit="count", section="Subscribers", ge=0, le=50_000_000,
                             capacity=True)
    matched_share: float = parameter(1, "Share of them whose arguments and filters match a message.", title="Share that matches", unit="share", section="Subscribers", ge=0, le=1)


class Connections:
    """So many clients connect at a limited rate, as a fluid; all of them can be cut off at once."""

    __slots__ = ("_clients", "_from_s", "_minutes", "_per_s", "_seen_s")

    def __init__(self, clients: int, per_s: float) -> None:
        self._clients = clients
        self._per_s = per_s
        self._from_s = self._seen_s = 0.0
        self._minutes = 0.0

    def connected(self, now_s: float) -> float:
        """Share of the clients that are connected."""
        return min(1.0, (now_s - self._from_s) * self._per_s / self._clients) if self._clients else 0.0

    def made(self, now_s: float) -> int:
        """Connections made since the last cut."""
        return int(self._clients * self.connected(now_s))

    def minutes(self, now_s: float) -> float:
        """Connection-minutes so far."""
        return self._minutes + self._span(now_s)

    def _span(self, now_s: float) -> float:
        ramp_s = min(now_s - self._from_s, self._clients / self._per_s)
        full_s = max(0.0, now_s - self._from_s - ramp_s)
        return (self._per_s * ramp_s**2 / 2 + self._clients * full_s) / 60

    def cut(self, now_s: float) -> int:
        """All connections break, and the clients begin to come back; how many there were."""
        made = self.made(now_s)
        self._minutes += self._span(now_s)
        self._from_s = now_s
        return made


class MessageRate:
    """Messages over a rate are delayed, and dropped once the delay would be too long."""

    __slots__ = ("_clear_s", "_longest_s", "_per_s", "delayed", "dropped", "sent")

    def __init__(self, per_s: float, longest_delay_s: float) -> None:
        self._per_s = per_s
        self._longest_s = longest_delay_s
        self._clear_s = -1.0
        self.sent = self.delayed = self.dropped = 0

    def offer(self, units: int, now_s: float) -> bool:
        """Send so many units; False if they are dropped. A second's worth goes without delay."""
        start_s = max(self._clear_s, now_s - 1.0)
        if start_s - now_s > self._longest_s:
            self.dropped += units
            return False
        self._clear_s = start_s + units / self._per_s
        if self._clear_s > now_s:
            self.delayed += units
        self.sent += units
        return True


def outbound_units(payload_bytes: int, clients: float) -> int:
    """Outbound messages for one payload to so many clients: each started 5 kB counts for each."""
    return max(1, math.ceil(payload_bytes / UNIT_BYTES)) * round(clients)
