"""Usage spikes: above twice the mean of the last three closed periods, and above a floor."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.outbox import Message
from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import Snapshot, SpikePolicy, recount, spike
from tests.domain.usage.world import reading, snapshot

POLICY = SpikePolicy(floor=Fraction(10))


def month(n: int) -> Period:
    """Return the month *n* of 2026."""
    return Period.month(2026, n)


def of(n: int, value: str | int) -> Snapshot:
    """Return the snapshot of *value* of a month."""
    return snapshot(value, period=month(n))


def closed(*values: int) -> list[Snapshot]:
    """Return snapshots of the months up to August."""
    return [of(9 - len(values) + n, value) for n, value in enumerate(values)]


@pytest.mark.parametrize(("used", "told"), [("40", False), ("40.000001", True), ("41", True)])
def test_above_twice_the_mean_of_three(used: str, told: bool) -> None:
    """10, 20 and 30 are 20 on average: 40 is no spike, more is. (spec: billing 4)"""
    assert told == (spike(of(9, used), closed(10, 20, 30), policy=POLICY) is not None)


@pytest.mark.parametrize(("used", "told"), [(10, False), (11, True)])
def test_above_the_floor(used: int, told: bool) -> None:
    """From 1 to 10 is ten times as much, and still nothing to speak of."""
    assert told == (spike(of(9, used), closed(1, 1, 1), policy=POLICY) is not None)


def test_the_last_three_count() -> None:
    """Whatever was before them, in whichever order they come, and whatever comes after."""
    past = [*closed(900, 10, 20, 30), of(10, 900)]

    assert None is not spike(of(9, 41), past, policy=POLICY)
    assert None is not spike(of(9, 41), reversed(past), policy=POLICY)
    assert None is spike(of(9, 41), past, policy=attrs.evolve(POLICY, periods=4))


def test_with_fewer_periods_nothing_is_usual() -> None:
    """A customer who begins is no spike."""
    assert None is spike(of(9, 1000), closed(1, 1), policy=POLICY)
    assert None is not spike(of(9, 1000), closed(1, 1), policy=attrs.evolve(POLICY, periods=2))


def test_times_and_floor_are_configurable() -> None:
    """Three and a half times, from 100 on."""
    policy = SpikePolicy(floor=Fraction(100), times=Fraction(7, 2), periods=1)

    assert None is spike(of(9, 140), closed(40), policy=policy)
    assert None is not spike(of(9, 141), closed(40), policy=policy)
    assert None is spike(of(9, 100), closed(1), policy=policy)


def test_an_estimate_is_no_spike() -> None:
    """It is somebody else's figure; the truth may be one."""
    september = of(9, 900)
    october = snapshot(None, period=month(10), previous=september)
    past = [*closed(1, 1), september]

    assert None is spike(october, past, policy=POLICY)
    truth = recount(october, reading(901, period=month(10))).after
    assert None is not spike(truth, past, policy=POLICY)


def test_the_notice_tells_the_figures_once() -> None:
    """Of the same snapshot the same message, whose id tells that it is the same."""
    told = spike(of(9, 41), closed(10, 20, 30), policy=POLICY)
    again = spike(of(9, 42), closed(10, 20, 30), policy=POLICY)

    assert told is not None
    assert again is not None
    assert (
        Message(
            told.id,
            "notice.usage_spike",
            "c-1",
            (
                ("meter", "clusters"),
                ("period", "2026-09-01/2026-10-01"),
                ("used", "41"),
                ("mean", "20"),
                ("times", "2"),
            ),
        )
        == told
    )
    assert told.id == again.id


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3), st.integers(0, 1000))
def test_more_usage_is_no_less_a_spike(past: list[int], used: int) -> None:
    """Where some usage is a spike, more is one too. (spec: billing 13.11)"""
    less, more = (spike(of(9, n), closed(*past), policy=POLICY) for n in (used, used + 1))

    assert less is None or more is not None


def test_others_are_no_measure() -> None:
    """Neither another customer nor another meter says what is usual."""
    for wrong in (
        attrs.evolve(of(8, 1), customer="c-2"),
        attrs.evolve(of(8, 1), meter="storage"),
    ):
        with pytest.raises(ValueError, match="and nobody else"):
            spike(of(9, 1), [wrong], policy=POLICY)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"floor": 10}, TypeError),
        ({"floor": Fraction(-1)}, ValueError),
        ({"times": 2.0}, TypeError),
        ({"times": Fraction(0)}, ValueError),
        ({"periods": 0}, ValueError),
        ({"periods": True}, TypeError),
    ],
)
def test_policies_that_make_no_sense_are_refused(
    fields: dict[str, Any], error: type[Exception]
) -> None:
    """The floor has no default: each meter counts something else."""
    with pytest.raises(error):
        attrs.evolve(POLICY, **fields)


def test_defaults_are_those_of_the_specification() -> None:
    """Twice, of three periods. (spec: billing 4)"""
    assert (Fraction(2), 3) == (POLICY.times, POLICY.periods)
