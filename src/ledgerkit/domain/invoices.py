"""Invoices: documents that say what a customer owes, line by line, numbered without gaps.

A charge posts, an invoice documents, a payment settles: lines that were posted before are only
documented, the others are posted when the invoice is issued, and nothing is posted twice. An
issued invoice is never rebuilt; what changes later is a credit note or a supplement.
(spec: billing 6, 7)
"""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar

import attrs

from ledgerkit.domain.changes import Draw, Effects, Series
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Entry, Event, Journal, Wallet
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, Rate, Rounding, round_exact, sum_of
from ledgerkit.domain.periods import Period
from ledgerkit.domain.pricing import Rated

DRAFT = "draft"
ISSUED = "issued"
INVOICE = Lifecycle("invoice", DRAFT, {(DRAFT, "issue"): ISSUED})
INVOICES = Series("INV", "{series}-{year}-{n:5}")
_ONE = Fraction(1)


@attrs.frozen(kw_only=True)
class Line:
    """One thing charged.

    Attributes:
        id: Derived from its source, so that it is billed once.
        source: What it charges, such as the id of a session.
        part: Which charge of the source, when it was charged anew.
        item: What it is, in words that are not translated: a catalog key or an article.
        detail: More of it, such as who taught whom, or empty.
        on: Its local day.
        period: The days it is for, or None where its day says it all.
        kind: What sort of thing it charges, such as `session`, `usage` or `subscription`; taxes,
            discounts and prepaid credit may be for some kinds only.
        quantity: How many; exact.
        unit_price: Minor units for one; exact, below a cent too. None where no single price says
            what it comes to, as with tiers: then *unrounded* does.
        unrounded: The exact amount in minor units where it is not quantity x unit price.
        amount: What it adds to the invoice, rounded once; below zero where it gives back.
        package: The id of the package that paid for it, when the amount is zero for that reason.
        journal: The id of the journal that posted it, or None: issuing posts it.
        trace: How the amount came about, as (name, text) pairs. (spec: billing 0.9)
    """

    id: str
    source: str
    part: str = ""
    item: str
    detail: str = ""
    on: date
    period: Period | None = None
    kind: str = ""
    quantity: Fraction = _ONE
    unit_price: Fraction | None
    unrounded: Fraction | None = None
    amount: Money
    package: str | None = None
    journal: str | None = None
    trace: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.id or not self.source:
            name_of("line id", self.id)
            name_of("line source", self.source)
        exact = [self.quantity, *(x for x in (self.unit_price, self.unrounded) if x is not None)]
        if any(type(value) is not Fraction for value in exact) or len(exact) == 1:
            msg = f"quantity and price of line {self.id!r} must be Fractions"
            raise TypeError(msg)
        if type(self.amount) is not Money:
            msg = f"the amount of line {self.id!r} must be Money (got {self.amount!r})"
            raise TypeError(msg)

    @property
    def exact(self) -> Fraction:
        """The exact amount in minor units, before it was rounded."""
        if self.unrounded is not None:
            return self.unrounded
        return self.quantity * (self.unit_price or 0)

    @property
    def rounding(self) -> Fraction:
        """What rounding the line added, in minor units: amount less exact amount.

        Zero for a line that a package paid for.
        """
        if self.package is not None:
            return Fraction(0)
        return self.amount.minor - self.exact


def line(
    source: str,
    *,
    item: str,
    on: date,
    price: Rate,
    quantity: int | Fraction = 1,
    detail: str = "",
    part: str = "",
    journal: str | None = None,
    trace: tuple[tuple[str, str], ...] = (),
    rounding: Rounding = Rounding.HALF_UP,
) -> Line:
    """Return the line that charges *quantity* of *source* at *price*, rounded once, half up.

    The trace says how: rule, unit price, unrounded and rounded amount. (spec: billing 0.1, 0.9)
    """
    per = price.per.as_integer_ratio()
    amount, why = _rounded(per, price.currency, quantity, rounding, trace)
    return Line(
        id=derive("lin", source, part, on=on),
        source=source,
        part=part,
        item=item,
        detail=detail,
        on=on,
        quantity=_ONE if quantity == 1 else Fraction(quantity),
        unit_price=price.per,
        amount=amount,
        journal=journal,
        trace=why,
    )


def rated_line(
    source: str,
    rated: Rated,
    *,
    item: str,
    on: date,
    period: Period | None = None,
    kind: str = "",
    detail: str = "",
    part: str = "",
    journal: str | None = None,
) -> Line:
    """Return the line that charges *source* what it was *rated* at. (spec: billing 0.1, 0.9)"""
    plain = None if rated.unit_price is None else rated.quantity * rated.unit_price
    return Line(
        id=derive("lin", source, part, on=on),
        source=source,
        part=part,
        item=item,
        detail=detail,
        on=on,
        period=period,
        kind=kind,
        quantity=rated.quantity,
        unit_price=rated.unit_price,
        unrounded=None if plain == rated.unrounded else rated.unrounded,
        amount=rated.amount,
        journal=journal,
        trace=rated.trace,
    )


# The lines of a run have few prices, and share what is the same in them. The price is a ratio of
# two whole numbers here, since the hash of a Fraction is slow.
@lru_cache(maxsize=4096, typed=True)
def _rounded(
    ratio: tuple[int, int],
    currency: str,
    quantity: int | Fraction,
    rounding: Rounding,
    trace: tuple[tuple[str, str], ...],
) -> tuple[Money, tuple[tuple[str, str], ...]]:
    """Return what *quantity* comes to, and its trace after *trace*."""
    per = Fraction(*ratio)
    exact = per * quantity
    minor = round_exact(exact, rounding)
    return Money(minor, currency), (
        *trace,
        ("unit_price", str(per)),
        ("quantity", str(quantity)),
        ("unrounded", str(exact)),
        ("rounding", rounding.name.lower()),
        ("rounded", str(minor)),
    )


@attrs.frozen
class TaxAmount:
    """What one tax adds to a document.

    Attributes:
        code: Its name, part of the wallet `liability:tax:<code>`.
        rate: The rate as a ratio, exact: 20 % is 1/5.
        base: The net amount it was computed on.
        amount: The tax.
    """

    code: str
    rate: Fraction
    base: Money
    amount: Money

    @property
    def wallet(self) -> str:
        """Where it is owed."""
        return f"liability:tax:{self.code}"


@attrs.frozen(kw_only=True)
class Invoice:
    """A document of what a customer owes.

    Attributes:
        id: Derived from customer, currency, cycle, period and part.
        customer: The id of the party charged.
        currency: The currency of every line.
        lines: What is charged, one line at least.
        status: `draft` or `issued`.
        part: 0 for the first invoice of its period, 1 and up for supplements.
        supplements: The id of the invoice it adds to, or None.
        cycle: The kind of billing cycle, or empty for one written by hand.
        period: What it bills, or None for one written by hand.
        taxes: What taxes add.
        issued_on: Its date, once it is issued.
        due_on: The last day to pay, once it is issued.
        number: Drawn by the commit that issues it; None in a draft and in a preview.
        reference: The number it had elsewhere, when it was brought in.
    """

    id: str
    customer: str
    currency: str
    lines: tuple[Line, ...]
    status: str = DRAFT
    part: int = 0
    supplements: str | None = None
    cycle: str = ""
    period: Period | None = None
    taxes: tuple[TaxAmount, ...] = ()
    issued_on: date | None = None
    due_on: date | None = None
    number: str | None = None
    reference: str | None = None

    def __attrs_post_init__(self) -> None:
        name_of("invoice id", self.id)
        name_of("invoice customer", self.customer)
        if type(self.lines) is not tuple or not self.lines:
            msg = f"invoice {self.id!r} needs a tuple of one line at least"
            raise ValueError(msg)
        if len({line.id for line in self.lines}) < len(self.lines):
            msg = f"invoice {self.id!r} has a line twice"
            raise ValueError(msg)
        amounts = [line.amount for line in self.lines] + [tax.amount for tax in self.taxes]
        if any(amount.currency != self.currency for amount in amounts):
            msg = f"invoice {self.id!r} is in {self.currency}; a line or tax of it is not"
            raise ValueError(msg)
        if self.status not in INVOICE.statuses:
            msg = f"invoice status must be {' or '.join(INVOICE.statuses)} (got {self.status!r})"
            raise ValueError(msg)
        if self.issued_on and self.due_on and self.due_on < self.issued_on:
            msg = f"invoice {self.id!r} is due on {self.due_on}, before {self.issued_on}"
            raise ValueError(msg)

    @property
    def subtotal(self) -> Money:
        """The sum of the lines, before tax."""
        return sum_of((line.amount for line in self.lines), self.currency)

    @property
    def tax(self) -> Money:
        """The sum of the taxes."""
        return sum_of((tax.amount for tax in self.taxes), self.currency)

    @property
    def total(self) -> Money:
        """What the customer owes: lines and taxes."""
        return self.subtotal + self.tax

    def line(self, id: str) -> Line | None:
        """Return the line *id*, or None."""
        return next((line for line in self.lines if line.id == id), None)


@attrs.frozen
class NegativeInvoice(LedgerkitError):
    """An invoice that would owe the customer money."""

    invoice: str
    total: Money
    code: ClassVar[str] = "negative_invoice"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} comes to {self.total.minor} {self.total.currency} minor "
            "units, below 0; write a credit note instead"
        )


@attrs.frozen
class Issued:
    """An invoice as issued, the journals of what was not posted before, and its number's draw."""

    invoice: Invoice
    journals: tuple[Journal, ...]
    draw: Draw

    @property
    def effects(self) -> Effects:
        """What to store."""
        wallets = [Wallet(f"customer:{self.invoice.customer}"), Wallet("platform")]
        wallets += [Wallet(tax.wallet) for tax in self.invoice.taxes]
        return Effects(
            journals=self.journals,
            opens=tuple(wallets) if self.journals else (),
            records=(self.invoice,),
            draws=(self.draw,),
        )


def issue(
    draft: Invoice, *, on: date, due_on: date, at: datetime, series: Series = INVOICES
) -> Issued:
    """Issue *draft*, dated *on*, to be paid until the end of *due_on*.

    Lines that no journal posted are posted now, in one journal, and taxes in another; an invoice
    of 0.00 has a number and no journal. (spec: billing 5a, 7)

    Raises:
        NegativeInvoice: its total is below zero.
        IllegalTransition: it is issued already.
    """
    status = INVOICE.after(draft.status, "issue")
    if draft.total.minor < 0:
        raise NegativeInvoice(draft.id, draft.total)
    invoice = attrs.evolve(draft, status=status, issued_on=on, due_on=due_on)
    payer = f"customer:{draft.customer}"
    journals: list[Journal] = []
    unposted = sum_of((li.amount for li in draft.lines if li.journal is None), draft.currency)
    taxes = tuple(Entry(tax.wallet, tax.amount) for tax in draft.taxes if tax.amount.minor)
    for kind, legs in (
        ("invoice.charged", (Entry("platform", unposted),) if unposted.minor else ()),
        ("invoice.taxed", taxes),
    ):
        if legs:
            owed = sum_of((leg.amount for leg in legs), draft.currency)
            due = (Entry(payer, -owed),) if owed.minor else ()
            journals.append(
                Journal(
                    id=derive("jrn", kind, draft.id, on=on),
                    kind=kind,
                    entries=(*due, *legs),
                    effective_at=at,
                    event=Event("invoice", draft.id, kind),
                )
            )
    return Issued(invoice, tuple(journals), Draw(draft.id, series, on))
