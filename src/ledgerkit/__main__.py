"""`python -m ledgerkit`: the command line."""

from __future__ import annotations

from ledgerkit.cli import main

if __name__ == "__main__":
    main()
