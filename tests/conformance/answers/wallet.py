"""Answers about prepaid credit: who pays, in which order, and what comes anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from ledgerkit.domain.grants import (
    Claim,
    Covered,
    Grant,
    Rollover,
    Schedule,
    Settled,
    Settlement,
    TopUpPolicy,
    Uncovered,
    available,
    cover,
    overage,
    prorated,
    recurrences,
    roll_over,
    settle,
    top_up,
)
from ledgerkit.domain.grants.top_ups import DUE
from ledgerkit.domain.money import ISO, Money
from ledgerkit.domain.periods import Period, day_start
from ledgerkit.domain.proration import share_of_time
from tests.conformance.answers.shared import (
    NOON,
    Answer,
    Handler,
    Inputs,
    cycle_of,
    day,
    first_of,
    moment,
)

UNITS = ISO.with_units({"CREDIT": 8})
START = date(2026, 1, 1)
NOW = START + timedelta(days=70)
# What the words of a case say about age and expiry, in days.
AGES = {"oldest": 0, "older": 1, "first": 1, "second": 3, "third": 4, "newer": 4, "newest": 5}
EXPIRIES = {"earliest": 100, "earlier": 150, "later": 200, "latest": 250}
SINCE = ("from", "proration_date", "date", "change_on", "at", "start")
AMOUNT = re.compile(r"\d+(\.\d+)?")
YES, NO = "yes", "no"


def credits_of(text: str) -> Money:
    """Return credits of eight decimals."""
    return UNITS.money(Decimal(text), "CREDIT")


def short(money: Money) -> str:
    """Return an amount without the zeros that say nothing."""
    text = UNITS.plain(money)
    return text.rstrip("0").rstrip(".") if "." in text else text


def like(pattern: str, money: Money) -> str:
    """Return an amount with as many decimals as *pattern* has, or as it needs."""
    _, _, decimals = pattern.partition(".")
    whole, _, rest = short(money).partition(".")
    rest = rest.ljust(len(decimals), "0")
    return f"{whole}.{rest}" if rest else whole


def grant_of(position: int, amount: Money, words: str) -> Grant:
    """Return the grant that *words* describe: priority, age, expiry, kinds, bought or given."""
    priority = re.search(r"prio(?:rity)? (\d+)", words)
    limited = re.search(r"limited to (\w+)", words)
    told = words.replace("created earlier", "older").replace("created later", "newer")
    ages = [age for word, age in AGES.items() if word in told.split()]
    ago = re.search(r"(\d+) days? ago", words)
    soon = next((n for word, n in EXPIRIES.items() if f"{word} expiry" in words), None)
    expires = None if soon is None else START + timedelta(days=soon)
    bought = re.search("purchased|paid|bought", words)
    return Grant(
        id=f"g-{position}",
        customer="c-1",
        amount=amount,
        price=Money(1 + amount.minor, "USD") if bought else None,
        granted_on=NOW - timedelta(days=int(ago[1]))
        if ago
        else START + timedelta(days=10 * (ages[0] if ages else 2) + position),
        expires_on=expires,
        priority=int(priority[1]) if priority else 0,
        covers=() if limited is None else (kind_of(limited[1]),),
    )


def kind_of(word: str) -> str:
    """Return the kind of line that a case calls *word*."""
    return word.lower().removesuffix("s")


def listed(inputs: Inputs, *names: str) -> tuple[Grant, ...]:
    """Return the grants of a list, each an amount among words."""
    rows: Iterable[list[str]] = first_of(inputs, *names)
    return tuple(
        grant_of(
            n,
            credits_of(next(part for part in row if AMOUNT.fullmatch(part))),
            " ".join(part for part in row if not AMOUNT.fullmatch(part)),
        )
        for n, row in enumerate(rows)
    )


def claim(amount: Money, id: str = "l-1", *, kind: str = "", on: date | None = None) -> Claim:
    """Return a line of a day on which every grant of a case pays."""
    return Claim(id=id, kind=kind, on=on or NOW, amount=amount)


def claimed(amount: Money | None, id: str, *, on: date) -> list[Claim]:
    """Return the line of an amount, or none of nothing."""
    return [claim(amount, id, on=on)] if amount is not None and amount.minor else []


def by_position(settled: Settled) -> list[Grant]:
    """Return the grants in the order in which the case lists them."""
    return sorted(settled.grants, key=lambda grant: int(grant.id.removeprefix("g-")))


def draws(inputs: Inputs, _: Inputs) -> Answer:
    """Draw an amount from several grants."""
    grants = listed(inputs, "grants", "wallets")
    used = claimed(credits_of(first_of(inputs, "consume", "usage")), "l-1", on=NOW)
    settled = settle(used, grants, at=NOON)
    return {"remaining": [short(grant.remaining) for grant in by_position(settled)]}


def allocation(inputs: Inputs, _: Inputs) -> Answer:
    """Pay an invoice from wallets, some of them for some kinds of fees only."""
    grants = listed(inputs, "wallets", "grants")
    fees = first_of(inputs, "fees", "lines") or [
        [next((grant.covers[0] for grant in grants if grant.covers), ""), inputs["invoice_cents"]]
    ]
    claims = [
        claim(credits_of(amount), f"l-{n}", kind=kind_of(kind))
        for n, (kind, amount) in enumerate(fees)
    ]
    return {"used": [short(grant.drawn) for grant in by_position(settle(claims, grants, at=NOON))]}


def auto_top_up(inputs: Inputs, asked: Inputs) -> Answer:
    """Tell whether a balance is topped up, and with how much."""
    balance = credits_of(first_of(inputs, "ongoing_balance", "balance"))
    pending = credits_of(first_of(inputs, "pending", "pending_credits") or "0")
    target = first_of(inputs, "target", "target_ongoing_balance", "target_balance")
    least = first_of(inputs, "minimum", "paid_top_up_min", "min_top_up")
    step = Money(1, "CREDIT") if target else credits_of(inputs["paid_credits"])
    policy = TopUpPolicy(
        threshold=credits_of(inputs["threshold"]),
        amount=step,
        target=credits_of(target) if target else None,
        least=credits_of(least) if least else None,
    )
    decided = top_up(balance + pending, policy, at=NOON)
    pattern = str(inputs.get("paid_credits") or target)
    answer = {
        "top_up": YES if decided.reason == DUE else NO,
        "paid": like(pattern, decided.amount),
        "reason": decided.reason,
    }
    return {name: answer[name] for name in asked}


def grant_proration(inputs: Inputs, _: Inputs) -> Answer:
    """Grant the part of a period that is left."""
    start, end = map(day, inputs["period"])
    whole = Period(start, end)
    if (seconds := inputs.get("seconds_left")) is not None:
        share = Fraction(int(seconds), int(timedelta(days=whole.days).total_seconds()))
    else:
        since = moment(str(first_of(inputs, *SINCE)), "UTC")
        opens, closes = (day_start(bound, "UTC") for bound in (start, end))
        share = share_of_time(min(max(since, opens), closes), closes, whole, zone="UTC").ratio
    return {"credits": short(prorated(credits_of(inputs["credits"]), share).amount)}


def recurring_grant(inputs: Inputs, _: Inputs) -> Answer:
    """Grant credit in each period, and take what was used too much out of the next one."""
    amount, word = str(inputs["grant"]).split(maxsplit=1)
    cycle = cycle_of({"start": START.isoformat(), "period": word})
    schedule = Schedule(
        id="s-1", customer="c-1", amount=credits_of(amount), cycle=cycle, start=START
    )
    used = {
        int(match[1]): credits_of(text)
        for name, text in inputs.items()
        if (match := re.fullmatch(r"usage_(?:day|period)_(\d+)", name))
    }
    last = max([*used, 1]) + is_true(inputs.get("after_first_recurrence"))
    grants: tuple[Grant, ...] = ()
    covered, on = Covered(()), START
    for n in range(1, last + 1):
        on = cycle.boundary(cycle.index_of(START) + n - 1)
        new = recurrences(schedule, as_of=on, granted=[grant.id for grant in grants])
        claims = [*overage(covered, on=on), *claimed(used.get(n), f"l-{n}", on=on)]
        settled = settle(claims, (*grants, *new), at=NOON)
        grants, covered = settled.grants, settled.covered
    return {"balance": short(available(grants, "CREDIT", on=on))}


def rollover(inputs: Inputs, _: Inputs) -> Answer:
    """Let a grant go on after a reset, as far as its bounds allow."""
    least, most = inputs.get("min_rollover"), inputs["max_rollover"]
    bounds = Rollover(credits_of(most), None if least is None else credits_of(least))
    reset, until = START + timedelta(days=30), START + timedelta(days=60)
    whole = Grant(
        id="g-0",
        customer="c-1",
        amount=credits_of(inputs["grant"]),
        granted_on=START,
        expires_on=reset,
    )
    used = claimed(credits_of(inputs["usage_before_reset"]), "l-1", on=START)
    settled = settle(used, [whole], at=NOON)
    (left,) = grants = [*settled.grants]
    if bounds.kept(left.remaining).minor:
        over = roll_over(left, bounds, until=until, on=reset, settled_before=reset, at=NOON)
        grants = [over.grant]
    if (lacking := bounds.lacking(left.remaining)).minor:
        grants.append(Grant(id="g-1", customer="c-1", amount=lacking, granted_on=reset))
    if is_true(inputs.get("preserve_overage")):
        grants = [*settle(overage(settled.covered, on=reset), grants, at=NOON).grants]
    return {"balance_after_reset": short(available(grants, "CREDIT", on=reset))}


def settlement_mode(inputs: Inputs, asked: Inputs) -> Answer:
    """Pay a charge with credit, and invoice or refuse the rest."""
    charge, balance = (str(inputs[name]) for name in ("charge", "credit_balance"))
    held = credits_of(balance)
    grants = [grant_of(0, held, "")] if held.minor else []
    try:
        covered = cover([claim(credits_of(charge))], grants, settlement=Settlement(inputs["mode"]))
    except Uncovered:
        covered = Covered(())
    answer = {
        "credits_consumed": like(charge, covered.drawn("CREDIT")),
        "invoice_remainder": like(charge, covered.shortfall("CREDIT")),
        "blocked": YES if covered == Covered(()) else NO,
    }
    return {name: answer[name] for name in asked}


def is_true(word: object) -> bool:
    """Return whether a case says yes."""
    return str(word).lower() in {"true", YES}


HANDLERS: Mapping[str, Handler] = {
    "wallet.allocation": allocation,
    "wallet.auto_top_up": auto_top_up,
    "wallet.draw_down": draws,
    "wallet.grant_proration": grant_proration,
    "wallet.recurring_grant": recurring_grant,
    "wallet.rollover": rollover,
    "wallet.settlement_mode": settlement_mode,
}
