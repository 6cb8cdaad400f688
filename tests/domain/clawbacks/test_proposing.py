"""Cases are opened within what transfers paid, and approved by somebody else, always."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import clawbacks
from ledgerkit.domain.access import ApproverIsRequester
from ledgerkit.domain.clawbacks import (
    FORGIVEN,
    MANUAL_CHECK,
    METHODS,
    STRIPE_REVERSAL,
    UNDERPAYMENT,
    WINDOW,
    Clawback,
    OverClawback,
    Share,
    Window,
)
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.transfers import settle_reversal
from tests.domain.clawbacks.cases import approved, came_back, proposed, reversing
from tests.domain.told import AT, CREATED, done, told, usd, waiting


# ---- the window ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 3, 4, 9, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 4, 10, tzinfo=UTC), False),
    ],
)
def test_window_of_72_hours(at: datetime, expected: bool) -> None:
    """Made 1 March 10:00Z: 4 March 09:59:59Z is in time, 10:00:00Z is not (spec: billing C-22)."""
    assert expected == WINDOW.is_open(CREATED, at=at)


def test_window_over_the_change_of_clocks() -> None:
    """Madrid, 28 March 12:00 +01:00: it closes on 31 March at 13:00 +02:00 (spec: billing 10)."""
    madrid = ZoneInfo("Europe/Madrid")
    closes = WINDOW.closes_at(datetime(2026, 3, 28, 12, tzinfo=madrid))

    assert "2026-03-31T13:00:00+02:00" == closes.astimezone(madrid).isoformat()


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - local times
    st.sampled_from(sorted(available_timezones() - {"localtime"})),
    st.integers(0, 400),
    st.sampled_from([0, 1]),
)
def test_window_is_absolute_hours(local: datetime, zone: str, hours: int, fold: int) -> None:
    """In any zone, on any day: as many hours of 3,600 seconds, half-open."""
    created = local.replace(tzinfo=ZoneInfo(zone), fold=fold)
    window = Window(hours)
    closes = window.closes_at(created)

    assert timedelta(hours=hours) == closes - created.astimezone(UTC)  # floats would be off
    assert not window.is_open(created, at=closes)
    assert window.is_open(created, at=closes - timedelta(microseconds=1))


@pytest.mark.parametrize("hours", [-1, 1.5, True, "72"])
def test_windows_are_whole_hours(hours: Any) -> None:
    """A window is a whole number of hours from 0."""
    with pytest.raises(ValueError, match="whole number of hours from 0"):
        Window(hours)


# ---- bounds ----------------------------------------------------------------------------------
def test_clawback_is_bounded_by_what_was_paid() -> None:
    """Of a transfer of 60.00, no more than that (lms-front issue 511)."""
    with pytest.raises(OverClawback, match=r"have 60\.00 USD left .*; 60\.01 USD was"):
        proposed(6_001, transfers=[done()])


def test_what_was_never_paid_is_not_clawed_back() -> None:
    """A transfer that waits, or failed, paid nothing."""
    assert () == clawbacks.recoverable(usd(8_000), [waiting(8_000)])
    with pytest.raises(OverClawback, match=r"have 0\.00 USD left"):
        proposed(1, transfers=[waiting()])


def test_earlier_clawbacks_count() -> None:
    """60.00 paid, 36.00 is offset against the next payout: 24.00 are left."""
    first = proposed(3_600, transfers=[done()])

    assert usd(2_400) == clawbacks.left_of(done(), [first])
    with pytest.raises(OverClawback):
        proposed(2_401, cause="adj_2", transfers=[done()], earlier=[first])
    assert usd(6_000) == clawbacks.left_of(done(), [clawbacks.reject(first).clawback])


def test_clawbacks_of_other_transfers_do_not_count() -> None:
    """A case over two transfers leaves of each what it did not take of that one."""
    one, two, three = (done(pays=f"flight-{n}", object=f"tr_{n}") for n in (1, 2, 3))
    case = proposed(7_000, transfers=[one, two])

    assert [usd(0), usd(5_000), usd(6_000)] == [
        clawbacks.left_of(each, [case]) for each in (one, two, three)
    ]


def test_reversals_count_once() -> None:
    """One for a clawback is its share; one that somebody made at the gateway counts beside it."""
    executed, transfer = reversing(3_600)
    transfer = came_back(transfer)
    by_hand = settle_reversal(transfer, told("reversal", minor=1_000, id="trr_x"), at=AT).transfer

    assert usd(1_400) == clawbacks.left_of(by_hand, [executed.clawback])
    assert usd(1_400) == clawbacks.left_of(by_hand)


def test_several_transfers_in_turn() -> None:
    """The first is taken back first."""
    one, two = done(), done(pays="flight-2", object="tr_2")

    assert (Share(one.id, usd(6_000)), Share(two.id, usd(1_000))) == (
        clawbacks.recoverable(usd(7_000), [one, two])
    )


@given(st.lists(st.integers(1, 9_000), max_size=6), st.integers(0, 30_000))
def test_all_clawbacks_are_within_what_was_paid(paid: list[int], wanted: int) -> None:
    """Case after case over the same transfers: clawed back <= paid, for each of them."""
    moved = [done(minor, pays=f"f-{n}", object=f"tr_{n}") for n, minor in enumerate(paid)]
    cases: list[Clawback] = []
    while wanted > 0:
        shares = clawbacks.recoverable(usd(min(wanted, 2_500)), moved, earlier=cases)
        if not shares:
            break
        minor = sum(share.amount.minor for share in shares)
        cases.append(proposed(minor, cause=f"c-{len(cases)}", transfers=moved, earlier=cases))
        wanted -= minor
    for transfer in moved:
        mine = [s.amount.minor for c in cases for s in c.shares if s.transfer == transfer.id]
        assert sum(mine) <= transfer.amount.minor


# ---- approval --------------------------------------------------------------------------------
@pytest.mark.parametrize("minor", [1, 3_600])
def test_approval_is_always_needed(minor: int) -> None:
    """Whatever the amount (spec: billing 10)."""
    with pytest.raises(IllegalTransition, match="clawback is proposed; settle needs approved"):
        clawbacks.execute(proposed(minor), at=AT)


def test_somebody_else_approves() -> None:
    """Who proposed a case does not approve it; a host may turn that off."""
    with pytest.raises(ApproverIsRequester, match="was asked for by 'max'; somebody else approves"):
        clawbacks.approve(proposed(), by="max")

    alone = clawbacks.approve(proposed(), by="max", four_eyes=False)
    assert ("approved", "max") == (alone.clawback.status, alone.clawback.approved_by)
    assert (alone.clawback,) == alone.effects.records


def test_rejected_is_over() -> None:
    """Nothing leads on from there."""
    rejected = clawbacks.reject(proposed()).clawback

    with pytest.raises(IllegalTransition, match="clawback is rejected"):
        clawbacks.approve(rejected, by="eva")


def test_another_method_is_approved_anew() -> None:
    """What was approved was the method too."""
    again = clawbacks.choose(approved(), FORGIVEN, by="eva").clawback

    assert ("proposed", "forgiven", "max", "eva", "") == (
        again.status,
        again.method,
        again.requested_by,
        again.chosen_by,
        again.approved_by,
    )


def test_neither_who_proposed_nor_who_chose_approves() -> None:
    """Max named the amount and Eva the method: a third person looks at both."""
    chosen = clawbacks.choose(proposed(), FORGIVEN, by="eva").clawback
    for by in ("max", "eva"):
        with pytest.raises(ApproverIsRequester, match=f"was asked for by '{by}'"):
            clawbacks.approve(chosen, by=by)
    replaced = clawbacks.choose(chosen, MANUAL_CHECK, by="nina").clawback

    assert "nina" == clawbacks.approve(chosen, by="nina").clawback.approved_by
    assert "eva" == clawbacks.approve(replaced, by="eva").clawback.approved_by


# ---- views -----------------------------------------------------------------------------------
def test_eligibility() -> None:
    """Within the window every method, after it all but the reversal (spec: billing 10)."""
    early = clawbacks.eligibility(done(), at=AT)
    late = clawbacks.eligibility(done(), at=CREATED + timedelta(hours=72))

    assert (usd(6_000), True, METHODS) == (early.left, early.window_open, early.methods)
    assert CREATED + timedelta(hours=72) == early.closes_at
    assert ("future_payout_offset", "manual_check", "forgiven", "written_off") == late.methods
    assert not late.window_open


def test_eligibility_of_what_is_clawed_back() -> None:
    """Nothing is left of it, or nothing was paid."""
    case = proposed(6_000, transfers=[done()])

    assert (False, ()) == (
        clawbacks.eligibility(done(), at=AT, earlier=[case]).window_open,
        clawbacks.eligibility(done(), at=AT, earlier=[case]).methods,
    )
    assert clawbacks.eligibility(waiting(), at=AT).closes_at is None


def test_statistics() -> None:
    """By currency, side, method and status."""
    executed, transfer = reversing(3_600)
    fell = clawbacks.follow(executed.clawback, [came_back(transfer, status="failed")])
    assert fell is not None
    rows = clawbacks.statistics(
        [proposed(1_000), proposed(500, cause="adj_2"), approved(side=UNDERPAYMENT), fell.clawback]
    )

    assert [
        ("overpayment", "future_payout_offset", "proposed", 2, 1_500, 0),
        ("overpayment", "stripe_reversal", "failed", 1, 3_600, 0),
        ("underpayment", "future_payout_offset", "approved", 1, 3_600, 0),
    ] == [(r.side, r.method, r.status, r.count, r.amount.minor, r.fell_back) for r in rows]


# ---- records ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"supplier": ""}, "clawback supplier"),
        ({"reason": ""}, "clawback reason"),
        ({"amount": usd(0)}, "of more than 0"),
        ({"method": "cash"}, "is settled as one of overpayment: future_payout_offset"),
        ({"side": UNDERPAYMENT, "method": FORGIVEN}, "is settled as one of"),
        ({"status": "lost"}, "has no status 'lost'"),
        ({"shares": (Share("trf_1", usd(1)),)}, "its shares are over 0.01 USD"),
        ({"shares": (Share("trf_1", usd(1_800)),) * 2}, "two shares of one transfer"),
        ({"method": STRIPE_REVERSAL}, "needs the shares of them"),
        ({"recovered": usd(3_601)}, "cannot have come back"),
        ({"recovered": usd(-1)}, "cannot have come back"),
    ],
)
def test_clawback_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """A case that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(proposed(), **fields)


def test_amounts_are_money() -> None:
    """A number has no currency."""
    wrong: Any = 3_600

    with pytest.raises(TypeError, match="needs Money"):
        attrs.evolve(proposed(), amount=wrong)
    with pytest.raises(TypeError, match="needs Money"):
        clawbacks.propose(
            wrong, supplier="ina", cause="a", reason="x", by="max", at=AT, on_wallet=True
        )


def test_a_reference_is_text() -> None:
    """The number of a check is written as it stands on the check."""
    wrong: Any = 7
    with pytest.raises(TypeError, match="reference must be text"):
        attrs.evolve(proposed(), reference=wrong)


@pytest.mark.parametrize("field", ["on_wallet", "fell_back"])
def test_flags_are_flags(field: str) -> None:
    """Text that is taken for True would leave 36.00 unbooked."""
    wrong: dict[str, Any] = {field: "no"}
    with pytest.raises(TypeError, match=rf"{field} of clawback .* is True or False"):
        attrs.evolve(proposed(), **wrong)


def test_day_is_that_in_utc() -> None:
    """By which cases are found."""
    assert AT.date() == proposed().opened_on


def test_cases_have_ids_of_their_own() -> None:
    """One cause has one case per supplier and currency, and parts if it needs more."""
    ids = {
        proposed().id,
        proposed(cause="adj_2").id,
        proposed(supplier="tom").id,
        proposed(part="2").id,
        clawbacks.propose(
            Money(3_600, "EUR"),
            supplier="ina",
            cause="adj_1",
            reason="x",
            by="max",
            at=AT,
            on_wallet=True,
            method=MANUAL_CHECK,
        ).clawback.id,
    }

    assert 5 == len(ids)
    assert proposed().id == proposed(1_000).id
