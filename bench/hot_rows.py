"""Hot rows: the plain way to keep a ledger in PostgreSQL, to measure ours against.

One statement a journal: it claims the key, moves every balance it touches under a row lock, the
platform's included, checks the floors and adds the entries. All writers wait for the one platform
row, which is what wallets without limits avoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from bench.flight_school import FLOOR, Flight, School

_TABLES = """
CREATE TABLE hot_balances (id integer PRIMARY KEY, posted bigint NOT NULL, floor bigint);
CREATE TABLE hot_journals (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE,
  name text NOT NULL UNIQUE, event text NOT NULL UNIQUE, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE hot_entries (
  journal bigint NOT NULL, line integer NOT NULL, balance integer NOT NULL, amount bigint NOT NULL,
  PRIMARY KEY (journal, line));
CREATE INDEX ON hot_entries (balance, journal);
INSERT INTO hot_balances SELECT n, 0, CASE WHEN n < {students} THEN {floor} END
  FROM generate_series(0, {platform}) n;
"""
_POST = """
WITH moves (line, balance, amount) AS (
  VALUES (0, %(student)s::integer, -10000::bigint), (1, %(instructor)s, 6000),
         (2, %(platform)s, 4000)
), moved AS (
  UPDATE hot_balances b SET posted = b.posted + m.amount FROM moves m
  WHERE b.id = m.balance AND (b.floor IS NULL OR b.posted + m.amount >= b.floor)
  RETURNING b.id
), journal AS (
  INSERT INTO hot_journals (key, name, event) SELECT %(key)s, %(name)s, %(event)s
  WHERE (SELECT count(*) FROM moved) = 3 RETURNING id
)
INSERT INTO hot_entries SELECT j.id, m.line, m.balance, m.amount FROM journal j, moves m
"""


def create(url: str, school: School) -> None:
    """Create the tables in the database at *url*, with the balances of *school*."""
    platform = school.students + school.instructors
    tables = _TABLES.format(students=school.students, platform=platform, floor=FLOOR)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(tables.encode())


def values(flight: Flight, school: School) -> dict[str, Any]:
    """Return what the statement needs to post *flight* of *school*."""
    return {
        "student": int(flight.student.rpartition("-")[2]),
        "instructor": school.students + int(flight.instructor.rpartition("-")[2]),
        "platform": school.students + school.instructors,
        "key": f"charge/{flight.number}",
        "name": flight.journal,
        "event": flight.number,
    }


def post(connection: psycopg.Connection[Any], prepared: Sequence[dict[str, Any]]) -> None:
    """Post each of *prepared* in a transaction of its own; *connection* commits by itself.

    Raises:
        ValueError: a floor was in the way.
    """
    for each in prepared:
        if connection.execute(_POST, each).rowcount != len("sip"):
            msg = f"flight {each['event']} was not posted"
            raise ValueError(msg)


def broken(url: str, journals: int) -> bool:
    """Return whether the books are not those of so many *journals*."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM hot_journals), (SELECT sum(posted) FROM hot_balances), "
            "(SELECT count(*) FROM (SELECT balance, sum(amount) FROM hot_entries GROUP BY 1 "
            "EXCEPT SELECT id, posted FROM hot_balances) d)"
        ).fetchone()
    return row is None or tuple(map(int, row)) != (journals, 0, 0)
