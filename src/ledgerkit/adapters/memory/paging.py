"""Paging: the whole numbers that say how much to read and from where."""

from __future__ import annotations


def whole(field: str, value: object, *, least: int) -> None:
    """Raise ValueError unless *value* is a whole number from *least*.

    Source: spec: ledger 10.

    >>> whole("limit", 0, least=1)
    Traceback (most recent call last):
    ValueError: limit must be a whole number from 1 (got 0)
    """
    if type(value) is not int or value < least:
        msg = f"{field} must be a whole number from {least} (got {value!r})"
        raise ValueError(msg)
