"""Finds the service files and describes them as data. A service is found by being there: one file in ``services/``."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from simulator import __version__, services
from simulator.engine.node import Node
from simulator.mechanics.distribution_figure import distribution_figure
from simulator.vocabulary import FAULT_SORTS, Fault, Metric, NoParameters, Picture, Port, Preset, Price, Quota
from simulator.wire_faults import GROUP_FAULTS, GROUPS_THAT_FAIL, INBOUND_FAULTS, WIRE_FAULTS, has_callers


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


def ports_of(kind: str, parameters: Mapping[str, Any]) -> Sequence[Port]:
    """The ports of a node with these parameters, as a diagram holds them; those of every node of the kind if they are not valid."""
    return following_ports(kind, parameters)[0]


def following_ports(kind: str, parameters: Mapping[str, Any]) -> tuple[Sequence[Port], bool]:
    """`ports_of`, and whether the parameters from which they follow are valid."""
    found = service(kind)
    if not found.ports_follow:
        return found.ports, True
    given = {name: parameters[name] for name in found.ports_follow if name in parameters}
    try:
        return found.ports_for(found.Parameters.model_validate(given)), True
    except ValidationError:
        return found.ports, False


def port(kind: str, name: str, parameters: Mapping[str, Any] | None = None) -> Port | None:
    """The port of this name, if a node of the kind with these parameters has one."""
    return next((port for port in ports_of(kind, parameters or {}) if port.name == name), None)


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
        "ports": [port_json(entry) for entry in found.ports],
        "ports_follow": list(found.ports_follow),
        "quotas": [_quota(entry) for entry in found.quotas],
        "metrics": [_metric(entry) for entry in found.metrics],
        "overlay": _overlay(found),
        "parts": _parts(found),
        "causes": dict(found.wait_titles),
        "faults": [_fault(entry) for entry in faults_of(found)],
        "prices": [_price(entry) for entry in found.prices],
        "fidelity": {name: list(getattr(found.fidelity, name)) for name in ("modelled", "approximated", "ignored")},
        "example": dict(found.example),
    }


def describe_distribution(values: Any) -> dict[str, Any]:
    """What a distribution of durations, as a diagram holds it, looks like (docs/reference/contracts.md, section 7); raise `ValueError` with all its faults if it is none."""
    try:
        return distribution_figure(values)
    except ValidationError as error:
        raise ValueError("; ".join(_distribution_fault(fault) for fault in error.errors())) from None


def _distribution_fault(fault: Any) -> str:
    names = [str(part) for part in fault["loc"][1:]]
    text = fault["msg"].removeprefix("Value error, ")
    return f"{'.'.join(names)}: {text}" if names else str(text)


def describe_all() -> dict[str, Any]:
    """All services, in the order of their groups."""
    return {
        "engine_version": __version__, "services": [describe(kind) for kind in sorted(kinds(), key=_order)],
        "faults": {
            "sorts": [{"name": name, "title": title} for name, title in FAULT_SORTS.items()],
            "wire": [_fault(entry) for entry in WIRE_FAULTS], "group": [_fault(entry) for entry in GROUP_FAULTS],
            "group_kinds": list(GROUPS_THAT_FAIL),
        },
    }


def faults_of(found: type[Node]) -> Sequence[Fault]:
    """Every fault of a service: its own, and those of all that are sent to or called."""
    own = {fault.name for fault in found.faults}
    return (*found.faults, *(fault for fault in INBOUND_FAULTS if fault.name not in own and has_callers(found)))


def when_lost(found: type[Node]) -> Sequence[tuple[str, BaseModel]]:
    """The faults that together are the loss of a node of this kind, each with its parameters."""
    named = {fault.name: fault for fault in found.faults}
    if found.when_lost:
        return [(name, named[name].parameters.model_validate(values)) for name, values in found.when_lost.items()]
    stops = next((fault for fault in found.faults if fault.sort == "stops"), None)
    return [(stops.name, stops.parameters())] if stops is not None else []


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


def port_json(entry: Port) -> dict[str, Any]:
    """A port as data."""
    return {
        "name": entry.name, "title": entry.title, "direction": str(entry.direction), "verb": str(entry.verb),
        "actions": sorted(entry.actions), "role": entry.role, "help": entry.help, "max_wires": entry.max_wires, "cuttable": entry.cuttable,
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
        "source": entry.source.to_json() if entry.source else None, "primary": entry.primary, "chart": entry.chart, "limit": entry.limit or None,
    }


def _parts(found: type[Node]) -> dict[str, Any] | None:
    if not found.part_figures:
        return None
    return {"title": found.parts_title, "figures": [{"name": entry.name, "title": entry.title, "unit": entry.unit, "type": entry.type} for entry in found.part_figures]}


def _overlay(found: type[Node]) -> dict[str, Any]:
    overlay = found.overlay
    return {
        "bar": {"metric": overlay.bar, "limit": overlay.limit},
        "figures": [{"metric": figure.metric, "label": figure.label, "of": figure.of or None, "quiet": figure.quiet} for figure in overlay.figures],
        "picture": _picture(overlay.picture),
    }


def _picture(picture: Picture | None) -> dict[str, Any] | None:
    if picture is None:
        return None
    return {"shape": picture.shape, "fills": [{"name": fill.name, "ink": fill.ink} for fill in picture.fills], "limit": picture.limit, "among": picture.among}


def _fault(entry: Fault) -> dict[str, Any]:
    return {"name": entry.name, "title": entry.title, "help": entry.help, "sort": entry.sort, "instant": entry.instant, "of_callers": entry in INBOUND_FAULTS, "parameters": schema(entry.parameters)}


def _price(entry: Price) -> dict[str, Any]:
    free = entry.free
    return {
        "name": entry.name, "title": entry.title, "usd": entry.usd, "per": entry.per, "source": entry.source.to_json(),
        "free": {"quantity": free.quantity, "pool": free.pool, "source": free.source.to_json()} if free is not None else None,
        "tiers": [{"above": tier.above, "usd": tier.usd, "source": tier.source.to_json()} for tier in entry.tiers],
    }
