"""Envelope: a record as text, with the name and version of its schema around it."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, TypeVar, cast

import attrs
from cattrs import transform_error
from cattrs.errors import BaseValidationError
from cattrs.v import format_exception

from ledgerkit.domain.changes import Record
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Journal, Wallet
from ledgerkit.schema.converting import CONVERTER
from ledgerkit.schema.kinds import UPCASTS, described

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_SCHEMA = re.compile(r"([a-z_]+)/([1-9][0-9]{0,5})")


@attrs.frozen
class BadDocument(LedgerkitError):
    """A stored document that cannot be read."""

    kind: str
    problems: tuple[str, ...]
    code: ClassVar[str] = "bad_document"

    def __str__(self) -> str:
        return f"this is no {self.kind} document: {'; '.join(self.problems)}"


def _text(name: str, version: int, data: object) -> str:
    envelope = {"schema": f"{name}/{version}", "data": data}
    text = json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadDocument(name, (f"it cannot be stored: {error.reason}",)) from error
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        msg = f"a field stands there twice, among {', '.join(sorted(fields))}"
        raise ValueError(msg)
    return fields


def _constant(name: str) -> None:
    msg = f"{name} is no number"
    raise ValueError(msg)


def _parsed(name: str, version: int, text: str) -> dict[str, Any]:
    try:
        envelope = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise BadDocument(name, (f"it is no JSON of ours: {error}",)) from error
    if type(envelope) is not dict or envelope.keys() != {"schema", "data"}:
        raise BadDocument(name, ("it needs the fields schema and data, and no others",))
    stored = _SCHEMA.fullmatch(envelope["schema"]) if type(envelope["schema"]) is str else None
    if stored is None or stored[1] != name or int(stored[2]) > version:
        raise BadDocument(name, (f"it is {envelope['schema']!r}, read is {name}/{version}",))
    data = envelope["data"]
    if type(data) is not dict:
        raise BadDocument(name, (f"expected the fields of a record, got {data!r}",))
    for step in range(int(stored[2]), version):
        data = UPCASTS[name, step](data)
    return cast("dict[str, Any]", data)


def _structured(name: str, data: object, kind: type[T]) -> T:
    try:
        return CONVERTER.structure(data, kind)
    except BaseValidationError as error:
        raise BadDocument(name, tuple(transform_error(error, format_exception=_problem))) from error


def _problem(error: BaseException, expected: type | None) -> str:
    """Return what is wrong with one value; our own errors are sentences already."""
    if isinstance(error, TypeError | ValueError | LedgerkitError):
        return str(error)
    return format_exception(error, expected)


def dump(record: Record) -> str:
    """Return *record* as the JSON text of its envelope; raises `UnknownKind`."""
    kind = described(type(record))
    return _text(kind.name, kind.version, CONVERTER.unstructure(record))


def load(kind: type[R], text: str) -> R:
    """Return the record of *kind* in *text*; `load(type(r), dump(r)) == r` for every record.

    Raises:
        BadDocument: *text* is of another kind, a newer version, or does not fit.
        UnknownKind: *kind* has no schema.
    """
    stored = described(kind)
    data = _parsed(stored.name, stored.version, text)
    return _structured(stored.name, data, kind)


def dump_value(name: str, value: Journal | Wallet) -> str:
    """Return a journal or wallet as the JSON text of its envelope."""
    return _text(name, 1, CONVERTER.unstructure(value))


def load_value(name: str, text: str, kind: type[T]) -> T:
    """Return the journal or wallet in *text*, written by `dump_value` under *name*."""
    return _structured(name, _parsed(name, 1, text), kind)
