"""Payout settings: from which day on a payee is paid at once, for which fee. (seed 002)

Being paid at once is the payee's choice, and what it costs is not: so a payee asks for it, and
whoever may write billing sets it.
"""

from __future__ import annotations

from ledgerkit.domain.access import BILLING_WRITE, Actor, require
from ledgerkit.domain.changes import changes_of, expect, request
from ledgerkit.domain.payouts import PayoutSetting, PayoutTerm, set_term, setting_id
from ledgerkit.jobs import steps
from ledgerkit.jobs.rounds import until_stored


async def set_instant(
    term: PayoutTerm, *, supplier: str, actor: Actor, reason: str
) -> PayoutSetting:
    """Set from which day on payouts of *supplier* are instant, for which fee, or are not.

    It holds for the party in whatever role it is paid.

    Earlier terms stay; who set which, when and why is the setting's history.

    Raises:
        AccessDenied: *actor* may not write billing.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_WRITE)

    async def decide() -> PayoutSetting:
        read = await steps.load(PayoutSetting, setting_id(supplier))
        before = None if read is None else read.record
        if before is not None and before.terms[-1] == term:
            return before
        changed = set_term(before, term, supplier=supplier)
        await steps.commit(
            changes_of(
                changed,
                key=f"payout_setting/{supplier}/{len(changed.setting.terms)}",
                request=request(
                    "payout_setting.set",
                    supplier=supplier,
                    currency=term.currency,
                    valid_from=term.valid_from,
                ),
                actor=actor.signature,
                reason=reason,
                at=await steps.now(),
                expects=() if read is None else (expect(read),),
            )
        )
        return changed.setting

    return await until_stored(decide)
