"""``python -m benchmarks.activemq [--write]``: ask a real ActiveMQ and the simulated one the same questions.

It needs ActiveMQ Classic as Debian packages it, and Java; without them it says so and does nothing. The broker listens on the loopback
interface only, and is gone after about two minutes. ``--write`` puts the answers and the picture into the documentation.
"""

from __future__ import annotations

import argparse
import datetime
import re
from pathlib import Path

from benchmarks.activemq import experiments
from benchmarks.activemq.broker import Settings, running, why_not
from benchmarks.activemq.experiments import Comparison, Curve
from benchmarks.activemq.picture import svg

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "measured-against-activemq.md"
PICTURE = ROOT / "docs" / "images" / "activemq-overload.svg"


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.activemq", description="Compare the simulated message broker with a real ActiveMQ.")
    parser.add_argument("--write", action="store_true", help=f"put the answers into {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    reason = why_not()
    if reason:
        print(f"Skipped: {reason}.")
        return
    answers: list[Comparison] = []
    with running(Settings()) as broker:
        version = broker.version
        answers.extend(experiments.prefetch(broker))
        answers.extend(experiments.redelivery(broker))
    answers.extend(experiments.blocking())
    with running(Settings()) as broker:
        curve = experiments.overload(broker)
    text = table(answers, curve)
    print(text)
    if options.write:
        write(text, curve, version)


def table(answers: list[Comparison], curve: Curve) -> str:
    """All answers as a Markdown table, and the difference of the curves in a sentence."""
    rows = ["| Question | ActiveMQ | Simulated | Difference |", "|---|--:|--:|--:|"]
    for answer in answers:
        off = "0" if answer.real == answer.simulated else f"{(answer.simulated - answer.real) / answer.real:+.1%}" if answer.real else f"{answer.simulated:+g}"
        rows.append(f"| {answer.question} | {answer.real:,.10g} {answer.unit} | {answer.simulated:,.10g} {answer.unit} | {off} |")
    mean, greatest = curve.difference()
    most = max(level for _, level in curve.real)
    rows.append("")
    rows.append(f"Queue size in overload and drain: the curves differ by {mean:.1f} messages on average and {greatest:.1f} at most, of {most:,.0f} at the peak ({mean / most:.1%} and {greatest / most:.1%}).")
    return "\n".join(rows)


def write(text: str, curve: Curve, version: str) -> None:
    """Replace what the page shows."""
    PICTURE.write_text(svg(curve, "Queue size: 200 a second for 12 s, then drain"))
    measured = f"Measured on {datetime.datetime.now(tz=datetime.UTC):%d %B %Y} with `python -m benchmarks.activemq`: ActiveMQ Classic {version} of Debian, loopback, STOMP clients and a JMS client."
    section = f"<!-- begin measured -->\n{text}\n\n{measured}\n<!-- end measured -->"
    PAGE.write_text(re.sub(r"<!-- begin measured -->.*?<!-- end measured -->", lambda _: section, PAGE.read_text(), flags=re.S))


if __name__ == "__main__":
    main()
