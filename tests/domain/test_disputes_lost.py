"""A lost dispute: a case over what each supplier was paid of it, and over nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain import clawbacks, disputes, refunds, transfers
from ledgerkit.domain.clawbacks import Clawback
from ledgerkit.domain.disputes import LOST, OPEN, WON, Dispute, DisputeChanged, Earner, follow
from ledgerkit.domain.gateways import GatewayObject
from ledgerkit.domain.invoices import ISSUED, VOID, Invoice
from ledgerkit.domain.ledger import Entry, EntryLine, Event, Journal, net_of
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.payments import Assignment, Payment, Receivable
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.transfers import Reversal, Transfer
from ledgerkit.testing.samples import invoice
from tests.domain.test_disputes import AT, ON, OUT, eur, told


def owed(*ids: str, minor: int = 100_00, credited: int = 0, **fields: Any) -> list[Receivable]:
    """Return invoices of 100.00 each, of which the line is of the work of the same name."""
    return [
        Receivable(invoice=bill(id, minor=minor, **fields), paid=eur(minor), credited=eur(credited))
        for id in ids
    ]


def bill(id: str, *, minor: int = 100_00, status: str = ISSUED, journal: str = "") -> Invoice:
    """Return an invoice whose line was charged by *journal*, by default `jrn_<id>`."""
    plain = invoice(id, minor=minor, status=status, issued_on=ON)
    line = attrs.evolve(plain.lines[0], journal=journal or f"jrn_{id}")
    return attrs.evolve(plain, lines=(line,))


def charged(work: str, share: int, *, minor: int = 100_00, **more: Any) -> Journal:
    """Return the charge of *work*, of which Tina has a *share*."""
    fields: dict[str, Any] = {
        "id": f"jrn_{work}",
        "kind": "session.charged",
        "entries": (
            Entry("customer:c-1", eur(-minor)),
            Entry("supplier:tina", eur(share)),
            Entry("platform", eur(minor - share)),
        ),
        "effective_at": AT,
        "event": Event("session", work),
    }
    return Journal(**(fields | more))


def statement(*journals: Journal, wallet: str = "supplier:tina") -> tuple[EntryLine, ...]:
    """Return the lines of *journals* on *wallet*."""
    return tuple(
        EntryLine(
            journal=journal.id,
            sequence=n,
            line=line,
            kind=journal.kind,
            event=journal.event,
            wallet=wallet,
            amount=entry.amount,
            running=entry.amount,
            effective_at=AT,
            recorded_at=AT,
        )
        for n, journal in enumerate(journals, start=1)
        for line, entry in enumerate(journal.entries)
        if entry.wallet == wallet
    )


def payout(id: str, *journals: Journal, by: str | None = "", status: str = "paid") -> Payout:
    """Return what pays Tina's entries of *journals*, by its own transfer if it is paid."""
    lines = tuple(
        PayoutLine(
            journal=each.journal,
            line=each.line,
            kind=each.kind,
            source=each.journal if each.event is None else each.event.id,
            on=ON,
            amount=each.amount,
        )
        for each in statement(*journals)
    )
    return Payout(
        id=id,
        supplier="tina",
        currency="EUR",
        period=Period.month(2026, 10),
        part=0,
        lines=lines,
        status=status,
        reference="r" if status == "paid" else None,
        transfer=moved(id, 1).id if by == "" else by,
    )


def moved(pays: str, minor: int, *, of_payout: bool = True) -> Transfer:
    """Return a transfer to Tina that is done."""
    asked = transfers.enqueue(
        eur(minor),
        supplier="tina",
        account="acct_tina",
        gateway="stripe",
        pays=pays,
        at=AT,
        of_payout=of_payout,
    ).transfer
    fact = GatewayObject(
        kind="transfer", id=f"tr_{pays}", status="done", amount=eur(minor), created=AT
    )
    return transfers.settle(asked, fact, at=AT).transfer


def tina(*journals: Journal, **more: Any) -> Earner:
    """Return Tina, whose statement is of *journals*."""
    fields: dict[str, Any] = {
        "supplier": "tina",
        "entries": statement(*journals),
        "reversals": {j.id: j.reverses for j in journals if j.reverses is not None},
        "payouts": (),
        "transfers": (),
    }
    return Earner(**(fields | more))


def lose(
    *earners: Earner,
    of: list[Receivable],
    minor: int = 100_00,
    disputed: int = 0,
    parts: Iterable[int] = (),
    others: Iterable[Dispute] = (),
) -> DisputeChanged:
    """Lose a dispute of a payment of *minor* for the invoices *of*, all of it by default."""
    parts = tuple(parts) or (minor,)
    payment = Payment(
        id="pmt_1",
        customer="c-1",
        amount=eur(minor),
        method="gateway:stripe",
        status="captured",
        assignments=tuple(
            Assignment(each.invoice.id, eur(part)) for each, part in zip(of, parts, strict=False)
        ),
        object="pi_1",
    )
    news = told(LOST, OUT, minor=disputed or minor)
    fresh = disputes.of_object(news, gateway="stripe", payment=payment, on=ON)
    done = follow(
        fresh,
        news,
        payment=payment,
        owed=of,
        at=AT,
        is_new=True,
        earners=earners,
        others=others,
    )
    assert done is not None
    return done


def amounts(done: DisputeChanged) -> list[int]:
    """Return what the cases are over."""
    return [case.amount.minor for case in done.clawbacks]


GOOD, BAD = charged("good", 800_00, minor=1_000_00), charged("bad", 80_00)


# ---- the bound -------------------------------------------------------------------------------
def test_what_was_paid_out_is_clawed_back_once() -> None:
    """80 % of 1000 good and 100 disputed whose 80 was paid out: owed 720 (lms-front#511)."""
    paid, transfer = payout("p", BAD), moved("p", 80_00)
    done = lose(tina(GOOD, BAD, payouts=(paid,), transfers=(transfer,)), of=owed("bad"))
    (case,) = done.clawbacks
    approved = clawbacks.approve(case, by="eva").clawback
    booked = clawbacks.execute(approved, at=AT, transfers=[transfer]).journals
    legs = [entry for journal in (GOOD, BAD, *booked) for entry in journal.entries]
    legs.append(Entry("supplier:tina", eur(-80_00)))  # what the transfer paid

    assert 720_00 == net_of(legs)["supplier:tina", "EUR"]
    assert ("proposed", eur(80_00), "dispute dp_1 lost", False, (transfer.id,)) == (
        case.status,
        case.amount,
        case.reason,
        case.on_wallet,
        tuple(share.transfer for share in case.shares),
    )
    assert (case.cause, (case.id,)) == (done.dispute.id, done.dispute.clawbacks)
    assert {case, transfer} <= set(done.effects.records)


def test_what_was_never_paid_out_is_on_hold() -> None:
    """Never paid out: 880 are on the wallet and 80 of them on hold, so 800 are to be paid."""
    held = payout("p", BAD, by=None, status="on_hold")
    done = lose(tina(GOOD, BAD, payouts=(held,)), of=owed("bad"))
    facts = dict(done.messages[0].body)

    assert 800_00 == net_of([*GOOD.entries, *BAD.entries])["supplier:tina", "EUR"] - 80_00
    assert 80_00 == held.total.minor
    assert () == done.clawbacks
    assert ("alert.dispute_lost", "", "tina") == (
        done.messages[0].topic,
        facts["clawbacks"],
        facts["unpaid"],
    )


def test_part_was_paid_and_part_is_on_hold() -> None:
    """A lesson of 60.00 was paid with 800.00 of good ones, one of 20.00 is on hold: 60.00."""
    first, second = charged("a", 60_00, minor=75_00), charged("b", 20_00, minor=25_00)
    one = payout("p", GOOD, first)
    two = payout("q", second, by=None, status="on_hold")
    earner = tina(GOOD, first, second, payouts=(one, two), transfers=(moved("p", 860_00),))
    bills = [*owed("a", minor=75_00), *owed("b", minor=25_00)]
    done = lose(earner, of=bills, parts=(75_00, 25_00))

    assert [60_00] == amounts(done)
    assert "tina" == dict(done.messages[0].body)["unpaid"]


def test_what_has_been_clawed_back_is_not_asked_again() -> None:
    """Of the 80.00 paid 50.00 are in another case: 30.00 are left; of one that is rejected all."""
    paid, transfer = payout("p", BAD), moved("p", 80_00)
    other = clawbacks.propose(
        eur(50_00),
        supplier="tina",
        cause="adj_1",
        reason="x",
        by="max",
        at=AT,
        on_wallet=False,
        transfers=[transfer],
    ).clawback
    earner = tina(BAD, payouts=(paid,), transfers=(transfer,), cases=(other,))
    rejected = attrs.evolve(earner, cases=(clawbacks.reject(other).clawback,))

    assert [30_00] == amounts(lose(earner, of=owed("bad")))
    assert [80_00] == amounts(lose(rejected, of=owed("bad")))


def test_a_person_may_have_been_first() -> None:
    """A case over the dispute that somebody opened stays as it is, and is known as its case."""
    paid = payout("p", BAD, by=None)
    earner = tina(BAD, payouts=(paid,))
    done = lose(earner, of=owed("bad"))
    again = lose(attrs.evolve(earner, cases=done.clawbacks), of=owed("bad"))

    assert ((), done.dispute.clawbacks) == (again.clawbacks, again.dispute.clawbacks)


def test_paid_by_hand_is_a_case_without_transfers() -> None:
    """The bank paid 80.00: no transfer bounds it, nor can one be reversed."""
    (case,) = lose(tina(BAD, payouts=(payout("p", BAD, by=None),)), of=owed("bad")).clawbacks

    assert (eur(80_00), ()) == (case.amount, case.shares)


@pytest.mark.parametrize(
    ("disputed", "before", "expected"),
    [(100_00, 0, [80_00]), (100_00, 100_00, []), (60_00, 60_00, [32_00]), (30_00, 30_00, [24_00])],
)
def test_two_losses_take_what_was_paid_once(
    disputed: int, before: int, expected: list[int]
) -> None:
    """60.00 of 100.00 lost twice: 48.00 of the 80.00 paid by hand, and then the other 32.00."""
    earner = tina(BAD, payouts=(payout("p", BAD, by=None),))
    others = [
        Dispute(
            id=f"dsp_{payment}_{status}",
            payment=payment,
            customer="c-1",
            amount=eur(before or 1),
            object="dp_2",
            gateway="stripe",
            status=status,
            opened_on=ON,
        )
        for payment, status in (("pmt_1", LOST if before else OPEN), ("pmt_2", LOST))
    ]
    done = lose(earner, of=owed("bad"), disputed=disputed, others=others)

    assert expected == amounts(done)


@pytest.mark.parametrize(
    ("came_back", "asked_for", "expected", "unpaid"),
    [
        (80_00, "", [], "tina"),
        (50_00, "", [30_00], "tina"),
        (50_00, "clw_1", [30_00], ""),
        (0, "", [80_00], ""),
    ],
)
def test_what_somebody_reversed_is_to_be_paid_again(
    came_back: int, asked_for: str, expected: list[int], unpaid: str
) -> None:
    """A reversal in the dashboard: no case is over it, and people are told, as it is owed again."""
    sent = moved("p", 80_00)
    if came_back:
        reversal = Reversal(
            id="trr_1", amount=eur(came_back), status="done", object="trr_1", asked_for=asked_for
        )
        status = "reversed" if came_back == 80_00 else "partly_reversed"
        sent = attrs.evolve(sent, status=status, reversals=(reversal,))
    done = lose(tina(BAD, payouts=(payout("p", BAD),), transfers=(sent,)), of=owed("bad"))

    assert (expected, unpaid) == (amounts(done), dict(done.messages[0].body)["unpaid"])


# ---- shares ----------------------------------------------------------------------------------
def test_a_part_of_the_payment_takes_as_much_in_proportion() -> None:
    """30.00 of 100.00 disputed: 24.00 of the 80.00."""
    earner = tina(BAD, payouts=(payout("p", BAD),), transfers=(moved("p", 80_00),))

    assert [24_00] == amounts(lose(earner, of=owed("bad"), disputed=30_00))


def test_a_payment_of_a_part_takes_as_much_in_proportion() -> None:
    """25.00 of an invoice of 100.00 were paid, or of one that 50.00 were credited of."""
    earner = tina(BAD, payouts=(payout("p", BAD),), transfers=(moved("p", 80_00),))

    assert [20_00] == amounts(lose(earner, of=owed("bad"), minor=25_00))
    assert [40_00] == amounts(lose(earner, of=owed("bad", credited=50_00), minor=25_00))
    assert [80_00] == amounts(lose(earner, of=owed("bad", credited=100_00), minor=25_00))
    assert [] == amounts(lose(earner, of=owed("bad"), parts=(0,)))


def test_shares_add_up() -> None:
    """Half of 0.33 and 0.34, 0.67 together, is 0.34 rounded once: 0.17 each."""
    journal = charged("bad", 33, minor=1_00)
    entries = (*journal.entries[:2], Entry("supplier:tom", eur(34)), Entry("platform", eur(33)))
    both = attrs.evolve(journal, entries=entries)
    paid = PayoutLine(
        journal="jrn_bad", line=2, kind="k", source="bad", on=ON, amount=eur(34)
    )  # fmt: skip
    tom = Earner(
        supplier="tom",
        entries=statement(both, wallet="supplier:tom"),
        reversals={},
        payouts=(attrs.evolve(payout("q", both, by=None), supplier="tom", lines=(paid,)),),
        transfers=(),
    )
    mine = tina(both, payouts=(payout("p", both, by=None),))
    done = lose(mine, tom, of=owed("bad", minor=1_00), minor=1_00, disputed=50)

    assert [("tina", 17), ("tom", 17)] == [(c.supplier, c.amount.minor) for c in done.clawbacks]


def test_an_owner_is_clawed_back_as_a_supplier_is() -> None:
    """60.00 to Tina who taught, 25.00 to Tina whose plane it was: a case each, by wallet."""
    journal = charged("bad", 60_00)
    entries = (*journal.entries[:2], Entry("owner:tina", eur(25_00)), Entry("platform", eur(15_00)))
    both = attrs.evolve(journal, entries=entries)
    line = PayoutLine(
        journal="jrn_bad", line=2, kind="k", source="bad", on=ON, amount=eur(25_00)
    )  # fmt: skip
    owner = Earner(
        supplier="tina",
        role="owner",
        entries=statement(both, wallet="owner:tina"),
        reversals={},
        payouts=(attrs.evolve(payout("q", both, by=None), role="owner", lines=(line,)),),
        transfers=(),
    )
    mine = tina(both, payouts=(payout("p", both, by=None),))
    done = lose(mine, owner, of=owed("bad"))

    assert [("supplier:tina", 60_00), ("owner:tina", 25_00)] == [
        (case.wallet, case.amount.minor) for case in done.clawbacks
    ]
    assert 2 == len({case.id for case in done.clawbacks})


def test_corrections_count_whether_a_payout_has_them_or_not() -> None:
    """80.00 were paid, and 30.00 of it corrected since: 50.00; the charge undone: nothing."""
    paid = payout("p", BAD)
    down = attrs.evolve(
        BAD,
        id="adj",
        kind="session.charged.corrected",
        entries=(Entry("customer:c-1", eur(30_00)), Entry("supplier:tina", eur(-30_00))),
        event=Event("session", "bad", "2"),
    )
    undone = refunds.undo_charge(BAD, eur(100_00), refund="r", at=AT).journal
    world: dict[str, Any] = {"payouts": (paid,), "transfers": (moved("p", 80_00),)}

    assert [50_00] == amounts(lose(tina(BAD, down, **world), of=owed("bad")))
    assert [] == amounts(lose(tina(BAD, undone, **world), of=owed("bad")))
    other = attrs.evolve(undone, reverses="jrn_x", event=Event("session", "x", "refunded:r"))
    assert [80_00] == amounts(lose(tina(BAD, other, **world), of=owed("bad")))


def test_a_transfer_of_single_work_paid_it() -> None:
    """80.00 went at once and 36.00 more with a payout that counts both: each once."""
    transfer = moved("bad", 80_00, of_payout=False)
    more = charged("bad", 36_00, id="jrn_more", event=Event("session", "bad", "2"))
    sent = Journal(
        id="jrn_sent",
        kind="transfer.done",
        entries=(Entry("supplier:tina", eur(-80_00)), Entry("gateway:stripe", eur(80_00))),
        effective_at=AT,
        event=Event("gateway.transfer", "stripe:tr_bad"),
    )
    paid = payout("p", BAD, more, sent)
    world: dict[str, Any] = {"transfers": (transfer, moved("p", 36_00))}
    waiting = attrs.evolve(transfer, status="pending", object=None, created_at=None)
    done = lose(tina(BAD, more, sent, payouts=(paid,), **world), of=owed("bad"))
    (case,) = done.clawbacks

    assert [(transfer.id, 80_00), (moved("p", 1).id, 36_00)] == [
        (share.transfer, share.amount.minor) for share in case.shares
    ]
    assert [] == amounts(lose(tina(BAD, transfers=(waiting,)), of=owed("bad")))


def test_other_currencies_are_not_of_it() -> None:
    """What was earned and paid in dollars is not what euros were charged for."""
    dollars = attrs.evolve(
        BAD,
        entries=(
            Entry("supplier:tina", Money(80_00, "USD")),
            Entry("platform", Money(-80_00, "USD")),
        ),
    )
    line = PayoutLine(
        journal="jrn_bad", line=0, kind="k", source="bad", on=ON, amount=Money(80_00, "USD")
    )
    paid = attrs.evolve(payout("p", BAD), currency="USD", lines=(line,))
    direct = attrs.evolve(moved("bad", 1, of_payout=False), amount=Money(80_00, "USD"))
    earner = tina(dollars, payouts=(paid,), transfers=(direct,))

    assert [] == amounts(lose(earner, of=owed("bad")))


def test_a_line_that_no_journal_charged_is_known_by_its_source() -> None:
    """An invoice by hand that names the session: its supplier earned for the session."""
    (by_hand,) = owed("bad")
    plain = invoice("bad", minor=100_00, status=ISSUED, issued_on=ON)
    earner = tina(BAD, payouts=(payout("p", BAD, by=None),))

    assert [80_00] == amounts(lose(earner, of=[attrs.evolve(by_hand, invoice=plain)]))


def test_work_counts_for_the_invoice_that_bills_it() -> None:
    """A supplement bills 10.00 more of the same session: of it 8.00 are taken, not 88.00."""
    more = charged("bad", 8_00, minor=10_00, id="jrn_2", event=Event("session", "bad", "2"))
    paid = payout("p", BAD, more)
    earner = tina(BAD, more, payouts=(paid,), transfers=(moved("p", 88_00),))
    (first,) = owed("bad")
    (again,) = owed("bad", minor=10_00, journal="jrn_2")
    supplement = attrs.evolve(again, invoice=attrs.evolve(again.invoice, id="i-2"))
    (void,) = owed("bad", status=VOID)
    void = attrs.evolve(void, invoice=attrs.evolve(void.invoice, id="i-0"))

    assert [8_00] == amounts(lose(earner, of=[supplement, first], minor=10_00))
    assert [88_00] == amounts(
        lose(earner, of=[first, supplement, void], minor=110_00, parts=(100_00, 10_00))
    )


# ---- won after all ---------------------------------------------------------------------------
def won(done: DisputeChanged, *cases: Clawback, of: list[Receivable]) -> DisputeChanged:
    """Win the dispute on appeal."""
    news = told(WON, OUT, minor=100_00)
    after = follow(done.dispute, news, payment=done.payment, owed=of, at=AT, cases=cases)
    assert after is not None
    return after


def test_won_on_appeal() -> None:
    """A case nobody approved is rejected and says why; one that is settled is alerted."""
    bills = owed("bad")
    done = lose(tina(BAD, payouts=(payout("p", BAD, by=None),)), of=bills)
    (case,) = done.clawbacks
    approved = clawbacks.approve(case, by="eva").clawback
    settled = clawbacks.execute(approved, at=AT).clawback
    rejected = clawbacks.reject(case).clawback
    back = won(done, case, of=bills)
    late = won(done, settled, of=bills)

    assert [("rejected", "dispute dp_1 won")] == [(c.status, c.reason) for c in back.clawbacks]
    assert () == back.messages
    assert () == late.clawbacks
    assert [("alert.late_outcome", case.id, "settled", "won")] == [
        (m.topic, *(dict(m.body)[f] for f in ("clawback", "status", "now"))) for m in late.messages
    ]
    assert 1 == len(won(done, approved, of=bills).messages)
    assert ((), ()) == (
        won(done, rejected, of=bills).clawbacks,
        won(done, rejected, of=bills).messages,
    )


# ---- laws ------------------------------------------------------------------------------------
@given(
    st.lists(st.tuples(st.integers(1, 9_999), st.sampled_from(["sent", "hand", "held"]))),
    st.integers(1, 100_00),
    st.integers(1, 100_00),
)
def test_cases_are_within_what_was_paid(
    works: list[tuple[int, str]], paid: int, disputed: int
) -> None:
    """Cases <= what was paid of the work, and <= its part in dispute, to one cent an invoice."""
    journals = [charged(f"w{n}", share) for n, (share, _) in enumerate(works)]
    ways = [
        (f"p{n}", journal, way)
        for n, (journal, (_, way)) in enumerate(zip(journals, works, strict=True))
    ]
    status = {"sent": "paid", "hand": "paid", "held": "on_hold"}
    payouts = tuple(
        payout(id, journal, by="" if way == "sent" else None, status=status[way])
        for id, journal, way in ways
    )
    sent = tuple(moved(p.id, p.total.minor) for p in payouts if p.transfer)
    earner = tina(*journals, payouts=payouts, transfers=sent)
    bills = owed(*(f"w{n}" for n in range(len(works))))
    whole = max(paid * len(works), 1)
    done = lose(earner, of=bills, minor=whole, disputed=disputed, parts=(paid,) * len(works))
    out = sum_of((p.total for p in payouts if p.status == "paid"), "EUR").minor
    exact = sum(share for share, way in works if way != "held") * paid * min(disputed, whole)

    assert sum(amounts(done)) <= out
    assert abs(sum(amounts(done)) * whole * 100_00 - exact) <= len(works) * whole * 100_00


@pytest.mark.parametrize("status", ["pending", "on_hold"])
def test_a_loss_holds_what_is_unpaid_by_then(status: str) -> None:
    """Also a payout that was made, or released, since the dispute was opened."""
    waiting = payout("p", BAD, by=None, status=status)
    bills = owed("bad")
    payment = lose(of=bills).payment
    fresh = disputes.of_object(told(), gateway="stripe", payment=payment, on=ON)
    held = attrs.evolve(fresh, held=("p",) if status == "on_hold" else ())
    done = follow(held, told(LOST, OUT), payment=payment, owed=bills, at=AT, earned=[waiting])
    assert done is not None

    assert ("p",) == done.dispute.held
    assert (["on_hold"] if status == "pending" else []) == [p.status for p in done.payouts]
