"""The software house that `subscriptions.py` bills: its prices, its customers and their spring.

All of it is invented. One customer after the other does what customers do: one upgrades, one
pauses, one leaves, one does not pay.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import attrs

from ledgerkit.domain.billing_run import Month, Policy
from ledgerkit.domain.catalog import Catalog, CatalogKey, Price
from ledgerkit.domain.changes import Decision, Series
from ledgerkit.domain.discounts import Coupon
from ledgerkit.domain.grants import Grant, buy
from ledgerkit.domain.money import Money, Rate
from ledgerkit.domain.parties import BUSINESS, CUSTOMER, SUPPLIER, Party
from ledgerkit.domain.periods import AnniversaryCycle, CalendarCycle, Timing
from ledgerkit.domain.pricing import ListPrice, PerUnit, PriceKey, PriceList, Tariff
from ledgerkit.domain.rate_plans import PlanItem, agree
from ledgerkit.domain.sessions import APPROVED, Match, Session
from ledgerkit.domain.subscriptions import (
    Created,
    Item,
    cancel,
    change,
    change_quantity,
    create,
    pause,
    reactivate,
    resume,
    suspend,
)
from ledgerkit.domain.tax import REVERSE_CHARGE, Tax, TaxRate
from ledgerkit.domain.usage import SUM, Meter, UsageEvent
from ledgerkit.jobs.subscriptions import Decide

ZONE, CURRENCY = "Europe/Vienna", "EUR"
FIRST, LAST = date(2026, 3, 1), date(2026, 5, 1)
MONTHLY = CalendarCycle()


def eur(cents: int) -> Money:
    """Return so many cents."""
    return Money(cents, CURRENCY)


def _party(id: str, role: str, name: str, *address: str) -> Party:
    mail = f"office@{id}.example"
    return Party(
        id=id,
        role=role,
        name=name,
        currency=CURRENCY,
        email=mail,
        address=address,
        locale="en_IE",
        zone=ZONE,
    )


FOLIANT = _party(
    "foliant", BUSINESS, "Foliant Software GmbH", "Lindengasse 8", "1070 Wien", "VAT ATU00000000"
)
SMALL_PRINT = "Foliant Software GmbH · Questions about an invoice: billing@foliant.example"
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" viewBox="0 0 64 64">
<path d="M12 6 H40 L54 20 V58 H12 Z" fill="#5b2a4e"/>
<path d="M40 6 V20 H54 Z" fill="#e0b8cf"/>
<path d="M21 30 H45 M21 39 H45 M21 48 H36" stroke="#ffffff" stroke-width="4" fill="none"/>
</svg>"""
PARTIES = (
    _party("alpenblick", CUSTOMER, "Hotel Alpenblick", "Dorfplatz 3", "6080 Igls"),
    _party("brenner", CUSTOMER, "Brenner & Co", "Annenstraße 12", "8020 Graz"),
    _party(
        "cadence",
        CUSTOMER,
        "Cadence Musik GmbH",
        "Sendlinger Straße 40",
        "80331 München",
        "VAT DE000000000",
    ),
    _party("doppler", CUSTOMER, "Doppler Akustik", "Getreidegasse 21", "5020 Salzburg"),
    _party("elster", CUSTOMER, "Verlag Elster", "Zollergasse 2", "1070 Wien"),
    _party("fjord", CUSTOMER, "Fjord Reisen", "Landstraße 66", "4020 Linz"),
    _party("galerie", CUSTOMER, "Galerie Nord", "Schleifmühlgasse 9", "1040 Wien"),
    _party("hafen", CUSTOMER, "Hafen Logistik", "Handelskai 130", "1020 Wien"),
    _party("iris", CUSTOMER, "Iris Archiv", "Hauptplatz 1", "3500 Krems an der Donau"),
    _party("rosa", SUPPLIER, "Rosa Wimmer", "Neubaugasse 50", "1070 Wien"),
)
PAYS_LATE, PAYS_ON = "hafen", date(2026, 4, 20)

# ---- what it costs -------------------------------------------------------------------------------
VAT = Tax(id="vat", code="VAT", rates=(TaxRate(Fraction(1, 5), date(2016, 1, 1)),))
REVERSED = Tax(
    id="vat-eu",
    code="VAT",
    treatment=REVERSE_CHARGE,
    reason="Reverse charge: the recipient is liable for the VAT",
)
POLICY = Policy(
    terms_days=14,
    invoices=Series("F", "{series}-{year}-{n:3}"),
    credit_notes=Series("G", "{series}-{year}-{n:3}"),
    taxes={"": (VAT,)},
    low_credit=(eur(1000),),
)


def _item(id: str, name: str, cents: int) -> Item:
    return Item(id=id, name=name, price=Rate(Fraction(cents), CURRENCY))


SOLO, TEAM = _item("plan", "Foliant Solo", 1000), _item("plan", "Foliant Team", 2000)
STUDIO, HOUSE = _item("plan", "Foliant Studio", 3100), _item("plan", "Foliant House", 24_995)
YEARLY = attrs.evolve(
    _item("plan", "Foliant House, yearly", 240_000), cycle=AnniversaryCycle(FIRST, 12)
)
SEATS = attrs.evolve(_item("seats", "Seat", 1000), quantity=Fraction(5), timing=Timing.IN_ARREARS)
PAGES = Meter(name="pages", aggregation=SUM, unit="pages", category="conversion")
PRICES = PriceList(
    "conversion",
    CURRENCY,
    (
        ListPrice(  # one and a half cents a page; the first thousand are free
            PriceKey.of("Page converted"),
            Tariff(model=PerUnit(Rate(Fraction(3, 2), CURRENCY)), included=1000),
            FIRST,
        ),
    ),
)
TRAINING = CatalogKey("training", "remote", 60)
TAUGHT = Match(
    id="m-iris",
    customer="iris",
    student="Archive team",
    supplier="rosa",
    key=TRAINING,
    currency=CURRENCY,
)


def _on(month: int, day: int, hour: int) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def month() -> Month:
    """Return what the house tells of every month: people, prices, coupons, taxes, trainings."""
    return Month(
        business=FOLIANT,
        parties=PARTIES,
        catalog=Catalog(
            "catalog",
            (Price(key=TRAINING, charge=eur(9000), pay=eur(6000), valid_from=FIRST),),
        ),
        matches=(TAUGHT,),
        sessions=(
            Session(
                id="s-1",
                match=TAUGHT.id,
                starts_at=_on(3, 12, 9),
                status=APPROVED,
                approved_at=_on(3, 12, 11),
            ),
        ),
        coupons={"elster": (Coupon(id="SPRING10", percent=Fraction(1, 10), times=2),)},
        taxes={"cadence": {"": (REVERSED,)}},
    )


# ---- what was agreed on the first day ------------------------------------------------------------
def _subscribe(customer: str, *items: Item, trial_until: date | None = None) -> Created:
    return create(
        items,
        id=f"sub-{customer}",
        customer=customer,
        currency=CURRENCY,
        zone=ZONE,
        cycle=MONTHLY,
        started_on=FIRST,
        trial_until=trial_until,
    )


def agreed() -> tuple[Decision, ...]:
    """Return what customers agreed to on 1 March."""
    at = datetime.combine(FIRST, datetime.min.time(), UTC)
    usage = agree(
        customer="iris",
        price_list=PRICES,
        zone=ZONE,
        cycle=MONTHLY,
        items=(PlanItem(item="Page converted", meter=PAGES),),
        on=FIRST,
    )
    credit = Grant(
        id="credit-iris",
        customer="iris",
        amount=eur(5000),
        price=eur(5000),
        granted_on=FIRST,
        covers=("usage",),
    )
    return (
        _subscribe("alpenblick", TEAM),
        _subscribe("brenner", SOLO),
        _subscribe("cadence", YEARLY),
        _subscribe("doppler", TEAM, SEATS),
        _subscribe("elster", STUDIO, trial_until=date(2026, 3, 15)),
        _subscribe("fjord", HOUSE),
        _subscribe("galerie", STUDIO),
        _subscribe("hafen", STUDIO),
        _subscribe("iris", TEAM),
        usage,
        buy(credit, at=at),
    )


def usage_events() -> tuple[UsageEvent, ...]:
    """Return what Iris converted: 3,400 and 2,200 pages."""
    return tuple(
        UsageEvent(id=f"e-{n}", customer="iris", meter=PAGES.name, at=at, quantity=Fraction(pages))
        for n, (at, pages) in enumerate(
            ((_on(3, 6, 8), 1900), (_on(3, 20, 8), 1500), (_on(4, 9, 8), 2200)), start=1
        )
    )


# ---- what they decided since ---------------------------------------------------------------------
@attrs.frozen
class Wish:
    """What somebody asked for on a day, and the verb that does it."""

    on: date
    customer: str
    verb: str
    actor: str
    reason: str
    decide: Decide


WISHES = (
    Wish(
        date(2026, 3, 3),
        "fjord",
        "pause",
        "nora (fjord)",
        "closed for the season",
        lambda now, on, billed: pause(now, on=on, billed=billed),
    ),
    Wish(
        date(2026, 3, 10),
        "alpenblick",
        "downgrade",
        "karl (sales)",
        "too large for them",
        lambda now, on, billed: change(now, [SOLO], on=on, billed=billed),
    ),
    Wish(
        date(2026, 3, 15),
        "brenner",
        "upgrade",
        "ute (brenner)",
        "a second person joined",
        lambda now, on, billed: change(now, [TEAM], on=on, billed=billed),
    ),
    Wish(
        date(2026, 3, 15),
        "doppler",
        "more seats",
        "max (doppler)",
        "five new colleagues",
        lambda now, on, billed: change_quantity(now, "seats", 10, on=on, billed=billed),
    ),
    Wish(
        date(2026, 3, 15),
        "galerie",
        "cancel",
        "eva (support)",
        "the gallery closes",
        lambda now, on, billed: cancel(now, end=date(2026, 3, 16), on=on, billed=billed),
    ),
    Wish(
        date(2026, 3, 30),
        "hafen",
        "suspend",
        "billing",
        "unpaid for 15 days",
        lambda now, on, _: suspend(now, on=on),
    ),
    Wish(
        date(2026, 4, 4),
        "fjord",
        "resume",
        "nora (fjord)",
        "open again",
        lambda now, on, _: resume(now, on=on),
    ),
    Wish(
        date(2026, 4, 20),
        "hafen",
        "reactivate",
        "billing",
        "paid",
        lambda now, on, _: reactivate(now, on=on),
    ),
)
