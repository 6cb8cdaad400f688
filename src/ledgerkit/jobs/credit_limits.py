"""Credit limits: set one, ask before a booking, see who is near, charge by itself.

Who may do so is checked first: see `ledgerkit.domain.access`. (seed 002)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import attrs

from ledgerkit.domain.access import (
    BILLING_APPROVE,
    BILLING_READ,
    Actor,
    Resource,
    require,
)
from ledgerkit.domain.changes import (
    Decision,
    Expect,
    Skipped,
    changes_of,
    expect,
    request,
    skipped,
)
from ledgerkit.domain.credit_limits import (
    BANDS,
    AutoCharge,
    Bands,
    Check,
    CreditLimit,
    Floors,
    LimitSet,
    NearLimit,
    auto_charge,
    check,
    limit_id,
    near_limit,
    set_limit,
)
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import AsOf, Balance, address
from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.money import Money
from ledgerkit.jobs import steps
from ledgerkit.jobs.payments import under_way
from ledgerkit.jobs.rounds import ROUNDS, until_stored
from ledgerkit.jobs.steps import Job

Order: TypeAlias = Callable[[AutoCharge, datetime], Job[Decision]]
"""Decides on the order that carries out a charge, such as an instruction to a gateway."""
UnderWay: TypeAlias = Callable[[CreditLimit], Job[Money]]
"""Tells what may still come from a customer in the limit's currency without another order."""


# ---- limits ----------------------------------------------------------------------------------
async def set_credit_limit(
    customer: str,
    amount: Money,
    *,
    actor: Actor,
    reason: str,
    key: str,
    charge_at: str | None = None,
    charge_target: Money | None = None,
) -> LimitSet:
    """Let *customer* owe up to *amount* from now on; see `credit_limits.set_limit`.

    The floor of the wallet moves in the same commit. *key* names the request; asked again, nothing
    more is stored.

    Raises:
        AccessDenied: *actor* may not approve in billing, which is what a floor needs.
        Stale: others came first, again and again.
    """
    require(actor, BILLING_APPROVE)
    wallet, named = address("customer", customer), name_of("key of a credit limit", key)

    async def decide() -> LimitSet:
        # Read before the policy: changed after this, it was set in a commit that stored these anew.
        known = (
            await steps.load(Floors, wallet),
            await steps.load(CreditLimit, limit_id(customer, amount.currency)),
        )
        policy = next((w for w in await steps.wallets(wallet) if w.id == wallet), None)
        done = set_limit(
            customer, amount, wallet=policy, charge_at=charge_at, charge_target=charge_target
        )
        await steps.commit(
            changes_of(
                done,
                key=f"credit_limit/{customer}/{named}",
                request=request(
                    "credit_limit.set",
                    customer=customer,
                    minor=amount.minor,
                    currency=amount.currency,
                    charge_at=charge_at,
                    charge_target=None if charge_target is None else charge_target.minor,
                ),
                actor=actor.signature,
                reason=reason,
                at=await steps.now(),
                expects=tuple(expect(version) for version in known if version is not None),
            )
        )
        return done

    return await until_stored(decide)


async def check_booking(
    customer: str, proposed: Money, *, actor: Actor, bands: Bands = BANDS
) -> Check:
    """Return whether *customer* may be charged *proposed* more, on the books as they are now.

    This is advice: what holds is the floor, when the booking is charged. Between the two another
    booking may come; whoever wants to be sure books, which places a hold: see
    `ledgerkit.jobs.bookings`. Holds count here from when they are placed until they expire. (spec:
    billing 9, ledger 4)

    Raises:
        AccessDenied: *actor* may not read billing, or only that of others.
    """
    wallet = address("customer", customer)
    require(actor, BILLING_READ, Resource(f"wallet {wallet}", frozenset({customer})))
    read = await steps.load(CreditLimit, limit_id(customer, proposed.currency))
    balances = await steps.balances(wallet, AsOf(live_at=await steps.now()))
    return check(
        None if read is None else read.record,
        balances.get((wallet, proposed.currency), Balance()),
        proposed,
        customer=customer,
        bands=bands,
    )


async def near_credit_limit(*, actor: Actor, bands: Bands = BANDS) -> tuple[NearLimit, ...]:
    """Return who is near or over the limit, the worst first. (seed 002)

    Raises:
        AccessDenied: *actor* may not read all of billing.
    """
    require(actor, BILLING_READ)
    limits = await steps.find_all(CreditLimit)
    balances = await steps.balances("customer", AsOf(live_at=await steps.now()))
    return near_limit((v.record for v in limits), balances, bands=bands)


# ---- automatic charges -----------------------------------------------------------------------
@attrs.frozen
class AutoCharged:
    """What a run of automatic charges did: those ordered now, and who was left out."""

    ordered: tuple[AutoCharge, ...] = ()
    skipped: tuple[Skipped, ...] = ()


async def run_auto_charges(
    *,
    order: Order,
    under_way: UnderWay = under_way,
    actor: str = "automatic charges",
    bands: Bands = BANDS,
) -> AutoCharged:
    """Order a charge from every customer whose exposure has reached the band set for it.

    *order* makes the decision that is stored under the key of the charge, such as
    `payments.charge_through("stripe")`; *under_way* tells what was ordered before and has not
    arrived, or is in dispute, so that nobody is charged twice for one debt. Who cannot be charged
    is skipped and holds up nobody. Run again, nothing is ordered twice. (seed 002; spec: billing 9)
    """
    ordered: list[AutoCharge] = []
    left_out: list[Skipped] = []
    balances = await steps.balances("customer", AsOf(live_at=await steps.now()))
    for read in await steps.find_all(CreditLimit):
        limit = read.record
        balance = balances.get((limit.wallet, limit.currency), Balance())
        try:
            charge = await _auto_charge(limit, balance, under_way, bands)
            if charge is not None and await _order(charge, order, expect(read), actor):
                ordered.append(charge)
        except LedgerkitError as error:
            left_out.append(skipped(limit.customer, error))
    return AutoCharged(tuple(ordered), tuple(left_out))


async def _auto_charge(
    limit: CreditLimit, balance: Balance, under_way: UnderWay, bands: Bands
) -> AutoCharge | None:
    # Most customers owe little: only of the others more is read.
    if auto_charge(limit, balance, position=0, bands=bands) is None:
        return None
    # Money that comes in moves from what is under way to the balance, and back in a dispute: read
    # on either side of that, it would be asked for twice. Each move is an entry of the wallet.
    for _ in range(ROUNDS):
        position = await _position(limit)
        arriving = await under_way(limit)
        balances = await steps.balances(limit.wallet, AsOf(live_at=await steps.now()))
        balance = balances.get((limit.wallet, limit.currency), Balance())
        if await _position(limit) == position:
            return auto_charge(limit, balance, position=position, under_way=arriving, bands=bands)
    return None  # a wallet so busy waits for the next run


async def _position(limit: CreditLimit) -> int:
    """Return the number of the last entry of the wallet of *limit*, zero if there is none."""
    last = await steps.last_entry(limit.wallet)
    return 0 if last is None else last.sequence


async def _order(charge: AutoCharge, order: Order, based_on: Expect, actor: str) -> bool:
    """Store the order of *charge*; return whether that was new."""
    at = await steps.now()
    committed = await steps.commit(
        changes_of(
            await order(charge, at),
            key=charge.key,
            request=request(
                "credit_limit.charge",
                customer=charge.customer,
                minor=charge.amount.minor,
                currency=charge.amount.currency,
            ),
            actor=actor,
            reason=f"the exposure of {charge.exposure} is at {charge.band}",
            at=at,
            expects=(based_on,),
        )
    )
    return not committed.replayed
