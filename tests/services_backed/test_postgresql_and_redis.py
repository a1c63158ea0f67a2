"""The same application on PostgreSQL, and in two web processes that share Redis. Skipped where no server answers."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.serving import ROOT, Server, migrate, serving
from tests.visitors import Visitor, frames_until, messages
from tests.web.test_runs import pipeline, without_wall_time

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services")]

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def require(url: str, port: int) -> None:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or "127.0.0.1", address.port or port), timeout=2).close()
    except OSError as error:
        pytest.skip(f"no server answers at {address.hostname}:{address.port or port} ({error})")


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """A fresh PostgreSQL database, with its tables."""
    require(POSTGRES_URL, 5432)
    import psycopg

    if not (ROOT / "static" / "dist" / "manifest.json").exists():
        pytest.skip("the front end is not built; run: make setup")
    name = f"backwater_test_{uuid.uuid4().hex[:12]}"
    try:
        with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError as error:
        pytest.skip(f"PostgreSQL lets nobody in: {error}")
    url = f"{POSTGRES_URL.rsplit('/', 1)[0]}/{name}"
    migrate({"DATABASE_URL": url})
    yield url
    with psycopg.connect(POSTGRES_URL, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def two_servers(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two web processes with one database and one channel layer."""
    require(REDIS_URL, 6379)
    folder: Path = tmp_path_factory.mktemp("two-servers")
    environment = {"DATABASE_URL": database_url, "REDIS_URL": REDIS_URL, "LOG_LEVEL": "ERROR"}
    with serving(folder, **environment) as first, serving(folder, **environment) as second:
        yield first, second


def same_visitor(visitor: Visitor, server: Server) -> Visitor:
    """The same person's session at another web process."""
    other = Visitor(server.url)
    for name in ("sessionid", "csrftoken"):
        other.http.cookies.delete(name)
        other.http.cookies.set(name, visitor.http.cookies[name])
    other.http.headers["X-CSRFToken"] = visitor.http.headers["X-CSRFToken"]
    return other


def test_diagrams_runs_and_frames_live_on_postgresql(database_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, DATABASE_URL=database_url, REDIS_URL="", LOG_LEVEL="ERROR") as server:
        visitor = Visitor(server.url)
        diagram = visitor.post("/api/diagrams/", {"graph": pipeline()}).json()
        path = f"/api/diagrams/{diagram['id']}/"
        assert visitor.http.put(path, json={"graph": {**diagram["graph"], "name": "b"}, "base_version": 1}).json()["version"] == 2
        assert visitor.http.put(path, json={"graph": diagram["graph"], "base_version": 1}).status_code == 409
        run = visitor.post("/api/runs/", {"diagram": diagram["id"]}).json()["id"]
        assert visitor.ended(run)["state"] == "finished"
        assert [frame["seq"] for frame in visitor.get(f"/api/runs/{run}/frames/").json()["frames"]] == list(range(61))
        report = visitor.get(f"/api/runs/{run}/report/").json()
        again = visitor.start({**diagram["graph"], "name": "b"})
        visitor.ended(again)
        assert without_wall_time(visitor.get(f"/api/runs/{again}/report/").json()) == without_wall_time(report)
    # A server that is started later finds everything.
    with serving(tmp_path, DATABASE_URL=database_url, REDIS_URL="", LOG_LEVEL="ERROR") as server:
        later = same_visitor(visitor, server)
        assert later.get(path).json()["version"] == 2
        assert later.get(f"/api/runs/{run}/report/").json() == report


def test_two_web_processes_show_one_run_to_viewers_on_both(two_servers: tuple[Server, Server]) -> None:
    first, second = two_servers
    visitor = Visitor(first.url)
    elsewhere = same_visitor(visitor, second)
    run = visitor.start(pipeline(duration_s=3600), speed=20)
    with visitor.socket(run) as here, elsewhere.socket(run) as there:
        mine, theirs = frames_until(here, 15), frames_until(there, 15)
        assert mine[:16] == theirs[:16]
        assert elsewhere.control(run, action="stop").status_code == 201
        for watching in (here, there):
            end = next(message for message in messages(watching) if message["type"] == "run" and message["run"]["state"] == "stopped")
            assert end["run"]["is_owner"] is True
    assert elsewhere.get(f"/api/runs/{run}/report/").json()["stopped"] is True
