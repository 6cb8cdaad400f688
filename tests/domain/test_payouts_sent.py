"""Payouts through a gateway: sent once, paid when the transfer is done, instant ones for a fee."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import payouts, transfers
from ledgerkit.domain.ledger import Entry, Event
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import CurrencyMismatch, Money
from ledgerkit.domain.payouts import (
    FeeExceedsPayout,
    InstantFee,
    Payout,
    PayoutLine,
    PayoutSent,
    PayoutSetting,
    PayoutTerm,
)
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import Transfer
from tests.domain.told import AT, legs, told, usd

MARCH = Period.month(2026, 3)
ONE_PERCENT = InstantFee(percent=Fraction(1, 100), minimum=usd(50))


def pending(*minors: int) -> Payout:
    """Return a pending payout of lines of these amounts, or of 60.00."""
    lines = tuple(
        PayoutLine(
            journal=f"jrn_{n}",
            line=1,
            kind="completion.charged",
            source=f"f-{n}",
            on=date(2026, 3, 1),
            amount=usd(minor),
        )
        for n, minor in enumerate(minors or (6_000,))
    )
    one = payouts.preview("ina", lines, currency="USD", period=MARCH)
    return payouts.generate(one).payout


def sent(payout: Payout | None = None, **more: Any) -> PayoutSent:
    """Send *payout*, or one of 60.00."""
    fields: dict[str, Any] = {"account": "acct_ina", "gateway": "stripe", "at": AT}
    return payouts.send(payout or pending(), **(fields | more))


def arrived(one: PayoutSent) -> Transfer:
    """Return the transfer of *one*, done."""
    transfer = one.enqueued.transfer
    return transfers.settle(transfer, told(minor=transfer.amount.minor), at=AT).transfer


def followed(payout: Payout, transfer: Transfer) -> Payout:
    """Return *payout* where *transfer* leads it."""
    changed = payouts.follow(payout, transfer)
    assert changed is not None
    return changed.payout


# ---- sending ---------------------------------------------------------------------------------
def test_sending_moves_no_money() -> None:
    """In transit: payout, transfer and instruction in one decision; booked when it is done."""
    one = sent()

    assert ("in_transit", 1) == (one.payout.status, one.payout.attempt)
    assert one.payout.transfer == one.enqueued.transfer.id
    assert ((), 3) == (one.effects.journals, len(one.effects.records))
    assert usd(6_000) == one.enqueued.transfer.amount


def test_payout_is_paid_when_its_transfer_is_done() -> None:
    """Supplier -60.00, gateway +60.00; the payout has the gateway's id as its reference."""
    one = sent()
    settled = transfers.settle(one.enqueued.transfer, told(), at=AT)

    assert {"supplier:ina": -6_000, "gateway:stripe": 6_000} == legs(settled.journals)
    assert "payout.transferred" == settled.journals[0].kind
    paid = followed(one.payout, settled.transfer)
    assert ("paid", "tr_1") == (paid.status, paid.reference)
    assert payouts.follow(paid, settled.transfer) is None


def test_offset_against_the_next_payout() -> None:
    """60.00 - 36.00 = 24.00 are sent (spec: billing 10)."""
    assert usd(2_400) == sent(pending(6_000, -3_600)).enqueued.transfer.amount


def test_refused_payout_is_sent_anew_under_another_key() -> None:
    """What was refused is another attempt; what could not be sent now keeps its key."""
    one = sent()
    refused = transfers.refuse(one.enqueued.transfer, code="insufficient_funds").transfer
    failed = followed(one.payout, refused)
    again = sent(payouts.retry(failed, note="topped up").payout)

    assert "failed" == failed.status
    assert ("in_transit", 2) == (again.payout.status, again.payout.attempt)
    first, second = one.enqueued.instructed.instruction, again.enqueued.instructed.instruction
    assert first.key != second.key
    assert first == sent().enqueued.instructed.instruction


@pytest.mark.parametrize(("status", "expected"), [("pending", "in_transit"), ("done", "paid")])
@pytest.mark.parametrize("then", ["failed", "pending", "on_hold"])
def test_refused_payout_that_was_sent_after_all(status: str, expected: str, then: str) -> None:
    """The books follow the gateway, whatever was decided meanwhile (spec: reliability A10)."""
    one = sent()
    refused = transfers.refuse(one.enqueued.transfer, code="timeout").transfer
    payout = followed(one.payout, refused)
    if then != "failed":
        payout = payouts.retry(payout, note="again").payout
    if then == "on_hold":
        payout = payouts.hold(payout, note="wait").payout
    late = transfers.settle(refused, told(status=status), at=AT).transfer

    assert expected == followed(payout, late).status


def test_earlier_attempt_moves_nothing() -> None:
    """Done after a second was sent: booked as money paid on top, which no payout claims."""
    one = sent()
    refused = transfers.refuse(one.enqueued.transfer, code="timeout").transfer
    again = sent(payouts.retry(followed(one.payout, refused), note="again").payout)
    late = transfers.settle(payouts.settled_with(again.payout, refused), told(), at=AT)

    assert payouts.follow(again.payout, late.transfer) is None
    assert ["transfer.done"] == [journal.kind for journal in late.journals]
    assert {"supplier:ina": -6_000, "gateway:stripe": 6_000} == legs(late.journals)


def test_transfer_of_the_payout_is_settled_with_it() -> None:
    """It pays what the payout claims; and what it paid stays so, whatever comes later."""
    one = sent()
    done = arrived(one)
    by_hand = attrs.evolve(one.payout, transfer=None, status="failed")

    assert one.enqueued.transfer == payouts.settled_with(one.payout, one.enqueued.transfer)
    assert done == payouts.settled_with(by_hand, done)


def test_fee_of_a_superseded_transfer_is_not_kept() -> None:
    """An instant payout of 60.00 costs 0.60 once, although two of them arrived."""
    one = sent(instant=ONE_PERCENT)
    refused = transfers.refuse(one.enqueued.transfer, code="timeout").transfer
    again = sent(payouts.retry(followed(one.payout, refused), note="again").payout)
    late = transfers.settle(payouts.settled_with(again.payout, refused), told(minor=5_940), at=AT)

    assert {"supplier:ina": -5_940, "gateway:stripe": 5_940} == legs(late.journals)


def test_failure_that_was_known_moves_nothing() -> None:
    """A payout that was made pending again stays so."""
    one = sent()
    refused = transfers.refuse(one.enqueued.transfer, code="x").transfer
    retried = payouts.retry(followed(one.payout, refused), note="again").payout

    assert payouts.follow(retried, refused) is None


def test_paid_payout_that_fails() -> None:
    """Paid -> failed exists: the reference goes, and it can be paid again."""
    one = sent()
    done = arrived(one)
    failed = transfers.settle(done, told(status="failed"), at=AT).transfer
    payout = followed(followed(one.payout, done), failed)

    assert ("failed", None) == (payout.status, payout.reference)


def test_reversed_payout() -> None:
    """Paid -> partly reversed -> reversed, and back when a reversal fails after all."""
    one = sent()
    transfer = arrived(one)
    payout = followed(one.payout, transfer)
    seen = [payout.status]
    for fact in (
        told("reversal", minor=3_600),
        told("reversal", minor=2_400, id="trr_2"),
        told("reversal", "failed", minor=3_600),
        told("reversal", "failed", minor=2_400, id="trr_2"),
    ):
        transfer = transfers.settle_reversal(transfer, fact, at=AT).transfer
        payout = followed(payout, transfer)
        seen.append(payout.status)

    assert ["paid", "partly_reversed", "reversed", "partly_reversed", "paid"] == seen
    assert "tr_1" == payout.reference


@pytest.mark.parametrize("verb", [payouts.fail, payouts.retry, payouts.hold])
def test_payout_in_transit_is_left_alone(verb: Any) -> None:
    """Nobody declares failed what may arrive: that would pay it twice."""
    with pytest.raises(IllegalTransition, match="payout is in_transit"):
        verb(sent().payout, note="hurry")


# ---- by hand, again --------------------------------------------------------------------------
def test_what_the_bank_sent_back() -> None:
    """The payment is reversed; paid again it claims an event of its own."""
    first = payouts.pay(pending(), reference="R-1", at=AT)
    assert first.journal is not None
    back = payouts.bounce(first.payout, first.journal, note="account closed", at=AT)
    again = payouts.pay(
        payouts.retry(back.payout, note="new account").payout, reference="R-2", at=AT
    )
    assert back.journal is not None
    assert again.journal is not None

    assert {} == legs([first.journal, back.journal])
    assert ("failed", None) == (back.payout.status, back.payout.reference)
    assert [Event("payout", first.payout.id), Event("payout", first.payout.id, "2")] == [
        first.journal.event,
        again.journal.event,
    ]
    assert first.journal.id != again.journal.id


def test_only_its_payment_bounces() -> None:
    """Another journal, or a payout that a transfer paid, has no payment by hand."""
    first = payouts.pay(pending(), reference="R-1", at=AT)
    assert first.journal is not None
    one = sent()

    with pytest.raises(ValueError, match="is not the payment by hand"):
        payouts.bounce(followed(one.payout, arrived(one)), first.journal, note="x", at=AT)
    other = attrs.evolve(first.journal, event=None)
    with pytest.raises(ValueError, match="is not the payment by hand"):
        payouts.bounce(first.payout, other, note="x", at=AT)


# ---- instant payouts -------------------------------------------------------------------------
@pytest.mark.parametrize(("minor", "fee", "arrives"), [(6_000, 60, 5_940), (1_000, 50, 950)])
def test_fee_of_an_instant_payout(minor: int, fee: int, arrives: int) -> None:
    """1 %, minimum 0.50: 60.00 -> 0.60 -> 59.40; 10.00 -> 0.50 -> 9.50 (spec: billing 10)."""
    one = sent(pending(minor), instant=ONE_PERCENT)
    (journal,) = transfers.settle(one.enqueued.transfer, told(minor=arrives), at=AT).journals

    assert (usd(fee), True) == (one.payout.fee, one.enqueued.transfer.at_once)
    assert (
        Entry("supplier:ina", usd(-arrives)),
        Entry("gateway:stripe", usd(arrives)),
        Entry("supplier:ina", usd(-fee)),
        Entry("platform", usd(fee)),
    ) == journal.entries


def test_platform_bears_the_fee() -> None:
    """The supplier gets all; what the gateway takes is booked when it tells."""
    generous = attrs.evolve(ONE_PERCENT, bearer="platform")
    one = sent(instant=generous)

    assert (None, usd(6_000), True) == (
        one.payout.fee,
        one.enqueued.transfer.amount,
        one.enqueued.transfer.at_once,
    )


def test_free_instant_payouts() -> None:
    """A fee of nothing is no leg."""
    free = InstantFee(percent=Fraction(0), minimum=usd(0))

    assert sent(instant=free).payout.fee is None


def test_fee_has_a_maximum() -> None:
    """1 % of 1,000.00 would be 10.00; at most 5.00."""
    capped = attrs.evolve(ONE_PERCENT, maximum=usd(500))

    assert usd(500) == capped.of(usd(100_000))


@pytest.mark.parametrize(("minor", "told"), [(50, "0.50"), (49, "0.49")])
def test_fee_leaves_something(minor: int, told: str) -> None:
    """0.50 of 0.50 would leave nothing."""
    with pytest.raises(FeeExceedsPayout, match=f"payout of {told} USD costs 0.50 USD"):
        sent(pending(minor), instant=ONE_PERCENT)


def test_fee_in_another_currency() -> None:
    """A fee is for payouts in its currency."""
    with pytest.raises(CurrencyMismatch):
        ONE_PERCENT.of(Money(6_000, "EUR"))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"percent": 0.01}, TypeError),
        ({"minimum": 50}, TypeError),
        ({"percent": Fraction(-1, 100)}, ValueError),
        ({"percent": Fraction(101, 100)}, ValueError),
        ({"minimum": usd(-1)}, ValueError),
        ({"maximum": usd(49)}, ValueError),
        ({"bearer": "bank"}, ValueError),
    ],
)
def test_fees_are_checked(fields: dict[str, Any], error: type[Exception]) -> None:
    """A fee that cannot be is refused where it is made."""
    with pytest.raises(error):
        attrs.evolve(ONE_PERCENT, **fields)


@given(st.integers(1, 10**9), st.fractions(0, 1), st.integers(0, 10**6), st.integers(0, 10**6))
def test_fee_is_within_its_bounds(minor: int, percent: Fraction, least: int, more: int) -> None:
    """Minimum <= fee <= maximum, and what arrives and the fee are the payout."""
    fee = InstantFee(percent=percent, minimum=usd(least), maximum=usd(least + more))

    assert usd(least) <= fee.of(usd(minor)) <= usd(least + more)
    try:
        one = sent(pending(minor), instant=fee)
    except FeeExceedsPayout:
        return
    kept = usd(0) if one.payout.fee is None else one.payout.fee
    assert usd(minor) == one.enqueued.transfer.amount + kept


# ---- settings --------------------------------------------------------------------------------
def test_setting_from_a_day_on() -> None:
    """Instant from 10 March, at two percent from 20 March, not any more from April on."""
    two = attrs.evolve(ONE_PERCENT, percent=Fraction(1, 50))
    setting: PayoutSetting | None = None
    for on, fee in (
        (date(2026, 3, 10), ONE_PERCENT),
        (date(2026, 3, 20), ONE_PERCENT),
        (date(2026, 3, 20), two),  # set later, for the same day: it counts
        (date(2026, 4, 1), None),
    ):
        changed = payouts.set_term(setting, PayoutTerm("USD", on, fee), supplier="ina")
        setting = changed.setting
    assert setting is not None

    assert [None, ONE_PERCENT, ONE_PERCENT, two, two, None] == [
        setting.instant("USD", on=date(2026, month, day))
        for month, day in ((3, 9), (3, 10), (3, 19), (3, 20), (3, 31), (4, 1))
    ]
    assert setting.instant("EUR", on=date(2026, 3, 20)) is None
    assert (setting,) == changed.effects.records
    assert payouts.setting_id("ina") == setting.id


def test_setting_of_somebody_else() -> None:
    """Terms are set on the supplier's own setting."""
    setting = payouts.set_term(None, PayoutTerm("USD", date(2026, 3, 1)), supplier="ina").setting

    with pytest.raises(ValueError, match="is of 'ina', not of 'tom'"):
        payouts.set_term(setting, setting.terms[0], supplier="tom")


def test_settings_are_checked() -> None:
    """A term has a day and a fee in its currency; a setting has a tuple of them."""
    wrong: Any = "2026-03-01"
    listed: Any = []

    with pytest.raises(TypeError):
        PayoutTerm("USD", wrong)
    with pytest.raises(ValueError, match="a term for EUR has a fee in USD"):
        PayoutTerm("EUR", date(2026, 3, 1), ONE_PERCENT)
    with pytest.raises(TypeError, match="tuple of PayoutTerm"):
        PayoutSetting("pst_1", "ina", listed)


# ---- records ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"status": "in_transit"}, "needs the transfer that pays it"),
        ({"status": "reversed"}, "with the reference None"),
        ({"fee": usd(6_000)}, "above 0 and below 60.00 USD"),
        ({"fee": usd(0)}, "above 0 and below"),
    ],
)
def test_payouts_sent_are_checked(fields: dict[str, Any], message: str) -> None:
    """A payout that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(pending(), **fields)


def test_instants_are_in_utc() -> None:
    """The time of the decision comes from outside."""
    later = datetime(2026, 3, 2, tzinfo=UTC)

    assert later == sent(at=later).enqueued.instructed.instruction.asked_at
