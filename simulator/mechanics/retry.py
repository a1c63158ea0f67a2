"""Retry schedules in phases, as SNS documents them: immediate, pre-backoff, backoff, post-backoff."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Pauses between attempts: ``immediate`` without one, then ``pre`` of ``pre_delay_s`` each, then ``backoff`` that grow
    geometrically from ``backoff_min_s`` to ``backoff_max_s``, then ``post`` of ``post_delay_s`` each."""

    immediate: int
    pre: int
    pre_delay_s: float
    backoff: int
    backoff_min_s: float
    backoff_max_s: float
    post: int
    post_delay_s: float

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
            growth = self.backoff_max_s / self.backoff_min_s
            return float(self.backoff_min_s * growth ** (retry / max(1, self.backoff - 1)))
        return self.post_delay_s if retry - self.backoff < self.post else None

    def total_s(self) -> float:
        """The time from the first attempt to the last, if every attempt fails at once."""
        backoff_s = sum(self.delay_s(self.immediate + self.pre + step) or 0.0 for step in range(self.backoff))
        return self.pre * self.pre_delay_s + backoff_s + self.post * self.post_delay_s


AWS_MANAGED = RetrySchedule(2, 2, 1.0, 10, 1.0, 20.0, 100_000, 20.0)
"""To endpoints that AWS manages (SQS, Lambda): 100,015 attempts over 23 days. The documented total counts attempts, so the
first attempt is one of the three without a pause."""
