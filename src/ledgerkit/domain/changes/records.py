"""Versions: the states a stored record went through, and the one a decision was based on.

A record is never edited: each change adds a version, with who, why and when. A decision names the
versions it read, so that it is not stored on a base that moved. (design: decide, then commit)
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Protocol, TypeVar

import attrs

from ledgerkit.domain.ledger.journals import name_of
from ledgerkit.domain.periods import instant


class Record(Protocol):
    """Anything a store keeps versions of: a frozen attrs record with an id."""

    @property
    def id(self) -> str:
        """The id, unique within its kind."""
        ...


R = TypeVar("R", bound=Record)
R_co = TypeVar("R_co", bound=Record, covariant=True)


@attrs.frozen
class Versioned(Generic[R_co]):
    """A record and the version it was read at, counted from 1."""

    record: R_co
    version: int

    def followed_by(self, record: R) -> Versioned[R]:
        """Return *record* at the version that a commit based on this one gives it."""
        return Versioned(record, self.version + 1)


@attrs.frozen
class Version(Generic[R_co]):
    """One row of a record's history: what it became, by whom, why and when."""

    record: R_co
    version: int
    key: str
    actor: str
    reason: str
    at: datetime = attrs.field(converter=instant)


@attrs.frozen
class Expect:
    """The version a decision was based on; 0: there was no such record."""

    kind: type[Record]
    id: str
    version: int

    def __attrs_post_init__(self) -> None:
        name_of("expected id", self.id)
        if not isinstance(self.kind, type) or type(self.version) is not int or self.version < 0:
            msg = f"expect needs a kind and a version from 0 (got {self.kind!r}, {self.version!r})"
            raise TypeError(msg)


def expect(read: Versioned[Record]) -> Expect:
    """Return the expectation that *read* has not moved since."""
    return Expect(type(read.record), read.record.id, read.version)
