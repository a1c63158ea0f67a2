"""``python -m benchmarks [NAME ...] [--quick] [--write]``: measure, and print the tables.

``--write`` also puts them into `docs/explanation/performance.md`, each benchmark in a section of its own.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import platform
import re
from pathlib import Path

from benchmarks.tables import Table

NAMES = ("pipeline", "memory", "cohorts", "streams", "event_loop", "viewers", "browser", "profile")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "performance.md"


def main() -> None:
    """Measure what the command line names (by default: everything)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what Backwater promises in figures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small and short, to see that it works; the figures mean little")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.relative_to(PAGE.parents[2])}")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}")
    if options.write and options.quick:
        parser.error("--write wants true figures; leave --quick out")
    for name in options.names or NAMES:
        benchmark = importlib.import_module(f"benchmarks.{name}")
        tables = []
        for table in benchmark.measure(options.quick):
            table.show()
            tables.append(table)
        if options.write and tables:
            write_section(name, benchmark.__doc__ or "", tables)


def write_section(name: str, docstring: str, tables: list[Table]) -> None:
    """Replace the section of a benchmark in the documentation, or append it."""
    title, _, text = docstring.strip().partition("\n")
    measured = f"Measured on {datetime.datetime.now(tz=datetime.UTC):%d %B %Y} with `python -m benchmarks {name}`: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}."
    body = "\n\n".join([f"## {title.rstrip('.')}", text.strip(), *(table.markdown().strip() for table in tables), measured])
    section = f"<!-- begin {name} -->\n{body}\n<!-- end {name} -->"
    page = PAGE.read_text()
    pattern = re.compile(f"<!-- begin {name} -->.*?<!-- end {name} -->", re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: section, page) if pattern.search(page) else f"{page.rstrip()}\n\n{section}\n")


if __name__ == "__main__":
    main()
