"""Margins: what the platform kept of what it charged, in all, by month and by flight or session.

(seed 002: margin analytics; spec: billing 9)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from fractions import Fraction

import attrs

from ledgerkit.domain.ledger import Event, Journal, Posted
from ledgerkit.domain.money import Money, Rounding, round_exact
from ledgerkit.domain.statements.months import day_of
from ledgerkit.domain.statements.views import Shown, View

CHARGES = ("session.charged", "session.covered", "completion.charged")
"""Kinds of journals that charge one flight or session."""
_REVERSED = ".reversed"
_UNITS = ("package:", "units:")
_PLATFORM = "platform"


@attrs.frozen(kw_only=True)
class MonthMargin(View):
    """What one month brought.

    Attributes:
        month: Its first day.
        charged: Flights or sessions charged in it, less those taken back in it.
        margin: What the platform kept of them, adjustments of that month included.
    """

    month: date
    charged: int
    margin: Shown


@attrs.frozen(kw_only=True)
class MarginRow(View):
    """What one journal brought.

    Attributes:
        journal: Its id.
        kind: What happened.
        source: The id of the flight or session.
        on: Its local day.
        margin: What the platform kept, below zero where it gave something back.
    """

    journal: str
    kind: str
    source: str
    on: date
    margin: Shown


@attrs.frozen(kw_only=True)
class Margins(View):
    """What the platform kept in one currency.

    Attributes:
        currency: The currency.
        charged: Flights or sessions charged, less those taken back.
        margin: What the platform kept of them, adjustments included.
        average: Margin per flight or session, rounded half up, once; None without any.
        other: What else moved the platform's wallet, such as fees of gateways.
        months: By month, the oldest first.
        recent: The newest journals, the newest first.
    """

    currency: str
    charged: int
    margin: Shown
    average: Shown | None
    other: Shown
    months: tuple[MonthMargin, ...]
    recent: tuple[MarginRow, ...]


@attrs.define
class _Tally:
    """Adds journals up; it lives as long as the call."""

    charged: Counter[date] = attrs.Factory(Counter)
    margin: Counter[date] = attrs.Factory(Counter)
    other: int = 0
    rows: list[MarginRow] = attrs.Factory(list)


def margins(
    journals: Iterable[Posted | Journal],
    *,
    zone: str,
    charges: Collection[str] = CHARGES,
    recent: int = 10,
) -> tuple[Margins, ...]:
    """Return the margins by currency of all *journals*, given in recording order.

    A journal of one of the kinds *charges* counts one flight or session, and its reversal takes it
    out. Whatever else was booked for the same event, such as an adjustment, moves its margin; so
    the margin is charge less payouts, and margin and *other* together are the platform's wallet.
    """
    tallies = defaultdict[str, _Tally](_Tally)
    sources = set[tuple[str, str]]()
    for each in journals:
        journal = each.journal if isinstance(each, Posted) else each
        event, month = journal.event, day_of(journal, zone).replace(day=1)
        sign = _sign(journal, charges)
        if event is not None and sign:
            sources.add((event.type, event.id))
            for currency in _currencies(journal):
                tallies[currency].charged[month] += sign
        for currency, minor in _kept(journal).items():
            tally = tallies[currency]
            if event is None or (event.type, event.id) not in sources:
                tally.other += minor
            else:
                tally.margin[month] += minor
                tally.rows.append(_row(journal, event, Money(minor, currency), zone))
    return tuple(_margins(currency, tallies[currency], recent) for currency in sorted(tallies))


def _sign(journal: Journal, charges: Collection[str]) -> int:
    if journal.kind in charges:
        return 1
    return -1 if journal.kind.removesuffix(_REVERSED) in charges else 0


def _currencies(journal: Journal) -> set[str]:
    return {e.amount.currency for e in journal.entries if not e.wallet.startswith(_UNITS)}


def _kept(journal: Journal) -> Counter[str]:
    kept = Counter[str]()
    for entry in journal.entries:
        if entry.wallet == _PLATFORM:
            kept[entry.amount.currency] += entry.amount.minor
    return kept


def _row(journal: Journal, event: Event, margin: Money, zone: str) -> MarginRow:
    return MarginRow(
        journal=journal.id,
        kind=journal.kind,
        source=event.id,
        on=day_of(journal, zone),
        margin=margin,
    )


def _margins(currency: str, tally: _Tally, recent: int) -> Margins:
    total, count = sum(tally.margin.values()), sum(tally.charged.values())
    average = None
    if count > 0:
        average = Money(round_exact(Fraction(total, count), Rounding.HALF_UP), currency)
    return Margins(
        currency=currency,
        charged=count,
        margin=Money(total, currency),
        average=average,
        other=Money(tally.other, currency),
        months=tuple(
            MonthMargin(
                month=month,
                charged=tally.charged[month],
                margin=Money(tally.margin[month], currency),
            )
            for month in sorted(tally.charged.keys() | tally.margin.keys())
        ),
        recent=tuple(tally.rows[::-1][:recent]),
    )
