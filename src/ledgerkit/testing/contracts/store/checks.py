"""Checks contract: promise 19 of a store."""

from __future__ import annotations

from ledgerkit.domain.changes import Draw, Expect, Series
from ledgerkit.domain.ledger import Limit, Wallet, reverse
from ledgerkit.domain.outbox import Message
from ledgerkit.domain.parties import Party
from ledgerkit.ports.store import Store
from ledgerkit.testing.samples import OCTOBER, changes, hour, invoice, party, transfer


class ChecksContract:
    """What a store tells about itself."""

    def test_19_nothing_is_wrong_with_what_a_store_wrote(self, store: Store) -> None:
        """Whatever a commit can hold, and however often it is asked."""
        moved = transfer("j-1", "a", "b", 5)
        draws = (Draw("i-1", Series("INV", start=7), OCTOBER),)
        opens = (Wallet("a", (Limit("EUR", -9, ceiling=9),)), Wallet("b"))

        assert () == store.problems()
        store.commit(
            changes(
                "k-1",
                journals=(moved,),
                opens=opens,
                records=(party("p-1"), invoice("i-1")),
                draws=draws,
                messages=(Message("m-1", "notice", "p-1"),),
            )
        )
        assert () == store.problems()
        store.commit(
            changes(
                "k-2",
                at=hour(1),
                journals=(reverse(moved, id="j-2", at=hour(1)),),
                records=(party("p-1", "Eve"),),
                expects=(Expect(Party, "p-1", 1),),
                policies=(Wallet("a", (Limit("USD", 0),)), Wallet("b", (Limit("EUR", -99),))),
                closes_before=hour(0),
            )
        )
        assert () == store.problems() == store.problems()
