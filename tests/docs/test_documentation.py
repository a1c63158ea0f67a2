"""The documentation is true where a machine can tell: commands print what it shows, links lead somewhere, every page is found."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import Resolver404, resolve
from pydantic import TypeAdapter

from simulator import catalog
from simulator.frames import Control, Frame, FrameShape
from simulator.run import Simulation, simulate
from simulator.scenario import Scenario
from tools.make_docs import DECISIONS, decisions
from tools.retake_outputs import ROOT, pages, retaken, with_commands

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.M | re.S)
INDEX = ROOT / "docs" / "README.md"
CONTRACTS = ROOT / "docs" / "reference" / "contracts.md"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its code."""
    return CODE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Where a page links to."""
    for found in LINK.finditer(prose(page)):
        yield found.group(1) or found.group(2)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub(lambda code: code.group() if code.group().count("\n") == 0 else "", page.read_text(encoding="utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", with_commands(), ids=name_of)
def test_commands_print_what_the_page_shows(document: Path) -> None:
    shown = document.read_text(encoding="utf-8")
    now = retaken(shown)
    difference = "\n".join(difflib.unified_diff(shown.splitlines(), now.splitlines(), "shown", "printed", lineterm="", n=1))
    assert shown == now, f"run `make docs` and look at what it changes:\n{difference}"


@pytest.mark.parametrize("document", [page for page in pages() if "```python\n" in page.read_text(encoding="utf-8")], ids=name_of)
def test_programs_that_a_page_shows_run(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for program in re.findall(r"^```python\n(.*?)^```$", document.read_text(encoding="utf-8"), re.M | re.S):
        exec(compile(program, str(document), "exec"), {"__name__": "shown"})  # noqa: S102 - our own documentation
    assert capsys.readouterr().out.strip()


def test_the_tutorial_and_the_guides_show_commands() -> None:
    names = {name_of(page) for page in with_commands()}
    assert {"README.md", "docs/tutorial/command-line.md", "docs/how-to/replay-a-trace.md", "docs/how-to/run-from-the-command-line.md"} <= names


@pytest.mark.parametrize("document", pages(), ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "http://127.0.0.1")), f"{link} is not a secure address"
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{name_of(document)} links to {link}, which is not there"
        if anchor:
            assert anchor in anchors(target), f"{name_of(document)} links to {link}, but {name_of(target)} has no such heading"


def test_every_page_is_found_from_the_index() -> None:
    found, look_at = {INDEX}, [INDEX]
    while look_at:
        page = look_at.pop()
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in links(page) if link.partition("#")[0].endswith(".md")}
        look_at += [target for target in targets - found if target.name == "README.md"]
        found |= targets
    lost = sorted(name_of(page) for page in pages() if page not in found and (ROOT / "docs") in page.parents)
    assert lost == [], f"no index links to {', '.join(lost)}"


@pytest.mark.parametrize("document", pages(), ids=name_of)
def test_make_targets_that_a_page_names_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for code in re.findall(r"^```sh\n(.*?)^```$|`(make [^`]+)`", document.read_text(encoding="utf-8"), re.M | re.S):
        for named in re.findall(r"\bmake ([a-z-]+)", code[0] or code[1]):
            assert named in targets, f"{name_of(document)} names `make {named}`"


@pytest.mark.parametrize("document", pages(), ids=name_of)
def test_files_that_a_page_names_exist(document: Path) -> None:
    roots = ("simulator", "designer", "config", "static", "tests", "tools", "docs", "benchmarks", "requirements")
    for named in re.findall(r"`((?:" + "|".join(roots) + r")/[\w./-]+\.(?:py|ts|tsx|md|json|lock))`", document.read_text(encoding="utf-8")):
        assert "KIND" in named or (ROOT / named).exists(), f"{name_of(document)} names {named}"


def test_decisions_have_numbers_of_their_own_and_are_listed() -> None:
    records = sorted(record for record in DECISIONS.glob("*.md") if record.name != "README.md")
    numbers = [int(record.name[:4]) for record in records]
    assert len(numbers) > 15
    assert len(numbers) == len(set(numbers)), "two records have the same number"
    for number, record in zip(numbers, records, strict=True):
        assert record.read_text(encoding="utf-8").startswith(f"# {number}. "), f"{record.name} begins with its number and title"
    assert (DECISIONS / "README.md").read_text(encoding="utf-8") == decisions(), "run `make docs`"


def test_settings_that_the_deployment_guide_names_are_read() -> None:
    settings = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings))
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8"), re.M))
    assert named - read == set(), "named, but nothing reads them"
    assert read - named == set(), "read, but the guide does not name them"


# -- the contracts --------------------------------------------------------------------------------------------------


def shown_in(section: str) -> dict[str, Any]:
    """The JSON that a section of the contracts shows."""
    text = CONTRACTS.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(section)}.*?^```json\n(.*?)^```$", text, re.M | re.S)
    assert found, f"no JSON in section {section}"
    shown: dict[str, Any] = json.loads(found.group(1))
    return shown


SCENARIO = {
    "version": 1, "name": "shape", "nodes": [
        {"id": "clicks", "kind": "traffic", "parameters": {"load": {"shape": "constant", "rate_per_s": 50}}}, {"id": "orders", "kind": "sqs", "parameters": {"message_retention_period_s": 60}},
        {"id": "worker", "kind": "lambda", "parameters": {"reserved_concurrency": 1, "duration": {"type": "constant", "value_s": 0.2}}}],
    "wires": [{"id": "w1", "from": {"node": "clicks", "port": "out"}, "to": {"node": "orders", "port": "in"}}, {"id": "w2", "from": {"node": "orders", "port": "out"}, "to": {"node": "worker", "port": "source"}}],
    "run": {"duration_s": 120, "seed": 1},
}
FREE = {"metrics", "limits", "waits", "losses", "nodes", "wires"}
"""Objects whose keys are names of the scenario: their values are compared, whatever the names."""


def shape(value: Any, name: str = "") -> Any:
    """The keys of a value, all the way down; names of a scenario become ``*``."""
    if isinstance(value, dict):
        if name in FREE:
            return {"*": together(shape(inner) for inner in value.values())}
        return {key: shape(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [together(shape(inner) for inner in value)]
    return None


def together(shapes: Iterable[Any]) -> Any:
    """One shape with the keys of all."""
    merged: dict[str, Any] = {}
    for one in shapes:
        if isinstance(one, dict):
            for key, inner in one.items():
                merged[key] = together([merged.get(key), inner]) if isinstance(inner, dict) else merged.get(key) or inner
    return merged or None


def missing(shown: Any, real: Any, place: str = "") -> Iterator[str]:
    """Where two shapes differ."""
    if isinstance(shown, dict) and isinstance(real, dict):
        yield from (f"{place}.{key} is shown, but is not there" for key in shown.keys() - real.keys())
        yield from (f"{place}.{key} is there, but is not shown" for key in real.keys() - shown.keys())
        for key in shown.keys() & real.keys():
            yield from missing(shown[key], real[key], f"{place}.{key}")
    elif isinstance(shown, list) and isinstance(real, list) and shown and real:
        yield from missing(shown[0], real[0], f"{place}[]")


def test_the_report_has_the_shape_that_the_contracts_show() -> None:
    real = json.loads(json.dumps(simulate(SCENARIO, [{"time_s": 5.0, "action": "load", "value": 1}]).to_json()))
    shown = shown_in("5. Report")
    assert shown["series"].keys() == real["series"].keys()
    del shown["series"], real["series"]
    section = CONTRACTS.read_text(encoding="utf-8").split("## 5. Report")[1].split("\n## ")[0]
    told_apart = {name for names in re.findall(r"[`\"]([\w.*]+)[`\"]", section) for name in names.split(".")}
    assert [found for found in missing(shape(shown), shape(real)) if found.split(" ")[0].rpartition(".")[2] not in told_apart or "is shown" in found] == []


def test_a_frame_has_the_shape_that_the_contracts_show() -> None:
    frames: list[Frame] = list(Simulation(SCENARIO).frames())
    real = json.loads(json.dumps(frames[20].to_json()))
    shown = shown_in("4. Frame")
    assert set(FrameShape.__annotations__) == set(shown)
    assert set(shown) - set(real) == {"faults", "pending", "first_seq", "first_time_s"}, "what only some frames have"
    compared = set(real) - {"log"}
    assert list(missing({key: value for key, value in shape(shown).items() if key in compared}, {key: value for key, value in shape(real).items() if key in compared})) == []


def test_a_description_has_the_keys_that_the_contracts_show() -> None:
    shown = shown_in("2. Service description")["services"][0]
    real = catalog.describe("sqs")
    assert shown.keys() == real.keys()
    for section in ("ports", "quotas", "metrics", "prices", "faults"):
        if shown[section] and real[section]:
            assert shown[section][0].keys() == real[section][0].keys(), section


def test_the_scenario_that_the_contracts_show_is_one() -> None:
    assert Scenario.from_json(shown_in("1. Scenario")).name == "orders"


def test_every_address_that_the_contracts_list_answers() -> None:
    text = CONTRACTS.read_text(encoding="utf-8")
    listed = {path for cell in re.findall(r"^\| (`(?:GET|POST|PUT|DELETE).*?) \|", text, re.M) for path in re.findall(r"(?:GET|POST|PUT|DELETE) (/api/[^\s`?]*)", cell)}
    assert len(listed) > 12
    for path in listed:
        concrete = path.replace("{id}", "00000000-0000-0000-0000-000000000000").replace("{n}", "1")
        try:
            resolve(concrete)
        except Resolver404:
            pytest.fail(f"the contracts list {path}, which no view answers")


def test_every_control_that_the_engine_takes_is_in_the_contracts() -> None:
    section = CONTRACTS.read_text(encoding="utf-8").split("## 6. Control")[1].split("## 7.")[0]
    actions = {action for variant in TypeAdapter(Control).json_schema()["$defs"].values() for action in (variant["properties"]["action"].get("enum") or [variant["properties"]["action"]["const"]])}
    assert {"pause", "load", "fault", "parameter"} <= actions
    assert {action for action in actions if f'"{action}"' not in section} == set()
