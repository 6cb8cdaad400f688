"""The calendar of `flight_school.py`: what happens from 1 to 31 October, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from examples.flight_school_fleet import DISPUTED, FIRST, LAST, LESSONS, TOO_LONG, local, usd
from examples.flight_school_term import FORTNIGHT, NIGHT, Term

Step: TypeAlias = tuple[datetime, Callable[[Term], object]]


def calendar() -> Iterator[Step]:
    """Yield what happens, in any order."""
    yield local(1, "09:00"), Term.open
    yield local(1, "10:00"), Term.connect
    yield local(1, "11:00"), Term.raise_rates
    for lesson in LESSONS:
        yield lesson.booked_at, partial(Term.book, lesson=lesson)
        yield lesson.work.completed_at, partial(Term.complete, lesson=lesson)
    for lesson in (TOO_LONG, DISPUTED):
        yield lesson.booked_at, partial(Term.book, lesson=lesson)
    yield local(2, "12:00"), partial(Term.pay, customer="cleo", amount=usd("500"))
    yield local(6, "12:00"), Term.correct_up
    yield local(9, "18:00"), partial(Term.pay, customer="ben", amount=usd("360"), lost=True)
    yield local(13, "10:00"), Term.correct_down
    yield local(14, "09:00"), Term.dispute
    yield local(15, "09:00"), partial(Term.pay_out, period=FORTNIGHT.period(0))
    yield local(16, "10:00"), partial(Term.top_up, amount=usd("500"), key="top-up")
    yield local(16, "11:00"), Term.send_out
    yield local(19, "09:00"), Term.correct_late
    yield local(20, "09:00"), Term.refund
    yield local(22, "21:00"), Term.lose_answer
    yield local(26, "09:00"), Term.win
    yield local(29, "09:00"), partial(Term.pay_out, period=FORTNIGHT.period(1))
    for n in range((LAST - FIRST).days + 1):
        on = FIRST + timedelta(n)
        yield local(on.day, NIGHT), partial(Term.night, on=on)


def happen(term: Term) -> None:
    """Let it all happen, in the order of time."""
    for at, step in sorted(calendar(), key=lambda each: each[0]):
        term.clock.set(at)
        step(term)
