"""Statistics bounded in memory: time-weighted gauges and log-histogram spreads."""

from simulator.measures.gauge import Gauge
from simulator.measures.histogram import Histogram
from simulator.measures.spread import Spread, Tally

__all__ = ["Gauge", "Histogram", "Spread", "Tally"]
