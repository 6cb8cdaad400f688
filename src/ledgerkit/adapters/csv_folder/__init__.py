"""CSV folder: a month of a tutoring business, read from a folder of CSV files.

`read_folder` gives the facts for a billing run and every problem of every row. A row with a
problem is never dropped in silence: the caller refuses the folder, or goes on without the rows
that have one. `read_legacy` reads what the system in use charged, for shadow mode. The format is
docs/reference/csv-folder.md.
"""

from __future__ import annotations

from ledgerkit.adapters.csv_folder.legacy import LegacyRead, read_legacy
from ledgerkit.adapters.csv_folder.month import (
    FolderNotFound,
    FolderRead,
    read_folder,
)
from ledgerkit.adapters.csv_folder.tables import RowProblem

__all__ = [
    "FolderNotFound",
    "FolderRead",
    "LegacyRead",
    "RowProblem",
    "read_folder",
    "read_legacy",
]
