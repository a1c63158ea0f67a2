"""Reports of the gallery's examples, each run once for all tests that look at it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from simulator.examples import example
from simulator.overrides import apply_settings
from simulator.run import simulate


def about(slug: str) -> pytest.MarkDecorator:
    """Marks a test of an example: those of one example run in one process, where they share its reports."""
    return pytest.mark.xdist_group(f"example {slug}")


@lru_cache(maxsize=8)
def report_of(slug: str, *settings: str) -> dict[str, Any]:
    """The report of an example with these settings, as JSON; tests only read it."""
    return simulate(apply_settings(example(slug).graph, settings)).to_json()


def total(report: dict[str, Any], node: str, metric: str) -> float:
    """What a counter came to."""
    return float(report["nodes"][node]["metrics"][metric]["total"])
