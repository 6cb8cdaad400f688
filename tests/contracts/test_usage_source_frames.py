"""Frames keep the contract of `UsageSource`: DuckDB, Polars, and Dask where it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import polars as pl
import pytest

from ledgerkit.adapters.frames import FrameUsage
from ledgerkit.domain.usage import UsageEvent
from ledgerkit.ports.usage_source import UsageSource
from ledgerkit.testing.contracts.usage_source import Source, UsageSourceContract

DIMENSIONS = ("size", "user")
COLUMNS = ("id", "customer", "meter", "occurred_at", "quantity", *DIMENSIONS)


def text_of(event: UsageEvent) -> str:
    """Return the quantity of *event* as plain decimal text, all of its digits."""
    with localcontext(prec=120):
        return f"{Decimal(event.quantity.numerator) / event.quantity.denominator:f}"


def rows_of(events: Iterable[UsageEvent]) -> list[tuple[Any, ...]]:
    """Return *events* as rows, quantities as text."""
    return [
        (e.id, e.customer, e.meter, e.at, text_of(e), *map(dict(e.dimensions).get, DIMENSIONS))
        for e in events
    ]


def in_duckdb(events: Sequence[UsageEvent], quantity: str = "VARCHAR") -> UsageSource:
    """Return *events* in a table of DuckDB whose quantities are of the type *quantity*."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE events (id VARCHAR, customer VARCHAR, meter VARCHAR, "
        f"occurred_at TIMESTAMPTZ, quantity {quantity}, size VARCHAR, user_name VARCHAR)"
    )
    rows = [(*row[:3], row[3].isoformat(), *row[4:]) for row in rows_of(events)]
    if rows:
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    frame = connection.sql('SELECT * RENAME (user_name AS "user") FROM events')
    return FrameUsage(frame=frame, dimensions=DIMENSIONS)


def in_polars(events: Sequence[UsageEvent]) -> UsageSource:
    """Return *events* in a frame of Polars."""
    schema = dict.fromkeys(COLUMNS, pl.String()) | {"occurred_at": pl.Datetime("us", "UTC")}
    frame = pl.DataFrame(rows_of(events), schema=schema, orient="row")
    return FrameUsage(frame=frame, dimensions=DIMENSIONS)


class TestDuckDB(UsageSourceContract):
    @pytest.fixture
    def source(self) -> Source:
        """Return a table of DuckDB."""
        return in_duckdb


class TestPolars(UsageSourceContract):
    @pytest.fixture
    def source(self) -> Source:
        """Return a frame of Polars."""
        return in_polars


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Lend two worker processes of Dask."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


# narwhals-dask is announced, and not there yet.
@pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")
@pytest.mark.dask
class TestDask(UsageSourceContract):
    @pytest.fixture
    def source(self, cluster: Any) -> Callable[[Sequence[UsageEvent]], UsageSource]:
        """Return a frame of Dask, in two partitions."""
        dataframe = pytest.importorskip("dask.dataframe")
        pandas = pytest.importorskip("pandas")

        def make(events: Sequence[UsageEvent]) -> UsageSource:
            table = pandas.DataFrame(rows_of(events), columns=list(COLUMNS))
            text = dict.fromkeys(set(COLUMNS) - {"occurred_at"}, "string[pyarrow]")
            table = table.astype(text)
            table["occurred_at"] = pandas.to_datetime(table["occurred_at"], utc=True)
            frame = dataframe.from_pandas(table, npartitions=2)
            return FrameUsage(frame=frame, dimensions=DIMENSIONS)

        return make
