"""Retriers and catchers: which one answers an error, and after which pause.

Source: Step Functions Developer Guide, "Handling errors", and the language's specification, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.languages.asl.errors import StatesError, matches

INTERVAL_S, ATTEMPTS, BACKOFF_RATE = 1, 3, 2.0
LONGEST_S = 31_622_400.0


class Retries:
    """The retriers of one visit to a state; each counts for itself, over all the error names it answers to."""

    def __init__(self, retriers: Sequence[Mapping[str, Any]]) -> None:
        self._retriers = retriers
        self._used = [0] * len(retriers)
        self.count = 0
        """Retries so far: ``$$.State.RetryCount``."""

    def pause_s(self, error: StatesError, draw: Callable[[], float]) -> float | None:
        """Seconds until the next attempt; None if no retrier answers, or the first that does is used up."""
        for place, retrier in enumerate(self._retriers):
            if not matches(retrier["ErrorEquals"], error):
                continue
            used = self._used[place]
            if used >= retrier.get("MaxAttempts", ATTEMPTS):
                return None
            self._used[place] += 1
            self.count += 1
            return pause_s(retrier, used, draw)
        return None


def pause_s(retrier: Mapping[str, Any], used: int, draw: Callable[[], float]) -> float:
    """The pause before the next attempt of a retrier that was used so often."""
    longest_s = float(retrier.get("MaxDelaySeconds", LONGEST_S))
    try:
        delay_s = retrier.get("IntervalSeconds", INTERVAL_S) * float(retrier.get("BackoffRate", BACKOFF_RATE)) ** used
    except OverflowError:
        delay_s = longest_s
    delay_s = min(delay_s, longest_s)
    return float(delay_s * draw() if retrier.get("JitterStrategy") == "FULL" else delay_s)


def catcher_for(catchers: Sequence[Mapping[str, Any]], error: StatesError) -> Mapping[str, Any] | None:
    """The first catcher that answers this error."""
    return next((catcher for catcher in catchers if matches(catcher["ErrorEquals"], error)), None)
