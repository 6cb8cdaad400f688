"""By hand: what people decide, within the rules of sending."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from ledgerkit.domain.gateways import (
    Order,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.instructions import (
    ATTENTION,
    DONE,
    PENDING,
    SENT,
    UNKNOWN,
    WAITING,
    Attention,
    Instruction,
    LookUp,
    MayHaveHappened,
    NeverSent,
    Sending,
    answered,
    cancel,
    follow,
    look_up,
    needs_attention,
    next_step,
    park,
    resolve_done,
    resolve_refused,
    retry,
    wake,
)
from ledgerkit.domain.lifecycle import IllegalTransition
from tests.domain.instructions.orders import DAY, NOON, WRONG, asked, eur, hour, lost, made, out

POLICY = Sending()


def absent_for_a_person() -> Instruction:
    """Return what was looked up in vain a day after its last send."""
    return park(attrs.evolve(lost(), looked_up_at=hour(24)), "absent").instruction


def test_retry_takes_a_fresh_key_when_it_is_surely_absent() -> None:
    """A person confirms the absence; a worker is woken by a new message."""
    moved = retry(absent_for_a_person(), at=hour(25), policy=POLICY)

    assert (WAITING, 2, 1) == (
        moved.instruction.status,
        moved.instruction.generation,
        moved.instruction.wakings,
    )
    assert (wake(moved.instruction),) == moved.messages
    assert wake(asked()).id != moved.messages[0].id


def test_what_is_told_of_an_earlier_send_is_looked_up_when_a_person_set_it_going() -> None:
    """It waits under a fresh key, not sent yet, as the gateway tells of what the old one made."""
    again = retry(absent_for_a_person(), at=hour(25), policy=POLICY).instruction
    moved = follow(again, made("pending"), at=hour(26))
    assert moved is not None
    told = moved.instruction

    assert (PENDING, None) == (told.status, told.last_sent_at)
    assert LookUp() == next_step(told, at=hour(26), lease_until=hour(27), policy=POLICY)


def test_retry_keeps_the_key_in_doubt() -> None:
    """Parked for its age: it is looked up, and sent under the same key if at all."""
    moved = retry(park(lost(), "too_old").instruction, at=hour(1), policy=POLICY).instruction

    assert (UNKNOWN, 1, True) == (moved.status, moved.generation, moved.doubtful)
    assert hour(1) == moved.woken_at


def test_retry_of_what_was_never_sent_keeps_its_key() -> None:
    """Nobody knows it yet."""
    moved = retry(park(asked(), "too_old").instruction, at=8 * DAY + NOON, policy=POLICY)

    assert (WAITING, 1) == (moved.instruction.status, moved.instruction.generation)


def test_retry_of_what_was_refused_with_attention_takes_a_fresh_key() -> None:
    """Nothing came of it, and its answer may be kept under the old key."""
    moved = retry(answered(out(), WRONG, at=NOON).instruction, at=hour(1), policy=POLICY)

    assert (WAITING, 2) == (moved.instruction.status, moved.instruction.generation)


def test_look_up_by_hand() -> None:
    """What is in doubt stays so, what the gateway has is pending."""
    accepted = attrs.evolve(absent_for_a_person(), object="ch_1")

    assert UNKNOWN == look_up(absent_for_a_person(), at=hour(25)).instruction.status
    assert PENDING == look_up(accepted, at=hour(25)).instruction.status
    with pytest.raises(NeverSent, match="nothing to look up"):
        look_up(park(asked(), "too_old").instruction, at=hour(1))
    with pytest.raises(IllegalTransition, match="look_up needs"):
        look_up(asked(), at=hour(1))


def test_only_what_surely_did_not_happen_is_cancelled() -> None:
    """Neither what is under way nor what is in doubt."""
    assert "cancelled" == cancel(asked()).code
    assert "cancelled" == cancel(answered(out(), WRONG, at=NOON).instruction).code
    with pytest.raises(MayHaveHappened, match="sent 1 times"):
        cancel(absent_for_a_person())
    with pytest.raises(MayHaveHappened):
        cancel(asked(status=ATTENTION, object="ch_1"))
    with pytest.raises(IllegalTransition, match="cancel needs waiting or needs_attention"):
        cancel(out())


def test_resolve_as_refused() -> None:
    """With what the person found out."""
    outcome = resolve_refused(absent_for_a_person(), note="the bank knows nothing of it")

    assert ("refused", "by_hand") == (outcome.status, outcome.code)
    assert "the bank knows nothing of it" == outcome.detail
    with pytest.raises(ValueError, match="note"):
        resolve_refused(absent_for_a_person(), note="")


@pytest.mark.parametrize(
    ("order", "parent", "account"),
    [
        (asked().order, None, ""),
        (RefundOrder(amount=eur(5), charge="ch_1"), "ch_1", ""),
        (ReversalOrder(amount=eur(5), transfer="tr_1"), "tr_1", ""),
        (TransferOrder(amount=eur(5), account="acct_1"), None, "acct_1"),
        (PayoutOrder(amount=eur(5), account="acct_1"), None, "acct_1"),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_resolve_as_done(order: Order, parent: str | None, account: str) -> None:
    """As if the gateway had told it."""
    told = resolve_done(attrs.evolve(absent_for_a_person(), order=order), made="x_1", at=hour(30))

    assert (order.kind, "x_1", DONE) == (told.kind, told.id, told.status)
    assert (parent, account) == (told.parent, told.account)
    assert (order.amount, asked().id, hour(30)) == (told.amount, told.instruction, told.created)


@pytest.mark.parametrize("status", [WAITING, DONE])
def test_what_needs_nobody_is_not_resolved(status: str) -> None:
    """A worker has it, or it is over."""
    with pytest.raises(IllegalTransition, match="resolve needs unknown or pending"):
        resolve_done(asked(status=status), made="x_1", at=NOON)
    with pytest.raises(IllegalTransition):
        resolve_refused(out(), note="n")
    assert SENT == out().status


def test_the_queue_of_a_person() -> None:
    """The oldest first, with the reason, the age and whether money may have moved."""
    second = park(attrs.evolve(asked(), id="ins_2", asked_at=hour(2)), "too_old").instruction
    queue = needs_attention([second, asked(), absent_for_a_person()], at=hour(26))

    assert [(asked().id, "absent", True), ("ins_2", "too_old", False)] == [
        (each.instruction, each.reason, each.doubtful) for each in queue
    ]
    assert queue[0] == Attention(
        instruction=asked().id,
        gateway="stripe",
        subject="inv_1",
        party="ana",
        amount=eur(5000),
        reason="absent",
        detail="",
        age=timedelta(hours=26),
        doubtful=True,
    )
