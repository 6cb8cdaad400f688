"""Measuring: several ways of doing one thing, timed in turn, so that all meet the same machine.

A time says little on a busy machine; how two times taken side by side compare says much. What is
timed is repeated: of ratios the middle one counts, of plain times the best, which was disturbed
least.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from statistics import median
from time import perf_counter

import attrs

Work = Callable[[], object]
"""What is timed."""

Prepared = Callable[[], Work]
"""What makes ready, untimed, and returns what is timed."""


@attrs.frozen
class Times:
    """The seconds that one contender took, round by round.

    Attributes:
        seconds: One for each round.
        items: How much was done in a round, such as 10,000 journals.
    """

    seconds: tuple[float, ...]
    items: int

    @property
    def rate(self) -> float:
        """Items a second in the best round."""
        return self.items / min(self.seconds)

    @property
    def each(self) -> float:
        """Seconds an item in the best round."""
        return min(self.seconds) / self.items


@attrs.frozen
class Ratio:
    """How many times faster one contender is than another.

    Attributes:
        middle: The ratio of the middle round.
        lowest: That of the round in which it did worst.
        highest: That of the round in which it did best.
    """

    middle: float
    lowest: float
    highest: float


def faster(one: Times, other: Times) -> Ratio:
    """Return how many times as many items a second *one* does as *other*, round by round.

    >>> faster(Times((1.0, 2.0, 4.0), 10), Times((4.0, 4.0, 4.0), 10))
    Ratio(middle=2.0, lowest=1.0, highest=4.0)
    """
    ratios = sorted(
        (theirs / other.items) / (mine / one.items)
        for mine, theirs in zip(one.seconds, other.seconds, strict=True)
    )
    return Ratio(median(ratios), ratios[0], ratios[-1])


def race(contenders: Mapping[str, Prepared], *, rounds: int, items: int) -> dict[str, Times]:
    """Return the times of *contenders*, each of which does *items* in each round.

    They take turns, every other round the other way round, so that none is always first.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in tuple(contenders)[:: -1 if number % 2 else 1]:
            work = contenders[name]()
            seconds[name].append(timed(work))
            del work
    return {name: Times(tuple(each), items) for name, each in seconds.items()}


def relay(
    legs: Iterable[Mapping[str, Prepared]], *, items: int, per_round: int
) -> dict[str, Times]:
    """Return the times of contenders that take turns leg by leg, *per_round* legs to a round.

    A leg says what each contender does next, *items* each; one is made ready when those before it
    are done. A commit takes a millisecond: rounds after each other would meet another machine.
    """
    rounds: dict[str, list[float]] = {}
    for number, leg in enumerate(legs):
        for name, prepare in leg.items():
            taken = rounds.setdefault(name, [])
            if number % per_round == 0:
                taken.append(0.0)
                gc.collect()
            work = prepare()
            start = perf_counter()
            work()
            taken[-1] += perf_counter() - start
            del work
    return {name: Times(tuple(taken), items * per_round) for name, taken in rounds.items()}


def timed(work: Work) -> float:
    """Return the seconds that *work* takes; garbage of before is collected first."""
    gc.collect()
    start = perf_counter()
    result = work()
    seconds = perf_counter() - start
    del result
    return seconds


def allocated(work: Work) -> int:
    """Return the bytes that what *work* returns, and all that it leaves behind, take in memory.

    Only what Python allocates meanwhile is seen, and tracing makes it several times slower.
    """
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = work()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return after - before
