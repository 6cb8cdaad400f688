"""Amending: a decision about a subscription, with the documents that bill it at once.

An upgrade, a pause or an end charges and gives back before the next run comes. It is billed as a
run would: an invoice of its day, or a credit note over what charged it; coupons, taxes and prepaid
credit included. Nobody commits a preview. (spec: billing 3; users-ask 6, 7)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.billing_run.credit import draw_credit, return_credit, tell_low_credit
from ledgerkit.domain.billing_run.desk import Desk, open_desk
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts, Policy
from ledgerkit.domain.billing_run.invoicing import issue_days, issue_invoices
from ledgerkit.domain.billing_run.settling import settle_invoices
from ledgerkit.domain.changes import Changes, changes_of, expect, request
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import instant, local_date
from ledgerkit.domain.subscriptions import Decided, Settlement, Subscription


@attrs.frozen
class CustomerNotTold(LedgerkitError):
    """A subscription of a customer who is not among the facts."""

    subscription: str
    customer: str
    code: ClassVar[str] = "customer_not_told"

    def __str__(self) -> str:
        return (
            f"subscription {self.subscription!r} is of {self.customer!r}, whom nobody told of; add "
            "the customer"
        )


@attrs.frozen(kw_only=True)
class Amended:
    """A subscription after a decision, as one `Changes`, and what it costs.

    Attributes:
        subscription: As it is now.
        changes: What to store.
        invoices: What is charged, without numbers until it is stored.
        credit_notes: What is given back on balance.
        credit_applied: What prepaid credit pays of the invoices.
        later: What a later run bills instead, before discounts and tax.
    """

    subscription: Subscription
    changes: Changes
    invoices: tuple[Invoice, ...]
    credit_notes: tuple[CreditNote, ...]
    credit_applied: Money
    later: Money

    @property
    def total(self) -> Money:
        """What the invoices come to, with tax."""
        return sum_of((invoice.total for invoice in self.invoices), self.subscription.currency)

    @property
    def due(self) -> Money:
        """What is left to pay of them."""
        return self.total - self.credit_applied

    @property
    def given_back(self) -> Money:
        """What the credit notes come to, with tax: less debt, or credit for later invoices."""
        return sum_of((note.total for note in self.credit_notes), self.subscription.currency)


def amend(
    facts: Facts,
    decided: Decided,
    *,
    policy: Policy,
    as_of: datetime,
    key: str,
    actor: str,
    reason: str,
) -> Amended:
    """Bill what *decided* charges and gives back, and return it with the decision itself.

    *facts* hold the customer with the subscription as it was read, its invoices, credit notes,
    grants, coupons and taxes; contracts are not asked what else is due. *key* names the request
    among those about the subscription, so that it is done once; *actor* and *reason* stand in its
    history. What is given back on balance takes off debt first, unless it is forfeited; the request
    of the changes says which settlement was chosen, and whoever handles payments pays a refund.

    Raises:
        CustomerNotTold: the customer is not among the facts.
        ValueError: what is given back on balance is forfeited, and something is charged as well.
        LedgerkitError: a rule of an invoice or a credit note.
    """
    as_of, subscription = instant(as_of), decided.subscription
    customer = _customer(facts, subscription)
    period = facts.cycle.containing(local_date(as_of, customer.party.zone))
    desk = open_desk(facts, customer, policy=policy, period=period, as_of=as_of)
    effects = decided.effects
    desk.moved += effects.records
    desk.messages += effects.messages
    desk.charges += _billed(decided)
    issue_days(desk)
    issue_invoices(desk)
    return_credit(desk)
    held = tuple(desk.grants.values())
    draw_credit(desk)
    settle_invoices(desk)
    tell_low_credit(desk)
    return Amended(
        subscription=subscription,
        changes=changes_of(
            desk,
            key=f"subscription/{subscription.id}/{key}",
            request=request(
                "subscription.amend",
                subscription=subscription.id,
                customer=subscription.customer,
                decision=type(decided).__name__.lower(),
                settlement=decided.settlement.value,
            ),
            actor=actor,
            reason=reason,
            at=as_of,
            expects=tuple(expect(v) for v in desk.read),
        ),
        invoices=desk.issued,
        credit_notes=desk.credited,
        credit_applied=_applied(held, desk, subscription.currency),
        later=sum_of((c.rated.amount for c in decided.later), subscription.currency),
    )


def _customer(facts: Facts, subscription: Subscription) -> CustomerFacts:
    for customer in facts.customers:
        if customer.party.id == subscription.customer:
            return customer
    raise CustomerNotTold(subscription.id, subscription.customer)


def _billed(decided: Decided) -> tuple[Charge, ...]:
    """Return what is billed of *decided*: all of it, unless it is forfeited."""
    if decided.settlement is not Settlement.FORFEIT or decided.total.minor >= 0:
        return decided.charges
    if any(charge.gives_back is None for charge in decided.charges):
        msg = (
            f"the {-decided.total} that {decided.subscription.id!r} gives back on balance "
            "cannot be forfeited, since something new is charged as well; credit it"
        )
        raise ValueError(msg)
    return ()


def _applied(held: Sequence[Grant], desk: Desk, currency: str) -> Money:
    """Return what prepaid credit pays: what is left to take is that much less."""
    before, after = (
        sum_of((g.spendable for g in of if g.amount.currency == currency), currency)
        for of in (held, desk.grants.values())
    )
    return before - after
