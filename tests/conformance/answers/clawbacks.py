"""Answers about what a supplier is owed after a sale that was refunded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction

from ledgerkit.domain import clawbacks, payouts, transfers
from ledgerkit.domain.gateways import GatewayObject
from ledgerkit.domain.ledger import Event, Journal, Posted, Wallet, line_of, reverse
from ledgerkit.domain.money import ISO, Money, Rate
from ledgerkit.domain.parties import Party
from ledgerkit.domain.periods import Period
from ledgerkit.domain.sessions import undone
from ledgerkit.domain.splits import split
from ledgerkit.domain.transfers import Transfer
from tests.conformance.answers.shared import NOON, Answer, Handler, Inputs

SUPPLIER = Wallet("supplier:s-1")
PARTY = Party(id="s-1", role="supplier", name="S", currency="USD", zone="UTC")


def sale(id: str, price: Money, share: Fraction) -> Journal:
    """Return the journal of a sale, of which the supplier gets a *share*."""
    earned = Rate.of(price).times(share)
    return Journal(
        id=f"jrn_{id}",
        kind="sale.charged",
        entries=split("customer:c-1", price, (SUPPLIER.id, earned)),
        effective_at=NOON,
        event=Event("sale", id),
    )


def paid_out(amount: Money) -> Transfer:
    """Return the transfer that paid *amount*, done."""
    asked = transfers.enqueue(
        amount, supplier="s-1", account="acct", gateway="stripe", pays="pay_1", at=NOON
    )
    told = GatewayObject(kind="transfer", id="tr_1", status="done", amount=amount, created=NOON)
    return transfers.settle(asked.transfer, told, at=NOON).transfer


def owed(*journals: Journal, claimed: tuple[tuple[str, int], ...]) -> Money:
    """Return what the next payout gathers of *journals*, of which earlier ones *claimed* some."""
    lines = [
        line_of(
            Posted(journal=journal, sequence=n, recorded_at=NOON, changes="case"), at, entry.amount
        )
        for n, journal in enumerate(journals)
        for at, entry in enumerate(journal.entries)
        if entry.wallet == SUPPLIER.id
    ]
    period = Period.month(NOON.year, NOON.month)
    gathered = payouts.gather(PARTY, lines, claimed=claimed, period=period, labels={})
    return payouts.preview("s-1", gathered, currency="USD", period=period).total


def clawback(inputs: Inputs, asked: Inputs) -> Answer:
    """Refund a sale whose share was paid out, or was not, and gather what is owed."""
    share = Fraction(inputs["share_percent"]) / 100
    good = sale("good", ISO.parse(inputs["sales_ok"], "USD"), share)
    bad = sale("bad", ISO.parse(inputs["sales_refunded"], "USD"), share)
    back = reverse(bad, id="jrn_back", at=datetime(2026, 10, 5, tzinfo=UTC))
    assert bad.event is not None
    refund = Journal(
        id=back.id,
        kind=back.kind,
        entries=back.entries,
        effective_at=back.effective_at,
        event=undone(bad.event),
        reverses=bad.id,
    )
    (earned,) = (entry.amount for entry in bad.entries if entry.wallet == SUPPLIER.id)
    was_paid = inputs["refunded_sale_was_paid_out"] == "true"
    paid = [paid_out(ISO.parse(inputs["paid_out_before"], "USD"))] if was_paid else []
    taken = clawbacks.recoverable(earned, paid)
    left = owed(good, bad, refund, claimed=((bad.id, 1),) if was_paid else ())
    answers = {"owed": left}
    if taken:
        # The refund is on the wallet already, so that the case books nothing.
        case = clawbacks.propose(
            earned,
            supplier="s-1",
            cause="refund",
            reason="refunded",
            by="max",
            at=NOON,
            on_wallet=True,
            transfers=paid,
        )
        settled = clawbacks.execute(clawbacks.approve(case.clawback, by="eva").clawback, at=NOON)
        assert () == settled.journals
        answers["naive_wrong"] = left - settled.clawback.amount
    return {field: ISO.plain(answers[field]) for field in asked}


HANDLERS: Mapping[str, Handler] = {"payout.clawback": clawback}
