"""Error: a sentence about a broken rule, with the figures it broke on.

Every error that this library raises on purpose derives from `LedgerkitError`, lives beside the
function that raises it and carries a `code` that programs can rely on. A wrong type or a value
that no caller could mean is not one of them: it raises `TypeError` or `ValueError`.
"""

from __future__ import annotations

from typing import ClassVar


class LedgerkitError(Exception):
    """Base of every error this library raises on purpose.

    Subclasses are `attrs.frozen` with positional fields, because keyword-only ones do not
    unpickle, and exceptions cross processes. `code` is unique per class and never changes.
    """

    code: ClassVar[str]
