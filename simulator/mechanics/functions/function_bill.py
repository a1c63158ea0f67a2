"""What a function costs, line by line, in us-east-1."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simulator.mechanics.functions.lambda_sources import ALLOWANCE, KAFKA_POLLERS, POLLER_PRICE, PRICE_LIST, PRICES
from simulator.vocabulary import Free, Price, Tier, Values

FREE_COMPUTE = Free(400_000, ALLOWANCE, "compute")

FUNCTION_PRICES = (
    Price("requests", "Requests", 0.20e-6, "request", PRICES, Free(1e6, ALLOWANCE)),
    Price("compute_x86_64", "Compute, x86_64", 0.0000166667, "GB-second", PRICES, FREE_COMPUTE, (Tier(6e9, 0.000015, PRICES), Tier(15e9, 0.0000133334, PRICES))),
    Price("compute_arm64", "Compute, arm64", 0.0000133334, "GB-second", PRICES, FREE_COMPUTE, (Tier(7.5e9, 0.0000120001, PRICES), Tier(18.75e9, 0.0000106667, PRICES))),
    Price("storage", "Ephemeral storage over 512 MB", 0.0000000309, "GB-second", PRICES),
    Price("held_x86_64", "Provisioned concurrency, x86_64", 0.0000041667, "GB-second", PRICE_LIST),
    Price("held_arm64", "Provisioned concurrency, arm64", 0.0000033334, "GB-second", PRICE_LIST),
    Price("provisioned_x86_64", "Compute in provisioned concurrency, x86_64", 0.0000097222, "GB-second", PRICE_LIST),
    Price("provisioned_arm64", "Compute in provisioned concurrency, arm64", 0.0000077778, "GB-second", PRICE_LIST),
    Price("snapshots", "SnapStart, cached snapshot", 0.0000015046, "GB-second", PRICE_LIST),
    Price("restores", "SnapStart, restored snapshots", 0.0001397998, "GB", PRICE_LIST),
    Price("streaming", "Streamed beyond 6 MB a request", 0.008, "GB", PRICE_LIST),
    Price("event_poller_units", "Event poller units of Kafka mappings", 0.185, "unit-hour", KAFKA_POLLERS),
    Price("pollers", "Provisioned pollers", 0.00925, "poller-hour", POLLER_PRICE),
)
BY_NAME = {price.name: price for price in FUNCTION_PRICES}


class FunctionBill:
    """What one function used."""

    def __init__(self, parameters: Values) -> None:
        self._parameters = parameters
        self.gb_s = self.provisioned_gb_s = self.storage_gb_s = 0.0
        self.streamed_bytes = 0.0

    def run(self, seconds: float, calls: int = 1, *, provisioned: bool = False) -> None:
        """So many invocations (or initialisations) of so many seconds each, rounded up to a millisecond."""
        values = self._parameters
        billed_s = calls * math.ceil(seconds * 1000 - 1e-6) / 1000
        if provisioned:
            self.provisioned_gb_s += billed_s * values.memory_mb / 1024
        else:
            self.gb_s += billed_s * values.memory_mb / 1024
        if values.ephemeral_storage_mb > 512:
            self.storage_gb_s += billed_s * (values.ephemeral_storage_mb - 512) / 1024

    def lines(self, requests: int) -> Iterator[tuple[Price, float]]:
        """What invocations cost: their number, their seconds, and what they stored and streamed."""
        architecture = self._parameters.architecture
        yield BY_NAME["requests"], requests
        yield BY_NAME[f"compute_{architecture}"], self.gb_s
        if self.provisioned_gb_s:
            yield BY_NAME[f"provisioned_{architecture}"], self.provisioned_gb_s
        if self.storage_gb_s:
            yield BY_NAME["storage"], self.storage_gb_s
        if self.streamed_bytes:
            yield BY_NAME["streaming"], self.streamed_bytes / 2**30
