"""Who learns what, from whom and when: the timetable behind `make_tutoring_month.py`.

A match is a student with a tutor in one service line; it has the same weekly slots all month.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import TypeVar

from examples.tutoring_business import (
    HOURLY,
    LONDON,
    LONDON_FAMILIES,
    MADRID,
    MADRID_FAMILIES,
    TUTORS,
    UNPRICED,
    UNPRICED_FAMILY,
    Key,
    minutes_for,
)

T = TypeVar("T")

PARTICLES = ("el", "al", "o", "ni")
# Letters that are no ASCII letter with an accent.
SPELLED = {"ł": "l", "ø": "o", "æ": "ae", "ß": "ss", "'": ""}
SLOTS = tuple(
    (weekday, at) for weekday in range(5) for at in (time(15, 30), time(17), time(18, 30), time(20))
) + tuple((5, at) for at in (time(10), time(11, 30), time(13)))  # 90 minutes apart, Saturday last


@dataclass(frozen=True)
class Family:
    """A customer: its *name* is the parent's, its *children* are the students."""

    id: str
    name: str
    children: tuple[str, ...]
    zone: str

    @property
    def currency(self) -> str:
        """Pounds in London, else euros."""
        return "GBP" if self.zone == LONDON else "EUR"


@dataclass
class Tutor:
    """A supplier and the weekly slots that are still free."""

    id: str
    name: str
    zone: str
    teaches: tuple[str, ...]
    free: list[tuple[int, time]] = field(default_factory=lambda: list(SLOTS))

    def serves(self, family: Family) -> bool:
        """A tutor teaches in one city; the one in Dublin teaches online."""
        return self.zone in (family.zone, "Europe/Dublin")


@dataclass(frozen=True)
class Lessons:
    """A match: one student, one tutor, one catalog key, some weekly slots."""

    id: str
    family: Family
    student: str
    tutor: Tutor
    key: Key
    slots: tuple[tuple[int, time], ...]


class Chance:
    """The draws of one seed, all made with `random()`."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, count: int) -> int:
        """A whole number from 0 to *count* - 1."""
        return int(self._random.random() * count)

    def of(self, choices: Sequence[T]) -> T:
        """One of *choices*."""
        return choices[self.below(len(choices))]


def slug(name: str) -> str:
    """*name* in lower-case ASCII with hyphens, for ids and mail addresses."""
    spelled = "".join(SPELLED.get(letter, letter) for letter in name.lower())
    ascii_only = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in ascii_only).split())


def families() -> tuple[Family, ...]:
    """The 60 families; the id is the first word of the family name that is not a particle."""
    found: list[Family] = []
    for zone, table in ((MADRID, MADRID_FAMILIES), (LONDON, LONDON_FAMILIES)):
        for line in table.strip().splitlines():
            parent, _, children = line.partition(": ")
            given, _, surname = parent.partition(" / ")
            words = slug(surname).split("-")
            id = f"fam-{next(word for word in words if word not in PARTICLES)}"
            assert id not in {family.id for family in found}, id
            found.append(Family(id, f"{given} {surname}", tuple(children.split(", ")), zone))
    return tuple(found)


def tutors() -> tuple[Tutor, ...]:
    """The 15 tutors with all their slots free."""
    return tuple(
        Tutor(f"tutor-{slug(name)}", name, zone, teaches) for name, zone, teaches in TUTORS
    )


def matches(
    chance: Chance, all_families: Sequence[Family], staff: Sequence[Tutor]
) -> tuple[Lessons, ...]:
    """Every child has one match, every fourth draw a second one in another service line."""
    found: list[Lessons] = []
    for family in all_families:
        for child in family.children:
            level = chance.of(("primary", "secondary", "secondary", "upper secondary"))
            lines = 1 if family.id == UNPRICED_FAMILY or chance.below(4) else 2
            for _ in range(lines):
                taken = [lessons for lessons in found if lessons.student == child]
                found.append(_match(chance, family, child, level=level, staff=staff, taken=taken))
    return tuple(found)


def _match(
    chance: Chance,
    family: Family,
    child: str,
    *,
    level: str,
    staff: Sequence[Tutor],
    taken: Sequence[Lessons],
) -> Lessons:
    """One match in a line that the child does not have yet, with the tutor who is freest."""
    tutors = sorted((t for t in staff if t.serves(family)), key=lambda t: -len(t.free))
    lines = sorted({line for t in tutors for line in t.teaches} - {m.key[0] for m in taken})
    priced = HOURLY[family.currency]
    options = [key for key in priced if key[0] in lines and key[1] == level]
    line, level = chance.of(options or [key for key in priced if key[0] in lines])
    key = (line, level, chance.of(minutes_for(level)))
    if family.id == UNPRICED_FAMILY:
        key = UNPRICED
    tutor = next(t for t in tutors if key[0] in t.teaches)
    wanted = 3 if key[0] == "exam preparation" else 2 + (chance.below(4) == 0)
    busy = {day for m in taken for day, _ in m.slots}
    slots = _book(chance, tutor, family, wanted=wanted, busy=busy)
    id = f"m-{family.id.removeprefix('fam-')}-{slug(child)}-{slug(key[0])}"
    return Lessons(id, family, child, tutor, key, slots)


def _book(
    chance: Chance, tutor: Tutor, family: Family, *, wanted: int, busy: set[int]
) -> tuple[tuple[int, time], ...]:
    """Take *wanted* weekly slots of *tutor* on different days, not on the days in *busy*."""
    # In Dublin, Madrid's children come from Monday to Wednesday: no two lessons overlap.
    online = {MADRID: {0, 1, 2}, LONDON: {3, 4, 5}}[family.zone]
    days = online if tutor.zone == "Europe/Dublin" else set(range(6))
    booked: list[tuple[int, time]] = []
    while len(booked) < wanted:
        free = [slot for slot in tutor.free if slot[0] in days - busy]
        if not free:
            break
        slot = chance.of(free)
        tutor.free.remove(slot)
        busy = busy | {slot[0]}
        booked.append(slot)
    return tuple(sorted(booked))
