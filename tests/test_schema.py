"""Schema: what is stored is read back as it was, and nothing else is read at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerkit import schema
from ledgerkit.domain import adjustments
from ledgerkit.domain.adjustments import Adjustment
from ledgerkit.domain.alerts import RESOLVED, SEVERITIES, Alert
from ledgerkit.domain.bank_payouts import CANCELED, BankPayout
from ledgerkit.domain.billing_run import BillingCycle
from ledgerkit.domain.catalog import Catalog, CatalogKey, PackageTier, Price
from ledgerkit.domain.changes import Record
from ledgerkit.domain.charges import Charge
from ledgerkit.domain.circuit_breakers import OPEN, GatewayBreaker
from ledgerkit.domain.clawbacks import EXECUTING, STRIPE_REVERSAL, Clawback, Share
from ledgerkit.domain.completions import Completion, CompletionLine, WorkQuantity
from ledgerkit.domain.connected_accounts import ConnectedAccount
from ledgerkit.domain.credit_limits import CreditLimit, Floors, Override
from ledgerkit.domain.credit_notes import APPLIED, Applied, CreditLine, CreditNote, Given
from ledgerkit.domain.discounts import Coupon, Discount
from ledgerkit.domain.disputes import WON, Dispute
from ledgerkit.domain.document_links import DocumentLink
from ledgerkit.domain.gateways import (
    OBJECT_KINDS,
    ChargeOrder,
    GatewayLink,
    GatewayObject,
    Movement,
    Order,
    PayoutOrder,
    RefundOrder,
    ReversalOrder,
    TransferOrder,
)
from ledgerkit.domain.grants import EXPIRED as LAPSED
from ledgerkit.domain.grants import Draw, Forfeit, Grant, Return
from ledgerkit.domain.instructions import ATTENTION, Instruction
from ledgerkit.domain.invoices import DRAFT, ISSUED, Addressee, Invoice, Line
from ledgerkit.domain.late_joiners import CatchUpPolicy, Enrolment
from ledgerkit.domain.ledger import Condition, Entry, Event, Journal, Limit, Wallet
from ledgerkit.domain.money import Money, Rate, Rounding
from ledgerkit.domain.packages import ACTIVE, EXPIRED, Package, Redemption
from ledgerkit.domain.parties import OWNER, PAYEES, ROLES, Party
from ledgerkit.domain.payment_methods import PaymentMethod
from ledgerkit.domain.payment_plans import COMPLETED, Instalment, PaymentPlan
from ledgerkit.domain.payments import PARTLY_REFUNDED, Assignment, MoneyOut, Payment
from ledgerkit.domain.payouts import (
    PAID,
    InstantFee,
    Payout,
    PayoutLine,
    PayoutSetting,
    PayoutTerm,
)
from ledgerkit.domain.periods import (
    AnniversaryCycle,
    CalendarCycle,
    Cycle,
    FixedDaysCycle,
    Period,
    Timing,
)
from ledgerkit.domain.pricing import (
    Flat,
    Graduated,
    ListPrice,
    PackagePrice,
    Percentage,
    PerUnit,
    PriceKey,
    PriceList,
    Rated,
    Tariff,
    Tier,
    Volume,
)
from ledgerkit.domain.proration import Basis
from ledgerkit.domain.rate_cards import PAY, CardRate, RateCard, RateKey
from ledgerkit.domain.rate_plans import PlanItem, RatePlan
from ledgerkit.domain.reconciliation import InFlight, Reconciliation, Tolerance
from ledgerkit.domain.refunds import DONE, OFFSET, Refund
from ledgerkit.domain.rentals import (
    Bundled,
    BundleShare,
    Leased,
    Owned,
    Rental,
    RentalPolicy,
    RentalTerms,
    ThirdParty,
)
from ledgerkit.domain.sessions import Match
from ledgerkit.domain.splits import PER_PERIOD, PER_SESSION, Incentive
from ledgerkit.domain.subscriptions import (
    CANCELLED,
    SUSPENDED,
    Item,
    Pause,
    PausePolicy,
    Phase,
    Subscription,
)
from ledgerkit.domain.tax import (
    EXEMPT,
    NET,
    RATE,
    STANDARD,
    Tax,
    TaxAmount,
    TaxRate,
    TaxRounding,
)
from ledgerkit.domain.transfers import PARTLY_REVERSED, Reversal, Transfer
from ledgerkit.domain.usage import (
    AGGREGATIONS,
    TIME_WEIGHTED,
    UNCHANGED,
    UNIQUE_COUNT,
    Correction,
    Meter,
    Quantity,
    Snapshot,
    SpikePolicy,
)
from ledgerkit.domain.webhooks import PARKED, WebhookEvent
from ledgerkit.domain.write_offs import WriteOff
from ledgerkit.schema import (
    KINDS,
    BadDocument,
    Index,
    UnknownKind,
    dump,
    envelopes,
    index_of,
    kind_of,
    load,
)
from ledgerkit.schema import kinds as stored_kinds

GOLDEN = Path(__file__).parent / "golden"
ON = date(2026, 10, 5)
AT = datetime(2026, 10, 5, 12, 30, tzinfo=UTC)
KEY = CatalogKey("maths", "secondary", 60)


def eur(minor: int) -> Money:
    """Return cents."""
    return Money(minor, "EUR")


# ---- one record of each kind, with every field set -------------------------------------------
INCLUDED = TaxAmount(
    "es-vat",
    Fraction(21, 100),
    eur(4132),
    eur(868),
    treatment=STANDARD,
    reason="Art. 90",
    inclusive=True,
)
LINE = Line(
    id="lin_1",
    source="s-1",
    part="2",
    item="maths / secondary / 60 min",
    detail="Zoë · Tom Hill",
    on=ON,
    period=Period(ON, date(2026, 10, 6)),
    kind="session",
    quantity=Fraction(3, 2),
    unit_price=Fraction(10001, 3),
    amount=eur(5001),
    discount=eur(1),
    taxes=(INCLUDED,),
    journal="jrn_1",
    trace=(("rule", "per session"), ("unrounded", "10001/2")),
)
CENT = Rate(Fraction(1, 3), "EUR")
TIERS = (Tier(up_to=100, unit=CENT, flat=eur(500), size=10, cap=eur(900)), Tier(unit=CENT))
TARIFFS = (
    Tariff(model=Flat(eur(1000)), included=None, flat_at_zero=False),
    Tariff(model=PerUnit(CENT), included=100, minimum=eur(100), maximum=eur(900)),
    Tariff(model=Graduated(TIERS), included=0),
    Tariff(model=Volume(TIERS), included=Fraction(1, 2)),
    Tariff(model=PackagePrice(100, CENT, Rounding.DOWN), included=0),
    Tariff(
        model=Percentage(
            rate=Fraction(29, 1000),
            currency="EUR",
            fee=CENT,
            event_minimum=CENT,
            event_maximum=Rate(Fraction(500), "EUR"),
            free_amount=eur(10_000),
            free_events=3,
        ),
        included=None,
    ),
)
PHASE = Phase(
    number=1,
    item=Item(
        id="seats",
        name="Studio",
        detail="Madrid",
        price=Rate(Fraction(4999, 2), "EUR"),
        quantity=Fraction(5, 2),
        timing=Timing.IN_ARREARS,
        cycle=AnniversaryCycle(date(2026, 1, 31), 3, 30),
        one_time=True,
        kind="licence",
    ),
    cycle=FixedDaysCycle(date(2026, 1, 1), 30),
    starts_on=ON,
    ends_on=date(2026, 10, 16),
    billed_through=date(2026, 11, 1),
    gaps=(Period(ON, date(2026, 10, 7)),),
)
CHARGE = Charge(
    source="sub-1",
    part="seats/1/2026-10-05/back/2026-10-16",
    item="Studio",
    detail="Madrid",
    kind="licence",
    on=ON,
    period=Period(ON, date(2026, 11, 1)),
    due_on=date(2026, 11, 1),
    rated=Rated(
        amount=eur(-2500),
        unrounded=Fraction(-4999, 2),
        quantity=Fraction(1),
        unit_price=Fraction(-4999, 2),
        trace=(("factor", "16/31"),),
    ),
    gives_back="seats/1/2026-10-05",
)
CARD_RATE = CardRate(
    RateKey(side="charge", kind="flight", customer="ana", supplier="tom"),
    Rate(Fraction(20_000, 3), "EUR"),
    date(2026, 1, 1),
)
SHARES = BundleShare("plane", Fraction(2), "owner"), BundleShare("fuel", Fraction(1, 2))
RENTALS: tuple[RentalPolicy, ...] = (
    Owned(CENT),
    Leased(rate=CENT, cost=CENT, owner="olga"),
    ThirdParty(rate=CENT, fee=Fraction(1, 20), owner="olga"),
    Bundled(rate=CENT, shares=SHARES, includes=("flight", "ground"), owner="olga"),
)
WORKED = WorkQuantity("flight", Fraction(3, 2)), WorkQuantity("ground", Fraction(1, 3))
WORK_LINE = CompletionLine(
    party="owner", item="D-EABC", rated=attrs.evolve(CHARGE.rated, amount=eur(2500))
)
MOVEMENT = Movement(id="txn_1", amount=eur(-5000), fee=eur(1500), at=AT)
TOLD = GatewayObject(
    kind="dispute",
    id="dp_1",
    status="lost",
    amount=eur(5000),
    created=AT,
    fee=eur(25),
    parent="pi_1",
    instruction="ins_1",
    account="acct_1",
    reason="fraudulent",
    movements=(MOVEMENT,),
    metadata=(("ledgerkit_customer", "ana"),),
)
SAMPLES: dict[type[Any], Any] = {
    Party: Party(
        id="ana",
        role="customer",
        name="Ana García",
        currency="EUR",
        email="ana@example.org",
        address=("Calle de Alcalá 1", "28009 Madrid"),
        locale="es",
        zone="Europe/Madrid",
        tax_id="12345678Z",
    ),
    Catalog: Catalog(
        "catalog",
        (
            Price(
                key=KEY,
                charge=eur(5000),
                pay=eur(3000),
                valid_from=date(2026, 1, 1),
                tiers=(PackageTier(5, eur(24000)), PackageTier(10, eur(45000))),
            ),
        ),
    ),
    PriceList: PriceList(
        "cloud",
        "EUR",
        tuple(
            ListPrice(
                PriceKey.of("cluster", {"size": "large", "model": tariff.model.kind}),
                tariff,
                date(2026, 1, 1),
            )
            for tariff in TARIFFS
        ),
    ),
    Match: Match(
        id="m-1",
        customer="ana",
        student="Zoë",
        supplier="tom",
        key=KEY,
        currency="EUR",
        pay=eur(3300),
    ),
    Incentive: Incentive(
        id="i-1",
        match="m-1",
        amount=eur(500),
        per=PER_PERIOD,
        valid_from=date(2026, 10, 1),
        valid_until=date(2027, 1, 1),
    ),
    Enrolment: Enrolment(
        id="enr_1",
        customer="ana",
        student="Zoë",
        class_id="maths-101",
        class_name="Maths 101",
        class_start=date(2026, 1, 31),
        enrolled_on=date(2026, 3, 15),
        reference=date(2026, 3, 17),
        zone="Europe/Madrid",
        cycle=AnniversaryCycle(date(2026, 1, 31), 1, 30),
        price=eur(5000),
        policy=CatchUpPolicy.CURRENT_PRORATED,
        bill_early=False,
        until=date(2026, 7, 1),
    ),
    Package: Package(
        id="p-1",
        customer="ana",
        covers=(KEY, CatalogKey("maths", "secondary", 90)),
        units=10,
        price=eur(45000),
        purchased_on=date(2026, 9, 1),
        expires_on=date(2026, 11, 1),
        priority=-1,
        promotional=True,
        used_before=2,
        redemptions=(
            Redemption(
                session="s-1",
                unit=3,
                value=eur(4500),
                on=ON,
                pay=eur(3000),
                bonus=eur(500),
                supplier="tom",
                journal="jrn_2",
                part="2",
            ),
        ),
        returned=("s-1",),
        forfeited=7,
        expiries=2,
        status=EXPIRED,
    ),
    Grant: Grant(
        id="g-1",
        customer="ana",
        amount=Money(1000, "TOKEN"),
        price=eur(5000),
        granted_on=date(2026, 9, 1),
        expires_on=date(2026, 11, 1),
        covers=("usage", "seat"),
        priority=-1,
        draws=(
            Draw(
                source="lin_1", on=ON, amount=Money(400, "TOKEN"), value=eur(2000), journal="jrn_2"
            ),
        ),
        returns=(
            Return(draw="jrn_2", amount=Money(100, "TOKEN"), value=eur(500), journal="jrn_3"),
        ),
        forfeits=(
            Forfeit(
                on=date(2026, 11, 1),
                amount=Money(700, "TOKEN"),
                value=eur(3500),
                journal="jrn_4",
            ),
        ),
        expiries=2,
        told=date(2026, 11, 1),
        status=LAPSED,
    ),
    RatePlan: RatePlan(
        id="rpl_1",
        customer="ana",
        currency="EUR",
        zone="Europe/Madrid",
        price_list="cloud",
        cycle=FixedDaysCycle(date(2026, 1, 1), 30),
        items=(
            PlanItem(
                item="fee", quantity=Fraction(3, 2), dimensions=(("tier", "pro"),), kind="fee"
            ),
            PlanItem(
                item="users",
                meter=Meter(
                    name="users",
                    aggregation=UNIQUE_COUNT,
                    by=("role",),
                    counts="user",
                    silence=UNCHANGED,
                    unit="users",
                    category="people",
                ),
                spike=SpikePolicy(floor=Fraction(10), times=Fraction(5, 2), periods=2),
            ),
        ),
        started_on=date(2026, 1, 1),
        ends_on=date(2027, 1, 1),
        estimates=False,
        billed_through=date(2026, 1, 31),
    ),
    Snapshot: Snapshot(
        id="usg_1",
        customer="ana",
        meter="clusters",
        aggregation=TIME_WEIGHTED,
        period=Period.month(2026, 10),
        zone="Europe/Madrid",
        counted=(Quantity((("size", "medium"), ("use", "production")), Fraction(31, 7)),),
        events=3,
        corrections=(
            Correction(
                (Quantity((("size", "medium"), ("use", "production")), Fraction(-1)),),
                "olga",
                "one of them was ours",
                ON,
            ),
        ),
        billed=(Quantity((("size", "medium"), ("use", "production")), Fraction(24, 7)),),
        part=2,
    ),
    Subscription: Subscription(
        id="sub-1",
        customer="ana",
        currency="EUR",
        zone="Europe/Madrid",
        cycle=CalendarCycle(3),
        started_on=date(2026, 9, 1),
        trial_until=ON,
        ends_on=date(2027, 1, 1),
        phases=(PHASE,),
        planned=Pause(date(2026, 12, 1), date(2026, 12, 15), PausePolicy.EXTEND),
        stopped=Pause(date(2026, 10, 16), None, PausePolicy.FREEZE),
        held=(attrs.evolve(PHASE, number=2),),
        waiting=(CHARGE,),
        suspensions=1,
        basis=Basis.FIXED_30,
        status=SUSPENDED,
    ),
    Invoice: Invoice(
        id="inv_1",
        customer="ana",
        currency="EUR",
        lines=(
            LINE,
            attrs.evolve(LINE, id="lin_2", amount=eur(0), discount=None, taxes=(), package="p-1"),
        ),
        status=ISSUED,
        part=1,
        supplements="inv_0",
        corrects="inv_00",
        cycle="calendar",
        period=Period.month(2026, 10),
        discounts=(Discount("PENNY", "A penny off", eur(1), Fraction(1, 5001)),),
        taxes=(INCLUDED,),
        tax_rounding=TaxRounding(RATE, NET),
        billed_to=Addressee(
            name="Ana García",
            address=("Calle de Alcalá 1", "28009 Madrid"),
            email="ana@example.org",
            locale="es",
            tax_id="12345678Z",
        ),
        issued_on=date(2026, 11, 1),
        due_on=date(2026, 11, 15),
        paid_before=eur(17),
        number="INV-2026-00001",
        reference="A/17",
    ),
    Coupon: Coupon(
        id="AUTUMN10",
        name="Autumn",
        percent=Fraction(1, 10),
        kinds=frozenset({"session", "usage"}),
        valid_from=date(2026, 10, 1),
        valid_until=date(2026, 12, 1),
        times=3,
    ),
    Tax: Tax(
        id="es-iva-exempt",
        code="es-iva",
        rates=(),
        treatment=EXEMPT,
        reason="Art. 20.Uno.9.º LIVA",
        inclusive=True,
    ),
    CreditNote: CreditNote(
        id="crn_1",
        customer="ana",
        currency="EUR",
        invoice="inv_1",
        lines=(
            CreditLine(
                id="crl_1",
                line="lin_1",
                source="s-1",
                item="maths / secondary / 60 min",
                detail="Zoë · Tom Hill",
                on=ON,
                amount=eur(4132),
                taxes=(INCLUDED,),
                undoes="jrn_1",
                given=Given("jrn_2", eur(5000)),
            ),
        ),
        taxes=(INCLUDED,),
        reason="session not approved any more",
        status=APPLIED,
        created_by="maria",
        approved_by="pedro",
        applied=Applied(to_open=eur(4000), to_credit=eur(990), to_refund=eur(10)),
        billed_to=Addressee(name="Ana García"),
        issued_on=date(2026, 11, 5),
        number="CN-2026-00001",
    ),
    PaymentPlan: PaymentPlan(
        id="pln_1",
        customer="ana",
        receivable="inv_1",
        instalments=(
            Instalment(date(2026, 3, 15), eur(7500)),
            Instalment(date(2026, 4, 1), eur(7500)),
        ),
        accelerate=True,
        status=COMPLETED,
    ),
    CreditLimit: CreditLimit(
        id="lim_1",
        customer="ana",
        amount=eur(50_000),
        charge_at="urgent",
        charge_target=eur(10_000),
    ),
    Floors: Floors("customer:ana", "ana", ("EUR", "USD")),
    Override: Override(
        id="ovr_1",
        customer="ana",
        amount=eur(12_000),
        reference="booking-7",
        reason="pays on Friday",
        requested_by="maria",
        expires_at=AT,
        approved_by="pedro",
        journal="jrn_1",
        status="used",
    ),
    WriteOff: WriteOff(
        id="wof_1",
        customer="ana",
        amount=eur(-5000),
        on=ON,
        reference="WO-7",
        reason="paid after all",
        invoice="inv_1",
    ),
    Payout: Payout(
        id="pay_1",
        supplier="tom",
        role=OWNER,
        currency="EUR",
        period=Period.month(2026, 10),
        part=1,
        lines=(
            PayoutLine(
                journal="jrn_1",
                line=1,
                kind="session.charged",
                source="s-1",
                item="maths / secondary / 60 min",
                detail="Zoë",
                on=ON,
                amount=eur(3000),
            ),
        ),
        status=PAID,
        reference="SEPA-9",
        notes=("hours checked",),
        attempt=2,
        transfer="trf_1",
        fee=eur(60),
    ),
    PayoutSetting: PayoutSetting(
        "pst_1",
        "tom",
        (
            PayoutTerm("EUR", date(2026, 11, 1)),
            PayoutTerm(
                "EUR",
                date(2026, 10, 1),
                InstantFee(
                    percent=Fraction(1, 100), minimum=eur(50), maximum=eur(500), bearer="platform"
                ),
            ),
        ),
    ),
    Transfer: Transfer(
        id="trf_1",
        supplier="tom",
        role=OWNER,
        gateway="stripe",
        account="acct_1",
        pays="pay_1",
        of_payout=True,
        amount=eur(2940),
        withheld=eur(60),
        at_once=True,
        instruction="ins_1",
        status=PARTLY_REVERSED,
        object="tr_1",
        created_at=AT,
        fee=eur(25),
        code="account_closed",
        reversals=(
            Reversal(
                id="ins_2",
                amount=eur(1000),
                status="done",
                object="trr_1",
                asked_for="clw_1",
                code="late",
            ),
        ),
    ),
    BankPayout: BankPayout(
        id="bpo_1",
        gateway="stripe",
        object="po_1",
        account="acct_1",
        supplier="tom",
        amount=eur(2940),
        fee=eur(29),
        status=CANCELED,
        created_at=AT,
        instruction="ins_3",
        reason="account_closed",
    ),
    Clawback: Clawback(
        id="clw_1",
        supplier="tom",
        role=OWNER,
        side="overpayment",
        amount=eur(1000),
        cause="adj_1",
        reason="1.5 h, not 1.8 h",
        shares=(Share("trf_1", eur(1000)),),
        method=STRIPE_REVERSAL,
        on_wallet=True,
        requested_by="max",
        chosen_by="nina",
        approved_by="eva",
        opened_at=AT,
        status=EXECUTING,
        recovered=eur(400),
        reference="check 17",
        fell_back=True,
    ),
    RateCard: RateCard(
        "school",
        "EUR",
        (
            CARD_RATE,
            CardRate(RateKey(side=PAY, kind="ground", supplier="tom"), None, date(2026, 3, 1)),
        ),
    ),
    Rental: Rental(
        "D-EABC",
        tuple(
            RentalTerms(policy, "flight", date(2026, 1, n))
            for n, policy in enumerate(RENTALS, start=1)
        ),
    ),
    Completion: Completion(
        id="f-1",
        type="flight",
        customer="ana",
        supplier="tom",
        equipment="D-EABC",
        quantities=WORKED,
        completed_at=AT,
        zone="Europe/Madrid",
        card="school",
        currency="EUR",
        on=ON,
        rates=(CARD_RATE,),
        terms=RentalTerms(RENTALS[3], "flight", date(2026, 1, 1)),
        lines=(WORK_LINE,),
        journal="jrn_1",
        part=1,
    ),
    Adjustment: Adjustment(
        id="adj_1",
        completion="f-1",
        customer="ana",
        supplier="tom",
        currency="EUR",
        base=1,
        before=WORKED,
        after=WORKED[:1],
        rates=(CARD_RATE,),
        lines=(WORK_LINE,),
        deltas=(Entry("customer:ana", eur(6000)), Entry("platform", eur(-6000))),
        reason="Hobbs meter correction",
        requested_by="maria",
        requested_at=AT,
        on=ON,
        status=adjustments.APPLIED,
        approved_by="pedro",
        journal="jrn_2",
        settlement="future_payout_offset",
    ),
    Reconciliation: Reconciliation(
        id="rec_1",
        gateway="stripe",
        currency="EUR",
        on=ON,
        at=AT,
        available=eur(10_000),
        pending=eur(5_000),
        booked=eur(13_500),
        items=(
            InFlight(
                reason="unbooked",
                id="stripe:pi_1",
                detail="charge done",
                amount=eur(500),
                since=AT,
                overdue=True,
            ),
        ),
        sequence=17,
        status="alert",
    ),
    Alert: Alert(
        id="alr_1",
        kind="drift",
        subject="gateway:stripe/EUR",
        severity="critical",
        facts=(("drift_minor", "1500"),),
        opened_at=AT,
        openings=2,
        status=RESOLVED,
        acknowledged_by="maria",
        acknowledged_at=AT,
        note="a fee of the month",
        resolved_at=AT,
    ),
    Instruction: Instruction(
        id="ins_1",
        gateway="stripe",
        order=TransferOrder(amount=eur(3000), account="acct_1", source="ch_1"),
        subject="pay_1",
        party="tom",
        asked_at=AT,
        send_before=AT + timedelta(hours=72),
        status=ATTENTION,
        generation=2,
        attempts=3,
        first_sent_at=AT + timedelta(hours=48),
        last_sent_at=AT + timedelta(hours=49),
        doubtful=True,
        looked_up_at=AT + timedelta(hours=73),
        sent_order="ord_1",
        object="tr_1",
        code="absent",
        detail="nothing was found",
        wakings=1,
        woken_at=AT + timedelta(hours=47),
    ),
    GatewayLink: GatewayLink(id="stripe:ch_1", kind="charge", record="pmt_1"),
    GatewayBreaker: GatewayBreaker(
        id="stripe",
        status=OPEN,
        troubles=5,
        openings=1,
        opened_at=AT,
        until=AT + timedelta(minutes=1),
        code="no_connection",
    ),
    DocumentLink: DocumentLink(
        id="doc_1", of="inv_1", party="ana", key="2026/10/inv_1.pdf", media_type="application/pdf"
    ),
    Payment: Payment(
        id="pmt_1",
        customer="ana",
        amount=eur(5000),
        method="gateway:stripe",
        status=PARTLY_REFUNDED,
        invoices=("inv_1",),
        assignments=(Assignment("inv_1", eur(4000)),),
        outs=(
            MoneyOut(
                record="rfd_1", moved=eur(100), reserved=eur(50), invoice="inv_1", disputed=True
            ),
        ),
        object="pi_1",
        fee=eur(170),
        received_on=ON,
        reference="SEPA-9",
        reason="card_declined",
    ),
    Refund: Refund(
        id="rfd_1",
        payment="pmt_1",
        customer="ana",
        amount=eur(100),
        method="gateway:stripe",
        outcome=OFFSET,
        status=DONE,
        invoice="inv_1",
        note="crn_1",
        object="re_1",
        asked_on=ON,
        reason="two lessons fell out",
        reference="ARN-7",
    ),
    Dispute: Dispute(
        id="dsp_1",
        payment="pmt_1",
        customer="ana",
        amount=eur(5000),
        object="dp_1",
        gateway="stripe",
        status=WON,
        movements=(MOVEMENT,),
        held=("pay_1",),
        clawbacks=("clw_1",),
        opened_on=ON,
        reason="fraudulent",
    ),
    ConnectedAccount: ConnectedAccount(
        id="stripe:acct_1",
        gateway="stripe",
        account="acct_1",
        supplier="tom",
        details_submitted=True,
        charges_enabled=True,
        payouts_enabled=True,
        currently_due=("external_account",),
        disabled_reason="requirements.past_due",
        as_of=AT,
    ),
    PaymentMethod: PaymentMethod(
        id="stripe:cus_1",
        gateway="stripe",
        holder="cus_1",
        customer="ana",
        method="pm_1",
        label="visa 4242",
    ),
    WebhookEvent: WebhookEvent(
        id="stripe:evt_1",
        gateway="stripe",
        type="charge.dispute.closed",
        created=AT,
        account="acct_1",
        status=PARKED,
        parked=(TOLD,),
        problem="wallet 'customer:ana' is frozen",
        text='{"id": "evt_1"}',
    ),
    BillingCycle: BillingCycle(
        id="cyc_1", kind="calendar", period=Period.month(2026, 10), status="billed", runs=2
    ),
}
JOURNAL = Journal(
    id="jrn_1",
    kind="session.charged",
    entries=(
        Entry("customer:ana", eur(-5000)),
        Entry("supplier:tom", eur(3000)),
        Entry("platform", eur(2000)),
    ),
    effective_at=AT,
    event=Event("session", "s-1", "2"),
    reverses="jrn_0",
    requires=(Condition("platform", eur(0), eur(10**17)),),
    forced_by="olga",
    metadata=(("period", "2026-09-01/2026-10-01"),),
)
WALLET = Wallet(
    "package:p-1",
    (Limit("SESSION", floor=0, ceiling=10, raised_by="billing.write"),),
    currencies=frozenset({"SESSION", "EUR"}),
    status="frozen",
)
VALUES: dict[str, Any] = {"journal": JOURNAL, "wallet": WALLET}


# ---- golden files: what was stored once is read for ever -------------------------------------
def golden() -> list[Path]:
    """Return every golden file, `<kind>-<version>.json`; they are only ever added to."""
    return sorted(GOLDEN.glob("*.json"))


def read(path: Path) -> Any:
    """Return what a golden file holds."""
    name = path.stem.rpartition("-")[0]
    text = path.read_text("utf-8").rstrip("\n")
    if name in VALUES:
        return schema.load_value(name, text, type(VALUES[name]))
    return load(schema.BY_NAME[name], text)


@pytest.mark.parametrize("path", golden(), ids=lambda path: path.stem)
def test_golden_file_is_read(path: Path) -> None:
    """A document of any version that was ever stored is read as today's record."""
    name = path.stem.rpartition("-")[0]
    samples = {kind_of(kind): record for kind, record in SAMPLES.items()} | VALUES

    assert samples[name] == read(path)


def test_every_kind_has_a_golden_file_of_its_version() -> None:
    """Whoever adds a kind or a version writes its golden file, once."""
    wanted = {f"{kind.name}-{kind.version}" for kind in KINDS.values()}
    wanted |= {f"{name}-1" for name in VALUES}

    assert wanted <= {path.stem for path in golden()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_golden_file_is_what_is_written(kind: type[Record]) -> None:
    """What is written today is the newest golden file, byte for byte."""
    path = GOLDEN / f"{KINDS[kind].name}-{KINDS[kind].version}.json"

    assert path.read_text("utf-8") == dump(SAMPLES[kind]) + "\n"


@pytest.mark.parametrize("name", VALUES)
def test_golden_value_is_what_is_written(name: str) -> None:
    """Journals and wallets likewise."""
    path = GOLDEN / f"{name}-1.json"

    assert path.read_text("utf-8") == schema.dump_value(name, VALUES[name]) + "\n"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_samples_set_every_field(kind: type[Any]) -> None:
    """A golden file shows every field, so that none changes its meaning unseen."""
    plain = {field.name for field in attrs.fields(kind) if field.default == _default(kind, field)}

    assert set() == plain


def _default(kind: type[Any], field: Any) -> Any:
    """Return the sample's value of a field, or something unlike every default."""
    # All documents are PDF so far, a note has an invoice or a reference, an estimate no events.
    excepted = {(DocumentLink, "media_type"), (CreditNote, "reference"), (Snapshot, "estimated")}
    # A coupon takes off a share or an amount, and what charges nothing has no rates.
    excepted |= {(Coupon, "amount"), (Tax, "rates")}
    # Only an overpayment is reversed.
    excepted |= {(Clawback, "side")}
    if not field.init or (kind, field.name) in excepted:
        return object()
    return getattr(SAMPLES[kind], field.name)


# ---- load(dump(r)) == r ----------------------------------------------------------------------
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
IDS = st.from_regex(r"[A-Za-z0-9._@+-]{1,12}", fullmatch=True)  # parts of wallet addresses
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DATES = st.dates(date(1990, 1, 1), date(2100, 1, 1))
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the bounds of a strategy
INTS = st.integers(-(2**70), 2**70)
EUROS = st.builds(eur, INTS)
POSITIVE = st.builds(eur, st.integers(1, 2**70))
RATIOS = st.fractions()
KEYS = st.builds(CatalogKey, NAMES, NAMES, st.integers(1, 600))
PERIODS = st.builds(lambda on, days: Period(on, on + timedelta(days)), DATES, st.integers(1, 400))
PAIRS = st.lists(st.tuples(NAMES, TEXTS), max_size=3).map(tuple)
CYCLES = st.one_of(
    st.builds(AnniversaryCycle, DATES, st.integers(1, 99), st.none() | st.integers(1, 31)),
    st.builds(CalendarCycle, st.integers(1, 99)),
    st.builds(FixedDaysCycle, DATES, st.integers(1, 999)),
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return None or what *strategy* draws."""
    return st.none() | strategy


def many(strategy: st.SearchStrategy[Any], *, least: int = 0) -> st.SearchStrategy[Any]:
    """Return a tuple of what *strategy* draws, each with an id of its own."""
    return st.lists(strategy, min_size=least, max_size=3).map(_told_apart)


def _told_apart(items: list[Any]) -> tuple[Any, ...]:
    if not items or not hasattr(items[0], "id"):
        return tuple(items)
    return tuple(attrs.evolve(item, id=f"{item.id}{n}") for n, item in enumerate(items))


LINES = st.builds(
    Line,
    id=NAMES,
    source=NAMES,
    part=TEXTS,
    item=TEXTS,
    detail=TEXTS,
    on=DATES,
    quantity=RATIOS,
    unit_price=RATIOS,
    amount=EUROS,
    package=maybe(NAMES),
    journal=maybe(NAMES),
    trace=PAIRS,
)
CREDITS = st.builds(
    CreditLine,
    id=NAMES,
    line=st.none(),
    source=NAMES,
    item=TEXTS,
    detail=TEXTS,
    on=DATES,
    amount=POSITIVE,
)
ITEMS = st.builds(
    Item,
    id=NAMES,
    name=NAMES,
    detail=TEXTS.filter(str.isprintable),
    price=st.builds(Rate, st.fractions(0), st.just("EUR")),
    quantity=st.fractions(1, 100),
    timing=st.sampled_from(Timing),
    cycle=maybe(CYCLES),
    one_time=st.booleans(),
)
PAUSES = st.builds(
    Pause, DATES, st.sampled_from([None, date(2199, 1, 1)]), st.sampled_from(PausePolicy)
)
CHARGES = st.builds(
    Charge,
    source=NAMES,
    part=NAMES,
    item=TEXTS,
    detail=TEXTS,
    kind=NAMES,
    on=DATES,
    period=maybe(PERIODS),
    due_on=DATES,
    rated=st.builds(
        Rated, amount=EUROS, unrounded=RATIOS, quantity=RATIOS, unit_price=maybe(RATIOS)
    ),
    gives_back=maybe(NAMES),
)


def phased(items: list[Item], cycle: Cycle, since: date, through: date | None) -> tuple[Phase, ...]:
    """Return a phase of each of *items*."""
    return tuple(
        Phase(number=n, item=item, cycle=cycle, starts_on=since, billed_through=through)
        for n, item in enumerate(items)
    )


QUANTITIES_DONE = st.dictionaries(NAMES, st.fractions(0), min_size=1, max_size=3).map(
    lambda done: tuple(WorkQuantity(kind, done[kind]) for kind in sorted(done))
)
CARD_RATES = st.builds(
    CardRate,
    st.builds(RateKey, side=st.just(PAY), kind=NAMES, supplier=maybe(NAMES)),
    maybe(st.builds(Rate, st.fractions(0), st.just("EUR"))),
    DATES,
)
TERMS = st.builds(RentalTerms, st.sampled_from(RENTALS), st.just("flight"), DATES)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the bounds of a strategy
WORK_LINES = st.builds(
    CompletionLine,
    party=st.sampled_from(["customer", "supplier"]),
    item=NAMES,
    rated=st.builds(Rated, amount=POSITIVE, unrounded=RATIOS, quantity=RATIOS, trace=PAIRS),
)


def balanced(pays: int) -> tuple[Entry, ...]:
    """Return what moves when a customer is charged."""
    return Entry("customer:c", eur(-pays)), Entry("platform", eur(pays))


FEES = st.builds(
    lambda percent, least, bearer: InstantFee(percent=percent, minimum=least, bearer=bearer),
    st.fractions(0, 1),
    POSITIVE,
    st.sampled_from(["supplier", "platform"]),
)
REDEMPTIONS = st.builds(
    Redemption,
    session=NAMES,
    unit=st.integers(1, 10),
    value=EUROS,
    on=DATES,
    pay=EUROS,
    bonus=EUROS,
    supplier=NAMES,
    journal=NAMES,
    part=TEXTS,
)
QUANTITIES = st.dictionaries(
    st.dictionaries(NAMES, TEXTS, max_size=2).map(lambda of: tuple(sorted(of.items()))),
    RATIOS,
    min_size=1,
    max_size=3,
).map(lambda found: tuple(Quantity(of, found[of]) for of in sorted(found)))
MOVEMENTS = st.builds(Movement, id=NAMES, amount=EUROS, fee=POSITIVE, at=MOMENTS)
OUTS = st.builds(MoneyOut, record=NAMES, moved=EUROS, reserved=POSITIVE, invoice=maybe(NAMES))
ORDERED_EUROS = st.builds(eur, st.integers(1, 2**63 - 1))
ORDERED: st.SearchStrategy[Order] = st.one_of(
    st.builds(ChargeOrder, amount=ORDERED_EUROS, customer=NAMES, method=NAMES | st.just("")),
    st.builds(RefundOrder, amount=ORDERED_EUROS, charge=NAMES),
    st.builds(TransferOrder, amount=ORDERED_EUROS, account=NAMES, source=NAMES),
    st.builds(ReversalOrder, amount=ORDERED_EUROS, transfer=NAMES),
    st.builds(PayoutOrder, amount=ORDERED_EUROS, account=NAMES, instant=st.booleans()),
)
RECORDS: dict[type[Any], st.SearchStrategy[Any]] = {
    Party: st.builds(
        Party,
        id=IDS,
        role=st.sampled_from(ROLES),
        name=NAMES,
        currency=st.sampled_from(["EUR", "JPY"]),
        email=maybe(NAMES),
        address=st.lists(NAMES, max_size=3).map(tuple),
        locale=st.sampled_from(["es", "en_GB"]),
        zone=st.sampled_from(["UTC", "Asia/Kathmandu"]),
        tax_id=maybe(NAMES),
    ),
    Catalog: st.builds(
        lambda id, key, charge, pay, since: Catalog(
            id,
            tuple(
                Price(key=key, charge=charge, pay=pay, valid_from=on, tiers=(PackageTier(5, pay),))
                for on in since
            ),
        ),
        NAMES,
        KEYS,
        POSITIVE,
        POSITIVE,
        st.lists(DATES, unique=True, max_size=3),
    ),
    PriceList: st.builds(
        lambda id, item, dimensions, tariffs: PriceList(
            id,
            "EUR",
            tuple(
                ListPrice(PriceKey.of(item, dimensions), tariff, date(2026, 1, n))
                for n, tariff in enumerate(tariffs, start=1)
            ),
        ),
        NAMES,
        NAMES,
        st.dictionaries(NAMES, NAMES, max_size=3),
        st.lists(st.sampled_from(TARIFFS), max_size=3),
    ),
    Match: st.builds(
        Match,
        id=NAMES,
        customer=NAMES,
        student=NAMES,
        supplier=NAMES,
        key=KEYS,
        currency=st.just("EUR"),
        pay=maybe(POSITIVE),
    ),
    Incentive: st.builds(
        Incentive,
        id=NAMES,
        match=NAMES,
        amount=POSITIVE,
        per=st.sampled_from([PER_SESSION, PER_PERIOD]),
        valid_from=DATES,
        valid_until=st.sampled_from([None, date(2199, 1, 1)]),
    ),
    Enrolment: st.builds(
        Enrolment,
        id=NAMES,
        customer=NAMES,
        student=NAMES,
        class_id=NAMES,
        class_name=NAMES,
        class_start=DATES,
        enrolled_on=DATES,
        reference=st.sampled_from([None, date(2199, 1, 1)]),
        zone=st.sampled_from(["UTC", "Asia/Kathmandu"]),
        cycle=maybe(CYCLES),
        price=POSITIVE,
        policy=st.sampled_from(CatchUpPolicy),
        bill_early=st.booleans(),
        until=st.sampled_from([None, date(2199, 1, 1)]),
    ),
    Package: st.builds(
        Package,
        id=NAMES,
        customer=NAMES,
        covers=st.lists(KEYS, min_size=1, max_size=3).map(tuple),
        units=st.integers(10, 10_000),
        price=POSITIVE,
        purchased_on=DATES,
        expires_on=st.sampled_from([None, date(2199, 1, 1)]),
        priority=INTS,
        promotional=st.booleans(),
        used_before=st.integers(0, 5),
        redemptions=st.lists(REDEMPTIONS, max_size=3).map(tuple),
        returned=st.lists(NAMES, max_size=3).map(tuple),
        expiries=st.integers(0, 3),
        status=st.just(ACTIVE),
    ),
    Grant: st.builds(
        lambda minor, used, **fields: Grant(
            amount=eur(minor + used),
            draws=(Draw(source="l", on=ON, amount=eur(used), value=eur(0), journal="jrn"),),
            **fields,
        ),
        st.integers(1, 2**70),
        st.integers(1, 2**70),
        id=IDS,
        customer=IDS,
        granted_on=DATES,
        expires_on=st.sampled_from([None, date(2199, 1, 1)]),
        covers=st.lists(TEXTS, max_size=3).map(tuple),
        priority=INTS,
        expiries=st.integers(0, 3),
        told=st.none() | DATES,
        status=st.sampled_from(["active", "revoked"]),
    ),
    RatePlan: st.builds(
        lambda names, **fields: RatePlan(
            items=(
                *(PlanItem(item=name) for name in names),
                PlanItem(item="api", meter=Meter(name="api", aggregation=TIME_WEIGHTED)),
            ),
            **fields,
        ),
        st.lists(NAMES, unique=True, max_size=3),
        id=NAMES,
        customer=NAMES,
        currency=st.sampled_from(["EUR", "JPY"]),
        zone=st.sampled_from(["UTC", "Asia/Kathmandu"]),
        price_list=NAMES,
        cycle=CYCLES,
        started_on=DATES,
        ends_on=st.sampled_from([None, date(2199, 1, 1)]),
        estimates=st.booleans(),
        billed_through=st.sampled_from([None, date(2199, 1, 1)]),
    ),
    Snapshot: st.builds(
        lambda estimated, events, **fields: Snapshot(
            estimated=estimated, events=0 if estimated else events, **fields
        ),
        st.booleans(),
        st.integers(0, 2**70),
        id=NAMES,
        customer=NAMES,
        meter=NAMES,
        aggregation=st.sampled_from(AGGREGATIONS),
        period=PERIODS,
        zone=NAMES,
        counted=QUANTITIES,
        corrections=many(st.builds(Correction, QUANTITIES, NAMES, NAMES, DATES)),
        billed=QUANTITIES,
        part=st.integers(1, 2**70),
    ),
    Subscription: st.builds(
        lambda items, cycle, since, through, **fields: Subscription(
            cycle=cycle,
            started_on=since,
            phases=phased(items, cycle, since, through),
            **fields,
        ),
        st.lists(ITEMS, max_size=3),
        CYCLES,
        DATES,
        st.sampled_from([None, date(2199, 1, 1)]),
        id=NAMES,
        customer=NAMES,
        currency=st.just("EUR"),
        zone=st.sampled_from(["UTC", "Asia/Kathmandu"]),
        ends_on=st.sampled_from([None, date(2199, 1, 1)]),
        planned=maybe(PAUSES),
        waiting=st.lists(CHARGES, max_size=2).map(tuple),
        suspensions=INTS,
        basis=st.sampled_from([Basis.ACTUAL_DAYS, Basis.FIXED_30]),
        status=st.sampled_from(["active", CANCELLED]),
    ),
    Invoice: st.builds(
        Invoice,
        id=NAMES,
        customer=NAMES,
        currency=st.just("EUR"),
        lines=many(LINES, least=1),
        status=st.sampled_from([DRAFT, ISSUED]),
        part=INTS,
        supplements=maybe(NAMES),
        cycle=TEXTS,
        period=maybe(PERIODS),
        taxes=many(st.builds(TaxAmount, NAMES, RATIOS, EUROS, EUROS)),
        issued_on=maybe(DATES),
        number=maybe(NAMES),
        reference=maybe(NAMES),
    ),
    Coupon: st.builds(
        lambda value, **fields: Coupon(
            percent=value if type(value) is Fraction else None,
            amount=value if type(value) is Money else None,
            **fields,
        ),
        st.fractions(Fraction(1, 10**9), 1) | POSITIVE,
        id=NAMES,
        name=NAMES,
        kinds=st.frozensets(NAMES, max_size=3),
        valid_from=maybe(DATES),
        valid_until=st.sampled_from([None, date(2199, 1, 1)]),
        times=maybe(st.integers(1, 2**70)),
    ),
    Tax: st.builds(
        Tax,
        id=NAMES,
        code=st.sampled_from(["es-iva", "de-vat"]),
        rates=st.lists(
            st.builds(TaxRate, st.fractions(0, 1), DATES),
            min_size=1,
            max_size=3,
            unique_by=lambda rate: rate.valid_from,
        ).map(tuple),
        reason=NAMES,
        inclusive=st.booleans(),
    ),
    CreditNote: st.builds(
        lambda imported, **fields: CreditNote(
            invoice=None if imported else "inv", reference="C/3" if imported else None, **fields
        ),
        st.booleans(),
        id=NAMES,
        customer=NAMES,
        currency=st.just("EUR"),
        lines=many(CREDITS, least=1),
        reason=NAMES,
        status=st.sampled_from([DRAFT, APPLIED]),
        issued_on=maybe(DATES),
        number=maybe(NAMES),
    ),
    PaymentPlan: st.builds(
        PaymentPlan,
        id=NAMES,
        customer=NAMES,
        receivable=NAMES,
        instalments=st.dictionaries(DATES, POSITIVE, min_size=1, max_size=3).map(
            lambda parts: tuple(Instalment(on, parts[on]) for on in sorted(parts))
        ),
        accelerate=st.booleans(),
        status=st.sampled_from(["active", "completed", "cancelled"]),
    ),
    CreditLimit: st.builds(
        lambda amount, target, at, **fields: CreditLimit(
            amount=eur(amount),
            charge_at=at,
            charge_target=None if at is None else eur(min(amount, target)),
            **fields,
        ),
        st.integers(0, 2**70),
        st.integers(0, 2**70),
        maybe(st.sampled_from(["warning", "urgent", "exceeded"])),
        id=NAMES,
        customer=NAMES,
    ),
    Floors: st.builds(
        lambda customer, codes: Floors(f"customer:{customer}", customer, tuple(sorted(codes))),
        IDS,
        st.sets(st.sampled_from(["EUR", "JPY", "USD"])),
    ),
    Override: st.builds(
        lambda status, approver, journal, **fields: Override(
            status=status,
            approved_by=approver if status in ("approved", "used", "revoked") else None,
            journal=journal if status == "used" else None,
            **fields,
        ),
        st.sampled_from(["requested", "approved", "rejected", "used", "revoked"]),
        NAMES,
        NAMES,
        id=NAMES,
        customer=NAMES,
        amount=POSITIVE,
        reference=NAMES,
        reason=NAMES,
        requested_by=NAMES,
        expires_at=INSTANTS,
    ),
    WriteOff: st.builds(
        WriteOff,
        id=NAMES,
        customer=NAMES,
        amount=POSITIVE,
        on=DATES,
        reference=NAMES,
        reason=NAMES,
    ),
    Payout: st.builds(
        lambda amounts, **fields: Payout(
            lines=tuple(
                attrs.evolve(SAMPLES[Payout].lines[0], line=n, amount=amount)
                for n, amount in enumerate(amounts)
            ),
            **fields,
        ),
        st.lists(POSITIVE, min_size=1, max_size=3),
        id=NAMES,
        supplier=IDS,
        role=st.sampled_from(PAYEES),
        currency=st.just("EUR"),
        period=PERIODS,
        part=INTS,
        status=st.sampled_from(["preview", "pending", "on_hold", "failed"]),
        notes=st.lists(TEXTS, max_size=3).map(tuple),
    ),
    RateCard: st.lists(CARD_RATES, max_size=3, unique_by=lambda each: each.key).map(
        lambda rates: RateCard("school", "EUR", tuple(rates))
    ),
    Rental: st.builds(
        lambda id, terms: Rental(id, tuple(terms)),
        NAMES,
        st.lists(TERMS, max_size=3, unique_by=lambda each: each.valid_from),
    ),
    Completion: st.builds(
        Completion,
        id=NAMES,
        type=NAMES,
        customer=IDS,
        supplier=IDS,
        equipment=st.none(),
        quantities=QUANTITIES_DONE,
        completed_at=MOMENTS,
        zone=st.sampled_from(["UTC", "Asia/Kathmandu"]),
        card=NAMES,
        currency=st.just("EUR"),
        on=DATES,
        rates=many(CARD_RATES),
        terms=st.none(),
        lines=many(WORK_LINES),
        journal=maybe(NAMES),
        part=st.integers(0, 9),
    ),
    Adjustment: st.builds(
        Adjustment,
        id=NAMES,
        completion=NAMES,
        customer=IDS,
        supplier=maybe(IDS),
        currency=st.just("EUR"),
        base=st.integers(0, 9),
        before=QUANTITIES_DONE,
        after=QUANTITIES_DONE,
        rates=many(CARD_RATES),
        lines=many(WORK_LINES),
        deltas=st.integers(1, 2**70).map(balanced),
        reason=NAMES,
        requested_by=NAMES,
        requested_at=MOMENTS,
        on=DATES,
        status=st.sampled_from(["proposed", "pending_approval", "rejected"]),
        settlement=maybe(NAMES),
    ),
    Reconciliation: st.builds(
        lambda available, pending, booked, **fields: Reconciliation(
            available=available,
            pending=pending,
            booked=booked,
            currency="EUR",
            status=Tolerance().status(available + pending - booked),
            **fields,
        ),
        EUROS,
        EUROS,
        EUROS,
        id=NAMES,
        gateway=IDS,
        on=DATES,
        at=INSTANTS,
        sequence=st.integers(0, 2**70),
    ),
    Alert: st.builds(
        lambda at, resolved, **fields: Alert(
            opened_at=at,
            status=RESOLVED if resolved else "open",
            resolved_at=at if resolved else None,
            **fields,
        ),
        INSTANTS,
        st.booleans(),
        id=NAMES,
        kind=NAMES,
        subject=NAMES,
        severity=st.sampled_from(SEVERITIES),
        facts=PAIRS,
        openings=st.integers(1, 99),
    ),
    PayoutSetting: st.builds(
        PayoutSetting,
        id=NAMES,
        supplier=NAMES,
        terms=st.lists(st.builds(PayoutTerm, st.just("EUR"), DATES, maybe(FEES)), max_size=3).map(
            tuple
        ),
    ),
    Transfer: st.builds(
        Transfer,
        id=NAMES,
        supplier=IDS,
        role=st.sampled_from(PAYEES),
        gateway=NAMES,
        account=NAMES,
        pays=NAMES,
        of_payout=st.booleans(),
        amount=POSITIVE,
        withheld=maybe(POSITIVE),
        at_once=st.booleans(),
        instruction=NAMES,
        status=st.sampled_from(["pending", "failed"]),
        object=maybe(NAMES),
        reversals=many(st.builds(Reversal, id=NAMES, amount=POSITIVE, asked_for=NAMES)),
    ),
    BankPayout: st.builds(
        BankPayout,
        id=NAMES,
        gateway=NAMES,
        object=NAMES,
        account=TEXTS.filter(str.isprintable),
        supplier=maybe(NAMES),
        amount=POSITIVE,
        status=st.sampled_from(["pending", "in_transit", "paid", "failed", "canceled"]),
        created_at=st.just(AT),
    ),
    Clawback: st.builds(
        lambda amount, **fields: Clawback(amount=amount, recovered=amount, **fields),
        POSITIVE,
        id=NAMES,
        supplier=IDS,
        role=st.sampled_from(PAYEES),
        cause=NAMES,
        reason=NAMES,
        method=st.sampled_from(["future_payout_offset", "manual_check", "forgiven"]),
        on_wallet=st.booleans(),
        requested_by=NAMES,
        chosen_by=st.just("") | NAMES,
        opened_at=st.just(AT),
        status=st.sampled_from(["proposed", "approved", "rejected", "settled"]),
    ),
    Instruction: st.builds(
        Instruction,
        id=NAMES,
        gateway=NAMES,
        order=ORDERED,
        subject=NAMES,
        party=NAMES,
        asked_at=INSTANTS,
        send_before=maybe(INSTANTS),
        status=st.sampled_from(["waiting", "pending", "done", "refused", "needs_attention"]),
        generation=st.integers(1, 9),
        attempts=st.integers(0, 99),
        object=maybe(NAMES),
        code=TEXTS.filter(str.isprintable),
        detail=TEXTS.filter(str.isprintable),
    ),
    GatewayLink: st.builds(GatewayLink, id=NAMES, kind=st.sampled_from(OBJECT_KINDS), record=NAMES),
    GatewayBreaker: st.builds(
        GatewayBreaker,
        id=NAMES,
        status=st.sampled_from(["open", "half_open"]),
        troubles=st.integers(0, 99),
        openings=st.integers(0, 99),
        until=INSTANTS,
    ),
    DocumentLink: st.builds(DocumentLink, id=NAMES, of=NAMES, party=NAMES, key=NAMES),
    Payment: st.builds(
        Payment,
        id=NAMES,
        customer=IDS,
        amount=POSITIVE,
        method=st.builds("gateway:{}".format, IDS),
        status=st.sampled_from(["pending", "captured", "failed"]),
        invoices=st.lists(NAMES, max_size=3, unique=True).map(tuple),
        outs=st.lists(OUTS, max_size=3, unique_by=lambda out: out.record).map(tuple),
        object=maybe(NAMES),
        fee=maybe(POSITIVE),
        received_on=maybe(DATES),
        reference=NAMES,
    ),
    Refund: st.builds(
        Refund,
        id=NAMES,
        payment=NAMES,
        customer=IDS,
        amount=POSITIVE,
        method=NAMES,
        outcome=st.sampled_from(["refund", "credit", "offset"]),
        status=st.sampled_from(["pending", "done", "failed"]),
        invoice=maybe(NAMES),
        note=maybe(NAMES),
        object=maybe(NAMES),
        asked_on=DATES,
        reason=NAMES,
    ),
    Dispute: st.builds(
        Dispute,
        id=NAMES,
        payment=NAMES,
        customer=IDS,
        amount=POSITIVE,
        object=NAMES,
        gateway=NAMES,
        status=st.sampled_from(["open", "won", "lost"]),
        movements=many(MOVEMENTS),
        held=st.lists(NAMES, max_size=3).map(tuple),
        opened_on=DATES,
    ),
    ConnectedAccount: st.builds(
        lambda account, **fields: ConnectedAccount(
            id=f"stripe:{account}", gateway="stripe", account=account, **fields
        ),
        IDS,
        supplier=maybe(IDS),
        payouts_enabled=st.booleans(),
        currently_due=st.lists(NAMES, max_size=2).map(tuple),
        as_of=maybe(MOMENTS),
    ),
    PaymentMethod: st.builds(
        lambda holder, **fields: PaymentMethod(
            id=f"stripe:{holder}", gateway="stripe", holder=holder, **fields
        ),
        IDS,
        customer=maybe(IDS),
        method=NAMES,
        label=st.sampled_from(["", "visa 4242"]),
    ),
    WebhookEvent: st.builds(
        WebhookEvent,
        id=NAMES,
        gateway=NAMES,
        type=NAMES,
        created=MOMENTS,
        account=NAMES,
        status=st.sampled_from(["handled", "logged"]),
        text=TEXTS,
    ),
    BillingCycle: st.builds(
        BillingCycle,
        id=NAMES,
        kind=NAMES,
        period=PERIODS,
        status=st.sampled_from(["open", "billed", "closed"]),
        runs=st.integers(0, 99),
    ),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_record_is_read_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    """load(dump(r)) == r for every record of every kind; it is found and written as before."""
    record = data.draw(RECORDS[kind])
    text = dump(record)
    again = load(kind, text)

    assert record == again
    assert text == dump(again)
    assert index_of(record) == index_of(again)


@given(
    st.lists(POSITIVE, min_size=1, max_size=3),
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),  # noqa: DTZ001 - the bounds of a strategy
    PAIRS,
)
def test_journal_is_read_as_it_was(
    amounts: list[Money], at: datetime, pairs: tuple[tuple[str, str], ...]
) -> None:
    """Journals are values with an envelope of their own; instants come back in UTC."""
    legs = [leg for money in amounts for leg in (Entry("a", money), Entry("b", -money))]
    plain = {name: text for name, text in pairs if text.isprintable()}
    journal = Journal(
        id="jrn",
        kind="moved",
        entries=tuple(legs),
        effective_at=at,
        metadata=tuple(plain.items()),
    )
    text = schema.dump_value("journal", journal)

    assert journal == schema.load_value("journal", text, Journal)


def test_a_capture_is_read_as_it_was() -> None:
    """A journal names its hold where it has one, and is written as ever where it has none."""
    plain = attrs.evolve(JOURNAL, reverses=None)
    captured = attrs.evolve(plain, captures="hold_1")
    text = schema.dump_value("journal", captured)

    assert captured == schema.load_value("journal", text, Journal)
    assert '"captures":"hold_1"' in text
    assert "captures" not in schema.dump_value("journal", plain)


# ---- what is not read ------------------------------------------------------------------------
def altered(kind: type[Any], change: Callable[[dict[str, Any]], object]) -> str:
    """Return the golden document of *kind* with its data changed."""
    envelope = json.loads(dump(SAMPLES[kind]))
    change(envelope["data"])
    return json.dumps(envelope)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        (WriteOff, "amount.minor", 1.9),
        (WriteOff, "amount.minor", "1.9"),
        (WriteOff, "amount.minor", 12),
        (WriteOff, "amount.minor", "12x"),
        (WriteOff, "amount.minor", " 12"),
        (WriteOff, "amount.minor", "+12"),
        (WriteOff, "amount.minor", "012"),
        (WriteOff, "amount.minor", "1_000"),
        (WriteOff, "amount.minor", "１２"),
        (WriteOff, "amount.minor", "-0"),
        (WriteOff, "amount.minor", "1e2"),
        (WriteOff, "amount.minor", True),
        (WriteOff, "amount.minor", None),
        (WriteOff, "amount.minor", "9" * 5000),
        (WriteOff, "amount.minor", ""),
        (WriteOff, "amount.currency", "eur"),
        (WriteOff, "amount.currency", 978),
        (WriteOff, "amount", "5000"),
        (WriteOff, "amount", ["5000", "EUR"]),
        (WriteOff, "amount", None),
        (WriteOff, "customer", 7),
        (WriteOff, "customer", None),
        (WriteOff, "customer", ["ana"]),
        (WriteOff, "reason", "\ud800"),
        (WriteOff, "on", "2026-10-05T00:00:00"),
        (WriteOff, "on", "20261005"),
        (WriteOff, "on", "2026-W41-1"),
        (WriteOff, "on", "2026-02-30"),
        (WriteOff, "on", 20261005),
        (Package, "promotional", "true"),
        (Package, "promotional", 1),
        (Package, "returned", "s-1"),
        (Package, "returned", {"s-1": 1}),
        (Package, "returned", None),
        (Package, "covers", []),
        (Package, "covers", [["maths", "secondary", "60"]]),
        (Package, "status", "lost"),
        (Package, "units", "5"),
        (Invoice, "lines", []),
        (Invoice, "lines", {}),
        (Invoice, "lines.0.quantity", "6/4"),
        (Invoice, "lines.0.quantity", "1.5"),
        (Invoice, "lines.0.quantity", "1e999999999"),
        (Invoice, "lines.0.quantity", "1/0"),
        (Invoice, "lines.0.quantity", "-0"),
        (Invoice, "lines.0.quantity", 1),
        (Invoice, "lines.0.trace", [["rule"]]),
        (Invoice, "lines.0.trace", [["rule", "a", "b"]]),
        (Invoice, "lines.0.trace", ["ab"]),
        (Invoice, "period", "2026-10"),
        (Invoice, "period.end", "2026-10-01"),
        (Invoice, "status", "sent"),
        (Invoice, "currency", "GBP"),
        (Enrolment, "cycle", {}),
        (Enrolment, "cycle", "calendar"),
        (Enrolment, "cycle", {"kind": "lunar"}),
        (Enrolment, "cycle", {"kind": 1, "months": "1"}),
        (Enrolment, "cycle", {"months": 1, "kind": "calendar"}),
        (Enrolment, "cycle", {"months": "0", "kind": "calendar"}),
        (Enrolment, "cycle", {"anchor_day": "3", "months": "1", "kind": "calendar"}),
        (Enrolment, "cycle.kind", None),
        (Enrolment, "cycle.anchor", None),
        (Enrolment, "cycle.anchor_day", "32"),
        (Enrolment, "policy", "ALL_FULL"),
        (Enrolment, "policy", None),
        (Enrolment, "policy", ["all_full"]),
        (RatePlan, "items", []),
        (RatePlan, "items.0.quantity", "0"),
        (RatePlan, "items.0.quantity", "1.5"),
        (RatePlan, "items.0.spike", {"floor": "1", "times": "2", "periods": "3"}),
        (RatePlan, "items.1.meter.aggregation", "median"),
        (RatePlan, "items.1.meter.by", "role"),
        (RatePlan, "items.1.quantity", "2"),
        (RatePlan, "items.1.spike.floor", 10),
        (RatePlan, "cycle", None),
        (RatePlan, "estimates", "false"),
        (RatePlan, "zone", "Europe/Nowhere"),
        (RatePlan, "billed_through", "2025-12-31"),
        (PaymentPlan, "instalments.1.due_on", "2026-03-15"),
        (PaymentPlan, "instalments.0.amount.minor", "0"),
        (PriceList, "prices.0.tariff.model.kind", "floating"),
        (PriceList, "prices.0.tariff.model.kind", None),
        (PriceList, "prices.0.tariff.model.kind", ["flat"]),
        (PriceList, "prices.0.tariff.model.kind", "per_unit"),
        (PriceList, "prices.0.tariff.model.more", "1"),
        (PriceList, "prices.0.tariff.model", "flat"),
        (PriceList, "prices.0.tariff.flat_at_zero", 1),
        (PriceList, "prices.1.tariff.included", None),
        (PriceList, "prices.1.tariff.included", "-1"),
        (PriceList, "prices.1.key.dimensions", [["size", "s"], ["model", "m"]]),
        (PriceList, "prices.2.tariff.model.tiers", []),
        (PriceList, "prices.2.tariff.model.tiers.0.up_to", "100.0"),
        (PriceList, "prices.4.tariff.model.rounding", "sideways"),
        (PriceList, "prices.4.tariff.model.rounding", "floor"),
        (PriceList, "prices.5.tariff.model.free_events", 3),
        (Rental, "terms.0.policy.kind", "lent"),
        (Rental, "terms.0.policy.kind", "leased"),
        (Rental, "terms.2.policy.fee", "1/20 "),
        (Rental, "terms.3.policy.includes", ["ground", "flight"]),
        (RateCard, "rates.0.rate.per", "-1"),
        (RateCard, "rates.0.key.side", "cost"),
        (Completion, "quantities.0.quantity", "1.5"),
        (Completion, "terms", None),
        (Completion, "completed_at", "2026-10-05T12:30:00"),
        (Adjustment, "deltas.0.amount.minor", "1"),
        (Adjustment, "approved_by", 1),
        (Instruction, "order.kind", "gift"),
        (Instruction, "order.kind", None),
        (Instruction, "order", "transfer"),
        (Instruction, "order.amount.minor", "0"),
        (Instruction, "order.customer", "cus_1"),
        (Instruction, "status", "lost"),
        (Instruction, "asked_at", "2026-10-05T12:30:00"),
        (GatewayBreaker, "until", None),
        (GatewayLink, "kind", "balance"),
        (Party, "zone", "Europe/Nowhere"),
        (Party, "address", "Calle de Alcalá 1"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_value_that_does_not_fit(kind: type[Any], path: str, value: object) -> None:
    """1.9 is not 1, "12" is a number and 12 is not, text is no list, and rules hold."""

    def change(data: dict[str, Any]) -> None:
        *steps, last = path.split(".")
        place: Any = data
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value

    with pytest.raises(BadDocument, match=f"this is no {kind_of(kind)} document: "):
        load(kind, altered(kind, change))


@pytest.mark.parametrize(
    "field", [f.name for f in attrs.fields(WriteOff) if f.default is attrs.NOTHING]
)
def test_missing_field(field: str) -> None:
    """What a record needs must be there."""
    with pytest.raises(BadDocument, match=field):
        load(WriteOff, altered(WriteOff, lambda data: data.pop(field)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_unknown_field(kind: type[Any]) -> None:
    """A field that nobody knows may mean anything: it is refused, never dropped."""
    with pytest.raises(BadDocument, match="surprise"):
        load(kind, altered(kind, lambda data: data.update(surprise="x")))


def test_unknown_field_inside() -> None:
    """Also within an amount."""
    with pytest.raises(BadDocument, match="digits"):
        load(WriteOff, altered(WriteOff, lambda data: data["amount"].update(digits="2")))


@pytest.mark.parametrize(
    "name",
    [
        "payout/1",
        "write_off/2",
        "write_off/0",
        "write_off/01",
        "write_off/１",
        "write_off/-1",
        "write_off/1/1",
        "write_off",
        "",
        "/1",
        1,
        None,
        ["write_off/1"],
    ],
)
def test_document_of_another_kind_or_version(name: object) -> None:
    """Neither another kind, nor a version that this code does not know."""
    envelope = json.loads(dump(SAMPLES[WriteOff])) | {"schema": name}

    with pytest.raises(BadDocument, match="read is write_off/1"):
        load(WriteOff, json.dumps(envelope))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "1",
        '"write_off/1"',
        "{}",
        '{"schema":"write_off/1"}',
        '{"schema":"write_off/1","data":{},"more":1}',
        '{"schema":"write_off/1","data":null}',
        '{"schema":"write_off/1","data":[]}',
        '{"schema":"write_off/1","data":"x"}',
        '{"schema":"write_off/1","schema":"write_off/1","data":{}}',
        '{"schema":"write_off/1","data":{"id":"a","id":"b"}}',
        '{"schema":"write_off/1","data":NaN}',
        '{"schema":"write_off/1","data":{"amount":Infinity}}',
        '{"schema":"write_off/1","data":{"amount":-Infinity}}',
        '{"schema":"write_off/1","data":' + "9" * 5000 + "}",
        '\ufeff{"schema":"write_off/1","data":{}}',
        "{'schema':'write_off/1'}",
        '{"schema":"write_off/1","data":{}} ',
        '{"schema":"write_off/1","data":{',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"schema":"write_off/1","data":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=range(24),
)
def test_hostile_text(text: str) -> None:
    """Nothing but a document of ours is read, and everything else is refused by one error."""
    with pytest.raises(BadDocument, match="this is no write_off document"):
        load(WriteOff, text)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_refused(text: str) -> None:
    """Whatever arrives, the only error is ours."""
    with pytest.raises(BadDocument):
        load(WriteOff, text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.data())
def test_any_value_in_any_field(data: st.DataObject) -> None:
    """A field of another shape is refused, or the document says the same as before."""
    kind: type[Any] = data.draw(st.sampled_from(sorted(KINDS, key=lambda each: each.__name__)))
    field = data.draw(st.sampled_from([f.name for f in attrs.fields(kind) if f.init]))
    value = data.draw(JSON)
    text = altered(kind, lambda fields: fields.update({field: value}))
    try:
        record = load(kind, text)
    except BadDocument:
        return

    assert value == json.loads(dump(record))["data"][field]


def test_half_a_character_is_not_written() -> None:
    """Text that no store can keep is refused before it gets there."""
    broken = attrs.evolve(SAMPLES[Invoice], lines=(attrs.evolve(LINE, detail="\ud800"),))

    with pytest.raises(BadDocument, match="it cannot be stored: surrogates not allowed"):
        dump(broken)


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-05T12:30:00",
        "2026-10-05T12:30:00Z",
        "2026-10-05T14:30:00+02:00",
        "2026-10-05 12:30:00+00:00",
        "2026-10-05",
        "20261005T123000+00:00",
        1,
    ],
)
def test_instants_are_written_one_way(value: object) -> None:
    """One instant has one spelling, so that equal journals are equal text."""
    envelope = json.loads(schema.dump_value("journal", JOURNAL))
    envelope["data"]["effective_at"] = value

    with pytest.raises(BadDocument, match="this is no journal document"):
        schema.load_value("journal", json.dumps(envelope), Journal)


@pytest.mark.parametrize("currencies", [["EUR", "EUR"], "EUR", {"EUR": 1}, [1]])
def test_currencies_of_a_wallet_are_a_set(currencies: object) -> None:
    """A list of codes, each once."""
    envelope = json.loads(schema.dump_value("wallet", WALLET))
    envelope["data"]["currencies"] = currencies

    with pytest.raises(BadDocument, match="this is no wallet document"):
        schema.load_value("wallet", json.dumps(envelope), Wallet)


def test_problem_names_field_and_value() -> None:
    """The report says what was expected and where."""
    text = altered(WriteOff, lambda data: data["amount"].update(minor=1.9))

    with pytest.raises(
        BadDocument, match=r"expected a whole number as text, got 1\.9 @ \$\.amount\.minor"
    ):
        load(WriteOff, text)


# ---- kinds and versions ----------------------------------------------------------------------
@attrs.frozen
class Stranger:
    """A record that nobody stores."""

    id: str = "x"


@pytest.mark.parametrize(
    "use",
    [lambda: dump(Stranger()), lambda: load(Stranger, "{}"), lambda: index_of(Stranger())],
    ids=["dump", "load", "index"],
)
def test_record_without_a_schema(use: Callable[[], object]) -> None:
    """The error names what is known."""
    with pytest.raises(
        UnknownKind, match=r"Stranger is no kind of record; known are .*billing_cycle"
    ):
        use()


def test_kinds_have_names_of_their_own() -> None:
    """Each name is one kind, and the other way round."""
    assert len(KINDS) == len(schema.BY_NAME)
    assert set(KINDS) == set(SAMPLES) == set(RECORDS)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Party, Index(party="ana", status="customer")),
        (Catalog, Index()),
        (PriceList, Index()),
        (Match, Index(party="ana")),
        (Incentive, Index(party="m-1", on=date(2026, 10, 1))),
        (Enrolment, Index(party="ana", on=date(2026, 3, 15))),
        (Package, Index(party="ana", status="expired", on=date(2026, 9, 1))),
        (RatePlan, Index(party="ana", on=date(2026, 1, 1))),
        (Snapshot, Index(party="ana", status="counted", on=date(2026, 10, 1))),
        (Invoice, Index("ana", "issued", date(2026, 11, 1), "INV-2026-00001")),
        (Coupon, Index(on=date(2026, 10, 1))),
        (Tax, Index()),
        (CreditNote, Index("ana", "applied", date(2026, 11, 5), "CN-2026-00001")),
        (PaymentPlan, Index(party="ana", status="completed")),
        (CreditLimit, Index(party="ana")),
        (Floors, Index(party="ana")),
        (Override, Index(party="ana", status="used")),
        (WriteOff, Index(party="ana", on=ON)),
        (Payout, Index(party="tom", status="paid", on=date(2026, 10, 1))),
        (Reconciliation, Index(party="stripe", status="alert", on=ON)),
        (Alert, Index(party="gateway:stripe/EUR", status="resolved")),
        (PayoutSetting, Index(party="tom")),
        (Transfer, Index(party="tom", status="partly_reversed")),
        (BankPayout, Index(party="tom", status="canceled")),
        (Clawback, Index(party="tom", status="executing", on=ON)),
        (DocumentLink, Index(party="ana")),
        (Payment, Index(party="ana", status="partly_refunded", on=ON)),
        (Refund, Index(party="ana", status="done", on=ON)),
        (Dispute, Index(party="ana", status="won", on=ON)),
        (ConnectedAccount, Index(party="tom")),
        (PaymentMethod, Index(party="ana")),
        (WebhookEvent, Index(party="stripe", status="parked")),
        (BillingCycle, Index(status="billed", on=date(2026, 10, 1))),
    ],
)
def test_index(kind: type[Any], expected: Index) -> None:
    """Records are found by party, status, business date and number."""
    assert expected == index_of(SAMPLES[kind])


def test_older_versions_are_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 1 becomes 2, then 3, and is read as 3; a document of 2 takes one step only."""
    steps = {
        ("write_off", 1): lambda data: data | {"reason": data["reason"] + "!"},
        ("write_off", 2): lambda data: data | {"reason": data["reason"] + "?"},
    }
    kinds = dict(KINDS)
    kinds[WriteOff] = attrs.evolve(KINDS[WriteOff], version=3)
    first = dump(SAMPLES[WriteOff])
    monkeypatch.setattr(envelopes, "UPCASTS", steps)
    monkeypatch.setattr(stored_kinds, "KINDS", kinds)
    second = first.replace("write_off/1", "write_off/2")

    assert "paid after all!?" == load(WriteOff, first).reason
    assert "paid after all?" == load(WriteOff, second).reason
