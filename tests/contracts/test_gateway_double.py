"""The double keeps the promises of a gateway, and behaves as Stripe does beyond them."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from ledgerkit.domain.gateways import (
    ChargeOrder,
    GatewayObject,
    Order,
    Outcome,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.gateway import Accounts, Checkout, Gateway, Probe, ProbeFailed
from ledgerkit.testing.contracts.gateway import GatewayContract, LoseAnswer, Pay
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import DECLINED, SLOW, STOLEN, FakeGateway, Fault, Fees
from ledgerkit.testing.samples import NOON

DAY = timedelta(days=1)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


class TestGatewayDouble(GatewayContract):
    @pytest.fixture
    def gateway(self) -> FakeGateway:
        """Return the double."""
        return FakeGateway(FakeClock())

    @pytest.fixture
    def now(self) -> datetime:
        """Return the time it stands at."""
        return NOON

    @pytest.fixture
    def order(self) -> Order:
        """Return a charge that is paid."""
        return ChargeOrder(amount=eur(5000), customer="cus_1")

    @pytest.fixture
    def declining_order(self) -> Order:
        """Return a charge of a card without money."""
        return ChargeOrder(amount=eur(5000), customer="cus_1", method=DECLINED)

    @pytest.fixture
    def unreachable(self, gateway: FakeGateway) -> Gateway:
        """Return it while it is down."""
        gateway.down(until=NOON + DAY)
        return gateway

    @pytest.fixture
    def lose_answer(self, gateway: FakeGateway) -> LoseAnswer:
        """Return what loses the next answer."""
        return lambda: gateway.script(Fault.TIMEOUT_AFTER)

    @pytest.fixture
    def accounts(self, gateway: FakeGateway) -> Accounts:
        """Return the double."""
        return gateway

    @pytest.fixture
    def checkout(self, gateway: FakeGateway) -> Checkout:
        """Return the double."""
        return gateway

    @pytest.fixture
    def pay(self, gateway: FakeGateway) -> Pay:
        """Return how the double is paid."""
        return gateway.pay

    @pytest.fixture
    def probe(self, gateway: FakeGateway) -> Probe:
        """Return the double."""
        return gateway


# ---- as Stripe behaves -----------------------------------------------------------------------
class Account:
    """A double with a connected account and counted keys."""

    def __init__(self, fees: Fees = Fees()) -> None:  # noqa: B008 - frozen
        self.clock = FakeClock()
        self.gateway = FakeGateway(self.clock, fees=fees)
        self.account = self.gateway.open_account(
            supplier="tom", email="tom@example.org", country="ES", key="tom"
        )
        self.gateway.world.onboard(self.account)
        self._sent = 0

    def send(self, order: Order) -> Outcome:
        """Send *order* under a key and for an instruction of its own."""
        self._sent += 1
        return self.gateway.send(order, key=f"k-{self._sent}", instruction=f"i-{self._sent}")

    def done(self, order: Order) -> GatewayObject:
        """Send *order*, which makes an object."""
        made = self.send(order).object
        assert made is not None
        return made

    def charge(self, minor: int = 10_000, method: str = "") -> ChargeOrder:
        """Return the order to charge a customer."""
        return ChargeOrder(amount=eur(minor), customer="cus_1", method=method)

    def transfer(self, minor: int, source: str = "") -> TransferOrder:
        """Return the order to pay the account."""
        return TransferOrder(amount=eur(minor), account=self.account, source=source)

    def available(self) -> Money:
        """Return what the platform can move, in its one currency."""
        (found,) = self.gateway.balance().available
        return found


@pytest.fixture
def stripe() -> Account:
    """Return an account with nothing on it."""
    return Account()


def test_card_money_is_pending_for_two_days(stripe: Account) -> None:
    """100.00 less 2.9 % and 0.30 (gateways 1.4: card money is pending first)."""
    stripe.send(stripe.charge())
    before = stripe.gateway.balance()
    stripe.clock.advance(2 * DAY)

    assert ((eur(0),), (eur(9680),)) == (before.available, before.pending)
    assert eur(9680) == stripe.available()


def test_a_transfer_needs_available_money_or_a_source(stripe: Account) -> None:
    """Without a source it fails at once; with one it may not be more than the charge."""
    charge = stripe.done(stripe.charge())

    assert "balance_insufficient" == stripe.send(stripe.transfer(6000)).code
    assert "done" == stripe.send(stripe.transfer(6000, source=charge.id)).status
    assert "source_insufficient" == stripe.send(stripe.transfer(4001, source=charge.id)).code
    assert stripe.send(TransferOrder(amount=eur(1), account="acct_9")).attention
    assert stripe.send(stripe.transfer(1, source="ch_9")).attention


def test_reversals_are_partial_and_bounded(stripe: Account) -> None:
    """By the transfer, and by what the connected account still holds."""
    stripe.gateway.fund(eur(10_000))
    transfer = stripe.done(stripe.transfer(6000))
    reverse = [ReversalOrder(amount=eur(n), transfer=transfer.id) for n in (2000, 4001, 3000, 1000)]

    assert "done" == stripe.send(reverse[0]).status
    assert "transfer_already_reversed" == stripe.send(reverse[1]).code
    stripe.send(PayoutOrder(amount=eur(2000), account=stripe.account))
    assert "balance_insufficient" == stripe.send(reverse[2]).code
    assert "done" == stripe.send(reverse[3]).status
    assert eur(7000) == stripe.available()
    assert stripe.send(ReversalOrder(amount=eur(1), transfer="tr_9")).attention


def test_refunds_are_bounded_by_the_charge(stripe: Account) -> None:
    """A failed one gives its money back and may be tried again."""
    charge = stripe.done(stripe.charge())
    refund = stripe.done(RefundOrder(amount=eur(7000), charge=charge.id))

    assert "charge_already_refunded" == (
        stripe.send(RefundOrder(amount=eur(3001), charge=charge.id)).code
    )
    stripe.gateway.world.fail(refund.id, "expired_or_canceled_card")
    assert "done" == stripe.send(RefundOrder(amount=eur(10_000), charge=charge.id)).status
    assert stripe.send(RefundOrder(amount=Money(1, "USD"), charge=charge.id)).status == "refused"
    assert stripe.send(RefundOrder(amount=eur(1), charge="ch_9")).attention


def test_declines_are_soft_or_hard(stripe: Account) -> None:
    """By the payment method; nothing is charged."""
    soft, hard = (stripe.send(stripe.charge(method=method)) for method in (DECLINED, STOLEN))

    assert ("insufficient_funds", False) == (soft.code, soft.hard)
    assert ("stolen_card", True) == (hard.code, hard.hard)
    assert () == stripe.gateway.balance().available


def test_bank_payouts_arrive_or_fail_even_later(stripe: Account) -> None:
    """Pending, paid, and yet failed days later: its money is back (gateways 1.4)."""
    stripe.gateway.fund(eur(5000), account=stripe.account)
    payout = stripe.done(PayoutOrder(amount=eur(5000), account=stripe.account))
    world = stripe.gateway.world

    assert "balance_insufficient" == (
        stripe.send(PayoutOrder(amount=eur(1), account=stripe.account)).code
    )
    assert ("pending", "done") == (payout.status, world.finish(payout.id).status)
    assert "account_closed" == world.fail(payout.id, "account_closed").reason
    assert eur(5000) == world.funds.available(stripe.account, "EUR", at=stripe.clock.now())
    with pytest.raises(ValueError, match="cannot fail"):
        world.fail(payout.id, "again")


def test_an_instant_payout_pays_out_all_there_is(stripe: Account) -> None:
    """By default the account bears nothing for it."""
    stripe.gateway.fund(eur(4000), account=stripe.account)
    payout = stripe.done(PayoutOrder(amount=eur(4000), account=stripe.account, instant=True))

    assert eur(0) == payout.fee
    assert eur(0) == stripe.gateway.world.funds.available(stripe.account, "EUR", at=NOON)


def test_an_account_may_bear_a_share_of_instant_payouts() -> None:
    """1 % on top of 40.00, which must be there to the cent."""
    stripe = Account(Fees(instant_share=Fraction(1, 100)))
    instant = PayoutOrder(amount=eur(4000), account=stripe.account, instant=True)
    stripe.gateway.fund(eur(4039), account=stripe.account)
    refused = stripe.send(instant)
    stripe.gateway.fund(eur(1), account=stripe.account)
    payout = stripe.done(instant)

    assert "balance_insufficient" == refused.code
    assert eur(40) == payout.fee
    assert eur(0) == stripe.gateway.world.funds.available(stripe.account, "EUR", at=NOON)


def test_payouts_need_an_account_that_may_be_paid(stripe: Account) -> None:
    """Disabled by the gateway, or unknown."""
    stripe.gateway.world.onboard(stripe.account, disabled_reason="requirements.past_due")

    assert "payouts_disabled" == (
        stripe.send(PayoutOrder(amount=eur(1), account=stripe.account)).code
    )
    assert stripe.send(PayoutOrder(amount=eur(1), account="acct_9")).attention


def test_disputes_withdraw_and_reinstate(stripe: Account) -> None:
    """With a fee of 15.00 that is not given back; told as movements."""
    charge, other = stripe.done(stripe.charge()), stripe.done(stripe.charge())
    world = stripe.gateway.world
    won = world.win(world.dispute(charge.id, amount=eur(4000)).id)
    lost = world.lose(world.dispute(other.id).id)

    assert [(-4000, 1500), (4000, 0)] == [(m.amount.minor, m.fee.minor) for m in won.movements]
    assert ("won", "lost", other.id) == (won.status, lost.status, lost.parent)
    assert eur(2 * 9680 - 2 * 1500 - 10_000) == stripe.gateway.balance().total("EUR")
    with pytest.raises(ValueError, match="must be open"):
        world.win(lost.id)


def test_slow_charges_finish_or_fail(stripe: Account) -> None:
    """As debits from bank accounts do; only then there is money."""
    first, second = (stripe.done(stripe.charge(method=SLOW)) for _ in range(2))
    stripe.gateway.world.finish(first.id)
    stripe.gateway.world.fail(second.id, "debit_not_authorized")

    assert eur(9680) == stripe.gateway.balance().total("EUR")
    assert "done" == next(o.status for o in stripe.gateway.objects(since=NOON).items)


# ---- keys and faults -------------------------------------------------------------------------
def test_a_key_is_forgotten_after_a_day(stripe: Account) -> None:
    """Then the same key makes a new object (gateways 1.2)."""
    order = stripe.charge()
    for after in (timedelta(), DAY - timedelta(seconds=1), timedelta(seconds=1)):
        stripe.clock.advance(after)
        stripe.gateway.send(order, key="k", instruction="i")

    assert 2 == len(stripe.gateway.made_of("i"))


@pytest.mark.parametrize(
    ("fault", "status", "effects_now", "effects_later"),
    [
        (Fault.NO_CONNECTION, "retryable", 0, 1),
        (Fault.RATE_LIMITED, "retryable", 0, 1),
        (Fault.WRONG_KEY, "retryable", 0, 1),
        (Fault.TIMEOUT_BEFORE, "unknown", 0, 1),
        (Fault.TIMEOUT_AFTER, "unknown", 1, 1),
        (Fault.ERROR, "unknown", 0, 0),
        (Fault.ERROR_DONE, "unknown", 1, 1),
        (Fault.ERROR_LATER, "unknown", 0, 1),
    ],
)
def test_faults(
    stripe: Account, fault: Fault, status: str, effects_now: int, effects_later: int
) -> None:
    """A server's error is kept under its key; what comes before the key is not."""
    stripe.gateway.script(fault)
    answer = stripe.gateway.send(stripe.charge(), key="k", instruction="i")
    now = len(stripe.gateway.made_of("i"))
    stripe.clock.advance(timedelta(hours=6))
    stripe.gateway.send(stripe.charge(), key="k", instruction="i")

    assert status == answer.status
    assert (fault is Fault.WRONG_KEY) == answer.halts
    assert (effects_now, effects_later) == (now, len(stripe.gateway.made_of("i")))


def test_what_is_wrong_is_not_kept_under_its_key(stripe: Account) -> None:
    """A 404 is answered anew: the account may have been opened since."""
    order = TransferOrder(amount=eur(1), account="acct_2")
    first = stripe.gateway.send(order, key="k", instruction="i")
    stripe.gateway.fund(eur(1))
    stripe.gateway.open_account(supplier="eve", email="e@example.org", country="ES", key="eve")
    again = stripe.gateway.send(order, key="k", instruction="i")

    assert ("resource_missing", "done") == (first.code, again.status)


def test_a_replay_may_be_lost_as_well(stripe: Account) -> None:
    """The network does not care what it loses."""
    stripe.gateway.script(None, Fault.TIMEOUT_AFTER)
    sent = [stripe.gateway.send(stripe.charge(), key="k", instruction="i") for _ in range(3)]

    assert ["done", "unknown", "done"] == [each.status for each in sent]
    assert ["k"] * 3 == stripe.gateway.calls


def test_an_outage_ends(stripe: Account) -> None:
    """Every call fails until then; the probe says so."""
    stripe.gateway.down(until=NOON + DAY)
    with pytest.raises(ProbeFailed, match="no connection"):
        stripe.gateway.probe()
    during = stripe.send(stripe.charge())
    stripe.clock.advance(DAY)

    assert ("retryable", "done") == (during.status, stripe.send(stripe.charge()).status)


# ---- events and pages ------------------------------------------------------------------------
def test_events_are_lost_repeated_and_shuffled(stripe: Account) -> None:
    """As tests ask for, and the same again."""
    for _ in range(3):
        stripe.send(stripe.charge())
    ids = [event.id for event in stripe.gateway.deliveries()]
    delivered = stripe.gateway.deliveries(lost=ids[:1], repeated=ids[1:2], order=(2, 5))

    assert ids[1:4] == [event.id for event in stripe.gateway.deliveries(lost=ids[:1])]
    assert [ids[2], ids[3], ids[1], ids[1]] == [event.id for event in delivered]
    assert {"charge.created"} == {event.type for event in delivered}


def test_customers_save_a_method_on_a_page(stripe: Account) -> None:
    """And pay on another; a page is used once."""
    url = stripe.gateway.save_method(
        customer="cus_1", success_url="https://x.example", cancel_url="https://x.example", key="s"
    )
    with pytest.raises(ValueError, match="not to pay"):
        stripe.gateway.pay(url)
    again = stripe.gateway.save_method(
        customer="cus_1", success_url="https://x.example", cancel_url="https://x.example", key="s"
    )
    saved = stripe.gateway.save(again, "pm_1")

    assert url == again
    assert ("cus_1", "pm_1") == (saved.customer, saved.method)
    assert (saved,) == stripe.gateway.deliveries()[-1].told
    assert stripe.gateway.dashboard_link(stripe.account).endswith(stripe.account)


def test_something_else_under_the_key_of_an_account_is_refused(stripe: Account) -> None:
    """Like orders."""
    with pytest.raises(ValueError, match="something else"):
        stripe.gateway.open_account(supplier="eve", email="e@x.example", country="ES", key="tom")
