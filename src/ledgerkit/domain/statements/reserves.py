"""Reserve overview: whether enough is held, what drifts, and whose money it is.

(seed 002: reserve monitoring; spec: billing 9)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import attrs

from ledgerkit.domain.alerts import SEVERITIES, Alert
from ledgerkit.domain.ledger import Balance
from ledgerkit.domain.money import Money
from ledgerkit.domain.reconciliation import Reconciliation
from ledgerkit.domain.reserves import ReserveCheck
from ledgerkit.domain.statements.views import Shown, View


@attrs.frozen(kw_only=True)
class WalletTotal(View):
    """What all wallets of one kind hold in one currency.

    Attributes:
        kind: The first word of their addresses, such as `customer` or `gateway`.
        currency: The currency.
        wallets: How many of them do not stand at zero.
        plus: What those above zero have together.
        minus: What those below zero owe together, a negative amount.
        total: Both together.
    """

    kind: str
    currency: str
    wallets: int
    plus: Shown
    minus: Shown
    total: Shown


def wallet_totals(balances: Mapping[tuple[str, str], Balance]) -> tuple[WalletTotal, ...]:
    """Return what the wallets of each kind hold, by kind and currency.

    The totals of one currency sum to zero: what the gateways hold is what everybody else has.
    (seed 002: total student, instructor and liability balances)
    """
    held = defaultdict[tuple[str, str], list[int]](list)
    for (wallet, currency), balance in balances.items():
        if balance.posted:
            held[wallet.partition(":")[0], currency].append(balance.posted)
    return tuple(
        WalletTotal(
            kind=kind,
            currency=currency,
            wallets=len(minors),
            plus=Money(sum(m for m in minors if m > 0), currency),
            minus=Money(sum(m for m in minors if m < 0), currency),
            total=Money(sum(minors), currency),
        )
        for (kind, currency), minors in sorted(held.items())
    )


@attrs.frozen(kw_only=True)
class DriftRow(View):
    """The newest reconciliation of one gateway in one currency."""

    gateway: str
    currency: str
    on: date
    status: str
    drift: Shown
    in_flight: int


@attrs.frozen(kw_only=True)
class AlertRow(View):
    """One alert that is not over; the figures stand in its facts."""

    alert: str
    kind: str
    subject: str
    severity: str
    status: str
    opened_at: datetime


@attrs.frozen(kw_only=True)
class ReserveOverview(View):
    """The reserve in one currency, and what belongs to it.

    Attributes:
        status: `healthy`, `warning` or `critical`.
        held: What is held now.
        minimum: What should be held.
        blocks_transfers: Whether transfers wait.
        drifts: The newest reconciliation of each gateway.
        alerts: What is not over, the worst first.
        totals: What the wallets of each kind hold.
    """

    status: str
    held: Shown
    minimum: Shown
    blocks_transfers: bool
    drifts: tuple[DriftRow, ...]
    alerts: tuple[AlertRow, ...]
    totals: tuple[WalletTotal, ...]


def reserve_overview(
    checked: ReserveCheck,
    *,
    balances: Mapping[tuple[str, str], Balance],
    reconciliations: Iterable[Reconciliation] = (),
    alerts: Iterable[Alert] = (),
) -> ReserveOverview:
    """Return the reserve as it was *checked*, beside all that is known in its currency.

    Of the *reconciliations* the newest of each gateway counts; *alerts* are of any currency.
    """
    currency = checked.held.currency
    newest = {
        each.gateway: each
        for each in sorted(reconciliations, key=lambda r: r.at)
        if each.currency == currency
    }
    standing = sorted(
        (alert for alert in alerts if not alert.is_over),
        key=lambda a: (-SEVERITIES.index(a.severity), a.opened_at, a.id),
    )
    return ReserveOverview(
        status=checked.status,
        held=checked.held,
        minimum=checked.minimum,
        blocks_transfers=checked.should_block_transfers,
        drifts=tuple(
            DriftRow(
                gateway=gateway,
                currency=currency,
                on=each.on,
                status=each.status,
                drift=each.drift,
                in_flight=len(each.items),
            )
            for gateway, each in sorted(newest.items())
        ),
        alerts=tuple(
            AlertRow(
                alert=a.id,
                kind=a.kind,
                subject=a.subject,
                severity=a.severity,
                status=a.status,
                opened_at=a.opened_at,
            )
            for a in standing
        ),
        totals=tuple(total for total in wallet_totals(balances) if total.currency == currency),
    )
