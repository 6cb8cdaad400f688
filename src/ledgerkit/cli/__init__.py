"""Command line: bill a month from a folder of CSV files, preview it, verify the books.

It wires adapters to jobs and prints what they report; it decides nothing. Needs
`pip install 'ledgerkit[cli,sql,pdf]'`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line and exit: 0 done, 1 refused or broken books, 2 misused."""
    missing = [name for name in ("cyclopts", "rich", "sqlalchemy") if find_spec(name) is None]
    if missing:
        print(
            f"ledgerkit's command line needs {', '.join(missing)}: "
            "pip install 'ledgerkit[cli,sql,pdf]'",
            file=sys.stderr,
        )
        sys.exit(2)
    from ledgerkit.cli.commands import app

    app()
