"""Lists of invoices as a job: those that fit, in order, with names."""

from __future__ import annotations

from typing import Any

import pytest

from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.invoices import Listed, list_invoices
from ledgerkit.testing.samples import OCTOBER as OCTOBER_1
from ledgerkit.testing.samples import changes, invoice
from tests.domain.billing_run.world import NOVEMBER, OCTOBER, OWNER, SEPTEMBER
from tests.jobs.small_month import billed_host, new_host

BROUGHT_IN = "2026-00871"
ALL = [BROUGHT_IN, "INV-2026-00001", "INV-2026-00002", "INV-2026-00003"]


def numbers(listed: Listed) -> list[str | None]:
    """Return the numbers of the invoices listed, in order."""
    return [one.number for one in listed.invoices]


@pytest.mark.parametrize(
    ("expected", "chosen"),
    [
        (ALL, {}),
        (ALL, {"status": "issued"}),
        ([], {"status": "draft"}),
        (["INV-2026-00001", "INV-2026-00002"], {"customer": "ana"}),
        ([BROUGHT_IN, "INV-2026-00003"], {"customer": "ben"}),
        ([], {"customer": "eve"}),
        (["INV-2026-00002", "INV-2026-00003"], {"period": OCTOBER}),
        ([BROUGHT_IN], {"period": SEPTEMBER}),
        (["INV-2026-00001"], {"period": NOVEMBER}),
        (["INV-2026-00003"], {"period": OCTOBER, "customer": "ben", "status": "issued"}),
    ],
)
def test_invoices_that_fit(expected: list[str], chosen: dict[str, Any]) -> None:
    """By customer, status and period: of the days billed, or else of the date. (seed 004)"""
    assert expected == numbers(run(list_invoices(**chosen), billed_host()))


def test_names_and_business() -> None:
    """Names of customers and the business stand beside, for whoever prints the list."""
    listed = run(list_invoices(), billed_host())

    assert {"ana": "Ana", "ben": "Ben"} == listed.names
    assert OWNER == listed.business


def test_drafts_stand_last() -> None:
    """What is not issued has no date and stands last, and is of no month."""
    host = new_host()
    records = (invoice("inv_d"), invoice("inv_i", status="issued", issued_on=OCTOBER_1))
    host.store.commit(changes("drafted", records=records))
    listed = run(list_invoices(), host)

    assert ["inv_i", "inv_d"] == [one.id for one in listed.invoices]
    assert ["inv_i"] == [one.id for one in run(list_invoices(period=OCTOBER), host).invoices]
    assert (None, {}) == (listed.business, listed.names)
