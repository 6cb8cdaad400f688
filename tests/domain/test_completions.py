"""Completions: work charged to everybody it concerns, with the figures of seed 002."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain import grants
from ledgerkit.domain.changes import Changes, Stale, changes_of, request
from ledgerkit.domain.completions import (
    Completion,
    CompletionLine,
    NotCounted,
    SupplierNeeded,
    Work,
    WorkQuantity,
    belate,
    complete,
    quantities_of,
    rated_anew,
    request_of,
    transfer,
)
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.ledger import (
    BadAddress,
    Event,
    InsufficientFunds,
    Limit,
    Wallet,
    net_of,
    period_of,
)
from ledgerkit.domain.money import CurrencyMismatch, Rate
from ledgerkit.domain.periods import Period, UnknownZone
from ledgerkit.domain.pricing import rated
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, NoRate, RateCard, RateKey
from ledgerkit.domain.rentals import (
    Bundled,
    BundleShare,
    Leased,
    NoRental,
    Owned,
    RentalPolicy,
    ThirdParty,
)
from tests.domain.flight_school import (
    CARD,
    FOUR_LEGS_CARD,
    FOUR_LEGS_RENTAL,
    JANUARY,
    NOON,
    PLANE,
    amounts,
    flight,
    flown,
    hourly,
    hours,
    rate,
    rental,
    usd,
)


def legs(work: Work, policy: RentalPolicy | None = None, card: RateCard = CARD) -> dict[str, str]:
    """Return what charging *work* moves, with equipment on terms of *policy*."""
    if policy is None:
        return amounts(complete(work, card=card).completion.legs)
    used = attrs.evolve(work, equipment=PLANE)
    return amounts(complete(used, card=card, rental=rental(policy)).completion.legs)


# ---- examples --------------------------------------------------------------------------------
def test_a_flight_is_charged() -> None:
    """Half an hour: student -100.00, instructor +60.00, platform +40.00. (seed 002)"""
    completed = complete(flight(), card=CARD)

    assert completed.journal is not None
    assert {"customer:ana": "-100.00", "supplier:tom": "+60.00", "platform": "+40.00"} == amounts(
        completed.journal.entries
    )
    assert (usd("100"), usd("60"), usd("40")) == (
        completed.completion.charge,
        completed.completion.payouts,
        completed.margin,
    )


def test_its_journal() -> None:
    """One journal, which counts from the end of the flight and claims it."""
    completed = complete(flight(), card=CARD)
    journal = completed.journal

    assert journal is not None
    assert ("completion.charged", Event("flight", "f-1"), NOON, None) == (
        journal.kind,
        journal.event,
        journal.effective_at,
        journal.forced_by,
    )
    assert completed.completion.journal == journal.id
    assert journal.id.startswith("jrn_20261005_")
    assert complete(flight(), card=CARD) == completed


def test_hours_by_kind() -> None:
    """1.5 h of flight and 0.5 h on the ground: 330.00 charged, 202.50 paid, 127.50 kept."""
    work = flight(quantities=hours(Decimal("1.5"), ground=Decimal("0.5")))
    completion = complete(work, card=CARD).completion

    assert [
        ("customer", "flight", usd("300")),
        ("customer", "ground", usd("30")),
        ("supplier", "flight", usd("180")),
        ("supplier", "ground", usd("22.50")),
    ] == [(line.party, line.item, line.rated.amount) for line in completion.lines]
    assert usd("127.50") == completion.margin


def test_each_line_is_rounded_once_and_says_how() -> None:
    """0.1 h at 133.35 are 13.335 and become 13.34. (billing 0.1, 0.9)"""
    card = RateCard("odd", "USD", (rate(CHARGE, "flight", "133.35"), rate(PAY, "flight", "80")))
    line = complete(flight(Decimal("0.1")), card=card).completion.lines[0]

    assert usd("13.34") == line.rated.amount
    assert ("unrounded", "2667/2") in line.rated.trace


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Owned(hourly("120")), {"customer:ana": "-120.00", "platform": "+120.00"}),
        (
            Leased(rate=hourly("120"), cost=hourly("90"), owner="olga"),
            {"customer:ana": "-120.00", "owner:olga": "+90.00", "platform": "+30.00"},
        ),
        (
            ThirdParty(rate=hourly("120"), fee=Fraction(1, 20), owner="olga"),
            {"customer:ana": "-126.00", "owner:olga": "+120.00", "platform": "+6.00"},
        ),
        (
            Leased(rate=hourly("80"), cost=hourly("90"), owner="olga"),
            {"customer:ana": "-80.00", "owner:olga": "+90.00", "platform": "-10.00"},
        ),
    ],
)
def test_a_solo_flight_charges_the_plane(policy: RentalPolicy, expected: dict[str, str]) -> None:
    """Owned, leased and somebody else's; a lease above the rent is the platform's loss. (9)"""
    assert expected == legs(flight(1, supplier=None), policy)


def test_what_the_supplier_earned_is_transferred() -> None:
    """60.00 of the 100.00 to the instructor's account; a solo or unpaid flight has no transfer."""
    done = complete(flight(), card=CARD)
    made = transfer(done, account="acct_tom", gateway="stripe", at=NOON)
    unpaid = complete(flight(Fraction(0)), card=CARD)
    solo = complete(
        flight(supplier=None, equipment=PLANE), card=CARD, rental=rental(Owned(hourly("90")))
    )

    assert made is not None
    assert (usd("60.00"), "tom", "f-1", "acct_tom") == (
        made.transfer.amount,
        made.transfer.supplier,
        made.transfer.pays,
        made.transfer.account,
    )
    assert [None, None] == [
        transfer(each, account="acct_tom", gateway="stripe", at=NOON) for each in (unpaid, solo)
    ]


def test_four_parties() -> None:
    """-100.00, +60.00 instructor, +25.00 owner, +15.00 platform. (billing 9)"""
    completed = complete(flight(equipment=PLANE), card=FOUR_LEGS_CARD, rental=FOUR_LEGS_RENTAL)

    assert {
        "customer:ana": "-100.00",
        "supplier:tom": "+60.00",
        "owner:olga": "+25.00",
        "platform": "+15.00",
    } == amounts(completed.completion.legs)
    assert ("olga", usd("85")) == (completed.completion.owner, completed.completion.payouts)
    assert ["customer:ana", "supplier:tom", "owner:olga", "platform"] == [
        wallet.id for wallet in completed.effects.opens
    ]


BUNDLE = Bundled(
    rate=hourly("300"),
    shares=(
        BundleShare("equipment", Fraction(3), "owner"),
        BundleShare("instruction", Fraction(2)),
        BundleShare("fuel", Fraction(1)),
    ),
    includes=("flight",),
    owner="olga",
)


def test_a_bundle_with_pay_from_the_card() -> None:
    """300.00 for all: 150.00 to the owner, 120.00 of pay, and ground is charged beside it."""
    work = flight(quantities=hours(1, ground=1))

    assert {
        "customer:ana": "-360.00",
        "supplier:tom": "+165.00",
        "owner:olga": "+150.00",
        "platform": "+45.00",
    } == legs(work, BUNDLE)


def test_a_bundle_with_a_share_for_the_supplier() -> None:
    """100.00 of the 300.00 are the pay, whatever the card says."""
    shares = tuple(
        attrs.evolve(share, to="supplier") if share.name == "instruction" else share
        for share in BUNDLE.shares
    )
    shared = attrs.evolve(BUNDLE, shares=shares)

    assert {
        "customer:ana": "-300.00",
        "supplier:tom": "+100.00",
        "owner:olga": "+150.00",
        "platform": "+50.00",
    } == legs(flight(1), shared)
    with pytest.raises(SupplierNeeded, match="has 'instruction' and no supplier"):
        legs(flight(1, supplier=None), shared)


def test_a_bundle_flown_alone() -> None:
    """What is included needs no supplier."""
    both = attrs.evolve(BUNDLE, includes=("flight", "ground"))
    work = flight(quantities=hours(1, ground=1), supplier=None)

    assert {"customer:ana": "-300.00", "owner:olga": "+150.00", "platform": "+150.00"} == legs(
        work, both
    )


def test_nothing_to_charge_posts_nothing() -> None:
    """0 h are on record without a journal; wallets are opened all the same."""
    completed = complete(flight(0), card=CARD)

    assert (None, None, ()) == (
        completed.journal,
        completed.completion.journal,
        completed.effects.journals,
    )
    assert (completed.completion,) == completed.effects.records


def test_the_rates_of_the_local_day() -> None:
    """Noon in UTC is 7 p.m. in Honolulu the day before: the old rate holds there."""
    since = rate(CHARGE, "flight", "220", date(2026, 10, 5))
    card = RateCard("school", "USD", (*CARD.rates, since))
    early = datetime(2026, 10, 5, 5, tzinfo=UTC)
    there, here = (
        complete(flight(1, completed_at=early, zone=zone), card=card).completion
        for zone in ("Pacific/Honolulu", "Europe/Madrid")
    )

    assert (date(2026, 10, 4), usd("200")) == (there.on, there.charge)
    assert (date(2026, 10, 5), usd("220")) == (here.on, here.charge)
    assert since in here.rates


def test_a_flight_told_late() -> None:
    """The books of October are closed: it counts now, names October, and keeps its rates."""
    november = datetime(2026, 11, 3, 9, tzinfo=UTC)
    on_time = complete(flight(), card=CARD)
    late = belate(on_time, period=Period.month(2026, 10), at=november)

    assert late.journal is not None
    assert on_time.journal is not None
    assert (november, Period.month(2026, 10)) == (
        late.journal.effective_at,
        period_of(late.journal),
    )
    assert (on_time.completion, on_time.journal.entries) == (late.completion, late.journal.entries)
    nothing = complete(flight(0), card=CARD)
    assert nothing == belate(nothing, period=Period.month(2026, 10), at=november)


# ---- refusals --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("build", "error", "says"),
    [
        (
            lambda: complete(flight(quantities=hours(1, landing=1)), card=CARD),
            NoRate,
            "no rate for landing (charge, customer=ana, supplier=tom) on 2026-10-05",
        ),
        (
            lambda: complete(flight(equipment=PLANE), card=CARD),
            NoRental,
            "no rental terms for 'N123AB' on 2026-10-05",
        ),
        (
            lambda: complete(
                flight(quantities=quantities_of({"ground": 1}), equipment=PLANE),
                card=CARD,
                rental=FOUR_LEGS_RENTAL,
            ),
            NotCounted,
            "used 'N123AB', which is rented by 'flight'; tell how much of it, 0 for none",
        ),
        (
            lambda: complete(flight(supplier=None), card=CARD),
            SupplierNeeded,
            "work 'f-1' has 'flight' and no supplier; name who did it",
        ),
        (
            lambda: legs(
                flight(quantities=hours(1, ground=1), supplier=None), Owned(hourly("120"))
            ),
            SupplierNeeded,
            "work 'f-1' has 'ground' and no supplier",
        ),
        (
            lambda: legs(flight(), Owned(Rate(Fraction(1), "EUR"))),
            CurrencyMismatch,
            "0.00 USD does not combine with 0.00 EUR",
        ),
        (
            lambda: complete(flight(equipment="N9"), card=CARD, rental=FOUR_LEGS_RENTAL),
            ValueError,
            "used 'N9' (got the rental of 'N123AB')",
        ),
        (
            lambda: rated_anew(flown(), hours(1), card=attrs.evolve(CARD, id="other")),
            ValueError,
            "completion 'f-1' is priced by 'school' (got 'other')",
        ),
    ],
)
def test_what_cannot_be_priced(build: Any, error: type[Exception], says: str) -> None:
    """A hole in the rates is an error, never a flight for nothing. (billing C-10)"""
    with pytest.raises(error) as refused:
        build()

    assert says in str(refused.value)


# ---- storing ---------------------------------------------------------------------------------
def stored(store: MemoryStore, *decisions: Any, key: str = "completion/f-1") -> None:
    """Store *decisions* in one commit."""
    changes = changes_of(
        *decisions, key=key, request=request("test"), actor="desk", reason="flown", at=NOON
    )
    store.commit(changes)


def test_other_decisions_are_stored_in_the_same_commit() -> None:
    """Credit for 250.00 sold with the flight: all or nothing, shared wallets opened once."""
    credit = Grant(
        id="g-1",
        customer="ana",
        amount=usd("250"),
        price=usd("250"),
        granted_on=date(2026, 10, 5),
    )
    bought = grants.buy(credit, at=NOON)
    store = MemoryStore()
    stored(store, complete(flight(), card=CARD), bought)

    assert -35_000 == store.balance("customer:ana", "USD").posted
    assert (1, 1) == (
        len(store.history(Completion, "f-1")),
        len(store.history(Grant, "g-1")),
    )
    with pytest.raises(Stale):
        stored(store, complete(flight(id="f-2"), card=CARD), bought, key="2")
    assert None is store.load(Completion, "f-2")


def test_a_credit_limit_is_left_as_it_is() -> None:
    """A customer who may owe 50.00 is not charged 100.00, unless somebody answers for it."""
    store = MemoryStore()
    limited = Wallet("customer:ana", (Limit("USD", floor=-5_000),))
    store.commit(
        Changes(key="1", request=request("open"), actor="x", reason="x", at=NOON, opens=(limited,))
    )
    with pytest.raises(InsufficientFunds):
        stored(store, complete(flight(), card=CARD))
    stored(store, complete(flight(), card=CARD, forced_by="olga"))

    assert limited == store.wallet("customer:ana")
    assert -10_000 == store.balance("customer:ana", "USD").posted


def test_requests_tell_all_that_was_asked() -> None:
    """So that another flight under the same id is noticed, field by field."""
    then = request_of(flight(), card="school")
    now = request_of(flight(1, equipment=PLANE), card="other")

    assert then == request_of(complete(flight(), card=CARD).completion, card="school")
    assert (
        ("card", "school", "other"),
        ("equipment", None, PLANE),
        ("quantities", "flight 1/2", "flight 1"),
    ) == then.differing(now)


# ---- laws ------------------------------------------------------------------------------------
RATES = st.fractions(0, 10**6)
HOURS = st.fractions(0, 50)
POLICIES: st.SearchStrategy[RentalPolicy] = st.one_of(
    st.builds(lambda per: Owned(Rate(per, "USD")), RATES),
    st.builds(
        lambda per, cost: Leased(rate=Rate(per, "USD"), cost=Rate(cost, "USD"), owner="olga"),
        RATES,
        RATES,
    ),
    st.builds(
        lambda per, fee: ThirdParty(rate=Rate(per, "USD"), fee=fee, owner="olga"),
        RATES,
        st.fractions(0, 1),
    ),
    st.builds(lambda per: attrs.evolve(BUNDLE, rate=Rate(per, "USD")), RATES),
)


def card_of(charge: Fraction, pay: Fraction) -> RateCard:
    """Return a card that charges and pays so much for flight and half of it on the ground."""
    return RateCard(
        "law",
        "USD",
        tuple(
            CardRate(RateKey(side=side, kind=kind), Rate(per * share, "USD"), JANUARY)
            for side, per in ((CHARGE, charge), (PAY, pay))
            for kind, share in (("flight", Fraction(1)), ("ground", Fraction(1, 2)))
        ),
    )


@given(RATES, RATES, HOURS, HOURS, st.none() | POLICIES)
def test_legs_sum_to_zero(
    charge: Fraction,
    pay: Fraction,
    flight_: Fraction,
    ground: Fraction,
    policy: RentalPolicy | None,
) -> None:
    """For any rates, hours and equipment; and margin = charge - payouts. (seed 002)"""
    work = flight(
        quantities=hours(flight_, ground=ground), equipment=None if policy is None else PLANE
    )
    terms = None if policy is None else rental(policy)
    completion = complete(work, card=card_of(charge, pay), rental=terms).completion
    net = net_of(completion.legs)

    assert 0 == sum(net.values())
    assert completion.margin == completion.charge - completion.payouts
    assert (-completion.charge.minor, completion.margin.minor) == (
        net["customer:ana", "USD"],
        net["platform", "USD"],
    )
    assert completion.total("owner").minor == net["owner:olga", "USD"]
    assert all(abs(line.rated.amount.minor - line.rated.unrounded) < 1 for line in completion.lines)


@given(RATES, RATES, HOURS, HOURS, POLICIES)
def test_rated_anew_is_as_if_completed_so(
    charge: Fraction, pay: Fraction, before: Fraction, after: Fraction, policy: RentalPolicy
) -> None:
    """Telling other hours comes to what telling them at once would have."""
    card, terms = card_of(charge, pay), rental(policy)
    first = complete(flight(before, equipment=PLANE), card=card, rental=terms).completion
    meant = complete(flight(after, equipment=PLANE), card=card, rental=terms).completion

    assert meant.legs == rated_anew(first, hours(after), card=card).legs
    assert first.lines == rated_anew(first, hours(before), card=card).lines


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": ""}, ValueError, "event id"),
        ({"type": ""}, ValueError, "event type"),
        ({"customer": None}, TypeError, "customer"),
        ({"customer": "a:b"}, BadAddress, "customer:a:b"),
        ({"supplier": 7}, TypeError, "supplier"),
        ({"supplier": "a b"}, BadAddress, "supplier:a b"),
        ({"equipment": " "}, ValueError, "equipment"),
        ({"quantities": [*hours(1)]}, TypeError, "tuple of WorkQuantity"),
        ({"quantities": (("flight", 1),)}, TypeError, "tuple of WorkQuantity"),
        ({"quantities": ()}, ValueError, "one at least"),
        ({"quantities": hours(1) * 2}, ValueError, "each kind once"),
        ({"quantities": hours(1, ground=1)[::-1]}, ValueError, "sorted"),
        ({"completed_at": datetime(2026, 10, 5)}, ValueError, "no time zone"),  # noqa: DTZ001
        ({"completed_at": date(2026, 10, 5)}, TypeError, "must be a datetime"),
        ({"zone": "Mars"}, UnknownZone, "Mars"),
    ],
)
def test_work_is_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Names, exact quantities by kind, an instant and a zone."""
    with pytest.raises(kind, match=says):
        flight(**fields)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        (("", Fraction(1)), ValueError, "kind of work"),
        (("flight", 1), TypeError, "must be a Fraction"),
        (("flight", 1.5), TypeError, "must be a Fraction"),
        (("flight", True), TypeError, "must be a Fraction"),
        (("flight", Fraction(-1)), ValueError, "must not be negative"),
    ],
)
def test_quantities_are_checked(fields: tuple[Any, ...], kind: type[Exception], says: str) -> None:
    """Exact and not below zero."""
    with pytest.raises(kind, match=says):
        WorkQuantity(*fields)
    with pytest.raises(TypeError, match="flight must be an int"):
        quantities_of({"flight": 1.5})  # type: ignore[dict-item]


ONE = rated(Fraction(100), "USD", quantity=Fraction(1))


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"party": "platform"}, ValueError, "customer, supplier or owner"),
        ({"item": ""}, ValueError, "item of a line"),
        ({"rated": usd("1")}, TypeError, "is Rated"),
        (
            {"rated": rated(Fraction(-1), "USD", quantity=Fraction(1))},
            ValueError,
            "not below zero",
        ),
    ],
)
def test_lines_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Of a party, for something, not below zero."""
    given_: dict[str, Any] = {"party": "customer", "item": "flight", "rated": ONE}
    with pytest.raises(kind, match=says):
        CompletionLine(**(given_ | fields))


EURO = rated(Fraction(100), "EUR", quantity=Fraction(1))


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"card": ""}, ValueError, "rate card of a completion"),
        ({"currency": "usd"}, ValueError, "code of a currency"),
        ({"currency": None}, ValueError, "code of a currency"),
        ({"on": NOON}, TypeError, "day of a completion"),
        ({"rates": [*CARD.rates]}, TypeError, "tuple of CardRate"),
        ({"lines": ("line",)}, TypeError, "tuple of CompletionLine"),
        ({"equipment": PLANE}, ValueError, "terms if it used equipment"),
        ({"terms": FOUR_LEGS_RENTAL.terms[0]}, ValueError, "terms if it used equipment"),
        (
            {"lines": (CompletionLine(party="customer", item="x", rated=EURO),)},
            ValueError,
            "is in USD; a line of it is not",
        ),
        (
            {"lines": (CompletionLine(party="owner", item="x", rated=ONE),)},
            ValueError,
            "has no owner to earn 'x'",
        ),
        ({"supplier": None}, ValueError, "has no supplier to earn 'flight'"),
        ({"journal": ""}, ValueError, "journal of a completion"),
        ({"part": -1}, ValueError, "counts from 0"),
        ({"part": True}, ValueError, "counts from 0"),
    ],
)
def test_completions_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Lines of one currency, each of a party that is there."""
    with pytest.raises(kind, match=says):
        attrs.evolve(flown(), **fields)
