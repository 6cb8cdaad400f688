"""Platform check: the seed's own test, that the platform wallet equals the gateway's balance.

It holds only while every customer, supplier and owner is at zero, so it is a report with its
explanation and blocks nothing. (seed 002; spec: billing 9, C-17)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs

from ledgerkit.domain.ledger import Balance
from ledgerkit.domain.money import Money

PLATFORM, GATEWAY = "platform", "gateway"


@attrs.frozen(kw_only=True)
class PlatformCheck:
    """The platform wallet beside what the gateways report.

    Attributes:
        platform: What the platform wallet holds.
        reported: What the gateways report.
        difference: Reported less platform.
        explained: What the wallets of each other kind hold together, by kind; zeros are left out.
        drift: What is left when these are taken off the difference.
    """

    platform: Money
    reported: Money
    difference: Money
    explained: tuple[tuple[str, Money], ...]
    drift: Money

    @property
    def agrees(self) -> bool:
        """Whether the seed's check passes."""
        return self.difference.minor == 0

    @property
    def sentence(self) -> str:
        """Why the two differ, in words."""
        if self.agrees:
            return f"the gateways report {self.reported}, which is what the platform wallet holds"
        held = ", ".join(f"{kind} {money}" for kind, money in self.explained) or "none hold any"
        return (
            f"the gateways report {self.reported} and the platform wallet holds {self.platform}: "
            f"{self.difference} belongs to other wallets ({held}); drift is {self.drift}"
        )


def platform_check(balances: Mapping[tuple[str, str], Balance], reported: Money) -> PlatformCheck:
    """Compare the platform wallet with what the gateways *reported*, all of them together.

    *balances* are those of all wallets, which sum to zero: so the gateways hold what the platform
    and everybody else hold together, and the others are the explanation.

    >>> books = {("customer:s", "USD"): Balance(-10_000), ("supplier:i", "USD"): Balance(6_000),
    ...     ("platform", "USD"): Balance(4_000)}
    >>> found = platform_check(books, Money(0, "USD"))
    >>> found.difference.minor, found.drift.minor
    (-4000, 0)
    """
    currency = reported.currency
    kinds = Counter[str]()
    for (wallet, code), balance in balances.items():
        if code == currency:
            kinds[wallet.partition(":")[0]] += balance.posted
    platform = Money(kinds.pop(PLATFORM, 0), currency)
    kinds.pop(GATEWAY, None)
    difference = reported - platform
    others = tuple((kind, Money(minor, currency)) for kind, minor in sorted(kinds.items()) if minor)
    return PlatformCheck(
        platform=platform,
        reported=reported,
        difference=difference,
        explained=others,
        drift=difference - sum((money for _, money in others), start=Money.zero(currency)),
    )
