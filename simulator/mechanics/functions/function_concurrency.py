"""The concurrency of functions: what each reserves, what they share in the account, and why one is throttled."""

from __future__ import annotations

from typing import Protocol

from simulator.engine.limits import Limit
from simulator.mechanics.functions.provisioned_concurrency import ProvisionedConcurrency
from simulator.vocabulary import Values

THROTTLES = {
    "reserved_concurrency": "At its reserved concurrency",
    "account_concurrency": "At the account's concurrency",
    "scaling_rate": "New environments are added too slowly",
    "request_rate": "At 10 requests a second for each concurrency",
    "stopped": "The function is stopped",
}


class LimitedFunction(Protocol):
    """A function that takes part in the account's concurrency."""

    parameters: Values
    concurrency: Limit
    provisioned: ProvisionedConcurrency

    def apply_concurrency(self) -> None:
        """What the function may use has changed."""


class AccountConcurrency:
    """The concurrency that functions without a reservation share."""

    def __init__(self, limits: Values) -> None:
        self.limit: int = limits.concurrent_executions
        self.per_10_s: float = limits.environments_per_10_s
        self.at_once: float = limits.environments_at_once or max(1.0, limits.environments_per_10_s)
        self.functions: list[LimitedFunction] = []
        self.reserved = self.provisioned = self.unreserved = self.in_flight = 0

    def recount(self) -> None:
        """Add up reservations, allocations and invocations in progress (at the start, and when one of the first two changed)."""
        pooled = [function for function in self.functions if function.parameters.reserved_concurrency is None]
        self.reserved = sum(function.parameters.reserved_concurrency or 0 for function in self.functions)
        self.provisioned = sum(function.provisioned.allocated for function in pooled)
        self.unreserved = max(0, self.limit - self.reserved - self.provisioned)
        self.in_flight = int(sum(function.concurrency.value - function.provisioned.running for function in pooled))

    def changed(self) -> None:
        """A reservation or an allocation is another: tell every function what it may use."""
        self.recount()
        for function in self.functions:
            function.apply_concurrency()
