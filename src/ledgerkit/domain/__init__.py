"""The rules: pure functions over frozen records. Same input, same output, byte for byte.

Read down; each module uses only those before it:

errors; ids, _iso4217; money; periods, lifecycle; outbox, ledger; changes; parties, catalog,
document_links; access, alerts; gateways; instructions, circuit_breakers, connected_accounts,
payment_methods, webhooks; usage; pricing; proration; discounts, tax; charges; late_joiners;
sessions; splits; packages, grants; subscriptions, rate_plans; invoices; credit_notes, write_offs;
payments; refunds; payment_plans; credit_limits; transfers; bank_payouts; payouts; clawbacks;
disputes; rate_cards; rentals; completions; adjustments, bookings; reserves, reconciliation;
openings; statements, verification, shadow; billing_run.
"""
