"""Payout and account statements as documents: what is paid out, and what moved on an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

import attrs

from ledgerkit.documents.desk import (
    REVERSED,
    Desk,
    Letterhead,
    days_of,
    is_reversed,
    open_desk,
)
from ledgerkit.documents.model import (
    ACCOUNT_STATEMENT,
    PAYOUT_STATEMENT,
    Column,
    Document,
    Row,
    Total,
)
from ledgerkit.domain.ledger import EntryLine
from ledgerkit.domain.money import Money, sum_of
from ledgerkit.domain.parties import CUSTOMER, SUPPLIER, Party
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period, local_date

SESSIONS, SERVICES, INCENTIVES = "Sessions", "Services", "Incentives"
ADJUSTMENTS, PAID_DIRECTLY, CLAWBACKS = "Adjustments", "Paid directly", "Clawbacks"
_CLAWED = ("clawback.", "transfer.")  # what was paid before, and put right since
_ABOUT = ("completion.adjusted", *_CLAWED)  # of these an item tells what was done about what
# Facts whose ids are ours, long and derived; readers know them by a label or not at all.
_OUR_FACTS = (
    *("clawback", "credit_note", "incentive", "invoice", "opening", "payment", "payout", "refund"),
    "write_off",
)
_AT_GATEWAY = "gateway."  # ids of a gateway's are nothing to read, either


def payout_number(payout: Payout, supplier: Party) -> str:
    """Return what people call *payout*: `2026-10 tom`, or `2026-10-05 – 2026-10-11 tom`.

    That of an owner has the wallet, `2026-10 owner:tom`, as a supplier may have the same id. With
    the currency if it is not the payee's own, and a count if it is not the first.
    """
    parts = [days_of(payout.period).replace("_", " – ")]
    parts.append(payout.supplier if payout.role == SUPPLIER else payout.wallet)
    if payout.currency != supplier.currency:
        parts.append(payout.currency)
    if payout.part:
        parts.append(f"({payout.part + 1})")
    return " ".join(parts)


def payout_document(
    payout: Payout, *, head: Letterhead, supplier: Party, issued_on: date
) -> Document:
    """Return *payout* as *supplier* reads it: each session and incentive it pays or takes back.

    So are clawbacks that it bears, and the fee of an instant one. Work is called by the `item` of
    its line, or by its id where the line has none.
    """
    desk = open_desk(head, supplier)
    words = desk.words
    lines = _earned(payout.lines)
    return Document(
        PAYOUT_STATEMENT,
        supplier.locale,
        words.text("Payout statement"),
        number=payout_number(payout, supplier),
        issued_on=issued_on,
        issuer=desk.block("From", head.business),
        recipient=desk.block("Pay to", supplier),
        captions=words.captions(),
        facts=(
            (words.text("Issued on"), desk.day(issued_on)),
            (words.text("Period"), desk.period(payout.period)),
            *(
                ()
                if payout.reference is None
                else ((words.text("Payment reference"), payout.reference),)
            ),
        ),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Student")),
            Column(words.text("Amount"), "end"),
        ),
        rows=tuple(_payout_row(desk, earned) for earned in lines),
        totals=tuple(_payout_totals(desk, payout, lines)),
        footer=head.footer,
        logo=head.logo,
    )


@attrs.frozen
class _Earned:
    """A line with what it is: the rate of a session or a *bonus* on it, and in which total."""

    line: PayoutLine
    bonus: bool

    @property
    def sort(self) -> str:
        kind = self.line.kind
        if kind == "transfer.done":
            return PAID_DIRECTLY
        if kind.startswith(_CLAWED):
            return CLAWBACKS
        if kind == "completion.charged":
            return SERVICES
        if is_reversed(kind) or not kind.startswith(("session.", "incentive.")):
            return ADJUSTMENTS
        return INCENTIVES if self.bonus or kind == "incentive.earned" else SESSIONS


def _earned(lines: Iterable[PayoutLine]) -> tuple[_Earned, ...]:
    lines = tuple(lines)
    first: dict[str, int] = {}
    for line in lines:
        first[line.journal] = min(line.line, first.get(line.journal, line.line))
    # A session's first leg on the supplier's wallet is the rate, the second what incentives add.
    return tuple(_Earned(line, line.line > first[line.journal]) for line in lines)


def _payout_row(desk: Desk, earned: _Earned) -> Row:
    line, kind = earned.line, earned.line.kind
    base = kind.removesuffix(REVERSED)
    word = desk.words.text("Incentive") if earned.bonus else desk.kind(base)
    of_work = base.startswith("completion.")
    about = line.item or (line.source if of_work else "")
    what = line.item or word
    if earned.bonus or kind.startswith(_ABOUT) or (of_work and not line.item):
        what = " · ".join(filter(None, (word, about)))
    if is_reversed(kind):
        what = desk.taken_back(what)
    return Row((desk.day(line.on), what, line.detail, desk.money(line.amount)))


def _payout_totals(desk: Desk, payout: Payout, lines: Iterable[_Earned]) -> Iterable[Total]:
    words = desk.words
    labels = {
        SESSIONS: words.text("Sessions"),
        SERVICES: words.text("Services"),
        INCENTIVES: words.text("Incentives"),
        ADJUSTMENTS: words.text("Adjustments"),
        PAID_DIRECTLY: words.text("Paid directly"),
        CLAWBACKS: words.text("Clawbacks"),
    }
    amounts: dict[str, list[Money]] = {sort: [] for sort in labels}
    for earned in lines:
        amounts[earned.sort].append(earned.line.amount)
    if payout.fee is not None or any(amounts[sort] for sort in amounts if sort != SESSIONS):
        for sort, label in labels.items():
            if amounts[sort]:
                yield Total(label, desk.money(sum_of(amounts[sort], payout.currency)))
    due = payout.total
    if payout.fee is not None:
        due -= payout.fee
        yield Total(words.text("Fee of the instant payout"), desk.money(-payout.fee))
    yield Total(words.text("Your payout"), desk.money(due), strong=True)


def account_statement_document(
    lines: Iterable[EntryLine],
    *,
    head: Letterhead,
    party: Party,
    period: Period,
    opening: Money,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> Document:
    """Return the statement of *party*'s wallet over *period*, from the *opening* balance on.

    *lines* are those of the period in one currency, in order; their running balances are shown
    as they are. *labels* say what is to be read of a fact beside its kind, by the fact's id, such
    as the number of an invoice or what was taught in a session.
    """
    desk = open_desk(head, party)
    words = desk.words
    shown = tuple(lines)
    first = {line.journal: line.line for line in reversed(shown)}
    closing = shown[-1].running if shown else opening
    rows = [Row(("", words.text("Opening balance"), "", desk.money(opening)), "strong")]
    rows += [
        Row(
            (
                desk.day(local_date(line.effective_at, party.zone)),
                _moved(desk, line, labels, bonus=line.line > first[line.journal]),
                desk.money(line.amount),
                desk.money(line.running),
            )
        )
        for line in shown
    ]
    return Document(
        ACCOUNT_STATEMENT,
        party.locale,
        words.text("Account statement"),
        number=party.id,
        issued_on=period.end,
        issuer=desk.block("From", head.business),
        recipient=desk.block("Account of", party),
        captions=words.captions(),
        facts=(
            (words.text("Period"), desk.period(period)),
            (words.text("Currency"), opening.currency),
        ),
        columns=(
            Column(words.text("Date")),
            Column(words.text("Description"), wide=True),
            Column(words.text("Amount"), "end"),
            Column(words.text("Balance"), "end"),
        ),
        rows=tuple(rows),
        totals=(Total(words.text("Closing balance"), desk.money(closing), strong=True),),
        notes=tuple(_standing(desk, closing)),
        footer=head.footer,
        logo=head.logo,
    )


def _moved(desk: Desk, line: EntryLine, labels: Mapping[str, str], *, bonus: bool) -> str:
    about = [desk.kind(line.kind, bonus=bonus)]
    if line.event is not None:
        ours = line.event.type in _OUR_FACTS or line.event.type.startswith(_AT_GATEWAY)
        about.append(labels.get(line.event.id, "" if ours else line.event.id))
    return "\n".join(filter(None, about))


def _standing(desk: Desk, closing: Money) -> Iterable[str]:
    """Yield what a balance means to a customer; plus and minus are for bookkeepers."""
    if desk.reader.role != CUSTOMER:
        return
    if closing.minor < 0:
        yield desk.words.text("You owe {amount}.", amount=desk.money(-closing))
    elif closing.minor > 0:
        yield desk.words.text("You have {amount} of credit.", amount=desk.money(closing))
