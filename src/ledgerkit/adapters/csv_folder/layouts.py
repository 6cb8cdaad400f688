"""Layout: which files a folder has and which columns each of them.

docs/reference/csv-folder.md says the same for people, and a test compares the two.
"""

from __future__ import annotations

from typing import Final

from ledgerkit.adapters.csv_folder.tables import Layout

PARTIES: Final = Layout(
    "parties.csv",
    ("id",),
    ("id", "role", "name", "currency", "zone"),
    ("locale", "email", "address", "tax_id"),
)
CATALOG: Final = Layout(
    "catalog.csv",
    ("service_line", "level", "minutes", "currency", "valid_from"),
    ("service_line", "level", "minutes", "currency", "charge", "pay", "valid_from"),
    ("tiers",),
    decides=True,
)
MATCHES: Final = Layout(
    "matches.csv",
    ("id",),
    ("id", "customer", "student", "supplier", "service_line", "level", "minutes"),
    ("currency", "pay"),
)
PACKAGES: Final = Layout(
    "packages.csv",
    ("id",),
    ("id", "customer", "covers", "units", "price", "currency", "purchased_on"),
    ("used", "expires_on", "priority", "promotional"),
    decides=True,
)
SESSIONS: Final = Layout(
    "sessions.csv",
    ("id",),
    ("id", "match", "starts_at", "status", "approved_at"),
    ("zone", "service_line", "level", "minutes"),
)
INCENTIVES: Final = Layout(
    "incentives.csv",
    ("id",),
    ("id", "match", "amount", "currency", "per", "valid_from"),
    ("valid_until",),
    needed=False,
    decides=True,
)
OPENING_BALANCES: Final = Layout(
    "opening_balances.csv",
    ("party", "currency"),
    ("party", "amount", "currency", "on"),
    needed=False,
)
OPEN_INVOICES: Final = Layout(
    "open_invoices.csv",
    ("number",),
    ("number", "customer", "issued_on", "due_on", "open", "currency"),
    ("item",),
    needed=False,
)
LAYOUTS: Final = (
    PARTIES,
    CATALOG,
    PACKAGES,
    MATCHES,
    SESSIONS,
    INCENTIVES,
    OPENING_BALANCES,
    OPEN_INVOICES,
)
