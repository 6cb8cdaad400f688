"""The identity: reported balance, less what is in flight, against the wallet; the rest is drift.

(spec: ledger 1, billing 9, C-18)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import attrs

from ledgerkit.domain.alerts import CRITICAL, Observation
from ledgerkit.domain.alerts import NOTICE as SLIGHT
from ledgerkit.domain.changes import Effects
from ledgerkit.domain.gateways import GatewayBalance
from ledgerkit.domain.ids import derive
from ledgerkit.domain.ledger import Balance, address
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.periods import instant, plain_date
from ledgerkit.domain.reconciliation.flight import InFlight

CLEAN, NOTICE, ALERT = "clean", "notice", "alert"
_STATUSES = (CLEAN, NOTICE, ALERT)


@attrs.frozen
class Tolerance:
    """How much drift is a notice, and how long something may be in flight.

    Attributes:
        minor: Drift up to and including so many minor units is a notice, more an alert: 10.00 of
            a currency with two decimals. (seed 002: alert on drift above $10; spec: C-18)
        patience: An item in flight for longer explains nothing any more, so that what one side
            got wrong comes to light. The seed names no time; a week is past any delay of webhooks,
            bank transfers and weekends.
    """

    minor: int = 1_000
    patience: timedelta = timedelta(days=7)

    def __attrs_post_init__(self) -> None:
        if type(self.minor) is not int or self.minor < 0:
            msg = f"a tolerance is a whole number of minor units from zero on (got {self.minor!r})"
            raise ValueError(msg)
        if type(self.patience) is not timedelta or self.patience < timedelta():
            msg = f"patience is a timedelta from zero on (got {self.patience!r})"
            raise ValueError(msg)

    def status(self, drift: Money) -> str:
        """Return `clean`, `notice` or `alert`, whichever side has more.

        >>> [Tolerance().status(Money(m, "USD")) for m in (0, 1, -1_000, 1_001)]
        ['clean', 'notice', 'notice', 'alert']
        """
        if drift.minor == 0:
            return CLEAN
        return NOTICE if abs(drift.minor) <= self.minor else ALERT


def reconciliation_id(gateway: str, currency: str, *, on: date) -> str:
    """Return the id of the reconciliation of *gateway* in *currency* for the day *on*."""
    return derive("rec", gateway, currency, on=on)


@attrs.frozen(kw_only=True)
class Reconciliation:
    """The identity of one gateway in one currency on one day; a later look is a new version.

    Attributes:
        id: See `reconciliation_id`.
        gateway: The name of the gateway.
        currency: The currency of every amount.
        on: The day it is for.
        at: The value date: when the gateway was asked.
        available: What the gateway says can be moved.
        pending: What it says is on its way to be available.
        booked: What the books say it holds, -(gateway wallet), at the value date.
        items: What is in flight.
        sequence: The number of the last journal that was looked at on the wallet, 0 for none.
        status: `clean`, `notice` or `alert`: see `Tolerance`.
    """

    id: str
    gateway: str
    currency: str
    on: date
    at: datetime = attrs.field(converter=instant)
    available: Money
    pending: Money
    booked: Money
    items: tuple[InFlight, ...] = ()
    sequence: int = 0
    status: str

    def __attrs_post_init__(self) -> None:
        name_of("reconciliation id", self.id)
        address("gateway", self.gateway)
        plain_date("the day of a reconciliation", self.on)
        for field in ("available", "pending", "booked"):
            amount = getattr(self, field)
            if type(amount) is not Money or amount.currency != self.currency:
                msg = f"{field} of {self.id!r} is Money in {self.currency} (got {amount!r})"
                raise ValueError(msg)
        if type(self.sequence) is not int or self.sequence < 0:
            msg = f"sequence of {self.id!r} is a whole number from zero on (got {self.sequence!r})"
            raise ValueError(msg)
        if type(self.items) is not tuple or any(type(each) is not InFlight for each in self.items):
            msg = f"items of {self.id!r} are a tuple of InFlight (got {self.items!r})"
            raise TypeError(msg)
        if self.status not in _STATUSES or (self.status == CLEAN) != (self.drift.minor == 0):
            msg = f"reconciliation {self.id!r} is {self.status!r} with a drift of {self.drift}"
            raise ValueError(msg)

    @property
    def explained(self) -> Money:
        """What items in flight explain; overdue ones explain nothing."""
        return sum_of((i.amount for i in self.items if not i.overdue), self.currency)

    @property
    def drift(self) -> Money:
        """What nobody can explain: available + pending - in flight - booked."""
        return self.available + self.pending - self.explained - self.booked

    @property
    def wallet(self) -> str:
        """The address of the gateway's wallet."""
        return address("gateway", self.gateway)


@attrs.frozen
class Reconciled:
    """A reconciliation to store."""

    reconciliation: Reconciliation

    @property
    def effects(self) -> Effects:
        """What to store."""
        return Effects(records=(self.reconciliation,))


def currencies_of(
    reported: GatewayBalance, balances: Mapping[tuple[str, str], Balance]
) -> tuple[str, ...]:
    """Return the currencies in which the gateway or the books hold something, in order."""
    told = {money.currency for money in (*reported.available, *reported.pending)}
    return tuple(sorted(told | {currency for _, currency in balances}))


def reconcile(
    gateway: str,
    currency: str,
    *,
    on: date,
    reported: GatewayBalance,
    wallet: Balance,
    items: Iterable[InFlight] = (),
    tolerance: Tolerance = Tolerance(),
    sequence: int = 0,
) -> Reconciled:
    """Compare what *gateway* reported with its *wallet* at the same value date, less *items*.

    *wallet* is its balance as of `reported.at`. Items that are older than the patience of
    *tolerance* are overdue. (spec: billing 9)

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> told = GatewayBalance(available=(Money(4_000, "USD"),), at=noon)
    >>> reconcile("stripe", "USD", on=noon.date(), reported=told,
    ...     wallet=Balance(-4_000)).reconciliation.status
    'clean'
    """
    aged = tuple(
        attrs.evolve(item, overdue=reported.at - item.since > tolerance.patience) for item in items
    )
    available = sum_of((m for m in reported.available if m.currency == currency), currency)
    pending = reported.total(currency) - available
    booked = Money(-wallet.posted, currency)
    explained = sum_of((item.amount for item in aged if not item.overdue), currency)
    return Reconciled(
        Reconciliation(
            id=reconciliation_id(gateway, currency, on=on),
            gateway=gateway,
            currency=currency,
            on=on,
            at=reported.at,
            available=available,
            pending=pending,
            booked=booked,
            items=aged,
            sequence=sequence,
            status=tolerance.status(available + pending - explained - booked),
        )
    )


def moved(before: Reconciliation | None, found: Reconciliation) -> bool:
    """Return whether *found* says anything else than *before*, the one stored for its day.

    A later look at the same figures is not worth a version of its own.
    """
    if before is None:
        return True
    return attrs.evolve(found, at=before.at, sequence=before.sequence) != before


def observation(done: Reconciliation) -> Observation:
    """Return what to raise an alert from: drift above the tolerance is critical, below a notice.

    The items of a notice are listed in its facts. (spec: billing 9, C-18)
    """
    severity = {CLEAN: None, NOTICE: SLIGHT, ALERT: CRITICAL}[done.status]
    items = tuple((item.id, f"{item.reason}: {item.amount}") for item in done.items)
    facts = (
        ("drift_minor", str(done.drift.minor)),
        ("currency", done.currency),
        ("reported_minor", str((done.available + done.pending).minor)),
        ("booked_minor", str(done.booked.minor)),
        ("reconciliation", done.id),
        *items,
    )
    return Observation(
        kind="drift", subject=f"{done.wallet}/{done.currency}", severity=severity, facts=facts
    )
