"""Views of the money of a platform: margins, the reserve, and what suppliers owe."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.alerts import Alert, Observation, raise_alert
from ledgerkit.domain.gateways import GatewayBalance
from ledgerkit.domain.ledger import Balance, Entry, EntryLine, Event, Journal, Posted, statement
from ledgerkit.domain.money import Money
from ledgerkit.domain.reconciliation import Reconciliation, reconcile
from ledgerkit.domain.reserves import ReservePolicy, check
from ledgerkit.domain.statements import (
    HIDDEN,
    MarginRow,
    MonthMargin,
    freeze,
    margins,
    reserve_overview,
    supplier_debts,
    wallet_totals,
)
from ledgerkit.testing.samples import NOON, hour

PHOENIX = "America/Phoenix"


def usd(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "USD")


def flight(
    id: str,
    customer: int,
    supplier: int,
    *,
    kind: str = "completion.charged",
    part: str = "",
    at: datetime = NOON,
) -> Journal:
    """Return the journal of a flight; the platform has the complement."""
    legs = (
        Entry("customer:s", usd(customer)),
        Entry("supplier:i", usd(supplier)),
        Entry("platform", usd(-customer - supplier)),
    )
    return Journal(
        id=f"jrn_{id}{part}",
        kind=kind,
        entries=tuple(leg for leg in legs if leg.amount.minor),
        effective_at=at,
        event=Event("flight", id, part),
    )


FLIGHT = flight("f-1", -10_000, 6_000)
ADJUSTED = flight(
    "f-1", -6_000, 3_600, kind="completion.adjusted", part="adjusted:1", at=hour(24 * 31)
)
FREE = flight("f-2", -5_000, 5_000)
THIRD = flight("f-3", -10_001, 5_000, at=hour(20))
UNDONE = flight("f-3", 10_001, -5_000, kind="completion.charged.reversed", part="undone:1")
FEE = Journal(
    id="jrn_fee",
    kind="charge.settled",
    entries=(Entry("platform", usd(-320)), Entry("gateway:stripe", usd(320))),
    effective_at=NOON,
    event=Event("gateway.charge", "stripe:pi_1"),
)


# ---- margins ---------------------------------------------------------------------------------
def test_margin_is_charge_less_payouts() -> None:
    """40.00, 24.00 of the adjustment, nothing of one that is paid out whole. (seed 002)"""
    [found] = margins([FLIGHT, FREE, ADJUSTED, FEE], zone=PHOENIX)

    assert ("USD", 2, usd(6_400), usd(3_200), usd(-320)) == (
        found.currency,
        found.charged,
        found.margin,
        found.average,
        found.other,
    )


def test_each_month_has_its_margin() -> None:
    """A flight counts in the month it was charged in, an adjustment moves that of its own."""
    [found] = margins([FLIGHT, FREE, ADJUSTED], zone=PHOENIX)

    assert (
        MonthMargin(month=date(2026, 10, 1), charged=2, margin=usd(4_000)),
        MonthMargin(month=date(2026, 11, 1), charged=0, margin=usd(2_400)),
    ) == found.months


def test_a_month_is_local() -> None:
    """Midnight in UTC is still September in Phoenix."""
    early = attrs.evolve(FLIGHT, effective_at=hour(-10))
    [found] = margins([early], zone=PHOENIX)

    assert [date(2026, 9, 1)] == [month.month for month in found.months]


def test_what_is_undone_counts_no_more() -> None:
    """And its margin is given back."""
    [found] = margins([FLIGHT, THIRD, UNDONE], zone=PHOENIX)

    assert (1, usd(4_000), usd(4_000)) == (found.charged, found.margin, found.average)


def test_the_average_is_rounded_once() -> None:
    """90.01 over two flights is 45.005: 45.01, half up."""
    [found] = margins([FLIGHT, flight("f-4", -10_001, 5_000)], zone=PHOENIX)

    assert (usd(9_001), usd(4_501)) == (found.margin, found.average)


def test_without_flights_there_is_no_average() -> None:
    """Only a fee."""
    [found] = margins([FEE], zone=PHOENIX)

    assert (0, None, usd(-320), ()) == (found.charged, found.average, found.other, found.months)
    assert () == margins([], zone=PHOENIX)


def test_the_newest_come_first() -> None:
    """As many as asked for, as journals."""
    posted = Posted(journal=THIRD, sequence=2, recorded_at=hour(30), changes="k")
    [found] = margins([FLIGHT, posted, ADJUSTED], zone=PHOENIX, recent=2)

    assert (
        MarginRow(
            journal="jrn_f-1adjusted:1",
            kind="completion.adjusted",
            source="f-1",
            on=date(2026, 11, 1),
            margin=usd(2_400),
        ),
        MarginRow(
            journal="jrn_f-3",
            kind="completion.charged",
            source="f-3",
            on=date(2026, 10, 2),
            margin=usd(5_001),
        ),
    ) == found.recent


def test_units_have_no_margin() -> None:
    """A session that a package covers moves units, too; only money is counted."""
    covered = Journal(
        id="jrn_s",
        kind="session.covered",
        entries=(
            Entry("liability:packages", usd(-4_500)),
            Entry("supplier:i", usd(3_000)),
            Entry("platform", usd(1_500)),
            Entry("package:p", Money(-1, "SESSION")),
            Entry("units:redeemed", Money(1, "SESSION")),
        ),
        effective_at=NOON,
        event=Event("session", "s-1"),
    )

    assert [("USD", 1, usd(1_500))] == [
        (m.currency, m.charged, m.margin) for m in margins([covered], zone=PHOENIX)
    ]


def test_kinds_are_the_hosts() -> None:
    """Another kind of charge is counted where it is named; a charge without an event is not."""
    rented = attrs.evolve(FLIGHT, kind="rental.charged")
    nameless = attrs.evolve(FLIGHT, event=None)

    assert 1 == margins([rented], zone=PHOENIX, charges=("rental.charged",))[0].charged
    assert (0, usd(4_000)) == (
        (found := margins([nameless], zone=PHOENIX)[0]).charged,
        found.other,
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 999), st.integers(0, 999))))
def test_margin_and_other_are_the_platforms_wallet(rows: list[tuple[int, int, int]]) -> None:
    """Whatever was charged, adjusted or taken as a fee. (seed 002: verify the margin)"""
    journals = [
        attrs.evolve(FEE, id=f"fee{n}")
        if not kind
        else flight(
            f"f-{kind}",
            -charge,
            pay,
            kind="completion.charged" if kind % 2 else "completion.adjusted",
            part=str(n),
        )
        for n, (kind, charge, pay) in enumerate(rows)
    ]
    kept = sum(
        entry.amount.minor
        for journal in journals
        for entry in journal.entries
        if entry.wallet == "platform"
    )
    found = margins(journals, zone=PHOENIX)

    assert usd(kept) == sum((_money(m.margin) + _money(m.other) for m in found), start=usd(0))
    assert all(
        m.margin == sum((_money(each.margin) for each in m.months), start=usd(0)) for m in found
    )


def _money(shown: Any) -> Money:
    assert type(shown) is Money
    return shown


# ---- the reserve -----------------------------------------------------------------------------
BALANCES = {
    ("customer:a", "USD"): Balance(20_000),
    ("customer:b", "USD"): Balance(-10_000),
    ("customer:c", "USD"): Balance(0),
    ("supplier:i", "USD"): Balance(6_000),
    ("platform", "USD"): Balance(4_000),
    ("gateway:stripe", "USD"): Balance(-20_000),
    ("platform", "EUR"): Balance(5),
    ("cash:bank", "EUR"): Balance(-5),
}


def test_what_the_wallets_of_each_kind_hold() -> None:
    """What customers have and what they owe stand apart; a wallet at zero is not counted."""
    totals = wallet_totals(BALANCES)

    assert [
        ("cash", "EUR", 1),
        ("customer", "USD", 2),
        ("gateway", "USD", 1),
        ("platform", "EUR", 1),
        ("platform", "USD", 1),
        ("supplier", "USD", 1),
    ] == [(t.kind, t.currency, t.wallets) for t in totals]
    assert (usd(20_000), usd(-10_000), usd(10_000)) == (
        totals[1].plus,
        totals[1].minus,
        totals[1].total,
    )


def reconciled(gateway: str, held: int, *, hours: int = 0, currency: str = "USD") -> Reconciliation:
    """Return a reconciliation of a gateway that reports 200.00."""
    told = GatewayBalance(available=(Money(20_000, currency),), at=hour(hours))
    return reconcile(
        gateway, currency, on=date(2026, 10, 1), reported=told, wallet=Balance(-held)
    ).reconciliation


def alert(kind: str, severity: str | None, hours: int = 0) -> Alert:
    """Return an alert; one that is over, if there is no severity."""
    first = Observation(kind=kind, subject="x", severity=severity or "notice")
    opened = raise_alert(None, first, at=hour(hours))
    assert opened is not None
    gone = raise_alert(
        opened.alert, Observation(kind=kind, subject="x", severity=severity), at=hour(hours)
    )
    return opened.alert if gone is None else gone.alert


def test_the_reserve_at_a_glance() -> None:
    """Status, the newest drift of each gateway, what stands, and whose money it is. (seed 002)"""
    found = reserve_overview(
        check(ReservePolicy(usd(30_000)), usd(20_000)),
        balances=BALANCES,
        reconciliations=[
            reconciled("stripe", 20_000, hours=24),
            reconciled("stripe", 10_000),
            reconciled("other", 19_500),
            reconciled("stripe", 20_000, hours=48, currency="EUR"),
        ],
        alerts=[
            alert("reserve", "warning"),
            alert("drift", "critical", 5),
            alert("old", None),
            alert("late", "critical", 1),
        ],
    )

    assert ("warning", usd(20_000), usd(30_000), False) == (
        found.status,
        found.held,
        found.minimum,
        found.blocks_transfers,
    )
    assert [("other", "notice", usd(500)), ("stripe", "clean", usd(0))] == [
        (row.gateway, row.status, row.drift) for row in found.drifts
    ]
    assert ["late", "drift", "reserve"] == [row.kind for row in found.alerts]
    assert ["customer", "gateway", "platform", "supplier"] == [t.kind for t in found.totals]


def test_a_frozen_overview_shows_no_amounts() -> None:
    """Like every view."""
    shown = freeze(reserve_overview(check(ReservePolicy(usd(1)), usd(1)), balances=BALANCES))

    assert {HIDDEN} == {shown.held, shown.minimum, *(t.total for t in shown.totals)}


# ---- what suppliers owe ----------------------------------------------------------------------
def entries(*moves: tuple[int, int], supplier: str = "i") -> tuple[EntryLine, ...]:
    """Return a supplier's statement: (days after 1 October, cents)."""
    posted = [
        Posted(
            journal=Journal(
                id=f"jrn_{n}",
                kind="test.moved",
                entries=(
                    Entry(f"supplier:{supplier}", usd(minor)),
                    Entry("platform", usd(-minor)),
                ),
                effective_at=hour(24 * days),
            ),
            sequence=n + 1,
            recorded_at=hour(24 * days),
            changes="k",
        )
        for n, (days, minor) in enumerate(moves)
    ]
    return statement(posted, f"supplier:{supplier}")


def debts(*lines: EntryLine, days: int = 0, **fields: Any) -> list[Any]:
    """Return who owes what, so many days after 1 October."""
    on = date.fromordinal(date(2026, 10, 1).toordinal() + days)
    found = supplier_debts(lines, on=on, zone="UTC", **fields)
    return [(d.supplier, d.since, [_money(a).minor for a in d.ages], d.owed) for d in found]


@pytest.mark.parametrize(
    ("days", "ages"),
    [
        (0, [5_000, 0, 0, 0]),
        (29, [5_000, 0, 0, 0]),
        (30, [0, 5_000, 0, 0]),
        (60, [0, 0, 5_000, 0]),
        (90, [0, 0, 0, 5_000]),
    ],
)
def test_a_debt_grows_old(days: int, ages: list[int]) -> None:
    """60.00 earned and 110.00 taken back: 50.00 are owed since that day. (reliability A15)"""
    lines = entries((0, 6_000), (0, -11_000))

    assert [("i", date(2026, 10, 1), ages, usd(5_000))] == debts(*lines, days=days)


def test_the_oldest_debt_is_paid_first() -> None:
    """Two debts of 50.00; 70.00 earned pay the first and 20.00 of the second."""
    lines = entries((0, -5_000), (40, -5_000), (50, 7_000))

    assert [("i", date(2026, 11, 10), [3_000, 0, 0, 0], usd(3_000))] == debts(*lines, days=50)
    assert [("i", date(2026, 10, 1), [5_000, 5_000, 0, 0], usd(10_000))] == debts(*lines, days=45)


def test_what_is_earned_beyond_debts_is_own() -> None:
    """And pays what is taken back next."""
    lines = entries((0, -1_000), (1, 3_000), (2, -1_500), (3, -1_000))

    assert [] == debts(*lines, days=2)
    assert [("i", date(2026, 10, 4), [500, 0, 0, 0], usd(500))] == debts(*lines, days=3)


def test_others_owe_nothing() -> None:
    """Only suppliers are listed, the oldest debt first."""
    lines = (
        *entries((5, -1), supplier="b"),
        *entries((5, -1), supplier="a"),
        *entries((1, -1), supplier="c"),
        *(attrs.evolve(line, wallet="customer:x") for line in entries((0, -1))),
    )

    assert ["c", "a", "b"] == [debt[0] for debt in debts(*lines, days=9)]
    assert [[0, 0, 1], [0, 1, 0], [0, 1, 0]] == [
        debt[2] for debt in debts(*lines, days=9, ages=(3, 8))
    ]


@pytest.mark.parametrize("ages", [(0, 30), (30, 30), (60, 30), (1.5,)])
def test_ages_grow(ages: Any) -> None:
    """From above zero."""
    with pytest.raises(ValueError, match="classes of age"):
        debts(ages=ages)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(-500, 500).filter(bool)), max_size=12))
def test_what_is_owed_is_the_balance_below_zero(moves: list[tuple[int, int]]) -> None:
    """All classes together, whatever came first."""
    lines = entries(*sorted(moves, key=lambda move: move[0]))
    owed = max(0, -sum(minor for _, minor in moves))

    assert [usd(owed)] * (owed > 0) == [debt[3] for debt in debts(*lines, days=200)]
    assert all(sum(debt[2]) == debt[3].minor for debt in debts(*lines, days=200))
