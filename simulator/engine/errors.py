"""The one exception of the engine: a bug of ours, never a result of the model."""

from __future__ import annotations


class SimulationError(Exception):
    """The engine broke a rule of its own (conservation, time); names the node and the simulated time."""

    def __init__(self, message: str, *, node: str | None = None, time_s: float | None = None) -> None:
        self.node = node
        self.time_s = time_s
        place = "".join([f" at node '{node}'" if node else "", f" at {time_s:.6g} s" if time_s is not None else ""])
        super().__init__(f"{message}{place}")
