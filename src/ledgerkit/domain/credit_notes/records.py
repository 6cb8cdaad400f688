"""Credit note: the record of what a customer does not owe after all, and its statuses."""

from __future__ import annotations

from datetime import date

import attrs

from ledgerkit.domain.invoices import Addressee
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import plain_date
from ledgerkit.domain.tax import TaxAmount, summed

DRAFT = "draft"
PENDING_APPROVAL = "pending_approval"
APPROVED = "approved"
APPLIED = "applied"
REJECTED = "rejected"
VOID = "void"
EFFECTIVE = (APPROVED, APPLIED)  # posted, and taken off what may still be credited
CREDIT_NOTE = Lifecycle(
    "credit_note",
    DRAFT,
    {
        (DRAFT, "submit"): PENDING_APPROVAL,
        (DRAFT, "void"): VOID,
        (PENDING_APPROVAL, "approve"): APPROVED,
        (PENDING_APPROVAL, "reject"): REJECTED,
        (PENDING_APPROVAL, "void"): VOID,
        (APPROVED, "apply"): APPLIED,
        (APPROVED, "void"): VOID,
        (APPLIED, "void"): VOID,
    },
)
# What a note was in the end: debt that is not owed, or money that was paid and goes back.
ADJUSTMENT, REFUND_NOTE = "adjustment", "refund"


@attrs.frozen
class Given:
    """What a correction of completed work gave back when it was applied.

    Attributes:
        journal: The id of the journal that posted it, the last one of the work by then.
        amount: How much, before discounts, with the taxes that prices include; above zero.
    """

    journal: str
    amount: Money

    def __attrs_post_init__(self) -> None:
        name_of("journal that gave something back", self.journal)
        if type(self.amount) is not Money or self.amount.minor <= 0:
            msg = f"journal {self.journal!r} gave back Money above 0 (got {self.amount!r})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class CreditLine:
    """What is taken back of one line.

    Attributes:
        id: Derived from the line and how often it was credited.
        line: The id of the invoice line, or None in a note without an invoice.
        source: What the line charged.
        item: What it is, as on the invoice.
        detail: More of it.
        on: Its local day.
        amount: What is given back before tax; below zero where the line gave something back.
        taxes: The taxes given back with it.
        undoes: The id of the journal that charged the line, if the note undid it, or None.
        given: What was given back of the line before the note, which documents it, or None.
    """

    id: str
    line: str | None
    source: str
    item: str
    detail: str = ""
    on: date
    amount: Money
    taxes: tuple[TaxAmount, ...] = ()
    undoes: str | None = None
    given: Given | None = None

    def __attrs_post_init__(self) -> None:
        plain_date("the day of a credit", self.on)
        if type(self.amount) is not Money:
            msg = f"a credit must be Money (got {self.amount!r} for {self.source!r})"
            raise TypeError(msg)
        if self.amount.minor == 0:
            msg = f"a credit gives something back (got {self.amount} for {self.source!r})"
            raise ValueError(msg)
        if type(self.taxes) is not tuple or not all(type(t) is TaxAmount for t in self.taxes):
            msg = f"the taxes of a credit must be a tuple of TaxAmount (got {self.taxes!r})"
            raise TypeError(msg)

    @property
    def gross(self) -> Money:
        """What is given back, taxes included."""
        return self.amount + sum_of((tax.amount for tax in self.taxes), self.amount.currency)


@attrs.frozen(kw_only=True)
class Applied:
    """Where a note went: first to what was open, the rest to the customer.

    Attributes:
        to_open: What it took off the open debt.
        to_credit: What became credit of the customer.
        to_refund: What is to be paid back.
    """

    to_open: Money
    to_credit: Money
    to_refund: Money

    def __attrs_post_init__(self) -> None:
        for part in (self.to_open, self.to_credit, self.to_refund):
            if part.minor < 0:
                msg = f"no part of a credit note is below 0 (got {self})"
                raise ValueError(msg)

    @property
    def total(self) -> Money:
        """All of it."""
        return self.to_open + self.to_credit + self.to_refund

    @property
    def type(self) -> str:
        """`adjustment` if it took off open debt alone, else `refund`: paid money goes back."""
        return ADJUSTMENT if self.to_open == self.total else REFUND_NOTE


@attrs.frozen(kw_only=True)
class CreditNote:
    """A document of what a customer does not owe after all.

    Attributes:
        id: Derived from the invoice and how many notes it had.
        customer: The id of the party credited.
        currency: The currency of every line.
        invoice: The id of the invoice, or None when an import had no reference to it.
        lines: What is given back, one line at least.
        taxes: The taxes given back, by tax and rate.
        reason: Why, in words.
        status: `draft`, `pending_approval`, `approved`, `applied`, `rejected` or `void`.
        created_by: Who wrote it; empty for a job.
        approved_by: Who approved it, or empty.
        applied: Where it went, once it is applied, or None.
        billed_to: The customer as the document prints it, as on the invoice, or None.
        issued_on: Its date, once it is approved.
        number: Drawn by the commit that approves it.
        reference: The number it had elsewhere, when it was brought in.
    """

    id: str
    customer: str
    currency: str
    invoice: str | None
    lines: tuple[CreditLine, ...]
    taxes: tuple[TaxAmount, ...] = ()
    reason: str
    status: str = DRAFT
    created_by: str = ""
    approved_by: str = ""
    applied: Applied | None = None
    billed_to: Addressee | None = None
    issued_on: date | None = None
    number: str | None = None
    reference: str | None = None

    def __attrs_post_init__(self) -> None:
        name_of("credit note id", self.id)
        name_of("credit note reason", self.reason)
        text_of("creator", self.created_by)
        if type(self.lines) is not tuple or not self.lines:
            msg = f"credit note {self.id!r} needs a tuple of one line at least"
            raise ValueError(msg)
        if any(line.amount.currency != self.currency for line in self.lines):
            msg = f"credit note {self.id!r} is in {self.currency}; a line of it is not"
            raise ValueError(msg)
        named = [line.line for line in self.lines if line.line is not None]
        if len({line.id for line in self.lines}) < len(self.lines) or len(set(named)) < len(named):
            msg = f"credit note {self.id!r} has a line twice"
            raise ValueError(msg)
        if self.invoice is None and self.reference is None:
            msg = (
                f"credit note {self.id!r} needs the invoice it credits, or the reference it was "
                "imported with"
            )
            raise ValueError(msg)
        if self.status not in CREDIT_NOTE.statuses:
            known = ", ".join(CREDIT_NOTE.statuses)
            msg = f"credit note {self.id!r} is {self.status!r}; it is one of {known}"
            raise ValueError(msg)
        self._check_sums()

    def _check_sums(self) -> None:
        if self.total.minor < 0:  # 0 where it takes back as much that lines had given back
            msg = f"credit note {self.id!r} gives back {self.total}; it needs 0 at least"
            raise ValueError(msg)
        if self.taxes != summed(tax for line in self.lines for tax in line.taxes):
            msg = f"credit note {self.id!r} has other taxes than its lines together"
            raise ValueError(msg)
        if self.applied is not None and self.applied.total != self.total:
            msg = f"credit note {self.id!r} is {self.total}, and {self.applied.total} was applied"
            raise ValueError(msg)

    @property
    def net(self) -> Money:
        """What is given back before tax."""
        return sum_of((line.amount for line in self.lines), self.currency)

    @property
    def tax(self) -> Money:
        """The taxes given back."""
        return sum_of((tax.amount for tax in self.taxes), self.currency)

    @property
    def total(self) -> Money:
        """What is given back, taxes included."""
        return sum_of((line.gross for line in self.lines), self.currency)
