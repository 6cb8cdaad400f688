"""The identity of seed 002, its tolerance, the seed's own check, and what is read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import GatewayBalance, GatewayObject
from ledgerkit.domain.ledger import BadAddress, Balance, Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.reconciliation import (
    InFlight,
    Reconciliation,
    Tolerance,
    Window,
    currencies_of,
    in_flight,
    last_seen,
    moved,
    observation,
    platform_check,
    recent_days,
    reconcile,
    reconciliation_id,
    window,
)
from ledgerkit.testing.samples import NOON, hour
from tests.domain.reconciliation.world import booked, lines, reported, told, usd

ON = date(2026, 10, 1)


def item(minor: int, *, hours: int = 0) -> InFlight:
    """Return something in flight since so many hours after noon."""
    return InFlight(
        reason="unbooked", id="stripe:x", detail="x", amount=usd(minor), since=hour(hours)
    )


def done(available: int, held: int, *items: InFlight, **fields: Any) -> Reconciliation:
    """Return the reconciliation of a report with a wallet that holds so much for us."""
    return reconcile(
        "stripe",
        "USD",
        on=ON,
        reported=fields.pop("reported", reported(available)),
        wallet=Balance(-held),
        items=items,
        **fields,
    ).reconciliation


# ---- drift -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("drift", "status", "severity"),
    [
        (0, "clean", None),
        (1, "notice", "notice"),
        (1_000, "notice", "notice"),
        (-1_000, "notice", "notice"),
        (1_001, "alert", "critical"),
        (-1_001, "alert", "critical"),
    ],
)
def test_tolerance(drift: int, status: str, severity: str | None) -> None:
    """0 is clean, up to and including 10.00 a notice, above it an alert. (spec: billing 9, C-18)"""
    found = done(20_000 + drift, 20_000)

    assert (status, usd(drift)) == (found.status, found.drift)
    assert severity == observation(found).severity


def test_the_identity() -> None:
    """Available + pending - in flight - booked: 150 + 50 - 97 - 103 = 0. (spec: billing 9)"""
    found = done(0, 10_300, item(9_700), reported=reported(15_000, 5_000), sequence=17)

    assert (usd(15_000), usd(5_000), usd(9_700), usd(10_300)) == (
        found.available,
        found.pending,
        found.explained,
        found.booked,
    )
    assert ("clean", usd(0), 17) == (found.status, found.drift, found.sequence)
    assert (reconciliation_id("stripe", "USD", on=ON), "gateway:stripe", hour(1)) == (
        found.id,
        found.wallet,
        found.at,
    )


def test_what_is_in_flight_for_too_long_explains_nothing() -> None:
    """After a week an item is overdue: what one side got wrong comes to light."""
    week = 7 * 24
    fresh = done(20_000, 10_000, item(10_000, hours=1 - week))
    stale = done(20_000, 10_000, item(10_000, hours=-week))

    assert [False, True] == [each.items[0].overdue for each in (fresh, stale)]
    assert (usd(0), usd(10_000)) == (fresh.drift, stale.drift)


def test_tolerance_is_the_hosts() -> None:
    """None at all, say."""
    strict = Tolerance(minor=0, patience=timedelta())

    assert "alert" == done(20_001, 20_000, tolerance=strict).status


@pytest.mark.parametrize(
    "wrong", [{"minor": -1}, {"minor": 10.0}, {"patience": timedelta(-1)}, {"patience": 7}], ids=str
)
def test_tolerances_that_cannot_be(wrong: dict[str, Any]) -> None:
    """Whole minor units and a time, from zero on."""
    with pytest.raises(ValueError, match="from zero on"):
        Tolerance(**wrong)


def test_an_alert_lists_the_items() -> None:
    """With the figures, about the wallet in its currency."""
    seen = observation(done(20_500, 10_000, item(10_000)))

    assert ("drift", "gateway:stripe/USD", "notice") == (seen.kind, seen.subject, seen.severity)
    assert (
        ("drift_minor", "500"),
        ("currency", "USD"),
        ("reported_minor", "20500"),
        ("booked_minor", "10000"),
        ("reconciliation", reconciliation_id("stripe", "USD", on=ON)),
        ("stripe:x", "unbooked: 100.00 USD"),
    ) == seen.facts


def test_it_is_stored() -> None:
    """One record a day."""
    made = reconcile("stripe", "USD", on=ON, reported=reported(5), wallet=Balance(-5))

    assert Effects(records=(made.reconciliation,)) == made.effects


def test_a_later_look_at_the_same_figures() -> None:
    """Says nothing new, whenever it was and however far it read."""
    first = done(20_000, 20_000, sequence=3)
    later = done(0, 20_000, reported=reported(20_000, at=hour(5)), sequence=9)

    assert moved(None, first)
    assert not moved(first, later)
    assert moved(first, done(20_001, 20_000))
    assert moved(first, done(30_000, 20_000, item(10_000)))


def test_each_currency_that_either_side_has() -> None:
    """What the gateway reports, and what its wallet holds."""
    balances = {("gateway:stripe", "NGN"): Balance(-5), ("gateway:stripe", "USD"): Balance(-5)}

    assert ("EUR", "NGN", "USD") == currencies_of(reported(5), balances)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"gateway": "a b"},
        {"on": NOON},
        {"available": Money(1, "EUR")},
        {"pending": 5},
        {"sequence": -1},
        {"sequence": True},
        {"items": []},
        {"items": (5,)},
        {"status": "lost"},
        {"status": "notice"},
        {"booked": usd(1)},
    ],
    ids=str,
)
def test_reconciliations_that_cannot_be(wrong: dict[str, Any]) -> None:
    """Amounts of its currency, counts, items, and clean exactly where nothing drifts."""
    with pytest.raises((TypeError, ValueError, BadAddress)):
        attrs.evolve(done(5, 5), **wrong)


# ---- a random history ------------------------------------------------------------------------
BOTH, GATEWAY, BOOKS = "both", "gateway", "books"
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["charge", "refund", "transfer", "reversal", "payout"]),
        st.integers(1, 100_000),
        st.integers(0, 500),
        st.sampled_from(["done", "pending", "failed"]),
        st.sampled_from([BOTH, GATEWAY, BOOKS]),
    ),
    max_size=12,
)


class Gateway:
    """A gateway that knows nothing of ledgerkit: a balance and a list."""

    def __init__(self) -> None:
        self.available, self.pending = 0, 0
        self.made: list[GatewayObject] = []

    def do(self, kind: str, minor: int, fee: int, status: str) -> GatewayObject:
        """Make an object and move the balance; a charge in hundreds is pending for two days."""
        made = told(kind, f"obj_{len(self.made)}", minor, status, fee=usd(fee))
        if kind in ("charge", "reversal"):
            if status == "done":
                if minor % 100 == 0:
                    self.pending += minor - fee
                else:
                    self.available += minor - fee
        elif status != "failed":
            self.available -= minor + fee
        self.made.append(made)
        return made


@given(EVENTS)
def test_drift_is_zero_whenever_all_is_listed(events: list[tuple[str, int, int, str, str]]) -> None:
    """Whatever only one side knows: the items explain it to the cent. (spec: ledger 1)"""
    gateway = Gateway()
    journals: list[Journal] = []
    for n, (kind, minor, fee, status, knows) in enumerate(events):
        if knows == BOOKS:
            ghost = told(kind, f"ghost_{n}", minor, "done", fee=usd(fee))
            if _moved(ghost):
                journals.append(booked(ghost))
            continue
        made = gateway.do(kind, minor, fee, status)
        if knows == BOTH and _moved(made):
            journals.append(booked(made))
    entries = lines(*journals)
    items = in_flight(
        "stripe",
        "USD",
        objects=gateway.made,
        entries=entries,
        instructions=(),
        at=hour(1),
        unlisted_since=NOON,
    )
    wallet = Balance(entries[-1].running.minor if entries else 0)
    found = reconcile(
        "stripe",
        "USD",
        on=ON,
        reported=reported(gateway.available, gateway.pending),
        wallet=wallet,
        items=items,
    ).reconciliation
    lost = reconcile(
        "stripe",
        "USD",
        on=ON,
        reported=reported(gateway.available + 1, gateway.pending),
        wallet=wallet,
        items=items,
    ).reconciliation

    assert (usd(0), "clean") == (found.drift, found.status)
    assert (usd(1), "notice") == (lost.drift, lost.status)


def _moved(made: GatewayObject) -> bool:
    arrives = made.kind in ("charge", "reversal")
    moved = made.status == "done" or (made.status == "pending" and not arrives)
    return moved and not (arrives and made.fee == made.amount)


# ---- the seed's check ------------------------------------------------------------------------
def books(**minors: int) -> dict[tuple[str, str], Balance]:
    """Return balances in dollars by the kind of wallet."""
    ids = {"customer": "customer:s", "supplier": "supplier:i", "gateway": "gateway:stripe"}
    return {(ids.get(kind, kind), "USD"): Balance(minor) for kind, minor in minors.items()}


@pytest.mark.parametrize(
    ("balances", "stripe", "difference", "explained"),
    [
        (
            books(customer=-10_000, supplier=6_000, platform=4_000),
            0,
            -4_000,
            (("customer", usd(-10_000)), ("supplier", usd(6_000))),
        ),
        (books(customer=20_000, gateway=-20_000), 20_000, 20_000, (("customer", usd(20_000)),)),
        (books(customer=0, supplier=0, platform=4_000, gateway=-4_000), 4_000, 0, ()),
    ],
    ids=["not yet paid", "only deposited", "all settled"],
)
def test_the_seeds_own_check(
    balances: dict[tuple[str, str], Balance],
    stripe: int,
    difference: int,
    explained: tuple[tuple[str, Money], ...],
) -> None:
    """It alarms with 40.00 and 200.00 where the identity gives 0. (spec: billing 9, C-17)"""
    found = platform_check(balances, usd(stripe))
    held = -balances.get(("gateway:stripe", "USD"), Balance()).posted

    assert (usd(difference), explained, usd(0)) == (
        found.difference,
        found.explained,
        found.drift,
    )
    assert found.agrees == (difference == 0)
    assert usd(0) == done(stripe, held).drift


def test_the_seeds_check_says_why() -> None:
    """Whose money the difference is."""
    alarming = platform_check(books(customer=20_000, gateway=-20_000), usd(20_000))
    drifting = platform_check(books(gateway=-5, platform=5) | {("a", "EUR"): Balance(9)}, usd(7))

    assert (
        "the gateways report 200.00 USD and the platform wallet holds 0.00 USD: 200.00 "
        "USD belongs to other wallets (customer 200.00 USD); drift is 0.00 USD"
    ) == alarming.sentence
    assert drifting.sentence.endswith("(none hold any); drift is 0.02 USD")
    assert "which is what the platform wallet holds" in platform_check({}, usd(0)).sentence


# ---- what is read ----------------------------------------------------------------------------
def at(hours: int, *items: InFlight, sequence: int = 0, currency: str = "USD") -> Reconciliation:
    """Return a reconciliation of so many hours after noon."""
    told = GatewayBalance(available=(), at=hour(hours))
    return reconcile(
        "stripe",
        currency,
        on=ON,
        reported=told,
        wallet=Balance(0),
        items=items,
        tolerance=Tolerance(minor=10**9),
        sequence=sequence,
    ).reconciliation


def test_the_first_one_looks_back() -> None:
    """Three days, and it can't tell what the books have beside that."""
    assert Window(hour(-72), None, 0) == window([], at=NOON)


def test_each_one_overlaps_with_the_one_before() -> None:
    """Three days behind it, reading on from the one that was over then."""
    earlier = [at(0, sequence=9), at(-96, sequence=5), at(-72, sequence=6), at(-120, sequence=4)]

    assert Window(hour(-72), NOON, 5) == window(earlier, at=hour(24))


def test_it_reaches_back_to_what_was_in_flight() -> None:
    """A transfer of five days ago is listed until it ends; what is overdue is not waited for."""
    old = at(0, item(5, hours=-120), item(5, hours=-500))

    assert hour(-120) == window([old], at=hour(24)).since


def test_nothing_is_read_twice_without_need() -> None:
    """What was recorded by the value date is seen; of an empty statement the place stays."""
    charges = [told("charge", f"pi_{n}", 100) for n in range(3)]
    entries = lines(*(booked(charge, at=hour(n)) for n, charge in enumerate(charges)))

    assert 2 == last_seen(entries, at=hour(1))
    assert 7 == last_seen((), at=hour(1), after=7)


def test_recent_days() -> None:
    """Five weeks, of dates."""
    assert date(2026, 8, 27) == recent_days(ON)
    with pytest.raises(TypeError):
        recent_days(NOON)
