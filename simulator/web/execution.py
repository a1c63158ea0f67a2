"""Where runs are executed: processes of their own, one run each, so that one that dies takes no other with it.

Each slot is a `concurrent.futures.ProcessPoolExecutor` with a single process, kept warm between runs. Runs beyond the
slots wait their turn.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone

from simulator.web.errors import error_shape
from simulator.web.models import ACTIVE, Run, RunState
from simulator.web.process import execute, prepare_process, warm_up

logger = logging.getLogger(__name__)


class Slots:
    """The executors of this server process, and the runs that wait for one."""

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._idle: deque[ProcessPoolExecutor] = deque()
        self._waiting: deque[str] = deque()
        self._size = size
        self._made = 0

    def _new_executor(self) -> ProcessPoolExecutor:
        databases = {alias: {**connections[alias].settings_dict} for alias in connections}
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, mp_context=context, initializer=prepare_process, initargs=(databases,))

    def prewarm(self) -> None:
        """Start all processes, so that the first run does not wait for them."""
        with self._lock:
            while self._made < self._size:
                executor = self._new_executor()
                executor.submit(warm_up)
                self._idle.append(executor)
                self._made += 1

    def submit(self, run_id: str) -> None:
        """Execute a run as soon as a slot is free."""
        with self._lock:
            self._waiting.append(run_id)
        self._next()

    def _next(self) -> None:
        with self._lock:
            if not self._waiting:
                return
            if self._idle:
                executor = self._idle.popleft()
            elif self._made < self._size:
                executor = self._new_executor()
                self._made += 1
            else:
                return
            run_id = self._waiting.popleft()
        self._start(executor, run_id)

    def _start(self, executor: ProcessPoolExecutor, run_id: str) -> None:
        try:
            future = executor.submit(execute, run_id)
        except BrokenProcessPool:
            # The process died while it was idle: take a fresh one.
            with self._lock:
                executor = self._new_executor()
            future = executor.submit(execute, run_id)
        future.add_done_callback(partial(self._ended, executor, run_id))

    def _ended(self, executor: ProcessPoolExecutor, run_id: str, future: Future[None]) -> None:
        error = future.exception()
        broken = isinstance(error, BrokenProcessPool)
        if broken:
            executor.shutdown(wait=False)
            fail_run(run_id, "process-died", "The simulation process died: it was killed, or ran out of memory", "Run again; if it happens again, simulate less at a time")
        elif error is not None:
            logger.error("Run %s failed", run_id, exc_info=error)
            fail_run(run_id, "server-error", f"The run failed: {error}", "Run again; if it happens again, report it")
        with self._lock:
            self._idle.append(self._new_executor() if broken else executor)
        self._next()

    def shutdown(self) -> None:
        """End all processes; runs in progress are lost."""
        with self._lock:
            executors, self._idle, self._made = list(self._idle), deque(), 0
            self._waiting.clear()
        for executor in executors:
            executor.shutdown(wait=False, cancel_futures=True)


def fail_run(run_id: str, code: str, message: str, hint: str) -> None:
    """Mark a run that is still active as failed."""
    close_old_connections()
    run = Run.objects.filter(pk=run_id, state__in=ACTIVE).first()
    if run is not None:
        run.change(state=RunState.FAILED, error=error_shape(code, message, hint)["error"], finished_at=timezone.now())
    close_old_connections()


_slots: Slots | None = None
_slots_lock = threading.Lock()


def slots() -> Slots:
    """The slots of this server process."""
    global _slots
    with _slots_lock:
        if _slots is None:
            _slots = Slots(settings.RUN_PROCESSES)
    return _slots


def fail_abandoned(run: Run) -> None:
    """A run whose process has given no sign of life for long (the server was restarted) has failed."""
    if run.state != RunState.RUNNING or run.heartbeat_at is None:
        return
    silent_s = (timezone.now() - run.heartbeat_at).total_seconds()
    if silent_s > settings.RUN_HEARTBEAT_TIMEOUT_S:
        fail_run(str(run.pk), "process-lost", "The simulation process is gone: the server was stopped while it ran", "Run again")
        run.refresh_from_db()
