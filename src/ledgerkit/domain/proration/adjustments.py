"""Adjustment: one line of a change, either the credit of what was or the charge of what comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

import attrs

from ledgerkit.domain.pricing import Rated
from ledgerkit.domain.proration.fees import Fee, charge, give_back
from ledgerkit.domain.proration.shares import Basis


@attrs.frozen
class Adjustment:
    """A line of a change: what it is for, or None where it nets with nothing, and its amount."""

    key: str | None
    rated: Rated


def changes(
    old: Iterable[Fee],
    new: Iterable[Fee],
    *,
    on: date,
    basis: Basis = Basis.ACTUAL_DAYS,
    zone: str | None = None,
) -> tuple[Adjustment, ...]:
    """Return the lines of a change *on* a date, which belongs to what is *new*.

    Upgrade, downgrade, quantity, adding and removing are all the same: what is unused of *old* is
    given back, the rest of *new* is charged; a fee that is in both as it was changes nothing.
    Lines are rounded and kept apart, first of what has the same key in both, then of what is
    removed, then of what is added. Raises what `share` does. (spec: billing 3)

    Raises:
        ValueError: a key is there twice among *old* or among *new*.
    """
    before, after = _by_key("old", old), _by_key("new", new)
    kept = [key for key in before if key in after]
    gone = [key for key in before if key not in after]
    added = [key for key in after if key not in before]

    def lines() -> Iterator[Adjustment | None]:
        for key in (*kept, *gone, *added):
            was, comes = before.get(key), after.get(key)
            if was and comes and attrs.evolve(was, billed=None) == attrs.evolve(comes, billed=None):
                continue
            if was:
                yield _line(key, give_back(was, since=on, basis=basis, zone=zone))
            if comes:
                yield _line(key, charge(comes, since=on, basis=basis, zone=zone))

    return tuple(line for line in lines() if line is not None)


def net(lines: Iterable[Adjustment]) -> tuple[Adjustment, ...]:
    """Return *lines* with one for each key, for a reader who asks for the difference only.

    What nets to zero is left out; lines without a key stay apart.

    Raises:
        CurrencyMismatch: lines of one key are in different currencies.
    """
    groups: dict[object, list[Adjustment]] = {}
    for n, line in enumerate(lines):
        groups.setdefault(n if line.key is None else line.key, []).append(line)
    netted = (group[0] if len(group) == 1 else _sum(group) for group in groups.values())
    return tuple(line for line in netted if line.rated.amount.minor != 0)


def _sum(group: list[Adjustment]) -> Adjustment:
    first, *others = (line.rated for line in group)
    amount = first.amount
    for other in others:
        amount += other.amount
    return Adjustment(
        group[0].key,
        Rated(
            amount=amount,
            unrounded=sum((line.rated.unrounded for line in group), Fraction(0)),
            quantity=Fraction(1),
            trace=(("rule", "net"), *(("part", str(line.rated.amount.minor)) for line in group)),
        ),
    )


def _line(key: str, amount: Rated | None) -> Adjustment | None:
    return None if amount is None else Adjustment(key, amount)


def _by_key(name: str, fees: Iterable[Fee]) -> dict[str, Fee]:
    """Return *fees* by their keys."""
    listed = tuple(fees)
    found = {fee.key: fee for fee in listed}
    if len(found) < len(listed):
        msg = f"each key is among the {name} fees once (got {[fee.key for fee in listed]})"
        raise ValueError(msg)
    return found
