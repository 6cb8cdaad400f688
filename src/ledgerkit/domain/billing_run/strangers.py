"""Strangers: customers whom the month does not tell of, so that contracts and work wait unbilled.

These are decided as a run would, for what they come to; nothing of that is stored.
(spec: billing 6)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import attrs

from ledgerkit.domain.billing_run.contracts import charge_contracts
from ledgerkit.domain.billing_run.desk import Desk, open_desk
from ledgerkit.domain.billing_run.facts import CustomerFacts, Facts, Policy, Stranger
from ledgerkit.domain.billing_run.invoicing import issue_invoices
from ledgerkit.domain.billing_run.work import charge_work
from ledgerkit.domain.changes import Skipped, skipped
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import CUSTOMER, Party
from ledgerkit.domain.periods import Period


@attrs.frozen
class ContractsOfStranger(LedgerkitError):
    """Something is due of a customer who is not among the parties."""

    customer: str
    items: tuple[str, ...]
    due: tuple[Money, ...]
    code: ClassVar[str] = "contracts_of_stranger"

    def __str__(self) -> str:
        due = " and ".join(str(amount) for amount in self.due)
        return (
            f"contracts and work of customer {self.customer!r}, who is not among the parties, come "
            f"to {due} before discounts and tax ({', '.join(self.items)}); add the customer"
        )


def strangers_of(customers: Iterable[str], parties: Iterable[Party]) -> tuple[str, ...]:
    """Return which of *customers*, by id, are no customers among *parties*, in order."""
    told = {party.id for party in parties if party.role == CUSTOMER}
    return tuple(sorted(set(customers) - told))


def left_out(
    facts: Facts, stranger: Stranger, *, policy: Policy, period: Period, as_of: datetime
) -> tuple[Skipped, ...]:
    """Return what is not billed of *stranger*: what it comes to, or why nobody can tell.

    Nothing, if nothing is due.
    """
    try:
        desk = _decided(facts, stranger, policy=policy, period=period, as_of=as_of)
    except LedgerkitError as error:
        return (skipped(stranger.id, error),)
    items, due = _due(desk)
    if not items:
        return tuple(desk.left_out)
    return (skipped(stranger.id, ContractsOfStranger(stranger.id, items, due)), *desk.left_out)


def _decided(
    facts: Facts, stranger: Stranger, *, policy: Policy, period: Period, as_of: datetime
) -> Desk:
    """Return the desk on which contracts and work of *stranger* are billed, without taxes."""
    party = Party(
        id=stranger.id,
        role=CUSTOMER,
        name=stranger.id,
        currency=facts.business.currency,
        zone=facts.business.zone,
    )
    customer = CustomerFacts(
        party=party,
        matches=(),
        sessions=(),
        invoices=stranger.invoices,
        credit_notes=stranger.credit_notes,
        contracts=stranger.contracts,
        completions=stranger.completions,
        adjustments=stranger.adjustments,
    )
    # Its coupons and its taxes are told with the party, so neither is known.
    untaxed = attrs.evolve(policy, taxes=None)
    desk = open_desk(facts, customer, policy=untaxed, period=period, as_of=as_of)
    charge_contracts(desk)
    charge_work(desk)
    issue_invoices(desk)
    return desk


def _due(desk: Desk) -> tuple[tuple[str, ...], tuple[Money, ...]]:
    """Return the items that are charged or given back, and what they come to in all."""
    lines = [(line.item, line.amount) for invoice in desk.issued for line in invoice.lines]
    lines += [(line.item, line.amount) for note in desk.credited for line in note.lines]
    items = {item for item, amount in lines if amount.minor}
    totals = [invoice.total for invoice in desk.issued] + [-note.net for note in desk.credited]
    currencies = sorted({amount.currency for amount in totals})
    due = tuple(sum_of((t for t in totals if t.currency == each), each) for each in currencies)
    return tuple(sorted(items)), due
