"""Completions: the life of a flight in SQLite, beside one plain commit of the same three entries.

Booked, so that its money is on hold; completed, which captures the hold; completed without a
booking, with the transfer to the instructor in the same commit; and that transfer sent and booked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import flight_school
from bench.figures import Figure
from bench.flight_school import FLOOR, FLOWN, BooksBroken
from bench.measuring import Prepared, Work, faster, relay
from ledgerkit.adapters.sql import SqlStore, create_engine, migrate
from ledgerkit.domain import connected_accounts
from ledgerkit.domain.changes import Changes, request
from ledgerkit.domain.completions import Work as Flown
from ledgerkit.domain.completions import quantities_of
from ledgerkit.domain.gateways import AccountStatus
from ledgerkit.domain.ledger import Entry, Event, Journal, Limit, Wallet
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateCard, RateKey
from ledgerkit.domain.transfers import DONE, Transfer
from ledgerkit.jobs.bookings import book_work
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.sending import send_instructions
from ledgerkit.jobs.steps import Job, find_all
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import FakeGateway

NAME = "completions"
PLAIN = "a plain commit"
STUDENTS, INSTRUCTORS = 100, 10
NOW = FLOWN + timedelta(hours=1)


def completions(*, ages: tuple[int, ...], flights: int, rounds: int) -> Iterator[Figure]:
    """Yield what the steps of a flight cost in books that have *ages* flights, growing.

    Each round takes *flights* through all steps, in turn with plain commits to the same file.
    """
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'books.db'}")
        migrate(engine)
        school = _School(SqlStore(engine))
        for age in ages:
            school.fly(age)
            legs = (school.leg() for _ in range(flights * rounds))
            taken = relay(legs, items=1, per_round=flights)
            plain = taken.pop(PLAIN)
            for what, times in taken.items():
                yield Figure(
                    workload=NAME,
                    what=f"{what}, after {age:,} flights",
                    value=times.rate,
                    unit="flights/s",
                    against=f"{PLAIN}: {plain.rate:,.0f}/s",
                    ratio=faster(times, plain),
                )
        flight_school.verified(school.host.store)
        sent = len(run(find_all(Transfer, status=DONE), school.host))
        if sent != flights * rounds * len(ages):
            raise BooksBroken(f"{sent} transfers were sent, not one for each flight")
        engine.dispose()


class _School:
    """A school that books and completes flights, one after the other."""

    def __init__(self, store: SqlStore) -> None:
        clock = FakeClock(NOW)
        gateway = FakeGateway(clock)
        gateway.fund(Money(10**15, "EUR"))
        self.host = Host(store=store, clock=clock, gateways={"stripe": gateway})
        self._flown = 0
        accounts = []
        for n in range(INSTRUCTORS):
            account = gateway.open_account(
                supplier=f"i-{n}", email=f"i-{n}@example.org", country="ES", key=f"i-{n}"
            )
            known = connected_accounts.connect(f"i-{n}", account, gateway="stripe").account
            ready: AccountStatus = gateway.world.onboard(account)
            told = connected_accounts.follow(known, ready, gateway="stripe", as_of=FLOWN)
            accounts += [] if told is None else [told.account]
        rates = tuple(
            CardRate(
                RateKey(side=side, kind="flight"), Rate(Fraction(minor), "EUR"), date(2025, 1, 1)
            )
            for side, minor in ((CHARGE, 10_000), (PAY, 6_000))
        )
        limits = (Limit("EUR", floor=FLOOR),)
        self._commit(
            "opening",
            opens=(
                *(Wallet(f"customer:s-{n}", limits) for n in range(STUDENTS)),
                *(Wallet(f"supplier:i-{n}") for n in range(INSTRUCTORS)),
                Wallet("platform"),
            ),
            records=(RateCard("school", "EUR", rates), *accounts),
        )

    def fly(self, flights: int) -> None:
        """Complete flights until there are so many."""
        while self._flown < flights:
            run(self._completing(self._work()), self.host)

    def leg(self) -> dict[str, Prepared]:
        """Return the steps of two flights and a plain commit, each to be made ready in turn."""
        booked, direct, plain = self._work(), self._work(), self._work()
        until = NOW + timedelta(days=1)
        booking = partial(book_work, booked, card="school", expires_at=until)
        return {
            PLAIN: lambda: partial(self._plain, plain),
            "book": lambda: self._running(booking(actor="desk", reason="phone")),
            "complete what is booked": lambda: self._running(self._completing(booked)),
            "complete and enqueue a transfer": lambda: self._running(
                self._completing(direct, transfer_through="stripe")
            ),
            "send a transfer and book it": lambda: self._running(
                send_instructions("stripe", limit=1)
            ),
        }

    def _running(self, job: Job[object]) -> Work:
        return partial(run, job, self.host)

    def _completing(self, work: Flown, *, transfer_through: str | None = None) -> Job[object]:
        return complete_work(
            work, card="school", actor="desk", reason="flown", transfer_through=transfer_through
        )

    def _work(self) -> Flown:
        n, self._flown = self._flown, self._flown + 1
        return Flown(
            id=f"F-{n:07d}",
            type="flight",
            customer=f"s-{n % STUDENTS}",
            supplier=f"i-{n % INSTRUCTORS}",
            quantities=quantities_of({"flight": 1}),
            completed_at=FLOWN,
            zone="UTC",
        )

    def _plain(self, work: Flown) -> None:
        legs = (
            (f"customer:{work.customer}", -10_000),
            (f"supplier:{work.supplier}", 6_000),
            ("platform", 4_000),
        )
        journal = Journal(
            id=f"jrn_{work.id}",
            kind="flight.charged",
            entries=tuple(Entry(wallet, Money(minor, "EUR")) for wallet, minor in legs),
            effective_at=FLOWN,
            event=Event("flight", work.id),
        )
        self._commit(work.id, journals=(journal,))

    def _commit(self, key: str, **stored: tuple[object, ...]) -> None:
        self.host.store.commit(
            Changes(
                key=key,
                request=request("flight", flight=key),
                actor="desk",
                reason="flown",
                at=NOW,
                **stored,  # type: ignore[arg-type]
            )
        )
