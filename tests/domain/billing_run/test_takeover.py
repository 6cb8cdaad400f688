"""Takeover: what a host knows becomes records of the books, each once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.billing_run import (
    BILLING_CYCLE,
    OPEN,
    BillingCycle,
    Month,
    begin,
    bill,
    cycle_id,
    opening_events,
    take_over,
)
from ledgerkit.domain.catalog import Catalog
from ledgerkit.domain.changes import Plan, Record, Skipped, Stale, Versioned
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Event, period_of
from ledgerkit.domain.openings import OpeningBalance, OpenInvoice
from ledgerkit.domain.packages import SESSION, Package
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import FixedDaysCycle, Period
from ledgerkit.domain.sessions import Match
from ledgerkit.domain.splits import Incentive
from tests.domain.billing_run.world import (
    CATALOG,
    DECEMBER_1,
    MATCH,
    MATHS,
    MONTHLY,
    MUSIC,
    NOVEMBER_1,
    OCTOBER,
    OWNER,
    PARENT,
    POLICY,
    TUTOR,
    eur,
    incentive,
    match,
    package,
    session,
    unapproved,
)

KINDS: tuple[type[Record], ...] = (Party, Catalog, Match, Incentive, Package, Invoice)
OPENED = date(2026, 10, 1)
MADRID = datetime(2026, 9, 30, 22, tzinfo=UTC)  # when 1 October begins there


def month(**fields: Any) -> Month:
    """Return the facts of a month, without sessions and packages unless told."""
    known: dict[str, Any] = {
        "business": OWNER,
        "parties": (PARENT, TUTOR),
        "catalog": CATALOG,
        "matches": (MATCH,),
    }
    return Month(**(known | fields))


def known_to(store: MemoryStore) -> list[Versioned[Record]]:
    """Return what *store* holds of the kinds that a takeover looks at."""
    return [read for kind in KINDS for read in store.find(kind).items]


def plan(store: MemoryStore, facts: Month, *, at: datetime = NOVEMBER_1, **fields: Any) -> Plan:
    """Return what is new of *facts* to the books in *store*."""
    return take_over(
        facts,
        known_to(store),
        opened_on=OPENED,
        policy=POLICY,
        at=at,
        booked=store.posted_events(opening_events(facts)).values(),
        **fields,
    )


def taken(facts: Month, *, store: MemoryStore | None = None, **fields: Any) -> MemoryStore:
    """Return a store that took *facts* over."""
    store = MemoryStore() if store is None else store
    for changes in plan(store, facts, **fields).changes:
        store.commit(changes)
    return store


def held(store: MemoryStore, wallet: str, currency: str = "EUR") -> int:
    """Return what *wallet* holds."""
    return store.balance(wallet, currency).posted


def reports(store: MemoryStore, facts: Month, **fields: Any) -> list[tuple[str, str, str]]:
    """Return whom a takeover leaves out, and why."""
    skipped = plan(store, facts, **fields).skipped
    return [(each.subject, each.code, each.reason) for each in skipped]


# ---- records ---------------------------------------------------------------------------------
def test_facts_become_records() -> None:
    """Parties, prices, matches and incentives are stored together, as version 1."""
    store = taken(month(incentives=(incentive(),)))

    assert {"ana", "tom", "aula"} == {read.record.id for read in store.find(Party).items}
    assert {1} == {read.version for read in known_to(store)}
    assert [CATALOG] == [read.record for read in store.find(Catalog).items]
    assert 1 == len(
        {v.key for kind in KINDS for r in store.find(kind).items for v in history(store, r)}
    )


def history(store: MemoryStore, read: Versioned[Any]) -> tuple[Any, ...]:
    """Return every version of the record that was *read*."""
    return store.history(type(read.record), read.record.id)


def test_taken_over_twice_nothing_is_new() -> None:
    """The same facts plan nothing."""
    facts = month(
        packages=(package(), package(id="p2", purchased_on=date(2026, 10, 5))),
        opening_balances=(OpeningBalance("ana", "customer:ana", eur("-38"), OPENED),),
        open_invoices=(open_invoice(),),
    )
    store = taken(facts)

    assert Plan(()) == plan(store, facts, at=DECEMBER_1)


def test_only_what_moved_gets_a_version() -> None:
    """A new address is a second version of one party; all others stay at their first."""
    store = taken(month())
    moved = attrs.evolve(PARENT, address=("Calle Nueva, 1",))
    taken(month(parties=(moved, TUTOR)), store=store, at=DECEMBER_1)
    versions = {read.record.id: read.version for read in store.find(Party).items}

    assert {"ana": 2, "tom": 1, "aula": 1} == versions
    assert [PARENT, moved] == [version.record for version in store.history(Party, "ana")]
    assert ("takeover", "the host's facts changed") == (
        store.history(Party, "ana")[1].actor,
        store.history(Party, "ana")[1].reason,
    )


def test_who_loses_a_race_decides_again() -> None:
    """Two runs with different facts of one party: the second is told, and not taken for the first.

    With the same facts they are one. (design: a moved base is stale)
    """
    store = MemoryStore()
    moved = attrs.evolve(PARENT, name="Ana G.")
    (one,), (same,) = plan(store, month()).changes, plan(store, month(), at=DECEMBER_1).changes
    (other,) = plan(store, month(parties=(moved, TUTOR))).changes
    store.commit(one)

    assert store.commit(same).replayed
    with pytest.raises(Stale):
        store.commit(other)
    taken(month(parties=(moved, TUTOR)), store=store)
    assert [PARENT, moved] == [version.record for version in store.history(Party, "ana")]


# ---- packages --------------------------------------------------------------------------------
def test_a_package_bought_since_the_books_began_is_sold() -> None:
    """The customer owes 450.00 by an invoice of its own, and has 10 sessions. (spec: 5a)"""
    store = taken(month(packages=(package(purchased_on=date(2026, 10, 5)),)))
    (invoice,) = (read.record for read in store.find(Invoice).items)
    (posted,) = store.journals().items

    assert (-45_000, 45_000, 10) == (
        held(store, "customer:ana"),
        held(store, "liability:packages"),
        held(store, "package:p1", SESSION),
    )
    assert ("INV-2026-00001", eur("450"), None) == (invoice.number, invoice.total, invoice.period)
    assert (date(2026, 11, 1), date(2026, 11, 15)) == (invoice.issued_on, invoice.due_on)
    assert posted.journal.id == invoice.lines[0].journal
    assert datetime(2026, 10, 4, 22, tzinfo=UTC) == posted.journal.effective_at
    assert ("maths / secondary / 60 min", "10 \u00d7 60 min") == (
        invoice.lines[0].item,
        invoice.lines[0].detail,
    )


def test_what_a_package_covers_is_named() -> None:
    """Both keys stand on the invoice, and both durations, each once."""
    bought = package(covers=(MATHS, MUSIC, MATHS), purchased_on=OPENED)
    store = taken(month(packages=(bought,)))
    (line,) = store.find(Invoice).items[0].record.lines

    assert "maths / secondary / 60 min | music / primary / 45 min" in line.item
    assert "10 \u00d7 60 / 45 min" == line.detail


def test_a_package_bought_before_is_brought_in() -> None:
    """Of 10 for 450.00 with 4 used, 6 are left and 270.00 is owed for them; no invoice."""
    store = taken(month(packages=(package(used_before=4),)))
    (posted,) = store.journals().items

    assert (0, 27_000, -27_000) == (
        held(store, "customer:ana"),
        held(store, "liability:packages"),
        held(store, "equity:opening"),
    )
    assert (6, 4) == (held(store, "package:p1", SESSION), held(store, "units:redeemed", SESSION))
    assert () == store.find(Invoice).items
    assert MADRID == posted.journal.effective_at


def test_a_package_used_elsewhere_is_brought_in_whenever_it_was_bought() -> None:
    """Bought since, but with sessions used that these books never saw: it cannot be sold here."""
    store = taken(month(packages=(package(used_before=1, purchased_on=date(2026, 10, 5)),)))

    assert 9 == held(store, "package:p1", SESSION)
    assert () == store.find(Invoice).items


def test_a_package_of_a_customer_in_another_zone() -> None:
    """Its first day begins where the customer is; of an unknown one, where the business is."""
    seoul = attrs.evolve(PARENT, id="cho", zone="Asia/Seoul")
    bought = package(customer="cho", purchased_on=date(2026, 10, 5))

    def begins(facts: Month) -> datetime:
        return taken(facts).journals().items[0].journal.effective_at

    assert datetime(2026, 10, 4, 15, tzinfo=UTC) == begins(
        month(parties=(seoul,), packages=(bought,))
    )
    assert datetime(2026, 10, 4, 22, tzinfo=UTC) == begins(month(packages=(bought,)))


@pytest.mark.parametrize(
    ("at", "day", "expected"),
    [
        (datetime(2026, 11, 1, 6, tzinfo=UTC), date(2026, 11, 1), True),
        (datetime(2026, 11, 1, 6, tzinfo=UTC), date(2026, 11, 2), False),
        (datetime(2026, 11, 1, 23, tzinfo=UTC), date(2026, 11, 2), True),
    ],
)
def test_a_package_of_tomorrow_waits(at: datetime, day: date, expected: bool) -> None:
    """Bought today it is sold, as of now at the latest; today is where the business is."""
    store = taken(month(packages=(package(purchased_on=day),)), at=at)

    assert expected == bool(store.find(Package).items)
    assert all(p.journal.effective_at <= at for p in store.journals().items)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("units", 12, "has units 12, in the books 10; kept as sold"),
        ("price", eur("400"), "has price 400.00 EUR, in the books 450.00 EUR"),
        ("customer", "ben", "has customer ben, in the books ana"),
        ("covers", (MATHS, MUSIC), "60 min | music / primary / 45 min, in the books maths"),
        ("purchased_on", date(2026, 9, 2), "has purchased_on 2026-09-02, in the books 2026-09-01"),
        ("expires_on", date(2027, 1, 1), "has expires_on 2027-01-01, in the books None"),
        ("priority", 1, "has priority 1, in the books 0"),
        ("promotional", True, "has promotional True, in the books False"),
    ],
)
def test_a_package_that_differs_is_named(field: str, value: Any, reason: str) -> None:
    """What was sold stays sold; the host is told what it says else."""
    store = taken(month(packages=(package(),)))
    edited = attrs.evolve(package(), **{field: value})
    ((subject, code, why),) = reports(store, month(packages=(edited,)))

    assert ("p1", "package_differs") == (subject, code)
    assert reason in why
    assert package() == store.find(Package).items[0].record


def test_use_is_no_difference() -> None:
    """Hosts may go on counting what was used; the books do so themselves."""
    store = taken(month(packages=(package(),)))

    assert [] == reports(store, month(packages=(package(used_before=3),)))


# ---- openings --------------------------------------------------------------------------------
def open_invoice(major: str = "152", *, number: str = "2026-00871") -> OpenInvoice:
    """Return an invoice of the business before."""
    return OpenInvoice(
        number=number,
        customer="ana",
        issued_on=date(2026, 9, 1),
        due_on=date(2026, 9, 15),
        open_amount=eur(major),
        item="Lessons of August 2026",
    )


def test_opening_balances_are_opened_once() -> None:
    """Ana owed 38.00 and Tom was owed 45.00 when the books began."""
    facts = month(
        opening_balances=(
            OpeningBalance("ana", "customer:ana", eur("-38"), OPENED),
            OpeningBalance("tom", "supplier:tom", eur("45"), date(2026, 9, 20)),
        )
    )
    store = taken(facts)

    assert (-3_800, 4_500, -700) == tuple(
        held(store, wallet) for wallet in ("customer:ana", "supplier:tom", "equity:opening")
    )
    assert [MADRID, datetime(2026, 9, 19, 22, tzinfo=UTC)] == [
        posted.journal.effective_at for posted in store.journals().items
    ]
    assert {
        Event("opening", "customer:ana", "EUR"),
        Event("opening", "supplier:tom", "EUR"),
    } == opening_events(facts)
    assert () == plan(store, facts).changes


def test_open_invoices_are_brought_in_once() -> None:
    """152.00 of August is owed under the number it has; none of ours is drawn."""
    facts = month(open_invoices=(open_invoice(),))
    store = taken(facts)
    (read,) = store.find(Invoice).items

    assert -15_200 == held(store, "customer:ana")
    assert ("2026-00871", "2026-00871", eur("152")) == (
        read.record.number,
        read.record.reference,
        read.record.total,
    )
    assert () == store.numbers()
    assert () == plan(store, facts).changes


def test_nothing_is_opened_at_zero() -> None:
    """A balance of 0.00 and an invoice that is paid are nothing to bring in."""
    facts = month(
        opening_balances=(OpeningBalance("ana", "customer:ana", eur("0"), OPENED),),
        open_invoices=(open_invoice("0"),),
    )

    assert () == taken(facts).journals().items


def test_what_counts_later_than_now_counts_now() -> None:
    """A balance of tomorrow is opened as of the takeover, not in the future."""
    tomorrow = NOVEMBER_1.date() + timedelta(days=1)
    store = taken(
        month(opening_balances=(OpeningBalance("ana", "customer:ana", eur("5"), tomorrow),))
    )

    assert [NOVEMBER_1] == [posted.journal.effective_at for posted in store.journals().items]


# ---- books that are closed -------------------------------------------------------------------
def test_what_is_late_takes_effect_now() -> None:
    """With October closed, facts of October count now and name their month. (spec: ledger 6)"""
    facts = month(
        packages=(package(used_before=1), package(id="p2", purchased_on=date(2026, 10, 5))),
        opening_balances=(OpeningBalance("ana", "customer:ana", eur("5"), OPENED),),
        open_invoices=(open_invoice(),),
    )
    store = taken(facts, at=DECEMBER_1, closed_before=NOVEMBER_1)
    journals = [posted.journal for posted in store.journals().items]

    assert [(DECEMBER_1, OCTOBER)] * 3 + [(DECEMBER_1, Period.month(2026, 9))] == [
        (journal.effective_at, period_of(journal)) for journal in journals
    ]
    assert (
        journals[1].id
        == store.find(Invoice, since=date(2026, 12, 1)).items[0].record.lines[0].journal
    )


def test_what_is_in_time_counts_on_its_day() -> None:
    """Of a day that is not closed it counts as ever, and names no period."""
    bought = package(purchased_on=date(2026, 11, 20))
    store = taken(month(packages=(bought,)), at=DECEMBER_1, closed_before=NOVEMBER_1)
    (posted,) = store.journals().items

    assert datetime(2026, 11, 19, 23, tzinfo=UTC) == posted.journal.effective_at
    assert period_of(posted.journal) is None


def test_late_facts_name_the_period_of_the_cycle() -> None:
    """A business that bills every 30 days has periods of its own."""
    cycle = FixedDaysCycle(date(2026, 10, 1), 30)
    bought = package(purchased_on=date(2026, 10, 31))
    store = taken(month(packages=(bought,)), at=DECEMBER_1, closed_before=DECEMBER_1, cycle=cycle)

    assert Period.parse("2026-10-31/2026-11-30") == period_of(store.journals().items[0].journal)


# ---- strangers -------------------------------------------------------------------------------
def test_whom_nobody_told_of_is_named() -> None:
    """Sessions of an unknown match, customer or supplier would be lost without a word."""
    facts = month(
        matches=(MATCH, match("m2", customer="zoe"), match("m3", supplier="uma"), match("m4")),
        sessions=(
            session(1, 1),
            session(2, 2, match="m2"),
            session(3, 3, match="m3"),
            session(4, 4, match="m9"),
            session(5, 5, match="m9"),
        ),
    )

    assert [
        (
            "zoe",
            "unknown_party",
            "match 'm2' names customer 'zoe', who is not among the parties; add the customer",
        ),
        (
            "uma",
            "unknown_party",
            "match 'm3' names supplier 'uma', who is not among the parties; add the supplier",
        ),
        (
            "m9",
            "unknown_match",
            "2 approved session(s) are of match 'm9', which nobody told of; add it",
        ),
    ] == reports(MemoryStore(), facts)


def test_a_party_of_the_other_role_is_a_stranger() -> None:
    """Tom teaches; as a customer nobody knows him."""
    facts = month(matches=(match("m2", customer="tom"),), sessions=(session(1, 1, match="m2"),))

    assert ["tom"] == [subject for subject, *_ in reports(MemoryStore(), facts)]


def test_strangers_without_approved_sessions_do_not_matter() -> None:
    """A match that is over, and sessions that nobody approved, are nothing to bill."""
    facts = month(
        matches=(match("m2", customer="zoe"),),
        sessions=(unapproved(session(1, 1, match="m2")), unapproved(session(2, 2, match="m9"))),
    )

    assert [] == reports(MemoryStore(), facts)


# ---- beginning a period ----------------------------------------------------------------------
def test_a_period_is_begun_once_and_then_billed() -> None:
    """An open cycle is on record before anything is billed; billing goes on from it."""
    store = MemoryStore()
    store.commit(begin(MONTHLY, OCTOBER, at=NOVEMBER_1))
    again = store.commit(begin(MONTHLY, OCTOBER, at=DECEMBER_1))
    read = store.load(BillingCycle, cycle_id(MONTHLY.kind, OCTOBER))
    assert read is not None
    store.commit(bill(read, kind=MONTHLY.kind, period=OCTOBER, zone="Europe/Madrid", at=NOVEMBER_1))
    versions = store.history(BillingCycle, read.record.id)

    assert again.replayed
    assert BILLING_CYCLE.start == OPEN
    assert [("open", 0), ("billed", 1)] == [(v.record.status, v.record.runs) for v in versions]
    assert {(MONTHLY.kind, OCTOBER)} == {(v.record.kind, v.record.period) for v in versions}


# ---- laws ------------------------------------------------------------------------------------
@st.composite
def months(draw: st.DrawFn) -> Month:
    """Return facts with packages of any kind and openings."""
    packages = []
    for n in range(draw(st.integers(0, 4))):
        units = draw(st.integers(1, 6))
        bought = package(
            units,
            str(draw(st.integers(0, 500))),
            id=f"p{n}",
            used_before=draw(st.integers(0, units)),
            purchased_on=OPENED + timedelta(days=draw(st.integers(-40, 40))),
        )
        packages.append(bought)
    balances = [
        OpeningBalance(party, wallet, eur(str(draw(st.integers(-90, 90)))), OPENED)
        for party, wallet in (("ana", "customer:ana"), ("tom", "supplier:tom"))
        if draw(st.booleans())
    ]
    invoices = [open_invoice(str(n), number=f"A-{n}") for n in draw(st.sets(st.integers(0, 3)))]
    return month(
        packages=tuple(packages),
        opening_balances=tuple(balances),
        open_invoices=tuple(invoices),
        incentives=(incentive(),) if draw(st.booleans()) else (),
    )


@given(months(), st.integers(0, 12))
def test_killed_and_run_again(facts: Month, moment: int) -> None:
    """Killed after any commit and run again, all is taken over once."""
    store, other = taken(facts), MemoryStore()
    for changes in plan(other, facts).changes[:moment]:
        other.commit(changes)
    taken(facts, store=other)

    assert store.balances() == other.balances()
    assert store.numbers() == other.numbers()
    assert known_to(store) == known_to(other)
    assert Plan(()) == plan(store, facts)


@given(months())
def test_packages_hold_what_they_owe(facts: Month) -> None:
    """However they came in, units and deferred money are those of the records."""
    store = taken(facts)
    packages = [read.record for read in store.find(Package).items]

    assert sum(p.deferred.minor for p in packages) == held(store, "liability:packages")
    for each in packages:
        assert each.remaining == held(store, each.wallet, SESSION)
    assert {p.id for p in facts.packages if p.purchased_on <= date(2026, 11, 1)} == {
        p.id for p in packages
    }


def test_skipped_subjects_are_no_customers() -> None:
    """A package that differs is named by its own id, so its customer is billed all the same."""
    store = taken(month(packages=(package(),)))
    (skipped,) = plan(store, month(packages=(package(9),))).skipped

    assert Skipped("p1", "package_differs", skipped.reason) == skipped
