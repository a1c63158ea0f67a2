"""Seconds, bytes, rates, shares and US dollars: parse what people write, print what people read.

Every quantity inside the simulator is a plain number in the base unit its name ends in (``_s``, ``_bytes``,
``_per_s``, ``_usd``). Text is read and written only here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_DURATIONS_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZES_BYTES = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
_PREFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_PERIODS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"


class UnitError(ValueError):
    """A text that cannot be read as the quantity asked for; the message names the text and what is understood."""


def parse_duration_s(text: str | float) -> float:
    """Read a duration such as ``90``, ``1h 30m``, ``250ms`` into seconds; raise `UnitError` if it is none."""
    if isinstance(text, (int, float)):
        return _finite(float(text), str(text))
    cleaned = text.strip().lower()
    if re.fullmatch(_NUMBER, cleaned):
        return _finite(float(cleaned), text)
    parts = re.findall(_NUMBER + r"\s*(ms|min|[smhdw])", cleaned)
    if not parts or re.sub(_NUMBER + r"\s*(ms|min|[smhdw])|[\s,]", "", cleaned):
        raise UnitError(f"'{text}' is not a duration; write for example 90, 250ms, 30s, 5m, 1h 30m or 2d")
    return sum(float(number) * _DURATIONS_S[unit] for number, unit in parts)


def parse_size_bytes(text: str | float) -> int:
    """Read a size such as ``1024``, ``256 KiB``, ``1.5MB`` into bytes; raise `UnitError` if it is none."""
    if isinstance(text, (int, float)):
        return round(_finite(float(text), str(text)))
    match = re.fullmatch(_NUMBER + r"\s*(b|[kmg]i?b)?", text.strip().lower())
    if not match:
        raise UnitError(f"'{text}' is not a size; write for example 1024, 64 KiB, 1 MiB or 1.5 MB")
    return round(float(match[1]) * _SIZES_BYTES[match[2] or "b"])


def parse_rate_per_s(text: str | float) -> float:
    """Read a rate such as ``200``, ``1.5k/s``, ``300/min`` into events a second; raise `UnitError` if it is none."""
    if isinstance(text, (int, float)):
        return _finite(float(text), str(text))
    match = re.fullmatch(_NUMBER + r"\s*([kmg]?)\s*(?:/\s*(s|min|m|h|d))?", text.strip().lower())
    if not match:
        raise UnitError(f"'{text}' is not a rate; write for example 200, 1.5k/s, 300/min or 20/h")
    return float(match[1]) * _PREFIXES[match[2]] / _PERIODS_S[match[3] or "s"]


def _finite(number: float, text: str) -> float:
    if not math.isfinite(number) or number < 0:
        raise UnitError(f"'{text}' is not a quantity: it must be a finite number of 0 or more")
    return number


def format_duration(seconds: float) -> str:
    """Print seconds as people say them: ``35 ms``, ``1.2 s``, ``4 h 10 min``, ``4 d``."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds == 0:
        return "0 s"
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    for big, big_name, small, small_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= big:
            rest = round((whole % big) / small)
            carried = whole // big + (rest * small == big)
            rest = 0 if rest * small == big else rest
            return f"{carried} {big_name}" + (f" {rest} {small_name}" if rest else "")
    return f"{whole} s"


def format_count(number: float) -> str:
    """Print a count with three significant figures and a prefix: ``999``, ``1.2k``, ``48.2k``, ``1.5M``."""
    size = abs(number)
    for limit, divisor, prefix in ((999.5, 1, ""), (999_500, 1e3, "k"), (999_500_000, 1e6, "M")):
        if size < limit:
            return f"{number / divisor:.3g}{prefix}"
    return f"{number / 1e9:.3g}G"


def format_rate(per_s: float) -> str:
    """Print a rate in events a second, or a minute where that reads better: ``1.2k/s``, ``12/min``."""
    if 0 < per_s < 0.1:
        return f"{format_count(per_s * 60)}/min" if per_s * 60 >= 0.1 else f"{format_count(per_s * 3600)}/h"
    return f"{format_count(per_s)}/s"


def format_size(size_bytes: float) -> str:
    """Print bytes with binary prefixes: ``512 B``, ``256 KiB``, ``1 MiB``."""
    for limit, divisor, name in ((1024, 1, "B"), (1024**2, 1024, "KiB"), (1024**3, 1024**2, "MiB")):
        if size_bytes < limit:
            return f"{size_bytes / divisor:.3g} {name}"
    return f"{size_bytes / 1024**3:.3g} GiB"


def format_share(share: float) -> str:
    """Print a share of one as per cent: ``0.934`` becomes ``93 %``."""
    percent = share * 100
    if 0 < percent < 0.01:
        return "<0.01 %"
    return f"{percent:.0f} %" if percent >= 9.95 or percent == 0 else f"{percent:.2g} %"


def format_usd(usd: float) -> str:
    """Print US dollars: ``$0.42``, ``$1,234``, ``$0.0012``."""
    if usd == 0:
        return "$0"
    if abs(usd) < 0.1:
        text = f"{usd:.{1 - math.floor(math.log10(abs(usd)))}f}"
        return "$" + re.sub(r"(\.\d\d\d*?)0+$", r"\1", text)
    return f"${usd:,.2f}" if abs(usd) < 1000 else f"${usd:,.0f}"


def format_quantity(value: float | None, unit: str) -> str:
    """Print a value by the name of its unit, as parameters and metrics declare it."""
    if value is None:
        return "–"
    printers = {"s": format_duration, "per_s": format_rate, "bytes": format_size, "share": format_share, "usd": format_usd}
    return printers[unit](value) if unit in printers else format_count(value)


def inside_sentence(text: str, names: Iterable[str] = ()) -> str:
    """A title as it stands inside a sentence: without its first capital, unless the first word is an abbreviation, an API's action, or begins one of ``names``."""
    word = text.partition(" ")[0]
    if word[1:].islower() and not any(text.startswith(name) for name in names if name):
        return text[:1].lower() + text[1:]
    return text


def all_busy(number: float, noun: str) -> str:
    """``All 3 workers are busy.``, or of one: ``The only worker is busy.``; ``noun`` is in the plural."""
    return f"The only {noun.removesuffix('s')} is busy." if number == 1 else f"All {format_count(number)} {noun} are busy."
