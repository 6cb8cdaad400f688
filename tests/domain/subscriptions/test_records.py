"""Records: valid from birth, and frozen."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest

from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.periods import BadPeriod, CalendarCycle, Timing
from ledgerkit.domain.proration import Basis
from ledgerkit.domain.subscriptions import (
    Item,
    Pause,
    PausePolicy,
    Phase,
)
from tests.domain.subscriptions.world import begun, day, item

PLAN = item(3100)
PHASE = Phase(number=1, item=PLAN, cycle=CalendarCycle(), starts_on=day("2026-10-01"))
SUB = begun(PLAN, since="2026-10-01")
MIDNIGHT: Any = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("record", "wrong", "message"),
    [
        (PLAN, {"id": ""}, "item id"),
        (PLAN, {"name": " Studio"}, "item name"),
        (PLAN, {"detail": "\x00"}, "item detail"),
        (PLAN, {"kind": ""}, "item kind"),
        (PLAN, {"price": Rate(Fraction(-1), "EUR")}, "a price from 0"),
        (PLAN, {"quantity": Fraction(0)}, "a quantity above 0"),
        (PHASE, {"ends_on": day("2026-09-30")}, "ends_on 2026-09-30, before its start 2026-10-01"),
        (PHASE, {"billed_through": day("2026-09-30")}, "billed_through 2026-09-30"),
        (SUB, {"id": ""}, "subscription id"),
        (SUB, {"customer": ""}, "subscription customer"),
        (SUB, {"ends_on": day("2026-09-30")}, "ends_on of subscription 'sub-1' is 2026-09-30"),
        (SUB, {"trial_until": day("2026-09-30")}, "trial_until"),
        (SUB, {"basis": Basis.SECONDS}, "counts days, actual or fixed"),
        (SUB, {"currency": "USD"}, "is in USD; an item of it is not"),
        (SUB, {"phases": (PHASE, PHASE)}, "has a phase twice"),
        (SUB, {"status": "odd"}, "is 'odd'; it is one of trialing, active, paused, suspended"),
        (SUB, {"status": "trialing"}, "is trialing with trial_until None"),
        (SUB, {"status": "paused"}, "is paused with"),
        (SUB, {"stopped": Pause(day("2026-10-16"))}, "is active with .* stopped Pause"),
        (SUB, {"phases": (), "held": (PHASE,)}, "and 1 phases held"),
    ],
)
def test_records_refuse_a_value(record: Any, wrong: dict[str, Any], message: str) -> None:
    """What contradicts itself is not built."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(record, **wrong)


@pytest.mark.parametrize(
    ("record", "wrong", "message"),
    [
        (PLAN, {"id": 7}, "item id must be text"),
        (PLAN, {"price": Money(3100, "EUR")}, "a Rate and a Fraction"),
        (PLAN, {"price": 31.0}, "a Rate and a Fraction"),
        (PLAN, {"quantity": 1}, "a Rate and a Fraction"),
        (PLAN, {"quantity": True}, "a Rate and a Fraction"),
        (PLAN, {"timing": "in_advance"}, "a Timing and a Cycle"),
        (PLAN, {"cycle": "monthly"}, "a Timing and a Cycle"),
        (PHASE, {"number": True}, "a number and an Item"),
        (PHASE, {"item": "plan"}, "a number and an Item"),
        (PHASE, {"cycle": None}, "a Cycle and a tuple of gaps"),
        (PHASE, {"gaps": []}, "a Cycle and a tuple of gaps"),
        (PHASE, {"starts_on": MIDNIGHT}, "starts_on must be a date"),
        (PHASE, {"ends_on": MIDNIGHT}, "ends_on must be a date"),
        (SUB, {"started_on": MIDNIGHT}, "on must be a date"),
        (SUB, {"ends_on": MIDNIGHT}, "ends_on must be a date"),
        (SUB, {"cycle": None}, "a Cycle and a whole number"),
        (SUB, {"suspensions": 1.0}, "a Cycle and a whole number"),
        (SUB, {"phases": []}, "phases of subscription 'sub-1' must be a tuple"),
        (SUB, {"held": []}, "held of subscription"),
        (SUB, {"waiting": []}, "waiting of subscription"),
    ],
)
def test_records_refuse_a_type(record: Any, wrong: dict[str, Any], message: str) -> None:
    """Dates are dates, prices Rates, quantities Fractions, lists tuples."""
    with pytest.raises(TypeError, match=message):
        attrs.evolve(record, **wrong)


def test_pauses() -> None:
    """A pause has a day at least, if its end is known, and a policy."""
    policy: Any = "credit"
    start: Any = "2026-10-16"

    with pytest.raises(BadPeriod):
        Pause(day("2026-10-16"), day("2026-10-16"))
    with pytest.raises(TypeError, match="policy must be a PausePolicy"):
        Pause(day("2026-10-16"), None, policy)
    with pytest.raises(TypeError, match="start must be a date"):
        Pause(start)
    known = Pause(day("2026-10-16"), day("2026-10-18"), PausePolicy.FREEZE)
    assert [False, True, True, False] == [known.holds(date(2026, 10, n)) for n in (15, 16, 17, 18)]
    assert Pause(day("2026-10-16")).holds(date(2099, 1, 1))


def test_items_default_to_one_in_advance() -> None:
    """One of it, in advance, by the cycle of the subscription."""
    plain = Item(id="a", name="A", price=Rate(Fraction(1), "EUR"))

    assert (Fraction(1), Timing.IN_ADVANCE) == (plain.quantity, plain.timing)
    assert plain.cycle is None
    assert not plain.one_time


def test_records_are_frozen() -> None:
    """A change is a new record."""
    records: tuple[Any, ...] = (PLAN, PHASE, SUB)

    for record in records:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            record.id = "x"
