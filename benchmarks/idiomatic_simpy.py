"""The same pipeline as a SimPy user would write it: a process for each message, a `Resource` for the workers.

A topic copies each message to two queues with ten workers each. Nothing is measured but the waits: no ledger, no causes,
no visibility timeouts. It is what Backwater's engine is compared with.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy


def pipeline(messages: int, rate_per_s: float, workers: int, service_s: float, seed: int = 1) -> list[float]:
    """Simulate; return the waits of all copies in seconds."""
    environment = simpy.Environment()
    draw = random.Random(seed)
    queues = [simpy.Resource(environment, workers) for _ in range(2)]
    waits: list[float] = []

    def work(queue: simpy.Resource) -> Generator[Any, Any, None]:
        arrived_s = environment.now
        with queue.request() as turn:
            yield turn
            waits.append(environment.now - arrived_s)
            yield environment.timeout(draw.expovariate(1 / service_s))

    def deliver(queue: simpy.Resource) -> Generator[Any, Any, None]:
        yield environment.timeout(0)
        yield environment.process(work(queue))

    def publish() -> Generator[Any, Any, None]:
        for _ in range(messages):
            yield environment.timeout(draw.expovariate(rate_per_s))
            for queue in queues:
                environment.process(deliver(queue))

    environment.process(publish())
    environment.run()
    return waits
