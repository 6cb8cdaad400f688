"""Exports: payouts and the transfers that carry them as CSV, one row each.

No locale is in them: a spreadsheet and a program read the same. (spec: billing 12)
"""

from __future__ import annotations

from collections.abc import Iterable

from ledgerkit.adapters.exports.cells import days, moment, money, table, text
from ledgerkit.domain.money import Units
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.transfers import Transfer

PAYOUT_COLUMNS = (
    "payout",
    "supplier",
    "role",
    "period_start",
    "period_end",
    "currency",
    "total",
    "fee",
    "status",
    "transfer",
    "reference",
)
TRANSFER_COLUMNS = (
    "transfer",
    "created_at",
    "supplier",
    "role",
    "gateway",
    "account",
    "pays",
    "currency",
    "amount",
    "withheld",
    "fee",
    "reversed",
    "status",
    "object",
)


def payouts_csv(payouts: Iterable[Payout], *, units: Units) -> str:
    """Return *payouts* as CSV with a header row, in the order given.

    The fee is that of an instant payout, else empty. `lines_csv` has a row for each of their lines.
    """
    return table(PAYOUT_COLUMNS, (_payout(payout, units) for payout in payouts))


def _payout(payout: Payout, units: Units) -> tuple[str, ...]:
    return (
        text(payout.id),
        text(payout.supplier),
        payout.role,
        *days(payout.period),
        payout.currency,
        units.plain(payout.total),
        money(payout.fee, units),
        payout.status,
        text(payout.transfer),
        text(payout.reference),
    )


def transfers_csv(transfers: Iterable[Transfer], *, units: Units) -> str:
    """Return *transfers* as CSV with a header row, in the order given.

    What was reversed is part of the amount; what was withheld and the gateway's fee are not, and
    empty where there is none. The instant is that of the gateway, in UTC.
    """
    return table(TRANSFER_COLUMNS, (_transfer(transfer, units) for transfer in transfers))


def _transfer(transfer: Transfer, units: Units) -> tuple[str, ...]:
    return (
        text(transfer.id),
        moment(transfer.created_at),
        text(transfer.supplier),
        transfer.role,
        text(transfer.gateway),
        text(transfer.account),
        text(transfer.pays),
        transfer.amount.currency,
        units.plain(transfer.amount),
        money(transfer.withheld, units),
        money(transfer.fee, units),
        units.plain(transfer.reversed),
        transfer.status,
        text(transfer.object),
    )
