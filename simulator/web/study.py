"""The replications of a run, carried out beside the one that is watched; what the runner's loop can look at between frames."""

from __future__ import annotations

import threading
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from django.conf import settings

from simulator.executors import open_executor
from simulator.replication import Allowance
from simulator.replications import Progress, Replications
from simulator.run import WarmUp
from simulator.run_comparison import samples_key
from simulator.scenario import Scenario

FIGURES_TOLD = 6


class Study:
    """Independent runs of one scenario in other processes, driven by a thread that touches no database.

    ``progress`` is the latest record for viewers (docs/reference/contracts.md, section 7).
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.progress: dict[str, Any] = {"done": 0, "expected": scenario.run.fewest_replications, "precision": None, "figures": []}
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._replications: Replications | None = None
        self._thread = threading.Thread(target=self._go, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def going(self) -> bool:
        """Whether there is more to come."""
        return self._thread.is_alive()

    @property
    def warm_up(self) -> WarmUp | None:
        """The warm-up that the pilot runs found; None while they go on, or if it is a fixed time."""
        return self._replications.warm_up if self._replications is not None else None

    def stop(self) -> None:
        """End it as soon as can be; what is done is kept."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait a while for the end."""
        self._thread.join(timeout_s)

    def check(self) -> None:
        """Raise whatever ended it early."""
        if self._error is not None:
            raise self._error

    def summary(self, report: dict[str, Any]) -> dict[str, Any] | None:
        """What came of it, for the report of the run that was watched; None if not one replication was completed."""
        self.check()
        made = self._replications
        return made.summary(report) if made is not None and made.done else None

    def samples(self) -> dict[str, list[float | None]]:
        """Each figure by replication, under its keys in one text; None where a replication did not have it."""
        done = self._replications.done if self._replications is not None else []
        figures = {figure for replication in done for figure in replication.figures}
        return {samples_key(figure): [replication.figures.get(figure) for replication in done] for figure in sorted(figures)}

    def _go(self) -> None:
        allowance = Allowance(settings.MAX_RUN_MEMORY_BYTES, settings.MAX_RUN_WALL_S)
        try:
            with open_executor(settings.DASK_SCHEDULER or None, settings.REPLICATION_PROCESSES) as (executor, width):
                made = self._replications = Replications(self.scenario, executor, width, allowance, self._stop.is_set)
                for progress in made.advance():
                    self.progress = self._told(made, progress)
        except BrokenProcessPool:
            self._error = StudyBroken("A process that carried out replications died: it was killed, or ran out of memory")
        except Exception as error:
            self._error = error

    @staticmethod
    def _told(made: Replications, progress: Progress) -> dict[str, Any]:
        return {**progress.to_json(), "figures": made.told()[:FIGURES_TOLD]}


class StudyBroken(RuntimeError):
    """The processes of a study are gone."""
