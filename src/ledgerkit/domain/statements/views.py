"""View: something computed from the books to be looked at, whose amounts can be hidden.

A view is never stored, and neither is the wish to hide its amounts. (seed 000)
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar, cast

import attrs

from ledgerkit.domain.money import Money

T = TypeVar("T")


class Hidden(Enum):
    """Stands for an amount that is not shown."""

    HIDDEN = "—"

    def __str__(self) -> str:
        return self.value


HIDDEN = Hidden.HIDDEN
Shown = Money | Hidden


@attrs.frozen
class View:
    """What the views of this package have in common: `freeze` takes them."""


def freeze(view: T) -> T:
    """Return *view*, a view or a tuple of views, with every amount hidden.

    It is a projection, so nothing of it is ever stored. (seed 000: hides live money values)

    Raises:
        TypeError: it is something else, of which nobody knows where its amounts are.

    >>> from ledgerkit.domain.statements import PartyTotal
    >>> total = PartyTotal(party="ana", currency="EUR", sessions=4, covered=1,
    ...     amount=Money(15_000, "EUR"), incentives=Money(0, "EUR"))
    >>> str(freeze(total).amount)
    '—'
    """
    for each in view if isinstance(view, tuple) else (view,):
        if not isinstance(each, View):
            msg = f"only views and tuples of them can be frozen (got {type(each).__name__})"
            raise TypeError(msg)
    return cast("T", _hidden(view))


def _hidden(value: object) -> object:
    if type(value) is Money:
        return HIDDEN
    if type(value) is tuple:
        return tuple(_hidden(item) for item in value)
    if isinstance(value, View):
        fields = {f.name: _hidden(getattr(value, f.name)) for f in attrs.fields(type(value))}
        return attrs.evolve(cast("Any", value), **fields)
    return value
