"""Converting: what the fields of records are as JSON, and back, strictly.

Nothing is guessed: 1.9 is not 1, "12" is not 12, and a field that is not known is refused.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import attrs
from cattrs import Converter
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_unstructure_fn, override

from ledgerkit.domain.gateways import ORDERS, Order
from ledgerkit.domain.ledger import Journal
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    FixedDaysCycle,
    instant,
)
from ledgerkit.domain.pricing import MODELS, Model
from ledgerkit.domain.rentals import POLICIES, RentalPolicy

T = TypeVar("T")

Hook = Callable[[Any, Any], Any]

_RATIO = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")


def _exactly(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        msg = f"expected {kind.__name__}, got {value!r}"
        raise TypeError(msg)
    return value


def _text_of(value: object, _: Any) -> str:
    text = _exactly(str, value)
    if not text.isascii():
        text.encode()  # half of a surrogate pair cannot be stored
    return text


def _whole(value: object, _: Any) -> int:
    if type(value) is not str or str(int(value)) != value:
        msg = f"expected a whole number as text, got {value!r}"
        raise TypeError(msg)
    return int(value)


def _moment(value: object, _: Any) -> datetime:
    moment = instant(datetime.fromisoformat(_exactly(str, value)))
    if moment.isoformat() != value:
        msg = f"expected an instant in UTC like 2026-10-01T12:00:00+00:00, got {value!r}"
        raise ValueError(msg)
    return moment


def _day(value: object, _: Any) -> date:
    day = date.fromisoformat(_exactly(str, value))
    if day.isoformat() != value:
        msg = f"expected a date like 2026-10-01, got {value!r}"
        raise ValueError(msg)
    return day


def _ratio(value: object, _: Any) -> Fraction:
    text = _exactly(str, value)
    # The pattern first: Fraction("1e999999999") would count for ever.
    if not _RATIO.fullmatch(text) or str(Fraction(text)) != text:
        msg = f"expected a ratio in lowest terms like 21/100, got {value!r}"
        raise ValueError(msg)
    return Fraction(text)


def _only(kind: type, hook: Hook) -> Hook:
    """Return *hook* for values of exactly *kind*; else text would pass for a list of letters."""
    return lambda value, of: hook(_exactly(kind, value), of)


def _set_hook(of: Any, converter: Converter) -> Hook:
    listed = homogenous_tuple_structure_factory(tuple[of.__args__[0], ...], converter)

    def structure(value: object, _: Any) -> frozenset[Any]:
        items: tuple[Any, ...] = listed(_exactly(list, value), of)
        if len(set(items)) < len(items):
            msg = f"expected each item once, got {value!r}"
            raise ValueError(msg)
        return frozenset(items)

    return structure


# A cycle is stored with its kind, which tells how to read the rest.
_CYCLES: Mapping[str, type[Cycle]] = MappingProxyType(
    {each.kind: each for each in (AnniversaryCycle, CalendarCycle, FixedDaysCycle)}
)


def _cycle_hook(_: Any, converter: Converter) -> Hook:
    def structure(value: object, _: Any) -> Cycle:
        fields = dict(_exactly(dict, value))
        kind = _CYCLES.get(_exactly(str, fields.pop("kind", None)))
        if kind is None:
            msg = f"expected a cycle of the kind {' or '.join(_CYCLES)}, got {value!r}"
            raise ValueError(msg)
        return converter.structure(fields, kind)

    return structure


def _cycle_data_hook(_: Any, converter: Converter) -> Callable[[Any], Any]:
    return lambda cycle: {"kind": cycle.kind, **converter.unstructure(cycle)}


def _is_cycle(of: Any) -> bool:
    return of is Cycle


def _is_tuple(of: Any) -> bool:
    return getattr(of, "__origin__", None) is tuple


def _is_frozenset(of: Any) -> bool:
    return getattr(of, "__origin__", None) is frozenset


def _tuple_hook(of: Any, converter: Converter) -> Hook:
    if of.__args__[-1] is Ellipsis:
        return _only(list, homogenous_tuple_structure_factory(of, converter))
    return _only(list, converter.gen_structure_hetero_tuple(of))


def _kind_hook(converter: Converter, what: str, kinds: Mapping[object, type[Any]]) -> Hook:
    """Return the hook of *what*, a union: the field `kind` says which one the others are of."""

    def structure(value: object, _: Any) -> Any:
        fields = dict(_exactly(dict, value))
        kind = fields.pop("kind", None)
        if type(kind) is not str or kind not in kinds:
            msg = f"expected a kind of {what} among {', '.join(map(str, kinds))}, got {kind!r}"
            raise ValueError(msg)
        return converter.structure(fields, kinds[kind])

    return structure


def _kind_data(converter: Converter) -> Callable[[Any], Any]:
    return lambda each: {"kind": each.kind, **converter.unstructure(each)}


# Unions are stored with the kind of the one that it is.
_UNIONS: tuple[tuple[Any, str, Mapping[object, type[Any]]], ...] = (
    (Model, "model", MappingProxyType({each.kind: each for each in MODELS})),
    (Order, "order", MappingProxyType({each.kind: each for each in ORDERS})),
    (RentalPolicy, "rental policy", MappingProxyType({each.kind: each for each in POLICIES})),
)


def _record_hook(of: Any, converter: Converter) -> Hook:
    return _only(dict, converter.gen_structure_attrs_fromdict(of))


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, prefer_attrib_converters=False)
    hooks: tuple[tuple[type, Hook], ...] = (
        (str, _text_of),
        (bool, lambda value, _: _exactly(bool, value)),
        (int, _whole),
        (datetime, _moment),
        (date, _day),
        (Fraction, _ratio),
    )
    for kind, hook in hooks:
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_factory(attrs.has, _record_hook)
    for union, what, kinds in _UNIONS:
        # By the annotation alone: one of the kinds is read as any record is.
        is_union = partial(operator.eq, union)
        converter.register_structure_hook_func(is_union, _kind_hook(converter, what, kinds))
        converter.register_unstructure_hook_func(is_union, _kind_data(converter))
    converter.register_structure_hook_factory(_is_tuple, _tuple_hook)
    converter.register_structure_hook_factory(_is_frozenset, _set_hook)
    converter.register_structure_hook_factory(_is_cycle, _cycle_hook)
    converter.register_unstructure_hook(int, str)
    converter.register_unstructure_hook(Fraction, str)
    converter.register_unstructure_hook(bool, lambda value: value)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook_func(_is_frozenset, sorted)
    # So that what a journal without a hold is written as stays the same, byte for byte.
    unheld = make_dict_unstructure_fn(Journal, converter, captures=override(omit_if_default=True))
    converter.register_unstructure_hook(Journal, unheld)
    converter.register_unstructure_hook_factory(_is_cycle, _cycle_data_hook)
    return converter


CONVERTER = _converter()
