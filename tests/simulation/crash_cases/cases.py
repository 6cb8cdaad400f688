"""What a case of the table of crashes is, and the small jobs and hosts of its first rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Draw, Expect, Series, Stale
from ledgerkit.domain.invoices import ISSUED, Invoice
from ledgerkit.domain.ledger import Wallet
from ledgerkit.domain.parties import Party
from ledgerkit.jobs import steps
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.notices import deliver_notices
from ledgerkit.jobs.steps import Job
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.fakes.documents import MemoryDocuments
from ledgerkit.testing.fakes.notifier import RecordingNotifier
from ledgerkit.testing.samples import OCTOBER, changes, invoice, message, party, transfer
from ledgerkit.testing.simulator import Fate, crash_everywhere

NewStore: TypeAlias = Callable[[], Store]
SERIES = Series("INV", "{series}-{n:3}")
HOUR = timedelta(hours=1)


# ---- hosts -----------------------------------------------------------------------------------
def make_host(store: Store | None = None) -> Host:
    """Return a host with three messages waiting in *store*, one of them for nobody."""
    store = MemoryStore() if store is None else store
    told = tuple(message(f"m-{n}", recipient=f"c-{n}") for n in (1, 2, 3))
    store.commit(changes("begin", opens=(Wallet("a"), Wallet("b")), messages=told))
    notifier = RecordingNotifier(unreachable=["c-2"])
    return Host(store=store, clock=FakeClock(), notifier=notifier, documents=MemoryDocuments())


def outcome(host: Host) -> object:
    """Return what must come out the same: the books, and who was told what."""
    assert isinstance(host.notifier, RecordingNotifier)
    shown = books(host.store)
    assert () == broken_laws(shown)
    told = sorted(each.id for each in host.notifier.received)
    assert host.documents is not None
    printed = [host.documents.get(f"{number.text}.txt") for number in shown.numbers]
    return shown, told, printed


def an_hour_later(host: Host) -> None:
    """Let every lease end."""
    assert isinstance(host.clock, FakeClock)
    host.clock.advance(HOUR)


# ---- small jobs ------------------------------------------------------------------------------
async def issue(*ids: str) -> list[str]:
    """Issue an invoice for each id, post and print it; return their numbers."""
    numbers = []
    for id in ids:
        while (known := await steps.load(Invoice, id)) is None:
            decided = changes(
                f"issue/{id}",
                journals=(transfer(f"jrn_{id}", "a", "b", 5),),
                records=(invoice(id, status=ISSUED, issued_on=OCTOBER),),
                draws=(Draw(id, SERIES, OCTOBER),),
            )
            await steps.commit(decided)
        number = str(known.record.number)
        await steps.put_document(f"{number}.txt", id.encode(), media_type="text/plain")
        numbers.append(number)
    return numbers


async def rename(id: str, *names: str) -> None:
    """Give a party one name after another, each once, whoever else does the same."""
    for name in names:
        done = False
        while not done:
            known = await steps.load(Party, id)
            expects = (Expect(Party, id, 0 if known is None else known.version),)
            try:
                await steps.commit(
                    changes(f"{id}/{name}", records=(party(id, name),), expects=expects)
                )
            except Stale:
                continue
            done = True


# ---- what comes out --------------------------------------------------------------------------
def shown(host: Host) -> object:
    """Return the books without instants: these tell when a job ran, not what it did."""
    snapshot = books(host.store)
    assert () == broken_laws(snapshot)
    return timeless(
        (
            snapshot.wallets,
            snapshot.balances,
            snapshot.holds,
            snapshot.journals,
            snapshot.records,
            snapshot.numbers,
        )
    )


def timeless(value: Any) -> Any:
    """Return *value* with nothing in place of every instant in it."""
    if isinstance(value, datetime):
        return None
    if isinstance(value, tuple):
        return tuple(timeless(each) for each in value)
    kind: type = type(value)
    if not attrs.has(kind):
        return value
    return kind.__name__, *(timeless(getattr(value, f.name)) for f in attrs.fields(kind))


# ---- cases -----------------------------------------------------------------------------------
@attrs.frozen
class Case:
    """A job, the host on which it begins, and what must come out."""

    job: Callable[[], Job[Any]]
    make_host: Callable[[Store], Host] = make_host
    outcome: Callable[[Host], object] = outcome
    recover: Callable[[Host], object] = an_hour_later

    def crash(self, new_store: NewStore, *fates: Fate) -> int:
        """Crash the job everywhere on stores of its own; return the number of its steps."""
        return crash_everywhere(
            lambda: self.make_host(new_store()),
            self.job,
            self.outcome,
            recover=self.recover,
            fates=fates,
        )


SMALL = {
    "notices": Case(deliver_notices),
    "issue": Case(lambda: issue("i-1", "i-2", "i-3")),
    "rename": Case(lambda: rename("c-1", "Ada", "Eve")),
}
