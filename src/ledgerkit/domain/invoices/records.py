"""Invoice: the record of what a customer owes, and the statuses it goes through."""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.discounts import Discount
from ledgerkit.domain.invoices.lines import Line
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import Period, plain_date
from ledgerkit.domain.tax import PER_LINE, TaxAmount, TaxRounding, summed

DRAFT = "draft"
ISSUED = "issued"
PARTIALLY_PAID = "partially_paid"
PAID = "paid"
VOID = "void"
WRITTEN_OFF = "written_off"
# What happens to money after an invoice is issued moves it: see `settled`. (spec: billing 5a, 7)
INVOICE = Lifecycle(
    "invoice",
    DRAFT,
    {
        (DRAFT, "issue"): ISSUED,
        (DRAFT, "void"): VOID,
        (ISSUED, "settle_part"): PARTIALLY_PAID,
        (ISSUED, "settle"): PAID,
        (ISSUED, "void"): VOID,
        (ISSUED, "write_off"): WRITTEN_OFF,
        (PARTIALLY_PAID, "settle"): PAID,
        (PARTIALLY_PAID, "reopen"): ISSUED,
        (PARTIALLY_PAID, "write_off"): WRITTEN_OFF,
        (PAID, "settle_part"): PARTIALLY_PAID,
        (PAID, "reopen"): ISSUED,
        (WRITTEN_OFF, "settle"): PAID,
    },
)


@attrs.frozen(kw_only=True)
class Addressee:
    """A customer as a document prints it: a copy, so that the document stays what it was.

    Attributes:
        name: As it stands on the document.
        address: The lines of the postal address.
        email: Where the document went, or None.
        locale: The language of the document.
        tax_id: The tax number, or None.
    """

    name: str
    address: tuple[str, ...] = ()
    email: str | None = None
    locale: str = "en"
    tax_id: str | None = None

    def __attrs_post_init__(self) -> None:
        text_of("addressee", self.name)
        if type(self.address) is not tuple or not all(type(t) is str for t in self.address):
            msg = f"address must be a tuple of lines (got {self.address!r})"
            raise TypeError(msg)

    @classmethod
    def of(cls, party: Party) -> Addressee:
        """Return what a document prints of *party* now."""
        return cls(
            name=party.name,
            address=party.address,
            email=party.email,
            locale=party.locale,
            tax_id=party.tax_id,
        )

    def on(self, party: Party) -> Party:
        """Return *party* as it was printed."""
        return attrs.evolve(
            party,
            name=self.name,
            address=self.address,
            email=self.email,
            locale=self.locale,
            tax_id=self.tax_id,
        )


@attrs.frozen(kw_only=True)
class Invoice:
    """A document of what a customer owes.

    Attributes:
        id: Derived from customer, currency, cycle, period and part.
        customer: The id of the party charged.
        currency: The currency of every line.
        lines: What is charged, one line at least.
        status: `draft`, `issued`, `partially_paid`, `paid`, `void` or `written_off`.
        part: 0 for the first invoice of its period, 1 and up for supplements.
        supplements: The id of the invoice it adds to, or None.
        corrects: The id of the invoice it replaces, which was credited in full, or None.
        cycle: The kind of billing cycle, or empty for one written by hand.
        period: What it bills, or None for one written by hand.
        discounts: What each coupon took off the lines.
        taxes: The taxes of all lines, by tax and rate.
        tax_rounding: What was rounded of them.
        billed_to: The customer as the document prints it, from when it was issued, or None.
        issued_on: Its date, once it is issued.
        due_on: The last day to pay, once it is issued.
        paid_before: What payments had paid of it when it was issued, above zero; None: nothing.
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
    corrects: str | None = None
    cycle: str = ""
    period: Period | None = None
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[TaxAmount, ...] = ()
    tax_rounding: TaxRounding = PER_LINE
    billed_to: Addressee | None = None
    issued_on: date | None = None
    due_on: date | None = None
    paid_before: Money | None = None
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
        amounts += [discount.amount for discount in self.discounts]
        if any(amount.currency != self.currency for amount in amounts):
            msg = f"invoice {self.id!r} is in {self.currency}; a line, discount or tax of it is not"
            raise ValueError(msg)
        if self.status not in INVOICE.statuses:
            msg = f"invoice status must be {' or '.join(INVOICE.statuses)} (got {self.status!r})"
            raise ValueError(msg)
        for name in ("issued_on", "due_on"):
            if getattr(self, name) is not None:
                plain_date(name, getattr(self, name))
        if self.issued_on and self.due_on and self.due_on < self.issued_on:
            msg = f"invoice {self.id!r} is due on {self.due_on}, before {self.issued_on}"
            raise ValueError(msg)
        self._check_sums()

    def _check_sums(self) -> None:
        """Raise unless the lines add up to what the document says; hosts may tax it as a whole."""
        if self.paid_before is not None and not self._is_part(self.paid_before):
            what = f"what was paid before of invoice {self.id!r}"
            msg = f"{what} is above 0 and at most {self.total} (got {self.paid_before!r})"
            raise ValueError(msg)
        off = [line.discount for line in self.lines if line.discount is not None]
        if (off or self.discounts) and sum_of(off, self.currency) != self.discount:
            msg = f"invoice {self.id!r} takes off {self.discount}, its lines something else"
            raise ValueError(msg)
        taxes = [tax for line in self.lines for tax in line.taxes]
        if taxes and summed(taxes) != self.taxes:
            msg = f"invoice {self.id!r} has other taxes than its lines together"
            raise ValueError(msg)

    def _is_part(self, paid: object) -> bool:
        if type(paid) is not Money or paid.currency != self.currency:
            return False
        return 0 < paid.minor <= self.total.minor

    @property
    def subtotal(self) -> Money:
        """The sum of the lines' amounts, before discounts, with the taxes that prices include."""
        return sum_of((line.amount for line in self.lines), self.currency)

    @property
    def discount(self) -> Money:
        """The sum of the discounts."""
        return sum_of((discount.amount for discount in self.discounts), self.currency)

    @property
    def net(self) -> Money:
        """What is charged before tax, after discounts."""
        return self.total - self.tax

    @property
    def tax(self) -> Money:
        """The sum of the taxes."""
        return sum_of((tax.amount for tax in self.taxes), self.currency)

    @property
    def added_tax(self) -> Money:
        """The sum of the taxes that come on top of prices."""
        return sum_of((tax.amount for tax in self.taxes if not tax.inclusive), self.currency)

    @property
    def total(self) -> Money:
        """What the customer owes: the subtotal less discounts, with the taxes on top."""
        return self.subtotal - self.discount + self.added_tax

    def line(self, id: str) -> Line | None:
        """Return the line *id*, or None."""
        return next((line for line in self.lines if line.id == id), None)
