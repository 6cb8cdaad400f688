"""Gateway contract: the promises of `ledgerkit.ports.gateway`.

It says nothing of how a gateway works inside, so an adapter of a real one runs it on a test
account. What only some can arrange, such as an answer that is lost, is a fixture that skips its
tests until it is overridden.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import uuid4

import attrs
import pytest

from ledgerkit.domain.gateways import (
    DONE,
    PENDING,
    REFUSED,
    RETRYABLE,
    UNKNOWN,
    GatewayObject,
    Order,
    RefundOrder,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.gateway import Accounts, Checkout, Gateway, Probe

NewId: TypeAlias = Callable[[str], str]
LoseAnswer: TypeAlias = Callable[[], None]
Pay: TypeAlias = Callable[[str], GatewayObject]

_EARLIER = timedelta(hours=1)  # clocks differ


class GatewayContract:
    """Every promise of a gateway; a subclass overrides `gateway`, `now` and `order` at least."""

    @pytest.fixture
    def gateway(self) -> Gateway:
        """Return the gateway to be proven."""
        msg = "override the fixture `gateway` to return the gateway to be proven"
        raise NotImplementedError(msg)

    @pytest.fixture
    def now(self) -> datetime:
        """Return what time it is, in UTC."""
        msg = "override the fixture `now` to return what time it is"
        raise NotImplementedError(msg)

    @pytest.fixture
    def order(self) -> Order:
        """Return an order that the gateway carries out, such as a charge of a test card."""
        msg = "override the fixture `order` to return an order that is carried out"
        raise NotImplementedError(msg)

    @pytest.fixture
    def new_id(self) -> NewId:
        """Return what makes ids and keys that nobody used before, also in earlier runs."""
        run = uuid4().hex
        return lambda name: f"{name}-{run}"

    @pytest.fixture
    def declining_order(self) -> Order:
        """Return an order that is declined, such as a charge of a card without money."""
        pytest.skip("override the fixture `declining_order`")

    @pytest.fixture
    def unreachable(self) -> Gateway:
        """Return the gateway behind a network that is down."""
        pytest.skip("override the fixture `unreachable`")

    @pytest.fixture
    def lose_answer(self) -> LoseAnswer:
        """Return what makes the next order be carried out and its answer be lost."""
        pytest.skip("override the fixture `lose_answer`")

    @pytest.fixture
    def accounts(self) -> Accounts:
        """Return the gateway as one that opens connected accounts."""
        pytest.skip("override the fixture `accounts`")

    @pytest.fixture
    def checkout(self) -> Checkout:
        """Return the gateway as one with pages on which customers pay."""
        pytest.skip("override the fixture `checkout`")

    @pytest.fixture
    def pay(self) -> Pay:
        """Return what lets a customer pay on a page, and returns the charge."""
        pytest.skip("override the fixture `pay`")

    @pytest.fixture
    def probe(self) -> Probe:
        """Return the gateway as one whose connection can be probed."""
        pytest.skip("override the fixture `probe`")

    # ---- 1: one effect a key -----------------------------------------------------------------
    def test_1_the_same_order_under_the_same_key_is_carried_out_once(
        self, gateway: Gateway, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """And is answered as the first time."""
        first, again = (
            gateway.send(order, key=new_id("k"), instruction=new_id("i")) for _ in range(2)
        )

        assert first == again
        assert 1 == len(_made(gateway, new_id("i"), now))

    def test_1_a_refusal_is_answered_again(
        self, gateway: Gateway, declining_order: Order, new_id: NewId
    ) -> None:
        """What was declined under a key stays declined under it; it needs nobody to look."""
        first, again = (
            gateway.send(declining_order, key=new_id("k"), instruction=new_id("i"))
            for _ in range(2)
        )

        assert (REFUSED, False) == (first.status, first.attention)
        assert first.code
        assert (first.status, first.code) == (again.status, again.code)

    def test_1_another_key_is_another_order(
        self, gateway: Gateway, order: Order, new_id: NewId
    ) -> None:
        """Two keys, two objects: it is the caller who takes one key for one effect."""
        one, other = (
            gateway.send(order, key=new_id(f"k{n}"), instruction=new_id(f"i{n}")).object
            for n in (1, 2)
        )

        assert one is not None
        assert other is not None
        assert one.id != other.id

    # ---- 2: one order a key ------------------------------------------------------------------
    def test_2_another_order_under_a_used_key_is_refused(
        self, gateway: Gateway, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """It needs attention, and nothing happens."""
        gateway.send(order, key=new_id("k"), instruction=new_id("i1"))
        other = attrs.evolve(order, amount=order.amount + Money(1, order.amount.currency))
        refused = gateway.send(other, key=new_id("k"), instruction=new_id("i2"))

        assert (REFUSED, True) == (refused.status, refused.attention)
        assert [] == _made(gateway, new_id("i2"), now)

    # ---- 3: what is not known ----------------------------------------------------------------
    def test_3_a_network_that_is_down_raises_nothing(
        self, unreachable: Gateway, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """A call that did not arrive, or may not have, is an outcome like the others."""
        sent = unreachable.send(order, key=new_id("k"), instruction=new_id("i"))
        looked = unreachable.look_up(order, instruction=new_id("i"), since=now)

        assert sent.status in (RETRYABLE, UNKNOWN)
        assert looked is not None
        assert looked.status in (RETRYABLE, UNKNOWN)

    def test_3_a_lost_answer_is_unknown(
        self, gateway: Gateway, lose_answer: LoseAnswer, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """The same key tells it afterwards, and nothing happens twice."""
        lose_answer()
        lost = gateway.send(order, key=new_id("k"), instruction=new_id("i"))
        again = gateway.send(order, key=new_id("k"), instruction=new_id("i"))

        assert UNKNOWN == lost.status
        assert again.status in (DONE, PENDING)
        assert 1 == len(_made(gateway, new_id("i"), now))

    # ---- 4: what is made carries the instruction ----------------------------------------------
    def test_4_what_is_made_carries_the_instruction(
        self, gateway: Gateway, order: Order, new_id: NewId
    ) -> None:
        """With the amount and the kind of its order."""
        made = gateway.send(order, key=new_id("k"), instruction=new_id("i")).object

        assert made is not None
        assert (new_id("i"), order.kind, order.amount) == (
            made.instruction,
            made.kind,
            made.amount,
        )

    def test_4_what_belongs_to_another_object_says_so(
        self, gateway: Gateway, order: Order, new_id: NewId
    ) -> None:
        """A refund names the charge it is of; half of one is possible."""
        charge = gateway.send(order, key=new_id("k"), instruction=new_id("i")).object
        if charge is None or (charge.kind, charge.status) != ("charge", DONE):
            pytest.skip("the order is no charge that is done")
        half = Money(charge.amount.minor // 2, charge.amount.currency)
        refund = RefundOrder(amount=half, charge=charge.id)
        made = gateway.send(refund, key=new_id("k2"), instruction=new_id("i2")).object

        assert made is not None
        assert ("refund", charge.id, half) == (made.kind, made.parent, made.amount)

    # ---- 5: looking up -----------------------------------------------------------------------
    def test_5_what_was_made_is_found(
        self, gateway: Gateway, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """By the id of the instruction alone; asking changes nothing."""
        sent = gateway.send(order, key=new_id("k"), instruction=new_id("i"))
        found = [
            gateway.look_up(order, instruction=new_id("i"), since=now - _EARLIER) for _ in range(2)
        ]

        assert sent.object is not None
        for each in found:
            assert each is not None
            assert each.object is not None
            assert (sent.status, sent.object.id) == (each.status, each.object.id)
        assert 1 == len(_made(gateway, new_id("i"), now))

    def test_5_what_was_made_is_found_when_its_answer_was_lost(
        self, gateway: Gateway, lose_answer: LoseAnswer, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """That is what it is for."""
        lose_answer()
        gateway.send(order, key=new_id("k"), instruction=new_id("i"))
        found = gateway.look_up(order, instruction=new_id("i"), since=now - _EARLIER)

        assert found is not None
        assert found.object is not None
        assert found.status in (DONE, PENDING)

    def test_5_what_was_not_made_is_not_found(
        self, gateway: Gateway, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """None, not an error; an order of another instruction is not taken for it."""
        gateway.send(order, key=new_id("k"), instruction=new_id("i1"))

        assert None is gateway.look_up(order, instruction=new_id("i2"), since=now - _EARLIER)

    # ---- 6, 7: treasury ----------------------------------------------------------------------
    def test_6_the_balance_holds_what_is_available_and_pending(
        self, gateway: Gateway, order: Order, new_id: NewId
    ) -> None:
        """A charge brings its amount without the fee, at once in one of the two."""
        currency = order.amount.currency
        before = gateway.balance().total(currency)
        made = gateway.send(order, key=new_id("k"), instruction=new_id("i")).object
        after = gateway.balance().total(currency)
        if made is None or made.kind != "charge" or made.fee is None:
            pytest.skip("the order is no charge whose fee is told")

        assert made.amount - made.fee == after - before

    def test_7_objects_are_listed_once_oldest_first(
        self, gateway: Gateway, order: Order, new_id: NewId, now: datetime
    ) -> None:
        """All pages together, in the present state."""
        sent = [
            gateway.send(order, key=new_id(f"k{n}"), instruction=new_id(f"i{n}")) for n in range(3)
        ]
        listed = _listed(gateway, now)
        ids = [each.id for each in listed]

        assert len(set(ids)) == len(ids)
        assert sorted(each.created for each in listed) == [each.created for each in listed]
        assert {each.object.id for each in sent if each.object is not None} <= set(ids)

    # ---- 8, 9: accounts, checkout, probe -----------------------------------------------------
    def test_8_an_account_is_opened_once_a_key(self, accounts: Accounts, new_id: NewId) -> None:
        """And cannot be paid before its owner has told what is asked."""
        first, again = (
            accounts.open_account(
                supplier=new_id("s"), email="s@example.org", country="ES", key=new_id("k")
            )
            for _ in range(2)
        )
        link = accounts.onboarding_link(
            first, refresh_url="https://x.example/again", return_url="https://x.example/done"
        )

        assert first == again
        assert not accounts.account_status(first).may_be_paid
        assert link.startswith("https://")

    def test_9_what_is_paid_on_a_page_carries_the_metadata(
        self, checkout: Checkout, pay: Pay, new_id: NewId
    ) -> None:
        """So that it is applied to what it is for."""
        customer = checkout.open_customer(
            customer=new_id("c"), name="Ana", email="ana@example.org", key=new_id("k1")
        )
        url = checkout.checkout(
            customer=customer,
            lines=(("ten hours", Money(45_000, "EUR")), ("a book", Money(2_000, "EUR"))),
            metadata={"invoice": new_id("inv")},
            success_url="https://x.example/paid",
            cancel_url="https://x.example/not",
            key=new_id("k2"),
        )
        paid = pay(url)

        assert (Money(47_000, "EUR"), new_id("inv")) == (paid.amount, paid.noted("invoice"))

    def test_a_probe_charges_nobody(self, probe: Probe, gateway: Gateway, now: datetime) -> None:
        """It says that the connection works."""
        before = _listed(gateway, now)

        assert probe.probe()
        assert before == _listed(gateway, now)


def _listed(gateway: Gateway, now: datetime) -> list[GatewayObject]:
    page = gateway.objects(since=now - _EARLIER)
    found = [*page.items]
    while page.next is not None:
        page = gateway.objects(since=now - _EARLIER, after=str(page.next))
        found += page.items
    return found


def _made(gateway: Gateway, instruction: str, now: datetime) -> list[GatewayObject]:
    return [each for each in _listed(gateway, now) if each.instruction == instruction]
