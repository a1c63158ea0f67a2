"""Finds the service files and describes them as data. A service is found by being there: one file in ``services/``."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import Any

from pydantic import BaseModel

from simulator import __version__, services
from simulator.engine.node import Node
from simulator.vocabulary import Fault, Metric, NoParameters, Port, Preset, Price, Quota


class UnknownKind(KeyError):
    """No service has this kind; the message lists those there are."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    def __str__(self) -> str:
        return f"there is no service of kind '{self.kind}'; there are: {', '.join(sorted(kinds()))}"


@cache
def kinds() -> dict[str, type[Node]]:
    """All services by kind; raise `ValueError` if two files claim the same kind."""
    found: dict[str, type[Node]] = {}
    for module_info in sorted(pkgutil.iter_modules(services.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{services.__name__}.{module_info.name}")
        for _, service in inspect.getmembers(module, inspect.isclass):
            if service.__module__ != module.__name__ or not issubclass(service, Node) or "kind" not in vars(service):
                continue
            if service.kind in found:
                raise ValueError(f"{module.__file__} and {inspect.getfile(found[service.kind])} both define kind '{service.kind}'")
            found[service.kind] = service
    return found


def service(kind: str) -> type[Node]:
    """The service of this kind; raise `UnknownKind` if there is none."""
    try:
        return kinds()[kind]
    except KeyError:
        raise UnknownKind(kind) from None


def file_of(kind: str) -> str:
    """The path of the file that defines this kind, relative to the package's parent."""
    return "simulator/services/" + inspect.getfile(service(kind)).rsplit("/", 1)[-1]


def port(kind: str, name: str) -> Port | None:
    """The port of this name, if the service has one."""
    return next((port for port in service(kind).ports if port.name == name), None)


def wire_parameters(source: Port, target: Port) -> type[BaseModel]:
    """The parameters of a wire between these ports: the source port's if it declares any, else the target's."""
    return source.wire_parameters or target.wire_parameters or NoParameters


def describe(kind: str) -> dict[str, Any]:
    """A service as data: everything a browser, a form or a documentation page needs (docs/reference/contracts.md, section 2)."""
    found = service(kind)
    account = found.AccountParameters
    return {
        "kind": found.kind, "title": found.title, "short_title": found.short_title, "neutral_title": found.neutral_title,
        "group": found.group, "icon": found.icon, "summary": found.summary, "description": _description(found),
        "documentation_url": found.documentation_url, "version": found.version,
        "parameters": schema(found.Parameters),
        "account_parameters": schema(account) if account else None,
        "presets": [_preset(entry, found) for entry in found.presets],
        "ports": [_port(entry) for entry in found.ports],
        "quotas": [_quota(entry) for entry in found.quotas],
        "metrics": [_metric(entry) for entry in found.metrics],
        "overlay": _overlay(found),
        "causes": dict(found.wait_titles),
        "faults": [_fault(entry) for entry in found.faults],
        "prices": [_price(entry) for entry in found.prices],
        "fidelity": {name: list(getattr(found.fidelity, name)) for name in ("modelled", "approximated", "ignored")},
        "example": dict(found.example),
    }


def describe_all() -> dict[str, Any]:
    """All services, in the order of their groups."""
    return {"engine_version": __version__, "services": [describe(kind) for kind in sorted(kinds(), key=_order)]}


GROUPS = ("Traffic", "Application integration", "Analytics", "Compute", "Storage", "Database", "Networking", "End users")


def _order(kind: str) -> tuple[int, str]:
    group = service(kind).group
    return (GROUPS.index(group) if group in GROUPS else len(GROUPS), service(kind).title)


def _description(found: type[Node]) -> str:
    return inspect.getdoc(inspect.getmodule(found)) or ""


@cache
def schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a parameter set, with the keys that `simulator.vocabulary.parameter` adds."""
    made = model.model_json_schema()
    defaults = model.model_construct()
    for name, entry in made.get("properties", {}).items():
        if "default" not in entry and model.model_fields[name].default_factory is not None:
            value = getattr(defaults, name)
            entry["default"] = value.model_dump(mode="json") if isinstance(value, BaseModel) else _plain(value)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _preset(entry: Preset, found: type[Node]) -> dict[str, Any]:
    return {"name": entry.name, "title": entry.title, "summary": entry.summary, "icon": entry.icon or found.icon, "parameters": dict(entry.parameters)}


def _port(entry: Port) -> dict[str, Any]:
    return {
        "name": entry.name, "title": entry.title, "direction": str(entry.direction), "verb": str(entry.verb),
        "actions": sorted(entry.actions), "role": entry.role, "help": entry.help, "max_wires": entry.max_wires,
        "wire_title": entry.wire_title, "wire_parameters": schema(entry.wire_parameters) if entry.wire_parameters else None,
    }


def _quota(entry: Quota) -> dict[str, Any]:
    return {
        "name": entry.name, "title": entry.title, "value": entry.value, "unit": entry.unit, "scope": entry.scope,
        "adjustable": entry.adjustable, "note": entry.note, "source": entry.source.to_json(),
    }


def _metric(entry: Metric) -> dict[str, Any]:
    return {
        "name": entry.name, "title": entry.title, "unit": entry.unit, "type": entry.type, "help": entry.help,
        "source": entry.source.to_json() if entry.source else None, "primary": entry.primary, "chart": entry.chart,
    }


def _overlay(found: type[Node]) -> dict[str, Any]:
    overlay = found.overlay
    return {
        "bar": {"metric": overlay.bar, "limit": overlay.limit},
        "figures": [{"metric": figure.metric, "label": figure.label} for figure in overlay.figures],
    }


def _fault(entry: Fault) -> dict[str, Any]:
    return {"name": entry.name, "title": entry.title, "help": entry.help, "parameters": schema(entry.parameters)}


def _price(entry: Price) -> dict[str, Any]:
    return {"name": entry.name, "title": entry.title, "usd": entry.usd, "per": entry.per, "source": entry.source.to_json()}
