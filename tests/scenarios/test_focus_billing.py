"""Real cloud usage, billed by account: expected figures are counted from the CSV file, apart."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import attrs
import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import focus_billing
from examples.books import open_books
from examples.focus_billing import METER, SAMPLE, bill_all
from examples.focus_reports import Line, reconcile
from examples.focus_source import ADJUSTMENT, COVERED, CREDIT, USAGE, Record, read
from ledgerkit.adapters.frames import FrameUsage
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import BatchRefused
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import Snapshot, readings
from ledgerkit.ports.store import Store

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEPTEMBER = Period.month(2024, 9)
EXACT = Decimal("20.52022672899")


def source() -> list[dict[str, str]]:
    """Return the rows of the file, as it is."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def account(row: dict[str, str]) -> str:
    """Return the account of a row: the last part of a path."""
    return row["BillingAccountId"].split("/")[-1]


def cents(dollars: Decimal) -> int:
    """Return *dollars* in cents, rounded half up."""
    return int((dollars * 100).quantize(Decimal(1), ROUND_HALF_UP))


def named(row: dict[str, str]) -> bool:
    """Tell whether a row costs something else than price x quantity, to its last digits."""
    if row["ListUnitPrice"] == "NULL":
        return True
    worth = Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"])
    return abs(worth - Decimal(row["BilledCost"])) > Decimal("1e-10")


@attrs.frozen
class Billed:
    """The sample in a database, and what was printed on the way."""

    url: str
    code: int
    printed: str
    invoices: dict[str, Invoice]

    def line(self, start: str) -> list[str]:
        """Return the words after *start* of the printed line that begins with it."""
        (line,) = (each for each in self.printed.splitlines() if each.strip().startswith(start))
        return line.strip().removeprefix(start).split()


def run(path: Path, url: str) -> tuple[int, str]:
    """Return what the example returns and prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = focus_billing.main([str(path), "--store", url, "--all"])
    return code, printed.getvalue()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """Return the records that come with the example, billed in a new database."""
    url = f"sqlite:///{tmp_path_factory.mktemp('focus') / 'focus.db'}"
    code, printed = run(SAMPLE, url)
    with open_books(url) as store:
        found = {each.record.customer: each.record for each in store.find(Invoice).items}
    return Billed(url, code, printed, found)


# ---- the sample ------------------------------------------------------------------------------
def test_total_reconciles_to_the_last_digit(sample: Billed) -> None:
    """20.52022672899 in the records and by the books, every fraction a named rounding."""
    assert EXACT == sum(Decimal(row["BilledCost"]) for row in source())
    assert 0 == sample.code
    assert [f"{EXACT:.18f}"] == sample.line("total of the source, by the books")
    assert [f"{EXACT:.18f}"] == sample.line("total of the source, by its records")
    assert "Reconciled: 20.52022672899, to the last digit." in sample.printed


def test_trial_balance_is_zero(sample: Billed) -> None:
    """What three accounts owe is what the business keeps."""
    with open_books(sample.url) as store:
        (sides,) = trial_balance(store.balances())

    assert (0, 2051) == (sides.difference, sides.debits)
    owed = {account: invoice.total.minor for account, invoice in sample.invoices.items()}
    assert {"1234567890123": 1800, "20209880": 53, "8611537": 198} == owed
    assert ["20.51"] == sample.line("credits")


def test_records_are_sorted(sample: Billed) -> None:
    """34 cost something else than price x quantity; 4 more are covered by a commitment."""
    found = Counter(record.sort for record in read(SAMPLE))

    assert {USAGE: 962, COVERED: 4, CREDIT: 1, ADJUSTMENT: 33} == found
    assert 34 == found[CREDIT] + found[ADJUSTMENT]
    assert 38 == sum(named(row) for row in source())
    assert "34" == str(sum(named(row) and Decimal(row["BilledCost"]) != 0 for row in source()))
    assert ["1,000", "20.52022672899"] == sample.line("all  ")


def test_each_record_alone_would_be_nothing(sample: Billed) -> None:
    """520 of 1,000 are below half a cent; rounded one by one all come to 20.57."""
    costs = [Decimal(row["BilledCost"]) for row in source()]

    assert 520 == sum(cost != 0 and cents(cost) == 0 for cost in costs)
    assert 2057 == sum(cents(cost) for cost in costs)
    assert "  520 of 1,000 records are below half a cent" in sample.printed
    assert ["1,000", "20.57", "0.04977327101"] == sample.line("each record by itself")
    assert ["268", "20.51", "-0.01022672899"] == sample.line("each line, as billed")


def test_one_line_for_each_account_and_sku(sample: Billed) -> None:
    """Quantities are added up exactly, and price x quantity is rounded once."""
    worth = defaultdict[tuple[str, str], Decimal](Decimal)
    quantities = defaultdict[tuple[str, str], Decimal](Decimal)
    for row in (row for row in source() if not named(row)):
        key = account(row), row["SkuId"]
        worth[key] += Decimal(row["ListUnitPrice"]) * Decimal(row["PricingQuantity"])
        quantities[key] += Decimal(row["PricingQuantity"])
    lines = {
        (customer, line.source.split("/")[-1]): line
        for customer, invoice in sample.invoices.items()
        for line in invoice.lines
        if line.kind == USAGE
    }

    assert {key: cents(value) for key, value in worth.items()} == {
        key: line.amount.minor for key, line in lines.items()
    }
    assert {key: Fraction(value) for key, value in quantities.items()} == {
        key: line.quantity for key, line in lines.items()
    }
    assert {key: Fraction(value) * 100 for key, value in worth.items()} == {
        key: line.exact for key, line in lines.items()
    }


def test_tiers_have_no_single_price(sample: Billed) -> None:
    """Three SKUs of one account have two prices; a line of theirs tells both in its trace."""
    prices = defaultdict[tuple[str, str], set[str]](set)
    for row in source():
        if not named(row):
            prices[account(row), row["SkuId"]].add(row["ListUnitPrice"])
    tiers = {
        (customer, line.source.split("/")[-1])
        for customer, invoice in sample.invoices.items()
        for line in invoice.lines
        if line.unit_price is None
    }

    assert {key for key, found in prices.items() if len(found) > 1} == tiers
    assert 3 == len(tiers)


def test_credit_is_a_line_below_zero(sample: Billed) -> None:
    """Promotional credits of 2.6137 take 2.61 off the account that has them."""
    lines = [line for line in sample.invoices["1234567890123"].lines if line.kind == CREDIT]

    assert [(Money(-261, "USD"), Fraction(-26137, 100))] == [
        (line.amount, line.exact) for line in lines
    ]
    assert lines[0].item.endswith("(credit)")


def test_adjustments_name_their_records(sample: Billed) -> None:
    """33 records in 14 lines, each with the ids of its records in the trace."""
    lines = [
        line
        for invoice in sample.invoices.values()
        for line in invoice.lines
        if line.kind == ADJUSTMENT
    ]
    ids = [id for line in lines for id in dict(line.trace)["records"].split()]
    expected = {
        row["Id"]
        for row in source()
        if named(row) and row["ChargeCategory"] != "Credit" and Decimal(row["BilledCost"]) != 0
    }

    assert expected == set(ids)
    assert (33, 14) == (len(ids), len(lines))


def test_what_a_commitment_covers_is_zero(sample: Billed) -> None:
    """Used and paid before: a line of 0.00 that says so."""
    lines = [line for line in sample.invoices["1234567890123"].lines if line.kind == COVERED]

    assert [Money(0, "USD")] * 4 == [line.amount for line in lines]


def test_snapshots_are_kept(sample: Billed) -> None:
    """What was billed can be looked up: meter, period, quantities, how many events."""
    with open_books(sample.url) as store:
        found = {each.record.customer: each.record for each in store.find(Snapshot).items}

    events = Counter(account(row) for row in source() if not named(row))
    assert events == {customer: each.events for customer, each in found.items()}
    assert {1} == {each.part for each in found.values()}
    assert not any(each.pending for each in found.values())


def test_second_run_bills_nothing(sample: Billed) -> None:
    """The same file again: every account is known, and the books stay as they are."""
    code, printed = run(SAMPLE, sample.url)

    assert 0 == code
    assert printed.splitlines()[0].endswith(": 0 accounts new, 3 known")
    assert sample.printed.splitlines()[1:] == printed.splitlines()[1:]


@pytest.mark.parametrize("at", ["2024-09-01", "2024-09-30T23:00:00"])
def test_a_database_adds_up_the_same(at: str) -> None:
    """DuckDB over the same file reads what the domain reads, from text, to the last digit."""
    records = [record for record in read(SAMPLE) if record.sort == USAGE]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE VIEW events AS SELECT Id AS id, 'usage' AS meter, "
        "regexp_extract(BillingAccountId, '[^/]+$') AS customer, "
        "ChargePeriodStart::TIMESTAMPTZ AS occurred_at, "
        "PricingQuantity AS quantity, SkuId AS sku, ListUnitPrice AS price "
        f"FROM read_csv('{SAMPLE}', all_varchar = true)"
    )
    ids = tuple(record.id for record in records)
    relation = connection.table("events").filter(f"id IN {ids}")
    since = datetime.fromisoformat(at).replace(tzinfo=UTC)
    relation = relation.filter(f"occurred_at >= '{since.isoformat()}'")
    events = [record.event for record in records if record.at >= since]
    meter = attrs.evolve(METER, by=("sku",))
    usage = FrameUsage(frame=relation, dimensions=("price", "sku"))

    assert readings(meter, events, period=SEPTEMBER, zone="UTC") == usage.totals(
        meter, period=SEPTEMBER, zone="UTC"
    )


# ---- records that this source does not have --------------------------------------------------
def record(
    id: str, cost: str = "1", *, price: str | None = "1", sku: str = "S", **more: object
) -> Record:
    """Return a record that costs *cost*; its quantity is 1."""
    fields = {
        "account": "7",
        "name": "",
        "provider": "AWS",
        "currency": "USD",
        "at": datetime(2024, 9, 2, tzinfo=UTC),
        "charge": "Usage",
        "description": "an hour",
        "service": "Compute",
        "unit": "Hours",
        "quantity": Fraction(1),
        "committed": False,
    }
    known = None if price is None else Fraction(price)
    return Record(id=id, sku=sku, price=known, cost=Fraction(cost), **{**fields, **more})  # type: ignore[arg-type]  # mixed


def credit(id: str, cost: str) -> Record:
    """Return a credit."""
    return record(id, cost, price=None, sku="PROMO", charge="Credit")


def billed(records: list[Record], store: Store) -> list[tuple[str, Line]]:
    """Return the lines of *records*, billed in *store*."""
    accounts, _ = bill_all(records, store, at=AT)
    return [(account.id, line) for account in accounts for line in account.lines]


def test_more_credit_than_usage_is_a_credit_note() -> None:
    """No invoice is below zero: usage is invoiced, and the credit has a note of its own."""
    store, records = MemoryStore(), [record("1", "2", price="2"), credit("2", "-5.004")]
    lines = billed(records, store)

    assert [Money(200, "USD")] == [each.record.total for each in store.find(Invoice).items]
    (note,) = (each.record for each in store.find(CreditNote).items)
    assert (Money(500, "USD"), "7/2024-09") == (note.total, note.reference)
    assert 300 == store.balance("customer:7", "USD").posted
    assert reconcile(records, lines, store).holds


def test_credit_alone_is_a_credit_note() -> None:
    """Without usage there is no invoice, but a snapshot of nothing and lines that say so."""
    store, records = MemoryStore(), [credit("1", "-3")]
    lines = billed(records, store)

    assert () == store.find(Invoice).items
    assert [300] == [each.record.total.minor for each in store.find(CreditNote).items]
    assert reconcile(records, lines, store).holds


def test_several_months_or_currencies_are_bills_of_their_own() -> None:
    """They are told, and nothing is billed."""
    store = MemoryStore()
    for other in (
        record("2", at=datetime(2024, 10, 1, tzinfo=UTC)),
        record("2", currency="EUR"),
    ):
        with pytest.raises(ValueError, match="one month in USD"):
            bill_all([record("1"), other], store, at=AT)
    assert () == store.numbers()


def test_changed_records_are_refused() -> None:
    """An account that was billed is not billed again for something else."""
    store = MemoryStore()
    billed([record("1")], store)

    with pytest.raises(BatchRefused):
        billed([record("1"), record("2")], store)
    assert 1 == len(store.numbers())


RECORDS = st.lists(
    st.builds(
        lambda id, cost, off, account, sku, hours: record(
            id,
            str(cost + off),
            price=str(cost),
            sku=sku,
            account=account,
            at=datetime(2024, 9, 1, tzinfo=UTC) + timedelta(hours=hours),
        ),
        st.integers(0, 10**6).map(str),
        st.decimals("-2", "2", places=6),
        st.sampled_from([Decimal(0), Decimal("5e-11"), Decimal("-0.004"), Decimal("-1.5")]),
        st.sampled_from(["7", "8"]),
        st.sampled_from(["S", "T"]),
        st.integers(0, 719),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each.id,
)


@given(RECORDS)
@settings(max_examples=30)
def test_any_records_reconcile(records: list[Record]) -> None:
    """Whatever they cost, books and named roundings give their exact total, and balance."""
    store = MemoryStore()
    found = reconcile(records, billed(records, store), store)

    assert sum((each.cost for each in records), Fraction(0)) * 100 == found.rebuilt
    assert found.holds
    assert {0} >= {sides.difference for sides in trial_balance(store.balances())}
    assert all(each.record.total.minor >= 0 for each in store.find(Invoice).items)


# ---- the command -----------------------------------------------------------------------------
def test_command_runs_by_its_path(tmp_path: Path) -> None:
    """In another folder; books appear there under the name of the file."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "focus_billing.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    first = done.stdout.splitlines()[0]
    assert "focus_sample.csv is in sqlite:///focus_sample.db: 3 accounts new, 0 known" == first
    assert "... and 177 more; --all lists them" in done.stdout
    assert (tmp_path / "focus_sample.db").is_file()


def test_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, and one that differs from the books, are told in a sentence."""
    rows, path = source()[:3], tmp_path / "few.csv"
    url = f"sqlite:///{tmp_path / 'few.db'}"
    with pytest.raises(SystemExit):
        focus_billing.main([str(path)])

    codes = []
    for n in (2, 3):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows[:n])
        codes.append(focus_billing.main([str(path), "--store", url]))

    assert [0, 1] == codes
    errors = capsys.readouterr().err
    assert f"there is no file {path}" in errors
    assert "focus_billing/" in errors
