"""A function as queueing theory sees it."""

from __future__ import annotations

from simulator.engine.placement import Placed
from simulator.engine.station import Figure, Into, Station
from simulator.mechanics.functions.cold_starts import duration_factor


def function_station(placed: Placed, into: Into) -> Station | None:
    """Environments as servers. Concurrency is the rate times the duration, however messages come (Little's law)."""
    values = placed.parameters
    ways = [port for port in ("source", "stream", "events", "requests") if placed.into(port)]
    if len(ways) != 1 or ways == ["stream"] or (ways == ["source"] and (len(placed.into("source")) > 1 or values.batch_work != "sequential")):
        return None
    way, reserved, throttles = ways[0], values.reserved_concurrency, (placed.id, "Throttles", "per_s")
    work, factor = values.duration, duration_factor(values)
    broken = [] if work.quantile_s(0.9999) * factor <= values.timeout_s else ["the timeout cuts long invocations off"]
    if placed.out_of("calls"):
        broken.append("invocations wait for what they call")
    must_be_zero = [((placed.id, "Errors", "total"), "invocations failed")]
    arrivals: tuple[Figure, ...] = ((placed.id, "Invocations", "per_s"), throttles)
    if way == "source":
        broken.append("the pollers of the mapping come and go, and take several messages at a time")
        arrivals = ((placed.id, "MessagesProcessed", "per_s"),)
    if way != "requests" or reserved is None:
        must_be_zero.append(((placed.id, "Throttles", "total"), "invocations were throttled" if reserved is not None else "invocations were throttled at a limit that functions share"))
    elif into(way).per_s is not None and (into(way).per_s or 0.0) > 9 * reserved:
        broken.append("requests come near 10 a second for each concurrency")
    return Station(
        (placed.id,), into(way), reserved if way == "requests" else None, work.expected_s() * factor, work.variance_s2() * factor**2, work.type == "exponential",
        "lose" if way == "requests" else "wait", servers_word="environments", broken=tuple(broken), arrivals=arrivals,
        busy=(placed.id, "ConcurrentExecutions", "mean"), lost=throttles if way == "requests" and reserved is not None else None,
        must_be_zero=tuple(must_be_zero), noted=(((placed.id, "ColdStarts", "total"), "cold starts last longer than the duration; a formula does not know them"),),
    )
