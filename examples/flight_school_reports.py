"""What the books of `flight_school.py` say at the end of the term, section by section.

Everything is read from the books, so a second look says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction

import attrs

from examples.books import every, trial_balance
from examples.flight_school_fleet import (
    CARD,
    CURRENCY,
    CUSTOMERS,
    INSTRUCTORS,
    LAST,
    LESSONS,
    LOGO,
    OWNERS,
    SCHOOL,
    SMALL_PRINT,
    ZONE,
    usd,
)
from examples.flight_school_office import STRIPE, days, dollars
from ledgerkit.documents import Document
from ledgerkit.documents.builders import (
    Letterhead,
    account_statement_document,
    invoice_document,
    payout_document,
)
from ledgerkit.domain.adjustments import Adjustment, recent, tally
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.clawbacks import statistics as clawback_totals
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_limits import CreditLimit, check
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Balance, Posted
from ledgerkit.domain.money import ISO, Money
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.domain.rate_cards import RateCard
from ledgerkit.domain.reconciliation import Reconciliation, platform_check, reconciliation_id
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.statements import margins
from ledgerkit.domain.transfers import Transfer
from ledgerkit.domain.webhooks import WebhookEvent
from ledgerkit.ports.store import Store

HEAD = Letterhead(business=SCHOOL, units=ISO, logo=LOGO, footer=SMALL_PRINT)
OCTOBER = Period.month(2026, 10)
NOTHING = usd("0")


def journals(store: Store) -> Iterator[Posted]:
    """Yield all that is posted, in order."""
    seen = 0
    while page := store.journals(after=seen).items:
        yield from page
        seen = page[-1].sequence


def last_look(store: Store) -> Reconciliation:
    """Return the reconciliation of the last night."""
    read = store.load(Reconciliation, reconciliation_id(STRIPE, CURRENCY, on=LAST))
    assert read is not None
    return read.record


# ---- charging --------------------------------------------------------------------------------
def split_lines(store: Store) -> Iterator[str]:
    """Yield the three lines of the seed."""
    read = store.load(Completion, "f-1")
    assert read is not None
    posted = store.journal(read.record.journal or "")
    assert posted is not None
    yield "One hour of flight, three lines"
    for leg in posted.journal.entries:
        yield f"  {leg.wallet:<30}{dollars(leg.amount):>14}"
    total = sum((leg.amount for leg in posted.journal.entries), start=NOTHING)
    yield f"  {'sum':<30}{dollars(total):>14}"


def flight_lines(store: Store) -> Iterator[str]:
    """Yield every flight as it stands after corrections, and who gets what."""
    yield (
        f"{'Flights and lessons':<40}{'Customer':>12}{'Instructor':>12}{'Owner':>12}{'School':>12}"
    )
    for lesson in LESSONS:
        read = store.load(Completion, lesson.work.id)
        assert read is not None
        done = read.record
        legs = {leg.wallet.partition(":")[0]: leg.amount for leg in done.legs}
        parts = (
            legs.get(party, NOTHING) for party in ("customer", "supplier", "owner", "platform")
        )
        hours = ", ".join(f"{kind} {tenths(each)} h" for kind, each in done.done.items())
        what = f"{done.on:%d %b} {done.id} {done.customer}, {hours} {done.equipment or ''}"
        yield f"  {what:<38}" + "".join(f"{dollars(part):>12}" for part in parts)


def tenths(hours: Fraction) -> str:
    """Return hours with one decimal, as meters show them."""
    whole, rest = divmod(int(hours * 10), 10)
    return f"{whole}.{rest}"


def rate_lines(store: Store) -> Iterator[str]:
    """Yield who changed a rate, from when on, and why."""
    yield "Changes of rates"
    for version in store.history(RateCard, CARD)[1:]:
        newest = version.record.rates[-1]
        (old,) = (r for r in version.record.versions(newest.key) if r != newest)
        assert old.rate is not None
        assert newest.rate is not None
        yield (
            f"  {newest.key} from {newest.valid_from}: {dollars(old.rate.times(1))} -> "
            f"{dollars(newest.rate.times(1))}, by {version.actor}: {version.reason}"
        )


def margin_lines(store: Store) -> Iterator[str]:
    """Yield what the school kept."""
    (found,) = margins(journals(store), zone=ZONE, recent=3)
    yield "Margin"
    yield f"  {'flights and lessons charged':<30}{found.charged:>14}"
    for label, shown in (
        ("margin, corrections included", found.margin),
        ("average of one", found.average),
        ("gateway fees and the like", found.other),
    ):
        yield f"  {label:<30}{shown_money(shown):>14}"
    yield "  of the last three"
    for row in found.recent:
        yield f"    {row.on:%d %b} {row.source:<22}{shown_money(row.margin):>14}"


def shown_money(amount: object) -> str:
    """Return an amount of a view, or what stands for a hidden one."""
    return dollars(amount) if isinstance(amount, Money) else str(amount)


# ---- control ---------------------------------------------------------------------------------
def band_lines(store: Store) -> Iterator[str]:
    """Yield how near each customer is to the limit."""
    yield f"{'Credit':<12}{'Owes':>14}{'Limit':>14}  Band"
    balances = store.balances("customer")
    for limit in sorted(every(store, CreditLimit), key=lambda each: each.customer):
        balance = balances.get((limit.wallet, CURRENCY), Balance())
        told = check(limit, balance, NOTHING)
        auto = f", card charged at {limit.charge_at}" if limit.charge_at else ""
        yield (
            f"  {limit.customer:<10}{dollars(told.exposure):>14}{dollars(limit.amount):>14}"
            f"  {told.band}{auto}"
        )


def correction_lines(store: Store) -> Iterator[str]:
    """Yield corrections, what they add up to, and what was clawed back."""
    adjustments = every(store, Adjustment)
    yield f"{'Corrections':<46}{'Customer':>12}{'Instructor':>12}"
    for each in reversed(recent(adjustments, limit=10)):
        by = f", approved by {each.approved_by}" if each.approved_by else ""
        yield (
            f"  {each.completion} {each.reason}{by}".ljust(46)
            + f"{dollars(each.customer_delta):>12}{dollars(each.supplier_delta):>12}"
        )
    for total in tally(adjustments):
        yield (
            f"  {total.count} {total.status}, {total.supplier_side}".ljust(46)
            + f"{dollars(total.customers):>12}{dollars(total.suppliers):>12}"
        )
    yield f"{'Clawbacks':<46}{'Amount':>12}{'Reversed':>12}"
    for sum_ in clawback_totals(every(store, Clawback)):
        yield (
            f"  {sum_.count} {sum_.status} by {sum_.method.replace('_', ' ')}".ljust(46)
            + f"{dollars(sum_.amount):>12}{dollars(sum_.recovered):>12}"
        )


def invoice_lines(store: Store) -> Iterator[str]:
    """Yield what customers were invoiced, and that it is what their flights came to."""
    invoices, notes = every(store, Invoice), every(store, CreditNote)
    yield f"{'Invoices':<28}{'Total':>14}  Status"
    for each in sorted(invoices, key=lambda i: str(i.number)):
        status = each.status.replace("_", " ")
        yield f"  {each.number} {each.customer}".ljust(28) + f"{dollars(each.total):>14}  {status}"
    for note in notes:
        yield f"  {note.number} {note.customer}".ljust(28) + f"{dollars(-note.total):>14}"
    total = sum((each.total for each in invoices), NOTHING)
    total -= sum((note.total for note in notes), NOTHING)
    flown = sum((each.charge for each in every(store, Completion)), NOTHING)
    yield f"  {'sum':<26}{dollars(total):>14}  flights and lessons: {dollars(flown)}"


# ---- money that moved ------------------------------------------------------------------------
def payment_lines(store: Store) -> Iterator[str]:
    """Yield what came in, and what was given back or asked back."""
    yield f"{'Payments':<28}{'Amount':>14}{'Fee of Stripe':>16}"
    for each in sorted(every(store, Payment), key=lambda p: (str(p.received_on), p.id)):
        fee = "" if each.fee is None else dollars(each.fee)
        yield f"  {each.received_on:%d %b} {each.customer:<19}{dollars(each.amount):>14}{fee:>16}"
    for refund in every(store, Refund):
        yield f"  refund to {refund.customer}, {refund.status}: {dollars(refund.amount)}"
    for dispute in every(store, Dispute):
        yield f"  dispute of {dispute.customer}, {dispute.status}: {dollars(dispute.amount)}"


def payout_lines(store: Store) -> Iterator[str]:
    """Yield what instructors and owners were paid by payout."""
    yield f"{'Payouts':<40}{'Earned':>12}{'Fee':>12}  Reference"
    for each in sorted(every(store, Payout), key=lambda p: (p.period.start, p.supplier)):
        fee = NOTHING if each.fee is None else each.fee
        yield (
            f"  {days(each.period)} {each.supplier} {each.status}".ljust(40)
            + f"{dollars(each.total):>12}{dollars(fee):>12}  {each.reference}"
        )


def gateway_lines(store: Store) -> Iterator[str]:
    """Yield that the gateway holds what the books say, and why."""
    look, events = last_look(store), every(store, WebhookEvent)
    counted = Counter(each.status for each in events)
    told = ", ".join(f"{n} {status}" for status, n in sorted(counted.items()))
    missed = {p.changes for p in journals(store) if p.changes.startswith("reconciliation/")}
    yield f"Stripe on {look.on}"
    yield f"  webhooks taken: {told}; lost, and booked by reconciliation: {len(missed)}"
    for label, amount in (
        ("available", look.available),
        ("pending", look.pending),
        ("less what is in flight", -look.explained),
        ("less what the books say", -look.booked),
        ("drift", look.drift),
    ):
        yield f"  {label:<30}{dollars(amount):>14}"
    nights = every(store, Reconciliation)
    clean = sum(1 for each in nights if each.status == "clean")
    yield f"  nights reconciled: {len(nights)}, clean: {clean}"


def platform_lines(store: Store) -> Iterator[str]:
    """Yield the check of the seed, beside the identity that is exact."""
    look = last_look(store)
    checked = platform_check(store.balances(), look.available + look.pending)
    yield "Is the school's wallet what Stripe holds?"
    yield f"  {'Stripe reports':<30}{dollars(checked.reported):>14}"
    yield f"  {'the wallet of the school':<30}{dollars(checked.platform):>14}"
    yield f"  {'difference':<30}{dollars(checked.difference):>14}"
    for kind, amount in checked.explained:
        yield f"    {f'of {kind} wallets':<28}{dollars(amount):>14}"
    yield f"  {'drift':<30}{dollars(checked.drift):>14}"


def trial_balance_lines(store: Store) -> Iterator[str]:
    """Yield the trial balance."""
    return trial_balance(store, CURRENCY, dollars)


REPORTS: tuple[Callable[[Store], Iterator[str]], ...] = (
    split_lines,
    flight_lines,
    rate_lines,
    margin_lines,
    band_lines,
    correction_lines,
    invoice_lines,
    payment_lines,
    payout_lines,
    gateway_lines,
    platform_lines,
    trial_balance_lines,
)


# ---- documents -------------------------------------------------------------------------------
def documents(store: Store) -> Iterator[tuple[str, Document]]:
    """Yield what is worth a look, by the name of its file: payouts, invoices, Ana's account."""
    what = {each.work.id: each for each in LESSONS}
    about = lessons_of(store)
    people = {each.id: each for each in (*CUSTOMERS, *INSTRUCTORS, *OWNERS)}
    for payout in every(store, Payout):
        lines = tuple(
            attrs.evolve(line, item=what[id].what, detail=student(id))
            for line in payout.lines
            for id in (about[line.source],)
        )
        yield (
            f"payout-{payout.supplier}-{payout.period.start}",
            payout_document(
                attrs.evolve(payout, lines=lines),
                head=HEAD,
                supplier=people[payout.supplier],
                issued_on=payout.period.end,
            ),
        )
    for invoice in every(store, Invoice):
        name = f"invoice-{invoice.number}"
        yield name, invoice_document(invoice, head=HEAD, customer=people[invoice.customer])
    ana = people["ana"]
    labels = {id: each.what for id, each in what.items()}
    yield (
        "account-ana-2026-10",
        account_statement_document(
            store.entries(ana.wallet).items,
            head=HEAD,
            party=ana,
            period=OCTOBER,
            opening=NOTHING,
            labels=labels,
        ),
    )


def lessons_of(store: Store) -> dict[str, str]:
    """Return the lesson that each fact is about: itself, or a transfer of what it earned."""
    found = {each.work.id: each.work.id for each in LESSONS}
    adjusted = {each.id: each.completion for each in every(store, Adjustment)}
    for paid in every(store, Transfer):
        lesson = adjusted.get(paid.pays, paid.pays)
        for made in (paid.object, *(back.object for back in paid.reversals)):
            found[f"{STRIPE}:{made}"] = lesson
    return found


def student(lesson: str) -> str:
    """Return who took a lesson."""
    customer = next(each.work.customer for each in LESSONS if each.work.id == lesson)
    return next(each.name for each in CUSTOMERS if each.id == customer)


def end_of_term() -> datetime:
    """Return an instant after all that happened."""
    return datetime(2026, 11, 1, 12, tzinfo=UTC)
