"""Sharing: parts add up to the whole, and who gets the odd cent is a rule."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledgerkit.domain.money import (
    ISO,
    REST,
    Allocation,
    BadShare,
    BadWeights,
    CurrencyMismatch,
    Money,
    NegativeAmount,
    Rounding,
    Weight,
    allocate,
    apportion,
    complement,
    draw,
    round_exact,
    split_overdraft,
    split_repayment,
    sum_of,
)

MINORS = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 1000) | st.fractions(0, 1000), min_size=1, max_size=8).filter(any)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def shares(total: int, weights: Sequence[Weight], rule: Allocation) -> list[int]:
    """Return the cents of each part of *total* cents."""
    return [part.minor for part in allocate(eur(total), weights, rule=rule)]


def largest(total: int, weights: Sequence[Weight]) -> list[int]:
    """Return the parts by largest remainder."""
    return shares(total, weights, Allocation.LARGEST_REMAINDER)


def first(total: int, weights: Sequence[str]) -> list[int]:
    """Return the parts with the left over units from the first share on."""
    given = [REST if weight == "rest" else Fraction(weight) for weight in weights]
    return shares(total, given, Allocation.FIRST)


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (5, [1, 1, 1], [2, 2, 1]),
        (10000, [1, 2, 3], [1667, 3333, 5000]),
        (100, [333, 333, 334], [33, 33, 34]),
        (1000, [6000, 4000], [600, 400]),
        (5, [1, 1], [3, 2]),
        (100, [Decimal("0.001"), Decimal("0.002")], [33, 67]),
        (10000, [1, 1, 1], [3334, 3333, 3333]),
        (15000, [1, 1], [7500, 7500]),
        (1000, [Fraction(1, 5), Fraction(4, 5)], [200, 800]),
        (1000, [Fraction(1, 5), REST], [200, 800]),
        (7, [0, 1, 0], [0, 7, 0]),
        (-5, [1, 1, 1], [-2, -2, -1]),
        (0, [1, 2], [0, 0]),
    ],
)
def test_allocate_by_largest_remainder(
    total: int, weights: list[Weight], expected: list[int]
) -> None:
    """0.05 over three lines is 0.02, 0.02, 0.01; 100.00 over 1:2:3 is 16.67, 33.33, 50.00."""
    assert expected == largest(total, weights)


def test_allocate_is_the_default_in_any_currency() -> None:
    """JPY 5 over three equal lines is 2, 2, 1 (spec: billing 0.4)."""
    assert tuple(Money(n, "JPY") for n in (2, 2, 1)) == allocate(Money(5, "JPY"), [1, 1, 1])


def test_allocate_in_a_unit_of_four_decimals() -> None:
    """0.0005 over two equal shares is 0.0003 and 0.0002."""
    units = ISO.with_units({"FINE": 4})
    parts = allocate(units.parse("0.0005", "FINE"), [1, 1])

    assert ["0.0003", "0.0002"] == [units.plain(part) for part in parts]


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (15, ["80/100", "8/100", "12/100"], [13, 1, 1]),
        (0, ["1/2", "1/2"], [0, 0]),
        (99, ["1/5"] * 5, [20, 20, 20, 20, 19]),
        (15, ["1/2", "1/2", "rest"], [8, 7, 0]),
        (15, ["rest", "1/2", "1/2"], [0, 8, 7]),
        (15, ["rest"], [15]),
        (15, ["1"], [15]),
        (-99, ["1/5"] * 5, [-20, -20, -20, -20, -19]),
    ],
)
def test_allocate_from_the_first_share_on(
    total: int, weights: list[str], expected: list[int]
) -> None:
    """Shares are rounded down, then the first ones get one unit each; 0 gets none."""
    assert expected == first(total, weights)


@pytest.mark.parametrize(
    ("rule", "weights", "reason"),
    [
        (Allocation.FIRST, ["3/5", "3/5"], "they sum to 6/5; 1 is needed, or REST"),
        (Allocation.FIRST, ["1/5", "3/5"], "they sum to 4/5; 1 is needed, or REST"),
        (Allocation.FIRST, [], "there are none, and one is the least"),
        (Allocation.FIRST, ["3/2", "-1/2"], "-1/2 is negative, and 0 is the least"),
        (Allocation.LARGEST_REMAINDER, [], "there are none, and one is the least"),
        (Allocation.LARGEST_REMAINDER, ["0", "0"], "all are 0, and one must be more"),
        (Allocation.LARGEST_REMAINDER, ["1", "-1/2"], "-1/2 is negative, and 0 is the least"),
    ],
)
def test_allocate_refuses_weights(rule: Allocation, weights: list[str], reason: str) -> None:
    """Weights that don't make a whole are refused with what they are."""
    with pytest.raises(BadWeights) as caught:
        allocate(eur(15), [Fraction(weight) for weight in weights], rule=rule)

    assert f"weights ({', '.join(weights)}) do not share out: {reason}" == str(caught.value)
    assert "bad_weights" == caught.value.code


@pytest.mark.parametrize("rule", Allocation)
def test_allocate_refuses_rests(rule: Allocation) -> None:
    """Only one share can take the rest, and only of at most a whole."""
    with pytest.raises(BadWeights) as twice:
        allocate(eur(15), [REST, REST], rule=rule)
    with pytest.raises(BadWeights) as beyond:
        allocate(eur(15), [2, REST], rule=rule)

    expected = "weights (rest, rest) do not share out: REST is there 2 times, and once is the most"
    assert expected == str(twice.value)
    expected = "weights (2, rest) do not share out: beside REST they sum to 2, and 1 is the most"
    assert expected == str(beyond.value)


def test_allocate_refuses_whole_weights() -> None:
    """Weights that are ints are checked like fractions."""
    with pytest.raises(BadWeights, match="they sum to 2; 1 is needed, or REST"):
        shares(15, [1, 1], Allocation.FIRST)
    with pytest.raises(BadWeights, match="all are 0"):
        largest(15, [0, 0])
    with pytest.raises(BadWeights, match="-1 is negative"):
        largest(15, [2, -1])


@pytest.mark.parametrize("weight", [0.5, True, "1/2"])
def test_allocate_refuses_a_type(weight: Any) -> None:
    """A weight is exact."""
    with pytest.raises(TypeError, match="weight must be an int, a Fraction or a Decimal"):
        allocate(eur(15), [weight, 1])


@given(MINORS, WEIGHTS)
def test_parts_sum_to_the_whole(total: int, weights: list[Weight]) -> None:
    """No cent is lost or made, each part is less than a cent off, and signs mirror."""
    parts = largest(total, weights)
    of = sum((Fraction(weight) for weight in weights if weight is not REST), Fraction(0))
    exact = [total * Fraction(weight) / of for weight in weights if weight is not REST]

    assert total == sum(parts)
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))
    assert [-part for part in parts] == largest(-total, weights)


@given(MINORS, WEIGHTS)
def test_first_parts_sum_to_the_whole(total: int, weights: list[Weight]) -> None:
    """The same with the left over units from the first share on, and with the last as REST."""
    of = sum((Fraction(weight) for weight in weights if weight is not REST), Fraction(0))
    whole = [Fraction(weight) / of for weight in weights if weight is not REST]
    parts = shares(total, whole, Allocation.FIRST)

    # A share that is whole already may get one of the units left over, as 424/954 of 34389 does.
    assert total == sum(parts)
    assert all(abs(part - total * share) <= 1 for part, share in zip(parts, whole, strict=True))
    assert [-part for part in parts] == shares(-total, whole, Allocation.FIRST)
    assert parts == shares(total, [*whole[:-1], REST], Allocation.FIRST)


@given(MINORS, WEIGHTS, st.integers(1, 1000), st.randoms(use_true_random=False))
def test_weights_are_relative(
    total: int, weights: list[Fraction], factor: int, random: Any
) -> None:
    """Scaled weights share alike, and in another order the same distances are rounded away."""
    of = sum(weights)
    shuffled = random.sample(weights, len(weights))

    def distances(order: list[Fraction]) -> list[Fraction]:
        parts = largest(total, order)
        exact = [total * Fraction(weight) / of for weight in order]
        return sorted(share - part for part, share in zip(parts, exact, strict=True))

    assert largest(total, weights) == largest(total, [weight * factor for weight in weights])
    assert distances(weights) == distances(shuffled)


@given(MINORS, st.lists(st.integers(1, 10**6), min_size=1, max_size=8, unique=True), st.data())
def test_parts_follow_their_weights(total: int, weights: list[int], data: st.DataObject) -> None:
    """Where no two remainders are equal, the order of the weights changes no part."""
    of = sum(weights)
    assume(len({abs(total) * weight % of for weight in weights}) == len(weights))
    shuffled = data.draw(st.permutations(weights))
    parts = dict(zip(weights, largest(total, weights), strict=True))

    assert [parts[weight] for weight in shuffled] == largest(total, shuffled)


@given(MINORS, st.integers(1, 50))
def test_equal_weights_get_equal_parts(total: int, count: int) -> None:
    """Equal shares differ by one cent at most, the larger ones first."""
    sizes = [abs(part) for part in largest(total, [1] * count)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1


# ---- draw and split ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("total", "sources", "parts", "shortfall"),
    [
        (100, [40, 1000], [40, 60], 0),
        (100, [-50, 1000], [0, 100], 0),
        (100, [40, 30], [40, 30], 30),
        (100, [100, 5], [100, 0], 0),
        (0, [5], [0], 0),
        (100, [], [], 100),
    ],
)
def test_draw(total: int, sources: list[int], parts: list[int], shortfall: int) -> None:
    """The first sources give first; one below zero gives nothing and never takes."""
    drawn = draw(eur(total), [eur(source) for source in sources])

    assert parts == [part.minor for part in drawn.parts]
    assert shortfall == drawn.shortfall.minor


def test_draw_refuses() -> None:
    """Nothing is drawn backwards or from another currency."""
    with pytest.raises(NegativeAmount) as caught:
        draw(eur(-1), [eur(5)])
    with pytest.raises(CurrencyMismatch):
        draw(eur(1), [Money(5, "USD")])

    assert "the amount is -0.01 EUR; zero or more is needed" == str(caught.value)


@pytest.mark.parametrize(
    ("available", "debit", "own", "credit"),
    [
        (500, 200, 200, 0),
        (100, 250, 100, 150),
        (0, 300, 0, 300),
        (750, 750, 750, 0),
        (10005, 10010, 10005, 5),
        (-20, 30, 0, 30),
    ],
)
def test_split_overdraft(available: int, debit: int, own: int, credit: int) -> None:
    """A debit is own money as far as there is some, then credit."""
    split = split_overdraft(eur(available), eur(debit))

    assert (own, credit) == (split.own.minor, split.credit.minor)


@pytest.mark.parametrize(
    ("credit", "used", "repaid", "own"),
    [(200, 500, 200, 0), (250, 100, 100, 150), (300, 0, 0, 300), (300, -5, 0, 300)],
)
def test_split_repayment(credit: int, used: int, repaid: int, own: int) -> None:
    """A credit repays what was used first, the rest is own money."""
    split = split_repayment(eur(credit), eur(used))

    assert (repaid, own) == (split.repaid.minor, split.own.minor)


@given(st.integers(0, 10**12), st.lists(MINORS.map(eur), max_size=6))
def test_draw_accounts_for_all(total: int, sources: list[Money]) -> None:
    """Parts and shortfall make the total, and a shortfall means that every source is empty."""
    drawn = draw(eur(total), sources)
    left = [max(source, eur(0)) - part for part, source in zip(drawn.parts, sources, strict=True)]

    assert eur(total) == sum_of(drawn.parts, "EUR") + drawn.shortfall
    assert min(left, default=eur(0)) >= eur(0)
    assert drawn.shortfall == eur(0) or sum_of(left, "EUR") == eur(0)


# ---- complement --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "used", "kept", "credit"),
    [
        (5, "1/2", 3, 2),
        (-5, "1/2", -3, -2),
        (24995, "2/31", 1613, 23382),
        (1000, "14/31", 452, 548),
        (3100, "15/31", 1500, 1600),
        (100, "0", 0, 100),
        (100, "1", 100, 0),
    ],
)
def test_complement(line: int, used: str, kept: int, credit: int) -> None:
    """5 cents, half used: 3 kept, 2 credited; two rounded sides would make 6 (billing 0.5)."""
    split = complement(eur(line), Fraction(used))

    assert (kept, credit) == (split.kept.minor, split.credit.minor)


@pytest.mark.parametrize("used", ["-1/31", "32/31"])
def test_complement_refuses(used: str) -> None:
    """A line can't be used less than not at all, nor more than whole."""
    with pytest.raises(BadShare) as caught:
        complement(eur(5), Fraction(used))

    assert f"the share used is {used}; a line is used from 0 to 1" == str(caught.value)


@given(MINORS, st.fractions(0, 1), st.sampled_from(Rounding))
def test_kept_and_credit_make_the_line(line: int, used: Fraction, rounding: Rounding) -> None:
    """Whatever the rounding, the line is kept or credited and never both."""
    split = complement(eur(line), used, rounding=rounding)

    assert eur(line) == split.kept + split.credit
    assert round_exact(line * used, rounding) == split.kept.minor


# ---- apportioning ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("expected", "total", "exact"),
    [
        ((2, 1), 3, ["3/2", "3/2"]),
        ((0, 1, 1), 2, ["1/3", "2/3", "1"]),
        ((0, -1), -1, ["-1/2", "-1/2"]),
        ((3, -2), 1, ["5/2", "-3/2"]),
        ((), 0, []),
    ],
)
def test_apportion_rounds_together(expected: tuple[int, ...], total: int, exact: list[str]) -> None:
    """Those that lose most are rounded up, ties by position, of either sign."""
    assert expected == apportion(total, [Fraction(value) for value in exact])


@pytest.mark.parametrize("total", [0, 2])
def test_apportion_shares_out_the_sum(total: int) -> None:
    """A total that is not the sum, rounded down or up, is no sum."""
    with pytest.raises(ValueError, match=r"1 is shared out as the whole number .* \(got"):
        apportion(total, [Fraction(1, 2), Fraction(1, 2)])


@given(st.lists(st.fractions(-1000, 1000), max_size=8), st.sampled_from([*Rounding]))
def test_apportioned_parts_sum_and_are_near(exact: list[Fraction], rounding: Rounding) -> None:
    """Parts sum to the total, and none is a whole unit from its exact figure."""
    total = round_exact(sum(exact, Fraction(0)), rounding)
    parts = apportion(total, exact)

    assert total == sum(parts)
    assert all(abs(part - value) < 1 for part, value in zip(parts, exact, strict=True))
