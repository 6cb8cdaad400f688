"""Adapters: the ports on top of real things, each named after what it adapts to.

They don't know each other, and each imports what it needs only when it is imported itself.
"""
