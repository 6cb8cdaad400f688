"""Exports: payments as CSV, one row each: what came in, what went back and what is kept.

No locale is in them: a spreadsheet and a program read the same. (spec: billing 12)
"""

from __future__ import annotations

from collections.abc import Iterable

from ledgerkit.adapters.exports.cells import day, money, table, text
from ledgerkit.domain.money import Units
from ledgerkit.domain.payments import Payment

PAYMENT_COLUMNS = (
    "payment",
    "received_on",
    "customer",
    "method",
    "currency",
    "amount",
    "gone",
    "kept",
    "fee_currency",
    "fee",
    "status",
    "object",
    "reference",
)


def payments_csv(payments: Iterable[Payment], *, units: Units) -> str:
    """Return *payments* as CSV with a header row, in the order given.

    Of one that came in, what went back and what is kept add up to the amount; of another both are
    zero. The fee is empty until a gateway tells it.
    """
    return table(PAYMENT_COLUMNS, (_row(payment, units) for payment in payments))


def _row(payment: Payment, units: Units) -> tuple[str, ...]:
    kept = payment.kept
    gone = payment.amount - kept if payment.is_taken else kept
    return (
        text(payment.id),
        day(payment.received_on),
        text(payment.customer),
        text(payment.method),
        payment.amount.currency,
        units.plain(payment.amount),
        units.plain(gone),
        units.plain(kept),
        "" if payment.fee is None else payment.fee.currency,
        money(payment.fee, units),
        payment.status,
        text(payment.object),
        text(payment.reference),
    )
