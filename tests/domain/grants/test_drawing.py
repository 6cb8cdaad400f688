"""Drawing: a line is paid with credit, and the credit comes back when the line is credited."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

from ledgerkit.domain.grants import (
    ACTIVE,
    DEPLETED,
    CreditExhausted,
    Grant,
    NotDrawn,
    NotPaidFor,
    Overdrawn,
    draw,
    expire,
    give_back,
)
from ledgerkit.domain.ledger import Event
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import CurrencyMismatch, Money
from tests.domain.grants.credit import AT, ENDS, bought, eur, given, legs, line, pack, tokens, use


# ---- drawing ---------------------------------------------------------------------------------
@pytest.mark.parametrize("grant", [bought(), given()], ids=["bought", "given"])
def test_money_settles_the_charge(grant: Grant) -> None:
    """40.00 of 100.00 drawn: liability:credit -40, customer +40, who owes that much less."""
    drawn = use(grant)

    assert {"liability:credit:g1 EUR": -4_000, "customer:ana EUR": 4_000} == legs(drawn.journal)
    assert ("credit.drawn", Event("credit", "l1", "g1:1")) == (
        drawn.journal.kind,
        drawn.journal.event,
    )
    assert (eur(6_000), ACTIVE) == (drawn.grant.remaining, drawn.grant.status)
    assert (drawn.draw,) == drawn.grant.draws
    assert (drawn.grant,) == drawn.effects.records


def test_units_recognise_their_price() -> None:
    """100 of 1,000 tokens for 50.00: 5.00 of deferred revenue is the platform's."""
    assert {
        "liability:credit:g1 EUR": -500,
        "platform EUR": 500,
        "liability:credit:g1 TOKEN": -100,
        "units:credit:drawn TOKEN": 100,
    } == legs(use(pack(), tokens(100)).journal)


def test_given_units_move_units_only() -> None:
    """Tokens that cost nothing recognise nothing."""
    assert {"liability:credit:g1 TOKEN": -100, "units:credit:drawn TOKEN": 100} == legs(
        use(pack(minor=None), tokens(100)).journal
    )


def test_units_recognise_the_whole_price() -> None:
    """3 tokens for 100.00, one at a time: 33.33, 33.34 and what is left, 33.33."""
    grant = pack(3, 10_000)
    for n in range(3):
        grant = use(grant, tokens(1), f"l{n}").grant

    assert [3_333, 3_334, 3_333] == [each.value.minor for each in grant.draws]
    assert (DEPLETED, eur(0)) == (grant.status, grant.deferred)


@law(st.integers(1, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_values_add_up_to_the_price(minor: int, parts: list[int]) -> None:
    """However tokens are used, what is recognised is the price, no more than a cent off each."""
    grant = pack(sum(parts), minor)
    for n, part in enumerate(parts):
        grant = use(grant, tokens(part), f"l{n}").grant

    assert minor == sum(each.value.minor for each in grant.draws)
    assert eur(0) == grant.deferred


def test_the_last_of_it_depletes() -> None:
    """Drawing all of it is a status of its own."""
    assert DEPLETED == use(bought(), 10_000).grant.status


def test_a_line_draws_in_parts() -> None:
    """A line may draw twice, as other facts, but not more than it charges."""
    claim = line(5_000)
    first = draw(bought(), claim, eur(3_000), at=AT)
    second = draw(first.grant, claim, eur(2_000), at=AT)

    assert Event("credit", "l1", "g1:2") == second.journal.event
    assert first.journal.id != second.journal.id
    assert eur(5_000) == second.grant.drawn_for("l1")
    with pytest.raises(
        Overdrawn, match=r"charges 50\.00 EUR and grant 'g1' paid 50\.00 EUR of it; 0\.01"
    ):
        draw(second.grant, claim, eur(1), at=AT)


def test_drawing_again_is_refused() -> None:
    """The same decision twice would pay the line twice."""
    with pytest.raises(Overdrawn, match=r"paid 40\.00 EUR of it; 40\.00 EUR asked"):
        use(use(bought()).grant)


def test_more_than_is_left_is_refused() -> None:
    """100.00 cannot pay 100.01; the figures say why."""
    with pytest.raises(CreditExhausted, match=r"has 100\.00 EUR left and 100\.01 EUR is asked"):
        use(bought(), 10_001)


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        ("seat", date(2026, 10, 5)),
        ("usage", date(2026, 8, 31)),
        ("usage", date(2026, 11, 1)),
        ("usage", date(2027, 1, 1)),
    ],
)
def test_grant_pays_for_its_kinds_and_days(kind: str, on: date) -> None:
    """Not for another kind of line, nor before it is granted, nor from the day it expires."""
    with pytest.raises(NotPaidFor, match=f"does not pay for 'l1', kind '{kind}', of {on}"):
        use(bought(covers=("usage",)), kind=kind, on=on)


@pytest.mark.parametrize("on", [date(2026, 9, 1), date(2026, 10, 31)])
def test_grant_pays_from_its_first_to_its_last_day(on: date) -> None:
    """The day of granting and the day before the expiry are paid, whenever that is asked."""
    assert on == use(bought(), on=on).draw.on


def test_grant_without_limits_pays_for_anything() -> None:
    """No expiry, no kinds."""
    grant = bought(expires_on=None)

    assert grant.pays_for("", date(2099, 1, 1))
    assert grant.pays_for("seat", date(2026, 9, 1))


@pytest.mark.parametrize("amount", [Money(100, "USD"), tokens(100)])
def test_currencies_do_not_mix(amount: Money) -> None:
    """Euros pay neither dollars nor tokens, whichever of the two says so."""
    with pytest.raises(CurrencyMismatch):
        draw(bought(), line(amount), amount, at=AT)
    with pytest.raises(CurrencyMismatch):
        draw(bought(), line(), amount, at=AT)


@pytest.mark.parametrize(("minor", "told"), [(0, "0.00"), (-1, "-0.01")])
def test_a_draw_takes_something(minor: int, told: str) -> None:
    """Nothing is no draw, and a negative one would be a return."""
    with pytest.raises(ValueError, match=f"must be above 0 .got {told} EUR"):
        draw(bought(), line(), eur(minor), at=AT)


def test_expired_grant_has_nothing_left() -> None:
    """Usage that came late revives it first."""
    gone = expire(bought(), on=ENDS, settled_before=ENDS, at=AT).grant

    with pytest.raises(CreditExhausted, match=r"has 0\.00 EUR left"):
        use(gone)


@pytest.mark.parametrize("amount", [40.0, 4_000, True, None])
def test_amounts_are_money(amount: Any) -> None:
    """Floats, bools and bare numbers are no amounts."""
    with pytest.raises(TypeError, match="a draw on grant 'g1' must be Money"):
        draw(bought(), line(), amount, at=AT)
    if amount is not None:
        with pytest.raises(TypeError, match="what comes back to grant 'g1' must be Money"):
            give_back(use(bought()).grant, "l1", amount=amount, at=AT)


def test_instants_have_a_zone() -> None:
    """A naive time is refused wherever a journal is written."""
    with pytest.raises(ValueError, match="has no time zone"):
        draw(bought(), line(), eur(1), at=AT.replace(tzinfo=None))


def test_any_size_is_an_amount() -> None:
    """Credit beyond 64 bits is still exact; what a store can hold is checked where it is posted."""
    huge = 10**30
    drawn = use(pack(huge + 1, 10**40), tokens(huge))

    assert tokens(1) == drawn.grant.remaining
    assert eur(10**40) == drawn.grant.deferred + drawn.draw.value


# ---- giving back -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("grant", "amount"),
    [(bought(), eur(4_000)), (given(), eur(10_000)), (pack(), tokens(1_000))],
    ids=["bought", "given", "units"],
)
def test_return_mirrors_the_draw(grant: Grant, amount: Money) -> None:
    """Everybody gets back what the draw moved, and the grant is as full as before."""
    drawn = use(grant, amount)
    back = give_back(drawn.grant, "l1", at=AT)
    (journal,) = back.journals

    assert tuple(-entry for entry in drawn.journal.entries) == journal.entries
    assert ("credit.drawn.reversed", drawn.journal.id) == (journal.kind, journal.reverses)
    assert Event("credit", "l1", "g1:returned:1") == journal.event
    assert (grant.amount, grant.paid, ACTIVE) == (
        back.grant.remaining,
        back.grant.deferred,
        back.grant.status,
    )
    assert (amount, amount) == (back.grant.drawn, back.grant.returned)
    assert ((back.grant,), back.journals) == (back.effects.records, back.effects.journals)


def test_part_of_a_draw_comes_back() -> None:
    """10.00 of 40.00 credited: 70.00 are left, and 30.00 can still come back."""
    back = give_back(use(bought()).grant, "l1", amount=eur(1_000), at=AT)

    assert {"liability:credit:g1 EUR": 1_000, "customer:ana EUR": -1_000} == legs(*back.journals)
    assert (eur(7_000), eur(3_000)) == (back.grant.remaining, back.grant.drawn_for("l1"))


def test_parts_come_back_with_the_value_of_the_draw() -> None:
    """3 tokens drawn at 100.00 and returned one by one: 33.33 + 33.34 + 33.33, all of it."""
    grant = use(pack(6, 20_000), tokens(3)).grant
    values = []
    for _ in range(3):
        back = give_back(grant, "l1", amount=tokens(1), at=AT)
        grant = back.grant
        values.append(legs(*back.journals)["liability:credit:g1 EUR"])

    assert [3_333, 3_334, 3_333] == values
    assert eur(20_000) == grant.deferred


def test_newest_draws_come_back_first() -> None:
    """30.00 and 20.00 were drawn for a line; 25.00 of it undo the second, and 5.00 of the first."""
    claim = line(5_000)
    first = draw(bought(), claim, eur(3_000), at=AT)
    second = draw(first.grant, claim, eur(2_000), at=AT)
    back = give_back(second.grant, "l1", amount=eur(2_500), at=AT)

    assert [(second.journal.id, 2_000), (first.journal.id, 500)] == [
        (each.draw, each.amount.minor) for each in back.grant.returns
    ]
    assert [second.journal.id, first.journal.id] == [each.reverses for each in back.journals]
    rest = give_back(back.grant, "l1", at=AT)
    assert [(first.journal.id, 2_500)] == [
        (each.draw, each.amount.minor) for each in rest.grant.returns[2:]
    ]
    events = {str(journal.event) for journal in (*back.journals, *rest.journals)}
    assert {f"credit:l1:g1:returned:{n}" for n in (1, 2, 3)} == events


def test_a_returned_line_draws_anew() -> None:
    """Credited and charged again: another fact, and the grant pays again."""
    back = give_back(use(bought()).grant, "l1", at=AT).grant
    again = use(back)

    assert Event("credit", "l1", "g1:2") == again.journal.event
    assert eur(6_000) == again.grant.remaining


@pytest.mark.parametrize(
    ("source", "minor", "asked"), [("l2", None, "0.00"), ("l1", 4_001, "40.01"), ("l2", 1, "0.01")]
)
def test_no_more_comes_back_than_was_drawn(source: str, minor: int | None, asked: str) -> None:
    """A line that drew nothing, or less, has nothing, or less, to return."""
    amount = None if minor is None else eur(minor)
    with pytest.raises(
        NotDrawn, match=f"'{source}' has drawn .* of grant 'g1'; {asked} EUR cannot"
    ):
        give_back(use(bought()).grant, source, amount=amount, at=AT)


def test_what_came_back_does_not_come_back_again() -> None:
    """A credit note that is repeated returns nothing more."""
    back = give_back(use(bought()).grant, "l1", at=AT).grant

    with pytest.raises(NotDrawn, match=r"'l1' has drawn 0\.00 EUR"):
        give_back(back, "l1", at=AT)


@pytest.mark.parametrize("minor", [0, -1])
def test_a_return_brings_something(minor: int) -> None:
    """Nothing is no return."""
    with pytest.raises(ValueError, match="must be above 0"):
        give_back(use(bought()).grant, "l1", amount=eur(minor), at=AT)


def test_expired_grant_is_revived_before_a_return() -> None:
    """Else what comes back would never expire."""
    gone = expire(use(bought()).grant, on=ENDS, settled_before=ENDS, at=AT).grant

    with pytest.raises(IllegalTransition, match="grant is expired; give_back needs"):
        give_back(gone, "l1", at=AT)
