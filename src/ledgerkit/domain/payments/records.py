"""Payments as records: what came in, for which invoices, and what went back of it.

What went back, or may, stands on the payment itself, so that its version guards the bound: no two
refunds at once can give back more than came in. (spec: billing 5a, reliability A14, A17)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

import attrs

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Journal, Wallet, address
from ledgerkit.domain.ledger.journals import name_of, text_of
from ledgerkit.domain.lifecycle import Lifecycle
from ledgerkit.domain.money import Money, draw, sum_of
from ledgerkit.domain.parties import PLATFORM
from ledgerkit.domain.periods import plain_date

GATEWAY, CASH = "gateway", "cash"
PENDING, FAILED, CAPTURED, VOIDED = "pending", "failed", "captured", "voided"
PARTLY_REFUNDED, REFUNDED, DISPUTED = "partly_refunded", "refunded", "disputed"
# After it is captured the status follows from what went back: see `status_of`. (spec: billing 5a)
PAYMENT = Lifecycle(
    "payment",
    PENDING,
    {
        (PENDING, "capture"): CAPTURED,
        (PENDING, "fail"): FAILED,
        (FAILED, "capture"): CAPTURED,  # a late success: the books follow the gateway
        (CAPTURED, "void"): VOIDED,
        (CAPTURED, "refund_part"): PARTLY_REFUNDED,
        (CAPTURED, "refund"): REFUNDED,
        (CAPTURED, "dispute"): DISPUTED,
        (PARTLY_REFUNDED, "restore"): CAPTURED,
        (PARTLY_REFUNDED, "refund"): REFUNDED,
        (PARTLY_REFUNDED, "dispute"): DISPUTED,
        (REFUNDED, "restore"): CAPTURED,
        (REFUNDED, "refund_part"): PARTLY_REFUNDED,
        (REFUNDED, "dispute"): DISPUTED,
        (DISPUTED, "restore"): CAPTURED,
        (DISPUTED, "refund_part"): PARTLY_REFUNDED,
        (DISPUTED, "refund"): REFUNDED,
    },
)
TAKEN = (CAPTURED, PARTLY_REFUNDED, REFUNDED, DISPUTED)
_BECOMES = {
    CAPTURED: "restore",
    PARTLY_REFUNDED: "refund_part",
    REFUNDED: "refund",
    DISPUTED: "dispute",
}


@attrs.frozen
class FeePolicy:
    """Who bears what a gateway takes for its service.

    Attributes:
        bearer: `platform`, the default, or `customer`.
    """

    bearer: str = PLATFORM

    def __attrs_post_init__(self) -> None:
        if self.bearer not in (PLATFORM, "customer"):
            msg = f"the bearer of a fee is platform or customer (got {self.bearer!r})"
            raise ValueError(msg)

    def wallet(self, customer: str) -> str:
        """Return the address of the wallet that bears the fee of a payment by *customer*."""
        return PLATFORM if self.bearer == PLATFORM else address("customer", customer)


PLATFORM_PAYS = FeePolicy()


@attrs.frozen
class Assignment:
    """Which part of a payment is for which invoice; it moves no money. (spec: ledger 10)"""

    invoice: str
    amount: Money

    def __attrs_post_init__(self) -> None:
        name_of("assigned invoice", self.invoice)
        if type(self.amount) is not Money or self.amount.minor < 0:
            msg = f"invoice {self.invoice!r} is assigned Money from zero on (got {self.amount!r})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class MoneyOut:
    """What a refund or a dispute took of a payment, and what it may take yet.

    Attributes:
        record: The id of the refund or dispute.
        moved: What went back; below zero while only the return of a withdrawal is known.
        reserved: What is on its way or in question, so that nobody else gives it back.
        invoice: The id of the invoice that it is taken from first, or None.
        disputed: Whether it is a dispute that is open.
    """

    record: str
    moved: Money
    reserved: Money
    invoice: str | None = None
    disputed: bool = False

    def __attrs_post_init__(self) -> None:
        name_of("record that takes money of a payment", self.record)
        if self.reserved.minor < 0:
            msg = f"{self.record!r} reserves zero or more (got {self.reserved})"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Payment:
    """Money of a customer that comes in once.

    Attributes:
        id: Derived from what it pays, its key or the gateway's object.
        customer: The id of the party that pays.
        amount: How much, above zero; once captured, what the gateway says.
        method: The wallet it arrives at: `gateway:<name>` or `cash:<name>`.
        status: See `PAYMENT`.
        invoices: The ids of the invoices it is for; none: those due first.
        assignments: What of it was assigned to which invoice when it was captured, or later.
        outs: What refunds and disputes took of it, by the id of their record.
        object: The gateway's id of the charge, or None.
        fee: What the gateway took for it, or None as long as it does not say.
        received_on: The local day it came in, or None.
        reference: The bank's or a person's reference of it, or "".
        reason: Why it failed, in the gateway's code, or why it is void, or "".
    """

    id: str
    customer: str
    amount: Money
    method: str
    status: str = PENDING
    invoices: tuple[str, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    outs: tuple[MoneyOut, ...] = ()
    object: str | None = None
    fee: Money | None = None
    received_on: date | None = None
    reference: str = ""
    reason: str = ""

    def __attrs_post_init__(self) -> None:
        name_of("payment id", self.id)
        address("customer", self.customer)
        if type(self.amount) is not Money or self.amount.minor <= 0:
            msg = f"payment {self.id!r} needs Money above 0 (got {self.amount!r})"
            raise ValueError(msg)
        kind, _, name = str(self.method).partition(":")
        if kind not in (GATEWAY, CASH):
            msg = f"payment {self.id!r} arrives at gateway:... or cash:... (got {self.method!r})"
            raise ValueError(msg)
        address(kind, name)
        if self.status not in PAYMENT.statuses:
            msg = f"payment {self.id!r} has no status {self.status!r}"
            raise ValueError(msg)
        if self.received_on is not None:
            plain_date("received_on", self.received_on)
        if self.fee is not None and (type(self.fee) is not Money or self.fee.minor < 0):
            msg = f"the fee of payment {self.id!r} is Money from zero on (got {self.fee!r})"
            raise ValueError(msg)
        text_of("reference", self.reference)
        text_of("reason", self.reason)
        self._check_parts()

    def _check_parts(self) -> None:
        """Raise unless assignments and money out are tuples, each once, of the payment's money."""
        for field, kind in (("invoices", str), ("assignments", Assignment), ("outs", MoneyOut)):
            value = getattr(self, field)
            if type(value) is not tuple or not all(type(each) is kind for each in value):
                msg = f"{field} of a payment must be a tuple of {kind.__name__} (got {value!r})"
                raise TypeError(msg)
        invoices = [each.invoice for each in self.assignments]
        for named in (self.invoices, invoices, [each.record for each in self.outs]):
            if len(set(named)) < len(named):
                msg = f"payment {self.id!r} names each invoice and record once (got {named})"
                raise ValueError(msg)
        assigned = sum_of((each.amount for each in self.assignments), self.amount.currency)
        if assigned > self.amount:
            msg = f"payment {self.id!r} of {self.amount} is assigned to {assigned} of invoices"
            raise ValueError(msg)

    @property
    def gateway(self) -> str | None:
        """The name of the gateway it comes through, or None."""
        kind, _, name = self.method.partition(":")
        return name if kind == GATEWAY else None

    @property
    def is_taken(self) -> bool:
        """Whether the money came in and was not taken back as void."""
        return self.status in TAKEN

    @property
    def moved_out(self) -> Money:
        """What went back of it: refunds, and withdrawals of disputes less what was reinstated."""
        return sum_of((out.moved for out in self.outs), self.amount.currency)

    @property
    def kept(self) -> Money:
        """What came in less what went back; nothing before it is captured."""
        if not self.is_taken:
            return Money.zero(self.amount.currency)
        return min(self.amount - self.moved_out, self.amount)

    @property
    def awaited(self) -> Money:
        """What may still come in: all of it while it is pending, else what open disputes took."""
        if self.status == PENDING:
            return self.amount
        nothing = Money.zero(self.amount.currency)
        taken = sum_of((out.moved for out in self.outs if out.disputed), nothing.currency)
        return max(taken, nothing)

    @property
    def refundable(self) -> Money:
        """What can still be given back: what is kept, less what is on its way or in question."""
        reserved = sum_of((out.reserved for out in self.outs), self.amount.currency)
        return max(self.kept - reserved, Money.zero(self.amount.currency))

    @property
    def assigned(self) -> tuple[Assignment, ...]:
        """What it pays of which invoice now.

        What went back is taken from the invoice that the refund names; else from what is not
        assigned, then from the invoices assigned last. So it depends on what went back and not on
        the order in which that became known. (spec: billing 7; reliability A3)
        """
        nothing = Money.zero(self.amount.currency)
        wanted = [
            max(each.amount - self.given_back_of(each.invoice), nothing)
            for each in self.assignments
        ]
        parts = draw(max(self.kept, nothing), wanted).parts
        return tuple(
            Assignment(each.invoice, part)
            for each, part in zip(self.assignments, parts, strict=True)
        )

    def given_back_of(self, invoice: str) -> Money:
        """Return what refunds gave back of it that name *invoice*."""
        moved = (out.moved for out in self.outs if out.invoice == invoice)
        return sum_of(moved, self.amount.currency)

    def pays(self, invoice: str) -> Money:
        """Return what it pays of *invoice* now."""
        found = (each.amount for each in self.assigned if each.invoice == invoice)
        return next(found, Money.zero(self.amount.currency))

    @property
    def credit(self) -> Money:
        """What is kept and assigned to no invoice: credit of the customer."""
        paid = sum_of((each.amount for each in self.assigned), self.amount.currency)
        return max(self.kept - paid, Money.zero(self.amount.currency))

    @property
    def usable(self) -> Money:
        """What of the credit can pay an invoice: nothing that is on its way back or in question.

        What is asked back of an invoice is taken from what pays that one.
        """
        waiting = (out.reserved for out in self.outs if out.invoice is None)
        left = self.credit - sum_of(waiting, self.amount.currency)
        return max(left, Money.zero(self.amount.currency))

    def awaiting_back_of(self, invoice: str) -> Money:
        """Return what refunds that name *invoice* will take of it."""
        waiting = (out.reserved for out in self.outs if out.invoice == invoice)
        return sum_of(waiting, self.amount.currency)


@attrs.frozen(kw_only=True)
class PaymentChanged:
    """A payment after a verb, what it posts, and the invoices that it settles or opens again.

    Attributes:
        payment: As it is now.
        journals: What moved money.
        invoices: With the status that follows; what is unchanged is stored too.
        changed: Whether there is anything to store.
    """

    payment: Payment
    journals: tuple[Journal, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    changed: bool = True

    @property
    def effects(self) -> Effects:
        """What to store."""
        if not self.changed:
            return Effects()
        return Effects(
            journals=self.journals,
            opens=opened_by(self.journals),
            records=(self.payment, *self.invoices),
        )


def opened_by(journals: Iterable[Journal]) -> tuple[Wallet, ...]:
    """Return the wallets that *journals* need, each once."""
    addresses = (entry.wallet for journal in journals for entry in journal.entries)
    return tuple(Wallet(address) for address in dict.fromkeys(addresses))


def status_of(payment: Payment) -> str:
    """Return the status that follows from what went back of a payment that came in.

    `disputed` while a dispute is open; else `refunded` once nothing is kept, `partly_refunded` if
    something went back, `captured` if not. A void one stays so, and one that did not come in.
    """
    if not payment.is_taken:
        return payment.status
    if any(out.disputed for out in payment.outs):
        return DISPUTED
    if payment.moved_out.minor <= 0:
        return CAPTURED
    return PARTLY_REFUNDED if payment.kept.minor > 0 else REFUNDED


def with_out(payment: Payment, record: str, out: MoneyOut | None) -> Payment:
    """Return *payment* with what *record* takes of it replaced by *out*; None: nothing any more.

    Raises:
        IllegalTransition: it did not come in.
    """
    outs = {each.record: each for each in payment.outs if each.record != record}
    if out is not None:
        outs[record] = out
    changed = attrs.evolve(payment, outs=tuple(outs[id] for id in sorted(outs)))
    if not payment.is_taken:
        PAYMENT.after(payment.status, "refund")
    status = status_of(changed)
    if status == payment.status:
        return changed
    return attrs.evolve(changed, status=PAYMENT.after(payment.status, _BECOMES[status]))


def total_by_invoice(payments: tuple[Payment, ...]) -> Counter[tuple[str, str]]:
    """Return what *payments* pay of each (invoice, currency) now, in minor units."""
    paid = Counter[tuple[str, str]]()
    for payment in payments:
        for each in payment.assigned:
            paid[each.invoice, each.amount.currency] += each.amount.minor
    return paid
