"""The academy that `academy.py` bills: its classes, its families and when their children enrol.

All of it is invented, except the student of 15 March, who is the example of seed 003.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import attrs

from ledgerkit.domain.late_joiners import CatchUpPolicy, Enrolled, enrol
from ledgerkit.domain.money import Money
from ledgerkit.domain.parties import BUSINESS, CUSTOMER, Party
from ledgerkit.domain.periods import CalendarCycle, Cycle, FixedDaysCycle

ZONE = "Europe/Madrid"
CURRENCY = "EUR"
ACADEMY = Party(
    id="academia-mirador",
    role=BUSINESS,
    name="Academia Mirador",
    currency=CURRENCY,
    email="secretaria@academia-mirador.example",
    address=("Calle de la Palma, 27", "28004 Madrid"),
    locale="es",
    zone=ZONE,
    tax_id="B87654321",
)
# Lessons of school subjects are exempt; the invoice has to say by which law.
SMALL_PRINT = (
    "Academia Mirador, S.L. · Registro Mercantil de Madrid, tomo 34.567, folio 89, hoja M-123456\n"
    "Operación exenta de IVA según el artículo 20.Uno.9.º de la Ley 37/1992"
)
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64" viewBox="0 0 96 64">
<path d="M2 62 V34 A30 30 0 0 1 62 34 V62 Z" fill="#12575c"/>
<circle cx="32" cy="27" r="8" fill="#e8a33d"/>
<path d="M2 62 V50 L20 36 L34 48 L44 40 L62 54 V62 Z" fill="#f3efe4"/>
<path d="M2 62 V57 L18 46 L36 56 L46 50 L62 60 V62 Z" fill="#7fa7a3"/>
<path d="M2 62 H94" stroke="#12575c" stroke-width="4" stroke-linecap="round"/>
</svg>"""


@attrs.frozen(kw_only=True)
class Course:
    """A class on offer; without a *cycle* it is paid once."""

    id: str
    name: str
    starts_on: date
    cycle: Cycle | None
    price: Money
    policy: CatchUpPolicy = CatchUpPolicy.ALL_FULL


NEW_YEAR = date(2026, 1, 1)
MATHS = Course(
    id="mat-101",
    name="Matemáticas 101",
    starts_on=NEW_YEAR,
    cycle=FixedDaysCycle(NEW_YEAR, 30),
    price=Money(5_000, CURRENCY),
)
ENGLISH = Course(
    id="ing-b2",
    name="Inglés B2",
    starts_on=date(2026, 1, 12),
    cycle=CalendarCycle(),
    price=Money(6_500, CURRENCY),
)
DRAWING = Course(
    id="dib-1",
    name="Dibujo artístico",
    starts_on=NEW_YEAR,
    cycle=FixedDaysCycle(NEW_YEAR, 30),
    price=Money(5_000, CURRENCY),
    policy=CatchUpPolicy.CURRENT_PRORATED,
)
EASTER = Course(
    id="int-ss",
    name="Intensivo de Semana Santa",
    starts_on=date(2026, 3, 30),
    cycle=None,
    price=Money(12_000, CURRENCY),
)

# id, family, address; those with a direct debit pay each invoice on the day it is due.
FAMILIES = (
    ("fam-ferrer", "Carmen Ferrer Vidal", "Calle de Fuencarral, 12", "28004 Madrid"),
    ("fam-nunez", "María José Núñez Peña", "Calle de Alcalá, 145", "28009 Madrid"),
    ("fam-ibanez", "Beatriz Ibáñez Muñoz", "Paseo de las Delicias, 61", "28045 Madrid"),
    ("fam-zuniga", "Andrés Zúñiga Herrera", "Avenida de América, 8", "28028 Madrid"),
    ("fam-roig", "Montserrat Roig Esteve", "Calle de Bravo Murillo, 203", "28020 Madrid"),
)
DIRECT_DEBIT = {"fam-ferrer", "fam-ibanez", "fam-roig"}
LATE = "fam-nunez"  # pays the first invoice in two parts

# Family, student, class, when: local time in Madrid.
ENROLMENTS = (
    ("fam-ferrer", "Lucía Ferrer", MATHS, "2026-01-01T10:15"),
    ("fam-ferrer", "Mateo Ferrer", MATHS, "2025-12-20T17:40"),
    ("fam-nunez", "Álvaro Núñez", MATHS, "2026-03-15T18:05"),
    ("fam-ibanez", "Sofía Ibáñez", ENGLISH, "2026-03-15T11:30"),
    ("fam-ibanez", "Hugo Ibáñez", DRAWING, "2026-03-15T11:35"),
    ("fam-zuniga", "Martina Zúñiga", MATHS, "2026-04-01T00:30"),
    ("fam-roig", "Pau Roig", EASTER, "2026-03-09T09:00"),
)


def families() -> tuple[Party, ...]:
    """Return the customers; all read Spanish."""
    return tuple(
        Party(
            id=id,
            role=CUSTOMER,
            name=name,
            currency=CURRENCY,
            address=address,
            locale="es",
            zone=ZONE,
        )
        for id, name, *lines in FAMILIES
        for address in [tuple(lines)]
    )


def enrolments() -> tuple[tuple[datetime, Enrolled], ...]:
    """Return who enrols when, in the order of time."""
    found = []
    for family, student, course, local in ENROLMENTS:
        at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(ZONE))
        enrolled = enrol(
            customer=family,
            student=student,
            class_id=course.id,
            class_name=course.name,
            class_start=course.starts_on,
            zone=ZONE,
            cycle=course.cycle,
            price=course.price,
            at=at,
            policy=course.policy,
        )
        found.append((at, enrolled))
    return tuple(sorted(found, key=lambda each: each[0]))
