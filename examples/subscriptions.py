"""A software house bills a spring of subscriptions, usage and trainings. (seed 004)

    python examples/subscriptions.py [PATH] [--out FOLDER]

Every morning from 1 March to 1 May it bills what is due and collects what is to be paid; in
between customers upgrade, downgrade, pause, leave, and one is suspended until it pays. At the end
it prints the invoices and credit notes line by line, what the upgrade was said to cost before, who
decided what, which subscriptions renew next and for how much, and the trial balance. The books are
kept in SQLite at PATH, or in memory without one; run it again and nothing is billed twice. An
upgrade, an invoice of all sorts of things and a credit note are drawn as PDFs in FOLDER (default:
foliant). Needs `pip install ledgerkit[sql,pdf]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

if not __package__:  # run by its path, not with -m: the folder above is not searched yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.books import every, open_books, trial_balance
from examples.subscription_customers import (
    CURRENCY,
    FIRST,
    FOLIANT,
    LAST,
    LOGO,
    PARTIES,
    PAYS_LATE,
    PAYS_ON,
    POLICY,
    PRICES,
    SMALL_PRINT,
    WISHES,
    ZONE,
    Wish,
    agreed,
    month,
    usage_events,
)
from ledgerkit.adapters.memory import MemoryUsage
from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.documents import Document, formats
from ledgerkit.documents.builders import Letterhead, credit_note_document, invoice_document
from ledgerkit.domain.changes import Decision, Effects, changes_of, request
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.grants import Grant, paid_by_line
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.money import ISO, Money, sum_of
from ledgerkit.domain.periods import Period
from ledgerkit.domain.subscriptions import Subscription, renewals
from ledgerkit.jobs.billing_run import Asked, run_due
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.subscriptions import amend_subscription, preview_amendment
from ledgerkit.jobs.verification import verify
from ledgerkit.ports.store import Store

HEAD = Letterhead(business=FOLIANT, units=ISO, logo=LOGO, footer=SMALL_PRINT)
MARCH = Period.month(2026, 3)
BANK = "cash:bank"
RENEWAL_DAYS = 32
WORTH_SHOWING = {
    ("brenner", date(2026, 3, 15)),
    ("galerie", date(2026, 3, 15)),
    ("iris", date(2026, 4, 1)),
}
RUN = "billing run"  # the actor of runs


@attrs.frozen
class Stored:
    """What this host wants stored, beside what the verbs of the library do."""

    effects: Effects


@attrs.frozen
class Morning:
    """A clock that stands still: the instant of one run."""

    at: datetime

    @classmethod
    def of(cls, on: date) -> Morning:
        """Return six in the morning of a day in Vienna."""
        return cls(datetime.combine(on, time(6), ZoneInfo(ZONE)))

    def now(self) -> datetime:
        """Return the instant."""
        return self.at


# ---- the spring ----------------------------------------------------------------------------------
def spring(store: Store) -> None:
    """Let it all happen, day by day."""
    commit(store, *agreed(), Stored(Effects(records=(FOLIANT, *PARTIES, PRICES))), of="agreed")
    asked, usage = Asked(month=month(), period=MARCH, policy=POLICY), MemoryUsage(usage_events())
    for n in range((LAST - FIRST).days + 1):
        on = FIRST + timedelta(n)
        host = Host(store=store, clock=Morning.of(on), usage=usage)
        run(run_due(asked), host)
        collect(store, on=on)
        for wish in WISHES:
            if wish.on == on:
                fulfil(wish, asked, host)


def fulfil(wish: Wish, asked: Asked, host: Host) -> None:
    """Do what somebody asked for; of an upgrade, say first what it will cost."""
    id = f"sub-{wish.customer}"
    if wish.verb == "upgrade" and not is_done(wish, host.store):
        preview = run(preview_amendment(asked, id, wish.decide), host)
        print(
            f"{wish.on}: the upgrade will cost {wish.customer} {euros(preview.due)} now, with VAT"
        )
    amendment = amend_subscription(
        asked, id, wish.decide, key=wish.verb, actor=wish.actor, reason=wish.reason
    )
    run(amendment, host)


def is_done(wish: Wish, store: Store) -> bool:
    """Return whether the books say so already."""
    done = store.history(Subscription, f"sub-{wish.customer}")
    return any((version.actor, version.reason) == (wish.actor, wish.reason) for version in done)


def collect(store: Store, *, on: date) -> None:
    """Let everybody who has an invoice due pay what they owe, but one: bank -x, customer +x."""
    due = {invoice.customer for invoice in every(store, Invoice) if invoice.due_on == on}
    due -= {PAYS_LATE}
    for customer in sorted(due | ({PAYS_LATE} if on == PAYS_ON else set())):
        wallet = f"customer:{customer}"
        owed = Money(-store.balance(wallet, CURRENCY).posted, CURRENCY)
        if owed.minor <= 0:
            continue
        journal = Journal(
            id=derive("jrn", "payment.captured", customer, on=on),
            kind="payment.captured",
            entries=(Entry(BANK, -owed), Entry(wallet, owed)),
            effective_at=Morning.of(on).at,
            event=Event("payment", f"{customer}/{on}"),
        )
        opens = (Wallet(BANK), Wallet(wallet))
        paid = Stored(Effects(journals=(journal,), opens=opens))
        commit(store, paid, of=f"{customer}/{on}", on=on)


def commit(store: Store, *decisions: Decision, of: str, on: date = FIRST) -> None:
    """Store *decisions* once."""
    changes = changes_of(
        *decisions,
        key=f"foliant/{of}",
        request=request("foliant", of=of),
        actor="foliant",
        reason=of,
        at=Morning.of(on).at,
    )
    store.commit(changes)


# ---- reports -------------------------------------------------------------------------------------
def euros(amount: Money) -> str:
    """Return *amount* as it is written in English."""
    return formats.money(amount, "en_IE", ISO)


def invoice_lines(store: Store) -> Iterator[str]:
    """Yield the invoices in the order of their numbers, each line with its days."""
    for invoice in sorted(every(store, Invoice), key=lambda each: each.number or ""):
        yield from _head(invoice)
        for line in invoice.lines:
            days = "" if line.period is None else f"{line.period.start} to {line.period.last}"
            yield _row(line.item, days, line.amount)
        for discount in invoice.discounts:
            yield _row(discount.name, "", -discount.amount)
        for tax in invoice.taxes:
            yield _row(tax.reason or "VAT", "", tax.amount)


def credit_note_lines(store: Store) -> Iterator[str]:
    """Yield the credit notes in the order of their numbers."""
    for note in sorted(every(store, CreditNote), key=lambda each: each.number or ""):
        yield from _head(note)
        for line in note.lines:
            yield _row(line.item, note.reason, line.amount)
        for tax in note.taxes:
            yield _row("VAT", "", tax.amount)


def _head(document: Invoice | CreditNote) -> Iterator[str]:
    heading = f"{document.number}  {document.issued_on}  {document.customer}"
    yield f"{heading:<64}{euros(document.total):>11}"


def _row(what: str, detail: str, amount: Money) -> str:
    return f"  {f'{what:<34}{detail}':<62}{euros(amount):>11}"


def audit_lines(store: Store) -> Iterator[str]:
    """Yield who changed which subscription, when and why; of runs only where the status moved."""
    yield "Who decided what"
    changed = [
        (now.at, now.record.customer, now)
        for subscription in every(store, Subscription)
        for before, now in pairwise(store.history(Subscription, subscription.id))
        if now.actor != RUN or now.record.status != before.record.status
    ]
    for at, customer, now in sorted(changed, key=lambda each: each[:2]):
        yield f"  {at:%d %b}  {customer:<12}{now.record.status:<11}{now.actor:<16}{now.reason}"


def renewal_lines(store: Store) -> Iterator[str]:
    """Yield which subscriptions renew next, and what a run will bill of them before tax."""
    yield f"Renewals in the {RENEWAL_DAYS} days from {LAST}"
    for renewal in renewals(every(store, Subscription), on=LAST, days=RENEWAL_DAYS):
        yield f"  {renewal.on}  {renewal.subscription.customer:<12}{euros(renewal.amount):>10}"


def credit_lines(store: Store) -> Iterator[str]:
    """Yield what is left of credit that was paid in advance."""
    for grant in every(store, Grant):
        yield (
            f"Credit of {grant.customer}: {euros(grant.amount)} paid in advance, "
            f"{euros(grant.remaining)} left"
        )


def trial_balance_lines(store: Store) -> Iterator[str]:
    """Yield the trial balance."""
    return trial_balance(store, CURRENCY, euros)


REPORTS = (
    invoice_lines,
    credit_note_lines,
    audit_lines,
    renewal_lines,
    credit_lines,
    trial_balance_lines,
)


def draw(store: Store, folder: Path) -> Iterator[Path]:
    """Draw the upgrade, the invoice of all sorts of things and a credit note into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer = TypstRenderer(accent="#5b2a4e")
    for document in documents(store):
        path = folder / f"{document.number}.pdf"
        path.write_bytes(renderer.render(document))
        yield path


def documents(store: Store) -> Iterator[Document]:
    """Yield what is worth a look."""
    people = {party.id: party for party in PARTIES}
    numbers = {invoice.id: invoice.number for invoice in every(store, Invoice)}
    paid = paid_by_line(every(store, Grant))
    for invoice in every(store, Invoice):
        if (invoice.customer, invoice.issued_on) in WORTH_SHOWING:
            parts = (part for line in invoice.lines for part in paid.get(line.id, ()))
            credit, customer = sum_of(parts, CURRENCY), people[invoice.customer]
            yield invoice_document(invoice, head=HEAD, customer=customer, credit=credit)
    for note in every(store, CreditNote):
        if (note.customer, note.issued_on) in WORTH_SHOWING:
            charged = None if note.invoice is None else numbers[note.invoice]
            customer = people[note.customer]
            yield credit_note_document(note, head=HEAD, customer=customer, corrects=charged)


# ---- the command ---------------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    """Bill the spring and print what came of it."""
    parser = argparse.ArgumentParser(description="Bill the subscriptions of a software house.")
    parser.add_argument("path", nargs="?", type=Path, help="books in SQLite (default: in memory)")
    parser.add_argument("--out", type=Path, default=Path("foliant"), help="folder of the PDFs")
    given = parser.parse_args(arguments)
    with open_books(given.path) as store:
        spring(store)
        verified = run(verify(), Host(store=store, clock=Morning.of(LAST)))
        drawn = sorted(draw(store, given.out))
        for report in REPORTS:
            print(*report(store), "", sep="\n")
    print(f"Verified: {verified.journals} journals, {len(verified.problems)} problems")
    print(f"PDF: {', '.join(path.name for path in drawn)} ({given.out})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
