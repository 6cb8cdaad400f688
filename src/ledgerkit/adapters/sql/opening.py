"""Opening: wallets, their policies and balances, as rows.

A policy is never overwritten: the wallet shows the newest, and each that was ever set stays with
who set it and why. (spec: ledger 2)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledgerkit.adapters.sql import tables
from ledgerkit.adapters.sql.batch import Moved, Writing
from ledgerkit.adapters.sql.database import Database
from ledgerkit.adapters.sql.rows import micros, policy_text
from ledgerkit.adapters.sql.working import Place
from ledgerkit.domain.ledger import Wallet

# Only rows that move with each entry say what is held; 1 or 0 tells whether this one does.
_HELD = ", ".join(
    f"held_{way} = ? * coalesce((SELECT sum(m.amount) FROM ledgerkit_held m "  # noqa: S608
    f"WHERE m.balance = ledgerkit_balances.id AND m.incoming = {incoming}), 0)"
    for incoming, way in enumerate(("out", "in"))
)


def write_wallets(writing: Writing, wallets: Mapping[str, Wallet]) -> None:
    """Open wallets, give them their balances and set policies; *wallets* are the last ones.

    Raises:
        Moved: another transaction opened one of them just now.
    """
    opened: dict[str, None] = {}
    policies: list[tuple[Wallet, int]] = []
    for changes, commit in writing.members:
        for wallet in changes.opens:
            if wallet.id not in writing.wallet_ids and wallet.id not in opened:
                opened[wallet.id] = None
                policies.append((wallet, commit))
        policies.extend((wallet, commit) for wallet in changes.policies)
    if opened:
        _open_wallets(writing, [wallets[address] for address in opened])
    if policies:
        _write_policies(writing, policies)
    changed = {wallet.id for wallet, _ in policies} - opened.keys()
    if changed:
        _change_wallets(writing, [wallets[address] for address in sorted(changed)])
    open_balances(writing, wallets, writing.missing)
    for key in sorted(writing.large):
        _keep_row(writing, key)
    _close_books(writing, changed=bool(changed or writing.large))


def _close_books(writing: Writing, *, changed: bool) -> None:
    closes = [
        (commit, writing.tenant.id, micros(changes.closes_before))
        for changes, commit in writing.members
        if changes.closes_before is not None
    ]
    if closes:
        writing.db.insert(tables.closings, "commit_id tenant closed_before", closes)
    if changed or closes:
        dates = [at for *_, at in closes]
        if writing.tenant.closed_before is not None:
            dates.append(writing.tenant.closed_before)
        writing.db.run(
            "UPDATE ledgerkit_tenants SET epoch = epoch + 1, closed_before = ? WHERE id = ?",
            max(dates, default=None),
            writing.tenant.id,
        )


def _open_wallets(writing: Writing, wallets: Sequence[Wallet]) -> None:
    db, tenant = writing.db, writing.tenant.id
    ids = db.next_ids(tables.wallets, len(wallets))
    rows = [
        (id, tenant, wallet.id, policy_text(wallet))
        for id, wallet in zip(ids, wallets, strict=True)
    ]
    columns = "id tenant address policy"
    if len(rows) != db.insert(tables.wallets, columns, rows, tail="ON CONFLICT DO NOTHING"):
        raise Moved
    writing.wallet_ids.update((row[2], row[0]) for row in rows)
    limited = [(wallet.id, limit.currency) for wallet in wallets for limit in wallet.limits]
    open_balances(writing, {wallet.id: wallet for wallet in wallets}, limited)


def _write_policies(writing: Writing, policies: Sequence[tuple[Wallet, int]]) -> None:
    db = writing.db
    ids = {writing.wallet_ids[wallet.id] for wallet, _ in policies}
    last = dict(
        db.rows(
            f"SELECT p.wallet, max(p.version) FROM {db.each('integer', ids)} "  # noqa: S608
            "CROSS JOIN ledgerkit_policies p WHERE p.wallet = k.value GROUP BY p.wallet",
            db.listed(sorted(ids)),
        )
    )
    rows = []
    for wallet, commit in policies:
        id = writing.wallet_ids[wallet.id]
        last[id] = last.get(id, 0) + 1
        rows.append((id, last[id], commit, policy_text(wallet)))
    db.insert(tables.policies, "wallet version commit_id policy", rows)


def _change_wallets(writing: Writing, wallets: Sequence[Wallet]) -> None:
    db = writing.db
    db.run_many(
        "UPDATE ledgerkit_wallets SET policy = ? WHERE id = ?",
        [(policy_text(wallet), writing.wallet_ids[wallet.id]) for wallet in wallets],
    )
    by_id = {wallet.id: wallet for wallet in wallets}
    open_balances(
        writing,
        by_id,
        [(wallet.id, limit.currency) for wallet in wallets for limit in wallet.limits],
    )
    for (address, currency), place in sorted(writing.places.items(), key=lambda item: item[1].id):
        wallet = by_id.get(address)
        if wallet is None:
            continue
        limit, limited = wallet.limit(currency), wallet.bounds(currency)
        db.run(
            "UPDATE ledgerkit_balances SET floor = ?, ceiling = ?, limited = ?, "  # noqa: S608
            f"{_HELD} WHERE id = ?",
            limit.floor,
            limit.ceiling,
            int(limited),
            int(limited),
            int(limited),
            place.id,
        )
        writing.places[address, currency] = Place(place.id, limited)
        if limited and db.postgres:
            fold_balance(db, place.id)


def _keep_row(writing: Writing, key: tuple[str, str]) -> None:
    place = writing.places[key]
    update = f"UPDATE ledgerkit_balances SET limited = 1, {_HELD} WHERE id = ?"  # noqa: S608
    writing.db.run(update, 1, 1, place.id)
    fold_balance(writing.db, place.id)
    writing.places[key] = Place(place.id, limited=True)


def open_balances(
    writing: Writing, wallets: Mapping[str, Wallet], keys: Sequence[tuple[str, str]]
) -> None:
    """Give a row at zero to each (wallet, currency) of *keys* that has none.

    Raises:
        Moved: another transaction just did.
    """
    missing = sorted({key for key in keys if key not in writing.places})
    if not missing:
        return
    db = writing.db
    rows = []
    for id, (address, currency) in zip(
        db.next_ids(tables.balances, len(missing)), missing, strict=True
    ):
        limit = wallets[address].limit(currency)
        limited = limit.floor is not None or limit.ceiling is not None
        wallet = writing.wallet_ids[address]
        rows.append((id, wallet, currency, int(limited), limit.floor, limit.ceiling))
        writing.places[address, currency] = Place(id, limited)
    columns = "id wallet currency limited floor ceiling"
    if len(rows) != db.insert(tables.balances, columns, rows, tail="ON CONFLICT DO NOTHING"):
        raise Moved


def fold_balance(db: Database, balance: int) -> None:
    """Add the deltas behind *balance* to its row; PostgreSQL only."""
    db.run(
        "WITH gone AS (DELETE FROM ledgerkit_deltas WHERE balance = ? RETURNING amount) "
        "UPDATE ledgerkit_balances SET posted = posted + "
        "coalesce((SELECT sum(amount) FROM gone), 0) WHERE id = ?",
        balance,
        balance,
    )
