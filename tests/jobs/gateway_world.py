"""What a gateway tells in the tests of payments: charges, refunds and disputes of one customer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import changes_of, request
from ledgerkit.domain.gateways import GatewayObject, Movement, Notification, SavedMethod, Told
from ledgerkit.domain.invoices import ISSUED, Invoice
from ledgerkit.domain.money import Money
from ledgerkit.domain.payment_methods import follow, register
from ledgerkit.domain.payments import Payment, notes_for
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.webhooks import Taken, take
from ledgerkit.ports.store import Store
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import NOON, changes, invoice, party

CREATED = datetime(2026, 10, 1, 9, tzinfo=UTC)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def told(kind: str, id: str, status: str, minor: int, **more: Any) -> GatewayObject:
    """Return the state of an object of so many cents; *more* are fields of `GatewayObject`."""
    return GatewayObject(
        kind=kind, id=id, status=status, amount=eur(minor), created=CREATED, **more
    )


def charge(
    status: str = "done", minor: int = 12_000, id: str = "pi_1", **more: Any
) -> GatewayObject:
    """Return a charge on the gateway's page, by c-1 for its invoices i-1 and i-2."""
    fields: dict[str, Any] = {"metadata": tuple(notes_for("c-1", ("i-1", "i-2")).items())}
    return told("charge", id, status, minor, **(fields | more))


def refund(
    status: str = "done", minor: int = 5_000, id: str = "re_1", **more: Any
) -> GatewayObject:
    """Return a refund of the charge, made in the dashboard."""
    fields: dict[str, Any] = {"parent": "pi_1"}
    return told("refund", id, status, minor, **(fields | more))


def movement(id: str, minor: int, fee: int = 0) -> Movement:
    """Return what a dispute does to the balance."""
    return Movement(id=id, amount=eur(minor), fee=eur(fee), at=CREATED)


def dispute(
    status: str = "open", minor: int = 12_000, id: str = "dp_1", **more: Any
) -> GatewayObject:
    """Return a dispute of the charge."""
    fields: dict[str, Any] = {"parent": "pi_1"}
    return told("dispute", id, status, minor, **(fields | more))


def event(id: str, *states: Told, type: str = "test", created: datetime = CREATED) -> Notification:
    """Return the event *id* that tells *states*."""
    return Notification(gateway="stripe", id=id, type=type, created=created, told=states, text="{}")


def owing(*amounts: int, store: Store | None = None) -> Host:
    """Return a host whose customer c-1 owes invoices i-1, i-2 and so on, due in that order."""
    host = Host(store=MemoryStore() if store is None else store, clock=FakeClock(NOON))
    invoices = tuple(
        invoice(
            f"i-{n}",
            minor=minor,
            status=ISSUED,
            issued_on=date(2026, 9, 1),
            due_on=date(2026, 9, 1) + timedelta(days=n),
        )
        for n, minor in enumerate(amounts, start=1)
    )
    host.store.commit(changes("owing", records=(party("c-1"), *invoices)))
    return host


def deliver(host: Host, *notifications: Notification) -> tuple[Taken, ...]:
    """Take *notifications*, one after the other."""
    return tuple(run(take(notification), host) for notification in notifications)


def statuses(host: Host, *ids: str) -> tuple[str, ...]:
    """Return the statuses of invoices."""
    found = (host.store.load(Invoice, id) for id in ids)
    return tuple(read.record.status for read in found if read is not None)


def wallets(host: Host) -> dict[str, int]:
    """Return what each wallet holds, in cents."""
    return {wallet: held.posted for (wallet, _), held in host.store.balances().items()}


def store_all(host: Host, key: str, *decisions: Any, expects: Iterable[Any] = ()) -> None:
    """Commit *decisions* together."""
    host.store.commit(
        changes_of(
            *decisions,
            key=key,
            request=request("test", key=key),
            actor="tester",
            reason="a test",
            at=NOON,
            expects=tuple(expects),
        )
    )


def with_card(*amounts: int, store: Store | None = None) -> Host:
    """Return a host whose customer owes *amounts* and has saved a card."""
    host = owing(*amounts, store=store)
    known = register("c-1", "cus_1", gateway="stripe").method
    saved = follow(known, SavedMethod(customer="cus_1", method="pm_1"), gateway="stripe")
    store_all(host, "card", saved)
    return host


def on_page(minor: int = 12_000, store: Store | None = None) -> tuple[Host, str]:
    """Return a host whose customer paid on the gateway's page, and the payment's id."""
    host = owing(5_000, 7_000, store=store)
    deliver(host, event("e1", charge(minor=minor)))
    (read,) = host.store.find(Payment).items
    return host, read.record.id
