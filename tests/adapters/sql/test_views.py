"""The figures of the specification, read with plain SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from ledgerkit.adapters.sql import SqlStore, create_engine
from ledgerkit.adapters.sql.views import views_of
from ledgerkit.domain import completions
from ledgerkit.domain.adjustments import Approval, adjust
from ledgerkit.domain.alerts import Alert
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.catalog import Catalog, CatalogKey, PackageTier, Price
from ledgerkit.domain.changes import Draw, Expect, Series
from ledgerkit.domain.clawbacks import Clawback, Share
from ledgerkit.domain.completions import Completion, Work, quantities_of
from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.credit_limits import CreditLimit, Override
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Claim, Grant, draw, give_back, revoke
from ledgerkit.domain.invoices import Invoice, discounted, taxed
from ledgerkit.domain.ledger import Event, Limit, Wallet
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payments import Assignment, Payment
from ledgerkit.domain.payouts import InstantFee, PayoutSetting, PayoutTerm
from ledgerkit.domain.periods import FixedDaysCycle, Period
from ledgerkit.domain.pricing import ListPrice, PerUnit, PriceKey, PriceList, Tariff
from ledgerkit.domain.rate_cards import CardRate, RateCard, RateKey, change_rate
from ledgerkit.domain.rate_plans import PlanItem, RatePlan
from ledgerkit.domain.reconciliation import InFlight, Reconciliation
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.rentals import Leased, Rental, RentalTerms
from ledgerkit.domain.sessions import Match
from ledgerkit.domain.splits import PER_PERIOD, Incentive
from ledgerkit.domain.tax import Tax, TaxAmount, TaxRate
from ledgerkit.domain.transfers import Reversal, Transfer
from ledgerkit.domain.usage import TIME_WEIGHTED, Quantity, Snapshot, bill
from ledgerkit.testing.samples import NOON, OCTOBER, changes, hold, hour, invoice, transfer
from tests.migrated import migrated

pytest_plugins = ("tests.plugins.postgres",)
KEY = CatalogKey("maths", "secondary", 60)
LISTED = ListPrice(
    PriceKey.of("cluster", {"use": "production", "size": "large"}),
    Tariff(model=PerUnit(Rate(Fraction(16_000), "USD")), included=0),
    date(2026, 1, 1),
)


def price(charge: int, valid_from: date) -> Price:
    """Return a price of *charge* that pays 30.00."""
    pay = Money(3000, "EUR")
    return Price(key=KEY, charge=Money(charge, "EUR"), pay=pay, valid_from=valid_from)


def fill(store: SqlStore) -> None:
    """Commit a little of everything."""
    first, second = price(5000, date(2026, 1, 1)), price(5500, date(2026, 11, 1))
    store.commit(
        changes(
            "k-1",
            opens=(Wallet("customer:c-1", (Limit("EUR", -5000),)), Wallet("platform")),
            journals=(
                transfer("j-1", "customer:c-1", "platform", 1234, event=Event("flight", "123")),
            ),
            records=(
                invoice("i-1"),
                Party(id="c-1", role="customer", name="Ada", currency="EUR"),
                Catalog("main", (first,)),
                PriceList("cloud", "USD", (LISTED,)),
            ),
            draws=(Draw("i-1", Series("INV", "{series}-{n:3}"), OCTOBER),),
            messages=(Message("m-1", "notice.low_package", "c-1", (("left", "2"),)),),
        )
    )
    store.commit(
        changes(
            "k-2",
            at=hour(1),
            journals=(
                transfer("j-2", "customer:c-1", "platform", 66, at=hour(1)),
                transfer("j-3", "platform", "customer:c-1", 7, currency="JPY", at=hour(1)),
            ),
            records=(Catalog("main", (first, second)),),
            expects=(Expect(Catalog, "main", 1),),
        )
    )
    store.journals()  # gives journals their place


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def filled(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return filled books of this module."""
    if request.param == "sqlite":
        engine = migrated()
    else:
        engine = create_engine(str(request.getfixturevalue("postgres_url")))
    fill(SqlStore(engine))
    yield engine
    engine.dispose()


@pytest.fixture
def books(filled: Engine) -> Iterator[Connection]:
    """Return the filled books in a transaction, which ends as if nothing had been written."""
    with filled.connect() as connection:
        yield connection
        connection.rollback()


def rows(books: Connection, sql: str) -> list[tuple[Any, ...]]:
    """Return what *sql* gives."""
    return [tuple(row) for row in books.execute(sa.text(sql))]


def test_balances_in_minor_units_and_as_text(books: Connection) -> None:
    """12.34 and 0.66 euros left the customer; 7 yen have no decimals."""
    sql = "SELECT wallet, currency, amount_minor, amount, floor_minor FROM balance ORDER BY 1, 2"

    assert [
        ("customer:c-1", "EUR", -1300, "-13.00", -5000),
        ("customer:c-1", "JPY", 7, "7", None),
        ("platform", "EUR", 1300, "13.00", None),
        ("platform", "JPY", -7, "-7", None),
    ] == rows(books, sql)


def test_holds_and_what_balances_have_of_them(books: Connection) -> None:
    """A hold with its state, what it reserved, and what is held of each wallet."""
    store = SqlStore(books)
    booked = hold(
        "h-1",
        "customer:c-1",
        "platform",
        500,
        kind="flight.charged",
        expires_at=hour(3),
        event=Event("flight", "9"),
        multi=True,
    )
    other = [hold(f"h-{n}", "platform", "customer:c-1", n, expires_at=hour(4)) for n in (2, 3, 4)]
    store.commit(changes("k-3", at=hour(2), holds=(booked, *other)))
    part = transfer("j-4", "customer:c-1", "platform", 100, at=hour(2), captures="h-1")
    whole = transfer("j-5", "platform", "customer:c-1", 2, at=hour(2), captures="h-2")
    store.commit(changes("k-4", at=hour(2), journals=(part, whole), releases=("h-3",)))
    store.commit(changes("k-5", at=hour(5), holds=(hold("h-5", "platform", "customer:c-1", 1),)))
    held = "SELECT wallet, held_out_minor, held_in_minor FROM balance WHERE currency = 'EUR'"
    states = "SELECT id, state, kind, event FROM hold ORDER BY id"
    legs = "SELECT line, wallet, amount_minor, amount FROM hold_leg WHERE hold = 'h-1' ORDER BY 1"

    assert [("customer:c-1", 400, 1), ("platform", 1, 400)] == rows(books, f"{held} ORDER BY 1")
    assert [
        ("h-1", "open", "flight.charged", "flight:9"),
        ("h-2", "captured", "test.moved", None),
        ("h-3", "released", "test.moved", None),
        ("h-4", "expired", "test.moved", None),
        ("h-5", "open", "test.moved", None),
    ] == rows(books, states)
    assert [(0, "customer:c-1", -500, "-5.00"), (1, "platform", 500, "5.00")] == rows(books, legs)
    captures = "SELECT id, captures FROM journal WHERE captures IS NOT NULL ORDER BY id"
    assert [("j-4", "h-1"), ("j-5", "h-2")] == rows(books, captures)


def test_statements_run(books: Connection) -> None:
    """Each line shows what moved and where the wallet then stood."""
    sql = (
        "SELECT sequence, line, journal, event, amount, running FROM statement_line "
        "WHERE wallet = 'customer:c-1' ORDER BY sequence, line"
    )

    assert [
        (1, 0, "j-1", "flight:123", "-12.34", "-12.34"),
        (2, 0, "j-2", None, "-0.66", "-13.00"),
        (3, 1, "j-3", None, "7", "7"),
    ] == rows(books, sql)


def test_journals_tell_who_and_why(books: Connection) -> None:
    """A journal comes with the commit that posted it."""
    sql = "SELECT sequence, id, kind, commit_key, actor, reason FROM journal ORDER BY sequence"

    assert [
        (1, "j-1", "test.moved", "k-1", "tester", "a test"),
        (2, "j-2", "test.moved", "k-2", "tester", "a test"),
        (3, "j-3", "test.moved", "k-2", "tester", "a test"),
    ] == rows(books, sql)


def test_instants_are_exact(books: Connection) -> None:
    """Instants are UTC to the microsecond."""
    [(at,)] = rows(books, "SELECT effective_at FROM journal WHERE id = 'j-1'")

    assert at == (NOON if books.dialect.name == "postgresql" else "2026-10-01T12:00:00.000000Z")


def test_invoices_add_up(books: Connection) -> None:
    """Number, customer and total as the record computes them, tax included."""
    store = SqlStore(books)
    read = store.load(Invoice, "i-1")
    assert read is not None
    tax = TaxAmount("es-vat", Fraction(21, 100), Money(100, "EUR"), Money(21, "EUR"))
    plain = read.record.lines
    host = Invoice(id="i-2", customer="c-1", currency="EUR", lines=plain, taxes=(tax,))
    store.commit(changes("k-3", records=(host, discounted_invoice())))
    sql = (
        "SELECT id, number, customer, status, currency, subtotal, discount, net, tax, total_minor, "
        "total FROM invoice ORDER BY id"
    )
    tail = ("c-1", "draft", "EUR")

    assert [
        ("i-1", "INV-001", *tail, "1.00", "0.00", "1.00", "0.00", 100, "1.00"),
        ("i-2", None, *tail, "1.00", "0.00", "1.00", "0.21", host.total.minor, "1.21"),
        ("i-3", None, *tail, "6.09", "0.10", "5.00", "1.55", 655, "6.55"),
    ] == rows(books, sql)


def discounted_invoice() -> Invoice:
    """Return 6.09 with 0.10 off, 0.99 of tax in what is left and 0.56 on top."""
    plain = attrs.evolve(invoice("i-3", minor=609), id="i-3")
    coupon = Coupon(id="TEN", amount=Money(10, "EUR"))
    taxes = [
        Tax(id=id, code=id, rates=(TaxRate(rate, OCTOBER),), inclusive=inclusive)
        for id, rate, inclusive in (
            ("in", Fraction(99, 500), True),
            ("on", Fraction(56, 500), False),
        )
    ]
    return taxed(discounted(plain, [coupon], on=OCTOBER), {"": taxes})


def test_taxes_by_rate(books: Connection) -> None:
    """Each tax of an invoice with its base; lines say what was taken off and added."""
    SqlStore(books).commit(changes("k-3", records=(discounted_invoice(),)))

    assert [("in", "99/500", "5.00", "0.99"), ("on", "14/125", "5.00", "0.56")] == rows(
        books, "SELECT code, rate, base, amount FROM invoice_tax ORDER BY code"
    )
    assert [("1.00", "0.00", "0.00"), ("6.09", "0.10", "1.55")] == rows(
        books, "SELECT amount, discount, tax FROM invoice_line ORDER BY invoice"
    )


def test_price_changes_show_old_and_new(books: Connection) -> None:
    """The first price has no old one; from November a session costs 55.00 instead of 50.00."""
    sql = (
        "SELECT version, service_line, minutes, valid_from, old_charge_minor, charge_minor, actor "
        "FROM price_change ORDER BY version"
    )

    assert [
        (1, "maths", 60, "2026-01-01", None, 5000, "tester"),
        (2, "maths", 60, "2026-11-01", 5000, 5500, "tester"),
    ] == rows(books, sql)


def match(id: str, pay: Money | None = None) -> Match:
    """Return a match of Leo, who is taught by tom, with a *pay* of its own."""
    return Match(
        id=id, customer="c-1", student="Leo", supplier="tom", key=KEY, currency="EUR", pay=pay
    )


def test_matches_and_incentives(books: Connection) -> None:
    """What a tutor earns by a match: its own pay if it has one, and what comes on top."""
    SqlStore(books).commit(
        changes(
            "k-3",
            records=(
                match("m-1"),
                match("m-2", Money(3250, "EUR")),
                Incentive(
                    id="n-1", match="m-1", amount=Money(500, "EUR"), valid_from=date(2026, 10, 1)
                ),
                Incentive(
                    id="n-2",
                    match="m-2",
                    amount=Money(2000, "EUR"),
                    per=PER_PERIOD,
                    valid_from=date(2026, 10, 1),
                    valid_until=date(2026, 11, 1),
                ),
            ),
        )
    )
    matches = (
        "SELECT id, customer, student, supplier, service_line, level, minutes, currency, "
        "pay_minor, pay FROM match ORDER BY id"
    )
    incentives = (
        "SELECT id, match, per, valid_from, valid_until, currency, amount_minor, amount "
        "FROM incentive ORDER BY id"
    )

    assert [
        ("m-1", "c-1", "Leo", "tom", "maths", "secondary", 60, "EUR", None, None),
        ("m-2", "c-1", "Leo", "tom", "maths", "secondary", 60, "EUR", 3250, "32.50"),
    ] == rows(books, matches)
    assert [
        ("n-1", "m-1", "session", "2026-10-01", None, "EUR", 500, "5.00"),
        ("n-2", "m-2", "period", "2026-10-01", "2026-11-01", "EUR", 2000, "20.00"),
    ] == rows(books, incentives)


def test_usage(books: Connection) -> None:
    """What was used and what of it is billed, as a ratio that no database rounds."""
    medium = (("size", "medium"), ("use", "production"))
    taken = Snapshot(
        id="usg_1",
        customer="c-1",
        meter="clusters",
        aggregation=TIME_WEIGHTED,
        period=Period.month(2026, 10),
        zone="UTC",
        counted=(Quantity(medium, Fraction(31, 7)),),
        events=3,
    )
    SqlStore(books).commit(changes("k-3", records=(bill(taken).snapshot,)))
    snapshots = (
        "SELECT id, customer, meter, aggregation, period_start, period_end, status, events, part "
        "FROM usage_snapshot"
    )

    assert [
        ("usg_1", "c-1", "clusters", "time_weighted", "2026-10-01", "2026-11-01", "counted", 3, 1)
    ] == rows(books, snapshots)
    ((nth, said, value),) = rows(books, "SELECT nth, dimensions, value FROM usage_quantity")
    assert (1, "31/7") == (nth, value)
    assert [list(pair) for pair in medium] == json.loads(said)


def test_rate_plans(books: Connection) -> None:
    """Who is charged by which prices, how often, and how far."""
    plan = RatePlan(
        id="rpl-1",
        customer="c-1",
        currency="USD",
        zone="UTC",
        price_list="cloud",
        cycle=FixedDaysCycle(date(2026, 1, 1), 30),
        items=(PlanItem(item="platform fee"),),
        started_on=date(2026, 1, 1),
        billed_through=date(2026, 1, 31),
    )
    SqlStore(books).commit(changes("k-3", records=(plan,)))
    sql = (
        "SELECT id, customer, currency, price_list, cycle_kind, started_on, ends_on, "
        "billed_through FROM rate_plan"
    )

    assert [
        ("rpl-1", "c-1", "USD", "cloud", "fixed_days", "2026-01-01", None, "2026-01-31")
    ] == rows(books, sql)


def test_packages_on_offer(books: Connection) -> None:
    """Each size of a price is a row; a price without packages has none."""
    tiers = PackageTier(5, Money(23_750, "EUR")), PackageTier(10, Money(45_000, "EUR"))
    offered = attrs.evolve(price(5000, date(2026, 1, 1)), tiers=tiers)
    catalog = Catalog("other", (offered, price(5500, date(2026, 11, 1))))
    SqlStore(books).commit(changes("k-3", records=(catalog,)))
    sql = (
        "SELECT catalog, service_line, level, minutes, valid_from, units, currency, price_minor, "
        "price FROM price_tier ORDER BY units"
    )
    key = "other", "maths", "secondary", 60, "2026-01-01"

    assert [(*key, 5, "EUR", 23_750, "237.50"), (*key, 10, "EUR", 45_000, "450.00")] == (
        rows(books, sql)
    )


def test_list_prices(books: Connection) -> None:
    """Each version is a row: its item, its dimensions as JSON, and how it is priced."""
    sql = (
        "SELECT price_list, currency, item, dimensions, model, included, valid_from FROM list_price"
    )
    ((*plain, dimensions),) = (
        (name, currency, item, model, included, str(since), json.loads(pairs))
        for name, currency, item, pairs, model, included, since in rows(books, sql)
    )

    assert ["cloud", "USD", "cluster", "per_unit", "0", "2026-01-01"] == plain
    assert [["size", "large"], ["use", "production"]] == dimensions


def test_credit_shows_where_it_went(books: Connection) -> None:
    """40.00 of 100.00 drawn, 10.00 back; what was revoked is not left; tokens have a price."""
    day = date(2026, 10, 5)
    euros = Grant(id="g-1", customer="c-1", amount=Money(10_000, "EUR"), granted_on=day)
    tokens = Grant(
        id="g-2",
        customer="c-1",
        amount=Money(5, "SESSION"),
        price=Money(500, "EUR"),
        granted_on=day,
        expires_on=date(2027, 1, 1),
    )
    line = Claim(id="l-1", on=day, amount=Money(4_000, "EUR"))
    drawn = draw(euros, line, line.amount, at=NOON)
    back = give_back(drawn.grant, "l-1", amount=Money(1_000, "EUR"), at=NOON).grant
    SqlStore(books).commit(changes("k-3", records=(back, revoke(tokens, at=NOON).grant)))
    grants = (
        "SELECT id, customer, status, granted_on, expires_on, priority, currency "
        "FROM credit_grant ORDER BY id"
    )
    amounts = (
        "SELECT granted, drawn, expired, remaining_minor, remaining, price "
        "FROM credit_grant ORDER BY id"
    )
    draws = (
        "SELECT credit_grant, nth, source, journal, on_date, currency, amount_minor, amount "
        "FROM credit_draw"
    )

    assert [
        ("g-1", "c-1", "active", "2026-10-05", None, 0, "EUR"),
        ("g-2", "c-1", "revoked", "2026-10-05", "2027-01-01", 0, "SESSION"),
    ] == rows(books, grants)
    assert [
        ("100.00", "30.00", "0.00", 7_000, "70.00", None),
        ("5", "0", "0", 0, "0", "5.00"),
    ] == rows(books, amounts)
    assert [("g-1", 1, "l-1", drawn.journal.id, "2026-10-05", "EUR", 4_000, "40.00")] == rows(
        books, draws
    )


def test_payments_and_what_went_back(books: Connection) -> None:
    """50.00 came in for an invoice of 40.00, and 1.00 went back; amounts are decimal text."""
    payment = Payment(
        id="pmt_1",
        customer="c-1",
        amount=Money(5000, "EUR"),
        method="gateway:stripe",
        status="partly_refunded",
        assignments=(Assignment("i-1", Money(4000, "EUR")),),
        object="pi_1",
        received_on=OCTOBER,
    )
    refund = Refund(
        id="rfd_1",
        payment="pmt_1",
        customer="c-1",
        amount=Money(100, "EUR"),
        method="gateway:stripe",
        status="done",
        asked_on=OCTOBER,
    )
    SqlStore(books).commit(changes("paid", at=hour(2), records=(payment, refund)))

    assert [("c-1", "partly_refunded", "pi_1", "50.00", 5000)] == rows(
        books, "SELECT customer, status, object, amount, amount_minor FROM payment"
    )
    assert [("pmt_1", "i-1", "40.00")] == rows(
        books, "SELECT payment, invoice, amount FROM payment_assignment"
    )
    assert [("pmt_1", "refund", "done", "1.00")] == rows(
        books, "SELECT payment, outcome, status, amount FROM refund"
    )


def card_rate(
    side: str, minor: Fraction, since: date, *, kind: str = "flight", supplier: str | None = None
) -> CardRate:
    """Return a rate for an hour from a day on."""
    key = RateKey(side=side, kind=kind, supplier=supplier)
    return CardRate(key, Rate(minor, "USD"), since)


SCHOOL = RateCard(
    "school",
    "USD",
    (
        card_rate("charge", Fraction(15_000), date(2026, 1, 1)),
        card_rate("pay", Fraction(12_000), date(2026, 1, 1)),
        card_rate("pay", Fraction(13_000), date(2026, 1, 1), supplier="una"),
    ),
)
LEASE = Leased(rate=Rate(Fraction(5000), "USD"), cost=Rate(Fraction(5000), "USD"), owner="olga")
PLANE = Rental("N123AB", (RentalTerms(LEASE, "flight", date(2026, 1, 1)),))


def test_completions_and_their_adjustment(books: Connection) -> None:
    """0.5 h cost 100.00, then 0.8 h 160.00: what each side has of it, and what was moved."""
    flight = Work(
        id="f-1",
        type="flight",
        customer="ana",
        supplier="tom",
        equipment="N123AB",
        quantities=quantities_of({"flight": Fraction(1, 2)}),
        completed_at=NOON,
        zone="UTC",
    )
    done = completions.complete(flight, card=SCHOOL, rental=PLANE)
    asked = adjust(
        done.completion,
        quantities_of({"flight": Fraction(4, 5)}),
        card=SCHOOL,
        key="hobbs",
        by="maria",
        reason="Hobbs meter",
        at=hour(2),
        approval=Approval((Money(10_000, "USD"),)),
    )
    store = SqlStore(books)
    store.commit(changes("done", at=hour(2), records=done.effects.records))
    totals = (
        "SELECT customer, supplier, equipment, owner, part, charge, pay, owner_share, margin, "
        "margin_minor FROM completion"
    )
    parties = "ana", "tom", "N123AB", "olga"

    assert [(*parties, 0, "100.00", "60.00", "25.00", "15.00", 1500)] == rows(books, totals)
    store.commit(
        changes(
            "adjusted",
            at=hour(2),
            records=asked.effects.records,
            expects=(Expect(Completion, "f-1", 1),),
        )
    )
    assert [(*parties, 1, "160.00", "96.00", "40.00", "24.00", 2400)] == rows(books, totals)
    assert [
        ("customer", "flight", "4/5", "120.00"),
        ("customer", "N123AB", "4/5", "40.00"),
        ("supplier", "flight", "4/5", "96.00"),
        ("owner", "N123AB", "4/5", "40.00"),
    ] == rows(books, "SELECT party, item, quantity, amount FROM completion_line ORDER BY nth")
    assert [("f-1", "applied", "maria", "-60.00", "36.00", "9.00")] == rows(
        books,
        "SELECT completion, status, requested_by, customer_delta, supplier_delta, platform_delta "
        "FROM adjustment",
    )
    assert [
        ("customer:ana", "-60.00"),
        ("supplier:tom", "36.00"),
        ("owner:olga", "15.00"),
        ("platform", "9.00"),
    ] == rows(books, "SELECT wallet, amount FROM adjustment_leg ORDER BY nth")


def test_rates_now_and_before(books: Connection) -> None:
    """From November an hour costs 160.00; the ratio of a rate is exact, whole ones are readable."""
    store = SqlStore(books)
    store.commit(changes("rates", at=hour(2), records=(SCHOOL, PLANE)))
    raised = card_rate("charge", Fraction(16_000), date(2026, 11, 1))
    third = card_rate("charge", Fraction(20_000, 3), date(2026, 11, 1), kind="ground")
    card = change_rate(SCHOOL, raised, on=OCTOBER).card
    card = change_rate(card, third, on=OCTOBER).card
    store.commit(
        changes(
            "raise",
            at=hour(3),
            records=(card,),
            expects=(Expect(RateCard, "school", 1),),
        )
    )
    rates = (
        "SELECT side, kind, supplier, valid_from, valid_until, rate_minor, rate FROM rate "
        "ORDER BY side, kind, valid_from, rate_minor"
    )
    changed = (
        "SELECT version, side, kind, valid_from, old_rate, rate, actor FROM rate_change "
        "WHERE version = 2 ORDER BY kind"
    )

    assert [
        ("charge", "flight", None, "2026-01-01", "2026-11-01", "15000", "150.00"),
        ("charge", "flight", None, "2026-11-01", None, "16000", "160.00"),
        ("charge", "ground", None, "2026-11-01", None, "20000/3", None),
        ("pay", "flight", None, "2026-01-01", None, "12000", "120.00"),
        ("pay", "flight", "una", "2026-01-01", None, "13000", "130.00"),
    ] == rows(books, rates)
    assert [
        (2, "charge", "flight", "2026-11-01", "150.00", "160.00", "tester"),
        (2, "charge", "ground", "2026-11-01", None, None, "tester"),
    ] == rows(books, changed)
    assert [(1, None), (1, None), (1, None)] == rows(
        books, "SELECT version, old_rate FROM rate_change WHERE version = 1"
    )
    assert [("N123AB", "leased", "flight", "2026-01-01", None, "olga", "50.00", "50.00")] == rows(
        books,
        "SELECT equipment, policy, counts, valid_from, valid_until, owner, rate, cost "
        "FROM rental_terms",
    )


def usd(minor: int) -> Money:
    """Return *minor* cents."""
    return Money(minor, "USD")


def test_transfers_and_what_came_back(books: Connection) -> None:
    """Of 72.00 for Tom 36.00 were clawed back; what is on its way back is not back yet."""
    moved = Transfer(
        id="trf_1",
        supplier="tom",
        role="owner",
        gateway="stripe",
        account="acct_1",
        pays="pay_1",
        amount=usd(7200),
        withheld=usd(60),
        instruction="ins_1",
        status="partly_reversed",
        object="tr_1",
        created_at=NOON,
        reversals=(
            Reversal(id="ins_2", amount=usd(3600), status="done", object="trr_1"),
            Reversal(id="ins_3", amount=usd(100)),
        ),
    )
    case = Clawback(
        id="clw_1",
        supplier="tom",
        amount=usd(3600),
        cause="adj_1",
        reason="1.5 h, not 1.8 h",
        shares=(Share("trf_1", usd(3600)),),
        method="stripe_reversal",
        on_wallet=True,
        requested_by="max",
        opened_at=NOON,
        status="executing",
        recovered=usd(600),
    )
    paid = BankPayout(
        id="bpo_1",
        gateway="stripe",
        object="po_1",
        amount=usd(5000),
        fee=Money(29, "EUR"),
        created_at=NOON,
    )
    one_percent = InstantFee(percent=Fraction(1, 100), minimum=usd(50))
    terms = PayoutTerm("USD", OCTOBER, one_percent), PayoutTerm("USD", date(2026, 11, 1))
    setting = PayoutSetting("pst_1", "tom", terms)
    SqlStore(books).commit(changes("out", at=hour(2), records=(moved, case, paid, setting)))

    assert [("tom", "partly_reversed", "72.00", "0.60", None, "36.00", 3600)] == rows(
        books,
        "SELECT supplier, status, amount, withheld, fee, reversed, reversed_minor FROM transfer",
    )
    assert [("done", "36.00"), ("pending", "1.00")] == rows(
        books, "SELECT status, amount FROM transfer_reversal WHERE transfer = 'trf_1' ORDER BY nth"
    )
    assert [("transfer", "owner"), ("clawback", "supplier")] == rows(
        books,
        "SELECT 'transfer', role FROM transfer UNION ALL SELECT 'clawback', role FROM clawback",
    )
    assert [("tom", "overpayment", "executing", "36.00", "6.00", "30.00")] == rows(
        books, "SELECT supplier, side, status, amount, recovered, rest FROM clawback"
    )
    assert [("clw_1", "trf_1", "36.00")] == rows(
        books, "SELECT clawback, transfer, amount FROM clawback_share"
    )
    assert [("stripe", "pending", "50.00", "USD", "0.29", "EUR")] == rows(
        books, "SELECT gateway, status, amount, currency, fee, fee_currency FROM bank_payout"
    )
    assert [("tom", "2026-10-01", "1/100", "0.50"), ("tom", "2026-11-01", None, None)] == rows(
        books, "SELECT supplier, valid_from, percent, minimum FROM payout_term ORDER BY nth"
    )


def test_limits_reconciliations_and_alerts(books: Connection) -> None:
    """A gateway reports 12.00 more than the books say; 5.00 on their way explain part of it."""
    flying = InFlight(
        reason="unbooked", id="stripe:pi_1", detail="charge done", amount=usd(500), since=NOON
    )
    found = Reconciliation(
        id="rec_1",
        gateway="stripe",
        currency="USD",
        on=OCTOBER,
        at=NOON,
        available=usd(4000),
        pending=usd(500),
        booked=usd(3300),
        items=(flying, attrs.evolve(flying, id="stripe:pi_2", amount=usd(900), overdue=True)),
        status="notice",
    )
    records = (
        CreditLimit(id="lim_1", customer="ana", amount=usd(50_000), charge_at="urgent"),
        Override(
            id="ovr_1",
            customer="ana",
            amount=usd(12_000),
            reference="f-2",
            reason="check ride",
            requested_by="maria",
            expires_at=hour(9),
        ),
        found,
        Alert(id="alr_1", kind="drift", subject="stripe/USD", severity="notice", opened_at=NOON),
    )
    SqlStore(books).commit(changes("control", at=hour(2), records=records))

    assert [("ana", "urgent", "500.00", None)] == rows(
        books, "SELECT customer, charge_at, amount, charge_target FROM credit_limit"
    )
    assert [("ana", "f-2", "requested", "120.00")] == rows(
        books, "SELECT customer, reference, status, amount FROM override"
    )
    assert [("stripe", "2026-10-01", "40.00", "5.00", "33.00", "5.00", "7.00", "notice")] == rows(
        books,
        "SELECT gateway, on_date, available, pending, booked, explained, drift, status "
        "FROM reconciliation",
    )
    assert [("stripe:pi_1", "unbooked", "5.00"), ("stripe:pi_2", "unbooked", "9.00")] == rows(
        books, "SELECT item, reason, amount FROM reconciliation_item ORDER BY nth"
    )
    assert [("drift", "stripe/USD", "notice", "open", 1, None)] == rows(
        books, "SELECT kind, subject, severity, status, openings, resolved_at FROM alert"
    )


def test_flags_are_booleans(books: Connection) -> None:
    """They stand in conditions as they are, in both databases."""
    sent = Transfer(
        id="trf_1",
        supplier="tom",
        gateway="stripe",
        account="acct_1",
        pays="pay_1",
        amount=usd(7200),
        instruction="ins_1",
        at_once=True,
    )
    case = Clawback(
        id="clw_1",
        supplier="tom",
        amount=usd(3600),
        cause="adj_1",
        reason="1.5 h, not 1.8 h",
        on_wallet=True,
        requested_by="max",
        opened_at=NOON,
        recovered=usd(0),
    )
    account = ConnectedAccount(
        id="stripe:acct_1",
        gateway="stripe",
        account="acct_1",
        supplier="tom",
        details_submitted=True,
        charges_enabled=True,
    )
    flying = InFlight(
        reason="unbooked", id="stripe:pi_1", detail="charge done", amount=usd(5), since=NOON
    )
    found = Reconciliation(
        id="rec_1",
        gateway="stripe",
        currency="USD",
        on=OCTOBER,
        at=NOON,
        available=usd(0),
        pending=usd(0),
        booked=usd(0),
        items=(attrs.evolve(flying, id="stripe:pi_2", overdue=True),),
        status="clean",
    )
    rates = (TaxRate(Fraction(21, 100), OCTOBER),)
    tax = Tax(id="t-1", code="VAT", rates=rates, inclusive=True)
    held = hold("h-1", "customer:c-1", "platform", 500, multi=True)
    SqlStore(books).commit(
        changes("flags", at=hour(2), records=(sent, case, account, found, tax), holds=(held,))
    )

    for view, condition in (
        ("transfer", "at_once AND NOT of_payout"),
        ("clawback", "on_wallet AND NOT fell_back"),
        ("connected_account", "details_submitted AND charges_enabled AND NOT payouts_enabled"),
        ("reconciliation_item", "overdue"),
        ("tax", "inclusive"),
        ("hold", "multi"),
    ):
        assert [(1,)] == rows(books, f"SELECT count(*) FROM {view} WHERE {condition}")
        assert [(0,)] == rows(books, f"SELECT count(*) FROM {view} WHERE NOT ({condition})")


def test_messages_wait(books: Connection) -> None:
    """Nothing was delivered yet."""
    sql = "SELECT id, topic, recipient, outcome, attempts FROM outbox_message"

    assert [("m-1", "notice.low_package", "c-1", "waiting", 0)] == rows(books, sql)


@pytest.mark.parametrize("name", list(views_of("sqlite")))
def test_every_view_can_be_read(books: Connection, name: str) -> None:
    """Each view gives rows with a tenant, or none."""
    assert {"default"} >= {tenant for (tenant,) in rows(books, f"SELECT tenant FROM {name}")}
