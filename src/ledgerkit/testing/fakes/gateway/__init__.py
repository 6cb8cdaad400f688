"""A gateway double that behaves as Stripe does: money, keys, faults and events on a given clock."""

from __future__ import annotations

from ledgerkit.testing.fakes.gateway.double import FakeGateway
from ledgerkit.testing.fakes.gateway.faults import Fault
from ledgerkit.testing.fakes.gateway.funds import Funds
from ledgerkit.testing.fakes.gateway.provider import DECLINED, SLOW, STOLEN, Fees, Provider

__all__ = ["DECLINED", "SLOW", "STOLEN", "FakeGateway", "Fault", "Fees", "Funds", "Provider"]
