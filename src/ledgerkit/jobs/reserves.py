"""Reserve: whether the gateways hold enough, asked on a schedule and before large payouts."""

from __future__ import annotations

from collections.abc import Collection

from ledgerkit.domain.money import Money
from ledgerkit.domain.reserves import ReserveCheck, ReservePolicy, check, held_at, observation
from ledgerkit.jobs import steps
from ledgerkit.jobs.alerts import observe


async def check_reserve(
    gateways: Collection[str],
    policy: ReservePolicy,
    *,
    proposed_transfer: Money | None = None,
    actor: str = "reserve check",
    tell: str | None = None,
) -> ReserveCheck:
    """Ask *gateways* what they hold, and tell how it stands against *policy*.

    The alert of the reserve is opened, moved or resolved; *tell* is told when it opens. Whoever
    wants to pay a transfer proposes it, and waits where `should_block_transfers` says so.
    (seed 002)

    Raises:
        PortMissing: the host has no gateway of such a name.
    """
    currency = policy.minimum.currency
    balances = [await steps.gateway_balance(gateway) for gateway in sorted(gateways)]
    checked = check(policy, held_at(balances, currency), proposed_transfer)
    subject = f"reserve/{','.join(sorted(gateways))}/{currency}"
    await observe(observation(checked, subject=subject), actor=actor, tell=tell)
    return checked
