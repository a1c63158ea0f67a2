"""What runs side by side in an execution: threads that drive strands, and forks that wait for several of them.

Each branch of a Parallel state and each iteration of a Map is a strand, a Python generator that yields what it waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from simulator.languages.asl.errors import RUNTIME, StatesError

if TYPE_CHECKING:
    from simulator.languages.asl.interpreter import Execution
    from simulator.languages.asl.task import Task

Strand = Generator[Callable[["Thread"], None], Any, Any]
"""Yields what it waits for: a function that is told who waits."""


class Over(Exception):
    """The execution has ended: nothing of it goes on."""


class Thread:
    """Drives one strand: one step after the other, without recursion however long it goes on."""

    def __init__(self, execution: Execution, strand: Strand, done: Callable[[Any, StatesError | None], None], previous: int) -> None:
        self.execution = execution
        self.strand = strand
        self.done = done
        self.previous = previous
        self.alive = True
        self.fork: Fork | None = None
        self.task: Task | None = None
        self.inner: Execution | None = None
        self._running = False
        self._answer: tuple[Any, StatesError | None] | None = None

    def resume(self, value: Any = None) -> None:
        """What it waited for is there."""
        self._go(value, None)

    def throw(self, error: StatesError) -> None:
        """What it waited for failed."""
        self._go(None, error)

    def _go(self, value: Any, error: StatesError | None) -> None:
        if not self.alive:
            return
        self._answer = (value, error)
        if self._running:
            return
        self._running = True
        try:
            while self._answer is not None and self.alive:
                (value, error), self._answer = self._answer, None
                self._step(value, error)
        except Over:
            self.alive = False
        finally:
            self._running = False
            if not self.alive:
                self.strand.close()

    def _step(self, value: Any, error: StatesError | None) -> None:
        self.execution.current = self
        try:
            wait = self.strand.send(value) if error is None else self.strand.throw(error)
        except StopIteration as ended:
            self._end(ended.value, None)
        except StatesError as failed:
            self._end(None, failed)
        except RecursionError:
            self._end(None, StatesError(RUNTIME, "The data is nested too deeply"))
        else:
            wait(self)

    def _end(self, value: Any, error: StatesError | None) -> None:
        self.alive = False
        self.done(value, error)

    def stop(self) -> None:
        """End it from outside; work that it asked for goes on unseen."""
        self.alive = False
        if self.task is not None:
            self.task.abandon()
        if self.inner is not None:
            self.inner.abort()
        if self.fork is not None:
            self.fork.stop()
        if not self._running:
            self.strand.close()


class Fork:
    """Strands side by side, at most ``most`` at a time; resumes ``thread`` with their outputs in order.

    ``begun`` is told of each start. ``finished`` is told of each end; where it answers False, an error stops them all and is thrown.
    """

    def __init__(
        self, thread: Thread, strands: Sequence[Callable[[], Strand]], most: int, begun: Callable[[int, Thread], None], finished: Callable[[int, StatesError | None], bool],
    ) -> None:
        self.thread = thread
        self._strands = strands
        self._free = most
        self._begun = begun
        self._finished = finished
        self._outputs: list[Any] = [None] * len(strands)
        self._next = 0
        self._open = len(strands)
        self._children: dict[int, Thread] = {}
        self._launching = False

    def start(self) -> None:
        """Begin with as many strands as may run at once."""
        self.thread.fork = self
        if self._strands:
            self._launch()
        else:
            self.thread.resume([])

    def _launch(self) -> None:
        if self._launching:
            return
        self._launching = True
        while self._open > 0 and self._free > 0 and self._next < len(self._strands) and self.thread.alive:
            place = self._next
            self._next += 1
            self._free -= 1
            child = Thread(self.thread.execution, self._strands[place](), lambda output, error, place=place: self._ended(place, output, error), self.thread.previous)  # type: ignore[misc]
            self._children[place] = child
            self._begun(place, child)
            child.resume()
        self._launching = False

    def _ended(self, place: int, output: Any, error: StatesError | None) -> None:
        child = self._children.pop(place, None)
        if child is None or self._open <= 0:
            return
        self.thread.previous = child.previous
        self._outputs[place] = output if error is None else error
        self._open -= 1
        self._free += 1
        goes_on = self._finished(place, error)
        if error is not None and not goes_on:
            self.stop()
            self.thread.throw(error)
        elif self._open == 0:
            self.thread.fork = None
            self.thread.resume(self._outputs)
        else:
            self._launch()

    def stop(self) -> None:
        """Stop all that still run."""
        self._open = 0
        self.thread.fork = None
        children, self._children = list(self._children.values()), {}
        for child in children:
            child.stop()
