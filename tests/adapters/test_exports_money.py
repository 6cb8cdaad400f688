"""Exports of what moved: payments, payouts, transfers and reconciliations, a row each."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.exports import (
    PAYMENT_COLUMNS,
    PAYOUT_COLUMNS,
    RECONCILIATION_COLUMNS,
    TRANSFER_COLUMNS,
    payments_csv,
    payouts_csv,
    reconciliations_csv,
    transfers_csv,
)
from ledgerkit.domain.money import ISO, Money
from ledgerkit.domain.payments import MoneyOut, Payment
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.reconciliation import InFlight, Reconciliation
from ledgerkit.domain.transfers import Reversal, Transfer
from ledgerkit.testing.samples import NOON

DAY = date(2026, 10, 5)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


PAYMENT = Payment(
    id="pmt_1",
    customer="ana",
    amount=eur(12_000),
    method="gateway:stripe",
    status="partly_refunded",
    outs=(MoneyOut(record="rfd_1", moved=eur(5_000), reserved=eur(0)),),
    object="pi_1",
    fee=eur(200),
    received_on=DAY,
)
PAYOUT = Payout(
    id="pay_1",
    supplier="tom",
    currency="EUR",
    period=Period.month(2026, 10),
    part=0,
    lines=(
        PayoutLine(
            journal="jrn_1",
            line=1,
            kind="session.charged",
            source="s1",
            on=DAY,
            amount=eur(6_000),
        ),
    ),
    status="pending",
)
TRANSFER = Transfer(
    id="trf_1",
    supplier="tom",
    gateway="stripe",
    account="acct_1",
    pays="pay_1",
    of_payout=True,
    amount=eur(5_940),
    withheld=eur(60),
    instruction="ins_1",
    status="partly_reversed",
    object="tr_1",
    created_at=NOON,
    reversals=(Reversal(id="ins_2", amount=eur(1_000), status="done"),),
)
RECONCILED = Reconciliation(
    id="rec_1",
    gateway="stripe",
    currency="EUR",
    on=DAY,
    at=NOON,
    available=eur(4_000),
    pending=eur(500),
    booked=eur(3_300),
    items=(
        InFlight(reason="unbooked", id="x:pi_1", detail="charge done", amount=eur(500), since=NOON),
    ),
    status="notice",
)


def test_payments() -> None:
    """50.00 of 120.00 went back; a payment in yen that is pending has neither day nor fee."""
    pending = Payment(id="pmt_2", customer="ben", amount=Money(999, "JPY"), method="gateway:stripe")

    assert (
        "payment,received_on,customer,method,currency,amount,gone,kept,fee_currency,fee,status,"
        "object,reference\r\n"
        "pmt_1,2026-10-05,ana,gateway:stripe,EUR,120.00,50.00,70.00,EUR,2.00,partly_refunded,"
        "pi_1,\r\n"
        "pmt_2,,ben,gateway:stripe,JPY,999,0,0,,,pending,,\r\n"
    ) == payments_csv([PAYMENT, pending], units=ISO)


def test_payouts_and_their_transfers() -> None:
    """60.00 for October, of which 59.40 were sent and 10.00 came back."""
    assert (
        "payout,supplier,role,period_start,period_end,currency,total,fee,status,transfer,reference\r\n"
        "pay_1,tom,supplier,2026-10-01,2026-11-01,EUR,60.00,,pending,,\r\n"
    ) == payouts_csv([PAYOUT], units=ISO)
    assert (
        "transfer,created_at,supplier,role,gateway,account,pays,currency,amount,withheld,fee,"
        "reversed,status,object\r\n"
        "trf_1,2026-10-01T12:00:00+00:00,tom,supplier,stripe,acct_1,pay_1,EUR,59.40,0.60,,10.00,"
        "partly_reversed,tr_1\r\n"
    ) == transfers_csv([TRANSFER], units=ISO)


def test_a_transfer_that_waits() -> None:
    """The gateway has not told when it was made."""
    waits = attrs.evolve(TRANSFER, status="pending", object=None, created_at=None, reversals=())
    (row,) = csv.DictReader(io.StringIO(transfers_csv([waits], units=ISO)))

    assert ("", "", "0.00") == (row["created_at"], row["object"], row["reversed"])


def test_reconciliations() -> None:
    """40.00 + 5.00 - 5.00 in flight - 33.00 booked are a drift of 7.00."""
    assert (
        "on,at,gateway,currency,available,pending,in_flight,booked,drift,status\r\n"
        "2026-10-05,2026-10-01T12:00:00+00:00,stripe,EUR,40.00,5.00,5.00,33.00,7.00,notice\r\n"
    ) == reconciliations_csv([RECONCILED], units=ISO)


@pytest.mark.parametrize(
    ("export", "columns"),
    [
        (payments_csv, PAYMENT_COLUMNS),
        (payouts_csv, PAYOUT_COLUMNS),
        (transfers_csv, TRANSFER_COLUMNS),
        (reconciliations_csv, RECONCILIATION_COLUMNS),
    ],
)
def test_nothing_is_a_header(export: Any, columns: tuple[str, ...]) -> None:
    """Without records there is the header alone."""
    assert ",".join(columns) + "\r\n" == export([], units=ISO)


@given(st.text("=+-@'\",;1aé ", min_size=1, max_size=9))
def test_no_reference_is_a_formula(reference: str) -> None:
    """Whatever a bank wrote, no cell begins as a formula does."""
    hostile = attrs.evolve(PAYMENT, reference=reference)
    (row,) = csv.DictReader(io.StringIO(payments_csv([hostile], units=ISO), newline=""))

    assert not row["reference"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert reference == row["reference"].removeprefix("'") or reference.startswith("'")
