"""Run the commands that the documentation shows, and write what they print back into its pages.

A page shows them in a ``console`` block: each line that begins with ``$ `` is a command, and what follows is its output. A last line
``...`` stands for whatever comes after the lines shown. All commands of a page run in one folder of their own, where ``.venv/bin/python``
is this Python and the simulator can be imported, as in a checkout. With pages as arguments, only those are done.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
TIMEOUT_S = 120


def pages() -> list[Path]:
    """Every page a reader may follow."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def with_commands() -> list[Path]:
    """The pages that show commands."""
    return [page for page in pages() if BLOCK.search(page.read_text(encoding="utf-8"))]


def steps(block: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the output shown."""
    command, shown = "", list[str]()
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    if command:
        yield command, shown


def checkout_like(folder: Path) -> None:
    """Make ``.venv/bin/python`` there, so that commands read as in a checkout."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)


def printed(command: str, folder: Path) -> list[str]:
    """What a command prints, errors too, without blanks at the ends of lines."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S, check=False)
    if "Traceback" in done.stdout:
        raise RuntimeError(f"{command}\n{done.stdout}")
    return [line.rstrip() for line in done.stdout.splitlines()]


def retaken(text: str) -> str:
    """The text of a page with the output of its commands as it is now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkout_like(folder)

        def run(block: re.Match[str]) -> str:
            lines: list[str] = []
            for command, shown in steps(block.group(1)):
                output = printed(command, folder)
                if shown and shown[-1] == "..." and len(output) >= len(shown):
                    output = [*output[: len(shown) - 1], "..."]
                lines += [f"$ {command}", *output]
            return "\n".join(["```console", *lines, "```"])

        return BLOCK.sub(run, text)


def main() -> None:
    """Retake the outputs, and say which pages changed."""
    for page in [Path(name).resolve() for name in sys.argv[1:]] or with_commands():
        before = page.read_text(encoding="utf-8")
        after = retaken(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            print(f"changed: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
