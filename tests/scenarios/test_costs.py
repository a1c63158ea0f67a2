"""The bill: of the run and of a month at its load, by node and line; tiers and free allowances go by the account's month."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from simulator import catalog
from simulator.__main__ import main
from simulator.costs import MONTH_S, tiered_usd
from simulator.vocabulary import Free, Price, Source, Tier
from tests.drawing import Outcome, drawing, outcome, rate
from tests.scenarios.reports import about, report_of

SOURCE = Source("a test", "https://example.org/", "2026-11")
MILLION = 1e6


def two_queues(per_s: float, other_per_s: float, **run: Any) -> dict[str, Any]:
    """Two queues of one account into which only is sent: every message is a request."""
    return drawing(
        {"source": ("traffic", {"load": rate(per_s)}), "queue": ("sqs", {}), "other-source": ("traffic", {"load": rate(other_per_s)}), "other": ("sqs", {"fifo": True})},
        {"source.out -> queue.in": {}, "other-source.out -> other.in": {}}, duration_s=1000, **run)


def line(seen: Outcome, node: str) -> dict[str, Any]:
    found: dict[str, Any] = seen.report["nodes"][node]["cost"][0]
    return found


def test_a_month_at_this_load_has_730_hours_and_the_run_pays_its_share() -> None:
    seen = outcome(two_queues(4, 1))
    queue = line(seen, "queue")
    assert MONTH_S == 730 * 3600
    assert queue["quantity"] == pytest.approx(4000, rel=0.05)
    assert queue["quantity_month"] == pytest.approx(queue["quantity"] * MONTH_S / 1000)
    assert queue["usd"] == pytest.approx(queue["quantity"] * 0.4e-6)
    assert queue["usd_month"] == pytest.approx(queue["quantity_month"] * 0.4e-6)
    assert queue["free_month"] == 0


@pytest.mark.parametrize("slug", [pytest.param(slug, marks=about(slug)) for slug in ("sns-fan-out", "archive-replay-flood")])
def test_lines_add_up_to_nodes_and_nodes_to_the_whole(slug: str) -> None:
    report = report_of(slug)
    assert sum(len(node["cost"]) for node in report["nodes"].values()) > 5
    for node in report["nodes"].values():
        assert node["cost_usd"] == pytest.approx(sum(entry["usd"] for entry in node["cost"]))
        assert node["cost_month_usd"] == pytest.approx(sum(entry["usd_month"] for entry in node["cost"]))
    assert report["cost_usd"] == pytest.approx(sum(node["cost_usd"] for node in report["nodes"].values()))
    assert report["cost_month_usd"] == pytest.approx(sum(node["cost_month_usd"] for node in report["nodes"].values()))
    assert report["cost_month_usd"] == pytest.approx(report["cost_usd"] * MONTH_S / report["simulated_s"])


def test_the_free_tier_takes_a_million_requests_of_all_queues_off_the_month() -> None:
    """Both kinds of queue share it in proportion to their requests; the run pays its share of what is left."""
    full, free = outcome(two_queues(4, 1)), outcome(two_queues(4, 1, free_tier=True))
    monthly = {node: line(free, node)["quantity_month"] for node in ("queue", "other")}
    used = sum(monthly.values())
    assert used > 10 * MILLION
    for node, usd in (("queue", 0.4e-6), ("other", 0.5e-6)):
        assert line(free, node)["free_month"] == pytest.approx(MILLION * monthly[node] / used)
        assert line(free, node)["usd_month"] == pytest.approx((monthly[node] - MILLION * monthly[node] / used) * usd)
        assert line(free, node)["usd"] == pytest.approx(line(full, node)["usd"] * (1 - MILLION / used))
    assert sum(line(free, node)["free_month"] for node in monthly) == pytest.approx(MILLION)


def test_what_stays_within_the_allowance_costs_nothing() -> None:
    seen = outcome(two_queues(0.1, 0.05, free_tier=True))
    assert 0 < line(seen, "queue")["quantity_month"] + line(seen, "other")["quantity_month"] < MILLION
    assert seen.report["cost_usd"] == seen.report["cost_month_usd"] == 0
    assert line(seen, "queue")["free_month"] == pytest.approx(line(seen, "queue")["quantity_month"])


def test_volume_tiers_go_by_the_month_of_all_nodes() -> None:
    """A hundred thousand messages a second in two queues: 263 G requests, of which 100 G at 0.40, 100 G at 0.30, the rest at 0.24 a million."""
    seen = outcome(drawing(
        {"source": ("traffic", {"load": rate(80_000)}), "queue": ("sqs", {}), "second": ("traffic", {"load": rate(20_000)}), "other": ("sqs", {})},
        {"source.out -> queue.in": {}, "second.out -> other.in": {}}, duration_s=100))
    months = [line(seen, node)["quantity_month"] for node in ("queue", "other")]
    assert sum(months) == pytest.approx(262.8e9, rel=0.01)
    expected_usd = 100e9 * 0.4e-6 + 100e9 * 0.3e-6 + (sum(months) - 200e9) * 0.24e-6
    assert seen.report["cost_month_usd"] == pytest.approx(expected_usd)
    assert line(seen, "queue")["usd_month"] == pytest.approx(expected_usd * months[0] / sum(months))


@pytest.mark.parametrize(("quantity", "usd"), [(0, 0), (50, 100), (100, 200), (150, 250), (300, 375)])
def test_each_tier_charges_what_lies_in_it(quantity: float, usd: float) -> None:
    price = Price("p", "P", 2.0, "one", SOURCE, tiers=(Tier(100, 1.0, SOURCE), Tier(250, 0.5, SOURCE)))
    assert tiered_usd(price, quantity) == usd


def test_declared_allowances_and_tiers_are_sound() -> None:
    """Prices fall from tier to tier, tiers ascend, and prices of one pool declare one allowance."""
    seen = 0
    for kind in catalog.kinds():
        pools: dict[str, Free] = {}
        for price in catalog.service(kind).prices:
            steps = [(0.0, price.usd), *((tier.above, tier.usd) for tier in price.tiers)]
            assert all(later[0] > earlier[0] and later[1] < earlier[1] for earlier, later in itertools.pairwise(steps)), (kind, price.name)
            if price.free is not None:
                seen += 1
                assert price.free.quantity > 0
                assert pools.setdefault(price.free.pool or price.name, price.free).quantity == price.free.quantity
    assert seen >= 6


def test_the_command_line_has_a_flag_for_the_free_tier(capsys: pytest.CaptureFixture[str]) -> None:
    def printed(*options: str) -> str:
        assert main(["run", "example:work-queue", "--duration", "60", *options]) == 0
        return capsys.readouterr().out

    assert "free in a month" in printed("--free-tier")
    assert "free in a month" not in printed()
    report = json.loads(printed("--free-tier", "--json"))
    assert report["bill"] == {"month_s": MONTH_S, "free_tier": True, "region": "us-east-1"}
    assert report["cost_month_usd"] < json.loads(printed("--json"))["cost_month_usd"]
