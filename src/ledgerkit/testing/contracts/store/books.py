"""Books contract: promises 4 to 6 of a store."""
# ruff: noqa: PLR2004 - figures are what these tests are about

from __future__ import annotations

from datetime import datetime

import pytest

from ledgerkit.domain.ledger import (
    AsOf,
    Balance,
    Cursor,
    Entry,
    EntryLine,
    Event,
    Journal,
    Limit,
    Posted,
    Wallet,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.samples import changes, hour, transfer

WALLETS = tuple(Wallet(id) for id in ("customer:a", "customer:b", "customers", "platform"))


class BooksContract:
    """What can be read in the ledger."""

    def test_4_a_balance_is_the_sum_of_its_entries(self, store: Store) -> None:
        """Currencies are summed apart, and what was never posted to is at zero."""
        _post(store, transfer("j-1", "customer:a", "platform", 100))
        _post(store, transfer("j-2", "platform", "customer:a", 30))
        _post(store, transfer("j-3", "customer:a", "platform", 5, currency="JPY"))
        _post(store, transfer("j-4", "platform", "customer:a", 2, currency="SESSION"))

        assert Balance(-70) == store.balance("customer:a", "EUR")
        assert Balance(-5) == store.balance("customer:a", "JPY")
        assert Balance(2) == store.balance("customer:a", "SESSION")
        assert Balance(0) == store.balance("customer:a", "USD")
        assert Balance(0) == store.balance("customer:b", "EUR")
        assert Balance(0) == store.balance("nobody", "EUR")
        assert () == broken_laws(books(store))

    def test_4_several_legs_on_one_wallet_add_up(self, store: Store) -> None:
        """A wallet that is charged twice in a journal has both amounts."""
        legs = (
            Entry("customer:a", Money(-7, "EUR")),
            Entry("customer:a", Money(-3, "EUR")),
            Entry("platform", Money(10, "EUR")),
        )
        _post(store, Journal(id="j-1", kind="sold", entries=legs, effective_at=hour(0)))

        assert Balance(-10) == store.balance("customer:a", "EUR")

    def test_4_balances_are_read_by_address(self, store: Store) -> None:
        """A prefix takes the wallet of that name and those below it; zeros are left out."""
        _post(store, transfer("j-1", "customer:a", "platform", 100))
        _post(store, transfer("j-2", "customers", "customer:b", 7))
        _post(store, transfer("j-3", "customer:b", "customers", 7))

        both = {("customer:a", "EUR"): Balance(-100), ("platform", "EUR"): Balance(100)}
        assert both == dict(store.balances())
        assert {("customer:a", "EUR"): Balance(-100)} == dict(store.balances("customer"))
        assert {("customer:a", "EUR"): Balance(-100)} == dict(store.balances("customer:a"))
        assert {} == dict(store.balances("customer:b"))
        assert {} == dict(store.balances("custom"))
        assert WALLETS == store.wallets()
        assert WALLETS[:2] == store.wallets("customer")
        assert WALLETS[:1] == store.wallets("customer:a")
        assert () == store.wallets("custom")

    def test_4_wildcards_of_a_database_mean_nothing(self, store: Store) -> None:
        """`_` in an address is a letter like any other."""
        store.commit(changes("k-1", opens=(Wallet("c_1:x"), Wallet("cc1:x"))))

        assert (Wallet("c_1:x"),) == store.wallets("c_1")

    def test_4_limited_wallets_are_summed_alike(self, store: Store) -> None:
        """A balance that is kept for its limits reads like one that is not, as of any time."""
        store.commit(changes("k-0", opens=(Wallet("customer:a", (Limit("EUR", -500),)),)))
        _post(store, transfer("j-1", "customer:a", "platform", 100))
        _post(store, transfer("j-2", "customer:a", "platform", 5), at=hour(1))

        assert Balance(-105) == store.balance("customer:a", "EUR")
        assert Balance(-100) == store.balance("customer:a", "EUR", AsOf(recorded_at=hour(0)))
        assert {("customer:a", "EUR"): Balance(-105)} == dict(store.balances("customer"))

    @pytest.mark.parametrize(
        ("as_of", "expected"),
        [
            (AsOf(effective_at=hour(-5)), 0),
            (AsOf(effective_at=hour(-4)), 100),
            (AsOf(effective_at=hour(-1)), 101),
            (AsOf(effective_at=hour(1)), 111),
            (AsOf(recorded_at=hour(0)), 1),
            (AsOf(recorded_at=hour(1)), 11),
            (AsOf(recorded_at=hour(2)), 111),
            (AsOf(effective_at=hour(-4), recorded_at=hour(1)), 0),
            (AsOf(effective_at=hour(-1), recorded_at=hour(1)), 1),
            (AsOf(effective_from=hour(-4)), 111),
            (AsOf(effective_from=hour(-3)), 11),
            (AsOf(effective_from=hour(1)), 10),
            (AsOf(effective_from=hour(-1), effective_at=hour(-1)), 1),
            (AsOf(effective_from=hour(2)), 0),
            (AsOf(), 111),
        ],
    )
    def test_4_balances_as_of_either_time_or_both(
        self, store: Store, as_of: AsOf, expected: int
    ) -> None:
        """When it counts and when it was learned bound a balance apart, both inclusive."""
        _post(store, transfer("j-1", "platform", "customer:a", 1, at=hour(-1)), at=hour(0))
        _post(store, transfer("j-2", "platform", "customer:a", 10, at=hour(1)), at=hour(1))
        _post(store, transfer("j-3", "platform", "customer:a", 100, at=hour(-4)), at=hour(2))

        assert Balance(expected) == store.balance("customer:a", "EUR", as_of)
        listed = {("customer:a", "EUR"): Balance(expected)} if expected else {}
        assert listed == dict(store.balances("customer", as_of))

    def test_5_statement_in_recording_order(self, store: Store) -> None:
        """Lines stand as they were recorded, with the balance of their currency after each."""
        _fill(store)

        assert [
            (1, 0, -100, "EUR", -100),
            (2, 0, 50, "EUR", -50),
            (2, 2, -50, "JPY", -50),
            (2, 3, -1, "EUR", -51),
            (3, 1, 7, "EUR", -44),
        ] == _figures(_pages(store, limit=500))

    def test_5_statement_by_effect(self, store: Store) -> None:
        """Asked so, lines stand as they count: what was back-dated comes first."""
        _fill(store)

        assert [
            (3, 1, 7, "EUR", 7),
            (1, 0, -100, "EUR", -93),
            (2, 0, 50, "EUR", -43),
            (2, 2, -50, "JPY", -50),
            (2, 3, -1, "EUR", -44),
        ] == _figures(_pages(store, limit=500, by_effect=True))

    @pytest.mark.parametrize("by_effect", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 3, 5])
    def test_5_pages_neither_split_nor_repeat(
        self,
        store: Store,
        limit: int,
        by_effect: bool,  # noqa: FBT001 - pytest passes it by name
    ) -> None:
        """The pages together are the statement, even where they end inside a journal."""
        _fill(store)
        whole = _pages(store, limit=500, by_effect=by_effect)

        assert 5 == len(whole)
        assert whole == _pages(store, limit=limit, by_effect=by_effect)

    def test_5_a_page_follows_its_cursor_in_recording_order(self, store: Store) -> None:
        """What is posted between two pages comes after them, once."""
        _fill(store)
        first = store.entries("customer:a", limit=4)
        _post(store, transfer("j-4", "platform", "customer:a", 1, at=hour(-9)), at=hour(4))
        assert isinstance(first.next, Cursor)
        rest = store.entries("customer:a", after=first.next)

        assert [(3, 1, 7, "EUR", -44), (4, 1, 1, "EUR", -43)] == _figures(list(rest.items))
        assert None is rest.next

    def test_5_the_last_entry_is_the_newest_line(self, store: Store) -> None:
        """In recording order, whenever it counts; a wallet without lines has none."""
        _fill(store)
        _post(store, transfer("j-4", "platform", "customer:a", 1, at=hour(-9)), at=hour(4))
        lines = store.entries("customer:a").items

        assert Cursor(4, 1) == lines[-1].cursor == store.last_entry("customer:a")
        assert None is store.last_entry("nobody")

    def test_5_a_line_tells_its_journal(self, store: Store) -> None:
        """A line names the journal, its event and both of its times."""
        sold = transfer(
            "j-1", "customer:a", "platform", 9, at=hour(-1), event=Event("flight", "123")
        )
        _post(store, sold, at=hour(2))

        assert (
            EntryLine(
                journal="j-1",
                sequence=1,
                line=1,
                kind="test.moved",
                event=Event("flight", "123"),
                wallet="platform",
                amount=Money(9, "EUR"),
                running=Money(9, "EUR"),
                effective_at=hour(-1),
                recorded_at=hour(2),
            ),
        ) == store.entries("platform").items
        assert () == store.entries("nobody").items

    @pytest.mark.parametrize("limit", [0, -1])
    def test_5_a_limit_below_one_is_refused(self, store: Store, limit: int) -> None:
        """Nothing can be paged through by nothing at a time. (spec: ledger 10)"""
        with pytest.raises(ValueError, match="limit"):
            store.entries("platform", limit=limit)
        with pytest.raises(ValueError, match="limit"):
            store.journals(limit=limit)

    def test_6_journals_are_numbered_in_recording_order(self, store: Store) -> None:
        """They come back as they were posted, with number, instant and commit, in pages."""
        posted = [transfer(f"j-{n}", "customer:a", "platform", n, at=hour(-n)) for n in (1, 2, 3)]
        posted[1] = transfer(
            "j-2",
            "customer:a",
            "platform",
            2,
            at=hour(-2),
            event=Event("session", "s-1", "pay"),
            forced_by="eve",
            metadata=(("why", "ñ"),),
        )
        for n, journal in enumerate(posted, start=1):
            _post(store, journal, at=hour(n))
        expected = tuple(
            Posted(journal=journal, sequence=n, recorded_at=hour(n), changes=f"post {journal.id}")
            for n, journal in enumerate(posted, start=1)
        )
        first = store.journals(limit=2)

        assert expected == store.journals().items
        assert (expected[:2], 2) == (first.items, first.next)
        assert expected[2:] == store.journals(after=2, limit=2).items
        assert (None, None) == (store.journals().next, store.journals(after=2, limit=1).next)
        assert () == store.journals(after=3).items

    def test_6_single_journals_and_events_are_found(self, store: Store) -> None:
        """A journal is found by id, and by the fact it booked."""
        event, other = Event("flight", "123"), Event("flight", "123", "fuel")
        _post(store, transfer("j-1", "customer:a", "platform", 1, event=event))
        found = store.journal("j-1")

        assert found is not None
        assert ("j-1", 1) == (found.journal.id, found.sequence)
        assert None is store.journal("j-2")
        assert {event: "j-1"} == dict(store.posted_events([event, other]))
        assert {} == dict(store.posted_events([]))


def _post(store: Store, journal: Journal, *, at: datetime | None = None) -> None:
    at = hour(0) if at is None else at
    store.commit(changes(f"post {journal.id}", at=at, opens=WALLETS, journals=(journal,)))


def _fill(store: Store) -> None:
    _post(store, transfer("j-1", "customer:a", "platform", 100), at=hour(1))
    legs = (
        Entry("customer:a", Money(50, "EUR")),
        Entry("platform", Money(-49, "EUR")),
        Entry("customer:a", Money(-50, "JPY")),
        Entry("customer:a", Money(-1, "EUR")),
        Entry("platform", Money(50, "JPY")),
    )
    mixed = Journal(id="j-2", kind="mixed", entries=legs, effective_at=hour(1))
    _post(store, mixed, at=hour(2))
    _post(store, transfer("j-3", "platform", "customer:a", 7, at=hour(-3)), at=hour(3))


def _pages(store: Store, *, limit: int, by_effect: bool = False) -> list[EntryLine]:
    page = store.entries("customer:a", by_effect=by_effect, limit=limit)
    lines = list(page.items)
    while page.next is not None:
        after = page.next
        assert isinstance(after, Cursor)
        assert limit == len(page.items)
        page = store.entries("customer:a", by_effect=by_effect, after=after, limit=limit)
        assert page.items  # there is a next page only if something is on it
        assert page.next != after
        lines += page.items
    return lines


def _figures(lines: list[EntryLine]) -> list[tuple[int, int, int, str, int]]:
    return [
        (each.sequence, each.line, each.amount.minor, each.amount.currency, each.running.minor)
        for each in lines
    ]
