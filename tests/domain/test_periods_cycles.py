"""Cycles: periods that tile time, and which of them are due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    DatesOutOfOrder,
    FixedDaysCycle,
    Period,
    Timing,
    billable_through,
    elapsed,
    first_boundary,
    last_boundary,
    spanning,
    whole_periods,
)

ADVANCE = Timing.IN_ADVANCE
DATES = st.dates(date(1970, 1, 1), date(2070, 12, 31))
MONTHS = st.sampled_from([1, 2, 3, 6, 12, 18, 24])
CYCLES: st.SearchStrategy[Cycle] = (
    st.builds(CalendarCycle, MONTHS)
    | st.builds(AnniversaryCycle, DATES, MONTHS, st.none() | st.integers(1, 31))
    | st.builds(FixedDaysCycle, DATES, st.integers(1, 400))
)


def day(text: str) -> date:
    """Return the date that *text* writes."""
    return date.fromisoformat(text)


def days(*texts: str) -> list[date]:
    """Return the dates that *texts* write."""
    return [day(text) for text in texts]


def written(periods: tuple[Period, ...]) -> list[str]:
    """Return *periods* as text."""
    return [str(period) for period in periods]


@pytest.mark.parametrize(
    ("cycle", "n", "expected"),
    [
        (
            AnniversaryCycle(day("2024-01-31")),
            [1, 2, 3],
            ["2024-02-29", "2024-03-31", "2024-04-30"],
        ),
        (
            AnniversaryCycle(day("2026-01-31")),
            [1, 2, 3],
            ["2026-02-28", "2026-03-31", "2026-04-30"],
        ),
        (
            AnniversaryCycle(day("2024-01-30")),
            [1, 2, 3],
            ["2024-02-29", "2024-03-30", "2024-04-30"],
        ),
        (
            AnniversaryCycle(day("2024-02-29"), 12),
            [1, 3, 4],
            ["2025-02-28", "2027-02-28", "2028-02-29"],
        ),
        (AnniversaryCycle(day("2023-02-28"), 12), [1], ["2024-02-28"]),
        (AnniversaryCycle(day("2016-04-08")), [7, -4], ["2016-11-08", "2015-12-08"]),
        (AnniversaryCycle(day("2012-02-16"), anchor_day=30), [0, 1], ["2012-02-29", "2012-03-30"]),
        (
            FixedDaysCycle(day("2016-04-08"), 30),
            [1, 2, 3, 4, 5, 6, 7],
            [
                *("2016-05-08", "2016-06-07", "2016-07-07", "2016-08-06"),
                *("2016-09-05", "2016-10-05", "2016-11-04"),
            ],
        ),
        (FixedDaysCycle(day("2016-04-08"), 7), [7, -1], ["2016-05-27", "2016-04-01"]),
        (CalendarCycle(), [0, 1, 12, -1], ["1970-01-01", "1970-02-01", "1971-01-01", "1969-12-01"]),
        (CalendarCycle(3), [1, 224], ["1970-04-01", "2026-01-01"]),
        (CalendarCycle(12), [56], ["2026-01-01"]),
    ],
)
def test_period_n(cycle: Cycle, n: list[int], expected: list[str]) -> None:
    """Period n is counted from the anchor, never from period n - 1 (spec: billing 1)."""
    assert days(*expected) == [cycle.period(each).start for each in n]


def test_kinds() -> None:
    """A record of terms names its cycle by kind."""
    cycles = (CalendarCycle, AnniversaryCycle, FixedDaysCycle)

    assert ["calendar", "anniversary", "fixed_days"] == [cycle.kind for cycle in cycles]


@pytest.mark.parametrize(
    ("cycle", "on", "expected"),
    [
        (CalendarCycle(), "2022-02-28", "2022-02-01/2022-03-01"),
        (CalendarCycle(3), "2026-11-23", "2026-10-01/2027-01-01"),
        (AnniversaryCycle(day("2024-01-05")), "2024-01-03", "2023-12-05/2024-01-05"),
        (AnniversaryCycle(day("2022-01-31")), "2022-02-27", "2022-01-31/2022-02-28"),
        (AnniversaryCycle(day("2022-01-31")), "2022-02-28", "2022-02-28/2022-03-31"),
        (AnniversaryCycle(day("2019-04-30")), "2020-03-29", "2020-02-29/2020-03-30"),
        (AnniversaryCycle(day("2024-01-01"), anchor_day=15), "2024-02-15", "2024-02-15/2024-03-15"),
        (AnniversaryCycle(day("2021-01-10"), 12, 1), "2021-12-31", "2021-01-01/2022-01-01"),
        (FixedDaysCycle(day("2026-01-01"), 30), "2026-03-02", "2026-03-02/2026-04-01"),
    ],
)
def test_containing(cycle: Cycle, on: str, expected: str) -> None:
    """A boundary belongs to the period that it opens."""
    assert expected == str(cycle.containing(day(on)))


def test_containing_from_the_start() -> None:
    """The first period of terms that start inside one is what is left of it."""
    cycle = AnniversaryCycle(day("2021-01-10"), 3, 1)
    start = day("2021-01-10")

    assert "2021-01-10/2021-04-01" == str(cycle.containing(day("2021-02-01"), start=start))
    assert "2021-04-01/2021-07-01" == str(cycle.containing(day("2021-04-01"), start=start))
    with pytest.raises(DatesOutOfOrder) as caught:
        cycle.containing(day("2021-01-09"), start=start)
    expected = "on is 2021-01-09; it must not be before start, 2021-01-10"
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("start", "anchor_day", "months", "expected"),
    [
        ("2012-01-16", 17, 1, "2012-01-17"),
        ("2012-02-16", 30, 1, "2012-02-29"),
        ("2012-01-31", 30, 1, "2012-02-29"),
        ("2012-02-16", 14, 1, "2012-03-14"),
        ("2012-07-16", 15, 1, "2012-08-15"),
        ("2012-03-02", 3, 1, "2012-03-03"),
        ("2012-03-03", 3, 1, "2012-03-03"),
        ("2012-03-04", 3, 1, "2012-04-03"),
        ("2012-01-16", 17, 12, "2012-01-17"),
        ("2012-02-16", 14, 12, "2013-02-14"),
    ],
)
def test_first_boundary(start: str, anchor_day: int, months: int, expected: str) -> None:
    """The first boundary is the anchor day on or after the start (spec: billing 1)."""
    cycle = AnniversaryCycle(day(start), months, anchor_day)

    assert day(expected) == first_boundary(cycle, day(start))


def test_first_boundary_of_fixed_days() -> None:
    """Fixed days start where they are told to; no anchor day moves them."""
    start = day("2012-02-16")

    assert start == first_boundary(FixedDaysCycle(start, 30), start)


@pytest.mark.parametrize(
    ("on", "expected"),
    [("2012-09-15", "2012-08-16"), ("2012-09-16", "2012-09-16"), ("2012-07-15", "2012-06-16")],
)
def test_last_boundary(on: str, expected: str) -> None:
    """The last boundary is the one at or before a date."""
    assert day(expected) == last_boundary(AnniversaryCycle(day("2012-07-16")), day(on))


@pytest.mark.parametrize(
    ("cycle", "span", "starts"),
    [
        (
            AnniversaryCycle(day("2024-01-05")),
            "2024-01-03/2024-02-06",
            ["2023-12-05", "2024-01-05", "2024-02-05"],
        ),
        (
            AnniversaryCycle(day("2026-01-31")),
            "2026-01-31/2026-05-01",
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"],
        ),
        (
            AnniversaryCycle(day("2028-01-31")),
            "2028-01-31/2028-03-01",
            ["2028-01-31", "2028-02-29"],
        ),
        (CalendarCycle(), "2026-10-01/2026-11-01", ["2026-10-01"]),
    ],
)
def test_spanning(cycle: Cycle, span: str, starts: list[str]) -> None:
    """Every period that shares a day with a span is named, the exclusive end is not one."""
    assert days(*starts) == [period.start for period in spanning(cycle, Period.parse(span))]


@pytest.mark.parametrize(
    ("cycle", "start", "at", "expected"),
    [
        (AnniversaryCycle(day("2024-01-31")), "2024-01-31", "2024-02-28", 0),
        (AnniversaryCycle(day("2024-01-31")), "2024-01-31", "2024-02-29", 1),
        (AnniversaryCycle(day("2024-01-01"), anchor_day=15), "2024-01-01", "2024-01-14", 0),
        (AnniversaryCycle(day("2024-01-01"), anchor_day=15), "2024-01-01", "2024-01-15", 1),
        (AnniversaryCycle(day("2021-01-10"), 12, 1), "2021-01-10", "2022-01-01", 1),
        # Late joiners, class start 2026-01-01: days 0, 29, 30, 59, 73, 75 and 90 (billing 2).
        (FixedDaysCycle(day("2026-01-01")), "2026-01-01", "2026-01-01", 0),
        (FixedDaysCycle(day("2026-01-01")), "2026-01-01", "2026-01-30", 0),
        (FixedDaysCycle(day("2026-01-01")), "2026-01-01", "2026-01-31", 1),
        (FixedDaysCycle(day("2026-01-01")), "2026-01-01", "2026-03-01", 1),
        (FixedDaysCycle(day("2026-01-01")), "2026-01-01", "2026-03-15", 2),
        (FixedDaysCycle(day("2026-01-01")), "2026-01-01", "2026-03-17", 2),
        (FixedDaysCycle(day("2026-01-01")), "2026-01-01", "2026-04-01", 3),
        (CalendarCycle(), "2026-01-01", "2026-03-01", 2),
        (AnniversaryCycle(day("2026-01-31")), "2026-01-31", "2026-03-01", 1),
    ],
)
def test_elapsed(cycle: Cycle, start: str, at: str, expected: int) -> None:
    """A period counts once it has closed, and its closing day is the next one's first."""
    assert expected == elapsed(cycle, day(start), day(at))


@pytest.mark.parametrize(
    ("cycle", "start", "end", "expected"),
    [
        (FixedDaysCycle(day("2012-07-16"), 30), "2012-07-16", "2012-09-14", 2),
        (FixedDaysCycle(day("2012-07-16"), 30), "2012-07-16", "2012-09-13", 1),
        (FixedDaysCycle(day("2012-07-16"), 7), "2012-07-16", "2012-07-29", 1),
        (AnniversaryCycle(day("2012-07-16")), "2012-07-16", "2012-08-15", 0),
        (AnniversaryCycle(day("2012-07-16")), "2012-07-16", "2013-07-16", 12),
        (AnniversaryCycle(day("2012-07-16")), "2012-07-17", "2012-08-15", 0),
        (CalendarCycle(), "2026-01-02", "2026-03-31", 1),
        (CalendarCycle(), "2026-01-02", "2026-01-31", 0),
    ],
)
def test_whole_periods(cycle: Cycle, start: str, end: str, expected: int) -> None:
    """Only periods that lie inside as a whole count."""
    assert expected == whole_periods(cycle, day(start), day(end))


# ---- what is due -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("anchor_day", "end", "as_of", "expected"),
    [
        (13, None, "2012-01-16", None),
        (13, None, "2012-02-13", "2012-02-13"),
        (16, None, "2012-01-19", "2012-01-16"),
        (25, None, "2012-01-19", None),
        (25, "2012-01-19", "2012-01-25", "2012-01-19"),
        (25, None, "2012-01-25", "2012-01-25"),
        (18, "2012-01-20", "2012-01-25", "2012-01-20"),
        (18, None, "2012-01-25", "2012-01-18"),
        (18, "2012-01-28", "2012-01-25", "2012-01-18"),
        (18, None, "2012-02-18", "2012-02-18"),
        (18, "2012-02-16", "2012-02-18", "2012-02-16"),
    ],
)
def test_billed_through_in_arrears(
    anchor_day: int, end: str | None, as_of: str, expected: str | None
) -> None:
    """In arrears bills up to the last closed boundary, or an end date that has come."""
    start = day("2012-01-16")
    through = billable_through(
        AnniversaryCycle(start, anchor_day=anchor_day),
        day(as_of),
        start=start,
        end=day(end) if end else None,
    )

    assert (day(expected) if expected else None) == through


@pytest.mark.parametrize(
    ("start", "anchor_day", "end", "as_of", "expected"),
    [
        ("2012-07-16", 16, None, "2012-08-16", "2012-09-16"),
        ("2012-07-16", 16, "2012-09-15", "2012-08-16", "2012-09-15"),
        ("2012-07-16", 16, "2012-08-16", "2012-08-16", "2012-08-16"),
        ("2012-07-16", 15, None, "2012-07-16", "2012-08-15"),
        ("2012-04-30", 31, None, "2012-04-30", "2012-05-31"),
        ("2017-01-31", 31, None, "2017-03-31", "2017-04-30"),
    ],
)
def test_billed_through_in_advance(
    start: str, anchor_day: int, end: str | None, as_of: str, expected: str
) -> None:
    """In advance bills the period that opens on the target date, up to the end date."""
    through = billable_through(
        AnniversaryCycle(day(start), anchor_day=anchor_day),
        day(as_of),
        start=day(start),
        end=day(end) if end else None,
        timing=ADVANCE,
    )

    assert day(expected) == through


def test_due_in_arrears_at_a_month_end() -> None:
    """2025-03-31 in arrears at 2025-05-30 bills only [03-31, 04-30): May ends on the 31st."""
    start = day("2025-03-31")
    due = AnniversaryCycle(start).due(day("2025-05-30"), start=start)

    assert ["2025-03-31/2025-04-30"] == written(due)


def test_due_of_thirty_days_with_a_monthly_cron() -> None:
    """C-1: 30-day periods and a run on each 1st bill 1, 0, 2, 1 and 1 periods, none twice."""
    start = day("2026-01-01")
    cycle = FixedDaysCycle(start, 30)
    runs = days("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01")
    billed: list[tuple[Period, ...]] = []
    through: date | None = None
    for run in runs:
        billed.append(cycle.due(run, start=start, billed_through=through))
        through = billed[-1][-1].end if billed[-1] else through

    assert [1, 0, 2, 1, 1] == [len(periods) for periods in billed]
    assert days("2026-01-31", "2026-03-02", "2026-04-01", "2026-05-01", "2026-05-31") == [
        period.end for periods in billed for period in periods
    ]
    assert days("2026-06-30", "2026-07-30") == [cycle.period(n).end for n in (5, 6)]


def test_due_with_a_partial_first_period() -> None:
    """Terms that start inside a calendar month are billed for the rest of it first."""
    start = day("2022-02-07")
    due = CalendarCycle().due(day("2022-04-01"), start=start)

    assert ["2022-02-07/2022-03-01", "2022-03-01/2022-04-01"] == written(due)


def test_due_with_a_partial_last_period() -> None:
    """Terms that ended are billed up to their end, which has come, and no further."""
    start, end = day("2026-09-01"), day("2026-10-16")

    def due(as_of: str) -> list[str]:
        return written(CalendarCycle().due(day(as_of), start=start, end=end))

    assert ["2026-09-01/2026-10-01"] == due("2026-10-15")
    assert ["2026-09-01/2026-10-01", "2026-10-01/2026-10-16"] == due("2026-10-16")
    assert ["2026-09-01/2026-10-01", "2026-10-01/2026-10-16"] == due("2027-10-16")


def test_due_in_advance() -> None:
    """The period that opens is due on its first day, once."""
    start = day("2026-01-31")
    cycle = AnniversaryCycle(start)
    billed = day("2026-02-28")

    due = cycle.due(day("2026-02-28"), start=start, timing=ADVANCE)
    again = cycle.due(day("2026-03-30"), start=start, timing=ADVANCE, billed_through=due[-1].end)

    assert ["2026-01-31/2026-02-28", "2026-02-28/2026-03-31"] == written(due)
    assert () == again
    assert due[1:] == cycle.due(billed, start=start, timing=ADVANCE, billed_through=billed)


def test_nothing_is_due_before_a_period_closes() -> None:
    """Terms that start on a boundary have nothing to bill in arrears before the next one."""
    start = day("2012-01-16")

    assert () == AnniversaryCycle(start).due(day("2012-01-19"), start=start)
    assert () == CalendarCycle().due(day("2012-01-19"), start=start)


@pytest.mark.parametrize("timing", Timing)
def test_dates_out_of_order(timing: Timing) -> None:
    """A target or an end before the start is refused rather than billed as nothing."""
    cycle, start, before = CalendarCycle(), day("2026-01-02"), day("2026-01-01")

    with pytest.raises(DatesOutOfOrder, match=r"as_of is 2026-01-01; .* before start, 2026-01-02"):
        cycle.due(before, start=start, timing=timing)
    with pytest.raises(DatesOutOfOrder, match=r"end is 2026-01-01; .* before start, 2026-01-02"):
        cycle.due(start, start=start, end=before, timing=timing)
    with pytest.raises(DatesOutOfOrder, match="at is"):
        elapsed(cycle, start, before)
    with pytest.raises(DatesOutOfOrder, match="end is") as caught:
        whole_periods(cycle, start, before)
    assert "invalid_date_sequence" == caught.value.code


def test_terms_that_end_where_they_start() -> None:
    """Terms without a single day are no error, and nothing is due."""
    start = day("2026-01-15")

    assert () == CalendarCycle().due(day("2026-03-01"), start=start, end=start)
    assert () == CalendarCycle().due(start, start=start, end=start, timing=ADVANCE)


def test_anchor_change() -> None:
    """An annual price of 2399.95 whose anchor moves by nine days is bridged by 9/365: 59.18."""
    moved = AnniversaryCycle(day("2017-05-01"), 12, 10)
    changed = day("2017-05-01")
    bridge = moved.containing(changed, start=changed)
    share = bridge.share_of(moved.containing(changed))

    assert "2017-05-01/2017-05-10" == str(bridge)
    assert Money(5918, "USD") == Rate.of(Money(239995, "USD")).times(share)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: CalendarCycle(0), r"months must be 1 or more \(got 0\)"),
        (lambda: AnniversaryCycle(day("2026-01-01"), -1), r"months must be 1 or more \(got -1\)"),
        (lambda: AnniversaryCycle(day("2026-01-01"), 1, 0), r"anchor_day must be 1 or more"),
        (lambda: AnniversaryCycle(day("2026-01-01"), 1, 32), r"anchor_day must be 1 to 31"),
        (lambda: FixedDaysCycle(day("2026-01-01"), 0), r"days must be 1 or more \(got 0\)"),
    ],
)
def test_cycles_refuse_a_value(build: Any, message: str) -> None:
    """A cycle that stands still or has no such day is refused."""
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: CalendarCycle(months=True), r"months must be an int \(got True\)"),
        (
            lambda: AnniversaryCycle(cast("Any", "2026-01-01")),
            r"anchor must be a date \(got '2026-01-01'\)",
        ),
        (
            lambda: AnniversaryCycle(day("2026-01-01"), 1, cast("Any", 1.5)),
            r"anchor_day must be an int \(got 1\.5\)",
        ),
        (lambda: FixedDaysCycle(datetime(2026, 1, 1, tzinfo=UTC)), "start must be a date"),
        (lambda: CalendarCycle().index_of(datetime(2026, 1, 1, tzinfo=UTC)), "on must be a date"),
        (
            lambda: CalendarCycle().due(cast("Any", None), start=day("2026-01-01")),
            "as_of must be a date",
        ),
    ],
)
def test_cycles_refuse_a_type(build: Any, message: str) -> None:
    """Dates are dates, counts are ints."""
    with pytest.raises(TypeError, match=message):
        build()


# ---- laws --------------------------------------------------------------------------------------
@given(CYCLES)
def test_periods_tile_a_hundred_years(cycle: Cycle) -> None:
    """Over a hundred years no day is missing and none is in two periods, for every kind."""
    century = Period(date(1970, 1, 1), date(2070, 1, 1))
    periods = spanning(cycle, century)

    assert periods[0].start <= century.start
    assert century.end <= periods[-1].end
    assert [period.end for period in periods[:-1]] == [period.start for period in periods[1:]]


@given(CYCLES, DATES)
def test_index_of_finds_the_period(cycle: Cycle, on: date) -> None:
    """A date is in the period that it is said to be in, and its boundaries say the same."""
    n = cycle.index_of(on)

    assert on in cycle.period(n) == cycle.containing(on)
    assert n == cycle.index_of(cycle.boundary(n)) == cycle.index_of(cycle.period(n).last)
    assert n + 1 == cycle.index_of(cycle.period(n).end)
    assert last_boundary(cycle, on) <= on <= first_boundary(cycle, on)


@given(
    CYCLES, DATES, st.lists(st.integers(0, 1500), min_size=1, max_size=6), st.sampled_from(Timing)
)
def test_runs_bill_what_one_run_bills(
    cycle: Cycle, start: date, waits: list[int], timing: Timing
) -> None:
    """Runs on any days bill the same periods, in the same order, as one run on the last day."""
    runs = [start + timedelta(days=wait) for wait in sorted(waits)]
    billed: list[Period] = []
    for run in runs:
        through = billed[-1].end if billed else None
        billed += cycle.due(run, start=start, billed_through=through, timing=timing)

    assert list(cycle.due(runs[-1], start=start, timing=timing)) == billed


@given(CYCLES, DATES, st.integers(0, 1500), st.integers(0, 1500), st.sampled_from(Timing))
def test_due_periods_tile_the_terms(
    cycle: Cycle, start: date, length: int, later: int, timing: Timing
) -> None:
    """Once its end has come, terms are billed from their start to their end, each day once."""
    end = start + timedelta(days=length)
    due = cycle.due(end + timedelta(days=later), start=start, end=end, timing=timing)
    starts, ends = [period.start for period in due], [period.end for period in due]

    assert length == sum(period.days for period in due)
    assert [start, *ends] == [*starts, end]


@given(CYCLES, DATES, st.integers(0, 3000))
def test_elapsed_counts_boundaries(cycle: Cycle, start: date, length: int) -> None:
    """Periods that closed are the boundaries passed; whole ones are at most one fewer."""
    end = start + timedelta(days=length)
    span = Period(start, end + timedelta(days=1))
    passed = [each.start for each in spanning(cycle, span) if each.start > start]
    partial = last_boundary(cycle, start) < start

    assert len(passed) == elapsed(cycle, start, end)
    assert max(0, len(passed) - partial) == whole_periods(cycle, start, end)
