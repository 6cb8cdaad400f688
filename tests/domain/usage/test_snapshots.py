"""Snapshots: what was said when a period was billed, and how what comes later is a difference."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.money import Money, Rate, Rounding, round_exact
from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import (
    COUNTED,
    ESTIMATED,
    LAST,
    SUM,
    UNCHANGED,
    Correction,
    NothingCorrected,
    NothingToBill,
    Quantity,
    Snapshot,
    UsageMissing,
    bill,
    correct,
    dimensions,
    readings,
    recount,
    take,
)
from tests.domain.usage.world import (
    OCTOBER,
    QUANTITIES,
    SEPTEMBER,
    meter,
    plain,
    reading,
    snapshot,
    used,
)

NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
ON = date(2026, 10, 5)


def corrected(of: Snapshot, value: str | int, *, reason: str = "counted twice") -> Snapshot:
    """Return the snapshot after olga said what it should be."""
    return correct(of, plain(value), actor="olga", reason=reason, on=ON).after


# ---- taking ----------------------------------------------------------------------------------
def test_a_snapshot_says_what_it_aggregated() -> None:
    """Meter, aggregation, period, quantities by dimensions and how many events."""
    rule = meter(SUM, by=("size",))
    events = [used("a", 2), used("b", "0.5", day=3)]
    (told,) = readings(rule, events, period=SEPTEMBER, zone="UTC")
    taken = take(rule, told, customer="c-1", period=SEPTEMBER, zone="UTC", previous=None)

    assert (
        Snapshot(
            id="usg_20260901_vfbicttsc55wyn57",
            customer="c-1",
            meter="clusters",
            aggregation=SUM,
            period=SEPTEMBER,
            zone="UTC",
            counted=(Quantity(dimensions(size="small"), Fraction(5, 2)),),
            events=2,
        )
        == taken.snapshot
    )
    assert Effects(records=(taken.snapshot,)) == taken.effects
    assert (COUNTED, True) == (taken.snapshot.status, taken.snapshot.pending)


def test_ids_tell_customer_meter_and_period_apart() -> None:
    """The same is taken under the same id, so that a repeated run takes nothing twice."""
    assert snapshot(1).id == snapshot(2).id
    assert snapshot(1).id != snapshot(1, period=OCTOBER).id


def test_silence_that_means_unchanged_is_zero() -> None:
    """Nothing was used, which is known; no period before stands in."""
    found = take(
        meter(SUM, silence=UNCHANGED),
        None,
        customer="c-1",
        period=OCTOBER,
        zone="UTC",
        previous=snapshot(5),
    ).snapshot

    assert ((), 0, COUNTED) == (found.quantities, found.events, found.status)


# ---- usage missing (spec: billing 6) ---------------------------------------------------------
def test_missing_usage_falls_back_to_the_period_before() -> None:
    """Its quantities, as corrected by hand, flagged as estimated."""
    found = snapshot(None, period=OCTOBER, previous=corrected(snapshot(5), 6))

    assert (plain(6), True, ESTIMATED, 0) == (
        found.quantities,
        found.estimated,
        found.status,
        found.events,
    )


def test_fallback_is_for_one_period_in_a_row() -> None:
    """The second time the customer is skipped and reported, by the error."""
    october = snapshot(None, period=OCTOBER, previous=snapshot(5))

    with pytest.raises(UsageMissing) as caught:
        snapshot(None, period=NOVEMBER, previous=october)

    assert ("c-1", "clusters", NOVEMBER, True) == (
        caught.value.customer,
        caught.value.meter,
        caught.value.period,
        caught.value.estimated,
    )
    assert (
        "no usage of 'clusters' by 'c-1' in 2026-11-01/2026-12-01 is known and the period before "
        "was estimated already; bring the usage in"
    ) == str(caught.value)


def test_fallback_may_come_again_after_a_truth() -> None:
    """October was estimated, then known: November may stand on it."""
    october = snapshot(None, period=OCTOBER, previous=snapshot(5))
    known = recount(october, reading(6, period=OCTOBER)).after

    assert plain(6) == snapshot(None, period=NOVEMBER, previous=known).quantities


def test_nothing_stands_in_for_a_first_period() -> None:
    """A new customer without usage is not billed at zero, but skipped."""
    with pytest.raises(UsageMissing, match="has none that may stand in"):
        snapshot(None)


def test_only_the_period_before_stands_in() -> None:
    """Not one further back, nor of somebody else, nor of another meter."""
    september = snapshot(5)
    for wrong in (
        attrs.evolve(september, period=Period(date(2026, 8, 1), date(2026, 9, 1))),
        attrs.evolve(september, customer="c-2"),
        attrs.evolve(september, meter="storage"),
    ):
        with pytest.raises(ValueError, match="is not of the period before"):
            snapshot(None, period=OCTOBER, previous=wrong)


def test_truth_after_an_estimate_is_a_difference() -> None:
    """254.50 was estimated, 269.50 is true: one licence of 15.00 more. (spec: billing 6)"""
    licence, rest = Rate.of(Money(1500, "USD")), Money(25450 - 5 * 1500, "USD")
    october = bill(snapshot(None, period=OCTOBER, previous=snapshot(5))).snapshot
    later = recount(october, reading(6, period=OCTOBER))
    billed = bill(later.after)

    (before,), (after,) = billed.before, billed.quantities
    assert Money(25450, "USD") == licence.times(before.value) + rest
    assert Money(26950, "USD") == licence.times(after.value) + rest
    assert plain(1) == later.differences == billed.differences
    assert Money(1500, "USD") == licence.times(billed.differences[0].value)
    assert ("1", False) == (billed.part, billed.snapshot.estimated)


def test_an_estimate_that_was_true_is_known_and_not_billed_again() -> None:
    """The flag goes, and there is nothing to bill."""
    october = bill(snapshot(None, period=OCTOBER, previous=snapshot(5))).snapshot
    later = recount(october, reading(5, period=OCTOBER))

    assert ((), False, False) == (later.differences, later.after.estimated, later.after.pending)
    assert (later.after,) == later.effects.records


def test_correction_of_an_estimate_ends_with_it() -> None:
    """Six was a guess as the five was; the truth is six, not seven."""
    guess = corrected(snapshot(None, period=OCTOBER, previous=snapshot(5)), 6)

    assert plain(6) == recount(guess, reading(6, period=OCTOBER)).after.quantities


# ---- late events (spec: billing 6) -----------------------------------------------------------
@pytest.mark.parametrize(("quantity", "expected"), [(401, "4.00"), (199, "1.00")])
def test_late_events_are_billed_as_the_difference(quantity: int, expected: str) -> None:
    """Blocks of 100 at 1.00, one billed: 5 - 1 = 4, 2 - 1 = 1. (spec: billing 6)"""
    rule, early = meter(SUM), [used("a", 90)]
    late = [*early, used("b", quantity - 90, day=20)]
    first, second = (
        readings(rule, events, period=SEPTEMBER, zone="UTC")[0] for events in (early, late)
    )
    taken = take(rule, first, customer="c-1", period=SEPTEMBER, zone="UTC", previous=None)
    billed = bill(recount(bill(taken.snapshot).snapshot, second).after)

    def price(quantities: tuple[Quantity, ...]) -> Money:
        blocks = round_exact(quantities[0].value / 100, Rounding.UP)
        return Money(100, "USD") * blocks

    assert Money(100, "USD") == price(billed.before)
    assert Money(int(Decimal(expected) * 100), "USD") == price(billed.quantities) - price(
        billed.before
    )


def test_counting_the_same_again_changes_nothing() -> None:
    """A run that finds no late events stores nothing and bills nothing."""
    september = bill(snapshot(5)).snapshot
    again = recount(september, reading(5))

    assert (september, (), Effects()) == (again.after, again.differences, again.effects)
    assert again == recount(september, None)
    assert not again.after.pending


def test_readings_of_something_else_are_refused() -> None:
    """Another customer, meter, aggregation, period or zone: each is named."""
    for change in (
        {"customer": "c-2"},
        {"meter": "storage"},
        {"aggregation": SUM},
        {"period": OCTOBER},
        {"zone": "Europe/Madrid"},
    ):
        field = next(iter(change))
        with pytest.raises(ValueError, match=f"the reading is of {field}"):
            recount(snapshot(5), attrs.evolve(reading(6), **change))


# ---- corrections by hand (seed 001) ----------------------------------------------------------
def test_correction_says_who_and_why() -> None:
    """It is a difference, a new version of the record, and pending."""
    september = bill(snapshot(500)).snapshot
    told = correct(september, plain(450), actor="olga", reason="counted twice", on=ON)

    assert (Correction(plain(-50), "olga", "counted twice", ON),) == told.after.corrections
    assert (plain(450), True, 1) == (told.after.quantities, told.after.pending, told.after.part)
    assert (september, Effects(records=(told.after,))) == (told.before, told.effects)
    assert plain(-50) == bill(told.after).differences


def test_events_that_come_after_a_correction_still_count() -> None:
    """500 corrected to 450, then 3 more come late: 453."""
    later = recount(corrected(snapshot(500), 450), reading(503, events=2)).after

    assert (plain(453), plain(503), 2) == (later.quantities, later.counted, later.events)


def test_corrections_add_up() -> None:
    """Each is kept, and the last word is what it says."""
    twice = corrected(corrected(snapshot(500), 450), 460, reason="not that often")

    assert (plain(460), [plain(-50), plain(10)]) == (
        twice.quantities,
        [each.quantities for each in twice.corrections],
    )


def test_correction_needs_a_difference() -> None:
    """Saying the same again is a mistake that is told."""
    with pytest.raises(NothingCorrected, match="says 5 already; correct it to something else"):
        corrected(snapshot(5), 5)


def test_correction_to_nothing_and_from_nothing() -> None:
    """Dimensions that are not told are zero."""
    large = (Quantity(dimensions(size="large"), Fraction(2)),)
    moved = correct(snapshot(5), large, actor="olga", reason="wrong size", on=ON).after

    assert (*plain(0), *large) == moved.quantities
    assert plain(0) == correct(snapshot(5), (), actor="olga", reason="none", on=ON).after.quantities


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"actor": ""}, ValueError),
        ({"reason": ""}, ValueError),
        ({"reason": None}, TypeError),
        ({"on": "2026-10-05"}, TypeError),
        ({"quantities": ()}, ValueError),
        ({"quantities": [*plain(1)]}, TypeError),
    ],
)
def test_corrections_without_words_are_refused(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    """Somebody says why, on a day, and changes something."""
    with pytest.raises(error):
        attrs.evolve(Correction(plain(1), "olga", "counted twice", ON), **fields)


# ---- billing ---------------------------------------------------------------------------------
def test_billing_tells_the_part_of_the_line() -> None:
    """Empty at first, then 1, 2: each charges what the ones before did not."""
    first = bill(snapshot(5))
    second = bill(recount(first.snapshot, reading(7)).after)
    third = bill(corrected(second.snapshot, 4))

    assert [("", (), plain(5)), ("1", plain(5), plain(7)), ("2", plain(7), plain(4))] == [
        (each.part, each.before, each.quantities) for each in (first, second, third)
    ]
    assert [plain(5), plain(2), plain(-3)] == [e.differences for e in (first, second, third)]
    assert (3, plain(4)) == (third.snapshot.part, third.snapshot.billed)
    assert Effects(records=(third.snapshot,)) == third.effects


def test_what_is_billed_is_not_billed_again() -> None:
    """Zero usage is billed once too: its flat fee may be due."""
    for value in (5, 0):
        once = bill(snapshot(value)).snapshot
        with pytest.raises(NothingToBill, match=r"is billed in 1 part\(s\) as it is"):
            bill(once)


@given(st.lists(st.tuples(st.booleans(), QUANTITIES), max_size=6))
def test_parts_sum_to_the_last_word(told: list[tuple[bool, Fraction]]) -> None:
    """Whatever is counted late or corrected, the differences billed add up to what it says."""
    now, sum_of_parts = snapshot(5), Fraction(0)
    for by_hand, value in [(False, Fraction(5)), *told]:
        if not by_hand:
            now = recount(now, reading(str(value))).after
        elif now.quantities != plain(str(value)):
            now = corrected(now, str(value))
        if now.pending:
            billed = bill(now)
            sum_of_parts += sum((each.value for each in billed.differences), Fraction(0))
            now = billed.snapshot

    assert now.quantities == plain(str(sum_of_parts))
    assert not now.pending


# ---- refusals --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"id": ""}, ValueError),
        ({"customer": 7}, TypeError),
        ({"zone": ""}, ValueError),
        ({"aggregation": "mean"}, ValueError),
        ({"period": "2026-09"}, TypeError),
        ({"estimated": 0}, TypeError),
        ({"corrections": []}, TypeError),
        ({"counted": [*plain(1)]}, TypeError),
        ({"billed": plain(1)}, ValueError),
        ({"billed": plain(1, 2), "part": 1}, ValueError),
        ({"part": -1}, ValueError),
        ({"events": True}, ValueError),
        ({"estimated": True}, ValueError),
    ],
)
def test_snapshots_that_make_no_sense_are_refused(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    """An estimate has no events of its own, and what is billed has a part."""
    with pytest.raises(error):
        attrs.evolve(snapshot(5), **fields)


def test_the_snapshot_of_levels_by_default() -> None:
    """Seed 001 counts what is in use at the end of the period. (spec: billing C-11)"""
    assert LAST == snapshot(5).aggregation
