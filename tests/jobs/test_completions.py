"""Completions as jobs: previewed, done once, decided again in a race, on memory and SQLite."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from ledgerkit.domain import grants
from ledgerkit.domain.access import ApproverIsRequester
from ledgerkit.domain.adjustments import (
    APPLIED,
    PENDING_APPROVAL,
    REJECTED,
    Adjusted,
    Adjustment,
    Superseded,
    approval_queue,
)
from ledgerkit.domain.changes import Changes, KeyReused, Stale, changes_of, expect, request
from ledgerkit.domain.completions import Completed, Completion
from ledgerkit.domain.grants import Grant
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.ledger import EffectiveInFuture, period_of
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.periods import Period
from ledgerkit.domain.rate_cards import CHARGE, NoRate, RateCard, change_rate
from ledgerkit.domain.rentals import NoRental
from ledgerkit.domain.transfers import Transfer
from ledgerkit.jobs.adjustments import (
    UnknownAdjustment,
    UnknownCompletion,
    preview_adjustment,
    reject_adjustment,
)
from ledgerkit.jobs.completion_facts import UnknownRateCard
from ledgerkit.jobs.completions import preview_completion
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.simulator import Rigged, crash_everywhere, overtaken
from tests.domain.flight_school import (
    NOON,
    PLANE,
    amounts,
    flight,
    hours,
    rate,
    usd,
)
from tests.jobs.completion_world import (
    LATER,
    adjusting,
    approving,
    approving_it,
    completing,
    flown_school,
    school,
    waiting_id,
    waiting_school,
    with_account,
)
from tests.people import MARIA, PEDRO, VERA

pytest_plugins = ("tests.plugins.sqlite",)


@pytest.fixture
def host(empty_books: Store) -> Host:
    """Return a flight school that has its rates and a plane."""
    return school(empty_books)


def raised(host: Host) -> Changes:
    """Return the change that raises the charge to 220.00 from the day of the flight on."""
    read = host.store.load(RateCard, "school")
    assert read is not None
    on = date(2026, 10, 5)
    changed = change_rate(read.record, rate(CHARGE, "flight", "220", on), on=on)
    return changes_of(
        changed,
        key=f"rate/{read.version}",
        request=request("rate"),
        actor="olga",
        reason="costs",
        at=LATER,
        expects=(expect(read),),
    )


def balances(host: Host) -> dict[str, int]:
    """Return what each wallet holds, in cents."""
    return {wallet: held.posted for (wallet, _), held in host.store.balances().items()}


# ---- completing ------------------------------------------------------------------------------
def test_a_preview_is_what_is_done(host: Host) -> None:
    """The same legs and record, and nothing is stored before."""
    rigged = Rigged(host)
    preview = run(preview_completion(flight(Fraction(3, 2)), card="school"), rigged)
    assert "commit" not in rigged.names
    done = run(completing(), host)

    assert preview == done
    assert usd("120") == done.margin
    assert {"customer:ana": -30_000, "supplier:tom": 18_000, "platform": 12_000} == balances(host)
    stored = host.store.load(Completion, "f-1")
    assert stored is not None
    assert (done.completion, 1) == (stored.record, stored.version)
    assert () == broken_laws(books(host.store))


def test_done_once(host: Host) -> None:
    """Asked again, the same is returned and nothing stored, even after an adjustment."""
    done = run(completing(), host)
    run(adjusting(Decimal("1.6")), host)
    before = books(host.store)

    assert done == run(completing(), host)
    assert before == books(host.store)


def test_other_work_under_the_same_id_is_refused(host: Host) -> None:
    """Every field that differs is named."""
    run(completing(), host)
    with pytest.raises(KeyReused) as refused:
        run(completing(flight(1, supplier="una")), host)

    assert (
        ("quantities", "flight 3/2", "flight 1"),
        ("supplier", "tom", "una"),
    ) == refused.value.differing


def test_nothing_to_charge_is_stored_as_well(host: Host) -> None:
    """A flight of 0 h, asked for twice: one record, no journal."""
    done = run(completing(flight(0)), host)

    assert done == run(completing(flight(0)), host)
    assert None is done.journal
    assert {} == balances(host)


def test_four_parties_and_a_sale_in_one_commit(host: Host) -> None:
    """The plane comes from the books; what is decided beside is stored with it."""
    credit = Grant(
        id="g-1",
        customer="ana",
        amount=usd("250"),
        price=usd("250"),
        granted_on=date(2026, 10, 5),
    )
    seen: list[Completed] = []

    def beside(completed: Completed) -> list[grants.Granted]:
        seen.append(completed)
        return [grants.buy(credit, at=NOON)]

    done = run(completing(flight(equipment=PLANE), beside=beside), host)

    assert [done] == seen
    assert {
        "customer:ana": "-125.00",
        "supplier:tom": "+60.00",
        "owner:olga": "+25.00",
        "platform": "+40.00",
    } == amounts(done.completion.legs)
    assert (["completion/f-1"], ["completion/f-1"]) == (
        [version.key for version in host.store.history(Completion, "f-1")],
        [version.key for version in host.store.history(Grant, "g-1")],
    )


def test_what_is_missing_is_named(host: Host) -> None:
    """A card, a rate, a plane: nothing is charged at zero."""
    with pytest.raises(UnknownRateCard, match="no rate card 'other' is stored"):
        run(completing(card="other"), host)
    with pytest.raises(NoRate):
        run(completing(flight(quantities=hours(1, landing=1))), host)
    with pytest.raises(NoRental, match="no rental terms for 'N9'"):
        run(preview_completion(flight(equipment="N9"), card="school"), host)

    assert {} == balances(host)


def test_a_flight_told_after_the_books_are_closed(host: Host) -> None:
    """It counts from now, and reports find it in October all the same; asked again, it is there."""
    november = datetime(2026, 11, 1, tzinfo=UTC)
    closing = Changes(
        key="close",
        request=request("close"),
        actor="olga",
        reason="month end",
        at=november,
        closes_before=november,
    )
    host.store.commit(closing)
    late = attrs.evolve(host, clock=FakeClock(november + timedelta(days=2)))
    done = run(completing(), late)

    assert done.journal is not None
    assert (november + timedelta(days=2), Period.month(2026, 10)) == (
        done.journal.effective_at,
        period_of(done.journal),
    )
    assert done == run(completing(), late)
    with pytest.raises(EffectiveInFuture):
        run(completing(flight(id="f-2", completed_at=NOON + timedelta(days=90))), late)


def test_rates_that_change_meanwhile_are_read_again() -> None:
    """Between reading and storing the charge is raised: 1.5 h at 220.00 are charged."""
    host = school()
    names = Rigged(host)
    run(preview_completion(flight(Fraction(3, 2)), card="school"), names)

    def raise_once(step: Any, at: Host) -> Any:
        at.store.commit(raised(at))
        return step.call(at)

    # history, the steps of the preview, now, commit
    rigged = Rigged(host, {len(names.names) + 3: raise_once})
    done = run(completing(), rigged)

    assert usd("330") == done.completion.charge
    assert 2 == rigged.names.count("commit")


def test_a_base_that_moves_for_ever_is_told() -> None:
    """It is not tried for ever."""
    host = school()

    def always(step: Any, at: Host) -> Any:
        at.store.commit(raised_again(at))
        return step.call(at)

    rigged = Rigged(host, dict.fromkeys(range(1, 100), always))
    with pytest.raises(Stale):
        run(completing(), rigged)

    assert 5 == rigged.names.count("commit")


def raised_again(host: Host) -> Changes:
    """Return a further version of the card that says the same."""
    read = host.store.load(RateCard, "school")
    assert read is not None
    return Changes(
        key=f"again/{read.version}",
        request=request("again"),
        actor="olga",
        reason="again",
        at=LATER,
        records=(read.record,),
        expects=(expect(read),),
    )


def test_two_workers_complete_once() -> None:
    """Whoever comes second, at any step, returns what the first one stored."""
    clean = Rigged(school())
    run(completing(), clean)
    for number in range(1, len(clean.names) + 1):
        host = school()
        done = run(completing(), Rigged(host, {number: overtaken(completing)}))

        assert 1 == len(host.store.history(Completion, "f-1"))
        assert done == run(completing(), host)
        assert done.completion.charge.minor == -balances(host)["customer:ana"]


@pytest.mark.parametrize(
    "job", [completing, lambda: completing(flight(equipment=PLANE))], ids=["flight", "plane"]
)
def test_a_crash_at_any_step_charges_once(job: Callable[[], Job[Completed]]) -> None:
    """Run again after it, the books are those of one clean run."""
    assert 4 <= crash_everywhere(school, job, lambda host: books(host.store))


# ---- adjusting -------------------------------------------------------------------------------
def test_a_small_adjustment_is_applied_at_once(host: Host) -> None:
    """1.5 -> 1.7 h: 40.00 more; its preview says so."""
    run(completing(), host)
    asked: dict[str, Any] = {"key": "hobbs", "actor": MARIA, "reason": "Hobbs meter"}
    preview = run(preview_adjustment("f-1", hours(Decimal("1.7")), **asked), host)
    done = run(adjusting(Decimal("1.7")), host)

    assert preview == done
    assert APPLIED == done.adjustment.status
    assert {"customer:ana": -34_000, "supplier:tom": 20_400, "platform": 13_600} == balances(host)
    assert ["flown", "Hobbs meter"] == [
        version.reason for version in host.store.history(Completion, "f-1")
    ]
    assert () == broken_laws(books(host.store))


def test_a_large_one_waits_for_somebody_else(host: Host) -> None:
    """1.5 -> 1.8 h: -60.00, +36.00 and +24.00 once Pedro approves. (seed 002)"""
    run(completing(), host)
    asked = run(adjusting(), host)
    found = host.store.find(Adjustment, party="tom", status=PENDING_APPROVAL).items

    assert (asked.adjustment,) == approval_queue(each.record for each in found)
    assert -30_000 == balances(host)["customer:ana"]
    with pytest.raises(ApproverIsRequester):
        run(approving(asked.adjustment.id, actor=MARIA), host)

    done = run(approving(asked.adjustment.id), host)
    assert done.journal is not None
    assert {
        "customer:ana": "-60.00",
        "supplier:tom": "+36.00",
        "platform": "+24.00",
    } == amounts(done.journal.entries)
    assert {"customer:ana": -36_000, "supplier:tom": 21_600, "platform": 14_400} == balances(host)
    assert [("maria", PENDING_APPROVAL), ("pedro", APPLIED)] == [
        (version.actor, version.record.status)
        for version in host.store.history(Adjustment, asked.adjustment.id)
    ]


def test_asked_and_approved_once(host: Host) -> None:
    """Again, nothing is stored and the adjustment is returned as it stands."""
    run(completing(), host)
    asked = run(adjusting(), host)
    assert asked == run(adjusting(), host)
    done = run(approving(asked.adjustment.id), host)
    before = books(host.store)

    assert done == run(approving(asked.adjustment.id), host) == run(adjusting(), host)
    assert before == books(host.store)
    with pytest.raises(IllegalTransition, match="adjustment is applied; approve needs"):
        run(approving(asked.adjustment.id, actor=VERA), host)
    with pytest.raises(KeyReused) as refused:
        run(adjusting(2), host)
    assert (("quantities", "flight 9/5", "flight 2"),) == refused.value.differing


def test_the_second_of_two_is_superseded(host: Host) -> None:
    """Both were decided on 1.5 h; the first is approved, the other has to be asked anew."""
    run(completing(), host)
    first, second = run(adjusting(2), host), run(adjusting(1, key="other"), host)
    run(approving(first.adjustment.id), host)
    with pytest.raises(Superseded, match="had been adjusted 0 time"):
        run(approving(second.adjustment.id), host)
    rejected = run(reject_adjustment(second.adjustment.id, actor=PEDRO, reason="old"), host)

    assert REJECTED == rejected.adjustment.status
    assert (rejected.adjustment.id, ()) == (
        second.adjustment.id,
        host.store.find(Adjustment, status=PENDING_APPROVAL).items,
    )
    assert -40_000 == balances(host)["customer:ana"]


def test_what_is_not_stored_cannot_be_adjusted(host: Host) -> None:
    """The message says what to do first."""
    with pytest.raises(UnknownCompletion, match="no completion 'f-1' is stored; complete the work"):
        run(adjusting(), host)
    for job in (approving("adj_9"), reject_adjustment("adj_9", actor=PEDRO, reason="r")):
        with pytest.raises(UnknownAdjustment, match="no adjustment 'adj_9' is stored"):
            run(job, host)


@pytest.mark.parametrize(
    ("make", "job"),
    [
        (flown_school, adjusting),
        (flown_school, lambda: adjusting(Decimal("1.7"))),
        (waiting_school, approving_it),
        (waiting_school, lambda: reject_adjustment(waiting_id(), actor=PEDRO, reason="r")),
    ],
    ids=["large", "small", "approval", "rejection"],
)
def test_adjusted_once_whatever_happens(
    make: Callable[[], Host], job: Callable[[], Job[Adjusted]]
) -> None:
    """A crash or another worker at any step: the books are those of one clean run."""
    steps = crash_everywhere(make, job, lambda host: books(host.store))
    clean = make()
    expected = run(job(), clean)
    for number in range(1, steps + 1):
        host = make()
        done = run(job(), Rigged(host, {number: overtaken(job)}))

        assert expected == done
        assert books(clean.store) == books(host.store)


def test_an_adjustment_meanwhile_is_seen() -> None:
    """Between reading and storing another one is applied: the difference is of the newer hours."""
    clean = Rigged(flown_school())
    run(adjusting(Decimal("1.7")), clean)
    host = flown_school()
    fate = overtaken(lambda: adjusting(Decimal("1.6"), key="first"))
    done = run(adjusting(Decimal("1.7")), Rigged(host, {len(clean.names): fate}))

    assert usd("-20") == done.adjustment.customer_delta
    assert (1, hours(Decimal("1.6"))) == (done.adjustment.base, done.adjustment.before)
    assert -34_000 == balances(host)["customer:ana"]


def test_what_is_decided_beside_an_adjustment_is_stored_with_it(host: Host) -> None:
    """Such as its settlement: one commit."""
    run(completing(), host)
    asked = run(adjusting(), host)
    seen: list[Adjusted] = []

    def beside(adjusted: Adjusted) -> list[Adjusted]:
        seen.append(adjusted)
        other = attrs.evolve(adjusted.adjustment, id="adj_copy")
        return [Adjusted(other)]

    done = run(approving(asked.adjustment.id, beside=beside), host)

    assert [done] == seen
    assert host.store.load(Adjustment, "adj_copy") is not None


# ---- the transfer ----------------------------------------------------------------------------
def test_the_transfer_is_enqueued_with_the_charge(host: Host) -> None:
    """1.5 hours earn Tom 180.00: charge, transfer and instruction are one commit."""
    with_account(host)
    done = [run(completing(transfer_through="stripe"), host) for _ in range(2)]
    (sent,) = host.store.find(Transfer, party="tom").items
    (asked,) = host.store.find(Instruction, party="tom").items
    (claimed,) = host.store.claim("gateway.stripe", at=LATER, lease=timedelta(hours=1))
    (version,) = host.store.history(Transfer, sent.record.id)

    assert done[0] == done[1]
    assert (usd("180.00"), "pending", "f-1") == (
        sent.record.amount,
        sent.record.status,
        sent.record.pays,
    )
    assert asked.record.id == dict(claimed.message.body)["instruction"]
    assert "completion/f-1" == version.key


@pytest.mark.parametrize("ready", [True, False])
def test_without_an_account_that_may_be_paid_it_is_charged_all_the_same(
    host: Host, *, ready: bool
) -> None:
    """None at that gateway, or one that is not ready: what he earned waits for his payout."""
    with_account(host, ready=ready)
    run(completing(transfer_through="paystack" if ready else "stripe"), host)

    assert () == host.store.find(Transfer).items
    assert 18_000 == host.store.balance("supplier:tom", "USD").posted


def test_a_solo_flight_is_transferred_to_nobody(host: Host) -> None:
    """There is no supplier."""
    solo = flight(supplier=None, equipment=PLANE)
    run(completing(solo, transfer_through="stripe"), host)

    assert () == host.store.find(Transfer).items
