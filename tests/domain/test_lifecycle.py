"""Lifecycles: a move is in the table or is refused by name."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.domain.lifecycle import IllegalTransition, Lifecycle

INVOICE = Lifecycle(
    "invoice",
    start="draft",
    table={
        ("draft", "issue"): "issued",
        ("draft", "void"): "void",
        ("issued", "settle"): "paid",
        ("issued", "void"): "void",
        ("issued", "write_off"): "written_off",
        ("written_off", "settle"): "paid",
    },
)


def test_after() -> None:
    """An event leads from one status to the next."""
    assert "paid" == INVOICE.after("issued", "settle")


def test_after_refuses_a_move() -> None:
    """What the status does not allow is refused, naming the statuses that would."""
    with pytest.raises(IllegalTransition) as caught:
        INVOICE.after("paid", "void")

    assert "invoice is paid; void needs draft or issued" == str(caught.value)
    assert ("draft", "issued") == caught.value.allowed_from


@pytest.mark.parametrize(("status", "event"), [("payed", "void"), ("paid", "burn")])
def test_after_refuses_unknown_words(status: str, event: str) -> None:
    """A status or an event that the table never mentions is a slip, not a refusal."""
    message = f"invoice: no status '{status}' or no event '{event}' is in the table"

    with pytest.raises(ValueError, match=message):
        INVOICE.after(status, event)


def test_statuses_and_events() -> None:
    """Statuses and events come in the order of the table, the start first."""
    assert ("draft", "issued", "void", "paid", "written_off") == INVOICE.statuses
    assert ("issue", "void", "settle", "write_off") == INVOICE.events
    assert ("void", "paid") == INVOICE.final


def test_reachable() -> None:
    """A status that no chain of events leads to is not reachable."""
    island = Lifecycle("x", "a", {("a", "go"): "b", ("b", "back"): "a", ("c", "swim"): "b"})

    assert ("a", "b") == island.reachable
    assert INVOICE.statuses == INVOICE.reachable


def test_mermaid() -> None:
    """The diagram has an arrow per row of the table, one in and one out of each final status."""
    door = Lifecycle("door", "shut", {("shut", "open"): "ajar", ("ajar", "saw"): "gone"})
    expected = """\
stateDiagram-v2
    [*] --> shut
    shut --> ajar: open
    ajar --> gone: saw
    gone --> [*]
"""

    assert expected == door.mermaid()


@pytest.mark.parametrize(
    ("name", "start", "table"),
    [
        ("Door", "shut", {("shut", "open"): "ajar"}),
        ("door", "Shut", {("Shut", "open"): "ajar"}),
        ("door", "shut", {("shut", "o-pen"): "ajar"}),
        ("door", "shut", {("shut", "open"): ""}),
    ],
)
def test_words_are_lower_case(name: str, start: str, table: dict[tuple[str, str], str]) -> None:
    """A word that a diagram or a stored record could misread is refused."""
    with pytest.raises(ValueError, match="only a-z and _ are allowed"):
        Lifecycle(name, start, table)


@pytest.mark.parametrize("table", [{}, {("ajar", "close"): "shut"}])
def test_start_leads_somewhere(table: dict[tuple[str, str], str]) -> None:
    """A record that can never leave its first status has no lifecycle."""
    with pytest.raises(ValueError, match="door starts as shut, and no event leads on from there"):
        Lifecycle("door", "shut", table)


def test_table_is_a_copy() -> None:
    """Who keeps the dict that a table was made from can't change the table."""
    rows = {("shut", "open"): "ajar"}
    door = Lifecycle("door", "shut", rows)
    rows["ajar", "close"] = "shut"

    assert ("open",) == door.events


@given(st.lists(st.sampled_from(INVOICE.events)))
def test_no_event_leads_out_of_a_final_status(events: list[str]) -> None:
    """However many events come, a record in a final status stays there."""
    statuses = [INVOICE.start]
    for event in events:
        with suppress(IllegalTransition):
            statuses.append(INVOICE.after(statuses[-1], event))

    assert set(statuses) <= set(INVOICE.reachable)
    assert set(INVOICE.final).isdisjoint(statuses[:-1])


@given(st.sampled_from(INVOICE.statuses), st.sampled_from(INVOICE.events))
def test_every_move_is_in_the_table_or_refused(status: str, event: str) -> None:
    """The table is the whole truth, and a refusal names exactly the statuses that would do."""
    if (status, event) in INVOICE.table:
        assert INVOICE.table[status, event] == INVOICE.after(status, event)
        return
    with pytest.raises(IllegalTransition) as caught:
        INVOICE.after(status, event)

    assert {of for (of, named) in INVOICE.table if named == event} == set(caught.value.allowed_from)
