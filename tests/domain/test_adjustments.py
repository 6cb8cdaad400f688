"""Adjustments: what was done is told anew and the difference posted, large ones by two people."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.access import ApproverIsRequester
from ledgerkit.domain.adjustments import (
    APPLIED,
    APPROVED,
    FOUR_EYES_ABOVE_50,
    OVERCHARGE,
    OVERPAYMENT,
    PENDING_APPROVAL,
    PROPOSED,
    REJECTED,
    UNCHANGED,
    UNDERCHARGE,
    UNDERPAYMENT,
    Adjusted,
    Adjustment,
    Approval,
    ApprovalNeeded,
    NothingToAdjust,
    Superseded,
    Tally,
    adjust,
    adjustment_id,
    apply,
    approval_queue,
    approve,
    propose,
    recent,
    reject,
    submit,
    tally,
)
from ledgerkit.domain.completions import Completion, complete
from ledgerkit.domain.ledger import Entry, Event, corrects, net_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateCard, RateKey, change_rate
from ledgerkit.domain.rentals import ThirdParty
from ledgerkit.domain.statements import month_summary
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

LATER = NOON + timedelta(days=1)
ASKED: dict[str, Any] = {
    "card": CARD,
    "key": "hobbs",
    "by": "maria",
    "reason": "Hobbs meter correction",
    "at": LATER,
}
NO_LIMIT = Approval((usd("1000000000"),))


def proposed(after: Any, of: Completion | None = None, **fields: Any) -> Adjustment:
    """Return the proposal that a flight of 1.5 h took *after* hours."""
    return propose(of or flown(), hours(after), **(ASKED | fields)).adjustment


def waiting(after: Any = 2, of: Completion | None = None, **fields: Any) -> Adjustment:
    """Return it as it waits for approval."""
    return submit(proposed(after, of, **fields)).adjustment


# ---- examples --------------------------------------------------------------------------------
def test_hours_corrected_upwards() -> None:
    """1.5 -> 1.8 h: customer -60.00, supplier +36.00, platform +24.00. (billing 9)"""
    adjustment = proposed(Decimal("1.8"))

    assert {
        "customer:ana": "-60.00",
        "supplier:tom": "+36.00",
        "platform": "+24.00",
    } == amounts(adjustment.deltas)
    assert (usd("-60"), usd("36"), usd("60")) == (
        adjustment.customer_delta,
        adjustment.supplier_delta,
        adjustment.largest,
    )
    assert (UNDERCHARGE, UNDERPAYMENT) == (adjustment.customer_side, adjustment.supplier_side)
    assert (hours(Fraction(3, 2)), hours(Decimal("1.8"))) == (adjustment.before, adjustment.after)


def test_hours_corrected_downwards() -> None:
    """1.5 -> 1.3 h: the customer was charged 40.00 too much, the supplier paid 24.00 too much."""
    adjustment = proposed(Decimal("1.3"))

    assert {
        "customer:ana": "+40.00",
        "supplier:tom": "-24.00",
        "platform": "-16.00",
    } == amounts(adjustment.deltas)
    assert (OVERCHARGE, OVERPAYMENT) == (adjustment.customer_side, adjustment.supplier_side)


def test_the_difference_is_one_small_journal() -> None:
    """It counts from now, names what it corrects, and claims its place among the adjustments."""
    adjusted = adjust(flown(), hours(Decimal("1.7")), **ASKED)
    journal = adjusted.journal

    assert journal is not None
    assert ("completion.adjusted", LATER, Event("flight", "f-1", "adjusted:1")) == (
        journal.kind,
        journal.effective_at,
        journal.event,
    )
    assert flown().journal == corrects(journal)
    assert dict(journal.metadata)["adjustment"] == adjusted.adjustment.id
    assert (journal.id, APPLIED) == (adjusted.adjustment.journal, adjusted.adjustment.status)
    assert (journal,) == adjusted.effects.journals


def test_the_completion_afterwards() -> None:
    """It says what was done by now, and how often it was adjusted; its first journal stays."""
    before = flown()
    adjusted = adjust(before, hours(Decimal("1.7")), **ASKED)

    assert adjusted.completion is not None
    assert (hours(Decimal("1.7")), 1, before.journal) == (
        adjusted.completion.quantities,
        adjusted.completion.part,
        adjusted.completion.journal,
    )
    assert usd("340") == adjusted.completion.charge
    assert (adjusted.adjustment, adjusted.completion) == adjusted.effects.records


def test_down_to_nothing() -> None:
    """A flight that did not take place: everybody's share goes back."""
    adjusted = adjust(flown(), hours(0), **ASKED, approval=NO_LIMIT)

    assert adjusted.journal is not None
    assert {
        "customer:ana": "+300.00",
        "supplier:tom": "-180.00",
        "platform": "-120.00",
    } == amounts(adjusted.journal.entries)
    assert adjusted.completion is not None
    assert () == adjusted.completion.legs


def test_up_from_nothing() -> None:
    """A flight told as 0 h had no journal to correct; it is charged all the same."""
    adjusted = adjust(flown(0), hours(Fraction(1, 10)), **ASKED)

    assert adjusted.journal is not None
    assert None is corrects(adjusted.journal)
    assert {"customer:ana": "-20.00", "supplier:tom": "+12.00", "platform": "+8.00"} == amounts(
        adjusted.journal.entries
    )


def test_at_the_rates_that_priced_it() -> None:
    """A rate that changed since, even on the same day, reprices nothing; ground is new to it."""
    raised = change_rate(
        CARD, rate(CHARGE, "flight", "500", date(2026, 10, 5)), on=date(2026, 10, 5)
    )
    asked: dict[str, Any] = ASKED | {"card": raised.card}

    assert {
        "customer:ana": "-60.00",
        "supplier:tom": "+36.00",
        "platform": "+24.00",
    } == amounts(propose(flown(), hours(Decimal("1.8")), **asked).adjustment.deltas)
    both = propose(flown(), hours(Fraction(3, 2), ground=1), **asked).adjustment
    assert {"customer:ana": "-60.00", "supplier:tom": "+45.00", "platform": "+15.00"} == amounts(
        both.deltas
    )


def test_the_owner_gets_a_difference_as_well() -> None:
    """0.3 h more of a plane that is somebody else's: 36.00 passed on, and 1.80 of fee."""
    terms = rental(ThirdParty(rate=hourly("120"), fee=Fraction(1, 20), owner="olga"))
    solo = complete(
        flight(Fraction(3, 2), supplier=None, equipment=PLANE), card=CARD, rental=terms
    ).completion
    adjustment = proposed(Decimal("1.8"), solo)

    assert {"customer:ana": "-37.80", "owner:olga": "+36.00", "platform": "+1.80"} == amounts(
        adjustment.deltas
    )
    assert (usd("0"), UNCHANGED) == (adjustment.supplier_delta, adjustment.supplier_side)


def test_no_money_moves_where_work_is_free() -> None:
    """It is on record without a journal, and needs no approval."""
    free = RateCard("free", "EUR", tuple(_at_zero(each) for each in CARD.rates))
    before = complete(flight(), card=free).completion
    asked: dict[str, Any] = ASKED | {"card": free}
    adjusted = adjust(before, hours(1), **asked)

    assert (APPLIED, None, ()) == (
        adjusted.adjustment.status,
        adjusted.journal,
        adjusted.effects.journals,
    )
    assert adjusted.completion is not None
    assert 1 == adjusted.completion.part


def _at_zero(each: CardRate) -> CardRate:
    return attrs.evolve(each, rate=Rate(Fraction(0), "EUR"))


def test_ids_are_of_completion_and_key() -> None:
    """Asked again under the same key it is the same adjustment."""
    assert adjustment_id(flown(), "hobbs") == proposed(2).id == proposed(1).id
    assert proposed(2).id != proposed(2, key="again").id
    assert proposed(2).id != proposed(2, flown(id="f-2")).id
    with pytest.raises(ValueError, match="key of an adjustment"):
        proposed(2, key="")


# ---- approval --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (Fraction(1, 4), False),  # 50.00
        (Fraction(5001, 20_000), True),  # 50.01
        (Fraction(1, 5), False),  # 40.00
        (Fraction(3, 10), True),  # 60.00
        (Fraction(-1, 4), False),
        (Fraction(-5001, 20_000), True),
    ],
)
def test_approval_above_fifty(more: Fraction, expected: bool) -> None:
    """The largest leg decides, strictly above 50.00, in either direction. (C-19)"""
    after = Fraction(3, 2) + more

    assert expected == FOUR_EYES_ABOVE_50.needed(proposed(after))
    adjusted = adjust(flown(), hours(after), **ASKED)
    assert (PENDING_APPROVAL if expected else APPLIED) == adjusted.adjustment.status
    assert expected == (adjusted.completion is None)


def test_limits_are_per_currency() -> None:
    """50.00 dollars say nothing about yen: without a limit of their own they always wait."""
    yen = RateCard(
        "yen",
        "JPY",
        tuple(attrs.evolve(each, rate=Rate(Fraction(100), "JPY")) for each in CARD.rates[:2]),
    )
    # Charge and pay are alike, so that only customer and supplier move: 50 yen.
    of_yen = complete(flight(1), card=yen).completion
    asked: dict[str, Any] = ASKED | {"card": yen}
    small = propose(of_yen, hours(Fraction(3, 2)), **asked).adjustment

    assert FOUR_EYES_ABOVE_50.needed(small)
    assert not Approval((Money(50, "JPY"),)).needed(small)
    assert Approval((Money(49, "JPY"),)).needed(small)


def test_a_second_person_approves_and_it_is_applied() -> None:
    """Proposed by Maria, approved by Pedro, posted once."""
    approved = approve(waiting(), flown(), by="pedro").adjustment
    applied = apply(approved, flown(), at=LATER)

    assert (APPROVED, "pedro", None) == (approved.status, approved.approved_by, approved.journal)
    assert (APPLIED, "pedro") == (applied.adjustment.status, applied.adjustment.approved_by)
    assert applied.journal is not None
    assert "-100.00" == amounts(applied.journal.entries)["customer:ana"]
    with pytest.raises(IllegalTransition, match="adjustment is applied; apply needs"):
        apply(applied.adjustment, flown(), at=LATER)


def test_four_eyes() -> None:
    """Who asked does not approve, unless the business says so."""
    with pytest.raises(ApproverIsRequester) as refused:
        approve(waiting(), flown(), by="maria")
    alone = approve(waiting(), flown(), by="maria", approval=Approval(four_eyes=False))

    assert f"adjustment {waiting().id!r} was asked for by 'maria'; somebody else approves it" == (
        str(refused.value)
    )
    assert APPROVED == alone.adjustment.status


def test_a_large_proposal_is_not_applied_at_once() -> None:
    """It says what moves and what may; what waits or was turned down is not applied either."""
    with pytest.raises(ApprovalNeeded) as refused:
        apply(proposed(2), flown(), at=LATER)
    assert "moves 100.00 USD, and at most 50.00 USD may be moved at once" in (str(refused.value))
    with pytest.raises(ApprovalNeeded, match="and without approval nothing may be moved at once"):
        apply(proposed(2), flown(), at=LATER, approval=Approval(()))
    with pytest.raises(IllegalTransition, match="adjustment is pending_approval; apply needs"):
        apply(waiting(), flown(), at=LATER)
    turned_down = reject(waiting()).adjustment
    assert REJECTED == turned_down.status
    with pytest.raises(IllegalTransition, match="adjustment is rejected; approve needs"):
        approve(turned_down, flown(), by="pedro")


def test_an_older_decision_is_superseded() -> None:
    """Two adjustments of one flight: the second was decided before the first was applied."""
    first = adjust(flown(), hours(Decimal("1.7")), **ASKED).completion
    assert first is not None
    approved = approve(waiting(), flown(), by="pedro").adjustment
    with pytest.raises(Superseded) as refused:
        approve(waiting(), first, by="pedro")
    for each in (approved, proposed(Decimal("1.6"))):
        with pytest.raises(Superseded):
            apply(each, first, at=LATER)

    assert (0, 1) == (refused.value.base, refused.value.part)
    assert "was decided when 'f-1' had been adjusted 0 time(s), and it is 1 by now" in (
        str(refused.value)
    )
    again: dict[str, Any] = ASKED | {"key": "2"}
    anew = adjust(first, hours(Decimal("1.8")), **again)
    assert usd("-20") == anew.adjustment.customer_delta


def test_of_one_completion_only() -> None:
    """An adjustment of one flight does not fit another."""
    with pytest.raises(ValueError, match="is of 'f-1', not 'f-2'"):
        approve(waiting(), flown(id="f-2"), by="pedro")


def test_nothing_to_adjust() -> None:
    """The quantities are what they were."""
    with pytest.raises(NothingToAdjust, match="completion 'f-1' says so already"):
        proposed(Fraction(3, 2))


def test_who_allows_the_charge_is_on_the_journal() -> None:
    """A correction above the credit limit takes somebody who answers for it."""
    adjusted = adjust(flown(), hours(Decimal("1.6")), **ASKED, forced_by="olga")

    assert adjusted.journal is not None
    assert "olga" == adjusted.journal.forced_by


# ---- views -----------------------------------------------------------------------------------
SMALL = adjust(flown(id="f-2"), hours(Decimal("1.4")), **ASKED).adjustment
NEWER = waiting(of=flown(id="f-3"), at=LATER + timedelta(hours=1))
EURO = attrs.evolve(
    SMALL,
    id="adj_euro",
    currency="EUR",
    deltas=tuple(Entry(e.wallet, Money(e.amount.minor, "EUR")) for e in SMALL.deltas),
)
ALL = (NEWER, SMALL, waiting(), EURO)


def test_approval_queue() -> None:
    """Oldest first, and only what waits."""
    assert (waiting(), NEWER) == approval_queue(ALL)


def test_recent_history() -> None:
    """Newest first."""
    assert NEWER == recent(ALL, limit=1)[0]
    assert (NEWER, *sorted(ALL[1:], key=lambda each: each.id, reverse=True)) == recent(ALL, limit=9)
    for limit in (0, True):
        with pytest.raises(ValueError, match="a limit is a whole number from 1"):
            recent(ALL, limit=limit)


def test_tally() -> None:
    """Two waiting underpayments of 60.00 each; two applied overpayments in two currencies."""
    assert (
        Tally(
            currency="EUR",
            status=APPLIED,
            supplier_side=OVERPAYMENT,
            count=1,
            customers=Money(2_000, "EUR"),
            suppliers=Money(-1_200, "EUR"),
        ),
        Tally(
            currency="USD",
            status=APPLIED,
            supplier_side=OVERPAYMENT,
            count=1,
            customers=usd("20"),
            suppliers=usd("-12"),
        ),
        Tally(
            currency="USD",
            status=PENDING_APPROVAL,
            supplier_side=UNDERPAYMENT,
            count=2,
            customers=usd("-200"),
            suppliers=usd("120"),
        ),
    ) == tally(ALL)
    assert () == tally(())


def test_a_month_of_flights() -> None:
    """Charged 100.00, of which 60.00 and 25.00 are paid out: 15.00 are kept, and 3.00 of 0.1 h."""
    completed = complete(flight(equipment=PLANE), card=FOUR_LEGS_CARD, rental=FOUR_LEGS_RENTAL)
    asked: dict[str, Any] = ASKED | {"card": FOUR_LEGS_CARD}
    adjusted = adjust(completed.completion, hours(Fraction(3, 5)), **asked)
    assert completed.journal is not None
    assert adjusted.journal is not None
    (flown_once,) = month_summary([completed.journal], packages=()).currencies
    (both,) = month_summary([completed.journal, adjusted.journal], packages=()).currencies

    assert (usd("100"), usd("85"), usd("15")) == (
        flown_once.revenue,
        flown_once.payouts,
        flown_once.margin,
    )
    assert (usd("120"), usd("102"), usd("18")) == (both.revenue, both.payouts, both.margin)


# ---- laws ------------------------------------------------------------------------------------
HOURS = st.fractions(0, 50)
RATES = st.fractions(0, 10**6)


def card_of(charge: Fraction, pay: Fraction) -> RateCard:
    """Return a card that charges and pays so much for an hour of flight."""
    return RateCard(
        "law",
        "USD",
        tuple(
            CardRate(RateKey(side=side, kind="flight"), Rate(per, "USD"), JANUARY)
            for side, per in ((CHARGE, charge), (PAY, pay))
        ),
    )


@given(RATES, RATES, st.lists(HOURS, min_size=2, max_size=5), st.fractions(0, 1))
def test_many_adjustments_come_to_the_last(
    charge: Fraction, pay: Fraction, told: list[Fraction], fee: Fraction
) -> None:
    """A -> B -> C posts the totals of completing at C; going back to A nets to zero."""
    card = card_of(charge, pay)
    terms = rental(ThirdParty(rate=Rate(pay, "USD"), fee=fee, owner="olga"))

    def at(quantity: Fraction) -> Completion:
        return complete(flight(quantity, equipment=PLANE), card=card, rental=terms).completion

    completion = at(told[0])
    posted = [*completion.legs]
    for n, quantity in enumerate((*told[1:], told[-1], told[0])):
        if hours(quantity) == completion.quantities:
            continue
        asked: dict[str, Any] = ASKED | {"card": card, "key": str(n)}
        adjusted = adjust(completion, hours(quantity), **asked, approval=NO_LIMIT)
        assert adjusted.completion is not None
        completion = adjusted.completion
        posted += () if adjusted.journal is None else adjusted.journal.entries
        meant = at(quantity)
        assert _net(meant.legs) == _net(posted) == _net(completion.legs)
        assert meant.lines == completion.lines

    assert _net(at(told[0]).legs) == _net(posted)


def _net(legs: Any) -> dict[tuple[str, str], int]:
    return {key: minor for key, minor in net_of(legs).items() if minor}


# ---- hostile input ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"id": ""}, ValueError, "id of an adjustment"),
        ({"requested_by": None}, TypeError, "requested_by of an adjustment"),
        ({"settlement": ""}, ValueError, "settlement of an adjustment"),
        ({"reason": " "}, ValueError, "needs a reason"),
        ({"on": NOON}, TypeError, "day of an adjustment"),
        ({"before": ()}, ValueError, "one at least"),
        ({"after": [*hours(2)]}, TypeError, "tuple of WorkQuantity"),
        ({"base": -1}, ValueError, "counts from 0"),
        ({"base": False}, ValueError, "counts from 0"),
        ({"rates": [*CARD.rates]}, TypeError, "tuple of CardRate"),
        ({"lines": ("line",)}, TypeError, "tuple of CompletionLine"),
        ({"deltas": ("leg",)}, TypeError, "tuple of Entry"),
        ({"currency": "usd"}, ValueError, "code of a currency"),
        ({"currency": 1}, ValueError, "code of a currency"),
        ({"currency": "EUR"}, ValueError, "is in EUR; a delta of it is not"),
        ({"deltas": (Entry("platform", usd("1")),)}, ValueError, "are off by 100"),
        ({"status": "open"}, ValueError, "none of its statuses"),
        ({"approved_by": "pedro"}, ValueError, "is proposed and names who approved it"),
        ({"status": APPROVED}, ValueError, "is approved; it names who did it"),
        ({"status": APPLIED}, ValueError, "has a journal once its deltas are applied"),
        ({"journal": "jrn_1"}, ValueError, "has a journal once its deltas are applied"),
    ],
)
def test_adjustments_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """Names, reasons, deltas that balance, and a status that fits the rest."""
    with pytest.raises(kind, match=says):
        attrs.evolve(proposed(2), **fields)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"limits": [usd("50")]}, TypeError, "tuple of Money"),
        ({"limits": (50,)}, TypeError, "tuple of Money"),
        ({"limits": (usd("-1"),)}, ValueError, "must not be negative"),
        ({"limits": (usd("1"), usd("2"))}, ValueError, "one limit a currency"),
        ({"four_eyes": None}, TypeError, "True or False"),
    ],
)
def test_approvals_are_checked(fields: dict[str, Any], kind: type[Exception], says: str) -> None:
    """One limit from 0 a currency."""
    with pytest.raises(kind, match=says):
        Approval(**fields)


def test_an_approver_has_a_name() -> None:
    """Nobody approves nothing."""
    with pytest.raises(ValueError, match="approver"):
        approve(waiting(), flown(), by="")


def test_a_proposal_stores_itself_alone() -> None:
    """Before it is applied nothing else changes."""
    adjustment = proposed(2)

    assert PROPOSED == adjustment.status
    assert ((adjustment,), (), ()) == (
        Adjusted(adjustment).effects.records,
        Adjusted(adjustment).effects.journals,
        Adjusted(adjustment).effects.opens,
    )
