"""Machine: random commands on several stores at once, whose answers and books must stay the same.

A store that is slower and safer than a dictionary must still answer like one: the same values,
the same refusals with the same facts, the same books after each command.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias, cast

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from ledgerkit.domain.changes import Changes, Record, Series, request
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import ISSUED, Invoice
from ledgerkit.domain.ledger import (
    AsOf,
    Event,
    Hold,
    Journal,
    OverReversal,
    SelfCancelling,
    Unbalanced,
    Wallet,
    capture,
    reverse,
)
from ledgerkit.domain.ledger.holds import STATES
from ledgerkit.domain.outbox import OUTCOMES, Claimed, Message
from ledgerkit.domain.parties import Party
from ledgerkit.ports.store import Store
from ledgerkit.schema import KINDS
from ledgerkit.testing import strategies as of
from ledgerkit.testing.books import (
    Snapshot,
    books,
    broken_laws,
    crossed_limits,
    difference,
    facts_of,
)
from ledgerkit.testing.commands import Commands, by_id, draws_of, part_of
from ledgerkit.testing.samples import NOON, OCTOBER

Stores: TypeAlias = Mapping[str, Store]
Answer: TypeAlias = tuple[str, object]
HOURS = st.sampled_from([0, 0, -1, -2, -6, -12, -24, -36, 1])
FEW = ("EUR", "EUR", "EUR", "JPY")  # so that money meets limits
JOURNALS = of.journals(
    st.just("jrn"), currencies=FEW, effective=HOURS.map(lambda n: NOON + timedelta(hours=n))
)
HOLDS = of.holds(
    st.just("hold"),
    currencies=FEW,
    expires=st.sampled_from([None, 0, 1, 2, 3, 6, 12, 24]).map(
        lambda n: None if n is None else NOON + timedelta(hours=n)
    ),
)
PAGE = 3  # small, so that every read goes over several pages
RECORDS = (Party, Invoice)  # what commands store


def books_machine(make_stores: Callable[[], Stores]) -> type[BooksMachine]:
    """Return the machine that compares the stores of *make_stores*.

    *make_stores* is called for every example and returns new, empty stores by name; they know ISO
    currencies and SESSION. Run the machine as `books_machine(...).TestCase`, or inside a test with
    `hypothesis.stateful.run_state_machine_as_test`.
    """

    class Machine(BooksMachine):
        def make_stores(self) -> Stores:
            return make_stores()

    return Machine


class BooksMachine(Commands, RuleBasedStateMachine):
    """Sends every command to all stores and compares what they say and show."""

    committed: Bundle[Changes] = Bundle("committed")

    def __init__(self) -> None:
        super().__init__()
        self.stores: dict[str, Store] = dict(self.make_stores())
        self.at: datetime = NOON + timedelta(hours=24)
        self.commands: int = 0
        self.claims: list[Claimed] = []
        self.before: Snapshot = books(next(iter(self.stores.values())))
        self.seen: bool = False  # the books as the last commit left them

    def make_stores(self) -> Stores:
        """Return new, empty stores by name; `books_machine` says which."""
        msg = "build the machine with books_machine(make_stores)"
        raise NotImplementedError(msg)

    # ---- commands

    @initialize(opens=st.lists(of.wallets(currencies=FEW, statuses=("open",)), max_size=5))
    def open_the_books(self, opens: list[Wallet]) -> None:
        """Begin with all wallets open."""
        rest = [Wallet(address) for address in of.ADDRESSES]
        self.commit(self.changes(opens=tuple(by_id(*rest, *opens).values())))

    @rule(target=committed, posted=st.lists(JOURNALS, min_size=1, max_size=3))
    def post(self, posted: list[Journal]) -> Changes | MultipleResults[Changes]:
        """Post journals, also some that the books refuse."""
        return self.commit(self.changes(journals=self.named(posted)))

    @rule(
        target=committed,
        posted=st.lists(JOURNALS, max_size=2),
        records=st.lists(
            of.parties() | of.invoices(), max_size=2, unique_by=lambda r: (type(r), r.id)
        ),
        moved=st.sampled_from([0, 0, 0, 0, 1, -1]),
        series=st.none() | of.series(),
        on=of.dates(days=70),
        told=st.lists(of.messages(), max_size=2, unique_by=lambda m: m.id),
    )
    def decide(
        self,
        *,
        posted: list[Journal],
        records: list[Record],
        moved: int,
        series: Series | None,
        on: date,
        told: list[Message],
    ) -> Changes | MultipleResults[Changes]:
        """Commit journals, records, draws and messages; some on versions that have moved."""
        expects = self.expected(records, moved)
        draws = draws_of(records, series, on)
        decided = self.changes(
            journals=self.named(posted),
            records=tuple(records),
            expects=expects,
            draws=draws,
            messages=tuple(told),
        )
        return self.commit(decided)

    @rule(
        target=committed,
        many=st.lists(st.lists(JOURNALS, max_size=2), max_size=3),
        records=st.lists(of.invoices(), max_size=1),
        series=of.series(),
        earlier=st.none() | committed,
        at_end=st.booleans(),
    )
    def batch(
        self,
        many: list[list[Journal]],
        records: list[Record],
        series: Series,
        earlier: Changes | None,
        at_end: bool,  # noqa: FBT001 - Hypothesis passes it by name
    ) -> MultipleResults[Changes]:
        """Commit several changes or none, sometimes with one that is known already."""
        expects, draws = self.expected(records, 0), draws_of(records, series, OCTOBER)
        first = self.changes(records=tuple(records), expects=expects, draws=draws)
        members = [first] + [self.changes(journals=self.named(posted)) for posted in many]
        if earlier is not None:
            members.insert(len(members) if at_end else 0, earlier)
        self.seen = False
        said, _ = self.everywhere(lambda store: store.commit_all(members))
        return multiple(*members[1:] if said == "returned" else ())

    @rule(earlier=committed, other=st.booleans())
    def again(self, earlier: Changes, other: bool) -> None:  # noqa: FBT001
        """Send a key again, for the same request with other content or for another request."""
        asked = request("another") if other else earlier.request
        self.commit(attrs.evolve(earlier, request=asked, at=self.at, actor="somebody"))

    @rule(
        target=committed,
        earlier=committed,
        pick=st.integers(0, 99),
        share=st.integers(1, 4),
        forced=st.booleans(),
    )
    def take_back(
        self,
        earlier: Changes,
        pick: int,
        share: int,
        forced: bool,  # noqa: FBT001
    ) -> Changes | MultipleResults[Changes]:
        """Reverse a journal, wholly (a share of 1) or in part, maybe once too often."""
        if not earlier.journals:
            return multiple()
        journal = earlier.journals[pick % len(earlier.journals)]
        id, by = f"rev-{self.commands}", "eve" if forced else None
        try:
            undone = reverse(journal, id=id, at=self.at, part=part_of(journal, share), forced_by=by)
        except (OverReversal, SelfCancelling):
            return multiple()
        return self.commit(self.changes(journals=(undone,)))

    @rule(target=committed, reserved=st.lists(HOLDS, min_size=1, max_size=2))
    def hold(self, reserved: list[Hold]) -> Changes | MultipleResults[Changes]:
        """Place holds, also some that the books refuse."""
        return self.commit(self.changes(holds=self.reserved(reserved)))

    @rule(
        target=committed,
        pick=st.integers(0, 99),
        share=st.integers(1, 4),
        more=st.sampled_from([0, 0, 0, 0, 1]),
        release=st.booleans(),
        ago=st.sampled_from([0, 0, 0, 6]),
        then=st.none() | HOLDS,
    )
    def capture(
        self,
        *,
        pick: int,
        share: int,
        more: int,
        release: bool,
        ago: int,
        then: Hold | None,
    ) -> Changes | MultipleResults[Changes]:
        """Capture a hold or a part, maybe too much or too late, and maybe give back the rest."""
        held = self.placed(pick)
        if held is None:
            return multiple()
        at = self.at - timedelta(hours=ago)
        whole = capture(held, id="jrn", at=at)
        try:
            part = part_of(whole, share, more)
            named = attrs.evolve(whole, id=f"cap-{self.commands}", entries=part)
        except (Unbalanced, SelfCancelling):
            return multiple()
        changes = self.changes(
            journals=(named,),
            releases=(held.hold.id,) if release else (),
            holds=() if then is None else self.reserved([then]),
        )
        return self.commit(attrs.evolve(changes, at=at))

    @rule(target=committed, pick=st.integers(0, 99), then=st.none() | HOLDS, ago=st.integers(0, 3))
    def release(self, pick: int, then: Hold | None, ago: int) -> Changes | MultipleResults[Changes]:
        """Give back a hold, and maybe place another one instead."""
        held = self.placed(pick)
        id = "never" if held is None else held.hold.id
        holds = () if then is None else self.reserved([then])
        changes = self.changes(releases=(id,), holds=holds)
        return self.commit(attrs.evolve(changes, at=self.at - timedelta(hours=ago)))

    @rule(
        opens=st.lists(of.wallets(), max_size=2),
        policies=st.lists(of.wallets(currencies=FEW), min_size=1, max_size=3),
    )
    def set_policies(self, opens: list[Wallet], policies: list[Wallet]) -> None:
        """Limit, freeze, thaw and close wallets; opening changes nothing, as they are open."""
        wanted, set_to = by_id(*opens).values(), by_id(*policies).values()
        self.commit(self.changes(opens=tuple(wanted), policies=tuple(set_to)))

    @rule(hours=st.integers(1, 6), closed=st.none() | st.integers(12, 36))
    def wait(self, hours: int, closed: int | None) -> None:
        """Let time pass, and maybe lock what is older than so many hours."""
        self.at += timedelta(hours=hours)
        if closed is not None:
            self.commit(self.changes(closes_before=self.at - timedelta(hours=closed)))

    @rule(
        topic=st.sampled_from(["notice", "notice.low", "transfer", "not"]),
        hours=st.integers(1, 6),
        limit=st.integers(1, 3),
    )
    def claim(self, topic: str, hours: int, limit: int) -> None:
        """Claim messages."""
        lease = timedelta(hours=hours)
        _, claimed = self.everywhere(
            lambda store: store.claim(topic, at=self.at, lease=lease, limit=limit)
        )
        self.claims += cast("tuple[Claimed, ...]", claimed)

    @rule(
        pick=st.integers(0, 99),
        off=st.sampled_from([0, 0, 0, 1, -1]),
        outcome=st.sampled_from((*OUTCOMES, "sent")),
        hours=st.none() | st.integers(0, 6),
    )
    def settle(self, pick: int, off: int, outcome: str, hours: int | None) -> None:
        """Settle one of all claims ever made, sometimes under a wrong token."""
        if not self.claims:
            return
        claimed = self.claims[pick % len(self.claims)]
        self.everywhere(
            lambda store: store.settle(
                claimed.message.id,
                token=claimed.token + off,
                outcome=outcome,
                at=self.at,
                retry_at=None if hours is None else self.at + timedelta(hours=hours),
            )
        )

    # ---- questions

    @rule(
        prefix=st.sampled_from(["", "customer", "customer:a", "custom", "platform"]),
        as_of=of.as_ofs(),
        currency=st.sampled_from(of.CURRENCIES),
        events=st.lists(of.events(), max_size=3),
        state=st.none() | st.sampled_from(STATES),
    )
    def ask_for_money(
        self, prefix: str, as_of: AsOf, currency: str, events: list[Event], state: str | None
    ) -> None:
        """Read balances as of any time, wallets by address, holds, and who booked what."""
        self.everywhere(lambda store: dict(store.balances(prefix, as_of)))
        self.everywhere(lambda store: dict(store.balances(prefix)))
        live = AsOf(live_at=self.at)
        self.everywhere(lambda store: dict(store.balances(prefix, live)))
        self.everywhere(lambda store: store.balance(prefix or "platform", currency, live))
        self.everywhere(lambda store: store.holds(prefix, state=state, limit=PAGE))
        self.everywhere(lambda store: store.balance(prefix or "platform", currency, as_of))
        self.everywhere(lambda store: store.wallets(prefix))
        self.everywhere(lambda store: dict(store.posted_events(events)))

    @rule(
        kind=st.sampled_from(RECORDS),
        party=st.none() | st.sampled_from(["p-1", "p-2"]),
        status=st.none() | st.sampled_from([ISSUED, "customer"]),
        since=st.none() | of.dates(),
        until=st.none() | of.dates(),
        limit=st.integers(0, 3),
    )
    def ask_for_records(self, kind: type[Record], limit: int, **filters: Any) -> None:
        """Find records by any filter, in pages of any size."""
        self.everywhere(lambda store: store.find(kind, limit=limit, **filters))

    @rule()
    def ask_for_everything(self) -> None:
        """Read the books with records of every kind, also of those that no command stores."""
        self.compared(KINDS)

    # ---- what must be true after each

    @precondition(lambda self: not self.seen)  # a question that moved them shows after a commit
    @invariant()
    def same_books(self) -> None:
        """Every store shows the same sound books, and no floor or ceiling was crossed."""
        now = self.compared(RECORDS)
        assert () == broken_laws(now)
        assert () == crossed_limits(self.before, now)
        self.before, self.seen = now, True

    def compared(self, kinds: Collection[type[Any]]) -> Snapshot:
        """Return the books with records of *kinds*, which every store shows alike."""
        first, *others = self.stores
        now = books(self.stores[first], page=PAGE, kinds=kinds)
        for name in others:
            found = books(self.stores[name], page=PAGE, kinds=kinds)
            assert now == found, f"{name} differs from {first}: {difference(now, found)}"
        return now

    # ---- how they are sent

    def commit(self, changes: Changes) -> Changes | MultipleResults[Changes]:
        """Commit *changes* everywhere; return them if they were taken, for other rules to use."""
        self.seen = False
        said, _ = self.everywhere(lambda store: store.commit(changes))
        return changes if said == "returned" else multiple()

    def everywhere(self, command: Callable[[Store], object]) -> Answer:
        """Send *command* to each store; they must all answer alike."""
        answers = {name: _answer(command, store) for name, store in self.stores.items()}
        (first, expected), *others = answers.items()
        for name, answer in others:
            assert expected == answer, f"{name} {answer}, but {first} {expected}"
        return expected


def _answer(command: Callable[[Store], object], store: Store) -> Answer:
    try:
        return "returned", command(store)
    except LedgerkitError as error:
        return "raised", facts_of(error)
    except (TypeError, ValueError) as error:
        return "raised", type(error)
