"""Schedule expressions: the times they name, and what is rejected."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

import pytest

from simulator.languages.schedule_expressions import ScheduleError, parse_schedule

START = datetime(2026, 1, 1, 8, 30)
"""A Thursday."""


@pytest.mark.parametrize(("text", "times"), [
    ("rate(5 minutes)", ["01-01 08:30", "01-01 08:35", "01-01 08:40"]),
    ("rate(1 hour)", ["01-01 08:30", "01-01 09:30"]),
    ("rate(2 days)", ["01-01 08:30", "01-03 08:30"]),
    ("at(2026-02-03T04:05:06)", ["02-03 04:05"]),
    ("at(2025-02-03T04:05:06)", []),
    ("cron(0 12 * * ? *)", ["01-01 12:00", "01-02 12:00"]),
    ("cron(0 8 * * ? *)", ["01-02 08:00"]),
    ("cron(30 8 * * ? *)", ["01-01 08:30"]),
    ("cron(0/20 9-10 * * ? *)", ["01-01 09:00", "01-01 09:20", "01-01 09:40", "01-01 10:00"]),
    ("cron(15,45 10 ? * MON-FRI *)", ["01-01 10:15", "01-01 10:45", "01-02 10:15", "01-02 10:45", "01-05 10:15"]),
    ("cron(0 0 ? * 1 *)", ["01-04 00:00", "01-11 00:00"]),
    ("cron(0 0 1 2/6 ? *)", ["02-01 00:00", "08-01 00:00"]),
    ("cron(0 0 L * ? *)", ["01-31 00:00", "02-28 00:00", "03-31 00:00"]),
    ("cron(0 0 3W * ? *)", ["01-02 00:00", "02-03 00:00", "03-03 00:00"]),
    ("cron(0 0 1W FEB ? *)", ["02-02 00:00"]),
    ("cron(0 0 LW * ? *)", ["01-30 00:00", "02-27 00:00"]),
    ("cron(0 0 ? * TUE#2 *)", ["01-13 00:00", "02-10 00:00"]),
    ("cron(0 0 ? * 6L *)", ["01-30 00:00", "02-27 00:00"]),
    ("cron(0 0 ? * L *)", ["01-03 00:00", "01-10 00:00"]),
    ("cron(0 0 29 2 ? 2028)", ["02-29 00:00"]),
    ("cron(0 0 1 1 ? 2025)", []),
    ("cron(0 0 30 2 ? *)", []),
])  # fmt: skip
def test_times(text: str, times: list[str]) -> None:
    assert [f"{moment:%m-%d %H:%M}" for moment in islice(parse_schedule(text)(START), max(1, len(times)))] == times


@pytest.mark.parametrize(("text", "reason"), [
    ("every 5 minutes", "not a schedule"), ("rate(0 minutes)", "1 or more"), ("rate(1 minutes)", r"rate\(1 minute\)"), ("rate(5 minute)", r"rate\(5 minutes\)"),
    ("rate(30 seconds)", "minutes, hours or days"), ("at(tomorrow)", "2026-01-01T12:00:00"), ("cron(0 12 * * *)", "5 fields"), ("cron(0 12 * * * *)", "exactly one"),
    ("cron(0 12 ? * ? *)", "exactly one"), ("cron(60 12 * * ? *)", "0 to 59"), ("cron(0 12 * * FOO *)", "exactly one"), ("cron(0 12 ? * FOO *)", "day of the week"),
    ("cron(0 12-8 * * ? *)", "backwards"), ("cron(0 12 * * ? 1969)", "1970 to 2199"), ("cron(*/0 12 * * ? *)", "nothing for the minutes"),
])  # fmt: skip
def test_what_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(ScheduleError, match=reason):
        parse_schedule(text)
