"""Transfers: asked for once, booked when done, taken back in parts, told in any order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.gateways import GatewayObject, ReversalOrder, TransferOrder
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.transfers import (
    OverReversed,
    Reversal,
    Transfer,
    TransferDiffers,
    TransferSettled,
    enqueue,
    refuse,
    refuse_reversal,
    settle,
    settle_reversal,
    take_back,
)
from tests.domain.told import AT, CREATED, done, legs, told, usd, waiting


# ---- asking ----------------------------------------------------------------------------------
def test_transfer_is_stored_with_its_instruction() -> None:
    """The record, the instruction and the message that wakes a worker are one decision."""
    asked = enqueue(
        usd(6_000), supplier="ina", account="acct_ina", gateway="stripe", pays="f-1", at=AT
    )
    transfer, instruction = asked.effects.records

    assert isinstance(transfer, Transfer)
    assert ("pending", instruction.id) == (transfer.status, transfer.instruction)
    assert TransferOrder(amount=usd(6_000), account="acct_ina") == (
        asked.instructed.instruction.order
    )
    assert () == asked.effects.journals
    assert ["gateway.stripe"] == [message.topic for message in asked.effects.messages]


def test_attempts_have_keys_of_their_own() -> None:
    """The same attempt is the same transfer; the next one, after a refusal, is another."""
    first, again, second = waiting(), waiting(), waiting(attempt=2)

    assert first == again
    assert 2 == len({first.id, second.id})
    assert 2 == len({first.instruction, second.instruction})


# ---- settling --------------------------------------------------------------------------------
def test_transfer_done() -> None:
    """Transfer done: supplier -x, gateway +x (spec: billing 5a); ids from the gateway's object."""
    settled = settle(waiting(), told(), at=AT)
    (journal,) = settled.journals

    assert (
        Entry("supplier:ina", usd(-6_000)),
        Entry("gateway:stripe", usd(6_000)),
    ) == journal.entries
    assert ("transfer.done", Event("gateway.transfer", "stripe:tr_1")) == (
        journal.kind,
        journal.event,
    )
    assert ("done", "tr_1", CREATED) == (
        settled.transfer.status,
        settled.transfer.object,
        settled.transfer.created_at,
    )
    assert {"supplier:ina", "gateway:stripe"} == {w.id for w in settled.effects.opens}


def test_fees_are_legs_of_their_own() -> None:
    """What we keep of an instant payout, and what the gateway took of us."""
    transfer = waiting(5_940, withheld=usd(60), of_payout=True)
    (journal,) = settle(transfer, told(minor=5_940, fee=usd(25)), at=AT).journals

    assert (
        Entry("supplier:ina", usd(-5_940)),
        Entry("gateway:stripe", usd(5_940)),
        Entry("supplier:ina", usd(-60)),
        Entry("platform", usd(60)),
        Entry("platform", usd(-25)),
        Entry("gateway:stripe", usd(25)),
    ) == journal.entries
    assert "payout.transferred" == journal.kind


def test_told_again_stores_nothing() -> None:
    """The answer to the call and the webhook tell the same."""
    again = settle(done(), told(), at=AT)

    assert (False, ()) == (again.moved, again.effects.records)


def test_pending_first() -> None:
    """A gateway that takes its time names the transfer before it is done."""
    seen = settle(waiting(), told(status="pending"), at=AT)
    arrived = settle(seen.transfer, told(), at=AT)

    assert ("pending", ()) == (seen.transfer.status, seen.journals)
    assert ("done", 1) == (arrived.transfer.status, len(arrived.journals))


def test_pending_after_done_is_old() -> None:
    """An older state moves nothing."""
    assert not settle(done(), told(status="pending"), at=AT).moved


def test_transfer_that_fails() -> None:
    """Nothing is booked, and the code is kept."""
    failed = settle(waiting(), told(status="failed", reason="account_closed"), at=AT)

    assert ("failed", "account_closed", ()) == (
        failed.transfer.status,
        failed.transfer.code,
        failed.journals,
    )


def test_what_the_gateway_says_failed_stays_failed() -> None:
    """A done that comes after it is older."""
    failed = settle(waiting(), told(status="failed"), at=AT).transfer

    assert not settle(failed, told(), at=AT).moved


def test_done_that_fails_later_is_taken_back() -> None:
    """The books follow the gateway by a journal that mirrors the first."""
    settled = settle(waiting(), told(), at=AT)
    failed = settle(settled.transfer, told(status="failed", reason="returned"), at=AT)

    assert {} == legs([*settled.journals, *failed.journals])
    assert settled.journals[0].id == failed.journals[0].reverses
    assert Event("gateway.transfer", "stripe:tr_1", "failed") == failed.journals[0].event
    assert "failed" == failed.transfer.status


@pytest.mark.parametrize("fee", [None, usd(300)], ids=["not told", "told anew"])
def test_fee_is_taken_back_as_it_was_booked(fee: Money | None) -> None:
    """Done for 1.75, then failed, whatever is told of the fee by then: nothing is left over."""
    done_once = settle(waiting(), told(fee=usd(175)), at=AT)
    failed = settle(done_once.transfer, told(status="failed", fee=fee), at=AT)

    assert {} == legs((*done_once.journals, *failed.journals))


def test_refused_transfer() -> None:
    """A refusal without an object: it failed, nothing moved."""
    refused = refuse(waiting(), code="insufficient_funds")

    assert ("failed", "insufficient_funds", ()) == (
        refused.transfer.status,
        refused.transfer.code,
        refused.effects.journals,
    )


@pytest.mark.parametrize("status", ["pending", "done"])
def test_refused_transfer_that_exists_after_all(status: str) -> None:
    """What we took for failed follows what the gateway says of it."""
    refused = refuse(waiting(), code="timeout").transfer
    after = settle(refused, told(status=status), at=AT)

    assert (status, "") == (after.transfer.status, after.transfer.code)
    assert not refuse(after.transfer, code="late").moved


def test_a_transfer_is_refused_once() -> None:
    """Told again, it stays as the first refusal left it."""
    refused = refuse(waiting(), code="insufficient_funds").transfer
    again = refuse(refused, code="timeout")

    assert (refused, False) == (again.transfer, again.moved)


def test_refused_transfer_that_failed() -> None:
    """It was failed already; the object is kept."""
    refused = refuse(waiting(), code="declined").transfer
    after = settle(refused, told(status="failed"), at=AT)

    assert ("failed", "tr_1", ()) == (
        after.transfer.status,
        after.transfer.object,
        after.journals,
    )


@pytest.mark.parametrize(
    "wrong",
    [told(minor=5_999), told(kind="reversal"), told(id="tr_2")],
    ids=["amount", "kind", "object"],
)
def test_transfer_of_somebody_else(wrong: GatewayObject) -> None:
    """An object that cannot be the transfer is refused."""
    with pytest.raises(TransferDiffers, match=r"is over 60\.00 USD; the gateway tells"):
        settle(done(), wrong, at=AT)


# ---- taking back -----------------------------------------------------------------------------
def test_taking_back_a_part() -> None:
    """Gateway -36.00, supplier +36.00, once it is done (spec: billing 10)."""
    asked = take_back(done(), usd(3_600), asked_for="clw_1", at=AT)
    instruction = asked.instructed.instruction
    back = settle_reversal(
        asked.transfer, told("reversal", minor=3_600, instruction=instruction.id), at=AT
    )

    assert (asked.transfer, instruction) == asked.effects.records
    assert ReversalOrder(amount=usd(3_600), transfer="tr_1") == instruction.order
    assert {"gateway:stripe": -3_600, "supplier:ina": 3_600} == legs(back.journals)
    assert "transfer.taken_back" == back.journals[0].kind
    assert ("partly_reversed", usd(3_600), usd(2_400)) == (
        back.transfer.status,
        back.transfer.reversed,
        back.transfer.reversible,
    )
    assert (instruction.id, "done", "trr_1", "clw_1") == (
        back.transfer.reversals[0].id,
        back.transfer.reversals[0].status,
        back.transfer.reversals[0].object,
        back.transfer.reversals[0].asked_for,
    )


def test_what_is_on_its_way_back_is_not_taken_twice() -> None:
    """60.00 less 36.00 asked for leaves 24.00."""
    asked = take_back(done(), usd(3_600), asked_for="clw_1", at=AT).transfer

    with pytest.raises(OverReversed, match=r"24\.00 USD can be taken back; 24\.01 USD"):
        take_back(asked, usd(2_401), asked_for="clw_2", at=AT)
    assert usd(0) == take_back(asked, usd(2_400), asked_for="clw_2", at=AT).transfer.reversible


@pytest.mark.parametrize(
    ("transfer", "minor"), [(waiting(), 1), (done(), 0), (done(), -1), (done(), 6_001)]
)
def test_nothing_is_taken_back_that_was_not_paid(transfer: Transfer, minor: int) -> None:
    """A transfer that is not done paid nothing."""
    with pytest.raises(OverReversed):
        take_back(transfer, usd(minor), asked_for="clw_1", at=AT)


def test_all_of_it_in_parts() -> None:
    """36.00 and 24.00 are all."""
    part = settle_reversal(done(), told("reversal", minor=3_600), at=AT).transfer
    whole = settle_reversal(part, told("reversal", minor=2_400, id="trr_2"), at=AT).transfer

    assert ("partly_reversed", "reversed") == (part.status, whole.status)


def test_reversal_that_nobody_here_asked_for() -> None:
    """Made at the gateway by hand, it counts as well."""
    back = settle_reversal(done(), told("reversal"), at=AT)

    assert ("trr_1", "") == (
        back.transfer.reversals[0].id,
        back.transfer.reversals[0].asked_for,
    )
    assert "reversed" == back.transfer.status


def test_reversal_proves_later_to_be_ours() -> None:
    """A webhook without our mark came before the answer to the call."""
    asked = take_back(done(), usd(3_600), asked_for="clw_1", at=AT)
    unknown = settle_reversal(asked.transfer, told("reversal", minor=3_600), at=AT).transfer
    ours = asked.instructed.instruction.id
    known = settle_reversal(unknown, told("reversal", minor=3_600, instruction=ours), at=AT)

    assert 2 == len(unknown.reversals)
    assert [(ours, "done", "trr_1", "clw_1")] == [
        (r.id, r.status, r.object, r.asked_for) for r in known.transfer.reversals
    ]
    assert (True, ()) == (known.moved, known.journals)


def test_reversal_told_again_stores_nothing() -> None:
    """Once is once."""
    back = settle_reversal(done(), told("reversal"), at=AT).transfer

    assert not settle_reversal(back, told("reversal"), at=AT).moved


def test_pending_reversal() -> None:
    """It is on its way, and comes back when it is done (spec: gateways 1.4: 45 days)."""
    seen = settle_reversal(done(), told("reversal", "pending"), at=AT)

    assert ("done", usd(0), ()) == (seen.transfer.status, seen.transfer.reversible, seen.journals)
    assert "reversed" == settle_reversal(seen.transfer, told("reversal"), at=AT).transfer.status


def test_refused_reversal_leaves_the_money() -> None:
    """The account has spent it: nothing came back, and it may be asked for again."""
    asked = take_back(done(), usd(3_600), asked_for="clw_1", at=AT)
    ours = asked.instructed.instruction.id
    refused = refuse_reversal(asked.transfer, instruction=ours, code="insufficient_funds")

    assert ("failed", "insufficient_funds") == (
        refused.transfer.reversals[0].status,
        refused.transfer.reversals[0].code,
    )
    assert usd(6_000) == refused.transfer.reversible
    again = take_back(refused.transfer, usd(3_600), asked_for="clw_1", at=AT)
    assert ours != again.instructed.instruction.id


def test_refusal_of_a_reversal_that_is_not_waiting() -> None:
    """One that nobody asked for, that the gateway told of, or that was refused, is not refused."""
    asked = take_back(done(), usd(6_000), asked_for="clw_1", at=AT)
    ours = asked.instructed.instruction.id
    back = settle_reversal(asked.transfer, told("reversal", instruction=ours), at=AT).transfer

    assert not refuse_reversal(back, instruction="ins_other", code="x").moved
    assert not refuse_reversal(back, instruction=ours, code="x").moved
    once = refuse_reversal(asked.transfer, instruction=ours, code="x").transfer
    assert not refuse_reversal(once, instruction=ours, code="y").moved


@pytest.mark.parametrize(
    ("first", "second", "statuses"),
    [
        (6_000, None, ["reversed", "done"]),
        (3_600, None, ["partly_reversed", "done"]),
        (3_600, 2_400, ["reversed", "partly_reversed"]),
    ],
)
def test_reversal_that_fails_later(first: int, second: int | None, statuses: list[str]) -> None:
    """The supplier keeps the money after all; the journal is mirrored and somebody is told."""
    back = settle_reversal(done(), told("reversal", minor=first), at=AT)
    journals = [*back.journals]
    transfer = back.transfer
    if second is not None:
        more = settle_reversal(transfer, told("reversal", minor=second, id="trr_2"), at=AT)
        transfer = more.transfer
    failed = settle_reversal(transfer, told("reversal", "failed", minor=first), at=AT)

    assert statuses == [transfer.status, failed.transfer.status]
    assert {} == legs([*journals, *failed.journals])
    assert ["alert.late_outcome"] == [message.topic for message in failed.effects.messages]


def test_part_that_fails_while_others_are_back() -> None:
    """Of two parts that came back one fails: it is still partly reversed."""
    transfer = done()
    for n, minor in enumerate((1_000, 2_000), start=1):
        one = told("reversal", minor=minor, id=f"trr_{n}")
        transfer = settle_reversal(transfer, one, at=AT).transfer
    failed = settle_reversal(transfer, told("reversal", "failed", minor=1_000), at=AT)

    assert ("partly_reversed", usd(2_000)) == (failed.transfer.status, failed.transfer.reversed)


@pytest.mark.parametrize(
    "wrong",
    [
        told(),
        told("reversal", amount=Money(1, "EUR")),
        told("reversal", minor=6_001),
    ],
    ids=["kind", "currency", "more than was paid"],
)
def test_reversal_of_something_else(wrong: GatewayObject) -> None:
    """What cannot have come back of the transfer is refused."""
    with pytest.raises(TransferDiffers):
        settle_reversal(done(), wrong, at=AT)


def test_reversal_over_another_amount_than_was_asked() -> None:
    """36.00 was asked for, 35.00 is told under our own mark."""
    asked = take_back(done(), usd(3_600), asked_for="clw_1", at=AT)
    wrong = told("reversal", minor=3_500, instruction=asked.instructed.instruction.id)

    with pytest.raises(TransferDiffers):
        settle_reversal(asked.transfer, wrong, at=AT)


def test_reversal_needs_the_transfer_to_be_done() -> None:
    """Of a transfer that is pending nothing can come back; that is settled first."""
    with pytest.raises(IllegalTransition, match="transfer is pending"):
        settle_reversal(waiting(), told("reversal"), at=AT)


# ---- records ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"supplier": ""}, "transfer supplier"),
        ({"amount": usd(0)}, "moves more than 0"),
        ({"withheld": Money(1, "EUR")}, "is in USD"),
        ({"withheld": usd(0)}, "moves more than 0"),
        ({"status": "lost"}, "has no status 'lost'"),
        ({"created_at": None}, "needs the gateway's id and time"),
        ({"reversals": (Reversal(id="r", amount=usd(6_001), status="done"),)}, "cannot have come"),
    ],
)
def test_transfer_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """A transfer that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(done(), **fields)


def test_amounts_are_money() -> None:
    """A number has no currency."""
    wrong: Any = 6_000

    with pytest.raises(TypeError, match="needs Money"):
        attrs.evolve(done(), amount=wrong)
    with pytest.raises(TypeError, match="needs Money"):
        Reversal(id="r", amount=wrong)
    for field in ("withheld", "fee"):
        with pytest.raises(TypeError, match="withholds and costs is Money"):
            attrs.evolve(done(), **{field: wrong})
    with pytest.raises(TypeError, match=r"what is taken back of transfer .* is Money"):
        take_back(done(), wrong, asked_for="clw_1", at=AT)


def test_words_flags_and_attempts_are_checked() -> None:
    """Text is no flag, no number is a name, and attempts count from 1."""
    wrong: Any = 5
    yes: Any = "yes"

    for field in ("of_payout", "at_once"):
        with pytest.raises(TypeError, match=rf"{field} of transfer .* is True or False"):
            attrs.evolve(done(), **{field: yes})
    with pytest.raises(TypeError, match="transfer code must be text"):
        refuse(waiting(), code=wrong)
    with pytest.raises(TypeError, match="what a reversal is asked for must be text"):
        take_back(done(), usd(1), asked_for=wrong, at=AT)
    with pytest.raises(TypeError, match="what a reversal is asked for must be text"):
        Reversal(id="r", amount=usd(1), asked_for=wrong)
    for attempt in (0, True, "1"):
        with pytest.raises(ValueError, match="attempts to transfer count from 1"):
            waiting(attempt=attempt)


def test_reversals_are_checked() -> None:
    """Only the gateway's states."""
    with pytest.raises(ValueError, match="is pending or done or failed"):
        Reversal(id="r", amount=usd(1), status="lost")


# ---- laws ------------------------------------------------------------------------------------
def heard(facts: list[GatewayObject]) -> tuple[Transfer, dict[str, int], list[str]]:
    """Hear *facts* in this order; what names an unknown transfer is heard again later."""
    transfer, journals = waiting(), list[Journal]()
    parked = list(facts)
    for _ in range(len(facts)):
        left: list[GatewayObject] = []
        for fact in parked:
            if fact.kind == "reversal" and transfer.object is None:
                left.append(fact)
                continue
            verb = settle if fact.kind == "transfer" else settle_reversal
            try:
                settled: TransferSettled = verb(transfer, fact, at=AT)
            except IllegalTransition:  # its transfer is known and not done yet
                left.append(fact)
                continue
            transfer = settled.transfer
            journals += settled.effects.journals
        parked = left
    assert parked == []
    return transfer, legs(journals), sorted(journal.id for journal in journals)


LIFE = [
    told(status="pending"),
    told(),
    told("reversal", minor=3_600),
    told("reversal", "pending", minor=2_400, id="trr_2"),
    told("reversal", minor=2_400, id="trr_2"),
]


def by_object(transfer: Transfer) -> tuple[object, ...]:
    """Return *transfer* without the order in which its reversals were heard of."""
    return (attrs.evolve(transfer, reversals=()), frozenset(transfer.reversals))


def test_every_order_of_a_life_is_the_same_books() -> None:
    """All 120 orders of what is told of a transfer end alike (spec: reliability A3)."""
    ends = [heard(list(order)) for order in permutations(LIFE)]
    transfer, books, ids = ends[0]

    assert ("reversed", {}) == (transfer.status, books)
    assert 3 == len(ids)
    assert {by_object(transfer)} == {by_object(each) for each, _, _ in ends}
    assert [] == [each for each in ends if (books, ids) != each[1:]]


@given(st.permutations(LIFE * 2))
def test_told_twice_in_any_order(order: list[GatewayObject]) -> None:
    """Each fact twice, in any order: the same books, each journal once."""
    transfer, books, ids = heard(order)

    assert ("reversed", {}, 3) == (transfer.status, books, len(ids))
    assert len(ids) == len(set(ids))


@given(st.lists(st.integers(1, 6_000), max_size=8), st.data())
def test_never_more_comes_back_than_was_paid(asked: list[int], data: st.DataObject) -> None:
    """Whatever is asked, done or refused: reversed <= paid, and nothing is promised twice."""
    transfer = done()
    for n, minor in enumerate(asked):
        try:
            wish = take_back(transfer, usd(minor), asked_for=f"clw_{n}", at=AT)
        except OverReversed:
            assert minor > transfer.reversible.minor
            continue
        ours = wish.instructed.instruction.id
        state = data.draw(st.sampled_from(["pending", "done", "failed"]))
        fact = told("reversal", state, minor=minor, id=f"trr_{n}", instruction=ours)
        transfer = settle_reversal(wish.transfer, fact, at=AT).transfer
        left = transfer.reversible + sum(
            (r.amount for r in transfer.reversals if r.status != "failed"), start=usd(0)
        )
        assert transfer.amount == left
        assert transfer.reversed <= transfer.amount
