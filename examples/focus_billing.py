"""A cloud bill: thousands of records below a cent, billed exactly, one line for each SKU.

    python examples/focus_billing.py [PATH] [--store URL] [--all]

Without PATH it takes the records that come with it (data/focus, see the attribution there): usage
of three billing accounts as a metering pipeline really delivers it. The books are kept in SQLite,
in a file with the name of PATH in the current folder, unless `--store` says where. Needs
`pip install ledgerkit[sql]`.

Quantities are added up exactly for each account, SKU and price; a line is priced and rounded once.
Records that cost something else than price x quantity become credits and adjustments of their own
name. Run it again: nothing is billed twice. It ends by comparing the books with the source, to the
last digit.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import attrs

if not __package__:  # run by its path, not with -m: the folder above is not searched yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.books import open_books
from examples.focus_reports import Line, show
from examples.focus_source import (
    ADJUSTMENT,
    COVERED,
    CREDIT,
    USAGE,
    Record,
    by_account,
    read,
    total,
)
from ledgerkit.domain import credit_notes, invoices, usage
from ledgerkit.domain.changes import Changes, Decision, Effects, changes_of, request
from ledgerkit.domain.credit_notes import Credited, CreditLine
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Issued, rated_line
from ledgerkit.domain.parties import CUSTOMER, Party
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import Rated, rated
from ledgerkit.domain.usage import SUM, UNCHANGED, Meter
from ledgerkit.ports.store import Store

SAMPLE = Path(__file__).parent / "data" / "focus" / "focus_sample.csv"
ACTOR = "focus_billing"
ZONE = "UTC"
METER = Meter(name=USAGE, aggregation=SUM, by=("price", "sku"), silence=UNCHANGED)
NAMES = {
    COVERED: "covered by a commitment",
    CREDIT: "credit",
    ADJUSTMENT: "adjustment: does not cost price x quantity",
}


# ---- lines -----------------------------------------------------------------------------------
def lines_of(records: Sequence[Record], billed: usage.Billed, *, on: date) -> tuple[Line, ...]:
    """Return the lines of one account: usage by SKU as *billed*, then whatever has another name."""
    prices = defaultdict[str, dict[Fraction, Fraction]](dict)  # sku -> price -> quantity
    for quantity in billed.quantities:
        of = dict(quantity.dimensions)
        prices[of["sku"]][Fraction(of["price"])] = quantity.value
    found = [
        _line(_of(records, USAGE, sku), priced(tiers), billed, on=on)
        for sku, tiers in sorted(prices.items())
    ]
    for sort in (COVERED, CREDIT, ADJUSTMENT):
        for sku in sorted({record.sku for record in records if record.sort == sort}):
            group = _of(records, sort, sku)
            found.append(_line(group, as_it_costs(group), billed, on=on))
    return tuple(found)


def priced(tiers: Mapping[Fraction, Fraction]) -> Rated:
    """Return what the quantities of a SKU come to at their prices, in dollars, rounded once."""
    cents = sum((price * 100 * quantity for price, quantity in tiers.items()), Fraction(0))
    return rated(
        cents,
        "USD",
        quantity=sum(tiers.values(), Fraction(0)),
        unit_price=next(iter(tiers)) * 100 if len(tiers) == 1 else None,
        trace=tuple(("price x quantity", f"{p} x {q}") for p, q in sorted(tiers.items())),
    )


def as_it_costs(group: Sequence[Record]) -> Rated:
    """Return what *group* costs by the word of the source, rounded once."""
    ids = " ".join(record.id for record in group)
    cents = total(group) * 100
    return rated(
        cents, "USD", quantity=Fraction(1), unit_price=cents, trace=(("records", ids[:4000]),)
    )


def _of(records: Iterable[Record], sort: str, sku: str) -> list[Record]:
    return [record for record in records if (record.sort, record.sku) == (sort, sku)]


def _line(group: Sequence[Record], amount: Rated, billed: usage.Billed, *, on: date) -> Line:
    """Return the line of *group*, records of one account, SKU and sort."""
    first = group[0]
    items = {record.description for record in group}
    item = first.description if len(items) == 1 else f"{first.sku}, in tiers"
    remark = NAMES.get(first.sort)
    line = rated_line(
        f"{billed.snapshot.id}/{first.sort}/{first.sku}",
        amount,
        item=f"{item} ({remark})" if remark else item,
        detail=f"{first.sku}, {len(group)} records of {first.service}, in {first.unit}",
        on=on,
        period=billed.snapshot.period,
        kind=first.sort,
        part=billed.part,
    )
    # The source rounds each record; that is no rounding of ours, and has a name of its own.
    rounded = total(group) * 100 - line.exact if first.sort == USAGE else Fraction(0)
    return Line(first.sort, line, rounded)


# ---- decisions -------------------------------------------------------------------------------
def documents(
    account: str, lines: Sequence[Line], *, period: Period, at: datetime
) -> list[Decision]:
    """Return *lines* as an invoice, or the credits among them as a note if they are the most."""
    every = [each.line for each in lines]
    if sum(line.amount.minor for line in every) >= 0:
        return [issued(account, every, period=period, at=at)]
    given = [line for line in every if line.amount.minor < 0]
    charged = [line for line in every if line.amount.minor >= 0]
    note = credited(account, given, period=period, at=at)
    return [issued(account, charged, period=period, at=at), note] if charged else [note]


def issued(account: str, lines: Sequence[invoices.Line], *, period: Period, at: datetime) -> Issued:
    """Return the invoice of *lines*, due at once: the source names no terms."""
    draft = Invoice(
        id=derive("inv", ACTOR, account, str(period), on=period.end),
        customer=account,
        currency="USD",
        lines=tuple(lines),
        cycle="calendar",
        period=period,
    )
    return invoices.issue(draft, on=period.end, due_on=period.end, at=at)


def credited(
    account: str, lines: Sequence[invoices.Line], *, period: Period, at: datetime
) -> Credited:
    """Return the credit note of *lines* that give back more than the account was charged."""
    return credit_notes.imported(
        f"{account}/{period.start:%Y-%m}",
        customer=account,
        currency="USD",
        lines=tuple(
            CreditLine(
                id=derive("crl", line.id, on=line.on),
                line=None,
                source=line.source,
                item=line.item,
                detail=line.detail,
                on=line.on,
                amount=-line.amount,
            )
            for line in lines
        ),
        reason="credits beyond what was used",
        on=period.end,
        at=at,
    )


@attrs.frozen
class Known:
    """An account that is billed for the first time."""

    party: Party

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.party,))


def known(records: Sequence[Record]) -> Known:
    """Return the account of *records* as a customer."""
    first = records[0]
    name = f"{first.name or 'Account ' + first.account}, {first.provider}"
    return Known(Party(id=first.account, role=CUSTOMER, name=name, currency=first.currency))


@attrs.frozen
class Account:
    """One account as it is billed."""

    id: str
    lines: tuple[Line, ...]
    changes: Changes


def bill(account: str, records: Sequence[Record], *, period: Period, at: datetime) -> Account:
    """Return everything about one account: its lines, and what to store, once."""
    metered = [record.event for record in records if record.sort == USAGE]
    found = usage.readings(METER, metered, period=period, zone=ZONE)
    taken = usage.take(
        METER,
        found[0] if found else None,
        customer=account,
        period=period,
        zone=ZONE,
        previous=None,
    )
    billed = usage.bill(taken.snapshot)
    lines = lines_of(records, billed, on=period.last)
    end = datetime(period.end.year, period.end.month, period.end.day, tzinfo=UTC)
    changes = changes_of(
        known(records),
        billed,
        *documents(account, lines, period=period, at=end),
        key=f"{ACTOR}/{account}/{period}",
        request=request(
            "focus.bill", account=account, records=len(records), cost=str(total(records))
        ),
        actor=ACTOR,
        reason="usage of the month",
        at=at,
    )
    return Account(account, lines, changes)


def bill_all(records: Sequence[Record], store: Store, *, at: datetime) -> tuple[list[Account], int]:
    """Commit the bill of every account to *store*; return them, and how many are new.

    Raises:
        ValueError: *records* are of several months or currencies, which are bills of their own.
        BatchRefused: an account was billed for other records.
    """
    months = {(record.at.year, record.at.month, record.currency) for record in records}
    if len(months) != 1 or {record.currency for record in records} != {"USD"}:
        msg = f"one month in USD is billed at a time (got {sorted(months)})"
        raise ValueError(msg)
    (year, month, _) = months.pop()
    period = Period.month(year, month)
    accounts = [
        bill(account, group, period=period, at=at) for account, group in by_account(records).items()
    ]
    done = store.commit_all(tuple(account.changes for account in accounts))
    return accounts, sum(not each.replayed for each in done)


# ---- the command -----------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    """Bill the source and print what the books say; return 0 if both come to the same."""
    parser = argparse.ArgumentParser(description="Bill cloud usage records of FOCUS.")
    parser.add_argument("path", nargs="?", type=Path, default=SAMPLE, help="CSV file")
    parser.add_argument("--store", help="where to keep the books (default: sqlite:///<name>.db)")
    parser.add_argument("--all", action="store_true", help="list every rounding")
    given = parser.parse_args(arguments)
    if not given.path.is_file():
        parser.error(f"there is no file {given.path}")
    url = given.store or f"sqlite:///{given.path.stem}.db"
    records = list(read(given.path))
    try:
        with open_books(url) as store:
            accounts, new = bill_all(records, store, at=datetime.now(UTC))
            print(f"{given.path.name} is in {url}: {new} accounts new, {len(accounts) - new} known")
            lines = [(account.id, line) for account in accounts for line in account.lines]
            return show(records, lines, store, every=given.all)
    except (LedgerkitError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
