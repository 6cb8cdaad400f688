"""A real retailer's documents: three weeks of them here, the whole year where it is at hand.

Expected figures are counted from the CSV file, apart from the code that brings it in.
`LEDGERKIT_RETAIL_YEAR` names the file of the whole year.
"""

from __future__ import annotations

import csv
import io
import lzma
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import online_retail
from examples.books import open_books
from examples.online_retail import bring_in_all
from examples.retail_reports import country_lines, reconcile
from examples.retail_source import LEFT_OUT, Row, documents, read
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import BatchRefused, Changes, Committed, KeyReused, Stale
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.write_offs import WriteOff
from ledgerkit.ports.store import Store

ROOT = Path(__file__).parents[2]
WEEKS = ROOT / "examples" / "data" / "online_retail" / "weeks.csv.xz"
YEAR = os.environ.get("LEDGERKIT_RETAIL_YEAR")
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
Source = list[dict[str, str]]


def source(path: Path) -> Source:
    """Return the rows of the file, as it is."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def value(row: dict[str, str]) -> Decimal:
    """Return quantity x price of a row, in pounds."""
    return int(row["Quantity"]) * Decimal(row["UnitPrice"])


def in_pence(row: dict[str, str]) -> int:
    """Return quantity x price of a row in pence, rounded half up."""
    return int((value(row) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def in_pounds(pence: int) -> str:
    """Return *pence* as pounds, as they are printed."""
    return f"{Decimal(pence) / 100:,.2f}"


def numbers_of(rows: Iterable[dict[str, str]]) -> set[str]:
    """Return the numbers of the documents that *rows* are of."""
    return {row["InvoiceNo"] for row in rows}


def run(path: Path, url: str) -> tuple[int, str]:
    """Return what the example returns and prints, every zero-value document included."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = online_retail.main([str(path), "--store", url, "--all"])
    return code, printed.getvalue()


def all_of(store: Store, kind: type[Any]) -> list[Any]:
    """Return every record of *kind*."""
    found: list[Any] = []
    after = None
    while True:
        page = store.find(kind, after=after)
        found += [each.record for each in page.items]
        if page.next is None:
            return found
        after = str(page.next)


# ---- three weeks -----------------------------------------------------------------------------
@attrs.frozen
class Imported:
    """The weeks in a database, what was printed on the way, and the rows they were in."""

    url: str
    code: int
    printed: str
    rows: Source
    invoices: list[Invoice]
    notes: list[CreditNote]

    def section(self, title: str) -> list[str]:
        """Return the printed lines below *title*, to the next empty one."""
        lines = self.printed.splitlines()
        start = lines.index(next(line for line in lines if line.startswith(title))) + 1
        return lines[start : [*lines, ""].index("", start)]

    def line(self, start: str) -> list[str]:
        """Return the words after *start* of the printed line that begins with it."""
        (line,) = (each for each in self.printed.splitlines() if each.strip().startswith(start))
        return line.strip().removeprefix(start).split()


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Return the weeks that come with the example, brought into a new database."""
    url = f"sqlite:///{tmp_path_factory.mktemp('retail') / 'weeks.db'}"
    code, printed = run(WEEKS, url)
    with open_books(url) as store:
        invoices, notes = all_of(store, Invoice), all_of(store, CreditNote)
    return Imported(url, code, printed, source(WEEKS), invoices, notes)


@pytest.fixture
def store(weeks: Imported) -> Iterator[Store]:
    """Return the books of the weeks."""
    with open_books(weeks.url) as store:
        yield store


def test_source_is_what_its_attribution_says(weeks: Imported) -> None:
    """The part that comes along has 24,063 rows, 1,239 documents and 495408.071 pounds."""
    said = (WEEKS.parent / "ATTRIBUTION.md").read_text("utf-8")

    assert (24_063, 1_239) == (len(weeks.rows), len(numbers_of(weeks.rows)))
    assert Decimal("495408.071") == sum(map(value, weeks.rows))
    assert all(
        each in said for each in ("24,063 rows", "1,239 documents", "495408.071", "CC BY 4.0")
    )


def test_weeks_reconcile_to_the_last_digit(weeks: Imported) -> None:
    """The books and one named rounding of 0.001 give the source's total."""
    rounding = "rounding of 561226, line 12, taken back: 1 x 0.001 is booked as 0.00:"

    assert 0 == weeks.code
    assert ["495,408.071"] == weeks.line("total of the source, by the books")
    assert ["495,408.071"] == weeks.line("total of the source, quantity x price")
    assert ["495,408.070"] == weeks.line("what customers owe, by their wallets")
    assert "0.001" == weeks.line(rounding.rstrip(":"))[-1]
    assert "Reconciled: 495,408.071, to the last digit." in weeks.printed


def test_trial_balance_is_zero(weeks: Imported, store: Store) -> None:
    """Debits and credits are equal, in the books and as printed."""
    (sides,) = trial_balance(store.balances())

    assert 0 == sides.difference
    assert 0 < sides.debits
    assert "difference                                                     0.00" in weeks.printed


def test_every_document_is_in_the_books_or_listed(weeks: Imported, store: Store) -> None:
    """What has a value is an invoice, credit note or write-off of this reference; no other is."""
    valued = numbers_of(row for row in weeks.rows if value(row) != 0)
    write_offs = {each.reference for each in all_of(store, WriteOff)}
    listed = {line.split()[0] for line in weeks.section("Zero-value documents: 120")[1:]}

    assert {n for n in valued if n.isdecimal()} == {i.reference for i in weeks.invoices}
    assert {n for n in valued if n.startswith("C")} == {n.reference for n in weeks.notes}
    assert {"A563185", "A563186", "A563187"} == write_offs
    assert numbers_of(weeks.rows) - valued == listed


def test_documents_hold_their_rows(weeks: Imported) -> None:
    """Each row is a line; the totals are those of the source, each row rounded by itself."""
    pence, rows = Counter[str](), Counter[str]()
    for row in weeks.rows:
        pence[row["InvoiceNo"]] += in_pence(row)
        rows[row["InvoiceNo"]] += 1
    totals = {each.reference: each.total.minor for each in weeks.invoices}
    totals |= {each.reference: -each.total.minor for each in weeks.notes}

    assert (936 + 180) == len(totals)
    assert {number: pence[str(number)] for number in totals} == totals
    lines = {each.reference: len(each.lines) for each in weeks.invoices}
    lines |= {each.reference: len(each.lines) for each in weeks.notes}
    assert {number: rows[str(number)] for number in totals} == lines


def test_numbers_have_no_gap(weeks: Imported, store: Store) -> None:
    """Invoices and credit notes are numbered from 1, in two series, and show their number."""
    found: tuple[tuple[Sequence[Invoice | CreditNote], str, int], ...] = (
        (weeks.invoices, "INV", 936),
        (weeks.notes, "CN", 180),
    )
    for records, series, last in found:
        drawn = store.numbers(series)

        assert list(range(1, last + 1)) == [number.n for number in drawn]
        assert {n.record: n.text for n in drawn} == {each.id: each.number for each in records}


def test_bad_debts_are_written_off(store: Store) -> None:
    """Given up twice and brought back once: 11062.06 of the cash customer is lost."""
    found = {each.reference: each.amount.minor for each in all_of(store, WriteOff)}

    assert {"A563185": -1_106_206, "A563186": 1_106_206, "A563187": 1_106_206} == found
    assert -1_106_206 == store.balance("writeoff", "GBP").posted


def test_receivables_are_those_of_each_country(weeks: Imported) -> None:
    """Each country's line is the sum of its rows, countries that get money back included."""
    named, cash = Counter[str](), Counter[str]()
    customers = defaultdict[str, set[str]](set)
    for row in weeks.rows:
        for country in (row["Country"], "all"):
            (named if row["CustomerID"] else cash)[country] += in_pence(row)
            if row["CustomerID"] and value(row):
                customers[country].add(row["CustomerID"])
    found = [line.rsplit(None, 4) for line in weeks.section("Receivables by country")[1:]]

    assert named["Portugal"] < 0
    assert 49_540_807 == named["all"] + cash["all"]
    assert sorted(found) == sorted(
        [
            f"  {country}",
            str(len(customers[country])),
            in_pounds(named[country]),
            in_pounds(cash[country]),
            in_pounds(named[country] + cash[country]),
        ]
        for country in {*named, *cash}
    )


def test_customers_without_a_name_are_a_cash_customer(weeks: Imported, store: Store) -> None:
    """What they owe in a country is in one wallet."""
    unnamed = sum(
        value(row) for row in weeks.rows if not row["CustomerID"] and row["Country"] == "EIRE"
    )

    assert -unnamed * 100 == store.balance("customer:cash@eire", "GBP").posted


def test_times_are_those_of_london(weeks: Imported, store: Store) -> None:
    """A document of 10:13 in July counts at 09:13 UTC, and is of that local day."""
    (invoice,) = (each for each in weeks.invoices if each.reference == "561226")
    statement = store.entries(f"customer:{invoice.customer}")
    moments = {line.event.id: line.effective_at for line in statement.items if line.event}

    assert datetime(2011, 7, 26, 9, 13, tzinfo=UTC) == moments[invoice.id]
    assert "2011-07-26" == str(invoice.issued_on)


def test_second_run_stores_nothing(weeks: Imported, store: Store) -> None:
    """The same file again: every document is known, and the books stay as they are."""
    before = store.numbers(), store.balances(), store.journals(after=1_100).items

    code, printed = run(WEEKS, weeks.url)

    assert (0, "0 documents new, 1,119 known") == (code, printed.splitlines()[0].partition(": ")[2])
    assert weeks.printed.splitlines()[1:] == printed.splitlines()[1:]
    assert before == (store.numbers(), store.balances(), store.journals(after=1_100).items)


# ---- documents that this source does not have ------------------------------------------------
def row(
    document: str, price: str = "1.00", quantity: int = 1, *, day: int = 1, customer: str = "1"
) -> Row:
    """Return a row of *document*."""
    return Row(
        document=document,
        article="22423",
        description="CAKESTAND",
        quantity=quantity,
        price=Rate(Fraction(price) * 100, "GBP"),
        time=f"2011-02-{day:02} 11:20:00",
        customer=customer,
        country="Spain",
    )


def test_rows_of_documents_may_be_mixed() -> None:
    """As 542806 and its neighbour, which were written in the same minute."""
    found = documents([row("7"), row("8"), row("7"), row("9", day=2), row("9", day=2)])

    assert [("7", 2), ("8", 1), ("9", 2)] == [(each.number, len(each.rows)) for each in found]


def test_sign_decides_what_a_document_is() -> None:
    """A negative one is a credit note and a positive one an invoice, whatever they are called."""
    store = MemoryStore()

    tally = bring_in_all([row("7", quantity=-2), row("C8", "3.00")], store, at=AT)

    assert ["7", "C8"] == tally.misnamed
    assert [("7", Money(200, "GBP"))] == [(n.reference, n.total) for n in all_of(store, CreditNote)]
    assert [("C8", Money(300, "GBP"))] == [(i.reference, i.total) for i in all_of(store, Invoice)]
    assert reconcile(tally, store).holds


def test_document_that_cannot_be_booked_is_named() -> None:
    """A credit note that also charges, and one below half a penny, stay out and are added up."""
    store = MemoryStore()
    rows = [row("C7", "5.00", -1), row("C7", "2.00"), row("A8", "0.004"), row("9", "1.00")]

    tally = bring_in_all(rows, store, at=AT)
    found = reconcile(tally, store)

    assert ["C7", "A8"] == [document.number for document in tally.left_out]
    assert (Fraction(-2996, 10), 100, True) == (found.left_out, found.receivables, found.holds)
    assert 2 == tally.sorts[LEFT_OUT]


def test_other_documents_in_the_books_do_not_reconcile() -> None:
    """Books that hold more than the source are told apart from books that hold just it."""
    store = MemoryStore()
    bring_in_all([row("7"), row("8")], store, at=AT)

    tally = bring_in_all([row("7")], store, at=AT)

    assert 0 == tally.new
    assert not reconcile(tally, store).holds


@pytest.mark.parametrize(("day", "cause"), [(1, Stale), (2, KeyReused)])
def test_changed_document_is_refused(day: int, cause: type[LedgerkitError]) -> None:
    """A number that is in the books with other rows, or comes again on another day, is refused."""
    store = MemoryStore()
    bring_in_all([row("7")], store, at=AT)

    with pytest.raises(BatchRefused) as caught:
        bring_in_all([row("6"), row("7", "1.50", day=day)], store, at=AT)

    assert "online_retail/document/7" == caught.value.key
    assert isinstance(caught.value.cause, cause)
    assert 1 == len(store.numbers())


class Killed(MemoryStore):
    """Books whose host is killed before its second batch."""

    batches = 0

    def commit_all(self, many: Sequence[Changes]) -> tuple[Committed, ...]:
        """Store *many*, or be killed."""
        self.batches += 1
        if self.batches == 2:
            raise KeyboardInterrupt
        return super().commit_all(many)


def test_run_again_after_a_kill() -> None:
    """Killed between two batches and run again, the books are those of one run."""
    rows = [row(str(n), quantity=n % 7 - 3, day=n // 40 + 1) for n in range(1, 1100)]
    once, killed = MemoryStore(), Killed()
    bring_in_all(rows, once, at=AT)

    with pytest.raises(KeyboardInterrupt):
        bring_in_all(rows, killed, at=AT)
    stored = len(killed.numbers())
    tally = bring_in_all(rows, killed, at=AT)

    assert 0 < stored == tally.booked - tally.new
    assert once.numbers() == killed.numbers()
    assert once.journals(limit=9999) == killed.journals(limit=9999)


PRICES = st.decimals("-20", "20", places=3).map(str)
ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["7", "8", "C9", "C10", "A11", "12"]),
        PRICES,
        st.integers(-30, 30),
        customer=st.sampled_from(["", "1", "2"]),
    ),
    max_size=30,
)


@given(ROWS)
@settings(max_examples=30)
def test_any_source_reconciles(rows: list[Row]) -> None:
    """Whatever the rows, the books and the named roundings give their exact total."""
    store = MemoryStore()

    found = reconcile(bring_in_all(rows, store, at=AT), store)

    assert sum((each.quantity * each.price.per for each in rows), Fraction(0)) == found.rebuilt
    assert found.holds
    assert {0} >= {sides.difference for sides in trial_balance(store.balances())}


# ---- the command -----------------------------------------------------------------------------
def test_command_runs_by_its_path(tmp_path: Path) -> None:
    """In another folder, on a plain CSV file; books appear there under its name."""
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    line = "542806,22423,CAKESTAND ,3,2011-02-01 11:19:00,12.75,12836.0,USA\n"
    (tmp_path / "one.csv").write_text(head + line, "utf-8")

    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "online_retail.py", "one.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "one.csv is in sqlite:///one.db: 1 documents new, 0 known" == done.stdout.splitlines()[0]
    assert "Reconciled: 38.250, to the last digit." in done.stdout
    assert (tmp_path / "one.db").is_file()


def test_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, and one that differs from the books, are told in a sentence."""
    head = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    path, store = tmp_path / "one.csv", f"sqlite:///{tmp_path / 'one.db'}"

    with pytest.raises(SystemExit):
        online_retail.main([str(path)])
    codes = []
    for quantity in (1, 2):
        path.write_text(f"{head}7,A,B,{quantity},2011-02-01 11:19:00,2.5,1.0,USA\n", "utf-8")
        codes.append(online_retail.main([str(path), "--store", store]))

    assert [0, 1] == codes
    errors = capsys.readouterr().err
    assert f"there is no file {path}" in errors
    assert "('online_retail/document/7') was refused" in errors


def test_country_without_debts_is_listed() -> None:
    """A country whose documents cancel out has a line of 0.00, and so has the sum."""
    store = MemoryStore()
    bring_in_all([row("7"), row("C8", quantity=-1)], store, at=AT)

    lines = list(country_lines(store))[2:]

    assert [["Spain", "1", "0.00", "0.00", "0.00"], ["all", "1", "0.00", "0.00", "0.00"]] == [
        line.split() for line in lines
    ]


# ---- the year --------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.skipif(YEAR is None, reason="LEDGERKIT_RETAIL_YEAR names no file of the whole year")
def test_whole_year(tmp_path: Path) -> None:
    """25,900 documents give 9747747.934 to the last digit; 10644560.424 are in no credit note."""
    url = f"sqlite:///{tmp_path / 'year.db'}"
    code, printed = run(Path(str(YEAR)), url)
    with open_books(url) as store:
        found = {"INV": store.numbers("INV"), "CN": store.numbers("CN")}
        (sides,) = trial_balance(store.balances())

    assert 0 == code
    assert "Reconciled: 9,747,747.934, to the last digit." in printed
    assert 0 == sides.difference
    assert {"INV": 19_959, "CN": 3_836} == {series: drawn[-1].n for series, drawn in found.items()}
    assert {"INV": 19_959, "CN": 3_836} == {series: len(drawn) for series, drawn in found.items()}
    assert "zero value       2,102" in printed
    assert "Line roundings: 4, together -0.004, the largest 0.001" in printed
    assert 0 == run(Path(str(YEAR)), url)[0]


def test_weeks_are_read_as_they_are() -> None:
    """Reading loses and adds no row, and the value of each is exact."""
    rows = source(WEEKS)

    assert [value(each) for each in rows] == [
        Decimal(each.value.numerator) / each.value.denominator / 100 for each in read(WEEKS)
    ]
