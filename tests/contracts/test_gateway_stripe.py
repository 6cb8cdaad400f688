"""Stripe's own SDK behind the adapter keeps the promises of a gateway, whatever it is told to do.

The SDK writes requests and reads answers as in production; a double of Stripe's API answers them.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from ledgerkit.adapters.stripe import StripeGateway
from ledgerkit.adapters.stripe.events import told_by
from ledgerkit.domain.gateways import (
    ChargeOrder,
    GatewayObject,
    Order,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.gateway import Accounts, Checkout, Gateway, Probe
from ledgerkit.ports.secret import Secret
from ledgerkit.testing.contracts.gateway import GatewayContract, LoseAnswer, Pay
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.gateway import DECLINED, Fault
from ledgerkit.testing.samples import NOON
from tests.adapters.stripe.double import StripeDouble
from tests.adapters.stripe.recorder import KEY


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


class World:
    """A double with a customer, a funded platform and a funded connected account."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.wire = StripeDouble(self.clock)
        self.api = self.wire.api
        self.stripe = StripeGateway(Secret(KEY), clock=self.clock, http_client=self.wire)
        self.customer = self.stripe.open_customer(
            customer="c-1", name="Ana", email="ana@example.org", key="c-1"
        )
        self.account = self.stripe.open_account(
            supplier="tom", email="tom@example.org", country="ES", key="tom"
        )
        self.api.world.onboard(self.account)
        self.api.gateway.fund(eur(100_000))
        self.api.gateway.fund(eur(100_000), account=self.account)

    def charge(self, method: str = "") -> ChargeOrder:
        """Return the order to charge the customer 50.00."""
        return ChargeOrder(amount=eur(5000), customer=self.customer, method=method)

    def made(self, order: Order) -> str:
        """Carry out *order*, which something else needs, and return the id of what it made."""
        made = self.stripe.send(order, key=f"{order.kind} before", instruction="before").object
        assert made is not None
        return made.id

    def order(self, kind: str) -> Order:
        """Return an order of *kind* that is carried out, several times if asked."""
        match kind:
            case "charge":
                return self.charge()
            case "refund":
                return RefundOrder(amount=eur(1000), charge=self.made(self.charge()))
            case "transfer":
                return TransferOrder(amount=eur(3000), account=self.account)
            case "transfer of a charge":
                source = self.made(self.charge())
                return TransferOrder(amount=eur(1000), account=self.account, source=source)
            case "reversal":
                paid = TransferOrder(amount=eur(9000), account=self.account)
                return ReversalOrder(amount=eur(2000), transfer=self.made(paid))
            case _:
                return PayoutOrder(
                    amount=eur(3000), account=self.account, instant=kind == "instant payout"
                )


KINDS = (
    "charge",
    "refund",
    "transfer",
    "transfer of a charge",
    "reversal",
    "payout",
    "instant payout",
)


class TestStripeGateway(GatewayContract):
    @pytest.fixture
    def world(self) -> World:
        """Return a world of its own."""
        return World()

    @pytest.fixture
    def gateway(self, world: World) -> StripeGateway:
        """Return the adapter with the real SDK."""
        return world.stripe

    @pytest.fixture
    def now(self) -> datetime:
        """Return the time the double stands at."""
        return NOON

    @pytest.fixture(params=KINDS)
    def order(self, request: pytest.FixtureRequest, world: World) -> Order:
        """Return an order of each kind."""
        return world.order(request.param)

    @pytest.fixture
    def declining_order(self, world: World) -> Order:
        """Return a charge of a card without money."""
        return world.charge(DECLINED)

    @pytest.fixture
    def unreachable(self, world: World, order: Order) -> Gateway:
        """Return it once the network is down; the order is there before."""
        world.wire.down = Fault.NO_CONNECTION
        return world.stripe

    @pytest.fixture
    def lose_answer(self, world: World, order: Order) -> LoseAnswer:
        """Return what loses the answer to the next call that moves money."""
        return lambda: world.wire.script(Fault.TIMEOUT_AFTER)

    @pytest.fixture
    def accounts(self, world: World) -> Accounts:
        """Return the adapter."""
        return world.stripe

    @pytest.fixture
    def checkout(self, world: World) -> Checkout:
        """Return the adapter."""
        return world.stripe

    @pytest.fixture
    def pay(self, world: World) -> Pay:
        """Return what pays on Stripe's page, and reads the event that tells of it."""

        def paid(url: str) -> GatewayObject:
            world.api.pay(url)
            event = world.api.events()[-1]
            (told,) = told_by(event["type"], event["data"]["object"], account="")
            assert isinstance(told, GatewayObject)
            return told

        return paid

    @pytest.fixture
    def probe(self, world: World) -> Probe:
        """Return the adapter."""
        return world.stripe
