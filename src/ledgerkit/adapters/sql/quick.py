"""Quick path: a batch of plain changes, written as if nothing stood against it.

Nearly every batch is plain and goes through, so it is not judged first: unique indexes, guarded
updates and the epoch of the policies refuse what must not be, and then the whole batch is undone
and judged with care, which finds the same and explains it. Whatever is not plain goes the careful
way at once. (design: architecture, Storage)
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import attrs

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.batch import Writing
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.reading import Tenant, hold_epoch, tenant_of
from ledgerkit.adapters.sql.rows import moment, wallet_of
from ledgerkit.adapters.sql.whole import is_whole, write_whole
from ledgerkit.adapters.sql.working import MOST_PLAIN, MOST_PLAIN_BALANCE, Place
from ledgerkit.adapters.sql.writing import write
from ledgerkit.domain.changes import Changes, Committed
from ledgerkit.domain.ledger import Journal, Wallet
from ledgerkit.domain.money import Units

_MOST_REMEMBERED = 200_000


class NotPlain(Exception):
    """The batch needs to be judged before it is written."""


@attrs.define
class Memory:
    """What a store remembers between its own commits; true for one epoch of a tenant's policies.

    Nothing met inside a host's transaction is remembered: after a rollback its ids can name
    something else. Threads may share it: what is added is never changed.

    Attributes:
        tenant: The tenant, with its epoch and closed time; None: nothing is remembered.
        wallets: Open wallets by address, with their rows.
        places: Balances that plain legs may move, by (wallet, currency).
    """

    tenant: Tenant | None = None
    wallets: dict[str, tuple[int, Wallet]] = attrs.Factory(dict)
    places: dict[tuple[str, str], Place] = attrs.Factory(dict)

    def of(self, tenant: Tenant) -> Memory:
        """Return this memory, or an empty one if this is of another epoch or too full."""
        if tenant == self.tenant and len(self.places) <= _MOST_REMEMBERED:
            return self
        return Memory(tenant)


@attrs.define
class Batch:
    """A plain batch on its way, and what it learned for the next one."""

    db: Database
    tenant: Tenant
    units: Units
    memory: Memory
    wallets: dict[str, tuple[int, Wallet]] = attrs.Factory(dict)
    places: dict[tuple[str, str], Place] = attrs.Factory(dict)

    def learned(self) -> Memory:
        """Return the memory with what the batch met; only after its transaction is committed."""
        self.memory.wallets.update(self.wallets)
        self.memory.places.update(self.places)
        return self.memory

    def check(self, many: Sequence[Changes]) -> list[tuple[str, str]]:
        """Return the balances that *many* move and that have no row yet.

        Raises:
            NotPlain: the batch must be judged.
        """
        legs, opens = _plain_legs(self.tenant, many)
        memory = self.memory
        missing = []
        for key in legs:
            place = memory.places.get(key)
            if place is None:
                missing.append(key)
            else:
                self.places[key] = place
        unknown = {wallet for wallet, _ in missing}
        for address in opens:
            known = memory.wallets.get(address)
            if known is None:
                unknown.add(address)
            else:
                self.wallets[address] = known
        if not unknown:
            return []
        self._read(sorted(unknown), set(missing))
        for wallet, currency in missing:
            found = self.wallets.get(wallet)
            policy = opens.get(wallet) if found is None else found[1]
            if policy is None or not _takes(policy, currency, self.units):
                raise NotPlain
        return [key for key in missing if key not in self.places]

    def _read(self, addresses: Sequence[str], keys: Container[tuple[str, str]]) -> None:
        db = self.db
        for address, wallet, policy, currency, id, limited, posted in db.rows(
            "SELECT w.address, w.id, w.policy, b.currency, b.id, b.limited, b.posted "  # noqa: S608
            f"FROM {db.each('text', addresses)} CROSS JOIN ledgerkit_wallets w "
            "LEFT JOIN ledgerkit_balances b ON b.wallet = w.id "
            "WHERE w.address = k.value AND w.tenant = ?",
            db.listed(addresses),
            self.tenant.id,
        ):
            if address not in self.wallets:
                self.wallets[address] = wallet, wallet_of(policy)
            if (address, currency) in keys:
                if db.postgres and not limited and abs(posted) >= MOST_PLAIN_BALANCE:
                    raise NotPlain
                self.places[address, currency] = Place(id, bool(limited))


def write_quickly(
    db: Database, name: str, units: Units, memory: Memory, many: Sequence[Changes]
) -> tuple[Batch, tuple[Committed, ...]]:
    """Return what was committed, having written *many* unjudged, and what was learned.

    Raises:
        NotPlain: the batch must be judged.
        Moved: something stands against it; the transaction must be undone.
    """
    tenant = tenant_of(db, name)
    if tenant is None:
        raise NotPlain
    hold_epoch(db, tenant)
    batch = Batch(db, tenant, units, memory.of(tenant))
    missing = batch.check(many)
    ids = db.next_ids(tables.commits, len(many))
    writing = Writing(
        db=db,
        tenant=tenant,
        changes=many,
        commits=ids,
        wallet_ids={address: id for address, (id, _) in batch.wallets.items()},
        places=batch.places,
        missing=missing,
    )
    wallets = {address: wallet for address, (_, wallet) in batch.wallets.items()}
    wallets.update(_opened(many, wallets))
    return batch, write(writing, wallets)


def write_at_once(
    db: Database,
    name: str,
    units: Units,
    memory: Memory,
    many: Sequence[Changes],
    *,
    sure: bool,
) -> tuple[Batch, tuple[Committed, ...]]:
    """Return what was committed by one statement, and what was learned.

    For PostgreSQL, on a connection where each statement is a transaction. The epoch is looked up
    first unless the store is *sure* of what it remembers; the statement checks it anyway.

    Raises:
        NotPlain: the batch holds more than journals on balances that have rows.
    """
    if not is_whole(many):
        raise NotPlain
    tenant = memory.tenant if sure else tenant_of(db, name)
    if tenant is None:
        raise NotPlain
    batch = Batch(db, tenant, units, memory.of(tenant))
    if batch.check(many) or any(w.id not in batch.wallets for c in many for w in c.opens):
        raise NotPlain
    return batch, write_whole(db, tenant, batch.places, many)


def _opened(many: Iterable[Changes], known: dict[str, Wallet]) -> dict[str, Wallet]:
    opened: dict[str, Wallet] = {}
    for changes in many:
        for wallet in changes.opens:
            if wallet.id not in known:
                opened.setdefault(wallet.id, wallet)
    return opened


def _plain_legs(
    tenant: Tenant, many: Sequence[Changes]
) -> tuple[dict[tuple[str, str], None], dict[str, Wallet]]:
    """Return the balances that *many* move and the wallets they open; raises `NotPlain`."""
    closed = None if tenant.closed_before is None else moment(tenant.closed_before)
    legs: dict[tuple[str, str], None] = {}
    opens: dict[str, Wallet] = {}
    for changes in many:
        if changes.policies or changes.closes_before is not None or not _writes_all(changes):
            raise NotPlain
        if changes.holds or changes.releases:
            raise NotPlain
        for wallet in changes.opens:
            opens.setdefault(wallet.id, wallet)
        at = changes.at
        for journal in changes.journals:
            if journal.reverses is not None or journal.requires or journal.effective_at > at:
                raise NotPlain
            if journal.captures is not None:
                raise NotPlain
            if closed is not None and journal.effective_at < closed:
                raise NotPlain
            _add_legs(legs, journal)
    return legs, opens


def _writes_all(changes: Changes) -> bool:
    # What is only read has to be held; what is written is guarded by its version.
    if len(changes.expects) == 0:
        return True
    written = {(type(record), record.id) for record in changes.records}
    return all((expect.kind, expect.id) in written for expect in changes.expects)


def _add_legs(legs: dict[tuple[str, str], None], journal: Journal) -> None:
    for entry in journal.entries:
        amount = entry.amount
        if not -MOST_PLAIN < amount.minor < MOST_PLAIN:
            raise NotPlain
        legs[entry.wallet, amount.currency] = None


def _takes(wallet: Wallet, currency: str, units: Units) -> bool:
    return (
        wallet.status == "open"
        and currency in units.exponents
        and (wallet.currencies is None or currency in wallet.currencies)
    )
