"""Books as a value: everything that a store shows, frozen, so that two of them can be compared.

Two stores that took the same changes, or one job run twice, must end with equal snapshots. The
laws that hold in any books are checked on the snapshot too. (spec: ledger 1, 6, 10)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

import attrs

from ledgerkit.domain.changes import Number, Version
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Balance, Cursor, EntryLine, Held, Journal, Page, Posted, Wallet
from ledgerkit.domain.ledger.holds import CAPTURED, OPEN, placed
from ledgerkit.ports.store import Store
from ledgerkit.schema import KINDS

T = TypeVar("T")


@attrs.frozen
class Statement:
    """The lines of one wallet, in recording order and in the order in which they count."""

    wallet: str
    recorded: tuple[EntryLine, ...]
    by_effect: tuple[EntryLine, ...]


@attrs.frozen(kw_only=True)
class Snapshot:
    """What a store showed at one moment, read through all of its pages.

    Attributes:
        wallets: Every wallet with its policy, by address.
        balances: Every balance that is not zero, by (wallet, currency).
        holds: Every hold as it stands, by id.
        journals: Every journal in recording order.
        statements: The statement of each wallet, by address.
        records: The history of every record, by kind and id.
        numbers: Every document number, by counter.
    """

    wallets: tuple[Wallet, ...]
    balances: tuple[tuple[tuple[str, str], Balance], ...]
    holds: tuple[Held, ...]
    journals: tuple[Posted, ...]
    statements: tuple[Statement, ...]
    records: tuple[tuple[Version[Any], ...], ...]
    numbers: tuple[Number, ...]


def books(store: Store, *, page: int = 500, kinds: Collection[type[Any]] = KINDS) -> Snapshot:
    """Return everything that *store* shows, read *page* items at a time.

    Of records it has those of *kinds*, all of them by default. Messages are not in it: nobody sees
    them without claiming them.
    """
    wallets = store.wallets()
    return Snapshot(
        wallets=wallets,
        balances=tuple(sorted(store.balances().items())),
        holds=tuple(_holds(store, page)),
        journals=tuple(_journals(store, page)),
        statements=tuple(
            Statement(
                wallet.id,
                tuple(_lines(store, wallet.id, page, by_effect=False)),
                tuple(_lines(store, wallet.id, page, by_effect=True)),
            )
            for wallet in wallets
        ),
        records=tuple(_histories(store, page, kinds)),
        numbers=store.numbers(),
    )


def _journals(store: Store, page: int) -> Iterator[Posted]:
    found = store.journals(limit=page)
    yield from found.items
    while isinstance(after := found.next, int):
        found = store.journals(after=after, limit=page)
        yield from _after(after, found)


def _holds(store: Store, page: int) -> Iterator[Held]:
    found = store.holds(limit=page)
    yield from found.items
    while isinstance(after := found.next, str):
        found = store.holds(after=after, limit=page)
        yield from _after(after, found)


def _lines(store: Store, wallet: str, page: int, *, by_effect: bool) -> Iterator[EntryLine]:
    found = store.entries(wallet, by_effect=by_effect, limit=page)
    yield from found.items
    while isinstance(after := found.next, Cursor):
        found = store.entries(wallet, by_effect=by_effect, after=after, limit=page)
        yield from _after(after, found)


def _histories(
    store: Store, page: int, kinds: Collection[type[Any]]
) -> Iterator[tuple[Version[Any], ...]]:
    for kind in sorted(kinds, key=lambda kind: KINDS[kind].name):
        found = store.find(kind, limit=page)
        items = [*found.items]
        while isinstance(after := found.next, str):
            found = store.find(kind, after=after, limit=page)
            items += _after(after, found)
        yield from (store.history(kind, each.record.id) for each in items)


def _after(after: object, page: Page[T]) -> tuple[T, ...]:
    """Return the items of *page*; a page that ends where it began would be read for ever."""
    if page.next == after:
        msg = f"the page after {after!r} ends there again"
        raise AssertionError(msg)
    return page.items


def broken_laws(snapshot: Snapshot) -> tuple[str, ...]:
    """Return a sentence for each law that *snapshot* breaks; none for sound books.

    Each currency sums to zero, each balance is the sum of its entries and the end of both
    statements, what is held is what open holds have left, each hold is what its captures left of
    it, journals are numbered from 1, versions and numbers have no gaps.
    """
    held = _filled({key: balance.posted for key, balance in snapshot.balances})
    sums = Counter[tuple[str, str]]()
    captures: dict[str, list[Journal]] = {}
    for posted in snapshot.journals:
        if posted.journal.captures is not None:
            captures.setdefault(posted.journal.captures, []).append(posted.journal)
        for entry in posted.journal.entries:
            sums[entry.wallet, entry.amount.currency] += entry.amount.minor
    totals = Counter[str]()
    for (_, currency), minor in held.items():
        totals[currency] += minor
    ends: dict[bool, dict[tuple[str, str], int]] = {False: {}, True: {}}
    for statement in snapshot.statements:
        for by_effect, lines in ((False, statement.recorded), (True, statement.by_effect)):
            for line in lines:
                ends[by_effect][line.wallet, line.running.currency] = line.running.minor
    laws = {
        "a currency does not sum to zero": not any(totals.values()),
        "a balance is not the sum of its entries": held == _filled(sums),
        "a statement does not end in its balance": all(held == _filled(e) for e in ends.values()),
        "what is held is not the sum of open holds": _held(snapshot) == _left(snapshot),
        "a hold is not what its captures left": all(
            each == _replayed(each, captures.get(each.hold.id, ())) for each in snapshot.holds
        ),
        "journals are not numbered from 1": _counts_up([p.sequence for p in snapshot.journals], 1),
        "versions have a gap": all(
            _counts_up([version.version for version in history], 1) for history in snapshot.records
        ),
        "numbers have a gap": all(
            _counts_up(drawn, drawn[0]) for drawn in _by_counter(snapshot.numbers)
        ),
    }
    return tuple(sentence for sentence, holds in laws.items() if not holds)


def _held(snapshot: Snapshot) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        key: (balance.held_out, balance.held_in)
        for key, balance in snapshot.balances
        if balance.held_out or balance.held_in
    }


def _left(snapshot: Snapshot) -> dict[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for each in snapshot.holds:
        for key, (out, into) in each.amounts().items():
            now_out, now_into = sums.get(key, (0, 0))
            sums[key] = now_out + out, now_into + into
    return sums


def _replayed(held: Held, captures: Iterable[Journal]) -> Held:
    """Return *held* as it follows from what was placed, its *captures*, and how it ended."""
    now = placed(held.hold, at=held.placed_at)
    for journal in captures:
        now = now.captured(journal)
    return now if held.state in (OPEN, CAPTURED) else now.ended(held.state)


def _filled(sums: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    return {key: minor for key, minor in sums.items() if minor}


def _counts_up(numbers: list[int], start: int) -> bool:
    return numbers == list(range(start, start + len(numbers)))


def _by_counter(numbers: tuple[Number, ...]) -> list[list[int]]:
    counters: dict[str, list[int]] = {}
    for number in numbers:
        counters.setdefault(number.counter, []).append(number.n)
    return list(counters.values())


def crossed_limits(before: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Return a sentence for each wallet that rose above a ceiling, or unforced fell below a floor.

    *before* and *now* are the same books at two moments; what is held counts.
    """
    was = {key: balance.available for key, balance in before.balances}
    held = {key: balance.available for key, balance in now.balances}
    was_most = {key: balance.posted + balance.held_in for key, balance in before.balances}
    most_held = {key: balance.posted + balance.held_in for key, balance in now.balances}
    forced = {
        entry.wallet
        for posted in now.journals[len(before.journals) :]
        if posted.journal.forced_by is not None
        for entry in posted.journal.entries
    }
    known = {each.hold.id for each in before.holds}
    forced |= {
        entry.wallet
        for each in now.holds
        if each.hold.id not in known and each.hold.forced_by is not None
        for entry in each.hold.entries
    }
    crossed = []
    for wallet in now.wallets:
        for limit in wallet.limits:
            key = wallet.id, limit.currency
            least = was.get(key, 0) if limit.floor is None else min(limit.floor, was.get(key, 0))
            ceiling = 0 if limit.ceiling is None else limit.ceiling
            most = max(ceiling, was_most.get(key, 0))
            low = limit.floor is not None and held.get(key, 0) < least
            high = limit.ceiling is not None and most_held.get(key, 0) > most
            if (low and wallet.id not in forced) or high:
                crossed.append(f"{wallet.id} has {held.get(key, 0)} available with {limit}")
    return tuple(crossed)


def facts_of(error: BaseException) -> tuple[object, ...]:
    """Return class and fields of *error*, since exceptions compare by identity.

    >>> from ledgerkit.domain.changes import Stale
    >>> facts_of(Stale("party", "c-1", 1, 2)) == facts_of(Stale("party", "c-1", 1, 2))
    True
    """
    kind: type = type(error)
    if not isinstance(error, LedgerkitError) or not attrs.has(kind):
        return (kind,)
    values = [getattr(error, field.name) for field in attrs.fields(kind)]
    return (
        kind,
        *(facts_of(each) if isinstance(each, BaseException) else each for each in values),
    )


def difference(expected: object, actual: object) -> str:
    """Return where two values differ: field by field for records, else both of them.

    >>> difference(Balance(1), Balance(2))
    'posted is 2, not 1'
    """
    kind: type = type(expected)
    if not attrs.has(kind) or type(actual) is not kind:
        return f"{actual!r}, not {expected!r}"
    fields = [field.name for field in attrs.fields(kind)]
    pairs = [(name, getattr(actual, name), getattr(expected, name)) for name in fields]
    return "; ".join(f"{name} is {now!r}, not {then!r}" for name, now, then in pairs if now != then)
