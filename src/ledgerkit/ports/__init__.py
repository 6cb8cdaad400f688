"""Ports: what ledgerkit asks of a host, as Protocols with numbered promises.

`ledgerkit.testing.contracts` has a suite for each; every adapter and fake passes it.
"""
