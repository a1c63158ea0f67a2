"""A server of its own for all tests that talk to one, and how examples are drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.serving import ROOT, Server, migrate, serving

# No outcome hangs on how busy the machine is, or on chance.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server, with a fresh SQLite database."""
    if not (ROOT / "static" / "dist" / "manifest.json").exists():
        pytest.skip("the front end is not built; run: make setup")
    folder = tmp_path_factory.mktemp("server")
    environment = {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "REDIS_URL": "", "MAX_ACTIVE_RUNS_PER_OWNER": "10", "LOG_LEVEL": "ERROR"}
    migrate(environment)
    with serving(folder, **environment) as running:
        yield running
