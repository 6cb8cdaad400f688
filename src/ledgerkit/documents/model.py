"""Document: what a page says, with every number already computed and already text.

A builder turns records into a `Document` in the reader's language; a renderer draws it. Between
the two nothing is added up, rounded, translated or looked up, so that every renderer says the
same (spec: billing 12).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import ClassVar, Literal, TypeAlias, TypeVar

import attrs
from attrs.validators import in_, instance_of, matches_re, optional

from ledgerkit.domain.errors import LedgerkitError

INVOICE = "invoice"
CREDIT_NOTE = "credit_note"
PAYOUT_STATEMENT = "payout_statement"
ACCOUNT_STATEMENT = "account_statement"
INVOICE_LIST = "invoice_list"
KINDS = (INVOICE, CREDIT_NOTE, PAYOUT_STATEMENT, ACCOUNT_STATEMENT, INVOICE_LIST)

MAX_NAME = 200  # characters of a name, label or figure (spec: reliability F5)
MAX_TEXT = 4_000  # characters of one text (spec: reliability F5, notes)
MAX_FOOTER = 12  # lines at the foot of each page, which leave room for the rest
MAX_ROWS = 10_000  # rows of one table (spec: reliability F5, lines)
MAX_LOGO = 1_048_576  # bytes

Align: TypeAlias = Literal["start", "center", "end"]
Emphasis: TypeAlias = Literal["normal", "strong", "muted", "heading"]
LogoFormat: TypeAlias = Literal["png", "svg"]
T = TypeVar("T")

# Nobody can see these in a name, but they reorder, cut or break what is printed around them
# (spec: reliability F2): controls except tab and newline, surrogates, bidirectional overrides.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


@attrs.frozen
class BadText(LedgerkitError):
    """A text holds a character that must not be printed."""

    code: ClassVar[str] = "bad_text"

    field: str
    character: str
    position: int

    def __str__(self) -> str:
        return (
            f"{self.field} has U+{ord(self.character):04X} at position {self.position}; "
            "it needs text without control characters, surrogates and direction overrides, "
            "and a name without line breaks"
        )


@attrs.frozen
class TooLarge(LedgerkitError):
    """A part of a document is larger than a document may hold."""

    code: ClassVar[str] = "document_too_large"

    field: str
    size: int
    limit: int

    def __str__(self) -> str:
        return f"{self.field} has {self.size}; a document holds at most {self.limit}"


def _check_text(field: str, value: object) -> None:
    if type(value) is not str:
        msg = f"{field} must be text (got {value!r})"
        raise TypeError(msg)
    if len(value) > MAX_TEXT:
        raise TooLarge(f"{field} (characters)", len(value), MAX_TEXT)
    if found := _UNPRINTABLE.search(value):
        raise BadText(field, found.group(), found.start())


def _check_name(field: str, value: str) -> None:
    """A name is a text of one line, short enough to stand in a head."""
    _check_text(field, value)
    if len(value) > MAX_NAME:
        raise TooLarge(f"{field} (characters)", len(value), MAX_NAME)
    if "\n" in value:
        raise BadText(field, "\n", value.index("\n"))


def _text(_: object, field: attrs.Attribute[str], value: object) -> None:
    _check_text(field.name, value)


def _name(_: object, field: attrs.Attribute[str], value: str) -> None:
    _check_name(field.name, value)


def _texts(_: object, field: attrs.Attribute[tuple[str, ...]], value: object) -> None:
    if not isinstance(value, tuple):
        msg = f"{field.name} must be a tuple of texts (got {value!r})"
        raise TypeError(msg)
    for index, text in enumerate(value):
        _check_text(f"{field.name}[{index}]", text)


def _tuple_of(
    of: type[T],
) -> Callable[[object, attrs.Attribute[tuple[T, ...]], tuple[T, ...]], None]:
    """Return a validator of tuples of *of*."""

    def check(_: object, field: attrs.Attribute[tuple[T, ...]], value: tuple[T, ...]) -> None:
        if not isinstance(value, tuple):
            msg = f"{field.name} must be a tuple of {of.__name__} (got {value!r})"
            raise TypeError(msg)
        for index, item in enumerate(value):
            if not isinstance(item, of):
                msg = f"{field.name}[{index}] must be a {of.__name__} (got {item!r})"
                raise TypeError(msg)

    return check


@attrs.frozen
class Block:
    """A party as printed: a small *label* ("Bill to"), its *name* and the lines below it."""

    label: str = attrs.field(validator=_name)
    name: str = attrs.field(validator=_name)
    lines: tuple[str, ...] = attrs.field(default=(), validator=_texts)


@attrs.frozen
class Column:
    """One column of the main table.

    *align* is "start" for words and "end" for figures, in the direction of the language. The
    *wide* column takes the space that the others leave; without any, those at "start" share it.
    """

    label: str = attrs.field(validator=_name)
    align: Align = attrs.field(default="start", validator=in_(("start", "center", "end")))
    wide: bool = attrs.field(default=False, validator=instance_of(bool))


@attrs.frozen
class Row:
    r"""One row of the main table: a cell per column, or one cell in all for a "heading".

    The first line of a cell is its text; further lines are printed small below it.

    >>> Row(("10 Oct", "Chess, 60 min\nPackage P-7, 3 of 10", "0.00"), "muted").emphasis
    'muted'
    """

    cells: tuple[str, ...] = attrs.field(validator=_texts)
    emphasis: Emphasis = attrs.field(
        default="normal", validator=in_(("normal", "strong", "muted", "heading"))
    )

    def __attrs_post_init__(self) -> None:
        if self.emphasis == "heading":
            for index, cell in enumerate(self.cells):
                _check_name(f"cells[{index}] of a heading", cell)


@attrs.frozen
class Total:
    """One line below the table; the *strong* one is what the reader looks for."""

    label: str = attrs.field(validator=_name)
    value: str = attrs.field(validator=_name)
    strong: bool = attrs.field(default=False, validator=instance_of(bool))


@attrs.frozen
class TaxLine:
    """One rate of one tax: its name, the rate, the base it applies to and the tax on it."""

    code: str = attrs.field(validator=_name)
    rate: str = attrs.field(validator=_name)
    base: str = attrs.field(validator=_name)
    amount: str = attrs.field(validator=_name, kw_only=True)


def _page_caption(_: object, field: attrs.Attribute[str], value: str) -> None:
    for name in ("{page}", "{pages}"):
        if name not in value:
            msg = f"{field.name} must contain {name} (got {value!r})"
            raise ValueError(msg)


@attrs.frozen
class Captions:
    """Words a renderer prints by itself: the page count and the heads of the tax table."""

    page: str = attrs.field(validator=[_name, _page_caption])
    tax: str = attrs.field(validator=_name)
    rate: str = attrs.field(validator=_name)
    base: str = attrs.field(validator=_name, kw_only=True)
    amount: str = attrs.field(validator=_name, kw_only=True)


def _facts(_: object, field: attrs.Attribute[tuple[tuple[str, str], ...]], value: object) -> None:
    if not isinstance(value, tuple):
        msg = f"{field.name} must be a tuple of (label, value) pairs (got {value!r})"
        raise TypeError(msg)
    for index, fact in enumerate(value):
        if not isinstance(fact, tuple) or len(fact) != len(("label", "value")):
            msg = f"{field.name}[{index}] must be a (label, value) pair (got {fact!r})"
            raise TypeError(msg)
        for part in fact:
            _check_text(f"{field.name}[{index}]", part)


def _civil_date(_: object, field: attrs.Attribute[date], value: object) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        msg = f"{field.name} must be a date without a time (got {value!r})"
        raise TypeError(msg)


def logo_format(logo: bytes) -> LogoFormat:
    """Return "png" or "svg" by looking at the first bytes; anything else is a ValueError.

    >>> logo_format(b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    'svg'
    """
    if logo.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    start = logo[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"<svg", b"<?xml", b"<!--")) and b"<svg" in logo:
        return "svg"
    msg = f"logo must be a PNG or an SVG picture (it starts with {logo[:12]!r})"
    raise ValueError(msg)


def _logo(_: object, field: attrs.Attribute[bytes | None], value: bytes | None) -> None:
    if value is None:
        return
    if len(value) > MAX_LOGO:
        raise TooLarge(f"{field.name} (bytes)", len(value), MAX_LOGO)
    logo_format(value)


@attrs.frozen
class Document:
    """One document, ready to be drawn; *kind* picks the template, *locale* the direction.

    *kind* is one of `KINDS` or a host's own word, for which it brings a template. *issued_on* is
    the date the file carries; what the reader should see of it stands in *facts*. Raises
    `BadText`, `TooLarge` (spec: reliability F2, F5), and ValueError or TypeError for other
    shapes: a row needs a cell per column, a "heading" row exactly one.
    """

    kind: str = attrs.field(validator=matches_re("[a-z][a-z0-9_]{0,39}"))
    locale: str = attrs.field(
        validator=matches_re("[A-Za-z]{2,3}(?:[_-](?:[A-Za-z]{4}|[A-Za-z]{2}|[0-9]{3}))*")
    )
    title: str = attrs.field(validator=_name)
    number: str = attrs.field(validator=_name, kw_only=True)
    issued_on: date = attrs.field(validator=_civil_date, kw_only=True)
    issuer: Block = attrs.field(validator=instance_of(Block), kw_only=True)
    recipient: Block = attrs.field(validator=instance_of(Block), kw_only=True)
    captions: Captions = attrs.field(validator=instance_of(Captions), kw_only=True)
    facts: tuple[tuple[str, str], ...] = attrs.field(default=(), validator=_facts, kw_only=True)
    columns: tuple[Column, ...] = attrs.field(validator=_tuple_of(Column), kw_only=True)
    rows: tuple[Row, ...] = attrs.field(default=(), validator=_tuple_of(Row), kw_only=True)
    totals: tuple[Total, ...] = attrs.field(default=(), validator=_tuple_of(Total), kw_only=True)
    taxes: tuple[TaxLine, ...] = attrs.field(default=(), validator=_tuple_of(TaxLine), kw_only=True)
    notes: tuple[str, ...] = attrs.field(default=(), validator=_texts, kw_only=True)
    footer: str = attrs.field(default="", validator=_text, kw_only=True)
    logo: bytes | None = attrs.field(
        default=None, validator=[optional(instance_of(bytes)), _logo], kw_only=True, repr=False
    )

    def __attrs_post_init__(self) -> None:
        lines = self.footer.count("\n") + 1
        if lines > MAX_FOOTER:
            raise TooLarge("footer (lines)", lines, MAX_FOOTER)
        if len(self.rows) > MAX_ROWS:
            raise TooLarge("rows", len(self.rows), MAX_ROWS)
        for index, row in enumerate(self.rows):
            needed = 1 if row.emphasis == "heading" else len(self.columns)
            if len(row.cells) != needed:
                msg = f"rows[{index}] has {len(row.cells)} cells; it needs {needed}"
                raise ValueError(msg)
