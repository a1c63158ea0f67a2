"""What happens in a simulation process before Django is set up there; so nothing here may import a model."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any


def prepare_process(databases: Mapping[str, Any]) -> None:
    """Set up Django in a fresh process, with the databases of its parent (in a test: the test's)."""
    import django
    from django.conf import settings as child_settings

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child_settings.DATABASES = databases
    django.setup()
    import simulator.run  # noqa: F401 - imported now, so that the first run starts at once


def execute(run_id: str) -> None:
    """What a slot's process does; the import waits until Django is set up there."""
    from simulator.web.runner import execute_run

    execute_run(run_id)


def warm_up() -> None:
    """A task that does nothing but start the process."""
