"""Late joiners: what somebody pays who enrols in a class after it has started.

A class runs in cycles from its start. Whoever enrols later pays, unless the policy says less, for
the cycles that are over and for the current one, each on a line of its own; from then on a cycle
is charged as it opens. Read `joining`, `enrolments`. (seed 003; spec: billing 2)
"""

from __future__ import annotations

from ledgerkit.domain.late_joiners.enrolments import (
    KIND,
    Enrolled,
    Enrolment,
    charges,
    enrol,
    withdraw,
)
from ledgerkit.domain.late_joiners.joining import CatchUp, CatchUpLine, CatchUpPolicy, catch_up

__all__ = [
    "KIND",
    "CatchUp",
    "CatchUpLine",
    "CatchUpPolicy",
    "Enrolled",
    "Enrolment",
    "catch_up",
    "charges",
    "enrol",
    "withdraw",
]
