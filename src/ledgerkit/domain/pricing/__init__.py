"""Pricing: what a quantity comes to; exact up to the one named rounding of its line.

A model says how a quantity is priced, a tariff adds what is included and the bounds of the line,
and a price list finds the tariff of an item on a day. Read `rated`, `components`, `tiers`,
`models`, `tariffs`, `rating`, `commitments`, `price_list`. (spec: billing 0, 4)
"""

from __future__ import annotations

from ledgerkit.domain.pricing.commitments import (
    Commitment,
    Committed,
    Window,
    apply_commitment,
    true_up,
)
from ledgerkit.domain.pricing.components import Component
from ledgerkit.domain.pricing.models import (
    MODELS,
    Flat,
    Graduated,
    Model,
    PackagePrice,
    Percentage,
    PerUnit,
    Volume,
)
from ledgerkit.domain.pricing.price_list import (
    ListPrice,
    ListPriceChanged,
    NoListedPrice,
    PriceKey,
    PriceList,
    change_price,
)
from ledgerkit.domain.pricing.rated import Rated, rated
from ledgerkit.domain.pricing.rating import (
    EventsNeeded,
    NegativeQuantity,
    PriceDrop,
    components,
    price_drops,
    rate,
    rate_events,
    rate_turnover,
    unbilled,
)
from ledgerkit.domain.pricing.tariffs import Tariff
from ledgerkit.domain.pricing.tiers import Tier

__all__ = [
    "MODELS",
    "Commitment",
    "Committed",
    "Component",
    "EventsNeeded",
    "Flat",
    "Graduated",
    "ListPrice",
    "ListPriceChanged",
    "Model",
    "NegativeQuantity",
    "NoListedPrice",
    "PackagePrice",
    "PerUnit",
    "Percentage",
    "PriceDrop",
    "PriceKey",
    "PriceList",
    "Rated",
    "Tariff",
    "Tier",
    "Volume",
    "Window",
    "apply_commitment",
    "change_price",
    "components",
    "price_drops",
    "rate",
    "rate_events",
    "rate_turnover",
    "rated",
    "true_up",
    "unbilled",
]
