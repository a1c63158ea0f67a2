"""Schedule expressions of EventBridge: ``rate(5 minutes)``, ``cron(0 12 ? * MON-FRI *)``, ``at(2026-01-01T12:00:00)``.

Source: EventBridge Scheduler User Guide, "Schedule types", read 2026-11. A cron expression has six fields: minutes, hours, day of
the month, month, day of the week (1 is Sunday), year; one of the two days is ``?``. Times are in one zone without daylight saving.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import count

UNITS_S = {"minute": 60, "hour": 3600, "day": 86400}
MONTHS = {name: number for number, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1)}
WEEKDAYS = {name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minutes", 0, 59, {}), ("hours", 0, 23, {}), ("day of the month", 1, 31, {}), ("month", 1, 12, MONTHS),
    ("day of the week", 1, 7, WEEKDAYS), ("year", 1970, 2199, {}),
)
LOOK_AHEAD_DAYS = 366 * 30
"""A cron expression that names no time within so many days is taken to name none."""

Day = Callable[[date], bool]


class ScheduleError(ValueError):
    """An expression that EventBridge would reject; the message says why."""


def parse_schedule(text: str) -> Callable[[datetime], Iterator[datetime]]:
    """A function of the start that gives the times at or after it, one by one. Raises `ScheduleError`."""
    match = re.fullmatch(r"\s*(rate|cron|at)\(\s*(.*?)\s*\)\s*", text)
    if not match:
        raise ScheduleError(f"'{text}' is not a schedule; write for example rate(5 minutes), cron(0 12 ? * MON-FRI *) or at(2026-01-01T12:00:00)")
    kind, inner = match.groups()
    return {"rate": _rate, "cron": _cron, "at": _at}[kind](inner)


def _rate(text: str) -> Callable[[datetime], Iterator[datetime]]:
    match = re.fullmatch(r"(\d{1,9})\s+(minute|hour|day)(s?)", text)
    if not match or int(match[1]) < 1:
        raise ScheduleError(f"'rate({text})' needs a whole number of 1 or more and minutes, hours or days")
    if (int(match[1]) == 1) == bool(match[3]):
        raise ScheduleError(f"'rate({text})': write 'rate({match[1]} {match[2]}{'' if int(match[1]) == 1 else 's'})'")
    interval_s = int(match[1]) * UNITS_S[match[2]]

    def from_start(start: datetime) -> Iterator[datetime]:
        moment = start
        while True:
            yield moment
            try:
                moment += timedelta(seconds=interval_s)
            except OverflowError:
                return

    return from_start


def _at(text: str) -> Callable[[datetime], Iterator[datetime]]:
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        raise ScheduleError(f"'at({text})' needs a time such as 2026-01-01T12:00:00") from None
    return lambda start: iter([moment] if moment >= start else [])


# -- cron -----------------------------------------------------------------------------------------------------------


def _cron(text: str) -> Callable[[datetime], Iterator[datetime]]:
    fields = text.upper().split()
    if len(fields) != 6:
        raise ScheduleError(f"'cron({text})' has {len(fields)} fields; it needs 6: minutes, hours, day of the month, month, day of the week, year")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ScheduleError(f"'cron({text})': exactly one of day of the month and day of the week is ?")
    minutes, hours, _, months, _, years = (set() if place in (2, 4) else _numbers(entry, place) for place, entry in enumerate(fields))
    on_day = _day_of_month(fields[2]) if fields[2] != "?" else _day_of_week(fields[4])
    times = [(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)]

    def from_start(start: datetime) -> Iterator[datetime]:
        since_last = 0
        for number in count():
            try:
                day = start.date() + timedelta(days=number)
            except OverflowError:
                return
            since_last += 1
            if since_last > LOOK_AHEAD_DAYS or day.year > FIELDS[5][2]:
                return
            if day.year not in years or day.month not in months or not on_day(day):
                continue
            since_last = 0
            for hour, minute in times:
                moment = datetime(day.year, day.month, day.day, hour, minute)
                if moment >= start:
                    yield moment

    return from_start


def _numbers(text: str, place: int) -> set[int]:
    """The values of a field: numbers, names, ranges, steps and lists of these."""
    title, low, high, names = FIELDS[place]
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", part)
        if not match or (match[1] == "*" and match[2]) or match[3] == "0":
            raise ScheduleError(f"'{part}' is nothing for the {title} of a cron expression")
        first = low if match[1] == "*" else _number(match[1], title, low, high, names)
        last = _number(match[2], title, low, high, names) if match[2] else high if match[1] == "*" or match[3] else first
        if last < first:
            raise ScheduleError(f"'{part}', for the {title} of a cron expression, runs backwards")
        found.update(range(first, last + 1, int(match[3] or 1)))
    return found


def _number(text: str, title: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(text, int(text) if text.isdigit() and len(text) < 5 else -1)
    if not low <= number <= high:
        raise ScheduleError(f"'{text}' is nothing for the {title} of a cron expression; it takes {low} to {high}{' or ' + ', '.join(names) if names else ''}")
    return number


def _day_of_month(text: str) -> Day:
    if text == "L":
        return lambda day: day.day == monthrange(day.year, day.month)[1]
    match = re.fullmatch(r"(L|\d+)W", text)
    if match:
        wanted = 31 if match[1] == "L" else _number(match[1], *FIELDS[2])
        return lambda day: day == _nearest_weekday(day, wanted)
    days = _numbers(text, 2)
    return lambda day: day.day in days


def _nearest_weekday(month: date, wanted: int) -> date:
    """The weekday next to a day of the month, in the same month."""
    last = monthrange(month.year, month.month)[1]
    day = month.replace(day=min(wanted, last))
    if day.weekday() == 5:
        return day - timedelta(days=1) if day.day > 1 else day + timedelta(days=2)
    if day.weekday() == 6:
        return day + timedelta(days=1) if day.day < last else day - timedelta(days=2)
    return day


def _day_of_week(text: str) -> Day:
    match = re.fullmatch(r"(\w+)#([1-5])", text)
    if match:
        weekday, which = _number(match[1], *FIELDS[4]), int(match[2])
        return lambda day: _aws_weekday(day) == weekday and (day.day - 1) // 7 + 1 == which
    match = re.fullmatch(r"(\d|[A-Z]{3})?L", text)
    if match:
        weekday = _number(match[1], *FIELDS[4]) if match[1] else 7
        return lambda day: _aws_weekday(day) == weekday and (day.day + 7 > monthrange(day.year, day.month)[1] or match[1] is None)
    weekdays = _numbers(text, 4)
    return lambda day: _aws_weekday(day) in weekdays


def _aws_weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1
