"""Lifecycle: the statuses of a record and the events that move it from one to the next, as a table.

Code asks the table and never compares statuses by hand; tests prove each table complete, and the
diagrams in the documentation are printed from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import attrs

from ledgerkit.domain.errors import LedgerkitError

_WORD = re.compile(r"[a-z][a-z_]*")


def _read_only(table: Mapping[tuple[str, str], str]) -> Mapping[tuple[str, str], str]:
    """Return a copy that nobody else holds and nobody can change."""
    return MappingProxyType(dict(table))


@attrs.frozen(eq=False)  # a constant of the module that owns the record: it equals itself alone
class Lifecycle:
    """The statuses of the record called *name*: (status, event) -> next status, from *start*.

    Words are lower case letters and underscores. Raises `ValueError` for other words and for a
    *start* that no event leaves.

    >>> door = Lifecycle("door", "shut", {("shut", "open"): "ajar", ("ajar", "close"): "shut"})
    >>> door.after("shut", "open")
    'ajar'
    """

    name: str
    start: str
    table: Mapping[tuple[str, str], str] = attrs.field(converter=_read_only)

    def __attrs_post_init__(self) -> None:
        for word in (self.name, *self.statuses, *self.events):
            if not _WORD.fullmatch(word):
                msg = f"{self.name!r} has the word {word!r}; only a-z and _ are allowed"
                raise ValueError(msg)
        if self.start in self.final:
            msg = f"{self.name} starts as {self.start}, and no event leads on from there"
            raise ValueError(msg)

    @cached_property  # every package and invoice that is built looks here
    def statuses(self) -> tuple[str, ...]:
        """All statuses: the start, then in the order of the table."""
        named = (word for (status, _), after in self.table.items() for word in (status, after))
        return tuple(dict.fromkeys((self.start, *named)))

    @property
    def events(self) -> tuple[str, ...]:
        """All events, in the order of the table."""
        return tuple(dict.fromkeys(event for _, event in self.table))

    @property
    def final(self) -> tuple[str, ...]:
        """The statuses that no event leaves, in the order of `statuses`."""
        left = {status for status, _ in self.table}
        return tuple(status for status in self.statuses if status not in left)

    @property
    def reachable(self) -> tuple[str, ...]:
        """The statuses that events lead to from the start, in the order of `statuses`."""
        reached: set[str] = set()
        found = {self.start}
        while found:
            reached |= found
            found = {to for (status, _), to in self.table.items() if status in found} - reached
        return tuple(status for status in self.statuses if status in reached)

    def after(self, status: str, event: str) -> str:
        """Return the status after *event*.

        Raises `IllegalTransition` when the table has no such move, `ValueError` for a status or
        an event that it does not have at all.
        """
        found = self.table.get((status, event))
        if found is not None:
            return found
        if status not in self.statuses or event not in self.events:
            msg = f"{self.name}: no status {status!r} or no event {event!r} is in the table"
            raise ValueError(msg)
        allowed = (of for of in self.statuses if (of, event) in self.table)
        raise IllegalTransition(self.name, status, event, tuple(allowed))

    def mermaid(self) -> str:
        """Return the table as the text of a Mermaid state diagram, ending in a newline."""
        moves = (f"{status} --> {to}: {event}" for (status, event), to in self.table.items())
        lines = (f"[*] --> {self.start}", *moves, *(f"{status} --> [*]" for status in self.final))
        return "".join(f"{line}\n" for line in ("stateDiagram-v2", *(f"    {x}" for x in lines)))


@attrs.frozen
class IllegalTransition(LedgerkitError):
    """An event came that the record's status does not allow."""

    code: ClassVar[str] = "illegal_transition"

    lifecycle: str
    status: str
    event: str
    allowed_from: tuple[str, ...]

    def __str__(self) -> str:
        needed = " or ".join(self.allowed_from)
        return f"{self.lifecycle} is {self.status}; {self.event} needs {needed}"
