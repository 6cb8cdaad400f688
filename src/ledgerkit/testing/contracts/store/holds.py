"""Holds contract: promises 20 to 26 of a store. (spec: ledger 3, 4)"""
# ruff: noqa: PLR2004 - figures are what these tests are about

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import attrs
import pytest

from ledgerkit.domain.changes import Changes, KeyReused
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import (
    AsOf,
    Balance,
    CaptureExceedsHold,
    CeilingExceeded,
    Condition,
    ConditionFailed,
    Entry,
    Event,
    EventAlreadyPosted,
    Excess,
    Held,
    Hold,
    HoldCaptured,
    HoldExpired,
    HoldNotFound,
    HoldReleased,
    InsufficientFunds,
    Limit,
    Overflow,
    Shortage,
    UnknownCurrencies,
    UnknownWallet,
    Wallet,
    WalletClosed,
    WalletCurrencyMismatch,
    WalletFrozen,
    capture,
)
from ledgerkit.domain.ledger.holds import CAPTURED, EXPIRED, OPEN, RELEASED
from ledgerkit.domain.money import Money
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.samples import changes, hold, hour, transfer

E = TypeVar("E", bound=LedgerkitError)
INT64 = 2**63 - 1
WALLETS = (
    Wallet("bank"),
    Wallet("shop"),
    Wallet("purse", (Limit("EUR", 0),)),
    Wallet("jar", (Limit("EUR", ceiling=100),)),
    Wallet("dollars", currencies=frozenset({"USD"})),
    Wallet("icy", status="frozen"),
    Wallet("shut", status="closed"),
)


def filled(store: Store, minor: int = 100) -> Store:
    """Return *store* with the wallets of this contract open and *minor* in the purse."""
    store.commit(
        changes("fill", opens=WALLETS, journals=(transfer("fill", "bank", "purse", minor),))
    )
    return store


def place(store: Store, *holds: Hold, at: datetime | None = None, **fields: Any) -> None:
    """Place *holds* in one commit."""
    at = hour(0) if at is None else at
    store.commit(changes(f"place {holds[0].id}", at=at, holds=holds, **fields))


def take(
    store: Store, id: str, name: str = "h", *, minor: int | None = None, **fields: Any
) -> None:
    """Capture the hold *name*, or *minor* of a hold from the purse to the shop, as journal *id*."""
    at = fields.pop("at", hour(0))
    held = kept(store, name)
    part = None if minor is None else transfer("part", "purse", "shop", minor).entries
    journal = capture(held, id=id, at=at, part=part)
    store.commit(changes(f"take {id}", at=at, journals=(journal,), **fields))


def give_back(store: Store, name: str = "h", *, at: datetime | None = None) -> None:
    """Release the hold *name*."""
    store.commit(changes(f"back {name}", at=hour(0) if at is None else at, releases=(name,)))


def kept(store: Store, name: str = "h") -> Held:
    """Return the hold *name* as it stands."""
    held = store.hold(name)
    assert held is not None
    return held


def refusal(kind: type[E], store: Store, bad: Changes) -> E:
    """Return how *store* refused *bad*; nothing may be left of it."""
    before = books(store)
    with pytest.raises(kind) as caught:
        store.commit(bad)
    assert before == books(store)
    return caught.value


def refused(kind: type[E], store: Store, bad: Hold, at: datetime | None = None) -> E:
    """Return how *store* refused to place *bad*."""
    return refusal(kind, store, changes("bad", at=hour(0) if at is None else at, holds=(bad,)))


class HoldsContract:
    """Money that is set aside."""

    # ---- 20. what is held

    def test_20_a_balance_tells_what_is_held(self, store: Store) -> None:
        """What may leave is not available, what may come is no money; nothing is posted."""
        place(filled(store), hold("h", "purse", "shop", 30))

        assert Balance(100, 30, 0) == store.balance("purse", "EUR")
        assert 70 == store.balance("purse", "EUR").available
        assert Balance(0, 0, 30) == store.balance("shop", "EUR")
        assert Balance(0) == store.balance("purse", "USD")
        assert {("purse", "EUR"): Balance(100, 30), ("shop", "EUR"): Balance(0, 0, 30)} == {
            key: held for key, held in store.balances().items() if key[0] != "bank"
        }
        assert ["fill"] == [posted.journal.id for posted in store.journals().items]
        assert () == broken_laws(books(store))

    def test_20_holds_add_up_and_each_leg_counts(self, store: Store) -> None:
        """Also where money only passes through a wallet: part of the legs may be captured."""
        legs = (
            Entry("purse", Money(-20, "EUR")),
            Entry("purse", Money(5, "EUR")),
            Entry("shop", Money(15, "EUR")),
        )
        place(
            filled(store),
            hold("h-1", "purse", "shop", 30),
            attrs.evolve(hold("h-2", "purse", "shop", 1), entries=legs),
            hold("h-3", "bank", "shop", 7, currency="JPY"),
        )

        assert Balance(100, 50, 5) == store.balance("purse", "EUR")
        assert Balance(0, 0, 45) == store.balance("shop", "EUR")
        assert Balance(0, 0, 7) == store.balance("shop", "JPY")
        assert Balance(0, 7, 0) == store.balance("bank", "JPY")

    def test_20_a_store_has_no_clock(self, store: Store) -> None:
        """Who asks as of an instant is told what is held then; its end is not part of it."""
        place(
            filled(store),
            hold("h-1", "purse", "shop", 10, expires_at=hour(1)),
            hold("h-2", "purse", "shop", 20, expires_at=hour(2)),
            hold("h-3", "purse", "shop", 40),
        )

        assert [70, 70, 60, 60, 40] == [
            store.balance("purse", "EUR", AsOf(live_at=at)).held_out
            for at in (hour(-1), hour(0), hour(1), hour(1), hour(2))
        ]
        assert Balance(100, 70) == store.balance("purse", "EUR")
        assert Balance(0, 0, 60) == store.balances("shop", AsOf(live_at=hour(1)))["shop", "EUR"]

    def test_20_within_bounds_nothing_is_held(self, store: Store) -> None:
        """A balance as of a time is a sum of entries."""
        place(filled(store), hold("h", "purse", "shop", 30))

        assert Balance(100) == store.balance("purse", "EUR", AsOf(recorded_at=hour(0)))
        assert {("purse", "EUR"): Balance(100)} == dict(
            store.balances("purse", AsOf(effective_at=hour(1)))
        )

    # ---- 21. placing

    def test_21_what_is_held_is_not_spent(self, store: Store) -> None:
        """Neither by a journal nor by another hold; the refusal says how much is held."""
        place(filled(store), hold("h", "purse", "shop", 60))
        spent = refusal(
            InsufficientFunds, store, changes("j", journals=(transfer("j", "purse", "shop", 41),))
        )
        reserved = refused(InsufficientFunds, store, hold("h-2", "purse", "shop", 41))
        shortage = Shortage("purse", "EUR", 41, 40, 0, 60, 1, "billing.approve")

        assert ("j", (shortage,), "journal") == (spent.journal, spent.shortages, spent.noun)
        assert ("h-2", (shortage,), "hold") == (reserved.journal, reserved.shortages, reserved.noun)
        store.commit(changes("fits", journals=(transfer("fits", "purse", "shop", 40),)))
        assert Balance(60, 60) == store.balance("purse", "EUR")

    def test_21_what_is_held_counts_against_a_ceiling(self, store: Store) -> None:
        """What may come takes its place in the wallet before it comes."""
        place(filled(store), hold("h", "bank", "jar", 60))
        excess = Excess("jar", "EUR", 0, 60, 100, 1)
        came = refusal(
            CeilingExceeded, store, changes("j", journals=(transfer("j", "bank", "jar", 41),))
        )
        reserved = refused(CeilingExceeded, store, hold("h-2", "bank", "jar", 41))

        assert ((excess,), (excess,)) == (came.excesses, reserved.excesses)
        store.commit(changes("fits", journals=(transfer("fits", "bank", "jar", 40),)))

    def test_21_somebody_may_hold_what_is_not_there(self, store: Store) -> None:
        """A floor is passed by whoever may; a ceiling by nobody."""
        place(filled(store), hold("h", "purse", "shop", 101, forced_by="eve"))
        refused(CeilingExceeded, store, hold("h-2", "bank", "jar", 101, forced_by="eve"))

        assert -1 == store.balance("purse", "EUR").available

    @pytest.mark.parametrize(
        ("bad", "kind", "named"),
        [
            (hold("b", "icy", "purse", 1, currency="XXA"), UnknownCurrencies, "currencies"),
            (hold("b", "bank", "purse", INT64 + 1), Overflow, "wallets"),
            (hold("b", "bank", "nobody", 1), UnknownWallet, "wallets"),
            (
                hold(
                    "b", "bank", "shop", 1, requires=(Condition("who", at_least=Money(1, "EUR")),)
                ),
                UnknownWallet,
                "wallets",
            ),
            (hold("b", "icy", "dollars", 1), WalletCurrencyMismatch, "legs"),
            (hold("b", "icy", "shut", 1), WalletFrozen, "wallets"),
            (hold("b", "purse", "shut", 999), WalletClosed, "wallets"),
        ],
    )
    def test_21_refusals(
        self, store: Store, bad: Hold, kind: type[UnknownCurrencies], named: str
    ) -> None:
        """What a journal is refused for, by the same order, under the name of a hold."""
        error = refused(kind, filled(store), bad)

        assert ("b", "hold") == (error.journal, error.noun)
        assert 1 == len(getattr(error, named)) or bad.entries[0].amount.minor < -INT64
        assert str(error).startswith("hold 'b' ")

    def test_21_a_sum_beyond_64_bits_is_refused(self, store: Store) -> None:
        """A wallet with limits keeps the sum of what is held."""
        rich = Wallet("rich", (Limit("EUR", -INT64),))
        place(filled(store), hold("h", "rich", "shop", INT64), opens=(rich,))

        assert ("rich",) == refused(Overflow, store, hold("h-2", "rich", "shop", 1)).wallets

    def test_21_an_event_is_held_for_until_it_is_booked(self, store: Store) -> None:
        """The capture claims the event; what is booked can neither be held for nor booked again."""
        flight = Event("flight", "123")
        place(filled(store), hold("h", "purse", "shop", 30, event=flight))
        place(store, hold("h-2", "purse", "shop", 30, event=flight))
        take(store, "j")
        again = refused(EventAlreadyPosted, store, hold("h-3", "purse", "shop", 1, event=flight))
        second = capture(kept(store, "h-2"), id="j-2", at=hour(0))

        assert (flight, "j") == (again.event, again.posted_as)
        assert {flight: "j"} == dict(store.posted_events([flight]))
        refusal(EventAlreadyPosted, store, changes("j-2", journals=(second,)))

    def test_21_a_condition_looks_at_what_is_available(self, store: Store) -> None:
        """For holds and journals, on wallets with limits and without; what expired is available."""
        wanted = {n: (Condition("purse", at_least=Money(n, "EUR")),) for n in (70, 71)}
        place(filled(store), hold("h", "purse", "shop", 30, expires_at=hour(1)))
        error = refused(
            ConditionFailed, store, hold("h-2", "purse", "shop", 1, requires=wanted[71])
        )
        place(store, hold("h-2", "purse", "shop", 1, requires=wanted[70]))
        place(store, hold("h-3", "bank", "shop", 5), hold("h-4", "shop", "bank", 3))
        on_shop = (Condition("shop", at_most=Money(-4, "EUR")),)
        few = refused(ConditionFailed, store, hold("h-5", "bank", "shop", 1, requires=on_shop))

        assert ((wanted[71][0], Money(70, "EUR")),) == error.failed
        assert ((on_shop[0], Money(-3, "EUR")),) == few.failed
        later = transfer("j", "bank", "shop", 1, requires=(Condition("purse", Money(99, "EUR")),))
        store.commit(changes("j", at=hour(1), journals=(later,)))

    def test_21_a_limit_counts_what_is_held_already(self, store: Store) -> None:
        """A wallet that gets limits keeps what it holds; one that loses them as well."""
        place(filled(store), hold("h", "shop", "bank", 30), hold("h-2", "bank", "shop", 8))
        limited = Wallet("shop", (Limit("EUR", -30, ceiling=8),))
        store.commit(changes("limit", policies=(limited,)))
        error = refused(InsufficientFunds, store, hold("h-3", "shop", "bank", 1))
        refused(CeilingExceeded, store, hold("h-3", "bank", "shop", 1))

        assert 30 == error.shortages[0].held
        store.commit(changes("free", policies=(Wallet("shop"),)))
        place(store, hold("h-4", "shop", "bank", 99))
        store.commit(changes("limit again", policies=(limited,)))
        give_back(store, "h-4")
        give_back(store)
        place(store, hold("h-5", "shop", "bank", 30))
        assert Balance(0, 30, 8) == store.balance("shop", "EUR")
        assert () == store.problems()

    def test_21_a_limit_and_a_hold_in_one_commit(self, store: Store) -> None:
        """The policy binds the hold, and the balance keeps what the hold adds."""
        place(filled(store), hold("h", "shop", "bank", 5))
        limited = Wallet("shop", (Limit("EUR", -7),))
        too_much = changes("k", policies=(limited,), holds=(hold("h-2", "shop", "bank", 3),))
        refusal(InsufficientFunds, store, too_much)
        fits = changes("k", policies=(limited,), holds=(hold("h-2", "shop", "bank", 2),))
        store.commit(fits)

        assert Balance(0, 7) == store.balance("shop", "EUR")
        assert () == store.problems()

    # ---- 22. capturing

    def test_22_a_capture_moves_the_money(self, store: Store) -> None:
        """It is a journal like any other, and nothing is held any more."""
        place(filled(store), hold("h", "purse", "shop", 30, metadata=(("trip", "7"),)))
        take(store, "j")
        posted = store.journal("j")

        assert posted is not None
        assert ("h", (("trip", "7"),)) == (posted.journal.captures, posted.journal.metadata)
        assert Balance(70) == store.balance("purse", "EUR")
        assert Balance(30) == store.balance("shop", "EUR")
        assert [30] == [line.running.minor for line in store.entries("shop").items]
        assert () == broken_laws(books(store))
        assert () == store.problems()

    def test_22_the_rest_is_given_back(self, store: Store) -> None:
        """A part is captured, once."""
        place(filled(store), hold("h", "purse", "shop", 30))
        take(store, "j", minor=10)

        assert Balance(90) == store.balance("purse", "EUR")
        again = capture(kept(store), id="j-2", at=hour(0))
        error = refusal(HoldCaptured, store, changes("j-2", journals=(again,)))
        assert ("h", ("j",)) == (error.hold, error.by)

    def test_22_a_multi_hold_keeps_the_rest(self, store: Store) -> None:
        """Until it is captured whole, or given back with its last capture."""
        for name in ("h", "h-2"):
            place(filled(store), hold(name, "purse", "shop", 30, multi=True))
        take(store, "j-1", minor=10)
        assert Balance(90, 50) == store.balance("purse", "EUR")
        take(store, "j-2", minor=5, releases=("h",))
        take(store, "j-3", "h-2", minor=29)
        assert Balance(56, 1) == store.balance("purse", "EUR")
        take(store, "j-4", "h-2")

        assert Balance(55) == store.balance("purse", "EUR")
        assert (RELEASED, ("j-1", "j-2")) == (kept(store).state, kept(store).captures)
        assert (CAPTURED, ("j-3", "j-4")) == (kept(store, "h-2").state, kept(store, "h-2").captures)
        assert () == store.problems()

    def test_22_a_capture_is_bounded_leg_by_leg(self, store: Store) -> None:
        """By wallet, currency and direction, and by what earlier captures left."""
        place(filled(store), hold("h", "purse", "shop", 30, multi=True))
        take(store, "j-1", minor=10)
        over = capture(
            kept(store), id="j", at=hour(0), part=transfer("p", "purse", "shop", 21).entries
        )
        error = refusal(CaptureExceedsHold, store, changes("j", journals=(over,)))
        away = transfer("j", "shop", "purse", 1, captures="h")
        other = refusal(CaptureExceedsHold, store, changes("j", journals=(away,)))

        assert ("j", "h", transfer("p", "purse", "shop", 1).entries) == (
            error.journal,
            error.hold,
            error.excess,
        )
        assert away.entries == other.excess

    def test_22_a_capture_needs_no_room(self, store: Store) -> None:
        """A floor or a ceiling that came or was passed later does not stop it."""
        place(filled(store), hold("h", "purse", "jar", 100))
        force = transfer("force", "purse", "shop", 500, forced_by="eve")
        lower = Wallet("jar", (Limit("EUR", ceiling=0),))
        store.commit(changes("force", journals=(force,), policies=(lower,)))
        take(store, "j")

        assert Balance(-500) == store.balance("purse", "EUR")
        assert Balance(100) == store.balance("jar", "EUR")
        assert () == store.problems()

    @pytest.mark.parametrize(
        ("status", "kind"), [("frozen", WalletFrozen), ("closed", WalletClosed)]
    )
    def test_22_a_capture_needs_open_wallets(
        self, store: Store, status: str, kind: type[WalletFrozen]
    ) -> None:
        """Frozen and closed wallets do not move."""
        place(filled(store), hold("h", "purse", "shop", 30))
        store.commit(changes("stop", policies=(Wallet("shop", status=status),)))
        journal = capture(kept(store), id="j", at=hour(0))

        error = refusal(kind, store, changes("j", journals=(journal,)))
        assert ("shop",) == error.wallets

    def test_22_what_was_never_placed(self, store: Store) -> None:
        """Wallets come first, then the hold, then what else is wrong."""
        filled(store)
        lost = transfer("j", "purse", "shop", 1, captures="h")
        nowhere = transfer("j", "purse", "nobody", 1, captures="h")

        assert "h" == refusal(HoldNotFound, store, changes("j", journals=(lost,))).hold
        refusal(UnknownWallet, store, changes("j", journals=(nowhere,)))
        assert "h" == refusal(HoldNotFound, store, changes("j", releases=("h",))).hold

    # ---- 23. releasing

    @pytest.mark.parametrize("status", ["open", "frozen", "closed"])
    def test_23_a_release_gives_all_back(self, store: Store, status: str) -> None:
        """Whatever has become of its wallets, once."""
        place(filled(store), hold("h", "purse", "shop", 30))
        stopped = tuple(attrs.evolve(wallet, status=status) for wallet in WALLETS[1:3])
        store.commit(changes("stop", policies=stopped))
        give_back(store)
        journal = capture(kept(store), id="j", at=hour(0))
        store.commit(changes("thaw", policies=WALLETS[1:3]))

        assert Balance(100) == store.balance("purse", "EUR")
        assert Balance(0) == store.balance("shop", "EUR")
        assert "h" == refusal(HoldReleased, store, changes("again", releases=("h",))).hold
        refusal(HoldReleased, store, changes("j", journals=(journal,)))
        assert () == store.problems()

    def test_23_nothing_is_given_back_of_what_was_captured(self, store: Store) -> None:
        """The money has moved: see reversals."""
        place(filled(store), hold("h", "purse", "shop", 30))
        take(store, "j")

        assert ("j",) == refusal(HoldCaptured, store, changes("b", releases=("h",))).by

    def test_23_journals_then_releases_then_holds(self, store: Store) -> None:
        """What is given back can be held anew; what arrives can be held at once."""
        place(filled(store), hold("h", "purse", "shop", 100))
        early = transfer("j", "purse", "shop", 1)
        refusal(InsufficientFunds, store, changes("k", releases=("h",), journals=(early,)))
        store.commit(
            changes(
                "k",
                journals=(transfer("j", "bank", "purse", 5),),
                releases=("h",),
                holds=(hold("h-2", "purse", "shop", 60), hold("h-3", "purse", "shop", 45)),
            )
        )

        assert Balance(105, 105) == store.balance("purse", "EUR")
        assert () == store.problems()

    def test_23_a_batch_may_place_and_capture(self, store: Store) -> None:
        """Members see what the ones before them did; if one is refused, none is stored."""
        filled(store)
        many = [
            changes("k-1", holds=(hold("h", "purse", "shop", 70, multi=True),)),
            changes("k-2", journals=(transfer("j", "purse", "shop", 30, captures="h"),)),
            changes("k-3", releases=("h",), holds=(hold("h-2", "purse", "shop", 70),)),
        ]
        before = books(store)
        with pytest.raises(LedgerkitError, match="number 3 of the batch"):
            store.commit_all([*many, changes("k-4", holds=(hold("h-3", "purse", "shop", 1),))])
        assert before == books(store)
        store.commit_all(many)

        assert Balance(70, 70) == store.balance("purse", "EUR")
        assert RELEASED == kept(store).state
        assert () == store.problems()

    # ---- 24. expiring

    def test_24_a_hold_expires_at_its_end(self, store: Store) -> None:
        """The end is not part of it: then it is neither captured nor released."""
        place(filled(store), hold("h", "purse", "shop", 30, expires_at=hour(1)))
        late = capture(kept(store), id="j", at=hour(1))
        error = refusal(HoldExpired, store, changes("j", at=hour(1), journals=(late,)))
        refusal(HoldExpired, store, changes("b", at=hour(1), releases=("h",)))

        assert ("h", hour(1), hour(1)) == (error.hold, error.expires_at, error.at)
        assert (OPEN, EXPIRED) == (kept(store).state, kept(store).state_at(hour(1)))
        take(store, "j")

    def test_24_a_hold_that_is_over_is_not_placed(self, store: Store) -> None:
        """It would hold nothing."""
        over = hold("h", "purse", "shop", 30, expires_at=hour(0))

        assert hour(0) == refused(HoldExpired, filled(store), over).expires_at

    def test_24_nobody_is_refused_for_what_has_expired(self, store: Store) -> None:
        """Who needs it has it; the hold is over from then on, also for whoever comes late."""
        place(filled(store), hold("h", "purse", "jar", 100, expires_at=hour(1)))
        spend = changes("j", at=hour(1), journals=(transfer("j", "purse", "shop", 100),))
        refusal(InsufficientFunds, store, attrs.evolve(spend, at=hour(0)))
        store.commit(spend)
        early = capture(kept(store), id="late", at=hour(0))

        assert Balance(0) == store.balance("purse", "EUR")
        assert Balance(0) == store.balance("jar", "EUR")
        assert EXPIRED == kept(store).state
        refusal(HoldExpired, store, changes("late", journals=(early,)))
        assert () == store.problems()

    def test_24_what_has_expired_takes_no_space(self, store: Store) -> None:
        """Nor is anybody refused for it at a ceiling."""
        place(filled(store), hold("h", "bank", "jar", 100, expires_at=hour(1)))
        store.commit(changes("j", at=hour(1), journals=(transfer("j", "bank", "jar", 100),)))

        assert EXPIRED == kept(store).state
        assert Balance(100) == store.balance("jar", "EUR")

    def test_24_what_nobody_needs_stays_open(self, store: Store) -> None:
        """A commit that has room leaves holds alone, on its own wallets and on others."""
        place(filled(store), hold("h", "purse", "shop", 30, expires_at=hour(1)))
        store.commit(changes("j", at=hour(1), journals=(transfer("j", "purse", "shop", 70),)))

        assert OPEN == kept(store).state
        assert Balance(30, 30) == store.balance("purse", "EUR")
        assert Balance(30) == store.balance("purse", "EUR", AsOf(live_at=hour(1)))

    def test_24_a_refusal_does_not_count_what_has_expired(self, store: Store) -> None:
        """And leaves the hold as it was."""
        place(filled(store), hold("h", "purse", "shop", 30, expires_at=hour(1)))
        place(store, hold("h-2", "purse", "shop", 20))
        spend = changes("j", at=hour(1), journals=(transfer("j", "purse", "shop", 81),))
        error = refusal(InsufficientFunds, store, spend)

        assert (80, 20, 1) == (
            error.shortages[0].available,
            error.shortages[0].held,
            error.shortages[0].short_by,
        )
        assert OPEN == kept(store).state

    @pytest.mark.parametrize("source", ["purse", "bank"])
    def test_24_a_new_hold_clears_away_old_ones(self, store: Store, source: str) -> None:
        """Those that take from the same wallets, with limits or without: they do not pile up."""
        place(filled(store), hold("h", source, "shop", 1, expires_at=hour(1)))
        place(store, hold("h-2", "shop", source, 1, expires_at=hour(1)))
        place(store, hold("h-3", source, "jar", 1), at=hour(1))

        assert [EXPIRED, OPEN, OPEN] == [kept(store, f"h{n}").state for n in ("", "-2", "-3")]
        assert 1 == store.balance(source, "EUR").held_out

    # ---- 25. once, and for good

    def test_25_a_hold_is_placed_once(self, store: Store) -> None:
        """Its key replays, whatever has become of it; its id under another key is refused."""
        first = changes("k", holds=(hold("h", "purse", "shop", 30),))
        filled(store).commit(first)
        give_back(store)
        before = books(store)

        assert store.commit(first).replayed
        assert before == books(store)
        again = attrs.evolve(first, key="k-2")
        error = refusal(KeyReused, store, again)
        assert ("h", (("hold", "k", "k-2"),)) == (error.key, error.differing)

    def test_25_a_hold_stays_readable(self, store: Store) -> None:
        """As it was placed, with all of its fields, and what is left of it."""
        placed = hold(
            "h",
            "purse",
            "shop",
            30,
            kind="flight.charged",
            expires_at=hour(5),
            event=Event("flight", "123", "outbound"),
            multi=True,
            requires=(Condition("purse", Money(1, "EUR"), Money(999, "EUR")),),
            forced_by="eve",
            metadata=(("why", "a test"),),
        )
        place(filled(store), placed, at=hour(1))
        take(store, "j", minor=10, at=hour(2))

        assert store.hold("none") is None
        assert kept(store) == Held(
            hold=placed,
            placed_at=hour(1),
            state=OPEN,
            remaining=transfer("x", "purse", "shop", 20).entries,
            captures=("j",),
        )

    # ---- 26. all of them

    def test_26_holds_are_found(self, store: Store) -> None:
        """By the wallets of their legs and by state, in the order of their ids, page by page."""
        shops = Wallet("shop:a"), Wallet("shop:b"), Wallet("shops")
        filled(store).commit(changes("shops", opens=shops))
        for n, target in enumerate(("shop:a", "shop:b", "shops", "shop", "bank")):
            place(store, hold(f"h{n}", "purse", target, 1, expires_at=hour(1)))
        give_back(store, "h0")
        take(store, "j", "h1")
        place(store, hold("h9", "purse", "bank", 1), at=hour(2))

        def ids(prefix: str = "", state: str | None = None) -> list[str]:
            return [held.hold.id for held in store.holds(prefix, state=state).items]

        assert ["h0", "h1", "h2", "h3", "h4", "h9"] == ids() == ids("purse")
        assert ["h0", "h1", "h3"] == ids("shop")
        assert [["h9"], ["h1"], ["h0"], ["h2", "h3", "h4"]] == [
            ids(state=state) for state in (OPEN, CAPTURED, RELEASED, EXPIRED)
        ]
        assert ["h3"] == ids("shop", EXPIRED)
        assert [] == ids("nobody")
        first = store.holds(limit=4)
        assert ("h3", 4) == (first.next, len(first.items))
        rest = store.holds(after="h3", limit=4)
        assert (["h4", "h9"], None) == ([held.hold.id for held in rest.items], rest.next)

    def test_26_bad_filters_raise(self, store: Store) -> None:
        """A state that there is not, and pages of nothing."""
        with pytest.raises(ValueError, match="a hold is open, captured, released, expired"):
            store.holds(state="settled")
        with pytest.raises(ValueError, match="limit must be a whole number from 1"):
            store.holds(limit=0)
