"""The pipeline as a SimPy user would write it: a process for each message, a `Resource` for the workers.

A topic copies each message to two queues with ten workers each. Only waits and latencies are noted: no ledger, no causes, no
visibility timeouts. It is what Backwater's engine is compared with, in two forms: as lean as the idiom allows (the publisher
starts one process for each copy), and hop by hop (the topic's delivery of a message is a process that waits for its copies to be
done with). Both use Python's own `random`, which is faster for single numbers than NumPy.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy


def pipeline(
    messages: int, rate_per_s: float, workers: int, service_s: float, delivery_s: float = 0.0, seed: int = 1, *, by_hop: bool = False,
) -> tuple[list[float], list[float]]:
    """Simulate; return the waits and the latencies of all copies in seconds."""
    environment = simpy.Environment()
    draw = random.Random(seed)
    queues = [simpy.Resource(environment, workers) for _ in range(2)]
    waits: list[float] = []
    latencies: list[float] = []

    def copy(queue: simpy.Resource) -> Generator[Any, Any, None]:
        published_s = environment.now
        if delivery_s:
            yield environment.timeout(draw.expovariate(1 / delivery_s))
        arrived_s = environment.now
        with queue.request() as turn:
            yield turn
            waits.append(environment.now - arrived_s)
            yield environment.timeout(draw.expovariate(1 / service_s))
        latencies.append(environment.now - published_s)

    def deliver() -> Generator[Any, Any, None]:
        yield environment.all_of([environment.process(copy(queue)) for queue in queues])

    def publish() -> Generator[Any, Any, None]:
        for _ in range(messages):
            yield environment.timeout(draw.expovariate(rate_per_s))
            if by_hop:
                environment.process(deliver())
                continue
            for queue in queues:
                environment.process(copy(queue))

    environment.process(publish())
    environment.run()
    return waits, latencies
