"""Mixed: planning the month of customers who are charged in several ways at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench import flight_school
from bench.figures import Figure, at_most
from bench.flight_school import BooksBroken
from bench.measuring import Times, faster, timed
from bench.mixed_month import POLICY, MixedMonth, mixed_month
from bench.tutoring import AS_OF, PERIOD
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.billing_run import plan_billing_run
from ledgerkit.domain.changes import Plan
from ledgerkit.domain.invoices import Invoice
from ledgerkit.jobs.batches import fewer_collections

NAME = "mixed"
MICROSECONDS = 1e6


def mixed(*, customers: tuple[int, ...], rounds: int) -> Iterator[Figure]:
    """Yield what a customer costs to plan, with growing numbers of *customers*.

    Each round plans all sizes, the smaller ones as often as makes them about as large. The books
    of the smallest verify, or there is no figure.
    """
    months = {size: mixed_month(size) for size in customers}
    lines = _lines_a_customer(months[min(customers)], min(customers))
    for what, plan in (("", _planned), (", in fewer_collections()", _in_batch)):
        taken: dict[int, list[float]] = {size: [] for size in customers}
        for _ in range(rounds):
            for size in customers:
                repeats = max(1, min(10, max(customers) // size))
                seconds = sum(timed(partial(plan, months[size])) for _ in range(repeats))
                taken[size].append(seconds / repeats)
        yield from _figures(what, {n: Times(tuple(each), n) for n, each in taken.items()}, lines)


def _figures(what: str, taken: dict[int, Times], lines: float) -> Iterator[Figure]:
    """Yield the time a customer of each size, and how it compares with that of the smallest."""
    smallest = taken[min(taken)]
    for size, times in taken.items():
        grown = size != min(taken)
        yield Figure(
            workload=NAME,
            what=f"plan {size:,} customers, {lines:.1f} lines each{what}",
            value=times.each * MICROSECONDS,
            unit="microseconds a customer",
            against=f"at {min(taken):,} customers" if grown else "",
            ratio=faster(smallest, times) if grown else None,
            target=at_most(1.3, "x", of="ratio") if grown else None,
        )


def _planned(month: MixedMonth) -> Plan:
    plan = plan_billing_run(month.facts, policy=POLICY, as_of=AS_OF, period=PERIOD)
    if plan.skipped:
        raise BooksBroken(f"{len(plan.skipped)} were left out, first {plan.skipped[0].reason}")
    return plan


def _in_batch(month: MixedMonth) -> Plan:
    with fewer_collections():
        return _planned(month)


def _lines_a_customer(month: MixedMonth, customers: int) -> float:
    """Return how many lines a customer is billed, in books that verify."""
    store = MemoryStore()
    for changes in (*month.stored, *_planned(month).changes):
        store.commit(changes)
    flight_school.verified(store)
    found, page = 0, store.find(Invoice)
    found += sum(len(each.record.lines) for each in page.items)
    while page.next is not None:
        page = store.find(Invoice, after=str(page.next))
        found += sum(len(each.record.lines) for each in page.items)
    return found / customers
