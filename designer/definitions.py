"""Texts in a language of AWS, checked while they are written: what is wrong with them, and what they describe, as a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulator.languages.asl import definition


def _states_language(text: str) -> dict[str, Any]:
    read, problems = definition.checked(text)
    graph = definition.graph_of(read.value if read is not None else None)
    return {"problems": [problem.to_json() for problem in problems], "graph": graph}


LANGUAGES: Mapping[str, Callable[[str], dict[str, Any]]] = {"states-language": _states_language}
"""Languages by the name that parameters give them (docs/reference/contracts.md, section 2)."""
