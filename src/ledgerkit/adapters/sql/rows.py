"""Row: what the books look like in columns, and how they are read back.

Instants are microseconds since 1970; policies are schema documents; the parts of a journal that
few journals have are JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted

from ledgerkit.domain.changes import Request
from ledgerkit.domain.ledger import Condition, Event, Wallet
from ledgerkit.domain.money import Money
from ledgerkit.schema import dump_value, load_value

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Return the UTC instant *at* in microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


class Instants:
    """Turns instants into microseconds, quickly where one instant comes again and again."""

    __slots__ = ("_last", "_micros")

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._micros = 0

    def micros(self, at: datetime) -> int:
        """Return the UTC instant *at* in microseconds since 1970."""
        if at is not self._last:
            self._last, self._micros = at, micros(at)
        return self._micros


def moment(at: int) -> datetime:
    """Return the instant that is *at* microseconds after the start of 1970."""
    return _EPOCH + timedelta(microseconds=at)


_encode = json.JSONEncoder(separators=(",", ":")).encode


def compact(value: object) -> str:
    """Return *value* as JSON, the same text for the same value."""
    return _encode(value)


def policy_text(wallet: Wallet) -> str:
    """Return the policy of *wallet* as text."""
    return dump_value("wallet", wallet)


@lru_cache(maxsize=65536)
def wallet_of(text: str) -> Wallet:
    """Return the wallet whose policy is *text*."""
    return load_value("wallet", text, Wallet)


def request_text(request: Request) -> str:
    """Return *request* as text; two requests are the same if their texts are."""
    arguments = ",".join(
        [f"[{_quoted(name)},{_quoted(value)}]" for name, value in request.arguments]
    )
    return f'{{"verb":{_quoted(request.verb)},"arguments":[{arguments}]}}'


def request_of(text: str) -> Request:
    """Return the request that `request_text` made *text* of."""
    data = json.loads(text)
    return Request(data["verb"], pairs_of(data["arguments"]))


def event_columns(event: Event | None) -> tuple[str | None, str | None, str | None]:
    """Return type, id and part of *event*, or nothing."""
    return (None, None, None) if event is None else (event.type, event.id, event.part)


def pairs_text(pairs: tuple[tuple[str, str], ...]) -> str | None:
    """Return (name, text) *pairs* as JSON, none as None."""
    return compact(pairs) if pairs else None


def pairs_of(data: object) -> tuple[tuple[str, str], ...]:
    """Return the (name, text) pairs in *data*, JSON text or what it was parsed to."""
    parsed = json.loads(data) if isinstance(data, str) else data
    if not isinstance(parsed, Iterable):
        return ()
    return tuple((str(name), str(value)) for name, value in parsed)


def conditions_text(conditions: tuple[Condition, ...]) -> str | None:
    """Return *conditions* as JSON, none as None; amounts are text, as in all documents."""
    if not conditions:
        return None
    return compact([[c.wallet, _bound(c.at_least), _bound(c.at_most)] for c in conditions])


def conditions_of(text: str | None) -> tuple[Condition, ...]:
    """Return the conditions that `conditions_text` made *text* of."""
    if text is None:
        return ()
    return tuple(
        Condition(wallet, _money(low), _money(high)) for wallet, low, high in json.loads(text)
    )


def _bound(money: Money | None) -> list[str] | None:
    return None if money is None else [str(money.minor), money.currency]


def _money(bound: list[str] | None) -> Money | None:
    return None if bound is None else Money(int(bound[0]), bound[1])
