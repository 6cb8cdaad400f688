"""Flight school: the workload W. Each flight is a journal of three entries.

A student pays 100.00, of which the instructor gets 60.00 and the platform 40.00, whose one wallet
every journal touches. Students have a floor, each journal claims its flight, and each commit has a
key, so that nothing a business needs is switched off for the figures.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import attrs

from ledgerkit.domain.changes import Changes, request
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Book, Entry, Event, Journal, Limit, Wallet
from ledgerkit.domain.money import ISO, Money
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.verification import Verified, verify
from ledgerkit.ports.store import Store

FLOOR = -100_000_000
FLIGHTS_A_DAY = 2_000
FIRST_DAY = date(2026, 1, 1)
FLOWN = datetime(2026, 1, 1, 12, tzinfo=UTC)
RECORDED = datetime(2029, 1, 1, 12, tzinfo=UTC)
UNITS = ISO.with_units({"SESSION": 0})


@attrs.frozen(kw_only=True)
class Flight:
    """A row of the school's table: what there is before anything of ours is built.

    Attributes:
        number: Which flight.
        journal: The id of its journal, derived and sorting by day.
        student: The wallet of who flew.
        instructor: The wallet of who taught.
    """

    number: str
    journal: str
    student: str
    instructor: str


@attrs.frozen
class School:
    """A school of so many students and instructors."""

    students: int = 10_000
    instructors: int = 500

    @property
    def opened(self) -> int:
        """How many journals its books hold after `opening`."""
        return self.students + self.instructors

    def flights(self, many: int, *, first: int = 0) -> list[Flight]:
        """Return *many* flights from number *first* on, the same ones each time."""
        chance = random.Random(first)
        return [
            Flight(
                number=(number := f"F-{n:07d}"),
                journal=derive("jrn", "flight", number, on=_day(n)),
                student=f"customer:s-{chance.randrange(self.students)}",
                instructor=f"supplier:i-{chance.randrange(self.instructors)}",
            )
            for n in range(first, first + many)
        ]

    def wallets(self) -> tuple[Wallet, ...]:
        """Return its wallets; students may owe so much and no more."""
        limits = (Limit("EUR", floor=FLOOR),)
        return (
            *(Wallet(f"customer:s-{n}", limits) for n in range(self.students)),
            *(Wallet(f"supplier:i-{n}") for n in range(self.instructors)),
            Wallet("platform"),
        )

    def book(self) -> Book:
        """Return a book with its wallets and no journals."""
        return Book(UNITS, wallets=self.wallets())

    def opening(self) -> Changes:
        """Return the changes that open its wallets and give each an entry.

        So every balance has its row before anything is measured, as in books that are in use.
        """
        deposits = (
            *_deposits("customer:s-", self.students),
            *_deposits("supplier:i-", self.instructors),
        )
        return Changes(
            key="open",
            request=request("school.open"),
            actor="flight school",
            reason="opened",
            at=RECORDED,
            opens=self.wallets(),
            journals=deposits,
        )


SCHOOL = School()


def _day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number // FLIGHTS_A_DAY)


def _deposits(prefix: str, many: int) -> Iterator[Journal]:
    for n in range(many):
        yield Journal(
            id=derive("jrn", "deposit", f"{prefix}{n}", on=FIRST_DAY),
            kind="deposit.made",
            entries=(
                Entry(f"{prefix}{n}", Money(1, "EUR")),
                Entry("platform", Money(-1, "EUR")),
            ),
            effective_at=FLOWN,
        )


def journal(flight: Flight) -> Journal:
    """Return the journal that charges *flight*."""
    return Journal(
        id=flight.journal,
        kind="flight.charged",
        entries=(
            Entry(flight.student, Money(-10_000, "EUR")),
            Entry(flight.instructor, Money(6_000, "EUR")),
            Entry("platform", Money(4_000, "EUR")),
        ),
        effective_at=FLOWN,
        event=Event("flight", flight.number),
    )


def journals(rows: Iterable[Flight]) -> list[Journal]:
    """Return the journals that charge the flights in *rows*."""
    return [journal(flight) for flight in rows]


def change(flight: Flight) -> Changes:
    """Return the changes that charge *flight*, under a key of its own."""
    return Changes(
        key=f"charge/{flight.number}",
        request=request("flight.charge", flight=flight.number),
        actor="flight school",
        reason="flown",
        at=RECORDED,
        journals=(journal(flight),),
    )


def changes(rows: Iterable[Flight]) -> list[Changes]:
    """Return one `Changes` for each flight in *rows*."""
    return [change(flight) for flight in rows]


def batches(rows: Sequence[Flight], size: int) -> Iterator[list[Changes]]:
    """Yield the changes of *rows*, *size* to a batch; the last ones that fill none are left out."""
    for start in range(0, len(rows) - size + 1, size):
        yield changes(rows[start : start + size])


class BooksBroken(Exception):
    """The books do not verify after a workload, so that its figures mean nothing."""


@attrs.frozen
class Standing:
    """A clock that stands still at an instant."""

    at: datetime

    def now(self) -> datetime:
        """Return the instant."""
        return self.at


def verified(store: Store) -> Verified:
    """Return what verification found in the books of *store*; raises `BooksBroken`."""
    found = run(verify(), Host(store=store, clock=Standing(RECORDED)))
    if found.problems:
        raise BooksBroken(f"{len(found.problems)} problems, first {found.problems[0].reason}")
    return found
