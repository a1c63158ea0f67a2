"""Print the path of a Chromium for the browser tests: the system's, else one that is installed now.

With ``--install``, a missing browser is installed: Debian's package where this runs as root on a machine with apt, else the
one that Playwright brings.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def system_browser() -> str | None:
    """A Chromium or Chrome on the path."""
    return os.environ.get("BROWSER_PATH") or next((found for name in NAMES if (found := shutil.which(name))), None)


def playwright_browser() -> str | None:
    """The Chromium that Playwright has downloaded, if any."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install() -> None:
    """Install a browser."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]):
            subprocess.run(command, check=False, env=environment, stdout=sys.stderr)
        if system_browser():
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True, stdout=sys.stderr)


def main() -> int:
    """Print the path; exit status 1 if there is none."""
    found = system_browser() or playwright_browser()
    if not found and "--install" in sys.argv:
        install()
        found = system_browser() or playwright_browser()
    if not found:
        print("No Chromium or Chrome was found. Install one, or run: python tools/find_browser.py --install", file=sys.stderr)
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
