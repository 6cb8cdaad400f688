"""Billing records, package ledgers and histories: lists of what the books hold, as views.

(seed 000: billing records, package ledgers, billing cycles)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import date, datetime
from typing import Any

import attrs

from ledgerkit.domain.changes import Version
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.packages import ACTIVE, LOW, Package, Threshold
from ledgerkit.domain.parties import PAYEE_WALLETS
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import Period
from ledgerkit.domain.statements.views import Shown, View


@attrs.frozen(kw_only=True)
class BillingRecord(View):
    """One document of the billing: an invoice, a credit note or a payout.

    Attributes:
        kind: `invoice`, `credit_note` or `payout`.
        id: The id of the record.
        number: Its document number, or None.
        party: The customer or payee.
        on: Its date: of issue, or the first day of a payout's period.
        period: What it bills, or None.
        status: Its status.
        total: Its total; of a credit note, what is given back.
    """

    kind: str
    id: str
    number: str | None
    party: str
    on: date | None
    period: Period | None
    status: str
    total: Shown


def billing_records(
    *,
    invoices: Iterable[Invoice] = (),
    credit_notes: Iterable[CreditNote] = (),
    payouts: Iterable[Payout] = (),
    since: date | None = None,
    until: date | None = None,
    party: str | None = None,
    customer: str | None = None,
    supplier: str | None = None,
    earners: Mapping[str, Set[str]] | None = None,
    status: str | None = None,
) -> tuple[BillingRecord, ...]:
    """Return the records that fit every filter given, dated *since* <= day < *until*.

    They stand by date, kind and number. A *party* is who a document is addressed to. A *customer*
    has invoices and credit notes; a *supplier*, or owner, has payouts, the invoices with a
    line whose journal paid it, and the credit notes that give back such a line. *earners* tells who
    earned by each journal, as `earners_of` reads it from the books; with a *supplier*, invoices and
    credit notes need it, and credit notes need their invoices among *invoices*. A credit note
    without an invoice gives back no line of a payee. (seed 000: filtering by date
    range, parent and tutor)

    Raises:
        ValueError: a *supplier* is asked for among invoices or credit notes without *earners*, or
            the invoice of a credit note is missing.
    """
    invoices, credit_notes = tuple(invoices), tuple(credit_notes)
    if supplier is not None:
        payouts = (p for p in payouts if p.supplier == supplier)
        invoices, credit_notes = _earned(supplier, invoices, credit_notes, earners)
    if customer is not None:
        payouts = ()
        invoices = tuple(i for i in invoices if i.customer == customer)
        credit_notes = tuple(n for n in credit_notes if n.customer == customer)
    wanted = (
        r
        for r in _records(invoices, credit_notes, payouts)
        if (party is None or r.party == party)
        and (status is None or r.status == status)
        and (since is None or (r.on is not None and r.on >= since))
        and (until is None or (r.on is not None and r.on < until))
    )
    return tuple(sorted(wanted, key=lambda r: (r.on or date.min, r.kind, r.number or "", r.id)))


def earners_of(journals: Iterable[Journal]) -> dict[str, frozenset[str]]:
    """Return the ids of the payees who earned by each of *journals*, by the journal's id.

    Who earns has a leg on a wallet `supplier:<id>` or `owner:<id>`; journals by which nobody does
    are left out.
    """
    found = {
        journal.id: frozenset(
            entry.wallet.partition(":")[2]
            for entry in journal.entries
            if entry.wallet.startswith(PAYEE_WALLETS)
        )
        for journal in journals
    }
    return {journal: earners for journal, earners in found.items() if earners}


def _earned(
    supplier: str,
    invoices: tuple[Invoice, ...],
    notes: tuple[CreditNote, ...],
    earners: Mapping[str, Set[str]] | None,
) -> tuple[tuple[Invoice, ...], tuple[CreditNote, ...]]:
    """Return the invoices and credit notes with a line by which *supplier* earned."""
    if earners is None:
        if invoices or notes:
            msg = f"who earned by an invoice is in its journals; pass earners (for {supplier!r})"
            raise ValueError(msg)
        earners = {}
    lines = {
        invoice.id: {x.id for x in invoice.lines if supplier in earners.get(x.journal or "", ())}
        for invoice in invoices
    }
    missing = [note.id for note in notes if note.invoice is not None and note.invoice not in lines]
    if missing:
        msg = f"what a credit note gives back is in its invoice; pass it too (for {missing[0]!r})"
        raise ValueError(msg)
    paid = frozenset[str | None]().union(*lines.values())
    return (
        tuple(invoice for invoice in invoices if lines[invoice.id]),
        tuple(note for note in notes if any(line.line in paid for line in note.lines)),
    )


def _records(
    invoices: Iterable[Invoice], credit_notes: Iterable[CreditNote], payouts: Iterable[Payout]
) -> list[BillingRecord]:
    records = [
        BillingRecord(
            kind="invoice",
            id=i.id,
            number=i.number,
            party=i.customer,
            on=i.issued_on,
            period=i.period,
            status=i.status,
            total=i.total,
        )
        for i in invoices
    ]
    records += [
        BillingRecord(
            kind="credit_note",
            id=n.id,
            number=n.number,
            party=n.customer,
            on=n.issued_on,
            period=None,
            status=n.status,
            total=n.total,
        )
        for n in credit_notes
    ]
    records += [
        BillingRecord(
            kind="payout",
            id=p.id,
            number=None,
            party=p.supplier,
            on=p.period.start,
            period=p.period,
            status=p.status,
            total=p.total,
        )
        for p in payouts
    ]
    return records


@attrs.frozen(kw_only=True)
class PackageLedger(View):
    """The units of one package: purchased is redeemed + expired + remaining.

    Attributes:
        package: Its id.
        customer: The id of the customer.
        purchased: Units bought.
        redeemed: Units used, those before these books included.
        expired: Units forfeited.
        returned: How often a unit was given back.
        remaining: Units left.
        expires_on: The first local day it does not pay for, or None.
        deferred: The value of what is left.
        low: Whether it is active and few are left.
    """

    package: str
    customer: str
    purchased: int
    redeemed: int
    expired: int
    returned: int
    remaining: int
    expires_on: date | None
    deferred: Shown
    low: bool


def package_ledgers(
    packages: Iterable[Package], *, threshold: Threshold = LOW
) -> tuple[PackageLedger, ...]:
    """Return the units of each package, by customer and id; expired ones are never low."""
    return tuple(
        PackageLedger(
            package=p.id,
            customer=p.customer,
            purchased=p.units,
            redeemed=p.used,
            expired=p.forfeited,
            returned=len(p.returned),
            remaining=p.remaining,
            expires_on=p.expires_on,
            deferred=p.deferred,
            low=p.status == ACTIVE and threshold.is_low(p.remaining, of=p.units),
        )
        for p in sorted(packages, key=lambda p: (p.customer, p.id))
    )


@attrs.frozen(kw_only=True)
class HistoryRow(View):
    """One step in the life of a record: status, who, why and when."""

    id: str
    version: int
    status: str
    actor: str
    reason: str
    at: datetime


def history_rows(versions: Iterable[Version[Any]]) -> tuple[HistoryRow, ...]:
    """Return the steps of a record that has a status, such as a billing cycle or a payout."""
    return tuple(
        HistoryRow(
            id=v.record.id,
            version=v.version,
            status=v.record.status,
            actor=v.actor,
            reason=v.reason,
            at=v.at,
        )
        for v in versions
    )
