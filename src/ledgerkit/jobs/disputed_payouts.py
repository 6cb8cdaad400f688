"""Disputed payouts: what became pending after its dispute was told goes on hold before it is paid.

A dispute holds the payouts that it finds. One that is generated later, or is tried again after it
failed, is found when somebody would pay it. (spec: billing 10)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import attrs

from ledgerkit.domain import disputes
from ledgerkit.domain.changes import changes_of, expect, request
from ledgerkit.domain.disputes import LOST, OPEN, WON, Dispute
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.payments import Payment
from ledgerkit.domain.payouts import PENDING, Payout
from ledgerkit.jobs import steps
from ledgerkit.jobs.rounds import until_stored


@attrs.frozen
class PayoutDisputed(LedgerkitError):
    """A payout for what a customer's bank asks back; it went on hold instead of being paid."""

    payout: str
    dispute: str
    code: ClassVar[str] = "payout_disputed"

    def __str__(self) -> str:
        return (
            f"payout {self.payout!r} pays what dispute {self.dispute!r} is about, so it is on "
            "hold; release it to pay it all the same"
        )


async def disputed_among(many: Iterable[Payout]) -> Mapping[str, Sequence[str]]:
    """Return which disputes say that a pending payout of *many* must not be paid yet, by its id.

    These are open or lost, and do not hold it: what one held and a person released is paid. A
    payout that may be paid has none.
    """
    pending = tuple(payout for payout in many if payout.status == PENDING)
    found = defaultdict[str, list[str]](list)
    for status in (OPEN, LOST) if pending else ():
        for version in await steps.find_all(Dispute, status=status):
            dispute = version.record
            for payout in await _related(dispute, pending):
                if payout.id not in dispute.held:
                    found[payout.id].append(dispute.id)
    return found


async def _related(dispute: Dispute, pending: tuple[Payout, ...]) -> tuple[Payout, ...]:
    paid = await steps.load(Payment, dispute.payment)
    if paid is None:
        return ()
    read = [await steps.load(Invoice, each.invoice) for each in paid.record.assignments]
    invoices = [version.record for version in read if version is not None]
    return disputes.related(paid.record, invoices, pending)


async def keep_back(payout: str, over: Sequence[str], *, actor: str) -> None:
    """Put *payout*, if it is pending, on hold for those of the disputes *over* that are not won.

    Raises:
        PayoutDisputed: it is on hold now.
        Stale: others came first, again and again.
    """

    async def decide() -> str | None:
        known = [await steps.load(Dispute, id) for id in over]
        found = [v for v in known if v is not None and v.record.status != WON]
        read = await steps.load(Payout, payout) if found else None
        if read is None or read.record.status != PENDING:
            return None
        await steps.commit(
            changes_of(
                disputes.keep_back(read.record, [version.record for version in found]),
                key=f"payout/{payout}/keep_back/{read.version}",
                request=request("payout.keep_back", payout=payout),
                actor=actor,
                reason=f"payout {payout} pays what is disputed",
                at=await steps.now(),
                expects=(expect(read), *(expect(version) for version in found)),
            )
        )
        return found[0].record.id

    dispute = await until_stored(decide)
    if dispute is not None:
        raise PayoutDisputed(payout, dispute)
