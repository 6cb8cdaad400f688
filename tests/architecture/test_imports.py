"""Who may import whom: the contracts in pyproject.toml hold, and each of them can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = """
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(limit_to_contracts=tuple(sys.argv[1:]), no_cache=True, no_logo=True))
"""


def lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Check the contracts of *folder*/pyproject.toml, all unless some are named."""
    return subprocess.run(
        [sys.executable, "-c", LINT, *contracts],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def tiny(folder: Path, files: dict[str, str]) -> Path:
    """Write a package with the project's contracts and the fewest modules they ask for."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, text in {"__init__.py": "", "domain/errors.py": "", **files}.items():
        path = folder / "ledgerkit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        (path.parent / "__init__.py").touch()
    return folder


def test_contracts_are_kept() -> None:
    """Every contract of the project is kept."""
    result = lint(ROOT)

    assert 0 == result.returncode, result.stdout + result.stderr


def test_smallest_package_keeps_the_contracts(tmp_path: Path) -> None:
    """What breaks below is what was added there, not the tiny package itself."""
    result = lint(tiny(tmp_path, {}))

    assert 0 == result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "files", "named"),
    [
        (
            "hexagon",
            {"jobs.py": "import ledgerkit.adapters", "adapters/memory.py": ""},
            "ledgerkit.jobs -> ledgerkit.adapters",
        ),
        ("hexagon", {"stray.py": ""}, "stray"),
        (
            "adapters",
            {"adapters/sql.py": "import ledgerkit.adapters.memory", "adapters/memory.py": ""},
            "ledgerkit.adapters.sql -> ledgerkit.adapters.memory",
        ),
        (
            "reading-order",
            {"domain/money.py": "import ledgerkit.domain.invoices", "domain/invoices.py": ""},
            "ledgerkit.domain.money -> ledgerkit.domain.invoices",
        ),
        (
            "reading-order",
            {"domain/parties.py": "import ledgerkit.domain.catalog", "domain/catalog.py": ""},
            "ledgerkit.domain.parties -> ledgerkit.domain.catalog",
        ),
        ("reading-order", {"domain/stray.py": ""}, "stray"),
        (
            "pure-domain",
            {"domain/money.py": "def f():\n    import json"},
            "ledgerkit.domain.money -> json",
        ),
        (
            "no-circles",
            {"ports/a.py": "import ledgerkit.ports.b", "ports/b.py": "import ledgerkit.ports.a"},
            "ledgerkit.ports",
        ),
    ],
)
def test_contract_fails_when_broken(
    tmp_path: Path, contract: str, files: dict[str, str], named: str
) -> None:
    """A package that breaks a contract is refused, and the import or module is named."""
    result = lint(tiny(tmp_path, files), contract)

    assert 1 == result.returncode, result.stdout + result.stderr
    assert named in result.stdout
