"""The OpenAPI schema says what the API does."""

from __future__ import annotations

from pathlib import Path

from django.core.management import call_command
from django.test import Client


def test_the_schema_is_valid_openapi(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    assert "/api/runs/{run_id}/frames/" in (tmp_path / "schema.yml").read_text()


def test_the_schema_and_the_catalog_are_served(client: Client) -> None:
    assert client.get("/api/schema/").status_code == 200
    catalog = client.get("/api/services/").json()
    assert {service["kind"] for service in catalog["services"]} >= {"traffic", "sns", "sqs", "lambda"}
    assert catalog["run"]["properties"]["duration_s"]
