"""Pricing: what a quantity comes to; exact up to the one named rounding of its line.

Read `rated`. (spec: billing 0, 4)
"""

from __future__ import annotations

from ledgerkit.domain.pricing.rated import Rated, rated

__all__ = ["Rated", "rated"]
