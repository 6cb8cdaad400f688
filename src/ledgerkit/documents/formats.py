"""Formats: amounts, days and quantities as text in the reader's language.

Every function takes the locale and returns the same text on every machine. Decimals always come
from `Units`: the display digits of CLDR differ from ISO 4217 in 13 currencies (spec: billing 0),
and an invoice of RSD 12.50 must not say 12.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Literal, TypeAlias

from babel import Locale, UnknownLocaleError, dates, numbers

from ledgerkit.domain.money import Money, Rate, Rounding, Units, round_exact

Width: TypeAlias = Literal["short", "medium", "long", "full"]

_LOCALE = re.compile("[A-Za-z]{2,3}(?:[_-](?:[A-Za-z]{4}|[A-Za-z]{2}|[0-9]{3}))*")
_NO_BREAK_SPACE = "\xa0"
_MINUS = "\u2212"
_MOST_DECIMALS = 6  # of a quantity without end
_MOST_DIGITS = 4  # of a price, below the minor unit


def fallbacks(locale: str) -> tuple[str, ...]:
    """Return the locales to try for *locale*, best first, always ending in English.

    Raises ValueError when *locale* is not shaped like one, so that it is safe in a file name.

    >>> fallbacks("es-mx")
    ('es_MX', 'es', 'en')
    """
    if not isinstance(locale, str) or not _LOCALE.fullmatch(locale):
        msg = f"locale must look like 'es' or 'es_MX' (got {locale!r})"
        raise ValueError(msg)
    language, *rest = re.split("[_-]", locale)
    # ISO 15924 scripts have four letters and are Capitalised, territories are UPPER CASE.
    parts = [language.lower(), *(p.title() if len(p) > len("419") else p.upper() for p in rest)]
    tried = ["_".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return (*tried, *(["en"] if "en" not in tried else []))


@lru_cache(maxsize=256)
def _cldr(locale: str) -> Locale:
    for name in fallbacks(locale):
        try:
            return Locale.parse(name)
        except UnknownLocaleError:
            continue
    return Locale("en")


def right_to_left(locale: str) -> bool:
    """Return whether *locale* is written from right to left.

    >>> right_to_left("ar"), right_to_left("es")
    (True, False)
    """
    return _cldr(locale).text_direction == "rtl"


@lru_cache(maxsize=1024)
def _pattern(locale: Locale, exponent: int, *, spaced: bool) -> str:
    """Return the locale's currency pattern with exactly *exponent* decimals."""
    pattern: str = locale.currency_formats["standard"].pattern
    digits = "0." + "0" * exponent if exponent else "0"
    pattern = re.sub(r"0(?:\.[0#]+)?(?![0#,.])", digits, pattern)
    return re.sub("¤(?=[#0])", "¤" + _NO_BREAK_SPACE, pattern) if spaced else pattern


@contextmanager
def _exact() -> Generator[None, None, None]:
    """Shield from the caller's decimal context: a precision of 28 digits refuses large amounts."""
    with localcontext(Context(prec=5_000)):
        yield


def _typeset(figure: str) -> str:
    """Return *figure* with a real minus: as wide as a digit, and screen readers say it."""
    return figure.replace("-", _MINUS)


def money(amount: Money, locale: str, units: Units) -> str:
    r"""Return *amount* with the currency's symbol and as many decimals as *units* say.

    Raises `UnknownCurrency` when *units* do not know the currency.

    >>> from ledgerkit.domain.money import ISO, Money
    >>> money(Money(123450, "EUR"), "es", ISO)
    '1.234,50\xa0€'
    >>> money(Money(-1250, "RSD"), "en", ISO)
    '−RSD\xa012.50'
    """
    cldr = _cldr(locale)
    symbol = numbers.get_currency_symbol(amount.currency, locale=cldr)
    # CLDR's rule: a symbol that ends in a letter does not touch the digits ("RSD 12", "€12").
    spaced = symbol[-1:].isalpha()
    pattern = _pattern(cldr, units.exponent(amount.currency), spaced=spaced)
    with _exact():
        text = numbers.format_currency(
            units.decimal(amount), amount.currency, pattern, locale=cldr, currency_digits=False
        )
    return _typeset(text)


def price(rate: Rate, locale: str, units: Units) -> str:
    r"""Return the price of one, with the decimals of its currency and as many more as it needs.

    One that decimals cannot write is rounded and says so. Raises `UnknownCurrency`.

    >>> from ledgerkit.domain.money import ISO
    >>> price(Rate(Fraction(31, 20), "EUR"), "es", ISO)
    '0,0155\xa0€'
    >>> price(Rate(Fraction(1, 3), "USD"), "en", ISO)
    '≈\xa0$0.003333'
    """
    cldr = _cldr(locale)
    exponent = units.exponent(rate.currency)
    digits, whole = _whole(rate.per, most=_MOST_DIGITS)
    symbol = numbers.get_currency_symbol(rate.currency, locale=cldr)
    pattern = _pattern(cldr, exponent + digits, spaced=symbol[-1:].isalpha())
    with _exact():
        text = numbers.format_currency(
            Decimal(f"{whole}E-{exponent + digits}"),
            rate.currency,
            pattern,
            locale=cldr,
            currency_digits=False,
        )
    return _marked(text, exact=Fraction(whole, 10**digits) == rate.per)


def ratio(value: Fraction, locale: str) -> str:
    r"""Return *value* with all its decimals; one that they cannot write is rounded and says so.

    >>> ratio(Fraction(9, 5), "es"), ratio(Fraction(1, 3), "en")
    ('1,8', '≈\xa00.333333')
    """
    digits, whole = _whole(value, most=_MOST_DECIMALS)
    text = quantity(Decimal(f"{whole}E-{digits}"), locale)
    return _marked(text, exact=Fraction(whole, 10**digits) == value)


def _whole(value: Fraction, *, most: int) -> tuple[int, int]:
    """Return how many decimals *value* needs and the whole number they make; rounded at *most*."""
    for digits in range(most):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            return digits, scaled.numerator
    return most, round_exact(value * 10**most, Rounding.HALF_UP)


def _marked(text: str, *, exact: bool) -> str:
    return _typeset(text) if exact else f"≈{_NO_BREAK_SPACE}{_typeset(text)}"


def day(on: date, locale: str, width: Width = "medium") -> str:
    """Return a calendar day.

    >>> day(date(2026, 10, 31), "es", "long")
    '31 de octubre de 2026'
    """
    return dates.format_date(on, width, _cldr(locale))


def days(first: date, last: date, locale: str) -> str:
    """Return the days from *first* to *last*, both of them included.

    >>> days(date(2026, 10, 1), date(2026, 10, 31), "es")
    '1–31 oct 2026'
    """
    return dates.format_interval(first, last, "yMMMd", locale=_cldr(locale))


def month(on: date, locale: str) -> str:
    """Return the month that *on* lies in, with its year.

    >>> month(date(2026, 10, 1), "es")
    'octubre de 2026'
    """
    return dates.format_skeleton("yMMMM", on, locale=_cldr(locale))


def quantity(value: int | Decimal, locale: str) -> str:
    """Return *value* with all its decimals and none more.

    >>> quantity(Decimal("1234.5"), "es")
    '1.234,5'
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        msg = f"quantity must be an int or a Decimal (got {value!r})"
        raise TypeError(msg)
    with _exact():
        text = numbers.format_decimal(value, locale=_cldr(locale), decimal_quantization=False)
    return _typeset(text)


def percent(rate: int | Decimal | Fraction, locale: str) -> str:
    r"""Return *rate*, a share of one, as a percentage with all its decimals.

    Raises ValueError for a share such as 1/3 that decimals cannot write.

    >>> percent(Fraction(21, 100), "es")
    '21\xa0%'
    """
    if isinstance(rate, bool) or not isinstance(rate, int | Decimal | Fraction):
        msg = f"rate must be an int, a Decimal or a Fraction (got {rate!r})"
        raise TypeError(msg)
    exact = Fraction(rate)
    with _exact():
        share = Decimal(exact.numerator) / exact.denominator
        if Fraction(share) != exact:
            msg = f"rate {exact} has no end in decimals; round it first"
            raise ValueError(msg)
        text = numbers.format_percent(share, locale=_cldr(locale), decimal_quantization=False)
    return _typeset(text)
