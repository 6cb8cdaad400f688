"""Builders: records as documents, every number computed and written in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import attrs

from ledgerkit.documents import formats
from ledgerkit.documents.model import (
    ACCOUNT_STATEMENT,
    INVOICE,
    PAYOUT_STATEMENT,
    Block,
    Column,
    Document,
    Row,
    TaxLine,
    Total,
)
from ledgerkit.documents.words import Words
from ledgerkit.domain.invoices import Invoice, Line
from ledgerkit.domain.ledger import EntryLine
from ledgerkit.domain.money import Money, Units, sum_of
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period, local_date


@attrs.frozen(kw_only=True)
class Letterhead:
    """What all documents of a business share.

    Attributes:
        business: The party that issues them.
        units: The currencies of their amounts.
        logo: A PNG or SVG, or None.
        footer: Small print on every page.
        words: Folders with catalogs of the host's own words.
    """

    business: Party
    units: Units
    logo: bytes | None = None
    footer: str = ""
    words: tuple[Path, ...] = ()


@attrs.frozen
class _Desk:
    """One reader's language, with the letterhead."""

    head: Letterhead
    reader: Party
    words: Words

    def money(self, amount: Money) -> str:
        return formats.money(amount, self.reader.locale, self.head.units)

    def day(self, on: date) -> str:
        return formats.day(on, self.reader.locale)

    def period(self, period: Period) -> str:
        if period == Period.month(period.start.year, period.start.month):
            return formats.month(period.start, self.reader.locale)
        last = period.end - timedelta(days=1)
        return formats.days(period.start, last, self.reader.locale)

    def quantity(self, value: Fraction) -> str:
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return formats.quantity(exact, self.reader.locale)

    def unit_price(self, line: Line) -> str:
        """The price of one: to the cent where it is whole cents, with all its digits below."""
        price = line.unit_price
        if price.denominator == 1:
            return self.money(Money(price.numerator, line.amount.currency))
        exponent = self.head.units.exponent(line.amount.currency)
        return self.quantity(price / 10**exponent)

    def block(self, label: str, party: Party) -> Block:
        tax = () if party.tax_id is None else (self.words.text("Tax ID {id}", id=party.tax_id),)
        mail = () if party.email is None else (party.email,)
        return Block(self.words.text(label), party.name, (*party.address, *tax, *mail))


def _desk(head: Letterhead, reader: Party) -> _Desk:
    return _Desk(head, reader, Words(reader.locale, head.words))


def invoice_document(invoice: Invoice, *, head: Letterhead, customer: Party) -> Document:
    """Return *invoice* as *customer* reads it.

    Lines that a package paid for name it, and a note says how many of its sessions the run left.
    An invoice without a number is shown as a preview.
    """
    desk = _desk(head, customer)
    words = desk.words
    issued_on = invoice.issued_on or date.min
    facts = [(words.text("Issued on"), desk.day(issued_on))]
    if invoice.due_on is not None and invoice.total.minor > 0:
        facts.append((words.text("Due on"), desk.day(invoice.due_on)))
    if invoice.period is not None:
        facts.append((words.text("Period"), desk.period(invoice.period)))
    totals = [Total(words.text("Subtotal"), desk.money(invoice.subtotal))]
    totals += [Total(f"{words.text('Tax')} {t.code}", desk.money(t.amount)) for t in invoice.taxes]
    totals.append(Total(words.text("Total"), desk.money(invoice.total), strong=True))
    return Document(
        INVOICE,
        customer.locale,
        words.text("Invoice"),
        number=invoice.number or words.text("Preview"),
        issued_on=issued_on,
        issuer=desk.block("From", head.business),
        recipient=desk.block("Bill to", customer),
        captions=words.captions(),
        facts=tuple(facts),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Quantity"), "end"),
            Column(words.text("Unit price"), "end"),
            Column(words.text("Amount"), "end"),
        ),
        rows=tuple(_invoice_row(desk, line) for line in invoice.lines),
        totals=tuple(totals),
        taxes=tuple(
            TaxLine(
                t.code,
                formats.percent(t.rate, customer.locale),
                desk.money(t.base),
                amount=desk.money(t.amount),
            )
            for t in invoice.taxes
        ),
        notes=tuple(_invoice_notes(desk, invoice)),
        footer=head.footer,
        logo=head.logo,
    )


def _invoice_row(desk: _Desk, line: Line) -> Row:
    about = [line.item, line.detail]
    if line.package is not None:
        about.append(desk.words.text("Package {package}", package=line.package))
    price = desk.unit_price(line) if line.package is None else ""
    return Row(
        (
            desk.day(line.on),
            "\n".join(text for text in about if text),
            desk.quantity(line.quantity),
            price,
            desk.money(line.amount),
        ),
        "normal" if line.package is None else "muted",
    )


def _invoice_notes(desk: _Desk, invoice: Invoice) -> Iterable[str]:
    words = desk.words
    if invoice.total.minor > 0 and invoice.due_on is not None:
        yield words.text("Please pay by {date}.", date=desk.day(invoice.due_on))
        if invoice.number is not None:
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


def payout_document(
    payout: Payout, *, head: Letterhead, supplier: Party, issued_on: date
) -> Document:
    """Return *payout* as *supplier* reads it: every session and incentive it pays."""
    desk = _desk(head, supplier)
    words = desk.words
    bonus = [line for line in payout.lines if _is_incentive(line, payout.lines)]
    incentives = sum_of((line.amount for line in bonus), payout.currency)
    totals = [
        Total(words.text("Sessions"), desk.money(payout.total - incentives)),
        Total(words.text("Incentives"), desk.money(incentives)),
        Total(words.text("Your payout"), desk.money(payout.total), strong=True),
    ]
    return Document(
        PAYOUT_STATEMENT,
        supplier.locale,
        words.text("Payout statement"),
        number=payout.id,
        issued_on=issued_on,
        issuer=desk.block("From", head.business),
        recipient=desk.block("Pay to", supplier),
        captions=words.captions(),
        facts=(
            (words.text("Issued on"), desk.day(issued_on)),
            (words.text("Period"), desk.period(payout.period)),
            *(
                ()
                if payout.reference is None
                else ((words.text("Payment reference"), payout.reference),)
            ),
        ),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Student")),
            Column(words.text("Amount"), "end"),
        ),
        rows=tuple(
            Row(
                (
                    desk.day(line.on),
                    words.text("Incentive") if line in bonus else (line.item or line.source),
                    line.detail,
                    desk.money(line.amount),
                ),
                "muted" if line in bonus else "normal",
            )
            for line in payout.lines
        ),
        totals=tuple(totals if incentives.minor else totals[-1:]),
        footer=head.footer,
        logo=head.logo,
    )


def _is_incentive(line: PayoutLine, lines: Iterable[PayoutLine]) -> bool:
    # A session's first leg on the supplier's wallet is the rate, the second what incentives add.
    if line.kind == "incentive.earned":
        return True
    return any(o.journal == line.journal and o.line < line.line for o in lines)


def account_statement_document(
    lines: Iterable[EntryLine],
    *,
    head: Letterhead,
    party: Party,
    period: Period,
    opening: Money,
) -> Document:
    """Return the statement of *party*'s wallet over *period*, from the *opening* balance on.

    *lines* are those of the period in one currency, in order; their running balances are shown
    as they are.
    """
    desk = _desk(head, party)
    words = desk.words
    shown = tuple(lines)
    closing = shown[-1].running if shown else opening
    rows = [Row(("", words.text("Opening balance"), "", desk.money(opening)), "strong")]
    rows += [
        Row(
            (
                desk.day(local_date(line.effective_at, party.zone)),
                "\n".join((line.kind, "" if line.event is None else line.event.id)).strip(),
                desk.money(line.amount),
                desk.money(line.running),
            )
        )
        for line in shown
    ]
    return Document(
        ACCOUNT_STATEMENT,
        party.locale,
        words.text("Account statement"),
        number=party.id,
        issued_on=period.end,
        issuer=desk.block("From", head.business),
        recipient=desk.block("Account of", party),
        captions=words.captions(),
        facts=(
            (words.text("Period"), desk.period(period)),
            (words.text("Currency"), opening.currency),
        ),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Amount"), "end"),
            Column(words.text("Balance"), "end"),
        ),
        rows=tuple(rows),
        totals=(Total(words.text("Closing balance"), desk.money(closing), strong=True),),
        footer=head.footer,
        logo=head.logo,
    )
