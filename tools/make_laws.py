"""Write docs/reference/laws.md: every law of tests/laws, predicted and simulated. Takes a minute or two on two cores."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.laws.documented import DOCUMENTED  # noqa: E402 - found only now
from tests.laws.page import PAGE, page  # noqa: E402
from tests.laws.replications import Interval, replicate  # noqa: E402
from tests.laws.systems import SYSTEMS  # noqa: E402


def simulate(name: str) -> dict[str, Interval]:
    """The figures of one system."""
    system = SYSTEMS[name]
    return replicate(system.scenario, system.figures, system.runs)


def measure(name: str) -> dict[str, float]:
    """The figures of one documented behaviour."""
    return dict(DOCUMENTED[name].measure())


def main() -> None:
    """Simulate everything side by side, and write the page."""
    with ProcessPoolExecutor() as pool:
        found = dict(zip(SYSTEMS, pool.map(simulate, SYSTEMS), strict=True))
        measured = dict(zip(DOCUMENTED, pool.map(measure, DOCUMENTED), strict=True))
    PAGE.write_text(page(found, measured), encoding="utf-8")


if __name__ == "__main__":
    main()
