"""Ledger views: journals, entries, balances, holds, statements and who decided what."""

from __future__ import annotations

from collections.abc import Mapping

from ledgerkit.adapters.sql.tables import LINE_BITS, MOST_LEGS, SEQUENCE_BITS
from ledgerkit.adapters.sql.views.words import Words, select

_TENANT = "JOIN ledgerkit_tenants t ON t.id ="
_EVENT = (
    "j.event_type || ':' || j.event_id || CASE j.event_part WHEN '' THEN '' "
    "ELSE ':' || j.event_part END"
)


def ledger_views(words: Words) -> Mapping[str, str]:
    """Return the queries of the ledger's views by name."""
    return {
        "journal": _journal(words),
        "entry": _entry(words),
        "statement_line": _statement_line(words),
        "wallet": _wallet(words),
        "wallet_policy": _wallet_policy(words),
        "balance": _balance(words),
        "hold": _hold(words),
        "hold_leg": _hold_leg(words),
        "commit_log": _commit_log(words),
        "document_number": _number(),
        "outbox_message": _message(words),
    }


def _placed(words: Words) -> tuple[str, str]:
    """Return a journal's sequence and the join it needs; NULL until somebody reads it."""
    if words.postgres:
        return "p.sequence", "LEFT JOIN ledgerkit_places p ON p.journal = j.id"
    return f"(j.id & {(1 << SEQUENCE_BITS) - 1})", ""


def _journal(words: Words) -> str:
    sequence, place = _placed(words)
    columns = {
        "tenant": "t.name",
        "sequence": sequence,
        "id": "j.name",
        "kind": "j.kind",
        "effective_at": words.instant("j.effective_at"),
        "recorded_at": words.instant("j.recorded_at"),
        "event": _EVENT,
        "reverses": "o.name",
        "captures": "h.name",
        "forced_by": "j.forced_by",
        "metadata": "j.metadata",
        "commit_key": "c.key",
        "actor": "c.actor",
        "reason": "c.reason",
    }
    return select(
        columns,
        f"FROM ledgerkit_journals j {_TENANT} j.tenant {place}\n"
        "JOIN ledgerkit_commits c ON c.id = j.commit_id\n"
        "LEFT JOIN ledgerkit_journals o ON o.id = j.reverses\n"
        "LEFT JOIN ledgerkit_holds h ON h.id = j.captures",
    )


_LEGS = f"""FROM ledgerkit_entries e
JOIN ledgerkit_journals j ON j.id = e.id >> {LINE_BITS}
JOIN ledgerkit_balances b ON b.id = e.balance
JOIN ledgerkit_wallets w ON w.id = b.wallet
{_TENANT} j.tenant"""


def _entry(words: Words) -> str:
    sequence, place = _placed(words)
    columns = {
        "tenant": "t.name",
        "sequence": sequence,
        "line": f"(e.id & {MOST_LEGS - 1})",
        "journal": "j.name",
        "wallet": "w.address",
        "currency": "b.currency",
        "amount_minor": "e.amount",
        "amount": words.decimal("e.amount", "b.currency"),
    }
    return select(columns, f"{_LEGS} {place}")


def _statement_line(words: Words) -> str:
    sequence, place = _placed(words)
    order = "p.sequence, e.id" if words.postgres else "e.id"
    running = words.summed(f"sum(e.amount) OVER (PARTITION BY e.balance ORDER BY {order})")
    inner = {
        "tenant": "t.name",
        "wallet": "w.address",
        "currency": "b.currency",
        "sequence": sequence,
        "line": f"(e.id & {MOST_LEGS - 1})",
        "journal": "j.name",
        "kind": "j.kind",
        "event": _EVENT,
        "effective_at": words.instant("j.effective_at"),
        "recorded_at": words.instant("j.recorded_at"),
        "amount_minor": "e.amount",
        "running_minor": running,
    }
    columns = {
        **{name: f"l.{name}" for name in inner},
        "amount": words.decimal("l.amount_minor", "l.currency"),
        "running": words.decimal("l.running_minor", "l.currency"),
    }
    return select(columns, f"FROM ({select(inner, f'{_LEGS} {place}')}) l")


_WALLETS = f"FROM ledgerkit_wallets w {_TENANT} w.tenant"


def _wallet(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "wallet": "w.address",
        "status": words.field("w.policy", "data", "status"),
        "policy": "w.policy",
    }
    return select(columns, _WALLETS)


def _wallet_policy(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "wallet": "w.address",
        "version": "p.version",
        "status": words.field("p.policy", "data", "status"),
        "policy": "p.policy",
        "at": words.instant("c.at"),
        "actor": "c.actor",
        "reason": "c.reason",
    }
    return select(
        columns,
        f"{_WALLETS} JOIN ledgerkit_policies p ON p.wallet = w.id\n"
        "JOIN ledgerkit_commits c ON c.id = p.commit_id",
    )


def _balance(words: Words) -> str:
    held = "b.posted"
    if words.postgres:
        held = (
            "(b.posted + CAST(coalesce((SELECT sum(d.amount) FROM ledgerkit_deltas d "
            "WHERE d.balance = b.id), 0) AS bigint))"
        )
    columns = {
        "tenant": "t.name",
        "wallet": "w.address",
        "currency": "b.currency",
        "amount_minor": held,
        "amount": words.decimal(held, "b.currency"),
        "floor_minor": "b.floor",
        "ceiling_minor": "b.ceiling",
        "held_out_minor": _held(words, incoming=0),
        "held_in_minor": _held(words, incoming=1),
    }
    return select(columns, f"{_WALLETS} JOIN ledgerkit_balances b ON b.wallet = w.id")


def _held(words: Words, *, incoming: int) -> str:
    """Return what open holds may take from a balance (0) or bring to it (1)."""
    total = words.summed("coalesce(sum(m.amount), 0)")
    source = f"FROM ledgerkit_held m WHERE m.balance = b.id AND m.incoming = {incoming}"
    return f"(SELECT {total} {source})"


_HOLDS = f"""FROM ledgerkit_holds h {_TENANT} h.tenant
JOIN ledgerkit_commits c ON c.id = h.commit_id
LEFT JOIN ledgerkit_hold_ends n ON n.hold = h.id"""


def _hold(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "id": "h.name",
        "kind": "h.kind",
        "state": (
            "CASE n.expired WHEN 0 THEN 'released' WHEN 1 THEN 'expired' ELSE CASE WHEN EXISTS "
            "(SELECT 1 FROM ledgerkit_held m WHERE m.hold = h.id) THEN 'open' "
            "ELSE 'captured' END END"
        ),
        "placed_at": words.instant("h.placed_at"),
        "expires_at": words.instant("h.expires_at"),
        "event": _EVENT.replace("j.", "h."),
        "multi": words.truth("h.multi"),
        "forced_by": "h.forced_by",
        "metadata": "h.metadata",
        "commit_key": "c.key",
        "actor": "c.actor",
        "reason": "c.reason",
    }
    return select(columns, _HOLDS)


def _hold_leg(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "hold": "h.name",
        "line": "l.line",
        "wallet": "w.address",
        "currency": "b.currency",
        "amount_minor": "l.amount",
        "amount": words.decimal("l.amount", "b.currency"),
    }
    return select(
        columns,
        f"FROM ledgerkit_holds h {_TENANT} h.tenant\n"
        "JOIN ledgerkit_hold_legs l ON l.hold = h.id\n"
        "JOIN ledgerkit_balances b ON b.id = l.balance\n"
        "JOIN ledgerkit_wallets w ON w.id = b.wallet",
    )


def _commit_log(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "commit_key": "c.key",
        "request": "c.request",
        "actor": "c.actor",
        "reason": "c.reason",
        "at": words.instant("c.at"),
    }
    return select(columns, f"FROM ledgerkit_commits c {_TENANT} c.tenant")


def _number() -> str:
    columns = {
        "tenant": "t.name",
        "counter": "n.counter",
        "n": "n.n",
        "number": "n.text",
        "record": "n.record",
        "commit_key": "c.key",
    }
    return select(
        columns,
        f"FROM ledgerkit_numbers n {_TENANT} n.tenant "
        "JOIN ledgerkit_commits c ON c.id = n.commit_id",
    )


def _message(words: Words) -> str:
    columns = {
        "tenant": "t.name",
        "id": "m.name",
        "topic": "m.topic",
        "recipient": "m.recipient",
        "body": "m.body",
        "outcome": "coalesce(m.outcome, 'waiting')",
        "attempts": "m.token",
        "free_at": words.instant("m.free_at"),
        "commit_key": "c.key",
    }
    return select(
        columns,
        f"FROM ledgerkit_messages m {_TENANT} m.tenant "
        "JOIN ledgerkit_commits c ON c.id = m.commit_id",
    )
