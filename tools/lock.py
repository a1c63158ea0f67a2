"""Make the lock files of the Python packages anew: every version and hash, without the names of registries."""

from __future__ import annotations

import subprocess
import sys

COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", "--upgrade"]


def main() -> None:
    """Lock what runs, then what develops, with the same versions of what runs."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)
    subprocess.run([*COMPILE, "pyproject.toml", "-o", "requirements/run.lock"], check=True)
    subprocess.run([*COMPILE, "--extra", "dev", "--constraint", "requirements/run.lock", "pyproject.toml", "-o", "requirements/dev.lock"], check=True)


if __name__ == "__main__":
    main()
