"""The life of a credit note: approved by somebody else, applied, void; and invoices corrected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.access import ApproverIsRequester
from ledgerkit.domain.changes import Decision, changes_of, expect, request
from ledgerkit.domain.credit_notes import (
    ADJUSTMENT,
    CREDIT,
    CREDIT_NOTE,
    DEBT,
    REFUND,
    REFUND_NOTE,
    AlreadyCorrected,
    Applied,
    CreditApplied,
    CreditNote,
    CreditSpent,
    InvoiceOverCredited,
    NotCreditedInFull,
    NotIssued,
    NotOpen,
    NotPaid,
    OverCredited,
    apply,
    approve,
    creditable,
    credited_of,
    draft,
    issue,
    refundable,
    reissue,
    reject,
    submit,
    void,
)
from ledgerkit.domain.invoices import Invoice, by_hand, line, open_amount, settled, taxed
from ledgerkit.domain.invoices import issue as issue_invoice
from ledgerkit.domain.ledger import Entry, Event, Journal
from ledgerkit.domain.lifecycle import IllegalTransition
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.sessions import booking_id
from ledgerkit.domain.tax import Tax, TaxRate

ON, DUE = date(2026, 11, 1), date(2026, 11, 15)
AT = datetime(2026, 11, 1, 6, tzinfo=UTC)
VAT = Tax(id="vat", code="vat", rates=(TaxRate(Fraction(1, 5), date(2020, 1, 1)),))


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


def invoice(*nets: int, **fields: Any) -> Invoice:
    """Return an issued invoice with a line for each net amount, taxed 20 %."""
    lines = [
        line(f"x{n}", item=f"x{n}", on=ON, price=Rate.of(eur(net))) for n, net in enumerate(nets)
    ]
    made = taxed(by_hand("1", customer="ana", lines=lines, on=ON), {"": [VAT]})
    return attrs.evolve(issue_invoice(made, on=ON, due_on=DUE, at=AT).invoice, **fields)


def written(of: Invoice, *nets: int, by: str = "maria", notes: Any = ()) -> CreditNote:
    """Return a note of maria's over so much net of each line, waiting for approval."""
    asked = {li.id: eur(net) for li, net in zip(of.lines, nets, strict=False) if net}
    return submit(draft(of, asked, earlier=notes, reason="a mistake", by=by)).note


def approved(of: Invoice, *nets: int, notes: Any = ()) -> CreditNote:
    """Return the same as pedro approved it."""
    note = written(of, *nets, notes=notes)
    return approve(note, by="pedro", on=ON, at=AT, invoice=of, earlier=notes).note


def applied(
    of: Invoice, net: int, paid: int, *, notes: Any = (), **how: Any
) -> tuple[CreditApplied, int]:
    """Return a note over *net* as applied to an invoice that so much was paid of; and what is open.

    *how* says where it may go.
    """
    note = approved(of, net, notes=notes)
    done = apply(note, invoice=of, paid=eur(paid), notes=notes, **how)
    given = credited_of([*notes, done.note], "EUR")
    owed = attrs.evolve(done.invoice, status="issued")
    return done, open_amount(owed, paid=eur(paid), credited=given).minor


# ---- approval --------------------------------------------------------------------------------
def test_lifecycle_is_that_of_the_specification() -> None:
    """Draft, pending approval, approved, applied; or rejected; or void on the way (spec: 7)."""
    statuses = {"draft", "pending_approval", "approved", "applied", "rejected", "void"}

    assert statuses == set(CREDIT_NOTE.statuses)
    assert ("void", "rejected") == CREDIT_NOTE.final


def test_a_note_is_approved_by_somebody_else() -> None:
    """Maria wrote it; Pedro approves it, and then it has a date and a number (spec: C-15)."""
    one = invoice(100_00)
    note = written(one, 30_00)
    done = approve(note, by="pedro", on=ON, at=AT, invoice=one)

    assert ("pending_approval", "maria", "", None) == (
        note.status,
        note.created_by,
        note.approved_by,
        note.issued_on,
    )
    assert ("approved", "pedro", ON) == (
        done.note.status,
        done.note.approved_by,
        done.note.issued_on,
    )
    assert done.note.id == done.draw.record


def test_nobody_approves_what_they_wrote() -> None:
    """Unless four eyes are not wanted (spec: C-15)."""
    one = invoice(100_00)
    note = written(one, 30_00)

    with pytest.raises(
        ApproverIsRequester, match="was asked for by 'maria'; somebody else approves"
    ):
        approve(note, by="maria", on=ON, at=AT, invoice=one)
    alone = approve(note, by="maria", on=ON, at=AT, invoice=one, four_eyes=False)
    assert "approved" == alone.note.status


@pytest.mark.parametrize(
    ("creator", "approver", "message"),
    [("", "pedro", "names nobody who wrote it; draft it with by="), ("maria", "", "approver")],
)
def test_four_eyes_are_named(creator: str, approver: str, message: str) -> None:
    """Two people have two names."""
    one = invoice(100_00)

    with pytest.raises(ValueError, match=message):
        approve(written(one, 1_00, by=creator), by=approver, on=ON, at=AT, invoice=one)


def test_a_draft_is_submitted_first() -> None:
    """Nobody approves what its writer is still at."""
    one = invoice(100_00)
    note = draft(one, {one.lines[0].id: eur(1)}, earlier=(), reason="a mistake", by="maria")

    with pytest.raises(IllegalTransition, match="is draft; approve needs pending_approval"):
        approve(note, by="pedro", on=ON, at=AT, invoice=one)
    assert (note.id,) == tuple(each.id for each in submit(note).effects.records)


def test_a_rejected_note_is_over() -> None:
    """It has no number, no effect and no way back."""
    one = invoice(100_00)
    rejected = reject(written(one, 30_00))

    assert ("rejected", (rejected.note,)) == (rejected.note.status, rejected.effects.records)
    with pytest.raises(IllegalTransition):
        approve(rejected.note, by="pedro", on=ON, at=AT, invoice=one)
    assert {one.lines[0].id: eur(100_00)} == creditable(one, [rejected.note])


def test_two_drafts_of_100_on_capacity_150() -> None:
    """Both fit when they are written; the second fails when it is approved (spec: billing 7)."""
    one = invoice(150_00)
    first, second = written(one, 100_00), written(one, 100_00)
    done = approve(first, by="pedro", on=ON, at=AT, invoice=one).note
    second = attrs.evolve(second, id="crn_2")

    with pytest.raises(
        OverCredited, match=r"150\.00 EUR and 100\.00 EUR is credited; 100\.00 EUR asked"
    ):
        approve(second, by="pedro", on=ON, at=AT, invoice=one, earlier=[done])


@pytest.mark.parametrize("status", ["draft", "void", "written_off"])
def test_what_nobody_owes_or_paid_is_not_credited(status: str) -> None:
    """A draft is changed, a void invoice is gone, and a written off debt is brought back first."""
    with pytest.raises(NotIssued, match=status):
        written(invoice(100_00, status=status), 1)


@pytest.mark.parametrize("status", ["void", "written_off"])
def test_what_went_meanwhile_is_not_credited(status: str) -> None:
    """The invoice is looked at again when the note is approved."""
    one = invoice(100_00)
    note = written(one, 30_00)

    with pytest.raises(NotIssued, match=f"is {status}; only what is owed or paid is credited"):
        approve(note, by="pedro", on=ON, at=AT, invoice=attrs.evolve(one, status=status))


# ---- where it goes ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("paid", "rest", "expected", "left", "status"),
    [
        (0, CREDIT, (36_00, 0, 0), 84_00, "issued"),
        (100_00, CREDIT, (20_00, 16_00, 0), 0, "paid"),
        (100_00, REFUND, (20_00, 0, 16_00), 0, "paid"),
        (120_00, CREDIT, (0, 36_00, 0), 0, "paid"),
        (120_00, REFUND, (0, 0, 36_00), 0, "paid"),
    ],
)
def test_what_is_open_first(
    paid: int, rest: str, expected: tuple[int, int, int], left: int, status: str
) -> None:
    """120.00, note 30 net = 36.00: 84.00 open; 20.00 and 16.00; all of it (spec: billing 7)."""
    one = settled(invoice(100_00), paid=eur(paid), credited=eur(0))
    done, is_open = applied(one, 30_00, paid, rest=rest)

    assert expected == (
        done.applied.to_open.minor,
        done.applied.to_credit.minor,
        done.applied.to_refund.minor,
    )
    assert (left, status, "applied") == (is_open, done.invoice.status, done.note.status)
    assert (done.note, done.invoice) == done.effects.records


def test_a_refund_with_a_note_leaves_nothing_open() -> None:
    """233.82 paid, credited and refunded: nothing is open before or after (spec: billing 7)."""
    one = settled(invoice(194_85), paid=eur(233_82), credited=eur(0))
    done, before = applied(one, 194_85, 233_82, rest=REFUND)
    given = credited_of([done.note], "EUR")

    assert (eur(233_82), 0) == (done.note.total, before)
    assert eur(0) == open_amount(done.invoice, paid=eur(0), credited=given)


@pytest.mark.parametrize(
    ("potential", "paid", "given", "expected"),
    [(300, 200, 50, 150), (100, 200, 180, 20), (-5, 200, 0, 0), (100, 50, 80, 0)],
)
def test_no_more_goes_back_than_was_paid(
    potential: int, paid: int, given: int, expected: int
) -> None:
    """300/200/50 -> 150; 100/200/180 -> 20; negative -> 0 (spec: billing 0.6)."""
    assert eur(expected) == refundable(eur(potential), paid=eur(paid), given=eur(given))


def test_a_debt_that_is_not_open_is_not_cancelled() -> None:
    """Paid in full, the note must go to the customer, and says so."""
    one = settled(invoice(100_00), paid=eur(120_00), credited=eur(0))

    with pytest.raises(NotOpen, match=r"would cancel 36\.00 EUR of debt, and 0\.00 EUR is open"):
        applied(one, 30_00, 120_00, whole_to=DEBT)


@pytest.mark.parametrize("whole_to", [CREDIT, REFUND])
def test_what_was_not_paid_is_not_given_back(whole_to: str) -> None:
    """An unpaid invoice gives nobody credit."""
    with pytest.raises(NotPaid, match=r"would give back 36\.00 EUR, and 10\.00 EUR was paid"):
        applied(invoice(100_00), 30_00, 10_00, whole_to=whole_to)


def test_a_note_may_go_to_one_place_alone() -> None:
    """36.00 of credit although 20.00 is open; or off a debt of 120.00, and nowhere else."""
    one = invoice(100_00)
    as_credit, is_open = applied(one, 30_00, 100_00, whole_to=CREDIT)
    off_debt, left = applied(one, 30_00, 0, whole_to=DEBT)

    assert (eur(36_00), 20_00) == (as_credit.applied.to_credit, is_open)
    assert (eur(36_00), 84_00) == (off_debt.applied.to_open, left)


def test_what_was_given_back_before_is_not_paid_any_more() -> None:
    """Of 120.00 paid 72.00 became credit and 36.00 waits for its refund: 12.00 is left."""
    one = settled(invoice(100_00), paid=eur(120_00), credited=eur(0))
    first, _ = applied(one, 60_00, 120_00)
    second, _ = applied(one, 30_00, 120_00, rest=REFUND, notes=[first.note])
    third, _ = applied(one, 10_00, 120_00, notes=[first.note, second.note], whole_to=CREDIT)

    assert eur(12_00) == third.applied.to_credit
    with pytest.raises(OverCredited):
        applied(one, 1, 120_00, notes=[first.note, second.note, third.note])


@pytest.mark.parametrize(
    ("paid", "expected"), [(0, ADJUSTMENT), (120_00, REFUND_NOTE), (100_00, REFUND_NOTE)]
)
def test_the_type_of_a_note(paid: int, expected: str) -> None:
    """Unpaid debt is adjusted; what gives paid money back is a refund."""
    assert expected == applied(invoice(100_00), 100_00, paid)[0].applied.type


@pytest.mark.parametrize(
    "how", [{"rest": DEBT}, {"rest": "elsewhere"}, {"whole_to": "elsewhere"}], ids=str
)
def test_there_are_three_places(how: Mapping[str, str]) -> None:
    """Nothing goes anywhere else."""
    with pytest.raises(ValueError, match="goes to debt, credit or refund"):
        applied(invoice(100_00), 30_00, 0, **how)


def test_a_note_is_applied_to_its_invoice_once() -> None:
    """Not to another one, not before it is approved, and not twice."""
    one = invoice(100_00)
    note = approved(one, 30_00)
    done = apply(note, invoice=one, paid=eur(0), notes=[note])

    with pytest.raises(ValueError, match=r"of invoice .* goes to"):
        apply(note, invoice=attrs.evolve(one, id="inv_2"), paid=eur(0), notes=())
    with pytest.raises(IllegalTransition, match="apply needs approved"):
        apply(written(one, 1), invoice=one, paid=eur(0), notes=())
    with pytest.raises(IllegalTransition, match="is applied; apply needs approved"):
        apply(done.note, invoice=one, paid=eur(0), notes=())


def test_a_job_does_it_in_one_decision() -> None:
    """A run drafts, approves and applies at once: it has one pair of eyes."""
    one = invoice(100_00)
    note = draft(one, {one.lines[0].id: eur(30_00)}, earlier=(), reason="not held")
    plain = issue(note, on=ON, at=AT, invoice=one).note
    with_money = issue(note, on=ON, at=AT, invoice=one, paid=eur(120_00)).note

    assert Applied(to_open=eur(36_00), to_credit=eur(0), to_refund=eur(0)) == plain.applied
    assert Applied(to_open=eur(0), to_credit=eur(36_00), to_refund=eur(0)) == with_money.applied
    assert ("applied", "", "") == (plain.status, plain.created_by, plain.approved_by)


@given(st.lists(st.integers(1, 60_00), min_size=1, max_size=4), st.integers(0, 120_00))
def test_all_of_a_note_goes_somewhere(nets: list[int], paid: int) -> None:
    """To open, to credit and to refund together are the note; open never goes below zero."""
    one = settled(invoice(100_00), paid=eur(paid), credited=eur(0))
    notes: list[CreditNote] = []
    back = 0
    for n, net in enumerate(nets):
        try:
            done, _ = applied(one, net, paid, notes=notes, rest=(CREDIT, REFUND)[n % 2])
        except OverCredited:
            continue
        notes.append(done.note)
        one = done.invoice
        back += (done.applied.to_credit + done.applied.to_refund).minor
        assert done.note.total == done.applied.total

    assert back <= paid
    assert sum(note.total.minor for note in notes) <= one.total.minor


# ---- void ------------------------------------------------------------------------------------
def commit(store: MemoryStore, key: str, decision: Decision, *read: Any) -> None:
    """Store a decision that was based on what was *read*."""
    changes = changes_of(
        decision,
        key=key,
        request=request(key),
        actor="pedro",
        reason="test",
        at=AT,
        expects=tuple(expect(each) for each in read),
    )
    store.commit(changes)


def test_a_void_note_opens_the_debt_again() -> None:
    """Approved, applied in full, void: the wallet, the taxes and the invoice are as before."""
    store = MemoryStore()
    lines = [line("x", item="x", on=ON, price=Rate.of(eur(100_00)))]
    made = taxed(by_hand("1", customer="ana", lines=lines, on=ON), {"": [VAT]})
    commit(store, "issue", issue_invoice(made, on=ON, due_on=DUE, at=AT))
    read = store.load(Invoice, made.id)
    assert read is not None
    wallets = ("customer:ana", "platform", "liability:tax:vat")
    before = [store.balance(wallet, "EUR").posted for wallet in wallets]
    note = written(read.record, 100_00)
    commit(store, "approve", approve(note, by="pedro", on=ON, at=AT, invoice=read.record))
    stored = store.load(CreditNote, note.id)
    assert stored is not None
    done = apply(stored.record, invoice=read.record, paid=eur(0), notes=[stored.record])
    commit(store, "apply", done, stored, read)
    paid_off = [store.balance(wallet, "EUR").posted for wallet in wallets]
    again = store.load(CreditNote, note.id)
    closed = store.load(Invoice, made.id)
    assert again is not None
    assert closed is not None
    gone = void(
        again.record, on=ON, at=AT, invoice=closed.record, paid=eur(0), notes=[again.record]
    )
    commit(store, "void", gone, again, closed)

    assert [-120_00, 100_00, 20_00] == before
    assert [0, 0, 0] == paid_off
    assert before == [store.balance(wallet, "EUR").posted for wallet in wallets]
    assert gone.invoice is not None
    assert ("paid", "issued", "void", "CN-2026-00001") == (
        closed.record.status,
        gone.invoice.status,
        gone.note.status,
        gone.note.number,
    )


def test_a_note_is_void_before_it_is_applied() -> None:
    """A draft and one that waits simply end; an approved one is reversed."""
    one = invoice(100_00)
    waiting = written(one, 30_00)
    plain = attrs.evolve(waiting, status="draft")
    posted = void(approved(one, 30_00), on=ON, at=AT)

    assert [("void", ()), ("void", ())] == [
        (each.note.status, each.effects.journals)
        for each in (void(plain, on=ON, at=AT), void(waiting, on=ON, at=AT))
    ]
    assert (("void", (posted.note,)), 1) == (
        (posted.note.status, posted.effects.records),
        len(posted.journals),
    )
    with pytest.raises(IllegalTransition):
        void(posted.note, on=ON, at=AT)


def test_money_given_back_is_not_void() -> None:
    """What became credit or a refund may be spent (spec: billing 7)."""
    done, _ = applied(invoice(100_00), 30_00, 110_00)

    with pytest.raises(CreditSpent, match="became credit or a refund of the customer; charge"):
        void(done.note, on=ON, at=AT)


def test_a_note_that_made_room_is_not_void() -> None:
    """The replaced invoice would be owed beside the one that replaces it."""
    one, note = fully_credited()
    again = reissue(one, one.lines, notes=[note])

    with pytest.raises(CreditSpent, match=f"made room for invoice '{again.id}'; charge"):
        void(note, on=ON, at=AT, invoice=one, paid=eur(0), notes=[note], others=[one, again])
    gone = [attrs.evolve(again, status="void")]
    done = void(note, on=ON, at=AT, invoice=one, paid=eur(0), notes=[note], others=gone)
    assert "void" == done.note.status


def test_an_undone_charge_is_not_void() -> None:
    """A session whose charge was undone is charged anew; no reversal is reversed."""
    session = Journal(
        id=booking_id("s1", "", ON),
        kind="session.charged",
        entries=(
            Entry("customer:ana", eur(-50_00)),
            Entry("supplier:tom", eur(30_00)),
            Entry("platform", eur(20_00)),
        ),
        effective_at=AT,
        event=Event("session", "s1"),
    )
    charged = line("s1", item="maths", on=ON, price=Rate.of(eur(50_00)), journal=session.id)
    made = by_hand("1", customer="ana", lines=[charged], on=ON)
    one = issue_invoice(made, on=ON, due_on=DUE, at=AT).invoice
    note = draft(one, {charged.id: eur(50_00)}, earlier=(), reason="not held")
    done = issue(note, on=ON, at=AT, invoice=one, undoes={charged.id: session}).note

    assert session.id == done.lines[0].undoes
    with pytest.raises(CreditSpent, match="undid the charge itself"):
        void(done, on=ON, at=AT, invoice=one, paid=eur(0))


@pytest.mark.parametrize(
    "given", [{}, {"paid": eur(0)}, {"invoice": invoice(100_00)}], ids=["none", "paid", "invoice"]
)
def test_void_of_an_applied_note_needs_its_invoice(given: Mapping[str, Any]) -> None:
    """Else nobody could tell what is open afterwards."""
    done, _ = applied(invoice(100_00), 30_00, 0)

    with pytest.raises(ValueError, match="was applied to invoice"):
        void(done.note, on=ON, at=AT, **given)


# ---- corrected invoices ----------------------------------------------------------------------
def fully_credited() -> tuple[Invoice, CreditNote]:
    """Return an invoice and the note that credits all of it."""
    one = invoice(100_00, 50_00)
    return one, applied_in_full(one)


def applied_in_full(one: Invoice) -> CreditNote:
    """Return the note that credits all that is left."""
    note = draft(one, creditable(one, ()), earlier=(), reason="wrong address")
    return issue(note, on=ON, at=AT, invoice=one).note


def test_an_invoice_is_written_anew() -> None:
    """Credited in full, it is replaced by a draft that names it (conformance mt-cn-reissue)."""
    one, note = fully_credited()
    again = reissue(one, one.lines[:1], notes=[note])
    (line,) = again.lines

    assert ("draft", one.id, one.customer, eur(100_00), ()) == (
        again.status,
        again.corrects,
        again.customer,
        again.total,
        again.taxes,
    )
    assert ("x0", None, None) == (line.source, line.discount, line.journal)
    assert line.id != one.lines[0].id
    assert eur(120_00) == taxed(again, {"": [VAT]}).total


def test_a_partial_credit_replaces_nothing() -> None:
    """What still stands would be charged twice; so would what another invoice's notes credit."""
    one, note = fully_credited()

    with pytest.raises(NotCreditedInFull, match=r"has 50\.00 EUR before tax that is not credited"):
        reissue(one, one.lines, notes=[approved(one, 100_00)])
    with pytest.raises(NotCreditedInFull):
        reissue(one, one.lines, notes=[attrs.evolve(note, invoice="inv_9")])


def test_an_invoice_is_written_anew_once() -> None:
    """The second time the replacement is corrected instead; a void one stands in no way."""
    one, note = fully_credited()
    first = reissue(one, one.lines, notes=[note])

    with pytest.raises(AlreadyCorrected, match=f"was replaced by '{first.id}'"):
        reissue(one, one.lines, notes=[note], others=[one, first])
    again = reissue(one, one.lines, notes=[note], others=[attrs.evolve(first, status="void")])
    assert first.id != again.id


def test_a_void_invoice_is_written_anew() -> None:
    """It needs no credit: nothing of it stands."""
    one = invoice(100_00, status="void")

    assert one.id == reissue(one, one.lines, notes=()).corrects


# ---- documents with lines that give back -----------------------------------------------------
def test_lines_that_gave_back_are_taken_back() -> None:
    """An upgrade charged 10.97 and gave 5.48: the full credit mirrors both, 5.49 before tax."""
    one = invoice(10_97, -5_48)
    note = draft(one, creditable(one, ()), earlier=(), reason="a mistake")

    assert [10_97, -5_48] == [li.amount.minor for li in note.lines]
    assert (one.net, one.tax, one.total) == (note.net, note.tax, note.total)


def test_the_whole_invoice_caps_its_notes() -> None:
    """10.97 of an invoice of 5.49 cannot go back alone."""
    one = invoice(10_97, -5_48)

    with pytest.raises(
        InvoiceOverCredited, match=r"6\.58 EUR and 0\.00 EUR is credited; 13\.16 EUR asked"
    ):
        written(one, 10_97)


@pytest.mark.parametrize("nets", [(10_97, 5_48), (10_97, -5_49), (-1, -5_48)])
def test_a_credit_has_the_sign_of_its_line(nets: tuple[int, int]) -> None:
    """What charged is given back, what gave back is taken back, each no further than it went."""
    with pytest.raises(OverCredited):
        written(invoice(10_97, -5_48), *nets)


# ---- records ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"taxes": ()}, "has other taxes than its lines together"),
        ({"applied": Applied(to_open=eur(1), to_credit=eur(0), to_refund=eur(0))}, "was applied"),
    ],
)
def test_note_says_what_its_lines_say(fields: dict[str, Any], message: str) -> None:
    """Taxes are those of the lines, and where it went is all of it."""
    with pytest.raises(ValueError, match=message):
        attrs.evolve(written(invoice(100_00), 30_00), **fields)


def test_no_part_of_a_note_is_negative() -> None:
    """A note takes nothing from anywhere."""
    with pytest.raises(ValueError, match="no part of a credit note is below 0"):
        Applied(to_open=eur(2), to_credit=eur(-1), to_refund=eur(0))


@pytest.mark.parametrize("taxes", [["vat"], ("vat",)])
def test_taxes_of_a_credit_line_are_taxes(taxes: Any) -> None:
    """A credit line is valid from birth."""
    note = written(invoice(100_00), 30_00)

    with pytest.raises(TypeError, match="must be a tuple of TaxAmount"):
        attrs.evolve(note.lines[0], taxes=taxes)
