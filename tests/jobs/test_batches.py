from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ledgerkit.jobs.batches import fewer_collections


@pytest.fixture(autouse=True)
def usual_thresholds() -> Iterator[None]:
    """Let each test begin with thresholds that it knows, and end with those of before."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_thresholds_go_up_and_back() -> None:
    """Inside the block the first threshold is higher; after it all are as before."""
    with fewer_collections(50_000):
        inside = gc.get_threshold()

    assert ((50_000, 10, 10), (700, 10, 10)) == (inside, gc.get_threshold())


def test_thresholds_go_back_after_an_error() -> None:
    """What the block raises is raised, and the thresholds are as before."""
    with pytest.raises(KeyError), fewer_collections():
        raise KeyError

    assert (700, 10, 10) == gc.get_threshold()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_blocks_end_in_any_order(order: tuple[int, int]) -> None:
    """Of two jobs at once, in threads, the last to end restores what was before the first."""
    blocks = [ExitStack(), ExitStack()]
    for block in blocks:
        block.enter_context(fewer_collections(50_000))
    blocks[order[0]].close()
    between = gc.get_threshold()
    blocks[order[1]].close()

    assert ((50_000, 10, 10), (700, 10, 10)) == (between, gc.get_threshold())


@pytest.mark.parametrize("first", [0, 60_000])
def test_never_lowered(first: int) -> None:
    """A collector that is off stays off, and one that is lazier already stays so."""
    gc.set_threshold(first, 10, 10)
    with fewer_collections(50_000):
        inside = gc.get_threshold()

    assert (first, 10, 10) == inside == gc.get_threshold()


@pytest.mark.parametrize("allocations", [0, -1, True, 1.5])
def test_refuses_what_is_no_count(allocations: int) -> None:
    """It takes a whole number above 0."""
    with (
        pytest.raises(ValueError, match=f"got {allocations!r}"),
        fewer_collections(allocations),
    ):
        pass
