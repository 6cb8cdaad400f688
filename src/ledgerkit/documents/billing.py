"""Invoices and credit notes as documents: what is charged, and what of it is given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from ledgerkit.documents.desk import Desk, Letterhead, open_desk
from ledgerkit.documents.model import (
    CREDIT_NOTE,
    INVOICE,
    Column,
    Document,
    Row,
    TaxLine,
    Total,
)
from ledgerkit.domain.credit_notes import VOID as NOTE_VOID
from ledgerkit.domain.credit_notes import Applied, CreditLine, CreditNote
from ledgerkit.domain.invoices import PAID, VOID, WRITTEN_OFF, Addressee, Invoice, Line
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_plans import CANCELLED, PaymentPlan
from ledgerkit.domain.proration import UNUSED, Basis
from ledgerkit.domain.tax import EXEMPT, STANDARD, TaxAmount

_DAYS = (Basis.ACTUAL_DAYS.value, Basis.FIXED_30.value)


def _reader(customer: Party, billed_to: Addressee | None) -> Party:
    """Return *customer* as the document has kept it, so that it reads the same for ever."""
    return customer if billed_to is None else billed_to.on(customer)


def invoice_document(
    invoice: Invoice,
    *,
    head: Letterhead,
    customer: Party,
    supplements: str | None = None,
    corrects: str | None = None,
    plan: PaymentPlan | None = None,
    credit: Money | None = None,
) -> Document:
    """Return *invoice* as *customer* reads it, with the name it was issued to.

    *supplements* is the number of the invoice it adds to, *corrects* of the one it replaces. Lines
    that a package paid for name it, and a note says how many of its sessions the run left. An
    invoice without a number is shown as a preview. With a *plan* that was not cancelled, its
    instalments stand below the total and take the place of the day the invoice is due. Below it
    stands as well what prepaid *credit* and payments had paid when it was issued, and what is left.

    Raises:
        ValueError: *plan* is of another receivable, or there are both a plan and credit.
    """
    reader = _reader(customer, invoice.billed_to)
    desk = open_desk(head, reader)
    credit = Money.zero(invoice.currency) if credit is None else credit
    plan = _plan_of(invoice, plan, credit)
    paid = Money.zero(invoice.currency) if invoice.paid_before is None else invoice.paid_before
    due = invoice.total - credit - paid
    pay_by = invoice.due_on if due.minor > 0 and plan is None else None
    words = desk.words
    discounts = bool(invoice.discounts)
    taxes = len(invoice.taxes) > 1 and any(line.taxes for line in invoice.lines)
    return Document(
        INVOICE,
        reader.locale,
        words.text("Invoice") if invoice.corrects is None else words.text("Corrected invoice"),
        number=invoice.number or words.text("Preview"),
        issued_on=invoice.issued_on or max(line.on for line in invoice.lines),
        issuer=desk.block("From", head.business),
        recipient=desk.block("Bill to", reader),
        captions=words.captions(),
        facts=tuple(_invoice_facts(desk, invoice, supplements, corrects, pay_by)),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Quantity"), "end"),
            Column(words.text("Unit price"), "end"),
            *((Column(words.text("Discount"), "end"),) if discounts else ()),
            *((Column(words.text("Tax"), "end"),) if taxes else ()),
            Column(words.text("Amount"), "end"),
        ),
        rows=tuple(
            _invoice_row(desk, invoice, line, discounts=discounts, taxes=taxes)
            for line in invoice.lines
        ),
        totals=(*_invoice_totals(desk, invoice, plan), *_prepaid_totals(desk, credit, paid, due)),
        taxes=tuple(_tax_lines(desk, invoice.taxes)),
        notes=(*_invoice_notes(desk, invoice, plan, due), *_tax_notes(desk, invoice.taxes)),
        footer=head.footer,
        logo=head.logo,
    )


def _plan_of(invoice: Invoice, plan: PaymentPlan | None, credit: Money) -> PaymentPlan | None:
    """Return *plan* if the document shows it; raises `ValueError` if it cannot be of *invoice*."""
    if plan is not None and plan.receivable != invoice.id:
        msg = f"payment plan {plan.id!r} is of {plan.receivable!r}, not of {invoice.id!r}"
        raise ValueError(msg)
    if plan is None or plan.status == CANCELLED:
        return None
    if credit.minor:
        msg = f"invoice {invoice.id!r} is paid in instalments; credit of {credit} is none of them"
        raise ValueError(msg)
    return plan


def _invoice_facts(
    desk: Desk,
    invoice: Invoice,
    supplements: str | None,
    corrects: str | None,
    pay_by: date | None,
) -> Iterable[tuple[str, str]]:
    words = desk.words
    if invoice.issued_on is not None:
        yield words.text("Issued on"), desk.day(invoice.issued_on)
    if pay_by is not None:
        yield words.text("Due on"), desk.day(pay_by)
    if invoice.period is not None:
        yield words.text("Period"), desk.period(invoice.period)
    if supplements is not None:
        yield words.text("Adds to invoice"), supplements
    if corrects is not None:
        yield words.text("Replaces invoice"), corrects


def _invoice_row(desk: Desk, invoice: Invoice, line: Line, *, discounts: bool, taxes: bool) -> Row:
    package = "" if line.package is None else _package_of(desk, line, line.package)
    days = "" if line.period in (None, invoice.period) else desk.period(line.period)
    flags = _flags(desk, line)
    small = " · ".join(text for text in (line.detail, days, package, *flags) if text)
    price = ""
    if line.package is None and line.unit_price is not None:
        price = desk.price(line.unit_price, line.amount.currency)
    off = "" if line.discount is None else desk.money(-line.discount)
    cells = (
        desk.day(line.on),
        "\n".join(text for text in (line.item, small) if text),
        desk.ratio(line.quantity),
        price,
        *((off,) if discounts else ()),
        *((_rates(desk, line.taxes),) if taxes else ()),
        desk.money(line.discounted),
    )
    return Row(cells, "normal" if line.package is None else "muted")


def _flags(desk: Desk, line: Line) -> Iterable[str]:
    """Yield what a reader has to know of how a line came about; its trace says so."""
    said = dict(line.trace)
    if line.amount.minor < 0 and said.get("rule") == UNUSED:
        yield desk.words.text("not used")
    days, _, whole = said.get("factor", "").partition("/")
    if days != whole and said.get("basis") in _DAYS:
        yield desk.words.text("{days} of {whole} days", days=days, whole=whole)
    if "estimated" in said:
        yield desk.words.text("estimated")
    if "billed before" in said:
        yield desk.words.text("difference to what was billed before")


def _rates(desk: Desk, taxes: Iterable[TaxAmount]) -> str:
    """Return the rate of each tax of a line; what charges nothing says how."""
    return " + ".join(_rate(desk, tax) for tax in taxes)


def _rate(desk: Desk, tax: TaxAmount) -> str:
    if tax.treatment == STANDARD:
        return desk.percent(tax.rate)
    words = desk.words
    return words.text("Exempt") if tax.treatment == EXEMPT else words.text("Reverse charge")


def _package_of(desk: Desk, line: Line, package: str) -> str:
    ordinal, _, units = dict(line.trace).get("unit", "").partition(" of ")
    if not units:
        return desk.words.text("Package {package}", package=package)
    return desk.words.text(
        "Package {package}, session {ordinal} of {units}",
        package=package,
        ordinal=ordinal,
        units=units,
    )


def _invoice_totals(desk: Desk, invoice: Invoice, plan: PaymentPlan | None) -> Iterable[Total]:
    words = desk.words
    added = [tax for tax in invoice.taxes if not tax.inclusive]
    if invoice.discounts or any(tax.treatment == STANDARD for tax in added):
        yield Total(words.text("Subtotal"), desk.money(invoice.subtotal))
    for off in invoice.discounts:
        share = "" if off.percent is None else desk.percent(off.percent)
        yield Total(f"{off.name} {share}".rstrip(), desk.money(-off.amount))
    if invoice.discounts and added:
        left = invoice.subtotal - invoice.discount
        yield Total(words.text("After discount"), desk.money(left))
    yield from _tax_totals(desk, added)
    yield Total(words.text("Total"), desk.money(invoice.total), strong=True)
    for tax in invoice.taxes:
        if tax.inclusive and tax.treatment == STANDARD:
            name = f"{words.term(tax.code)} {desk.percent(tax.rate)}"
            yield Total(words.text("Includes {tax}", tax=name), desk.money(tax.amount))
    for part in () if plan is None else plan.instalments:
        by = words.text("To be paid by {date}", date=desk.day(part.due_on))
        yield Total(by, desk.money(part.amount))


def _prepaid_totals(desk: Desk, credit: Money, paid: Money, due: Money) -> Iterable[Total]:
    if credit.minor:
        yield Total(desk.words.text("Paid from prepaid credit"), desk.money(-credit))
    if paid.minor:
        yield Total(desk.words.text("Paid before"), desk.money(-paid))
    if credit.minor or paid.minor:
        yield Total(desk.words.text("To be paid"), desk.money(due), strong=True)


def _tax_totals(desk: Desk, taxes: Iterable[TaxAmount]) -> Iterable[Total]:
    for tax in taxes:
        if tax.treatment == STANDARD:
            name = f"{desk.words.term(tax.code)} {desk.percent(tax.rate)}"
            yield Total(name, desk.money(tax.amount))


def _tax_lines(desk: Desk, taxes: Sequence[TaxAmount]) -> Iterable[TaxLine]:
    for tax in taxes:
        yield TaxLine(
            desk.words.term(tax.code),
            _rate(desk, tax),
            desk.money(tax.base),
            amount=desk.money(tax.amount),
        )


def _tax_notes(desk: Desk, taxes: Iterable[TaxAmount]) -> Iterable[str]:
    """Yield why nothing is charged where something could be; the law wants it said."""
    for tax in taxes:
        if tax.treatment == EXEMPT:
            yield desk.words.text("Exempt from tax: {reason}", reason=tax.reason)
        elif tax.treatment != STANDARD:
            yield desk.words.text(
                "Reverse charge, the recipient accounts for the tax: {reason}", reason=tax.reason
            )


def _invoice_notes(
    desk: Desk, invoice: Invoice, plan: PaymentPlan | None, due: Money
) -> Iterable[str]:
    words = desk.words
    if invoice.status == VOID:
        yield words.text("This invoice is void: nothing of it is owed.")
    elif invoice.status == PAID and due.minor > 0:
        yield words.text("Paid in full. Thank you.")
    elif invoice.status == WRITTEN_OFF:
        pass  # nobody waits for the money any more
    elif invoice.total.minor > 0 and due.minor == 0:
        by_credit = words.text("Nothing is due: your prepaid credit paid for it.")
        paid = words.text("Nothing is due: it is paid. Thank you.")
        yield by_credit if invoice.paid_before is None else paid
    elif invoice.total.minor > 0 and invoice.due_on is not None:
        if invoice.number is not None:
            yield _when_to_pay(desk, invoice.due_on, plan)
            yield words.text(
                "Please give {reference} as the reference of your payment.",
                reference=invoice.number,
            )
    elif all(line.package is not None for line in invoice.lines):
        yield words.text("Nothing is due: all sessions are covered by your packages.")
    # What was left is told as the run saw it: a document says the same whenever it is printed.
    left = {line.package: dict(line.trace).get("left") for line in invoice.lines if line.package}
    for id, units in left.items():
        if units is not None:
            name = words.text("Package {package}", package=id)
            yield f"{name}: {words.plural('{n} session left', '{n} sessions left', int(units))}"


def _when_to_pay(desk: Desk, due_on: date, plan: PaymentPlan | None) -> str:
    if plan is None:
        return desk.words.text("Please pay by {date}.", date=desk.day(due_on))
    return desk.words.plural(
        "To be paid in {n} instalment, as agreed.",
        "To be paid in {n} instalments, as agreed.",
        len(plan.instalments),
    )


def credit_note_document(
    note: CreditNote, *, head: Letterhead, customer: Party, corrects: str | None = None
) -> Document:
    """Return *note* as *customer* reads it, with the name on the invoice.

    *corrects* is the number of the invoice, if known. Amounts are what is given back, above zero,
    and taxes come back with them. A note without a number is shown as a preview.
    """
    reader = _reader(customer, note.billed_to)
    desk = open_desk(head, reader)
    words = desk.words
    facts = []
    if note.issued_on is not None:
        facts.append((words.text("Issued on"), desk.day(note.issued_on)))
    if corrects is not None:
        facts.append((words.text("Corrects invoice"), corrects))
    taxes = len(note.taxes) > 1
    return Document(
        CREDIT_NOTE,
        reader.locale,
        words.text("Credit note"),
        number=note.number or words.text("Preview"),
        issued_on=note.issued_on or max(line.on for line in note.lines),
        issuer=desk.block("From", head.business),
        recipient=desk.block("Bill to", reader),
        captions=words.captions(),
        facts=tuple(facts),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            *((Column(words.text("Tax"), "end"),) if taxes else ()),
            Column(words.text("Amount"), "end"),
        ),
        rows=tuple(_credit_row(desk, line, taxes=taxes) for line in note.lines),
        totals=tuple(_credit_totals(desk, note)),
        taxes=tuple(_tax_lines(desk, note.taxes)),
        notes=tuple(_credit_notes(desk, note)),
        footer=head.footer,
        logo=head.logo,
    )


def _credit_row(desk: Desk, line: CreditLine, *, taxes: bool) -> Row:
    cells = (
        desk.day(line.on),
        "\n".join(text for text in (line.item, line.detail) if text),
        *((_rates(desk, line.taxes),) if taxes else ()),
        desk.money(line.amount),
    )
    return Row(cells)


def _credit_totals(desk: Desk, note: CreditNote) -> Iterable[Total]:
    if note.taxes:
        yield Total(desk.words.text("Net amount"), desk.money(note.net))
    yield from _tax_totals(desk, note.taxes)
    yield Total(desk.words.text("Credited"), desk.money(note.total), strong=True)


def _credit_notes(desk: Desk, note: CreditNote) -> Iterable[str]:
    words = desk.words
    yield words.text("Reason: {reason}", reason=words.term(note.reason))
    if note.status == NOTE_VOID:
        yield words.text("This credit note is void: it takes nothing off.")
    elif note.applied is None or note.applied.to_open == note.total:
        yield words.text("This amount is taken off what you owe.")
    else:
        yield from _where_it_went(desk, note.applied)
    yield from _tax_notes(desk, note.taxes)


def _where_it_went(desk: Desk, applied: Applied) -> Iterable[str]:
    words, nothing = desk.words, Money.zero(applied.total.currency)
    if applied.to_open > nothing:
        off = desk.money(applied.to_open)
        yield words.text("{amount} of it is taken off what you owe.", amount=off)
    if applied.to_credit > nothing:
        kept = desk.money(applied.to_credit)
        yield words.text("{amount} is kept as credit for your next invoices.", amount=kept)
    if applied.to_refund > nothing:
        back = desk.money(applied.to_refund)
        yield words.text("{amount} will be paid back to you.", amount=back)
