"""The double: answers calls as Stripe does, keys, faults and all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from threading import RLock

import attrs

from ledgerkit.domain.gateways import (
    DONE,
    FAILED,
    PENDING,
    REFUSED,
    AccountStatus,
    GatewayBalance,
    GatewayObject,
    Notification,
    Order,
    Outcome,
    SavedMethod,
)
from ledgerkit.domain.ledger import Page
from ledgerkit.domain.money import Money
from ledgerkit.ports.clock import Clock
from ledgerkit.ports.gateway import ProbeFailed
from ledgerkit.testing.fakes.gateway.faults import BEFORE_THE_KEY, SERVER_ERROR, TIMEOUT, Fault
from ledgerkit.testing.fakes.gateway.provider import Fees, Provider

KEYS_KEPT_FOR = timedelta(hours=24)
_PAGE = 100
_OF_STATUS = {DONE: DONE, PENDING: PENDING, FAILED: REFUSED}


@attrs.frozen
class _Answered:
    """What was first answered under a key, to what, and when."""

    asked: object
    answer: object
    at: datetime


@attrs.frozen
class _Later:
    """An order that a server's error left half done, carried out at *at*."""

    order: Order
    instruction: str
    at: datetime


@attrs.frozen
class _Page:
    """A page of the gateway's own, where a customer pays or saves a method."""

    customer: str
    amount: Money | None
    metadata: tuple[tuple[str, str], ...] = ()


class FakeGateway:
    """A gateway that behaves as Stripe does, on a clock that is handed in.

    It keeps the first answer under each key for 24 hours, a server's error included; another order
    under that key is refused. A key that was forgotten makes a new object. Calls go wrong as
    `script` says. Everything else that happens there, tests make happen: `world` pays, disputes,
    fails and finishes, and its events are delivered with `deliveries`.

    Args:
        clock: What time it is there.
        name: The name by which instructions call it.
        fees: What it takes.
        later: How long after a server's error an order is carried out that comes to be done.

    Attributes:
        later: The same; tests may change it.
        world: The money and objects behind it.
        calls: The keys it was sent orders under, each time one reached it.

    >>> from ledgerkit.domain.gateways import ChargeOrder
    >>> from ledgerkit.testing.fakes.clock import FakeClock
    >>> gateway = FakeGateway(FakeClock())
    >>> order = ChargeOrder(amount=Money(5000, "EUR"), customer="cus_1")
    >>> first, again = (gateway.send(order, key="k-1", instruction="i-1") for _ in range(2))
    >>> first.status, first == again, len(gateway.made_of("i-1"))
    ('done', True, 1)
    """

    def __init__(
        self,
        clock: Clock,
        *,
        name: str = "stripe",
        fees: Fees = Fees(),  # noqa: B008 - frozen
        later: timedelta = timedelta(hours=6),
    ) -> None:
        self.world: Provider = Provider(clock, name=name, fees=fees)
        self.calls: list[str] = []
        self.later = later
        self._clock = clock
        self._lock = RLock()
        self._keys: dict[str, _Answered] = {}
        self._script: deque[Fault | None] = deque()
        self._down: tuple[datetime, datetime, Fault] | None = None
        self._later: list[_Later] = []
        self._pages: dict[str, _Page] = {}

    # ---- what tests say ----------------------------------------------------------------------
    def script(self, *faults: Fault | None) -> None:
        """Let the next calls that send meet *faults*, one each; None lets one through."""
        self._script.extend(faults)

    def down(self, *, until: datetime, fault: Fault = Fault.NO_CONNECTION) -> None:
        """Let every call from now to *until* meet *fault*."""
        self._down = (self._clock.now(), until, fault)

    def made_of(self, instruction: str) -> tuple[GatewayObject, ...]:
        """Return what *instruction* made and did not fail, for tests that count effects."""
        with self._lock:
            self._catch_up()
            made = self.world.objects.values()
            return tuple(
                each for each in made if each.instruction == instruction and each.status != FAILED
            )

    def fund(self, amount: Money, *, account: str = "") -> None:
        """Put *amount* on the available balance of the platform or of *account*."""
        self.world.funds.move(account, amount, at=self._clock.now())

    def deliveries(
        self,
        *,
        lost: Collection[str] = (),
        repeated: Collection[str] = (),
        order: Sequence[int] = (),
    ) -> tuple[Notification, ...]:
        """Return the events so far as a bad network delivers them.

        Those with the ids *lost* are missing and the *repeated* come twice; *order* then says
        which of those left comes next (any whole number, it wraps around), the rest in turn.
        """
        sent = [event for event in self.world.events if event.id not in lost]
        left = [event for each in sent for event in [each] * (1 + (each.id in repeated))]
        picked = [left.pop(turn % len(left)) for turn in order[: len(left)]]
        return (*picked, *left)

    # ---- orders ------------------------------------------------------------------------------
    def send(self, order: Order, *, key: str, instruction: str) -> Outcome:
        """Carry out *order* once per *key*; see `Orders.send`."""
        with self._lock:
            self._catch_up()
            fault = self._fault()
            if fault in BEFORE_THE_KEY:
                return BEFORE_THE_KEY[fault]
            self.calls.append(key)
            known = self._known(key)
            if known is not None:
                return self._again(known, (order, instruction), fault)
            return self._first(order, key, instruction, fault)

    def _first(self, order: Order, key: str, instruction: str, fault: Fault | None) -> Outcome:
        at = self._clock.now()
        if fault in (Fault.ERROR, Fault.ERROR_LATER):
            answer = SERVER_ERROR
            if fault is Fault.ERROR_LATER:
                self._later.append(_Later(order, instruction, at + self.later))
        else:
            answer = self.world.carry_out(order, instruction)
            if answer.attention:
                return answer  # what cannot be read is not kept under its key
            if fault is Fault.ERROR_DONE:
                answer = SERVER_ERROR
        self._keys[key] = _Answered((order, instruction), answer, at)
        return TIMEOUT if fault is Fault.TIMEOUT_AFTER else answer

    def _again(self, known: _Answered, asked: object, fault: Fault | None) -> Outcome:
        if known.asked != asked:
            return Outcome(
                status=REFUSED,
                code="idempotency_error",
                detail="another order was sent under this key",
                hard=True,
                attention=True,
            )
        if fault is not None or not isinstance(known.answer, Outcome):
            return TIMEOUT
        return known.answer

    def look_up(self, order: Order, *, instruction: str, since: datetime) -> Outcome | None:
        """Return what *instruction* made; see `Orders.look_up`."""
        with self._lock:
            self._catch_up()
            if self._is_down():
                return BEFORE_THE_KEY[Fault.NO_CONNECTION]
            made = [
                each
                for each in self.world.objects.values()
                if (each.kind, each.instruction) == (order.kind, instruction)
                and each.created >= since
            ]
            if not made:
                return None
            # What did not fail counts; of the rest the newest.
            found = next((each for each in made if each.status != FAILED), made[-1])
            return Outcome(status=_OF_STATUS[found.status], object=found, code=found.reason)

    # ---- treasury ----------------------------------------------------------------------------
    def balance(self) -> GatewayBalance:
        """Return what is held for the platform; see `Treasury.balance`."""
        with self._lock:
            self._catch_up()
            at, funds = self._clock.now(), self.world.funds
            currencies = funds.currencies("")
            return GatewayBalance(
                available=tuple(funds.available("", each, at=at) for each in currencies),
                pending=tuple(funds.pending("", each, at=at) for each in currencies),
                at=at,
            )

    def objects(self, *, since: datetime, after: str | None = None) -> Page[GatewayObject]:
        """Return one page of what was made since *since*; see `Treasury.objects`."""
        with self._lock:
            self._catch_up()
            made = [each for each in self.world.objects.values() if each.created >= since]
            start = 0 if after is None else [each.id for each in made].index(after) + 1
            page = tuple(made[start : start + _PAGE])
            return Page(page, page[-1].id if start + _PAGE < len(made) else None)

    # ---- accounts ----------------------------------------------------------------------------
    def open_account(self, *, supplier: str, email: str, country: str, key: str) -> str:
        """Open a connected account; see `Accounts.open_account`."""

        def make() -> str:
            account = self.world.new_id("acct")
            self.world.accounts[account] = AccountStatus(
                account=account,
                details_submitted=False,
                charges_enabled=False,
                payouts_enabled=False,
                currently_due=("external_account", "individual.id_number"),
            )
            return account

        with self._lock:
            return self._once(key, ("account", supplier, email, country), make)

    def onboarding_link(self, account: str, *, refresh_url: str, return_url: str) -> str:
        """Return an address that names the account, for nobody to open."""
        return f"https://connect.example/setup/{self.account_status(account).account}"

    def dashboard_link(self, account: str) -> str:
        """Return an address that names the account, for nobody to open."""
        return f"https://connect.example/dashboard/{self.account_status(account).account}"

    def account_status(self, account: str) -> AccountStatus:
        """Return what is known of *account*; see `Accounts.account_status`."""
        return self.world.accounts[account]

    # ---- checkout ----------------------------------------------------------------------------
    def open_customer(self, *, customer: str, name: str, email: str, key: str) -> str:
        """Make *customer* known; see `Checkout.open_customer`."""
        with self._lock:
            return self._once(key, ("customer", customer, name, email), lambda: f"cus_{customer}")

    def checkout(
        self,
        *,
        customer: str,
        lines: tuple[tuple[str, Money], ...],
        metadata: Mapping[str, str],
        success_url: str,
        cancel_url: str,
        key: str,
    ) -> str:
        """Return the address of a page that `pay` pays; see `Checkout.checkout`."""
        first, *others = (amount for _, amount in lines)
        page = _Page(customer, sum(others, start=first), tuple(sorted(metadata.items())))
        return self._page(key, page)

    def save_method(self, *, customer: str, success_url: str, cancel_url: str, key: str) -> str:
        """Return the address of a page that `save` fills in; see `Checkout.save_method`."""
        return self._page(key, _Page(customer, None))

    def pay(self, url: str) -> GatewayObject:
        """Let the customer pay on the page *url*, a `checkout`."""
        with self._lock:
            page = self._pages.pop(url)
            if page.amount is None:
                msg = f"{url} is a page to save a method, not to pay"
                raise ValueError(msg)
            made = self.world.capture(page.amount, metadata=page.metadata).object
            return next(each for each in self.world.objects.values() if each == made)

    def save(self, url: str, method: str = "pm_card", label: str = "visa 4242") -> SavedMethod:
        """Let the customer save *method* on the page *url*, a `save_method`."""
        with self._lock:
            return self.world.save(self._pages.pop(url).customer, method, label)

    def _page(self, key: str, page: _Page) -> str:
        with self._lock:
            url = self._once(
                key, page, lambda: f"https://checkout.example/{len(self._pages) + 1}/{key}"
            )
            self._pages.setdefault(url, page)
            return url

    # ---- probe -------------------------------------------------------------------------------
    def probe(self) -> str:
        """Return that it answers; raises `ProbeFailed` while it is down."""
        if self._is_down():
            raise ProbeFailed(self.world.name, "no connection")
        return "test mode, key sk_test_...cret"

    # ---- keys, faults, time ------------------------------------------------------------------
    def _known(self, key: str) -> _Answered | None:
        known = self._keys.get(key)
        if known is not None and self._clock.now() - known.at >= KEYS_KEPT_FOR:
            del self._keys[key]
            return None
        return known

    def _once(self, key: str, asked: object, make: Callable[[], str]) -> str:
        known = self._known(key)
        if known is None:
            known = self._keys[key] = _Answered(asked, make(), self._clock.now())
        if known.asked != asked:
            msg = f"something else was asked under the key {key!r}"
            raise ValueError(msg)
        return str(known.answer)

    def _is_down(self) -> bool:
        return self._down is not None and self._down[0] <= self._clock.now() < self._down[1]

    def _fault(self) -> Fault | None:
        if self._down is not None and self._is_down():
            return self._down[2]
        return self._script.popleft() if self._script else None

    def _catch_up(self) -> None:
        """Carry out what a server's error left half done, once its time has come."""
        due = [each for each in self._later if each.at <= self._clock.now()]
        for each in due:
            self._later.remove(each)
            self.world.carry_out(each.order, each.instruction)
