"""Payees: what each supplier and owner is paid for a period, as one `Changes`.

A billing run pays those of its month, and a host whose work is charged when it is done, without a
run, pays from the entries of the wallets alone. (spec: billing 6, 10)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

import attrs

from ledgerkit.domain import payouts
from ledgerkit.domain.billing_run.facts import Facts, SupplierFacts
from ledgerkit.domain.changes import Changes, Plan, Skipped, changes_of, request, skipped
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import EntryLine, Journal, Posted, line_of
from ledgerkit.domain.money import sum_of
from ledgerkit.domain.parties import PAYEE_WALLETS, SUPPLIER
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import under_way


@attrs.frozen
class TransferUnderWay(LedgerkitError):
    """A payee is being paid for single work, and a payout would pay that again."""

    supplier: str
    transfers: tuple[str, ...]
    role: str = SUPPLIER
    code: ClassVar[str] = "transfer_under_way"

    def __str__(self) -> str:
        return (
            f"{self.role} {self.supplier!r} is being paid by {', '.join(self.transfers)}; a payout "
            "needs these to be done, or to have failed"
        )


def plan_payouts(
    payees: Iterable[SupplierFacts],
    *,
    period: Period,
    as_of: datetime,
    actor: str = "payouts",
    labels: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> Plan:
    """Decide what each of *payees* is paid for *period*, one `Changes` each.

    Whoever cannot be paid, such as while a transfer is under way, is skipped with the reason.
    """
    changes: list[Changes] = []
    left_out: list[Skipped] = []
    for payee in sorted(payees, key=lambda p: (p.party.role != SUPPLIER, p.party.id)):
        try:
            paid = pay_supplier(payee, period=period, as_of=as_of, labels=labels, actor=actor)
        except LedgerkitError as error:
            left_out.append(skipped(payee.party.id, error))
            continue
        changes += () if paid is None else (paid,)
    return Plan(tuple(changes), tuple(left_out))


def pay_supplier(
    supplier: SupplierFacts,
    *,
    period: Period,
    as_of: datetime,
    labels: Mapping[str, tuple[str, str]],
    actor: str = "billing run",
) -> Changes | None:
    """Return the payouts of a payee for *period*, one per currency, or None: nothing is owed.

    What sums to zero or less stays on the wallet and is settled with later earnings. *labels*
    gives the (item, detail) of the sessions that lines name. (spec: billing 6, 10)

    Raises:
        TransferUnderWay: what is owed may be paid by a transfer that is not booked yet.
    """
    claimed = {(line.journal, line.line) for p in supplier.payouts for line in p.lines}
    lines = payouts.gather(
        supplier.party, supplier.entries, claimed=claimed, period=period, labels=labels
    )
    unbooked = under_way(supplier.transfers, supplier.entries)
    if lines and unbooked:
        moving = tuple(transfer.id for transfer in unbooked)
        raise TransferUnderWay(supplier.party.id, moving, supplier.party.role)
    generated = []
    for currency in sorted({line.amount.currency for line in lines}):
        same = tuple(line for line in lines if line.amount.currency == currency)
        if sum_of((line.amount for line in same), currency).minor <= 0:
            continue
        earlier = [p for p in supplier.payouts if p.currency == currency]
        payout = payouts.preview(
            supplier.party.id,
            same,
            currency=currency,
            period=period,
            part=sum(1 for p in earlier if p.period == period),
            earlier=len(earlier),
            role=supplier.party.role,
        )
        generated.append(payouts.generate(payout))
    if not generated:
        return None
    ids = [g.payout.id for g in generated]
    return changes_of(
        *generated,
        key=f"billing_run/{supplier.party.id}/{period}/{derive('run', *ids)}",
        request=request(
            "billing_run",
            **{supplier.party.role: supplier.party.id},
            period_start=period.start,
            period_end=period.end,
        ),
        actor=actor,
        reason=f"pay {supplier.party.id} for {period}",
        at=as_of,
    )


def labels_of(facts: Facts) -> dict[str, tuple[str, str]]:
    """Return the (item, detail) of every session in *facts*: what was taught, and to whom.

    A session of an unknown match has none: its customer is skipped, and stops nobody.
    """
    labels: dict[str, tuple[str, str]] = {}
    for customer in facts.customers:
        # Sessions of a match share one label: there are few matches and many sessions.
        matches = {m.id: (m.student, (str(m.key), m.student)) for m in customer.matches}
        for session in customer.sessions:
            found = matches.get(session.match)
            if found is not None:
                student, usual = found
                key = session.key
                labels[session.id] = usual if key is None else (str(key), student)
    return labels


def with_planned(
    suppliers: Iterable[SupplierFacts], planned: Iterable[Changes]
) -> tuple[SupplierFacts, ...]:
    """Return *suppliers* with the entries that *planned* changes would post: a preview's fold."""
    extra: dict[str, list[EntryLine]] = {}
    for changes in planned:
        for journal in changes.journals:
            for line in _lines(journal, changes):
                extra.setdefault(line.wallet, []).append(line)
    return tuple(
        attrs.evolve(s, entries=(*s.entries, *extra.get(s.party.wallet, ()))) for s in suppliers
    )


def _lines(journal: Journal, changes: Changes) -> Iterable[EntryLine]:
    posted = Posted(journal=journal, sequence=0, recorded_at=changes.at, changes=changes.key)
    for number, entry in enumerate(journal.entries):
        if entry.wallet.startswith(PAYEE_WALLETS):
            yield line_of(posted, number, entry.amount)
