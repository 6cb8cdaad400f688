"""Strategies: Hypothesis strategies for money, journals, wallets, records and changes.

They are small on purpose: few wallets, currencies and ids, so that random values meet and
contradict each other, which is where the mistakes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from ledgerkit.domain.changes import MONTH, NEVER, YEAR, Changes, Draw, Series, request
from ledgerkit.domain.invoices import DRAFT, ISSUED, Invoice
from ledgerkit.domain.ledger import (
    AsOf,
    Condition,
    Entry,
    Event,
    Hold,
    Journal,
    Limit,
    Wallet,
    net_of,
)
from ledgerkit.domain.money import Money
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.parties import ROLES, Party
from ledgerkit.testing.samples import NOON, OCTOBER, invoice

INT64 = 2**63 - 1
CURRENCIES = ("EUR", "JPY", "SESSION")
ADDRESSES = ("customer:a", "customer:b", "supplier:t", "platform", "liability:packages")
PARTS = ("", "again")


def instants(start: datetime = NOON, *, hours: int = 48) -> st.SearchStrategy[datetime]:
    """Return instants on the hour, from *start* for *hours*."""
    return st.integers(0, hours).map(lambda n: start + timedelta(hours=n))


def dates(start: date = OCTOBER, *, days: int = 400) -> st.SearchStrategy[date]:
    """Return dates from *start* for *days*."""
    return st.integers(0, days).map(lambda n: start + timedelta(days=n))


def money(
    currencies: Sequence[str] = CURRENCIES, *, least: int = -1000, most: int = 1000
) -> st.SearchStrategy[Money]:
    """Return amounts of *least* to *most* minor units."""
    return st.builds(Money, st.integers(least, most), st.sampled_from(currencies))


def entries(
    wallets: Sequence[str] = ADDRESSES,
    currencies: Sequence[str] = CURRENCIES,
    *,
    most: int = 100,
) -> st.SearchStrategy[tuple[Entry, ...]]:
    """Return the legs of a journal: they balance in each currency, and move something.

    *wallets* are two at least; each amount is at most *most*.
    """
    moves = st.tuples(
        st.permutations(wallets).map(lambda order: order[:2]),
        money(currencies, least=1, most=most),
    )
    return (
        st.lists(moves, min_size=1, max_size=3)
        .map(
            lambda found: tuple(
                leg
                for (source, target), amount in found
                for leg in (Entry(source, -amount), Entry(target, amount))
            )
        )
        .filter(lambda legs: any(net_of(legs).values()))
    )


def events(ids: Sequence[str] = ("1", "2", "3")) -> st.SearchStrategy[Event]:
    """Return a few facts, so that some are booked twice."""
    return st.builds(Event, st.just("session"), st.sampled_from(ids), st.sampled_from(PARTS))


def conditions(
    wallets: Sequence[str] = ADDRESSES, currencies: Sequence[str] = CURRENCIES
) -> st.SearchStrategy[Condition]:
    """Return bounds on available balances, near the balances that `entries` lead to."""
    bound = money(currencies, least=-150, most=150)
    low = st.builds(
        lambda wallet, m: Condition(wallet, at_least=m), st.sampled_from(wallets), bound
    )
    high = st.builds(
        lambda wallet, m: Condition(wallet, at_most=m), st.sampled_from(wallets), bound
    )
    return low | high


def journals(
    ids: st.SearchStrategy[str],
    *,
    wallets: Sequence[str] = ADDRESSES,
    currencies: Sequence[str] = CURRENCIES,
    effective: st.SearchStrategy[datetime] | None = None,
    most: int = 100,
) -> st.SearchStrategy[Journal]:
    """Return well formed journals; some claim an event, require a balance or are forced."""
    return st.builds(
        Journal,
        id=ids,
        kind=st.sampled_from(["session.charged", "package.bought"]),
        entries=entries(wallets, currencies, most=most),
        effective_at=instants() if effective is None else effective,
        event=st.none() | st.none() | events(),
        requires=st.one_of(*[st.just(())] * 4, st.tuples(conditions(wallets, currencies))),
        forced_by=st.sampled_from([None, None, None, "eve"]),
        metadata=st.sampled_from([(), (("why", "a test"),)]),
    )


def holds(
    ids: st.SearchStrategy[str],
    *,
    wallets: Sequence[str] = ADDRESSES,
    currencies: Sequence[str] = CURRENCIES,
    expires: st.SearchStrategy[datetime | None] | None = None,
    most: int = 100,
) -> st.SearchStrategy[Hold]:
    """Return well formed holds; many expire, some may be captured again and again."""
    return st.builds(
        Hold,
        id=ids,
        kind=st.sampled_from(["session.charged", "flight.charged"]),
        entries=entries(wallets, currencies, most=most),
        expires_at=st.none() | instants() if expires is None else expires,
        event=st.none() | st.none() | events(),
        multi=st.booleans(),
        requires=st.one_of(*[st.just(())] * 4, st.tuples(conditions(wallets, currencies))),
        forced_by=st.sampled_from([None, None, None, "eve"]),
        metadata=st.sampled_from([(), (("why", "a test"),)]),
    )


def limits(currencies: Sequence[str] = CURRENCIES) -> st.SearchStrategy[Limit]:
    """Return floors and ceilings near zero, or neither."""
    return st.builds(
        Limit,
        st.sampled_from(currencies),
        st.sampled_from([0, -50, -100, None]),
        ceiling=st.sampled_from([None, None, 50, 200]),
    )


def wallets(
    addresses: Sequence[str] = ADDRESSES,
    currencies: Sequence[str] = CURRENCIES,
    *,
    statuses: Sequence[str] = (*("open",) * 9, "frozen", "closed"),
) -> st.SearchStrategy[Wallet]:
    """Return wallets, most of them open and many with limits."""
    some = st.lists(
        limits(currencies), min_size=1, max_size=2, unique_by=lambda limit: limit.currency
    )
    only = st.frozensets(st.sampled_from(currencies), min_size=1)
    return st.builds(
        Wallet,
        st.sampled_from(addresses),
        st.just(()) | some.map(tuple),
        currencies=st.one_of(*[st.none()] * 6, only),
        status=st.sampled_from(statuses),
    )


def as_ofs(moments: st.SearchStrategy[datetime] | None = None) -> st.SearchStrategy[AsOf]:
    """Return bounds on both times, each or none of them set."""
    bound = st.none() | (instants() if moments is None else moments)
    return st.builds(AsOf, effective_at=bound, effective_from=bound, recorded_at=bound)


def parties(ids: Iterable[str] = ("p-1", "p-2")) -> st.SearchStrategy[Party]:
    """Return parties with any name that documents can carry."""
    return st.builds(
        Party,
        id=st.sampled_from(tuple(ids)),
        role=st.sampled_from(ROLES),
        name=st.sampled_from(["Ada", "Zoë O'Neil", "王小明"]),
        currency=st.just("EUR"),
        address=st.sampled_from([(), ("Calle 1", "Madrid")]),
    )


def invoices(ids: Iterable[str] = ("i-1", "i-2", "i-3")) -> st.SearchStrategy[Invoice]:
    """Return invoices of one line, drafts and issued ones."""
    return st.builds(
        invoice,
        st.sampled_from(tuple(ids)),
        customer=st.sampled_from(["p-1", "p-2"]),
        minor=st.integers(0, 10**6),
        status=st.sampled_from([DRAFT, ISSUED]),
        issued_on=st.none() | dates(),
    )


def series() -> st.SearchStrategy[Series]:
    """Return three series: one that never resets, one for each year, one for each month."""
    return st.sampled_from(
        [
            Series("INV", reset=NEVER),
            Series("CN", "{series}/{year}/{n:3}", reset=YEAR, start=100),
            Series("M", "{year}-{month}-{n}", reset=MONTH, start=0),
        ]
    )


def draws(record: str) -> st.SearchStrategy[Draw]:
    """Return wishes for the number of *record*."""
    return st.builds(Draw, st.just(record), series(), dates())


def messages(ids: Sequence[str] = ("m-1", "m-2", "m-3")) -> st.SearchStrategy[Message]:
    """Return messages on nested topics."""
    return st.builds(
        Message,
        st.sampled_from(ids),
        st.sampled_from(["notice", "notice.low", "transfer"]),
        st.sampled_from(["p-1", "p-2"]),
        st.just(()) | st.just((("units", "2"),)),
    )


def changes(
    keys: st.SearchStrategy[str] | None = None, *, at: datetime = NOON + timedelta(hours=48)
) -> st.SearchStrategy[Changes]:
    """Return changes that post on wallets they open and store new records; most can be committed.

    Several of them on one store contradict each other now and then, as they do in life.
    """
    named = st.text("abcdef0123456789", min_size=4, max_size=12)
    opens = tuple(Wallet(address) for address in ADDRESSES)
    some = st.lists(
        journals(named.map(lambda text: f"jrn_{text}")), max_size=3, unique_by=lambda j: j.id
    )
    return st.builds(
        lambda key, posted, records, told: Changes(
            key=key,
            request=request("test", key=key),
            actor="tester",
            reason="a test",
            at=at,
            opens=opens,
            journals=tuple(posted),
            records=tuple(records),
            messages=tuple(told),
        ),
        named if keys is None else keys,
        some,
        st.lists(parties() | invoices(), max_size=2, unique_by=lambda r: (type(r), r.id)),
        st.lists(messages(), max_size=2, unique_by=lambda m: m.id),
    )
