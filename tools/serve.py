"""Serve the application with Daphne on the first free port from PORT (8000) on, and print its address."""

from __future__ import annotations

import os
import socket
import sys


def free_port(first: int) -> int:
    """The first port from ``first`` on that nothing listens at."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No free port between {first} and {first + 99}; set PORT to another number")


def main() -> None:
    """Replace this process by the server."""
    port = free_port(int(os.environ.get("PORT", "8000")))
    print(f"\n  Backwater is at http://127.0.0.1:{port}/   (stop it with Ctrl-C)\n", flush=True)
    os.execv(sys.executable, [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "--verbosity", "0", "config.asgi:application"])


if __name__ == "__main__":
    main()
