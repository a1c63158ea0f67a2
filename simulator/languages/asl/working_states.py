"""The states that work, retry and catch: Task and Parallel (and what they share with Map)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulator.languages.asl.errors import BRANCH_FAILED, RUNTIME, StatesError
from simulator.languages.asl.resources import parse_resource
from simulator.languages.asl.retrying import Retries, catcher_for
from simulator.languages.asl.strands import Fork, Thread
from simulator.languages.asl.task import Task
from simulator.languages.asl.visit import Steps, Visit


class WorkingState(Visit):
    """A state with a result, with retriers and catchers for its errors."""

    def work(self) -> Generator[Any, Any, Any]:
        """Do the work once; its result."""
        raise NotImplementedError

    def run(self) -> Steps:
        definition, execution = self.definition, self.execution
        retries = Retries(definition.get("Retry", ()))
        if definition["Type"] == "Task" or "Retry" in definition:
            self.context["State"]["RetryCount"] = 0
        thread = execution.current
        while True:
            try:
                result = yield from self.work()
                return self.after(), self.finished(result)
            except StatesError as error:
                if error.name == RUNTIME:
                    raise
                pause_s = retries.pause_s(error, execution.host.draw)
                if pause_s is None:
                    catcher = catcher_for(definition.get("Catch", ()), error)
                    if catcher is None:
                        raise
                    return catcher["Next"], execution.sized(self.caught(catcher, error), "output")
            self.context["State"]["RetryCount"] = retries.count
            yield lambda thread, pause_s=pause_s: execution.host.retry(execution, self.name, pause_s, thread)
            yield lambda thread: execution.transit(self.name, thread)
            execution.current = thread


class TaskState(WorkingState):
    """Calls something and waits for its answer."""

    def work(self) -> Generator[Any, Any, Any]:
        execution = self.execution
        resource = parse_resource(self.definition["Resource"])
        token = execution.new_token()
        if resource.waits_for_token:
            self.context["Task"] = {"Token": token}
        data = self.taken_in()
        arguments = execution.sized(self.arguments(data), "input")
        task = Task(execution, self.name, resource, arguments, token, execution.current, self.definition)
        task.timeout_s, task.heartbeat_s = self.number("TimeoutSeconds", data, 1), self.number("HeartbeatSeconds", data, 1)
        task.scheduled()
        return execution.sized((yield lambda thread: _begin(task, thread)), "result")


def _begin(task: Task, thread: Thread) -> None:
    thread.task = task
    task.execution.host.do(task)


class ParallelState(WorkingState):
    """Runs branches side by side and waits for all of them."""

    def work(self) -> Generator[Any, Any, Any]:
        execution, thread = self.execution, self.execution.current
        data = self.arguments(self.taken_in())
        execution.event("ParallelStateStarted")
        strands = [lambda branch=branch: execution.machine(branch, data, self.variables, self.extra, self.language) for branch in self.definition["Branches"]]
        started = thread.previous
        try:
            outputs = yield lambda thread: Fork(thread, strands, len(strands), lambda place, child: setattr(child, "previous", started), lambda place, error: False).start()
        except StatesError as error:
            execution.current = thread
            execution.event("ParallelStateFailed")
            raise StatesError(error.name, error.cause, (BRANCH_FAILED,)) from None
        before = thread.previous
        execution.event("ParallelStateSucceeded", aside=True)
        thread.previous = before
        return outputs
