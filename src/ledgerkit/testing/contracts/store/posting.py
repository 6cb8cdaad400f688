"""Posting contract: promise 11 of a store, refusal by refusal. (spec: ledger 3, 5)"""
# ruff: noqa: PLR2004 - figures are what these tests are about

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import attrs
import pytest

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import (
    AlreadyReversed,
    Balance,
    CeilingExceeded,
    Condition,
    ConditionFailed,
    EffectiveInFuture,
    Entry,
    Event,
    EventAlreadyPosted,
    Excess,
    InsufficientFunds,
    Journal,
    JournalNotFound,
    Limit,
    Overflow,
    OverReversal,
    PeriodClosed,
    Shortage,
    UnknownCurrencies,
    UnknownWallet,
    Wallet,
    WalletClosed,
    WalletCurrencyMismatch,
    WalletFrozen,
    reverse,
)
from ledgerkit.domain.money import Money
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws, facts_of
from ledgerkit.testing.samples import changes, hour, transfer

E = TypeVar("E", bound=LedgerkitError)
INT64 = 2**63 - 1
WALLETS = (
    Wallet("a"),
    Wallet("b"),
    Wallet("poor", (Limit("EUR", 0),)),
    Wallet("credit", (Limit("EUR", -50, raised_by="limits.raise"),)),
    Wallet("full", (Limit("EUR", ceiling=10),)),
    Wallet("dollars", currencies=frozenset({"USD"})),
    Wallet("icy", status="frozen"),
    Wallet("shut", status="closed"),
)


def legs(*parts: tuple[str, int] | tuple[str, int, str]) -> tuple[Entry, ...]:
    """Return entries of (wallet, minor units) in euros or of (wallet, minor units, currency)."""
    return tuple(
        Entry(part[0], Money(part[1], part[2] if len(part) == 3 else "EUR")) for part in parts
    )


def journal(id: str, *parts: tuple[str, int] | tuple[str, int, str], **fields: Any) -> Journal:
    """Return a journal of `legs`, effective at noon unless *fields* say otherwise."""
    fields.setdefault("effective_at", hour(0))
    return Journal(id=id, kind="test", entries=legs(*parts), **fields)


def post(store: Store, *journals: Journal, at: datetime | None = None) -> None:
    """Post *journals* in one commit, on the wallets of this contract."""
    at = hour(0) if at is None else at
    store.commit(changes(f"post {journals[0].id}", at=at, opens=WALLETS, journals=journals))


def refusal(kind: type[E], store: Store, *journals: Journal, at: datetime | None = None) -> E:
    """Return how *store* refused to post *journals*; nothing may be left of them."""
    store.commit(changes("open", opens=WALLETS))
    before = books(store)
    with pytest.raises(kind) as caught:
        post(store, *journals, at=at)
    assert before == books(store)
    return caught.value


class PostingContract:
    """Which journals get into the books, and what a refusal says."""

    def test_11_unknown_currencies(self, store: Store) -> None:
        """Every currency that is not in the store's units is named."""
        bad = journal("j", ("a", -1, "XXA"), ("b", 1, "XXA"), ("a", -1, "XXB"), ("b", 1, "XXB"))
        refused = refusal(UnknownCurrencies, store, bad)

        assert ("j", ("XXA", "XXB")) == (refused.journal, refused.currencies)

    def test_11_overflow_of_a_leg(self, store: Store) -> None:
        """A leg beyond 64 bits is refused, the largest that fits is not."""
        refused = refusal(Overflow, store, transfer("j", "a", "b", INT64 + 1))
        post(store, transfer("fits", "a", "b", INT64))

        assert ("j", ("a", "b")) == (refused.journal, refused.wallets)
        assert Balance(INT64) == store.balance("b", "EUR")

    @pytest.mark.parametrize("target", ["b", "credit"])
    def test_11_overflow_of_a_sum(self, store: Store, target: str) -> None:
        """A wallet that would hold more than 64 bits is named, with limits or without."""
        post(store, transfer("most", "a", target, INT64))
        refused = refusal(Overflow, store, transfer("j", "poor", target, 1))

        assert (target,) == refused.wallets

    def test_11_overflow_passes_where_legs_cancel(self, store: Store) -> None:
        """The net effect on a wallet counts, not the order of its legs."""
        post(store, transfer("most", "a", "b", INT64))
        post(store, journal("j", ("b", 5), ("b", -6), ("a", 1)))

        assert Balance(INT64 - 1) == store.balance("b", "EUR")

    def test_11_period_closed(self, store: Store) -> None:
        """What counts before the lock date is refused, what counts at it is not."""
        store.commit(changes("close", closes_before=hour(-2)))
        early = transfer("j", "a", "b", 1, at=hour(-3))
        refused = refusal(PeriodClosed, store, early)
        post(store, transfer("late", "a", "b", 1, at=hour(-2)))

        assert (hour(-3), hour(-2)) == (refused.effective_at, refused.closed_before)
        assert Balance(1) == store.balance("b", "EUR")

    def test_11_a_lock_date_never_goes_back(self, store: Store) -> None:
        """An earlier lock date changes nothing: closing a period closes every earlier day."""
        store.commit(changes("close", closes_before=hour(-2)))
        store.commit(changes("reopen", closes_before=hour(-9)))
        refused = refusal(PeriodClosed, store, transfer("j", "a", "b", 1, at=hour(-3)))

        assert hour(-2) == refused.closed_before

    def test_11_a_lock_date_binds_its_own_changes(self, store: Store) -> None:
        """Changes that close the books cannot post before their own lock date."""
        closing = changes(
            "k", opens=WALLETS, closes_before=hour(0), journals=(transfer("j", "a", "b", 1),)
        )
        store.commit(closing)
        late = transfer("late", "a", "b", 1, at=hour(1))
        late_changes = changes("k-2", at=hour(2), closes_before=hour(2), journals=(late,))
        with pytest.raises(PeriodClosed):
            store.commit(late_changes)
        post(store, late, at=hour(2))

        assert Balance(2) == store.balance("b", "EUR")

    def test_11_effective_in_future(self, store: Store) -> None:
        """A journal counts when it is recorded at the latest."""
        refused = refusal(EffectiveInFuture, store, transfer("j", "a", "b", 1, at=hour(1)))
        post(store, transfer("now", "a", "b", 1, at=hour(1)), at=hour(1))

        assert (hour(1), hour(0)) == (refused.effective_at, refused.at)

    def test_11_event_already_posted(self, store: Store) -> None:
        """One fact is booked once, also within one commit; a new part is another fact."""
        flight = Event("flight", "123")
        post(store, transfer("j-1", "a", "b", 1, event=flight))
        refused = refusal(EventAlreadyPosted, store, transfer("j-2", "a", "b", 1, event=flight))
        other = Event("flight", "124")
        twice = [transfer(f"j-{n}", "a", "b", 1, event=other) for n in (3, 4)]
        within = refusal(EventAlreadyPosted, store, *twice)
        post(store, transfer("j-5", "a", "b", 1, event=Event("flight", "123", "fuel")))

        assert (flight, "j-1") == (refused.event, refused.posted_as)
        assert (other, "j-3") == (within.event, within.posted_as)
        assert Balance(2) == store.balance("b", "EUR")

    def test_11_a_reversed_event_stays_used(self, store: Store) -> None:
        """Charging a reversed event anew takes a new part. (spec: ledger 3)"""
        charged = transfer("j-1", "a", "b", 1, event=Event("flight", "123"))
        post(store, charged)
        post(store, reverse(charged, id="j-2", at=hour(0)))
        again = attrs.evolve(charged, id="j-3")

        assert "j-1" == refusal(EventAlreadyPosted, store, again).posted_as

    def test_11_a_refused_event_can_be_tried_again(self, store: Store) -> None:
        """A refused posting leaves nothing behind, so it passes after a top-up."""
        charged = transfer("j-1", "poor", "a", 5, event=Event("flight", "123"))
        refusal(InsufficientFunds, store, charged)
        post(store, transfer("top-up", "a", "poor", 5))
        post(store, charged)

        assert Balance(0) == store.balance("poor", "EUR")

    def test_11_unknown_wallet(self, store: Store) -> None:
        """Every wallet that was never opened is named, those of conditions too."""
        requires = (Condition("z", at_least=Money(0, "EUR")),)
        bad = journal("j", ("x", -1), ("a", 2), ("y", -1), requires=requires)

        assert ("x", "y", "z") == refusal(UnknownWallet, store, bad).wallets

    def test_11_wallet_takes_other_currencies(self, store: Store) -> None:
        """A wallet that lists its currencies takes no other."""
        refused = refusal(WalletCurrencyMismatch, store, transfer("j", "a", "dollars", 1))
        post(store, transfer("usd", "a", "dollars", 1, currency="USD"))

        assert (("dollars", "EUR"),) == refused.legs
        assert Balance(1) == store.balance("dollars", "USD")

    def test_11_frozen_and_closed_wallets(self, store: Store) -> None:
        """Neither may move; a thawed one may again."""
        frozen = refusal(WalletFrozen, store, transfer("j", "a", "icy", 1))
        closed = refusal(WalletClosed, store, transfer("j", "shut", "a", 1))
        store.commit(changes("thaw", policies=(Wallet("icy"),)))
        post(store, transfer("j", "a", "icy", 1))

        assert (("icy",), ("shut",)) == (frozen.wallets, closed.wallets)
        assert Balance(1) == store.balance("icy", "EUR")

    def test_11_floor(self, store: Store) -> None:
        """A wallet goes down to its floor and no further; the refusal says by how much."""
        post(store, transfer("down", "credit", "a", 50))
        refused = refusal(InsufficientFunds, store, transfer("j", "credit", "a", 7))

        assert (Shortage("credit", "EUR", 7, -50, -50, 0, 7, "limits.raise"),) == refused.shortages
        assert Balance(-50) == store.balance("credit", "EUR")

    def test_11_every_short_wallet_is_named(self, store: Store) -> None:
        """One refusal names all offenders, not only the first."""
        refused = refusal(
            InsufficientFunds, store, journal("j", ("credit", -51), ("poor", -2), ("a", 53))
        )

        assert [("credit", 1), ("poor", 2)] == [(s.wallet, s.short_by) for s in refused.shortages]

    def test_11_a_floor_looks_only_at_wallets_that_lose(self, store: Store) -> None:
        """A part repayment into a wallet below its floor always passes. (spec: ledger 3)"""
        post(store, transfer("down", "credit", "a", 50))
        raised = Wallet("credit", (Limit("EUR", 0),))
        store.commit(changes("raise", policies=(raised,)))
        exact = Condition("credit", at_most=Money(-32, "EUR"))
        post(store, transfer("repay", "a", "credit", 18))
        post(store, transfer("repay more", "a", "credit", 2, requires=(exact,)))

        assert Balance(-30) == store.balance("credit", "EUR")
        refused = refusal(InsufficientFunds, store, transfer("j", "credit", "a", 1))
        assert [31] == [each.short_by for each in refused.shortages]

    def test_11_money_may_pass_through_an_empty_wallet(self, store: Store) -> None:
        """Within a journal the net effect counts; from journal to journal the order does."""
        post(store, journal("j-1", ("poor", -5), ("poor", 5), ("a", -5), ("b", 5)))
        out = transfer("j-3", "poor", "b", 5)
        back = transfer("j-4", "a", "poor", 5)
        refusal(InsufficientFunds, store, out, back)
        post(store, back, out)

        assert Balance(10) == store.balance("b", "EUR")

    def test_11_a_floor_is_for_its_currency(self, store: Store) -> None:
        """A wallet limited in euros owes yen without limit."""
        post(store, transfer("j", "poor", "a", 5, currency="JPY"))

        assert Balance(-5) == store.balance("poor", "JPY")

    def test_11_forced_below_the_floor(self, store: Store) -> None:
        """An approver may force a journal, and the next one is judged as before."""
        post(store, transfer("forced", "poor", "a", 5, forced_by="eve"))

        assert Balance(-5) == store.balance("poor", "EUR")
        refused = refusal(InsufficientFunds, store, transfer("j", "poor", "a", 1))
        assert [6] == [each.short_by for each in refused.shortages]

    def test_11_a_floor_holds_for_many_at_once(self, store: Store) -> None:
        """Threads that race for the last money of a wallet never overdraw it."""
        post(store, transfer("top-up", "a", "poor", 10))

        def debit(n: int) -> bool:
            try:
                post(store, transfer(f"debit-{n}", "poor", "a", 3))
            except InsufficientFunds:
                return False
            return True

        with ThreadPoolExecutor(4) as threads:
            done = list(threads.map(debit, range(8)))

        assert 3 == sum(done)
        assert Balance(1) == store.balance("poor", "EUR")
        assert () == broken_laws(books(store))

    def test_11_ceiling(self, store: Store) -> None:
        """A wallet rises to its ceiling and no further; what leaves it is not looked at."""
        post(store, transfer("up", "a", "full", 10))
        refused = refusal(CeilingExceeded, store, transfer("j", "a", "full", 3))
        store.commit(changes("lower", policies=(Wallet("full", (Limit("EUR", ceiling=0),)),)))
        post(store, transfer("down", "full", "a", 1))

        assert (Excess("full", "EUR", 10, 0, 10, 3),) == refused.excesses
        assert Balance(9) == store.balance("full", "EUR")

    def test_11_no_force_goes_above_a_ceiling(self, store: Store) -> None:
        """Forcing is for floors: a ceiling holds for everybody."""
        forced = transfer("j", "poor", "full", 11, forced_by="eve")

        assert [1] == [e.over_by for e in refusal(CeilingExceeded, store, forced).excesses]

    def test_11_condition_failed(self, store: Store) -> None:
        """Bounds are judged before the journal's own entries count; all that fail are named."""
        post(store, transfer("up", "a", "b", 10))
        least = Condition("b", at_least=Money(11, "EUR"))
        most = Condition("a", at_most=Money(-11, "EUR"))
        exact = Condition("b", at_least=Money(10, "EUR"), at_most=Money(10, "EUR"))
        refused = refusal(
            ConditionFailed, store, transfer("j", "a", "b", 1, requires=(least, exact, most))
        )
        post(store, transfer("ok", "a", "b", 1, requires=(exact,)))

        assert ((least, Money(10, "EUR")), (most, Money(-10, "EUR"))) == refused.failed

    def test_11_reversals_take_back_what_is_left(self, store: Store) -> None:
        """Part by part until nothing is left; then the reversals that took it are named."""
        sold = journal("sold", ("a", -10), ("b", 7), ("poor", 3))
        post(store, sold)
        part = reverse(sold, id="r-1", at=hour(0), part=legs(("a", -4), ("b", 4)))
        post(store, part)
        over = reverse(sold, id="r-2", at=hour(0), part=legs(("a", -4), ("b", 4)))
        rest = legs(("a", -6), ("b", 3), ("poor", 3))
        refused = refusal(OverReversal, store, over)
        post(store, reverse(sold, id="r-3", at=hour(0), part=rest))
        again = refusal(AlreadyReversed, store, over)

        assert [("b", 1)] == [(each.wallet, abs(each.amount.minor)) for each in refused.excess]
        assert ("sold", ("r-1", "r-3")) == (again.reverses, again.by)
        assert {} == dict(store.balances())

    def test_11_a_reversal_looks_at_floors(self, store: Store) -> None:
        """Money that is spent cannot be taken back, unless an approver forces it."""
        paid = transfer("paid", "a", "poor", 10)
        post(store, paid, transfer("spent", "poor", "b", 10))
        refusal(InsufficientFunds, store, reverse(paid, id="r-1", at=hour(0)))
        post(store, reverse(paid, id="r-2", at=hour(0), forced_by="eve"))

        assert Balance(-10) == store.balance("poor", "EUR")

    def test_11_reversal_of_what_cannot_be_reversed(self, store: Store) -> None:
        """An unknown journal is not found, and a reversal is not reversed."""
        sold = transfer("sold", "a", "b", 1)
        unknown = refusal(JournalNotFound, store, reverse(sold, id="r-0", at=hour(0)))
        post(store, sold, reverse(sold, id="r-1", at=hour(0)))
        undone = transfer("r-2", "a", "b", 1, reverses="r-1")

        assert ("r-0", "sold") == (unknown.journal, unknown.reverses)
        assert refusal(OverReversal, store, undone).is_reversal

    def test_11_refusals_come_in_their_order(self, store: Store) -> None:
        """A journal with every fault is refused for the first; without it for the next."""
        sold = transfer("sold", "a", "b", 1, event=Event("flight", "123"))
        post(store, sold, reverse(sold, id="undone", at=hour(0)))
        store.commit(changes("close", closes_before=hour(-2)))
        faults = list(FAULTS)
        seen = []
        while faults:
            bad = faulty(faults)
            seen.append(refusal(LedgerkitError, store, bad).code)
            faults.pop(0)
        post(store, faulty([]))

        assert list(FAULTS) == seen

    def test_11_a_refusal_carries_its_facts(self, store: Store) -> None:
        """The facts are fields, the same from every store."""
        refused = refusal(WalletFrozen, store, transfer("j", "a", "icy", 1))

        assert facts_of(WalletFrozen("j", ("icy",))) == facts_of(refused)


# What is wrong with a journal, in the order in which it is found.
FAULTS: dict[str, dict[str, Any]] = {
    "unknown_currency": {"entries": legs(("a", -1, "XXA"), ("b", 1, "XXA"))},
    "period_closed": {"effective_at": hour(-3)},
    "effective_in_future": {"effective_at": hour(1)},
    "event_already_posted": {"event": Event("flight", "123")},
    "unknown_wallet": {"entries": legs(("a", -1), ("nobody", 1))},
    "currency_mismatch": {"entries": legs(("a", -1), ("dollars", 1))},
    "wallet_frozen": {"entries": legs(("a", -1), ("icy", 1))},
    "wallet_closed": {"entries": legs(("a", -1), ("shut", 1))},
    "already_reversed": {"reverses": "sold"},
    "condition_failed": {"requires": (Condition("a", at_least=Money(99, "EUR")),)},
    "insufficient_funds": {"entries": legs(("poor", -1), ("a", 1))},
    "ceiling_exceeded": {"entries": legs(("a", -11), ("full", 11))},
}


def faulty(faults: list[str]) -> Journal:
    """Return a journal with all of *faults*; of two that exclude each other it has the first."""
    fields: dict[str, Any] = {"entries": legs(("a", -1), ("b", 1)), "effective_at": hour(0)}
    for fault in reversed(faults):
        for field, value in FAULTS[fault].items():
            fields[field] = fields[field] + value if field == "entries" else value
    return Journal(id="j", kind="test", **fields)
