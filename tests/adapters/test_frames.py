"""Frames: the same quantities from DuckDB, Polars and the domain; what is not exact is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerkit.adapters.frames import FrameUsage, UnreadableUsage
from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import (
    AGGREGATIONS,
    MISSING,
    SUM,
    UNCHANGED,
    UNIQUE_COUNT,
    EventConflict,
    Meter,
    UsageEvent,
    dimensions,
    readings,
)

SEPTEMBER = Period(date(2026, 9, 1), date(2026, 10, 1))
START = datetime(2026, 9, 1, tzinfo=UTC)
SCHEMA = {
    "id": pl.String(),
    "customer": pl.String(),
    "meter": pl.String(),
    "occurred_at": pl.Datetime("us", "UTC"),
    "size": pl.String(),
    "quantity": pl.String(),
}
TYPES = {"whole": pl.Int64(), "decimal": pl.Decimal(20, 6), "text": pl.String()}
Row = tuple[str, str, str, datetime, str, str]


def row(
    id: str, quantity: str = "1", *, hours: int = 0, customer: str = "c-1", size: str = "s"
) -> Row:
    """Return a row so many hours after the start of September."""
    return (id, customer, "clusters", START + timedelta(hours=hours), size, quantity)


def polars(rows: Sequence[Row], type: pl.DataType | None = None) -> pl.DataFrame:
    """Return *rows* as a frame of Polars whose quantities are of *type*, text unless given."""
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return frame.with_columns(pl.col("quantity").cast(type or pl.String()))


def relation(rows: Sequence[Row], type: str = "VARCHAR") -> duckdb.DuckDBPyRelation:
    """Return *rows* as a relation of DuckDB whose quantities are of *type*."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE events (id VARCHAR, customer VARCHAR, meter VARCHAR, "
        f"occurred_at TIMESTAMPTZ, size VARCHAR, quantity {type})"
    )
    if rows:
        values = [(*each[:3], each[3].isoformat(), *each[4:]) for each in rows]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", values)
    return connection.table("events")


def meter(aggregation: str = SUM, *, by: tuple[str, ...] = (), silence: str = MISSING) -> Meter:
    """Return a meter of clusters, or of their sizes."""
    counts = "size" if aggregation == UNIQUE_COUNT else ""
    return Meter(name="clusters", aggregation=aggregation, by=by, counts=counts, silence=silence)


def value(frame: Any, aggregation: str = SUM) -> Fraction:
    """Return the only quantity of *frame*."""
    usage = FrameUsage(frame=frame, dimensions=("size",))
    (found,) = usage.totals(meter(aggregation), period=SEPTEMBER, zone="UTC")
    return found.quantities[0].value


# ---- the same everywhere ---------------------------------------------------------------------
ROWS = st.lists(
    st.builds(
        row,
        st.integers(0, 10**6).map(str),
        st.integers(-1000, 1000).map(str),
        hours=st.integers(-48, 31 * 24),
        customer=st.sampled_from(["c-1", "c-2"]),
        size=st.sampled_from(["s", "l"]),
    ),
    max_size=10,
    unique_by=lambda each: each[0],
)
MICROS = st.integers(-(10**12), 10**12).map(lambda n: f"{Decimal(n).scaleb(-6):f}")
METERS = st.builds(
    meter,
    st.sampled_from(AGGREGATIONS),
    by=st.sampled_from([(), ("size",)]),
    silence=st.sampled_from([MISSING, UNCHANGED]),
)


@pytest.mark.parametrize("kind", TYPES)
@given(ROWS, MICROS, METERS)
@settings(max_examples=25)
def test_frames_and_domain_agree(kind: str, rows: list[Row], part: str, rule: Meter) -> None:
    """DuckDB, Polars and the pure domain read the same, duplicates included, from any column."""
    if kind != "whole":
        rows = [(*each[:5], str(Decimal(each[5]) + Decimal(part))) for each in rows]
    rows = [*rows, *rows[:3]]
    events = [
        UsageEvent(
            id=id,
            customer=customer,
            meter=name,
            at=at,
            quantity=Fraction(quantity),
            dimensions=dimensions(size=size),
        )
        for id, customer, name, at, size, quantity in rows
    ]
    expected = readings(rule, events, period=SEPTEMBER, zone="UTC")

    sql = {"whole": "BIGINT", "decimal": "DECIMAL(20, 6)", "text": "VARCHAR"}[kind]
    for frame in (relation(rows, sql), polars(rows, TYPES[kind]), polars(rows, TYPES[kind]).lazy()):
        usage = FrameUsage(frame=frame, dimensions=("size",))
        assert expected == usage.totals(rule, period=SEPTEMBER, zone="UTC")


@pytest.mark.parametrize("of", [("BIGINT", pl.Int64()), ("DECIMAL(38, 0)", pl.Decimal(38, 0))])
def test_sums_beyond_the_engine_are_added_here(of: tuple[str, pl.DataType]) -> None:
    """Polars would wrap 64 bits without a word: 4 x 2^62 is 2^64 in every frame."""
    rows = [row(str(n), str(2**62), hours=n) for n in range(4)]

    assert [2**64] * 2 == [value(relation(rows, of[0])), value(polars(rows, of[1]))]


def test_decimals_are_not_floats() -> None:
    """0.1 + 0.2 is 0.3; a thousand times 0.0000004 is 0.0004."""
    tenths = [row("a", "0.1"), row("b", "0.2")]
    small = [row(str(n), "0.0000004", hours=n % 700) for n in range(1000)]
    for rows, expected in ((tenths, "0.3"), (small, "0.0004")):
        for frame in (
            relation(rows),
            relation(rows, "DECIMAL(18, 7)"),
            polars(rows),
            polars(rows, pl.Decimal(18, 7)),
        ):
            assert Fraction(expected) == value(frame)


def test_text_sorts_by_its_value() -> None:
    """9 is less than 10, and -2 more than -10; as text it is the other way round."""
    for rows, expected in (
        ([row("a", "9"), row("b", "10", hours=1)], 10),
        ([row("a", "-2"), row("b", "-10", hours=1)], -2),
    ):
        assert [expected] * 2 == [value(relation(rows), "max"), value(polars(rows), "max")]


def test_the_same_written_otherwise_is_one_event() -> None:
    """1.5 and 1.50 are one quantity, so that is no conflict, and counts once."""
    rows = [row("a", "1.5"), row("a", "1.50"), row("b", "2")]

    assert [Fraction(7, 2)] * 2 == [value(relation(rows)), value(polars(rows))]


def test_conflict_names_what_differs() -> None:
    """As the domain does, wherever the other event is."""
    for other in (row("a", "2"), row("a", hours=24 * 60), row("a", size="l")):
        for frame in (relation([row("a"), other]), polars([row("a"), other])):
            with pytest.raises(EventConflict) as caught:
                value(frame)
            assert 1 == len(caught.value.differing)


def test_columns_may_have_other_names() -> None:
    """Also those that this adapter uses itself, and dimensions that are numbers."""
    frame = polars([row("a", "3"), row("b", "4", size="l")]).rename(
        {"id": "event", "customer": "account", "meter": "sku", "occurred_at": "when"}
    )
    frame = frame.rename({"quantity": "amount"}).with_columns(
        id=pl.lit(7), quantity=pl.lit("nothing"), at=pl.lit(None)
    )
    usage = FrameUsage(
        frame=frame,
        id="event",
        customer="account",
        meter="sku",
        at="when",
        quantity="amount",
        dimensions=("id", "size"),
    )
    (found,) = usage.totals(meter(by=("id", "size")), period=SEPTEMBER, zone="UTC")

    assert [
        (dimensions(id="7", size="l"), Fraction(4)),
        (dimensions(id="7", size="s"), Fraction(3)),
    ] == [(each.dimensions, each.value) for each in found.quantities]


def test_times_may_be_of_any_zone(tmp_path: Path) -> None:
    """What counts is the instant, also where the database shows another clock."""
    frame = polars([row("a"), row("b", "10", hours=-1), row("c", "100", hours=719)])
    madrid = frame.with_columns(pl.col("occurred_at").dt.convert_time_zone("Europe/Madrid"))
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'America/New_York'")
    path = tmp_path / "events.parquet"
    frame.write_parquet(path)

    assert [101] * 3 == [value(madrid), value(connection.read_parquet(str(path))), value(frame)]


def test_a_path_is_read_by_duckdb(tmp_path: Path) -> None:
    """Parquet files of any number, with a star in their path."""
    for n in range(3):
        polars([row(f"e{n}", str(n))], pl.Decimal(20, 6)).write_parquet(tmp_path / f"{n}.parquet")

    assert [3, 3] == [value(tmp_path / "*.parquet"), value(str(tmp_path / "*.parquet"))]


def test_pandas_reads_the_same() -> None:
    """Where the host has pandas: text and decimals of Python, and no dimension is no float."""
    pandas = pytest.importorskip("pandas")
    rows = [row("a", "0.1"), row("b", "0.2", hours=1)]
    for kind in (str, Decimal):
        table = pandas.DataFrame(
            [(*each[:5], kind(each[5])) for each in rows], columns=list(SCHEMA)
        )
        table["size"] = None
        assert Fraction(3, 10) == value(table)


# ---- what is not exact is refused ------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"quantity": pl.col("quantity").cast(pl.Float64())},
            "usage column 'quantity' is Float64; needed are whole numbers or decimals",
        ),
        (
            {"quantity": pl.lit(True)},  # noqa: FBT003 - the point
            "usage column 'quantity' is Boolean; needed are whole numbers or decimals",
        ),
        (
            {"occurred_at": pl.col("occurred_at").dt.replace_time_zone(None)},
            (
                "usage column 'occurred_at' is Datetime(time_unit='us', time_zone=None); "
                "needed are times with a zone"
            ),
        ),
        (
            {"occurred_at": pl.lit("2026-09-01")},
            "usage column 'occurred_at' is String; needed are times with a zone",
        ),
        (
            {"quantity": pl.lit(None, pl.String())},
            "usage column 'quantity' has nulls; needed are values in every row",
        ),
        (
            {"customer": pl.lit(None, pl.String())},
            "usage column 'customer' has nulls; needed are values in every row",
        ),
    ],
)
def test_columns_that_are_not_exact_are_refused(change: dict[str, pl.Expr], sentence: str) -> None:
    """A float has lost digits already, a time without a zone is no instant."""
    with pytest.raises(UnreadableUsage) as caught:
        value(polars([row("a")]).with_columns(**change))

    assert sentence == str(caught.value)


@pytest.mark.parametrize("text", ["", "1e9", "1,5", "0x10", "NaN", "1/3", "9" * 51, "1.", " 1"])
@pytest.mark.parametrize("aggregation", [SUM, "max", "last"])
def test_text_that_is_no_decimal_is_refused(text: str, aggregation: str) -> None:
    """Plain digits and a point, fifty on either side at most."""
    with pytest.raises(UnreadableUsage, match="usage column 'quantity' has "):
        value(polars([row("a", text)]), aggregation)


def test_missing_columns_are_named() -> None:
    """One that every event has, a dimension of the frame, and one that only the meter knows."""
    frame = polars([row("a")])
    for usage, name in (
        (FrameUsage(frame=frame.drop("id"), dimensions=("size",)), "id"),
        (FrameUsage(frame=frame, dimensions=("color",)), "color"),
        (FrameUsage(frame=frame), "size"),
    ):
        with pytest.raises(UnreadableUsage) as caught:
            usage.totals(meter(by=("size",)), period=SEPTEMBER, zone="UTC")
        assert name == caught.value.column


def test_nothing_is_read_before_it_is_asked_for() -> None:
    """A frame is lent; what it lacks is told when it is needed."""
    assert ("occurred_at", ()) == (FrameUsage(frame=None).at, FrameUsage(frame=None).dimensions)
    assert "size" == attrs.evolve(FrameUsage(frame=None), dimensions=("size",)).dimensions[0]


def test_duckdb_is_loaded_for_a_path_only() -> None:
    """A host with Polars needs no DuckDB."""
    code = "import sys, ledgerkit.adapters.frames; sys.exit('duckdb' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
