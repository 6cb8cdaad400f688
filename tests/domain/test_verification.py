"""Verification: each thing that cannot be is built by hand, and named; sound books pass."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import credit_notes, payouts
from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.changes import Decision, Number, changes_of, expect, request
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_notes import CreditLine, CreditNote, imported
from ledgerkit.domain.invoices import Invoice, issue, line
from ledgerkit.domain.ledger import (
    Balance,
    Entry,
    Event,
    Journal,
    Limit,
    Posted,
    TooFewLegs,
    Wallet,
)
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.packages import Package
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.tax import TaxAmount
from ledgerkit.domain.transfers import Transfer, settle, settle_reversal
from ledgerkit.domain.verification import (
    Checked,
    Problem,
    balances_problems,
    billed_twice_problems,
    completion_problems,
    invoice_problems,
    loose_note_problems,
    number_problems,
    package_problems,
    payout_problems,
    transfer_problems,
    work_problems,
)
from tests.domain.billing_run.test_laws import AUTUMN, worlds
from tests.domain.billing_run.world import (
    DECEMBER_1,
    NOVEMBER_1,
    OCTOBER,
    World,
    eur,
    incentive,
    package,
    session,
    unapproved,
)
from tests.domain.told import AT, told, usd, waiting

FOURTEEN = tuple(session(n, n) for n in range(1, 15))


# ---- books to look at ------------------------------------------------------------------------
def billed() -> World:
    """Return a world with covered, charged, credited and paid sessions, and a tax."""
    world = World(sessions=FOURTEEN, incentives=(incentive(),)).buy(package())
    world.run()
    world.tell(unapproved(FOURTEEN[13]))
    world.run(NOVEMBER_1 + timedelta(days=1))
    (payout,) = world.all(Payout)
    store(world, "pay", payouts.pay(payout, reference="T-1", at=DECEMBER_1), read=payout)
    store(world, "tax", issue(taxed(), on=AUTUMN.start, due_on=AUTUMN.end, at=NOVEMBER_1))
    store(world, "import", imported_note())
    return world


def store(world: World, key: str, decision: Decision, *, read: Payout | None = None) -> None:
    """Commit *decision* on top of the record that was *read*."""
    changes = changes_of(
        decision, key=key, request=request(key), actor="maria", reason=key, at=DECEMBER_1
    )
    if read is not None:
        versions = [v for v in world.read(type(read)) if v.record.id == read.id]
        changes = attrs.evolve(changes, expects=tuple(expect(version) for version in versions))
    world.store.commit(changes)


def taxed() -> Invoice:
    """Return a draft of 3 x 0.335 = 1.01 and 0.21 of tax, posted when it is issued."""
    charged = line("x", item="x", on=AUTUMN.start, price=Rate(Fraction(67, 2), "EUR"), quantity=3)
    tax = TaxAmount("vat", Fraction(21, 100), eur("1.01"), eur("0.21"))
    return Invoice(id="inv_x", customer="ana", currency="EUR", lines=(charged,), taxes=(tax,))


def imported_note() -> credit_notes.Credited:
    """Return a note of another system over 3.00."""
    given = CreditLine(
        id="crl_1", line=None, source="C1", item="x", on=AUTUMN.start, amount=eur("3")
    )
    return imported(
        "C1",
        customer="ana",
        currency="EUR",
        lines=(given,),
        reason="returned",
        on=AUTUMN.start,
        at=NOVEMBER_1,
    )


def fed(posted: Iterable[Posted]) -> Checked:
    """Return what a pass over *posted* adds up to."""
    checked = Checked()
    for each in posted:
        checked.feed(each)
    return checked


def journals(world: World) -> tuple[Posted, ...]:
    """Return every journal of *world*."""
    return world.store.journals(limit=10_000).items


def problems(world: World) -> list[Problem]:
    """Return all that is wrong with the books of *world*."""
    checked = fed(journals(world))
    notes, invoices = world.all(CreditNote), world.all(Invoice)
    found = [
        *checked.problems,
        *balances_problems(checked, world.store.balances(), world.store.wallets()),
        *number_problems(world.store.numbers(), [*invoices, *notes]),
        *billed_twice_problems(invoices, checked),
        *completion_problems(world.all(Completion), world.all(Adjustment), checked),
        *work_problems(world.all(Completion), invoices, notes, checked),
        *loose_note_problems([n for n in notes if n.invoice is None], checked),
        *payout_problems(world.all(Payout), checked),
        *package_problems(world.all(Package), checked),
    ]
    for invoice in invoices:
        found += invoice_problems(invoice, [n for n in notes if n.invoice == invoice.id], checked)
    return found


def codes(found: Iterable[Problem]) -> list[str]:
    """Return what is broken."""
    return [problem.code for problem in found]


def test_sound_books_have_no_problems() -> None:
    """Covered, charged, taxed, credited and paid: everything holds."""
    world = billed()

    assert [] == problems(world)
    assert 20 == len(journals(world))


@given(worlds(), st.lists(st.sets(st.integers(0, 11)), max_size=3))
def test_nothing_is_found_after_any_runs(world: World, rounds: list[set[int]]) -> None:
    """However often sessions are un-approved and billed again, the books hold."""
    at = NOVEMBER_1
    for changed in rounds:
        world.run(at, OCTOBER)
        told = [s for n, s in enumerate(world.sessions) if n in changed]
        world.tell(*(unapproved(s) for s in told))
        at += timedelta(days=3)
    world.run(DECEMBER_1, AUTUMN)

    assert [] == problems(world)


# ---- journals --------------------------------------------------------------------------------
def posted(*legs: tuple[str, int], n: int = 1, id: str = "", **fields: Any) -> Posted:
    """Return journal number *n* with *legs* in cents."""
    journal = Journal(
        id=id or f"jrn_{n}",
        kind="moved",
        entries=tuple(Entry(wallet, Money(minor, "EUR")) for wallet, minor in legs),
        effective_at=datetime(2026, 10, 1, tzinfo=UTC),
        **fields,
    )
    return Posted(journal=journal, sequence=n, recorded_at=NOVEMBER_1, changes="k")


def moved(n: int = 1, id: str = "", **fields: Any) -> Posted:
    """Return journal number *n*, which moves five cents from a to b."""
    return posted(("a", -5), ("b", 5), n=n, id=id, **fields)


def off_by(cents: int) -> Posted:
    """Return a journal whose second leg was edited in the store: it cannot be built as it is."""
    broken = moved()
    entries = (broken.journal.entries[0], Entry("b", Money(5 + cents, "EUR")))
    object.__setattr__(broken.journal, "entries", entries)
    return broken


def test_an_unbalanced_journal() -> None:
    """A leg that was edited is found in its journal, by how much and in which currency."""
    (problem,) = fed([off_by(2)]).problems

    assert Problem("unbalanced", "jrn_1", "journal jrn_1 is off by 2 EUR") == problem


@pytest.mark.parametrize(
    ("code", "reason", "given"),
    [
        ("journal_missing", "journal jrn_2 is number 2, expected 1", [moved(2)]),
        (
            "journal_missing",
            "journal jrn_4 is number 4, expected 3",
            [moved(1), moved(2), moved(4)],
        ),
        ("journal_twice", "journal a is posted again as 2", [moved(1, "a"), moved(2, "a")]),
        (
            "event_twice",
            "journal jrn_2 books session:s1, so does jrn_1",
            [moved(n, event=Event("session", "s1")) for n in (1, 2)],
        ),
        (
            "reverses_nothing",
            "journal jrn_1 reverses jrn_0, not posted",
            [moved(1, reverses="jrn_0")],
        ),
    ],
    ids=["first", "later", "twice", "event", "reverses"],
)
def test_a_journal_out_of_place(code: str, reason: str, given: list[Posted]) -> None:
    """Journals are numbered from 1 without gaps, each once, and so are the facts they book."""
    (problem,) = fed(given).problems

    assert (code, reason) == (problem.code, problem.reason)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("too_few_legs", TooFewLegs("jrn_2", 1)),
        ("journal_unreadable", ValueError("no such date")),
    ],
    ids=["refused", "other"],
)
def test_a_journal_that_cannot_be_read(code: str, error: Exception) -> None:
    """It is named by its number with the reason, and the next one is in its place."""
    checked = fed([moved(1)])
    checked.pass_over(error)
    checked.feed(moved(3))

    assert [Problem(code, "journal number 2", str(error))] == checked.problems


def test_journals_in_place() -> None:
    """Different facts, and a reversal of what was posted before it, are as they should be."""
    given = [
        moved(1, event=Event("session", "s1")),
        moved(2, event=Event("session", "s1", "2")),
        moved(3, reverses="jrn_1"),
    ]

    assert [] == fed(given).problems


# ---- balances --------------------------------------------------------------------------------
def found_in_balances(
    *given: Posted, balances: dict[tuple[str, str], int] | None = None, **limits: Any
) -> list[tuple[str, str]]:
    """Return (code, reason) of what is wrong with wallets a and b after journals *given*."""
    checked = fed(given)
    held = dict(checked.sums) if balances is None else balances
    wallets = [Wallet(id, (limits[id],) if id in limits else ()) for id in ("a", "b")]
    found = balances_problems(checked, {k: Balance(v) for k, v in held.items()}, wallets)
    return [(problem.code, problem.reason) for problem in found]


def test_balances_as_they_should_be() -> None:
    """A balance that is the sum of its entries, within limits that include their bounds."""
    limits: dict[str, Any] = {
        "a": Limit("EUR", floor=-5, ceiling=-5),
        "b": Limit("EUR", floor=5, ceiling=5),
    }

    assert [] == found_in_balances(moved(), **limits)


@pytest.mark.parametrize(
    ("reason", "balances"),
    [
        ("b EUR has a balance of 4, its entries sum to 5", {("a", "EUR"): -5, ("b", "EUR"): 4}),
        ("b EUR has a balance of 0, its entries sum to 5", {("a", "EUR"): -5}),
        (
            "a GBP has a balance of 1, its entries sum to 0",
            {("a", "EUR"): -5, ("a", "GBP"): 1, ("b", "EUR"): 5},
        ),
    ],
    ids=["edited", "lost", "made"],
)
def test_a_balance_that_differs(reason: str, balances: dict[tuple[str, str], int]) -> None:
    """A balance is the sum of its entries, whichever of the two was edited."""
    assert [("balance_differs", reason)] == found_in_balances(moved(), balances=balances)


def test_a_wallet_that_was_never_opened() -> None:
    """Entries on a wallet without a policy are found."""
    assert [("unknown_wallet", "c has entries and was never opened")] == found_in_balances(
        posted(("a", -5), ("c", 5))
    )


def test_a_wallet_below_its_floor() -> None:
    """-5 is below a floor of -4, unless somebody allowed it. (spec: ledger 3, 5)"""
    floor = Limit("EUR", floor=-4)

    assert [("below_floor", "a EUR holds -5, below its floor of -4")] == found_in_balances(
        moved(), a=floor
    )
    assert [] == found_in_balances(moved(forced_by="maria"), a=floor)


def test_a_wallet_below_a_floor_set_later() -> None:
    """-5 was there when the floor of -4 was set; -4 was not, so something was taken since."""
    checked = Checked()
    checked.feed(moved())
    wallets = Wallet("a", (Limit("EUR", floor=-4),)), Wallet("b")
    balances = {("a", "EUR"): Balance(-5), ("b", "EUR"): Balance(5)}
    codes = [
        [each.code for each in balances_problems(checked, balances, wallets, when_limited=held)]
        for held in ({("a", "EUR"): -5}, {("a", "EUR"): -4})
    ]

    assert [[], ["below_floor"]] == codes


def test_a_wallet_above_its_ceiling() -> None:
    """5 is above a ceiling of 4, whoever forced a floor."""
    ceiling = Limit("EUR", ceiling=4)
    expected = [("above_ceiling", "b EUR holds 5, above its ceiling of 4")]

    assert expected == found_in_balances(moved(), b=ceiling)
    assert expected == found_in_balances(moved(forced_by="maria"), b=ceiling)


# ---- numbers ---------------------------------------------------------------------------------
def drawn(n: int, record: str, *, counter: str = "INV") -> Number:
    """Return the number *n* given to *record*."""
    return Number(counter, n, f"{counter}-{n}", record)


def numbered(id: str, number: str | None, **fields: Any) -> Invoice:
    """Return an issued invoice with a number."""
    return attrs.evolve(taxed(), id=id, number=number, **({"status": "issued"} | fields))


def test_numbers_without_gaps() -> None:
    """Each series counts for itself and may begin anywhere; drafts have no number."""
    numbers = [drawn(8, "b"), drawn(7, "a"), drawn(1, "c", counter="CN")]
    documents = [
        numbered("a", "INV-7"),
        numbered("b", "INV-8"),
        numbered("c", "CN-1", reference="old"),
        numbered("d", "2019-4", reference="2019-4"),
        numbered("e", None, status="draft"),
    ]

    assert () == number_problems(numbers, documents)


@pytest.mark.parametrize(
    ("expected", "numbers", "documents"),
    [
        (
            ("number_gap", "INV", "series INV goes from 1 (INV-1) to 3"),
            [drawn(1, "a"), drawn(3, "b")],
            [numbered("a", "INV-1"), numbered("b", "INV-3")],
        ),
        (
            ("number_gap", "INV", "series INV goes from 1 (INV-1) to 1"),
            [drawn(1, "a"), drawn(1, "b")],
            [numbered("a", "INV-1"), numbered("b", "INV-1")],
        ),
        (
            ("number_twice", "a", "a has the numbers INV-1 and INV-2"),
            [drawn(1, "a"), drawn(2, "a")],
            [numbered("a", "INV-1")],
        ),
        (
            ("number_differs", "a", "document a has number INV-9, drawn was INV-1"),
            [drawn(1, "a")],
            [numbered("a", "INV-9")],
        ),
        (
            ("number_differs", "a", "document a has number None, drawn was INV-1"),
            [drawn(1, "a")],
            [numbered("a", None)],
        ),
        (
            ("number_differs", "a", "document a has number INV-1, drawn was None"),
            [],
            [numbered("a", "INV-1")],
        ),
        (
            ("number_differs", "a", "document a has number None, drawn was None"),
            [],
            [numbered("a", None)],
        ),
        (
            ("number_differs", "a", "document a has number 2019-5, drawn was 2019-4"),
            [],
            [numbered("a", "2019-5", reference="2019-4")],
        ),
        (
            ("number_differs", "a", "document a has number INV-1, drawn was None"),
            [],
            [numbered("a", "INV-1", status="draft")],
        ),
        (
            (
                "number_without_document",
                "a",
                "number INV-1 was drawn for a, which has no document",
            ),
            [drawn(1, "a")],
            [],
        ),
    ],
    ids=["gap", "repeat", "two", "other", "lost", "made", "none", "brought", "draft", "alone"],
)
def test_a_number_out_of_place(
    expected: tuple[str, str, str], numbers: list[Number], documents: list[Invoice]
) -> None:
    """Numbers have no gaps, and each is the one that its document shows. (spec: billing 13.9)"""
    assert (Problem(*expected),) == number_problems(numbers, documents)


# ---- invoices and credit notes ---------------------------------------------------------------
def found_in_invoice(
    world: World, invoice: Invoice, *notes: CreditNote, without: str = ""
) -> list[str]:
    """Return what is wrong with *invoice* in the books of *world*, *without* a journal's event."""
    checked = fed(journals(world))
    checked.events = {e: j for e, j in checked.events.items() if str(e) != without}
    return codes(invoice_problems(invoice, notes, checked))


def invoice_of(world: World, number: str) -> Invoice:
    """Return the invoice *number*."""
    return next(invoice for invoice in world.all(Invoice) if invoice.number == number)


def with_line(invoice: Invoice, place: int, **fields: Any) -> Invoice:
    """Return *invoice* with other *fields* in one of its lines."""
    lines = list(invoice.lines)
    lines[place] = attrs.evolve(lines[place], **fields)
    return attrs.evolve(invoice, lines=tuple(lines))


COVERED, CHARGED = 0, -1
MONTHS, TAXED = "INV-2026-00001", "INV-2026-00002"


@pytest.mark.parametrize(
    ("expected", "number", "place", "fields"),
    [
        ([], MONTHS, CHARGED, {}),
        (["line_differs", "charge_differs"], MONTHS, CHARGED, {"amount": eur("51")}),
        (["line_differs"], MONTHS, CHARGED, {"unit_price": Fraction(5100)}),
        (["line_differs"], MONTHS, CHARGED, {"quantity": Fraction(2)}),
        (["charge_differs"], MONTHS, CHARGED, {"amount": eur("51"), "unit_price": Fraction(5100)}),
        (["charge_differs", "credit_differs"], MONTHS, CHARGED, {"journal": "jrn_none"}),
        (["line_differs"], MONTHS, COVERED, {"amount": eur("1")}),
        (["charge_differs"], MONTHS, COVERED, {"journal": "jrn_none"}),
        (["line_differs", "charge_differs"], TAXED, CHARGED, {"amount": eur("1")}),
        (["line_differs"], TAXED, CHARGED, {"trace": (("rounding", "down"),)}),
        (["line_differs"], TAXED, CHARGED, {"trace": (("rounding", "away"),)}),
        ([], TAXED, CHARGED, {"trace": ()}),
        (["charge_differs", "charge_differs"], TAXED, CHARGED, {"journal": "jrn_none"}),
    ],
    ids=range(13),
)
def test_a_line_that_differs(
    expected: list[str], number: str, place: int, fields: dict[str, Any]
) -> None:
    """A line is what its price comes to, and what its journal or its invoice's charged."""
    world = billed()
    notes = [n for n in world.all(CreditNote) if n.invoice == invoice_of(world, number).id]
    found = found_in_invoice(world, with_line(invoice_of(world, number), place, **fields), *notes)

    assert expected == found


def test_a_line_that_differs_says_so() -> None:
    """The sentence names the invoice by its number, with the figures of both sides."""
    world = billed()
    invoice = with_line(invoice_of(world, TAXED), 0, amount=eur("1"))
    found = invoice_problems(invoice, [], fed(journals(world)))

    assert [
        f"invoice {TAXED}: line {invoice.lines[0].id} is 100, its price says 101",
        f"invoice {TAXED}: it comes to 100, its journal invoice.charged charged 101",
    ] == [problem.reason for problem in found]
    assert {invoice.id} == {problem.subject for problem in found}


@pytest.mark.parametrize(
    ("expected", "fields", "without"),
    [
        ([], {}, ""),
        (["tax_differs"], {"taxes": ()}, ""),
        (["tax_differs"], {}, "invoice:inv_x:invoice.taxed"),
        (["charge_differs"], {}, "invoice:inv_x:invoice.charged"),
        (["charge_differs", "tax_differs"], {"status": "draft"}, ""),
    ],
    ids=["sound", "edited", "tax lost", "charge lost", "draft"],
)
def test_what_issuing_posted_differs(
    expected: list[str], fields: dict[str, Any], without: str
) -> None:
    """Lines without a journal and taxes are posted when the invoice is issued. (spec: 5a)"""
    world = billed()
    invoice = attrs.evolve(invoice_of(world, TAXED), **fields)

    assert expected == found_in_invoice(world, invoice, without=without)


def credited_month(world: World) -> tuple[Invoice, CreditNote]:
    """Return the invoice of the month and the note of its session that was un-approved."""
    invoice = invoice_of(world, MONTHS)
    return invoice, next(n for n in world.all(CreditNote) if n.invoice == invoice.id)


def with_credit(note: CreditNote, **fields: Any) -> CreditNote:
    """Return *note* with other *fields* in its line."""
    return attrs.evolve(note, lines=(attrs.evolve(note.lines[0], **fields),), applied=None)


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        ([], {}),
        (["over_credited", "credit_differs"], {"amount": eur("51")}),
        (["credit_differs"], {"amount": eur("49")}),
        (["credit_of_nothing"], {"line": "lin_none"}),
    ],
    ids=["sound", "over", "under", "unknown"],
)
def test_a_credit_that_differs(expected: list[str], fields: dict[str, Any]) -> None:
    """Notes give back what journals gave, of lines that are there, and no more. (billing 0.6)"""
    world = billed()
    invoice, note = credited_month(world)

    assert expected == found_in_invoice(world, invoice, with_credit(note, **fields))


def test_a_charge_taken_back_without_a_note() -> None:
    """A reversal gives money back; the customer must have a document that says so."""
    world = billed()
    invoice, _ = credited_month(world)

    assert ["credit_differs"] == found_in_invoice(world, invoice)


def test_a_draft_note_has_no_effect() -> None:
    """A note that is not issued gives nothing back; journals of one are too much. (spec: 7)"""
    world = billed()
    invoice, note = credited_month(world)
    draft = attrs.evolve(note, id="crn_x", status="draft", issued_on=None)

    assert [] == found_in_invoice(world, invoice, note, draft)
    assert ["credit_differs"] == found_in_invoice(
        world, invoice, attrs.evolve(note, status="draft")
    )


def by_hand(world: World, cents: int) -> None:
    """Credit some of the first charged session of the month by hand."""
    invoice = invoice_of(world, MONTHS)
    charged = next(li for li in invoice.lines if li.package is None)
    note = credit_notes.draft(
        invoice, {charged.id: Money(cents, "EUR")}, earlier=(), reason="a gift"
    )
    on = date(2026, 11, 2)
    store(
        world, "gift", credit_notes.issue(note, on=on, at=NOVEMBER_1, invoice=invoice, earlier=())
    )


@pytest.mark.parametrize("cents", [1_000, 5_000])
@pytest.mark.parametrize("days", [1, 2], ids=["same day", "next day"])
def test_a_credit_by_hand_and_then_undone(cents: int, days: int) -> None:
    """Credited by the platform and un-approved later, on that day or another: all holds."""
    world = World(sessions=FOURTEEN).buy(package())
    world.run()
    by_hand(world, cents)
    world.tell(unapproved(FOURTEEN[10]))
    world.run(NOVEMBER_1 + timedelta(days=days))

    assert [] == problems(world)


def test_a_loose_note() -> None:
    """An imported note has a journal of its own over what it says."""
    world = billed()
    checked = fed(journals(world))
    (note,) = [n for n in world.all(CreditNote) if n.invoice is None]
    edited = with_credit(note, amount=eur("4"))

    assert () == loose_note_problems([note], checked)
    assert (
        Problem(
            "credit_differs",
            note.id,
            f"credit note {note.number} gives back 400, its journal 300",
        ),
    ) == loose_note_problems([edited], checked)


def test_a_note_of_an_invoice_that_is_not_there() -> None:
    """It names an invoice that the books do not hold, and so nobody knows what it undid."""
    world = billed()
    _, note = credited_month(world)
    found = loose_note_problems([note], fed(journals(world)))

    assert ["credit_of_nothing", "credit_differs"] == codes(found)
    assert f"is of invoice {note.invoice}, which is not there" in found[0].reason


def test_a_journal_billed_twice() -> None:
    """A charge stands on one invoice; on a second one it would be asked for again."""
    invoice = invoice_of(billed(), MONTHS)
    again = attrs.evolve(invoice, id="inv_again", lines=invoice.lines[-1:])
    reason = f"journal {invoice.lines[-1].journal} is billed by invoices {invoice.id} and inv_again"

    assert () == billed_twice_problems([invoice, taxed()], Checked())
    assert (Problem("billed_twice", "inv_again", reason),) == billed_twice_problems(
        [invoice, again], Checked()
    )


# ---- payouts ---------------------------------------------------------------------------------
PENDING: dict[str, Any] = {"status": "pending", "reference": None}


def found_in_payouts(*many: Payout, without: str = "") -> list[str]:
    """Return what is wrong with *many* payouts in the books, *without* a journal's event."""
    checked = fed(journals(billed()))
    checked.events = {e: j for e, j in checked.events.items() if str(e) != without}
    return codes(payout_problems(many, checked))


def test_payouts_as_they_should_be() -> None:
    """The payout of the month pays what journals gave, and was paid."""
    (payout,) = billed().all(Payout)

    assert "paid" == payout.status
    assert [] == found_in_payouts(payout)


def test_an_entry_paid_twice() -> None:
    """An entry in two payouts is named, with both. (spec: ledger 6)"""
    world = billed()
    (payout,) = world.all(Payout)
    again = attrs.evolve(payout, id="pay_again", lines=payout.lines[:1], **PENDING)
    claim = (payout.lines[0].journal, payout.lines[0].line)
    found = payout_problems([payout, again], fed(journals(world)))

    assert ["paid_twice", "payout_differs"] == codes(found)
    assert f"entry {claim} is in payouts {payout.id} and pay_again" == found[0].reason


@pytest.mark.parametrize(
    "fields", [{"amount": eur("31")}, {"journal": "jrn_none"}], ids=["amount", "journal"]
)
def test_a_payout_that_differs(fields: dict[str, Any]) -> None:
    """A payout pays what the journal gave the supplier, no more."""
    (payout,) = billed().all(Payout)
    line = attrs.evolve(payout.lines[0], **fields)
    edited = attrs.evolve(payout, lines=(line, *payout.lines[1:]), **PENDING)

    assert "payout_differs" in found_in_payouts(edited, without=f"payout:{payout.id}")


def test_a_payout_is_of_its_supplier_and_currency() -> None:
    """What another supplier earned, or in another currency, is nothing to pay."""
    (payout,) = billed().all(Payout)
    pounds = tuple(attrs.evolve(li, amount=Money(li.amount.minor, "GBP")) for li in payout.lines)

    assert "payout_differs" in found_in_payouts(attrs.evolve(payout, supplier="una"))
    assert "payout_differs" in found_in_payouts(attrs.evolve(payout, currency="GBP", lines=pounds))


def test_a_payment_that_differs() -> None:
    """Money left for a payout that is paid, once, and for no other."""
    world = billed()
    (payout,) = world.all(Payout)
    pending = attrs.evolve(payout, **PENDING)
    total = payout.total.minor
    found = payout_problems([pending], fed(journals(world)))

    assert ["payment_differs"] == found_in_payouts(payout, without=f"payout:{payout.id}")
    assert [f"payout {payout.id} is pending: 0 to have left, {total} did"] == [
        problem.reason for problem in found
    ]


def transferred(*, booked: bool = True) -> tuple[Transfer, Checked]:
    """Return a transfer of 59.40 and a fee of 0.60, part of which came back, and its journals."""
    asked = waiting(5_940, withheld=usd(60), of_payout=True)
    done = settle(asked, told(minor=5_940), at=AT)
    back = settle_reversal(done.transfer, told("reversal", minor=3_600), at=AT)
    late = settle_reversal(back.transfer, told("reversal", "pending", minor=1, id="trr_2"), at=AT)
    posted = [*done.journals, *back.journals] if booked else []
    return late.transfer, fed(
        Posted(journal=journal, sequence=n, recorded_at=AT, changes=f"c-{n}")
        for n, journal in enumerate(posted, start=1)
    )


def test_transfers_as_they_should_be() -> None:
    """What arrived, the fee withheld and what came back are in the books; others moved nothing."""
    transfer, checked = transferred()

    assert () == transfer_problems([transfer, waiting()], checked)


def test_transfers_that_the_books_do_not_know() -> None:
    """A transfer that is done and one reversal of it have no journal."""
    transfer, checked = transferred(booked=False)

    assert ["payment_differs"] * 2 == codes(transfer_problems([transfer], checked))


def test_payout_paid_by_a_transfer() -> None:
    """Its payment is looked for under the gateway's object, not under the payout."""
    (payout,) = billed().all(Payout)
    sent = attrs.evolve(payout, transfer="trf_1", reference="tr_1", attempt=1)

    assert [] == found_in_payouts(sent, without=f"payout:{payout.id}")


# ---- packages --------------------------------------------------------------------------------
def test_packages_as_they_should_be() -> None:
    """The wallet holds what remains, and the liability what that is worth."""
    world = World(sessions=FOURTEEN[:3]).buy(package())
    world.run()

    assert () == package_problems(world.all(Package), fed(journals(world)))
    assert 31_500 == world.held("liability:packages")


def test_a_package_that_differs() -> None:
    """A unit that was used without a journal is missed, and so is its value."""
    world = World(sessions=FOURTEEN[:3]).buy(package())
    world.run()
    (bought,) = world.all(Package)
    edited = attrs.evolve(bought, redemptions=bought.redemptions[:2])
    found = package_problems([edited], fed(journals(world)))

    assert [
        ("package_differs", "package:p1 holds 7, package p1 has 8"),
        ("deferred_differs", "liability:packages EUR holds 31500, packages defer 36000"),
    ] == [(problem.code, problem.reason) for problem in found]


def test_what_is_deferred_differs() -> None:
    """Money that packages owe in sessions is all there, in each currency."""
    world = World().buy(package())
    (bought,) = world.all(Package)
    pounds = attrs.evolve(bought, price=Money(45_000, "GBP"))
    checked = fed(journals(world))

    assert ["deferred_differs"] == codes(
        package_problems([attrs.evolve(bought, price=eur("449"))], checked)
    )
    assert ["deferred_differs", "deferred_differs"] == codes(package_problems([pounds], checked))
    assert ["deferred_differs"] == codes(package_problems([], checked))
    assert () == package_problems([], Checked())
