"""Figures: what a workload found, what it was measured against, and what was hoped for."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from bench.measuring import Ratio

MANY = 100  # from here on, decimals say nothing


@attrs.frozen(kw_only=True)
class Target:
    """What a figure should be.

    Attributes:
        bound: The least it should be.
        at_most: Whether *bound* is the most instead.
        of: What is bound: the `ratio` or the `value` itself.
        text: The target in words.
    """

    bound: float
    at_most: bool = False
    of: str = "ratio"
    text: str


def at_least(bound: float, unit: str = "", *, of: str = "value") -> Target:
    """Return the target of a value, or a ratio, of at least *bound*.

    >>> at_least(7, "x", of="ratio").text
    '>= 7 x'
    """
    return Target(bound=bound, of=of, text=f">= {_plain(bound)} {unit}".strip())


def at_most(bound: float, unit: str = "", *, of: str = "value") -> Target:
    """Return the target of a value, or a ratio, of at most *bound*."""
    return Target(bound=bound, at_most=True, of=of, text=f"<= {_plain(bound)} {unit}".strip())


@attrs.frozen(kw_only=True)
class Figure:
    """One figure of a workload.

    Attributes:
        workload: Where it was taken.
        what: What was measured.
        value: What came out, in *unit*.
        unit: Such as `journals/s` or `bytes`.
        against: What the ratio compares with, measured in the same run; empty for no ratio.
        ratio: How *value* compares with what it is measured against, above 1 for faster.
        target: What was hoped for, or None.
        note: What a reader must know to understand it.
    """

    workload: str
    what: str
    value: float
    unit: str
    against: str = ""
    ratio: Ratio | None = None
    target: Target | None = None
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without a target or without its ratio."""
        if self.target is None:
            return None
        found = self.value
        if self.target.of == "ratio":
            if self.ratio is None:
                return None
            found = self.ratio.middle
        return found <= self.target.bound if self.target.at_most else found >= self.target.bound


HEADER = ("measured", "figure", "ratio", "against", "target", "reached")


def table(figures: Iterable[Figure]) -> str:
    """Return *figures* as a Markdown table, which people can read as it is."""
    rows = [HEADER, *(_row(figure) for figure in figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADER))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    ratio = figure.ratio
    return (
        f"{figure.workload}: {figure.what}",
        f"{_plain(figure.value)} {figure.unit}",
        "" if ratio is None else f"{ratio.middle:.2f} ({ratio.lowest:.2f}-{ratio.highest:.2f})",
        figure.against,
        "" if figure.target is None else figure.target.text,
        {True: "yes", False: "NO", None: ""}[figure.reached],
    )


def _plain(value: float) -> str:
    if abs(value) >= MANY or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(figures: Iterable[Figure]) -> list[dict[str, object]]:
    """Return *figures* as what the json module writes."""
    return [{**attrs.asdict(figure), "reached": figure.reached} for figure in figures]
