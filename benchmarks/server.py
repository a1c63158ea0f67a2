"""A real server for benchmarks, and what its processes cost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.serving import Server, migrate, serving


@contextmanager
def probed_server() -> Iterator[Server]:
    """The application with a probe of its event loop, in a process of its own with a fresh SQLite database."""
    with TemporaryDirectory() as folder:
        environment = {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "REDIS_URL": "", "LOG_LEVEL": "ERROR", "MAX_ACTIVE_RUNS_PER_OWNER": "20"}
        migrate(environment)
        with serving(Path(folder), "benchmarks.probed_asgi:application", **environment) as server:
            yield server


class ProcessorUse:
    """The share of one processor that some processes use."""

    def __init__(self, processes: list[int]) -> None:
        self._processes = processes
        self._before = (time.perf_counter(), self._used_s())

    def share(self) -> float:
        """The share since the beginning; 1.0 is one core."""
        return (self._used_s() - self._before[1]) / (time.perf_counter() - self._before[0])

    def _used_s(self) -> float:
        used = 0.0
        for process in self._processes:
            words = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            used += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        return used
