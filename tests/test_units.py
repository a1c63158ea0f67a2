"""How values are printed for people."""

from __future__ import annotations

import pytest

from simulator.units import all_busy, format_share, format_usd, inside_sentence


@pytest.mark.parametrize(("usd", "text"), [(0, "$0"), (4e-7, "$0.0000004"), (0.0012, "$0.0012"), (0.05, "$0.05"), (0.1, "$0.10"), (0.42, "$0.42"), (1234, "$1,234")])
def test_amounts_are_never_printed_in_scientific_notation(usd: float, text: str) -> None:
    assert format_usd(usd) == text


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (1.6e-7, "<0.01 %"), (0.0013, "0.13 %"), (0.934, "93 %"), (1, "100 %")])
def test_shares_are_never_printed_in_scientific_notation(share: float, text: str) -> None:
    assert format_share(share) == text


def test_a_title_inside_a_sentence_keeps_names_and_abbreviations() -> None:
    assert [inside_sentence(title) for title in ("Maximum age reached", "SQS is full", "Execution ended with OrderCancelled", "")] == [
        "maximum age reached", "SQS is full", "execution ended with OrderCancelled", ""]
    assert inside_sentence("PutRecords throttled") == "PutRecords throttled"
    assert inside_sentence("Front page answers 503", ["Readers", "Front page"]) == "Front page answers 503"


def test_one_is_not_all() -> None:
    assert all_busy(3, "workers") == "All 3 workers are busy."
    assert all_busy(1, "workers") == "The only worker is busy."
