"""Outbox contract: promises 16 to 18 of a store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from ledgerkit.domain.outbox import Claimed, ClaimLost
from ledgerkit.ports.store import Store
from ledgerkit.testing.samples import changes, hour, message

LEASE = timedelta(hours=1)


class OutboxContract:
    """Messages are claimed by one worker at a time and settled once."""

    def test_16_a_claimed_message_is_in_one_hand(self, store: Store) -> None:
        """Others get it when the lease has ended: at its last instant, not before."""
        _put(store, "m-1")
        first = store.claim("notice", at=hour(0), lease=LEASE)

        assert (Claimed(message("m-1"), 1, hour(1), attempts=1),) == first
        assert () == store.claim("notice", at=hour(0), lease=LEASE)
        assert () == store.claim("notice", at=hour(1) - timedelta(microseconds=1), lease=LEASE)
        assert (Claimed(message("m-1"), 2, hour(2), attempts=2),) == store.claim(
            "notice", at=hour(1), lease=LEASE
        )

    def test_16_messages_are_claimed_oldest_first(self, store: Store) -> None:
        """In the order in which they were stored, at most so many at once."""
        for id in ("m-2", "m-1", "m-3"):
            _put(store, id)

        assert ["m-2", "m-1"] == _claim(store, limit=2)
        assert ["m-3"] == _claim(store, limit=2)
        assert [] == _claim(store, limit=2)

    def test_16_topics_are_claimed_with_those_below_them(self, store: Store) -> None:
        """`notice` takes `notice.low`, and neither `notices` nor `other`."""
        for topic in ("notice", "notice.low", "notice.low.very", "notices", "notice_x", "other"):
            store.commit(changes(topic, messages=(message(f"m {topic}", topic),)))

        assert ["m notice.low", "m notice.low.very"] == _claim(store, topic="notice.low")
        assert ["m notice"] == _claim(store, topic="notice")
        assert [] == _claim(store, topic="not")
        assert ["m notices"] == _claim(store, topic="notices")

    def test_16_a_message_waits_for_its_time(self, store: Store) -> None:
        """Nothing is claimed before the instant of the changes that stored it."""
        store.commit(changes("k-1", at=hour(2), messages=(message("m-1"),)))

        assert [] == _claim(store, at=hour(1))
        assert ["m-1"] == _claim(store, at=hour(2))

    def test_16_a_message_comes_back_as_it_was_stored(self, store: Store) -> None:
        """Topic, recipient and facts survive."""
        stored = message("m \u00e9", "notice.\u00fc", "c-\u738b")
        store.commit(changes("k-1", messages=(stored,)))
        (claimed,) = store.claim("notice", at=hour(0), lease=LEASE)

        assert stored == claimed.message

    def test_16_a_message_stored_twice_is_one(self, store: Store) -> None:
        """The same id tells the same thing: the first one stays, also when it is done."""
        _put(store, "m-1")
        store.commit(changes("again", messages=(message("m-1", "notice.other"),)))
        (claimed,) = store.claim("notice", at=hour(0), lease=LEASE)
        store.settle("m-1", token=claimed.token, outcome="done", at=hour(0))
        store.commit(changes("and again", messages=(message("m-1"),)))

        assert message("m-1") == claimed.message
        assert [] == _claim(store, at=hour(99))

    def test_16_many_claim_at_once(self, store: Store) -> None:
        """Workers that claim at the same time get different messages, together all."""
        for n in range(12):
            _put(store, f"m-{n:02}")
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: _claim(store, limit=3), range(4)))
        rest = _claim(store)
        claimed = sorted([id for ids in found for id in ids] + rest)

        assert [f"m-{n:02}" for n in range(12)] == claimed

    @pytest.mark.parametrize(("limit", "lease"), [(0, LEASE), (-1, LEASE), (1, timedelta())])
    def test_16_an_empty_claim_is_refused(self, store: Store, limit: int, lease: timedelta) -> None:
        """A claim takes one message at least and lasts a while."""
        with pytest.raises(ValueError, match=r"limit|lease"):
            store.claim("notice", at=hour(0), lease=lease, limit=limit)

    @pytest.mark.parametrize("outcome", ["done", "refused", "waiting"])
    def test_17_only_the_newest_token_settles(self, store: Store, outcome: str) -> None:
        """A worker that slept through its lease cannot settle what another one has in hand."""
        _put(store, "m-1")
        store.claim("notice", at=hour(0), lease=LEASE)
        store.claim("notice", at=hour(1), lease=LEASE)
        with pytest.raises(ClaimLost) as caught:
            store.settle("m-1", token=1, outcome=outcome, at=hour(1))
        store.settle("m-1", token=2, outcome="done", at=hour(1))

        error = caught.value
        assert ("m-1", 1, 2) == (error.message, error.token, error.newest)
        assert [] == _claim(store, at=hour(99))

    def test_17_a_late_worker_may_settle_what_nobody_claimed(self, store: Store) -> None:
        """The token counts, not the clock: an ended lease that nobody took over still settles."""
        _put(store, "m-1")
        store.claim("notice", at=hour(0), lease=LEASE)
        store.settle("m-1", token=1, outcome="done", at=hour(5))

        assert [] == _claim(store, at=hour(99))

    def test_17_what_was_never_claimed_cannot_be_settled(self, store: Store) -> None:
        """Neither an unknown message nor an unclaimed one."""
        _put(store, "m-1")
        for id, token in (("m-1", 1), ("m-2", 1)):
            with pytest.raises(ClaimLost) as caught:
                store.settle(id, token=token, outcome="done", at=hour(0))
            assert 0 == caught.value.newest

        assert ["m-1"] == _claim(store)

    @pytest.mark.parametrize("outcome", ["done", "refused"])
    def test_18_a_settled_message_is_never_claimed_again(self, store: Store, outcome: str) -> None:
        """Done and refused are final: nothing brings them back, not even their token."""
        _put(store, "m-1")
        store.claim("notice", at=hour(0), lease=LEASE)
        store.settle("m-1", token=1, outcome=outcome, at=hour(0))
        with pytest.raises(ClaimLost):
            store.settle("m-1", token=1, outcome="waiting", at=hour(0))

        assert [] == _claim(store, at=hour(99))

    def test_18_a_waiting_message_is_claimed_again(self, store: Store) -> None:
        """From `retry_at` on, and at once without it, whatever is left of the lease."""
        _put(store, "m-1")
        store.claim("notice", at=hour(0), lease=timedelta(days=1))
        store.settle("m-1", token=1, outcome="waiting", at=hour(0), retry_at=hour(3))

        assert [] == _claim(store, at=hour(2))
        (again,) = store.claim("notice", at=hour(3), lease=LEASE)
        assert (2, 2) == (again.token, again.attempts)
        store.settle("m-1", token=2, outcome="waiting", at=hour(3))
        assert ["m-1"] == _claim(store, at=hour(3))

    def test_18_an_unknown_outcome_is_refused(self, store: Store) -> None:
        """Outcomes are a closed list; a slip of the pen settles nothing."""
        _put(store, "m-1")
        store.claim("notice", at=hour(0), lease=LEASE)
        with pytest.raises(ValueError, match="outcome"):
            store.settle("m-1", token=1, outcome="sent", at=hour(0))

        assert ["m-1"] == _claim(store, at=hour(1))


def _put(store: Store, id: str) -> None:
    store.commit(changes(f"put {id}", messages=(message(id),)))


def _claim(
    store: Store, *, topic: str = "notice", at: datetime | None = None, limit: int = 100
) -> list[str]:
    at = hour(0) if at is None else at
    return [each.message.id for each in store.claim(topic, at=at, lease=LEASE, limit=limit)]
