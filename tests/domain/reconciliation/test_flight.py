"""In flight: what only one of the two sides knows, item by item."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from ledgerkit.domain.gateways import ChargeOrder, GatewayObject, Movement, TransferOrder
from ledgerkit.domain.instructions import Instruction, instruct
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.money import Money
from ledgerkit.domain.reconciliation import InFlight, effect_of, in_flight
from ledgerkit.testing.samples import NOON, hour
from tests.domain.reconciliation.world import booked, lines, told, usd

FEE: dict[str, Any] = {"fee": usd(300)}
DISPUTE = told(
    "dispute",
    "dp_1",
    5_000,
    "open",
    movements=(
        Movement(id="txn_1", amount=usd(-5_000), fee=usd(1_500), at=hour(1)),
        Movement(id="txn_2", amount=usd(5_000), fee=usd(0), at=hour(9)),
    ),
)


@pytest.mark.parametrize(
    ("kind", "status", "fields", "expected"),
    [
        ("charge", "done", FEE, 9_700),
        ("charge", "done", {}, 10_000),
        ("charge", "pending", FEE, 0),
        ("charge", "failed", {}, 0),
        ("reversal", "done", {}, 10_000),
        ("reversal", "pending", {}, 0),
        ("refund", "done", {}, -10_000),
        ("refund", "pending", {}, -10_000),
        ("refund", "failed", {}, 0),
        ("transfer", "done", FEE, -10_300),
        ("transfer", "pending", {}, -10_000),
        ("payout", "done", {}, -10_000),
        ("payout", "done", {"account": "acct_1"}, 0),
    ],
    ids=str,
)
def test_what_an_object_did_to_the_balance(
    kind: str, status: str, fields: dict[str, Any], expected: int
) -> None:
    """Money comes in when it is there, and leaves as soon as it is sent."""
    assert usd(expected) == effect_of(told(kind, "x", 10_000, status, **fields))


@pytest.mark.parametrize(("at", "expected"), [(0, 0), (1, -6_500), (9, -1_500), (None, -1_500)])
def test_a_dispute_is_what_its_movements_say(at: int | None, expected: int) -> None:
    """Withdrawn with a fee, then reinstated without it."""
    assert usd(expected) == effect_of(DISPUTE, by=None if at is None else hour(at))


def found(**given: Any) -> tuple[InFlight, ...]:
    """Return what is in flight in dollars an hour after noon."""
    facts: dict[str, Any] = {"objects": (), "entries": (), "instructions": (), "at": hour(1)}
    return in_flight("stripe", given.pop("currency", "USD"), **(facts | given))


CHARGE = told("charge", "pi_1", 10_000, **FEE)


def test_what_both_know_is_not_in_flight() -> None:
    """Booked as the gateway has it."""
    assert () == found(objects=[CHARGE], entries=lines(booked(CHARGE)))


def test_a_lost_webhook() -> None:
    """The gateway has it and the books have not."""
    assert (
        InFlight(
            reason="unbooked",
            id="stripe:pi_1",
            detail="charge done",
            amount=usd(9_700),
            since=NOON,
        ),
    ) == found(objects=[CHARGE])


def test_booked_otherwise() -> None:
    """The fee was not booked: the gateway holds 3.00 less."""
    [item] = found(objects=[CHARGE], entries=lines(booked(CHARGE, minor=10_000)))

    assert ("differs", usd(-300)) == (item.reason, item.amount)


def test_what_was_booked_and_failed_since() -> None:
    """A transfer that came back is an item until it is booked back."""
    failed = told("transfer", "tr_1", 6_000, "failed")
    [item] = found(objects=[failed], entries=lines(booked(failed, minor=-6_000)))

    assert ("differs", "transfer failed", usd(6_000)) == (item.reason, item.detail, item.amount)


def test_a_dispute_booked_movement_by_movement() -> None:
    """Each under its own id; what counts later is not looked for yet."""
    withdrawn = Journal(
        id="jrn_1",
        kind="dispute.withdrawn",
        entries=(Entry("gateway:stripe", usd(6_500)), Entry("customer:ana", usd(-6_500))),
        effective_at=hour(1),
        event=Event("gateway.dispute", "stripe:txn_1"),
    )

    assert () == found(objects=[DISPUTE], entries=lines(withdrawn))
    assert [usd(-6_500)] == [item.amount for item in found(objects=[DISPUTE])]
    assert [usd(5_000)] == [
        item.amount for item in found(objects=[DISPUTE], entries=lines(withdrawn), at=hour(9))
    ]


def test_only_what_counts_by_the_value_date() -> None:
    """Later objects and entries are not in the balance that was reported."""
    later = attrs.evolve(CHARGE, created=hour(2))

    assert () == found(objects=[later])
    assert 1 == len(found(objects=[CHARGE], entries=lines(booked(CHARGE, at=hour(2)))))


def test_only_this_currency() -> None:
    """Each is reconciled by itself."""
    assert () == found(objects=[CHARGE], currency="EUR")
    euro = told("charge", "pi_2", 1, amount=Money(1, "EUR"))
    assert 1 == len(found(objects=[euro], entries=lines(booked(CHARGE)), currency="EUR"))


def test_what_the_gateway_does_not_list() -> None:
    """An entry of ours from the last reconciliation on, of which the gateway says nothing."""
    entries = lines(booked(CHARGE), booked(told("refund", "re_1", 500), at=hour(-30)))
    [item] = found(entries=entries, unlisted_since=NOON)

    assert ("unlisted", "stripe:pi_1", "charge.settled by journal jrn_pi_1", usd(-9_700), NOON) == (
        item.reason,
        item.id,
        item.detail,
        item.amount,
        item.since,
    )
    assert () == found(entries=entries)
    assert () == found(entries=entries, unlisted_since=NOON, known_before={"stripe:pi_1"})


def test_what_was_booked_and_taken_back_is_not_missing() -> None:
    """Together the entries of an object are nothing."""
    back = attrs.evolve(booked(CHARGE, minor=-9_700), id="jrn_back")

    assert () == found(entries=lines(booked(CHARGE), back), unlisted_since=NOON)


def test_other_journals_are_no_items() -> None:
    """An opening balance or a correction of the wallet is not about an object."""
    opening = attrs.evolve(booked(CHARGE), event=None)
    by_hand = attrs.evolve(booked(CHARGE), id="jrn_2", event=Event("opening", "stripe"))

    assert () == found(entries=lines(opening, by_hand), unlisted_since=NOON)


# ---- instructions ----------------------------------------------------------------------------
def sent(minor: int = 6_000, *, gateway: str = "stripe", **fields: Any) -> Instruction:
    """Return an instruction to transfer that went out."""
    order = TransferOrder(amount=usd(minor), account="acct_1")
    made = instruct(order, gateway=gateway, subject="pay_1", party="tom", at=NOON).instruction
    went: dict[str, Any] = {"status": "unknown", "first_sent_at": NOON, "last_sent_at": NOON}
    return attrs.evolve(made, **(went | fields))


def test_what_was_sent_is_listed() -> None:
    """The gateway shows nothing of it, so it explains nothing, but somebody may want to know."""
    [item] = found(objects=[CHARGE], entries=lines(booked(CHARGE)), instructions=[sent()])

    assert ("sent", sent().id, "transfer unknown", usd(0), NOON) == (
        item.reason,
        item.id,
        item.detail,
        item.amount,
        item.since,
    )


@pytest.mark.parametrize(
    "shown",
    [
        told("transfer", "tr_1", 6_000, instruction=sent().id),
        told("transfer", "tr_2", 6_000),
    ],
    ids=["it names the instruction", "the instruction names it"],
)
def test_what_the_gateway_shows_is_one_item(shown: GatewayObject) -> None:
    """Not two, however the two know of each other."""
    items = found(objects=[shown], instructions=[sent(object="tr_2")])

    assert ["unbooked"] == [item.reason for item in items]


def test_instructions_of_others() -> None:
    """Another gateway's or currency's are not looked at."""
    euros = ChargeOrder(amount=Money(5, "EUR"), customer="cus_1")
    other = instruct(euros, gateway="stripe", subject="inv_1", party="ana", at=NOON).instruction

    assert () == found(instructions=[sent(gateway="paystack"), other])


def test_items_stand_by_age() -> None:
    """The oldest first."""
    old = attrs.evolve(CHARGE, id="pi_0", created=hour(-5))

    assert ["stripe:pi_0", "stripe:pi_1"] == [item.id for item in found(objects=[CHARGE, old])]


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "lost"},
        {"id": ""},
        {"detail": 1},
        {"amount": 1},
        {"overdue": 1},
        {"since": "today"},
    ],
    ids=str,
)
def test_items_that_cannot_be(wrong: dict[str, Any]) -> None:
    """A known reason, a name, Money and an instant."""
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(found(objects=[CHARGE])[0], **wrong)
