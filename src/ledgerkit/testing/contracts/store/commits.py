"""Commits contract: promises 7 to 10 and 12 to 14 of a store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import attrs
import pytest

from ledgerkit.domain.changes import (
    BatchRefused,
    Changes,
    Committed,
    Draw,
    Expect,
    KeyReused,
    Number,
    Series,
    Stale,
    UnknownPolicy,
    request,
)
from ledgerkit.domain.invoices import ISSUED, Invoice
from ledgerkit.domain.ledger import InsufficientFunds, Limit, UnknownWallet, Wallet
from ledgerkit.domain.parties import Party
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws, facts_of
from ledgerkit.testing.samples import OCTOBER, changes, hour, invoice, message, party, transfer

POOR = Wallet("poor", (Limit("EUR", 0),))
WALLETS = (Wallet("a"), Wallet("b"), POOR)
SERIES = Series("INV", "{series}-{n:3}")


class CommitsContract:
    """The one write: atomic, once per key, on the versions it was decided on."""

    def test_7_a_commit_stores_all_of_its_changes(self, store: Store) -> None:
        """Wallets, journals, records, numbers and messages are there afterwards."""
        all_of_it = changes(
            "k-1",
            opens=WALLETS,
            policies=(Wallet("b", status="frozen"),),
            journals=(transfer("j-1", "a", "poor", 5), transfer("j-2", "poor", "a", 5)),
            records=(invoice("i-1"), party("c-1")),
            draws=(_draw("i-1"),),
            messages=(message("m-1"),),
        )
        done = store.commit(all_of_it)
        number = Number("INV", 1, "INV-001", "i-1")

        assert Committed("k-1", hour(0), (number,)) == done
        assert (Wallet("a"), Wallet("b", status="frozen"), POOR) == store.wallets()
        assert ["j-1", "j-2"] == [posted.journal.id for posted in store.journals().items]
        assert "INV-001" == _number(store, "i-1")
        assert party("c-1") == _party(store, "c-1")
        assert (message("m-1"),) == _messages(store)

    @pytest.mark.parametrize("fault", ["journal", "journal's id", "policy", "version"])
    def test_7_a_refused_commit_stores_nothing(self, store: Store, fault: str) -> None:
        """Whatever is refused, nothing of the rest is left, and no trace in what comes later."""
        known = transfer("j-0", "a", "x", 1)
        store.commit(changes("k-1", opens=(Wallet("a"), Wallet("x")), journals=(known,)))
        before = books(store)
        journals = [transfer("j-1", "x", "b", 1), transfer("j-2", "b", "poor", 1)]
        journals += [transfer("j-3", "poor", "b", 2)] if fault == "journal" else []
        journals += [known] if fault == "journal's id" else []
        bad = changes(
            "k-2",
            opens=WALLETS,
            policies=(Wallet("x", status="closed"), Wallet("z"))[: 2 * (fault == "policy")],
            journals=tuple(journals),
            records=(invoice("i-1"), party("c-1")),
            expects=(Expect(Party, "c-1", 3),) if fault == "version" else (),
            draws=(_draw("i-1"),),
            messages=(message("m-1"),),
            closes_before=hour(0),
        )
        with pytest.raises((InsufficientFunds, KeyReused, UnknownPolicy, Stale)):
            store.commit(bad)
        after, messages = books(store), _messages(store)
        again = changes(
            "k-2",
            verb="another",
            opens=WALLETS,
            journals=(transfer("j-1", "a", "b", 1, at=hour(-1)),),
            records=(invoice("i-1"),),
            draws=(_draw("i-1"),),
        )

        assert before == after
        assert () == messages
        assert "INV-001" == store.commit(again).number_of("i-1")

    def test_8_the_same_request_replays(self, store: Store) -> None:
        """A known key stores nothing and answers as the first time, whatever else has changed."""
        first = changes("k-1", opens=WALLETS, records=(invoice("i-1"),), draws=(_draw("i-1"),))
        done = store.commit(first)
        before = books(store)
        same = store.commit(first)
        other = attrs.evolve(
            first,
            actor="eve",
            reason="again",
            at=hour(5),
            opens=(Wallet("z"),),
            journals=(transfer("j-1", "a", "b", 1),),
            records=(invoice("i-2"),),
            expects=(Expect(Party, "c-1", 7),),
            draws=(_draw("i-2"),),
            messages=(message("m-1"),),
        )

        assert (False, True) == (done.replayed, same.replayed)
        assert attrs.evolve(done, replayed=True) == same == store.commit(other)
        assert before == books(store)
        assert () == _messages(store)

    def test_9_a_moved_record_is_stale(self, store: Store) -> None:
        """A record must be at the version that was read; one without `Expect` must be new."""
        store.commit(changes("k-1", records=(party("c-1"),)))
        new = changes("k-2", records=(party("c-1"),))
        old = changes("k-3", records=(party("c-1"),), expects=(Expect(Party, "c-1", 2),))
        gone = changes("k-4", expects=(Expect(Party, "c-2", 1),))

        assert ("party", "c-1", 0, 1) == _stale(store, new)
        assert ("party", "c-1", 2, 1) == _stale(store, old)
        assert ("party", "c-2", 1, 0) == _stale(store, gone)

    def test_9_what_was_only_read_can_be_stale(self, store: Store) -> None:
        """An expected version counts for records that are not written, and for absent ones."""
        store.commit(changes("k-1", records=(party("c-1"),)))
        read = (Expect(Party, "c-1", 1), Expect(Party, "c-2", 0))
        store.commit(changes("k-2", records=(invoice("i-1"),), expects=read))
        moved = changes("k-3", records=(party("c-1"),), expects=(Expect(Party, "c-1", 1),))
        store.commit(moved)

        assert ("party", "c-1", 1, 2) == _stale(
            store, changes("k-4", records=(invoice("i-2"),), expects=read)
        )

    def test_9_stale_comes_before_a_reused_key(self, store: Store) -> None:
        """Who lost a race under the same key must decide again, not give up."""
        store.commit(changes("k-1", verb="first", records=(party("c-1"),)))
        loser = changes("k-1", verb="second", records=(party("c-1"),))

        assert ("party", "c-1", 0, 1) == _stale(store, loser)

    def test_9_stale_comes_before_a_refusal(self, store: Store) -> None:
        """A decision on moved ground is made again before its journals are judged."""
        bad = changes(
            "k-1", journals=(transfer("j", "nobody", "a", 1),), expects=(Expect(Party, "c-1", 1),)
        )

        assert ("party", "c-1", 1, 0) == _stale(store, bad)

    def test_10_another_request_reuses_the_key(self, store: Store) -> None:
        """Every field that differs is named, with what it was and is."""
        store.commit(attrs.evolve(changes("k-1"), request=request("pay", minor=5, to="a")))
        before = books(store)
        other = attrs.evolve(changes("k-1"), request=request("pay", minor=6, on=OCTOBER))
        bad = attrs.evolve(other, journals=(transfer("j", "nobody", "a", 1),))
        with pytest.raises(KeyReused) as caught:
            store.commit(other)
        with pytest.raises(KeyReused):  # and not that nobody has no wallet
            store.commit(bad)

        differing = (("minor", "5", "6"), ("on", None, "2026-10-01"), ("to", "a", None))
        assert facts_of(KeyReused("k-1", differing)) == facts_of(caught.value)
        assert before == books(store)

    def test_10_a_journal_is_posted_under_one_key(self, store: Store) -> None:
        """A journal's id that is in the books is refused, with the two keys."""
        posted = transfer("j-1", "a", "b", 1)
        store.commit(changes("k-1", opens=WALLETS, journals=(posted,)))
        with pytest.raises(KeyReused) as caught:
            store.commit(changes("k-2", journals=(posted,)))

        expected = KeyReused("j-1", (("journal", "k-1", "k-2"),))
        assert facts_of(expected) == facts_of(caught.value)

    def test_12_an_open_wallet_keeps_its_policy(self, store: Store) -> None:
        """Opening is for those who may be first; it never loosens a limit."""
        store.commit(changes("k-1", opens=(POOR,)))
        store.commit(changes("k-2", opens=(Wallet("poor"), Wallet("a"))))

        assert POOR == store.wallet("poor")
        assert Wallet("a") == store.wallet("a")
        assert None is store.wallet("b")

    def test_12_policies_bind_the_journals_beside_them(self, store: Store) -> None:
        """A policy counts from its own commit on, and takes the place of the whole old one."""
        store.commit(changes("k-1", opens=(Wallet("a"), Wallet("poor"))))
        full = Wallet("poor", (Limit("JPY", ceiling=5),), currencies=frozenset({"EUR", "JPY"}))
        debit = transfer("j-1", "poor", "a", 1)
        with pytest.raises(InsufficientFunds):
            store.commit(changes("k-2", policies=(POOR,), journals=(debit,)))
        store.commit(changes("k-3", policies=(POOR,)))
        store.commit(changes("k-4", policies=(full,), journals=(debit,)))

        assert full == store.wallet("poor")

    def test_12_a_policy_needs_an_open_wallet(self, store: Store) -> None:
        """A policy opens nothing, but a wallet may be opened beside it."""
        with pytest.raises(UnknownPolicy) as caught:
            store.commit(changes("k-1", policies=(POOR,)))
        store.commit(changes("k-2", opens=(Wallet("poor"),), policies=(POOR,)))

        assert "poor" == caught.value.wallet
        assert POOR == store.wallet("poor")

    def test_13_numbers_follow_each_other(self, store: Store) -> None:
        """Numbers are drawn in the order of the draws, stand in the record and in its history."""
        records = (invoice("i-1"), invoice("i-2", status=ISSUED))
        draws = (_draw("i-2"), _draw("i-1"))
        done = store.commit(changes("k-1", records=records, draws=draws))
        last = store.commit(changes("k-2", records=(invoice("i-3"),), draws=(_draw("i-3"),)))

        assert ("INV-001", "INV-002") == (done.number_of("i-2"), done.number_of("i-1"))
        assert "INV-003" == last.number_of("i-3")
        assert ["INV-002", "INV-001", "INV-003"] == [_number(store, f"i-{n}") for n in (1, 2, 3)]
        assert "INV-002" == store.history(Invoice, "i-1")[0].record.number
        assert done.numbers + last.numbers == store.numbers()

    def test_13_a_record_keeps_its_number(self, store: Store) -> None:
        """A version that was decided on before the number was drawn does not lose it."""
        plain, moved = invoice("i-1"), invoice("i-1", status=ISSUED)
        first = changes("k-1", records=(plain,), draws=(_draw("i-1"),))
        second = changes("k-2", records=(moved,), expects=(Expect(Invoice, "i-1", 1),))
        third = changes("k-3", records=(plain,), expects=(Expect(Invoice, "i-1", 2),))
        store.commit(first)
        store.commit_all([second, third])

        history = store.history(Invoice, "i-1")
        assert ["INV-001"] * 3 == [each.record.number for each in history]
        assert "INV-001" == _number(store, "i-1")

    def test_13_each_counter_counts_alone(self, store: Store) -> None:
        """A series that resets counts each year or month by itself, from its start."""
        yearly = Series("A", "{series}{year}/{n:2}", reset="year", start=5)
        monthly = Series("B", "{year}{month}-{n}", reset="month")
        wanted = [
            (yearly, date(2026, 1, 1), "A2026/05"),
            (yearly, date(2027, 1, 1), "A2027/05"),
            (yearly, date(2026, 12, 31), "A2026/06"),
            (monthly, date(2026, 1, 31), "202601-1"),
            (monthly, date(2026, 2, 1), "202602-1"),
            (monthly, date(2026, 1, 1), "202601-2"),
        ]
        texts = []
        for n, (series, on, _) in enumerate(wanted):
            record = invoice(f"i-{n}")
            done = store.commit(
                changes(f"k-{n}", records=(record,), draws=(Draw(record.id, series, on),))
            )
            texts.append(done.number_of(record.id))

        assert [text for _, _, text in wanted] == texts
        assert [("A/2026", 5), ("A/2026", 6), ("A/2027", 5), ("B/2026-01", 1)] == [
            (number.counter, number.n) for number in store.numbers()[:4]
        ]
        assert [6] == [number.n for number in store.numbers("A/2026")[1:]]
        assert () == store.numbers("A")

    def test_13_a_refused_commit_draws_no_number(self, store: Store) -> None:
        """What fails between two commits leaves no gap, also at the first number."""
        series = Series("INV", "{n}", start=7)
        texts = []
        for n in range(3):
            bad = changes(
                f"bad-{n}",
                records=(invoice(f"bad-{n}"),),
                draws=(Draw(f"bad-{n}", attrs.evolve(series, start=100), OCTOBER),),
                journals=(transfer("j", "nobody", "a", 1),),
            )
            with pytest.raises(UnknownWallet):
                store.commit(bad)
            good = changes(
                f"k-{n}",
                records=(invoice(f"i-{n}"),),
                draws=(Draw(f"i-{n}", series, OCTOBER),),
            )
            texts.append(store.commit(good).number_of(f"i-{n}"))

        assert ["7", "8", "9"] == texts

    def test_13_numbers_are_drawn_by_many_at_once(self, store: Store) -> None:
        """Threads that draw at once get each number once, without a gap."""

        def issue(n: int) -> str | None:
            record = invoice(f"i-{n}")
            return store.commit(
                changes(f"k-{n}", records=(record,), draws=(_draw(record.id),))
            ).number_of(record.id)

        with ThreadPoolExecutor(4) as threads:
            texts = list(threads.map(issue, range(12)))

        assert [f"INV-{n:03}" for n in range(1, 13)] == sorted(text or "" for text in texts)
        assert () == broken_laws(books(store))

    def test_14_a_batch_is_all_or_none_in_order(self, store: Store) -> None:
        """Members build on those before them; the failing one is named with its cause."""
        opened = changes("k-1", opens=WALLETS, records=(party("c-1"),), messages=(message("m-1"),))
        top_up = changes("k-2", journals=(transfer("j-1", "a", "poor", 5),))
        spend = changes("k-3", journals=(transfer("j-2", "poor", "a", 6),))
        before = books(store)
        with pytest.raises(BatchRefused) as caught:
            store.commit_all([opened, top_up, spend])
        cause = caught.value.cause

        assert (2, "k-3", InsufficientFunds) == (caught.value.index, caught.value.key, type(cause))
        assert before == books(store)
        assert () == _messages(store)
        less = attrs.evolve(spend, journals=(transfer("j-2", "poor", "a", 5),))
        done = store.commit_all([opened, top_up, less])
        assert ["k-1", "k-2", "k-3"] == [each.key for each in done]
        assert {} == dict(store.balances())
        assert () == store.commit_all([])

    def test_14_a_replayed_member_is_no_failure(self, store: Store) -> None:
        """A batch that was half known stores the other half; a key may stand in it twice."""
        opened = changes("k-1", opens=WALLETS)
        moved = changes("k-2", journals=(transfer("j-1", "a", "b", 1),))
        store.commit(opened)
        done = store.commit_all([opened, moved, moved])

        assert [True, False, True] == [each.replayed for each in done]
        assert 1 == len(store.journals().items)

    def test_14_a_stale_member_is_named(self, store: Store) -> None:
        """A member that was decided on moved ground is a failure of the batch, too."""
        first = changes("k-1", records=(party("c-1"),))
        with pytest.raises(BatchRefused) as caught:
            store.commit_all([first, attrs.evolve(first, key="k-2")])

        expected = BatchRefused(1, "k-2", Stale("party", "c-1", 0, 1))
        assert facts_of(expected) == facts_of(caught.value)
        assert None is store.load(Party, "c-1")

    def test_14_numbers_of_a_batch_have_no_gap(self, store: Store) -> None:
        """A refused batch gives its numbers back, and the next one draws them."""
        other = Draw("i-2", Series("NEW"), OCTOBER)
        good = changes("k-2", records=(invoice("i-1"), invoice("i-2")), draws=(_draw("i-1"), other))
        bad = changes("k-3", journals=(transfer("j", "nobody", "a", 1),))
        first = store.commit(changes("k-1", records=(invoice("i-0"),), draws=(_draw("i-0"),)))
        with pytest.raises(BatchRefused):
            store.commit_all([good, bad])
        numbers = store.numbers()
        (done,) = store.commit_all([good])

        assert first.numbers == numbers
        assert ["INV-002", "NEW-00001"] == [number.text for number in done.numbers]


def _draw(record: str) -> Draw:
    return Draw(record, SERIES, OCTOBER)


def _stale(store: Store, bad: Changes) -> tuple[str, str, int, int]:
    with pytest.raises(Stale) as caught:
        store.commit(bad)
    error = caught.value
    return error.kind, error.id, error.expected, error.found


def _number(store: Store, id: str) -> str | None:
    found = store.load(Invoice, id)
    return None if found is None else found.record.number


def _party(store: Store, id: str) -> Party | None:
    found = store.load(Party, id)
    return None if found is None else found.record


def _messages(store: Store) -> tuple[object, ...]:
    claimed = store.claim("notice", at=hour(99), lease=timedelta(minutes=1))
    return tuple(each.message for each in claimed)
