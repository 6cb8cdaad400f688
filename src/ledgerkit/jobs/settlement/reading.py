"""Reading for a settlement: whose object it is, and what the customer owes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import attrs

from ledgerkit.domain import instructions
from ledgerkit.domain.changes import Decision, Effects, Expect, Versioned, expect
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.gateways import FAILED, GatewayLink, GatewayObject, Outcome, link_id
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.instructions import CANCELLED, DONE, REFUSED, Instruction
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.parties import PAYEE_WALLETS, Party
from ledgerkit.domain.payments import Payment, Receivable, receivables
from ledgerkit.domain.periods import local_date
from ledgerkit.jobs import steps

_NOTHING = Effects()
_OVER = (DONE, REFUSED, CANCELLED)
_PARTIES = ("customer:", *PAYEE_WALLETS)


@attrs.frozen(kw_only=True)
class Settlement:
    """What an object at a gateway does to our records, the instruction of it included.

    Attributes:
        effects: What to store; nothing if it is booked already.
        expects: The versions it was decided on.
        parked: Whether it must be tried again later: what it concerns is not known yet.
    """

    effects: Effects = _NOTHING
    expects: tuple[Expect, ...] = ()
    parked: bool = False

    @property
    def is_news(self) -> bool:
        """Whether it says more than that the instruction was heard of again."""
        others = tuple(each for each in self.effects.records if type(each) is not Instruction)
        return attrs.evolve(self.effects, records=others) != _NOTHING


PARKED = Settlement(parked=True)


@attrs.frozen(kw_only=True)
class Whose:
    """Whose object it is.

    Attributes:
        link: The id of the link of the object.
        linked: The link as it is stored, or None.
        instruction: The instruction of ours that it carries, if it is stored.
        record: The id of the record of ours that it is, or None if nobody knows.
    """

    link: str
    linked: Versioned[GatewayLink] | None
    instruction: Versioned[Instruction] | None
    record: str | None


async def whose(told: GatewayObject, *, gateway: str) -> Whose:
    """Return whose object *told* is: by the instruction it carries, else by the link of its id."""
    link = link_id(gateway, told.id)
    known = await steps.load(GatewayLink, link)
    ordered = None
    if told.instruction is not None:
        ordered = await steps.load(Instruction, told.instruction)
    if ordered is not None and ordered.record.order.kind != told.kind:
        ordered = None
    record = None
    if known is not None:
        record = known.record.record
    elif ordered is not None:
        record = ordered.record.subject
    return Whose(link=link, linked=known, instruction=ordered, record=record)


def settled(
    decision: Decision | None,
    told: GatewayObject,
    owner: Whose,
    record: str,
    *read: Versioned[Any] | None,
    at: datetime,
) -> Settlement:
    """Return the settlement of what was decided about *record* on what was *read*.

    With it go the link, if it is new, and the instruction's own move: unless what is told is an old
    failure, or older than one, which moves nothing. What the gateway did has happened, so it is
    booked whatever the floor of a customer or payee says. (spec: reliability A10, A15)
    """
    effects = Effects() if decision is None else _happened(decision.effects, owner.link)
    expects = [expect(each) for each in read if each is not None]
    if owner.linked is None or owner.linked.record.record != record:
        link = GatewayLink(id=owner.link, kind=told.kind, record=record)
        effects = effects + Effects(records=(link,))
        expects += [] if owner.linked is None else [expect(owner.linked)]
    ordered = owner.instruction
    if ordered is not None and not (decision is None and _is_old(ordered.record, told)):
        moved = instructions.follow(ordered.record, told, at=at)
        if moved is not None:
            effects = effects + moved.effects
            expects.append(expect(ordered))
    if effects == _NOTHING:
        return Settlement()
    return Settlement(effects=effects, expects=tuple(dict.fromkeys(expects)))


def _happened(effects: Effects, link: str) -> Effects:
    """Return *effects* with what takes money of a party forced by the object *link*."""
    return attrs.evolve(
        effects,
        journals=tuple(
            attrs.evolve(journal, forced_by=link) if _takes_of_a_party(journal) else journal
            for journal in effects.journals
        ),
    )


def _takes_of_a_party(journal: Journal) -> bool:
    return any(
        entry.amount.minor < 0 and entry.wallet.startswith(_PARTIES) for entry in journal.entries
    )


def _is_old(instruction: Instruction, told: GatewayObject) -> bool:
    """Whether *told*, which decided nothing, is no news of *instruction* either.

    An object that failed stays failed, whatever is told later of the time before.
    """
    has_failed = instruction.status == REFUSED and instruction.object == told.id
    return told.status == FAILED or has_failed


async def refused(
    instruction: Instruction,
    outcome: Outcome,
    decision: Decision | None,
    *read: Versioned[Any] | None,
    at: datetime,
) -> Settlement:
    """Return the settlement of a refused order: what it does to its subject, and its own move.

    An object told of meanwhile says more than an answer without one, so what is over stays so.
    """
    ordered = await steps.load(Instruction, instruction.id)
    if ordered is None or ordered.record.status in _OVER:
        return Settlement()
    moved = instructions.answered(ordered.record, outcome, at=at)
    effects = moved.effects if decision is None else decision.effects + moved.effects
    expects = (expect(ordered), *(expect(each) for each in read if each is not None))
    return Settlement(effects=effects, expects=expects)


@attrs.frozen(kw_only=True)
class Account:
    """What a customer owes and pays, as it was read.

    Attributes:
        invoices: All invoices of the customer, by id.
        owed: The same, with what was paid and credited of each.
        payments: All payments of the customer.
        zone: The zone in which its days are told.
    """

    invoices: Mapping[str, Versioned[Invoice]]
    owed: tuple[Receivable, ...]
    payments: tuple[Payment, ...]
    zone: str

    def read(self, written: tuple[Invoice, ...]) -> tuple[Versioned[Invoice], ...]:
        """Return the versions at which the invoices *written* were read."""
        return tuple(self.invoices[invoice.id] for invoice in written)


async def read_account(customer: str) -> Account:
    """Read what *customer* owes.

    Invoices come first: a payment stores the invoices that it settles anew, so whoever pays one of
    them after this was read makes the decision stale, whatever was read of it.
    """
    found = await steps.find_all(Invoice, party=customer)
    payments = tuple(v.record for v in await steps.find_all(Payment, party=customer))
    notes = [v.record for v in await steps.find_all(CreditNote, party=customer)]
    held = [v.record for v in await steps.find_all(Grant, party=customer)]
    party = await steps.load(Party, customer)
    return Account(
        invoices={v.record.id: v for v in found},
        owed=receivables((v.record for v in found), payments, notes, held),
        payments=payments,
        zone="UTC" if party is None else party.record.zone,
    )


async def payment_of(told: GatewayObject, *, gateway: str) -> Versioned[Payment] | None:
    """Return the payment that came in by the parent of *told*; None: not known, or not yet."""
    if told.parent is None:
        return None
    link = await steps.load(GatewayLink, link_id(gateway, told.parent))
    if link is None:
        return None
    payment = await steps.load(Payment, link.record.record)
    return payment if payment is not None and payment.record.is_taken else None


def day_of(told: GatewayObject, account: Account) -> date:
    """Return the customer's local day on which *told* was made."""
    return local_date(told.created, account.zone)
