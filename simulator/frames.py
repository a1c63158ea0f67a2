"""The versioned shapes on the wire: Frame, Report, Control (docs/reference/contracts.md, sections 4 to 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - Pydantic needs these before Python 3.12

FRAME_VERSION = 1
REPORT_VERSION = 1

State = Literal["idle", "flowing", "saturated", "throttled", "failing"]


class Summary(TypedDict):
    """A distribution in a few numbers; None where nothing was sampled."""

    count: float
    mean: float | None
    p50: float | None
    p90: float | None
    p95: NotRequired[float | None]
    p99: float | None
    max: float | None


class CulpritShape(TypedDict):
    """What to change: a node, or a wire at it, and a parameter."""

    node: str
    wire: str | None
    parameter: str | None


class LimitUse(TypedDict):
    """How much of a limit is in use now."""

    title: str
    used: float
    limit: float | None


class NodeFrame(TypedDict):
    """A node at one moment."""

    state: State
    sentence: str | None
    culprit: CulpritShape | None
    metrics: dict[str, float | Summary | None]
    limits: dict[str, LimitUse]
    waits: dict[str, float]
    losses: dict[str, int]


class WireFrame(TypedDict):
    """A wire at one moment; counters since the start."""

    state: State
    sent: int
    delivered: int
    refused: int
    in_transit: int


class Totals(TypedDict):
    """The whole run's ledger."""

    created: int
    finished: int
    lost: int
    unfinished: int


class LogLine(TypedDict):
    """A line of the event log."""

    time_s: float
    level: Literal["info", "warning", "error"]
    node: str | None
    text: str


class FrameShape(TypedDict):
    """One slice of a run."""

    version: int
    seq: int
    time_s: float
    nodes: dict[str, NodeFrame]
    wires: dict[str, WireFrame]
    totals: Totals
    load: float
    log: list[LogLine]


@dataclass(frozen=True, slots=True)
class Frame:
    """The state of the system at one moment, with counters since the start."""

    content: FrameShape

    @property
    def seq(self) -> int:
        """Number of the frame; counts up by one from 0."""
        return self.content["seq"]

    @property
    def time_s(self) -> float:
        """Simulated time of the frame."""
        return self.content["time_s"]

    def to_json(self) -> FrameShape:
        """The frame as JSON."""
        return self.content


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run."""

    content: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return self.content


class ControlError(ValueError):
    """A control that cannot be carried out; the message names what is wrong and the way out."""


class Plain(TypedDict):
    """Pause, resume, one step, stop."""

    action: Literal["pause", "resume", "step", "stop"]


class Speed(TypedDict):
    """Simulated seconds for each wall second; None: as fast as possible."""

    action: Literal["speed"]
    value: Annotated[float, Field(gt=0, le=1e9)] | None


class Load(TypedDict):
    """Multiply the load of all sources."""

    action: Literal["load"]
    value: Annotated[float, Field(ge=0, le=1000)]


class InjectFault(TypedDict):
    """Break something."""

    action: Literal["fault"]
    node: str
    fault: str
    value: NotRequired[dict[str, Any]]


class ClearFault(TypedDict):
    """Mend it."""

    action: Literal["clear_fault"]
    node: str
    fault: str


class ChangeParameter(TypedDict):
    """Set a parameter of a node, or of a wire if ``wire`` is given."""

    action: Literal["parameter"]
    node: NotRequired[str]
    wire: NotRequired[str]
    parameter: str
    value: Any


Control = Annotated[Plain | Speed | Load | InjectFault | ClearFault | ChangeParameter, Field(discriminator="action")]
_CONTROL: TypeAdapter[Any] = TypeAdapter(Control)


def read_control(given: Any) -> dict[str, Any]:
    """A control from JSON; raise `ControlError` if it is none."""
    try:
        control: dict[str, Any] = _CONTROL.validate_python(given)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc']) or 'control'}: {fault['msg']}" for fault in error.errors())
        raise ControlError(f"Not a control: {faults}") from None
    return control
