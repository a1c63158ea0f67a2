"""The bill: what the quantities of a run cost, in the run and in a month at this load.

AWS bills by the month and by the account: volume tiers and free allowances go by what all nodes of the account use in a
month. So the month is computed first, from the quantities of the run in proportion to its time, and the run is charged
its share of that month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from simulator.engine.node import Node
from simulator.vocabulary import Price

MONTH_S = 730 * 3600.0
"""A month as AWS's price examples count it: 730 hours."""

Line = tuple[Node, Price, float]


def bill(nodes: Iterable[Node], elapsed_s: float, *, free_tier: bool = False) -> Mapping[str, list[dict[str, Any]]]:
    """The lines of the bill by node, after ``elapsed_s`` seconds; with ``free_tier`` less the monthly allowances.

    ``usd_month`` is what a month at this load costs, ``usd`` the run's share of it; ``free_month`` how much of
    ``quantity_month`` is free. What nodes share (allowances, tiers) is divided in proportion to what each uses.
    """
    to_month = MONTH_S / elapsed_s if elapsed_s > 0 else 0.0
    lines: list[Line] = [(node, price, quantity) for node in nodes for price, quantity in node.cost(elapsed_s)]
    free = _free_shares(lines, to_month) if free_tier else {}
    each = _mean_prices(lines, to_month, free)
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for node, price, quantity in lines:
        place = _place(node, price)
        usd = quantity * each[place]
        made[node.id].append({
            "line": price.title, "quantity": quantity, "unit": price.per, "usd": usd,
            "quantity_month": quantity * to_month, "free_month": quantity * to_month * free.get(place, 0.0), "usd_month": usd * to_month,
            "source": price.source.to_json(),
        })
    return made


def _place(node: Node, price: Price) -> tuple[str, str, float]:
    """Lines of one price: a kind's, by name; a price that a node sets for itself is its own."""
    return node.kind, price.name, price.usd


def _free_shares(lines: Iterable[Line], to_month: float) -> dict[tuple[str, str, float], float]:
    """By price, which share of a month's quantity the allowance covers. Prices of one pool share one allowance."""
    pools: dict[tuple[str, str], tuple[float, set[tuple[str, str, float]]]] = {}
    allowances: dict[tuple[str, str], float] = {}
    for node, price, quantity in lines:
        if price.free is None:
            continue
        pool = (node.kind, price.free.pool or price.name)
        used, members = pools.get(pool, (0.0, set()))
        pools[pool] = (used + quantity * to_month, members | {_place(node, price)})
        allowances[pool] = price.free.quantity
    return {place: min(1.0, allowances[pool] / used) if used > 0 else 0.0 for pool, (used, members) in pools.items() for place in members}


def _mean_prices(lines: Iterable[Line], to_month: float, free: Mapping[tuple[str, str, float], float]) -> dict[tuple[str, str, float], float]:
    """By price, US dollars for one on average over a month of all nodes. What is free counts toward the tiers, in the first."""
    monthly: dict[tuple[str, str, float], float] = defaultdict(float)
    prices: dict[tuple[str, str, float], Price] = {}
    for node, price, quantity in lines:
        monthly[_place(node, price)] += quantity * to_month
        prices[_place(node, price)] = price
    return {
        place: max(0.0, tiered_usd(price, monthly[place]) / monthly[place] - free.get(place, 0.0) * price.usd) if monthly[place] > 0 else price.usd
        for place, price in prices.items()
    }


def tiered_usd(price: Price, quantity: float) -> float:
    """What so much of it costs in a month, in US dollars, before any allowance."""
    if not price.tiers:
        return quantity * price.usd
    steps = [(0.0, price.usd), *((tier.above, tier.usd) for tier in price.tiers)]
    ends = [*(above for above, _ in steps[1:]), float("inf")]
    return sum(max(0.0, min(quantity, end) - above) * usd for (above, usd), end in zip(steps, ends, strict=True))
