"""Steps: what a job may await. Each is one call of one port, and nothing else.

A step hands itself to the driver and gets the port's answer back, or the port's error raised at
the place where it was awaited. It needs no event loop. (design: jobs are steps)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from ledgerkit.documents import Document
from ledgerkit.domain.changes import Changes, Committed, Number, Record, Version, Versioned
from ledgerkit.domain.gateways import (
    RETRYABLE,
    GatewayBalance,
    GatewayObject,
    Notification,
    Outcome,
)
from ledgerkit.domain.instructions import SEND_DEADLINE, Instruction
from ledgerkit.domain.ledger import (
    NOW,
    AsOf,
    Balance,
    Cursor,
    EntryLine,
    Event,
    Held,
    Page,
    Posted,
    Wallet,
)
from ledgerkit.domain.outbox import Claimed, Message
from ledgerkit.domain.periods import Period
from ledgerkit.domain.usage import Meter, Reading
from ledgerkit.domain.verification import Problem
from ledgerkit.jobs.host import Host, needed
from ledgerkit.ports.documents import DocumentMissing, Stored
from ledgerkit.ports.gateway import Gateway

T = TypeVar("T")
R = TypeVar("R", bound=Record)


@attrs.frozen(eq=False)
class Step(Awaitable[T], Generic[T]):
    """One call of one port; *name* says which, for logs and for the simulator."""

    name: str
    call: Callable[[Host], T]

    def __await__(self) -> Generator[Step[T], T, T]:
        return (yield self)


# What an `async def` that awaits steps returns: a job, of which T is the report.
Job: TypeAlias = Coroutine[Step[Any], Any, T]


async def now() -> datetime:
    """Ask the clock for the present instant, in UTC."""
    return await Step("now", lambda host: host.clock.now())


async def load(kind: type[R], id: str) -> Versioned[R] | None:
    """Load the newest version of record *id*, or None."""
    return await Step(f"load {kind.__name__}", lambda host: host.store.load(kind, id))


async def find(
    kind: type[R],
    *,
    party: str | None = None,
    status: str | None = None,
    since: date | None = None,
    until: date | None = None,
    after: str | None = None,
) -> Page[Versioned[R]]:
    """Find one page of the records of *kind* that fit, by id, those after the id *after*."""
    return await Step(
        f"find {kind.__name__}",
        lambda host: host.store.find(
            kind, party=party, status=status, since=since, until=until, after=after
        ),
    )


async def find_all(
    kind: type[R],
    *,
    party: str | None = None,
    status: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> tuple[Versioned[R], ...]:
    """Find every record of *kind* that fits, page by page, each page a step."""
    found: list[Versioned[R]] = []
    after: str | None = None
    while True:
        page = await find(kind, party=party, status=status, since=since, until=until, after=after)
        found += page.items
        if page.next is None:
            return tuple(found)
        after = str(page.next)


async def history(kind: type[R], id: str) -> tuple[Version[R], ...]:
    """Read every version of record *id*, oldest first."""
    return await Step(f"history {kind.__name__}", lambda host: host.store.history(kind, id))


async def wallets(prefix: str = "") -> tuple[Wallet, ...]:
    """Read the policies of wallets at and below the address *prefix*."""
    return await Step("wallets", lambda host: host.store.wallets(prefix))


async def balances(prefix: str = "", as_of: AsOf = NOW) -> Mapping[tuple[str, str], Balance]:
    """Read the balances of wallets at and below the address *prefix*."""
    return await Step("balances", lambda host: host.store.balances(prefix, as_of))


async def entries_page(
    wallet: str, *, by_effect: bool = False, after: Cursor | None = None
) -> Page[EntryLine]:
    """Read one page of the statement of *wallet*, after the cursor."""
    return await Step(
        "entries", lambda host: host.store.entries(wallet, by_effect=by_effect, after=after)
    )


async def entries(
    wallet: str, *, by_effect: bool = False, after: Cursor | None = None
) -> tuple[EntryLine, ...]:
    """Read the statement of *wallet* after the cursor, page by page, each page a step.

    Lines stand in recording order, or *by_effect* in the order in which they count.
    """
    found: list[EntryLine] = []
    while True:
        page = await entries_page(wallet, by_effect=by_effect, after=after)
        found += page.items
        if not isinstance(page.next, Cursor):
            return tuple(found)
        after = page.next


async def last_entry(wallet: str) -> Cursor | None:
    """Read the place of the newest line of the statement of *wallet*, or None."""
    return await Step("last_entry", lambda host: host.store.last_entry(wallet))


async def journal(id: str) -> Posted | None:
    """Read the posted journal *id*, or None."""
    return await Step("journal", lambda host: host.store.journal(id))


async def journals(*, after: int = 0, limit: int = 5000) -> tuple[Posted, ...]:
    """Read one page of journals in recording order; none when *after* was the last."""
    page = await Step("journals", lambda host: host.store.journals(after=after, limit=limit))
    return page.items


async def posted_events(events: Collection[Event]) -> Mapping[Event, str]:
    """Read which of *events* are booked, and by which journal."""
    return await Step("posted_events", lambda host: host.store.posted_events(events))


async def hold(id: str) -> Held | None:
    """Read the hold *id* as it stands, or None."""
    return await Step("hold", lambda host: host.store.hold(id))


async def holds(prefix: str = "", *, state: str | None = None) -> tuple[Held, ...]:
    """Read every hold at and below the address *prefix* in *state*, each page a step."""
    found: list[Held] = []
    after: str | None = None
    while True:
        page = await _holds_page(prefix, state, after)
        found += page.items
        if page.next is None:
            return tuple(found)
        after = str(page.next)


async def _holds_page(prefix: str, state: str | None, after: str | None) -> Page[Held]:
    return await Step("holds", lambda host: host.store.holds(prefix, state=state, after=after))


async def numbers(counter: str | None = None) -> tuple[Number, ...]:
    """Read the numbers drawn, by counter and number."""
    return await Step("numbers", lambda host: host.store.numbers(counter))


async def problems() -> tuple[Problem, ...]:
    """Ask the store what is broken in what it keeps."""
    return await Step("problems", lambda host: host.store.problems())


async def commit(changes: Changes) -> Committed:
    """Store *changes*, once."""
    return await Step("commit", lambda host: host.store.commit(changes))


async def commit_all(many: Sequence[Changes]) -> tuple[Committed, ...]:
    """Store all of *many*, each once, or none of them."""
    return await Step("commit_all", lambda host: host.store.commit_all(many))


async def usage(
    meter: Meter, *, period: Period, zone: str, customers: Collection[str] | None = None
) -> tuple[Reading, ...]:
    """Ask what *meter* says of *customers*, or of all, in *period*."""
    return await Step(
        "usage",
        lambda host: needed(host.usage, "usage source").totals(
            meter, period=period, zone=zone, customers=customers
        ),
    )


async def render(document: Document) -> bytes:
    """Draw *document*."""
    return await Step("render", lambda host: needed(host.renderer, "renderer").render(document))


async def has_document(key: str) -> bool:
    """Ask whether a document is kept under *key*."""

    def look(host: Host) -> bool:
        try:
            # Asking for the link does not fetch the document.
            needed(host.documents, "document store").link(key, expires=None)
        except DocumentMissing:
            return False
        return True

    return await Step("has_document", look)


async def put_document(key: str, data: bytes, *, media_type: str = "application/pdf") -> Stored:
    """Keep *data* under *key*; the same again is fine, other data is refused."""
    return await Step(
        "put_document",
        lambda host: needed(host.documents, "document store").put(key, data, media_type=media_type),
    )


async def claim(topic: str, *, at: datetime, lease: timedelta, limit: int) -> tuple[Claimed, ...]:
    """Claim waiting messages whose topic is *topic* or below it."""
    return await Step(
        "claim", lambda host: host.store.claim(topic, at=at, lease=lease, limit=limit)
    )


async def settle(
    claimed: Claimed, *, outcome: str, at: datetime, retry_at: datetime | None = None
) -> None:
    """Settle a claim as `done`, `refused` or `waiting`."""
    return await Step(
        "settle",
        lambda host: host.store.settle(
            claimed.message.id, token=claimed.token, outcome=outcome, at=at, retry_at=retry_at
        ),
    )


async def send(message: Message) -> None:
    """Deliver *message* to people."""
    return await Step("send", lambda host: needed(host.notifier, "notifier").send(message))


def _gateway(host: Host, name: str) -> Gateway:
    return needed(host.gateways.get(name), f"gateway {name!r}")


async def send_order(instruction: Instruction, *, before: datetime) -> Outcome:
    """Have the gateway of *instruction* carry it out under its key, if it is still before *before*.

    The clock is read inside of the step, just before the call: a worker that slept since it
    decided sends nothing, and the answer is `retryable` with the code `send_deadline`.
    (spec: reliability A9)
    """

    def call(host: Host) -> Outcome:
        gateway = _gateway(host, instruction.gateway)
        if host.clock.now() >= before:
            return Outcome(status=RETRYABLE, code=SEND_DEADLINE)
        return gateway.send(instruction.order, key=instruction.key, instruction=instruction.id)

    return await Step("send_order", call)


async def look_up_order(instruction: Instruction) -> Outcome | None:
    """Ask the gateway of *instruction* what it made of it, or None if it finds nothing."""
    return await Step(
        "look_up_order",
        lambda host: _gateway(host, instruction.gateway).look_up(
            instruction.order, instruction=instruction.id, since=instruction.made_since
        ),
    )


async def gateway_balance(gateway: str) -> GatewayBalance:
    """Ask what *gateway* holds for us."""
    return await Step("gateway_balance", lambda host: _gateway(host, gateway).balance())


async def gateway_objects(
    gateway: str, *, since: datetime, after: str | None = None
) -> Page[GatewayObject]:
    """Read one page of what was made at *gateway* since *since*, after the mark *after*."""
    return await Step(
        "gateway_objects", lambda host: _gateway(host, gateway).objects(since=since, after=after)
    )


async def read_webhook(
    gateway: str, body: bytes, headers: Mapping[str, str], *, at: datetime
) -> Notification:
    """Verify and read what *gateway* sent by itself."""
    return await Step(
        "read_webhook",
        lambda host: needed(
            host.webhooks.get(gateway), f"reader of the webhooks of {gateway}"
        ).read(body, headers, at=at),
    )
