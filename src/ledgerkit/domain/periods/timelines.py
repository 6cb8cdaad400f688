"""Timeline: the versions of things by key, each in effect from a day on until the next begins.

History is added to: a new version begins after the newest one, and never before the day on which
it was decided, so that no day that has passed changes. (spec: billing 4)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date, timedelta
from typing import Generic, Protocol, TypeVar

import attrs


class Dated(Protocol):
    """What has a first day."""

    @property
    def valid_from(self) -> date:
        """The first local day on which it holds."""
        ...


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Dated)


@attrs.frozen
class Timeline(Generic[K, V]):
    """The versions of each key, oldest first; `Timeline.of` builds it."""

    _versions: Mapping[K, tuple[V, ...]]

    @classmethod
    def of(
        cls, versions: Iterable[tuple[K, V]], *, named: Callable[[K], str] = str
    ) -> Timeline[K, V]:
        """Return the timeline of *versions* in any order; *named* says a key in words.

        Raises:
            ValueError: two versions of a key begin on one day.
        """
        found: dict[K, list[V]] = {}
        for key, version in sorted(versions, key=lambda pair: pair[1].valid_from):
            earlier = found.setdefault(key, [])
            if earlier and earlier[-1].valid_from == version.valid_from:
                msg = f"two versions of {named(key)} begin on {version.valid_from}"
                raise ValueError(msg)
            earlier.append(version)
        return cls({key: tuple(listed) for key, listed in found.items()})

    def versions(self, key: K) -> tuple[V, ...]:
        """Return every version of *key*, oldest first."""
        return self._versions.get(key, ())

    def on(self, key: K, day: date) -> V | None:
        """Return the version of *key* in effect on *day*: the last one that has begun."""
        for version in reversed(self._versions.get(key, ())):
            if version.valid_from <= day:
                return version
        return None

    def earliest_change(self, key: K, *, on: date) -> date:
        """Return the first day on which a version decided *on* a day may begin."""
        known = self.versions(key)
        return max(on, known[-1].valid_from + timedelta(days=1)) if known else on
