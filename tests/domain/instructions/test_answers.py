"""Answers: what an instruction becomes by what is known of it."""

from __future__ import annotations

import attrs
import pytest

from ledgerkit.domain.gateways import Outcome
from ledgerkit.domain.instructions import (
    ATTENTION,
    CANCELLED,
    DONE,
    PENDING,
    REFUSED,
    SENT,
    UNKNOWN,
    WAITING,
    Moved,
    OrderChanged,
    Sending,
    absent,
    answered,
    follow,
    is_surely_absent,
    park,
    sent,
)
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from tests.domain.instructions.orders import (
    BUSY,
    DECLINED,
    NOON,
    ORDER,
    TIMEOUT,
    WRONG,
    asked,
    eur,
    hour,
    lost,
    made,
    out,
)

TRUSTING = Sending(absent_up_to=(eur(5000),))
DONE_OUTCOME = Outcome(status="done", object=made())
PENDING_OUTCOME = Outcome(status="pending", object=made("pending"))


def followed(moved: Moved | None) -> Moved:
    """Return what it moved to; it did move."""
    assert moved is not None
    return moved


# ---- sent ------------------------------------------------------------------------------------
def test_sending_is_noted_before_the_wire() -> None:
    """When, how often, and what."""
    moved = sent(asked(), at=hour(1))

    assert (SENT, 1) == (moved.instruction.status, moved.instruction.attempts)
    assert hour(1) == moved.instruction.first_sent_at == moved.instruction.last_sent_at
    assert (moved.instruction,) == moved.effects.records


def test_an_order_never_changes_under_its_key() -> None:
    """An instruction edited behind our back is not sent (A8)."""
    edited = attrs.evolve(lost(), order=attrs.evolve(ORDER, amount=eur(6000)))
    with pytest.raises(OrderChanged, match="an order never changes") as caught:
        sent(edited, at=hour(1))

    assert edited.key == caught.value.key


# ---- the five outcomes -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("outcome", "status", "doubtful"),
    [
        (DONE_OUTCOME, DONE, False),
        (PENDING_OUTCOME, PENDING, False),
        (DECLINED, REFUSED, False),
        (BUSY, WAITING, False),
        (TIMEOUT, UNKNOWN, True),
        (WRONG, ATTENTION, False),
        (attrs.evolve(TIMEOUT, attention=True), ATTENTION, True),
    ],
    ids=lambda value: getattr(value, "status", value),
)
def test_first_answer(outcome: Outcome, status: str, doubtful: bool) -> None:
    """Done settles, pending waits, refused ends, retryable waits, unknown stays in doubt."""
    moved = answered(out(), outcome, at=hour(1)).instruction

    assert (status, doubtful) == (moved.status, moved.doubtful)
    assert outcome.code == moved.code


@pytest.mark.parametrize(
    ("outcome", "status", "doubtful"),
    [
        (DONE_OUTCOME, DONE, False),
        (DECLINED, REFUSED, False),  # a key has one answer
        (BUSY, UNKNOWN, True),  # this time nothing happened; the time before it may have
        (TIMEOUT, UNKNOWN, True),
        (WRONG, ATTENTION, True),  # it may not have got as far as the key
    ],
    ids=lambda value: getattr(value, "status", value),
)
def test_answer_after_a_lost_one(outcome: Outcome, status: str, doubtful: bool) -> None:
    """Doubt ends with what the gateway surely did, and not with what it could not do."""
    moved = answered(out(hour(1), lost()), outcome, at=hour(1)).instruction

    assert (status, doubtful) == (moved.status, moved.doubtful)


@pytest.mark.parametrize(
    ("amount", "told"),
    [(eur(4_999), ("4999", "EUR")), (Money(5_000, "USD"), ("5000", "USD"))],
    ids=str,
)
def test_another_amount_than_was_ordered_is_told_to_people(
    amount: Money, told: tuple[str, str]
) -> None:
    """50.00 euros were ordered: the books go by the gateway, and somebody looks, once."""
    pending = follow(out(), attrs.evolve(made("pending"), amount=amount), at=NOON)
    done = follow(followed(pending).instruction, attrs.evolve(made(), amount=amount), at=NOON)
    failed = follow(out(), attrs.evolve(made("failed"), amount=amount), at=NOON)

    (message,) = followed(pending).messages
    assert "alert.amount_differs" == message.topic
    body = dict(message.body)
    assert ("5000", "EUR", *told) == (
        body["amount"],
        body["currency"],
        body["told"],
        body["told_currency"],
    )
    assert () == followed(done).messages == followed(failed).messages


def test_a_declined_object_is_remembered() -> None:
    """So that a webhook about it is no news."""
    moved = answered(
        out(), attrs.evolve(DECLINED, object=made("failed", reason="card_declined")), at=NOON
    ).instruction

    assert (REFUSED, "ch_1", "card_declined") == (moved.status, moved.object, moved.code)
    assert None is follow(moved, made("failed"), at=NOON)


def test_an_answer_that_is_no_news_moves_nothing() -> None:
    """A webhook was faster."""
    done = answered(out(), DONE_OUTCOME, at=NOON).instruction

    assert Moved(instruction=done) == answered(done, DONE_OUTCOME, at=NOON)


def test_what_needs_a_person_alerts_once() -> None:
    """The alert goes to those who run the gateway, never to the customer."""
    moved = answered(out(), WRONG, at=NOON)
    (told,) = moved.messages

    assert ("alert.needs_attention", "stripe") == (told.topic, told.recipient)
    assert "parameter_missing" == dict(told.body)["code"]
    assert (told,) == moved.effects.messages
    assert (told,) == answered(out(), WRONG, at=NOON).messages


def test_what_is_withdrawn_is_cancelled() -> None:
    """The outcome of a cancellation is a refusal that the subject learns of."""
    moved = answered(asked(), Outcome(status="refused", code="cancelled"), at=NOON).instruction

    assert CANCELLED == moved.status


# ---- objects ---------------------------------------------------------------------------------
def test_every_order_of_news_ends_the_same() -> None:
    """Pending and done, in either order, from the answer or a webhook (A3)."""
    one = followed(
        follow(followed(follow(out(), made("pending"), at=NOON)).instruction, made(), at=NOON)
    )
    other = followed(follow(out(), made(), at=NOON))

    assert DONE == one.instruction.status == other.instruction.status
    assert None is follow(other.instruction, made("pending"), at=NOON)
    assert None is follow(other.instruction, made(), at=NOON)
    assert not one.late


def test_a_webhook_tells_before_the_worker_can() -> None:
    """An instruction that waits is done; nothing will be sent."""
    assert DONE == followed(follow(asked(), made(), at=NOON)).instruction.status


def test_a_poll_is_remembered() -> None:
    """Still pending: the next one is later."""
    pending = followed(follow(out(), made("pending"), at=NOON)).instruction
    again = followed(follow(pending, made("pending"), at=hour(1))).instruction

    assert (None, hour(1)) == (pending.looked_up_at, again.looked_up_at)


def test_late_failure_is_followed_and_alerts() -> None:
    """Some payouts show as paid and fail days later (A10, gateways 1.4)."""
    done = followed(follow(out(), made(), at=NOON)).instruction
    moved = followed(follow(done, made("failed", reason="account_closed"), at=hour(48)))

    assert (REFUSED, "account_closed") == (moved.instruction.status, moved.instruction.code)
    assert moved.late
    assert ["alert.late_outcome"] == [each.topic for each in moved.messages]


def test_late_success_is_followed_and_alerts() -> None:
    """What was declared refused is done after all."""
    refused = answered(out(), DECLINED, at=NOON).instruction
    moved = followed(follow(refused, made(), at=hour(1)))

    assert (DONE, True) == (moved.instruction.status, moved.late)
    assert None is follow(refused, made("pending"), at=hour(1))


def test_a_refusal_without_an_object_may_be_late_too() -> None:
    """A gateway that says so after done alerts as well."""
    done = followed(follow(out(), made(), at=NOON)).instruction

    assert answered(done, DECLINED, at=hour(1)).late


def test_a_second_object_is_an_alarm() -> None:
    """It was carried out twice; the instruction stays with the first one."""
    done = followed(follow(out(), made(), at=NOON)).instruction
    moved = followed(follow(done, made(id="ch_2"), at=hour(1)))

    assert (True, done) == (moved.doubled, moved.instruction)
    assert ["alert.doubled_order"] == [each.topic for each in moved.messages]
    assert None is follow(done, made("failed", id="ch_2"), at=hour(1))


def test_failures_of_an_earlier_key_are_no_news() -> None:
    """What waits was not sent under its key; what is cancelled never was."""
    assert None is follow(asked(generation=2), made("failed"), at=NOON)
    assert None is follow(asked(status=CANCELLED), made("failed"), at=NOON)
    with pytest.raises(IllegalTransition):
        follow(asked(status=CANCELLED), made(), at=NOON)


def test_objects_of_others_are_refused() -> None:
    """Another instruction's, or of another kind."""
    for strange in (made(instruction="ins_9"), attrs.evolve(made(), kind="transfer")):
        with pytest.raises(ValueError, match="not of the charge"):
            follow(out(), strange, at=NOON)


# ---- absence ---------------------------------------------------------------------------------
def test_absence_counts_a_day_after_the_last_send() -> None:
    """Not after the first one: a 500 may be carried out hours later (A7)."""
    tried = lost(hour(20), lost())
    early = absent(tried, at=hour(43), policy=TRUSTING).instruction
    sure = absent(tried, at=hour(44), policy=TRUSTING).instruction

    assert (UNKNOWN, 1, hour(43)) == (early.status, early.generation, early.looked_up_at)
    assert (WAITING, 2, None) == (sure.status, sure.generation, sure.first_sent_at)
    assert (False, "", 2) == (sure.doubtful, sure.sent_order, sure.attempts)
    assert f"{asked().id}.2" == sure.key


def test_above_an_amount_a_person_confirms_absence() -> None:
    """By default always."""
    moved = absent(lost(), at=hour(24), policy=Sending())

    assert (ATTENTION, "absent") == (moved.instruction.status, moved.instruction.code)
    assert ["alert.needs_attention"] == [each.topic for each in moved.messages]


def test_what_a_dead_worker_sent_is_looked_up_like_the_rest() -> None:
    """Early: in doubt; late: anew."""
    assert UNKNOWN == absent(out(), at=hour(1), policy=TRUSTING).instruction.status
    assert WAITING == absent(out(), at=hour(24), policy=TRUSTING).instruction.status


def test_what_was_pending_cannot_vanish() -> None:
    """The gateway had it: a person looks, and no fresh key is taken."""
    pending = followed(follow(out(), made("pending"), at=NOON)).instruction
    moved = absent(pending, at=hour(99), policy=TRUSTING).instruction

    assert (ATTENTION, "vanished") == (moved.status, moved.code)
    assert not is_surely_absent(moved, policy=TRUSTING)


def test_absence_is_sure_of_what_was_never_in_doubt() -> None:
    """Waiting, or parked before anything happened."""
    assert is_surely_absent(asked(), policy=TRUSTING)
    assert is_surely_absent(park(asked(), "too_old").instruction, policy=TRUSTING)
    assert not is_surely_absent(park(out(), "too_old").instruction, policy=TRUSTING)
    assert not is_surely_absent(lost(), policy=TRUSTING)


def test_what_is_over_is_not_parked() -> None:
    """The table forbids it."""
    with pytest.raises(IllegalTransition, match="park needs"):
        park(asked(status=DONE), "too_old")
