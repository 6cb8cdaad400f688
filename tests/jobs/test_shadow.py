"""Shadow mode as a job: a month is decided as a run would, compared, and not stored."""

from __future__ import annotations

import attrs

from ledgerkit.domain.money import Money
from ledgerkit.domain.shadow import LegacyAmount, LegacyTotals
from ledgerkit.jobs.billing_run import decide_month, preview_month
from ledgerkit.jobs.drivers import run
from ledgerkit.jobs.shadow import shadow_month
from ledgerkit.testing.books import books
from tests.domain.billing_run.world import eur
from tests.jobs.small_month import ASKED, MONTH, asked, billed_host, new_host

# The month sells Ana a package of 3 for 135.00 and teaches her a fourth lesson; Ben has two.
CHARGED = {"ana": "185", "ben": "50"}


def legacy(**amounts: str) -> LegacyTotals:
    """Return euros by customer."""
    return LegacyTotals(
        tuple(LegacyAmount(party=party, amount=eur(major)) for party, major in amounts.items())
    )


def test_the_same() -> None:
    """What the run would charge is what the system in use charged; nothing is stored."""
    host = new_host()
    before = books(host.store)
    found = run(shadow_month(ASKED, legacy(**CHARGED)), host)

    assert found.diff.same
    assert before == books(host.store)


def test_the_preview_is_compared() -> None:
    """The decision is that of a preview: documents and totals are the same."""
    host = new_host()
    preview = run(preview_month(ASKED), host)
    found = run(shadow_month(ASKED, legacy()), host)

    assert [sum(i.total.minor for i in preview.invoices)] == [
        total.difference.minor for total in found.diff.totals
    ]
    assert preview.committed == found.decided == len(run(decide_month(ASKED), host).changes)


def test_a_difference() -> None:
    """One customer paid a cent more, unless a cent is tolerated."""
    host, told = new_host(), legacy(**{**CHARGED, "ben": "50.01"})

    found = run(shadow_month(ASKED, told), host)

    assert [("ben", eur("-0.01"))] == [(x.key.party, x.difference) for x in found.diff.differences]
    assert run(shadow_month(ASKED, told, tolerance=Money(1, "EUR")), host).diff.same


def test_who_is_skipped_is_told() -> None:
    """A customer without a price is missing on our side, and the report says why."""
    unpriced = attrs.evolve(MONTH.catalog, prices=())
    found = run(shadow_month(asked(catalog=unpriced), legacy(**CHARGED)), new_host())

    assert ["ana", "ben"] == sorted(skipped.subject for skipped in found.skipped)
    assert ["ben"] == [line.key.party for line in found.diff.only_in_b]


def test_a_billed_month_is_not_decided_again() -> None:
    """On books that have billed the month there is nothing to compare, and it says so."""
    found = run(shadow_month(ASKED, legacy(**CHARGED)), billed_host())

    assert 0 == found.decided
    assert ["ana", "ben"] == [line.key.party for line in found.diff.only_in_b]
