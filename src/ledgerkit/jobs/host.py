"""Host: the ports that an application wires together, once, for all jobs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, TypeVar

import attrs

from ledgerkit.domain.errors import LedgerkitError
from ledgerkit.ports.clock import Clock
from ledgerkit.ports.documents import Documents
from ledgerkit.ports.gateway import Gateway, Webhooks
from ledgerkit.ports.notifier import Notifier
from ledgerkit.ports.renderer import Renderer
from ledgerkit.ports.store import Store
from ledgerkit.ports.usage_source import UsageSource

P = TypeVar("P")


@attrs.frozen
class PortMissing(LedgerkitError):
    """A job needs a port that the host was built without."""

    port: str
    code: ClassVar[str] = "port_missing"

    def __str__(self) -> str:
        return f"this job needs a {self.port}; build the Host with one"


@attrs.frozen(kw_only=True)
class Host:
    """A bundle of ports.

    Attributes:
        store: The ledger, records and outbox.
        clock: What time it is.
        renderer: Documents to PDF, or None for jobs that print nothing.
        documents: Where documents are kept, or None.
        notifier: How people are told, or None.
        usage: What the meters of the host say, or None where nothing is metered.
        gateways: Who moves real money, by the name that instructions give.
        webhooks: Who reads what gateways send by themselves, by the name of the gateway.
    """

    store: Store
    clock: Clock
    renderer: Renderer | None = None
    documents: Documents | None = None
    notifier: Notifier | None = None
    usage: UsageSource | None = None
    gateways: Mapping[str, Gateway] = MappingProxyType({})
    webhooks: Mapping[str, Webhooks] = MappingProxyType({})


def needed(port: P | None, name: str) -> P:
    """Return *port*, or raise `PortMissing` with its *name*."""
    if port is None:
        raise PortMissing(name)
    return port
