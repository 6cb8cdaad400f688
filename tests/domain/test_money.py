"""Money: whole minor units, one rounding per line, no currency mixed with another."""

from __future__ import annotations

import operator
import pickle
import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledgerkit.domain.money import (
    ISO,
    BadAmount,
    CurrencyMismatch,
    Money,
    Rate,
    Rounding,
    Units,
    UnknownCurrency,
    exact,
    is_code,
    round_exact,
    sum_of,
)

MINORS = st.integers(-(10**30), 10**30)
EUROS = st.builds(Money, MINORS, st.just("EUR"))
AMOUNTS = st.builds(Money, MINORS, st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
ASCII = st.characters(codec="ascii")
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge]


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


# ---- amounts -----------------------------------------------------------------------------------
def test_arithmetic() -> None:
    """Amounts of one currency add, subtract, change sign and multiply by an int."""
    assert eur(1000) == eur(1250) + eur(-250)
    assert eur(1500) == eur(1250) - eur(-250)
    assert eur(-1250) == -eur(1250)
    assert eur(1250) == abs(eur(-1250))
    assert eur(3750) == eur(1250) * 3 == 3 * eur(1250)
    assert eur(0) == Money.zero("EUR")


def test_comparison() -> None:
    """Amounts of one currency are in the order of their minor units."""
    assert [True, True, False, False] == [compare(eur(1), eur(2)) for compare in COMPARISONS]
    assert [False, True, False, True] == [compare(eur(2), eur(2)) for compare in COMPARISONS]
    assert eur(3) != Money(3, "USD")


@pytest.mark.parametrize("combine", [operator.add, operator.sub, *COMPARISONS])
def test_currencies_do_not_mix(combine: Callable[[Any, Any], object]) -> None:
    """Two currencies neither combine nor compare."""
    with pytest.raises(CurrencyMismatch) as caught:
        combine(eur(1250), Money(-3, "JPY"))

    expected = "12.50 EUR does not combine with -3 JPY; convert one of them first"
    assert expected == str(caught.value)


@pytest.mark.parametrize("combine", [operator.add, operator.sub, *COMPARISONS])
@pytest.mark.parametrize("other", [0, 1.5, Decimal(1), None])
def test_money_combines_with_money_only(
    combine: Callable[[Any, Any], object], other: object
) -> None:
    """A bare number has no currency, not even 0."""
    with pytest.raises(TypeError):
        combine(eur(1250), other)


@pytest.mark.parametrize("times", [1.5, True, Decimal(2), eur(1)])
def test_money_multiplies_by_an_int_only(times: Any) -> None:
    """A fractional factor needs a rate, which names its rounding."""
    with pytest.raises(TypeError, match="money multiplies by an int"):
        eur(1250) * times


def test_money_is_neither_true_nor_false() -> None:
    """`if amount` does not say whether it asks for zero or for None."""
    with pytest.raises(TypeError, match=r"got 0\.00 EUR\); compare its \.minor with 0"):
        bool(eur(0))


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (Money(5001, "USD"), "50.01 USD"),
        (Money(-2000, "USD"), "-20.00 USD"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(0, "EUR"), "0.00 EUR"),
        (Money(500, "JPY"), "500 JPY"),
        (Money(1234, "BHD"), "1.234 BHD"),
        (Money(1_234_567_89, "USD"), "1234567.89 USD"),
        (Money(10, "SESSION"), "10 minor SESSION"),
        (Money(-1, "BTC"), "-1 minor BTC"),
    ],
)
def test_an_amount_says_itself_as_people_write_it(amount: Money, said: str) -> None:
    """With the decimals of ISO 4217; those of a host's unit are not known to an amount."""
    assert said == str(amount)
    assert f"Money(minor={amount.minor}, currency={amount.currency!r})" == repr(amount)


@given(AMOUNTS)
def test_what_an_amount_says_is_read_back(amount: Money) -> None:
    """No table of units gives an ISO code other decimals, so the sentence holds for every host."""
    text, currency = str(amount).split(" ")

    assert amount == ISO.with_units({"SESSION": 0}).parse(text, currency)
    with pytest.raises(ValueError, match="decimals in ISO 4217"):
        Units({currency: 5})


@pytest.mark.parametrize("minor", [True, 1.0, Decimal(1), "1", None])
def test_minor_is_an_int(minor: Any) -> None:
    """Amounts of another type are refused, bool included (spec: ledger 1)."""
    with pytest.raises(TypeError) as caught:
        Money(minor, "EUR")

    assert f"minor must be an int, whole minor units (got {minor!r})" == str(caught.value)


@pytest.mark.parametrize("currency", ["", "EU", "eur", "EUR ", "EUR\n", "1ST", "A" * 17, "ÉUR"])
def test_currency_is_a_code(currency: str) -> None:
    """A code is three to sixteen of A-Z, 0-9 and _, a letter first (spec: ledger 1)."""
    with pytest.raises(ValueError, match="currency must be 3 to 16 of"):
        Money(1, currency)


@pytest.mark.parametrize("currency", [None, 3, ["EUR"]])
def test_currency_is_text(currency: Any) -> None:
    """Another type is refused by name, hashable or not."""
    with pytest.raises(TypeError, match="currency must be a str"):
        Money(1, currency)


@pytest.mark.parametrize("currency", ["EUR", "SESSION", "X_1", "A" * 16])
def test_is_code(currency: str) -> None:
    """Codes of the host's own units are codes too."""
    assert is_code(currency)


def test_money_has_any_size() -> None:
    """No amount is too large; a store checks what it can hold."""
    assert Money(10**40 + 1, "EUR") == Money(10**40, "EUR") + eur(1)


def test_money_is_a_value() -> None:
    """Equal amounts are one key of a dict, can't be changed, and survive a pickle."""
    assert {eur(5): "x"} == {eur(5): "x", Money(5, "EUR"): "x"}
    assert eur(5) == pickle.loads(pickle.dumps(eur(5)))
    assert not hasattr(eur(5), "__dict__")
    with pytest.raises(AttributeError):
        eur(5).minor = 6  # type: ignore[misc]


def test_sum_of() -> None:
    """Nothing sums to zero of the currency that was asked for."""
    assert eur(1000) == sum_of([eur(667), eur(333)], "EUR")
    assert Money(0, "JPY") == sum_of([], "JPY")
    with pytest.raises(CurrencyMismatch, match=r"6\.67 EUR does not combine with 1 JPY"):
        sum_of([eur(667), Money(1, "JPY")], "EUR")


@given(EUROS, EUROS)
def test_subtraction_undoes_addition(left: Money, right: Money) -> None:
    """Adding an amount and taking it away again changes nothing."""
    assert left == left + right - right == right - (right - left)


@given(st.lists(EUROS))
def test_sum_ignores_order(amounts: list[Money]) -> None:
    """A sum does not depend on the order of what is summed."""
    assert sum_of(amounts, "EUR") == sum_of(sorted(amounts), "EUR")


# ---- rounding and rates ------------------------------------------------------------------------
ROUNDED = [
    # value, HALF_UP, HALF_EVEN, DOWN, UP, FLOOR, CEILING
    ("5/2", 3, 2, 2, 3, 2, 3),
    ("7/2", 4, 4, 3, 4, 3, 4),
    ("-5/2", -3, -2, -2, -3, -3, -2),
    ("-7/2", -4, -4, -3, -4, -4, -3),
    ("7/3", 2, 2, 2, 3, 2, 3),
    ("8/3", 3, 3, 2, 3, 2, 3),
    ("-7/3", -2, -2, -2, -3, -3, -2),
    ("-8/3", -3, -3, -2, -3, -3, -2),
    ("1/2", 1, 0, 0, 1, 0, 1),
    ("-1/2", -1, 0, 0, -1, -1, 0),
    ("4", 4, 4, 4, 4, 4, 4),
    ("-4", -4, -4, -4, -4, -4, -4),
    ("0", 0, 0, 0, 0, 0, 0),
]


@pytest.mark.parametrize("row", ROUNDED, ids=lambda row: str(row[0]))
def test_round_exact(row: tuple[Any, ...]) -> None:
    """Each rounding has its answer on either side of zero, halves included."""
    value, *expected = row

    assert expected == [round_exact(Fraction(value), rounding) for rounding in Rounding]


@given(st.fractions(), st.sampled_from(Rounding))
def test_rounding_moves_less_than_one(value: Fraction, rounding: Rounding) -> None:
    """A rounded figure is less than one away, and a whole one is itself."""
    rounded = round_exact(value, rounding)

    assert abs(rounded - value) < 1
    assert rounded == round_exact(rounded, rounding)


@given(st.integers(-(10**9), 10**9))
def test_halves_round_like_decimals(count: int) -> None:
    """On tenths, rounding agrees with the standard library's decimals."""
    tenths = Decimal(count).scaleb(-1)

    assert tenths.quantize(Decimal(1), ROUND_HALF_UP) == round_exact(tenths, Rounding.HALF_UP)
    assert tenths.quantize(Decimal(1), ROUND_HALF_EVEN) == round_exact(tenths, Rounding.HALF_EVEN)


@given(st.fractions())
def test_roundings_mirror(value: Fraction) -> None:
    """Around zero, all roundings but floor and ceiling mirror; those two mirror each other."""
    for rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.DOWN, Rounding.UP):
        assert -round_exact(value, rounding) == round_exact(-value, rounding)
    assert -round_exact(value, Rounding.FLOOR) == round_exact(-value, Rounding.CEILING)


@pytest.mark.parametrize("value", [1.5, True, "1", None])
def test_exact_refuses_what_is_not(value: Any) -> None:
    """A float is not the number that was written."""
    with pytest.raises(TypeError) as caught:
        exact(value, "quantity")

    expected = f"quantity must be an int, a Fraction or a Decimal (got {value!r})"
    assert expected == str(caught.value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_exact_refuses_what_is_not_finite(value: str) -> None:
    """Nothing costs infinity."""
    with pytest.raises(ValueError, match=f"value must be finite .got {value}."):
        exact(Decimal(value))


@pytest.mark.parametrize(
    ("per", "currency", "expected"),
    [("1062.5", "USD", 4734), ("10.625", "JPY", 47), ("10625", "KWD", 47341)],
)
def test_rate_rounds_the_line_once(per: str, currency: str, expected: int) -> None:
    """4.4556 units at 10.625 are 47.34 in USD, 47 in JPY, 47.341 in KWD (spec: billing 0.1)."""
    rate = Rate(Fraction(per), currency)

    assert Money(expected, currency) == rate.times(Decimal("4.4556"))


def test_rate_keeps_the_exact_value() -> None:
    """9 of 365 days of 2399.95 are 59.176..., rounded only when asked: 59.18."""
    rate = Rate.of(eur(239995))

    assert Fraction(431991, 73) == rate.exact(Fraction(9, 365))
    assert eur(5918) == rate.times(Fraction(9, 365))
    assert eur(5917) == rate.times(Fraction(9, 365), Rounding.DOWN)
    assert eur(479990) == rate.times(2)


def test_rate_refuses_its_fields() -> None:
    """A rate is exact and has a currency."""
    with pytest.raises(TypeError, match=r"per must be a Fraction of minor units \(got 12\)"):
        Rate(12, "EUR")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"currency must be .* \(got 'eur'\)"):
        Rate(Fraction(12), "eur")
    with pytest.raises(ValueError, match=r"currency must be .* \(got None\)"):
        Rate(Fraction(12), None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="quantity must be"):
        Rate(Fraction(12), "EUR").times(0.5)  # type: ignore[arg-type]


# ---- units -------------------------------------------------------------------------------------
UNITS = ISO.with_units({"SESSION": 0, "CREDIT": 6})


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("-0.05", "USD", -5),
        ("-3", "JPY", -3),
        ("1.234", "KWD", 1234),
        ("1", "SESSION", 1),
        ("0.000001", "CREDIT", 1),
        ("-0", "EUR", 0),
        ("0012.50", "EUR", 1250),
    ],
)
def test_parse(text: str, currency: str, minor: int) -> None:
    """Digits, maybe a minus and as many decimals as the currency has."""
    assert Money(minor, currency) == UNITS.parse(text, currency)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", ".5", "5.", "1.234", "12.500", "1,50", "1,234.50", "1 000", "1_000", "+1"),
        *(" 1", "1\n", "1e3", "1E+3", "0x10", "NaN", "inf", "--1", "1.2.3", "\u22121", "12 EUR"),
        *("\u0661\u0662", "\uff11\uff12", "\u00b2", "9" * 4001),
    ],
)
def test_parse_refuses(text: str) -> None:
    """Anything that has to be guessed is refused: separators, exponents, other digits."""
    with pytest.raises(BadAmount) as caught:
        UNITS.parse(text, "EUR")

    needed = "it needs digits with at most 2 decimals after a point, such as -12.55"
    assert f"{text!r} is no amount of EUR; {needed}" == str(caught.value)


def test_parse_refuses_decimals_of_a_whole_unit() -> None:
    """There is no half a yen, and no half a session."""
    with pytest.raises(BadAmount, match=r"at most 0 decimals after a point, such as -12$"):
        UNITS.parse("0.5", "JPY")
    with pytest.raises(BadAmount, match=r"'1\.0' is no amount of SESSION"):
        UNITS.parse("1.0", "SESSION")


def test_parse_takes_text() -> None:
    """A float is refused before it is misread."""
    with pytest.raises(TypeError, match=r"text must be a str \(got 12\.5\)"):
        UNITS.parse(12.5, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1250, "EUR", "12.50"),
        (-5, "EUR", "-0.05"),
        (0, "EUR", "0.00"),
        (-3, "JPY", "-3"),
        (1234, "KWD", "1.234"),
        (123456789, "EUR", "1234567.89"),
    ],
)
def test_plain(minor: int, currency: str, text: str) -> None:
    """Written out, an amount has a point and all its decimals, and no locale."""
    assert text == UNITS.plain(Money(minor, currency))
    assert Decimal(text) == UNITS.decimal(Money(minor, currency))


@pytest.mark.parametrize("value", [Decimal("12.5"), Decimal("12.500"), Fraction(25, 2)])
def test_money_of_an_exact_value(value: Decimal | Fraction) -> None:
    """Major units become minor ones where they are whole."""
    assert eur(1250) == ISO.money(value, "EUR")
    assert eur(1200) == ISO.money(12, "EUR")


def test_money_refuses_a_finer_value() -> None:
    """A fraction of a cent is not rounded silently."""
    with pytest.raises(BadAmount, match=r"'12\.345' is no amount of EUR"):
        ISO.money(Decimal("12.345"), "EUR")
    with pytest.raises(TypeError, match=r"value must be an int, .* \(got 12\.5\)"):
        ISO.money(12.5, "EUR")  # type: ignore[arg-type]


def test_unknown_currency() -> None:
    """A code that is not in the table has no decimals to guess; gold has none in ISO either."""
    with pytest.raises(UnknownCurrency) as caught:
        ISO.exponent("XAU")

    assert "'XAU' is not in the table of units; ISO.with_units() adds it" == str(caught.value)
    with pytest.raises(UnknownCurrency):
        ISO.parse("1", "SESSION")


def test_with_units() -> None:
    """A host's units join the table, which stays what it was."""
    assert (0, 6, 2) == tuple(UNITS.exponent(code) for code in ("SESSION", "CREDIT", "EUR"))
    assert "SESSION" not in ISO.exponents
    assert UNITS == UNITS.with_units({"EUR": 2, "SESSION": 0})
    with pytest.raises(ValueError, match=r"SESSION has 0 decimals already \(got 1\)"):
        UNITS.with_units({"SESSION": 1})
    with pytest.raises(ValueError, match=r"EUR has 2 decimals already \(got 3\)"):
        ISO.with_units({"EUR": 3})


@pytest.mark.parametrize(
    ("code", "exponent", "message"),
    [
        ("EUR", 3, r"EUR has 2 decimals in ISO 4217 \(got 3\)"),
        ("session", 0, r"a unit's code must be .* \(got 'session'\)"),
        (7, 0, r"a unit's code must be .* \(got 7\)"),
        ("CREDIT", 10, r"the decimals of CREDIT must be 0 to 9 \(got 10\)"),
        ("CREDIT", -1, r"the decimals of CREDIT must be 0 to 9 \(got -1\)"),
    ],
)
def test_units_refuse(code: Any, exponent: int, message: str) -> None:
    """A table can't contradict ISO 4217, nor hold what no amount can name."""
    with pytest.raises(ValueError, match=message):
        Units({code: exponent})


def test_units_refuse_a_type() -> None:
    """The number of decimals is an int."""
    with pytest.raises(TypeError, match=r"the decimals of CREDIT must be an int \(got True\)"):
        Units({"CREDIT": True})


def test_units_are_a_value() -> None:
    """Tables with the same codes are equal and hash alike, whatever their order; they pickle."""
    one, two = Units({"AAA": 1, "BBB": 2}), Units({"BBB": 2, "AAA": 1})

    assert {one} == {two, pickle.loads(pickle.dumps(one))}
    with pytest.raises(TypeError):
        one.exponents["CCC"] = 3  # type: ignore[index]


def test_units_copy_their_table() -> None:
    """Who keeps the dict that a table was made from can't change the table."""
    mine = {"AAA": 1}
    units = Units(mine)
    mine["AAA"] = 2

    assert 1 == units.exponent("AAA")


@given(AMOUNTS)
def test_parse_reads_plain(money: Money) -> None:
    """What is written out is read back, as text and as a decimal."""
    assert money == ISO.parse(ISO.plain(money), money.currency)
    assert money == ISO.money(ISO.decimal(money), money.currency)


@given(st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,3})?", fullmatch=True, alphabet=ASCII))
def test_parse_agrees_with_decimals(text: str) -> None:
    """A plain decimal is the amount that it says."""
    assert Decimal(text) == ISO.decimal(ISO.parse(text, "KWD"))


@given(st.from_regex(r"[-+]?[0-9]{0,3}[.,_ ]{0,2}[0-9]{0,5}[eE]?[0-9]?") | st.text())
def test_parse_never_guesses(text: str) -> None:
    """Whatever is not a plain decimal is refused by name."""
    assume(not re.fullmatch(r"-?[0-9]+(\.[0-9]{1,3})?", text, re.ASCII))

    with pytest.raises(BadAmount):
        ISO.parse(text, "KWD")
