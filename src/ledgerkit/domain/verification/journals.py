"""Journals: a pass over all of them, and what it adds up to, against balances and limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import Balance, Event, Posted, Wallet

# Wallets that documents are checked against: of parties, of the taxes that are owed, and of where
# money comes in and leaves.
_WATCHED = ("customer:", "supplier:", "owner:", "liability:tax:", "gateway:", "cash:")
_WORK = ("completion.charged", "completion.adjusted")


@attrs.frozen
class Problem:
    """Something in the books that cannot be.

    Attributes:
        code: What is broken; each function here lists the codes it finds.
        subject: The id of what is broken.
        reason: The sentence, with the figures.
    """

    code: str
    subject: str
    reason: str


@attrs.define
class Checked:
    """What a pass over all journals adds up to; feed it each one in recording order.

    Finds `journal_missing`, `journal_twice`, `unbalanced`, `event_twice`, `reverses_nothing`.

    Attributes:
        sums: Entries by (wallet, currency), in minor units.
        forced: Wallets that a journal which somebody forced may have taken below their floor.
        journals: The number of the last journal seen.
        amounts: What each journal moved on wallets of parties and taxes, of gateways and cash, by
            (wallet, currency).
        taken_back: What reversals of each journal moved there, together.
        events: Which journal booked which fact.
        worked: The journals that charged completed work or corrected it: what they charged may
            stand in several lines.
        problems: What was found on the way.
    """

    sums: Counter[tuple[str, str]] = attrs.Factory(Counter)
    forced: set[str] = attrs.Factory(set)
    journals: int = 0
    amounts: dict[str, Mapping[tuple[str, str], int]] = attrs.Factory(dict)
    taken_back: dict[str, Counter[tuple[str, str]]] = attrs.Factory(dict)
    events: dict[Event, str] = attrs.Factory(dict)
    worked: set[str] = attrs.Factory(set)
    problems: list[Problem] = attrs.Factory(list)

    def feed(self, posted: Posted) -> None:
        """Take in one journal."""
        journal = posted.journal
        if posted.sequence != self.journals + 1:
            expected = f"expected {self.journals + 1}"
            self._report("journal_missing", journal.id, f"is number {posted.sequence}, {expected}")
        self.journals = posted.sequence
        if journal.id in self.amounts:
            self._report("journal_twice", journal.id, f"is posted again as {posted.sequence}")
        if journal.event is not None:
            first = self.events.setdefault(journal.event, journal.id)
            if first != journal.id:
                self._report("event_twice", journal.id, f"books {journal.event}, so does {first}")
        if journal.reverses is not None and journal.reverses not in self.amounts:
            self._report("reverses_nothing", journal.id, f"reverses {journal.reverses}, not posted")
        if journal.forced_by is not None:
            self.forced.update(e.wallet for e in journal.entries if e.amount.minor < 0)
        self._add(posted)

    def pass_over(self, error: Exception) -> None:
        """Go on behind the next journal, which cannot be read because of *error*."""
        self.journals += 1
        code = error.code if isinstance(error, LedgerkitError) else "journal_unreadable"
        self.problems.append(Problem(code, f"journal number {self.journals}", str(error)))

    def _add(self, posted: Posted) -> None:
        off: dict[str, int] = {}
        moved: dict[tuple[str, str], int] = {}
        for entry in posted.journal.entries:
            currency, minor = entry.amount.currency, entry.amount.minor
            key = entry.wallet, currency
            self.sums[key] += minor
            off[currency] = off.get(currency, 0) + minor
            if entry.wallet.startswith(_WATCHED):
                moved[key] = moved.get(key, 0) + minor
        self.amounts[posted.journal.id] = moved
        if posted.journal.kind in _WORK:
            self.worked.add(posted.journal.id)
        if posted.journal.reverses is not None:
            self.taken_back.setdefault(posted.journal.reverses, Counter()).update(moved)
        for currency, minor in off.items():
            if minor:
                self._report("unbalanced", posted.journal.id, f"is off by {minor} {currency}")

    def _report(self, code: str, journal: str, what: str) -> None:
        self.problems.append(Problem(code, journal, f"journal {journal} {what}"))

    def posted(self, event: Event, wallet: str, currency: str) -> int:
        """Return what the journal that booked *event* moved on *wallet*; 0 if there is none."""
        journal = self.events.get(event)
        return 0 if journal is None else self.amounts[journal].get((wallet, currency), 0)

    def booked(self, event: Event, wallet: str, currency: str) -> int:
        """Return what the journal that booked *event* moved on *wallet*, less what was reversed.

        0 if there is none.
        """
        back = self.taken_back.get(self.events.get(event, ""), Counter())
        return self.posted(event, wallet, currency) + back[wallet, currency]


def balances_problems(
    checked: Checked,
    balances: Mapping[tuple[str, str], Balance],
    wallets: Iterable[Wallet],
    *,
    when_limited: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> tuple[Problem, ...]:
    """Return where balances differ from entries, or break the limits of their wallet.

    *when_limited* tells what a wallet held when its limit was set last: a limit may be set above
    what is owed already, and then nothing more may be taken. (spec: reliability B2)

    Finds `balance_differs`, `unknown_wallet`, `below_floor`, `above_ceiling`.
    """
    found = []
    for key in sorted(checked.sums.keys() | balances.keys()):
        held, summed = balances.get(key, Balance()).posted, checked.sums[key]
        if held != summed:
            name = f"{key[0]} {key[1]}"
            reason = f"{name} has a balance of {held}, its entries sum to {summed}"
            found.append(Problem("balance_differs", name, reason))
    policies = {wallet.id: wallet for wallet in wallets}
    found += [
        Problem("unknown_wallet", id, f"{id} has entries and was never opened")
        for id in sorted({wallet for wallet, _ in checked.sums} - policies.keys())
    ]
    for wallet in policies.values():
        found += _limit_problems(wallet, checked, when_limited)
    return tuple(found)


def fallen(wallet: Wallet, checked: Checked) -> tuple[str, ...]:
    """Return the currencies in which *wallet* is below its floor, with no journal forced so."""
    return tuple(
        limit.currency
        for limit in wallet.limits
        if limit.floor is not None
        and checked.sums[wallet.id, limit.currency] < limit.floor
        and wallet.id not in checked.forced
    )


def _limit_problems(
    wallet: Wallet, checked: Checked, when_limited: Mapping[tuple[str, str], int]
) -> Iterator[Problem]:
    below = fallen(wallet, checked)
    for limit in wallet.limits:
        key = wallet.id, limit.currency
        summed = checked.sums[key]
        name = f"{wallet.id} {limit.currency}"
        was_below = key in when_limited and summed >= when_limited[key]
        if limit.currency in below and not was_below:
            reason = f"{name} holds {summed}, below its floor of {limit.floor}"
            yield Problem("below_floor", name, reason)
        if limit.ceiling is not None and summed > limit.ceiling:
            reason = f"{name} holds {summed}, above its ceiling of {limit.ceiling}"
            yield Problem("above_ceiling", name, reason)
