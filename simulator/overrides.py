"""Changes to a saved scenario from the command line: ``--set``, ``--seed``, ``--duration``, ``--trace``.

Everything works on the parsed JSON before it is validated, so that what is wrong with a new value is found by the same
checks, and said in the same words, as what is wrong with a value in the file.
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from simulator import catalog, traces
from simulator.frames import LASTING
from simulator.units import UnitError, parse_duration_s, parse_rate_per_s, parse_size_bytes

_READERS = (("_per_s", parse_rate_per_s), ("_s", parse_duration_s), ("_bytes", parse_size_bytes))
NO_SCRIPT = "none"
_SECTIONS = ("run", "account")


class OverrideError(ValueError):
    """A change that names nothing in the scenario, or cannot be read; the message says which and what there is."""


def apply_settings(saved: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """A copy of ``saved`` with each ``path=value`` set.

    A path is ``node.parameter``, ``wire.parameter``, ``run.setting`` or ``account.kind.setting``; further dots go into
    structured parameters (``clicks.load.rate_per_s=20``). A value is JSON, or a quantity in the unit its name ends in
    (``5m``, ``256 KiB``, ``300/min``), or else text. Raises `OverrideError`.
    """
    changed = copy.deepcopy(saved)
    for setting in settings:
        path, equals, text = setting.partition("=")
        names = path.strip().split(".")
        if not equals or len(names) < 2 or not all(names):
            raise OverrideError(f"--set {setting}: write it as node.parameter=value, for example orders.visibility_timeout_s=60")
        _put(_place(changed, names, setting), names[-1], _read(names[-1], text.strip()))
    return changed


def script_in(content: Any, name: str) -> list[dict[str, Any]]:
    """The script that a file holds: a list of controls, or what a report or a scenario says it did. Controls that only pace a run are left out."""
    lines = content if isinstance(content, list) else None
    if isinstance(content, dict):
        lines = next((content[key] for key in ("controls", "script") if isinstance(content.get(key), list)), None)
    if lines is None or not all(isinstance(line, dict) for line in lines):
        raise OverrideError(f"--script {name}: no list of controls in it; write [{{\"time_s\": 60, \"action\": \"load\", \"value\": 2}}], or name a report")
    return [{key: value for key, value in line.items() if key != "scripted"} for line in lines if line.get("action") in LASTING]


def apply_trace(saved: dict[str, Any], option: str) -> tuple[dict[str, Any], str]:
    """A copy of ``saved`` in which a traffic node replays a CSV file, and a sentence about it.

    ``option`` is ``node=FILE``, ``node=FILE:interval`` (counts in intervals, by default of 1 minute) or
    ``node=FILE:times`` (times of arrivals). Raises `OverrideError`, or `simulator.traces.TraceError`.
    """
    node_id, equals, file = option.partition("=")
    if not equals or not node_id or not file:
        raise OverrideError(f"--trace {option}: write it as node=FILE or node=FILE:interval, for example clicks=arrivals.csv:5m")
    changed = copy.deepcopy(saved)
    node = _entry(changed, "nodes", node_id)
    if node is None:
        raise OverrideError(f"--trace {option}: {_no_such(changed, node_id)}")
    if not _takes_load(node.get("kind")):
        raise OverrideError(f"--trace {option}: '{node_id}' is not a source of traffic; name a node of kind 'traffic'")
    path, kind, interval_s = _file_and_interval(file)
    try:
        trace = traces.parse_trace(_bytes_of(path), name=Path(path).name, kind=kind, interval_s=interval_s)
    except traces.TraceError as error:
        raise traces.TraceError(f"{Path(path).name}: {error}") from None
    parameters = node.setdefault("parameters", {})
    before = parameters.get("load")
    kept = {key: before[key] for key in ("scale", "after") if key in before} if isinstance(before, dict) and before.get("shape") == "trace" else {}
    parameters["load"] = {"shape": "trace", "trace": trace, **kept}
    return changed, f"{Path(path).name}: {traces.summary(trace)['text']}"


def _file_and_interval(file: str) -> tuple[str, traces.Kind, float]:
    path, colon, tail = file.rpartition(":")
    if not colon or Path(file).exists():
        return file, "counts", 60.0
    if tail == "times":
        return path, "times", 60.0
    try:
        return path, "counts", parse_duration_s(tail)
    except UnitError as error:
        raise OverrideError(f"--trace {file}: after the colon comes the interval, or 'times'; {error}") from None


def _bytes_of(path: str) -> bytes:
    """The file's content, but no more of it than a trace may have."""
    try:
        with open(path, "rb") as file:
            return file.read(traces.MAX_BYTES + 1)
    except OSError as error:
        raise OverrideError(f"Cannot read the trace '{path}': {error.strerror or error}") from None


def _takes_load(kind: Any) -> bool:
    return kind in catalog.kinds() and "load" in catalog.service(kind).Parameters.model_fields


# -- paths ----------------------------------------------------------------------------------------------------------


def _entry(saved: dict[str, Any], list_name: str, entry_id: str) -> dict[str, Any] | None:
    entries = saved.get(list_name)
    entries = entries if isinstance(entries, list) else []
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get("id") == entry_id), None)


def _ids(saved: dict[str, Any]) -> list[str]:
    entries = [*(saved.get("nodes") or []), *(saved.get("wires") or [])]
    return [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]


def _no_such(saved: dict[str, Any], name: str) -> str:
    known = _ids(saved)
    close = difflib.get_close_matches(name, known, n=1)
    there = f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(known) or 'none'}"
    return f"no node or wire has the id '{name}'; {there}"


def _place(changed: dict[str, Any], names: list[str], setting: str) -> Any:
    """The object or list in which the last of ``names`` is to be set."""
    first, inner = names[0], names[1:-1]
    node = _entry(changed, "nodes", first)
    owner = node or _entry(changed, "wires", first)
    if owner is not None:
        container: Any = owner.setdefault("parameters", {})
        if inner and inner[0] not in container and node is not None:
            container[inner[0]] = _default(node.get("kind"), inner[0])
    elif first in _SECTIONS:
        container = changed.setdefault(first, {})
    else:
        raise OverrideError(f"--set {setting}: {_no_such(changed, first)}")
    for name in inner:
        container = _step(container, name, setting)
    if not isinstance(container, (dict, list)):
        raise OverrideError(f"--set {setting}: '{'.'.join(names[:-1])}' is a plain value and has no parts")
    if isinstance(container, list):
        _index(container, names[-1], setting)
    return container


def _step(container: Any, name: str, setting: str) -> Any:
    if isinstance(container, list):
        return container[_index(container, name, setting)]
    if not isinstance(container, dict):
        raise OverrideError(f"--set {setting}: there is nothing inside which '{name}' could be set")
    if container.get(name) is None:
        container[name] = {}
    return container[name]


def _index(entries: list[Any], name: str, setting: str) -> int:
    if not name.isdigit() or int(name) >= len(entries):
        raise OverrideError(f"--set {setting}: '{name}' must be a place in a list of {len(entries)}, counted from 0")
    return int(name)


def _put(container: Any, name: str, value: Any) -> None:
    container[int(name) if isinstance(container, list) else name] = value


def _default(kind: Any, name: str) -> Any:
    """The default of a structured parameter as JSON, so that one part of it can be changed."""
    if kind not in catalog.kinds():
        return {}
    field = catalog.service(kind).Parameters.model_fields.get(name)
    value = None if field is None else field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [entry.model_dump(mode="json") if isinstance(entry, BaseModel) else entry for entry in value]
    return {} if value is None else value


def _read(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    for ending, reader in _READERS:
        if name.endswith(ending):
            try:
                return reader(text)
            except UnitError as error:
                raise OverrideError(f"{name}: {error}") from None
    return text
