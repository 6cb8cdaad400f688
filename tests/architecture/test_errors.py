"""Errors: each has a code of its own, survives a pickle and has a row in the reference."""

from __future__ import annotations

import enum
import importlib
import pickle
import pkgutil
import re
import types
import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import attrs
import pytest

import ledgerkit
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.periods import Period

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"
# Cannot be imported by themselves: run by alembic, or by `python -m`.
APART = re.compile(r"\.migrations\b|\.__main__$")
PLAIN: dict[object, object] = {
    str: "EUR",
    int: 1,
    bool: True,
    object: "x",
    type: int,
    typing.Any: "x",
    date: date(2026, 10, 1),
    datetime: datetime(2026, 10, 1, 12, tzinfo=UTC),
    Decimal: Decimal("1.5"),
    Fraction: Fraction(1, 3),
    Period: Period.month(2026, 10),
    LedgerkitError: CurrencyMismatch(Money(1, "EUR"), Money(1, "USD")),
}
NAMED = {"character": "\u202e", "side": "charge"}  # fields that take less than their type


def import_everything() -> None:
    """Import every module of ledgerkit, so that every error class exists."""
    for module in pkgutil.walk_packages(ledgerkit.__path__, "ledgerkit."):
        if not APART.search(module.name):
            importlib.import_module(module.name)


def subclasses(of: type[LedgerkitError]) -> Iterator[type[LedgerkitError]]:
    """Return every class below *of*, each once."""
    seen: dict[type[LedgerkitError], None] = {}
    for child in of.__subclasses__():
        seen |= {child: None} | dict.fromkeys(subclasses(child))
    return iter(seen)


import_everything()
# attrs with slots builds a class twice; the first one is dropped by the collector, not at once.
CLASSES = sorted(
    {
        getattr(importlib.import_module(each.__module__), each.__qualname__)
        for each in subclasses(LedgerkitError)
        if each.__module__.startswith("ledgerkit.")
    },
    key=lambda each: (each.__module__, each.__name__),
)
FAMILIES = {each for each in CLASSES if each.__subclasses__()}
ERRORS = [each for each in CLASSES if each not in FAMILIES]


def named(error: type[LedgerkitError]) -> str:
    """Return the id of a test on *error*."""
    return f"{error.__module__.removeprefix('ledgerkit.')}.{error.__name__}"


def sample(of: object) -> object:
    """Return some value of the type *of*; raises `TypeError` for one that it does not know."""
    if of in PLAIN:
        return PLAIN[of]
    if isinstance(of, typing.NewType):
        return sample(of.__supertype__)
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return next(iter(of))
    if isinstance(of, type) and attrs.has(of):
        return built(of)
    return composed(of, typing.get_origin(of), typing.get_args(of))


def composed(of: object, origin: typing.Any, arguments: tuple[object, ...]) -> object:
    """Return some value of the generic type *of*."""
    if origin in {typing.Union, types.UnionType}:
        return sample(next(each for each in arguments if each is not type(None)))
    if origin is typing.Literal:
        return arguments[0]
    if origin is tuple:
        return tuple(sample(each) for each in arguments if each is not ...)
    if origin is frozenset:
        return frozenset({sample(arguments[0])})
    if origin is type:
        return arguments[0] if isinstance(arguments[0], type) else int
    msg = f"no sample of {of!r}; teach PLAIN or composed() about it"
    raise TypeError(msg)


def built(of: type) -> object:
    """Return an instance of the attrs class *of*, every field a sample of its type."""
    hints = typing.get_type_hints(of)
    fields = [field for field in attrs.fields(of) if field.init]
    values = {field.name: NAMED.get(field.name) or sample(hints[field.name]) for field in fields}
    by_place = [values[field.name] for field in fields if not field.kw_only]
    by_name = {field.alias: values[field.name] for field in fields if field.kw_only}
    instance: object = of(*by_place, **by_name)
    return instance


def facts(error: object) -> object:
    """Return the fields of *error*; exceptions compare by identity, their facts do not."""
    if not isinstance(error, LedgerkitError):
        return error
    fields = attrs.fields(typing.cast("type[attrs.AttrsInstance]", type(error)))
    return [facts(getattr(error, field.name)) for field in fields]


def missing_rows(page: str, codes: list[str]) -> list[str]:
    """Return the *codes* that have no table row in *page*, which starts with the code.

    >>> missing_rows("| `no_price` | ... |", ["no_price", "stale"])
    ['stale']
    """
    rows = set(re.findall(r"^\|\s*`([^`]+)`\s*\|", page, re.MULTILINE))
    return [code for code in codes if code not in rows]


def test_errors_are_found() -> None:
    """The walk over the package finds errors, so that the tests below say something."""
    assert "CurrencyMismatch" in {each.__name__ for each in ERRORS}


@pytest.mark.parametrize("error", CLASSES, ids=named)
def test_error_has_its_own_code(error: type[LedgerkitError]) -> None:
    """Every error that can be raised has a code of its own; a family may do without."""
    code = vars(error).get("code", "family" if error in FAMILIES else None)

    assert isinstance(code, str)
    assert re.fullmatch("[a-z][a-z0-9_]*", code)


def test_codes_are_unique() -> None:
    """No code means two things."""
    codes = [vars(each)["code"] for each in CLASSES if "code" in vars(each)]

    assert [] == sorted({code for code in codes if codes.count(code) > 1})


@pytest.mark.parametrize("error", ERRORS, ids=named)
def test_error_survives_a_pickle(error: type[LedgerkitError]) -> None:
    """An error crosses processes with its facts and its sentence."""
    raised = built(error)
    assert isinstance(raised, LedgerkitError)
    back = pickle.loads(pickle.dumps(raised))

    assert error is type(back)
    assert facts(raised) == facts(back)
    assert str(raised) == str(back) != ""


@pytest.mark.skipif(not PAGE.exists(), reason="docs/reference/errors.md is not written yet")
def test_error_has_a_row_in_the_reference() -> None:
    """Every code can be looked up in docs/reference/errors.md."""
    codes = sorted(vars(each)["code"] for each in ERRORS)

    assert [] == missing_rows(PAGE.read_text("utf-8"), codes)


def test_missing_rows() -> None:
    """A row starts with the code; mentioning it elsewhere is no row."""
    page = "| Code | Meaning |\n| --- | --- |\n| `stale` | moved on; see `no_price` |\n"

    assert ["no_price"] == missing_rows(page, ["no_price", "stale"])
