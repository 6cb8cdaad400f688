"""What the adapter tells of Stripe's keys, faults, balances and lists, through the real SDK.

The promises of a gateway are proven by the contract suite; these are of Stripe's own ways.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from ledgerkit.adapters.stripe import StripeGateway, StripeWebhooks
from ledgerkit.domain.gateways import (
    GatewayObject,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.ports.gateway import CallFailed, ProbeFailed
from ledgerkit.ports.secret import Secret
from ledgerkit.testing.fakes.gateway import SLOW, STOLEN, Fault
from ledgerkit.testing.samples import NOON
from tests.adapters.stripe.rendering import signed
from tests.adapters.stripe.world import World, eur

DAY = timedelta(days=1)
SECRET = "whsec_double_0123456789"


@pytest.fixture
def world() -> World:
    """Return a world of its own."""
    return World()


# ---- keys and faults -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fault", "answer", "again", "effects"),
    [
        (Fault.NO_CONNECTION, ("retryable", "no_connection"), "done", (0, 1)),
        (Fault.RATE_LIMITED, ("retryable", "rate_limit"), "done", (0, 1)),
        (Fault.WRONG_KEY, ("retryable", "invalid_api_key"), "done", (0, 1)),
        (Fault.TIMEOUT_BEFORE, ("unknown", "timeout"), "done", (0, 1)),
        (Fault.TIMEOUT_AFTER, ("unknown", "timeout"), "done", (1, 1)),
        (Fault.ERROR, ("unknown", "api_error"), "unknown", (0, 0)),
        (Fault.ERROR_DONE, ("unknown", "api_error"), "unknown", (1, 1)),
        (Fault.ERROR_LATER, ("unknown", "api_error"), "unknown", (0, 1)),
    ],
)
def test_faults(
    world: World, fault: Fault, answer: tuple[str, str], again: str, effects: tuple[int, int]
) -> None:
    """A server's error stays the answer of its key, done or not; what came before it does not."""
    made_of = world.api.gateway.made_of
    world.wire.script(fault)
    first = world.stripe.send(world.charge(), key="k", instruction="i")
    now = len(made_of("i"))
    world.clock.advance(timedelta(hours=6))
    second = world.stripe.send(world.charge(), key="k", instruction="i")

    assert (answer, fault is Fault.WRONG_KEY) == ((first.status, first.code), first.halts)
    assert again == second.status
    assert effects == (now, len(made_of("i")))


def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    """Then the same key makes a new object, which is why it is looked up before (gateways 1.2)."""
    for after in (timedelta(), DAY - timedelta(seconds=1), timedelta(seconds=1)):
        world.clock.advance(after)
        world.stripe.send(world.charge(), key="k", instruction="i")

    assert 2 == len(world.api.gateway.made_of("i"))


def test_another_order_under_a_used_key_is_an_idempotency_error(world: World) -> None:
    """Another amount, or another account to be paid out."""
    world.fund()
    world.stripe.send(world.charge(), key="k", instruction="i")
    payout = PayoutOrder(amount=eur(1), account=world.account)
    world.stripe.send(payout, key="p", instruction="p")
    other = attrs.evolve(payout, account="acct_2")
    refused = [
        world.stripe.send(order, key=key, instruction=key)
        for key, order in (("k", world.charge(minor=5001)), ("p", other))
    ]

    assert ["idempotency_error"] * 2 == [each.code for each in refused]
    assert all(each.attention for each in refused)


def test_what_could_not_begin_is_not_kept_under_its_key(world: World) -> None:
    """An account that is not there is answered anew; a balance that does not cover it is not."""
    order = TransferOrder(amount=eur(100), account="acct_2")
    missing = world.stripe.send(order, key="k", instruction="i")
    poor = world.send(attrs.evolve(order, account=world.account))
    world.fund()
    world.stripe.open_account(supplier="tom", email="tom@example.org", country="ES", key="tom")

    assert ("resource_missing", True) == (missing.code, missing.attention)
    assert ("insufficient_funds", False) == (poor.code, poor.attention)
    assert "done" == world.stripe.send(order, key="k", instruction="i").status
    again = world.stripe.send(
        attrs.evolve(order, account=world.account), key="k-1", instruction="i-1"
    )
    assert "insufficient_funds" == again.code


def test_a_wrong_key_halts(world: World) -> None:
    """Nothing happens and nothing else can be sent; the key is in no answer."""
    stranger = StripeGateway(Secret("sk_test_other0000"), http_client=world.wire)
    outcome = stranger.send(world.charge("pm_card"), key="k", instruction="i")
    with pytest.raises(ProbeFailed, match="invalid_api_key"):
        stranger.probe()

    assert ("retryable", True) == (outcome.status, outcome.halts)
    assert "0123456789" not in outcome.detail
    assert "Stripe answers in test mode to the key sk_test_...7f3a" == world.stripe.probe()


# ---- money -----------------------------------------------------------------------------------
def test_card_money_is_pending_first(world: World) -> None:
    """100.00 less 2.9 % and 0.30; a transfer needs it to be available, or its charge named."""
    charge = world.done(world.charge(minor=10_000))
    early = world.stripe.balance()
    transfer = TransferOrder(amount=eur(6000), account=world.account)
    too_early = world.send(transfer)
    of_charge = world.send(attrs.evolve(transfer, amount=eur(1000), source=charge.id))
    world.clock.advance(2 * DAY)

    assert ((eur(0),), (eur(9680),)) == (early.available, early.pending)
    assert ("insufficient_funds", "done") == (too_early.code, of_charge.status)
    assert (eur(8680),) == world.stripe.balance().available
    assert "done" == world.send(transfer).status


def test_a_reversal_needs_the_money_to_be_there(world: World) -> None:
    """Paid out to the bank, it is not: the normal case (gateways 0)."""
    world.fund()
    transfer = world.done(TransferOrder(amount=eur(3000), account=world.account))
    world.done(PayoutOrder(amount=eur(102_000), account=world.account))
    outcome = world.send(ReversalOrder(amount=eur(2000), transfer=transfer.id))

    assert ("refused", "insufficient_funds", False) == (
        outcome.status,
        outcome.code,
        outcome.attention,
    )


def test_a_decline_tells_its_charge(world: World) -> None:
    """It is hard if the card is stolen, and is found again by its instruction."""
    outcome = world.send(world.charge(STOLEN))
    found = world.stripe.look_up(world.charge(), instruction="i-1", since=NOON)

    assert ("refused", "stolen_card", True) == (outcome.status, outcome.code, outcome.hard)
    assert outcome.object is not None
    assert ("failed", "i-1") == (outcome.object.status, outcome.object.instruction)
    assert found is not None
    assert ("refused", "stolen_card", True) == (found.status, found.code, found.hard)


def test_a_slow_charge_is_pending_and_then_done(world: World) -> None:
    """As debits from bank accounts are; the fee is known when the money is."""
    pending = world.send(world.charge(SLOW))
    world.api.world.finish("ch_1")
    found = world.stripe.look_up(world.charge(), instruction="i-1", since=NOON)

    assert "pending" == pending.status
    assert found is not None
    assert found.object is not None
    assert ("done", eur(175)) == (found.status, found.object.fee)


# ---- lists, pages and events -----------------------------------------------------------------
def listed(world: World) -> list[GatewayObject]:
    """Return everything that Stripe lists."""
    page = world.stripe.objects(since=NOON)
    found = [*page.items]
    while page.next is not None:
        page = world.stripe.objects(since=NOON, after=str(page.next))
        found += page.items
    return found


def live(world: World) -> None:
    """Let all that moves money happen, over a week and more than a page of Stripe's."""
    world.fund()
    for _ in range(101):
        world.done(world.charge(minor=1000))
    charge = world.done(world.charge())
    world.clock.advance(DAY)
    transfer = world.done(TransferOrder(amount=eur(3000), account=world.account, source=charge.id))
    world.done(RefundOrder(amount=eur(500), charge=charge.id))
    won = world.api.world.dispute("ch_1", amount=eur(400))
    world.clock.advance(3 * DAY)
    world.done(ReversalOrder(amount=eur(2000), transfer=transfer.id))
    world.done(PayoutOrder(amount=eur(1000), account=world.account))
    world.api.world.win(won.id)
    world.clock.advance(DAY)
    world.done(world.charge(SLOW))


def test_all_that_moves_money_is_listed_once(world: World) -> None:
    """More charges than a page of Stripe's holds, and each day's objects after the other's."""
    live(world)
    found = listed(world)
    expected = {each.id.replace("ch_", "pi_") for each in world.api.world.objects.values()}

    assert expected == {each.id for each in found}
    assert len(expected) == len(found)


def test_what_is_listed_adds_up_to_the_balance(world: World) -> None:
    """Each amount, less each fee, on top of the 1,000.00 of before (ledger 1)."""
    live(world)
    total = eur(100_000)
    for each in listed(world):
        fee = eur(0) if each.fee is None else each.fee
        if each.kind == "charge" and each.status == "done":
            total += each.amount - fee
        elif each.kind in ("refund", "transfer"):
            total -= each.amount
        elif each.kind == "reversal":
            total += each.amount
        for moved in each.movements:
            total += moved.amount - moved.fee

    assert world.stripe.balance().total("EUR") == total


def test_events_tell_what_calls_tell(world: World) -> None:
    """Signed and read, the last event of each object tells its state in the lists but for the fee.

    Nothing is in full in an event, so that it cannot say what a charge cost.
    """
    live(world)
    webhooks = StripeWebhooks(Secret(SECRET), live=False)
    told: dict[str, Any] = {}
    for event in world.api.events():
        body, headers = signed(event, SECRET, world.clock.now())
        for each in webhooks.read(body, headers, at=world.clock.now()).told:
            if isinstance(each, GatewayObject):
                told[each.id] = each

    def bare(each: GatewayObject) -> GatewayObject:
        account = "" if each.kind == "reversal" else each.account  # a list does not say it
        return attrs.evolve(each, fee=None, account=account)

    assert {each.id: bare(each) for each in listed(world)} == {
        id: bare(each) for id, each in told.items()
    }


def test_a_page_to_save_a_method(world: World) -> None:
    """What is saved there is told with what people know it by."""
    url = world.stripe.save_method(
        customer=world.customer,
        success_url="https://x.example/saved",
        cancel_url="https://x.example/not",
        key="s",
    )
    world.api.gateway.save(url)
    (event,) = (e for e in world.api.events() if e["type"] == "payment_method.attached")
    body, headers = signed(event, SECRET, NOON)
    (saved,) = StripeWebhooks(Secret(SECRET), live=False).read(body, headers, at=NOON).told

    assert (world.customer, "pm_card", "visa 4242") == (
        saved.customer,  # type: ignore[union-attr]
        saved.method,  # type: ignore[union-attr]
        saved.label,  # type: ignore[union-attr]
    )


def test_an_account_that_is_not_ours(world: World) -> None:
    """It is said which call failed and why."""
    with pytest.raises(CallFailed, match="account_invalid"):
        world.stripe.account_status("acct_9")

    assert world.stripe.dashboard_link(world.account).endswith(world.account)
