"""Planned outages of a receiving end: windows of time in which it refuses, or takes requests and does not answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from simulator.engine.agenda import Agenda
from simulator.vocabulary import ParameterSet, parameter

Behaviour = Literal["refuses", "hangs"]
LONGEST_S = 31_536_000.0


class Outage(ParameterSet):
    """A window of time in which the endpoint does not work."""

    start_s: float = parameter(60, "When it begins.", title="Start", unit="s", section="Outage", ge=0, le=LONGEST_S)
    length_s: float = parameter(60, "How long it lasts.", title="Length", unit="s", section="Outage", gt=0, le=LONGEST_S)
    repeat_s: float | None = parameter(None, "Time from one outage to the next. Empty: only one.", title="Repeat every", unit="s", section="Outage", ge=1, le=LONGEST_S)
    behaviour: Behaviour = parameter(
        "refuses", "Refuses: connections fail at once. Hangs: requests are taken, and answered only when the outage is over.", title="Behaviour", section="Outage")


class Outages:
    """Says what the outages in force do now; calls ``changed`` when one begins or ends."""

    def __init__(self, agenda: Agenda, windows: Sequence[Outage], changed: Callable[[], None]) -> None:
        self._agenda = agenda
        self._windows = windows
        self._changed = changed
        self._active: dict[Behaviour, int] = {"refuses": 0, "hangs": 0}

    def start(self) -> None:
        """Book all windows."""
        for window in self._windows:
            self._agenda.at(window.start_s, self._open, window)

    def change(self, behaviour: Behaviour, by: int) -> None:
        """One outage of this behaviour more (1), or one less (-1)."""
        self._active[behaviour] += by
        self._changed()

    @property
    def refuses(self) -> bool:
        """Whether connections fail now."""
        return self._active["refuses"] > 0

    @property
    def hangs(self) -> bool:
        """Whether requests are taken, but not worked on, now."""
        return self._active["hangs"] > 0

    def _open(self, window: Outage) -> None:
        now_s = self._agenda.now
        self.change(window.behaviour, 1)
        self._agenda.at(now_s + window.length_s, self._close, window)
        if window.repeat_s is not None:
            self._agenda.at(now_s + window.repeat_s, self._open, window)

    def _close(self, window: Outage) -> None:
        self.change(window.behaviour, -1)
