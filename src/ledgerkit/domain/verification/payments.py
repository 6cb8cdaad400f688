"""Payments: what came in and went back, against the journals that booked it.

An amount is compared on the wallet of the customer and on that of the gateway or cash, so a record
that was edited on either side is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.gateways import Movement, link_id
from ledgerkit.domain.ledger import Event, address
from ledgerkit.domain.money import Money
from ledgerkit.domain.payments import GATEWAY, Payment
from ledgerkit.domain.refunds import DONE, REFUNDED, Refund
from ledgerkit.domain.verification.journals import Checked, Problem


def payment_problems(
    payments: Iterable[Payment],
    refunds: Iterable[Refund],
    disputes: Iterable[Dispute],
    checked: Checked,
) -> tuple[Problem, ...]:
    """Return what came in or went back otherwise than journals say, and refunds beyond payments.

    Finds `capture_differs`, `fee_differs`, `refund_differs`, `dispute_differs`, `out_differs`,
    `over_refunded`, `refund_of_nothing`.
    """
    payments = tuple(payments)
    outs: dict[str, Counter[str]] = {payment.id: Counter() for payment in payments}
    given = Counter[str]()
    found = [problem for payment in payments for problem in _captured(payment, checked)]
    for refund in refunds:
        found += _refunded(refund, checked)
        if refund.status == DONE and refund.outcome == REFUNDED:
            outs.setdefault(refund.payment, Counter())[refund.id] = refund.amount.minor
            given[refund.payment] += refund.amount.minor
    for dispute in disputes:
        found += _disputed(dispute, checked)
        outs.setdefault(dispute.payment, Counter())[dispute.id] = dispute.withdrawn.minor
    for payment in payments:
        found += _outs(payment, outs.pop(payment.id), given[payment.id])
    for payment_id, gone in sorted(outs.items()):
        reason = f"{', '.join(sorted(gone))} took of payment {payment_id}, which is not there"
        found.append(Problem("refund_of_nothing", payment_id, reason))
    return tuple(found)


def _captured(payment: Payment, checked: Checked) -> Iterator[Problem]:
    event = _event("charge", payment.method, payment.object) or Event("payment", payment.id)
    due = payment.amount if payment.is_taken else Money.zero(payment.amount.currency)
    for told in _differences(event, payment.customer, payment.method, due, checked):
        reason = f"payment {payment.id} is {payment.status}: {told}"
        yield Problem("capture_differs", payment.id, reason)
    fee = Money.zero(payment.amount.currency) if payment.fee is None else payment.fee
    charged = Event(event.type, event.id, "fee")
    kept = checked.booked(charged, payment.method, fee.currency)
    if kept != fee.minor:
        reason = f"payment {payment.id} has a fee of {fee.minor}, its journal says {kept}"
        yield Problem("fee_differs", payment.id, reason)


def _refunded(refund: Refund, checked: Checked) -> Iterator[Problem]:
    event = _event("refund", refund.method, refund.object) or Event("refund", refund.id)
    moves = refund.status == DONE and refund.outcome == REFUNDED
    due = -refund.amount if moves else Money.zero(refund.amount.currency)
    for told in _differences(event, refund.customer, refund.method, due, checked):
        reason = f"refund {refund.id} is {refund.status} as {refund.outcome}: {told}"
        yield Problem("refund_differs", refund.id, reason)


def _event(kind: str, method: str, named: str | None) -> Event | None:
    """Return the event that what the gateway calls *named* is booked under; None: it has none."""
    arrives, _, gateway = method.partition(":")
    if arrives != GATEWAY or named is None:
        return None
    return Event(f"gateway.{kind}", link_id(gateway, named))


def _differences(
    event: Event, customer: str, method: str, due: Money, checked: Checked
) -> Iterator[str]:
    """Yield where *event* did not move *due* from *method* to the *customer*."""
    for wallet, minor in ((address("customer", customer), due.minor), (method, -due.minor)):
        moved = checked.booked(event, wallet, due.currency)
        if moved != minor:
            yield f"{minor} should have moved on {wallet}, its journal moved {moved}"


def _disputed(dispute: Dispute, checked: Checked) -> Iterator[Problem]:
    link = link_id(dispute.gateway, dispute.object)
    for movement in dispute.movements:
        event = Event("gateway.dispute", link, movement.id)
        for told in _movement(dispute, movement, event, checked):
            reason = f"movement {movement.id} of dispute {dispute.id}: {told}"
            yield Problem("dispute_differs", dispute.id, reason)


def _movement(
    dispute: Dispute, movement: Movement, event: Event, checked: Checked
) -> Iterator[str]:
    gateway, customer = f"gateway:{dispute.gateway}", address("customer", dispute.customer)
    due, fee = movement.amount, movement.fee
    left = Counter({due.currency: -due.minor})
    left[fee.currency] += fee.minor
    for currency, minor in left.items():
        moved = checked.booked(event, gateway, currency)
        if moved != minor:
            yield f"{minor} {currency} should have moved on {gateway}, its journal moved {moved}"
    moved = checked.booked(event, customer, due.currency)
    # Whether the customer bears the fee is a policy that no record keeps.
    borne = fee.minor if fee.currency == due.currency else 0
    if moved not in (due.minor, due.minor - borne):
        yield f"{due.minor} should have moved on {customer}, its journal moved {moved}"


def _outs(payment: Payment, gone: Counter[str], given: int) -> Iterator[Problem]:
    """Yield where *payment* tells otherwise than refunds and disputes what went back of it."""
    told = {out.record: out.moved.minor for out in payment.outs}
    for record in sorted(told.keys() | gone.keys()):
        if told.get(record, 0) != gone[record]:
            reason = (
                f"payment {payment.id} says that {record} took {told.get(record, 0)} of it, "
                f"that one says {gone[record]}"
            )
            yield Problem("out_differs", payment.id, reason)
    captured = payment.amount.minor if payment.is_taken else 0
    if given > captured:
        reason = f"{given} of payment {payment.id} were given back, {captured} came in"
        yield Problem("over_refunded", payment.id, reason)
