"""The flight school of seed 002: a term with a gateway that loses webhooks, answers and money."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import attrs
import pypdfium2
import pytest

from examples import flight_school
from examples.books import every, open_books
from examples.flight_school_fleet import CURRENCY, LESSONS, SCHOOL
from ledgerkit.domain.access import Actor
from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.alerts import Alert
from ledgerkit.domain.bank_payouts import BankPayout
from ledgerkit.domain.changes import Changes, request
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.completions import Completion
from ledgerkit.domain.credit_limits import CreditLimit
from ledgerkit.domain.credit_notes import CreditNote
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import trial_balance
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import OWNER
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import Payout
from ledgerkit.domain.reconciliation import Reconciliation, platform_check
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.statements import margins
from ledgerkit.domain.webhooks import WebhookEvent
from ledgerkit.ports.store import Store
from ledgerkit.testing.books import books, broken_laws
from ledgerkit.testing.fakes.clock import FakeClock


@attrs.frozen
class Term:
    """What the example printed and drew, and where its books are."""

    books: Path
    out: Path
    printed: str


def run(*arguments: str) -> tuple[int, str]:
    """Run the example; return its exit code and what it printed."""
    text = io.StringIO()
    with redirect_stdout(text):
        code = flight_school.main(arguments)
    return code, text.getvalue()


def usd(minor: int) -> Money:
    """Return an amount of cents."""
    return Money(minor, CURRENCY)


@pytest.fixture(scope="module")
def term(tmp_path_factory: pytest.TempPathFactory) -> Term:
    """Return the term of the school, billed into a new database."""
    folder = tmp_path_factory.mktemp("saguaro")
    path, out = folder / "books.db", folder / "pdf"
    code, printed = run(str(path), "--out", str(out))
    assert 0 == code
    return Term(path, out, printed)


@pytest.fixture
def store(term: Term) -> Iterator[Store]:
    """Return its books."""
    with open_books(term.books) as store:
        yield store


def legs_of(store: Store, id: str) -> list[tuple[str, int]]:
    """Return what the completion *id* first posted, in cents."""
    first = store.history(Completion, id)[0].record
    posted = store.journal(first.journal or "")
    assert posted is not None
    return [(leg.wallet, leg.amount.minor) for leg in posted.journal.entries]


@pytest.mark.parametrize(
    ("flight", "legs"),
    [
        # seed 002: student -100.00, instructor +60.00, platform +40.00
        ("f-1", [("customer:ana", -10_000), ("supplier:tom", 6_000), ("platform", 4_000)]),
        # owned: 1.5 h x (100 + 100), of which 1.5 h x 60
        ("f-2", [("customer:ben", -30_000), ("supplier:tom", 9_000), ("platform", 21_000)]),
        # third party: 2 h x 120 passed on, 5 % of it added, beside 2 h x 100 of which 2 h x 70
        (
            "f-3",
            [
                ("customer:cleo", -45_200),
                ("supplier:una", 14_000),
                ("owner:olga", 24_000),
                ("platform", 7_200),
            ],
        ),
        # leased: 1.5 h x 120 at 1.5 h x 90, beside 1.5 h x 100 of which 1.5 h x 70
        (
            "f-4",
            [
                ("customer:ana", -33_000),
                ("supplier:una", 10_500),
                ("owner:copperline", 13_500),
                ("platform", 9_000),
            ],
        ),
        # bundled: 250 for all, of which 60 of 250 parts are instruction
        ("f-5", [("customer:dana", -25_000), ("supplier:tom", 6_000), ("platform", 19_000)]),
        # from the 15th on an hour costs 10.00 more and earns what it did
        ("f-7", [("customer:ana", -21_000), ("supplier:tom", 6_000), ("platform", 15_000)]),
        ("f-9", [("customer:ben", -10_000), ("platform", 10_000)]),  # nobody instructs
    ],
)
def test_each_kind_of_flight_is_split(
    store: Store, flight: str, legs: list[tuple[str, int]]
) -> None:
    """Seed 002: one journal for customer, instructor, owner and platform."""
    assert legs == legs_of(store, flight)


def test_the_correction_of_the_seed(store: Store) -> None:
    """1.5 h were 1.8 h: 60.00 more is above 50.00, so a second person approved it."""
    (hobbs,) = (each for each in every(store, Adjustment) if each.completion == "f-2")

    assert (usd(-6_000), usd(1_800)) == (hobbs.customer_delta, hobbs.supplier_delta)
    assert ("applied", "maria", "pedro") == (
        hobbs.status,
        hobbs.requested_by,
        hobbs.approved_by,
    )


def test_clawbacks_within_72_hours_and_after(store: Store) -> None:
    """Seed 002: a transfer is reversed within the window; after it the next payout bears it."""
    cases = {each.reason: each for each in every(store, Clawback)}
    early, late = cases["log says 1.5 h"], cases["the class ended early"]
    (payout,) = (each for each in every(store, Payout) if each.supplier == "tom")

    assert ("stripe_reversal", "settled", usd(3_000)) == (
        early.method,
        early.status,
        early.recovered,
    )
    assert ("future_payout_offset", "settled", usd(0)) == (
        late.method,
        late.status,
        late.recovered,
    )
    assert usd(6_000 - 1_500) == payout.total


def test_instant_payouts(store: Store) -> None:
    """One per cent is kept, at least 0.50; the rest is at the bank, and nothing more is owed."""
    paid = [each for each in every(store, Payout) if each.supplier == "una"]
    banked = [(each.amount, each.status) for each in every(store, BankPayout)]

    assert {usd(24_500): usd(245), usd(7_000): usd(70)} == {each.total: each.fee for each in paid}
    assert {(usd(24_255), "paid"), (usd(6_930), "paid")} == set(banked)
    assert 0 == store.balance("supplier:una", CURRENCY).posted


def test_refusals_explain_themselves(term: Term, store: Store) -> None:
    """A booking beyond the limit, one while a payment is disputed, and a payout that must wait."""
    flown = {each.id for each in every(store, Completion)}
    (reserve,) = (each for each in every(store, Alert) if each.kind == "reserve")

    assert "It costs $800.00, which makes $800.00 of a limit of $350.00" in term.printed
    assert "It costs $100.00, which makes $760.00 of a limit of $500.00" in term.printed
    assert "Not sent to una (transfers_blocked)" in term.printed
    assert {each.work.id for each in LESSONS} == flown
    assert "resolved" == reserve.status


def test_cards_are_charged_at_the_band_once(store: Store) -> None:
    """430 of 500 and 300 of 350 are at 80 % or more; a lost answer charges nobody twice."""
    taken = Counter((each.customer, each.amount.minor) for each in every(store, Payment))
    limits = {each.customer: each.amount.minor for each in every(store, CreditLimit)}

    assert {
        ("ana", 43_000): 1,
        ("ana", 44_000): 1,
        ("ben", 36_000): 1,
        ("cleo", 50_000): 1,
        ("dana", 30_000): 1,
    } == taken
    assert 100 * 43_000 >= 80 * limits["ana"]
    assert {"done"} == {each.status for each in every(store, Instruction)}


def test_the_lost_webhook_is_booked_by_the_reconciliation(store: Store) -> None:
    """Ben's payment came in on the gateway's page and nobody was told."""
    (ben,) = (each for each in every(store, Payment) if each.customer == "ben")
    first = store.history(Payment, ben.id)[0]

    assert ("reconciliation", "captured") == (first.actor, first.record.status)
    assert {"handled"} == {each.status for each in every(store, WebhookEvent)}


def test_dispute_and_refund(store: Store) -> None:
    """The dispute is won and costs its fee; Cleo, who paid before, has nothing left."""
    (dispute,), (refund,) = every(store, Dispute), every(store, Refund)

    assert ("won", usd(36_000)) == (dispute.status, dispute.amount)
    assert ("done", usd(4_800)) == (refund.status, refund.amount)
    assert 0 == store.balance("customer:cleo", CURRENCY).posted


def test_owners_are_paid(store: Store) -> None:
    """Seed 002: the owner is a fourth party; 1.5 h and 1 h at 90.00, 2 h at 120.00, by check."""
    paid = [p for p in every(store, Payout) if p.role == OWNER]

    assert {("copperline", 13_500), ("copperline", 9_000), ("olga", 24_000)} == {
        (p.supplier, p.total.minor) for p in paid
    }
    assert ({"paid"}, {None}) == ({p.status for p in paid}, {p.transfer for p in paid})
    assert {0} == {store.balance(p.wallet, CURRENCY).posted for p in paid}


def test_margin_is_charge_less_what_others_earn(store: Store) -> None:
    """Seed 002: student_charge - instructor_payout = platform_margin, with owners paid too."""
    (found,) = margins(store.journals(limit=1000).items, zone=SCHOOL.zone)
    parts = [each.legs for each in every(store, Completion)]
    kept = sum(leg.amount.minor for legs in parts for leg in legs if leg.wallet == "platform")
    fees = sum(each.fee.minor for each in every(store, Payment) if each.fee is not None)

    assert (10, usd(kept)) == (found.charged, found.margin)
    assert usd(245 + 70 - 1_500 - fees) == found.other


def test_every_flight_is_invoiced(store: Store) -> None:
    """Ana's card paid 430.00 and 440.00, so her invoices are paid; Ben owes 400.00 of his.

    Dana's class ended early after it was invoiced: 25.00 of it are credited.
    """
    invoices, (note,) = every(store, Invoice), every(store, CreditNote)
    flown = sum(each.charge.minor for each in every(store, Completion))

    assert {
        ("ana", 43_000, "paid"),
        ("ana", 44_000, "paid"),
        ("ben", 66_000, "partially_paid"),
        ("ben", 10_000, "issued"),
        ("cleo", 45_200, "paid"),
        ("dana", 30_000, "paid"),
    } == {(each.customer, each.total.minor, each.status) for each in invoices}
    assert ("dana", 2_500) == (note.customer, note.total.minor)
    assert flown == sum(each.total.minor for each in invoices) - note.total.minor


def test_every_night_the_gateway_has_what_the_books_say(store: Store) -> None:
    """The exact identity: no drift in 31 nights; the seed's own check differs, and says why."""
    nights = sorted(every(store, Reconciliation), key=lambda each: each.on)
    last = nights[-1]
    checked = platform_check(store.balances(), last.available + last.pending)

    assert ([0] * 31, {"clean"}) == (
        [each.drift.minor for each in nights],
        {each.status for each in nights},
    )
    assert -store.balance("gateway:stripe", CURRENCY).posted == checked.reported.minor
    assert (False, usd(0)) == (checked.agrees, checked.drift)
    assert checked.difference == sum((money for _, money in checked.explained), start=usd(0))


def test_the_books_balance(term: Term, store: Store) -> None:
    """All wallets sum to zero, every law of the books holds, and the example says so."""
    (sides,) = trial_balance(store.balances())

    assert sides.debits == sides.credits
    assert () == broken_laws(books(store))
    assert "the books hold" in term.printed


def test_run_again_nothing_is_new(term: Term, store: Store) -> None:
    """The second run reads the same books, says the same of them, and adds nothing."""
    before = books(store)
    code, printed = run(str(term.books), "--out", str(term.out))

    assert 0 == code
    assert "Nothing is new" in printed
    assert term.printed.partition("\n\n")[2] == printed.partition("\n\n")[2]
    assert before == books(store)


def test_half_a_term_is_not_gone_on_with(tmp_path: Path) -> None:
    """The double of the gateway is gone with the command, so books that it left are refused."""
    path = tmp_path / "half.db"
    with open_books(path) as store:
        store.commit(
            Changes(
                key="opening",
                request=request("opening"),
                actor=Actor(id="maria").signature,
                reason="interrupted",
                at=FakeClock().now(),
                records=(SCHOOL,),
            )
        )
    code, printed = run(str(path), "--out", str(tmp_path))

    assert (1, True) == (code, "begin with a new file" in printed)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "payout-tom-2026-10-15",
            (
                "Tom Alvarado",
                "Correction · Ground school",
                "Paid directly · Ground school",
                "Taken back from your account · Cross-country flight",
                "$45.00",
            ),
        ),
        ("payout-una-2026-10-01", ("Mountain flight", "Fee of the instant payout", "$242.55")),
        ("payout-olga-2026-10-01", ("Olga Petrenko", "owner:olga", "$240.00")),
        ("account-ana-2026-10", ("Ana Torres", "Payment", "Instrument flight", "$0.00")),
    ],
)
def test_documents(term: Term, name: str, texts: tuple[str, ...]) -> None:
    """What instructors and customers get to read."""
    document = pypdfium2.PdfDocument(term.out / f"{name}.pdf")
    text = "".join(page.get_textpage().get_text_range() for page in document)

    assert [] == [each for each in texts if each not in text]
