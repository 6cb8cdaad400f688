from __future__ import annotations

import csv
import io
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import make_tutoring_month
from ledgerkit.adapters.csv_folder import (
    FolderNotFound,
    FolderRead,
    OpeningBalance,
    OpenInvoice,
    RowProblem,
    layouts,
    read_folder,
    tables,
)
from ledgerkit.domain.catalog import CatalogKey, PackageTier
from ledgerkit.domain.money import Money

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples" / "data" / "tutoring"
FILES = {
    "parties.csv": """\
id,role,name,currency,zone,locale,email,address,tax_id
acme,business,Acme S.L.,EUR,Europe/Madrid,es,acme@example.com,Calle Mayor 1|28004 Madrid,B1
ana,customer,Ana Núñez,EUR,Europe/Madrid,es,,,
bob,customer,Bob Hill,GBP,Europe/London,,,,
tom,supplier,Tom Žák,EUR,Europe/Madrid,,,,
""",
    "catalog.csv": """\
service_line,level,minutes,currency,charge,pay,valid_from,tiers
math,secondary,60,EUR,50.00,30.00,2026-01-01,5=240.00|10=450.00
math,secondary,60,EUR,55.00,33.00,2026-10-15,
math,secondary,90,EUR,75.00,45.00,2026-01-01,
math,secondary,60,GBP,45.00,28.00,2026-01-01,
""",
    "packages.csv": """\
id,customer,covers,units,price,currency,purchased_on,used,expires_on,priority,promotional
p1,ana,math/secondary/60|math/secondary/90,10,450.00,EUR,2026-09-01,8,2026-12-01,1,yes
""",
    "matches.csv": """\
id,customer,student,supplier,service_line,level,minutes,currency,pay
m1,ana,Lucía,tom,math,secondary,60,EUR,
m2,bob,Ed,tom,math,secondary,60,,29.00
""",
    "sessions.csv": """\
id,match,starts_at,status,approved_at,zone,service_line,level,minutes
s1,m1,2026-10-05T17:30,approved,2026-10-06T09:00,Europe/Madrid,,,
s2,m1,2026-10-20T17:30+02:00,approved,2026-10-21T09:00:30Z,,,,90
s3,m2,2026-10-07T16:00,held,,Europe/London,,,
""",
    "incentives.csv": """\
id,match,amount,currency,per,valid_from,valid_until
i1,m1,5.00,EUR,session,2026-10-15,
""",
    "opening_balances.csv": """\
party,amount,currency,on
ana,-38.00,EUR,2026-10-01
""",
    "open_invoices.csv": """\
number,customer,issued_on,due_on,open,currency,item
2026/7,bob,2026-09-01,2026-09-15,70.00,GBP,August
""",
}


def write(folder: Path, files: dict[str, str] | dict[str, bytes]) -> None:
    """Put *files* into *folder*, and nothing else."""
    for old in folder.glob("*.csv"):
        old.unlink()
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)


def edited(folder: Path, file: str, old: str, new: str) -> FolderRead:
    """Read the sound folder with *old* replaced by *new* in *file*, once."""
    assert FILES[file].count(old) == 1
    write(folder, {**FILES, file: FILES[file].replace(old, new)})
    return read_folder(folder)


def told(read: FolderRead) -> list[tuple[str, int, str, str, str]]:
    """Return the problems of *read* as plain tuples."""
    return [(p.file, p.line, p.column, p.value, p.reason) for p in read.problems]


def session_ids(read: FolderRead) -> list[str]:
    """Return the sessions that *read* would bill."""
    return [] if read.facts is None else [session.id for session in read.facts.sessions]


# ---- what a sound folder becomes ---------------------------------------------------------------
