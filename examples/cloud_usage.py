"""A cloud platform: three customers billed for what they used, every 30 days. (seed 001)

    python examples/cloud_usage.py [PATH] [--out FOLDER]

Every morning from 1 January to 1 April it bills the periods that have closed, from the files in
`data/cloud`, and charges what is due on cards. In the second period nothing is heard from one
customer: it is billed by the period before, the line says so, and when the truth arrives the
difference is on the next invoice. An event that came two days after its period was billed is
charged likewise. At the end it prints every line and how it came about, what the customers had
used halfway through a period, notices and the trial balance. The books are kept in SQLite at PATH,
or in memory without one; run it again and nothing is billed twice. The invoices of the customer
with the estimate are drawn as PDFs in FOLDER (default: cloud). Needs
`pip install ledgerkit[sql,pdf]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

if not __package__:  # run by its path, not with -m: the folder above is not searched yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.books import every, open_books, trial_balance
from examples.cloud_platform import (
    CURRENCY,
    FIRST,
    LAST_DAY,
    LOGO,
    PLATFORM,
    SMALL_PRINT,
    ZONE,
    Received,
    customers,
    plan_of,
    price_list,
    usage_received,
)
from ledgerkit.adapters.memory import MemoryUsage
from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.documents import formats
from ledgerkit.documents.builders import Letterhead, invoice_document
from ledgerkit.domain import invoices
from ledgerkit.domain.changes import (
    Changes,
    Decision,
    Effects,
    Expect,
    Record,
    Series,
    Versioned,
    changes_of,
    expect,
    request,
)
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Issued, Line, charge_line
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.money import ISO, Money, Rate
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import Period
from ledgerkit.domain.rate_plans import RatePlan, bill, days_to_date, periods_due, to_date
from ledgerkit.domain.usage import MeterUse, Quantity, Reading, Snapshot, by_category, spike
from ledgerkit.ports.store import Store
from ledgerkit.ports.usage_source import UsageSource

ACTOR = "billing"
INVOICES = Series("LC", "{series}-{year}-{n:4}", reset="year")
TERMS = timedelta(days=14)
CARDS = "gateway:cards"
HALFWAY = date(2026, 3, 17)
ESTIMATED = "harbor"  # of whom nothing is heard for a while
HEAD = Letterhead(business=PLATFORM, units=ISO, logo=LOGO, footer=SMALL_PRINT)


# ---- decisions -------------------------------------------------------------------------------
@attrs.frozen
class Stored:
    """What this host wants stored, beside what the verbs of the library do."""

    effects: Effects


def commit(
    store: Store,
    *decisions: Decision,
    verb: str,
    of: str,
    at: datetime,
    expects: tuple[Expect, ...] = (),
) -> Changes:
    """Store *decisions* once, under a key of verb and subject; return them as they are stored."""
    changes = changes_of(
        *decisions,
        key=f"cloud/{verb}/{of}",
        request=request(verb, of=of),
        actor=ACTOR,
        reason=verb,
        at=at,
        expects=expects,
    )
    return store.commit(changes).filled(changes)


def bill_customer(
    store: Store, usage: UsageSource, read: Versioned[RatePlan], *, on: date, at: datetime
) -> None:
    """Bill what is due of a plan: an invoice for each period, and all of it or nothing."""
    plan = read.record
    due = periods_due(plan, on=on)
    if not due:
        return
    known = store.find(Snapshot, party=plan.customer).items
    periods = sorted({each.record.period for each in known} | set(due))
    billed = bill(
        plan,
        on=on,
        price_list=price_list(),
        readings=readings(usage, plan, *periods),
        snapshots=[each.record for each in known],
    )
    if billed.skipped is not None:
        print(f"{on}: {billed.skipped.subject} waits: {billed.skipped.reason}")
    if billed.effects == Effects():
        return
    issued = [
        issue(plan, tuple(together), on=on, at=at)
        for _, together in groupby(billed.charges, key=lambda charge: charge.due_on)
    ]
    changed = {each.id for each in billed.snapshots}
    base = (expect(read), *(expect(each) for each in known if each.record.id in changed))
    commit(store, billed, *issued, verb="bill", of=f"{plan.id}/{on}", at=at, expects=base)


def readings(usage: UsageSource, plan: RatePlan, *periods: Period) -> tuple[Reading, ...]:
    """Return what the meters of *plan* say of its customer."""
    return tuple(
        reading
        for period in periods
        for meter in plan.meters
        for reading in usage.totals(meter, period=period, zone=plan.zone, customers={plan.customer})
    )


def issue(plan: RatePlan, charges: Sequence[Charge], *, on: date, at: datetime) -> Issued:
    """Return the invoice of what is due on one day: a period, and what is left of earlier ones."""
    period = charges[-1].period
    # What came late is the last to be read.
    charges = sorted(charges, key=lambda charge: charge.period != period)
    draft = Invoice(
        id=derive("inv", plan.id, on=charges[0].due_on),
        customer=plan.customer,
        currency=plan.currency,
        lines=tuple(charge_line(charge) for charge in charges),
        cycle=plan.cycle.kind,
        period=period,
    )
    return invoices.issue(draft, on=on, due_on=on + TERMS, at=at, series=INVOICES)


def collect(store: Store, *, on: date, at: datetime) -> None:
    """Charge the card of everybody who has an invoice due, once: gateway -x, customer +x."""
    for invoice in every(store, Invoice):
        event = Event("payment", invoice.id)
        due = invoice.due_on is not None and invoice.due_on <= on
        if not due or event in store.posted_events([event]):
            continue
        journal = Journal(
            id=derive("jrn", "payment.captured", invoice.id, on=on),
            kind="payment.captured",
            entries=(
                Entry(CARDS, -invoice.total),
                Entry(f"customer:{invoice.customer}", invoice.total),
            ),
            effective_at=at,
            event=event,
        )
        opens = tuple(Wallet(leg.wallet) for leg in journal.entries)
        paid = Stored(Effects(journals=(journal,), opens=opens))
        commit(store, paid, verb="collect", of=invoice.id, at=at)


# ---- the quarter -----------------------------------------------------------------------------
def known_on(received: Sequence[Received], on: date) -> MemoryUsage:
    """Return the usage that had come in by the end of a day."""
    return MemoryUsage(each.event for each in received if each.on <= on)


def quarter(store: Store) -> None:
    """Let it all happen, day by day."""
    received, prices = usage_received(), price_list()
    plans = tuple(plan_of(party, prices) for party in customers())
    known: tuple[Record, ...] = (PLATFORM, *customers(), prices, *plans)
    commit(store, Stored(Effects(records=known)), verb="begin", of="2026", at=morning(FIRST))
    for n in range((LAST_DAY - FIRST).days + 1):
        on = FIRST + timedelta(n)
        usage = known_on(received, on)
        for read in sorted(store.find(RatePlan).items, key=lambda each: each.record.customer):
            bill_customer(store, usage, read, on=on, at=morning(on))
        collect(store, on=on, at=morning(on))


def morning(on: date) -> datetime:
    """Return when the run of a day starts."""
    return datetime.combine(on, time(6), ZoneInfo(ZONE))


# ---- reports ---------------------------------------------------------------------------------
def dollars(amount: Money) -> str:
    """Return *amount* as it is written in the United States."""
    return formats.money(amount, "en_US", ISO)


def invoice_lines(store: Store) -> Iterator[str]:
    """Yield the invoices in the order of their numbers, each line with how it came about."""
    people = {party.id: party for party in every(store, Party)}
    for invoice in sorted(every(store, Invoice), key=lambda each: each.number or ""):
        name = people[invoice.customer].name
        yield (f"{invoice.number}  {invoice.issued_on}  {name:<24}{dollars(invoice.total):>37}")
        for line in invoice.lines:
            yield f"  {f'{line.item} {line.detail}':<29}{how(line):<51}{dollars(line.amount):>10}"


def how(line: Line) -> str:
    """Return how the amount of *line* came about."""
    said = dict(line.trace)
    text = f"{formats.ratio(line.quantity, 'en_US')} x "
    if line.unit_price is not None:
        text += formats.price(Rate(line.unit_price, CURRENCY), "en_US", ISO)
    if "estimated" in said:
        text += ", estimated"
    if "billed before" in said and line.period is not None:
        text += f", difference of {days_of(line.period)}"
    return text


def days_of(period: Period) -> str:
    """Return the days of *period*, both included."""
    return f"{period.start} to {period.last}"


def usage_lines(store: Store) -> Iterator[str]:
    """Yield what everybody had used halfway through the last period, and what it would cost."""
    usage = known_on(usage_received(), HALFWAY - timedelta(1))
    for plan in sorted(every(store, RatePlan), key=lambda plan: plan.customer):
        days = days_to_date(plan, as_of=HALFWAY)
        read = readings(usage, plan, days) if days is not None else ()
        told = to_date(plan, as_of=HALFWAY, price_list=price_list(), readings=read)
        if told is not None:
            yield f"{plan.customer}, {days_of(told.period)}: {dollars(told.total)}"
        for found in by_category(plan.meters, read):
            used = ", ".join(_said(use, each) for use in found.uses for each in use.quantities)
            yield f"  {found.category:<10}{used}"


def _said(use: MeterUse, quantity: Quantity) -> str:
    number = formats.ratio(quantity.value, "en_US")
    words = (number, *(value for _, value in quantity.dimensions), use.unit)
    return " ".join(word for word in words if word)


def notice_lines(store: Store) -> Iterator[str]:
    """Yield whose usage was far above the usual; the run left a notice of it in the outbox."""
    for plan in every(store, RatePlan):
        snapshots = [found.record for found in store.find(Snapshot, party=plan.customer).items]
        for item in plan.items:
            of = [each for each in snapshots if item.meter and each.meter == item.meter.name]
            for notice in (spike(each, of, policy=item.spike) for each in of if item.spike):
                if notice is not None:
                    told = dict(notice.body)
                    days = days_of(Period.parse(told["period"]))
                    yield (
                        f"Notice to {plan.customer}: {told['used']} of {told['meter']}, {days}, "
                        f"after {told['mean']}"
                    )


def trial_balance_lines(store: Store) -> Iterator[str]:
    """Yield the trial balance."""
    return trial_balance(store, CURRENCY, dollars)


def draw(store: Store, folder: Path) -> Iterator[Path]:
    """Draw the invoices of the customer with the estimate into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer = TypstRenderer(accent="#1f3a5f")
    people = {party.id: party for party in every(store, Party)}
    for found in store.find(Invoice, party=ESTIMATED).items:
        invoice = found.record
        document = invoice_document(invoice, head=HEAD, customer=people[invoice.customer])
        path = folder / f"{invoice.number}.pdf"
        path.write_bytes(renderer.render(document))
        yield path


# ---- the command -----------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    """Bill the quarter and print what came of it."""
    parser = argparse.ArgumentParser(description="Bill the usage of a cloud platform.")
    parser.add_argument("path", nargs="?", type=Path, help="books in SQLite (default: in memory)")
    parser.add_argument("--out", type=Path, default=Path("cloud"), help="folder of the PDFs")
    given = parser.parse_args(arguments)
    with open_books(given.path) as store:
        quarter(store)
        drawn = sorted(draw(store, given.out))
        for report in (invoice_lines, usage_lines, notice_lines, trial_balance_lines):
            print(*report(store), "", sep="\n")
    print(f"PDF: {', '.join(path.name for path in drawn)} ({given.out})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
