"""A token bucket: a rate with a burst."""

from __future__ import annotations


class TokenBucket:
    """Refilled at ``rate_per_s`` up to ``burst``, full at the start."""

    __slots__ = ("_tokens", "_when_s", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float = 0.0) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._tokens = burst
        self._when_s = now_s

    def available(self, now_s: float) -> float:
        """Tokens there are at ``now_s``."""
        tokens = self._tokens + (now_s - self._when_s) * self.rate_per_s
        self._tokens = tokens if tokens < self.burst else self.burst
        self._when_s = now_s
        return self._tokens

    def take_all(self, count: float, now_s: float) -> bool:
        """Take ``count`` tokens (a fraction too) if there are so many; otherwise none."""
        tokens = self._tokens + (now_s - self._when_s) * self.rate_per_s
        if tokens > self.burst:
            tokens = self.burst
        self._when_s = now_s
        if tokens < count:
            self._tokens = tokens
            return False
        self._tokens = tokens - count
        return True

    def charge(self, count: float, now_s: float) -> float:
        """Take ``count`` tokens whether they are there or not; what is left, below 0 if they were not."""
        self._tokens = self.available(now_s) - count
        return self._tokens

    def owe(self, count: float, now_s: float) -> None:
        """Take ``count`` tokens whether there are so many or not; what is missing has to be refilled first."""
        self._tokens = self.available(now_s) - count

    def take(self, count: int, now_s: float) -> int:
        """Take up to ``count`` whole tokens; return how many there were."""
        tokens = self.available(now_s)
        taken = count if tokens >= count else int(tokens)
        self._tokens = tokens - taken
        return taken

    def over(self, from_s: float, to_s: float) -> float:
        """Tokens that a steady demand from ``from_s`` to ``to_s`` finds."""
        start_s = max(from_s, self._when_s)
        stored = min(self.burst, self._tokens + (start_s - self._when_s) * self.rate_per_s)
        return stored + max(0.0, to_s - start_s) * self.rate_per_s

    def take_over(self, count: int, from_s: float, to_s: float) -> bool:
        """Take ``count`` tokens in the course of this time if there are so many; otherwise none."""
        left = self.over(from_s, to_s) - count
        if left < 0:
            return False
        self._tokens = min(self.burst, left)
        self._when_s = max(self._when_s, to_s)
        return True
