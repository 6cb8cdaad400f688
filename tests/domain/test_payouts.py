"""Payouts: gathered from entries that no payout holds, and moved by the table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.ledger import Entry, EntryLine, Event, Journal
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import Party
from ledgerkit.domain.payouts import (
    PAYOUT,
    Payout,
    PayoutLine,
    ReferenceNeeded,
    annotate,
    fail,
    gather,
    generate,
    hold,
    pay,
    preview,
    release,
    retry,
)
from ledgerkit.domain.periods import Period
from ledgerkit.domain.refunds import undo_charge

OCTOBER = Period.month(2026, 10)
AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
TOM = Party(id="tom", role="supplier", name="Tom Hill", currency="EUR", zone="Europe/London")


def entry(n: int, minor: int = 3_000, **more: Any) -> EntryLine:
    """Return line n of the supplier's wallet, earned with session n on 5 October."""
    at = datetime(2026, 10, 5, 12, tzinfo=UTC)
    fields: dict[str, Any] = {
        "journal": f"jrn_{n}",
        "sequence": n,
        "line": 1,
        "kind": "session.charged",
        "event": Event("session", f"s{n}"),
        "wallet": "supplier:tom",
        "amount": Money(minor, "EUR"),
        "running": Money(0, "EUR"),
        "effective_at": at,
        "recorded_at": at,
    }
    return EntryLine(**(fields | more))


def gathered(*entries: EntryLine, **more: Any) -> tuple[PayoutLine, ...]:
    """Gather entries for October."""
    fields: dict[str, Any] = {"claimed": (), "period": OCTOBER, "labels": {}}
    return gather(TOM, entries, **(fields | more))


def payout(*minors: int, status: str = "preview") -> Payout:
    """Return a payout of lines of these amounts."""
    lines = gathered(*(entry(n, minor) for n, minor in enumerate(minors or (6_000,))))
    one = preview("tom", lines, currency="EUR", period=OCTOBER)
    return one if status == "preview" else attrs.evolve(one, status=status)


# ---- gathering -------------------------------------------------------------------------------
def test_lines_name_what_was_earned() -> None:
    """A line says with which session, what that was and for whom."""
    (line,) = gathered(entry(1), labels={"s1": ("maths", "Leo")})

    assert ("s1", "maths", "Leo", date(2026, 10, 5), Money(3_000, "EUR")) == (
        line.source,
        line.item,
        line.detail,
        line.on,
        line.amount,
    )


def test_lines_without_a_session_have_no_label() -> None:
    """An incentive that is called like a session is not taken for it."""
    labels = {"s1": ("maths", "Leo")}
    lines = gathered(
        entry(1, event=Event("incentive", "s1", "2026-10-01/2026-11-01")),
        entry(2, event=None),
        labels=labels,
    )

    assert {("s1", ""), ("jrn_2", "")} == {(line.source, line.item) for line in lines}


def test_entry_is_paid_once() -> None:
    """What an earlier payout holds is left out, entry by entry."""
    assert ["jrn_2"] == [li.journal for li in gathered(entry(1), entry(2), claimed={("jrn_1", 1)})]


def test_payments_are_no_earnings() -> None:
    """The payout that left the wallet is not gathered as a debt."""
    assert () == gathered(entry(1, -6_000, kind="payout.paid"))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 9, 3, tzinfo=UTC), 1),
        (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), 1),
        (datetime(2026, 11, 1, tzinfo=UTC), 0),
    ],
)
def test_entries_count_until_the_end_of_the_period(at: datetime, expected: int) -> None:
    """Older ones that nobody paid belong to it as well; later ones go to the next."""
    assert expected == len(gathered(entry(1, effective_at=at)))


@pytest.mark.parametrize("kind", ["clawback.owed", "transfer.taken_back", "transfer.done"])
def test_corrections_of_payments_count_in_the_next_payout(kind: str) -> None:
    """What is clawed back in November comes off October's payout, if that is the next one."""
    late = entry(2, -3_600, kind=kind, effective_at=datetime(2026, 11, 3, tzinfo=UTC))

    assert [6_000, -3_600] == [li.amount.minor for li in gathered(entry(1, 6_000), late)]


NOVEMBER_3 = datetime(2026, 11, 3, tzinfo=UTC)


def taken_back(n: int) -> EntryLine:
    """Return what takes back session n on 3 November."""
    return entry(
        n + 100,
        -3_000,
        kind="session.charged.reversed",
        event=Event("session", f"s{n}", "undone:1"),
        effective_at=NOVEMBER_3,
    )


def test_what_was_taken_back_counts_at_once() -> None:
    """October's session, taken back in November, is not paid with October."""
    lines = gathered(entry(1), taken_back(1), entry(2))

    assert [3_000, 3_000, -3_000] == [line.amount.minor for line in lines]


def test_what_was_paid_before_and_taken_back_counts_at_once() -> None:
    """Its entry is in an earlier payout and need not be read again."""
    assert [-3_000, 3_000] == sorted(li.amount.minor for li in gathered(taken_back(1), entry(2)))


def test_what_is_taken_back_of_a_later_period_waits() -> None:
    """November's session counts in November, and so does taking it back."""
    later = entry(1, effective_at=datetime(2026, 11, 2, tzinfo=UTC))

    assert [3_000] == [line.amount.minor for line in gathered(later, taken_back(1), entry(2))]


@pytest.mark.parametrize(
    ("flown", "delta", "expected"),
    [
        (datetime(2026, 10, 5, tzinfo=UTC), -3_000, [6_000, -3_000]),
        (datetime(2026, 10, 5, tzinfo=UTC), 3_000, [6_000, 3_000]),
        (datetime(2026, 11, 2, tzinfo=UTC), -3_000, []),
    ],
)
def test_what_was_adjusted_counts_with_the_work(
    flown: datetime, delta: int, expected: list[int]
) -> None:
    """October's hour was half an hour, says somebody in November: 30.00 are owed for October."""
    work = {"kind": "completion.charged", "event": Event("flight", "f-1"), "effective_at": flown}
    adjusted = entry(
        2,
        delta,
        kind="completion.adjusted",
        event=Event("flight", "f-1", "adjusted:1"),
        effective_at=NOVEMBER_3,
    )

    assert expected == [li.amount.minor for li in gathered(entry(1, 6_000, **work), adjusted)]


def test_what_was_refunded_counts_with_the_work() -> None:
    """October's flight is refunded in November: nothing of it is paid. (lms-front#511)"""
    charge = Journal(
        id="jrn_1",
        kind="completion.charged",
        entries=(
            Entry("platform", Money(-8_000, "EUR")),
            Entry("supplier:tom", Money(8_000, "EUR")),
        ),
        effective_at=datetime(2026, 10, 5, tzinfo=UTC),
        event=Event("flight", "f-1"),
    )
    back = undo_charge(charge, Money(8_000, "EUR"), refund="rfd_1", at=NOVEMBER_3).journal
    lines = [
        entry(
            n,
            sign * 8_000,
            kind=journal.kind,
            event=journal.event,
            effective_at=journal.effective_at,
        )
        for n, sign, journal in ((1, 1, charge), (2, -1, back))
    ]

    assert [8_000, -8_000] == [li.amount.minor for li in gathered(*lines)]


def test_what_was_paid_before_and_adjusted_counts_at_once() -> None:
    """As what was paid before and taken back does."""
    adjusted = entry(
        2,
        -3_000,
        kind="completion.adjusted",
        event=Event("flight", "f-1", "adjusted:1"),
        effective_at=NOVEMBER_3,
    )

    assert [-3_000] == [li.amount.minor for li in gathered(adjusted)]


def test_reversal_that_claims_nothing_counts_when_it_takes_effect() -> None:
    """A reversal by hand without a fact is an entry like any other."""
    plain = entry(1, -3_000, kind="bonus.reversed", event=None, effective_at=NOVEMBER_3)

    assert () == gathered(plain)


def test_day_is_the_supplier_s() -> None:
    """23:30 UTC on 30 September is 1 October in London's summer."""
    (line,) = gathered(entry(1, effective_at=datetime(2026, 9, 30, 23, 30, tzinfo=UTC)))

    assert date(2026, 10, 1) == line.on


@given(st.permutations([entry(n) for n in range(6)]))
def test_order_of_entries_does_not_matter(entries: list[EntryLine]) -> None:
    """Lines stand by day and source."""
    assert [f"s{n}" for n in range(6)] == [line.source for line in gathered(*entries)]


# ---- the table -------------------------------------------------------------------------------
def test_payout_states() -> None:
    """Preview -> pending -> on_hold <-> pending -> in_transit -> paid | failed -> pending.

    And paid -> partly_reversed | reversed. (spec: billing 10)
    """
    moves = {(status, to) for (status, _), to in PAYOUT.table.items()}

    assert {
        ("preview", "pending"),
        ("pending", "on_hold"),
        ("on_hold", "pending"),
        ("pending", "in_transit"),
        ("in_transit", "paid"),
        ("in_transit", "failed"),
        ("failed", "pending"),
        ("paid", "partly_reversed"),
        ("paid", "reversed"),
    } <= moves


def test_generating_claims_and_moves_no_money() -> None:
    """A pending payout is still the supplier's money."""
    done = generate(payout())

    assert ("pending", None, ()) == (done.payout.status, done.journal, done.effects.journals)
    assert (done.payout,) == done.effects.records


def test_paying_moves_the_money() -> None:
    """Payout done: supplier -x, cash:bank +x (spec: billing 5a)."""
    done = pay(generate(payout(6_000)).payout, reference="SEPA-9", at=AT)

    assert done.journal is not None
    assert (
        Entry("supplier:tom", Money(-6_000, "EUR")),
        Entry("cash:bank", Money(6_000, "EUR")),
    ) == done.journal.entries
    assert (("reference", "SEPA-9"),) == done.journal.metadata
    assert Event("payout", done.payout.id) == done.journal.event
    assert ("paid", "SEPA-9") == (done.payout.status, done.payout.reference)
    assert {"supplier:tom", "cash:bank"} == {wallet.id for wallet in done.effects.opens}


def test_paying_from_another_account() -> None:
    """A host with several accounts says which one."""
    done = pay(generate(payout()).payout, reference="R", at=AT, cash="gateway:stripe")

    assert done.journal is not None
    assert "gateway:stripe" == done.journal.entries[1].wallet


@pytest.mark.parametrize("cash", ["platform", "supplier:ina", None])
def test_paying_from_no_account(cash: Any) -> None:
    """What the platform has is no money that could be sent."""
    with pytest.raises(ValueError, match=r"is paid from cash:\.\.\. or gateway:\.\.\."):
        pay(generate(payout()).payout, reference="R", at=AT, cash=cash)


@pytest.mark.parametrize("reference", ["", "  "])
def test_paying_by_hand_needs_a_reference(reference: str) -> None:
    """Marking paid by hand needs the bank's reference (spec: billing 10)."""
    with pytest.raises(ReferenceNeeded, match="needs the reference it was paid under"):
        pay(generate(payout()).payout, reference=reference, at=AT)


def test_failed_payout_is_retried_and_paid_once() -> None:
    """Failing moves no money; after a retry it is paid like any other."""
    failed = fail(generate(payout()).payout, note="account closed")
    again = retry(failed.payout, note="new account")
    done = pay(again.payout, reference="R", at=AT)

    assert (None, None) == (failed.journal, again.journal)
    assert ("account closed", "new account") == done.payout.notes
    assert "paid" == done.payout.status


def test_held_payout_waits() -> None:
    """A held payout is not paid before it is released."""
    held = hold(generate(payout()).payout, note="check hours").payout

    with pytest.raises(IllegalTransition, match="payout is on_hold; pay needs pending"):
        pay(held, reference="R", at=AT)
    assert "pending" == release(held, note="fine").payout.status


@pytest.mark.parametrize("verb", [hold, release, fail, retry])
def test_paid_payout_stays_paid(verb: Any) -> None:
    """Nothing moves a paid payout."""
    paid = pay(generate(payout()).payout, reference="R", at=AT).payout

    with pytest.raises(IllegalTransition, match="payout is paid"):
        verb(paid, note="oops")


def test_note_changes_nothing_else() -> None:
    """A note may be added in any status."""
    done = annotate(payout(), note="call him")

    assert ("preview", ("call him",)) == (done.payout.status, done.payout.notes)


def test_empty_note_is_none() -> None:
    """A note says something."""
    with pytest.raises(ValueError, match="payout note"):
        annotate(payout(), note="")


# ---- records ---------------------------------------------------------------------------------
def test_total_is_the_sum() -> None:
    """60.00 earned less 36.00 taken back pays 24.00 (spec: billing 10)."""
    assert Money(2_400, "EUR") == payout(6_000, -3_600).total


@pytest.mark.parametrize("minors", [(0,), (-1,), (3_000, -3_000)])
def test_only_more_than_nothing_is_paid(minors: tuple[int, ...]) -> None:
    """A supplier who owes is not paid; the debt waits for later earnings."""
    with pytest.raises(ValueError, match="only more than 0 is paid"):
        payout(*minors)


LINES = gathered(entry(1), entry(2))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ""}, "payout id"),
        ({"lines": ()}, "one line at least"),
        ({"lines": list(LINES)}, "needs a tuple"),
        ({"currency": "GBP"}, "is in GBP; a line of it is not"),
        ({"lines": (LINES[0], LINES[0])}, "pays an entry twice"),
        ({"status": "lost"}, "is 'lost'"),
        ({"status": "paid"}, "is 'paid' with the reference None"),
        ({"reference": "R"}, "is 'preview' with the reference 'R'"),
    ],
)
def test_payout_is_valid_from_birth(fields: dict[str, Any], message: str) -> None:
    """A payout that cannot be is refused where it is made."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(payout(), **fields)


def test_payout_ids() -> None:
    """Supplier, currency and the payouts before make an id: whoever plans the next one."""
    first = preview("tom", LINES, currency="EUR", period=OCTOBER).id
    others = {
        preview("una", LINES, currency="EUR", period=OCTOBER).id,
        preview("tom", LINES, currency="EUR", period=OCTOBER, part=1, earlier=1).id,
        preview("tom", LINES, currency="EUR", period=OCTOBER, part=2, earlier=2).id,
    }

    assert first == preview("tom", LINES, currency="EUR", period=Period.month(2026, 9)).id
    assert 3 == len(others - {first})


@pytest.mark.parametrize("fields", [{"on": "2026-10-05"}, {"amount": 5.0}, {"line": "1"}])
def test_payout_lines_are_checked(fields: dict[str, Any]) -> None:
    """A day is a date, what is paid is Money, and an entry has a number."""
    with pytest.raises(TypeError):
        attrs.evolve(LINES[0], **fields)


def test_a_payout_has_a_period() -> None:
    """Text is no period."""
    text: Any = "2026-10"

    with pytest.raises(TypeError, match="needs a Period"):
        attrs.evolve(payout(), period=text)
