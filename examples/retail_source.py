"""The documents of an online shop, as `online_retail.py` finds them in the Online Retail data set.

A row is an article on a document; a document is all rows of one number. Values stay exact, in
fractions of a penny, until a row is rounded to whole pence, once.
"""

from __future__ import annotations

import csv
import lzma
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import attrs

from ledgerkit.domain.money import Money, Rate, sum_of

CURRENCY = "GBP"
ZONE = "Europe/London"  # the source has local times without a zone
CASH = "cash"  # the customer of whoever left no name, one in each country

# What a document can become, and the two sorts that do not come into the books.
INVOICE, CREDIT_NOTE, WRITE_OFF = "invoice", "credit note", "write-off"
ZERO_VALUE, LEFT_OUT = "zero value", "left out"
BOOKED = (INVOICE, CREDIT_NOTE, WRITE_OFF)


@attrs.frozen(kw_only=True, slots=False)
class Row:
    """One row of the source: *quantity* of an article at *price* a piece, in exact pence."""

    document: str
    article: str
    description: str
    quantity: int
    price: Rate
    time: str
    customer: str
    country: str

    @cached_property
    def value(self) -> Fraction:
        """Quantity x price in pence, exact."""
        return self.price.exact(self.quantity)

    @cached_property
    def amount(self) -> Money:
        """The value in whole pence, rounded half up."""
        return self.price.times(self.quantity)

    @property
    def rounding(self) -> Fraction:
        """What rounding added, in pence."""
        return self.amount.minor - self.value


@attrs.frozen(slots=False)
class Document:
    """All rows of one number, one at least, in the order of the source."""

    number: str
    rows: tuple[Row, ...]

    @property
    def at(self) -> datetime:
        """The instant at which it was written."""
        return datetime.fromisoformat(self.rows[0].time).replace(tzinfo=ZoneInfo(ZONE))

    @property
    def on(self) -> date:
        """The local day on which it was written."""
        return date.fromisoformat(self.rows[0].time[:10])

    @property
    def country(self) -> str:
        """The customer's country, as the source calls it."""
        return self.rows[0].country

    @property
    def customer(self) -> str:
        """The customer's id here: a few buy from two countries and have an account in each."""
        return f"{self.rows[0].customer or CASH}@{self.country.lower().replace(' ', '-')}"

    @cached_property
    def value(self) -> Fraction:
        """The sum of quantity x price in pence, exact."""
        return sum((row.value for row in self.rows), Fraction(0))

    @cached_property
    def total(self) -> Money:
        """What the customer owes for it, or gets back (minus): the sum of the rounded rows."""
        return sum_of((row.amount for row in self.rows), CURRENCY)

    @cached_property
    def sort(self) -> str:
        """What it becomes. Apart from bad debts (`A...`) its sign decides, not its name."""
        if all(row.value == 0 for row in self.rows):
            return ZERO_VALUE
        if self.number.startswith("A"):
            return WRITE_OFF if self.total.minor else LEFT_OUT
        if self.total.minor >= 0:
            return INVOICE
        # A credit note gives back and charges nothing; what does both is for people to take apart.
        return LEFT_OUT if any(row.amount.minor > 0 for row in self.rows) else CREDIT_NOTE

    @property
    def misnamed(self) -> bool:
        """Whether it gives money back without being called `C...`, or the other way round."""
        return self.number.startswith("C") != (self.sort == CREDIT_NOTE)


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of the CSV file at *path*, unpacked on the way if it ends in `.xz`."""
    with _opened(path) as file:
        for row in csv.DictReader(file):
            yield Row(
                document=row["InvoiceNo"],
                article=row["StockCode"],
                description=row["Description"].strip(),
                quantity=int(row["Quantity"]),
                price=_price(row["UnitPrice"]),
                time=row["InvoiceDate"],
                customer=row["CustomerID"].removesuffix(".0"),
                country=row["Country"],
            )


def _opened(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


@lru_cache(maxsize=4096)
def _price(pounds: str) -> Rate:
    return Rate(Fraction(pounds) * 100, CURRENCY)


def documents(rows: Iterable[Row]) -> Iterator[Document]:
    """Yield the documents of *rows*, which are in the order of time, holding one day at a time.

    The rows of a document need not follow each other: two may be written in the same minute.
    """
    for _, day in groupby(rows, key=lambda row: row.time[:10]):
        found: dict[str, list[Row]] = {}
        for row in day:
            found.setdefault(row.document, []).append(row)
        yield from (Document(number, tuple(rows)) for number, rows in found.items())


@attrs.frozen
class RoundedRow:
    """A row whose value is no whole number of pence, and its place on its document, from 1."""

    place: int
    row: Row


@attrs.define
class Tally:
    """What was found in the source, and how much of it the books did not have yet.

    Attributes:
        rows: How many rows.
        value: The sum of quantity x price over all of them, in pence, exact.
        sorts: How many documents became what.
        new: How many documents were stored now.
        rounded: The rows that had to be rounded.
        zero_value: The documents without a price: movements of stock and gifts.
        left_out: The documents that are for people to take apart, and not in the books.
        written_off: The numbers of the write-offs.
        misnamed: The numbers of the documents whose sign is not that of their name.
    """

    rows: int = 0
    value: Fraction = Fraction(0)
    sorts: Counter[str] = attrs.field(factory=Counter)
    new: int = 0
    rounded: list[RoundedRow] = attrs.field(factory=list)
    zero_value: list[Document] = attrs.field(factory=list)
    left_out: list[Document] = attrs.field(factory=list)
    written_off: list[str] = attrs.field(factory=list)
    misnamed: list[str] = attrs.field(factory=list)

    @property
    def booked(self) -> int:
        """How many documents come into the books."""
        return sum(self.sorts[sort] for sort in BOOKED)

    def add(self, document: Document) -> None:
        """Count *document*."""
        self.rows += len(document.rows)
        self.value += document.value
        self.sorts[document.sort] += 1
        if document.sort == ZERO_VALUE:
            self.zero_value.append(document)
            return
        if document.sort == LEFT_OUT:
            self.left_out.append(document)
            return
        if document.sort == WRITE_OFF:
            self.written_off.append(document.number)
        elif document.misnamed:
            self.misnamed.append(document.number)
        self.rounded += [
            RoundedRow(place, row) for place, row in enumerate(document.rows, 1) if row.rounding
        ]
