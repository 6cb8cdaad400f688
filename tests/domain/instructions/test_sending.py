"""Sending: what a worker does next, with the figures of the specification."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.gateways import Outcome
from ledgerkit.domain.instructions import (
    ATTENTION,
    CANCELLED,
    DONE,
    PENDING,
    REFUSED,
    SENT,
    UNKNOWN,
    Instruction,
    LookUp,
    NextStep,
    Nothing,
    Park,
    Refuse,
    Send,
    Sending,
    WaitUntil,
    absent,
    answered,
    follow,
    next_step,
    sent,
)
from tests.domain.instructions.orders import (
    BUSY,
    DAY,
    DECLINED,
    HOUR,
    NOON,
    TIMEOUT,
    asked,
    eur,
    hour,
    lost,
    made,
    out,
)

POLICY = Sending()
BUDGET = timedelta(seconds=260)
LEASE = timedelta(minutes=15)


def step(
    instruction: Instruction, at: datetime, *, policy: Sending = POLICY, lease: timedelta = LEASE
) -> NextStep:
    """Return what a worker does that has claimed it at *at*."""
    return next_step(instruction, at=at, lease_until=at + lease, policy=policy)


def minutes(n: int) -> datetime:
    """Return the instant *n* minutes after noon."""
    return NOON + timedelta(minutes=n)


# ---- what waits is sent ----------------------------------------------------------------------
def test_a_new_instruction_is_sent_at_once() -> None:
    """Before the lease ends by so much as a call may take: 3 x 80 s and pauses (gateways 1.2)."""
    assert Send(NOON + LEASE - BUDGET) == step(asked(), NOON)


def test_it_is_not_sent_when_the_lease_has_no_time_for_a_call() -> None:
    """Another lease has."""
    assert WaitUntil(NOON) == step(asked(), NOON, lease=BUDGET)


def test_its_window_is_a_deadline() -> None:
    """A reversal is sent within 72 h and not after, however long the lease (A16)."""
    window = asked(send_before=hour(72))

    assert Send(hour(72)) == step(window, hour(72) - timedelta(minutes=1))
    assert Refuse("window_closed") == step(window, hour(72))


def test_what_the_gateway_was_too_busy_for_may_be_refused_when_its_window_closes() -> None:
    """A 429 is sure: nothing happened, so nothing has to be looked up."""
    busy = answered(out(of=asked(send_before=hour(1))), BUSY, at=NOON).instruction

    assert Refuse("window_closed") == step(busy, hour(1))


def test_what_may_have_happened_is_looked_up_when_its_window_closes() -> None:
    """It is neither sent again nor refused."""
    doubtful = lost(of=asked(send_before=hour(1)))

    assert LookUp() == step(doubtful, hour(1))
    assert WaitUntil(hour(24)) == step(attrs.evolve(doubtful, looked_up_at=hour(1)), hour(23))


# ---- the same key ----------------------------------------------------------------------------
def test_the_same_key_is_sent_until_23_hours_after_the_first_send() -> None:
    """Then a gateway may soon forget it, and it is only looked up (gateways 1.2, A6)."""
    tried = lost(hour(20), lost())
    seen = attrs.evolve(tried, looked_up_at=minutes(22 * 60 + 30))

    assert isinstance(step(seen, hour(23) - HOUR / 4), Send)
    assert Send(hour(23)) == step(seen, hour(23) - timedelta(minutes=1))
    assert LookUp() == step(tried, hour(23))
    assert WaitUntil(hour(44)) == step(attrs.evolve(tried, looked_up_at=hour(23)), hour(23))


def test_the_23_hours_begin_anew_where_surely_nothing_happened() -> None:
    """Only what may have had an effect makes a key old."""
    busy = answered(out(), BUSY, at=NOON).instruction
    again = sent(busy, at=hour(30)).instruction

    assert isinstance(step(busy, hour(30)), Send)
    assert hour(30) == again.first_sent_at
    assert 2 == again.attempts


def test_a_worker_that_died_is_followed_under_the_same_key() -> None:
    """Sent and nothing more known: it may have happened (A4)."""
    again = sent(out(), at=minutes(5)).instruction

    assert isinstance(step(out(), minutes(5)), Send)
    assert (True, NOON, minutes(5)) == (again.doubtful, again.first_sent_at, again.last_sent_at)
    assert out().key == again.key


# ---- waits -----------------------------------------------------------------------------------
def test_waits_double_up_to_an_hour() -> None:
    """Full jitter: anything from nothing to the span, 30 s, 1 min, 2 min and so on (A18)."""
    spans = [timedelta(seconds=30 * 2**n) for n in range(7)] + [HOUR] * 40
    waits = [POLICY.wait("ins_1", n) for n in range(1, 48)]

    assert all(timedelta() <= wait < span for wait, span in zip(waits, spans, strict=True))
    assert 40 < len(set(waits))


def test_jitter_is_the_same_again_and_differs_between_instructions() -> None:
    """The domain draws nothing by chance."""
    assert POLICY.wait("ins_1", 9) == POLICY.wait("ins_1", 9)
    assert 90 < len({POLICY.wait(f"ins_{n}", 9) for n in range(100)})


def test_it_waits_after_each_send() -> None:
    """Until the wait is over, unless a look-up is due first."""
    doubtful = lost()
    wait = POLICY.wait(doubtful.id, 1)

    assert WaitUntil(NOON + wait) == step(doubtful, NOON)
    assert isinstance(step(doubtful, NOON + wait), Send)


def test_what_is_in_doubt_is_looked_up_after_five_minutes_an_hour_and_a_day() -> None:
    """And every day from then on (A5), where it may not be sent any more."""
    doubtful = lost(of=asked(send_before=minutes(1)))
    found: list[datetime] = []
    for _ in range(5):
        waiting = step(doubtful, minutes(1))
        assert isinstance(waiting, WaitUntil)
        found.append(waiting.at)
        doubtful = attrs.evolve(doubtful, looked_up_at=waiting.at)

    assert [minutes(5), hour(1), hour(24), hour(48), hour(72)] == found


def test_a_worker_that_comes_late_looks_up_once() -> None:
    """What was due meanwhile is not made up for."""
    doubtful = attrs.evolve(
        lost(of=asked(send_before=minutes(1))), looked_up_at=hour(50) + timedelta(minutes=10)
    )

    assert WaitUntil(hour(72)) == step(doubtful, hour(51))


def test_what_is_pending_is_asked_for() -> None:
    """After 5 minutes, 1 hour, 6 hours, a day and then daily."""
    pending = follow(out(), made("pending"), at=NOON)
    assert pending is not None
    polled = attrs.evolve(pending.instruction, looked_up_at=hour(25))

    assert WaitUntil(minutes(5)) == step(pending.instruction, NOON)
    assert LookUp() == step(pending.instruction, minutes(5))
    assert WaitUntil(hour(48)) == step(polled, hour(25))


def test_what_a_webhook_told_first_is_asked_for_from_its_beginning() -> None:
    """It was never sent as far as we know, and is pending."""
    pending = follow(asked(), made("pending"), at=NOON)
    assert pending is not None

    assert LookUp() == step(pending.instruction, minutes(5))


# ---- the end ---------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [DONE, REFUSED, CANCELLED, ATTENTION])
def test_what_is_over_or_with_a_person_is_left_alone(status: str) -> None:
    """A message that comes again does nothing."""
    assert Nothing() == step(asked(status=status), hour(999))


def test_what_is_a_week_old_is_left_to_a_person() -> None:
    """Nothing is tried for ever (A18)."""
    assert isinstance(step(asked(), hour(24 * 7 - 1)), Send)
    assert Park("too_old") == step(asked(), hour(24 * 7))
    assert Park("too_old") == step(lost(), hour(24 * 7))
    assert isinstance(step(asked(woken_at=hour(24 * 7)), hour(24 * 8)), Send)


def test_what_is_pending_may_take_longer() -> None:
    """A pending reversal fails after more than 45 days (gateways 1.4)."""
    pending = asked(status=PENDING, object="ch_1")

    assert WaitUntil(hour(6)) == step(attrs.evolve(pending, looked_up_at=hour(1)), hour(2))
    assert LookUp() == step(pending, NOON + 46 * DAY)
    assert Park("too_old") == step(pending, NOON + 60 * DAY)


def test_a_person_has_it_looked_up_at_once() -> None:
    """Before anything is sent; and once."""
    woken = attrs.evolve(lost(), woken_at=minutes(2), looked_up_at=minutes(1))
    looked = attrs.evolve(woken, looked_up_at=minutes(2))

    assert LookUp() == step(woken, minutes(2))
    assert LookUp() == step(attrs.evolve(woken, looked_up_at=None), minutes(2))
    assert LookUp() == step(attrs.evolve(lost(), woken_at=NOON), NOON)
    assert isinstance(step(looked, minutes(3)), Send)
    assert isinstance(step(sent(woken, at=minutes(3)).instruction, minutes(4)), Send | WaitUntil)


# ---- the policy ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"same_key_for": timedelta()}, "same_key_for must be a timedelta above zero"),
        ({"max_age": 7}, "max_age"),
        ({"longest_wait": timedelta(seconds=29)}, "longest_wait must be"),
        ({"look_ups": ()}, "look_ups must be a tuple of rising"),
        ({"look_ups": [HOUR]}, "look_ups"),
        ({"look_ups": (DAY, HOUR)}, "look_ups"),
        ({"polls": (HOUR, HOUR)}, "polls"),
        ({"polls": (timedelta(), HOUR)}, "polls"),
        ({"polls": (1,)}, "polls"),
        ({"absent_up_to": (eur(1), eur(2))}, "one amount a currency"),
    ],
    ids=str,
)
def test_a_policy_that_cannot_be(fields: dict[str, Any], match: str) -> None:
    """Spans are above zero, schedules rise, and there is one amount a currency."""
    with pytest.raises(ValueError, match=match):
        Sending(**fields)


def test_amounts_are_money() -> None:
    """A number has no currency."""
    with pytest.raises(TypeError, match="tuple of Money"):
        Sending(absent_up_to=(5000,))  # type: ignore[arg-type]


def test_absence_is_believed_up_to_an_amount() -> None:
    """In that currency; by default always by a person (A7)."""
    policy = Sending(absent_up_to=(eur(5000),))

    assert policy.believes_absence(eur(5000))
    assert not policy.believes_absence(eur(5001))
    assert not POLICY.believes_absence(eur(1))


# ---- laws ------------------------------------------------------------------------------------
ANSWERS = st.sampled_from([TIMEOUT, BUSY, DECLINED, None, made(), made("pending"), made("failed")])


@given(
    st.lists(st.tuples(st.integers(0, 30 * 60), ANSWERS), max_size=30),
    st.sampled_from([POLICY, Sending(absent_up_to=(eur(5000),))]),
    st.none() | st.integers(1, 60).map(hour),
)
def test_no_answers_lead_to_a_fresh_key_unless_absence_is_sure(
    events: list[tuple[int, Any]], policy: Sending, window: datetime | None
) -> None:
    """Each send is before its deadline; a fresh key needs a day in which nothing was sent."""
    now, instruction = NOON, asked(send_before=window)
    unsure: dict[str, list[datetime]] = {}  # the sends of a key that may have had an effect
    for after, answer in events:
        now += timedelta(minutes=after)
        match step(instruction, now, policy=policy):
            case Send(before=before):
                assert now < before
                assert window is None or before <= window
                for key, sends in unsure.items():
                    fresh = key != instruction.key
                    assert now >= sends[-1] + DAY if fresh else now < sends[0] + 23 * HOUR
                instruction = sent(instruction, at=now).instruction
                unsure.setdefault(instruction.key, []).append(now)
                instruction = told(instruction, answer, now)
                if instruction.status not in (UNKNOWN, SENT):
                    del unsure[instruction.key]
            case LookUp():
                if answer is None:
                    instruction = absent(instruction, at=now, policy=policy).instruction
                elif answer not in (TIMEOUT, BUSY):
                    instruction = told(instruction, answer, now)
            case Refuse() | Park() | Nothing():
                return
            case WaitUntil(at=at):
                assert at >= now


def told(instruction: Instruction, answer: Any, at: datetime) -> Instruction:
    """Return *instruction* after *answer*; None is a worker that dies before it can say."""
    if answer is None:
        return instruction
    if isinstance(answer, Outcome):
        if instruction.status == PENDING:
            return instruction
        return answered(instruction, answer, at=at).instruction
    moved = follow(instruction, answer, at=at)
    return instruction if moved is None else moved.instruction
