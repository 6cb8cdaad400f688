"""Losing: what payees earned with the money that a dispute took, and the cases over it.

Only what a payee was paid is clawed back, and only with approval. What no payout paid yet stays
where it is: on the payee's wallet, in a payout on hold. (spec: billing 10; lms-front issue 511)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction

import attrs

from ledgerkit.domain import clawbacks
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.disputes.records import LOST, Dispute
from ledgerkit.domain.gateways import link_id
from ledgerkit.domain.ids import derive
from ledgerkit.domain.invoices import VOID, Invoice
from ledgerkit.domain.ledger import EntryLine
from ledgerkit.domain.money import Money, Rounding, allocate, draw, round_exact, sum_of
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.parties import SUPPLIER, payee_wallet
from ledgerkit.domain.payments import Payment, Receivable
from ledgerkit.domain.payouts import SETTLED, Payout
from ledgerkit.domain.transfers import DONE, LATE_OUTCOME, PAID_OUT, Transfer

PROPOSER = "dispute"
_BY_HAND, _NOTHING = "by_hand", ""  # what paid an earning, where no transfer did


@attrs.frozen
class _Billing:
    """Which invoice bills what: by the journals that charge it, else by the ids of what was done.

    So what was earned counts for one invoice, also where a later one bills more of the same work.
    """

    journals: Mapping[str, str]
    sources: Mapping[str, str]

    def invoice(self, journal: str, source: str) -> str | None:
        """Return the id of the invoice that bills what *journal* booked for *source*, or None."""
        return self.journals.get(journal, self.sources.get(source))


def _billing(invoices: Iterable[Invoice], reversals: Mapping[str, str]) -> _Billing:
    journals: dict[str, str] = {}
    sources: dict[str, str] = {}
    for invoice in invoices:
        if invoice.status == VOID:
            continue
        for line in invoice.lines:
            sources.setdefault(line.source, invoice.id)
            if line.journal is not None:
                journals.setdefault(line.journal, invoice.id)
    for reversal, of in reversals.items():
        if of in journals:
            journals[reversal] = journals[of]
    return _Billing(journals, sources)


def related(
    payment: Payment, invoices: Iterable[Invoice], earned: Iterable[Payout]
) -> tuple[Payout, ...]:
    """Return those of the payouts *earned* that pay anybody for what *payment* paid.

    They share a journal or a source, such as a session, with a line of an invoice that it pays.
    """
    paid = {each.invoice for each in payment.assignments}
    lines = [line for invoice in invoices if invoice.id in paid for line in invoice.lines]
    journals = {line.journal for line in lines}
    sources = {line.source for line in lines}
    return tuple(
        payout
        for payout in earned
        if any(line.journal in journals or line.source in sources for line in payout.lines)
    )


@attrs.frozen(kw_only=True)
class Earner:
    """A payee, supplier or owner, who earned of what a disputed payment paid, as the books have it.

    Attributes:
        supplier: The id of the party.
        role: `supplier`, or `owner` where it earned for equipment.
        entries: The statement of the wallet it has in that role.
        reversals: By the id of a journal among them that reverses one: the id of that one.
        payouts: All its payouts in that role.
        transfers: All its transfers in that role.
        cases: All its clawbacks in that role.
    """

    supplier: str
    role: str = SUPPLIER
    entries: tuple[EntryLine, ...]
    reversals: Mapping[str, str]
    payouts: tuple[Payout, ...]
    transfers: tuple[Transfer, ...]
    cases: tuple[Clawback, ...] = ()

    @property
    def wallet(self) -> str:
        """The wallet that it earned on: `supplier:<id>` or `owner:<id>`."""
        return payee_wallet(self.role, self.supplier)


@attrs.frozen(kw_only=True)
class Lost:
    """What follows for payees from a dispute that is lost.

    Attributes:
        cases: The ids of the clawbacks over what they were paid.
        proposed: Those of them that are new.
        transfers: Those that paid it: they are stored anew with their cases, so that no two cases
            at once take more than one of them paid.
        unpaid: The ids of payees a share of whom was not paid yet, or came back.
    """

    cases: tuple[str, ...] = ()
    proposed: tuple[Clawback, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    unpaid: tuple[str, ...] = ()


def lose(
    dispute: Dispute,
    *,
    payment: Payment,
    owed: Iterable[Receivable],
    earners: Iterable[Earner],
    at: datetime,
    others: Iterable[Dispute] = (),
) -> Lost:
    """Propose a case for each of *earners* over what the *dispute* took of what it was paid.

    All of what a payee earned with an invoice is taken if the disputed *payment* paid the whole
    invoice and all of it is disputed; else as much in proportion. For each invoice that is rounded
    once, half up, and shared out, so that the shares add up. A case is within what its transfers
    paid and have left; what was paid by hand is a case of its own. Of a payment that *others* lost
    took as well, no more than the rest is taken. (spec: billing 10)
    """
    earners = tuple(earners)
    took = _taken(_disputed(dispute, payment, others), payment, tuple(owed), earners)
    cases: list[str] = []
    proposed: list[Clawback] = []
    unpaid: list[str] = []
    for earner in earners:
        own = {by: minor for (who, by), minor in took.items() if who == earner.wallet and minor}
        not_paid, by_hand = own.pop(_NOTHING, 0), own.pop(_BY_HAND, 0)
        moved = [transfer for transfer in earner.transfers if transfer.id in own]
        if not_paid or any(_is_owed_again(each, own[each.id]) for each in moved):
            unpaid.append(earner.supplier)
        minor = _recoverable(dispute, earner, moved, own)
        for part, amount, paid in (("", minor, moved), (_BY_HAND, by_hand, [])):
            if not amount:
                continue
            case = _case(dispute, earner, amount, paid, part=part, at=at)
            cases.append(case.id)
            if all(each.id != case.id for each in earner.cases):  # else a person was first
                proposed.append(case)
    shared = {share.transfer for case in proposed for share in case.shares}
    return Lost(
        cases=tuple(cases),
        proposed=tuple(proposed),
        transfers=tuple(t for e in earners for t in e.transfers if t.id in shared),
        unpaid=tuple(dict.fromkeys(unpaid)),
    )


def _recoverable(
    dispute: Dispute, earner: Earner, moved: list[Transfer], own: Mapping[str, int]
) -> int:
    """Return how much of what the dispute took of *own* its transfers paid and have left."""
    currency = dispute.amount.currency
    shares = (
        share.amount
        for transfer in moved
        for share in clawbacks.recoverable(
            Money(own[transfer.id], currency), [transfer], earlier=earner.cases
        )
    )
    return sum_of(shares, currency).minor


def _is_owed_again(transfer: Transfer, minor: int) -> bool:
    """Whether of the *minor* that *transfer* paid some came back that nobody here asked for.

    As where it was reversed in the gateway's dashboard: no case is over that, and the next payout
    pays it again.
    """
    own = (r for r in transfer.reversals if r.status == DONE and not r.asked_for)
    back = sum(reversal.amount.minor for reversal in own)
    return back > 0 and minor > transfer.amount.minor - back


def _case(
    dispute: Dispute,
    earner: Earner,
    minor: int,
    transfers: list[Transfer],
    *,
    part: str,
    at: datetime,
) -> Clawback:
    """Return the case over what *transfers*, or a person by hand, paid to *earner*."""
    return clawbacks.propose(
        Money(minor, dispute.amount.currency),
        supplier=earner.supplier,
        role=earner.role,
        cause=dispute.id,
        reason=f"dispute {dispute.object} lost",
        by=PROPOSER,
        at=at,
        on_wallet=False,  # nothing is taken of the wallet before somebody approves
        transfers=transfers,
        earlier=earner.cases,
        part=part,
    ).clawback


def _disputed(dispute: Dispute, payment: Payment, others: Iterable[Dispute]) -> Money:
    """Return what *dispute* is about of *payment*, less what *others* that are lost took of it."""
    before = sum(
        other.amount.minor
        for other in others
        if (other.payment, other.status) == (payment.id, LOST) and other.id != dispute.id
    )
    left = max(payment.amount.minor - before, 0)
    return Money(min(dispute.amount.minor, left), dispute.amount.currency)


def _taken(
    disputed: Money, payment: Payment, owed: tuple[Receivable, ...], earners: tuple[Earner, ...]
) -> Counter[tuple[str, str]]:
    """Return what of *earners* is taken by what is *disputed*, by wallet and by what paid it."""
    took = Counter[tuple[str, str]]()
    currency = disputed.currency
    earned = [
        each
        for earner in earners
        for each in _earned(earner, [every.invoice for every in owed], currency)
    ]
    for receivable in owed:
        part = _part(disputed, payment, receivable)
        ours = [each for each in earned if each.invoice == receivable.invoice.id]
        if not ours or not part:
            continue
        whole = sum_of((each.amount for each in ours), currency)
        taken = Money(round_exact(whole.minor * part, Rounding.HALF_UP), currency)
        for each, share in zip(ours, allocate(taken, [e.amount.minor for e in ours]), strict=True):
            took[each.wallet, each.paid_by] += share.minor
    return took


def _part(disputed: Money, payment: Payment, receivable: Receivable) -> Fraction:
    """Return which part of what an invoice bills is *disputed*: 0 to 1, exact.

    That is the part of the invoice which *payment* paid, times the part of it in dispute. It does
    not depend on what else went back of the payment, so that every order of news gives the same.
    """
    invoice, whole = receivable.invoice, Fraction(1)
    assigned = (e.amount.minor for e in payment.assignments if e.invoice == invoice.id)
    due = (invoice.total - receivable.credited).minor
    paid = next(assigned, 0)
    of_invoice = Fraction(paid, due) if due > 0 else Fraction(paid)
    return min(of_invoice, whole) * Fraction(disputed.minor, payment.amount.minor)


@attrs.frozen
class _Earned:
    """What *wallet* earned of what *invoice* bills, and what paid it."""

    wallet: str
    invoice: str
    paid_by: str
    amount: Money


def _earned(earner: Earner, invoices: Iterable[Invoice], currency: str) -> Iterator[_Earned]:
    """Yield what *earner* earned of *invoices*, by invoice and by what paid it.

    Corrections and reversals count, also those that no payout has offset yet.
    """
    billing = _billing(invoices, earner.reversals)
    net = Counter[str]()
    for entry in earner.entries:
        source = "" if entry.event is None else entry.event.id
        invoice = billing.invoice(entry.journal, source)
        if invoice is not None and entry.amount.currency == currency:
            net[invoice] += entry.amount.minor
    paid = _payments(earner, billing, currency)
    for invoice in sorted(id for id, minor in net.items() if minor > 0):
        by = [each for each in paid if each.invoice == invoice]
        drawn = draw(Money(net[invoice], currency), [each.amount for each in by])
        for each, amount in zip(by, drawn.parts, strict=True):
            yield attrs.evolve(each, amount=amount)
        yield _Earned(earner.wallet, invoice, _NOTHING, drawn.shortfall)


def _payments(earner: Earner, billing: _Billing, currency: str) -> list[_Earned]:
    """Return what was paid to *earner* of what is billed: by transfers, or by hand.

    A payout gathers what a transfer of single work paid beside the earning, and pays the rest.
    """
    paid = Counter[tuple[str, str]]()
    sources = dict(billing.sources)
    for transfer in earner.transfers:
        invoice = None if transfer.of_payout else billing.sources.get(transfer.pays)
        if invoice is not None and transfer.status in PAID_OUT:
            sources[link_id(transfer.gateway, str(transfer.object))] = invoice
            if transfer.amount.currency == currency:
                paid[invoice, transfer.id] += transfer.amount.minor
    settled = attrs.evolve(billing, sources=sources)
    for payout in earner.payouts:
        if payout.status in SETTLED and payout.currency == currency:
            for line in payout.lines:
                invoice = settled.invoice(line.journal, line.source)
                if invoice is not None:
                    paid[invoice, payout.transfer or _BY_HAND] += line.amount.minor
    return [
        _Earned(earner.wallet, invoice, by, Money(minor, currency))
        for (invoice, by), minor in paid.items()
    ]


@attrs.frozen
class WonAfterAll:
    """The cases of a loss that are rejected as the dispute is won after all, and alerts."""

    rejected: tuple[Clawback, ...] = ()
    alerts: tuple[Message, ...] = ()


def won_after_all(dispute: Dispute, cases: Iterable[Clawback]) -> WonAfterAll:
    """Reject those of the *cases* of its loss that nobody approved, as the *dispute* is won.

    Each says why. Of what was approved, or is settled, people are alerted: nothing that money
    follows is undone silently. (spec: reliability A10)
    """
    rejected: list[Clawback] = []
    alerts: list[Message] = []
    for case in cases:
        if case.status == clawbacks.PROPOSED:
            over = clawbacks.reject(case).clawback
            rejected.append(attrs.evolve(over, reason=f"dispute {dispute.object} won"))
        elif case.status != clawbacks.REJECTED:
            facts = (
                ("clawback", case.id),
                ("supplier", case.supplier),
                ("dispute", dispute.id),
                ("status", case.status),
                ("now", dispute.status),
            )
            id = derive("msg", LATE_OUTCOME, case.id, dispute.id)
            alerts.append(Message(id, LATE_OUTCOME, case.supplier, facts))
    return WonAfterAll(tuple(rejected), tuple(alerts))
