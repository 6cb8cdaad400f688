"""People of a billing office, who may read, write and approve, and one who may not."""

from __future__ import annotations

from ledgerkit.domain.access import BILLING, ONBOARDING, Actor


def biller(id: str) -> Actor:
    """Return somebody of the billing office."""
    return Actor(id=id, roles=frozenset({BILLING}))


EVA, MARIA, MAX, OLGA = biller("eva"), biller("maria"), biller("max"), biller("olga")
PEDRO, VERA = biller("pedro"), biller("vera")
ONA = Actor(id="ona", roles=frozenset({ONBOARDING}))
