"""Provider: the money and objects behind the double, which behave as Stripe's do.

What happens here happened; whether anybody is told of it is the business of the double. Every
change is put into the log of events, from which tests deliver webhooks. (spec: gateways 1.4)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any

import attrs

from ledgerkit.domain.gateways import (
    CHARGE,
    DISPUTE,
    DONE,
    FAILED,
    LOST,
    OPEN,
    PAYOUT,
    PENDING,
    REFUND,
    REFUSED,
    REVERSAL,
    TRANSFER,
    WON,
    AccountStatus,
    ChargeOrder,
    GatewayObject,
    Movement,
    Notification,
    Order,
    Outcome,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    SavedMethod,
    Told,
    TransferOrder,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.clock import Clock
from ledgerkit.testing.fakes.gateway.funds import Funds

CARD_FUNDS_AFTER = timedelta(days=2)
# Payment methods that behave in one way each; all others pay.
DECLINED, STOLEN, SLOW = "pm_declined", "pm_stolen", "pm_slow"
_DECLINES = {DECLINED: ("insufficient_funds", False), STOLEN: ("stolen_card", True)}
_PREFIXES = {
    CHARGE: "ch",
    REFUND: "re",
    DISPUTE: "dp",
    TRANSFER: "tr",
    REVERSAL: "trr",
    PAYOUT: "po",
}


@attrs.frozen(kw_only=True)
class Fees:
    """What the double takes; all in minor units of the currency of what it is taken for.

    Attributes:
        charge_share: The share of a charge.
        charge_fixed: What is added to that.
        dispute: What a dispute costs.
        instant_share: The share of an instant payout that the account paying out bears on top of
            it. None: that Stripe bills the platform for it is our reading, not confirmed.
    """

    charge_share: Fraction = Fraction(29, 1000)
    charge_fixed: int = 30
    dispute: int = 1500
    instant_share: Fraction = Fraction(0)

    def of_charge(self, amount: Money) -> Money:
        """Return the fee of a charge of *amount*.

        >>> Fees().of_charge(Money(10_000, "EUR"))
        Money(minor=320, currency='EUR')
        """
        return Money(_share(amount, self.charge_share) + self.charge_fixed, amount.currency)

    def of_instant(self, amount: Money) -> Money:
        """Return the fee of an instant payout of *amount*."""
        return Money(_share(amount, self.instant_share), amount.currency)


def _share(amount: Money, share: Fraction) -> int:
    return int(amount.minor * share + Fraction(1, 2))  # half up; amounts are above zero


def _refused(code: str, detail: str, *, hard: bool = False, attention: bool = False) -> Outcome:
    return Outcome(status=REFUSED, code=code, detail=detail, hard=hard, attention=attention)


def _missing(what: str, id: str) -> Outcome:
    return _refused("resource_missing", f"no such {what}: {id}", hard=True, attention=True)


class Provider:
    """One platform account with its connected accounts."""

    def __init__(self, clock: Clock, *, name: str, fees: Fees) -> None:
        self.name = name
        self.fees = fees
        self.funds: Funds = Funds()
        self.objects: dict[str, GatewayObject] = {}
        self.accounts: dict[str, AccountStatus] = {}
        self.events: list[Notification] = []
        self._clock = clock
        self._ids = {prefix: count(1) for prefix in ("evt", "acct", "mov", *_PREFIXES.values())}
        self._carry_out: Mapping[type[Order], Callable[[Any, str | None], Outcome]] = {
            ChargeOrder: self._charge,
            RefundOrder: self._refund,
            TransferOrder: self._transfer,
            ReversalOrder: self._reverse,
            PayoutOrder: self._pay_out,
        }

    @property
    def now(self) -> datetime:
        """What time it is there."""
        return self._clock.now()

    def new_id(self, prefix: str) -> str:
        """Return an id that nothing has yet."""
        return f"{prefix}_{next(self._ids[prefix])}"

    def tell(self, type: str, told: Told | None, *, account: str = "") -> None:
        """Add an event to the log."""
        self.events.append(
            Notification(
                gateway=self.name,
                id=self.new_id("evt"),
                type=type,
                created=self.now,
                account=account,
                told=() if told is None else (told,),
            )
        )

    def keep(self, made: GatewayObject, event: str) -> GatewayObject:
        """Keep the state *made* of an object and tell of it."""
        self.objects[made.id] = made
        self.tell(f"{made.kind}.{event}", made)
        return made

    def carry_out(self, order: Order, instruction: str | None) -> Outcome:
        """Carry out *order*, or refuse it."""
        return self._carry_out[type(order)](order, instruction)

    def _made(self, order: Order, status: str, instruction: str | None, **fields: Any) -> Outcome:
        made = GatewayObject(
            kind=order.kind,
            id=self.new_id(_PREFIXES[order.kind]),
            status=status,
            amount=order.amount,
            created=self.now,
            instruction=instruction,
            **fields,
        )
        self.keep(made, "created")
        return Outcome(status=status, object=made)

    # ---- charges -----------------------------------------------------------------------------
    def _charge(self, order: ChargeOrder, instruction: str | None) -> Outcome:
        if order.method in _DECLINES:
            code, hard = _DECLINES[order.method]
            made = GatewayObject(
                kind=CHARGE,
                id=self.new_id("ch"),
                status=FAILED,
                amount=order.amount,
                created=self.now,
                instruction=instruction,
                reason=code,
            )
            self.keep(made, "failed")
            return Outcome(
                status=REFUSED, object=made, code=code, detail="the card was declined", hard=hard
            )
        if order.method == SLOW:
            return self._made(order, PENDING, instruction)
        return self.capture(order.amount, instruction=instruction)

    def capture(
        self,
        amount: Money,
        *,
        instruction: str | None = None,
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> Outcome:
        """Take *amount* from somebody; it is available two days later, without the fee."""
        fee = self.fees.of_charge(amount)
        self.funds.move("", amount - fee, at=self.now + CARD_FUNDS_AFTER)
        order = ChargeOrder(amount=amount, customer="cus")
        return self._made(order, DONE, instruction, fee=fee, metadata=metadata)

    def finish(self, id: str) -> GatewayObject:
        """Let what is pending get done: a slow charge, or a payout that arrives."""
        made = self._in(id, PENDING)
        if made.kind == CHARGE:
            fee = self.fees.of_charge(made.amount)
            self.funds.move("", made.amount - fee, at=self.now + CARD_FUNDS_AFTER)
            made = attrs.evolve(made, fee=fee)
        return self.keep(attrs.evolve(made, status=DONE), "done")

    def fail(self, id: str, reason: str) -> GatewayObject:
        """Let what is pending fail, or a payout or refund that was done; its money comes back."""
        made = self.objects[id]
        movable = made.kind in (PAYOUT, REFUND)
        if made.status == FAILED or (made.status == DONE and not movable):
            msg = f"{made.kind} {id!r} is {made.status} and cannot fail"
            raise ValueError(msg)
        if movable:
            self.funds.move(made.account, made.amount, at=self.now)
        return self.keep(attrs.evolve(made, status=FAILED, reason=reason), "failed")

    def _in(self, id: str, *statuses: str) -> GatewayObject:
        made = self.objects[id]
        if made.status not in statuses:
            msg = f"{made.kind} {id!r} is {made.status}; it must be {' or '.join(statuses)}"
            raise ValueError(msg)
        return made

    def _refund(self, order: RefundOrder, instruction: str | None) -> Outcome:
        charge = self.objects.get(order.charge)
        if charge is None or charge.kind != CHARGE:
            return _missing("charge", order.charge)
        if not self._fits(order.amount, charge, REFUND) or charge.status != DONE:
            return _refused("charge_already_refunded", "more than the charge would be refunded")
        self.funds.move("", -order.amount, at=self.now)
        return self._made(order, DONE, instruction, parent=charge.id)

    def _fits(self, amount: Money, parent: GatewayObject, kind: str) -> bool:
        """Whether *amount* more of *kind* is covered by *parent*."""
        if amount.currency != parent.amount.currency:
            return False
        made = sum(
            each.amount.minor
            for each in self.objects.values()
            if each.kind == kind and each.parent == parent.id and each.status != FAILED
        )
        return made + amount.minor <= parent.amount.minor

    # ---- transfers ---------------------------------------------------------------------------
    def _transfer(self, order: TransferOrder, instruction: str | None) -> Outcome:
        if order.account not in self.accounts:
            return _missing("account", order.account)
        at = self.now
        if order.source:
            source = self.objects.get(order.source)
            if source is None or source.kind != CHARGE:
                return _missing("charge", order.source)
            if not self._fits(order.amount, source, TRANSFER):
                return _refused("source_insufficient", "more than the charge would be transferred")
            at = max(at, source.created + CARD_FUNDS_AFTER)
        elif self.funds.available("", order.amount.currency, at=at) < order.amount:
            return _refused("balance_insufficient", "the available balance does not cover it")
        self.funds.move("", -order.amount, at=at)
        self.funds.move(order.account, order.amount, at=at)
        return self._made(
            order, DONE, instruction, account=order.account, parent=order.source or None
        )

    def _reverse(self, order: ReversalOrder, instruction: str | None) -> Outcome:
        transfer = self.objects.get(order.transfer)
        if transfer is None or transfer.kind != TRANSFER:
            return _missing("transfer", order.transfer)
        if not self._fits(order.amount, transfer, REVERSAL):
            return _refused("transfer_already_reversed", "more than the transfer would be reversed")
        held = self.funds.available(transfer.account, order.amount.currency, at=self.now)
        if held < order.amount:
            return _refused("balance_insufficient", "the connected account does not hold it")
        self.funds.move(transfer.account, -order.amount, at=self.now)
        self.funds.move("", order.amount, at=self.now)
        return self._made(order, DONE, instruction, parent=transfer.id, account=transfer.account)

    def _pay_out(self, order: PayoutOrder, instruction: str | None) -> Outcome:
        if order.account not in self.accounts:
            return _missing("account", order.account)
        if not self.accounts[order.account].may_be_paid:
            return _refused("payouts_disabled", "payouts to the account are not enabled")
        zero = Money.zero(order.amount.currency)
        fee = self.fees.of_instant(order.amount) if order.instant else zero
        held = self.funds.available(order.account, order.amount.currency, at=self.now)
        if held < order.amount + fee:
            return _refused("balance_insufficient", "the account does not hold it")
        self.funds.move(order.account, -(order.amount + fee), at=self.now)
        return self._made(order, PENDING, instruction, account=order.account, fee=fee)

    # ---- disputes ----------------------------------------------------------------------------
    def dispute(self, charge: str, *, amount: Money | None = None) -> GatewayObject:
        """Let a customer dispute a charge: its money is withdrawn, and a fee on top."""
        disputed = self._in(charge, DONE)
        amount = disputed.amount if amount is None else amount
        fee = Money(self.fees.dispute, amount.currency)
        self.funds.move("", -(amount + fee), at=self.now)
        made = GatewayObject(
            kind=DISPUTE,
            id=self.new_id("dp"),
            status=OPEN,
            amount=amount,
            created=self.now,
            parent=charge,
            reason="fraudulent",
            movements=(Movement(id=self.new_id("mov"), amount=-amount, fee=fee, at=self.now),),
        )
        return self.keep(made, "funds_withdrawn")

    def win(self, id: str, *, fee_too: bool = False) -> GatewayObject:
        """Let us win a dispute: its money is given back, the fee if *fee_too*."""
        made = self._in(id, OPEN)
        fee = Money(-self.fees.dispute if fee_too else 0, made.amount.currency)
        self.funds.move("", made.amount - fee, at=self.now)
        given = Movement(id=self.new_id("mov"), amount=made.amount, fee=fee, at=self.now)
        won = attrs.evolve(made, status=WON, movements=(*made.movements, given))
        return self.keep(won, "funds_reinstated")

    def lose(self, id: str) -> GatewayObject:
        """Let us lose a dispute: what was withdrawn stays withdrawn."""
        return self.keep(attrs.evolve(self._in(id, OPEN), status=LOST), "closed")

    # ---- accounts and methods ----------------------------------------------------------------
    def onboard(
        self, account: str, *, payouts_enabled: bool = True, disabled_reason: str = ""
    ) -> AccountStatus:
        """Let the owner of *account* tell all that is asked; the gateway enables it, or not."""
        status = AccountStatus(
            account=account,
            details_submitted=True,
            charges_enabled=payouts_enabled,
            payouts_enabled=payouts_enabled,
            disabled_reason=disabled_reason,
        )
        self.accounts[account] = status
        self.tell("account.updated", status, account=account)
        return status

    def save(self, customer: str, method: str, label: str) -> SavedMethod:
        """Let a customer save a payment method."""
        saved = SavedMethod(customer=customer, method=method, label=label)
        self.tell("payment_method.attached", saved)
        return saved
