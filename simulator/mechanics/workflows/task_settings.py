"""What the user says of the tasks and choices of a state machine where the simulation cannot know it: results, durations, returning tokens, shares."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.vocabulary import ParameterSet, parameter

ANY_STATE = "*"


class TaskResult(ParameterSet):
    """One way in which a task can end."""

    share: float = parameter(1.0, "How often, beside the other results.", title="Share", section="Result", gt=0, le=1e6)
    output: Any = parameter(None, "What the task returns, as JSON. Empty: what it was given (for an invocation of a function, as its Payload).", title="Result", section="Result", widget="json")
    error: str = parameter("", "The name of the error with which it fails, for example Declined. Empty: it succeeds.", title="Error", section="Result", max_length=256)
    cause: str = parameter("", "The cause, in words.", title="Cause", section="Result", max_length=2000)


class TaskSettings(ParameterSet):
    """A Task state: what comes of it. ``*`` stands for all without settings of their own."""

    state: str = parameter(ANY_STATE, "The name of the Task state (or of the Map that reads its items); * for all others.", title="State", section="Task", max_length=80)
    results: tuple[TaskResult, ...] = parameter((), "What the task returns: one sample, or several by their shares. Empty: what it was given.", title="Results", section="Task", max_length=20)
    duration: Distribution = parameter(
        lambda: Lognormal(p50_s=0.1, p99_s=0.5), "Time the work takes where the task is not wired to a node that takes its own: a call, a job, a worker of an activity.",
        title="Duration", unit="s", section="Task", widget="distribution")
    token_after: Distribution | None = parameter(
        None, "For .waitForTaskToken: the time from the request until the token returns. Empty: it returns when a message comes in at the port Callbacks.",
        title="Token returns after", unit="s", section="Task", widget="distribution")
    token_lost_share: float = parameter(0.0, "For .waitForTaskToken: the share of tokens that never return.", title="Tokens lost", unit="share", section="Task", ge=0, le=1)
    heartbeat_every_s: float | None = parameter(None, "How often the worker sends a heartbeat while it works. Empty: never.", title="Heartbeat every", unit="s", section="Task", gt=0, le=99_999_999)
    workers: int = parameter(1, "For an activity: how many workers poll it, each for one task at a time.", title="Workers", unit="count", section="Task", ge=1, le=1_000_000, capacity=True)


class ChoiceShare(ParameterSet):
    """One way out of a Choice."""

    next: str = parameter("", "The state it leads to.", title="Next", section="Choice", max_length=80)
    share: float = parameter(1.0, "How often, beside the other ways.", title="Share", section="Choice", ge=0, le=1e6)


class ChoiceSettings(ParameterSet):
    """A Choice state: how often it goes where."""

    state: str = parameter("", "The name of the Choice state.", title="State", section="Choice", max_length=80)
    shares: tuple[ChoiceShare, ...] = parameter((), "The ways out, by their shares.", title="Shares", section="Choice", max_length=50)
    when: Literal["undecided", "always"] = parameter(
        "undecided", "Undecided: only where the data decides nothing, because a value is missing or no rule is true. Always: the data is not looked at.", title="When", section="Choice")

    @field_validator("shares")
    @classmethod
    def _some(cls, shares: tuple[ChoiceShare, ...]) -> tuple[ChoiceShare, ...]:
        if shares and not sum(entry.share for entry in shares) > 0:
            raise ValueError("one of the shares must be above 0")
        return shares
