"""World: a memory store in which a story of the ledger's step language is played.

It hands every step to the store or to a function of the ledger and writes down what comes back;
what a posting does to whom is for the ledger to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, TypeAlias

import attrs

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import BatchRefused, Changes, Committed, request
from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.domain.ledger import (
    AsOf,
    BadAddress,
    Balance,
    Book,
    Condition,
    Entry,
    EntryLine,
    Event,
    Held,
    Hold,
    HoldNotFound,
    Journal,
    JournalNotFound,
    Limit,
    Posted,
    Wallet,
    balances_of,
    capture,
    reverse,
    statement,
    trial_balance,
)
from ledgerkit.domain.ledger.holds import placed
from ledgerkit.domain.money import (
    ISO,
    REST,
    Allocation,
    Money,
    Weight,
    allocate,
    draw,
    is_code,
    split_overdraft,
    split_repayment,
    sum_of,
)
from ledgerkit.testing.books import books, broken_laws
from tests.conformance.suite import steps_of

Step: TypeAlias = Mapping[str, Any]
Result: TypeAlias = Any  # what JSON can hold

OK, REPLAY = "ok", "replay"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = datetime(1900, 1, 1, tzinfo=UTC)  # of openings
COUNTERPART = "conformance:openings"  # and below it one of each wallet
REMARKS = {"note", "notes", "comment"}
WALLET_FIELDS = {"floor", "ceiling", "cur", "status", "posted", "held_out", "held_in"} | REMARKS
# Words in the names of bounds, such as at_least or max_available.
LOW = {"least", "min", "minimum", "floor", "gte", "ge", "lower", "above"}
HIGH = {"most", "max", "maximum", "ceiling", "lte", "le", "upper", "below"}
EXACT = {"eq", "equal", "equals", "exactly", "is", "balance", "posted", "available"}


def instant(clock: int) -> datetime:
    """Return the instant of a number on the stories' clock, which counts seconds."""
    return EPOCH + timedelta(seconds=clock)


class World:
    """A store with the wallets of *given*, and a clock.

    Args:
        given: `given` of the case.
        steps: `when` of the case: what it says of time sets the clock.
    """

    def __init__(self, given: Mapping[str, Any], steps: Sequence[Step]) -> None:
        self.wallets: dict[str, Mapping[str, Any]] = dict(given.get("wallets", {}))
        self.now = first_instant(steps)
        self.recorded: dict[str, datetime] = {}  # of loaded journals, which say so themselves
        self.commits = 0
        own = {code_of(spec.get("cur", "USD")) for spec in self.wallets.values()}
        units = ISO.with_units({code: 2 for code in own if code not in ISO.exponents})
        self.store = MemoryStore(Book(units))
        self._open()

    def _open(self) -> None:
        openings = []
        opened = []
        for n, (name, spec) in enumerate(self.wallets.items()):
            if unknown := spec.keys() - WALLET_FIELDS:
                msg = f"wallet {name} has {sorted(unknown)}, which the runner does not know"
                raise AssertionError(msg)
            other = f"{COUNTERPART}:{n}"
            opened += [Wallet(self.address(name)), Wallet(other)]
            if spec.get("posted"):
                amount = Money(int(spec["posted"]), self.currency(name))
                legs = Entry(self.address(name), amount), Entry(other, -amount)
                openings.append(
                    Journal(id=f"opening {name}", kind="opened", entries=legs, effective_at=BEFORE)
                )
        self._store("openings", BEFORE, opens=tuple(opened), journals=tuple(openings))
        self._store("holds", BEFORE, holds=tuple(self._given_holds()))
        self._store("policies", BEFORE, policies=tuple(map(self.policy, self.wallets)))

    def _given_holds(self) -> Iterator[Hold]:
        # Before there are limits, since what is held may be more than there is.
        for n, (name, spec) in enumerate(self.wallets.items()):
            for field, sign in (("held_out", -1), ("held_in", 1)):
                if spec.get(field):
                    amount = Money(sign * int(spec[field]), self.currency(name))
                    yield Hold(
                        id=f"given {field} {name}",
                        kind="given",
                        entries=(
                            Entry(self.address(name), amount),
                            Entry(f"{COUNTERPART}:{n}", -amount),
                        ),
                        expires_at=None,
                    )

    def _store(self, key: str, at: datetime, **fields: Any) -> None:
        self.store.commit(
            Changes(key=key, request=request(key), actor="case", reason="given", at=at, **fields)
        )

    # ---- names
    def address(self, name: str) -> str:
        """Return the address of the wallet that the case calls *name*."""
        try:
            return Wallet(name).id
        except BadAddress:
            return "case:" + re.sub("[^A-Za-z0-9]", lambda c: f"_{ord(c[0])}_", name)

    def currency(self, name: str) -> str:
        """Return the currency of the wallet that the case calls *name*."""
        return code_of(self.wallets.get(name, {}).get("cur", "USD"))

    def policy(self, name: str) -> Wallet:
        """Return the wallet that the case calls *name*, as the case describes it."""
        spec, currency = self.wallets[name], self.currency(name)
        return Wallet(
            self.address(name),
            (Limit(currency, spec.get("floor"), ceiling=spec.get("ceiling")),),
            currencies=frozenset({currency}),
            status=spec.get("status") or "open",
        )

    def entries(self, legs: Sequence[Sequence[Any]]) -> tuple[Entry, ...]:
        """Return the entries that *legs* write: wallet, amount and maybe currency."""
        return tuple(
            Entry(
                self.address(name),
                Money(
                    int(amount) if isinstance(amount, str) else amount,
                    code_of(more[0]) if more else self.currency(name),
                ),
            )
            for name, amount, *more in legs
        )

    # ---- reading
    def journals(self) -> tuple[Posted, ...]:
        """Return the journals of the story so far, recorded when they say they were."""
        page = self.store.journals(limit=10_000)
        return tuple(
            attrs.evolve(
                posted, recorded_at=self.recorded.get(posted.journal.id, posted.recorded_at)
            )
            for posted in page.items
        )

    def balance(self, name: str, as_of: AsOf | None = None) -> Balance:
        """Return what the wallet that the case calls *name* holds, as of a time or now."""
        wallet, currency = self.address(name), self.currency(name)
        if as_of is None:
            return self.store.balance(wallet, currency, AsOf(live_at=self.now))
        if not self.recorded:
            return self.store.balance(wallet, currency, as_of)
        return Balance(balances_of(self.journals(), as_of).get((wallet, currency), 0))

    def lines(self, name: str) -> tuple[EntryLine, ...]:
        """Return the statement of a wallet in the order in which its entries count."""
        if self.recorded:
            return statement(self.journals(), self.address(name), by_effect=True)
        return self.store.entries(self.address(name), by_effect=True, limit=10_000).items


def first_instant(steps: Sequence[Step]) -> datetime:
    """Return when a story begins: late enough for every time it names until it sets the clock."""
    clock = 0
    for step in steps_of([dict(step) for step in steps]):
        if step["do"] == "advance_to":
            break
        clock = max(clock, int(step.get("eff") or 0))
        if step["do"] == "lock_before":
            clock = max(clock, int(step["at"]))
    return instant(clock)


def code_of(currency: str) -> str:
    """Return the code that stands for what a case calls *currency*; A is no code, CASE_A is."""
    return currency if is_code(currency) else f"CASE_{re.sub('[^A-Z0-9]', '_', currency.upper())}"


# ---- steps -----------------------------------------------------------------------------------
def play(world: World, step: Step) -> Result:
    """Return the result of *step*; a refusal is one."""
    fields, perform = STEPS[str(step["do"])]
    if unknown := step.keys() - set(fields.split()) - {"do"} - REMARKS:
        msg = f"the step {step['do']} has {sorted(unknown)}, which the runner does not know"
        raise AssertionError(msg)
    try:
        return perform(world, step)
    except LedgerkitError as error:
        return rejected(error)


def rejected(error: LedgerkitError) -> Result:
    """Return a refusal as the stories write it."""
    return {"rejected": error.code}


def _post(world: World, step: Step) -> Result:
    return _commit(world, step, _posting(world, step))


def _posting(world: World, step: Step) -> Journal:
    return Journal(
        id=step["key"],
        kind="posted",
        entries=world.entries(step["legs"]),
        effective_at=_effective(world, step),
        event=_event(step),
        requires=tuple(_conditions(world, step.get("require") or {})),
        forced_by="approver" if step.get("force") else None,
    )


def _event(step: Step) -> Event | None:
    event = step.get("event")
    return None if event is None else Event(*map(str, event))


def _effective(world: World, step: Step) -> datetime:
    return world.now if step.get("eff") is None else instant(int(step["eff"]))


def _conditions(world: World, require: Mapping[str, Any]) -> Iterator[Condition]:
    for name, bounds in require.items():
        for word, value in bounds.items():
            bound = Money(int(value), world.currency(name))
            low, high = _sides(word)
            yield Condition(
                world.address(name),
                at_least=bound if low else None,
                at_most=bound if high else None,
            )


def _sides(word: str) -> tuple[bool, bool]:
    """Return whether a bound called *word* is a lower one, and whether it is an upper one."""
    parts = set(word.lower().split("_"))
    sides = bool(parts & LOW), bool(parts & HIGH)
    if any(sides):
        return sides
    if not parts & EXACT:
        msg = f"the bound {word!r} is one that the runner does not know"
        raise AssertionError(msg)
    return True, True


def _reverse(world: World, step: Step) -> Result:
    return _commit(world, step, _reversal(world, step, {}))


def _reversal(world: World, step: Step, pending: Mapping[str, Journal]) -> Journal:
    posted = world.store.journal(step["journal"])
    original = pending.get(step["journal"]) if posted is None else posted.journal
    if original is None:
        original = _never_posted(world, step)
    legs = step.get("legs")
    return reverse(
        original,
        id=step["key"],
        at=_effective(world, step),
        part=None if legs is None else world.entries(legs),
        forced_by="approver" if step.get("force") else None,
    )


def _never_posted(world: World, step: Step) -> Journal:
    """Return a journal to reverse in the place of one that is not there.

    The store is to say that: it looks at the key and at the time before.
    """
    if not world.wallets:
        raise JournalNotFound(step["key"], step["journal"])
    wallet = next(iter(world.wallets))
    amount = Money(1, world.currency(wallet))
    return Journal(
        id=step["journal"],
        kind="posted",
        entries=(Entry(world.address(wallet), -amount), Entry(f"{COUNTERPART}:0", amount)),
        effective_at=BEFORE,
    )


def _hold(world: World, step: Step) -> Result:
    return _said(world.store.commit(_changes(world, step, holds=(_holding(world, step),))))


def _holding(world: World, step: Step) -> Hold:
    seconds = step.get("ttl")
    return Hold(
        id=step["key"],
        kind="held",
        entries=world.entries(step["legs"]),
        expires_at=world.now + timedelta(seconds=int(seconds)) if seconds else None,
        event=_event(step),
        multi=bool(step.get("multi")),
        requires=tuple(_conditions(world, step.get("require") or {})),
        forced_by="approver" if step.get("force") else None,
    )


def _capture(world: World, step: Step) -> Result:
    return _said(world.store.commit(_changes(world, step, **_capturing(world, step, {}))))


def _capturing(world: World, step: Step, pending: Mapping[str, Hold]) -> Mapping[str, Any]:
    held = world.store.hold(step["hold"])
    if held is None and step["hold"] in pending:
        held = placed(pending[step["hold"]], at=world.now)
    if held is None:
        held = _never_placed(world, step)
    amount = step.get("amount")
    part = None if amount in (None, "all") else _each_of(held.hold, int(amount))
    journal = capture(held, id=step["key"], at=_effective(world, step), part=part)
    # Unless it is told to keep the rest, a capture gives it back; see whether there will be any.
    left = () if held.excess_of(journal) else held.captured(journal).remaining
    last = bool(left) and bool(step.get("release_rest", True))
    return {"journals": (journal,), "releases": (held.hold.id,) if last else ()}


def _each_of(hold: Hold, amount: int) -> tuple[Entry, ...]:
    """Return the legs of *hold* with *amount* on every one."""
    return tuple(
        Entry(e.wallet, Money(amount if e.amount.minor > 0 else -amount, e.amount.currency))
        for e in hold.entries
    )


def _never_placed(world: World, step: Step) -> Held:
    """Return a hold to capture in the place of one that is not there; see `_never_posted`."""
    if not world.wallets:
        raise HoldNotFound(step["hold"])
    wallet = next(iter(world.wallets))
    amount = Money(1, world.currency(wallet))
    legs = Entry(world.address(wallet), -amount), Entry(f"{COUNTERPART}:0", amount)
    hold = Hold(id=step["hold"], kind="held", entries=legs, expires_at=None)
    return Held(hold=hold, placed_at=BEFORE, remaining=legs)


def _release(world: World, step: Step) -> Result:
    return _said(world.store.commit(_changes(world, step, releases=(step["hold"],))))


def _changes(world: World, step: Step, **fields: Any) -> Changes:
    asked = {field: str(value) for field, value in step.items() if field not in {"do", "key"}}
    return Changes(
        key=step["key"],
        request=request(step["do"], **asked),
        actor="case",
        reason="a step",
        at=world.now,
        **fields,
    )


def _commit(world: World, step: Step, journal: Journal) -> Result:
    return _said(world.store.commit(_changes(world, step, journals=(journal,))))


def _said(committed: Committed) -> Result:
    return REPLAY if committed.replayed else OK


def _batch(world: World, step: Step) -> Result:
    if not step["atomic"]:
        return [play(world, member) for member in step["steps"]]
    failed = [{"rejected": BatchRefused.code}] * len(step["steps"])
    many: list[Changes] = []
    for member in step["steps"]:
        try:
            many.append(_changes(world, member, **_asked(world, member, many)))
        except LedgerkitError as error:
            failed[len(many)] = rejected(error)
            return failed
    try:
        return [_said(each) for each in world.store.commit_all(many)]
    except BatchRefused as refused:
        failed[refused.index] = rejected(refused.cause)
        return failed


def _asked(world: World, step: Step, earlier: Sequence[Changes]) -> Mapping[str, Any]:
    """Return what a member of a batch changes; it may name what *earlier* members bring."""
    journals = {journal.id: journal for each in earlier for journal in each.journals}
    holds = {hold.id: hold for each in earlier for hold in each.holds}
    match step["do"]:
        case "post":
            return {"journals": (_posting(world, step),)}
        case "reverse":
            return {"journals": (_reversal(world, step, journals),)}
        case "hold":
            return {"holds": (_holding(world, step),)}
        case "capture":
            return _capturing(world, step, holds)
        case "release":
            return {"releases": (step["hold"],)}
        case other:
            msg = f"the step {other} cannot be a member of a batch"
            raise AssertionError(msg)


def _tick(world: World, step: Step) -> Result:
    world.now += timedelta(seconds=int(step["seconds"]))
    return OK


def _advance_to(world: World, step: Step) -> Result:
    world.now = instant(int(step["at"]))
    return OK


def _administer(world: World, **fields: Any) -> Result:
    world.commits += 1
    world._store(f"administration {world.commits}", world.now, **fields)
    return OK


def _lock_before(world: World, step: Step) -> Result:
    return _administer(world, closes_before=instant(int(step["at"])))


def _set_wallet(world: World, step: Step) -> Result:
    name = step["wallet"]
    changed = {field: value for field, value in step.items() if field not in {"do", "wallet"}}
    world.wallets[name] = {**world.wallets.get(name, {}), **changed}
    return _administer(world, policies=(world.policy(name),))


def _load(world: World, step: Step) -> Result:
    for given in step["journals"]:
        journal = Journal(
            id=str(given["id"]),
            kind="loaded",
            entries=world.entries(given["legs"]),
            effective_at=instant(int(given["eff"])),
            forced_by="loaded",
        )
        at = instant(int(given.get("rec", given["eff"])))
        # Some are recorded before they count; the books take them when they count.
        world._store(f"load {given['id']}", max(at, journal.effective_at), journals=(journal,))
        world.recorded[journal.id] = at
    return OK


def _check(world: World, step: Step) -> Result:
    return checked(world, step["balances"]) or OK


def checked(world: World, expected: Mapping[str, Mapping[str, int]]) -> Mapping[str, Any]:
    """Return what differs from the *expected* balances: nothing, if they are right."""
    found = {name: world.balance(name) for name in expected}
    return {
        f"{name}.{field}": {"expected": value, "found": getattr(found[name], field)}
        for name, fields in expected.items()
        for field, value in fields.items()
        if getattr(found[name], field) != value
    }


def _balance(world: World, step: Step) -> Result:
    bounds = {
        bound: instant(int(step[field]))
        for field, bound in (
            ("effective_at", "effective_at"),
            ("effective_after", "effective_from"),
            ("recorded_at", "recorded_at"),
        )
        if step.get(field) is not None
    }
    return world.balance(step["wallet"], AsOf(**bounds) if bounds else None).posted


def _running(world: World, step: Step) -> Result:
    lines = (line for line in world.lines(step["wallet"]) if line.kind != "opened")
    return [line.running.minor for line in lines]


def _sum(world: World, step: Step) -> Result:
    names = step["wallets"]
    currency = world.currency(names[0])
    return sum_of(
        (Money(world.balance(n).posted, world.currency(n)) for n in names), currency
    ).minor


def _trial(world: World, _: Step) -> Result:
    balances = world.store.balances()
    openings = {
        key: held.posted for key, held in balances.items() if key[0].startswith(COUNTERPART)
    }
    # Openings that balance without what stands against them are both sides by themselves.
    off = {code: sum(n for (_, c), n in openings.items() if c == code) for _, code in openings}
    told = {key: held for key, held in balances.items() if key not in openings or off[key[1]]}
    return {
        side.currency.removeprefix("CASE_"): [side.debits, side.credits]
        for side in trial_balance(told)
    }


# ---- pure questions: no wallet, no clock; any currency will do -----------------------------------
def usd(minor: int) -> Money:
    """Return cents."""
    return Money(int(minor), "USD")


def _allocate(_: World, step: Step) -> Result:
    weights = [_weight(weight) for weight in step["weights"]]
    rule = Allocation(str(step.get("rule", "first")).lower())
    return [part.minor for part in allocate(usd(step["total"]), weights, rule=rule)]


def _weight(written: str | int) -> Weight:
    if written == "rest":
        return REST
    if isinstance(written, str) and written.endswith("%"):
        return Fraction(f"{written[:-1]}e-2")
    return Fraction(written)


def _waterfall(_: World, step: Step) -> Result:
    drawn = draw(usd(step["total"]), [usd(source) for source in step["available"]])
    return [[part.minor for part in drawn.parts], drawn.shortfall.minor]


def _split_overdraft(_: World, step: Step) -> Result:
    parts = split_overdraft(usd(step["available"]), usd(step["debit"]))
    return [parts.own.minor, parts.credit.minor]


def _split_repay(_: World, step: Step) -> Result:
    parts = split_repayment(usd(step["credit"]), usd(step["used"]))
    return [parts.repaid.minor, parts.own.minor]


STEPS: Mapping[str, tuple[str, Callable[[World, Step], Result]]] = {
    "post": ("key legs eff event require force", _post),
    "reverse": ("key journal legs eff force", _reverse),
    "hold": ("key legs ttl multi event require force", _hold),
    "capture": ("key hold amount release_rest eff", _capture),
    "release": ("key hold", _release),
    "batch": ("atomic steps", _batch),
    "tick": ("seconds", _tick),
    "advance_to": ("at", _advance_to),
    "lock_before": ("at", _lock_before),
    "set_wallet": ("wallet status floor ceiling", _set_wallet),
    "load": ("journals", _load),
    "check": ("balances", _check),
    "balance": ("wallet effective_at effective_after recorded_at", _balance),
    "running": ("wallet", _running),
    "sum": ("wallets", _sum),
    "trial": ("", _trial),
    "allocate": ("total weights rule", _allocate),
    "waterfall": ("total available", _waterfall),
    "split_overdraft": ("available debit", _split_overdraft),
    "split_repay": ("credit used", _split_repay),
}


# ---- a whole story ---------------------------------------------------------------------------
def tell(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the story came to, in the fields in which it says what it expects."""
    expected = expectation(case)
    missing = {step["do"] for step in steps_of(case["when"])} - STEPS.keys()
    if missing:
        msg = f"there is no handler for the steps {sorted(missing)}"
        raise AssertionError(msg)
    world = World(case.get("given", {}), case["when"])
    found: dict[str, Any] = {"results": [play(world, step) for step in case["when"]]}
    if "balances" in expected:
        found["balances"] = checked(world, expected["balances"]) or expected["balances"]
    if "journals" in expected:
        found["journals"] = [p.journal.id for p in world.journals() if p.journal.kind != "opened"]
    found["broken laws"] = broken_laws(books(world.store))
    return found


def expectation(case: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a story expects; what is recommended to us replaces what its source does."""
    recommended = case.get("recommended") or {}
    expected = recommended if "results" in recommended else case["expect"]
    asked = {
        field: expected[field] for field in ("results", "balances", "journals") if field in expected
    }
    return {**asked, "broken laws": ()}
