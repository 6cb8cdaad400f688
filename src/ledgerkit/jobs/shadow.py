"""Shadow: decide a month as a run would, and compare it with what the system in use came to."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ledgerkit.domain.changes import Skipped
from ledgerkit.domain.money import Money
from ledgerkit.domain.shadow import Diff, LegacyTotals, diff
from ledgerkit.jobs.billing_run import Asked, decide_month


@attrs.frozen
class Shadowed:
    """What a comparison found.

    Attributes:
        diff: The decision (a) beside the legacy totals (b).
        skipped: Whom the decision leaves out, and why: a reason for what it does not have.
        decided: How many decisions a run would store; none if the month is billed in these books.
    """

    diff: Diff
    skipped: tuple[Skipped, ...]
    decided: int


async def shadow_month(
    asked: Asked, legacy: LegacyTotals, *, tolerance: Money | Iterable[Money] = ()
) -> Shadowed:
    """Compare what a run would charge and pay with *legacy*, and store nothing.

    The run is that of `preview_month`: what these books have billed already is not decided again,
    so compare before the month is run, or on books that are empty. (spec: billing 12)
    """
    plan = await decide_month(asked)
    found = diff(plan, legacy, tolerance=tolerance)
    return Shadowed(found, tuple(dict.fromkeys(plan.skipped)), len(plan.changes))
