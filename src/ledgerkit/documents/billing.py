"""Invoices and credit notes as documents: what is charged, and what of it is given back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ledgerkit.documents import formats
from ledgerkit.documents.desk import Desk, Letterhead, open_desk
from ledgerkit.documents.model import INVOICE, Column, Document, Row, TaxLine, Total
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payment_plans import CANCELLED, PaymentPlan


def invoice_document(
    invoice: Invoice,
    *,
    head: Letterhead,
    customer: Party,
    supplements: str | None = None,
    plan: PaymentPlan | None = None,
) -> Document:
    """Return *invoice* as *customer* reads it; *supplements* is the number of the one it adds to.

    Lines that a package paid for name it, and a note says how many of its sessions the run left.
    An invoice without a number is shown as a preview. With a *plan* that was not cancelled, its
    instalments stand below the total and take the place of the day the invoice is due.

    Raises:
        ValueError: *plan* is of another receivable.
    """
    desk = open_desk(head, customer)
    if plan is not None and plan.receivable != invoice.id:
        msg = f"payment plan {plan.id!r} is of {plan.receivable!r}, not of {invoice.id!r}"
        raise ValueError(msg)
    plan = None if plan is None or plan.status == CANCELLED else plan
    words = desk.words
    return Document(
        INVOICE,
        customer.locale,
        words.text("Invoice"),
        number=invoice.number or words.text("Preview"),
        issued_on=invoice.issued_on or max(line.on for line in invoice.lines),
        issuer=desk.block("From", head.business),
        recipient=desk.block("Bill to", customer),
        captions=words.captions(),
        facts=tuple(_invoice_facts(desk, invoice, supplements, plan)),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Quantity"), "end"),
            Column(words.text("Unit price"), "end"),
            Column(words.text("Amount"), "end"),
        ),
        rows=tuple(_invoice_row(desk, line) for line in invoice.lines),
        totals=tuple(_invoice_totals(desk, invoice, plan)),
        taxes=tuple(_tax_lines(desk, invoice)),
        notes=tuple(_invoice_notes(desk, invoice, plan)),
        footer=head.footer,
        logo=head.logo,
    )


def _invoice_facts(
    desk: Desk, invoice: Invoice, supplements: str | None, plan: PaymentPlan | None
) -> Iterable[tuple[str, str]]:
    words = desk.words
    if invoice.issued_on is not None:
        yield words.text("Issued on"), desk.day(invoice.issued_on)
    if invoice.due_on is not None and invoice.total.minor > 0 and plan is None:
        yield words.text("Due on"), desk.day(invoice.due_on)
    if invoice.period is not None:
        yield words.text("Period"), desk.period(invoice.period)
    if supplements is not None:
        yield words.text("Adds to invoice"), supplements


def _invoice_row(desk: Desk, line: Line) -> Row:
    package = "" if line.package is None else _package_of(desk, line, line.package)
    period = "" if line.period is None else desk.period(line.period)
    flags = _flags(desk, line)
    small = " · ".join(text for text in (line.detail, period, package, *flags) if text)
    price = ""
    if line.package is None and line.unit_price is not None:
        price = desk.price(line.unit_price, line.amount.currency)
    cells = (
        desk.day(line.on),
        "\n".join(text for text in (line.item, small) if text),
        desk.ratio(line.quantity),
        price,
        desk.money(line.amount),
    )
    return Row(cells, "normal" if line.package is None else "muted")


def _flags(desk: Desk, line: Line) -> Iterable[str]:
    """Yield what a reader has to know of a line of usage; its trace says so."""
    said = dict(line.trace)
    if "estimated" in said:
        yield desk.words.text("estimated")
    if "billed before" in said:
        yield desk.words.text("difference to what was billed before")


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
    if invoice.taxes:
        yield Total(words.text("Subtotal"), desk.money(invoice.subtotal))
    for tax in invoice.taxes:
        rate = formats.percent(tax.rate, desk.reader.locale)
        yield Total(f"{tax.code} {rate}", desk.money(tax.amount))
    yield Total(words.text("Total"), desk.money(invoice.total), strong=True)
    for part in () if plan is None else plan.instalments:
        by = words.text("To be paid by {date}", date=desk.day(part.due_on))
        yield Total(by, desk.money(part.amount))


def _tax_lines(desk: Desk, invoice: Invoice) -> Iterable[TaxLine]:
    for tax in invoice.taxes:
        yield TaxLine(
            tax.code,
            formats.percent(tax.rate, desk.reader.locale),
            desk.money(tax.base),
            amount=desk.money(tax.amount),
        )


def _invoice_notes(desk: Desk, invoice: Invoice, plan: PaymentPlan | None) -> Iterable[str]:
    words = desk.words
    if invoice.total.minor > 0 and invoice.due_on is not None:
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
    """Return *note* as *customer* reads it; *corrects* is the number of its invoice, if known.

    Amounts are what is given back, above zero. A note without a number is shown as a preview.
    """
    desk = open_desk(head, customer)
    words = desk.words
    facts = []
    if note.issued_on is not None:
        facts.append((words.text("Issued on"), desk.day(note.issued_on)))
    if corrects is not None:
        facts.append((words.text("Corrects invoice"), corrects))
    return Document(
        INVOICE,
        customer.locale,
        words.text("Credit note"),
        number=note.number or words.text("Preview"),
        issued_on=note.issued_on or max(line.on for line in note.lines),
        issuer=desk.block("From", head.business),
        recipient=desk.block("Bill to", customer),
        captions=words.captions(),
        facts=tuple(facts),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Amount"), "end"),
        ),
        rows=tuple(
            Row(
                (
                    desk.day(line.on),
                    "\n".join(text for text in (line.item, line.detail) if text),
                    desk.money(line.amount),
                )
            )
            for line in note.lines
        ),
        totals=(Total(words.text("Credited"), desk.money(note.total), strong=True),),
        notes=(
            words.text("Reason: {reason}", reason=words.text(note.reason)),
            words.text("This amount is taken off what you owe."),
        ),
        footer=head.footer,
        logo=head.logo,
    )
