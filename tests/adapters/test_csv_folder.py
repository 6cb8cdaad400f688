from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import make_tutoring_month
from ledgerkit.adapters.csv_folder import (
    FolderNotFound,
    FolderRead,
    RowProblem,
    layouts,
    read_folder,
    tables,
)
from ledgerkit.domain.catalog import CatalogKey, PackageTier
from ledgerkit.domain.money import BadAmount, Money
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice

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
def test_sound_folder(tmp_path: Path) -> None:
    """A folder without mistakes has no problems and becomes facts, row by row."""
    write(tmp_path, FILES)
    read = read_folder(tmp_path)
    facts = read.facts
    assert facts is not None

    assert () == read.problems
    assert "acme" == facts.business.id
    assert ("Calle Mayor 1", "28004 Madrid") == facts.business.address
    assert ["ana", "bob", "tom"] == [party.id for party in facts.parties]
    assert (
        OpeningBalance("ana", "customer:ana", Money(-3800, "EUR"), date(2026, 10, 1)),
    ) == facts.opening_balances
    assert (
        OpenInvoice(
            number="2026/7",
            customer="bob",
            issued_on=date(2026, 9, 1),
            due_on=date(2026, 9, 15),
            open_amount=Money(7000, "GBP"),
            item="August",
        ),
    ) == facts.open_invoices


def test_prices_and_packages(tmp_path: Path) -> None:
    """Prices have versions and tiers; a part-used package knows what was used before."""
    write(tmp_path, FILES)
    facts = read_folder(str(tmp_path)).facts
    assert facts is not None
    hour = CatalogKey("math", "secondary", 60)
    old, new = facts.catalog.versions(hour, "EUR")
    (package,) = facts.packages

    assert [(5000, 3000), (5500, 3300)] == [(p.charge.minor, p.pay.minor) for p in (old, new)]
    assert (
        PackageTier(5, Money(24000, "EUR")),
        PackageTier(10, Money(45000, "EUR")),
    ) == old.tiers
    assert (hour, CatalogKey("math", "secondary", 90)) == package.covers
    assert (8, 2, 1, True) == (
        package.used_before,
        package.remaining,
        package.priority,
        package.promotional,
    )


def test_matches_sessions_incentives(tmp_path: Path) -> None:
    """A match has its customer's currency, a session UTC instants and maybe its own key."""
    write(tmp_path, FILES)
    facts = read_folder(tmp_path).facts
    assert facts is not None
    first, second, third = facts.sessions

    assert [("EUR", None), ("GBP", Money(2900, "GBP"))] == [
        (match.currency, match.pay) for match in facts.matches
    ]
    assert datetime(2026, 10, 5, 15, 30, tzinfo=UTC) == first.starts_at
    assert datetime(2026, 10, 6, 7, tzinfo=UTC) == first.approved_at
    assert datetime(2026, 10, 21, 9, 0, 30, tzinfo=UTC) == second.approved_at
    assert (None, CatalogKey("math", "secondary", 90)) == (first.key, second.key)
    assert ("held", None) == (third.status, third.approved_at)
    assert [("i1", "m1", 500, "session", None)] == [
        (i.id, i.match, i.amount.minor, i.per, i.valid_until) for i in facts.incentives
    ]


def test_optional_files_and_columns(tmp_path: Path) -> None:
    """Three files and the columns that are not needed may be absent."""
    needed = {
        layout.file: ",".join(layout.required) + "\n" for layout in layouts.LAYOUTS if layout.needed
    }
    needed["parties.csv"] += "acme,business,Acme,EUR,Europe/Madrid\n"
    write(tmp_path, needed)
    read = read_folder(tmp_path)

    assert () == read.problems
    assert read.facts is not None
    assert ("acme", ()) == (read.facts.business.id, read.facts.sessions)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda text: "\ufeff" + text, id="byte order mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: text.replace("\n", "\r"), id="CR"),
        pytest.param(lambda text: text.rstrip("\n"), id="no last line end"),
        pytest.param(lambda text: "\n" + text + "\n,,,\n , \n", id="blank rows"),
        pytest.param(lambda text: text.replace(",", " ,\t"), id="padding"),
        pytest.param(
            lambda text: "".join(
                ",".join(f'"{cell}"' for cell in row) + "\n"
                for row in csv.reader(io.StringIO(text))
            ),
            id="quotes",
        ),
        pytest.param(
            lambda text: "".join(
                ",".join(reversed(row)) + "\n" for row in csv.reader(io.StringIO(text))
            ),
            id="order of columns",
        ),
    ],
)
def test_what_does_not_matter(changed: Callable[[str], str], tmp_path: Path) -> None:
    """Line ends, a byte order mark, padding, quotes and the order of columns change nothing."""
    write(tmp_path, FILES)
    plain = read_folder(tmp_path)
    write(tmp_path, {file: changed(text) for file, text in FILES.items()})

    assert plain == read_folder(tmp_path)
    assert plain.facts is not None


def test_formula_is_text(tmp_path: Path) -> None:
    """A cell that a spreadsheet would compute is kept as the text it is."""
    read = edited(tmp_path, "matches.csv", "Lucía", "=cmd()")

    assert () == read.problems
    assert read.facts is not None
    assert "=cmd()" == read.facts.matches[0].student


def test_composed_letters(tmp_path: Path) -> None:
    """An accent written as a character of its own is the same letter."""
    read = edited(tmp_path, "matches.csv", "Lucía", "Luci\u0301a")

    assert read.facts is not None
    assert "Lucía" == read.facts.matches[0].student


# ---- the folder that ships -----------------------------------------------------------------------
def test_shipped_folder() -> None:
    """The shipped month is sound: 60 families, 15 tutors, 800 sessions and 6 of September."""
    read = read_folder(SHIPPED)
    facts = read.facts
    assert facts is not None
    roles = [party.role for party in facts.parties]
    statuses = Counter(session.status for session in facts.sessions)

    assert () == read.problems
    assert (60, 15) == (roles.count("customer"), roles.count("supplier"))
    assert (81, 32, 8) == (len(facts.matches), len(facts.packages), len(facts.incentives))
    assert (2, 2) == (len(facts.opening_balances), len(facts.open_invoices))
    assert 800 == sum(session.starts_at.month == 10 for session in facts.sessions)
    assert {"approved": 748, "cancelled": 32, "held": 15, "no_show": 11} == statuses
    assert {"EUR", "GBP"} == {match.currency for match in facts.matches}


def test_shipped_folder_has_one_family_without_price() -> None:
    """Exactly one family of the shipped month learns what the catalog has no price for."""
    facts = read_folder(SHIPPED).facts
    assert facts is not None
    unpriced = {
        match.customer
        for match in facts.matches
        if not facts.catalog.versions(match.key, match.currency)
    }

    assert {"fam-ybarra"} == unpriced


def test_shipped_folder_is_made_by_its_script(tmp_path: Path) -> None:
    """The script makes the shipped files again, byte for byte."""
    make_tutoring_month.main(tmp_path)

    assert {path.name: path.read_bytes() for path in SHIPPED.iterdir()} == {
        path.name: path.read_bytes() for path in tmp_path.iterdir()
    }


def test_reference_lists_all_columns() -> None:
    """The reference page has a table of columns per file, and it is the one the reader uses."""
    page = (ROOT / "docs" / "reference" / "csv-folder.md").read_text(encoding="utf-8")
    documented = {
        title: re.findall(r"(?m)^\| `(\w+)` \| (yes|no) \|", section)
        for title, section in re.findall(r"(?ms)^## (\S+\.csv)\n(.*?)(?=^## )", page)
    }

    assert {
        layout.file: [(c, "yes" if c in layout.required else "no") for c in layout.columns]
        for layout in layouts.LAYOUTS
    } == documented


# ---- what is wrong with a cell or a row ----------------------------------------------------------
WHOLE = "a whole number from {} to {} is needed, in digits 0 to 9"
AMOUNT = "an amount is written 1234.50, in digits 0 to 9, without signs or separators"
ID = "an id is 1 to 64 of A-Z a-z 0-9 . _ @ + - and begins with a letter or a digit"
DAY = "a date is written YYYY-MM-DD, such as 2026-10-31"
TIME = "a time is written YYYY-MM-DDTHH:MM, with seconds or an offset if needed"
NO_ZONE = "has no offset, and the row no zone; write +02:00 or fill the column zone"
ONE_CURRENCY = "ana is charged in EUR; one customer has one currency"

# file, what is replaced there, by what; then line, column, value and reason of the problem.
CASES = {
    "id with a space": ("parties.csv", "ana,c", "a na,c", 3, "id", "a na", ID),
    "id is a formula": ("parties.csv", "ana,c", "=cmd(),c", 3, "id", "=cmd()", ID),
    "no id": ("parties.csv", "ana,c", ",c", 3, "id", "", "must not be empty"),
    "unknown role": (
        *("parties.csv", "ana,customer", "ana,parent", 3, "role", "parent"),
        "use customer, supplier, owner, business",
    ),
    "NUL": (
        *("parties.csv", "Ana Núñez", "A\0na", 3, "name", "A\0na"),
        "has the character U+0000; one line of printable text is needed",
    ),
    "text that turns around": (
        *("parties.csv", "Ana Núñez", "\u202eAna", 3, "name", "\u202eAna"),
        "has the character U+202E; one line of printable text is needed",
    ),
    "long text": (
        *("parties.csv", "Ana Núñez", "A" * 201, 3, "name"),
        *("A" * 60 + "... (201 characters)", "is 201 characters long; at most 200 are needed"),
    ),
    "long cell": (
        *("parties.csv", "Ana Núñez", "A" * 4001, 3, "name"),
        *("A" * 60 + "... (4001 characters)", "at most 4000 characters are read"),
    ),
    "no currency code": (
        *("parties.csv", "Núñez,EUR", "Núñez,euro", 3, "currency", "euro"),
        "the code of a currency is needed, such as EUR",
    ),
    "unknown currency": (
        *("parties.csv", "Núñez,EUR", "Núñez,EUX", 3, "currency", "EUX"),
        "is no known currency",
    ),
    "no zone": (
        *("parties.csv", "Núñez,EUR,Europe/Madrid", "Núñez,EUR,Europe", 3, "zone", "Europe"),
        "'Europe' is no time zone; use an IANA name such as Europe/Madrid",
    ),
    "zone is a path": (
        *("parties.csv", "Núñez,EUR,Europe/Madrid", "Núñez,EUR,../etc", 3, "zone", "../etc"),
        "the IANA name of a time zone is needed, such as Europe/Madrid",
    ),
    "unknown locale": (
        *("parties.csv", "es,acme@", "tlh,acme@", 2, "locale", "tlh"),
        "a known locale is needed, such as es or en_GB",
    ),
    "no mail address": (
        *("parties.csv", "acme@example.com", "acme", 2, "email", "acme"),
        "a mail address such as ana@example.com is needed",
    ),
    "long address": (
        *("parties.csv", "Calle Mayor 1|28004 Madrid", "|".join("abcdefghijk"), 2, "address"),
        *("a|b|c|d|e|f|g|h|i|j|k", "has 11 lines; at most 10 are needed"),
    ),
    "too many cells": (
        *("parties.csv", "ana,customer", "ana,,customer", 3, "", ""),
        "has 10 cells; the header has 9",
    ),
    "too few cells": (
        *("parties.csv", "Tom Žák,EUR,Europe/Madrid,,,,", "Tom Žák,EUR", 5, "", ""),
        "has 4 cells; the header has 9",
    ),
    "zero minutes": ("catalog.csv", "y,90", "y,0", 4, "minutes", "0", WHOLE.format(1, 1440)),
    "leading zero": ("catalog.csv", "y,90", "y,090", 4, "minutes", "090", WHOLE.format(1, 1440)),
    "other digits": ("catalog.csv", "y,90", "y,٩٠", 4, "minutes", "٩٠", WHOLE.format(1, 1440)),
    "separator in a key": (
        *("catalog.csv", "math,secondary,90", "ma/th,secondary,90", 4, "service_line", "ma/th"),
        "must not have / | or =, which separate the parts of a list",
    ),
    "negative price": (
        *("catalog.csv", "75.00", "-75.00", 4, "charge", "-75.00"),
        "must not be negative",
    ),
    "decimal comma": ("catalog.csv", "75.00", '"75,00"', 4, "charge", "75,00", AMOUNT),
    "thousands": ("catalog.csv", "75.00", '"1,075.00"', 4, "charge", "1,075.00", AMOUNT),
    "exponent": ("catalog.csv", "75.00", "7.5e1", 4, "charge", "7.5e1", AMOUNT),
    "plus sign": ("catalog.csv", "75.00", "+75", 4, "charge", "+75", AMOUNT),
    "no number": ("catalog.csv", "75.00", "NaN", 4, "charge", "NaN", AMOUNT),
    "currency sign": ("catalog.csv", "75.00", "€75.00", 4, "charge", "€75.00", AMOUNT),
    "Arabic digits": ("catalog.csv", "75.00", "٧٥.00", 4, "charge", "٧٥.00", AMOUNT),
    "too many decimals": (
        *("catalog.csv", "75.00", "75.001", 4, "charge", "75.001"),
        str(BadAmount("75.001", "EUR", 2)),
    ),
    "more than int64": (
        *("catalog.csv", "75.00", "92233720368547758.08", 4, "charge", "92233720368547758.08"),
        "is more than 9223372036854775807 minor units, the most that a ledger can hold",
    ),
    "400 digits": (
        *("catalog.csv", "75.00", "9" * 400, 4, "charge", "9" * 60 + "... (400 characters)"),
        AMOUNT,
    ),
    "date with slashes": (
        *("catalog.csv", "2026-10-15", "15/10/2026", 3, "valid_from", "15/10/2026"),
        DAY,
    ),
    "compact date": (
        *("catalog.csv", "2026-10-15", "20261015", 3, "valid_from", "20261015"),
        DAY,
    ),
    "no such day": (
        *("catalog.csv", "2026-10-15", "2026-02-30", 3, "valid_from", "2026-02-30"),
        "there is no such day",
    ),
    "year 1": (
        *("catalog.csv", "2026-10-15", "0001-01-01", 3, "valid_from", "0001-01-01"),
        "the year is from 1970 to 2199",
    ),
    "no tier": (
        *("catalog.csv", "5=240.00|10=450.00", "5:240.00", 2, "tiers", "5:240.00"),
        "tiers are listed as 5=182.40|10=342.00, units and the price of all",
    ),
    "tiers that shrink": (
        *("catalog.csv", "5=240.00|10=450.00", "10=450.00|5=240.00", 2, "", ""),
        "the tiers of math / secondary / 60 min must grow in units, each once (got [10, 5])",
    ),
    "package of a supplier": (
        *("packages.csv", "p1,ana", "p1,tom", 2, "customer", "tom"),
        "is a supplier in parties.csv; a customer is needed",
    ),
    "package of nobody": (
        *("packages.csv", "p1,ana", "p1,eve", 2, "customer", "eve"),
        "is not in parties.csv",
    ),
    "package in another currency": (
        *("packages.csv", "450.00,EUR", "450.00,GBP", 2, "currency", "GBP"),
        ONE_CURRENCY,
    ),
    "half a key": (
        *("packages.csv", "math/secondary/60|math/secondary/90", "math/60", 2, "covers"),
        *("math/60", "keys are listed as math/secondary/60|math/secondary/90"),
    ),
    "key twice": (
        *("packages.csv", "math/secondary/60|", "math/secondary/90|", 2, "covers"),
        *("math/secondary/90|math/secondary/90", "lists math / secondary / 90 min twice"),
    ),
    "no units": ("packages.csv", ",10,", ",0,", 2, "units", "0", WHOLE.format(1, 10000)),
    "used more than bought": (
        *("packages.csv", "2026-09-01,8", "2026-09-01,11", 2, "used", "11"),
        WHOLE.format(0, 10),
    ),
    "expires when bought": (
        *("packages.csv", "2026-12-01", "2026-09-01", 2, "", ""),
        "package 'p1' expires on 2026-09-01, not after its purchase",
    ),
    "neither yes nor no": (
        *("packages.csv", ",1,yes", ",1,true", 2, "promotional", "true"),
        "use yes, no",
    ),
    "customer who is a supplier": (
        *("matches.csv", "m1,ana", "m1,tom", 2, "customer", "tom"),
        "is a supplier in parties.csv; a customer is needed",
    ),
    "supplier who is a customer": (
        *("matches.csv", "Lucía,tom", "Lucía,ana", 2, "supplier", "ana"),
        "is a customer in parties.csv; a supplier is needed",
    ),
    "match in another currency": (
        *("matches.csv", "60,EUR", "60,GBP", 2, "currency", "GBP"),
        ONE_CURRENCY,
    ),
    "session of no match": (
        *("sessions.csv", "s1,m1", "s1,m9", 2, "match", "m9"),
        "is not in matches.csv",
    ),
    "date without time": (
        *("sessions.csv", "2026-10-05T17:30", "2026-10-05", 2, "starts_at", "2026-10-05"),
        TIME,
    ),
    "time with slashes": (
        *("sessions.csv", "2026-10-05T17:30", "05/10/2026 17:30", 2, "starts_at"),
        *("05/10/2026 17:30", TIME),
    ),
    "no such time": (
        *("sessions.csv", "2026-10-05T17:30", "2026-10-05T24:30", 2, "starts_at"),
        *("2026-10-05T24:30", "there is no such time"),
    ),
    "offset and zone": (
        *("sessions.csv", "2026-10-05T17:30", "2026-10-05T17:30Z", 2, "starts_at"),
        *("2026-10-05T17:30Z", "has an offset and the zone Europe/Madrid; leave one of them empty"),
    ),
    "naive time": (
        *("sessions.csv", "20T17:30+02:00", "20T17:30", 3, "starts_at", "2026-10-20T17:30"),
        NO_ZONE,
    ),
    "unknown zone": (
        *("sessions.csv", "09:00,Europe/Madrid", "09:00,Mars", 2, "zone", "Mars"),
        "'Mars' is no time zone; use an IANA name such as Europe/Madrid",
    ),
    "time that happens twice": (
        *("sessions.csv", "2026-10-05T17:30", "2026-10-25T02:30", 2, "starts_at"),
        "2026-10-25T02:30",
        "happens twice in Europe/Madrid, where clocks change; write it with an offset",
    ),
    "time that is skipped": (
        *("sessions.csv", "2026-10-05T17:30", "2026-03-29T02:30", 2, "starts_at"),
        "2026-03-29T02:30",
        "never happens in Europe/Madrid, where clocks change; write it with an offset",
    ),
    "unknown status": (
        *("sessions.csv", "held,,", "done,,", 4, "status", "done"),
        "use scheduled, held, approved, cancelled, no_show",
    ),
    "approved without time": (
        *("sessions.csv", "approved,2026-10-06T09:00", "approved,", 2, "approved_at", ""),
        "must not be empty, the session is approved",
    ),
    "held with approval": (
        *("sessions.csv", "held,,", "held,2026-10-08T09:00,", 4, "approved_at"),
        *("2026-10-08T09:00", "must be empty, the session is held"),
    ),
    "incentive in another currency": (
        *("incentives.csv", "5.00,EUR", "5.00,GBP", 2, "currency", "GBP"),
        "match m1 is in EUR",
    ),
    "incentive of nothing": (
        *("incentives.csv", "5.00,EUR", "0.00,EUR", 2, "", ""),
        "incentive 'i1' must be above 0 (got 0.00 EUR)",
    ),
    "incentive per lesson": (
        *("incentives.csv", "EUR,session", "EUR,lesson", 2, "per", "lesson"),
        "use session, period",
    ),
    "incentive without days": (
        *("incentives.csv", "2026-10-15,", "2026-10-15,2026-10-15", 2, "", ""),
        "incentive 'i1' ends on 2026-10-15, not after 2026-10-15",
    ),
    "balance of nothing": (
        *("opening_balances.csv", "-38.00", "0.00", 2, "amount", "0.00"),
        "must not be zero; leave the row out",
    ),
    "balance of the business": (
        *("opening_balances.csv", "ana,", "acme,", 2, "party", "acme"),
        "is a business in parties.csv; a customer or supplier or owner is needed",
    ),
    "balance in another currency": (
        *("opening_balances.csv", "00,EUR", "00,GBP", 2, "currency", "GBP"),
        ONE_CURRENCY,
    ),
    "paid invoice": (
        *("open_invoices.csv", "70.00", "0", 2, "open", "0"),
        "must not be zero; an invoice that is paid is not listed",
    ),
    "due before issued": (
        *("open_invoices.csv", "2026-09-15", "2026-08-15", 2, "due_on", "2026-08-15"),
        "must not be before issued_on, 2026-09-01",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_problem(name: str, tmp_path: Path) -> None:
    """Each mistake is told once in its file, with line, column, value and what is needed."""
    file, old, new, line, column, value, reason = CASES[name]
    read = edited(tmp_path, file, old, new)

    assert [(file, line, column, value, reason)] == [t for t in told(read) if t[0] == file]


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Problems of all columns, rows and files are told together, by file and line."""
    bad = {
        **FILES,
        "catalog.csv": FILES["catalog.csv"].replace("75.00,45.00", "-75.00,x"),
        "open_invoices.csv": FILES["open_invoices.csv"].replace("70.00", "many"),
        "sessions.csv": FILES["sessions.csv"].replace("s1,m1,2026-10-05T17:30", "s 1,m9,soon"),
    }
    write(tmp_path, bad)

    assert [
        ("catalog.csv", 4, "charge"),
        ("catalog.csv", 4, "pay"),
        ("sessions.csv", 2, "id"),
        ("sessions.csv", 2, "match"),
        ("sessions.csv", 2, "starts_at"),
        ("sessions.csv", 3, ""),
        ("open_invoices.csv", 2, "open"),
    ] == [(p.file, p.line, p.column) for p in read_folder(tmp_path).problems]


def test_lines_are_physical(tmp_path: Path) -> None:
    """A quoted cell that spans lines counts as the lines it has; its row begins on the first."""
    address = '"Calle Mayor 1\r\n28004 Madrid\n\nEspaña"'
    text = FILES["parties.csv"].replace("Calle Mayor 1|28004 Madrid", address)
    write(tmp_path, {**FILES, "parties.csv": text.replace("tom,supplier", "t m,supplier")})
    read = read_folder(tmp_path)
    write(tmp_path, {**FILES, "parties.csv": text})
    facts = read_folder(tmp_path).facts

    assert ("parties.csv", 8, "id", "t m", ID) == told(read)[0]
    assert facts is not None
    assert ("Calle Mayor 1", "28004 Madrid", "España") == facts.business.address


def test_problem_is_one_line(tmp_path: Path) -> None:
    """A problem prints on one line, whatever stands in the cell."""
    read = edited(tmp_path, "matches.csv", "Lucía", '"Lu\n\x1b[31mcía"')

    assert (
        r"matches.csv line 2, student 'Lu\n\x1b[31mcía': "
        "has the character U+000A; one line of printable text is needed"
    ) == str(read.problems[0])
    assert "parties.csv: no such file" == str(
        RowProblem("parties.csv", 0, "", "", "no such file", skippable=False)
    )


# ---- what is left out ----------------------------------------------------------------------------
def test_left_out_with_what_names_it(tmp_path: Path) -> None:
    """A customer with a problem is left out with matches, sessions and all else that names her."""
    read = edited(tmp_path, "parties.csv", "Núñez,EUR", "Núñez,EUX")
    line_3, line_2 = "is left out, see parties.csv line 3", "is left out, see matches.csv line 2"

    assert [
        ("parties.csv", 3, "currency", "EUX", "is no known currency"),
        ("packages.csv", 2, "customer", "ana", line_3),
        ("matches.csv", 2, "customer", "ana", line_3),
        ("sessions.csv", 2, "match", "m1", line_2),
        ("sessions.csv", 3, "match", "m1", line_2),
        ("incentives.csv", 2, "match", "m1", line_2),
        ("opening_balances.csv", 2, "party", "ana", line_3),
    ] == told(read)
    assert ["s3"] == session_ids(read)


def test_duplicate_ids(tmp_path: Path) -> None:
    """Rows that share an id are all left out, and each names the line of the other."""
    read = edited(tmp_path, "sessions.csv", "s3,m2", "s1,m2")

    assert [
        ("sessions.csv", 2, "id", "s1", "is on line 2 and on line 4; once is needed"),
        ("sessions.csv", 4, "id", "s1", "is on line 4 and on line 2; once is needed"),
    ] == told(read)
    assert ["s2"] == session_ids(read)


def test_duplicate_ids_by_the_dozen(tmp_path: Path) -> None:
    """Of many lines with one id, three others are named and the rest is counted."""
    row = "i1,m1,5.00,EUR,session,2026-10-15,\n"
    write(tmp_path, {**FILES, "incentives.csv": FILES["incentives.csv"] + row * 11})
    reason = read_folder(tmp_path).problems[-1].reason

    assert "is on line 13 and on line 2, 3, 4 and 8 more; once is needed" == reason


def test_duplicate_price(tmp_path: Path) -> None:
    """Two prices for one key from one day are both left out, with the sessions from that day on."""
    read = edited(tmp_path, "catalog.csv", "55.00,33.00,2026-10-15", "55.00,33.00,2026-01-01")
    hour = CatalogKey("math", "secondary", 60)
    key = "the same service_line, level, minutes, currency, valid_from is on line"

    assert [
        ("catalog.csv", 2, "", "", f"{key} 2 and on line 3; once is needed"),
        ("catalog.csv", 3, "", "", f"{key} 3 and on line 2; once is needed"),
        (
            *("sessions.csv", 2, "", ""),
            f"waits for the price of {hour} in EUR, which is left out, see catalog.csv line 2",
        ),
    ] == told(read)
    assert ["s2", "s3"] == session_ids(read)


@pytest.mark.parametrize(
    ("file", "old", "new", "billed"),
    [
        # s1: Ana, 60 minutes, 5 October; s2: Ana, 90 minutes, 20 October; s3: Bob, only held.
        pytest.param("catalog.csv", "75.00", "x", ["s1", "s3"], id="price of 90 minutes"),
        pytest.param("catalog.csv", "55.00", "x", ["s1", "s2", "s3"], id="price from the 15th"),
        pytest.param("catalog.csv", "50.00,", "x,", ["s2", "s3"], id="price from January"),
        pytest.param("catalog.csv", "2026-10-15", "soon", ["s2", "s3"], id="price from any day"),
        pytest.param("catalog.csv", "45.00,28.00", "x,1", ["s1", "s2", "s3"], id="price in pounds"),
        pytest.param("packages.csv", "450.00", "x", ["s3"], id="package"),
        pytest.param("incentives.csv", "5.00", "x", ["s3"], id="incentive"),
        pytest.param("open_invoices.csv", "70.00", "x", ["s1", "s2", "s3"], id="open invoice"),
        pytest.param("opening_balances.csv", "-38.00", "x", ["s1", "s2", "s3"], id="balance"),
    ],
)
def test_what_a_bad_row_could_have_changed_waits(
    file: str, old: str, new: str, billed: list[str], tmp_path: Path
) -> None:
    """An approved session is left out if a bad price, package or incentive might change it."""
    read = edited(tmp_path, file, old, new)

    assert billed == session_ids(read)


def test_earliest_bad_price_counts(tmp_path: Path) -> None:
    """Of two bad prices for one key, sessions wait from the day of the earlier one."""
    text = FILES["catalog.csv"].replace("50.00,", "x,").replace("55.00,", "x,")
    header, january, october, *rest = text.splitlines(keepends=True)
    found = []
    for rows in (january, october), (october, january):
        write(tmp_path, {**FILES, "catalog.csv": "".join([header, *rows, *rest])})
        found.append(session_ids(read_folder(tmp_path)))

    assert [["s2", "s3"], ["s2", "s3"]] == found


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("catalog.csv", "y,90", "y,", id="price without minutes"),
        pytest.param("catalog.csv", "75.00", "7,5", id="price with a cell too many"),
        pytest.param("packages.csv", "p1,ana", "p1,eve", id="package of nobody"),
        pytest.param("packages.csv", "p1,ana", "p1,tom", id="package of a supplier"),
        pytest.param("packages.csv", "p1,ana", "p1,", id="package without customer"),
        pytest.param("incentives.csv", "i1,m1", "i1,m9", id="incentive of no match"),
        pytest.param("parties.csv", "acme,business", "acme,customer", id="no business"),
        pytest.param("parties.csv", "tom,supplier", "tom,business", id="two businesses"),
        pytest.param("parties.csv", "Acme S.L.", "Acme,S.L.", id="torn business"),
        pytest.param("parties.csv", "acme@example.com", "?", id="bad business"),
    ],
)
def test_no_facts_when_nobody_knows_what_depends_on_it(
    file: str, old: str, new: str, tmp_path: Path
) -> None:
    """A bad row that might concern anybody can't be skipped: there are no facts, and it says so."""
    read = edited(tmp_path, file, old, new)

    assert read.facts is None
    assert {file} == {problem.file for problem in read.problems if not problem.skippable}


def test_number_of_businesses(tmp_path: Path) -> None:
    """Without one business there is one problem, which counts them."""
    none = edited(tmp_path, "parties.csv", "acme,business", "acme,customer")
    two = edited(tmp_path, "parties.csv", "tom,supplier", "tom,business")
    reason = "one row must have the role business (got {})"

    assert ("parties.csv", 0, "role", "", reason.format(0)) == told(none)[0]
    assert ("parties.csv", 0, "role", "acme, tom", reason.format(2)) == told(two)[0]


# ---- what is wrong with a file -------------------------------------------------------------------
def file_problem(folder: Path, file: str, content: bytes | None) -> list[tuple[int, str, str, str]]:
    """Return (line, column, value, reason) of each problem of *file* with *content*."""
    write(folder, {name: text.encode() for name, text in FILES.items()})
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    read = read_folder(folder)
    assert read.facts is None
    assert {file} == {problem.file for problem in read.problems}  # said once, not per row
    return [(p.line, p.column, p.value, p.reason) for p in read.problems]


@pytest.mark.parametrize("file", [layout.file for layout in layouts.LAYOUTS if layout.needed])
def test_missing_file(file: str, tmp_path: Path) -> None:
    """A needed file that is missing is named, and rows that name its records are not."""
    assert [(0, "", "", "no such file; one is needed")] == file_problem(tmp_path, file, None)


FIELD_LIMIT = (
    "cannot be read from here on, field larger than field limit (131072); check the quotes"
)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", (1, "", "", "is empty; its first row must name the columns"), id="empty"),
        pytest.param(
            b"id,match,starts_at,status,approved_at\ns1,m1,\xe9,held,\n",
            (2, "", "\\xe9", "is no UTF-8; save the file as UTF-8"),
            id="Latin-1",
        ),
        pytest.param(
            "\ufeffid,match".encode("utf-16-le"),
            (1, "", "\\xff", "is no UTF-8; save the file as UTF-8"),
            id="UTF-16",
        ),
        pytest.param(
            b'id,match,starts_at,status,approved_at\ns1,m1,x,held,"\ns2,m1,x,held,\n',
            (
                *(2, "", ""),
                "cannot be read from here on, unexpected end of data; check the quotes",
            ),
            id="quote that never ends",
        ),
        pytest.param(
            b'id,match,starts_at,status,approved_at\ns1,m1,"x"y,held,\n',
            (
                *(2, "", ""),
                "cannot be read from here on, ',' expected after '\"'; check the quotes",
            ),
            id="text after a quote",
        ),
        pytest.param(
            b"id,match,starts_at,status,approved_at\ns1,m1," + b"9" * 10_000_000 + b",held,\n",
            (*(2, "", ""), FIELD_LIMIT),
            id="10 MB in one cell",
        ),
    ],
)
def test_unreadable_file(
    content: bytes, problem: tuple[int, str, str, str], tmp_path: Path
) -> None:
    """A file that can't be read to its end says where and why."""
    assert [problem] == file_problem(tmp_path, "sessions.csv", content)


def test_header(tmp_path: Path) -> None:
    """Unknown, repeated and missing columns are all named."""
    header = b"id,match,when,status,status,Zone\n"
    known = ", ".join(layouts.SESSIONS.columns)

    assert [
        (1, "when", "", f"unknown column; known are {known}"),
        (1, "Zone", "", f"unknown column; known are {known}"),
        (1, "status", "", "the column is there 2 times; once is needed"),
        (1, "starts_at", "", "the column is missing"),
        (1, "approved_at", "", "the column is missing"),
    ] == file_problem(tmp_path, "sessions.csv", header)


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has a limit of bytes, and of rows."""
    monkeypatch.setattr(tables, "MAX_ROWS", 4)
    held = "s{},m2,2026-10-07T16:00,held,,Europe/London,,,\n"
    content = FILES["sessions.csv"] + held.format(4) + held.format(5)
    rows = file_problem(tmp_path, "sessions.csv", content.encode())
    monkeypatch.setattr(tables, "MAX_BYTES", 1000)
    size = file_problem(tmp_path, "sessions.csv", b"x" * 1001)

    assert [(6, "", "", "has more than 4 rows; split the work")] == rows
    assert [(0, "", "", "has more than 1000 bytes; split the work")] == size


def test_not_a_file(tmp_path: Path) -> None:
    """A directory or a pipe in the place of a file is no file, and is not waited for."""
    write(tmp_path, FILES)
    for name in "parties.csv", "catalog.csv":
        (tmp_path / name).unlink()
    (tmp_path / "parties.csv").mkdir()
    os.mkfifo(tmp_path / "catalog.csv")

    assert [
        ("parties.csv", 0, "", "", "no such file; one is needed"),
        ("catalog.csv", 0, "", "", "no such file; one is needed"),
    ] == told(read_folder(tmp_path))


def test_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the system refuses to open says so, as the system words it."""

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    write(tmp_path, FILES)
    monkeypatch.setattr(Path, "open", refuse)

    assert {"cannot be read: Permission denied"} == {
        problem.reason for problem in read_folder(tmp_path).problems
    }


@pytest.mark.parametrize("path", ["missing", "sessions.csv", "a\0b", "a" * 5000])
def test_no_folder(path: str, tmp_path: Path) -> None:
    """What is no folder is refused as a whole."""
    write(tmp_path, FILES)
    with pytest.raises(FolderNotFound) as caught:
        read_folder(tmp_path / path)

    assert "folder_not_found" == caught.value.code
    assert f"{str(tmp_path / path)!r} is no folder; " in str(caught.value)


# ---- laws ----------------------------------------------------------------------------------------
def is_lawful(read: FolderRead, files: dict[str, str]) -> bool:
    """Return whether nothing is dropped in silence and no fact names what is not there."""
    if read.facts is None:
        return any(not problem.skippable for problem in read.problems)
    facts = read.facts
    parties = {party.id for party in facts.parties}
    matches = {match.id for match in facts.matches}
    rows = sum(any(row) for row in csv.reader(io.StringIO(files["sessions.csv"]))) - 1
    refused = {problem.line for problem in read.problems if problem.file == "sessions.csv"}
    return (
        all(problem.skippable for problem in read.problems)
        and rows == len(facts.sessions) + len(refused)
        and {session.match for session in facts.sessions} <= matches
        and {incentive.match for incentive in facts.incentives} <= matches
        and {match.customer for match in facts.matches} <= parties
        and {match.supplier for match in facts.matches} <= parties
        and {package.customer for package in facts.packages} <= parties
    )


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one example after the other."""
    return tmp_path_factory.mktemp("folder")


@given(file=st.sampled_from(sorted(FILES)), content=st.binary(max_size=300), after=st.booleans())
def test_any_bytes(scratch: Path, file: str, content: bytes, after: bool) -> None:
    """Whatever bytes a file is, or has after a sound beginning, there are facts or problems."""
    sound = {name: text.encode() for name, text in FILES.items()}
    write(scratch, {**sound, file: sound[file] + content if after else content})
    read = read_folder(scratch)

    assert (read.facts is not None) or any(not p.skippable for p in read.problems)
    assert all(str(problem).isprintable() for problem in read.problems)


CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "ana", "bob", "tom", "acme", "m1", "m2", "s1", "=1+1", "-1", "1e3", "٣"]),
    st.sampled_from(["EUR", "GBP", "XXX", "USD", "Europe/London", "business", "approved", "held"]),
    st.sampled_from(["60", "90", "0", "2026-10-05", "2026-10-25T02:30", "99999999999999999999"]),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}([+-][0-9]{2}:[0-9]{2})?)?"),
    st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,9})?", fullmatch=True),
)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(FILES)), st.integers(0), st.integers(0), CELLS),
        min_size=1,
        max_size=4,
    )
)
def test_any_cells(scratch: Path, edits: list[tuple[str, int, int, str]]) -> None:
    """Whatever stands in some cells, each session is a fact or a problem, and facts fit."""
    content = {file: list(csv.reader(io.StringIO(text))) for file, text in FILES.items()}
    for file, row, column, cell in edits:
        rows = content[file]
        cells = rows[1 + row % (len(rows) - 1)]
        cells[column % len(cells)] = cell
    files = {file: written(rows) for file, rows in content.items()}
    write(scratch, {file: text.encode("utf-8", "ignore") for file, text in files.items()})

    assert is_lawful(read_folder(scratch), files)


def written(rows: list[list[str]]) -> str:
    """Return *rows* as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
