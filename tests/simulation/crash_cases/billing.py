"""Jobs of the month: run, previewed, corrected, printed, changed in between and verified."""

from __future__ import annotations

from ledgerkit.domain.shadow import LegacyTotals
from ledgerkit.jobs.billing_run import (
    decide_month,
    month_to_date,
    preview_month,
    run_due,
    run_month,
)
from ledgerkit.jobs.documents import print_documents
from ledgerkit.jobs.invoices import list_invoices
from ledgerkit.jobs.shadow import shadow_month
from ledgerkit.jobs.subscriptions import amend_subscription, preview_amendment
from ledgerkit.jobs.verification import verify
from tests.jobs import contract_month as contracts
from tests.jobs import small_month as month
from tests.simulation.crash_cases.cases import Case

BILLING = {
    "run a month": Case(lambda: run_month(month.ASKED), month.new_host, month.outcome),
    "run what is due": Case(lambda: run_due(month.SMALL), month.new_host, month.outcome),
    "decide a month": Case(
        lambda: decide_month(month.corrected()), month.billed_host, month.outcome
    ),
    "run a month of contracts": Case(
        lambda: run_month(contracts.ASKED), contracts.contract_host, month.outcome
    ),
    "change a subscription": Case(
        lambda: amend_subscription(
            contracts.ASKED,
            "sub-1",
            contracts.upgrade,
            key="upgrade",
            actor="maria",
            reason="asked by phone",
        ),
        contracts.billed_contract_host,
        month.outcome,
    ),
    "preview a change": Case(
        lambda: preview_amendment(contracts.ASKED, "sub-1", contracts.upgrade),
        contracts.billed_contract_host,
        month.outcome,
    ),
    "preview a month": Case(
        lambda: preview_month(month.corrected()), month.billed_host, month.outcome
    ),
    "month to date": Case(
        lambda: month_to_date(month.corrected()), month.billed_host, month.outcome
    ),
    "shadow a month": Case(
        lambda: shadow_month(month.corrected(), LegacyTotals(())), month.billed_host, month.outcome
    ),
    "list invoices": Case(list_invoices, month.billed_host, month.outcome),
    "print documents": Case(
        lambda: print_documents(month.HEAD, month.NOVEMBER_3), month.unprinted, month.outcome
    ),
    "verify": Case(verify, month.billed_host, month.outcome),
}
