"""Where independent runs are carried out side by side, behind the standard `concurrent.futures.Executor` interface.

A pool of processes on this machine, or a Dask cluster when its scheduler is named (``DASK_SCHEDULER``).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

DASK_SCHEDULER = "DASK_SCHEDULER"
CLUSTER_TIMEOUT_S = 10.0


class ClusterError(RuntimeError):
    """The cluster cannot be used; the message says why, and the way out."""


@contextmanager
def open_executor(dask_scheduler: str | None = None, processes: int | None = None) -> Iterator[tuple[Executor, int]]:
    """An executor, and how many tasks it carries out at once.

    ``dask_scheduler`` is the address of a Dask scheduler (``tcp://host:8786``); without one, ``processes`` of this machine
    are used (None: one for each core). Raises `ClusterError` if the cluster cannot be reached.
    """
    if dask_scheduler:
        with _dask(dask_scheduler) as opened:
            yield opened
        return
    width = processes or cores()
    pool = ProcessPoolExecutor(width, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare)
    started = set(multiprocessing.active_children())
    try:
        yield pool, width
    finally:
        # What still runs is of no use any more, and a long run would keep its caller waiting.
        with _uninterrupted():
            mine = [child for child in multiprocessing.active_children() if child not in started]
            pool.shutdown(wait=False, cancel_futures=True)
            for child in mine:
                child.terminate()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a second Ctrl-C not undo what the first one was answered with (only the main thread is ever interrupted)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(f"{DASK_SCHEDULER} is set, but the package 'distributed' is not installed; install backwater[dask], or unset it") from None
    connect: Any = Client
    try:
        client = connect(address, timeout=CLUSTER_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"The Dask scheduler at {address} cannot be reached ({error}); start it, or unset {DASK_SCHEDULER}") from None
    try:
        width = sum(client.nthreads().values())
        if width == 0:
            raise ClusterError(f"The Dask scheduler at {address} has no workers; start some, or unset {DASK_SCHEDULER}")
        executor = client.get_executor(pure=False)
        try:
            yield executor, width
        finally:
            executor.shutdown(wait=False)
    finally:
        client.close()


def _prepare() -> None:
    """In a new process: leave Ctrl-C to the parent, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        def end_with_parent() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=end_with_parent, daemon=True).start()
