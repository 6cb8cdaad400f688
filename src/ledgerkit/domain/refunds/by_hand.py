"""By hand: what a person gives back in cash, leaves as credit or lets pay other invoices.

(spec: billing 0.6, 3, 5a)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import attrs

from ledgerkit.domain.ledger import cash_of
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import (
    Assignment,
    Payment,
    Receivable,
    allocate,
    merged,
    settled_by,
    trimmed,
)
from ledgerkit.domain.refunds.asking import check_bound, check_invoice, new_refund
from ledgerkit.domain.refunds.following import booked, moved
from ledgerkit.domain.refunds.records import (
    CREDITED,
    OFFSET,
    PENDING,
    REFUND,
    RefundChanged,
)


def hand_back(
    payment: Payment,
    amount: Money,
    *,
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    at: datetime,
    cash: str = "cash:bank",
    reference: str = "",
    invoice: str | None = None,
    note: str | None = None,
) -> RefundChanged:
    """Record that *amount* of *payment* was given back by hand: customer -x, cash +x.

    Raises:
        OverRefunded: done, open and this refund would be more than came in.
        NotPaidBy: it pays less of *invoice*.
        IllegalTransition: it did not come in, or is void.
        ValueError: *cash* is no `cash:...` wallet.
    """
    cash_of("what is given back by hand", cash)
    check_bound(payment, amount)
    check_invoice(payment, invoice, amount)
    asked = new_refund(payment, amount, key=key, reason=reason, on=on)
    refund = attrs.evolve(
        asked,
        status=REFUND.after(PENDING, "complete"),
        method=cash,
        reference=reference,
        invoice=invoice,
        note=note,
    )
    return moved(refund, payment, (booked(refund, at=at),), owed)


def keep(
    payment: Payment,
    amount: Money,
    *,
    invoice: str,
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    note: str | None = None,
) -> RefundChanged:
    """Leave *amount* that pays *invoice* with the customer as credit, instead of sending it back.

    No money moves: the payment pays less of that invoice, which is open again unless a credit
    *note* takes the debt away. (spec: billing 3)

    Raises:
        NotPaidBy: the payment pays less of *invoice*.
        OverRefunded: some of it is on its way back or in question.
    """
    return _reassigned(
        payment, amount, invoice, (), key=key, reason=reason, owed=owed, on=on, note=note
    )


def offset(
    payment: Payment,
    amount: Money,
    *,
    invoice: str,
    against: tuple[str, ...],
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    note: str | None = None,
) -> RefundChanged:
    """Let *amount* that pays *invoice* pay the invoices *against* instead; the rest is credit.

    No money moves. (spec: billing 3)

    Raises:
        NotPaidBy: the payment pays less of *invoice*.
        OverRefunded: some of it is on its way back or in question.
        ValueError: *against* names no invoice, or *invoice* itself.
    """
    if not against or invoice in against:
        msg = f"an offset needs other invoices than {invoice!r} to pay (got {against!r})"
        raise ValueError(msg)
    return _reassigned(
        payment, amount, invoice, against, key=key, reason=reason, owed=owed, on=on, note=note
    )


def _reassigned(
    payment: Payment,
    amount: Money,
    invoice: str,
    against: tuple[str, ...],
    *,
    key: str,
    reason: str,
    owed: Iterable[Receivable],
    on: date,
    note: str | None,
) -> RefundChanged:
    check_bound(payment, amount)
    check_invoice(payment, invoice, amount)
    owed = tuple(owed)
    less = tuple(
        Assignment(each.invoice, each.amount - amount) if each.invoice == invoice else each
        for each in trimmed(payment)
    )
    more = allocate(amount, owed, named=against) if against else ()
    after = attrs.evolve(payment, assignments=merged(less, more))
    refund = attrs.evolve(
        new_refund(payment, amount, key=key, reason=reason, on=on),
        outcome=OFFSET if against else CREDITED,
        status=REFUND.after(PENDING, "complete"),
        invoice=invoice,
        note=note,
    )
    return RefundChanged(refund=refund, payment=after, invoices=settled_by(payment, after, owed))
