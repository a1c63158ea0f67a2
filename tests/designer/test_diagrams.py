"""Diagrams over the API: versions, conflicts, permissions, limits, and what is refused and how."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from simulator.findings import check
from tests.drawing import drawing, rate

pytestmark = pytest.mark.django_db


def graph(**parameters: Any) -> dict[str, Any]:
    return {**drawing({"jobs": ("traffic", {"load": rate(5)}), "queue": ("sqs", parameters)}, {"jobs.out -> queue.in": {}}, duration_s=10), "name": "orders"}


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    return getattr(client, method)(path, body, content_type="application/json") if body is not None else getattr(client, method)(path)


def create(client: Client, **parameters: Any) -> dict[str, Any]:
    answer = send(client, "post", "/api/diagrams/", {"graph": graph(**parameters)})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "findings"}
    assert error["message"]
    return error


def test_a_diagram_is_stored_as_drawn_and_listed(client: Client) -> None:
    made = create(client, delay_s=3)
    assert (made["version"], made["name"], made["latest_run"]) == (1, "orders", None)
    read = client.get(f"/api/diagrams/{made['id']}/").json()
    assert read["graph"]["nodes"][1] == {"id": "queue", "kind": "sqs", "name": "", "parameters": {"delay_s": 3}, "version": 1}
    assert [finding["code"] for finding in read["findings"]] == ["no-consumer"]
    listed = client.get("/api/diagrams/").json()
    assert [(entry["id"], entry["node_kinds"]) for entry in listed] == [(made["id"], ["traffic", "sqs"])]


def test_findings_are_remembered_while_only_the_view_changes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    monkeypatch.setattr("simulator.web.checking.check", lambda scenario: [checked.append(scenario), check(scenario)][1])
    made = create(client, delay_s=7)
    path = f"/api/diagrams/{made['id']}/"
    moved = send(client, "put", path, {"graph": {**graph(delay_s=7), "view": {"positions": {"queue": [40, 40]}}}, "base_version": 1}).json()
    assert (moved["version"], moved["findings"], len(checked)) == (2, made["findings"], 1)
    named = graph(delay_s=7)
    named["nodes"][1]["name"] = "waiting line"
    found = send(client, "post", "/api/findings/", {"graph": named}).json()
    renamed = send(client, "put", path, {"graph": named, "base_version": 2}).json()
    assert (renamed["findings"], len(checked)) == (found["findings"], 2), "the page asks for findings before it saves"
    assert "waiting line" in renamed["findings"][0]["message"]
    grouped = {**named, "view": {"groups": [{"id": "g", "title": "Zone", "kind": "zone", "members": ["queue"]}]}}
    send(client, "put", path, {"graph": grouped, "base_version": 3})
    assert len(checked) == 3


def test_versions_are_immutable_and_an_old_base_is_a_conflict(client: Client) -> None:
    made = create(client)
    path = f"/api/diagrams/{made['id']}/"
    second = send(client, "put", path, {"graph": graph(delay_s=1), "base_version": 1}).json()
    assert second["version"] == 2
    conflict = send(client, "put", path, {"graph": graph(delay_s=2), "base_version": 1})
    assert refused(conflict, 409)["code"] == "version-conflict"
    assert conflict.json()["current"]["version"] == 2
    assert send(client, "put", path, {"graph": graph(delay_s=2), "base_version": 2}).json()["version"] == 3
    assert [entry["number"] for entry in client.get(f"{path}versions/").json()] == [3, 2, 1]
    assert [client.get(f"{path}versions/{number}/").json()["graph"]["nodes"][1]["parameters"] for number in (1, 2, 3)] == [{}, {"delay_s": 1}, {"delay_s": 2}]
    refused(client.get(f"{path}versions/4/"), 404)


def test_a_change_that_arrived_before_is_no_conflict(client: Client) -> None:
    path = f"/api/diagrams/{create(client)['id']}/"
    mine = {"graph": graph(delay_s=1), "base_version": 1}
    assert [send(client, "put", path, mine).json()["version"] for _ in range(2)] == [2, 2]
    theirs = send(client, "put", path, {"graph": graph(delay_s=2), "base_version": 2}).json()
    again = send(client, "put", path, mine).json()
    assert (again["version"], again["graph"]) == (3, theirs["graph"])
    assert send(client, "put", path, {"graph": graph(delay_s=2), "base_version": 1}).json()["version"] == 3
    refused(send(client, "put", path, {"graph": graph(delay_s=3), "base_version": 1}), 409)
    assert [version["number"] for version in client.get(f"{path}versions/").json()] == [3, 2, 1]


def test_saving_the_same_again_makes_no_version(client: Client) -> None:
    made = create(client)
    assert send(client, "put", f"/api/diagrams/{made['id']}/", {"graph": graph(), "base_version": 1}).json()["version"] == 1


def test_duplicate_and_delete(client: Client) -> None:
    made = create(client)
    copy = send(client, "post", f"/api/diagrams/{made['id']}/duplicate/").json()
    assert copy["name"] == "orders (copy)"
    assert copy["graph"]["nodes"] == made["graph"]["nodes"]
    assert client.delete(f"/api/diagrams/{made['id']}/").status_code == 204
    refused(client.get(f"/api/diagrams/{made['id']}/"), 404)
    assert [entry["id"] for entry in client.get("/api/diagrams/").json()] == [copy["id"]]


def test_every_example_becomes_a_diagram_that_can_run(client: Client) -> None:
    examples = client.get("/api/examples/").json()
    assert len(examples) >= 4
    for example in examples:
        made = send(client, "post", "/api/diagrams/", {"example": example["slug"]}).json()
        assert [finding for finding in made["findings"] if finding["severity"] == "error"] == []
    refused(send(client, "post", "/api/diagrams/", {"example": "nothing"}), 404)


def test_nobody_reads_or_changes_what_is_not_theirs(client: Client, django_user_model: Any) -> None:
    made = create(client)
    stranger, user = Client(), Client()
    user.force_login(django_user_model.objects.create_user("ada"))
    for other in (stranger, user):
        path = f"/api/diagrams/{made['id']}/"
        for answer in (other.get(path), other.get(f"{path}versions/"), other.get(f"{path}versions/1/"), other.delete(path),
                       send(other, "put", path, {"graph": graph(), "base_version": 1}), send(other, "post", f"{path}duplicate/"), send(other, "post", "/api/runs/", {"diagram": made["id"]})):
            assert refused(answer, 404)["code"] == "not-found"
        assert other.get("/api/diagrams/").json() == []
    assert client.get(f"/api/diagrams/{made['id']}/").json()["version"] == 1


def test_what_a_user_draws_is_theirs_in_every_session(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("ada")
    first, second = Client(), Client()
    first.force_login(user)
    second.force_login(user)
    assert second.get(f"/api/diagrams/{create(first)['id']}/").status_code == 200


def test_guests_are_protected_from_forged_requests() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert refused(send(strict, "post", "/api/diagrams/", {"graph": graph()}), 403)
    strict.get("/")
    token = strict.cookies["csrftoken"].value
    assert strict.post("/api/diagrams/", {"graph": graph()}, content_type="application/json", headers={"X-CSRFToken": token}).status_code == 201


BAD_GRAPHS = {
    "unknown kind": ({"nodes": [{"id": "a", "kind": "carrier_pigeon"}]}, "carrier_pigeon"),
    "unknown parameter": ({"nodes": [{"id": "a", "kind": "sqs", "parameters": {"colour": "red"}}]}, "colour"),
    "out of bounds": ({"nodes": [{"id": "a", "kind": "sqs", "parameters": {"visibility_timeout_s": 1e9}}]}, "isibility"),
    "wrong type": ({"nodes": [{"id": "a", "kind": "sqs", "parameters": {"delay_s": "soon"}}]}, "elay"),
    "missing port": ({"nodes": [{"id": "a", "kind": "sqs"}, {"id": "b", "kind": "sqs"}], "wires": [{"id": "w", "from": {"node": "a", "port": "nowhere"}, "to": {"node": "b", "port": "in"}}]}, "nowhere"),
    "missing node": ({"nodes": [{"id": "a", "kind": "sqs"}], "wires": [{"id": "w", "from": {"node": "a", "port": "dlq"}, "to": {"node": "ghost", "port": "in"}}]}, "ghost"),
    "cycle without delay": ({
        "nodes": [{"id": "a", "kind": "sns", "name": "round"}],
        "wires": [{"id": "w", "from": {"node": "a", "port": "out"}, "to": {"node": "a", "port": "in"}, "parameters": {"delivery_latency": {"type": "constant", "value_s": 0}}}],
    }, "round"),
}


@pytest.mark.parametrize("case", BAD_GRAPHS)
def test_a_graph_with_a_mistake_is_kept_found_and_not_run(client: Client, case: str) -> None:
    bad, word = BAD_GRAPHS[case]
    whole = {"version": 1, "wires": [], **bad}
    errors = [finding for finding in send(client, "post", "/api/findings/", {"graph": whole}).json()["findings"] if finding["severity"] == "error"]
    assert any(word in finding["message"] for finding in errors), errors
    kept = send(client, "post", "/api/diagrams/", {"graph": whole})
    assert kept.status_code == 201, "a drawing with mistakes is not lost"
    assert [node["kind"] for node in kept.json()["graph"]["nodes"]] == [node["kind"] for node in whole["nodes"]]
    error = refused(send(client, "post", "/api/runs/", {"diagram": kept.json()["id"]}), 422)
    assert error["code"] == "invalid-scenario"
    assert any(word in finding["message"] for finding in error["findings"])


@pytest.mark.parametrize(("body", "status"), [("{", 400), ("[]", 400), ("{}", 400), ('{"graph": 5}', 422), ('{"graph": {"version": 99, "nodes": []}}', 422), ('{"graph": {"version": 1, "nodes": "none"}}', 422)])
def test_what_is_no_graph_is_refused(client: Client, body: str, status: int) -> None:
    refused(client.post("/api/diagrams/", body, content_type="application/json"), status)


def test_limits_are_settings_and_say_their_number(client: Client, settings: Any) -> None:
    settings.MAX_NODES = 1
    assert "1" in refused(send(client, "post", "/api/diagrams/", {"graph": graph()}), 413)["message"]
    settings.MAX_NODES, settings.MAX_GRAPH_BYTES = 100, 50
    assert refused(send(client, "post", "/api/diagrams/", {"graph": graph()}), 413)["code"] == "too-large"
    settings.MAX_GRAPH_BYTES, settings.MAX_DIAGRAMS_PER_OWNER = 10_000, 1
    create(client)
    assert refused(send(client, "post", "/api/diagrams/", {"graph": graph()}), 429)["code"] == "too-many-diagrams"


def upload(client: Client, content: bytes, **fields: Any) -> Any:
    return client.post("/api/traces/", {"file": SimpleUploadedFile("trace.csv", content), **fields})


def test_a_trace_is_read(client: Client) -> None:
    answer = upload(client, b"time,requests\n0,10\n60,20\n", interval_s="60").json()
    assert answer["trace"]["counts"] == [10, 20]
    assert answer["summary"]["messages"] == 30


@pytest.mark.parametrize(("content", "word"), [(b"5\nmany\n", "many"), (b"5\n-3\n", "-3"), (b"", "empty"), (b"\xff\xfe\x00", "")])
def test_a_trace_with_a_mistake_is_refused_with_its_line(client: Client, content: bytes, word: str) -> None:
    message = refused(upload(client, content), 400)["message"]
    assert "trace.csv" in message
    assert word in message


def test_a_trace_of_ten_megabytes_is_refused(client: Client) -> None:
    error = refused(upload(client, b"5\n" * 5_000_000), 413)
    assert error["code"] == "too-large"
    assert "5 MB" in error["message"]


def test_a_diagram_of_ten_megabytes_is_refused_and_what_was_saved_stays(client: Client) -> None:
    made = create(client, delay_s=3)
    path = f"/api/diagrams/{made['id']}/"
    large = {**graph(), "description": "x" * 10_000_000}
    assert refused(send(client, "put", path, {"graph": large, "base_version": 1}), 413)["code"] == "too-large"
    refused(client.put(path, "{", content_type="application/json"), 400)
    refused(send(client, "put", path, {"graph": {"version": 1, "nodes": "none"}, "base_version": 1}), 422)
    kept = client.get(path).json()
    assert (kept["version"], kept["graph"]) == (1, made["graph"])


def test_pages_and_unknown_addresses_answer(client: Client) -> None:
    assert client.get("/").status_code == 200
    made = create(client)
    assert client.get(f"/diagrams/{made['id']}/").status_code == 200
    assert client.get("/nowhere/").status_code == 404
    assert refused(client.get("/api/nowhere/"), 404)["code"] == "not-found"
    assert client.get("/api/docs/").status_code == 200


def test_a_deleted_diagram_is_in_the_trash_until_it_is_restored_or_erased(client: Client) -> None:
    made = create(client)
    path = f"/api/diagrams/{made['id']}/"
    assert client.delete(path).status_code == 204
    refused(client.get(path), 404)
    assert client.get("/api/diagrams/").json() == []
    trashed = client.get("/api/diagrams/?trash=1").json()
    assert [entry["id"] for entry in trashed] == [made["id"]]
    assert trashed[0]["trashed_at"]
    assert send(client, "post", f"{path}restore/").json()["graph"] == made["graph"]
    assert client.get(path).status_code == 200
    refused(send(client, "post", f"{path}restore/"), 404)
    refused(client.delete(f"{path}?forever=1"), 404)
    client.delete(path)
    refused(Client().post(f"{path}restore/"), 404)
    assert client.delete(f"{path}?forever=1").status_code == 204
    refused(send(client, "post", f"{path}restore/"), 404)
    assert client.get("/api/diagrams/?trash=1").json() == []


def test_of_a_full_trash_the_oldest_goes(client: Client, settings: Any) -> None:
    settings.MAX_TRASHED_DIAGRAMS_PER_OWNER = 2
    made = [create(client)["id"] for _ in range(3)]
    for diagram in made:
        client.delete(f"/api/diagrams/{diagram}/")
    assert sorted(entry["id"] for entry in client.get("/api/diagrams/?trash=1").json()) == sorted(made[1:])


def test_restoring_keeps_to_the_limit_of_diagrams(client: Client, settings: Any) -> None:
    first = create(client)["id"]
    client.delete(f"/api/diagrams/{first}/")
    create(client)
    settings.MAX_DIAGRAMS_PER_OWNER = 1
    assert refused(send(client, "post", f"/api/diagrams/{first}/restore/"), 429)["code"] == "too-many-diagrams"


def test_a_version_is_named_and_kept(client: Client, settings: Any) -> None:
    settings.MAX_VERSIONS_PER_DIAGRAM, settings.MAX_NAMED_VERSIONS_PER_DIAGRAM = 2, 1
    made = create(client)
    path = f"/api/diagrams/{made['id']}/"
    assert send(client, "patch", f"{path}versions/1/", {"name": "Before the sale"}).json()["name"] == "Before the sale"
    for number in (1, 2, 3):
        send(client, "put", path, {"graph": graph(delay_s=number), "base_version": number})
    assert [(entry["number"], entry["name"]) for entry in client.get(f"{path}versions/").json()] == [(4, ""), (3, ""), (1, "Before the sale")]
    assert refused(send(client, "patch", f"{path}versions/3/", {"name": "another"}), 429)["code"] == "too-many-names"
    assert send(client, "patch", f"{path}versions/1/", {"name": ""}).json()["name"] == ""
    refused(send(client, "patch", f"{path}versions/9/", {"name": "x"}), 404)
    for wrong in (None, 3, "x" * 201):
        refused(send(client, "patch", f"{path}versions/1/", {"name": wrong}), 400)
