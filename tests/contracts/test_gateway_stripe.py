"""Stripe's own SDK behind the adapter keeps the promises of a gateway, whatever it is told to do.

The SDK writes requests and reads answers as in production; a double of Stripe's API answers them.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from ledgerkit.adapters.stripe import StripeGateway
from ledgerkit.adapters.stripe.events import told_by
from ledgerkit.domain.gateways import GatewayObject, Order
from ledgerkit.ports.gateway import Accounts, Checkout, Gateway, Probe
from ledgerkit.testing.contracts.gateway import GatewayContract, LoseAnswer, Pay
from ledgerkit.testing.fakes.gateway import DECLINED, Fault
from ledgerkit.testing.samples import NOON
from tests.adapters.stripe.world import KINDS, World


class TestStripeGateway(GatewayContract):
    @pytest.fixture
    def world(self) -> World:
        """Return a world with money, so that every order is carried out."""
        world = World()
        world.fund()
        return world

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
