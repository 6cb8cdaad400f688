"""Webhooks: each event once, in whatever order, and the same books at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice, permutations
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit.adapters.memory import MemoryStore
from ledgerkit.domain.changes import Changes, Committed, Effects, Expect, Stale
from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.disputes import Dispute
from ledgerkit.domain.gateways import (
    AccountStatus,
    GatewayLink,
    GatewayObject,
    Notification,
    SavedMethod,
    Told,
    link_id,
)
from ledgerkit.domain.instructions import Instruction
from ledgerkit.domain.invoices import Invoice
from ledgerkit.domain.ledger import Limit, Wallet
from ledgerkit.domain.payment_methods import PaymentMethod, register
from ledgerkit.domain.payments import FeePolicy, Payment
from ledgerkit.domain.payouts import Payout, PayoutLine
from ledgerkit.domain.periods import Period
from ledgerkit.domain.refunds import Refund
from ledgerkit.domain.webhooks import HANDLED, LOGGED, PARKED, WebhookEvent
from ledgerkit.jobs import steps
from ledgerkit.jobs.drivers import Progress, run
from ledgerkit.jobs.host import Host, PortMissing
from ledgerkit.jobs.payments import charge_invoice, request_refund
from ledgerkit.jobs.settlement import PARKED as WAITS
from ledgerkit.jobs.settlement import Settlement, settlement
from ledgerkit.jobs.webhooks import receive, retry_parked, take
from ledgerkit.testing.fakes.clock import FakeClock
from ledgerkit.testing.samples import NOON, OCTOBER, changes, transfer
from ledgerkit.testing.simulator import Killed, Rigged, killed_after
from tests.jobs.gateway_world import (
    CREATED,
    charge,
    deliver,
    dispute,
    eur,
    event,
    movement,
    owing,
    refund,
    statuses,
    store_all,
    told,
    wallets,
)
from tests.people import OLGA

OUT, BACK = movement("txn_1", -7_000, 1_500), movement("txn_2", 7_000)
RECORDS: tuple[type[Any], ...] = (Payment, Refund, Dispute, Invoice, Payout, Instruction)


def payout() -> Payout:
    """Return the unpaid payout for what i-1 bills."""
    line = PayoutLine(
        journal="j", line=1, kind="session.charged", source="i-1", on=OCTOBER, amount=eur(3_000)
    )
    return Payout(
        id="pay_1",
        supplier="t-1",
        currency="EUR",
        period=Period.month(2026, 10),
        part=0,
        lines=(line,),
        status="pending",
    )


def begin() -> Host:
    """Return a host whose customer owes 50.00 and 70.00, and a supplier waits for a payout."""
    host = owing(5_000, 7_000)
    host.store.commit(changes("earned", records=(payout(),)))
    return host


def books(host: Host) -> Any:
    """Return what each wallet holds, and the status of every record."""
    kept = sorted(
        (kind.__name__, read.record.id, read.record.status)
        for kind in RECORDS
        for read in host.store.find(kind).items
    )
    waiting = [read.record.id for read in host.store.find(WebhookEvent, status=PARKED).items]
    return tuple(sorted(wallets(host).items())), tuple(kept), tuple(waiting)


def quickly(host: Host, *notifications: Notification) -> None:
    """Take *notifications*; the steps are performed without asking what the host is."""
    for notification in notifications:
        progress = Progress(take(notification))
        while progress.step is not None:
            progress.answer(progress.step.call(host))


def events(*states: Told, prefix: str = "evt") -> tuple[Notification, ...]:
    """Return an event for each of *states*."""
    return tuple(event(f"{prefix}_{n}", each) for n, each in enumerate(states))


LIVES: Mapping[str, Sequence[Told]] = {
    "a charge that fails first": (
        charge("pending"),
        charge("failed", reason="card_declined"),
        charge("done"),
        charge("done", fee=eur(300)),
    ),
    "two refunds of the dashboard": (
        charge(),
        refund("pending"),
        refund("done"),
        refund("done", 2_000, "re_2"),
        charge("done", fee=eur(300)),
    ),
    "a refund that comes back": (
        charge("pending"),
        charge(),
        refund("pending"),
        refund("done"),
        refund("failed"),
    ),
    "a dispute that is lost": (
        charge(),
        dispute("open", 7_000),
        dispute("open", 7_000, movements=(OUT,)),
        dispute("lost", 7_000, movements=(OUT,)),
        refund("done"),
    ),
    "a dispute that is won": (
        charge(),
        dispute("open", 7_000),
        dispute("open", 7_000, movements=(OUT,)),
        dispute("open", 7_000, movements=(OUT, BACK)),
        dispute("won", 7_000, movements=(OUT, BACK)),
        refund("done"),
    ),
}
# Without wallets at zero: 120.00 came in, 50.00, 20.00 and 70.00 went back, a fee is 3.00 or 15.00.
ENDS: Mapping[str, Mapping[str, int]] = {
    "a charge that fails first": {
        "customer:c-1": 12_000,
        "gateway:stripe": -11_700,
        "platform": -300,
    },
    "two refunds of the dashboard": {
        "customer:c-1": 5_000,
        "gateway:stripe": -4_700,
        "platform": -300,
    },
    "a refund that comes back": {"customer:c-1": 12_000, "gateway:stripe": -12_000},
    "a dispute that is lost": {
        "gateway:stripe": 1_500,
        "platform": -1_500,
    },
    "a dispute that is won": {
        "customer:c-1": 7_000,
        "gateway:stripe": -5_500,
        "platform": -1_500,
    },
}
SEVEN = (
    charge("pending"),
    charge(),
    charge("done", fee=eur(300)),
    refund("pending"),
    refund("done"),
    dispute("open", 7_000, movements=(OUT,)),
    dispute("won", 7_000, movements=(OUT, BACK)),
)


@pytest.mark.parametrize("name", LIVES)
def test_every_order_ends_in_the_same_books(name: str) -> None:
    """A1 to A3: each permutation, each event delivered again and told under a second id too."""
    life, ends = LIVES[name], set()
    for order in permutations(zip(events(*life), events(*life, prefix="again"), strict=True)):
        host = begin()
        quickly(host, *(each for pair in order for each in (*pair, pair[0])))
        ends.add(books(host))

    ((held, _, waiting),) = ends
    assert ENDS[name] == dict(held)
    assert () == waiting


# A fifth of the 5040 orders has every order of any five of the seven events among it.
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.soak)])
def test_orders_of_seven_events_end_in_the_same_books(step: int) -> None:
    """A3: a charge with its fee, a refund and a dispute that is won."""
    ends = set()
    for order in islice(permutations(events(*SEVEN)), 0, None, step):
        host = begin()
        quickly(host, *order)
        ends.add(books(host))

    assert 1 == len(ends)
    ((held, kept, waiting),) = ends
    assert {"customer:c-1": 7_000, "gateway:stripe": -5_200, "platform": -1_800} == dict(held)
    assert {"partly_refunded", "done", "won", "paid", "partially_paid", "pending"} == {
        status for _, _, status in kept
    }
    assert () == waiting


@given(st.lists(st.integers(0, 99), min_size=7, max_size=25))
def test_any_deliveries_end_in_the_same_books(drawn: list[int]) -> None:
    """A1, A2: whatever comes how often and in which order, once each has come at least once."""
    one, two = events(*SEVEN), events(*SEVEN, prefix="again")
    host, plain = begin(), begin()
    quickly(host, *((one + two)[n % 14] for n in drawn), *reversed(one))
    quickly(plain, *one)

    assert books(plain) == books(host)
    assert {"customer:c-1": 7_000, "gateway:stripe": -5_200, "platform": -1_800} == wallets(host)


def test_what_we_ordered_is_told_by_webhooks_alone() -> None:
    """Our charge and our refund, in every order of what is told: instruction and books agree."""
    ends, ordered = set(), ""
    for order in permutations(range(5)):
        host = begin()
        saved = SavedMethod(customer="cus_1", method="pm_1", label="visa 4242")
        store_all(host, "method", register("c-1", "cus_1", gateway="stripe"))
        deliver(host, event("saved", saved))
        asked = run(
            charge_invoice("i-2", gateway="stripe", attempt=1, actor="cron", reason="due"), host
        )
        (ordered,) = (read.record.id for read in host.store.find(Instruction).items)
        mine: dict[str, Any] = {"instruction": ordered, "metadata": ()}
        states = (
            charge("pending", 7_000, **mine),
            charge("done", 7_000, **mine),
            charge("done", 7_000, fee=eur(200), **mine),
            refund("pending", 2_000),
            refund("done", 2_000),
        )
        quickly(host, *(events(*states)[n] for n in order))
        assert "pi_1" == host.store.load(Payment, asked.id).record.object  # type: ignore[union-attr]
        ends.add(books(host))

    ((held, kept, waiting),) = ends
    assert {"customer:c-1": 5_000, "gateway:stripe": -4_800, "platform": -200} == dict(held)
    assert ("Instruction", ordered, "done") in kept
    assert () == waiting


def test_what_a_lost_dispute_holds_stays_on_hold() -> None:
    """Of two disputes of one payment the first is lost, so the payout waits though one is won."""
    host = begin()
    first, second = movement("txn_1", -5_000), movement("txn_2", -7_000)
    back = movement("txn_3", 7_000)
    deliver(
        host,
        *events(
            charge(),
            dispute("open", 5_000, movements=(first,)),
            dispute("open", 7_000, "dp_2", movements=(second,)),
            dispute("lost", 5_000, movements=(first,)),
            dispute("won", 7_000, "dp_2", movements=(second, back)),
        ),
    )
    (waiting,) = (read.record for read in host.store.find(Payout).items)

    assert "on_hold" == waiting.status
    assert 7_000 == wallets(host)["customer:c-1"]


def test_our_refund_is_found_by_its_instruction() -> None:
    """The refund we asked for is done, not a second one; the invoice named is open again."""
    host = begin()
    deliver(host, event("e1", charge()))
    (paid,) = (read.record for read in host.store.find(Payment).items)
    asked = run(
        request_refund(
            paid.id, eur(5_000), key="r-1", actor=OLGA, reason="fell out", invoice="i-1"
        ),
        host,
    )
    (ordered,) = (read.record for read in host.store.find(Instruction).items)
    deliver(host, event("e2", refund("done", instruction=ordered.id)))
    (done,) = (read.record for read in host.store.find(Refund).items)

    assert (asked.id, "done", "re_1") == (done.id, done.status, done.object)
    assert ("issued", "paid") == statuses(host, "i-1", "i-2")
    assert "done" == host.store.load(Instruction, ordered.id).record.status  # type: ignore[union-attr]
    assert 7_000 == wallets(host)["customer:c-1"]


# ---- the inbox -------------------------------------------------------------------------------
def test_event_and_effects_are_one_commit() -> None:
    """A1: the key is the event's; the event and all that it moves are stored under it."""
    host = begin()
    (first, second) = deliver(host, event("e1", charge()), event("e1", charge()))
    kept = host.store.history(WebhookEvent, "stripe:e1")
    links = host.store.history(GatewayLink, "stripe:pi_1")

    assert (False, True) == (first.replayed, second.replayed)
    assert HANDLED == first.event.status
    assert ["webhook/stripe/e1"] == [row.key for row in kept] == [row.key for row in links]
    assert ("webhook", "test") == (kept[0].actor, kept[0].reason)
    assert 1 == len(host.store.journals().items)


def test_a_type_that_tells_nothing_is_logged() -> None:
    """A19: it is kept with its text, and is no error."""
    host = begin()
    (taken,) = deliver(host, event("e1", type="customer.tax_id.updated"))

    assert (LOGGED, "customer.tax_id.updated", "{}") == (
        taken.event.status,
        taken.event.type,
        taken.event.text,
    )
    assert {} == wallets(host)


def test_what_is_not_known_waits_for_its_parent() -> None:
    """A refund before its charge is parked, and settled in the moment the charge is."""
    host = begin()
    (early,) = deliver(host, event("e1", refund()))
    (late,) = deliver(host, event("e2", charge()))
    settled = host.store.load(WebhookEvent, "stripe:e1")
    assert settled is not None

    assert (PARKED, HANDLED, HANDLED) == (
        early.event.status,
        late.event.status,
        settled.record.status,
    )
    assert 7_000 == wallets(host)["customer:c-1"]
    assert () == run(retry_parked(), host)


async def after_its_parent(told: GatewayObject, *, gateway: str, at: datetime) -> Settlement:
    """Settle an object once its parent is linked: it is linked itself, and nothing else."""
    if told.parent is not None:
        parent = await steps.load(GatewayLink, link_id(gateway, told.parent))
        if parent is None:
            return WAITS
    link = GatewayLink(id=link_id(gateway, told.id), kind=told.kind, record=f"{told.id} {at}")
    return Settlement(effects=Effects(records=(link,)))


def test_what_waits_for_what_waits_is_settled_with_it() -> None:
    """A grandchild before its parent before the charge: the charge settles all three."""
    host = begin()
    children = refund(id="re_2", parent="re_1"), refund(id="re_1")
    for told_of in (*events(*children), event("evt_9", charge())):
        run(take(told_of, settle=after_its_parent), host)

    assert {HANDLED} == {read.record.status for read in host.store.find(WebhookEvent).items}


@pytest.mark.parametrize(
    "unknown",
    [
        charge(metadata=()),
        charge(metadata=(), instruction="ins_of_others"),
        refund(parent=None),
        dispute(parent="pi_of_others"),
        told("transfer", "tr_1", "done", 100),
    ],
    ids=["nobody's charge", "order of others", "no parent", "parent of others", "unknown kind"],
)
def test_what_nobody_knows_stays_parked(unknown: Told) -> None:
    """It moves nothing, is kept for people to see, and is tried again in vain."""
    host = begin()
    (taken,) = deliver(host, event("e1", unknown))

    assert PARKED == taken.event.status
    assert () == run(retry_parked(), host)
    assert {} == wallets(host)


def test_a_customer_who_cannot_be_is_a_problem_for_people() -> None:
    """A19: what the metadata say cannot be booked; the event is kept with the reason."""
    host = begin()
    bad = charge(metadata=(("ledgerkit_customer", "no such address"),))
    (taken,) = deliver(host, event("e1", bad))

    assert PARKED == taken.event.status
    assert "is no wallet address" in taken.event.problem


def test_what_the_books_refuse_is_parked_with_the_reason() -> None:
    """A frozen wallet refuses the journal; once it is open again the event is booked."""
    host = begin()
    frozen = Wallet("customer:c-1", status="frozen")
    host.store.commit(changes("o", opens=(Wallet("customer:c-1"),)))
    host.store.commit(changes("f", policies=(frozen,)))
    (taken,) = deliver(host, event("e1", charge()))
    vain = run(retry_parked(), host)
    host.store.commit(changes("g", policies=(Wallet("customer:c-1"),)))
    done = run(retry_parked(), host)

    assert PARKED == taken.event.status
    assert "frozen" in taken.event.problem
    assert (vain, done) == ((), ("stripe:e1",))
    assert 12_000 == wallets(host)["customer:c-1"]


def test_what_a_gateway_did_is_booked_beyond_a_credit_limit() -> None:
    """The money has moved already: a prepaid customer owes what refund and dispute took."""
    host = begin()
    prepaid = Wallet("customer:c-1", limits=(Limit("EUR", floor=0),))
    host.store.commit(changes("prepaid", opens=(prepaid,)))
    (paid,) = deliver(host, event("e1", charge()))
    spent = transfer("f-1", "customer:c-1", "platform", wallets(host)["customer:c-1"])
    host.store.commit(changes("spent", journals=(spent,), opens=(Wallet("platform"),)))
    taken = deliver(host, event("e2", refund()), event("e3", dispute(movements=(OUT,))))

    assert [HANDLED] * 3 == [each.event.status for each in (paid, *taken)]
    assert -(refund().amount.minor + 7_000) == wallets(host)["customer:c-1"]
    forced = {p.journal.forced_by for p in host.store.journals().items if p.journal.forced_by}
    assert {"stripe:re_1", "stripe:dp_1"} == forced


def test_several_objects_of_one_event_are_all_booked() -> None:
    """A charge and its refund in one event: both count, and the event is handled."""
    host = begin()
    (taken,) = deliver(host, event("e1", charge(), refund(), refund("done", 1_000, "re_2")))

    assert HANDLED == taken.event.status
    assert 6_000 == wallets(host)["customer:c-1"]


class Racing(MemoryStore):
    """A store where somebody else was a moment faster, for so many commits."""

    losses = 0

    def commit(self, changes: Changes) -> Committed:
        """Store *changes*, unless others came first."""
        if self.losses and changes.key.startswith("webhook/"):
            self.losses -= 1
            raise Stale("Invoice", "i-1", 1, 2)
        return super().commit(changes)


@pytest.mark.parametrize("losses", [3, 19])
def test_who_comes_second_decides_again(losses: int) -> None:
    """Stale is no failure: the decision is made anew on what is stored by then."""
    store = Racing()
    host = owing(5_000, 7_000, store=store)
    store.losses = losses
    (taken,) = deliver(host, event("e1", charge()))

    assert HANDLED == taken.event.status
    assert ("paid", "paid") == statuses(host, "i-1", "i-2")


def test_two_workers_with_one_event_book_it_once() -> None:
    """A1: both decide before either commits; the second commit replays the first."""
    host = begin()
    first, second = (Progress(take(event("e1", charge()))) for _ in range(2))
    for progress in (first, second):
        while progress.step is not None and progress.step.name != "commit":
            progress.answer(progress.step.call(host))
    for progress in (first, second):
        while progress.step is not None:
            progress.answer(progress.step.call(host))

    assert (False, True) == (first.report.replayed, second.report.replayed)
    assert 1 == len(host.store.journals().items)


def test_a_crash_between_any_two_steps_loses_and_doubles_nothing() -> None:
    """A1: the worker dies after n steps; delivered again, the end is as if nothing had happened."""
    one, two = (
        event("e1", charge(), refund()),
        event("e2", dispute("open", 7_000, movements=(OUT,))),
    )
    plain = begin()
    deliver(plain, one, two)
    for n in range(200):
        host = begin()
        for notification in (two, one):
            progress = Progress(take(notification))
            for _ in range(n):
                if progress.step is not None:
                    progress.answer(progress.step.call(host))
            over = progress.step is None
        deliver(host, one, two)
        run(retry_parked(), host)

        assert books(plain) == books(host)
        if over:
            break
    else:
        pytest.fail("the job has no end")


# ---- accounts and methods --------------------------------------------------------------------
def test_accounts_and_methods_are_kept_and_audited() -> None:
    """Each word of the gateway is a version; an older one that comes late changes nothing."""
    host = begin()
    fine = AccountStatus(
        account="acct_1", details_submitted=True, charges_enabled=True, payouts_enabled=True
    )
    bad = attrs.evolve(fine, payouts_enabled=False, disabled_reason="past_due")
    hour = timedelta(hours=1)
    deliver(
        host,
        event("e1", fine, created=CREATED),
        event("e3", bad, SavedMethod(customer="cus_1", method="pm_1"), created=CREATED + 2 * hour),
        event("e2", fine, created=CREATED + hour),
        event("e4", SavedMethod(customer="cus_1", method="pm_2", label="visa 4242")),
    )
    account = host.store.history(ConnectedAccount, "stripe:acct_1")
    methods = host.store.history(PaymentMethod, "stripe:cus_1")

    assert [True, False] == [row.record.may_be_paid for row in account]
    assert ["pm_1", "pm_2"] == [row.record.method for row in methods]
    assert ["webhook/stripe/e3", "webhook/stripe/e4"] == [row.key for row in methods]


def test_a_host_says_who_bears_the_fees() -> None:
    """The policy goes with the function that settles."""
    host = begin()

    async def settle(told: Any, *, gateway: str, at: datetime) -> Any:
        return await settlement(told, gateway=gateway, at=at, fees=FeePolicy("customer"))

    run(take(event("e1", charge("done", fee=eur(300))), settle=settle), host)

    assert {"customer:c-1": 11_700, "gateway:stripe": -11_700} == wallets(host)


def test_told_again_after_its_worker_died() -> None:
    """The refund waits for the charge, whose worker dies right after its commit.

    The gateway tells the charge again, and the refund is booked then.
    """
    charged, refunded = event("e1", charge()), event("e2", refund("done"))
    clean = Rigged(begin())
    run(take(charged), clean)
    host = begin()
    deliver(host, refunded)
    with pytest.raises(Killed):
        run(take(charged), Rigged(host, {clean.names.index("commit") + 1: killed_after}))
    waiting = host.store.find(WebhookEvent, status=PARKED).items
    (again,) = deliver(host, charged)

    assert ["stripe:e2"] == [version.record.id for version in waiting]
    assert () == host.store.find(WebhookEvent, status=PARKED).items
    assert (True, HANDLED) == (again.replayed, again.event.status)
    assert 7_000 == wallets(host)["customer:c-1"]


# ---- receiving -------------------------------------------------------------------------------
class Reader:
    """Reads one body, and refuses every other."""

    def read(self, body: bytes, headers: Mapping[str, str], *, at: datetime) -> Notification:
        """Return the event, if it is signed."""
        if headers.get("signature") != "good" or at != NOON:
            msg = "not signed"
            raise ValueError(msg)
        return event(body.decode(), charge())


def test_what_is_signed_is_received() -> None:
    """Verified and read by the host's reader of that gateway, then taken."""
    host = attrs.evolve(begin(), webhooks={"stripe": Reader()}, clock=FakeClock(NOON))
    taken = run(receive("stripe", b"e1", {"signature": "good"}), host)

    assert ("stripe:e1", HANDLED) == (taken.event.id, taken.event.status)
    with pytest.raises(ValueError, match="not signed"):
        run(receive("stripe", b"e2", {"signature": "bad"}), host)
    with pytest.raises(PortMissing, match="needs a reader of the webhooks of paystack"):
        run(receive("paystack", b"e2", {}), host)
    assert host.store.load(WebhookEvent, "stripe:e2") is None


# ---- settlement ------------------------------------------------------------------------------
def test_a_settlement_names_what_it_was_decided_on() -> None:
    """The invoices that it moves are expected as read; told again it is empty."""
    host = begin()
    done = run(settlement(charge(), gateway="stripe", at=NOON), host)
    deliver(host, event("e1", charge()))
    again = run(settlement(charge(), gateway="stripe", at=NOON), host)

    assert {Expect(Invoice, "i-1", 1), Expect(Invoice, "i-2", 1)} == set(done.expects)
    assert ((), (), False) == (again.effects.records, again.expects, again.parked)


def test_money_that_comes_twice_is_a_payment_of_its_own() -> None:
    """A second charge of one order is booked on top, and goes to what else is due."""
    host = begin()
    store_all(host, "m", register("c-1", "cus_1", gateway="stripe"))
    deliver(host, event("m", SavedMethod(customer="cus_1", method="pm_1")))
    run(charge_invoice("i-1", gateway="stripe", attempt=1, actor="cron", reason="due"), host)
    (ordered,) = (read.record.id for read in host.store.find(Instruction).items)
    mine: dict[str, Any] = {"instruction": ordered, "metadata": ()}
    states = (
        charge("done", 5_000, id="pi_1", **mine),
        charge("failed", 5_000, id="pi_2", **mine),  # known as an attempt of the first
        charge("done", 5_000, id="pi_2", **mine),
        refund("done", 1_000, parent="pi_2"),
    )
    deliver(host, *events(*states), *events(*states, prefix="again"))
    paid = [read.record for read in host.store.find(Payment).items]

    assert 9_000 == wallets(host)["customer:c-1"]
    assert [("i-1", 5_000), ("i-2", 4_000)] == sorted(
        (each.invoice, each.amount.minor) for payment in paid for each in payment.assigned
    )
