"""Taxes: every number of the specification, and that lines add up to what the document says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import BadAddress
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.tax import (
    DOCUMENT,
    EXEMPT,
    LINE,
    NET,
    RATE,
    REVERSE_CHARGE,
    TAX,
    Levy,
    NoTaxRate,
    Tax,
    TaxAmount,
    TaxRate,
    TaxRounding,
    assess,
    summed,
)

TWENTY = Levy("vat", Fraction(1, 5))


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def levy(percent: str, code: str = "vat", **fields: Any) -> Levy:
    """Return a levy of so many percent."""
    return Levy(code, Fraction(percent) * Fraction(1, 100), **fields)


def taxes(
    amounts: Sequence[int], *levies: Levy, level: str = LINE, of: str = TAX, currency: str = "EUR"
) -> list[list[int]]:
    """Return the taxes of each of *amounts*, all taxed with *levies*."""
    lines = [(Money(minor, currency), levies) for minor in amounts]
    found = assess(lines, rounding=TaxRounding(level, of))
    return [[tax.amount.minor for tax in line] for line in found.lines]


# ---- the numbers -----------------------------------------------------------------------------
SUBSCRIPTION = (68_33, 68_33, 57_50, 85_00)


@pytest.mark.parametrize(
    ("tax", "total", "level"),
    [(55_84, 335_00, LINE), (55_83, 334_99, RATE), (55_83, 334_99, DOCUMENT)],
)
def test_rounding_moves_a_cent(tax: int, total: int, level: str) -> None:
    """68.33, 68.33, 57.50, 85.00 at 20 %: 335.00 by line, 334.99 by document (spec: billing 7)."""
    found = sum(each for (each,) in taxes(SUBSCRIPTION, TWENTY, level=level))

    assert (tax, total) == (found, sum(SUBSCRIPTION) + found)


def test_what_is_rounded_together_is_shown_on_lines() -> None:
    """13.666, 13.666, 11.50 and 17.00 are 55.83: the first of the two gets the cent."""
    assert [[13_67], [13_66], [11_50], [17_00]] == taxes(SUBSCRIPTION, TWENTY, level=RATE)


def test_three_taxes_on_a_line() -> None:
    """99.99 at 8.875, 2.125 and 0.5 %: 8.87 + 2.12 + 0.50 = 11.49 (spec: billing 7)."""
    rates = [levy("8.875", "state"), levy("2.125", "city"), levy("0.5", "transit")]

    assert [[8_87, 2_12, 50]] == taxes([99_99], *rates)


def test_a_currency_without_decimals() -> None:
    """JPY 999 at 10.5 % is 105 (spec: billing 7)."""
    assert [[105]] == taxes([999], levy("10.5"), currency="JPY")


def test_taxes_after_discount() -> None:
    """95.00 @10 %, 47.50 @0 %, 28.50 and 19.00 @20 % make 209.00 (spec: billing 7)."""
    lines = [
        (eur(95_00), [levy("10")]),
        (eur(47_50), [levy("0")]),
        (eur(28_50), [levy("20")]),
        (eur(19_00), [levy("20")]),
    ]
    found = assess(lines)

    assert [9_50, 0, 5_70, 3_80] == [tax.amount.minor for (tax,) in found.lines]
    assert [
        TaxAmount("vat", Fraction(1, 10), eur(95_00), eur(9_50)),
        TaxAmount("vat", Fraction(0), eur(47_50), eur(0)),
        TaxAmount("vat", Fraction(1, 5), eur(47_50), eur(9_50)),
    ] == list(found.taxes)


@pytest.mark.parametrize(("tax", "of"), [(12, TAX), (11, NET)])
def test_a_price_with_tax_in_it(tax: int, of: str) -> None:
    """2.99 with 4 %: 0.12 + 2.87, and 0.11 + 2.88 if the net is rounded (spec: billing 7)."""
    (line,) = assess([(eur(2_99), [levy("4", inclusive=True)])], rounding=TaxRounding(of=of)).lines

    assert [(eur(tax), eur(2_99 - tax))] == [(each.amount, each.base) for each in line]


def test_rounding_the_net_moves_halves_only() -> None:
    """What is no half is rounded alike; credits mirror charges."""
    four = levy("4", inclusive=True)

    assert [[12], [-12]] == taxes([3_00, -3_00], four, of=NET) == taxes([3_00, -3_00], four)
    assert [[11], [-11]] == taxes([2_99, -2_99], four, of=NET)
    assert [[12], [-12]] == taxes([2_99, -2_99], four, of=TAX)


def test_included_and_added_together() -> None:
    """121.00 with 21 % in it has a net of 100.00; 5 % on top of that is 5.00."""
    (line,) = assess([(eur(121_00), [levy("5", "extra"), levy("21", inclusive=True)])]).lines

    assert [(eur(100_00), eur(5_00)), (eur(100_00), eur(21_00))] == [
        (each.base, each.amount) for each in line
    ]


def test_several_taxes_in_a_price() -> None:
    """115.00 with 10 % and 5 % in it: both are of the 100.00 that is left."""
    both = levy("10", "a", inclusive=True), levy("5", "b", inclusive=True)

    assert [[10_00, 5_00]] == taxes([115_00], *both)


def test_document_rounding_shares_out_by_rate_first() -> None:
    """0.004 of each of ten lines and 0.006 of ten others: 0.04 and 0.06, as the rates say."""
    low, high = levy("4"), levy("6")
    lines = [(eur(10), [low if n % 2 else high]) for n in range(20)]
    found = assess(lines, rounding=TaxRounding(DOCUMENT))

    assert {low: eur(4), high: eur(6)} == {tax.levy: tax.amount for tax in found.taxes}


def test_a_tax_is_owed_to_its_code() -> None:
    """All rates of a tax are owed on one wallet."""
    assert "liability:tax:vat" == TWENTY.of(eur(100), eur(20)).wallet


# ---- rates in time ---------------------------------------------------------------------------
def vat(**fields: Any) -> Tax:
    """Return a tax of 19 % that was 16 % in the second half of 2020."""
    rates = (
        TaxRate(Fraction(19, 100), date(2007, 1, 1)),
        TaxRate(Fraction(16, 100), date(2020, 7, 1)),
        TaxRate(Fraction(19, 100), date(2021, 1, 1)),
    )
    given: dict[str, Any] = {"id": "de-vat", "code": "de-vat", "rates": rates} | fields
    return Tax(**given)


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2020, 6, 30), Fraction(19, 100)),
        (date(2020, 7, 1), Fraction(16, 100)),
        (date(2020, 12, 31), Fraction(16, 100)),
        (date(2021, 1, 1), Fraction(19, 100)),
    ],
)
def test_the_tax_point_chooses_the_rate(day: date, rate: Fraction) -> None:
    """A rate holds from its first day until a later one begins."""
    assert Levy("de-vat", rate) == vat().on(day)


def test_a_day_without_a_rate() -> None:
    """Before its first rate a tax is unknown, never zero."""
    with pytest.raises(NoTaxRate, match="tax 'de-vat' has no rate on 2006-12-31; add the one"):
        vat().on(date(2006, 12, 31))


@pytest.mark.parametrize("treatment", [EXEMPT, REVERSE_CHARGE])
def test_nothing_is_charged_with_its_reason(treatment: str) -> None:
    """Exempt and reverse charge come to 0.00 on the net, and say why."""
    tax = Tax(id="x", code="vat", treatment=treatment, reason="Art. 196 Directive 2006/112/EC")
    (line,) = assess([(eur(100_00), [tax.on(date(2026, 1, 1))])]).lines

    assert [(eur(100_00), eur(0), treatment, "Art. 196 Directive 2006/112/EC")] == [
        (each.base, each.amount, each.treatment, each.reason) for each in line
    ]


# ---- what cannot be --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"id": ""}, ValueError),
        ({"code": "no spaces"}, BadAddress),
        ({"rates": ()}, ValueError),
        ({"rates": [TaxRate(Fraction(1, 5), date(2026, 1, 1))]}, TypeError),
        ({"rates": (Fraction(1, 5),)}, TypeError),
        ({"rates": (TaxRate(Fraction(1, 5), date(2026, 1, 1)),) * 2}, ValueError),
        ({"treatment": "zero"}, ValueError),
        ({"treatment": EXEMPT, "reason": "Art. 20"}, ValueError),
        ({"treatment": EXEMPT, "rates": ()}, ValueError),
        ({"reason": 7}, TypeError),
        ({"inclusive": 1}, TypeError),
    ],
)
def test_tax_is_valid_from_birth(fields: dict[str, Any], error: type[Exception]) -> None:
    """A tax that cannot be is refused where it is made."""
    with pytest.raises(error):
        vat(**fields)


@pytest.mark.parametrize(
    ("rate", "day", "error"),
    [
        (0.21, date(2026, 1, 1), TypeError),
        (21, date(2026, 1, 1), TypeError),
        (Fraction(21), date(2026, 1, 1), ValueError),
        (Fraction(-1, 5), date(2026, 1, 1), ValueError),
        (Fraction(1, 5), datetime(2026, 1, 1), TypeError),  # noqa: DTZ001 - it is refused
    ],
)
def test_rate_is_a_ratio(rate: Any, day: Any, error: type[Exception]) -> None:
    """21 % is 21/100; a percentage by itself is refused rather than charged."""
    with pytest.raises(error):
        TaxRate(rate, day)


def test_levy_is_exact() -> None:
    """A levy has a Fraction for a rate."""
    inexact: Any = 0.2
    with pytest.raises(TypeError, match="must be a Fraction"):
        Levy("vat", inexact)


def test_levy_charges() -> None:
    """A rate below zero would pay the customer."""
    with pytest.raises(ValueError, match="must be 0 or more"):
        Levy("vat", Fraction(-1, 5))


@pytest.mark.parametrize(("level", "of"), [("lines", TAX), (LINE, "gross")])
def test_rounding_has_names(level: str, of: str) -> None:
    """Nobody rounds by a rule that is not there."""
    with pytest.raises(ValueError, match="per line, rate or document"):
        TaxRounding(level, of)


@pytest.mark.parametrize("lines", [[], [(eur(1), [TWENTY, TWENTY])]])
def test_assess_needs_lines_and_each_tax_once(lines: list[tuple[Money, list[Levy]]]) -> None:
    """Nobody is taxed twice with one tax."""
    with pytest.raises(ValueError, match="taxes need lines, and each line each tax once"):
        assess(lines)


def test_one_document_has_one_currency() -> None:
    """Amounts of two currencies do not sum."""
    with pytest.raises(CurrencyMismatch):
        assess([(eur(1), []), (Money(1, "GBP"), [])])


# ---- laws ------------------------------------------------------------------------------------
LEVIES = st.lists(
    st.builds(
        Levy,
        st.sampled_from(["a", "b"]),
        st.sampled_from([Fraction(0), Fraction(1, 5), Fraction(71, 800), Fraction(1, 3)]),
        inclusive=st.booleans(),
    ),
    max_size=3,
    unique=True,
)
TAXED = st.lists(st.tuples(st.integers(-10_000, 100_000).map(eur), LEVIES), min_size=1, max_size=8)
ROUNDINGS = st.builds(
    TaxRounding, st.sampled_from([LINE, RATE, DOCUMENT]), st.sampled_from([TAX, NET])
)


@given(TAXED, ROUNDINGS)
def test_lines_add_up_to_the_document(
    lines: list[tuple[Money, list[Levy]]], rounding: TaxRounding
) -> None:
    """Lines say what the sums say, and net and included taxes make the amount again."""
    found = assess(lines, rounding=rounding)

    assert found.taxes == summed(tax for line in found.lines for tax in line)
    for (amount, levies), line in zip(lines, found.lines, strict=True):
        included = sum(tax.amount.minor for tax in line if tax.inclusive)
        assert [tax.levy for tax in line] == levies
        assert {amount.minor - included} >= {tax.base.minor for tax in line}


@given(TAXED, ROUNDINGS)
def test_a_line_is_a_cent_from_exact_at_most(
    lines: list[tuple[Money, list[Levy]]], rounding: TaxRounding
) -> None:
    """Whatever is rounded together, added taxes of a line are its exact ones, up or down."""
    for line in assess(lines, rounding=rounding).lines:
        for tax in line:
            if not tax.inclusive:
                assert abs(tax.amount.minor - tax.base.minor * tax.rate) <= 1


@given(TAXED, st.sampled_from([TAX, NET]))
def test_a_mirrored_document_has_mirrored_taxes(
    lines: list[tuple[Money, list[Levy]]], of: str
) -> None:
    """Charges and credits of the same amounts have the same taxes, by line."""
    there = assess(lines, rounding=TaxRounding(of=of)).lines
    back = assess([(-amount, levies) for amount, levies in lines], rounding=TaxRounding(of=of))

    assert [[-tax.amount for tax in line] for line in there] == [
        [tax.amount for tax in line] for line in back.lines
    ]


@given(TAXED, ROUNDINGS)
def test_sums_are_those_of_each_levy(
    lines: list[tuple[Money, list[Levy]]], rounding: TaxRounding
) -> None:
    """There is one sum for each levy, in the order of the lines, of all bases and amounts."""
    every = [tax for line in assess(lines, rounding=rounding).lines for tax in line]
    of = {levy: [tax for tax in every if tax.levy == levy] for levy in [t.levy for t in every]}

    assert summed(every) == tuple(
        levy.of(
            eur(sum(tax.base.minor for tax in alike)), eur(sum(tax.amount.minor for tax in alike))
        )
        for levy, alike in of.items()
    )


def test_sums_are_in_one_currency() -> None:
    """Euros and dollars of one tax are not added up."""
    with pytest.raises(CurrencyMismatch):
        summed([levy("20").of(eur(1), eur(1)), levy("20").of(Money(1, "USD"), Money(1, "USD"))])
