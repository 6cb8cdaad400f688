"""Documents: print invoices, credit notes and payout statements, keep them, and link them.

The document is stored first and linked second; a crash in between prints it again, the same: a
document shows parties as they were when its record was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import ClassVar, TypeAlias

import attrs

from ledgerkit.documents import Document
from ledgerkit.documents.builders import (
    Letterhead,
    credit_note_document,
    days_of,
    invoice_document,
    payout_document,
)
from ledgerkit.domain.changes import Record, Skipped, Version, skipped
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.document_links import DocumentLink, link
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants import Grant, paid_by_line
from ledgerkit.domain.invoices import ISSUED, PAID, Invoice
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import SUPPLIER, Party
from ledgerkit.domain.payment_plans import CANCELLED, PaymentPlan
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.periods import local_date
from ledgerkit.jobs import steps
from ledgerkit.jobs.host import PortMissing

# Of a letterhead, who reads it and the day its record was stored.
_Draw: TypeAlias = Callable[[Letterhead, Party, date], Document]


@attrs.frozen
class Printed:
    """What a printing did.

    Attributes:
        keys: The keys of the documents stored now.
        skipped: Whose document could not be printed, and why.
    """

    keys: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@attrs.frozen
class PartyNotStored(LedgerkitError):
    """A document is for a party that the books do not know."""

    party: str
    document: str
    code: ClassVar[str] = "party_not_stored"

    def __str__(self) -> str:
        return f"{self.document} is for {self.party!r}, which is not in the books; store the party"


@attrs.frozen
class _Sheet:
    """A document to print: of which record, for whom, under which key."""

    record: Record
    party: str
    key: str
    draw: _Draw


async def print_documents(head: Letterhead, at: datetime) -> Printed:
    """Print what has no document yet: issued invoices and credit notes, and payouts.

    One that cannot be printed is reported and stops no other. An invoice with a payment plan prints
    its instalments. Invoices and credit notes that were
    brought in have their document elsewhere.

    Raises:
        PortMissing: the host has no renderer or no document store.
    """
    links = {v.record.of: v.record.key for v in await steps.find_all(DocumentLink)}
    people: dict[str, tuple[Version[Party], ...]] = {}
    printed, left_out = [], []
    for sheet in await _sheets():
        key = links.get(sheet.record.id, sheet.key)
        linked = sheet.record.id in links
        if linked and await steps.has_document(key):
            continue
        try:
            await _print(attrs.evolve(sheet, key=key), head, people, None if linked else at)
        except PortMissing:
            raise
        except LedgerkitError as error:
            left_out.append(skipped(sheet.party, error))
        else:
            printed.append(key)
    return Printed(tuple(printed), tuple(left_out))


async def _print(
    sheet: _Sheet,
    head: Letterhead,
    people: dict[str, tuple[Version[Party], ...]],
    at: datetime | None,
) -> None:
    """Draw *sheet*, store it and, with *at*, link it."""
    business = head.business
    for id in (sheet.party, business.id):
        if id not in people:
            people[id] = await steps.history(Party, id)
    if not people[sheet.party]:
        raise PartyNotStored(sheet.party, sheet.key)
    stored_at = (await steps.history(type(sheet.record), sheet.record.id))[0].at
    if people[business.id]:
        head = attrs.evolve(head, business=_as_of(people[business.id], stored_at))
    on = local_date(stored_at, head.business.zone)
    document = sheet.draw(head, _as_of(people[sheet.party], stored_at), on)
    await steps.put_document(sheet.key, await steps.render(document))
    if at is not None:
        await steps.commit(link(sheet.record.id, party=sheet.party, key=sheet.key, at=at))


def _as_of(versions: tuple[Version[Party], ...], at: datetime) -> Party:
    """Return the version that was the newest *at* an instant, or the oldest."""
    known = [version.record for version in versions if version.at <= at]
    return known[-1] if known else versions[0].record


async def _sheets() -> tuple[_Sheet, ...]:
    invoices = {v.record.id: v.record for v in await steps.find_all(Invoice)}
    notes = [v.record for v in await steps.find_all(CreditNote)]
    payouts = [v.record for v in await steps.find_all(Payout)]
    paid = paid_by_line([v.record for v in await steps.find_all(Grant)])
    plans = {
        v.record.receivable: v.record
        for v in await steps.find_all(PaymentPlan)
        if v.record.status != CANCELLED
    }
    credited = {note.invoice for note in notes}
    return (
        *(
            _invoice_sheet(_as_asked(i) if i.id in credited else i, invoices, paid, plans.get(i.id))
            for i in invoices.values()
            if _is_ours(i)
        ),
        *(_note_sheet(note, invoices) for note in notes if _is_ours(note)),
        *(_payout_sheet(payout) for payout in payouts),
    )


def _is_ours(document: Invoice | CreditNote) -> bool:
    return document.number is not None and document.reference is None


def _as_asked(invoice: Invoice) -> Invoice:
    """Return *invoice* as it asks for money: what was credited stands on a note of its own.

    One that notes settled was not paid, and must not say so.
    """
    return attrs.evolve(invoice, status=ISSUED) if invoice.status == PAID else invoice


def _number_of(id: str | None, invoices: Mapping[str, Invoice]) -> str | None:
    return None if id is None or id not in invoices else invoices[id].number


def _invoice_sheet(
    invoice: Invoice,
    invoices: Mapping[str, Invoice],
    paid: Mapping[str, tuple[Money, ...]],
    plan: PaymentPlan | None,
) -> _Sheet:
    supplements = _number_of(invoice.supplements, invoices)
    corrects = _number_of(invoice.corrects, invoices)
    parts = (part for line in invoice.lines for part in paid.get(line.id, ()))
    credit = sum_of(parts, invoice.currency)

    def draw(head: Letterhead, customer: Party, _: date) -> Document:
        return invoice_document(
            invoice,
            head=head,
            customer=customer,
            supplements=supplements,
            corrects=corrects,
            # Instalments of what was left to pay are agreed on after the invoice asked for that.
            plan=None if credit.minor or invoice.paid_before is not None else plan,
            credit=credit,
        )

    return _Sheet(invoice, invoice.customer, f"invoices/{invoice.number}.pdf", draw)


def _note_sheet(note: CreditNote, invoices: Mapping[str, Invoice]) -> _Sheet:
    corrects = _number_of(note.invoice, invoices)

    def draw(head: Letterhead, customer: Party, _: date) -> Document:
        return credit_note_document(note, head=head, customer=customer, corrects=corrects)

    return _Sheet(note, note.customer, f"credit_notes/{note.number}.pdf", draw)


def _payout_sheet(payout: Payout) -> _Sheet:
    def draw(head: Letterhead, supplier: Party, on: date) -> Document:
        return payout_document(payout, head=head, supplier=supplier, issued_on=on)

    part = f"-{payout.part}" if payout.part else ""
    # No id has a slash, so that an owner's statement is never a supplier's.
    whose = "" if payout.role == SUPPLIER else f"{payout.role}/"
    name = f"{whose}{payout.supplier}-{payout.currency}{part}"
    return _Sheet(payout, payout.supplier, f"payouts/{days_of(payout.period)}/{name}.pdf", draw)
