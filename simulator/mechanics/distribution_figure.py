"""What a distribution of durations looks like: its mean, its percentiles, and how much of the work lies between which durations."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import TypeAdapter

from simulator.mechanics.distributions import Distribution, DurationDistribution

BINS = 65
SHOWN_SHARES = (0.5, 0.95, 0.99)
WIDE = 12.0
"""From so many medians in the 99th percentile on, durations are drawn on a logarithmic scale."""
LAST_SHARE = 0.995
"""What lies beyond this share of the work is left out of the drawing, not of the figures."""

_READER: TypeAdapter[DurationDistribution] = TypeAdapter(Distribution)


def distribution_figure(values: Any) -> dict[str, Any]:
    """The figure of a distribution given as a diagram holds it; raise `pydantic.ValidationError` if it is not one.

    ``bins`` has one more edge than shares: ``shares[i]`` of all work takes longer than ``edges_s[i]`` and at most ``edges_s[i + 1]``.
    """
    found = _READER.validate_python(values)
    edges, scale = _edges(found)
    within = [found.share_within(edge) for edge in edges]
    return {
        "mean_s": found.expected_s(),
        "deviation_s": found.variance_s2() ** 0.5,
        "percentiles": [{"share": share, "value_s": found.quantile_s(share)} for share in SHOWN_SHARES],
        "bins": {"scale": scale, "edges_s": edges, "shares": np.diff(within).tolist()},
    }


def _edges(found: DurationDistribution) -> tuple[list[float], str]:
    """The bounds of the bins, in seconds, and their scale."""
    low, median, p99, high = (found.quantile_s(share) for share in (0.005, 0.5, 0.99, LAST_SHARE))
    if low > 0 and p99 > WIDE * median:
        return np.geomspace(low * 0.8, high * 1.1, BINS + 1).tolist(), "log"
    # All at one place: a bar with room on both sides.
    room = 0.1 * (high - low) or 0.25 * high or 0.5
    start = 0.0 if low < 0.5 * high else max(0.0, low - room)
    return np.linspace(start if low > 0 else -room / 4, high + room, BINS + 1).tolist(), "linear"
