"""The rules: pure functions over frozen records. Same input, same output, byte for byte.

Read down; each module uses only those before it:

errors; ids, _iso4217; money; periods, lifecycle; outbox, ledger; changes; parties, catalog,
document_links; sessions; splits; packages; invoices; credit_notes, write_offs; payouts; openings;
statements, verification; billing_run.
"""
