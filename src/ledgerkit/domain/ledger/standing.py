"""Standing: how the books stand, and why they would refuse a journal or a hold.

The checks run in one documented order, so that a refusal does not depend on the store: the
journal's id, currency and size, time, event, existence, currencies and status of wallets, hold,
reversal, conditions, and last the money itself. Each names all offenders. (spec: ledger 3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ledgerkit.domain.ledger.corrections import excess_of, reversible
from ledgerkit.domain.ledger.holdings import Holdings
from ledgerkit.domain.ledger.holds import (
    CaptureExceedsHold,
    Hold,
    HoldAlreadyPlaced,
    HoldNotFound,
    amounts_of,
    placed,
)
from ledgerkit.domain.ledger.journals import Event, Journal, net_of
from ledgerkit.domain.ledger.refusals import (
    AlreadyReversed,
    EffectiveInFuture,
    EventAlreadyPosted,
    JournalAlreadyPosted,
    JournalNotFound,
    Overflow,
    OverReversal,
    PeriodClosed,
    UnknownCurrencies,
    UnknownWallet,
    WalletClosed,
    WalletCurrencyMismatch,
    WalletFrozen,
)
from ledgerkit.domain.ledger.room import Reader, check_conditions, check_room, noun_of
from ledgerkit.domain.ledger.wallets import CLOSED, FROZEN, INT64, Balance, Wallet
from ledgerkit.domain.money import ISO, Units
from ledgerkit.domain.periods import instant

_NOTHING_HELD = 0, 0


class Standing:
    """What wallets, balances, holds and journals are like, and what is refused because of it.

    Attributes:
        units: The currencies and units that may be posted.
        wallets: Policies by address.
        balances: Balances by (wallet, currency); absent means zero.
        holdings: Holds, and what they may take from and bring to (wallet, currency).
        journals: Posted journals that may be reversed, by id.
        reversals: The reversals of each posted journal, by the id of the original.
        events: The id of the journal that booked an event.
        closed_before: Journals effective before this instant are refused; None: no lock.
    """

    __slots__ = (
        "balances",
        "closed_before",
        "events",
        "holdings",
        "journals",
        "reversals",
        "units",
        "wallets",
    )

    def __init__(
        self,
        units: Units = ISO,
        *,
        wallets: Iterable[Wallet] = (),
        balances: Mapping[tuple[str, str], Balance] | None = None,
        closed_before: datetime | None = None,
    ) -> None:
        self.units: Units = units
        self.wallets: dict[str, Wallet] = {wallet.id: wallet for wallet in wallets}
        self.balances: dict[tuple[str, str], int] = {}
        self.holdings: Holdings = Holdings()
        for key, balance in (balances or {}).items():
            self.balances[key] = balance.posted
            if balance.held_out or balance.held_in:
                self.holdings.amounts[key] = balance.held_out, balance.held_in
        self.journals: dict[str, Journal] = {}
        self.reversals: dict[str, list[Journal]] = {}
        self.events: dict[Event, str] = {}
        self.closed_before: datetime | None = (
            None if closed_before is None else instant(closed_before)
        )

    @property
    def held(self) -> dict[tuple[str, str], tuple[int, int]]:
        """What open holds may take from and bring to (wallet, currency), where there are any."""
        return self.holdings.amounts

    def balance(self, wallet: str, currency: str) -> Balance:
        """Return what *wallet* holds in *currency* now; expired holds count until given back."""
        held_out, held_in = self.held.get((wallet, currency), _NOTHING_HELD)
        return Balance(self.balances.get((wallet, currency), 0), held_out, held_in)

    def open(self, wallet: Wallet) -> bool:
        """Open *wallet* and return True; one that is open already stays as it is: False."""
        if wallet.id in self.wallets:
            return False
        self.wallets[wallet.id] = wallet
        return True

    def check(self, journal: Journal, *, at: datetime) -> None:
        """Raise the first kind of refusal that applies to *journal*, naming all its offenders."""
        at = instant(at)
        if journal.id in self.journals:
            raise JournalAlreadyPosted(journal.id)
        self._check_sizes(journal)
        self._check_time(journal, at)
        self._check_event(journal)
        self._check_existence(journal)
        self._check_wallets(journal)
        self._check_capture(journal, at)
        self._check_reversal(journal)
        reader = self._reader(at)
        check_conditions(journal, reader)
        check_room(journal, self.wallets, reader)

    def check_hold(self, hold: Hold, *, at: datetime) -> None:
        """Raise the first kind of refusal that applies to *hold*, naming all its offenders.

        The order is that of journals; a hold that would be over when it is placed is `HoldExpired`.
        """
        at = instant(at)
        if hold.id in self.holdings.by_id:
            raise HoldAlreadyPlaced(hold.id)
        self._check_sizes(hold)
        self._check_event(hold)
        self._check_existence(hold)
        self._check_wallets(hold)
        placed(hold, at=at).check(at=at)
        reader = self._reader(at)
        check_conditions(hold, reader)
        check_room(hold, self.wallets, reader)

    def _reader(self, at: datetime) -> Reader:
        # Nobody is refused for what has expired.
        def read(wallet: str, currency: str) -> Balance:
            balance = self.balance(wallet, currency)
            return self.holdings.live(balance, (wallet, currency), at=at)

        return read

    def _check_sizes(self, posting: Journal | Hold) -> None:
        noun = noun_of(posting)
        unknown = {e.amount.currency for e in posting.entries} - self.units.exponents.keys()
        if unknown:
            raise UnknownCurrencies(posting.id, tuple(sorted(unknown)), noun)
        over = [e.wallet for e in posting.entries if abs(e.amount.minor) > INT64]
        if isinstance(posting, Hold):
            over += self._overheld(posting)
        else:
            for key, net in net_of(posting.entries).items():
                if abs(self.balances.get(key, 0) + net) > INT64:
                    over.append(key[0])
        if over:
            raise Overflow(posting.id, tuple(dict.fromkeys(over)), noun)

    def _overheld(self, hold: Hold) -> list[str]:
        # Only limited balances keep a sum of what is held.
        found = []
        for (name, currency), (out, into) in amounts_of(hold.entries).items():
            wallet = self.wallets.get(name)
            if wallet is None or not wallet.bounds(currency):
                continue
            now = self.balance(name, currency)
            held_out, held_in = now.held_out + out, now.held_in + into
            if max(held_out, held_in, held_out - now.posted, held_in + now.posted) > INT64:
                found.append(name)
        return found

    def _check_time(self, journal: Journal, at: datetime) -> None:
        if self.closed_before is not None and journal.effective_at < self.closed_before:
            raise PeriodClosed(journal.id, journal.effective_at, self.closed_before)
        if journal.effective_at > at:
            raise EffectiveInFuture(journal.id, journal.effective_at, at)

    def _check_event(self, posting: Journal | Hold) -> None:
        event = posting.event
        if event is not None and event in self.events:
            raise EventAlreadyPosted(posting.id, event, self.events[event])

    def _check_existence(self, posting: Journal | Hold) -> None:
        named = [e.wallet for e in posting.entries] + [c.wallet for c in posting.requires]
        unknown = tuple(dict.fromkeys(wallet for wallet in named if wallet not in self.wallets))
        if unknown:
            raise UnknownWallet(posting.id, unknown, noun_of(posting))
        if isinstance(posting, Hold):
            return
        if posting.captures is not None and posting.captures not in self.holdings.by_id:
            raise HoldNotFound(posting.captures)
        if posting.reverses is not None and posting.reverses not in self.journals:
            raise JournalNotFound(posting.id, posting.reverses)

    def _check_wallets(self, posting: Journal | Hold) -> None:
        legs = dict.fromkeys((e.wallet, e.amount.currency) for e in posting.entries)
        wrong = []
        for wallet, currency in legs:
            allowed = self.wallets[wallet].currencies
            if allowed is not None and currency not in allowed:
                wrong.append((wallet, currency))
        if wrong:
            raise WalletCurrencyMismatch(posting.id, tuple(wrong), noun_of(posting))
        names = dict.fromkeys(wallet for wallet, _ in legs)
        for status, refusal in ((FROZEN, WalletFrozen), (CLOSED, WalletClosed)):
            stopped = tuple(name for name in names if self.wallets[name].status == status)
            if stopped:
                raise refusal(posting.id, stopped, noun_of(posting))

    def _check_capture(self, journal: Journal, at: datetime) -> None:
        if journal.captures is None:
            return
        held = self.holdings.by_id[journal.captures]
        held.check(at=at)
        if excess := held.excess_of(journal):
            raise CaptureExceedsHold(journal.id, held.hold.id, excess)

    def _check_reversal(self, journal: Journal) -> None:
        if journal.reverses is None:
            return
        original = self.journals[journal.reverses]
        if original.reverses is not None:
            raise OverReversal(original.id, (), is_reversal=True)
        earlier = self.reversals.get(original.id, [])
        if not reversible(original, earlier):
            raise AlreadyReversed(journal.id, original.id, tuple(r.id for r in earlier))
        if excess := excess_of(journal, original, earlier):
            raise OverReversal(original.id, excess)
