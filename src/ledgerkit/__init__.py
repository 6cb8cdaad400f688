"""ledgerkit: charge people and pay people correctly.

Pure functions over immutable records decide; a store commits what they decided, whole and once.
Start with `ledgerkit.domain`, whose docstring gives the reading order.
"""
