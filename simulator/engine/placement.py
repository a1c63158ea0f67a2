"""A node as it is drawn, with its neighbours: what a service looks at to find mistakes before a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Link:
    """A wire as seen from one of its ends."""

    id: str
    port: str
    parameters: Any
    other_port: str
    other: Placed


@dataclass(slots=True)
class Placed:
    """A node of a scenario with validated parameters, and its wires."""

    id: str
    name: str
    kind: str
    parameters: Any
    account: Any = None
    incoming: list[Link] = field(default_factory=list)
    outgoing: list[Link] = field(default_factory=list)

    def into(self, port: str) -> list[Link]:
        """Wires that end at this ``in`` port."""
        return [link for link in self.incoming if link.port == port]

    def out_of(self, port: str) -> list[Link]:
        """Wires that start at this ``out`` port."""
        return [link for link in self.outgoing if link.port == port]
