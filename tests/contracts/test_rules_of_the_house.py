"""Rules that no single test file owns: import directions, generated pages, and a front end that names no service."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import catalog

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for path in (ROOT / "static" / "src").rglob("*") if path.suffix in (".ts", ".tsx") and ".test." not in path.name)
MECHANICS = ROOT / "simulator" / "mechanics"


def test_imports_point_one_way() -> None:
    ran = subprocess.run([sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", ran.stdout)


@pytest.mark.parametrize("path", sorted(MECHANICS.glob("*.py")), ids=lambda path: path.stem)
def test_what_mechanics_share_imports_none_of_their_packages(path: Path) -> None:
    found = re.search(r"^\s*from (simulator\.mechanics\.\w+)\.", path.read_text(encoding="utf-8"), flags=re.M)
    assert not found, f"{path.stem} stands beside the packages and imports from {found.group(1) if found else ''}: move it into a package, or what it needs out of there"


@pytest.mark.parametrize("package", sorted(file.parent for file in MECHANICS.glob("*/__init__.py")), ids=lambda package: package.name)
def test_packages_of_mechanics_say_what_belongs_there(package: Path) -> None:
    assert ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))), f"{package.name} has no docstring"


def test_reference_pages_are_what_the_catalog_says(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(ROOT / "tools" / "make_docs.py"), str(tmp_path)], check=True, cwd=ROOT)
    kept = ROOT / "docs" / "reference" / "services"
    made = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    there = {file.name: file.read_text(encoding="utf-8") for file in kept.iterdir()}
    stale = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
    assert not stale, f"run `make docs` and commit what it changes: {', '.join(stale)}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "static" / "src")))
def test_the_front_end_names_no_service(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for kind in catalog.kinds():
        found = re.search(rf"""['"`]{re.escape(kind)}['"`]""", text)
        assert not found, f"the kind '{kind}' is named at character {found.start() if found else 0}"
    named = re.search(r"\b(SQS|SNS|Lambda|Kinesis|EventBridge|Step Functions|API Gateway|AppSync|MSK|DynamoDB|Fargate)\b", re.sub(r"//.*|/\*.*?\*/", "", text, flags=re.S))
    assert not named, f"'{named.group() if named else ''}' is named; the browser learns of services from /api/services/ only"


def test_the_front_end_has_sources() -> None:
    assert len(SOURCES) > 10
