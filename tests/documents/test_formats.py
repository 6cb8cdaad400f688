from __future__ import annotations

import decimal
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.documents import formats
from ledgerkit.domain.money import ISO, Money, UnknownCurrency

OCTOBER = date(2026, 10, 1), date(2026, 10, 31)
UNITS = ISO.with_units({"SESSION": 0, "CREDIT": 6})

# The currencies whose decimals in CLDR differ from ISO 4217, with those of ISO.
DIFFERENT = {
    **dict.fromkeys(
        ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"), 2
    ),
    "IQD": 3,
}


@pytest.mark.parametrize(
    ("text", "minor", "currency", "locale"),
    [
        ("€1,234.50", 123450, "EUR", "en"),
        ("−€1,234.50", -123450, "EUR", "en_GB"),
        ("1.234,50 €", 123450, "EUR", "es"),
        ("−1.234,50 €", -123450, "EUR", "es"),
        ("EUR 1,234.50", 123450, "EUR", "es_MX"),
        ("€0.00", 0, "EUR", "en"),
        ("¥1,235", 1235, "JPY", "en"),
        ("1.235 JPY", 1235, "JPY", "es"),
        ("¤0.005".replace("¤", "KWD "), 5, "KWD", "en"),
        ("1 234,50 €".replace(" ", "\u202f", 1), 123450, "EUR", "fr"),
        ("₹12,34,567.00", 123456700, "INR", "en_IN"),
        ("EUR−1’234.50", -123450, "EUR", "de_CH"),
        ("SESSION 12", 12, "SESSION", "en"),
        ("0,000001 CREDIT", 1, "CREDIT", "es"),
    ],
)
def test_money(text: str, minor: int, currency: str, locale: str) -> None:
    """An amount is written as the locale writes it, with the decimals of the units."""
    written = formats.money(Money(minor, currency), locale, UNITS)

    # Which apostrophe the Swiss write changed between editions of the locale data.
    assert text.replace(" ", "\xa0") == written.replace(" ", "\xa0").replace("'", "’")


@pytest.mark.parametrize(("currency", "exponent"), DIFFERENT.items())
@pytest.mark.parametrize("locale", ["en", "es"])
def test_money_has_the_decimals_of_iso(currency: str, exponent: int, locale: str) -> None:
    """Amounts in the 13 currencies where CLDR differs keep their last decimal."""
    point = "," if locale == "es" else "."
    text = formats.money(Money(12 * 10**exponent + 5, currency), locale, ISO)

    assert f"12{point}" + "5".rjust(exponent, "0") in text


def test_money_does_not_look_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the decimal context of the caller changes an amount."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    amount = Money(10**60 + 1, "EUR")
    before = formats.money(amount, "en", ISO)

    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)):
        assert before == formats.money(amount, "en", ISO)
    assert before.endswith("000,000.01")


def test_money_of_an_unknown_currency() -> None:
    """A code without known decimals is refused, not guessed."""
    with pytest.raises(UnknownCurrency):
        formats.money(Money(1, "SESSION"), "en", ISO)


@given(
    st.integers(),
    st.sampled_from(sorted(UNITS.exponents)),
    st.sampled_from(["en", "es", "es_MX", "de", "fr", "hi", "ja", "sv", "pt_BR"]),
)
def test_money_loses_no_digit(minor: int, currency: str, locale: str) -> None:
    """The digits of what is written are the digits of the amount, sign included."""
    written = formats.money(Money(minor, currency), locale, UNITS)
    symbol = written.translate({ord(c): None for c in "0123456789"})
    digits = "".join(character for character in written if character.isdigit())

    assert abs(minor) == int(digits)
    assert (minor < 0) == ("−" in symbol)


@pytest.mark.parametrize(
    ("text", "locale", "width"),
    [
        ("31 Oct 2026", "en_GB", "medium"),
        ("Oct 31, 2026", "en", "medium"),
        ("31 oct 2026", "es", "medium"),
        ("31 de octubre de 2026", "es_MX", "long"),
        ("sábado, 31 de octubre de 2026", "es", "full"),
        ("31/10/26", "es", "short"),
    ],
)
def test_day(text: str, locale: str, width: formats.Width) -> None:
    """A day is written as the locale writes it."""
    assert text == formats.day(OCTOBER[1], locale, width)


@pytest.mark.parametrize(("text", "locale"), [("1–31 Oct 2026", "en_GB"), ("1–31 oct 2026", "es")])
def test_days(text: str, locale: str) -> None:
    """A span of days names its month once."""
    assert text == formats.days(*OCTOBER, locale).replace("\N{THIN SPACE}", "")


@pytest.mark.parametrize(("text", "locale"), [("October 2026", "en"), ("octubre de 2026", "es")])
def test_month(text: str, locale: str) -> None:
    """A month has its year."""
    assert text == formats.month(OCTOBER[0], locale)


@pytest.mark.parametrize(
    ("text", "value", "locale"),
    [
        ("12", 12, "en"),
        ("1,234.5", Decimal("1234.5"), "en"),
        ("−0,125", Decimal("-0.125"), "es"),
        ("0.0000001", Decimal("1E-7"), "en"),
    ],
)
def test_quantity(text: str, value: int | Decimal, locale: str) -> None:
    """A quantity has all its decimals and none more."""
    assert text == formats.quantity(value, locale)


@pytest.mark.parametrize(
    ("text", "rate", "locale"),
    [
        ("21%", Fraction(21, 100), "en"),
        ("21\xa0%", Decimal("0.21"), "es"),
        ("8.875%", Fraction(8875, 100_000), "en"),
        ("0%", 0, "en"),
    ],
)
def test_percent(text: str, rate: Decimal | Fraction | int, locale: str) -> None:
    """A rate is a percentage with all its decimals."""
    assert text == formats.percent(rate, locale)


def test_a_third_has_no_percentage() -> None:
    """A share without an end is refused, because a rounded rate would be a wrong one."""
    with pytest.raises(ValueError, match="rate 1/3 has no end in decimals"):
        formats.percent(Fraction(1, 3), "en")


@pytest.mark.parametrize("wrong", [1.5, True, "12", None])
def test_figures_are_exact(wrong: object) -> None:
    """A float, a bool or a text is no figure."""
    with pytest.raises(TypeError, match="quantity must be"):
        formats.quantity(wrong, "en")  # type: ignore[arg-type]  # the point
    with pytest.raises(TypeError, match="rate must be"):
        formats.percent(wrong, "en")  # type: ignore[arg-type]  # the point


@pytest.mark.parametrize(
    ("tried", "locale"),
    [
        (("es_MX", "es", "en"), "es_MX"),
        (("es_MX", "es", "en"), "ES-mx"),
        (("zh_Hant_TW", "zh_Hant", "zh", "en"), "zh-hant-tw"),
        (("es_419", "es", "en"), "es_419"),
        (("en_GB", "en"), "en_GB"),
        (("en",), "en"),
    ],
)
def test_fallbacks(tried: tuple[str, ...], locale: str) -> None:
    """A locale falls back to its language, and that to English."""
    assert tried == formats.fallbacks(locale)


@pytest.mark.parametrize(
    "locale", ["", "../../etc", "e", "spanish", "es/MX", "es_MX.UTF-8", "C", None]
)
def test_a_locale_has_a_shape(locale: str) -> None:
    """What could be a path is no locale."""
    with pytest.raises(ValueError, match="locale must look like"):
        formats.fallbacks(locale)


def test_unknown_locales_fall_back() -> None:
    """A territory that nobody knows has the formats of its language, a language English ones."""
    euros = Money(123450, "EUR")

    assert formats.money(euros, "es", ISO) == formats.money(euros, "es_XX", ISO)
    assert formats.money(euros, "en", ISO) == formats.money(euros, "xx_XX", ISO)
