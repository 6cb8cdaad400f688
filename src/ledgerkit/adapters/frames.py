"""Frames: usage from the host's own data frame, aggregated where it is. (extra: usage)

The engine filters, drops duplicates and reduces; whatever it cannot do exactly is done here, on
fractions. So DuckDB, Polars and the others come to the same quantity, to the last digit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from operator import index
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import attrs
import narwhals as nw

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.periods import Period, day_start
from ledgerkit.domain.usage import (
    LAST,
    MAX,
    SUM,
    UNIQUE_COUNT,
    Dimensions,
    Meter,
    MissingDimension,
    Quantity,
    Reading,
    UsageEvent,
    distinct,
    readings,
)

Frame: TypeAlias = "nw.LazyFrame[Any]"
_COLUMNS = ("id", "customer", "meter", "at", "quantity")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,50}(?:\.[0-9]{1,50})?")
_SAFE = 2**63  # engines add whole numbers exactly as long as no sum can get there


@attrs.frozen(kw_only=True)
class FrameUsage:
    """A `UsageSource` over a data frame with one event in each row.

    Quantities are whole numbers, decimals, or decimals as text; a column of floats is refused,
    since it is not exact any more. Times have a zone. Nothing is read before it is asked for.

    Attributes:
        frame: A relation of DuckDB, a frame of Polars or of what else narwhals knows; or the path
            of Parquet files, which DuckDB reads.
        id: The column of event ids; so the others.
        customer: Customers, by their ids.
        meter: The names of meters.
        at: When it was used.
        quantity: How much.
        dimensions: The columns that are dimensions of their own name; null where an event has none.
    """

    frame: Any
    id: str = "id"
    customer: str = "customer"
    meter: str = "meter"
    at: str = "occurred_at"
    quantity: str = "quantity"
    dimensions: tuple[str, ...] = ()

    def totals(
        self,
        meter: Meter,
        *,
        period: Period,
        zone: str,
        customers: Collection[str] | None = None,
    ) -> tuple[Reading, ...]:
        """Return what *meter* says in *period*; see `UsageSource.totals`.

        Raises:
            UnreadableUsage: a column is missing, or holds what is no exact usage.
        """
        events = self._events()
        start, end = day_start(period.start, zone), day_start(period.end, zone)
        known = events.filter(nw.col("meter") == meter.name, nw.col("at") < end)
        if customers is not None:
            known = known.filter(nw.col("customer").is_in(sorted(customers)))
        counted = known if meter.holds else known.filter(nw.col("at") >= start)
        self._refuse_missing(counted, meter)
        self._refuse_conflicts(events, counted)
        counted = counted.unique(subset=["id"], keep="any")
        inside, earlier = (counted.filter(each) for each in _either_side(start))
        if meter.aggregation == SUM:
            return self._summed(meter, inside, period, zone)
        kept = self._kept(meter, inside)
        if meter.holds:
            kept += self._read(_extreme(earlier, self._group(meter), "at"))
        found = readings(meter, kept, period=period, zone=zone)
        counts = dict(_rows(inside.group_by("customer").agg(nw.len().alias("n"))))
        return tuple(attrs.evolve(r, events=index(counts.get(r.customer, 0))) for r in found)

    # ---- what the engine is asked ------------------------------------------------------------
    def _kept(self, meter: Meter, inside: Frame) -> list[UsageEvent]:
        """Return as few events *inside* the period as give the quantity of them all."""
        group = self._group(meter)
        if meter.aggregation == LAST:
            return self._read(_extreme(inside, group, "at"))
        if meter.aggregation == UNIQUE_COUNT:
            counted = [*group, self._names[meter.counts]]
            return self._read(inside.unique(subset=counted, keep="any"))
        if meter.aggregation != MAX:
            return self._read(inside)
        # Text does not sort by its value, so it is taken apart here.
        highest = _extreme(inside, group, "quantity") if _is_number(inside) else inside
        highest = highest.unique(subset=[*group, "quantity"], keep="any")
        # The first one tells until when the level before it was in use.
        return self._read(highest) + self._read(_extreme(inside, group, "at", least=True))

    def _summed(
        self, meter: Meter, inside: Frame, period: Period, zone: str
    ) -> tuple[Reading, ...]:
        """Return the sums; the engine adds whole numbers and decimals, and text is added here."""
        group = self._group(meter)
        rows = _sums(inside, group) if _is_number(inside) else None
        if rows is None:
            each = _rows(inside.group_by(*group, "quantity").agg(nw.len().alias("n")))
            rows = [(*of, self._exact(value) * index(n), n) for *of, value, n in each]
        found = defaultdict[str, defaultdict[Dimensions, Fraction]](lambda: defaultdict(Fraction))
        counts = defaultdict[str, int](int)
        for customer, *values, quantity, n in rows:
            of = tuple(zip(meter.by, values, strict=True))
            found[customer][of] += self._exact(quantity)
            counts[customer] += index(n)
        return tuple(
            Reading(
                customer=customer,
                meter=meter.name,
                aggregation=SUM,
                period=period,
                zone=zone,
                quantities=tuple(Quantity(of, quantities[of]) for of in sorted(quantities)),
                events=counts[customer],
            )
            for customer, quantities in sorted(found.items())
        )

    # ---- what is refused ---------------------------------------------------------------------
    def _refuse_missing(self, counted: Frame, meter: Meter) -> None:
        names = (*meter.by, *([meter.counts] if meter.counts else ()))
        for name in names:
            if name not in self._names:
                raise UnreadableUsage(name, "is no dimension here", "a column that is one")
        if not names:
            return
        lacking = (nw.col(self._names[name]).is_null() for name in names)
        found = counted.filter(nw.any_horizontal(*lacking, ignore_nulls=True))
        for event in self._read(found.sort("at", "id").head(1)):
            has = dict(event.dimensions)
            raise MissingDimension(event.id, next(name for name in names if name not in has))

    def _refuse_conflicts(self, events: Frame, counted: Frame) -> None:
        """Raise `EventConflict` if an id that is *counted* names different events anywhere."""
        rows = events.join(counted.select("id"), on="id", how="semi").unique()
        twice = rows.group_by("id").agg(nw.len().alias("n")).filter(nw.col("n") > 1)
        # Not all of them differ: 1.5 and 1.50 are one quantity.
        distinct(self._read(rows.join(twice.select("id"), on="id", how="semi").sort("id")))

    # ---- reading -----------------------------------------------------------------------------
    @property
    def _names(self) -> dict[str, str]:
        """The columns of dimensions, as they are called here: none is mistaken for another."""
        return {name: f"dimension_{n}" for n, name in enumerate(self.dimensions)}

    def _group(self, meter: Meter) -> list[str]:
        return ["customer", *(self._names[name] for name in meter.by)]

    def _events(self) -> Frame:
        """Return the frame with its columns as they are called here, all of them readable."""
        frame: Frame = nw.from_native(_opened(self.frame)).lazy()
        called = {getattr(self, name): name for name in _COLUMNS} | self._names
        types = dict(frame.collect_schema())
        for name in called:
            if name not in types:
                raise UnreadableUsage(name, "is not there", "a column of that name")
        at, quantity = types[self.at], types[self.quantity]
        if not isinstance(at, nw.Datetime) or at.time_zone is None:
            raise UnreadableUsage(self.at, f"is {at}", "times with a zone")
        if not (quantity.is_integer() or quantity.is_decimal() or _is_value(quantity)):
            raise UnreadableUsage(self.quantity, f"is {quantity}", "whole numbers or decimals")
        columns = {ours: nw.col(theirs) for theirs, ours in called.items()}
        for theirs, ours in self._names.items():
            if not _is_value(types[theirs]):  # a dimension that is a number is the text of it
                columns[ours] = columns[ours].cast(nw.String)
        if at.time_zone != "UTC" and not frame.implementation.is_duckdb():
            # DuckDB compares instants; others compare times of one zone only.
            columns["at"] = columns["at"].dt.convert_time_zone("UTC")
        events = frame.select(**columns)
        self._refuse_nulls(events)
        return events

    def _refuse_nulls(self, events: Frame) -> None:
        nulls = (nw.col(name).is_null() for name in _COLUMNS)
        broken = events.filter(nw.any_horizontal(*nulls, ignore_nulls=True)).select(*_COLUMNS)
        for row in _rows(broken.head(1)):
            column = _COLUMNS[[value is None for value in row].index(True)]
            raise UnreadableUsage(getattr(self, column), "has nulls", "values in every row")

    def _read(self, frame: Frame) -> list[UsageEvent]:
        columns = (*_COLUMNS, *self._names.values())
        return [
            UsageEvent(
                id=id,
                customer=customer,
                meter=meter,
                at=_moment(at),
                quantity=self._exact(quantity),
                dimensions=tuple(
                    sorted(
                        (name, value)
                        for name, value in zip(self.dimensions, values, strict=True)
                        if isinstance(value, str)  # pandas writes null as a float
                    )
                ),
            )
            for id, customer, meter, at, quantity, *values in _rows(frame.select(*columns))
        ]

    def _exact(self, value: object) -> Fraction:
        if isinstance(value, Fraction):
            return value
        if isinstance(value, Decimal) and value.is_finite():
            return Fraction(value)
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return Fraction(value)
        try:
            return Fraction(index(value))  # type: ignore[arg-type]  # a number of the engine's
        except TypeError:
            needed = "whole numbers or decimals"
            raise UnreadableUsage(self.quantity, f"has {value!r}", needed) from None


def _opened(frame: Any) -> Any:
    if not isinstance(frame, str | Path):
        return frame
    import duckdb

    return duckdb.read_parquet(str(frame))


def _either_side(start: datetime) -> tuple[nw.Expr, nw.Expr]:
    return nw.col("at") >= start, nw.col("at") < start


def _is_value(type: nw.dtypes.DType) -> bool:
    """Tell whether a column is of text or of values of Python's, which no engine adds."""
    return isinstance(type, nw.String | nw.Object)


def _is_number(frame: Frame) -> bool:
    return not _is_value(frame.collect_schema()["quantity"])


def _extreme(frame: Frame, group: list[str], column: str, *, least: bool = False) -> Frame:
    """Return the rows with the highest value of *column* in each group, or the *least* one."""
    value = nw.col(column).min() if least else nw.col(column).max()
    found = frame.group_by(*group).agg(value.alias("extreme"))
    joined = frame.join(found, on=group, how="inner")
    return joined.filter(nw.col(column) == nw.col("extreme"))


def _sums(inside: Frame, group: list[str]) -> list[tuple[Any, ...]] | None:
    """Return group, sum and count, or None where the engine may have gone beyond its numbers."""
    number = nw.col("quantity")
    asked = {"sum": number.sum(), "low": number.min(), "high": number.max(), "n": nw.len()}
    rows = _rows(inside.group_by(*group).agg(*(e.alias(name) for name, e in asked.items())))
    if any(n * max(abs(low), abs(high)) >= _SAFE for *_, low, high, n in rows):
        return None
    return [(*of, total, n) for *of, total, _, _, n in rows]


def _rows(frame: Frame) -> Sequence[tuple[Any, ...]]:
    if frame.implementation.is_duckdb():  # needs no other package than itself
        return list(nw.to_native(frame).fetchall())
    return frame.collect().rows()


def _moment(at: datetime) -> datetime:
    # Those of pandas are times of its own.
    return getattr(at, "to_pydatetime", lambda: at)()


@attrs.frozen
class UnreadableUsage(LedgerkitError):
    """A frame has a column that cannot be read as usage, exactly."""

    column: str
    found: str
    needed: str
    code: ClassVar[str] = "unreadable_usage"

    def __str__(self) -> str:
        return f"usage column {self.column!r} {self.found}; needed are {self.needed}"
