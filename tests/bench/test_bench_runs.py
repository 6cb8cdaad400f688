"""The benchmark runs: each workload at a tiny size, its books verified, no word about speed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from bench import run
from bench.billing import billing
from bench.completions import completions
from bench.figures import Figure, at_least, at_most, table
from bench.flight_school import BooksBroken, School, verified
from bench.growth import growth, growth_in_postgres
from bench.measuring import Ratio
from bench.mixed import mixed
from bench.postgres_books import postgres
from bench.pure import pure
from bench.sqlite_books import sqlite
from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.ledger import Entry, Journal
from ledgerkit.domain.money import Money

pytest_plugins = ("tests.plugins.postgres",)

TINY = School(students=10, instructors=2)
WORKLOADS: dict[str, Callable[[], Iterator[Figure]]] = {
    "pure": partial(pure, journals=40, rounds=1, school=TINY),
    "sqlite": partial(sqlite, sizes={1: 2, 10: 2}, invoices=3, rounds=2, school=TINY),
    "billing": partial(billing, customers=(2, 10), mixed=(2, 10), held=4, committed=10, rounds=1),
    "mixed": partial(mixed, customers=(12, 24), rounds=1),
    "completions": partial(completions, ages=(0, 5), flights=2, rounds=2),
    "growth": partial(growth, young=10, old=50, size=2, rounds=1, school=TINY),
}


def checked(figures: Iterator[Figure]) -> list[Figure]:
    """Return *figures*, each above zero and told in a table."""
    found = list(figures)

    assert found
    assert all(figure.value > 0 for figure in found)
    assert len(found) + 2 == len(table(found).splitlines())
    return found


@pytest.mark.parametrize("name", WORKLOADS)
def test_workload_runs(name: str) -> None:
    """A workload runs, and its books verify: else it raises `BooksBroken`."""
    checked(WORKLOADS[name]())


@pytest.mark.postgres
def test_workloads_run_on_a_server(postgres_server: str) -> None:
    """So do those that need a server, with several writers at once."""
    url = postgres_server

    checked(postgres(url=url, singles=4, crews=(2,), sizes={10: 1}, rounds=1, school=TINY))
    checked(growth_in_postgres(url=url, young=10, old=50, size=2, rounds=1, school=TINY))


def test_broken_books_are_noticed() -> None:
    """A figure from books that do not verify is none."""
    store = MemoryStore(TINY.book())
    store.commit(TINY.opening())
    wrong = Journal(
        id="jrn_wrong",
        kind="test.moved",
        entries=(
            Entry("customer:s-0", Money(1, "EUR")),
            Entry("platform", Money(-1, "EUR")),
        ),
        effective_at=TINY.opening().at,
    )
    store._book.apply(wrong)

    with pytest.raises(BooksBroken, match=r"has a balance of 2, its entries sum to 1"):
        verified(store)


def test_all_that_is_asked_for_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command runs what `--only` names, prints a table and writes it as JSON."""
    monkeypatch.setattr(run, "QUICK", WORKLOADS)
    file = tmp_path / "figures.json"
    status = run.main(["--quick", "--only", "growth", "--json", str(file)])
    written = json.loads(file.read_text("utf-8"))

    assert 0 == status
    assert {"growth"} == {figure["workload"] for figure in written["figures"]}
    assert "| growth: post_many of 2 in memory" in capsys.readouterr().out


def test_targets() -> None:
    """A target binds the value or the ratio, from below or from above."""
    ratio = Ratio(2.0, 1.0, 3.0)
    figure = partial(Figure, workload="w", what="x", value=10.0, unit="/s", ratio=ratio)

    assert [True, False, True, False, None] == [
        figure(target=at_least(10)).reached,
        figure(target=at_least(11)).reached,
        figure(target=at_most(2, of="ratio")).reached,
        figure(target=at_least(3, of="ratio")).reached,
        figure().reached,
    ]
