"""Legacy totals from a CSV file: what rows mean, and what is wrong with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledgerkit.adapters.csv_folder import LegacyRead, read_legacy
from ledgerkit.adapters.csv_folder.legacy import OPTIONAL, REQUIRED
from ledgerkit.domain.money import ISO, Money
from ledgerkit.domain.shadow import LegacyAmount

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "csv-folder.md"
HEAD = "customer,currency,amount\n"


def read(folder: Path, text: str) -> LegacyRead:
    """Return what a file of *text* gives."""
    path = folder / "legacy.csv"
    path.write_text(text, "utf-8")
    return read_legacy(path)


def told(found: LegacyRead) -> list[tuple[int, str, str, str]]:
    """Return (line, column, value, reason) of each problem."""
    return [(p.line, p.column, p.value, p.reason) for p in found.problems]


def test_totals(tmp_path: Path) -> None:
    """A row per customer is enough; several of one, and of several currencies, are kept."""
    found = read(tmp_path, f"{HEAD}ana,EUR,185.00\nben,JPY,-999\n\nana,EUR,0.5\n")

    assert () == found.problems
    assert (
        LegacyAmount(party="ana", amount=Money(18500, "EUR")),
        LegacyAmount(party="ben", amount=Money(-999, "JPY")),
        LegacyAmount(party="ana", amount=Money(50, "EUR")),
    ) == found.totals.amounts


def test_lines(tmp_path: Path) -> None:
    """Sources and items are optional, in any order of columns."""
    found = read(
        tmp_path, "source,amount,item,currency,customer\ns1,50,lesson,EUR,ana\n,10,tax,EUR,ana\n"
    )

    assert () == found.problems
    assert (
        LegacyAmount(party="ana", amount=Money(5000, "EUR"), source="s1", item="lesson"),
        LegacyAmount(party="ana", amount=Money(1000, "EUR"), item="tax"),
    ) == found.totals.amounts


def test_units_of_the_host(tmp_path: Path) -> None:
    """Amounts may be in units of the host's."""
    path = tmp_path / "legacy.csv"
    path.write_text(f"{HEAD}ana,SESSION,3\n", "utf-8")

    assert (
        Money(3, "SESSION")
        == read_legacy(path, units=ISO.with_units({"SESSION": 0})).totals.amounts[0].amount
    )


AMOUNT = "an amount is written 1234.50, in digits 0 to 9, without signs or separators"
FINE = "'1.005' is no amount of EUR; it needs digits with at most 2 decimals after a point, such as"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",EUR,1", ("customer", "", "must not be empty")),
        ("ana,,1", ("currency", "", "must not be empty")),
        ("ana,EUR,", ("amount", "", "must not be empty")),
        ("ana,EURO,1", ("currency", "EURO", "is no known currency")),
        ("ana,eur,1", ("currency", "eur", "the code of a currency is needed, such as EUR")),
        ('ana,EUR,"1,50"', ("amount", "1,50", AMOUNT)),
        ("ana,EUR,1e3", ("amount", "1e3", AMOUNT)),
        ("ana,EUR,1.005", ("amount", "1.005", f"{FINE} -12.55")),
        ("ana,EUR", ("", "", "has 2 cells; the header has 3")),
        (
            "a na,EUR,1",
            (
                "customer",
                "a na",
                "an id is 1 to 64 of A-Z a-z 0-9 . _ @ + - and begins with a letter or a digit",
            ),
        ),
    ],
)
def test_malformed_rows(row: str, problem: tuple[str, str, str], tmp_path: Path) -> None:
    """A bad row is named by line, column, value and reason, and left out; the others count."""
    found = read(tmp_path, f"{HEAD}ben,EUR,1\n{row}\n")

    assert [(3, *problem)] == told(found)
    assert all(problem.skippable for problem in found.problems)
    assert ["ben"] == [amount.party for amount in found.totals.amounts]
    assert str(found.problems[0]).startswith("legacy.csv line 3")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", (1, "", "", "is empty; its first row must name the columns")),
        ("customer,amount\nana,1\n", (1, "currency", "", "the column is missing")),
        (
            "customer,currency,amount,sum\n",
            (1, "sum", "", "unknown column; known are customer, currency, amount, source, item"),
        ),
    ],
)
def test_malformed_files(text: str, problem: tuple[int, str, str, str], tmp_path: Path) -> None:
    """A file without the columns it needs gives nothing, and that cannot be skipped."""
    found = read(tmp_path, text)

    assert [problem] == told(found)
    assert ([False], ()) == ([p.skippable for p in found.problems], found.totals.amounts)


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is a problem like others."""
    found = read_legacy(str(tmp_path / "none.csv"))

    assert ["none.csv: no such file; one is needed"] == list(map(str, found.problems))


def test_the_reference_lists_all_columns() -> None:
    """The reference page has a table of the columns, and it is the one the reader uses."""
    section = PAGE.read_text("utf-8").partition("## Legacy totals")[2]

    assert [
        *((column, "yes") for column in REQUIRED),
        *((column, "no") for column in OPTIONAL),
    ] == (re.findall(r"(?m)^\| `(\w+)` \| (yes|no) \|", section.partition("\n## ")[0]))
