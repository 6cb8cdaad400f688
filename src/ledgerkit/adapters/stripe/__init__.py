"""Stripe: orders, connected accounts, checkout and webhooks by way of Stripe.

`StripeGateway` speaks through Stripe's own SDK and needs the extra `stripe`; `StripeWebhooks` is
code of ours and needs nothing. Keys are handed over as `Secret`.
(spec: gateways 1.1 to 1.4; seed: flight-school-ledger)
"""

from __future__ import annotations

from ledgerkit.adapters.stripe.amounts import NotExpressible, from_stripe, to_stripe
from ledgerkit.adapters.stripe.gateway import StripeGateway
from ledgerkit.adapters.stripe.objects import INSTRUCTION
from ledgerkit.adapters.stripe.webhooks import StripeWebhooks

__all__ = [
    "INSTRUCTION",
    "NotExpressible",
    "StripeGateway",
    "StripeWebhooks",
    "from_stripe",
    "to_stripe",
]
