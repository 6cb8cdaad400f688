"""Correcting: an invoice that was credited in full is written anew, once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import attrs

from ledgerkit.domain.credit_notes.drafting import creditable
from ledgerkit.domain.credit_notes.records import CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import VOID, Invoice, Line
from ledgerkit.domain.money import Money, sum_of


@attrs.frozen
class NotCreditedInFull(LedgerkitError):
    """An invoice of which something still stands cannot be replaced."""

    invoice: str
    left: Money
    code: ClassVar[str] = "not_credited_in_full"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} has {self.left} before tax that is not credited; credit all "
            "of it before writing it anew"
        )


@attrs.frozen
class AlreadyCorrected(LedgerkitError):
    """An invoice is written anew once."""

    invoice: str
    corrected_by: str
    code: ClassVar[str] = "already_corrected"

    def __str__(self) -> str:
        return (
            f"invoice {self.invoice!r} was replaced by {self.corrected_by!r}; credit and correct "
            "that one"
        )


def reissue(
    invoice: Invoice,
    lines: Iterable[Line],
    *,
    notes: Iterable[CreditNote],
    others: Iterable[Invoice] = (),
) -> Invoice:
    """Return the draft that replaces *invoice*, void or credited in full by *notes*.

    *lines* may be those of *invoice*, changed where they were wrong: they are charged anew, and
    discounted and taxed as on any draft. *others* are the invoices of the customer: one that
    replaces it already stands in the way, unless it is void.

    Raises:
        NotCreditedInFull: something of it is not credited, or it was never issued.
        AlreadyCorrected: it was replaced before.
        ValueError: lines cannot be.
    """
    others = tuple(others)
    left = creditable(invoice, notes, others=others)
    if left and invoice.status != VOID:
        raise NotCreditedInFull(invoice.id, sum_of(left.values(), invoice.currency))
    before = [other for other in others if other.corrects == invoice.id]
    for other in before:
        if other.status != VOID:
            raise AlreadyCorrected(invoice.id, other.id)
    return Invoice(
        id=derive("inv", "corrects", invoice.id, str(len(before)), on=invoice.issued_on),
        customer=invoice.customer,
        currency=invoice.currency,
        lines=tuple(_anew(line, invoice) for line in lines),
        corrects=invoice.id,
        period=invoice.period,
    )


def _anew(line: Line, invoice: Invoice) -> Line:
    """Return *line* as charged again: what its journal charged was given back with the rest."""
    return attrs.evolve(
        line,
        id=derive("lin", "corrects", invoice.id, line.id, on=line.on),
        discount=None,
        taxes=(),
        journal=None,
    )
