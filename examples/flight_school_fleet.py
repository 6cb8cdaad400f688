"""The flight school that `flight_school.py` bills: its people, rates, aircraft and flights.

All of it is invented, except the figures of seed 002: an hour of flight costs 100.00 and earns
60.00, and the log says 1.8 hours where 1.5 were charged.
"""

from __future__ import annotations

from datetime import date, datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

import attrs

from ledgerkit.domain.completions import Work, quantities_of
from ledgerkit.domain.money import ISO, Exact, Money, Rate
from ledgerkit.domain.parties import BUSINESS, CUSTOMER, OWNER, SUPPLIER, Party
from ledgerkit.domain.rate_cards import CHARGE, PAY, CardRate, RateCard, RateKey
from ledgerkit.domain.rentals import (
    Bundled,
    BundleShare,
    Leased,
    Owned,
    Rental,
    RentalPolicy,
    RentalTerms,
    ThirdParty,
)

ZONE = "America/Phoenix"
CURRENCY = "USD"
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
SMALL_PRINT = (
    "Saguaro Flight School LLC · FAA Part 61 · Glendale Municipal Airport (KGEU)\n"
    "Questions about this document: billing@saguaro-flight.example"
)
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64" viewBox="0 0 96 64">
<circle cx="66" cy="22" r="16" fill="#e08e45"/>
<path d="M4 56 L92 12 L58 60 L46 48 L36 60 L34 46 Z" fill="#23395b"/>
<path d="M34 46 L92 12 L46 48 Z" fill="#8da9c4"/>
</svg>"""


def usd(major: str) -> Money:
    """Return an amount such as `-100.00`."""
    return ISO.parse(major, CURRENCY)


def hourly(major: str) -> Rate:
    """Return the price of an hour."""
    return Rate.of(usd(major))


def local(day: int, clock: str) -> datetime:
    """Return the instant at which a wall clock in Phoenix says so on a day of October 2026."""
    return datetime.combine(date(2026, 10, day), time.fromisoformat(clock), ZoneInfo(ZONE))


# ---- people ----------------------------------------------------------------------------------
def party(id: str, role: str, name: str, *address: str) -> Party:
    """Return somebody who lives in Arizona."""
    return Party(
        id=id,
        role=role,
        name=name,
        currency=CURRENCY,
        email=f"{id}@saguaro-flight.example",
        address=address,
        locale="en_US",
        zone=ZONE,
    )


SCHOOL = attrs.evolve(
    party(
        "saguaro",
        BUSINESS,
        "Saguaro Flight School",
        "6801 N Glen Harbor Blvd",
        "Glendale, AZ 85307",
    ),
    email="billing@saguaro-flight.example",
    tax_id="86-1234567",
)
CUSTOMERS = (
    party("ana", CUSTOMER, "Ana Torres", "412 W Roosevelt St", "Phoenix, AZ 85003"),
    party("ben", CUSTOMER, "Ben Okafor", "9 E Maryland Ave", "Phoenix, AZ 85012"),
    party("cleo", CUSTOMER, "Cleo Marsh", "77 S Mill Ave", "Tempe, AZ 85281"),
    party("dana", CUSTOMER, "Dana Lindqvist", "1550 N Litchfield Rd", "Goodyear, AZ 85395"),
)
INSTRUCTORS = (
    party("tom", SUPPLIER, "Tom Alvarado", "2210 N 35th Ave", "Phoenix, AZ 85009"),
    party("una", SUPPLIER, "Una Whitehorse", "18 W Grand Ave", "Glendale, AZ 85301"),
)
OWNERS = (
    party("copperline", OWNER, "Copperline Leasing LLC", "340 E Palm Ln", "Phoenix, AZ 85004"),
    party("olga", OWNER, "Olga Petrenko", "5 N Agua Fria Fwy", "Glendale, AZ 85305"),
)
# How much each may owe, and the band from which on the saved card is charged. Cleo pays before.
LIMITS = (
    ("ana", usd("500"), "warning"),
    ("ben", usd("500"), None),
    ("cleo", usd("0"), None),
    ("dana", usd("350"), "warning"),
)

# ---- rates -----------------------------------------------------------------------------------
CARD = "school"
FLIGHT, GROUND = "flight", "ground"


def rate(side: str, kind: str, major: str, since: date = FIRST, **only: str) -> CardRate:
    """Return what an hour of *kind* costs or earns from the day *since* on."""
    return CardRate(RateKey(side=side, kind=kind, **only), hourly(major), since)


RATES = RateCard(
    CARD,
    CURRENCY,
    (
        rate(CHARGE, FLIGHT, "100"),
        rate(CHARGE, GROUND, "50"),
        rate(PAY, FLIGHT, "60"),
        rate(PAY, GROUND, "30"),
        rate(PAY, FLIGHT, "70", supplier="una"),
    ),
)
DEARER = rate(CHARGE, FLIGHT, "110", date(2026, 10, 15))
WHY_DEARER = "insurance went up; instructors earn what they did"


# ---- aircraft --------------------------------------------------------------------------------
def aircraft(tail: str, policy: RentalPolicy) -> Rental:
    """Return the terms of one, rented by the hour of flight."""
    return Rental(tail, (RentalTerms(policy, FLIGHT, FIRST),))


FLEET = (
    aircraft("N172SP", Owned(hourly("100"))),
    aircraft("N44LS", Leased(rate=hourly("120"), cost=hourly("90"), owner="copperline")),
    aircraft("N9PT", ThirdParty(rate=hourly("120"), fee=Fraction(1, 20), owner="olga")),
    aircraft(
        "N7DF",
        Bundled(
            rate=hourly("250"),
            shares=(
                BundleShare("instruction", Fraction(60), "supplier"),
                BundleShare("aircraft", Fraction(130)),
                BundleShare("fuel", Fraction(60)),
            ),
            includes=(FLIGHT,),
        ),
    ),
)


# ---- flights ---------------------------------------------------------------------------------
@attrs.frozen(kw_only=True)
class Lesson:
    """What is booked and then done.

    Attributes:
        work: What was done, as it is charged.
        booked_at: When it was booked.
        direct: Whether the instructor's share is transferred at once and by itself.
        what: What people call it.
    """

    work: Work
    booked_at: datetime
    direct: bool
    what: str


def lesson(
    id: str,
    what: str,
    *,
    booked: tuple[int, str],
    done: tuple[int, str],
    customer: str,
    supplier: str | None = None,
    equipment: str | None = None,
    direct: bool = False,
    **hours: Exact,
) -> Lesson:
    """Return a lesson or flight with its *hours* by kind of work."""
    work = Work(
        id=id,
        type=GROUND if GROUND in hours else FLIGHT,
        customer=customer,
        supplier=supplier,
        equipment=equipment,
        quantities=quantities_of(hours),
        completed_at=local(*done),
        zone=ZONE,
    )
    return Lesson(work=work, booked_at=local(*booked), direct=direct, what=what)


HOUR, HALF = Fraction(1), Fraction(1, 2)
# Until the 15th Tom is paid flight by flight, then every fortnight, as Una is from the beginning.
LESSONS = (
    lesson(
        "f-1",
        "Dual flight, own aircraft",
        booked=(2, "09:00"),
        done=(3, "10:00"),
        customer="ana",
        supplier="tom",
        direct=True,
        flight=HOUR,
    ),
    lesson(
        "f-2",
        "Dual flight",
        booked=(3, "12:00"),
        done=(5, "11:30"),
        customer="ben",
        supplier="tom",
        equipment="N172SP",
        direct=True,
        flight=3 * HALF,
    ),
    lesson(
        "g-1",
        "Ground school",
        booked=(5, "15:00"),
        done=(6, "17:00"),
        customer="dana",
        supplier="tom",
        direct=True,
        ground=HOUR,
    ),
    lesson(
        "f-3",
        "Mountain flight",
        booked=(5, "16:00"),
        done=(7, "12:00"),
        customer="cleo",
        supplier="una",
        equipment="N9PT",
        flight=2 * HOUR,
    ),
    lesson(
        "f-4",
        "Instrument flight",
        booked=(6, "10:00"),
        done=(8, "14:00"),
        customer="ana",
        supplier="una",
        equipment="N44LS",
        flight=3 * HALF,
    ),
    lesson(
        "f-5",
        "Discovery flight",
        booked=(7, "10:00"),
        done=(9, "09:00"),
        customer="dana",
        supplier="tom",
        equipment="N7DF",
        direct=True,
        flight=HOUR,
    ),
    lesson(
        "f-6",
        "Cross-country flight",
        booked=(10, "11:00"),
        done=(12, "15:00"),
        customer="ben",
        supplier="tom",
        equipment="N172SP",
        direct=True,
        flight=2 * HOUR,
    ),
    lesson(
        "f-7",
        "Dual flight",
        booked=(19, "10:00"),
        done=(21, "10:00"),
        customer="ana",
        supplier="tom",
        equipment="N172SP",
        flight=HOUR,
    ),
    lesson(
        "f-8",
        "Instrument flight",
        booked=(22, "18:00"),
        done=(23, "13:00"),
        customer="ana",
        supplier="una",
        equipment="N44LS",
        flight=HOUR,
    ),
    lesson(
        "f-9",
        "Solo flight",
        booked=(27, "18:00"),
        done=(28, "09:00"),
        customer="ben",
        equipment="N172SP",
        flight=HOUR,
    ),
)
# These are refused: one would go beyond the limit, the other comes while a payment is disputed.
TOO_LONG = lesson(
    "f-x1",
    "Cross-country flight",
    booked=(10, "09:00"),
    done=(11, "14:00"),
    customer="dana",
    supplier="tom",
    equipment="N172SP",
    flight=4 * HOUR,
)
DISPUTED = lesson(
    "f-x2",
    "Solo flight",
    booked=(16, "09:00"),
    done=(17, "09:00"),
    customer="ben",
    equipment="N172SP",
    flight=HOUR,
)
