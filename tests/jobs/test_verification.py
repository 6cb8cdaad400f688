"""Verification: all books read once, also while they are in use, and every problem reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.adjustments import Adjustment, approval_queue
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Balance, Entry, Limit, Page, Posted, TrialBalance, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payments import Payment, notes_for
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.verification import Checked, balances_problems
from ledgerkit.jobs.adjustments import adjust_completion, approve_adjustment
from ledgerkit.jobs.billing_run import run_month
from ledgerkit.jobs.completions import complete_work
from ledgerkit.jobs.credit_limits import set_credit_limit
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.host import Host
from ledgerkit.jobs.steps import Step
from ledgerkit.jobs.verification import Verified, verify
from ledgerkit.testing.samples import changes, hour, transfer
from ledgerkit.testing.simulator import Rigged, overtaken
from tests.domain.clawbacks.cases import reversing
from tests.domain.flight_school import FOUR_LEGS_CARD, FOUR_LEGS_RENTAL, PLANE, flight, hours
from tests.jobs import control_world as control
from tests.jobs.gateway_world import charge, deliver, eur, event, owing, refund
from tests.jobs.small_month import ASKED, NOVEMBER_3, billed_host, corrected, new_host
from tests.people import MARIA, PEDRO


def verified(host: Host) -> Verified:
    """Return what verifying *host* finds."""
    return run(verify(), host)


def codes(host: Host) -> set[str]:
    """Return what is broken in the books of *host*."""
    return {problem.code for problem in verified(host).problems}


def corrected_host() -> Host:
    """Return a host with invoices, credit notes, payouts and packages."""
    host = billed_host()
    run(run_month(corrected()), host)
    return host


def test_sound_books() -> None:
    """What was read is counted, and the two sides are equal."""
    host = corrected_host()
    report = verified(host)

    assert (14, 5, ()) == (report.journals, report.invoices, report.problems)
    assert len(host.store.wallets()) == report.wallets
    assert ["EUR", "SESSION"] == [side.currency for side in report.trial_balance]
    assert [0, 0] == [side.difference for side in report.trial_balance]


def test_empty_books() -> None:
    """Nothing was stored, so nothing is wrong."""
    empty = Verified(journals=0, wallets=0, invoices=0, trial_balance=(), problems=())

    assert empty == verified(new_host())


def test_what_came_back_of_a_clawback() -> None:
    """A case and the reversals of its transfers are compared."""
    executed, _ = reversing()
    case = attrs.evolve(executed.clawback, recovered=Money(600, "USD"))
    store = MemoryStore()
    store.commit(changes("case", records=(case,)))

    assert {"recovered_differs"} == codes(new_host(store))


def test_more_journals_than_a_page_holds() -> None:
    """Five thousand journals stand on a page; the ones after it are read as well."""
    store = MemoryStore()
    legs = [transfer(f"j-{n}", "a", "b", 1) for n in range(5_001)]
    store.commit(changes("many", journals=tuple(legs), opens=(Wallet("a"), Wallet("b"))))
    report = verified(new_host(store))

    assert (5_001, ()) == (report.journals, report.problems)
    assert (TrialBalance("EUR", 5_001, 5_001),) == report.trial_balance


# ---- stores that were edited behind the library's back ---------------------------------------
def edit(host: Host, kind: type[Any], place: int = 0, **fields: Any) -> None:
    """Overwrite fields of the newest version of a record, as somebody with a database could."""
    record = host.store.find(kind).items[place].record
    for name, value in fields.items():
        object.__setattr__(record, name, value)


def lose_a_journal(host: Host) -> None:
    """Drop the last journal."""
    assert isinstance(host.store, MemoryStore)
    host.store._posted.pop()


def edit_a_balance(host: Host) -> None:
    """Give the platform a cent."""
    assert isinstance(host.store, MemoryStore)
    host.store._book.balances["platform", "EUR"] += 1


def edit_an_entry(host: Host) -> None:
    """Give a tutor a cent more in a journal."""
    assert isinstance(host.store, MemoryStore)
    journal = next(p.journal for p in host.store._posted if p.journal.kind == "session.charged")
    entries = tuple(
        Entry(e.wallet, e.amount + Money(1, "EUR")) if e.wallet.startswith("supplier:") else e
        for e in journal.entries
    )
    object.__setattr__(journal, "entries", entries)


def lose_a_number(host: Host) -> None:
    """Drop a number that was drawn."""
    assert isinstance(host.store, MemoryStore)
    host.store._numbers.pop(0)


def lose_a_wallet(host: Host) -> None:
    """Drop the policy of a wallet."""
    assert isinstance(host.store, MemoryStore)
    del host.store._book.wallets["supplier:tom"]


@pytest.mark.parametrize(
    ("expected", "broken"),
    [
        ({"balance_differs", "charge_differs", "payout_differs"}, lose_a_journal),
        ({"balance_differs"}, edit_a_balance),
        ({"unbalanced", "balance_differs", "payout_differs"}, edit_an_entry),
        ({"number_differs"}, lose_a_number),
        ({"unknown_wallet"}, lose_a_wallet),
        ({"number_differs"}, lambda host: edit(host, Invoice, number="INV-9")),
        ({"number_differs"}, lambda host: edit(host, CreditNote, number=None)),
        (
            {"credit_of_nothing", "credit_differs"},
            lambda host: edit(host, CreditNote, invoice="inv_none"),
        ),
        ({"payment_differs"}, lambda host: edit(host, Payout, status="paid")),
        (
            {"package_differs", "deferred_differs"},
            lambda host: edit(host, Package, redemptions=()),
        ),
    ],
    ids=range(10),
)
def test_what_was_edited_is_found(expected: set[str], broken: Callable[[Host], None]) -> None:
    """Whatever is changed behind the library's back is reported. (spec: reliability C5)"""
    host = billed_host()
    run(run_month(corrected()), host)
    broken(host)

    assert expected == codes(host)


def marketplace() -> Host:
    """Return a host whose customer flew, paid 120.00 and had 50.00 of it back."""
    host = owing()
    came, back = (
        event("evt_1", charge(fee=eur(200), metadata=tuple(notes_for("c-1", ()).items()))),
        event("evt_2", refund()),
    )
    deliver(host, came, back)
    host.store.commit(changes("rates", records=(FOUR_LEGS_CARD, FOUR_LEGS_RENTAL)))
    flown = complete_work(
        flight(equipment=PLANE, completed_at=hour(-1)), card="school", actor="desk", reason="flown"
    )
    run(flown, host)
    run(adjust_completion("f-1", hours(1), key="hobbs", actor=MARIA, reason="log"), host)
    (waiting,) = approval_queue([v.record for v in host.store.find(Adjustment).items])
    run(approve_adjustment(waiting.id, actor=PEDRO, reason="log seen"), host)
    return host


@pytest.mark.parametrize(
    ("expected", "kind", "fields"),
    [
        ({"capture_differs"}, Payment, {"amount": eur(12_001)}),
        ({"refund_differs", "out_differs"}, Refund, {"amount": eur(5_001)}),
        ({"completion_differs"}, Completion, {"supplier": "una"}),
        ({"adjustment_differs"}, Adjustment, {"status": "approved", "journal": None}),
    ],
    ids=range(4),
)
def test_a_marketplace_that_was_edited_is_found(
    expected: set[str], kind: type[Any], fields: dict[str, Any]
) -> None:
    """What came in, went back and was flown is checked too, and sound before the edit."""
    host = marketplace()
    assert set() == codes(host)
    edit(host, kind, **fields)

    assert expected == codes(host)


# ---- journals that cannot be read ------------------------------------------------------------
class Torn(MemoryStore):
    """A store some of whose journals cannot be read any more."""

    torn: tuple[int, ...] = ()

    def journals(self, *, after: int = 0, limit: int = 500) -> Page[Posted]:
        """Return journals with a sequence above *after*, at most *limit*."""
        page = super().journals(after=after, limit=limit)
        for posted in page.items:
            if posted.sequence in self.torn:
                msg = f"row {posted.sequence} is no journal"
                raise ValueError(msg)
        return page


def torn(*sequences: int) -> Host:
    """Return a host of ten journals of which some are torn."""
    store = Torn()
    legs = tuple(transfer(f"j-{n}", "a", "b", 1) for n in range(1, 11))
    store.commit(changes("ten", journals=legs, opens=(Wallet("a"), Wallet("b"))))
    store.torn = sequences
    return new_host(store)


@pytest.mark.parametrize("sequences", [(1,), (10,), (4, 5), (2, 9), tuple(range(1, 11))], ids=str)
def test_journals_that_cannot_be_read(sequences: tuple[int, ...]) -> None:
    """Each is named, wherever it stands, and the others are checked all the same."""
    report = verified(torn(*sequences))
    unread = [p for p in report.problems if p.code == "journal_unreadable"]

    assert [f"journal number {n}" for n in sequences] == [problem.subject for problem in unread]
    assert {f"row {n} is no journal" for n in sequences} == {problem.reason for problem in unread}
    assert {"journal_unreadable", "balance_differs"} == {p.code for p in report.problems}
    assert 10 == report.journals


@pytest.mark.parametrize("what", ["wallets", "find"])
def test_what_cannot_be_read_is_not_taken_for_missing(what: str) -> None:
    """One torn record or policy is one problem, and no problem of each that names it."""
    host = corrected_host()

    def fail(*_: object, **__: object) -> Any:
        msg = "row 7 is torn"
        raise ValueError(msg)

    setattr(host.store, what, fail)

    assert {"not_checked"} == codes(host)
    assert 14 == verified(host).journals


def test_a_store_that_fails_is_not_a_broken_journal() -> None:
    """Where nothing can be read, the error is raised instead of journals made up for ever."""

    class Failing(MemoryStore):
        """A store that is not there."""

        def journals(self, *, after: int = 0, limit: int = 500) -> Page[Posted]:
            msg = "the store is not there"
            raise ValueError(msg)

    with pytest.raises(ValueError, match="the store is not there"):
        verified(new_host(Failing()))


# ---- books in use ----------------------------------------------------------------------------
KINDS = (
    *("Invoice", "CreditNote", "Payout", "Transfer", "Package", "Payment", "Refund", "Dispute"),
    *("Completion", "Adjustment", "Clawback", "BankPayout"),
)


def steps_of(host: Host) -> list[str]:
    """Return the names of the steps of a verification of *host*."""
    rigged = Rigged(host)
    run(verify(), rigged)
    return rigged.names


def test_sound_books_are_read_once() -> None:
    """One look: each kind of record, the balances and the numbers once."""
    names = steps_of(corrected_host())

    assert ["journals", "journals", "problems", "numbers", "balances", "wallets"] == names[:6]
    assert [f"find {name}" for name in sorted(KINDS)] == sorted(names[6:])


def test_broken_books_are_read_twice() -> None:
    """What seems wrong is looked at again, and is wrong if nothing has moved."""
    host = corrected_host()
    edit_a_balance(host)

    assert 2 == steps_of(host).count("balances")
    assert ["balance_differs"] == [problem.code for problem in verified(host).problems]


@pytest.mark.parametrize("place", range(1, 10))
def test_a_run_in_the_middle(place: int) -> None:
    """Overtaken at any step by a run that bills and corrects, sound books are still sound."""
    host = Rigged(billed_host(), {place: overtaken(lambda: run_month(corrected()))})

    assert () == run(verify(), host).problems


@given(st.lists(st.integers(1, 9), max_size=4, unique=True))
@settings(max_examples=10)
def test_first_runs_in_the_middle(places: list[int]) -> None:
    """Whether books are empty, billed or corrected when it begins, nothing is found."""
    jobs = [lambda: run_month(ASKED), lambda: run_month(corrected())]
    fates = {place: overtaken(jobs[n % 2]) for n, place in enumerate(sorted(places))}
    host = Rigged(attrs.evolve(new_host(), clock=billed_host().clock), fates)

    assert () == run(verify(), host).problems


def test_books_that_never_rest() -> None:
    """After six looks the last one is reported, though somebody posts between all of them."""

    class Restless(Rigged):
        """A host on which somebody posts after each reading of the journals."""

        def perform(self, step: Step[Any]) -> Any:
            answer = super().perform(step)
            if step.name == "numbers":
                n = len(self.names)
                moved = transfer(f"t-{n}", "customer:ana", "customer:ben", 1)
                self.host.store.commit(changes(f"t-{n}", at=NOVEMBER_3, journals=(moved,)))
            return answer

    host = Restless(billed_host())
    report = run(verify(), host)

    assert {"balance_differs"} == {problem.code for problem in report.problems}
    assert 6 == host.names.count("balances")
    assert () == verified(host.host).problems


def test_it_takes_a_balance_that_is_zero() -> None:
    """A wallet whose entries cancel out has no balance, and that is no difference."""
    store = MemoryStore()
    there, back = transfer("t-1", "a", "b", 5), transfer("t-2", "b", "a", 5)
    store.commit(changes("k", journals=(there, back), opens=(Wallet("a"), Wallet("b"))))

    assert Balance() == store.balance("a", "EUR")
    assert () == verified(new_host(store)).problems


# ---- limits ----------------------------------------------------------------------------------
def test_a_limit_set_above_what_is_owed_breaks_nothing() -> None:
    """Ana owes 400.00 when her limit is lowered to 100.00; more than that would be a problem."""
    host = control.control_host(MemoryStore())
    lower = set_credit_limit("ana", Money(10_000, "USD"), actor=PEDRO, reason="late", key="lower")
    run(lower, host)
    owed = Wallet("customer:ana", (Limit("USD", -10_000),))

    def problems(minor: int) -> list[str]:
        checked = Checked(sums=Counter({("customer:ana", "USD"): minor}))
        held = {("customer:ana", "USD"): -40_000}
        balances = {("customer:ana", "USD"): Balance(minor)}
        found = balances_problems(checked, balances, [owed], when_limited=held)
        return [problem.code for problem in found]

    assert () == verified(host).problems
    assert [[], [], ["below_floor"]] == [problems(m) for m in (-10_000, -40_000, -40_001)]
