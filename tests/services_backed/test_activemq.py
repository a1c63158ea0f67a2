"""The simulated message broker and a real ActiveMQ give the same answers; skipped where there is no ActiveMQ."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.activemq import experiments
from benchmarks.activemq.broker import Running, Settings, running, why_not

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.skipif(why_not() is not None, reason=why_not() or "")]


@pytest.fixture(scope="module")
def broker() -> Iterator[Running]:
    with running(Settings()) as started:
        yield started


@pytest.mark.parametrize(("messages", "prefetches"), [(300, (1000, 1000)), (301, (1000, 1000)), (300, (100, 10)), (60, (1, 100))])
def test_messages_are_spread_over_two_consumers_alike(broker: Running, messages: int, prefetches: tuple[int, int]) -> None:
    real = experiments.held(broker.stomp_port, f"spread{messages}-{prefetches[0]}", messages, prefetches, late=False)
    simulated = experiments.held_in_simulation(messages, prefetches, late=False)
    if prefetches[0] == prefetches[1]:  # which of two equal subscriptions the broker sees first is chance
        real, simulated = sorted(real), sorted(simulated)
    assert real == simulated


def test_a_poison_message_is_delivered_as_often(broker: Running) -> None:
    deliveries, dead_letters, *_ = experiments.redelivery(broker)
    assert (deliveries.real, dead_letters.real) == (deliveries.simulated, dead_letters.simulated) == (7, 1)
