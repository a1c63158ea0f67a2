"""Retry schedules in phases, as SNS documents them: immediate, pre-backoff, backoff, post-backoff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BackoffFunction = Literal["linear", "arithmetic", "geometric", "exponential"]


def backoff_delay_s(function: BackoffFunction, step: int, steps: int, min_s: float, max_s: float) -> float:
    """The pause of the given step (0 is the first of ``steps``) on the way from ``min_s`` to ``max_s``.

    AWS shows the four functions in a picture, without formulas: linear grows in equal steps, arithmetic in steps that grow by
    an equal amount, geometric by an equal factor, exponential in steps that double.
    """
    if steps <= 1:
        return min_s
    if function == "geometric":
        return float(min_s * (max_s / min_s) ** (step / (steps - 1)))
    if function == "linear":
        share = step / (steps - 1)
    elif function == "arithmetic":
        share = step * (step + 1) / ((steps - 1) * steps)
    else:
        share = (2.0**step - 1) / (2.0 ** (steps - 1) - 1)
    return min_s + (max_s - min_s) * share


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Pauses between attempts: ``immediate`` without one, then ``pre`` of ``pre_delay_s`` each, then ``backoff`` that grow
    from ``backoff_min_s`` to ``backoff_max_s`` as ``function`` says, then ``post`` of ``post_delay_s`` each."""

    immediate: int
    pre: int
    pre_delay_s: float
    backoff: int
    backoff_min_s: float
    backoff_max_s: float
    post: int
    post_delay_s: float
    function: BackoffFunction = "geometric"

    @property
    def retries(self) -> int:
        """Retries in all."""
        return self.immediate + self.pre + self.backoff + self.post

    @property
    def attempts(self) -> int:
        """Attempts in all, the first included."""
        return self.retries + 1

    def delay_s(self, retry: int) -> float | None:
        """The pause before the given retry (0 is the first); None when the retries are used up."""
        if retry < self.immediate:
            return 0.0
        retry -= self.immediate
        if retry < self.pre:
            return self.pre_delay_s
        retry -= self.pre
        if retry < self.backoff:
            return backoff_delay_s(self.function, retry, self.backoff, self.backoff_min_s, self.backoff_max_s)
        return self.post_delay_s if retry - self.backoff < self.post else None

    def total_s(self) -> float:
        """The time from the first attempt to the last, if every attempt fails at once."""
        backoff_s = sum(self.delay_s(self.immediate + self.pre + step) or 0.0 for step in range(self.backoff))
        return self.pre * self.pre_delay_s + backoff_s + self.post * self.post_delay_s


AWS_MANAGED = RetrySchedule(2, 2, 1.0, 10, 1.0, 20.0, 100_000, 20.0)
"""To endpoints that AWS manages (SQS, Lambda): 100,015 attempts over 23 days. The documented total counts attempts, so the
first attempt is one of the three without a pause."""

CUSTOMER_MANAGED = RetrySchedule(0, 2, 10.0, 10, 10.0, 600.0, 37, 600.0)
"""To people (e-mail, SMS, mobile push), and to Firehose when it throttles: 50 attempts over more than 6 hours, the first included."""
