"""Late joiners: the figures of seed 003 and of spec: billing 2, then the laws behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.changes import Effects
from ledgerkit.domain.invoices import Line, charge_line
from ledgerkit.domain.late_joiners import (
    CatchUp,
    CatchUpPolicy,
    Enrolment,
    catch_up,
    charges,
    enrol,
    withdraw,
)
from ledgerkit.domain.money import Money
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    DatesOutOfOrder,
    FixedDaysCycle,
    Period,
    UnknownZone,
)

START = date(2026, 1, 1)
THIRTY = FixedDaysCycle(START, 30)
MONTHS = CalendarCycle()
MADRID = ZoneInfo("Europe/Madrid")
ALL_FULL = CatchUpPolicy.ALL_FULL
CURRENT_ONLY = CatchUpPolicy.CURRENT_ONLY
MISSED_FULL = CatchUpPolicy.MISSED_FULL_CURRENT_PRORATED
PRORATED = CatchUpPolicy.CURRENT_PRORATED


def day(text: str) -> date:
    """Return the date that *text* writes."""
    return date.fromisoformat(text)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def joining(on: str, *, start: date = START, cycle: Cycle | None = THIRTY, **terms: Any) -> CatchUp:
    """Return what is due from somebody who enrols *on* a day, at 50.00 a cycle."""
    usual: dict[str, Any] = {"cycle": cycle, "price": eur(5_000)}
    return catch_up(start, day(on), **{**usual, **terms})


def told(due: CatchUp) -> tuple[int, int]:
    """Return how many cycles are due and what they come to."""
    return due.cycles_due, due.total.minor


# ---- the table of spec: billing 2 ------------------------------------------------------------
TABLE = [
    # enrolled on, day, fixed 30: cycles, total, next due, calendar month: cycles, total
    ("2025-11-25", -37, 1, 5_000, "2026-01-31", 1, 5_000),
    ("2025-12-20", -12, 1, 5_000, "2026-01-31", 1, 5_000),
    ("2026-01-01", 0, 1, 5_000, "2026-01-31", 1, 5_000),
    ("2026-01-30", 29, 1, 5_000, "2026-01-31", 1, 5_000),
    ("2026-01-31", 30, 2, 10_000, "2026-03-02", 1, 5_000),
    ("2026-03-01", 59, 2, 10_000, "2026-03-02", 3, 15_000),
    ("2026-03-02", 60, 3, 15_000, "2026-04-01", 3, 15_000),
    ("2026-03-15", 73, 3, 15_000, "2026-04-01", 3, 15_000),
    ("2026-03-17", 75, 3, 15_000, "2026-04-01", 3, 15_000),
    ("2026-03-31", 89, 3, 15_000, "2026-04-01", 3, 15_000),
    ("2026-04-01", 90, 4, 20_000, "2026-05-01", 4, 20_000),
]


@pytest.mark.parametrize(
    ("on", "nth", "cycles", "total", "next_due", "_months", "_of_months"),
    TABLE,
    ids=[row[0] for row in TABLE],
)
def test_fixed_thirty_days(
    on: str, nth: int, cycles: int, total: int, next_due: str, _months: int, _of_months: int
) -> None:
    """Seed 003: floor(days / 30) cycles are over and the current one is due as well."""
    due = joining(on)

    assert nth == (day(on) - START).days
    assert (cycles, total, day(next_due)) == (*told(due), due.next_due)
    assert max(nth, 0) // 30 == due.cycles_elapsed == cycles - 1


@pytest.mark.parametrize(
    ("on", "_nth", "_cycles", "_total", "_next_due", "months", "of_months"),
    TABLE,
    ids=[row[0] for row in TABLE],
)
def test_calendar_months(
    on: str, _nth: int, _cycles: int, _total: int, _next_due: str, months: int, of_months: int
) -> None:
    """The same class by calendar months; the next payment is on the first of the next one."""
    due = joining(on, cycle=MONTHS)

    assert (months, of_months) == told(due)
    assert Period.month(2026, months).end == due.next_due == due.cycle_end


@pytest.mark.parametrize(
    ("cycle", "expected", "next_due"),
    [
        (AnniversaryCycle(day("2026-01-31")), (2, 10_000), "2026-03-31"),
        (FixedDaysCycle(day("2026-01-31")), (1, 5_000), "2026-03-02"),
        (MONTHS, (3, 15_000), "2026-04-01"),
    ],
    ids=["anniversary", "fixed_30", "calendar"],
)
def test_class_that_starts_on_a_31st(
    cycle: Cycle, expected: tuple[int, int], next_due: str
) -> None:
    """Start 31 January, enrolled 1 March: the second, first or third cycle. (spec: billing 2)"""
    due = joining("2026-03-01", start=day("2026-01-31"), cycle=cycle)

    assert expected == told(due)
    assert day(next_due) == due.next_due


@pytest.mark.parametrize(
    ("policy", "on", "total"),
    [
        (ALL_FULL, "2026-03-15", 15_000),
        (CURRENT_ONLY, "2026-03-15", 5_000),
        (MISSED_FULL, "2026-03-15", 12_833),
        (MISSED_FULL, "2026-03-17", 12_500),
        (PRORATED, "2026-03-15", 2_833),
        (PRORATED, "2026-03-17", 2_500),
    ],
)
def test_policies(policy: CatchUpPolicy, on: str, total: int) -> None:
    """150.00, 50.00, 128.33 or 125.00, 28.33 or 25.00. (spec: billing 2)"""
    assert eur(total) == joining(on, policy=policy).total


# ---- contradictions and holes of the seed ----------------------------------------------------
def test_c2_days_73_and_75_are_in_the_third_cycle() -> None:
    """15 March is day 73, not 75; both are in the third cycle: 150.00. (spec: C-2)"""
    assert [(3, 15_000)] * 2 == [told(joining(on)) for on in ("2026-03-15", "2026-03-17")]
    assert [73, 75] == [(day(on) - START).days for on in ("2026-03-15", "2026-03-17")]


def test_c3_partial_cycle_is_the_third() -> None:
    """The "current partial" cycle is March: three of 50.00, not four. (spec: C-3)"""
    lines = joining("2026-03-15").lines

    assert [
        ("2026-01-01/2026-01-31", 5_000),
        ("2026-01-31/2026-03-02", 5_000),
        ("2026-03-02/2026-04-01", 5_000),
    ] == [(str(line.period), line.rated.amount.minor) for line in lines]


def test_c4_missed_cycles_of_the_seed_count_the_current_one() -> None:
    """The record tells elapsed from due; the view has the names of the seed. (spec: C-4)"""
    due = joining("2026-03-15")

    assert (2, 3) == (due.cycles_elapsed, due.cycles_due)
    assert {
        "billingCycleStart": START,
        "billingCycleEnd": day("2026-04-01"),
        "nextPaymentDue": day("2026-04-01"),
        "missedCycles": 3,
        "catchUpAmount": eur(15_000),
        "totalAmount": eur(15_000),
        "regularPrice": eur(5_000),
    } == due.compatibility_view


@pytest.mark.parametrize("on", ["2025-12-20", "2025-11-25"])
def test_c5_early_enrolment_owes_the_first_cycle(on: str) -> None:
    """Not 0 cycles 12 days before and -50.00 37 days before: one, due on the start. (C-5)"""
    due = joining(on)

    assert (1, 5_000, START) == (*told(due), due.due_on)
    assert (0, eur(5_000), day("2026-01-31")) == (
        due.cycles_elapsed,
        due.next_amount,
        due.next_due,
    )


@pytest.mark.parametrize("on", ["2025-12-20", "2025-11-25"])
@pytest.mark.parametrize("cycle", [THIRTY, None])
def test_c5_nothing_yet_without_billing_early(on: str, cycle: Cycle | None) -> None:
    """Or nothing yet: the first payment is due when the class starts. (spec: C-5)"""
    due = joining(on, cycle=cycle, bill_early=False)

    assert (0, 0, ()) == (*told(due), due.lines)
    assert (START, eur(5_000), START) == (due.next_due, due.next_amount, due.due_on)


def test_c5_without_billing_early_nothing_changes_from_the_start_on() -> None:
    """Who enrols on the first day or later owes the same. (spec: C-5)"""
    for on in ("2026-01-01", "2026-03-15"):
        assert joining(on) == joining(on, bill_early=False)


def test_c6_days_are_local() -> None:
    """00:30 on 1 April in Madrid is still 31 March in UTC: 200.00, not 150.00. (spec: C-6)"""
    at = datetime(2026, 4, 1, 0, 30, tzinfo=MADRID)
    madrid = enrolled(at=at).catch_up
    utc = enrolled(at=at, zone="UTC").catch_up

    assert [(4, 20_000), (3, 15_000)] == [told(madrid), told(utc)]


@pytest.mark.parametrize("k", range(6))
def test_c7_next_payment_is_at_the_end_of_the_current_cycle(k: int) -> None:
    """Start + 30 (k + 1), on the first and on the last day of cycle k. (spec: C-7)"""
    for on in (START + timedelta(30 * k), START + timedelta(30 * k + 29)):
        due = joining(on.isoformat())
        assert START + timedelta(30 * (k + 1)) == due.next_due == due.cycle_end


@pytest.mark.parametrize(
    ("on", "elapsed", "factor", "amount"),
    [("2026-01-16", 15, Fraction(15, 30), 2_500), ("2026-01-15", 14, Fraction(16, 30), 2_667)],
)
def test_c8_day_15_of_a_cycle(on: str, elapsed: int, factor: Fraction, amount: int) -> None:
    """15 elapsed days of 30: 25.00; the 15th day, of which 14 are over: 26.67. (spec: C-8)"""
    (line,) = joining(on, policy=PRORATED).lines

    assert elapsed == (day(on) - START).days
    assert (factor, factor * 5_000) == (line.rated.quantity, line.rated.unrounded)
    assert (eur(amount), f"{on}/2026-01-31") == (line.rated.amount, str(line.period))


@pytest.mark.parametrize(
    ("reference", "expected"), [(None, (1, 5_000)), ("2026-02-01", (2, 10_000))]
)
def test_c23_the_caller_names_the_day_that_counts(
    reference: str | None, expected: tuple[int, int]
) -> None:
    """Enrolled 30 January, paid 1 February: 50.00 from enrolment, 100.00 from payment. (C-23)"""
    counted_to = None if reference is None else day(reference)
    due = joining("2026-01-30", reference=counted_to)

    assert expected == told(due)
    assert (counted_to or day("2026-01-30")) == due.due_on


def test_class_that_is_paid_once() -> None:
    """0 cycles due, the price in total, and no next payment, whenever one joins."""
    for on in ("2025-12-20", "2026-01-01", "2026-03-15"):
        due = joining(on, cycle=None)
        assert (0, 5_000, 0) == (*told(due), due.cycles_elapsed)
        assert (eur(0), eur(5_000)) == (due.catch_up_amount, due.lines[0].rated.amount)
        assert (None, None, None) == (due.next_due, due.next_amount, due.cycle_end)
        assert (None, 1) == (due.lines[0].period, len(due.lines))


def test_message_data() -> None:
    """The message of the seed: 150.00 for 3 cycles, next payments of 50.00, from 1 April."""
    due = joining("2026-03-15")

    assert (eur(15_000), 3, eur(5_000), day("2026-04-01")) == (
        due.total,
        due.cycles_due,
        due.next_amount,
        due.next_due,
    )


def test_sixty_days_ago_is_three_months() -> None:
    """The test of the seed: a class that began 60 days ago is 2 cycles and the current one."""
    assert (3, 15_000) == told(joining((START + timedelta(60)).isoformat()))


# ---- lines -----------------------------------------------------------------------------------
def test_trace_of_a_full_cycle() -> None:
    """A line says which cycle it charges, and how it was rounded. (spec: billing 0.9)"""
    assert (
        ("rule", "full cycle"),
        ("cycle", "2026-01-01/2026-01-31"),
        ("unit_price", "5000"),
        ("quantity", "1"),
        ("unrounded", "5000"),
        ("rounding", "half_up"),
        ("rounded", "5000"),
    ) == joining("2026-01-01").lines[0].rated.trace


def test_trace_of_a_prorated_cycle() -> None:
    """It has the factor in days, not in lowest terms, and the whole cycle."""
    trace = dict(joining("2026-03-17", policy=PRORATED).lines[0].rated.trace)

    assert ("days left of the cycle", "2026-03-02/2026-04-01", "15/30", "1/2") == tuple(
        trace[name] for name in ("rule", "cycle", "factor", "quantity")
    )


def test_class_that_starts_within_a_cycle() -> None:
    """Its first cycle is charged in full for the days from the start, or by the days left."""
    start = day("2026-01-15")
    full = joining("2026-01-15", start=start, cycle=MONTHS)
    early = joining("2026-01-02", start=start, cycle=MONTHS, policy=PRORATED)

    assert [("2026-01-15/2026-02-01", 5_000)] == [
        (str(line.period), line.rated.amount.minor) for line in full.lines
    ]
    assert (Fraction(17, 31), 2_742) == (early.lines[0].rated.quantity, early.total.minor)


def test_what_will_be_due_at_the_start_is_told_prorated() -> None:
    """What is not billed early is told as it will be charged, by the days left."""
    due = joining(
        "2026-01-02",
        start=day("2026-01-15"),
        cycle=MONTHS,
        policy=PRORATED,
        bill_early=False,
    )

    assert (eur(2_742), day("2026-01-15")) == (due.next_amount, due.next_due)


def test_free_class() -> None:
    """A price of nothing is a price: its lines are there, of 0.00."""
    assert (3, 0) == told(joining("2026-03-15", price=eur(0)))


def test_yen_have_no_decimals() -> None:
    """JPY 5000 x 17/30 is 2,833, rounded once, to the yen."""
    due = joining("2026-03-15", price=Money(5_000, "JPY"), policy=PRORATED)

    assert Money(2_833, "JPY") == due.total


# ---- what is refused -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"price": 50}, TypeError, r"price must be Money \(got 50\)"),
        ({"price": 50.0}, TypeError, "price must be Money"),
        ({"price": True}, TypeError, "price must be Money"),
        ({"price": eur(-1)}, ValueError, "price must be 0 or more"),
        ({"cycle": 30}, TypeError, r"cycle must be a Cycle, or None .* \(got 30\)"),
        ({"policy": "all_full"}, TypeError, "policy must be a CatchUpPolicy"),
        ({"reference": datetime(2026, 3, 20, tzinfo=UTC)}, TypeError, "reference must be a date"),
        ({"reference": "2026-03-20"}, TypeError, "reference must be a date"),
    ],
)
def test_terms_that_are_refused(wrong: dict[str, Any], error: type[Exception], says: str) -> None:
    """Figures that are no money and days that are no dates are not guessed at."""
    with pytest.raises(error, match=says):
        joining("2026-03-15", **wrong)


@pytest.mark.parametrize("name", ["class_start", "enrolled_on"])
@pytest.mark.parametrize("wrong", [datetime(2026, 3, 15, tzinfo=UTC), "2026-03-15", None, 5])
def test_days_that_are_refused(name: str, wrong: Any) -> None:
    """An instant is no day: which one it is depends on a zone. (spec: C-6)"""
    days: dict[str, Any] = {"class_start": START, "enrolled_on": START, name: wrong}

    with pytest.raises(TypeError, match=f"{name} must be a date"):
        catch_up(**days, cycle=THIRTY, price=eur(5_000))


def test_reference_before_the_enrolment() -> None:
    """Nobody pays for a place before having one: that would charge too few cycles."""
    with pytest.raises(DatesOutOfOrder, match="reference is 2026-01-29; it must not be before"):
        joining("2026-01-30", reference=day("2026-01-29"))


# ---- enrolments ------------------------------------------------------------------------------
def enrolled(**terms: Any) -> Enrolment:
    """Return the enrolment of Leo on 15 March at noon, in a class of 1 January in Madrid."""
    usual: dict[str, Any] = {
        "customer": "ana",
        "student": "Leo",
        "class_id": "mat-101",
        "class_name": "Matemáticas 101",
        "class_start": START,
        "zone": "Europe/Madrid",
        "cycle": THIRTY,
        "price": eur(5_000),
        "at": datetime(2026, 3, 15, 12, tzinfo=MADRID),
    }
    return enrol(**{**usual, **terms}).enrolment


def lines_of(enrolment: Enrolment, as_of: str) -> list[tuple[str, int]]:
    """Return part and amount of what *enrolment* is charged."""
    return [(c.part, c.rated.amount.minor) for c in charges(enrolment, as_of=day(as_of))]


def test_enrolment_is_stored_with_its_local_day() -> None:
    """The instant of an enrolment becomes a day once; no journal is posted."""
    leo = enrol(
        customer="ana",
        student="Leo",
        class_id="mat-101",
        class_name="Matemáticas 101",
        class_start=START,
        zone="Europe/Madrid",
        cycle=THIRTY,
        price=eur(5_000),
        at=datetime(2026, 3, 31, 22, 30, tzinfo=UTC),
    )

    assert day("2026-04-01") == leo.enrolment.enrolled_on
    assert Effects(records=(leo.enrolment,)) == leo.effects


def test_enrolments_have_ids_of_their_own() -> None:
    """The same student on the same day in the same class is one enrolment, and no other."""
    others = (
        {"student": "Eva"},
        {"customer": "tom"},
        {"class_id": "mat-102"},
        {"at": datetime(2026, 3, 16, 12, tzinfo=MADRID)},
    )
    ids = {enrolled(**other).id for other in others} | {enrolled().id}

    assert len(others) + 1 == len(ids)
    assert enrolled().id == enrolled(at=datetime(2026, 3, 15, 20, tzinfo=MADRID)).id


def test_charges_catch_up_first_and_then_follow() -> None:
    """3 cycles on joining, and one more as each opens."""
    caught_up = [("2026-01-01", 5_000), ("2026-01-31", 5_000), ("2026-03-02", 5_000)]

    assert caught_up == lines_of(enrolled(), "2026-03-15") == lines_of(enrolled(), "2026-03-31")
    assert [*caught_up, ("2026-04-01", 5_000)] == lines_of(enrolled(), "2026-04-01")
    assert [*caught_up, ("2026-04-01", 5_000), ("2026-05-01", 5_000)] == lines_of(
        enrolled(), "2026-05-30"
    )


def test_charges_fit_a_line_of_an_invoice() -> None:
    """What a charge is for, of whom and for which days, stands on its line."""
    *_, april = charges(enrolled(), as_of=day("2026-04-01"))
    line = charge_line(april)

    assert (enrolled().id, "2026-04-01", "Matemáticas 101", "Leo", "enrolment") == (
        line.source,
        line.part,
        line.item,
        line.detail,
        line.kind,
    )
    assert (day("2026-04-01"), "2026-04-01/2026-05-01", eur(5_000)) == (
        line.on,
        str(line.period),
        line.amount,
    )


def test_prorated_line_keeps_its_exact_amount() -> None:
    """17/30 of 50.00 is 28.33 and a third of a cent; the line knows the third."""
    (charge,) = charges(enrolled(policy=PRORATED), as_of=day("2026-03-15"))
    line = charge_line(charge)

    assert (eur(2_833), Fraction(8_500, 3)) == (line.amount, line.exact)
    assert (Fraction(17, 30), Fraction(5_000)) == (line.quantity, line.unit_price)


def test_charges_are_due_on_joining_and_then_on_the_first_day() -> None:
    """What was missed cannot be asked for before somebody joined."""
    due = [charge.due_on.isoformat() for charge in charges(enrolled(), as_of=day("2026-04-01"))]

    assert ["2026-03-15"] * 3 + ["2026-04-01"] == due


def test_nothing_is_charged_before_the_enrolment() -> None:
    """A run as of an earlier day finds nothing."""
    assert [] == lines_of(enrolled(), "2026-03-14")


def test_charges_count_to_the_reference() -> None:
    """Paid on 2 April: nothing is charged before, and then four cycles. (spec: C-23)"""
    later = enrolled(reference=day("2026-04-02"))

    assert [] == lines_of(later, "2026-04-01")
    assert [4, 4] == [
        len(lines_of(later, "2026-04-02")),
        later.catch_up.cycles_due,
    ]


def test_early_enrolment_is_charged_at_once_or_at_the_start() -> None:
    """12 days early: the first cycle, billed now and due on the start, or billed then. (C-5)"""
    at = datetime(2025, 12, 20, 9, tzinfo=MADRID)
    early, patient = enrolled(at=at), enrolled(at=at, bill_early=False)

    assert [("2026-01-01", 5_000)] == lines_of(early, "2025-12-20")
    assert [] == lines_of(patient, "2025-12-31")
    assert [("2026-01-01", 5_000)] == lines_of(patient, "2026-01-01")
    assert [START, START] == [charges(e, as_of=START)[0].due_on for e in (early, patient)]
    assert [0, 1] == [e.catch_up.cycles_due for e in (patient, early)]


def test_class_that_is_paid_once_is_charged_once() -> None:
    """However long one stays; and who withdraws in time is not charged."""
    once = enrolled(cycle=None)
    early = enrolled(cycle=None, at=datetime(2025, 12, 20, 9, tzinfo=MADRID))

    assert [("", 5_000)] == lines_of(once, "2026-03-15") == lines_of(once, "2027-03-15")
    assert day("2026-03-15") == charges(once, as_of=day("2026-03-15"))[0].on
    assert [] == lines_of(withdraw(early, on=START).enrolment, "2026-03-15")


def test_withdrawing_ends_the_charges() -> None:
    """The cycle one leaves in stays charged, one that starts on that day is not."""
    middle = withdraw(enrolled(), on=day("2026-04-20")).enrolment
    boundary = withdraw(enrolled(), on=day("2026-05-01"))

    assert ["2026-01-01", "2026-01-31", "2026-03-02", "2026-04-01"] == [
        part for part, _ in lines_of(middle, "2027-01-01")
    ]
    assert lines_of(middle, "2027-01-01") == lines_of(boundary.enrolment, "2027-01-01")
    assert (boundary.enrolment,) == boundary.effects.records


def test_withdrawing_before_enrolling() -> None:
    """Nobody leaves before having come."""
    with pytest.raises(DatesOutOfOrder, match="until is 2026-03-14; it must not be before"):
        withdraw(enrolled(), on=day("2026-03-14"))


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"id": ""}, ValueError, "enrolment id"),
        ({"customer": ""}, ValueError, "enrolment customer"),
        ({"class_id": 7}, TypeError, "enrolment class_id"),
        ({"student": " "}, ValueError, "needs a student"),
        ({"class_name": ""}, ValueError, "needs a class_name"),
        ({"class_start": None}, TypeError, "class_start must be a date"),
        ({"enrolled_on": datetime(2026, 3, 15, tzinfo=UTC)}, TypeError, "enrolled_on must be a"),
        ({"reference": day("2026-03-01")}, DatesOutOfOrder, "reference is 2026-03-01"),
        ({"zone": "Madrid"}, UnknownZone, "'Madrid' is no time zone"),
        ({"cycle": "monthly"}, TypeError, "cycle must be a Cycle"),
        ({"price": 50}, TypeError, "price must be Money"),
        ({"price": eur(-5_000)}, ValueError, "price must be 0 or more"),
        ({"policy": "all_full"}, TypeError, "policy must be a CatchUpPolicy"),
        ({"bill_early": 1}, TypeError, "bill_early of enrolment .* is a bool"),
        ({"until": "2026-05-01"}, TypeError, "until must be a date"),
    ],
)
def test_enrolments_that_are_refused(
    wrong: dict[str, Any], error: type[Exception], says: str
) -> None:
    """A record that cannot be billed cannot be made, read or changed into."""
    with pytest.raises(error, match=says):
        attrs.evolve(enrolled(), **wrong)


def test_enrolling_at_a_naive_time() -> None:
    """A time without a zone is no instant."""
    with pytest.raises(ValueError, match="has no time zone"):
        enrolled(at=datetime(2026, 3, 15, 12))  # noqa: DTZ001 - what must be refused


@pytest.mark.parametrize("wrong", [datetime(2026, 3, 15, tzinfo=UTC), "2026-03-15", None])
def test_charging_as_of_no_day(wrong: Any) -> None:
    """As of a local day, which the caller tells from the zone of the class."""
    with pytest.raises(TypeError, match="as_of must be a date"):
        charges(enrolled(), as_of=wrong)


# ---- laws ------------------------------------------------------------------------------------
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
CYCLES = st.one_of(
    st.builds(FixedDaysCycle, DAYS, st.integers(1, 400)),
    st.builds(CalendarCycle, st.integers(1, 12)),
    st.builds(AnniversaryCycle, DAYS, st.integers(1, 12), st.none() | st.integers(1, 31)),
)
PRICES = st.builds(eur, st.integers(0, 10**9))
POLICIES = st.sampled_from(CatchUpPolicy)


@given(DAYS, DAYS, CYCLES, PRICES, POLICIES)
def test_joining_law(
    start: date, on: date, cycle: Cycle, price: Money, policy: CatchUpPolicy
) -> None:
    """One cycle at least; the total is the sum of its lines, the last one up to the next."""
    due = catch_up(start, on, cycle=cycle, price=price, policy=policy)
    spans = [line.period for line in due.lines if line.period is not None]

    assert 1 <= due.cycles_due == len(spans) <= due.cycles_elapsed + 1
    assert due.total == due.catch_up_amount
    assert due.total.minor == sum(line.rated.amount.minor for line in due.lines)
    assert (True, due.next_due) == (due.due_on in spans[-1], spans[-1].end)
    assert all(eur(0) <= line.rated.amount <= price for line in due.lines)


@given(DAYS, DAYS, CYCLES)
def test_full_cycles_tile_time(start: date, on: date, cycle: Cycle) -> None:
    """From the start of the class to the next payment, each day is charged once."""
    due = catch_up(start, on, cycle=cycle, price=eur(5_000))
    spans = [line.period for line in due.lines if line.period is not None]

    assert [start, *(span.end for span in spans)] == [*(s.start for s in spans), due.next_due]


@given(DAYS, CYCLES, PRICES, st.lists(DAYS, min_size=2, max_size=2))
def test_joining_later_never_costs_less(
    start: date, cycle: Cycle, price: Money, days: list[date]
) -> None:
    """With all cycles in full, the total only grows with the day of the enrolment."""
    earlier, later = (catch_up(start, on, cycle=cycle, price=price).total for on in sorted(days))

    assert earlier <= later


@given(DAYS, DAYS, CYCLES, PRICES)
def test_no_policy_charges_more_than_all_in_full(
    start: date, on: date, cycle: Cycle, price: Money
) -> None:
    """Prorated is at most the current cycle, which is at most all of them."""
    full, current, missed, prorated = (
        catch_up(start, on, cycle=cycle, price=price, policy=policy).total
        for policy in CatchUpPolicy
    )

    assert prorated <= current <= full
    assert prorated <= missed <= full
    assert full - current == missed - prorated  # the missed cycles, in full


ZONES = st.sampled_from(["UTC", "Europe/Madrid", "Asia/Kathmandu", "Pacific/Kiritimati"])
INSTANTS = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 - the bounds of a strategy
    datetime(2030, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


ENROLMENTS = st.builds(
    enrolled,
    class_start=DAYS,
    cycle=CYCLES | st.none(),
    price=PRICES,
    policy=POLICIES,
    zone=ZONES,
    at=INSTANTS,
    bill_early=st.booleans(),
)


@given(ENROLMENTS, ZONES, DAYS)
def test_changing_the_zone_changes_no_charge(first: Enrolment, zone: str, as_of: date) -> None:
    """What was told in one zone stays when the class moves to another. (spec: billing 13.12)"""
    moved = attrs.evolve(first, zone=zone)

    assert charges(first, as_of=as_of) == charges(moved, as_of=as_of)
    assert first.catch_up == moved.catch_up


@given(ENROLMENTS, st.lists(DAYS, max_size=4))
def test_runs_on_any_days_bill_the_same_as_one(enrolment: Enrolment, runs: list[date]) -> None:
    """Each run bills the lines that no run before it had; together they are those of the last."""
    billed: dict[str, Line] = {}
    last: list[Line] = []
    for as_of in sorted(runs):
        last = [charge_line(charge) for charge in charges(enrolment, as_of=as_of)]
        assert list(billed.values()) == last[: len(billed)]
        billed |= {line.id: line for line in last}

    assert last == list(billed.values())


@given(ENROLMENTS)
def test_first_charges_are_what_was_told_on_joining(enrolment: Enrolment) -> None:
    """The message to the student and the first run come to the same."""
    first = charges(enrolment, as_of=enrolment.enrolled_on)

    assert [line.rated for line in enrolment.catch_up.lines] == [c.rated for c in first]


@given(ENROLMENTS, DAYS, DAYS)
def test_withdrawing_only_takes_charges_away(
    enrolment: Enrolment, left_on: date, as_of: date
) -> None:
    """What is charged to somebody who leaves is the beginning of what would have been."""
    until = max(left_on, enrolment.enrolled_on)
    stayed = charges(enrolment, as_of=as_of)
    left = charges(withdraw(enrolment, on=until).enrolment, as_of=as_of)

    assert left == stayed[: len(left)]
    assert all(charge.on >= until for charge in stayed[len(left) :])
