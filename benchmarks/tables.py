"""Tables of figures, for a terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markdown import Markdown


@dataclass(frozen=True)
class Table:
    """Figures in rows under a heading each; ``note`` says what was measured and what is wanted."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """The table as Markdown: the first column is text, the others are figures."""
        lines = [f"### {self.title}", "", _line(self.headings), "|---|" + "--:|" * (len(self.headings) - 1), *map(_line, self.rows)]
        return "\n".join([*lines, "", self.note, ""] if self.note else [*lines, ""])

    def show(self) -> None:
        """Print the table."""
        Console().print(Markdown(self.markdown()))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
