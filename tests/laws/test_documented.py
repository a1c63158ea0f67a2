"""Figures that AWS documents, each reproduced by a run."""

from __future__ import annotations

import pytest

from tests.laws.documented import DOCUMENTED


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_run_gives_the_documented_figures(name: str) -> None:
    documented = DOCUMENTED[name]
    assert dict(documented.measure()) == pytest.approx(dict(documented.expected), rel=documented.within)
