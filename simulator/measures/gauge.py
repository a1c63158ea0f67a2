"""A level that changes in steps, averaged over time without an event of its own."""

from __future__ import annotations


class Gauge:
    """A time-weighted level: current value, maximum, and mean since the last `restart`.

    Times are simulated seconds and must not decrease. The integral follows from the changes: a change by ``d`` at ``t`` adds
    ``d * (now - t)`` to it, so ``value * now - sum(d * t)`` is the area. Keeping that sum is all a change costs.
    """

    __slots__ = ("_changed_s", "_ledger", "_moment", "_observed", "_started_s", "maximum", "value")

    def __init__(self, value: float = 0, now_s: float = 0.0) -> None:
        self.value = value
        self.maximum = value
        self._moment = value * now_s
        self._started_s = self._changed_s = now_s
        self._ledger: float | None = None
        self._observed = False

    def add(self, change: float, now_s: float) -> None:
        """Raise the level by ``change`` (lower it, if negative) at ``now_s``."""
        self._moment += change * now_s
        self.value = value = self.value + change
        if value > self.maximum:
            self.maximum = value

    def set(self, value: float, now_s: float) -> None:
        """Put the level to ``value`` at ``now_s``."""
        self.add(value - self.value, now_s)

    # -- for cohorts, whose messages come and go over a stretch of time -------------------------------------------------

    def shift(self, change: float, when_s: float, now_s: float) -> None:
        """Change the level by ``change`` as of ``when_s`` on average, which may be before ``now_s``; never beside `add`.

        The mean is exact. The value and the maximum follow only levels that last, not what comes and goes at one instant
        of the agenda; where someone knows the level better, that is taken instead (`observe`).
        """
        if self._ledger is None:
            self._ledger = self.value
        self.note(now_s)
        self._moment += change * when_s
        self._ledger += change
        if not self._observed:
            self.value = self._ledger

    def counted(self) -> float:
        """The level as all changes add up to it."""
        return self.value if self._ledger is None else self._ledger

    def observe(self, level: float) -> None:
        """The level as someone knows it who looks at it now and then; from now on only such looks count as its value."""
        self._observed = True
        self.value = level
        if level > self.maximum:
            self.maximum = level

    def note(self, now_s: float) -> None:
        """Let the level count toward the maximum if it has lasted since before ``now_s``; what is empty is seen as empty."""
        if now_s > self._changed_s:
            self._changed_s = now_s
            if self.value > self.maximum:
                self.maximum = self.value
        if self._observed and self._ledger is not None and self._ledger <= 0:
            self.value = 0

    def area(self, now_s: float) -> float:
        """The integral of the level since the last restart, in units x seconds."""
        return self.counted() * now_s - self._moment

    def mean(self, now_s: float) -> float:
        """The time-weighted mean since the last restart; the level itself if no time has passed."""
        span_s = now_s - self._started_s
        return self.area(now_s) / span_s if span_s > 0 else self.value

    def restart(self, now_s: float) -> None:
        """Forget the past (the end of a warm-up): mean and maximum count from ``now_s``."""
        self._moment = self.counted() * now_s
        self._started_s = now_s
        self.maximum = self.value
