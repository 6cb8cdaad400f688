"""An academy in Madrid: students who enrol on time, early and late, billed by cycle. (seed 003)

    python examples/academy.py [PATH] [--out FOLDER]

From 20 December to 1 April it enrols students, bills each cycle as it opens, collects and, at the
end, prints what everybody was told on joining, the invoices and the trial balance. The student of
15 March owes three cycles of a class that began on 1 January: 150.00, paid in two parts. The
books are kept in SQLite at PATH, or in memory without one; run it again and nothing is billed
twice. The invoice of each enrolment is drawn as a PDF in FOLDER (default: academia). Needs
`pip install ledgerkit[sql,pdf]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import attrs

if not __package__:  # run by its path, not with -m: the folder above is not searched yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.academy_classes import (
    ACADEMY,
    CURRENCY,
    DIRECT_DEBIT,
    LATE,
    LOGO,
    SMALL_PRINT,
    ZONE,
    enrolments,
    families,
)
from examples.books import every, open_books, trial_balance
from ledgerkit.adapters.typst import TypstRenderer
from ledgerkit.documents import formats
from ledgerkit.documents.builders import Letterhead, catch_up_message, invoice_document
from ledgerkit.domain import invoices
from ledgerkit.domain.changes import Changes, Decision, Effects, Series, changes_of, request
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import Invoice, Line, charge_line
from ledgerkit.domain.late_joiners import Enrolled, Enrolment, charges
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.money import ISO, Money, sum_of
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_plans import (
    PaymentPlan,
    agree_on,
    instalment_dates,
    overdue,
    owed,
)
from ledgerkit.domain.periods import Period, local_date
from ledgerkit.ports.store import Store

Step: TypeAlias = Callable[[], object]

ACTOR = "secretaría"
INVOICES = Series("F", "{series}-{year}-{n:4}", reset="year")
FIRST, LAST = date(2025, 12, 20), date(2026, 4, 1)
BANK = "cash:bank"
PAID = "payment.captured"
HEAD = Letterhead(business=ACADEMY, units=ISO, logo=LOGO, footer=SMALL_PRINT)


# ---- decisions -------------------------------------------------------------------------------
@attrs.frozen
class Stored:
    """What this host wants stored, beside what the verbs of the library do."""

    effects: Effects


def commit(store: Store, decision: Decision, *, verb: str, of: str, at: datetime) -> Changes:
    """Store *decision* once, under a key of verb and subject; return it as it is stored."""
    changes = changes_of(
        decision,
        key=f"academy/{verb}/{of}",
        request=request(verb, of=of),
        actor=ACTOR,
        reason=verb,
        at=at,
    )
    return store.commit(changes).filled(changes)


def join(store: Store, enrolled: Enrolled, *, at: datetime) -> None:
    """Enrol a student and bill what is due on joining; the late family pays it in two parts."""
    enrolment = enrolled.enrolment
    commit(store, enrolled, verb="enrol", of=enrolment.id, at=at)
    bill(store, enrolment, at=at)
    if enrolment.customer == LATE and enrolment.cycle is not None:
        invoice = joining_invoice(store, enrolment)
        dates = instalment_dates(enrolment.cycle, 2, on=enrolment.enrolled_on)
        agreed = agree_on(invoice, dates)
        commit(store, agreed, verb="agree", of=agreed.plan.id, at=at)
        first = agreed.plan.instalments[0].amount
        pay(store, LATE, first, what=f"{invoice.id}/1", at=at)


def bill(store: Store, enrolment: Enrolment, *, at: datetime) -> None:
    """Issue an invoice of the cycles of *enrolment* that have none yet."""
    on = local_date(at, ZONE)
    billed = {line.id for each in invoices_of(store, enrolment.customer) for line in each.lines}
    due = charges(enrolment, as_of=on)
    lines = [charge_line(charge) for charge in due]
    if new := tuple(line for line in lines if line.id not in billed):
        draft = Invoice(
            id=derive("inv", enrolment.id, new[0].part, on=on),
            customer=enrolment.customer,
            currency=CURRENCY,
            lines=new,
            cycle="" if enrolment.cycle is None else enrolment.cycle.kind,
            period=period_of(new),
        )
        due_on = max(on, due[-1].due_on)
        issued = invoices.issue(draft, on=on, due_on=due_on, at=at, series=INVOICES)
        commit(store, issued, verb="issue", of=draft.id, at=at)


def period_of(lines: Sequence[Line]) -> Period | None:
    """Return the days that *lines* are for, or None for what has none."""
    spans = [line.period for line in lines if line.period is not None]
    return Period(spans[0].start, spans[-1].end) if spans else None


def run(store: Store, *, at: datetime) -> None:
    """Bill the cycles that opened, every morning, and collect what is due."""
    for enrolment in every(store, Enrolment):
        bill(store, enrolment, at=at)
    for invoice in every(store, Invoice):
        known = Event("payment", invoice.id) in store.posted_events([Event("payment", invoice.id)])
        due = invoice.due_on is not None and invoice.due_on <= local_date(at, ZONE)
        if due and not known and invoice.customer in DIRECT_DEBIT:
            pay(store, invoice.customer, invoice.total, what=invoice.id, at=at)


def pay(store: Store, customer: str, amount: Money, *, what: str, at: datetime) -> None:
    """Record that *customer* paid *amount* for *what*, once: bank -x, customer +x."""
    journal = Journal(
        id=derive("jrn", PAID, what, on=local_date(at, ZONE)),
        kind=PAID,
        entries=(Entry(BANK, -amount), Entry(f"customer:{customer}", amount)),
        effective_at=at,
        event=Event("payment", what),
    )
    opens = tuple(Wallet(leg.wallet) for leg in journal.entries)
    commit(store, Stored(Effects(journals=(journal,), opens=opens)), verb="pay", of=what, at=at)


# ---- what the books say ----------------------------------------------------------------------
def invoices_of(store: Store, customer: str) -> tuple[Invoice, ...]:
    """Return the invoices of *customer*."""
    return tuple(found.record for found in store.find(Invoice, party=customer).items)


def joining_invoice(store: Store, enrolment: Enrolment) -> Invoice:
    """Return the first invoice of *enrolment*."""
    found = [i for i in invoices_of(store, enrolment.customer) if i.lines[0].source == enrolment.id]
    return min(found, key=lambda invoice: invoice.issued_on or date.max)


def paid_by(store: Store, customer: str) -> Money:
    """Return all that *customer* paid."""
    lines = store.entries(f"customer:{customer}").items
    return sum_of((line.amount for line in lines if line.kind == PAID), CURRENCY)


# ---- the winter ------------------------------------------------------------------------------
def winter(store: Store) -> None:
    """Let it all happen, in the order of time."""
    zone = ZoneInfo(ZONE)
    for party in (ACADEMY, *families()):
        at = datetime.combine(FIRST, time(), zone)
        known = Stored(Effects(records=(party,)))
        commit(store, known, verb="get_to_know", of=party.id, at=at)
    steps: list[tuple[datetime, Step]] = [
        (at, partial(join, store, enrolled, at=at)) for at, enrolled in enrolments()
    ]
    for n in range((LAST - FIRST).days + 1):
        at = datetime.combine(FIRST + timedelta(n), time(6), zone)
        steps.append((at, partial(run, store, at=at)))
    for _, step in sorted(steps, key=lambda each: each[0]):
        step()


# ---- reports ---------------------------------------------------------------------------------
def euros(amount: Money) -> str:
    """Return *amount* as it is written in Spain."""
    return formats.money(amount, "es", ISO)


def day(on: date | None) -> str:
    """Return a day as it is written in Spain, nothing for none."""
    return "" if on is None else formats.day(on, "es")


def joining_lines(store: Store) -> Iterator[str]:
    """Yield what each family was told when it enrolled somebody."""
    people = {party.id: party for party in every(store, Party)}
    yield "Altas"
    for enrolment in sorted(every(store, Enrolment), key=lambda e: (e.enrolled_on, e.student)):
        told = catch_up_message(enrolment.catch_up, head=HEAD, customer=people[enrolment.customer])
        who = f"{enrolment.student}, {enrolment.class_name}"
        yield f"  {day(enrolment.enrolled_on):<12}  {who:<38}  {told}"


def invoice_lines(store: Store) -> Iterator[str]:
    """Yield the invoices in the order of their numbers."""
    yield "Facturas"
    for invoice in sorted(every(store, Invoice), key=lambda each: each.number or ""):
        what = f"{invoice.lines[0].detail}, {invoice.lines[0].item}"
        count = f"{len(invoice.lines)} x" if len(invoice.lines) > 1 else ""
        yield (
            f"  {invoice.number}  {day(invoice.issued_on):<12}  vence {day(invoice.due_on):<12}"
            f"  {count:>3} {what:<38}  {euros(invoice.total):>10}"
        )


def plan_lines(store: Store) -> Iterator[str]:
    """Yield what the late family owes at the end: the instalment and the fee on top. (C-9)"""
    (plan,) = every(store, PaymentPlan)
    paid = paid_by(store, plan.customer)
    fees = [
        (invoice.due_on, invoice.total)
        for invoice in invoices_of(store, plan.customer)
        if invoice.id != plan.receivable and invoice.due_on is not None
    ]
    now = owed([(plan, paid)], fees, on=LAST, currency=CURRENCY)
    late = overdue(plan, on=LAST + timedelta(1), paid=paid)
    yield "Plan de pagos"
    for part in plan.instalments:
        yield f"  {day(part.due_on):<12}  {euros(part.amount):>10}"
    yield f"  pagado        {euros(paid):>10}"
    yield (
        f"  El {day(LAST)} debe {euros(now.instalments)} del plan y {euros(now.regular)} de cuota: "
        f"{euros(now.total)}"
    )
    missed = sum_of((part.open for part in late), CURRENCY)
    yield f"  Si no paga, desde el día siguiente está vencido un plazo: {euros(missed)}"


def trial_balance_lines(store: Store) -> Iterator[str]:
    """Yield the trial balance in Spanish."""
    words = ("Balance de comprobación", "Debe", "Haber", "suma", "diferencia")
    return trial_balance(store, CURRENCY, euros, words=words)


def draw(store: Store, folder: Path) -> Iterator[Path]:
    """Draw the first invoice of each enrolment into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    renderer = TypstRenderer(accent="#12575c")
    plans = {plan.receivable: plan for plan in every(store, PaymentPlan)}
    people = {party.id: party for party in every(store, Party)}
    for enrolment in every(store, Enrolment):
        invoice = joining_invoice(store, enrolment)
        customer = people[invoice.customer]
        document = invoice_document(
            invoice, head=HEAD, customer=customer, plan=plans.get(invoice.id)
        )
        told = catch_up_message(enrolment.catch_up, head=HEAD, customer=customer)
        document = attrs.evolve(document, notes=(told, *document.notes))
        path = folder / f"{invoice.number}.pdf"
        path.write_bytes(renderer.render(document))
        yield path


# ---- the command -----------------------------------------------------------------------------
def main(arguments: Sequence[str] | None = None) -> int:
    """Bill the winter and print what came of it."""
    parser = argparse.ArgumentParser(description="Bill the winter of an academy.")
    parser.add_argument("path", nargs="?", type=Path, help="books in SQLite (default: in memory)")
    parser.add_argument("--out", type=Path, default=Path("academia"), help="folder of the PDFs")
    given = parser.parse_args(arguments)
    with open_books(given.path) as store:
        winter(store)
        drawn = sorted(draw(store, given.out))
        reports = (joining_lines, invoice_lines, plan_lines, trial_balance_lines)
        for report in reports:
            print(*report(store), "", sep="\n")
    print(f"PDF: {', '.join(path.name for path in drawn)} ({given.out})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
