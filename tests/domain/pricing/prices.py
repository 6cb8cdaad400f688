"""Prices that the tests share: the tiers of the specification's sources, and random ones."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from ledgerkit.domain.money import ISO, Money, Rate
from ledgerkit.domain.pricing import Graduated, Model, PackagePrice, PerUnit, Tier, Volume


def usd(text: str) -> Money:
    """Return an amount in dollars."""
    return ISO.parse(text, "USD")


def per(text: str) -> Rate:
    """Return the price of one unit in dollars, below a cent too."""
    return ISO.rate(Decimal(text), "USD")


# OpenMeter's: 100 up to 5, 50 more up to 10, then by the unit.
STEPS = (
    Tier(up_to=5, flat=usd("100")),
    Tier(up_to=10, flat=usd("50")),
    Tier(up_to=15, unit=per("10")),
    Tier(unit=per("5")),
)
# The same for volume prices, which do not add up.
DROPPING = (STEPS[0], Tier(up_to=10, flat=usd("150")), *STEPS[2:])
SLABS = (
    Tier(up_to=10, unit=per("50")),
    Tier(up_to=20, unit=per("40")),
    Tier(unit=per("30")),
)

QUANTITIES = st.integers(0, 400) | st.fractions(0, 400, max_denominator=1000)
RATES = st.fractions(0, 500, max_denominator=100).map(lambda ratio: Rate(ratio, "USD"))
AMOUNTS = st.integers(0, 5000).map(lambda minor: Money(minor, "USD"))
BOUNDS = st.lists(st.fractions(1, 300, max_denominator=4), max_size=4, unique=True).map(sorted)


@st.composite
def tier_lists(draw: st.DrawFn, *, flats: bool = True, sizes: bool = True) -> tuple[Tier, ...]:
    """Return tiers with a unit price each, some with a flat fee, a size or a cap."""
    bounds: list[Fraction | None] = [*draw(BOUNDS), None]
    return tuple(
        Tier(
            up_to=bound,
            unit=draw(RATES),
            flat=draw(st.none() | AMOUNTS) if flats else None,
            size=draw(st.none() | st.integers(1, 50)) if sizes else None,
            cap=draw(st.none() | AMOUNTS) if flats else None,
        )
        for bound in bounds
    )


def models() -> st.SearchStrategy[Model]:
    """Return models that price a quantity."""
    return st.one_of(
        st.builds(PerUnit, RATES),
        st.builds(Graduated, tier_lists()),
        st.builds(Volume, tier_lists()),
        st.builds(PackagePrice, st.integers(1, 50), RATES),
    )
