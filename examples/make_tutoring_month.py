"""Make `examples/data/tutoring`: one month of a tutoring business, as a CSV folder.

    python -m examples.make_tutoring_month [FOLDER]

A business in Madrid with 60 families (12 of them in London, in pounds), 15 tutors and the 800
sessions of October 2026; the format is docs/reference/csv-folder.md. People and prices are
invented. Needs the standard library only.

The same files come out on every machine and Python version: chance is drawn from `random()` of
one seeded `random.Random` (the one method whose sequence Python promises to keep), in a fixed
order, and nothing is taken from a clock, a set or the locale.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from examples.tutoring_business import (
    HOURLY,
    LONDON,
    MADRID,
    RAISED,
    STREETS,
    TIERS,
    UNPRICED,
    Key,
    keys,
    minutes_for,
    price_of,
    tier_price,
)
from examples.tutoring_timetable import (
    Chance,
    Family,
    Lessons,
    Tutor,
    families,
    matches,
    slug,
    tutors,
)

Row = dict[str, str]

SEED = 202610
FIRST, END = date(2026, 10, 1), date(2026, 11, 1)
SESSIONS_IN_MONTH = 800
AGREED_PAY = (7, 30, 53, 76)  # matches, by position, whose tutor gets 2.00 more than the catalog
# Of 100 lessons, how many come to nothing: the rest is approved.
OUTCOMES = (*["cancelled"] * 4, *["no_show"] * 2, *["held"] * 2)
APPROVED_LATE = 6  # of the next lessons: approved after a week, not on the next day
LONGER = range(40, 801, 45)  # lessons, by number, that took 90 minutes instead of 60
SUMMER_TIME_ENDS = datetime.combine(date(2026, 10, 25), time(3))
HOLIDAY = date(2026, 10, 12)  # Fiesta Nacional: nobody teaches in Madrid


def plain(cents: int) -> str:
    """*cents* as a plain decimal: -350 is "-3.50"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def parties(
    chance: Chance, all_families: Sequence[Family], staff: Sequence[Tutor]
) -> Iterator[Row]:
    """parties.csv: the business, the families, the tutors."""
    yield {
        "id": "ruiz-academy",
        "role": "business",
        "name": "Academia Ruiz & Hijos, S.L.",
        "currency": "EUR",
        "zone": MADRID,
        "locale": "es",
        "email": "facturas@academia-ruiz.example",
        "address": "Calle de Hortaleza, 61|28004 Madrid",
        "tax_id": "ESB12345674",
    }
    people: list[Family | Tutor] = [*all_families, *staff]
    for person in people:
        street, town = chance.of(STREETS[person.zone])
        yield {
            "id": person.id,
            "role": "customer" if isinstance(person, Family) else "supplier",
            "name": person.name,
            "currency": "GBP" if person.zone == LONDON else "EUR",
            "zone": person.zone,
            "locale": "es" if person.zone == MADRID else "en",
            "email": f"{slug(person.name).replace('-', '.')}@example.com",
            "address": f"{_address(street, 1 + chance.below(140))}|{town}",
        }


def _address(street: str, number: int) -> str:
    spanish = street.startswith(("Calle", "Paseo", "Avenida"))
    return f"{street}, {number}" if spanish else f"{number} {street}"


def catalog() -> Iterator[Row]:
    """catalog.csv: this school year's prices, and one that rises in the middle of the month."""
    for currency in HOURLY:
        for key in keys(currency):
            versions = [(date(2026, 9, 1), *price_of(currency, key))]
            if (currency, key) in RAISED:
                versions.append((date(2026, 10, 15), *RAISED[currency, key]))
            for since, charge, pay in versions:
                tiers = "|".join(f"{n}={plain(tier_price(charge, n))}" for n in TIERS)
                yield {
                    **_key_columns(key),
                    "currency": currency,
                    "charge": plain(charge),
                    "pay": plain(pay),
                    "valid_from": since.isoformat(),
                    "tiers": tiers,
                }


def _key_columns(key: Key) -> Row:
    return {"service_line": key[0], "level": key[1], "minutes": str(key[2])}


def match_rows(all_matches: Sequence[Lessons]) -> Iterator[Row]:
    """matches.csv; a few tutors have agreed on a pay of their own."""
    for n, lessons in enumerate(all_matches):
        agreed = n in AGREED_PAY and lessons.key != UNPRICED
        pay = price_of(lessons.family.currency, lessons.key)[1] + 200 if agreed else None
        yield {
            "id": lessons.id,
            "customer": lessons.family.id,
            "student": lessons.student,
            "supplier": lessons.tutor.id,
            **_key_columns(lessons.key),
            "currency": lessons.family.currency,
            "pay": "" if pay is None else plain(pay),
        }


def sessions(chance: Chance, all_matches: Sequence[Lessons]) -> Iterator[Row]:
    """sessions.csv: six of September that were approved in October, then October's 800."""
    monday = date(2026, 9, 28)
    for n, lessons in enumerate(all_matches[4:82:14], start=1):
        weekday, at = lessons.slots[0]
        on = monday + timedelta(
            days=weekday if monday + timedelta(weekday) < FIRST else weekday - 7
        )
        late = datetime.combine(
            FIRST + timedelta(days=chance.below(3)), time(9 + chance.below(8), chance.below(60))
        )
        yield _session(f"s-09-{n:02}", lessons, datetime.combine(on, at), "approved", late)
    planned = [
        (datetime.combine(on, at), lessons)
        for on in (FIRST + timedelta(days=n) for n in range((END - FIRST).days))
        for lessons in all_matches
        for weekday, at in lessons.slots
        if on.weekday() == weekday and not (on == HOLIDAY and lessons.family.zone == MADRID)
    ]
    assert len(planned) >= SESSIONS_IN_MONTH, len(planned)
    while len(planned) > SESSIONS_IN_MONTH:
        del planned[chance.below(len(planned))]
    for n, (starts, lessons) in enumerate(sorted(planned, key=lambda p: (p[0], p[1].id)), start=1):
        status, approved = _outcome(chance, starts)
        row = _session(f"s-10-{n:03}", lessons, starts, status, approved)
        line, level, minutes = lessons.key
        longer = n in LONGER and (line, level, 90) in keys(lessons.family.currency)
        yield {**row, "minutes": "90"} if longer and minutes != 90 else row


def _outcome(chance: Chance, at: datetime) -> tuple[str, datetime | None]:
    """What became of the lesson at *at*; most are approved on the next day, a few much later."""
    draw = chance.below(100)
    if draw < len(OUTCOMES):
        return OUTCOMES[draw], None
    days = 6 if draw < len(OUTCOMES) + APPROVED_LATE else 1
    on = at.date() + timedelta(days=days)
    return "approved", datetime.combine(on, time(8 + chance.below(10), chance.below(60)))


def _session(
    id: str, lessons: Lessons, at: datetime, status: str, approved_at: datetime | None
) -> Row:
    """One row. The tutor in Dublin uses a platform that writes offsets instead of a zone."""
    online = lessons.tutor.zone == "Europe/Dublin"

    def written(instant: datetime) -> str:
        text = instant.strftime("%Y-%m-%dT%H:%M")
        return text + _offset(instant, lessons.family.zone) if online else text

    return {
        "id": id,
        "match": lessons.id,
        "starts_at": written(at),
        "zone": "" if online else lessons.family.zone,
        "status": status,
        "approved_at": "" if approved_at is None else written(approved_at),
    }


def _offset(local: datetime, zone: str) -> str:
    """Offset of *zone* in autumn 2026: summer time ends in the night to 25 October."""
    hours = (1 if zone == MADRID else 0) + (local < SUMMER_TIME_ENDS)
    return f"+{hours:02}:00"


# Packages that are drawn in turn: (units, used before October, bought on, expires on)
KINDS: tuple[tuple[int, int, str, str], ...] = (
    (20, 0, "2026-09-29", "2027-03-29"),  # untouched
    (20, 7, "2026-08-31", "2027-02-28"),  # part-used
    (10, 8, "2026-09-07", "2027-01-07"),  # nearly empty: runs out in the month
    (10, 3, "2026-09-14", ""),  # never expires, and covers the other duration as well
    (10, 0, "2026-10-05", "2027-04-05"),  # bought in the month, after the first lessons
    (5, 4, "2026-09-10", "2026-12-10"),  # one left: a last lesson, then it is empty
    (20, 11, "2026-04-16", "2026-10-16"),  # expires in the month, units left over
    (20, 6, "2026-05-06", "2026-11-06"),  # expires soon
)
NEVER_EXPIRES = KINDS[3]
# Families, by number of the package, with a second one: one family has renewed early, so that the
# old package is almost used up and the new one is paid; another one has a half-price welcome
# package, which comes before the one that was bought.
RENEWED, WELCOMED = 10, 17
RENEWAL = (20, 0, "2026-09-30", "2027-03-31")
WELCOME = (2, 0, "2026-09-21", "2026-12-21")


def packages(all_matches: Sequence[Lessons]) -> Iterator[Row]:
    """packages.csv: every second family has one, for its first match; two of them have two."""
    first = {lessons.family.id: lessons for lessons in reversed(all_matches)}
    buyers = [
        lessons
        for lessons in all_matches
        if first[lessons.family.id] is lessons and lessons.key != UNPRICED
    ]
    for n, lessons in enumerate(buyers[::2]):
        yield _package(lessons, 1, KINDS[n % len(KINDS)])
        if n == RENEWED:
            yield _package(lessons, 2, RENEWAL)
        if n == WELCOMED:
            half = price_of(lessons.family.currency, lessons.key)[0] * WELCOME[0] // 2
            welcome = _package(lessons, 2, WELCOME)
            yield {**welcome, "price": plain(half), "promotional": "yes"}


def _package(lessons: Lessons, number: int, kind: tuple[int, int, str, str]) -> Row:
    units, used, bought, expires = kind
    currency, key = lessons.family.currency, lessons.key
    charge, _ = price_of(currency, key)
    durations = minutes_for(key[1]) if kind == NEVER_EXPIRES else (key[2],)
    return {
        "id": f"pkg-{lessons.family.id.removeprefix('fam-')}-{number}",
        "customer": lessons.family.id,
        "covers": "|".join(f"{key[0]}/{key[1]}/{minutes}" for minutes in durations),
        "units": str(units),
        "used": str(used),
        "price": plain(tier_price(charge, units) if units in TIERS else charge * units),
        "currency": currency,
        "purchased_on": bought,
        "expires_on": expires,
        "promotional": "no",
    }


def incentives(all_matches: Sequence[Lessons]) -> Iterator[Row]:
    """incentives.csv: per session and per period, some from or until the middle of the month."""
    euros = [lessons.id for lessons in all_matches if lessons.family.currency == "EUR"]
    pounds = [lessons.id for lessons in all_matches if lessons.family.currency == "GBP"]
    agreed = (
        ("inc-1", euros[2], "5.00", "EUR", "session", "2026-10-15", ""),
        ("inc-2", euros[11], "3.50", "EUR", "session", "2026-09-01", "2026-10-19"),
        ("inc-3", euros[20], "4.00", "EUR", "session", "2026-09-01", "2026-10-16"),
        ("inc-4", euros[20], "6.00", "EUR", "session", "2026-10-16", ""),  # raised
        ("inc-5", euros[31], "40.00", "EUR", "period", "2026-10-01", ""),
        ("inc-6", euros[40], "25.00", "EUR", "period", "2026-10-01", "2026-11-01"),
        ("inc-7", pounds[3], "4.00", "GBP", "session", "2026-10-12", ""),
        ("inc-8", pounds[9], "30.00", "GBP", "period", "2026-09-01", ""),
    )
    columns = ("id", "match", "amount", "currency", "per", "valid_from", "valid_until")
    for row in agreed:
        yield dict(zip(columns, row, strict=True))


def opening_balances() -> Iterator[Row]:
    """opening_balances.csv: a family that paid too much, one that still owes."""
    for party, amount in (("fam-lefevre", "45.00"), ("fam-dominguez", "-38.00")):
        yield {"party": party, "amount": amount, "currency": "EUR", "on": "2026-10-01"}


def open_invoices() -> Iterator[Row]:
    """open_invoices.csv: what the business invoiced before October and has not been paid."""
    columns = ("number", "customer", "issued_on", "due_on", "open", "currency", "item")
    august = "Lessons of August 2026"
    for row in (
        ("2026-00871", "fam-quinones", "2026-09-01", "2026-09-15", "152.00", "EUR", august),
        ("2026-00902", "fam-whitfield", "2026-09-01", "2026-09-15", "140.00", "GBP", august),
    ):
        yield dict(zip(columns, row, strict=True))


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write *rows* as CSV; the columns are those of the first row, then those only others have."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main(folder: Path) -> None:
    """Write the eight files into *folder*, which is made if it is not there."""
    chance = Chance(SEED)
    everybody, staff = families(), tutors()
    all_matches = matches(chance, everybody, staff)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (
        ("parties", parties(chance, everybody, staff)),
        ("catalog", catalog()),
        ("packages", packages(all_matches)),
        ("matches", match_rows(all_matches)),
        ("sessions", sessions(chance, all_matches)),
        ("incentives", incentives(all_matches)),
        ("opening_balances", opening_balances()),
        ("open_invoices", open_invoices()),
    ):
        write(folder / f"{name}.csv", list(rows))


if __name__ == "__main__":
    here = Path(__file__).parent / "data" / "tutoring"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else here)
